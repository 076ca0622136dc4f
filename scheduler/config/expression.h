/* Completion expressions: outputs joined by `and` and `or`, as [runtime][NAME]completion has them.
 * In them outputs are spelled with `_` for `-`. */
#ifndef ROUSE_CONFIG_EXPRESSION_H
#define ROUSE_CONFIG_EXPRESSION_H

#include "scheduler/config/workflow.h"
#include "scheduler/graph/arena.h"

enum { EXPRESSION_DEPTH_MAX = 100, EXPRESSION_TERMS_MAX = 10000 };

/* Compile `text` over the outputs given to postfix terms in the arena. -EINVAL and why. */
int expression_compile(struct arena *arena, const char *text, const struct output_def *outputs,
                       uint32_t n_outputs, struct completion *ret_completion, struct error *error);
/* Whether the expression holds when the outputs in the bit set are complete. */
bool expression_holds(const struct completion *completion, uint64_t outputs);
/* Bit set of the outputs it names. */
uint64_t expression_outputs(const struct completion *completion);

#endif
