/* Programs that come, go, fall silent and say whatever they like, at random, in the simulated
 * world. Each seed is one history. Always: nothing is satisfied that nobody waits for, or twice. In
 * the end a good program comes, and all is satisfied. */
#include "base/memory.h"
#include "coroutines/host_program.h"
#include "tests/lib/cast_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

enum { SEEDS = 300, STEPS = 250, SIGNATURES = 10, LIVE = 4, ROUNDS_MAX = 12 };

#define FLOW                                                                                       \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n"                              \
    "xtrigger programs = mine, other\n"                                                            \
    "[[xtriggers]]\nx = mine(%(point)s):PT30S\ny = other():PT20S\n"                                \
    "[[graph]]\nP1 = @x & @y => a\n"

static struct cast_fixture fixture;
static uint64_t dice, last_id, live[LIVE];
static size_t n_read;
static struct {
    bool watched, satisfied;
} model[SIGNATURES];

static uint32_t pick(uint32_t n)
{
    dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(dice >> 33) % n;
}

static void name(int i, char *buffer, size_t size)
{
    (void)snprintf(buffer, size, "%s(%d)", i % 2 ? "mine" : "other", i);
}

/* --- what is said --- */

static void say_of(int i, enum member member, enum topic topic)
{
    char signature[32];
    name(i, signature, sizeof signature);
    cast_say(&fixture, member,
             &(struct message){.topic = topic, .point = 1, .text = slice_of(signature)});
}

static void watch(int i)
{
    model[i].watched = true;
    model[i].satisfied = false;
    say_of(i, TASK_POOL, TOPIC_XTRIGGER_WATCH);
}

static void drop(int i)
{
    model[i].watched = false;
    say_of(i, TASK_POOL, TOPIC_XTRIGGER_DROP);
}

static void ask(uint64_t id, uint64_t host, const char *command, const char *args)
{
    cast_say(&fixture, SERVER,
             &(struct message){.topic = TOPIC_XTRIGGER_PROGRAM,
                               .id = id,
                               .value = (int64_t)host,
                               .text = slice_of(command),
                               .detail = slice_of(args)});
}

static void say(uint64_t host, const char *args)
{
    ask(++last_id, host, "xtrigger-say", args);
}

static uint64_t begin(const char *args)
{
    uint64_t id = ++last_id;
    ask(id, 0, "xtrigger-host", args);
    return id;
}

static void take(uint64_t id, uint32_t n)
{
    cast_say(&fixture, SERVER,
             &(struct message){.topic = TOPIC_REPLY_TAKEN, .id = id, .number = n});
}

/* --- what is heard --- */

static void hear_satisfied(const char *line)
{
    char signature[32];
    for (int i = 0; i < SIGNATURES; i++) {
        name(i, signature, sizeof signature);
        if (strncmp(line, signature, strlen(signature)) != 0)
            continue;
        assert_true(model[i].watched);
        assert_false(model[i].satisfied);
        model[i].satisfied = true;
        return;
    }
    fail_msg("satisfied: %s", line);
}

/* `good` answers what it is told to start. */
static void hear(uint64_t good)
{
    static const char satisfied[] = "xtrigger.satisfied \"";
    for (; n_read < fixture.heard.n; n_read++) {
        const char *line = fixture.heard.at[n_read];
        unsigned long long id, number;
        if (strncmp(line, satisfied, strlen(satisfied)) == 0)
            hear_satisfied(line + strlen(satisfied));
        if (sscanf(line, "reply id=%llu number=0 \"{\"start\": %llu", &id, &number) != 2 || !good ||
            id != good)
            continue;
        char *answer = str_format("{\"host\": 1, \"satisfied\": %llu}", number);
        say(good, answer);
        free(answer);
    }
}

/* --- what happens --- */

static void say_something(void)
{
    static const char *const forms[] = {
        "{\"satisfied\": %u}",
        "{\"satisfied\": %u, \"results\": {\"a\": null}}",
        "{\"watching\": %u}",
        "{\"not_yet\": %u, \"after\": 7}",
        "{\"not_yet\": %u, \"at\": 5}",
        "{\"not_yet\": %u}",
        "{\"fail\": %u, \"error\": \"no\"}",
        "{\"checked\": %u, \"error\": \"wrong\"}",
        "{\"log\": %u, \"text\": \"x\"}",
        "{\"heartbeat\": true, \"n\": %u}",
        "{\"rubbish\": %u}",
        "{\"satisfied\": -%u}",
        "[%u]",
    };
    char args[128];
    size_t form = pick(sizeof forms / sizeof *forms);
    struct text text = {0};
    for (const char *c = forms[form]; *c; c++)
        if (*c == '%') {
            text_addf(&text, "%u", pick(40) + (pick(4) ? 0 : 40));
            c++;
        } else {
            text_add_char(&text, *c);
        }
    (void)snprintf(args, sizeof args, "%s", text_string(&text));
    text_release(&text);
    say(live[pick(LIVE)], args);
}

static void begin_program(void)
{
    static const char *const forms[] = {
        "{\"register\": [\"mine\"], \"heartbeat\": 5}", "{\"register\": [\"other\", \"mine\"]}",
        "{\"register\": [\"other\"], \"heartbeat\": 60}",
        "{\"register\": [\"mine\", \"mine\"], \"heartbeat\": 0.2}", "{\"register\": [\"nobody\"]}"};
    live[pick(LIVE)] = begin(forms[pick(sizeof forms / sizeof *forms)]);
}

static void happen(void)
{
    int i = (int)pick(SIGNATURES);
    switch (pick(8)) {
    case 0:
        (model[i].watched ? drop : watch)(i);
        break;
    case 1:
        begin_program();
        break;
    case 2:
        take(live[pick(LIVE)], pick(8));
        break;
    case 3:
        cast_pass(&fixture, pick(4) ? 0.3 : pick(100));
        break;
    case 4:
        if (model[i].satisfied)
            say_of(i, RECORDER, TOPIC_XTRIGGER_KEPT);
        break;
    default:
        say_something();
    }
    hear(0);
}

static bool all_satisfied(void)
{
    for (int i = 0; i < SIGNATURES; i++)
        if (!model[i].satisfied)
            return false;
    return true;
}

static void end_well(void)
{
    uint64_t good = begin("{\"register\": [\"mine\", \"other\"]}");
    for (int i = 0; i < SIGNATURES; i++)
        if (!model[i].watched)
            watch(i);
    for (int round = 0; round < ROUNDS_MAX && !all_satisfied(); round++) {
        hear(good);
        take(good, 32);
        say(good, "{\"host\": 1, \"heartbeat\": true}");
        cast_pass(&fixture, 9);
        hear(good);
    }
    assert_true(all_satisfied());
}

static void one_history(uint64_t seed)
{
    dice = seed;
    last_id = n_read = 0;
    memset(model, 0, sizeof model);
    memset(live, 0, sizeof live);
    cast_open(&fixture, XTRIGGERS, FLOW, NULL);
    uint32_t told = pick(50);
    for (uint32_t step = 0; step < STEPS; step++) {
        if (step == told)
            cast_say(&fixture, TASK_POOL, &(struct message){.topic = TOPIC_XTRIGGER_TOLD});
        happen();
    }
    if (pick(4))
        end_well();
    else
        cast_say_shutdown(&fixture);
    cast_close(&fixture);
}

static void whatever_programs_do(void **state)
{
    (void)state;
    const char *only = getenv("SEED");
    uint64_t first = only ? strtoull(only, NULL, 10) : 1;
    for (uint64_t seed = first; seed < first + (only ? 1 : SEEDS); seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        one_history(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_programs_do)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
