/* Platforms: where jobs run and how they get there, as global.cylc defines them. A task's
 * `platform` is the name of a platform or of a platform group. Names in global.cylc are regular
 * expressions that must match the whole; the last one that matches counts. Pure. */
#ifndef ROUSE_CONFIG_PLATFORM_H
#define ROUSE_CONFIG_PLATFORM_H

#include "scheduler/config/global.h"
#include "scheduler/config/workflow.h"

enum platform_communication {
    PLATFORM_ZMQ,  /* jobs send messages themselves */
    PLATFORM_POLL, /* they cannot: what became of them is asked for */
    PLATFORM_SSH   /* they run the message command on the scheduler's host */
};

enum platform_selection { SELECT_RANDOM, SELECT_DEFINITION_ORDER };

/* Texts are never NULL; empty = not set. */
struct platform {
    const char *name;    /* as the task asks for it */
    const char *pattern; /* the heading in global.cylc that matched; "localhost" for the default */
    struct string_list hosts;          /* at least one; the name itself if none is set */
    enum platform_selection selection; /* among the hosts */
    const char *install_target;        /* a file system; the name itself if it is not set */
    const char *job_runner;            /* "background" */
    const char *job_runner_command_template;
    const char *shell;
    const char *cylc_path;
    const char *global_init_script;
    const char *ssh_command, *rsync_command;
    const char *retrieve_job_logs_command, *retrieve_job_logs_max_size;
    const char *tail_command_template, *err_tailer, *out_tailer, *err_viewer, *out_viewer;
    enum platform_communication communication;
    bool use_login_shell, retrieve_job_logs, clean_job_submission_environment;
    int64_t max_batch_submissions, job_name_length_maximum; /* 0 = not set */
    struct number_list submission_polling_intervals, execution_polling_intervals,
        execution_time_limit_polling_intervals; /* seconds; the last one is used again */
    struct number_list submission_retry_delays; /* where the task sets none */
    struct number_list retrieve_job_logs_retry_delays;
    struct string_list copyable_environment_variables, ssh_forward_environment_variables;
    struct string_list job_submission_environment_pass_through, job_submission_executable_paths;
    const struct key_value *directives; /* where the task sets none of that name */
    uint32_t n_directives;
};

/* Several platforms of which any will do. */
struct platform_group {
    const char *name;
    struct string_list platforms; /* names; at least one */
    enum platform_selection selection;
};

struct platforms;

/* `config` must live longer; NULL: only localhost. Remembers what it was asked, so it belongs to
 * one owner. */
struct platforms *platforms_create(const struct global_config *config);
void platforms_destroy(struct platforms *platforms);

/* The platform `name` ("" means localhost), or NULL and an error: -ENOENT if no heading matches,
 * -EINVAL if the one that does is no platform that could work. It lives as long as `platforms`. */
const struct platform *platforms_get(struct platforms *platforms, const char *name,
                                     struct error *error);
/* The group that `name` means, or NULL if it is none. A platform of that name comes second. */
const struct platform_group *platforms_group(struct platforms *platforms, const char *name);
/* One platform for a task: `name` may be a platform or a group. Of a group the first whose hosts
 * `is_bad` does not refuse (NULL: all are good), begun at the one that `random` tells; -ENOENT if
 * all are bad. */
const struct platform *platforms_choose(struct platforms *platforms, const char *name,
                                        uint32_t random, bool (*is_bad)(void *, const char *host),
                                        void *context, struct error *error);
/* The host to use: by its method of selection, bad ones left out; NULL if all are bad. */
const char *platform_host(const struct platform *platform, uint32_t random,
                          bool (*is_bad)(void *, const char *host), void *context);

/* What tasks of Cylc 7 say instead of a platform; NULL = not set. */
struct platform_wish {
    const char *host;                  /* [remote]host */
    const char *batch_system;          /* [job]batch system */
    const char *batch_submit_template; /* [job]batch submit command template */
};
/* The last platform that has that host and that job runner (localhost and background where they are
 * not set); NULL and an error that tells what was looked for. */
const struct platform *platforms_for_wish(struct platforms *platforms,
                                          const struct platform_wish *wish, struct error *error);

/* Names of all platforms ("localhost" first) and of all groups, in order of definition. They live
 * as long as `platforms`. */
struct string_list platforms_names(struct platforms *platforms);
struct string_list platforms_group_names(struct platforms *platforms);

#endif
