/* The prepared statements: one table of all SQL that runs after the start. */
#ifndef ROUSE_DB_STATEMENT_H
#define ROUSE_DB_STATEMENT_H

#include "base/error.h"
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* flow_nums ("[1, 2]") without the flow of a parameter; whether it has it. */
#define WITHOUT_FLOW(parameter)                                                                    \
    "(SELECT '[' || coalesce(group_concat(value, ', '), '') || ']' FROM json_each(flow_nums)"      \
    " WHERE value<>CAST(" parameter " AS INTEGER))"
#define HAS_FLOW(parameter)                                                                        \
    "EXISTS (SELECT 1 FROM json_each(flow_nums) WHERE value=CAST(" parameter " AS INTEGER))"

#define STATEMENTS(X)                                                                              \
    X(BEGIN_READ, "BEGIN")                                                                         \
    X(BEGIN_WRITE, "BEGIN IMMEDIATE")                                                              \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    /* task_states and task_outputs: history */                                                    \
    X(STATE_PUT,                                                                                   \
      "INSERT INTO task_states(name, cycle, flow_nums, time_created, time_updated, submit_num,"    \
      " status, flow_wait, is_manual_submit) VALUES(?,?,?,?,?,?,?,?,?)"                            \
      " ON CONFLICT(name, cycle, flow_nums) DO UPDATE SET time_updated=excluded.time_updated,"     \
      " submit_num=excluded.submit_num, status=excluded.status, flow_wait=excluded.flow_wait,"     \
      " is_manual_submit=excluded.is_manual_submit")                                               \
    X(STATE_DELETE, "DELETE FROM task_states WHERE name=? AND cycle=? AND flow_nums=?")            \
    X(STATE_GET, "SELECT flow_nums, time_created, time_updated, submit_num, status, flow_wait,"    \
                 " is_manual_submit FROM task_states WHERE name=? AND cycle=? ORDER BY flow_nums") \
    X(STATE_RECENT, "SELECT flow_nums FROM task_states WHERE flow_nums<>'[]'"                      \
                    " ORDER BY time_updated DESC LIMIT 1")                                         \
    X(OUTPUTS_PUT, "REPLACE INTO task_outputs(cycle, name, flow_nums, outputs) VALUES(?,?,?,?)")   \
    X(OUTPUTS_DELETE, "DELETE FROM task_outputs WHERE cycle=? AND name=? AND flow_nums=?")         \
    X(OUTPUTS_GET, "SELECT key, value FROM json_each((SELECT outputs FROM task_outputs"            \
                   " WHERE cycle=? AND name=? AND flow_nums=?))")                                  \
    /* what the pool holds */                                                                      \
    X(POOL_PUT,                                                                                    \
      "REPLACE INTO task_pool(cycle, name, flow_nums, status, is_held) VALUES(?,?,?,?,?)")         \
    X(POOL_DELETE, "DELETE FROM task_pool WHERE cycle=? AND name=? AND flow_nums=?")               \
    X(POOL_GET, "SELECT flow_nums, status, is_held FROM task_pool WHERE cycle=? AND name=?")       \
    X(POOL_ALL, "SELECT cycle, name FROM task_pool ORDER BY cycle, name")                          \
    X(POOL_FORGET, "DELETE FROM task_pool WHERE cycle=? AND name=?")                               \
    X(TASK_PUT, "REPLACE INTO rouse_tasks(cycle, name, flags, try_num, settled, settings)"         \
                " VALUES(?,?,?,?,?,?)")                                                            \
    X(TASK_DELETE, "DELETE FROM rouse_tasks WHERE cycle=? AND name=?")                             \
    X(TASK_GET,                                                                                    \
      "SELECT flags, try_num, settled, settings FROM rouse_tasks WHERE cycle=? AND name=?")        \
    X(LATE_PUT, "REPLACE INTO task_late_flags(cycle, name, value) VALUES(?,?,1)")                  \
    X(LATE_DELETE, "DELETE FROM task_late_flags WHERE cycle=? AND name=?")                         \
    X(TIMEOUT_PUT, "REPLACE INTO task_timeout_timers(cycle, name, timeout) VALUES(?,?,?)")         \
    X(TIMEOUT_DELETE, "DELETE FROM task_timeout_timers WHERE cycle=? AND name=?")                  \
    X(TIMES_GET, "SELECT (SELECT value FROM task_late_flags WHERE cycle=?1 AND name=?2),"          \
                 " (SELECT timeout FROM task_timeout_timers WHERE cycle=?1 AND name=?2)")          \
    X(PREREQUISITE_PUT,                                                                            \
      "REPLACE INTO task_prerequisites(cycle, name, flow_nums, prereq_name, prereq_cycle,"         \
      " prereq_output, satisfied) VALUES(?,?,?,?,?,?,?)")                                          \
    X(PREREQUISITES_DELETE, "DELETE FROM task_prerequisites WHERE cycle=? AND name=?")             \
    X(PREREQUISITE_GET,                                                                            \
      "SELECT satisfied FROM task_prerequisites WHERE cycle=? AND name=? AND flow_nums=?"          \
      " AND prereq_name=? AND prereq_cycle=? AND prereq_output=?")                                 \
    X(GROUPED_PUT,                                                                                 \
      "REPLACE INTO rouse_prerequisites(cycle, name, prereq_cycle, prereq, satisfied)"             \
      " VALUES(?,?,?,?,?)")                                                                        \
    X(GROUPED_DELETE, "DELETE FROM rouse_prerequisites WHERE cycle=? AND name=?")                  \
    X(GROUPED_GET,                                                                                 \
      "SELECT satisfied FROM rouse_prerequisites WHERE cycle=? AND name=? AND prereq_cycle=?"      \
      " AND prereq=?")                                                                             \
    X(GROUPED_MEMBERS, /* '/' and '0' are neighbours */                                            \
      "SELECT prereq FROM rouse_prerequisites WHERE cycle=? AND name=? AND prereq_cycle=?"         \
      " AND prereq>? AND prereq<?")                                                                \
    X(GROUPED_DROP,                                                                                \
      "DELETE FROM rouse_prerequisites WHERE cycle=? AND name=? AND prereq_cycle=? AND prereq=?")  \
    X(UNSETTLED_PUT,                                                                               \
      "REPLACE INTO rouse_unsettled(cycle, name, output, flow_nums) VALUES(?,?,?,?)")              \
    X(UNSETTLED_DELETE,                                                                            \
      "DELETE FROM rouse_unsettled WHERE cycle=? AND name=? AND output=? AND flow_nums=?")         \
    X(UNSETTLED_GET, "SELECT output, flow_nums FROM rouse_unsettled WHERE cycle=? AND name=?")     \
    X(UNSETTLED_ALL, "SELECT cycle, name, output, flow_nums FROM rouse_unsettled"                  \
                     " ORDER BY cycle, name, output, flow_nums")                                   \
    X(WAITS_PUT,                                                                                   \
      "REPLACE INTO rouse_xtriggers(cycle, name, label, signature, satisfied) VALUES(?,?,?,?,?)")  \
    X(WAITS_DELETE, "DELETE FROM rouse_xtriggers WHERE cycle=? AND name=?")                        \
    X(WAITS_GET,                                                                                   \
      "SELECT label, signature, satisfied FROM rouse_xtriggers WHERE cycle=? AND name=?"           \
      " ORDER BY label")                                                                           \
    /* jobs */                                                                                     \
    X(JOB_PUT,                                                                                     \
      "REPLACE INTO task_jobs(cycle, name, submit_num, flow_nums, is_manual_submit, try_num,"      \
      " time_submit, time_submit_exit, submit_status, time_run, time_run_exit, run_signal,"        \
      " run_status, platform_name, job_runner_name, job_id)"                                       \
      " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")                                                  \
    X(JOB_GET,                                                                                     \
      "SELECT flow_nums, is_manual_submit, try_num, time_submit, time_submit_exit,"                \
      " submit_status, time_run, time_run_exit, run_signal, run_status, platform_name,"            \
      " job_runner_name, job_id FROM task_jobs WHERE cycle=? AND name=? AND submit_num=?")         \
    /* the rest: single rows, written in the order they were said */                               \
    X(EVENT_ADD, "INSERT INTO task_events(name, cycle, time, submit_num, event, message)"          \
                 " VALUES(?,?,?,?,?,?)")                                                           \
    X(PENDING_ADD, "REPLACE INTO rouse_events(id, name, cycle, submit_num, try_num, event,"        \
                   " message, settings) VALUES(?,?,?,?,?,?,?,?)")                                  \
    X(PENDING_DELETE, "DELETE FROM rouse_events WHERE id=?")                                       \
    X(PENDING_ALL, "SELECT id, name, cycle, submit_num, try_num, event, message, settings"         \
                   " FROM rouse_events ORDER BY id")                                               \
    X(TIMER_PUT,                                                                                   \
      "REPLACE INTO task_action_timers(cycle, name, ctx_key, ctx, delays, num, delay, timeout)"    \
      " VALUES(?,?,?,?,?,?,?,?)")                                                                  \
    X(ABSOLUTE_ADD,                                                                                \
      "INSERT INTO absolute_outputs(cycle, name, output) SELECT ?1, ?2, ?3 WHERE NOT EXISTS"       \
      " (SELECT 1 FROM absolute_outputs WHERE cycle=?1 AND name=?2 AND output=?3)")                \
    X(ABSOLUTE_ALL, "SELECT cycle, name, output FROM absolute_outputs")                            \
    X(GROUP_PUT, "REPLACE INTO rouse_groups(name, cycle, member, flow_nums) VALUES(?,?,?,?)")      \
    X(GROUP_LEAVE_FLOW, "UPDATE OR REPLACE rouse_groups SET flow_nums=" WITHOUT_FLOW(              \
                            "?4") " WHERE name=?1 AND cycle=?2 AND member=?3 AND " HAS_FLOW("?4")) \
    X(GROUP_FORGET, "DELETE FROM rouse_groups WHERE cycle=?")                                      \
    X(GROUP_GET, /* in one of the flows of the last parameter */                                   \
      "SELECT 1 FROM rouse_groups, json_each(flow_nums) AS has, json_each(?4) AS wanted"           \
      " WHERE name=?1 AND rouse_groups.cycle=?2 AND member=?3 AND has.value=wanted.value LIMIT 1") \
    X(GROUP_ALL, "SELECT name, cycle, member, flow_nums FROM rouse_groups"                         \
                 " ORDER BY name, cycle, member, flow_nums")                                       \
    X(CURSOR_PUT, "REPLACE INTO rouse_cursors(name, cycle, flow_nums) VALUES(?,?,?)")              \
    X(CURSOR_BEGIN, "INSERT OR IGNORE INTO rouse_cursors(name, cycle, flow_nums) VALUES(?,?,?)")   \
    X(CURSOR_LEAVE_FLOW, "UPDATE OR REPLACE rouse_cursors SET flow_nums=" WITHOUT_FLOW(            \
                             "?1") " WHERE " HAS_FLOW("?1"))                                       \
    X(CURSOR_ALL, "SELECT name, cycle, flow_nums FROM rouse_cursors ORDER BY name")                \
    X(HOLD_ADD, "INSERT INTO tasks_to_hold(name, cycle) SELECT ?1, ?2 WHERE NOT EXISTS"            \
                " (SELECT 1 FROM tasks_to_hold WHERE name=?1 AND cycle=?2)")                       \
    X(HOLD_DELETE, "DELETE FROM tasks_to_hold WHERE name=? AND cycle=?")                           \
    X(HOLD_ALL, "SELECT name, cycle FROM tasks_to_hold ORDER BY name, cycle")                      \
    X(PARAM_PUT, "REPLACE INTO workflow_params(key, value) VALUES(?,?)")                           \
    X(PARAM_GET, "SELECT value FROM workflow_params WHERE key=?")                                  \
    X(PARAM_ANY, "SELECT 1 FROM workflow_params LIMIT 1")                                          \
    X(TEMPLATE_PUT, "REPLACE INTO workflow_template_vars(key, value) VALUES(?,?)")                 \
    X(TEMPLATE_ALL, "SELECT key, value FROM workflow_template_vars ORDER BY key")                  \
    X(ROUSE_STATE_PUT, "REPLACE INTO rouse_state(key, value) VALUES(?,?)")                         \
    X(ROUSE_STATE_DELETE, "DELETE FROM rouse_state WHERE key=?")                                   \
    X(ROUSE_STATE_GET, "SELECT value FROM rouse_state WHERE key=?")                                \
    X(EXTERNAL_PUT, "REPLACE INTO rouse_external(number, message, event_id) VALUES(?,?,?)")        \
    X(EXTERNAL_DELETE, "DELETE FROM rouse_external WHERE number=?")                                \
    X(EXTERNAL_ALL, "SELECT number, message, event_id FROM rouse_external ORDER BY number")        \
    X(BROADCAST_PUT,                                                                               \
      "REPLACE INTO broadcast_states(point, namespace, key, value) VALUES(?,?,?,?)")               \
    X(BROADCAST_DELETE, "DELETE FROM broadcast_states WHERE point=? AND namespace=? AND key=?")    \
    X(BROADCAST_EVENT, "INSERT INTO broadcast_events(time, change, point, namespace, key, value)"  \
                       " VALUES(?,?,?,?,?,?)")                                                     \
    X(BROADCAST_ALL, "SELECT point, namespace, key, value FROM broadcast_states"                   \
                     " ORDER BY key, point, namespace")                                            \
    X(FLOW_ADD,                                                                                    \
      "INSERT OR IGNORE INTO workflow_flows(flow_num, start_time, description) VALUES(?,?,?)")     \
    X(FLOW_DESCRIBE, "INSERT INTO workflow_flows(flow_num, start_time, description) VALUES(?,?,?)" \
                     " ON CONFLICT(flow_num) DO UPDATE SET description=excluded.description")      \
    X(FLOW_LAST, "SELECT max(flow_num) FROM workflow_flows")                                       \
    X(RESULT_PUT, "REPLACE INTO xtriggers(signature, results) VALUES(?,?)")                        \
    X(RESULT_ALL, "SELECT signature, results FROM xtriggers ORDER BY signature")                   \
    /* adopt.c: what Cylc wrote */                                                                 \
    X(ADOPT_STATES, "SELECT name, cycle, flow_nums, 0 FROM task_states"                            \
                    " UNION ALL SELECT name, cycle, flow_nums, 1 FROM task_pool")                  \
    X(ADOPT_RETRIES, /* tasks of the pool that were tried more than once */                        \
      "SELECT cycle, name, task_pool.status,"                                                      \
      " sum(CASE ctx_key WHEN '[\"try_timers\", \"execution-retry\"]' THEN num ELSE 0 END) AS e,"  \
      " sum(CASE ctx_key WHEN '[\"try_timers\", \"submission-retry\"]' THEN num ELSE 0 END) AS s," \
      " coalesce(max(CAST(timeout AS REAL)), 0) FROM task_pool"                                    \
      " JOIN task_states USING(cycle, name, flow_nums)"                                            \
      " JOIN task_action_timers USING(cycle, name)"                                                \
      " WHERE submit_num>0 AND ctx_key LIKE '[\"try_timers\"%' GROUP BY cycle, name"               \
      " HAVING e+s>0")                                                                             \
    X(ADOPT_FORCED, "SELECT cycle, name, prereq_cycle, prereq_name, prereq_output"                 \
                    " FROM task_prerequisites WHERE satisfied='force satisfied'")                  \
    X(INHERITANCE_GET, "SELECT 1 FROM inheritance WHERE namespace=?")                              \
    X(INHERITANCE_PUT, "REPLACE INTO inheritance(namespace, inheritance) VALUES(?,?)")

enum statement {
#define STATEMENT_ENUM_(name, sql) SQL_##name,
    STATEMENTS(STATEMENT_ENUM_)
#undef STATEMENT_ENUM_
        STATEMENTS_N
};

/* Prepared at first use. Zero-initialise, then set connection. */
struct statements {
    sqlite3 *connection;
    sqlite3_stmt *prepared[STATEMENTS_N];
};

void statements_release(struct statements *statements);

/* One run of a statement: bind in order, step, read columns, finish. Bound texts must live until
 * the next step unless said otherwise. Failures are remembered, so that only the last call need be
 * checked. */
struct run {
    struct statements *of;
    sqlite3_stmt *statement;
    int parameter;
    int result; /* 0 or negative errno */
};

struct run run_begin(struct statements *statements, enum statement statement, struct error *error);
void run_text(struct run *run, const char *text); /* NULL: SQL's NULL */
void run_text_n(struct run *run, const char *text, size_t n);
void run_text_copy(struct run *run, const char *text);
void run_int(struct run *run, int64_t value);
void run_real(struct run *run, double value);
void run_null(struct run *run);
/* 1: a row; 0: no more; negative errno and error. */
int run_step(struct run *run, struct error *error);
/* Columns of the row, valid until the next step. Text is never NULL. */
const char *run_column(struct run *run, int column);
int64_t run_column_int(struct run *run, int column);
double run_column_real(struct run *run, int column);
bool run_column_is_null(struct run *run, int column);
/* Ready for the next run; returns run->result. */
int run_end(struct run *run);
/* Step a statement that gives no rows, and end it. */
int run_do(struct run *run, struct error *error);

/* Negative errno for what went wrong last on the connection, its text in error. */
int statement_error(sqlite3 *connection, struct error *error);

#endif
