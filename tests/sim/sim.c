/* sim [--seed N | --seeds FROM TO]... [--verbose] [--no-faults] [--first-failure]: runs random
 * workflows in a simulated world and compares each with the model. The same seed gives the same
 * run, event by event.
 *
 * Each seed: the scheduler plays the workflow over the in-memory bus and a real database file; it
 * is killed at random commits and started again; after every step the pool is recounted; after
 * HEALS_AT no more faults happen and the run must finish, or stall, exactly as the model says. */
#include "base/check.h"
#include "base/memory.h"
#include "base/trace.h"
#include "coroutines/definitions.h"
#include "coroutines/task_pool.h"
#include "db/db.h"
#include "tests/sim/judge.h"
#include "tests/sim/model.h"
#include "tests/sim/world.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TURNS_MAX = 3000000, RUN_DIR_MAX = 64, HASHED_TWICE = 50, RANGES_MAX = 64 };

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

/* Microseconds after the last fault: more than every timeout there is. */
static const uint64_t PATIENCE = UINT64_C(300) * 24 * 3600 * 1000000;
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

/* The definition there is now, and the stop point that earlier lives were told. */
static bool read_definition(struct run *run)
{
    struct text flow = {0};
    struct error error = {0};
    char *stop = NULL;
    workflow_destroy(run->workflow);
    run->workflow = NULL;
    if (db_param(run->db, "stopcp", &stop, &error) < 0)
        world_problem(&run->world, "cannot read the stop point: %s", error.text);
    snprintf(run->world.stop, sizeof run->world.stop, "%s", stop ? stop : "");
    free(stop);
    spec_write(run->world.spec, &flow);
    const struct workflow_options options = {.stop = *run->world.stop ? run->world.stop : NULL};
    run->workflow =
        workflow_parse("flow.cylc", text_string(&flow), flow.n, &options, NULL, NULL, &error);
    if (!run->workflow)
        world_problem(&run->world, "flow.cylc:%d: %s: %s", error.line, error.item, error.text);
    text_release(&flow);
    return run->workflow != NULL;
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
    if (!read_definition(run))
        return false;
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
        if (sim_now(run->sim) > run->world.heals_at + PATIENCE)
            say_who_sleeps(run);
    }
    return !run->living;
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
        over = over && !run->world.kill;
        bool by_itself = over && atomic_load(&run->exit_status) == 0;
        over = over && (by_itself || sim_now(run->sim) > run->world.heals_at);
        run->world.kills += !over && !by_itself;
        run->world.ends += by_itself;
        over = over && run->world.step == run->plan.n;
        dies(run);
    }
    if (!*run->world.problem)
        judge_end(&run->world, atomic_load(&run->exit_status));
}

static void remove_database(const struct run *run)
{
    world_forget_files(&run->world);
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
    bool faulty = faults != NULL;
    const struct faults none = {0};
    snprintf(run->directory, sizeof run->directory, "%s/rouse-sim-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    PRE(mkdtemp(run->directory));
    snprintf(run->database, sizeof run->database, "%s/db", run->directory);
    trace_reset();
    bool told = seed % 3 == 1;
    if (told)
        spec_make_told(&run->spec, seed);
    else
        spec_make(&run->spec, seed);
    if (seed % 3 == 0)
        spec_add_gate(&run->spec);
    spec_write(&run->spec, &flow);
    if (told)
        plan_tell(&run->plan, &run->spec);
    else
        plan_make(&run->plan, &run->spec);
    if (verbose)
        fputs(text_string(&flow), stdout), fflush(stdout);
    for (int i = 0; verbose && i < run->plan.n; i++)
        printf("%s %s\n", run->plan.steps[i].command ? run->plan.steps[i].command : "-",
               run->plan.steps[i].args);
    run->sim = sim_create(&(struct sim_options){.seed = seed,
                                                .shuffle = true,
                                                .watch_loss = faulty ? 200 : 0,
                                                .spawn_failure = faulty ? 20 : 0,
                                                .log_fd = verbose ? STDOUT_FILENO : 0});
    world_init(&run->world, run->sim, &run->spec, &run->plan, faulty ? faults : &none);
    run->world.directory = run->directory;
    run->world.verbose = verbose;
    play(run);
    const struct verdict verdict = {!*run->world.problem, trace_hash(), run->world.kills,
                                    run->world.commits, sim_turns(run->sim)};
    if (!verdict.ok)
        printf("seed %" PRIu64 ": %s (after %u commits, %u restarts)\n", seed, run->world.problem,
               run->world.commits, run->world.kills);
    workflow_destroy(run->workflow);
    remove_database(run);
    world_release(&run->world);
    plan_release(&run->plan);
    sim_destroy(run->sim);
    text_release(&flow);
    free(run);
    return verdict;
}

struct tally {
    unsigned passed, failed;
    uint64_t kills, commits, turns;
};

struct choice {
    struct range {
        uint64_t from, to;
    } ranges[RANGES_MAX];
    int n_ranges;
    bool verbose, no_faults, first_failure;
};

static void play_seed(const struct choice *choice, uint64_t seed, bool twice, struct tally *tally)
{
    const struct faults *faults = choice->no_faults || seed % 10 == 0 ? NULL : &all_faults;
    struct verdict verdict = run_seed(seed, choice->verbose, faults);
    if (verdict.ok && twice && !choice->verbose) {
        struct verdict again = run_seed(seed, false, faults);
        if (again.hash != verdict.hash) {
            printf("seed %" PRIu64 ": a second run differs from the first\n", seed);
            verdict.ok = false;
        }
    }
    tally->passed += verdict.ok;
    tally->failed += !verdict.ok;
    tally->kills += verdict.kills;
    tally->commits += verdict.commits;
    tally->turns += verdict.turns;
}

static void add_range(struct choice *choice, const char *from, const char *to)
{
    PRE(choice->n_ranges < RANGES_MAX);
    choice->ranges[choice->n_ranges++] =
        (struct range){strtoull(from, NULL, 10), strtoull(to, NULL, 10)};
}

static void choose(struct choice *choice, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0) {
            choice->verbose = true;
        } else if (strcmp(argv[i], "--no-faults") == 0) {
            choice->no_faults = true;
        } else if (strcmp(argv[i], "--first-failure") == 0) {
            choice->first_failure = true;
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            add_range(choice, argv[i + 1], argv[i + 1]);
            i++;
        } else if (strcmp(argv[i], "--seeds") == 0 && i + 2 < argc) {
            add_range(choice, argv[i + 1], argv[i + 2]);
            i += 2;
        }
    }
    if (!choice->n_ranges)
        add_range(choice, "1", "100");
}

int main(int argc, char **argv)
{
    struct choice choice = {0};
    struct tally tally = {0};
    choose(&choice, argc, argv);
    for (int i = 0; i < choice.n_ranges; i++) {
        const struct range *range = &choice.ranges[i];
        for (uint64_t seed = range->from; seed <= range->to; seed++)
            if (!choice.first_failure || !tally.failed)
                play_seed(&choice, seed, seed < range->from + HASHED_TWICE, &tally);
    }
    printf("%" PRIu64 " turns, %" PRIu64 " commits, %" PRIu64 " restarts\n", tally.turns,
           tally.commits, tally.kills);
    printf("%u passed, %u failed\n", tally.passed, tally.failed);
    return tally.failed ? 1 : 0;
}
