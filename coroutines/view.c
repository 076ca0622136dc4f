/* See view.h. One function for each topic that changes what is seen. */
#include "coroutines/view.h"
#include "db/restart.h"
#include <stdlib.h>

#include "base/banned.h"

bool view_bit(const uint64_t *bits, uint32_t index)
{
    return bits && (bits[index / 64] >> (index % 64) & 1);
}

static void put_bit(uint64_t **bits, uint32_t index, uint32_t n, bool set)
{
    if (!*bits)
        *bits = NEW_ARRAY(uint64_t, (n + 63) / 64);
    uint64_t bit = UINT64_C(1) << (index % 64);
    (*bits)[index / 64] = set ? (*bits)[index / 64] | bit : (*bits)[index / 64] & ~bit;
}

static void set_bit(uint64_t **bits, uint32_t index, uint32_t n)
{
    put_bit(bits, index, n, true);
}

static struct view_task *find(const struct view *view, cycle_point point, uint32_t task)
{
    struct view_key key = {point, task};
    struct view_task *found;
    HASH_FIND(hh, view->tasks, &key, sizeof key, found);
    return found;
}

const struct view_task *view_find(const struct view *view, cycle_point point, uint32_t task)
{
    return find(view, point, task);
}

const struct view_group *view_find_group(const struct view *view, cycle_point point, uint32_t group)
{
    struct view_key key = {point, group};
    struct view_group *found;
    HASH_FIND(hh, view->groups, &key, sizeof key, found);
    return found;
}

enum satisfied_how view_member(const struct view *view, const struct view_task *task,
                               const struct atom *atom, uint32_t number, cycle_point parent,
                               uint32_t member)
{
    const struct view_group *group = view_find_group(view, parent, atom->index);
    if (task && marks_get(task->given, number, member))
        return SATISFIED_BY_FORCE;
    return group && view_bit(group->satisfied, member) ? SATISFIED_NATURALLY : SATISFIED_NO_LONGER;
}

const struct view_xtrigger *view_xtrigger_of(const struct view_task *task, uint32_t xtrigger)
{
    for (size_t i = 0; task && i < task->xtriggers.n; i++)
        if (task->xtriggers.at[i].xtrigger == xtrigger)
            return &task->xtriggers.at[i];
    return NULL;
}

const char *view_message(const struct view *view, const struct view_xtrigger *xtrigger)
{
    return xtrigger->xtrigger == NO_INDEX ? NULL
                                          : view->workflow->xtriggers[xtrigger->xtrigger].external;
}

const struct view_signature *view_signature(const struct view *view, const char *signature)
{
    struct view_signature *found;
    HASH_FIND_STR(view->signatures, signature, found);
    return found;
}

/* --- counting --- */

static void count(struct view *view, const struct view_task *task, int by)
{
    view->by_status[task->status] += (uint64_t)(int64_t)by;
    if (status_is_active(task->status))
        view->active[view->workflow->tasks[task->key.index].queue] += (uint32_t)by;
}

static struct view_task *add(struct view *view, cycle_point point, uint32_t index)
{
    struct view_task *task = find(view, point, index);
    if (task)
        return task;
    task = NEW(struct view_task);
    task->key = (struct view_key){point, index};
    HASH_ADD(hh, view->tasks, key, sizeof task->key, task);
    for (struct view_cursor *cursor = view->cursors; cursor; cursor = cursor->other)
        if (!cursor->next)
            cursor->next = task;
    count(view, task, 1);
    return task;
}

static void set_status(struct view *view, struct view_task *task, enum task_status status)
{
    count(view, task, -1);
    task->status = status;
    count(view, task, 1);
}

static void drop(struct view *view, struct view_task *task)
{
    count(view, task, -1);
    for (struct view_cursor *cursor = view->cursors; cursor; cursor = cursor->other)
        if (cursor->next == task)
            cursor->next = task->hh.next;
    HASH_DEL(view->tasks, task);
    VEC_EACH (struct view_xtrigger, xtrigger, &task->xtriggers)
        free(xtrigger->signature);
    vec_release(&task->xtriggers);
    free(task->satisfied);
    free(task->how);
    marks_free(task->given);
    free(task);
}

/* --- cursors --- */

void view_cursor_open(struct view *view, struct view_cursor *cursor)
{
    *cursor = (struct view_cursor){.next = view->tasks, .other = view->cursors};
    view->cursors = cursor;
}

const struct view_task *view_cursor_next(struct view_cursor *cursor)
{
    struct view_task *task = cursor->next;
    if (task)
        cursor->next = task->hh.next;
    return task;
}

void view_cursor_close(struct view *view, struct view_cursor *cursor)
{
    struct view_cursor **at = &view->cursors;
    while (*at && *at != cursor)
        at = &(*at)->other;
    if (*at)
        *at = cursor->other;
}

/* --- topics --- */

static void apply_spawned(struct view *view, const struct message *m)
{
    struct view_task *task = add(view, m->point, m->task);
    task->flags = m->flags;
    task->flows = m->flows;
    task->submit = m->submit;
    task->since = m->when;
    task->outputs = (uint64_t)m->value;
}

static void apply_state(struct view *view, const struct message *m)
{
    struct view_task *task = add(view, m->point, m->task);
    if (task->status != m->status || !task->since)
        task->since = m->when;
    set_status(view, task, m->status);
    task->flags = m->flags;
    task->flows = m->flows;
    task->submit = m->submit;
    task->try_ = m->try_;
}

static void set_xtrigger(struct view_task *task, uint32_t xtrigger, struct slice signature,
                         bool satisfied)
{
    VEC_EACH (struct view_xtrigger, each, &task->xtriggers) /* two may have one signature */
        if (each->xtrigger == xtrigger && slice_equal(signature, each->signature)) {
            each->satisfied = satisfied;
            return;
        }
    *vec_push(&task->xtriggers) =
        (struct view_xtrigger){xtrigger, satisfied, slice_copy(signature)};
}

static void group_free(struct view *view, struct view_group *group)
{
    HASH_DEL(view->groups, group);
    free(group->satisfied);
    free(group);
}

static void forget_groups(struct view *view, cycle_point point)
{
    for (uint32_t i = 0; i < view->workflow->graph->n_groups; i++) {
        const struct view_key key = {point, i};
        struct view_group *group;
        HASH_FIND(hh, view->groups, &key, sizeof key, group);
        if (group)
            group_free(view, group);
    }
}

static void apply_group(struct view *view, cycle_point point, uint32_t index, uint32_t member,
                        bool satisfied)
{
    struct view_key key = {point, index};
    struct view_group *group;
    HASH_FIND(hh, view->groups, &key, sizeof key, group);
    if (!group) {
        group = NEW(struct view_group);
        group->key = key;
        HASH_ADD(hh, view->groups, key, sizeof group->key, group);
    }
    put_bit(&group->satisfied, member, view->workflow->graph->groups[index].n_members, satisfied);
}

static void forget_signature(struct view *view, struct view_signature *signature)
{
    HASH_DEL(view->signatures, signature);
    free(signature->text);
    free(signature->problem);
    free(signature->found);
    free(signature);
}

static void forget_signatures(struct view *view)
{
    struct view_signature *signature, *next;
    HASH_ITER(hh, view->signatures, signature, next)
    forget_signature(view, signature);
}

static void note_asked(struct view_signature *signature, const struct message *m)
{
    signature->how = (enum xtrigger_asked)m->number;
    signature->n_asked = m->id;
    signature->asked = m->when;
    signature->next = m->value;
    signature->told = m->flags;
    if (m->detail.n || signature->found) {
        free(signature->found);
        signature->found = m->detail.n ? slice_copy(m->detail) : NULL;
    }
}

/* Said until it is satisfied or nobody waits for it. */
static void apply_signature(struct view *view, const struct message *m)
{
    struct view_signature *signature;
    HASH_FIND(hh, view->signatures, m->text.at, m->text.n, signature);
    if (m->topic == TOPIC_XTRIGGER_SATISFIED ||
        (m->topic == TOPIC_XTRIGGER_ASKED && m->number == ASKED_GONE)) {
        if (signature)
            forget_signature(view, signature);
        return;
    }
    if (!signature) {
        signature = NEW(struct view_signature);
        signature->text = slice_copy(m->text);
        HASH_ADD_KEYPTR(hh, view->signatures, signature->text, m->text.n, signature);
    }
    if (m->topic == TOPIC_XTRIGGER_ASKED) {
        note_asked(signature, m);
    } else {
        free(signature->problem);
        signature->problem = m->detail.n ? slice_copy(m->detail) : NULL;
        signature->problem_when = m->when;
    }
}

static void apply_workflow(struct view *view, const struct message *m)
{
    view->status = (enum workflow_status)m->number;
    view->workflow_flags = m->flags;
    free(view->reason);
    view->reason = slice_copy(m->text);
}

static void set_how(struct view_task *task, uint32_t atom, uint32_t n, enum satisfied_how how)
{
    if (how != SATISFIED_NATURALLY && !task->how)
        task->how = NEW_ARRAY(uint8_t, n);
    if (task->how)
        task->how[atom] = (uint8_t)how;
}

static void apply_prerequisite(struct view *view, struct view_task *task, const struct message *m)
{
    const struct graph *graph = view->workflow->graph;
    uint32_t n = graph->tasks[m->task].n_atoms;
    if (m->id) {
        uint32_t group = graph->tasks[m->task].atoms[m->number].index;
        marks_set(&task->given, m->number, (uint32_t)m->id - 1, graph->groups[group].n_members);
        return;
    }
    put_bit(&task->satisfied, m->number, n, m->value != SATISFIED_NO_LONGER);
    if (m->value != SATISFIED_NO_LONGER)
        set_how(task, m->number, n, (enum satisfied_how)m->value);
}

/* Topics about one task that must be in the view already. */
static void apply_to_task(struct view *view, const struct message *m)
{
    struct view_task *task = find(view, m->point, m->task);
    if (!task)
        return;
    if (m->topic == TOPIC_TASK_PREREQUISITE)
        apply_prerequisite(view, task, m);
    else if (m->topic == TOPIC_TASK_XTRIGGER)
        set_xtrigger(task, m->number, m->text, m->value != 0);
    else if (m->topic == TOPIC_TASK_OUTPUT)
        task->outputs |= UINT64_C(1) << m->number;
    else if (m->topic == TOPIC_TASK_REMOVED && m->number != REMOVED_FROM_FLOWS)
        drop(view, task);
}

void view_apply(struct view *view, const struct message *m)
{
    if (m->topic == TOPIC_TASK_SPAWNED)
        apply_spawned(view, m);
    else if (m->topic == TOPIC_TASK_STATE)
        apply_state(view, m);
    else if (m->topic == TOPIC_TASK_GROUP)
        apply_group(view, m->point, m->number, (uint32_t)m->value, !m->flags);
    else if (m->topic == TOPIC_TASK_GROUPS_PAST)
        forget_groups(view, m->point);
    else if (m->topic == TOPIC_POOL_RUNAHEAD)
        view->runahead = m->point;
    else if (m->topic == TOPIC_WORKFLOW_STATE)
        apply_workflow(view, m);
    else if (m->topic == TOPIC_XTRIGGER_READY)
        forget_signatures(view); /* their process begins anew */
    else if (m->topic == TOPIC_XTRIGGER_PROBLEM || m->topic == TOPIC_XTRIGGER_SATISFIED ||
             m->topic == TOPIC_XTRIGGER_ASKED)
        apply_signature(view, m);
    else
        apply_to_task(view, m);
}

/* --- beginning and end --- */

static void load(struct view *view, const struct restart *restart)
{
    for (size_t i = 0; i < restart->n_tasks; i++) {
        const struct restart_task *from = &restart->tasks[i];
        struct view_task *task = add(view, from->point, from->task);
        set_status(view, task, from->status);
        task->flags = restart_flags(restart, from);
        task->flows = from->flows;
        task->submit = from->submit;
        task->try_ = from->try_;
        task->outputs = from->outputs;
        uint32_t atoms = view->workflow->graph->tasks[from->task].n_atoms;
        for (uint32_t a = 0; a < atoms && from->prerequisites; a++)
            if (view_bit(from->prerequisites, a))
                set_bit(&task->satisfied, a, atoms);
        task->given = marks_copy(from->forced);
        for (uint32_t a = 0; a < atoms; a++)
            if (marks_get(from->forced, FORCED_ATOMS, a))
                set_how(task, a, atoms, SATISFIED_BY_FORCE);
    }
    for (size_t i = 0; i < restart->n_groups; i++)
        apply_group(view, restart->groups[i].point, restart->groups[i].group,
                    restart->groups[i].member, true);
    for (size_t i = 0; i < restart->n_xtriggers; i++) {
        const struct restart_xtrigger *from = &restart->xtriggers[i];
        struct view_task *task = find(view, from->point, from->task);
        if (task)
            set_xtrigger(task, from->xtrigger, slice_of(from->signature), from->satisfied);
    }
    view->runahead = restart->runahead;
}

void view_init(struct view *view, const struct workflow *workflow, const struct restart *restart)
{
    *view = (struct view){.workflow = workflow, .runahead = POINT_NONE};
    view->active = NEW_ARRAY(uint32_t, workflow->n_queues);
    if (!restart)
        return;
    load(view, restart);
    view->status = restart->paused ? WORKFLOW_PAUSED : WORKFLOW_RUNNING;
}

static void forget_tasks(struct view *view)
{
    struct view_task *task, *next_task;
    HASH_ITER(hh, view->tasks, task, next_task)
    drop(view, task);
    struct view_group *group, *next_group;
    HASH_ITER(hh, view->groups, group, next_group)
    group_free(view, group);
    free(view->active);
}

void view_renew(struct view *view, const struct workflow *workflow, const struct restart *restart)
{
    forget_tasks(view);
    view->workflow = workflow;
    view->active = NEW_ARRAY(uint32_t, workflow->n_queues);
    load(view, restart);
}

void view_release(struct view *view)
{
    forget_tasks(view);
    forget_signatures(view);
    free(view->reason);
}
