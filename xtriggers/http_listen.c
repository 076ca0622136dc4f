/* See http_listen.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "xtriggers/http_listen.h"
#include "base/memory.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

enum { LISTEN_QUEUE = 64 }; /* connections that are not accepted yet */

static int bind_to(const char *address, unsigned port, int *ret_fd)
{
    char service[16];
    struct addrinfo *at = NULL;
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(address, service, &hints, &at) != 0)
        return -EADDRNOTAVAIL;
    int yes = 1, fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int code = fd < 0 ? -errno : 0;
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, LISTEN_QUEUE) != 0)
            code = -errno;
    }
    freeaddrinfo(at);
    if (code == 0)
        *ret_fd = fd;
    else if (fd >= 0)
        close(fd);
    return code;
}

static unsigned port_of(int fd)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &size) != 0)
        return 0;
    return ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port
                                            : ((struct sockaddr_in *)&name)->sin_port);
}

/* The port in the file's URL; 0: none. */
static unsigned port_before(const char *path)
{
    char line[128] = "";
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    const char *colon = fgets(line, sizeof line, file) ? strrchr(line, ':') : NULL;
    (void)fclose(file);
    unsigned long port = colon ? strtoul(colon + 1, NULL, 10) : 0;
    return port < 65536 ? (unsigned)port : 0;
}

static int write_url(const char *path, const char *url, struct error *error)
{
    char *next = str_format("%s.new", path);
    FILE *file = fopen(next, "we");
    bool good = file && fprintf(file, "%s\n", url) > 0;
    if (file)
        good = fclose(file) == 0 && good;
    good = good && rename(next, path) == 0;
    int code = good ? 0 : error_set(error, -errno, "cannot write %s: %s", path, strerror(errno));
    free(next);
    return code;
}

int http_listen(const char *run_dir, const char *address, unsigned port, char **ret_url,
                struct error *error)
{
    int fd = -1;
    char *path = str_format("%s/.service/hooks-%u", run_dir, port);
    unsigned before = port ? 0 : port_before(path);
    int code = before ? bind_to(address, before, &fd) : -EAGAIN;
    if (code < 0)
        code = bind_to(address, port, &fd);
    if (code < 0) {
        error_set(error, code, "cannot listen at %s port %u: %s", address, port, strerror(-code));
    } else {
        bool v6 = strchr(address, ':');
        char *url =
            str_format("http://%s%s%s:%u/", v6 ? "[" : "", address, v6 ? "]" : "", port_of(fd));
        code = write_url(path, url, error);
        if (code == 0) {
            *ret_url = url;
        } else {
            free(url);
            close(fd);
        }
    }
    free(path);
    return code < 0 ? code : fd;
}
