/* The other side of a tenant: `rouse cast JSON` loads what its member needs, joins the bus over ipc
 * and runs until the member is done. It dies with the scheduler that started it. */
#include "base/memory.h"
#include "coroutines/house.h"
#include "coroutines/loop.h"
#include "coroutines/site.h"
#include "coroutines/tenant.h"
#include "db/db.h"
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/banned.h"

struct guest {
    json_t *json;
    enum member member;
    struct workflow *workflow;
    struct global_config *global;
    struct restart *restart;
    struct db *db;
    atomic_int exit_status;
    struct loop loop;
};

static const char *text_of(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

static int integer_of(const json_t *json, const char *key)
{
    return (int)json_integer_value(json_object_get(json, key));
}

static int load_workflow(struct guest *guest, struct error *error)
{
    const json_t *o = json_object_get(guest->json, "options");
    const struct workflow_options options = {.initial = text_of(o, "initial"),
                                             .final = text_of(o, "final"),
                                             .start = text_of(o, "start"),
                                             .stop = text_of(o, "stop"),
                                             .hold_after = text_of(o, "hold_after"),
                                             .sequential = text_of(o, "sequential"),
                                             .now = json_integer_value(json_object_get(o, "now")),
                                             .global = guest->global};
    guest->workflow =
        workflow_load(text_of(guest->json, "workflow_file"), &options, NULL, NULL, error);
    return guest->workflow ? 0 : error->code;
}

/* The recorder keeps the database open; the others read what they start from. */
static int load_restart(struct guest *guest, struct error *error)
{
    bool is_restart = json_is_true(json_object_get(guest->json, "restart"));
    if (!is_restart && guest->member != RECORDER)
        return 0;
    char *path = str_format("%s/log/db", text_of(guest->json, "run_dir"));
    guest->db = db_open(path, NULL, error);
    free(path);
    if (!guest->db)
        return error->code;
    db_set_workflow(guest->db, guest->workflow);
    if (is_restart) {
        guest->restart = db_load(guest->db, guest->workflow, error);
        if (!guest->restart)
            return error->code ? error->code : -1;
    }
    if (guest->member != RECORDER) {
        db_close(guest->db);
        guest->db = NULL;
    }
    return 0;
}

static struct cast_context context_of(struct guest *guest)
{
    return (struct cast_context){
        .workflow = guest->workflow,
        .global = guest->global,
        .restart = guest->restart,
        .db = guest->db,
        .run_dir = text_of(guest->json, "run_dir"),
        .workflow_id = text_of(guest->json, "workflow_id"),
        .owner = text_of(guest->json, "owner"),
        .host = text_of(guest->json, "host"),
        .uuid = text_of(guest->json, "uuid"),
        .program = text_of(guest->json, "program"),
        .start_tasks = text_of(guest->json, "start_tasks"),
        .mode = (enum run_mode)integer_of(guest->json, "mode"),
        .start_paused = json_is_true(json_object_get(guest->json, "start_paused")),
        .reference_log = json_is_true(json_object_get(guest->json, "reference_log")),
        .abort_on_failure = json_is_true(json_object_get(guest->json, "abort_on_failure")),
        .exit_status = &guest->exit_status,
    };
}

static int stay(struct guest *guest, struct error *error)
{
    bool terminal = json_is_true(json_object_get(guest->json, "terminal"));
    const struct env_uv_options env = {.log_fd = integer_of(guest->json, "log_fd"),
                                       .terminal_fd = terminal ? STDOUT_FILENO : 0,
                                       .log_level =
                                           (enum log_level)integer_of(guest->json, "log_level"),
                                       .utc = json_is_true(json_object_get(guest->json, "utc"))};
    struct bus_zmq_options bus = {
        .cast = EVERY_MEMBER, .local = MEMBER_BIT(guest->member), .context = bus_zmq_context()};
    const json_t *endpoints = json_object_get(guest->json, "endpoints");
    for (int i = 0; i < MEMBERS; i++)
        bus.endpoints[i] = text_of(endpoints, member_names[i]);
    const struct cast_context context = context_of(guest);
    int result = loop_open(&guest->loop, &context, bus.local, &env, &bus, error);
    if (result == 0) {
        result = loop_run(&guest->loop);
        *error = guest->loop.error;
        loop_close(&guest->loop);
    }
    bus_zmq_context_destroy(bus.context);
    return result;
}

static int arrive(struct guest *guest, const char *text, struct error *error)
{
    json_error_t bad;
    guest->json = json_loads(text, 0, &bad);
    const char *name = guest->json ? text_of(guest->json, "member") : NULL;
    int member = 0;
    while (member < MEMBERS && (!name || strcmp(name, member_names[member]) != 0))
        member++;
    if (member == MEMBERS)
        return error_set(error, -1, "cast: expected what the scheduler gives it, a JSON object");
    guest->member = (enum member)member;
    guest->global = site_load(NULL, error);
    int result = guest->global ? load_workflow(guest, error) : error->code;
    if (result == 0)
        result = load_restart(guest, error);
    return result == 0 ? stay(guest, error) : result;
}

/* Whether our parent still is the scheduler, the same program as we: it may have died before we
 * could ask to be told. */
static bool scheduler_is_there(void)
{
    char path[64], parent[4096], own[4096];
    (void)snprintf(path, sizeof path, "/proc/%lld/exe", (long long)getppid());
    ssize_t n = readlink(path, parent, sizeof parent);
    return n > 0 && n == readlink("/proc/self/exe", own, sizeof own) &&
           memcmp(parent, own, (size_t)n) == 0;
}

int house_member_main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "rouse: cast is started by the scheduler itself\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!scheduler_is_there())
        return TENANT_REFUSES;
    struct guest *guest = NEW(struct guest);
    struct error error = {0};
    int result = arrive(guest, argv[1], &error);
    if (result < 0)
        fprintf(stderr, "rouse: error: %s\n", error.text);
    db_close(guest->db);
    restart_destroy(guest->restart);
    workflow_destroy(guest->workflow);
    global_destroy(guest->global);
    json_decref(guest->json);
    free(guest);
    return result < 0 ? TENANT_REFUSES : 0;
}
