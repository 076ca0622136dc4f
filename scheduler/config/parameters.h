/* Task parameters in the configuration: [task parameters], and names that hold them. */
#ifndef ROUSE_CONFIG_PARAMETERS_H
#define ROUSE_CONFIG_PARAMETERS_H

#include "base/text.h"
#include "scheduler/config/load.h"
#include "scheduler/graph/params.h"

/* [task parameters] into loading->params. */
int load_parameters(struct loading *self);

/* Called with each name; as in params_name_handler, but errors are filled where they arise. */
typedef int parameter_name_handler(void *context, const char *name);
/* All names that `name`, out of `item`, stands for. */
int parameters_expand(struct loading *self, const struct item *item, const char *name,
                      parameter_name_handler *handler, void *context);

#endif
