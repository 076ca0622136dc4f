/* See process.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/run/process.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

enum { HOST_SIZE = 256, PATH_SIZE = 4096, COMMAND_MAX = 32 * 1024 };

char *process_host(void)
{
    char host[HOST_SIZE] = "";
    if (gethostname(host, sizeof host - 1) || !*host)
        return str_copy("localhost");
    return str_copy(host);
}

bool process_host_is_here(const char *host)
{
    char *here = process_host();
    bool same = !strcmp(host, here) || !strcmp(host, "localhost") || !strcmp(host, "127.0.0.1");
    free(here);
    return same;
}

char *process_user(void)
{
    const struct passwd *entry = getpwuid(geteuid());
    if (entry)
        return str_copy(entry->pw_name);
    const char *user = getenv("USER");
    return user && *user ? str_copy(user) : str_format("%u", (unsigned)geteuid());
}

char *process_command(int64_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%lld/cmdline", (long long)(pid ? pid : getpid()));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct text text = {0};
    char buffer[4096];
    ssize_t n;
    while (text.n < COMMAND_MAX && (n = read(fd, buffer, sizeof buffer)) > 0)
        text_add_n(&text, buffer, (size_t)n);
    close(fd);
    while (text.n && !text.at[text.n - 1])
        text.at[--text.n] = '\0';
    for (size_t i = 0; i < text.n; i++)
        if (!text.at[i] || text.at[i] == '\n')
            text.at[i] = ' ';
    return text_take(&text);
}

char *process_program(void)
{
    char path[PATH_SIZE];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    return n > 0 ? str_copy_n(path, (size_t)n) : NULL;
}

bool process_is_alive(int64_t pid)
{
    return pid > 0 && (!kill((pid_t)pid, 0) || errno == EPERM);
}

char *process_uuid(void)
{
    unsigned char b[16];
    ssize_t n;
    do
        n = getrandom(b, sizeof b, 0);
    while (n < 0 && errno == EINTR);
    INVARIANT(n == (ssize_t)sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    return str_format("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                      b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                      b[13], b[14], b[15]);
}

int64_t process_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void process_wait(double seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds};
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        ;
}

/* "Z", "+01", "+0100", "-01:30" to seconds east of Greenwich; false for anything else. */
static bool read_zone(const char *text, int64_t *ret_seconds)
{
    int hours = 0, minutes = 0, end = 0;
    if (!strcmp(text, "Z")) {
        *ret_seconds = 0;
        return true;
    }
    if ((*text != '+' && *text != '-') || sscanf(text + 1, "%2d%n", &hours, &end) != 1)
        return false;
    const char *rest = text + 1 + end;
    rest += *rest == ':';
    end = 0;
    if (*rest && (sscanf(rest, "%2d%n", &minutes, &end) != 1 || rest[end]))
        return false;
    *ret_seconds = (*text == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60;
}

int process_read_time(const char *text, int64_t *ret_seconds)
{
    static const char *const formats[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H",
                                          "%Y%m%dT%H%M%S",     "%Y%m%dT%H%M",    "%Y%m%dT%H"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct tm parts = {.tm_isdst = -1};
        int64_t zone;
        const char *rest = strptime(text, formats[i], &parts);
        if (rest && !*rest) {
            *ret_seconds = mktime(&parts);
            return 0;
        }
        if (rest && read_zone(rest, &zone)) {
            *ret_seconds = timegm(&parts) - zone;
            return 0;
        }
    }
    return -EINVAL;
}

void process_usage(struct process_usage *ret_usage)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    *ret_usage = (struct process_usage){
        .user_seconds = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6,
        .system_seconds = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6,
        .memory_max = (int64_t)usage.ru_maxrss * 1024,
        .waits = usage.ru_nvcsw,
        .preemptions = usage.ru_nivcsw};
}
