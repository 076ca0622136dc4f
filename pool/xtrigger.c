/* See xtrigger.h. */
#include "pool/xtrigger.h"
#include "base/check.h"
#include "base/memory.h"
#include "scheduler/config/clock.h"
#include "scheduler/config/xtrigger_args.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

/* --- signatures --- */

typedef const char *const template_value[2]; /* "%(name)s", what it stands for or NULL */

static void fill(struct text *out, struct slice template, const template_value *values, size_t n)
{
    for (size_t at = 0; at < template.n;) {
        size_t i = 0, length = 0;
        for (; i < n; i++) {
            length = strlen(values[i][0]);
            if (values[i][1] && template.n - at >= length &&
                memcmp(template.at + at, values[i][0], length) == 0)
                break;
        }
        if (i < n)
            text_add(out, values[i][1]);
        else
            text_add_char(out, template.at[at]);
        at += i < n ? length : 1;
    }
}

static void add_quoted(struct text *out, const char *value)
{
    text_add_char(out, '"');
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            text_add_char(out, '\\');
        text_add_char(out, *value);
    }
    text_add_char(out, '"');
}

/* Quoted in the definition, or made of templates. */
static bool is_text(const struct xtrigger_argument *argument)
{
    return argument->quoted || memmem(argument->value.at, argument->value.n, "%(", 2);
}

static void add_arguments(struct text *out, const char *args, const template_value *values,
                          size_t n, bool quote)
{
    struct xtrigger_argument argument;
    size_t count = 0;
    for (struct slice rest = slice_of(args); xtrigger_next_argument(&rest, &argument);) {
        struct text value = {0};
        fill(&value, argument.value, values, n);
        text_add(out, count++ ? ", " : "");
        if (argument.name.n)
            text_addf(out, "%.*s=", (int)argument.name.n, argument.name.at);
        if (quote && is_text(&argument))
            add_quoted(out, text_string(&value));
        else
            text_add(out, text_string(&value));
        text_release(&value);
    }
}

static char *write_call(const struct workflow *workflow, const struct xtrigger_names *names,
                        uint32_t xtrigger, cycle_point point, uint32_t task, bool quote)
{
    const struct xtrigger_def *def = &workflow->xtriggers[xtrigger];
    struct error error = {0};
    int64_t time;
    if (strcmp(def->function, "wall_clock") == 0 &&
        clock_time(workflow->cycling, def->args, point, &time, &error) == 0)
        return str_format("wall_clock(trigger_time=%" PRId64 ")", time);
    char cycle[POINT_TEXT_MAX];
    point_format(workflow->cycling, point, cycle);
    if (def->external)
        return str_format("ext_trigger(%s/%s, %s)", cycle, workflow->tasks[task].name,
                          def->external);
    char *id = str_format("%s/%s", cycle, workflow->tasks[task].name);
    char *share = names->run_dir ? str_format("%s/share", names->run_dir) : NULL;
    const template_value values[] = {
        {"%(point)s", cycle},
        {"%(name)s", workflow->tasks[task].name},
        {"%(id)s", id},
        {"%(workflow)s", names->workflow},
        {"%(suite)s", names->workflow},
        {"%(user_name)s", names->owner},
        {"%(workflow_run_dir)s", names->run_dir},
        {"%(workflow_share_dir)s", share},
        {"%(suite_name)s", names->workflow},
        {"%(suite_run_dir)s", names->run_dir},
        {"%(suite_share_dir)s", share},
        {"%(debug)s", "False"},
    };
    struct text out = {0};
    text_addf(&out, "%s(", def->function);
    add_arguments(&out, def->args, values, sizeof values / sizeof *values, quote);
    text_add_char(&out, ')');
    free(share);
    free(id);
    return text_take(&out);
}

char *xtrigger_signature(const struct workflow *workflow, const struct xtrigger_names *names,
                         uint32_t xtrigger, cycle_point point, uint32_t task)
{
    return write_call(workflow, names, xtrigger, point, task, false);
}

char *xtrigger_call(const struct workflow *workflow, const struct xtrigger_names *names,
                    uint32_t xtrigger, cycle_point point, uint32_t task)
{
    return write_call(workflow, names, xtrigger, point, task, true);
}

void signature_add_time(const char *signature, struct text *out)
{
    const char *equals = strchr(signature, '=');
    time_t when = equals ? (time_t)strtoll(equals + 1, NULL, 10) : 0;
    char text[32] = "";
    struct tm tm;
    if (equals && gmtime_r(&when, &tm))
        strftime(text, sizeof text, " %Y-%m-%dT%H:%M:%SZ", &tm);
    text_add(out, text);
}

struct signature *signatures_find(const struct signatures *signatures, struct slice text)
{
    struct signature *signature;
    HASH_FIND(hh, signatures->table, text.at, (unsigned)text.n, signature);
    return signature;
}

static void signature_free(struct signature *signature)
{
    free(signature->text);
    free(signature->results);
    free(signature);
}

/* Dependences are freed with their instances; here those that are left. */
void signatures_release(struct signatures *signatures)
{
    struct signature *signature, *next;
    HASH_ITER(hh, signatures->table, signature, next)
    {
        while (!list_is_empty(&signature->dependants)) {
            struct link *link = signature->dependants.next;
            list_remove(link);
            free(LINK_OWNER(link, struct dependence, of_signature));
        }
        HASH_DEL(signatures->table, signature);
        signature_free(signature);
    }
}

struct dependence *signatures_depend(struct signatures *signatures, struct instance *instance,
                                     uint32_t xtrigger, enum dependence_role role, const char *text)
{
    struct signature *signature = signatures_find(signatures, slice_of(text));
    if (!signature) {
        signature = NEW(struct signature);
        signature->text = str_copy(text);
        link_init(&signature->dependants);
        HASH_ADD_KEYPTR(hh, signatures->table, signature->text, strlen(text), signature);
    }
    struct dependence *dependence = NEW(struct dependence);
    dependence->instance = instance;
    dependence->signature = signature;
    dependence->xtrigger = xtrigger;
    dependence->role = (uint8_t)role;
    dependence->satisfied = signature->satisfied;
    dependence->next = instance->dependences;
    instance->dependences = dependence;
    instance->n_waited_for += dependence_holds_back(dependence);
    list_append(&signature->dependants, &dependence->of_signature);
    return dependence;
}

struct dependence *dependence_find(const struct instance *instance, uint32_t xtrigger)
{
    struct dependence *d = instance->dependences;
    while (d && d->xtrigger != xtrigger)
        d = d->next;
    return d;
}

bool signatures_undepend(struct signatures *signatures, struct dependence *dependence,
                         char **ret_text, bool *ret_watched)
{
    struct instance *instance = dependence->instance;
    struct signature *signature = dependence->signature;
    struct dependence **place = &instance->dependences;
    while (*place != dependence)
        place = &(*place)->next;
    *place = dependence->next;
    instance->n_waited_for -= dependence_holds_back(dependence);
    list_remove(&dependence->of_signature);
    free(dependence);
    if (!list_is_empty(&signature->dependants))
        return false;
    HASH_DEL(signatures->table, signature);
    *ret_watched = signature->watched;
    *ret_text = signature->text;
    signature->text = NULL;
    signature_free(signature);
    return true;
}

/* --- results --- */

/* A value as Python's str() would have it. */
static char *value_text(const json_t *value)
{
    if (json_is_string(value))
        return str_copy(json_string_value(value));
    if (json_is_boolean(value))
        return str_copy(json_is_true(value) ? "True" : "False");
    if (json_is_null(value))
        return str_copy("None");
    return json_dumps(value, JSON_ENCODE_ANY);
}

static void add_results(json_t *environment, const char *label, const char *results)
{
    json_t *object = json_loads(results, 0, NULL);
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        char *name = str_format("%s_%s", label, key);
        char *text = value_text(value);
        json_object_set_new(environment, name, json_string(text ? text : ""));
        free(text);
        free(name);
    }
    json_decref(object);
}

void xtrigger_environment(const struct workflow *workflow, const struct instance *instance,
                          struct text *out)
{
    json_t *environment = NULL;
    for (const struct dependence *d = instance->dependences; d; d = d->next) {
        if (!dependence_is_xtrigger(d) || !d->satisfied || !d->signature->results)
            continue;
        if (!environment)
            environment = json_object();
        add_results(environment, workflow->xtriggers[d->xtrigger].label, d->signature->results);
    }
    if (!environment)
        return;
    char *text = json_dumps(environment, JSON_COMPACT | JSON_SORT_KEYS);
    if (text && json_object_size(environment))
        text_add(out, text);
    free(text);
    json_decref(environment);
}
