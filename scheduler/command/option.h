/* Options of a command line: what a command takes is an array, from which parsing and --help come.
 *
 *     const char *flow = NULL; int all = 0;
 *     const struct option_def options[] = {
 *         {.name = "flow", .argument = "FLOW", .text = &flow, .help = "..."},
 *         {.name = "all", .letter = 'a', .count = &all, .help = "..."}};
 *
 * Options and arguments may be mixed; "--" ends the options. Every command also takes --help,
 * --verbose, --quiet, --debug, --comms-timeout, --color, --timestamp and --no-timestamp. */
#ifndef ROUSE_OPTION_H
#define ROUSE_OPTION_H

#include "base/vec.h"
#include "scheduler/command/command.h"

struct option_list {
    const char **at;
    size_t n, capacity;
};

struct option_def {
    const char *name;         /* long name */
    char letter;              /* 0: none */
    const char *argument;     /* its name in the help; NULL: takes none */
    const char *help;         /* NULL: another name of the option before it, not shown */
    const char **text;        /* last value given */
    int *count;               /* how often it was given */
    struct option_list *list; /* all values given; release at() with free */
};

enum { OPTIONS_MAX = 64, OPTIONS_GO_ON = -1 };

/* OPTIONS_GO_ON and the index of the first argument (argv is permuted), or the exit status: after
 * --help, or after telling what is wrong. */
int options_parse(const struct command *command, struct invocation *invocation,
                  const struct option_def *options, size_t n, int argc, char **argv,
                  int *ret_first);
/* The help text on stdout. */
void options_help(const struct command *command, const struct invocation *invocation,
                  const struct option_def *options, size_t n);
/* A usage error: its text, and where help is; returns EXIT_USAGE. */
int options_refuse(const struct command *command, const struct invocation *invocation,
                   const char *format, ...) __attribute__((format(printf, 3, 4)));

#define OPTIONS_N(options) (sizeof(options) / sizeof *(options))

#endif
