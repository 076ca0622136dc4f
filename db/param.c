/* Reading workflow_params before the workflow is known: what a restart starts from. */
#include "db/store.h"

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
