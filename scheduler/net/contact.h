/* The contact file, ~/cylc-run/WORKFLOW/.service/contact: where a running scheduler is reached.
 * KEY=VALUE lines with Cylc 8.4's keys. It exists as long as the scheduler runs. */
#ifndef ROUSE_CONTACT_H
#define ROUSE_CONTACT_H

#include "base/error.h"
#include <stdint.h>

#define CONTACT_API "5"
#define CONTACT_CYLC_VERSION "8.4.4" /* the language level: what tools ask for */

struct contact {   /* the texts belong to it (contact_release) or, when written, to the caller */
    char *command; /* the scheduler's command line, to tell its process from another one */
    char *host, *id, *owner, *run_dir, *uuid;
    char *version;
    char *cylc_path; /* directory of the program; empty: found on PATH */
    int64_t pid;
    int port;
    int publish_port; /* 0: none is open */
};

/* Complete or not at all. -EEXIST if there is one already; it is left as it is. */
int contact_write(const char *run_dir, const struct contact *contact, struct error *error);
/* -ENOENT: no contact file: not running. -EINVAL: damaged (an item missing). */
int contact_read(const char *run_dir, struct contact *ret_contact, struct error *error);
void contact_release(struct contact *contact);

enum contact_state {
    CONTACT_RUNNING,
    CONTACT_STALE,    /* its process is gone, or its number belongs to another program now */
    CONTACT_ELSEWHERE /* another host: cannot be told from here; taken as running */
};
enum contact_state contact_state(const struct contact *contact);
/* Remove it if it is the one with this uuid (NULL: whatever it is). */
int contact_remove(const char *run_dir, const char *uuid, struct error *error);

#endif
