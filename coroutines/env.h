/* The world as a parameter: clock, timers, random numbers, processes, files, threads and the log,
 * in one table of functions. env_uv.c is the real world on libuv; tests/lib/env_sim.c is a
 * simulated one in which the same object code runs on virtual time.
 *
 * Completion is always a wake: a request names the coroutine to wake, and the fields it fills are
 * looked at by that coroutine when it runs next. Nothing calls back from inside a start. Requests
 * are embedded in the coroutine's struct and must outlive the request: stop or close first. */
#ifndef ROUSE_ENV_H
#define ROUSE_ENV_H

#include "base/error.h"
#include "base/text.h"
#include "coroutines/ready.h"
#include "coroutines/timers.h"

struct env;

/* A process. Zero it before use. */
struct env_process {
    struct co *co;
    int64_t pid;
    bool exited;
    int status; /* exit status, -1 if it is unknown (a process that is not our child) */
    int signal; /* signal that ended it, or 0 */
    void *backend;
};

/* Bytes to and from a process, see env_spawn.stream. Zero it before use; close it whatever became
 * of the process. */
struct env_stream {
    struct co *co; /* woken when one of these becomes true */
    bool readable; /* there is something to read, if only the end; until a read says -EAGAIN */
    bool writable; /* there is room again after a write that was cut short */
    void *backend;
};

struct env_spawn {
    const char *const *argv;        /* NULL ended; argv[0] is searched on PATH */
    const char *const *environment; /* "K=V", NULL ended; NULL: inherit */
    const char *directory;          /* NULL: inherit */
    const char *in, *out, *err; /* files; NULL: /dev/null. out and err are created or truncated */
    bool session;               /* its own session: outlives us */
    int pass_fd;                /* descriptor to hand on as fd 3; 0 = none */
    int out_fd;                 /* descriptor to hand on as stdout; 0 = none: `out` counts */
    /* Opened: what is written here the process reads from its fd 3, and the other way round. NULL:
     * none. Not with pass_fd. */
    struct env_stream *stream;
};

enum env_write_flag {
    ENV_APPEND = 1 << 0,
    ENV_EXCLUSIVE = 1 << 1, /* -EEXIST if it is there */
    ENV_ATOMIC = 1 << 2,    /* written beside it, then renamed */
    ENV_EXECUTABLE = 1 << 3,
    ENV_PRIVATE = 1 << 4 /* mode 0600 */
};

/* Watching a file or directory for changes. Zero it before use. */
struct env_watch {
    struct co *co;
    unsigned changes; /* counts up; the coroutine compares with what it has seen */
    int error;        /* negative errno if the watch broke */
    void *backend;
};

/* A call on the thread pool. Zero it before use. `run` must not touch anything of the loop. */
struct env_work {
    struct co *co;
    void (*run)(struct env_work *work);
    bool done;
    void *backend;
};

/* A thing another thread may ring. Zero it before use. */
struct env_bell {
    struct co *co;
    bool rung; /* set on the loop before co is woken; the coroutine clears it */
    void *backend;
};

enum log_level {
    LOG_DEBUG_LEVEL,
    LOG_INFO_LEVEL,
    LOG_WARNING_LEVEL,
    LOG_ERROR_LEVEL,
    LOG_CRITICAL_LEVEL,
    LOG_LEVELS
};

struct env_ops {
    /* Microseconds since 1970-01-01T00Z. */
    int64_t (*wall)(struct env *env);
    /* Microseconds of a clock that never jumps; as of now, not as of the turn. */
    uint64_t (*monotonic)(struct env *env);
    uint64_t (*random)(struct env *env);
    /* Fire after `delay` microseconds. A running timer is restarted. */
    void (*timer_start)(struct env *env, struct env_timer *timer, struct co *co, uint64_t delay);
    /* Fire when the wall clock reaches `when`, however it is set meanwhile. */
    void (*timer_start_at)(struct env *env, struct env_timer *timer, struct co *co, int64_t when);
    void (*timer_stop)(struct env *env, struct env_timer *timer);

    /* 0 and process->pid, or negative errno. The coroutine is woken when it has exited. */
    int (*spawn)(struct env *env, struct env_process *process, struct co *co,
                 const struct env_spawn *options);
    /* Follow a process which is not our child (pidfd). -ESRCH if it is not there. */
    int (*process_watch)(struct env *env, struct env_process *process, struct co *co, int64_t pid);
    /* Signal the process group of pid (a session leader). */
    int (*process_kill)(struct env *env, int64_t pid, int signal);
    /* Forget it; the process goes on. */
    void (*process_close)(struct env *env, struct env_process *process);

    /* At once. Bytes read; 0: the other side has closed; -EAGAIN: nothing is there; or negative
     * errno. */
    int64_t (*stream_read)(struct env *env, struct env_stream *stream, void *bytes, size_t n);
    /* Bytes taken, maybe fewer than n, or negative errno (-EPIPE). */
    int64_t (*stream_write)(struct env *env, struct env_stream *stream, const void *bytes,
                            size_t n);
    void (*stream_close)(struct env *env, struct env_stream *stream); /* twice is fine */

    /* Files: at once, small. Negative errno on failure. Parent directories of file_write are not
     * made. */
    int (*file_read)(struct env *env, const char *path, uint64_t offset, struct text *out);
    int (*file_write)(struct env *env, const char *path, const void *bytes, size_t n,
                      unsigned flags);
    int (*directory_make)(struct env *env, const char *path); /* with parents; existing is fine */
    int (*link_make)(struct env *env, const char *target,
                     const char *path); /* replaces atomically */
    int (*file_remove)(struct env *env, const char *path);
    /* Existence and size; -ENOENT. */
    int (*file_size)(struct env *env, const char *path, uint64_t *ret_size);

    int (*watch_start)(struct env *env, struct env_watch *watch, struct co *co, const char *path);
    void (*watch_stop)(struct env *env, struct env_watch *watch);

    int (*work_start)(struct env *env, struct env_work *work, struct co *co);

    int (*bell_open)(struct env *env, struct env_bell *bell, struct co *co);
    void (*bell_ring)(struct env_bell *bell); /* from any thread */
    void (*bell_close)(struct env *env, struct env_bell *bell);

    /* Wake co when fd is readable. */
    int (*poll_start)(struct env *env, struct env_watch *watch, struct co *co, int fd);
    void (*poll_stop)(struct env *env, struct env_watch *watch);

    /* Count the signals `number` that this process gets, instead of what they do by default. */
    int (*signal_start)(struct env *env, struct env_watch *watch, struct co *co, int number);
    void (*signal_stop)(struct env *env, struct env_watch *watch);

    /* One line without its end; the env adds time and level. */
    void (*log)(struct env *env, enum log_level level, const char *text);
    /* From now on only what is of this level or worse. */
    void (*log_level)(struct env *env, enum log_level least);
    /* Lines that stand at the end of the terminal from now on, if there is one; "": none. */
    void (*show)(struct env *env, const char *lines);
};

struct env {
    const struct env_ops *ops;
    struct ready ready;
};

void env_logf(struct env *env, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Short forms. */
static inline int64_t env_wall(struct env *env)
{
    return env->ops->wall(env);
}

/* --- the real world (env_uv.c) --- */

struct env_uv_options {
    int log_fd;               /* where log lines go; -1: nowhere */
    int terminal_fd;          /* a copy of each line, without its time, goes here; 0: nowhere */
    bool terminal_is_live;    /* nobody else writes to it: env_ops.show works */
    enum log_level log_level; /* the least level written */
    bool utc;                 /* times of log lines in UTC */
    /* Clocks that do not wait: when nothing is running, nor any process or thread of ours, they
     * jump to the next timer. */
    bool jumps;
    void (*logged)(void *context); /* after each line in the log; NULL: nobody */
    void *context;
};
/* NULL and error if the loop cannot be made. */
struct env *env_uv_create(const struct env_uv_options *options, struct error *error);
/* Run until nothing is left that could wake anybody, or env_uv_stop. */
void env_uv_run(struct env *env);
void env_uv_stop(struct env *env);
/* Everything must have been closed: asserts an empty loop. */
void env_uv_destroy(struct env *env);
/* The uv_loop_t, for bus_zmq.c only. */
void *env_uv_loop(struct env *env);
void env_uv_log_to(struct env *env, int fd);

#endif
