/* File operations of the real world. "Atomic" means that another process sees the old contents or
 * the new, never a part; it is no promise about power loss, since nothing here is synced: what has
 * to survive that is in the database. */
#include "coroutines/files.h"
#include "base/check.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

enum { READ_SIZE = 64 * 1024 };

static int open_retrying(const char *path, int flags, mode_t mode)
{
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

int files_read(struct env *env, const char *path, uint64_t offset, struct text *out)
{
    (void)env;
    int fd = open_retrying(path, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    size_t before = out->n;
    char buffer[READ_SIZE];
    int result = 0;
    for (;;) {
        ssize_t n = pread(fd, buffer, sizeof buffer, (off_t)(offset + (out->n - before)));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            result = -errno;
        if (n <= 0)
            break;
        text_add_n(out, buffer, (size_t)n);
    }
    close(fd);
    if (result < 0 && out->n > before) {
        out->n = before;
        out->at[before] = '\0';
    }
    return result;
}

int files_write_all(int fd, const void *bytes, size_t n)
{
    const char *at = bytes;
    while (n) {
        ssize_t written = write(fd, at, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        at += written;
        n -= (size_t)written;
    }
    return 0;
}

static mode_t mode_of(unsigned flags)
{
    mode_t mode = flags & ENV_PRIVATE ? 0600 : 0666;
    return flags & ENV_EXECUTABLE ? mode | (mode & 0444) >> 2 : mode;
}

/* Write and close; a file that could not be written whole is removed if we made it. */
static int fill(const char *path, int open_flags, const void *bytes, size_t n, unsigned flags)
{
    int fd = open_retrying(path, O_WRONLY | O_CREAT | open_flags, mode_of(flags));
    if (fd < 0)
        return fd;
    int result = files_write_all(fd, bytes, n);
    /* An older file keeps its mode at open. */
    struct stat there;
    if (!result && (flags & (ENV_PRIVATE | ENV_EXECUTABLE)) && fstat(fd, &there) == 0) {
        mode_t mode = there.st_mode & (flags & ENV_PRIVATE ? 0700 : 0777);
        if (flags & ENV_EXECUTABLE)
            mode |= (mode & 0444) >> 2;
        if (mode != (there.st_mode & 0777) && fchmod(fd, mode) < 0)
            result = -errno;
    }
    if (close(fd) < 0 && !result)
        result = -errno;
    if (result && (open_flags & O_EXCL))
        unlink(path);
    return result;
}

/* A name beside `path` which no other thread of this host uses. */
static char *beside(const char *path)
{
    return str_format("%s.%ld~", path, (long)gettid());
}

static int fill_atomically(const char *path, const void *bytes, size_t n, unsigned flags)
{
    struct stat old;
    if ((flags & ENV_EXCLUSIVE) && lstat(path, &old) == 0)
        return -EEXIST;
    char *temporary = beside(path);
    unlink(temporary); /* left by a crash */
    int result = fill(temporary, O_EXCL, bytes, n, flags);
    if (!result && (flags & ENV_EXCLUSIVE)) {
        /* link() fails where rename() would replace. */
        result = link(temporary, path) < 0 ? -errno : 0;
        unlink(temporary);
    } else if (!result && rename(temporary, path) < 0) {
        result = -errno;
        unlink(temporary);
    }
    free(temporary);
    return result;
}

int files_write(struct env *env, const char *path, const void *bytes, size_t n, unsigned flags)
{
    (void)env;
    PRE(!((flags & ENV_APPEND) && (flags & ENV_ATOMIC)));
    if (flags & ENV_ATOMIC)
        return fill_atomically(path, bytes, n, flags);
    int open_flags = flags & ENV_APPEND ? O_APPEND : O_TRUNC;
    if (flags & ENV_EXCLUSIVE)
        open_flags |= O_EXCL;
    return fill(path, open_flags, bytes, n, flags);
}

static int make_one(const char *path)
{
    if (mkdir(path, 0777) == 0)
        return 0;
    int code = -errno;
    struct stat there;
    if (code == -EEXIST)
        return stat(path, &there) < 0 ? -errno : S_ISDIR(there.st_mode) ? 0 : -ENOTDIR;
    return code;
}

int files_directory_make(struct env *env, const char *path)
{
    (void)env;
    int result = make_one(path);
    if (result != -ENOENT)
        return result;
    /* Usually only the last ones are missing: back to one that is there, then forward again. */
    char *parts = str_copy(path), *slash;
    size_t size = strlen(path);
    while (result == -ENOENT && (slash = strrchr(parts, '/')) && slash != parts) {
        *slash = '\0';
        result = make_one(parts);
    }
    for (size_t n; !result && (n = strlen(parts)) < size;) {
        parts[n] = '/';
        result = make_one(parts);
    }
    free(parts);
    return result;
}

int files_link_make(struct env *env, const char *target, const char *path)
{
    (void)env;
    if (symlink(target, path) == 0)
        return 0;
    if (errno != EEXIST)
        return -errno;
    char *temporary = beside(path);
    unlink(temporary);
    int result = symlink(target, temporary) < 0 ? -errno : 0;
    if (!result && rename(temporary, path) < 0) {
        result = -errno;
        unlink(temporary);
    }
    free(temporary);
    return result;
}

int files_remove(struct env *env, const char *path)
{
    (void)env;
    return remove(path) < 0 ? -errno : 0;
}

int files_size(struct env *env, const char *path, uint64_t *ret_size)
{
    (void)env;
    struct stat there;
    if (stat(path, &there) < 0)
        return -errno;
    *ret_size = (uint64_t)there.st_size;
    return 0;
}
