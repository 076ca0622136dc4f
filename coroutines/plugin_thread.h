/* A thread for one xtrigger that blocks: calls go in by one channel and come back by another, so a
 * plugin that hangs holds up nothing but its own calls. */
#ifndef ROUSE_PLUGIN_THREAD_H
#define ROUSE_PLUGIN_THREAD_H

#include "coroutines/env.h"
#include "xtriggers/call.h"

struct plugin_thread;

/* co is woken when an answer is there. NULL and error if no thread can be had. */
struct plugin_thread *plugin_thread_create(struct env *env, struct co *co,
                                           const struct rouse_xtrigger *xtrigger,
                                           struct error *error);
/* Have `call` asked. Nobody else may touch it until it comes back. */
void plugin_thread_ask(struct plugin_thread *thread, struct call *call);
/* A call that has been asked, or NULL. */
struct call *plugin_thread_answer(struct plugin_thread *thread);
/* A call that was asked for and has not been begun, which comes back like that; or NULL. */
struct call *plugin_thread_take_back(struct plugin_thread *thread);
/* Calls not yet come back. */
size_t plugin_thread_pending(const struct plugin_thread *thread);
/* Ends the thread; calls that are not taken back belong to the caller again. False: it hangs in the
 * plugin; it is left alone with its channels and that one call, and the plugin must not be
 * unloaded. */
bool plugin_thread_destroy(struct plugin_thread *thread);

#endif
