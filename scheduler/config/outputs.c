/* Rules for outputs and their messages, and finding them by name. */
#include "scheduler/config/outputs.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

/* What graphs call the standard outputs besides their names. */
static const char *const short_names[OUTPUT_CUSTOM] = {"expire", "submit",  "submit-fail",
                                                       "start",  "succeed", "fail"};
static const char *const reserved_names[] = {"required", "optional", "all",     "and",
                                             "or",       "finish",   "finished"};

static uint32_t standard_output(const char *name)
{
    for (uint32_t i = 0; i < OUTPUT_CUSTOM; i++)
        if (strcmp(name, standard_output_names[i]) == 0 || strcmp(name, short_names[i]) == 0)
            return i;
    return NO_INDEX;
}

static bool is_word_char(char c)
{
    return c == '_' || c == '-' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static int check_name(const char *name, struct error *error)
{
    for (const char *c = name; *c; c++)
        if (!is_word_char(*c))
            return error_set(error, -EINVAL,
                             "\"%s\" is no name of an output: expected letters, digits, `_`, `-`",
                             name);
    if (strncmp(name, "_cylc", 5) == 0)
        return error_set(error, -EINVAL, "names of outputs may not begin with \"_cylc\"");
    bool reserved = standard_output(name) != NO_INDEX;
    for (size_t i = 0; i < sizeof reserved_names / sizeof *reserved_names; i++)
        reserved |= strcmp(name, reserved_names[i]) == 0;
    if (reserved)
        return error_set(error, -EINVAL, "an output may not be called \"%s\"", name);
    return 0;
}

/* A colon is what ends a severity ("INFO: text"): it may only end the first word. */
static int check_message(const char *message, struct error *error)
{
    if (!*message)
        return error_set(error, -EINVAL, "an output needs the message which the job sends for it");
    const char *colon = strchr(message, ':');
    if (!colon)
        return 0;
    size_t first_word = strcspn(message, " \t\n");
    if ((size_t)(colon - message) + 1 != first_word || strchr(colon + 1, ':'))
        return error_set(error, -EINVAL,
                         "\"%s\" is no message of an output: `:` may only end the first word",
                         message);
    return 0;
}

int output_check(const char *name, const char *message, struct error *error)
{
    int result = check_name(name, error);
    return result < 0 ? result : check_message(message, error);
}

int outputs_make(struct arena *keep, struct settings *settings, struct error *error)
{
    uint32_t n = OUTPUT_CUSTOM + settings->custom_outputs.n;
    if (n > OUTPUTS_MAX)
        return error_set(error, -E2BIG, "more than %d outputs", OUTPUTS_MAX - OUTPUT_CUSTOM);
    struct output_def *outputs = arena_new_array(keep, n, sizeof *outputs);
    for (uint32_t i = 0; i < OUTPUT_CUSTOM; i++)
        outputs[i] = (struct output_def){standard_output_names[i], standard_output_names[i]};
    for (uint32_t i = OUTPUT_CUSTOM; i < n; i++) {
        const struct key_value *custom = &settings->custom_outputs.at[i - OUTPUT_CUSTOM];
        outputs[i] = (struct output_def){custom->key, custom->value};
    }
    settings->outputs = outputs;
    settings->n_outputs = n;
    return 0;
}

uint32_t settings_output(const struct settings *settings, const char *name)
{
    uint32_t standard = standard_output(name);
    if (standard != NO_INDEX)
        return standard;
    for (uint32_t i = OUTPUT_CUSTOM; i < settings->n_outputs; i++)
        if (strcmp(settings->outputs[i].name, name) == 0)
            return i;
    return NO_INDEX;
}
