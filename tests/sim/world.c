/* See world.h. */
#include "tests/sim/world.h"
#include "base/memory.h"
#include "tests/sim/judge.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STARTED_SENT = 7 }; /* times, a minute apart: some after the faults */
static const uint64_t ms = 1000, second = 1000000;

void world_problem(struct world *world, const char *format, ...)
{
    if (*world->problem)
        return; /* the first one counts */
    va_list args;
    va_start(args, format);
    vsnprintf(world->problem, sizeof world->problem, format, args);
    va_end(args);
}

bool world_fault(struct world *world, unsigned per_mille)
{
    bool happens = sim_happens(world->sim, per_mille);
    uint64_t now = sim_now(world->sim);
    return happens && !world->quiet && now < world->heals_at &&
           now - world->since < FAULTY * second;
}

int world_before_commit(void *context)
{
    struct world *world = context;
    world->commits++;
    if (world_fault(world, world->faults.die_before_commit)) {
        world->kill = true;
        return -EIO;
    }
    if (world_fault(world, world->faults.busy_commit))
        return -EBUSY;
    if (world_fault(world, world->faults.fatal_commit))
        return -ENOSPC;
    return 0;
}

int world_after_commit(void *context)
{
    struct world *world = context;
    if (!world_fault(world, world->faults.die_after_commit))
        return 0;
    world->kill = true;
    return -EIO;
}

/* --- clients --- */

static void say_as_server(struct world *world, struct message *message)
{
    message->id = ++world->next_id;
    actor_say(world->server, message);
}

static void send_reports(struct world *world)
{
    while (world->reports) {
        struct report *report = world->reports;
        world->reports = report->next;
        say_as_server(world, &(struct message){.topic = TOPIC_JOB_REPORT,
                                               .text = slice_of(report->job),
                                               .detail = slice_of(report->text),
                                               .number = SEVERITY_INFO,
                                               .value = report->offset});
        free(report->job);
        free(report->text);
        free(report);
    }
}

static void add_report(struct world *world, const char *job, const char *text, int64_t offset)
{
    if (!world->server)
        return; /* nobody listens: the spool keeps it */
    struct report *report = NEW(struct report);
    *report = (struct report){str_copy(job), str_copy(text), offset, world->reports};
    world->reports = report;
    co_wake(&world->server->co);
}

struct command {
    struct world *world;
    const char *name;
    char args[64];
};

static void command_now(void *argument)
{
    struct command *command = argument;
    if (command->world->server && !command->world->server->shutting_down)
        say_as_server(command->world, &(struct message){.topic = TOPIC_COMMAND_REQUEST,
                                                        .text = slice_of(command->name),
                                                        .detail = slice_of(command->args)});
    free(command);
}

static void command_after(struct world *world, uint64_t delay, const char *name, const char *args)
{
    struct command *command = NEW(struct command);
    *command = (struct command){.world = world, .name = name};
    snprintf(command->args, sizeof command->args, "%s", args);
    sim_after(world->sim, delay, command_now, command);
}

/* Pause or hold, and undo it several times later: one of them meets a living scheduler. */
static void interfere(struct world *world)
{
    if (world->now || sim_chance(world->sim, 3) == 0) {
        command_after(world, ms, "reload", "{}");
        return;
    }
    int kind = (int)sim_chance(world->sim, 3);
    int task = (int)sim_chance(world->sim, (uint64_t)world->spec->n_tasks);
    int point = 1 + (int)sim_chance(world->sim, (uint64_t)world->spec->final);
    char ids[64];
    if (kind == 1)
        snprintf(ids, sizeof ids, "{\"ids\": [\"%d/t%d\"]}", point, task);
    else
        snprintf(ids, sizeof ids, "{\"after\": \"%d\"}", point);
    command_after(world, ms, kind == 0 ? "pause" : "hold", kind == 0 ? "{}" : ids);
    for (uint64_t i = 1; i <= 4; i++) {
        command_after(world, i * 400 * second, "resume", "{}");
        command_after(world, i * 400 * second, "release", "{\"all\": true}");
    }
}

struct turn { /* the plan's; freed by the simulated world if it never comes */
    struct world *world;
};

static void take_step(void *argument);

static void step_after(struct world *world, uint64_t delay)
{
    struct turn *turn = NEW(struct turn);
    turn->world = world;
    sim_after(world->sim, delay, take_step, turn);
}

static void late_path(const struct world *world, int point, char *ret, size_t size)
{
    char when[16];
    snprintf(ret, size, "%s/file-%s", world->directory, spec_point(world->spec, point, when));
}

/* What the xtriggers called `file` wait for, in the real world, where they look.
 */
static void put_files(const struct world *world)
{
    char path[128];
    for (int point = 1; world->now && point <= world->spec->final; point++)
        if (world->now->late[point]) {
            late_path(world, point, path, sizeof path);
            FILE *file = fopen(path, "w");
            if (file)
                fclose(file);
        }
}

void world_forget_files(const struct world *world)
{
    char path[128];
    for (int point = 1; point <= world->spec->final; point++) {
        late_path(world, point, path, sizeof path);
        unlink(path);
    }
}

/* Everything is as a step of the story has it. */
static void world_at(struct world *world, const struct rules *rules)
{
    world->now = rules;
    if (rules)
        world->spec = &rules->spec;
    put_files(world);
}

static void show_step(const struct world *world, const struct plan_step *step)
{
    printf("--- step %d, day %d: %s %s\n", world->step, (int)(world->since / second / (24 * 3600)),
           step->command ? step->command : "", step->args);
    if (step->command && strcmp(step->command, "reload") == 0) {
        struct text flow = {0};
        spec_write(world->spec, &flow);
        fputs(text_string(&flow), stdout);
        text_release(&flow);
    }
    fflush(stdout);
}

/* The step is begun: from now on the world is as the plan has it. */
static void begin_step(struct world *world, const struct plan_step *step)
{
    if (world->taken)
        return;
    judge_pool(world);
    world->taken = true;
    world->since = sim_now(world->sim);
    world->quiet = step->quiet;
    sim_calm(world->sim, step->quiet);
    world_at(world, step->after);
    if (world->verbose)
        show_step(world, step);
}

static void end_step(struct world *world)
{
    world->asked = 0;
    world->taken = false;
    world->step++;
}

/* The plan's next step, until it is answered: whatever dies in between, a client asks again. */
static void take_step(void *argument)
{
    struct world *world = ((struct turn *)argument)->world;
    const struct plan_step *step = &world->plan->steps[world->step];
    free(argument);
    if (world->step == world->plan->n)
        return;
    uint64_t due = (uint64_t)step->due * second;
    if (sim_now(world->sim) < due) {
        step_after(world, due - sim_now(world->sim));
        return;
    }
    begin_step(world, step);
    bool waits = step->quiet && world->asked;
    if (!step->command) {
        end_step(world);
    } else if (world->server && !world->server->shutting_down && !waits) {
        struct message request = {.topic = TOPIC_COMMAND_REQUEST,
                                  .text = slice_of(step->command),
                                  .detail = slice_of(step->args)};
        say_as_server(world, &request);
        world->asked = request.id;
    }
    step_after(world, 7 * second);
}

/* The reader of the definition may have died, or a reload be under way already. */
static bool is_to_be_asked_again(const struct world *world, const struct message *reply)
{
    const char *command = world->plan->steps[world->step].command;
    return world->now && reply->number == REPLY_ERROR && strcmp(command, "reload") == 0;
}

static void server_hear(struct actor *actor, const struct message *message)
{
    struct world *world = *(struct world **)(actor + 1);
    world->replies += message->topic == TOPIC_REPLY;
    if (message->topic != TOPIC_REPLY || !world->asked || message->id != world->asked)
        return;
    if (world->now && world->quiet && message->number == REPLY_ERROR)
        world_problem(world, "step %d failed: %.*s", world->step, (int)message->text.n,
                      message->text.at);
    if (is_to_be_asked_again(world, message))
        world->asked = 0;
    else
        end_step(world);
}

static bool server_work(struct actor *actor)
{
    struct world *world = *(struct world **)(actor + 1);
    if (!actor->shutting_down)
        send_reports(world);
    return false;
}

static const struct actor_type server_type = {
    .member = SERVER, .hear = server_hear, .work = server_work};

void *world_server_create(struct world *world, const struct cast_context *context)
{
    struct actor *actor = mem_new(sizeof *actor + sizeof world);
    memcpy(actor + 1, &world, sizeof world);
    actor_init(actor, &server_type, context);
    world->server = actor;
    world->lives++;
    if (world->asked && world->quiet)
        end_step(world); /* the scheduler ended before the answer, as it was asked to */
    return actor;
}

void world_server_destroy(struct world *world, void *member)
{
    actor_release(member);
    world->server = NULL;
    free(member);
}

/* --- jobs --- */

struct body { /* the process of a job */
    struct body *next;
    struct world *world;
    int64_t pid;
    char status[256]; /* path of its job.status */
    char id[64];      /* "1/t0/01" */
    int task, point, try_number;
    int step;
    unsigned life;  /* of the scheduler that launched it */
    unsigned waits; /* minutes that it has waited for the story */
    bool counted;   /* in the queue */
    bool is_first;  /* of its task and point */
};

static void body_step(void *argument);

static void body_next(struct body *body, uint64_t delay)
{
    body->step++;
    sim_after(body->world->sim, delay, body_step, body);
}

static int append(struct body *body, const char *lines, unsigned flags)
{
    return sim_write(body->world->sim, body->status, lines, strlen(lines), flags | ENV_APPEND);
}

/* The first to create job.status has the job. */
static bool claim(struct body *body)
{
    char lines[256];
    snprintf(lines, sizeof lines,
             "CYLC_JOB_RUNNER_NAME=background\nCYLC_JOB_ID=%" PRId64
             "\nCYLC_JOB_RUNNER_SUBMIT_TIME=2026-01-01T00:00:00Z\nCYLC_JOB_PID=%" PRId64
             "\nCYLC_JOB_INIT_TIME=2026-01-01T00:00:01Z\n",
             body->pid, body->pid);
    return append(body, lines, ENV_EXCLUSIVE) == 0;
}

/* It was launched by an earlier scheduler, and begins only now: the present one has launched it
 * again, and if that failed both may run, under two submit numbers. */
static void note_ghost(struct body *body)
{
    if (body->life != body->world->lives)
        body->world->ghosts[body->task][body->point] = body->world->any_ghost = true;
}

static void count_run(struct body *body)
{
    struct body_run *run;
    HASH_FIND_STR(body->world->runs, body->id, run);
    if (!run) {
        run = NEW(struct body_run);
        run->id = str_copy(body->id);
        HASH_ADD_KEYPTR(hh, body->world->runs, run->id, strlen(run->id), run);
    }
    if (++run->times > 1)
        world_problem(body->world, "%s ran twice", body->id);
    body->world->ran[body->task][body->point]++;
    note_ghost(body);
}

/* Of its task and point; or the first that the scheduler knows of, while one that begins too late
 * goes on beside it. */
static bool is_first_run(const struct body *body)
{
    const struct world *world = body->world;
    if (world->ran[body->task][body->point] == 1)
        return true;
    for (const struct body *each = world->bodies; each; each = each->next)
        if (each != body && each->task == body->task && each->point == body->point &&
            each->is_first && sim_process_alive(world->sim, each->pid))
            return true;
    return false;
}

static void enter_queue(struct body *body)
{
    struct world *world = body->world;
    body->counted = body->task < world->spec->n_tasks && world->spec->tasks[body->task].queued;
    world->in_queue += body->counted;
    if (world->in_queue > world->spec->queue_limit && world->now && !world->now->any_manual &&
        !world->any_ghost)
        world_problem(world, "%s: %d jobs of a queue of %d", body->id, world->in_queue,
                      world->spec->queue_limit);
}

static void body_free(struct body *body)
{
    struct body **link = &body->world->bodies;
    while (*link != body)
        link = &(*link)->next;
    *link = body->next;
    body->world->in_queue -= body->counted;
    free(body);
}

/* Its trap writes what came, unless it is too late for that. */
static void body_killed(void *context, int64_t pid, int signal)
{
    struct world *world = context;
    struct body *body = world->bodies;
    while (body && body->pid != pid)
        body = body->next;
    if (body && body->step > 0 && signal == SIGTERM && sim_process_alive(world->sim, pid))
        append(body, "CYLC_JOB_EXIT=TERM\nCYLC_JOB_EXIT_TIME=2026-01-01T00:00:09Z\n", 0);
    sim_process_exit(world->sim, pid, 0, signal);
}

/* The first job of a long task goes on until the story lets it end. */
static bool hangs(const struct body *body)
{
    const struct rules *now = body->world->now;
    return now && now->spec.tasks[body->task].is_long && body->is_first &&
           !now->let_go[body->task][body->point];
}

static void say_x(struct body *body)
{
    struct world *world = body->world;
    append(body, "CYLC_MESSAGE=2026-01-01T00:00:02Z|INFO|message x\n", 0);
    int64_t offset = (int64_t)sim_file(world->sim, body->status)->n;
    if (!world_fault(world, world->faults.report_lost))
        add_report(world, body->id, "message x", offset);
    if (world_fault(world, world->faults.report_twice))
        add_report(world, body->id, "message x", offset);
}

static void finish(struct body *body)
{
    struct world *world = body->world;
    bool ok =
        spec_outcome(world->spec, body->task, body->point, body->try_number) & 1u << SPEC_SUCCEEDED;
    append(body,
           ok ? "CYLC_JOB_EXIT=SUCCEEDED\nCYLC_JOB_EXIT_TIME=2026-01-01T00:00:09Z\n"
              : "CYLC_JOB_EXIT=ERR\nCYLC_JOB_EXIT_TIME=2026-01-01T00:00:09Z\n",
           0);
    if (world_fault(world, world->faults.report_contradicts))
        add_report(world, body->id, ok ? "failed/ERR" : "started", -1);
}

/* Its message that it began is sent until it gets through, which the faults allow some day. */
static void wait_for_story(struct body *body)
{
    if (body->waits++ < STARTED_SENT)
        add_report(body->world, body->id, "started", -1);
    sim_after(body->world->sim, 60 * second, body_step, body);
}

static void show_body(const struct body *body, bool alive)
{
    static const char *const steps[] = {"begins", "says x if it does", "ends", "is gone"};
    printf("%12.6f   (the process %" PRId64 " of %s %s)\n",
           (double)sim_now(body->world->sim) / (double)second, body->pid, body->id,
           alive ? steps[body->step] : "was killed");
    fflush(stdout);
}

static void body_step(void *argument)
{
    struct body *body = argument;
    struct world *world = body->world;
    if (world->verbose && !body->waits)
        show_body(body, sim_process_alive(world->sim, body->pid));
    uint64_t pause = 10 * ms + sim_chance(world->sim, 40) * 100 * ms;
    if (!sim_process_alive(world->sim, body->pid)) {
        body_free(body);
        return;
    }
    bool says_x =
        spec_outcome(world->spec, body->task, body->point, body->try_number) & 1u << SPEC_X;
    switch (body->step) {
    case 0:
        if (world_fault(world, world->faults.dies_at_once) || !claim(body)) {
            sim_process_exit(world->sim, body->pid, 0, 0);
            body_free(body);
            return;
        }
        count_run(body);
        enter_queue(body);
        body->is_first = is_first_run(body);
        if (world_fault(world, world->faults.command))
            interfere(world);
        break;
    case 1:
        if (says_x)
            say_x(body);
        break;
    case 2:
        if (hangs(body)) {
            wait_for_story(body);
            return;
        }
        finish(body);
        break;
    default:
        sim_process_exit(world->sim, body->pid,
                         strstr(text_string(sim_file(world->sim, body->status)), "=ERR") != NULL,
                         0);
        body_free(body);
        return;
    }
    body_next(body, body->step == 2 ? ms : pause);
}

/* A job may be launched only when that it will be is committed. */
static void check_recorded(struct world *world, int point, int task, int submit)
{
    sqlite3_stmt *query = NULL;
    char sql[256], when[16];
    snprintf(sql, sizeof sql,
             "SELECT 1 FROM task_jobs WHERE cycle='%s' AND name='t%d' AND submit_num=%d",
             spec_point(world->spec, point, when), task, submit);
    if (sqlite3_prepare_v2(world->reader, sql, -1, &query, NULL) != SQLITE_OK ||
        sqlite3_step(query) != SQLITE_ROW)
        world_problem(world, "%d/t%d/%02d was launched before it was recorded", point, task,
                      submit);
    sqlite3_finalize(query);
}

/* What the broadcasts have told it, and what its xtriggers have. */
static void check_heard(struct body *body, const char *job_file)
{
    struct world *world = body->world;
    const struct text *text = sim_file(world->sim, job_file);
    const char *at = text ? strstr(text_string(text), " HEARD=\"") : NULL;
    int heard = at ? atoi(at + 8) : 0;
    int expected = world->now ? world->now->at[body->task][body->point].heard : 0;
    if (heard != expected)
        world_problem(world, "%s was told %d by broadcasts; expected %d", body->id, heard,
                      expected);
}

static int try_number_of(struct world *world, const char *job_file)
{
    const struct text *text = sim_file(world->sim, job_file);
    const char *at = text ? strstr(text_string(text), "CYLC_TASK_TRY_NUMBER=") : NULL;
    int number = 0;
    if (at && sscanf(at, "CYLC_TASK_TRY_NUMBER=%d", &number) != 1)
        number = 0;
    return number;
}

/* The reader of a definition for a reload: it finds the one there is. */
static void reread(struct world *world, int64_t pid, const struct env_spawn *options)
{
    char *file = str_format("%s.cylc", options->out);
    char *stop = *world->stop ? str_format("\"stop\": \"%s\"", world->stop) : str_copy("");
    char *json = str_format("{\"file\": \"%s\", \"options\": {%s}, \"warnings\": []}", file, stop);
    struct text flow = {0};
    spec_write(world->spec, &flow);
    bool reads = !world_fault(world, world->faults.dies_at_once);
    if (reads) {
        sim_write(world->sim, file, flow.at, flow.n, 0);
        sim_write(world->sim, options->out, json, strlen(json), 0);
    }
    world->reloads += reads;
    text_release(&flow);
    free(stop);
    free(json);
    free(file);
    sim_process_exit(world->sim, pid, reads ? 0 : 1, 0);
}

static void script(void *context, int64_t pid, const struct env_spawn *options)
{
    struct world *world = context;
    if (options->argv[1] && strcmp(options->argv[1], "reread") == 0) {
        reread(world, pid, options);
        return;
    }
    const char *job = options->argv[0], *log = strstr(job, "/log/job/");
    struct body *body = NEW(struct body);
    int submit = 0;
    char when[32] = "";
    if (!log || sscanf(log, "/log/job/%31[^/]/t%d/%d/job", when, &body->task, &submit) != 3)
        world_problem(world, "a process that is no job was started: %s", job);
    body->point = spec_point_of(world->spec, when);
    body->life = world->lives;
    body->world = world;
    body->next = world->bodies;
    world->bodies = body;
    body->pid = pid;
    snprintf(body->status, sizeof body->status, "%s.status", job);
    body->try_number = try_number_of(world, job);
    if (body->try_number < 1)
        world_problem(world, "%s: no try number in the job file", job);
    snprintf(body->id, sizeof body->id, "%s/t%d/%02d", when, body->task, submit);
    check_heard(body, job);
    check_recorded(world, body->point, body->task, submit);
    if (world_fault(world, world->faults.clock_jump))
        sim_jump_clock(world->sim,
                       (int64_t)(sim_chance(world->sim, 7200 * second)) - (int64_t)(3600 * second));
    sim_after(world->sim, ms + sim_chance(world->sim, 20) * ms, body_step, body);
}

/* --- the world's life --- */

void world_init(struct world *world, struct sim *sim, const struct spec *spec,
                const struct plan *plan, const struct faults *faults)
{
    uint64_t last = plan->n ? (uint64_t)plan->steps[plan->n - 1].due : 0;
    uint64_t heals_at = (last + FAULTY) * second;
    *world = (struct world){
        .sim = sim, .spec = spec, .plan = plan, .faults = *faults, .heals_at = heals_at};
    sim_on_spawn(sim, script, world);
    sim_on_kill(sim, body_killed, world);
    world_at(world, plan->begin);
    if (plan->n)
        step_after(world, PLAN_PAUSE * second);
}

void world_release(struct world *world)
{
    struct body_run *run, *next;
    HASH_ITER(hh, world->runs, run, next)
    {
        HASH_DEL(world->runs, run);
        free(run->id);
        free(run);
    }
    while (world->reports) {
        struct report *report = world->reports;
        world->reports = report->next;
        free(report->job);
        free(report->text);
        free(report);
    }
    sqlite3_close(world->reader);
}
