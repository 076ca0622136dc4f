/* The viewer: answers queries from its read model. What the pool says waits in `pending` until it
 * is recorded, so a client never sees what a crash could undo. What others say of jobs and
 * xtriggers is no state of a task: it waits for nothing, since after a crash of their process it
 * might wait for ever. */
#include "base/id.h"
#include "base/memory.h"
#include "coroutines/actor.h"
#include "coroutines/why.h"
#include <errno.h>
#include <jansson.h>

#include "base/banned.h"

enum { APPLIED_PER_TURN = 1000 };

struct viewer {
    struct actor actor;
    struct view view;
    struct text pending; /* encoded messages, each behind its u32 length */
    size_t first;        /* offset of the oldest */
    bool behind;         /* more was recorded since `pending` was looked at */
    uint64_t recorded;   /* of the pool's outbox */
};

/* --- never ahead of the record --- */

static void defer(struct viewer *self, const struct message *message)
{
    size_t at = self->pending.n;
    text_add_n(&self->pending, "\0\0\0\0", sizeof(uint32_t));
    message_encode(message, &self->pending);
    uint32_t length = (uint32_t)(self->pending.n - at - sizeof length);
    memcpy(self->pending.at + at, &length, sizeof length);
}

static void forget_applied(struct viewer *self)
{
    if (self->first == self->pending.n) {
        text_clear(&self->pending);
        self->first = 0;
    } else if (self->first > self->pending.n / 2) {
        self->pending.n -= self->first;
        memmove(self->pending.at, self->pending.at + self->first, self->pending.n);
        self->first = 0;
    }
}

/* Apply what is recorded by now; true if some of it is left for the next turn. */
static bool catch_up(struct viewer *self)
{
    for (unsigned i = 0; i < APPLIED_PER_TURN && self->first < self->pending.n; i++) {
        uint32_t length;
        struct message message;
        struct error error = {0};
        memcpy(&length, self->pending.at + self->first, sizeof length);
        const char *bytes = self->pending.at + self->first + sizeof length;
        int result = message_decode(bytes, length, &message, &error);
        INVARIANT(result == 0);
        if (message.seq > self->recorded) {
            self->behind = false;
            break;
        }
        view_apply(&self->view, &message);
        self->first += sizeof length + length;
    }
    forget_applied(self);
    return self->behind && self->first < self->pending.n;
}

/* --- queries --- */

static void answer(struct viewer *self, const struct message *query, enum reply_kind kind,
                   const char *text)
{
    actor_say(&self->actor,
              &(struct message){
                  .topic = TOPIC_REPLY, .id = query->id, .number = kind, .text = slice_of(text)});
}

static void answer_json(struct viewer *self, const struct message *query, json_t *data)
{
    char *text = json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(data);
    PRE(text);
    answer(self, query, REPLY_DONE, text);
    free(text);
}

/* The task instance that "CYCLE/TASK" names. */
static int find_instance(const struct view *view, const char *text, cycle_point *ret_point,
                         uint32_t *ret_task, struct error *error)
{
    struct id id = {0};
    int result = id_parse_relative(slice_of(text), &id, error);
    if (result < 0)
        return result;
    if (!id.task.n)
        return error_set(error, -EINVAL, "\"%.200s\" names no task: expected CYCLE/TASK", text);
    char *name = slice_copy(id.task), *point = slice_copy(id.cycle);
    *ret_task = workflow_task(view->workflow, name);
    if (*ret_task == NO_INDEX)
        result = error_set(error, -ENOENT, "no such task in this workflow: \"%.200s\"", name);
    else
        result = point_parse(view->workflow->cycling, point, ret_point, error);
    free(name);
    free(point);
    return result;
}

typedef int for_instance(struct viewer *self, const char *text, cycle_point point, uint32_t task,
                         struct text *out, struct error *error);

/* Do it for each of the ids in "ids", which may be left out. */
static int for_each_id(struct viewer *self, const json_t *args, for_instance *run, struct text *out,
                       struct error *error)
{
    const json_t *ids = json_object_get(args, "ids");
    if (ids && !json_is_array(ids))
        return error_set(error, -EINVAL, "\"ids\" must be a list of texts");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *text = json_string_value(json_array_get(ids, i));
        cycle_point point = POINT_NONE;
        uint32_t task = NO_INDEX;
        if (!text)
            return error_set(error, -EINVAL, "\"ids\" must be a list of texts");
        int result = find_instance(&self->view, text, &point, &task, error);
        if (result == 0)
            result = run(self, text, point, task, out, error);
        if (result < 0)
            return result;
    }
    return 0;
}

static int explain(struct viewer *self, const char *text, cycle_point point, uint32_t task,
                   struct text *out, struct error *error)
{
    (void)text;
    (void)error;
    why_task(&self->view, point, task, env_wall(self->actor.context->env), out);
    return 0;
}

static void query_why(struct viewer *self, const struct message *query, const json_t *args)
{
    struct text out = {0};
    struct error error = {0};
    int result = for_each_id(self, args, explain, &out, &error);
    if (!json_array_size(json_object_get(args, "ids")))
        why_workflow(&self->view, &out);
    if (result < 0)
        answer(self, query, REPLY_ERROR, error.text);
    else
        answer_json(self, query, json_stringn(text_string(&out), out.n));
    text_release(&out);
}

static int look_up(struct viewer *self, const char *text, cycle_point point, uint32_t task,
                   struct text *out, struct error *error)
{
    (void)out;
    return view_find(&self->view, point, task)
               ? 0
               : error_set(error, -ENOENT, "task not found: %.200s", text);
}

/* Alive; and, for each id, in the pool. */
static void query_ping(struct viewer *self, const struct message *query, const json_t *args)
{
    struct error error = {0};
    if (for_each_id(self, args, look_up, NULL, &error) < 0)
        answer(self, query, REPLY_ERROR, error.text);
    else
        answer_json(self, query,
                    json_pack("{s:s,s:s}", "workflow", self->actor.context->workflow_id, "status",
                              workflow_status_names[self->view.status]));
}

static const struct {
    const char *name;
    void (*run)(struct viewer *self, const struct message *query, const json_t *args);
} queries[] = {{"ping", query_ping}, {"why", query_why}};

static void hear_query(struct viewer *self, const struct message *query)
{
    json_error_t bad;
    const char *detail = query->detail.n ? query->detail.at : "{}";
    json_t *args = json_loadb(detail, query->detail.n ? query->detail.n : 2, 0, &bad);
    bool known = false;
    for (size_t i = 0; i < sizeof queries / sizeof *queries && !known; i++) {
        known = slice_equal(query->text, queries[i].name);
        if (known && json_is_object(args))
            queries[i].run(self, query, args);
    }
    if (!known)
        answer(self, query, REPLY_ERROR, "this query is not implemented");
    else if (!json_is_object(args))
        answer(self, query, REPLY_ERROR, "\"args\" must be a JSON object");
    json_decref(args);
}

/* --- the member --- */

static void viewer_hear(struct actor *actor, const struct message *message)
{
    struct viewer *self = (struct viewer *)actor;
    if (message->topic == TOPIC_QUERY_REQUEST) {
        hear_query(self, message);
    } else if (message->topic == TOPIC_RECORDED) {
        self->recorded = message_recorded(message, TASK_POOL);
        self->behind = true;
    } else if (message->sender == TASK_POOL && message->topic != TOPIC_WORKFLOW_SHUTDOWN) {
        defer(self, message);
    } else if (message->topic != TOPIC_WORKFLOW_SHUTDOWN) {
        view_apply(&self->view, message);
    }
}

static bool viewer_work(struct actor *actor)
{
    struct viewer *self = (struct viewer *)actor;
    return self->behind && catch_up(self);
}

/* Answers go on until the recorder has said its last. */
static bool viewer_may_close(struct actor *actor)
{
    return bus_drained(actor->context->bus, VIEWER, ~MEMBER_BIT(RECORDER));
}

static const struct actor_type viewer_type = {
    .member = VIEWER, .hear = viewer_hear, .work = viewer_work, .may_close = viewer_may_close};

static void *viewer_create(const struct cast_context *context, struct error *error)
{
    (void)error;
    struct viewer *self = NEW(struct viewer);
    view_init(&self->view, context->workflow, context->restart);
    actor_init(&self->actor, &viewer_type, context);
    return self;
}

static void viewer_destroy(void *member)
{
    struct viewer *self = member;
    if (!self)
        return;
    actor_release(&self->actor);
    view_release(&self->view);
    text_release(&self->pending);
    free(self);
}

const struct cast_entry cast_viewer = {viewer_create, viewer_destroy};
