/* From the builder's arrays to the graph: sort by owner, count, place; all of it in one arena,
 * which was the builder's. */
#include "base/check.h"
#include "scheduler/graph/builder.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

/* What graph_destroy frees. `graph` is first. */
struct graph_storage {
    struct graph graph;
    struct arena arena;
};

struct compiler {
    struct graph_builder *builder;
    uint32_t n_tasks;
    struct graph_task *tasks;
    struct group *groups;
    size_t *slots; /* by task: where its outputs' edges begin in `edges`; groups follow */
    struct edges *edges;
    size_t n_slots;
};

void graph_destroy(struct graph *graph)
{
    if (!graph)
        return;
    for (uint32_t i = 0; i < graph->n_sequences; i++)
        sequence_destroy((struct sequence *)graph->sequences[i].sequence);
    struct arena arena = ((struct graph_storage *)graph)->arena;
    arena_release(&arena); /* the graph itself is in it */
}

/* --- checks that need everything to be read --- */

static int check_outputs(struct compiler *compiler, struct error *error)
{
    const struct graph_names *names = &compiler->builder->names;
    for (uint32_t i = 0; i < compiler->n_tasks; i++) {
        uint32_t n = names->n_outputs ? names->n_outputs(names->context, i) : OUTPUT_CUSTOM;
        char buffer[GRAPH_NAME_MAX + 1];
        PRE(n >= OUTPUT_CUSTOM);
        if (n > OUTPUTS_MAX) {
            error_set(error, -EINVAL, "task '%s' has %u outputs: at most %d (OUTPUTS_MAX)",
                      builder_task_name(compiler->builder, i, buffer), n, (int)OUTPUTS_MAX);
            return builder_where(compiler->builder, i, error);
        }
        compiler->tasks[i].n_outputs = n;
        compiler->n_slots += n;
    }
    return 0;
}

static int no_recurrence(const struct graph_builder *builder, uint32_t parent, uint32_t child,
                         struct error *error)
{
    char buffer[2][GRAPH_NAME_MAX + 1];
    const char *name = builder_task_name(builder, parent, buffer[0]);
    error_set(
        error, -EINVAL,
        "no recurrence is defined for task '%s', on which '%s' depends: it stands in the graph "
        "with an offset only; expected it without offset under some recurrence too",
        name, builder_task_name(builder, child, buffer[1]));
    return builder_where(builder, parent, error);
}

/* Every parent must run somewhere. */
static int check_parents(const struct compiler *compiler, struct error *error)
{
    const struct graph_builder *builder = compiler->builder;
    VEC_EACH (struct built_atom, atom, &builder->atoms) {
        if (atom->leaf.kind == ATOM_OUTPUT && !compiler->tasks[atom->leaf.index].n_sequences)
            return no_recurrence(builder, atom->leaf.index, atom->child, error);
    }
    VEC_EACH (struct built_group, group, &builder->groups)
        for (uint32_t i = 0; i < group->family->n_members; i++)
            if (!compiler->tasks[group->family->members[i]].n_sequences)
                return no_recurrence(builder, group->family->members[i], group->family->members[i],
                                     error);
    return 0;
}

static int check_xtrigger_names(const struct graph_builder *builder, struct error *error)
{
    for (const struct built_xtrigger_name *x = builder->xtrigger_names; x; x = x->hh.next) {
        const struct built_name *name = NULL;
        HASH_FIND_STR(builder->names_by_text, x->name, name);
        if (!name)
            continue;
        const struct built_section *section = &builder->sections.at[x->section];
        error_set(error, -EINVAL, "'%s' is the name of a task and of xtrigger @%s: rename one",
                  x->name, x->name);
        return error_where(error, section->file, (int)x->line, section->recurrence);
    }
    return 0;
}

/* --- placing what belongs to tasks --- */

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void place_sequences(struct compiler *compiler)
{
    struct graph_builder *builder = compiler->builder;
    uint32_t **next = NEW_ARRAY(uint32_t *, compiler->n_tasks);
    VEC_EACH (struct task_pair, pair, &builder->task_sequences)
        compiler->tasks[pair->task].n_sequences++;
    for (uint32_t i = 0; i < compiler->n_tasks; i++) {
        next[i] = arena_new_array(&builder->arena, compiler->tasks[i].n_sequences, sizeof **next);
        compiler->tasks[i].sequences = next[i];
    }
    VEC_EACH (struct task_pair, pair, &builder->task_sequences)
        *next[pair->task]++ = pair->value;
    for (uint32_t i = 0; i < compiler->n_tasks; i++) {
        struct graph_task *task = &compiler->tasks[i];
        uint32_t *all = next[i] - task->n_sequences, n = 0;
        qsort(all, task->n_sequences, sizeof *all, compare_u32);
        for (uint32_t s = 0; s < task->n_sequences; s++)
            if (n == 0 || all[s] != all[n - 1])
                all[n++] = all[s];
        task->n_sequences = n;
    }
    free(next);
}

static void place_atoms(struct compiler *compiler)
{
    struct graph_builder *builder = compiler->builder;
    struct atom **atoms = NEW_ARRAY(struct atom *, compiler->n_tasks);
    struct offset *offsets = arena_new_array(&builder->arena, builder->offsets.n, sizeof *offsets);
    for (size_t i = 0; i < builder->offsets.n; i++)
        offsets[i] = builder->offsets.at[i].offset;
    for (uint32_t i = 0; i < builder->tasks.n; i++) {
        uint32_t n = builder->tasks.at[i].n_atoms;
        atoms[i] = arena_new_array(&builder->arena, n, sizeof **atoms);
        compiler->tasks[i].atoms = atoms[i];
        compiler->tasks[i].n_atoms = n;
    }
    VEC_EACH (struct built_atom, from, &builder->atoms) {
        struct atom *atom = &atoms[from->child][from->number];
        atom->kind = from->leaf.kind;
        atom->index = from->leaf.index;
        atom->output = from->leaf.output;
        atom->offset = &offsets[from->leaf.offset];
    }
    free(atoms);
}

static void place_dependencies(struct compiler *compiler)
{
    struct graph_builder *builder = compiler->builder;
    struct term *terms = arena_new_array(&builder->arena, builder->terms.n, sizeof *terms);
    if (builder->terms.n)
        memcpy(terms, builder->terms.at, builder->terms.n * sizeof *terms);
    struct dependency **next = NEW_ARRAY(struct dependency *, compiler->n_tasks);
    VEC_EACH (struct built_dependency, from, &builder->dependencies)
        compiler->tasks[from->child].n_dependencies++;
    for (uint32_t i = 0; i < compiler->n_tasks; i++) {
        next[i] =
            arena_new_array(&builder->arena, compiler->tasks[i].n_dependencies, sizeof **next);
        compiler->tasks[i].dependencies = next[i];
    }
    VEC_EACH (struct built_dependency, from, &builder->dependencies)
        *next[from->child]++ = (struct dependency){.sequence = from->sequence,
                                                   .suicide = from->suicide,
                                                   .terms = terms + from->terms,
                                                   .n_terms = from->n_terms,
                                                   .text = from->text};
    free(next);
}

static void place_xtriggers(struct compiler *compiler)
{
    struct graph_builder *builder = compiler->builder;
    struct graph_xtrigger **next = NEW_ARRAY(struct graph_xtrigger *, compiler->n_tasks);
    VEC_EACH (struct built_xtrigger, from, &builder->xtriggers)
        compiler->tasks[from->task].n_xtriggers++;
    for (uint32_t i = 0; i < compiler->n_tasks; i++) {
        next[i] = arena_new_array(&builder->arena, compiler->tasks[i].n_xtriggers, sizeof **next);
        compiler->tasks[i].xtriggers = next[i];
    }
    VEC_EACH (struct built_xtrigger, from, &builder->xtriggers)
        *next[from->task]++ = (struct graph_xtrigger){.sequence = from->sequence,
                                                      .xtrigger = from->xtrigger,
                                                      .alternative = from->alternative};
    free(next);
}

static void place_alternatives(struct compiler *compiler)
{
    struct graph_builder *builder = compiler->builder;
    uint32_t **of_task = NEW_ARRAY(uint32_t *, compiler->n_tasks);
    for (uint32_t i = 0; i < builder->tasks.n; i++) {
        uint32_t n = builder->tasks.at[i].n_alternatives;
        of_task[i] = arena_new_array(&builder->arena, n, sizeof **of_task);
        compiler->tasks[i].alternatives = of_task[i];
        compiler->tasks[i].n_alternatives = n;
    }
    VEC_EACH (struct built_alternative, from, &builder->alternatives)
        of_task[from->task][from->number] = from->xtrigger;
    free(of_task);
}

static int place_needs(struct compiler *compiler, struct error *error)
{
    struct graph_builder *builder = compiler->builder;
    enum output_need *needs = arena_new_array(&builder->arena, compiler->n_slots, sizeof *needs);
    for (uint32_t i = 0; i < compiler->n_tasks; i++) {
        struct graph_task *task = &compiler->tasks[i];
        int code = needs_settle(builder, i, needs, task->n_outputs, error);
        if (code < 0)
            return code;
        task->needs = needs;
        needs += task->n_outputs;
    }
    return 0;
}

static void place_groups(struct compiler *compiler)
{
    struct graph_builder *builder = compiler->builder;
    compiler->groups =
        arena_new_array(&builder->arena, builder->groups.n, sizeof *compiler->groups);
    for (size_t i = 0; i < builder->groups.n; i++) {
        const struct built_group *from = &builder->groups.at[i];
        const struct family_qualifier *qualifier = &family_qualifiers[from->qualifier];
        struct group *group = &compiler->groups[i];
        char name[GRAPH_NAME_MAX + 32];
        size_t n = strlen(from->family->name);
        PRE(n <= GRAPH_NAME_MAX);
        memcpy(name, from->family->name, n);
        name[n++] = ':';
        memcpy(name + n, qualifier->name, strlen(qualifier->name));
        n += strlen(qualifier->name);
        group->name = arena_text(&builder->arena, (struct slice){name, n});
        group->all = qualifier->all;
        group->outputs = qualifier->outputs;
        group->members = from->family->members;
        group->n_members = from->family->n_members;
    }
}

/* --- edges --- */

/* Called with each edge and the slot it belongs to. */
typedef void edge_handler(struct compiler *compiler, size_t slot, const struct edge *edge);

static size_t group_slot(const struct compiler *compiler, uint32_t group)
{
    return compiler->slots[compiler->n_tasks] + group;
}

static void each_task_edge(struct compiler *compiler, edge_handler *handle)
{
    for (uint32_t child = 0; child < compiler->n_tasks; child++) {
        const struct graph_task *task = &compiler->tasks[child];
        for (uint32_t d = 0; d < task->n_dependencies; d++) {
            const struct dependency *dependency = &task->dependencies[d];
            for (uint32_t t = 0; t < dependency->n_terms; t++) {
                if (dependency->terms[t].kind != TERM_ATOM)
                    continue;
                uint32_t number = dependency->terms[t].atom;
                const struct atom *atom = &task->atoms[number];
                size_t slot = atom->kind == ATOM_GROUP
                                  ? group_slot(compiler, atom->index)
                                  : compiler->slots[atom->index] + atom->output;
                INVARIANT(atom->kind == ATOM_GROUP ||
                          atom->output < compiler->tasks[atom->index].n_outputs);
                handle(compiler, slot,
                       &(struct edge){.kind = EDGE_TASK,
                                      .index = child,
                                      .atom = number,
                                      .sequence = dependency->sequence,
                                      .suicide = dependency->suicide});
            }
        }
    }
}

static void each_group_edge(struct compiler *compiler, edge_handler *handle)
{
    for (uint32_t g = 0; g < compiler->builder->groups.n; g++) {
        const struct group *group = &compiler->groups[g];
        for (uint32_t m = 0; m < group->n_members; m++)
            for (uint32_t output = 0; output < OUTPUT_CUSTOM; output++)
                if (group->outputs >> output & 1)
                    handle(compiler, compiler->slots[group->members[m]] + output,
                           &(struct edge){
                               .kind = EDGE_GROUP, .index = g, .atom = m, .sequence = NO_INDEX});
    }
}

static void count_edge(struct compiler *compiler, size_t slot, const struct edge *edge)
{
    (void)edge;
    compiler->edges[slot].n++;
}

static void put_edge(struct compiler *compiler, size_t slot, const struct edge *edge)
{
    struct edges *edges = &compiler->edges[slot];
    ((struct edge *)edges->at)[edges->n++] = *edge;
}

static int compare_edges(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    if (x->atom != y->atom)
        return x->atom < y->atom ? -1 : 1;
    if (x->sequence != y->sequence)
        return x->sequence < y->sequence ? -1 : 1;
    return (int)x->suicide - (int)y->suicide;
}

/* An atom may stand in several dependencies of a child: one edge each way is enough. */
static void sort_edges(struct edges *edges)
{
    struct edge *all = (struct edge *)edges->at;
    uint32_t n = 0;
    qsort(all, edges->n, sizeof *all, compare_edges);
    for (uint32_t i = 0; i < edges->n; i++)
        if (n == 0 || compare_edges(&all[i], &all[n - 1]) != 0)
            all[n++] = all[i];
    edges->n = n;
}

static void place_edges(struct compiler *compiler)
{
    struct graph_builder *builder = compiler->builder;
    size_t slots = 0, n_groups = builder->groups.n;
    compiler->slots = NEW_ARRAY(size_t, (size_t)compiler->n_tasks + 1);
    for (uint32_t i = 0; i < compiler->n_tasks; i++) {
        compiler->slots[i] = slots;
        slots += compiler->tasks[i].n_outputs;
    }
    compiler->slots[compiler->n_tasks] = slots;
    compiler->edges = arena_new_array(&builder->arena, slots + n_groups, sizeof(struct edges));
    each_task_edge(compiler, count_edge);
    each_group_edge(compiler, count_edge);
    for (size_t i = 0; i < slots + n_groups; i++) {
        struct edges *edges = &compiler->edges[i];
        edges->at =
            edges->n ? arena_new_array(&builder->arena, edges->n, sizeof(struct edge)) : NULL;
        edges->n = 0;
    }
    each_task_edge(compiler, put_edge);
    each_group_edge(compiler, put_edge);
    for (size_t i = 0; i < slots + n_groups; i++)
        if (compiler->edges[i].n > 1)
            sort_edges(&compiler->edges[i]);
    for (uint32_t i = 0; i < compiler->n_tasks; i++)
        compiler->tasks[i].edges = compiler->edges + compiler->slots[i];
    for (uint32_t g = 0; g < n_groups; g++)
        compiler->groups[g].edges = compiler->edges[group_slot(compiler, g)];
    free(compiler->slots);
}

/* --- all together --- */

static struct graph *finish(struct compiler *compiler)
{
    struct graph_builder *builder = compiler->builder;
    struct graph_sequence *sequences =
        arena_new_array(&builder->arena, builder->sequences.n, sizeof *sequences);
    for (size_t i = 0; i < builder->sequences.n; i++)
        sequences[i] = (struct graph_sequence){builder->sequences.at[i].sequence,
                                               builder->sequences.at[i].text};
    struct graph_storage *storage = arena_new(&builder->arena, sizeof *storage);
    storage->graph = (struct graph){.sequences = sequences,
                                    .n_sequences = (uint32_t)builder->sequences.n,
                                    .groups = compiler->groups,
                                    .n_groups = (uint32_t)builder->groups.n,
                                    .tasks = compiler->tasks,
                                    .n_tasks = compiler->n_tasks};
    builder->built = true;
    HASH_CLEAR(hh, builder->names_by_text);
    HASH_CLEAR(hh, builder->xtrigger_names);
    storage->arena = builder->arena;
    builder->arena = (struct arena){0};
    return &storage->graph;
}

struct graph *graph_build(struct graph_builder *builder, uint32_t n_tasks, struct error *error)
{
    PRE(!builder->built && builder->tasks.n <= n_tasks);
    struct compiler compiler = {
        .builder = builder,
        .n_tasks = n_tasks,
        .tasks = arena_new_array(&builder->arena, n_tasks, sizeof(struct graph_task))};
    if (check_xtrigger_names(builder, error) < 0 || check_outputs(&compiler, error) < 0)
        return NULL;
    place_sequences(&compiler);
    if (check_parents(&compiler, error) < 0 || place_needs(&compiler, error) < 0)
        return NULL;
    place_atoms(&compiler);
    place_dependencies(&compiler);
    place_xtriggers(&compiler);
    place_alternatives(&compiler);
    place_groups(&compiler);
    place_edges(&compiler);
    return finish(&compiler);
}
