/* See pool_world.h. */
#include "tests/lib/pool_world.h"
#include "base/check.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* --- the log --- */

static void add_id(struct pool_world *world, const struct message *m)
{
    char point[POINT_TEXT_MAX];
    text_addf(&world->log, " %s/%s", point_format(world->workflow->cycling, m->point, point),
              world->workflow->tasks[m->task].name);
}

static void add_flows(struct text *out, const struct flow_list *flows)
{
    text_add(out, " [");
    for (uint32_t i = 0; i < flows->n; i++)
        text_addf(out, "%s%u", i ? "," : "", flows->at[i]);
    text_add(out, "]");
}

static void add_flags(struct text *out, uint32_t flags)
{
    static const char *const names[] = {"held",   "queued",      "runahead",   "flow-wait",
                                        "manual", "from-cursor", "incomplete", "retrying"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (flags >> i & 1 && 1u << i != TASK_FROM_CURSOR)
            text_addf(out, " %s", names[i]);
}

static void add_slice(struct text *out, const char *before, struct slice slice)
{
    if (slice.n)
        text_addf(out, "%s%.*s", before, (int)slice.n, slice.at);
}

static void log_prerequisite(struct pool_world *world, const struct message *m)
{
    text_add(&world->log, m->value == SATISFIED_NO_LONGER ? "unsatisfied" : "satisfied");
    add_id(world, m);
    text_addf(&world->log, " %u", m->number);
    if (m->id)
        text_addf(&world->log, "/%u", (unsigned)m->id - 1);
    text_add(&world->log, m->value == SATISFIED_BY_FORCE ? " forced" : "");
}

static void log_task(struct pool_world *world, const struct message *m)
{
    struct text *log = &world->log;
    const struct graph *graph = world->workflow->graph;
    switch ((int)m->topic) {
    case TOPIC_TASK_SPAWNED:
        text_add(log, "spawned");
        add_id(world, m);
        add_flows(log, &m->flows);
        break;
    case TOPIC_TASK_STATE:
        text_add(log, "state");
        add_id(world, m);
        text_addf(log, " %s", task_status_names[m->status]);
        add_flags(log, m->flags);
        break;
    case TOPIC_TASK_PREREQUISITE:
        log_prerequisite(world, m);
        break;
    case TOPIC_TASK_GROUP:
        text_addf(log, "%s %s %s", m->flags ? "ungroup" : "group", graph->groups[m->number].name,
                  world->workflow->tasks[graph->groups[m->number].members[m->value]].name);
        break;
    case TOPIC_TASK_XTRIGGER:
        text_add(log, m->value ? "xtrigger-satisfied" : "xtrigger");
        add_id(world, m);
        add_slice(log, " ", m->text);
        break;
    case TOPIC_TASK_OUTPUT:
        text_add(log, "output");
        add_id(world, m);
        text_addf(log, " %s", world->workflow->tasks[m->task].outputs[m->number].name);
        add_flows(log, &m->flows);
        text_add(log, m->value & OUTPUT_FORCED ? " forced" : "");
        text_add(log, m->value & OUTPUT_WAITS ? " waits" : "");
        break;
    case TOPIC_TASK_GROUPS_PAST:
        text_add(log, "groups past");
        break;
    case TOPIC_TASK_SETTLED:
        text_add(log, "settled");
        add_id(world, m);
        text_addf(log, " %s", world->workflow->tasks[m->task].outputs[m->number].name);
        break;
    case TOPIC_TASK_REMOVED:
        text_add(log, "removed");
        add_id(world, m);
        text_add_char(log, ' ');
        text_add(log, (const char *const[]){"complete", "suicide", "by-command", "not-needed",
                                            "from-flows", "impossible"}[m->number]);
        if (m->number == REMOVED_FROM_FLOWS)
            add_flows(log, &m->flows);
        add_slice(log, ": ", m->text);
        break;
    case TOPIC_TASK_EVENT:
        text_add(log, "event");
        add_id(world, m);
        add_slice(log, " ", m->text);
        add_slice(log, ": ", m->detail);
        add_slice(log, " ", m->settings);
        break;
    case TOPIC_TASK_HOLD:
        text_add(log, m->value ? "hold" : "unhold");
        add_id(world, m);
        break;
    default:
        IMPOSSIBLE("not about a task");
    }
}

static void log_job(struct pool_world *world, const struct message *m)
{
    struct text *log = &world->log;
    switch ((int)m->topic) {
    case TOPIC_JOB_SUBMIT:
        text_add(log, "submit");
        add_id(world, m);
        text_addf(log, " %u try %u", m->submit, m->try_);
        add_flows(log, &m->flows);
        text_add(log, " ");
        pool_describe_triggers(world->pool, m->point, m->task, log);
        add_flags(log, m->flags);
        if (m->number != RUN_LIVE)
            text_addf(log, " mode %s", run_mode_names[m->number]);
        add_slice(log, " ", m->text);
        add_slice(log, " ", m->settings);
        break;
    case TOPIC_JOB_FOLLOW:
        text_add(log, "follow");
        add_id(world, m);
        text_addf(log, " %u %s", m->submit, task_status_names[m->status]);
        if (m->id)
            text_addf(log, " timeout %" PRIu64, m->id);
        add_slice(log, " ", m->settings);
        break;
    case TOPIC_JOB_KILL:
    case TOPIC_JOB_POLL:
        text_add(log, m->topic == TOPIC_JOB_KILL ? "kill" : "poll");
        add_id(world, m);
        text_addf(log, " %u", m->submit);
        break;
    case TOPIC_JOB_SETTLED:
        text_add(log, "job-settled");
        add_id(world, m);
        text_addf(log, " %u %" PRId64, m->submit, m->value);
        break;
    default:
        IMPOSSIBLE("not about a job");
    }
}

static void log_other(struct pool_world *world, const struct message *m)
{
    struct text *log = &world->log;
    char point[POINT_TEXT_MAX];
    switch ((int)m->topic) {
    case TOPIC_XTRIGGER_TOLD:
        text_add(log, "told");
        break;
    case TOPIC_XTRIGGER_WATCH:
        add_slice(log, "watch ", m->text);
        break;
    case TOPIC_XTRIGGER_DROP:
        add_slice(log, "drop ", m->text);
        break;
    case TOPIC_POOL_RUNAHEAD:
        text_addf(log, "runahead %s",
                  m->point == POINT_NONE ? "none"
                                         : point_format(world->workflow->cycling, m->point, point));
        break;
    case TOPIC_POOL_CURSOR:
        if (m->value)
            text_addf(log, "cursor %s %s", world->workflow->tasks[m->task].name,
                      point_format(world->workflow->cycling, m->point, point));
        else
            text_add(log, "no cursor");
        add_flows(log, &m->flows);
        break;
    case TOPIC_POOL_OUTCOME:
        text_addf(log, "outcome %" PRIu64 " %u", m->id, m->number);
        add_slice(log, " ", m->text);
        break;
    case TOPIC_WORKFLOW_STATE:
        text_addf(log, "workflow %s%s%s%s",
                  (const char *const[]){"running", "paused", "stopping"}[m->number],
                  m->flags & WORKFLOW_STALLED ? " stalled" : "",
                  m->flags & WORKFLOW_IS_RESTART ? " restart" : "",
                  m->flags & WORKFLOW_COMPLETE_AT_START ? " complete" : "");
        add_slice(log, ": ", m->text);
        world->stalled = m->flags & WORKFLOW_STALLED;
        world->complete = m->flags & WORKFLOW_COMPLETE_AT_START;
        break;
    case TOPIC_HISTORY_ASK:
        text_add(log, "ask");
        add_id(world, m);
        break;
    case TOPIC_WORKFLOW_PARAM:
        add_slice(log, "param ", m->text);
        add_slice(log, " = ", m->detail);
        break;
    case TOPIC_WORKFLOW_EXTERNAL:
        add_slice(log, m->value ? "external + " : "external - ", m->text);
        add_slice(log, " ", m->detail);
        break;
    case TOPIC_WORKFLOW_BROADCAST:
        add_slice(log, m->value ? "broadcast + [" : "broadcast - [", m->text);
        add_slice(log, "] ", m->detail);
        break;
    case TOPIC_WORKFLOW_SHUTDOWN:
        text_addf(log, "shutdown %.*s %" PRId64, (int)m->text.n, m->text.at, m->value);
        world->shutdowns++;
        break;
    default:
        IMPOSSIBLE("not said by the pool");
    }
}

/* --- the world's side --- */

static void push(void *context, const struct message *message)
{
    struct pool_world *world = context;
    world->spawns += message->topic == TOPIC_TRIGGER_SPAWN;
    *vec_push(&world->inbox) = *message;
}

static void push_history(void *context, struct message *message)
{
    push(context, message);
}

static bool is_same_job(const struct world_job *job, const struct message *m)
{
    return job->point == m->point && job->task == m->task && job->submit == m->submit;
}

static void launch(struct pool_world *world, struct world_job *job)
{
    VEC_EACH (struct world_job, old, &world->launched)
        if (old->point == job->point && old->task == job->task && old->submit == job->submit)
            fail_msg("a job is launched twice for one submit number");
    job->launched = true;
    *vec_push(&world->launched) = *job;
}

/* A new job; or one to follow, which tells all its story again. */
static void follow_job(struct pool_world *world, const struct message *m)
{
    VEC_EACH (struct world_job, job, &world->jobs)
        if (is_same_job(job, m)) {
            assert_int_equal(m->topic, TOPIC_JOB_FOLLOW);
            job->progress = 0;
            return;
        }
    struct world_job *job = vec_push(&world->jobs);
    *job = (struct world_job){
        .point = m->point, .task = m->task, .submit = m->submit, .try_ = m->try_};
    if (m->topic == TOPIC_JOB_FOLLOW)
        job->launched = true;
    else if (!world->directory)
        launch(world, job);
}

static void drop_watch(struct pool_world *world, struct slice signature)
{
    for (size_t i = 0; i < world->watches.n; i++)
        if (slice_equal(signature, text_string(&world->watches.at[i]))) {
            text_release(&world->watches.at[i]);
            world->watches.at[i] = *vec_last(&world->watches);
            world->watches.n--;
            return;
        }
}

static void record(struct pool_world *world, const struct message *message)
{
    struct error error = {0};
    if (db_apply(world->db, message, &error) < 0)
        fail_msg("the database refuses: %s", error.text);
}

static void say(void *context, struct message *m)
{
    struct pool_world *world = context;
    struct error error = {0};
    assert_true(topics[m->topic].says & MEMBER_BIT(TASK_POOL));
    assert_int_equal(world->shutdowns, 0); /* nothing after the last word */
    if (strncmp(topics[m->topic].name, "task.", 5) == 0)
        log_task(world, m);
    else if (strncmp(topics[m->topic].name, "job.", 4) == 0)
        log_job(world, m);
    else
        log_other(world, m);
    text_add_char(&world->log, '\n');
    struct text change = {0};
    if (pool_describe_change(world->pool, m, &change))
        text_addf(&world->changes, "%s\n", text_string(&change));
    text_release(&change);
    record(world, m);
    trigger_model_hear(&world->triggers, m);
    if (m->topic == TOPIC_HISTORY_ASK && db_history(world->db, m, push_history, world, &error) < 0)
        fail_msg("history: %s", error.text);
    if (m->topic == TOPIC_JOB_SUBMIT || m->topic == TOPIC_JOB_FOLLOW)
        follow_job(world, m);
    if (m->topic == TOPIC_JOB_KILL)
        VEC_EACH (struct world_job, job, &world->jobs)
            job->killed |= job->point == m->point && job->task == m->task;
    if (m->topic == TOPIC_XTRIGGER_WATCH)
        text_add_n(vec_push(&world->watches), m->text.at, m->text.n);
    if (m->topic == TOPIC_XTRIGGER_DROP)
        drop_watch(world, m->text);
}

static void begin(struct pool_world *world, const struct restart *restart, bool paused)
{
    const struct pool_options options = {.start_paused = paused,
                                         .workflow = "test/flow",
                                         .owner = "somebody",
                                         .run_dir = "/run/test/flow"};
    const struct pool_sink sink = {.context = world, .say = say};
    trigger_model_init(&world->triggers, world->workflow, restart, push, world);
    world->pool = pool_create(world->workflow, &options, &sink);
}

static void open_database(struct pool_world *world)
{
    struct error error = {0};
    char *path = world->directory ? str_format("%s/db", world->directory) : str_copy(":memory:");
    world->db = db_open(path, NULL, &error);
    if (!world->db)
        fail_msg("%s", error.text);
    db_set_workflow(world->db, world->workflow);
    free(path);
}

static struct workflow *parse(const char *text)
{
    struct error error = {0};
    char place[1024];
    const struct workflow_options options = {.now = 1767225600};
    struct workflow *workflow =
        workflow_parse("flow.cylc", text, strlen(text), &options, NULL, NULL, &error);
    if (!workflow)
        fail_msg("%s", error_format(&error, place, sizeof place));
    return workflow;
}

static struct pool_world *create(const char *text, bool paused, bool durable)
{
    struct error error = {0};
    struct pool_world *world = NEW(struct pool_world);
    world->now = INT64_C(1767225600000000);
    world->workflow = parse(text);
    if (durable) {
        world->directory = str_copy("/tmp/rouse-pool-XXXXXX");
        assert_non_null(mkdtemp(world->directory));
    }
    open_database(world);
    const struct key_value params[] = {{"uuid_str", "u"}};
    assert_int_equal(db_start(world->db, params, 1, &error), 0);
    begin(world, NULL, paused);
    return world;
}

struct pool_world *pool_world_create(const char *text)
{
    return create(text, false, false);
}

struct pool_world *pool_world_create_durable(const char *text)
{
    struct pool_world *world = create(text, false, true);
    pool_world_commit(world);
    return world;
}

struct pool_world *pool_world_create_paused(const char *text)
{
    return create(text, true, false);
}

static void end(struct pool_world *world)
{
    pool_destroy(world->pool);
    world->pool = NULL;
    trigger_model_release(&world->triggers);
    vec_clear(&world->inbox);
    world->next = 0;
    vec_clear(&world->jobs);
    VEC_EACH (struct text, watch, &world->watches)
        text_release(watch);
    vec_clear(&world->watches);
}

static void remove_directory(struct pool_world *world)
{
    static const char *const names[] = {"db", "db-wal", "db-shm"};
    for (size_t i = 0; world->directory && i < sizeof names / sizeof *names; i++) {
        char *path = str_format("%s/%s", world->directory, names[i]);
        remove(path);
        free(path);
    }
    if (world->directory)
        assert_int_equal(remove(world->directory), 0);
    free(world->directory);
}

void pool_world_destroy(struct pool_world *world)
{
    end(world);
    db_close(world->db);
    workflow_destroy(world->workflow);
    remove_directory(world);
    vec_release(&world->launched);
    text_release(&world->log);
    text_release(&world->changes);
    vec_release(&world->inbox);
    vec_release(&world->events);
    vec_release(&world->jobs);
    vec_release(&world->watches);
    free(world);
}

static void check(struct pool_world *world)
{
    pool_check(world->pool);
}

void pool_world_run_one(struct pool_world *world)
{
    struct message message = world->inbox.at[world->next++];
    *vec_push(&world->events) = message;
    pool_handle(world->pool, &message, world->now);
    check(world);
    if (world->next == world->inbox.n) {
        world->next = 0;
        vec_clear(&world->inbox);
    }
}

void pool_world_run(struct pool_world *world)
{
    while (!world->hold_answers && world->next < world->inbox.n)
        pool_world_run_one(world);
}

void pool_world_start(struct pool_world *world)
{
    pool_start(world->pool);
    check(world);
    pool_world_run(world);
}

struct pool_world *pool_world_begin(const char *text)
{
    struct pool_world *world = pool_world_create(text);
    pool_world_start(world);
    return world;
}

void pool_world_commit(struct pool_world *world)
{
    struct error error = {0};
    if (db_commit(world->db, &error) < 0)
        fail_msg("%s", error.text);
    VEC_EACH (struct world_job, job, &world->jobs)
        if (!job->launched)
            launch(world, job);
}

static void start_again(struct pool_world *world)
{
    struct error error = {0};
    world->shutdowns = 0;
    world->stalled = world->complete = false;
    struct restart *restart = db_load(world->db, world->workflow, &error);
    if (!restart)
        fail_msg("no restart: %s", error.text);
    text_add(&world->log, "--- restart\n");
    begin(world, restart, false);
    pool_restore(world->pool, restart, world->now);
    restart_destroy(restart);
    check(world);
}

void pool_world_restart(struct pool_world *world)
{
    pool_world_commit(world);
    end(world);
    start_again(world);
    pool_world_run(world);
}

void pool_world_restart_as(struct pool_world *world, const char *text)
{
    pool_world_commit(world);
    end(world);
    workflow_destroy(world->workflow);
    world->workflow = parse(text);
    db_set_workflow(world->db, world->workflow);
    start_again(world);
    pool_world_run(world);
}

void pool_world_crash(struct pool_world *world)
{
    end(world);
    db_close(world->db);
    open_database(world);
    start_again(world);
}

void pool_world_hear(struct pool_world *world, struct message message)
{
    message.when = message.when ? message.when : world->now;
    record(world, &message); /* the recorder hears the others, too */
    pool_handle(world->pool, &message, world->now);
    check(world);
    pool_world_run(world);
}

/* --- what tests do --- */

void pool_world_id(const struct pool_world *world, const char *id, cycle_point *ret_point,
                   uint32_t *ret_task)
{
    struct error error = {0};
    const char *slash = strchr(id, '/');
    assert_non_null(slash);
    char *cycle = str_copy_n(id, (size_t)(slash - id));
    assert_int_equal(point_parse(world->workflow->cycling, cycle, ret_point, &error), 0);
    free(cycle);
    *ret_task = workflow_task(world->workflow, slash + 1);
    assert_int_not_equal(*ret_task, NO_INDEX);
}

static struct message job_event(struct pool_world *world, enum topic topic, const char *id)
{
    struct message message = {.topic = topic, .number = SEVERITY_INFO};
    message.value = topic == TOPIC_JOB_MESSAGE ? -1 : 0;
    pool_world_id(world, id, &message.point, &message.task);
    VEC_EACH (struct world_job, job, &world->jobs)
        if (job->point == message.point && job->task == message.task) {
            message.submit = job->submit;
            message.try_ = job->try_;
        }
    if (!message.submit)
        fail_msg("%s has no job", id);
    return message;
}

void pool_world_end_job(struct pool_world *world, const struct world_job *job)
{
    const struct world_job *at = world->jobs.at;
    size_t i = (size_t)(job - at);
    assert_true(i < world->jobs.n);
    memmove(&world->jobs.at[i], &world->jobs.at[i + 1],
            (world->jobs.n - i - 1) * sizeof *world->jobs.at);
    world->jobs.n--;
}

static void end_job(struct pool_world *world, const struct message *m)
{
    VEC_EACH (struct world_job, job, &world->jobs)
        if (is_same_job(job, m)) {
            pool_world_end_job(world, job);
            return;
        }
}

void pool_world_job(struct pool_world *world, enum topic topic, const char *id)
{
    struct message message = job_event(world, topic, id);
    if (topic == TOPIC_JOB_SUCCEEDED || topic == TOPIC_JOB_FAILED ||
        topic == TOPIC_JOB_SUBMIT_FAILED)
        end_job(world, &message);
    pool_world_hear(world, message);
}

void pool_world_succeed(struct pool_world *world, const char *id)
{
    pool_world_job(world, TOPIC_JOB_SUBMITTED, id);
    pool_world_job(world, TOPIC_JOB_STARTED, id);
    pool_world_job(world, TOPIC_JOB_SUCCEEDED, id);
}

void pool_world_fail(struct pool_world *world, const char *id)
{
    pool_world_job(world, TOPIC_JOB_SUBMITTED, id);
    pool_world_job(world, TOPIC_JOB_STARTED, id);
    pool_world_job(world, TOPIC_JOB_FAILED, id);
}

void pool_world_message(struct pool_world *world, const char *id, const char *text)
{
    struct message message = job_event(world, TOPIC_JOB_MESSAGE, id);
    message.text = slice_of(text);
    pool_world_hear(world, message);
}

static uint32_t outcome_of(const struct pool_world *world, uint64_t id)
{
    char line[64];
    snprintf(line, sizeof line, "outcome %" PRIu64 " ", id);
    const char *outcome = strstr(pool_world_log(world), line);
    assert_non_null(outcome);
    return (uint32_t)strtoul(outcome + strlen(line), NULL, 10);
}

static uint32_t command_with(struct pool_world *world, enum pool_command command, struct slice ids,
                             uint32_t flags, const char *detail)
{
    static uint64_t id = 100;
    pool_world_hear(world, (struct message){.topic = TOPIC_POOL_COMMAND,
                                            .id = ++id,
                                            .number = command,
                                            .flags = flags,
                                            .text = ids,
                                            .detail = slice_of(detail)});
    return outcome_of(world, id);
}

uint32_t pool_world_command(struct pool_world *world, enum pool_command command, const char *ids,
                            uint32_t flags)
{
    struct text lines = {0};
    for (const char *c = ids; c && *c; c++)
        text_add_char(&lines, *c == ' ' ? '\n' : *c);
    uint32_t result = command_with(world, command, (struct slice){lines.at, lines.n}, flags, "");
    text_release(&lines);
    return result;
}

uint32_t pool_world_set(struct pool_world *world, enum pool_command command, const char *ids,
                        const char *items, uint32_t flags)
{
    struct text lines = {0};
    for (const char *c = ids; *c; c++)
        text_add_char(&lines, *c == ' ' ? '\n' : *c);
    text_add(&lines, "\n\n");
    for (const char *c = items; *c; c++)
        text_add_char(&lines, *c == ' ' ? '\n' : *c);
    uint32_t result = command_with(world, command, (struct slice){lines.at, lines.n}, flags, "");
    text_release(&lines);
    return result;
}

uint32_t pool_world_in_flow(struct pool_world *world, enum pool_command command, const char *ids,
                            uint32_t flow)
{
    struct text lines = {0};
    for (const char *c = ids; *c; c++)
        text_add_char(&lines, *c == ' ' ? '\n' : *c);
    const uint64_t id = 900000 + world->log.n;
    struct message m = {.topic = TOPIC_POOL_COMMAND,
                        .id = id,
                        .number = command,
                        .flows = {.n = flow > 0, .at = {flow}},
                        .text = {lines.at, lines.n}};
    pool_world_hear(world, m);
    uint32_t result = outcome_of(world, id);
    text_release(&lines);
    return result;
}

uint32_t pool_world_command_detail(struct pool_world *world, enum pool_command command,
                                   const char *detail)
{
    return command_with(world, command, (struct slice){0}, 0, detail);
}

void pool_world_satisfy(struct pool_world *world, const char *signature, const char *results)
{
    pool_world_hear(world, (struct message){.topic = TOPIC_XTRIGGER_SATISFIED,
                                            .text = slice_of(signature),
                                            .detail = slice_of(results)});
}

const char *pool_world_log(const struct pool_world *world)
{
    return text_string(&world->log);
}

void pool_world_clear(struct pool_world *world)
{
    text_clear(&world->log);
}

static const char *hand_out(struct text *text)
{
    static struct text last;
    text_release(&last);
    last = *text;
    return text_string(&last);
}

const char *pool_world_lines(struct pool_world *world, const char *prefix)
{
    struct text found = {0};
    const char *line = pool_world_log(world);
    while (*line) {
        size_t n = strcspn(line, "\n") + 1;
        if (strncmp(line, prefix, strlen(prefix)) == 0)
            text_add_n(&found, line, n);
        line += n;
    }
    return hand_out(&found);
}

const char *pool_world_active(struct pool_world *world)
{
    struct text found = {0};
    char point[POINT_TEXT_MAX];
    VEC_EACH (struct world_job, job, &world->jobs)
        text_addf(&found, "%s%s/%s", found.n ? " " : "",
                  point_format(world->workflow->cycling, job->point, point),
                  world->workflow->tasks[job->task].name);
    return hand_out(&found);
}

static int compare_tasks(const void *a, const void *b)
{
    const struct restart_task *x = a, *y = b;
    if (x->point != y->point)
        return x->point < y->point ? -1 : 1;
    return x->task < y->task ? -1 : x->task > y->task;
}

const char *pool_world_rows(struct pool_world *world)
{
    struct error error = {0};
    struct text found = {0};
    char point[POINT_TEXT_MAX];
    assert_int_equal(db_commit(world->db, &error), 0);
    struct restart *restart = db_load(world->db, world->workflow, &error);
    assert_non_null(restart);
    if (restart->n_tasks)
        qsort(restart->tasks, restart->n_tasks, sizeof *restart->tasks, compare_tasks);
    for (size_t i = 0; i < restart->n_tasks; i++) {
        const struct restart_task *task = &restart->tasks[i];
        text_addf(&found, "%s%s/%s %s", i ? "; " : "",
                  point_format(world->workflow->cycling, task->point, point),
                  world->workflow->tasks[task->task].name, task_status_names[task->status]);
        add_flags(&found, task->flags & TASK_HELD);
        add_flows(&found, &task->flows);
    }
    restart_destroy(restart);
    return hand_out(&found);
}
