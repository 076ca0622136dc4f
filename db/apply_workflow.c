/* Messages about the workflow as a whole: rows that are written as they were said. */
#include "base/check.h"
#include "db/apply.h"
#include <stdio.h>

#include "base/banned.h"

static int pool_runahead(struct db *db, const struct message *m, struct error *error)
{
    (void)error;
    later_add(&db->later, SQL_ROUSE_STATE_PUT);
    later_text(&db->later, "runahead");
    later_text(&db->later,
               m->point == POINT_NONE ? NULL : forms_point(&db->forms, db->workflow, m->point));
    return 0;
}

/* A cursor that ends leaves its row, without flows: a restart does not begin it anew. */
static int pool_cursor(struct db *db, const struct message *m, struct error *error)
{
    (void)error;
    if (m->value) {
        later_add(&db->later, SQL_CURSOR_BEGIN);
        later_text(&db->later, db->workflow->tasks[m->task].name);
        later_text(&db->later, forms_point(&db->forms, db->workflow, m->point));
        later_text(&db->later, forms_flows(&db->forms, &m->flows)->text);
        return 0;
    }
    for (uint32_t i = 0; i < m->flows.n; i++) {
        later_add(&db->later, SQL_CURSOR_LEAVE_FLOW);
        later_number(&db->later, m->flows.at[i]);
    }
    return 0;
}

static int workflow_state(struct db *db, const struct message *m, struct error *error)
{
    (void)error;
    if (m->number == WORKFLOW_STOPPING)
        return 0;
    later_add(&db->later, SQL_PARAM_PUT);
    later_text(&db->later, "is_paused");
    later_text(&db->later, m->number == WORKFLOW_PAUSED ? "1" : "0");
    return 0;
}

/* Key "flow N": the description of a flow. */
static int workflow_flow(struct db *db, uint32_t flow, struct slice description)
{
    if (flow > db->flow_last)
        db->flow_last = flow;
    later_add(&db->later, SQL_FLOW_DESCRIBE);
    later_number(&db->later, flow);
    later_text(&db->later, forms_time(&db->forms, db->now));
    later_text_n(&db->later, description.at, description.n);
    return 0;
}

static int workflow_param(struct db *db, const struct message *m, struct error *error)
{
    char key[32];
    unsigned flow;
    int n = 0;
    snprintf(key, sizeof key, "%.*s", (int)(m->text.n < sizeof key ? m->text.n : sizeof key - 1),
             m->text.at);
    if (sscanf(key, "flow %u%n", &flow, &n) == 1 && key[n] == '\0')
        return workflow_flow(db, flow, m->detail);
    (void)error;
    later_add(&db->later, SQL_PARAM_PUT);
    later_text_n(&db->later, m->text.at, m->text.n);
    if (m->detail.n)
        later_text_n(&db->later, m->detail.at, m->detail.n);
    else
        later_text(&db->later, NULL);
    return 0;
}

/* The places of "POINT/NAMESPACE" and "KEY=VALUE" in a row of the last statement. */
static void add_broadcast(struct db *db, const struct message *m, bool with_value)
{
    const char *slash = memchr(m->text.at, '/', m->text.n);
    const char *equals = memchr(m->detail.at, '=', m->detail.n);
    PRE(slash);
    PRE(equals);
    size_t n_point = (size_t)(slash - m->text.at), n_key = (size_t)(equals - m->detail.at);
    later_text_n(&db->later, m->text.at, n_point);
    later_text_n(&db->later, slash + 1, m->text.n - n_point - 1);
    later_text_n(&db->later, m->detail.at, n_key);
    if (with_value)
        later_text_n(&db->later, equals + 1, m->detail.n - n_key - 1);
}

static int workflow_broadcast(struct db *db, const struct message *m, struct error *error)
{
    (void)error;
    later_add(&db->later, m->value ? SQL_BROADCAST_PUT : SQL_BROADCAST_DELETE);
    add_broadcast(db, m, m->value != 0);
    later_add(&db->later, SQL_BROADCAST_EVENT);
    later_text(&db->later, forms_time(&db->forms, m->when));
    later_text(&db->later, m->value ? "+" : "-");
    add_broadcast(db, m, true);
    return 0;
}

static int workflow_external(struct db *db, const struct message *m, struct error *error)
{
    (void)error;
    later_add(&db->later, m->value ? SQL_EXTERNAL_PUT : SQL_EXTERNAL_DELETE);
    later_number(&db->later, (int64_t)m->id);
    if (m->value) {
        later_text_n(&db->later, m->text.at, m->text.n);
        later_text_n(&db->later, m->detail.at, m->detail.n);
    }
    return 0;
}

/* Clocks are not kept: they are satisfied again at once. */
static int xtrigger_satisfied(struct db *db, const struct message *m, struct error *error)
{
    static const char clock[] = "wall_clock(";
    (void)error;
    if (m->text.n >= strlen(clock) && memcmp(m->text.at, clock, strlen(clock)) == 0)
        return 0;
    later_add(&db->later, SQL_RESULT_PUT);
    later_text_n(&db->later, m->text.at, m->text.n);
    later_text_n(&db->later, m->detail.at, m->detail.n);
    return 0;
}

applier *const workflow_appliers[TOPICS_N] = {
    [TOPIC_POOL_RUNAHEAD] = pool_runahead,
    [TOPIC_POOL_CURSOR] = pool_cursor,
    [TOPIC_WORKFLOW_STATE] = workflow_state,
    [TOPIC_WORKFLOW_PARAM] = workflow_param,
    [TOPIC_WORKFLOW_EXTERNAL] = workflow_external,
    [TOPIC_WORKFLOW_BROADCAST] = workflow_broadcast,
    [TOPIC_XTRIGGER_SATISFIED] = xtrigger_satisfied,
};
