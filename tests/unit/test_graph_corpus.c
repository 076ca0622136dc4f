/* The graph strings of tests/conformance/language/graphs.jsonl, as Cylc 8.4.4 reads them: what each
 * task waits for on each recurrence in normal form, where it runs, which outputs are required or
 * optional; and what is refused. The condition is rebuilt from the compiled terms, and the texts of
 * the dependencies must say the same. */
#include "base/text.h"
#include "scheduler/graph/params.h"
#include "tests/lib/graph_names.h"
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

/* Where rouse means to differ: `refused` says what it does instead of what was recorded. */
static const struct difference {
    const char *id;
    bool refused;
    const char *why;
} differences[] = {
    {"gg0075", false, "Cylc mangles submit-fail where submit stands in the same condition"},
    {"gg0268", true, "'()' is nonsense, which Cylc lets through"},
    {"gg0285", true, "'a(b)' is nonsense, which Cylc lets through"},
    {"gg0337", false, "an xtrigger may stand in a condition with |, which Cylc cannot"},
    {"gg0339", false, "an xtrigger may stand in a condition with |, which Cylc cannot"},
    {"gg0345", false, "[$-P1] counts back from the final point; Cylc looks at the last line only"},
    {"gg0346", true, "a bad node is refused on every line, not on the last one only"},
    {"gg0347", true, "a bad node is refused on every line, not on the last one only"},
    {"gg0353", false, "[$] is the final point; Cylc looks at the last line only"},
    {"gg0354", true, "a bad node is refused on every line, not on the last one only"},
    {"gg0355", true, "a bad node is refused on every line, not on the last one only"},
    {"gg0362", true, "<run-1-1>: Cylc drops what follows the first offset"},
    {"gg0367", true, "a template may not make names that are no task names"},
    {"gg0368", true, "a template may not make names that are no task names"},
};

static const struct difference *find_difference(const char *id)
{
    for (size_t i = 0; !getenv("ROUSE_CORPUS") && i < sizeof differences / sizeof *differences; i++)
        if (strcmp(differences[i].id, id) == 0)
            return &differences[i];
    return NULL;
}

/* --- the normal form --- */

struct form {
    enum graph_node_kind kind; /* NODE_TASK: one operand */
    VEC(char *) operands;
};

static void form_release(struct form *form)
{
    for (size_t i = 0; i < form->operands.n; i++)
        free(form->operands.at[i]);
    vec_release(&form->operands);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *form_text(struct form *form)
{
    struct text text = {0};
    if (form->operands.n)
        qsort(form->operands.at, form->operands.n, sizeof(char *), compare_texts);
    for (size_t i = 0; i < form->operands.n; i++) {
        if (i && strcmp(form->operands.at[i], form->operands.at[i - 1]) == 0)
            continue;
        text_add(&text, i == 0 ? "" : form->kind == NODE_AND ? " & " : " | ");
        text_add(&text, form->operands.at[i]);
    }
    return text_take(&text);
}

/* Both become part of the result; taken over. */
static struct form form_join(enum graph_node_kind kind, struct form a, struct form b)
{
    struct form joined = {.kind = kind};
    struct form *parts[] = {&a, &b};
    for (size_t p = 0; p < 2; p++) {
        if (parts[p]->kind == kind || parts[p]->kind == NODE_TASK) {
            for (size_t i = 0; i < parts[p]->operands.n; i++)
                *vec_push(&joined.operands) = str_copy(parts[p]->operands.at[i]);
        } else {
            char *inner = form_text(parts[p]);
            bool compound = strstr(inner, kind == NODE_AND ? " | " : " & ");
            *vec_push(&joined.operands) = compound ? str_format("(%s)", inner) : str_copy(inner);
            free(inner);
        }
        form_release(parts[p]);
    }
    return joined;
}

static struct form form_leaf(char *text)
{
    struct form form = {.kind = NODE_TASK};
    *vec_push(&form.operands) = text;
    return form;
}

/* --- one case --- */

struct leaf {
    char *name, *offset, *output;
};

struct run {
    json_t *json;
    struct test_names names;
    struct params *params;
    struct cycling *cycling;
    struct graph *graph;
    VEC(char *) headings; /* the recurrences as rouse sees them, in the corpus' order */
    VEC(struct leaf) leaves;
    struct text complaints;
};

static const char *string_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static int note_leaves(void *context, struct graph_statement *statement, struct error *error)
{
    (void)error;
    struct run *run = context;
    VEC_EACH (struct graph_node, node, &statement->nodes)
        if (node > statement->nodes.at && node->kind == NODE_TASK)
            *vec_push(&run->leaves) = (struct leaf){.name = slice_copy(node->name),
                                                    .offset = slice_copy(node->offset),
                                                    .output = slice_copy(node->output)};
    return 0;
}

static void clear_leaves(struct run *run)
{
    VEC_EACH (struct leaf, leaf, &run->leaves) {
        free(leaf->name);
        free(leaf->offset);
        free(leaf->output);
    }
    vec_clear(&run->leaves);
}

static char *leaf_text(const char *task, const struct leaf *leaf, const char *output)
{
    return *leaf->offset ? str_format("%s[%s]:%s", task, leaf->offset, output)
                         : str_format("%s:%s", task, output);
}

/* The group's condition, expanded, with the leaf's offset. */
static struct form group_form(const struct run *run, const struct group *group,
                              const struct leaf *leaf)
{
    struct form all = {0};
    for (uint32_t m = 0; m < group->n_members; m++) {
        struct form member = {0};
        for (uint32_t output = 0; output < OUTPUT_CUSTOM; output++) {
            if (!(group->outputs >> output & 1))
                continue;
            struct form one = form_leaf(leaf_text(run->names.tasks.at[group->members[m]], leaf,
                                                  standard_output_names[output]));
            member = member.operands.n ? form_join(NODE_OR, member, one) : one;
        }
        all = m ? form_join(group->all ? NODE_AND : NODE_OR, all, member) : member;
    }
    return all;
}

/* An atom must be what the text of its dependency says at this place. */
static struct form atom_form(struct run *run, const struct atom *atom, const struct leaf *leaf)
{
    if (atom->kind == ATOM_GROUP) {
        const struct group *group = &run->graph->groups[atom->index];
        char *name = str_format("%s:%s", leaf->name, leaf->output);
        assert_string_equal(name, group->name);
        free(name);
        return group_form(run, group, leaf);
    }
    assert_string_equal(leaf->name, run->names.tasks.at[atom->index]);
    assert_string_equal(leaf->output,
                        test_names_output_name(&run->names, atom->index, atom->output));
    return form_leaf(leaf_text(leaf->name, leaf, leaf->output));
}

static struct form xtrigger_form(struct run *run, uint32_t xtrigger)
{
    return form_leaf(str_format("@%s", run->names.xtriggers.at[xtrigger]));
}

static struct form dependency_form(struct run *run, const struct graph_task *task,
                                   const struct dependency *dependency)
{
    struct error error = {0};
    VEC(struct form) stack = {0};
    size_t next = 0;
    assert_int_equal(graph_parse(slice_of(dependency->text), 1, note_leaves, run, &error), 0);
    for (uint32_t i = 0; i < dependency->n_terms; i++) {
        const struct term *term = &dependency->terms[i];
        if (term->kind == TERM_ATOM) {
            assert_true(next < run->leaves.n && term->atom < task->n_atoms);
            *vec_push(&stack) = atom_form(run, &task->atoms[term->atom], &run->leaves.at[next++]);
        } else if (term->kind == TERM_XTRIGGER) {
            assert_true(term->atom < task->n_alternatives);
            *vec_push(&stack) = xtrigger_form(run, task->alternatives[term->atom]);
        } else {
            assert_true(stack.n >= 2);
            struct form right = stack.at[--stack.n], left = stack.at[--stack.n];
            *vec_push(&stack) = form_join(term->kind == TERM_AND ? NODE_AND : NODE_OR, left, right);
        }
    }
    assert_int_equal(stack.n, 1);
    assert_int_equal(next, run->leaves.n);
    clear_leaves(run);
    struct form form = stack.at[0];
    vec_release(&stack);
    return form;
}

/* What the task waits for on the sequence; NULL if the graph has nothing of it there. */
static char *condition_of(struct run *run, uint32_t index, uint32_t sequence, bool suicide)
{
    const struct graph_task *task = &run->graph->tasks[index];
    struct form all = {.kind = NODE_AND};
    for (uint32_t i = 0; i < task->n_dependencies; i++)
        if (task->dependencies[i].sequence == sequence && task->dependencies[i].suicide == suicide)
            all = all.operands.n
                      ? form_join(NODE_AND, all, dependency_form(run, task, &task->dependencies[i]))
                      : dependency_form(run, task, &task->dependencies[i]);
    for (uint32_t i = 0; !suicide && i < task->n_xtriggers; i++)
        if (task->xtriggers[i].sequence == sequence && !task->xtriggers[i].alternative) {
            struct form one = xtrigger_form(run, task->xtriggers[i].xtrigger);
            all = all.operands.n ? form_join(NODE_AND, all, one) : one;
        }
    char *text = form_text(&all);
    form_release(&all);
    return text;
}

/* --- what a case says is there --- */

static void complain(struct run *run, const char *what, const char *task, const char *expected,
                     const char *got)
{
    text_addf(&run->complaints, "  %s of %s: expected '%s', got '%s'\n", what, task, expected, got);
}

static uint32_t sequence_of(const struct run *run, const char *heading)
{
    for (uint32_t i = 0; i < run->graph->n_sequences; i++)
        if (strcmp(run->graph->sequences[i].text, heading) == 0)
            return i;
    return NO_INDEX;
}

static bool runs_on(const struct graph_task *task, uint32_t sequence)
{
    for (uint32_t i = 0; i < task->n_sequences; i++)
        if (task->sequences[i] == sequence)
            return true;
    return false;
}

static void compare_recurrence(struct run *run, const json_t *result, const char *heading)
{
    uint32_t sequence = sequence_of(run, heading);
    const json_t *tasks = json_object_get(result, "tasks");
    assert_true(sequence != NO_INDEX);
    for (uint32_t i = 0; i < run->graph->n_tasks; i++) {
        const char *name = run->names.tasks.at[i];
        const json_t *task = json_object_get(tasks, name);
        char *when = condition_of(run, i, sequence, false);
        char *suicide = condition_of(run, i, sequence, true);
        bool known = runs_on(&run->graph->tasks[i], sequence) || *when || *suicide;
        if (known != (task != NULL))
            complain(run, "presence", name, task ? "yes" : "no", known ? "yes" : "no");
        else if (task && strcmp(when, string_of(task, "when")) != 0)
            complain(run, "condition", name, string_of(task, "when"), when);
        else if (task && strcmp(suicide, string_of(task, "suicide")) != 0)
            complain(run, "suicide", name, string_of(task, "suicide"), suicide);
        free(when);
        free(suicide);
    }
}

static void compare_outputs(struct run *run, uint32_t index, const char *name, const json_t *task)
{
    static const char *const texts[] = {
        [NEED_UNSET] = "", [NEED_REQUIRED] = "required", [NEED_OPTIONAL] = "optional"};
    const struct graph_task *self = &run->graph->tasks[index];
    for (uint32_t i = 0; i < self->n_outputs; i++) {
        const char *output = test_names_output_name(&run->names, index, i);
        const char *expected = string_of(json_object_get(task, "outputs"), output);
        if (strcmp(expected, texts[self->needs[i]]) != 0)
            complain(run, output, name, expected, texts[self->needs[i]]);
    }
}

/* On which recurrences the task runs, and with which xtriggers. */
static void compare_places(struct run *run, uint32_t index, const char *name, const json_t *task,
                           const json_t *results)
{
    const struct graph_task *self = &run->graph->tasks[index];
    for (size_t i = 0; i < run->headings.n; i++) {
        const char *recurrence = string_of(json_array_get(results, i), "recurrence");
        uint32_t sequence = sequence_of(run, run->headings.at[i]);
        bool expected = false;
        size_t at;
        json_t *text;
        json_array_foreach(json_object_get(task, "recurrences"), at, text) expected =
            expected || strcmp(json_string_value(text), recurrence) == 0;
        if (expected != runs_on(self, sequence))
            complain(run, "recurrence", name, expected ? recurrence : "",
                     expected ? "" : recurrence);
        const json_t *labels = json_object_get(json_object_get(task, "xtriggers"), recurrence);
        size_t n = 0;
        for (uint32_t x = 0; x < self->n_xtriggers; x++)
            n += self->xtriggers[x].sequence == sequence;
        if (n != json_array_size(labels))
            complain(run, "xtriggers", name, recurrence, "another number");
    }
}

static void compare_polling(struct run *run, uint32_t index, const char *name, const json_t *task)
{
    const json_t *polls = json_object_get(task, "polls");
    char *expected = str_format("%s::%s:%s", string_of(polls, "workflow"), string_of(polls, "task"),
                                string_of(polls, "output"));
    char *got = str_copy("::");
    got = (free(got), str_copy("::"
                               ":"));
    VEC_EACH (struct test_polling, polling, &run->names.pollings)
        if (polling->task == index) {
            free(got);
            got = str_format("%s::%s:%s", polling->workflow, polling->polled, polling->output);
        }
    if (strcmp(expected, got) != 0)
        complain(run, "polling", name, expected, got);
    free(expected);
    free(got);
}

static void compare_tasks(struct run *run)
{
    const json_t *results = json_object_get(run->json, "result");
    const char *name;
    json_t *task;
    json_object_foreach(json_object_get(run->json, "tasks"), name, task)
    {
        size_t before = run->names.tasks.n;
        uint32_t index = test_names_task(&run->names, name);
        if (run->names.tasks.n != before) {
            complain(run, "presence", name, "yes", "no");
            continue;
        }
        compare_outputs(run, index, name, task);
        compare_places(run, index, name, task, results);
        compare_polling(run, index, name, task);
    }
}

/* --- reading a case --- */

/* All leaves of a family, also through families in families. */
static void add_members(struct run *run, const char *family, struct text *members)
{
    const json_t *families = json_object_get(run->json, "families");
    size_t i;
    json_t *member;
    json_array_foreach(json_object_get(families, family), i, member)
    {
        const char *name = json_string_value(member);
        if (json_object_get(families, name))
            add_members(run, name, members);
        else
            text_addf(members, "%s ", name);
    }
}

struct heading {
    struct run *run;
    const char *family; /* with parameters */
};

static int add_member_of(void *context, const char *name, const struct param_value *values,
                         size_t n_values, struct error *error)
{
    const struct heading *heading = context;
    struct test_names *names = &heading->run->names;
    struct text family = {0};
    int code = params_fill(heading->run->params, slice_of(heading->family), values, n_values,
                           &family, error);
    assert_int_equal(code, 0);
    struct test_family *found = NULL;
    VEC_EACH (struct test_family, known, &names->families)
        if (strcmp(known->name, text_string(&family)) == 0)
            found = known;
    if (!found) {
        test_names_family(names, text_string(&family), "");
        found = vec_last(&names->families);
    }
    *vec_push(&found->members) = test_names_task(names, name);
    text_release(&family);
    return 0;
}

/* Families with parameters stand only in the text of the workflow: [[a<m>, b<m>]] and the line
 * `inherit = FAM<m>` after it. */
static void read_inheritance(struct run *run)
{
    const char *flow = string_of(run->json, "flow"), *inherit = flow;
    while ((inherit = strstr(inherit, "inherit = "))) {
        const char *line = inherit;
        while (line > flow && !(line[0] == '[' && line[1] == '['))
            line--;
        inherit += strlen("inherit = ");
        char *family = str_copy_n(inherit, strcspn(inherit, "\n"));
        char *names = str_copy_n(line + 2, strcspn(line + 2, "]"));
        for (char *name = names; *name; name += strspn(name, ", ")) {
            size_t n = strcspn(name, ",");
            struct error error = {0};
            struct heading heading = {run, family};
            assert_int_equal(params_expand_name(run->params, (struct slice){name, n}, add_member_of,
                                                &heading, &error),
                             0);
            name += n;
        }
        free(names);
        free(family);
    }
}

static int read_parameters(struct run *run, struct error *error)
{
    const char *name;
    json_t *value;
    int code = 0;
    json_object_foreach(json_object_get(run->json, "parameters"), name, value) if (code == 0) code =
        params_define(run->params, name, json_string_value(value), error);
    json_object_foreach(json_object_get(run->json, "templates"), name, value) if (code == 0) code =
        params_template(run->params, name, json_string_value(value), error);
    return code;
}

static int read_names(struct run *run, struct error *error)
{
    const char *name, *output;
    json_t *value, *message;
    json_object_foreach(json_object_get(run->json, "families"), name, value)
    {
        struct text members = {0};
        add_members(run, name, &members);
        test_names_family(&run->names, name, text_string(&members));
        text_release(&members);
    }
    json_object_foreach(json_object_get(run->json, "outputs"), name, value)
        json_object_foreach(value, output, message) test_names_output(&run->names, name, output);
    json_object_foreach(json_object_get(run->json, "xtriggers"), name, value)
        test_names_xtrigger(&run->names, name);
    int code = read_parameters(run, error);
    if (code == 0 && !json_object_get(run->json, "families"))
        read_inheritance(run);
    return code;
}

static void add_headings(struct run *run, const char *heading)
{
    const char *start = heading;
    int depth = 0;
    for (const char *c = heading;; c++) {
        depth += *c == '(' ? 1 : *c == ')' ? -1 : 0;
        if (*c && (*c != ',' || depth))
            continue;
        *vec_push(&run->headings) =
            slice_copy(slice_trim((struct slice){start, (size_t)(c - start)}));
        if (!*c)
            return;
        start = c + 1;
    }
}

static int read_points(struct run *run, cycle_point *ret_initial, cycle_point *ret_final,
                       struct error *error)
{
    bool integer = strcmp(string_of(run->json, "mode"), "integer") == 0;
    run->cycling = cycling_create(
        &(struct cycling_options){.mode = integer ? CYCLING_INTEGER : CYCLING_DATETIME}, error);
    if (!run->cycling)
        return error->code;
    int code = point_parse(run->cycling, string_of(run->json, "initial"), ret_initial, error);
    const char *final = string_of(run->json, "final");
    *ret_final = POINT_MAX;
    if (code == 0 && *final)
        code = point_parse(run->cycling, final, ret_final, error);
    return code;
}

/* The graph, or an error. */
static int build(struct run *run, struct error *error)
{
    cycle_point initial = 0, final = 0;
    int code = read_points(run, &initial, &final, error);
    assert_int_equal(code, 0);
    code = read_names(run, error);
    if (code < 0)
        return code;
    struct graph_builder *builder =
        graph_builder_create(run->cycling, initial, final, &run->names.names);
    graph_builder_parameters(builder, run->params);
    size_t i;
    json_t *section;
    json_array_foreach(json_object_get(run->json, "sections"), i, section)
    {
        const char *heading = json_string_value(json_array_get(section, 0));
        add_headings(run, heading);
        if (code == 0)
            code =
                graph_builder_add(builder, heading, json_string_value(json_array_get(section, 1)),
                                  "flow.cylc", 1, error);
    }
    if (code == 0) {
        run->graph = graph_build(builder, (uint32_t)run->names.tasks.n, error);
        code = run->graph ? 0 : error->code;
    }
    graph_builder_destroy(builder);
    return code;
}

static void compare_result(struct run *run)
{
    const json_t *results = json_object_get(run->json, "result");
    assert_int_equal(run->headings.n, json_array_size(results));
    for (size_t i = 0; i < run->headings.n; i++)
        compare_recurrence(run, json_array_get(results, i), run->headings.at[i]);
    compare_tasks(run);
}

static bool validate_refuses(const json_t *json)
{
    return json_integer_value(json_object_get(json_object_get(json, "validate"), "rc")) != 0;
}

static bool validate_finds_a_circle(const json_t *json)
{
    size_t i;
    json_t *line;
    bool found = false;
    json_array_foreach(json_object_get(json_object_get(json, "validate"), "stderr"), i, line)
        found = found || strstr(json_string_value(line), "circular edges");
    return found;
}

static void check_circle(struct run *run)
{
    struct error error = {0};
    bool expected = validate_finds_a_circle(run->json);
    bool found = graph_check_circular(run->graph, run->cycling, run->names.names.task_name,
                                      &run->names, &error) < 0;
    if (found != expected)
        text_addf(&run->complaints, "  circle: %s\n", found ? error.text : "not found");
}

static void check_case(struct run *run)
{
    struct error error = {0};
    int code = build(run, &error);
    const struct difference *difference = find_difference(string_of(run->json, "id"));
    bool refused = json_object_get(run->json, "error") != NULL;
    if (difference)
        refused = difference->refused;
    if (code < 0) {
        char text[2048];
        error_format(&error, text, sizeof text);
        if (getenv("ROUSE_SHOW_ERRORS"))
            print_message("%s: %s\n", string_of(run->json, "id"), text);
        if (!refused && !validate_refuses(run->json))
            text_addf(&run->complaints, "  refused: %s\n", text);
    } else if (refused) {
        text_add(&run->complaints, "  not refused\n");
    } else if (json_object_get(run->json, "result") && !difference) {
        compare_result(run);
        check_circle(run);
    }
}

static void release_run(struct run *run)
{
    graph_destroy(run->graph);
    cycling_destroy(run->cycling);
    params_destroy(run->params);
    test_names_release(&run->names);
    VEC_EACH (char *, heading, &run->headings)
        free(*heading);
    vec_release(&run->headings);
    clear_leaves(run);
    vec_release(&run->leaves);
    text_release(&run->complaints);
    json_decref(run->json);
}

static void every_case_is_read_as_cylc_reads_it(void **state)
{
    (void)state;
    char path[4096];
    const char *other = getenv("ROUSE_CORPUS"); /* then no difference is intended */
    (void)snprintf(path, sizeof path, "%s/graphs.jsonl",
                   other ? other : ROUSE_SOURCE_DIR "/tests/conformance/language");
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *line = NULL;
    size_t size = 0, n = 0, wrong = 0;
    while (getline(&line, &size, file) > 0) {
        json_error_t json_error;
        struct run run = {.json = json_loads(line, 0, &json_error), .params = params_create()};
        assert_non_null(run.json);
        test_names_init(&run.names);
        check_case(&run);
        if (run.complaints.n) {
            print_error("%s (%s):\n%s", string_of(run.json, "id"), string_of(run.json, "kind"),
                        text_string(&run.complaints));
            wrong++;
        }
        n++;
        release_run(&run);
    }
    free(line);
    fclose(file);
    print_message("%zu cases, %zu wrong\n", n, wrong);
    assert_true(n > (other ? 0 : 300));
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_is_read_as_cylc_reads_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
