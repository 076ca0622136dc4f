/* See judge.h. */
#include "tests/sim/judge.h"
#include <stdio.h>
#include <string.h>

/* --- flows that do not meet --- */

static unsigned outputs_of(const char *json)
{
    static const char *const names[SPEC_OUTPUTS] = {"\"submitted\"", "\"started\"", "\"succeeded\"",
                                                    "\"failed\"",    "\"x\"",       "\"expired\""};
    unsigned outputs = 0;
    for (int i = 0; json && i < SPEC_OUTPUTS; i++)
        if (strstr(json, names[i]))
            outputs |= 1u << i;
    return outputs;
}

static void compare_task(struct world *world, int flow, int task, int point, const char *status,
                         const char *json)
{
    const struct model *model = &world->plan->flows[flow - 1];
    bool ran = status && strcmp(status, "waiting") != 0;
    if (ran != model->ran[task][point]) {
        world_problem(world, "%d/t%d is %s in flow %d; by the rules it must %srun", point, task,
                      status ? status : "not there", flow, model->ran[task][point] ? "" : "not ");
    } else if (ran) {
        unsigned expected = model->outputs[task][point], got = outputs_of(json);
        const char *end = model->failed[task][point] ? "failed" : "succeeded";
        if (got != expected || strcmp(status, end) != 0)
            world_problem(world, "%d/t%d: %s in flow %d with outputs %s; expected %s, %x", point,
                          task, status, flow, json, end, expected);
    }
}

static void compare_flow(struct world *world, sqlite3_stmt *query, int flow)
{
    for (int point = 1; point <= world->spec->final; point++)
        for (int task = 0; task < world->spec->n_tasks; task++) {
            char cycle[16], name[16], flows[16];
            snprintf(cycle, sizeof cycle, "%d", point);
            snprintf(name, sizeof name, "t%d", task);
            snprintf(flows, sizeof flows, "[%d]", flow);
            sqlite3_bind_text(query, 1, cycle, -1, SQLITE_TRANSIENT);
            sqlite3_bind_text(query, 2, name, -1, SQLITE_TRANSIENT);
            sqlite3_bind_text(query, 3, flows, -1, SQLITE_TRANSIENT);
            bool row = sqlite3_step(query) == SQLITE_ROW;
            compare_task(world, flow, task, point,
                         row ? (const char *)sqlite3_column_text(query, 0) : NULL,
                         row ? (const char *)sqlite3_column_text(query, 1) : NULL);
            sqlite3_reset(query);
        }
}

static void compare_flows(struct world *world)
{
    sqlite3_stmt *query = NULL;
    sqlite3_prepare_v2(world->reader,
                       "SELECT s.status, o.outputs FROM task_states s LEFT JOIN task_outputs o"
                       " USING (cycle, name, flow_nums)"
                       " WHERE cycle=?1 AND name=?2 AND flow_nums=?3",
                       -1, &query, NULL);
    for (int flow = 1; flow <= world->plan->n_flows; flow++)
        compare_flow(world, query, flow);
    sqlite3_finalize(query);
}

/* --- a story --- */

static const char *const state_names[] = {
    [RULES_ABSENT] = "absent",       [RULES_WAITING] = "waiting", [RULES_RUNNING] = "running",
    [RULES_SUCCEEDED] = "succeeded", [RULES_FAILED] = "failed",   [RULES_EXPIRED] = "expired"};

/* As the database writes it: "waiting [1, 2] held". */
static void describe(const struct rules_place *place, char *ret, size_t size)
{
    size_t n = (size_t)snprintf(ret, size, "%s", state_names[place->state]);
    if (place->state == RULES_ABSENT)
        return;
    n += (size_t)snprintf(ret + n, size - n, " [");
    const char *comma = "";
    for (int flow = 1; flow <= RULES_FLOWS_MAX; flow++)
        if (place->flows & 1u << flow) {
            n += (size_t)snprintf(ret + n, size - n, "%s%d", comma, flow);
            comma = ", ";
        }
    snprintf(ret + n, size - n, "]%s", place->held ? " held" : "");
}

static void find_in_pool(struct world *world, int task, const char *cycle, char *ret, size_t size)
{
    sqlite3_stmt *query = NULL;
    snprintf(ret, size, "absent");
    sqlite3_prepare_v2(world->reader,
                       "SELECT status, flow_nums, is_held FROM task_pool"
                       " WHERE cycle=?1 AND name='t'||?2",
                       -1, &query, NULL);
    sqlite3_bind_text(query, 1, cycle, -1, SQLITE_STATIC);
    sqlite3_bind_int(query, 2, task);
    if (sqlite3_step(query) == SQLITE_ROW)
        snprintf(ret, size, "%s %s%s", sqlite3_column_text(query, 0), sqlite3_column_text(query, 1),
                 sqlite3_column_int(query, 2) ? " held" : "");
    sqlite3_finalize(query);
}

static void judge_place(struct world *world, int task, int point)
{
    const struct rules_place *place = &world->now->at[task][point];
    char cycle[16], expected[64], got[64];
    spec_point(world->spec, point, cycle);
    describe(place, expected, sizeof expected);
    find_in_pool(world, task, spec_point(world->spec, point, cycle), got, sizeof got);
    bool forgotten = place->orphan && strcmp(got, "absent") == 0; /* by a restart */
    if (strcmp(expected, got) != 0 && !forgotten)
        world_problem(world, "before step %d: %s/t%d is %s; by the rules it is %s", world->step,
                      spec_point(world->spec, point, cycle), task, got, expected);
    if (world->ran[task][point] != place->runs && !world->spec->tasks[task].retries &&
        !world->ghosts[task][point])
        world_problem(world, "before step %d: %d jobs of %s/t%d ran; by the rules %d", world->step,
                      world->ran[task][point], spec_point(world->spec, point, cycle), task,
                      place->runs);
}

static void judge_broadcasts(struct world *world)
{
    sqlite3_stmt *query = NULL;
    int expected = 0, got = -1;
    for (int i = 0; i < RULES_BROADCASTS_MAX; i++)
        expected += world->now->broadcasts[i].value > 0;
    sqlite3_prepare_v2(world->reader,
                       "SELECT count(*) FROM broadcast_states WHERE key='[environment]HEARD'", -1,
                       &query, NULL);
    if (sqlite3_step(query) == SQLITE_ROW)
        got = sqlite3_column_int(query, 0);
    sqlite3_finalize(query);
    if (got != expected)
        world_problem(world, "before step %d: %d broadcasts, expected %d", world->step, got,
                      expected);
}

void judge_pool(struct world *world)
{
    if (!world->now)
        return;
    for (int point = 1; point <= world->spec->final; point++)
        for (int task = 0; task <= world->spec->n_tasks; task++)
            judge_place(world, task, point);
    judge_broadcasts(world);
}

/* --- in the end --- */

void judge_end(struct world *world, int exit_status)
{
    if (world->now)
        judge_pool(world);
    else
        compare_flows(world);
    int expected = plan_stalls(world->plan) ? 1 : 0;
    if (exit_status != expected)
        world_problem(world, "ended with exit status %d, expected %d", exit_status, expected);
}
