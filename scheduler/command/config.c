/* `config`: a configuration as it counts, of a workflow or of the site and user. */
#include "base/memory.h"
#include "coroutines/site.h"
#include "scheduler/command/config_find.h"
#include "scheduler/command/config_json.h"
#include "scheduler/command/definition.h"
#include "scheduler/config/platform.h"
#include "scheduler/config/print.h"
#include "scheduler/run/resolve.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { JSON_INDENT_WIDTH = 4 };

struct wishes {
    struct option_list items;
    int defaults, sparse, json, one_line, all_tasks, mark_up;
    int platforms, platform_names, hierarchy;
    const char *null, *run_mode;
};

/* What is printed from. */
struct source_tree {
    const struct item_tree *tree;
    const struct schema *schema;
};

/* Each line with the mark; on one line, line ends are written \n. */
static void print_text(const struct wishes *it, const char *text)
{
    for (const char *at = text; *at;) {
        size_t n = strcspn(at, "\n");
        (void)printf("%s%.*s", it->mark_up ? "!cylc!" : "", (int)n, at);
        at += n;
        if (*at && it->one_line && at[1])
            (void)printf("\\n");
        else if (*at && !it->one_line)
            (void)putchar('\n');
        at += *at != '\0';
    }
}

static void print_json(const struct wishes *it, const struct item *item)
{
    json_t *json = item_json(item, it->null);
    size_t flags = JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15);
    char *text = json_dumps(json, it->one_line ? flags : flags | JSON_INDENT(JSON_INDENT_WIDTH));
    (void)printf("%s\n", text ? text : "null");
    free(text);
    json_decref(json);
}

static int depth_of(const struct item *item)
{
    int depth = 0;
    for (const struct item *parent = item->parent; parent; parent = parent->parent)
        depth++;
    return depth;
}

static void print_item(const struct wishes *it, const struct item *item)
{
    struct text text = {0};
    if (it->json) {
        print_json(it, item);
        return;
    }
    if (item->section)
        section_print(item, depth_of(item) + 1, it->null ? it->null : "", &text);
    else
        value_print(&item->value, it->null ? it->null : "", &text);
    if (!item->section)
        text_add_char(&text, '\n');
    print_text(it, text_string(&text));
    text_release(&text);
}

/* --- --all-tasks --- */

static bool is_set_of(const struct item_tree *tree, const struct item *space)
{
    return item_find(tree, space, "completion") != NULL;
}

/* "NAME VALUE" for each task of the graph. */
static int print_all_tasks(const struct wishes *it, const struct source_tree *from,
                           const char *name, struct error *error)
{
    const struct item *runtime = item_find(from->tree, &from->tree->root, "runtime");
    for (const struct item *space = runtime->first; space; space = space->next) {
        if (!is_set_of(from->tree, space))
            continue;
        char *full = str_format("[runtime][%s]%s", space->name, name);
        const struct item *item = config_find(from->tree, from->schema, full, error);
        free(full);
        if (!item && error->code != -ENOENT)
            return error->code;
        if (!item)
            continue;
        if (!it->json)
            (void)printf("%s ", space->name);
        print_item(it, item);
    }
    *error = (struct error){0};
    return 0;
}

static int print_items(const struct wishes *it, const struct source_tree *from, struct error *error)
{
    for (size_t i = 0; i < it->items.n; i++) {
        if (it->all_tasks) {
            if (print_all_tasks(it, from, it->items.at[i], error) < 0)
                return error->code;
            continue;
        }
        const struct item *item = config_find(from->tree, from->schema, it->items.at[i], error);
        if (!item)
            return error->code;
        if (it->one_line && !it->json && i)
            (void)putchar(' ');
        print_item(it, item);
    }
    if (it->one_line && !it->json && it->items.n)
        (void)putchar('\n');
    return 0;
}

static int print_tree(const struct invocation *invocation, const struct wishes *it,
                      const struct source_tree *from)
{
    struct error error = {0};
    if (!it->items.n) {
        print_item(it, &from->tree->root);
        return EXIT_OK;
    }
    return print_items(it, from, &error) < 0 ? command_fail(invocation, EXIT_FAILED, &error)
                                             : EXIT_OK;
}

/* --- the global configuration --- */

/* The section under its heading, if it is set. */
static void print_section(const struct wishes *it, const struct item_tree *tree, const char *name)
{
    const struct item *section = item_find(tree, &tree->root, name);
    struct item copy, root = {.section = true, .name = ""};
    struct text text = {0};
    if (!section)
        return;
    copy = *section;
    copy.next = NULL;
    root.first = root.last = &copy;
    section_print(&root, 1, it->null ? it->null : "", &text);
    print_text(it, text_string(&text));
    text_release(&text);
}

static void print_names(struct string_list names)
{
    for (uint32_t i = 0; i < names.n; i++)
        (void)printf("%s\n", names.at[i]);
    if (!names.n)
        (void)putchar('\n');
}

static void print_platform_names(const struct global_config *config)
{
    struct platforms *platforms = platforms_create(config);
    (void)fprintf(stderr, "Names are regular expressions; of those that match a whole name the "
                          "last one counts.\n\nPlatforms\n---------\n");
    (void)fflush(stderr);
    print_names(platforms_names(platforms));
    (void)fflush(stdout);
    (void)fprintf(stderr, "\nPlatform Groups\n---------------\n");
    print_names(platforms_group_names(platforms));
    platforms_destroy(platforms);
}

static int print_global(const struct invocation *invocation, const struct wishes *it)
{
    int status = EXIT_OK;
    const struct warner warner = {definition_warn, NULL};
    struct error error = {0};
    struct global_config *config = site_load(invocation->quiet ? NULL : &warner, &error);
    if (!config)
        return command_fail(invocation, EXIT_FAILED, &error);
    if (it->platform_names)
        print_platform_names(config);
    if (it->defaults)
        global_fill_defaults(config);
    if (it->platforms) {
        print_section(it, global_tree(config), "platforms");
        print_section(it, global_tree(config), "platform groups");
    }
    if (!it->platform_names && !it->platforms) {
        const struct source_tree from = {global_tree(config), &schema_global};
        status = print_tree(invocation, it, &from);
    }
    global_destroy(config);
    return status;
}

/* --- a workflow --- */

static int print_workflow(const struct invocation *invocation, const struct wishes *it,
                          struct workflow_options *options, const char *argument)
{
    struct workflow *workflow;
    options->keep_tree = true;
    int status = definition_load(invocation, argument, options, &workflow);
    if (status != EXIT_OK)
        return status;
    const struct source_tree from = {workflow_tree(workflow, it->defaults), &schema_flow};
    status = print_tree(invocation, it, &from);
    workflow_destroy(workflow);
    return status;
}

static int print_hierarchy(const struct invocation *invocation, const char *argument)
{
    struct arena arena = {0};
    struct global_places places;
    struct error error = {0};
    char *path = NULL;
    site_find_places(&arena, &places);
    int code = argument ? resolve_definition(argument, &path, &error) : 0;
    for (size_t i = 0; i < places.n && !code; i++)
        (void)printf("%s\n", places.at[i]);
    if (path)
        (void)printf("%s\n", path);
    free(path);
    arena_release(&arena);
    return code ? command_fail(invocation, EXIT_FAILED, &error) : EXIT_OK;
}

/* --- the command line --- */

/* Which options cannot be together with --json. */
static int check(const struct command *self, const struct invocation *invocation,
                 const struct wishes *it, int n)
{
    struct text others = {0};
    if (it->json && it->hierarchy)
        text_add(&others, "--print-hierarchy");
    if (it->json && it->platform_names)
        text_addf(&others, "%s--platform-names", others.n ? " or " : "");
    if (it->json && it->platforms)
        text_addf(&others, "%s--platforms", others.n ? " or " : "");
    int status = OPTIONS_GO_ON;
    if (others.n)
        status =
            options_refuse(self, invocation, "--json incompatible with %s", text_string(&others));
    else if (n > 1)
        status = options_refuse(self, invocation, "one workflow at a time");
    else if (it->all_tasks && (!it->items.n || !n))
        status = options_refuse(self, invocation,
                                "--all-tasks needs a workflow and --item=ITEM of a task");
    else if (it->run_mode && !definition_is_run_mode(it->run_mode))
        status = options_refuse(self, invocation,
                                "--run-mode: expected live, simulation, dummy or skip, not %s",
                                it->run_mode);
    text_release(&others);
    return status;
}

static int work(const struct command *self, const struct invocation *invocation,
                const struct wishes *it, struct workflow_options *options, int n, char **arguments)
{
    int status = check(self, invocation, it, n);
    if (status != OPTIONS_GO_ON)
        return status;
    if (it->hierarchy)
        return print_hierarchy(invocation, n ? arguments[0] : NULL);
    if (n && !it->platforms && !it->platform_names)
        return print_workflow(invocation, it, options, arguments[0]);
    return print_global(invocation, it);
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct wishes it = {.null = NULL};
    struct workflow_options workflow_options = {0};
    struct template_lists templates = {0};
    const struct option_def options[] = {
        {.name = "item",
         .letter = 'i',
         .argument = "[SEC...]ITEM",
         .list = &it.items,
         .help = "only this item or section; may be given several times"},
        {.name = "defaults",
         .letter = 'd',
         .count = &it.defaults,
         .help = "what is not set, too, with its default"},
        {.name = "sparse", .count = &it.sparse, .help = "only what is set; it is so anyway"},
        {.name = "json", .count = &it.json, .help = "as JSON"},
        {.name = "one-line",
         .letter = 'o',
         .count = &it.one_line,
         .help = "all on one line, line ends within values as \\n"},
        {.name = "oneline", .count = &it.one_line},
        {.name = "null-value",
         .letter = 'n',
         .argument = "TEXT",
         .text = &it.null,
         .help = "print this for what is set to nothing"},
        {.name = "all-tasks",
         .letter = 'a',
         .count = &it.all_tasks,
         .help = "--item=script and the like: of every task, its name in front"},
        {.name = "mark-up", .letter = 'm', .count = &it.mark_up, .help = "!cylc! before each line"},
        {.name = "platform-names",
         .count = &it.platform_names,
         .help = "the names of platforms and platform groups"},
        {.name = "platforms", .count = &it.platforms, .help = "platforms and platform groups"},
        {.name = "print-hierarchy",
         .letter = 'p',
         .count = &it.hierarchy,
         .help = "the files that are looked for, each over the ones before it"},
        {.name = "hierarchy", .count = &it.hierarchy},
        {.name = "print-filenames", .count = &it.hierarchy},
        {.name = "run-mode", .argument = "MODE", .text = &it.run_mode, .help = "as for play"},
        DEFINITION_OPTIONS(&workflow_options),
        TEMPLATE_OPTIONS(&templates),
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    workflow_options.templates = template_lists_options(&templates);
    if (status == OPTIONS_GO_ON)
        status = work(self, invocation, &it, &workflow_options, argc - first, argv + first);
    template_lists_release(&templates);
    vec_release(&it.items);
    return status;
}

const struct command command_config = {
    .name = "config",
    .summary = "print a configuration after all that happens to it",
    .synopsis = "[OPTIONS] [WORKFLOW | PATH]",
    .help = "Print the configuration of a workflow: what its file sets after include-files,\n"
            "templates, parameters and inheritance. Without a workflow: global.cylc, as the files\n"
            "of the site and the user add up.\n\n"
            "Example:\n"
            "    $ rouse config -i '[runtime][model]script' ./my-workflow\n"
            "    $ rouse config --platform-names\n",
    .run = run,
};
