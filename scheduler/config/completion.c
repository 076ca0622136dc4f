/* When a finished task is complete: as the user says, or by what the graph requires. The default
 * is built as text and compiled like any other, so that what is shown is what counts. */
#include "scheduler/config/expression.h"
#include "scheduler/config/load.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define BIT(output) (UINT64_C(1) << (output))

static bool needs(const struct graph_task *task, uint32_t output, enum output_need need)
{
    return output < task->n_outputs && task->needs[output] == need;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of the required outputs as the expression spells them, sorted. The caller frees them. */
static uint32_t required_names(const struct graph_task *graph, const struct task_def *task,
                               char *names[OUTPUTS_MAX])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < task->n_outputs; i++) {
        if (!needs(graph, i, NEED_REQUIRED))
            continue;
        names[n] = str_copy(task->outputs[i].name);
        for (char *c = names[n]; *c; c++)
            *c = *c == '-' ? '_' : *c;
        n++;
    }
    if (n)
        qsort(names, n, sizeof *names, compare_names);
    return n;
}

/* As Cylc 8.4 has it: all that is required; where success is optional, failure will do as well;
 * expiry and submission failure will do where the graph has a place for them. */
static void default_expression(const struct graph_task *graph, const struct task_def *task,
                               struct text *text)
{
    char *names[OUTPUTS_MAX];
    uint32_t n = required_names(graph, task, names);
    bool may_fail =
        needs(graph, OUTPUT_SUCCEEDED, NEED_OPTIONAL) || needs(graph, OUTPUT_FAILED, NEED_OPTIONAL);
    if (may_fail && n)
        text_add(text, "(");
    if (n > 1)
        text_add(text, "(");
    for (uint32_t i = 0; i < n; i++) {
        text_addf(text, "%s%s", i ? " and " : "", names[i]);
        free(names[i]);
    }
    if (n > 1)
        text_add(text, ")");
    if (may_fail)
        text_add(text, n ? " and succeeded) or failed" : "succeeded or failed");
    if (!text->n)
        text_add(text, "succeeded");
    if (needs(graph, OUTPUT_SUBMIT_FAILED, NEED_OPTIONAL))
        text_add(text, " or submit_failed");
    if (needs(graph, OUTPUT_EXPIRED, NEED_OPTIONAL))
        text_add(text, " or expired");
}

/* What the user's expression and the graph say of an output must agree. */
static int check_output(const struct loading *self, const struct item *item,
                        const struct completion *completion, const struct graph_task *graph,
                        const struct task_def *task, uint32_t output)
{
    /* That a job may never run makes nothing optional that it does when it runs. */
    const uint64_t before_it_runs = BIT(OUTPUT_EXPIRED) | BIT(OUTPUT_SUBMIT_FAILED);
    bool named = expression_outputs(completion) & BIT(output);
    bool optional = !named || expression_holds(completion, ~(BIT(output) | before_it_runs));
    const char *name = task->name, *output_name = task->outputs[output].name;
    if (needs(graph, output, NEED_OPTIONAL) && named && !optional)
        return item_error(self->error, item, -EINVAL,
                          "%s:%s is optional in the graph (? symbol), but required in the "
                          "completion expression \"%s\"",
                          name, output_name, completion->text);
    if (needs(graph, output, NEED_REQUIRED) && !named)
        return item_error(self->error, item, -EINVAL,
                          "%s:%s is required in the graph, but not named in the completion "
                          "expression \"%s\"",
                          name, output_name, completion->text);
    if (needs(graph, output, NEED_REQUIRED) && optional)
        return item_error(self->error, item, -EINVAL,
                          "%s:%s is required in the graph (no ? symbol), but optional in the "
                          "completion expression \"%s\"",
                          name, output_name, completion->text);
    return 0;
}

static int compile(struct loading *self, const struct task_def *task, const struct item *item,
                   const char *text, struct completion *ret_completion)
{
    int result = expression_compile(self->keep, text, task->outputs, task->n_outputs,
                                    ret_completion, self->error);
    return result < 0 && item ? item_error_where(self->error, item) : result;
}

static int load_user(struct loading *self, const struct task_def *task, const struct item *item,
                     struct completion *ret_completion)
{
    const struct graph_task *graph = &self->graph->tasks[task->index];
    int result = compile(self, task, item, task->runtime.completion, ret_completion);
    for (uint32_t i = 0; i < task->n_outputs && result == 0; i++)
        result = check_output(self, item, ret_completion, graph, task, i);
    return result;
}

static int load_default(struct loading *self, const struct task_def *task,
                        struct completion *ret_completion)
{
    struct text text = {0};
    default_expression(&self->graph->tasks[task->index], task, &text);
    int result = compile(self, task, NULL, text_string(&text), ret_completion);
    text_release(&text);
    return result;
}

/* A reload has taken the task away: a job of it that is still active has no one to please. */
static int load_any_end(struct loading *self, const struct task_def *task,
                        struct completion *ret_completion)
{
    return compile(self, task, NULL, "succeeded or failed or submit_failed or expired",
                   ret_completion);
}

static int load_one(struct loading *self, const struct task_def *task,
                    struct completion *ret_completion)
{
    const struct item *item = self->tasks.at[task->index]->settings->completion;
    bool in_graph = self->graph->tasks[task->index].n_sequences;
    if (!in_graph && self->options->previous)
        return load_any_end(self, task, ret_completion);
    return in_graph && *task->runtime.completion ? load_user(self, task, item, ret_completion)
                                                 : load_default(self, task, ret_completion);
}

/* Tasks that the graph does not hold never run: what they inherit need not fit them. */
int load_completions(struct loading *self, const struct task_def *tasks)
{
    struct completion *completions =
        arena_new_array(self->keep, self->tasks.n, sizeof *completions);
    for (uint32_t i = 0; i < self->tasks.n; i++) {
        int result = load_one(self, &tasks[i], &completions[i]);
        if (result < 0)
            return result;
    }
    self->workflow->completions = completions;
    return 0;
}
