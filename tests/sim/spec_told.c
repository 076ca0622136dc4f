/* Workflows for stories: smaller, with what users and the world can have a hand in; and how their
 * definitions change. */
#include "tests/sim/model.h"
#include <string.h>

/* --- making --- */

static void drop_atom(struct spec_line *line, int a)
{
    line->atoms[a] = line->atoms[--line->n_atoms];
}

static bool has_atoms(const struct spec *spec, int task)
{
    for (int i = 0; i < spec->n_lines; i++)
        if (spec->lines[i].child == task && spec->lines[i].n_atoms)
            return true;
    return false;
}

static void make_special(struct spec *spec, uint64_t *state)
{
    for (int t = 0; t < spec->n_tasks; t++) {
        struct spec_task *task = &spec->tasks[t];
        task->retries = spec_pick(state, 5) == 0 ? 3 : 0; /* enough for every failure there is */
        task->is_long = !task->queued && spec_pick(state, 3) == 0;
        task->sequential = !has_atoms(spec, t) && spec_pick(state, 3) == 0;
        task->external = !task->member && spec_pick(state, 8) == 0;
    }
}

/* One task may expire, and another is there for that. */
static void make_expiring(struct spec *spec, uint64_t *state)
{
    int task = spec_pick(state, spec->n_tasks - 2);
    if (!spec->dated || spec->n_lines == SPEC_LINES_MAX || spec->tasks[task].member)
        return;
    spec->tasks[task].expires = true;
    spec->tasks[task].sequential = false;
    spec->lines[spec->n_lines++] =
        (struct spec_line){.recurrence = SPEC_P1,
                           .child = task + 1 + spec_pick(state, spec->n_tasks - task - 2),
                           .n_atoms = 1,
                           .atoms = {{.task = task, .outputs = 1u << SPEC_EXPIRED}}};
}

static void make_waiting(struct spec *spec, uint64_t *state)
{
    for (int i = 0; i < spec->n_lines; i++) {
        if (spec->lines[i].xtrigger)
            spec->lines[i].xtrigger = SPEC_AND_XTRIGGER;
        spec->lines[i].late = spec_pick(state, 8) == 0;
        spec->lines[i].clock = spec->dated && spec_pick(state, 6) == 0;
    }
}

/* The last task is not there yet. */
static void set_aside(struct spec *spec)
{
    int task = spec->n_tasks - 1;
    if (spec->tasks[task].member)
        return;
    while (spec->n_lines && spec->lines[spec->n_lines - 1].child == task)
        spec->n_lines--;
    for (int i = 0; i < spec->n_lines; i++)
        for (int a = 0; a < spec->lines[i].n_atoms; a++)
            if (!spec->lines[i].atoms[a].family && spec->lines[i].atoms[a].task == task)
                drop_atom(&spec->lines[i], a--);
    spec->tasks[task] = (struct spec_task){.optional = spec->tasks[task].optional, .removed = true};
}

void spec_make_told(struct spec *spec, uint64_t seed)
{
    uint64_t state = spec_mix(seed ^ 0x7011);
    *spec = (struct spec){.seed = seed, .told = true};
    spec->n_tasks = 3 + spec_pick(&state, 5);
    spec->final = 2 + spec_pick(&state, SPEC_POINTS_MAX - 1);
    spec->queue_limit = 1 + spec_pick(&state, 3);
    spec->has_family = spec_pick(&state, 3) == 0;
    spec->dated = spec_pick(&state, 3) == 0;
    spec_make_tasks(spec, &state);
    for (int t = 0; t < spec->n_tasks; t++)
        for (int n = 1 + (spec_pick(&state, 3) == 0); n > 0; n--)
            spec_make_line(spec, t, &state);
    if (spec_pick(&state, 2))
        set_aside(spec);
    make_special(spec, &state);
    make_waiting(spec, &state);
    make_expiring(spec, &state);
    int runahead = spec_pick(&state, 4);
    spec_add_gate(spec);
    if (spec_pick(&state, 2))
        spec->runahead = runahead;
}

/* --- writing --- */

typedef bool special(const struct spec_task *task);

static bool is_sequential(const struct spec_task *task)
{
    return task->sequential;
}

static bool is_external(const struct spec_task *task)
{
    return task->external;
}

static bool expires(const struct spec_task *task)
{
    return task->expires;
}

void spec_write_special(const struct spec *spec, struct text *out)
{
    static const struct {
        const char *name, *detail;
        special *is;
    } kinds[] = {{"sequential", "", is_sequential},
                 {"external-trigger", "(\"data for t%d\")", is_external},
                 {"clock-expire", "(P1D)", expires}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        int n = 0;
        for (int t = 0; t < spec->n_tasks; t++) {
            if (spec->tasks[t].removed || !kinds[i].is(&spec->tasks[t]))
                continue;
            if (n++ == 0)
                text_addf(out, "        %s = ", kinds[i].name);
            else
                text_add(out, ", ");
            text_addf(out, "t%d", t);
            if (kinds[i].is == is_external)
                text_addf(out, "(\"data for t%d\")", t);
            else
                text_add(out, kinds[i].detail);
        }
        if (n)
            text_add(out, "\n");
    }
}

/* --- changing --- */

static void add_edge(struct spec *spec, uint64_t *state)
{
    struct spec_line *line = &spec->lines[spec_pick(state, spec->n_lines)];
    struct spec_atom atom;
    if (line->child == SPEC_NOBODY || !line->n_atoms || line->n_atoms == SPEC_ATOMS_MAX ||
        !spec_make_atom(spec, line->child, &atom, state) ||
        (!atom.family && spec->tasks[atom.task].removed))
        return;
    for (int a = 0; a < line->n_atoms; a++)
        if (spec_same_atom(&atom, &line->atoms[a]))
            return;
    line->atoms[line->n_atoms++] = atom;
}

static void drop_edge(struct spec *spec, uint64_t *state)
{
    struct spec_line *line = &spec->lines[spec_pick(state, spec->n_lines)];
    if (line->child != SPEC_NOBODY && line->n_atoms > 1)
        drop_atom(line, spec_pick(state, line->n_atoms));
}

/* With parents, or nobody would bring it. */
static void add_task(struct spec *spec, uint64_t *state)
{
    int task = 0;
    while (task < spec->n_tasks && !spec->tasks[task].removed)
        task++;
    if (task == spec->n_tasks || spec->n_lines == SPEC_LINES_MAX)
        return;
    spec_make_line(spec, task, state);
    struct spec_line *line = &spec->lines[spec->n_lines - 1];
    line->xtrigger = SPEC_NO_XTRIGGER;
    for (int a = line->n_atoms - 1; a >= 0; a--)
        if (!line->atoms[a].family && spec->tasks[line->atoms[a].task].removed)
            drop_atom(line, a);
    if (line->n_atoms)
        spec->tasks[task].removed = false;
    else
        spec->n_lines--;
}

/* Unless that would leave a child without parents. */
static void remove_task(struct spec *spec, uint64_t *state)
{
    int task = spec_pick(state, spec->n_tasks);
    if (spec->tasks[task].member)
        return;
    for (int i = 0; i < spec->n_lines; i++)
        if (spec->lines[i].child != task && spec->lines[i].n_atoms == 1 &&
            !spec->lines[i].atoms[0].family && spec->lines[i].atoms[0].task == task)
            return;
    for (int i = 0; i < spec->n_lines; i++) {
        struct spec_line *line = &spec->lines[i];
        if (line->child == task)
            line->child = SPEC_NOBODY;
        for (int a = line->n_atoms - 1; a >= 0; a--)
            if (!line->atoms[a].family && line->atoms[a].task == task && line->n_atoms > 1)
                drop_atom(line, a);
    }
    spec->tasks[task].removed = true;
}

/* Whoever is defined before and after has the same points: what becomes of instances that are on no
 * sequence any more is not written anywhere. */
static bool keeps_points(const struct spec *before, const struct spec *after)
{
    for (int t = 0; t < before->n_tasks; t++)
        for (int point = 1; point <= before->final; point++)
            if (!before->tasks[t].removed && !after->tasks[t].removed &&
                model_task_at(before, t, point) != model_task_at(after, t, point))
                return false;
    return true;
}

static bool names_removed(const struct spec *spec)
{
    for (int i = 0; i < spec->n_lines; i++)
        for (int a = 0; spec->lines[i].child != SPEC_NOBODY && a < spec->lines[i].n_atoms; a++)
            if (!spec->lines[i].atoms[a].family &&
                spec->tasks[spec->lines[i].atoms[a].task].removed)
                return true;
    return false;
}

void spec_change(struct spec *spec, uint64_t dice)
{
    static void (*const changes[])(struct spec *, uint64_t *) = {add_edge, drop_edge, add_task,
                                                                 remove_task};
    uint64_t state = spec_mix(dice);
    for (int n = 1 + spec_pick(&state, 3); n > 0; n--) {
        struct spec next = *spec;
        changes[spec_pick(&state, sizeof changes / sizeof *changes)](&next, &state);
        if (keeps_points(spec, &next) && !names_removed(&next))
            *spec = next;
    }
}
