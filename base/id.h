/* Universal ids as users write them: "~user/flow/run1//20260101T00Z/task:failed/01". */
#ifndef ROUSE_BASE_ID_H
#define ROUSE_BASE_ID_H

#include "base/error.h"
#include "base/text.h"

struct id {                      /* slices of the text given; empty where a part is not there */
    struct slice user, workflow; /* workflow: "flow/run1" */
    struct slice cycle, cycle_state;
    struct slice task, task_state; /* of "task:failed": "task", "failed" */
    struct slice job;              /* "01", "NN" */
};

/* "WORKFLOW", "WORKFLOW//CYCLE/TASK", "~USER/WORKFLOW//..." */
int id_parse(const char *text, struct id *ret_id, struct error *error);
/* "CYCLE", "CYCLE/TASK", "CYCLE/TASK/NN": below a workflow (a leading "//" is skipped). *ret_id
 * must be initialised: its user and workflow are kept. */
int id_parse_relative(struct slice text, struct id *ret_id, struct error *error);

#endif
