/* See terms.h. */
#include "scheduler/graph/terms.h"
#include "base/check.h"
#include "base/memory.h"
#include <stdlib.h>

#include "base/banned.h"

static bool evaluate(const struct term *terms, uint32_t n, term_leaf_holds *holds,
                     const void *context, bool *stack)
{
    uint32_t depth = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (term_is_leaf(&terms[i])) {
            stack[depth++] = holds(context, &terms[i]);
            continue;
        }
        INVARIANT(depth >= 2);
        depth--;
        if (terms[i].kind == TERM_AND)
            stack[depth - 1] = stack[depth - 1] && stack[depth];
        else
            stack[depth - 1] = stack[depth - 1] || stack[depth];
    }
    INVARIANT(depth == 1);
    return stack[0];
}

bool terms_evaluate(const struct term *terms, uint32_t n, term_leaf_holds *holds,
                    const void *context)
{
    if (!n)
        return true;
    bool few[TERMS_INLINE];
    if (n <= TERMS_INLINE)
        return evaluate(terms, n, holds, context, few);
    bool *many = NEW_ARRAY(bool, n);
    bool result = evaluate(terms, n, holds, context, many);
    free(many);
    return result;
}
