/* See start_files.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/run/start_files.h"
#include "base/memory.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

static bool is_there(const char *directory, const char *name)
{
    char *path = str_format("%s/%s", directory, name);
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

/* "02-restart-02.log": 2 and 2. */
static bool parse_log_name(const char *name, unsigned *ret_number, unsigned *ret_start)
{
    unsigned number, start;
    char kind[16];
    int end = 0;
    if (sscanf(name, "%u-%15[a-z]-%u.%n", &number, kind, &start, &end) != 3 || !end)
        return false;
    if (strcmp(kind, "start") && strcmp(kind, "restart") && strcmp(kind, "reload"))
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

/* NN-start-MM of these files. */
static char *name_of(const struct start_files *files)
{
    return str_format("%02u-%s-%02u", files->number, files->is_restart ? "restart" : "start",
                      files->start);
}

/* .../log/config/NN-KIND-MM.cylc with the next number; heap. */
static char *next_config(const char *run_dir, const char *kind, unsigned start)
{
    char *directory = str_format("%s/log/config", run_dir);
    unsigned number = 0, ignored = 0;
    find_last(directory, &number, &ignored);
    char *path = str_format("%s/%02u-%s-%02u.cylc", directory, number + 1, kind, start);
    free(directory);
    return path;
}

char *start_files_reload(const char *run_dir)
{
    char *logs = str_format("%s/log/scheduler", run_dir);
    unsigned number = 0, start = 0;
    find_last(logs, &number, &start);
    free(logs);
    return next_config(run_dir, "reload", start ? start : 1);
}

/* A new log file, and the link to it. Its descriptor or a negative errno. */
static int open_log(const char *directory, const char *name, char **ret_path, struct error *error)
{
    char *path = str_format("%s/%s.log", directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) {
        int code = error_set(error, -errno, "cannot create the log %s: %s", path, strerror(errno));
        free(path);
        return code;
    }
    char *link = str_format("%s/log", directory);
    char *target = str_format("%s.log", name);
    int code = link_replace(target, link, error);
    free(target);
    free(link);
    if (code) {
        close(fd);
        free(path);
        return code;
    }
    *ret_path = path;
    return fd;
}

int start_files_open(const char *run_dir, struct start_files *ret_files, struct error *error)
{
    char *logs = str_format("%s/log/scheduler", run_dir);
    unsigned number = 0, start = 0;
    find_last(logs, &number, &start);
    struct start_files files = {.is_restart = is_there(run_dir, "log/db"), .number = number + 1};
    files.start = files.is_restart ? start + 1 : 1;
    char *name = name_of(&files);
    files.config = next_config(run_dir, files.is_restart ? "restart" : "start", files.start);
    files.log_fd = open_log(logs, name, &files.log, error);
    int code = files.log_fd < 0 ? files.log_fd : 0;
    free(name);
    free(logs);
    if (code)
        start_files_release(&files);
    else
        *ret_files = files;
    return code;
}

/* Older log files than the `keep` newest, the last of which is number `last`. */
static void remove_old(const char *directory, unsigned last, unsigned keep)
{
    DIR *dir = opendir(directory);
    unsigned number, start;
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (parse_log_name(entry->d_name, &number, &start) && number + keep <= last)
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
}

int start_files_roll(struct start_files *files, unsigned keep, struct error *error)
{
    struct start_files next = *files;
    next.number++;
    char *directory = str_copy_n(files->log, (size_t)(strrchr(files->log, '/') - files->log));
    char *name = name_of(&next);
    char *path = NULL;
    int fd = open_log(directory, name, &path, error);
    int code = fd < 0 ? fd : 0;
    if (!code && dup3(fd, files->log_fd, O_CLOEXEC) < 0)
        code = error_set(error, -errno, "cannot go over to %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (!code) {
        files->number = next.number;
        free(files->log);
        files->log = path;
        path = NULL;
        remove_old(directory, files->number, keep);
    }
    free(path);
    free(name);
    free(directory);
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
