/* Since common lines are in the same order, one walk over both listings finds what is in one only.
 */
#include "scheduler/command/text_diff.h"
#include "base/memory.h"
#include "base/table.h"
#include "base/vec.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { CONTEXT_LINES = 3 };

struct line {
    UT_hash_handle hh;
    struct slice text;
};

struct listing {
    struct line *lines, *table;
    size_t n;
};

struct change {
    char mark; /* ' ', '-' or '+' */
    struct slice text;
};
typedef VEC(struct change) changes;

static void listing_init(struct listing *listing, const struct text *text)
{
    const char *at = text_string(text), *end = at + text->n;
    size_t n = 1;
    for (const char *c = at; c < end; c++)
        n += *c == '\n';
    *listing = (struct listing){.lines = NEW_ARRAY(struct line, n)};
    while (at < end) {
        size_t length = strcspn(at, "\n");
        struct line *line = &listing->lines[listing->n++];
        line->text = (struct slice){at, length};
        HASH_ADD_KEYPTR(hh, listing->table, line->text.at, length, line);
        at += length + (at[length] == '\n');
    }
}

static void listing_release(struct listing *listing)
{
    HASH_CLEAR(hh, listing->table);
    free(listing->lines);
}

static bool has(const struct listing *listing, struct slice text)
{
    struct line *found;
    HASH_FIND(hh, listing->table, text.at, text.n, found);
    return found;
}

static void walk(const struct listing *a, const struct listing *b, changes *all)
{
    size_t i = 0, j = 0;
    while (i < a->n || j < b->n) {
        if (i < a->n && !has(b, a->lines[i].text)) {
            *vec_push(all) = (struct change){'-', a->lines[i++].text};
        } else if (j < b->n && !has(a, b->lines[j].text)) {
            *vec_push(all) = (struct change){'+', b->lines[j++].text};
        } else {
            *vec_push(all) = (struct change){' ', a->lines[i++].text};
            j++;
        }
    }
}

/* Where the part around the change at `first` ends: after it come too many common lines. */
static size_t end_of_hunk(const changes *all, size_t first)
{
    size_t last = first;
    for (size_t i = first; i < all->n && i <= last + 2 * CONTEXT_LINES + 1; i++)
        if (all->at[i].mark != ' ')
            last = i;
    return last + 1 + CONTEXT_LINES < all->n ? last + 1 + CONTEXT_LINES : all->n;
}

/* "3,4"; one line is "3", none is "2,0". */
static void add_range(struct text *out, size_t before, size_t n)
{
    text_addf(out, "%zu", n ? before + 1 : before);
    if (n != 1)
        text_addf(out, ",%zu", n);
}

static void add_hunk(const changes *all, size_t from, size_t to, const size_t before[2],
                     struct text *out)
{
    size_t n[2] = {0};
    for (size_t i = from; i < to; i++) {
        n[0] += all->at[i].mark != '+';
        n[1] += all->at[i].mark != '-';
    }
    text_add(out, "@@ -");
    add_range(out, before[0], n[0]);
    text_add(out, " +");
    add_range(out, before[1], n[1]);
    text_add(out, " @@\n");
    for (size_t i = from; i < to; i++)
        text_addf(out, "%c%.*s\n", all->at[i].mark, (int)all->at[i].text.n, all->at[i].text.at);
}

static bool add_hunks(const changes *all, struct text *out)
{
    size_t before[2] = {0}, at = 0;
    bool any = false;
    for (size_t i = 0; i < all->n; i++) {
        if (all->at[i].mark == ' ')
            continue;
        size_t from = i - at > CONTEXT_LINES ? i - CONTEXT_LINES : at, to = end_of_hunk(all, i);
        before[0] += from - at;
        before[1] += from - at;
        add_hunk(all, from, to, before, out);
        for (at = from; at < to; at++) {
            before[0] += all->at[at].mark != '+';
            before[1] += all->at[at].mark != '-';
        }
        i = to - 1;
        any = true;
    }
    return any;
}

bool text_diff(const struct text *a, const struct text *b, const char *name_a, const char *name_b,
               struct text *out)
{
    struct listing first, second;
    struct text hunks = {0};
    changes all = {0};
    listing_init(&first, a);
    listing_init(&second, b);
    walk(&first, &second, &all);
    bool any = add_hunks(&all, &hunks);
    if (any)
        text_addf(out, "--- %s\n+++ %s\n%s", name_a, name_b, text_string(&hunks));
    vec_release(&all);
    text_release(&hunks);
    listing_release(&second);
    listing_release(&first);
    return any;
}
