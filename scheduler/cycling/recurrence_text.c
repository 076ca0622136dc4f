/* Taking a recurrence apart at its slashes, and telling by its parts which form it is. A part is an
 * interval if it begins with P, otherwise a point; it may be empty. */
#include "scheduler/cycling/progression.h"
#include "scheduler/cycling/recurrence.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/banned.h"

enum { PARTS_MAX = 4 };

struct parts {
    struct slice part[PARTS_MAX];
    unsigned n;
};

static bool cut(struct slice text, struct parts *parts)
{
    parts->n = 0;
    for (;;) {
        const char *slash = text.n > 0 ? memchr(text.at, '/', text.n) : NULL;
        const size_t n = slash ? (size_t)(slash - text.at) : text.n;
        if (parts->n == PARTS_MAX)
            return false;
        parts->part[parts->n++] = slice_trim((struct slice){text.at, n});
        if (!slash)
            return true;
        text = (struct slice){slash + 1, text.n - n - 1};
    }
}

/* One letter for each part: P interval, D point (a date), - empty. */
static void classify(const struct parts *parts, char *shape)
{
    for (unsigned i = 0; i < parts->n; i++)
        shape[i] = parts->part[i].n == 0 ? '-' : parts->part[i].at[0] == 'P' ? 'P' : 'D';
    shape[parts->n] = '\0';
}

/* "R" or "R12"; false if the part is something else. */
static bool read_count(struct slice part, int64_t *ret_count)
{
    struct error ignored;
    if (part.n == 1) {
        *ret_count = COUNT_UNLIMITED;
        return true;
    }
    return isdigit((unsigned char)part.at[1]) &&
           integer_parse((struct slice){part.at + 1, part.n - 1}, ret_count, &ignored) == 0;
}

struct shape {
    const char *text;
    enum recurrence_form form;
    int start, interval, end; /* index of the part, -1 = none */
    bool once;                /* needs the count 1 */
};

static const struct shape plain_shapes[] = {
    {"D", FORM_START, 0, -1, -1, false},          {"P", FORM_START_INTERVAL, -1, 0, -1, false},
    {"DP", FORM_START_INTERVAL, 0, 1, -1, false}, {"DP-", FORM_START_INTERVAL, 0, 1, -1, false},
    {"PD", FORM_INTERVAL_END, -1, 0, 1, false},
};

/* The part after R or Rn is index 1. */
static const struct shape counted_shapes[] = {
    {"", FORM_ONCE_AT_START, -1, -1, -1, true},   {"-", FORM_ONCE_AT_START, -1, -1, -1, true},
    {"D", FORM_ONCE_AT_START, 1, -1, -1, true},   {"D-", FORM_ONCE_AT_START, 1, -1, -1, true},
    {"-D", FORM_ONCE_AT_END, -1, -1, 2, true},    {"DD", FORM_START_END, 1, -1, 2, false},
    {"DP", FORM_START_INTERVAL, 1, 2, -1, false}, {"-P", FORM_START_INTERVAL, -1, 2, -1, false},
    {"P", FORM_INTERVAL_END, -1, 1, -1, false},   {"P-", FORM_INTERVAL_END, -1, 1, -1, false},
    {"PD", FORM_INTERVAL_END, -1, 1, 2, false},
};

static const struct shape *find_shape(const struct shape *shapes, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(shapes[i].text, text) == 0)
            return &shapes[i];
    return NULL;
}

static struct slice pick(const struct parts *parts, int index)
{
    return index < 0 ? (struct slice){0} : parts->part[index];
}

int recurrence_split(struct slice text, struct recurrence_text *ret_text, struct error *error)
{
    struct parts parts;
    char letters[PARTS_MAX + 1];
    int64_t count = COUNT_UNLIMITED;
    const struct shape *shape = NULL;

    text = slice_trim(text);
    if (text.n > 0 && cut(text, &parts)) {
        const bool counted = parts.part[0].n > 0 && parts.part[0].at[0] == 'R';
        classify(&parts, letters);
        if (!counted)
            shape = find_shape(plain_shapes, sizeof plain_shapes / sizeof plain_shapes[0], letters);
        else if (read_count(parts.part[0], &count))
            shape = find_shape(counted_shapes, sizeof counted_shapes / sizeof counted_shapes[0],
                               letters + 1);
    }
    if (!shape || (shape->once && count != 1))
        return error_set(error, -EINVAL,
                         "'%.*s' is not a recurrence: expected e.g. R1, P1D, T00, "
                         "START/P1D, R5/START/P1D or P1D/END",
                         (int)text.n, text.at);
    if (count == 0)
        return error_set(error, -EINVAL, "'%.*s' recurs 0 times", (int)text.n, text.at);
    *ret_text = (struct recurrence_text){
        .form = shape->form,
        .count = count,
        .start = pick(&parts, shape->start),
        .interval = pick(&parts, shape->interval),
        .end = pick(&parts, shape->end),
    };
    return 0;
}
