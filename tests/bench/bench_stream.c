/* bench_stream RUN_DIR: reads a dump of everything, in chunks, and pings over another connection
 * all the while. Prints the bytes read, the seconds it took, how many pings were answered
 * meanwhile, and of their round trips the median and the longest, in microseconds. */
#include "scheduler/net/client.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

enum { PINGS_MAX = 1000000, PAUSE_US = 1000 };

struct pinging {
    const char *run_dir;
    atomic_bool over;
    double *took;
    int n;
    struct error error;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct client *connect_to(const char *run_dir, struct error *error)
{
    const struct client_options options = {
        .run_dir = run_dir, .workflow_id = "bench", .program = "bench_stream", .timeout_ms = 60000};
    return client_open(&options, error);
}

static int ping(struct client *client, struct error *error)
{
    json_t *data = NULL;
    int code = client_request(client, "ping", NULL, NULL, NULL, &data, error);
    json_decref(data);
    return code;
}

static void *ping_all_the_while(void *argument)
{
    struct pinging *self = argument;
    struct client *client = connect_to(self->run_dir, &self->error);
    int code = client ? ping(client, &self->error) : self->error.code;
    while (!code && !atomic_load(&self->over) && self->n < PINGS_MAX) {
        const struct timespec pause = {0, PAUSE_US * 1000};
        double began = now();
        code = ping(client, &self->error);
        self->took[self->n++] = now() - began;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }
    client_close(client);
    return NULL;
}

static void count_chunk(void *context, const json_t *chunk)
{
    size_t *bytes = context;
    *bytes += json_dumpb(chunk, NULL, 0, JSON_COMPACT);
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    struct pinging pinging = {.run_dir = argv[1], .took = calloc(PINGS_MAX, sizeof(double))};
    struct error error = {0};
    struct client *client = connect_to(argv[1], &error);
    pthread_t thread;
    if (!client || ping(client, &error) ||
        pthread_create(&thread, NULL, ping_all_the_while, &pinging)) {
        (void)fprintf(stderr, "bench_stream: %s\n", error.text);
        return 1;
    }
    size_t bytes = 0;
    json_t *data = NULL, *args = json_pack("{s:b}", "full", 1);
    double began = now();
    int code = client_request(client, "dump", args, count_chunk, &bytes, &data, &error);
    double seconds = (now() - began) / 1e6;
    atomic_store(&pinging.over, true);
    pthread_join(thread, NULL);
    json_decref(args);
    json_decref(data);
    client_close(client);
    if (code || pinging.error.code || !pinging.n) {
        (void)fprintf(stderr, "bench_stream: %s%s\n", error.text, pinging.error.text);
        return 1;
    }
    qsort(pinging.took, (size_t)pinging.n, sizeof *pinging.took, compare);
    printf("bytes %zu seconds %.2f pings %d median_us %.0f p99_us %.0f longest_us %.0f\n", bytes,
           seconds, pinging.n, pinging.took[pinging.n / 2],
           pinging.took[(size_t)pinging.n * 99 / 100], pinging.took[pinging.n - 1]);
    free(pinging.took);
    return 0;
}
