/* Everything the cast says to each other: one struct, one table.
 *
 * A message is a value: message_encode makes flat bytes of it, message_decode the reverse. Every
 * topic uses some of the fields below (its mask says which); the others are zero. Who says a topic
 * and who hears it is in the same table, so the bus wires itself and the docs are checked against
 * it. Wire form: topic name, NUL, u8 version, u8 topic, u8 sender, u64 seq, u64 topic_seq, then the
 * fields of the mask in the order of enum field, little endian. */
#ifndef ROUSE_TOPICS_H
#define ROUSE_TOPICS_H

#include "base/error.h"
#include "base/text.h"
#include "pool/status.h"
#include "scheduler/cycling/cycling.h"
#include <stdint.h>

enum { MESSAGE_VERSION = 3 };
enum { MESSAGE_SIZE_MAX = 16 * 1024 * 1024 }; /* larger contents go out in chunks */
enum { FLOWS_PER_TASK_MAX = 15 };

/* The cast. */
enum member {
    SERVER,
    COMMANDS,
    TASK_POOL,
    TRIGGERS,
    XTRIGGERS,
    JOBS,
    RECORDER,
    VIEWER,
    HANDLERS,
    HEALTH,
    MEMBERS
};
extern const char *const member_names[MEMBERS]; /* "server", ..., "task_pool", ... */
#define MEMBER_BIT(member) (1u << (member))
#define EVERY_MEMBER ((1u << MEMBERS) - 1)

enum field {
    FIELD_POINT = 1 << 0,
    FIELD_TASK = 1 << 1,
    FIELD_NUMBER = 1 << 2,
    FIELD_SUBMIT = 1 << 3, /* submit and try_ */
    FIELD_STATUS = 1 << 4,
    FIELD_FLAGS = 1 << 5,
    FIELD_WHEN = 1 << 6,
    FIELD_ID = 1 << 7,
    FIELD_VALUE = 1 << 8,
    FIELD_FLOWS = 1 << 9,
    FIELD_TEXT = 1 << 10,
    FIELD_DETAIL = 1 << 11,
    FIELD_SETTINGS = 1 << 12
};

/* Who has a version of the definition, beside the pool. */
#define HOLDERS (M(TRIGGERS) | M(XTRIGGERS) | M(JOBS) | M(RECORDER) | M(VIEWER) | M(HANDLERS))

/* name, string, who says it, who hears it, fields */
#define TOPICS(X)                                                                                  \
    /* server: a client's request. id: the server's name for it; text: command name; detail: its   \
     * arguments, a JSON object. */                                                                \
    X(COMMAND_REQUEST, "command.request", M(SERVER), M(COMMANDS),                                  \
      FIELD_ID | FIELD_TEXT | FIELD_DETAIL)                                                        \
    X(QUERY_REQUEST, "query.request", M(SERVER), M(VIEWER), FIELD_ID | FIELD_TEXT | FIELD_DETAIL)  \
    /* server: a message from a job or about one. text: "CYCLE/TASK/NN"; detail: the message;      \
     * number: enum severity; when: the job's time; value: offset just after it in job.status, or  \
     * -1. */                                                                                      \
    X(JOB_REPORT, "job.report", M(SERVER), M(JOBS),                                                \
      FIELD_ID | FIELD_TEXT | FIELD_DETAIL | FIELD_NUMBER | FIELD_WHEN | FIELD_VALUE)              \
    /* server: a program that serves xtriggers. text: "xtrigger-host", it begins: the answer is a  \
     * stream; or "xtrigger-say", from the one whose stream answers request `value` (0: there is   \
     * none). detail: arguments, a JSON object. */                                                 \
    X(XTRIGGER_PROGRAM, "xtrigger.program", M(SERVER), M(XTRIGGERS),                               \
      FIELD_ID | FIELD_VALUE | FIELD_TEXT | FIELD_DETAIL)                                          \
    /* the answer to request id. number: enum reply_kind; text: JSON data or the error's text. It  \
     * is said only when what it claims is committed. */                                           \
    X(REPLY, "reply", M(COMMANDS) | M(VIEWER) | M(JOBS) | M(XTRIGGERS), M(SERVER),                 \
      FIELD_ID | FIELD_NUMBER | FIELD_TEXT)                                                        \
    /* the client has taken `number` chunks of the answer to request id; 0: nobody wants the rest. \
     */                                                                                            \
    X(REPLY_TAKEN, "reply.taken", M(SERVER), M(VIEWER) | M(XTRIGGERS), FIELD_ID | FIELD_NUMBER)    \
    /* number: enum pool_command; flags: enum pool_command_flag; text: task ids, one a line;       \
     * detail: further argument; id 0: nobody waits for the outcome. */                            \
    X(POOL_COMMAND, "pool.command", M(COMMANDS) | M(HANDLERS) | M(HEALTH), M(TASK_POOL),           \
      FIELD_ID | FIELD_NUMBER | FIELD_FLAGS | FIELD_FLOWS | FIELD_TEXT | FIELD_DETAIL)             \
    /* a reload: have version `value` of the definition ready. text: the file to read; detail: its \
     * options, a JSON object. */                                                                  \
    X(DEFINITION_NEXT, "definition.next", M(TASK_POOL), HOLDERS,                                   \
      FIELD_VALUE | FIELD_TEXT | FIELD_DETAIL)                                                     \
    /* version `value` comes: number: enum definition_step. Each step is answered by every holder  \
     * with definition.done. */                                                                    \
    X(DEFINITION_STEP, "definition.step", M(TASK_POOL), HOLDERS, FIELD_NUMBER | FIELD_VALUE)       \
    /* number: the step that has been taken; text: why it cannot be (empty: it was). */            \
    X(DEFINITION_DONE, "definition.done", HOLDERS, M(TASK_POOL),                                   \
      FIELD_NUMBER | FIELD_VALUE | FIELD_TEXT)                                                     \
    /* a new instance. flags: enum task_flag; submit: last submit number used in its history;      \
     * value: outputs it has completed before, as a bit set. */                                    \
    X(TASK_SPAWNED, "task.spawned", M(TASK_POOL), M(RECORDER) | M(VIEWER),                         \
      FIELD_POINT | FIELD_TASK | FIELD_FLOWS | FIELD_FLAGS | FIELD_SUBMIT | FIELD_VALUE |          \
          FIELD_WHEN)                                                                              \
    /* status or flags changed. value: the status before. */                                       \
    X(TASK_STATE, "task.state", M(TASK_POOL), M(RECORDER) | M(VIEWER) | M(HANDLERS),               \
      FIELD_POINT | FIELD_TASK | FIELD_FLOWS | FIELD_STATUS | FIELD_FLAGS | FIELD_SUBMIT |         \
          FIELD_VALUE | FIELD_WHEN)                                                                \
    /* a prerequisite satisfied, or no longer. number: atom; value: enum satisfied_how. id: 0, or  \
     * of a family trigger one member + 1, by force. */                                            \
    X(TASK_PREREQUISITE, "task.prerequisite", M(TASK_POOL), M(RECORDER) | M(VIEWER),               \
      FIELD_POINT | FIELD_TASK | FIELD_NUMBER | FIELD_VALUE | FIELD_FLOWS | FIELD_ID)              \
    /* a member of a family trigger satisfied, or with flags 1 no longer. number: group; value:    \
     * member. */                                                                                  \
    X(TASK_GROUP, "task.group", M(TASK_POOL), M(RECORDER) | M(VIEWER),                             \
      FIELD_POINT | FIELD_NUMBER | FIELD_VALUE | FIELD_FLAGS | FIELD_FLOWS)                        \
    /* the groups of this point are forgotten: nobody can ask for them any more. */                \
    X(TASK_GROUPS_PAST, "task.groups-past", M(TASK_POOL), M(RECORDER) | M(VIEWER), FIELD_POINT)    \
    /* an instance depends on a signature (value 0) or sees it satisfied (1). number: xtrigger     \
     * index, or NO_INDEX for a retry timer; text: signature. */                                   \
    X(TASK_XTRIGGER, "task.xtrigger", M(TASK_POOL), M(RECORDER) | M(VIEWER),                       \
      FIELD_POINT | FIELD_TASK | FIELD_NUMBER | FIELD_VALUE | FIELD_TEXT)                          \
    /* output completed; unsettled until task.settled. number: output index; value: enum           \
     * output_value, a bit set. */                                                                 \
    X(TASK_OUTPUT, "task.output", M(TASK_POOL),                                                    \
      M(TRIGGERS) | M(RECORDER) | M(VIEWER) | M(HANDLERS),                                         \
      FIELD_POINT | FIELD_TASK | FIELD_NUMBER | FIELD_VALUE | FIELD_FLOWS | FIELD_SUBMIT |         \
          FIELD_WHEN)                                                                              \
    /* everything that output caused has been said before this. */                                 \
    X(TASK_SETTLED, "task.settled", M(TASK_POOL), M(RECORDER),                                     \
      FIELD_POINT | FIELD_TASK | FIELD_NUMBER | FIELD_FLOWS)                                       \
    /* number: enum removal; text: why, of IMPOSSIBLE. */                                          \
    X(TASK_REMOVED, "task.removed", M(TASK_POOL), M(RECORDER) | M(VIEWER),                         \
      FIELD_POINT | FIELD_TASK | FIELD_FLOWS | FIELD_NUMBER | FIELD_TEXT)                          \
    /* something to remember of a task. text: event ("started", "message critical"); detail: its   \
     * message; id: its number, see event.settled; value 1: said again after a restart, recorded   \
     * already; number: enum run_mode of its job (0: not known); flags: TASK_LATE if that has been \
     * told; settings: what is broadcast to the task about its events, as in job.submit. */        \
    X(TASK_EVENT, "task.event", M(TASK_POOL), M(RECORDER) | M(HANDLERS),                           \
      FIELD_POINT | FIELD_TASK | FIELD_NUMBER | FIELD_SUBMIT | FIELD_TEXT | FIELD_DETAIL |         \
          FIELD_ID | FIELD_VALUE | FIELD_FLAGS | FIELD_WHEN | FIELD_SETTINGS)                      \
    /* event id has been handled: its commands have run, its mail is sent, or they were given up.  \
     */                                                                                            \
    X(EVENT_SETTLED, "event.settled", M(HANDLERS), M(RECORDER), FIELD_ID)                          \
    /* a future task is held (value 1) or no longer (0). */                                        \
    X(TASK_HOLD, "task.hold", M(TASK_POOL), M(RECORDER), FIELD_POINT | FIELD_TASK | FIELD_VALUE)   \
    /* launch this job once it is recorded. flags: TASK_MANUAL; number: enum run_mode; text: JSON  \
     * object of environment variables from xtriggers; settings: what is broadcast to it, a JSON   \
     * list of ["KEY", "VALUE"], the later over the earlier; empty: nothing. */                    \
    X(JOB_SUBMIT, "job.submit", M(TASK_POOL), M(JOBS) | M(RECORDER),                               \
      FIELD_POINT | FIELD_TASK | FIELD_NUMBER | FIELD_FLOWS | FIELD_SUBMIT | FIELD_FLAGS |         \
          FIELD_TEXT | FIELD_SETTINGS | FIELD_WHEN)                                                \
    /* after a restart: find out how this job, submitted earlier, is doing and follow it.          \
     * status: what the pool knew; value: how much of job.status it had settled; when: its         \
     * submission (0: not yet); id: value of its last job.submitted or job.started, 0 once that    \
     * has been told; number, text, settings: as in job.submit. */                                 \
    X(JOB_FOLLOW, "job.follow", M(TASK_POOL), M(JOBS),                                             \
      FIELD_POINT | FIELD_TASK | FIELD_NUMBER | FIELD_FLOWS | FIELD_SUBMIT | FIELD_STATUS |        \
          FIELD_VALUE | FIELD_TEXT | FIELD_SETTINGS | FIELD_WHEN | FIELD_ID)                       \
    X(JOB_KILL, "job.kill", M(TASK_POOL), M(JOBS), FIELD_POINT | FIELD_TASK | FIELD_SUBMIT)        \
    X(JOB_POLL, "job.poll", M(TASK_POOL), M(JOBS), FIELD_POINT | FIELD_TASK | FIELD_SUBMIT)        \
    /* a job's message number `value` (offset in job.status) has had its effect. */                \
    X(JOB_SETTLED, "job.settled", M(TASK_POOL), M(RECORDER),                                       \
      FIELD_POINT | FIELD_TASK | FIELD_SUBMIT | FIELD_VALUE)                                       \
    /* somebody waits for this signature. number: xtrigger index or NO_INDEX; text: signature,     \
     * "wall_clock(trigger_time=...)"; detail: the call to make, texts in quotes; empty: the       \
     * signature is one. Said once until dropped. */                                               \
    X(XTRIGGER_WATCH, "xtrigger.watch", M(TASK_POOL), M(XTRIGGERS),                                \
      FIELD_POINT | FIELD_TASK | FIELD_NUMBER | FIELD_TEXT | FIELD_DETAIL)                         \
    X(XTRIGGER_DROP, "xtrigger.drop", M(TASK_POOL), M(XTRIGGERS), FIELD_TEXT)                      \
    /* tasks may be spawned up to this point (POINT_NONE: none yet). */                            \
    X(POOL_RUNAHEAD, "pool.runahead", M(TASK_POOL), M(TRIGGERS) | M(RECORDER) | M(VIEWER),         \
      FIELD_POINT)                                                                                 \
    /* a task without parents goes on from this point in these flows, if it does not already       \
     * (value 1); or (value 0, no task) what goes on in one of these flows does so no longer. */   \
    X(POOL_CURSOR, "pool.cursor", M(TASK_POOL), M(TRIGGERS) | M(RECORDER),                         \
      FIELD_POINT | FIELD_TASK | FIELD_VALUE | FIELD_FLOWS)                                        \
    /* request id has been carried out, all its effects said before this. number: 0 or a positive  \
     * errno; text: the error or JSON data. */                                                     \
    X(POOL_OUTCOME, "pool.outcome", M(TASK_POOL), M(COMMANDS) | M(JOBS) | M(RECORDER),             \
      FIELD_ID | FIELD_NUMBER | FIELD_TEXT)                                                        \
    /* number: enum workflow_status; flags: enum workflow_flag; text: reason, one line. */         \
    X(WORKFLOW_STATE, "workflow.state", M(TASK_POOL),                                              \
      M(RECORDER) | M(VIEWER) | M(HANDLERS) | M(HEALTH) | M(COMMANDS),                             \
      FIELD_NUMBER | FIELD_FLAGS | FIELD_TEXT | FIELD_WHEN)                                        \
    /* what does the database know of an instance the pool has forgotten? Answered by history. */  \
    X(HISTORY_ASK, "history.ask", M(TASK_POOL), M(RECORDER), FIELD_POINT | FIELD_TASK | FIELD_ID)  \
    /* one for each set of flows it ran in (submit, value: completed outputs as a bit set,         \
     * status, flags: TASK_FLOW_WAIT), then one with number 1 and nothing else: that was all. */   \
    X(HISTORY, "history", M(RECORDER), M(TASK_POOL),                                               \
      FIELD_POINT | FIELD_TASK | FIELD_ID | FIELD_NUMBER | FIELD_FLOWS | FIELD_SUBMIT |            \
          FIELD_STATUS | FIELD_FLAGS | FIELD_VALUE)                                                \
    /* a line of state to keep: text = key, detail = value (workflow_params; empty: NULL). */      \
    X(WORKFLOW_PARAM, "workflow.param", M(TASK_POOL), M(RECORDER), FIELD_TEXT | FIELD_DETAIL)      \
    /* a broadcast setting is set (value 1) or no longer (0). number: 0 for the first of a change; \
     * text: "POINT/NAMESPACE", POINT may be `*`; detail: "KEY=VALUE". */                          \
    X(WORKFLOW_BROADCAST, "workflow.broadcast", M(TASK_POOL), M(RECORDER),                         \
      FIELD_NUMBER | FIELD_VALUE | FIELD_TEXT | FIELD_DETAIL | FIELD_WHEN)                         \
    /* an external trigger (text: label) with its event's id (detail) is kept (value 1) or used    \
     * (0). id: its number. */                                                                     \
    X(WORKFLOW_EXTERNAL, "workflow.external", M(TASK_POOL), M(RECORDER),                           \
      FIELD_ID | FIELD_VALUE | FIELD_TEXT | FIELD_DETAIL)                                          \
    /* log what is of this level or worse. number: enum log_level. */                              \
    X(LOG_LEVEL, "log.level", M(TASK_POOL),                                                        \
      M(COMMANDS) | M(TRIGGERS) | M(XTRIGGERS) | M(JOBS) | M(RECORDER) | M(VIEWER) | M(HANDLERS) | \
          M(HEALTH),                                                                               \
      FIELD_NUMBER)                                                                                \
    /* one event has been dealt with: what was said since the last pool.turn is recorded together  \
     * or not at all. The first one: every job.follow of this start has been said. */              \
    X(POOL_TURN, "pool.turn", M(TASK_POOL), M(RECORDER) | M(JOBS), 0)                              \
    /* everybody ends. number: enum stop_mode; text: reason ("AUTOMATIC", "REQUEST(CLEAN)");       \
     * value: exit status of the scheduler. */                                                     \
    X(WORKFLOW_SHUTDOWN, "workflow.shutdown", M(TASK_POOL), EVERY_MEMBER & ~M(TASK_POOL),          \
      FIELD_NUMBER | FIELD_TEXT | FIELD_VALUE)                                                     \
    /* a child's atom is satisfied. point, task: the child; number: atom; value: enum              \
     * satisfied_how. */                                                                           \
    X(TRIGGER_SATISFIED, "trigger.satisfied", M(TRIGGERS), M(TASK_POOL),                           \
      FIELD_POINT | FIELD_TASK | FIELD_NUMBER | FIELD_VALUE | FIELD_FLOWS)                         \
    /* a family trigger's member. point: of the members; number: group; value: member. */          \
    X(TRIGGER_GROUP, "trigger.group", M(TRIGGERS), M(TASK_POOL),                                   \
      FIELD_POINT | FIELD_NUMBER | FIELD_VALUE | FIELD_FLOWS)                                      \
    /* a task without parents reaches this point. flags: TASK_RUNAHEAD if it is the one instance   \
     * beyond the limit. */                                                                        \
    X(TRIGGER_SPAWN, "trigger.spawn", M(TRIGGERS), M(TASK_POOL),                                   \
      FIELD_POINT | FIELD_TASK | FIELD_FLOWS | FIELD_FLAGS)                                        \
    /* all that this output (number NO_INDEX: this pool.runahead) caused has been said. */         \
    X(TRIGGER_SETTLED, "trigger.settled", M(TRIGGERS), M(TASK_POOL),                               \
      FIELD_POINT | FIELD_TASK | FIELD_NUMBER | FIELD_FLOWS)                                       \
    /* the xtriggers begin, or begin again after a crash of their process: say every               \
     * xtrigger.watch that is not satisfied (again). */                                            \
    X(XTRIGGER_READY, "xtrigger.ready", M(XTRIGGERS), M(TASK_POOL) | M(VIEWER), 0)                 \
    /* all that has been said, since the last xtrigger.ready. */                                   \
    X(XTRIGGER_TOLD, "xtrigger.told", M(TASK_POOL), M(XTRIGGERS), 0)                               \
    /* text: signature; detail: results, a JSON object. */                                         \
    X(XTRIGGER_SATISFIED, "xtrigger.satisfied", M(XTRIGGERS),                                      \
      M(TASK_POOL) | M(RECORDER) | M(VIEWER), FIELD_TEXT | FIELD_DETAIL)                           \
    /* the results of this signature are committed. */                                             \
    X(XTRIGGER_KEPT, "xtrigger.kept", M(RECORDER), M(XTRIGGERS), FIELD_TEXT)                       \
    /* text: signature; detail: what went wrong; it is tried again. Empty: that is over. */        \
    X(XTRIGGER_PROBLEM, "xtrigger.problem", M(XTRIGGERS), M(VIEWER),                               \
      FIELD_TEXT | FIELD_DETAIL | FIELD_WHEN)                                                      \
    /* how a signature (text) stands. number: enum xtrigger_asked; id: how often it was asked;     \
     * value: when it is asked next, microseconds since 1970-01-01T00Z, or -1; flags 1: when it is \
     * told of a change; detail: what was found. */                                                \
    X(XTRIGGER_ASKED, "xtrigger.asked", M(XTRIGGERS), M(VIEWER),                                   \
      FIELD_TEXT | FIELD_NUMBER | FIELD_FLAGS | FIELD_ID | FIELD_VALUE | FIELD_WHEN |              \
          FIELD_DETAIL)                                                                            \
    /* what became of jobs. text: job id (submitted), reason (submit-failed, failed); detail:      \
     * "RUNNER PLATFORM", empty if it never came to that; value (submitted, started): when its     \
     * timeout is to be told, 0: never. */                                                         \
    X(JOB_SUBMITTED, "job.submitted", M(JOBS), M(TASK_POOL) | M(RECORDER) | M(VIEWER),             \
      FIELD_POINT | FIELD_TASK | FIELD_SUBMIT | FIELD_TEXT | FIELD_DETAIL | FIELD_WHEN |           \
          FIELD_VALUE)                                                                             \
    X(JOB_SUBMIT_FAILED, "job.submit-failed", M(JOBS), M(TASK_POOL) | M(RECORDER) | M(VIEWER),     \
      FIELD_POINT | FIELD_TASK | FIELD_SUBMIT | FIELD_TEXT | FIELD_DETAIL | FIELD_WHEN)            \
    X(JOB_STARTED, "job.started", M(JOBS), M(TASK_POOL) | M(RECORDER) | M(VIEWER),                 \
      FIELD_POINT | FIELD_TASK | FIELD_SUBMIT | FIELD_WHEN | FIELD_VALUE)                          \
    X(JOB_SUCCEEDED, "job.succeeded", M(JOBS), M(TASK_POOL) | M(RECORDER) | M(VIEWER),             \
      FIELD_POINT | FIELD_TASK | FIELD_SUBMIT | FIELD_WHEN)                                        \
    X(JOB_FAILED, "job.failed", M(JOBS), M(TASK_POOL) | M(RECORDER) | M(VIEWER),                   \
      FIELD_POINT | FIELD_TASK | FIELD_SUBMIT | FIELD_TEXT | FIELD_WHEN)                           \
    /* it takes long. text: the event, "execution timeout"; value: after how long, microseconds.   \
     */                                                                                            \
    X(JOB_TIMEOUT, "job.timeout", M(JOBS), M(TASK_POOL),                                           \
      FIELD_POINT | FIELD_TASK | FIELD_SUBMIT | FIELD_TEXT | FIELD_VALUE | FIELD_WHEN)             \
    /* number: enum severity; text: the message; value: offset just after it in job.status or -1;  \
     * id: the request to answer, or 0. */                                                         \
    X(JOB_MESSAGE, "job.message", M(JOBS), M(TASK_POOL),                                           \
      FIELD_POINT | FIELD_TASK | FIELD_SUBMIT | FIELD_NUMBER | FIELD_TEXT | FIELD_VALUE |          \
          FIELD_ID | FIELD_WHEN)                                                                   \
    /* committed up to here. text: MEMBERS times u64, little endian: seq of each outbox. */        \
    X(RECORDED, "recorded", M(RECORDER),                                                           \
      M(JOBS) | M(COMMANDS) | M(VIEWER) | M(HEALTH) | M(HANDLERS), FIELD_TEXT)                     \
    /* the scheduler cannot go on; text says why. Everybody ends at once, nothing more is          \
     * acknowledged. */                                                                            \
    X(FAULT, "fault", M(RECORDER) | M(HEALTH) | M(SERVER), EVERY_MEMBER, FIELD_TEXT)               \
    /* said by the bus when an outbox is closed: nothing follows. Every listener hears it. */      \
    X(END, "end", EVERY_MEMBER, EVERY_MEMBER, 0)

enum topic {
#define TOPIC_ENUM_(name, string, says, hears, fields) TOPIC_##name,
    TOPICS(TOPIC_ENUM_)
#undef TOPIC_ENUM_
        TOPICS_N
};

struct topic_info {
    const char *name;
    unsigned says, hears; /* MEMBER_BITs */
    unsigned fields;      /* enum field */
};
extern const struct topic_info topics[TOPICS_N];
/* TOPICS_N if there is none of that name. */
enum topic topic_of(const char *name);
/* Whether `listener` has to hear `speaker`'s outbox: some topic joins them. */
bool member_hears(enum member listener, enum member speaker);

/* How the cast changes to the next version of the definition, see docs/architecture.md. */
enum definition_step {
    STEP_SETTLE, /* have it loaded; what was said before this has had its effect; done: at rest */
    STEP_STAY,   /* somebody could not: all go on with the version they have */
    STEP_SWAP,   /* from now on the new one */
    DEFINITION_STEPS
};

enum severity {
    SEVERITY_DEBUG,
    SEVERITY_INFO,
    SEVERITY_WARNING,
    SEVERITY_ERROR,
    SEVERITY_CRITICAL,
    SEVERITY_CUSTOM,
    SEVERITIES
};
extern const char *const severity_names[SEVERITIES]; /* "DEBUG", ... */

enum xtrigger_asked {
    ASKED_NOW,      /* a call that takes its time */
    ASKED_WATCHING, /* taken: it says by itself when it is true */
    ASKED_NOT_YET,
    ASKED_ERROR, /* see xtrigger.problem */
    ASKED_GONE   /* nobody waits for it any more */
};
enum reply_kind { REPLY_CHUNK, REPLY_DONE, REPLY_ERROR };
enum satisfied_how {
    SATISFIED_NO_LONGER = -1,
    SATISFIED_NATURALLY,
    SATISFIED_FROM_DATABASE,
    SATISFIED_BY_FORCE
};
/* task.output's value. WAITS (trigger --wait): nobody is triggered until the flow has caught up and
 * the output is said again; the triggers only settle it. */
enum output_value { OUTPUT_NATURAL, OUTPUT_FORCED = 1 << 0, OUTPUT_WAITS = 1 << 1 };
/* FROM_FLOWS: its history, and it itself if it is there, leaves the flows of the message (none:
 * all), and it stays in the pool; the others: it goes. NOT_NEEDED: it was there only for its
 * outputs to be set, or for a flow that was stopped. IMPOSSIBLE: what it waited for cannot happen
 * any more. */
enum removal {
    REMOVED_COMPLETE,
    REMOVED_SUICIDE,
    REMOVED_BY_COMMAND,
    REMOVED_NOT_NEEDED,
    REMOVED_FROM_FLOWS,
    REMOVED_IMPOSSIBLE
};
enum pool_command {
    POOL_PAUSE,
    POOL_RESUME,
    POOL_HOLD,
    POOL_RELEASE,
    POOL_RELEASE_ALL,
    POOL_TRIGGER,
    POOL_STOP,
    POOL_ABORT, /* stop now as a failure; text: reason for the log */
    POOL_KILL,
    POOL_POLL,
    POOL_BROADCAST,   /* detail: JSON, see pool/broadcast.c */
    POOL_EXT_TRIGGER, /* text: message; detail: id of the event */
    POOL_VERBOSITY,   /* flags: enum log_level */
    POOL_SET_OUTPUTS,
    POOL_SET_PREREQUISITES,
    POOL_REMOVE,
    POOL_STOP_FLOW,
    POOL_RELOAD, /* text: the file to read; detail: its options, a JSON object */
    POOL_COMMANDS
};
/* POOL_TRIGGER. Flows: those of the message; none there and no flag: all flows of the pool. detail:
 * what a new flow is for. POOL_STOP: flags = enum stop_mode; detail: a cycle point or "CYCLE/TASK"
 * to stop after. POOL_HOLD: detail: a cycle point after which everything is held. POOL_SET_*: as
 * POOL_TRIGGER; in text, after the ids and an empty line, the outputs or prerequisites, one a line
 * (no outputs: the required ones). POOL_REMOVE: out of the flows of the message, or all.
 * POOL_STOP_FLOW: those flows go no further. */
enum pool_command_flag {
    POOL_FLOW_NEW = 1 << 0,
    POOL_FLOW_NONE = 1 << 1,
    POOL_FLOW_WAIT = 1 << 2,
    POOL_ON_RESUME = 1 << 3, /* a paused workflow: when it is resumed */
    POOL_DRY_RUN = 1 << 8    /* only say in the outcome what would change */
};
enum stop_mode {
    STOP_AUTOMATIC,
    STOP_CLEAN,
    STOP_KILL,
    STOP_NOW,
    STOP_NOW_NOW,
    STOP_ABORT,
    STOP_AT, /* pool.command only: at the time in detail, seconds since 1970-01-01T00Z */
    STOP_MODES
};
enum workflow_status { WORKFLOW_RUNNING, WORKFLOW_PAUSED, WORKFLOW_STOPPING, WORKFLOW_STATUSES };
extern const char *const workflow_status_names[WORKFLOW_STATUSES];
enum workflow_flag {
    WORKFLOW_STALLED = 1 << 0,
    WORKFLOW_IS_RESTART = 1 << 1,
    WORKFLOW_COMPLETE_AT_START = 1 << 2 /* restarted with nothing left to do */
};

/* The flows of an instance: ascending, no doubles; n 0 = no flow. */
struct flow_list {
    uint32_t n;
    uint32_t at[FLOWS_PER_TASK_MAX];
};

struct message {
    enum topic topic;
    enum member sender; /* filled by the bus, with seq and topic_seq */
    uint64_t seq;       /* in the sender's outbox, from 1 */
    uint64_t topic_seq; /* of the sender and topic, from 1: a gap is a bug and aborts */

    cycle_point point;
    uint32_t task; /* task definition's index */
    uint32_t number;
    uint32_t submit; /* submit number, from 1 */
    uint32_t try_;   /* try number, from 1 */
    enum task_status status;
    uint32_t flags;
    int64_t when; /* microseconds since 1970-01-01T00Z */
    uint64_t id;
    int64_t value;
    struct flow_list flows;
    struct slice text, detail, settings; /* after decoding they point into the decoded bytes */
};

/* Append the wire form to `out`. Asserts what a bug would break (sender says this topic, size). */
void message_encode(const struct message *message, struct text *out);
/* -EBADMSG and error for bytes that are no message of this version. ret_message points into bytes.
 */
int message_decode(const void *bytes, size_t n, struct message *ret_message, struct error *error);
/* One line for logs and traces: topic, then the fields it has. Returns buffer. */
const char *message_describe(const struct message *message, char *buffer, size_t size);
/* The u64 of `member` in a TOPIC_RECORDED message. */
uint64_t message_recorded(const struct message *message, enum member member);

#endif
