/* bench_sim SHAPE TASKS DIRECTORY: the whole cast, with a real database in DIRECTORY, over
 * the simulated world; jobs that are over at once. Prints: tasks, seconds, seconds of
 * processor, commits, bytes of memory at the end.
 *
 *   cycle  20 tasks in each of TASKS/20 cycles, each task after another and the cycle before
 *   wide   one task, then all the others, 100 at a time
 *
 * Nothing but the tasks' own files is kept by the world, which would grow otherwise; and what a job
 * wrote is removed when it has ended. */
#include "base/memory.h"
#include "coroutines/actor.h"
#include "db/db.h"
#include "tests/lib/env_sim.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

enum { CYCLE_TASKS = 20, QUEUE_LIMIT = 100, PATH_SIZE = 512 };

static const unsigned simulated = EVERY_MEMBER & ~MEMBER_BIT(HEALTH);

struct bench {
    struct sim *sim;
    struct workflow *workflow;
    struct db *db;
    struct cast_context context;
    void *members[MEMBERS];
    unsigned living, commits;
    uint64_t jobs;
    atomic_int exit_status;
    char database[PATH_SIZE];
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long resident(void)
{
    long size = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%ld %ld", &size, &pages) != 2)
        pages = 0;
    if (file)
        (void)fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

/* --- the workflow --- */

static void write_cycle(struct text *flow, unsigned tasks)
{
    text_addf(flow,
              "[scheduling]\n cycling mode = integer\n initial cycle point = 1\n"
              " final cycle point = %u\n [[graph]]\n  P1 = \"\"\"\n   t0[-P1] => t0\n",
              tasks / CYCLE_TASKS);
    for (int i = 1; i < CYCLE_TASKS; i++)
        text_addf(flow, "   t%d => t%d\n", (i - 1) / 2, i);
    text_add(flow, "\"\"\"\n");
}

static void write_wide(struct text *flow, unsigned tasks)
{
    text_addf(flow,
              "[scheduling]\n [[queues]]\n  [[[default]]]\n"
              "   limit = %d\n [[graph]]\n  R1 = \"\"\"\n",
              QUEUE_LIMIT);
    for (unsigned i = 1; i < tasks; i++)
        text_addf(flow, "   one => many%u\n", i);
    text_add(flow, "\"\"\"\n");
}

static struct workflow *make_workflow(const char *shape, unsigned tasks, struct error *error)
{
    struct text flow = {0};
    text_add(&flow, "[scheduler]\n allow implicit tasks = True\n");
    if (strcmp(shape, "cycle") == 0)
        write_cycle(&flow, tasks);
    else
        write_wide(&flow, tasks);
    text_add(&flow, "[runtime]\n [[root]]\n  script = true\n");
    struct workflow *workflow =
        workflow_parse("flow.cylc", text_string(&flow), flow.n, NULL, NULL, NULL, error);
    text_release(&flow);
    return workflow;
}

/* --- jobs --- */

struct body {
    struct bench *bench;
    int64_t pid;
    char job[PATH_SIZE];
};

static void remove_file(struct bench *bench, const char *job, const char *end)
{
    char path[PATH_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s%s", job, end);
    sim_env(bench->sim)->ops->file_remove(sim_env(bench->sim), path);
}

static void body_ends(void *argument)
{
    struct body *body = argument;
    sim_process_exit(body->bench->sim, body->pid, 0, 0);
    remove_file(body->bench, body->job, "");
    free(body);
}

static void body_runs(void *argument)
{
    struct body *body = argument;
    char path[PATH_SIZE + 16], lines[512];
    (void)snprintf(path, sizeof path, "%s.status", body->job);
    int n = snprintf(lines, sizeof lines,
                     "CYLC_JOB_RUNNER_NAME=background\nCYLC_JOB_ID=%" PRId64
                     "\nCYLC_JOB_RUNNER_SUBMIT_TIME=2026-01-01T00:00:00Z\nCYLC_JOB_PID=%" PRId64
                     "\nCYLC_JOB_INIT_TIME=2026-01-01T00:00:01Z\nCYLC_JOB_EXIT=SUCCEEDED\n"
                     "CYLC_JOB_EXIT_TIME=2026-01-01T00:00:01Z\n",
                     body->pid, body->pid);
    sim_write(body->bench->sim, path, lines, (size_t)n, 0);
    sim_after(body->bench->sim, 1, body_ends, body);
}

static void script(void *context, int64_t pid, const struct env_spawn *options)
{
    struct bench *bench = context;
    struct body *body = NEW(struct body);
    size_t last = 0;
    while (options->argv[last + 1])
        last++;
    body->bench = bench;
    body->pid = pid;
    (void)snprintf(body->job, sizeof body->job, "%s", options->argv[last]);
    bench->jobs++;
    sim_after(bench->sim, 1, body_runs, body);
}

/* --- the cast --- */

static void server_hear(struct actor *actor, const struct message *message)
{
    (void)actor;
    (void)message;
}

static const struct actor_type server_type = {.member = SERVER, .hear = server_hear};

static int count_commit(void *context)
{
    ((struct bench *)context)->commits++;
    return 0;
}

static void member_done(void *context, enum member member)
{
    ((struct bench *)context)->living &= ~MEMBER_BIT(member);
}

static int open_all(struct bench *bench, struct error *error)
{
    const struct db_faults counting = {.context = bench, .before_commit = count_commit};
    bench->db = db_open(bench->database, &counting, error);
    if (!bench->db)
        return error->code;
    db_set_workflow(bench->db, bench->workflow);
    const struct key_value params[] = {{"uuid_str", "simulated"}};
    return db_start(bench->db, params, 1, error);
}

static int create_cast(struct bench *bench, struct error *error)
{
    bench->context = (struct cast_context){.env = sim_env(bench->sim),
                                           .bus = bus_mem_create(simulated),
                                           .workflow = bench->workflow,
                                           .db = bench->db,
                                           .run_dir = "/run",
                                           .workflow_id = "bench",
                                           .owner = "nobody",
                                           .host = "localhost",
                                           .uuid = "simulated",
                                           .exit_status = &bench->exit_status,
                                           .member_done = member_done,
                                           .context = bench};
    bench->living = simulated;
    for (int member = 0; member < MEMBERS; member++) {
        if (member == HEALTH)
            continue;
        if (member == SERVER) {
            struct actor *server = NEW(struct actor);
            actor_init(server, &server_type, &bench->context);
            bench->members[member] = server;
        } else {
            bench->members[member] = cast[member]->create(&bench->context, error);
        }
        if (!bench->members[member])
            return error->code;
    }
    return 0;
}

static void destroy_all(struct bench *bench)
{
    for (int member = MEMBERS - 1; member >= 0; member--) {
        if (!bench->members[member])
            continue;
        if (member == SERVER) {
            actor_release(bench->members[member]);
            free(bench->members[member]);
        } else {
            cast[member]->destroy(bench->members[member]);
        }
    }
    bus_destroy(bench->context.bus);
    db_close(bench->db);
    workflow_destroy(bench->workflow);
    sim_destroy(bench->sim);
}

static int run(struct bench *bench, struct error *error)
{
    int code = open_all(bench, error);
    if (!code)
        code = create_cast(bench, error);
    while (!code && bench->living)
        if (!sim_turn(bench->sim))
            return error_set(error, -1, "everybody sleeps and nothing will wake");
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    unsigned tasks = (unsigned)strtoul(argv[2], NULL, 10);
    struct bench bench = {0};
    struct error error = {0};
    (void)snprintf(bench.database, sizeof bench.database, "%s/db", argv[3]);
    bench.sim = sim_create(&(struct sim_options){.seed = 1});
    sim_on_spawn(bench.sim, script, &bench);
    bench.workflow = make_workflow(argv[1], tasks, &error);
    double began = now(), cpu = cpu_time();
    int code = bench.workflow ? run(&bench, &error) : error.code;
    double seconds = now() - began;
    cpu = cpu_time() - cpu;
    long memory = resident();
    if (code)
        (void)fprintf(stderr, "bench_sim: %s:%d: %s\n", error.file, error.line, error.text);
    else
        printf("%" PRIu64 " %.6f %.6f %u %ld\n", bench.jobs, seconds, cpu, bench.commits, memory);
    destroy_all(&bench);
    return code || bench.jobs != tasks ? 1 : 0;
}
