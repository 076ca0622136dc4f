/* An error a person will read: what happened and, if it came from a file, where. Functions that can
 * fail return a negative errno code and fill the caller's struct error, their last parameter. */
#ifndef ROUSE_BASE_ERROR_H
#define ROUSE_BASE_ERROR_H

#include <stdarg.h>
#include <stddef.h>

enum { ERROR_TEXT_MAX = 768, ERROR_ITEM_MAX = 256, ERROR_FILE_MAX = 256 };

struct error {
    int code;                  /* negative errno; 0 = no error */
    int line;                  /* in file; 0 = none */
    char file[ERROR_FILE_MAX]; /* empty = none */
    char item[ERROR_ITEM_MAX]; /* e.g. "[runtime][foo]script"; empty = none */
    char text[ERROR_TEXT_MAX]; /* what is wrong and what was expected; no full stop, no newline */
};

/* Set code and text (file, line and item are left as they are); returns code, so that
 * `return error_set(error, -EINVAL, "...")` reads well. code is negative. Control characters
 * become blanks or question marks, here and in error_where. */
int error_set(struct error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int error_vset(struct error *error, int code, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
/* Say where; parts that are NULL or 0 are left alone. Returns error->code. */
int error_where(struct error *error, const char *file, int line, const char *item);
/* "FILE:LINE: ITEM: TEXT" with what is known, into buffer (cut to size). Returns buffer. */
const char *error_format(const struct error *error, char *buffer, size_t size);

#endif
