/* Settings of single jobs put over the definition of their task: what a broadcast changes. A key is
 * written as "script" or "[environment]NAME". */
#ifndef ROUSE_CONFIG_OVERLAY_H
#define ROUSE_CONFIG_OVERLAY_H

#include "base/error.h"
#include "base/text.h"
#include "scheduler/config/workflow.h"

enum { OVERLAY_DEPTH_MAX = 4 }; /* sections a key may name */

/* Whether [runtime][NAME] has such an item and the value is one for it. -EINVAL or -ENOTSUP and
 * why. */
int overlay_check(const struct cycling *cycling, const char *key, const char *value,
                  struct error *error);
/* The same for the key alone. */
int overlay_check_key(const char *key, struct error *error);

/* A task's definition with settings over it, the later over the earlier; those that cannot be are
 * left out. What it does not change points into `task`. The caller destroys. */
struct overlay;
struct overlay *overlay_create(const struct cycling *cycling, const struct task_def *task,
                               const struct key_value *settings, size_t n);
/* The same for settings as a JSON list of ["KEY", "VALUE"]; NULL if the list is empty. */
struct overlay *overlay_from_json(const struct cycling *cycling, const struct task_def *task,
                                  struct slice settings);
void overlay_destroy(struct overlay *overlay);
/* Dummy mode: the script alone is run, here, and nothing the user wrote. A time limit is the time
 * that is simulated and the `time limit buffer`. */
void overlay_make_dummy(struct overlay *overlay, const char *script);
const struct task_def *overlay_task(const struct overlay *overlay);

#endif
