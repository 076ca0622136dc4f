/* Intrusive circular lists: an item is in a list by a struct link of its own, so joining and
 * leaving cost nothing and need no memory. */
#ifndef ROUSE_POOL_LIST_H
#define ROUSE_POOL_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
    struct link *next, *previous;
};

/* The item that `link` is the `member` of. */
#define LINK_OWNER(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void link_init(struct link *link)
{
    link->next = link->previous = link;
}

static inline bool list_is_empty(const struct link *list)
{
    return list->next == list;
}

/* Put `link`, which is in no list, last in `list`. */
static inline void list_append(struct link *list, struct link *link)
{
    link->next = list;
    link->previous = list->previous;
    list->previous->next = link;
    list->previous = link;
}

/* A link that is in no list is left alone. */
static inline void list_remove(struct link *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link_init(link);
}

static inline size_t list_count(const struct link *list)
{
    size_t n = 0;
    for (const struct link *link = list->next; link != list; link = link->next)
        n++;
    return n;
}

#endif
