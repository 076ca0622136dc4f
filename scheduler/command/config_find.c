/* See config_find.h. */
#include "scheduler/command/config_find.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { KEYS_MAX = 16, KEY_MAX = 256 };

struct keys {
    char at[KEYS_MAX][KEY_MAX];
    size_t n;
};

static int add_key(struct keys *keys, const char *at, size_t n)
{
    struct slice key = slice_trim((struct slice){at, n});
    if (!key.n)
        return 0;
    if (keys->n == KEYS_MAX || key.n >= KEY_MAX)
        return -E2BIG;
    memcpy(keys->at[keys->n], key.at, key.n);
    keys->at[keys->n++][key.n] = '\0';
    return 0;
}

static int parse(const char *name, struct keys *keys, struct error *error)
{
    const char *at = name;
    int result = 0;
    while (*at == '[' && result == 0) {
        const char *end = strchr(at, ']');
        if (!end)
            return error_set(error, -EINVAL,
                             "expected [section][subsection]item, not \"%s\": a `]` is missing",
                             name);
        result = add_key(keys, at + 1, (size_t)(end - at) - 1);
        at = end + 1;
    }
    if (result == 0)
        result = add_key(keys, at, strlen(at));
    if (result < 0 || !keys->n)
        return error_set(error, -EINVAL, "expected [section][subsection]item, not \"%s\"", name);
    return 0;
}

/* "a", "[a]b", "[a][b]c": as Cylc writes it. */
static void write_keys(const struct keys *keys, struct text *out)
{
    for (size_t i = 0; i < keys->n; i++)
        text_addf(out, i + 1 < keys->n ? "[%s]" : "%s", keys->at[i]);
}

static bool is_known(const struct schema *schema, const struct keys *keys)
{
    struct schema_family family = schema_top(schema);
    for (size_t i = 0; i < keys->n; i++) {
        const struct schema_entry *section = schema_child(&family, keys->at[i], true);
        if (!section)
            return i + 1 == keys->n && schema_child(&family, keys->at[i], false);
        family = schema_children(&family, section);
    }
    return true;
}

const struct item *config_find(const struct item_tree *tree, const struct schema *schema,
                               const char *name, struct error *error)
{
    struct keys keys = {.n = 0};
    if (parse(name, &keys, error) < 0)
        return NULL;
    const struct item *item = &tree->root;
    for (size_t i = 0; i < keys.n && item; i++)
        item = item->section ? item_find(tree, item, keys.at[i]) : NULL;
    if (item)
        return item;
    struct text text = {0};
    write_keys(&keys, &text);
    if (is_known(schema, &keys))
        error_set(error, -ENOENT, "ItemNotFoundError: You have not set \"%s\" in this config.",
                  text_string(&text));
    else
        error_set(error, -EINVAL, "InvalidConfigError: \"%s\" is not a valid configuration for %s.",
                  text_string(&text), schema->file);
    text_release(&text);
    return NULL;
}
