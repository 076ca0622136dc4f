/* Growing texts and slices. */
#include "base/text.h"
#include "base/check.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { FORMATTED_USUALLY = 80 };

static void reserve(struct text *text, size_t more)
{
    size_t need = text->n + more + 1;
    if (need <= text->capacity)
        return;
    size_t capacity = text->capacity ? text->capacity * 2 : 64;
    text->capacity = capacity > need ? capacity : need;
    text->at = mem_resize_array(text->at, text->capacity, 1);
}

void text_release(struct text *text)
{
    free(text->at);
    *text = (struct text){0};
}

void text_clear(struct text *text)
{
    text->n = 0;
    if (text->at)
        text->at[0] = '\0';
}

void text_add_n(struct text *text, const char *bytes, size_t n)
{
    reserve(text, n);
    if (n)
        memcpy(text->at + text->n, bytes, n);
    text->n += n;
    text->at[text->n] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_add_n(text, string, strlen(string));
}

void text_add_char(struct text *text, char c)
{
    reserve(text, 1);
    text->at[text->n++] = c;
    text->at[text->n] = '\0';
}

/* Into the room there is; a second time only if that was too little. */
void text_vaddf(struct text *text, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    reserve(text, FORMATTED_USUALLY);
    size_t room = text->capacity - text->n;
    int n = vsnprintf(text->at + text->n, room, format, args);
    INVARIANT(n >= 0);
    if ((size_t)n >= room) {
        reserve(text, (size_t)n);
        vsnprintf(text->at + text->n, (size_t)n + 1, format, again);
    }
    va_end(again);
    text->n += (size_t)n;
}

void text_addf(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_vaddf(text, format, args);
    va_end(args);
}

void text_cut(struct text *text, size_t n)
{
    PRE(n <= text->n);
    if (!n)
        return;
    text->n -= n;
    memmove(text->at, text->at + n, text->n + 1);
}

const char *text_string(const struct text *text)
{
    return text->at ? text->at : "";
}

char *text_take(struct text *text)
{
    char *string = text->at ? text->at : str_copy("");
    *text = (struct text){0};
    return string;
}

struct slice slice_of(const char *string)
{
    return (struct slice){string, string ? strlen(string) : 0};
}

bool slice_equal(struct slice a, const char *string)
{
    return a.n == strlen(string) && (a.n == 0 || memcmp(a.at, string, a.n) == 0);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct slice slice_trim(struct slice s)
{
    while (s.n && is_blank(s.at[0])) {
        s.at++;
        s.n--;
    }
    while (s.n && is_blank(s.at[s.n - 1]))
        s.n--;
    return s;
}

char *slice_copy(struct slice s)
{
    return str_copy_n(s.at, s.n);
}
