/* `lint`: what is valid, but a mistake or hard to read. The lines of all definition files below a
 * directory go through the rules of lint_rules.c; then the definition is read as a whole. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/memory.h"
#include "coroutines/xtrigger_check.h"
#include "scheduler/command/definition.h"
#include "scheduler/command/lint_rules.h"
#include "scheduler/command/lint_settings.h"
#include "scheduler/config/source.h"
#include "scheduler/run/resolve.h"
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

enum { LINT_DEPTH_MAX = 32 }; /* directories within directories */

struct lint {
    const struct invocation *invocation;
    int inplace, exit_zero, list_codes;
    struct option_list rulesets, ignore;
    struct lint_settings settings;
    int sets; /* of enum lint_set */
    const char *directory;
    size_t files, issues;
    struct error *error;
};

static bool is_ignored(const struct lint *self, const char *code)
{
    for (size_t i = 0; i < self->ignore.n; i++)
        if (strcmp(self->ignore.at[i], code) == 0)
            return true;
    VEC_EACH (char *const, ignored, &self->settings.ignore)
        if (strcmp(*ignored, code) == 0)
            return true;
    return false;
}

static bool is_wanted(const struct lint *self, const struct lint_rule *rule)
{
    return (self->sets & (int)rule->set) && !is_ignored(self, rule->code);
}

/* The file's name as seen from the directory that is looked through. */
static const char *shown(const struct lint *self, const char *path)
{
    size_t n = strlen(self->directory);
    return strncmp(path, self->directory, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

/* --- files --- */

/* insert: a comment may stand before the line; not before #! or a line that goes on. */
static void check_line(struct lint *self, const char *path, int number,
                       const struct lint_line *line, bool insert, struct text *out)
{
    for (const struct lint_rule *rule = lint_rules; rule->code; rule++) {
        if (!rule->finds || !is_wanted(self, rule) || !rule->finds(line))
            continue;
        self->issues++;
        if (self->inplace && insert)
            text_addf(out, "# [%s]: %s\n", rule->code, rule->text);
        else
            (void)printf("[%s] %s:%d: %s\n", rule->code, shown(self, path), number, rule->text);
    }
}

static void check_lines(struct lint *self, const char *path, const struct text *text,
                        struct text *out)
{
    struct lint_reader reader = {0};
    bool insert = false;
    const char *at = text_string(text), *end = at + text->n;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        struct lint_line line;
        lint_read(&reader, (struct slice){at, (size_t)(stop - at)}, &line);
        if (self->settings.columns_max)
            line.columns_max = self->settings.columns_max;
        check_line(self, path, reader.lines, &line, insert, out);
        insert = stop == at || stop[-1] != '\\';
        text_add_n(out, at, (size_t)(stop - at) + (newline != NULL));
        at = newline ? newline + 1 : end;
    }
}

/* Into a file beside it first. */
static int write_back(const char *path, const struct text *text, struct error *error)
{
    char *beside = str_format("%s.lint", path);
    FILE *file = fopen(beside, "we");
    bool written = file && fwrite(text_string(text), 1, text->n, file) == text->n;
    int code = 0;
    if (file && fclose(file))
        written = false;
    if (!written || rename(beside, path)) {
        code = error_set(error, -EIO, "cannot write %s: %s", path, strerror(errno));
        (void)unlink(beside);
    }
    free(beside);
    return code;
}

static int check_file(struct lint *self, const char *path)
{
    struct text text = {0}, out = {0};
    size_t before = self->issues;
    int code = source_read_file(path, &text, self->error);
    if (code == 0) {
        self->files++;
        check_lines(self, path, &text, &out);
        if (self->inplace && self->issues > before)
            code = write_back(path, &out, self->error);
    }
    text_release(&out);
    text_release(&text);
    return code;
}

static bool is_excluded(const struct lint *self, const char *path)
{
    VEC_EACH (char *const, pattern, &self->settings.exclude)
        if (fnmatch(*pattern, shown(self, path), 0) == 0)
            return true;
    return false;
}

static bool is_definition(const char *name)
{
    size_t n = strlen(name);
    return (n > 5 && strcmp(name + n - 5, ".cylc") == 0) ||
           (n > 3 && strcmp(name + n - 3, ".rc") == 0);
}

static bool is_left_out(const char *name)
{
    static const char *const names[] = {"log", "share", "work"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return name[0] == '.';
}

static int skip_hidden(const struct dirent *entry)
{
    return !is_left_out(entry->d_name);
}

static int check_directory(struct lint *self, const char *directory, int depth)
{
    struct dirent **entries;
    int n = scandir(directory, &entries, skip_hidden, alphasort), code = 0;
    if (n < 0)
        return error_set(self->error, -errno, "cannot read %s: %s", directory, strerror(errno));
    for (int i = 0; i < n; i++) {
        char *path = str_format("%s/%s", directory, entries[i]->d_name);
        struct stat info;
        bool there = lstat(path, &info) == 0;
        if (code == 0 && there && S_ISDIR(info.st_mode) && depth < LINT_DEPTH_MAX)
            code = check_directory(self, path, depth + 1);
        else if (code == 0 && there && S_ISREG(info.st_mode) && is_definition(entries[i]->d_name) &&
                 !is_excluded(self, path))
            code = check_file(self, path);
        free(path);
        free(entries[i]);
    }
    free((void *)entries);
    return code;
}

/* --- the definition as a whole --- */

static void report(struct lint *self, const char *code, const char *where, const char *what)
{
    if (!is_wanted(self, lint_rule_find(code)))
        return;
    self->issues++;
    (void)printf("[%s] %s: %s\n", code, where, what);
}

static void take_warning(void *context, const char *text)
{
    struct lint *self = context;
    report(self, "R001", "flow.cylc", text);
}

static void check_use(struct lint *self, const struct workflow *workflow)
{
    bool *used = xtriggers_called(workflow);
    for (uint32_t i = 0; i < workflow->n_tasks; i++)
        if (!workflow->graph->tasks[i].n_sequences)
            report(self, "R003", workflow->tasks[i].name, lint_rule_find("R003")->text);
    for (uint32_t i = 0; i < workflow->n_xtriggers; i++) {
        const struct xtrigger_def *def = &workflow->xtriggers[i];
        if (used[i] || !def->file)
            continue;
        char *where = str_format("%s:%d: @%s", shown(self, def->file), def->line, def->label);
        report(self, "R004", where, lint_rule_find("R004")->text);
        free(where);
    }
    free(used);
}

static void check_definition(struct lint *self, const char *path, struct workflow_options *options)
{
    const struct warner warner = {take_warning, self};
    struct error error = {0};
    struct workflow *workflow = definition_read(path, options, &warner, &error);
    if (workflow) {
        check_use(self, workflow);
    } else {
        char text[ERROR_TEXT_MAX + ERROR_FILE_MAX + ERROR_ITEM_MAX];
        report(self, "R002", "flow.cylc", error_format(&error, text, sizeof text));
    }
    workflow_destroy(workflow);
}

/* --- the command --- */

static int set_of(const char *name)
{
    static const struct {
        const char *name;
        int sets;
    } names[] = {{"728", LINT_UPGRADE}, {"style", LINT_STYLE}, {"all", LINT_ALL}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].sets;
    return 0;
}

static int add_set(struct lint *self, const char *name)
{
    if (!set_of(name))
        return error_set(self->error, -EINVAL, "ruleset %s: expected 728, style or all", name);
    self->sets |= set_of(name);
    return 0;
}

/* The command line wins over pyproject.toml. */
static int choose_sets(struct lint *self)
{
    int code = 0;
    for (size_t i = 0; i < self->rulesets.n && code == 0; i++)
        code = add_set(self, self->rulesets.at[i]);
    for (size_t i = 0; !self->rulesets.n && i < self->settings.rulesets.n && code == 0; i++)
        code = add_set(self, self->settings.rulesets.at[i]);
    if (!self->sets)
        self->sets = LINT_ALL;
    for (size_t i = 0; i < self->ignore.n && code == 0; i++)
        if (!lint_rule_find(self->ignore.at[i]))
            code = error_set(self->error, -EINVAL,
                             "--ignore=%s: there is no such code (see --list-codes)",
                             self->ignore.at[i]);
    return code;
}

static int lint(struct lint *self, const char *argument, struct workflow_options *options)
{
    char *path = NULL, *directory = NULL;
    int code = resolve_definition(argument, &path, self->error);
    if (code == 0) {
        const char *slash = strrchr(path, '/');
        directory = slash ? str_copy_n(path, (size_t)(slash - path)) : str_copy(".");
        self->directory = directory;
        code = lint_settings_read(directory, &self->settings, self->error);
    }
    if (code == 0)
        code = choose_sets(self);
    if (code == 0)
        code = check_directory(self, directory, 0);
    if (code == 0 && (self->sets & (LINT_DEFINITION | LINT_UPGRADE)) && !self->inplace)
        check_definition(self, path, options);
    free(path);
    int status = code ? command_fail(self->invocation, EXIT_FAILED, self->error) : EXIT_OK;
    if (code == 0 && !self->invocation->quiet)
        (void)printf("Checked %zu file%s below %s and found %s%zu issue%s.\n", self->files,
                     self->files == 1 ? "" : "s", directory,
                     self->issues ? "" : "no issues: ", self->issues, self->issues == 1 ? "" : "s");
    free(directory);
    return status ? status : self->issues && !self->exit_zero ? EXIT_FAILED : EXIT_OK;
}

static int list_codes(void)
{
    for (const struct lint_rule *rule = lint_rules; rule->code; rule++)
        (void)printf("%s: %s\n", rule->code, rule->text);
    return EXIT_OK;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct error error = {0};
    struct lint it = {.invocation = invocation, .error = &error};
    struct workflow_options workflow_options = {0};
    struct template_lists templates = {0};
    const struct option_def options[] = {
        {.name = "ruleset",
         .letter = 'r',
         .argument = "RULESET",
         .list = &it.rulesets,
         .help = "728 (what Cylc 7 wrote otherwise), style, or all (default)"},
        {.name = "ignore",
         .letter = 'n',
         .argument = "CODE",
         .list = &it.ignore,
         .help = "do not look for this (several times)"},
        {.name = "inplace",
         .letter = 'i',
         .count = &it.inplace,
         .help = "write what is found as comments into the files, before the lines"},
        {.name = "list-codes", .count = &it.list_codes, .help = "list what is looked for"},
        {.name = "exit-zero",
         .count = &it.exit_zero,
         .help = "exit status 0 even if something is found"},
        DEFINITION_OPTIONS(&workflow_options),
        TEMPLATE_OPTIONS(&templates),
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    workflow_options.templates = template_lists_options(&templates);
    if (status == OPTIONS_GO_ON && argc - first > 1)
        status = options_refuse(self, invocation, "one workflow at a time");
    if (status == OPTIONS_GO_ON)
        status = it.list_codes ? list_codes()
                               : lint(&it, first < argc ? argv[first] : ".", &workflow_options);
    vec_release(&it.rulesets);
    vec_release(&it.ignore);
    lint_settings_release(&it.settings);
    template_lists_release(&templates);
    return status;
}

const struct command command_lint = {
    .name = "lint",
    .summary = "look for mistakes and bad style in a definition",
    .synopsis = "[OPTIONS] [WORKFLOW | PATH]",
    .help = "Look through the *.cylc and *.rc files of a definition for what is valid, but a\n"
            "mistake, outdated or hard to read. Exit status 1 if something is found. Settings may\n"
            "stand in [tool.cylc.lint] of a pyproject.toml beside flow.cylc: rulesets, ignore,\n"
            "exclude, max-line-length.\n\n"
            "Example:\n"
            "    $ rouse lint -r style -n S012 ./my-workflow\n",
    .run = run,
};
