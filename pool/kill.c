/* kill and poll: what becomes of jobs that are under way. Both only ask; the answer comes as job.*
 * events. A task whose job is killed is held, so that a retry does not start it again. That hold is
 * the instance's own: a later one of the same name is not held. */
#include "pool/command.h"
#include "pool/select.h"
#include <errno.h>

#include "base/banned.h"

static void ask_job(struct pool *pool, enum topic topic, const struct instance *instance)
{
    pool_say(pool, &(struct message){.topic = topic,
                                     .point = instance->point,
                                     .task = instance->task,
                                     .submit = instance->submit,
                                     .try_ = instance->try_});
}

void kill_instance(struct pool *pool, struct instance *instance)
{
    instance_flag(pool, instance, TASK_HELD, 0);
    ask_job(pool, TOPIC_JOB_KILL, instance);
}

static void poll_instance(struct pool *pool, struct instance *instance)
{
    ask_job(pool, TOPIC_JOB_POLL, instance);
}

/* Whether the instance has a job that is under way, or might be; those that have none are listed.
 */
static bool is_apt(const struct pool *pool, const struct instance *instance, struct text *others)
{
    if (status_is_active(instance_status(instance)))
        return true;
    text_add(others, others->n ? ", " : "");
    add_name(pool, instance->point, instance->task, others);
    return false;
}

/* What a pattern means beside tasks with jobs is passed over without a word. */
static int each_active(struct pool *pool, const struct message *message, const char *what,
                       void (*act)(struct pool *, struct instance *), struct error *error)
{
    struct selection selection = {0};
    struct text others = {0};
    size_t n_done = 0;
    select_tasks(pool, message->text, &selection);
    VEC_EACH (struct instance *, instance, &selection.found)
        if (is_apt(pool, *instance, &others)) {
            act(pool, *instance);
            n_done++;
        }
    VEC_EACH (struct target, target, &selection.absent) {
        text_add(&others, others.n ? ", " : "");
        add_name(pool, target->point, target->task, &others);
    }
    int result = selection_refuse_unmatched(&selection, error);
    if (!result && others.n && !(n_done && selection.any_pattern))
        result = error_set(error, -EINVAL, "no job is under way, so there is nothing to %s: %s",
                           what, text_string(&others));
    text_release(&others);
    selection_release(&selection);
    return result;
}

int pool_kill(struct pool *pool, const struct message *message, struct error *error)
{
    return each_active(pool, message, "kill", kill_instance, error);
}

int pool_poll(struct pool *pool, const struct message *message, struct error *error)
{
    return each_active(pool, message, "poll", poll_instance, error);
}
