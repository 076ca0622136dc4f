/* Sets of small numbers as words of 64 bits. */
#ifndef ROUSE_BASE_BITS_H
#define ROUSE_BASE_BITS_H

#include <stdbool.h>
#include <stdint.h>

static inline bool bit_get(const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

static inline void bit_set(uint64_t *bits, uint32_t i)
{
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline void bit_clear(uint64_t *bits, uint32_t i)
{
    bits[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

static inline uint32_t bit_words(uint32_t n)
{
    return (n + 63) / 64;
}

/* Named sets, where only few of many names have one: a list of them. NULL is the empty list. */
struct marks {
    struct marks *next;
    uint32_t of; /* whose set this is */
    uint32_t words;
    uint64_t bits[];
};

/* The set of `of`; NULL: it has none, so nothing was ever set. */
const uint64_t *marks_of(const struct marks *list, uint32_t of);
bool marks_get(const struct marks *list, uint32_t of, uint32_t bit);
/* `n`: how many bits the set of `of` has, always the same. True if the bit is news. */
bool marks_set(struct marks **list, uint32_t of, uint32_t bit, uint32_t n);
struct marks *marks_copy(const struct marks *list);
void marks_free(struct marks *list);

#endif
