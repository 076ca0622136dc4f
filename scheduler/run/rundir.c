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

/* "02-restart-02.log": 2 and 2. */
static bool parse_log_name(const char *name, unsigned *ret_number, unsigned *ret_start)
{
    unsigned number, start;
    char kind[16];
    int end = 0;
    if (sscanf(name, "%u-%15[a-z]-%u.%n", &number, kind, &start, &end) != 3 || !end)
        return false;
    if (strcmp(kind, "start") && strcmp(kind, "restart"))
        return false;
    *ret_number = number;
    *ret_start = start;
    return true;
}

static void find_last(const char *directory, unsigned *ret_number, unsigned *ret_start)
{
    DIR *dir = opendir(directory);
    unsigned number, start;
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (parse_log_name(entry->d_name, &number, &start)) {
            *ret_number = number > *ret_number ? number : *ret_number;
            *ret_start = start > *ret_start ? start : *ret_start;
        }
    if (dir)
        closedir(dir);
}

int start_files_open(const char *run_dir, struct start_files *ret_files, struct error *error)
{
    char *logs = str_format("%s/log/scheduler", run_dir);
    unsigned number = 0, start = 0;
    find_last(logs, &number, &start);
    struct start_files files = {.is_restart = has(run_dir, "log/db"), .number = number + 1};
    files.start = files.is_restart ? start + 1 : 1;
    char *name = str_format("%02u-%s-%02u", files.number, files.is_restart ? "restart" : "start",
                            files.start);
    files.log = str_format("%s/%s.log", logs, name);
    files.config = str_format("%s/log/config/%s.cylc", run_dir, name);
    files.log_fd = open(files.log, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    int code = 0;
    if (files.log_fd < 0)
        code = error_set(error, -errno, "cannot create the log %s: %s", files.log, strerror(errno));
    char *link = str_format("%s/log", logs);
    char *target = str_format("%s.log", name);
    if (!code)
        code = link_replace(target, link, error);
    free(target);
    free(link);
    free(name);
    free(logs);
    if (code)
        start_files_release(&files);
    else
        *ret_files = files;
    return code;
}

void start_files_release(struct start_files *files)
{
    if (files->log_fd > 0)
        close(files->log_fd);
    free(files->log);
    free(files->config);
    *files = (struct start_files){0};
}

static void write_line(int fd, const struct text *line)
{
    ssize_t n = write(fd, line->at, line->n);
    (void)n; /* a log that cannot be written is no reason to stop */
}

void rundir_log(int log_fd, int terminal_fd, bool utc, const char *level, const char *text)
{
    char stamp[64];
    struct tm parts;
    time_t now = time(NULL);
    if (utc)
        gmtime_r(&now, &parts);
    else
        localtime_r(&now, &parts);
    size_t n = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &parts);
    if (utc || !parts.tm_gmtoff)
        (void)snprintf(stamp + n, sizeof stamp - n, "Z");
    else
        (void)snprintf(stamp + n, sizeof stamp - n, "%+03ld:%02ld", parts.tm_gmtoff / 3600,
                       labs(parts.tm_gmtoff) / 60 % 60);
    struct text line = {0};
    text_addf(&line, "%s %s - %s\n", stamp, level, text);
    if (log_fd > 0)
        write_line(log_fd, &line);
    text_clear(&line);
    text_addf(&line, "%s - %s\n", level, text);
    if (terminal_fd > 0)
        write_line(terminal_fd, &line);
    text_release(&line);
}
