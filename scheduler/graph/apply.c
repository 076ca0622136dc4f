/* What a statement says, noted in the builder, once for each recurrence of its section.
 *
 * Every element of the chain says that its tasks run on the recurrence and which of their outputs
 * matter; every `=>` makes the element on its left a condition of each task on its right. As in
 * Cylc, a left side of plain `&` is several conditions, one a task, while one with `|` or
 * parentheses is one condition; an offset on the right is for the next `=>` only. */
#include "base/check.h"
#include "scheduler/graph/builder.h"
#include "scheduler/graph/params.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

#define EACH_LEAF(builder, element, node)                                                          \
    for (const struct graph_node *node = &(builder)->statement->nodes.at[(element)->first];        \
         node < &(builder)->statement->nodes.at[(element)->end]; node++)                           \
        if (node->kind == NODE_TASK || node->kind == NODE_XTRIGGER)

static const struct graph_node *node_at(const struct graph_builder *builder, uint32_t index)
{
    PRE(index > 0 && index < builder->statement->nodes.n);
    return &builder->statement->nodes.at[index];
}

/* --- where tasks run --- */

static void add_sequence(struct graph_builder *builder, uint32_t task)
{
    if (builder->tasks.at[task].sequence == builder->sequence)
        return;
    builder->tasks.at[task].sequence = builder->sequence;
    *vec_push(&builder->task_sequences) =
        (struct task_pair){.task = task, .value = builder->sequence};
}

static void add_sequence_to(struct graph_builder *builder, struct built_name *name)
{
    if (!name->family) {
        add_sequence(builder, name->task);
    } else if (name->sequence != builder->sequence) {
        for (uint32_t i = 0; i < name->n_members; i++)
            add_sequence(builder, name->members[i]);
        name->sequence = builder->sequence;
    }
}

/* One task as the beginning of a chain or on the right of =>. */
static int define(struct graph_builder *builder, const struct graph_node *node, struct error *error)
{
    struct built_name *name = NULL;
    int code = builder_name(builder, node, &name, error);
    if (code < 0 || node->suicide)
        return code;
    code = needs_note(builder, node, name, error);
    if (code == 0)
        add_sequence_to(builder, name);
    return code;
}

static int define_right(struct graph_builder *builder, const struct graph_element *element,
                        bool last, struct error *error)
{
    const struct graph_statement *statement = builder->statement;
    if (element->has_or)
        return graph_statement_error(statement, node_at(builder, element->first), error,
                                     "'|' cannot stand on the right of =>: expected tasks joined "
                                     "by &");
    EACH_LEAF(builder, element, node)
    {
        if (node->kind == NODE_XTRIGGER)
            return graph_statement_error(statement, node, error,
                                         "xtrigger '@%.*s' cannot stand on the right of =>: "
                                         "expected a task",
                                         (int)node->name.n, node->name.at);
        if (node->offset.at && last)
            return graph_statement_error(
                statement, node, error,
                "'%.*s[%.*s]' has an offset and stands only on the right of =>: offsets belong on "
                "the left",
                (int)node->name.n, node->name.at, (int)node->offset.n, node->offset.at);
        int code = node->offset.at ? 0 : define(builder, node, error);
        if (code < 0)
            return code;
    }
    return 0;
}

static int define_head(struct graph_builder *builder, const struct graph_element *element,
                       struct error *error)
{
    EACH_LEAF(builder, element, node)
    {
        uint32_t xtrigger = 0;
        int code = 0;
        if (node->suicide)
            return graph_statement_error(builder->statement, node, error,
                                         "'!%.*s' (suicide) can only stand on the right of =>",
                                         (int)node->name.n, node->name.at);
        if (node->kind == NODE_XTRIGGER)
            code = builder_xtrigger(builder, node, &xtrigger, error);
        else if (!node->offset.at)
            code = define(builder, node, error);
        if (code < 0)
            return code;
    }
    return 0;
}

/* --- conditions: the left side --- */

static void push_term(struct graph_builder *builder, enum term_kind kind,
                      const struct built_leaf *leaf)
{
    struct built_term *term = vec_push(&builder->unit_terms);
    term->kind = kind;
    if (leaf)
        term->leaf = *leaf;
}

static void add_leaf_text(struct graph_builder *builder, const struct graph_node *node,
                          const char *output, size_t n)
{
    struct text *text = &builder->text;
    text_add_n(text, node->name.at, node->name.n);
    if (node->offset.at) {
        text_add_char(text, '[');
        text_add_n(text, node->offset.at, node->offset.n);
        text_add_char(text, ']');
    }
    text_add_char(text, ':');
    text_add_n(text, output, n);
}

static int lower_family(struct graph_builder *builder, const struct graph_node *node,
                        struct built_name *name, uint32_t offset, struct error *error)
{
    if (!node->output.at)
        return graph_statement_error(builder->statement, node, error,
                                     "family '%s' cannot trigger anything without a qualifier: "
                                     "expected one such as %s:succeed-all or %s:fail-any",
                                     name->name, name->name, name->name);
    uint32_t qualifier = family_qualifier_find(node->output);
    if (qualifier == NO_INDEX)
        return graph_statement_error(builder->statement, node, error,
                                     "illegal family trigger '%s:%.*s': expected one such as "
                                     "%s:succeed-all",
                                     name->name, (int)node->output.n, node->output.at, name->name);
    push_term(builder, TERM_ATOM,
              &(struct built_leaf){.kind = ATOM_GROUP,
                                   .index = builder_group(builder, name, qualifier),
                                   .offset = offset});
    add_leaf_text(builder, node, node->output.at, node->output.n);
    return 0;
}

static int lower_task(struct graph_builder *builder, const struct graph_node *node,
                      const struct built_name *name, uint32_t offset, bool inside,
                      struct error *error)
{
    struct built_leaf leaf = {.kind = ATOM_OUTPUT, .index = name->task, .offset = offset};
    int code = needs_output(builder, node, name, &leaf.output, error);
    if (code < 0)
        return code;
    if (leaf.output != OUTPUT_FINISHED) {
        bool standard = leaf.output < OUTPUT_CUSTOM;
        const char *output = standard ? standard_output_names[leaf.output] : node->output.at;
        add_leaf_text(builder, node, output, standard ? strlen(output) : node->output.n);
        push_term(builder, TERM_ATOM, &leaf);
        return 0;
    }
    static const uint32_t finished[] = {OUTPUT_SUCCEEDED, OUTPUT_FAILED};
    text_add(&builder->text, inside ? "(" : "");
    for (size_t i = 0; i < 2; i++) {
        leaf.output = finished[i];
        text_add(&builder->text, i ? " | " : "");
        add_leaf_text(builder, node, standard_output_names[leaf.output],
                      strlen(standard_output_names[leaf.output]));
        push_term(builder, TERM_ATOM, &leaf);
    }
    push_term(builder, TERM_OR, NULL);
    text_add(&builder->text, inside ? ")" : "");
    return 0;
}

static int lower_node(struct graph_builder *builder, const struct graph_node *node, bool inside,
                      struct error *error)
{
    struct built_name *name = NULL;
    uint32_t offset = 0;
    int code = builder_name(builder, node, &name, error);
    if (code == 0)
        code = builder_offset(builder, node, &offset, error);
    if (code == 0)
        code = name->family ? lower_family(builder, node, name, offset, error)
                            : lower_task(builder, node, name, offset, inside, error);
    if (code == 0 && node->offset.at)
        code = needs_note(builder, node, name, error);
    return code;
}

/* Whether nothing is left of the tree when xtriggers under & only are taken out; parameters out of
 * range have taken out tasks before. */
static bool is_empty(const struct graph_builder *builder, uint32_t index, bool under_or)
{
    const struct graph_node *node = node_at(builder, index);
    if (node->kind == NODE_TASK || node->kind == NODE_XTRIGGER)
        return node->kind == NODE_XTRIGGER && !under_or;
    bool all = true;
    under_or = under_or || node->kind == NODE_OR;
    for (uint32_t child = node->first; all && child; child = node_at(builder, child)->next)
        all = is_empty(builder, child, under_or);
    return all;
}

static int lower_xtrigger(struct graph_builder *builder, const struct graph_node *node,
                          bool under_or, struct error *error)
{
    struct built_leaf leaf = {0};
    int code = builder_xtrigger(builder, node, &leaf.index, error);
    if (code < 0)
        return code;
    if (!under_or) {
        *vec_push(&builder->unit_xtriggers) = leaf.index;
        return 0;
    }
    push_term(builder, TERM_XTRIGGER, &leaf);
    text_add_char(&builder->text, '@');
    text_add_n(&builder->text, node->name.at, node->name.n);
    text_add(&builder->text, node->output.at ? ":timeout" : "");
    return 0;
}

/* Append the tree's terms and text. Xtriggers under & only are taken out of it: the task waits for
 * them in any case. parent: the operator around it, NODE_TASK if there is none. Recursion is
 * limited by GRAPH_NESTING_MAX. */
static int lower(struct graph_builder *builder, uint32_t index, enum graph_node_kind parent,
                 bool under_or, struct error *error)
{
    const struct graph_node *node = node_at(builder, index);
    if (node->kind == NODE_TASK)
        return lower_node(builder, node, parent != NODE_TASK, error);
    if (node->kind == NODE_XTRIGGER)
        return lower_xtrigger(builder, node, under_or, error);
    bool brackets = parent != NODE_TASK && parent != node->kind, any = false;
    under_or = under_or || node->kind == NODE_OR;
    text_add(&builder->text, brackets ? "(" : "");
    for (uint32_t child = node->first; child; child = node_at(builder, child)->next) {
        bool empty = is_empty(builder, child, under_or);
        if (any && !empty)
            text_add(&builder->text, node->kind == NODE_AND ? " & " : " | ");
        int code = lower(builder, child, node->kind, under_or, error);
        if (code < 0)
            return code;
        if (any && !empty)
            push_term(builder, node->kind == NODE_AND ? TERM_AND : TERM_OR, NULL);
        any = any || !empty;
    }
    text_add(&builder->text, brackets ? ")" : "");
    return 0;
}

static int add_unit(struct graph_builder *builder, uint32_t root, struct error *error)
{
    struct built_unit unit = {.terms = (uint32_t)builder->unit_terms.n,
                              .xtriggers = (uint32_t)builder->unit_xtriggers.n};
    text_clear(&builder->text);
    int code = lower(builder, root, NODE_TASK, false, error);
    if (code < 0)
        return code;
    unit.n_terms = (uint32_t)builder->unit_terms.n - unit.terms;
    unit.n_xtriggers = (uint32_t)builder->unit_xtriggers.n - unit.xtriggers;
    if (unit.n_terms)
        unit.text = arena_text(&builder->arena, (struct slice){builder->text.at, builder->text.n});
    *vec_push(&builder->units) = unit;
    return 0;
}

static int lower_element(struct graph_builder *builder, const struct graph_element *element,
                         struct error *error)
{
    vec_clear(&builder->units);
    vec_clear(&builder->unit_terms);
    vec_clear(&builder->unit_xtriggers);
    int code = 0;
    EACH_LEAF(builder, element, node)
    if (node->suicide)
        return graph_statement_error(builder->statement, node, error,
                                     "'!%.*s' (suicide) can only stand on the right of =>",
                                     (int)node->name.n, node->name.at);
    if (element->has_or || element->brackets)
        return add_unit(builder, element->root, error);
    EACH_LEAF(builder, element, node)
    if (code == 0)
        code = add_unit(builder, (uint32_t)(node - builder->statement->nodes.at), error);
    return code;
}

/* --- the arrow --- */

static bool waits_for_itself(const struct graph_builder *builder, const struct built_unit *unit,
                             uint32_t child)
{
    for (uint32_t i = 0; i < unit->n_terms; i++) {
        const struct built_term *term = &builder->unit_terms.at[unit->terms + i];
        if (term->kind != TERM_ATOM || term->leaf.offset != 0)
            continue;
        if (term->leaf.kind == ATOM_OUTPUT
                ? term->leaf.index == child
                : builder_group_contains(builder, term->leaf.index, child))
            return true;
    }
    return false;
}

static int connect_task(struct graph_builder *builder, const struct graph_node *node,
                        uint32_t child, struct error *error)
{
    VEC_EACH (struct built_unit, unit, &builder->units) {
        for (uint32_t i = 0; i < unit->n_xtriggers; i++)
            builder_add_xtrigger(builder, child, builder->unit_xtriggers.at[unit->xtriggers + i],
                                 false);
        if (!unit->n_terms)
            continue;
        if (!node->suicide && waits_for_itself(builder, unit, child))
            return graph_statement_error(builder->statement, node, error,
                                         "self-edge: '%.*s' would wait for itself (%s) at the same "
                                         "cycle point",
                                         (int)node->name.n, node->name.at, unit->text);
        int code = builder_dependency(builder, child, unit, node->suicide);
        if (code == -EEXIST)
            return graph_statement_error(
                builder->statement, node, error, "%s cannot trigger both %.*s and !%.*s",
                unit->text, (int)node->name.n, node->name.at, (int)node->name.n, node->name.at);
        if (code == -ENOSPC)
            return graph_statement_error(builder->statement, node, error,
                                         "the conditions of '%.*s' speak of more than %d xtriggers "
                                         "(ALTERNATIVES_MAX)",
                                         (int)node->name.n, node->name.at, (int)ALTERNATIVES_MAX);
        if (code < 0)
            return graph_statement_error(builder->statement, node, error,
                                         "the conditions of the graph have more than %zu parts "
                                         "(GRAPH_TERMS_MAX): a family trigger such as "
                                         "FAM:succeed-all is one part",
                                         builder->terms_max);
    }
    return 0;
}

static int connect(struct graph_builder *builder, const struct graph_element *left,
                   const struct graph_element *right, struct error *error)
{
    int code = lower_element(builder, left, error);
    if (code < 0)
        return code;
    EACH_LEAF(builder, right, node)
    {
        struct built_name *name = NULL;
        if (node->offset.at)
            continue;
        code = builder_name(builder, node, &name, error);
        if (code == 0 && !name->family)
            code = connect_task(builder, node, name->task, error);
        for (uint32_t i = 0; code == 0 && name->family && i < name->n_members; i++)
            code = connect_task(builder, node, name->members[i], error);
        if (code < 0)
            return code;
    }
    return 0;
}

static int apply_once(struct graph_builder *builder, struct error *error)
{
    const struct graph_statement *statement = builder->statement;
    const struct graph_element *chain = statement->chain.at;
    int code = define_head(builder, &chain[0], error);
    for (size_t i = 1; code == 0 && i < statement->chain.n; i++) {
        code = define_right(builder, &chain[i], i + 1 == statement->chain.n, error);
        if (code == 0)
            code = connect(builder, &chain[i - 1], &chain[i], error);
    }
    return code;
}

static int apply_plain(void *context, struct graph_statement *statement, struct error *error)
{
    struct graph_builder *builder = context;
    builder_statement(builder, statement);
    int code = 0;
    for (size_t i = 0; code == 0 && i < builder->headings.n; i++) {
        builder->sequence = builder->headings.at[i];
        code = apply_once(builder, error);
    }
    builder_statement(builder, NULL);
    return code;
}

int builder_apply(void *context, struct graph_statement *statement, struct error *error)
{
    const struct graph_builder *builder = context;
    return params_expand_statement(builder->params, statement, apply_plain, context, error);
}
