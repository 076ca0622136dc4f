/* What an earlier run of an installed workflow was given: its template variables. Commands that
 * read the definition in a run directory see what that run saw, unless they are told otherwise. */
#ifndef ROUSE_EARLIER_H
#define ROUSE_EARLIER_H

#include "base/vec.h"
#include "scheduler/config/workflow.h"

struct earlier {
    VEC(struct key_value) variables;
};

/* Read run_dir/log/db, if there is one, and point `templates` to the variables. */
int earlier_read(const char *run_dir, struct earlier *ret_earlier,
                 struct template_options *templates, struct error *error);
/* The same for the directory that the file `path` lies in. */
int earlier_read_beside(const char *path, struct earlier *ret_earlier,
                        struct template_options *templates, struct error *error);
void earlier_release(struct earlier *earlier);

#endif
