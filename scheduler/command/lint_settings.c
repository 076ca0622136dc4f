/* The few lines of TOML that lint understands: lists of strings and a number, in one section. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/lint_settings.h"
#include "base/memory.h"
#include "base/text.h"
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct reading {
    struct lint_settings *settings;
    const char *path;
    int line;
    bool ours; /* within the section */
    struct error *error;
};

static int refuse(const struct reading *self, const char *what, const char *expected)
{
    error_set(self->error, -EINVAL, "%s: expected %s", what, expected);
    return error_where(self->error, self->path, self->line, "[tool.cylc.lint]");
}

/* The strings of ["a", 'b']; false: it is no list of strings. */
static bool read_list(const char *text, struct lint_settings *settings, int which)
{
    text += strspn(text, " \t");
    if (*text++ != '[')
        return false;
    while (*(text += strspn(text, " \t\n,")) && *text != ']') {
        if (*text == '#') {
            text += strcspn(text, "\n");
            continue;
        }
        char quote = *text;
        const char *end = quote == '"' || quote == '\'' ? strchr(text + 1, quote) : NULL;
        if (!end)
            return false;
        char *item = str_copy_n(text + 1, (size_t)(end - text) - 1);
        if (which == 0)
            *vec_push(&settings->rulesets) = item;
        else if (which == 1)
            *vec_push(&settings->ignore) = item;
        else
            *vec_push(&settings->exclude) = item;
        text = end + 1;
    }
    return *text == ']';
}

static int read_setting(const struct reading *self, const char *key, const char *value)
{
    static const char *const lists[] = {"rulesets", "ignore", "exclude"};
    char *end;
    for (int i = 0; i < 3; i++)
        if (strcmp(key, lists[i]) == 0)
            return read_list(value, self->settings, i) ? 0 : refuse(self, key, "a list of strings");
    if (strcmp(key, "max-line-length") != 0)
        return refuse(self, key, "rulesets, ignore, exclude or max-line-length");
    long columns = strtol(value, &end, 10);
    if (end == value || columns < 1)
        return refuse(self, key, "a number of columns");
    self->settings->columns_max = (size_t)columns;
    return 0;
}

/* "key = value"; a list may go on over lines, which have been joined. */
static int read_line(struct reading *self, char *line)
{
    char *text = line + strspn(line, " \t");
    if (*text == '[' && !strchr(text, '='))
        self->ours =
            strncmp(text, "[tool.cylc.lint]", 16) == 0 || strncmp(text, "[cylc-lint]", 11) == 0;
    char *equals = strchr(text, '=');
    if (!self->ours || !equals || *text == '#')
        return 0;
    char *end = equals;
    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    char *key = str_copy_n(text, (size_t)(end - text));
    int code = read_setting(self, key, equals + 1);
    free(key);
    return code;
}

/* Lines of an open list are joined. */
static int read_lines(struct reading *self, FILE *file)
{
    struct text joined = {0};
    char *line = NULL;
    size_t capacity = 0;
    int code = 0;
    while (code == 0 && getline(&line, &capacity, file) >= 0) {
        self->line++;
        text_add(&joined, line);
        const char *all = text_string(&joined), *equals = strchr(all, '=');
        if (equals && strchr(equals, '[') && !strchr(equals, ']'))
            continue;
        char *copy = str_copy(all);
        code = read_line(self, copy);
        free(copy);
        text_clear(&joined);
    }
    free(line);
    text_release(&joined);
    return code;
}

int lint_settings_read(const char *directory, struct lint_settings *settings, struct error *error)
{
    char *path = str_format("%s/pyproject.toml", directory);
    FILE *file = fopen(path, "re");
    struct reading reading = {.settings = settings, .path = path, .error = error};
    int code = 0;
    if (file) {
        code = read_lines(&reading, file);
        (void)fclose(file);
    }
    free(path);
    return code;
}

void lint_settings_release(struct lint_settings *settings)
{
    VEC_EACH (char *, item, &settings->rulesets)
        free(*item);
    VEC_EACH (char *, item, &settings->ignore)
        free(*item);
    VEC_EACH (char *, item, &settings->exclude)
        free(*item);
    vec_release(&settings->rulesets);
    vec_release(&settings->ignore);
    vec_release(&settings->exclude);
}
