/* Cutting text into lines and following %include lines. Include-files are named from the directory
 * of the workflow, wherever they are included, as in Cylc. */
#define _FILE_OFFSET_BITS 64
#include "scheduler/config/source.h"
#include "base/memory.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int source_read_file(const char *path, struct text *ret_text, struct error *error)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return error_set(error, -errno, "cannot read %s: %s", path, strerror(errno));
    char buffer[65536];
    size_t n;
    errno = 0;
    while ((n = fread(buffer, 1, sizeof buffer, file)) > 0 && ret_text->n <= SOURCE_BYTES_MAX)
        text_add_n(ret_text, buffer, n);
    int code = ferror(file) ? errno : 0;
    (void)fclose(file);
    return code ? error_set(error, -code, "cannot read %s: %s", path, strerror(code)) : 0;
}

static int read_include(void *context, const char *path, struct text *ret_text, struct error *error)
{
    const char *main_file = context, *slash = strrchr(main_file, '/');
    struct text full = {0};
    if (slash && path[0] != '/')
        text_add_n(&full, main_file, (size_t)(slash - main_file) + 1);
    text_add(&full, path);
    int result = source_read_file(text_string(&full), ret_text, error);
    text_release(&full);
    return result;
}

struct source_reader source_file_reader(const char *main_file)
{
    return (struct source_reader){(void *)(uintptr_t)main_file, read_include};
}

static const char include_word[] = "%include";
static const char byte_order_mark[] = "\xef\xbb\xbf";

static void add_line(struct source *source, struct source_line line)
{
    if (source->n == source->capacity) {
        source->capacity = source->capacity ? source->capacity * 2 : 256;
        source->lines = mem_resize_array(source->lines, source->capacity, sizeof *source->lines);
    }
    source->lines[source->n++] = line;
}

static bool is_include(struct slice line)
{
    line = slice_trim(line);
    size_t n = strlen(include_word);
    return line.n >= n && memcmp(line.at, include_word, n) == 0 &&
           (line.n == n || line.at[n] == ' ' || line.at[n] == '\t');
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

/* The path of an %include line, its quotes taken off. */
static int include_path(struct slice line, struct slice *ret_path, struct error *error)
{
    line = slice_trim(line);
    size_t n = strlen(include_word);
    struct slice path = slice_trim((struct slice){line.at + n, line.n - n});
    char first = path.n ? path.at[0] : ' ', last = path.n ? path.at[path.n - 1] : ' ';
    if (is_quote(first) || is_quote(last)) {
        if (first != last || path.n < 2)
            return error_set(error, -EINVAL, "mismatched quotes: %.*s", (int)line.n, line.at);
        path = slice_trim((struct slice){path.at + 1, path.n - 2});
    }
    if (!path.n)
        return error_set(error, -EINVAL, "%%include without the name of a file");
    *ret_path = path;
    return 0;
}

static int add_text(struct source *source, struct arena *arena, const char *file, struct slice text,
                    const struct source_reader *reader, int depth, struct error *error);

static int add_include(struct source *source, struct arena *arena, struct slice line,
                       const struct source_reader *reader, int depth, struct error *error)
{
    struct slice slice = {0};
    int result = include_path(line, &slice, error);
    if (result < 0)
        return result;
    const char *path = arena_text(arena, slice);
    if (!reader)
        return error_set(error, -EINVAL, "%%include %s: a text in memory has no include-files",
                         path);
    if (depth >= INCLUDE_DEPTH_MAX)
        return error_set(error, -EINVAL, "%%include %s: more than %d include-files deep", path,
                         INCLUDE_DEPTH_MAX);
    struct text text = {0};
    result = reader->read(reader->context, path, &text, error);
    if (result == 0) {
        struct slice copy = {arena_text(arena, (struct slice){text.at, text.n}), text.n};
        result = add_text(source, arena, path, copy, reader, depth + 1, error);
    }
    text_release(&text);
    return result;
}

static int add_text(struct source *source, struct arena *arena, const char *file, struct slice text,
                    const struct source_reader *reader, int depth, struct error *error)
{
    if (text.n > SOURCE_BYTES_MAX)
        return error_where(error, file, 0, NULL),
               error_set(error, -EFBIG, "longer than %d bytes", SOURCE_BYTES_MAX);
    const char *at = text.at, *end = text.at + text.n;
    if (text.n >= 3 && memcmp(at, byte_order_mark, 3) == 0)
        return error_where(error, file, 1, NULL),
               error_set(error, -EINVAL,
                         "a byte order mark (U+FEFF): expected the file to begin without it");
    for (int number = 1; at < end; number++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        struct slice line = {at, (size_t)(stop - at)};
        at = newline ? newline + 1 : end;
        if (line.n && line.at[line.n - 1] == '\r')
            line.n--;
        int result = 0;
        if (line.n && memchr(line.at, '\0', line.n))
            result = error_set(error, -EINVAL, "a NUL byte: expected a text file in UTF-8");
        else if (source->n >= SOURCE_LINES_MAX)
            result = error_set(error, -EFBIG, "more than %d lines", SOURCE_LINES_MAX);
        else if (is_include(line))
            result = add_include(source, arena, line, reader, depth, error);
        else
            add_line(source, (struct source_line){line, file, number});
        if (result < 0)
            return *error->file ? result : error_where(error, file, number, NULL);
    }
    return 0;
}

int source_add(struct source *source, struct arena *arena, const char *file, struct slice text,
               const struct source_reader *reader, struct error *error)
{
    return add_text(source, arena, file, text, reader, 0, error);
}

void source_release(struct source *source)
{
    free(source->lines);
    *source = (struct source){0};
}
