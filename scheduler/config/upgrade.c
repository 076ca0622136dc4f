/* The table of old names. A path is written "section/subsection/item", `*` for any namespace. */
#include "scheduler/config/upgrade.h"
#include "base/vec.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct old_name {
    const char *old;
    const char *new; /* NULL: dropped */
};

static const char points_path[] = "scheduling/max active cycle points"; /* its value changes, too */

/* So many cycle points at once: the first and so many less one after it. A value that is none is
 * left for the check. */
static const char *points_to_limit(struct arena *arena, const char *value)
{
    char *end;
    long points = strtol(value, &end, 10);
    struct text text = {0};
    if (!*value || *end || points < 1)
        return value;
    text_addf(&text, "P%ld", points - 1);
    const char *limit = arena_text(arena, slice_of(text_string(&text)));
    text_release(&text);
    return limit;
}

/* Order counts: what is inside of [cylc] moves before [cylc] itself. */
static const struct old_name old_names[] = {
    {"runtime/*/suite state polling/template", NULL},
    {"cylc/events/reset timer", NULL},
    {"cylc/events/reset inactivity timer", NULL},
    {"cylc/force run mode", NULL},
    {"runtime/*/events/reset timer", NULL},
    {"cylc/authentication", NULL},
    {"cylc/include at start-up", NULL},
    {"cylc/exclude at start-up", NULL},
    {"cylc/log resolved dependencies", NULL},
    {"cylc/required run mode", NULL},
    {"cylc/health check interval", NULL},
    {"runtime/*/events/mail retry delays", NULL},
    {"runtime/*/extra log files", NULL},
    {"runtime/*/job/shell", NULL},
    {"runtime/*/remote/suite definition directory", NULL},
    {"cylc/abort if any task fails", NULL},
    {"cylc/disable automatic shutdown", NULL},
    {"cylc/environment", NULL},
    {"cylc/reference test", NULL},
    {"cylc/simulation", NULL},
    {"visualization", NULL},
    {"scheduling/spawn to max active cycle points", NULL},
    {"cylc/events/mail smtp", NULL},
    {"runtime/*/events/mail smtp", NULL},
    {"cylc/events/abort on stalled", NULL},
    {"cylc/events/abort if startup handler fails", NULL},
    {"cylc/events/abort if shutdown handler fails", NULL},
    {"cylc/events/abort if timeout handler fails", NULL},
    {"cylc/events/abort if inactivity handler fails", NULL},
    {"cylc/events/abort if stalled handler fails", NULL},
    {"cylc/task event mail interval", "cylc/mail/task event batch interval"},
    {"cylc/parameters", "task parameters"},
    {"cylc/parameter templates", "task parameters/templates"},
    {"cylc/events/mail to", "cylc/mail/to"},
    {"cylc/events/mail from", "cylc/mail/from"},
    {"cylc/events/mail footer", "cylc/mail/footer"},
    {"runtime/*/events/mail to", "runtime/*/mail/to"},
    {"runtime/*/events/mail from", "runtime/*/mail/from"},
    {"scheduling/hold after point", "scheduling/hold after cycle point"},
    {points_path, "scheduling/runahead limit"},
    {"runtime/*/suite state polling", "runtime/*/workflow state polling"},
    {"runtime/*/job/execution polling intervals", "runtime/*/execution polling intervals"},
    {"runtime/*/job/execution retry delays", "runtime/*/execution retry delays"},
    {"runtime/*/job/execution time limit", "runtime/*/execution time limit"},
    {"runtime/*/job/submission polling intervals", "runtime/*/submission polling intervals"},
    {"runtime/*/job/submission retry delays", "runtime/*/submission retry delays"},
    {"cylc/events/timeout", "cylc/events/stall timeout"},
    {"cylc/events/abort on timeout", "cylc/events/abort on stall timeout"},
    {"cylc/events/inactivity", "cylc/events/inactivity timeout"},
    {"cylc/events/abort on inactivity", "cylc/events/abort on inactivity timeout"},
    {"cylc/events/startup handler", "cylc/events/startup handlers"},
    {"cylc/events/shutdown handler", "cylc/events/shutdown handlers"},
    {"cylc/events/timeout handler", "cylc/events/stall timeout handlers"},
    {"cylc/events/stalled handler", "cylc/events/stall handlers"},
    {"cylc/events/aborted handler", "cylc/events/abort handlers"},
    {"cylc/events/inactivity handler", "cylc/events/inactivity timeout handlers"},
    {"runtime/*/events/expired handler", "runtime/*/events/expired handlers"},
    {"runtime/*/events/late handler", "runtime/*/events/late handlers"},
    {"runtime/*/events/submitted handler", "runtime/*/events/submitted handlers"},
    {"runtime/*/events/started handler", "runtime/*/events/started handlers"},
    {"runtime/*/events/succeeded handler", "runtime/*/events/succeeded handlers"},
    {"runtime/*/events/failed handler", "runtime/*/events/failed handlers"},
    {"runtime/*/events/submission failed handler", "runtime/*/events/submission failed handlers"},
    {"runtime/*/events/warning handler", "runtime/*/events/warning handlers"},
    {"runtime/*/events/critical handler", "runtime/*/events/critical handlers"},
    {"runtime/*/events/retry handler", "runtime/*/events/retry handlers"},
    {"runtime/*/events/submission retry handler", "runtime/*/events/submission retry handlers"},
    {"runtime/*/events/execution timeout handler", "runtime/*/events/execution timeout handlers"},
    {"runtime/*/events/submission timeout handler", "runtime/*/events/submission timeout handlers"},
    {"runtime/*/events/custom handler", "runtime/*/events/custom handlers"},
    {"cylc", "scheduler"},
};

struct upgrading {
    struct item_tree *tree;
    VEC(struct item *) suspects; /* sections of [runtime] that may hold an old name */
    const struct warner *warner;
    struct error *error;
};

/* Take the first part off a path. */
static struct slice take_part(const char **path)
{
    struct slice part = {*path, strcspn(*path, "/")};
    *path += part.n + ((*path)[part.n] == '/');
    return part;
}

/* The section a new name belongs to, made where it is missing. `any` stands for `*`. */
static struct item *make_section(struct upgrading *self, const char *path, const char *any,
                                 const struct item *from, const char **ret_last)
{
    struct item *section = &self->tree->root;
    for (;;) {
        struct slice part = take_part(&path);
        if (!*path) {
            *ret_last = part.at;
            return section;
        }
        if (slice_equal(part, "*"))
            part = slice_of(any);
        section = item_get(self->tree, section, part, true, from->file, from->line);
        if (!section->section)
            return NULL;
    }
}

static int merge(struct upgrading *self, struct item *into, struct item *from);

/* Put item under `parent` as `name`; a section that is there already takes up what it holds. */
static int move(struct upgrading *self, struct item *item, struct item *parent, const char *name)
{
    struct item *there = item_find(self->tree, parent, name);
    if (there && there->section && item->section)
        return merge(self, there, item);
    if (there)
        return item_error(self->error, there, -EINVAL,
                          "set twice: \"%s\" (line %d) is an old name of it", item->name,
                          item->line);
    item_attach(self->tree, parent, item, name);
    return 0;
}

static int merge(struct upgrading *self, struct item *into, struct item *from)
{
    while (from->first) {
        struct item *item = from->first;
        item_detach(self->tree, item);
        int result = move(self, item, into, item->name);
        if (result < 0)
            return result;
    }
    return 0;
}

static int upgrade(struct upgrading *self, const struct old_name *name, struct item *item,
                   const char *any)
{
    char path[ITEM_PATH_MAX];
    item_path(item, path);
    if (!name->new) {
        warner_say(self->warner, "%s:%d: %s is obsolete and ignored", item->file, item->line, path);
        item_detach(self->tree, item);
        return 0;
    }
    const char *last;
    struct item *parent = make_section(self, name->new, any, item, &last);
    if (!parent)
        return item_error(self->error, item, -EINVAL, "its new place is taken by an item");
    char old[ITEM_PATH_MAX];
    snprintf(old, sizeof old, "%s", path);
    if (name->old == points_path && !item->section) {
        const char *value;
        if (value_string(self->tree->arena, item->last_value, &value, self->error) < 0)
            return item_error_where(self->error, item);
        item->last_value->text = slice_of(points_to_limit(self->tree->arena, value));
        item->last_value->block = false;
    }
    item_detach(self->tree, item);
    int result = move(self, item, parent, last);
    if (result == 0 && item->parent)
        warner_say(self->warner, "%s:%d: %s is deprecated: it is now %s", item->file, item->line,
                   old, item_path(item, path));
    return result;
}

static int find_and_upgrade(struct upgrading *self, const struct old_name *name,
                            struct item *section, const char *rest, const char *any)
{
    struct slice part = take_part(&rest);
    if (slice_equal(part, "*")) {
        int result = 0;
        for (size_t i = 0; i < self->suspects.n && result == 0; i++)
            result = find_and_upgrade(self, name, self->suspects.at[i], rest,
                                      self->suspects.at[i]->name);
        return result;
    }
    char buffer[ITEM_PATH_MAX];
    snprintf(buffer, sizeof buffer, "%.*s", (int)part.n, part.at);
    struct item *item = item_find(self->tree, section, buffer);
    if (!item)
        return 0;
    if (!*rest)
        return upgrade(self, name, item, any);
    return item->section ? find_and_upgrade(self, name, item, rest, any) : 0;
}

/* The graph in an item of [dependencies]: itself, or all there is in a section. NULL: neither. */
static struct item *graph_text(const struct item_tree *tree, struct item *item)
{
    struct item *text = item->section ? item_find(tree, item, "graph") : item;
    if (!text || text->section || strcmp(text->name, "graph") != 0)
        return NULL;
    return item->section && (item->first != text || text->next) ? NULL : text;
}

/* "[scheduling][dependencies]graph" to "[graph]graph", "[dependencies][X]graph" to "[graph]X". */
static int upgrade_dependencies(struct upgrading *self)
{
    struct item_tree *tree = self->tree;
    struct item *scheduling = item_find(tree, &tree->root, "scheduling");
    struct item *old = item_find(tree, scheduling, "dependencies");
    if (!old || !old->section)
        return 0;
    if (item_find(tree, scheduling, "graph"))
        return item_error(self->error, old, -EINVAL,
                          "[scheduling][dependencies] is the old name of [scheduling][graph]; both "
                          "are there");
    struct item *graph = item_get(tree, scheduling, slice_of("graph"), true, old->file, old->line);
    while (old->first) {
        struct item *item = old->first;
        struct item *text = graph_text(tree, item);
        const char *name = item->name; /* an item is `graph`, which is R1 */
        if (!text || item_find(tree, graph, name))
            return item_error(self->error, text ? text : item, -EINVAL,
                              "expected [dependencies][[RECURRENCE]]graph, each once");
        item_detach(tree, item);
        if (text != item)
            item_detach(tree, text);
        item_attach(tree, graph, text, name);
    }
    item_detach(tree, old);
    warner_say(self->warner,
               "%s:%d: [scheduling][dependencies][X]graph is deprecated: it is now "
               "[scheduling][graph]X",
               old->file, old->line);
    return 0;
}

/* Move all children of `from` to `to`; where a name is there already, its value counts and the
 * place stays. */
static void take_children(struct item_tree *tree, struct item *to, struct item *from)
{
    while (from->first) {
        struct item *item = from->first, *there;
        item_detach(tree, item);
        there = item_find(tree, to, item->name);
        if (!there) {
            item_attach(tree, to, item, item->name);
            continue;
        }
        there->values = item->values;
        there->last_value = item->last_value;
        there->file = item->file;
        there->line = item->line;
    }
}

/* [parameter environment templates] go to the front of [environment], which wins. */
static void upgrade_templates(struct upgrading *self, struct item *space)
{
    struct item_tree *tree = self->tree;
    struct item *old = item_find(tree, space, "parameter environment templates");
    char path[ITEM_PATH_MAX], new_path[ITEM_PATH_MAX];
    if (!old || !old->section)
        return;
    item_path(old, path);
    struct item *environment = item_find(tree, space, "environment");
    if (environment)
        take_children(tree, old, environment);
    else
        environment = item_get(tree, space, slice_of("environment"), true, old->file, old->line);
    if (!environment->section)
        return; /* the check says so */
    take_children(tree, environment, old);
    item_detach(tree, old);
    warner_say(self->warner, "%s:%d: %s is deprecated: its items are now in %s", old->file,
               old->line, path, item_path(environment, new_path));
}

/* What old names under [runtime][*] begin with: most namespaces hold none of it, and there may be
 * very many of them. */
static bool is_suspect(const struct item *item)
{
    static const char *const names[] = {"suite state polling",
                                        "events",
                                        "job",
                                        "remote",
                                        "extra log files",
                                        "parameter environment templates"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(item->name, names[i]) == 0)
            return true;
    return false;
}

static void find_suspects(struct upgrading *self)
{
    const struct item *runtime = item_find(self->tree, &self->tree->root, "runtime");
    for (struct item *ns = runtime ? runtime->first : NULL; ns; ns = ns->next) {
        bool suspect = false;
        for (const struct item *item = ns->first; item && !suspect; item = item->next)
            suspect = is_suspect(item);
        if (suspect)
            *vec_push(&self->suspects) = ns;
    }
}

int upgrade_items(struct item_tree *tree, const struct warner *warner, struct error *error)
{
    struct upgrading self = {.tree = tree, .warner = warner, .error = error};
    int result = upgrade_dependencies(&self);
    find_suspects(&self);
    for (size_t i = 0; i < sizeof old_names / sizeof *old_names && result == 0; i++)
        result = find_and_upgrade(&self, &old_names[i], &tree->root, old_names[i].old, "");
    for (size_t i = 0; i < self.suspects.n && result == 0; i++)
        upgrade_templates(&self, self.suspects.at[i]);
    vec_release(&self.suspects);
    return result;
}
