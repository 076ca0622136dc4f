/* See why.h. For a waiting task each thing it waits for gets a line; for one that is not in the
 * pool, what would bring it there. */
#include "coroutines/why.h"
#include "base/check.h"
#include "coroutines/show_xtrigger.h"
#include "coroutines/why_window.h"
#include "scheduler/graph/terms.h"
#include <inttypes.h>
#include <stdio.h>

#include "base/banned.h"

enum { NAME_TEXT_MAX = 320 };

static const char *length_text(int64_t microseconds, char *buffer)
{
    int64_t s = microseconds < 0 ? 0 : microseconds / 1000000;
    if (s < 60)
        snprintf(buffer, SHOW_TIME_MAX, "%" PRId64 " s", s);
    else if (s < 3600)
        snprintf(buffer, SHOW_TIME_MAX, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
    else
        snprintf(buffer, SHOW_TIME_MAX, "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
    return buffer;
}

static const char *name_of(const struct view *view, cycle_point point, uint32_t task, char *buffer)
{
    char text[POINT_TEXT_MAX];
    snprintf(buffer, NAME_TEXT_MAX, "%s/%s", point_format(view->workflow->cycling, point, text),
             view->workflow->tasks[task].name);
    return buffer;
}

/* "1/a is running" or where else it is. */
static void add_parent_state(const struct view *view, cycle_point point, uint32_t task,
                             struct text *out)
{
    const struct view_task *parent = view_find(view, point, task);
    if (parent)
        text_addf(out, " (it is %s%s)", task_status_names[parent->status],
                  parent->flags & TASK_HELD ? ", held" : "");
    else
        text_add(out, " (it is not in the pool)");
}

static void add_output_atom(const struct view *view, const struct atom *atom, cycle_point parent,
                            struct text *out)
{
    char name[NAME_TEXT_MAX];
    text_addf(out, "    %s:%s", name_of(view, parent, atom->index, name),
              view->workflow->tasks[atom->index].outputs[atom->output].name);
    add_parent_state(view, parent, atom->index, out);
    text_add_char(out, '\n');
}

/* A family trigger: the members that are missing, a few by name. */
static void add_group_atom(const struct view *view, const struct view_task *task, uint32_t number,
                           const struct atom *atom, cycle_point parent, struct text *out)
{
    enum { SHOWN = 10 };
    const struct group *group = &view->workflow->graph->groups[atom->index];
    uint32_t missing = 0;
    struct text names = {0};
    for (uint32_t m = 0; m < group->n_members; m++) {
        if (view_member(view, task, atom, number, parent, m) != SATISFIED_NO_LONGER)
            continue;
        char name[NAME_TEXT_MAX];
        if (missing++ < SHOWN)
            text_addf(&names, " %s", name_of(view, parent, group->members[m], name));
    }
    char point[POINT_TEXT_MAX];
    point_format(view->workflow->cycling, parent, point);
    text_addf(out, "    %s/%s: %" PRIu32 " of %" PRIu32 " members have not, among them:%s%s\n",
              point, group->name, missing, group->n_members, text_string(&names),
              missing > SHOWN ? " ..." : "");
    text_release(&names);
}

static bool is_satisfied(const struct view *view, const struct view_task *task, uint32_t index,
                         cycle_point parent)
{
    return parent < view->workflow->start || (task && view_bit(task->satisfied, index));
}

/* A task's conditions, at a point. */
struct conditions_of {
    const struct view *view;
    const struct view_task *task; /* NULL: it is not in the pool */
    const struct graph_task *graph;
    cycle_point point;
};

static bool leaf_holds(const void *context, const struct term *leaf)
{
    const struct conditions_of *of = context;
    if (leaf->kind == TERM_XTRIGGER) {
        const struct view_xtrigger *seen =
            view_xtrigger_of(of->task, of->graph->alternatives[leaf->atom]);
        return seen && seen->satisfied;
    }
    const struct offset *offset = of->graph->atoms[leaf->atom].offset;
    return is_satisfied(of->view, of->task, leaf->atom,
                        offset_apply(of->view->workflow->cycling, offset, of->point));
}

/* It stands in the way. */
static bool dependency_is_open(const struct conditions_of *of, const struct dependency *dependency)
{
    const struct graph_sequence *on = &of->view->workflow->graph->sequences[dependency->sequence];
    return !dependency->suicide && sequence_contains(on->sequence, of->point) &&
           !terms_evaluate(dependency->terms, dependency->n_terms, leaf_holds, of);
}

static bool speaks_of(const struct conditions_of *of, const struct dependency *dependency,
                      uint32_t xtrigger)
{
    for (uint32_t t = 0; t < dependency->n_terms; t++)
        if (dependency->terms[t].kind == TERM_XTRIGGER &&
            of->graph->alternatives[dependency->terms[t].atom] == xtrigger)
            return true;
    return false;
}

/* In any case, or by a condition that does not hold yet. */
static bool waits_for_xtrigger(const struct conditions_of *of, uint32_t xtrigger)
{
    for (uint32_t i = 0; i < of->graph->n_xtriggers; i++)
        if (of->graph->xtriggers[i].xtrigger == xtrigger && !of->graph->xtriggers[i].alternative)
            return true;
    for (uint32_t d = 0; d < of->graph->n_dependencies; d++)
        if (dependency_is_open(of, &of->graph->dependencies[d]) &&
            speaks_of(of, &of->graph->dependencies[d], xtrigger))
            return true;
    return false;
}

/* An xtrigger of the condition; more of it is said further below. */
static void add_alternative(const struct view *view, const struct view_task *task,
                            uint32_t xtrigger, struct text *out)
{
    const struct view_xtrigger *seen = view_xtrigger_of(task, xtrigger);
    if (!seen || !seen->satisfied)
        text_addf(out, "    @%s\n", view->workflow->xtriggers[xtrigger].label);
}

/* Lines for the atoms of one dependency that are not satisfied. */
static void add_dependency(const struct view *view, const struct view_task *task,
                           const struct dependency *dependency, cycle_point point, uint32_t index,
                           struct text *out)
{
    const struct graph_task *graph = &view->workflow->graph->tasks[index];
    struct text lines = {0};
    for (uint32_t t = 0; t < dependency->n_terms; t++) {
        uint32_t number = dependency->terms[t].atom;
        if (dependency->terms[t].kind == TERM_XTRIGGER)
            add_alternative(view, task, graph->alternatives[number], &lines);
        if (dependency->terms[t].kind != TERM_ATOM)
            continue;
        const struct atom *atom = &graph->atoms[number];
        cycle_point parent = offset_apply(view->workflow->cycling, atom->offset, point);
        if (is_satisfied(view, task, number, parent))
            continue;
        if (atom->kind == ATOM_GROUP)
            add_group_atom(view, task, number, atom, parent, &lines);
        else
            add_output_atom(view, atom, parent, &lines);
    }
    if (lines.n)
        text_addf(out, "  waits for: %s\n%s", dependency->text, text_string(&lines));
    text_release(&lines);
}

static void add_dependencies(const struct view *view, const struct view_task *task,
                             cycle_point point, uint32_t index, struct text *out)
{
    const struct graph_task *graph = &view->workflow->graph->tasks[index];
    const struct conditions_of of = {view, task, graph, point};
    for (uint32_t d = 0; d < graph->n_dependencies; d++)
        if (dependency_is_open(&of, &graph->dependencies[d]))
            add_dependency(view, task, &graph->dependencies[d], point, index, out);
}

/* Of a window, if the task waits for either end of it. */
static bool is_waited_for(const struct view *view, const struct view_task *task, uint32_t xtrigger)
{
    const struct conditions_of of = {view, task, &view->workflow->graph->tasks[task->key.index],
                                     task->key.point};
    if (xtrigger == NO_INDEX || waits_for_xtrigger(&of, xtrigger))
        return true;
    const struct xtrigger_window *window = view->workflow->xtriggers[xtrigger].window;
    return window && xtrigger != window->xtrigger &&
           (waits_for_xtrigger(&of, window->xtrigger) || waits_for_xtrigger(&of, window->timeout));
}

/* The timeout of a window, without what it times. */
static bool waits_for_timeout(const struct view *view, const struct view_task *task,
                              uint32_t xtrigger)
{
    const struct conditions_of of = {view, task, &view->workflow->graph->tasks[task->key.index],
                                     task->key.point};
    const struct xtrigger_window *window =
        xtrigger == NO_INDEX ? NULL : view->workflow->xtriggers[xtrigger].window;
    return window && xtrigger == window->timeout && waits_for_xtrigger(&of, xtrigger) &&
           !waits_for_xtrigger(&of, window->xtrigger);
}

static void add_xtriggers(const struct view *view, const struct view_task *task, struct text *out)
{
    VEC_EACH (const struct view_xtrigger, xtrigger, &task->xtriggers) {
        if (xtrigger->satisfied || !is_waited_for(view, task, xtrigger->xtrigger) ||
            window_explain(view, task, xtrigger, waits_for_timeout(view, task, xtrigger->xtrigger),
                           out))
            continue;
        if (xtrigger->xtrigger == NO_INDEX)
            text_addf(out, "  waits for its retry delay: %s\n", xtrigger->signature);
        else if (view_message(view, xtrigger))
            text_addf(out, "  waits for external trigger \"%s\"\n", view_message(view, xtrigger));
        else
            text_addf(out, "  waits for xtrigger @%s: %s\n",
                      view->workflow->xtriggers[xtrigger->xtrigger].label, xtrigger->signature);
        show_asked(view, xtrigger->signature, "    ", out);
    }
}

static void add_flags(const struct view *view, const struct view_task *task, struct text *out)
{
    const struct queue_def *queue =
        &view->workflow->queues[view->workflow->tasks[task->key.index].queue];
    if (task->flags & TASK_HELD)
        text_add(out, "  is held: release it with `rouse release`\n");
    if (task->flags & TASK_RUNAHEAD) {
        char limit[POINT_TEXT_MAX] = "not known yet";
        if (view->runahead != POINT_NONE)
            point_format(view->workflow->cycling, view->runahead, limit);
        text_addf(out, "  is beyond the runahead limit: %s\n", limit);
    }
    if (task->flags & TASK_QUEUED)
        text_addf(out, "  is queued in \"%s\": limit %" PRIu32 ", active now %" PRIu32 "\n",
                  queue->name, queue->limit,
                  view->active[view->workflow->tasks[task->key.index].queue]);
    if (view->status == WORKFLOW_PAUSED && !status_is_final(task->status))
        text_add(out, "  the workflow is paused: resume it with `rouse resume`\n");
    if (view->status == WORKFLOW_STOPPING && !status_is_final(task->status))
        text_add(out, "  the workflow is stopping: nothing new is submitted\n");
}

/* A finished task that stays because it lacks required outputs. */
static void add_incomplete(const struct view *view, const struct view_task *task, struct text *out)
{
    text_addf(out, "  is incomplete: its outputs must satisfy \"%s\"; completed:",
              view->workflow->completions[task->key.index].text);
    const struct task_def *def = &view->workflow->tasks[task->key.index];
    for (uint32_t o = 0; o < def->n_outputs; o++)
        if (task->outputs >> o & 1)
            text_addf(out, " %s", def->outputs[o].name);
    text_add(out, "\n");
}

/* It ran and is gone: how often, and how that ended. */
static void add_past(const struct view *view, const struct instance_view *past, struct text *out)
{
    char name[NAME_TEXT_MAX];
    char *flows = show_flows(&past->flows);
    const struct task_def *def = &view->workflow->tasks[past->task];
    text_addf(
        out, "%s is not in the pool any more: it %s%s, submit number %02" PRIu32 ", flows %s\n",
        name_of(view, past->point, past->task, name), status_is_final(past->status) ? "" : "was ",
        task_status_names[past->status], past->submit, flows);
    free(flows);
    if (past->outputs)
        text_add(out, "  completed:");
    for (uint32_t o = 0; o < def->n_outputs; o++)
        if (past->outputs >> o & 1)
            text_addf(out, " %s", def->outputs[o].name);
    text_add(out, past->outputs ? "\n" : "");
}

static void add_absent(const struct view *view, cycle_point point, uint32_t index, struct text *out)
{
    char name[NAME_TEXT_MAX];
    name_of(view, point, index, name);
    if (!graph_task_valid_at(view->workflow->graph, index, point)) {
        text_addf(out, "%s does not exist: the task does not run at that point\n", name);
        return;
    }
    text_addf(
        out,
        "%s is not in the pool and has not run: nothing has spawned it yet, or it was removed\n",
        name);
    if (view->runahead != POINT_NONE && point > view->runahead) {
        char limit[POINT_TEXT_MAX];
        text_addf(out, "  its point is beyond the runahead limit: %s\n",
                  point_format(view->workflow->cycling, view->runahead, limit));
    }
    add_dependencies(view, NULL, point, index, out);
}

static const char *doing(const struct view_task *task)
{
    switch (task->status) {
    case STATUS_PREPARING:
        return "  its job is being recorded and launched\n";
    case STATUS_SUBMITTED:
        return "  its job is submitted and has not said that it started\n";
    case STATUS_RUNNING:
        return "  its job is running\n";
    case STATUS_WAITING:
    case STATUS_SUCCEEDED:
    case STATUS_FAILED:
    case STATUS_SUBMIT_FAILED:
    case STATUS_EXPIRED:
    case STATUSES:
        break;
    }
    return "";
}

void why_instance(const struct view *view, const struct instance_view *instance, int64_t now,
                  struct text *out)
{
    const struct view_task *task = instance->live;
    cycle_point point = instance->point;
    uint32_t index = instance->task;
    if (!task && instance->past && instance->status != STATUS_WAITING)
        add_past(view, instance, out);
    else if (!task)
        add_absent(view, point, index, out);
    if (!task)
        return;
    char name[NAME_TEXT_MAX], since[SHOW_TIME_MAX], length[SHOW_TIME_MAX];
    text_addf(out, "%s is %s", name_of(view, point, index, name), task_status_names[task->status]);
    if (task->since)
        text_addf(out, " since %s (%s)", show_time(task->since, since),
                  length_text(now - task->since, length));
    if (task->submit)
        text_addf(out, ", submit number %02" PRIu32, task->submit);
    text_add(out, "\n");
    text_add(out, doing(task));
    if (task->status == STATUS_WAITING) {
        if (!(task->flags & (TASK_RETRYING | TASK_MANUAL)))
            add_dependencies(view, task, point, index, out);
        add_xtriggers(view, task, out);
    }
    add_flags(view, task, out);
    if (task->flags & TASK_INCOMPLETE)
        add_incomplete(view, task, out);
}

void why_workflow(const struct view *view, struct text *out)
{
    bool stalled = view->workflow_flags & WORKFLOW_STALLED;
    /* Of one that just runs the reason is how it came to: of no use now. */
    bool explained = view->reason && *view->reason && (stalled || view->status != WORKFLOW_RUNNING);
    text_addf(out, "the workflow is %s%s%s%s\n", workflow_status_names[view->status],
              stalled ? ", stalled" : "", explained ? ": " : "", explained ? view->reason : "");
    for (int status = 0; status < STATUSES; status++)
        if (view->by_status[status])
            text_addf(out, "  %s: %" PRIu64 "\n", task_status_names[status],
                      view->by_status[status]);
}
