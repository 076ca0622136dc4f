/* The real world: a libuv loop.
 *
 * A turn of the loop: due timers fire; then `turn` (the idle handle, armed only while a coroutine
 * is ready) resumes a bounded number of coroutines; then the loop looks at descriptors, without
 * waiting if coroutines are still ready, else until something happens. When nothing does, no handle
 * of ours runs: the loop sits in one epoll_wait.
 *
 * All monotonic timers share one uv_timer, all wall timers one timerfd; both are armed anew only
 * when the earliest deadline changes. The timerfd is told to report a clock that was set, so that a
 * jump is seen when it happens. */
#include "base/memory.h"
#include "coroutines/env.h"
#include "coroutines/env_uv_stream.h"
#include "coroutines/files.h"
#include "coroutines/spawn.h"
#include "coroutines/terminal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

/* How long coroutines run, in microseconds, before the loop looks at its descriptors and timers: a
 * busy cast cannot keep it from them. */
enum { TURN_TIME = 1000 };

/* A followed process. It outlives its env_process when a child of ours is given up: somebody has to
 * reap it. */
struct follower {
    uv_poll_t poll;
    struct env_process *process; /* NULL: only to be reaped */
    int64_t pid;
    int pidfd;
    bool child;
    struct follower *previous, *next; /* the given up ones */
};

struct env_uv {
    struct env env;
    struct env_uv_options options;
    struct terminal terminal;
    uv_loop_t loop;
    uv_idle_t turn;
    struct timers timers; /* monotonic */
    uv_timer_t alarm;
    uint64_t armed; /* deadline `alarm` is set to; UINT64_MAX: none */
    struct timers wall_timers;
    uv_poll_t wall_poll;
    int wall_fd; /* -1 until the first wall timer */
    uint64_t wall_armed;
    uint64_t ahead;     /* of the true clocks, by jumps; microseconds */
    unsigned n_outside; /* processes followed: time passes for them */
    struct follower *given_up;
    size_t works;         /* on the thread pool */
    struct text log_time; /* of log_second, as lines begin */
    time_t log_second;
};

static struct env_uv *of(struct env *env)
{
    return (struct env_uv *)env;
}

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

/* --- clocks and timers --- */

static int64_t wall(struct env *env)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + (int64_t)of(env)->ahead;
}

static uint64_t monotonic(struct env *env)
{
    return uv_hrtime() / 1000 + of(env)->ahead;
}

/* A deadline by the true clock. */
static uint64_t true_deadline(const struct env_uv *self, uint64_t deadline)
{
    if (deadline == UINT64_MAX)
        return deadline;
    return deadline > self->ahead ? deadline - self->ahead : 0;
}

static uint64_t random_number(struct env *env)
{
    (void)env;
    uint64_t number;
    while (getrandom(&number, sizeof number, 0) != sizeof number)
        INVARIANT(errno == EINTR);
    return number;
}

static void arm_alarm(struct env_uv *self);

static void on_alarm(uv_timer_t *alarm)
{
    struct env_uv *self = alarm->data;
    self->armed = UINT64_MAX;
    timers_fire(&self->timers, monotonic(&self->env));
    arm_alarm(self);
}

static void arm_alarm(struct env_uv *self)
{
    uint64_t next = true_deadline(self, timers_next(&self->timers));
    if (next == self->armed)
        return;
    self->armed = next;
    if (next == UINT64_MAX) {
        uv_timer_stop(&self->alarm);
        return;
    }
    /* libuv counts whole milliseconds of this same clock, cut off: rounding the deadline up is what
     * keeps a timer from firing early. */
    uint64_t due = next / 1000 + (next % 1000 != 0);
    uv_update_time(&self->loop);
    uint64_t now = uv_now(&self->loop);
    uv_timer_start(&self->alarm, on_alarm, due > now ? due - now : 0, 0);
}

static void arm_wall(struct env_uv *self)
{
    uint64_t next = true_deadline(self, timers_next(&self->wall_timers));
    if (next == self->wall_armed)
        return;
    self->wall_armed = next;
    struct itimerspec when = {0};
    if (next == UINT64_MAX)
        uv_unref((uv_handle_t *)&self->wall_poll);
    else {
        uv_ref((uv_handle_t *)&self->wall_poll);
        when.it_value.tv_sec = (time_t)(next / 1000000);
        when.it_value.tv_nsec = (long)(next % 1000000 * 1000);
        if (next == 0)
            when.it_value.tv_nsec = 1; /* zero would disarm it */
    }
    int result =
        timerfd_settime(self->wall_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL);
    INVARIANT(result == 0);
}

/* Something is due, or the clock was set (read() says ECANCELED): either way look again. */
static void on_wall(uv_poll_t *poll, int status, int events)
{
    struct env_uv *self = poll->data;
    (void)events;
    INVARIANT(status == 0);
    uint64_t expirations;
    if (read(self->wall_fd, &expirations, sizeof expirations) < 0)
        INVARIANT(errno == ECANCELED || errno == EAGAIN || errno == EINTR);
    self->wall_armed = UINT64_MAX - 1; /* no deadline: arm it in any case */
    int64_t now = wall(&self->env);
    timers_fire(&self->wall_timers, now > 0 ? (uint64_t)now : 0);
    arm_wall(self);
}

static void open_wall(struct env_uv *self)
{
    self->wall_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    INVARIANT(self->wall_fd >= 0);
    int result = uv_poll_init(&self->loop, &self->wall_poll, self->wall_fd);
    INVARIANT(result == 0);
    self->wall_poll.data = self;
    uv_poll_start(&self->wall_poll, UV_READABLE, on_wall);
    uv_unref((uv_handle_t *)&self->wall_poll);
}

/* A timer is in one of the two heaps, or in none; its index alone does not say in which. */
static void take_out(struct env_uv *self, struct env_timer *timer)
{
    const struct heap *heap = &self->timers.heap;
    if (timer->index && timer->index <= heap->n && heap->at[timer->index] == timer)
        timers_remove(&self->timers, timer);
    else
        timers_remove(&self->wall_timers, timer);
}

static void timer_stop(struct env *env, struct env_timer *timer)
{
    take_out(of(env), timer);
    arm_alarm(of(env));
    arm_wall(of(env));
}

static void timer_start(struct env *env, struct env_timer *timer, struct co *co, uint64_t delay)
{
    struct env_uv *self = of(env);
    take_out(self, timer);
    uint64_t now = monotonic(env);
    timers_add(&self->timers, timer, co, delay < INT64_MAX ? now + delay : INT64_MAX);
    arm_alarm(self);
    arm_wall(self);
}

static void timer_start_at(struct env *env, struct env_timer *timer, struct co *co, int64_t when)
{
    struct env_uv *self = of(env);
    take_out(self, timer);
    if (self->wall_fd < 0)
        open_wall(self);
    timers_add(&self->wall_timers, timer, co, when > 0 ? (uint64_t)when : 0);
    arm_alarm(self);
    arm_wall(self);
}

/* --- processes --- */

static void on_follower_closed(uv_handle_t *handle)
{
    struct follower *follower = (struct follower *)handle;
    close(follower->pidfd);
    free(follower);
}

static void follower_close(struct follower *follower)
{
    uv_close((uv_handle_t *)&follower->poll, on_follower_closed);
}

static void forget_given_up(struct env_uv *self, struct follower *follower)
{
    if (follower->previous)
        follower->previous->next = follower->next;
    else
        self->given_up = follower->next;
    if (follower->next)
        follower->next->previous = follower->previous;
}

static void on_exit_of(uv_poll_t *poll, int status, int events)
{
    (void)events;
    INVARIANT(status == 0);
    struct follower *follower = (struct follower *)poll;
    struct env_process *process = follower->process;
    int exit_status = -1, signal = 0;
    if (follower->child)
        spawn_reap(follower->pid, &exit_status, &signal);
    if (process) {
        ((struct env_uv *)poll->data)->n_outside--;
        process->exited = true;
        process->status = exit_status;
        process->signal = signal;
        process->backend = NULL;
        co_wake(process->co);
    } else
        forget_given_up(poll->data, follower);
    follower_close(follower);
}

static void follow(struct env_uv *self, struct env_process *process, struct co *co, int64_t pid,
                   int pidfd, bool child)
{
    struct follower *follower = NEW(struct follower);
    follower->process = process;
    follower->pid = pid;
    follower->pidfd = pidfd;
    follower->child = child;
    self->n_outside++;
    int result = uv_poll_init(&self->loop, &follower->poll, pidfd);
    INVARIANT(result == 0);
    follower->poll.data = self;
    uv_poll_start(&follower->poll, UV_READABLE, on_exit_of);
    *process = (struct env_process){.co = co, .pid = pid, .backend = follower};
}

static int spawn(struct env *env, struct env_process *process, struct co *co,
                 const struct env_spawn *options)
{
    PRE(!process->backend && !(options->stream && options->pass_fd));
    int64_t pid;
    int pidfd, peer = -1;
    struct env_spawn how = *options;
    int result = 0;
    if (how.stream) {
        result = env_uv_stream_open(&of(env)->loop, how.stream, co, &peer);
        how.pass_fd = peer;
    }
    if (!result)
        result = spawn_process(&how, &pid, &pidfd);
    if (peer >= 0)
        close(peer);
    if (!result)
        follow(of(env), process, co, pid, pidfd, true);
    else if (peer >= 0)
        env_uv_stream_close(env, how.stream);
    return result;
}

static int process_watch(struct env *env, struct env_process *process, struct co *co, int64_t pid)
{
    PRE(!process->backend);
    int pidfd;
    int result = spawn_follow(pid, &pidfd);
    if (!result)
        follow(of(env), process, co, pid, pidfd, false);
    return result;
}

static int process_kill(struct env *env, int64_t pid, int signal)
{
    (void)env;
    return spawn_kill(pid, signal);
}

static void process_close(struct env *env, struct env_process *process)
{
    struct env_uv *self = of(env);
    struct follower *follower = process->backend;
    process->backend = NULL;
    if (!follower)
        return;
    self->n_outside--;
    if (!follower->child) {
        follower_close(follower);
        return;
    }
    follower->process = NULL;
    uv_unref((uv_handle_t *)&follower->poll);
    follower->next = self->given_up;
    if (follower->next)
        follower->next->previous = follower;
    self->given_up = follower;
}

/* --- watches --- */

static void changed(struct env_watch *watch, int status)
{
    watch->changes++;
    if (status < 0)
        watch->error = status;
    co_wake(watch->co);
}

static void on_change(uv_fs_event_t *event, const char *name, int events, int status)
{
    (void)name;
    (void)events;
    changed(event->data, status);
}

static int watch_start(struct env *env, struct env_watch *watch, struct co *co, const char *path)
{
    PRE(!watch->backend);
    uv_fs_event_t *event = NEW(uv_fs_event_t);
    int result = uv_fs_event_init(&of(env)->loop, event);
    INVARIANT(result == 0);
    result = uv_fs_event_start(event, on_change, path, 0);
    if (result < 0) {
        uv_close((uv_handle_t *)event, free_handle);
        return result;
    }
    event->data = watch;
    *watch = (struct env_watch){.co = co, .backend = event};
    return 0;
}

static void watch_stop(struct env *env, struct env_watch *watch)
{
    (void)env;
    if (watch->backend)
        uv_close(watch->backend, free_handle);
    watch->backend = NULL;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    if (status < 0)
        uv_poll_stop(poll); /* or it would be told again and again */
    changed(poll->data, status);
}

static int poll_start(struct env *env, struct env_watch *watch, struct co *co, int fd)
{
    PRE(!watch->backend);
    uv_poll_t *poll = NEW(uv_poll_t);
    int result = uv_poll_init(&of(env)->loop, poll, fd);
    if (result < 0) {
        free(poll);
        return result;
    }
    poll->data = watch;
    *watch = (struct env_watch){.co = co, .backend = poll};
    result = uv_poll_start(poll, UV_READABLE | UV_DISCONNECT, on_readable);
    INVARIANT(result == 0);
    return 0;
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    changed(signal->data, 0);
}

static int signal_start(struct env *env, struct env_watch *watch, struct co *co, int number)
{
    PRE(!watch->backend);
    uv_signal_t *signal = NEW(uv_signal_t);
    int result = uv_signal_init(&of(env)->loop, signal);
    INVARIANT(result == 0);
    signal->data = watch;
    *watch = (struct env_watch){.co = co, .backend = signal};
    result = uv_signal_start(signal, on_signal, number);
    if (result < 0)
        watch_stop(env, watch);
    return result;
}

/* --- threads --- */

struct env_uv_work {
    uv_work_t request;
    struct env_uv *env;
};

static void on_work(uv_work_t *request)
{
    struct env_work *work = request->data;
    work->run(work);
}

static void on_work_done(uv_work_t *request, int status)
{
    struct env_work *work = request->data;
    INVARIANT(status == 0);
    ((struct env_uv_work *)request)->env->works--;
    free(request);
    work->backend = NULL;
    work->done = true;
    co_wake(work->co);
}

static int work_start(struct env *env, struct env_work *work, struct co *co)
{
    PRE(!work->backend && work->run);
    struct env_uv_work *request = NEW(struct env_uv_work);
    request->request.data = work;
    request->env = of(env);
    request->env->works++;
    work->co = co;
    work->done = false;
    work->backend = request;
    int result = uv_queue_work(&of(env)->loop, &request->request, on_work, on_work_done);
    INVARIANT(result == 0);
    return 0;
}

static void on_bell(uv_async_t *async)
{
    struct env_bell *bell = async->data;
    bell->rung = true;
    co_wake(bell->co);
}

static int bell_open(struct env *env, struct env_bell *bell, struct co *co)
{
    PRE(!bell->backend);
    uv_async_t *async = NEW(uv_async_t);
    int result = uv_async_init(&of(env)->loop, async, on_bell);
    if (result < 0) {
        free(async);
        return result;
    }
    async->data = bell;
    *bell = (struct env_bell){.co = co, .backend = async};
    return 0;
}

static void bell_ring(struct env_bell *bell)
{
    PRE(bell->backend);
    uv_async_send(bell->backend);
}

static void bell_close(struct env *env, struct env_bell *bell)
{
    (void)env;
    if (bell->backend)
        uv_close(bell->backend, free_handle);
    bell->backend = NULL;
}

/* --- the log --- */

static const char *const level_names[] = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"};

/* "2026-11-21T08:00:00Z", or with the local offset "+01:00". */
static void format_time(struct text *line, time_t seconds, bool utc)
{
    struct tm parts;
    if (utc)
        gmtime_r(&seconds, &parts);
    else
        localtime_r(&seconds, &parts);
    char buffer[64];
    strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S", &parts);
    text_add(line, buffer);
    long offset = utc ? 0 : parts.tm_gmtoff / 60;
    if (offset == 0)
        text_add_char(line, 'Z');
    else
        text_addf(line, "%c%02ld:%02ld", offset < 0 ? '-' : '+', labs(offset) / 60,
                  labs(offset) % 60);
    text_add_char(line, ' ');
}

/* Many lines are of one second: it is formatted once. */
static void add_time(struct env_uv *self, struct text *line)
{
    time_t seconds = (time_t)(wall(&self->env) / 1000000);
    if (seconds != self->log_second || !self->log_time.n) {
        text_clear(&self->log_time);
        format_time(&self->log_time, seconds, self->options.utc);
        self->log_second = seconds;
    }
    text_add_n(line, self->log_time.at, self->log_time.n);
}

/* One write() for each line, so that lines of several writers do not mix. A line break in the text
 * would look like a line of the log: what follows it is indented. */
static void log_line(struct env *env, enum log_level level, const char *text)
{
    struct env_uv *self = of(env);
    if (level < self->options.log_level)
        return;
    struct text line = {0};
    add_time(self, &line);
    size_t after_time = line.n;
    text_addf(&line, "%s - ", level_names[level]);
    for (; *text; text++) {
        text_add_char(&line, *text);
        if (*text == '\n')
            text_add(&line, "    ");
    }
    text_add_char(&line, '\n');
    /* A log that cannot be written stops nobody. */
    if (self->options.log_fd >= 0)
        (void)files_write_all(self->options.log_fd, line.at, line.n);
    terminal_write(&self->terminal, line.at + after_time, line.n - after_time);
    text_release(&line);
    if (self->options.logged)
        self->options.logged(self->options.context);
}

static void log_level(struct env *env, enum log_level least)
{
    of(env)->options.log_level = least;
}

static void show(struct env *env, const char *lines)
{
    terminal_show(&of(env)->terminal, lines);
}

void env_uv_log_to(struct env *env, int fd)
{
    of(env)->options.log_fd = fd;
}

/* --- the loop --- */

static const struct env_ops uv_ops = {
    .wall = wall,
    .monotonic = monotonic,
    .random = random_number,
    .timer_start = timer_start,
    .timer_start_at = timer_start_at,
    .timer_stop = timer_stop,
    .spawn = spawn,
    .process_watch = process_watch,
    .process_kill = process_kill,
    .process_close = process_close,
    .stream_read = env_uv_stream_read,
    .stream_write = env_uv_stream_write,
    .stream_close = env_uv_stream_close,
    .file_read = files_read,
    .file_write = files_write,
    .directory_make = files_directory_make,
    .link_make = files_link_make,
    .file_remove = files_remove,
    .file_size = files_size,
    .watch_start = watch_start,
    .watch_stop = watch_stop,
    .work_start = work_start,
    .bell_open = bell_open,
    .bell_ring = bell_ring,
    .bell_close = bell_close,
    .poll_start = poll_start,
    .poll_stop = watch_stop,
    .signal_start = signal_start,
    .signal_stop = watch_stop,
    .log = log_line,
    .log_level = log_level,
    .show = show,
};

static uint64_t time_until(uint64_t deadline, uint64_t now)
{
    return deadline == UINT64_MAX ? UINT64_MAX : deadline > now ? deadline - now : 0;
}

/* Nobody has anything to do before the next timer: have it now. False if there is none to jump to.
 */
static bool jump(struct env_uv *self)
{
    if (!self->options.jumps || self->n_outside || self->works)
        return false;
    uint64_t next = time_until(timers_next(&self->timers), monotonic(&self->env));
    uint64_t next_wall = time_until(timers_next(&self->wall_timers), (uint64_t)wall(&self->env));
    next = next_wall < next ? next_wall : next;
    if (next == UINT64_MAX)
        return false;
    self->ahead += next;
    timers_fire(&self->timers, monotonic(&self->env));
    timers_fire(&self->wall_timers, (uint64_t)wall(&self->env));
    arm_alarm(self);
    arm_wall(self);
    return true;
}

static void on_turn(uv_idle_t *turn)
{
    struct env_uv *self = turn->data;
    struct ready *ready = &self->env.ready;
    ready->now = monotonic(&self->env);
    uint64_t end = ready->now + TURN_TIME;
    bool more = ready_run(ready, 1);
    while (more && monotonic(&self->env) < end)
        more = ready_run(ready, 1);
    if (!more && !jump(self))
        uv_idle_stop(turn);
}

static void on_first_ready(void *context)
{
    struct env_uv *self = context;
    uv_idle_start(&self->turn, on_turn);
}

struct env *env_uv_create(const struct env_uv_options *options, struct error *error)
{
    struct env_uv *self = NEW(struct env_uv);
    int result = uv_loop_init(&self->loop);
    if (result < 0) {
        error_set(error, result, "cannot make an event loop: %s", uv_strerror(result));
        free(self);
        return NULL;
    }
    self->env.ops = &uv_ops;
    self->options = *options;
    self->terminal =
        (struct terminal){.fd = options->terminal_fd, .live = options->terminal_is_live};
    self->armed = self->wall_armed = UINT64_MAX;
    self->wall_fd = -1;
    uv_idle_init(&self->loop, &self->turn);
    uv_timer_init(&self->loop, &self->alarm);
    self->turn.data = self->alarm.data = self;
    ready_init(&self->env.ready);
    self->env.ready.now = monotonic(&self->env);
    self->env.ready.on_first = on_first_ready;
    self->env.ready.context = self;
    return &self->env;
}

void env_uv_run(struct env *env)
{
    uv_run(&of(env)->loop, UV_RUN_DEFAULT);
}

void env_uv_stop(struct env *env)
{
    uv_stop(&of(env)->loop);
}

void *env_uv_loop(struct env *env)
{
    return &of(env)->loop;
}

static void close_all(struct env_uv *self)
{
    self->env.ready.on_first = NULL;
    uv_close((uv_handle_t *)&self->turn, NULL);
    uv_close((uv_handle_t *)&self->alarm, NULL);
    if (self->wall_fd >= 0)
        uv_close((uv_handle_t *)&self->wall_poll, NULL);
    while (self->given_up) {
        struct follower *follower = self->given_up;
        forget_given_up(self, follower);
        follower_close(follower);
    }
    while (self->works)
        uv_run(&self->loop, UV_RUN_ONCE);
    /* One turn calls what was to be called about closed handles. */
    uv_run(&self->loop, UV_RUN_NOWAIT);
}

static void tell_of_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    fprintf(stderr, "rouse: still open in the event loop: %s\n",
            uv_handle_type_name(uv_handle_get_type(handle)));
}

void env_uv_destroy(struct env *env)
{
    if (!env)
        return;
    struct env_uv *self = of(env);
    close_all(self);
    if (uv_loop_close(&self->loop) != 0) {
        uv_walk(&self->loop, tell_of_handle, NULL);
        IMPOSSIBLE("the loop is not empty");
    }
    if (self->wall_fd >= 0)
        close(self->wall_fd);
    timers_release(&self->timers);
    timers_release(&self->wall_timers);
    text_release(&self->log_time);
    terminal_release(&self->terminal);
    free(self);
}
