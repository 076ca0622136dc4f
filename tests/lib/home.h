/* A private HOME for tests that make run directories: a new directory in TMPDIR, removed with all
 * that is in it. */
#ifndef ROUSE_TEST_HOME_H
#define ROUSE_TEST_HOME_H

#include <stdbool.h>

/* Make it and point HOME at it. Returns its path, which home_remove frees. */
char *home_make(void);
/* Takes NULL. */
void home_remove(char *home);
/* Make HOME/PATH with its parents and this text. */
void home_write(const char *home, const char *path, const char *text);
bool home_has(const char *home, const char *path);
/* The text of HOME/PATH; heap. Fails the test if it is not there. */
char *home_read(const char *home, const char *path);

#endif
