/* The scheduler process, around the house: everything that must be there before the cast begins,
 * and what is left to do after it has ended.
 *
 *   directories, lock, log -> parameters of an earlier run -> definition -> database -> keys, port
 *   -> house_run [once all runs: contact file, report] -> contact file removed
 *
 * A start that fails says why in the log and leaves neither contact file nor, if it was the first,
 * a database. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/id.h"
#include "base/memory.h"
#include "coroutines/house.h"
#include "coroutines/placement.h"
#include "coroutines/site.h"
#include "db/db.h"
#include "scheduler/command/given.h"
#include "scheduler/command/play_command.h"
#include "scheduler/command/processed.h"
#include "scheduler/command/validate.h"
#include "scheduler/net/contact.h"
#include "scheduler/net/keys.h"
#include "scheduler/net/listener.h"
#include "scheduler/run/process.h"
#include "scheduler/run/start_files.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

enum { LOG_SIZE_DEFAULT = 1000000, LOGS_DEFAULT = 15 }; /* bytes; files: Cylc 8's */

struct start {
    const struct invocation *invocation;
    const struct workflow_place *place;
    const struct play_options *options;
    struct daemon *daemon;
    struct start_files files;
    int lock_fd;
    bool utc, contact_written;
    bool has_run; /* the cast began: the database is worth keeping */
    char *definition, *db_path;
    char *host, *owner, *uuid, *program;
    struct given earlier;
    struct text start_tasks; /* ids, one a line */
    char *processed; /* what a template came to; what else reads the definition reads this */
    const char *failure_class;
    struct workflow_options workflow_options;
    struct global_config *global;
    char *placement; /* of the command line, or else of global.cylc; NULL: all on one loop */
    size_t log_size_max;
    unsigned logs_max;
    struct workflow *workflow;
    struct db *db;
    struct restart *restart;
    struct listener *listener;
};

static int terminal(const struct start *s)
{
    return s->daemon->fd < 0 && !s->daemon->told ? STDERR_FILENO : 0;
}

static void say(const struct start *s, const char *level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(const struct start *s, const char *level, const char *format, ...)
{
    struct text text = {0};
    va_list args;
    va_start(args, format);
    text_vaddf(&text, format, args);
    va_end(args);
    rundir_log(s->files.log_fd, terminal(s), s->utc, level, text_string(&text));
    text_release(&text);
}

/* --- directories, lock, log --- */

static int take_over_contact(struct start *s, struct error *error)
{
    struct contact contact;
    struct error ignored = {0};
    int code = contact_read(s->place->run_dir, &contact, &ignored);
    if (code == -ENOENT)
        return 0;
    if (!code && contact_state(&contact) != CONTACT_STALE) {
        code = error_set(error, -EEXIST, "%s is already running at %s:%d", s->place->id,
                         contact.host, contact.port);
        contact_release(&contact);
        return code;
    }
    if (!code)
        contact_release(&contact);
    return contact_remove(s->place->run_dir, NULL, error);
}

static int open_run(struct start *s, struct error *error)
{
    s->failure_class = "SchedulerError";
    int code = rundir_prepare(s->place->run_dir, error);
    if (code)
        return code;
    s->lock_fd = rundir_lock(s->place->run_dir, error);
    if (s->lock_fd < 0 && s->lock_fd != -ENOTSUP)
        return s->lock_fd;
    code = take_over_contact(s, error);
    if (!code)
        code = start_files_open(s->place->run_dir, &s->files, error);
    if (code)
        return code;
    if (s->daemon->fd >= 0)
        (void)dup2(s->files.log_fd, STDERR_FILENO); /* a failed assertion is seen in the log */
    s->host = process_host();
    s->owner = process_user();
    s->program = process_program();
    s->db_path = str_format("%s/log/db", s->place->run_dir);
    if (chdir(s->place->run_dir)) /* not to stand in the way of the caller's directory */
        return error_set(error, -errno, "cannot enter %s: %s", s->place->run_dir, strerror(errno));
    say(s, "INFO", "Workflow: %s", s->place->id);
    return 0;
}

/* --- what an earlier run was given --- */

static int check_mode(struct start *s, const char *wanted, struct error *error)
{
    if (!s->earlier.mode || !strcmp(s->earlier.mode, wanted))
        return 0;
    s->failure_class = "InputError";
    return error_set(error, -EINVAL,
                     "This workflow was originally run in %s mode: You can't restart it in %s "
                     "mode.",
                     s->earlier.mode, wanted);
}

static const char *mode_of(const struct start *s)
{
    return s->options->mode ? s->options->mode : "live";
}

static enum run_mode run_mode_of(const char *name)
{
    enum run_mode mode = RUN_LIVE;
    while (mode < RUN_MODES && strcmp(run_mode_names[mode], name) != 0)
        mode++;
    PRE(mode < RUN_MODES);
    return mode;
}

static bool clock_jumps(const struct start *s)
{
    return s->options->speed && !strcmp(s->options->speed, "max");
}

static int read_earlier(struct start *s, struct error *error)
{
    if (!s->files.is_restart)
        return 0;
    say(s, "INFO", "LOADING workflow parameters");
    s->failure_class = "DatabaseError";
    s->db = db_open(s->db_path, NULL, error);
    if (!s->db)
        return error->code;
    if (given_read(s->db, &s->earlier, error) < 0)
        return error->code;
    return check_mode(s, mode_of(s), error);
}

/* --- the definition --- */

/* What is given now, else what an earlier run was given; "ignore" and "reload": as it stands in
 * flow.cylc. */
static const char *choose(const char *given, const char *earlier)
{
    if (given && (!strcmp(given, "ignore") || !strcmp(given, "reload")))
        return NULL;
    return given ? given : earlier;
}

static void warn(void *context, const char *text)
{
    say(context, "WARNING", "%s", text);
}

static const char *site_text(const struct start *s, const char *name)
{
    const struct item *item = global_item(s->global, "scheduler", NULL, name);
    return item && !item->value.empty && item->value.string[0] ? item->value.string : NULL;
}

static int64_t site_number(const struct start *s, const char *name, int64_t fallback)
{
    const struct item *item = global_item(s->global, "scheduler", "logging", name);
    return item && !item->value.empty ? item->value.integer : fallback;
}

/* What global.cylc says of the scheduler itself. */
static void read_site(struct start *s)
{
    const char *placement =
        s->options->placement ? s->options->placement : site_text(s, "placement");
    s->placement = placement ? str_copy(placement) : NULL;
    int64_t size = site_number(s, "maximum size in bytes", LOG_SIZE_DEFAULT);
    int64_t length = site_number(s, "rolling archive length", LOGS_DEFAULT);
    s->log_size_max = size > 0 ? (size_t)size : SIZE_MAX; /* 0: never full */
    s->logs_max = length > 0 ? (unsigned)length : 1;
}

/* Where a run begins cannot be changed later; and at first there is nothing to ignore. */
static int check_points(const struct start *s, struct error *error)
{
    const struct play_options *o = s->options;
    const struct {
        const char *name, *value;
        bool begins;
    } points[] = {{"initial-cycle-point", o->initial, true},
                  {"start-cycle-point", o->start, true},
                  {"start-task", o->start_tasks.n ? o->start_tasks.at[0] : NULL, true},
                  {"final-cycle-point", o->final, false},
                  {"stop-cycle-point", o->stop, false}};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        bool ignore = points[i].value && !strcmp(points[i].value, "ignore");
        if (!s->files.is_restart && ignore)
            return error_set(error, -EINVAL, "option --%s=ignore is only valid for restart",
                             points[i].name);
        if (s->files.is_restart && points[i].begins && points[i].value && !ignore)
            return error_set(error, -EINVAL, "option --%s: a restart goes on where the run was",
                             points[i].name);
    }
    return 0;
}

/* --start-task: each must be there. */
static int take_start_tasks(struct start *s, struct error *error)
{
    const struct workflow *w = s->workflow;
    for (size_t i = 0; i < s->options->start_tasks.n && !s->files.is_restart; i++) {
        const char *text = s->options->start_tasks.at[i];
        struct id id = {0};
        cycle_point point = POINT_NONE;
        int code = id_parse_relative(slice_of(text), &id, error);
        if (!code && !id.task.n)
            code = error_set(error, -EINVAL, "--start-task=%s: expected CYCLE/TASK", text);
        char *cycle = slice_copy(id.cycle), *name = slice_copy(id.task);
        if (!code)
            code = point_parse(w->cycling, cycle, &point, error);
        uint32_t task = workflow_task(w, name);
        if (!code && (task == NO_INDEX || !graph_task_valid_at(w->graph, task, point)))
            code = error_set(error, -ENOENT, "--start-task=%s: no such task in the graph", text);
        if (!code)
            text_addf(&s->start_tasks, "%s%s/%s", i ? "\n" : "", cycle, name);
        free(cycle);
        free(name);
        if (code)
            return code;
    }
    return 0;
}

static int load_definition(struct start *s, struct error *error)
{
    const struct play_options *o = s->options;
    s->failure_class = "InputError";
    if (o->start && o->start_tasks.n)
        return error_set(error, -EINVAL,
                         "--start-cycle-point and --start-task are mutually exclusive");
    int code = check_points(s, error);
    if (code)
        return code;
    s->workflow_options = (struct workflow_options){
        .initial = choose(o->initial, NULL),
        .final = choose(o->final, s->earlier.final),
        .start = choose(o->start, s->earlier.start),
        .stop = choose(o->stop, s->earlier.stop),
        .hold_after = choose(o->hold_after, s->earlier.hold_after),
        .now = process_now() / 1000000,
        .keep_tree = true,
        .templates = template_lists_options(&o->templates),
    };
    s->workflow_options.templates.directory = o->directory;
    s->workflow_options.templates.earlier = s->earlier.variables;
    s->workflow_options.templates.n_earlier = s->earlier.n_variables;
    s->failure_class = "WorkflowConfigError";
    if (resolve_definition(s->place->run_dir, &s->definition, error))
        return error->code;
    s->global = site_load(&(struct warner){warn, s}, error);
    if (!s->global)
        return error->code;
    s->workflow_options.global = s->global;
    read_site(s);
    s->workflow = given_load(s->definition, &s->earlier, &s->workflow_options, warn, s, error);
    if (!s->workflow)
        return error->code;
    s->failure_class = "InputError";
    if (take_start_tasks(s, error))
        return error->code;
    s->utc = s->workflow->utc_mode;
    validate_platforms(s->workflow, s->global, s->host, warn, s);
    s->processed = str_format("%s/log/config/flow-processed.cylc", s->place->run_dir);
    code = processed_write(s->definition, s->workflow, s->place->run_dir, s->files.config, error);
    workflow_forget_tree(s->workflow);
    return code;
}

static void say_points(const struct start *s)
{
    const struct workflow *w = s->workflow;
    char initial[POINT_TEXT_MAX], final[POINT_TEXT_MAX] = "None", start[POINT_TEXT_MAX];
    point_format(w->cycling, w->initial, initial);
    point_format(w->cycling, w->start, start);
    if (w->final != POINT_MAX)
        point_format(w->cycling, w->final, final);
    say(s, "INFO", "Run mode: %s", mode_of(s));
    say(s, "INFO", "Initial point: %s", initial);
    if (w->start != w->initial)
        say(s, "INFO", "Start point: %s", start);
    say(s, "INFO", "Final point: %s", final);
    if (!s->restart)
        say(s, "INFO", "%s start from %s", w->start != w->initial ? "Warm" : "Cold", start);
}

/* --- the database --- */

/* `text` as a point in normal form, into buffer; NULL if there is none. */
static const char *normal(const struct start *s, cycle_point point, bool given, char *buffer)
{
    return given && point != POINT_NONE && point != POINT_MAX
               ? point_format(s->workflow->cycling, point, buffer)
               : NULL;
}

static int describe_start(struct start *s, struct error *error)
{
    const struct workflow *w = s->workflow;
    const struct workflow_options *o = &s->workflow_options;
    char icp[POINT_TEXT_MAX], fcp[POINT_TEXT_MAX], startcp[POINT_TEXT_MAX], stopcp[POINT_TEXT_MAX],
        holdcp[POINT_TEXT_MAX];
    bool paused = s->options->paused || (s->restart && s->restart->paused);
    const struct key_value params[] = {
        {"uuid_str", s->uuid},
        {"cylc_version", CONTACT_CYLC_VERSION},
        {"UTC_mode", w->utc_mode ? "1" : "0"},
        {"cycle_point_format", w->cycle_point_format},
        {"cycle_point_tz", w->cycle_point_time_zone ? w->cycle_point_time_zone : "Z"},
        {"run_mode", mode_of(s)},
        {"icp", normal(s, w->initial, true, icp)},
        {"fcp", normal(s, w->final, o->final != NULL, fcp)},
        {"startcp", normal(s, w->start, o->start != NULL, startcp)},
        {"stopcp", normal(s, w->stop, o->stop != NULL, stopcp)},
        {"stop_clock_time", s->restart ? s->restart->stop_clock_time : NULL},
        {"stop_task", s->restart ? s->restart->stop_task : NULL},
        {"is_paused", paused ? "1" : "0"},
        {"holdcp", normal(s, w->hold_after, o->hold_after != NULL, holdcp)},
    };
    size_t n = sizeof params / sizeof *params;
    int code = db_start(s->db, params, o->hold_after ? n : n - 1, error);
    if (!code)
        db_put_template_variables(s->db, w->template_variables, w->n_template_variables);
    if (!code && !s->restart && s->start_tasks.n)
        db_put_no_cursors(s->db);
    return code;
}

/* The recorder in a process of its own opens the database itself. */
static int hand_over_database(struct start *s, struct error *error)
{
    struct placement placement;
    int code = placement_parse(s->placement, &placement, error);
    if (code || placement.of[RECORDER] != PLACE_PROCESS)
        return code;
    code = db_commit(s->db, error);
    db_close(s->db);
    s->db = NULL;
    return code;
}

static int open_database(struct start *s, struct error *error)
{
    s->failure_class = "DatabaseError";
    if (!s->db)
        s->db = db_open(s->db_path, NULL, error);
    if (!s->db)
        return error->code;
    db_set_workflow(s->db, s->workflow);
    if (clock_jumps(s))
        db_simulated(s->db);
    s->restart = db_load(s->db, s->workflow, error);
    if (!s->restart && error->code)
        return error->code;
    s->uuid = s->restart && s->restart->uuid && *s->restart->uuid ? str_copy(s->restart->uuid)
                                                                  : process_uuid();
    int code = describe_start(s, error);
    return code ? code : hand_over_database(s, error);
}

/* --- the socket --- */

/* The first lines of each log file. */
static void say_header(const struct start *s)
{
    say(s, "INFO", "Scheduler: url=tcp://%s:%d pid=%lld", s->host, listener_port(s->listener),
        (long long)getpid());
    say(s, "INFO", "Run: (re)start number=%u, log rollover=%u", s->files.start, s->files.number);
    say(s, "INFO", "Cylc version: %s (rouse %s)", CONTACT_CYLC_VERSION, ROUSE_VERSION);
}

/* The option, or [run hosts]ports of global.cylc. */
static void choose_ports(const struct start *s, struct listener_options *options)
{
    const struct item *item = global_item(s->global, "scheduler", "run hosts", "ports");
    const struct integer_list *ports = item ? &item->value.integers : NULL;
    if (s->options->ports) {
        (void)play_ports(s->options->ports, &options->port_first, &options->port_last);
    } else if (ports && ports->n) {
        options->port_first = (int)ports->at[0];
        options->port_last = (int)ports->at[ports->n - 1];
    }
}

static int open_listener(struct start *s, struct error *error)
{
    s->failure_class = "SchedulerError";
    struct listener_options options = {.run_dir = s->place->run_dir};
    choose_ports(s, &options);
    int code = keys_create(s->place->run_dir, error);
    if (code)
        return code;
    s->listener = listener_open(&options, error);
    if (!s->listener)
        return error->code;
    say_header(s);
    return 0;
}

/* --- running --- */

/* Everything runs: from now on commands are answered. */
static void on_started(void *context)
{
    struct start *s = context;
    struct error error = {0};
    char *directory = s->program ? str_copy(s->program) : str_copy("");
    char *slash = strrchr(directory, '/');
    *(slash ? slash : directory) = '\0';
    struct contact contact = {
        .command = process_command(0),
        .host = s->host,
        .id = s->place->id,
        .owner = s->owner,
        .run_dir = s->place->run_dir,
        .uuid = s->uuid,
        .version = (char[]){CONTACT_CYLC_VERSION},
        .cylc_path = directory,
        .pid = getpid(),
        .port = listener_port(s->listener),
    };
    s->contact_written = !contact_write(s->place->run_dir, &contact, &error);
    if (s->contact_written) {
        char *text = str_format("%s: %s:%d PID=%lld\n", s->place->id, s->host, contact.port,
                                (long long)contact.pid);
        daemon_report(s->daemon, EXIT_OK, text);
        free(text);
    } else {
        say(s, "ERROR", "%s", error.text); /* without it health ends the run */
    }
    s->has_run = true;
    free(directory);
    free(contact.command);
}

/* After each line: a log that is full goes on in the next file. A reference log is read from one
 * file, and never rolled. */
static void roll_log(void *context)
{
    struct start *s = context;
    struct stat status;
    struct error error = {0};
    if (s->options->reference_log || fstat(s->files.log_fd, &status) ||
        (size_t)status.st_size < s->log_size_max)
        return;
    if (start_files_roll(&s->files, s->logs_max, &error)) {
        s->log_size_max = SIZE_MAX; /* said once */
        say(s, "WARNING", "%s", error.text);
        return;
    }
    if (s->daemon->fd >= 0 || s->daemon->told)
        (void)dup2(s->files.log_fd, STDERR_FILENO);
    say(s, "INFO", "Workflow: %s", s->place->id);
    say_header(s);
}

static int run_house(struct start *s, struct error *error)
{
    s->failure_class = "SchedulerError";
    const struct house_options house = {
        .context =
            {
                .workflow = s->workflow,
                .global = s->global,
                .restart = s->restart,
                .db = s->db,
                .run_dir = s->place->run_dir,
                .workflow_id = s->place->id,
                .owner = s->owner,
                .host = s->host,
                .uuid = s->uuid,
                .listener = s->listener,
                .start_tasks = s->start_tasks.n ? text_string(&s->start_tasks) : NULL,
                .start_paused = s->options->paused || (s->restart && s->restart->paused),
                .reference_log = s->options->reference_log > 0,
                .mode = run_mode_of(mode_of(s)),
            },
        .placement = s->placement,
        .logged = roll_log,
        .log_fd = s->files.log_fd,
        .terminal_fd = terminal(s),
        .log_level = s->invocation->debug ? LOG_DEBUG_LEVEL : LOG_INFO_LEVEL,
        .log_utc = s->utc,
        .clock_jumps = clock_jumps(s),
        .workflow_file = s->processed,
        .workflow_options = &s->workflow_options,
        .program = s->program,
        .started = on_started,
        .started_context = s,
    };
    return house_run(&house, error);
}

/* --- the end --- */

static void remove_new_database(const struct start *s)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; s->db_path && i < 3; i++) {
        char *path = str_format("%s%s", s->db_path, suffixes[i]);
        (void)unlink(path);
        free(path);
    }
}

static void release(struct start *s)
{
    listener_close(s->listener);
    if (s->db)
        db_close(s->db);
    restart_destroy(s->restart);
    workflow_destroy(s->workflow);
    global_destroy(s->global);
    free(s->placement);
    given_release(&s->earlier);
    text_release(&s->start_tasks);
    free(s->processed);
    free(s->definition);
    free(s->db_path);
    free(s->host);
    free(s->owner);
    free(s->uuid);
    free(s->program);
    start_files_release(&s->files);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
}

/* Whoever sees that the contact file has gone may play again at once: by then the log is complete,
 * the database closed; and the lock is given up. */
static void give_up_place(struct start *s, bool forget_database)
{
    struct error error = {0};
    if (s->db)
        db_close(s->db);
    s->db = NULL;
    if (forget_database)
        remove_new_database(s);
    if (s->contact_written && contact_remove(s->place->run_dir, s->uuid, &error))
        say(s, "WARNING", "%s", error.text);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    s->lock_fd = -1;
}

static int finish_well(struct start *s, int status)
{
    struct error error = {0};
    if (s->options->reference_log && reference_log_write(s->files.log, s->place->run_dir, &error))
        say(s, "WARNING", "%s", error.text);
    say(s, "INFO", "DONE");
    give_up_place(s, false);
    daemon_report(s->daemon, EXIT_NO_START, "the scheduler ended before it had started\n");
    return status;
}

/* A start that failed: said in the log and to whoever waits. */
static int finish_failed(struct start *s, const struct error *error)
{
    char where[ERROR_TEXT_MAX + ERROR_FILE_MAX + ERROR_ITEM_MAX + 64];
    bool has_log = s->files.log_fd > 0;
    error_format(error, where, sizeof where);
    if (has_log) {
        say(s, "ERROR", "Workflow shutting down - %s: %s", s->failure_class, where);
        say(s, "INFO", "DONE");
    } else if (s->daemon->fd < 0)
        (void)command_failf(s->invocation, EXIT_NO_START, "%s", where);
    give_up_place(s, has_log && !s->files.is_restart && !s->has_run);
    char *text = str_format("%s: error: %s: %s\n", s->invocation->program, s->failure_class, where);
    daemon_report(s->daemon, EXIT_NO_START, text);
    free(text);
    return EXIT_NO_START;
}

int start_scheduler(const struct invocation *invocation, const struct workflow_place *place,
                    const struct play_options *options, struct daemon *daemon)
{
    static int (*const steps[])(struct start *, struct error *) = {
        open_run, read_earlier, load_definition, open_database, open_listener};
    struct start s = {.invocation = invocation,
                      .place = place,
                      .options = options,
                      .daemon = daemon,
                      .lock_fd = -1};
    struct error error = {0};
    int code = 0;
    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !code; i++)
        code = steps[i](&s, &error);
    if (!code) {
        say_points(&s);
        code = run_house(&s, &error);
    }
    int status = code < 0 ? finish_failed(&s, &error) : finish_well(&s, code);
    release(&s);
    return status;
}
