/* See why_window.h. */
#include "coroutines/why_window.h"
#include "pool/xtrigger.h"

#include "base/banned.h"

/* "xtrigger @x times out at TIME" and the like, from the clock's signature. */
static void add_line(const struct view *view, const struct xtrigger_window *window,
                     const char *lead, const char *what, const struct view_xtrigger *clock,
                     struct text *out)
{
    text_addf(out, "  %s @%s%s", lead, view->workflow->xtriggers[window->xtrigger].label, what);
    signature_add_time(clock->signature, out);
    text_add_char(out, '\n');
}

static bool is_satisfied(const struct view_xtrigger *xtrigger)
{
    return xtrigger && xtrigger->satisfied;
}

static const struct view_xtrigger *clock_of(const struct view_task *task, uint32_t clock)
{
    return clock == NO_INDEX ? NULL : view_xtrigger_of(task, clock);
}

bool window_explain(const struct view *view, const struct view_task *task,
                    const struct view_xtrigger *xtrigger, bool for_timeout, struct text *out)
{
    if (xtrigger->xtrigger == NO_INDEX)
        return false;
    const struct xtrigger_window *window = view->workflow->xtriggers[xtrigger->xtrigger].window;
    if (!window)
        return false;
    const struct view_xtrigger *main = view_xtrigger_of(task, window->xtrigger);
    const struct view_xtrigger *start = clock_of(task, window->start);
    const struct view_xtrigger *timeout = clock_of(task, window->timeout);
    if (xtrigger == timeout && !is_satisfied(main))
        add_line(view, window, for_timeout ? "waits for the timeout of xtrigger" : "xtrigger",
                 for_timeout ? ": at" : " times out at", timeout, out);
    else if (xtrigger == main && is_satisfied(timeout))
        add_line(view, window, "xtrigger", " timed out at", timeout, out);
    else if (xtrigger == start && !is_satisfied(main) && !is_satisfied(timeout))
        add_line(view, window, "xtrigger", " is not asked before", start, out);
    return xtrigger != main || is_satisfied(timeout) || (start && !start->satisfied);
}
