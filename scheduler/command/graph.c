/* `graph`: the graph of a definition as text, for Graphviz, or drawn by it. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/definition.h"
#include "scheduler/command/graph_text.h"
#include "scheduler/command/text_diff.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

struct wishes {
    int reference, namespaces, families, suicide, cycles, transpose;
    const char *format, *output, *start, *stop, *diff;
    struct option_list groups;
};

static int write_all(int descriptor, const char *bytes, size_t n)
{
    while (n) {
        ssize_t written = write(descriptor, bytes, n);
        if (written < 0 && errno != EINTR)
            return -errno;
        bytes += written > 0 ? written : 0;
        n -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

/* `dot` with its input a pipe and its output `output`. */
static int start_dot(const char *format, int output, int ret_pipe[2], pid_t *ret_pid)
{
    char dot[] = "dot", *option = str_format("-T%s", format);
    char *argv[] = {dot, option, NULL};
    posix_spawn_file_actions_t actions;
    int code = pipe2(ret_pipe, O_CLOEXEC) ? -errno : 0;
    if (!code && !(code = -posix_spawn_file_actions_init(&actions))) {
        posix_spawn_file_actions_adddup2(&actions, ret_pipe[0], STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        code = -posix_spawnp(ret_pid, dot, &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        (void)close(ret_pipe[0]);
        if (code)
            (void)close(ret_pipe[1]);
    }
    free(option);
    return code;
}

static int render(const char *format, const struct text *text, int output, struct error *error)
{
    int ends[2], status = 0;
    pid_t pid;
    int code = start_dot(format, output, ends, &pid);
    if (code == -ENOENT)
        return error_set(error, code,
                         "Graphviz's `dot` was not found: install Graphviz, or use --format=dot");
    if (code)
        return error_set(error, code, "cannot run `dot`: %s", strerror(-code));
    (void)signal(SIGPIPE, SIG_IGN);
    int written = write_all(ends[1], text_string(text), text->n);
    (void)close(ends[1]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        return error_set(error, -EIO, "`dot -T%s` failed", format);
    return written ? error_set(error, written, "cannot write to `dot`: %s", strerror(-written)) : 0;
}

/* The end of a file's name says its format. */
static const char *format_of(const struct wishes *wishes)
{
    const char *end = wishes->output ? strrchr(wishes->output, '.') : NULL;
    if (wishes->reference)
        return "reference";
    if (wishes->format)
        return wishes->format;
    return end && end[1] && !strchr(end, '/') ? end + 1 : "dot";
}

static int emit(const struct wishes *wishes, const struct drawing *drawing, const char *title,
                int output, struct error *error)
{
    struct text text = {0};
    const char *format = format_of(wishes);
    bool plain = !strcmp(format, "text") || !strcmp(format, "txt");
    bool reference = !strcmp(format, "reference");
    if (reference)
        drawing_reference(drawing, &text);
    else if (plain)
        drawing_plain(drawing, &text);
    else
        drawing_dot(drawing, title, wishes->transpose, &text);
    int code = 0;
    if (!reference && !plain && strcmp(format, "dot") != 0)
        code = render(format, &text, output, error);
    else if ((code = write_all(output, text_string(&text), text.n)))
        error_set(error, code, "cannot write the graph: %s", strerror(-code));
    text_release(&text);
    return code;
}

/* Into a file beside it first: what was there stays when drawing fails. */
static int output_to_file(const struct wishes *wishes, const struct drawing *drawing,
                          const char *title, struct error *error)
{
    char *beside = str_format("%s.new", wishes->output);
    int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int code = file < 0 ? -errno : 0;
    if (code)
        error_set(error, code, "cannot write %s: %s", beside, strerror(-code));
    else
        code = emit(wishes, drawing, title, file, error);
    bool closed = file >= 0 && !close(file);
    if (!code && (!closed || rename(beside, wishes->output))) {
        code = errno ? -errno : -EIO;
        error_set(error, code, "cannot write %s: %s", wishes->output, strerror(-code));
    }
    if (code && file >= 0)
        (void)unlink(beside);
    free(beside);
    return code;
}

static int output_to(const struct wishes *wishes, const struct drawing *drawing, const char *title,
                     struct error *error)
{
    if (!wishes->output || !strcmp(wishes->output, "-"))
        return emit(wishes, drawing, title, STDOUT_FILENO, error);
    return output_to_file(wishes, drawing, title, error);
}

static int draw_instances(const struct workflow *workflow, const struct wishes *wishes,
                          struct drawing *ret_drawing, struct error *error)
{
    struct concrete concrete;
    const struct concrete_request request = {
        .suicide = wishes->suicide, .groups = wishes->groups.at, .n_groups = wishes->groups.n};
    int code = concrete_between(workflow, wishes->start, wishes->stop, request, &concrete, error);
    if (code)
        return code;
    drawing_of_instances(workflow, &concrete, wishes->cycles, ret_drawing);
    concrete_release(&concrete);
    return 0;
}

static int draw(const struct workflow *workflow, const struct wishes *wishes,
                struct drawing *drawing, struct error *error)
{
    if (!wishes->namespaces)
        return draw_instances(workflow, wishes, drawing, error);
    drawing_of_namespaces(workflow, drawing);
    return 0;
}

static int listing(const struct workflow *workflow, const struct wishes *wishes,
                   struct text *ret_text, struct error *error)
{
    struct drawing drawing = {0};
    int code = draw(workflow, wishes, &drawing, error);
    if (!code)
        drawing_reference(&drawing, ret_text);
    drawing_release(&drawing);
    return code;
}

/* As `diff`: EXIT_FAILED if there is a difference. */
static int compare(const struct invocation *invocation, const struct workflow *workflow,
                   const struct workflow *other, const struct wishes *wishes, const char *name)
{
    struct text a = {0}, b = {0}, out = {0};
    struct error error = {0};
    bool differs = false;
    int code = listing(workflow, wishes, &a, &error);
    if (!code)
        code = listing(other, wishes, &b, &error);
    if (!code)
        differs = text_diff(&a, &b, name, wishes->diff, &out);
    if (!code && (code = write_all(STDOUT_FILENO, text_string(&out), out.n)))
        error_set(&error, code, "cannot write the difference: %s", strerror(-code));
    text_release(&out);
    text_release(&b);
    text_release(&a);
    return code ? command_fail(invocation, EXIT_FAILED, &error) : differs ? EXIT_FAILED : EXIT_OK;
}

static int graph(const struct invocation *invocation, const struct workflow *workflow,
                 const struct wishes *wishes)
{
    struct drawing drawing = {0};
    struct error error = {0};
    int code = draw(workflow, wishes, &drawing, &error);
    if (!code)
        code = output_to(wishes, &drawing, workflow->source, &error);
    drawing_release(&drawing);
    return code ? command_fail(invocation, EXIT_FAILED, &error) : EXIT_OK;
}

static int work(const struct command *self, struct invocation *invocation, struct wishes *wishes,
                struct workflow_options *options, int n, char **arguments)
{
    struct workflow *workflow;
    if (n > 3)
        return options_refuse(self, invocation, "expected WORKFLOW, START and STOP");
    if (wishes->families)
        *vec_push(&wishes->groups) = "<all>";
    if (wishes->groups.n && wishes->namespaces)
        return command_failf(invocation, EXIT_FAILED, "--%s and --namespaces cannot be combined",
                             wishes->families ? "families" : "group");
    wishes->start = n > 1 ? arguments[1] : NULL;
    wishes->stop = n > 2 ? arguments[2] : NULL;
    int status = definition_load(invocation, n ? arguments[0] : ".", options, &workflow);
    if (status)
        return status;
    struct workflow *other = NULL;
    if (wishes->diff)
        status = definition_load(invocation, wishes->diff, options, &other);
    if (!status)
        status = other ? compare(invocation, workflow, other, wishes, n ? arguments[0] : ".")
                       : graph(invocation, workflow, wishes);
    workflow_destroy(other);
    workflow_destroy(workflow);
    return status;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct wishes it = {0};
    struct workflow_options workflow_options = {0};
    struct template_lists templates = {0};
    const struct option_def options[] = {
        {.name = "reference", .count = &it.reference, .help = "a sorted listing, to be compared"},
        {.name = "namespaces",
         .letter = 'n',
         .count = &it.namespaces,
         .help = "who inherits from whom, instead of tasks"},
        {.name = "show-suicide", .count = &it.suicide, .help = "also triggers that remove tasks"},
        {.name = "group",
         .letter = 'g',
         .argument = "FAMILY",
         .list = &it.groups,
         .help = "show a family as one node (several times; \"<all>\": every family)"},
        {.name = "families",
         .count = &it.families,
         .help = "show every family as one node, as --group=\"<all>\""},
        {.name = "cycles",
         .letter = 'c',
         .count = &it.cycles,
         .help = "group tasks by cycle point"},
        {.name = "transpose", .letter = 't', .count = &it.transpose, .help = "draw left to right"},
        {.name = "format",
         .argument = "FORMAT",
         .text = &it.format,
         .help = "dot (default), text, reference; or svg, png, pdf ... drawn by Graphviz' dot"},
        {.name = "output",
         .letter = 'o',
         .argument = "FILE",
         .text = &it.output,
         .help = "write to FILE; without --format the end of its name says the format"},
        {.name = "diff",
         .argument = "OTHER",
         .text = &it.diff,
         .help =
             "how the reference listing of the workflow OTHER differs; exit status 1 if it does"},
        DEFINITION_OPTIONS(&workflow_options),
        TEMPLATE_OPTIONS(&templates),
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    workflow_options.templates = template_lists_options(&templates);
    if (status == OPTIONS_GO_ON)
        status = work(self, invocation, &it, &workflow_options, argc - first, argv + first);
    vec_release(&it.groups);
    template_lists_release(&templates);
    return status;
}

const struct command command_graph = {
    .name = "graph",
    .summary = "show the graph of a definition",
    .synopsis = "[OPTIONS] [WORKFLOW | PATH [START [STOP]]]",
    .help = "Show which task instance triggers which from cycle point START to STOP; without them\n"
            "at the first three points. The result is text; Graphviz draws it.\n\n"
            "Example:\n"
            "    $ rouse graph --reference ./my-workflow 20260101T00Z 20260102T00Z\n"
            "    $ rouse graph --format=svg -o graph.svg ./my-workflow\n"
            "    $ rouse graph --diff=./other ./my-workflow\n",
    .run = run,
};
