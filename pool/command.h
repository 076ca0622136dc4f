/* Interventions: one file each, one function for each pool.command. A function has its effects at
 * once (each said) and returns 0, or a negative errno with error, or COMMAND_DEFERRED. Whether it
 * fails or not, what it says stands: say nothing before what can fail has been looked at. */
#ifndef ROUSE_POOL_COMMAND_H
#define ROUSE_POOL_COMMAND_H

#include "pool/inside.h"
#include "pool/select.h"

enum { COMMAND_DEFERRED = 1 }; /* the database was asked first: the event comes again */

/* hold.c */
int pool_hold(struct pool *pool, const struct message *message, struct error *error);
int pool_release(struct pool *pool, const struct message *message, struct error *error);
int pool_release_all(struct pool *pool, const struct message *message, struct error *error);
/* trigger.c */
int pool_trigger(struct pool *pool, const struct message *message, struct error *error);
/* kill.c */
int pool_kill(struct pool *pool, const struct message *message, struct error *error);
int pool_poll(struct pool *pool, const struct message *message, struct error *error);
/* The job is asked to end; a retry will wait for a release. */
void kill_instance(struct pool *pool, struct instance *instance);
/* external.c */
int pool_ext_trigger(struct pool *pool, const struct message *message, struct error *error);
/* broadcast.c */
int pool_broadcast(struct pool *pool, const struct message *message, struct error *error);
bool history_is_missing_for(struct pool *pool, const struct selection *selection);
/* command.c: without the answer. */
int command_run(struct pool *pool, const struct message *message, struct error *error);
/* dry_run.c: what the command would change is the reply: {"changes": [line, ...]}, with "error" if
 * it would fail. */
int pool_dry_run(struct pool *pool, const struct message *message, struct error *error);
/* set.c */
int pool_set_outputs(struct pool *pool, const struct message *message, struct error *error);
int pool_set_prerequisites(struct pool *pool, const struct message *message, struct error *error);
/* remove.c */
int pool_remove(struct pool *pool, const struct message *message, struct error *error);
/* flows_wanted.c: the flows that POOL_TRIGGER and POOL_SET_* mean, begun if need be. -E2BIG: there
 * would be too many. */
int flows_wanted(struct pool *pool, const struct message *message, struct flow_list *ret_flows,
                 struct error *error);
/* stop.c */
void stop_after_task(struct pool *pool, cycle_point point, uint32_t task);
int pool_stop_flow(struct pool *pool, const struct message *message, struct error *error);
int pool_stop(struct pool *pool, const struct message *message, struct error *error);
int pool_abort(struct pool *pool, const struct message *message, struct error *error);

/* A cycle point a user wrote. */
int pool_read_point(const struct pool *pool, struct slice text, cycle_point *ret_point,
                    struct error *error);

#endif
