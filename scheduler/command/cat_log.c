/* `cat-log`: shows log files of jobs and of the scheduler: prints them, follows them, names them.
 */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/id.h"
#include "base/memory.h"
#include "base/vec.h"
#include "scheduler/command/option.h"
#include "scheduler/run/resolve.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

struct cat_log {
    const char *file, *mode, *submit, *rotation;
    int prepend_path;
    const struct workflow_place *place;
    char *directory; /* the logs looked at: of a job, or log/ */
    bool of_job;
};

static const char *const job_files[][2] = {
    {"a", "job-activity.log"}, {"d", "job-edit.diff"}, {"e", "job.err"},   {"j", "job"},
    {"o", "job.out"},          {"s", "job.status"},    {"x", "job.xtrace"}};

static const char *const modes[][2] = {{"c", "cat"},      {"d", "dir"},  {"e", "edit"},
                                       {"l", "list-dir"}, {"p", "path"}, {"t", "tail"}};

/* --- directories --- */

struct names {
    char **at;
    size_t n, capacity;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Files in a directory, sorted, each with `prefix`. */
static void add_files(const char *directory, const char *prefix, struct names *names)
{
    size_t before = names->n;
    DIR *dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char *path = str_format("%s/%s", directory, entry->d_name);
        struct stat status;
        if (entry->d_name[0] != '.' && !lstat(path, &status) && S_ISREG(status.st_mode))
            *vec_push(names) = str_format("%s%s", prefix, entry->d_name);
        free(path);
    }
    if (dir)
        closedir(dir);
    if (names->n > before)
        qsort(names->at + before, names->n - before, sizeof *names->at, compare_names);
}

static void release_names(struct names *names)
{
    VEC_EACH (char *, name, names)
        free(*name);
    vec_release(names);
}

/* --- which file --- */

/* The log number `rotation` of log/scheduler counted from the latest (0), or of another kind of
 * numbered files ("01-start-01.cylc"). */
static char *numbered_file(const struct cat_log *self, const char *below, long rotation)
{
    struct names names = {0};
    char *directory = str_format("%s/%s", self->directory, below);
    char *prefix = str_format("%s/", below);
    add_files(directory, prefix, &names);
    size_t n = 0;
    for (size_t i = 0; i < names.n; i++) { /* those that begin with a number */
        const char *name = names.at[i] + strlen(prefix);
        if (*name >= '0' && *name <= '9') {
            char *swap = names.at[n];
            names.at[n++] = names.at[i];
            names.at[i] = swap;
        }
    }
    if (n)
        qsort(names.at, n, sizeof *names.at, compare_names);
    char *found = rotation >= 0 && (size_t)rotation < n
                      ? str_copy(names.at[n - 1 - (size_t)rotation])
                      : str_format("%s/", below);
    release_names(&names);
    free(prefix);
    free(directory);
    return found;
}

static char *workflow_file(const struct cat_log *self, long rotation)
{
    const char *file = self->file ? self->file : "s";
    if (!strcmp(file, "s") || !strcmp(file, "scheduler"))
        return numbered_file(self, "scheduler", rotation);
    if (!strcmp(file, "i") || !strcmp(file, "install"))
        return numbered_file(self, "install", rotation);
    if (!strcmp(file, "c") || !strcmp(file, "config"))
        return numbered_file(self, "config", rotation);
    if (!strcmp(file, "p") || !strcmp(file, "processed"))
        return str_copy("config/flow-processed.cylc");
    return str_copy(file);
}

static char *job_file(const struct cat_log *self)
{
    const char *file = self->file ? self->file : "o";
    for (size_t i = 0; i < sizeof job_files / sizeof *job_files; i++)
        if (!strcmp(file, job_files[i][0]))
            file = job_files[i][1];
    return str_copy(file);
}

/* Whether a name stays below its directory. */
static bool stays_below(const char *name)
{
    if (*name == '/')
        return false;
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (!strncmp(part, "..", 2) && (part[2] == '/' || !part[2]))
            return false;
    }
    return true;
}

/* --- what to do with it --- */

static int print_file(const struct invocation *invocation, const char *path)
{
    char buffer[65536];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 0;
    while (fd >= 0 && (n = read(fd, buffer, sizeof buffer)) > 0)
        if (fwrite(buffer, 1, (size_t)n, stdout) < (size_t)n)
            break;
    int code = errno;
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return command_failf(invocation, EXIT_FAILED,
                             code == ENOENT ? "file not found: %s%s" : "cannot read %s: %s", path,
                             code == ENOENT ? "" : strerror(code));
    return EXIT_OK;
}

/* Run a program on the file and wait for it. */
static int run_on(const struct invocation *invocation, char *const *arguments)
{
    pid_t pid;
    int status = 0;
    (void)fflush(stdout);
    int code = posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, environ);
    if (code)
        return command_failf(invocation, EXIT_FAILED, "cannot run %s: %s", arguments[0],
                             strerror(code));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static int follow_file(const struct invocation *invocation, char *path)
{
    char *arguments[] = {(char[]){"tail"}, (char[]){"-n"}, (char[]){"+1"},
                         (char[]){"-F"},   path,           NULL};
    return run_on(invocation, arguments);
}

/* A copy is edited, so that the log stays as it is. */
static int edit_file(const struct invocation *invocation, const char *path)
{
    char copy[] = "/tmp/rouse-log-XXXXXX", buffer[65536];
    int from = open(path, O_RDONLY | O_CLOEXEC), to = mkostemp(copy, O_CLOEXEC);
    ssize_t n = -1;
    while (from >= 0 && to >= 0 && (n = read(from, buffer, sizeof buffer)) > 0)
        if (write(to, buffer, (size_t)n) != n)
            break;
    int status = EXIT_FAILED;
    if (n == 0) {
        const char *editor = getenv("EDITOR");
        char *program = str_copy(editor && *editor ? editor : "vi");
        char *arguments[] = {program, copy, NULL};
        (void)fchmod(to, 0444);
        status = run_on(invocation, arguments);
        free(program);
    } else {
        (void)command_failf(invocation, EXIT_FAILED, "cannot copy %s", path);
    }
    if (from >= 0)
        close(from);
    if (to >= 0) {
        close(to);
        (void)unlink(copy);
    }
    return status;
}

static int list_directory(const struct invocation *invocation, const struct cat_log *self)
{
    static const char *const below[] = {"config", "install", "scheduler"};
    struct names names = {0};
    struct stat there;
    if (stat(self->directory, &there))
        return command_failf(invocation, EXIT_FAILED, "no such directory: %s", self->directory);
    for (size_t i = 0; i < 3 && !self->of_job; i++) {
        char *path = str_format("%s/%s", self->directory, below[i]);
        char *prefix = str_format("%s/", below[i]);
        add_files(path, prefix, &names);
        free(prefix);
        free(path);
    }
    if (self->of_job)
        add_files(self->directory, "", &names);
    VEC_EACH (char *, name, &names)
        (void)puts(*name);
    release_names(&names);
    return EXIT_OK;
}

static char read_mode(const char *text)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(text, modes[i][0]) || !strcmp(text, modes[i][1]))
            return *modes[i][0];
    return '\0';
}

static int use_file(const struct invocation *invocation, const struct cat_log *self, char mode,
                    const char *name)
{
    struct stat there;
    char *path = str_format("%s/%s", self->directory, name);
    int status = EXIT_OK;
    if (stat(path, &there) || S_ISDIR(there.st_mode))
        status = command_failf(invocation, EXIT_FAILED, "file not found: %s", path);
    else if (mode == 'p')
        (void)puts(path);
    else if (mode == 'e')
        status = edit_file(invocation, path);
    else {
        if (self->prepend_path)
            (void)printf("# %s\n", path);
        status = mode == 't' ? follow_file(invocation, path) : print_file(invocation, path);
    }
    free(path);
    return status;
}

static int cat_log(const struct invocation *invocation, const struct cat_log *self, long rotation)
{
    char mode = read_mode(self->mode);
    if (mode == 'd') {
        (void)puts(self->directory);
        return EXIT_OK;
    }
    if (mode == 'l')
        return list_directory(invocation, self);
    char *name = self->of_job ? job_file(self) : workflow_file(self, rotation);
    int status = stays_below(name)
                     ? use_file(invocation, self, mode, name)
                     : command_failf(invocation, EXIT_FAILED,
                                     "--file: \"%s\" is not below the log directory", name);
    free(name);
    return status;
}

/* --- the command line --- */

/* "01", "1", "NN": the directory of a submit. */
static int read_submit(const char *text, char *buffer, size_t size, struct error *error)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (!strcmp(text, "NN"))
        (void)snprintf(buffer, size, "NN");
    else if (end != text && !*end && number > 0 && number < 1000000)
        (void)snprintf(buffer, size, "%02ld", number);
    else
        return error_set(error, -EINVAL, "--submit-number: \"%s\" is no number", text);
    return 0;
}

static int find_directory(struct cat_log *self, const struct target *target, struct error *error)
{
    self->place = &target->place;
    if (!target->ids.n) {
        self->directory = str_format("%s/log", target->place.run_dir);
        return 0;
    }
    struct id id = {0};
    char submit[32];
    int code = id_parse_relative(slice_of(target->ids.at[0]), &id, error);
    if (!code && !id.task.n)
        code = error_set(error, -EINVAL, "\"%s\" names no task: expected CYCLE/TASK",
                         target->ids.at[0]);
    char *job = id.job.n ? slice_copy(id.job) : str_copy(self->submit ? self->submit : "NN");
    if (!code)
        code = read_submit(job, submit, sizeof submit, error);
    free(job);
    if (code)
        return code;
    self->of_job = true;
    self->directory = str_format("%s/log/job/%.*s/%.*s/%s", target->place.run_dir, (int)id.cycle.n,
                                 id.cycle.at, (int)id.task.n, id.task.at, submit);
    return stays_below(target->ids.at[0])
               ? 0
               : error_set(error, -EINVAL, "\"%s\" is no task id", target->ids.at[0]);
}

static int run_parsed(const struct invocation *invocation, struct cat_log *self, char *argument)
{
    struct targets targets;
    struct error error = {0};
    if (resolve_targets(1, &argument, true, false, &targets, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    int code = find_directory(self, &targets.at[0], &error);
    int status = code ? command_fail(invocation, EXIT_FAILED, &error)
                      : cat_log(invocation, self, self->rotation ? atol(self->rotation) : 0);
    free(self->directory);
    targets_release(&targets);
    return status;
}

static int run(const struct command *command, struct invocation *invocation, int argc, char **argv)
{
    int first, remote = 0;
    struct cat_log self = {.mode = "cat"};
    const struct option_def options[] = {
        {.name = "file",
         .letter = 'f',
         .argument = "FILE",
         .text = &self.file,
         .help = "of a job: a(ctivity), d(iff), e(rrors), j(ob), o(utput, the default), s(tatus),\n"
                 "x(trace); of a workflow: c(onfig), i(nstall), p(rocessed), s(cheduler, the\n"
                 "default); or a file's name"},
        {.name = "mode",
         .letter = 'm',
         .argument = "MODE",
         .text = &self.mode,
         .help = "c(at, the default), d(irectory), e(dit), l(ist-dir), p(ath), t(ail)"},
        {.name = "submit-number",
         .letter = 's',
         .argument = "N",
         .text = &self.submit,
         .help = "of this submit (default: the latest)"},
        {.name = "rotation",
         .letter = 'r',
         .argument = "N",
         .text = &self.rotation,
         .help = "of a workflow: 0 the latest log, 1 the one before, ..."},
        {.name = "prepend-path",
         .count = &self.prepend_path,
         .help = "print the file's path first"},
        {.name = "force-remote", .letter = 'o', .count = &remote},
    };
    int status =
        options_parse(command, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (argc - first != 1)
        return options_refuse(command, invocation, "one workflow or one job must be named");
    if (!read_mode(self.mode))
        return options_refuse(command, invocation, "--mode: \"%s\" is not c, d, e, l, p or t",
                              self.mode);
    if (self.rotation && strspn(self.rotation, "0123456789") != strlen(self.rotation))
        return options_refuse(command, invocation, "--rotation: \"%s\" is no number",
                              self.rotation);
    return run_parsed(invocation, &self, argv[first]);
}

const struct command command_cat_log = {
    .name = "cat-log",
    .summary = "show the logs of jobs and of the scheduler",
    .synopsis = "[OPTIONS] WORKFLOW[//CYCLE/TASK[/NN]]",
    .help = "Print a log file of a job (default: its output), or of a workflow (default: the\n"
            "scheduler's), follow it while it grows, or list what there is. Files on this host.\n\n"
            "Example:\n"
            "    $ rouse cat-log flow//1/a\n"
            "    $ rouse cat-log -f e -s 2 flow//1/a\n"
            "    $ rouse cat-log -m t flow\n",
    .run = run,
};
