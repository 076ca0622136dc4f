/* Rows of task_action_timers, in the form Cylc gives them. */
#include "db/retries.h"
#include <stdio.h>

#include "base/banned.h"

/* A JSON list of floating point numbers, the shortest that give the value back. */
static char *delays_text(const struct delays *delays)
{
    struct text text = {0};
    text_add(&text, "[");
    for (uint32_t i = 0; i < delays->n; i++) {
        char number[40];
        int decimals = 1; /* never an exponent: 3600.0 */
        do
            snprintf(number, sizeof number, "%.*f", decimals, delays->at[i]);
        while (strtod(number, NULL) != delays->at[i] && decimals++ < 17);
        text_addf(&text, "%s%s", i ? ", " : "", number);
    }
    text_add(&text, "]");
    return text_take(&text);
}

static void put(struct db *db, cycle_point point, uint32_t task, const char *key,
                const char *delays, uint32_t n)
{
    later_add(&db->later, SQL_TIMER_PUT);
    later_text(&db->later, forms_point(&db->forms, db->workflow, point));
    later_text(&db->later, db->workflow->tasks[task].name);
    later_text(&db->later, key);
    later_text(&db->later, NULL);
    later_text(&db->later, delays);
    later_number(&db->later, n);
    later_text(&db->later, NULL);
    later_text(&db->later, NULL);
}

static bool has_delays(const struct db *db, uint32_t task)
{
    const struct runtime *runtime = &db->workflow->tasks[task].runtime;
    return runtime->execution_retries.n || runtime->submission_retries.n;
}

void retries_note(struct db *db, cycle_point point, uint32_t task, uint32_t try_,
                  uint32_t submissions)
{
    if (!has_delays(db, task))
        return;
    const struct runtime *runtime = &db->workflow->tasks[task].runtime;
    char *execution = delays_text(&runtime->execution_retries);
    char *submission = delays_text(&runtime->submission_retries);
    put(db, point, task, "[\"try_timers\", \"execution-retry\"]", execution,
        try_ > 1 ? try_ - 1 : 0);
    put(db, point, task, "[\"try_timers\", \"submission-retry\"]", submission, submissions);
    free(execution);
    free(submission);
}

void retries_note_polling(struct db *db, cycle_point point, uint32_t task)
{
    static const char interval[] = "[900.0]"; /* what Cylc polls at: PT15M */
    if (has_delays(db, task))
        put(db, point, task, "\"poll_timer\"", interval, 1);
}
