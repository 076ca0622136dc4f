/* The environment of a job: the variables that Cylc 8.4 defines, and the user's. As two bash
 * functions of the job file, cylc__job__inst__cylc_env and cylc__job__inst__user_env. */
#ifndef ROUSE_JOB_ENVIRONMENT_H
#define ROUSE_JOB_ENVIRONMENT_H

#include "scheduler/job/jobfile.h"

void environment_write(const struct jobfile_options *options, struct text *out);

/* `value` between double quotes, so that bash takes it literally. */
void environment_add_literal(struct text *out, const char *value);
/* As Cylc quotes a value of [environment]: in double quotes, so that $VARIABLES and $(commands)
 * work, except a leading ~ or ~user. */
void environment_add_value(struct text *out, const char *value);

#endif
