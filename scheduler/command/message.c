/* `message`: what a job says. First into the job's own status file (the spool), in one write at its
 * end, so that nothing said is lost; then to the scheduler, with the place just after it, and waits
 * until the scheduler has recorded it. If it has not, the spool is forced to disk. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/memory.h"
#include "base/text.h"
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include "scheduler/net/wire.h"
#include "scheduler/run/process.h"
#include "scheduler/run/rundir.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

enum { MESSAGE_INPUT_MAX = 1024 * 1024 };

struct messages {
    struct wire_message at[WIRE_MESSAGES_MAX];
    size_t n;
    struct text input; /* what was read from stdin; messages point into it */
};

/* --- what is said --- */

static char *trim(char *text)
{
    while (*text == ' ' || *text == '\n' || *text == '\t')
        text++;
    for (size_t n = strlen(text); n && strchr(" \n\t\r", text[n - 1]);)
        text[--n] = '\0';
    return text;
}

/* "WARNING:it is late": a severity in front. Any other word before a colon is part of the text. */
static void split_severity(char *text, int *severity, char **ret_rest)
{
    char *colon = strchr(text, ':');
    *ret_rest = text;
    if (!colon)
        return;
    *colon = '\0';
    int found = wire_severity(text);
    *colon = ':';
    if (found < 0)
        return;
    *severity = found;
    *ret_rest = colon + 1;
}

static void add_message(struct messages *messages, char *text, int severity)
{
    char *rest;
    split_severity(trim(text), &severity, &rest);
    rest = trim(rest);
    if (*rest && messages->n < WIRE_MESSAGES_MAX)
        messages->at[messages->n++] =
            (struct wire_message){.severity = severity, .text = rest, .offset = -1};
}

/* "-": messages from stdin, parted by empty lines. */
static void add_input(struct messages *messages, int severity)
{
    char buffer[4096];
    size_t n;
    while (messages->input.n < MESSAGE_INPUT_MAX && (n = fread(buffer, 1, sizeof buffer, stdin)))
        text_add_n(&messages->input, buffer, n);
    char *at = messages->input.at;
    while (at) {
        char *end = strstr(at, "\n\n");
        if (end)
            *end = '\0';
        add_message(messages, at, severity);
        at = end ? end + 2 : NULL;
    }
}

static void add_arguments(struct messages *messages, int n, char **arguments, int severity)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(arguments[i], "-"))
            add_input(messages, severity);
        else
            add_message(messages, arguments[i], severity);
}

/* --- the spool --- */

static void format_time(int64_t when, char *buffer, size_t size)
{
    struct tm parts;
    time_t seconds = (time_t)(when / 1000000);
    const char *utc = getenv("CYLC_UTC");
    bool in_utc = utc && !strcmp(utc, "True");
    if (in_utc)
        gmtime_r(&seconds, &parts);
    else
        localtime_r(&seconds, &parts);
    size_t n = strftime(buffer, size, "%Y-%m-%dT%H:%M:%S", &parts);
    if (in_utc || !parts.tm_gmtoff)
        (void)snprintf(buffer + n, size - n, "Z");
    else
        (void)snprintf(buffer + n, size - n, "%+03ld:%02ld", parts.tm_gmtoff / 3600,
                       labs(parts.tm_gmtoff) / 60 % 60);
}

static void add_spool_line(struct text *out, const struct wire_message *message)
{
    char when[64];
    format_time(message->when, when, sizeof when);
    text_addf(out, "CYLC_MESSAGE=%s|%s|", when, wire_severity_names[message->severity]);
    for (const char *c = message->text; *c; c++)
        text_add_char(out, *c == '\n' ? ' ' : *c);
    text_add_char(out, '\n');
}

/* Each message in one write. With O_APPEND the offset after it is our place in the file. */
static int spool(const char *job, const char *run_dir, struct messages *messages,
                 struct error *error)
{
    char *path = str_format("%s/log/job/%s/job.status", run_dir, job);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    int code = fd < 0 ? error_set(error, -errno, "cannot write %s: %s", path, strerror(errno)) : 0;
    for (size_t i = 0; i < messages->n && !code; i++) {
        struct text line = {0};
        add_spool_line(&line, &messages->at[i]);
        if (write(fd, line.at, line.n) != (ssize_t)line.n)
            code = error_set(error, errno ? -errno : -EIO, "cannot write %s: %s", path,
                             strerror(errno ? errno : EIO));
        else
            messages->at[i].offset = (int64_t)lseek(fd, 0, SEEK_CUR);
        text_release(&line);
    }
    if (fd >= 0)
        close(fd);
    free(path);
    return code;
}

/* --- telling --- */

static void print(const struct messages *messages)
{
    for (size_t i = 0; i < messages->n; i++) {
        char when[64];
        const struct wire_message *m = &messages->at[i];
        format_time(m->when, when, sizeof when);
        (void)fprintf(m->severity >= 2 && m->severity <= 4 ? stderr : stdout, "%s %s - %s\n", when,
                      wire_severity_names[m->severity], m->text);
    }
    (void)fflush(stdout);
}

/* What the scheduler has not committed rests on the spool alone: it must outlive a power cut. */
static bool spool_sync(const char *job, const char *run_dir)
{
    char *path = str_format("%s/log/job/%s/job.status", run_dir, job);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool synced = fd >= 0 && fdatasync(fd) == 0;
    if (fd >= 0)
        close(fd);
    free(path);
    return synced;
}

/* What a failure to tell the scheduler means: nothing is lost if the message is in the spool. A job
 * that has not begun has none: then nobody took the message, and that is said; not as `cylc`, whose
 * message to a workflow that is not running succeeds in any case. */
static int judge(const struct invocation *invocation, const struct error *error, bool spooled)
{
    bool not_running = error->code == -ENOENT || error->code == -ESTALE;
    if (not_running && (spooled || invocation->as_cylc))
        return EXIT_OK;
    (void)command_fail(invocation, EXIT_FAILED, error);
    if (error->code == -EREMOTEIO)
        return invocation->as_cylc ? EXIT_OK : EXIT_FAILED;
    if (spooled)
        (void)fputs("The message is in job.status, from which the scheduler will read it.\n",
                    stderr);
    return spooled ? EXIT_OK : EXIT_FAILED;
}

static int tell(struct invocation *invocation, const char *workflow, const char *job,
                struct messages *messages)
{
    struct error error = {0}, spool_error = {0};
    struct workflow_place place;
    if (resolve_workflow(workflow, &place, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    int64_t now = process_now();
    for (size_t i = 0; i < messages->n; i++)
        messages->at[i].when = now;
    bool spooled = !spool(job, place.run_dir, messages, &spool_error);
    print(messages);
    json_t *args = wire_messages_write(job, messages->at, messages->n);
    int status = EXIT_OK;
    if (ask(invocation, &place, "message", args, NULL, &error))
        status = judge(invocation, &error, spooled && spool_sync(job, place.run_dir));
    json_decref(args);
    workflow_place_release(&place);
    return status;
}

static int read_and_tell(const struct command *self, struct invocation *invocation, int n,
                         char **arguments, int severity)
{
    const char *workflow = getenv("CYLC_WORKFLOW_ID"), *job = getenv("CYLC_TASK_JOB");
    bool named = n >= 3;
    if (named) {
        workflow = arguments[0];
        job = arguments[1];
    }
    if (!workflow || !*workflow || !job || !*job)
        return options_refuse(self, invocation,
                              "outside of a job WORKFLOW and JOB must stand before the message");
    struct messages *messages = NEW(struct messages);
    add_arguments(messages, named ? n - 2 : n, named ? arguments + 2 : arguments, severity);
    int status = messages->n ? tell(invocation, workflow, job, messages)
                             : options_refuse(self, invocation, "there is no message");
    text_release(&messages->input);
    free(messages);
    return status;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    const char *severity_name = "INFO";
    const struct option_def options[] = {
        {.name = "severity",
         .letter = 's',
         .argument = "LEVEL",
         .text = &severity_name,
         .help = "DEBUG, INFO, WARNING, ERROR, CRITICAL or CUSTOM"},
        {.name = "priority", .letter = 'p', .argument = "LEVEL", .text = &severity_name},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    int severity = wire_severity(severity_name);
    if (severity < 0)
        return options_refuse(self, invocation, "--severity: \"%s\" is no severity", severity_name);
    if (first == argc)
        return options_refuse(self, invocation, "there is no message");
    return read_and_tell(self, invocation, argc - first, argv + first, severity);
}

const struct command command_message = {
    .name = "message",
    .summary = "tell the scheduler something from a job",
    .synopsis = "[OPTIONS] -- [WORKFLOW JOB] [SEVERITY:]MESSAGE...",
    .help = "Record messages in the job's status file and tell the scheduler; a message may be an\n"
            "output of the task. In a job the workflow and the job are known; elsewhere they must\n"
            "be named. MESSAGE \"-\" reads messages from standard input, parted by empty lines. A\n"
            "scheduler that is not running reads them when it starts again.\n\n"
            "Example:\n"
            "    $ rouse message -- \"$CYLC_WORKFLOW_ID\" \"$CYLC_TASK_JOB\" 'file 1 done'\n"
            "    $ rouse message -- flow 1/a/01 'WARNING:disk is nearly full'\n",
    .run = run,
};
