/* The lines of a definition at each step before parsing. */
#ifndef ROUSE_DEFINITION_TEXT_H
#define ROUSE_DEFINITION_TEXT_H

#include "base/text.h"
#include "scheduler/config/workflow.h"

struct definition_steps {
    bool include; /* put include-files in */
    bool process; /* process templates; with include */
    bool join;    /* join lines that end in a backslash with the next */
    struct template_options templates;
};

/* The text of the file `path` after those steps; without any it is the file itself. Negative and an
 * error with file and line. */
int definition_text(const char *path, const struct definition_steps *steps, struct text *out,
                    struct error *error);
/* The lines of `text` without blanks at their ends; with `join` those that end in a backslash are
 * joined with the next. Pure. */
void definition_join(struct slice text, bool join, struct text *out);

#endif
