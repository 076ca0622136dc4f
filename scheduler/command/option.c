/* getopt_long from an array of option_def. */
#include "scheduler/command/option.h"
#include "base/check.h"
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { FIRST_LONG = 256, HELP_COLUMN = 30 };

/* What every command takes. */
struct common {
    int help, verbose, quiet, debug, timestamp, no_timestamp;
    const char *timeout, *color;
};

static size_t add_common(struct common *common, struct option_def *all, size_t n)
{
    const struct option_def defs[] = {
        {.name = "help", .letter = 'h', .count = &common->help, .help = "show this and exit"},
        {.name = "verbose", .letter = 'v', .count = &common->verbose, .help = "say more"},
        {.name = "quiet", .letter = 'q', .count = &common->quiet, .help = "say less"},
        {.name = "debug", .count = &common->debug, .help = "say everything"},
        {.name = "comms-timeout",
         .argument = "SEC",
         .text = &common->timeout,
         .help = "how long to wait for the scheduler's answer"},
        {.name = "color", .argument = "WHEN", .text = &common->color},
        {.name = "colour", .argument = "WHEN", .text = &common->color},
        {.name = "timestamp", .count = &common->timestamp},
        {.name = "no-timestamp", .count = &common->no_timestamp},
    };
    PRE(n + OPTIONS_N(defs) <= OPTIONS_MAX);
    for (size_t i = 0; i < OPTIONS_N(defs); i++)
        all[n++] = defs[i];
    return n;
}

static void make_getopt(const struct option_def *defs, size_t n, struct option *longs, char *shorts)
{
    for (size_t i = 0; i < n; i++) {
        longs[i] = (struct option){.name = defs[i].name,
                                   .has_arg = defs[i].argument ? required_argument : no_argument,
                                   .val = FIRST_LONG + (int)i};
        if (defs[i].letter)
            *shorts++ = defs[i].letter;
        if (defs[i].letter && defs[i].argument)
            *shorts++ = ':';
    }
    longs[n] = (struct option){0};
    *shorts = '\0';
}

static const struct option_def *find_def(const struct option_def *defs, size_t n, int found)
{
    if (found >= FIRST_LONG)
        return &defs[found - FIRST_LONG];
    for (size_t i = 0; i < n; i++)
        if (defs[i].letter && defs[i].letter == found)
            return &defs[i];
    return NULL;
}

static void take(const struct option_def *def, const char *value)
{
    if (def->text)
        *def->text = value;
    if (def->count)
        ++*def->count;
    if (def->list)
        *vec_push(def->list) = value;
}

int options_refuse(const struct command *command, const struct invocation *invocation,
                   const char *format, ...)
{
    va_list args;
    (void)fprintf(stderr, "Usage: %s %s %s\n%s: error: ", invocation->program, command->name,
                  command->synopsis, invocation->program);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fprintf(stderr, "\nSee `%s %s --help`\n", invocation->program, command->name);
    return EXIT_USAGE;
}

static int refuse_option(const struct command *command, const struct invocation *invocation,
                         int found, char **argv)
{
    const char *word = argv[optind > 0 ? optind - 1 : 0];
    if (found == ':')
        return options_refuse(command, invocation, "option %s needs a value", word);
    if (optopt && optopt < FIRST_LONG)
        return options_refuse(command, invocation, "no such option: -%c", optopt);
    if (optopt)
        return options_refuse(command, invocation, "option %s takes no value", word);
    return options_refuse(command, invocation, "no such option: %s", word);
}

/* Another name for the option above it. One without help that sets something of its own is taken
 * for the sake of Cylc's scripts, and not shown. */
static bool is_alias(const struct option_def *def, const struct option_def *first)
{
    return !def->help && def->text == first->text && def->count == first->count &&
           def->list == first->list;
}

static void print_one(const struct option_def *def, const struct option_def *end)
{
    char names[256];
    int n = snprintf(names, sizeof names, def->letter ? "  -%c, " : "      ", def->letter);
    for (const struct option_def *at = def; at < end && (at == def || is_alias(at, def)); at++)
        if (n > 0 && (size_t)n < sizeof names)
            n += snprintf(names + n, sizeof names - (size_t)n, "%s--%s%s%s", at == def ? "" : ", ",
                          at->name, at->argument ? "=" : "", at->argument ? at->argument : "");
    if (n < HELP_COLUMN)
        (void)printf("%-*s%s\n", HELP_COLUMN, names, def->help);
    else
        (void)printf("%s\n%-*s%s\n", names, HELP_COLUMN, "", def->help);
}

void options_help(const struct command *command, const struct invocation *invocation,
                  const struct option_def *options, size_t n)
{
    struct common common;
    struct option_def all[OPTIONS_MAX];
    for (size_t i = 0; i < n; i++)
        all[i] = options[i];
    size_t total = add_common(&common, all, n);
    (void)printf("Usage: %s %s %s\n\n%s\nOptions:\n", invocation->program, command->name,
                 command->synopsis, command->help);
    for (size_t i = 0; i < total; i++)
        if (all[i].help)
            print_one(&all[i], all + total);
}

static int read_timeout(const struct command *command, struct invocation *invocation,
                        const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (!*text || *end || !(seconds > 0) || seconds > 86400)
        return options_refuse(command, invocation,
                              "--comms-timeout: \"%s\" is no number of seconds", text);
    invocation->timeout_ms = (unsigned)(seconds * 1000) + 1;
    return OPTIONS_GO_ON;
}

int options_parse(const struct command *command, struct invocation *invocation,
                  const struct option_def *options, size_t n, int argc, char **argv, int *ret_first)
{
    struct common common = {0};
    struct option_def all[OPTIONS_MAX];
    struct option longs[OPTIONS_MAX + 1];
    char shorts[2 * OPTIONS_MAX + 2] = ":";
    for (size_t i = 0; i < n; i++)
        all[i] = options[i];
    size_t total = add_common(&common, all, n);
    make_getopt(all, total, longs, shorts + 1);
    opterr = 0;
    optind = 0;
    for (int found; (found = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        const struct option_def *def = find_def(all, total, found);
        if (!def)
            return refuse_option(command, invocation, found, argv);
        take(def, optarg);
    }
    if (common.help) {
        options_help(command, invocation, options, n);
        return EXIT_OK;
    }
    invocation->verbose = common.verbose || common.debug;
    invocation->quiet = common.quiet;
    invocation->debug = common.debug || common.verbose > 1;
    *ret_first = optind;
    return common.timeout ? read_timeout(command, invocation, common.timeout) : OPTIONS_GO_ON;
}
