/* The real world's streams to processes (env.h): a socketpair, looked at by libuv. */
#ifndef ROUSE_ENV_UV_STREAM_H
#define ROUSE_ENV_UV_STREAM_H

#include "coroutines/env.h"

/* Opens the pair. 0 and the other end, to be handed on and closed by the caller; or negative errno.
 * `loop` is the uv_loop_t. */
int env_uv_stream_open(void *loop, struct env_stream *stream, struct co *co, int *ret_peer);
int64_t env_uv_stream_read(struct env *env, struct env_stream *stream, void *bytes, size_t n);
int64_t env_uv_stream_write(struct env *env, struct env_stream *stream, const void *bytes,
                            size_t n);
void env_uv_stream_close(struct env *env, struct env_stream *stream);

#endif
