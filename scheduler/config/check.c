/* Holding a tree against the schema. */
#include "base/check.h"
#include "scheduler/config/schema.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { DISTANCE_MAX = 3, NAME_LENGTH_MAX = 128 };

void warner_say(const struct warner *warner, const char *format, ...)
{
    if (!warner || !warner->warn)
        return;
    struct text text = {0};
    va_list args;
    va_start(args, format);
    text_vaddf(&text, format, args);
    va_end(args);
    warner->warn(warner->context, text_string(&text));
    text_release(&text);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned edit_distance(const char *a, const char *b, unsigned limit)
{
    size_t na = strlen(a), nb = strlen(b);
    if (na > NAME_LENGTH_MAX || nb > NAME_LENGTH_MAX)
        return strcmp(a, b) == 0 ? 0 : limit + 1;
    unsigned rows[3][NAME_LENGTH_MAX + 1];
    for (size_t j = 0; j <= nb; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return least(rows[na % 3][nb], limit + 1);
}

static bool only_sections(const struct schema_family *family)
{
    for (const struct schema_entry *e = family->first; e < family->end; e++)
        if (e->level == family->level && !e->section)
            return false;
    return true;
}

static bool only_items(const struct schema_family *family)
{
    for (const struct schema_entry *e = family->first; e < family->end; e++)
        if (e->level == family->level && e->section)
            return false;
    return true;
}

static const struct schema_entry *nearest(const struct schema_family *family, const char *name)
{
    const struct schema_entry *best = NULL;
    unsigned least_distance = DISTANCE_MAX + 1;
    for (const struct schema_entry *e = family->first; e < family->end; e++) {
        if (e->level != family->level)
            continue;
        unsigned distance = edit_distance(name, e->name, DISTANCE_MAX);
        if (distance < least_distance && distance < strlen(e->name)) {
            least_distance = distance;
            best = e;
        }
    }
    return best;
}

static int refuse_unknown(const struct schema_family *family, const struct item *item,
                          struct error *error)
{
    for (const struct schema_entry *e = family->first; e < family->end; e++)
        if (e->level == family->level && strcmp(e->name, item->name) == 0)
            return item_error(error, item, -EINVAL, "\"%s\" should be %s", item->name,
                              e->section ? "a [section], not an item"
                                         : "an item (name = value), not a [section]");
    if (!item->section && only_sections(family) && family->first < family->end)
        return item_error(error, item, -EINVAL,
                          "only sections are expected here: \"%s\" should be a [section]",
                          item->name);
    if (item->section && only_items(family) && family->first < family->end)
        return item_error(error, item, -EINVAL, "no section is expected here, but name = value");
    const struct schema_entry *near = nearest(family, item->name);
    const char *kind = item->section ? "section" : "item";
    if (!near)
        return item_error(error, item, -EINVAL, "unknown %s \"%s\"", kind, item->name);
    return item_error(error, item, -EINVAL, "unknown %s \"%s\"; did you mean \"%s\"?", kind,
                      item->name, near->name);
}

static bool is_allowed(const char *allowed, const char *value)
{
    size_t n = strlen(value);
    for (const char *at = allowed; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, value, n) == 0 && (at[n] == '|' || !at[n]))
            return true;
    }
    return false;
}

static void check_support(const struct item *item, const struct warner *warner)
{
    char path[ITEM_PATH_MAX];
    switch (item->schema->support) {
    case BUILT:
    case HARMLESS:
    case LISTED:
        return;
    case NO_EFFECT:
        warner_say(warner, "%s:%d: %s: this item has no effect: it is not implemented yet",
                   item->file, item->line, item_path(item, path));
        return;
    }
    IMPOSSIBLE("no such support");
}

static int check_item(struct arena *values, struct item *item, const struct warner *warner,
                      struct error *error)
{
    const struct schema_entry *entry = item->schema;
    if (strstr(item->name, "  "))
        return item_error(error, item, -EINVAL, "consecutive spaces in the name of an item");
    int result = value_read(values, entry->type, item->last_value, &item->value, error);
    if (result < 0)
        return item_error_where(error, item);
    if (entry->allowed && !item->value.empty && !is_allowed(entry->allowed, item->value.string))
        return item_error(error, item, -EINVAL, "expected one of %s, not \"%s\"", entry->allowed,
                          item->value.string);
    check_support(item, warner);
    return 0;
}

static int check_section(struct arena *values, struct item *section, struct schema_family family,
                         const struct warner *warner, struct error *error)
{
    int result = 0;
    for (struct item *item = section->first; item && result == 0; item = item->next) {
        item->schema = schema_child(&family, item->name, item->section);
        if (!item->schema)
            return refuse_unknown(&family, item, error);
        if (item->section)
            result =
                check_section(values, item, schema_children(&family, item->schema), warner, error);
        else
            result = check_item(values, item, warner, error);
    }
    return result;
}

int schema_check(const struct schema *schema, struct item_tree *tree, struct arena *values,
                 const struct warner *warner, struct error *error)
{
    return check_section(values, &tree->root, schema_top(schema), warner, error);
}
