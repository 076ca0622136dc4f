/* The scheduler process, around the house: everything that must be there before the cast begins,
 * and what is left to do after it has ended.
 *
 *   directories, lock, log -> parameters of an earlier run -> definition -> database -> keys, port
 *   -> house_run [once all runs: contact file, report] -> contact file removed
 *
 * A start that fails says why in the log and leaves neither contact file nor, if it was the first,
 * a database. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/memory.h"
#include "coroutines/house.h"
#include "scheduler/command/processed.h"
#include "scheduler/command/start_state.h"
#include "scheduler/config/global.h"
#include "scheduler/net/contact.h"
#include "scheduler/net/keys.h"
#include "scheduler/net/listener.h"
#include "scheduler/run/process.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static int terminal(const struct start *s)
{
    return s->daemon->fd < 0 && !s->daemon->told ? STDERR_FILENO : 0;
}

void start_say(const struct start *s, const char *level, const char *format, ...)
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
    s->db_path = str_format("%s/log/db", s->place->run_dir);
    code = take_over_contact(s, error);
    if (!code)
        code = start_take_private(s, error);
    if (!code)
        code = start_files_open(s->place->run_dir, &s->files, error);
    if (code)
        return code;
    if (s->daemon->fd >= 0)
        (void)dup2(s->files.log_fd, STDERR_FILENO); /* a failed assertion is seen in the log */
    s->host = process_host();
    s->owner = process_user();
    s->program = process_program();
    if (chdir(s->place->run_dir)) /* not to stand in the way of the caller's directory */
        return error_set(error, -errno, "cannot enter %s: %s", s->place->run_dir, strerror(errno));
    start_say(s, "INFO", "Workflow: %s", s->place->id);
    return 0;
}

static enum run_mode run_mode_of(const char *name)
{
    enum run_mode mode = RUN_LIVE;
    while (mode < RUN_MODES && strcmp(run_mode_names[mode], name) != 0)
        mode++;
    PRE(mode < RUN_MODES);
    return mode;
}

/* --- the socket --- */

/* The first lines of each log file. */
static void say_header(const struct start *s)
{
    start_say(s, "INFO", "Scheduler: url=tcp://%s:%d pid=%lld", s->host, listener_port(s->listener),
              (long long)getpid());
    start_say(s, "INFO", "Run: (re)start number=%u, log rollover=%u", s->files.start,
              s->files.number);
    start_say(s, "INFO", "Cylc version: %s (rouse %s)", CONTACT_CYLC_VERSION, ROUSE_VERSION);
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

/* What the user is told; as JSON with the keys that Cylc gives. */
static char *contact_text(const struct start *s, const struct contact *contact)
{
    if (!s->options->format || strcmp(s->options->format, "json"))
        return str_format("%s: %s:%d PID=%lld\n", s->place->id, s->host, contact->port,
                          (long long)contact->pid);
    return str_format("{\n    \"workflow\": \"%s\",\n    \"host\": \"%s\",\n    \"url\": "
                      "\"tcp://%s:%d\",\n    \"pid\": %lld\n}\n",
                      s->place->id, s->host, s->host, contact->port, (long long)contact->pid);
}

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
        char *text = contact_text(s, &contact);
        daemon_report(s->daemon, EXIT_OK, text);
        free(text);
    } else {
        start_say(s, "ERROR", "%s", error.text); /* without it health ends the run */
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
    if (s->options->reference_log || s->options->reference_test ||
        fstat(s->files.log_fd, &status) || (size_t)status.st_size < s->log_size_max)
        return;
    if (start_files_roll(&s->files, s->logs_max, &error)) {
        s->log_size_max = SIZE_MAX; /* said once */
        start_say(s, "WARNING", "%s", error.text);
        return;
    }
    if (s->daemon->fd >= 0 || s->daemon->told)
        (void)dup2(s->files.log_fd, STDERR_FILENO);
    start_say(s, "INFO", "Workflow: %s", s->place->id);
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
                .reference_log = s->options->reference_log || s->options->reference_test,
                .abort_on_failure = s->options->abort_on_failure > 0,
                .mode = run_mode_of(start_mode(s)),
            },
        .placement = s->placement,
        .logged = roll_log,
        .log_fd = s->files.log_fd,
        .terminal_fd = terminal(s),
        .log_level = s->invocation->debug ? LOG_DEBUG_LEVEL : LOG_INFO_LEVEL,
        .log_utc = s->utc,
        .profile = s->options->profile > 0,
        .clock_jumps = start_clock_jumps(s),
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
    text_release(&s->sequential);
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
        start_say(s, "WARNING", "%s", error.text);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    s->lock_fd = -1;
}

/* What triggered each task, as in reference.log? The exit status. */
static int test_reference(struct start *s)
{
    struct error error = {0};
    struct text differences = {0};
    int code = reference_log_compare(s->files.log, s->place->run_dir, &differences, &error);
    if (code)
        start_say(s, "ERROR", "Reference test: %s", error.text);
    for (const char *line = text_string(&differences); *line;) {
        size_t n = strcspn(line, "\n");
        start_say(s, "ERROR", "Reference test: %.*s", (int)n, line);
        line += n + 1;
    }
    bool passed = !code && !differences.n;
    if (passed)
        start_say(s, "INFO", "Reference test passed");
    text_release(&differences);
    return passed ? EXIT_OK : EXIT_FAILED;
}

static void say_usage(const struct start *s)
{
    struct process_usage usage;
    process_usage(&usage);
    start_say(s, "INFO", "Profile: CPU time %.3f s of the program, %.3f s of the system for it",
              usage.user_seconds, usage.system_seconds);
    start_say(s, "INFO", "Profile: memory at most %.1f MB, %lld times waited, %lld times put off",
              (double)usage.memory_max / 1e6, (long long)usage.waits, (long long)usage.preemptions);
}

static int finish_well(struct start *s, int status)
{
    struct error error = {0};
    if (s->options->reference_log && reference_log_write(s->files.log, s->place->run_dir, &error))
        start_say(s, "WARNING", "%s", error.text);
    if (s->options->reference_test && !status)
        status = test_reference(s);
    if (s->options->profile)
        say_usage(s);
    start_say(s, "INFO", "DONE");
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
        start_say(s, "ERROR", "Workflow shutting down - %s: %s", s->failure_class, where);
        start_say(s, "INFO", "DONE");
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
        open_run, start_read_earlier, start_load_definition, start_open_database, open_listener};
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
        start_say_points(&s);
        code = run_house(&s, &error);
    }
    int status = code < 0 ? finish_failed(&s, &error) : finish_well(&s, code);
    release(&s);
    return status;
}
