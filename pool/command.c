/* What users ask for: pool.command to the file that carries it out, and its outcome, said after
 * everything that follows from it. pause and resume stand here. */
#include "pool/command.h"
#include <errno.h>
#include <stdlib.h>

#include "base/banned.h"

int pool_read_point(const struct pool *pool, struct slice text, cycle_point *ret_point,
                    struct error *error)
{
    char *copy = slice_copy(text);
    int result = workflow_point(pool->workflow, copy, ret_point, error);
    free(copy);
    return result;
}

static int pool_pause(struct pool *pool, const struct message *message, struct error *error)
{
    (void)message;
    (void)error;
    if (!pool->paused) {
        pool->paused = true;
        say_workflow_state(pool, "");
    }
    return 0;
}

/* Nothing of the pool's; but it is heard by everybody. */
static int pool_verbosity(struct pool *pool, const struct message *message, struct error *error)
{
    (void)error;
    pool_say(pool, &(struct message){.topic = TOPIC_LOG_LEVEL, .number = message->flags});
    return 0;
}

/* Those that were triggered to run when the workflow is resumed; no queue keeps them. */
static void release_triggered(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->workflow->n_queues; i++) {
        struct link *list = &pool->queues[i].waiting;
        for (struct link *link = list->next, *next = link->next; link != list;
             link = next, next = link->next) {
            struct instance *instance = LINK_OWNER(link, struct instance, of_queue);
            if (instance->flags & TASK_MANUAL)
                instance_submit(pool, instance);
        }
    }
}

static int pool_resume(struct pool *pool, const struct message *message, struct error *error)
{
    (void)message;
    (void)error;
    if (pool->paused) {
        pool->paused = false;
        say_workflow_state(pool, "Workflow resumed");
        for (uint32_t i = 0; i < pool->workflow->n_queues; i++)
            pool->queues[i].open_again = true;
        release_triggered(pool);
    }
    return 0;
}

static int (*const commands[POOL_COMMANDS])(struct pool *, const struct message *,
                                            struct error *) = {
    [POOL_PAUSE] = pool_pause,
    [POOL_RESUME] = pool_resume,
    [POOL_HOLD] = pool_hold,
    [POOL_RELEASE] = pool_release,
    [POOL_TRIGGER] = pool_trigger,
    [POOL_RELEASE_ALL] = pool_release_all,
    [POOL_STOP] = pool_stop,
    [POOL_ABORT] = pool_abort,
    [POOL_KILL] = pool_kill,
    [POOL_POLL] = pool_poll,
    [POOL_SET_OUTPUTS] = pool_set_outputs,
    [POOL_SET_PREREQUISITES] = pool_set_prerequisites,
    [POOL_REMOVE] = pool_remove,
    [POOL_STOP_FLOW] = pool_stop_flow,
    [POOL_BROADCAST] = pool_broadcast,
    [POOL_EXT_TRIGGER] = pool_ext_trigger,
    [POOL_VERBOSITY] = pool_verbosity,
};

/* Other commands use these flags for other things. */
static bool can_rehearse(uint32_t command)
{
    return command == POOL_TRIGGER || command == POOL_SET_OUTPUTS ||
           command == POOL_SET_PREREQUISITES || command == POOL_REMOVE || command == POOL_STOP ||
           command == POOL_STOP_FLOW;
}

int command_run(struct pool *pool, const struct message *message, struct error *error)
{
    if (message->number >= POOL_COMMANDS)
        return error_set(error, -ENOTSUP, "command number %u is not implemented", message->number);
    if (message->flags & POOL_DRY_RUN && can_rehearse(message->number))
        return pool_dry_run(pool, message, error);
    return commands[message->number](pool, message, error);
}

void handle_command(struct pool *pool, const struct message *message)
{
    struct error error = {0};
    text_clear(&pool->reply);
    int result = command_run(pool, message, &error);
    if (result == COMMAND_DEFERRED || !message->id)
        return;
    answer_later(pool,
                 &(struct message){.topic = TOPIC_POOL_OUTCOME,
                                   .id = message->id,
                                   .number = (uint32_t)-result,
                                   .text = slice_of(result < 0      ? error.text
                                                    : pool->reply.n ? text_string(&pool->reply)
                                                                    : "{}")});
}
