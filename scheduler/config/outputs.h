/* The outputs of a task: the standard ones and [[[outputs]]]. */
#ifndef ROUSE_CONFIG_OUTPUTS_H
#define ROUSE_CONFIG_OUTPUTS_H

#include "scheduler/config/runtime.h"

/* Whether `name = message` may stand in [[[outputs]]]. */
int output_check(const char *name, const char *message, struct error *error);
/* Set settings->outputs from the custom ones. -EINVAL if they are too many. */
int outputs_make(struct arena *keep, struct settings *settings, struct error *error);

#endif
