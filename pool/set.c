/* set: outputs that count as completed though no job did it, and prerequisites that count as
 * satisfied. Cylc 8.4:
 *
 * - success and failure imply that the job was submitted and started, a start that it was
 *   submitted; expiry and custom outputs imply nothing;
 * - only the outputs that end a task change its state; its job, if it has one, goes on unheeded;
 * - a task that is not in the pool does not come into it: its outputs are recorded and have their
 *   effect. A task whose prerequisites are set comes, unless none of those named is one. */
#include "base/id.h"
#include "pool/command.h"
#include "pool/set_items.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

#define BIT(output) (UINT64_C(1) << (output))

static void add_problem(const struct pool *pool, struct text *problems, cycle_point point,
                        uint32_t task, const char *what)
{
    text_add(problems, problems->n ? "; " : "");
    add_name(pool, point, task, problems);
    text_addf(problems, " %s", what);
}

/* --- outputs --- */

static uint64_t with_implied(uint64_t outputs)
{
    if (outputs & (BIT(OUTPUT_SUCCEEDED) | BIT(OUTPUT_FAILED)))
        outputs |= BIT(OUTPUT_STARTED);
    return outputs & BIT(OUTPUT_STARTED) ? outputs | BIT(OUTPUT_SUBMITTED) : outputs;
}

/* The later of them counts. */
static enum task_status status_after(enum task_status status, uint64_t news)
{
    static const struct {
        enum standard_output output;
        enum task_status status;
    } ends[] = {{OUTPUT_EXPIRED, STATUS_EXPIRED},
                {OUTPUT_SUBMIT_FAILED, STATUS_SUBMIT_FAILED},
                {OUTPUT_SUCCEEDED, STATUS_SUCCEEDED},
                {OUTPUT_FAILED, STATUS_FAILED}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (news & BIT(ends[i].output))
            status = ends[i].status;
    return status;
}

static void say_events(struct pool *pool, const struct instance *instance, uint64_t news)
{
    const struct task_def *task = &pool->workflow->tasks[instance->task];
    for (uint32_t output = 0; output < task->n_outputs; output++)
        if (news & BIT(output))
            say_event(pool, instance,
                      output == OUTPUT_SUBMIT_FAILED ? "submission failed"
                                                     : task->outputs[output].name,
                      slice_of(output < OUTPUT_CUSTOM ? "" : task->outputs[output].message));
}

/* It has ended: nothing that would start it is left. */
static void stop_waiting(struct pool *pool, struct instance *instance)
{
    if (instance->status != STATUS_WAITING)
        return;
    queue_leave(pool, instance);
    xtriggers_undepend(pool, instance, UNDEPEND_WAITS);
    instance_flag(pool, instance, 0, TASK_QUEUED | TASK_RUNAHEAD | TASK_RETRYING | TASK_MANUAL);
}

/* May remove the instance. */
static void set_outputs(struct pool *pool, struct instance *instance, uint64_t outputs)
{
    uint64_t news = with_implied(outputs) & ~instance->outputs;
    enum task_status status = status_after(instance_status(instance), news);
    if (!news)
        return;
    say_events(pool, instance, news);
    if (status_is_final(status))
        stop_waiting(pool, instance);
    instance_advance(pool, instance, status, news, news);
}

static void set_outputs_of_present(struct pool *pool, struct instance *instance, uint64_t outputs)
{
    cycle_point point = instance->point;
    uint32_t task = instance->task;
    struct flow_list flows = instance->flows->list;
    bool limited = instance->flags & TASK_RUNAHEAD;
    set_outputs(pool, instance, outputs);
    instance = instances_find(&pool->instances, point, task);
    if (limited && (!instance || !(instance->flags & TASK_RUNAHEAD)))
        next_comes(pool, point, task, &flows);
}

/* A task that is not in the pool is there for the time it takes. */
static void set_outputs_of_absent(struct pool *pool, const struct target *target, uint64_t outputs,
                                  const struct flow_list *flows, bool wait)
{
    struct past *past = history_find(&pool->history, target->point, target->task);
    const struct past *before = past_in(past, flows);
    struct instance *instance =
        spawn(pool, target->point, target->task, flows, wait ? TASK_FLOW_WAIT : 0u,
              past_submit(past), before ? before->outputs : 0);
    uint32_t serial = instance->serial;
    if (before && status_is_final(before->status)) {
        stop_waiting(pool, instance);
        instance_move(pool, instance, before->status,
                      instance->flags |
                          (instance_is_complete(pool, instance) ? 0 : TASK_INCOMPLETE));
    }
    set_outputs(pool, instance, outputs);
    instance = instances_find(&pool->instances, target->point, target->task);
    if (instance && instance->serial == serial)
        instance_remove(pool, instance, REMOVED_NOT_NEEDED);
}

static bool is_active(const struct instance *instance)
{
    return instance && status_is_active(instance_status(instance));
}

/* What the items mean for the task; 0 with a problem noted, or when there is nothing to do. */
static uint64_t outputs_wanted(const struct pool *pool, const struct instance *instance,
                               const struct target *target, struct slice items,
                               struct text *problems)
{
    struct text unknown = {0};
    uint64_t outputs = set_items_outputs(pool->workflow, target->task, items, &unknown);
    if (unknown.n)
        add_problem(pool, problems, target->point, target->task, text_string(&unknown));
    if (outputs & BIT(OUTPUT_EXPIRED) && is_active(instance)) {
        add_problem(pool, problems, target->point, target->task,
                    "is active: it cannot expire any more");
        outputs &= ~BIT(OUTPUT_EXPIRED);
    }
    text_release(&unknown);
    return outputs;
}

/* --- one command --- */

struct wish {
    const struct message *message;
    struct slice ids, items; /* of the message's text */
    struct flow_list flows;
    struct selection selection;
    struct text problems;
};

/* The database is asked before anything is done: for the tasks that are not there, and for what a
 * sequential task's success spawns. */
static bool is_missing(struct pool *pool, struct wish *wish)
{
    bool missing = history_is_missing_for(pool, &wish->selection);
    VEC_EACH (struct instance *, instance, &wish->selection.found)
        missing |= next_is_missing(pool, *instance);
    VEC_EACH (struct target, target, &wish->selection.absent)
        missing |= next_is_missing(
            pool, &(const struct instance){.point = target->point, .task = target->task});
    return missing;
}

typedef void set_one(struct pool *pool, struct wish *wish, const struct target *target);

static void set_outputs_of_one(struct pool *pool, struct wish *wish, const struct target *target)
{
    struct instance *instance = instances_find(&pool->instances, target->point, target->task);
    bool there = instance && instance->class_ != CLASS_FINISHED;
    if (there) {
        merge_flows(pool, instance, &wish->flows);
        instance = instances_find(&pool->instances, target->point, target->task);
    } else if (instance) {
        instance_remove(pool, instance, REMOVED_COMPLETE);
    }
    uint64_t outputs =
        outputs_wanted(pool, there ? instance : NULL, target, wish->items, &wish->problems);
    if (there)
        set_outputs_of_present(pool, instance, outputs);
    else
        set_outputs_of_absent(pool, target, outputs, &wish->flows,
                              wish->message->flags & POOL_FLOW_WAIT);
}

/* It left before it ran, for what it waited for could not happen any more. */
static bool was_given_up(const struct pool *pool, const struct target *target,
                         const struct flow_list *flows)
{
    const struct past *past =
        past_in(history_find(&pool->history, target->point, target->task), flows);
    return past && past->status == STATUS_WAITING && !past->submit && !past->outputs &&
           !past->flow_wait;
}

static struct instance *come(struct pool *pool, struct wish *wish, const struct target *target)
{
    struct instance *instance = instances_find(&pool->instances, target->point, target->task);
    if (instance && instance->class_ != CLASS_FINISHED) {
        merge_flows(pool, instance, &wish->flows);
        return instance;
    }
    uint32_t flags = wish->message->flags & POOL_FLOW_WAIT ? TASK_FLOW_WAIT : 0u;
    if (!instance && (!wish->flows.n || was_given_up(pool, target, &wish->flows)))
        instance = spawn(pool, target->point, target->task, &wish->flows, flags,
                         past_submit(history_find(&pool->history, target->point, target->task)), 0);
    else
        instance = spawn_or_find(pool, target->point, target->task, &wish->flows, flags);
    if (instance && instance->class_ != CLASS_FINISHED) {
        flow_goes_on(pool, instance->point, instance->task, &instance->flows->list);
        return instance;
    }
    add_problem(pool, &wish->problems, target->point, target->task, "has run in this flow already");
    return NULL;
}

static void set_prerequisites_of_one(struct pool *pool, struct wish *wish,
                                     const struct target *target)
{
    struct text unknown = {0};
    struct set_child child = {.point = target->point, .task = target->task};
    if (set_items_satisfy(pool, &child, wish->items, &unknown)) {
        text_clear(&unknown);
        child.instance = come(pool, wish, target);
    }
    if (child.instance) {
        set_items_satisfy(pool, &child, wish->items, &unknown);
        if (!prerequisites_changed(pool, child.instance))
            gate_update(pool, child.instance);
    }
    if (unknown.n)
        add_problem(pool, &wish->problems, target->point, target->task, text_string(&unknown));
    text_release(&unknown);
}

static int set_all(struct pool *pool, struct wish *wish, set_one *set, struct error *error)
{
    VEC(struct target) targets = {0};
    VEC_EACH (struct instance *, instance, &wish->selection.found)
        *vec_push(&targets) = (struct target){(*instance)->point, (*instance)->task};
    VEC_EACH (struct target, target, &wish->selection.absent)
        *vec_push(&targets) = *target;
    VEC_EACH (struct target, target, &targets)
        set(pool, wish, target);
    vec_release(&targets);
    int result = selection_refuse_unmatched(&wish->selection, error);
    if (!result && wish->problems.n)
        result = error_set(error, -EINVAL, "%s", text_string(&wish->problems));
    return result;
}

static int pool_set(struct pool *pool, const struct message *message, set_one *set,
                    struct error *error)
{
    struct wish wish = {.message = message};
    set_items_split(message->text, &wish.ids, &wish.items);
    select_tasks(pool, wish.ids, &wish.selection);
    int result = COMMAND_DEFERRED;
    if (is_missing(pool, &wish)) {
        defer_event(pool, message);
    } else {
        bool any = wish.selection.found.n || wish.selection.absent.n;
        result = any ? flows_wanted(pool, message, &wish.flows, error) : 0;
        if (result == 0)
            result = set_all(pool, &wish, set, error);
    }
    text_release(&wish.problems);
    selection_release(&wish.selection);
    return result;
}

int pool_set_outputs(struct pool *pool, const struct message *message, struct error *error)
{
    return pool_set(pool, message, set_outputs_of_one, error);
}

int pool_set_prerequisites(struct pool *pool, const struct message *message, struct error *error)
{
    return pool_set(pool, message, set_prerequisites_of_one, error);
}
