/* One message -> changes of rows in memory: one function a topic, in one table. */
#include "db/apply.h"
#include "base/check.h"
#include "db/retries.h"
#include "scheduler/config/event_handlers.h"
#include "scheduler/config/overlay.h"
#include <errno.h>
#include <stdio.h>

#include "base/banned.h"

static struct instance *touch(struct db *db, const struct message *m, struct error *error)
{
    struct instance *instance = rows_get(db, m->point, m->task, error);
    if (instance)
        rows_touch(db, instance);
    return instance;
}

static void replace_text(char **at, struct slice text)
{
    free(*at);
    *at = text.n ? slice_copy(text) : NULL;
}

/* The flows of a message. One that nobody told of gets a row all the same: its number must not be
 * used again. */
static const struct flow_set *flows_of(struct db *db, const struct message *m)
{
    struct flow_set *flows = forms_flows(&db->forms, &m->flows);
    if (flows->noted)
        return flows;
    flows->noted = true;
    for (uint32_t i = 0; i < m->flows.n; i++) {
        uint32_t flow = m->flows.at[i];
        db->flow_last = flow > db->flow_last ? flow : db->flow_last;
        later_add(&db->later, SQL_FLOW_ADD);
        later_number(&db->later, flow);
        later_text(&db->later, forms_time(&db->forms, db->now));
        later_text(&db->later, "no description");
    }
    return flows;
}

/* --- instances --- */

static struct history *state_row(struct instance *instance, const struct flow_set *flows,
                                 int64_t when)
{
    struct history *row = rows_history(instance, flows);
    if (!row) {
        row = rows_add_history(instance, flows);
        row->created = when;
        row->outputs_dirty = true;
    }
    row->updated = when;
    row->state_dirty = true;
    return row;
}

/* Two flows have met: a new row from now on, which begins as the old one stands. */
static void merge(struct instance *instance, const struct flow_set *flows, int64_t when)
{
    const struct history *old = instance->now;
    struct history *row = state_row(instance, flows, when);
    row->outputs |= old->outputs;
    row->forced |= old->forced;
    row->outputs_dirty = true;
    row->submit = old->submit;
    row->status = old->status;
    row->flow_wait = old->flow_wait;
    row->manual = old->manual;
    instance->now = row;
    instance->pool_dirty = true;
}

static void move_cursor(struct db *db, const struct message *m, const struct flow_set *flows)
{
    later_add(&db->later, SQL_CURSOR_PUT);
    later_text(&db->later, db->workflow->tasks[m->task].name);
    later_text(&db->later, forms_point(&db->forms, db->workflow, m->point));
    later_text(&db->later, flows->text);
}

static int task_spawned(struct db *db, const struct message *m, struct error *error)
{
    struct instance *instance = touch(db, m, error);
    if (!instance)
        return error->code;
    const struct flow_set *flows = flows_of(db, m);
    if (m->flags & TASK_FROM_CURSOR)
        move_cursor(db, m, flows);
    if (instance->in_pool) {
        if (flows != instance->now->flows)
            merge(instance, flows, m->when);
        return 0;
    }
    struct history *row = state_row(instance, flows, m->when);
    row->outputs = (uint64_t)m->value; /* of an earlier run in these flows nothing else is left */
    row->forced &= row->outputs;
    row->outputs_dirty = true;
    row->submit = m->submit;
    row->status = STATUS_WAITING;
    row->flow_wait = m->flags & TASK_FLOW_WAIT;
    row->manual = m->flags & TASK_MANUAL;
    instance->now = row;
    instance->in_pool = true;
    instance->flags = m->flags;
    instance->try_ = m->try_;
    instance->settled = 0;
    rows_forget_job(instance);
    instance->pool_dirty = instance->task_dirty = true;
    rows_make_atoms(db, instance);
    return 0;
}

static int task_state(struct db *db, const struct message *m, struct error *error)
{
    struct instance *instance = touch(db, m, error);
    if (!instance)
        return error->code;
    const struct flow_set *flows = flows_of(db, m);
    if (instance->in_pool && flows != instance->now->flows)
        merge(instance, flows, m->when);
    struct history *row = state_row(instance, flows, m->when);
    row->submit = m->submit;
    row->status = m->status;
    row->flow_wait = m->flags & TASK_FLOW_WAIT;
    row->manual = (m->flags & TASK_MANUAL) && m->status == STATUS_WAITING;
    if (instance->in_pool) {
        instance->flags = m->flags;
        instance->try_ = m->try_;
        instance->pool_dirty = instance->task_dirty = true;
        if (!status_is_active(m->status))
            rows_forget_job(instance);
        if (m->flags & TASK_RETRYING)
            retries_note(db, m->point, m->task, m->try_, instance->failed_submissions);
    }
    return 0;
}

static void forget_history(struct db *db, struct instance *instance, struct history *row)
{
    const char *name = rows_task(db, instance)->name;
    const char *cycle = forms_point(&db->forms, db->workflow, instance->key.point);
    if (row->stored) {
        later_add(&db->later, SQL_STATE_DELETE);
        later_text(&db->later, name);
        later_text(&db->later, cycle);
        later_text(&db->later, row->stored->text);
        later_add(&db->later, SQL_OUTPUTS_DELETE);
        later_text(&db->later, cycle);
        later_text(&db->later, name);
        later_text(&db->later, row->stored->text);
    }
    rows_drop_history(instance, row);
}

/* Out of the given flows (none given: out of all), as the remove command does. The history stays,
 * under the flows that are left. */
static void leave_flows(struct db *db, struct instance *instance, const struct message *m)
{
    struct history *next;
    for (struct history *row = instance->rows; row; row = next) {
        next = row->next;
        const struct flow_list *old = &row->flows->list;
        if (m->flows.n > 0 ? !flows_meet(old, &m->flows) : old->n == 0)
            continue;
        struct flow_list rest = {0};
        if (m->flows.n > 0)
            rest = flows_minus(old, &m->flows);
        const struct flow_set *flows = forms_flows(&db->forms, &rest);
        struct history *other = rows_history(instance, flows);
        if (other && other->submit > row->submit)
            row->submit = other->submit; /* no number is used again */
        if (other && other == instance->now) {
            other->state_dirty |= other->submit != row->submit;
            other->submit = row->submit;
            forget_history(db, instance, row);
            continue;
        }
        if (other) {
            next = next == other ? other->next : next;
            forget_history(db, instance, other);
        }
        row->flows = flows;
        row->state_dirty = row->outputs_dirty = true;
        instance->pool_dirty |= row == instance->now;
    }
}

static int task_removed(struct db *db, const struct message *m, struct error *error)
{
    struct instance *instance = touch(db, m, error);
    if (!instance)
        return error->code;
    if (m->number == REMOVED_FROM_FLOWS)
        leave_flows(db, instance, m);
    if (instance->in_pool && m->number != REMOVED_FROM_FLOWS)
        rows_leave_pool(instance);
    return 0;
}

/* The row that an output of the instance belongs to: of one that is gone, the run whose flow has
 * caught up with it, so that it waits no longer. */
static struct history *output_row(struct instance *instance, const struct flow_set *flows,
                                  const struct message *m)
{
    if (instance->in_pool)
        return instance->now;
    struct history *row = rows_history(instance, flows);
    for (struct history *other = instance->rows; other; other = other->next) {
        if (!flows_meet(&other->flows->list, &flows->list))
            continue;
        row = row ? row : other;
        other->state_dirty |= other->flow_wait;
        other->flow_wait = false;
    }
    if (row)
        return row;
    row = state_row(instance, flows, m->when);
    row->submit = m->submit;
    return row;
}

static int task_output(struct db *db, const struct message *m, struct error *error)
{
    struct instance *instance = touch(db, m, error);
    if (!instance)
        return error->code;
    const struct task_def *task = &db->workflow->tasks[m->task];
    PRE(m->number < task->n_outputs);
    const struct flow_set *flows = flows_of(db, m);
    struct history *row = output_row(instance, flows, m);
    uint64_t bit = UINT64_C(1) << m->number;
    if (!(row->outputs & bit)) {
        row->outputs |= bit;
        row->forced |= m->value & OUTPUT_FORCED ? bit : 0;
        row->outputs_dirty = true;
    }
    if (db->absolute[m->task] & bit) {
        later_add(&db->later, SQL_ABSOLUTE_ADD);
        later_text(&db->later, forms_point(&db->forms, db->workflow, m->point));
        later_text(&db->later, task->name);
        later_text(&db->later, task->outputs[m->number].message);
    }
    VEC_EACH (struct unsettled, output, &instance->unsettled)
        if (output->output == m->number && output->flows == flows) {
            output->wanted = true;
            return 0;
        }
    *vec_push(&instance->unsettled) = (struct unsettled){m->number, flows, true, false};
    return 0;
}

static int task_settled(struct db *db, const struct message *m, struct error *error)
{
    struct instance *instance = touch(db, m, error);
    if (!instance)
        return error->code;
    const struct flow_set *flows = forms_flows(&db->forms, &m->flows);
    size_t kept = 0;
    VEC_EACH (struct unsettled, output, &instance->unsettled) {
        if (output->output == m->number && output->flows == flows)
            output->wanted = false;
        if (output->wanted || output->stored)
            instance->unsettled.at[kept++] = *output;
    }
    instance->unsettled.n = kept;
    return 0;
}

/* --- prerequisites --- */

static int task_prerequisite(struct db *db, const struct message *m, struct error *error)
{
    struct instance *instance = touch(db, m, error);
    if (!instance)
        return error->code;
    PRE(m->number < rows_graph_task(db, instance)->n_atoms);
    if (!instance->atoms)
        return 0;
    uint8_t *mark = &instance->atoms[m->number];
    const struct atom *atom = &rows_graph_task(db, instance)->atoms[m->number];
    if (m->id)
        marks_set(&instance->members, m->number, (uint32_t)m->id - 1,
                  db->workflow->graph->groups[atom->index].n_members);
    else
        *mark = (uint8_t)((*mark & ATOM_APPLIES) | (m->value + 1) |
                          (m->value == SATISFIED_NO_LONGER ? ATOM_UNDONE : 0));
    *mark |= ATOM_DIRTY;
    instance->atoms_dirty = true;
    return 0;
}

/* The children of a small group show its members one by one. */
static int touch_children(struct db *db, const struct group *group, cycle_point point,
                          struct error *error)
{
    for (uint32_t i = 0; i < group->edges.n; i++) {
        const struct edge *edge = &group->edges.at[i];
        const struct atom *atom = &db->workflow->graph->tasks[edge->index].atoms[edge->atom];
        if (atom->offset->kind == OFFSET_ABSOLUTE)
            continue;
        struct offset_children children;
        cycle_point next;
        offset_children_begin(&children, db->workflow->cycling, atom->offset,
                              db->workflow->graph->sequences[edge->sequence].sequence, point);
        while ((next = offset_children_next(&children)) != POINT_NONE) {
            struct instance *child = rows_get(db, next, edge->index, error);
            if (!child)
                return error->code;
            if (!child->atoms)
                continue;
            rows_touch(db, child);
            child->atoms[edge->atom] |= ATOM_DIRTY;
            child->atoms_dirty = true;
        }
    }
    return 0;
}

static void add_group_row(struct db *db, const struct message *m, enum statement statement)
{
    const struct group *group = &db->workflow->graph->groups[m->number];
    later_add(&db->later, statement);
    later_text(&db->later, group->name);
    later_text(&db->later, forms_point(&db->forms, db->workflow, m->point));
    later_text(&db->later, db->workflow->tasks[group->members[m->value]].name);
}

void apply_group_member(struct db *db, const struct message *m)
{
    add_group_row(db, m, SQL_GROUP_PUT);
    later_text(&db->later, forms_flows(&db->forms, &m->flows)->text);
}

static int task_group(struct db *db, const struct message *m, struct error *error)
{
    const struct group *group = &db->workflow->graph->groups[m->number];
    PRE(m->value >= 0 && (uint64_t)m->value < group->n_members);
    for (uint32_t i = 0; m->flags && i < m->flows.n; i++) {
        add_group_row(db, m, SQL_GROUP_LEAVE_FLOW);
        later_number(&db->later, m->flows.at[i]);
    }
    if (!m->flags)
        apply_group_member(db, m);
    if (group->n_members > GROUP_ROWS_MAX || group->edges.n > GROUP_ROWS_MAX)
        return 0;
    return touch_children(db, group, m->point, error);
}

static int task_groups_past(struct db *db, const struct message *m, struct error *error)
{
    (void)error;
    later_add(&db->later, SQL_GROUP_FORGET);
    later_text(&db->later, forms_point(&db->forms, db->workflow, m->point));
    return 0;
}

static int task_xtrigger(struct db *db, const struct message *m, struct error *error)
{
    struct instance *instance = touch(db, m, error);
    if (!instance)
        return error->code;
    if (!instance->in_pool)
        return 0;
    struct wait *wait = NULL;
    VEC_EACH (struct wait, known, &instance->waits)
        if (known->xtrigger == m->number)
            wait = known;
    if (!wait) {
        wait = vec_push(&instance->waits);
        wait->xtrigger = m->number;
    }
    replace_text(&wait->signature, m->text);
    wait->satisfied = m->value != 0;
    wait->dirty = true;
    return 0;
}

static int task_hold(struct db *db, const struct message *m, struct error *error)
{
    (void)error;
    later_add(&db->later, m->value ? SQL_HOLD_ADD : SQL_HOLD_DELETE);
    later_text(&db->later, db->workflow->tasks[m->task].name);
    later_text(&db->later, forms_point(&db->forms, db->workflow, m->point));
    return 0;
}

static struct job *touch_job(struct db *db, const struct message *m, struct error *error)
{
    struct instance *instance = touch(db, m, error);
    struct job *job = instance ? rows_job(db, instance, m->submit, error) : NULL;
    if (job)
        job->dirty = true;
    return job;
}

/* What is told of a job by hand, or by its own message before its end, reaches us as the task's
 * event only. What is known already stands. */
static int note_told(struct db *db, const struct message *m, struct error *error)
{
    static const struct {
        const char *event;
        int run_status; /* -1: none */
    } told[] = {{"started", -1}, {"succeeded", 0}, {"failed", 1}, {"retry", 1}};
    size_t i = 0;
    while (i < sizeof told / sizeof *told && !slice_equal(m->text, told[i].event))
        i++;
    if (i == sizeof told / sizeof *told || !m->submit)
        return 0;
    struct job *job = touch_job(db, m, error);
    if (!job)
        return error->code;
    if (!job->time_run)
        job->time_run = m->when;
    if (told[i].run_status >= 0 && job->run_status < 0) {
        job->run_exit = m->when;
        job->run_status = (int8_t)told[i].run_status;
    }
    return 0;
}

/* What is told once only: that a task is late, that a job takes long. */
static int note_told_once(struct db *db, const struct message *m, struct error *error)
{
    bool timeout =
        slice_equal(m->text, "submission timeout") || slice_equal(m->text, "execution timeout");
    if (!m->flags && !timeout)
        return 0;
    struct instance *instance = touch(db, m, error);
    if (!instance)
        return error->code;
    instance->flags |= m->flags;
    if (timeout)
        instance->timeout = 0;
    return 0;
}

/* What somebody has to be told of is kept until that is done (event.settled). */
static void event_pends(struct db *db, const struct message *m)
{
    const struct task_def *task = &db->workflow->tasks[m->task];
    struct overlay *overlay = overlay_from_json(db->workflow->cycling, task, m->settings);
    const struct event_audience audience =
        task_event_audience(overlay ? &overlay_task(overlay)->runtime : &task->runtime, m->text);
    bool pends = event_has_audience(&audience);
    overlay_destroy(overlay);
    if (!pends)
        return;
    later_add(&db->later, SQL_PENDING_ADD);
    later_number(&db->later, (int64_t)m->id);
    later_text(&db->later, task->name);
    later_text(&db->later, forms_point(&db->forms, db->workflow, m->point));
    later_number(&db->later, m->submit);
    later_number(&db->later, m->try_);
    later_text_n(&db->later, m->text.at, m->text.n);
    later_text_n(&db->later, m->detail.at, m->detail.n);
    later_text_n(&db->later, m->settings.at, m->settings.n);
}

static int event_settled(struct db *db, const struct message *m, struct error *error)
{
    (void)error;
    later_add(&db->later, SQL_PENDING_DELETE);
    later_number(&db->later, (int64_t)m->id);
    return 0;
}

static int task_event(struct db *db, const struct message *m, struct error *error)
{
    if (m->value) /* said again */
        return 0;
    if (note_told(db, m, error) < 0 || note_told_once(db, m, error) < 0)
        return error->code;
    event_pends(db, m);
    later_add(&db->later, SQL_EVENT_ADD);
    later_text(&db->later, db->workflow->tasks[m->task].name);
    later_text(&db->later, forms_point(&db->forms, db->workflow, m->point));
    later_text(&db->later, forms_time(&db->forms, m->when));
    later_number(&db->later, m->submit);
    later_text_n(&db->later, m->text.at, m->text.n);
    later_text_n(&db->later, m->detail.at, m->detail.n);
    return 0;
}

/* --- jobs --- */

/* In dummy mode Cylc writes the time and try of a submission to the row before its own, which is
 * begun anew. */
static int forget_last_job(struct db *db, const struct message *m, struct error *error)
{
    struct instance *instance = touch(db, m, error);
    struct job *last = instance ? rows_job(db, instance, m->submit - 1, error) : NULL;
    if (!last)
        return error->code;
    replace_text(&last->platform, (struct slice){0});
    replace_text(&last->runner, (struct slice){0});
    replace_text(&last->job_id, (struct slice){0});
    replace_text(&last->signal, (struct slice){0});
    *last = (struct job){.next = last->next,
                         .submit = last->submit,
                         .try_ = m->try_,
                         .time_submit = m->when,
                         .submit_status = -1,
                         .run_status = -1,
                         .dirty = true};
    return 0;
}

static int job_submit(struct db *db, const struct message *m, struct error *error)
{
    struct job *job = touch_job(db, m, error);
    if (!job)
        return error->code;
    if (m->number == RUN_DUMMY && forget_last_job(db, m, error) < 0)
        return error->code;
    bool pretended = m->number == RUN_SIMULATION || m->number == RUN_SKIP;
    job->flows = forms_flows(&db->forms, &m->flows);
    job->try_ = m->try_;
    job->manual = m->flags & TASK_MANUAL;
    job->time_submit = m->when;
    /* Where else it runs is told when it is known. */
    replace_text(&job->platform, slice_of(pretended ? run_mode_names[m->number] : "localhost"));
    replace_text(&job->runner, slice_of(pretended ? run_mode_names[m->number] : ""));
    struct instance *instance = rows_get(db, m->point, m->task, error);
    PRE(instance);
    retries_note(db, m->point, m->task, m->try_, instance->failed_submissions);
    instance->task_dirty |= instance->settled || instance->settings || m->settings.n;
    instance->settled = 0; /* a new job, a new job.status */
    rows_forget_job(instance);
    replace_text(&instance->settings, m->settings);
    return 0;
}

/* "RUNNER PLATFORM" */
static void set_place(struct job *job, struct slice place)
{
    const char *blank = place.n ? memchr(place.at, ' ', place.n) : NULL;
    if (!blank)
        return;
    size_t n = (size_t)(blank - place.at);
    replace_text(&job->runner, (struct slice){place.at, n});
    replace_text(&job->platform, (struct slice){blank + 1, place.n - n - 1});
}

/* When its timeout is to be told; a restart goes by that. */
static void note_timeout(struct db *db, const struct message *m, struct error *error)
{
    struct instance *instance = rows_get(db, m->point, m->task, error);
    PRE(instance);
    if (instance->in_pool && instance->now->submit == m->submit)
        instance->timeout = m->value;
}

static int job_submitted(struct db *db, const struct message *m, struct error *error)
{
    struct job *job = touch_job(db, m, error);
    if (!job)
        return error->code;
    job->submit_exit = m->when;
    job->submit_status = 0;
    set_place(job, m->detail);
    note_timeout(db, m, error);
    rows_get(db, m->point, m->task, error)->failed_submissions = 0;
    retries_note_polling(db, m->point, m->task);
    replace_text(&job->job_id, m->text);
    return 0;
}

static int job_submit_failed(struct db *db, const struct message *m, struct error *error)
{
    struct job *job = touch_job(db, m, error);
    if (!job)
        return error->code;
    job->submit_exit = m->when;
    job->submit_status = 1;
    set_place(job, m->detail);
    rows_get(db, m->point, m->task, error)->failed_submissions++;
    return 0;
}

static int job_started(struct db *db, const struct message *m, struct error *error)
{
    struct job *job = touch_job(db, m, error);
    if (!job)
        return error->code;
    job->time_run = m->when;
    note_timeout(db, m, error);
    return 0;
}

static int job_succeeded(struct db *db, const struct message *m, struct error *error)
{
    struct job *job = touch_job(db, m, error);
    if (!job)
        return error->code;
    job->run_exit = m->when;
    job->run_status = 0;
    return 0;
}

/* The reason is the job's message: "failed/ERR", "aborted/why"; or there is none. */
static int job_failed(struct db *db, const struct message *m, struct error *error)
{
    struct job *job = touch_job(db, m, error);
    if (!job)
        return error->code;
    job->run_exit = m->when;
    job->run_status = 1;
    struct slice reason = m->text;
    static const char *const prefixes[] = {"failed/", "aborted/"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t n = strlen(prefixes[i]);
        if (reason.n >= n && memcmp(reason.at, prefixes[i], n) == 0)
            reason = (struct slice){reason.at + n, reason.n - n};
    }
    replace_text(&job->signal, reason);
    return 0;
}

static int job_settled(struct db *db, const struct message *m, struct error *error)
{
    struct instance *instance = touch(db, m, error);
    if (!instance)
        return error->code;
    if (instance->in_pool && m->submit == instance->now->submit && m->value > instance->settled) {
        instance->settled = m->value;
        instance->task_dirty = true;
    }
    return 0;
}

/* A topic that is neither here nor among workflow_appliers leaves no trace in the database. */
static applier *const appliers[TOPICS_N] = {
    [TOPIC_TASK_SPAWNED] = task_spawned,
    [TOPIC_TASK_STATE] = task_state,
    [TOPIC_TASK_PREREQUISITE] = task_prerequisite,
    [TOPIC_TASK_GROUP] = task_group,
    [TOPIC_TASK_GROUPS_PAST] = task_groups_past,
    [TOPIC_TASK_XTRIGGER] = task_xtrigger,
    [TOPIC_TASK_OUTPUT] = task_output,
    [TOPIC_TASK_SETTLED] = task_settled,
    [TOPIC_TASK_REMOVED] = task_removed,
    [TOPIC_TASK_EVENT] = task_event,
    [TOPIC_EVENT_SETTLED] = event_settled,
    [TOPIC_TASK_HOLD] = task_hold,
    [TOPIC_JOB_SUBMIT] = job_submit,
    [TOPIC_JOB_SETTLED] = job_settled,
    [TOPIC_JOB_SUBMITTED] = job_submitted,
    [TOPIC_JOB_SUBMIT_FAILED] = job_submit_failed,
    [TOPIC_JOB_STARTED] = job_started,
    [TOPIC_JOB_SUCCEEDED] = job_succeeded,
    [TOPIC_JOB_FAILED] = job_failed,
};

static applier *applier_of(enum topic topic)
{
    return appliers[topic] ? appliers[topic] : workflow_appliers[topic];
}

bool apply_changes(enum topic topic)
{
    return applier_of(topic) != NULL;
}

int apply_message(struct db *db, const struct message *message, struct error *error)
{
    PRE(message->topic < TOPICS_N);
    applier *apply = applier_of(message->topic);
    if (!apply)
        return 0;
    if (message->when > db->now)
        db->now = message->when;
    return apply(db, message, error);
}
