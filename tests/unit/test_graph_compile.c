/* Graphs compiled: atoms, dependencies, edges, groups, needs, sequences; and what is refused. */
#include "base/text.h"
#include "scheduler/graph/builder.h"
#include "scheduler/graph/params.h"
#include "tests/lib/graph_names.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

struct fixture {
    struct test_names names;
    struct params *params;
    struct graph *graph;
    struct error error;
};

static int setup(void **state)
{
    struct fixture *self = NEW(struct fixture);
    test_names_init(&self->names);
    test_names_output(&self->names, "a", "x");
    test_names_xtrigger(&self->names, "tick");
    test_names_xtrigger(&self->names, "tock");
    test_names_xtrigger(&self->names, "tick:timeout");
    self->params = params_create();
    *state = self;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *self = *state;
    graph_destroy(self->graph);
    test_names_release(&self->names);
    params_destroy(self->params);
    free(self);
    return 0;
}

static void build_sections(struct fixture *self, const char *const *sections)
{
    graph_destroy(self->graph);
    self->error = (struct error){0};
    self->graph = test_graph(&self->names, self->params, sections, &self->error);
}

static void build(struct fixture *self, const char *text)
{
    const char *sections[] = {"P1", text, NULL};
    build_sections(self, sections);
    if (!self->graph)
        print_error("%s\n", self->error.text);
    assert_non_null(self->graph);
}

#define REFUSED(self, text, ...) check_refused(self, text, (const char *const[]){__VA_ARGS__, NULL})

/* The words must stand in the message; a message has file, line and item. */
static void check_refused(struct fixture *self, const char *text, const char *const *words)
{
    const char *sections[] = {"P1", text, NULL};
    build_sections(self, sections);
    assert_null(self->graph);
    assert_true(self->error.code < 0 && self->error.line >= 10);
    assert_string_equal(self->error.file, "flow.cylc");
    assert_string_equal(self->error.item, "[scheduling][graph]P1");
    for (; *words; words++) {
        if (!strstr(self->error.text, *words))
            print_error("'%s' is missing in: %s\n", *words, self->error.text);
        assert_non_null(strstr(self->error.text, *words));
    }
}

static uint32_t index_of(struct fixture *self, const char *name)
{
    size_t before = self->names.tasks.n;
    uint32_t index = test_names_task(&self->names, name);
    assert_int_equal(self->names.tasks.n, before);
    return index;
}

static const struct graph_task *task_of(struct fixture *self, const char *name)
{
    return &self->graph->tasks[index_of(self, name)];
}

static enum output_need need_of(struct fixture *self, const char *name, uint32_t output)
{
    return task_of(self, name)->needs[output];
}

/* --- atoms, dependencies, edges --- */

static void an_arrow_makes_an_atom_a_dependency_and_an_edge(void **state)
{
    struct fixture *self = *state;
    build(self, "a => b");
    const struct graph_task *a = task_of(self, "a"), *b = task_of(self, "b");
    assert_int_equal(b->n_atoms, 1);
    assert_int_equal(b->atoms[0].kind, ATOM_OUTPUT);
    assert_int_equal(b->atoms[0].index, index_of(self, "a"));
    assert_int_equal(b->atoms[0].output, OUTPUT_SUCCEEDED);
    assert_int_equal(b->atoms[0].offset->kind, OFFSET_RELATIVE);
    assert_int_equal(b->atoms[0].offset->n, 0);
    assert_int_equal(b->n_dependencies, 1);
    assert_int_equal(b->dependencies[0].n_terms, 1);
    assert_false(b->dependencies[0].suicide);
    assert_string_equal(b->dependencies[0].text, "a:succeeded");
    assert_int_equal(a->edges[OUTPUT_SUCCEEDED].n, 1);
    const struct edge *edge = &a->edges[OUTPUT_SUCCEEDED].at[0];
    assert_int_equal(edge->kind, EDGE_TASK);
    assert_int_equal(edge->index, index_of(self, "b"));
    assert_int_equal(edge->atom, 0);
    assert_int_equal(edge->sequence, 0);
    assert_int_equal(a->edges[OUTPUT_FAILED].n, 0);
    assert_int_equal(a->n_atoms, 0);
}

static void plain_and_is_several_dependencies_and_brackets_are_one(void **state)
{
    struct fixture *self = *state;
    build(self, "a & b => c\n(a & b) => d\na & b | e => f");
    assert_int_equal(task_of(self, "c")->n_dependencies, 2);
    assert_int_equal(task_of(self, "d")->n_dependencies, 1);
    assert_string_equal(task_of(self, "d")->dependencies[0].text, "a:succeeded & b:succeeded");
    assert_int_equal(task_of(self, "f")->n_dependencies, 1);
    assert_string_equal(task_of(self, "f")->dependencies[0].text,
                        "(a:succeeded & b:succeeded) | e:succeeded");
}

static void terms_are_in_postfix_order(void **state)
{
    struct fixture *self = *state;
    build(self, "(a | b) & c & d => e");
    const struct graph_task *e = task_of(self, "e");
    static const enum term_kind kinds[] = {TERM_ATOM, TERM_ATOM, TERM_OR, TERM_ATOM,
                                           TERM_AND,  TERM_ATOM, TERM_AND};
    assert_int_equal(e->n_dependencies, 1);
    assert_int_equal(e->dependencies[0].n_terms, sizeof kinds / sizeof *kinds);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        assert_int_equal(e->dependencies[0].terms[i].kind, kinds[i]);
}

static void equal_atoms_edges_and_dependencies_are_kept_once(void **state)
{
    struct fixture *self = *state;
    build(self, "a => b\na => b => c\na | c[-P1] => b\na | c[-P01] => b\na => b");
    const struct graph_task *b = task_of(self, "b");
    assert_int_equal(b->n_atoms, 2);
    assert_int_equal(b->n_dependencies, 2);
    assert_int_equal(task_of(self, "a")->edges[OUTPUT_SUCCEEDED].n, 1);
    assert_int_equal(task_of(self, "c")->edges[OUTPUT_SUCCEEDED].n, 1);
}

static void equal_recurrences_are_one_sequence(void **state)
{
    struct fixture *self = *state;
    const char *sections[] = {"P1, R1", "a => b", "P1", "a => c", "R1/2,P1", "a", NULL};
    build_sections(self, sections);
    assert_non_null(self->graph);
    assert_int_equal(self->graph->n_sequences, 3);
    const struct graph_task *a = task_of(self, "a");
    assert_int_equal(a->n_sequences, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(a->sequences[i], i);
    assert_string_equal(self->graph->sequences[1].text, "R1");
    assert_int_equal(task_of(self, "c")->n_sequences, 1);
    assert_int_equal(task_of(self, "b")->n_dependencies, 2);
    assert_int_equal(a->edges[OUTPUT_SUCCEEDED].n, 3);
}

static void finish_is_success_or_failure(void **state)
{
    struct fixture *self = *state;
    build(self, "a:finish & c => b");
    const struct graph_task *b = task_of(self, "b");
    assert_int_equal(b->n_atoms, 3);
    assert_int_equal(b->n_dependencies, 2);
    assert_string_equal(b->dependencies[0].text, "a:succeeded | a:failed");
    assert_int_equal(need_of(self, "a", OUTPUT_SUCCEEDED), NEED_OPTIONAL);
    assert_int_equal(need_of(self, "a", OUTPUT_FAILED), NEED_OPTIONAL);
    assert_int_equal(task_of(self, "a")->edges[OUTPUT_FAILED].n, 1);
}

static void offsets_keep_their_text_and_meaning(void **state)
{
    struct fixture *self = *state;
    build(self, "a[-P2]:x? | a[^]:start | a[7] => b\na");
    const struct graph_task *b = task_of(self, "b");
    assert_string_equal(b->dependencies[0].text, "a[-P2]:x | a[^]:started | a[7]:succeeded");
    assert_int_equal(b->atoms[0].output, OUTPUT_CUSTOM);
    assert_int_equal(offset_apply(self->names.cycling, b->atoms[0].offset, 5), 3);
    assert_int_equal(b->atoms[1].offset->kind, OFFSET_ABSOLUTE);
    assert_int_equal(b->atoms[1].offset->point, 1);
    assert_int_equal(b->atoms[2].offset->point, 7);
    assert_int_equal(need_of(self, "a", OUTPUT_CUSTOM), NEED_OPTIONAL);
}

static void suicide_is_a_dependency_apart_and_no_reason_to_run(void **state)
{
    struct fixture *self = *state;
    build(self, "a => !b");
    const struct graph_task *b = task_of(self, "b");
    assert_int_equal(b->n_dependencies, 1);
    assert_true(b->dependencies[0].suicide);
    assert_int_equal(b->n_sequences, 0);
    assert_true(task_of(self, "a")->edges[OUTPUT_SUCCEEDED].at[0].suicide);
    build(self, "a => c => !a");
    assert_true(task_of(self, "a")->dependencies[0].suicide);
}

static void xtriggers_leave_the_condition(void **state)
{
    struct fixture *self = *state;
    build(self, "@tick & (b & (@tock & (c | d))) => a\n@tick => b");
    const struct graph_task *a = task_of(self, "a"), *b = task_of(self, "b");
    assert_int_equal(a->n_xtriggers, 2);
    assert_int_equal(a->n_dependencies, 1);
    assert_string_equal(a->dependencies[0].text, "b:succeeded & (c:succeeded | d:succeeded)");
    assert_int_equal(b->n_xtriggers, 1);
    assert_int_equal(b->n_dependencies, 0);
    assert_int_equal(b->xtriggers[0].xtrigger, 0);
}

static const struct graph_xtrigger *xtrigger_of(const struct graph_task *task, uint32_t xtrigger)
{
    for (uint32_t i = 0; i < task->n_xtriggers; i++)
        if (task->xtriggers[i].xtrigger == xtrigger)
            return &task->xtriggers[i];
    return NULL;
}

static void xtriggers_with_or_stay_in_the_condition(void **state)
{
    static const enum term_kind kinds[] = {TERM_XTRIGGER, TERM_ATOM, TERM_XTRIGGER, TERM_AND,
                                           TERM_OR};
    struct fixture *self = *state;
    build(self, "@tick & (@tock | (b & @tick:timeout)) => a\nb");
    const struct graph_task *a = task_of(self, "a");
    assert_int_equal(a->n_xtriggers, 3);
    assert_false(xtrigger_of(a, 0)->alternative);
    assert_true(xtrigger_of(a, 1)->alternative && xtrigger_of(a, 2)->alternative);
    assert_int_equal(a->n_atoms, 1);
    assert_int_equal(a->n_alternatives, 2);
    assert_int_equal(a->alternatives[0], 1);
    assert_int_equal(a->alternatives[1], 2);
    assert_int_equal(a->n_dependencies, 1);
    const struct dependency *dependency = &a->dependencies[0];
    assert_string_equal(dependency->text, "(@tock | (b:succeeded & @tick:timeout))");
    assert_int_equal(dependency->n_terms, sizeof kinds / sizeof *kinds);
    for (size_t i = 0; i < dependency->n_terms; i++)
        assert_int_equal(dependency->terms[i].kind, kinds[i]);
    build(self, "@tick:timeout => a");
    assert_int_equal(task_of(self, "a")->n_dependencies, 0);
    assert_false(xtrigger_of(task_of(self, "a"), 2)->alternative);
}

static bool starts_by_itself(struct fixture *self, const char *graph)
{
    build(self, graph);
    uint32_t task = index_of(self, "a");
    bool is_parentless = graph_task_parentless_at(self->graph, self->names.cycling, task, 3, 1);
    const struct graph_task *a = task_of(self, "a");
    assert_int_equal(is_parentless, graph_dependency_is_free(a, &a->dependencies[0]));
    return is_parentless;
}

/* Its sequence spawns what xtriggers alone can let go; what needs a parent anyhow waits for that.
 */
static void what_xtriggers_alone_can_start_needs_no_parent(void **state)
{
    struct fixture *self = *state;
    assert_true(starts_by_itself(self, "@tick | b => a\nb"));
    assert_true(starts_by_itself(self, "(@tick & @tock) | b:fail? => a\nb?"));
    assert_true(starts_by_itself(self, "@tick | (b & @tock) => a\nb"));
    assert_false(starts_by_itself(self, "(@tick & b) | (@tock & c) => a\nb & c"));
    assert_false(starts_by_itself(self, "(@tick | c) & b => a\nb & c"));
    assert_true(starts_by_itself(self, "(@tick | c) & b[^] => a\nb & c"));
}

/* --- families --- */

static void a_family_trigger_is_one_group(void **state)
{
    struct fixture *self = *state;
    test_names_family(&self->names, "FAM", "m2 m1 m2");
    build(self, "FAM:succeed-all? => b & c\nFAM[-P1]:succeed-all? => d\nFAM:finish-any => e");
    assert_int_equal(self->graph->n_groups, 2);
    const struct group *all = &self->graph->groups[0], *any = &self->graph->groups[1];
    assert_string_equal(all->name, "FAM:succeed-all");
    assert_true(all->all);
    assert_int_equal(all->n_members, 2);
    assert_int_equal(all->outputs, UINT64_C(1) << OUTPUT_SUCCEEDED);
    assert_int_equal(all->edges.n, 3);
    assert_false(any->all);
    assert_int_equal(any->outputs, UINT64_C(1) << OUTPUT_SUCCEEDED | UINT64_C(1) << OUTPUT_FAILED);
    assert_int_equal(task_of(self, "b")->atoms[0].kind, ATOM_GROUP);
    const struct edges *edges = &task_of(self, "m1")->edges[OUTPUT_SUCCEEDED];
    assert_int_equal(edges->n, 2);
    assert_int_equal(edges->at[0].kind, EDGE_GROUP);
    assert_int_equal(all->members[edges->at[0].atom], index_of(self, "m1"));
    assert_int_equal(task_of(self, "m1")->edges[OUTPUT_FAILED].n, 1);
}

static size_t count_edges(const struct graph *graph)
{
    size_t n = 0;
    for (uint32_t i = 0; i < graph->n_tasks; i++)
        for (uint32_t output = 0; output < graph->tasks[i].n_outputs; output++)
            n += graph->tasks[i].edges[output].n;
    for (uint32_t i = 0; i < graph->n_groups; i++)
        n += graph->groups[i].edges.n;
    return n;
}

static void a_large_family_on_another_costs_members_not_products(void **state)
{
    struct fixture *self = *state;
    struct text members[2] = {{0}};
    for (int i = 0; i < 2000; i++)
        text_addf(&members[i / 1000], "t%d ", i);
    test_names_family(&self->names, "FAM", text_string(&members[0]));
    test_names_family(&self->names, "FAM2", text_string(&members[1]));
    build(self, "FAM:succeed-all => FAM2");
    assert_int_equal(count_edges(self->graph), 2000);
    assert_int_equal(task_of(self, "t1999")->n_atoms, 1);
    assert_ptr_equal(task_of(self, "t1000")->dependencies[0].text,
                     task_of(self, "t1999")->dependencies[0].text);
    text_release(&members[0]);
    text_release(&members[1]);
}

static void a_family_must_be_qualified_on_the_left(void **state)
{
    struct fixture *self = *state;
    test_names_family(&self->names, "FAM", "m1 m2");
    test_names_family(&self->names, "EMPTY", "");
    REFUSED(self, "FAM => a", "family 'FAM'", "FAM:succeed-all", "FAM => a");
    REFUSED(self, "b => FAM => a", "family 'FAM'");
    REFUSED(self, "FAM:fail => a", "'FAM:fail'");
    REFUSED(self, "a => FAM:nonsense", "'FAM:nonsense'");
    REFUSED(self, "a:succeed-all => b", "'a' is not a family");
    REFUSED(self, "FAM:finish-all? => b", "FAM:finish-all cannot be optional");
    REFUSED(self, "FAM:submit-fail-any => b", "FAM:submit-fail-any must be optional");
    REFUSED(self, "a => EMPTY", "'EMPTY' has no members");
}

/* --- required and optional --- */

static void an_output_is_required_or_optional_as_written(void **state)
{
    struct fixture *self = *state;
    build(self, "a:x & b:fail? => c?\nd:submit-fail? => e:start");
    assert_int_equal(need_of(self, "a", OUTPUT_CUSTOM), NEED_REQUIRED);
    assert_int_equal(need_of(self, "a", OUTPUT_SUCCEEDED), NEED_REQUIRED);
    assert_int_equal(need_of(self, "b", OUTPUT_FAILED), NEED_OPTIONAL);
    assert_int_equal(need_of(self, "b", OUTPUT_SUCCEEDED), NEED_UNSET);
    assert_int_equal(need_of(self, "c", OUTPUT_SUCCEEDED), NEED_OPTIONAL);
    assert_int_equal(need_of(self, "d", OUTPUT_SUBMIT_FAILED), NEED_OPTIONAL);
    assert_int_equal(need_of(self, "d", OUTPUT_SUBMITTED), NEED_UNSET);
    assert_int_equal(need_of(self, "e", OUTPUT_STARTED), NEED_REQUIRED);
    assert_int_equal(need_of(self, "e", OUTPUT_SUCCEEDED), NEED_REQUIRED);
}

static void contradictions_are_refused(void **state)
{
    struct fixture *self = *state;
    REFUSED(self, "a => b\na? => c", "a:succeeded", "both required and optional", "a? => c");
    assert_int_equal(self->error.line, 11);
    REFUSED(self, "a:x? => b\na[-P1]:x => c", "a:x");
    REFUSED(self, "a => b\na:fail => c", "a:succeeded and a:failed");
    REFUSED(self, "a? => b\na:fail => c", "a:succeeded and a:failed");
    REFUSED(self, "a:submit => b\na:submit-fail? => c", "a:submitted and a:submit-failed");
    REFUSED(self, "a:finish => b\na => c", "a:succeeded");
    REFUSED(self, "a:finish? => b", "a:finish cannot be optional");
    REFUSED(self, "a:expire => b", "a:expired must be optional");
    REFUSED(self, "a => b:submit-failed", "b:submit-failed must be optional");
}

static void a_members_own_mention_overrules_its_familys(void **state)
{
    struct fixture *self = *state;
    test_names_family(&self->names, "FAM", "m1 m2");
    build(self, "z => FAM\nm1? => y\nm1:fail? => x");
    assert_int_equal(need_of(self, "m1", OUTPUT_SUCCEEDED), NEED_OPTIONAL);
    assert_int_equal(need_of(self, "m1", OUTPUT_FAILED), NEED_OPTIONAL);
    assert_int_equal(need_of(self, "m2", OUTPUT_SUCCEEDED), NEED_REQUIRED);
    build(self, "FAM:succeed-any? => y\nm2 => x");
    assert_int_equal(need_of(self, "m1", OUTPUT_SUCCEEDED), NEED_OPTIONAL);
    assert_int_equal(need_of(self, "m2", OUTPUT_SUCCEEDED), NEED_REQUIRED);
    REFUSED(self, "z => FAM\ny => FAM?", "m1:succeeded", "by default");
    REFUSED(self, "FAM:fail-any? => z\nFAM:succeed-all => y", "m1:succeeded and m1:failed");
}

static void a_task_outside_of_the_graph_must_succeed(void **state)
{
    struct fixture *self = *state;
    test_names_task(&self->names, "unused");
    build(self, "a => b");
    assert_int_equal(need_of(self, "unused", OUTPUT_SUCCEEDED), NEED_REQUIRED);
    assert_int_equal(task_of(self, "unused")->n_sequences, 0);
}

/* --- refused --- */

static void a_task_cannot_wait_for_itself(void **state)
{
    struct fixture *self = *state;
    test_names_family(&self->names, "FAM", "m1 m2");
    REFUSED(self, "a => a", "self-edge", "'a'");
    REFUSED(self, "a[-P0] => a", "self-edge");
    REFUSED(self, "b | (c & a:fail?) => a?", "self-edge");
    REFUSED(self, "FAM:succeed-all => m2", "self-edge", "m2");
    REFUSED(self, "m1 => FAM", "self-edge");
    build(self, "a[-P1] => a");
    build(self, "FAM[-P1]:succeed-all => FAM");
}

static void what_a_name_does_not_allow_is_refused(void **state)
{
    struct fixture *self = *state;
    self->names.forbidden = "ghost";
    REFUSED(self, "a => ghost", "task 'ghost' is forbidden", "a => ghost");
    REFUSED(self, "root => a", "'root'");
    REFUSED(self, "_cylc_x => a", "'_cylc_x'");
    REFUSED(self, "a => b:nope", "no output 'nope'", "[runtime][b][outputs]");
    REFUSED(self, "@nope => a", "'@nope'");
    REFUSED(self, "@tick => b\nb => tick", "'tick'", "xtrigger");
    REFUSED(self, "a<m> => b", "parameter 'm'", "not defined");
}

static void things_on_the_wrong_side_are_refused(void **state)
{
    struct fixture *self = *state;
    REFUSED(self, "a => b | c", "'|' cannot stand on the right");
    REFUSED(self, "a => b | c => d", "'|' cannot stand on the right");
    REFUSED(self, "a => @tick", "'@tick' cannot stand on the right");
    REFUSED(self, "!a => b", "'!a'");
    REFUSED(self, "a => !b => c", "'!b'");
    REFUSED(self, "b\na => b[-P1]", "'b[-P1]'", "offsets belong on the left");
    REFUSED(self, "a => b & @tick", "'@tick' cannot stand on the right");
    REFUSED(self, "a | !@tick => b", "unexpected '@tick' after '!'", "a | !@tick => b");
    REFUSED(self, "(a | @tick => b", "'(' is not closed");
    REFUSED(self, "a | @nope => b", "'@nope' is not defined", "a | @nope => b");
    REFUSED(self, "@tick:fail => b", "no output 'fail'", "@tick:timeout");
    REFUSED(self, "@tock:timeout => b", "'@tock:timeout' never happens", "xtrigger windows");
    REFUSED(self, "@nope:timeout => b", "'@nope' is not defined");
    REFUSED(self, "@tick:timeout? => b", "write it without ?");
    REFUSED(self, "@tick[-P1] => b", "unexpected '[-P1]'");
    REFUSED(self, "a => b\na => !b", "a:succeeded cannot trigger both b and !b");
    build(self, "a => b[-P1] => c\nb");
    assert_int_equal(task_of(self, "b")->n_dependencies, 0);
}

static void a_parent_must_run_somewhere(void **state)
{
    struct fixture *self = *state;
    test_names_family(&self->names, "FAM", "m1 m2");
    REFUSED(self, "a[-P1] => b", "task 'a'", "'b'");
    REFUSED(self, "m1\nFAM[-P1]:succeed-all => b", "task 'm2'");
    build(self, "a[-P1] => b\na");
}

static void bad_headings_and_offsets_are_refused(void **state)
{
    struct fixture *self = *state;
    static const char *const bad[] = {"P1,", "P1,,R1", "nonsense", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *sections[] = {bad[i], "a", NULL};
        build_sections(self, sections);
        assert_null(self->graph);
        assert_int_equal(self->error.line, 10);
        assert_non_null(strstr(self->error.item, "[scheduling][graph]"));
    }
    REFUSED(self, "a[-P1D] => b\na", "[-P1D]");
    REFUSED(self, "a[nonsense] => b\na", "[nonsense]");
}

static void a_polling_task_tells_what_it_polls(void **state)
{
    struct fixture *self = *state;
    build(self, "far<other/run1::t:fail> & far2<w::u> => b");
    assert_int_equal(self->names.pollings.n, 2);
    assert_string_equal(self->names.pollings.at[0].workflow, "other/run1");
    assert_string_equal(self->names.pollings.at[0].polled, "t");
    assert_string_equal(self->names.pollings.at[0].output, "failed");
    assert_string_equal(self->names.pollings.at[1].output, "succeeded");
    REFUSED(self, "far<w::t> => b\nfar<w::u> => c", "polls 'w::u' here and 'w::t' elsewhere");
    REFUSED(self, "far<w::> => b", "bad polling task");
    REFUSED(self, "far<w::t:> => b", "bad polling task");
    self->names.names.polling = NULL;
    REFUSED(self, "far<w::t> => b", "not supported");
}

static void a_task_with_too_many_outputs_is_refused(void **state)
{
    struct fixture *self = *state;
    struct text graph = {0};
    for (int i = 0; i <= OUTPUTS_MAX; i++) {
        char *output = str_format("o%d", i);
        test_names_output(&self->names, "b", output);
        free(output);
    }
    REFUSED(self, "b => c", "OUTPUTS_MAX");
    REFUSED(self, "b:o60 => c", "OUTPUTS_MAX");
    text_release(&graph);
}

static void parameters_expand_over_a_chain(void **state)
{
    struct fixture *self = *state;
    struct error error = {0};
    assert_int_equal(params_define(self->params, "m", "1..3", &error), 0);
    build(self, "s<m-1> => s<m> => end");
    assert_int_equal(task_of(self, "s_m1")->n_dependencies, 0);
    assert_string_equal(task_of(self, "s_m3")->dependencies[0].text, "s_m2:succeeded");
    assert_int_equal(task_of(self, "end")->n_dependencies, 2);
}

static void a_graph_without_bounds_is_refused(void **state)
{
    struct fixture *self = *state;
    struct error error = {0};
    struct graph_builder *builder =
        graph_builder_create(self->names.cycling, 1, 10, &self->names.names);
    builder->terms_max = 6;
    assert_int_equal(graph_builder_add(builder, "P1", "a & b => c & d", NULL, 1, &error), 0);
    assert_true(graph_builder_add(builder, "P1", "a | b => e", NULL, 1, &error) < 0);
    assert_non_null(strstr(error.text, "GRAPH_TERMS_MAX"));
    graph_builder_destroy(builder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_arrow_makes_an_atom_a_dependency_and_an_edge),
        TEST(plain_and_is_several_dependencies_and_brackets_are_one),
        TEST(terms_are_in_postfix_order),
        TEST(equal_atoms_edges_and_dependencies_are_kept_once),
        TEST(equal_recurrences_are_one_sequence),
        TEST(finish_is_success_or_failure),
        TEST(offsets_keep_their_text_and_meaning),
        TEST(suicide_is_a_dependency_apart_and_no_reason_to_run),
        TEST(xtriggers_leave_the_condition),
        TEST(xtriggers_with_or_stay_in_the_condition),
        TEST(what_xtriggers_alone_can_start_needs_no_parent),
        TEST(a_family_trigger_is_one_group),
        TEST(a_large_family_on_another_costs_members_not_products),
        TEST(a_family_must_be_qualified_on_the_left),
        TEST(an_output_is_required_or_optional_as_written),
        TEST(contradictions_are_refused),
        TEST(a_members_own_mention_overrules_its_familys),
        TEST(a_task_outside_of_the_graph_must_succeed),
        TEST(a_task_cannot_wait_for_itself),
        TEST(what_a_name_does_not_allow_is_refused),
        TEST(things_on_the_wrong_side_are_refused),
        TEST(a_parent_must_run_somewhere),
        TEST(bad_headings_and_offsets_are_refused),
        TEST(a_polling_task_tells_what_it_polls),
        TEST(a_task_with_too_many_outputs_is_refused),
        TEST(parameters_expand_over_a_chain),
        TEST(a_graph_without_bounds_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
