/* bench_loop PARALLEL < FILES: runs the job files, one path a line, in that order, at most PARALLEL
 * at a time: what a scheduler costs is measured against this. Says how many seconds it took. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

enum { PATH_SIZE = 4096 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void start(const char *path)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    char *argv[] = {(char *)(uintptr_t)path, NULL}; /* executed, as rouse does it */
    pid_t pid;
    int result = posix_spawn(&pid, path, &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (result) {
        (void)fprintf(stderr, "bench_loop: %s: %s\n", path, strerror(result));
        exit(1);
    }
}

static unsigned wait_for_one(void)
{
    int status;
    while (waitpid(-1, &status, 0) < 0)
        if (errno != EINTR)
            return 0;
    if (status)
        (void)fprintf(stderr, "bench_loop: a job ended with status %x\n", (unsigned)status);
    return 1;
}

int main(int argc, char **argv)
{
    unsigned parallel = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1, running = 0;
    char path[PATH_SIZE];
    double began = now();
    while (fgets(path, sizeof path, stdin)) {
        path[strcspn(path, "\n")] = '\0';
        if (running == parallel)
            running -= wait_for_one();
        start(path);
        running++;
    }
    while (running)
        running -= wait_for_one();
    printf("%.6f\n", now() - began);
    return 0;
}
