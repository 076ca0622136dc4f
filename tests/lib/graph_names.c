/* Answers from arrays; task names stand in a hash table, so that large graphs can be tested. */
#include "tests/lib/graph_names.h"
#include <errno.h>
#include <string.h>

#include "base/table.h"

#include "base/banned.h"

struct test_task {
    char *name;
    uint32_t index;
    UT_hash_handle hh;
};

uint32_t test_names_task(struct test_names *names, const char *name)
{
    struct test_task *task = NULL;
    HASH_FIND_STR(names->by_name, name, task);
    if (task)
        return task->index;
    task = NEW(struct test_task);
    task->name = str_copy(name);
    task->index = (uint32_t)names->tasks.n;
    HASH_ADD_KEYPTR(hh, names->by_name, task->name, strlen(task->name), task);
    *vec_push(&names->tasks) = task->name;
    return task->index;
}

static uint32_t on_task(void *context, const char *name, struct error *error)
{
    struct test_names *names = context;
    if (names->forbidden && strcmp(names->forbidden, name) == 0) {
        error_set(error, -EINVAL, "task '%s' is forbidden", name);
        return NO_INDEX;
    }
    return test_names_task(names, name);
}

static bool on_family(void *context, const char *name, const uint32_t **ret_members,
                      uint32_t *ret_n)
{
    struct test_names *names = context;
    VEC_EACH (struct test_family, family, &names->families)
        if (strcmp(family->name, name) == 0) {
            *ret_members = family->members.at;
            *ret_n = (uint32_t)family->members.n;
            return true;
        }
    return false;
}

static uint32_t on_output(void *context, uint32_t task, const char *output)
{
    struct test_names *names = context;
    uint32_t index = OUTPUT_CUSTOM;
    VEC_EACH (struct test_output, known, &names->outputs)
        if (strcmp(known->task, names->tasks.at[task]) == 0) {
            if (strcmp(known->output, output) == 0)
                return index;
            index++;
        }
    return NO_INDEX;
}

static uint32_t on_n_outputs(void *context, uint32_t task)
{
    struct test_names *names = context;
    uint32_t n = OUTPUT_CUSTOM;
    VEC_EACH (struct test_output, known, &names->outputs)
        n += strcmp(known->task, names->tasks.at[task]) == 0;
    return n;
}

static uint32_t on_xtrigger(void *context, const char *name)
{
    struct test_names *names = context;
    for (size_t i = 0; i < names->xtriggers.n; i++)
        if (strcmp(names->xtriggers.at[i], name) == 0)
            return (uint32_t)i;
    return NO_INDEX;
}

static const char *on_task_name(void *context, uint32_t task)
{
    return ((struct test_names *)context)->tasks.at[task];
}

static int on_polling(void *context, uint32_t task, const char *workflow, const char *polled,
                      const char *output, struct error *error)
{
    (void)error;
    struct test_names *names = context;
    *vec_push(&names->pollings) =
        (struct test_polling){.task = task,
                              .workflow = str_copy(workflow),
                              .polled = str_copy(polled),
                              .output = str_copy(output ? output : "succeeded")};
    return 0;
}

void test_names_init(struct test_names *names)
{
    *names = (struct test_names){.names = {.context = names,
                                           .task = on_task,
                                           .family = on_family,
                                           .output = on_output,
                                           .n_outputs = on_n_outputs,
                                           .xtrigger = on_xtrigger,
                                           .task_name = on_task_name,
                                           .polling = on_polling}};
    struct error error = {0};
    names->cycling = cycling_create(&(struct cycling_options){.mode = CYCLING_INTEGER}, &error);
}

void test_names_release(struct test_names *names)
{
    struct test_task *task, *next;
    HASH_ITER(hh, names->by_name, task, next)
    {
        HASH_DEL(names->by_name, task);
        free(task->name);
        free(task);
    }
    VEC_EACH (struct test_family, family, &names->families) {
        free(family->name);
        vec_release(&family->members);
    }
    VEC_EACH (struct test_output, output, &names->outputs) {
        free(output->task);
        free(output->output);
    }
    VEC_EACH (char *, xtrigger, &names->xtriggers)
        free(*xtrigger);
    VEC_EACH (struct test_polling, polling, &names->pollings) {
        free(polling->workflow);
        free(polling->polled);
        free(polling->output);
    }
    vec_release(&names->tasks);
    vec_release(&names->families);
    vec_release(&names->outputs);
    vec_release(&names->xtriggers);
    vec_release(&names->pollings);
    cycling_destroy(names->cycling);
}

void test_names_family(struct test_names *names, const char *family, const char *members)
{
    struct test_family *new = vec_push(&names->families);
    new->name = str_copy(family);
    while (*members) {
        size_t n = strcspn(members, " ");
        char *member = str_copy_n(members, n);
        if (n)
            *vec_push(&new->members) = test_names_task(names, member);
        free(member);
        members += n + (members[n] == ' ');
    }
}

void test_names_output(struct test_names *names, const char *task, const char *output)
{
    *vec_push(&names->outputs) =
        (struct test_output){.task = str_copy(task), .output = str_copy(output)};
}

void test_names_xtrigger(struct test_names *names, const char *name)
{
    *vec_push(&names->xtriggers) = str_copy(name);
}

const char *test_names_output_name(const struct test_names *names, uint32_t task, uint32_t output)
{
    uint32_t index = OUTPUT_CUSTOM;
    if (output < OUTPUT_CUSTOM)
        return standard_output_names[output];
    VEC_EACH (struct test_output, known, &names->outputs)
        if (strcmp(known->task, names->tasks.at[task]) == 0 && index++ == output)
            return known->output;
    return NULL;
}

struct graph *test_graph(struct test_names *names, const struct params *params,
                         const char *const *sections, struct error *error)
{
    struct graph_builder *builder = graph_builder_create(names->cycling, 1, 10, &names->names);
    struct graph *graph = NULL;
    int code = 0;
    graph_builder_parameters(builder, params);
    for (size_t i = 0; code == 0 && sections[i]; i += 2)
        code = graph_builder_add(builder, sections[i], sections[i + 1], "flow.cylc", 10, error);
    if (code == 0)
        graph = graph_build(builder, (uint32_t)names->tasks.n, error);
    graph_builder_destroy(builder);
    return graph;
}
