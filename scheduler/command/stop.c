/* `stop`. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include "scheduler/net/contact.h"
#include "scheduler/run/process.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* What is asked of each workflow. */
struct stopping {
    const char *mode, *flow;
    char clock[24]; /* seconds since 1970-01-01T00Z; "": no time */
    bool dry_run;
    long polls; /* how often to look whether it has stopped; 0: do not wait */
    double interval;
};

static int wait_until_stopped(const struct invocation *invocation,
                              const struct workflow_place *place, const struct stopping *s)
{
    struct contact contact;
    struct error error = {0};
    for (long i = 0; i < s->polls; i++) {
        if (contact_read(place->run_dir, &contact, &error))
            return EXIT_OK;
        bool stale = contact_state(&contact) == CONTACT_STALE;
        contact_release(&contact);
        if (stale)
            return EXIT_OK;
        if (i + 1 < s->polls)
            process_wait(s->interval);
    }
    return command_failf(invocation, EXIT_FAILED, "%s has not stopped yet", place->id);
}

/* A date and time as ISO 8601 has it, with or without time zone (then the local one), to seconds
 * since 1970. */
static int read_clock(const char *text, char *ret_clock, size_t size, struct error *error)
{
    int64_t seconds;
    int code = process_read_time(text, &seconds);
    if (code < 0)
        return error_set(error, code, "--wall-clock: \"%s\" is no time: expected 20260101T0000Z",
                         text);
    if (seconds <= process_now() / 1000000)
        return error_set(error, -EINVAL, "--wall-clock: %s has gone by", text);
    (void)snprintf(ret_clock, size, "%lld", (long long)seconds);
    return 0;
}

static bool is_flow(const char *text)
{
    return !text || (*text >= '1' && *text <= '9' && !text[strspn(text, "0123456789")]);
}

/* What cannot be asked together or at all: the exit status after telling, or OPTIONS_GO_ON. */
static int check_modes(const struct command *self, const struct invocation *invocation,
                       const struct stopping *s, bool clock, bool kill, bool now)
{
    if (clock && (kill || now || s->flow))
        return options_refuse(self, invocation, "--wall-clock excludes --kill, --now and --flow");
    if (kill && now)
        return options_refuse(self, invocation, "--kill and --now exclude each other");
    if (s->flow && (kill || now))
        return options_refuse(self, invocation, "--flow excludes --kill and --now");
    if (!is_flow(s->flow))
        return options_refuse(self, invocation, "--flow: \"%s\" is no flow number", s->flow);
    return OPTIONS_GO_ON;
}

/* A number that is not negative, all of `text`. */
static bool read_number(const char *text, double *ret_number)
{
    char *end;
    if (!text)
        return true;
    *ret_number = strtod(text, &end);
    return *text && !*end && *ret_number >= 0 && *ret_number < 1e9;
}

/* A workflow that is not running needs no stopping: said, and no failure, as in Cylc. */
static int stop_one(const struct invocation *invocation, const struct workflow_place *place,
                    const struct stopping *s, const char *after)
{
    struct error error = {0};
    json_t *args = json_object();
    if (s->flow)
        json_object_set_new(args, "flow", json_string(s->flow));
    else if (*s->clock)
        json_object_set_new(args, "clock", json_string(s->clock));
    else
        json_object_set_new(args, "mode", json_string(s->mode));
    if (s->dry_run)
        json_object_set_new(args, "dry_run", json_true());
    if (after)
        json_object_set_new(args, "after", json_string(after));
    json_t *data = NULL;
    int code = ask(invocation, place, "stop", args, &data, &error);
    json_decref(args);
    if (code == -ENOENT) {
        (void)printf(invocation->as_cylc ? "WorkflowStopped: %s is not running\n"
                                         : "%s is not running\n",
                     place->id);
        return EXIT_OK;
    }
    if (code)
        return ask_fail(invocation, place->id, &error);
    int status = ask_done(invocation, data);
    return !status && s->polls > 0 ? wait_until_stopped(invocation, place, s) : status;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, kill = 0, now = 0, dry_run = 0;
    const char *clock = NULL, *polls_text = NULL, *interval_text = NULL;
    double polls = 0, interval = 60;
    struct stopping stopping = {0};
    const struct option_def options[] = {
        {.name = "kill", .letter = 'k', .count = &kill, .help = "kill the active jobs, then stop"},
        {.name = "now",
         .letter = 'n',
         .count = &now,
         .help = "do not wait for active jobs; twice: nor for event handlers"},
        {.name = "wall-clock",
         .letter = 'w',
         .argument = "TIME",
         .text = &clock,
         .help = "stop at this time, once the jobs that are active then have ended"},
        {.name = "max-polls",
         .argument = "N",
         .text = &polls_text,
         .help = "look so often whether it has stopped; exit status 1 if it has not"},
        {.name = "interval",
         .argument = "SECONDS",
         .text = &interval_text,
         .help = "time between two looks (default: 60)"},
        {.name = "flow",
         .argument = "FLOW",
         .text = &stopping.flow,
         .help = "stop this flow only, by its number: its tasks go no further"},
        {.name = "dry-run", .count = &dry_run, .help = "only print what would change"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (!read_number(polls_text, &polls) || !read_number(interval_text, &interval))
        return options_refuse(self, invocation, "--max-polls and --interval must be numbers");
    if (polls != (double)(long)polls)
        return options_refuse(self, invocation, "--max-polls: \"%s\" is no whole number",
                              polls_text);
    status = check_modes(self, invocation, &stopping, clock != NULL, kill > 0, now > 0);
    if (status != OPTIONS_GO_ON)
        return status;
    struct targets targets;
    struct error error = {0};
    if (clock && read_clock(clock, stopping.clock, sizeof stopping.clock, &error) < 0)
        return options_refuse(self, invocation, "%s", error.text);
    stopping.dry_run = dry_run != 0;
    stopping.polls = (long)polls;
    stopping.interval = interval;
    if (resolve_targets(argc - first, argv + first, true, false, &targets, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    status = EXIT_OK;
    stopping.mode = kill ? "kill" : now > 1 ? "now-now" : now ? "now" : "clean";
    for (size_t i = 0; i < targets.n; i++) {
        const struct target *target = &targets.at[i];
        bool both = target->ids.n && (clock || kill || now || stopping.flow);
        int one = both ? options_refuse(self, invocation,
                                        "%s: --kill, --now, --wall-clock and --flow stop the "
                                        "workflow, not after a point or task",
                                        target->ids.at[0])
                  : target->ids.n > 1
                      ? options_refuse(self, invocation, "one point or task to stop after, not %zu",
                                       target->ids.n)
                      : stop_one(invocation, &target->place, &stopping,
                                 target->ids.n ? target->ids.at[0] : NULL);
        status = one ? one : status;
    }
    targets_release(&targets);
    return status;
}

const struct command command_stop = {
    .name = "stop",
    .summary = "stop a workflow",
    .synopsis = "[OPTIONS] WORKFLOW[//CYCLE[/TASK]]...",
    .help = "Stop a running workflow: by default once the jobs that are active have ended; with a\n"
            "cycle point after that point, with a task after that task. It can be started again\n"
            "with `play`.\n\n"
            "Example:\n"
            "    $ rouse stop flow\n"
            "    $ rouse stop --now flow       # leave the jobs running\n"
            "    $ rouse stop --wall-clock=20260101T0600Z flow\n"
            "    $ rouse stop --max-polls=30 --interval=2 flow   # wait for the end\n"
            "    $ rouse stop flow//20260101T00Z\n",
    .run = run,
};
