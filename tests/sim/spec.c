/* See spec.h. */
#include "tests/sim/spec.h"
#include <stdio.h>
#include <string.h>

uint64_t spec_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

int spec_pick(uint64_t *state, int n)
{
    *state = spec_mix(*state);
    return (int)(*state % (uint64_t)n);
}

bool spec_recurs(enum spec_recurrence recurrence, int point)
{
    switch (recurrence) {
    case SPEC_R1:
        return point == 1;
    case SPEC_P1:
        return true;
    case SPEC_P2:
        return point % 2 == 1;
    case SPEC_RECURRENCES:
        break;
    }
    return false;
}

/* --- making --- */

void spec_make_tasks(struct spec *spec, uint64_t *state)
{
    for (int t = 0; t < spec->n_tasks; t++) {
        struct spec_task *task = &spec->tasks[t];
        task->optional = spec_pick(state, 3) == 0;
        task->member = spec->has_family && spec_pick(state, 2) == 0;
        task->x_optional = spec_pick(state, 2) == 0;
        task->retries = spec_pick(state, 4) == 0 ? 1 + spec_pick(state, 2) : 0;
        task->queued = spec_pick(state, 2) == 0;
    }
}

/* An output that a task may be asked for; 0 if this throw of the dice gives none. */
static unsigned make_output(struct spec *spec, int task, uint64_t *state)
{
    struct spec_task *t = &spec->tasks[task];
    switch (spec_pick(state, 6)) {
    case 0:
        return 1u << SPEC_STARTED;
    case 1:
        return t->optional ? 1u << SPEC_FAILED : 1u << SPEC_SUCCEEDED;
    case 2:
        if (!t->optional)
            return 1u << SPEC_SUBMITTED;
        return 1u << SPEC_SUCCEEDED | 1u << SPEC_FAILED;
    case 3:
        t->x_used = true;
        return 1u << SPEC_X;
    default:
        return 1u << SPEC_SUCCEEDED;
    }
}

static int last_member(const struct spec *spec)
{
    int last = -1;
    for (int t = 0; t < spec->n_tasks; t++)
        if (spec->tasks[t].member)
            last = t;
    return last;
}

/* Within a point parents come before children, so that there is no cycle. */
bool spec_make_atom(struct spec *spec, int child, struct spec_atom *atom, uint64_t *state)
{
    *atom = (struct spec_atom){.back = spec_pick(state, 3) == 0};
    if (spec->has_family && spec_pick(state, 4) == 0) {
        if (!atom->back && last_member(spec) >= child)
            return false;
        atom->family = true;
        atom->all = spec_pick(state, 2) == 0;
        atom->outputs = spec_pick(state, 2) ? 1u << SPEC_SUCCEEDED : 1u << SPEC_STARTED;
        return last_member(spec) >= 0;
    }
    if (!atom->back && child == 0)
        return false;
    atom->task = spec_pick(state, atom->back ? spec->n_tasks : child);
    atom->outputs = make_output(spec, atom->task, state);
    return true;
}

bool spec_same_atom(const struct spec_atom *a, const struct spec_atom *b)
{
    return a->family == b->family && a->back == b->back &&
           (a->family || (a->task == b->task && a->outputs == b->outputs));
}

void spec_make_line(struct spec *spec, int child, uint64_t *state)
{
    struct spec_line *line = &spec->lines[spec->n_lines++];
    *line =
        (struct spec_line){.child = child,
                           .recurrence = (enum spec_recurrence)spec_pick(state, SPEC_RECURRENCES),
                           .any = spec_pick(state, 3) == 0};
    int xtrigger = spec_pick(state, 8);
    line->xtrigger = xtrigger < SPEC_XTRIGGERS ? (enum spec_xtrigger)xtrigger : SPEC_NO_XTRIGGER;
    int wanted = spec_pick(state, SPEC_ATOMS_MAX + 1);
    for (int i = 0; i < wanted; i++) {
        struct spec_atom atom;
        bool fits = spec_make_atom(spec, child, &atom, state);
        for (int other = 0; other < line->n_atoms && fits; other++)
            fits = !spec_same_atom(&atom, &line->atoms[other]);
        if (fits)
            line->atoms[line->n_atoms++] = atom;
    }
}

void spec_make(struct spec *spec, uint64_t seed)
{
    uint64_t state = spec_mix(seed);
    *spec = (struct spec){.seed = seed};
    spec->n_tasks = 2 + spec_pick(&state, SPEC_TASKS_MAX - 2);
    spec->final = 1 + spec_pick(&state, SPEC_POINTS_MAX);
    spec->runahead = spec_pick(&state, 4);
    spec->queue_limit = 1 + spec_pick(&state, 3);
    spec->has_family = spec_pick(&state, 2) == 0;
    spec_make_tasks(spec, &state);
    for (int t = 0; t < spec->n_tasks; t++)
        for (int n = 1 + (spec_pick(&state, 3) == 0); n > 0 && spec->n_lines < SPEC_LINES_MAX; n--)
            spec_make_line(spec, t, &state);
}

void spec_add_gate(struct spec *spec)
{
    spec->gated = true;
    spec->runahead = spec->final;
    spec->tasks[spec->n_tasks] = (struct spec_task){.optional = true};
}

/* --- writing --- */

static const char *const recurrence_names[] = {"R1", "P1", "P2"};
static const char *const dated_recurrences[] = {"R1", "P10D", "P20D"};

/* Ten days apart, the first ten days after the start of the simulation. */
static const char *const dates[SPEC_POINTS_MAX + 1] = {
    "20260101T0000Z", "20260111T0000Z", "20260121T0000Z", "20260131T0000Z",
    "20260210T0000Z", "20260220T0000Z", "20260302T0000Z"};

int spec_day(int point)
{
    return 10 * point;
}

const char *spec_point(const struct spec *spec, int point, char buffer[16])
{
    if (spec->dated)
        return dates[point];
    snprintf(buffer, 16, "%d", point);
    return buffer;
}

int spec_point_of(const struct spec *spec, const char *text)
{
    char buffer[16];
    for (int point = 1; point <= spec->final; point++)
        if (strcmp(text, spec_point(spec, point, buffer)) == 0)
            return point;
    return 0;
}

static void write_atom(const struct spec *spec, const struct spec_atom *atom, struct text *out)
{
    const char *back = !atom->back ? "" : spec->dated ? "[-P10D]" : "[-P1]";
    if (atom->family) {
        bool started = atom->outputs & 1u << SPEC_STARTED;
        bool optional = false;
        for (int t = 0; t < spec->n_tasks; t++)
            optional = optional || (spec->tasks[t].member && spec->tasks[t].optional);
        text_addf(out, "FAM%s:%s-%s%s", back, started ? "start" : "succeed",
                  atom->all ? "all" : "any", !started && optional ? "?" : "");
        return;
    }
    const struct spec_task *task = &spec->tasks[atom->task];
    const char *mark = task->optional ? "?" : "";
    text_addf(out, "t%d%s", atom->task, back);
    if (atom->outputs == (1u << SPEC_SUCCEEDED | 1u << SPEC_FAILED))
        text_add(out, ":finish");
    else if (atom->outputs == 1u << SPEC_SUCCEEDED)
        text_add(out, mark);
    else if (atom->outputs == 1u << SPEC_FAILED)
        text_addf(out, ":fail%s", mark);
    else if (atom->outputs == 1u << SPEC_STARTED)
        text_add(out, ":start");
    else if (atom->outputs == 1u << SPEC_SUBMITTED)
        text_add(out, ":submit");
    else if (atom->outputs == 1u << SPEC_EXPIRED)
        text_add(out, ":expire?");
    else
        text_addf(out, ":x%s", task->x_optional ? "?" : "");
}

/* In a quarter of the workflows the xtrigger is the timeout of one that never comes. */
static bool times_out(const struct spec *spec)
{
    return spec->seed % 4 == 2 && !spec->told;
}

static int write_xtriggers(const struct spec *spec, const struct spec_line *line, struct text *out)
{
    const char *const names[] = {!line->xtrigger   ? NULL
                                 : times_out(spec) ? "@late:timeout"
                                                   : "@e",
                                 line->late ? "@file" : NULL, line->clock ? "@clock" : NULL};
    int n = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i])
            text_addf(out, "%s%s", n++ ? " & " : "", names[i]);
    return n;
}

static void write_line(const struct spec *spec, const struct spec_line *line, struct text *out)
{
    text_add(out, "            ");
    int xtriggers = write_xtriggers(spec, line, out);
    if (xtriggers && line->n_atoms)
        text_add(out, line->xtrigger == SPEC_OR_XTRIGGER ? " | (" : " & (");
    for (int i = 0; i < line->n_atoms; i++) {
        if (i)
            text_add(out, line->any ? " | " : " & ");
        write_atom(spec, &line->atoms[i], out);
    }
    if (xtriggers && line->n_atoms)
        text_add(out, ")");
    text_addf(out, "%st%d%s\n", xtriggers || line->n_atoms ? " => " : "", line->child,
              spec->tasks[line->child].optional ? "?" : "");
}

static void write_graph(const struct spec *spec, struct text *out)
{
    char point[16];
    text_add(out, "    [[graph]]\n");
    for (int r = 0; r < SPEC_RECURRENCES; r++) {
        struct text lines = {0};
        for (int i = 0; i < spec->n_lines; i++)
            if (spec->lines[i].child != SPEC_NOBODY &&
                spec->lines[i].recurrence == (enum spec_recurrence)r)
                write_line(spec, &spec->lines[i], &lines);
        if (lines.n)
            text_addf(out, "        %s = \"\"\"\n%s        \"\"\"\n",
                      spec->dated ? dated_recurrences[r] : recurrence_names[r],
                      text_string(&lines));
        text_release(&lines);
    }
    if (spec->gated)
        text_addf(out, "        R1/%s = @never => t%d?\n", spec_point(spec, spec->final, point),
                  spec->n_tasks);
}

static void write_queue(const struct spec *spec, struct text *out)
{
    struct text members = {0};
    for (int t = 0; t < spec->n_tasks; t++)
        if (spec->tasks[t].queued && !spec->tasks[t].removed)
            text_addf(&members, "%st%d", members.n ? ", " : "", t);
    if (members.n)
        text_addf(out,
                  "    [[queues]]\n        [[[small]]]\n            limit = %d\n"
                  "            members = %s\n",
                  spec->queue_limit, text_string(&members));
    text_release(&members);
}

static void write_scheduling(const struct spec *spec, struct text *out)
{
    char first[16], last[16];
    text_addf(out, "[scheduling]\n%s    initial cycle point = %s\n    final cycle point = %s\n",
              spec->dated ? "" : "    cycling mode = integer\n", spec_point(spec, 1, first),
              spec_point(spec, spec->final, last));
    text_addf(out, "    runahead limit = P%d\n", spec->runahead);
    text_add(out, "    [[xtriggers]]\n        e = echo(%(point)s, succeed=True):PT5S\n");
    if (spec->gated)
        text_add(out, "        never = echo(never, succeed=False):PT1H\n");
    if (spec->told)
        text_add(out, "        file = file(file-%(point)s):PT10M\n");
    if (spec->told && spec->dated)
        text_add(out, "        clock = wall_clock()\n");
    if (times_out(spec))
        text_add(out, "        late = echo(%(point)s, late, succeed=False):PT5S\n"
                      "    [[xtrigger windows]]\n        [[[late]]]\n            start = PT3S\n"
                      "            until = PT20S\n");
    if (spec->seed % 2 && !spec->told)
        text_add(out, "    [[xtrigger windows]]\n        [[[e]]]\n            start = PT3S\n"
                      "            until = P10000D\n");
}

static void write_runtime(const struct spec *spec, struct text *out)
{
    text_add(out, "[runtime]\n    [[root]]\n        submission retry delays = 99*PT2S\n");
    if (spec->has_family)
        text_add(out, "    [[FAM]]\n");
    for (int t = 0; t < spec->n_tasks + spec->gated; t++) {
        const struct spec_task *task = &spec->tasks[t];
        if (task->removed)
            continue;
        text_addf(out, "    [[t%d]]\n", t);
        if (task->member)
            text_add(out, "        inherit = FAM\n");
        if (task->retries)
            text_addf(out, "        execution retry delays = %d*PT10S\n", task->retries);
        text_add(out, "        [[[outputs]]]\n            x = message x\n");
    }
}

void spec_write(const struct spec *spec, struct text *out)
{
    text_addf(out,
              "[scheduler]\n%s    [[events]]\n        stall timeout = %s\n"
              "        abort on stall timeout = True\n",
              spec->dated ? "    UTC mode = True\n" : "", spec->told ? "P200D" : "PT1H");
    write_scheduling(spec, out);
    if (spec->told) {
        text_add(out, "    [[special tasks]]\n");
        spec_write_special(spec, out);
    }
    write_queue(spec, out);
    write_graph(spec, out);
    write_runtime(spec, out);
}

/* --- outcomes --- */

unsigned spec_outcome(const struct spec *spec, int task, int point, int try_number)
{
    const struct spec_task *t = &spec->tasks[task];
    uint64_t dice = spec_mix(spec->seed * 1000003 + (uint64_t)(task * 1009 + point * 31));
    bool x = t->x_used && (!t->x_optional || (dice >> 8) % 4 != 0);
    int failures = dice % 5 == 0 ? 1 + (int)((dice >> 16) % 3) : 0;
    bool fails = try_number <= failures;
    unsigned outputs = 1u << SPEC_SUBMITTED | 1u << SPEC_STARTED;
    outputs |= x ? 1u << SPEC_X : 0;
    return outputs | (fails ? 1u << SPEC_FAILED : 1u << SPEC_SUCCEEDED);
}

/* Each try's messages count; only the last try's failure does. */
unsigned spec_final_outcome(const struct spec *spec, int task, int point)
{
    unsigned outputs = 0;
    for (int n = 1; n <= spec->tasks[task].retries + 1; n++) {
        outputs &= ~(1u << SPEC_FAILED);
        outputs |= spec_outcome(spec, task, point, n);
        if (outputs & 1u << SPEC_SUCCEEDED)
            break;
    }
    return outputs;
}
