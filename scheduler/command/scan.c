/* `scan`: lists workflows by their contact files. A scheduler is asked only for what that does not
 * tell: whether it is paused or stopping, and, in the rich format, its title and its tasks. */
#include "base/memory.h"
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include "scheduler/command/scan_print.h"
#include "scheduler/net/contact.h"
#include "scheduler/run/rundir.h"
#include <errno.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* What --states may name. */
enum scan_state { STATE_RUNNING = 1, STATE_PAUSED = 2, STATE_STOPPING = 4, STATE_STOPPED = 8 };
static const struct {
    const char *name;
    unsigned states;
} state_names[] = {{"running", STATE_RUNNING},
                   {"paused", STATE_PAUSED},
                   {"stopping", STATE_STOPPING},
                   {"stopped", STATE_STOPPED},
                   {"active", STATE_RUNNING | STATE_PAUSED | STATE_STOPPING},
                   {"all", STATE_RUNNING | STATE_PAUSED | STATE_STOPPING | STATE_STOPPED}};
enum { STATES_ACTIVE = STATE_RUNNING | STATE_PAUSED | STATE_STOPPING };

struct scan {
    const struct invocation *invocation;
    enum scan_format format;
    unsigned states;
    bool ping;
    char *const *patterns;
    int n_patterns;
    VEC(regex_t) names; /* of --name */
    struct scan_printer printer;
};

static bool is_wanted(const struct scan *scan, const char *id)
{
    bool wanted = !scan->n_patterns && !scan->names.n;
    for (int i = 0; i < scan->n_patterns && !wanted; i++)
        wanted = !fnmatch(scan->patterns[i], id, 0);
    for (size_t i = 0; i < scan->names.n && !wanted; i++)
        wanted = !regexec(&scan->names.at[i], id, 0, NULL, 0);
    return wanted;
}

/* What the scheduler says of itself; NULL: it does not answer. */
static json_t *ask_workflow(const struct scan *scan, const struct workflow_place *place)
{
    struct error ignored = {0};
    json_t *data = NULL;
    return ask(scan->invocation, place, "workflow", NULL, &data, &ignored) ? NULL : data;
}

static json_t *ask_meta(const struct scan *scan, const struct workflow_place *place)
{
    struct error ignored = {0};
    json_t *data = NULL;
    return ask(scan->invocation, place, "show", NULL, &data, &ignored) ? NULL : data;
}

static bool needs_asking(const struct scan *scan)
{
    return scan->ping || scan->format == SCAN_RICH ||
           ((scan->states & STATES_ACTIVE) && (scan->states & STATES_ACTIVE) != STATES_ACTIVE);
}

static unsigned state_of(const json_t *workflow)
{
    const char *status = json_string_value(json_object_get(workflow, "status"));
    for (size_t i = 0; status && i < sizeof state_names / sizeof *state_names; i++)
        if (!strcmp(status, state_names[i].name))
            return state_names[i].states;
    return STATE_RUNNING; /* one that does not answer just now */
}

/* One that does not answer is not reached: with --ping a contact file that its scheduler left
 * behind is removed. */
static void tell_dead(const struct scan *scan, const struct workflow_place *place,
                      const struct contact *contact)
{
    struct error error = {0};
    if (scan->ping && contact_state(contact) == CONTACT_STALE &&
        !contact_remove(place->run_dir, contact->uuid, &error))
        (void)fprintf(stderr, "%s: removed the contact file of a scheduler that died\n", place->id);
}

static void list_active(struct scan *scan, const struct workflow_place *place,
                        const struct contact *contact)
{
    json_t *workflow = needs_asking(scan) ? ask_workflow(scan, place) : NULL;
    json_t *meta = scan->format == SCAN_RICH ? ask_meta(scan, place) : NULL;
    if (scan->ping && !workflow)
        (void)fprintf(stderr, "%s does not answer\n", place->id);
    else if (!needs_asking(scan) || (state_of(workflow) & scan->states))
        scan_print(&scan->printer, place, contact, workflow, meta);
    json_decref(workflow);
    json_decref(meta);
}

static void list_one(struct scan *scan, char *id)
{
    struct workflow_place place = {.id = id, .run_dir = rundir_of(id)};
    struct contact contact = {0};
    struct error ignored = {0};
    bool there = !contact_read(place.run_dir, &contact, &ignored);
    bool active = there && contact_state(&contact) != CONTACT_STALE;
    if (there && !active)
        tell_dead(scan, &place, &contact);
    if (active && (scan->states & STATES_ACTIVE))
        list_active(scan, &place, &contact);
    else if (!active && (scan->states & STATE_STOPPED))
        scan_print(&scan->printer, &place, NULL, NULL, NULL);
    contact_release(&contact);
    free(place.run_dir);
}

static bool read_states(const char *text, unsigned *ret_states)
{
    *ret_states = 0;
    for (const char *at = text; *at; at += strcspn(at, ","), at += *at == ',') {
        size_t n = strcspn(at, ",");
        unsigned found = 0;
        for (size_t i = 0; i < sizeof state_names / sizeof *state_names; i++)
            if (strlen(state_names[i].name) == n && !strncmp(at, state_names[i].name, n))
                found = state_names[i].states;
        if (!found)
            return false;
        *ret_states |= found;
    }
    return *ret_states != 0;
}

/* Matched from the beginning of a name, as Python's re.match does. */
static int add_name(struct scan *scan, const struct command *command, const char *pattern)
{
    char *anchored = str_format("^(%s)", pattern);
    int code = regcomp(vec_push(&scan->names), anchored, REG_EXTENDED | REG_NOSUB);
    free(anchored);
    if (!code)
        return OPTIONS_GO_ON;
    scan->names.n--;
    return options_refuse(command, scan->invocation, "--name: \"%s\" is no regular expression",
                          pattern);
}

static void list_all(struct scan *scan)
{
    struct resolve_names names = {0};
    resolve_list(&names);
    scan_print_begin(&scan->printer, scan->format);
    VEC_EACH (char *, id, &names) {
        if (is_wanted(scan, *id))
            list_one(scan, *id);
    }
    scan_print_end(&scan->printer);
    resolve_names_release(&names);
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, ping = 0, colour_blind = 0;
    const char *format = "plain", *states = "running,paused,stopping", *sort = NULL;
    struct option_list names = {0};
    const struct option_def options[] = {
        {.name = "format",
         .letter = 't',
         .argument = "FORMAT",
         .text = &format,
         .help = "plain (default), name, rich, tree or json"},
        {.name = "states",
         .argument = "STATES",
         .text = &states,
         .help = "running, paused, stopping (default: these), stopped or all, with commas"},
        {.name = "name",
         .letter = 'n',
         .argument = "REGEX",
         .list = &names,
         .help = "only names that begin so; may be given several times"},
        {.name = "ping",
         .count = &ping,
         .help = "only those that answer; contact files left by the dead are removed"},
        {.name = "colour-blind", .count = &colour_blind, .help = "accepted: there are no colours"},
        {.name = "sort", .argument = "ORDER", .text = &sort, .help = "accepted: by name always"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    struct scan scan = {.invocation = invocation, .ping = ping > 0};
    if (status == OPTIONS_GO_ON && !scan_read_format(format, &scan.format))
        status = options_refuse(self, invocation,
                                "--format: \"%s\" is not plain, name, rich, tree or json", format);
    if (status == OPTIONS_GO_ON && !read_states(states, &scan.states))
        status = options_refuse(self, invocation,
                                "--states: \"%s\" is not running, paused, stopping, stopped or all",
                                states);
    for (size_t i = 0; i < names.n && status == OPTIONS_GO_ON; i++)
        status = add_name(&scan, self, names.at[i]);
    if (status == OPTIONS_GO_ON) {
        scan.patterns = argv + first;
        scan.n_patterns = argc - first;
        list_all(&scan);
        status = EXIT_OK;
    }
    VEC_EACH (regex_t, name, &scan.names)
        regfree(name);
    vec_release(&scan.names);
    vec_release(&names);
    return status;
}

const struct command command_scan = {
    .name = "scan",
    .summary = "list workflows",
    .synopsis = "[OPTIONS] [PATTERN...]",
    .help = "List the workflows in ~/cylc-run: those that run (by their contact files), or others\n"
            "with --states. Patterns with * and ? choose names.\n\n"
            "Example:\n"
            "    $ rouse scan\n"
            "    $ rouse scan --states=all --format=json 'test-*'\n"
            "    $ rouse scan --states=paused --format=tree\n",
    .run = run,
};
