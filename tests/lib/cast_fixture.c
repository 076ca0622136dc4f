/* See cast_fixture.h. */
#include "tests/lib/cast_fixture.h"
#include "base/memory.h"
#include "coroutines/bus_parts.h"
#include "scheduler/run/copy.h"
#include "scheduler/run/rundir.h"
#include "tests/lib/flow.h"
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

enum { PATIENCE = 30, MOMENT = 30000 };

static struct cast_fixture *current; /* whose log is caught */
static uint64_t seed_to_use;

void cast_use_seed(uint64_t seed)
{
    seed_to_use = seed;
}

/* --- hearing --- */

static void describe_instance(const struct cast_fixture *fixture, const struct message *m,
                              struct text *line)
{
    unsigned fields = topics[m->topic].fields;
    char point[POINT_TEXT_MAX];
    if (!(fields & FIELD_POINT) || (m->point == POINT_NONE || m->number == NO_INDEX))
        return;
    point_format(fixture->workflow->cycling, m->point, point);
    text_addf(line, " %s%s%s", point, fields & FIELD_TASK ? "/" : "",
              fields & FIELD_TASK ? fixture->workflow->tasks[m->task].name : "");
}

static char *describe(const struct cast_fixture *fixture, const struct message *m)
{
    struct text line = {0};
    unsigned fields = topics[m->topic].fields;
    text_add(&line, topics[m->topic].name);
    describe_instance(fixture, m, &line);
    if (fields & FIELD_ID)
        text_addf(&line, " id=%" PRIu64, m->id);
    if (fields & FIELD_NUMBER && m->number == NO_INDEX)
        text_add(&line, " number=none");
    else if (fields & FIELD_NUMBER)
        text_addf(&line, " number=%" PRIu32, m->number);
    if (fields & FIELD_VALUE)
        text_addf(&line, " value=%" PRId64, m->value);
    if (m->flags)
        text_addf(&line, " flags=%" PRIx32, m->flags);
    for (uint32_t i = 0; i < m->flows.n; i++)
        text_addf(&line, "%s%" PRIu32, i ? "," : " flows=", m->flows.at[i]);
    if (m->text.n)
        text_addf(&line, " \"%.*s\"", (int)m->text.n, m->text.at);
    if (m->detail.n)
        text_addf(&line, " %.*s", (int)m->detail.n, m->detail.at);
    return text_take(&line);
}

static bool begins(const char *line, const char *beginning)
{
    return strncmp(line, beginning, strlen(beginning)) == 0;
}

/* The first of those who hear a message writes it down. */
static bool writes_down(const struct cast_ears *ears, const struct message *m)
{
    unsigned hears = bus_audience(ears->fixture->bus, m->sender, m->topic);
    return m->sender == ears->fixture->subject && (hears & (MEMBER_BIT(ears->member) - 1)) == 0;
}

enum ears_state { EARS_OPEN, EARS_SHUT };
static const char *const ears_states[] = {"open", "shut"};

static enum co_result ears_step(struct co *co)
{
    struct cast_ears *ears = (struct cast_ears *)co;
    struct cast_fixture *fixture = ears->fixture;
    struct message message;
    while (bus_receive(fixture->bus, ears->member, &message)) {
        if (!writes_down(ears, &message) ||
            (message.topic == TOPIC_XTRIGGER_ASKED && !fixture->hears_asked))
            continue;
        char *line = describe(fixture, &message);
        *vec_push(&fixture->heard) = line;
        fixture->met = fixture->met || (fixture->awaited && begins(line, fixture->awaited));
    }
    if (!fixture->sim && (fixture->met || fixture->patience.fired))
        env_uv_stop(fixture->env);
    return CO_ASLEEP;
}

static const struct co_type ears_type = {"ears", ears_step, ears_states, EARS_SHUT + 1, NULL};

/* --- opening and closing --- */

static void catch_log(struct env *env, enum log_level level, const char *text)
{
    (void)env;
    (void)level;
    text_addf(&current->log, "%s\n", text);
}

static int note_watch(struct env *env, struct env_watch *watch, struct co *co, const char *path)
{
    int result = current->world.watch_start(env, watch, co, path);
    if (result == 0)
        *vec_push(&current->watches) = watch;
    return result;
}

static void forget_watch(struct env *env, struct env_watch *watch)
{
    current->world.watch_stop(env, watch);
    VEC_EACH (struct env_watch *, each, &current->watches)
        if (*each == watch)
            *each = NULL;
}

void cast_break_watches(struct cast_fixture *fixture)
{
    VEC_EACH (struct env_watch *, watch, &fixture->watches) {
        if (!*watch)
            continue;
        (*watch)->error = -EIO;
        (*watch)->changes++;
        co_wake((*watch)->co);
    }
    cast_settle(fixture);
}

static void member_done(void *context, enum member member)
{
    struct cast_fixture *fixture = context;
    assert_int_equal(member, fixture->subject);
    fixture->done++;
}

static void make_run_dir(struct cast_fixture *fixture)
{
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(fixture->run_dir, sizeof fixture->run_dir, "%s/rouse-cast-XXXXXX",
                     tmp && *tmp ? tmp : "/tmp");
    assert_true(n > 0 && (size_t)n < sizeof fixture->run_dir);
    assert_non_null(mkdtemp(fixture->run_dir));
    fixture->context.run_dir = fixture->run_dir;
}

static struct env *make_env(struct cast_fixture *fixture, bool real)
{
    if (!real) {
        fixture->sim = sim_create(
            &(struct sim_options){.seed = seed_to_use ? seed_to_use : 1, .shuffle = seed_to_use});
        fixture->hosts = sim_hosts_create(fixture->sim);
        return sim_env(fixture->sim);
    }
    struct error error = {0};
    struct env *env = env_uv_create(&(struct env_uv_options){.log_fd = -1}, &error);
    assert_non_null(env);
    return env;
}

void cast_prepare(struct cast_fixture *fixture, enum member member, const char *flow, bool real)
{
    *fixture = (struct cast_fixture){.subject = member};
    char *whole = str_format("[scheduler]\nallow implicit tasks = True\n%s", flow);
    fixture->workflow = flow_load(whole);
    free(whole);
    fixture->context = (struct cast_context){.workflow = fixture->workflow,
                                             .workflow_id = "flow/run1",
                                             .owner = "me",
                                             .host = "here",
                                             .uuid = "uuid-1",
                                             .exit_status = &fixture->exit_status,
                                             .member_done = member_done,
                                             .context = fixture};
    make_run_dir(fixture);
    if (real)
        fixture->context.program = ROUSE_BINARY_DIR "/bin/rouse";
    fixture->env = fixture->context.env = make_env(fixture, real);
    fixture->bus = fixture->context.bus = bus_mem_create(EVERY_MEMBER);
    current = fixture;
    fixture->ops = fixture->world = *fixture->env->ops;
    fixture->ops.log = catch_log;
    fixture->ops.watch_start = note_watch;
    fixture->ops.watch_stop = forget_watch;
    fixture->env->ops = &fixture->ops;
    BUS_EACH(other, EVERY_MEMBER & ~MEMBER_BIT(member))
    {
        struct cast_ears *ears = &fixture->ears[other];
        *ears = (struct cast_ears){.fixture = fixture, .member = other};
        co_init(&ears->co, &ears_type, &fixture->env->ready);
        bus_attach(fixture->bus, other, &ears->co);
    }
}

void cast_begin(struct cast_fixture *fixture, const struct restart *restart)
{
    struct error error = {0};
    fixture->context.restart = restart;
    fixture->member = cast[fixture->subject]->create(&fixture->context, &error);
    if (!fixture->member)
        fail_msg("%s", error.text);
    cast_settle(fixture);
}

void cast_add_plugin(struct cast_fixture *fixture, const char *name)
{
    struct error error = {0};
    char *directory = str_format("%s/lib/xtriggers", fixture->run_dir);
    assert_int_equal(directory_make(directory, &error), 0);
    char *from = str_format("%s/tests/plugins/%s.so", ROUSE_BINARY_DIR, name);
    char *to = str_format("%s/%s.so", directory, name);
    assert_int_equal(symlink(from, to), 0);
    free(to);
    free(from);
    free(directory);
}

void cast_open(struct cast_fixture *fixture, enum member member, const char *flow,
               const struct restart *restart)
{
    cast_prepare(fixture, member, flow, false);
    cast_begin(fixture, restart);
}

void cast_open_real(struct cast_fixture *fixture, enum member member, const char *flow,
                    const struct restart *restart)
{
    cast_prepare(fixture, member, flow, true);
    cast_begin(fixture, restart);
}

void cast_close(struct cast_fixture *fixture)
{
    cast[fixture->subject]->destroy(fixture->member);
    for (int member = 0; member < MEMBERS; member++)
        if (fixture->ears[member].fixture)
            co_cancel(&fixture->ears[member].co);
    cast_forget(fixture);
    vec_release(&fixture->heard);
    vec_release(&fixture->watches);
    text_release(&fixture->log);
    bus_destroy(fixture->bus);
    sim_hosts_destroy(fixture->hosts);
    if (fixture->sim)
        sim_destroy(fixture->sim);
    else
        env_uv_destroy(fixture->env);
    struct error error = {0};
    assert_int_equal(tree_remove(fixture->run_dir, &error), 0);
    workflow_destroy(fixture->workflow);
    current = NULL;
}

/* --- speaking --- */

void cast_say_only(struct cast_fixture *fixture, enum member member, struct message *message)
{
    if (!message->when)
        message->when = env_wall(fixture->env);
    bus_publish(fixture->bus, member, message);
}

void cast_say(struct cast_fixture *fixture, enum member member, struct message *message)
{
    cast_say_only(fixture, member, message);
    cast_settle(fixture);
}

static void say_marks(struct cast_fixture *fixture, const uint64_t *marks)
{
    unsigned char bytes[MEMBERS * sizeof(uint64_t)];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(marks[i / 8] >> (8 * (i % 8)));
    cast_say(fixture, RECORDER,
             &(struct message){.topic = TOPIC_RECORDED, .text = {(char *)bytes, sizeof bytes}});
}

void cast_say_recorded(struct cast_fixture *fixture)
{
    uint64_t marks[MEMBERS];
    for (int member = 0; member < MEMBERS; member++)
        marks[member] = bus_seq(fixture->bus, (enum member)member);
    say_marks(fixture, marks);
}

void cast_say_recorded_to(struct cast_fixture *fixture, enum member member, uint64_t seq)
{
    uint64_t marks[MEMBERS] = {0};
    marks[member] = seq;
    say_marks(fixture, marks);
}

void cast_say_shutdown(struct cast_fixture *fixture)
{
    cast_say(fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_WORKFLOW_SHUTDOWN, .number = STOP_AUTOMATIC});
}

void cast_close_others(struct cast_fixture *fixture, unsigned except)
{
    BUS_EACH(member, EVERY_MEMBER & ~MEMBER_BIT(fixture->subject) & ~except)
    {
        bus_close(fixture->bus, member);
    }
    cast_settle(fixture);
}

/* --- time --- */

static void nothing(void *argument)
{
    (void)argument;
}

static void run_real(struct cast_fixture *fixture, uint64_t microseconds)
{
    fixture->env->ops->timer_start(fixture->env, &fixture->patience,
                                   &fixture->ears[fixture->subject == SERVER ? JOBS : SERVER].co,
                                   microseconds);
    env_uv_run(fixture->env);
    fixture->env->ops->timer_stop(fixture->env, &fixture->patience);
    fixture->patience.fired = false;
}

void cast_settle(struct cast_fixture *fixture)
{
    fixture->awaited = NULL;
    fixture->met = false;
    if (!fixture->sim)
        run_real(fixture, MOMENT);
    while (fixture->sim && sim_turn_ready(fixture->sim))
        ;
}

void cast_pass(struct cast_fixture *fixture, double seconds)
{
    uint64_t microseconds = (uint64_t)(seconds * 1e6);
    if (!fixture->sim) {
        run_real(fixture, microseconds);
        return;
    }
    uint64_t until = sim_now(fixture->sim) + microseconds;
    sim_after(fixture->sim, microseconds, nothing, NULL);
    while (sim_now(fixture->sim) < until)
        sim_turn(fixture->sim);
    cast_settle(fixture);
}

static bool find_next(struct cast_fixture *fixture, const char *beginning)
{
    while (fixture->seen < fixture->heard.n)
        if (begins(fixture->heard.at[fixture->seen++], beginning))
            return true;
    return false;
}

void cast_await(struct cast_fixture *fixture, const char *beginning)
{
    if (find_next(fixture, beginning))
        return;
    fixture->awaited = beginning;
    fixture->met = false;
    if (!fixture->sim)
        run_real(fixture, (uint64_t)PATIENCE * 1000000);
    while (fixture->sim && !fixture->met && sim_turn(fixture->sim))
        ;
    if (!find_next(fixture, beginning))
        fail_msg("not heard: %s\nlog:\n%s", beginning, text_string(&fixture->log));
}

/* --- what was heard --- */

void cast_forget(struct cast_fixture *fixture)
{
    VEC_EACH (char *, line, &fixture->heard)
        free(*line);
    vec_clear(&fixture->heard);
    fixture->seen = 0;
}

void cast_expect(struct cast_fixture *fixture, const char *lines)
{
    struct text all = {0};
    VEC_EACH (char *, line, &fixture->heard)
        text_addf(&all, "%s\n", *line);
    char *copy = text_take(&all);
    cast_forget(fixture);
    if (strcmp(copy, lines) != 0)
        fail_msg("heard:\n%sinstead of:\n%s", copy, lines);
    free(copy);
}

unsigned cast_count(const struct cast_fixture *fixture, const char *beginning)
{
    unsigned n = 0;
    for (size_t i = 0; i < fixture->heard.n; i++)
        n += begins(fixture->heard.at[i], beginning);
    return n;
}

void cast_expect_log(const struct cast_fixture *fixture, const char *part)
{
    if (!strstr(text_string(&fixture->log), part))
        fail_msg("not in the log: \"%s\"\nlog:\n%s", part, text_string(&fixture->log));
}

uint32_t cast_task(const struct cast_fixture *fixture, const char *name)
{
    return flow_task(fixture->workflow, name)->index;
}
