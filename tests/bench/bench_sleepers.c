/* bench_sleepers: what it costs to wake and run one coroutine, by a wake and by a timer, among 10
 * and among 1,000,000 that sleep. Each sleeper has a timer, as what waits for an xtrigger or a
 * retry has. Prints: sleepers, nanoseconds a wake, nanoseconds a timer (started, fired, run). */
#include "base/memory.h"
#include "coroutines/ready.h"
#include "coroutines/timers.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/banned.h"

enum { ROUNDS = 1000000, HORIZON = 1000000000 };

enum sleeper_state { SLEEPER_ASLEEP, SLEEPER_NEVER };
static const char *const state_names[] = {"asleep", "never"};

struct sleeper {
    struct co co;
    struct env_timer timer;
    uint64_t ran;
};

static enum co_result sleeper_step(struct co *co)
{
    struct sleeper *self = (struct sleeper *)co;
    self->ran++;
    CO_BEGIN(co, sleeper_state, SLEEPER_ASLEEP);
    return CO_ASLEEP;
    CO_END(co, SLEEPER_NEVER);
}

static const struct co_type sleeper_type = {"sleeper", sleeper_step, state_names, 2, NULL};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double measure_wakes(struct ready *ready, struct sleeper *one)
{
    double began = now();
    for (int i = 0; i < ROUNDS; i++) {
        co_wake(&one->co);
        ready_run(ready, 1);
    }
    return (now() - began) / ROUNDS;
}

/* Its timer is the earliest: it fires before the others, which stay asleep. */
static double measure_timers(struct ready *ready, struct timers *timers, struct sleeper *one)
{
    double began = now();
    for (int i = 0; i < ROUNDS; i++) {
        timers_add(timers, &one->timer, &one->co, (uint64_t)i);
        timers_fire(timers, (uint64_t)i);
        ready_run(ready, 1);
    }
    return (now() - began) / ROUNDS;
}

static void measure(size_t n)
{
    struct sleeper *sleepers = NEW_ARRAY(struct sleeper, n + 1);
    struct ready ready;
    struct timers timers = {0};
    ready_init(&ready);
    uint64_t chance = 1;
    for (size_t i = 0; i <= n; i++) {
        co_init(&sleepers[i].co, &sleeper_type, &ready);
        chance = chance * 6364136223846793005u + 1442695040888963407u;
        if (i < n)
            timers_add(&timers, &sleepers[i].timer, &sleepers[i].co, HORIZON + (chance >> 34));
    }
    double wake = measure_wakes(&ready, &sleepers[n]);
    double timer = measure_timers(&ready, &timers, &sleepers[n]);
    INVARIANT(sleepers[n].ran == 2 * (uint64_t)ROUNDS && sleepers[0].ran == 0);
    printf("%zu %.1f %.1f %zu\n", n, wake, timer, sizeof(struct sleeper));
    timers_release(&timers);
    free(sleepers);
}

int main(void)
{
    measure(10);
    measure(1000000);
    return 0;
}
