/* Reading workflow_params and workflow_template_vars before the workflow is known: what a restart
 * starts from. */
#include "base/vec.h"
#include "db/store.h"
#include <stdlib.h>

#include "base/banned.h"

int db_param(struct db *db, const char *key, char **ret_value, struct error *error)
{
    struct run run = run_begin(&db->sql, SQL_PARAM_GET, error);
    run_text(&run, key);
    int found = run_step(&run, error);
    char *value = NULL;
    if (found > 0 && !run_column_is_null(&run, 0))
        value = str_copy(run_column(&run, 0));
    int result = run_end(&run);
    if (result < 0) {
        free(value);
        return result;
    }
    if (found > 0)
        *ret_value = value;
    return found;
}

void template_variables_free(struct key_value *variables, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free((char *)(uintptr_t)variables[i].key);
        free((char *)(uintptr_t)variables[i].value);
    }
    free(variables);
}

int db_template_variables(struct db *db, struct key_value **ret_variables, size_t *ret_n,
                          struct error *error)
{
    VEC(struct key_value) variables = {0};
    struct run run = run_begin(&db->sql, SQL_TEMPLATE_ALL, error);
    while (run_step(&run, error) > 0)
        *vec_push(&variables) =
            (struct key_value){str_copy(run_column(&run, 0)), str_copy(run_column(&run, 1))};
    int result = run_end(&run);
    if (result < 0) {
        template_variables_free(variables.at, variables.n);
        return result;
    }
    *ret_variables = variables.at;
    *ret_n = variables.n;
    return 0;
}

void db_put_template_variables(struct db *db, const struct key_value *variables, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        later_add(&db->later, SQL_TEMPLATE_PUT);
        later_text(&db->later, variables[i].key);
        later_text(&db->later, variables[i].value);
    }
}
