/* `list`: the tasks and families of a definition. */
#include "scheduler/command/concrete.h"
#include "scheduler/command/definition.h"
#include "scheduler/command/tree.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct wishes {
    int all_tasks, all_namespaces, mro, tree, box, titles;
    const char *points;
};

struct namespaces_listed {
    const struct task_def **at;
    size_t n, capacity;
};

static int compare_names(const void *left, const void *right)
{
    const struct task_def *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static void choose(const struct workflow *workflow, const struct wishes *wishes,
                   struct namespaces_listed *out)
{
    bool all = wishes->all_tasks || wishes->all_namespaces;
    for (uint32_t i = 0; wishes->all_namespaces && i < workflow->n_families; i++)
        *vec_push(out) = &workflow->families[i];
    for (uint32_t i = 0; i < workflow->n_tasks; i++)
        if (all || workflow->graph->tasks[i].n_sequences)
            *vec_push(out) = &workflow->tasks[i];
    if (out->n)
        qsort(out->at, out->n, sizeof(*out->at), compare_names);
}

static void print_one(const struct task_def *def, const struct wishes *wishes, size_t widest)
{
    if (!wishes->mro && !wishes->titles) {
        (void)puts(def->name);
        return;
    }
    (void)printf("%s%*s", def->name, (int)(widest - text_columns(def->name)) + 2, "");
    for (uint32_t i = 0; wishes->mro && i < def->n_ancestors; i++)
        (void)printf("%s%s", i ? " " : "", def->ancestors[i]);
    (void)puts(wishes->mro ? "" : definition_title(def));
}

static void print_names(const struct workflow *workflow, const struct wishes *wishes)
{
    struct namespaces_listed chosen = {0};
    size_t widest = 0;
    choose(workflow, wishes, &chosen);
    for (size_t i = 0; i < chosen.n; i++) {
        size_t width = text_columns(chosen.at[i]->name);
        widest = width > widest ? width : widest;
    }
    for (size_t i = 0; i < chosen.n; i++)
        print_one(chosen.at[i], wishes, widest);
    vec_release(&chosen);
}

static int compare_texts(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;
    return strcmp(*a, *b);
}

static void print_instances(const struct workflow *workflow, const struct concrete *concrete)
{
    char point[POINT_TEXT_MAX];
    char **ids = NEW_ARRAY(char *, concrete->nodes.n);
    for (size_t i = 0; i < concrete->nodes.n; i++)
        ids[i] =
            str_format("%s/%s", point_format(workflow->cycling, concrete->nodes.at[i].point, point),
                       concrete->nodes.at[i].name);
    qsort(ids, concrete->nodes.n, sizeof *ids, compare_texts);
    for (size_t i = 0; i < concrete->nodes.n; i++) {
        (void)puts(ids[i]);
        free(ids[i]);
    }
    free(ids);
}

static int list_instances(const struct invocation *invocation, const struct workflow *workflow,
                          const char *points)
{
    struct concrete concrete;
    struct error error = {0};
    const char *comma = strchr(points, ',');
    if (!comma)
        return command_failf(invocation, EXIT_FAILED,
                             "--points: expected START,STOP (each may be empty), not \"%s\"",
                             points);
    char *start = str_copy_n(points, (size_t)(comma - points));
    const struct concrete_request request = {0};
    int code = concrete_between(workflow, start, comma + 1, request, &concrete, &error);
    free(start);
    if (code)
        return command_fail(invocation, EXIT_FAILED, &error);
    print_instances(workflow, &concrete);
    concrete_release(&concrete);
    return EXIT_OK;
}

static int list(const struct invocation *invocation, const struct workflow *workflow,
                const struct wishes *wishes)
{
    if (wishes->points)
        return list_instances(invocation, workflow, wishes->points);
    if (!wishes->tree) {
        print_names(workflow, wishes);
        return EXIT_OK;
    }
    struct text text = {0};
    tree_write(workflow, wishes->box, wishes->titles, &text);
    (void)fputs(text_string(&text), stdout);
    text_release(&text);
    return EXIT_OK;
}

static int work(const struct command *self, struct invocation *invocation,
                const struct wishes *wishes, struct workflow_options *options, int n,
                char **arguments)
{
    struct workflow *workflow;
    if (n > 1)
        return options_refuse(self, invocation, "one workflow at a time");
    if (wishes->all_tasks && wishes->all_namespaces)
        return options_refuse(self, invocation,
                              "--all-tasks and --all-namespaces exclude each other");
    if (wishes->mro && wishes->titles)
        return options_refuse(self, invocation, "--mro and --with-titles exclude each other");
    int status = definition_load(invocation, n ? arguments[0] : ".", options, &workflow);
    if (status)
        return status;
    status = list(invocation, workflow, wishes);
    workflow_destroy(workflow);
    return status;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct wishes it = {0};
    struct workflow_options workflow_options = {0};
    struct template_lists templates = {0};
    const struct option_def options[] = {
        {.name = "all-tasks",
         .letter = 'a',
         .count = &it.all_tasks,
         .help = "all tasks, not only those of the graph"},
        {.name = "all-namespaces",
         .letter = 'n',
         .count = &it.all_namespaces,
         .help = "all tasks and families"},
        {.name = "mro",
         .letter = 'm',
         .count = &it.mro,
         .help = "what each inherits from, nearest first"},
        {.name = "tree", .letter = 't', .count = &it.tree, .help = "the tree of first parents"},
        {.name = "box", .letter = 'b', .count = &it.box, .help = "with --tree: lines of Unicode"},
        {.name = "with-titles", .letter = 'w', .count = &it.titles, .help = "titles, too"},
        {.name = "points",
         .letter = 'p',
         .argument = "START,STOP",
         .text = &it.points,
         .help = "task instances from START to STOP; without STOP at the first three points"},
        DEFINITION_OPTIONS(&workflow_options),
        TEMPLATE_OPTIONS(&templates),
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    workflow_options.templates = template_lists_options(&templates);
    if (status == OPTIONS_GO_ON)
        status = work(self, invocation, &it, &workflow_options, argc - first, argv + first);
    template_lists_release(&templates);
    return status;
}

const struct command command_list = {
    .name = "list",
    .summary = "list the tasks and families of a definition",
    .synopsis = "[OPTIONS] [WORKFLOW | PATH]",
    .help = "List the tasks of a workflow's graph; with options all tasks, families, what they\n"
            "inherit from, or the instances at some cycle points.\n\n"
            "Example:\n"
            "    $ rouse list --tree ./my-workflow\n"
            "    $ rouse list --points=20260101T00Z,20260102T00Z ./my-workflow\n",
    .run = run,
};
