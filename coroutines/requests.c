/* Requests of clients, read: one row of the table for each command. A row names the arguments the
 * command takes, and the function that makes a pool.command of them. */
#include "coroutines/requests.h"
#include "base/id.h"
#include "base/memory.h"
#include "coroutines/env.h"
#include "pool/flow.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

enum { IDS_MAX = 100000, SETTING_DEPTH_MAX = 4 };

struct form {
    const char *name;
    enum pool_command command;
    bool takes_ids;
    const char *instead;   /* the argument that takes the place of the ids, or NULL */
    const char *arguments; /* the others it takes, each between blanks */
    /* What is in the arguments beside "ids". NULL: nothing. */
    int (*read)(const json_t *args, struct request *request, struct error *error);
};

/* --- pieces --- */

/* "ids": a list of task ids, checked one by one and joined by newlines. */
static int read_ids(const json_t *args, const struct form *form, struct text *ids,
                    struct error *error)
{
    const json_t *list = json_object_get(args, "ids");
    if (!json_is_array(list) || !json_array_size(list))
        return error_set(error, -EINVAL, "%s: \"ids\" must be a list of at least one task id",
                         form->name);
    if (json_array_size(list) > IDS_MAX)
        return error_set(error, -E2BIG, "%s: more than %d ids in one command", form->name, IDS_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        struct id id = {0};
        if (!text || strchr(text, '\n'))
            return error_set(error, -EINVAL, "%s: id number %zu is no text of one line", form->name,
                             i + 1);
        int result = id_parse_relative(slice_of(text), &id, error);
        if (result < 0)
            return result;
        text_addf(ids, "%s%s", i ? "\n" : "", text);
    }
    return 0;
}

static int read_flag(const json_t *args, const char *key, bool *ret_flag, struct error *error)
{
    const json_t *value = json_object_get(args, key);
    if (value && !json_is_boolean(value))
        return error_set(error, -EINVAL, "\"%s\" must be true or false", key);
    *ret_flag = json_is_true(value);
    return 0;
}

/* Empty: it is not there. */
static int read_text(const json_t *args, const char *key, struct slice *ret_text,
                     struct error *error)
{
    const json_t *value = json_object_get(args, key);
    if (value && !json_string_length(value))
        return error_set(error, -EINVAL, "\"%s\" must be a text that is not empty", key);
    *ret_text = slice_of(json_string_value(value));
    return 0;
}

/* One of "flow": all, new, none, or a flow number. */
static int read_flow(const json_t *value, struct message *command, struct error *error)
{
    const char *text = json_string_value(value);
    char *end = NULL;
    unsigned long number =
        text ? strtoul(text, &end, 10) : (unsigned long)json_integer_value(value);
    bool is_number = json_is_integer(value) || (text && *text >= '0' && *text <= '9' && !*end);
    if (text && strcmp(text, "all") == 0)
        return 0;
    if (text && strcmp(text, "new") == 0)
        command->flags |= POOL_FLOW_NEW;
    else if (text && strcmp(text, "none") == 0)
        command->flags |= POOL_FLOW_NONE;
    else if (!is_number || number == 0 || number >= UINT32_MAX)
        return error_set(error, -EINVAL,
                         "\"flow\" must be all, new, none or flow numbers, not \"%.32s\"",
                         text ? text : "?");
    else if (!flow_add(&command->flows, (uint32_t)number))
        return error_set(error, -E2BIG, "more than %d flows", FLOWS_PER_TASK_MAX);
    return 0;
}

static int read_flows(const json_t *args, struct message *command, struct error *error)
{
    const json_t *list = json_object_get(args, "flow");
    if (list && !json_is_array(list))
        return error_set(error, -EINVAL, "\"flow\" must be a list");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (read_flow(json_array_get(list, i), command, error) < 0)
            return error->code;
    unsigned one_of = command->flags & (POOL_FLOW_NEW | POOL_FLOW_NONE);
    if (one_of && (command->flows.n || one_of == (POOL_FLOW_NEW | POOL_FLOW_NONE)))
        return error_set(error, -EINVAL, "\"flow\": new and none go with nothing else");
    return 0;
}

/* --- commands --- */

static int read_hold(const json_t *args, struct request *request, struct error *error)
{
    return read_text(args, "after", &request->command.detail, error);
}

static int read_release(const json_t *args, struct request *request, struct error *error)
{
    bool all = false;
    if (read_flag(args, "all", &all, error) < 0)
        return error->code;
    if (all)
        request->command.number = POOL_RELEASE_ALL;
    return 0;
}

static int read_flag_bit(const json_t *args, const char *key, enum pool_command_flag bit,
                         struct message *command, struct error *error)
{
    bool is_set = false;
    if (read_flag(args, key, &is_set, error) < 0)
        return error->code;
    command->flags |= is_set ? bit : 0u;
    return 0;
}

/* What trigger and set say of flows. */
static int read_flow_options(const json_t *args, struct message *command, struct error *error)
{
    if (read_flag_bit(args, "wait", POOL_FLOW_WAIT, command, error) < 0 ||
        read_flag_bit(args, "dry_run", POOL_DRY_RUN, command, error) < 0 ||
        read_text(args, "meta", &command->detail, error) < 0 ||
        read_flows(args, command, error) < 0)
        return error->code;
    if (command->flags & POOL_FLOW_WAIT && command->flags & (POOL_FLOW_NEW | POOL_FLOW_NONE))
        return error_set(error, -EINVAL, "\"wait\" does not go with the flows new and none");
    return 0;
}

static int read_trigger(const json_t *args, struct request *request, struct error *error)
{
    if (read_flag_bit(args, "on_resume", POOL_ON_RESUME, &request->command, error) < 0)
        return error->code;
    return read_flow_options(args, &request->command, error);
}

/* Texts of one line, joined by newlines. */
static int read_items(const json_t *list, const char *key, struct text *items, struct error *error)
{
    if (list && !json_is_array(list))
        return error_set(error, -EINVAL, "\"%s\" must be a list", key);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || !*text || strchr(text, '\n'))
            return error_set(error, -EINVAL, "\"%s\": number %zu is no text of one line", key,
                             i + 1);
        text_addf(items, "%s%s", items->n ? "\n" : "", text);
    }
    return 0;
}

/* "all", "xtrigger/LABEL", "CYCLE/TASK[:OUTPUT]" */
static int check_prerequisites(const json_t *list, struct error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        bool all = strcmp(text, "all") == 0;
        if (all && json_array_size(list) > 1)
            return error_set(error, -EINVAL, "the prerequisite \"all\" must be alone");
        if (!all && (*text == '/' || !strchr(text, '/') || !strchr(text, '/')[1]))
            return error_set(error, -EINVAL,
                             "\"%.64s\" is no prerequisite: expected all, CYCLE/TASK[:OUTPUT] or "
                             "xtrigger/LABEL",
                             text);
    }
    return 0;
}

static int check_outputs(const json_t *list, struct error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if ((!strcmp(text, "required") || !strcmp(text, "skip")) && json_array_size(list) > 1)
            return error_set(error, -EINVAL, "the output \"%s\" must be alone", text);
        if (!strcmp(text, "waiting"))
            return error_set(error, -EINVAL,
                             "tasks cannot be set to waiting: trigger them in a new flow");
    }
    return 0;
}

static int read_set(const json_t *args, struct request *request, struct error *error)
{
    const json_t *outputs = json_object_get(args, "outputs");
    const json_t *prerequisites = json_object_get(args, "prerequisites");
    if (json_array_size(outputs) && json_array_size(prerequisites))
        return error_set(error, -EINVAL, "set: outputs or prerequisites, not both");
    if (read_items(outputs, "outputs", &request->items, error) < 0 ||
        read_items(prerequisites, "prerequisites", &request->items, error) < 0 ||
        check_outputs(outputs, error) < 0 || check_prerequisites(prerequisites, error) < 0)
        return error->code;
    if (json_array_size(prerequisites))
        request->command.number = POOL_SET_PREREQUISITES;
    return read_flow_options(args, &request->command, error);
}

static int read_remove(const json_t *args, struct request *request, struct error *error)
{
    if (read_flows(args, &request->command, error) < 0 ||
        read_flag_bit(args, "dry_run", POOL_DRY_RUN, &request->command, error) < 0)
        return error->code;
    if (request->command.flags & (POOL_FLOW_NEW | POOL_FLOW_NONE))
        return error_set(error, -EINVAL, "remove: \"flow\" must be all or flow numbers");
    return 0;
}

static const struct {
    const char *name;
    enum stop_mode mode;
} stop_modes[] = {
    {"clean", STOP_CLEAN}, {"kill", STOP_KILL}, {"now", STOP_NOW}, {"now-now", STOP_NOW_NOW}};

static int read_stop(const json_t *args, struct request *request, struct error *error)
{
    struct slice clock = {0};
    if (read_text(args, "clock", &clock, error) < 0)
        return error->code;
    if (clock.n) {
        request->command.flags = STOP_AT;
        request->command.detail = clock;
        return 0;
    }
    const json_t *flow = json_object_get(args, "flow");
    if (read_text(args, "after", &request->command.detail, error) < 0 ||
        (flow && read_flow(flow, &request->command, error) < 0))
        return error->code;
    if (flow && !request->command.flows.n)
        return error_set(error, -EINVAL, "stop: \"flow\" must be a flow number");
    if (flow && request->command.detail.n)
        return error_set(error, -EINVAL, "stop: \"flow\" does not go with \"after\"");
    if (flow) {
        request->command.number = POOL_STOP_FLOW;
        return read_flag_bit(args, "dry_run", POOL_DRY_RUN, &request->command, error);
    }
    const json_t *value = json_object_get(args, "mode");
    const char *name = value ? json_string_value(value) : "clean";
    for (size_t i = 0; name && i < sizeof stop_modes / sizeof *stop_modes; i++)
        if (strcmp(stop_modes[i].name, name) == 0) {
            request->command.flags = stop_modes[i].mode;
            return read_flag_bit(args, "dry_run", POOL_DRY_RUN, &request->command, error);
        }
    return error_set(error, -EINVAL,
                     "stop: \"mode\" must be one of clean, kill, now, now-now, not \"%s\"",
                     name ? name : "?");
}

/* {"environment": {"X": "1"}} as ["[environment]X", "1"], one for each value. */
static int add_settings(json_t *list, const char *prefix, const json_t *settings, unsigned depth,
                        struct error *error)
{
    const char *key;
    json_t *value;
    if (depth > SETTING_DEPTH_MAX)
        return error_set(error, -E2BIG, "broadcast: a setting in more than %d sections",
                         SETTING_DEPTH_MAX);
    json_object_foreach((json_t *)(uintptr_t)settings, key, value)
    {
        bool section = json_is_object(value);
        char *name = str_format(section ? "%s[%s]" : "%s%s", prefix, key);
        char *number = json_is_string(value) || section ? NULL : json_dumps(value, JSON_ENCODE_ANY);
        int result = section ? add_settings(list, name, value, depth + 1, error) : 0;
        if (!section)
            json_array_append_new(list, json_pack("[s, s]", name,
                                                  json_is_null(value) ? ""
                                                  : number            ? number
                                                                      : json_string_value(value)));
        free(number);
        free(name);
        if (result < 0)
            return result;
    }
    return 0;
}

static int read_names(const json_t *args, const char *key, struct error *error)
{
    const json_t *list = json_object_get(args, key);
    bool good = !list || json_is_array(list);
    for (size_t i = 0; good && i < json_array_size(list); i++)
        good = json_string_length(json_array_get(list, i)) > 0;
    return good ? 0 : error_set(error, -EINVAL, "broadcast: \"%s\" must be a list of names", key);
}

static int read_settings(const json_t *args, json_t *ret_list, struct error *error)
{
    const json_t *given = json_object_get(args, "settings");
    if (given && !json_is_array(given))
        return error_set(error, -EINVAL, "broadcast: \"settings\" must be a list of objects");
    for (size_t i = 0; i < json_array_size(given); i++) {
        const json_t *settings = json_array_get(given, i);
        if (!json_is_object(settings))
            return error_set(error, -EINVAL, "broadcast: \"settings\" must be a list of objects");
        if (add_settings(ret_list, "", settings, 0, error) < 0)
            return error->code;
    }
    return 0;
}

static int check_broadcast(const json_t *args, const char *mode, const json_t *settings,
                           struct error *error)
{
    static const char *const modes[] = {"set", "clear", "expire", "show"};
    size_t i = 0;
    while (i < sizeof modes / sizeof *modes && (!mode || strcmp(mode, modes[i]) != 0))
        i++;
    if (i == sizeof modes / sizeof *modes)
        return error_set(error, -EINVAL,
                         "broadcast: \"mode\" must be one of set, clear, expire, show, not \"%s\"",
                         mode ? mode : "?");
    if (i == 0 &&
        (!json_array_size(json_object_get(args, "points")) ||
         !json_array_size(json_object_get(args, "namespaces")) || !json_array_size(settings)))
        return error_set(error, -EINVAL,
                         "broadcast: to set something, \"points\", \"namespaces\" and "
                         "\"settings\" are needed");
    struct slice ignored;
    if (read_text(args, "cutoff", &ignored, error) < 0 ||
        read_text(args, "task", &ignored, error) < 0)
        return error->code;
    return 0;
}

/* The pool is given the same object, the settings flat. */
static int read_broadcast(const json_t *args, struct request *request, struct error *error)
{
    json_t *settings = json_array();
    if (read_names(args, "points", error) < 0 || read_names(args, "namespaces", error) < 0 ||
        read_settings(args, settings, error) < 0 ||
        check_broadcast(args, json_string_value(json_object_get(args, "mode")), settings, error) <
            0) {
        json_decref(settings);
        return error->code;
    }
    json_t *flat = json_copy((json_t *)(uintptr_t)args);
    json_object_set_new(flat, "settings", settings);
    request->detail = json_dumps(flat, JSON_COMPACT);
    request->command.detail = slice_of(request->detail);
    json_decref(flat);
    return 0;
}

/* The message takes the place of the ids. */
static int read_ext_trigger(const json_t *args, struct request *request, struct error *error)
{
    struct slice message = {0};
    if (read_text(args, "message", &message, error) < 0 ||
        read_text(args, "id", &request->command.detail, error) < 0)
        return error->code;
    if (!message.n || memchr(message.at, '\n', message.n))
        return error_set(error, -EINVAL, "ext-trigger: \"message\" must be a text of one line");
    text_add_n(&request->ids, message.at, message.n);
    return 0;
}

/* "global": global.cylc, too, which is read with every definition. */
static int read_reload(const json_t *args, struct request *request, struct error *error)
{
    bool global = false;
    int result = read_flag(args, "global", &global, error);
    request->command.flags = global;
    return result;
}

static const char *const log_levels[LOG_LEVELS] = {[LOG_DEBUG_LEVEL] = "DEBUG",
                                                   [LOG_INFO_LEVEL] = "INFO",
                                                   [LOG_WARNING_LEVEL] = "WARNING",
                                                   [LOG_ERROR_LEVEL] = "ERROR",
                                                   [LOG_CRITICAL_LEVEL] = "CRITICAL"};

static int read_verbosity(const json_t *args, struct request *request, struct error *error)
{
    const char *level = json_string_value(json_object_get(args, "level"));
    for (uint32_t i = 0; level && i < LOG_LEVELS; i++)
        if (strcasecmp(level, log_levels[i]) == 0) {
            request->command.flags = i;
            return 0;
        }
    return error_set(error, -EINVAL,
                     "verbosity: \"level\" must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, "
                     "not \"%.32s\"",
                     level ? level : "?");
}

static const struct form forms[] = {
    {"pause", POOL_PAUSE, false, NULL, " ", NULL},
    {"resume", POOL_RESUME, false, NULL, " ", NULL},
    {"hold", POOL_HOLD, true, "after", " after ", read_hold},
    {"release", POOL_RELEASE, true, "all", " all ", read_release},
    {"trigger", POOL_TRIGGER, true, NULL, " flow wait meta on_resume dry_run ", read_trigger},
    {"set", POOL_SET_OUTPUTS, true, NULL, " outputs prerequisites flow wait meta dry_run ",
     read_set},
    {"remove", POOL_REMOVE, true, NULL, " flow dry_run ", read_remove},
    {"kill", POOL_KILL, true, NULL, " ", NULL},
    {"poll", POOL_POLL, true, NULL, " ", NULL},
    {"broadcast", POOL_BROADCAST, false, NULL, " mode points namespaces settings cutoff task ",
     read_broadcast},
    {"ext-trigger", POOL_EXT_TRIGGER, false, NULL, " message id ", read_ext_trigger},
    {"reload", POOL_RELOAD, false, NULL, " global ", read_reload},
    {"verbosity", POOL_VERBOSITY, false, NULL, " level ", read_verbosity},
    {"stop", POOL_STOP, false, NULL, " mode after clock flow dry_run ", read_stop},
};

/* --- reading a request --- */

static bool is_taken(const struct form *form, const char *argument)
{
    char *wanted = str_format(" %s ", argument);
    bool taken = strcmp(argument, "ids") == 0
                     ? form->takes_ids
                     : !strchr(argument, ' ') && strstr(form->arguments, wanted) != NULL;
    free(wanted);
    return taken;
}

/* A misspelt argument must not be dropped without a word. */
static int check_arguments(const json_t *args, const struct form *form, struct error *error)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)args, key, value)
    {
        if (!is_taken(form, key))
            return error_set(error, -EINVAL, "%s: unknown argument \"%.64s\"", form->name, key);
    }
    return 0;
}

static const struct form *find_form(struct slice name)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (slice_equal(name, forms[i].name))
            return &forms[i];
    return NULL;
}

static int read_args(const struct form *form, struct request *request, struct error *error)
{
    const json_t *args = request->args;
    int result = check_arguments(args, form, error);
    if (!result && form->read)
        result = form->read(args, request, error);
    if (result < 0 || !form->takes_ids)
        return result;
    const json_t *instead = form->instead ? json_object_get(args, form->instead) : NULL;
    if (!instead || json_is_false(instead))
        return read_ids(args, form, &request->ids, error);
    if (json_object_get(args, "ids"))
        return error_set(error, -EINVAL, "%s: \"ids\" do not go with \"%s\"", form->name,
                         form->instead);
    return 0;
}

int request_read(const struct message *asked, struct request *ret_request, struct error *error)
{
    const struct form *form = find_form(asked->text);
    if (!form)
        return error_set(error, -ENOTSUP, "command \"%.*s\" is not implemented",
                         (int)(asked->text.n < 64 ? asked->text.n : 64),
                         asked->text.at ? asked->text.at : "");
    struct request request = {
        .command = {.topic = TOPIC_POOL_COMMAND, .id = asked->id, .number = form->command}};
    json_error_t bad;
    struct slice detail = asked->detail.n ? asked->detail : slice_of("{}");
    request.args = json_loadb(detail.at, detail.n, 0, &bad);
    int result = json_is_object(request.args)
                     ? read_args(form, &request, error)
                     : error_set(error, -EINVAL, "\"args\" must be a JSON object");
    if (result < 0) {
        request_release(&request);
        return result;
    }
    if (request.items.n)
        text_addf(&request.ids, "\n\n%s", text_string(&request.items));
    request.command.text = (struct slice){request.ids.at, request.ids.n};
    *ret_request = request;
    return 0;
}

void request_release(struct request *request)
{
    json_decref(request->args);
    text_release(&request->ids);
    free(request->detail);
    text_release(&request->items);
}
