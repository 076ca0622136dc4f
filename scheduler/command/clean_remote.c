/* See clean_remote.h. */
#include "scheduler/command/clean_remote.h"
#include "base/memory.h"
#include "base/vec.h"
#include "coroutines/site.h"
#include "db/reader.h"
#include "scheduler/job/runner.h"
#include "scheduler/run/process.h"
#include "scheduler/run/rundir.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

typedef VEC(char *) names;

static void take_name(void *context, const char *name)
{
    names *list = context;
    *vec_push(list) = str_copy(name);
}

static int read_platforms(const char *id, names *ret_platforms, struct error *error)
{
    char *run_dir = rundir_of(id), *path = str_format("%s/log/db", run_dir);
    int code = 0;
    if (!access(path, F_OK)) { /* it has run */
        struct reader *reader = reader_open(path, error);
        code = reader ? reader_platforms(reader, take_name, ret_platforms, error) : error->code;
        reader_close(reader);
    }
    free(path);
    free(run_dir);
    return code;
}

/* The first of the platforms that is not this host's; NULL: none. */
static const char *find_other(const names *list, const struct global_config *global)
{
    const char *other = NULL;
    struct platforms *platforms = platforms_create(global);
    char *host = process_host();
    VEC_EACH (char *const, name, list) {
        struct error error = {0};
        const struct platform *platform;
        if (!other && strcmp(*name, "localhost") != 0 &&
            !job_runner_of_platform(platforms, *name, host, 0, &platform, &error))
            other = *name;
    }
    free(host);
    platforms_destroy(platforms);
    return other;
}

int clean_remote(const struct invocation *invocation, const char *id)
{
    struct error error = {0};
    names list = {0};
    int status = EXIT_OK;
    struct global_config *global = site_load(NULL, &error);
    int code = global ? read_platforms(id, &list, &error) : error.code;
    const char *other = code ? NULL : find_other(&list, global);
    if (code) {
        status = command_fail(invocation, EXIT_FAILED, &error);
    } else if (other) {
        char *what = str_format("clean of other hosts (platform %s)", other);
        status = command_not_implemented(invocation, what);
        free(what);
    } else if (!invocation->quiet) {
        (void)fprintf(stderr, "%s has left nothing on other hosts\n", id);
    }
    VEC_EACH (char *, name, &list)
        free(*name);
    vec_release(&list);
    global_destroy(global);
    return status;
}
