/* Each file is read by itself: include-files, template, parsing, [[a, b]] split; then put over what
 * the files before it have set. The table is held against the whole. */
#include "scheduler/config/global.h"
#include "base/check.h"
#include "base/memory.h"
#include "scheduler/config/merged.h"
#include "scheduler/config/parse.h"
#include "scheduler/config/source.h"
#include "scheduler/config/template.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct global_config {
    struct arena arena;
    struct item_tree tree;
};

/* --- where --- */

/* The language level that rouse implements: FLOW, FLOW/8, FLOW/8.4, FLOW/8.4.4. */
static const char *const levels[] = {"", "8/", "8.4/", "8.4.4/"};

static void add_places(struct global_places *places, struct arena *arena, const char *directory,
                       const char *below)
{
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        struct text path = {0};
        text_addf(&path, "%s%s/flow/%sglobal.cylc", directory, below, levels[i]);
        places->at[places->n++] = arena_text(arena, slice_of(text_string(&path)));
        text_release(&path);
    }
}

void global_find_places(const struct global_environment *environment, struct arena *arena,
                        struct global_places *ret_places)
{
    struct global_places places = {0};
    const char *site = environment->site_conf_path;
    if (environment->conf_path) {
        struct text path = {0};
        text_addf(&path, "%s/global.cylc", environment->conf_path);
        places.at[places.n++] = arena_text(arena, slice_of(text_string(&path)));
        text_release(&path);
    } else {
        add_places(&places, arena, site && *site ? site : "/etc/cylc", "");
        if (environment->home)
            add_places(&places, arena, environment->home, "/.cylc");
    }
    *ret_places = places;
}

/* --- reading --- */

/* [[a, b]] speaks of both. */
static bool splits_headings(const struct item *section)
{
    return section->parent && !section->parent->parent &&
           (!strcmp(section->name, "platforms") || !strcmp(section->name, "platform groups"));
}

static int overlay(struct item_tree *tree, struct item *into, const struct item *from,
                   struct error *error);

static int overlay_item(struct item_tree *tree, struct item *into, const struct item *item,
                        struct slice name, struct error *error)
{
    struct item *there = item_get(tree, into, name, item->section, item->file, item->line);
    if (there->section != item->section)
        return item_error(error, item, -EINVAL, "a section and an item of the same name");
    if (item->section)
        return overlay(tree, there, item, error);
    there->values = item->values;
    there->last_value = item->last_value;
    there->file = item->file;
    there->line = item->line;
    return 0;
}

static int overlay_each(struct item_tree *tree, struct item *into, const struct item *item,
                        struct error *error)
{
    struct slice rest = slice_of(item->name);
    int result = 0;
    while (rest.n && result == 0) {
        const char *comma = memchr(rest.at, ',', rest.n);
        size_t n = comma ? (size_t)(comma - rest.at) : rest.n;
        struct slice name = slice_trim((struct slice){rest.at, n});
        n += comma ? 1 : 0;
        rest = (struct slice){rest.at + n, rest.n - n};
        if (name.n)
            result = overlay_item(tree, into, item, name, error);
    }
    return result;
}

/* Put what `from` holds over `into`: the value of an item replaces the one that was there. */
static int overlay(struct item_tree *tree, struct item *into, const struct item *from,
                   struct error *error)
{
    bool each = splits_headings(into);
    int result = 0;
    for (const struct item *item = from->first; item && result == 0; item = item->next)
        result = each && item->section
                     ? overlay_each(tree, into, item, error)
                     : overlay_item(tree, into, item, slice_of(item->name), error);
    return result;
}

static const char *directory_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_text(arena, (struct slice){path, (size_t)(slash - path) + 1}) : ".";
}

static int process_template(struct global_config *config, const char *name, struct source *source,
                            struct error *error)
{
    struct template_result result = {0};
    int code = template_process(source, directory_of(&config->arena, name), NULL, &config->arena,
                                &result, error);
    if (code < 0 || !result.processed)
        return code < 0 ? code : 0;
    source_release(source);
    return source_add(source, &config->arena, name, result.text, NULL, error);
}

static int take_text(struct global_config *config, const char *name, struct slice text,
                     struct error *error)
{
    struct source source = {0};
    struct item_tree tree;
    const struct source_reader reader = source_file_reader(name);
    item_tree_init(&tree, &config->arena, name);
    text.at = arena_text(&config->arena, text);
    int result = source_add(&source, &config->arena, name, text, &reader, error);
    if (result == 0)
        result = process_template(config, name, &source, error);
    if (result == 0)
        result = parse_lines(&source, &tree, error);
    if (result == 0)
        result = overlay(&config->tree, &config->tree.root, &tree.root, error);
    item_tree_release(&tree);
    source_release(&source);
    if (result < 0 && !*error->file)
        error_where(error, name, 0, NULL);
    return result;
}

/* --- the rules between items --- */

/* A platform and a group may not have the same name: a task could not say which. */
static int check_names(const struct global_config *config, struct error *error)
{
    const struct item_tree *tree = &config->tree;
    const struct item *platforms = item_find(tree, &tree->root, "platforms");
    const struct item *groups = item_find(tree, &tree->root, "platform groups");
    for (const struct item *group = groups ? groups->first : NULL; group; group = group->next)
        if (item_find(tree, platforms, group->name))
            return item_error(
                error, group, -EINVAL,
                "\"%s\" is the name of a platform, too: a platform group needs a name "
                "of its own",
                group->name);
    return 0;
}

/* --- what nothing acts on --- */

enum { SECTIONS_MAX = 4 }; /* as the table nests them */

/* The user's own names are `*`: one line is enough for all platforms. */
static void add_idle_name(const struct item *item, struct text *names)
{
    size_t n = 0;
    const struct item *above[SECTIONS_MAX];
    for (const struct item *up = item->parent; up->parent && n < SECTIONS_MAX; up = up->parent)
        above[n++] = up;
    struct text line = {0};
    while (n-- > 0)
        text_addf(&line, "[%s]", above[n]->schema->name);
    text_add(&line, item->name);
    if (!names->n || !strstr(text_string(names), text_string(&line)))
        text_addf(names, "%s%s", names->n ? ", " : "", text_string(&line));
    text_release(&line);
}

static void find_idle(const struct item *section, struct text *names)
{
    for (const struct item *item = section->first; item; item = item->next)
        if (item->section)
            find_idle(item, names);
        else if (item->schema->support == LISTED && !item->value.empty)
            add_idle_name(item, names);
}

static void warn_of_idle(const struct global_config *config, const struct warner *warner)
{
    struct text names = {0};
    find_idle(&config->tree.root, &names);
    if (names.n)
        warner_say(warner, "global.cylc: these items have no effect: %s", text_string(&names));
    text_release(&names);
}

static int check(struct global_config *config, const struct warner *warner, struct error *error)
{
    int result = schema_check(&schema_global, &config->tree, &config->arena, warner, error);
    if (result == 0)
        result = check_names(config, error);
    if (result == 0)
        warn_of_idle(config, warner);
    return result;
}

static struct global_config *create(void)
{
    struct global_config *config = NEW(struct global_config);
    item_tree_init(&config->tree, &config->arena, "global.cylc");
    return config;
}

static struct global_config *finish(struct global_config *config, int result)
{
    if (result == 0)
        return config;
    global_destroy(config);
    return NULL;
}

struct global_config *global_parse(const char *name, struct slice text, const struct warner *warner,
                                   struct error *error)
{
    struct global_config *config = create();
    *error = (struct error){0};
    int result = take_text(config, arena_text(&config->arena, slice_of(name)), text, error);
    if (result == 0)
        result = check(config, warner, error);
    return finish(config, result);
}

static int take_file(struct global_config *config, const char *path, struct error *error)
{
    struct text text = {0};
    int result = source_read_file(path, &text, error);
    if (result == 0)
        result = take_text(config, arena_text(&config->arena, slice_of(path)),
                           (struct slice){text_string(&text), text.n}, error);
    text_release(&text);
    return result;
}

struct global_config *global_load(const struct global_places *places, const struct warner *warner,
                                  struct error *error)
{
    struct global_config *config = create();
    int result = 0;
    *error = (struct error){0};
    for (size_t i = 0; i < places->n && result == 0; i++)
        if (access(places->at[i], F_OK) == 0)
            result = take_file(config, places->at[i], error);
    if (result == 0)
        result = check(config, warner, error);
    return finish(config, result);
}

void global_destroy(struct global_config *config)
{
    if (!config)
        return;
    item_tree_release(&config->tree);
    arena_release(&config->arena);
    free(config);
}

/* --- asking --- */

void global_fill_defaults(struct global_config *config)
{
    tree_fill_defaults(&config->tree, &schema_global);
}

const struct item_tree *global_tree(const struct global_config *config)
{
    return &config->tree;
}

const struct item *global_section(const struct global_config *config, const char *name)
{
    return config ? item_find(&config->tree, &config->tree.root, name) : NULL;
}

const struct item *global_item(const struct global_config *config, const char *section,
                               const char *subsection, const char *name)
{
    const struct item *parent = global_section(config, section);
    if (parent && subsection)
        parent = item_find(&config->tree, parent, subsection);
    const struct item *item =
        parent && parent->section ? item_find(&config->tree, parent, name) : NULL;
    return item && !item->section ? item : NULL;
}

static struct value default_value(struct arena *arena, const char *section, const char *subsection,
                                  const char *name)
{
    struct value value = {.empty = true, .string = ""};
    struct schema_family family = schema_top(&schema_global);
    const char *const path[] = {section, subsection};
    for (size_t i = 0; i < 2; i++) {
        const struct schema_entry *row = path[i] ? schema_child(&family, path[i], true) : NULL;
        if (row)
            family = schema_children(&family, row);
    }
    const struct schema_entry *row = schema_child(&family, name, false);
    PRE(row);
    schema_entry_default(arena, row, &value);
    return value;
}

struct value global_value(const struct global_config *config, struct arena *arena,
                          const char *section, const char *subsection, const char *name)
{
    const struct item *item = global_item(config, section, subsection, name);
    return item && !item->value.empty ? item->value
                                      : default_value(arena, section, subsection, name);
}
