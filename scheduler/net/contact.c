/* The contact file: written beside its place, then linked into it, which is atomic and fails if
 * another scheduler has got there first. */
#include "scheduler/net/contact.h"
#include "base/memory.h"
#include "base/text.h"
#include "scheduler/run/process.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

enum { CONTACT_SIZE_MAX = 64 * 1024 };

static void add_item(struct text *out, const char *key, const char *value)
{
    text_addf(out, "%s=", key);
    for (const char *at = value ? value : ""; *at; at++)
        text_add_char(out, *at == '\n' ? ' ' : *at);
    text_add_char(out, '\n');
}

static void add_number(struct text *out, const char *key, int64_t value)
{
    if (value)
        text_addf(out, "%s=%lld\n", key, (long long)value);
    else
        text_addf(out, "%s=\n", key);
}

static void contact_format(const struct contact *contact, struct text *out)
{
    add_item(out, "CYLC_API", CONTACT_API);
    add_item(out, "CYLC_VERSION", contact->version);
    add_item(out, "CYLC_WORKFLOW_COMMAND", contact->command);
    add_item(out, "CYLC_WORKFLOW_HOST", contact->host);
    add_item(out, "CYLC_WORKFLOW_ID", contact->id);
    add_item(out, "CYLC_WORKFLOW_OWNER", contact->owner);
    add_number(out, "CYLC_WORKFLOW_PID", contact->pid);
    add_number(out, "CYLC_WORKFLOW_PORT", contact->port);
    add_number(out, "CYLC_WORKFLOW_PUBLISH_PORT", contact->publish_port);
    add_item(out, "CYLC_WORKFLOW_RUN_DIR_ON_WORKFLOW_HOST", contact->run_dir);
    add_item(out, "CYLC_WORKFLOW_UUID", contact->uuid);
    add_item(out, "SCHEDULER_CYLC_PATH", contact->cylc_path);
    add_item(out, "SCHEDULER_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=10");
    add_item(out, "SCHEDULER_USE_LOGIN_SHELL", "True");
}

static int write_all(const char *path, const struct text *text)
{
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    int code = 0;
    if (write(fd, text->at, text->n) != (ssize_t)text->n || fsync(fd))
        code = errno ? -errno : -EIO;
    if (close(fd) && !code)
        code = -errno;
    return code;
}

int contact_write(const char *run_dir, const struct contact *contact, struct error *error)
{
    char *path = str_format("%s/.service/contact", run_dir);
    char *beside = str_format("%s.%lld.new", path, (long long)contact->pid);
    struct text text = {0};
    contact_format(contact, &text);
    int code = write_all(beside, &text);
    if (!code && link(beside, path))
        code = -errno;
    if (code == -EEXIST)
        error_set(error, code, "workflow contact file exists: %s", path);
    else if (code)
        error_set(error, code, "cannot write the contact file %s: %s", path, strerror(-code));
    (void)unlink(beside);
    text_release(&text);
    free(beside);
    free(path);
    return code;
}

static int read_file(const char *path, struct text *out, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? error_set(error, -ENOENT, "no contact file %s", path)
                   : error_set(error, -errno, "cannot read the contact file %s: %s", path,
                               strerror(errno));
    char buffer[4096];
    ssize_t n;
    while ((n = read(fd, buffer, sizeof buffer)) > 0 && out->n < CONTACT_SIZE_MAX)
        text_add_n(out, buffer, (size_t)n);
    int code = n < 0 ? -errno : 0;
    close(fd);
    if (code)
        return error_set(error, code, "cannot read the contact file %s: %s", path, strerror(-code));
    return 0;
}

/* The value of `key`, a heap copy, or NULL. */
static char *find_item(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line && *line;) {
        size_t n = strcspn(line, "\n");
        if (n > length && !strncmp(line, key, length) && line[length] == '=')
            return str_copy_n(line + length + 1, n - length - 1);
        line += n;
        line += *line == '\n';
    }
    return NULL;
}

static int64_t find_number(const char *text, const char *key)
{
    char *value = find_item(text, key);
    char *end = NULL;
    long long number = value ? strtoll(value, &end, 10) : 0;
    bool whole = value && *value && !*end;
    free(value);
    return whole && number > 0 ? number : 0;
}

int contact_read(const char *run_dir, struct contact *ret_contact, struct error *error)
{
    char *path = str_format("%s/.service/contact", run_dir);
    struct text text = {0};
    struct contact contact = {0};
    int code = read_file(path, &text, error);
    if (code)
        goto done;
    const char *s = text_string(&text);
    contact.command = find_item(s, "CYLC_WORKFLOW_COMMAND");
    contact.host = find_item(s, "CYLC_WORKFLOW_HOST");
    contact.id = find_item(s, "CYLC_WORKFLOW_ID");
    contact.owner = find_item(s, "CYLC_WORKFLOW_OWNER");
    contact.run_dir = find_item(s, "CYLC_WORKFLOW_RUN_DIR_ON_WORKFLOW_HOST");
    contact.uuid = find_item(s, "CYLC_WORKFLOW_UUID");
    contact.version = find_item(s, "CYLC_VERSION");
    contact.cylc_path = find_item(s, "SCHEDULER_CYLC_PATH");
    contact.pid = find_number(s, "CYLC_WORKFLOW_PID");
    int64_t port = find_number(s, "CYLC_WORKFLOW_PORT");
    int64_t publish = find_number(s, "CYLC_WORKFLOW_PUBLISH_PORT");
    contact.port = port <= 65535 ? (int)port : 0;
    contact.publish_port = publish <= 65535 ? (int)publish : 0;
    if (!contact.host || !*contact.host || !contact.pid || !contact.port)
        code =
            error_set(error, -EINVAL,
                      "%s is damaged: host, port or process id of the scheduler is missing", path);
    else
        *ret_contact = contact;
done:
    if (code)
        contact_release(&contact);
    text_release(&text);
    free(path);
    return code;
}

void contact_release(struct contact *contact)
{
    free(contact->command);
    free(contact->host);
    free(contact->id);
    free(contact->owner);
    free(contact->run_dir);
    free(contact->uuid);
    free(contact->version);
    free(contact->cylc_path);
    *contact = (struct contact){0};
}

enum contact_state contact_state(const struct contact *contact)
{
    if (!process_host_is_here(contact->host))
        return CONTACT_ELSEWHERE;
    if (!process_is_alive(contact->pid))
        return CONTACT_STALE;
    char *command = process_command(contact->pid);
    bool same = !command || !contact->command || !strcmp(command, contact->command);
    free(command);
    return same ? CONTACT_RUNNING : CONTACT_STALE;
}

int contact_remove(const char *run_dir, const char *uuid, struct error *error)
{
    if (uuid) {
        struct contact contact;
        struct error ignored = {0};
        int code = contact_read(run_dir, &contact, &ignored);
        if (code == -ENOENT)
            return 0;
        bool ours = !code && contact.uuid && !strcmp(contact.uuid, uuid);
        if (!code)
            contact_release(&contact);
        if (!ours)
            return error_set(error, -EPERM, "the contact file in %s is not ours", run_dir);
    }
    char *path = str_format("%s/.service/contact", run_dir);
    int code = unlink(path) && errno != ENOENT ? -errno : 0;
    if (code)
        error_set(error, code, "cannot remove %s: %s", path, strerror(-code));
    free(path);
    return code;
}
