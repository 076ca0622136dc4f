/* The options about flows that trigger, set and remove share. */
#ifndef ROUSE_FLOW_OPTIONS_H
#define ROUSE_FLOW_OPTIONS_H

#include "scheduler/command/option.h"
#include <jansson.h>

struct flow_options { /* all zero: not given */
    struct option_list flows;
    const char *meta;
    int wait, dry_run;
};

/* Rows of an option table; `o` is a struct flow_options. */
#define FLOW_OPTION(o)                                                                             \
    {                                                                                              \
        .name = "flow", .argument = "FLOW", .list = &(o).flows,                                    \
        .help = "in which flow: a number (several: once each), all (the active ones, which is "    \
                "the default), new or none"                                                        \
    }
#define META_OPTION(o)                                                                             \
    {                                                                                              \
        .name = "meta", .argument = "TEXT", .text = &(o).meta, .help = "description of a new flow" \
    }
#define WAIT_OPTION(o)                                                                             \
    {                                                                                              \
        .name = "wait", .count = &(o).wait,                                                        \
        .help = "let the children wait for a flow on its way here"                                 \
    }
#define DRY_RUN_OPTION(o)                                                                          \
    {                                                                                              \
        .name = "dry-run", .count = &(o).dry_run, .help = "only print what would change"           \
    }

/* EXIT_OK, or the exit status after telling what cannot be. numbers_only: new and none cannot. */
int flow_options_check(const struct invocation *invocation, const struct flow_options *options,
                       bool numbers_only);
/* As arguments of a command. */
void flow_options_add(const struct flow_options *options, json_t *args);
void flow_options_release(struct flow_options *options);

#endif
