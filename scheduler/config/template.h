/* Templates: a text that begins with #!jinja2 is processed by the real Jinja2, in a python3 that
 * runs template.py while it takes; and the template variables of the command line, which are
 * Python's literals. */
#ifndef ROUSE_CONFIG_TEMPLATE_H
#define ROUSE_CONFIG_TEMPLATE_H

#include "scheduler/config/source.h"
#include "scheduler/config/workflow.h"

struct template_result {
    bool processed;                    /* it was a template */
    struct slice text;                 /* then: its lines, empty ones left out */
    const struct key_value *variables; /* value as Python writes it */
    uint32_t n_variables;
};

/* Process `source`, whose templates include files from `directory`. What comes of it lives in the
 * arena. -ENOTSUP: another kind of template; -ENOENT: no python3. An error of the template has its
 * file and line. */
int template_process(const struct source *source, const char *directory,
                     const struct template_options *options, struct arena *arena,
                     struct template_result *ret_result, struct error *error);

#endif
