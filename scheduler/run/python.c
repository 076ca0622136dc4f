/* See python.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/run/python.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static bool is_word_char(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Whether `name` stands in the line as a word of its own. */
static bool has_word(const char *line, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = strstr(line, name); at; at = strstr(at + 1, name))
        if ((at == line || !is_word_char(at[-1])) && !is_word_char(at[n]))
            return true;
    return false;
}

/* "def NAME(", "async def NAME(", "from x import NAME", "NAME = ...", at the left edge or in a
 * block such as `if`. */
static bool defines(const char *line, const char *name)
{
    static const char *const beginnings[] = {"def ", "async def ", "from ", "import "};
    line += strspn(line, " \t");
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0)
            return has_word(line, name);
    size_t n = strlen(name);
    return strncmp(line, name, n) == 0 && line[n + strspn(line + n, " \t")] == '=';
}

/* -ENOENT if there is no such file. */
static int look_into(const char *path, const char *name, struct error *error)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t capacity = 0;
    bool found = false;
    if (!file)
        return -ENOENT;
    while (!found && getline(&line, &capacity, file) >= 0)
        found = defines(line, name);
    free(line);
    (void)fclose(file);
    return found ? 0
                 : error_set(error, -EINVAL,
                             "%s defines no function \"%s\": expected \"def %s(...)\"", path, name,
                             name);
}

static int look_in_directory(const char *directory, const char *name, struct error *error)
{
    static const char *const ends[] = {".py", "/__init__.py"};
    int code = -ENOENT;
    for (size_t i = 0; i < sizeof ends / sizeof *ends && code == -ENOENT; i++) {
        char *path = str_format("%s/%s%s", directory, name, ends[i]);
        code = look_into(path, name, error);
        free(path);
    }
    return code;
}

int python_function_find(const char *directory, const char *name, struct error *error)
{
    char *own = str_format("%s/lib/python", directory);
    int code = look_in_directory(own, name, error);
    const char *more = getenv("CYLC_PYTHONPATH");
    free(own);
    while (code == -ENOENT && more && *more) {
        size_t n = strcspn(more, ":");
        char *place = str_copy_n(more, n);
        if (n)
            code = look_in_directory(place, name, error);
        free(place);
        more += n + (more[n] == ':');
    }
    return code == -ENOENT ? error_set(error, code, "there is no lib/python/%s.py", name) : code;
}

char *python_file(const char *program, const char *name)
{
    const char *slash = program ? strrchr(program, '/') : NULL;
    return slash ? str_format("%.*s/%s/%s", (int)(slash - program), program, ROUSE_PYTHON_FROM_BIN,
                              name)
                 : str_copy(name);
}
