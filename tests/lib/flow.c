/* Workflows from text. */
#include "tests/lib/flow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

struct text flow_warnings;

static void hear(void *context, const char *text)
{
    (void)context;
    text_addf(&flow_warnings, "%s\n", text);
}

static struct workflow *parse_with(const char *text, const struct workflow_options *options,
                                   struct error *error)
{
    text_release(&flow_warnings);
    return workflow_parse("flow.cylc", text, strlen(text), options, hear, NULL, error);
}

struct workflow *flow_load_with(const char *text, const struct workflow_options *options)
{
    struct error error;
    char buffer[2048];
    struct workflow *workflow = parse_with(text, options, &error);
    if (!workflow)
        fail_msg("%s\n%s", text, error_format(&error, buffer, sizeof buffer));
    return workflow;
}

struct workflow *flow_load(const char *text)
{
    return flow_load_with(text, NULL);
}

void assert_refused_with(const char *text, const struct workflow_options *options, int line,
                         const char *item, const char *says)
{
    struct error error;
    struct workflow *workflow = parse_with(text, options, &error);
    assert_null(workflow);
    assert_true(error.code < 0);
    assert_string_equal(error.file, "flow.cylc");
    assert_string_equal(error.item, item);
    if (error.line != line || !strstr(error.text, says))
        fail_msg("line %d: \"%s\"; expected line %d: \"%s\"", error.line, error.text, line, says);
}

void assert_refused(const char *text, int line, const char *item, const char *says)
{
    assert_refused_with(text, NULL, line, item, says);
}

const struct task_def *flow_task(const struct workflow *workflow, const char *name)
{
    uint32_t index = workflow_task(workflow, name);
    assert_int_not_equal(index, NO_INDEX);
    assert_string_equal(workflow->tasks[index].name, name);
    assert_int_equal(workflow->tasks[index].index, index);
    return &workflow->tasks[index];
}

int flow_release(void **state)
{
    (void)state;
    text_release(&flow_warnings);
    return 0;
}
