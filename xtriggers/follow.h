/* Waiting for a change of files: told by the file system where it can, and where it cannot (network
 * file systems, /proc, no more watches to be had) by looking: soon after a change, ever more seldom
 * while there is none, at least at the interval. */
#ifndef ROUSE_XTRIGGERS_FOLLOW_H
#define ROUSE_XTRIGGERS_FOLLOW_H

#include "xtriggers/call.h"
#include <sys/stat.h>

struct follower { /* all zero before the first look */
    struct follow_mark {
        uint64_t inode;
        int64_t size, changed; /* nanoseconds since 1970-01-01T00Z */
    } file, directory;
    double delay; /* until the next look; 0: none is due */
};

/* Whether inotify tells of what happens on a file system of this type (statfs.f_type), whoever does
 * it. */
bool follow_type_tells(uint64_t type);
/* Whether a change of `path`, which exists, would be told to this call. */
bool follow_is_told(const struct rouse_call *call, const char *path);
/* Seconds until the next look, `before` being those until this one; 0: it is the first. */
double follow_delay(double before, bool changed, double interval);
/* The nearest directory above `path` that exists, where its coming will be seen; heap. */
char *follow_directory(const char *path);
/* Have the call asked again when `path` comes, changes or goes. */
void follow_change(struct rouse_call *call, struct follower *follower, const char *path);

#endif
