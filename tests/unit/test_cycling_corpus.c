/* Runs the recorded answers of Cylc 8.4.4 about points, intervals and recurrences
 * (tests/conformance/language) and lists the cases which differ. Cases which the recording marks as
 * accidents of Cylc are run, but their answers are not compared. Differences which are meant are in
 * a table with their reasons; one that is no longer there is an error, too. */
#include "base/error.h"
#include "base/text.h"
#include "scheduler/cycling/cycling.h"
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CORPUS ROUSE_SOURCE_DIR "/tests/conformance/language/"

enum { COLUMNS = 13, CASE_TEXT_MAX = 512, POINTS_SHOWN = 12, SEQUENCES_MAX = 16 };

static const struct {
    const char *id;
    const char *reason;
} intended[] = {
    {"pg0033", "T24 is the same point as T00 of the next day, and written so"},
    {"pg0251", "the same"},
    {"pg0167", "a point is converted to the zone in which it is written"},
    {"pg0602", "a fraction of an hour is kept, and written, as minutes and seconds"},
    {"pg0604", "the same"},
    {"pg0632", "points are whole seconds: intervals with parts of them are refused"},
    {"pg0650", "durations of items are of the real world: a year of 365 days in each calendar"},
    {"pg0651", "an integer interval is written without leading zeros"},
    {"pg0652", "an integer interval is written without a plus sign"},
    {"rg0296", "Cylc overlooks points before excluded ones: 23:00 of the day before is valid"},
    {"rg0447", "the same: T00 of that day is valid"},
    {"rg0637", "Cylc finds the one point though it is excluded"},
    {"rg0670", "Cylc misplaces integer sequences which start before the initial point"},
};

static unsigned n_wrong;
static unsigned n_compared;
static bool intended_seen[sizeof intended / sizeof intended[0]];

/* Another corpus may be named in the environment; then no difference is intended. */
static const char *other_corpus(void)
{
    return getenv("ROUSE_CORPUS");
}

static FILE *open_corpus(const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", other_corpus() ? other_corpus() : CORPUS, name);
    return fopen(path, "r");
}

static bool is_intended(const char *id)
{
    if (other_corpus())
        return false;
    for (size_t i = 0; i < sizeof intended / sizeof intended[0]; i++) {
        if (strcmp(intended[i].id, id) == 0) {
            intended_seen[i] = true;
            return true;
        }
    }
    return false;
}

static void differs(const char *id, const char *what, const char *expected, const char *found)
{
    if (is_intended(id))
        return;
    print_error("%s: %s: expected '%s', found '%s'\n", id, what, expected, found);
    n_wrong++;
}

static void no_stale_intentions(char kind)
{
    for (size_t i = 0; !other_corpus() && i < sizeof intended / sizeof intended[0]; i++)
        if (intended[i].id[0] == kind && !intended_seen[i]) {
            print_error("%s: listed as different (%s), but agrees\n", intended[i].id,
                        intended[i].reason);
            n_wrong++;
        }
}

static struct cycling *create_cycling(const char *mode, const char *zone, const char *format,
                                      int expanded, struct error *error)
{
    struct cycling_options options = {
        .mode = strcmp(mode, "integer") == 0 ? CYCLING_INTEGER : CYCLING_DATETIME,
        .calendar = strcmp(mode, "360day") == 0   ? CALENDAR_360DAY
                    : strcmp(mode, "365day") == 0 ? CALENDAR_365DAY
                    : strcmp(mode, "366day") == 0 ? CALENDAR_366DAY
                                                  : CALENDAR_GREGORIAN,
        .time_zone = zone,
        .year_digits_expanded = expanded,
        .format = format,
    };
    return cycling_create(&options, error);
}

/* points.tsv */

struct point_case {
    const char *id, *kind, *mode, *zone, *format, *expanded, *op, *arg1, *arg2, *status, *result,
        *message, *quirk;
};

static void unescape(char *field)
{
    char *to = field;
    for (const char *from = field; *from; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        from++;
        *to++ = *from == 't' ? '\t' : *from == 'n' ? '\n' : *from == 'r' ? '\r' : *from;
    }
    *to = '\0';
}

static void split_line(char *line, const char *fields[COLUMNS])
{
    for (int i = 0; i < COLUMNS; i++) {
        fields[i] = line;
        char *end = strpbrk(line, "\t\n");
        assert_non_null(end);
        const bool last = *end == '\n';
        *end = '\0';
        assert_true(last == (i == COLUMNS - 1));
        unescape(line);
        line = end + 1;
    }
}

static int show_point(const struct cycling *cycling, cycle_point point, char *result)
{
    if (point == POINT_NONE)
        return -ERANGE;
    point_format(cycling, point, result);
    return 0;
}

static int run_add(const struct cycling *cycling, const struct point_case *c, char *result,
                   struct error *error)
{
    cycle_point point;
    struct interval interval;
    if (point_parse(cycling, c->arg1, &point, error) ||
        interval_parse(cycling, c->arg2, &interval, error))
        return error->code;
    return show_point(
        cycling, point_add(cycling, point, &interval, strcmp(c->op, "sub") == 0 ? -1 : 1), result);
}

/* A difference has no function of its own: it must lead from the one point to the other. */
static int run_diff(const struct cycling *cycling, const struct point_case *c, char *result,
                    struct error *error)
{
    cycle_point a, b;
    struct interval interval;
    if (point_parse(cycling, c->arg1, &a, error) || point_parse(cycling, c->arg2, &b, error))
        return error->code;
    if (strcmp(c->status, "ok") == 0) {
        assert_int_equal(interval_parse(cycling, c->result, &interval, error), 0);
        if (point_add(cycling, b, &interval, 1) == a)
            strcpy(result, c->result);
    }
    return 0;
}

static int run_cmp(const struct cycling *cycling, const struct point_case *c, char *result,
                   struct error *error)
{
    cycle_point a, b;
    if (point_parse(cycling, c->arg1, &a, error) || point_parse(cycling, c->arg2, &b, error))
        return error->code;
    snprintf(result, CASE_TEXT_MAX, "%d", (a > b) - (a < b));
    return 0;
}

/* Both ways: as an offset of the graph, unless it is truncated, and as a final point. */
static int run_relative(const struct cycling *cycling, const struct point_case *c, char *result,
                        struct error *error)
{
    cycle_point from, point;
    struct offset offset;

    if (point_parse(cycling, c->arg2, &from, error))
        return error->code;
    const int code = offset_parse(cycling, c->arg1, from, POINT_MAX, &offset, error);
    if (code == 0 && show_point(cycling, offset_apply(cycling, &offset, from), result))
        return -ERANGE;
    if (*c->arg1 == '\0' || (code != 0 && code != -ENOTSUP))
        return code;
    char other[POINT_TEXT_MAX];
    if (point_parse_final(cycling, c->arg1, from, &point, error))
        return error->code;
    point_format(cycling, point, other);
    if (code == 0)
        assert_string_equal(result, other);
    strcpy(result, other);
    return 0;
}

static int run_interval(const struct cycling *cycling, const struct point_case *c, char *result,
                        struct error *error)
{
    struct interval interval;
    if (interval_parse(cycling, c->arg1, &interval, error))
        return error->code;
    if (strcmp(c->op, "ibool") == 0)
        strcpy(result, interval_is_null(&interval) ? "false" : "true");
    else
        interval_format(cycling, &interval, result);
    return 0;
}

static int run_config_interval(const struct cycling *cycling, const struct point_case *c,
                               char *result, struct error *error)
{
    double found, expected;
    (void)cycling;
    if (*c->arg1 == '\0') { /* an empty item is none at all, which its reader knows */
        strcpy(result, "None");
        return 0;
    }
    if (duration_parse(c->arg1, &found, error))
        return error->code;
    if (strcmp(c->status, "ok") == 0 && duration_parse(c->result, &expected, error) == 0 &&
        fabs(expected - found) < 1e-6)
        strcpy(result, c->result);
    else
        snprintf(result, CASE_TEXT_MAX, "PT%gS", found);
    return 0;
}

static int64_t present(const char *text)
{
    struct error error;
    int64_t now;
    struct cycling *cycling = create_cycling("gregorian", "Z", "%s", 0, &error);
    assert_non_null(cycling);
    assert_int_equal(point_parse(cycling, text, &now, &error), 0);
    cycling_destroy(cycling);
    return now;
}

static int run_ingest(const struct cycling *cycling, const struct point_case *c, char *result,
                      struct error *error)
{
    cycle_point point;
    if (point_parse_initial(cycling, c->arg1, present(c->arg2), &point, error))
        return error->code;
    return show_point(cycling, point, result);
}

static int run_final(const struct cycling *cycling, const struct point_case *c, char *result,
                     struct error *error)
{
    cycle_point initial, point;
    if (*c->arg1 == '\0') { /* none, as above */
        strcpy(result, "None");
        return 0;
    }
    if (point_parse(cycling, c->arg2, &initial, error) ||
        point_parse_final(cycling, c->arg1, initial, &point, error))
        return error->code;
    return show_point(cycling, point, result);
}

static int run_constraint(const struct cycling *cycling, const struct point_case *c, char *result,
                          struct error *error)
{
    cycle_point point;
    bool meets;
    if (point_parse(cycling, c->arg2, &point, error) ||
        point_meets(cycling, point, c->arg1, &meets, error))
        return error->code;
    strcpy(result, "ok");
    return meets ? 0 : -EINVAL;
}

static int run_point(const struct cycling *cycling, const struct point_case *c, char *result,
                     struct error *error)
{
    cycle_point point, again;
    char text[POINT_TEXT_MAX];

    if (point_parse(cycling, c->arg1, &point, error))
        return error->code;
    point_format(cycling, point, text);
    strcpy(result, text);
    /* Written points can always be read. */
    if (point_parse(cycling, text, &again, error) != 0 || again != point)
        strcat(result, " (cannot be read back)");
    return 0;
}

static const struct {
    const char *name;
    int (*run)(const struct cycling *, const struct point_case *, char *, struct error *);
} operations[] = {
    {"point", run_point},
    {"add", run_add},
    {"sub", run_add},
    {"diff", run_diff},
    {"cmp", run_cmp},
    {"relative", run_relative},
    {"interval", run_interval},
    {"ibool", run_interval},
    {"config_interval", run_config_interval},
    {"ingest", run_ingest},
    {"final", run_final},
    {"stop", run_final},
    {"icp_constraint", run_constraint},
    {"fcp_constraint", run_constraint},
};

/* rouse never adds, scales or compares intervals by themselves. */
static bool has_no_function(const char *op)
{
    static const char *const names[] = {"iadd", "isub", "icmp", "imul", "iabs"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], op) == 0)
            return true;
    return false;
}

static void run_point_case(const struct point_case *c)
{
    char result[CASE_TEXT_MAX] = "";
    struct error error = {0};
    int code = -EINVAL;
    size_t op = 0;

    if (has_no_function(c->op))
        return;
    while (op < sizeof operations / sizeof operations[0] && strcmp(operations[op].name, c->op) != 0)
        op++;
    assert_true(op < sizeof operations / sizeof operations[0]);
    struct cycling *cycling =
        create_cycling(c->mode, c->zone, c->format, atoi(c->expanded), &error);
    if (cycling)
        code = operations[op].run(cycling, c, result, &error);
    cycling_destroy(cycling);
    if (*c->quirk)
        return;
    n_compared++;
    const bool expect_ok = strcmp(c->status, "ok") == 0;
    char what[CASE_TEXT_MAX];
    snprintf(what, sizeof what, "%s %s '%s' '%s' [%s %s]", c->mode, c->op, c->arg1, c->arg2,
             c->zone, c->format);
    if (expect_ok != (code == 0))
        differs(c->id, what, expect_ok ? c->result : "an error", code == 0 ? result : error.text);
    else if (expect_ok && strcmp(result, c->result) != 0)
        differs(c->id, what, c->result, result);
}

static void points_and_intervals_are_those_of_cylc(void **state)
{
    (void)state;
    FILE *file = open_corpus("points.tsv");
    char *line = NULL;
    size_t size = 0;

    n_wrong = n_compared = 0;
    assert_non_null(file);
    assert_true(getline(&line, &size, file) > 0); /* the names of the columns */
    while (getline(&line, &size, file) > 0) {
        const char *f[COLUMNS];
        split_line(line, f);
        run_point_case(&(struct point_case){f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8],
                                            f[9], f[10], f[11], f[12]});
    }
    free(line);
    fclose(file);
    no_stale_intentions('p');
    print_message("%u answers compared\n", n_compared);
    assert_true(n_compared > (other_corpus() ? 0 : 700));
    assert_int_equal(n_wrong, 0);
}

/* recurrences.jsonl */

struct heading {
    struct cycling *cycling;
    cycle_point initial, final;
    struct sequence *sequences[SEQUENCES_MAX];
    size_t n;
};

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool has_quirk(const json_t *record, const char *prefix)
{
    size_t i;
    json_t *quirk;
    json_array_foreach(json_object_get(record, "quirks"), i, quirk)
    {
        if (strncmp(json_string_value(quirk), prefix, strlen(prefix)) == 0)
            return true;
    }
    return false;
}

/* The heading's list, at the commas outside of parentheses. */
static int create_sequences(struct heading *heading, const char *text, struct error *error)
{
    char item[CASE_TEXT_MAX];
    size_t n = 0;
    int depth = 0;

    for (const char *at = text;; at++) {
        depth += (*at == '(') - (*at == ')');
        if (*at && (*at != ',' || depth > 0)) {
            if (n > 0 || *at != ' ')
                item[n++] = *at;
            continue;
        }
        while (n > 0 && item[n - 1] == ' ')
            n--;
        item[n] = '\0';
        assert_true(heading->n < SEQUENCES_MAX);
        struct sequence *sequence =
            sequence_create(heading->cycling, item, heading->initial, heading->final, error);
        if (!sequence)
            return error->code;
        heading->sequences[heading->n++] = sequence;
        n = 0;
        if (!*at)
            return 0;
    }
}

static int create_heading(const json_t *record, struct heading *heading, struct error *error)
{
    heading->cycling = create_cycling(
        member(record, "mode"), member(record, "time_zone"), member(record, "point_format"),
        (int)json_integer_value(json_object_get(record, "xdigits")), error);
    if (!heading->cycling || point_parse_initial(heading->cycling, member(record, "initial"), 0,
                                                 &heading->initial, error))
        return error->code;
    heading->final = POINT_MAX;
    if (json_is_string(json_object_get(record, "final")) &&
        point_parse_final(heading->cycling, member(record, "final"), heading->initial,
                          &heading->final, error))
        return error->code;
    return create_sequences(heading, member(record, "recurrence"), error);
}

static void release_heading(struct heading *heading)
{
    for (size_t i = 0; i < heading->n; i++)
        sequence_destroy(heading->sequences[i]);
    cycling_destroy(heading->cycling);
}

enum question { FIRST, NEXT, PREVIOUS };

static cycle_point ask_one(const struct sequence *sequence, enum question question,
                           cycle_point point)
{
    switch (question) {
    case FIRST:
        return sequence_first(sequence, point);
    case NEXT:
        return sequence_next(sequence, point);
    case PREVIOUS:
        return sequence_previous(sequence, point);
    }
    return POINT_NONE;
}

/* Over all sequences of the heading; or of one, if it is given. */
static cycle_point ask(const struct heading *heading, const struct sequence *only,
                       enum question question, cycle_point point)
{
    cycle_point best = POINT_NONE;
    for (size_t i = 0; i < heading->n; i++) {
        if (only && heading->sequences[i] != only)
            continue;
        const cycle_point found = ask_one(heading->sequences[i], question, point);
        if (found == POINT_NONE)
            continue;
        if (best == POINT_NONE || (question == PREVIOUS ? found > best : found < best))
            best = found;
    }
    return best;
}

static void show(const struct heading *heading, cycle_point point, char *buffer)
{
    if (point == POINT_NONE || point == POINT_MAX)
        strcpy(buffer, "none");
    else
        point_format(heading->cycling, point, buffer);
}

static void compare_points(const struct heading *heading, const struct sequence *only,
                           const char *id, const char *what, const json_t *expected)
{
    struct text wanted = {0}, found = {0};
    char buffer[POINT_TEXT_MAX];
    cycle_point point = ask(heading, only, FIRST, heading->initial);

    for (size_t i = 0; i < json_array_size(expected); i++)
        text_addf(&wanted, "%s ", json_string_value(json_array_get(expected, i)));
    for (int i = 0; i < POINTS_SHOWN && point != POINT_NONE; i++) {
        show(heading, point, buffer);
        text_addf(&found, "%s ", buffer);
        point = ask(heading, only, NEXT, point);
    }
    if (strcmp(text_string(&wanted), text_string(&found)) != 0)
        differs(id, what, text_string(&wanted), text_string(&found));
    text_release(&wanted);
    text_release(&found);
}

static void compare_point(const struct heading *heading, const char *id, const char *what,
                          const json_t *expected, cycle_point found)
{
    char buffer[POINT_TEXT_MAX];
    const char *wanted = json_is_string(expected) ? json_string_value(expected) : "none";
    show(heading, found, buffer);
    if (strcmp(wanted, buffer) != 0)
        differs(id, what, wanted, buffer);
}

static bool contains(const struct heading *heading, cycle_point point)
{
    for (size_t i = 0; i < heading->n; i++)
        if (sequence_contains(heading->sequences[i], point))
            return true;
    return false;
}

static bool is_field_quirk(const json_t *probe, const char *field)
{
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(probe, "quirk"), i, name)
    {
        if (strcmp(json_string_value(name), field) == 0)
            return true;
    }
    return false;
}

static void compare_probe(const struct heading *heading, const char *id, const json_t *probe)
{
    static const char *const names[] = {"first", "next", "prev"};
    struct error error;
    cycle_point at;
    char what[CASE_TEXT_MAX];

    assert_int_equal(point_parse(heading->cycling, member(probe, "at"), &at, &error), 0);
    for (int q = FIRST; q <= PREVIOUS; q++) {
        if (is_field_quirk(probe, names[q]))
            continue;
        snprintf(what, sizeof what, "%s from %s", names[q], member(probe, "at"));
        compare_point(heading, id, what, json_object_get(probe, names[q]),
                      ask(heading, NULL, (enum question)q, at));
    }
    const bool valid = json_is_true(json_object_get(probe, "valid"));
    if (!is_field_quirk(probe, "valid") && valid != contains(heading, at))
        differs(id, member(probe, "at"), valid ? "valid" : "not valid",
                valid ? "not valid" : "valid");
}

static void compare_heading(const struct heading *heading, const json_t *record, const char *id)
{
    const json_t *sequences = json_object_get(record, "sequences");
    const json_t *points = json_object_get(record, "points");
    size_t i;
    json_t *probe;
    cycle_point last = heading->initial - 1;

    compare_point(heading, id, "initial point", json_object_get(record, "icp"), heading->initial);
    compare_point(heading, id, "final point", json_object_get(record, "fcp"), heading->final);
    compare_points(heading, NULL, id, member(record, "recurrence"), points);
    assert_int_equal(json_array_size(sequences), heading->n);
    for (i = 0; i < heading->n; i++)
        compare_points(heading, heading->sequences[i], id, "one sequence",
                       json_object_get(json_array_get(sequences, i), "points"));
    for (i = 0; i < json_array_size(points); i++)
        last = ask(heading, NULL, NEXT, last);
    const bool complete = json_is_true(json_object_get(record, "complete"));
    if (complete != (ask(heading, NULL, NEXT, last) == POINT_NONE))
        differs(id, member(record, "recurrence"), complete ? "complete" : "more",
                complete ? "more" : "complete");
    json_array_foreach(json_object_get(record, "probes"), i, probe)
        compare_probe(heading, id, probe);
}

static void run_heading(const json_t *record)
{
    const char *id = member(record, "id");
    const bool expect_error = json_is_object(json_object_get(record, "error"));
    const bool accident = has_quirk(record, "uncaught") || has_quirk(record, "integer-") ||
                          has_quirk(record, "unbalanced-");
    struct heading heading = {0};
    struct error error = {0};
    const int code = create_heading(record, &heading, &error);

    if (!accident) {
        n_compared++;
        if (expect_error != (code != 0))
            differs(id, member(record, "recurrence"), expect_error ? "an error" : "no error",
                    code ? error.text : "no error");
        else if (code == 0)
            compare_heading(&heading, record, id);
    }
    release_heading(&heading);
}

static void recurrences_are_those_of_cylc(void **state)
{
    (void)state;
    FILE *file = open_corpus("recurrences.jsonl");
    json_t *record;

    n_wrong = n_compared = 0;
    assert_non_null(file);
    while ((record = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL))) {
        run_heading(record);
        json_decref(record);
    }
    fclose(file);
    no_stale_intentions('r');
    print_message("%u headings compared\n", n_compared);
    assert_true(n_compared > (other_corpus() ? 0 : 600));
    assert_int_equal(n_wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_and_intervals_are_those_of_cylc),
        cmocka_unit_test(recurrences_are_those_of_cylc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
