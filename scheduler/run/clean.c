/* See clean.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/run/clean.h"
#include "base/memory.h"
#include "scheduler/run/copy.h"
#include "scheduler/run/rundir.h"
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static bool is_at_or_below(const char *id, const char *name)
{
    size_t n = strlen(name);
    return !strncmp(id, name, n) && (!id[n] || id[n] == '/');
}

int clean_find(const char *text, struct resolve_names *ret_ids, struct error *error)
{
    struct resolve_names all = {0};
    char *name = str_copy(text);
    for (size_t n = strlen(name); n > 1 && name[n - 1] == '/';)
        name[--n] = '\0';
    size_t length = strlen(name);
    if (length > 5 && !strcmp(name + length - 5, "/runN")) { /* the latest, by its own name */
        char *latest = resolve_run_n(name);
        free(name);
        name = latest;
    }
    int code = workflow_name_check(name, error);
    if (!code)
        resolve_list(&all);
    VEC_EACH (char *, id, &all) {
        if (is_at_or_below(*id, name))
            *vec_push(ret_ids) = str_copy(*id);
    }
    if (!code && !ret_ids->n)
        code = error_set(error, -ENOENT, "no workflow run of that name: %s", name);
    resolve_names_release(&all);
    free(name);
    return code;
}

/* The link runN beside run_dir, if it leads there (or nowhere). */
static void remove_run_n(const char *run_dir)
{
    const char *slash = strrchr(run_dir, '/');
    char *link = str_format("%.*s/runN", (int)(slash - run_dir), run_dir);
    struct stat status;
    if (!lstat(link, &status) && S_ISLNK(status.st_mode) && stat(link, &status))
        (void)unlink(link);
    free(link);
}

/* Upwards, as long as nothing is left but what installing put there. */
static void remove_empty_parents(const char *run_dir, const char *root)
{
    char *parent = str_copy(run_dir);
    struct error ignored = {0};
    for (char *slash; (slash = strrchr(parent, '/')) && (size_t)(slash - parent) > strlen(root);) {
        *slash = '\0';
        struct resolve_names left = {0};
        char *install = str_format("%s/_cylc-install", parent);
        (void)clean_find(parent + strlen(root) + 1, &left, &ignored);
        if (!left.n)
            (void)tree_remove(install, &ignored);
        resolve_names_release(&left);
        free(install);
        if (rmdir(parent))
            break;
    }
    free(parent);
}

/* --- directories that lie elsewhere: links of Cylc's [install]symlink dirs --- */

static const char *const symlink_dirs[] = {"log/job", "log", "share/cycle", "share", "work", ""};

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && !strcmp(text + n - m, end);
}

/* Where run_dir/relative lies if it is a link to .../cylc-run/ID/relative, made by installing;
 * heap. Any other link is only a link. */
static char *target_of(const char *id, const char *run_dir, const char *relative)
{
    char *path = *relative ? str_format("%s/%s", run_dir, relative) : str_copy(run_dir);
    char *ending = str_format("/cylc-run/%s%s%s", id, *relative ? "/" : "", relative);
    struct stat status;
    char *target = NULL;
    if (!lstat(path, &status) && S_ISLNK(status.st_mode))
        target = realpath(path, NULL);
    if (target && !ends_with(target, ending)) {
        free(target);
        target = NULL;
    }
    free(ending);
    free(path);
    return target;
}

/* Remove what it links to, if that is this run's, and the directories above that are empty then. */
static int remove_target(const char *id, const char *run_dir, const char *relative,
                         struct error *error)
{
    char *target = target_of(id, run_dir, relative);
    if (!target)
        return 0;
    int code = tree_remove(target, error);
    for (char *slash; !code && (slash = strrchr(target, '/'));) {
        *slash = '\0';
        if (ends_with(target, "/cylc-run") || rmdir(target))
            break;
    }
    free(target);
    return code;
}

int clean_run(const char *id, struct error *error)
{
    char *root = rundir_root();
    char *run_dir = rundir_of(id);
    int code = 0;
    for (size_t i = 0; i < sizeof symlink_dirs / sizeof *symlink_dirs && !code; i++)
        code = remove_target(id, run_dir, symlink_dirs[i], error);
    if (!code)
        code = tree_remove(run_dir, error);
    if (!code) {
        remove_run_n(run_dir);
        remove_empty_parents(run_dir, root);
    }
    free(run_dir);
    free(root);
    return code;
}

/* --- parts --- */

static bool leads_out(const char *part)
{
    if (*part == '/' || !*part)
        return true;
    for (const char *at = part; at; at = strchr(at, '/')) {
        at += *at == '/';
        size_t n = strcspn(at, "/");
        if ((n == 2 && !strncmp(at, "..", 2)) || (n == 1 && *at == '.'))
            return true;
    }
    return false;
}

/* Finding what a pattern means, below the run directory and nowhere else: links are not followed,
 * but those of [install]symlink dirs. */
struct finding {
    const char *id, *run_dir;
    struct resolve_names found; /* relative paths */
};

static bool is_directory_of_run(const struct finding *self, const char *relative)
{
    char *path = str_format("%s/%s", self->run_dir, relative);
    struct stat status;
    bool is = !lstat(path, &status) && S_ISDIR(status.st_mode);
    free(path);
    char *target = is ? NULL : target_of(self->id, self->run_dir, relative);
    is = is || target;
    free(target);
    return is;
}

static char *below(const char *relative, const char *name)
{
    return *relative ? str_format("%s/%s", relative, name) : str_copy(name);
}

static void find_parts(struct finding *self, const char *relative, const char *pattern,
                       unsigned depth);

/* One entry of the directory `relative`, against the first part of the pattern. */
static void find_entry(struct finding *self, const char *relative, const char *name,
                       const char *pattern, unsigned depth)
{
    size_t n = strcspn(pattern, "/");
    const char *rest = pattern[n] ? pattern + n + 1 : NULL;
    char *first = str_copy_n(pattern, n), *path = below(relative, name);
    bool any_depth = !strcmp(first, "**") && *name != '.';
    if (any_depth && is_directory_of_run(self, path))
        find_parts(self, path, pattern, depth + 1);
    if (!any_depth && !fnmatch(first, name, FNM_PERIOD)) {
        if (!rest)
            *vec_push(&self->found) = str_copy(path);
        else if (is_directory_of_run(self, path))
            find_parts(self, path, rest, depth + 1);
    } else if (any_depth && !rest) {
        *vec_push(&self->found) = str_copy(path);
    }
    free(path);
    free(first);
}

static void find_parts(struct finding *self, const char *relative, const char *pattern,
                       unsigned depth)
{
    if (depth > TREE_DEPTH_MAX)
        return;
    if (!strncmp(pattern, "**/", 3)) /* also at no depth at all */
        find_parts(self, relative, pattern + 3, depth + 1);
    char *path = *relative ? str_format("%s/%s", self->run_dir, relative) : str_copy(self->run_dir);
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            find_entry(self, relative, entry->d_name, pattern, depth);
    if (directory)
        closedir(directory);
    free(path);
}

static int remove_part(const char *id, const char *run_dir, const char *relative,
                       struct error *error)
{
    char *path = str_format("%s/%s", run_dir, relative);
    int code = 0;
    for (size_t i = 0; i + 1 < sizeof symlink_dirs / sizeof *symlink_dirs && !code; i++) {
        size_t n = strlen(relative);
        const char *each = symlink_dirs[i];
        if (!strncmp(each, relative, n) && (!each[n] || each[n] == '/'))
            code = remove_target(id, run_dir, each, error);
    }
    if (!code)
        code = tree_remove(path, error);
    free(path);
    return code;
}

static int clean_part(const char *id, const char *run_dir, const char *part, struct error *error)
{
    if (leads_out(part))
        return error_set(error, -EINVAL, "--rm: \"%s\" is not below the run directory", part);
    struct finding finding = {.id = id, .run_dir = run_dir};
    char *pattern = str_copy(part);
    for (size_t n = strlen(pattern); n > 1 && pattern[n - 1] == '/';)
        pattern[--n] = '\0';
    find_parts(&finding, "", pattern, 0);
    int code = 0;
    VEC_EACH (char *, path, &finding.found)
        if (!code)
            code = remove_part(id, run_dir, *path, error);
    resolve_names_release(&finding.found);
    free(pattern);
    return code;
}

int clean_parts(const char *id, const char *parts, struct error *error)
{
    char *run_dir = rundir_of(id);
    char *list = str_copy(parts);
    int code = 0;
    for (char *part = list, *end; part && !code; part = end) {
        end = strchr(part, ':');
        if (end)
            *end++ = '\0';
        code = clean_part(id, run_dir, part, error);
    }
    free(list);
    free(run_dir);
    return code;
}
