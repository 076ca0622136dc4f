/* The real world for a test, with a directory of its own. */
#ifndef ROUSE_TEST_ENV_FIXTURE_H
#define ROUSE_TEST_ENV_FIXTURE_H

#include "coroutines/env.h"

struct env_fixture {
    struct env *env;
    char directory[64]; /* removed at the end, with all that is in it */
};

/* A loop that logs nowhere. The caller destroys it. */
struct env *env_fixture_env(void);
int env_fixture_setup(void **state);
int env_fixture_teardown(void **state);
/* DIRECTORY/NAME; heap. */
char *env_fixture_path(const struct env_fixture *fixture, const char *name);
/* The text of a file; heap. Fails the test if it is not there. */
char *env_fixture_read(const struct env_fixture *fixture, const char *path);

#endif
