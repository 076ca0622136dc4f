/* [tool.cylc.lint] of a pyproject.toml beside a definition. */
#ifndef ROUSE_LINT_SETTINGS_H
#define ROUSE_LINT_SETTINGS_H

#include "base/error.h"
#include "base/vec.h"
#include <stddef.h>

struct lint_settings {
    VEC(char *) rulesets, ignore, exclude; /* exclude: patterns of file names */
    size_t columns_max;                    /* 0: not set */
};

/* What DIRECTORY/pyproject.toml says; nothing if there is none. -EINVAL with file and line for
 * what cannot be. The settings are to be released in any case. */
int lint_settings_read(const char *directory, struct lint_settings *settings, struct error *error);
void lint_settings_release(struct lint_settings *settings);

#endif
