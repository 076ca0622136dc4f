/* See show_text.h. */
#include "scheduler/command/show_text.h"
#include "base/memory.h"
#include "scheduler/config/expression.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

#define YES "\u2713"
#define NO "\u2a2f"
#define GUTTER "\u2506"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static const char *mark(bool yes)
{
    return yes ? YES : NO;
}

static void add_item(const char *key, const char *value, struct text *out)
{
    text_addf(out, "%s: %s\n", key, *value ? value : "(not given)");
}

void show_text_meta(const json_t *meta, struct text *out)
{
    const char *key;
    json_t *value, *others = json_object_get(meta, "userDefined");
    add_item("title", text_of(meta, "title"), out);
    add_item("description", text_of(meta, "description"), out);
    json_object_foreach(others, key, value) add_item(key, json_string_value(value), out);
    add_item("URL", text_of(meta, "URL"), out);
}

/* --- prerequisites --- */

static void add_prerequisite(const json_t *prerequisite, struct text *out)
{
    const json_t *conditions = json_object_get(prerequisite, "conditions");
    size_t n = json_array_size(conditions);
    if (n > 1)
        text_addf(out, "  %s %s\n", mark(is_true(prerequisite, "satisfied")),
                  text_of(prerequisite, "expression"));
    for (size_t i = 0; i < n; i++) {
        const json_t *condition = json_array_get(conditions, i);
        text_addf(out, "  %s ", mark(is_true(condition, "satisfied")));
        if (n > 1)
            text_addf(out, "\t%s = ", text_of(condition, "exprAlias"));
        text_addf(out, "%s %s\n", text_of(condition, "taskId"), text_of(condition, "reqState"));
    }
}

static void add_prerequisites(const json_t *task, struct text *out)
{
    const json_t *list = json_object_get(task, "prerequisites");
    const char *state = text_of(task, "state");
    text_add(out, "prerequisites: ");
    if (!json_array_size(list)) {
        text_add(out, "(None)\n");
    } else if (!strcmp(state, "succeeded") || !strcmp(state, "failed")) {
        text_add(out, "(n/a for past tasks)\n");
    } else {
        text_add(out, "('" NO "': not satisfied)\n");
        for (size_t i = 0; i < json_array_size(list); i++)
            add_prerequisite(json_array_get(list, i), out);
    }
}

void show_text_conditions(const json_t *task, struct text *out)
{
    const json_t *list = json_object_get(task, "prerequisites");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *conditions = json_object_get(json_array_get(list, i), "conditions");
        for (size_t c = 0; c < json_array_size(conditions); c++) {
            const json_t *condition = json_array_get(conditions, c);
            text_addf(out, "%s %s\n", text_of(condition, "taskId"), text_of(condition, "reqState"));
        }
    }
}

/* --- outputs and completion --- */

static bool output_is_complete(const json_t *outputs, struct slice word)
{
    for (size_t i = 0; i < json_array_size(outputs); i++) {
        const json_t *output = json_array_get(outputs, i);
        char *name = str_copy(text_of(output, "label"));
        for (char *c = name; *c; c++) /* as expressions spell them */
            *c = *c == '-' ? '_' : *c;
        bool same = slice_equal(word, name);
        free(name);
        if (same)
            return is_true(output, "satisfied");
    }
    return false;
}

static void add_completion_line(const char *sign, unsigned depth, const char *joint,
                                struct slice word, struct text *out)
{
    text_addf(out, "  %s " GUTTER "  %*s%s%s%.*s\n", sign, (int)(2 * depth), "", joint,
              *joint ? " " : "", (int)word.n, word.at);
}

/* A line for each output in the expression and for each bracket. */
static void add_completion_lines(const char *expression, const json_t *outputs, struct text *out)
{
    unsigned depth = 0;
    const char *joint = "";
    for (const char *at = expression; *at;) {
        struct slice word = {at, strcspn(at, " ()")};
        if (*at == ' ') {
            at++;
            continue;
        }
        if (*at == '(' || *at == ')')
            word.n = 1;
        at += word.n;
        depth -= *word.at == ')' && depth;
        if (slice_equal(word, "and") || slice_equal(word, "or")) {
            joint = *word.at == 'a' ? "and" : "or";
            continue;
        }
        bool bracket = *word.at == '(' || *word.at == ')';
        add_completion_line(bracket ? " " : mark(output_is_complete(outputs, word)), depth, joint,
                            word, out);
        depth += *word.at == '(';
        joint = "";
    }
}

/* Whether the expression holds. */
static bool is_complete(const char *expression, const json_t *list)
{
    struct output_def outputs[OUTPUTS_MAX];
    uint64_t complete = 0;
    uint32_t n = 0;
    for (; n < json_array_size(list) && n < OUTPUTS_MAX; n++) {
        const json_t *output = json_array_get(list, n);
        outputs[n] = (struct output_def){text_of(output, "label"), text_of(output, "message")};
        complete |= (uint64_t)is_true(output, "satisfied") << n;
    }
    struct arena arena = {0};
    struct completion completion;
    struct error ignored = {0};
    bool holds = !expression_compile(&arena, expression, outputs, n, &completion, &ignored) &&
                 expression_holds(&completion, complete);
    arena_release(&arena);
    return holds;
}

static void add_outputs(const char *id, const json_t *task, struct text *out)
{
    const json_t *outputs = json_object_get(task, "outputs");
    const char *expression = text_of(json_object_get(task, "runtime"), "completion");
    text_add(out, "outputs: ('" NO "': not completed)\n");
    for (size_t i = 0; i < json_array_size(outputs); i++) {
        const json_t *output = json_array_get(outputs, i);
        text_addf(out, "  %s %s %s\n", mark(is_true(output, "satisfied")), id,
                  text_of(output, "label"));
    }
    text_addf(out, "output completion: %scomplete\n", is_complete(expression, outputs) ? "" : "in");
    add_completion_lines(expression, outputs, out);
}

/* --- xtriggers --- */

/* The signature, a time of day in it as a date. */
static void add_signature(const char *signature, struct text *out)
{
    long long when;
    int end = 0;
    if (sscanf(signature, "wall_clock(trigger_time=%lld)%n", &when, &end) == 1 && end &&
        !signature[end]) {
        char date[32];
        struct tm utc;
        time_t seconds = (time_t)when;
        gmtime_r(&seconds, &utc);
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
        text_addf(out, "wall_clock(trigger_time=%s)", date);
    } else {
        text_add(out, signature);
    }
}

/* How it stands: what Cylc cannot say. */
static void add_lines(const char *lines, struct text *out)
{
    for (size_t n; *lines; lines += n + (lines[n] == '\n')) {
        n = strcspn(lines, "\n");
        text_addf(out, "      %.*s\n", (int)n, lines);
    }
}

static void add_xtriggers(const json_t *task, struct text *out)
{
    const json_t *list = json_object_get(task, "xtriggers");
    const json_t *external = json_object_get(task, "externalTriggers");
    if (!json_array_size(list) && !json_array_size(external))
        return;
    text_add(out, "other: ('" NO "': not satisfied)\n");
    for (size_t i = 0; i < json_array_size(external); i++) {
        const json_t *item = json_array_get(external, i);
        text_addf(out, "  %s %s\n", mark(is_true(item, "satisfied")), text_of(item, "label"));
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        text_addf(out, "  %s xtrigger \"%s = ", mark(is_true(item, "satisfied")),
                  text_of(item, "label"));
        add_signature(text_of(item, "id"), out);
        text_add(out, "\"\n");
        add_lines(text_of(item, "text"), out);
    }
}

/* --- the whole --- */

static void add_state(const json_t *task, struct text *out)
{
    static const char *const flags[][2] = {
        {"isHeld", "held"}, {"isQueued", "queued"}, {"isRunahead", "runahead"}};
    bool any = false;
    text_addf(out, "state: %s", text_of(task, "state"));
    for (size_t i = 0; i < 3; i++)
        if (is_true(task, flags[i][0])) {
            text_addf(out, "%s%s", any ? "," : " (", flags[i][1]);
            any = true;
        }
    text_add(out, any ? ")\n" : "\n");
    if (strcmp(text_of(task, "flowNums"), "[1]"))
        text_addf(out, "flows: %s\n", text_of(task, "flowNums"));
}

void show_text_task(const char *id, const json_t *task, struct text *out)
{
    show_text_meta(json_object_get(json_object_get(task, "task"), "meta"), out);
    add_state(task, out);
    add_prerequisites(task, out);
    add_outputs(id, task, out);
    add_xtriggers(task, out);
}
