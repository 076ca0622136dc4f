/* --dry-run: a command carried out on a copy of the pool, and what that said, in words. Nothing is
 * recorded, nothing is said to anybody else. The copy hears what the triggers would tell it; what
 * only the database knows is asked for first, by the pool itself, and the command comes again. */
#include "pool/children.h"
#include "pool/command.h"
#include "pool/copy.h"
#include <inttypes.h>
#include <jansson.h>

#include "base/banned.h"

enum { STEPS_MAX = 1000000 }; /* messages from the triggers: a circle of skipped tasks must end */

struct rehearsal {
    struct pool *copy;
    json_t *changes;
    VEC(struct message) inbox; /* what the triggers say, without texts */
    VEC(struct target) asked;  /* for their history */
};

/* --- words --- */

static void add_flows(struct text *out, const char *before, const struct flow_list *flows)
{
    text_add(out, before);
    for (uint32_t i = 0; i < flows->n; i++)
        text_addf(out, "%s%u", i ? "," : "", flows->at[i]);
    if (!flows->n)
        text_add(out, "none");
}

static void add_state(struct text *out, const struct message *m)
{
    static const char *const names[] = {"held", "queued", "beyond the runahead limit"};
    text_addf(out, ": %s", task_status_names[m->status]);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (m->flags >> i & 1)
            text_addf(out, ", %s", names[i]);
    add_flows(out, ", flows ", &m->flows);
}

static void add_atom(const struct pool *pool, struct text *out, const struct message *m)
{
    const struct workflow *workflow = pool->workflow;
    const struct atom *atom = &workflow->graph->tasks[m->task].atoms[m->number];
    cycle_point parent = offset_apply(workflow->cycling, atom->offset, m->point);
    text_add(out, ": ");
    if (atom->kind == ATOM_GROUP) {
        char cycle[POINT_TEXT_MAX];
        const struct group *group = &workflow->graph->groups[atom->index];
        point_format(workflow->cycling, parent, cycle);
        if (m->id)
            text_addf(out, "%s/%s of ", cycle, workflow->tasks[group->members[m->id - 1]].name);
        text_addf(out, "%s/%s", cycle, group->name);
    } else {
        add_name(pool, parent, atom->index, out);
        text_addf(out, ":%s", workflow->tasks[atom->index].outputs[atom->output].name);
    }
    text_add(out, m->value == SATISFIED_NO_LONGER ? " no longer satisfied" : " satisfied");
}

/* What is said of one task. False: nothing a user would call a change. */
static bool describe_task(const struct pool *pool, struct text *out, const struct message *m)
{
    add_name(pool, m->point, m->task, out);
    switch ((int)m->topic) {
    case TOPIC_TASK_SPAWNED:
        add_flows(out, ": comes into the pool, flows ", &m->flows);
        return true;
    case TOPIC_TASK_STATE:
        add_state(out, m);
        return true;
    case TOPIC_TASK_OUTPUT:
        text_addf(out, ": output %s", pool->workflow->tasks[m->task].outputs[m->number].name);
        return true;
    case TOPIC_TASK_PREREQUISITE:
        add_atom(pool, out, m);
        return true;
    case TOPIC_TASK_REMOVED:
        if (m->number == REMOVED_FROM_FLOWS && !m->flows.n)
            text_add(out, ": leaves all flows");
        else if (m->number == REMOVED_FROM_FLOWS)
            add_flows(out, ": leaves flows ", &m->flows);
        else
            text_add(out, ": leaves the pool");
        return true;
    case TOPIC_TASK_XTRIGGER:
        if (m->value && m->number != NO_INDEX)
            text_addf(out, ": xtrigger @%s satisfied", pool->workflow->xtriggers[m->number].label);
        return m->value && m->number != NO_INDEX;
    case TOPIC_TASK_HOLD:
        text_add(out, m->value ? ": is held" : ": is held no longer");
        return true;
    case TOPIC_JOB_SUBMIT:
    case TOPIC_JOB_KILL:
        text_addf(out, ": job %02u is %s", m->submit,
                  m->topic == TOPIC_JOB_KILL ? "killed" : "submitted");
        return true;
    default:
        return false;
    }
}

bool pool_describe_change(const struct pool *pool, const struct message *m, struct text *out)
{
    switch ((int)m->topic) {
    case TOPIC_POOL_CURSOR:
        text_addf(out, "%s",
                  m->value ? pool->workflow->tasks[m->task].name : "tasks without parents");
        add_flows(out, m->value ? ": goes on by itself in flows " : ": go on no longer in flows ",
                  &m->flows);
        return true;
    case TOPIC_WORKFLOW_PARAM:
        text_addf(out, "%.*s: %.*s", (int)m->text.n, m->text.at, (int)m->detail.n,
                  m->detail.n ? m->detail.at : "");
        return true;
    case TOPIC_WORKFLOW_STATE:
        text_addf(out, "workflow: %s%s", workflow_status_names[m->number],
                  m->flags & WORKFLOW_STALLED ? ", stalled" : "");
        return true;
    case TOPIC_WORKFLOW_SHUTDOWN:
        text_addf(out, "workflow: shuts down - %.*s", (int)m->text.n, m->text.at);
        return true;
    default:
        return topics[m->topic].fields & FIELD_TASK && describe_task(pool, out, m);
    }
}

/* --- the triggers' part --- */

static void tell_children(struct rehearsal *rehearsal, const struct message *output)
{
    const struct workflow *workflow = rehearsal->copy->workflow;
    const struct edges *edges = &workflow->graph->tasks[output->task].edges[output->number];
    for (uint32_t i = 0; !(output->value & OUTPUT_WAITS) && i < edges->n; i++) {
        const struct edge *edge = &edges->at[i];
        struct message told = {.flows = output->flows, .number = edge->index};
        if (edge->kind == EDGE_GROUP) {
            told.topic = TOPIC_TRIGGER_GROUP;
            told.point = output->point;
            told.value = edge->atom;
            *vec_push(&rehearsal->inbox) = told;
            continue;
        }
        told.topic = TOPIC_TRIGGER_SATISFIED;
        told.task = edge->index;
        told.number = edge->atom;
        told.value = output->value & OUTPUT_FORCED ? SATISFIED_BY_FORCE : SATISFIED_NATURALLY;
        struct edge_children children;
        edge_children_begin(&children, workflow, edge, output->point);
        while ((told.point = edge_children_next(&children)) != POINT_NONE)
            *vec_push(&rehearsal->inbox) = told;
    }
    *vec_push(&rehearsal->inbox) = (struct message){.topic = TOPIC_TRIGGER_SETTLED,
                                                    .point = output->point,
                                                    .task = output->task,
                                                    .number = output->number,
                                                    .flows = output->flows};
}

static void hear(void *context, struct message *message)
{
    struct rehearsal *rehearsal = context;
    struct text line = {0};
    if (message->topic == TOPIC_TASK_OUTPUT)
        tell_children(rehearsal, message);
    else if (message->topic == TOPIC_POOL_RUNAHEAD)
        *vec_push(&rehearsal->inbox) =
            (struct message){.topic = TOPIC_TRIGGER_SETTLED, .number = NO_INDEX};
    else if (message->topic == TOPIC_HISTORY_ASK)
        *vec_push(&rehearsal->asked) = (struct target){message->point, message->task};
    if (pool_describe_change(rehearsal->copy, message, &line))
        json_array_append_new(rehearsal->changes, json_stringn(line.at, line.n));
    text_release(&line);
}

/* --- the command --- */

static int rehearse(struct rehearsal *rehearsal, const struct message *message, struct error *error)
{
    struct message real = *message;
    real.flags &= ~(unsigned)POOL_DRY_RUN;
    real.id = 0;
    int result = command_run(rehearsal->copy, &real, error);
    finish_event(rehearsal->copy);
    for (size_t i = 0; i < rehearsal->inbox.n && i < STEPS_MAX && !rehearsal->asked.n; i++) {
        const struct message told = rehearsal->inbox.at[i];
        pool_handle(rehearsal->copy, &told, rehearsal->copy->now);
    }
    return result;
}

static bool ask_for(struct pool *pool, const struct rehearsal *rehearsal)
{
    bool missing = false;
    VEC_EACH (struct target, target, &rehearsal->asked)
        missing |= history_ask(pool, target->point, target->task);
    return missing;
}

int pool_dry_run(struct pool *pool, const struct message *message, struct error *error)
{
    if (put_off_until_quiet(pool, message))
        return COMMAND_DEFERRED;
    struct rehearsal rehearsal = {.changes = json_array()};
    const struct pool_sink sink = {.context = &rehearsal, .say = hear};
    rehearsal.copy = pool_copy(pool, &sink);
    int result = rehearse(&rehearsal, message, error);
    if (ask_for(pool, &rehearsal)) {
        defer_event(pool, message);
        result = COMMAND_DEFERRED;
    } else {
        json_t *reply = json_pack("{s:O}", "changes", rehearsal.changes);
        if (result < 0)
            json_object_set_new(reply, "error", json_string(error->text));
        char *text = json_dumps(reply, JSON_COMPACT);
        text_clear(&pool->reply);
        text_add(&pool->reply, text);
        free(text);
        json_decref(reply);
        result = 0;
    }
    pool_destroy(rehearsal.copy);
    json_decref(rehearsal.changes);
    vec_release(&rehearsal.inbox);
    vec_release(&rehearsal.asked);
    return result;
}
