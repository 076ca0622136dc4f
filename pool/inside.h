/* The pool from inside: what its files share. Nothing outside pool/ includes this.
 *
 * An event (pool_handle) has its effects at once, each said as it happens; then pool_decide says
 * what follows from the new whole: releases from queues, the runahead limit, stall, the end. Last
 * come the answers: task.settled, job.settled, pool.outcome, workflow.shutdown. */
#ifndef ROUSE_POOL_INSIDE_H
#define ROUSE_POOL_INSIDE_H

#include "base/check.h"
#include "base/vec.h"
#include "pool/broadcast.h"
#include "pool/external.h"
#include "pool/group.h"
#include "pool/history.h"
#include "pool/pool.h"
#include "pool/prerequisite.h"
#include "pool/window.h"
#include "pool/xtrigger.h"

struct queue {
    uint32_t limit; /* 0: none */
    size_t n_active, n_waiting;
    struct link waiting; /* struct instance.of_queue, in order */
    bool open_again;     /* something ended: look whether the next may go */
};

/* An output that the triggers have not settled yet. */
struct flight {
    struct flight_key {
        cycle_point point;
        uint32_t task, output;
        struct flow_list flows;
    } key;
    uint32_t serial; /* of the instance; another may have taken its place since */
    UT_hash_handle hh;
};

/* A future task that is to be held when it comes. */
struct hold {
    cycle_point point;
    uint32_t task;
    UT_hash_handle hh;
};

/* A child that waits for an output by an absolute offset: foo[^]. */
struct absolute_child {
    uint32_t task, atom;
};

struct absolute {
    cycle_point point; /* of the parent */
    uint32_t output;
    bool done;
    VEC(struct absolute_child) children;
    struct absolute *next; /* of the same parent task */
};

/* Spawns of a task that are put off because an earlier instance waits for a sequential xtrigger. */
struct gate {
    struct instance *instance; /* the one that waits; NULL: open */
    VEC(struct message) put_off;
};

/* A message that waits until the database has answered what was asked for it. */
struct deferred {
    struct message message;
    char *text, *detail;
    int64_t now;
};

struct ask {
    cycle_point point; /* point and task: the key */
    uint32_t task;
    bool answered; /* kept until the events that waited have gone on */
    uint64_t id;
    UT_hash_handle hh;
};

/* A job of a task that was removed: it is being killed. */
struct orphan {
    cycle_point point;
    uint32_t task, submit;
};

struct pool {
    const struct workflow *workflow;
    struct pool_sink sink;
    struct xtrigger_names names;
    int64_t now;

    struct instances instances;
    struct cycles cycles;
    struct flow_sets flows;
    struct conditions conditions;
    struct groups groups;
    struct signatures signatures;
    struct history history;
    struct broadcasts broadcasts;
    struct externals externals;
    enum run_mode mode; /* of the workflow */
    struct queue *queues;
    struct absolute **absolutes; /* by parent task */
    struct gate *gates;          /* by task */
    struct hold *holds;
    struct link classes[CLASSES]; /* CLASS_BEYOND's are with their cycles */
    size_t n_class[CLASSES];

    struct flight *flights;
    VEC(struct orphan) orphans;  /* the workflow does not end before they have */
    VEC(struct look) looks;      /* at the end of the event under way */
    unsigned runahead_in_flight; /* pool.runahead not settled */
    struct ask *asks;
    size_t n_asks; /* not answered */
    VEC(struct deferred) deferred;
    VEC(struct deferred) put_off; /* until nothing is in flight: see quiet.c */
    uint64_t last_ask;
    uint32_t last_serial;
    uint64_t last_event;         /* task.event's id */
    struct text reply;           /* JSON: what the command under way answers; empty: {} */
    VEC(struct message) answers; /* to be said when the effects have been; texts on the heap */

    VEC(struct offset) reach; /* of children to their family triggers */
    VEC(cycle_point) pinned;  /* of family triggers by absolute offsets: never forgotten */
    cycle_point base, limit;  /* of runahead; POINT_NONE: not known yet */
    bool limit_said;
    int64_t stop_time;                  /* see pool_stop_time */
    cycle_point stop_point, hold_point; /* hold_point: POINT_NONE if none */
    struct {
        cycle_point point; /* POINT_NONE: none */
        uint32_t task;
        bool done;
    } stop_task;
    uint32_t flow_last;            /* last number given out */
    VEC(uint32_t) flows_named;     /* numbers that users chose */
    struct flow_list flows_recent; /* of the instance that left last */

    bool paused, stalled, is_restart, abort_on_failure;
    bool past_in_database;  /* what ran before it was made is known there only */
    bool is_fresh;          /* restored, and not known yet whether there is anything to do */
    bool complete_at_start; /* restarted with nothing left to do: waits for somebody */
    bool stopping, ending, shut_down;
    enum stop_mode stop_mode;
    char *stop_reason;
};

/* --- say.c: what the pool says --- */
void pool_say(struct pool *pool, struct message *message);
void say_spawned(struct pool *pool, const struct instance *instance);
void say_state(struct pool *pool, const struct instance *instance, enum task_status before);
void say_prerequisite(struct pool *pool, const struct instance *instance, uint32_t atom,
                      enum satisfied_how how);
/* A user satisfied this member of a family trigger for this instance alone. */
void say_member(struct pool *pool, const struct instance *instance, uint32_t atom, uint32_t member);
void say_event(struct pool *pool, const struct instance *instance, const char *event,
               struct slice detail);
void say_workflow_state(struct pool *pool, const char *reason);
/* A line of state to keep over restarts; value "": none. */
void say_param(struct pool *pool, const char *key, const char *value);
/* To be said after the effects of the event under way; texts are copied. */
void answer_later(struct pool *pool, const struct message *message);
void say_answers(struct pool *pool);
/* "1/a" added to out. */
void add_name(const struct pool *pool, cycle_point point, uint32_t task, struct text *out);

/* --- move.c: what happens to one instance --- */
/* The only way to change status and flags: checks the move, keeps classes and queues, says
 * task.state. */
void instance_move(struct pool *pool, struct instance *instance, enum task_status status,
                   uint32_t flags);
void instance_flag(struct pool *pool, struct instance *instance, uint32_t set, uint32_t clear);
enum instance_class instance_class(const struct pool *pool, const struct instance *instance);
/* Class anew, after `satisfied` or what it may hope for changed. */
void instance_classify(struct pool *pool, struct instance *instance);
/* Queue it or submit it if nothing holds it back. */
void instance_try(struct pool *pool, struct instance *instance);
/* How its job runs. */
enum run_mode instance_mode(const struct pool *pool, const struct instance *instance);
/* Submit at once, past queue, hold and pause. */
void instance_submit(struct pool *pool, struct instance *instance);
void instance_remove(struct pool *pool, struct instance *instance, enum removal removal);
void instance_remove_because(struct pool *pool, struct instance *instance, enum removal removal,
                             const char *reason);
void instance_remove_if_done(struct pool *pool, struct instance *instance);
void instance_set_flows(struct pool *pool, struct instance *instance,
                        const struct flow_list *flows);
/* Outputs completed: say them and let their absolute and sequential effects happen. */
void instance_output(struct pool *pool, struct instance *instance, uint32_t output, bool forced);
/* What an output does in the pool itself: absolute triggers, the next of a sequential task. */
void output_effects(struct pool *pool, cycle_point point, uint32_t task, uint32_t output,
                    const struct flow_list *flows);
void say_output(struct pool *pool, cycle_point point, uint32_t task, uint32_t output,
                const struct flow_list *flows, uint32_t submit, enum output_value value);
/* The triggers have said all that the output caused. */
void flight_end(struct pool *pool, cycle_point point, uint32_t task, uint32_t output,
                const struct flow_list *flows);
bool instance_is_complete(const struct pool *pool, const struct instance *instance);
void queue_leave(struct pool *pool, struct instance *instance);
void queue_release(struct pool *pool, struct queue *queue);
/* Whether as many of its queue are active as may be. */
bool queue_is_full(const struct pool *pool, const struct instance *instance);
struct queue *queue_of(const struct pool *pool, const struct instance *instance);

/* --- spawn.c: instances come, and their prerequisites get satisfied --- */
/* The instance, spawned if need be; NULL if it is not to be there (off the sequence, has run). */
struct instance *spawn_or_find(struct pool *pool, cycle_point point, uint32_t task,
                               const struct flow_list *flows, uint32_t flags);
/* A new instance for certain, with `outputs` completed before. PRE: not in the pool, on its
 * sequence. */
struct instance *spawn(struct pool *pool, cycle_point point, uint32_t task,
                       const struct flow_list *flows, uint32_t flags, uint32_t submit,
                       uint64_t outputs);
/* A command spawned it: if it is a task without parents its flow goes on from there by itself. */
void flow_goes_on(struct pool *pool, cycle_point point, uint32_t task,
                  const struct flow_list *flows);
/* The runahead limit holds it back no longer, though it has not risen: the next instance of a task
 * without parents takes its place, for where the limit ends is seen by what is beyond it.
 * PRE: !next_is_missing. */
void next_comes(struct pool *pool, cycle_point point, uint32_t task, const struct flow_list *flows);
void merge_flows(struct pool *pool, struct instance *instance, const struct flow_list *flows);
void satisfy(struct pool *pool, struct instance *instance, uint32_t atom, enum satisfied_how how);
/* All prerequisites, looked at anew. */
bool prerequisites_hold(const struct pool *pool, const struct instance *instance);
/* The same if these xtriggers were satisfied. */
bool prerequisites_hold_with(const struct pool *pool, const struct instance *instance,
                             uint64_t alternatives);
/* Satisfied, and its class, anew. */
void prerequisites_look(struct pool *pool, struct instance *instance);
/* After bits were set: satisfied, suicide. May remove the instance: true then. */
bool prerequisites_changed(struct pool *pool, struct instance *instance);
/* Point of the sequential task's instance before this one; POINT_NONE: none. */
/* It is known that that one succeeded, or needed not. */
bool previous_succeeded(const struct pool *pool, const struct instance *instance);
cycle_point previous_point(const struct pool *pool, const struct instance *instance);
/* Released from runahead, or new below the limit: xtriggers are watched, it may be queued. */
void awaken(struct pool *pool, struct instance *instance);
/* Satisfy the atoms that need no event: pre-initial, absolute outputs done, groups that hold. */
void satisfy_known(struct pool *pool, struct instance *instance, bool say);
void absolute_done(struct pool *pool, cycle_point point, uint32_t task, uint32_t output);
/* Its sequence alone brings the task at this point. */
bool spawns_without_parents(const struct pool *pool, uint32_t task, cycle_point point);
bool spawn_is_possible(const struct pool *pool, cycle_point point, uint32_t task);
void handle_satisfied(struct pool *pool, const struct message *message);
void handle_group(struct pool *pool, const struct message *message);
void handle_spawn(struct pool *pool, const struct message *message);
void handle_settled(struct pool *pool, const struct message *message);

/* --- family.c: family triggers as one instance sees them; `atom` is one --- */
/* A user satisfied the whole atom (of any kind). */
bool atom_is_forced(const struct instance *instance, uint32_t atom);
void atom_force(const struct pool *pool, struct instance *instance, uint32_t atom);
/* Enough members have done their part in its flows, or count as if. */
bool family_holds(const struct pool *pool, const struct instance *instance, uint32_t atom);
/* One of them, or some member. */
bool family_member(const struct pool *pool, const struct instance *instance, uint32_t atom,
                   uint32_t member);
bool family_any(const struct pool *pool, const struct instance *instance, uint32_t atom);
/* By force; says it, and the atom if that satisfies it. */
void family_give(struct pool *pool, struct instance *instance, uint32_t atom, uint32_t member);
/* After the instance got its `forced` from elsewhere. */
void family_watch(struct pool *pool, const struct instance *instance);

/* --- wait.c: xtriggers, retry delays, gates --- */
void xtriggers_depend(struct pool *pool, struct instance *instance, bool say);
void xtriggers_watch(struct pool *pool, struct instance *instance);
/* What an instance is done with: everything; when it goes to run, or has ended, all but the
 * xtriggers that its job or its retries ask for; or only what the graph has let it go without. */
enum undepend { UNDEPEND_ALL, UNDEPEND_WAITS, UNDEPEND_ALTERNATIVES };
void xtriggers_undepend(struct pool *pool, struct instance *instance, enum undepend what);
void xtrigger_depend(struct pool *pool, struct instance *instance, uint32_t xtrigger,
                     enum dependence_role role, const char *text, bool say);
/* What the graph says of the xtrigger for this instance. */
enum dependence_role xtrigger_role(const struct pool *pool, const struct instance *instance,
                                   uint32_t xtrigger);
void dependence_satisfy(struct pool *pool, struct dependence *dependence);
/* Dropped, if nobody awaits it. */
void signature_unwatch(struct pool *pool, struct signature *signature);
/* Wait `delay` seconds from now. */
void retry_wait(struct pool *pool, struct instance *instance, double delay);
bool gate_is_closed(const struct pool *pool, uint32_t task, cycle_point point);
void gate_update(struct pool *pool, struct instance *instance);
void gate_open(struct pool *pool, struct instance *instance);
void handle_xtrigger(struct pool *pool, const struct message *message);
void handle_xtriggers_ready(struct pool *pool);

/* Satisfied by force, for this instance only: one xtrigger, or all (NO_INDEX). True if it depends
 * on any such. */
bool xtriggers_force(struct pool *pool, struct instance *instance, uint32_t xtrigger);

/* --- quiet.c: commands that need to see what all outputs have caused --- */
/* True: the event has to wait; it comes again. */
bool put_off_until_quiet(struct pool *pool, const struct message *message);
/* True if the event waits in line behind a command that needs quiet. */
bool waits_for_quiet(struct pool *pool, const struct message *message);
/* Go on with what waited, if it may. */
void take_put_off(struct pool *pool);

/* --- ask.c: instances whose history is only in the database --- */
/* True: the database was asked; the event has to wait (defer_event). */
bool history_is_missing(struct pool *pool, cycle_point point, uint32_t task);
/* The same of an instance that is in the pool, too. */
bool history_ask(struct pool *pool, cycle_point point, uint32_t task);
/* Ask for what an event that has to wait will need. */
void ask_ahead(struct pool *pool, const struct message *message);
void defer_event(struct pool *pool, const struct message *message);
void deferred_init(struct deferred *deferred, const struct message *message, int64_t now);
void deferred_release(struct deferred *deferred);
/* True when everything asked has been answered and deferred events may go on. */
bool handle_history(struct pool *pool, const struct message *message);
void take_deferred(struct pool *pool);

/* --- event.c: what jobs report --- */
void handle_job(struct pool *pool, const struct message *message);
void handle_timeout(struct pool *pool, const struct message *message);
void handle_job_message(struct pool *pool, const struct message *message);
/* The success of a sequential task spawns its next instance: true if that one's history has to be
 * asked for first. */
bool next_is_missing(struct pool *pool, const struct instance *instance);
/* Completes those of `outputs` that were not before: state first, then what follows from it. Those
 * of `forced` were a user's wish. May remove the instance. */
void instance_advance(struct pool *pool, struct instance *instance, enum task_status status,
                      uint64_t outputs, uint64_t forced);

/* --- expire.c --- */
/* Times are seconds since 1970-01-01T00Z. What is farther away than TIME_FAR never comes, or is
 * long past: TIME_FAR, or -TIME_FAR. */
#define TIME_FAR INT64_C(1000000000000)
int64_t time_within_reach(int64_t seconds);
/* `interval` after the instance's point, even beyond the calendar. */
int64_t time_from_point(const struct pool *pool, const struct instance *instance,
                        const struct interval *interval);
/* Whether the instance could expire: of such a task, waiting, and not triggered by hand. */
bool expiry_applies(const struct pool *pool, const struct instance *instance);
/* The same for `late offset`: seconds since 1970-01-01T00Z. */
bool late_applies(const struct pool *pool, const struct instance *instance);
int64_t late_time(const struct pool *pool, const struct instance *instance);
void instance_say_late(struct pool *pool, struct instance *instance);
bool expiry_is_past(const struct pool *pool, const struct instance *instance);
char *expiry_signature(const struct pool *pool, const struct instance *instance);
/* PRE: it waits. Its output is in flight afterwards: it is not gone yet. */
void instance_expire(struct pool *pool, struct instance *instance);

/* --- command.c --- */
void handle_command(struct pool *pool, const struct message *message);

/* --- hold.c --- */
bool is_to_be_held(const struct pool *pool, cycle_point point, uint32_t task);
void hold_add(struct pool *pool, cycle_point point, uint32_t task);
/* Silently. */
void hold_restore(struct pool *pool, cycle_point point, uint32_t task);
struct hold *hold_find(const struct pool *pool, cycle_point point, uint32_t task);
/* Out of its queue, and no retry starts it again until it is released. */
void hold_instance(struct pool *pool, struct instance *instance);

/* --- decide.c --- */
void pool_decide(struct pool *pool);
void end_now(struct pool *pool, enum stop_mode mode, const char *reason);
/* One event through its handler, without the decisions. */
void pool_take(struct pool *pool, const struct message *message);
/* The same, or in line behind what waits for the database. */
void pool_take_in_turn(struct pool *pool, const struct message *message);

/* restore.c: what was recorded, put back without a word. */
void restore_silently(struct pool *pool, const struct restart *restart);
/* Instances that can go on by themselves; those that were complete go. */
void restore_wake(struct pool *pool);

/* The end of every event, of pool_start and pool_restore. */
void finish_event(struct pool *pool);

#endif
