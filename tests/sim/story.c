/* A story: what users and the world do to a workflow, one thing after the other, and what must be
 * in the pool after each. */
#include "base/memory.h"
#include "tests/sim/plan.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY = 24 * 3600, LAST_DAY = 100, STORY_MAX = 12 };

struct story {
    struct plan *plan;
    struct rules rules;
    uint64_t state;
    int64_t due;
    int task, point; /* picked */
    char id[32], when[16];
    int last_value; /* of broadcasts */
};

static int pick(struct story *story, int n)
{
    return spec_pick(&story->state, n);
}

static struct rules_place *place_of(struct story *story)
{
    return &story->rules.at[story->task][story->point];
}

/* A step that users take, args as printf would have it; the world's have no command. */
static void step(struct story *story, const char *command, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void step(struct story *story, const char *command, const char *format, ...)
{
    struct plan_step *each = &story->plan->steps[story->plan->n++];
    va_list args;
    each->command = command;
    each->due = story->due;
    va_start(args, format);
    vsnprintf(each->args, sizeof each->args, format, args);
    va_end(args);
    story->due += PLAN_PAUSE;
}

/* What follows from the last step. */
static void go_on(struct story *story)
{
    struct plan_step *last = &story->plan->steps[story->plan->n - 1];
    rules_settle(&story->rules);
    last->after = NEW(struct rules);
    *last->after = story->rules;
}

static void quietly(struct story *story)
{
    story->plan->steps[story->plan->n - 1].quiet = true;
}

/* --- picking --- */

typedef bool wanted(struct story *story);

static bool is_running(struct story *story)
{
    return place_of(story)->state == RULES_RUNNING;
}

/* And is still defined: a restart forgets the others. */
static bool can_be_killed(struct story *story)
{
    return is_running(story) && !place_of(story)->orphan;
}

static bool is_there(struct story *story)
{
    return rules_task_at(&story->rules.spec, story->task, story->point);
}

/* Its prerequisites are all that it waits for. */
static bool waits_for_parents_only(struct story *story)
{
    const struct spec *spec = &story->rules.spec;
    for (int i = 0; i < spec->n_lines; i++)
        if (spec->lines[i].child == story->task && (spec->lines[i].late || spec->lines[i].clock))
            return false;
    return is_there(story) && place_of(story)->state <= RULES_WAITING &&
           !spec->tasks[story->task].external && !spec->tasks[story->task].sequential;
}

/* Where there is a limit nobody goes back behind it. */
static bool can_be_triggered(struct story *story)
{
    bool unlimited = story->rules.spec.runahead >= story->rules.spec.final;
    return is_there(story) && !is_running(story) && !place_of(story)->orphan &&
           (unlimited || rules_is_in_pool(&story->rules, story->task, story->point));
}

/* Some place; false if there is none. */
static bool pick_place(struct story *story, wanted *is_wanted)
{
    const struct spec *spec = &story->rules.spec;
    int places = spec->n_tasks * spec->final, first = pick(story, places);
    for (int i = 0; i < places; i++) {
        int place = (first + i) % places;
        story->task = place % spec->n_tasks;
        story->point = 1 + place / spec->n_tasks;
        if (!is_wanted(story))
            continue;
        snprintf(story->id, sizeof story->id, "%s/t%d", spec_point(spec, story->point, story->when),
                 story->task);
        return true;
    }
    return false;
}

static const char *pick_point(struct story *story)
{
    story->point = 1 + pick(story, story->rules.spec.final);
    return spec_point(&story->rules.spec, story->point, story->when);
}

/* --- chapters --- */

static void hold_something(struct story *story)
{
    if (!pick_place(story, is_there))
        return;
    step(story, "hold", "{\"ids\": [\"%s\"]}", story->id);
    rules_hold(&story->rules, story->task, story->point);
    go_on(story);
}

static void release_something(struct story *story)
{
    if (!pick_place(story, is_there))
        return;
    step(story, "release", "{\"ids\": [\"%s\"]}", story->id);
    rules_release(&story->rules, story->task, story->point);
    go_on(story);
}

static void hold_after(struct story *story)
{
    step(story, "hold", "{\"after\": \"%s\"}", pick_point(story));
    rules_hold_after(&story->rules, story->point);
    go_on(story);
}

static void release_all(struct story *story)
{
    step(story, "release", "{\"all\": true}");
    rules_release_all(&story->rules);
    go_on(story);
}

static void pause_or_resume(struct story *story)
{
    step(story, story->rules.paused ? "resume" : "pause", "{}");
    story->rules.paused = !story->rules.paused;
    go_on(story);
}

static void trigger_something(struct story *story)
{
    if (!pick_place(story, can_be_triggered))
        return;
    unsigned flows = 0;
    int flow = pick(story, 2 * RULES_FLOWS_MAX);
    if (flow < 1 || flow > story->rules.last_flow + 1 || flow > RULES_FLOWS_MAX) {
        step(story, "trigger", "{\"ids\": [\"%s\"]}", story->id);
    } else if (flow > story->rules.last_flow) {
        step(story, "trigger", "{\"ids\": [\"%s\"], \"flow\": [\"new\"]}", story->id);
        story->rules.last_flow = flow;
        flows = 1u << flow;
    } else {
        step(story, "trigger", "{\"ids\": [\"%s\"], \"flow\": [%d]}", story->id, flow);
        flows = 1u << flow;
    }
    quietly(story);
    rules_trigger(&story->rules, story->task, story->point, flows);
    go_on(story);
}

static void set_prerequisites(struct story *story)
{
    if (!pick_place(story, waits_for_parents_only) ||
        (!rules_is_in_pool(&story->rules, story->task, story->point) && !can_be_triggered(story)))
        return;
    step(story, "set", "{\"ids\": [\"%s\"], \"prerequisites\": [\"all\"]}", story->id);
    rules_set_prerequisites(&story->rules, story->task, story->point);
    go_on(story);
}

static void kill_something(struct story *story)
{
    if (!pick_place(story, can_be_killed))
        return;
    step(story, "kill", "{\"ids\": [\"%s\"]}", story->id);
    quietly(story);
    rules_kill(&story->rules, story->task, story->point);
    go_on(story);
}

static void poll_something(struct story *story)
{
    if (!pick_place(story, can_be_killed))
        return;
    step(story, "poll", "{\"ids\": [\"%s\"]}", story->id);
    go_on(story);
}

static void end_job(struct story *story)
{
    step(story, NULL, "the job of %s ends", story->id);
    rules_job_ends(&story->rules, story->task, story->point);
    go_on(story);
}

static void job_ends(struct story *story)
{
    if (pick_place(story, is_running))
        end_job(story);
}

static void xtrigger_is_satisfied(struct story *story)
{
    const char *point = pick_point(story);
    step(story, NULL, "file-%s is there", point);
    story->rules.late[story->point] = true;
    go_on(story);
}

static bool is_external(struct story *story)
{
    return is_there(story) && story->rules.spec.tasks[story->task].external;
}

static void send_message(struct story *story)
{
    if (!pick_place(story, is_external))
        return;
    step(story, "ext-trigger", "{\"message\": \"data for t%d\", \"id\": \"%d\"}", story->task,
         story->plan->n);
    quietly(story);
    rules_message(&story->rules, story->task);
    go_on(story);
}

static void sleep_until(struct story *story, int day)
{
    step(story, NULL, "day %d", day);
    while (story->rules.day < day) {
        story->rules.day++;
        rules_settle(&story->rules);
    }
    if (story->due < (int64_t)day * DAY)
        story->due = (int64_t)day * DAY;
    go_on(story);
}

static void time_passes(struct story *story)
{
    int day = (story->rules.day / 10 + 1 + pick(story, 2)) * 10 + 5;
    if (story->rules.spec.dated && day < LAST_DAY)
        sleep_until(story, day);
}

static void stop(struct story *story)
{
    static const char *const modes[] = {
        [RULES_STOP_CLEAN] = "clean", [RULES_STOP_KILL] = "kill", [RULES_STOP_NOW] = "now"};
    enum rules_stop how = (enum rules_stop)pick(story, 3);
    step(story, "stop", "{\"mode\": \"%s\"}", modes[how]);
    quietly(story);
    rules_stop(&story->rules, how);
    go_on(story);
    while (story->rules.stopping && pick_place(story, is_running)) {
        end_job(story);
        quietly(story);
    }
}

static void stop_after_point(struct story *story)
{
    if (story->rules.stop_point)
        return;
    const char *point = pick_point(story);
    if (story->point < rules_base(&story->rules) || story->point == story->rules.spec.final ||
        story->point < story->rules.limit)
        return;
    step(story, "stop", "{\"after\": \"%s\"}", point);
    quietly(story);
    story->rules.stop_point = story->point;
    go_on(story);
}

static void stop_a_flow(struct story *story)
{
    int flow = 2 + pick(story, RULES_FLOWS_MAX - 1);
    bool there = false;
    for (int point = 1; point <= story->rules.spec.final; point++)
        for (int t = 0; t < story->rules.spec.n_tasks; t++)
            there = there || (rules_is_in_pool(&story->rules, t, point) &&
                              story->rules.at[t][point].flows & 1u << flow);
    if (!there)
        return;
    step(story, "stop", "{\"flow\": %d}", flow);
    rules_stop_flow(&story->rules, flow);
    go_on(story);
}

static void reload(struct story *story)
{
    struct spec spec = story->rules.spec;
    spec_change(&spec, (uint64_t)pick(story, 1 << 30));
    step(story, "reload", "{}");
    rules_reload(&story->rules, &spec);
    go_on(story);
}

static void broadcast(struct story *story)
{
    static const char *const names[] = {"root", "FAM"};
    char name[16];
    int task = pick(story, 3) ? pick(story, story->rules.spec.n_tasks) : SPEC_NOBODY;
    if (task != SPEC_NOBODY && story->rules.spec.tasks[task].removed)
        return;
    if (task != SPEC_NOBODY && story->rules.spec.has_family && !pick(story, 4))
        task = SPEC_TASKS_MAX;
    if (task >= 0 && task < SPEC_TASKS_MAX)
        snprintf(name, sizeof name, "t%d", task);
    else
        snprintf(name, sizeof name, "%s", names[task == SPEC_TASKS_MAX]);
    const char *point = pick_point(story);
    if (pick(story, 2))
        story->point = 0;
    if (story->point && story->point < rules_base(&story->rules))
        return;
    bool clears = !pick(story, 4);
    step(story, "broadcast",
         clears ? "{\"mode\": \"clear\", \"points\": [\"%s\"], \"namespaces\": [\"%s\"]}"
                : "{\"mode\": \"set\", \"points\": [\"%s\"], \"namespaces\": [\"%s\"], "
                  "\"settings\": [{\"environment\": {\"HEARD\": \"%d\"}}]}",
         story->point ? point : "*", name, ++story->last_value);
    if (clears)
        rules_clear(&story->rules, story->point, task);
    else
        rules_broadcast(&story->rules, story->point, task, story->last_value);
    go_on(story);
}

static void expire_broadcasts(struct story *story)
{
    step(story, "broadcast", "{\"mode\": \"expire\", \"cutoff\": \"%s\"}", pick_point(story));
    rules_expire(&story->rules, story->point);
    go_on(story);
}

/* --- the end --- */

/* Whatever could go on some day does. */
static void everything_happens(struct story *story)
{
    struct rules *rules = &story->rules;
    if (rules->paused)
        pause_or_resume(story);
    release_all(story);
    step(story, NULL, "every job ends, every xtrigger is satisfied");
    for (int point = 1; point <= rules->spec.final; point++) {
        rules->late[point] = true;
        for (int t = 0; t < rules->spec.n_tasks; t++) {
            rules->let_go[t][point] = true;
            if (rules->at[t][point].state == RULES_RUNNING)
                rules_job_ends(rules, t, point);
        }
    }
    go_on(story);
    if (rules->spec.dated)
        sleep_until(story, LAST_DAY);
}

static bool waits_for_message(struct story *story)
{
    const struct rules_place *place = place_of(story);
    return story->rules.spec.tasks[story->task].external && place->state == RULES_WAITING &&
           !place->external;
}

static void end(struct story *story)
{
    everything_happens(story);
    while (story->plan->n < PLAN_STEPS_MAX - 1 && pick_place(story, waits_for_message)) {
        step(story, "ext-trigger", "{\"message\": \"data for t%d\", \"id\": \"%d\"}", story->task,
             story->plan->n);
        quietly(story);
        rules_message(&story->rules, story->task);
        go_on(story);
    }
    const struct spec *spec = &story->rules.spec;
    step(story, "set", "{\"ids\": [\"%s/t%d\"], \"prerequisites\": [\"xtrigger/never\"]}",
         spec_point(spec, spec->final, story->when), spec->n_tasks);
    rules_set_prerequisites(&story->rules, spec->n_tasks, spec->final);
    story->rules.gate_open = true;
    go_on(story);
}

static void (*const chapters[])(struct story *) = {
    hold_something,
    release_something,
    hold_after,
    release_all,
    pause_or_resume,
    trigger_something,
    trigger_something,
    set_prerequisites,
    kill_something,
    kill_something,
    poll_something,
    job_ends,
    job_ends,
    xtrigger_is_satisfied,
    xtrigger_is_satisfied,
    send_message,
    send_message,
    time_passes,
    time_passes,
    stop,
    stop_after_point,
    stop_a_flow,
    reload,
    reload,
    broadcast,
    broadcast,
    expire_broadcasts,
};

void plan_tell(struct plan *plan, const struct spec *spec)
{
    struct story *story = NEW(struct story);
    memset(plan, 0, sizeof *plan);
    story->plan = plan;
    story->state = spec_mix(spec->seed + 77);
    story->due = PLAN_PAUSE;
    rules_begin(&story->rules, spec);
    rules_settle(&story->rules);
    plan->begin = NEW(struct rules);
    *plan->begin = story->rules;
    int wanted_steps = 4 + pick(story, STORY_MAX);
    for (int tries = 0; tries < 100 && plan->n < wanted_steps; tries++)
        chapters[pick(story, sizeof chapters / sizeof *chapters)](story);
    end(story);
    free(story);
}
