/* Resolving inheritance. A namespace begins with what its parent has settled, or, with several
 * parents, with everything its ancestors set from root down, and puts its own items over it. Lists
 * of pairs are shared with the parent until something is added. */
#include "scheduler/config/runtime.h"
#include "base/check.h"
#include "scheduler/config/global.h"
#include "scheduler/config/old_platform.h"
#include "scheduler/config/outputs.h"
#include "scheduler/config/schema.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/banned.h"

enum field_kind {
    NO_FIELD,
    STRING_FIELD,
    NUMBER_FIELD,
    DELAYS_FIELD,
    LIST_FIELD,
    NOT_FIELD,
    ITEM_FIELD
};

/* Items that go into a field of struct settings as they are. A list field is followed by its
 * length; a not field is a boolean, true where the item is False; an item field is the item. */
struct field {
    enum field_kind kind;
    size_t offset;
};

#define FIELD(kind, member)                                                                        \
    {                                                                                              \
        kind, offsetof(struct settings, member)                                                    \
    }
static const struct field fields[] = {
    [ID_SCRIPT] = FIELD(STRING_FIELD, runtime.script),
    [ID_INIT_SCRIPT] = FIELD(STRING_FIELD, runtime.init_script),
    [ID_ENV_SCRIPT] = FIELD(STRING_FIELD, runtime.env_script),
    [ID_PRE_SCRIPT] = FIELD(STRING_FIELD, runtime.pre_script),
    [ID_POST_SCRIPT] = FIELD(STRING_FIELD, runtime.post_script),
    [ID_EXIT_SCRIPT] = FIELD(STRING_FIELD, runtime.exit_script),
    [ID_ERR_SCRIPT] = FIELD(STRING_FIELD, runtime.err_script),
    [ID_PLATFORM] = FIELD(STRING_FIELD, runtime.platform),
    [ID_WORK_SUB_DIRECTORY] = FIELD(STRING_FIELD, runtime.work_sub_directory),
    [ID_EXECUTION_RETRIES] = FIELD(DELAYS_FIELD, runtime.execution_retries),
    [ID_SUBMISSION_RETRIES] = FIELD(DELAYS_FIELD, runtime.submission_retries),
    [ID_EXECUTION_POLLING] = FIELD(DELAYS_FIELD, runtime.execution_polling),
    [ID_SUBMISSION_POLLING] = FIELD(DELAYS_FIELD, runtime.submission_polling),
    [ID_EXECUTION_TIME_LIMIT] = FIELD(NUMBER_FIELD, runtime.execution_time_limit),
    [ID_COMPLETION] = FIELD(STRING_FIELD, runtime.completion),
    [ID_ENVIRONMENT_INCLUDE] = FIELD(LIST_FIELD, include),
    [ID_ENVIRONMENT_EXCLUDE] = FIELD(LIST_FIELD, exclude),
    [ID_PRIORITY] = FIELD(NUMBER_FIELD, runtime.priority),
    [ID_RUN_LENGTH] = FIELD(NUMBER_FIELD, runtime.simulation_default),
    [ID_TIME_LIMIT_BUFFER] = FIELD(NUMBER_FIELD, runtime.time_limit_buffer),
    [ID_SPEEDUP_FACTOR] = FIELD(NUMBER_FIELD, runtime.simulation_speedup),
    [ID_FAIL_FIRST_ONLY] = FIELD(NOT_FIELD, runtime.simulated_failures.every_try),
    [ID_SIMULATION_NO_HANDLERS] = FIELD(NOT_FIELD, runtime.simulation_handlers),
    [ID_REMOTE_HOST] = FIELD(ITEM_FIELD, remote_host),
    [ID_BATCH_SYSTEM] = FIELD(ITEM_FIELD, batch_system),
    [ID_BATCH_TEMPLATE] = FIELD(ITEM_FIELD, batch_template),
    [ID_RETRIEVE_LOGS] = FIELD(ITEM_FIELD, retrieve_logs),
    [ID_SKIP_NO_HANDLERS] = FIELD(NOT_FIELD, runtime.skip_handlers),
    [ID_TASK_MAIL_TO] = FIELD(STRING_FIELD, runtime.mail_to),
    [ID_TASK_MAIL_FROM] = FIELD(STRING_FIELD, runtime.mail_from),
    [ID_SKIP_OUTPUTS] = FIELD(ITEM_FIELD, skip_outputs),
    [ID_POLL_INTERVAL] = FIELD(ITEM_FIELD, poll_interval),
    [ID_POLL_MAX] = FIELD(ITEM_FIELD, poll_max),
    [ID_POLL_MESSAGE] = FIELD(ITEM_FIELD, poll_message),
    [ID_POLL_RUN_DIR] = FIELD(ITEM_FIELD, poll_run_dir),
    [ID_TASK_HANDLER_RETRIES] = FIELD(DELAYS_FIELD, runtime.handler_retries),
    [ID_EXECUTION_TIMEOUT] = FIELD(NUMBER_FIELD, runtime.execution_timeout),
    [ID_SUBMISSION_TIMEOUT] = FIELD(NUMBER_FIELD, runtime.submission_timeout),
};
static const size_t FIELDS = sizeof fields / sizeof *fields;

static void set_field(struct settings *settings, const struct field *field,
                      const struct value *value, const struct item *item)
{
    char *at = (char *)settings + field->offset;
    switch (field->kind) {
    case NO_FIELD:
        break;
    case STRING_FIELD:
        memcpy(at, &value->string, sizeof value->string);
        break;
    case NUMBER_FIELD:
        memcpy(at, &value->number, sizeof value->number);
        break;
    case DELAYS_FIELD:
        memcpy(at, &(struct delays){value->numbers.at, value->numbers.n}, sizeof(struct delays));
        break;
    case LIST_FIELD:
        memcpy(at, &value->strings, sizeof value->strings);
        break;
    case NOT_FIELD:
        *(bool *)at = !value->boolean;
        break;
    case ITEM_FIELD:
        item = item && item->value.empty ? NULL : item;
        memcpy(at, &item, sizeof item);
        break;
    }
}

static uint32_t find_pair(const struct key_value *pairs, uint32_t n, const char *key)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(pairs[i].key, key) == 0)
            return i;
    return NO_INDEX;
}

struct pairs pairs_merge(struct arena *keep, struct pairs base, const struct item *section)
{
    uint32_t more = 0;
    for (const struct item *item = section->first; item; item = item->next)
        more++;
    if (!more)
        return base;
    struct key_value *pairs = arena_new_array(keep, base.n + more, sizeof *pairs);
    uint32_t n = base.n;
    if (n)
        memcpy(pairs, base.at, n * sizeof *pairs);
    for (const struct item *item = section->first; item; item = item->next) {
        uint32_t i = find_pair(pairs, base.n, item->name);
        if (i == NO_INDEX) {
            i = n++;
            pairs[i].key = arena_text(keep, slice_of(item->name));
        }
        pairs[i].value = item->value.string;
    }
    return (struct pairs){pairs, n};
}

const struct event_handlers *event_handlers_merge(struct arena *keep,
                                                  const struct event_handlers *base, uint32_t n,
                                                  const struct item *item, uint32_t *ret_n)
{
    static const char suffix[] = " handlers";
    struct slice event = {item->name, strlen(item->name) - strlen(suffix)};
    struct event_handlers *all = arena_new_array(keep, n + 1, sizeof *all);
    if (n)
        memcpy(all, base, n * sizeof *all);
    uint32_t i = 0;
    while (i < n && !slice_equal(event, all[i].event))
        i++;
    *ret_n = i == n ? n + 1 : n;
    all[i] = (struct event_handlers){arena_text(keep, event), item->value.strings.at,
                                     item->value.strings.n};
    return all;
}

/* As in Cylc a point that is none is only worth a warning: nothing may ever run in simulation. */
static struct simulated_failures failures_of(const struct settling *self, const struct item *item,
                                             bool every_try)
{
    const struct string_list *texts = &item->value.strings;
    cycle_point *points = arena_new_array(self->keep, texts->n, sizeof *points);
    struct simulated_failures failures = {.points = points, .every_try = every_try};
    for (uint32_t i = 0; i < texts->n; i++) {
        struct error error = {0};
        char path[ITEM_PATH_MAX];
        if (strcmp(texts->at[i], "all") == 0)
            failures.everywhere = true;
        else if (point_parse(self->cycling, texts->at[i], &points[failures.n_points], &error) == 0)
            failures.n_points++;
        else
            warner_say(self->warner, "%s:%d: %s: %s is left out: %s", item->file, item->line,
                       item_path(item, path), texts->at[i], error.text);
    }
    return failures;
}

static int apply_item(const struct settling *self, struct settings *settings,
                      const struct item *item)
{
    enum item_id id = item->schema->id;
    struct runtime *runtime = &settings->runtime;
    struct value value = item->value;
    if (value.empty && (size_t)id < FIELDS && fields[id].kind != NO_FIELD)
        schema_default(self->keep, id, &value);
    if (id == ID_COMPLETION)
        settings->completion = item;
    else if (id == ID_PLATFORM)
        settings->platform = item;
    if ((size_t)id < FIELDS && fields[id].kind != NO_FIELD) {
        set_field(settings, &fields[id], &value, item);
    } else if (id == ID_LATE_OFFSET) {
        runtime->may_be_late = !value.empty;
        runtime->late_offset = value.number;
    } else if (id == ID_TASK_HANDLERS) {
        runtime->handlers = value.strings.at;
        runtime->n_handlers = value.strings.n;
    } else if (id == ID_TASK_HANDLER_EVENTS) {
        runtime->handler_events = value.strings.at;
        runtime->n_handler_events = value.strings.n;
    } else if (id == ID_TASK_MAIL_EVENTS) {
        runtime->mail_events = value.strings.at;
        runtime->n_mail_events = value.strings.n;
    } else if (id == ID_TASK_EVENT_HANDLERS) {
        runtime->event_handlers =
            event_handlers_merge(self->keep, runtime->event_handlers, runtime->n_event_handlers,
                                 item, &runtime->n_event_handlers);
    } else if (id == ID_FAIL_POINTS) {
        runtime->simulated_failures =
            failures_of(self, item, runtime->simulated_failures.every_try);
    } else if (id == ID_RUN_MODE) {
        runtime->run_mode = value.empty                         ? RUN_AS_WORKFLOW
                            : strcmp(value.string, "skip") == 0 ? RUN_SKIP
                                                                : RUN_LIVE;
    }
    return 0;
}

static bool is_letter(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int check_variables(const struct settling *self, const struct item *environment)
{
    for (const struct item *item = environment->first; item; item = item->next)
        for (const char *c = item->name; *c; c++)
            if (!is_letter(*c) && (c == item->name || *c < '0' || *c > '9'))
                return item_error(self->error, item, -EINVAL,
                                  "\"%s\" is no name of an environment variable: expected letters, "
                                  "digits and `_`, no digit first",
                                  item->name);
    return 0;
}

static int apply_outputs(const struct settling *self, struct settings *settings,
                         const struct item *section)
{
    for (const struct item *item = section->first; item; item = item->next)
        if (output_check(item->name, item->value.string, self->error) < 0)
            return item_error_where(self->error, item);
    settings->custom_outputs = pairs_merge(self->keep, settings->custom_outputs, section);
    if (outputs_make(self->keep, settings, self->error) < 0)
        return item_error_where(self->error, section);
    return 0;
}

static int apply_section(const struct settling *self, struct settings *settings,
                         const struct item *section)
{
    struct runtime *runtime = &settings->runtime;
    struct pairs *pairs = NULL, directives = {runtime->directives, runtime->n_directives},
                 meta = {runtime->meta, runtime->n_meta};
    int result = 0;
    if (strcmp(section->name, "outputs") == 0)
        return apply_outputs(self, settings, section);
    if (strcmp(section->name, "environment") == 0) {
        pairs = &settings->environment;
        result = check_variables(self, section);
    } else if (strcmp(section->name, "directives") == 0) {
        pairs = &directives;
    } else if (strcmp(section->name, "meta") == 0) {
        pairs = &meta;
    }
    if (pairs)
        *pairs = pairs_merge(self->keep, *pairs, section);
    else
        for (const struct item *item = section->first; item && result == 0; item = item->next)
            result = apply_item(self, settings, item);
    runtime->directives = directives.at;
    runtime->n_directives = directives.n;
    runtime->meta = meta.at;
    runtime->n_meta = meta.n;
    return result;
}

/* Put everything the headings of a namespace say over `settings`. */
static int apply_headings(const struct settling *self, struct settings *settings,
                          const struct name_space *space)
{
    int result = 0;
    for (const struct heading *h = space->headings; h; h = h->next)
        for (const struct item *item = h->section->first; item && result == 0; item = item->next)
            result = item->section ? apply_section(self, settings, item)
                                   : apply_item(self, settings, item);
    return result;
}

static bool is_in(const struct string_list *list, const char *name)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (strcmp(list->at[i], name) == 0)
            return true;
    return false;
}

static void filter_environment(const struct settling *self, struct settings *settings)
{
    const struct pairs *all = &settings->environment;
    settings->runtime.environment = all->at;
    settings->runtime.n_environment = all->n;
    if (!settings->include.n && !settings->exclude.n)
        return;
    struct key_value *some = arena_new_array(self->keep, all->n, sizeof *some);
    uint32_t n = 0;
    for (uint32_t i = 0; i < all->n; i++)
        if ((!settings->include.n || is_in(&settings->include, all->at[i].key)) &&
            !is_in(&settings->exclude, all->at[i].key))
            some[n++] = all->at[i];
    settings->runtime.environment = some;
    settings->runtime.n_environment = n;
}

static double run_length(const struct runtime *runtime)
{
    double limit = runtime->execution_time_limit;
    return runtime->simulation_speedup > 0 && limit > 0 ? limit / runtime->simulation_speedup
                                                        : runtime->simulation_default;
}

int runtime_override(struct arena *keep, const struct cycling *cycling, const struct item *section,
                     struct settings *settings, struct error *error)
{
    const struct settling self = {.keep = keep, .cycling = cycling, .error = error};
    int result = 0;
    for (const struct item *item = section->first; item && result == 0; item = item->next)
        result = item->section ? apply_section(&self, settings, item)
                               : apply_item(&self, settings, item);
    settings->runtime.environment = settings->environment.at;
    settings->runtime.n_environment = settings->environment.n;
    settings->runtime.simulation_run_length = run_length(&settings->runtime);
    return result;
}

/* [task events] of global.cylc. */
static void set_global_events(const struct settling *self, struct settings *settings)
{
    struct schema_family family = schema_top(&schema_flow);
    const char *const path[] = {"runtime", "*", "events"};
    for (size_t i = 0; i < 3; i++)
        family = schema_children(&family, schema_child(&family, path[i], true));
    const struct item *events = global_section(self->global, "task events");
    for (const struct item *item = events ? events->first : NULL; item; item = item->next) {
        const struct item here = {.name = item->name,
                                  .schema = schema_child(&family, item->name, false),
                                  .value = value_copy(self->keep, &item->value)};
        INVARIANT(here.schema);
        int result = item->value.empty ? 0 : apply_item(self, settings, &here);
        INVARIANT(result == 0);
    }
}

static void set_defaults(const struct settling *self, struct settings *settings)
{
    const struct value nothing = {.string = ""};
    for (size_t i = 0; i < FIELDS; i++) {
        struct value value = nothing;
        schema_default(self->keep, (enum item_id)i, &value);
        set_field(settings, &fields[i], &value, NULL);
    }
    set_global_events(self, settings);
    int result = outputs_make(self->keep, settings, self->error);
    POST(result == 0);
}

static int settle_platform(const struct settling *self, struct settings *settings,
                           const struct name_space *space)
{
    for (const struct heading *h = space->headings; h; h = h->next)
        old_platform_warn(self, h->section);
    return old_platform_settle(self, settings);
}

static int settle(const struct settling *self, struct name_space *space, struct arena *scratch)
{
    if (space->settings)
        return 0;
    int result = 0;
    for (uint32_t i = 0; i < space->n_parents && result == 0; i++)
        result = settle(self, space->parents[i], scratch);
    if (result < 0)
        return result;
    struct settings *settings = arena_new(scratch, sizeof *settings);
    if (space->n_parents == 1)
        *settings = *space->parents[0]->settings;
    else
        set_defaults(self, settings);
    uint32_t above = space->n_parents == 1 ? 0 : space->n_order - 1;
    for (uint32_t i = above; i > 0 && result == 0; i--)
        result = apply_headings(self, settings, space->order[i]);
    if (result == 0)
        result = apply_headings(self, settings, space);
    if (result == 0)
        result = settle_platform(self, settings, space);
    if (result < 0)
        return result;
    filter_environment(self, settings);
    settings->runtime.simulation_run_length = run_length(&settings->runtime);
    space->settings = settings;
    return 0;
}

int runtime_settle(struct namespaces *namespaces, const struct settling *settling)
{
    int result = 0;
    for (size_t i = 0; i < namespaces->all.n && result == 0; i++)
        result = settle(settling, namespaces->all.at[i], namespaces->arena);
    return result;
}

void runtime_settle_implicit(struct namespaces *namespaces, struct name_space *space)
{
    struct name_space *root = namespace_root(namespaces);
    PRE(!space->settings && root->settings);
    space->settings = root->settings;
    space->parents = arena_new_array(namespaces->arena, 1, sizeof(void *));
    space->parents[0] = root;
    space->n_parents = 1;
    space->order = arena_new_array(namespaces->arena, 2, sizeof(void *));
    space->order[0] = space;
    space->order[1] = root;
    space->n_order = 2;
    space->state = LINEARISED;
}
