/* What the pool says, and in what order: effects as they happen, answers last. */
#include "pool/inside.h"

#include "base/banned.h"

void pool_say(struct pool *pool, struct message *message)
{
    PRE(!pool->shut_down);
    message->when = message->when ? message->when : pool->now;
    pool->sink.say(pool->sink.context, message);
}

static uint32_t flags_of(const struct instance *instance)
{
    uint32_t retries = (instance->submit_try - 1) << TASK_SUBMIT_RETRIES_SHIFT;
    return instance->flags | (retries & TASK_SUBMIT_RETRIES);
}

void say_spawned(struct pool *pool, const struct instance *instance)
{
    pool_say(pool, &(struct message){.topic = TOPIC_TASK_SPAWNED,
                                     .point = instance->point,
                                     .task = instance->task,
                                     .flows = instance->flows->list,
                                     .flags = flags_of(instance),
                                     .submit = instance->submit,
                                     .try_ = instance->try_,
                                     .value = (int64_t)instance->outputs});
}

void say_state(struct pool *pool, const struct instance *instance, enum task_status before)
{
    pool_say(pool, &(struct message){.topic = TOPIC_TASK_STATE,
                                     .point = instance->point,
                                     .task = instance->task,
                                     .flows = instance->flows->list,
                                     .status = instance_status(instance),
                                     .flags = flags_of(instance),
                                     .submit = instance->submit,
                                     .try_ = instance->try_,
                                     .value = before});
}

void say_prerequisite(struct pool *pool, const struct instance *instance, uint32_t atom,
                      enum satisfied_how how)
{
    pool_say(pool, &(struct message){.topic = TOPIC_TASK_PREREQUISITE,
                                     .point = instance->point,
                                     .task = instance->task,
                                     .number = atom,
                                     .value = how,
                                     .flows = instance->flows->list});
}

void say_member(struct pool *pool, const struct instance *instance, uint32_t atom, uint32_t member)
{
    pool_say(pool, &(struct message){.topic = TOPIC_TASK_PREREQUISITE,
                                     .point = instance->point,
                                     .task = instance->task,
                                     .number = atom,
                                     .id = member + 1,
                                     .value = SATISFIED_BY_FORCE,
                                     .flows = instance->flows->list});
}

void say_event(struct pool *pool, const struct instance *instance, const char *event,
               struct slice detail)
{
    struct text settings = {0};
    broadcasts_about_events(pool, instance->point, instance->task, &settings);
    pool_say(pool, &(struct message){.topic = TOPIC_TASK_EVENT,
                                     .id = ++pool->last_event,
                                     .number = instance_mode(pool, instance),
                                     .flags = instance->flags & TASK_LATE,
                                     .point = instance->point,
                                     .task = instance->task,
                                     .submit = instance->submit,
                                     .try_ = instance->try_,
                                     .text = slice_of(event),
                                     .detail = detail,
                                     .settings = {settings.at, settings.n}});
    text_release(&settings);
}

void say_workflow_state(struct pool *pool, const char *reason)
{
    uint32_t flags = (pool->stalled ? WORKFLOW_STALLED : 0u) |
                     (pool->is_restart ? WORKFLOW_IS_RESTART : 0u) |
                     (pool->complete_at_start ? WORKFLOW_COMPLETE_AT_START : 0u);
    pool_say(pool, &(struct message){.topic = TOPIC_WORKFLOW_STATE,
                                     .number = pool->stopping ? WORKFLOW_STOPPING
                                               : pool->paused ? WORKFLOW_PAUSED
                                                              : WORKFLOW_RUNNING,
                                     .flags = flags,
                                     .text = slice_of(reason)});
}

void answer_later(struct pool *pool, const struct message *message)
{
    struct message *answer = vec_push(&pool->answers);
    *answer = *message;
    if (message->text.n)
        answer->text.at = mem_copy(message->text.at, message->text.n);
}

void say_answers(struct pool *pool)
{
    VEC_EACH (struct message, answer, &pool->answers) {
        void *text = answer->text.n ? (void *)(uintptr_t)answer->text.at : NULL;
        pool_say(pool, answer);
        free(text);
    }
    vec_clear(&pool->answers);
}

void add_name(const struct pool *pool, cycle_point point, uint32_t task, struct text *out)
{
    char cycle[POINT_TEXT_MAX];
    text_addf(out, "%s/%s", point_format(pool->workflow->cycling, point, cycle),
              pool->workflow->tasks[task].name);
}

void say_param(struct pool *pool, const char *key, const char *value)
{
    pool_say(pool, &(struct message){.topic = TOPIC_WORKFLOW_PARAM,
                                     .text = slice_of(key),
                                     .detail = slice_of(value)});
}
