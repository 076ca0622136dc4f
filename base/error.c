/* Filling and printing struct error. */
#include "base/error.h"
#include "base/check.h"
#include <stdio.h>

#include "base/banned.h"

/* What is quoted from a file may hold anything: a message is one line and does nothing to a
 * terminal. */
static void make_printable(char *text)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c < ' ' || c == 0x7f)
            *text = c == '\n' || c == '\t' || c == '\r' ? ' ' : '?';
    }
}

int error_vset(struct error *error, int code, const char *format, va_list args)
{
    PRE(code < 0);
    error->code = code;
    vsnprintf(error->text, sizeof error->text, format, args);
    make_printable(error->text);
    return code;
}

int error_set(struct error *error, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_vset(error, code, format, args);
    va_end(args);
    return code;
}

int error_where(struct error *error, const char *file, int line, const char *item)
{
    if (file) {
        snprintf(error->file, sizeof error->file, "%s", file);
        make_printable(error->file);
    }
    if (line)
        error->line = line;
    if (item) {
        snprintf(error->item, sizeof error->item, "%s", item);
        make_printable(error->item);
    }
    return error->code;
}

const char *error_format(const struct error *error, char *buffer, size_t size)
{
    char line[32] = "";
    if (error->line)
        snprintf(line, sizeof line, ":%d", error->line);
    snprintf(buffer, size, "%s%s%s%s%s%s", error->file, line, *error->file || *line ? ": " : "",
             error->item, *error->item ? ": " : "", error->text);
    return buffer;
}
