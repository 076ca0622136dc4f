/* What `why` says of xtriggers that have a window. */
#ifndef ROUSE_WHY_WINDOW_H
#define ROUSE_WHY_WINDOW_H

#include "coroutines/view.h"

/* Lines on an xtrigger that is not satisfied, if the instance does not wait for it in the usual
 * way: it is not asked yet or any more, or it is a clock of a window. `for_timeout`: the
 * instance waits for it to time out, and not for itself. False: nothing. */
bool window_explain(const struct view *view, const struct view_task *task,
                    const struct view_xtrigger *xtrigger, bool for_timeout, struct text *out);

#endif
