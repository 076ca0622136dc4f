/* `scan`: lists workflows by their contact files; asks nobody. */
#include "base/memory.h"
#include "scheduler/command/option.h"
#include "scheduler/net/contact.h"
#include "scheduler/run/resolve.h"
#include "scheduler/run/rundir.h"
#include <fnmatch.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum scan_format { SCAN_PLAIN, SCAN_NAME, SCAN_RICH, SCAN_JSON };

struct scan {
    enum scan_format format;
    bool running, stopped;
    char *const *patterns;
    int n_patterns;
    json_t *list; /* for JSON */
};

static bool is_wanted(const struct scan *scan, const char *id)
{
    for (int i = 0; i < scan->n_patterns; i++)
        if (!fnmatch(scan->patterns[i], id, 0))
            return true;
    return !scan->n_patterns;
}

/* The items of a contact file, as they stand there. */
static void add_contact_items(json_t *object, const char *run_dir)
{
    char *path = str_format("%s/.service/contact", run_dir);
    FILE *file = fopen(path, "re");
    char line[4096];
    free(path);
    while (file && fgets(line, sizeof line, file)) {
        char *value = strchr(line, '=');
        if (!value)
            continue;
        *value++ = '\0';
        value[strcspn(value, "\n")] = '\0';
        json_object_set_new(object, line, json_string(value));
    }
    if (file)
        (void)fclose(file);
}

static void list_json(struct scan *scan, const char *id, const char *run_dir, bool running)
{
    json_t *object = json_object();
    char *contact = str_format("%s/.service/contact", run_dir);
    json_object_set_new(object, "name", json_string(id));
    json_object_set_new(object, "path", json_string(run_dir));
    if (running) {
        json_object_set_new(object, "contact", json_string(contact));
        add_contact_items(object, run_dir);
    }
    json_array_append_new(scan->list, object);
    free(contact);
}

static void list_one(struct scan *scan, const char *id)
{
    char *run_dir = rundir_of(id);
    struct contact contact = {0};
    struct error ignored = {0};
    bool running =
        !contact_read(run_dir, &contact, &ignored) && contact_state(&contact) != CONTACT_STALE;
    if (running ? scan->running : scan->stopped) {
        if (scan->format == SCAN_JSON)
            list_json(scan, id, run_dir, running);
        else if (scan->format == SCAN_NAME || !running)
            (void)puts(id);
        else if (scan->format == SCAN_PLAIN)
            (void)printf("%s %s:%d %lld\n", id, contact.host, contact.port, (long long)contact.pid);
        else
            (void)printf("%s\n    host: %s:%d\n    pid: %lld\n    version: %s\n    directory: %s\n",
                         id, contact.host, contact.port, (long long)contact.pid,
                         contact.version ? contact.version : "", run_dir);
    }
    contact_release(&contact);
    free(run_dir);
}

static bool read_format(const char *text, enum scan_format *ret_format)
{
    static const char *const names[] = {"plain", "name", "rich", "json"};
    for (int i = 0; i < 4; i++)
        if (!strcmp(text, names[i])) {
            *ret_format = (enum scan_format)i;
            return true;
        }
    return false;
}

static bool read_states(const char *text, struct scan *scan)
{
    scan->running = scan->stopped = false;
    for (const char *at = text; *at; at += strcspn(at, ","), at += *at == ',') {
        size_t n = strcspn(at, ",");
        bool all = n == 3 && !strncmp(at, "all", n);
        bool running = n == 7 && !strncmp(at, "running", n);
        bool stopped = n == 7 && !strncmp(at, "stopped", n);
        if (!all && !running && !stopped)
            return false;
        scan->running |= all || running;
        scan->stopped |= all || stopped;
    }
    return scan->running || scan->stopped;
}

static void list_all(struct scan *scan)
{
    struct resolve_names names = {0};
    scan->list = json_array();
    resolve_list(&names);
    VEC_EACH (char *, id, &names) {
        if (is_wanted(scan, *id))
            list_one(scan, *id);
    }
    resolve_names_release(&names);
    if (scan->format == SCAN_JSON) {
        char *text = json_dumps(scan->list, JSON_INDENT(4));
        (void)puts(text);
        free(text);
    }
    json_decref(scan->list);
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    const char *format = "plain", *states = "running";
    const struct option_def options[] = {
        {.name = "format",
         .letter = 't',
         .argument = "FORMAT",
         .text = &format,
         .help = "plain, name, rich or json"},
        {.name = "states",
         .argument = "STATES",
         .text = &states,
         .help = "running, stopped or all (default: running)"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    struct scan scan = {.patterns = argv + first, .n_patterns = argc - first};
    if (!read_format(format, &scan.format))
        return options_refuse(self, invocation, "--format: \"%s\" is not plain, name, rich or json",
                              format);
    if (!read_states(states, &scan))
        return options_refuse(self, invocation, "--states: \"%s\" is not running, stopped or all",
                              states);
    list_all(&scan);
    return EXIT_OK;
}

const struct command command_scan = {
    .name = "scan",
    .summary = "list workflows",
    .synopsis = "[OPTIONS] [PATTERN...]",
    .help = "List the workflows in ~/cylc-run: those that run (by their contact files), or others\n"
            "with --states. Patterns with * and ? choose names.\n\n"
            "Example:\n"
            "    $ rouse scan\n"
            "    $ rouse scan --states=all --format=json 'test-*'\n",
    .run = run,
};
