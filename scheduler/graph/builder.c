/* The builder's arrays and tables: names, offsets, groups, atoms, dependencies, each kept once. */
#include "scheduler/graph/builder.h"
#include "base/check.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

struct graph_builder *graph_builder_create(const struct cycling *cycling, cycle_point initial,
                                           cycle_point final, const struct graph_names *names)
{
    PRE(cycling && names && names->task);
    struct graph_builder *builder = NEW(struct graph_builder);
    builder->cycling = cycling;
    builder->initial = initial;
    builder->final = final;
    builder->names = *names;
    builder->terms_max = GRAPH_TERMS_MAX;
    vec_push(&builder->offsets)->text = "";
    return builder;
}

void graph_builder_parameters(struct graph_builder *builder, const struct params *params)
{
    builder->params = params;
}

/* The names are nodes of tables, but live in the arena. */
static void release_tables(struct graph_builder *builder)
{
    HASH_CLEAR(hh, builder->names_by_text);
    HASH_CLEAR(hh, builder->xtrigger_names);
    index_set_release(&builder->offset_set);
    index_set_release(&builder->offset_value_set);
    index_set_release(&builder->sequence_set);
    index_set_release(&builder->atom_set);
    index_set_release(&builder->dependency_set);
    index_set_release(&builder->xtrigger_set);
    index_set_release(&builder->alternative_set);
}

void graph_builder_destroy(struct graph_builder *builder)
{
    if (!builder)
        return;
    text_release(&builder->text);
    vec_release(&builder->unit_xtriggers);
    vec_release(&builder->unit_terms);
    vec_release(&builder->units);
    vec_release(&builder->headings);
    vec_release(&builder->resolved);
    vec_release(&builder->task_sequences);
    vec_release(&builder->alternatives);
    vec_release(&builder->xtriggers);
    vec_release(&builder->terms);
    vec_release(&builder->dependencies);
    vec_release(&builder->atoms);
    vec_release(&builder->tasks);
    vec_release(&builder->groups);
    vec_release(&builder->offsets);
    if (!builder->built)
        VEC_EACH (struct built_sequence, sequence, &builder->sequences)
            sequence_destroy(sequence->sequence);
    vec_release(&builder->sequences);
    vec_release(&builder->sections);
    release_tables(builder);
    arena_release(&builder->arena);
    free(builder);
}

/* --- sequences and sections --- */

static uint64_t sequence_hash(const void *context, uint32_t index)
{
    const struct graph_builder *builder = context;
    return hash_text(slice_of(builder->sequences.at[index].text));
}

static bool sequence_same(const void *context, uint32_t a, uint32_t b)
{
    const struct graph_builder *builder = context;
    return strcmp(builder->sequences.at[a].text, builder->sequences.at[b].text) == 0;
}

static const struct index_set_type sequences_by_text = {sequence_hash, sequence_same};

static int add_heading(struct graph_builder *builder, struct slice recurrence, struct error *error)
{
    if (recurrence.n == 0)
        return error_set(error, -EINVAL, "empty recurrence: expected one such as R1 or P1D");
    uint32_t index = (uint32_t)builder->sequences.n;
    vec_push(&builder->sequences)->text = arena_text(&builder->arena, recurrence);
    uint32_t known = index_set_find(&builder->sequence_set, &sequences_by_text, builder, index);
    if (known != UINT32_MAX) {
        builder->sequences.n--;
    } else {
        struct built_sequence *new = &builder->sequences.at[index];
        new->sequence =
            sequence_create(builder->cycling, new->text, builder->initial, builder->final, error);
        if (!new->sequence) {
            builder->sequences.n--;
            return error->code < 0 ? error->code : -EINVAL;
        }
        known = index_set_add(&builder->sequence_set, &sequences_by_text, builder, index);
    }
    *vec_push(&builder->headings) = known;
    return 0;
}

/* The parts of a heading: commas inside of parentheses belong to a recurrence. */
static int add_headings(struct graph_builder *builder, const char *recurrence, struct error *error)
{
    vec_clear(&builder->headings);
    int depth = 0;
    const char *start = recurrence;
    for (const char *c = recurrence;; c++) {
        depth += *c == '(' ? 1 : *c == ')' ? -1 : 0;
        if (*c && (*c != ',' || depth > 0))
            continue;
        struct slice part = {start, (size_t)(c - start)};
        int code = add_heading(builder, slice_trim(part), error);
        if (code < 0)
            return code;
        if (!*c)
            return 0;
        start = c + 1;
    }
}

int graph_builder_add(struct graph_builder *builder, const char *recurrence, const char *text,
                      const char *file, int line, struct error *error)
{
    PRE(!builder->built);
    char item[ERROR_ITEM_MAX];
    snprintf(item, sizeof item, "[scheduling][graph]%s", recurrence);
    *vec_push(&builder->sections) =
        (struct built_section){.file = arena_text(&builder->arena, slice_of(file ? file : "")),
                               .recurrence = arena_text(&builder->arena, slice_of(item))};
    int code = add_headings(builder, recurrence, error);
    if (code < 0) {
        error_where(error, file, line, item);
        return code;
    }
    code = graph_parse(slice_of(text), line, builder_apply, builder, error);
    if (code < 0)
        error_where(error, file, 0, item);
    return code;
}

/* --- names --- */

static struct built_task *task_at(struct graph_builder *builder, uint32_t task)
{
    while (builder->tasks.n <= task)
        vec_push(&builder->tasks)->sequence = NO_INDEX;
    return &builder->tasks.at[task];
}

static void first_seen(struct graph_builder *builder, uint32_t index, const char *name,
                       const struct graph_node *node)
{
    struct built_task *task = task_at(builder, index);
    if (task->line)
        return;
    task->name = name;
    task->line = (uint32_t)node->line;
    task->section = (uint32_t)builder->sections.n - 1;
}

const char *builder_task_name(const struct graph_builder *builder, uint32_t task,
                              char buffer[GRAPH_NAME_MAX + 1])
{
    if (task < builder->tasks.n && builder->tasks.at[task].name)
        return builder->tasks.at[task].name;
    if (builder->names.task_name)
        return builder->names.task_name(builder->names.context, task);
    snprintf(buffer, GRAPH_NAME_MAX + 1, "task %u", (unsigned)task);
    return buffer;
}

int builder_where(const struct graph_builder *builder, uint32_t task, struct error *error)
{
    if (task >= builder->tasks.n || !builder->tasks.at[task].line)
        return error->code;
    const struct built_task *seen = &builder->tasks.at[task];
    const struct built_section *section = &builder->sections.at[seen->section];
    return error_where(error, section->file, (int)seen->line, section->recurrence);
}

static int compare_indices(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void add_members(struct graph_builder *builder, struct built_name *name,
                        const uint32_t *members, uint32_t n, const struct graph_node *node)
{
    uint32_t *copy = arena_new_array(&builder->arena, n, sizeof *copy);
    memcpy(copy, members, n * sizeof *copy);
    qsort(copy, n, sizeof *copy, compare_indices);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (i == 0 || copy[i] != copy[kept - 1])
            copy[kept++] = copy[i];
    name->members = copy;
    name->n_members = kept;
    name->family = true;
    name->groups = arena_new_array(&builder->arena, FAMILY_QUALIFIERS, sizeof *name->groups);
    for (size_t i = 0; i < FAMILY_QUALIFIERS; i++)
        name->groups[i] = NO_INDEX;
    for (uint32_t i = 0; i < kept; i++)
        first_seen(builder, copy[i], NULL, node);
}

static int find_task(struct graph_builder *builder, struct built_name *name,
                     const struct graph_node *node, struct error *error)
{
    if (strcmp(name->name, "root") == 0 || strncmp(name->name, "_cylc", 5) == 0)
        return graph_statement_error(builder->statement, node, error,
                                     "invalid task name '%s': it cannot be 'root' or start with "
                                     "'_cylc'",
                                     name->name);
    struct error reason = {0};
    name->task = builder->names.task(builder->names.context, name->name, &reason);
    if (name->task == NO_INDEX)
        return graph_statement_error(builder->statement, node, error, "%s",
                                     reason.code ? reason.text : "the task is not defined");
    first_seen(builder, name->task, name->name, node);
    builder->tasks.at[name->task].name = name->name;
    return 0;
}

static int new_name(struct graph_builder *builder, const struct graph_node *node,
                    struct built_name **ret_name, struct error *error)
{
    struct built_name *name = arena_new(&builder->arena, sizeof *name);
    name->name = arena_text(&builder->arena, node->name);
    name->task = name->sequence = NO_INDEX;
    const uint32_t *members = NULL;
    uint32_t n = 0;
    if (builder->names.family &&
        builder->names.family(builder->names.context, name->name, &members, &n)) {
        if (n == 0)
            return graph_statement_error(builder->statement, node, error,
                                         "family '%s' has no members", name->name);
        add_members(builder, name, members, n, node);
    } else {
        int code = find_task(builder, name, node, error);
        if (code < 0)
            return code;
    }
    HASH_ADD_KEYPTR(hh, builder->names_by_text, name->name, node->name.n, name);
    *ret_name = name;
    return 0;
}

static int set_polling(struct graph_builder *builder, const struct graph_node *node,
                       struct built_name *name, struct error *error)
{
    if (name->polled && slice_equal(node->polled, name->polled))
        return 0;
    if (name->polled)
        return graph_statement_error(builder->statement, node, error,
                                     "task '%s' polls '%.*s' here and '%s' elsewhere", name->name,
                                     (int)node->polled.n, node->polled.at, name->polled);
    const char *at = node->polled.at, *end = at + node->polled.n;
    const char *colons = memmem(at, node->polled.n, "::", 2);
    INVARIANT(colons);
    const char *task = colons + 2, *task_end = memchr(task, ':', (size_t)(end - task));
    struct slice output = {0};
    if (task_end)
        output = (struct slice){task_end + 1, (size_t)(end - task_end - 1)};
    else
        task_end = end;
    uint32_t standard = output.at ? standard_output_find(output) : NO_INDEX;
    if (name->family || colons == at || task == task_end || (output.at && !output.n))
        return graph_statement_error(builder->statement, node, error,
                                     "bad polling task '%s<%.*s>': expected "
                                     "TASK<WORKFLOW::TASK:OUTPUT>",
                                     name->name, (int)node->polled.n, at);
    if (!builder->names.polling)
        return graph_statement_error(builder->statement, node, error,
                                     "polling tasks such as '%s<%.*s>' are not supported here",
                                     name->name, (int)node->polled.n, at);
    if (standard < OUTPUT_CUSTOM)
        output = slice_of(standard_output_names[standard]);
    struct error reason = {0};
    const char *workflow = arena_text(&builder->arena, (struct slice){at, (size_t)(colons - at)});
    const char *polled =
        arena_text(&builder->arena, (struct slice){task, (size_t)(task_end - task)});
    if (builder->names.polling(builder->names.context, name->task, workflow, polled,
                               output.at ? arena_text(&builder->arena, output) : NULL, &reason) < 0)
        return graph_statement_error(builder->statement, node, error, "%s", reason.text);
    name->polled = arena_text(&builder->arena, node->polled);
    return 0;
}

void builder_statement(struct graph_builder *builder, const struct graph_statement *statement)
{
    builder->statement = statement;
    vec_clear(&builder->resolved);
    for (size_t i = 0; statement && i < statement->nodes.n; i++)
        vec_push(&builder->resolved)->name = NULL;
}

int builder_name(struct graph_builder *builder, const struct graph_node *node,
                 struct built_name **ret_name, struct error *error)
{
    size_t index = (size_t)(node - builder->statement->nodes.at);
    PRE(index < builder->resolved.n);
    struct built_name *name = builder->resolved.at[index].name;
    int code = 0;
    if (!name) {
        HASH_FIND(hh, builder->names_by_text, node->name.at, node->name.n, name);
        if (!name)
            code = new_name(builder, node, &name, error);
        if (code < 0)
            return code;
        INVARIANT(name);
        if (node->polled.at)
            code = set_polling(builder, node, name, error);
        if (code < 0)
            return code;
        builder->resolved.at[index].name = name;
    }
    *ret_name = name;
    return 0;
}

static uint32_t find_xtrigger(struct graph_builder *builder, const char *name)
{
    return builder->names.xtrigger ? builder->names.xtrigger(builder->names.context, name)
                                   : NO_INDEX;
}

/* "@x:timeout" is an xtrigger of its own, by the name of "x:timeout". */
static int check_output(struct graph_builder *builder, const struct graph_node *node,
                        struct error *error)
{
    int n = (int)node->name.n;
    const char *name = node->name.at;
    if (node->output.at && !slice_equal(node->output, "timeout"))
        return graph_statement_error(builder->statement, node, error,
                                     "xtrigger '@%.*s' has no output '%.*s': expected @%.*s or "
                                     "@%.*s:timeout",
                                     n, name, (int)node->output.n, node->output.at, n, name, n,
                                     name);
    if (node->optional)
        return graph_statement_error(builder->statement, node, error,
                                     "'@%.*s:timeout?': an xtrigger's output is neither required "
                                     "nor optional; write it without ?",
                                     n, name);
    return 0;
}

static int undefined_xtrigger(struct graph_builder *builder, const struct graph_node *node,
                              struct error *error)
{
    const char *name = arena_text(&builder->arena, node->name);
    if (node->output.at && find_xtrigger(builder, name) != NO_INDEX)
        return graph_statement_error(builder->statement, node, error,
                                     "'@%s:timeout' never happens: expected `until` in "
                                     "[scheduling][xtrigger windows][%s]",
                                     name, name);
    return graph_statement_error(builder->statement, node, error,
                                 "xtrigger '@%s' is not defined in [scheduling][xtriggers]", name);
}

int builder_xtrigger(struct graph_builder *builder, const struct graph_node *node,
                     uint32_t *ret_xtrigger, struct error *error)
{
    struct built_xtrigger_name *name = NULL;
    struct text full = {0};
    int code = check_output(builder, node, error);
    if (code < 0)
        return code;
    text_add_n(&full, node->name.at, node->name.n);
    text_add(&full, node->output.at ? ":timeout" : "");
    HASH_FIND(hh, builder->xtrigger_names, full.at, full.n, name);
    if (!name) {
        const char *text = arena_text(&builder->arena, (struct slice){full.at, full.n});
        uint32_t xtrigger = find_xtrigger(builder, text);
        if (xtrigger == NO_INDEX) {
            text_release(&full);
            return undefined_xtrigger(builder, node, error);
        }
        name = arena_new(&builder->arena, sizeof *name);
        *name = (struct built_xtrigger_name){.name = text,
                                             .xtrigger = xtrigger,
                                             .line = (uint32_t)node->line,
                                             .section = (uint32_t)builder->sections.n - 1};
        HASH_ADD_KEYPTR(hh, builder->xtrigger_names, name->name, full.n, name);
    }
    text_release(&full);
    *ret_xtrigger = name->xtrigger;
    return 0;
}

/* --- offsets --- */

static uint64_t offset_text_hash(const void *context, uint32_t index)
{
    const struct graph_builder *builder = context;
    return hash_text(slice_of(builder->offsets.at[index].text));
}

static bool offset_same_text(const void *context, uint32_t a, uint32_t b)
{
    const struct graph_builder *builder = context;
    return strcmp(builder->offsets.at[a].text, builder->offsets.at[b].text) == 0;
}

static const struct index_set_type offsets_by_text = {offset_text_hash, offset_same_text};

static uint64_t offset_value_hash(const void *context, uint32_t index)
{
    const struct graph_builder *builder = context;
    return offset_hash(&builder->offsets.at[index].offset);
}

static bool offset_same_value(const void *context, uint32_t a, uint32_t b)
{
    const struct graph_builder *builder = context;
    return offset_equal(&builder->offsets.at[a].offset, &builder->offsets.at[b].offset);
}

static const struct index_set_type offsets_by_value = {offset_value_hash, offset_same_value};

/* [-P0] is no offset at all. */
static uint32_t find_same_offset(struct graph_builder *builder, uint32_t index)
{
    struct offset *offset = &builder->offsets.at[index].offset;
    bool null = offset->kind == OFFSET_RELATIVE && !offset->has_truncated;
    for (unsigned i = 0; null && i < offset->n; i++)
        null = interval_is_null(&offset->term[i]);
    if (null)
        return 0;
    return index_set_add(&builder->offset_value_set, &offsets_by_value, builder, index);
}

int builder_offset(struct graph_builder *builder, const struct graph_node *node,
                   uint32_t *ret_offset, struct error *error)
{
    if (!node->offset.at) {
        *ret_offset = 0;
        return 0;
    }
    uint32_t index = (uint32_t)builder->offsets.n;
    vec_push(&builder->offsets)->text = arena_text(&builder->arena, node->offset);
    uint32_t known = index_set_find(&builder->offset_set, &offsets_by_text, builder, index);
    if (known != UINT32_MAX) {
        builder->offsets.n--;
        *ret_offset = builder->offsets.at[known].same;
        return 0;
    }
    struct built_offset *new = &builder->offsets.at[index];
    struct error reason = {0};
    if (offset_parse(builder->cycling, new->text, builder->initial, builder->final, &new->offset,
                     &reason) < 0) {
        builder->offsets.n--;
        return graph_statement_error(builder->statement, node, error, "bad offset '[%.*s]': %s",
                                     (int)node->offset.n, node->offset.at, reason.text);
    }
    new->same = find_same_offset(builder, index);
    *ret_offset = new->same;
    index_set_add(&builder->offset_set, &offsets_by_text, builder, index);
    return 0;
}

/* --- groups, atoms, dependencies --- */

uint32_t builder_group(struct graph_builder *builder, struct built_name *family, uint32_t qualifier)
{
    if (family->groups[qualifier] == NO_INDEX) {
        family->groups[qualifier] = (uint32_t)builder->groups.n;
        *vec_push(&builder->groups) =
            (struct built_group){.family = family, .qualifier = qualifier};
    }
    return family->groups[qualifier];
}

bool builder_group_contains(const struct graph_builder *builder, uint32_t group, uint32_t task)
{
    const struct built_name *family = builder->groups.at[group].family;
    return bsearch(&task, family->members, family->n_members, sizeof task, compare_indices);
}

static uint64_t atom_hash(const void *context, uint32_t index)
{
    const struct graph_builder *builder = context;
    const struct built_atom *atom = &builder->atoms.at[index];
    uint64_t hash = hash_fold(0, (uint64_t)atom->child << 32 | atom->leaf.index);
    return hash_fold(hash, (uint64_t)atom->leaf.offset << 32 | atom->leaf.output << 1 |
                               (atom->leaf.kind == ATOM_GROUP));
}

static bool atom_same(const void *context, uint32_t a, uint32_t b)
{
    const struct graph_builder *builder = context;
    const struct built_atom *x = &builder->atoms.at[a], *y = &builder->atoms.at[b];
    return x->child == y->child && x->leaf.kind == y->leaf.kind && x->leaf.index == y->leaf.index &&
           x->leaf.output == y->leaf.output && x->leaf.offset == y->leaf.offset;
}

static const struct index_set_type atoms_by_content = {atom_hash, atom_same};

uint32_t builder_atom(struct graph_builder *builder, uint32_t child, const struct built_leaf *leaf)
{
    uint32_t index = (uint32_t)builder->atoms.n;
    *vec_push(&builder->atoms) = (struct built_atom){.leaf = *leaf, .child = child};
    uint32_t known = index_set_add(&builder->atom_set, &atoms_by_content, builder, index);
    if (known == index)
        builder->atoms.at[index].number = builder->tasks.at[child].n_atoms++;
    else
        builder->atoms.n--;
    return builder->atoms.at[known].number;
}

static uint64_t dependency_hash(const void *context, uint32_t index)
{
    const struct graph_builder *builder = context;
    const struct built_dependency *dependency = &builder->dependencies.at[index];
    uint64_t hash = hash_fold(dependency->n_terms << 1 | (uint32_t)dependency->suicide,
                              (uint64_t)dependency->child << 32 | dependency->sequence);
    for (uint32_t i = 0; i < dependency->n_terms; i++) {
        const struct term *term = &builder->terms.at[dependency->terms + i];
        hash = hash_fold(hash, (uint64_t)term->atom << 2 | (uint64_t)term->kind);
    }
    return hash;
}

static bool dependency_same(const void *context, uint32_t a, uint32_t b)
{
    const struct graph_builder *builder = context;
    const struct built_dependency *x = &builder->dependencies.at[a];
    const struct built_dependency *y = &builder->dependencies.at[b];
    if (x->child != y->child || x->sequence != y->sequence || x->suicide != y->suicide ||
        x->n_terms != y->n_terms)
        return false;
    for (uint32_t i = 0; i < x->n_terms; i++) {
        const struct term *s = &builder->terms.at[x->terms + i];
        const struct term *t = &builder->terms.at[y->terms + i];
        if (s->kind != t->kind || s->atom != t->atom)
            return false;
    }
    return true;
}

static const struct index_set_type dependencies_by_content = {dependency_hash, dependency_same};

static uint64_t alternative_hash(const void *context, uint32_t index)
{
    const struct graph_builder *builder = context;
    const struct built_alternative *x = &builder->alternatives.at[index];
    return hash_fold(x->xtrigger, x->task);
}

static bool alternative_same(const void *context, uint32_t a, uint32_t b)
{
    const struct graph_builder *builder = context;
    const struct built_alternative *x = &builder->alternatives.at[a],
                                   *y = &builder->alternatives.at[b];
    return x->task == y->task && x->xtrigger == y->xtrigger;
}

static const struct index_set_type alternatives_by_content = {alternative_hash, alternative_same};

/* The number of the xtrigger among those in the task's conditions. */
static uint32_t add_alternative(struct graph_builder *builder, uint32_t task, uint32_t xtrigger)
{
    uint32_t index = (uint32_t)builder->alternatives.n;
    *vec_push(&builder->alternatives) =
        (struct built_alternative){.task = task, .xtrigger = xtrigger};
    uint32_t known =
        index_set_add(&builder->alternative_set, &alternatives_by_content, builder, index);
    if (known == index)
        builder->alternatives.at[index].number = builder->tasks.at[task].n_alternatives++;
    else
        builder->alternatives.n--;
    builder_add_xtrigger(builder, task, xtrigger, true);
    return builder->alternatives.at[known].number;
}

static uint32_t add_leaf(struct graph_builder *builder, uint32_t child,
                         const struct built_term *term)
{
    if (term->kind == TERM_ATOM)
        return builder_atom(builder, child, &term->leaf);
    return term->kind == TERM_XTRIGGER ? add_alternative(builder, child, term->leaf.index) : 0;
}

int builder_dependency(struct graph_builder *builder, uint32_t child, const struct built_unit *unit,
                       bool suicide)
{
    uint32_t index = (uint32_t)builder->dependencies.n, start = (uint32_t)builder->terms.n;
    if (builder->terms.n + unit->n_terms > builder->terms_max)
        return -E2BIG;
    for (uint32_t i = 0; i < unit->n_terms; i++) {
        const struct built_term *from = &builder->unit_terms.at[unit->terms + i];
        uint32_t number = add_leaf(builder, child, from);
        *vec_push(&builder->terms) = (struct term){.kind = from->kind, .atom = number};
    }
    if (builder->tasks.at[child].n_alternatives > ALTERNATIVES_MAX)
        return -ENOSPC;
    struct built_dependency *new = vec_push(&builder->dependencies);
    *new = (struct built_dependency){.child = child,
                                     .sequence = builder->sequence,
                                     .terms = start,
                                     .n_terms = unit->n_terms,
                                     .suicide = !suicide,
                                     .text = unit->text};
    bool opposite = index_set_find(&builder->dependency_set, &dependencies_by_content, builder,
                                   index) != UINT32_MAX;
    new->suicide = suicide;
    if (!opposite &&
        index_set_add(&builder->dependency_set, &dependencies_by_content, builder, index) == index)
        return 0;
    builder->dependencies.n--;
    builder->terms.n = start;
    return opposite ? -EEXIST : 0;
}

static uint64_t xtrigger_hash(const void *context, uint32_t index)
{
    const struct graph_builder *builder = context;
    const struct built_xtrigger *x = &builder->xtriggers.at[index];
    return hash_fold((uint64_t)x->xtrigger << 1 | x->alternative,
                     (uint64_t)x->task << 32 | x->sequence);
}

static bool xtrigger_same(const void *context, uint32_t a, uint32_t b)
{
    const struct graph_builder *builder = context;
    const struct built_xtrigger *x = &builder->xtriggers.at[a], *y = &builder->xtriggers.at[b];
    return x->task == y->task && x->sequence == y->sequence && x->xtrigger == y->xtrigger &&
           x->alternative == y->alternative;
}

static const struct index_set_type xtriggers_by_content = {xtrigger_hash, xtrigger_same};

void builder_add_xtrigger(struct graph_builder *builder, uint32_t task, uint32_t xtrigger,
                          bool alternative)
{
    uint32_t index = (uint32_t)builder->xtriggers.n;
    *vec_push(&builder->xtriggers) =
        (struct built_xtrigger){task, builder->sequence, xtrigger, alternative};
    if (index_set_add(&builder->xtrigger_set, &xtriggers_by_content, builder, index) != index)
        builder->xtriggers.n--;
}
