/* Allocation that cannot fail: out of memory aborts with a message. */
#ifndef ROUSE_BASE_MEMORY_H
#define ROUSE_BASE_MEMORY_H

#include <stddef.h>

/* Zeroed memory. The caller frees with free(). size may be 0 (a unique pointer is returned). */
void *mem_new(size_t size);
void *mem_new_array(size_t n, size_t size);
/* As realloc(); overflow of n * size aborts. New bytes are not zeroed. */
void *mem_resize_array(void *old, size_t n, size_t size);
void *mem_copy(const void *bytes, size_t size);
/* NULL gives NULL. */
char *str_copy(const char *text);
char *str_copy_n(const char *text, size_t n);
char *str_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define NEW(type) ((type *)mem_new(sizeof(type)))
#define NEW_ARRAY(type, n) ((type *)mem_new_array((n), sizeof(type)))

#endif
