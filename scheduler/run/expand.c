/* See expand.h. */
#include "scheduler/run/expand.h"
#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

/* The variable that `text` begins with: its name (heap) and its length with `$` and braces; NULL if
 * it is none. */
static char *variable_at(const char *text, size_t *ret_n)
{
    bool braces = text[1] == '{';
    const char *name = text + 1 + braces;
    size_t n = strspn(name, name_bytes);
    if (!n || (braces && name[n] != '}'))
        return NULL;
    *ret_n = n + 1 + 2 * (size_t)braces;
    return str_copy_n(name, n);
}

static size_t add_variable(struct text *out, const char *at)
{
    size_t n = 1;
    char *name = variable_at(at, &n);
    const char *value = name ? getenv(name) : NULL;
    if (value)
        text_add(out, value);
    else
        text_add_n(out, at, n);
    free(name);
    return n;
}

char *path_expand(const char *text)
{
    struct text out = {0};
    const char *home = getenv("HOME");
    bool at_home = text[0] == '~' && (!text[1] || text[1] == '/') && home;
    if (at_home)
        text_add(&out, home);
    for (const char *at = text + at_home; *at;) {
        if (*at == '$') {
            at += add_variable(&out, at);
            continue;
        }
        size_t n = strcspn(at, "$");
        text_add_n(&out, at, n);
        at += n;
    }
    text_add(&out, "");
    return text_take(&out);
}
