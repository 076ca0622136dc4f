/* See env_sim.h. */
#include "tests/lib/env_sim.h"
#include "base/memory.h"
#include "base/table.h"
#include "base/trace.h"
#include "base/vec.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_PID = 1000, KILL_DELAY = 2000, TURN_COST = 5, STREAM_ROOM = 64 * 1024 };

struct sim_event {
    uint64_t time, order;
    size_t index;
    void (*run)(void *argument);
    void *argument;
};

struct sim_file {
    char *path;
    struct text bytes;
    bool directory;
    UT_hash_handle hh;
};

struct sim_process {
    int64_t pid;
    bool alive;
    int status, signal;
    bool child; /* of the scheduler that runs now */
    struct env_process *waiter;
    char *command; /* argv, NUL separated, as /proc shows it */
    size_t command_size;
    struct env_stream *stream; /* the scheduler's end; NULL: none, or closed */
    struct text said;          /* by the process, not read yet */
    struct text unread;        /* by the scheduler, while the process does not read */
    bool deaf;
};

struct sim_watch {
    struct env_watch *watch;
    char *path;
    size_t n; /* its length: every write looks at every watch */
    struct sim_watch *next;
};

struct sim {
    struct env env; /* first */
    struct sim_options options;
    bool calm;
    uint64_t rng[2];
    uint64_t now;
    int64_t wall_offset;
    uint64_t order;
    struct heap events;
    struct timers monotonic, wall;
    struct sim_file *files;
    VEC(struct sim_process) processes;
    struct sim_watch *watches;
    void (*script)(void *context, int64_t pid, const struct env_spawn *options);
    void *script_context;
    void (*killed)(void *context, int64_t pid, int signal);
    void *killed_context;
    void (*heard)(void *context, int64_t pid, const char *bytes, size_t n);
    void *heard_context;
};

static struct sim *of(struct env *env)
{
    return (struct sim *)env;
}

/* --- chance (xoroshiro128+) --- */

static uint64_t rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static uint64_t next_random(struct sim *sim)
{
    uint64_t a = sim->rng[0], b = sim->rng[1], result = a + b;
    b ^= a;
    sim->rng[0] = rotate(a, 24) ^ b ^ (b << 16);
    sim->rng[1] = rotate(b, 37);
    return result;
}

uint64_t sim_chance(struct sim *sim, uint64_t n)
{
    PRE(n > 0);
    return (next_random(sim) >> 16) % n;
}

bool sim_happens(struct sim *sim, unsigned per_mille)
{
    return per_mille && sim_chance(sim, 1000) < per_mille;
}

/* --- time --- */

static bool event_before(const void *a, const void *b)
{
    const struct sim_event *x = a, *y = b;
    return x->time != y->time ? x->time < y->time : x->order < y->order;
}

static size_t *event_index(void *event)
{
    return &((struct sim_event *)event)->index;
}

static const struct heap_type event_heap = {event_before, event_index};

uint64_t sim_now(const struct sim *sim)
{
    return sim->now;
}

void sim_after(struct sim *sim, uint64_t delay, void (*run)(void *argument), void *argument)
{
    struct sim_event *event = NEW(struct sim_event);
    *event = (struct sim_event){
        .time = sim->now + delay, .order = sim->order++, .run = run, .argument = argument};
    heap_add(&sim->events, event);
}

static int64_t op_wall(struct env *env)
{
    return (int64_t)of(env)->now + of(env)->wall_offset;
}

static uint64_t op_monotonic(struct env *env)
{
    return of(env)->now;
}

static uint64_t op_random(struct env *env)
{
    return next_random(of(env));
}

/* Wall timers keep the wall-clock time as their deadline, offset so that it is never negative. */
static uint64_t wall_deadline(int64_t when)
{
    return when < 0 ? 0 : (uint64_t)when;
}

static void op_timer_stop(struct env *env, struct env_timer *timer)
{
    struct sim *sim = of(env);
    if (!timer->index)
        return;
    bool in_wall = timer->index <= sim->wall.heap.n && sim->wall.heap.at[timer->index] == timer;
    timers_remove(in_wall ? &sim->wall : &sim->monotonic, timer);
}

static void op_timer_start(struct env *env, struct env_timer *timer, struct co *co, uint64_t delay)
{
    op_timer_stop(env, timer);
    timers_add(&of(env)->monotonic, timer, co, of(env)->now + delay);
}

static void op_timer_start_at(struct env *env, struct env_timer *timer, struct co *co, int64_t when)
{
    op_timer_stop(env, timer);
    timers_add(&of(env)->wall, timer, co, wall_deadline(when));
}

void sim_calm(struct sim *sim, bool calm)
{
    sim->calm = calm;
}

void sim_jump_clock(struct sim *sim, int64_t microseconds)
{
    sim->wall_offset += microseconds;
}

/* --- files --- */

static struct sim_file *find_file(const struct sim *sim, const char *path)
{
    struct sim_file *file;
    HASH_FIND_STR(sim->files, path, file);
    return file;
}

static struct sim_file *add_file(struct sim *sim, const char *path)
{
    struct sim_file *file = NEW(struct sim_file);
    file->path = str_copy(path);
    HASH_ADD_KEYPTR(hh, sim->files, file->path, strlen(file->path), file);
    return file;
}

const struct text *sim_file(const struct sim *sim, const char *path)
{
    const struct sim_file *file = find_file(sim, path);
    return file && !file->directory ? &file->bytes : NULL;
}

/* Whether `path` is what is watched, or in it. */
static bool is_in(const char *path, size_t size, const struct sim_watch *watch)
{
    size_t n = watch->n;
    return size >= n && (path[n] == '\0' || (path[n] == '/' && !strchr(path + n + 1, '/'))) &&
           memcmp(path, watch->path, n) == 0;
}

static void tell_watches(struct sim *sim, const char *path)
{
    size_t size = strlen(path);
    for (struct sim_watch *each = sim->watches; each; each = each->next)
        if (is_in(path, size, each) && !sim_happens(sim, sim->options.watch_loss)) {
            each->watch->changes++;
            co_wake(each->watch->co);
        }
}

int sim_write(struct sim *sim, const char *path, const void *bytes, size_t n, unsigned flags)
{
    struct sim_file *file = find_file(sim, path);
    if (file && (flags & ENV_EXCLUSIVE))
        return -EEXIST;
    if (!file)
        file = add_file(sim, path);
    if (!(flags & ENV_APPEND))
        text_clear(&file->bytes);
    text_add_n(&file->bytes, bytes, n);
    tell_watches(sim, path);
    return 0;
}

static int op_file_write(struct env *env, const char *path, const void *bytes, size_t n,
                         unsigned flags)
{
    return sim_write(of(env), path, bytes, n, flags);
}

static const struct sim_process *find_process(const struct sim *sim, int64_t pid)
{
    size_t index = (size_t)(pid - FIRST_PID);
    return pid >= FIRST_PID && index < sim->processes.n ? &sim->processes.at[index] : NULL;
}

/* /proc/PID/cmdline of a living process. */
static const struct sim_process *find_proc(const struct sim *sim, const char *path)
{
    int64_t pid;
    char name[16] = "";
    if (sscanf(path, "/proc/%" SCNd64 "/%15s", &pid, name) != 2 || strcmp(name, "cmdline") != 0)
        return NULL;
    const struct sim_process *process = find_process(sim, pid);
    return process && process->alive ? process : NULL;
}

static int op_file_read(struct env *env, const char *path, uint64_t offset, struct text *out)
{
    const struct sim_process *process = find_proc(of(env), path);
    if (process) {
        text_add_n(out, process->command, process->command_size);
        return 0;
    }
    const struct sim_file *file = find_file(of(env), path);
    if (!file)
        return -ENOENT;
    if (file->directory)
        return -EISDIR;
    if (offset < file->bytes.n)
        text_add_n(out, file->bytes.at + offset, file->bytes.n - offset);
    return 0;
}

static int op_directory_make(struct env *env, const char *path)
{
    struct sim_file *file = find_file(of(env), path);
    if (!file)
        add_file(of(env), path)->directory = true;
    return file && !file->directory ? -ENOTDIR : 0;
}

static int op_link_make(struct env *env, const char *target, const char *path)
{
    return sim_write(of(env), path, target, strlen(target), 0);
}

static void free_file(struct sim *sim, struct sim_file *file)
{
    HASH_DEL(sim->files, file);
    text_release(&file->bytes);
    free(file->path);
    free(file);
}

static int op_file_remove(struct env *env, const char *path)
{
    struct sim_file *file = find_file(of(env), path);
    if (!file)
        return -ENOENT;
    tell_watches(of(env), path);
    free_file(of(env), file);
    return 0;
}

static int op_file_size(struct env *env, const char *path, uint64_t *ret_size)
{
    const struct sim_file *file = find_file(of(env), path);
    if (!file)
        return -ENOENT;
    *ret_size = file->bytes.n;
    return 0;
}

static int op_watch_start(struct env *env, struct env_watch *watch, struct co *co, const char *path)
{
    if (!find_file(of(env), path))
        return -ENOENT;
    struct sim_watch *each = NEW(struct sim_watch);
    *each = (struct sim_watch){watch, str_copy(path), strlen(path), of(env)->watches};
    of(env)->watches = each;
    watch->co = co;
    watch->backend = each;
    return 0;
}

static void op_watch_stop(struct env *env, struct env_watch *watch)
{
    if (!watch->backend)
        return;
    struct sim_watch **at = &of(env)->watches;
    while (*at != watch->backend)
        at = &(*at)->next;
    struct sim_watch *gone = *at;
    *at = gone->next;
    free(gone->path);
    free(gone);
    watch->backend = NULL;
}

/* --- processes --- */

static void remember_command(struct sim_process *process, const struct env_spawn *options)
{
    struct text command = {0};
    for (size_t i = 0; options->argv[i]; i++)
        text_add_n(&command, options->argv[i], strlen(options->argv[i]) + 1);
    process->command_size = command.n;
    process->command = text_take(&command);
}

static int op_spawn(struct env *env, struct env_process *process, struct co *co,
                    const struct env_spawn *options)
{
    struct sim *sim = of(env);
    if (!sim->calm && sim_happens(sim, sim->options.spawn_failure))
        return -EAGAIN;
    struct sim_process *each = vec_push(&sim->processes);
    each->pid = FIRST_PID + (int64_t)sim->processes.n - 1;
    each->alive = each->child = true;
    each->waiter = process;
    remember_command(each, options);
    process->co = co;
    process->pid = each->pid;
    process->exited = false;
    if (options->stream) {
        *options->stream = (struct env_stream){.co = co, .backend = sim};
        each->stream = options->stream;
    }
    trace("sim spawn", each->pid, 0);
    PRE(sim->script);
    sim->script(sim->script_context, process->pid, options);
    return 0;
}

static int op_process_watch(struct env *env, struct env_process *process, struct co *co,
                            int64_t pid)
{
    struct sim_process *each = (struct sim_process *)(uintptr_t)find_process(of(env), pid);
    if (!each || !each->alive)
        return -ESRCH;
    each->waiter = process;
    process->co = co;
    process->pid = pid;
    process->exited = false;
    return 0;
}

static void op_process_close(struct env *env, struct env_process *process)
{
    struct sim_process *each = (struct sim_process *)(uintptr_t)find_process(of(env), process->pid);
    if (each && each->waiter == process)
        each->waiter = NULL;
}

/* --- streams: an end of the process's is closed when it exits --- */

static void tell_readable(struct sim_process *process)
{
    if (!process->stream || process->stream->readable)
        return;
    process->stream->readable = true;
    co_wake(process->stream->co);
}

static struct sim_process *process_of(struct sim *sim, const struct env_stream *stream)
{
    VEC_EACH (struct sim_process, process, &sim->processes)
        if (process->stream == stream)
            return process;
    IMPOSSIBLE("no process has this stream");
}

static int64_t op_stream_read(struct env *env, struct env_stream *stream, void *bytes, size_t n)
{
    struct sim_process *process = process_of(of(env), stream);
    if (!process->said.n) {
        stream->readable = !process->alive;
        return process->alive ? -EAGAIN : 0;
    }
    n = n < process->said.n ? n : process->said.n;
    memcpy(bytes, process->said.at, n);
    text_cut(&process->said, n);
    return (int64_t)n;
}

static int64_t op_stream_write(struct env *env, struct env_stream *stream, const void *bytes,
                               size_t n)
{
    struct sim *sim = of(env);
    struct sim_process *process = process_of(sim, stream);
    if (!process->alive)
        return -EPIPE;
    if (process->deaf) {
        size_t room = STREAM_ROOM - process->unread.n;
        stream->writable = n <= room;
        n = n < room ? n : room;
        text_add_n(&process->unread, bytes, n);
    } else if (sim->heard)
        sim->heard(sim->heard_context, process->pid, bytes, n);
    return (int64_t)n;
}

static void op_stream_close(struct env *env, struct env_stream *stream)
{
    if (stream->backend)
        process_of(of(env), stream)->stream = NULL;
    stream->backend = NULL;
}

void sim_on_stream(struct sim *sim,
                   void (*heard)(void *context, int64_t pid, const char *bytes, size_t n),
                   void *context)
{
    sim->heard = heard;
    sim->heard_context = context;
}

void sim_stream_say(struct sim *sim, int64_t pid, const char *bytes, size_t n)
{
    struct sim_process *process = (struct sim_process *)(uintptr_t)find_process(sim, pid);
    if (!process->alive || !process->stream)
        return;
    text_add_n(&process->said, bytes, n);
    tell_readable(process);
}

size_t sim_stream_unread(const struct sim *sim, int64_t pid)
{
    return find_process(sim, pid)->said.n;
}

void sim_stream_deaf(struct sim *sim, int64_t pid)
{
    ((struct sim_process *)(uintptr_t)find_process(sim, pid))->deaf = true;
}

bool sim_process_alive(const struct sim *sim, int64_t pid)
{
    const struct sim_process *process = find_process(sim, pid);
    return process && process->alive;
}

void sim_process_exit(struct sim *sim, int64_t pid, int status, int signal)
{
    struct sim_process *each = (struct sim_process *)(uintptr_t)find_process(sim, pid);
    if (!each || !each->alive)
        return;
    each->alive = false;
    each->status = status;
    each->signal = signal;
    trace("sim exit", pid, status);
    tell_readable(each);
    if (!each->waiter)
        return;
    each->waiter->exited = true;
    each->waiter->status = each->child ? status : -1;
    each->waiter->signal = each->child ? signal : 0;
    co_wake(each->waiter->co);
}

struct kill_event {
    struct sim *sim;
    int64_t pid;
    int signal;
};

static void kill_now(void *argument)
{
    struct kill_event *event = argument;
    sim_process_exit(event->sim, event->pid, 0, event->signal);
    free(event);
}

static int op_process_kill(struct env *env, int64_t pid, int signal)
{
    struct sim *sim = of(env);
    if (!sim_process_alive(sim, pid))
        return -ESRCH;
    if (sim->killed) {
        sim->killed(sim->killed_context, pid, signal);
        return 0;
    }
    struct kill_event *event = NEW(struct kill_event);
    *event = (struct kill_event){sim, pid, signal};
    sim_after(sim, KILL_DELAY, kill_now, event);
    return 0;
}

/* --- threads: there are none; work is done at once and told later --- */

static int op_work_start(struct env *env, struct env_work *work, struct co *co)
{
    (void)env;
    work->co = co;
    work->run(work);
    work->done = true;
    co_wake(co);
    return 0;
}

static int op_bell_open(struct env *env, struct env_bell *bell, struct co *co)
{
    (void)env;
    bell->co = co;
    return 0;
}

static void op_bell_ring(struct env_bell *bell)
{
    bell->rung = true;
    co_wake(bell->co);
}

static void op_bell_close(struct env *env, struct env_bell *bell)
{
    (void)env;
    (void)bell;
}

static int op_poll_start(struct env *env, struct env_watch *watch, struct co *co, int fd)
{
    (void)env;
    (void)watch;
    (void)co;
    (void)fd;
    return -ENOTSUP;
}

static int op_signal_start(struct env *env, struct env_watch *watch, struct co *co, int number)
{
    (void)number;
    (void)env;
    watch->co = co;
    return 0;
}

static void op_signal_stop(struct env *env, struct env_watch *watch)
{
    (void)env;
    (void)watch;
}

static void op_log(struct env *env, enum log_level level, const char *text)
{
    struct sim *sim = of(env);
    if (sim->options.log_fd)
        dprintf(sim->options.log_fd, "%12.6f %d %s\n", (double)sim->now / 1e6, (int)level, text);
}

static void op_log_level(struct env *env, enum log_level least)
{
    (void)env;
    (void)least; /* a trace holds everything */
}

static void op_show(struct env *env, const char *lines)
{
    struct sim *sim = of(env);
    if (sim->options.log_fd)
        dprintf(sim->options.log_fd, "%12.6f show %s\n", (double)sim->now / 1e6, lines);
}

static const struct env_ops sim_ops = {
    .wall = op_wall,
    .monotonic = op_monotonic,
    .random = op_random,
    .timer_start = op_timer_start,
    .timer_start_at = op_timer_start_at,
    .timer_stop = op_timer_stop,
    .spawn = op_spawn,
    .process_watch = op_process_watch,
    .process_kill = op_process_kill,
    .process_close = op_process_close,
    .stream_read = op_stream_read,
    .stream_write = op_stream_write,
    .stream_close = op_stream_close,
    .file_read = op_file_read,
    .file_write = op_file_write,
    .directory_make = op_directory_make,
    .link_make = op_link_make,
    .file_remove = op_file_remove,
    .file_size = op_file_size,
    .watch_start = op_watch_start,
    .watch_stop = op_watch_stop,
    .work_start = op_work_start,
    .bell_open = op_bell_open,
    .bell_ring = op_bell_ring,
    .bell_close = op_bell_close,
    .poll_start = op_poll_start,
    .poll_stop = op_watch_stop,
    .signal_start = op_signal_start,
    .signal_stop = op_signal_stop,
    .log = op_log,
    .log_level = op_log_level,
    .show = op_show,
};

/* --- turning --- */

static uint64_t choose(void *context, uint64_t n)
{
    return sim_chance(context, n);
}

bool sim_turn_ready(struct sim *sim)
{
    struct ready *ready = &sim->env.ready;
    if (!ready->head)
        return false;
    sim->now += TURN_COST;
    ready->now = sim->now;
    ready_run(ready, 1);
    return true;
}

/* When the next wall timer is due on the monotonic clock. */
static uint64_t next_wall(const struct sim *sim)
{
    uint64_t deadline = timers_next(&sim->wall);
    if (deadline == UINT64_MAX)
        return UINT64_MAX;
    int64_t due = (int64_t)deadline - sim->wall_offset;
    return due < (int64_t)sim->now ? sim->now : (uint64_t)due;
}

static void advance(struct sim *sim, uint64_t time)
{
    if (time > sim->now)
        sim->now = time;
    sim->env.ready.now = sim->now;
    timers_fire(&sim->monotonic, sim->now);
    timers_fire(&sim->wall, wall_deadline(op_wall(&sim->env)));
    for (struct sim_event *event; (event = heap_first(&sim->events)) && event->time <= sim->now;) {
        heap_remove(&sim->events, event);
        event->run(event->argument);
        free(event);
    }
}

bool sim_turn(struct sim *sim)
{
    if (sim_turn_ready(sim))
        return true;
    const struct sim_event *event = heap_first(&sim->events);
    uint64_t next = event ? event->time : UINT64_MAX;
    uint64_t timer = timers_next(&sim->monotonic), wall = next_wall(sim);
    next = timer < next ? timer : next;
    next = wall < next ? wall : next;
    if (next == UINT64_MAX)
        return false;
    advance(sim, next);
    return true;
}

uint64_t sim_turns(const struct sim *sim)
{
    return sim->env.ready.resumed;
}

/* --- the world's life --- */

static void start_ready(struct sim *sim)
{
    uint64_t resumed = sim->env.ready.resumed;
    ready_init(&sim->env.ready);
    sim->env.ready.resumed = resumed;
    sim->env.ready.now = sim->now;
    sim->env.ready.context = sim;
    sim->env.ready.choose = sim->options.shuffle ? choose : NULL;
}

struct sim *sim_create(const struct sim_options *options)
{
    struct sim *sim = NEW(struct sim);
    sim->env.ops = &sim_ops;
    sim->options = *options;
    sim->rng[0] = options->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    sim->rng[1] = options->seed ^ UINT64_C(0xd1b54a32d192ed03);
    for (int i = 0; i < 8; i++)
        next_random(sim);
    sim->wall_offset = options->wall ? options->wall : INT64_C(1767225600000000);
    sim->events.type = &event_heap;
    start_ready(sim);
    return sim;
}

static void forget_waiters(struct sim *sim)
{
    timers_release(&sim->monotonic);
    timers_release(&sim->wall);
    while (sim->watches)
        op_watch_stop(&sim->env, sim->watches->watch);
    VEC_EACH (struct sim_process, process, &sim->processes) {
        process->waiter = NULL;
        process->stream = NULL;
        process->child = false;
    }
}

void sim_reboot(struct sim *sim)
{
    forget_waiters(sim);
    start_ready(sim);
}

void sim_destroy(struct sim *sim)
{
    forget_waiters(sim);
    for (struct sim_event *event; (event = heap_first(&sim->events));) {
        heap_remove(&sim->events, event);
        free(event->argument);
        free(event);
    }
    heap_release(&sim->events);
    struct sim_file *file, *next;
    HASH_ITER(hh, sim->files, file, next)
    free_file(sim, file);
    VEC_EACH (struct sim_process, process, &sim->processes) {
        free(process->command);
        text_release(&process->said);
        text_release(&process->unread);
    }
    vec_release(&sim->processes);
    free(sim);
}

struct env *sim_env(struct sim *sim)
{
    return &sim->env;
}

void sim_on_spawn(struct sim *sim,
                  void (*script)(void *context, int64_t pid, const struct env_spawn *options),
                  void *context)
{
    sim->script = script;
    sim->script_context = context;
}

void sim_on_kill(struct sim *sim, void (*killed)(void *context, int64_t pid, int signal),
                 void *context)
{
    sim->killed = killed;
    sim->killed_context = context;
}
