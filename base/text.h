/* A growing text, always ended by NUL; and a slice of somebody else's bytes. */
#ifndef ROUSE_BASE_TEXT_H
#define ROUSE_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
    char *at; /* NULL while empty; use text_string() to read */
    size_t n, capacity;
};

void text_release(struct text *text);
void text_clear(struct text *text);
void text_add(struct text *text, const char *string);
void text_add_n(struct text *text, const char *bytes, size_t n);
void text_add_char(struct text *text, char c);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vaddf(struct text *text, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Without its first n bytes. PRE: it has so many. */
void text_cut(struct text *text, size_t n);
/* Never NULL; valid until the text changes. */
const char *text_string(const struct text *text);
/* The heap string, which the caller frees; the text is empty afterwards. */
char *text_take(struct text *text);

/* Bytes that belong to somebody else; not ended by NUL. at is NULL when n is 0 and nothing was
 * given. */
struct slice {
    const char *at;
    size_t n;
};

struct slice slice_of(const char *string);
bool slice_equal(struct slice a, const char *string);
struct slice slice_trim(struct slice s);
/* Heap copy, NUL ended. */
char *slice_copy(struct slice s);

#endif
