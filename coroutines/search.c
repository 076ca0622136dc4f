/* See search.h. */
#include "coroutines/search.h"
#include "base/memory.h"
#include <stdlib.h>

#include "base/banned.h"

struct search {
    uint64_t id;
    char *name;
    json_t *args;
    struct patterns *patterns;
    struct view_cursor cursor;
    struct candidates found;
    struct search *next;
};

bool search_is_needed(const struct view *view, const json_t *args)
{
    const json_t *ids = json_object_get(args, "ids");
    return HASH_COUNT(view->tasks) > SEARCH_TASKS_PER_TURN && json_array_size(ids) &&
           patterns_any(view, ids);
}

void search_begin(struct searches *self, uint64_t id, struct slice name, const json_t *args)
{
    struct search *search = NEW(struct search);
    search->id = id;
    search->name = slice_copy(name);
    search->args = json_deep_copy(args);
    search->patterns = patterns_create(self->view, json_object_get(args, "ids"));
    view_cursor_open(self->view, &search->cursor);
    struct search **at = &self->first;
    while (*at)
        at = &(*at)->next;
    *at = search;
}

static void drop_first(struct searches *self)
{
    struct search *search = self->first;
    self->first = search->next;
    view_cursor_close(self->view, &search->cursor);
    patterns_destroy(search->patterns);
    vec_release(&search->found);
    json_decref(search->args);
    free(search->name);
    free(search);
}

static void finish(struct searches *self, const struct candidates *candidates, const char *why)
{
    const struct search *search = self->first;
    self->done(self->context, search->id, slice_of(search->name), search->args, candidates, why);
    drop_first(self);
}

bool searches_work(struct searches *self)
{
    struct search *search = self->first;
    if (!search)
        return false;
    const struct view_task *task = NULL;
    for (unsigned n = 0; n < SEARCH_TASKS_PER_TURN && search->found.n <= SEARCH_FOUND_MAX; n++) {
        task = view_cursor_next(&search->cursor);
        if (!task)
            break;
        if (patterns_match(search->patterns, task))
            *vec_push(&search->found) = task->key;
    }
    if (search->found.n > SEARCH_FOUND_MAX)
        finish(self, NULL, "the answer is too large: ask for fewer tasks");
    else if (!task)
        finish(self, &search->found, NULL);
    return self->first != NULL;
}

void searches_end(struct searches *self, const char *why)
{
    while (self->first)
        finish(self, NULL, why);
}

void searches_release(struct searches *self)
{
    while (self->first)
        drop_first(self);
}
