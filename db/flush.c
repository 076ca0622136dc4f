/* Writing what is dirty. Memory is not changed until the commit is known to be durable, so a commit
 * that failed can be tried again from the start. */
#include "db/store.h"

#include "base/banned.h"

/* rouse_tasks holds a row only where it says what the other tables do not. */
enum { FLAGS_KEPT = TASK_FROM_CURSOR | TASK_RETRYING | TASK_JOINED | TASK_SUBMIT_RETRIES };

struct writer {
    struct db *db;
    const struct instance *instance;
    char cycle[POINT_TEXT_MAX];
    const char *name;
    struct text text;
    struct error *error;
};

static struct run run_of(struct writer *w, enum statement statement)
{
    struct run run = run_begin(&w->db->sql, statement, w->error);
    run_text(&run, w->cycle);
    run_text(&run, w->name);
    return run;
}

/* A statement that needs no more than the instance's name. */
static int do_of(struct writer *w, enum statement statement)
{
    struct run run = run_of(w, statement);
    return run_do(&run, w->error);
}

/* A time is bound by copy: the next one is formatted in the same place. */
static void run_time(struct writer *w, struct run *run, int64_t when)
{
    run_text_copy(run, forms_time(&w->db->forms, when));
}

/* --- history --- */

static int delete_history(struct writer *w, const struct flow_set *flows)
{
    struct run run = run_begin(&w->db->sql, SQL_STATE_DELETE, w->error);
    run_text(&run, w->name);
    run_text(&run, w->cycle);
    run_text(&run, flows->text);
    int result = run_do(&run, w->error);
    if (result < 0)
        return result;
    run = run_of(w, SQL_OUTPUTS_DELETE);
    run_text(&run, flows->text);
    return run_do(&run, w->error);
}

static int write_state(struct writer *w, const struct history *row)
{
    struct run run = run_begin(&w->db->sql, SQL_STATE_PUT, w->error);
    run_text(&run, w->name);
    run_text(&run, w->cycle);
    run_text(&run, row->flows->text);
    run_time(w, &run, row->created);
    run_time(w, &run, row->updated);
    run_int(&run, row->submit);
    run_text(&run, task_status_names[row->status]);
    run_int(&run, row->flow_wait);
    run_int(&run, row->manual);
    return run_do(&run, w->error);
}

static int write_outputs(struct writer *w, const struct history *row)
{
    text_clear(&w->text);
    forms_outputs(&w->text, rows_task(w->db, w->instance), row->outputs, row->forced);
    struct run run = run_of(w, SQL_OUTPUTS_PUT);
    run_text(&run, row->flows->text);
    run_text(&run, text_string(&w->text));
    return run_do(&run, w->error);
}

static int write_histories(struct writer *w)
{
    int result = 0;
    for (struct history *row = w->instance->rows; row && result == 0; row = row->next)
        if (row->stored && row->stored != row->flows)
            result = delete_history(w, row->stored);
    for (struct history *row = w->instance->rows; row && result == 0; row = row->next) {
        if (row->state_dirty)
            result = write_state(w, row);
        if (row->outputs_dirty && result == 0)
            result = write_outputs(w, row);
    }
    return result;
}

/* --- the pool --- */

static int write_pool(struct writer *w)
{
    const struct instance *instance = w->instance;
    const struct flow_set *flows = instance->in_pool ? instance->now->flows : NULL;
    if (instance->pool_stored && instance->pool_stored != flows) {
        struct run run = run_of(w, SQL_POOL_DELETE);
        run_text(&run, instance->pool_stored->text);
        int result = run_do(&run, w->error);
        if (result < 0)
            return result;
    }
    if (!flows || !instance->pool_dirty)
        return 0;
    struct run run = run_of(w, SQL_POOL_PUT);
    run_text(&run, flows->text);
    run_text(&run, task_status_names[instance->now->status]);
    run_int(&run, (instance->flags & TASK_HELD) != 0);
    return run_do(&run, w->error);
}

static bool task_says_something(const struct instance *instance)
{
    return (instance->flags & FLAGS_KEPT) || instance->settled || instance->try_ > 1 ||
           instance->settings;
}

static int write_task(struct writer *w)
{
    const struct instance *instance = w->instance;
    bool wanted = instance->in_pool && task_says_something(instance);
    if (!wanted)
        return instance->task_stored ? do_of(w, SQL_TASK_DELETE) : 0;
    if (!instance->task_dirty)
        return 0;
    struct run run = run_of(w, SQL_TASK_PUT);
    run_int(&run, instance->flags & FLAGS_KEPT);
    run_int(&run, instance->try_);
    run_int(&run, instance->settled);
    run_text(&run, instance->settings);
    return run_do(&run, w->error);
}

static int write_timeout(struct writer *w)
{
    int64_t timeout = w->instance->timeout;
    if (timeout == w->instance->timeout_stored)
        return 0;
    if (!timeout)
        return do_of(w, SQL_TIMEOUT_DELETE);
    struct run run = run_of(w, SQL_TIMEOUT_PUT);
    run_real(&run, (double)timeout / 1e6);
    return run_do(&run, w->error);
}

/* The late flag of an instance that is gone stays, as in Cylc; another of that name begins without.
 */
static int write_times(struct writer *w)
{
    const struct instance *instance = w->instance;
    bool late = instance->flags & TASK_LATE;
    int result = write_timeout(w);
    if (result < 0 || !instance->in_pool || late == instance->late_stored)
        return result;
    return do_of(w, late ? SQL_LATE_PUT : SQL_LATE_DELETE);
}

/* --- prerequisites --- */

static const char *const satisfied_names[] = {"0", "satisfied naturally", "satisfied from database",
                                              "force satisfied"};

static int write_prerequisite(struct writer *w, cycle_point point, const char *parent,
                              const char *output, unsigned how)
{
    struct run run = run_of(w, SQL_PREREQUISITE_PUT);
    run_text(&run, w->instance->now->flows->text);
    run_text(&run, parent);
    run_text_copy(&run, forms_point(&w->db->forms, w->db->workflow, point));
    run_text(&run, output);
    run_text(&run, satisfied_names[how]);
    return run_do(&run, w->error);
}

static int write_grouped_row(struct writer *w, cycle_point point, unsigned how)
{
    struct run run = run_of(w, how ? SQL_GROUPED_PUT : SQL_GROUPED_DROP);
    run_text_copy(&run, forms_point(&w->db->forms, w->db->workflow, point));
    run_text(&run, text_string(&w->text));
    if (how)
        run_text(&run, satisfied_names[how]);
    return run_do(&run, w->error);
}

/* A row that Cylc has no place for, if it is satisfied. */
static int write_grouped(struct writer *w, const struct atom *atom, cycle_point point, uint8_t mark)
{
    unsigned how = mark & ATOM_SATISFIED_MASK;
    if (!how && !(mark & ATOM_UNDONE))
        return 0;
    text_clear(&w->text);
    rows_atom_name(w->db, atom, &w->text);
    return write_grouped_row(w, point, how);
}

/* The members that count for this instance alone. */
static int write_forced_members(struct writer *w, const struct group *group, cycle_point point,
                                const uint64_t *members)
{
    int result = 0;
    for (uint32_t i = 0; members && i < group->n_members && result == 0; i++) {
        if (!bit_get(members, i))
            continue;
        text_clear(&w->text);
        text_addf(&w->text, "%s/%s", group->name, w->db->workflow->tasks[group->members[i]].name);
        result = write_grouped_row(w, point, SATISFIED_BY_FORCE + 1);
    }
    return result;
}

/* 1 if the group's member is satisfied at point. */
static int member_is_satisfied(struct writer *w, const struct group *group, cycle_point point,
                               uint32_t member)
{
    struct run run = run_begin(&w->db->sql, SQL_GROUP_GET, w->error);
    run_text(&run, group->name);
    run_text_copy(&run, forms_point(&w->db->forms, w->db->workflow, point));
    run_text(&run, w->db->workflow->tasks[group->members[member]].name);
    run_text(&run, w->instance->now->flows->text);
    int found = run_step(&run, w->error);
    int result = run_end(&run);
    return result < 0 ? result : found;
}

/* A prerequisite of its own has the row that a member of a family trigger would have. */
static bool has_row(const struct writer *w, uint32_t task, uint32_t output, cycle_point point)
{
    const struct graph_task *of = rows_graph_task(w->db, w->instance);
    for (uint32_t i = 0; i < of->n_atoms; i++) {
        const struct atom *atom = &of->atoms[i];
        if (atom->kind == ATOM_OUTPUT && atom->index == task && atom->output == output &&
            w->instance->atoms[i] & ATOM_APPLIES &&
            rows_parent_point(w->db, atom, w->instance->key.point) == point)
            return true;
    }
    return false;
}

/* A small family trigger in Cylc's table: one row for each member and output. */
static int write_members(struct writer *w, const struct group *group, cycle_point point,
                         unsigned how, const uint64_t *forced)
{
    for (uint32_t i = 0; i < group->n_members; i++) {
        const struct task_def *member = &w->db->workflow->tasks[group->members[i]];
        bool by_force = how == SATISFIED_BY_FORCE + 1 || (forced && bit_get(forced, i));
        int found = by_force ? 1 : member_is_satisfied(w, group, point, i);
        if (found < 0)
            return found;
        unsigned as = by_force ? SATISFIED_BY_FORCE + 1
                      : !found ? 0
                      : how    ? how
                               : SATISFIED_NATURALLY + 1;
        for (uint32_t output = 0; output < OUTPUT_CUSTOM; output++) {
            if (!(group->outputs & UINT64_C(1) << output) ||
                has_row(w, group->members[i], output, point))
                continue;
            int result =
                write_prerequisite(w, point, member->name, standard_output_names[output], as);
            if (result < 0)
                return result;
        }
    }
    return 0;
}

static int write_atom(struct writer *w, uint32_t number)
{
    const struct atom *atom = &rows_graph_task(w->db, w->instance)->atoms[number];
    uint8_t mark = w->instance->atoms[number];
    cycle_point point = rows_parent_point(w->db, atom, w->instance->key.point);
    unsigned how = mark & ATOM_SATISFIED_MASK;
    if (!(mark & ATOM_APPLIES))
        return write_grouped(w, atom, point, mark);
    if (atom->kind == ATOM_OUTPUT) {
        const struct task_def *parent = &w->db->workflow->tasks[atom->index];
        return write_prerequisite(w, point, parent->name, parent->outputs[atom->output].message,
                                  how);
    }
    const struct group *group = &w->db->workflow->graph->groups[atom->index];
    const uint64_t *forced = marks_of(w->instance->members, number);
    int result = write_grouped(w, atom, point, mark);
    if (result == 0)
        result = write_forced_members(w, group, point, forced);
    if (result == 0 && group->n_members <= GROUP_ROWS_MAX && group->edges.n <= GROUP_ROWS_MAX)
        result = write_members(w, group, point, how, forced);
    return result;
}

static int delete_atoms(struct writer *w)
{
    int result = w->instance->atoms_stored ? do_of(w, SQL_PREREQUISITES_DELETE) : 0;
    if (result == 0 && w->instance->grouped_stored)
        result = do_of(w, SQL_GROUPED_DELETE);
    return result;
}

static int write_atoms(struct writer *w)
{
    const struct instance *instance = w->instance;
    bool moved = instance->renewed || (instance->pool_stored && instance->in_pool &&
                                       instance->pool_stored != instance->now->flows);
    int result = 0;
    if (!instance->atoms || !(instance->atoms_dirty || moved))
        return 0;
    if (moved)
        result = delete_atoms(w);
    const struct graph_task *task = rows_graph_task(w->db, instance);
    for (uint32_t i = 0; i < task->n_atoms && result == 0; i++)
        if (instance->atoms[i] & ATOM_DIRTY || moved)
            result = write_atom(w, i);
    return result;
}

/* --- unsettled outputs, xtriggers, jobs --- */

static int write_unsettled(struct writer *w)
{
    VEC_EACH (struct unsettled, output, &w->instance->unsettled) {
        if (output->wanted == output->stored)
            continue;
        struct run run = run_of(w, output->wanted ? SQL_UNSETTLED_PUT : SQL_UNSETTLED_DELETE);
        run_text(&run, rows_task(w->db, w->instance)->outputs[output->output].name);
        run_text(&run, output->flows->text);
        int result = run_do(&run, w->error);
        if (result < 0)
            return result;
    }
    return 0;
}

static int write_wait(struct writer *w, const struct wait *wait)
{
    const char *label =
        wait->xtrigger == NO_INDEX ? "" : w->db->workflow->xtriggers[wait->xtrigger].label;
    if (!wait->dirty)
        return 0;
    struct run run = run_of(w, SQL_WAITS_PUT);
    run_text(&run, label);
    run_text(&run, wait->signature);
    run_int(&run, wait->satisfied);
    return run_do(&run, w->error);
}

static int write_waits(struct writer *w)
{
    int result = 0;
    for (size_t i = 0; i < w->instance->waits.n && result == 0; i++)
        result = write_wait(w, &w->instance->waits.at[i]);
    return result;
}

static void run_status(struct run *run, int status)
{
    if (status < 0)
        run_null(run);
    else
        run_int(run, status);
}

static int write_job(struct writer *w, const struct job *job)
{
    struct run run = run_of(w, SQL_JOB_PUT);
    run_int(&run, job->submit);
    run_text(&run, job->flows ? job->flows->text : NULL);
    run_status(&run, job->flows ? job->manual : -1); /* NULL: nothing is known of it */
    run_int(&run, job->try_);
    run_time(w, &run, job->time_submit);
    run_time(w, &run, job->submit_exit);
    run_status(&run, job->submit_status);
    run_time(w, &run, job->time_run);
    run_time(w, &run, job->run_exit);
    run_text(&run, job->signal);
    run_status(&run, job->run_status);
    run_text(&run, job->platform);
    run_text(&run, job->runner);
    run_text(&run, job->job_id);
    return run_do(&run, w->error);
}

static int write_jobs(struct writer *w)
{
    int result = 0;
    for (const struct job *job = w->instance->jobs; job && result == 0; job = job->next)
        if (job->dirty)
            result = write_job(w, job);
    return result;
}

/* What it left behind when it went from the pool; it may be there again. */
static int delete_stale(struct writer *w)
{
    if (!w->instance->stale)
        return 0;
    int result = delete_atoms(w);
    return result == 0 && w->instance->waits_stored ? do_of(w, SQL_WAITS_DELETE) : result;
}

static int write_instance(struct writer *w)
{
    static int (*const parts[])(struct writer *) = {delete_stale,    write_histories, write_pool,
                                                    write_task,      write_times,     write_atoms,
                                                    write_unsettled, write_waits,     write_jobs};
    int result = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && result == 0; i++)
        result = parts[i](w);
    return result;
}

static size_t at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

static int flush_rows(struct db *db, size_t n, struct error *error)
{
    int result = later_write(&db->later, db->rows_written, n, &db->sql, error);
    db->rows_written += n;
    return result;
}

static int flush_instances(struct db *db, size_t n, struct error *error)
{
    struct writer w = {.db = db, .error = error};
    int result = 0;
    for (size_t end = db->instances_written + n; db->instances_written < end && result == 0;
         db->instances_written++) {
        w.instance = db->dirty.at[db->instances_written];
        w.name = rows_task(db, w.instance)->name;
        point_format(db->workflow->cycling, w.instance->key.point, w.cycle);
        result = write_instance(&w);
    }
    text_release(&w.text);
    return result;
}

int flush(struct db *db, size_t n, struct error *error)
{
    size_t rows = at_most(n, db->later.rows.n - db->rows_written);
    int result = flush_rows(db, rows, error);
    size_t instances = at_most(n - rows, db->dirty.n - db->instances_written);
    if (result == 0)
        result = flush_instances(db, instances, error);
    if (result < 0)
        return result;
    return db->rows_written < db->later.rows.n || db->instances_written < db->dirty.n;
}

void flush_undone(struct db *db)
{
    db->rows_written = db->instances_written = 0;
}

void flush_done(struct db *db)
{
    flush_undone(db);
    later_clear(&db->later);
    VEC_EACH (struct instance *, instance, &db->dirty) {
        const struct instance *i = *instance;
        (*instance)->task_stored = i->in_pool && task_says_something(i);
        rows_written(db, *instance);
    }
    vec_clear(&db->dirty);
}
