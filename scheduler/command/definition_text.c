/* See definition_text.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/definition_text.h"
#include "base/memory.h"
#include "scheduler/config/source.h"
#include "scheduler/config/template.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? str_copy_n(path, (size_t)(slash - path)) : str_copy(".");
}

static void add_lines(const struct source *source, struct text *out)
{
    for (size_t i = 0; i < source->n; i++) {
        text_add_n(out, source->lines[i].text.at, source->lines[i].text.n);
        text_add_char(out, '\n');
    }
}

static int include_and_process(const char *path, const struct text *text,
                               const struct definition_steps *steps, struct text *out,
                               struct error *error)
{
    struct source source = {0};
    struct arena arena = {0};
    struct template_result result = {0};
    char *directory = directory_of(path);
    const struct source_reader reader = source_file_reader(path);
    int code = source_add(&source, &arena, path, (struct slice){text_string(text), text->n},
                          &reader, error);
    if (!code && steps->process)
        code = template_process(&source, directory, &steps->templates, &arena, &result, error);
    if (!code && result.processed)
        text_add_n(out, result.text.at, result.text.n);
    else if (!code)
        add_lines(&source, out);
    source_release(&source);
    arena_release(&arena);
    free(directory);
    return code;
}

static void cut_blanks(struct text *text, size_t from)
{
    while (text->n > from && strchr(" \t\r\f\v", text->at[text->n - 1]))
        text->at[--text->n] = '\0';
}

void definition_join(struct slice text, bool join, struct text *out)
{
    size_t begin = out->n;
    while (text.n) {
        const char *end = memchr(text.at, '\n', text.n);
        size_t n = end ? (size_t)(end - text.at) : text.n, taken = n + (end != NULL);
        bool goes_on = join && n && text.at[n - 1] == '\\' && taken < text.n;
        text_add_n(out, text.at, goes_on ? n - 1 : n);
        if (!goes_on) {
            cut_blanks(out, begin);
            text_add_char(out, '\n');
            begin = out->n;
        }
        text = (struct slice){text.at + taken, text.n - taken};
    }
}

int definition_text(const char *path, const struct definition_steps *steps, struct text *out,
                    struct error *error)
{
    struct text raw = {0}, made = {0};
    int code = source_read_file(path, &raw, error);
    if (!code && (steps->include || steps->process))
        code = include_and_process(path, &raw, steps, &made, error);
    else if (!code)
        text_add_n(out, text_string(&raw), raw.n);
    if (!code)
        definition_join((struct slice){text_string(&made), made.n}, steps->join, out);
    text_release(&raw);
    text_release(&made);
    return code;
}
