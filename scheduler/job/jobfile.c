/* A job file is: a header; functions with what is this job's own (environment, scripts); what every
 * job file has (shell.c); and one last line that runs it. Bash has parsed all of it before
 * anything happens, so that a syntax error in a user's script fails the submission. */
#include "scheduler/job/jobfile.h"
#include "base/memory.h"
#include "scheduler/job/environment.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static void add_header(const struct jobfile_options *options, struct text *out)
{
    const struct runtime *runtime = &options->task->runtime;
    const struct platform *platform = options->platform;
    text_addf(out,
              "#!%s%s\n#\n# ++++ THIS IS A CYLC JOB SCRIPT ++++\n"
              "# Workflow: %s\n# Task: %s/%s\n# Job log directory: %s/%s/%02u\n"
              "# Platform: %s\n# Job runner: %s\n# Job runner command template: %s\n",
              platform->shell, platform->use_login_shell ? " -l" : "", options->workflow_id,
              options->point, options->task->name, options->point, options->task->name,
              options->submit, platform->name, options->runner,
              platform->job_runner_command_template[0] ? platform->job_runner_command_template
                                                       : "None");
    if (runtime->execution_time_limit > 0)
        text_addf(out, "# Execution time limit: %g\n", runtime->execution_time_limit);
}

/* The colon: a function of comments only would be a syntax error. */
static void add_script(struct text *out, const char *name, const char *script)
{
    if (script && script[0])
        text_addf(out, "\ncylc__job__inst__%s() {\n    :\n%s\n}\n", name, script);
}

static void add_scripts(const struct jobfile_options *options, struct text *out)
{
    const struct runtime *runtime = &options->task->runtime;
    add_script(out, "global_init_script", options->platform->global_init_script);
    add_script(out, "init_script", runtime->init_script);
    add_script(out, "env_script", runtime->env_script);
    add_script(out, "pre_script", runtime->pre_script);
    add_script(out, "script", runtime->script);
    add_script(out, "post_script", runtime->post_script);
    add_script(out, "err_script", runtime->err_script);
    add_script(out, "exit_script", runtime->exit_script);
}

static void add_constants(const struct jobfile_options *options, struct text *out)
{
    text_add(out, "\ncylc__job__runner=");
    environment_add_literal(out, options->runner);
    text_add(out, "\ncylc__job__program_dir=");
    environment_add_literal(out, options->program_dir ? options->program_dir : "");
    text_add(out, "\ncylc__job__cylc_path=");
    environment_add_literal(out, options->platform->cylc_path);
    text_add(out, "\n");
}

void jobfile_write(const struct jobfile_options *options, struct text *out)
{
    add_header(options, out);
    environment_write(options, out);
    add_scripts(options, out);
    add_constants(options, out);
    for (const char *const *piece = job_shell; *piece; piece++)
        text_add(out, *piece);
}

char *jobfile_header(struct slice text, const char *key)
{
    char *beginning = str_format("\n# %s: ", key);
    const char *at = text.n ? memmem(text.at, text.n, beginning, strlen(beginning)) : NULL;
    const char *from = at ? at + strlen(beginning) : NULL;
    const char *end = at ? memchr(from, '\n', (size_t)(text.at + text.n - from)) : NULL;
    free(beginning);
    return end ? str_copy_n(from, (size_t)(end - from)) : NULL;
}
