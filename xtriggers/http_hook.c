/* See http_hook.h.
 *
 * A listener has a thread of its own (libmicrohttpd's), which reads a message whole, gives it to
 * the hook of that name, wakes the hook's call and suspends the connection. hook_kept lets it go
 * on, and the thread answers 200. The same message sent again meanwhile or later (its
 * acknowledgement was lost) is answered alike; another one is refused. All that both sides see is
 * under one lock.
 *
 * A listener stays until the process ends, so that who comes between two cycles is told that
 * nobody waits, rather than find a closed door. */
#include "xtriggers/http_hook.h"
#include "base/memory.h"
#include "base/text.h"
#include "xtriggers/http_json.h"
#include "xtriggers/http_listen.h"
#include "xtriggers/library.h"
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define MHD_FUNCTIONS(X)                                                                           \
    X(create_response_from_buffer)                                                                 \
    X(add_response_header)                                                                         \
    X(queue_response)                                                                              \
    X(destroy_response)                                                                            \
    X(resume_connection)                                                                           \
    X(lookup_connection_value)                                                                     \
    X(suspend_connection)                                                                          \
    X(start_daemon)

/* libmicrohttpd, from the first listener on; set under the lock. */
static struct mhd {
#define MHD_POINTER_(name) __typeof__(MHD_##name) *name;
    MHD_FUNCTIONS(MHD_POINTER_)
#undef MHD_POINTER_
} mhd;

struct hook {
    struct listener *listener;
    void (*wake)(struct rouse_waker *waker);
    struct rouse_waker *waker;
    char *name, *secret, *url;
    struct text body; /* of the message */
    json_t *message;  /* NULL: none yet */
    bool kept;
    struct posted *waiting; /* whose acknowledgement waits for the commit */
    struct hook *next;      /* of the listener */
};

struct posted { /* a request to the server */
    struct MHD_Connection *connection;
    struct text body;
    unsigned status; /* the answer; 0: it is not known yet */
    char *answer;
    struct hook *hook; /* it waits for */
    struct posted *next;
};

struct listener {
    unsigned port; /* as asked for */
    char *address, *run_dir, *url;
    struct MHD_Daemon *server;
    struct hook *hooks;
    struct listener *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct listener *listeners;

/* --- answers --- */

static void decide(struct posted *posted, unsigned status, const char *answer, const char *name)
{
    posted->status = status;
    free(posted->answer);
    posted->answer = str_format("%s%s\n", answer, name);
}

static enum MHD_Result answer(const struct posted *posted)
{
    struct MHD_Response *response = mhd.create_response_from_buffer(
        strlen(posted->answer), posted->answer, MHD_RESPMEM_MUST_COPY);
    mhd.add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
    if (posted->status == MHD_HTTP_UNAUTHORIZED)
        mhd.add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    if (posted->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        mhd.add_response_header(response, MHD_HTTP_HEADER_ALLOW, "POST");
    enum MHD_Result result = mhd.queue_response(posted->connection, posted->status, response);
    mhd.destroy_response(response);
    return result;
}

/* Under the lock: all that wait for the commit go on. */
static void release_waiting(struct hook *hook, unsigned status, const char *text)
{
    while (hook->waiting) {
        struct posted *posted = hook->waiting;
        hook->waiting = posted->next;
        posted->hook = NULL;
        decide(posted, status, text, "");
        mhd.resume_connection(posted->connection);
    }
}

/* --- requests --- */

static struct hook *find(const struct listener *listener, const char *path)
{
    struct hook *hook = listener->hooks;
    while (hook && strcmp(hook->name, path + 1) != 0)
        hook = hook->next;
    return hook;
}

/* Takes as long whatever is wrong with it. */
static bool is_secret(const char *secret, const char *given)
{
    size_t n = strlen(secret), m = strlen(given);
    volatile unsigned char differs = n != m;
    for (size_t i = 0; i < m; i++)
        differs |= (unsigned char)(given[i] ^ secret[i % n]);
    return !differs;
}

static bool is_allowed(const struct hook *hook, struct MHD_Connection *connection)
{
    static const char bearer[] = "Bearer ";
    const char *given =
        mhd.lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    if (!hook->secret)
        return true;
    return given && strncmp(given, bearer, sizeof bearer - 1) == 0 &&
           is_secret(hook->secret, given + sizeof bearer - 1);
}

static bool is_too_large(struct MHD_Connection *connection)
{
    const char *length =
        mhd.lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length && strtoull(length, NULL, 10) > HOOK_BODY_MAX;
}

/* Under the lock: the hook it may be given to; NULL: the answer is decided. */
static struct hook *admit(const struct listener *listener, struct posted *posted, const char *path)
{
    struct hook *hook = find(listener, path);
    if (!hook)
        decide(posted, MHD_HTTP_NOT_FOUND, "nobody waits for ", path);
    else if (!is_allowed(hook, posted->connection))
        decide(posted, MHD_HTTP_UNAUTHORIZED, "this hook needs its secret: Authorization: Bearer",
               " SECRET");
    else
        return hook;
    return NULL;
}

/* What can be said before the message is read. */
static void begin(const struct listener *listener, struct posted *posted, const char *path,
                  const char *method)
{
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0) {
        decide(posted, MHD_HTTP_METHOD_NOT_ALLOWED, "only POST is understood", "");
    } else if (is_too_large(posted->connection)) {
        decide(posted, MHD_HTTP_CONTENT_TOO_LARGE, "the message is larger than 64 KiB", "");
    } else {
        pthread_mutex_lock(&lock);
        admit(listener, posted, path);
        pthread_mutex_unlock(&lock);
    }
}

static bool is_same(const struct text *a, const struct text *b)
{
    return a->n == b->n && (!a->n || memcmp(a->at, b->at, a->n) == 0);
}

/* Under the lock: the answer comes with the commit. */
static void wait_for_commit(struct hook *hook, struct posted *posted)
{
    posted->hook = hook;
    posted->next = hook->waiting;
    hook->waiting = posted;
    mhd.suspend_connection(posted->connection);
}

/* Under the lock: the message is whole. The answer is decided, or comes with the commit. */
static void give(struct hook *hook, struct posted *posted)
{
    struct error error = {0};
    if (hook->message) {
        if (!is_same(&hook->body, &posted->body))
            decide(posted, MHD_HTTP_CONFLICT, "another message has been received for ", hook->name);
        else if (hook->kept)
            decide(posted, MHD_HTTP_OK, "received before", "");
        else
            wait_for_commit(hook, posted);
        return;
    }
    const char *type = mhd.lookup_connection_value(posted->connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_CONTENT_TYPE);
    hook->message = http_posted(type, posted->body.at, posted->body.n, &error);
    if (!hook->message) {
        decide(posted, MHD_HTTP_BAD_REQUEST, error.text, "");
        return;
    }
    hook->body = posted->body;
    posted->body = (struct text){0};
    wait_for_commit(hook, posted);
    hook->wake(hook->waker);
}

/* True: the answer comes with the commit. */
static bool end(const struct listener *listener, struct posted *posted, const char *path)
{
    if (posted->body.n > HOOK_BODY_MAX) {
        decide(posted, MHD_HTTP_CONTENT_TOO_LARGE, "the message is larger than 64 KiB", "");
        return false;
    }
    pthread_mutex_lock(&lock);
    struct hook *hook = admit(listener, posted, path);
    if (hook)
        give(hook, posted);
    bool waits = posted->hook != NULL;
    pthread_mutex_unlock(&lock);
    return waits;
}

static bool is_decided(const struct posted *posted)
{
    pthread_mutex_lock(&lock);
    bool decided = posted->status;
    pthread_mutex_unlock(&lock);
    return decided;
}

/* libmicrohttpd calls this with the headers, with each part of the message, at its end, and when
 * the connection goes on. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *bytes,
                              size_t *size, void **request)
{
    const struct listener *listener = context;
    struct posted *posted = *request;
    (void)version;
    if (!posted) {
        *request = posted = NEW(struct posted);
        posted->connection = connection;
        begin(listener, posted, path, method);
        return posted->status ? answer(posted) : MHD_YES;
    }
    if (*size) {
        if (posted->body.n <= HOOK_BODY_MAX)
            text_add_n(&posted->body, bytes, *size);
        *size = 0;
        return MHD_YES;
    }
    if (!is_decided(posted) && end(listener, posted, path))
        return MHD_YES;
    return answer(posted);
}

static void done(void *context, struct MHD_Connection *connection, void **request,
                 enum MHD_RequestTerminationCode code)
{
    struct posted *posted = *request;
    (void)context, (void)connection, (void)code;
    if (!posted)
        return;
    pthread_mutex_lock(&lock);
    for (struct posted **at = posted->hook ? &posted->hook->waiting : NULL; at && *at;)
        if (*at == posted)
            *at = posted->next;
        else
            at = &(*at)->next;
    pthread_mutex_unlock(&lock);
    text_release(&posted->body);
    free(posted->answer);
    free(posted);
    *request = NULL;
}

/* --- listeners --- */

/* Under the lock. */
static int load_mhd(struct error *error)
{
    static const char *const files[] = {"libmicrohttpd.so.12", NULL};
    static const struct library_function functions[] = {
#define MHD_FUNCTION_(name) {"MHD_" #name, &mhd.name},
        MHD_FUNCTIONS(MHD_FUNCTION_)
#undef MHD_FUNCTION_
    };
    return mhd.start_daemon
               ? 0
               : library_load(files, functions, sizeof functions / sizeof *functions, error);
}

static struct MHD_Daemon *start_server(struct listener *listener, int fd, struct error *error)
{
    unsigned flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                     (strchr(listener->address, ':') ? MHD_USE_IPv6 : 0);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct MHD_Daemon *server = mhd.start_daemon(
        flags, 0, NULL, NULL, handle, listener, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)HOOK_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)HOOK_TIMEOUT, MHD_OPTION_NOTIFY_COMPLETED, done, NULL, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!server) {
        close(fd);
        error_set(error, -EIO, "the HTTP server does not start");
    }
    return server;
}

static bool is_at(const struct listener *listener, const char *run_dir,
                  const struct hook_place *place)
{
    return listener->port == place->port && strcmp(listener->address, place->address) == 0 &&
           strcmp(listener->run_dir, run_dir) == 0;
}

/* The listener for this place, made if need be. */
static struct listener *listen_at(const char *run_dir, const struct hook_place *place,
                                  struct error *error)
{
    struct listener *listener = listeners;
    while (listener && !is_at(listener, run_dir, place))
        listener = listener->next;
    if (listener)
        return listener;
    if (load_mhd(error) < 0)
        return NULL;
    listener = NEW(struct listener);
    listener->port = place->port;
    listener->address = str_copy(place->address);
    listener->run_dir = str_copy(run_dir);
    int fd = http_listen(run_dir, place->address, place->port, &listener->url, error);
    if (fd >= 0)
        listener->server = start_server(listener, fd, error);
    if (listener->server) {
        listener->next = listeners;
        return listeners = listener;
    }
    free(listener->address);
    free(listener->run_dir);
    free(listener->url);
    free(listener);
    return NULL;
}

/* --- hooks --- */

struct hook *hook_open(const struct rouse_call *call, const struct hook_place *place,
                       struct error *error)
{
    struct hook *hook = NULL;
    pthread_mutex_lock(&lock);
    struct listener *listener = listen_at(call->run_dir, place, error);
    struct hook *other = listener ? listener->hooks : NULL;
    while (other && strcmp(other->name, place->name) != 0)
        other = other->next;
    if (other) {
        error_set(error, -EEXIST, "another xtrigger waits for %s", other->url);
    } else if (listener) {
        hook = NEW(struct hook);
        *hook = (struct hook){.listener = listener,
                              .wake = call->wake,
                              .waker = call->waker,
                              .name = str_copy(place->name),
                              .secret = str_copy(place->secret),
                              .url = str_format("%s%s", listener->url, place->name),
                              .next = listener->hooks};
        listener->hooks = hook;
    }
    pthread_mutex_unlock(&lock);
    return hook;
}

const char *hook_url(const struct hook *hook)
{
    return hook->url;
}

const json_t *hook_message(struct hook *hook)
{
    pthread_mutex_lock(&lock);
    const json_t *message = hook->message;
    pthread_mutex_unlock(&lock);
    return message;
}

void hook_kept(struct hook *hook)
{
    pthread_mutex_lock(&lock);
    hook->kept = true;
    release_waiting(hook, MHD_HTTP_OK, "received");
    pthread_mutex_unlock(&lock);
}

void hook_drop(struct hook *hook)
{
    if (!hook)
        return;
    pthread_mutex_lock(&lock);
    release_waiting(hook, MHD_HTTP_SERVICE_UNAVAILABLE,
                    "nobody waits for this any more, and it may not have been kept: send it again");
    struct hook **at = &hook->listener->hooks;
    while (*at != hook)
        at = &(*at)->next;
    *at = hook->next;
    pthread_mutex_unlock(&lock);
    json_decref(hook->message);
    text_release(&hook->body);
    free(hook->name);
    free(hook->secret);
    free(hook->url);
    free(hook);
}
