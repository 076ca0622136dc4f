/* See sim_host.h. */
#include "tests/lib/sim_host.h"
#include "base/memory.h"
#include "base/vec.h"
#include "xtriggers/host_c.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_host {
    int64_t pid;
    struct host_c *plugin; /* NULL: scripted */
    struct text in;
    struct sim_hosts *owner;
    bool woken;
};

struct sim_hosts {
    struct sim *sim;
    VEC(struct sim_host *) hosts;
    void (*heard)(void *context, int64_t pid, const struct host_message *message);
    void (*born)(void *context, int64_t pid);
    void *context;
};

static double now(void *context)
{
    struct sim_host *host = context;
    return (double)env_wall(sim_env(host->owner->sim)) / 1e6;
}

static uint64_t random_number(void *context)
{
    struct sim_host *host = context;
    return sim_chance(host->owner->sim, INT64_MAX);
}

static void woken(void *context)
{
    ((struct sim_host *)context)->woken = true;
}

static void say(struct sim_host *host, struct text *out)
{
    sim_stream_say(host->owner->sim, host->pid, text_string(out), out->n);
    text_release(out);
}

static void refuse(struct sim_host *host, const struct host_message *message)
{
    struct text out = {0};
    char *why = str_format("no such xtrigger: %s", message->function ? message->function : "");
    if (message->verb == HOST_START)
        host_say_text(&out, HOST_FAIL, message->number, why);
    else if (message->verb == HOST_PING)
        host_say(&out, HOST_PONG, message->number);
    free(why);
    say(host, &out);
}

static void hear_line(struct sim_host *host, const char *line, size_t n)
{
    struct sim_hosts *self = host->owner;
    struct host_message message;
    struct error error = {0};
    struct text out = {0};
    if (host_message_read(line, n, &message, &error) < 0) {
        (void)fprintf(stderr, "the scheduler said to a host: %.*s: %s\n", (int)n, line, error.text);
        abort();
    }
    if (!host->plugin && self->heard)
        self->heard(self->context, host->pid, &message);
    else if (!host->plugin)
        refuse(host, &message);
    else if (host_c_hear(host->plugin, &message, &out, &error) < 0)
        abort();
    for (; host->plugin && host->woken; host_c_ask_woken(host->plugin, &out))
        host->woken = false;
    say(host, &out);
    host_message_release(&message);
}

static void heard(void *context, int64_t pid, const char *bytes, size_t n)
{
    struct sim_hosts *self = context;
    struct sim_host *host = NULL;
    VEC_EACH (struct sim_host *, each, &self->hosts)
        host = (*each)->pid == pid ? *each : host;
    text_add_n(&host->in, bytes, n);
    char *all = text_take(&host->in), *at = all;
    for (char *newline; (newline = strchr(at, '\n')); at = newline + 1)
        hear_line(host, at, (size_t)(newline - at));
    text_add(&host->in, at);
    free(all);
}

static void spawned(void *context, int64_t pid, const struct env_spawn *options)
{
    struct sim_hosts *self = context;
    struct sim_host *host = NEW(struct sim_host);
    *host = (struct sim_host){.pid = pid, .owner = self};
    *vec_push(&self->hosts) = host;
    if (!options->argv[1] || strcmp(options->argv[1], "xtrigger-child") != 0) {
        if (self->born)
            self->born(self->context, pid);
        return;
    }
    const struct host_c_world world = {now, random_number, woken, host};
    struct text out = {0};
    struct error error = {0};
    host->plugin = host_c_create(options->argv[2], &world, &out, &error);
    if (host->plugin)
        say(host, &out);
    else
        sim_process_exit(self->sim, pid, 3, 0);
    text_release(&out);
}

struct sim_hosts *sim_hosts_create(struct sim *sim)
{
    struct sim_hosts *self = NEW(struct sim_hosts);
    self->sim = sim;
    sim_on_spawn(sim, spawned, self);
    sim_on_stream(sim, heard, self);
    return self;
}

void sim_hosts_destroy(struct sim_hosts *self)
{
    if (!self)
        return;
    VEC_EACH (struct sim_host *, host, &self->hosts) {
        host_c_destroy((*host)->plugin);
        text_release(&(*host)->in);
        free(*host);
    }
    vec_release(&self->hosts);
    free(self);
}

void sim_hosts_script(struct sim_hosts *self,
                      void (*listener)(void *context, int64_t pid,
                                       const struct host_message *message),
                      void (*born)(void *context, int64_t pid), void *context)
{
    self->heard = listener;
    self->born = born;
    self->context = context;
}

void sim_hosts_say(struct sim_hosts *self, int64_t pid, const char *format, ...)
{
    struct text line = {0};
    va_list args;
    va_start(args, format);
    text_vaddf(&line, format, args);
    va_end(args);
    text_add_char(&line, '\n');
    sim_stream_say(self->sim, pid, text_string(&line), line.n);
    text_release(&line);
}
