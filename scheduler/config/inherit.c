/* Namespaces and their linear order. Multiple inheritance is resolved by the C3 merge, as Python
 * does for classes: a namespace stands before its parents, parents stand in the order given, and
 * every ancestor keeps its own order. */
#include "scheduler/config/inherit.h"
#include "base/check.h"
#include "base/table.h"
#include "scheduler/graph/lexer.h"
#include <errno.h>

#include "base/banned.h"

struct name_entry {
    UT_hash_handle hh;
    struct name_space *space;
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

struct name_space *namespace_find(const struct namespaces *namespaces, struct slice name)
{
    struct name_entry *entry = NULL;
    if (name.n)
        HASH_FIND(hh, namespaces->names->entries, name.at, name.n, entry);
    return entry ? entry->space : NULL;
}

struct name_space *namespace_get(struct namespaces *namespaces, struct slice name)
{
    struct name_space *space = namespace_find(namespaces, name);
    if (space)
        return space;
    space = arena_new(namespaces->arena, sizeof *space);
    space->name = arena_text(namespaces->names_arena, name);
    space->task = NO_INDEX;
    space->implicit = true;
    struct name_entry *entry = arena_new(namespaces->arena, sizeof *entry);
    entry->space = space;
    HASH_ADD_KEYPTR(hh, namespaces->names->entries, space->name, name.n, entry);
    *vec_push(&namespaces->all) = space;
    return space;
}

struct name_space *namespace_root(const struct namespaces *namespaces)
{
    return namespaces->all.at[0];
}

int namespace_check_name(struct slice name, struct error *error)
{
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

struct adding {
    struct namespaces *namespaces;
    struct item *section;
};

static const struct param_value *copy_parameters(const struct namespaces *namespaces,
                                                 const struct param_value *values, size_t n)
{
    struct param_value *copy = arena_new_array(namespaces->arena, n, sizeof *copy);
    for (size_t i = 0; i < n; i++)
        copy[i] = (struct param_value){arena_text(namespaces->arena, slice_of(values[i].name)),
                                       arena_text(namespaces->arena, slice_of(values[i].value))};
    return copy;
}

static int add_named(void *context, const char *text, const struct param_value *values,
                     size_t n_values, struct error *error)
{
    const struct adding *adding = context;
    struct namespaces *namespaces = adding->namespaces;
    struct slice name = slice_of(text);
    int result = namespace_check_name(name, error);
    if (result < 0)
        return result;
    struct name_space *space = namespace_get(namespaces, name);
    struct heading *heading = arena_new(namespaces->arena, sizeof *heading);
    heading->section = adding->section;
    heading->parameters = copy_parameters(namespaces, values, n_values);
    heading->n_parameters = (uint32_t)n_values;
    if (space->last_heading)
        space->last_heading->next = heading;
    else
        space->headings = heading;
    space->last_heading = heading;
    space->implicit = false;
    return 0;
}

static int add_heading(struct namespaces *namespaces, struct slice name, struct item *section,
                       struct error *error)
{
    struct adding adding = {namespaces, section};
    if (!name.n)
        return item_error(error, section, -EINVAL, "an empty name in the list");
    int result = memchr(name.at, '<', name.n)
                     ? params_expand_name(namespaces->params, name, add_named, &adding, error)
                     : add_named(&adding, arena_text(namespaces->arena, name), NULL, 0, error);
    return result < 0 ? item_error_where(error, section) : 0;
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
    struct name_space *space;
    int depth;
};

struct linearising {
    struct namespaces *namespaces;
    const struct item_tree *tree;
    struct error *error;
};

/* The heading with the `inherit` that counts, or NULL. */
static const struct heading *inherit_heading(const struct linearising *self,
                                             const struct name_space *space)
{
    const struct heading *last = NULL;
    for (const struct heading *h = space->headings; h; h = h->next)
        if (item_find(self->tree, h->section, "inherit"))
            last = h;
    return last;
}

static const struct item *inherit_item(const struct linearising *self,
                                       const struct name_space *space)
{
    const struct heading *heading = inherit_heading(self, space);
    return heading ? item_find(self->tree, heading->section, "inherit") : NULL;
}

/* A parent's name, with the parameters of the heading filled in; NULL and the error. */
static const char *parent_name(const struct linearising *self, const struct name_space *space,
                               const char *name)
{
    if (!strchr(name, '<'))
        return name;
    const struct heading *heading = inherit_heading(self, space);
    struct text full = {0};
    const char *result = NULL;
    if (params_fill(self->namespaces->params, slice_of(name), heading->parameters,
                    heading->n_parameters, &full, self->error) < 0)
        item_error_where(self->error, inherit_item(self, space));
    else
        result = arena_text(self->namespaces->arena, slice_of(text_string(&full)));
    text_release(&full);
    return result;
}

static int find_parents(const struct linearising *self, struct name_space *space)
{
    struct name_space *root = namespace_root(self->namespaces);
    const struct item *item = inherit_item(self, space);
    uint32_t n = item ? item->value.strings.n : 0;
    space->parents = arena_new_array(self->namespaces->arena, n + 1, sizeof(void *));
    if (space == root)
        return n ? item_error(self->error, item, -EINVAL, "root inherits from nothing") : 0;
    for (uint32_t i = 0; i < n; i++) {
        const char *name = parent_name(self, space, item->value.strings.at[i]);
        if (!name)
            return self->error->code;
        if (strcmp(name, "None") == 0) {
            if (i > 0 || n == 1)
                return item_error(self->error, item, -EINVAL,
                                  "null parentage for %s: None stands first, before other parents",
                                  space->name);
            space->none_first = true;
            continue;
        }
        struct name_space *parent = namespace_find(self->namespaces, slice_of(name));
        if (!parent)
            return item_error(self->error, item, -EINVAL, "undefined parent \"%s\" of %s", name,
                              space->name);
        space->parents[space->n_parents++] = parent;
    }
    if (!space->n_parents)
        space->parents[space->n_parents++] = root;
    return 0;
}

static int refuse_circle(const struct linearising *self, const struct frame *child,
                         const struct name_space *parent)
{
    struct text circle = {0};
    const struct frame *f = child;
    for (; f && f->space != parent; f = f->child)
        text_addf(&circle, "%s, which is inherited by ", f->space->name);
    INVARIANT(f);
    int result = item_error(self->error, inherit_item(self, parent), -EINVAL,
                            "circular inheritance: %s is inherited by %s%s", parent->name,
                            text_string(&circle), parent->name);
    text_release(&circle);
    return result;
}

/* What is left of a parent's order while merging. */
struct rest {
    struct name_space **at;
    uint32_t n;
};

static bool is_in_tail(const struct rest *rests, uint32_t n, const struct name_space *space)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 1; j < rests[i].n; j++)
            if (rests[i].at[j] == space)
                return true;
    return false;
}

static struct name_space *next_of(const struct rest *rests, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (rests[i].n && !is_in_tail(rests, n, rests[i].at[0]))
            return rests[i].at[0];
    return NULL;
}

static int merge(const struct linearising *self, struct name_space *space, struct rest *rests,
                 uint32_t n, uint32_t total)
{
    space->order = arena_new_array(self->namespaces->arena, total + 1, sizeof(void *));
    space->order[space->n_order++] = space;
    for (;;) {
        uint32_t left = 0;
        for (uint32_t i = 0; i < n; i++)
            left += rests[i].n;
        if (!left)
            return 0;
        struct name_space *next = next_of(rests, n);
        if (!next)
            return item_error(self->error, inherit_item(self, space), -EINVAL,
                              "%s: the orders of its parents contradict each other (bad "
                              "inheritance hierarchy)",
                              space->name);
        if (space->n_order >= PARENTS_MAX)
            return item_error(self->error, inherit_item(self, space), -EINVAL,
                              "%s: more than %d ancestors", space->name, PARENTS_MAX);
        space->order[space->n_order++] = next;
        for (uint32_t i = 0; i < n; i++)
            if (rests[i].n && rests[i].at[0] == next)
                rests[i] = (struct rest){rests[i].at + 1, rests[i].n - 1};
    }
}

static int refuse_duplicates(const struct linearising *self, const struct name_space *space)
{
    for (uint32_t i = 0; i < space->n_parents; i++)
        for (uint32_t j = 0; j < i; j++)
            if (space->parents[i] == space->parents[j])
                return item_error(self->error, inherit_item(self, space), -EINVAL,
                                  "%s: parent \"%s\" is named twice", space->name,
                                  space->parents[i]->name);
    return 0;
}

static int merge_parents(const struct linearising *self, struct name_space *space)
{
    uint32_t n = space->n_parents, total = n;
    if (n > PARENTS_MAX)
        return item_error(self->error, inherit_item(self, space), -EINVAL,
                          "%s: more than %d parents", space->name, PARENTS_MAX);
    int result = refuse_duplicates(self, space);
    if (result < 0)
        return result;
    struct rest *rests = NEW_ARRAY(struct rest, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        rests[i] = (struct rest){space->parents[i]->order, space->parents[i]->n_order};
        total += rests[i].n;
    }
    rests[n] = (struct rest){space->parents, n};
    result = merge(self, space, rests, n + 1, total);
    free(rests);
    return result;
}

static int linearise(const struct linearising *self, struct name_space *space,
                     const struct frame *child)
{
    if (space->state == LINEARISED)
        return 0;
    if (space->state == BEING_LINEARISED)
        return refuse_circle(self, child, space);
    struct frame frame = {child, space, child ? child->depth + 1 : 0};
    if (frame.depth > INHERIT_DEPTH_MAX)
        return item_error(self->error, inherit_item(self, space), -EINVAL,
                          "%s: inheritance more than %d levels deep", space->name,
                          INHERIT_DEPTH_MAX);
    space->state = BEING_LINEARISED;
    int result = find_parents(self, space);
    for (uint32_t i = 0; i < space->n_parents && result == 0; i++) {
        space->parents[i]->family = true;
        result = linearise(self, space->parents[i], &frame);
    }
    if (result == 0)
        result = merge_parents(self, space);
    space->state = LINEARISED;
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
