/* See reinstall.h. Two walks: over the source for what is new or different, over the run directory
 * for what the source no longer has. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/run/reinstall.h"
#include "base/memory.h"
#include "scheduler/run/copy.h"
#include "scheduler/run/install.h"
#include "scheduler/run/rundir.h"
#include "scheduler/run/source_rules.h"
#include "scheduler/run/start_files.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

struct reinstall {
    const char *source, *run_dir;
    struct source_rules rules;
    bool dry;
    reinstall_change *change;
    void *context;
    struct error *error;
    int n;
};

typedef int visit(struct reinstall *self, const char *relative, unsigned depth);

static int fail(struct reinstall *self, const char *path)
{
    int code = errno ? -errno : -EIO;
    return error_set(self->error, code, "cannot reinstall %s: %s", path, strerror(-code));
}

static void note(struct reinstall *self, const char *relative, bool removed)
{
    self->n++;
    self->change(self->context, relative, removed);
}

/* Each entry of root/relative that is not left out. */
static int walk(struct reinstall *self, const char *root, const char *relative, unsigned depth,
                visit *each)
{
    if (depth > TREE_DEPTH_MAX)
        return error_set(self->error, -ELOOP, "%s/%s: directories are nested deeper than %d", root,
                         relative, TREE_DEPTH_MAX);
    char *path = *relative ? str_format("%s/%s", root, relative) : str_copy(root);
    struct resolve_names names = {0};
    DIR *directory = opendir(path);
    int code = directory ? 0 : fail(self, path);
    for (struct dirent *entry; !code && (entry = readdir(directory));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            *vec_push(&names) =
                *relative ? str_format("%s/%s", relative, entry->d_name) : str_copy(entry->d_name);
    if (directory)
        closedir(directory);
    VEC_EACH (char *, below, &names) /* only now: visiting may change the directory */
        if (!code && !source_rules_leave_out(&self->rules, *below, depth))
            code = each(self, *below, depth);
    resolve_names_release(&names);
    free(path);
    return code;
}

static bool same_bytes(const char *a, const char *b)
{
    char left[65536], right[65536];
    FILE *x = fopen(a, "re"), *y = fopen(b, "re");
    bool same = x && y;
    for (size_t n = 1; same && n;) {
        n = fread(left, 1, sizeof left, x);
        same = fread(right, 1, sizeof right, y) == n && !memcmp(left, right, n);
    }
    if (x)
        (void)fclose(x);
    if (y)
        (void)fclose(y);
    return same;
}

static bool same_target(const char *a, const char *b)
{
    char left[PATH_MAX], right[PATH_MAX];
    ssize_t n = readlink(a, left, sizeof left), m = readlink(b, right, sizeof right);
    return n >= 0 && n == m && !memcmp(left, right, (size_t)n);
}

static bool is_same(const char *from, const struct stat *source, const char *to)
{
    struct stat there;
    if (lstat(to, &there) ||
        (there.st_mode & (S_IFMT | 07777)) != (source->st_mode & (S_IFMT | 07777)))
        return false;
    if (S_ISLNK(source->st_mode))
        return same_target(from, to);
    return there.st_size == source->st_size && same_bytes(from, to);
}

static int send_entry(struct reinstall *self, const char *relative, unsigned depth);

static int send_directory(struct reinstall *self, const char *relative, const char *to,
                          const struct stat *status, unsigned depth)
{
    struct stat there;
    bool exists = !lstat(to, &there) && S_ISDIR(there.st_mode);
    if (!exists && !self->dry) {
        (void)unlink(to); /* a file that has become a directory */
        if (mkdir(to, (status->st_mode & 07777) | 0700))
            return fail(self, to);
    }
    return walk(self, self->source, relative, depth + 1, send_entry);
}

static int send_file(struct reinstall *self, const char *relative, const char *from, const char *to)
{
    struct stat there;
    note(self, relative, false);
    if (self->dry)
        return 0;
    if (!lstat(to, &there) && S_ISDIR(there.st_mode)) {
        int code = tree_remove(to, self->error);
        if (code)
            return code;
    }
    return copy_replace(from, to, self->error);
}

/* One entry of the source. */
static int send_entry(struct reinstall *self, const char *relative, unsigned depth)
{
    char *from = str_format("%s/%s", self->source, relative);
    char *to = str_format("%s/%s", self->run_dir, relative);
    struct stat status;
    int code = 0;
    if (lstat(from, &status))
        code = fail(self, from);
    else if (S_ISDIR(status.st_mode))
        code = send_directory(self, relative, to, &status, depth);
    else if ((S_ISREG(status.st_mode) || S_ISLNK(status.st_mode)) && !is_same(from, &status, to))
        code = send_file(self, relative, from, to);
    free(to);
    free(from);
    return code;
}

/* One entry of the run directory. */
static int remove_entry(struct reinstall *self, const char *relative, unsigned depth)
{
    char *from = str_format("%s/%s", self->source, relative);
    char *to = str_format("%s/%s", self->run_dir, relative);
    struct stat there, source;
    int code = 0;
    if (lstat(to, &there)) {
        code = 0; /* gone meanwhile */
    } else if (!lstat(from, &source)) {
        if (S_ISDIR(there.st_mode) && S_ISDIR(source.st_mode))
            code = walk(self, self->run_dir, relative, depth + 1, remove_entry);
    } else {
        note(self, relative, true);
        code = self->dry ? 0 : tree_remove(to, self->error);
    }
    free(to);
    free(from);
    return code;
}

/* log/install/NN-reinstall.log, the next number. */
static void write_log(const struct workflow_place *place, const char *source)
{
    struct error ignored = {0};
    char *folder = str_format("%s/log/install", place->run_dir), *path = NULL;
    char *line = str_format("REINSTALLED %s from %s", place->id, source);
    int fd = directory_make(folder, &ignored) ? -1 : -2;
    for (unsigned i = 1; fd == -2 && i < 100000; i++) {
        free(path);
        path = str_format("%s/%02u-reinstall.log", folder, i);
        char *first = str_format("%s/%02u-install.log", folder, i);
        if (access(first, F_OK) &&
            (fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) < 0)
            fd = errno == EEXIST ? -2 : -1;
        free(first);
    }
    if (fd >= 0) {
        rundir_log(fd, 0, false, "INFO", line);
        close(fd);
    }
    free(line);
    free(path);
    free(folder);
}

int reinstall_workflow(const struct workflow_place *place, bool dry, reinstall_change *change,
                       void *context, char **ret_source, struct error *error)
{
    struct reinstall self = {.run_dir = place->run_dir,
                             .dry = dry,
                             .change = change,
                             .context = context,
                             .error = error};
    char *source = install_source_of(place->run_dir);
    if (!source)
        return error_set(error, -ENOENT,
                         "%s was not installed from a source, or the source is gone "
                         "(_cylc-install/source)",
                         place->id);
    self.source = source;
    source_rules_read(source, &self.rules);
    int code = walk(&self, self.source, "", 0, send_entry);
    if (!code)
        code = walk(&self, self.run_dir, "", 0, remove_entry);
    source_rules_release(&self.rules);
    if (!code && self.n && !dry)
        write_log(place, source);
    if (code)
        free(source);
    else
        *ret_source = source;
    return code ? code : self.n;
}
