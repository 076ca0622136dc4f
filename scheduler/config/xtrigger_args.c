/* See xtrigger_args.h. Commas in quotes and in brackets belong to the argument. */
#include "scheduler/config/xtrigger_args.h"
#include <string.h>

#include "base/banned.h"

/* Up to a comma outside of quotes and brackets. */
static size_t argument_length(struct slice args)
{
    char quote = 0;
    int depth = 0;
    for (size_t i = 0; i < args.n; i++) {
        char c = args.at[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (strchr("([{", c))
            depth++;
        else if (strchr(")]}", c))
            depth--;
        else if (c == ',' && depth <= 0)
            return i;
    }
    return args.n;
}

static bool is_quoted(struct slice s)
{
    return s.n >= 2 && (s.at[0] == '"' || s.at[0] == '\'') && s.at[s.n - 1] == s.at[0];
}

/* The length of the name in front of `=`; 0 if there is none. */
static size_t name_length(struct slice argument)
{
    size_t n = 0;
    for (; n < argument.n && argument.at[n] != '='; n++)
        if (strchr("\"'([{", argument.at[n]))
            return 0;
    return n < argument.n ? n : 0;
}

bool xtrigger_next_argument(struct slice *rest, struct xtrigger_argument *ret_argument)
{
    while (rest->n) {
        size_t n = argument_length(*rest);
        struct slice argument = slice_trim((struct slice){rest->at, n});
        n += n < rest->n;
        *rest = (struct slice){rest->at + n, rest->n - n};
        if (!argument.n)
            continue;
        size_t name = name_length(argument), skip = name ? name + 1 : 0;
        struct slice value = slice_trim((struct slice){argument.at + skip, argument.n - skip});
        bool quoted = is_quoted(value);
        *ret_argument = (struct xtrigger_argument){
            .name = slice_trim((struct slice){argument.at, name}),
            .value = quoted ? (struct slice){value.at + 1, value.n - 2} : value,
            .quoted = quoted};
        return true;
    }
    return false;
}
