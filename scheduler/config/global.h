/* global.cylc: what the site and the user have set for all workflows. Several files add up, the
 * later over the earlier. Immutable once it is loaded. */
#ifndef ROUSE_CONFIG_GLOBAL_H
#define ROUSE_CONFIG_GLOBAL_H

#include "scheduler/config/schema.h"

struct global_config;

/* What the environment says of where the files are; NULL = not set. */
struct global_environment {
    const char *home;           /* $HOME */
    const char *conf_path;      /* $CYLC_CONF_PATH: this directory's file and no other */
    const char *site_conf_path; /* $CYLC_SITE_CONF_PATH; /etc/cylc if not set */
};

enum { GLOBAL_PLACES_MAX = 8 };
struct global_places {
    const char *at[GLOBAL_PLACES_MAX]; /* paths of files, which need not be there */
    size_t n;
};

/* Where Cylc 8.4.4 looks, the least important first. The paths live in the arena. */
void global_find_places(const struct global_environment *environment, struct arena *arena,
                        struct global_places *ret_places);

/* Read the files that are there; none is fine. NULL and an error with file, line and item. */
struct global_config *global_load(const struct global_places *places, const struct warner *warner,
                                  struct error *error);
/* The same from one text. */
struct global_config *global_parse(const char *name, struct slice text, const struct warner *warner,
                                   struct error *error);
void global_destroy(struct global_config *config);

/* [section][subsection]name as it is set, or NULL: config, subsection may be NULL. */
const struct item *global_item(const struct global_config *config, const char *section,
                               const char *subsection, const char *name);
/* The top section of that name, or NULL. config may be NULL. */
const struct item *global_section(const struct global_config *config, const char *name);
/* Its value, or else the default of the table (in the arena), or else one that is empty. config may
 * be NULL: all defaults. PRE: the table has a row for it. */
struct value global_value(const struct global_config *config, struct arena *arena,
                          const char *section, const char *subsection, const char *name);
/* Put in every item that is not set, with its default, for printing. Platforms made of the config
 * before would not see it. */
void global_fill_defaults(struct global_config *config);
/* The whole tree, for printing and for the platforms. */
const struct item_tree *global_tree(const struct global_config *config);

#endif
