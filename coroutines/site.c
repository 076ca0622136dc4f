#include "coroutines/site.h"
#include <stdlib.h>

#include "base/banned.h"

struct global_config *site_load(const struct warner *warner, struct error *error)
{
    const struct global_environment environment = {.home = getenv("HOME"),
                                                   .conf_path = getenv("CYLC_CONF_PATH"),
                                                   .site_conf_path = getenv("CYLC_SITE_CONF_PATH")};
    struct global_places places = {0};
    struct arena arena = {0};
    global_find_places(&environment, &arena, &places);
    struct global_config *config = global_load(&places, warner, error);
    arena_release(&arena);
    return config;
}
