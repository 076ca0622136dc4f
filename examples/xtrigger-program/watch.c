/* watch WORKFLOW DIRECTORY: serves the xtrigger spool(NAME), satisfied when there is a file NAME in
 * DIRECTORY.
 *
 *     cc -o watch watch.c $(pkg-config --cflags --libs rouse) */
#include <errno.h>
#include <rouse.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A call is started: is it satisfied? The scheduler knows us by our request `host`. */
static void answer(struct rouse *flow, unsigned long long host, const char *start,
                   const char *directory)
{
    char name[256], path[4096], said[8192];
    const char *args = strstr(start, "\"args\":[\"");
    int call;
    if (sscanf(start, "{\"start\":%d", &call) != 1 || !args ||
        sscanf(args, "\"args\":[\"%255[^\"]", name) != 1)
        return; /* hello, cancel, kept */
    snprintf(path, sizeof path, "%.2000s/%s", directory, name);
    if (access(path, F_OK) == 0)
        snprintf(said, sizeof said,
                 "{\"host\":%llu,\"satisfied\":%d,\"results\":{\"path\":\"%s\"}}", host, call,
                 path);
    else
        snprintf(said, sizeof said, "{\"host\":%llu,\"not_yet\":%d,\"after\":1}", host, call);
    rouse_send(flow, "xtrigger-say", said, 0, &host);
}

/* Until the stream of starts ends, or the connection. */
static void serve(struct rouse *flow, const char *directory, struct rouse_answer *told)
{
    unsigned long long host, beat;
    char alive[64];
    int code = rouse_send(flow, "xtrigger-host", "{\"register\":[\"spool\"],\"heartbeat\":5}",
                          ROUSE_STREAM, &host);
    snprintf(alive, sizeof alive, "{\"host\":%llu,\"heartbeat\":true}", host);
    while (!code || code == -ETIMEDOUT || (code == -EREMOTEIO && told->request != host)) {
        if (code == -ETIMEDOUT)
            rouse_send(flow, "xtrigger-say", alive, 0, &beat);
        else if (!code && told->request == host && told->kind == ROUSE_CHUNK)
            answer(flow, host, told->text, directory);
        else if (!code && told->request == host)
            return;
        code = rouse_wait(flow, 0, 5000, told);
    }
}

int main(int argc, char **argv)
{
    for (int complete = 0;
         argc == 3 && !complete;) { /* again when the scheduler was started again */
        struct rouse *flow = rouse_open(argv[1], "watch");
        struct rouse_answer told = {0};
        serve(flow, argv[2], &told);
        complete = told.kind == ROUSE_DATA && told.text && strstr(told.text, "\"complete\":true");
        fprintf(stderr, "watch: %s\n", complete ? "the workflow is complete" : rouse_message(flow));
        rouse_close(flow);
        sleep(!complete);
    }
    return 0;
}
