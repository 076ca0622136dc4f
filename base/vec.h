/* A growing array of any type: VEC(int) numbers = {0}; *vec_push(&numbers) = 3; numbers.at[0]. */
#ifndef ROUSE_BASE_VEC_H
#define ROUSE_BASE_VEC_H

#include "base/memory.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *at;                                                                                  \
        size_t n, capacity;                                                                        \
    }

/* Pointer to a new last element; its bytes are zero. It is valid until the next push. */
#define vec_push(vec)                                                                              \
    (vec_grow_((void **)&(vec)->at, (vec)->n, &(vec)->capacity, sizeof *(vec)->at),                \
     &(vec)->at[(vec)->n++])
#define vec_last(vec) (&(vec)->at[(vec)->n - 1])
#define vec_clear(vec) ((vec)->n = 0)
#define vec_release(vec) (free((vec)->at), (vec)->at = NULL, (vec)->n = (vec)->capacity = 0)
#define VEC_EACH(type, item, vec)                                                                  \
    for (type *item = (vec)->at; item && item < (vec)->at + (vec)->n; item++)

static inline void vec_grow_(void **at, size_t n, size_t *capacity, size_t size)
{
    if (n == *capacity) {
        *capacity = *capacity ? *capacity * 2 : 4;
        *at = mem_resize_array(*at, *capacity, size);
    }
    memset((char *)*at + n * size, 0, size);
}

#endif
