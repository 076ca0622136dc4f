/* What a configuration answers the graph builder, for tests: tasks are defined as they are asked
 * for, families, outputs and xtriggers are given beforehand. */
#ifndef ROUSE_TESTS_GRAPH_NAMES_H
#define ROUSE_TESTS_GRAPH_NAMES_H

#include "base/vec.h"
#include "scheduler/graph/graph.h"

struct test_task;

struct test_family {
    char *name;
    VEC(uint32_t) members;
};

struct test_output {
    char *task, *output;
};

struct test_polling {
    uint32_t task;
    char *workflow, *polled, *output;
};

struct test_names {
    VEC(const char *) tasks;
    struct test_task *by_name;
    VEC(struct test_family) families;
    VEC(struct test_output) outputs;
    VEC(char *) xtriggers;
    VEC(struct test_polling) pollings;
    const char *forbidden; /* a task name that is refused; NULL: none */
    struct graph_names names;
    struct cycling *cycling; /* integer */
};

void test_names_init(struct test_names *names);
void test_names_release(struct test_names *names);
uint32_t test_names_task(struct test_names *names, const char *name);
/* members: task names separated by spaces. */
void test_names_family(struct test_names *names, const char *family, const char *members);
void test_names_output(struct test_names *names, const char *task, const char *output);
void test_names_xtrigger(struct test_names *names, const char *name);
/* Name of an output of a task. */
const char *test_names_output_name(const struct test_names *names, uint32_t task, uint32_t output);

/* The graph of sections {recurrence, text, recurrence, text, ..., NULL}, integer cycling from 1 to
 * 10, or NULL and an error. params may be NULL. */
struct graph *test_graph(struct test_names *names, const struct params *params,
                         const char *const *sections, struct error *error);

#endif
