/* See check_host.h. The language is that of xtriggers/host_wire.h, over a socket that is the
 * process's descriptor 3. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/check_host.h"
#include "base/memory.h"
#include "base/vec.h"
#include "coroutines/spawn.h"
#include "xtriggers/host_wire.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

enum { EXIT_PATIENCE = 1000 }; /* milliseconds between the end of its socket and its own */

struct check_host {
    const char *name;
    double seconds;
    int fd, pidfd;
    int64_t pid;
    uint64_t asked;    /* questions */
    struct text in;    /* what was read of a line */
    struct text words; /* the last ones, of no call */
    VEC(char *) names; /* it serves */
};

static double monotonic(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- the process --- */

static int send_all(const struct check_host *self, const struct text *text, struct error *error)
{
    size_t sent = 0;
    while (sent < text->n) {
        ssize_t n = send(self->fd, text->at + sent, text->n - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return error_set(error, -EPIPE, "%s cannot be asked: %s", self->name, strerror(errno));
        sent += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* One that is dead already is met by who waits for its answer. */
static void greet(struct check_host *self, const char *run_dir)
{
    struct text text = {0};
    struct error ignored = {0};
    const char *slash = strrchr(run_dir, '/');
    host_say_hello(&text, slash ? slash + 1 : run_dir, run_dir);
    (void)send_all(self, &text, &ignored);
    text_release(&text);
}

static int start(struct check_host *self, const char *const argv[], struct error *error)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return error_set(error, -errno, "no socket for %s: %s", self->name, strerror(errno));
    const struct env_spawn options = {.argv = argv, .pass_fd = ends[1], .session = true};
    int code = spawn_process(&options, &self->pid, &self->pidfd);
    close(ends[1]);
    self->fd = ends[0];
    if (code == -ENOENT)
        return error_set(error, -ENOTSUP, "%s needs %s, and there is none on the PATH", self->name,
                         argv[0]);
    return code ? error_set(error, code, "%s cannot be started: %s", self->name, strerror(-code))
                : 0;
}

struct check_host *check_host_start(const char *name, const char *const argv[], const char *run_dir,
                                    double seconds, struct error *error)
{
    struct check_host *self = NEW(struct check_host);
    *self = (struct check_host){.name = name, .seconds = seconds, .fd = -1, .pidfd = -1};
    if (start(self, argv, error) < 0) {
        check_host_end(self);
        return NULL;
    }
    greet(self, run_dir);
    return self;
}

/* End it if it does not end within so many milliseconds by itself. */
static void reap(struct check_host *self, int patience, int *ret_status, int *ret_signal)
{
    struct pollfd exited = {.fd = self->pidfd, .events = POLLIN};
    (void)poll(&exited, 1, patience);
    (void)spawn_kill(self->pid, SIGKILL);
    (void)poll(&exited, 1, EXIT_PATIENCE);
    spawn_reap(self->pid, ret_status, ret_signal);
    close(self->pidfd);
    self->pidfd = -1;
}

/* The process is no more: how that came. `about` is what it was asked, or NULL. */
static int tell_end(struct check_host *self, const char *about, struct error *error)
{
    int status = 0, number = 0;
    if (self->pidfd >= 0)
        reap(self, EXIT_PATIENCE, &status, &number);
    const char *signal = number ? sigabbrev_np(number) : NULL;
    if (!about && self->words.n)
        return error_set(error, -ECANCELED, "%s", text_string(&self->words));
    const char *before = about ? about : "", *colon = about ? ": " : "";
    const char *when = about ? "while it looked at this" : "when it was loaded";
    if (signal)
        return error_set(error, -ECANCELED, "%s%s%s was ended by SIG%s %s", before, colon,
                         self->name, signal, when);
    return error_set(error, -ECANCELED, "%s%s%s ended with status %d %s", before, colon, self->name,
                     status, when);
}

void check_host_end(struct check_host *self)
{
    int status, number;
    if (!self)
        return;
    if (self->pidfd >= 0)
        reap(self, 0, &status, &number);
    if (self->fd >= 0)
        close(self->fd);
    VEC_EACH (char *, name, &self->names)
        free(*name);
    vec_release(&self->names);
    text_release(&self->words);
    text_release(&self->in);
    free(self);
}

/* --- questions --- */

static int understand(const struct host_message *message, const struct call *call,
                      enum own_sequential *ret_sequential, struct error *error)
{
    const json_t *sequential = json_object_get(message->json, "sequential");
    const char *signature = call->call.signature;
    if (json_is_true(json_object_get(message->json, "missing")))
        return error_set(error, -ENOENT, "%s: %s", signature, message->error);
    if (message->error)
        return error_set(error, -EINVAL, "%s: %s", signature, message->error);
    *ret_sequential = json_is_true(sequential)    ? OWN_SEQUENTIAL_TRUE
                      : json_is_false(sequential) ? OWN_SEQUENTIAL_FALSE
                                                  : OWN_SEQUENTIAL_UNSAID;
    return 0;
}

/* The next message among the lines that were read; false if there is none. */
static bool take_message(struct check_host *self, struct host_message *ret_message)
{
    bool found = false;
    char *newline;
    while (!found && self->in.n && (newline = memchr(self->in.at, '\n', self->in.n))) {
        struct error ignored = {0};
        size_t n = (size_t)(newline - self->in.at);
        found = host_message_read(self->in.at, n, ret_message, &ignored) == 0;
        memmove(self->in.at, newline + 1, self->in.n - n); /* with the NUL */
        self->in.n -= n + 1;
    }
    return found;
}

/* Wait for the next message until `end`. */
static int hear(struct check_host *self, const char *about, double end,
                struct host_message *ret_message, struct error *error)
{
    char bytes[16 * 1024];
    while (!take_message(self, ret_message)) {
        struct pollfd wanted = {.fd = self->fd, .events = POLLIN};
        double left = end - monotonic();
        if (left <= 0 || self->in.n > HOST_LINE_MAX)
            return error_set(error, -ETIMEDOUT, "%s%sno answer of %s within %g s: it hangs",
                             about ? about : "", about ? ": " : "", self->name, self->seconds);
        if (poll(&wanted, 1, (int)(left * 1000) + 1) <= 0)
            continue;
        ssize_t n = read(self->fd, bytes, sizeof bytes);
        if (n == 0 || (n < 0 && errno != EINTR))
            return tell_end(self, about, error);
        text_add_n(&self->in, bytes, n > 0 ? (size_t)n : 0);
    }
    return 0;
}

static void take_words(struct check_host *self, const struct host_message *message)
{
    if (message->verb != HOST_LOG || message->number)
        return;
    text_clear(&self->words);
    text_add(&self->words, message->text);
}

int check_host_meet(struct check_host *self, struct error *error)
{
    double end = monotonic() + self->seconds;
    for (bool met = false; !met;) {
        struct host_message message;
        int code = hear(self, NULL, end, &message, error);
        if (code < 0)
            return code;
        size_t i;
        json_t *name;
        met = message.verb == HOST_REGISTER;
        json_array_foreach(met ? message.names : NULL, i, name)
        {
            *vec_push(&self->names) = str_copy(json_string_value(name));
        }
        take_words(self, &message);
        host_message_release(&message);
    }
    return 0;
}

const char *check_host_serves(const struct check_host *self, size_t number)
{
    return number < self->names.n ? self->names.at[number] : NULL;
}

int check_host_ask(struct check_host *self, const struct call *call,
                   enum own_sequential *ret_sequential, struct error *error)
{
    struct text text = {0};
    const char *about = call->call.signature;
    double end = monotonic() + self->seconds;
    host_say_check(&text, ++self->asked, call);
    int code = send_all(self, &text, error) < 0 ? tell_end(self, about, error) : 0;
    text_release(&text);
    for (bool answered = false; code == 0 && !answered;) {
        struct host_message message;
        code = hear(self, about, end, &message, error);
        if (code < 0)
            break;
        answered = message.verb == HOST_CHECKED && message.number == self->asked;
        if (answered)
            code = understand(&message, call, ret_sequential, error);
        host_message_release(&message);
    }
    return code;
}
