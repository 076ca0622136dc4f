/* See symlinks.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/run/symlinks.h"
#include "base/memory.h"
#include "base/text.h"
#include "scheduler/run/copy.h"
#include "scheduler/run/expand.h"
#include "scheduler/run/rundir.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define NAME_(name) name,
const char *const symlink_names[SYMLINK_DIRS_N] = {SYMLINK_DIRS(NAME_)};
#undef NAME_

static char *trim(char *text)
{
    text += strspn(text, " \t");
    for (size_t n = strlen(text); n && strchr(" \t", text[n - 1]);)
        text[--n] = '\0';
    return text;
}

static int parse_one(char *pair, struct symlink_dirs *dirs, struct error *error)
{
    char *equals = strchr(pair, '=');
    if (!equals)
        return error_set(error, -EINVAL, "symlink dirs: \"%s\" is not NAME=DIRECTORY", pair);
    *equals = '\0';
    const char *name = trim(pair);
    for (size_t i = 0; i < SYMLINK_DIRS_N; i++)
        if (!strcmp(name, symlink_names[i])) {
            dirs->at[i] = trim(equals + 1);
            return 0;
        }
    return error_set(error, -EINVAL,
                     "symlink dirs: \"%s\" is not one of run, log, share, work, log/job, "
                     "share/cycle",
                     name);
}

int symlink_dirs_parse(char *text, struct symlink_dirs *ret_dirs, struct error *error)
{
    struct symlink_dirs dirs = {0};
    int code = 0;
    for (char *at = text, *next; at && !code; at = next) {
        next = strchr(at, ',');
        if (next)
            *next++ = '\0';
        at = trim(at);
        if (*at)
            code = parse_one(at, &dirs, error);
    }
    if (!code)
        *ret_dirs = dirs;
    return code;
}

static int make_target(const char *path, const char *target, struct error *error)
{
    struct stat status;
    if (!lstat(target, &status))
        return error_set(error, -EEXIST, "Symlink dir target already exists: (%s ->) %s", path,
                         target);
    return directory_make(target, error);
}

static int link_one(const char *path, const char *target, struct error *error)
{
    char *parent = str_copy(path);
    *strrchr(parent, '/') = '\0';
    int code = make_target(path, target, error);
    if (!code)
        code = directory_make(parent, error);
    if (!code && symlink(target, path))
        code = error_set(error, -errno, "cannot link %s to %s: %s", path, target, strerror(errno));
    free(parent);
    return code;
}

/* The directory that `name` is to lie below; NULL: nothing to be done, or an error. */
static char *base_of(const struct symlink_dirs *dirs, size_t i, struct error *error)
{
    const char *base = dirs->at[i];
    if (!base || !*base || (i > 0 && dirs->at[0] && !strcmp(base, dirs->at[0])))
        return NULL;
    char *expanded = path_expand(base);
    if (strchr(expanded, '$'))
        error_set(error, -EINVAL,
                  "Unable to create symlink to %s: '%s' contains an invalid environment variable. "
                  "Please check configuration.",
                  symlink_names[i], base);
    else if (expanded[0] != '/')
        error_set(error, -EINVAL, "Unable to create symlink to %s: '%s' is no absolute path",
                  symlink_names[i], base);
    else
        return expanded;
    free(expanded);
    return NULL;
}

struct making {
    const char *id, *run_dir;
    const struct symlink_dirs *dirs;
    char *paths[SYMLINK_DIRS_N], *targets[SYMLINK_DIRS_N]; /* made; NULL: not */
    bool run_made;
};

static int make_run(struct making *self, struct error *error)
{
    char *parent = str_copy(self->run_dir);
    *strrchr(parent, '/') = '\0';
    int code = directory_make(parent, error);
    if (!code && mkdir(self->run_dir, 0755))
        code = error_set(error, -errno, "cannot make %s: %s", self->run_dir, strerror(errno));
    self->run_made = !code;
    free(parent);
    return code;
}

static int make_one(struct making *self, size_t i, struct error *error)
{
    const char *name = i ? symlink_names[i] : "", *slash = i ? "/" : "";
    char *base = base_of(self->dirs, i, error);
    if (error->code)
        return error->code;
    char *path = str_format("%s%s%s", self->run_dir, slash, name);
    char *target = str_format("%s/cylc-run/%s%s%s", base ? base : "", self->id, slash, name);
    int code = 0;
    if (base && strcmp(path, target)) {
        code = link_one(path, target, error);
        if (!code) {
            self->paths[i] = path;
            self->targets[i] = target;
            path = target = NULL;
        }
    } else if (i == 0) {
        code = make_run(self, error);
    }
    free(base);
    free(path);
    free(target);
    return code;
}

static void take_back(const struct making *self)
{
    struct error ignored = {0};
    for (size_t i = SYMLINK_DIRS_N; i-- > 0;)
        if (self->paths[i]) {
            (void)unlink(self->paths[i]);
            (void)tree_remove(self->targets[i], &ignored);
        }
    if (self->run_made)
        (void)tree_remove(self->run_dir, &ignored);
}

int symlinks_make(const char *id, const char *run_dir, const struct symlink_dirs *dirs,
                  void (*made)(void *context, const char *path, const char *target), void *context,
                  struct error *error)
{
    struct making self = {.id = id, .run_dir = run_dir, .dirs = dirs};
    struct error found = {0};
    int code = 0;
    for (size_t i = 0; i < SYMLINK_DIRS_N && !code; i++)
        code = make_one(&self, i, &found);
    if (code) {
        take_back(&self);
        *error = found;
    }
    for (size_t i = 0; i < SYMLINK_DIRS_N; i++) {
        if (!code && self.paths[i])
            made(context, self.paths[i], self.targets[i]);
        free(self.paths[i]);
        free(self.targets[i]);
    }
    return code;
}
