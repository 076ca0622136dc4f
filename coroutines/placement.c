/* Reading a placement. */
#include "coroutines/placement.h"
#include <errno.h>

#include "base/banned.h"

const char *const place_names[PLACES] = {"loop", "thread", "process"};

static struct slice next_part(struct slice *rest, char separator)
{
    struct slice part = {rest->at, 0};
    while (part.n < rest->n && rest->at[part.n] != separator)
        part.n++;
    size_t skip = part.n < rest->n ? part.n + 1 : part.n;
    rest->at += skip;
    rest->n -= skip;
    return slice_trim(part);
}

static int index_of(struct slice name, const char *const *names, int n)
{
    int index = 0;
    while (index < n && !slice_equal(name, names[index]))
        index++;
    return index;
}

static int place_one(struct slice assignment, struct placement *placement, struct error *error)
{
    struct slice place = assignment;
    struct slice name = next_part(&place, '=');
    place = slice_trim(place);
    int member = index_of(name, member_names, MEMBERS),
        where = index_of(place, place_names, PLACES);
    if (member == MEMBERS)
        return error_set(error, -EINVAL,
                         "placement: \"%.*s\" is no part of the scheduler; expected one of server, "
                         "commands, task_pool, triggers, xtriggers, jobs, recorder, viewer, "
                         "handlers, health",
                         (int)name.n, name.at);
    if (where == PLACES)
        return error_set(error, -EINVAL,
                         "placement: \"%.*s\" is no place for %s; expected loop, thread or process",
                         (int)place.n, place.at, member_names[member]);
    if (member == SERVER && where == PLACE_PROCESS)
        return error_set(error, -EINVAL,
                         "placement: the server holds the bound port and cannot be put in a "
                         "process; expected server=loop or server=thread");
    if (member == HEALTH && where != PLACE_LOOP)
        return error_set(error, -EINVAL,
                         "placement: health watches over the others and stays on the main loop");
    placement->of[member] = (enum place)where;
    return 0;
}

int placement_parse(const char *text, struct placement *ret_placement, struct error *error)
{
    struct placement placement = {0};
    struct slice rest = slice_trim(slice_of(text ? text : ""));
    while (rest.n) {
        int result = place_one(next_part(&rest, ','), &placement, error);
        if (result < 0)
            return result;
    }
    *ret_placement = placement;
    return 0;
}

unsigned placement_members(const struct placement *placement, enum place place)
{
    unsigned members = 0;
    for (int member = 0; member < MEMBERS; member++)
        if (placement->of[member] == place)
            members |= MEMBER_BIT(member);
    return members;
}
