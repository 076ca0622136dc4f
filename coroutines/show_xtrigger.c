/* See show_xtrigger.h. */
#include "coroutines/show_xtrigger.h"
#include "base/check.h"
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/banned.h"

static const char *const verdicts[] = {[ASKED_NOW] = "being asked",
                                       [ASKED_WATCHING] = "watching",
                                       [ASKED_NOT_YET] = "not yet",
                                       [ASKED_ERROR] = "failed"};

const char *show_time(int64_t when, char *buffer)
{
    time_t seconds = (time_t)(when / 1000000);
    struct tm utc;
    if (!gmtime_r(&seconds, &utc) || !strftime(buffer, SHOW_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc))
        *buffer = '\0';
    return buffer;
}

static void add_next(const struct view_signature *known, struct text *out)
{
    char next[SHOW_TIME_MAX];
    if (known->next >= 0)
        text_addf(out, ", next %s%s", show_time(known->next, next),
                  known->told ? " or when told" : "");
    else if (known->told)
        text_add(out, ", next when told");
}

static void add_asked(const struct view_signature *known, const char *indent, struct text *out)
{
    char last[SHOW_TIME_MAX];
    text_addf(out, "%sasked %s", indent, known->n_asked == 1 ? "once" : "");
    if (known->n_asked != 1)
        text_addf(out, "%" PRIu64 " times", known->n_asked);
    show_time(known->asked, last);
    if (known->how == ASKED_NOW)
        text_addf(out, ", being asked since %s", last);
    else if (known->how == ASKED_WATCHING)
        text_addf(out, ", watches by itself since %s", last);
    else
        text_addf(out, ", last %s %s", last, verdicts[known->how]);
    if (known->found)
        text_addf(out, " (%s)", known->found);
    add_next(known, out);
    text_add(out, "\n");
}

void show_asked(const struct view *view, const char *signature, const char *indent,
                struct text *out)
{
    const struct view_signature *known = view_signature(view, signature);
    char when[SHOW_TIME_MAX];
    if (known && known->n_asked)
        add_asked(known, indent, out);
    if (known && known->problem)
        text_addf(out, "%slast error: %s (%s)\n", indent, known->problem,
                  show_time(known->problem_when, when));
}

static void set_text(json_t *object, const char *key, const char *text)
{
    json_t *value = json_string(text);
    json_object_set_new(object, key, value ? value : json_string("(not UTF-8)"));
}

void show_asked_json(const struct view *view, const char *signature, json_t *xtrigger)
{
    const struct view_signature *known = view_signature(view, signature);
    char when[SHOW_TIME_MAX];
    struct text lines = {0};
    if (!known)
        return;
    if (known->n_asked) {
        json_object_set_new(xtrigger, "calls", json_integer((json_int_t)known->n_asked));
        set_text(xtrigger, "lastCall", show_time(known->asked, when));
        set_text(xtrigger, "verdict", verdicts[known->how]);
    }
    if (known->found)
        set_text(xtrigger, "found", known->found);
    if (known->n_asked && known->next >= 0)
        set_text(xtrigger, "nextCall", show_time(known->next, when));
    if (known->problem) {
        set_text(xtrigger, "lastError", known->problem);
        set_text(xtrigger, "lastErrorTime", show_time(known->problem_when, when));
    }
    show_asked(view, signature, "", &lines);
    set_text(xtrigger, "text", text_string(&lines));
    text_release(&lines);
}
