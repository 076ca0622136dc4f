/* The tree of sections and items, with one hash table over (parent, name) for all of it: sections
 * are many and mostly small, so a table for each would cost more than the items. */
#include "scheduler/config/item.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/table.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct item_key { /* bytes: the parent's address, then the name */
    UT_hash_handle hh;
    struct item *item;
    size_t size;
    char bytes[];
};

struct item_table {
    struct item_key *keys;
    struct text wanted; /* a key being looked for */
};

static void put_key(struct text *text, const struct item *parent, struct slice name)
{
    text_clear(text);
    const uintptr_t address = (uintptr_t)parent;
    text_add_n(text, (const char *)&address, sizeof address);
    text_add_n(text, name.at, name.n);
}

static struct item_key *find_key(const struct item_tree *tree, const struct item *parent,
                                 struct slice name)
{
    struct item_key *key = NULL;
    put_key(&tree->table->wanted, parent, name);
    HASH_FIND(hh, tree->table->keys, tree->table->wanted.at, tree->table->wanted.n, key);
    return key;
}

static void add_key(struct item_tree *tree, struct item *item)
{
    put_key(&tree->table->wanted, item->parent, slice_of(item->name));
    size_t size = tree->table->wanted.n;
    struct item_key *key = arena_new(tree->arena, sizeof *key + size);
    key->item = item;
    key->size = size;
    memcpy(key->bytes, tree->table->wanted.at, size);
    item->key = key;
    HASH_ADD_KEYPTR(hh, tree->table->keys, key->bytes, size, key);
}

void item_tree_init(struct item_tree *tree, struct arena *arena, const char *file)
{
    *tree = (struct item_tree){.arena = arena};
    tree->table = NEW(struct item_table);
    tree->root = (struct item){.name = "", .file = file, .section = true};
}

void item_tree_release(struct item_tree *tree)
{
    if (!tree->table)
        return;
    HASH_CLEAR(hh, tree->table->keys);
    text_release(&tree->table->wanted);
    free(tree->table);
    tree->table = NULL;
}

struct item *item_find(const struct item_tree *tree, const struct item *parent, const char *name)
{
    struct item_key *key = parent ? find_key(tree, parent, slice_of(name)) : NULL;
    return key ? key->item : NULL;
}

static void append(struct item *parent, struct item *item)
{
    item->parent = parent;
    item->next = NULL;
    if (parent->last)
        parent->last->next = item;
    else
        parent->first = item;
    parent->last = item;
}

struct item *item_get(struct item_tree *tree, struct item *parent, struct slice name, bool section,
                      const char *file, int line)
{
    PRE(parent->section);
    struct item_key *key = find_key(tree, parent, name);
    if (key)
        return key->item;
    struct item *item = arena_new(tree->arena, sizeof *item);
    *item = (struct item){
        .name = arena_text(tree->arena, name), .file = file, .line = line, .section = section};
    append(parent, item);
    add_key(tree, item);
    return item;
}

void item_detach(struct item_tree *tree, struct item *item)
{
    struct item *parent = item->parent, *before = NULL;
    for (struct item *i = parent->first; i != item; i = i->next)
        before = i;
    if (before)
        before->next = item->next;
    else
        parent->first = item->next;
    if (parent->last == item)
        parent->last = before;
    HASH_DELETE(hh, tree->table->keys, item->key);
    item->parent = NULL;
    item->next = NULL;
}

void item_attach(struct item_tree *tree, struct item *parent, struct item *item, const char *name)
{
    PRE(!item->parent);
    PRE(!item_find(tree, parent, name));
    item->name = arena_text(tree->arena, slice_of(name));
    append(parent, item);
    add_key(tree, item);
}

static void add_path(struct text *path, const struct item *section)
{
    if (!section->parent)
        return;
    add_path(path, section->parent);
    text_addf(path, "[%s]", section->name);
}

const char *item_path(const struct item *item, char *buffer)
{
    struct text path = {0};
    if (item->section) {
        add_path(&path, item);
    } else {
        add_path(&path, item->parent);
        text_add(&path, item->name);
    }
    snprintf(buffer, ITEM_PATH_MAX, "%s", text_string(&path));
    text_release(&path);
    return buffer;
}

int item_error_where(struct error *error, const struct item *item)
{
    char path[ITEM_PATH_MAX];
    return error_where(error, item->file, item->line, item_path(item, path));
}

int item_error(struct error *error, const struct item *item, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_vset(error, code, format, args);
    va_end(args);
    return item_error_where(error, item);
}
