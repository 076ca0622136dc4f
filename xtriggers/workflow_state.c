/* workflow_state("flow//cycle/task:selector", offset, flow_num, is_trigger, is_message,
 * alt_cylc_run_dir) and its older form suite_state(suite, task, point, offset, status, message,
 * cylc_run_dir): satisfied when the task of another workflow, running or not, of rouse or Cylc, has
 * reached the state or the output. As in Cylc 8.4; the selector is `succeeded` unless it is given.
 * How it hears of changes is in upstream.c. */
#include "base/memory.h"
#include "db/state_query.h"
#include "xtriggers/builtins.h"
#include "xtriggers/upstream.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct wanted {
    struct state_target target;
    struct state_query query;
    const char *run_root;
};

static int read_flow(struct rouse_call *call, struct wanted *wanted)
{
    const char *flow = upstream_argument(call, "flow_num", 2);
    char *end = NULL;
    unsigned long number = flow ? strtoul(flow, &end, 10) : 0;
    if (flow && (*end || number == 0 || number >= UINT32_MAX))
        return upstream_fail(call, "`flow_num` must be a flow number");
    wanted->query.flow = (uint32_t)number;
    return 0;
}

static void aim(struct wanted *wanted)
{
    wanted->query.cycle = wanted->target.cycle;
    wanted->query.task = wanted->target.task;
    wanted->query.selector = wanted->target.selector;
}

/* 0, or -1 and call->fail; the caller releases the target either way. */
static int read_call(struct rouse_call *call, struct wanted *wanted)
{
    *wanted = (struct wanted){.run_root = upstream_argument(call, "alt_cylc_run_dir", 5)};
    const char *id = upstream_argument(call, "workflow_task_id", 0);
    struct error error = {0};
    bool trigger = argument_is_true(upstream_argument(call, "is_trigger", 3));
    bool message = argument_is_true(upstream_argument(call, "is_message", 4));
    if (!id)
        return upstream_fail(call, "the argument `workflow_task_id` is missing");
    if (trigger && message)
        return upstream_fail(call, "`is_trigger` and `is_message` exclude each other");
    if (state_target_read(id, &wanted->target, &error) < 0)
        return upstream_fail(call, error.text);
    if (!wanted->target.cycle || !wanted->target.task)
        return upstream_fail(call,
                             "expected \"WORKFLOW//CYCLE/TASK:SELECTOR\" as `workflow_task_id`");
    if ((trigger || message) && !wanted->target.selector)
        return upstream_fail(call,
                             "`is_trigger` and `is_message` need a selector: \"...TASK:OUTPUT\"");
    if (!wanted->target.selector)
        wanted->target.selector = str_copy("succeeded");
    wanted->query.kind = trigger ? STATE_TRIGGER : message ? STATE_MESSAGE : STATE_STATUS;
    wanted->query.offset = upstream_argument(call, "offset", 1);
    aim(wanted);
    return read_flow(call, wanted);
}

static int read_old_call(struct rouse_call *call, struct wanted *wanted)
{
    static const char *const names[] = {"suite", "task", "point"};
    *wanted = (struct wanted){.run_root = upstream_argument(call, "cylc_run_dir", 6)};
    const char *parts[3];
    for (size_t i = 0; i < 3; i++)
        if (!(parts[i] = upstream_argument(call, names[i], i)))
            return upstream_fail(call, "the arguments `suite`, `task` and `point` are needed");
    const char *status = upstream_argument(call, "status", 4),
               *message = upstream_argument(call, "message", 5);
    wanted->target = (struct state_target){.workflow = str_copy(parts[0]),
                                           .task = str_copy(parts[1]),
                                           .cycle = str_copy(parts[2]),
                                           .selector = str_copy(message  ? message
                                                                : status ? status
                                                                         : "succeeded")};
    wanted->query.kind = message ? STATE_MESSAGE : STATE_STATUS;
    wanted->query.offset = upstream_argument(call, "offset", 3);
    aim(wanted);
    return 0;
}

static enum rouse_verdict look(struct rouse_call *call, const struct wanted *wanted)
{
    struct error error = {0};
    struct text ignored = {0};
    char *database = state_database(wanted->target.workflow, wanted->run_root, &error);
    int found = database ? state_query(database, &wanted->query, &ignored, &error) : error.code;
    enum rouse_verdict verdict = upstream_verdict(call, database, found, &error);
    text_release(&ignored);
    free(database);
    return verdict;
}

static void add_result(struct rouse_call *call, const char *key, const char *value)
{
    if (value)
        call->result(call, key, value);
}

static int validate(struct rouse_call *call)
{
    static const char *const parameters[] = {
        "workflow_task_id", "offset",           "flow_num", "is_trigger",
        "is_message",       "alt_cylc_run_dir", NULL};
    struct wanted wanted;
    if (!call_knows_arguments(call, parameters))
        return -1;
    int result = read_call(call, &wanted);
    state_target_release(&wanted.target);
    return result;
}

static int validate_old(struct rouse_call *call)
{
    static const char *const parameters[] = {"suite",  "task",    "point",        "offset",
                                             "status", "message", "cylc_run_dir", NULL};
    struct wanted wanted;
    if (!call_knows_arguments(call, parameters))
        return -1;
    int result = read_old_call(call, &wanted);
    state_target_release(&wanted.target);
    return result;
}

static enum rouse_verdict ask(struct rouse_call *call)
{
    static const char *const kinds[] = {
        [STATE_STATUS] = "status", [STATE_TRIGGER] = "trigger", [STATE_MESSAGE] = "message"};
    struct wanted wanted;
    enum rouse_verdict verdict = ROUSE_ERROR;
    if (read_call(call, &wanted) == 0)
        verdict = look(call, &wanted);
    if (verdict == ROUSE_SATISFIED) {
        call->result(call, "workflow", wanted.target.workflow);
        call->result(call, "task", wanted.target.task);
        call->result(call, "point", wanted.target.cycle);
        add_result(call, "offset", wanted.query.offset);
        call->result(call, kinds[wanted.query.kind], wanted.target.selector);
        if (wanted.query.flow)
            call->typed_result(call, "flow_num", ROUSE_INTEGER,
                               upstream_argument(call, "flow_num", 2));
        add_result(call, "run_dir", wanted.run_root);
    }
    state_target_release(&wanted.target);
    return verdict;
}

static enum rouse_verdict ask_old(struct rouse_call *call)
{
    struct wanted wanted;
    enum rouse_verdict verdict = ROUSE_ERROR;
    if (read_old_call(call, &wanted) == 0)
        verdict = look(call, &wanted);
    if (verdict == ROUSE_SATISFIED) {
        call->result(call, "suite", wanted.target.workflow);
        call->result(call, "task", wanted.target.task);
        call->result(call, "point", wanted.target.cycle);
        add_result(call, "offset", wanted.query.offset);
        call->result(call, wanted.query.kind == STATE_MESSAGE ? "message" : "status",
                     wanted.target.selector);
        add_result(call, "cylc_run_dir", wanted.run_root);
    }
    state_target_release(&wanted.target);
    return verdict;
}

const struct rouse_xtrigger xtrigger_workflow_state = {
    .abi = ROUSE_XTRIGGER_ABI,
    .flags = ROUSE_BLOCKS,
    .name = "workflow_state",
    .usage = "workflow_state(workflow_task_id, offset=None, flow_num=None, is_trigger=False, "
             "is_message=False, alt_cylc_run_dir=None)",
    .validate = validate,
    .ask = ask};

const struct rouse_xtrigger xtrigger_suite_state = {
    .abi = ROUSE_XTRIGGER_ABI,
    .flags = ROUSE_BLOCKS,
    .name = "suite_state",
    .usage = "suite_state(suite, task, point, offset=None, status='succeeded', message=None, "
             "cylc_run_dir=None)",
    .validate = validate_old,
    .ask = ask_old};
