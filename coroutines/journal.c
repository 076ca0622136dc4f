/* See journal.h. A change carries the whole summary of its task, so that applying one twice, or to
 * a snapshot that has it already, changes nothing. */
#include "coroutines/journal.h"
#include "base/check.h"
#include "coroutines/show.h"

#include "base/banned.h"

void journal_release(struct journal *self)
{
    journal_forget(self, journal_end(self));
    free(self->at);
    *self = (struct journal){0};
}

uint64_t journal_end(const struct journal *self)
{
    return self->first + (self->n - self->offset);
}

const struct text *journal_get(const struct journal *self, uint64_t number)
{
    if (number < self->first || number >= journal_end(self))
        return NULL;
    return &self->at[self->offset + (number - self->first)];
}

void journal_forget(struct journal *self, uint64_t number)
{
    while (self->first < number && self->offset < self->n) {
        self->bytes -= self->at[self->offset].n;
        text_release(&self->at[self->offset++]);
        self->first++;
    }
    if (self->offset == self->n || self->offset > self->n / 2) {
        self->n -= self->offset;
        if (self->n)
            memmove(self->at, self->at + self->offset, self->n * sizeof *self->at);
        self->offset = 0;
    }
}

static void add(struct journal *self, json_t *change)
{
    char *text = json_dumps(change, JSON_COMPACT);
    json_decref(change);
    PRE(text);
    struct text *entry = vec_push(self);
    text_add(entry, text);
    free(text);
    self->bytes += entry->n;
    while (self->n - self->offset > JOURNAL_CHANGES_MAX || self->bytes > JOURNAL_BYTES_MAX)
        journal_forget(self, self->first + 1);
}

static void add_task(struct journal *self, const struct view *view, const struct message *m)
{
    const struct view_task *task = view_find(view, m->point, m->task);
    if (task) {
        const struct instance_view instance = instance_view_of(task);
        add(self, json_pack("{s:o}", "task", show_summary(view, &instance)));
    } else if (m->topic == TOPIC_TASK_REMOVED) {
        char *name = show_name(view, m->point, m->task);
        add(self, json_pack("{s:s}", "removed", name));
        free(name);
    }
}

void journal_note(struct journal *self, const struct view *view, const struct message *m)
{
    if (m->topic == TOPIC_WORKFLOW_STATE)
        add(self, json_pack("{s:{s:s,s:b,s:s}}", "workflow", "status",
                            workflow_status_names[view->status], "stalled",
                            (view->workflow_flags & WORKFLOW_STALLED) != 0, "reason",
                            view->reason ? view->reason : ""));
    else if (m->topic == TOPIC_TASK_SPAWNED || m->topic == TOPIC_TASK_STATE ||
             m->topic == TOPIC_TASK_OUTPUT || m->topic == TOPIC_TASK_REMOVED)
        add_task(self, view, m);
}
