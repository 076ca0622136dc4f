/* See model.h. Repeats the rules until nothing changes. */
#include "tests/sim/model.h"
#include <string.h>

/* A line puts its child on its recurrence, and every parent that it names without an offset. */
static bool line_names(const struct spec *spec, const struct spec_line *line, int task)
{
    if (line->child == SPEC_NOBODY)
        return false;
    if (line->child == task)
        return true;
    for (int a = 0; a < line->n_atoms; a++) {
        const struct spec_atom *atom = &line->atoms[a];
        if (!atom->back && (atom->family ? spec->tasks[task].member : atom->task == task))
            return true;
    }
    return false;
}

bool model_task_at(const struct spec *spec, int task, int point)
{
    if (point < 1 || point > spec->final)
        return false;
    for (int i = 0; i < spec->n_lines; i++)
        if (spec_recurs(spec->lines[i].recurrence, point) &&
            line_names(spec, &spec->lines[i], task))
            return true;
    return false;
}

static bool is_required(const struct spec *spec, int task, enum spec_output output)
{
    for (int i = 0; i < spec->n_lines; i++)
        for (int a = 0; spec->lines[i].child != SPEC_NOBODY && a < spec->lines[i].n_atoms; a++) {
            const struct spec_atom *atom = &spec->lines[i].atoms[a];
            bool about = atom->family ? spec->tasks[task].member : atom->task == task;
            if (about && atom->outputs == 1u << output)
                return true;
        }
    return false;
}

bool model_is_complete(const struct spec *spec, int task, unsigned outputs)
{
    const struct spec_task *t = &spec->tasks[task];
    if (!t->optional && !(outputs & 1u << SPEC_SUCCEEDED))
        return false;
    return t->x_optional || !is_required(spec, task, SPEC_X) || (outputs & 1u << SPEC_X) != 0;
}

static bool atom_holds(const struct spec *spec, const struct model *model,
                       const struct spec_atom *atom, int point)
{
    int parent = point - atom->back;
    if (parent < 1)
        return true;
    if (!atom->family)
        return (model->outputs[atom->task][parent] & atom->outputs) != 0;
    bool all = true, any = false;
    for (int t = 0; t < spec->n_tasks; t++) {
        if (!spec->tasks[t].member)
            continue;
        bool holds = (model->outputs[t][parent] & atom->outputs) != 0;
        all = all && holds;
        any = any || holds;
    }
    return atom->all ? all : any;
}

/* Whether any parent of the atom has done something that spawns the child. */
static bool atom_spawns(const struct spec *spec, const struct model *model,
                        const struct spec_atom *atom, int point)
{
    struct spec_atom any = *atom;
    any.all = false;
    return point - atom->back >= 1 && atom_holds(spec, model, &any, point);
}

static bool is_parentless(const struct spec *spec, int task, int point)
{
    for (int i = 0; i < spec->n_lines; i++) {
        const struct spec_line *line = &spec->lines[i];
        if (line->child != task || !spec_recurs(line->recurrence, point) ||
            line->xtrigger == SPEC_OR_XTRIGGER)
            continue;
        for (int a = 0; a < line->n_atoms; a++)
            if (point - line->atoms[a].back >= 1)
                return false;
    }
    return true;
}

static bool is_spawned(const struct spec *spec, const struct model *model, int task, int point,
                       int limit)
{
    if (!model_task_at(spec, task, point) || model->removed[task][point])
        return false;
    if (is_parentless(spec, task, point)) {
        bool of_flow =
            !model->from_point || (task == model->from_task && point > model->from_point);
        if (of_flow && point <= limit)
            return true;
    }
    for (int i = 0; i < spec->n_lines; i++) {
        const struct spec_line *line = &spec->lines[i];
        if (line->child != task || !spec_recurs(line->recurrence, point))
            continue;
        for (int a = 0; a < line->n_atoms; a++)
            if (atom_spawns(spec, model, &line->atoms[a], point))
                return true;
    }
    return false;
}

static bool line_holds(const struct spec *spec, const struct model *model,
                       const struct spec_line *line, int point)
{
    bool all = true, any = false;
    for (int a = 0; a < line->n_atoms; a++) {
        bool holds = atom_holds(spec, model, &line->atoms[a], point);
        all = all && holds;
        any = any || holds;
    }
    return line->n_atoms == 0 || line->xtrigger == SPEC_OR_XTRIGGER || (line->any ? any : all);
}

static bool is_ready(const struct spec *spec, const struct model *model, int task, int point)
{
    for (int i = 0; i < spec->n_lines; i++) {
        const struct spec_line *line = &spec->lines[i];
        if (line->child == task && spec_recurs(line->recurrence, point) &&
            !line_holds(spec, model, line, point))
            return false;
    }
    return true;
}

bool model_is_left(const struct spec *spec, const struct model *model, int task, int point)
{
    if (!model->spawned[task][point])
        return false;
    return !model->ran[task][point] || !model_is_complete(spec, task, model->outputs[task][point]);
}

/* The lowest point that holds back the others: with something left in it, or still to begin. */
static int base_point(const struct spec *spec, const struct model *model, int limit)
{
    for (int point = 1; point <= spec->final; point++)
        for (int t = 0; t < spec->n_tasks; t++) {
            bool to_begin =
                point > limit && model_task_at(spec, t, point) && is_parentless(spec, t, point);
            if (model_is_left(spec, model, t, point) || to_begin)
                return point;
        }
    return spec->final;
}

static bool is_cycle(const struct spec *spec, int point)
{
    for (int i = 0; i < spec->n_lines; i++)
        if (spec_recurs(spec->lines[i].recurrence, point))
            return true;
    return false;
}

/* The runahead limit: `runahead` cycles beyond the base. */
static int limit_from(const struct spec *spec, int base)
{
    int limit = base, left = spec->runahead + 1;
    for (int point = base; point <= spec->final && left > 0; point++)
        if (is_cycle(spec, point)) {
            limit = point;
            left--;
        }
    return limit;
}

static void run(const struct spec *spec, struct model *model, int task, int point)
{
    unsigned outcome = spec_final_outcome(spec, task, point);
    model->ran[task][point] = true;
    model->outputs[task][point] |= outcome;
    model->failed[task][point] = !(outcome & 1u << SPEC_SUCCEEDED);
}

static bool spread(const struct spec *spec, struct model *model, int limit)
{
    bool changed = false;
    for (int point = 1; point <= spec->final; point++)
        for (int t = 0; t < spec->n_tasks; t++) {
            if (!model->spawned[t][point] && is_spawned(spec, model, t, point, limit))
                changed = model->spawned[t][point] = true;
            if (model->spawned[t][point] && !model->ran[t][point] && point <= limit &&
                is_ready(spec, model, t, point)) {
                changed = model->ran[t][point] = true;
                run(spec, model, t, point);
            }
        }
    return changed;
}

void model_go_on(const struct spec *spec, struct model *model)
{
    int limit = limit_from(spec, 1);
    for (;;) {
        while (spread(spec, model, limit))
            ;
        int raised = limit_from(spec, base_point(spec, model, limit));
        if (raised <= limit)
            break;
        limit = raised;
    }
    model->stalls = false;
    for (int point = 1; point <= spec->final; point++)
        for (int t = 0; t < spec->n_tasks; t++)
            model->stalls = model->stalls || model_is_left(spec, model, t, point);
}

void model_run(const struct spec *spec, struct model *ret_model)
{
    struct model model;
    memset(&model, 0, sizeof model);
    model_go_on(spec, &model);
    *ret_model = model;
}

/* --- interventions --- */

void model_trigger(const struct spec *spec, struct model *ret_model, int task, int point)
{
    struct model model;
    memset(&model, 0, sizeof model);
    model.from_task = task;
    model.from_point = point;
    model.spawned[task][point] = true;
    run(spec, &model, task, point);
    *ret_model = model;
}

static unsigned required(const struct spec *spec, int task)
{
    const struct spec_task *t = &spec->tasks[task];
    unsigned outputs = t->optional ? 0 : 1u << SPEC_SUCCEEDED;
    return outputs | (!t->x_optional && is_required(spec, task, SPEC_X) ? 1u << SPEC_X : 0);
}

void model_set(const struct spec *spec, struct model *model, int task, int point, unsigned outputs)
{
    unsigned wanted = outputs ? outputs : required(spec, task);
    if (wanted & (1u << SPEC_SUCCEEDED | 1u << SPEC_FAILED))
        wanted |= 1u << SPEC_STARTED;
    if (wanted & 1u << SPEC_STARTED)
        wanted |= 1u << SPEC_SUBMITTED;
    unsigned news = wanted & ~model->outputs[task][point];
    model->outputs[task][point] |= wanted;
    if (!(news & (1u << SPEC_SUCCEEDED | 1u << SPEC_FAILED)))
        return;
    model->ran[task][point] = true;
    model->failed[task][point] = news & 1u << SPEC_FAILED;
}

static bool atom_names(const struct spec *spec, const struct spec_atom *atom, int child_point,
                       int task, int point)
{
    bool about = atom->family ? spec->tasks[task].member : atom->task == task;
    return about && child_point - atom->back == point;
}

/* Something satisfied is left, or nothing need be. */
static bool has_reason(const struct spec *spec, const struct model *model, int task, int point)
{
    if (is_parentless(spec, task, point))
        return true;
    for (int i = 0; i < spec->n_lines; i++) {
        const struct spec_line *line = &spec->lines[i];
        if (line->child != task || !spec_recurs(line->recurrence, point))
            continue;
        for (int a = 0; a < line->n_atoms; a++)
            if (point - line->atoms[a].back < 1 || atom_spawns(spec, model, &line->atoms[a], point))
                return true;
    }
    return false;
}

/* It was brought, at least in part, by those outputs of the task. */
static bool depends_on(const struct spec *spec, int child, int child_point, int task, int point,
                       unsigned outputs)
{
    for (int i = 0; i < spec->n_lines; i++) {
        const struct spec_line *line = &spec->lines[i];
        if (line->child != child || !spec_recurs(line->recurrence, child_point))
            continue;
        for (int a = 0; a < line->n_atoms; a++)
            if (atom_names(spec, &line->atoms[a], child_point, task, point) &&
                line->atoms[a].outputs & outputs)
                return true;
    }
    return false;
}

static void forget(struct model *model, int task, int point)
{
    model->spawned[task][point] = model->ran[task][point] = false;
    model->outputs[task][point] = 0;
    model->removed[task][point] = true;
}

void model_remove(const struct spec *spec, struct model *model, int task, int point)
{
    unsigned outputs = model->outputs[task][point];
    forget(model, task, point);
    for (int p = point; p <= spec->final; p++)
        for (int t = 0; t < spec->n_tasks; t++)
            if (model->spawned[t][p] && !model->ran[t][p] &&
                depends_on(spec, t, p, task, point, outputs) && !has_reason(spec, model, t, p))
                forget(model, t, p);
}
