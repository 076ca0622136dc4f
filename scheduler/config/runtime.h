/* [runtime] with inheritance resolved: what each namespace has set, its own and inherited. */
#ifndef ROUSE_CONFIG_RUNTIME_H
#define ROUSE_CONFIG_RUNTIME_H

#include "scheduler/config/inherit.h"
#include "scheduler/config/schema.h"

struct pairs {
    const struct key_value *at;
    uint32_t n;
};

struct settings {
    struct runtime runtime;              /* its environment is filtered */
    struct pairs environment;            /* not filtered: what children inherit */
    struct string_list include, exclude; /* [[[environment filter]]] */
    struct pairs custom_outputs;
    const struct item *skip_outputs; /* these are NULL where nothing sets them */
    const struct item *platform, *remote_host, *batch_system, *batch_template, *retrieve_logs;
    const struct item *poll_interval, *poll_max, *poll_message, *poll_run_dir;
    const struct output_def *outputs; /* standard ones first */
    uint32_t n_outputs;
    const struct item *completion; /* where it was set; NULL = nowhere */
};

/* What it takes to settle a namespace. */
struct settling {
    struct arena *keep;                 /* what settings hold lives here */
    const struct global_config *global; /* [task events] are defaults; NULL: none */
    const struct cycling *cycling;
    const struct warner *warner;
    struct error *error;
};

/* Fill namespace->settings of all. */
int runtime_settle(struct namespaces *namespaces, const struct settling *settling);
/* Put the items of a section like [runtime][NAME] over `settings`. */
int runtime_override(struct arena *keep, const struct cycling *cycling, const struct item *section,
                     struct settings *settings, struct error *error);
/* The same for a namespace made later, which has no heading: all of root's. */
void runtime_settle_implicit(struct namespaces *namespaces, struct name_space *space);

/* Array of n pairs of `base` with the items of `section` over it: same keys in place, new ones at
 * the end. */
struct pairs pairs_merge(struct arena *keep, struct pairs base, const struct item *section);
/* The list with the handlers of `item` ("failed handlers") in it. */
const struct event_handlers *event_handlers_merge(struct arena *keep,
                                                  const struct event_handlers *base, uint32_t n,
                                                  const struct item *item, uint32_t *ret_n);
/* task->skip_outputs from [[[skip]]]outputs; unchanged if that is not set. -EINVAL if it holds both
 * success and failure. */
int skip_outputs_read(const struct settings *settings, struct task_def *task, struct error *error);
/* Index of an output by what a graph calls it ("succeed", "x"), or NO_INDEX. */
uint32_t settings_output(const struct settings *settings, const char *name);

#endif
