/* See plan.h. */
#include "tests/sim/plan.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct planner {
    struct plan *plan;
    const struct spec *spec;
    uint64_t state;
    bool was_set[SPEC_TASKS_MAX][SPEC_POINTS_MAX + 1];
};

static int pick(struct planner *p, int n)
{
    p->state = p->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((p->state >> 33) % (uint64_t)n);
}

static void add(struct planner *p, const char *command, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add(struct planner *p, const char *command, const char *format, ...)
{
    struct plan_step *step = &p->plan->steps[p->plan->n++];
    va_list args;
    step->command = command;
    step->due = (int64_t)p->plan->n * PLAN_PAUSE;
    va_start(args, format);
    vsnprintf(step->args, sizeof step->args, format, args);
    va_end(args);
}

static bool pick_task(struct planner *p, int *ret_task, int *ret_point)
{
    for (int tries = 0; tries < 50; tries++) {
        *ret_task = pick(p, p->spec->n_tasks);
        *ret_point = 1 + pick(p, p->spec->final);
        if (model_task_at(p->spec, *ret_task, *ret_point))
            return true;
    }
    return false;
}

static void set_something(struct planner *p)
{
    static const struct {
        const char *names;
        unsigned outputs;
    } sets[] = {{"", 0},
                {"\"succeeded\"", 1u << SPEC_SUCCEEDED},
                {"\"failed\"", 1u << SPEC_FAILED},
                {"\"x\"", 1u << SPEC_X},
                {"\"started\"", 1u << SPEC_STARTED},
                {"\"x\", \"succeeded\"", 1u << SPEC_X | 1u << SPEC_SUCCEEDED}};
    int task, point, set = pick(p, sizeof sets / sizeof *sets);
    if (!pick_task(p, &task, &point))
        return;
    add(p, "set", "{\"ids\": [\"%d/t%d\"], \"outputs\": [%s]}", point, task, sets[set].names);
    p->was_set[task][point] = true;
    model_set(p->spec, &p->plan->flows[0], task, point, sets[set].outputs);
    model_go_on(p->spec, &p->plan->flows[0]);
}

static void remove_something(struct planner *p)
{
    int task, point;
    struct model *model = &p->plan->flows[0];
    if (!pick_task(p, &task, &point) || p->was_set[task][point] || !model->spawned[task][point])
        return;
    add(p, "remove", "{\"ids\": [\"%d/t%d\"]}", point, task);
    model_remove(p->spec, model, task, point);
    model_go_on(p->spec, model);
}

/* Everything that is left, so that the next flow meets nothing. */
static void remove_the_rest(struct planner *p)
{
    struct model *model = &p->plan->flows[0];
    char ids[1536] = "";
    size_t n = 0;
    bool left[SPEC_TASKS_MAX][SPEC_POINTS_MAX + 1] = {{false}};
    for (int point = 1; point <= p->spec->final; point++)
        for (int t = 0; t < p->spec->n_tasks; t++) {
            left[t][point] = model_is_left(p->spec, model, t, point);
            if (left[t][point])
                n += (size_t)snprintf(ids + n, sizeof ids - n, "%s\"%d/t%d\"", n ? ", " : "", point,
                                      t);
        }
    if (!n)
        return;
    add(p, "remove", "{\"ids\": [%s]}", ids);
    for (int point = 1; point <= p->spec->final; point++)
        for (int t = 0; t < p->spec->n_tasks; t++)
            if (left[t][point])
                model_remove(p->spec, model, t, point);
    model_go_on(p->spec, model);
}

/* A flow that begins somewhere; with what it leaves it may be stopped. False: nothing may follow.
 */
static bool begin_flow(struct planner *p)
{
    struct plan *plan = p->plan;
    int task, point, number = plan->n_flows + 1;
    if (!pick_task(p, &task, &point))
        return false;
    add(p, "trigger", "{\"ids\": [\"%d/t%d\"], \"flow\": [%d]}", point, task, number);
    struct model *model = &plan->flows[plan->n_flows++];
    model_trigger(p->spec, model, task, point);
    model_go_on(p->spec, model);
    if (!model->stalls)
        return true;
    if (pick(p, 2))
        return false;
    add(p, "stop", "{\"flow\": %d}", number);
    plan->stopped[number - 1] = true;
    return true;
}

void plan_make(struct plan *plan, const struct spec *spec)
{
    struct planner p = {.plan = plan, .spec = spec, .state = spec->seed * 2654435761u + 12345};
    memset(plan, 0, sizeof *plan);
    plan->n_flows = 1;
    model_run(spec, &plan->flows[0]);
    if (!spec->gated)
        return;
    set_something(&p);
    if (pick(&p, 2))
        set_something(&p);
    if (pick(&p, 2))
        remove_something(&p);
    if (pick(&p, 3)) {
        remove_the_rest(&p);
        if (begin_flow(&p) && pick(&p, 2))
            begin_flow(&p);
    }
    add(&p, "set", "{\"ids\": [\"%d/t%d\"], \"prerequisites\": [\"xtrigger/never\"]}", spec->final,
        spec->n_tasks);
}

bool plan_stalls(const struct plan *plan)
{
    if (plan->begin)
        return !rules_is_empty(plan->steps[plan->n - 1].after);
    for (int flow = 0; flow < plan->n_flows; flow++)
        if (plan->flows[flow].stalls && !plan->stopped[flow])
            return true;
    return false;
}

void plan_release(struct plan *plan)
{
    free(plan->begin);
    for (int i = 0; i < plan->n; i++)
        free(plan->steps[i].after);
}
