/* See tree.h. */
#include "scheduler/command/tree.h"
#include "base/vec.h"
#include "scheduler/command/definition.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct line {
    char *text;                  /* branches and name */
    const struct task_def *task; /* NULL: a family */
};

struct tree {
    const struct workflow *workflow;
    bool box;
    VEC(const struct task_def *) members; /* the tasks of the graph and the families above them */
    VEC(struct line) lines;
};

size_t text_columns(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static const struct task_def *find_family(const struct workflow *workflow, const char *name)
{
    for (uint32_t i = 0; i < workflow->n_families; i++)
        if (!strcmp(workflow->families[i].name, name))
            return &workflow->families[i];
    return NULL;
}

static void add_with_parents(struct tree *tree, bool *known, const struct task_def *task)
{
    *vec_push(&tree->members) = task;
    for (const struct task_def *at = task; at->first_parent;) {
        at = find_family(tree->workflow, at->first_parent);
        if (known[at - tree->workflow->families])
            return;
        known[at - tree->workflow->families] = true;
        *vec_push(&tree->members) = at;
    }
}

static int compare_members(const void *left, const void *right)
{
    const struct task_def *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static const struct task_def *next_child(const struct tree *tree, size_t *at, const char *parent)
{
    while (*at < tree->members.n) {
        const struct task_def *def = tree->members.at[(*at)++];
        if (def->first_parent && !strcmp(def->first_parent, parent))
            return def;
    }
    return NULL;
}

static void draw_children(struct tree *tree, const char *parent, const char *indent);

static void draw(struct tree *tree, const struct task_def *def, const char *indent, bool last)
{
    const char *branch = last        ? tree->box ? " \u2514\u2500" : " `-"
                         : tree->box ? " \u251c\u2500"
                                     : " |-";
    const char *trunk = last ? "  " : tree->box ? " \u2502" : " |";
    bool family = def->index == NO_INDEX;
    *vec_push(&tree->lines) =
        (struct line){str_format("%s%s%s", indent, branch, def->name), family ? NULL : def};
    if (!family)
        return;
    char *deeper = str_format("%s%s", indent, trunk);
    draw_children(tree, def->name, deeper);
    free(deeper);
}

/* Depth is limited by INHERIT_DEPTH_MAX. */
static void draw_children(struct tree *tree, const char *parent, const char *indent)
{
    size_t at = 0;
    const struct task_def *child = next_child(tree, &at, parent);
    while (child) {
        const struct task_def *next = next_child(tree, &at, parent);
        draw(tree, child, indent, !next);
        child = next;
    }
}

static void write_lines(const struct tree *tree, bool titles, struct text *out)
{
    size_t widest = 0;
    for (size_t i = 0; titles && i < tree->lines.n; i++) {
        size_t width = text_columns(tree->lines.at[i].text);
        widest = width > widest ? width : widest;
    }
    for (size_t i = 0; i < tree->lines.n; i++) {
        const struct line *line = &tree->lines.at[i];
        text_add(out, line->text);
        for (size_t width = text_columns(line->text); width < widest; width++)
            text_add_char(out, ' ');
        text_add_char(out, ' ');
        if (titles && line->task)
            text_add(out, definition_title(line->task));
        text_add_char(out, '\n');
    }
}

void tree_write(const struct workflow *workflow, bool box, bool titles, struct text *out)
{
    struct tree tree = {.workflow = workflow, .box = box};
    bool *known = NEW_ARRAY(bool, workflow->n_families);
    for (uint32_t i = 0; i < workflow->n_tasks; i++)
        if (workflow->graph->tasks[i].n_sequences)
            add_with_parents(&tree, known, &workflow->tasks[i]);
    free(known);
    if (tree.members.n)
        qsort(tree.members.at, tree.members.n, sizeof *tree.members.at, compare_members);
    *vec_push(&tree.lines) = (struct line){str_copy("root"), NULL};
    draw_children(&tree, "root", "");
    write_lines(&tree, titles, out);
    for (size_t i = 0; i < tree.lines.n; i++)
        free(tree.lines.at[i].text);
    vec_release(&tree.lines);
    vec_release(&tree.members);
}
