/* file(path, stable=0): satisfied when the file exists and, if asked, its size has not changed for
 * `stable` seconds. It is told of changes by the file system (inotify); where that is not possible
 * the interval of the workflow holds. Relative paths are below the run directory. Results: path,
 * size. */
#include "base/memory.h"
#include "xtriggers/builtins.h"
#include "xtriggers/call.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

enum { STABLE_MAX = 1000000000 }; /* seconds */

struct file_state {
    int64_t size;
    double since; /* when this size was first seen */
};

static double stable_seconds(const struct rouse_call *call)
{
    const char *text = call_argument(call, "stable", 1);
    return text ? strtod(text, NULL) : 0;
}

static int validate(struct rouse_call *call)
{
    const char *path = call_argument(call, "path", 0), *stable = call_argument(call, "stable", 1);
    char *end = NULL;
    if (!path || !*path)
        call->fail(call, "the argument `path` is missing");
    else if (*path == '$' || *path == '~')
        call->fail(call, "`path` is taken as it stands: write it without $ or ~");
    else if (stable && (!(strtod(stable, &end) >= 0 && strtod(stable, NULL) <= STABLE_MAX) ||
                        end == stable || *end))
        call->fail(call, "`stable` must be a number of seconds");
    else
        return 0;
    return -1;
}

static enum rouse_verdict satisfied(struct rouse_call *call, const char *path, int64_t size)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, size);
    call->result(call, "path", path);
    call->result(call, "size", text);
    return ROUSE_SATISFIED;
}

/* The file is there: is its size stable? */
static enum rouse_verdict look(struct rouse_call *call, const char *path, int64_t size)
{
    double stable = stable_seconds(call);
    struct file_state *state = *call->state;
    if (stable <= 0)
        return satisfied(call, path, size);
    if (!state)
        *call->state = state = NEW(struct file_state), state->size = -1;
    if (state->size != size)
        *state = (struct file_state){size, call->now};
    if (call->now - state->since >= stable)
        return satisfied(call, path, size);
    call->again_after(call, state->since + stable - call->now);
    return ROUSE_NOT_YET;
}

/* The nearest directory above `path` that exists is where its coming will be seen. */
static void watch(struct rouse_call *call, const char *path)
{
    char *directory = str_copy(path);
    struct stat info;
    do
        *strrchr(directory, '/') = '\0';
    while (*directory && stat(directory, &info) != 0);
    call->again_when_changed(call, *directory ? directory : "/");
    free(directory);
}

static void drop(struct rouse_call *call)
{
    free(*call->state);
    *call->state = NULL;
}

static enum rouse_verdict ask(struct rouse_call *call)
{
    const char *argument = call_argument(call, "path", 0);
    char *path =
        *argument == '/' ? str_copy(argument) : str_format("%s/%s", call->run_dir, argument);
    struct stat info;
    enum rouse_verdict verdict = ROUSE_NOT_YET;
    if (stat(path, &info) == 0) {
        verdict = look(call, path, info.st_size);
    } else if (errno != ENOENT && errno != ENOTDIR) {
        call->fail(call, strerror(errno));
        verdict = ROUSE_ERROR;
    } else {
        drop(call); /* a file of the same size that comes later is another one */
    }
    if (verdict == ROUSE_NOT_YET)
        watch(call, path);
    free(path);
    return verdict;
}

const struct rouse_xtrigger xtrigger_file = {.abi = ROUSE_XTRIGGER_ABI,
                                             .name = "file",
                                             .usage = "file(path, stable=0)",
                                             .validate = validate,
                                             .ask = ask,
                                             .drop = drop};
