/* `broadcast`. */
#include "base/memory.h"
#include "scheduler/command/ask.h"
#include "scheduler/command/broadcast_text.h"
#include "scheduler/command/option.h"
#include "scheduler/config/parse.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

struct wishes {
    struct option_list points, namespaces, sets, set_files, cancels, cancel_files;
    const char *expire, *task, *format;
    int clear, display, box, raw;
};

/* --- settings, from the command line and from files --- */

/* "[environment]X" and a value (NULL: none) as {"environment": {"X": value}}. */
static int add_setting(json_t *settings, struct slice key, const char *value, struct error *error)
{
    json_t *setting = json_object(), *below = setting;
    struct slice rest = slice_trim(key);
    while (rest.n && rest.at[0] == '[') {
        const char *end = memchr(rest.at, ']', rest.n);
        if (!end)
            break;
        char *name =
            slice_copy(slice_trim((struct slice){rest.at + 1, (size_t)(end - rest.at) - 1}));
        json_t *section = json_object();
        json_object_set_new(below, name, section);
        below = section;
        free(name);
        rest = slice_trim((struct slice){end + 1, rest.n - (size_t)(end + 1 - rest.at)});
    }
    if (!rest.n || rest.at[0] == '[') {
        json_decref(setting);
        return error_set(error, -EINVAL, "\"%.*s\" is no setting: expected [SECTION]ITEM or ITEM",
                         (int)key.n, key.at);
    }
    char *name = slice_copy(rest);
    json_object_set_new(below, name, value ? json_string(value) : json_null());
    free(name);
    json_array_append_new(settings, setting);
    return 0;
}

static int add_set(json_t *settings, const char *option, struct error *error)
{
    const char *equals = strchr(option, '=');
    if (!equals)
        return error_set(error, -EINVAL, "--set=[SEC]ITEM=VALUE requires a value: %s", option);
    char *value = slice_copy(slice_trim(slice_of(equals + 1)));
    int result =
        add_setting(settings, (struct slice){option, (size_t)(equals - option)}, value, error);
    free(value);
    return result;
}

static int add_cancel(json_t *settings, const char *option, struct error *error)
{
    if (strchr(option, '='))
        return error_set(error, -EINVAL, "--cancel=[SEC]ITEM does not take a value: %s", option);
    return add_setting(settings, slice_of(option), NULL, error);
}

static int add_items(json_t *settings, const char *prefix, const struct item *section, bool values,
                     struct arena *arena, struct error *error)
{
    int result = 0;
    for (const struct item *item = section->first; item && result == 0; item = item->next) {
        char *key = str_format(item->section ? "%s[%s]" : "%s%s", prefix, item->name);
        const char *value = NULL;
        if (item->section)
            result = add_items(settings, key, item, values, arena, error);
        else if (!values || (result = value_string(arena, item->last_value, &value, error)) == 0)
            result = add_setting(settings, slice_of(key), value, error);
        free(key);
    }
    return result;
}

static int read_all(const char *path, struct text *text, struct error *error)
{
    if (strcmp(path, "-") != 0)
        return source_read_file(path, text, error);
    char buffer[4096];
    size_t n;
    while ((n = fread(buffer, 1, sizeof buffer, stdin)) > 0)
        text_add_n(text, buffer, n);
    return 0;
}

/* A file like a section of [runtime]: items, [sections]. */
static int add_file(json_t *settings, const char *path, bool values, struct error *error)
{
    struct arena arena = {0};
    struct item_tree tree;
    struct source source = {0};
    struct text text = {0};
    item_tree_init(&tree, &arena, path);
    int result = read_all(path, &text, error);
    if (result == 0)
        result = source_add(&source, &arena, path, (struct slice){text_string(&text), text.n}, NULL,
                            error);
    if (result == 0)
        result = parse_lines(&source, &tree, error);
    if (result == 0)
        result = add_items(settings, "", &tree.root, values, &arena, error);
    item_tree_release(&tree);
    source_release(&source);
    text_release(&text);
    arena_release(&arena);
    return result;
}

static json_t *settings_of(const struct option_list *options, const struct option_list *files,
                           bool values, struct error *error)
{
    json_t *settings = json_array();
    int result = 0;
    for (size_t i = 0; i < options->n && result == 0; i++)
        result = values ? add_set(settings, options->at[i], error)
                        : add_cancel(settings, options->at[i], error);
    for (size_t i = 0; i < files->n && result == 0; i++)
        result = add_file(settings, files->at[i], values, error);
    if (result == 0)
        return settings;
    json_decref(settings);
    return NULL;
}

/* --- asking --- */

static json_t *names(const struct option_list *list, const char *fallback)
{
    json_t *all = json_array();
    for (size_t i = 0; i < list->n; i++)
        json_array_append_new(all, json_string(list->at[i]));
    if (!list->n && fallback)
        json_array_append_new(all, json_string(fallback));
    return all;
}

static int put(const struct text *text, FILE *to)
{
    (void)fputs(text_string(text), to);
    return fflush(to);
}

/* What was done, and what could not be: then the exit status is 1. */
static int report(const json_t *data, bool set)
{
    struct text done = {0}, bad = {0};
    broadcast_text_changes(json_object_get(data, "modified"), set, &done);
    broadcast_text_bad(json_object_get(data, "bad"), set, &bad);
    (void)put(&done, stdout);
    (void)put(&bad, stderr);
    int status = bad.n ? EXIT_FAILED : EXIT_OK;
    text_release(&done);
    text_release(&bad);
    return status;
}

static int change(const struct invocation *invocation, const struct workflow_place *place,
                  json_t *args, bool set)
{
    struct error error = {0};
    json_t *data = NULL;
    int code = ask(invocation, place, "broadcast", args, &data, &error);
    json_decref(args);
    if (code)
        return ask_fail(invocation, place->id, &error);
    int status = report(data, set);
    json_decref(data);
    return status;
}

static int display(const struct invocation *invocation, const struct workflow_place *place,
                   const struct wishes *wishes)
{
    struct error error = {0};
    struct text text = {0};
    json_t *tree = NULL, *args = json_pack("{s:s}", "mode", "show");
    if (wishes->task)
        json_object_set_new(args, "task", json_string(wishes->task));
    int code = ask(invocation, place, "broadcast", args, &tree, &error);
    json_decref(args);
    if (code)
        return ask_fail(invocation, place->id, &error);
    if (!strcmp(wishes->format, "tree")) {
        broadcast_text_tree(tree, wishes->box, &text);
    } else if (!strcmp(wishes->format, "json")) {
        char *json = json_dumps(tree, JSON_INDENT(2));
        text_addf(&text, "%s\n", json);
        free(json);
    } else {
        broadcast_text_python(tree, &text);
        text_add_char(&text, '\n');
    }
    (void)put(&text, stdout);
    text_release(&text);
    json_decref(tree);
    return EXIT_OK;
}

/* Clear, expire, cancel, set: each that is asked for, in this order. */
static int change_all(const struct invocation *invocation, const struct workflow_place *place,
                      const struct wishes *wishes, json_t *cancels, json_t *sets)
{
    int status = EXIT_OK;
    if (wishes->clear)
        status |= change(invocation, place,
                         json_pack("{s:s, s:o, s:o}", "mode", "clear", "points",
                                   names(&wishes->points, NULL), "namespaces",
                                   names(&wishes->namespaces, NULL)),
                         false);
    if (wishes->expire)
        status |=
            change(invocation, place,
                   json_pack("{s:s, s:s}", "mode", "expire", "cutoff", wishes->expire), false);
    for (int set = 0; set <= 1; set++) {
        json_t *settings = set ? sets : cancels;
        if (json_array_size(settings))
            status |= change(invocation, place,
                             json_pack("{s:s, s:o, s:o, s:O}", "mode", set ? "set" : "clear",
                                       "points", names(&wishes->points, "*"), "namespaces",
                                       names(&wishes->namespaces, "root"), "settings", settings),
                             set);
    }
    return status;
}

static int each_workflow(const struct invocation *invocation, int n, char **arguments,
                         const struct wishes *wishes, json_t *cancels, json_t *sets)
{
    struct targets targets;
    struct error error = {0};
    if (resolve_targets(n, arguments, false, false, &targets, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    int status = EXIT_OK;
    for (size_t i = 0; i < targets.n; i++)
        status |= wishes->display || wishes->task
                      ? display(invocation, &targets.at[i].place, wishes)
                      : change_all(invocation, &targets.at[i].place, wishes, cancels, sets);
    targets_release(&targets);
    return status;
}

static int carry_out(const struct command *self, const struct invocation *invocation, int n,
                     char **arguments, struct wishes *w)
{
    struct error error = {0};
    if (w->raw)
        w->format = "raw";
    if (strcmp(w->format, "tree") && strcmp(w->format, "json") && strcmp(w->format, "raw"))
        return options_refuse(self, invocation,
                              "option --format: invalid choice: '%s' (choose from 'tree', 'json', "
                              "'raw')",
                              w->format);
    if (!n)
        return options_refuse(self, invocation, "no workflow is named");
    if (!w->display && !w->task && !w->clear && !w->expire && !w->sets.n && !w->set_files.n &&
        !w->cancels.n && !w->cancel_files.n)
        return options_refuse(self, invocation,
                              "one of --set, --set-file, --cancel, --cancel-file, --clear, "
                              "--expire, --display, --display-task is needed");
    json_t *cancels = settings_of(&w->cancels, &w->cancel_files, false, &error), *sets = NULL;
    if (cancels)
        sets = settings_of(&w->sets, &w->set_files, true, &error);
    int status = sets ? each_workflow(invocation, n, arguments, w, cancels, sets)
                      : command_fail(invocation, EXIT_FAILED, &error);
    json_decref(cancels);
    json_decref(sets);
    return status;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct wishes w = {.format = "tree"};
    const struct option_def options[] = {
        {.name = "point",
         .letter = 'p',
         .argument = "CYCLE",
         .list = &w.points,
         .help = "for this cycle point (default: `*`, all; --clear: any)"},
        {.name = "namespace",
         .letter = 'n',
         .argument = "NAME",
         .list = &w.namespaces,
         .help = "for this task or family (default: root, all; --clear: any)"},
        {.name = "set",
         .letter = 's',
         .argument = "[SEC]ITEM=VALUE",
         .list = &w.sets,
         .help = "a setting of [runtime]"},
        {.name = "set-file",
         .letter = 'F',
         .argument = "FILE",
         .list = &w.set_files,
         .help = "settings as in a section of [runtime]; `-`: standard input"},
        {.name = "file", .argument = "FILE", .list = &w.set_files},
        {.name = "cancel",
         .letter = 'c',
         .argument = "[SEC]ITEM",
         .list = &w.cancels,
         .help = "take back a setting"},
        {.name = "cancel-file",
         .letter = 'G',
         .argument = "FILE",
         .list = &w.cancel_files,
         .help = "take back the settings that a file has"},
        {.name = "clear",
         .letter = 'C',
         .count = &w.clear,
         .help = "take back all settings for the points and namespaces"},
        {.name = "expire",
         .letter = 'e',
         .argument = "CYCLE",
         .text = &w.expire,
         .help = "take back all settings for points before this one"},
        {.name = "display", .letter = 'd', .count = &w.display, .help = "show all settings"},
        {.name = "display-task",
         .letter = 'k',
         .argument = "CYCLE/TASK",
         .text = &w.task,
         .help = "show what is set for a task"},
        {.name = "box", .letter = 'b', .count = &w.box, .help = "draw with lines of Unicode"},
        {.name = "raw", .letter = 'r', .count = &w.raw, .help = "the same as --format=raw"},
        {.name = "format",
         .argument = "FORMAT",
         .text = &w.format,
         .help = "of what is shown: tree, json, raw"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status == OPTIONS_GO_ON)
        status = carry_out(self, invocation, argc - first, argv + first, &w);
    free(w.points.at);
    free(w.namespaces.at);
    free(w.sets.at);
    free(w.set_files.at);
    free(w.cancels.at);
    free(w.cancel_files.at);
    return status;
}

const struct command command_broadcast = {
    .name = "broadcast",
    .summary = "change settings of [runtime] while a workflow runs",
    .synopsis = "[OPTIONS] WORKFLOW...",
    .help = "Change what [runtime] says, for tasks that are not submitted yet. What is set for a\n"
            "cycle point beats what is set for all of them; a task beats its families. Settings\n"
            "for a cycle point go when the workflow is past it; all are kept over a restart.\n"
            "The exit status is 1 if an option had no effect.\n\n"
            "Example:\n"
            "    $ rouse broadcast -n model -s '[environment]LEVELS=70' flow\n"
            "    $ rouse broadcast -p 20260101T00Z -s 'execution time limit=PT2H' flow\n"
            "    $ rouse broadcast -n model --cancel '[environment]LEVELS' flow\n"
            "    $ rouse broadcast --display flow\n",
    .run = run,
};
