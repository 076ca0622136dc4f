/* The reader of flow.cylc: include-files, lines to items, and the whole definition without
 * templates. The input is the main file; a line "%%% NAME" begins the include-file of that name. */
#include "scheduler/config/parse.h"
#include "scheduler/config/platform.h"
#include "scheduler/config/print.h"
#include "scheduler/config/source.h"
#include "scheduler/config/workflow.h"
#include "tests/fuzz/fuzz.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

struct files {
    struct slice main, rest; /* rest: the include-files with their marks */
};

static const char mark[] = "%%% ";

static bool is_mark(struct slice line)
{
    const size_t n = sizeof mark - 1;
    return line.n >= n && memcmp(line.at, mark, n) == 0;
}

static struct files split(struct slice input)
{
    struct slice rest = input;
    while (rest.n) {
        const struct slice before = rest;
        if (is_mark(fuzz_line(&rest)))
            return (struct files){{input.at, (size_t)(before.at - input.at)}, before};
    }
    return (struct files){.main = input};
}

static int read_file(void *context, const char *path, struct text *ret_text, struct error *error)
{
    const struct files *files = context;
    struct slice rest = files->rest;
    bool found = false;
    while (rest.n) {
        const struct slice before = rest, line = fuzz_line(&rest);
        if (is_mark(line) && found)
            return 0;
        if (is_mark(line))
            found = slice_equal((struct slice){line.at + 4, line.n - 4}, path);
        else if (found)
            text_add_n(ret_text, before.at, (size_t)(rest.at - before.at));
    }
    return found ? 0 : error_set(error, -ENOENT, "cannot read %s", path);
}

static bool warned;

static void on_warning(void *context, const char *text)
{
    (void)context;
    warned = warned || *text;
}

/* What was refused says why and where. */
static void check_error(const struct error *error)
{
    char line[2048];
    HOLDS(error->code < 0 && *error->text && *error->file && error->line >= 0);
    HOLDS(strlen(error->text) < ERROR_TEXT_MAX && !strchr(error->text, '\n'));
    error_format(error, line, sizeof line);
}

/* All that is set, then all there is: the second says no less. */
static void print(struct workflow *workflow)
{
    struct text set = {0}, all = {0};
    section_print(&workflow_tree(workflow, false)->root, 1, "", &set);
    section_print(&workflow_tree(workflow, true)->root, 1, "", &all);
    HOLDS(set.n && all.n > set.n);
    text_release(&set);
    text_release(&all);
}

/* The kind of a template decides which program would be started; that is no business of this
 * target. */
static void load(struct slice text)
{
    struct error error = {0};
    const struct workflow_options options = {.now = 1700000000, .keep_tree = true};
    if (text.n >= 2 && text.at[0] == '#' && text.at[1] == '!')
        return;
    struct workflow *workflow = workflow_parse("flow.cylc", text.n ? text.at : "", text.n, &options,
                                               on_warning, NULL, &error);
    if (!workflow) {
        check_error(&error);
        return;
    }
    HOLDS(workflow->graph && workflow->graph->n_tasks <= workflow->n_tasks);
    for (uint32_t i = 0; i < workflow->n_tasks; i++) {
        const struct task_def *task = &workflow->tasks[i];
        HOLDS(task->index == i && workflow_task(workflow, task->name) == i);
        HOLDS(workflow_task_is_a(workflow, i, task->name) &&
              workflow_task_is_a(workflow, i, "root"));
        for (uint32_t o = 0; o < task->n_outputs; o++)
            HOLDS(*task->outputs[o].message);
    }
    print(workflow);
    workflow_destroy(workflow);
}

/* The same text as a global.cylc. */
static void load_global(struct slice text)
{
    struct error error = {0};
    if (text.n >= 2 && text.at[0] == '#' && text.at[1] == '!')
        return;
    struct global_config *config =
        global_parse("global.cylc", (struct slice){text.n ? text.at : "", text.n}, NULL, &error);
    if (!config) {
        check_error(&error);
        return;
    }
    struct platforms *platforms = platforms_create(config);
    (void)platforms_get(platforms, "hpc1", &error);
    platforms_destroy(platforms);
    global_destroy(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct files files = split((struct slice){(const char *)data, size});
    const struct source_reader reader = {&files, read_file};
    struct source source = {0};
    struct arena arena = {0};
    struct error error = {0};
    if (source_add(&source, &arena, "flow.cylc", files.main, &reader, &error) == 0) {
        struct item_tree tree;
        struct text joined = {0};
        item_tree_init(&tree, &arena, "flow.cylc");
        if (parse_lines(&source, &tree, &error) < 0)
            check_error(&error);
        item_tree_release(&tree);
        for (size_t i = 0; i < source.n; i++) {
            text_add_n(&joined, source.lines[i].text.at, source.lines[i].text.n);
            text_add_char(&joined, '\n');
        }
        load((struct slice){joined.at, joined.n});
        load_global((struct slice){joined.at, joined.n});
        text_release(&joined);
    } else {
        check_error(&error);
    }
    source_release(&source);
    arena_release(&arena);
    return 0;
}
