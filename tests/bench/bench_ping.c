/* bench_ping RUN_DIR SECONDS: asks one scheduler for pings over one connection for so long, and
 * prints the round trip of each in microseconds. The first, which waits for the handshake, is not
 * counted. */
#include "scheduler/net/client.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/banned.h"

enum { PINGS_MAX = 1000000, PAUSE_US = 500 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int ping(struct client *client, struct error *error)
{
    json_t *args = json_object(), *data = NULL;
    int code = client_request(client, "ping", args, NULL, NULL, &data, error);
    json_decref(args);
    json_decref(data);
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    const struct client_options options = {
        .run_dir = argv[1], .workflow_id = "bench", .program = "bench_ping", .timeout_ms = 60000};
    struct error error = {0};
    struct client *client = client_open(&options, &error);
    int code = client ? ping(client, &error) : error.code;
    double end = now() + strtod(argv[2], NULL) * 1e6;
    for (int i = 0; !code && i < PINGS_MAX && now() < end; i++) {
        double began = now();
        code = ping(client, &error);
        if (!code)
            printf("%.1f\n", now() - began);
        const struct timespec pause = {0, PAUSE_US * 1000};
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }
    client_close(client);
    if (code)
        (void)fprintf(stderr, "bench_ping: %s\n", error.text);
    return code ? 1 : 0;
}
