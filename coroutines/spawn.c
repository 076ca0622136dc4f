/* Processes without fork(): it would copy our page tables, which takes about 10 ms for each GB we
 * hold, with the loop standing still. posix_spawn() shares them until the exec, so starting a job
 * costs the same in a scheduler of any size, and it tells the error of a failed exec at once.
 * Exits are followed through pidfds: no SIGCHLD, nothing shared between the loops of a process. */
#include "coroutines/spawn.h"
#include "base/check.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

enum { PASSED_FD = 3 };

static int add_streams(posix_spawn_file_actions_t *actions, const struct env_spawn *options)
{
    const char *const paths[] = {options->in, options->out, options->err};
    int result = 0;
    for (int fd = 0; fd < 3 && !result; fd++) {
        int flags = fd == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
        if (fd == 2 && options->out && options->err && strcmp(options->out, options->err) == 0)
            /* One file for both: a second open with its own position would write over the first. */
            result = posix_spawn_file_actions_adddup2(actions, 1, 2);
        else if (fd == 1 && options->out_fd)
            result = posix_spawn_file_actions_adddup2(actions, options->out_fd, 1);
        else
            result = posix_spawn_file_actions_addopen(
                actions, fd, paths[fd] ? paths[fd] : "/dev/null", flags, 0666);
    }
    if (!result && options->pass_fd)
        result = posix_spawn_file_actions_adddup2(actions, options->pass_fd, PASSED_FD);
    if (!result)
        result = posix_spawn_file_actions_addclosefrom_np(actions, options->pass_fd ? PASSED_FD + 1
                                                                                    : PASSED_FD);
    /* Last, so that relative file names are seen from here. */
    if (!result && options->directory)
        result = posix_spawn_file_actions_addchdir_np(actions, options->directory);
    return result;
}

static int add_attributes(posix_spawnattr_t *attributes, bool session)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setpgroup(attributes, 0);
    short group = session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
    return posix_spawnattr_setflags(
        attributes, (short)(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | group));
}

static int start(const struct env_spawn *options, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int result = add_streams(&actions, options);
    if (!result)
        result = add_attributes(&attributes, options->session);
    if (!result)
        result = posix_spawnp(ret_pid, options->argv[0], &actions, &attributes,
                              (char *const *)(uintptr_t)options->argv,
                              options->environment ? (char *const *)(uintptr_t)options->environment
                                                   : environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -result;
}

int spawn_process(const struct env_spawn *options, int64_t *ret_pid, int *ret_pidfd)
{
    PRE(options->argv && options->argv[0]);
    PRE(!options->pass_fd || options->pass_fd > 2);
    /* Keep a place in the descriptor table for the pidfd: without one the process would run
     * unwatched. Failing before it runs is the one failure that can be told truly. */
    int place = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (place < 0)
        return -errno;
    pid_t pid = 0;
    int result = start(options, &pid);
    close(place);
    if (result)
        return result;
    int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0) {
        result = -errno; /* another thread took the place */
        kill(-pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return result;
    }
    *ret_pid = pid;
    *ret_pidfd = pidfd;
    return 0;
}

int spawn_follow(int64_t pid, int *ret_pidfd)
{
    if (pid <= 0 || pid != (pid_t)pid)
        return -ESRCH;
    int pidfd = pidfd_open((pid_t)pid, 0);
    if (pidfd < 0)
        return -errno;
    *ret_pidfd = pidfd;
    return 0;
}

void spawn_reap(int64_t pid, int *ret_status, int *ret_signal)
{
    int status;
    pid_t got;
    do
        got = waitpid((pid_t)pid, &status, WNOHANG);
    while (got < 0 && errno == EINTR);
    *ret_status = got == (pid_t)pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    *ret_signal = got == (pid_t)pid && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int spawn_kill(int64_t pid, int signal)
{
    PRE(pid > 1 && pid == (pid_t)pid);
    return kill(-(pid_t)pid, signal) < 0 ? -errno : 0;
}
