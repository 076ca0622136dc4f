/* sim [--seed N | --seeds FROM TO] [--verbose] [--no-faults] [--first-failure]: runs random
 * workflows in a simulated world and compares each with the model. The same seed gives the same
 * run, event by event.
 *
 * Each seed: the scheduler plays the workflow over the in-memory bus and a real database file; it
 * is killed at random commits and started again; after every step the pool is recounted; after
 * HEALS_AT no more faults happen and the run must finish, or stall, exactly as the model says. */
#include "base/memory.h"
#include "base/trace.h"
#include "coroutines/definitions.h"
#include "coroutines/task_pool.h"
#include "db/db.h"
#include "tests/sim/model.h"
#include "tests/sim/world.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TURNS_MAX = 3000000, RUN_DIR_MAX = 64, HASHED_TWICE = 50 };

struct run {
    struct spec spec;
    struct plan plan;
    struct world world;
    struct sim *sim;
    struct workflow *workflow;
    struct db *db;
    struct restart *restart;
    struct bus *bus;
    struct cast_context context;
    void *members[MEMBERS];
    unsigned living;
    unsigned records_per_commit; /* few: a crash finds causes without their effects */
    atomic_int exit_status;
    char directory[RUN_DIR_MAX], database[RUN_DIR_MAX + 16];
};

static const unsigned simulated = EVERY_MEMBER & ~MEMBER_BIT(HEALTH);

static const struct faults all_faults = {.die_before_commit = 12,
                                         .die_after_commit = 12,
                                         .busy_commit = 20,
                                         .fatal_commit = 5,
                                         .dies_at_once = 30,
                                         .report_lost = 300,
                                         .report_twice = 200,
                                         .report_late = 100,
                                         .report_contradicts = 100,
                                         .command = 60,
                                         .clock_jump = 20};

/* --- one life of the scheduler --- */

static void member_done(void *context, enum member member)
{
    struct run *run = context;
    run->living &= ~MEMBER_BIT(member);
}

static bool open_database(struct run *run)
{
    const struct db_faults faults = {&run->world, world_before_commit, world_after_commit};
    struct error error = {0};
    run->db = db_open(run->database, &faults, &error);
    if (!run->db) {
        world_problem(&run->world, "cannot open the database: %s", error.text);
        return false;
    }
    db_set_workflow(run->db, run->workflow);
    run->restart = db_load(run->db, run->workflow, &error);
    if (!run->restart && error.code)
        world_problem(&run->world, "cannot load the database: %s", error.text);
    const struct key_value params[] = {{"uuid_str", "simulated"}};
    if (!run->restart && !error.code && db_start(run->db, params, 1, &error) < 0)
        world_problem(&run->world, "cannot start the database: %s", error.text);
    return !error.code;
}

static bool create_cast(struct run *run)
{
    struct error error = {0};
    run->context = (struct cast_context){.env = sim_env(run->sim),
                                         .bus = run->bus,
                                         .workflow = run->workflow,
                                         .restart = run->restart,
                                         .db = run->db,
                                         .run_dir = run->directory,
                                         .workflow_id = "sim",
                                         .owner = "nobody",
                                         .host = "localhost",
                                         .uuid = "simulated",
                                         .records_per_commit = run->records_per_commit,
                                         .exit_status = &run->exit_status,
                                         .member_done = member_done,
                                         .context = run};
    run->context.db_path = run->database;
    run->context.program = "rouse";
    run->context.definitions = definitions_create(&run->context);
    run->living = simulated;
    for (int member = 0; member < MEMBERS; member++) {
        if (member == HEALTH)
            continue;
        run->members[member] = member == SERVER ? world_server_create(&run->world, &run->context)
                                                : cast[member]->create(&run->context, &error);
        if (!run->members[member]) {
            world_problem(&run->world, "%s: %s", member_names[member], error.text);
            return false;
        }
    }
    return true;
}

static bool born(struct run *run)
{
    if (!open_database(run))
        return false;
    if (access(run->database, F_OK) == 0 && !run->world.reader)
        sqlite3_open_v2(run->database, &run->world.reader, SQLITE_OPEN_READONLY, NULL);
    run->bus = bus_mem_create(simulated);
    return create_cast(run);
}

static void dies(struct run *run)
{
    for (int member = MEMBERS - 1; member >= 0; member--) {
        if (!run->members[member])
            continue;
        if (member == SERVER)
            world_server_destroy(&run->world, run->members[member]);
        else
            cast[member]->destroy(run->members[member]);
        run->members[member] = NULL;
    }
    bus_destroy(run->bus);
    run->bus = NULL;
    db_close(run->db);
    definitions_destroy(run->context.definitions);
    run->context.definitions = NULL;
    restart_destroy(run->restart);
    run->db = NULL;
    run->restart = NULL;
    sim_reboot(run->sim);
}

static void say_who_sleeps(struct run *run)
{
    struct text names = {0};
    for (int member = 0; member < MEMBERS; member++)
        if (run->living & MEMBER_BIT(member))
            text_addf(&names, " %s%s", member_names[member],
                      bus_closed(run->bus, (enum member)member) ? " (closed)" : "");
    world_problem(&run->world, "everybody sleeps and nothing will wake:%s", text_string(&names));
    text_release(&names);
}

/* True if the scheduler ended by itself; false if it was killed or something is wrong. */
static bool live(struct run *run)
{
    while (run->living && !run->world.kill && !*run->world.problem) {
        if (!sim_turn(run->sim))
            say_who_sleeps(run);
        else if (run->members[TASK_POOL] && (run->living & MEMBER_BIT(TASK_POOL)))
            pool_check(task_pool_inside(run->members[TASK_POOL]));
        if (sim_turns(run->sim) > TURNS_MAX)
            world_problem(&run->world, "does not end");
    }
    return !run->living;
}

/* --- judging --- */

static unsigned outputs_of(const char *json)
{
    static const char *const names[SPEC_OUTPUTS] = {"\"submitted\"", "\"started\"", "\"succeeded\"",
                                                    "\"failed\"", "\"x\""};
    unsigned outputs = 0;
    for (int i = 0; json && i < SPEC_OUTPUTS; i++)
        if (strstr(json, names[i]))
            outputs |= 1u << i;
    return outputs;
}

static void compare_task(struct run *run, int flow, int task, int point, const char *status,
                         const char *json)
{
    const struct model *model = &run->plan.flows[flow - 1];
    bool ran = status && strcmp(status, "waiting") != 0;
    if (ran != model->ran[task][point]) {
        world_problem(&run->world, "%d/t%d is %s in flow %d; by the rules it must %srun", point,
                      task, status ? status : "not there", flow,
                      model->ran[task][point] ? "" : "not ");
    } else if (ran) {
        unsigned expected = model->outputs[task][point], got = outputs_of(json);
        const char *end = model->failed[task][point] ? "failed" : "succeeded";
        if (got != expected || strcmp(status, end) != 0)
            world_problem(&run->world, "%d/t%d: %s in flow %d with outputs %s; expected %s, %x",
                          point, task, status, flow, json, end, expected);
    }
}

static void compare_flow(struct run *run, sqlite3_stmt *query, int flow)
{
    for (int point = 1; point <= run->spec.final; point++)
        for (int task = 0; task < run->spec.n_tasks; task++) {
            char cycle[16], name[16], flows[16];
            snprintf(cycle, sizeof cycle, "%d", point);
            snprintf(name, sizeof name, "t%d", task);
            snprintf(flows, sizeof flows, "[%d]", flow);
            sqlite3_bind_text(query, 1, cycle, -1, SQLITE_TRANSIENT);
            sqlite3_bind_text(query, 2, name, -1, SQLITE_TRANSIENT);
            sqlite3_bind_text(query, 3, flows, -1, SQLITE_TRANSIENT);
            bool row = sqlite3_step(query) == SQLITE_ROW;
            compare_task(run, flow, task, point,
                         row ? (const char *)sqlite3_column_text(query, 0) : NULL,
                         row ? (const char *)sqlite3_column_text(query, 1) : NULL);
            sqlite3_reset(query);
        }
}

static void compare(struct run *run)
{
    sqlite3_stmt *query = NULL;
    sqlite3_prepare_v2(run->world.reader,
                       "SELECT s.status, o.outputs FROM task_states s LEFT JOIN task_outputs o"
                       " USING (cycle, name, flow_nums)"
                       " WHERE cycle=?1 AND name=?2 AND flow_nums=?3",
                       -1, &query, NULL);
    for (int flow = 1; flow <= run->plan.n_flows; flow++)
        compare_flow(run, query, flow);
    sqlite3_finalize(query);
    int expected = plan_stalls(&run->plan) ? 1 : 0;
    if (atomic_load(&run->exit_status) != expected)
        world_problem(&run->world, "ended with exit status %d, expected %d",
                      atomic_load(&run->exit_status), expected);
}

/* --- a seed --- */

static void play(struct run *run)
{
    bool over = false;
    while (!over && !*run->world.problem) {
        run->records_per_commit =
            sim_chance(run->sim, 2) ? 1 + (unsigned)sim_chance(run->sim, 8) : 0;
        run->world.kill = false;
        atomic_store(&run->exit_status, 0);
        over = born(run) && live(run);
        /* A database fault ends it, too; it is played again. */
        over = over && !run->world.kill &&
               (atomic_load(&run->exit_status) == 0 || sim_now(run->sim) > run->world.heals_at);
        run->world.kills += !over;
        dies(run);
    }
    if (!*run->world.problem)
        compare(run);
}

static void remove_database(const struct run *run)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char path[RUN_DIR_MAX + 32];
        snprintf(path, sizeof path, "%s%s", run->database, ends[i]);
        unlink(path);
    }
    rmdir(run->directory);
}

struct verdict {
    bool ok;
    uint64_t hash;
    unsigned kills, commits;
    uint64_t turns;
};

static struct verdict run_seed(uint64_t seed, bool verbose, const struct faults *faults)
{
    struct run *run = NEW(struct run);
    struct text flow = {0};
    struct error error = {0};
    bool faulty = faults != NULL;
    const struct faults none = {0};
    snprintf(run->directory, sizeof run->directory, "%s/rouse-sim-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    PRE(mkdtemp(run->directory));
    snprintf(run->database, sizeof run->database, "%s/db", run->directory);
    trace_reset();
    spec_make(&run->spec, seed);
    if (seed % 3 == 0)
        spec_add_gate(&run->spec);
    spec_write(&run->spec, &flow);
    plan_make(&run->plan, &run->spec);
    if (verbose)
        fputs(text_string(&flow), stdout), fflush(stdout);
    for (int i = 0; verbose && i < run->plan.n; i++)
        printf("%s %s\n", run->plan.steps[i].command, run->plan.steps[i].args);
    run->sim = sim_create(&(struct sim_options){.seed = seed,
                                                .shuffle = true,
                                                .watch_loss = faulty ? 200 : 0,
                                                .spawn_failure = faulty ? 20 : 0,
                                                .log_fd = verbose ? STDOUT_FILENO : 0});
    world_init(&run->world, run->sim, &run->spec, &run->plan, faulty ? faults : &none);
    run->workflow =
        workflow_parse("flow.cylc", text_string(&flow), flow.n, NULL, NULL, NULL, &error);
    if (run->workflow)
        play(run);
    else
        world_problem(&run->world, "flow.cylc:%d: %s: %s", error.line, error.item, error.text);
    const struct verdict verdict = {!*run->world.problem, trace_hash(), run->world.kills,
                                    run->world.commits, sim_turns(run->sim)};
    if (!verdict.ok)
        printf("seed %" PRIu64 ": %s (after %u commits, %u restarts)\n", seed, run->world.problem,
               run->world.commits, run->world.kills);
    workflow_destroy(run->workflow);
    world_release(&run->world);
    sim_destroy(run->sim);
    remove_database(run);
    text_release(&flow);
    free(run);
    return verdict;
}

int main(int argc, char **argv)
{
    uint64_t from = 1, to = 100;
    bool verbose = false, no_faults = false, first_failure = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0)
            verbose = true;
        else if (strcmp(argv[i], "--no-faults") == 0)
            no_faults = true;
        else if (strcmp(argv[i], "--first-failure") == 0)
            first_failure = true;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            from = to = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seeds") == 0 && i + 2 < argc)
            from = strtoull(argv[i + 1], NULL, 10), to = strtoull(argv[i + 2], NULL, 10), i += 2;
    }
    unsigned passed = 0, failed = 0;
    uint64_t kills = 0, commits = 0, turns = 0;
    for (uint64_t seed = from; seed <= to && !(first_failure && failed); seed++) {
        const struct faults *faults = no_faults || seed % 10 == 0 ? NULL : &all_faults;
        struct verdict verdict = run_seed(seed, verbose, faults);
        if (verdict.ok && seed < from + HASHED_TWICE && !verbose) {
            struct verdict again = run_seed(seed, false, faults);
            if (again.hash != verdict.hash) {
                printf("seed %" PRIu64 ": a second run differs from the first\n", seed);
                verdict.ok = false;
            }
        }
        passed += verdict.ok;
        failed += !verdict.ok;
        kills += verdict.kills;
        commits += verdict.commits;
        turns += verdict.turns;
    }
    printf("%" PRIu64 " turns, %" PRIu64 " commits, %" PRIu64 " restarts\n", turns, commits, kills);
    printf("%u passed, %u failed\n", passed, failed);
    return failed ? 1 : 0;
}
