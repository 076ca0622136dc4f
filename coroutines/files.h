/* The file operations of the real world: at once, small, negative errno on failure. env.h tells
 * what each does; env_uv.c puts them in its table. */
#ifndef ROUSE_FILES_H
#define ROUSE_FILES_H

#include "coroutines/env.h"

int files_read(struct env *env, const char *path, uint64_t offset, struct text *out);
int files_write(struct env *env, const char *path, const void *bytes, size_t n, unsigned flags);
int files_directory_make(struct env *env, const char *path);
int files_link_make(struct env *env, const char *target, const char *path);
int files_remove(struct env *env, const char *path);
int files_size(struct env *env, const char *path, uint64_t *ret_size);
/* All of it, whatever write() makes of it. */
int files_write_all(int fd, const void *bytes, size_t n);

#endif
