/* `dump`: what is in the pool. The tasks come as a stream; they are kept only to be sorted. */
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum dump_form { DUMP_ALL, DUMP_TASKS, DUMP_GLOBAL, DUMP_RAW };

struct dump_line {
    char *name, *cycle, *text;
    size_t number; /* as it came */
};

struct dump {
    enum dump_form form;
    int flows, legacy, by_cycle;
    VEC(struct dump_line) lines;
};

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const struct {
    const char *key, *yes, *no;
} flags[] = {{"isHeld", "held", "not-held"},
             {"isQueued", "queued", "not-queued"},
             {"isRunahead", "runahead", "not-runahead"}};

static char *legacy_line(const struct dump *dump, const json_t *task)
{
    struct text line = {0};
    text_addf(&line, "%s, %s, %s", text_of(task, "name"), text_of(task, "cyclePoint"),
              text_of(task, "state"));
    for (size_t i = 0; i < 3; i++)
        text_addf(&line, ", %s",
                  json_is_true(json_object_get(task, flags[i].key)) ? flags[i].yes : flags[i].no);
    if (dump->flows)
        text_addf(&line, ", %s", text_of(task, "flowNums"));
    return text_take(&line);
}

static char *plain_line(const struct dump *dump, const json_t *task)
{
    struct text line = {0};
    text_addf(&line, "%s/%s:%s", text_of(task, "cyclePoint"), text_of(task, "name"),
              text_of(task, "state"));
    for (size_t i = 0; i < 3; i++)
        if (json_is_true(json_object_get(task, flags[i].key)))
            text_addf(&line, " (%s)", flags[i].yes);
    if (dump->flows)
        text_addf(&line, " flows=%s", text_of(task, "flowNums"));
    return text_take(&line);
}

static void print_raw(const json_t *task)
{
    char *text = json_dumps(task, JSON_COMPACT);
    (void)puts(text ? text : "");
    free(text);
}

static void hear_chunk(void *context, const json_t *chunk)
{
    struct dump *dump = context;
    for (size_t i = 0; i < json_array_size(chunk); i++) {
        const json_t *task = json_array_get(chunk, i);
        if (dump->form == DUMP_RAW)
            print_raw(task);
        else if (dump->form != DUMP_GLOBAL)
            *vec_push(&dump->lines) = (struct dump_line){
                str_copy(text_of(task, "name")), str_copy(text_of(task, "cyclePoint")),
                dump->legacy ? legacy_line(dump, task) : plain_line(dump, task), dump->lines.n};
    }
}

/* --- printing --- */

/* Numbers by value, anything else (dates of one format) by letters. */
static int compare_cycles(const char *a, const char *b)
{
    bool numbers = strspn(a, "-0123456789") == strlen(a) && strspn(b, "-0123456789") == strlen(b);
    long long x = strtoll(a, NULL, 10), y = strtoll(b, NULL, 10);
    return numbers && x != y ? (x > y) - (x < y) : strcmp(a, b);
}

static int finish_order(const struct dump_line *a, const struct dump_line *b)
{
    return (a->number > b->number) - (a->number < b->number);
}

static int order_by_name(const void *a, const void *b)
{
    const struct dump_line *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    if (!order)
        order = compare_cycles(left->cycle, right->cycle);
    return order ? order : finish_order(left, right);
}

static int order_by_cycle(const void *a, const void *b)
{
    const struct dump_line *left = a, *right = b;
    int order = compare_cycles(left->cycle, right->cycle);
    if (!order)
        order = strcmp(left->name, right->name);
    return order ? order : finish_order(left, right);
}

static void print_lines(struct dump *dump)
{
    if (dump->lines.n)
        qsort(dump->lines.at, dump->lines.n, sizeof *dump->lines.at,
              dump->by_cycle ? order_by_cycle : order_by_name);
    VEC_EACH (const struct dump_line, line, &dump->lines)
        (void)puts(line->text);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* KEY=VALUE, sorted. */
static void print_workflow(const json_t *workflow)
{
    VEC(const char *) keys = {0};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)workflow, key, value) * vec_push(&keys) = key;
    if (keys.n)
        qsort(keys.at, keys.n, sizeof *keys.at, compare_keys);
    VEC_EACH (const char *, each, &keys) {
        value = json_object_get(workflow, *each);
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        if (!json_is_null(value))
            (void)printf("%s=%s\n", *each, json_is_string(value) ? json_string_value(value) : text);
        free(text);
    }
    vec_release(&keys);
}

static void release_lines(struct dump *dump)
{
    VEC_EACH (struct dump_line, line, &dump->lines) {
        free(line->name);
        free(line->cycle);
        free(line->text);
    }
    vec_release(&dump->lines);
}

static int dump_one(const struct invocation *invocation, const struct target *target, void *context)
{
    struct dump *dump = context;
    struct error error = {0};
    bool tasks = dump->form != DUMP_GLOBAL;
    json_t *data = NULL;
    json_t *args = json_pack("{s:b}", "full", dump->form == DUMP_RAW);
    int code = tasks ? ask_stream(invocation, &target->place, "dump", args, hear_chunk, dump, &data,
                                  &error)
                     : ask(invocation, &target->place, "workflow", NULL, &data, &error);
    json_decref(args);
    if (!code && (dump->form == DUMP_ALL || dump->form == DUMP_GLOBAL))
        print_workflow(data);
    else if (!code && dump->form == DUMP_RAW)
        print_raw(data);
    if (!code)
        print_lines(dump);
    release_lines(dump);
    json_decref(data);
    return code ? ask_fail(invocation, target->place.id, &error) : EXIT_OK;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, global = 0, tasks = 0, raw = 0;
    struct dump dump = {0};
    const struct option_def options[] = {
        {.name = "global", .letter = 'g', .count = &global, .help = "the workflow only"},
        {.name = "tasks", .letter = 't', .count = &tasks, .help = "the tasks only"},
        {.name = "flows", .letter = 'f', .count = &dump.flows, .help = "with their flows"},
        {.name = "legacy", .letter = 'l', .count = &dump.legacy, .help = "in Cylc 7's form"},
        {.name = "raw",
         .letter = 'r',
         .count = &raw,
         .help = "everything, as JSON: a line for each task as it comes, then the workflow"},
        {.name = "raw-format", .count = &raw},
        {.name = "sort",
         .letter = 's',
         .count = &dump.by_cycle,
         .help = "sort by cycle point instead of by name"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if ((global > 0) + (tasks > 0) + (raw > 0) > 1)
        return options_refuse(self, invocation, "--global, --tasks and --raw exclude each other");
    if (first == argc)
        return options_refuse(self, invocation, "no workflow is named");
    dump.form = raw ? DUMP_RAW : global ? DUMP_GLOBAL : tasks ? DUMP_TASKS : DUMP_ALL;
    return ask_targets(invocation, argc - first, argv + first, false, false, dump_one, &dump);
}

const struct command command_dump = {
    .name = "dump",
    .summary = "print the state of a running workflow and of its tasks",
    .synopsis = "[OPTIONS] WORKFLOW...",
    .help = "Print the state of a workflow, then the tasks in its pool with their states.\n\n"
            "Example:\n"
            "    $ rouse dump --tasks --flows flow\n"
            "    1/a:running flows=[1]\n",
    .run = run,
};
