/* [scheduling][xtrigger windows]: when an xtrigger is asked, and when it is given up. Each edge of
 * a window is an xtrigger by itself, a clock, which the graph may name as @LABEL:timeout. */
#include "scheduler/config/load.h"
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/banned.h"

static bool is_duration(const char *text)
{
    return text[text[0] == '-' || text[0] == '+'] == 'P';
}

/* Of the real world's calendar, whatever the workflow cycles over. */
static int read_time(const char *text, int64_t *ret_seconds, struct error *error)
{
    const struct cycling_options options = {.mode = CYCLING_DATETIME};
    struct cycling *cycling = cycling_create(&options, error);
    cycle_point point = 0;
    int code = cycling ? point_parse(cycling, text, &point, error) : -EINVAL;
    cycling_destroy(cycling);
    *ret_seconds = point;
    return code;
}

static int read_edge(struct loading *self, const struct item *item, struct window_edge *edge)
{
    const char *text = item->value.string;
    const struct cycling *cycling = self->workflow->cycling;
    struct error why = {0};
    double seconds = 0;
    int code = 0;
    if (!is_duration(text)) {
        edge->base = WINDOW_AT;
        code = read_time(text, &edge->seconds, &why);
    } else if (cycling_mode(cycling) != CYCLING_INTEGER) {
        edge->base = WINDOW_FROM_POINT;
        code = interval_parse(cycling, text, &edge->interval, &why);
    } else {
        edge->base = WINDOW_FROM_WAIT;
        code = duration_parse(text, &seconds, &why);
        edge->seconds = (int64_t)ceil(seconds);
        if (code == 0 && seconds < 0)
            return item_error(
                self->error, item, -EINVAL,
                "%s: with integer cycling it counts from when the task begins to wait: "
                "expected no negative duration",
                text);
    }
    if (code < 0)
        return item_error(self->error, item, -EINVAL,
                          "expected an ISO 8601 duration or date and time, not \"%s\"", text);
    return 0;
}

/* Whether it closes before it opens, as far as that can be told without a clock. */
static bool is_empty(const struct loading *self, const struct xtrigger_window *window)
{
    const struct cycling *cycling = self->workflow->cycling;
    if (window->opens.base != window->closes.base)
        return false;
    if (window->opens.base != WINDOW_FROM_POINT)
        return window->closes.seconds <= window->opens.seconds;
    cycle_point end = point_add(cycling, self->workflow->initial, &window->closes.interval, 1);
    return end != POINT_NONE && /* else it is beyond the calendar */
           end <= point_add(cycling, self->workflow->initial, &window->opens.interval, 1);
}

static int read_window(struct loading *self, const struct item *section,
                       struct xtrigger_window *window)
{
    const struct item *start = item_find(&self->tree, section, "start"),
                      *until = item_find(&self->tree, section, "until");
    start = start && !start->value.empty ? start : NULL;
    until = until && !until->value.empty ? until : NULL;
    if (!start && !until)
        return item_error(self->error, section, -EINVAL, "expected `start` or `until`");
    if (start && read_edge(self, start, &window->opens) < 0)
        return self->error->code;
    if (until && read_edge(self, until, &window->closes) < 0)
        return self->error->code;
    if (start && until && is_empty(self, window))
        return item_error(self->error, until, -EINVAL, "%s is not after the start, %s",
                          until->value.string, start->value.string);
    return 0;
}

/* The clock of one edge; NO_INDEX if that is not set. */
static uint32_t add_edge(struct loading *self, const struct xtrigger_window *window,
                         const struct window_edge *edge, const char *name)
{
    if (edge->base == WINDOW_NEVER)
        return NO_INDEX;
    char *label = str_format("%s:%s", self->xtriggers.at[window->xtrigger].label, name);
    uint32_t index = load_window_clock(self, label, window);
    free(label);
    return index;
}

int load_windows(struct loading *self)
{
    const struct item *section = load_section(self, "scheduling", "xtrigger windows");
    for (const struct item *item = section ? section->first : NULL; item; item = item->next) {
        struct xtrigger_window *window = arena_new(self->keep, sizeof *window);
        window->xtrigger = strchr(item->name, ':') ? NO_INDEX : load_xtrigger(self, item->name);
        if (window->xtrigger == NO_INDEX)
            return item_error(self->error, item, -EINVAL,
                              "there is no xtrigger \"%s\" in [scheduling][xtriggers]", item->name);
        if (read_window(self, item, window) < 0)
            return self->error->code;
        window->start = add_edge(self, window, &window->opens, "start");
        window->timeout = add_edge(self, window, &window->closes, "timeout");
        self->xtriggers.at[window->xtrigger].window = window;
    }
    return 0;
}
