/* at_once WORKFLOW TASK...: asks for all the tasks at once, and prints the answers as they come.
 *
 *     cc -o at_once at_once.c $(pkg-config --cflags --libs rouse) */
#include <rouse.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: at_once WORKFLOW CYCLE/TASK...\n");
        return 2;
    }
    struct rouse *flow = rouse_open(argv[1], "at_once");
    int n = 0, failed = rouse_code(flow) != 0;
    for (int i = 2; i < argc && !failed; i++) {
        char args[512];
        unsigned long long request;
        snprintf(args, sizeof args, "{\"ids\": [\"%.400s\"]}", argv[i]);
        if (rouse_send(flow, "why", args, 0, &request))
            failed = 1;
        else
            n++;
    }
    for (; n && !failed; n--) {
        struct rouse_answer answer;
        int code = rouse_wait(flow, 0, 0, &answer);
        if (code && answer.kind != ROUSE_ERROR)
            failed = 1;
        else
            printf("%llu: %s\n", answer.request, answer.text);
    }
    if (failed)
        fprintf(stderr, "at_once: %s\n", rouse_message(flow));
    rouse_close(flow);
    return failed;
}
