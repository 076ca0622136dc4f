/* See host_c_main.h. One thread reads, and answers pings at once; another one, the plugin's, takes
 * what was read in order and calls it. A process that the plugin has forked says nothing. */
#define ROUSE_TOUCHES_THE_WORLD
#include "xtriggers/host_c_main.h"
#include "base/memory.h"
#include "base/vec.h"
#include "xtriggers/host_c.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

enum { SCHEDULER_FD = 3, READ_AT_ONCE = 16 * 1024, CANNOT_LOAD = 3, SPEAKS_RUBBISH = 4 };

struct process {
    struct host_c *host;
    pid_t pid; /* of the process that may speak */
    pthread_mutex_t lock;
    pthread_cond_t something;
    VEC(struct host_message) heard; /* under the lock; so is woken */
    bool woken;
    pthread_mutex_t speaking;
};

/* --- the world of the host --- */

static double now(void *context)
{
    struct timespec time;
    (void)context;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t random_number(void *context)
{
    uint64_t number = 0;
    (void)context;
    while (getrandom(&number, sizeof number, 0) < 0 && errno == EINTR)
        ;
    return number;
}

static void woken(void *context)
{
    struct process *self = context;
    pthread_mutex_lock(&self->lock);
    self->woken = true;
    pthread_cond_signal(&self->something);
    pthread_mutex_unlock(&self->lock);
}

/* --- speaking --- */

/* The scheduler is gone: so are we, and what the plugin has forked. */
static _Noreturn void end(int status)
{
    if (getpgrp() == getpid())
        kill(0, SIGKILL);
    _exit(status);
}

static void speak(struct process *self, struct text *out)
{
    if (getpid() != self->pid)
        _exit(0);
    pthread_mutex_lock(&self->speaking);
    for (size_t sent = 0; sent < out->n;) {
        ssize_t n = send(SCHEDULER_FD, out->at + sent, out->n - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            end(0);
        sent += n > 0 ? (size_t)n : 0;
    }
    pthread_mutex_unlock(&self->speaking);
    text_clear(out);
}

/* --- the plugin's thread --- */

/* False: it was woken and nothing was said. */
static bool next_message(struct process *self, struct host_message *ret_message)
{
    pthread_mutex_lock(&self->lock);
    while (!self->heard.n && !self->woken)
        pthread_cond_wait(&self->something, &self->lock);
    bool is_there = self->heard.n > 0;
    if (is_there) {
        *ret_message = self->heard.at[0];
        self->heard.n--;
        memmove(self->heard.at, self->heard.at + 1, self->heard.n * sizeof *self->heard.at);
    } else
        self->woken = false;
    pthread_mutex_unlock(&self->lock);
    return is_there;
}

static void *call_plugin(void *argument)
{
    struct process *self = argument;
    struct text out = {0};
    for (;;) {
        struct host_message message;
        struct error error = {0};
        bool is_there = next_message(self, &message);
        if (!is_there)
            host_c_ask_woken(self->host, &out);
        else if (host_c_hear(self->host, &message, &out, &error) < 0)
            end(SPEAKS_RUBBISH);
        if (is_there)
            host_message_release(&message);
        speak(self, &out);
    }
    return NULL;
}

/* --- the thread that reads --- */

static void hear(struct process *self, const char *line, size_t n)
{
    struct host_message message;
    struct error error = {0};
    if (host_message_read(line, n, &message, &error) < 0) {
        (void)fprintf(stderr, "rouse: error: the scheduler says what nobody understands: %s\n",
                      error.text);
        end(SPEAKS_RUBBISH);
    }
    if (message.verb == HOST_PING) {
        struct text out = {0};
        host_say(&out, HOST_PONG, message.number);
        host_message_release(&message);
        speak(self, &out);
        text_release(&out);
        return;
    }
    pthread_mutex_lock(&self->lock);
    *vec_push(&self->heard) = message;
    pthread_cond_signal(&self->something);
    pthread_mutex_unlock(&self->lock);
}

static void hear_lines(struct process *self, struct text *in)
{
    char *at = in->at, *last = at + in->n;
    for (char *newline; (newline = memchr(at, '\n', (size_t)(last - at))); at = newline + 1)
        hear(self, at, (size_t)(newline - at));
    text_cut(in, (size_t)(at - in->at));
}

static _Noreturn void listen_to_scheduler(struct process *self)
{
    struct text in = {0};
    for (;;) {
        char bytes[READ_AT_ONCE];
        ssize_t n = recv(SCHEDULER_FD, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            end(0);
        text_add_n(&in, bytes, (size_t)n);
        hear_lines(self, &in);
    }
}

int host_c_main(const char *path)
{
    static struct process self = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                  .something = PTHREAD_COND_INITIALIZER,
                                  .speaking = PTHREAD_MUTEX_INITIALIZER};
    const struct host_c_world world = {now, random_number, woken, &self};
    struct text out = {0};
    struct error error = {0};
    struct stat info;
    if (fstat(SCHEDULER_FD, &info) < 0 || !S_ISSOCK(info.st_mode) ||
        fcntl(SCHEDULER_FD, F_SETFD, FD_CLOEXEC) < 0) {
        (void)fprintf(stderr, "rouse: error: this is started by the scheduler itself\n");
        return 2;
    }
    self.pid = getpid();
    self.host = host_c_create(path, &world, &out, &error);
    if (!self.host) {
        host_say_text(&out, HOST_LOG, 0, error.text);
        speak(&self, &out);
        (void)fprintf(stderr, "rouse: error: %s\n", error.text);
        text_release(&out);
        return CANNOT_LOAD;
    }
    speak(&self, &out);
    text_release(&out);
    pthread_t thread;
    if (pthread_create(&thread, NULL, call_plugin, &self) != 0)
        return CANNOT_LOAD;
    listen_to_scheduler(&self);
}
