/* See earlier.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/earlier.h"
#include "base/memory.h"
#include "db/reader.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

static void take(void *context, const char *name, const char *value)
{
    struct earlier *earlier = context;
    *vec_push(&earlier->variables) = (struct key_value){str_copy(name), str_copy(value)};
}

static int read_database(const char *path, struct earlier *earlier, struct error *error)
{
    struct reader *reader = reader_open(path, error);
    int code = reader ? reader_template_variables(reader, take, earlier, error) : error->code;
    reader_close(reader);
    return code < 0 ? code : 0;
}

int earlier_read(const char *run_dir, struct earlier *ret_earlier,
                 struct template_options *templates, struct error *error)
{
    char *path = str_format("%s/log/db", run_dir);
    struct earlier earlier = {0};
    int code = access(path, F_OK) ? 0 : read_database(path, &earlier, error);
    free(path);
    if (code < 0) {
        earlier_release(&earlier);
        return code;
    }
    templates->earlier = earlier.variables.at;
    templates->n_earlier = earlier.variables.n;
    *ret_earlier = earlier;
    return 0;
}

int earlier_read_beside(const char *path, struct earlier *ret_earlier,
                        struct template_options *templates, struct error *error)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? str_copy_n(path, (size_t)(slash - path)) : str_copy(".");
    int code = earlier_read(directory, ret_earlier, templates, error);
    free(directory);
    return code;
}

void earlier_release(struct earlier *earlier)
{
    for (size_t i = 0; i < earlier->variables.n; i++) {
        free((char *)(uintptr_t)earlier->variables.at[i].key);
        free((char *)(uintptr_t)earlier->variables.at[i].value);
    }
    vec_release(&earlier->variables);
}
