/* See copy.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/run/copy.h"
#include "base/memory.h"
#include "scheduler/run/source_rules.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

struct copy {
    const char *from;
    struct source_rules rules;
    struct error *error;
};

static int fail(struct copy *copy, const char *path)
{
    int code = errno ? -errno : -EIO;
    return error_set(copy->error, code, "cannot copy %s: %s", path, strerror(-code));
}

static int copy_bytes(int in, int out)
{
    char buffer[64 * 1024];
    ssize_t n;
    while ((n = read(in, buffer, sizeof buffer)) > 0)
        for (ssize_t done = 0, m; done < n; done += m)
            if ((m = write(out, buffer + done, (size_t)(n - done))) < 0)
                return -1;
    return n < 0 ? -1 : 0;
}

static int copy_file(struct copy *copy, const char *from, const char *to, const struct stat *status)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const struct timespec times[2] = {status->st_atim, status->st_mtim};
    int code = 0;
    if (out < 0 || copy_bytes(in, out) || fchmod(out, status->st_mode & 07777) ||
        futimens(out, times))
        code = fail(copy, from);
    if (in >= 0)
        close(in);
    if (out >= 0 && close(out) && !code)
        code = fail(copy, from);
    return code;
}

static int copy_link(struct copy *copy, const char *from, const char *to)
{
    char target[PATH_MAX];
    ssize_t n = readlink(from, target, sizeof target - 1);
    if (n < 0)
        return fail(copy, from);
    target[n] = '\0';
    return symlink(target, to) ? fail(copy, from) : 0;
}

static int copy_directory(struct copy *copy, const char *relative, const char *to, unsigned depth);

static int copy_entry(struct copy *copy, const char *relative, const char *to, unsigned depth)
{
    char *from = str_format("%s/%s", copy->from, relative);
    struct stat status;
    int code = 0;
    if (lstat(from, &status))
        code = fail(copy, from);
    else if (S_ISDIR(status.st_mode) && mkdir(to, (status.st_mode & 07777) | 0700))
        code = fail(copy, from);
    else if (S_ISDIR(status.st_mode))
        code = copy_directory(copy, relative, to, depth + 1);
    else if (S_ISLNK(status.st_mode))
        code = copy_link(copy, from, to);
    else if (S_ISREG(status.st_mode))
        code = copy_file(copy, from, to, &status);
    free(from);
    return code;
}

static int copy_directory(struct copy *copy, const char *relative, const char *to, unsigned depth)
{
    if (depth > TREE_DEPTH_MAX)
        return error_set(copy->error, -ELOOP, "%s/%s: directories are nested deeper than %d",
                         copy->from, relative, TREE_DEPTH_MAX);
    char *from = *relative ? str_format("%s/%s", copy->from, relative) : str_copy(copy->from);
    DIR *directory = opendir(from);
    int code = directory ? 0 : fail(copy, from);
    for (struct dirent *entry; !code && (entry = readdir(directory));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        char *below =
            *relative ? str_format("%s/%s", relative, entry->d_name) : str_copy(entry->d_name);
        char *below_to = str_format("%s/%s", to, entry->d_name);
        if (!source_rules_leave_out(&copy->rules, below, depth))
            code = copy_entry(copy, below, below_to, depth);
        free(below_to);
        free(below);
    }
    if (directory)
        closedir(directory);
    free(from);
    return code;
}

int copy_source(const char *from, const char *to, struct error *error)
{
    struct copy copy = {.from = from, .error = error};
    source_rules_read(from, &copy.rules);
    int code = copy_directory(&copy, "", to, 0);
    source_rules_release(&copy.rules);
    return code;
}

int copy_replace(const char *from, const char *to, struct error *error)
{
    struct copy copy = {.from = from, .error = error};
    struct stat status;
    char *beside = str_format("%s.rouse-new", to);
    int code = lstat(from, &status) ? fail(&copy, from) : 0;
    (void)unlink(beside);
    if (!code)
        code = S_ISLNK(status.st_mode) ? copy_link(&copy, from, beside)
                                       : copy_file(&copy, from, beside, &status);
    if (!code && rename(beside, to))
        code = fail(&copy, from);
    if (code)
        (void)unlink(beside);
    free(beside);
    return code;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)where;
    return kind == FTW_DP || kind == FTW_DNR ? rmdir(path) : unlink(path);
}

int tree_remove(const char *path, struct error *error)
{
    enum { DESCRIPTORS = 32 };
    errno = 0;
    if (!nftw(path, remove_entry, DESCRIPTORS, FTW_DEPTH | FTW_PHYS) || errno == ENOENT)
        return 0;
    int code = errno ? -errno : -EIO;
    return error_set(error, code, "cannot remove all of %s: %s", path, strerror(-code));
}
