/* See prerequisites.h.
 *
 * A dependency is postfix over atoms. It becomes a list of conditions (sorted and without doubles:
 * their place is their number in the expression) and an infix text. Prerequisites before the start
 * count as satisfied. */
#include "coroutines/prerequisites.h"
#include "base/check.h"
#include "scheduler/graph/terms.h"
#include <string.h>

#include "base/banned.h"

struct condition {
    char *id;           /* "1/a" */
    const char *output; /* "succeeded" */
    const char *message;
    bool satisfied;
};

struct expansion {
    const struct view *view;
    const struct instance_view *instance;
    VEC(struct condition) conditions;
};

/* --- conditions --- */

static int compare_conditions(const void *a, const void *b)
{
    const struct condition *left = a, *right = b;
    int by_id = strcmp(left->id, right->id);
    return by_id ? by_id : strcmp(left->output, right->output);
}

static size_t number_of(const struct expansion *self, const char *id, const char *output)
{
    const struct condition key = {.id = (char *)(uintptr_t)id, .output = output};
    const struct condition *found =
        bsearch(&key, self->conditions.at, self->conditions.n, sizeof key, compare_conditions);
    return found ? (size_t)(found - self->conditions.at) : 0;
}

static void add_condition(struct expansion *self, cycle_point parent, uint32_t task,
                          const char *output, const char *satisfied)
{
    *vec_push(&self->conditions) =
        (struct condition){.id = show_name(self->view, parent, task),
                           .output = output,
                           .message = satisfied ? satisfied : "unsatisfied",
                           .satisfied = satisfied != NULL};
}

static cycle_point parent_of(const struct expansion *self, const struct atom *atom)
{
    return offset_apply(self->view->workflow->cycling, atom->offset, self->instance->point);
}

static const char *const how[] = {[SATISFIED_NATURALLY] = "satisfied naturally",
                                  [SATISFIED_FROM_DATABASE] = "satisfied from database",
                                  [SATISFIED_BY_FORCE] = "force satisfied"};

/* How the atom was satisfied; NULL: it is not. */
static const char *how_satisfied(const struct expansion *self, uint32_t number, cycle_point parent)
{
    const struct view_task *live = self->instance->live;
    if (live && view_bit(live->satisfied, number))
        return how[live->how ? live->how[number] : SATISFIED_NATURALLY];
    if (parent < self->view->workflow->start || self->instance->past)
        return how[SATISFIED_NATURALLY];
    return NULL;
}

static const struct atom *atom_of(const struct expansion *self, uint32_t number)
{
    return &self->view->workflow->graph->tasks[self->instance->task].atoms[number];
}

static enum satisfied_how member_how(const struct expansion *self, uint32_t number, uint32_t member)
{
    const struct atom *atom = atom_of(self, number);
    return view_member(self->view, self->instance->live, atom, number, parent_of(self, atom),
                       member);
}

/* A family trigger is shown by its members: what satisfied it as a whole satisfied each of them,
 * unless it was some of them. */
static void add_group(struct expansion *self, uint32_t number, const char *satisfied)
{
    const struct atom *atom = atom_of(self, number);
    const struct group *group = &self->view->workflow->graph->groups[atom->index];
    cycle_point parent = parent_of(self, atom);
    bool by_members =
        !satisfied || (self->instance->live && satisfied == how[SATISFIED_NATURALLY] &&
                       parent >= self->view->workflow->start);
    for (uint32_t m = 0; m < group->n_members; m++) {
        enum satisfied_how as = member_how(self, number, m);
        const char *member = as == SATISFIED_NO_LONGER ? NULL : how[as];
        for (uint32_t o = 0; o < OUTPUT_CUSTOM; o++)
            if (group->outputs >> o & 1)
                add_condition(self, parent, group->members[m], standard_output_names[o],
                              by_members ? member : satisfied);
    }
}

/* An xtrigger, under the names that `set --pre` knows it by: "xtrigger/x" and its output. */
struct xtrigger_condition {
    char *id;
    const char *output;
    bool satisfied;
};

static struct xtrigger_condition xtrigger_condition(const struct expansion *self, uint32_t number)
{
    const struct workflow *workflow = self->view->workflow;
    uint32_t index = workflow->graph->tasks[self->instance->task].alternatives[number];
    const struct xtrigger_window *window = workflow->xtriggers[index].window;
    bool timeout = xtrigger_is_clock(workflow, index);
    const struct view_xtrigger *seen = view_xtrigger_of(self->instance->live, index);
    return (struct xtrigger_condition){
        .id = str_format("xtrigger/%s",
                         workflow->xtriggers[timeout ? window->xtrigger : index].label),
        .output = timeout ? "timeout" : standard_output_names[OUTPUT_SUCCEEDED],
        .satisfied = (seen && seen->satisfied) || self->instance->past};
}

static void add_xtrigger(struct expansion *self, uint32_t number)
{
    struct xtrigger_condition is = xtrigger_condition(self, number);
    *vec_push(&self->conditions) =
        (struct condition){.id = is.id,
                           .output = is.output,
                           .message = is.satisfied ? "satisfied naturally" : "unsatisfied",
                           .satisfied = is.satisfied};
}

static void add_conditions(struct expansion *self, const struct dependency *dependency)
{
    for (uint32_t t = 0; t < dependency->n_terms; t++) {
        if (dependency->terms[t].kind == TERM_XTRIGGER)
            add_xtrigger(self, dependency->terms[t].atom);
        if (dependency->terms[t].kind != TERM_ATOM)
            continue;
        const struct atom *atom = atom_of(self, dependency->terms[t].atom);
        cycle_point parent = parent_of(self, atom);
        const char *satisfied = how_satisfied(self, dependency->terms[t].atom, parent);
        if (atom->kind == ATOM_GROUP)
            add_group(self, dependency->terms[t].atom, satisfied);
        else
            add_condition(self, parent, atom->index,
                          self->view->workflow->tasks[atom->index].outputs[atom->output].message,
                          satisfied);
    }
    qsort(self->conditions.at, self->conditions.n, sizeof *self->conditions.at, compare_conditions);
    size_t kept = 0;
    for (size_t i = 0; i < self->conditions.n; i++) {
        struct condition *each = &self->conditions.at[i];
        if (kept && !compare_conditions(each, &self->conditions.at[kept - 1]))
            free(each->id);
        else
            self->conditions.at[kept++] = *each;
    }
    self->conditions.n = kept;
}

/* --- the expression --- */

struct part { /* of an expression, already written */
    char *text;
    enum term_kind kind; /* TERM_ATOM: needs no brackets */
    bool holds;
};

static struct part join(struct part left, struct part right, enum term_kind kind)
{
    const char *const open[] = {"", "("}, *const shut[] = {"", ")"};
    bool l = left.kind != TERM_ATOM && left.kind != kind;
    bool r = right.kind != TERM_ATOM && right.kind != kind;
    struct part joined = {
        .text = str_format("%s%s%s %s %s%s%s", open[l], left.text, shut[l],
                           kind == TERM_AND ? "&" : "|", open[r], right.text, shut[r]),
        .kind = kind,
        .holds = kind == TERM_AND ? left.holds && right.holds : left.holds || right.holds};
    free(left.text);
    free(right.text);
    return joined;
}

/* The expression of one member of a family: its outputs joined by OR. */
static void write_member(const struct expansion *self, const struct group *group, uint32_t member,
                         cycle_point parent, struct text *out)
{
    char *id = show_name(self->view, parent, group->members[member]);
    bool several = group->outputs & (group->outputs - 1), first = true;
    text_add(out, several && group->all ? "(" : "");
    for (uint32_t o = 0; o < OUTPUT_CUSTOM; o++)
        if (group->outputs >> o & 1) {
            text_addf(out, "%s%zu", first ? "" : " | ",
                      number_of(self, id, standard_output_names[o]));
            first = false;
        }
    text_add(out, several && group->all ? ")" : "");
    free(id);
}

static struct part group_part(const struct expansion *self, uint32_t number, bool satisfied)
{
    const struct atom *atom = atom_of(self, number);
    const struct group *group = &self->view->workflow->graph->groups[atom->index];
    cycle_point parent = parent_of(self, atom);
    struct text out = {0};
    uint32_t n = 0;
    for (uint32_t m = 0; m < group->n_members; m++) {
        text_add(&out, m ? group->all ? " & " : " | " : "");
        write_member(self, group, m, parent, &out);
        n += member_how(self, number, m) != SATISFIED_NO_LONGER;
    }
    return (struct part){.text = text_take(&out),
                         .kind = group->n_members < 2 ? TERM_ATOM
                                 : group->all         ? TERM_AND
                                                      : TERM_OR,
                         .holds = satisfied || (group->all ? n == group->n_members : n > 0)};
}

static struct part atom_part(const struct expansion *self, uint32_t number)
{
    const struct atom *atom = atom_of(self, number);
    cycle_point parent = parent_of(self, atom);
    bool satisfied = how_satisfied(self, number, parent) != NULL;
    if (atom->kind == ATOM_GROUP)
        return group_part(self, number, satisfied);
    char *id = show_name(self->view, parent, atom->index);
    const char *output = self->view->workflow->tasks[atom->index].outputs[atom->output].message;
    struct part part = {.text = str_format("%zu", number_of(self, id, output)),
                        .kind = TERM_ATOM,
                        .holds = satisfied};
    free(id);
    return part;
}

static struct part xtrigger_part(const struct expansion *self, uint32_t number)
{
    struct xtrigger_condition is = xtrigger_condition(self, number);
    struct part part = {.text = str_format("%zu", number_of(self, is.id, is.output)),
                        .kind = TERM_ATOM,
                        .holds = is.satisfied};
    free(is.id);
    return part;
}

static struct part write_expression(const struct expansion *self,
                                    const struct dependency *dependency)
{
    VEC(struct part) stack = {0};
    for (uint32_t t = 0; t < dependency->n_terms; t++) {
        const struct term *term = &dependency->terms[t];
        if (term_is_leaf(term)) {
            *vec_push(&stack) = term->kind == TERM_ATOM ? atom_part(self, term->atom)
                                                        : xtrigger_part(self, term->atom);
            continue;
        }
        INVARIANT(stack.n >= 2);
        stack.n--;
        stack.at[stack.n - 1] = join(stack.at[stack.n - 1], stack.at[stack.n], term->kind);
    }
    INVARIANT(stack.n == 1);
    struct part whole = stack.at[0];
    vec_release(&stack);
    return whole;
}

static json_t *conditions_json(const struct expansion *self)
{
    json_t *list = json_array();
    for (size_t i = 0; i < self->conditions.n; i++) {
        const struct condition *each = &self->conditions.at[i];
        char alias[24];
        snprintf(alias, sizeof alias, "%zu", i);
        json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:b,s:s}", "exprAlias", alias, "taskId",
                                              each->id, "reqState", each->output, "satisfied",
                                              each->satisfied, "message", each->message));
    }
    return list;
}

static json_t *dependency_json(const struct view *view, const struct instance_view *instance,
                               const struct dependency *dependency)
{
    struct expansion self = {.view = view, .instance = instance};
    add_conditions(&self, dependency);
    struct part expression = write_expression(&self, dependency);
    json_t *object =
        json_pack("{s:s,s:o,s:b}", "expression", expression.text, "conditions",
                  conditions_json(&self), "satisfied", expression.holds || instance->past);
    free(expression.text);
    VEC_EACH (struct condition, each, &self.conditions)
        free(each->id);
    vec_release(&self.conditions);
    return object;
}

json_t *prerequisites_of(const struct view *view, const struct instance_view *instance)
{
    const struct graph *graph = view->workflow->graph;
    const struct graph_task *task = &graph->tasks[instance->task];
    json_t *list = json_array();
    for (uint32_t d = 0; d < task->n_dependencies; d++) {
        const struct dependency *dependency = &task->dependencies[d];
        if (!dependency->suicide &&
            sequence_contains(graph->sequences[dependency->sequence].sequence, instance->point))
            json_array_append_new(list, dependency_json(view, instance, dependency));
    }
    return list;
}
