/* `diff`: what two definitions set differently, after inheritance. */
#include "scheduler/command/definition.h"
#include "scheduler/config/item.h"
#include "scheduler/config/print.h"
#include "scheduler/run/resolve.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { SIDES = 2, NESTED_INDENT = 3 };

/* An item, in one of the trees or in both. */
struct difference {
    const struct item *at[SIDES]; /* NULL: not there */
};

struct differences {
    VEC(struct difference) only[SIDES], common;
};

static void add_only(struct differences *all, int side, const struct item *item)
{
    if (!item->section) {
        vec_push(&all->only[side])->at[side] = item;
        return;
    }
    for (const struct item *child = item->first; child; child = child->next)
        add_only(all, side, child);
}

static bool is_same(const struct item *a, const struct item *b)
{
    struct text text_a = {0}, text_b = {0};
    value_print(&a->value, "", &text_a);
    value_print(&b->value, "", &text_b);
    bool same = !strcmp(text_string(&text_a), text_string(&text_b));
    text_release(&text_a);
    text_release(&text_b);
    return same;
}

/* What is in section a of side `side` against section b of the other. With `common`, what both have
 * is compared, too. */
static void compare(struct differences *all, const struct item_tree *const trees[SIDES], int side,
                    const struct item *a, const struct item *b, bool common)
{
    for (const struct item *item = a->first; item; item = item->next) {
        const struct item *other = item_find(trees[!side], b, item->name);
        if (!other || other->section != item->section)
            add_only(all, side, item);
        else if (item->section)
            compare(all, trees, side, item, other, common);
        else if (common && !is_same(item, other))
            *vec_push(&all->common) = (struct difference){{item, other}};
    }
}

/* --- printing --- */

/* "[runtime] [[foo]]", or each heading on a line of its own. Returns its level. */
static int print_headings(const struct item *section, bool nested)
{
    if (!section->parent)
        return 0;
    int level = print_headings(section->parent, nested) + 1;
    if (nested)
        (void)printf("%*s", level * NESTED_INDENT, "");
    else
        (void)printf("%s", level == 1 ? "   " : " ");
    for (int i = 0; i < level; i++)
        (void)putchar('[');
    (void)printf("%s", section->name);
    for (int i = 0; i < level; i++)
        (void)putchar(']');
    if (nested)
        (void)putchar('\n');
    return level;
}

static void print_side(const struct item *item, char arrow, int indent)
{
    bool list = !item->value.empty &&
                (item->value.type == VALUE_STRING_LIST || item->value.type == VALUE_DURATION_LIST ||
                 item->value.type == VALUE_INTEGER_LIST);
    struct text value = {0};
    value_print(&item->value, "", &value);
    (void)printf(" %c%*s%s = %s%s%s\n", arrow, indent, "", item->name, list ? "[" : "",
                 text_string(&value), list ? "]" : "");
    text_release(&value);
}

static void print_difference(const struct difference *difference, bool nested)
{
    const struct item *some = difference->at[0] ? difference->at[0] : difference->at[1];
    (void)putchar('\n');
    int level = print_headings(some->parent, nested);
    if (!nested)
        (void)putchar('\n');
    for (int side = 0; side < SIDES; side++)
        if (difference->at[side])
            print_side(difference->at[side], side ? '>' : '<',
                       nested ? level * NESTED_INDENT + 1 : NESTED_INDENT);
}

static void print_all(const struct differences *all, char *const names[SIDES], bool nested)
{
    size_t n = all->common.n + all->only[0].n + all->only[1].n;
    if (!n) {
        (void)printf("Workflow definitions %s and %s are identical\n", names[0], names[1]);
        return;
    }
    (void)printf("Workflow definitions %s and %s differ\n", names[0], names[1]);
    for (int side = 0; side < SIDES; side++) {
        if (all->only[side].n)
            (void)printf("\n%zu items only in %s (%c)\n", all->only[side].n, names[side],
                         side ? '>' : '<');
        VEC_EACH (struct difference, difference, &all->only[side])
            print_difference(difference, nested);
    }
    if (all->common.n)
        (void)printf("\n%zu common items differ %s(<) %s(>)\n", all->common.n, names[0], names[1]);
    VEC_EACH (struct difference, difference, &all->common)
        print_difference(difference, nested);
}

static void diff(const struct item_tree *const trees[SIDES], char *const names[SIDES], bool nested)
{
    struct differences all = {0};
    compare(&all, trees, 0, &trees[0]->root, &trees[1]->root, true);
    compare(&all, trees, 1, &trees[1]->root, &trees[0]->root, false);
    print_all(&all, names, nested);
    vec_release(&all.common);
    vec_release(&all.only[0]);
    vec_release(&all.only[1]);
}

/* --- reading --- */

static int load(const struct invocation *invocation, const char *argument,
                struct workflow_options options, struct workflow **ret_workflow)
{
    struct error error = {0};
    char *path;
    if (resolve_definition(argument, &path, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    (void)printf("Parsing %s (%s)\n", argument, path);
    (void)fflush(stdout);
    free(path);
    options.keep_tree = true;
    return definition_load(invocation, argument, &options, ret_workflow);
}

static int work(const struct invocation *invocation, const struct workflow_options *options,
                char *const arguments[SIDES], bool nested)
{
    struct workflow *workflows[SIDES] = {NULL};
    int status = EXIT_OK;
    for (int side = 0; side < SIDES && status == EXIT_OK; side++)
        status = load(invocation, arguments[side], *options, &workflows[side]);
    if (status == EXIT_OK) {
        const struct item_tree *const trees[SIDES] = {workflow_tree(workflows[0], false),
                                                      workflow_tree(workflows[1], false)};
        diff(trees, arguments, nested);
    }
    workflow_destroy(workflows[0]);
    workflow_destroy(workflows[1]);
    return status;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, nested = 0;
    struct workflow_options workflow_options = {0};
    struct template_lists templates = {0};
    const struct option_def options[] = {
        {.name = "nested", .letter = 'n', .count = &nested, .help = "each heading on its own line"},
        DEFINITION_OPTIONS(&workflow_options),
        TEMPLATE_OPTIONS(&templates),
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    workflow_options.templates = template_lists_options(&templates);
    if (status == OPTIONS_GO_ON && argc - first != SIDES)
        status =
            options_refuse(self, invocation, "two workflows are compared, not %d", argc - first);
    if (status == OPTIONS_GO_ON)
        status = work(invocation, &workflow_options, argv + first, nested > 0);
    template_lists_release(&templates);
    return status;
}

const struct command command_diff = {
    .name = "diff",
    .summary = "compare two definitions",
    .synopsis = "[OPTIONS] WORKFLOW_1 WORKFLOW_2",
    .help = "Tell which items two workflows set differently, after include-files, templates,\n"
            "parameters and inheritance. Exit status 0, also when they differ.\n\n"
            "Example:\n"
            "    $ rouse diff my-workflow ./my-workflow\n",
    .run = run,
};
