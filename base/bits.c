/* See bits.h. */
#include "base/bits.h"
#include "base/check.h"
#include "base/memory.h"
#include <stdlib.h>

#include "base/banned.h"

const uint64_t *marks_of(const struct marks *list, uint32_t of)
{
    while (list && list->of != of)
        list = list->next;
    return list ? list->bits : NULL;
}

bool marks_get(const struct marks *list, uint32_t of, uint32_t bit)
{
    const uint64_t *bits = marks_of(list, of);
    return bits && bit_get(bits, bit);
}

bool marks_set(struct marks **list, uint32_t of, uint32_t bit, uint32_t n)
{
    PRE(bit < n);
    struct marks *marks = *list;
    while (marks && marks->of != of)
        marks = marks->next;
    if (!marks) {
        marks = mem_new(sizeof *marks + bit_words(n) * sizeof *marks->bits);
        marks->of = of;
        marks->words = bit_words(n);
        marks->next = *list;
        *list = marks;
    }
    PRE(marks->words == bit_words(n));
    bool news = !bit_get(marks->bits, bit);
    bit_set(marks->bits, bit);
    return news;
}

struct marks *marks_copy(const struct marks *list)
{
    struct marks *copy = NULL, **at = &copy;
    for (; list; list = list->next) {
        *at = mem_copy(list, sizeof *list + list->words * sizeof *list->bits);
        (*at)->next = NULL;
        at = &(*at)->next;
    }
    return copy;
}

void marks_free(struct marks *list)
{
    while (list) {
        struct marks *next = list->next;
        free(list);
        list = next;
    }
}
