/* See past.h. Of several runs, in different flows, the one with the highest submit number counts.
 */
#include "coroutines/past.h"
#include "db/reader.h"
#include <string.h>

#include "base/banned.h"

struct past {
    const struct task_def *def;
    struct instance_view *instance;
    char *flows; /* of the row taken, as written there */
    bool found;
};

static struct flow_list read_flows(const char *text)
{
    struct flow_list flows = {0};
    json_t *list = json_loads(text, 0, NULL);
    for (size_t i = 0; i < json_array_size(list) && flows.n < FLOWS_PER_TASK_MAX; i++)
        flows.at[flows.n++] = (uint32_t)json_integer_value(json_array_get(list, i));
    json_decref(list);
    return flows;
}

static void take_state(void *context, const struct reader_row *row)
{
    struct past *self = context;
    enum task_status status = task_status_of(row->status);
    if (status == STATUSES || (self->found && row->submit < self->instance->submit))
        return;
    free(self->flows);
    self->flows = str_copy(row->flows);
    self->found = true;
    self->instance->status = status;
    self->instance->submit = (uint32_t)row->submit;
    self->instance->flows = read_flows(row->flows);
}

static void take_outputs(void *context, const struct reader_row *row)
{
    struct past *self = context;
    if (!self->flows || strcmp(self->flows, row->flows))
        return;
    json_t *outputs = json_loads(row->outputs, 0, NULL);
    for (uint32_t o = 0; o < self->def->n_outputs; o++)
        if (json_object_get(outputs, self->def->outputs[o].name))
            self->instance->outputs |= UINT64_C(1) << o;
    json_decref(outputs);
}

bool past_find(const struct view *view, const char *database, struct instance_view *instance)
{
    struct error ignored = {0}; /* then nothing is known */
    struct reader *reader = reader_open(database, &ignored);
    if (!reader)
        return false;
    char cycle[POINT_TEXT_MAX];
    struct past self = {.def = &view->workflow->tasks[instance->task], .instance = instance};
    const struct reader_choice choice = {
        .cycle = point_format(view->workflow->cycling, instance->point, cycle),
        .name = self.def->name};
    if (!reader_states(reader, &choice, take_state, &self, &ignored) && self.found)
        (void)reader_outputs(reader, &choice, take_outputs, &self, &ignored);
    reader_close(reader);
    free(self.flows);
    instance->past = self.found;
    return self.found;
}
