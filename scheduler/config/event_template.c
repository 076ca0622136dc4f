/* See event_template.h. */
#include "scheduler/config/event_template.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

void shell_word_add(struct text *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789@%+=:,./-_";
    if (*word && word[strspn(word, plain)] == '\0') {
        text_add(out, word);
        return;
    }
    text_add_char(out, '\'');
    for (; *word; word++)
        if (*word == '\'')
            text_add(out, "'\"'\"'");
        else
            text_add_char(out, *word);
    text_add_char(out, '\'');
}

static const struct event_value *find(const struct event_value *values, size_t n, struct slice name)
{
    for (size_t i = 0; i < n; i++)
        if (slice_equal(name, values[i].name))
            return &values[i];
    return NULL;
}

/* What stands at `at`, a per cent sign: appended; the length taken, or a negative errno. */
static int fill_one(const char *at, bool quote, const struct event_value *values, size_t n,
                    struct text *out, struct error *error)
{
    if (at[1] == '%') {
        text_add_char(out, '%');
        return 2;
    }
    const char *end = at[1] == '(' ? strchr(at, ')') : NULL;
    if (!end || end[1] != 's')
        return error_set(error, -EINVAL,
                         "\"%.16s\": expected %%(NAME)s, or %%%% for a per cent sign", at);
    struct slice name = {at + 2, (size_t)(end - at) - 2};
    const struct event_value *value = find(values, n, name);
    if (!value)
        return error_set(error, -EINVAL, "there is no template \"%%(%.*s)s\"",
                         (int)(name.n < 64 ? name.n : 64), name.at);
    if (quote)
        shell_word_add(out, value->text);
    else
        text_add(out, value->text);
    return (int)(end + 2 - at);
}

int event_template_fill(const char *template, bool quote, const struct event_value *values,
                        size_t n, struct text *out, bool *ret_filled, struct error *error)
{
    struct text filled = {0};
    bool any = false;
    for (const char *at = template; *at;) {
        size_t plain = strcspn(at, "%");
        text_add_n(&filled, at, plain);
        at += plain;
        int taken = *at ? fill_one(at, quote, values, n, &filled, error) : 0;
        if (taken < 0) {
            text_release(&filled);
            return taken;
        }
        any |= taken > 0;
        at += taken;
    }
    text_add(out, text_string(&filled));
    text_release(&filled);
    if (ret_filled)
        *ret_filled = any;
    return 0;
}
