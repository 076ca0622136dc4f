/* See rundir.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/run/rundir.h"
#include "base/memory.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

char *rundir_root(void)
{
    const char *home = getenv("HOME");
    if (!home || !*home) {
        const struct passwd *entry = getpwuid(geteuid());
        home = entry ? entry->pw_dir : "";
    }
    return str_format("%s/cylc-run", home);
}

char *rundir_of(const char *workflow_id)
{
    char *root = rundir_root();
    char *path = str_format("%s/%s", root, workflow_id);
    free(root);
    return path;
}

static bool has(const char *directory, const char *name)
{
    char *path = str_format("%s/%s", directory, name);
    struct stat status;
    bool there = !lstat(path, &status);
    free(path);
    return there;
}

bool rundir_is_one(const char *path)
{
    return has(path, "flow.cylc") || has(path, "suite.rc") || has(path, ".service") ||
           has(path, "log/db");
}

int directory_make(const char *path, struct error *error)
{
    char *part = str_copy(path);
    int code = 0;
    for (char *at = part + 1; !code; at++) {
        if (*at && *at != '/')
            continue;
        char end = *at;
        *at = '\0';
        if (mkdir(part, 0755) && errno != EEXIST)
            code =
                error_set(error, -errno, "cannot make the directory %s: %s", part, strerror(errno));
        *at = end;
        if (!end)
            break;
    }
    struct stat status;
    if (!code && !stat(part, &status) && !S_ISDIR(status.st_mode))
        code = error_set(error, -ENOTDIR, "%s is not a directory", part);
    free(part);
    return code;
}

int link_replace(const char *target, const char *path, struct error *error)
{
    char *beside = str_format("%s.new", path);
    int code = 0;
    (void)unlink(beside);
    if (symlink(target, beside) || rename(beside, path)) {
        code = error_set(error, -errno, "cannot link %s to %s: %s", path, target, strerror(errno));
        (void)unlink(beside);
    }
    free(beside);
    return code;
}

int rundir_prepare(const char *run_dir, struct error *error)
{
    static const char *const parts[] = {".service", "log/scheduler", "log/config",
                                        "log/job",  "share/cycle",   "work"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *path = str_format("%s/%s", run_dir, parts[i]);
        int code = directory_make(path, error);
        free(path);
        if (code)
            return code;
    }
    return 0;
}

/* A lock of the process, which dies with it. One of flock's kind would live on for a moment in a
 * child that has been forked and not yet executed anything, and hold up a restart. */
static int lock(int fd, const char *path, struct error *error)
{
    struct flock wanted = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (!fcntl(fd, F_SETLK, &wanted))
        return 0;
    if (errno != EAGAIN && errno != EACCES)
        return error_set(error, -ENOTSUP, "cannot lock %s: %s", path, strerror(errno));
    if (fcntl(fd, F_GETLK, &wanted) || wanted.l_type == F_UNLCK || wanted.l_pid <= 0)
        return error_set(error, -EWOULDBLOCK, "another scheduler holds %s", path);
    return error_set(error, -EWOULDBLOCK, "another scheduler (process %lld) holds %s",
                     (long long)wanted.l_pid, path);
}

int rundir_lock(const char *run_dir, struct error *error)
{
    char *path = str_format("%s/.service/lock", run_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    int code = fd < 0 ? error_set(error, -errno, "cannot open %s: %s", path, strerror(errno))
                      : lock(fd, path, error);
    if (code && fd >= 0)
        close(fd);
    free(path);
    return code ? code : fd;
}
