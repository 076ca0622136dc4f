/* The changes of the read model since somebody subscribed, each as JSON text with a number. One
 * journal serves all subscribers; it holds a limited number, and who falls further behind than that
 * has lost his place. */
#ifndef ROUSE_JOURNAL_H
#define ROUSE_JOURNAL_H

#include "coroutines/view.h"

enum {
    JOURNAL_CHANGES_MAX = 100000, /* a subscriber further behind is cut off */
    JOURNAL_BYTES_MAX = 64 * 1024 * 1024
};

struct journal { /* all zero: empty */
    struct text *at;
    size_t n, capacity, offset; /* at[offset] is the oldest */
    uint64_t first;             /* number of the oldest */
    size_t bytes;
};

void journal_release(struct journal *journal);
/* What this message, just applied to the view, changed there. */
void journal_note(struct journal *journal, const struct view *view, const struct message *message);
/* The number the next change will have. */
uint64_t journal_end(const struct journal *journal);
/* Change `number`, or NULL: not there yet, or no longer (number < first). */
const struct text *journal_get(const struct journal *journal, uint64_t number);
/* Nobody needs those before `number`. */
void journal_forget(struct journal *journal, uint64_t number);

#endif
