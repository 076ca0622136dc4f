/* See house.h. The main loop runs in the calling thread; each member placed in a thread runs on a
 * loop of its own, each member placed in a process is a tenant. No loop is closed before all have
 * run: a closed socket would drop what another loop has still to read. */
#include "coroutines/house.h"
#include "base/memory.h"
#include "coroutines/health.h"
#include "coroutines/loop.h"
#include "coroutines/placement.h"
#include "coroutines/profile.h"
#include "coroutines/tenant.h"
#include "coroutines/terminal.h"
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum { TENANT_LOG_FD = 3 };

struct house;

struct lodger { /* a member in a thread */
    struct loop loop;
    pthread_t thread;
    struct house *house;
    sem_t close;
    bool started;
};

struct house {
    struct profile profile;
    const struct house_options *options;
    struct placement placement;
    struct cast_context context;
    struct env_uv_options env_options;
    struct bus_zmq_options bus_options;
    char *endpoints[MEMBERS];
    char directory[64]; /* of the ipc sockets; empty = none */
    struct loop main;
    bool ending;
    struct lodger lodgers[MEMBERS];
    struct tenant tenants[MEMBERS];
    char *tenant_arguments[MEMBERS], *tenant_err[MEMBERS];
    const char *tenant_argv[MEMBERS][6];
    sem_t ran; /* posted by each lodger whose loop has run */
    atomic_int exit_status;
};

/* --- where the outboxes are bound --- */

static int make_endpoints(struct house *house, struct error *error)
{
    bool processes = placement_members(&house->placement, PLACE_PROCESS) != 0;
    if (processes) {
        snprintf(house->directory, sizeof house->directory, "/tmp/rouse-XXXXXX");
        if (!mkdtemp(house->directory)) {
            int code = -errno;
            house->directory[0] = '\0';
            return error_set(error, code, "cannot make a directory for sockets in /tmp: %s",
                             strerror(-code));
        }
    }
    for (int member = 0; member < MEMBERS; member++) {
        house->endpoints[member] =
            processes ? str_format("ipc://%s/%s", house->directory, member_names[member])
                      : str_format("inproc://%s", member_names[member]);
        house->bus_options.endpoints[member] = house->endpoints[member];
    }
    house->bus_options.cast = EVERY_MEMBER;
    return 0;
}

static void remove_endpoints(struct house *house)
{
    for (int member = 0; member < MEMBERS; member++) {
        if (*house->directory)
            unlink(house->endpoints[member] + strlen("ipc://"));
        free(house->endpoints[member]);
    }
    if (*house->directory)
        rmdir(house->directory);
}

/* --- news that concern every loop --- */

static void on_lost(void *context, enum member member)
{
    struct house *house = context;
    bus_lost(house->main.context.bus, member);
    for (int i = 0; i < MEMBERS; i++)
        if (house->lodgers[i].started)
            loop_lost(&house->lodgers[i].loop, member);
}

/* What a tenant said last on its stderr, in one line. */
static void take_last_words(struct house *house, enum member member, struct error *error)
{
    struct env *env = house->main.context.env;
    struct text said = {0};
    (void)env->ops->file_read(env, house->tenant_err[member], 0, &said);
    while (said.n && said.at[said.n - 1] == '\n')
        said.at[--said.n] = '\0';
    const char *line = said.n ? strrchr(said.at, '\n') : NULL;
    line = line ? line + 1 : text_string(&said);
    const char *words = strstr(line, "error: ");
    error_set(error, -ECHILD, "%s", words ? words + strlen("error: ") : line);
    text_release(&said);
}

/* Only the xtriggers can be told again what they knew. With another member something is lost that
 * only a restart from the database finds again. */
static void on_fatal(void *context, enum member member, const char *how)
{
    struct house *house = context;
    struct text why = {0};
    text_addf(&why, "the process of %s ended (%s); the next start goes on from the last commit",
              member_names[member], how);
    if (house->main.members[HEALTH]) {
        health_fault(house->main.members[HEALTH], text_string(&why));
    } else {
        error_set(&house->main.error, -ECHILD, "%s", text_string(&why));
        loop_give_up(&house->main);
    }
    text_release(&why);
}

static void on_refused(void *context, enum member member)
{
    struct house *house = context;
    take_last_words(house, member, &house->main.error);
    loop_give_up(&house->main);
}

static bool tenants_gone(const struct house *house)
{
    for (int i = 0; i < MEMBERS; i++)
        if (house->placement.of[i] == PLACE_PROCESS && !house->tenants[i].gone)
            return false;
    return true;
}

/* Before the start nobody lives yet either. */
static void stop_if_over(void *context)
{
    struct house *house = context;
    if (house->ending && !house->main.living && tenants_gone(house))
        env_uv_stop(house->main.context.env);
}

static void on_ending(void *context)
{
    struct house *house = context;
    house->ending = true;
    for (int i = 0; i < MEMBERS; i++)
        if (house->placement.of[i] == PLACE_PROCESS)
            tenant_end(&house->tenants[i]);
    stop_if_over(house);
}

static void on_opened(void *context)
{
    struct house *house = context;
    if (house->options->started)
        house->options->started(house->options->started_context);
}

/* --- lodgers --- */

static void *lodge(void *argument)
{
    struct lodger *lodger = argument;
    if (loop_run(&lodger->loop) < 0)
        loop_give_up(&lodger->house->main);
    sem_post(&lodger->house->ran);
    sem_wait(&lodger->close);
    loop_close(&lodger->loop);
    return NULL;
}

static int open_lodger(struct house *house, enum member member, struct error *error)
{
    struct lodger *lodger = &house->lodgers[member];
    struct bus_zmq_options bus = house->bus_options;
    bus.local = MEMBER_BIT(member);
    if (loop_open(&lodger->loop, &house->context, bus.local, &house->env_options, &bus, error) < 0)
        return error->code;
    lodger->house = house;
    sem_init(&lodger->close, 0, 0);
    int result = pthread_create(&lodger->thread, NULL, lodge, lodger);
    if (result) {
        loop_close(&lodger->loop);
        return error_set(error, -result, "cannot start a thread for %s: %s", member_names[member],
                         strerror(result));
    }
    lodger->started = true;
    return 0;
}

/* Wait for the lodgers' loops to end, then let all of them close. */
static void close_lodgers(struct house *house)
{
    for (int i = 0; i < MEMBERS; i++)
        if (house->lodgers[i].started)
            while (sem_wait(&house->ran) < 0 && errno == EINTR)
                ;
    for (int i = 0; i < MEMBERS; i++) {
        if (!house->lodgers[i].started)
            continue;
        sem_post(&house->lodgers[i].close);
        pthread_join(house->lodgers[i].thread, NULL);
        sem_destroy(&house->lodgers[i].close);
    }
}

static void give_up(struct house *house)
{
    for (int i = 0; i < MEMBERS; i++)
        if (house->lodgers[i].started)
            loop_give_up(&house->lodgers[i].loop);
}

/* --- tenants --- */

/* What `rouse cast` needs to know, as JSON; see house_member_main. */
static char *tenant_json(const struct house *house, enum member member)
{
    const struct cast_context *context = &house->context;
    json_t *endpoints = json_object();
    for (int i = 0; i < MEMBERS; i++)
        json_object_set_new(endpoints, member_names[i], json_string(house->endpoints[i]));
    const struct workflow_options none = {0};
    const struct workflow_options *o =
        house->options->workflow_options ? house->options->workflow_options : &none;
    json_t *json = json_pack(
        "{s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:i, s:b, s:b, s:i, s:b, s:i, s:b, s:b}",
        "member", member_names[member], "endpoints", endpoints, "run_dir", context->run_dir,
        "workflow_id", context->workflow_id, "owner", context->owner, "host", context->host, "uuid",
        context->uuid, "workflow_file", house->options->workflow_file, "restart",
        context->restart != NULL, "mode", (int)context->mode, "start_paused", context->start_paused,
        "reference_log", context->reference_log, "log_fd", TENANT_LOG_FD, "terminal",
        house->env_options.terminal_fd > 0, "log_level", (int)house->env_options.log_level, "utc",
        house->env_options.utc, "abort_on_failure", context->abort_on_failure);
    PRE(json);
    if (context->start_tasks)
        json_object_set_new(json, "start_tasks", json_string(context->start_tasks));
    json_object_set_new(json, "program", json_string(house->options->program));
    json_object_set_new(json, "options",
                        json_pack("{s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:I}", "initial",
                                  o->initial, "final", o->final, "start", o->start, "stop", o->stop,
                                  "hold_after", o->hold_after, "sequential", o->sequential, "now",
                                  (json_int_t)o->now));
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

static void start_tenant(struct house *house, enum member member)
{
    house->tenant_arguments[member] = tenant_json(house, member);
    const char **argv = house->tenant_argv[member];
    argv[0] = house->options->program;
    argv[1] = "cast";
    argv[2] = house->tenant_arguments[member];
    house->tenant_err[member] =
        str_format("%s/log/scheduler/cast-%s.err", house->context.run_dir, member_names[member]);
    struct tenant *tenant = &house->tenants[member];
    *tenant = (struct tenant){.env = house->main.context.env,
                              .member = member,
                              .argv = argv,
                              .err = house->tenant_err[member],
                              .log_fd = house->env_options.log_fd,
                              .terminal_fd = house->env_options.terminal_fd,
                              .returns = member == XTRIGGERS,
                              .lost = on_lost,
                              .fatal = on_fatal,
                              .refused = on_refused,
                              .left = stop_if_over,
                              .house = house};
    tenant_start(tenant);
}

/* --- the whole --- */

/* Members elsewhere would write to the terminal, too. */
static bool terminal_is_ours(const struct house *house)
{
    return placement_members(&house->placement, PLACE_THREAD) == 0 &&
           placement_members(&house->placement, PLACE_PROCESS) == 0 &&
           terminal_is_capable(house->options->terminal_fd);
}

static int open_all(struct house *house, struct error *error)
{
    struct bus_zmq_options bus = house->bus_options;
    bus.local = placement_members(&house->placement, PLACE_LOOP);
    house->main.opened = on_opened;
    house->main.ending = on_ending;
    house->main.house = house;
    struct env_uv_options env = house->env_options;
    env.logged = house->options->logged;
    env.terminal_is_live = house->context.live_summary = terminal_is_ours(house);
    env.context = house->options->started_context;
    if (loop_open(&house->main, &house->context, bus.local, &env, &bus, error) < 0)
        return error->code;
    house->profile.env = house->main.context.env;
    if (house->options->profile)
        house->main.context.env->ready.profile = &house->profile;
    for (int i = 0; i < MEMBERS; i++) {
        if (house->placement.of[i] == PLACE_PROCESS)
            start_tenant(house, (enum member)i);
        else if (house->placement.of[i] == PLACE_THREAD &&
                 open_lodger(house, (enum member)i, error) < 0)
            return error->code;
    }
    return 0;
}

static int run(struct house *house, struct error *error)
{
    house->bus_options.context = bus_zmq_context();
    int result = open_all(house, error);
    if (result == 0) {
        result = loop_run(&house->main);
        *error = house->main.error;
    }
    if (result < 0)
        give_up(house);
    close_lodgers(house);
    for (int i = 0; i < MEMBERS && result < 0 && !error->code; i++)
        *error = house->lodgers[i].loop.error;
    for (int i = 0; i < MEMBERS; i++)
        tenant_release(&house->tenants[i]);
    if (house->main.context.env && house->options->profile)
        profile_log(&house->profile);
    if (house->main.context.env)
        loop_close(&house->main);
    bus_zmq_context_destroy(house->bus_options.context);
    return result;
}

int house_run(const struct house_options *options, struct error *error)
{
    struct house *house = NEW(struct house);
    house->options = options;
    house->context = options->context;
    house->context.exit_status = &house->exit_status;
    house->context.program = options->program;
    house->env_options = (struct env_uv_options){.log_fd = options->log_fd,
                                                 .terminal_fd = options->terminal_fd,
                                                 .log_level = options->log_level,
                                                 .utc = options->log_utc,
                                                 .jumps = options->clock_jumps};
    sem_init(&house->ran, 0, 0);
    int result = placement_parse(options->placement, &house->placement, error);
    if (result == 0 && (result = make_endpoints(house, error)) == 0) {
        result = run(house, error);
        remove_endpoints(house);
    }
    if (result == 0)
        result = atomic_load(&house->exit_status);
    sem_destroy(&house->ran);
    for (int i = 0; i < MEMBERS; i++) {
        free(house->tenant_arguments[i]);
        free(house->tenant_err[i]);
    }
    free(house);
    return result;
}
