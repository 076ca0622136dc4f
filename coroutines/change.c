/* See change.h. */
#include "coroutines/change.h"
#include "base/memory.h"
#include "coroutines/definitions.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/banned.h"

static void say(struct change *change, struct message *message)
{
    change->sink.say(change->sink.context, message);
}

static void say_step(struct change *change, enum definition_step step)
{
    change->waiting = step == STEP_STAY ? 0 : topics[TOPIC_DEFINITION_DONE].says;
    say(change, &(struct message){.topic = TOPIC_DEFINITION_STEP,
                                  .number = step,
                                  .value = (int64_t)change->version});
}

static void answer(struct change *change, int code, const char *text)
{
    say(change, &(struct message){.topic = TOPIC_POOL_OUTCOME,
                                  .id = change->id,
                                  .number = (uint32_t)-code,
                                  .text = slice_of(text)});
}

static void fail(struct change *change, const char *why)
{
    env_logf(change->context->env, LOG_ERROR_LEVEL,
             "Reload failed, the definition stays as it was: %s", why);
    answer(change, -EINVAL, why);
    change->state = CHANGE_IDLE;
}

/* --- events --- */

static void begin(struct change *change, const struct message *command)
{
    if (change->state != CHANGE_IDLE) {
        say(change, &(struct message){.topic = TOPIC_POOL_OUTCOME,
                                      .id = command->id,
                                      .number = EBUSY,
                                      .text = slice_of("a reload is under way already")});
        return;
    }
    uint64_t now = change->context->workflow->version;
    struct message next = {.topic = TOPIC_DEFINITION_NEXT,
                           /* never that of one that was refused */
                           .value = (int64_t)(change->version > now ? change->version : now) + 1,
                           .text = command->text,
                           .detail = command->detail};
    change->state = CHANGE_LOADING;
    change->id = command->id;
    change->before = change->context->workflow;
    change->version = (uint64_t)next.value;
    text_clear(&change->refused);
    say(change, &next);
    definitions_load(change->context->definitions, &next, change->co);
}

static void hear_done(struct change *change, const struct message *message)
{
    if ((uint64_t)message->value != change->version)
        return;
    change->waiting &= ~MEMBER_BIT(message->sender);
    if (message->text.n && !change->refused.n)
        text_add_n(&change->refused, message->text.at, message->text.n);
}

static void keep(struct change *change, const struct message *message)
{
    struct kept_event *event = vec_push(&change->kept);
    event->message = *message;
    event->text = message->text.n ? mem_copy(message->text.at, message->text.n) : NULL;
    event->detail = message->detail.n ? mem_copy(message->detail.at, message->detail.n) : NULL;
    event->message.text.at = event->text;
    event->message.detail.at = event->detail;
}

/* What the pool waits for before it can be at rest. */
static bool drains(const struct message *message)
{
    return message->sender == TRIGGERS || message->topic == TOPIC_HISTORY;
}

bool change_takes(struct change *change, const struct message *message)
{
    if (message->topic == TOPIC_DEFINITION_DONE) {
        hear_done(change, message);
        return true;
    }
    /* Its process has been started anew, and has read the new file. */
    if (message->topic == TOPIC_XTRIGGER_READY && change->state >= CHANGE_SETTLING)
        change->waiting &= ~MEMBER_BIT(XTRIGGERS);
    if (message->topic == TOPIC_POOL_COMMAND && message->number == POOL_RELOAD) {
        begin(change, message);
        return true;
    }
    if (change->state <= CHANGE_LOADING || (change->state == CHANGE_DRAINING && drains(message)))
        return false;
    keep(change, message);
    return true;
}

static void forget_first(struct change *change)
{
    struct kept_event *event = &change->kept.at[change->first++];
    free(event->text);
    free(event->detail);
    change->held = false;
    if (change->first == change->kept.n) {
        vec_release(&change->kept);
        change->first = 0;
    }
}

const struct message *change_kept(struct change *change)
{
    if (change->held)
        forget_first(change);
    if (!change->kept.n || change->state > CHANGE_LOADING)
        return NULL;
    change->held = true;
    return &change->kept.at[change->first].message;
}

/* --- steps --- */

static void load(struct change *change)
{
    struct error error = {0};
    int result = definitions_ready(change->context->definitions, change->version, &error);
    if (result == 0)
        change->state = CHANGE_DRAINING;
    else if (result != -EINPROGRESS) {
        char text[ERROR_TEXT_MAX + ERROR_FILE_MAX + ERROR_ITEM_MAX + 64];
        fail(change, error_format(&error, text, sizeof text));
    }
}

static void stay(struct change *change, const char *why)
{
    say_step(change, STEP_STAY);
    fail(change, why);
}

static void settle(struct change *change)
{
    if (change->refused.n)
        stay(change, text_string(&change->refused));
    else
        change->state = CHANGE_READING;
}

static void read_state(struct change *change)
{
    struct error error = {0};
    int result = definitions_restart(change->context->definitions, change->version, change->co,
                                     &change->restart, &error);
    if (result == -EINPROGRESS)
        return;
    if (result < 0) {
        stay(change, error.text);
        return;
    }
    change->state = CHANGE_SWAPPING;
    say_step(change, STEP_SWAP);
}

static void log_changes(struct change *change, const struct text *changes)
{
    struct env *env = change->context->env;
    for (const char *line = text_string(changes); *line;) {
        const char *end = strchr(line, '\n');
        const char *what = *line == '+' ? "Added" : *line == '-' ? "Removed" : "Changed";
        env_logf(env, *line == '~' ? LOG_INFO_LEVEL : LOG_WARNING_LEVEL, "%s task: '%.*s'", what,
                 (int)(end - line - 2), line + 2);
        line = end + 1;
    }
    env_logf(env, LOG_INFO_LEVEL, "Reload completed.");
}

static void swap(struct change *change, struct pool **pool)
{
    struct text changes = {0};
    definitions_swap(change->context->definitions, change->version);
    workflow_compare(change->before, change->context->workflow, &changes);
    *pool = pool_reload(*pool, change->context->workflow, change->restart);
    log_changes(change, &changes);
    json_t *reply = json_pack("{s:s}", "tasks", text_string(&changes));
    char *text = json_dumps(reply, JSON_COMPACT);
    answer(change, 0, text);
    free(text);
    json_decref(reply);
    text_release(&changes);
    change->state = CHANGE_IDLE;
}

void change_go(struct change *change, struct pool **pool)
{
    if (change->state == CHANGE_LOADING)
        load(change);
    if (change->state == CHANGE_DRAINING && !pool_in_flight(*pool)) {
        change->state = CHANGE_SETTLING;
        say_step(change, STEP_SETTLE);
    }
    if (change->state == CHANGE_SETTLING && !change->waiting)
        settle(change);
    if (change->state == CHANGE_READING)
        read_state(change);
    if (change->state == CHANGE_SWAPPING && !change->waiting)
        swap(change, pool);
}

void change_init(struct change *change, const struct cast_context *context, struct co *co,
                 const struct pool_sink *sink)
{
    *change = (struct change){.context = context, .co = co, .sink = *sink};
}

void change_release(struct change *change)
{
    for (; change->first < change->kept.n; change->first++) {
        free(change->kept.at[change->first].text);
        free(change->kept.at[change->first].detail);
    }
    vec_release(&change->kept);
    text_release(&change->refused);
}
