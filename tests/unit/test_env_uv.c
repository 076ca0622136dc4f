/* The real world behind struct env: each service, and that nothing is left in the loop. */
#include "base/memory.h"
#include "tests/lib/env_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

enum { MS = 1000 };

/* A coroutine which calls a function each time it is woken, and ends when that says so. */
struct probe {
    struct co co;
    struct env_fixture *fixture;
    bool (*each)(struct probe *probe);
    unsigned runs;
    struct env_timer timer, other;
    struct env_process process;
    struct env_watch watch;
    struct env_work work;
    struct env_bell bell;
    uint64_t started;
    int fd;
};

enum probe_state { PROBE_RUNNING, PROBE_END };
static const char *const probe_states[] = {"running", "end"};

static enum co_result probe_step(struct co *co)
{
    struct probe *self = (struct probe *)co;
    CO_BEGIN(co, probe_state, PROBE_RUNNING);
    self->runs++;
    if (!self->each(self))
        return CO_ASLEEP;
    CO_END(co, PROBE_END);
}

static const struct co_type probe_type = {"probe", probe_step, probe_states, 2, NULL};

static void probe_init(struct probe *probe, struct env_fixture *fixture,
                       bool (*each)(struct probe *probe))
{
    *probe = (struct probe){.fixture = fixture, .each = each};
    co_init(&probe->co, &probe_type, &fixture->env->ready);
}

/* --- the loop --- */

static bool once(struct probe *probe)
{
    (void)probe;
    return true;
}

static void a_loop_with_nothing_to_do_ends(void **state)
{
    struct env_fixture *fixture = *state;
    env_uv_run(fixture->env);
}

static void a_woken_coroutine_runs_once_and_later(void **state)
{
    struct env_fixture *fixture = *state;
    struct probe probe;
    probe_init(&probe, fixture, once);
    co_wake(&probe.co);
    co_wake(&probe.co);
    assert_int_equal(probe.runs, 0);
    env_uv_run(fixture->env);
    assert_int_equal(probe.runs, 1);
}

static bool spin(struct probe *probe)
{
    if (probe->timer.fired)
        return true;
    if (probe->runs == 1)
        probe->fixture->env->ops->timer_start(probe->fixture->env, &probe->timer, &probe->co,
                                              5 * MS);
    co_wake(&probe->co);
    return false;
}

static void a_coroutine_that_never_rests_does_not_keep_timers_from_firing(void **state)
{
    struct env_fixture *fixture = *state;
    struct probe probe;
    probe_init(&probe, fixture, spin);
    co_wake(&probe.co);
    env_uv_run(fixture->env);
    assert_true(probe.timer.fired);
    assert_true(probe.runs > 1);
}

static bool stop(struct probe *probe)
{
    env_uv_stop(probe->fixture->env);
    return true;
}

static void stopping_leaves_what_is_still_to_come(void **state)
{
    struct env_fixture *fixture = *state;
    struct probe waiting, stopping;
    probe_init(&waiting, fixture, once);
    probe_init(&stopping, fixture, stop);
    const struct env_ops *ops = fixture->env->ops;
    ops->timer_start(fixture->env, &waiting.timer, &waiting.co, 3600u * 1000 * MS);
    co_wake(&stopping.co);
    env_uv_run(fixture->env);
    assert_int_equal(waiting.runs, 0);
    ops->timer_stop(fixture->env, &waiting.timer);
}

/* --- timers --- */

static bool on_time(struct probe *probe)
{
    struct env *env = probe->fixture->env;
    assert_true(probe->timer.fired);
    assert_true(env->ops->monotonic(env) >= probe->timer.deadline);
    return true;
}

static void no_timer_fires_early(void **state)
{
    struct env_fixture *fixture = *state;
    enum { N = 200 };
    static struct probe probes[N];
    for (unsigned i = 0; i < N; i++) {
        probe_init(&probes[i], fixture, on_time);
        fixture->env->ops->timer_start(fixture->env, &probes[i].timer, &probes[i].co,
                                       (uint64_t)i * 137);
    }
    env_uv_run(fixture->env);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(probes[i].runs, 1);
}

static void a_restarted_timer_fires_at_its_new_time_only(void **state)
{
    struct env_fixture *fixture = *state;
    struct env *env = fixture->env;
    struct probe probe;
    probe_init(&probe, fixture, on_time);
    uint64_t begun = env->ops->monotonic(env);
    env->ops->timer_start(env, &probe.timer, &probe.co, 3600u * 1000 * MS);
    env->ops->timer_start_at(env, &probe.timer, &probe.co, env->ops->wall(env) + 3600000000);
    env->ops->timer_start(env, &probe.timer, &probe.co, 20 * MS);
    env_uv_run(env);
    assert_int_equal(probe.runs, 1);
    assert_true(env->ops->monotonic(env) - begun >= 20 * MS);
}

static void stopped_timers_do_not_keep_the_loop(void **state)
{
    struct env_fixture *fixture = *state;
    struct env *env = fixture->env;
    struct probe probe;
    probe_init(&probe, fixture, once);
    env->ops->timer_start(env, &probe.timer, &probe.co, 3600u * 1000 * MS);
    env->ops->timer_start_at(env, &probe.other, &probe.co, env->ops->wall(env) + 3600000000);
    env->ops->timer_stop(env, &probe.timer);
    env->ops->timer_stop(env, &probe.timer);
    env->ops->timer_stop(env, &probe.other);
    env_uv_run(env);
    assert_int_equal(probe.runs, 0);
}

static bool wall_has_come(struct probe *probe)
{
    struct env *env = probe->fixture->env;
    assert_true(env->ops->wall(env) >= (int64_t)probe->timer.deadline);
    return true;
}

static void a_wall_timer_fires_when_the_clock_says_so(void **state)
{
    struct env_fixture *fixture = *state;
    struct env *env = fixture->env;
    struct probe later, past, never_was;
    probe_init(&later, fixture, wall_has_come);
    probe_init(&past, fixture, wall_has_come);
    probe_init(&never_was, fixture, wall_has_come);
    int64_t now = env->ops->wall(env);
    env->ops->timer_start_at(env, &later.timer, &later.co, now + 30 * MS);
    env->ops->timer_start_at(env, &past.timer, &past.co, now - 30 * MS);
    env->ops->timer_start_at(env, &never_was.timer, &never_was.co, INT64_MIN);
    env_uv_run(env);
    assert_int_equal(later.runs, 1);
    assert_int_equal(past.runs, 1);
    assert_int_equal(never_was.runs, 1);
}

static void an_idle_loop_uses_no_processor_time(void **state)
{
    struct env_fixture *fixture = *state;
    struct probe probe;
    probe_init(&probe, fixture, on_time);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    fixture->env->ops->timer_start(fixture->env, &probe.timer, &probe.co, 300 * MS);
    env_uv_run(fixture->env);
    getrusage(RUSAGE_SELF, &after);
    /* One sleep, ended by the alarm: a loop that polls would be switched out again and again. */
    assert_true(after.ru_nvcsw - before.ru_nvcsw <= 5);
}

/* --- processes --- */

static bool exited(struct probe *probe)
{
    return probe->process.exited;
}

static int run(struct env_fixture *fixture, struct probe *probe, struct env_spawn options)
{
    probe_init(probe, fixture, exited);
    int result = fixture->env->ops->spawn(fixture->env, &probe->process, &probe->co, &options);
    if (!result)
        env_uv_run(fixture->env);
    return result;
}

static void a_process_tells_its_exit_status(void **state)
{
    struct probe probe;
    const char *const argv[] = {"sh", "-c", "exit 7", NULL};
    assert_int_equal(run(*state, &probe, (struct env_spawn){.argv = argv}), 0);
    assert_true(probe.process.exited);
    assert_int_equal(probe.process.status, 7);
    assert_int_equal(probe.process.signal, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* reaped */
    struct env *env = ((struct env_fixture *)*state)->env;
    assert_int_equal(env->ops->process_kill(env, probe.process.pid, SIGKILL), -ESRCH);
}

static void a_process_tells_the_signal_that_ended_it(void **state)
{
    struct probe probe;
    const char *const argv[] = {"sh", "-c", "kill -KILL $$", NULL};
    assert_int_equal(run(*state, &probe, (struct env_spawn){.argv = argv}), 0);
    assert_int_equal(probe.process.signal, SIGKILL);
}

static void a_program_that_is_not_there_fails_at_once(void **state)
{
    struct env_fixture *fixture = *state;
    struct probe probe;
    const char *const argv[] = {"/no/such/program", NULL};
    assert_int_equal(run(fixture, &probe, (struct env_spawn){.argv = argv}), -ENOENT);
    const char *const present[] = {"true", NULL};
    assert_int_equal(
        run(fixture, &probe, (struct env_spawn){.argv = present, .directory = "/no/such"}),
        -ENOENT);
    assert_int_equal(
        run(fixture, &probe, (struct env_spawn){.argv = present, .out = "/no/such/file"}), -ENOENT);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void a_process_gets_what_it_was_given(void **state)
{
    struct env_fixture *fixture = *state;
    struct probe probe;
    char *in = env_fixture_path(fixture, "in"), *out = env_fixture_path(fixture, "out"),
         *err = env_fixture_path(fixture, "err");
    assert_int_equal(fixture->env->ops->file_write(fixture->env, in, "said\n", 5, 0), 0);
    int pipe_ends[2];
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    const char *const argv[] = {
        "/bin/sh", "-c", "cat; pwd; echo $WORD; echo handed >&3; echo bad >&2; ls /proc/self/fd",
        NULL};
    const char *const environment[] = {"WORD=word", "PATH=/usr/bin:/bin", NULL};
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(run(fixture, &probe,
                         (struct env_spawn){.argv = argv,
                                            .environment = environment,
                                            .directory = "/usr",
                                            .in = in,
                                            .out = out,
                                            .err = err,
                                            .pass_fd = pipe_ends[1]}),
                     0);
    char handed[16] = "";
    assert_int_equal(read(pipe_ends[0], handed, sizeof handed), 7);
    assert_string_equal(handed, "handed\n");
    char *said = env_fixture_read(fixture, out), *bad = env_fixture_read(fixture, err);
    /* 4 is what ls has open to read the directory: nothing of ours is inherited. */
    assert_string_equal(said, "said\n/usr\nword\n0\n1\n2\n3\n4\n");
    assert_string_equal(bad, "bad\n");
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    free(said);
    free(bad);
    free(in);
    free(out);
    free(err);
}

static void a_process_starts_with_default_signals(void **state)
{
    struct env_fixture *fixture = *state;
    struct probe probe;
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    signal(SIGTERM, SIG_IGN);
    const char *const argv[] = {"sh", "-c", "kill -TERM $$; exit 3", NULL};
    int result = run(fixture, &probe, (struct env_spawn){.argv = argv});
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, &old, NULL);
    assert_int_equal(result, 0);
    assert_int_equal(probe.process.signal, SIGTERM);
}

static void out_and_err_may_be_one_file(void **state)
{
    struct env_fixture *fixture = *state;
    struct probe probe;
    char *out = env_fixture_path(fixture, "out");
    const char *const argv[] = {"sh", "-c", "echo one; echo two >&2; echo three", NULL};
    assert_int_equal(run(fixture, &probe, (struct env_spawn){.argv = argv, .out = out, .err = out}),
                     0);
    char *said = env_fixture_read(fixture, out);
    assert_string_equal(said, "one\ntwo\nthree\n");
    free(said);
    free(out);
}

static void killing_reaches_the_whole_group(void **state)
{
    struct env_fixture *fixture = *state;
    struct env *env = fixture->env;
    for (int session = 0; session < 2; session++) {
        struct probe probe;
        probe_init(&probe, fixture, exited);
        /* The shell's child holds the pipe: its end tells that the child was reached too. */
        int pipe_ends[2];
        assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
        const char *const argv[] = {"sh", "-c", "sleep 100 & wait", NULL};
        struct env_spawn options = {.argv = argv, .session = session, .pass_fd = pipe_ends[1]};
        assert_int_equal(env->ops->spawn(env, &probe.process, &probe.co, &options), 0);
        close(pipe_ends[1]);
        assert_int_equal(getsid((pid_t)probe.process.pid) == probe.process.pid, session);
        assert_int_equal(env->ops->process_kill(env, probe.process.pid, SIGKILL), 0);
        env_uv_run(env);
        assert_int_equal(probe.process.signal, SIGKILL);
        char byte;
        assert_int_equal(read(pipe_ends[0], &byte, 1), 0);
        close(pipe_ends[0]);
    }
}

static void a_process_that_is_not_our_child_can_be_followed(void **state)
{
    struct env_fixture *fixture = *state;
    struct env *env = fixture->env;
    char *out = env_fixture_path(fixture, "pid");
    struct probe parent, probe;
    const char *const argv[] = {"sh", "-c", "sleep 0.2 </dev/null >/dev/null 2>&1 & echo $!", NULL};
    assert_int_equal(run(fixture, &parent, (struct env_spawn){.argv = argv, .out = out}), 0);
    char *pid = env_fixture_read(fixture, out);
    probe_init(&probe, fixture, exited);
    assert_int_equal(env->ops->process_watch(env, &probe.process, &probe.co, atoi(pid)), 0);
    env_uv_run(env);
    assert_true(probe.process.exited);
    assert_int_equal(probe.process.status, -1);
    assert_int_equal(env->ops->process_watch(env, &probe.process, &probe.co, parent.process.pid),
                     -ESRCH);
    assert_int_equal(env->ops->process_watch(env, &probe.process, &probe.co, -1), -ESRCH);
    free(pid);
    free(out);
}

static bool after_a_while(struct probe *probe)
{
    return probe->timer.fired;
}

static void a_child_that_was_given_up_is_reaped_all_the_same(void **state)
{
    struct env_fixture *fixture = *state;
    struct env *env = fixture->env;
    struct probe probes[3];
    for (int i = 0; i < 3; i++) {
        probe_init(&probes[i], fixture, after_a_while);
        const char *const argv[] = {"sleep", i < 2 ? "0.05" : "100", NULL};
        struct env_spawn options = {.argv = argv};
        assert_int_equal(env->ops->spawn(env, &probes[i].process, &probes[i].co, &options), 0);
        env->ops->process_close(env, &probes[i].process);
        env->ops->process_close(env, &probes[i].process);
    }
    env->ops->timer_start(env, &probes[0].timer, &probes[0].co, 300 * MS);
    env_uv_run(env); /* does not wait for the third */
    assert_int_equal(probes[1].runs, 0);
    assert_int_equal(kill((pid_t)probes[0].process.pid, 0), -1);
    assert_int_equal(kill((pid_t)probes[1].process.pid, 0), -1);
    assert_int_equal(kill((pid_t)probes[2].process.pid, SIGKILL), 0);
    assert_int_equal(waitpid((pid_t)probes[2].process.pid, NULL, 0), probes[2].process.pid);
}

static void without_a_free_descriptor_nothing_is_started(void **state)
{
    struct env_fixture *fixture = *state;
    struct rlimit old, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    int next = dup(0);
    close(next);
    none.rlim_cur = (rlim_t)next;
    char *out = env_fixture_path(fixture, "out");
    const char *const argv[] = {"echo", "ran", NULL};
    struct probe probe;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int result = run(fixture, &probe, (struct env_spawn){.argv = argv, .out = out});
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(result, -EMFILE);
    uint64_t size;
    assert_int_equal(fixture->env->ops->file_size(fixture->env, out, &size), -ENOENT);
    free(out);
}

/* --- watches --- */

static bool wrote_and_saw(struct probe *probe)
{
    struct env *env = probe->fixture->env;
    if (probe->runs == 1) {
        char *path = env_fixture_path(probe->fixture, "new");
        assert_int_equal(env->ops->file_write(env, path, "x", 1, 0), 0);
        free(path);
        return false;
    }
    assert_true(probe->watch.changes > 0);
    env->ops->watch_stop(env, &probe->watch);
    env->ops->watch_stop(env, &probe->watch);
    return true;
}

static void a_watched_directory_tells_of_a_new_file(void **state)
{
    struct env_fixture *fixture = *state;
    struct env *env = fixture->env;
    struct probe probe;
    probe_init(&probe, fixture, wrote_and_saw);
    assert_int_equal(env->ops->watch_start(env, &probe.watch, &probe.co, "/no/such"), -ENOENT);
    assert_int_equal(env->ops->watch_start(env, &probe.watch, &probe.co, fixture->directory), 0);
    co_wake(&probe.co);
    env_uv_run(env);
    assert_int_equal(probe.runs, 2);
}

static bool read_byte(struct probe *probe)
{
    struct env *env = probe->fixture->env;
    if (!probe->watch.changes)
        return false;
    char byte;
    ssize_t n = read(probe->fd, &byte, 1);
    if (n > 0)
        return false;
    env->ops->poll_stop(env, &probe->watch);
    return true;
}

static void a_descriptor_wakes_its_reader(void **state)
{
    struct env_fixture *fixture = *state;
    struct env *env = fixture->env;
    struct probe probe;
    int pipe_ends[2];
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK), 0);
    probe_init(&probe, fixture, read_byte);
    probe.fd = pipe_ends[0];
    assert_int_equal(env->ops->poll_start(env, &probe.watch, &probe.co, pipe_ends[0]), 0);
    assert_int_equal(write(pipe_ends[1], "ab", 2), 2);
    close(pipe_ends[1]);
    env_uv_run(env);
    assert_int_equal(probe.runs, 3);
    close(pipe_ends[0]);
    assert_int_equal(env->ops->poll_start(env, &probe.watch, &probe.co, pipe_ends[0]), -EBADF);
}

/* --- threads --- */

static void work_in_thread(struct env_work *work)
{
    struct probe *probe = (struct probe *)((char *)work - offsetof(struct probe, work));
    probe->fd = 42;
}

static bool work_done(struct probe *probe)
{
    return probe->work.done;
}

static void work_is_done_in_a_thread(void **state)
{
    struct env_fixture *fixture = *state;
    struct probe probe;
    probe_init(&probe, fixture, work_done);
    probe.work.run = work_in_thread;
    for (int i = 0; i < 2; i++) {
        probe.fd = 0;
        assert_int_equal(fixture->env->ops->work_start(fixture->env, &probe.work, &probe.co), 0);
        assert_false(probe.work.done);
        env_uv_run(fixture->env);
        assert_true(probe.work.done);
        assert_int_equal(probe.fd, 42);
    }
}

static bool rung(struct probe *probe)
{
    if (!probe->bell.rung)
        return false;
    probe->bell.rung = false;
    probe->fixture->env->ops->bell_close(probe->fixture->env, &probe->bell);
    return true;
}

static void ring_from_thread(struct env_work *work)
{
    struct probe *probe = (struct probe *)((char *)work - offsetof(struct probe, work));
    probe->fixture->env->ops->bell_ring(&probe->bell);
}

static void a_bell_is_heard_from_another_thread(void **state)
{
    struct env_fixture *fixture = *state;
    struct env *env = fixture->env;
    struct probe probe, ringer;
    probe_init(&probe, fixture, rung);
    probe_init(&ringer, fixture, work_done);
    assert_int_equal(env->ops->bell_open(env, &probe.bell, &probe.co), 0);
    probe.work.run = ring_from_thread;
    assert_int_equal(env->ops->work_start(env, &probe.work, &ringer.co), 0);
    env_uv_run(env);
    assert_false(probe.bell.rung);
    assert_int_equal(probe.co.state, PROBE_END);
}

/* --- the log --- */

static void a_log_line_has_time_level_and_text(void **state)
{
    struct env_fixture *fixture = *state;
    struct env_uv_options options = {.log_fd = -1, .log_level = LOG_INFO_LEVEL, .utc = true};
    struct error error = {0};
    int pipe_ends[2], terminal[2];
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(pipe2(terminal, O_CLOEXEC | O_NONBLOCK), 0);
    options.terminal_fd = terminal[1];
    struct env *env = env_uv_create(&options, &error);
    env_logf(env, LOG_CRITICAL_LEVEL, "nowhere but here");
    env_uv_log_to(env, pipe_ends[1]);
    env_logf(env, LOG_DEBUG_LEVEL, "not written");
    env_logf(env, LOG_WARNING_LEVEL, "%d\nlines", 2);
    char line[128] = "", shape[128];
    ssize_t n = read(pipe_ends[0], line, sizeof line - 1);
    assert_int_equal(n, strlen(line));
    int64_t seconds = fixture->env->ops->wall(fixture->env) / 1000000;
    snprintf(shape, sizeof shape, "%s", line);
    memset(shape, '#', 20);
    assert_string_equal(shape, "#################### WARNING - 2\n    lines\n");
    struct tm parts = {0};
    assert_string_equal(strptime(line, "%Y-%m-%dT%H:%M:%SZ", &parts), line + 20);
    assert_in_range(seconds - timegm(&parts), 0, 5);
    n = read(terminal[0], line, sizeof line - 1);
    line[n] = '\0';
    assert_string_equal(line, "CRITICAL - nowhere but here\nWARNING - 2\n    lines\n");
    env_uv_destroy(env);
    for (int i = 0; i < 2; i++) {
        close(pipe_ends[i]);
        close(terminal[i]);
    }
}

static void local_log_times_tell_their_offset(void **state)
{
    (void)state;
    struct env_uv_options options = {.utc = false};
    struct error error = {0};
    int pipe_ends[2];
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK), 0);
    options.log_fd = pipe_ends[1];
    const char *const zones[][2] = {
        {"UTC", "Z INFO - x\n"}, {"XXX-05:30", "+05:30 INFO - x\n"}, {"XXX3", "-03:00 INFO - x\n"}};
    for (int i = 0; i < 3; i++) {
        setenv("TZ", zones[i][0], 1);
        tzset();
        struct env *env = env_uv_create(&options, &error);
        env_logf(env, LOG_INFO_LEVEL, "x");
        env_uv_destroy(env);
        char line[128] = "";
        assert_true(read(pipe_ends[0], line, sizeof line - 1) > 0);
        assert_string_equal(line + 19, zones[i][1]);
    }
    unsetenv("TZ");
    tzset();
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void random_numbers_differ(void **state)
{
    struct env_fixture *fixture = *state;
    uint64_t first = fixture->env->ops->random(fixture->env);
    assert_true(first != fixture->env->ops->random(fixture->env));
}

static void a_loop_that_is_not_empty_aborts_on_destroy(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        close(2);
        struct env_uv_options options = {.log_fd = -1};
        struct error error = {0};
        struct env *env = env_uv_create(&options, &error);
        struct env_bell bell = {0};
        env->ops->bell_open(env, &bell, NULL);
        signal(SIGABRT, SIG_DFL);
        env_uv_destroy(env);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, env_fixture_setup, env_fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_loop_with_nothing_to_do_ends),
        TEST(a_woken_coroutine_runs_once_and_later),
        TEST(a_coroutine_that_never_rests_does_not_keep_timers_from_firing),
        TEST(stopping_leaves_what_is_still_to_come),
        TEST(no_timer_fires_early),
        TEST(a_restarted_timer_fires_at_its_new_time_only),
        TEST(stopped_timers_do_not_keep_the_loop),
        TEST(a_wall_timer_fires_when_the_clock_says_so),
        TEST(an_idle_loop_uses_no_processor_time),
        TEST(a_process_tells_its_exit_status),
        TEST(a_process_tells_the_signal_that_ended_it),
        TEST(a_program_that_is_not_there_fails_at_once),
        TEST(a_process_gets_what_it_was_given),
        TEST(a_process_starts_with_default_signals),
        TEST(out_and_err_may_be_one_file),
        TEST(killing_reaches_the_whole_group),
        TEST(a_process_that_is_not_our_child_can_be_followed),
        TEST(a_child_that_was_given_up_is_reaped_all_the_same),
        TEST(without_a_free_descriptor_nothing_is_started),
        TEST(a_watched_directory_tells_of_a_new_file),
        TEST(a_descriptor_wakes_its_reader),
        TEST(work_is_done_in_a_thread),
        TEST(a_bell_is_heard_from_another_thread),
        TEST(a_log_line_has_time_level_and_text),
        TEST(local_log_times_tell_their_offset),
        TEST(random_numbers_differ),
        TEST(a_loop_that_is_not_empty_aborts_on_destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
