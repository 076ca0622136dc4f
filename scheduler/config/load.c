/* Looking up settings while a workflow is being read. */
#include "scheduler/config/load.h"
#include "scheduler/config/global.h"

#include "base/banned.h"

const struct item *load_section(const struct loading *self, const char *section,
                                const char *subsection)
{
    const struct item *found = item_find(&self->tree, &self->tree.root, section);
    return subsection ? item_find(&self->tree, found, subsection) : found;
}

const struct item *load_setting(const struct loading *self, const char *section,
                                const char *subsection, const char *name)
{
    const struct item *parent = load_section(self, section, subsection);
    const struct item *item = item_find(&self->tree, parent, name);
    return item && !item->value.empty ? item : NULL;
}

struct value load_value(const struct loading *self, const char *section, const char *subsection,
                        const char *name, enum item_id id)
{
    const struct item *item = load_setting(self, section, subsection, name);
    struct value value = {.empty = true, .string = ""};
    if (item)
        return item->value;
    item = global_item(self->options->global, section, subsection, name);
    if (item && !item->value.empty)
        return value_copy(self->keep, &item->value);
    schema_default(self->keep, id, &value);
    return value;
}
