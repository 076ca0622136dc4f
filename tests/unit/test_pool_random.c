/* Random workflows, by seed: whatever the order of events, with events doubled, restarts and
 * crashes, each job is launched once, every run ends in completion or a stall, and in the end the
 * same tasks have run with the same result. The outcome of a job is a function of the seed, the
 * task and the submit number, so that runs can be compared. */
#include "tests/lib/pool_world.h"
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { STEPS_MAX = 20000, TASKS_MAX = 8, SEEDS = 100 };

/* --- chance --- */

static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static uint32_t below(uint64_t *state, uint32_t n)
{
    *state = mix(*state);
    return (uint32_t)(*state >> 33) % n;
}

static bool one_in(uint64_t *state, uint32_t n)
{
    return below(state, n) == 0;
}

/* --- a workflow --- */

struct shape {
    uint32_t n_tasks, n_points;
    bool future; /* triggers off a later cycle: then the runahead limit depends on the order */
    bool optional[TASKS_MAX];
    bool custom[TASKS_MAX]; /* has an output x */
};

static void add_parent(struct text *graph, const struct shape *shape, uint64_t *chance,
                       uint32_t child)
{
    bool before = shape->n_points > 1 && (child == 0 || one_in(chance, 4));
    uint32_t parent = before ? below(chance, shape->n_tasks) : below(chance, child);
    text_addf(graph, "t%u%s", parent, before ? "[-P1]" : "");
    if (shape->custom[parent] && one_in(chance, 3))
        text_add(graph, ":x?");
    else if (shape->optional[parent])
        text_add(graph,
                 (const char *const[]){"?", ":fail?", ":finish", ":start"}[below(chance, 4)]);
    else
        text_add(graph, one_in(chance, 5) ? ":start" : "");
}

static void add_line(struct text *graph, const struct shape *shape, uint64_t *chance,
                     uint32_t child)
{
    uint32_t n = 1 + below(chance, 3);
    for (uint32_t i = 0; i < n; i++) {
        text_add(graph, i == 0 ? "" : one_in(chance, 2) ? " & " : " | ");
        add_parent(graph, shape, chance, child);
    }
    text_addf(graph, " => t%u%s\n", child, shape->optional[child] ? "?" : "");
}

static void add_graph(struct text *out, const struct shape *shape, uint64_t *chance)
{
    text_add(out, "[[graph]]\nP1 = \"\"\"\n");
    for (uint32_t task = 0; task < shape->n_tasks; task++) {
        const char *mark = shape->optional[task] ? "?" : "";
        uint32_t n = task == 0 && shape->n_points == 1 ? 0 : below(chance, 3);
        if (!n)
            text_addf(out, "t%u%s\n", task, mark);
        while (n--)
            add_line(out, shape, chance, task);
    }
    bool may_fail = true; /* every member */
    for (uint32_t task = 1; task < shape->n_tasks; task += 2)
        may_fail &= shape->optional[task];
    if (one_in(chance, 2))
        text_addf(out, "FAM:%s => last\n",
                  may_fail            ? "finish-all"
                  : one_in(chance, 2) ? "start-any"
                                      : "start-all");
    text_add(out, "\"\"\"\n");
    if (one_in(chance, 3))
        text_add(out, "R1 = first\nP2 = first[^] & t0:start => abs\n");
    if (shape->future && shape->n_points > 1 && one_in(chance, 3))
        text_addf(out, "P1 = t%u[+P1]:start => future\n", below(chance, shape->n_tasks));
    if (one_in(chance, 3))
        text_add(out, "P1 = @e => waits\n");
    if (one_in(chance, 3))
        text_add(out, "P1 = @e | t0:start => either\n");
    if (one_in(chance, 3))
        text_add(out, "P1 = \"\"\"\n@f | @f:timeout => window\n"
                      "(@f & t0:start) | @f:timeout | (@e & waits) => mixed\n\"\"\"\n");
}

static char *make_workflow(uint64_t seed, bool future)
{
    uint64_t chance = seed;
    struct shape shape = {.n_tasks = 2 + below(&chance, TASKS_MAX - 2),
                          .n_points = 1 + below(&chance, 4),
                          .future = future};
    struct text out = {0};
    text_addf(&out,
              "[scheduler]\nallow implicit tasks = True\n[scheduling]\ncycling mode = integer\n"
              "initial cycle point = 1\nfinal cycle point = %u\nrunahead limit = P%u\n",
              shape.n_points, below(&chance, 3));
    if (one_in(&chance, 3))
        text_addf(&out, "[[special tasks]]\nsequential = t%u\n", below(&chance, shape.n_tasks));
    if (one_in(&chance, 2))
        text_addf(&out, "[[queues]]\n[[[default]]]\nlimit = %u\n", 1 + below(&chance, 3));
    text_add(&out, "[[xtriggers]]\ne = echo(%(point)s, succeed=True)\nf = echo(f)\n"
                   "[[xtrigger windows]]\n[[[f]]]\nstart = PT1M\nuntil = PT2M\n");
    for (uint32_t task = 0; task < shape.n_tasks; task++) {
        shape.optional[task] = one_in(&chance, 2);
        shape.custom[task] = one_in(&chance, 3);
    }
    add_graph(&out, &shape, &chance);
    text_add(&out, "[runtime]\n[[FAM]]\n");
    for (uint32_t task = 0; task < shape.n_tasks; task++) {
        text_addf(&out, "[[t%u]]\n%s", task, task % 2 ? "inherit = FAM\n" : "");
        if (one_in(&chance, 4))
            text_add(&out, "execution retry delays = PT1S\n");
        if (one_in(&chance, 6))
            text_add(&out, "submission retry delays = PT1S\n");
        if (shape.custom[task])
            text_add(&out, "[[[outputs]]]\nx = the x\n");
    }
    return text_take(&out);
}

/* --- its jobs --- */

enum { FAILS_ONE_IN = 4, SUBMIT_FAILS_ONE_IN = 12 };

struct run {
    struct pool_world *world;
    uint64_t seed, chance;
    VEC(struct message) told; /* job events, to be doubled */
};

static uint64_t fate(const struct run *run, const struct world_job *job)
{
    return mix(mix(run->seed ^ (uint64_t)job->point * 1000003) ^ job->task * 31 ^
               (uint64_t)job->submit << 40);
}

/* The job's next event. */
static void tell(struct run *run, struct world_job *job)
{
    struct pool_world *w = run->world;
    uint64_t f = fate(run, job);
    struct message m = {.point = job->point,
                        .task = job->task,
                        .submit = job->submit,
                        .try_ = job->try_,
                        .value = -1,
                        .number = SEVERITY_INFO};
    bool ends = false;
    unsigned step = job->progress++;
    if (step == 0) {
        ends = f % SUBMIT_FAILS_ONE_IN == 0;
        m.topic = ends ? TOPIC_JOB_SUBMIT_FAILED : TOPIC_JOB_SUBMITTED;
    } else if (step == 1) {
        m.topic = TOPIC_JOB_STARTED;
    } else if (step == 2) {
        m.topic = TOPIC_JOB_MESSAGE;
        m.text = slice_of((f >> 8) % 3 ? "the x" : "hello");
        m.value = 20;
    } else {
        ends = true;
        m.topic = (f >> 16) % FAILS_ONE_IN ? TOPIC_JOB_SUCCEEDED : TOPIC_JOB_FAILED;
    }
    *vec_push(&run->told) = m;
    if (ends)
        pool_world_end_job(w, job);
    w->now += 1000;
    w->hold_answers = true;
    pool_world_hear(w, m);
    w->hold_answers = false;
}

static void satisfy_a_watch(struct run *run)
{
    struct pool_world *w = run->world;
    struct text *watch = &w->watches.at[below(&run->chance, (uint32_t)w->watches.n)];
    char *signature = str_copy(text_string(watch));
    text_release(watch);
    *watch = *vec_last(&w->watches);
    w->watches.n--;
    w->hold_answers = true;
    pool_world_satisfy(w, signature, "{}");
    w->hold_answers = false;
    free(signature);
}

/* Something that happened before happens again: nothing may change. Settlements say only once what
 * they are about, so they are not doubled. */
static void double_something(struct run *run)
{
    struct pool_world *w = run->world;
    struct message m;
    if (w->events.n && one_in(&run->chance, 2))
        m = w->events.at[below(&run->chance, (uint32_t)w->events.n)];
    else if (run->told.n)
        m = run->told.at[below(&run->chance, (uint32_t)run->told.n)];
    else
        return;
    if (m.topic == TOPIC_TRIGGER_SETTLED || m.topic == TOPIC_HISTORY)
        return;
    w->hold_answers = true;
    pool_world_hear(w, m);
    w->hold_answers = false;
}

static struct world_job *launched_job(struct run *run)
{
    struct pool_world *w = run->world;
    uint32_t n = (uint32_t)w->jobs.n, first = n ? below(&run->chance, n) : 0;
    for (uint32_t i = 0; i < n; i++)
        if (w->jobs.at[(first + i) % n].launched)
            return &w->jobs.at[(first + i) % n];
    return NULL;
}

/* False when nothing is left to happen. */
static bool step(struct run *run)
{
    struct pool_world *w = run->world;
    bool answers = w->inbox.n > 0;
    if (answers && (!w->jobs.n || !one_in(&run->chance, 4))) {
        pool_world_run_one(w);
        return true;
    }
    struct world_job *job = launched_job(run);
    if (w->watches.n && (!job || one_in(&run->chance, 3)))
        satisfy_a_watch(run);
    else if (job)
        tell(run, job);
    else if (w->jobs.n)
        pool_world_commit(w);
    else if (answers)
        pool_world_run_one(w);
    else
        return false;
    return true;
}

/* "1/t0 submitted 2 times": all that ran, in order of names. */
static int compare_jobs(const void *a, const void *b)
{
    const struct world_job *x = a, *y = b;
    if (x->point != y->point)
        return x->point < y->point ? -1 : 1;
    if (x->task != y->task)
        return x->task < y->task ? -1 : 1;
    return x->submit < y->submit ? -1 : x->submit > y->submit;
}

static void add_result(struct run *run, struct text *out)
{
    struct pool_world *w = run->world;
    pool_world_commit(w);
    if (w->launched.n)
        qsort(w->launched.at, w->launched.n, sizeof *w->launched.at, compare_jobs);
    VEC_EACH (struct world_job, job, &w->launched)
        text_addf(out, "%d/%s %u try %u\n", (int)job->point, w->workflow->tasks[job->task].name,
                  job->submit, job->try_);
    text_addf(out, "pool: %s\nstalled: %d\n", pool_world_rows(w), w->stalled);
}

enum trouble { NO_TROUBLE, DOUBLES, RESTARTS, CRASHES };

static void make_trouble(struct run *run, enum trouble trouble)
{
    struct pool_world *w = run->world;
    if (w->shutdowns)
        return;
    if (trouble == DOUBLES && one_in(&run->chance, 3)) {
        double_something(run);
    } else if (trouble == RESTARTS && one_in(&run->chance, 15)) {
        w->hold_answers = true;
        pool_world_restart(w);
        w->hold_answers = false;
    } else if (trouble == CRASHES) {
        if (one_in(&run->chance, 4))
            pool_world_commit(w);
        else if (one_in(&run->chance, 25))
            pool_world_crash(w);
    }
}

/* cmocka's messages are cut short. */
_Noreturn static void report(uint64_t seed, const char *workflow, const char *a, const char *b)
{
    fprintf(stderr, "seed %d\n%s\n--- expected:\n%s\n--- found:\n%s\n", (int)seed, workflow, a, b);
    fail();
    abort();
}

static char *run_workflow(const char *workflow, uint64_t seed, uint64_t order, enum trouble trouble)
{
    struct run run = {.seed = seed, .chance = mix(seed ^ order)};
    run.world =
        trouble == CRASHES ? pool_world_create_durable(workflow) : pool_world_create(workflow);
    struct pool_world *w = run.world;
    w->hold_answers = true;
    pool_world_start(w);
    w->hold_answers = false;
    if (trouble == CRASHES)
        pool_world_commit(w);
    for (unsigned steps = 0; !w->shutdowns; steps++) {
        if (steps == STEPS_MAX)
            report(seed, workflow, "an end", pool_world_log(w));
        make_trouble(&run, trouble);
        if (!w->shutdowns && !step(&run))
            break;
    }
    struct text result = {0};
    if (!w->shutdowns && !w->stalled && !w->complete)
        report(seed, workflow, "complete or stalled", pool_world_log(w));
    add_result(&run, &result);
    vec_release(&run.told);
    pool_world_destroy(w);
    return text_take(&result);
}

static void compare(enum trouble trouble)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        char *workflow = make_workflow(mix(seed), false);
        char *plain = run_workflow(workflow, seed, 0, NO_TROUBLE);
        char *troubled = run_workflow(workflow, seed, seed + trouble, trouble);
        if (strcmp(plain, troubled) != 0)
            report(seed, workflow, plain, troubled);
        free(troubled);
        free(plain);
        free(workflow);
    }
}

static void the_order_of_events_does_not_matter(void **state)
{
    (void)state;
    compare(NO_TROUBLE);
}

static void doubled_events_change_nothing(void **state)
{
    (void)state;
    compare(DOUBLES);
}

static void restarts_change_nothing(void **state)
{
    (void)state;
    compare(RESTARTS);
}

static void crashes_change_nothing(void **state)
{
    (void)state;
    compare(CRASHES);
}

/* --- users --- */

/* All of a task's, or one; often a member of the family that `last` waits for. */
static void add_prerequisite(struct run *run, char *text, size_t size)
{
    static const char *const outputs[] = {"", ":started", ":failed"};
    if (one_in(&run->chance, 3)) {
        strcat(text, "\n\nall");
        return;
    }
    uint32_t point = 1 + below(&run->chance, 4), parent = below(&run->chance, TASKS_MAX);
    if (one_in(&run->chance, 2))
        snprintf(text, size, "%u/last", point);
    size_t n = strlen(text);
    snprintf(text + n, size - n, "\n\n%u/t%u%s", point, parent, outputs[below(&run->chance, 3)]);
}

static struct message random_command(struct run *run, char *text, size_t size)
{
    static const enum pool_command choice[] = {
        POOL_PAUSE,   POOL_RESUME,      POOL_HOLD,    POOL_RELEASE,           POOL_RELEASE_ALL,
        POOL_TRIGGER, POOL_TRIGGER,     POOL_TRIGGER, POOL_SET_OUTPUTS,       POOL_SET_OUTPUTS,
        POOL_REMOVE,  POOL_SET_OUTPUTS, POOL_REMOVE,  POOL_SET_PREREQUISITES, POOL_STOP_FLOW};
    static const uint32_t flags[] = {0, 0, POOL_FLOW_NEW, POOL_FLOW_NONE, POOL_FLOW_WAIT};
    static const char *const outputs[] = {"", "\n\nfailed", "\n\nstarted", "\n\nx\nsucceeded"};
    struct message m = {.topic = TOPIC_POOL_COMMAND,
                        .id = 1,
                        .number = choice[below(&run->chance, sizeof choice / sizeof *choice)],
                        .flags = flags[below(&run->chance, 5)]};
    bool all = one_in(&run->chance, 6);
    snprintf(text, size, "%u/t%u", 1 + below(&run->chance, 4), below(&run->chance, TASKS_MAX));
    if (all)
        snprintf(text, size, "*/t*");
    if (m.number == POOL_SET_OUTPUTS)
        strcat(text, outputs[below(&run->chance, 4)]);
    if (m.number == POOL_SET_PREREQUISITES)
        add_prerequisite(run, text, size);
    if (m.number == POOL_REMOVE || m.number == POOL_STOP_FLOW)
        m.flags = 0;
    if (m.number == POOL_STOP_FLOW || (m.number == POOL_REMOVE && one_in(&run->chance, 2)))
        m.flows = (struct flow_list){.n = 1, .at = {1 + below(&run->chance, 3)}};
    if (all && m.flags == POOL_FLOW_NEW)
        m.flags = 0;
    m.text = slice_of(text);
    return m;
}

/* A rehearsal says what then happens, word for word; only what tasks without parents do in a new
 * flow it does not show. */
static void rehearse_and_do(struct pool_world *w, struct message m, uint64_t seed,
                            const char *workflow)
{
    struct message rehearsal = m;
    rehearsal.flags |= POOL_DRY_RUN;
    text_clear(&w->changes);
    pool_world_clear(w);
    pool_world_hear(w, rehearsal);
    assert_int_equal(w->changes.n, 0);
    char *outcome = str_copy(pool_world_lines(w, "outcome"));
    unsigned spawns = w->spawns;
    pool_world_hear(w, m);
    json_t *reply = json_loads(strchr(outcome, '{'), 0, NULL);
    struct text rehearsed = {0};
    const json_t *changes = json_object_get(reply, "changes");
    for (size_t i = 0; i < json_array_size(changes); i++)
        text_addf(&rehearsed, "%s\n", json_string_value(json_array_get(changes, i)));
    if (w->spawns == spawns && strcmp(text_string(&rehearsed), text_string(&w->changes)) != 0)
        report(seed, workflow, text_string(&rehearsed), text_string(&w->changes));
    text_release(&rehearsed);
    json_decref(reply);
    free(outcome);
}

static void give_a_command(struct run *run, const char *workflow)
{
    struct pool_world *w = run->world;
    char text[64];
    struct message m = random_command(run, text, sizeof text);
    bool can = m.number == POOL_TRIGGER || m.number == POOL_SET_OUTPUTS ||
               m.number == POOL_SET_PREREQUISITES || m.number == POOL_REMOVE ||
               m.number == POOL_STOP_FLOW;
    if (can && pool_in_flight(w->pool) == 0) {
        rehearse_and_do(w, m, run->seed, workflow);
        return;
    }
    w->hold_answers = true;
    pool_world_hear(w, m);
    w->hold_answers = false;
}

/* Whatever users do: the pool's invariants hold, no job is launched twice, and once they leave it
 * alone the run ends. */
static void commands_never_break_it(void **state)
{
    (void)state;
    static const uint64_t found[] = {224, 653, 828, 879}; /* each found a fault once */
    for (uint64_t i = 1; i <= SEEDS + sizeof found / sizeof *found; i++) {
        uint64_t seed = i <= SEEDS ? i : found[i - SEEDS - 1];
        char *workflow = make_workflow(mix(seed), true);
        struct run run = {.world = pool_world_create(workflow), .seed = seed, .chance = mix(~seed)};
        struct pool_world *w = run.world;
        w->hold_answers = true;
        pool_world_start(w);
        w->hold_answers = false;
        for (unsigned n = 0; n < 300 && !w->shutdowns; n++) {
            if (one_in(&run.chance, 10))
                give_a_command(&run, workflow);
            if (one_in(&run.chance, 10))
                double_something(&run);
            make_trouble(&run, RESTARTS);
            if (!w->shutdowns)
                step(&run);
        }
        w->hold_answers = true;
        pool_world_hear(w,
                        (struct message){.topic = TOPIC_POOL_COMMAND, .number = POOL_RELEASE_ALL});
        pool_world_hear(w, (struct message){.topic = TOPIC_POOL_COMMAND, .number = POOL_RESUME});
        w->hold_answers = false;
        for (unsigned steps = 0; !w->shutdowns && step(&run); steps++)
            assert_true(steps < STEPS_MAX);
        if (!w->shutdowns && !w->stalled && !w->complete)
            report(seed, workflow, "complete or stalled", pool_world_log(w));
        vec_release(&run.told);
        pool_world_destroy(w);
        free(workflow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_events_does_not_matter),
        cmocka_unit_test(doubled_events_change_nothing),
        cmocka_unit_test(restarts_change_nothing),
        cmocka_unit_test(crashes_change_nothing),
        cmocka_unit_test(commands_never_break_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
