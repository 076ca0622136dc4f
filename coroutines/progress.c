/* See progress.h. Costs a few hash operations for each change of a task. */
#include "coroutines/progress.h"
#include "base/memory.h"
#include "base/table.h"
#include <inttypes.h>

#include "base/banned.h"

enum { DRAWING_INTERVAL = 200000, NAMES_MAX = 6, CYCLES_MAX = 4 }; /* interval: microseconds */

struct progress_task {
    struct view_key key;
    UT_hash_handle hh;
};

struct progress_cycle {
    cycle_point point;
    uint64_t n; /* tasks in the pool */
    UT_hash_handle hh;
};

/* --- what is counted --- */

static void count_cycle(struct progress *self, cycle_point point, bool comes)
{
    struct progress_cycle *cycle;
    HASH_FIND(hh, self->cycles, &point, sizeof point, cycle);
    if (!cycle && comes) {
        cycle = NEW(struct progress_cycle);
        cycle->point = point;
        HASH_ADD(hh, self->cycles, point, sizeof cycle->point, cycle);
    }
    if (!cycle)
        return;
    cycle->n = comes ? cycle->n + 1 : cycle->n - 1;
    if (cycle->n)
        return;
    HASH_DEL(self->cycles, cycle);
    free(cycle);
}

static void note_running(struct progress *self, const struct message *message, bool runs)
{
    const struct view_key key = {message->point, message->task};
    struct progress_task *task;
    HASH_FIND(hh, self->running, &key, sizeof key, task);
    if (runs && !task) {
        task = NEW(struct progress_task);
        task->key = key;
        HASH_ADD(hh, self->running, key, sizeof task->key, task);
    } else if (!runs && task) {
        HASH_DEL(self->running, task);
        free(task);
    }
}

void progress_note(struct progress *self, const struct message *message, struct co *co)
{
    if (!self->context->live_summary)
        return;
    if (message->topic == TOPIC_TASK_SPAWNED) {
        count_cycle(self, message->point, true);
    } else if (message->topic == TOPIC_TASK_REMOVED) {
        count_cycle(self, message->point, false);
        note_running(self, message, false);
    } else if (message->topic == TOPIC_TASK_STATE) {
        note_running(self, message, message->status == STATUS_RUNNING);
        if (status_is_final(message->status) && message->value != (int64_t)message->status)
            self->finished[message->status]++;
    } else if (message->topic != TOPIC_WORKFLOW_STATE) {
        return;
    }
    if (self->changed)
        return;
    self->changed = true;
    struct env *env = self->context->env;
    env->ops->timer_start(env, &self->timer, co, DRAWING_INTERVAL);
}

/* --- drawing --- */

static void add_states(const struct progress *self, struct text *out)
{
    static const enum task_status shown[] = {STATUS_WAITING, STATUS_PREPARING, STATUS_SUBMITTED,
                                             STATUS_RUNNING};
    text_addf(out, "%s: %s%s", self->context->workflow_id,
              workflow_status_names[self->view->status],
              self->view->workflow_flags & WORKFLOW_STALLED ? ", stalled" : "");
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (self->view->by_status[shown[i]])
            text_addf(out, "  %s %" PRIu64, task_status_names[shown[i]],
                      self->view->by_status[shown[i]]);
    for (int status = STATUS_SUCCEEDED; status < STATUSES; status++)
        if (self->finished[status])
            text_addf(out, "  %s %" PRIu64, task_status_names[status], self->finished[status]);
    text_add_char(out, '\n');
}

static int compare_cycles(const struct progress_cycle *a, const struct progress_cycle *b)
{
    return (a->point > b->point) - (a->point < b->point);
}

static void add_cycles(struct progress *self, struct text *out)
{
    HASH_SORT(self->cycles, compare_cycles);
    unsigned n = 0;
    text_add(out, "cycles:");
    for (struct progress_cycle *cycle = self->cycles; cycle && n < CYCLES_MAX;
         cycle = cycle->hh.next, n++) {
        char point[POINT_TEXT_MAX];
        text_addf(out, "  %s (%" PRIu64 ")",
                  point_format(self->view->workflow->cycling, cycle->point, point), cycle->n);
    }
    if (HASH_COUNT(self->cycles) > n)
        text_addf(out, "  and %u more", HASH_COUNT(self->cycles) - n);
    text_add_char(out, '\n');
}

static void add_running(const struct progress *self, struct text *out)
{
    unsigned n = 0;
    text_add(out, "running:");
    for (const struct progress_task *task = self->running; task && n < NAMES_MAX;
         task = task->hh.next, n++) {
        char point[POINT_TEXT_MAX];
        text_addf(out, "  %s/%s",
                  point_format(self->view->workflow->cycling, task->key.point, point),
                  self->view->workflow->tasks[task->key.index].name);
    }
    if (HASH_COUNT(self->running) > n)
        text_addf(out, "  and %u more", HASH_COUNT(self->running) - n);
    text_add(out, n ? "\n" : "  nothing\n");
}

void progress_work(struct progress *self)
{
    if (!self->timer.fired)
        return;
    self->timer.fired = self->changed = false;
    struct text out = {0};
    add_states(self, &out);
    add_cycles(self, &out);
    add_running(self, &out);
    self->context->env->ops->show(self->context->env, text_string(&out));
    text_release(&out);
}

/* --- life --- */

void progress_init(struct progress *self, const struct cast_context *context,
                   const struct view *view)
{
    self->context = context;
    self->view = view;
    for (const struct view_task *task = view->tasks; task; task = task->hh.next) {
        count_cycle(self, task->key.point, true);
        const struct message message = {.point = task->key.point,
                                        .task = (uint32_t)task->key.index};
        note_running(self, &message, task->status == STATUS_RUNNING);
    }
}

void progress_release(struct progress *self)
{
    struct env *env = self->context->env;
    env->ops->timer_stop(env, &self->timer);
    struct progress_task *task, *next_task;
    HASH_ITER(hh, self->running, task, next_task)
    {
        HASH_DEL(self->running, task);
        free(task);
    }
    struct progress_cycle *cycle, *next_cycle;
    HASH_ITER(hh, self->cycles, cycle, next_cycle)
    {
        HASH_DEL(self->cycles, cycle);
        free(cycle);
    }
}
