/* `show`: workflow, definitions or instances, as text or JSON. */
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include "scheduler/command/show_text.h"
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

struct show {
    int json, conditions;
    struct option_list definitions;
};

static void print_json(const json_t *value)
{
    char *text = json_dumps(value, JSON_INDENT(4) | JSON_ENSURE_ASCII);
    (void)puts(text ? text : "");
    free(text);
}

/* The user's own items beside the standard ones, as Cylc has them for definitions. */
static json_t *flat_meta(const json_t *meta)
{
    json_t *flat = json_copy((json_t *)(uintptr_t)meta);
    json_object_update(flat, json_object_get(meta, "userDefined"));
    json_object_del(flat, "userDefined");
    return flat;
}

static int print_workflow(const struct show *show, const json_t *data)
{
    const json_t *meta = json_object_get(data, "workflow");
    struct text out = {0};
    json_t *flat = flat_meta(meta);
    if (show->json)
        print_json(flat);
    else
        show_text_meta(meta, &out);
    (void)fputs(text_string(&out), stdout);
    json_decref(flat);
    text_release(&out);
    return EXIT_OK;
}

static int print_definitions(const struct show *show, const json_t *data)
{
    json_t *definitions = json_object_get(data, "definitions"), *meta, *all = json_object();
    const char *name;
    struct text out = {0};
    json_object_foreach(definitions, name, meta)
    {
        if (json_object_size(definitions) > 1)
            text_addf(&out, "\nTask: %s\n", name);
        show_text_meta(meta, &out);
        json_object_set_new(all, name, flat_meta(meta));
    }
    if (show->json)
        print_json(all);
    else
        (void)fputs(text_string(&out), stdout);
    json_decref(all);
    text_release(&out);
    return EXIT_OK;
}

static int print_tasks(const struct show *show, const json_t *data)
{
    json_t *tasks = json_object_get(data, "tasks"), *task;
    const char *unmatched = json_string_value(json_object_get(data, "unmatched")), *id;
    struct text out = {0};
    json_object_foreach(tasks, id, task)
    {
        if (json_object_size(tasks) > 1)
            text_addf(&out, "\nTask ID: %s\n", id);
        if (show->conditions)
            show_text_conditions(task, &out);
        else
            show_text_task(id, task, &out);
    }
    if (show->json)
        print_json(tasks);
    else
        (void)fputs(text_string(&out), stdout);
    text_release(&out);
    if (unmatched && *unmatched)
        (void)fprintf(stderr, "No matching active tasks found: %s\n", unmatched);
    return json_object_size(tasks) ? EXIT_OK : EXIT_FAILED;
}

static json_t *arguments_of(const struct show *show, const struct target *target)
{
    if (!show->definitions.n)
        return target->ids.n ? ask_ids(target) : json_object();
    json_t *names = json_array();
    for (size_t i = 0; i < show->definitions.n; i++)
        json_array_append_new(names, json_string(show->definitions.at[i]));
    return json_pack("{s:o}", "definitions", names);
}

static int show_one(const struct invocation *invocation, const struct target *target, void *context)
{
    const struct show *show = context;
    struct error error = {0};
    json_t *args = arguments_of(show, target), *data = NULL;
    int code = ask(invocation, &target->place, "show", args, &data, &error);
    json_decref(args);
    if (code)
        return ask_fail(invocation, target->place.id, &error);
    int status = show->definitions.n ? print_definitions(show, data)
                 : target->ids.n     ? print_tasks(show, data)
                                     : print_workflow(show, data);
    json_decref(data);
    return status;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct show show = {0};
    const struct option_def options[] = {
        {.name = "json", .count = &show.json, .help = "print JSON"},
        {.name = "list-prereqs",
         .count = &show.conditions,
         .help = "print the prerequisites only, one a line"},
        {.name = "task-def",
         .argument = "NAME",
         .list = &show.definitions,
         .help = "show the definition of a task; may be given several times"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status == OPTIONS_GO_ON && first == argc)
        status = options_refuse(self, invocation, "no workflow is named");
    if (status == OPTIONS_GO_ON)
        status = ask_targets(invocation, argc - first, argv + first, true, false, show_one, &show);
    vec_release(&show.definitions);
    return status;
}

const struct command command_show = {
    .name = "show",
    .summary = "show a workflow, a definition, or tasks with their prerequisites and outputs",
    .synopsis = "[OPTIONS] WORKFLOW[//CYCLE/TASK[:STATE]]...",
    .help = "Show what the scheduler knows: of a workflow its [meta]; with --task-def that of a\n"
            "task; of tasks in the pool, and of those next to them in the graph, the state, the\n"
            "prerequisites, the outputs and the xtriggers. Patterns (*, ?, [abc]), families and\n"
            "states choose among the tasks in the pool.\n\n"
            "Example:\n"
            "    $ rouse show flow//1/a\n"
            "    $ rouse show --json 'flow//*/model:failed'\n",
    .run = run,
};
