/* Where a source goes, and what is written beside it: the link _cylc-install/source, runN and the
 * install log. Copying itself is in copy.c. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/run/install.h"
#include "base/memory.h"
#include "base/text.h"
#include "scheduler/run/clean.h"
#include "scheduler/run/copy.h"
#include "scheduler/run/expand.h"
#include "scheduler/run/resolve.h"
#include "scheduler/run/start_files.h"
#include <ctype.h>
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

char *install_source_of(const char *run_dir)
{
    char *source = NULL;
    for (size_t i = 0; i < 2 && !source; i++) {
        char *link =
            str_format(i ? "%s/../_cylc-install/source" : "%s/_cylc-install/source", run_dir);
        source = realpath(link, NULL);
        free(link);
    }
    return source;
}

void installed_release(struct installed *installed)
{
    free(installed->id);
    free(installed->source);
    free(installed->run_dir);
    *installed = (struct installed){0};
}

static bool exists(const char *directory, const char *name)
{
    char *path = str_format("%s/%s", directory, name);
    struct stat status;
    bool there = !lstat(path, &status);
    free(path);
    return there;
}

/* A name may stand for a directory in one of the source dirs: the first that has it. */
static char *find_source(const struct install_options *options, const char *text)
{
    static const char *const usual[] = {"~/cylc-src"};
    const char *const *dirs = options->n_source_dirs ? options->source_dirs : usual;
    size_t n = options->n_source_dirs ? options->n_source_dirs : 1;
    char *real = NULL;
    for (size_t i = 0; i < n && !real && text[0] != '.' && text[0] != '/'; i++) {
        char *dir = path_expand(dirs[i]), *path = str_format("%s/%s", dir, text);
        real = realpath(path, NULL);
        free(path);
        free(dir);
    }
    return real ? real : realpath(text, NULL);
}

static int check_source(const char *given, const char *source, struct error *error)
{
    if (!source)
        return error_set(error, -ENOENT, "no such source directory: %s", given);
    if (!exists(source, "flow.cylc") && !exists(source, "suite.rc"))
        return error_set(error, -ENOENT, "No flow.cylc or suite.rc in %s", source);
    char *root = rundir_root();
    char *real_root = realpath(root, NULL);
    size_t n = real_root ? strlen(real_root) : 0;
    int code = 0;
    if (n && !strncmp(source, real_root, n) && source[n] == '/')
        code = error_set(error, -EINVAL, "Source directory cannot be below %s: %s", root, source);
    const char *place = real_root ? real_root : root;
    size_t length = strlen(source);
    if (!code && !strncmp(place, source, length) && place[length] == '/')
        code = error_set(error, -EINVAL,
                         "Source directory cannot hold the run directories: %s is in %s", place,
                         source);
    free(real_root);
    free(root);
    return code;
}

static int check_run_name(const struct install_options *options, struct error *error)
{
    const char *name = options->run_name;
    if (!name)
        return 0;
    if (options->no_run_name)
        return error_set(error, -EINVAL, "--run-name and --no-run-name exclude each other");
    if (strchr(name, '/') || workflow_name_check(name, error))
        return error_set(error, -EINVAL, "\"%s\" is no run name", name);
    size_t digits = strlen(name) > 3 ? strspn(name + 3, "0123456789") : 0;
    if (!strcmp(name, "runN") || !strcmp(name, "_cylc-install") ||
        (!strncmp(name, "run", 3) && digits && !name[3 + digits]))
        return error_set(error, -EINVAL,
                         "run name cannot be \"%s\": such names are given automatically", name);
    return 0;
}

/* The number of the last run below `directory`; 0: none. */
static unsigned last_run(const char *directory)
{
    unsigned last = 0;
    DIR *dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        unsigned number;
        int end = 0;
        if (sscanf(entry->d_name, "run%u%n", &number, &end) == 1 && !entry->d_name[end] &&
            number > last)
            last = number;
    }
    if (dir)
        closedir(dir);
    return last;
}

/* A run directory must not lie inside another one. */
static int check_parents(const char *name, struct error *error)
{
    int code = 0;
    for (const char *slash = strchr(name, '/'); slash && !code; slash = strchr(slash + 1, '/')) {
        char *parent_name = str_copy_n(name, (size_t)(slash - name));
        char *parent = rundir_of(parent_name);
        if (rundir_is_one(parent))
            code = error_set(error, -EINVAL,
                             "Nested run directories not allowed - cannot install workflow in "
                             "'%s' as '%s' is already a valid run directory.",
                             name, parent);
        free(parent);
        free(parent_name);
    }
    return code;
}

/* What is below ~/cylc-run/NAME already, and whether this run may stand beside it. */
static int choose_run(const struct install_options *options, const char *name,
                      struct installed *installed, struct error *error)
{
    char *base = rundir_of(name);
    unsigned last = last_run(base);
    bool numbered = exists(base, "runN");
    bool named = !numbered && exists(base, "_cylc-install");
    int code = check_parents(name, error);
    if (code)
        ;
    else if (options->no_run_name && exists(base, "."))
        code = error_set(error, -EEXIST, "'%s' already exists", base);
    else if (!options->no_run_name && rundir_is_one(base))
        code =
            error_set(error, -EEXIST, "Path: \"%s\" exists. Install using a new run name.", base);
    else if (options->run_name && numbered)
        code = error_set(error, -EINVAL,
                         "--run-name option not allowed as '%s' contains installed numbered runs.",
                         base);
    else if (!options->run_name && !options->no_run_name && named)
        code = error_set(error, -EINVAL,
                         "Path: \"%s\" contains an installed workflow. Use --run-name to create a "
                         "new run.",
                         base);
    if (!code && options->no_run_name)
        installed->id = str_copy(name);
    else if (!code && options->run_name)
        installed->id = str_format("%s/%s", name, options->run_name);
    else if (!code)
        installed->id = str_format("%s/run%u", name, last + 1);
    if (!code) {
        installed->run_dir = rundir_of(installed->id);
        if (exists(installed->run_dir, "."))
            code = error_set(error, -EEXIST, "'%s' already exists", installed->run_dir);
    }
    free(base);
    return code;
}

/* DIRECTORY/_cylc-install/source -> SOURCE; if it is there it must point to the same place. */
static int link_source(const char *directory, const char *source, struct error *error)
{
    char *folder = str_format("%s/_cylc-install", directory);
    char *path = str_format("%s/source", folder);
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target - 1);
    int code = 0;
    if (n >= 0) {
        target[n] = '\0';
        if (strcmp(target, source))
            code = error_set(error, -EINVAL,
                             "Source directory not consistent between runs: \"%s\" was installed "
                             "from %s, not from %s",
                             directory, target, source);
    } else {
        code = directory_make(folder, error);
        if (!code)
            code = link_replace(source, path, error);
    }
    free(path);
    free(folder);
    return code;
}

static int write_install_log(const struct installed *installed, const struct text *links,
                             struct error *error)
{
    char *folder = str_format("%s/log/install", installed->run_dir);
    char *path = str_format("%s/01-install.log", folder);
    int code = directory_make(folder, error);
    int fd = code ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (!code && fd < 0)
        code = error_set(error, -errno, "cannot write %s: %s", path, strerror(errno));
    if (fd >= 0) {
        char *made = str_copy_n(links->at, links->n);
        for (char *at = made, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
            *end = '\0';
            rundir_log(fd, 0, false, "INFO", at);
        }
        free(made);
        char *line = str_format("INSTALLED %s from %s", installed->id, installed->source);
        rundir_log(fd, 0, false, "INFO", line);
        free(line);
        close(fd);
    }
    free(path);
    free(folder);
    return code;
}

/* The last step of a numbered run: from now on it is the latest. */
static int point_run_n(const struct install_options *options, const char *base,
                       const struct installed *installed, struct error *error)
{
    if (options->run_name || options->no_run_name)
        return 0;
    char *link = str_format("%s/runN", base);
    int code = link_replace(strrchr(installed->run_dir, '/') + 1, link, error);
    free(link);
    return code;
}

static void note_link(void *context, const char *path, const char *target)
{
    text_addf(context, "Symlink created: %s -> %s\n", path, target);
}

static int fill(const struct install_options *options, const char *name,
                const struct installed *installed, struct error *error)
{
    char *base = rundir_of(name);
    struct text links = {0};
    struct error ignored = {0};
    int code = symlinks_make(installed->id, installed->run_dir, &options->symlinks, note_link,
                             &links, error);
    if (code) { /* nothing of ours to take back */
        (void)rmdir(base);
        goto done;
    }
    if (!options->no_run_name)
        code = link_source(base, installed->source, error);
    if (!code)
        code = copy_source(installed->source, installed->run_dir, error);
    if (!code && options->no_run_name)
        code = link_source(installed->run_dir, installed->source, error);
    if (!code)
        code = write_install_log(installed, &links, error);
    if (!code)
        code = point_run_n(options, base, installed, error);
    if (code)
        (void)clean_run(installed->id, &ignored);
done:
    text_release(&links);
    free(base);
    return code;
}

int install_find_source(const struct install_options *options, char **ret_source,
                        struct error *error)
{
    const char *text = options->source ? options->source : ".";
    char *source = find_source(options, text);
    int code = check_source(text, source, error);
    if (code)
        free(source);
    else
        *ret_source = source;
    return code;
}

int install_workflow(const struct install_options *options, struct installed *ret_installed,
                     struct error *error)
{
    struct installed installed = {0};
    int code = install_find_source(options, &installed.source, error);
    if (code)
        return code;
    const char *name =
        options->workflow_name ? options->workflow_name : strrchr(installed.source, '/') + 1;
    code = workflow_name_check(name, error);
    if (!code)
        code = check_run_name(options, error);
    if (!code)
        code = choose_run(options, name, &installed, error);
    if (!code)
        code = fill(options, name, &installed, error);
    if (code)
        goto fail;
    *ret_installed = installed;
    return 0;
fail:
    installed_release(&installed);
    return code;
}
