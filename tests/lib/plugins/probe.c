/* An xtrigger for tests: probe(how, n=1, ...) is satisfied at its n-th call; before that it says
 * `how` it wants to be asked again. Result: how often it was called. */
#include "xtriggers/rouse_xtrigger.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char *argument(const struct rouse_call *call, const char *name, const char *otherwise)
{
    for (size_t i = 0; i < call->n; i++)
        if (call->names[i] && strcmp(call->names[i], name) == 0)
            return call->values[i];
    return otherwise;
}

static struct rouse_waker *waker;
static void (*wake)(struct rouse_waker *waker);

static const char *how(const struct rouse_call *call)
{
    return call->n && !call->names[0] ? call->values[0] : "";
}

static int validate(struct rouse_call *call)
{
    if (strcmp(how(call), "bad") != 0)
        return 0;
    call->fail(call, "`bad` is no way to wait");
    return -1;
}

static enum rouse_verdict satisfied(struct rouse_call *call, int calls)
{
    char text[16];
    snprintf(text, sizeof text, "%d", calls);
    call->result(call, "calls", text);
    call->result(call, "tricky", "a\"b\\c\n");
    for (int i = atoi(argument(call, "large", "0")); i > 0; i--)
        call->result(call, "key", "0123456789012345678901234567890123456789");
    return ROUSE_SATISFIED;
}

static enum rouse_verdict ask(struct rouse_call *call)
{
    int *calls = *call->state;
    if (!calls)
        *call->state = calls = calloc(1, sizeof *calls);
    if (!calls)
        return ROUSE_ERROR;
    if (++*calls >= atoi(argument(call, "n", "1")))
        return satisfied(call, *calls);
    double number = atof(argument(call, "x", "0"));
    if (strcmp(how(call), "error") == 0) {
        if (number > 0)
            call->fail(call, "the moon is not full");
        return ROUSE_ERROR;
    }
    if (strcmp(how(call), "after") == 0)
        call->again_after(call, number);
    else if (strcmp(how(call), "at") == 0)
        call->again_at(call, number < 0 ? call->now - number : number);
    else if (strcmp(how(call), "path") == 0)
        call->again_when_changed(call, argument(call, "path", ""));
    else if (strcmp(how(call), "wake") == 0) {
        call->wake(call->waker);
        call->again_when_woken(call);
    } else if (strcmp(how(call), "push") == 0) {
        waker = call->waker;
        wake = call->wake;
        call->again_when_woken(call);
    } else if (strcmp(how(call), "paths") == 0)
        call->again_when_changed(call, *calls % 2 ? "/a" : "/b");
    call->log(call, "not yet");
    return ROUSE_NOT_YET;
}

static void kept(struct rouse_call *call)
{
    call->log(call, "kept");
}

static void drop(struct rouse_call *call)
{
    free(*call->state);
    *call->state = NULL;
}

static const struct rouse_xtrigger probe = {.abi = ROUSE_XTRIGGER_ABI,
                                            .name = "probe",
                                            .usage = "probe(how, n=1, x=0, path='')",
                                            .validate = validate,
                                            .ask = ask,
                                            .drop = drop,
                                            .kept = kept};

/* For a test: whoever said "push" last is woken. */
void probe_wake(void);
void probe_wake(void)
{
    wake(waker);
}

const struct rouse_xtrigger *rouse_xtrigger_v1(void);
const struct rouse_xtrigger *rouse_xtrigger_v1(void)
{
    return &probe;
}
