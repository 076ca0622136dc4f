/* schedule("WORKFLOW//CYCLE/TASK:OUTPUT", offset, oldest, alt_cylc_run_dir): satisfied by the
 * newest cycle point of another workflow, not after CYCLE moved by the offset, at which the task
 * has completed the output; at once if that was long ago: the last value is retained, in the other
 * workflow's database. CYCLE `*`: the newest point there is. `oldest`: not if that point is
 * further back than this interval. Results: workflow, task, point, output, message.
 *
 * For what comes at its own pace: a workflow goes on with the newest analysis there is, rather than
 * wait for that of one cycle point as with workflow_state. */
#include "base/memory.h"
#include "db/state_query.h"
#include "xtriggers/builtins.h"
#include "xtriggers/upstream.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char *const parameters[] = {"workflow_task_id", "offset", "oldest", "alt_cylc_run_dir",
                                         NULL};

/* Or may become one. All of it is read when the cycling of that workflow is known. */
static bool is_interval(const char *text)
{
    return !text || *text == 'P' || strstr(text, "%(");
}

/* 0, or -1 and call->fail; the caller releases the target either way. */
static int read_call(struct rouse_call *call, struct state_target *target)
{
    const char *id = upstream_argument(call, "workflow_task_id", 0);
    struct error error = {0};
    *target = (struct state_target){0};
    if (!id)
        return upstream_fail(call, "the argument `workflow_task_id` is missing");
    if (state_target_read(id, target, &error) < 0)
        return upstream_fail(call, error.text);
    if (!target->cycle || !target->task)
        return upstream_fail(call, "expected \"WORKFLOW//CYCLE/TASK:OUTPUT\" as "
                                   "`workflow_task_id`; CYCLE may be *");
    bool any = strcmp(target->cycle, "*") == 0;
    if (strpbrk(target->task, "*?[") || (!any && strpbrk(target->cycle, "*?[")))
        return upstream_fail(call, "`workflow_task_id` must name one task; CYCLE is a point or *");
    if (any && (upstream_argument(call, "offset", 1) || upstream_argument(call, "oldest", 2)))
        return upstream_fail(call, "`offset` and `oldest` need a cycle point in place of *");
    if (!is_interval(upstream_argument(call, "oldest", 2)))
        return upstream_fail(
            call, "`oldest` must be an interval such as PT12H, or P2 for integer cycling");
    if (!target->selector)
        target->selector = str_copy("succeeded");
    return 0;
}

static int validate(struct rouse_call *call)
{
    struct state_target target;
    if (!call_knows_arguments(call, parameters))
        return -1;
    int result = read_call(call, &target);
    state_target_release(&target);
    return result;
}

static enum rouse_verdict look(struct rouse_call *call, const struct state_target *target)
{
    struct error error = {0};
    struct state_newest newest = {0};
    const struct state_query query = {.cycle = strcmp(target->cycle, "*") ? target->cycle : NULL,
                                      .task = target->task,
                                      .selector = target->selector,
                                      .offset = upstream_argument(call, "offset", 1),
                                      .oldest = upstream_argument(call, "oldest", 2)};
    char *database =
        state_database(target->workflow, upstream_argument(call, "alt_cylc_run_dir", 3), &error);
    int found = database ? state_newest(database, &query, &newest, &error) : error.code;
    enum rouse_verdict verdict = upstream_verdict(call, database, found, &error);
    if (verdict == ROUSE_SATISFIED) {
        call->result(call, "workflow", target->workflow);
        call->result(call, "task", target->task);
        call->result(call, "point", newest.cycle);
        call->result(call, "output", newest.output);
        call->result(call, "message", newest.message);
    }
    state_newest_release(&newest);
    free(database);
    return verdict;
}

static enum rouse_verdict ask(struct rouse_call *call)
{
    struct state_target target;
    enum rouse_verdict verdict = ROUSE_ERROR;
    if (read_call(call, &target) == 0)
        verdict = look(call, &target);
    state_target_release(&target);
    return verdict;
}

const struct rouse_xtrigger xtrigger_schedule = {
    .abi = ROUSE_XTRIGGER_ABI,
    .flags = ROUSE_BLOCKS,
    .name = "schedule",
    .usage = "schedule(workflow_task_id, offset=None, oldest=None, alt_cylc_run_dir=None)",
    .validate = validate,
    .ask = ask};
