/* Conditions in postfix order, evaluated. */
#ifndef ROUSE_GRAPH_TERMS_H
#define ROUSE_GRAPH_TERMS_H

#include "scheduler/graph/graph.h"

/* Whether a leaf (TERM_ATOM or TERM_XTRIGGER) holds. */
typedef bool term_leaf_holds(const void *context, const struct term *leaf);

/* No terms: true. Any number of them; at most TERMS_INLINE need no memory from the heap. */
bool terms_evaluate(const struct term *terms, uint32_t n, term_leaf_holds *holds,
                    const void *context);
enum { TERMS_INLINE = 256 };

static inline bool term_is_leaf(const struct term *term)
{
    return term->kind == TERM_ATOM || term->kind == TERM_XTRIGGER;
}

#endif
