/* See rules.h: what users do, and what the world does at their pace. */
#include "tests/sim/rules_inside.h"
#include <string.h>

static struct rules_place *in_pool(struct rules *rules, int task, int point)
{
    return rules_is_in_pool(rules, task, point) ? &rules->at[task][point] : NULL;
}

/* --- hold --- */

static void hold(struct rules_place *place)
{
    place->to_hold = true;
    place->held = place->state != RULES_ABSENT;
}

void rules_hold(struct rules *rules, int task, int point)
{
    hold(&rules->at[task][point]);
}

void rules_release(struct rules *rules, int task, int point)
{
    rules->at[task][point].held = rules->at[task][point].to_hold = false;
}

void rules_hold_after(struct rules *rules, int after)
{
    rules->hold_point = after;
    for (int point = after + 1; point <= rules->spec.final; point++)
        for (int t = 0; t <= rules->spec.n_tasks; t++)
            if (in_pool(rules, t, point))
                hold(&rules->at[t][point]);
}

void rules_release_all(struct rules *rules)
{
    rules->hold_point = 0;
    for (int point = 1; point <= rules->spec.final; point++)
        for (int t = 0; t <= rules->spec.n_tasks; t++)
            rules_release(rules, t, point);
}

/* --- running --- */

static unsigned active_flows(const struct rules *rules)
{
    unsigned flows = 0;
    for (int point = 1; point <= rules->spec.final; point++)
        for (int t = 0; t <= rules->spec.n_tasks; t++)
            if (rules_is_in_pool(rules, t, point))
                flows |= rules->at[t][point].flows;
    return flows;
}

/* The limit holds this one back no longer, and so the next takes its place. */
static void let_next_come(struct rules *rules, int task, int point)
{
    int next = rules_next_point(&rules->spec, task, point);
    unsigned flows = rules->at[task][point].flows;
    if (next > rules->spec.final || !rules_has_no_parents(&rules->spec, task, point) ||
        !rules_has_no_parents(&rules->spec, task, next))
        return;
    rules_add_cursor(rules, task, flows, point + 1);
    rules_find_or_spawn(rules, task, next, flows);
}

void rules_trigger(struct rules *rules, int task, int point, unsigned flows)
{
    struct rules_place *place = in_pool(rules, task, point);
    if (!flows)
        flows = active_flows(rules);
    if (place) {
        rules_merge(rules, place, flows);
        place->state = RULES_WAITING;
        if (!place->released)
            let_next_come(rules, task, point);
    } else {
        place = rules_spawn(rules, task, point, flows);
        rules_add_cursor(rules, task, flows, point + 1);
    }
    place->manual = rules->any_manual = true;
}

void rules_set_prerequisites(struct rules *rules, int task, int point)
{
    struct rules_place *place = rules_find_or_spawn(rules, task, point, active_flows(rules));
    if (place)
        place->forced = true;
}

void rules_kill(struct rules *rules, int task, int point)
{
    rules_end_job(rules, task, point, true);
    rules->at[task][point].held = rules_is_in_pool(rules, task, point);
}

void rules_job_ends(struct rules *rules, int task, int point)
{
    rules->let_go[task][point] = true;
    rules_end_job(rules, task, point, false);
}

void rules_message(struct rules *rules, int task)
{
    rules->messages[task]++;
}

/* --- stopping --- */

void rules_stop(struct rules *rules, enum rules_stop how)
{
    if (how == RULES_STOP_NOW) {
        rules->ends++;
        return;
    }
    rules->stopping = true;
    for (int point = 1; point <= rules->spec.final && how == RULES_STOP_KILL; point++)
        for (int t = 0; t < rules->spec.n_tasks; t++)
            if (rules->at[t][point].state == RULES_RUNNING)
                rules_kill(rules, t, point);
}

void rules_stop_flow(struct rules *rules, int flow)
{
    unsigned gone = 1u << flow;
    for (int point = 1; point <= rules->spec.final; point++)
        for (int t = 0; t <= rules->spec.n_tasks; t++) {
            struct rules_place *place = in_pool(rules, t, point);
            if (!place || !(place->flows & gone))
                continue;
            place->flows &= ~gone;
            if (!place->flows && place->state != RULES_RUNNING)
                place->state = RULES_ABSENT;
        }
    for (int i = 0; i < rules->n_cursors; i++)
        rules->cursors[i].flows &= ~gone;
}

/* --- another definition --- */

static unsigned done_in(const struct rules_place *place, unsigned flows)
{
    unsigned outputs = 0;
    for (int flow = 1; flow <= RULES_FLOWS_MAX; flow++)
        if (flows & 1u << flow)
            outputs |= place->done[flow];
    return outputs;
}

/* What is named still stays as it is; what is named now is looked up in the past. */
static void renew_prerequisites(struct rules *rules, const struct spec *before, int task, int point)
{
    struct rules_place *place = &rules->at[task][point];
    for (int parent = 0; parent < before->n_tasks; parent++)
        for (int back = 0; back <= 1; back++) {
            unsigned old = rules_mentioned(before, task, point, parent, back);
            unsigned now = rules_mentioned(&rules->spec, task, point, parent, back);
            unsigned news = now & ~old;
            if (place->forced) /* so were those that there were */
                place->got[parent][back] |= old;
            place->got[parent][back] &= now;
            if (point - back >= 1)
                place->got[parent][back] |=
                    news & done_in(&rules->at[parent][point - back], place->flows);
        }
    place->forced = false;
}

static void end_cursors(struct rules *rules)
{
    for (int i = 0; i < rules->n_cursors; i++) {
        int task = rules->cursors[i].task;
        if (task < rules->spec.n_tasks && rules->spec.tasks[task].removed)
            rules->cursors[i].flows = 0;
    }
}

void rules_reload(struct rules *rules, const struct spec *spec)
{
    struct spec before = rules->spec;
    rules->spec = *spec;
    for (int point = 1; point <= spec->final; point++)
        for (int t = 0; t < spec->n_tasks; t++) {
            struct rules_place *place = in_pool(rules, t, point);
            if (!place)
                continue;
            place->orphan = spec->tasks[t].removed;
            if (place->orphan && place->state != RULES_RUNNING)
                place->state = RULES_ABSENT;
            else if (!place->orphan)
                renew_prerequisites(rules, &before, t, point);
        }
    end_cursors(rules);
}

/* --- broadcasts --- */

static struct rules_broadcast *find(struct rules *rules, int point, int task)
{
    struct rules_broadcast *free_one = NULL;
    for (int i = 0; i < RULES_BROADCASTS_MAX; i++) {
        struct rules_broadcast *each = &rules->broadcasts[i];
        if (each->value && each->point == point && each->task == task)
            return each;
        free_one = each->value ? free_one : each;
    }
    return free_one;
}

void rules_broadcast(struct rules *rules, int point, int task, int value)
{
    struct rules_broadcast *broadcast = find(rules, point, task);
    if (broadcast)
        *broadcast = (struct rules_broadcast){point, task, value};
}

void rules_clear(struct rules *rules, int point, int task)
{
    struct rules_broadcast *broadcast = find(rules, point, task);
    if (broadcast)
        broadcast->value = 0;
}

void rules_expire(struct rules *rules, int before)
{
    for (int i = 0; i < RULES_BROADCASTS_MAX; i++)
        if (rules->broadcasts[i].point && rules->broadcasts[i].point < before)
            rules->broadcasts[i].value = 0;
}

/* How near to the task: the task itself, its family, root; within that the point before all. */
static int nearness(const struct rules *rules, const struct rules_broadcast *broadcast, int task,
                    int point)
{
    if (!broadcast->value || (broadcast->point && broadcast->point != point))
        return 0;
    bool family = broadcast->task == SPEC_TASKS_MAX;
    int near = broadcast->task == SPEC_NOBODY ? 1 : family ? 2 : 3;
    if (near == 2 && !rules->spec.tasks[task].member)
        return 0;
    if (near == 3 && broadcast->task != task)
        return 0;
    return broadcast->point ? near + 10 : near;
}

int rules_heard(const struct rules *rules, int task, int point)
{
    int best = 0, value = 0;
    for (int i = 0; i < RULES_BROADCASTS_MAX; i++) {
        int near = nearness(rules, &rules->broadcasts[i], task, point);
        if (near > best) {
            best = near;
            value = rules->broadcasts[i].value;
        }
    }
    return value;
}
