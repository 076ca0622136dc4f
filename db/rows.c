/* Instances in memory, and reading those that are not. */
#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = instance_hash(keyptr))
#define uthash_fatal(message) check_failed("out of memory", message, __FILE__, __LINE__)
#include "base/check.h"
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

static inline unsigned instance_hash(const void *key);

#include "db/store.h"

#include "base/banned.h"

static inline unsigned instance_hash(const void *key)
{
    const struct instance_key *k = key;
    uint64_t mixed = ((uint64_t)k->point * UINT64_C(0x9e3779b97f4a7c15)) ^
                     (k->task * UINT64_C(0xbf58476d1ce4e5b9));
    mixed ^= mixed >> 29;
    mixed *= UINT64_C(0x94d049bb133111eb);
    return (unsigned)(mixed >> 32);
}

const struct graph_task *rows_graph_task(const struct db *db, const struct instance *instance)
{
    return &db->workflow->graph->tasks[instance->key.task];
}

const struct task_def *rows_task(const struct db *db, const struct instance *instance)
{
    return &db->workflow->tasks[instance->key.task];
}

/* --- parts --- */

struct history *rows_history(struct instance *instance, const struct flow_set *flows)
{
    struct history *row = instance->rows;
    while (row && row->flows != flows)
        row = row->next;
    return row;
}

struct history *rows_add_history(struct instance *instance, const struct flow_set *flows)
{
    struct history *row = NEW(struct history);
    row->flows = flows;
    row->next = instance->rows;
    instance->rows = row;
    return row;
}

void rows_drop_history(struct instance *instance, struct history *row)
{
    struct history **at = &instance->rows;
    while (*at != row)
        at = &(*at)->next;
    *at = row->next;
    free(row);
}

static void job_free(struct job *job)
{
    free(job->signal);
    free(job->job_id);
    free(job->platform);
    free(job->runner);
    free(job);
}

static void waits_free(struct instance *instance)
{
    VEC_EACH (struct wait, wait, &instance->waits)
        free(wait->signature);
    vec_release(&instance->waits);
}

static void instance_free(struct instance *instance)
{
    while (instance->rows)
        rows_drop_history(instance, instance->rows);
    while (instance->jobs) {
        struct job *job = instance->jobs;
        instance->jobs = job->next;
        job_free(job);
    }
    waits_free(instance);
    vec_release(&instance->unsettled);
    free(instance->settings);
    free(instance->atoms);
    marks_free(instance->members);
    free(instance);
}

void rows_touch(struct db *db, struct instance *instance)
{
    if (instance->dirty)
        return;
    instance->dirty = true;
    *vec_push(&db->dirty) = instance;
}

/* --- atoms --- */

cycle_point rows_parent_point(const struct db *db, const struct atom *atom, cycle_point child)
{
    return offset_apply(db->workflow->cycling, atom->offset, child);
}

void rows_atom_name(const struct db *db, const struct atom *atom, struct text *out)
{
    if (atom->kind == ATOM_GROUP) {
        text_add(out, db->workflow->graph->groups[atom->index].name);
        return;
    }
    const struct task_def *parent = &db->workflow->tasks[atom->index];
    text_add(out, parent->name);
    text_add_char(out, ':');
    text_add(out, parent->outputs[atom->output].name);
}

static void mark_dependency(const struct db *db, struct instance *instance,
                            const struct dependency *dependency)
{
    const struct graph *graph = db->workflow->graph;
    if (dependency->suicide ||
        !sequence_contains(graph->sequences[dependency->sequence].sequence, instance->key.point))
        return;
    for (uint32_t i = 0; i < dependency->n_terms; i++)
        if (dependency->terms[i].kind == TERM_ATOM)
            instance->atoms[dependency->terms[i].atom] |= ATOM_APPLIES;
}

static void forget_atoms(struct instance *instance)
{
    free(instance->atoms);
    instance->atoms = NULL;
    marks_free(instance->members);
    instance->members = NULL;
}

void rows_make_atoms(struct db *db, struct instance *instance)
{
    const struct graph_task *task = rows_graph_task(db, instance);
    forget_atoms(instance);
    if (task->n_atoms == 0)
        return;
    instance->atoms = NEW_ARRAY(uint8_t, task->n_atoms);
    for (uint32_t i = 0; i < task->n_dependencies; i++)
        mark_dependency(db, instance, &task->dependencies[i]);
    for (uint32_t i = 0; i < task->n_atoms; i++) {
        if (!(instance->atoms[i] & ATOM_APPLIES))
            continue;
        instance->atoms[i] |= ATOM_DIRTY;
        if (rows_parent_point(db, &task->atoms[i], instance->key.point) < db->workflow->start)
            instance->atoms[i] |= SATISFIED_NATURALLY + 1;
    }
    instance->atoms_dirty = true;
}

/* --- reading --- */

/* Begins the run of a statement about one instance: its first parameters are cycle and name. */
static struct run run_of(struct db *db, enum statement statement, const struct instance *instance,
                         struct error *error)
{
    struct run run = run_begin(&db->sql, statement, error);
    run_text_copy(&run, forms_point(&db->forms, db->workflow, instance->key.point));
    run_text(&run, rows_task(db, instance)->name);
    return run;
}

static int read_outputs(struct db *db, struct instance *instance, struct history *row,
                        struct error *error)
{
    struct run run = run_of(db, SQL_OUTPUTS_GET, instance, error);
    run_text(&run, row->flows->text);
    while (run_step(&run, error) > 0) {
        uint32_t output = forms_output_of(rows_task(db, instance), run_column(&run, 0));
        if (output == NO_INDEX)
            continue;
        row->outputs |= UINT64_C(1) << output;
        if (strcmp(run_column(&run, 1), forms_forced) == 0)
            row->forced |= UINT64_C(1) << output;
    }
    return run_end(&run);
}

static int read_states(struct db *db, struct instance *instance, struct error *error)
{
    struct run run = run_begin(&db->sql, SQL_STATE_GET, error);
    run_text(&run, rows_task(db, instance)->name);
    run_text_copy(&run, forms_point(&db->forms, db->workflow, instance->key.point));
    while (run_step(&run, error) > 0) {
        struct history *row =
            rows_add_history(instance, forms_flows_parse(&db->forms, run_column(&run, 0)));
        row->stored = row->flows;
        row->created = forms_time_parse(run_column(&run, 1));
        row->updated = forms_time_parse(run_column(&run, 2));
        row->submit = (uint32_t)run_column_int(&run, 3);
        row->status = task_status_of(run_column(&run, 4));
        row->flow_wait = run_column_int(&run, 5);
        row->manual = run_column_int(&run, 6);
        if (row->status == STATUSES)
            run.result = error_set(error, -EBADMSG, "task_states: \"%s\" is no task status",
                                   run_column(&run, 4));
    }
    int result = run_end(&run);
    for (struct history *row = instance->rows; row && result == 0; row = row->next)
        result = read_outputs(db, instance, row, error);
    return result;
}

static int read_pool(struct db *db, struct instance *instance, struct error *error)
{
    struct run run = run_of(db, SQL_POOL_GET, instance, error);
    if (run_step(&run, error) > 0) {
        const struct flow_set *flows = forms_flows_parse(&db->forms, run_column(&run, 0));
        instance->in_pool = true;
        instance->pool_stored = flows;
        instance->now = rows_history(instance, flows);
        if (!instance->now)
            run.result =
                error_set(error, -EBADMSG, "task_pool: %s in flows %s is not in task_states",
                          rows_task(db, instance)->name, flows->text);
        instance->flags = run_column_int(&run, 2) ? TASK_HELD : 0;
    }
    return run_end(&run);
}

static int read_task(struct db *db, struct instance *instance, struct error *error)
{
    struct run run = run_of(db, SQL_TASK_GET, instance, error);
    instance->try_ = 1;
    if (run_step(&run, error) > 0) {
        instance->task_stored = true;
        instance->flags |= (uint32_t)run_column_int(&run, 0);
        instance->try_ = (uint32_t)run_column_int(&run, 1);
        instance->settled = run_column_int(&run, 2);
        if (*run_column(&run, 3))
            instance->settings = str_copy(run_column(&run, 3));
    }
    return run_end(&run);
}

static int read_times(struct db *db, struct instance *instance, struct error *error)
{
    struct run run = run_of(db, SQL_TIMES_GET, instance, error);
    if (run_step(&run, error) > 0) {
        instance->late_stored = run_column_int(&run, 0) != 0;
        instance->timeout_stored = (int64_t)(run_column_real(&run, 1) * 1e6 + 0.5);
        instance->timeout = instance->timeout_stored;
        if (instance->in_pool && instance->late_stored)
            instance->flags |= TASK_LATE;
    }
    return run_end(&run);
}

static int read_unsettled(struct db *db, struct instance *instance, struct error *error)
{
    struct run run = run_of(db, SQL_UNSETTLED_GET, instance, error);
    while (run_step(&run, error) > 0) {
        uint32_t output = forms_output_of(rows_task(db, instance), run_column(&run, 0));
        if (output != NO_INDEX)
            *vec_push(&instance->unsettled) = (struct unsettled){
                output, forms_flows_parse(&db->forms, run_column(&run, 1)), true, true};
    }
    return run_end(&run);
}

static uint32_t xtrigger_of(const struct workflow *workflow, const char *label)
{
    for (uint32_t i = 0; i < workflow->n_xtriggers; i++)
        if (strcmp(workflow->xtriggers[i].label, label) == 0)
            return i;
    return NO_INDEX;
}

static int read_waits(struct db *db, struct instance *instance, struct error *error)
{
    struct run run = run_of(db, SQL_WAITS_GET, instance, error);
    while (run_step(&run, error) > 0) {
        const char *label = run_column(&run, 0);
        uint32_t xtrigger = xtrigger_of(db->workflow, label);
        if (*label && xtrigger == NO_INDEX)
            continue; /* no longer in the definition */
        *vec_push(&instance->waits) = (struct wait){.xtrigger = xtrigger,
                                                    .satisfied = run_column_int(&run, 2),
                                                    .signature = str_copy(run_column(&run, 1))};
    }
    instance->waits_stored = true;
    return run_end(&run);
}

static uint8_t how_of(const char *satisfied)
{
    if (strcmp(satisfied, "satisfied naturally") == 0)
        return SATISFIED_NATURALLY + 1;
    if (strcmp(satisfied, "satisfied from database") == 0)
        return SATISFIED_FROM_DATABASE + 1;
    return strcmp(satisfied, "force satisfied") == 0 ? SATISFIED_BY_FORCE + 1 : 0;
}

static struct run run_of_atom(struct db *db, const struct instance *instance, uint32_t number,
                              struct text *name, struct error *error)
{
    const struct atom *atom = &rows_graph_task(db, instance)->atoms[number];
    bool row = atom->kind == ATOM_OUTPUT && (instance->atoms[number] & ATOM_APPLIES);
    struct run run = run_of(db, row ? SQL_PREREQUISITE_GET : SQL_GROUPED_GET, instance, error);
    cycle_point point = rows_parent_point(db, atom, instance->key.point);
    const char *cycle = forms_point(&db->forms, db->workflow, point);
    if (row) {
        const struct task_def *parent = &db->workflow->tasks[atom->index];
        run_text(&run, instance->pool_stored->text);
        run_text(&run, parent->name);
        run_text_copy(&run, cycle);
        run_text(&run, parent->outputs[atom->output].message);
    } else {
        text_clear(name);
        rows_atom_name(db, atom, name);
        run_text_copy(&run, cycle);
        run_text(&run, text_string(name));
    }
    return run;
}

int rows_has_output(struct db *db, cycle_point point, uint32_t task, uint64_t outputs,
                    const struct flow_list *flows, struct flow_list *ret_flows, struct error *error)
{
    struct instance *instance = NEW(struct instance);
    instance->key = (struct instance_key){point, task};
    int result = db_begin(db, error);
    if (result == 0)
        result = read_states(db, instance, error);
    for (const struct history *row = instance->rows; row && result == 0; row = row->next) {
        if (!(row->outputs & outputs) || !flows_meet(&row->flows->list, flows))
            continue;
        result = 1;
        if (ret_flows)
            *ret_flows = row->flows->list;
    }
    instance_free(instance);
    return result;
}

/* An atom without its row is new: the definition has changed since the instance was written. Its
 * output may have been completed before. */
static int read_new_atom(struct db *db, struct instance *instance, uint32_t number,
                         struct error *error)
{
    const struct atom *atom = &rows_graph_task(db, instance)->atoms[number];
    if (atom->kind == ATOM_GROUP || !(instance->atoms[number] & ATOM_APPLIES) ||
        (instance->atoms[number] & ATOM_SATISFIED_MASK) || status_is_final(instance->now->status) ||
        status_is_active(instance->now->status))
        return 0;
    instance->renewed = true;
    cycle_point point = rows_parent_point(db, atom, instance->key.point);
    int found = point == POINT_NONE
                    ? 0
                    : rows_has_output(db, point, atom->index, UINT64_C(1) << atom->output,
                                      &instance->now->flows->list, NULL, error);
    if (found > 0)
        instance->atoms[number] |= SATISFIED_FROM_DATABASE + 1;
    return found < 0 ? found : 0;
}

/* Members of a family trigger that a user satisfied for this instance: rows "GROUP/MEMBER". */
static int read_members(struct db *db, struct instance *instance, uint32_t number,
                        struct error *error)
{
    const struct atom *atom = &rows_graph_task(db, instance)->atoms[number];
    const struct group *group = &db->workflow->graph->groups[atom->index];
    size_t n = strlen(group->name) + 1;
    char *from = str_format("%s/", group->name), *to = str_format("%s0", group->name);
    struct run run = run_of(db, SQL_GROUPED_MEMBERS, instance, error);
    run_text_copy(&run, forms_point(&db->forms, db->workflow,
                                    rows_parent_point(db, atom, instance->key.point)));
    run_text(&run, from);
    run_text(&run, to);
    while (run_step(&run, error) > 0) {
        uint32_t task = workflow_task(db->workflow, run_column(&run, 0) + n);
        for (uint32_t m = 0; m < group->n_members; m++)
            if (group->members[m] == task)
                marks_set(&instance->members, number, m, group->n_members);
    }
    int result = run_end(&run);
    free(from);
    free(to);
    return result;
}

static int read_atoms(struct db *db, struct instance *instance, struct error *error)
{
    rows_make_atoms(db, instance);
    instance->atoms_dirty = false;
    instance->atoms_stored = instance->grouped_stored = true; /* perhaps */
    struct text name = {0};
    int result = 0;
    uint32_t n = rows_graph_task(db, instance)->n_atoms;
    for (uint32_t i = 0; i < n && result == 0; i++) {
        struct run run = run_of_atom(db, instance, i, &name, error);
        bool there = run_step(&run, error) > 0;
        if (there)
            instance->atoms[i] =
                (uint8_t)((instance->atoms[i] & ATOM_APPLIES) | how_of(run_column(&run, 0)));
        instance->atoms[i] &= (uint8_t)~ATOM_DIRTY;
        result = run_end(&run);
        if (result == 0 && !there)
            result = read_new_atom(db, instance, i, error);
        if (result == 0 && rows_graph_task(db, instance)->atoms[i].kind == ATOM_GROUP)
            result = read_members(db, instance, i, error);
    }
    instance->atoms_dirty = instance->renewed;
    text_release(&name);
    return result;
}

/* What spawned an instance wrote its row in task_states, so without one there is nothing. */
static int instance_read(struct db *db, struct instance *instance, struct error *error)
{
    int result = db_begin(db, error);
    if (result == 0)
        result = read_states(db, instance, error);
    if (result < 0 || !instance->rows)
        return result;
    result = read_pool(db, instance, error);
    if (result == 0)
        result = read_task(db, instance, error);
    if (result == 0)
        result = read_times(db, instance, error);
    if (result == 0)
        result = read_unsettled(db, instance, error);
    if (result == 0)
        result = read_waits(db, instance, error);
    if (result == 0 && instance->in_pool)
        result = read_atoms(db, instance, error);
    return result;
}

struct instance *rows_get(struct db *db, cycle_point point, uint32_t task, struct error *error)
{
    PRE(task < db->workflow->n_tasks);
    struct instance_key key = {point, task};
    struct instance *instance;
    HASH_FIND(hh, db->instances, &key, sizeof key, instance);
    if (instance)
        return instance;
    instance = NEW(struct instance);
    instance->key = key;
    if (instance_read(db, instance, error) < 0) {
        instance_free(instance);
        return NULL;
    }
    HASH_ADD(hh, db->instances, key, sizeof instance->key, instance);
    rows_touch(db, instance); /* so that it is looked at, and perhaps forgotten, after the commit */
    return instance;
}

/* --- jobs --- */

static char *column_copy(struct run *run, int column)
{
    return run_column_is_null(run, column) ? NULL : str_copy(run_column(run, column));
}

static int8_t column_status(struct run *run, int column)
{
    return run_column_is_null(run, column) ? -1 : (int8_t)(run_column_int(run, column) != 0);
}

static void job_read(struct db *db, struct run *run, struct job *job)
{
    job->flows = forms_flows_parse(&db->forms, run_column(run, 0));
    job->manual = run_column_int(run, 1);
    job->try_ = (uint32_t)run_column_int(run, 2);
    job->time_submit = forms_time_parse(run_column(run, 3));
    job->submit_exit = forms_time_parse(run_column(run, 4));
    job->submit_status = column_status(run, 5);
    job->time_run = forms_time_parse(run_column(run, 6));
    job->run_exit = forms_time_parse(run_column(run, 7));
    job->signal = column_copy(run, 8);
    job->run_status = column_status(run, 9);
    job->platform = column_copy(run, 10);
    job->runner = column_copy(run, 11);
    job->job_id = column_copy(run, 12);
}

struct job *rows_job(struct db *db, struct instance *instance, uint32_t submit, struct error *error)
{
    for (struct job *job = instance->jobs; job; job = job->next)
        if (job->submit == submit)
            return job;
    if (db_begin(db, error) < 0)
        return NULL;
    struct job *job = NEW(struct job);
    *job = (struct job){.submit = submit, .submit_status = -1, .run_status = -1};
    struct run run = run_of(db, SQL_JOB_GET, instance, error);
    run_int(&run, submit);
    if (run_step(&run, error) > 0)
        job_read(db, &run, job);
    if (run_end(&run) < 0) {
        job_free(job);
        return NULL;
    }
    job->next = instance->jobs;
    instance->jobs = job;
    return job;
}

/* --- after a commit --- */

static void histories_written(struct instance *instance)
{
    for (struct history *row = instance->rows; row; row = row->next) {
        row->stored = row->flows;
        row->state_dirty = row->outputs_dirty = false;
    }
}

/* Only the newest job of an instance in the pool goes on changing. */
static void jobs_written(struct instance *instance)
{
    struct job **at = &instance->jobs;
    while (*at) {
        struct job *job = *at;
        job->dirty = false;
        if (instance->in_pool && job->submit == instance->now->submit) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        job_free(job);
    }
}

static void unsettled_written(struct instance *instance)
{
    size_t kept = 0;
    VEC_EACH (struct unsettled, output, &instance->unsettled) {
        output->stored = true;
        if (output->wanted)
            instance->unsettled.at[kept++] = *output;
    }
    instance->unsettled.n = kept;
}

static void waits_written(struct instance *instance)
{
    VEC_EACH (struct wait, wait, &instance->waits) {
        wait->dirty = false;
    }
    instance->waits_stored = instance->waits.n > 0;
}

static void atoms_written(struct db *db, struct instance *instance)
{
    if (instance->stale)
        instance->atoms_stored = instance->grouped_stored = false;
    const struct graph_task *task = rows_graph_task(db, instance);
    uint32_t n = instance->atoms && instance->atoms_dirty ? task->n_atoms : 0;
    for (uint32_t i = 0; i < n; i++) {
        if (instance->atoms[i] & ATOM_APPLIES)
            instance->atoms_stored = true;
        if (task->atoms[i].kind == ATOM_GROUP || !(instance->atoms[i] & ATOM_APPLIES))
            instance->grouped_stored = true;
        instance->atoms[i] &= (uint8_t) ~(ATOM_DIRTY | ATOM_UNDONE);
    }
    instance->atoms_dirty = false;
}

void rows_forget_job(struct instance *instance)
{
    free(instance->settings);
    instance->settings = NULL;
    instance->timeout = 0;
}

void rows_leave_pool(struct instance *instance)
{
    instance->stale = true;
    rows_forget_job(instance);
    waits_free(instance);
    forget_atoms(instance);
    instance->atoms_dirty = false;
    instance->in_pool = false;
}

void rows_written(struct db *db, struct instance *instance)
{
    instance->dirty = false;
    histories_written(instance);
    jobs_written(instance);
    unsettled_written(instance);
    waits_written(instance);
    atoms_written(db, instance);
    instance->stale = instance->renewed = false;
    instance->pool_stored = instance->in_pool ? instance->now->flows : NULL;
    instance->pool_dirty = instance->task_dirty = false;
    instance->timeout_stored = instance->timeout;
    if (instance->in_pool)
        instance->late_stored = (instance->flags & TASK_LATE) != 0;
    bool needed = instance->in_pool || instance->unsettled.n > 0;
    if (needed && HASH_COUNT(db->instances) <= db->instances_max)
        return;
    HASH_DEL(db->instances, instance);
    instance_free(instance);
}

void rows_release(struct db *db)
{
    struct instance *instance, *next;
    HASH_ITER(hh, db->instances, instance, next)
    {
        HASH_DEL(db->instances, instance);
        instance_free(instance);
    }
    vec_release(&db->dirty);
}
