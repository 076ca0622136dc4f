/* Python modules that a workflow brings with it. */
#ifndef ROUSE_RUN_PYTHON_H
#define ROUSE_RUN_PYTHON_H

#include "base/error.h"

/* Whether the module `name` in DIRECTORY/lib/python, or in a directory of CYLC_PYTHONPATH, defines
 * a function of the same name. Nothing is run: the text is looked at. 0; -ENOENT: there is no such
 * module; -EINVAL: it has no such function. */
int python_function_find(const char *directory, const char *name, struct error *error);

/* A file of the Python modules that come with rouse, which lie where they were installed relative
 * to the program ("rouse", absolute; NULL: not known). The caller frees. */
char *python_file(const char *program, const char *name);

#endif
