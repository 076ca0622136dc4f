/* See instance.h. */
#include "pool/instance.h"
#include "base/check.h"
#include "base/memory.h"
#include "pool/prerequisite.h"
#include "scheduler/config/overlay.h"
#include <stddef.h>
#include <stdlib.h>

#include "base/banned.h"

enum { KEY_SIZE = offsetof(struct instance, task) + sizeof(uint32_t) };

static uint32_t n_words(const struct instances *instances, uint32_t task)
{
    return bit_words(instances->workflow->graph->tasks[task].n_atoms);
}

void instances_init(struct instances *instances, const struct workflow *workflow)
{
    *instances = (struct instances){.workflow = workflow};
    instances->of_task = NEW_ARRAY(struct link, workflow->n_tasks);
    for (uint32_t task = 0; task < workflow->n_tasks; task++)
        link_init(&instances->of_task[task]);
}

static void instance_free(const struct instances *instances, struct instance *instance)
{
    if (n_words(instances, instance->task) > 1)
        free(instance->atoms.many);
    overlay_destroy(instance->overlay);
    marks_free(instance->forced);
    free(instance);
}

void instances_release(struct instances *instances)
{
    struct instance *instance, *next;
    HASH_ITER(hh, instances->table, instance, next)
    {
        HASH_DEL(instances->table, instance);
        instance_free(instances, instance);
    }
    free(instances->of_task);
    instances->of_task = NULL;
}

struct instance *instances_find(const struct instances *instances, cycle_point point, uint32_t task)
{
    struct instance key = {.point = point, .task = task};
    struct instance *instance;
    HASH_FIND(hh, instances->table, &key, KEY_SIZE, instance);
    return instance;
}

struct instance *instances_add(struct instances *instances, cycle_point point, uint32_t task)
{
    PRE(task < instances->workflow->n_tasks);
    PRE(!instances_find(instances, point, task));
    struct instance *instance = NEW(struct instance);
    instance->point = point;
    instance->task = task;
    instance->try_ = instance->submit_try = 1;
    if (n_words(instances, task) > 1)
        instance->atoms.many = NEW_ARRAY(uint64_t, n_words(instances, task));
    link_init(&instance->of_class);
    link_init(&instance->of_queue);
    list_append(&instances->of_task[task], &instance->of_task);
    HASH_ADD(hh, instances->table, point, KEY_SIZE, instance);
    return instance;
}

void instances_remove(struct instances *instances, struct instance *instance)
{
    PRE(list_is_empty(&instance->of_class) && list_is_empty(&instance->of_queue));
    list_remove(&instance->of_task);
    HASH_DEL(instances->table, instance);
    instance_free(instances, instance);
}

uint64_t *instance_atoms(const struct instances *instances, struct instance *instance)
{
    return n_words(instances, instance->task) > 1 ? instance->atoms.many : &instance->atoms.few;
}

const uint64_t *instance_atoms_of(const struct instances *instances,
                                  const struct instance *instance)
{
    return n_words(instances, instance->task) > 1 ? instance->atoms.many : &instance->atoms.few;
}
