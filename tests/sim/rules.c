/* See rules.h. What happens by itself; what users do is in rules_users.c. */
#include "tests/sim/rules.h"
#include "tests/sim/model.h"
#include "tests/sim/rules_inside.h"
#include <string.h>

static unsigned bit(enum spec_output output)
{
    return 1u << output;
}

/* --- what the definition says --- */

static bool is_gate(const struct spec *spec, int task)
{
    return task == spec->n_tasks;
}

bool rules_task_at(const struct spec *spec, int task, int point)
{
    if (is_gate(spec, task))
        return point == spec->final;
    return !spec->tasks[task].removed && model_task_at(spec, task, point);
}

static bool is_line_of(const struct spec_line *line, int task, int point)
{
    return line->child == task && spec_recurs(line->recurrence, point);
}

static bool names(const struct spec *spec, const struct spec_atom *atom, int parent)
{
    return atom->family ? spec->tasks[parent].member : atom->task == parent;
}

unsigned rules_mentioned(const struct spec *spec, int task, int point, int parent, int back)
{
    unsigned outputs = 0;
    for (int i = 0; i < spec->n_lines; i++)
        for (int a = 0; is_line_of(&spec->lines[i], task, point) && a < spec->lines[i].n_atoms; a++)
            if (spec->lines[i].atoms[a].back == back &&
                names(spec, &spec->lines[i].atoms[a], parent))
                outputs |= spec->lines[i].atoms[a].outputs;
    return outputs;
}

bool rules_has_no_parents(const struct spec *spec, int task, int point)
{
    for (int i = 0; i < spec->n_lines; i++)
        for (int a = 0; is_line_of(&spec->lines[i], task, point) && a < spec->lines[i].n_atoms; a++)
            if (point - spec->lines[i].atoms[a].back >= 1)
                return false;
    return true;
}

static bool waits_for(const struct spec *spec, int task, int point, bool clock)
{
    for (int i = 0; i < spec->n_lines; i++)
        if (is_line_of(&spec->lines[i], task, point) &&
            (clock ? spec->lines[i].clock : spec->lines[i].late))
            return true;
    return false;
}

int rules_next_point(const struct spec *spec, int task, int point)
{
    do
        point++;
    while (point <= spec->final && !rules_task_at(spec, task, point));
    return point;
}

static int previous_point(const struct spec *spec, int task, int point)
{
    do
        point--;
    while (point >= 1 && !rules_task_at(spec, task, point));
    return point;
}

static bool expiry_is_mentioned(const struct spec *spec, int task)
{
    for (int i = 0; i < spec->n_lines; i++)
        for (int a = 0; spec->lines[i].child != SPEC_NOBODY && a < spec->lines[i].n_atoms; a++)
            if (spec->lines[i].atoms[a].task == task &&
                spec->lines[i].atoms[a].outputs == bit(SPEC_EXPIRED))
                return true;
    return false;
}

bool rules_is_complete(const struct rules *rules, int task, const struct rules_place *place)
{
    const struct spec *spec = &rules->spec;
    if (place->orphan || is_gate(spec, task))
        return true;
    if (place->outputs & bit(SPEC_EXPIRED) && expiry_is_mentioned(spec, task))
        return true;
    return model_is_complete(spec, task, place->outputs);
}

bool rules_is_in_pool(const struct rules *rules, int task, int point)
{
    return rules->at[task][point].state != RULES_ABSENT;
}

bool rules_is_empty(const struct rules *rules)
{
    return rules_base(rules) > rules->spec.final;
}

int rules_base(const struct rules *rules)
{
    for (int point = 1; point <= rules->spec.final; point++)
        for (int t = 0; t <= rules->spec.n_tasks; t++)
            if (rules_is_in_pool(rules, t, point))
                return point;
    return rules->spec.final + 1;
}

/* --- runahead --- */

static bool is_cycle(const struct spec *spec, int point)
{
    for (int t = 0; t <= spec->n_tasks; t++)
        if (rules_task_at(spec, t, point))
            return true;
    return false;
}

static int limit_from(const struct rules *rules, int base)
{
    const struct spec *spec = &rules->spec;
    if (base > spec->final)
        return rules->limit;
    int limit = base, left = spec->runahead + 1;
    for (int point = base; point <= spec->final && left > 0; point++)
        if (is_cycle(spec, point)) {
            limit = point;
            left--;
        }
    return rules->stop_point && limit > rules->stop_point ? rules->stop_point : limit;
}

/* --- coming to the pool --- */

struct rules_place *rules_spawn(struct rules *rules, int task, int point, unsigned flows)
{
    struct rules_place *place = &rules->at[task][point];
    place->state = RULES_WAITING;
    place->flows = flows;
    place->outputs = 0;
    memset(place->got, 0, sizeof place->got);
    place->held = place->to_hold || (rules->hold_point && point > rules->hold_point);
    place->to_hold = place->held;
    place->manual = place->external = place->orphan = place->again = place->forced = false;
    place->late = place->clock = place->released = false;
    place->tries = 0;
    int before = previous_point(&rules->spec, task, point);
    place->previous = before < 1;
    rules_be_in(place);
    return place;
}

void rules_be_in(struct rules_place *place)
{
    for (int flow = 1; flow <= RULES_FLOWS_MAX; flow++)
        if (place->flows & 1u << flow)
            place->been[flow] = true;
}

static bool has_been(const struct rules_place *place, unsigned flows)
{
    for (int flow = 1; flow <= RULES_FLOWS_MAX; flow++)
        if (flows & 1u << flow && place->been[flow])
            return true;
    return false;
}

void rules_merge(struct rules *rules, struct rules_place *place, unsigned flows)
{
    (void)rules;
    if (!(flows & ~place->flows))
        return;
    place->flows |= flows;
    rules_be_in(place);
    if (place->state > RULES_RUNNING) { /* not complete: it runs again in both flows */
        place->state = RULES_WAITING;
        place->manual = false;
        place->again = true;
    }
}

/* NULL: it does not come (again). */
struct rules_place *rules_find_or_spawn(struct rules *rules, int task, int point, unsigned flows)
{
    struct rules_place *place = &rules->at[task][point];
    if (rules_is_in_pool(rules, task, point)) {
        rules_merge(rules, place, flows);
        return place;
    }
    if (!flows || !rules_task_at(&rules->spec, task, point) || has_been(place, flows))
        return NULL;
    return rules_spawn(rules, task, point, flows);
}

/* --- outputs --- */

static void tell_child(struct rules *rules, int child, int child_point, int parent, int back,
                       unsigned output, unsigned flows)
{
    if (!(rules_mentioned(&rules->spec, child, child_point, parent, back) & output))
        return;
    struct rules_place *place = rules_find_or_spawn(rules, child, child_point, flows);
    if (place)
        place->got[parent][back] |= output;
}

static void tell_next(struct rules *rules, int task, int point, unsigned flows)
{
    int next = rules_next_point(&rules->spec, task, point);
    if (!rules->spec.tasks[task].sequential || next > rules->spec.final)
        return;
    struct rules_place *place = rules_find_or_spawn(rules, task, next, flows);
    if (place)
        place->previous = true;
}

static void complete_output(struct rules *rules, int task, int point, enum spec_output output)
{
    struct rules_place *place = &rules->at[task][point];
    place->outputs |= bit(output);
    for (int flow = 1; flow <= RULES_FLOWS_MAX; flow++)
        if (place->flows & 1u << flow)
            place->done[flow] |= bit(output);
    if (place->orphan || is_gate(&rules->spec, task))
        return;
    for (int back = 0; back <= 1; back++)
        for (int child = 0; child < rules->spec.n_tasks; child++)
            if (point + back <= rules->spec.final)
                tell_child(rules, child, point + back, task, back, bit(output), place->flows);
    if (output == SPEC_SUCCEEDED)
        tell_next(rules, task, point, place->flows);
}

static void end_in(struct rules *rules, int task, int point, enum rules_state state)
{
    struct rules_place *place = &rules->at[task][point];
    place->state = state;
    if (task == rules->stop_task && point == rules->stop_task_point && state != RULES_ABSENT)
        rules->stop_task_done = true;
    if (rules_is_complete(rules, task, place))
        place->state = RULES_ABSENT;
}

/* --- jobs --- */

static unsigned outcome_of(const struct rules *rules, int task, int point)
{
    return is_gate(&rules->spec, task)
               ? bit(SPEC_SUBMITTED) | bit(SPEC_STARTED) | bit(SPEC_SUCCEEDED)
               : spec_outcome(&rules->spec, task, point, rules->at[task][point].tries + 1);
}

void rules_end_job(struct rules *rules, int task, int point, bool killed)
{
    struct rules_place *place = &rules->at[task][point];
    bool fails = killed || outcome_of(rules, task, point) & bit(SPEC_FAILED);
    if (fails && place->tries < rules->spec.tasks[task].retries && !place->orphan) {
        place->tries++;
        place->state = RULES_WAITING;
        place->again = true;
    } else {
        complete_output(rules, task, point, fails ? SPEC_FAILED : SPEC_SUCCEEDED);
        end_in(rules, task, point, fails ? RULES_FAILED : RULES_SUCCEEDED);
    }
}

static void run_job(struct rules *rules, int task, int point)
{
    struct rules_place *place = &rules->at[task][point];
    bool hangs = place->runs == 0 && rules->spec.tasks[task].is_long && !rules->let_go[task][point];
    place->state = RULES_RUNNING;
    place->manual = place->again = false;
    place->released = true;
    place->runs++;
    place->heard = rules_heard(rules, task, point);
    complete_output(rules, task, point, SPEC_SUBMITTED);
    complete_output(rules, task, point, SPEC_STARTED);
    if (outcome_of(rules, task, point) & bit(SPEC_X))
        complete_output(rules, task, point, SPEC_X);
    if (!hangs)
        rules_end_job(rules, task, point, false);
}

/* --- readiness --- */

static bool atom_holds(const struct spec *spec, const struct rules_place *place,
                       const struct spec_atom *atom, int point)
{
    if (point - atom->back < 1)
        return true;
    bool all = true, any = false;
    for (int t = 0; t < spec->n_tasks; t++) {
        if (!names(spec, atom, t))
            continue;
        bool holds = (place->got[t][atom->back] & atom->outputs) != 0;
        all = all && holds;
        any = any || holds;
    }
    return atom->family && !atom->all ? any : all && any;
}

static bool line_holds(const struct spec *spec, const struct rules_place *place,
                       const struct spec_line *line, int point)
{
    bool all = true, any = false;
    for (int a = 0; a < line->n_atoms; a++) {
        bool holds = atom_holds(spec, place, &line->atoms[a], point);
        all = all && holds;
        any = any || holds;
    }
    return !line->n_atoms || (line->any ? any : all);
}

static bool is_satisfied(const struct rules *rules, int task, int point)
{
    const struct rules_place *place = &rules->at[task][point];
    const struct spec *spec = &rules->spec;
    if (place->again || place->forced)
        return true;
    for (int i = 0; i < spec->n_lines; i++)
        if (is_line_of(&spec->lines[i], task, point) &&
            !line_holds(spec, place, &spec->lines[i], point))
            return false;
    return !spec->tasks[task].sequential || place->previous;
}

static bool is_let(const struct rules *rules, int task, int point)
{
    const struct rules_place *place = &rules->at[task][point];
    const struct spec *spec = &rules->spec;
    if (is_gate(spec, task))
        return rules->gate_open;
    return (place->again || !spec->tasks[task].external || place->external) &&
           (place->again || !waits_for(spec, task, point, false) || place->late) &&
           (place->again || !waits_for(spec, task, point, true) || place->clock);
}

/* Whatever the world says to those that wait: clocks, xtriggers, messages. */
static bool listen_to_world(struct rules *rules, int task, int point)
{
    struct rules_place *place = &rules->at[task][point];
    bool changed = false;
    if (!place->late && rules->late[point] && waits_for(&rules->spec, task, point, false))
        changed = place->late = true;
    if (!place->clock && rules->day >= spec_day(point) &&
        waits_for(&rules->spec, task, point, true))
        changed = place->clock = true;
    if (!place->external && rules->messages[task]) {
        rules->messages[task]--;
        changed = place->external = true;
    }
    return changed;
}

static bool expire(struct rules *rules, int task, int point)
{
    if (!rules->spec.tasks[task].expires || rules->day <= spec_day(point) ||
        rules->at[task][point].manual)
        return false;
    complete_output(rules, task, point, SPEC_EXPIRED);
    end_in(rules, task, point, RULES_EXPIRED);
    return true;
}

static bool look_at(struct rules *rules, int task, int point)
{
    struct rules_place *place = &rules->at[task][point];
    bool changed = false;
    if (place->state != RULES_WAITING)
        return false;
    if (!place->released && !place->manual) {
        if (point > rules->limit)
            return false;
        changed = place->released = true;
    }
    if (expire(rules, task, point))
        return true;
    changed = listen_to_world(rules, task, point) || changed;
    if (rules->stopping)
        return changed;
    bool goes = place->manual || (!rules->paused && !place->held && is_let(rules, task, point) &&
                                  is_satisfied(rules, task, point));
    if (goes)
        run_job(rules, task, point);
    return changed || goes;
}

/* --- cursors --- */

void rules_add_cursor(struct rules *rules, int task, unsigned flows, int next)
{
    for (int i = 0; i < rules->n_cursors; i++)
        if (rules->cursors[i].task == task && rules->cursors[i].flows == flows)
            return;
    if (rules->n_cursors < RULES_CURSORS_MAX)
        rules->cursors[rules->n_cursors++] = (struct rules_cursor){task, flows, next};
}

/* One of a task waits for its clock at a time. */
static bool is_shut(const struct rules *rules, const struct rules_cursor *cursor)
{
    for (int point = 1; point < cursor->next && cursor->next <= rules->spec.final; point++) {
        const struct rules_place *place = &rules->at[cursor->task][point];
        if (place->state == RULES_WAITING && !place->again && !place->clock &&
            waits_for(&rules->spec, cursor->task, point, true) &&
            rules_has_no_parents(&rules->spec, cursor->task, point))
            return true;
    }
    return false;
}

/* Every point within the limit, and one beyond. */
static bool move_cursor(struct rules *rules, struct rules_cursor *cursor)
{
    const struct spec *spec = &rules->spec;
    int from = cursor->next - 1;
    if (cursor->next < 1 || cursor->next > spec->final || !cursor->flows ||
        (from > rules->limit && from >= 1) || is_shut(rules, cursor))
        return false;
    if (is_gate(spec, cursor->task) || !spec->tasks[cursor->task].removed) {
        cursor->next = rules_task_at(spec, cursor->task, cursor->next)
                           ? cursor->next
                           : rules_next_point(spec, cursor->task, cursor->next);
    }
    if (cursor->next > spec->final)
        return true;
    if (rules_has_no_parents(spec, cursor->task, cursor->next))
        rules_find_or_spawn(rules, cursor->task, cursor->next, cursor->flows);
    cursor->next++;
    return true;
}

/* --- the whole --- */

/* When nothing more follows: what comes next is in the pool by then. */
static void expire_broadcasts(struct rules *rules)
{
    int base = rules_base(rules);
    if (base <= rules->spec.final)
        rules_expire(rules, base);
}

static bool spread(struct rules *rules)
{
    bool changed = false;
    int limit = limit_from(rules, rules_base(rules));
    if (limit > rules->limit && !rules->stopping) /* nothing new while it stops */
        rules->limit = limit;
    for (int i = 0; i < rules->n_cursors; i++)
        while (move_cursor(rules, &rules->cursors[i]))
            changed = true;
    for (int point = 1; point <= rules->spec.final; point++)
        for (int t = 0; t <= rules->spec.n_tasks; t++)
            changed = look_at(rules, t, point) || changed;
    return changed || (!rules->stopping && limit_from(rules, rules_base(rules)) > rules->limit);
}

static bool is_running(const struct rules *rules)
{
    for (int point = 1; point <= rules->spec.final; point++)
        for (int t = 0; t < rules->spec.n_tasks; t++)
            if (rules->at[t][point].state == RULES_RUNNING)
                return true;
    return false;
}

/* The scheduler ends, and is started again. */
static bool comes_to_an_end(struct rules *rules)
{
    if (rules->stopping && !is_running(rules)) {
        rules->stopping = false;
        rules->ends++;
        return true;
    }
    if (rules->stop_task_done && !is_running(rules)) {
        rules->stop_task = SPEC_NOBODY;
        rules->stop_task_done = false;
        rules->ends++;
        return true;
    }
    if (rules->stop_point && rules_base(rules) > rules->stop_point) {
        rules->stop_point = 0;
        rules->ends++;
        return true;
    }
    return false;
}

void rules_settle(struct rules *rules)
{
    do {
        while (spread(rules))
            ;
        expire_broadcasts(rules);
    } while (comes_to_an_end(rules));
}

void rules_begin(struct rules *rules, const struct spec *spec)
{
    memset(rules, 0, sizeof *rules);
    rules->spec = *spec;
    rules->last_flow = 1;
    rules->stop_task = SPEC_NOBODY;
    rules->limit = limit_from(rules, 1);
    for (int t = 0; t <= spec->n_tasks; t++)
        if (is_gate(spec, t) || !spec->tasks[t].removed)
            rules_add_cursor(rules, t, 1u << 1, 1);
}
