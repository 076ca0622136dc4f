/* See http_ask.h.
 *
 * A request is given to the thread by the list `queued`, and taken back by `dropped`; both stand
 * under the lock, with what one side says to the other. While a request is under way its handle and
 * its answer are the thread's. The thread lives as long as there are requests. */
#include "xtriggers/http_ask.h"
#include "base/check.h"
#include "base/memory.h"
#include "xtriggers/library.h"
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define CURL_FUNCTIONS(X)                                                                          \
    X(easy_cleanup)                                                                                \
    X(slist_free_all)                                                                              \
    X(multi_remove_handle)                                                                         \
    X(easy_getinfo)                                                                                \
    X(easy_strerror)                                                                               \
    X(multi_add_handle)                                                                            \
    X(multi_perform)                                                                               \
    X(multi_info_read)                                                                             \
    X(multi_poll)                                                                                  \
    X(multi_cleanup)                                                                               \
    X(global_init)                                                                                 \
    X(multi_init)                                                                                  \
    X(multi_setopt)                                                                                \
    X(easy_setopt)                                                                                 \
    X(slist_append)                                                                                \
    X(easy_reset)                                                                                  \
    X(easy_init)                                                                                   \
    X(multi_wakeup)

/* libcurl, from the first request on; set under the lock. */
static struct curl {
#define CURL_POINTER_(name) __typeof__(curl_##name) *name;
    CURL_FUNCTIONS(CURL_POINTER_)
#undef CURL_POINTER_
} curl;

enum { FOR_EVER = 3600 * 1000 }; /* milliseconds the thread sleeps at most; it is woken */

struct http_request {
    void (*wake)(struct rouse_waker *waker);
    struct rouse_waker *waker;
    enum http_progress progress; /* under the lock */
    bool queued, dropped;        /* under the lock */
    CURL *handle;
    struct curl_slist *headers;
    struct text content;
    long status;
    bool too_large, failed;
    char reason[CURL_ERROR_SIZE];
    struct http_request *next; /* queued or dropped */
};

/* One for the process: connections are kept and shared by all requests. */
static struct asker {
    pthread_mutex_t lock;
    CURLM *multi; /* NULL: no thread */
    size_t n;     /* requests, the dropped ones that are under way too */
    struct http_request *queued, *dropped;
} asker = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void free_request(struct http_request *request)
{
    if (request->handle) {
        curl.easy_cleanup(request->handle);
        curl.slist_free_all(request->headers);
    }
    text_release(&request->content);
    free(request);
}

/* --- the thread --- */

/* The requests that have come and gone since the last time; false: there are none at all any more,
 * and the thread is not known any longer. */
static bool take_orders(struct http_request **ret_queued, struct http_request **ret_dropped)
{
    pthread_mutex_lock(&asker.lock);
    *ret_queued = asker.queued;
    *ret_dropped = asker.dropped;
    asker.queued = asker.dropped = NULL;
    for (struct http_request *each = *ret_queued; each; each = each->next)
        each->queued = false;
    bool needed = asker.n > 0;
    if (!needed)
        asker.multi = NULL;
    pthread_mutex_unlock(&asker.lock);
    return needed;
}

/* Those dropped were counted until now, so that the thread outlives them. */
static void forget(CURLM *multi, struct http_request *dropped)
{
    size_t n = 0;
    for (struct http_request *next; dropped; dropped = next, n++) {
        next = dropped->next;
        curl.multi_remove_handle(multi, dropped->handle);
        free_request(dropped);
    }
    pthread_mutex_lock(&asker.lock);
    asker.n -= n;
    pthread_mutex_unlock(&asker.lock);
}

static void finish(CURLM *multi, CURL *handle, CURLcode result)
{
    struct http_request *request = NULL;
    curl.easy_getinfo(handle, CURLINFO_PRIVATE, (char **)&request);
    curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &request->status);
    curl.multi_remove_handle(multi, handle);
    request->failed = result != CURLE_OK;
    if (request->failed && !*request->reason)
        strncat(request->reason, curl.easy_strerror(result), sizeof request->reason - 1);
    pthread_mutex_lock(&asker.lock);
    request->progress = HTTP_ANSWERED;
    if (!request->dropped)
        request->wake(request->waker);
    pthread_mutex_unlock(&asker.lock);
}

/* Do what can be done; true while there are requests. */
static bool work(CURLM *multi)
{
    int running, left;
    struct http_request *queued, *dropped;
    if (!take_orders(&queued, &dropped))
        return false;
    for (struct http_request *next; queued; queued = next) {
        next = queued->next; /* it may be dropped from now on */
        curl.multi_add_handle(multi, queued->handle);
    }
    bool gone = dropped != NULL;
    forget(multi, dropped);
    curl.multi_perform(multi, &running);
    for (CURLMsg *message; (message = curl.multi_info_read(multi, &left));)
        if (message->msg == CURLMSG_DONE)
            finish(multi, message->easy_handle, message->data.result);
    if (!gone) /* else it may have been the last */
        curl.multi_poll(multi, NULL, 0, FOR_EVER, NULL);
    return true;
}

static void *ask_all(void *argument)
{
    CURLM *multi = argument;
    while (work(multi))
        ;
    curl.multi_cleanup(multi);
    return NULL;
}

/* Under the lock. */
static int load_curl(struct error *error)
{
    static const char *const files[] = {"libcurl.so.4", "libcurl-gnutls.so.4", NULL};
    static const struct library_function functions[] = {
#define CURL_FUNCTION_(name) {"curl_" #name, &curl.name},
        CURL_FUNCTIONS(CURL_FUNCTION_)
#undef CURL_FUNCTION_
    };
    if (curl.global_init)
        return 0;
    int code = library_load(files, functions, sizeof functions / sizeof *functions, error);
    if (code == 0)
        curl.global_init(CURL_GLOBAL_DEFAULT);
    return code;
}

/* Under the lock. */
static int start_thread(struct error *error)
{
    pthread_t thread;
    sigset_t all, before;
    int code = load_curl(error);
    if (code < 0)
        return code;
    CURLM *multi = curl.multi_init();
    if (!multi)
        return error_set(error, -ENOMEM, "libcurl cannot be used");
    curl.multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)HTTP_AT_ONCE_MAX);
    curl.multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)HTTP_AT_ONCE_OF_A_HOST_MAX);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&thread, NULL, ask_all, multi);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result) {
        curl.multi_cleanup(multi);
        return error_set(error, -result, "no thread for URLs: %s", strerror(result));
    }
    pthread_detach(thread);
    asker.multi = multi;
    return 0;
}

/* --- a request --- */

static size_t take_bytes(char *bytes, size_t size, size_t n, void *context)
{
    struct http_request *request = context;
    request->too_large = request->content.n + size * n > HTTP_ANSWER_MAX;
    if (request->too_large)
        return 0;
    text_add_n(&request->content, bytes, size * n);
    return size * n;
}

static void set_options(struct http_request *request, const struct http_question *question)
{
    CURL *handle = request->handle;
    curl.easy_setopt(handle, CURLOPT_URL, question->url);
    curl.easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl.easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl.easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl.easy_setopt(handle, CURLOPT_MAXREDIRS, (long)HTTP_REDIRECTS_MAX);
    curl.easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(handle, CURLOPT_QUICK_EXIT,
                     1L); /* a name server that hangs is not waited for */
    curl.easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
    curl.easy_setopt(handle, CURLOPT_USERAGENT, "rouse/" ROUSE_VERSION);
    curl.easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)(question->timeout * 1e3));
    curl.easy_setopt(handle, CURLOPT_ERRORBUFFER, request->reason);
    curl.easy_setopt(handle, CURLOPT_PRIVATE, request);
    curl.easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_bytes);
    curl.easy_setopt(handle, CURLOPT_WRITEDATA, request);
    for (size_t i = 0; i < question->n_headers; i++)
        request->headers = curl.slist_append(request->headers, question->headers[i]);
    curl.easy_setopt(handle, CURLOPT_HTTPHEADER, request->headers);
    if (question->body)
        curl.easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, question->body);
    if (strcmp(question->method, "HEAD") == 0)
        curl.easy_setopt(handle, CURLOPT_NOBODY, 1L);
    else
        curl.easy_setopt(handle, CURLOPT_CUSTOMREQUEST, question->method);
}

static void forget_answer(struct http_request *request)
{
    curl.easy_reset(request->handle);
    curl.slist_free_all(request->headers);
    request->headers = NULL;
    text_clear(&request->content);
    request->status = 0;
    request->too_large = request->failed = false;
    *request->reason = '\0';
}

struct http_request *http_request_create(const struct rouse_call *call)
{
    struct http_request *request = NEW(struct http_request);
    request->wake = call->wake;
    request->waker = call->waker;
    pthread_mutex_lock(&asker.lock);
    asker.n++;
    pthread_mutex_unlock(&asker.lock);
    return request;
}

int http_request_start(struct http_request *request, const struct http_question *question,
                       struct error *error)
{
    int code = 0;
    pthread_mutex_lock(&asker.lock);
    PRE(request->progress != HTTP_UNDER_WAY);
    if (!asker.multi)
        code = start_thread(error);
    if (code == 0 && !request->handle && !(request->handle = curl.easy_init()))
        code = error_set(error, -ENOMEM, "libcurl cannot be used");
    if (code == 0) {
        forget_answer(request);
        set_options(request, question);
        request->progress = HTTP_UNDER_WAY;
        request->queued = true;
        request->next = asker.queued;
        asker.queued = request;
        curl.multi_wakeup(asker.multi);
    }
    pthread_mutex_unlock(&asker.lock);
    return code;
}

static const char *reason_of(const struct http_request *request)
{
    if (request->too_large)
        return "the answer is larger than 1 MiB";
    return request->failed ? request->reason : NULL;
}

enum http_progress http_request_look(struct http_request *request, struct http_answer *ret_answer)
{
    pthread_mutex_lock(&asker.lock);
    enum http_progress progress = request->progress;
    pthread_mutex_unlock(&asker.lock);
    if (progress == HTTP_ANSWERED)
        *ret_answer = (struct http_answer){request->status, reason_of(request),
                                           text_string(&request->content), request->content.n};
    return progress;
}

void http_request_done(struct http_request *request)
{
    pthread_mutex_lock(&asker.lock);
    if (request->progress == HTTP_ANSWERED)
        request->progress = HTTP_IDLE;
    pthread_mutex_unlock(&asker.lock);
}

void http_request_drop(struct http_request *request)
{
    if (!request)
        return;
    pthread_mutex_lock(&asker.lock);
    bool ours = request->progress != HTTP_UNDER_WAY; /* not the thread's */
    request->dropped = true;
    struct http_request **at = &asker.queued;
    while (request->queued && *at != request)
        at = &(*at)->next;
    if (request->queued)
        *at = request->next;
    if (ours) {
        asker.n--;
    } else {
        request->next = asker.dropped;
        asker.dropped = request;
    }
    if (asker.multi)
        curl.multi_wakeup(asker.multi);
    pthread_mutex_unlock(&asker.lock);
    if (ours)
        free_request(request);
}
