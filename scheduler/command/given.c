/* See given.h. */
#include "scheduler/command/given.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int given_read(struct db *db, struct given *ret_given, struct error *error)
{
    struct given given = {0};
    const struct {
        const char *key;
        char **to;
    } params[] = {{"icp", &given.initial},         {"fcp", &given.final},
                  {"startcp", &given.start},       {"stopcp", &given.stop},
                  {"holdcp", &given.hold_after},   {"run_mode", &given.mode},
                  {"cylc_version", &given.version}};
    int code = 0;
    for (size_t i = 0; i < sizeof params / sizeof *params && code >= 0; i++)
        code = db_param(db, params[i].key, params[i].to, error);
    if (code >= 0)
        code = db_template_variables(db, &given.variables, &given.n_variables, error);
    if (code < 0) {
        given_release(&given);
        return code;
    }
    *ret_given = given;
    return 0;
}

void given_release(struct given *given)
{
    free(given->initial);
    free(given->final);
    free(given->start);
    free(given->stop);
    free(given->hold_after);
    free(given->mode);
    free(given->version);
    template_variables_free(given->variables, given->n_variables);
    *given = (struct given){0};
}

static bool starts_where_it_did(const struct workflow *workflow, const struct given *given)
{
    char initial[POINT_TEXT_MAX];
    return !given->initial ||
           !strcmp(given->initial, point_format(workflow->cycling, workflow->initial, initial));
}

/* The point is only given if the file does not lead there by itself: to give one may say more than
 * where to begin (a workflow that does not cycle has none). */
struct workflow *given_load(const char *definition, const struct given *given,
                            struct workflow_options *options,
                            void (*warn)(void *context, const char *text), void *context,
                            struct error *error)
{
    struct workflow *workflow = workflow_load(definition, options, warn, context, error);
    if (workflow && (options->initial || starts_where_it_did(workflow, given)))
        return workflow;
    if (!workflow && (options->initial || !given->initial))
        return NULL;
    workflow_destroy(workflow);
    *error = (struct error){0};
    options->initial = given->initial;
    return workflow_load(definition, options, NULL, NULL, error);
}
