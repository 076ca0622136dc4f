/* What a restart needs, and what the pool asks of the past. */
#include "base/check.h"
#include "db/adopt.h"
#include "db/apply.h"
#include "db/store.h"
#include <errno.h>

#include "base/banned.h"

/* --- an arena: one list of blocks --- */

struct block {
    struct block *next;
    max_align_t bytes[];
};

static void *arena_new(struct restart *restart, size_t size)
{
    struct block *block = mem_new(sizeof *block + size);
    block->next = restart->arena;
    restart->arena = block;
    return block->bytes;
}

static const char *arena_text(struct restart *restart, const char *text)
{
    size_t n = strlen(text) + 1;
    return memcpy(arena_new(restart, n), text, n);
}

void restart_destroy(struct restart *restart)
{
    if (!restart)
        return;
    struct block *next;
    for (struct block *block = restart->arena; block; block = next) {
        next = block->next;
        free(block);
    }
    for (size_t i = 0; i < restart->n_tasks; i++)
        marks_free(restart->tasks[i].forced);
    free(restart->tasks);
    free(restart->unsettled);
    free(restart->groups);
    free(restart->holds);
    free(restart->cursors);
    free(restart->xtriggers);
    free(restart->results);
    free(restart->broadcasts);
    free(restart->externals);
    free(restart->jobs);
    free(restart->history);
    free(restart->events);
    free(restart->absolute);
    free(restart);
}

/* Everything found, as it grows. */
struct loader {
    struct db *db;
    struct restart *restart;
    struct error *error;
    VEC(struct restart_task) tasks;
    VEC(struct restart_output) unsettled;
    VEC(struct restart_group) groups;
    VEC(struct restart_point) holds;
    VEC(struct restart_point) cursors;
    VEC(struct restart_xtrigger) xtriggers;
    VEC(struct restart_result) results;
    VEC(struct restart_broadcast) broadcasts;
    VEC(struct restart_external) externals;
    VEC(struct restart_job) jobs;
    VEC(struct restart_history) history;
    VEC(struct restart_event) events;
    VEC(struct restart_output) absolute;
};

/* --- instances of the pool --- */

static const uint64_t *load_prerequisites(struct loader *l, const struct instance *instance)
{
    uint32_t n = rows_graph_task(l->db, instance)->n_atoms;
    if (n == 0)
        return NULL;
    uint64_t *bits = arena_new(l->restart, (n + 63) / 64 * sizeof *bits);
    for (uint32_t i = 0; i < n; i++)
        if (instance->atoms[i] & ATOM_SATISFIED_MASK)
            bits[i / 64] |= UINT64_C(1) << (i % 64);
    return bits;
}

static struct marks *load_forced(struct loader *l, const struct instance *instance)
{
    uint32_t n = rows_graph_task(l->db, instance)->n_atoms;
    struct marks *forced = marks_copy(instance->members);
    for (uint32_t i = 0; i < n; i++)
        if ((instance->atoms[i] & ATOM_SATISFIED_MASK) == SATISFIED_BY_FORCE + 1)
            marks_set(&forced, FORCED_ATOMS, i, n);
    return forced;
}

static void load_waits(struct loader *l, const struct instance *instance)
{
    VEC_EACH (struct wait, wait, &instance->waits)
        *vec_push(&l->xtriggers) = (struct restart_xtrigger){
            .point = instance->key.point,
            .task = (uint32_t)instance->key.task,
            .xtrigger = wait->xtrigger,
            .satisfied = wait->satisfied,
            .signature = arena_text(l->restart, wait->signature ? wait->signature : "")};
}

static int load_job(struct loader *l, struct instance *instance)
{
    const struct history *now = instance->now;
    if (!status_is_active(now->status) || now->submit == 0)
        return 0;
    const struct job *job = rows_job(l->db, instance, now->submit, l->error);
    if (!job)
        return l->error->code;
    *vec_push(&l->jobs) = (struct restart_job){
        .point = instance->key.point,
        .task = (uint32_t)instance->key.task,
        .submit = now->submit,
        .job_id = arena_text(l->restart, job->job_id ? job->job_id : ""),
        .settings = arena_text(l->restart, instance->settings ? instance->settings : ""),
        .submitted = job->submit_exit,
        .timeout = instance->timeout};
    return 0;
}

static int load_instance(struct loader *l, cycle_point point, uint32_t task)
{
    struct instance *instance = rows_get(l->db, point, task, l->error);
    if (!instance)
        return l->error->code;
    if (!instance->in_pool)
        return error_set(l->error, -EBADMSG, "%s: task_pool has %s, task_states has not",
                         l->db->path, l->db->workflow->tasks[task].name);
    const struct history *now = instance->now;
    *vec_push(&l->tasks) = (struct restart_task){
        .point = point,
        .task = task,
        .flows = now->flows->list,
        .status = now->status,
        .flags = instance->flags | (now->flow_wait ? TASK_FLOW_WAIT : 0) |
                 (now->manual ? TASK_MANUAL : 0),
        .submit = now->submit,
        .try_ = instance->try_,
        .outputs = now->outputs,
        .prerequisites = load_prerequisites(l, instance),
        .forced = load_forced(l, instance),
        .settled = instance->settled,
    };
    load_waits(l, instance);
    return load_job(l, instance);
}

/* A task that is no longer in the definition cannot go on: its row goes with the next commit. */
static void forget_instance(struct loader *l, const char *cycle, const char *name)
{
    static const enum statement statements[] = {
        SQL_POOL_FORGET,  SQL_TASK_DELETE, SQL_PREREQUISITES_DELETE, SQL_GROUPED_DELETE,
        SQL_WAITS_DELETE, SQL_LATE_DELETE, SQL_TIMEOUT_DELETE};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        later_add(&l->db->later, statements[i]);
        later_text(&l->db->later, cycle);
        later_text(&l->db->later, name);
    }
}

static int bad_point(struct loader *l, const char *table, const char *cycle)
{
    return error_set(l->error, -EBADMSG, "%s: %s: \"%s\" is no cycle point of this workflow",
                     l->db->path, table, cycle);
}

static int load_tasks(struct loader *l)
{
    struct run run = run_begin(&l->db->sql, SQL_POOL_ALL, l->error);
    while (run_step(&run, l->error) > 0) {
        cycle_point point = forms_point_parse(l->db->workflow, run_column(&run, 0));
        uint32_t task = workflow_task(l->db->workflow, run_column(&run, 1));
        if (point == POINT_NONE)
            run.result = bad_point(l, "task_pool", run_column(&run, 0));
        else if (task == NO_INDEX)
            forget_instance(l, run_column(&run, 0), run_column(&run, 1));
        else
            run.result = load_instance(l, point, task);
    }
    return run_end(&run);
}

/* --- the other tables; rows whose names are no longer defined are left out --- */

static uint32_t output_by_message(const struct task_def *task, const char *message)
{
    return task_output_by_message(task, message, strlen(message));
}

/* A user set the output: what it satisfies then, too, is by force. Its history says so. */
static int was_forced(struct loader *l, const struct restart_output *output)
{
    const struct instance *instance = rows_get(l->db, output->point, output->task, l->error);
    if (!instance)
        return l->error->code;
    const struct flow_list *flows = &output->flows;
    for (const struct history *row = instance->rows; row; row = row->next)
        if (row->forced >> output->output & 1 &&
            (flows->n ? flows_meet(&row->flows->list, flows) : row->flows->list.n == 0))
            return true;
    return false;
}

/* The success of a sequential task spawns its next instance, unless that has run: triggered by
 * hand, perhaps. The pool says the success again before it can ask. */
static int load_next(struct loader *l, const struct restart_output *output)
{
    const struct workflow *workflow = l->db->workflow;
    if (output->output != OUTPUT_SUCCEEDED || !workflow->tasks[output->task].sequential)
        return 0;
    cycle_point point = graph_task_next(workflow->graph, output->task, output->point);
    const struct instance *next =
        point == POINT_NONE ? NULL : rows_get(l->db, point, output->task, l->error);
    if (!next)
        return point == POINT_NONE ? 0 : l->error->code;
    for (const struct history *row = next->rows; row; row = row->next)
        *vec_push(&l->history) = (struct restart_history){.point = point,
                                                          .task = output->task,
                                                          .submit = row->submit,
                                                          .flows = row->flows->list,
                                                          .outputs = row->outputs,
                                                          .status = row->status,
                                                          .flow_wait = row->flow_wait};
    return 0;
}

static int load_unsettled(struct loader *l)
{
    int forced = 0;
    struct run run = run_begin(&l->db->sql, SQL_UNSETTLED_ALL, l->error);
    while (forced >= 0 && run_step(&run, l->error) > 0) {
        cycle_point point = forms_point_parse(l->db->workflow, run_column(&run, 0));
        uint32_t task = workflow_task(l->db->workflow, run_column(&run, 1));
        uint32_t output = task == NO_INDEX
                              ? NO_INDEX
                              : forms_output_of(&l->db->workflow->tasks[task], run_column(&run, 2));
        if (point == POINT_NONE || output == NO_INDEX)
            continue;
        struct restart_output found = {
            .point = point,
            .task = task,
            .output = output,
            .flows = forms_flows_parse(&l->db->forms, run_column(&run, 3))->list};
        forced = was_forced(l, &found);
        found.forced = forced > 0;
        if (forced >= 0 && load_next(l, &found) < 0)
            forced = l->error->code;
        *vec_push(&l->unsettled) = found;
    }
    int result = run_end(&run);
    return forced < 0 ? forced : result;
}

static int load_absolute(struct loader *l)
{
    struct run run = run_begin(&l->db->sql, SQL_ABSOLUTE_ALL, l->error);
    while (run_step(&run, l->error) > 0) {
        cycle_point point = forms_point_parse(l->db->workflow, run_column(&run, 0));
        uint32_t task = workflow_task(l->db->workflow, run_column(&run, 1));
        uint32_t output = task == NO_INDEX ? NO_INDEX
                                           : output_by_message(&l->db->workflow->tasks[task],
                                                               run_column(&run, 2));
        if (point != POINT_NONE && output != NO_INDEX)
            *vec_push(&l->absolute) =
                (struct restart_output){.point = point, .task = task, .output = output};
    }
    return run_end(&run);
}

static uint32_t group_of(const struct workflow *workflow, const char *name)
{
    for (uint32_t i = 0; i < workflow->graph->n_groups; i++)
        if (strcmp(workflow->graph->groups[i].name, name) == 0)
            return i;
    return NO_INDEX;
}

static uint32_t member_of(const struct group *group, uint32_t task)
{
    for (uint32_t i = 0; i < group->n_members; i++)
        if (group->members[i] == task)
            return i;
    return NO_INDEX;
}

static int load_groups(struct loader *l)
{
    const struct workflow *workflow = l->db->workflow;
    struct run run = run_begin(&l->db->sql, SQL_GROUP_ALL, l->error);
    while (run_step(&run, l->error) > 0) {
        uint32_t group = group_of(workflow, run_column(&run, 0));
        cycle_point point = forms_point_parse(workflow, run_column(&run, 1));
        uint32_t task = workflow_task(workflow, run_column(&run, 2));
        if (group == NO_INDEX || point == POINT_NONE || task == NO_INDEX)
            continue;
        uint32_t member = member_of(&workflow->graph->groups[group], task);
        if (member != NO_INDEX)
            *vec_push(&l->groups) = (struct restart_group){
                group, member, point, forms_flows_parse(&l->db->forms, run_column(&run, 3))->list};
    }
    return run_end(&run);
}

struct group_point {
    struct group_key {
        cycle_point point;
        uint64_t group;
    } key;
    UT_hash_handle hh;
};

static bool *known_members(const struct loader *l, uint32_t group, cycle_point point)
{
    bool *known = NEW_ARRAY(bool, l->db->workflow->graph->groups[group].n_members);
    VEC_EACH (struct restart_group, row, &l->groups)
        if (row->group == group && row->point == point)
            known[row->member] = true;
    return known;
}

/* Members that completed before the group was in the definition. */
static int load_new_members(struct loader *l, uint32_t index, cycle_point point,
                            const struct flow_list *flows)
{
    const struct group *group = &l->db->workflow->graph->groups[index];
    bool *known = known_members(l, index, point);
    int found = 0;
    for (uint32_t i = 0; i < group->n_members && found >= 0; i++) {
        struct flow_list of;
        if (known[i])
            continue;
        found =
            rows_has_output(l->db, point, group->members[i], group->outputs, flows, &of, l->error);
        if (found <= 0)
            continue;
        *vec_push(&l->groups) = (struct restart_group){index, i, point, of};
        apply_group_member(
            l->db, &(struct message){.point = point, .number = index, .value = i, .flows = of});
    }
    free(known);
    return found < 0 ? found : 0;
}

static int load_groups_of(struct loader *l, const struct restart_task *task,
                          struct group_point **seen)
{
    const struct graph_task *graph = &l->db->workflow->graph->tasks[task->task];
    for (uint32_t a = 0; a < graph->n_atoms && task->status == STATUS_WAITING; a++) {
        const struct atom *atom = &graph->atoms[a];
        if (atom->kind != ATOM_GROUP || task->prerequisites[a / 64] >> (a % 64) & 1)
            continue;
        struct group_key key = {rows_parent_point(l->db, atom, task->point), atom->index};
        struct group_point *known;
        HASH_FIND(hh, *seen, &key, sizeof key, known);
        if (known || key.point == POINT_NONE)
            continue;
        known = NEW(struct group_point);
        known->key = key;
        HASH_ADD(hh, *seen, key, sizeof known->key, known);
        int result = load_new_members(l, atom->index, key.point, &task->flows);
        if (result < 0)
            return result;
    }
    return 0;
}

/* Family triggers that the tasks of the pool wait for, at each point once. */
static int load_new_groups(struct loader *l)
{
    struct group_point *seen = NULL, *at, *next;
    int result = 0;
    for (size_t i = 0; i < l->tasks.n && result == 0; i++)
        result = load_groups_of(l, &l->tasks.at[i], &seen);
    HASH_ITER(hh, seen, at, next)
    {
        HASH_DEL(seen, at);
        free(at);
    }
    return result;
}

static int load_holds(struct loader *l)
{
    struct run run = run_begin(&l->db->sql, SQL_HOLD_ALL, l->error);
    while (run_step(&run, l->error) > 0) {
        uint32_t task = workflow_task(l->db->workflow, run_column(&run, 0));
        cycle_point point = forms_point_parse(l->db->workflow, run_column(&run, 1));
        if (task != NO_INDEX && point != POINT_NONE)
            *vec_push(&l->holds) = (struct restart_point){.task = task, .point = point};
    }
    return run_end(&run);
}

static int load_cursors(struct loader *l)
{
    struct run run = run_begin(&l->db->sql, SQL_CURSOR_ALL, l->error);
    while (run_step(&run, l->error) > 0) {
        uint32_t task = workflow_task(l->db->workflow, run_column(&run, 0));
        bool none = !*run_column(&run, 1);
        cycle_point point =
            none ? POINT_NONE : forms_point_parse(l->db->workflow, run_column(&run, 1));
        if (task != NO_INDEX && (none || point != POINT_NONE))
            *vec_push(&l->cursors) = (struct restart_point){
                task, point, forms_flows_parse(&l->db->forms, run_column(&run, 2))->list};
    }
    return run_end(&run);
}

static int load_results(struct loader *l)
{
    struct run run = run_begin(&l->db->sql, SQL_RESULT_ALL, l->error);
    while (run_step(&run, l->error) > 0) {
        struct restart_result *result = vec_push(&l->results);
        result->signature = arena_text(l->restart, run_column(&run, 0));
        result->results = arena_text(l->restart, run_column(&run, 1));
    }
    return run_end(&run);
}

static int load_events(struct loader *l)
{
    struct run run = run_begin(&l->db->sql, SQL_PENDING_ALL, l->error);
    while (run_step(&run, l->error) > 0) {
        uint32_t task = workflow_task(l->db->workflow, run_column(&run, 1));
        cycle_point point = forms_point_parse(l->db->workflow, run_column(&run, 2));
        if (task == NO_INDEX || point == POINT_NONE)
            continue;
        *vec_push(&l->events) =
            (struct restart_event){.id = (uint64_t)run_column_int(&run, 0),
                                   .task = task,
                                   .point = point,
                                   .submit = (uint32_t)run_column_int(&run, 3),
                                   .try_ = (uint32_t)run_column_int(&run, 4),
                                   .event = arena_text(l->restart, run_column(&run, 5)),
                                   .message = arena_text(l->restart, run_column(&run, 6)),
                                   .settings = arena_text(l->restart, run_column(&run, 7))};
    }
    return run_end(&run);
}

static int load_externals(struct loader *l)
{
    struct run run = run_begin(&l->db->sql, SQL_EXTERNAL_ALL, l->error);
    while (run_step(&run, l->error) > 0)
        *vec_push(&l->externals) = (struct restart_external){
            (uint64_t)run_column_int(&run, 0), arena_text(l->restart, run_column(&run, 1)),
            arena_text(l->restart, run_column(&run, 2))};
    return run_end(&run);
}

static int load_broadcasts(struct loader *l)
{
    struct run run = run_begin(&l->db->sql, SQL_BROADCAST_ALL, l->error);
    while (run_step(&run, l->error) > 0) {
        bool all = strcmp(run_column(&run, 0), "*") == 0;
        cycle_point point =
            all ? POINT_NONE : forms_point_parse(l->db->workflow, run_column(&run, 0));
        if (all || point != POINT_NONE)
            *vec_push(&l->broadcasts) =
                (struct restart_broadcast){point, arena_text(l->restart, run_column(&run, 1)),
                                           arena_text(l->restart, run_column(&run, 2)),
                                           arena_text(l->restart, run_column(&run, 3))};
    }
    return run_end(&run);
}

/* --- single values --- */

/* Heap text or NULL; *ret_result is 0 or an error. */
static char *load_value(struct loader *l, enum statement statement, const char *key,
                        int *ret_result)
{
    struct run run = run_begin(&l->db->sql, statement, l->error);
    run_text(&run, key);
    char *value = NULL;
    if (run_step(&run, l->error) > 0 && !run_column_is_null(&run, 0))
        value = str_copy(run_column(&run, 0));
    *ret_result = run_end(&run);
    return value;
}

/* Copied to the arena; NULL if there is none. */
static const char *keep_value(struct loader *l, const char *key, int *ret_result)
{
    char *value = load_value(l, SQL_PARAM_GET, key, ret_result);
    const char *kept = value ? arena_text(l->restart, value) : NULL;
    free(value);
    return kept;
}

static int load_recent_flows(struct loader *l)
{
    struct run run = run_begin(&l->db->sql, SQL_STATE_RECENT, l->error);
    if (run_step(&run, l->error) > 0)
        l->restart->flows_recent = forms_flows_parse(&l->db->forms, run_column(&run, 0))->list;
    return run_end(&run);
}

static int load_values(struct loader *l)
{
    int results[7];
    char *restarts = load_value(l, SQL_PARAM_GET, "n_restart", &results[0]);
    char *paused = load_value(l, SQL_PARAM_GET, "is_paused", &results[1]);
    char *uuid = load_value(l, SQL_PARAM_GET, "uuid_str", &results[2]);
    char *runahead = load_value(l, SQL_ROUSE_STATE_GET, "runahead", &results[3]);
    struct restart *restart = l->restart;
    restart->hold_point = keep_value(l, "holdcp", &results[4]);
    restart->stop_task = keep_value(l, "stop_task", &results[5]);
    restart->stop_clock_time = keep_value(l, "stop_clock_time", &results[6]);
    restart->n_restarts = restarts ? (unsigned)strtoul(restarts, NULL, 10) : 0;
    restart->paused = paused && strcmp(paused, "1") == 0;
    restart->uuid = arena_text(restart, uuid ? uuid : "");
    restart->runahead = runahead ? forms_point_parse(l->db->workflow, runahead) : POINT_NONE;
    restart->flow_last = l->db->flow_last;
    free(restarts);
    free(paused);
    free(uuid);
    free(runahead);
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (results[i] < 0)
            return results[i];
    return 0;
}

#define HAND_OVER(loader, name)                                                                    \
    ((loader)->restart->name = (loader)->name.at, (loader)->restart->n_##name = (loader)->name.n)

static void hand_over(struct loader *l)
{
    HAND_OVER(l, tasks);
    HAND_OVER(l, unsettled);
    HAND_OVER(l, groups);
    HAND_OVER(l, holds);
    HAND_OVER(l, cursors);
    HAND_OVER(l, xtriggers);
    HAND_OVER(l, results);
    HAND_OVER(l, broadcasts);
    HAND_OVER(l, externals);
    HAND_OVER(l, jobs);
    HAND_OVER(l, history);
    HAND_OVER(l, events);
    HAND_OVER(l, absolute);
}

/* 1 if it ran before. */
static int has_rows(struct db *db, struct error *error)
{
    struct run run = run_begin(&db->sql, SQL_PARAM_ANY, error);
    int found = run_step(&run, error);
    int result = run_end(&run);
    return result < 0 ? result : found;
}

struct restart *db_load(struct db *db, const struct workflow *workflow, struct error *error)
{
    static int (*const parts[])(struct loader *) = {
        load_values,     load_recent_flows, load_tasks,    load_unsettled, load_groups,
        load_new_groups, load_holds,        load_cursors,  load_results,   load_absolute,
        load_events,     load_broadcasts,   load_externals};
    error->code = 0;
    if (db->workflow != workflow)
        db_set_workflow(db, workflow);
    int result = adopt_database(db, error);
    if (result == 0)
        result = db_begin(db, error);
    if (result == 0)
        result = has_rows(db, error);
    if (result <= 0)
        return NULL;
    struct loader l = {.db = db, .restart = NEW(struct restart), .error = error};
    result = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && result == 0; i++)
        result = parts[i](&l);
    hand_over(&l);
    if (result == 0)
        return l.restart;
    restart_destroy(l.restart);
    return NULL;
}

struct restart *db_read(const char *path, const struct workflow *workflow, struct error *error)
{
    struct restart *restart = NULL;
    struct db *db = db_visit(path, error);
    if (!db)
        return NULL;
    error->code = 0;
    restart = db_load(db, workflow, error);
    if (!restart && !error->code)
        error_set(error, -ENODATA, "%s: nothing has run", path);
    db_close(db);
    return restart;
}

/* --- a reload --- */

static int renew_instance(struct db *db, cycle_point point, uint32_t task, struct error *error)
{
    struct instance *instance = rows_get(db, point, task, error);
    if (!instance)
        return error->code;
    if (!instance->atoms)
        return 0;
    for (uint32_t i = 0; i < rows_graph_task(db, instance)->n_atoms; i++)
        instance->atoms[i] |= ATOM_DIRTY;
    instance->renewed = instance->atoms_dirty = true;
    rows_touch(db, instance);
    return 0;
}

int db_renew(struct db *db, const struct workflow *workflow, struct error *error)
{
    PRE(!db_is_dirty(db));
    int result = db_commit(db, error);
    if (result < 0)
        return result;
    struct restart *restart = db_load(db, workflow, error);
    if (!restart)
        return error->code;
    for (size_t i = 0; i < restart->n_tasks && result == 0; i++)
        result = renew_instance(db, restart->tasks[i].point, restart->tasks[i].task, error);
    restart_destroy(restart);
    if (result == 0)
        result = db_put_names(db, error);
    db->changed = db->changed || result == 0;
    return result;
}

/* --- history --- */

int db_history(struct db *db, const struct message *ask,
               void (*say)(void *context, struct message *message), void *context,
               struct error *error)
{
    PRE(ask->topic == TOPIC_HISTORY_ASK);
    struct instance *instance = rows_get(db, ask->point, ask->task, error);
    if (!instance)
        return error->code;
    struct message answer = {
        .topic = TOPIC_HISTORY, .point = ask->point, .task = ask->task, .id = ask->id};
    for (const struct history *row = instance->rows; row; row = row->next) {
        answer.flows = row->flows->list;
        answer.submit = row->submit;
        answer.status = row->status;
        answer.flags = row->flow_wait ? TASK_FLOW_WAIT : 0;
        answer.value = (int64_t)row->outputs;
        say(context, &answer);
    }
    say(context, &(struct message){.topic = TOPIC_HISTORY,
                                   .point = ask->point,
                                   .task = ask->task,
                                   .id = ask->id,
                                   .number = 1});
    return 0;
}
