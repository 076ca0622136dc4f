/* See resolve.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/run/resolve.h"
#include "base/id.h"
#include "scheduler/run/process.h"
#include "scheduler/run/rundir.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

void workflow_place_release(struct workflow_place *place)
{
    free(place->id);
    free(place->run_dir);
    *place = (struct workflow_place){0};
}

static bool is_directory(const char *path)
{
    struct stat status;
    return !stat(path, &status) && S_ISDIR(status.st_mode);
}

static bool is_file(const char *path)
{
    struct stat status;
    return !stat(path, &status) && S_ISREG(status.st_mode);
}

static bool looks_like_path(const char *text)
{
    return text[0] == '/' || !strcmp(text, ".") || !strcmp(text, "..") || !strncmp(text, "./", 2) ||
           !strncmp(text, "../", 3);
}

/* The part of a real path below ~/cylc-run, or NULL. */
static char *below_root(const char *real)
{
    char *root = rundir_root();
    char *real_root = realpath(root, NULL);
    size_t n = real_root ? strlen(real_root) : 0;
    char *id = NULL;
    if (n && !strncmp(real, real_root, n) && real[n] == '/')
        id = str_copy(real + n + 1);
    free(real_root);
    free(root);
    return id;
}

static int resolve_path(const char *text, char **ret_id, struct error *error)
{
    char *real = realpath(text, NULL);
    char *id = real ? below_root(real) : NULL;
    int code = 0;
    if (!real)
        code = error_set(error, -errno, "%s: %s", text, strerror(errno));
    else if (!id)
        code = error_set(error, -EINVAL,
                         "%s is not a run directory: it is not below ~/cylc-run (install it first)",
                         text);
    else
        *ret_id = id;
    free(real);
    return code;
}

int workflow_name_check(const char *name, struct error *error)
{
    size_t n = strlen(name);
    if (!n || n > 254)
        return error_set(error, -EINVAL, "a workflow name must have 1 to 254 characters");
    if (name[0] == '/' || name[n - 1] == '/' || strstr(name, "//"))
        return error_set(error, -EINVAL, "\"%s\" is no workflow name", name);
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (*part == '.' || *part == '-')
            return error_set(error, -EINVAL,
                             "\"%s\" is no workflow name: no part of it may begin with '%c'", name,
                             *part);
    }
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("_+-@./", *c) && !(*c & '\x80'))
            return error_set(error, -EINVAL, "\"%s\" is no workflow name: '%c' may not be in it",
                             name, *c);
    return 0;
}

static int check_user(struct slice user, struct error *error)
{
    if (!user.n)
        return 0;
    char *me = process_user();
    bool mine = slice_equal(user, me);
    free(me);
    return mine ? 0
                : error_set(error, -EPERM, "workflows of other users (~%.*s) cannot be commanded",
                            (int)user.n, user.at);
}

/* NAME of "NAME" or "NAME/runN" becomes "NAME/runX" where runN points; else a copy. */
char *resolve_run_n(const char *id)
{
    size_t n = strlen(id);
    bool has_run_n = n > 5 && !strcmp(id + n - 5, "/runN");
    char *base = str_copy_n(id, has_run_n ? n - 5 : n);
    char *directory = rundir_of(base);
    char *link = str_format("%s/runN", directory);
    char target[PATH_MAX];
    ssize_t length = readlink(link, target, sizeof target - 1);
    char *result = NULL;
    if (length > 0) {
        target[length] = '\0';
        const char *last = strrchr(target, '/');
        result = str_format("%s/%s", base, last ? last + 1 : target);
    }
    free(link);
    free(directory);
    if (!result)
        result = str_copy(id);
    free(base);
    return result;
}

static int resolve_id(struct slice text, char **ret_id, struct error *error)
{
    char *name = slice_copy(text);
    for (size_t n = strlen(name); n > 1 && name[n - 1] == '/';)
        name[--n] = '\0';
    int code = 0;
    char *id = NULL;
    if (looks_like_path(name))
        code = resolve_path(name, &id, error);
    else if (!(code = workflow_name_check(name, error)))
        id = str_copy(name);
    if (!code)
        *ret_id = resolve_run_n(id);
    free(id);
    free(name);
    return code;
}

static int find_place(struct slice workflow, struct workflow_place *ret_place, struct error *error)
{
    struct workflow_place place = {0};
    int code = resolve_id(workflow, &place.id, error);
    if (code)
        return code;
    place.run_dir = rundir_of(place.id);
    if (is_directory(place.run_dir)) {
        *ret_place = place;
        return 0;
    }
    code = error_set(error, -ENOENT, "Workflow ID not found: %s (no directory %s)", place.id,
                     place.run_dir);
    workflow_place_release(&place);
    return code;
}

/* The workflow of an argument, and what follows its "//" (empty: nothing). */
static int split_argument(const char *text, struct slice *ret_workflow, const char **ret_relative,
                          struct error *error)
{
    const char *at = text;
    struct slice user = {0};
    if (*at == '~') {
        size_t n = strcspn(++at, "/");
        user = (struct slice){at, n};
        at += n + (at[n] == '/');
    }
    const char *relative = strstr(at, "//");
    size_t n = relative ? (size_t)(relative - at) : strlen(at);
    if (!n)
        return error_set(error, -EINVAL, "no workflow is named in \"%s\"", text);
    int code = check_user(user, error);
    if (code)
        return code;
    *ret_workflow = (struct slice){at, n};
    *ret_relative = relative ? relative + 2 : "";
    return 0;
}

int resolve_workflow(const char *text, struct workflow_place *ret_place, struct error *error)
{
    struct slice workflow;
    const char *relative;
    int code = split_argument(text, &workflow, &relative, error);
    if (code)
        return code;
    if (*relative)
        return error_set(error, -EINVAL, "a workflow is expected here, not a task: %s", text);
    return find_place(workflow, ret_place, error);
}

/* Either file name a definition may have. */
static char *definition_in(const char *directory)
{
    static const char *const names[] = {"flow.cylc", "suite.rc"};
    for (size_t i = 0; i < 2; i++) {
        char *path = str_format("%s/%s", directory, names[i]);
        if (is_file(path))
            return path;
        free(path);
    }
    return NULL;
}

static int resolve_definition_path(const char *text, char **ret_path, struct error *error)
{
    char *path = is_file(text) ? str_copy(text) : definition_in(text);
    char *real = path ? realpath(path, NULL) : NULL;
    free(path);
    if (!real)
        return error_set(error, -ENOENT, "No flow.cylc or suite.rc in %s", text);
    *ret_path = str_copy(real);
    free(real);
    return 0;
}

int resolve_definition(const char *text, char **ret_path, struct error *error)
{
    struct workflow_place place;
    if (looks_like_path(text))
        return resolve_definition_path(text, ret_path, error);
    int code = resolve_workflow(text, &place, error);
    if (code == -ENOENT && (is_file(text) || is_directory(text)))
        return resolve_definition_path(text, ret_path, error);
    if (code)
        return code;
    char *path = definition_in(place.run_dir);
    if (!path)
        code = error_set(error, -ENOENT, "No flow.cylc or suite.rc in %s", place.run_dir);
    else
        *ret_path = path;
    workflow_place_release(&place);
    return code;
}

/* The target of `place`, which it takes over: one that is there already, or a new one. */
static struct target *add_target(struct targets *targets, struct workflow_place *place)
{
    for (size_t i = 0; i < targets->n; i++)
        if (!strcmp(targets->at[i].place.id, place->id)) {
            workflow_place_release(place);
            return &targets->at[i];
        }
    targets->at = mem_resize_array(targets->at, targets->n + 1, sizeof *targets->at);
    struct target *target = &targets->at[targets->n++];
    *target = (struct target){.place = *place};
    return target;
}

static int add_id(struct target *target, const char *relative, struct error *error)
{
    struct id id = {0};
    int code = id_parse_relative(slice_of(relative), &id, error);
    if (!code)
        *vec_push(&target->ids) = str_copy(relative);
    return code;
}

static bool has_contact_file(const char *id)
{
    char *run_dir = rundir_of(id);
    char *path = str_format("%s/.service/contact", run_dir);
    bool has = is_file(path);
    free(path);
    free(run_dir);
    return has;
}

/* Those that run and that the pattern means. */
static int add_matching(struct targets *targets, struct slice workflow, struct error *error)
{
    struct resolve_names names = {0};
    char *pattern = slice_copy(workflow);
    int code = 0;
    bool any = false;
    resolve_list(&names);
    VEC_EACH (char *, name, &names) {
        struct workflow_place place;
        if (code || fnmatch(pattern, *name, 0) || !has_contact_file(*name))
            continue;
        if (!(code = find_place(slice_of(*name), &place, error)))
            any = add_target(targets, &place)->is_last = true;
    }
    if (!code && !any)
        code = error_set(error, -ENOENT, "no workflow that runs matches \"%s\"", pattern);
    resolve_names_release(&names);
    free(pattern);
    return code;
}

static int add_workflow(struct targets *targets, struct slice workflow, struct error *error)
{
    struct workflow_place place;
    for (size_t i = 0; i < targets->n; i++)
        targets->at[i].is_last = false;
    for (size_t i = 0; i < workflow.n; i++)
        if (strchr("*?[", workflow.at[i]))
            return add_matching(targets, workflow, error);
    int code = find_place(workflow, &place, error);
    if (!code)
        add_target(targets, &place)->is_last = true;
    return code;
}

static int add_id_to_last(struct targets *targets, const char *relative, struct error *error)
{
    int code = 0;
    for (size_t i = 0; i < targets->n && !code; i++)
        if (targets->at[i].is_last)
            code = add_id(&targets->at[i], relative, error);
    return code;
}

static int add_argument(struct targets *targets, const char *text, struct error *error)
{
    if (!strncmp(text, "//", 2)) {
        if (!targets->n)
            return error_set(error, -EINVAL, "%s: a workflow must be named before it", text);
        return add_id_to_last(targets, text + 2, error);
    }
    struct slice workflow;
    const char *relative;
    int code = split_argument(text, &workflow, &relative, error);
    if (!code)
        code = add_workflow(targets, workflow, error);
    return !code && *relative ? add_id_to_last(targets, relative, error) : code;
}

int resolve_targets(int n, char *const *arguments, bool allow_ids, bool need_ids,
                    struct targets *ret_targets, struct error *error)
{
    struct targets targets = {0};
    int code = n ? 0 : error_set(error, -EINVAL, "no workflow is named");
    for (int i = 0; i < n && !code; i++)
        code = add_argument(&targets, arguments[i], error);
    for (size_t i = 0; i < targets.n && !code; i++) {
        const struct target *target = &targets.at[i];
        if (need_ids && !target->ids.n)
            code = error_set(error, -EINVAL, "no tasks of %s are named: write %s//CYCLE/TASK",
                             target->place.id, target->place.id);
        else if (!allow_ids && target->ids.n)
            code = error_set(error, -EINVAL, "a workflow is expected here, not a task: %s//%s",
                             target->place.id, target->ids.at[0]);
    }
    if (code)
        targets_release(&targets);
    else
        *ret_targets = targets;
    return code;
}

void targets_release(struct targets *targets)
{
    for (size_t i = 0; i < targets->n; i++) {
        struct target *target = &targets->at[i];
        workflow_place_release(&target->place);
        VEC_EACH (char *, id, &target->ids) {
            free(*id);
        }
        vec_release(&target->ids);
    }
    free(targets->at);
    *targets = (struct targets){0};
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_link(const char *path)
{
    struct stat status;
    return !lstat(path, &status) && S_ISLNK(status.st_mode);
}

static void list_below(const char *root, const char *id, unsigned depth,
                       struct resolve_names *names)
{
    char *path = *id ? str_format("%s/%s", root, id) : str_copy(root);
    DIR *directory = NULL;
    if (*id && rundir_is_one(path))
        *vec_push(names) = str_copy(id);
    else if (depth < RUNDIR_DEPTH_MAX)
        directory = opendir(path);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "runN") ||
            !strcmp(entry->d_name, "_cylc-install"))
            continue;
        char *below = *id ? str_format("%s/%s", id, entry->d_name) : str_copy(entry->d_name);
        char *below_path = str_format("%s/%s", root, below);
        if (is_directory(below_path) &&
            (depth == 0 || !is_link(below_path) || rundir_is_one(below_path)))
            list_below(root, below, depth + 1, names);
        free(below_path);
        free(below);
    }
    if (directory)
        closedir(directory);
    free(path);
}

void resolve_list(struct resolve_names *ret_names)
{
    char *root = rundir_root();
    list_below(root, "", 0, ret_names);
    if (ret_names->n)
        qsort(ret_names->at, ret_names->n, sizeof *ret_names->at, compare_names);
    free(root);
}

void resolve_names_release(struct resolve_names *names)
{
    VEC_EACH (char *, name, names) {
        free(*name);
    }
    vec_release(names);
}
