/* See flow_options.h. */
#include "scheduler/command/flow_options.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static bool is_number(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && number > 0;
}

static bool is_word(const char *text, bool numbers_only)
{
    return !strcmp(text, "all") ||
           (!numbers_only && (!strcmp(text, "new") || !strcmp(text, "none")));
}

int flow_options_check(const struct invocation *invocation, const struct flow_options *options,
                       bool numbers_only)
{
    const struct option_list *flows = &options->flows;
    for (size_t i = 0; i < flows->n; i++) {
        const char *flow = flows->at[i];
        bool word = is_word(flow, numbers_only);
        if (!word && !is_number(flow))
            return command_failf(invocation, EXIT_FAILED,
                                 numbers_only
                                     ? "--flow: \"%s\" is neither a flow number nor all"
                                     : "--flow: \"%s\" is neither a flow number nor all, new, none",
                                 flow);
        if (word && flows->n > 1)
            return command_failf(invocation, EXIT_FAILED, "--flow=%s goes with no other flow",
                                 flow);
        if (word && options->wait && strcmp(flow, "all") != 0)
            return command_failf(invocation, EXIT_FAILED, "--wait does not go with --flow=%s",
                                 flow);
    }
    return EXIT_OK;
}

void flow_options_add(const struct flow_options *options, json_t *args)
{
    json_t *list = json_array();
    for (size_t i = 0; i < options->flows.n; i++)
        json_array_append_new(list, json_string(options->flows.at[i]));
    json_object_set_new(args, "flow", list);
    if (options->wait)
        json_object_set_new(args, "wait", json_true());
    if (options->meta)
        json_object_set_new(args, "meta", json_string(options->meta));
    if (options->dry_run)
        json_object_set_new(args, "dry_run", json_true());
}

void flow_options_release(struct flow_options *options)
{
    vec_release(&options->flows);
}
