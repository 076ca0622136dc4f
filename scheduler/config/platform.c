/* From the tree of global.cylc to platforms. Each row of `fields` says where an item goes. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "scheduler/config/platform.h"
#include "base/check.h"
#include "base/memory.h"
#include <errno.h>
#include <pcre2.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#define uthash_fatal(message) IMPOSSIBLE(message)
#include "base/table.h"

#include "base/banned.h"

/* A heading of [platforms] or [platform groups]. */
struct pattern {
    const struct item *section; /* NULL: localhost, which is always there */
    const char *text;
    pcre2_code *code; /* NULL: not compiled yet, or no pattern that compiles */
    bool compiled;
};

struct known {
    UT_hash_handle hh;
    struct platform platform;
};

struct known_group {
    UT_hash_handle hh;
    struct platform_group group;
};

struct patterns {
    struct pattern *at;
    uint32_t n;
};

struct platforms {
    const struct global_config *config;
    struct arena arena;
    struct patterns platforms, groups; /* in order of definition */
    struct known *known;
    struct known_group *known_groups;
};

/* --- items to fields --- */

static void set_string(void *field, const struct value *value)
{
    memcpy(field, &value->string, sizeof value->string);
}

static void set_boolean(void *field, const struct value *value)
{
    memcpy(field, &value->boolean, sizeof value->boolean);
}

static void set_integer(void *field, const struct value *value)
{
    memcpy(field, &value->integer, sizeof value->integer);
}

static void set_strings(void *field, const struct value *value)
{
    memcpy(field, &value->strings, sizeof value->strings);
}

static void set_numbers(void *field, const struct value *value)
{
    memcpy(field, &value->numbers, sizeof value->numbers);
}

static void set_communication(void *field, const struct value *value)
{
    enum platform_communication *communication = field;
    *communication = !strcmp(value->string, "poll")  ? PLATFORM_POLL
                     : !strcmp(value->string, "ssh") ? PLATFORM_SSH
                                                     : PLATFORM_ZMQ;
}

static const struct {
    const char *item;
    void (*set)(void *field, const struct value *value);
    size_t offset;
} fields[] = {
#define FIELD(item, type, member)                                                                  \
    {                                                                                              \
        item, set_##type, offsetof(struct platform, member)                                        \
    }
    FIELD("hosts", strings, hosts),
    FIELD("install target", string, install_target),
    FIELD("job runner", string, job_runner),
    FIELD("job runner command template", string, job_runner_command_template),
    FIELD("shell", string, shell),
    FIELD("cylc path", string, cylc_path),
    FIELD("global init-script", string, global_init_script),
    FIELD("ssh command", string, ssh_command),
    FIELD("rsync command", string, rsync_command),
    FIELD("retrieve job logs command", string, retrieve_job_logs_command),
    FIELD("retrieve job logs max size", string, retrieve_job_logs_max_size),
    FIELD("tail command template", string, tail_command_template),
    FIELD("err tailer", string, err_tailer),
    FIELD("out tailer", string, out_tailer),
    FIELD("err viewer", string, err_viewer),
    FIELD("out viewer", string, out_viewer),
    FIELD("communication method", communication, communication),
    FIELD("use login shell", boolean, use_login_shell),
    FIELD("retrieve job logs", boolean, retrieve_job_logs),
    FIELD("clean job submission environment", boolean, clean_job_submission_environment),
    FIELD("max batch submissions", integer, max_batch_submissions),
    FIELD("job name length maximum", integer, job_name_length_maximum),
    FIELD("submission polling intervals", numbers, submission_polling_intervals),
    FIELD("execution polling intervals", numbers, execution_polling_intervals),
    FIELD("execution time limit polling intervals", numbers,
          execution_time_limit_polling_intervals),
    FIELD("submission retry delays", numbers, submission_retry_delays),
    FIELD("retrieve job logs retry delays", numbers, retrieve_job_logs_retry_delays),
    FIELD("copyable environment variables", strings, copyable_environment_variables),
    FIELD("ssh forward environment variables", strings, ssh_forward_environment_variables),
    FIELD("job submission environment pass-through", strings,
          job_submission_environment_pass_through),
    FIELD("job submission executable paths", strings, job_submission_executable_paths),
#undef FIELD
};

/* The rows of the table below [platforms][*]. */
static struct schema_family platform_rows(void)
{
    struct schema_family top = schema_top(&schema_global);
    struct schema_family all = schema_children(&top, schema_child(&top, "platforms", true));
    return schema_children(&all, schema_child(&all, "*", true));
}

static const struct item *item_of(const struct platforms *self, const struct item *section,
                                  const char *name)
{
    return section ? item_find(global_tree(self->config), section, name) : NULL;
}

static enum platform_selection selection_of(const struct platforms *self,
                                            const struct item *section)
{
    const struct item *method = item_of(self, item_of(self, section, "selection"), "method");
    return method && !strcmp(method->value.string, "definition order") ? SELECT_DEFINITION_ORDER
                                                                       : SELECT_RANDOM;
}

static void read_directives(struct platforms *self, const struct item *section,
                            struct platform *platform)
{
    const struct item *directives = item_of(self, section, "directives");
    uint32_t n = 0;
    for (const struct item *item = directives ? directives->first : NULL; item; item = item->next)
        n++;
    struct key_value *pairs = arena_new_array(&self->arena, n, sizeof *pairs);
    n = 0;
    for (const struct item *item = directives ? directives->first : NULL; item; item = item->next)
        pairs[n++] = (struct key_value){item->name, item->value.string};
    platform->directives = pairs;
    platform->n_directives = n;
}

static struct platform read_platform(struct platforms *self, const struct pattern *pattern,
                                     const char *name)
{
    struct platform platform = {.name = name, .pattern = pattern->text};
    struct schema_family rows = platform_rows();
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct value value = {.string = ""};
        const struct item *item = item_of(self, pattern->section, fields[i].item);
        const struct schema_entry *row = schema_child(&rows, fields[i].item, false);
        PRE(row);
        if (item && !item->value.empty)
            value = item->value;
        else
            schema_entry_default(&self->arena, row, &value);
        fields[i].set((char *)&platform + fields[i].offset, &value);
    }
    if (!platform.hosts.n) {
        const char **host = arena_new(&self->arena, sizeof *host);
        *host = name;
        platform.hosts = (struct string_list){host, 1};
    }
    if (!*platform.install_target)
        platform.install_target = name;
    platform.selection = selection_of(self, pattern->section);
    read_directives(self, pattern->section, &platform);
    return platform;
}

/* --- which one --- */

static bool matches(struct pattern *pattern, const char *name)
{
    if (!strcmp(pattern->text, name))
        return true;
    int code;
    size_t at;
    if (!pattern->compiled)
        pattern->code =
            pcre2_compile((PCRE2_SPTR)pattern->text, PCRE2_ZERO_TERMINATED,
                          PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF, &code, &at, NULL);
    pattern->compiled = true;
    if (!pattern->code)
        return false;
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(pattern->code, NULL);
    int n = pcre2_match(pattern->code, (PCRE2_SPTR)name, strlen(name), 0, 0, data, NULL);
    pcre2_match_data_free(data);
    return n > 0;
}

static struct pattern *find_pattern(const struct patterns *patterns, const char *name)
{
    for (uint32_t i = patterns->n; i-- > 0;)
        if (matches(&patterns->at[i], name))
            return &patterns->at[i];
    return NULL;
}

static int refuse(const struct platforms *self, const char *name, struct error *error)
{
    struct text known = {0};
    for (uint32_t i = 0; i < self->platforms.n; i++)
        text_addf(&known, "%s%s", i ? ", " : "", self->platforms.at[i].text);
    int result = error_set(error, -ENOENT,
                           "no platform matches \"%s\"; global.cylc has: %s "
                           "(`config --platform-names` lists them)",
                           name, text_string(&known));
    text_release(&known);
    return result;
}

/* Jobs of these runners are known to one host only. */
static bool check(const struct pattern *pattern, const struct platform *platform,
                  struct error *error)
{
    if (platform->hosts.n < 2 ||
        (strcmp(platform->job_runner, "background") && strcmp(platform->job_runner, "at")))
        return true;
    item_error(error, pattern->section, -EINVAL,
               "the job runner \"%s\" needs one host, and this platform has %u",
               platform->job_runner, platform->hosts.n);
    return false;
}

const struct platform *platforms_get(struct platforms *self, const char *name, struct error *error)
{
    struct known *known = NULL;
    name = *name ? name : "localhost";
    HASH_FIND_STR(self->known, name, known);
    if (known)
        return &known->platform;
    struct pattern *pattern = find_pattern(&self->platforms, name);
    if (!pattern) {
        refuse(self, name, error);
        return NULL;
    }
    struct platform platform =
        read_platform(self, pattern, arena_text(&self->arena, slice_of(name)));
    if (!check(pattern, &platform, error))
        return NULL;
    known = arena_new(&self->arena, sizeof *known);
    known->platform = platform;
    HASH_ADD_KEYPTR(hh, self->known, platform.name, strlen(platform.name), known);
    return &known->platform;
}

const struct platform_group *platforms_group(struct platforms *self, const char *name)
{
    struct known_group *known = NULL;
    HASH_FIND_STR(self->known_groups, name, known);
    if (known)
        return &known->group;
    struct pattern *pattern = find_pattern(&self->groups, name);
    const struct item *members = pattern ? item_of(self, pattern->section, "platforms") : NULL;
    if (!members || !members->value.strings.n)
        return NULL;
    known = arena_new(&self->arena, sizeof *known);
    known->group = (struct platform_group){.name = arena_text(&self->arena, slice_of(name)),
                                           .platforms = members->value.strings,
                                           .selection = selection_of(self, pattern->section)};
    HASH_ADD_KEYPTR(hh, self->known_groups, known->group.name, strlen(name), known);
    return &known->group;
}

/* Where to begin with n of them. */
static uint32_t begin(enum platform_selection selection, uint32_t random, uint32_t n)
{
    return selection == SELECT_RANDOM ? random % n : 0;
}

const char *platform_host(const struct platform *platform, uint32_t random,
                          bool (*is_bad)(void *, const char *host), void *context)
{
    uint32_t n = platform->hosts.n, first = begin(platform->selection, random, n);
    for (uint32_t i = 0; i < n; i++) {
        const char *host = platform->hosts.at[(first + i) % n];
        if (!is_bad || !is_bad(context, host))
            return host;
    }
    return NULL;
}

const struct platform *platforms_choose(struct platforms *self, const char *name, uint32_t random,
                                        bool (*is_bad)(void *, const char *host), void *context,
                                        struct error *error)
{
    const struct platform_group *group = platforms_group(self, name);
    if (!group)
        return platforms_get(self, name, error);
    uint32_t n = group->platforms.n, first = begin(group->selection, random, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct platform *platform =
            platforms_get(self, group->platforms.at[(first + i) % n], error);
        if (!platform)
            return NULL;
        if (platform_host(platform, random, is_bad, context))
            return platform;
    }
    error_set(error, -ENOENT, "no host of any platform of the group \"%s\" can be reached", name);
    return NULL;
}

/* --- tasks of Cylc 7 --- */

static bool has_host(const struct platform *platform, const char *host)
{
    for (uint32_t i = 0; i < platform->hosts.n; i++)
        if (!strcmp(platform->hosts.at[i], host))
            return true;
    return false;
}

const struct platform *platforms_for_wish(struct platforms *self, const struct platform_wish *wish,
                                          struct error *error)
{
    const char *host = wish->host && *wish->host ? wish->host : "localhost";
    const char *runner =
        wish->batch_system && *wish->batch_system ? wish->batch_system : "background";
    const char *command = wish->batch_submit_template;
    for (uint32_t i = self->platforms.n; i-- > 0;) {
        /* a pattern whose hosts are not set stands for hosts of those names */
        struct pattern *pattern = &self->platforms.at[i];
        const struct item *hosts = item_of(self, pattern->section, "hosts");
        const char *name = hosts && hosts->value.strings.n ? pattern->text : host;
        if (!matches(pattern, name))
            continue;
        struct platform platform = read_platform(self, pattern, name);
        if (has_host(&platform, host) && !strcmp(platform.job_runner, runner) &&
            (!command || !*command || !strcmp(platform.job_runner_command_template, command)))
            return platforms_get(self, name, error);
    }
    error_set(error, -ENOENT, "no platform in global.cylc has the host %s and the job runner %s",
              host, runner);
    return NULL;
}

/* --- all of them --- */

static struct patterns take_patterns(struct platforms *self, const char *section, bool localhost)
{
    const struct item *parent = self->config ? item_find(global_tree(self->config),
                                                         &global_tree(self->config)->root, section)
                                             : NULL;
    uint32_t n = localhost;
    for (const struct item *item = parent ? parent->first : NULL; item; item = item->next)
        n++;
    struct pattern *at = arena_new_array(&self->arena, n, sizeof *at);
    n = 0;
    if (localhost)
        at[n++] = (struct pattern){.text = "localhost"};
    for (const struct item *item = parent ? parent->first : NULL; item; item = item->next) {
        bool is_default = localhost && !strcmp(item->name, "localhost");
        struct pattern *pattern = is_default ? &at[0] : &at[n++];
        *pattern = (struct pattern){.section = item, .text = item->name};
    }
    return (struct patterns){at, n};
}

struct platforms *platforms_create(const struct global_config *config)
{
    struct platforms *self = NEW(struct platforms);
    self->config = config;
    self->platforms = take_patterns(self, "platforms", true);
    self->groups = take_patterns(self, "platform groups", false);
    return self;
}

static void release_patterns(struct patterns *patterns)
{
    for (uint32_t i = 0; i < patterns->n; i++)
        pcre2_code_free(patterns->at[i].code);
}

void platforms_destroy(struct platforms *self)
{
    if (!self)
        return;
    release_patterns(&self->platforms);
    release_patterns(&self->groups);
    HASH_CLEAR(hh, self->known);
    HASH_CLEAR(hh, self->known_groups);
    arena_release(&self->arena);
    free(self);
}

static struct string_list names_of(struct platforms *self, const struct patterns *patterns)
{
    const char **at = arena_new_array(&self->arena, patterns->n, sizeof *at);
    for (uint32_t i = 0; i < patterns->n; i++)
        at[i] = patterns->at[i].text;
    return (struct string_list){at, patterns->n};
}

struct string_list platforms_names(struct platforms *self)
{
    return names_of(self, &self->platforms);
}

struct string_list platforms_group_names(struct platforms *self)
{
    return names_of(self, &self->groups);
}
