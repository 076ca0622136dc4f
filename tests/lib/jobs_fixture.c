#include "tests/lib/jobs_fixture.h"
#include "base/memory.h"
#include "scheduler/job/paths.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

enum { PATIENCE = 30 }; /* s */

static const char definition[] = "[scheduling]\n"
                                 "    cycling mode = integer\n"
                                 "    initial cycle point = 1\n"
                                 "    [[graph]]\n"
                                 "        R1 = a\n"
                                 "[runtime]\n"
                                 "    [[a]]\n"
                                 "        [[[outputs]]]\n"
                                 "            x = x-msg\n";

/* --- hearing --- */

static char *describe(const struct message *message)
{
    struct text line = {0};
    text_add(&line, topics[message->topic].name);
    if (message->topic == TOPIC_REPLY)
        text_addf(&line, " %llu %s", (unsigned long long)message->id,
                  message->number == REPLY_DONE ? "done" : "error");
    else
        text_addf(&line, " %u", message->submit);
    if (message->topic == TOPIC_JOB_MESSAGE)
        text_addf(&line, " %s id %llu at %lld", severity_names[message->number],
                  (unsigned long long)message->id, (long long)message->value);
    if (message->topic != TOPIC_JOB_SUBMITTED)
        text_addf(&line, "%s%.*s", message->text.n ? " " : "", (int)message->text.n,
                  message->text.at);
    return text_take(&line);
}

enum ears_state { EARS_OPEN, EARS_SHUT };
static const char *const ears_states[] = {"open", "shut"};

static enum co_result ears_step(struct co *co)
{
    struct jobs_ears *ears = (struct jobs_ears *)co;
    struct jobs_fixture *fixture = ears->fixture;
    struct message message;
    CO_BEGIN(co, ears_state, EARS_OPEN);
    while (bus_receive(fixture->bus, ears->member, &message)) {
        if (ears->member == RECORDER)
            continue; /* it hears what the pool hears */
        char *line = describe(&message);
        *vec_push(&fixture->heard) = line;
        if (fixture->awaited && strncmp(line, fixture->awaited, strlen(fixture->awaited)) == 0)
            fixture->met = true;
    }
    if (fixture->met || fixture->patience.fired)
        env_uv_stop(fixture->env);
    return CO_ASLEEP;
    CO_END(co, EARS_SHUT);
}

static const struct co_type ears_type = {"ears", ears_step, ears_states, 2, NULL};

static void listen_as(struct jobs_fixture *fixture, struct jobs_ears *ears, enum member member)
{
    *ears = (struct jobs_ears){.fixture = fixture, .member = member};
    co_init(&ears->co, &ears_type, &fixture->env->ready);
    bus_attach(fixture->bus, member, &ears->co);
}

static void print_heard(struct jobs_fixture *fixture)
{
    VEC_EACH (char *, line, &fixture->heard)
        print_message("heard: %s\n", *line);
}

/* Run until something that begins with `awaited` is heard from now on. */
void jobs_await(struct jobs_fixture *fixture, const char *awaited)
{
    fixture->awaited = awaited;
    fixture->met = false;
    for (; fixture->seen < fixture->heard.n && !fixture->met; fixture->seen++)
        fixture->met = strncmp(fixture->heard.at[fixture->seen], awaited, strlen(awaited)) == 0;
    if (!fixture->met) {
        fixture->env->ops->timer_start(fixture->env, &fixture->patience, &fixture->pool.co,
                                       (uint64_t)PATIENCE * 1000000);
        env_uv_run(fixture->env);
        fixture->env->ops->timer_stop(fixture->env, &fixture->patience);
        while (fixture->seen < fixture->heard.n &&
               strncmp(fixture->heard.at[fixture->seen], awaited, strlen(awaited)) != 0)
            fixture->seen++;
        fixture->seen += fixture->seen < fixture->heard.n;
    }
    if (!fixture->met) {
        print_heard(fixture);
        fail_msg("not heard: %s", awaited);
    }
}

/* Run until nothing is ready for a while. */
void jobs_linger(struct jobs_fixture *fixture, unsigned milliseconds)
{
    fixture->awaited = NULL;
    fixture->met = false;
    fixture->env->ops->timer_start(fixture->env, &fixture->patience, &fixture->pool.co,
                                   (uint64_t)milliseconds * 1000);
    env_uv_run(fixture->env);
    fixture->env->ops->timer_stop(fixture->env, &fixture->patience);
    fixture->patience.fired = false;
}

unsigned jobs_count_heard(const struct jobs_fixture *fixture, const char *beginning)
{
    unsigned n = 0;
    for (size_t i = 0; i < fixture->heard.n; i++)
        n += strncmp(fixture->heard.at[i], beginning, strlen(beginning)) == 0;
    return n;
}

/* Everything heard so far. */
void jobs_expect_heard(struct jobs_fixture *fixture, const char *expected)
{
    struct text all = {0};
    VEC_EACH (char *, line, &fixture->heard)
        text_addf(&all, "%s\n", *line);
    assert_string_equal(text_string(&all), expected);
    text_release(&all);
}

/* --- saying --- */

void jobs_say(struct jobs_fixture *fixture, enum member member, struct message *message)
{
    bus_publish(fixture->bus, member, message);
    if (member == TASK_POOL)
        fixture->last_said = message->seq;
}

void jobs_ask_submit(struct jobs_fixture *fixture, uint32_t submit, const char *environment)
{
    jobs_say(fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_JOB_SUBMIT,
                               .point = 1,
                               .submit = submit,
                               .try_ = submit,
                               .number = fixture->context.mode,
                               .flows = {.n = 1, .at = {1}},
                               .text = slice_of(environment ? environment : "")});
}

void jobs_say_recorded(struct jobs_fixture *fixture)
{
    unsigned char bytes[MEMBERS * 8] = {0};
    for (int i = 0; i < 8; i++)
        bytes[TASK_POOL * 8 + i] = (unsigned char)(fixture->last_said >> (8 * i));
    jobs_say(
        fixture, RECORDER,
        &(struct message){.topic = TOPIC_RECORDED, .text = {(const char *)bytes, sizeof bytes}});
}

void jobs_submit(struct jobs_fixture *fixture, const char *script)
{
    fixture->task->runtime.script = script;
    jobs_ask_submit(fixture, 1, NULL);
    jobs_say_recorded(fixture);
}

void jobs_ask(struct jobs_fixture *fixture, enum topic topic)
{
    jobs_say(fixture, TASK_POOL, &(struct message){.topic = topic, .point = 1, .submit = 1});
    jobs_say_recorded(fixture);
}

void jobs_follow(struct jobs_fixture *fixture, enum task_status status, int64_t settled)
{
    jobs_say(fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_JOB_FOLLOW,
                               .point = 1,
                               .submit = 1,
                               .try_ = 1,
                               .flows = {.n = 1, .at = {1}},
                               .status = status,
                               .value = settled});
}

void jobs_report(struct jobs_fixture *fixture, uint64_t id, const char *job, const char *text,
                 int64_t offset)
{
    jobs_say(fixture, SERVER,
             &(struct message){.topic = TOPIC_JOB_REPORT,
                               .id = id,
                               .text = slice_of(job),
                               .detail = slice_of(text),
                               .number = SEVERITY_INFO,
                               .value = offset});
}

void jobs_say_outcome(struct jobs_fixture *fixture, uint64_t id)
{
    jobs_say(fixture, TASK_POOL, &(struct message){.topic = TOPIC_POOL_OUTCOME, .id = id});
}

/* --- the world --- */

static void member_done(void *context, enum member member)
{
    struct jobs_fixture *fixture = context;
    assert_int_equal(member, JOBS);
    fixture->done = true;
    fixture->met = true;
    env_uv_stop(fixture->env);
}

static void start_jobs(struct jobs_fixture *fixture)
{
    struct error error = {0};
    fixture->bus = bus_mem_create(MEMBER_BIT(JOBS) | MEMBER_BIT(TASK_POOL) | MEMBER_BIT(RECORDER) |
                                  MEMBER_BIT(SERVER));
    fixture->context.bus = fixture->bus;
    listen_as(fixture, &fixture->pool, TASK_POOL);
    listen_as(fixture, &fixture->server, SERVER);
    listen_as(fixture, &fixture->recorder, RECORDER);
    fixture->done = false;
    fixture->jobs = cast_jobs.create(&fixture->context, &error);
    assert_non_null(fixture->jobs);
}

static void jobs_stop(struct jobs_fixture *fixture)
{
    if (!bus_closed(fixture->bus, TASK_POOL))
        jobs_say(fixture, TASK_POOL, &(struct message){.topic = TOPIC_WORKFLOW_SHUTDOWN});
    bus_close(fixture->bus, TASK_POOL);
    bus_close(fixture->bus, SERVER);
    bus_close(fixture->bus, RECORDER);
    for (int i = 0; i < 100 && !fixture->done; i++)
        jobs_linger(fixture, 100);
    assert_true(fixture->done);
    cast_jobs.destroy(fixture->jobs);
    co_cancel(&fixture->pool.co);
    co_cancel(&fixture->server.co);
    co_cancel(&fixture->recorder.co);
    bus_destroy(fixture->bus);
}

/* The scheduler is started again: what was heard is forgotten. */
void jobs_restart(struct jobs_fixture *fixture)
{
    jobs_stop(fixture);
    VEC_EACH (char *, line, &fixture->heard)
        free(*line);
    vec_clear(&fixture->heard);
    fixture->seen = 0;
    start_jobs(fixture);
}

int jobs_setup(void **state)
{
    struct jobs_fixture *fixture = NEW(struct jobs_fixture);
    struct error error = {0};
    snprintf(fixture->run_dir, sizeof fixture->run_dir, "/tmp/rouse-jobs-XXXXXX");
    assert_non_null(mkdtemp(fixture->run_dir));
    setenv("HOME", fixture->run_dir, 1);
    fixture->env = env_uv_create(&(struct env_uv_options){.log_fd = -1}, &error);
    assert_non_null(fixture->env);
    fixture->ops = *fixture->env->ops;
    fixture->env->ops = &fixture->ops;
    fixture->workflow = workflow_parse("flow.cylc", definition, strlen(definition),
                                       &(struct workflow_options){0}, NULL, NULL, &error);
    assert_non_null(fixture->workflow);
    /* Tests change the definition before they use it. */
    fixture->task = (struct task_def *)(uintptr_t)&fixture->workflow->tasks[0];
    fixture->context = (struct cast_context){.env = fixture->env,
                                             .workflow = fixture->workflow,
                                             .run_dir = fixture->run_dir,
                                             .workflow_id = "flow/run1",
                                             .owner = "owner",
                                             .host = "host",
                                             .uuid = "uuid",
                                             .exit_status = &fixture->exit_status,
                                             .member_done = member_done,
                                             .context = fixture};
    start_jobs(fixture);
    *state = fixture;
    return 0;
}

int jobs_teardown(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_stop(fixture);
    env_uv_destroy(fixture->env);
    workflow_destroy(fixture->workflow);
    char *command = str_format("rm -rf %s", fixture->run_dir);
    assert_int_equal(system(command), 0);
    free(command);
    VEC_EACH (char *, line, &fixture->heard)
        free(*line);
    vec_release(&fixture->heard);
    free(fixture);
    return 0;
}

static char *jobs_file_path(const struct jobs_fixture *fixture, const char *name)
{
    return name[0] == 'j' ? job_path(fixture->run_dir, "1", "a", 1, name)
                          : str_format("%s/%s", fixture->run_dir, name);
}

char *jobs_contents(struct jobs_fixture *fixture, const char *name)
{
    char *path = jobs_file_path(fixture, name);
    struct text text = {0};
    fixture->ops.file_read(fixture->env, path, 0, &text);
    free(path);
    return text.at ? text_take(&text) : str_copy("");
}

void jobs_expect_in(struct jobs_fixture *fixture, const char *name, const char *part)
{
    char *all = jobs_contents(fixture, name);
    if (!strstr(all, part))
        fail_msg("\"%s\" is not in %s:\n%s", part, name, all);
    free(all);
}

void jobs_put_file(struct jobs_fixture *fixture, const char *name, const char *text, unsigned flags)
{
    char *directory = job_path(fixture->run_dir, "1", "a", 1, NULL);
    char *path = jobs_file_path(fixture, name);
    assert_int_equal(fixture->ops.directory_make(fixture->env, directory), 0);
    assert_int_equal(fixture->ops.file_write(fixture->env, path, text, strlen(text), flags), 0);
    free(directory);
    free(path);
}

bool jobs_exists(const struct jobs_fixture *fixture, const char *name)
{
    char *path = jobs_file_path(fixture, name);
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

int64_t jobs_pid(struct jobs_fixture *fixture)
{
    char *status = jobs_contents(fixture, "job.status");
    const char *line = strstr(status, "CYLC_JOB_PID=");
    int64_t pid = line ? strtoll(line + strlen("CYLC_JOB_PID="), NULL, 10) : 0;
    free(status);
    return pid;
}

const char jobs_message_script[] =
    "say() { echo \"CYLC_MESSAGE=2026-01-01T00:00:00Z|$1|$2\" >>\"$CYLC_TASK_LOG_ROOT.status\"; }\n"
    "say INFO one; say WARNING two\n"
    "while [[ ! -e $CYLC_WORKFLOW_RUN_DIR/go ]]; do sleep 0.02; done\n"
    "say INFO last";

void jobs_let_go(struct jobs_fixture *fixture)
{
    jobs_put_file(fixture, "go", "", 0);
}

int64_t jobs_end_of_file(struct jobs_fixture *fixture, const char *name)
{
    char *all = jobs_contents(fixture, name);
    int64_t n = (int64_t)strlen(all);
    free(all);
    return n;
}

struct env_ops jobs_real_ops;

void jobs_hurried_timer(struct env *env, struct env_timer *timer, struct co *co, uint64_t delay)
{
    jobs_real_ops.timer_start(env, timer, co, delay / JOBS_HURRY);
}

int jobs_refuse_watch(struct env *env, struct env_watch *watch, struct co *co, const char *path)
{
    (void)env;
    (void)watch;
    (void)co;
    (void)path;
    return -ENOSPC;
}
