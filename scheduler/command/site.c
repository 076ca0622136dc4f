/* See site.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/site.h"
#include "scheduler/command/definition.h"
#include <stdlib.h>

#include "base/banned.h"

void site_find_places(struct arena *arena, struct global_places *ret_places)
{
    const struct global_environment environment = {.home = getenv("HOME"),
                                                   .conf_path = getenv("CYLC_CONF_PATH"),
                                                   .site_conf_path = getenv("CYLC_SITE_CONF_PATH")};
    global_find_places(&environment, arena, ret_places);
}

int site_load(const struct invocation *invocation, struct global_config **ret_config)
{
    struct arena arena = {0};
    struct global_places places;
    struct error error;
    const struct warner warner = {definition_warn, NULL};
    site_find_places(&arena, &places);
    struct global_config *config = global_load(&places, invocation->quiet ? NULL : &warner, &error);
    arena_release(&arena);
    if (!config)
        return command_fail(invocation, EXIT_FAILED, &error);
    *ret_config = config;
    return EXIT_OK;
}
