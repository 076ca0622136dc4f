/* Broadcasts, and the command for them. Its detail is
 *
 *     {"mode": "set", "points": ["1", "*"], "namespaces": ["root"],
 *      "settings": [["[environment]X", "1"], ...]}
 *     {"mode": "clear", ...}   points and namespaces may be empty: all; settings too (values null)
 *     {"mode": "expire", "cutoff": "3"}   cutoff empty: all that are for a point
 *     {"mode": "show", "task": "1/a"}     task empty: all
 *
 * The outcome is {"modified": [[POINT, NAMESPACE, KEY, VALUE], ...], "bad": {OPTION: [...]}}, or
 * for `show` {POINT: {NAMESPACE: {SECTION: {ITEM: VALUE}}}} or, of a task, {SECTION: ...}. What of
 * a command can be done is done; "bad" tells what could not. */
#include "pool/broadcast.h"
#include "base/id.h"
#include "db/restart.h"
#include "pool/command.h"
#include "scheduler/config/overlay.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char *const all_points[] = {"*", "all-cycle-points", "all-cycles"};

/* --- the table --- */

void broadcasts_init(struct broadcasts *broadcasts)
{
    *broadcasts = (struct broadcasts){.first = POINT_NONE};
}

static void setting_release(struct setting *setting)
{
    free(setting->key);
    free(setting->value);
}

static void drop(struct broadcasts *broadcasts, struct broadcast *broadcast)
{
    HASH_DEL(broadcasts->table, broadcast);
    VEC_EACH (struct setting, setting, &broadcast->settings)
        setting_release(setting);
    vec_release(&broadcast->settings);
    free(broadcast->name);
    free(broadcast);
}

void broadcasts_release(struct broadcasts *broadcasts)
{
    struct broadcast *broadcast, *next;
    HASH_ITER(hh, broadcasts->table, broadcast, next)
    drop(broadcasts, broadcast);
}

static struct broadcast *find(const struct broadcasts *broadcasts, const char *name)
{
    struct broadcast *broadcast;
    HASH_FIND_STR(broadcasts->table, name, broadcast);
    return broadcast;
}

static const char *point_text(const struct pool *pool, cycle_point point, char *buffer)
{
    return point == POINT_NONE ? all_points[0]
                               : point_format(pool->workflow->cycling, point, buffer);
}

static void set_value(struct broadcast *broadcast, const char *key, const char *value)
{
    VEC_EACH (struct setting, known, &broadcast->settings)
        if (strcmp(known->key, key) == 0) {
            char *old = known->value;
            known->value = str_copy(value);
            free(old);
            return;
        }
    *vec_push(&broadcast->settings) = (struct setting){str_copy(key), str_copy(value)};
}

static const char *set(struct pool *pool, cycle_point point, const char *name_space,
                       const char *key, const char *value)
{
    char buffer[POINT_TEXT_MAX];
    const char *cycle = point_text(pool, point, buffer);
    char *name = str_format("%s/%s", cycle, name_space);
    struct broadcast *broadcast = find(&pool->broadcasts, name);
    if (!broadcast) {
        broadcast = NEW(struct broadcast);
        broadcast->name = name;
        broadcast->n_point = strlen(cycle);
        broadcast->point = point;
        HASH_ADD_STR(pool->broadcasts.table, name, broadcast);
        bool lowest = pool->broadcasts.first == POINT_NONE || point < pool->broadcasts.first;
        if (point != POINT_NONE && lowest)
            pool->broadcasts.first = point;
    } else {
        free(name);
    }
    set_value(broadcast, key, value);
    return broadcast->name;
}

static void say_change(struct pool *pool, const char *name, const char *key, const char *value,
                       bool is_set, uint32_t number)
{
    struct text detail = {0};
    text_addf(&detail, "%s=%s", key, value);
    pool_say(pool, &(struct message){.topic = TOPIC_WORKFLOW_BROADCAST,
                                     .number = number,
                                     .value = is_set,
                                     .text = slice_of(name),
                                     .detail = {detail.at, detail.n}});
    text_release(&detail);
}

void broadcast_put(struct pool *pool, cycle_point point, const char *name_space, const char *key,
                   const char *value, uint32_t number)
{
    say_change(pool, set(pool, point, name_space, key, value), key, value, true, number);
}

/* --- what is set for a job --- */

static size_t add_settings(const struct pool *pool, cycle_point point, const char *name_space,
                           json_t *list)
{
    char buffer[POINT_TEXT_MAX];
    char *name = str_format("%s/%s", point_text(pool, point, buffer), name_space);
    const struct broadcast *broadcast = find(&pool->broadcasts, name);
    free(name);
    for (size_t i = 0; broadcast && i < broadcast->settings.n; i++)
        json_array_append_new(list, json_pack("[s, s]", broadcast->settings.at[i].key,
                                              broadcast->settings.at[i].value));
    return broadcast ? broadcast->settings.n : 0;
}

/* From root down, first what is for all points, then what is for this one: a point beats a
 * namespace. */
static json_t *settings_for(const struct pool *pool, cycle_point point, uint32_t task)
{
    const struct task_def *def = &pool->workflow->tasks[task];
    json_t *list = json_array();
    const cycle_point points[] = {POINT_NONE, point};
    for (size_t p = 0; p < 2 && pool->broadcasts.table; p++)
        for (uint32_t i = def->n_ancestors; i-- > 0;)
            add_settings(pool, points[p], def->ancestors[i], list);
    return list;
}

const struct task_def *instance_task(const struct pool *pool, const struct instance *instance)
{
    return instance->overlay ? overlay_task(instance->overlay)
                             : &pool->workflow->tasks[instance->task];
}

void instance_define(const struct pool *pool, struct instance *instance, struct slice settings)
{
    overlay_destroy(instance->overlay);
    instance->overlay = overlay_from_json(pool->workflow->cycling,
                                          &pool->workflow->tasks[instance->task], settings);
}

/* Takes the list; one without elements is no text. */
static void add_list(json_t *list, struct text *out)
{
    char *text = json_array_size(list) ? json_dumps(list, JSON_COMPACT) : NULL;
    text_add(out, text ? text : "");
    free(text);
    json_decref(list);
}

void broadcasts_for(const struct pool *pool, cycle_point point, uint32_t task, struct text *out)
{
    if (pool->broadcasts.table)
        add_list(settings_for(pool, point, task), out);
}

static const char *at(const json_t *list, size_t i)
{
    const char *text = json_string_value(json_array_get(list, i));
    return text ? text : "";
}

/* What says who is told of an event, how, and what. */
static bool is_about_events(const char *key)
{
    static const char *const sections[] = {"events", "mail", "meta", "simulation", "skip"};
    struct slice text = slice_trim(slice_of(key));
    if (slice_equal(text, "platform"))
        return true;
    const char *end = text.n && text.at[0] == '[' ? memchr(text.at, ']', text.n) : NULL;
    if (!end)
        return false;
    struct slice name = slice_trim((struct slice){text.at + 1, (size_t)(end - text.at) - 1});
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (slice_equal(name, sections[i]))
            return true;
    return false;
}

void broadcasts_about_events(const struct pool *pool, cycle_point point, uint32_t task,
                             struct text *out)
{
    if (!pool->broadcasts.table)
        return;
    json_t *list = settings_for(pool, point, task);
    for (size_t i = json_array_size(list); i-- > 0;)
        if (!is_about_events(at(json_array_get(list, i), 0)))
            json_array_remove(list, i);
    add_list(list, out);
}

/* --- the command --- */

struct change {
    struct pool *pool;
    json_t *modified, *bad;
    uint32_t n;
};

static void note(struct change *change, const struct broadcast *broadcast, const char *key,
                 const char *value)
{
    change->n++;
    json_array_append_new(change->modified,
                          json_pack("[s%, s, s, s]", broadcast->name, broadcast->n_point,
                                    broadcast->name + broadcast->n_point + 1, key, value));
}

static void note_bad(struct change *change, const char *option, const char *value)
{
    json_t *list = json_object_get(change->bad, option);
    if (!list) {
        list = json_array();
        json_object_set_new(change->bad, option, list);
    }
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), value) == 0)
            return;
    json_array_append_new(list, json_string(value));
}

/* A point in normal form, or POINT_NONE for all of them. */
static bool read_point(const struct pool *pool, const char *text, cycle_point *ret_point)
{
    struct error error = {0};
    for (size_t i = 0; i < sizeof all_points / sizeof *all_points; i++)
        if (strcmp(text, all_points[i]) == 0) {
            *ret_point = POINT_NONE;
            return true;
        }
    return point_parse(pool->workflow->cycling, text, ret_point, &error) == 0;
}

static bool is_namespace(const struct pool *pool, const char *name)
{
    if (workflow_task(pool->workflow, name) != NO_INDEX)
        return true;
    for (uint32_t i = 0; i < pool->workflow->n_families; i++)
        if (strcmp(pool->workflow->families[i].name, name) == 0)
            return true;
    return false;
}

static void set_one(struct change *change, cycle_point point, const char *name_space,
                    const json_t *setting)
{
    const char *key = at(setting, 0), *value = at(setting, 1);
    broadcast_put(change->pool, point, name_space, key, value, change->n);
    char buffer[POINT_TEXT_MAX];
    char *name = str_format("%s/%s", point_text(change->pool, point, buffer), name_space);
    note(change, find(&change->pool->broadcasts, name), key, value);
    free(name);
}

static int run_set(struct change *change, const json_t *points, const json_t *namespaces,
                   const json_t *settings, struct error *error)
{
    for (size_t i = 0; i < json_array_size(settings); i++) {
        const json_t *setting = json_array_get(settings, i);
        if (overlay_check(change->pool->workflow->cycling, at(setting, 0), at(setting, 1), error) <
            0)
            return error->code;
    }
    for (size_t i = 0; i < json_array_size(settings); i++)
        for (size_t p = 0; p < json_array_size(points); p++) {
            cycle_point point;
            bool good = read_point(change->pool, at(points, p), &point);
            if (!good)
                note_bad(change, "point_strings", at(points, p));
            for (size_t n = 0; n < json_array_size(namespaces); n++)
                if (!is_namespace(change->pool, at(namespaces, n)))
                    note_bad(change, "namespaces", at(namespaces, n));
                else if (good)
                    set_one(change, point, at(namespaces, n), json_array_get(settings, i));
        }
    return 0;
}

/* What is to go. A list that is not there, or empty: any. */
struct victims {
    const json_t *points, *namespaces, *settings;
    bool by_cutoff;
    cycle_point cutoff; /* points before it; POINT_NONE: all points */
};

static bool is_listed(const json_t *list, struct slice text)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (slice_equal(text, at(list, i)))
            return true;
    return !json_array_size(list);
}

static bool point_is_listed(const struct pool *pool, const json_t *list, cycle_point wanted)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        cycle_point point;
        if (read_point(pool, at(list, i), &point) && point == wanted)
            return true;
    }
    return !json_array_size(list);
}

static bool is_victim(const struct pool *pool, const struct victims *victims,
                      const struct broadcast *broadcast)
{
    if (victims->by_cutoff)
        return broadcast->point != POINT_NONE &&
               (victims->cutoff == POINT_NONE || broadcast->point < victims->cutoff);
    const char *name_space = broadcast->name + broadcast->n_point + 1;
    return point_is_listed(pool, victims->points, broadcast->point) &&
           is_listed(victims->namespaces, slice_of(name_space));
}

static bool key_is_listed(const json_t *settings, const char *key)
{
    for (size_t i = 0; i < json_array_size(settings); i++)
        if (strcmp(at(json_array_get(settings, i), 0), key) == 0)
            return true;
    return !json_array_size(settings);
}

static void cancel_in(struct change *change, const struct victims *victims,
                      struct broadcast *broadcast)
{
    size_t kept = 0;
    VEC_EACH (struct setting, setting, &broadcast->settings) {
        if (!key_is_listed(victims->settings, setting->key)) {
            broadcast->settings.at[kept++] = *setting;
            continue;
        }
        say_change(change->pool, broadcast->name, setting->key, setting->value, false, change->n);
        note(change, broadcast, setting->key, setting->value);
        setting_release(setting);
    }
    broadcast->settings.n = kept;
}

static void cancel(struct change *change, const struct victims *victims)
{
    struct broadcasts *broadcasts = &change->pool->broadcasts;
    struct broadcast *broadcast, *next;
    broadcasts->first = POINT_NONE;
    HASH_ITER(hh, broadcasts->table, broadcast, next)
    {
        if (is_victim(change->pool, victims, broadcast))
            cancel_in(change, victims, broadcast);
        cycle_point point = broadcast->point;
        if (!broadcast->settings.n)
            drop(broadcasts, broadcast);
        else if (point != POINT_NONE &&
                 (broadcasts->first == POINT_NONE || point < broadcasts->first))
            broadcasts->first = point;
    }
}

void broadcasts_expire(struct pool *pool)
{
    cycle_point lowest = cycles_lowest(&pool->cycles);
    if (pool->broadcasts.first == POINT_NONE || lowest == POINT_NONE ||
        pool->broadcasts.first >= lowest)
        return;
    struct change change = {pool, json_array(), NULL, 0};
    cancel(&change, &(struct victims){.by_cutoff = true, .cutoff = lowest});
    json_decref(change.modified);
}

/* Whether column `column` of something that was cancelled has that text. */
static bool was_hit(const struct change *change, size_t column, const char *text)
{
    for (size_t i = 0; i < json_array_size(change->modified); i++)
        if (strcmp(at(json_array_get(change->modified, i), column), text) == 0)
            return true;
    return false;
}

static void note_missed_points(struct change *change, const json_t *points)
{
    for (size_t i = 0; i < json_array_size(points); i++) {
        char buffer[POINT_TEXT_MAX];
        cycle_point point;
        if (!read_point(change->pool, at(points, i), &point) ||
            !was_hit(change, 0, point_text(change->pool, point, buffer)))
            note_bad(change, "point_strings", at(points, i));
    }
}

/* Each option that hit nothing is told. */
static void note_missed(struct change *change, const struct victims *victims)
{
    note_missed_points(change, victims->points);
    for (size_t i = 0; i < json_array_size(victims->namespaces); i++)
        if (!was_hit(change, 1, at(victims->namespaces, i)))
            note_bad(change, "namespaces", at(victims->namespaces, i));
    for (size_t i = 0; i < json_array_size(victims->settings); i++)
        if (!was_hit(change, 2, at(json_array_get(victims->settings, i), 0)))
            note_bad(change, "cancel", at(json_array_get(victims->settings, i), 0));
}

static int run_expire(struct change *change, const char *cutoff, struct error *error)
{
    struct victims victims = {.by_cutoff = true, .cutoff = POINT_NONE};
    if (*cutoff && pool_read_point(change->pool, slice_of(cutoff), &victims.cutoff, error) < 0)
        return error->code;
    cancel(change, &victims);
    if (!change->n)
        note_bad(change, "expire", cutoff);
    return 0;
}

/* --- show --- */

/* "[environment]X" in a tree of objects. */
static void add_to_tree(json_t *tree, const char *key, const char *value)
{
    const char *end;
    while (*key == '[' && (end = strchr(key, ']')) != NULL) {
        char *section = str_copy_n(key + 1, (size_t)(end - key) - 1);
        json_t *below = json_object_get(tree, section);
        if (!json_is_object(below)) {
            below = json_object();
            json_object_set_new(tree, section, below);
        }
        free(section);
        tree = below;
        key = end + 1;
    }
    json_object_set_new(tree, key, json_string(value));
}

static json_t *below(json_t *tree, const char *name, size_t n)
{
    char *key = str_copy_n(name, n);
    json_t *found = json_object_get(tree, key);
    if (!found) {
        found = json_object();
        json_object_set_new(tree, key, found);
    }
    free(key);
    return found;
}

static json_t *show_all(const struct pool *pool)
{
    json_t *tree = json_object();
    for (const struct broadcast *b = pool->broadcasts.table; b; b = b->hh.next) {
        const char *name_space = b->name + b->n_point + 1;
        json_t *space = below(below(tree, b->name, b->n_point), name_space, strlen(name_space));
        VEC_EACH (struct setting, setting, &b->settings)
            add_to_tree(space, setting->key, setting->value);
    }
    return tree;
}

static json_t *show_task(const struct pool *pool, const char *text, struct error *error)
{
    struct id id = {0};
    cycle_point point;
    if (id_parse_relative(slice_of(text), &id, error) < 0 ||
        pool_read_point(pool, id.cycle, &point, error) < 0)
        return NULL;
    char *name = slice_copy(id.task);
    uint32_t task = workflow_task(pool->workflow, name);
    if (task == NO_INDEX)
        error_set(error, -ENOENT, "no task \"%s\" in the workflow", name);
    free(name);
    if (task == NO_INDEX)
        return NULL;
    json_t *list = settings_for(pool, point, task), *tree = json_object();
    for (size_t i = 0; i < json_array_size(list); i++)
        add_to_tree(tree, at(json_array_get(list, i), 0), at(json_array_get(list, i), 1));
    json_decref(list);
    return tree;
}

static int answer(struct pool *pool, json_t *data)
{
    char *text = json_dumps(data, JSON_COMPACT);
    text_add(&pool->reply, text);
    free(text);
    json_decref(data);
    return 0;
}

static int run_show(struct pool *pool, const char *task, struct error *error)
{
    json_t *tree = *task ? show_task(pool, task, error) : show_all(pool);
    return tree ? answer(pool, tree) : error->code;
}

static int run_change(struct pool *pool, const json_t *args, const char *mode, struct error *error)
{
    struct change change = {pool, json_array(), json_object(), 0};
    const struct victims lists = {.points = json_object_get(args, "points"),
                                  .namespaces = json_object_get(args, "namespaces"),
                                  .settings = json_object_get(args, "settings")};
    const char *cutoff = json_string_value(json_object_get(args, "cutoff"));
    int result = 0;
    if (strcmp(mode, "set") == 0) {
        result = run_set(&change, lists.points, lists.namespaces, lists.settings, error);
    } else if (strcmp(mode, "expire") == 0) {
        result = run_expire(&change, cutoff ? cutoff : "", error);
    } else {
        cancel(&change, &lists);
        note_missed(&change, &lists);
    }
    json_t *data = json_pack("{s:o, s:o}", "modified", change.modified, "bad", change.bad);
    if (result == 0)
        return answer(pool, data);
    json_decref(data);
    return result;
}

int pool_broadcast(struct pool *pool, const struct message *message, struct error *error)
{
    json_t *args = json_loadb(message->detail.at, message->detail.n, 0, NULL);
    const char *mode = json_string_value(json_object_get(args, "mode"));
    const char *task = json_string_value(json_object_get(args, "task"));
    int result;
    if (!mode)
        result = error_set(error, -EINVAL, "broadcast: \"mode\" is missing");
    else if (strcmp(mode, "show") == 0)
        result = run_show(pool, task ? task : "", error);
    else
        result = run_change(pool, args, mode, error);
    json_decref(args);
    return result;
}

void broadcasts_restore(struct pool *pool, const struct restart *restart)
{
    for (size_t i = 0; i < restart->n_broadcasts; i++) {
        const struct restart_broadcast *from = &restart->broadcasts[i];
        set(pool, from->point, from->name_space, from->key, from->value);
    }
}
