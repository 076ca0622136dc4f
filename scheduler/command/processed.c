/* See processed.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/processed.h"
#include "base/memory.h"
#include "base/vec.h"
#include "scheduler/command/definition_text.h"
#include "scheduler/config/item.h"
#include "scheduler/config/print.h"
#include "scheduler/config/source.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static int write_whole(const char *path, const struct text *text, struct error *error)
{
    char *beside = str_format("%s.new", path);
    FILE *file = fopen(beside, "we");
    int code = 0;
    bool written = file && fwrite(text_string(text), 1, text->n, file) == text->n;
    if (file && fclose(file))
        written = false;
    if (!written || rename(beside, path)) {
        code = errno ? -errno : -EIO;
        (void)remove(beside);
        error_set(error, code, "cannot write %s: %s", path, strerror(-code));
    }
    free(beside);
    return code;
}

int processed_write(const char *definition, struct workflow *workflow, const char *run_dir,
                    const char *config, struct error *error)
{
    static const struct definition_steps steps = {.include = true, .join = true};
    struct text text = {0}, tree = {0};
    char *processed = str_format("%s/log/config/flow-processed.cylc", run_dir);
    int code = 0;
    if (workflow->processed)
        definition_join((struct slice){workflow->processed, workflow->processed_size}, true, &text);
    else
        code = definition_text(definition, &steps, &text, error);
    const struct item_tree *kept = workflow_tree(workflow, false);
    if (kept) {
        text_add(&tree, "# cylc-version: 8.4.4\n");
        section_print(&kept->root, 1, NULL, &tree);
    }
    if (!code)
        code = write_whole(processed, &text, error);
    if (!code)
        code = write_whole(config, kept ? &tree : &text, error);
    free(processed);
    text_release(&text);
    text_release(&tree);
    return code;
}

/* "2026-01-01T00:00:00Z INFO - TEXT": TEXT, if it belongs into a reference log. */
static const char *reference_text(const char *line)
{
    const char *text = strstr(line, " INFO - ");
    if (!text)
        return NULL;
    text += strlen(" INFO - ");
    bool wanted = !strncmp(text, "Initial point:", 14) || !strncmp(text, "Final point:", 12) ||
                  strstr(text, " -triggered off ");
    return wanted ? text : NULL;
}

/* The lines of `log` that belong into a reference log. */
static int reference_lines(const char *log, struct text *out, struct error *error)
{
    struct text all = {0};
    int code = source_read_file(log, &all, error);
    for (char *line = all.at; line && *line && !code;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        const char *text = reference_text(line);
        if (text)
            text_addf(out, "%s\n", text);
        line = end ? end + 1 : NULL;
    }
    text_release(&all);
    return code;
}

static char *reference_path(const char *run_dir)
{
    return str_format("%s/reference.log", run_dir);
}

int reference_log_write(const char *log, const char *run_dir, struct error *error)
{
    struct text out = {0};
    char *path = reference_path(run_dir);
    int code = reference_lines(log, &out, error);
    if (!code)
        code = write_whole(path, &out, error);
    free(path);
    text_release(&out);
    return code;
}

typedef VEC(char *) lines;

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines that say what triggered a task, sorted; they stay in `text`. Those of Cylc begin with
 * the time and the level. */
static void triggers_of(struct text *text, lines *list)
{
    for (char *line = text->at; line && *line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        const char *after = strstr(line, " INFO - ");
        if (strstr(line, " -triggered off "))
            *vec_push(list) = after ? line + (after - line) + strlen(" INFO - ") : line;
        line = end ? end + 1 : NULL;
    }
    if (list->n)
        qsort(list->at, list->n, sizeof *list->at, compare_lines);
}

int reference_log_compare(const char *log, const char *run_dir, struct text *ret_differences,
                          struct error *error)
{
    struct text now = {0}, reference = {0};
    lines found = {0}, wanted = {0};
    char *path = reference_path(run_dir);
    int code = source_read_file(path, &reference, error);
    if (!code)
        code = reference_lines(log, &now, error);
    if (!code) {
        triggers_of(&now, &found);
        triggers_of(&reference, &wanted);
    }
    for (size_t f = 0, w = 0; f < found.n || w < wanted.n;) {
        int order = f == found.n ? 1 : w == wanted.n ? -1 : strcmp(found.at[f], wanted.at[w]);
        if (order)
            text_addf(ret_differences, "%c %s\n", order < 0 ? '+' : '-',
                      order < 0 ? found.at[f] : wanted.at[w]);
        f += order <= 0;
        w += order >= 0;
    }
    vec_release(&found);
    vec_release(&wanted);
    free(path);
    text_release(&now);
    text_release(&reference);
    return code;
}
