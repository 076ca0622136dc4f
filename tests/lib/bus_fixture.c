/* See bus_fixture.h. */
#include "tests/lib/bus_fixture.h"
#include "base/memory.h"
#include "coroutines/bus_parts.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

struct bus *bus_fixture_zmq(struct env *env, void *context, const char *scheme, unsigned cast,
                            unsigned local)
{
    struct bus_zmq_options options = {.cast = cast, .local = local, .context = context};
    char *names[MEMBERS] = {0};
    BUS_EACH(member, cast)
    {
        options.endpoints[member] = names[member] =
            str_format("%s%s", scheme, member_names[member]);
    }
    struct error error = {0};
    struct bus *bus = bus_zmq_create(env, &options, &error);
    for (int member = 0; member < MEMBERS; member++)
        free(names[member]);
    if (!bus)
        fail_msg("%s", error.text);
    return bus;
}

void bus_fixture_read(struct bus *bus, enum member listener)
{
    struct message got;
    while (bus_receive(bus, listener, &got))
        ;
}

void bus_fixture_must_abort(struct bus *bus, void (*doing)(struct bus *))
{
    pid_t pid = fork();
    if (pid == 0) {
        close(2);
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        doing(bus);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}
