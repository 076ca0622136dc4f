/* See old_platform.h. The two ways to say where a job runs do not mix: it would not be clear which
 * counts. */
#include "scheduler/config/old_platform.h"
#include "scheduler/config/platform.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

static bool is_set(const struct item *item)
{
    return item && !item->value.empty;
}

static const char *string_of(const struct item *item)
{
    return is_set(item) ? item->value.string : NULL;
}

static int refuse_both(const struct settling *self, const struct settings *settings,
                       const struct item *old)
{
    char path[ITEM_PATH_MAX];
    item_path(settings->platform, path);
    return item_error(self->error, old, -EINVAL,
                      "a mixture of platform (%s, line %d) and of what Cylc 7 had instead of it",
                      path, settings->platform->line);
}

/* "HOST (RUNNER)": nobody has a platform of that name. */
static const char *no_platform(const struct settling *self, const struct platform_wish *wish)
{
    struct text text = {0};
    text_addf(&text, "%s (%s)", wish->host ? wish->host : "localhost",
              wish->batch_system ? wish->batch_system : "background");
    const char *name = arena_text(self->keep, slice_of(text_string(&text)));
    text_release(&text);
    return name;
}

static const char *find(const struct settling *self, const struct platform_wish *wish)
{
    struct error error = {0};
    struct platforms *platforms = platforms_create(self->global);
    const struct platform *platform = platforms_for_wish(platforms, wish, &error);
    const char *name =
        platform ? arena_text(self->keep, slice_of(platform->name)) : no_platform(self, wish);
    platforms_destroy(platforms);
    return name;
}

int old_platform_settle(const struct settling *self, struct settings *settings)
{
    const struct item *const old[] = {settings->remote_host, settings->batch_system,
                                      settings->batch_template, settings->retrieve_logs};
    for (size_t i = 0; i < sizeof old / sizeof *old; i++)
        if (is_set(old[i]) && is_set(settings->platform))
            return refuse_both(self, settings, old[i]);
    const struct platform_wish wish = {.host = string_of(settings->remote_host),
                                       .batch_system = string_of(settings->batch_system),
                                       .batch_submit_template =
                                           string_of(settings->batch_template)};
    if (wish.host && strpbrk(wish.host, "$`"))
        settings->runtime.platform = wish.host; /* a command that tells it */
    else if (wish.host || wish.batch_system || wish.batch_submit_template)
        settings->runtime.platform = find(self, &wish);
    else if (!is_set(settings->platform))
        settings->runtime.platform = "localhost"; /* also where a parent said more */
    return 0;
}

void old_platform_warn(const struct settling *self, const struct item *heading)
{
    char path[ITEM_PATH_MAX];
    for (const struct item *section = heading->first; section; section = section->next)
        for (const struct item *item = section->first; item; item = item->next) {
            enum item_id id = item->schema->id;
            if (!item->value.empty && (id == ID_REMOTE_HOST || id == ID_BATCH_SYSTEM ||
                                       id == ID_BATCH_TEMPLATE || id == ID_RETRIEVE_LOGS))
                warner_say(self->warner, "%s:%d: %s is deprecated: use [runtime][%s]platform",
                           item->file, item->line, item_path(item, path), heading->name);
        }
}
