/* Running template.py. What goes to it and comes back is a sequence of fields (their length, a line
 * end, their bytes) over one socket; it reads all before it answers, so nobody waits for the other.
 */
#include "scheduler/config/template.h"
#include "base/memory.h"
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

extern const char template_program[]; /* template.py, made by CMake */

enum { ANSWER_BYTES_MAX = SOURCE_BYTES_MAX, FIELD_DIGITS_MAX = 12 };

/* --- fields --- */

static void add_field(struct text *out, const char *bytes, size_t n)
{
    text_addf(out, "%zu\n", n);
    text_add_n(out, bytes, n);
}

static void add_string(struct text *out, const char *string)
{
    add_field(out, string, strlen(string));
}

static void add_number(struct text *out, size_t n)
{
    struct text number = {0};
    text_addf(&number, "%zu", n);
    add_string(out, text_string(&number));
    text_release(&number);
}

static void add_list(struct text *out, const char *const *at, size_t n)
{
    add_number(out, n);
    for (size_t i = 0; i < n; i++)
        add_string(out, at[i]);
}

/* Take the next field off; false if there is none. */
static bool take_field(struct slice *rest, struct slice *ret)
{
    size_t n = 0, i = 0;
    for (; i < rest->n && i < FIELD_DIGITS_MAX && rest->at[i] >= '0' && rest->at[i] <= '9'; i++)
        n = n * 10 + (size_t)(rest->at[i] - '0');
    if (!i || i >= rest->n || rest->at[i] != '\n' || rest->n - i - 1 < n)
        return false;
    *ret = (struct slice){rest->at + i + 1, n};
    *rest = (struct slice){rest->at + i + 1 + n, rest->n - i - 1 - n};
    return true;
}

static bool take_text(struct slice *rest, struct arena *arena, const char **ret)
{
    struct slice field;
    if (!take_field(rest, &field))
        return false;
    *ret = arena_text(arena, field);
    return true;
}

static bool take_number(struct slice *rest, struct arena *arena, long *ret)
{
    const char *text;
    if (!take_text(rest, arena, &text))
        return false;
    *ret = strtol(text, NULL, 10);
    return true;
}

/* --- the process --- */

static int start(int fd, pid_t *ret_pid, struct error *error)
{
    char python[] = "python3", option[] = "-c";
    char *argv[] = {python, option, (char *)(uintptr_t)template_program, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, 0);
    posix_spawn_file_actions_adddup2(&actions, fd, 1);
    int code = posix_spawnp(ret_pid, python, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code == ENOENT)
        return error_set(error, -ENOENT,
                         "templates need python3 with Jinja2 (the package python3-jinja2), and "
                         "there is no python3 on the PATH");
    return code ? error_set(error, -code, "cannot run python3: %s", strerror(code)) : 0;
}

/* What is not read any more is not missed: the answer tells why. */
static void send_all(int fd, const struct text *text)
{
    size_t sent = 0;
    while (sent < text->n) {
        ssize_t n = send(fd, text->at + sent, text->n - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            break;
        sent += n > 0 ? (size_t)n : 0;
    }
    shutdown(fd, SHUT_WR);
}

static void receive_all(int fd, struct text *answer)
{
    char buffer[64 * 1024];
    while (answer->n <= ANSWER_BYTES_MAX) {
        ssize_t n = read(fd, buffer, sizeof buffer);
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        text_add_n(answer, buffer, n > 0 ? (size_t)n : 0);
    }
}

static int run_python(const struct text *question, struct text *answer, struct error *error)
{
    int ends[2], status = 0;
    pid_t pid;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return error_set(error, -errno, "no socket for python3: %s", strerror(errno));
    int code = start(ends[1], &pid, error);
    close(ends[1]);
    if (!code) {
        send_all(ends[0], question);
        receive_all(ends[0], answer);
    }
    close(ends[0]);
    while (!code && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (answer->n > ANSWER_BYTES_MAX)
        return error_set(error, -EFBIG, "the processed template is longer than %d bytes",
                         ANSWER_BYTES_MAX);
    return code;
}

/* --- question and answer --- */

static void add_variables(struct text *out, const struct template_options *options)
{
    add_number(out, options->n_earlier);
    for (size_t i = 0; i < options->n_earlier; i++) {
        add_string(out, options->earlier[i].key);
        add_string(out, options->earlier[i].value);
    }
    add_list(out, options->sets, options->n_sets);
    add_list(out, options->lists, options->n_lists);
    add_string(out, options->directory ? options->directory : "");
    add_list(out, options->files, options->n_files);
}

/* The lines of a template without the first. */
static void add_lines(struct text *out, const struct source *source)
{
    size_t n = 0;
    for (size_t i = 1; i < source->n; i++)
        n += source->lines[i].text.n + 1;
    text_addf(out, "%zu\n", n);
    for (size_t i = 1; i < source->n; i++) {
        text_add_n(out, source->lines[i].text.at, source->lines[i].text.n);
        text_add_char(out, '\n');
    }
}

static int refuse(const struct source *source, struct slice rest, struct arena *arena,
                  struct error *error)
{
    const char *file, *text;
    long line;
    if (!take_text(&rest, arena, &file) || !take_number(&rest, arena, &line) ||
        !take_text(&rest, arena, &text))
        return error_set(error, -EPROTO, "python3 gave no answer that makes sense");
    if (!*file && line > 0 && (size_t)line < source->n) {
        const struct source_line *at = &source->lines[line];
        error_where(error, at->file, at->line, NULL);
    } else if (*file) {
        error_where(error, file, (int)line, NULL);
    }
    return error_set(error, -EINVAL, "%s", text);
}

static bool take_result(struct slice rest, struct arena *arena, struct template_result *result)
{
    long n;
    if (!take_number(&rest, arena, &n) || n < 0 || (size_t)n > rest.n)
        return false;
    struct key_value *variables = arena_new_array(arena, (size_t)n, sizeof *variables);
    for (long i = 0; i < n; i++)
        if (!take_text(&rest, arena, &variables[i].key) ||
            !take_text(&rest, arena, &variables[i].value))
            return false;
    result->variables = variables;
    result->n_variables = (uint32_t)n;
    const char *text;
    struct slice measured = rest;
    if (!take_field(&rest, &result->text) || !take_text(&measured, arena, &text))
        return false;
    result->text.at = text;
    return true;
}

static int understand(const struct source *source, const struct text *answer, struct arena *arena,
                      struct template_result *result, struct error *error)
{
    struct slice rest = {text_string(answer), answer->n}, word;
    if (take_field(&rest, &word)) {
        if (slice_equal(word, "error"))
            return refuse(source, rest, arena, error);
        if (slice_equal(word, "ok") && take_result(rest, arena, result))
            return 0;
    }
    return error_set(error, -EPROTO, "python3 ended before the template was processed");
}

/* 1 for a template of Jinja2, 0 for none. */
static int is_template(const struct source *source, struct error *error)
{
    if (!source->n || source->lines[0].text.n < 2 || memcmp(source->lines[0].text.at, "#!", 2) != 0)
        return 0;
    struct slice first = slice_trim(source->lines[0].text);
    if (first.n == 8 && strncasecmp(first.at, "#!jinja2", 8) == 0)
        return 1;
    if (first.n != 6 || strncasecmp(first.at, "#!empy", 6) != 0)
        return 0;
    error_where(error, source->lines[0].file, source->lines[0].line, NULL);
    return error_set(error, -ENOTSUP,
                     "%.*s templates are not implemented (write the file with #!jinja2)",
                     (int)first.n, first.at);
}

int template_process(const struct source *source, const char *directory,
                     const struct template_options *options, struct arena *arena,
                     struct template_result *ret_result, struct error *error)
{
    static const struct template_options none;
    struct template_result result = {0};
    struct text question = {0}, answer = {0};
    options = options ? options : &none;
    int code = is_template(source, error);
    if (code < 0)
        return code;
    result.processed = code > 0;
    if (result.processed || options->n_sets || options->n_lists || options->n_files ||
        options->n_earlier) {
        add_string(&question, directory);
        add_variables(&question, options);
        add_string(&question, result.processed ? "1" : "0");
        if (result.processed)
            add_lines(&question, source);
        else
            add_string(&question, "");
        code = run_python(&question, &answer, error);
        if (!code)
            code = understand(source, &answer, arena, &result, error);
    } else {
        code = 0;
    }
    text_release(&question);
    text_release(&answer);
    if (!code)
        *ret_result = result;
    return code;
}
