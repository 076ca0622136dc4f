/* See job_command.h.
 *
 *   none -> waiting (for a place in the lane) -> running -> done -> none
 *
 * A place is given on at once, to the one that waits longest: nobody has to be asked. */
#include "coroutines/job_command.h"
#include "base/memory.h"
#include "scheduler/job/status.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { PROBLEM_MAX = 300 };

void job_lanes_init(struct job_lane lanes[LANES], unsigned limit)
{
    for (int i = 0; i < LANES; i++)
        lanes[i] = (struct job_lane){.limit = limit, .last = &lanes[i].first};
}

void job_lanes_close(struct job_lane lanes[LANES])
{
    for (int i = 0; i < LANES; i++)
        lanes[i].limit = 0;
}

static void start(struct job_command *command)
{
    struct env *env = command->env;
    const struct env_spawn options = {.argv = (const char *const *)command->words,
                                      .environment = command->environment,
                                      .out = command->output,
                                      .err = command->output,
                                      .session = true};
    command->lane->n++;
    command->state = COMMAND_RUNNING;
    command->error = env->ops->spawn(env, &command->process, command->owner, &options);
    if (command->error)
        co_wake(command->owner);
    else
        env->ops->timer_start(env, &command->deadline, command->owner,
                              (uint64_t)(command->limit * 1e6));
}

static void leave_lane(struct job_lane *lane)
{
    lane->n--;
    struct job_command *next = lane->first;
    if (!next || lane->n >= lane->limit)
        return;
    lane->first = next->next;
    if (!lane->first)
        lane->last = &lane->first;
    start(next);
}

void job_command_start(struct job_command *command, struct job_lane *lane, struct env *env,
                       struct co *owner, char *const words[JOB_WORDS_MAX],
                       const char *const *environment, const char *output, double limit)
{
    PRE(!job_command_is_under_way(command));
    job_command_close(command);
    command->env = env;
    command->owner = owner;
    command->lane = lane;
    memcpy(command->words, words, sizeof command->words);
    command->environment = environment;
    command->output = str_copy(output);
    command->limit = limit;
    if (lane->n < lane->limit) {
        start(command);
        return;
    }
    command->state = COMMAND_WAITING;
    command->next = NULL;
    *lane->last = command;
    lane->last = &command->next;
}

bool job_command_ended(struct job_command *command)
{
    if (command->state != COMMAND_RUNNING)
        return false;
    if (command->deadline.fired && !command->timed_out && !command->process.exited) {
        command->timed_out = true;
        command->env->ops->process_kill(command->env, command->process.pid, SIGKILL);
    }
    if (!command->process.exited && !command->error)
        return false;
    command->env->ops->timer_stop(command->env, &command->deadline);
    command->state = COMMAND_DONE;
    leave_lane(command->lane);
    return true;
}

bool job_command_is_under_way(const struct job_command *command)
{
    return command->state == COMMAND_WAITING || command->state == COMMAND_RUNNING;
}

bool job_command_succeeded(const struct job_command *command)
{
    return command->state == COMMAND_DONE && !command->error && !command->timed_out &&
           command->process.status == 0 && command->process.signal == 0;
}

void job_command_read(const struct job_command *command, struct text *out)
{
    command->env->ops->file_read(command->env, command->output, 0, out);
}

void job_command_problem(const struct job_command *command, struct text *out)
{
    char buffer[JOB_SIGNAL_MAX];
    text_addf(out, "%s ", command->words[0]);
    if (command->error)
        text_addf(out, "cannot be started: %s", strerror(-command->error));
    else if (command->timed_out)
        text_addf(out, "did not end within %g s and was killed", command->limit);
    else if (command->process.signal)
        text_addf(out, "ended by signal %s", job_signal_name(command->process.signal, buffer));
    else
        text_addf(out, "ended with status %d", command->process.status);
    struct text printed = {0};
    job_command_read(command, &printed);
    size_t n = printed.n ? strcspn(text_string(&printed), "\n") : 0;
    if (n) {
        text_add(out, ": ");
        text_add_n(out, printed.at, n < PROBLEM_MAX ? n : PROBLEM_MAX);
    }
    text_release(&printed);
}

static void forget_place(struct job_command *command)
{
    struct job_lane *lane = command->lane;
    struct job_command **link = &lane->first;
    while (*link != command)
        link = &(*link)->next;
    *link = command->next;
    if (!*link)
        lane->last = link;
}

void job_command_close(struct job_command *command)
{
    if (command->state == COMMAND_WAITING)
        forget_place(command);
    if (command->state == COMMAND_RUNNING) {
        command->env->ops->timer_stop(command->env, &command->deadline);
        leave_lane(command->lane);
    }
    if (command->state != COMMAND_NONE)
        command->env->ops->process_close(command->env, &command->process);
    for (size_t i = 0; i < JOB_WORDS_MAX; i++)
        free(command->words[i]);
    free(command->output);
    *command = (struct job_command){0};
}
