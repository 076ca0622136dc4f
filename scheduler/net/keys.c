/* Certificates: a ZPL file of which only the lines `public-key = "..."` and `secret-key = "..."`
 * below `curve` matter. Written with the permissions already in place, so that a secret is never
 * readable by others, not even for a moment. */
#include "scheduler/net/keys.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/vec.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "base/banned.h"

enum { CERTIFICATE_SIZE_MAX = 4096 };

static int read_small(const char *path, char *buffer, size_t size, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(error, -errno, "cannot read the key %s: %s", path, strerror(errno));
    ssize_t n = read(fd, buffer, size - 1);
    int code = n < 0 ? -errno : 0;
    close(fd);
    if (code)
        return error_set(error, code, "cannot read the key %s: %s", path, strerror(-code));
    buffer[n] = '\0';
    return 0;
}

/* The text in quotes after `name =` at the start of some line; false if it is not there. */
static bool find_value(const char *certificate, const char *name, char ret_key[KEY_TEXT_SIZE])
{
    size_t length = strlen(name);
    for (const char *line = certificate; line; line = strchr(line, '\n')) {
        line += strspn(line, "\n \t");
        if (strncmp(line, name, length))
            continue;
        const char *at = line + length;
        at += strspn(at, " \t");
        if (*at++ != '=')
            continue;
        at += strspn(at, " \t");
        if (*at++ != '"' || strcspn(at, "\"\n") != KEY_TEXT_SIZE - 1 ||
            at[KEY_TEXT_SIZE - 1] != '"')
            continue;
        memcpy(ret_key, at, KEY_TEXT_SIZE - 1);
        ret_key[KEY_TEXT_SIZE - 1] = '\0';
        return true;
    }
    return false;
}

static bool is_z85(const char *key)
{
    uint8_t raw[KEY_BYTES];
    return strlen(key) == KEY_TEXT_SIZE - 1 && zmq_z85_decode(raw, key);
}

int key_read(const char *path, bool need_secret, struct key_pair *ret_pair, struct error *error)
{
    char text[CERTIFICATE_SIZE_MAX];
    int code = read_small(path, text, sizeof text, error);
    if (code < 0)
        return code;
    struct key_pair pair = {0};
    const char *curve = strstr(text, "\ncurve");
    bool public_found = curve && find_value(curve, "public-key", pair.public_key);
    bool secret_found = curve && find_value(curve, "secret-key", pair.secret_key);
    if (!public_found || !is_z85(pair.public_key))
        return error_set(error, -EINVAL, "%s holds no public key", path);
    if (need_secret && (!secret_found || !is_z85(pair.secret_key)))
        return error_set(error, -EINVAL, "%s holds no secret key", path);
    *ret_pair = pair;
    return 0;
}

static int write_new(const char *path, const char *text, mode_t mode, struct error *error)
{
    char *beside = str_format("%s.new", path);
    (void)unlink(beside);
    int code = 0;
    size_t n = strlen(text);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0 || write(fd, text, n) != (ssize_t)n || fchmod(fd, mode) || rename(beside, path))
        code = errno ? -errno : -EIO;
    if (fd >= 0)
        close(fd);
    if (code) {
        (void)unlink(beside);
        error_set(error, code, "cannot write the key %s: %s", path, strerror(-code));
    }
    free(beside);
    return code;
}

int key_write(const char *path, const struct key_pair *pair, bool secret, struct error *error)
{
    struct text text = {0};
    text_addf(&text, "#   CURVE %s certificate of a workflow, made by rouse.\n",
              secret ? "SECRET" : "public");
    if (secret)
        text_add(&text,
                 "#   Whoever can read this file can command the workflow: keep it private.\n");
    text_addf(&text, "\nmetadata\ncurve\n    public-key = \"%s\"\n", pair->public_key);
    if (secret)
        text_addf(&text, "    secret-key = \"%s\"\n", pair->secret_key);
    int code = write_new(path, text_string(&text), secret ? 0600 : 0644, error);
    if (secret && text.at)
        explicit_bzero(text.at, text.n);
    text_release(&text);
    return code;
}

static int write_pair(const char *service, const char *secret_name, const char *public_name,
                      struct error *error)
{
    struct key_pair pair;
    if (zmq_curve_keypair(pair.public_key, pair.secret_key))
        return error_set(error, -ENOTSUP, "this libzmq cannot make CURVE keys");
    char *secret_path = str_format("%s/%s", service, secret_name);
    char *public_path = str_format("%s/%s", service, public_name);
    int code = key_write(secret_path, &pair, true, error);
    if (!code)
        code = key_write(public_path, &pair, false, error);
    explicit_bzero(&pair, sizeof pair);
    free(secret_path);
    free(public_path);
    return code;
}

int keys_create(const char *run_dir, struct error *error)
{
    char *service = str_format("%s/.service", run_dir);
    char *clients = str_format("%s/client_public_keys", service);
    int code = 0;
    if (mkdir(clients, 0755) && errno != EEXIST)
        code = error_set(error, -errno, "cannot make %s: %s", clients, strerror(errno));
    if (!code)
        code = write_pair(service, "server.key_secret", "server.key", error);
    if (!code)
        code = write_pair(service, "client.key_secret", "client_public_keys/client_localhost.key",
                          error);
    free(clients);
    free(service);
    return code;
}

static int read_in_service(const char *run_dir, const char *name, bool need_secret,
                           struct key_pair *ret_pair, struct error *error)
{
    char *path = str_format("%s/.service/%s", run_dir, name);
    int code = key_read(path, need_secret, ret_pair, error);
    free(path);
    return code;
}

int keys_read_server(const char *run_dir, struct key_pair *ret_keys, struct error *error)
{
    return read_in_service(run_dir, "server.key_secret", true, ret_keys, error);
}

int keys_read_client(const char *run_dir, struct client_keys *ret_keys, struct error *error)
{
    struct client_keys keys;
    struct key_pair server;
    int code = read_in_service(run_dir, "client.key_secret", true, &keys.own, error);
    if (!code)
        code = read_in_service(run_dir, "server.key", false, &server, error);
    if (code)
        return code;
    memcpy(keys.server, server.public_key, sizeof keys.server);
    *ret_keys = keys;
    return 0;
}

static bool is_key_file(const char *name)
{
    size_t n = strlen(name);
    return n > 4 && name[0] != '.' && !strcmp(name + n - 4, ".key");
}

void known_keys_read(const char *run_dir, struct known_keys *keys)
{
    known_keys_release(keys);
    char *folder = str_format("%s/.service/client_public_keys", run_dir);
    DIR *directory = opendir(folder);
    size_t capacity = 0;
    for (struct dirent *entry; directory && keys->n < KNOWN_KEYS_MAX;) {
        entry = readdir(directory);
        if (!entry)
            break;
        struct key_pair pair;
        struct error ignored = {0};
        char *path = str_format("%s/%s", folder, entry->d_name);
        if (is_key_file(entry->d_name) && !key_read(path, false, &pair, &ignored)) {
            vec_grow_((void **)&keys->at, keys->n, &capacity, sizeof *keys->at);
            (void)zmq_z85_decode(keys->at[keys->n++], pair.public_key);
        }
        free(path);
    }
    if (directory)
        closedir(directory);
    free(folder);
}

bool known_keys_have(const struct known_keys *keys, const uint8_t key[KEY_BYTES])
{
    for (size_t i = 0; i < keys->n; i++)
        if (!memcmp(keys->at[i], key, KEY_BYTES))
            return true;
    return false;
}

void known_keys_release(struct known_keys *keys)
{
    free(keys->at);
    *keys = (struct known_keys){0};
}
