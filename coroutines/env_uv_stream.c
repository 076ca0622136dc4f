/* See env_uv_stream.h. libuv tells of a readable descriptor at every turn until it is read. One
 * that its coroutine leaves unread (it has enough for now) is not looked at any more after the
 * second time, until a read finds it empty. */
#include "coroutines/env_uv_stream.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

struct uv_stream { /* the poll handle is first */
    uv_poll_t poll;
    struct env_stream *stream;
    int fd;
    int events; /* looked for */
};

static void on_events(uv_poll_t *poll, int status, int events);

static void look_for(struct uv_stream *self, int events)
{
    if (events == self->events)
        return;
    self->events = events;
    int result = events ? uv_poll_start(&self->poll, events, on_events) : uv_poll_stop(&self->poll);
    INVARIANT(result == 0);
}

static void on_events(uv_poll_t *poll, int status, int events)
{
    struct uv_stream *self = (struct uv_stream *)poll;
    struct env_stream *stream = self->stream;
    if (status < 0)
        events = UV_READABLE | UV_WRITABLE; /* reading and writing will say why */
    int seen = stream->readable ? events & UV_READABLE : 0;
    if (events & UV_WRITABLE) {
        stream->writable = true;
        seen |= UV_WRITABLE;
    }
    stream->readable = stream->readable || (events & UV_READABLE);
    look_for(self, self->events & ~seen);
    co_wake(stream->co);
}

int env_uv_stream_open(void *loop, struct env_stream *stream, struct co *co, int *ret_peer)
{
    PRE(!stream->backend);
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    struct uv_stream *self = NEW(struct uv_stream);
    int result = uv_poll_init(loop, &self->poll, ends[0]); /* makes it non-blocking */
    if (result < 0) {
        free(self);
        close(ends[0]);
        close(ends[1]);
        return result;
    }
    self->stream = stream;
    self->fd = ends[0];
    *stream = (struct env_stream){.co = co, .backend = self};
    look_for(self, UV_READABLE);
    *ret_peer = ends[1];
    return 0;
}

int64_t env_uv_stream_read(struct env *env, struct env_stream *stream, void *bytes, size_t n)
{
    (void)env;
    struct uv_stream *self = stream->backend;
    ssize_t got;
    do
        got = recv(self->fd, bytes, n, 0);
    while (got < 0 && errno == EINTR);
    if (got >= 0)
        return got;
    if (errno != EAGAIN)
        return -errno;
    stream->readable = false;
    look_for(self, self->events | UV_READABLE);
    return -EAGAIN;
}

int64_t env_uv_stream_write(struct env *env, struct env_stream *stream, const void *bytes, size_t n)
{
    (void)env;
    struct uv_stream *self = stream->backend;
    ssize_t taken;
    do
        taken = send(self->fd, bytes, n, MSG_NOSIGNAL);
    while (taken < 0 && errno == EINTR);
    if (taken < 0 && errno != EAGAIN)
        return -errno;
    taken = taken < 0 ? 0 : taken;
    stream->writable = (size_t)taken == n;
    if (!stream->writable)
        look_for(self, self->events | UV_WRITABLE);
    return taken;
}

static void free_stream(uv_handle_t *handle)
{
    free(handle);
}

void env_uv_stream_close(struct env *env, struct env_stream *stream)
{
    (void)env;
    struct uv_stream *self = stream->backend;
    stream->backend = NULL;
    if (!self)
        return;
    int fd = self->fd;
    uv_close((uv_handle_t *)&self->poll, free_stream); /* stops looking at once */
    close(fd);
}
