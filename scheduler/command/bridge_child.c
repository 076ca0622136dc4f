/* See bridge_child.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/bridge_child.h"
#include "base/memory.h"
#include "scheduler/run/process.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

enum { CHANNEL = 3, READ_SIZE = 65536, LOOK_MS = 20 };

static int spawn(struct bridge_child *self, char *const *arguments,
                 posix_spawn_file_actions_t *actions)
{
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    int code = posix_spawnattr_init(&attributes);
    if (code)
        return -code;
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    code = posix_spawnp(&self->pid, arguments[0], actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    if (code)
        self->pid = 0;
    return -code;
}

/* theirs: what the child gets as stdin and stdout, or both times as its channel. */
static int spawn_with(struct bridge_child *self, char *const *arguments, bool channel,
                      const int theirs[2])
{
    posix_spawn_file_actions_t actions;
    int code = -posix_spawn_file_actions_init(&actions);
    if (code)
        return code;
    if (channel) {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, theirs[0], CHANNEL);
    } else {
        posix_spawn_file_actions_adddup2(&actions, theirs[0], 0);
        posix_spawn_file_actions_adddup2(&actions, theirs[1], 1);
    }
    code = spawn(self, arguments, &actions);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* ours[0]: to read from, ours[1]: to write to. Above descriptor 3, so that dup2 always copies. */
static int open_ends(bool channel, int ours[2], int theirs[2])
{
    int pair[4] = {-1, -1, -1, -1};
    int type = SOCK_STREAM | SOCK_CLOEXEC;
    if (channel ? socketpair(AF_UNIX, type, 0, pair)
                : pipe2(pair, O_CLOEXEC) || pipe2(pair + 2, O_CLOEXEC))
        return -errno;
    ours[0] = pair[0];
    ours[1] = channel ? pair[0] : pair[3];
    theirs[0] = channel ? pair[1] : pair[2];
    theirs[1] = pair[1];
    for (int i = 0; i < 2; i++) {
        if (theirs[i] > CHANNEL)
            continue;
        int higher = fcntl(theirs[i], F_DUPFD_CLOEXEC, CHANNEL + 1);
        if (higher < 0)
            return -errno;
        close(theirs[i]);
        theirs[i] = higher;
    }
    return fcntl(ours[0], F_SETFL, O_NONBLOCK) || fcntl(ours[1], F_SETFL, O_NONBLOCK) ? -errno : 0;
}

static void close_ends(int ends[2])
{
    if (ends[0] >= 0)
        close(ends[0]);
    if (ends[1] >= 0 && ends[1] != ends[0])
        close(ends[1]);
}

int bridge_child_start(struct bridge_child *self, char *const *arguments, bool channel,
                       struct error *error)
{
    int ours[2] = {-1, -1}, theirs[2] = {-1, -1};
    *self = (struct bridge_child){.in = -1, .out = -1};
    int code = open_ends(channel, ours, theirs);
    if (!code)
        code = spawn_with(self, arguments, channel, theirs);
    close_ends(theirs);
    if (code) {
        close_ends(ours);
        return error_set(error, code, "cannot start %s: %s", arguments[0], strerror(-code));
    }
    self->out = ours[0];
    self->in = ours[1];
    return 0;
}

int bridge_child_is_parent(struct bridge_child *self, struct error *error)
{
    struct stat out;
    *self = (struct bridge_child){.in = STDOUT_FILENO, .out = STDIN_FILENO};
    /* A terminal is shared with others, which expect it to wait. */
    if (fstat(STDOUT_FILENO, &out) || ((S_ISFIFO(out.st_mode) || S_ISSOCK(out.st_mode)) &&
                                       fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK)))
        return error_set(error, -errno, "cannot write to stdout: %s", strerror(errno));
    return 0;
}

int bridge_child_tell(struct bridge_child *self, const char *line, struct error *error)
{
    if (self->unwritten.n + strlen(line) > BRIDGE_CHILD_UNREAD_MAX)
        return error_set(error, -ENOBUFS, "it does not read what it is told (%d MiB)",
                         BRIDGE_CHILD_UNREAD_MAX / (1024 * 1024));
    text_add(&self->unwritten, line);
    text_add_char(&self->unwritten, '\n');
    bridge_child_write(self);
    return 0;
}

void bridge_child_write(struct bridge_child *self)
{
    ssize_t n = self->unwritten.n ? write(self->in, self->unwritten.at, self->unwritten.n) : 0;
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        n = (ssize_t)self->unwritten.n; /* it has gone, as its end will tell */
    if (n <= 0)
        return;
    struct text rest = {0};
    text_add_n(&rest, self->unwritten.at + n, self->unwritten.n - (size_t)n);
    text_release(&self->unwritten);
    self->unwritten = rest;
}

int bridge_child_read(struct bridge_child *self, struct error *error)
{
    char buffer[READ_SIZE];
    struct text rest = {0};
    if (self->taken) {
        text_add_n(&rest, self->unread.at + self->taken, self->unread.n - self->taken);
        text_release(&self->unread);
        self->unread = rest;
        self->taken = 0;
    }
    ssize_t n = read(self->out, buffer, sizeof buffer);
    if (n > 0)
        text_add_n(&self->unread, buffer, (size_t)n);
    self->silent = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    if (self->unread.n > HOST_LINE_MAX && !memchr(self->unread.at, '\n', self->unread.n))
        return error_set(error, -EMSGSIZE, "it said a line of more than %d bytes", HOST_LINE_MAX);
    return 0;
}

bool bridge_child_is_readable(const struct bridge_child *self)
{
    struct pollfd event = {.fd = self->out, .events = POLLIN};
    return poll(&event, 1, 0) > 0;
}

/* Where the next line ends. */
static char *line_end(const struct bridge_child *self)
{
    return self->unread.at
               ? memchr(self->unread.at + self->taken, '\n', self->unread.n - self->taken)
               : NULL;
}

bool bridge_child_has_line(const struct bridge_child *self)
{
    return line_end(self);
}

char *bridge_child_line(struct bridge_child *self)
{
    char *line = self->unread.at + self->taken, *end = line_end(self);
    if (!end)
        return NULL;
    *end = '\0';
    self->taken = (size_t)(end + 1 - self->unread.at);
    return line;
}

bool bridge_child_has_ended(struct bridge_child *self, int *ret_status)
{
    if (!self->pid || waitpid(self->pid, ret_status, WNOHANG) != self->pid)
        return false;
    (void)kill(-self->pid, SIGKILL); /* what it left behind */
    self->pid = 0;
    return true;
}

/* Nothing more is to be told. */
static void close_input(struct bridge_child *self)
{
    if (self->in == self->out)
        (void)shutdown(self->in, SHUT_WR);
    else
        close(self->in);
    self->in = self->in == self->out ? self->in : -1;
}

/* What it still says nobody wants, but it must not wait for us. in: where there may be room; -1. */
static void drain(struct bridge_child *self, int in)
{
    char bytes[READ_SIZE];
    struct pollfd events[] = {{.fd = self->silent ? -1 : self->out, .events = POLLIN},
                              {.fd = in, .events = POLLOUT}};
    if (poll(events, 2, LOOK_MS) > 0 && events[0].revents)
        self->silent = read(self->out, bytes, sizeof bytes) <= 0;
}

void bridge_child_finish(struct bridge_child *self)
{
    bool told = false;
    int ignored;
    for (int ms = 0; self->out >= 0 && ms < BRIDGE_CHILD_PATIENCE_MS; ms += LOOK_MS) {
        bridge_child_write(self);
        if (!told && !self->unwritten.n) {
            told = true;
            close_input(self);
        }
        if (told && (!self->pid || bridge_child_has_ended(self, &ignored)))
            return;
        drain(self, told ? -1 : self->in);
    }
}

void bridge_child_end(struct bridge_child *self)
{
    int ends[2] = {self->in, self->out}, ignored;
    close_ends(ends);
    if (self->pid)
        (void)kill(-self->pid, SIGTERM);
    for (int ms = 0; self->pid && ms < BRIDGE_CHILD_PATIENCE_MS; ms += LOOK_MS)
        if (!bridge_child_has_ended(self, &ignored))
            process_wait(LOOK_MS / 1000.0);
    if (self->pid) {
        (void)kill(-self->pid, SIGKILL);
        (void)waitpid(self->pid, &ignored, 0);
    }
    text_release(&self->unread);
    text_release(&self->unwritten);
    *self = (struct bridge_child){.in = -1, .out = -1};
}
