/* CurveZMQ keys in a run directory, where Cylc 8 keeps them:
 *
 *   .service/server.key            the scheduler's public key
 *   .service/server.key_secret     its secret key (mode 0600)
 *   .service/client.key_secret     the key of whoever may read this directory (mode 0600)
 *   .service/client_public_keys/   one public key a client: client_localhost.key, ...
 *
 * The files are ZPL certificates (CZMQ, pyzmq), the keys in Z85. Who can read client.key_secret may
 * command the scheduler: file permissions are the access control. */
#ifndef ROUSE_KEYS_H
#define ROUSE_KEYS_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_TEXT_SIZE = 41, KEY_BYTES = 32 }; /* Z85 with its NUL; raw */

struct key_pair {
    char public_key[KEY_TEXT_SIZE];
    char secret_key[KEY_TEXT_SIZE]; /* empty if only the public part is known */
};

/* What a client needs. */
struct client_keys {
    struct key_pair own;
    char server[KEY_TEXT_SIZE];
};

/* New keys for server and client in run_dir/.service, which must exist; old ones are replaced.
 * Each file is written beside its place and renamed. */
int keys_create(const char *run_dir, struct error *error);
int keys_read_server(const char *run_dir, struct key_pair *ret_keys, struct error *error);
/* -EACCES if they cannot be read by this user, -ENOENT if there are none. */
int keys_read_client(const char *run_dir, struct client_keys *ret_keys, struct error *error);

/* One certificate. `need_secret`: without a secret key in it it is refused. -EINVAL and the file
 * named for one that is damaged. */
int key_read(const char *path, bool need_secret, struct key_pair *ret_pair, struct error *error);
int key_write(const char *path, const struct key_pair *pair, bool secret, struct error *error);

/* Public keys of the clients that are let in. */
struct known_keys {
    uint8_t (*at)[KEY_BYTES];
    size_t n;
};
enum { KNOWN_KEYS_MAX = 1000 }; /* files read in client_public_keys */

/* Read all of client_public_keys (files that are no certificates are skipped). */
void known_keys_read(const char *run_dir, struct known_keys *keys);
bool known_keys_have(const struct known_keys *keys, const uint8_t key[KEY_BYTES]);
void known_keys_release(struct known_keys *keys);

#endif
