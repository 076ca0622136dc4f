/* A shared library that is loaded when it is first needed: a job runs the program for each of its
 * messages, and should not pay for what xtriggers use. */
#ifndef ROUSE_XTRIGGERS_LIBRARY_H
#define ROUSE_XTRIGGERS_LIBRARY_H

#include "base/error.h"
#include <stddef.h>

struct library_function {
    const char *name;
    void *at; /* of a pointer to function, which is set */
};

/* Load the first of `files` (NULL ended) that is there, and find the functions. It stays loaded. 0;
 * or negative and error: there is none, or it is not what was meant, and nothing is set. */
int library_load(const char *const *files, const struct library_function *functions, size_t n,
                 struct error *error);

#endif
