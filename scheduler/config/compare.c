/* What a reload has changed: tasks that came and went, and tasks whose jobs will be others. */
#include "scheduler/config/workflow.h"
#include <string.h>

#include "base/banned.h"

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_texts(const char *const *a, uint32_t n_a, const char *const *b, uint32_t n_b)
{
    bool same = n_a == n_b;
    for (uint32_t i = 0; same && i < n_a; i++)
        same = same_text(a[i], b[i]);
    return same;
}

static bool same_pairs(const struct key_value *a, uint32_t n_a, const struct key_value *b,
                       uint32_t n_b)
{
    bool same = n_a == n_b;
    for (uint32_t i = 0; same && i < n_a; i++)
        same = same_text(a[i].key, b[i].key) && same_text(a[i].value, b[i].value);
    return same;
}

static bool same_delays(const struct delays *a, const struct delays *b)
{
    bool same = a->n == b->n;
    for (uint32_t i = 0; same && i < a->n; i++)
        same = !(a->at[i] < b->at[i] || a->at[i] > b->at[i]);
    return same;
}

static bool same_number(double a, double b)
{
    return !(a < b || a > b);
}

static bool same_scripts(const struct runtime *a, const struct runtime *b)
{
    return same_text(a->init_script, b->init_script) && same_text(a->env_script, b->env_script) &&
           same_text(a->pre_script, b->pre_script) && same_text(a->script, b->script) &&
           same_text(a->post_script, b->post_script) && same_text(a->exit_script, b->exit_script) &&
           same_text(a->err_script, b->err_script) &&
           same_pairs(a->environment, a->n_environment, b->environment, b->n_environment) &&
           same_pairs(a->directives, a->n_directives, b->directives, b->n_directives) &&
           same_pairs(a->meta, a->n_meta, b->meta, b->n_meta);
}

static bool same_limits(const struct runtime *a, const struct runtime *b)
{
    return same_text(a->platform, b->platform) &&
           same_text(a->work_sub_directory, b->work_sub_directory) &&
           same_text(a->completion, b->completion) && a->run_mode == b->run_mode &&
           same_delays(&a->execution_retries, &b->execution_retries) &&
           same_delays(&a->submission_retries, &b->submission_retries) &&
           same_delays(&a->execution_polling, &b->execution_polling) &&
           same_delays(&a->submission_polling, &b->submission_polling) &&
           same_number(a->priority, b->priority) &&
           same_number(a->execution_time_limit, b->execution_time_limit) &&
           same_number(a->simulation_run_length, b->simulation_run_length);
}

static bool same_commands(const struct runtime *a, const struct runtime *b)
{
    bool same = a->n_event_handlers == b->n_event_handlers;
    for (uint32_t i = 0; same && i < a->n_event_handlers; i++) {
        const struct event_handlers *x = &a->event_handlers[i], *y = &b->event_handlers[i];
        same = same_text(x->event, y->event) &&
               same_texts(x->commands, x->n_commands, y->commands, y->n_commands);
    }
    return same;
}

static bool same_events(const struct runtime *a, const struct runtime *b)
{
    return same_commands(a, b) &&
           same_texts(a->handlers, a->n_handlers, b->handlers, b->n_handlers) &&
           same_texts(a->handler_events, a->n_handler_events, b->handler_events,
                      b->n_handler_events) &&
           same_texts(a->mail_events, a->n_mail_events, b->mail_events, b->n_mail_events) &&
           same_delays(&a->handler_retries, &b->handler_retries) &&
           same_text(a->mail_from, b->mail_from) && same_text(a->mail_to, b->mail_to) &&
           same_number(a->execution_timeout, b->execution_timeout) &&
           same_number(a->submission_timeout, b->submission_timeout) &&
           same_number(a->late_offset, b->late_offset);
}

static bool same_task(const struct task_def *a, const struct task_def *b)
{
    bool same = a->n_outputs == b->n_outputs && a->sequential == b->sequential &&
                a->expires == b->expires &&
                same_texts(a->ancestors, a->n_ancestors, b->ancestors, b->n_ancestors);
    for (uint32_t i = 0; same && i < a->n_outputs; i++)
        same = same_text(a->outputs[i].name, b->outputs[i].name) &&
               same_text(a->outputs[i].message, b->outputs[i].message);
    return same && same_scripts(&a->runtime, &b->runtime) &&
           same_limits(&a->runtime, &b->runtime) && same_events(&a->runtime, &b->runtime);
}

bool workflow_compare(const struct workflow *before, const struct workflow *after, struct text *out)
{
    size_t n = out->n;
    for (uint32_t i = 0; i < after->n_tasks; i++) {
        bool was = i < before->n_tasks && before->graph->tasks[i].n_sequences;
        bool is = after->graph->tasks[i].n_sequences;
        if (was != is)
            text_addf(out, "%c %s\n", is ? '+' : '-', after->tasks[i].name);
        else if (is && !same_task(&before->tasks[i], &after->tasks[i]))
            text_addf(out, "~ %s\n", after->tasks[i].name);
    }
    return out->n > n;
}
