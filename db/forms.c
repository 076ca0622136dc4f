/* Text forms of the database's values. Points, times and sets of flows repeat, so each is formatted
 * once and remembered. */
#include "db/forms.h"
#include "base/check.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/banned.h"

const char forms_forced[] = "(manually completed)";

enum { MICROSECONDS = 1000000, DAY = 86400 };

void forms_release(struct forms *forms)
{
    VEC_EACH (struct flow_set *, set, &forms->flows) {
        free((*set)->text);
        free(*set);
    }
    vec_release(&forms->flows);
    free(forms->points);
    *forms = (struct forms){0};
}

void forms_forget_points(struct forms *forms)
{
    free(forms->points);
    forms->points = NULL;
}

/* --- flows --- */

static bool flows_equal(const struct flow_list *a, const struct flow_list *b)
{
    return a->n == b->n && memcmp(a->at, b->at, a->n * sizeof *a->at) == 0;
}

static char *flows_text(const struct flow_list *list)
{
    struct text text = {0};
    text_add(&text, "[");
    for (uint32_t i = 0; i < list->n; i++)
        text_addf(&text, "%s%" PRIu32, i ? ", " : "", list->at[i]);
    text_add(&text, "]");
    return text_take(&text);
}

struct flow_set *forms_flows(struct forms *forms, const struct flow_list *list)
{
    PRE(list->n <= FLOWS_PER_TASK_MAX);
    if (forms->last_flows && flows_equal(&forms->last_flows->list, list))
        return forms->last_flows;
    for (size_t i = 0; i < forms->flows.n; i++)
        if (flows_equal(&forms->flows.at[i]->list, list))
            return forms->last_flows = forms->flows.at[i];
    struct flow_set *set = NEW(struct flow_set);
    set->list.n = list->n;
    memcpy(set->list.at, list->at, list->n * sizeof *list->at);
    set->text = flows_text(list);
    *vec_push(&forms->flows) = set;
    return forms->last_flows = set;
}

void flows_add(struct flow_list *list, uint32_t flow)
{
    uint32_t at = 0;
    while (at < list->n && list->at[at] < flow)
        at++;
    if ((at < list->n && list->at[at] == flow) || list->n == FLOWS_PER_TASK_MAX)
        return;
    memmove(&list->at[at + 1], &list->at[at], (list->n - at) * sizeof *list->at);
    list->at[at] = flow;
    list->n++;
}

struct flow_set *forms_flows_parse(struct forms *forms, const char *text)
{
    struct flow_list list = {0};
    for (const char *at = text; *at;) {
        if (!isdigit((unsigned char)*at)) {
            at++;
            continue;
        }
        char *end;
        flows_add(&list, (uint32_t)strtoul(at, &end, 10));
        at = end;
    }
    return forms_flows(forms, &list);
}

static bool flows_have(const struct flow_list *list, uint32_t flow)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (list->at[i] == flow)
            return true;
    return false;
}

bool flows_meet(const struct flow_list *a, const struct flow_list *b)
{
    for (uint32_t i = 0; i < a->n; i++)
        if (flows_have(b, a->at[i]))
            return true;
    return false;
}

struct flow_list flows_minus(const struct flow_list *a, const struct flow_list *b)
{
    struct flow_list rest = {0};
    for (uint32_t i = 0; i < a->n; i++)
        if (!flows_have(b, a->at[i]))
            rest.at[rest.n++] = a->at[i];
    return rest;
}

/* --- points --- */

const char *forms_point(struct forms *forms, const struct workflow *workflow, cycle_point point)
{
    if (!forms->points) {
        forms->points = NEW_ARRAY(struct form_point, FORMS_POINTS);
        for (size_t i = 0; i < FORMS_POINTS; i++)
            forms->points[i].point = POINT_NONE;
    }
    uint64_t hash = (uint64_t)point * UINT64_C(0x9e3779b97f4a7c15);
    struct form_point *slot = &forms->points[(hash >> 32) % FORMS_POINTS];
    if (slot->point != point || point == POINT_NONE) {
        point_format(workflow->cycling, point, slot->text);
        slot->point = point;
    }
    return slot->text;
}

cycle_point forms_point_parse(const struct workflow *workflow, const char *text)
{
    struct error ignored = {0};
    cycle_point point;
    return point_parse(workflow->cycling, text, &point, &ignored) < 0 ? POINT_NONE : point;
}

/* --- times --- */

/* Proleptic Gregorian date from days since 1970-01-01, and back. Years are counted from March, so
 * that the leap day is the last of a year; 719468 days lie between 0000-03-01 and 1970-01-01. */
static void date_of(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    *ret_day = (int)(of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = year + era * 400 + (*ret_month <= 2);
}

static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

const char *forms_time(struct forms *forms, int64_t when)
{
    if (when == 0)
        return NULL;
    int64_t second = when / MICROSECONDS - (when % MICROSECONDS < 0);
    if (forms->time[0] && second == forms->second)
        return forms->time;
    int64_t days = second / DAY - (second % DAY < 0);
    int of_day = (int)(second - days * DAY);
    int64_t year;
    int month, day;
    date_of(days, &year, &month, &day);
    snprintf(forms->time, sizeof forms->time, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02dZ", year,
             month, day, of_day / 3600, of_day / 60 % 60, of_day % 60);
    forms->second = second;
    return forms->time;
}

/* Cylc writes local times with an offset ("+01:00") where the workflow is not in UTC mode. */
int64_t forms_time_parse(const char *text)
{
    int year, month, day, hour, minute, second, offset_hour = 0, offset_minute = 0, n = 0;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second,
               &n) != 6)
        return 0;
    char sign = text[n];
    if (sign == '+' || sign == '-')
        sscanf(text + n + 1, "%2d:%2d", &offset_hour, &offset_minute);
    int64_t offset = (offset_hour * 60 + offset_minute) * 60 * (sign == '-' ? -1 : 1);
    int64_t at = days_of(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
    return at * MICROSECONDS;
}

/* --- JSON --- */

void forms_json_string(struct text *out, const char *string)
{
    text_add_char(out, '"');
    const char *plain = string;
    for (const char *at = string; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        text_add_n(out, plain, (size_t)(at - plain));
        plain = at + 1;
        if (c < 0x20)
            text_addf(out, "\\u%04x", c);
        else
            text_addf(out, "\\%c", c);
    }
    text_add(out, plain);
    text_add_char(out, '"');
}

void forms_outputs(struct text *out, const struct task_def *task, uint64_t outputs, uint64_t forced)
{
    text_add_char(out, '{');
    bool first = true;
    for (uint32_t i = 0; i < task->n_outputs; i++) {
        uint64_t bit = UINT64_C(1) << i;
        if (!(outputs & bit))
            continue;
        if (!first)
            text_add(out, ", ");
        first = false;
        forms_json_string(out, task->outputs[i].name);
        text_add(out, ": ");
        forms_json_string(out, forced & bit ? forms_forced : task->outputs[i].message);
    }
    text_add_char(out, '}');
}

uint32_t forms_output_of(const struct task_def *task, const char *name)
{
    for (uint32_t i = 0; i < task->n_outputs; i++)
        if (strcmp(task->outputs[i].name, name) == 0)
            return i;
    return NO_INDEX;
}
