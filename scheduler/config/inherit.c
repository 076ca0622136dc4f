/* Namespaces and their linear order. Multiple inheritance is resolved by the C3 merge, as Python
 * does for classes: a namespace stands before its parents, parents stand in the order given, and
 * every ancestor keeps its own order. */
#include "scheduler/config/inherit.h"
#include "base/check.h"
#include "scheduler/graph/lexer.h"
#include <errno.h>
#define HASH_FUNCTION HASH_FNV /* the default falls through cases */
#define uthash_fatal(message) IMPOSSIBLE(message)
#include <uthash.h>

#include "base/banned.h"

struct name_entry {
    UT_hash_handle hh;
    struct namespace *namespace;
};

struct name_table {
    struct name_entry *entries;
};

void namespaces_init(struct namespaces *namespaces, struct arena *arena, struct arena *names_arena)
{
    *namespaces = (struct namespaces){.arena = arena, .names_arena = names_arena};
    namespaces->names = NEW(struct name_table);
    namespace_get(namespaces, slice_of("root"));
}

void namespaces_release(struct namespaces *namespaces)
{
    if (!namespaces->names)
        return;
    HASH_CLEAR(hh, namespaces->names->entries);
    free(namespaces->names);
    namespaces->names = NULL;
    vec_release(&namespaces->all);
}

struct namespace *namespace_find(const struct namespaces *namespaces, struct slice name)
{
    struct name_entry *entry = NULL;
    if (name.n)
        HASH_FIND(hh, namespaces->names->entries, name.at, name.n, entry);
    return entry ? entry->namespace : NULL;
}

struct namespace *namespace_get(struct namespaces *namespaces, struct slice name)
{
    struct namespace *namespace = namespace_find(namespaces, name);
    if (namespace)
        return namespace;
    namespace = arena_new(namespaces->arena, sizeof *namespace);
    namespace->name = arena_text(namespaces->names_arena, name);
    namespace->task = NO_INDEX;
    namespace->implicit = true;
    struct name_entry *entry = arena_new(namespaces->arena, sizeof *entry);
    entry->namespace = namespace;
    HASH_ADD_KEYPTR(hh, namespaces->names->entries, namespace->name, name.n, entry);
    *vec_push(&namespaces->all) = namespace;
    return namespace;
}

struct namespace *namespace_root(const struct namespaces *namespaces)
{
    return namespaces->all.at[0];
}

int namespace_check_name(struct slice name, struct error *error)
{
    if (memchr(name.at, '<', name.n))
        return error_set(error, -ENOTSUP, "task parameters are not implemented yet");
    if (name.n > NAME_MAX_BYTES)
        return error_set(error, -EINVAL, "a task or family name longer than %d bytes",
                         NAME_MAX_BYTES);
    for (size_t i = 0; i < name.n; i++)
        if (!graph_name_char(name.at[i], i == 0))
            return error_set(error, -EINVAL,
                             "\"%.*s\" is no task or family name: expected letters, digits, `_`, "
                             "and after the first also `-`, `+`, `%%`, `@`",
                             (int)name.n, name.at);
    if (name.n >= 5 && memcmp(name.at, "_cylc", 5) == 0)
        return error_set(error, -EINVAL, "task and family names may not begin with \"_cylc\"");
    return 0;
}

static int add_heading(struct namespaces *namespaces, struct slice name, struct item *section,
                       struct error *error)
{
    if (!name.n)
        return item_error(error, section, -EINVAL, "an empty name in the list");
    if (namespace_check_name(name, error) < 0)
        return item_error_where(error, section);
    struct namespace *namespace = namespace_get(namespaces, name);
    struct heading *heading = arena_new(namespaces->arena, sizeof *heading);
    heading->section = section;
    if (namespace->last_heading)
    namespace->last_heading->next = heading;
    else namespace->headings = heading;
    namespace->last_heading = heading;
    namespace->implicit = false;
    return 0;
}

/* "a, b" to its names; a comma at the end is let through. */
static int add_headings(struct namespaces *namespaces, struct item *section, struct error *error)
{
    struct slice rest = slice_of(section->name);
    int result = 0;
    while (rest.n && result == 0) {
        size_t n = 0;
        bool inside = false;
        for (; n < rest.n && (inside || rest.at[n] != ','); n++)
            inside = rest.at[n] == '<' || (inside && rest.at[n] != '>');
        result = add_heading(namespaces, slice_trim((struct slice){rest.at, n}), section, error);
        n += n < rest.n;
        rest = slice_trim((struct slice){rest.at + n, rest.n - n});
    }
    return result;
}

int namespaces_read(struct namespaces *namespaces, struct item *runtime, struct error *error)
{
    int result = 0;
    struct item *section = runtime ? runtime->first : NULL;
    for (; section && result == 0; section = section->next)
        result = add_headings(namespaces, section, error);
    namespace_root(namespaces)->implicit = false;
    return result;
}

/* The frame of a namespace being linearised; the chain of them is the path from the first. */
struct frame {
    const struct frame *child;
    struct namespace *namespace;
    int depth;
};

struct linearising {
    struct namespaces *namespaces;
    const struct item_tree *tree;
    struct error *error;
};

/* The `inherit` that counts, or NULL. */
static const struct item *inherit_item(const struct linearising *self,
                                       const struct namespace *namespace)
{
    const struct item *last = NULL;
    for (const struct heading *h = namespace->headings; h; h = h->next) {
        const struct item *item = item_find(self->tree, h->section, "inherit");
        last = item ? item : last;
    }
    return last;
}

static int find_parents(const struct linearising *self, struct namespace *namespace)
{
    struct namespace *root = namespace_root(self->namespaces);
    const struct item *item = inherit_item(self, namespace);
    uint32_t n = item ? item->value.strings.n : 0;
    namespace->parents = arena_new_array(self->namespaces->arena, n + 1, sizeof(void *));
    if (namespace == root)
        return n ? item_error(self->error, item, -EINVAL, "root inherits from nothing") : 0;
    for (uint32_t i = 0; i < n; i++) {
        const char *name = item->value.strings.at[i];
        if (strcmp(name, "None") == 0) {
            if (i > 0 || n == 1)
                return item_error(self->error, item, -EINVAL,
                                  "null parentage for %s: None stands first, before other parents",
                                  namespace->name);
            continue;
        }
        struct namespace *parent = namespace_find(self->namespaces, slice_of(name));
        if (!parent)
            return item_error(self->error, item, -EINVAL, "undefined parent \"%s\" of %s", name,
                              namespace->name);
        namespace->parents[namespace->n_parents++] = parent;
    }
    if (!namespace->n_parents)
    namespace->parents[namespace->n_parents++] = root;
    return 0;
}

static int refuse_circle(const struct linearising *self, const struct frame *child,
                         const struct namespace *parent)
{
    struct text circle = {0};
    const struct frame *f = child;
    for (; f->namespace != parent; f = f->child)
        text_addf(&circle, "%s, which is inherited by ", f->namespace->name);
    int result = item_error(self->error, inherit_item(self, parent), -EINVAL,
                            "circular inheritance: %s is inherited by %s%s", parent->name,
                            text_string(&circle), parent->name);
    text_release(&circle);
    return result;
}

/* What is left of a parent's order while merging. */
struct rest {
    struct namespace **at;
    uint32_t n;
};

static bool is_in_tail(const struct rest *rests, uint32_t n, const struct namespace *namespace)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 1; j < rests[i].n; j++)
            if (rests[i].at[j] == namespace)
                return true;
    return false;
}

static struct namespace *next_of(const struct rest *rests, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (rests[i].n && !is_in_tail(rests, n, rests[i].at[0]))
            return rests[i].at[0];
    return NULL;
}

static int merge(const struct linearising *self, struct namespace *namespace, struct rest *rests,
                 uint32_t n, uint32_t total)
{
    namespace->order = arena_new_array(self->namespaces->arena, total + 1, sizeof(void *));
    namespace->order[namespace->n_order++] = namespace;
    for (;;) {
        uint32_t left = 0;
        for (uint32_t i = 0; i < n; i++)
            left += rests[i].n;
        if (!left)
            return 0;
        struct namespace *next = next_of(rests, n);
        if (!next)
            return item_error(self->error, inherit_item(self, namespace), -EINVAL,
                              "%s: the orders of its parents contradict each other (bad "
                              "inheritance hierarchy)",
                              namespace->name);
        if (namespace->n_order >= PARENTS_MAX)
            return item_error(self->error, inherit_item(self, namespace), -EINVAL,
                              "%s: more than %d ancestors", namespace->name, PARENTS_MAX);
        namespace->order[namespace->n_order++] = next;
        for (uint32_t i = 0; i < n; i++)
            if (rests[i].n && rests[i].at[0] == next)
                rests[i] = (struct rest){rests[i].at + 1, rests[i].n - 1};
    }
}

static int refuse_duplicates(const struct linearising *self, const struct namespace *namespace)
{
    for (uint32_t i = 0; i < namespace->n_parents; i++)
        for (uint32_t j = 0; j < i; j++)
            if (namespace->parents[i] == namespace->parents[j])
                return item_error(self->error, inherit_item(self, namespace), -EINVAL,
                                  "%s: parent \"%s\" is named twice", namespace->name,
                                  namespace->parents[i]->name);
    return 0;
}

static int merge_parents(const struct linearising *self, struct namespace *namespace)
{
    uint32_t n = namespace->n_parents, total = n;
    if (n > PARENTS_MAX)
        return item_error(self->error, inherit_item(self, namespace), -EINVAL,
                          "%s: more than %d parents", namespace->name, PARENTS_MAX);
    int result = refuse_duplicates(self, namespace);
    if (result < 0)
        return result;
    struct rest *rests = NEW_ARRAY(struct rest, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        rests[i] = (struct rest){namespace->parents[i]->order, namespace->parents[i]->n_order};
        total += rests[i].n;
    }
    rests[n] = (struct rest){namespace->parents, n};
    result = merge(self, namespace, rests, n + 1, total);
    free(rests);
    return result;
}

static int linearise(const struct linearising *self, struct namespace *namespace,
                     const struct frame *child)
{
    if (namespace->state == LINEARISED)
        return 0;
    if (namespace->state == BEING_LINEARISED)
        return refuse_circle(self, child, namespace);
    struct frame frame = {child, namespace, child ? child->depth + 1 : 0};
    if (frame.depth > INHERIT_DEPTH_MAX)
        return item_error(self->error, inherit_item(self, namespace), -EINVAL,
                          "%s: inheritance more than %d levels deep", namespace->name,
                          INHERIT_DEPTH_MAX);
    namespace->state = BEING_LINEARISED;
    int result = find_parents(self, namespace);
    for (uint32_t i = 0; i < namespace->n_parents && result == 0; i++) {
        namespace->parents[i]->family = true;
        result = linearise(self, namespace->parents[i], &frame);
    }
    if (result == 0)
        result = merge_parents(self, namespace);
    namespace->state = LINEARISED;
    return result;
}

int namespaces_linearise(struct namespaces *namespaces, const struct item_tree *tree,
                         struct error *error)
{
    struct linearising self = {namespaces, tree, error};
    namespace_root(namespaces)->family = true;
    int result = 0;
    for (size_t i = 0; i < namespaces->all.n && result == 0; i++)
        result = linearise(&self, namespaces->all.at[i], NULL);
    return result;
}
