/* See set_items.h. */
#include "pool/set_items.h"
#include <string.h>

#include "base/banned.h"

#define BIT(output) (UINT64_C(1) << (output))

void set_items_split(struct slice text, struct slice *ret_ids, struct slice *ret_items)
{
    *ret_ids = text;
    *ret_items = (struct slice){0};
    for (size_t i = 0; i + 1 < text.n; i++)
        if (text.at[i] == '\n' && text.at[i + 1] == '\n') {
            *ret_ids = (struct slice){text.at, i};
            *ret_items = (struct slice){text.at + i + 2, text.n - i - 2};
            return;
        }
}

static bool next_item(struct slice *items, struct slice *ret_item)
{
    while (items->n) {
        const char *end = memchr(items->at, '\n', items->n);
        size_t n = end ? (size_t)(end - items->at) : items->n;
        *ret_item = slice_trim((struct slice){items->at, n});
        size_t skip = end ? n + 1 : n;
        *items = (struct slice){items->at + skip, items->n - skip};
        if (ret_item->n)
            return true;
    }
    return false;
}

/* --- outputs --- */

static const struct {
    const char *name;
    enum standard_output output;
} short_names[] = {{"expire", OUTPUT_EXPIRED},
                   {"submit", OUTPUT_SUBMITTED},
                   {"submit-fail", OUTPUT_SUBMIT_FAILED},
                   {"start", OUTPUT_STARTED},
                   {"succeed", OUTPUT_SUCCEEDED},
                   {"fail", OUTPUT_FAILED}};

static uint32_t output_of(const struct task_def *task, struct slice name)
{
    for (size_t i = 0; i < sizeof short_names / sizeof *short_names; i++)
        if (slice_equal(name, short_names[i].name))
            return short_names[i].output;
    for (uint32_t i = 0; i < task->n_outputs; i++)
        if (slice_equal(name, task->outputs[i].name))
            return i;
    return task_output_by_message(task, name.at, name.n);
}

/* Those without which the task cannot be complete, whatever else it does but for `impossible`. */
static uint64_t required_outputs(const struct workflow *workflow, uint32_t task,
                                 uint64_t impossible)
{
    const struct completion *completion = &workflow->completions[task];
    uint64_t required = 0;
    for (uint32_t output = 0; output < workflow->tasks[task].n_outputs; output++) {
        uint64_t others = ~(BIT(output) | impossible);
        if (!(impossible & BIT(output)) &&
            !terms_hold(completion->terms, completion->n_terms, &others))
            required |= BIT(output);
    }
    return required;
}

/* [[[skip]]]outputs, what else is required, and one of success and failure. */
static uint64_t skip_outputs(const struct workflow *workflow, uint32_t task)
{
    uint64_t chosen = workflow->tasks[task].skip_outputs;
    bool fails = chosen & BIT(OUTPUT_FAILED);
    uint64_t ends = BIT(OUTPUT_SUCCEEDED) | BIT(OUTPUT_FAILED);
    uint64_t required =
        required_outputs(workflow, task, BIT(fails ? OUTPUT_SUCCEEDED : OUTPUT_FAILED));
    return ((chosen ? chosen : required) & ~ends) | BIT(fails ? OUTPUT_FAILED : OUTPUT_SUCCEEDED);
}

uint64_t set_items_outputs(const struct workflow *workflow, uint32_t task, struct slice items,
                           struct text *problems)
{
    uint64_t outputs = 0;
    struct slice item;
    bool any = false;
    for (; next_item(&items, &item); any = true) {
        uint32_t output = output_of(&workflow->tasks[task], item);
        if (slice_equal(item, "required"))
            outputs |= required_outputs(workflow, task, 0);
        else if (slice_equal(item, "skip"))
            outputs |= skip_outputs(workflow, task);
        else if (output != NO_INDEX)
            outputs |= BIT(output);
        else
            text_addf(problems, "%s \"%.*s\"", problems->n ? "," : "has no output", (int)item.n,
                      item.at);
    }
    return any ? outputs : required_outputs(workflow, task, 0);
}

/* --- prerequisites --- */

struct parent {
    cycle_point point;
    uint32_t task;
    struct slice output; /* empty: succeeded */
};

static void satisfy_atom(struct pool *pool, const struct set_child *child, uint32_t atom)
{
    struct instance *instance = child->instance;
    if (!instance)
        return;
    uint64_t *bits = instance_atoms(&pool->instances, instance);
    if (bit_get(bits, atom))
        return;
    bit_set(bits, atom);
    atom_force(pool, instance, atom);
    say_prerequisite(pool, instance, atom, SATISFIED_BY_FORCE);
}

/* Which of them the instance waits for is known when it is there. */
static bool force_xtrigger(struct pool *pool, struct instance *instance, uint32_t xtrigger)
{
    return !instance || xtriggers_force(pool, instance, xtrigger);
}

static void satisfy_every(struct pool *pool, const struct set_child *child)
{
    const struct graph_task *task = &pool->workflow->graph->tasks[child->task];
    for (uint32_t d = 0; d < task->n_dependencies; d++) {
        const struct dependency *dependency = &task->dependencies[d];
        if (dependency->suicide ||
            !conditions_apply(&pool->conditions, child->task, d, child->point))
            continue;
        for (uint32_t i = 0; i < dependency->n_terms; i++)
            if (dependency->terms[i].kind == TERM_ATOM)
                satisfy_atom(pool, child, dependency->terms[i].atom);
            else if (dependency->terms[i].kind == TERM_XTRIGGER)
                force_xtrigger(pool, child->instance,
                               task->alternatives[dependency->terms[i].atom]);
    }
    if (child->instance)
        child->instance->previous_done = true;
}

static bool read_parent(const struct pool *pool, struct slice item, struct parent *ret_parent)
{
    const char *slash = memchr(item.at, '/', item.n);
    if (!slash)
        return false;
    size_t left = item.n - (size_t)(slash + 1 - item.at);
    const char *colon = memchr(slash + 1, ':', left);
    struct slice name = {slash + 1, colon ? (size_t)(colon - slash - 1) : left};
    char *cycle = slice_copy((struct slice){item.at, (size_t)(slash - item.at)});
    char *task = slice_copy(name);
    struct error error = {0};
    bool ok = workflow_point(pool->workflow, cycle, &ret_parent->point, &error) == 0;
    ret_parent->task = workflow_task(pool->workflow, task);
    ret_parent->output =
        colon ? (struct slice){colon + 1, left - name.n - 1} : slice_of("succeeded");
    free(cycle);
    free(task);
    return ok && ret_parent->task != NO_INDEX;
}

static uint32_t member_of(const struct group *group, uint32_t task)
{
    uint32_t member = 0;
    while (member < group->n_members && group->members[member] != task)
        member++;
    return member < group->n_members ? member : NO_INDEX;
}

/* True if the atom is the parent's output, or a family trigger to which the parent is a member. */
static bool satisfy_part(struct pool *pool, const struct set_child *child, uint32_t number,
                         const struct parent *parent, uint32_t output)
{
    const struct atom *atom = &pool->workflow->graph->tasks[child->task].atoms[number];
    if (atom->kind == ATOM_OUTPUT) {
        if (atom->index != parent->task || atom->output != output)
            return false;
        satisfy_atom(pool, child, number);
        return true;
    }
    const struct group *group = &pool->workflow->graph->groups[atom->index];
    uint32_t member = member_of(group, parent->task);
    if (member == NO_INDEX || !(group->outputs & BIT(output)))
        return false;
    if (child->instance)
        family_give(pool, child->instance, number, member);
    return true;
}

static bool satisfy_parent(struct pool *pool, const struct set_child *child,
                           const struct parent *parent)
{
    const struct graph_task *task = &pool->workflow->graph->tasks[child->task];
    uint32_t output = output_of(&pool->workflow->tasks[parent->task], parent->output);
    bool found = false;
    for (uint32_t a = 0; a < task->n_atoms && output != NO_INDEX; a++)
        if (conditions_mention(&pool->conditions, child->task, child->point, a) &&
            offset_apply(pool->workflow->cycling, task->atoms[a].offset, child->point) ==
                parent->point)
            found |= satisfy_part(pool, child, a, parent, output);
    return found;
}

static bool satisfy_xtrigger(struct pool *pool, struct instance *instance, struct slice label)
{
    static const char suffix[] = ":succeeded";
    size_t n = strlen(suffix);
    if (label.n > n && memcmp(label.at + label.n - n, suffix, n) == 0)
        label.n -= n;
    if (slice_equal(label, "all"))
        return force_xtrigger(pool, instance, NO_INDEX);
    for (uint32_t i = 0; i < pool->workflow->n_xtriggers; i++)
        if (slice_equal(label, pool->workflow->xtriggers[i].label))
            return force_xtrigger(pool, instance, i);
    return false;
}

/* What might have been meant. */
static void add_labels(const struct pool *pool, uint32_t task, struct text *problems)
{
    const struct graph_task *graph = &pool->workflow->graph->tasks[task];
    for (uint32_t i = 0; i < graph->n_xtriggers; i++)
        text_addf(problems, "%s%s", i ? ", " : "; its xtriggers are ",
                  pool->workflow->xtriggers[graph->xtriggers[i].xtrigger].label);
}

bool set_items_satisfy(struct pool *pool, const struct set_child *child, struct slice items,
                       struct text *problems)
{
    static const char xtrigger[] = "xtrigger/";
    size_t n = strlen(xtrigger);
    struct slice rest = items, item;
    bool any = false, unknown_label = false;
    while (next_item(&rest, &item)) {
        struct parent parent;
        bool found = true;
        if (slice_equal(item, "all")) {
            satisfy_every(pool, child);
        } else if (item.n > n && memcmp(item.at, xtrigger, n) == 0) {
            struct slice label = {item.at + n, item.n - n};
            found = satisfy_xtrigger(pool, child->instance, label);
            unknown_label |= !found;
        } else {
            found = read_parent(pool, item, &parent) && satisfy_parent(pool, child, &parent);
        }
        any |= found;
        if (!found)
            text_addf(problems, "%s \"%.*s\"", problems->n ? "," : "does not depend on",
                      (int)item.n, item.at);
    }
    if (unknown_label)
        add_labels(pool, child->task, problems);
    return any;
}
