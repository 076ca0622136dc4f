/* [meta] and [scheduler]: what concerns the workflow as a whole. */
#include "scheduler/config/global.h"
#include "scheduler/config/load.h"
#include "scheduler/config/url.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

static int check_url(struct loading *self, const struct item *meta, bool of_task)
{
    const struct item *url = item_find(&self->tree, meta, "URL");
    bool old = false;
    char path[ITEM_PATH_MAX];
    if (url && url_check(url->value.string, of_task, &old, self->error) < 0)
        return item_error_where(self->error, url);
    if (old)
        warner_say(&self->warner, "Detected deprecated template variables in %s.",
                   item_path(url, path));
    return 0;
}

static int load_urls(struct loading *self)
{
    const struct item *runtime = load_section(self, "runtime", NULL);
    int result = check_url(self, load_section(self, "meta", NULL), false);
    for (const struct item *ns = runtime ? runtime->first : NULL; ns && result == 0; ns = ns->next)
        result = check_url(self, item_find(&self->tree, ns, "meta"), true);
    return result;
}

static int load_meta(struct loading *self)
{
    const struct item *meta = load_section(self, "meta", NULL);
    const struct item *title = load_setting(self, "meta", NULL, "title");
    struct pairs pairs = {0};
    if (meta)
        pairs = pairs_merge(self->keep, pairs, meta);
    self->workflow->meta = pairs.at;
    self->workflow->n_meta = pairs.n;
    self->workflow->title = title ? title->value.string : "";
    return load_urls(self);
}

static void load_timeout(const struct loading *self, struct timeout_def *timeout, const char *name,
                         enum item_id id, const char *abort_name, enum item_id abort_id)
{
    struct value value = load_value(self, "scheduler", "events", name, id);
    timeout->seconds = value.empty ? -1 : value.number;
    timeout->abort =
        abort_name && load_value(self, "scheduler", "events", abort_name, abort_id).boolean;
}

static void load_timeouts(struct loading *self)
{
    struct workflow *workflow = self->workflow;
    load_timeout(self, &workflow->stall_timeout, "stall timeout", ID_STALL_TIMEOUT,
                 "abort on stall timeout", ID_ABORT_ON_STALL_TIMEOUT);
    load_timeout(self, &workflow->inactivity_timeout, "inactivity timeout", ID_INACTIVITY_TIMEOUT,
                 "abort on inactivity timeout", ID_ABORT_ON_INACTIVITY_TIMEOUT);
    load_timeout(self, &workflow->workflow_timeout, "workflow timeout", ID_WORKFLOW_TIMEOUT,
                 "abort on workflow timeout", ID_ABORT_ON_WORKFLOW_TIMEOUT);
    load_timeout(self, &workflow->restart_timeout, "restart timeout", ID_RESTART_TIMEOUT, NULL,
                 ID_NONE);
}

static void load_handlers(struct loading *self)
{
    struct workflow *workflow = self->workflow;
    struct value handlers =
        load_value(self, "scheduler", "events", "handlers", ID_WORKFLOW_HANDLERS);
    struct value events =
        load_value(self, "scheduler", "events", "handler events", ID_WORKFLOW_HANDLER_EVENTS);
    workflow->handlers = handlers.strings.at;
    workflow->n_handlers = handlers.strings.n;
    workflow->handler_events = events.strings.at;
    workflow->n_handler_events = events.strings.n;
    struct value mail =
        load_value(self, "scheduler", "events", "mail events", ID_WORKFLOW_MAIL_EVENTS);
    workflow->mail_events = mail.strings.at;
    workflow->n_mail_events = mail.strings.n;
    struct value expected =
        load_value(self, "scheduler", "events", "expected task failures", ID_EXPECTED_FAILURES);
    workflow->expected_failures = expected.strings.at;
    workflow->n_expected_failures = expected.strings.n;
    const struct item *section = load_section(self, "scheduler", "events");
    for (const struct item *item = section ? section->first : NULL; item; item = item->next)
        if (item->schema->id == ID_WORKFLOW_EVENT_HANDLERS)
            workflow->event_handlers =
                event_handlers_merge(self->keep, workflow->event_handlers,
                                     workflow->n_event_handlers, item, &workflow->n_event_handlers);
}

static const char *load_text(const struct loading *self, const char *name, enum item_id id)
{
    return load_value(self, "scheduler", "mail", name, id).string;
}

static void load_mail(struct loading *self)
{
    struct workflow *workflow = self->workflow;
    workflow->mail.footer = load_text(self, "footer", ID_MAIL_FOOTER);
    workflow->mail.to = load_text(self, "to", ID_MAIL_TO);
    workflow->mail.from = load_text(self, "from", ID_MAIL_FROM);
    workflow->mail.batch_interval =
        load_value(self, "scheduler", "mail", "task event batch interval", ID_MAIL_INTERVAL).number;
    const struct item *smtp = global_item(self->options->global, "scheduler", "mail", "smtp");
    workflow->mail.smtp = smtp ? arena_text(self->keep, slice_of(smtp->value.string)) : "";
}

/* Directories to install are those of the top level. */
static int check_install(const struct loading *self)
{
    const struct item *item = load_setting(self, "scheduler", NULL, "install");
    for (uint32_t i = 0; item && i < item->value.strings.n; i++) {
        const char *name = item->value.strings.at[i];
        size_t n = strlen(name);
        if (name[n - 1] == '/' && memchr(name, '/', n - 1))
            return item_error(self->error, item, -EINVAL,
                              "\"%s\": only directories of the top level can be installed", name);
    }
    return 0;
}

static void load_process_pool(struct loading *self)
{
    const struct global_config *global = self->options->global;
    int64_t size = global_value(global, self->keep, "scheduler", NULL, "process pool size").integer;
    self->workflow->process_pool_size = size < 1            ? 1
                                        : size > UINT16_MAX ? UINT16_MAX
                                                            : (unsigned)size;
    self->workflow->process_pool_timeout =
        global_value(global, self->keep, "scheduler", NULL, "process pool timeout").number;
}

int load_scheduler(struct loading *self)
{
    struct workflow *workflow = self->workflow;
    if (load_meta(self) < 0)
        return self->error->code;
    workflow->utc_mode = load_value(self, "scheduler", NULL, "UTC mode", ID_UTC_MODE).boolean;
    workflow->allow_implicit_tasks =
        load_value(self, "scheduler", NULL, "allow implicit tasks", ID_ALLOW_IMPLICIT_TASKS)
            .boolean;
    load_process_pool(self);
    load_timeouts(self);
    load_handlers(self);
    load_mail(self);
    return check_install(self);
}
