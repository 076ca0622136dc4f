/* See source_rules.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/run/source_rules.h"
#include "base/memory.h"
#include "base/text.h"
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

void source_rules_read(const char *source, struct source_rules *rules)
{
    char *path = str_format("%s/.cylcignore", source);
    FILE *file = fopen(path, "re");
    char line[PATH_MAX];
    while (file && fgets(line, sizeof line, file)) {
        struct slice pattern = slice_trim(slice_of(line));
        while (pattern.n && pattern.at[pattern.n - 1] == '/')
            pattern.n--;
        if (pattern.n && pattern.at[0] != '#')
            *vec_push(&rules->ignored) = slice_copy(pattern);
    }
    if (file)
        fclose(file);
    free(path);
}

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

bool source_rules_leave_out(const struct source_rules *rules, const char *relative, unsigned depth)
{
    static const char *const at_top[] = {"log",  "share",         "work",
                                         "runN", "_cylc-install", ".service"};
    static const char *const anywhere[] = {".git", ".svn", ".cylcignore"};
    const char *slash = strrchr(relative, '/');
    const char *name = slash ? slash + 1 : relative;
    if (is_one_of(name, anywhere, 3) || (!depth && is_one_of(name, at_top, 6)))
        return true;
    VEC_EACH (char *, pattern, &rules->ignored) {
        const char *p = **pattern == '/' ? *pattern + 1 : *pattern;
        bool whole = strchr(*pattern, '/') != NULL;
        if (!fnmatch(p, whole ? relative : name, whole ? FNM_PATHNAME : 0))
            return true;
    }
    return false;
}

void source_rules_release(struct source_rules *rules)
{
    VEC_EACH (char *, pattern, &rules->ignored)
        free(*pattern);
    vec_release(&rules->ignored);
}
