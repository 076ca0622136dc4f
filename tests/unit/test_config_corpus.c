/* Whole workflow files as Cylc 8.4.4 reads them (tests/conformance/language): what is valid, what
 * is refused and what the message must name, and what [runtime] comes to. */
#include "base/text.h"
#include "scheduler/config/workflow.h"
#include <dirent.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

#define CORPUS ROUSE_SOURCE_DIR "/tests/conformance/language/"
enum { NOW = 1893456000 };

/* Where rouse differs, for now or on purpose. A name ending in `*` stands for all that begin so. */
struct difference {
    const char *name, *why;
};

/* These are accepted; of the functions `validate` looks whether they are there. */
static const struct difference invalid_accepted[] = {
    {"external-trigger-reused", "one message may let several tasks go, which Cylc refuses"},
    {"graph-xtrigger-conditional",
     "an xtrigger may stand in a condition with |, which Cylc cannot"},
    {"xtrigger-bad-arguments", "a plugin or a module may define it"},
    {"xtrigger-unknown-function", "the function may be defined by a plugin or a module"},
};

/* What tasks run with is not what the configuration prints. */
static const struct difference runtime_differences[] = {
    {"implicit-allowed",
     "implicit tasks inherit root, as they do when Cylc runs them; the recorded "
     "configuration leaves that out"},
};

#define DIFFERS(name, differences)                                                                 \
    differs((name), (differences), sizeof(differences) / sizeof *(differences))

static bool differs(const char *name, const struct difference *differences, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t length = strcspn(differences[i].name, "*");
        if (differences[i].name[length] ? strncmp(name, differences[i].name, length) == 0
                                        : strcmp(name, differences[i].name) == 0)
            return true;
    }
    return false;
}

static unsigned wrong;

static void complain(const char *name, const char *what, const char *detail)
{
    print_error("%s: %s: %s\n", name, what, detail);
    wrong++;
}

static json_t *read_json(const char *kind, const char *name, const char *file)
{
    struct text path = {0};
    json_error_t error;
    text_addf(&path, CORPUS "%s/%s/%s", kind, name, file);
    json_t *json = json_load_file(text_string(&path), 0, &error);
    if (!json)
        fail_msg("%s: %s", text_string(&path), error.text);
    text_release(&path);
    return json;
}

enum template_kind { SETS, LISTS, FILES, TEMPLATE_KINDS };
enum { SETTINGS_MAX = 16 };

struct arguments {
    struct workflow_options options;
    const char *at[TEMPLATE_KINDS][SETTINGS_MAX];
    size_t n[TEMPLATE_KINDS];
};

/* "--NAME=VALUE" or "--NAME VALUE": the value and how many arguments it took, or 0. */
static size_t option_value(const json_t *args, size_t i, const char *name, const char **ret_value)
{
    const char *arg = json_string_value(json_array_get(args, i));
    size_t n = strlen(name);
    if (!arg || strncmp(arg, name, n) != 0)
        return 0;
    *ret_value = arg[n] == '=' ? arg + n + 1 : json_string_value(json_array_get(args, i + 1));
    return arg[n] == '=' ? 1 : arg[n] ? 0 : 2;
}

static void read_arguments(const json_t *args, struct arguments *arguments)
{
    static const struct {
        const char *name;
        enum template_kind kind;
    } known[] = {{"--set", SETS}, {"-s", SETS},          {"--set-list", LISTS},
                 {"-z", LISTS},   {"--set-file", FILES}, {"-S", FILES}};
    for (size_t i = 0, taken; i < json_array_size(args); i += taken) {
        taken = option_value(args, i, "--initial-cycle-point", &arguments->options.initial);
        for (size_t k = 0; k < sizeof known / sizeof *known && !taken; k++) {
            enum template_kind kind = known[k].kind;
            assert_true(arguments->n[kind] < SETTINGS_MAX);
            taken = option_value(args, i, known[k].name, &arguments->at[kind][arguments->n[kind]]);
            arguments->n[kind] += taken > 0;
        }
        taken = taken ? taken : 1;
    }
    arguments->options.templates = (struct template_options){.sets = arguments->at[SETS],
                                                             .lists = arguments->at[LISTS],
                                                             .files = arguments->at[FILES],
                                                             .n_sets = arguments->n[SETS],
                                                             .n_lists = arguments->n[LISTS],
                                                             .n_files = arguments->n[FILES]};
}

/* In the directory of the case, where the recorded command was run. */
static struct workflow *load(const char *kind, const char *name, const json_t *info,
                             struct error *error)
{
    struct arguments arguments = {.options = {.now = NOW}};
    read_arguments(json_object_get(info, "args"), &arguments);
    struct text path = {0};
    text_addf(&path, CORPUS "%s/%s", kind, name);
    assert_int_equal(chdir(text_string(&path)), 0);
    text_add(&path, "/flow.cylc");
    struct workflow *workflow =
        workflow_load(text_string(&path), &arguments.options, NULL, NULL, error);
    text_release(&path);
    return workflow;
}

typedef void check_fn(const char *name);

/* Calls check with each case of the kind, in the order of names. */
static unsigned for_each_case(const char *kind, check_fn *check)
{
    struct text path = {0};
    struct dirent **entries;
    text_addf(&path, CORPUS "%s", kind);
    int n = scandir(text_string(&path), &entries, NULL, alphasort);
    unsigned cases = 0;
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            check(entries[i]->d_name);
            cases++;
        }
        free(entries[i]);
    }
    free(entries);
    text_release(&path);
    return cases;
}

static void check_valid(const char *name)
{
    struct error error;
    char text[2048];
    json_t *expect = read_json("valid", name, "expect.json");
    struct workflow *workflow = load("valid", name, expect, &error);
    if (!workflow)
        complain(name, "refused", error_format(&error, text, sizeof text));
    workflow_destroy(workflow);
    json_decref(expect);
}

static void check_mentions(const char *name, const json_t *expect, const struct error *error)
{
    char text[2048];
    error_format(error, text, sizeof text);
    const json_t *mentions = json_object_get(expect, "mentions");
    for (size_t i = 0; i < json_array_size(mentions); i++)
        if (!strstr(text, json_string_value(json_array_get(mentions, i))))
            complain(name, json_string_value(json_array_get(mentions, i)), text);
}

static void check_invalid(const char *name)
{
    struct error error;
    json_t *expect = read_json("invalid", name, "expect.json");
    struct workflow *workflow = load("invalid", name, expect, &error);
    bool accepted = DIFFERS(name, invalid_accepted);
    if (workflow && !accepted)
        complain(name, "accepted", json_string_value(json_object_get(expect, "message")));
    if (!workflow && accepted)
        complain(name, "no difference any more", "take it off the list");
    if (!workflow)
        check_mentions(name, expect, &error);
    workflow_destroy(workflow);
    json_decref(expect);
}

static void compare_text(const char *name, const char *item, const json_t *expected,
                         const char *actual)
{
    static const char polling[] = "echo cylc workflow-state ";
    const char *text = json_is_string(expected) ? json_string_value(expected) : "";
    if (strcmp(text, actual) == 0)
        return;
    /* Scripts of polling tasks are not in the recordings. */
    if (!*text && strcmp(item, "script") == 0 && strncmp(actual, polling, strlen(polling)) == 0)
        return;
    struct text detail = {0};
    text_addf(&detail, "expected \"%s\", not \"%s\"", text, actual);
    complain(name, item, text_string(&detail));
    text_release(&detail);
}

static void compare_pairs(const char *name, const char *section, json_t *expected,
                          const struct key_value *pairs, uint32_t n)
{
    struct text wanted = {0}, found = {0};
    const char *key;
    json_t *value;
    json_object_foreach(expected, key, value)
    {
        text_addf(&wanted, "%s=%s\n", key, json_is_string(value) ? json_string_value(value) : "");
    }
    for (uint32_t i = 0; i < n; i++)
        text_addf(&found, "%s=%s\n", pairs[i].key, pairs[i].value);
    if (strcmp(text_string(&wanted), text_string(&found)) != 0) {
        text_addf(&wanted, "not %s", text_string(&found));
        complain(name, section, text_string(&wanted));
    }
    text_release(&wanted);
    text_release(&found);
}

static void compare_outputs(const char *name, json_t *expected, const struct task_def *task)
{
    struct key_value pairs[OUTPUTS_MAX];
    for (uint32_t i = OUTPUT_CUSTOM; i < task->n_outputs; i++)
        pairs[i - OUTPUT_CUSTOM] =
            (struct key_value){task->outputs[i].name, task->outputs[i].message};
    compare_pairs(name, "outputs", expected, pairs, task->n_outputs - OUTPUT_CUSTOM);
}

static void compare_list(const char *name, const char *item, const json_t *expected,
                         const char *const *actual, uint32_t n)
{
    if (json_array_size(expected) != n)
        complain(name, item, "another number of items");
    for (uint32_t i = 0; i < n && i < json_array_size(expected); i++)
        compare_text(name, item, json_array_get(expected, i), actual[i]);
}

static void compare_handlers(const char *name, const json_t *events, const struct runtime *runtime)
{
    compare_list(name, "handlers", json_object_get(events, "handlers"), runtime->handlers,
                 runtime->n_handlers);
    compare_list(name, "handler events", json_object_get(events, "handler events"),
                 runtime->handler_events, runtime->n_handler_events);
    for (uint32_t i = 0; i < runtime->n_event_handlers; i++) {
        const struct event_handlers *h = &runtime->event_handlers[i];
        struct text item = {0};
        text_addf(&item, "%s handlers", h->event);
        compare_list(name, text_string(&item), json_object_get(events, text_string(&item)),
                     h->commands, h->n_commands);
        text_release(&item);
    }
}

static void compare_runtime(const char *name, const json_t *expected, const struct task_def *task)
{
    const struct runtime *runtime = &task->runtime;
    const struct {
        const char *item, *actual;
    } texts[] = {
        {"script", runtime->script},           {"init-script", runtime->init_script},
        {"env-script", runtime->env_script},   {"pre-script", runtime->pre_script},
        {"post-script", runtime->post_script}, {"exit-script", runtime->exit_script},
        {"err-script", runtime->err_script},   {"work sub-directory", runtime->work_sub_directory}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        compare_text(name, texts[i].item, json_object_get(expected, texts[i].item),
                     texts[i].actual);
    compare_pairs(name, "environment", json_object_get(expected, "environment"),
                  runtime->environment, runtime->n_environment);
    compare_pairs(name, "directives", json_object_get(expected, "directives"), runtime->directives,
                  runtime->n_directives);
    compare_pairs(name, "meta", json_object_get(expected, "meta"), runtime->meta, runtime->n_meta);
    compare_outputs(name, json_object_get(expected, "outputs"), task);
    compare_handlers(name, json_object_get(expected, "events"), runtime);
    if (runtime->execution_retries.n !=
        json_array_size(json_object_get(expected, "execution retry delays")))
        complain(name, "execution retry delays", "another number of items");
}

/* Every task rouse has is in the recording; only what is in the graph has a completion there. */
static void compare_workflow(const char *name, const json_t *config,
                             const struct workflow *workflow)
{
    const json_t *all = json_object_get(config, "runtime");
    for (uint32_t i = 0; i < workflow->n_tasks; i++) {
        const struct task_def *task = &workflow->tasks[i];
        const json_t *expected = json_object_get(all, task->name);
        if (!expected) {
            complain(name, task->name, "not a task in the recording");
            continue;
        }
        compare_runtime(name, expected, task);
        const json_t *completion = json_object_get(expected, "completion");
        if (workflow->graph->tasks[i].n_sequences)
            compare_text(name, "completion", completion, workflow->completions[i].text);
    }
    if (json_object_size(all) != workflow->n_tasks + workflow->n_families)
        complain(name, "runtime", "another number of namespaces");
    const json_t *title = json_object_get(json_object_get(config, "meta"), "title");
    compare_text(name, "title", title, workflow->title);
}

/* Blanks at the ends of lines were not recorded. */
static void compare_processed(const char *name, const struct workflow *workflow)
{
    struct text path = {0}, found = {0};
    char wanted[4096];
    text_addf(&path, CORPUS "configs/%s/processed.txt", name);
    FILE *file = fopen(text_string(&path), "re");
    assert_non_null(file);
    wanted[fread(wanted, 1, sizeof wanted - 1, file)] = '\0';
    fclose(file);
    for (size_t i = 0; i < workflow->processed_size; i++) {
        while (workflow->processed[i] == '\n' && found.n && found.at[found.n - 1] == ' ')
            found.at[--found.n] = '\0';
        text_add_char(&found, workflow->processed[i]);
    }
    if (strcmp(wanted, text_string(&found)) != 0)
        complain(name, "processed", text_string(&found));
    text_release(&found);
    text_release(&path);
}

static void check_config(const char *name)
{
    struct error error;
    char text[2048];
    json_t *info = read_json("configs", name, "case.json");
    json_t *config = read_json("configs", name, "config.json");
    struct workflow *workflow = load("configs", name, info, &error);
    bool differing = DIFFERS(name, runtime_differences);
    if (!workflow && !differing)
        complain(name, "refused", error_format(&error, text, sizeof text));
    if (workflow && !differing)
        compare_workflow(name, config, workflow);
    if (workflow && workflow->processed)
        compare_processed(name, workflow);
    workflow_destroy(workflow);
    json_decref(config);
    json_decref(info);
}

static void valid_files_are_accepted(void **state)
{
    (void)state;
    wrong = 0;
    assert_true(for_each_case("valid", check_valid) >= 20);
    assert_int_equal(wrong, 0);
}

static void invalid_files_are_refused_with_a_message_that_names_the_culprit(void **state)
{
    (void)state;
    wrong = 0;
    assert_true(for_each_case("invalid", check_invalid) >= 80);
    assert_int_equal(wrong, 0);
}

static void runtime_comes_to_what_cylc_makes_of_it(void **state)
{
    (void)state;
    wrong = 0;
    assert_true(for_each_case("configs", check_config) >= 70);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_files_are_accepted),
        cmocka_unit_test(invalid_files_are_refused_with_a_message_that_names_the_culprit),
        cmocka_unit_test(runtime_comes_to_what_cylc_makes_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
