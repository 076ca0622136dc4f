/* replay DIRECTORY...: gives the target it is linked with every file there, in order of their
 * names. */
#include "tests/fuzz/fuzz.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { PATH_SIZE = 4096, INPUT_MAX = 1 << 20 };

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int no_dots(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* A heap copy of exactly the size, so that a sanitizer sees a read past the end. */
static void play(const char *path)
{
    static uint8_t input[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (!file) {
        (void)fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    const size_t n = fread(input, 1, sizeof input, file);
    (void)fclose(file);
    uint8_t *copy = malloc(n ? n : 1);
    HOLDS(copy != NULL);
    memcpy(copy, input, n);
    (void)fprintf(stderr, "%s\n", path); /* the last one printed is the one that failed */
    (void)LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static size_t play_all(const char *directory)
{
    struct dirent **entries;
    const int n = scandir(directory, &entries, no_dots, by_name);
    for (int i = 0; i < n; i++) {
        char path[PATH_SIZE];
        (void)snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
        play(path);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return n > 0 ? (size_t)n : 0;
}

int main(int argc, char **argv)
{
    size_t n = 0;
    for (int i = 1; i < argc; i++)
        n += play_all(argv[i]);
    (void)printf("%zu inputs\n", n);
    return n ? 0 : 1;
}
