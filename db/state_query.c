/* See state_query.h. A cycle point may be written in another way than the run writes it. */
#include "db/state_query.h"
#include "base/id.h"
#include "base/memory.h"
#include "db/reader.h"
#include "scheduler/cycling/cycling.h"
#include "scheduler/run/resolve.h"
#include "scheduler/run/rundir.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct looking {
    const struct state_query *query;
    struct text *out;
    int n;
};

/* --- the cycle point --- */

static bool is_pattern(const char *text)
{
    return strpbrk(text, "*?[") != NULL;
}

/* How the run writes its points. */
static struct cycling *cycling_of(struct reader *reader, struct error *error)
{
    char *format = NULL, *some = NULL;
    if (reader_param(reader, "cycle_point_format", &format, error) < 0 ||
        reader_some_cycle(reader, &some, error) < 0)
        return NULL;
    bool dates = (format && *format) || (some && strpbrk(some, "TZ:")) ||
                 (some && strlen(some) > 4 && strchr(some + 1, '-'));
    const struct cycling_options options = {.mode = dates ? CYCLING_DATETIME : CYCLING_INTEGER,
                                            .format = format};
    struct cycling *cycling = cycling_create(&options, error);
    free(format);
    free(some);
    return cycling;
}

static int read_point(const struct cycling *cycling, const struct state_query *query,
                      cycle_point *ret_point, struct error *error)
{
    struct interval interval;
    int code = point_parse(cycling, query->cycle, ret_point, error);
    if (!code && query->offset)
        code = interval_parse(cycling, query->offset, &interval, error);
    if (!code && query->offset)
        *ret_point = point_add(cycling, *ret_point, &interval, 1);
    return code;
}

/* The cycle as the run writes it, moved by the offset; heap, NULL and error. */
static char *read_cycle(struct reader *reader, const struct state_query *query, struct error *error)
{
    if (!query->cycle || is_pattern(query->cycle)) {
        if (!query->offset)
            return str_copy(query->cycle ? query->cycle : "*");
        error_set(error, -EINVAL, "--offset needs one cycle point");
        return NULL;
    }
    struct cycling *cycling = cycling_of(reader, error);
    if (!cycling)
        return NULL;
    cycle_point point;
    char text[POINT_TEXT_MAX];
    int code = read_point(cycling, query, &point, error);
    char *cycle = code ? NULL : str_copy(point_format(cycling, point, text));
    cycling_destroy(cycling);
    return cycle;
}

/* --- rows --- */

/* "(flows=2)"; nothing for the flow that every run has. */
static void add_flows(const char *flows, struct text *out)
{
    if (!strcmp(flows, "[1]"))
        return;
    text_add(out, "(flows=");
    size_t before = out->n;
    for (const char *c = flows; *c; c++)
        if (!strchr("[] ", *c))
            text_add_char(out, *c);
    text_add(out, out->n == before ? "none)" : ")");
}

static void add_status(struct looking *self, const struct reader_row *row)
{
    if (self->query->old_format)
        text_addf(self->out, "%s, %s, %s", row->name, row->cycle, row->status);
    else
        text_addf(self->out, "%s/%s:%s", row->cycle, row->name, row->status);
    add_flows(row->flows, self->out);
    text_add_char(self->out, '\n');
}

static void take_state(void *context, const struct reader_row *row)
{
    struct looking *self = context;
    if (self->query->selector && strcmp(self->query->selector, row->status))
        return;
    add_status(self, row);
    self->n++;
}

/* As Python prints a text. */
static void add_quoted(const char *string, struct text *out)
{
    char quote = strchr(string, '\'') && !strchr(string, '"') ? '"' : '\'';
    text_add_char(out, quote);
    for (const char *c = string; *c; c++) {
        if (*c == quote || *c == '\\')
            text_add_char(out, '\\');
        text_add_char(out, *c);
    }
    text_add_char(out, quote);
}

static void add_outputs(const json_t *outputs, bool pretty, struct text *out)
{
    const char *key;
    json_t *value;
    bool first = true;
    text_add_char(out, '{');
    json_object_foreach((json_t *)(uintptr_t)outputs, key, value)
    {
        text_add(out, first ? "" : pretty ? ",\n  " : ", ");
        add_quoted(key, out);
        text_add(out, ": ");
        add_quoted(json_is_string(value) ? json_string_value(value) : "", out);
        first = false;
    }
    text_add_char(out, '}');
}

static bool has_output(const json_t *outputs, const struct state_query *query)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)outputs, key, value)
    {
        const char *have = query->kind == STATE_TRIGGER ? key : json_string_value(value);
        if (have && !strcmp(have, query->selector))
            return true;
    }
    return false;
}

/* Before 8.3 a list of messages; then they are their own names. */
static json_t *read_outputs(const char *text)
{
    json_t *outputs = json_loads(text, 0, NULL);
    if (!json_is_array(outputs))
        return outputs;
    json_t *object = json_object();
    for (size_t i = 0; i < json_array_size(outputs); i++) {
        json_t *message = json_array_get(outputs, i);
        if (json_is_string(message))
            json_object_set(object, json_string_value(message), message);
    }
    json_decref(outputs);
    return object;
}

static void take_outputs(void *context, const struct reader_row *row)
{
    struct looking *self = context;
    json_t *outputs = read_outputs(row->outputs);
    if (!self->query->selector || has_output(outputs, self->query)) {
        if (self->query->old_format)
            text_addf(self->out, "%s, %s, ", row->name, row->cycle);
        else
            text_addf(self->out, "%s/%s:", row->cycle, row->name);
        add_outputs(outputs, self->query->pretty, self->out);
        add_flows(row->flows, self->out);
        text_add_char(self->out, '\n');
        self->n++;
    }
    json_decref(outputs);
}

int state_query(const char *database, const struct state_query *query, struct text *out,
                struct error *error)
{
    struct reader *reader = reader_open(database, error);
    if (!reader)
        return error->code;
    char *cycle = read_cycle(reader, query, error);
    struct looking self = {.query = query, .out = out};
    const struct reader_choice choice = {.cycle = cycle, .name = query->task, .flow = query->flow};
    int code = cycle ? query->kind == STATE_STATUS
                           ? reader_states(reader, &choice, take_state, &self, error)
                           : reader_outputs(reader, &choice, take_outputs, &self, error)
                     : error->code;
    reader_close(reader);
    free(cycle);
    return code < 0 ? code : self.n;
}

/* --- the newest --- */

struct newest_search {
    const struct state_query *query;
    const struct cycling *cycling;
    cycle_point first, last; /* the points that will do */
    struct state_newest *found;
};

static void take_newest(void *context, const struct reader_row *row)
{
    struct newest_search *self = context;
    struct error ignored = {0};
    cycle_point point;
    if (point_parse(self->cycling, row->cycle, &point, &ignored) || point < self->first ||
        point > self->last)
        return;
    json_t *outputs = read_outputs(row->outputs), *message;
    const char *name;
    json_object_foreach(outputs, name, message)
    {
        const char *text = json_is_string(message) ? json_string_value(message) : name;
        if (strcmp(name, self->query->selector) && strcmp(text, self->query->selector))
            continue;
        state_newest_release(self->found);
        *self->found = (struct state_newest){str_copy(row->cycle), str_copy(name), str_copy(text)};
        self->first = point + 1; /* from now on only a newer one will do */
        break;
    }
    json_decref(outputs);
}

/* The points that will do: not after the cycle, and not before the oldest. */
static int read_bounds(struct newest_search *self, struct error *error)
{
    struct interval back;
    int code = self->query->cycle ? read_point(self->cycling, self->query, &self->last, error) : 0;
    if (!code && self->query->oldest)
        code = interval_parse(self->cycling, self->query->oldest, &back, error);
    if (!code && self->query->oldest)
        self->first = point_add(self->cycling, self->last, &back, -1);
    return code;
}

int state_newest(const char *database, const struct state_query *query,
                 struct state_newest *ret_newest, struct error *error)
{
    struct reader *reader = reader_open(database, error);
    if (!reader)
        return error->code;
    struct state_newest found = {0};
    struct cycling *cycling = cycling_of(reader, error);
    struct newest_search self = {query, cycling, POINT_NONE + 1, POINT_MAX - 1, &found};
    const struct reader_choice choice = {.name = query->task, .flow = query->flow};
    int code = cycling ? read_bounds(&self, error) : error->code;
    if (!code)
        code = reader_outputs(reader, &choice, take_newest, &self, error);
    cycling_destroy(cycling);
    reader_close(reader);
    if (code < 0)
        state_newest_release(&found);
    else
        *ret_newest = found;
    return code < 0 ? code : found.cycle != NULL;
}

void state_newest_release(struct state_newest *newest)
{
    free(newest->cycle);
    free(newest->output);
    free(newest->message);
    *newest = (struct state_newest){0};
}

/* --- where to look --- */

static char *part_or_null(struct slice part)
{
    return part.n ? slice_copy(part) : NULL;
}

int state_target_read(const char *text, struct state_target *ret_target, struct error *error)
{
    const char *relative = strstr(text, "//");
    struct state_target target = {
        .workflow = str_copy_n(text, relative ? (size_t)(relative - text) : strlen(text))};
    int code = 0;
    if (relative && relative[2]) {
        const char *at = relative + 2, *slash = strchr(at, '/');
        const char *colon = slash ? strchr(slash, ':') : NULL;
        char *plain = str_copy_n(at, colon ? (size_t)(colon - at) : strlen(at));
        struct id id = {0};
        code = id_parse_relative(slice_of(plain), &id, error);
        if (!code) {
            target.cycle = part_or_null(id.cycle);
            target.task = part_or_null(id.task);
            target.selector =
                colon && colon[1] ? str_copy(colon + 1) : part_or_null(id.cycle_state);
        }
        free(plain);
    }
    if (code)
        state_target_release(&target);
    *ret_target = target;
    return code;
}

void state_target_release(struct state_target *target)
{
    free(target->workflow);
    free(target->cycle);
    free(target->task);
    free(target->selector);
    *target = (struct state_target){0};
}

char *state_database(const char *workflow, const char *run_root, struct error *error)
{
    if (run_root)
        return str_format("%s/%s/log/db", run_root, workflow);
    struct workflow_place place;
    int code = resolve_workflow(workflow, &place, error);
    if (code == -ENOENT) { /* it may come yet */
        char *run_dir = rundir_of(workflow);
        char *path = str_format("%s/log/db", run_dir);
        free(run_dir);
        return path;
    }
    if (code)
        return NULL;
    char *path = str_format("%s/log/db", place.run_dir);
    workflow_place_release(&place);
    return path;
}
