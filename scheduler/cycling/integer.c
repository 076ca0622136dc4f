/* Reading integers. */
#include "scheduler/cycling/internal.h"
#include <ctype.h>
#include <errno.h>

#include "base/banned.h"

int integer_parse(struct slice text, int64_t *ret_value, struct error *error)
{
    size_t i = 0;
    bool negative = false;
    int64_t value = 0;

    if (text.n > 0 && (text.at[0] == '+' || text.at[0] == '-'))
        negative = text.at[i++] == '-';
    if (i == text.n)
        return error_set(error, -EINVAL,
                         "'%.*s' is not an integer: expected a cycle point such as 1", (int)text.n,
                         text.at);
    for (; i < text.n; i++) {
        if (!isdigit((unsigned char)text.at[i]))
            return error_set(error, -EINVAL,
                             "'%.*s' is not an integer: expected a cycle point such as 1",
                             (int)text.n, text.at);
        value = value <= INTEGER_POINT_LIMIT / 10 ? value * 10 + (text.at[i] - '0') : INT64_MAX;
        if (value > INTEGER_POINT_LIMIT)
            return error_set(error, -ERANGE, "'%.*s' is out of bounds", (int)text.n, text.at);
    }
    *ret_value = negative ? -value : value;
    return 0;
}
