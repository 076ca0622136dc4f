/* The list of commands, and finding one by name. */
#include "base/memory.h"
#include "scheduler/command/command.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Sorted by name. */
#define COMMANDS(X)                                                                                \
    X(broadcast)                                                                                   \
    X(cast)                                                                                        \
    X(cat_log)                                                                                     \
    X(clean)                                                                                       \
    X(client)                                                                                      \
    X(config)                                                                                      \
    X(cycle_point)                                                                                 \
    X(diff)                                                                                        \
    X(dump)                                                                                        \
    X(ext_trigger)                                                                                 \
    X(get_workflow_contact)                                                                        \
    X(get_workflow_version)                                                                        \
    X(graph)                                                                                       \
    X(help)                                                                                        \
    X(hold)                                                                                        \
    X(install)                                                                                     \
    X(kill)                                                                                        \
    X(lint)                                                                                        \
    X(list)                                                                                        \
    X(message)                                                                                     \
    X(pause)                                                                                       \
    X(ping)                                                                                        \
    X(play)                                                                                        \
    X(poll)                                                                                        \
    X(reinstall)                                                                                   \
    X(release)                                                                                     \
    X(reload)                                                                                      \
    X(remove)                                                                                      \
    X(report_timings)                                                                              \
    X(reread)                                                                                      \
    X(resume)                                                                                      \
    X(scan)                                                                                        \
    X(set)                                                                                         \
    X(show)                                                                                        \
    X(stop)                                                                                        \
    X(subscribe)                                                                                   \
    X(trigger)                                                                                     \
    X(validate)                                                                                    \
    X(verbosity)                                                                                   \
    X(version)                                                                                     \
    X(view)                                                                                        \
    X(vip)                                                                                         \
    X(vr)                                                                                          \
    X(why)                                                                                         \
    X(workflow_state)                                                                              \
    X(xtrigger_child)                                                                              \
    X(xtrigger_host)

#define COMMAND_DECLARE_(name) extern const struct command command_##name;
COMMANDS(COMMAND_DECLARE_)
#undef COMMAND_DECLARE_

const struct command *const commands[] = {
#define COMMAND_ENTRY_(name) &command_##name,
    COMMANDS(COMMAND_ENTRY_)
#undef COMMAND_ENTRY_
        NULL};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (!strcmp(commands[i]->name, name))
            return commands[i];
    return NULL;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* How many letters must be changed, added or removed to make b of a. */
static unsigned distance(const char *a, const char *b)
{
    size_t n = strlen(b);
    unsigned *row = NEW_ARRAY(unsigned, n + 1);
    for (size_t j = 0; j <= n; j++)
        row[j] = (unsigned)j;
    for (size_t i = 0; a[i]; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < n; j++) {
            unsigned above = row[j + 1];
            row[j + 1] = least(diagonal + (a[i] != b[j]), above + 1, row[j] + 1);
            diagonal = above;
        }
    }
    unsigned result = row[n];
    free(row);
    return result;
}

const char *command_nearest(const char *name)
{
    const char *nearest = NULL;
    unsigned best = strlen(name) < 4 ? 2 : 3; /* further is not near */
    for (size_t i = 0; strlen(name) < 64 && commands[i]; i++) {
        unsigned d = distance(name, commands[i]->name);
        if (d < best) {
            best = d;
            nearest = commands[i]->name;
        }
    }
    return nearest;
}

int command_fail(const struct invocation *invocation, int status, const struct error *error)
{
    char text[ERROR_TEXT_MAX + ERROR_FILE_MAX + ERROR_ITEM_MAX + 64];
    (void)fprintf(stderr, "%s: error: %s\n", invocation->program,
                  error_format(error, text, sizeof text));
    return status;
}

int command_failf(const struct invocation *invocation, int status, const char *format, ...)
{
    va_list args;
    (void)fprintf(stderr, "%s: error: ", invocation->program);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    return status;
}

int command_not_implemented(const struct invocation *invocation, const char *what)
{
    (void)fprintf(stderr, "%s: error: '%s' is not implemented\n", invocation->program, what);
    return EXIT_USAGE;
}
