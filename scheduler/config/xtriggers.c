/* [scheduling][xtriggers]: "label = function(arguments):interval". */
#include "scheduler/config/clock.h"
#include "scheduler/config/load.h"
#include "scheduler/config/xtrigger_args.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static const double default_interval = 10;
static const char wall_clock[] = "wall_clock", ext_trigger[] = "ext_trigger",
                  clock_prefix[] = "_cylc_wall_clock_", external_prefix[] = "_cylc_ext_trigger_";

static bool is_word_char(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_word(struct slice s, const char *more)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_word_char(s.at[i]) && !strchr(more, s.at[i]))
            return false;
    return s.n > 0;
}

/* Take `sequential=` out of the arguments: it is the scheduler's, not the function's. */
static int split_args(struct loading *self, struct slice args, struct xtrigger_def *def,
                      struct error *error)
{
    struct text others = {0};
    struct xtrigger_argument argument;
    int result = 0;
    for (struct slice rest = args; result == 0 && xtrigger_next_argument(&rest, &argument);) {
        const char *from = argument.name.n ? argument.name.at : argument.value.at - argument.quoted;
        const char *to = argument.value.at + argument.value.n + argument.quoted;
        if (!slice_equal(argument.name, "sequential")) {
            text_addf(&others, "%s%.*s", others.n ? ", " : "", (int)(to - from), from);
            continue;
        }
        def->sequential = slice_equal(argument.value, "True");
        def->sequential_said = true;
        if (!def->sequential && !slice_equal(argument.value, "False"))
            result = error_set(error, -EINVAL,
                               "expected sequential=True or sequential=False, not \"%.*s\"",
                               (int)argument.value.n, argument.value.at);
    }
    def->args = arena_text(self->keep, (struct slice){text_string(&others), others.n});
    text_release(&others);
    return result;
}

static int parse_interval(struct slice text, struct xtrigger_def *def, struct loading *self,
                          struct error *error)
{
    text = slice_trim(text);
    if (!text.n)
        return 0;
    if (text.at[0] != ':')
        return error_set(error, -EINVAL, "expected function(arguments):interval");
    text = slice_trim((struct slice){text.at + 1, text.n - 1});
    const char *interval = arena_text(&self->scratch, text);
    if (duration_parse(interval, &def->interval, error) < 0)
        return error_set(error, -EINVAL,
                         "expected an ISO 8601 duration after the colon, not \"%s\"", interval);
    if (def->interval < 0)
        return error_set(error, -EINVAL,
                         "the interval after the colon must not be negative: \"%s\"", interval);
    return 0;
}

static int check_clock(struct loading *self, const struct xtrigger_def *def, struct error *error)
{
    const struct cycling *cycling = self->workflow->cycling;
    cycle_point some = 0;
    int64_t ignored;
    if (strcmp(def->function, wall_clock) != 0)
        return 0;
    return clock_time(cycling, def->args, some, &ignored, error);
}

/* Each %(name)s among the arguments is one of those that are filled in. */
static int check_templates(const struct xtrigger_def *def, struct error *error)
{
    static const char *const known[] = {"point",
                                        "name",
                                        "id",
                                        "workflow",
                                        "workflow_run_dir",
                                        "workflow_share_dir",
                                        "debug",
                                        "user_name",
                                        "suite_name",
                                        "suite_run_dir",
                                        "suite_share_dir",
                                        "suite"};
    for (const char *at = strstr(def->args, "%("); at; at = strstr(at + 1, "%(")) {
        size_t n = strcspn(at + 2, ")");
        bool found = at[n + 2] == ')' && at[n + 3] == 's';
        size_t i = 0;
        while (found && i < sizeof known / sizeof *known &&
               !slice_equal((struct slice){at + 2, n}, known[i]))
            i++;
        if (!found || i == sizeof known / sizeof *known)
            return error_set(error, -EINVAL,
                             "illegal template \"%.*s\" in xtrigger \"%s\": expected one such as "
                             "%%(point)s, %%(name)s or %%(workflow)s",
                             (int)n + 2 + (at[n + 2] == ')') + found, at, def->label);
    }
    return 0;
}

/* ext_trigger("message"): satisfied by the ext-trigger command. */
static int parse_external(struct loading *self, struct xtrigger_def *def, struct error *error)
{
    struct slice rest = slice_of(def->args);
    struct xtrigger_argument argument = {0}, more;
    if (strcmp(def->function, ext_trigger) != 0)
        return 0;
    bool one = xtrigger_next_argument(&rest, &argument) && argument.value.n &&
               (!argument.name.n || slice_equal(argument.name, "message")) &&
               !xtrigger_next_argument(&rest, &more);
    if (!one || strstr(def->args, "%("))
        return error_set(error, -EINVAL,
                         "expected ext_trigger(\"message\"), a message without templates: (%s)",
                         def->args);
    def->external = arena_text(self->keep, argument.value);
    return 0;
}

static int parse_signature(struct loading *self, const char *signature, struct xtrigger_def *def,
                           struct error *error)
{
    const char *open = strchr(signature, '('), *close = strrchr(signature, ')');
    if (!open)
        open = close = signature + strcspn(signature, ":");
    if (!close || close < open)
        return error_set(error, -EINVAL, "expected function(arguments):interval, not \"%s\"",
                         signature);
    struct slice function = slice_trim((struct slice){signature, (size_t)(open - signature)});
    if (!is_word(function, "."))
        return error_set(error, -EINVAL, "expected function(arguments):interval, not \"%s\"",
                         signature);
    def->function = arena_text(self->keep, function);
    def->interval = default_interval;
    def->sequential = self->sequential_xtriggers || strcmp(def->function, wall_clock) == 0;
    struct slice args = {open + 1, close > open ? (size_t)(close - open) - 1 : 0};
    int result = split_args(self, args, def, error);
    if (result == 0)
        result = parse_interval(slice_of(close + (*close == ')')), def, self, error);
    if (result == 0)
        result = check_templates(def, error);
    if (result == 0)
        result = parse_external(self, def, error);
    return result < 0 ? result : check_clock(self, def, error);
}

struct label_search {
    const struct loading *loading;
    const char *wanted;
};

static const char *label_of(const struct label_search *search, uint32_t index)
{
    return index == INDEX_WANTED ? search->wanted : search->loading->xtriggers.at[index].label;
}

static uint64_t label_hash(const void *context, uint32_t index)
{
    return hash_text(slice_of(label_of(context, index)));
}

static bool label_same(const void *context, uint32_t a, uint32_t b)
{
    return strcmp(label_of(context, a), label_of(context, b)) == 0;
}

static const struct index_set_type labels = {label_hash, label_same};

static uint32_t find_label(const struct loading *self, const char *label)
{
    const struct label_search search = {self, label};
    return index_set_find(&self->xtrigger_labels, &labels, &search, INDEX_WANTED);
}

static uint32_t add_xtrigger(struct loading *self, struct xtrigger_def def)
{
    const struct label_search search = {.loading = self};
    const uint32_t index = (uint32_t)self->xtriggers.n;
    *vec_push(&self->xtriggers) = def;
    index_set_add(&self->xtrigger_labels, &labels, &search, index);
    return index;
}

/* Functions that programs serve: their names are those of Python functions. */
static int load_programs(struct loading *self)
{
    const struct item *item = load_setting(self, "scheduling", NULL, "xtrigger programs");
    if (!item)
        return 0;
    const struct string_list *names = &item->value.strings;
    for (uint32_t i = 0; i < names->n; i++)
        if (!is_word(slice_of(names->at[i]), "."))
            return item_error(self->error, item, -EINVAL,
                              "\"%s\" is no name of a function: expected letters, digits, `_`",
                              names->at[i]);
    struct value value = value_copy(self->keep, &item->value);
    self->workflow->xtrigger_programs = value.strings.at;
    self->workflow->n_xtrigger_programs = value.strings.n;
    return 0;
}

int load_xtriggers(struct loading *self)
{
    if (load_programs(self) < 0)
        return self->error->code;
    self->sequential_xtriggers =
        load_value(self, "scheduling", NULL, "sequential xtriggers", ID_SEQUENTIAL_XTRIGGERS)
            .boolean;
    const struct item *section = load_section(self, "scheduling", "xtriggers");
    for (const struct item *item = section ? section->first : NULL; item; item = item->next) {
        struct xtrigger_def def = {.label = arena_text(self->keep, slice_of(item->name)),
                                   .file = arena_text(self->keep, slice_of(item->file)),
                                   .line = item->line};
        if (!is_word(slice_of(item->name), ""))
            return item_error(self->error, item, -EINVAL,
                              "\"%s\" is no name of an xtrigger: expected letters, digits, `_`",
                              item->name);
        if (parse_signature(self, item->value.string, &def, self->error) < 0)
            return item_error_where(self->error, item);
        add_xtrigger(self, def);
    }
    return load_windows(self);
}

static uint32_t add_clock(struct loading *self, const char *label, const char *args)
{
    struct xtrigger_def def = {.label = arena_text(self->keep, slice_of(label)),
                               .function = wall_clock,
                               .args = arena_text(self->keep, slice_of(args)),
                               .interval = default_interval,
                               .sequential = true};
    return add_xtrigger(self, def);
}

uint32_t load_window_clock(struct loading *self, const char *label,
                           const struct xtrigger_window *window)
{
    return add_xtrigger(self,
                        (struct xtrigger_def){.label = arena_text(self->keep, slice_of(label)),
                                              .function = wall_clock,
                                              .args = "",
                                              .interval = default_interval,
                                              .window = window});
}

/* The graph has named it. */
static void note_named(struct loading *self, uint32_t index)
{
    const struct xtrigger_window *window = self->xtriggers.at[index].window;
    if (window && window->timeout == index)
        ((struct xtrigger_window *)(uintptr_t)window)->timeout_named = true;
}

uint32_t load_xtrigger(struct loading *self, const char *label)
{
    uint32_t index = find_label(self, label);
    bool cycling = cycling_mode(self->workflow->cycling) == CYCLING_DATETIME;
    if (index == NO_INDEX && strcmp(label, wall_clock) == 0 && cycling)
        index = add_clock(self, wall_clock, "");
    if (index != NO_INDEX)
        note_named(self, index);
    return index;
}

void workflow_make_sequential(struct workflow *workflow, const char *said)
{
    struct xtrigger_def *defs = (struct xtrigger_def *)(uintptr_t)workflow->xtriggers;
    for (uint32_t i = 0; said && i < workflow->n_xtriggers; i++) {
        char *wanted = str_format("%s=", defs[i].label);
        for (const char *at = strstr(said, wanted); at; at = strstr(at + 1, wanted))
            if (!defs[i].sequential_said && (at == said || at[-1] == ' '))
                defs[i].sequential = at[strlen(wanted)] == 'T';
        free(wanted);
    }
}

uint32_t load_external(struct loading *self, const char *message)
{
    char *label = str_format("%s%s", external_prefix, message);
    uint32_t known = find_label(self, label);
    const struct xtrigger_def def = {.label = arena_text(self->keep, slice_of(label)),
                                     .function = ext_trigger,
                                     .args = message,
                                     .interval = default_interval,
                                     .external = message};
    free(label);
    return known == NO_INDEX ? add_xtrigger(self, def) : known;
}

uint32_t load_clock(struct loading *self, const char *offset)
{
    char *label = str_format("%s%s", clock_prefix, offset), *args = str_format("offset=%s", offset);
    uint32_t index = find_label(self, label);
    if (index == NO_INDEX)
        index = add_clock(self, label, args);
    free(label);
    free(args);
    return index;
}
