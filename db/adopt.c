/* See adopt.h.
 *
 * - rouse_cursors: Cylc keeps the next instance of each task without parents in the pool, beyond
 * the runahead limit. So a sequence goes on where the pool has an instance, after the last point
 * known in the same flows; the others have come to their end.
 * - rouse_tasks, rouse_xtriggers: retries, from task_action_timers.
 * - rouse_prerequisites: members of families that a user set. Those that did their part themselves
 *   are found by their outputs (load.c), as when a reload brings a new family trigger.
 *
 * What Cylc does not keep either is lost: satisfied parts of suicide triggers. */
#include "db/adopt.h"
#include "base/check.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"

/* How far a task has come in a set of flows. */
struct reach {
    struct reach *next; /* of the same task */
    const struct flow_set *flows;
    cycle_point point;
    bool in_pool;
};

static void note(struct db *db, struct reach **reaches, const char *name, const char *cycle,
                 const char *flow_nums, bool in_pool)
{
    uint32_t task = workflow_task(db->workflow, name);
    cycle_point point = forms_point_parse(db->workflow, cycle);
    if (task == NO_INDEX || point == POINT_NONE)
        return;
    const struct flow_set *flows = forms_flows_parse(&db->forms, flow_nums);
    struct reach *reach = reaches[task];
    while (reach && reach->flows != flows)
        reach = reach->next;
    if (!reach) {
        reach = NEW(struct reach);
        *reach = (struct reach){.next = reaches[task], .flows = flows, .point = point};
        reaches[task] = reach;
    }
    reach->point = point > reach->point ? point : reach->point;
    reach->in_pool |= in_pool;
}

static void put_cursor(struct db *db, uint32_t task, const char *cycle, const char *flows)
{
    later_add(&db->later, SQL_CURSOR_PUT);
    later_text(&db->later, db->workflow->tasks[task].name);
    later_text(&db->later, cycle);
    later_text(&db->later, flows);
}

static void put_cursors(struct db *db, uint32_t task, struct reach *of_task)
{
    bool any = false;
    while (of_task) {
        struct reach *reach = of_task;
        of_task = reach->next;
        if (reach->in_pool && reach->flows->list.n) {
            put_cursor(db, task, forms_point(&db->forms, db->workflow, reach->point),
                       reach->flows->text);
            any = true;
        }
        free(reach);
    }
    if (!any)
        put_cursor(db, task, "", "[]");
}

static int adopt_cursors(struct db *db, struct error *error)
{
    struct reach **reaches = NEW_ARRAY(struct reach *, db->workflow->n_tasks);
    struct run run = run_begin(&db->sql, SQL_ADOPT_STATES, error);
    while (run_step(&run, error) > 0)
        note(db, reaches, run_column(&run, 0), run_column(&run, 1), run_column(&run, 2),
             run_column_int(&run, 3));
    for (uint32_t task = 0; task < db->workflow->n_tasks; task++)
        put_cursors(db, task, reaches[task]);
    free(reaches);
    return run_end(&run);
}

/* How often it was tried, and until when it waits for its next try. A task that has been submitted
 * and waits again does so for a retry. */
static void adopt_retry(struct db *db, const char *cycle, const char *name, bool waits,
                        uint32_t executions, uint32_t submissions, double until)
{
    uint32_t flags = (submissions << TASK_SUBMIT_RETRIES_SHIFT) & TASK_SUBMIT_RETRIES;
    later_add(&db->later, SQL_TASK_PUT);
    later_text(&db->later, cycle);
    later_text(&db->later, name);
    later_number(&db->later, flags | (waits ? TASK_RETRYING : 0));
    later_number(&db->later, executions + 1);
    later_number(&db->later, 0);
    later_text(&db->later, NULL);
    if (!waits)
        return;
    char *signature = str_format("wall_clock(trigger_time=%.0f)", ceil(until));
    later_add(&db->later, SQL_WAITS_PUT);
    later_text(&db->later, cycle);
    later_text(&db->later, name);
    later_text(&db->later, "");
    later_text(&db->later, signature);
    later_number(&db->later, 0);
    free(signature);
}

static int adopt_retries(struct db *db, struct error *error)
{
    struct run run = run_begin(&db->sql, SQL_ADOPT_RETRIES, error);
    while (run_step(&run, error) > 0) {
        bool waits = task_status_of(run_column(&run, 2)) == STATUS_WAITING;
        adopt_retry(db, run_column(&run, 0), run_column(&run, 1), waits,
                    (uint32_t)run_column_int(&run, 3), (uint32_t)run_column_int(&run, 4),
                    run_column_real(&run, 5));
    }
    return run_end(&run);
}

static uint64_t output_bit(const char *name)
{
    for (uint32_t i = 0; i < OUTPUT_CUSTOM; i++)
        if (strcmp(name, standard_output_names[i]) == 0)
            return UINT64_C(1) << i;
    return 0;
}

/* The parent's output, satisfied by force, stands for a member of each family trigger of the child
 * that the parent is a member of. */
static void adopt_member(struct db *db, struct run *run)
{
    const char *cycle = run_column(run, 0), *name = run_column(run, 1);
    const char *parent_cycle = run_column(run, 2), *parent = run_column(run, 3);
    uint32_t child = workflow_task(db->workflow, name), task = workflow_task(db->workflow, parent);
    cycle_point at = forms_point_parse(db->workflow, cycle);
    cycle_point point = forms_point_parse(db->workflow, parent_cycle);
    const struct graph *graph = db->workflow->graph;
    if (child == NO_INDEX || task == NO_INDEX || at == POINT_NONE)
        return;
    for (uint32_t a = 0; a < graph->tasks[child].n_atoms; a++) {
        const struct atom *atom = &graph->tasks[child].atoms[a];
        if (atom->kind != ATOM_GROUP || rows_parent_point(db, atom, at) != point)
            continue;
        const struct group *group = &graph->groups[atom->index];
        uint32_t m = 0;
        while (m < group->n_members && group->members[m] != task)
            m++;
        if (m == group->n_members || !(group->outputs & output_bit(run_column(run, 4))))
            continue;
        char *text = str_format("%s/%s", group->name, parent);
        later_add(&db->later, SQL_GROUPED_PUT);
        later_text(&db->later, cycle);
        later_text(&db->later, name);
        later_text(&db->later, parent_cycle);
        later_text(&db->later, text);
        later_text(&db->later, "force satisfied");
        free(text);
    }
}

static int adopt_members(struct db *db, struct error *error)
{
    struct run run = run_begin(&db->sql, SQL_ADOPT_FORCED, error);
    while (run_step(&run, error) > 0)
        adopt_member(db, &run);
    return run_end(&run);
}

static int is_foreign(struct db *db, struct error *error)
{
    struct run run = run_begin(&db->sql, SQL_ROUSE_STATE_GET, error);
    run_text(&run, "foreign");
    int found = run_step(&run, error);
    int result = run_end(&run);
    return result < 0 ? result : found;
}

int adopt_database(struct db *db, struct error *error)
{
    static int (*const parts[])(struct db *, struct error *) = {adopt_cursors, adopt_retries,
                                                                adopt_members};
    PRE(db->workflow);
    int result = db->guest ? 0 : is_foreign(db, error);
    if (result <= 0)
        return result;
    PRE(!db_is_dirty(db));
    result = db_begin(db, error);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && result == 0; i++)
        result = parts[i](db, error);
    later_add(&db->later, SQL_ROUSE_STATE_DELETE);
    later_text(&db->later, "foreign");
    return result < 0 ? result : db_commit(db, error);
}

/* --- the database that counts --- */

/* After a crash its last transaction may be half there: SQLite undoes that when it is opened by its
 * own name. */
static int recover(const char *path, struct error *error)
{
    sqlite3 *connection = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    int result = 0;
    if (sqlite3_open_v2(path, &connection, flags, NULL) != SQLITE_OK ||
        sqlite3_exec(connection, "PRAGMA journal_mode=DELETE; BEGIN IMMEDIATE; COMMIT", NULL, NULL,
                     NULL) != SQLITE_OK)
        result = statement_error(connection, error);
    sqlite3_close(connection);
    return result;
}

int db_take_private(const char *private, const char *path, struct error *error)
{
    static const char *const beside[] = {"-journal", "-wal", "-shm"};
    if (access(private, F_OK))
        return 0;
    int result = recover(private, error);
    if (result < 0) {
        char *why = str_copy(error->text);
        error_set(error, result, "%s: %s", private, why);
        free(why);
        return result;
    }
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) { /* the copy's */
        char *left = str_format("%s%s", path, beside[i]);
        (void)unlink(left);
        free(left);
    }
    if (rename(private, path))
        return error_set(error, -errno, "cannot move %s to %s: %s", private, path, strerror(errno));
    return 1;
}
