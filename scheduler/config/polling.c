/* Tasks that poll another workflow: far<other::task:output> in the graph. Their script is made
 * here; it asks `cylc workflow-state`, as in Cylc. */
#include "scheduler/config/load.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Where the namespace is defined, or the whole file. */
static int refuse_script(struct loading *self, const struct name_space *space)
{
    const struct heading *heading = space->headings;
    char *item = str_format("[runtime][%s]script", space->name);
    error_set(self->error, -EINVAL,
              "the script of polling task '%s' is made of what the graph says: expected no script, "
              "not \"%.60s\"",
              space->name, space->settings->runtime.script);
    error_where(self->error, heading ? heading->section->file : self->workflow->source,
                heading ? heading->section->line : 0, item);
    free(item);
    return self->error->code;
}

/* The message in double quotes, as the shell takes it; $ stays what it is there. */
static void add_quoted(struct text *text, const char *message)
{
    text_add_char(text, '"');
    for (const char *c = message; *c; c++) {
        if (strchr("\"\\`", *c))
            text_add_char(text, '\\');
        text_add_char(text, *c);
    }
    text_add_char(text, '"');
}

static void make_command(const struct polling *polling, const struct settings *settings,
                         struct text *text)
{
    text_addf(text, "cylc workflow-state %s//$CYLC_TASK_CYCLE_POINT/%s:", polling->workflow,
              polling->polled);
    if (settings->poll_message) {
        add_quoted(text, settings->poll_message->value.string);
        text_add(text, " --messages");
    } else {
        text_add(text, polling->output ? polling->output : "succeeded");
    }
    if (settings->poll_interval)
        text_addf(text, " --interval=%.0f", settings->poll_interval->value.number);
    if (settings->poll_max)
        text_addf(text, " --max-polls=%lld", (long long)settings->poll_max->value.integer);
    if (settings->poll_run_dir)
        text_addf(text, " --alt-cylc-run-dir=%s", settings->poll_run_dir->value.string);
}

static int load_polling(struct loading *self, const struct polling *polling, struct task_def *task)
{
    const struct name_space *space = self->tasks.at[polling->task];
    const struct settings *settings = space->settings;
    if (*settings->runtime.script)
        return refuse_script(self, space);
    if (polling->output && settings->poll_message &&
        strcmp(polling->output, settings->poll_message->value.string) != 0)
        return item_error(self->error, settings->poll_message, -EINVAL,
                          "polling task '%s' has an output in the graph (:%s) and a message (%s): "
                          "expected one of them",
                          space->name, polling->output, settings->poll_message->value.string);
    struct text command = {0}, script = {0};
    make_command(polling, settings, &command);
    text_addf(&script, "echo %s\n%s", text_string(&command), text_string(&command));
    task->runtime.script = arena_text(self->keep, slice_of(text_string(&script)));
    text_release(&script);
    text_release(&command);
    return 0;
}

int load_pollings(struct loading *self, struct task_def *tasks)
{
    struct text names = {0};
    int result = 0;
    for (size_t i = 0; i < self->pollings.n && result == 0; i++) {
        const struct polling *polling = &self->pollings.at[i];
        text_addf(&names, "\n    * %s", tasks[polling->task].name);
        result = load_polling(self, polling, &tasks[polling->task]);
    }
    if (names.n && result == 0)
        warner_say(&self->warner,
                   "Workflow state polling tasks are deprecated. Please convert to workflow_state "
                   "xtriggers:%s",
                   text_string(&names));
    text_release(&names);
    return result;
}
