/* -s, -z and -S of every command that reads a definition. */
#ifndef ROUSE_TEMPLATE_LISTS_H
#define ROUSE_TEMPLATE_LISTS_H

#include "scheduler/command/option.h"
#include "scheduler/config/workflow.h"

struct template_lists {
    struct option_list sets, lists, files;
};

/* The options, for option_def arrays; `to` is a struct template_lists *. */
#define TEMPLATE_OPTIONS(to)                                                                       \
    {.name = "set",                                                                                \
     .letter = 's',                                                                                \
     .argument = "NAME=VALUE",                                                                     \
     .list = &(to)->sets,                                                                          \
     .help = "template variable, as Python writes it: N=3, S='text', L=[1,2]"},                    \
        {.name = "set-list",                                                                       \
         .letter = 'z',                                                                            \
         .argument = "NAME=A,B,...",                                                               \
         .list = &(to)->lists,                                                                     \
         .help = "template variable: a list of texts"},                                            \
    {                                                                                              \
        .name = "set-file", .letter = 'S', .argument = "FILE", .list = &(to)->files,               \
        .help = "file of template variables, one NAME=VALUE a line"                                \
    }

/* What was given; it points into the lists. */
struct template_options template_lists_options(const struct template_lists *lists);
void template_lists_release(struct template_lists *lists);

#endif
