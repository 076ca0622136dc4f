/* See scan_print.h. */
#include "scheduler/command/scan_print.h"
#include "base/memory.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

bool scan_read_format(const char *text, enum scan_format *ret_format)
{
    static const char *const names[] = {"plain", "name", "rich", "tree", "json"};
    for (int i = 0; i < 5; i++)
        if (!strcmp(text, names[i])) {
            *ret_format = (enum scan_format)i;
            return true;
        }
    return false;
}

/* The items of a contact file, as they stand there. */
static void add_contact_items(json_t *object, const char *path)
{
    FILE *file = fopen(path, "re");
    char line[4096];
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

static void add_json(struct scan_printer *self, const struct workflow_place *place, bool active)
{
    json_t *object = json_object();
    char *contact = str_format("%s/.service/contact", place->run_dir);
    json_object_set_new(object, "name", json_string(place->id));
    json_object_set_new(object, "path", json_string(place->run_dir));
    if (active) {
        json_object_set_new(object, "contact", json_string(contact));
        add_contact_items(object, contact);
    }
    json_array_append_new(self->list, object);
    free(contact);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void print_totals(const json_t *totals)
{
    const char *state, *before = "    tasks: ";
    json_t *n;
    json_object_foreach((json_t *)(uintptr_t)totals, state, n)
    {
        if (!json_integer_value(n))
            continue;
        (void)printf("%s%s:%lld", before, state, (long long)json_integer_value(n));
        before = " ";
    }
    if (*before == ' ' && !before[1])
        (void)puts("");
}

static void print_rich(const struct workflow_place *place, const struct contact *contact,
                       const json_t *workflow, const json_t *meta)
{
    const json_t *items = json_object_get(meta, "workflow");
    (void)printf("%s%s%s\n", place->id, workflow ? " - " : "", text_of(workflow, "statusMsg"));
    if (*text_of(items, "title"))
        (void)printf("    title: %s\n", text_of(items, "title"));
    if (*text_of(items, "description"))
        (void)printf("    description: %s\n", text_of(items, "description"));
    (void)printf("    host: %s:%d\n    pid: %lld\n    version: %s\n    directory: %s\n",
                 contact->host, contact->port, (long long)contact->pid,
                 contact->version ? contact->version : "", place->run_dir);
    print_totals(json_object_get(workflow, "stateTotals"));
}

/* --- a tree --- */

/* Names from..to, which share their first `skip` bytes, below one branch. */
static void print_branches(char *const *names, size_t from, size_t to, size_t skip,
                           const char *indent)
{
    while (from < to) {
        const char *name = names[from] + skip;
        size_t n = strcspn(name, "/"), end = from + 1;
        while (end < to && !strncmp(names[end] + skip, name, n) &&
               strchr("/", names[end][skip + n]))
            end++;
        bool last = end == to, top = skip == 0;
        (void)printf("%s%s%.*s\n", indent, top ? "" : last ? "└── " : "├── ", (int)n, name);
        if (name[n] == '/') {
            char *deeper = str_format("%s%s", indent, top ? "" : last ? "    " : "│   ");
            print_branches(names, from, end, skip + n + 1, deeper);
            free(deeper);
        }
        from = end;
    }
}

/* --- all --- */

void scan_print_begin(struct scan_printer *self, enum scan_format format)
{
    *self = (struct scan_printer){.format = format, .list = json_array()};
}

void scan_print(struct scan_printer *self, const struct workflow_place *place,
                const struct contact *contact, const json_t *workflow, const json_t *meta)
{
    if (self->format == SCAN_JSON)
        add_json(self, place, contact != NULL);
    else if (self->format == SCAN_TREE)
        *vec_push(&self->branches) = str_copy(place->id);
    else if (self->format == SCAN_NAME || !contact)
        (void)puts(place->id);
    else if (self->format == SCAN_PLAIN)
        (void)printf("%s %s:%d %lld\n", place->id, contact->host, contact->port,
                     (long long)contact->pid);
    else
        print_rich(place, contact, workflow, meta);
}

void scan_print_end(struct scan_printer *self)
{
    print_branches(self->branches.at, 0, self->branches.n, 0, "");
    if (self->format == SCAN_JSON) {
        char *text = json_dumps(self->list, JSON_INDENT(4));
        (void)puts(text);
        free(text);
    }
    VEC_EACH (char *, name, &self->branches)
        free(*name);
    vec_release(&self->branches);
    json_decref(self->list);
}
