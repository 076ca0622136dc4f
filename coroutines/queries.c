/* See queries.h. One function a query, listed in a table. */
#include "coroutines/queries.h"
#include "coroutines/choose.h"
#include "coroutines/why.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

struct asking {
    const struct view *view;
    const struct cast_context *context;
    const json_t *args;
    const struct candidates *candidates;
    struct error *error;
};

/* --- the workflow --- */

static const char *status_message(const struct view *view)
{
    if (view->status == WORKFLOW_RUNNING && (view->workflow_flags & WORKFLOW_STALLED))
        return "stalled";
    return workflow_status_names[view->status];
}

json_t *query_workflow(const struct view *view, const struct cast_context *context)
{
    json_t *totals = json_object();
    for (int status = 0; status < STATUSES; status++)
        json_object_set_new(totals, task_status_names[status],
                            json_integer((json_int_t)view->by_status[status]));
    return json_pack("{s:s,s:s?,s:s?,s:s?,s:s,s:s,s:s?,s:s?,s:o}", "name", context->workflow_id,
                     "owner", context->owner, "host", context->host, "uuid", context->uuid,
                     "status", workflow_status_names[view->status], "statusMsg",
                     status_message(view), "reason", view->reason, "runDir", context->run_dir,
                     "stateTotals", totals);
}

/* --- finding instances --- */

/* Where the run's database is; heap, NULL if there is none. */
static char *database_of(const struct cast_context *context)
{
    return context->run_dir ? str_format("%s/log/db", context->run_dir) : NULL;
}

static int choose(const struct asking *asking, enum choose_range range, struct chosen *ret_chosen)
{
    char *database = range == CHOOSE_POOL ? NULL : database_of(asking->context);
    int result = choose_instances(asking->view, json_object_get(asking->args, "ids"), range,
                                  database, asking->candidates, ret_chosen, asking->error);
    free(database);
    return result;
}

static int add_reason(const struct asking *asking, struct text *out)
{
    struct chosen chosen = {0};
    int result = choose(asking, CHOOSE_ANY, &chosen);
    if (result == 0)
        VEC_EACH (const struct instance_view, instance, &chosen.found)
            why_instance(asking->view, instance, env_wall(asking->context->env), out);
    if (result == 0 && chosen.unmatched.n)
        text_addf(out, "nothing in the pool matches: %s\n", text_string(&chosen.unmatched));
    chosen_release(&chosen);
    return result;
}

/* --- the queries --- */

static int ask_why(const struct asking *asking, json_t **ret_data)
{
    struct text out = {0};
    int result = add_reason(asking, &out);
    if (!json_array_size(json_object_get(asking->args, "ids")))
        why_workflow(asking->view, &out);
    if (result == 0)
        *ret_data = json_stringn(text_string(&out), out.n);
    text_release(&out);
    return result;
}

/* Alive; and, for each id, in the pool. */
static int ask_ping(const struct asking *asking, json_t **ret_data)
{
    struct chosen chosen = {0};
    int result = choose(asking, CHOOSE_POOL, &chosen);
    if (result == 0 && chosen.unmatched.n)
        result =
            error_set(asking->error, -ENOENT, "task not found: %s", text_string(&chosen.unmatched));
    if (result == 0)
        *ret_data = json_pack("{s:s,s:s}", "workflow", asking->context->workflow_id, "status",
                              workflow_status_names[asking->view->status]);
    chosen_release(&chosen);
    return result;
}

/* {"1/a": {...}, ...}; what is not there is not in it. */
static int show_instances(const struct asking *asking, json_t *data)
{
    const struct show_context context = {asking->view, asking->context->owner,
                                         asking->context->workflow_id};
    struct chosen chosen = {0};
    int result = choose(asking, CHOOSE_WINDOW, &chosen);
    json_t *tasks = json_object();
    if (result == 0)
        VEC_EACH (const struct instance_view, instance, &chosen.found) {
            char *name = show_name(asking->view, instance->point, instance->task);
            json_object_set_new(tasks, name, show_instance(&context, instance));
            free(name);
        }
    json_object_set_new(data, "tasks", tasks);
    json_object_set_new(data, "unmatched", json_string(text_string(&chosen.unmatched)));
    chosen_release(&chosen);
    return result;
}

static int show_definitions(const struct asking *asking, const json_t *names, json_t *data)
{
    const struct workflow *workflow = asking->view->workflow;
    json_t *definitions = json_object();
    json_object_set_new(data, "definitions", definitions);
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        uint32_t task = name ? workflow_task(workflow, name) : NO_INDEX;
        if (task == NO_INDEX)
            return error_set(asking->error, -ENOENT, "no such task in this workflow: \"%.200s\"",
                             name ? name : "?");
        const struct runtime *runtime = &workflow->tasks[task].runtime;
        json_object_set_new(definitions, name, show_meta(runtime->meta, runtime->n_meta));
    }
    return 0;
}

static int ask_show(const struct asking *asking, json_t **ret_data)
{
    const struct workflow *workflow = asking->view->workflow;
    const json_t *names = json_object_get(asking->args, "definitions");
    json_t *data = json_object();
    int result = 0;
    if (names && !json_is_array(names))
        result = error_set(asking->error, -EINVAL, "\"definitions\" must be a list of texts");
    else if (names)
        result = show_definitions(asking, names, data);
    else if (json_object_get(asking->args, "ids"))
        result = show_instances(asking, data);
    else
        json_object_set_new(data, "workflow", show_meta(workflow->meta, workflow->n_meta));
    if (result < 0)
        json_decref(data);
    else
        *ret_data = data;
    return result;
}

static int ask_workflow(const struct asking *asking, json_t **ret_data)
{
    *ret_data = query_workflow(asking->view, asking->context);
    return 0;
}

static const struct {
    const char *name;
    int (*answer)(const struct asking *asking, json_t **ret_data);
} queries[] = {
    {"ping", ask_ping}, {"show", ask_show}, {"why", ask_why}, {"workflow", ask_workflow}};

int query_answer(const struct view *view, const struct cast_context *context, struct slice name,
                 const json_t *args, const struct candidates *candidates, json_t **ret_data,
                 struct error *error)
{
    const struct asking asking = {view, context, args, candidates, error};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        if (slice_equal(name, queries[i].name))
            return queries[i].answer(&asking, ret_data);
    return error_set(error, -ENOSYS, "this query is not implemented");
}
