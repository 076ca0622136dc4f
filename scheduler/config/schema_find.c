/* Looking up rows of the tables. */
#include "base/check.h"
#include "scheduler/config/schema.h"
#include <string.h>

#include "base/banned.h"

struct schema_family schema_top(const struct schema *schema)
{
    return (struct schema_family){schema->at, schema->at + schema->n, 1};
}

struct schema_family schema_children(const struct schema_family *family,
                                     const struct schema_entry *section)
{
    const struct schema_entry *end = section + 1;
    while (end < family->end && end->level > section->level)
        end++;
    return (struct schema_family){section + 1, end, section->level + 1};
}

const struct schema_entry *schema_child(const struct schema_family *family, const char *name,
                                        bool section)
{
    const struct schema_entry *any = NULL, *other_kind = NULL;
    for (const struct schema_entry *e = family->first; e < family->end; e++) {
        if (e->level != family->level)
            continue;
        if (e->name[0] == '*' && e->section == section)
            any = e;
        else if (strcmp(e->name, name) == 0) {
            if (e->section == section)
                return e;
            other_kind = e;
        }
    }
    return other_kind ? NULL : any;
}

bool schema_entry_default(struct arena *arena, const struct schema_entry *entry,
                          struct value *ret_value)
{
    if (!entry->fallback)
        return false;
    struct raw_value raw = {.text = slice_of(entry->fallback)};
    struct error error = {0};
    int result = value_read(arena, entry->type, &raw, ret_value, &error);
    INVARIANT(result == 0);
    return true;
}

bool schema_default(struct arena *arena, enum item_id id, struct value *ret_value)
{
    for (size_t i = 0; i < schema_flow.n; i++)
        if (schema_flow.at[i].id == id && schema_flow.at[i].fallback)
            return schema_entry_default(arena, &schema_flow.at[i], ret_value);
    return false;
}
