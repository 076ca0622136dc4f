/* See state_query.h. A cycle point may be written in another way than the run writes it. */
#include "scheduler/command/state_query.h"
#include "base/memory.h"
#include "db/reader.h"
#include "scheduler/cycling/cycling.h"
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
    struct interval interval;
    char text[POINT_TEXT_MAX];
    int code = point_parse(cycling, query->cycle, &point, error);
    if (!code && query->offset)
        code = interval_parse(cycling, query->offset, &interval, error);
    if (!code && query->offset)
        point = point_add(cycling, point, &interval, 1);
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
