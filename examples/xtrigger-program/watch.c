/* watch WORKFLOW DIRECTORY: serves the xtrigger spool(NAME), satisfied when there is a file NAME in
 * DIRECTORY.
 *
 *     cc -o watch watch.c $(pkg-config --cflags --libs rouse)
 *
 * rouse must be installed for that: docs/protocol.md, Clients. */
#include <rouse.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void hear(struct rouse *flow, const char *message, void *directory)
{
    char name[256], path[4096], said[8192];
    int call;
    const char *args = message ? strstr(message, "\"args\":[\"") : NULL;
    if (!args || sscanf(message, "{\"start\":%d", &call) != 1 ||
        sscanf(args, "\"args\":[\"%255[^\"]", name) != 1)
        return; /* hello, cancel, kept */
    snprintf(path, sizeof path, "%s/%s", (char *)directory, name);
    if (access(path, F_OK) == 0)
        snprintf(said, sizeof said, "{\"satisfied\":%d,\"results\":{\"path\":\"%s\"}}", call, path);
    else
        snprintf(said, sizeof said, "{\"not_yet\":%d,\"after\":1}", call);
    rouse_say(flow, said);
}

int main(int argc, char **argv)
{
    const char *names[] = {"spool", NULL};
    if (argc != 3) {
        fprintf(stderr, "usage: watch WORKFLOW DIRECTORY\n");
        return 2;
    }
    struct rouse *flow = rouse_open(argv[1], "watch");
    int code = rouse_serve(flow, names, hear, argv[2]);
    if (code)
        fprintf(stderr, "watch: %s\n", rouse_message(flow));
    rouse_close(flow);
    return code != 0;
}
