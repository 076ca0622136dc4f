/* Commands about jobs: submit, list, cancel, choose a platform. Each runs in a lane, which lets so
 * many run at a time and keeps the others waiting in order, so that commands of one kind do not
 * starve those of another. One that does not end by its deadline is killed. */
#ifndef ROUSE_COROUTINES_JOB_COMMAND_H
#define ROUSE_COROUTINES_JOB_COMMAND_H

#include "coroutines/env.h"
#include "scheduler/job/runner.h"

enum job_lane_kind { LANE_SUBMISSIONS, LANE_POLLS, LANE_KILLS, LANES };

struct job_command;

struct job_lane {
    unsigned limit, n;
    struct job_command *first, **last; /* waiting */
};
/* limit: how many of each lane run at a time. */
void job_lanes_init(struct job_lane lanes[LANES], unsigned limit);
/* Start nothing more. */
void job_lanes_close(struct job_lane lanes[LANES]);

enum job_command_state { COMMAND_NONE, COMMAND_WAITING, COMMAND_RUNNING, COMMAND_DONE };

/* Zero it before use. */
struct job_command {
    enum job_command_state state;
    struct env *env;
    struct co *owner;
    struct job_lane *lane;
    struct job_command *next;
    char *words[JOB_WORDS_MAX];
    const char *const *environment;
    char *output; /* path; stdout and stderr go there */
    double limit; /* seconds */
    struct env_process process;
    struct env_timer deadline;
    bool timed_out;
    int error; /* negative errno: it could not be started */
};

/* Takes the words. environment: "K=V", NULL ended, or NULL: ours; it outlives the command. The
 * owner is woken when it has ended. PRE: none is under way. */
void job_command_start(struct job_command *command, struct job_lane *lane, struct env *env,
                       struct co *owner, char *const words[JOB_WORDS_MAX],
                       const char *const *environment, const char *output, double limit);
/* To be called by the owner whenever it is woken. True, once, when the command has just ended. */
bool job_command_ended(struct job_command *command);
bool job_command_is_under_way(const struct job_command *command);
/* It did what it should. */
bool job_command_succeeded(const struct job_command *command);
/* What it printed, empty if that cannot be read. */
void job_command_read(const struct job_command *command, struct text *out);
/* What went wrong, in one line, with the first line that it printed. */
void job_command_problem(const struct job_command *command, struct text *out);
/* Forget it, under way or not; a process goes on. It may be started again. */
void job_command_close(struct job_command *command);

#endif
