/* See daemon.h. The report is a line with the status, then text; the end of the pipe ends it. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/run/daemon.h"
#include "base/check.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

static void leave_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return;
    (void)dup2(null, STDIN_FILENO);
    (void)dup2(null, STDOUT_FILENO);
    (void)dup2(null, STDERR_FILENO);
    close(null);
}

/* The second fork gives up the session's leadership, and so any chance of a terminal. */
static void become_scheduler(void)
{
    (void)setsid();
    pid_t pid = fork();
    if (pid)
        _exit(pid < 0 ? 1 : 0);
    leave_terminal();
}

int daemon_begin(struct daemon *ret_daemon, bool *ret_is_scheduler, struct error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return error_set(error, -errno, "cannot make a pipe: %s", strerror(errno));
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) {
        int code = -errno;
        close(ends[0]);
        close(ends[1]);
        return error_set(error, code, "cannot fork: %s", strerror(-code));
    }
    *ret_is_scheduler = !pid;
    *ret_daemon = (struct daemon){.fd = ends[pid ? 0 : 1]};
    close(ends[pid ? 1 : 0]);
    if (pid)
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    else
        become_scheduler();
    return 0;
}

void daemon_report(struct daemon *daemon, int status, const char *text)
{
    if (daemon->fd < 0 || daemon->told)
        return;
    struct text report = {0};
    text_addf(&report, "%d\n%s", status, text);
    ssize_t n = write(daemon->fd, report.at, report.n);
    (void)n; /* a caller that is gone needs no report */
    text_release(&report);
    close(daemon->fd);
    daemon->fd = -1;
    daemon->told = true;
}

int daemon_wait(struct daemon *daemon, char **ret_text)
{
    struct text report = {0};
    char buffer[1024];
    ssize_t n;
    while ((n = read(daemon->fd, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            text_add_n(&report, buffer, (size_t)n);
    close(daemon->fd);
    daemon->fd = -1;
    char *end = NULL;
    long status = report.n ? strtol(report.at, &end, 10) : -1;
    struct text rest = {0};
    text_add(&rest, end && *end == '\n' ? end + 1 : "");
    text_release(&report);
    *ret_text = text_take(&rest);
    return (int)status;
}
