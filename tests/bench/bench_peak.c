/* bench_peak PROGRAM [ARGUMENT...]: runs it, its output thrown away. Says how many seconds it took,
 * how many of the processor's, and how many bytes it had at most. (A child of a large program would
 * begin with the memory of its parent counted in.) */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    posix_spawn_file_actions_t actions;
    struct rusage usage;
    pid_t child;
    int status;
    if (argc < 2)
        return 2;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    const double began = now();
    if (posix_spawn(&child, argv[1], &actions, NULL, argv + 1, environ) != 0 ||
        wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return 1;
    (void)printf("%.6f %.6f %ld\n", now() - began,
                 seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss * 1024);
    posix_spawn_file_actions_destroy(&actions);
    return 0;
}
