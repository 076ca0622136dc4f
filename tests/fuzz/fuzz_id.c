/* Universal ids. What was understood, put together again, is understood the same. */
#include "base/id.h"
#include "scheduler/run/resolve.h"
#include "tests/fuzz/fuzz.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static void check_within(struct slice part, const char *text)
{
    HOLDS(!part.n || (part.at >= text && part.at + part.n <= text + strlen(text)));
}

static bool same(struct slice a, struct slice b)
{
    return a.n == b.n && (!a.n || memcmp(a.at, b.at, a.n) == 0);
}

static void add(struct text *text, const char *before, struct slice part)
{
    if (part.n) {
        text_add(text, before);
        text_add_n(text, part.at, part.n);
    }
}

static void add_below(struct text *text, const struct id *id)
{
    text_add_n(text, id->cycle.at, id->cycle.n);
    add(text, ":", id->cycle_state);
    add(text, "/", id->task);
    add(text, ":", id->task_state);
    add(text, "/", id->job);
}

static void check_same(const struct id *a, const struct id *b)
{
    HOLDS(same(a->user, b->user) && same(a->workflow, b->workflow) && same(a->cycle, b->cycle));
    HOLDS(same(a->cycle_state, b->cycle_state) && same(a->task, b->task));
    HOLDS(same(a->task_state, b->task_state) && same(a->job, b->job));
}

static void check_whole(const char *text)
{
    struct error error = {0};
    struct id id = {0}, again = {0};
    if (id_parse(text, &id, &error) < 0) {
        HOLDS(error.code < 0 && *error.text);
        return;
    }
    const struct slice parts[] = {id.user, id.workflow,   id.cycle, id.cycle_state,
                                  id.task, id.task_state, id.job};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        check_within(parts[i], text);
    HOLDS(id.workflow.n && (id.cycle.n || !id.task.n) && (id.task.n || !id.job.n));
    struct text written = {0};
    add(&written, "~", id.user);
    add(&written, id.user.n ? "/" : "", id.workflow);
    if (id.cycle.n) {
        text_add(&written, "//");
        add_below(&written, &id);
    }
    HOLDS(id_parse(text_string(&written), &again, &error) == 0);
    check_same(&id, &again);
    text_release(&written);
}

static void check_relative(const char *text)
{
    struct error error = {0};
    struct id id = {0}, again = {0};
    if (id_parse_relative(slice_of(text), &id, &error) < 0) {
        HOLDS(error.code < 0 && *error.text);
        return;
    }
    struct text written = {0};
    HOLDS(id.cycle.n && !id.workflow.n);
    add_below(&written, &id);
    HOLDS(id_parse_relative(slice_of(text_string(&written)), &again, &error) == 0);
    check_same(&id, &again);
    text_release(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    char *text = slice_copy((struct slice){(const char *)data, size});
    check_whole(text);
    check_relative(text);
    if (workflow_name_check(text, &error) < 0)
        HOLDS(error.code < 0 && *error.text);
    free(text);
    return 0;
}
