/* See site.h. */
#include "coroutines/site.h"
#include <stdlib.h>

#include "base/banned.h"

void site_find_places(struct arena *arena, struct global_places *ret_places)
{
    const struct global_environment environment = {.home = getenv("HOME"),
                                                   .conf_path = getenv("CYLC_CONF_PATH"),
                                                   .site_conf_path = getenv("CYLC_SITE_CONF_PATH")};
    global_find_places(&environment, arena, ret_places);
}

struct global_config *site_load(const struct warner *warner, struct error *error)
{
    struct global_places places = {0};
    struct arena arena = {0};
    site_find_places(&arena, &places);
    struct global_config *config = global_load(&places, warner, error);
    arena_release(&arena);
    return config;
}
