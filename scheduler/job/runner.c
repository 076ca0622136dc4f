/* The table of job runners. A further one is a further entry; one whose jobs are not processes of
 * this host also needs a way to ask it and to cancel, which the jobs coroutine then has to use. */
#include "scheduler/job/runner.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/banned.h"

static void background_command(const char *job_file, const char *ret_argv[JOB_ARGV_MAX])
{
    ret_argv[0] = job_file;
    ret_argv[1] = NULL;
}

static const struct job_runner runners[] = {
    {.name = "background", .is_process = true, .command = background_command},
};

const struct job_runner *job_runner_find(const char *name)
{
    for (size_t i = 0; i < sizeof runners / sizeof runners[0]; i++)
        if (strcmp(runners[i].name, name) == 0)
            return &runners[i];
    return NULL;
}

const struct job_runner *job_runner_of_platform(const char *platform, struct error *error)
{
    if (!platform[0] || strcmp(platform, "localhost") == 0)
        return job_runner_find("background");
    if (strstr(platform, "$(") || strchr(platform, '`'))
        error_set(error, -ENOSYS,
                  "platform = %s: commands that choose a platform are not implemented", platform);
    else
        error_set(error, -ENOENT, "platform \"%s\" is not known: only localhost is", platform);
    return NULL;
}
