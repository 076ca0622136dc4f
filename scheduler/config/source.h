/* The lines of a workflow file, include-files put in, each with the place it came from. This is the
 * step before parsing; templates (`#!jinja2`) take their place between the two. */
#ifndef ROUSE_CONFIG_SOURCE_H
#define ROUSE_CONFIG_SOURCE_H

#include "base/error.h"
#include "base/text.h"
#include "scheduler/graph/arena.h"

enum {
    INCLUDE_DEPTH_MAX = 16,      /* include-files that include each other */
    SOURCE_BYTES_MAX = 1 << 30,  /* a file */
    SOURCE_LINES_MAX = 100000000 /* all files together */
};

struct source_line {
    struct slice text; /* without the end of line */
    const char *file;
    int line;
};

struct source {
    struct source_line *lines;
    size_t n, capacity;
};

/* Gives the text of an include-file named `path` (as the %include line writes it). */
struct source_reader {
    void *context;
    int (*read)(void *context, const char *path, struct text *ret_text, struct error *error);
};

/* The whole file `path`, appended. Negative and an error. */
int source_read_file(const char *path, struct text *ret_text, struct error *error);
/* A reader of include-files, which are named from the directory of `main_file`. */
struct source_reader source_file_reader(const char *main_file);

/* Append the lines of `text`, which lives as long as the arena's owner wants; `file` names it in
 * messages and is kept. reader may be NULL: then an %include line is refused. Negative and error
 * with file and line. */
int source_add(struct source *source, struct arena *arena, const char *file, struct slice text,
               const struct source_reader *reader, struct error *error);
void source_release(struct source *source);

#endif
