/* Mail about events, as Cylc 8 has it: task events are gathered for [scheduler][mail]task event
 * batch interval and go out together; those of the workflow go at once. Letters are sent by
 * sendmail or curl, run as handlers. Used by handlers.c only. */
#ifndef ROUSE_COROUTINES_MAIL_H
#define ROUSE_COROUTINES_MAIL_H

#include "coroutines/event_values.h"
#include "coroutines/handler.h"

struct mail_item {               /* one task event to tell of */
    char *job, *event, *message; /* "1/a/01" */
    char *from, *to;             /* empty: the workflow's */
    uint64_t id, seq;            /* of its task.event */
};

struct mail {
    struct handler_host *host;
    VEC(struct mail_item) items;
    struct env_timer timer; /* runs while there are items */
    uint64_t n_sent;
};

void mail_init(struct mail *mail, struct handler_host *host);
void mail_release(struct mail *mail);
/* Of a task with that definition (broadcasts included). co is woken when mail_send is due
 * (mail->timer.fired). */
void mail_add(struct mail *mail, const struct runtime *runtime, const struct message *event,
              struct co *co);
/* All there is, one letter for each sender and recipient. */
void mail_send(struct mail *mail);
void mail_of_workflow(struct mail *mail, const char *event, const char *message);

#endif
