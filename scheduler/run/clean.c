/* See clean.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/run/clean.h"
#include "base/memory.h"
#include "scheduler/run/copy.h"
#include "scheduler/run/rundir.h"
#include <errno.h>
#include <glob.h>
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

int clean_run(const char *id, struct error *error)
{
    char *root = rundir_root();
    char *run_dir = rundir_of(id);
    int code = tree_remove(run_dir, error);
    if (!code) {
        remove_run_n(run_dir);
        remove_empty_parents(run_dir, root);
    }
    free(run_dir);
    free(root);
    return code;
}

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

static int clean_part(const char *run_dir, const char *part, struct error *error)
{
    if (leads_out(part))
        return error_set(error, -EINVAL, "--rm: \"%s\" is not below the run directory", part);
    char *pattern = str_format("%s/%s", run_dir, part);
    glob_t found = {0};
    int code = 0;
    if (!glob(pattern, 0, NULL, &found))
        for (size_t i = 0; i < found.gl_pathc && !code; i++)
            code = tree_remove(found.gl_pathv[i], error);
    globfree(&found);
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
        code = clean_part(run_dir, part, error);
    }
    free(list);
    free(run_dir);
    return code;
}
