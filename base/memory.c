/* Allocation that aborts when there is none left. */
#include "base/memory.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

static _Noreturn void out_of_memory(void)
{
    static const char text[] = "rouse: out of memory\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    abort();
}

void *mem_new(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

void *mem_new_array(size_t n, size_t size)
{
    void *memory = calloc(n ? n : 1, size ? size : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

void *mem_resize_array(void *old, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        out_of_memory();
    size_t total = n * size;
    void *memory = realloc(old, total ? total : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

void *mem_copy(const void *bytes, size_t size)
{
    void *memory = mem_resize_array(NULL, size, 1);
    if (size)
        memcpy(memory, bytes, size);
    return memory;
}

char *str_copy(const char *text)
{
    return text ? mem_copy(text, strlen(text) + 1) : NULL;
}

char *str_copy_n(const char *text, size_t n)
{
    char *copy = mem_resize_array(NULL, n + 1, 1);
    if (n)
        memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

char *str_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        out_of_memory();
    va_end(args);
    return text;
}
