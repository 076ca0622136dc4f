/* file(path, stable=0): satisfied when the file exists and, if asked, its size has not changed for
 * `stable` seconds. How it hears of changes is in follow.h. Relative paths are below the run
 * directory. Results: path, size. */
#include "base/memory.h"
#include "xtriggers/builtins.h"
#include "xtriggers/follow.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { STABLE_MAX = 1000000000 }; /* seconds */

static const char *const parameters[] = {"path", "stable", NULL};

struct file_state {
    struct follower follower;
    int64_t size; /* -1: it is not there */
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
    if (!call_knows_arguments(call, parameters))
        return -1;
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

static struct file_state *state_of(struct rouse_call *call)
{
    if (!*call->state) {
        struct file_state *state = NEW(struct file_state);
        state->size = -1;
        *call->state = state;
    }
    return *call->state;
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
    struct file_state *state = state_of(call);
    if (state->size != size) {
        state->size = size;
        state->since = call->now;
    }
    if (call->now - state->since >= stable)
        return satisfied(call, path, size);
    call_note(call, "%" PRId64 " bytes, for %.0f s of %g", size, call->now - state->since, stable);
    call->again_after(call, state->since + stable - call->now);
    return ROUSE_NOT_YET;
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
        char *reason = str_format("cannot look at %s: %s", path, strerror(errno));
        call->fail(call, reason);
        free(reason);
        verdict = ROUSE_ERROR;
    } else {
        call_note(call, "it is not there");
        state_of(call)->size = -1; /* one of the same size that comes later is another one */
    }
    if (verdict == ROUSE_NOT_YET)
        follow_change(call, &state_of(call)->follower, path);
    free(path);
    return verdict;
}

static void drop(struct rouse_call *call)
{
    free(*call->state);
    *call->state = NULL;
}

const struct rouse_xtrigger xtrigger_file = {.abi = ROUSE_XTRIGGER_ABI,
                                             .name = "file",
                                             .usage = "file(path, stable=0)",
                                             .validate = validate,
                                             .ask = ask,
                                             .drop = drop};
