/* [task parameters] to struct params. Which values are ranges and how names come of them is
 * decided in scheduler/graph. */
#include "scheduler/config/parameters.h"
#include <string.h>

#include "base/banned.h"

static int define(struct loading *self, const struct item *item)
{
    struct text list = {0};
    for (uint32_t i = 0; i < item->value.strings.n; i++)
        text_addf(&list, "%s%s", i ? ", " : "", item->value.strings.at[i]);
    int result = params_define(self->params, item->name, text_string(&list), self->error);
    text_release(&list);
    return result < 0 ? item_error_where(self->error, item) : 0;
}

int load_parameters(struct loading *self)
{
    const struct item *section = load_section(self, "task parameters", NULL);
    const struct item *templates = load_section(self, "task parameters", "templates");
    self->params = params_create();
    for (const struct item *item = section ? section->first : NULL; item; item = item->next)
        if (!item->section && define(self, item) < 0)
            return self->error->code;
    for (const struct item *item = templates ? templates->first : NULL; item; item = item->next)
        if (!item->value.empty &&
            params_template(self->params, item->name, item->value.string, self->error) < 0)
            return item_error_where(self->error, item);
    return 0;
}

struct expanding {
    parameter_name_handler *handler;
    void *context;
    bool handled; /* the error, if there is one, is the handler's and complete */
};

static int take_name(void *context, const char *name, const struct param_value *values,
                     size_t n_values, struct error *error)
{
    struct expanding *expanding = context;
    (void)values;
    (void)n_values;
    (void)error;
    int result = expanding->handler(expanding->context, name);
    expanding->handled = result < 0;
    return result;
}

int parameters_expand(struct loading *self, const struct item *item, const char *name,
                      parameter_name_handler *handler, void *context)
{
    struct expanding expanding = {handler, context, false};
    if (!strcmp(name, "<")) /* left of "t<m>" in a list whose first item is quoted: no name */
        return 0;
    if (!strchr(name, '<'))
        return handler(context, name);
    int result =
        params_expand_name(self->params, slice_of(name), take_name, &expanding, self->error);
    return result < 0 && !expanding.handled ? item_error_where(self->error, item) : result;
}
