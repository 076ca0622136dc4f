/* See bridge_calls.h. */
#include "scheduler/command/bridge_calls.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

void bridge_calls_end(struct bridge_calls *self, struct bridge_call *call)
{
    HASH_DELETE(by_number, self->by_number, call);
    HASH_DELETE(by_signature, self->by_signature, call);
    if (call->remote)
        HASH_DELETE(by_remote, self->by_remote, call);
    json_decref(call->said);
    free(call->signature);
    free(call);
}

void bridge_calls_release(struct bridge_calls *self)
{
    while (self->by_number)
        bridge_calls_end(self, self->by_number);
}

struct bridge_call *bridge_calls_number(const struct bridge_calls *self, uint64_t number)
{
    struct bridge_call *call;
    HASH_FIND(by_number, self->by_number, &number, sizeof number, call);
    return call;
}

struct bridge_call *bridge_calls_remote(const struct bridge_calls *self, uint64_t remote)
{
    struct bridge_call *call;
    HASH_FIND(by_remote, self->by_remote, &remote, sizeof remote, call);
    return call;
}

struct bridge_call *bridge_calls_start(struct bridge_calls *self, const char *signature,
                                       uint64_t remote, bool *ret_known)
{
    struct bridge_call *call;
    HASH_FIND(by_signature, self->by_signature, signature, strlen(signature), call);
    *ret_known = call && !call->remote;
    if (call && call->remote) { /* the scheduler asks anew: what was before is void */
        bridge_calls_end(self, call);
        call = NULL;
    }
    if (!call) {
        call = NEW(struct bridge_call);
        call->number = ++self->last;
        call->signature = str_copy(signature);
        HASH_ADD(by_number, self->by_number, number, sizeof call->number, call);
        HASH_ADD_KEYPTR(by_signature, self->by_signature, call->signature, strlen(signature), call);
    }
    call->remote = remote;
    HASH_ADD(by_remote, self->by_remote, remote, sizeof call->remote, call);
    return call;
}

void bridge_calls_lose(struct bridge_calls *self)
{
    while (self->by_remote) {
        struct bridge_call *call = self->by_remote;
        HASH_DELETE(by_remote, self->by_remote, call);
        call->remote = 0;
    }
}

struct bridge_call *bridge_calls_lost(const struct bridge_calls *self)
{
    for (struct bridge_call *call = self->by_number; call; call = call->by_number.next)
        if (!call->remote)
            return call;
    return NULL;
}

bool bridge_call_is_satisfied(const struct bridge_call *call)
{
    return json_object_get(call->said, "satisfied") != NULL;
}
