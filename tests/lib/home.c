/* See home.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "tests/lib/home.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "scheduler/run/copy.h"
#include "scheduler/run/rundir.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

char *home_make(void)
{
    const char *tmp = getenv("TMPDIR");
    char *home = str_format("%s/rouse-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    PRE(mkdtemp(home));
    PRE(!setenv("HOME", home, 1));
    return home;
}

void home_remove(char *home)
{
    struct error error = {0};
    if (home)
        PRE(!tree_remove(home, &error));
    free(home);
}

void home_write(const char *home, const char *path, const char *text)
{
    struct error error = {0};
    char *full = str_format("%s/%s", home, path);
    char *slash = strrchr(full, '/');
    *slash = '\0';
    PRE(!directory_make(full, &error));
    *slash = '/';
    FILE *file = fopen(full, "we");
    PRE(file && fwrite(text, 1, strlen(text), file) == strlen(text) && !fclose(file));
    free(full);
}

bool home_has(const char *home, const char *path)
{
    struct stat status;
    char *full = str_format("%s/%s", home, path);
    bool there = !lstat(full, &status);
    free(full);
    return there;
}

char *home_read(const char *home, const char *path)
{
    char buffer[4096];
    size_t n;
    struct text text = {0};
    char *full = str_format("%s/%s", home, path);
    FILE *file = fopen(full, "re");
    PRE(file);
    while ((n = fread(buffer, 1, sizeof buffer, file)))
        text_add_n(&text, buffer, n);
    (void)fclose(file);
    free(full);
    return text_take(&text);
}
