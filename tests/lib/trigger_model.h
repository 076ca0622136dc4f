/* What the triggers coroutine does, as a plain function: answers task.output and pool.runahead
 * through the graph's edges. For tests of the pool. */
#ifndef ROUSE_TESTS_TRIGGER_MODEL_H
#define ROUSE_TESTS_TRIGGER_MODEL_H

#include "base/vec.h"
#include "coroutines/topics.h"
#include "db/restart.h"
#include "scheduler/config/workflow.h"

struct trigger_model {
    const struct workflow *workflow;
    VEC(struct model_cursor {
        uint32_t task;
        struct flow_list flows;
        bool done;
        cycle_point point; /* last one spawned or passed over; POINT_NONE: none */
    })
    cursors;
    void (*say)(void *context, const struct message *message);
    void *context;
};

void trigger_model_init(struct trigger_model *model, const struct workflow *workflow,
                        const struct restart *restart,
                        void (*say)(void *context, const struct message *message), void *context);
void trigger_model_release(struct trigger_model *model);
/* Other topics are ignored. */
void trigger_model_hear(struct trigger_model *model, const struct message *message);

#endif
