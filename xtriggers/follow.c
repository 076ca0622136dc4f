/* See follow.h. inotify is about what this kernel does: on a network file system it is silent about
 * other hosts, on /proc and the like about everything. */
#define ROUSE_TOUCHES_THE_WORLD
#include "xtriggers/follow.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/banned.h"

static const double delay_first = 1; /* seconds; doubled while nothing changes */

bool follow_type_tells(uint64_t type)
{
    static const uint32_t silent[] = {
        0x6969,     /* NFS */
        0x517b,     /* SMB */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB 2 */
        0x65735546, /* FUSE: sshfs, glusterfs and others */
        0x0bd00bd0, /* Lustre */
        0x47504653, /* GPFS */
        0x19830326, /* BeeGFS */
        0xaad7aaea, /* PanFS */
        0x00c36400, /* Ceph */
        0x5346414f, /* AFS */
        0x6b414653, /* AFS of the kernel */
        0x73757245, /* Coda */
        0x564c,     /* NCP */
        0x01021997, /* 9P */
        0x01161970, /* GFS2 */
        0x7461636f, /* OCFS2 */
        0x786f4256, /* a virtual machine's shared folder */
        0x9fa0,     /* /proc */
        0x62656572, /* /sys */
        0x64626720, /* debugfs */
        0x27e0eb,   /* cgroups */
        0x63677270, /* cgroups, version 2 */
    };
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        if (type == silent[i])
            return false;
    return true;
}

bool follow_is_told(const struct rouse_call *call, const char *path)
{
    struct statfs system;
    return !call_is_deaf(call) &&
           (statfs(path, &system) != 0 || follow_type_tells((uint32_t)system.f_type));
}

double follow_delay(double before, bool changed, double interval)
{
    double delay = changed || before <= 0 ? delay_first : 2 * before;
    return delay < interval ? delay : interval;
}

char *follow_directory(const char *path)
{
    char *directory = str_copy(path);
    struct stat info;
    do
        *strrchr(directory, '/') = '\0';
    while (*directory && stat(directory, &info) != 0);
    if (*directory)
        return directory;
    free(directory);
    return str_copy("/");
}

static bool note(struct follow_mark *mark, const char *path)
{
    struct stat info;
    struct follow_mark now = {0};
    if (stat(path, &info) == 0)
        now =
            (struct follow_mark){info.st_ino, info.st_size,
                                 info.st_mtim.tv_sec * INT64_C(1000000000) + info.st_mtim.tv_nsec};
    bool same = now.inode == mark->inode && now.size == mark->size && now.changed == mark->changed;
    *mark = now;
    return !same;
}

void follow_change(struct rouse_call *call, struct follower *follower, const char *path)
{
    char *directory = follow_directory(path);
    if (follow_is_told(call, directory)) {
        follower->delay = 0;
        call->again_when_changed(call, directory);
    } else {
        bool file = note(&follower->file, path), place = note(&follower->directory, directory);
        follower->delay = follow_delay(follower->delay, file || place, call->interval);
        call->again_after(call, follower->delay);
    }
    free(directory);
}
