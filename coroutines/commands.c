/* The commands: what clients ask to be done. Each request is checked, becomes a pool.command, and
 * is answered only when the pool has said its outcome and that is committed.
 *
 *     request -> checked -> pool.command -> pool.outcome -> recorded -> reply */
#include "base/id.h"
#include "base/memory.h"
#include "base/table.h"
#include "coroutines/actor.h"
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/banned.h"

enum { IDS_MAX = 100000, COMMANDS_IN_FLIGHT_MAX = 10000 };

struct flight { /* a command under way */
    uint64_t id;
    uint64_t outcome_seq; /* in the pool's outbox; 0: no outcome yet */
    bool failed;
    char *reply;
    struct flight *next; /* by outcome_seq */
    UT_hash_handle hh;
};

struct commands {
    struct actor actor;
    struct flight *flights;
    struct flight *first, *last; /* carried out, not recorded */
    uint64_t recorded;           /* of the pool's outbox */
};

/* How a command's arguments become a pool.command. */
struct command_form {
    const char *name;
    enum pool_command command;
    bool takes_ids;        /* "ids" must be there */
    const char *arguments; /* the others it takes, each between blanks */
};

static const struct command_form forms[] = {
    {"pause", POOL_PAUSE, false, " "},
    {"resume", POOL_RESUME, false, " "},
    {"hold", POOL_HOLD, true, " after "},
    {"release", POOL_RELEASE, true, " all "},
    {"trigger", POOL_TRIGGER, true, " flow wait meta "},
    {"stop", POOL_STOP, false, " mode after "},
};

static const struct {
    const char *name;
    enum stop_mode mode;
} stop_modes[] = {
    {"clean", STOP_CLEAN}, {"kill", STOP_KILL}, {"now", STOP_NOW}, {"now-now", STOP_NOW_NOW}};

static void reply(struct commands *self, uint64_t id, enum reply_kind kind, const char *text)
{
    actor_say(
        &self->actor,
        &(struct message){.topic = TOPIC_REPLY, .id = id, .number = kind, .text = slice_of(text)});
}

/* --- checking a request --- */

/* "ids": a list of task ids, checked one by one and joined by newlines. */
static int read_ids(const json_t *args, const struct command_form *form, struct text *ids,
                    struct error *error)
{
    const json_t *list = json_object_get(args, "ids");
    if (!form->takes_ids)
        return 0;
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

static int read_stop_mode(const json_t *args, uint32_t *ret_flags, struct error *error)
{
    const json_t *value = json_object_get(args, "mode");
    const char *name = value ? json_string_value(value) : "clean";
    for (size_t i = 0; name && i < sizeof stop_modes / sizeof *stop_modes; i++)
        if (strcmp(stop_modes[i].name, name) == 0) {
            *ret_flags = stop_modes[i].mode;
            return 0;
        }
    return error_set(error, -EINVAL,
                     "stop: \"mode\" must be one of clean, kill, now, now-now, not \"%s\"",
                     name ? name : "?");
}

static bool is_taken(const struct command_form *form, const char *argument)
{
    char *wanted = str_format(" %s ", argument);
    bool taken = strcmp(argument, "ids") == 0
                     ? form->takes_ids
                     : !strchr(argument, ' ') && strstr(form->arguments, wanted) != NULL;
    free(wanted);
    return taken;
}

/* A misspelt argument must not be dropped without a word. */
static int check_arguments(const json_t *args, const struct command_form *form, struct error *error)
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
    else if (command->flows.n == FLOWS_PER_TASK_MAX)
        return error_set(error, -E2BIG, "more than %d flows", FLOWS_PER_TASK_MAX);
    else
        command->flows.at[command->flows.n++] = (uint32_t)number;
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

/* What is not "ids" or "mode". */
static int read_others(const json_t *args, struct message *command, struct error *error)
{
    bool all = false, wait = false;
    struct slice after = {0}, meta = {0};
    if (read_flag(args, "all", &all, error) < 0 || read_flag(args, "wait", &wait, error) < 0 ||
        read_text(args, "after", &after, error) < 0 || read_text(args, "meta", &meta, error) < 0 ||
        read_flows(args, command, error) < 0)
        return error->code;
    if (all)
        command->number = POOL_RELEASE_ALL;
    if (wait)
        command->flags |= POOL_FLOW_WAIT;
    command->detail = after.n ? after : meta;
    return 0;
}

static const struct command_form *find_form(struct slice name)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (slice_equal(name, forms[i].name))
            return &forms[i];
    return NULL;
}

/* The pool.command a request means; `ids` holds its text. */
static int translate(const struct message *request, const json_t *args, struct message *ret_command,
                     struct text *ids, struct error *error)
{
    const struct command_form *form = find_form(request->text);
    if (!form)
        return error_set(error, -ENOTSUP, "command \"%.*s\" is not implemented",
                         (int)(request->text.n < 64 ? request->text.n : 64),
                         request->text.at ? request->text.at : "");
    struct message command = {
        .topic = TOPIC_POOL_COMMAND, .id = request->id, .number = form->command};
    if (check_arguments(args, form, error) < 0 || read_others(args, &command, error) < 0)
        return error->code;
    bool needs_no_ids = command.number == POOL_RELEASE_ALL || json_object_get(args, "after");
    if (needs_no_ids && json_object_get(args, "ids"))
        return error_set(error, -EINVAL, "%s: \"ids\" go with neither \"all\" nor \"after\"",
                         form->name);
    if (!needs_no_ids && read_ids(args, form, ids, error) < 0)
        return error->code;
    if (form->command == POOL_STOP && read_stop_mode(args, &command.flags, error) < 0)
        return error->code;
    command.text = (struct slice){ids->at, ids->n};
    *ret_command = command;
    return 0;
}

/* ret_args owns what the command's detail points into. */
static int accept_request(struct commands *self, const struct message *request,
                          struct message *ret_command, struct text *ids, json_t **ret_args,
                          struct error *error)
{
    if (self->actor.shutting_down)
        return error_set(error, -ESHUTDOWN, "the workflow is shutting down");
    if (HASH_COUNT(self->flights) >= COMMANDS_IN_FLIGHT_MAX)
        return error_set(error, -EBUSY, "%d commands are under way already, try again",
                         COMMANDS_IN_FLIGHT_MAX);
    json_error_t bad;
    const char *detail = request->detail.n ? request->detail.at : "{}";
    *ret_args = json_loadb(detail, request->detail.n ? request->detail.n : 2, 0, &bad);
    if (!json_is_object(*ret_args))
        return error_set(error, -EINVAL, "\"args\" must be a JSON object");
    return translate(request, *ret_args, ret_command, ids, error);
}

/* One line, however many ids there are. */
static void log_request(struct commands *self, const struct message *request,
                        const struct text *ids)
{
    int n = (int)strcspn(text_string(ids), "\n");
    actor_log(&self->actor, LOG_INFO_LEVEL, "Command \"%.*s\" received: %.*s%s",
              (int)request->text.n, request->text.at, n ? n : 1, n ? text_string(ids) : "-",
              (size_t)n < ids->n ? ", ..." : "");
}

static void hear_request(struct commands *self, const struct message *request)
{
    struct message command;
    struct text ids = {0};
    struct error error = {0};
    json_t *args = NULL;
    if (accept_request(self, request, &command, &ids, &args, &error) < 0) {
        reply(self, request->id, REPLY_ERROR, error.text);
    } else {
        struct flight *flight = NEW(struct flight);
        flight->id = request->id;
        HASH_ADD(hh, self->flights, id, sizeof flight->id, flight);
        actor_say(&self->actor, &command);
        log_request(self, request, &ids);
    }
    json_decref(args);
    text_release(&ids);
}

/* --- answering --- */

static void land(struct commands *self, struct flight *flight)
{
    reply(self, flight->id, flight->failed ? REPLY_ERROR : REPLY_DONE, flight->reply);
    HASH_DEL(self->flights, flight);
    free(flight->reply);
    free(flight);
}

static void land_recorded(struct commands *self)
{
    for (struct flight *flight; (flight = self->first);) {
        if (flight->outcome_seq > self->recorded)
            break;
        self->first = flight->next;
        if (!self->first)
            self->last = NULL;
        land(self, flight);
    }
}

static void hear_outcome(struct commands *self, const struct message *outcome)
{
    struct flight *flight;
    HASH_FIND(hh, self->flights, &outcome->id, sizeof outcome->id, flight);
    if (!flight || flight->outcome_seq)
        return; /* a job message's */
    flight->outcome_seq = outcome->seq;
    flight->failed = outcome->number != 0;
    flight->reply = outcome->text.n ? slice_copy(outcome->text) : str_copy("{}");
    if (flight->failed)
        actor_log(&self->actor, LOG_WARNING_LEVEL, "Command failed: %s", flight->reply);
    if (self->last)
        self->last->next = flight;
    else
        self->first = flight;
    self->last = flight;
    land_recorded(self);
}

static void hear_recorded(struct commands *self, const struct message *recorded)
{
    self->recorded = message_recorded(recorded, TASK_POOL);
    land_recorded(self);
}

static void commands_hear(struct actor *actor, const struct message *message)
{
    struct commands *self = (struct commands *)actor;
    if (message->topic == TOPIC_COMMAND_REQUEST)
        hear_request(self, message);
    else if (message->topic == TOPIC_POOL_OUTCOME)
        hear_outcome(self, message);
    else if (message->topic == TOPIC_RECORDED)
        hear_recorded(self, message);
}

/* Outcomes are answered when they are recorded: the recorder's last word comes before ours. */
static bool commands_may_close(struct actor *actor)
{
    struct commands *self = (struct commands *)actor;
    if (!bus_drained(actor->context->bus, COMMANDS, ~MEMBER_BIT(RECORDER)))
        return false;
    struct flight *flight, *next;
    self->first = self->last = NULL;
    HASH_ITER(hh, self->flights, flight, next)
    {
        flight->failed = true;
        free(flight->reply);
        flight->reply = str_copy("the workflow shut down before the command was carried out");
        land(self, flight);
    }
    return true;
}

static const struct actor_type commands_type = {
    .member = COMMANDS, .hear = commands_hear, .may_close = commands_may_close};

static void *commands_create(const struct cast_context *context, struct error *error)
{
    (void)error;
    struct commands *self = NEW(struct commands);
    actor_init(&self->actor, &commands_type, context);
    return self;
}

static void commands_destroy(void *member)
{
    struct commands *self = member;
    if (!self)
        return;
    actor_release(&self->actor);
    struct flight *flight, *next;
    HASH_ITER(hh, self->flights, flight, next)
    {
        HASH_DEL(self->flights, flight);
        free(flight->reply);
        free(flight);
    }
    free(self);
}

const struct cast_entry cast_commands = {commands_create, commands_destroy};
