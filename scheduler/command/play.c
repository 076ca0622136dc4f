/* `play`: the part in front of the terminal. A workflow that runs already is resumed; else a
 * scheduler is started (start.c), as a daemon unless it is to stay here. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/check.h"
#include "coroutines/placement.h"
#include "scheduler/command/ask.h"
#include "scheduler/command/play_command.h"
#include "scheduler/net/client.h"
#include "scheduler/run/process.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/* Where and how the run begins and ends. */
static size_t run_option_defs(struct play_options *o, struct option_def *defs)
{
    const struct option_def all[] = {
        {.name = "no-detach",
         .letter = 'N',
         .count = &o->no_detach,
         .help = "stay in the foreground, show the log, exit with the scheduler"},
        {.name = "non-daemon", .count = &o->no_detach},
        {.name = "pause", .count = &o->paused, .help = "start paused"},
        {.name = "icp", .argument = "POINT", .text = &o->initial, .help = "initial cycle point"},
        {.name = "initial-cycle-point", .argument = "POINT", .text = &o->initial},
        {.name = "fcp", .argument = "POINT", .text = &o->final, .help = "final cycle point"},
        {.name = "final-cycle-point", .argument = "POINT", .text = &o->final},
        {.name = "startcp",
         .argument = "POINT",
         .text = &o->start,
         .help = "start here; what is before counts as done"},
        {.name = "start-cycle-point", .argument = "POINT", .text = &o->start},
        {.name = "stopcp", .argument = "POINT", .text = &o->stop, .help = "stop after this point"},
        {.name = "stop-cycle-point", .argument = "POINT", .text = &o->stop},
        {.name = "hold-after",
         .argument = "POINT",
         .text = &o->hold_after,
         .help = "hold tasks beyond this point"},
        {.name = "hold-cycle-point", .argument = "POINT", .text = &o->hold_after},
        {.name = "holdcp", .argument = "POINT", .text = &o->hold_after},
        {.name = "mode",
         .letter = 'm',
         .argument = "MODE",
         .text = &o->mode,
         .help = "live, skip (no jobs, at once), simulation (no jobs), dummy (empty jobs)"},
        {.name = "run-mode", .argument = "MODE", .text = &o->mode},
        {.name = "start-task",
         .letter = 't',
         .argument = "CYCLE/TASK",
         .list = &o->start_tasks,
         .help = "begin with this task, as if all it waits for were done; may be given again"},
    };
    for (size_t i = 0; i < OPTIONS_N(all); i++)
        defs[i] = all[i];
    return OPTIONS_N(all);
}

/* The rest. */
static size_t other_option_defs(struct play_options *o, struct option_def *defs)
{
    const struct option_def all[] = {
        TEMPLATE_OPTIONS(&o->templates),
        {.name = "reference-log",
         .count = &o->reference_log,
         .help = "write reference.log: what triggered each task"},
        {.name = "abort-if-any-task-fails",
         .count = &o->abort_on_failure,
         .help = "end at once with status 1 when a task fails (unless that is expected)"},
        {.name = "upgrade",
         .count = &o->upgrade,
         .help = "restart it though it was last run with an older version of Cylc"},
        {.name = "downgrade",
         .count = &o->downgrade,
         .help = "restart it though it was last run with a newer version (not advisable)"},
        {.name = "reference-test",
         .count = &o->reference_test,
         .help = "compare with reference.log what triggered each task; status 1 if it differs"},
        {.name = "profile",
         .count = &o->profile,
         .help = "log at the end what the scheduler's time and memory went to"},
        {.name = "format",
         .argument = "FORMAT",
         .text = &o->format,
         .help = "of what is printed once it runs: plain (default) or json"},
        {.name = "host", .argument = "HOST", .text = &o->host, .help = "where to run: this host"},
        {.name = "main-loop",
         .argument = "PLUGIN",
         .list = &o->plugins,
         .help = "a plugin of Cylc's main loop; \"health check\" is always on"},
        {.name = "speed",
         .argument = "SPEED",
         .text = &o->speed,
         .help = "of the clock with --mode=simulation: real (default), or max: no waiting at all"},
        {.name = "placement",
         .argument = "PLAN",
         .text = &o->placement,
         .help = "where parts live: MEMBER=loop|thread|process,..."},
        {.name = "ports",
         .argument = "FIRST-LAST",
         .text = &o->ports,
         .help = "listen on a free port of this range (default: 43001-43101)"},
    };
    for (size_t i = 0; i < OPTIONS_N(all); i++)
        defs[i] = all[i];
    return OPTIONS_N(all);
}

size_t play_option_defs(struct play_options *o, struct option_def *defs)
{
    size_t n = run_option_defs(o, defs);
    n += other_option_defs(o, defs + n);
    PRE(n <= PLAY_OPTIONS);
    o->directory = getcwd(NULL, 0);
    return n;
}

void play_options_release(struct play_options *options)
{
    vec_release(&options->start_tasks);
    vec_release(&options->plugins);
    template_lists_release(&options->templates);
    free(options->directory);
}

bool play_ports(const char *text, int *ret_first, int *ret_last)
{
    char *end;
    long first = strtol(text, &end, 10);
    long last = *end == '-' ? strtol(end + 1, &end, 10) : first;
    if (!*text || *end || first < 1 || last < first || last > 65535)
        return false;
    *ret_first = (int)first;
    *ret_last = (int)last;
    return true;
}

/* Those whose work rouse does anyhow are taken; of Cylc's others it is said that they are not
 * there.
 */
static int check_plugin(const struct command *command, const struct invocation *invocation,
                        const char *name)
{
    static const char *const built[] = {"health check", "reset bad hosts", "prune flow labels"};
    static const char *const known[] = {"auto restart", "log data store", "log db", "log main loop",
                                        "log memory"};
    for (size_t i = 0; i < sizeof built / sizeof *built; i++)
        if (!strcmp(name, built[i]))
            return OPTIONS_GO_ON;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(name, known[i])) {
            char *what = str_format("play --main-loop=\"%s\"", name);
            int status = command_not_implemented(invocation, what);
            free(what);
            return status;
        }
    return options_refuse(command, invocation, "option --main-loop: no such plugin: \"%s\"", name);
}

static int check_host(const struct invocation *invocation, const char *host)
{
    if (process_host_is_here(host) || !strcmp(host, "localhost"))
        return OPTIONS_GO_ON;
    char *what = str_format("play --host=%s", host);
    int status = command_not_implemented(invocation, what);
    free(what);
    return status;
}

int play_options_check(const struct command *command, const struct invocation *invocation,
                       const struct play_options *o)
{
    if (o->mode && strcmp(o->mode, "live") && strcmp(o->mode, "simulation") &&
        strcmp(o->mode, "dummy") && strcmp(o->mode, "skip"))
        return options_refuse(command, invocation,
                              "option --mode: invalid choice: '%s' (choose from 'live', 'skip', "
                              "'simulation', 'dummy')",
                              o->mode);
    if (o->speed && strcmp(o->speed, "max") && strcmp(o->speed, "real"))
        return options_refuse(command, invocation,
                              "option --speed: invalid choice: '%s' (choose from 'real', 'max')",
                              o->speed);
    bool jumps = o->speed && !strcmp(o->speed, "max");
    if (jumps && (!o->mode || strcmp(o->mode, "simulation")))
        return options_refuse(command, invocation, "--speed=max needs --mode=simulation");
    if (jumps && o->placement)
        return options_refuse(command, invocation,
                              "--speed=max needs everything on one loop: it "
                              "does not go with --placement");
    if (o->format && strcmp(o->format, "plain") && strcmp(o->format, "json"))
        return options_refuse(command, invocation,
                              "option --format: invalid choice: '%s' (choose from 'plain', 'json')",
                              o->format);
    if (o->reference_log && o->reference_test)
        return options_refuse(command, invocation,
                              "--reference-log and --reference-test exclude each other");
    int status = o->host ? check_host(invocation, o->host) : OPTIONS_GO_ON;
    for (size_t i = 0; i < o->plugins.n && status == OPTIONS_GO_ON; i++)
        status = check_plugin(command, invocation, o->plugins.at[i]);
    if (status != OPTIONS_GO_ON)
        return status;
    int first, last;
    if (o->ports && !play_ports(o->ports, &first, &last))
        return options_refuse(command, invocation, "option --ports: \"%s\" is not FIRST-LAST",
                              o->ports);
    struct placement placement;
    struct error error = {0};
    if (placement_parse(o->placement, &placement, &error))
        return options_refuse(command, invocation, "option --%s", error.text);
    return OPTIONS_GO_ON;
}

/* --- a workflow that runs already --- */

/* A paused one is resumed, as in Cylc; for one that is not, that changes nothing. */
static int resume_running(const struct invocation *invocation, const struct workflow_place *place,
                          const struct contact *contact)
{
    struct error error = {0};
    int code = ask(invocation, place, "resume", NULL, NULL, &error);
    if (code && code != -EREMOTEIO)
        return ask_fail(invocation, place->id, &error);
    (void)printf("%s is already running at %s:%d (process %lld); resumed if it was paused\n",
                 place->id, contact->host, contact->port, (long long)contact->pid);
    return EXIT_OK;
}

/* OPTIONS_GO_ON if no scheduler runs there. */
static int look_for_running(const struct invocation *invocation, const struct workflow_place *place)
{
    struct contact contact;
    struct error error = {0};
    if (contact_read(place->run_dir, &contact, &error))
        return OPTIONS_GO_ON; /* none, or damaged: the lock decides */
    int status = OPTIONS_GO_ON;
    if (contact_state(&contact) != CONTACT_STALE)
        status = resume_running(invocation, place, &contact);
    contact_release(&contact);
    return status;
}

static int play_detached(const struct invocation *invocation, const struct workflow_place *place,
                         const struct play_options *options)
{
    struct daemon daemon;
    struct error error = {0};
    bool is_scheduler;
    if (daemon_begin(&daemon, &is_scheduler, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    if (is_scheduler)
        return start_scheduler(invocation, place, options, &daemon);
    char *text;
    int status = daemon_wait(&daemon, &text);
    if (status < 0)
        status = command_failf(invocation, EXIT_NO_START,
                               "the scheduler died while it started; see %s/log/scheduler/log",
                               place->run_dir);
    else
        (void)fputs(text, status ? stderr : stdout);
    free(text);
    return status;
}

int play_workflow(const struct invocation *invocation, const struct workflow_place *place,
                  const struct play_options *options)
{
    int status = look_for_running(invocation, place);
    if (status != OPTIONS_GO_ON)
        return status;
    if (!options->no_detach)
        return play_detached(invocation, place, options);
    struct daemon none = {.fd = -1};
    return start_scheduler(invocation, place, options, &none);
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct play_options play = {0};
    struct option_def options[PLAY_OPTIONS];
    size_t n = play_option_defs(&play, options);
    int status = options_parse(self, invocation, options, n, argc, argv, &first);
    if (status == OPTIONS_GO_ON && argc - first != 1)
        status = options_refuse(self, invocation, "one workflow must be named");
    if (status == OPTIONS_GO_ON)
        status = play_options_check(self, invocation, &play);
    if (status == OPTIONS_GO_ON) {
        struct workflow_place place;
        struct error error = {0};
        if (resolve_workflow(argv[first], &place, &error)) {
            status = command_fail(invocation, EXIT_FAILED, &error);
        } else {
            status = play_workflow(invocation, &place, &play);
            workflow_place_release(&place);
        }
    }
    play_options_release(&play);
    return status;
}

const struct command command_play = {
    .name = "play",
    .summary = "start, restart or resume a workflow",
    .synopsis = "[OPTIONS] WORKFLOW",
    .help = "Run an installed workflow. One that has run before goes on where it was; one that is\n"
            "paused is resumed. The scheduler runs in the background unless --no-detach is given.\n"
            "Exit status 3: it could not start; with --no-detach 1: the workflow was aborted.\n\n"
            "Example:\n"
            "    $ rouse play flow\n"
            "    $ rouse play --no-detach --startcp=20260101T0000Z flow/run2\n",
    .run = run,
};
