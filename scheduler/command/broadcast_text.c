/* See broadcast_text.h. */
#include "scheduler/command/broadcast_text.h"
#include "base/memory.h"
#include "base/vec.h"
#include "scheduler/command/tree.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char *at(const json_t *list, size_t i)
{
    const char *text = json_string_value(json_array_get(list, i));
    return text ? text : "";
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void broadcast_text_changes(const json_t *modified, bool set, struct text *out)
{
    size_t n = json_array_size(modified);
    if (!n)
        return;
    VEC(char *) lines = {0};
    for (size_t i = 0; i < n; i++) {
        const json_t *row = json_array_get(modified, i);
        *vec_push(&lines) = str_format("%c [%s/%s] %s=%s\n", set ? '+' : '-', at(row, 0),
                                       at(row, 1), at(row, 2), at(row, 3));
    }
    qsort(lines.at, lines.n, sizeof *lines.at, compare_texts);
    text_add(out, set ? "Broadcast set:\n" : "Broadcast cancelled:\n");
    VEC_EACH (char *, line, &lines) {
        text_add(out, *line);
        free(*line);
    }
    vec_release(&lines);
}

void broadcast_text_bad(const json_t *bad, bool set, struct text *out)
{
    static const char *const options[][2] = {{"point_strings", "point"},
                                             {"namespaces", "namespace"},
                                             {"cancel", "cancel"},
                                             {"expire", "expire"}};
    if (!json_object_size(bad))
        return;
    text_add(out, set ? "Rejected broadcast: settings are not compatible with the workflow"
                      : "No broadcast to cancel/clear for these options:");
    for (size_t o = 0; o < sizeof options / sizeof *options; o++) {
        const json_t *list = json_object_get(bad, options[o][0]);
        for (size_t i = 0; i < json_array_size(list); i++)
            text_addf(out, "\n  --%s=%s", options[o][1], at(list, i));
    }
    text_add_char(out, '\n');
}

/* --- the tree --- */

struct pen {
    struct text *out;
    struct text prefix;
    bool box;
    size_t width; /* column of the values */
};

typedef VEC(const char *) keys;

static keys sorted_keys(const json_t *object)
{
    keys all = {0};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        (void)value;
        *vec_push(&all) = key;
    }
    if (all.n)
        qsort(all.at, all.n, sizeof *all.at, compare_texts);
    return all;
}

static size_t width_of(const json_t *tree, size_t level)
{
    size_t width = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)tree, key, value)
    {
        size_t own = 2 * level + text_columns(key);
        size_t below = json_is_object(value) ? width_of(value, level + 1) : 0;
        width = own > width ? own : width;
        width = below > width ? below : width;
    }
    return width;
}

static void draw_line(struct pen *pen, const char *branch, const char *key, const char *value)
{
    text_addf(pen->out, "%s%s%s", text_string(&pen->prefix), branch, key);
    size_t used =
        text_columns(text_string(&pen->prefix)) + text_columns(branch) + text_columns(key);
    for (; used < pen->width; used++)
        text_add_char(pen->out, ' ');
    text_addf(pen->out, " %s\n", value);
}

static void draw(struct pen *pen, const json_t *tree, bool top)
{
    keys all = sorted_keys(tree);
    for (size_t i = 0; i < all.n; i++) {
        const json_t *value = json_object_get(tree, all.at[i]);
        bool last = i + 1 == all.n;
        const char *branch = top ? "" : pen->box ? (last ? " └─" : " ├─") : (last ? " `-" : " |-");
        draw_line(pen, branch, all.at[i], json_is_string(value) ? json_string_value(value) : "");
        size_t n = pen->prefix.n;
        if (!top)
            text_add(&pen->prefix, last ? "  " : pen->box ? " │" : " |");
        if (json_is_object(value))
            draw(pen, value, false);
        pen->prefix.n = n;
        if (pen->prefix.at)
            pen->prefix.at[n] = '\0';
    }
    vec_release(&all);
}

void broadcast_text_tree(const json_t *tree, bool box, struct text *out)
{
    struct pen pen = {.out = out, .box = box, .width = width_of(tree, 1)};
    draw(&pen, tree, true);
    text_release(&pen.prefix);
}

/* --- as Python writes it --- */

static void add_python_text(const char *text, struct text *out)
{
    char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';
    text_add_char(out, quote);
    for (const char *c = text; *c; c++) {
        if (*c == '\n')
            text_add(out, "\\n");
        else if (*c == '\t')
            text_add(out, "\\t");
        else if (*c == '\\' || *c == quote)
            text_addf(out, "\\%c", *c);
        else
            text_add_char(out, *c);
    }
    text_add_char(out, quote);
}

void broadcast_text_python(const json_t *value, struct text *out)
{
    if (!json_is_object(value)) {
        const char *text = json_string_value(value);
        add_python_text(text ? text : "", out);
        return;
    }
    const char *key;
    json_t *below;
    bool first = true;
    text_add_char(out, '{');
    json_object_foreach((json_t *)(uintptr_t)value, key, below)
    {
        text_add(out, first ? "" : ", ");
        first = false;
        add_python_text(key, out);
        text_add(out, ": ");
        broadcast_text_python(below, out);
    }
    text_add_char(out, '}');
}
