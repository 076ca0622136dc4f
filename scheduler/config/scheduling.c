/* Cycling, the points of the workflow and the runahead limit. */
#include "scheduler/config/load.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/banned.h"

/* A setting that an option of the command line may overrule. */
struct source_text {
    const char *text; /* NULL: not given */
    const char *option;
    const struct item *item;
};

static struct source_text text_of(const struct loading *self, const char *name, const char *given,
                                  const char *option)
{
    const struct item *item = load_setting(self, "scheduling", NULL, name);
    if (given)
        return (struct source_text){given, option, NULL};
    return (struct source_text){item ? item->value.string : NULL, NULL, item};
}

static int fail_in(const struct loading *self, const struct source_text *text)
{
    if (text->item)
        return item_error_where(self->error, text->item);
    return error_where(self->error, NULL, 0, text->option);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "Z", "+01", "-0330", "+05:30" to minutes. */
static int parse_time_zone(const char *text, int *ret_minutes, struct error *error)
{
    *ret_minutes = 0;
    if (strcmp(text, "Z") == 0)
        return 0;
    char digits[5] = "";
    size_t n = 0;
    const char *c = text + 1;
    bool good = text[0] == '+' || text[0] == '-';
    for (; good && *c; c++) {
        if (*c == ':' && n == 2)
            continue;
        good = is_digit(*c) && n < 4;
        if (good)
            digits[n++] = *c;
    }
    int hours = n >= 2 ? (digits[0] - '0') * 10 + digits[1] - '0' : 0;
    int minutes = n == 4 ? (digits[2] - '0') * 10 + digits[3] - '0' : 0;
    if (!good || (n != 2 && n != 4) || minutes > 59 || hours > 99)
        return error_set(error, -EINVAL,
                         "expected a time zone such as Z, +01, -0330 or +05:30, not \"%s\"", text);
    *ret_minutes = (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    return 0;
}

/* Nothing but R1 in the graph, and no initial point: the workflow does not cycle. */
static bool is_acyclic(const struct loading *self)
{
    const struct item *graph = load_section(self, "scheduling", "graph");
    for (const struct item *item = graph ? graph->first : NULL; item; item = item->next)
        if (strcmp(load_recurrence(item), "R1") != 0 && strcmp(item->name, "1") != 0)
            return false;
    return graph && graph->first && !load_setting(self, "scheduling", NULL, "cycling mode") &&
           !load_setting(self, "scheduling", NULL, "initial cycle point") &&
           !load_setting(self, "scheduling", NULL, "final cycle point");
}

static void set_mode(struct cycling_options *options, const char *name)
{
    options->mode = strcmp(name, "integer") == 0 ? CYCLING_INTEGER : CYCLING_DATETIME;
    if (strncmp(name, "360", 3) == 0)
        options->calendar = CALENDAR_360DAY;
    else if (strncmp(name, "365", 3) == 0)
        options->calendar = CALENDAR_365DAY;
    else if (strncmp(name, "366", 3) == 0)
        options->calendar = CALENDAR_366DAY;
}

static const char *keep_text(const struct loading *self, const char *text)
{
    return text ? arena_text(self->keep, slice_of(text)) : NULL;
}

static int create_cycling(struct loading *self, bool acyclic)
{
    struct cycling_options options = {.calendar = CALENDAR_GREGORIAN};
    const struct item *format = load_setting(self, "scheduler", NULL, "cycle point format");
    const struct item *zone = load_setting(self, "scheduler", NULL, "cycle point time zone");
    const struct item *digits =
        load_setting(self, "scheduler", NULL, "cycle point num expanded year digits");
    struct value mode = load_value(self, "scheduling", NULL, "cycling mode", ID_CYCLING_MODE);
    set_mode(&options, acyclic ? "integer" : mode.string);
    if (zone && parse_time_zone(zone->value.string, &options.utc_offset_minutes, self->error) < 0)
        return item_error_where(self->error, zone);
    options.time_zone = zone ? zone->value.string : NULL;
    options.format = format ? format->value.string : NULL;
    if (format && strchr(options.format, ':'))
        return item_error(self->error, format, -EINVAL,
                          "a cycle point format may not hold \":\": points are names of files");
    if (digits && (digits->value.integer < 0 || digits->value.integer > 6))
        return item_error(self->error, digits, -EINVAL, "expected a number from 0 to 6");
    options.year_digits_expanded = digits ? (int)digits->value.integer : 0;
    self->workflow->cycling = cycling_create(&options, self->error);
    self->workflow->cycle_point_format = keep_text(self, options.format);
    self->workflow->cycle_point_time_zone = keep_text(self, options.time_zone);
    if (!self->workflow->cycling)
        return format ? item_error_where(self->error, format) : self->error->code;
    return 0;
}

static int check_constraints(const struct loading *self, const char *name, cycle_point point)
{
    const struct item *item = load_setting(self, "scheduling", NULL, name);
    if (!item)
        return 0;
    bool meets = false;
    for (uint32_t i = 0; i < item->value.strings.n && !meets; i++)
        if (point_meets(self->workflow->cycling, point, item->value.strings.at[i], &meets,
                        self->error) < 0)
            return item_error_where(self->error, item);
    if (meets)
        return 0;
    char point_text[POINT_TEXT_MAX];
    struct text list = {0};
    for (uint32_t i = 0; i < item->value.strings.n; i++)
        text_addf(&list, "%s%s", i ? ", " : "", item->value.strings.at[i]);
    item_error(self->error, item, -EINVAL, "%s meets none of the constraints %s",
               point_format(self->workflow->cycling, point, point_text), text_string(&list));
    text_release(&list);
    return self->error->code;
}

static int load_initial(struct loading *self)
{
    struct workflow *workflow = self->workflow;
    const struct item *section = load_section(self, "scheduling", NULL);
    struct source_text initial =
        text_of(self, "initial cycle point", self->options->initial, "--initial-cycle-point");
    if (!initial.text)
        return error_where(self->error, section->file, section->line,
                           "[scheduling]initial cycle point"),
               error_set(self->error, -EINVAL,
                         "missing: this workflow requires an initial cycle point");
    if (point_parse_initial(workflow->cycling, initial.text, self->options->now, &workflow->initial,
                            self->error) < 0)
        return fail_in(self, &initial);
    workflow->start = workflow->initial;
    return check_constraints(self, "initial cycle point constraints", workflow->initial);
}

static int load_final(struct loading *self)
{
    struct workflow *workflow = self->workflow;
    struct source_text final =
        text_of(self, "final cycle point", self->options->final, "--final-cycle-point");
    if (!final.text)
        return 0;
    if (point_parse_final(workflow->cycling, final.text, workflow->initial, &workflow->final,
                          self->error) < 0)
        return fail_in(self, &final);
    char a[POINT_TEXT_MAX], b[POINT_TEXT_MAX];
    if (workflow->initial > workflow->final)
        return error_set(self->error, -EINVAL,
                         "the initial cycle point %s is after the final cycle point %s",
                         point_format(workflow->cycling, workflow->initial, a),
                         point_format(workflow->cycling, workflow->final, b)),
               fail_in(self, &final);
    return check_constraints(self, "final cycle point constraints", workflow->final);
}

static int load_start(struct loading *self)
{
    struct workflow *workflow = self->workflow;
    struct source_text start = {self->options->start, "--start-cycle-point", NULL};
    if (!start.text)
        return 0;
    if (point_parse_initial(workflow->cycling, start.text, self->options->now, &workflow->start,
                            self->error) < 0)
        return fail_in(self, &start);
    return 0;
}

static int load_stop(struct loading *self)
{
    struct workflow *workflow = self->workflow;
    struct source_text stop =
        text_of(self, "stop after cycle point", self->options->stop, "--stop-cycle-point");
    struct source_text hold =
        text_of(self, "hold after cycle point", self->options->hold_after, "--hold-after");
    workflow->stop = workflow->hold_after = POINT_NONE;
    if (stop.text && point_parse_final(workflow->cycling, stop.text, workflow->initial,
                                       &workflow->stop, self->error) < 0)
        return fail_in(self, &stop);
    if (hold.text &&
        point_parse(workflow->cycling, hold.text, &workflow->hold_after, self->error) < 0)
        return fail_in(self, &hold);
    if (workflow->stop == POINT_NONE || workflow->stop <= workflow->final)
        return 0;
    char a[POINT_TEXT_MAX], b[POINT_TEXT_MAX];
    warner_say(&self->warner,
               "Stop cycle point '%s' will have no effect as it is after the final cycle point "
               "'%s'.",
               point_format(workflow->cycling, workflow->stop, a),
               point_format(workflow->cycling, workflow->final, b));
    workflow->stop = POINT_NONE;
    return 0;
}

/* "P5": a number of cycles. */
static bool parse_count(const char *text, uint32_t *ret_count)
{
    uint64_t count = 0;
    const char *c = text + 1;
    if (text[0] != 'P' || !*c)
        return false;
    for (; is_digit(*c) && count < UINT32_MAX; c++)
        count = count * 10 + (uint64_t)(*c - '0');
    *ret_count = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
    return !*c;
}

static int load_runahead(struct loading *self)
{
    struct runahead_def *runahead = &self->workflow->runahead;
    const struct item *item = load_setting(self, "scheduling", NULL, "runahead limit");
    struct value value = load_value(self, "scheduling", NULL, "runahead limit", ID_RUNAHEAD);
    runahead->by_count = parse_count(value.string, &runahead->count);
    if (runahead->by_count)
        return 0;
    if (cycling_mode(self->workflow->cycling) == CYCLING_INTEGER)
        return item_error(self->error, item, -EINVAL,
                          "expected a number of cycles such as P4 (integer cycling), not \"%s\"",
                          value.string);
    if (interval_parse(self->workflow->cycling, value.string, &runahead->duration, self->error) < 0)
        return item_error(self->error, item, -EINVAL,
                          "expected a number of cycles such as P4 or a duration such as PT12H, "
                          "not \"%s\"",
                          value.string);
    return 0;
}

int load_cycling(struct loading *self)
{
    struct workflow *workflow = self->workflow;
    bool acyclic = self->acyclic = is_acyclic(self);
    int result = create_cycling(self, acyclic);
    workflow->final = POINT_MAX;
    if (result == 0 && acyclic)
        workflow->initial = workflow->final = workflow->start = 1;
    if (result == 0 && (!acyclic || self->options->initial))
        result = load_initial(self);
    if (result == 0)
        result = load_final(self);
    if (result == 0)
        result = load_start(self);
    if (result == 0)
        result = load_stop(self);
    return result < 0 ? result : load_runahead(self);
}
