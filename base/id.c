/* Reading universal ids: "~user/flow/run1//cycle:state/task:state/job". */
#include "base/id.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

static struct slice until(struct slice *rest, char end)
{
    const char *found = rest->n ? memchr(rest->at, end, rest->n) : NULL;
    size_t n = found ? (size_t)(found - rest->at) : rest->n;
    struct slice part = {rest->at, n};
    size_t skip = found ? n + 1 : n;
    rest->at += skip;
    rest->n -= skip;
    return part;
}

static bool has_outer_blanks(struct slice part)
{
    return slice_trim(part).n != part.n;
}

/* "NAME" or "NAME:STATE" up to the next slash; false if there is nothing where something must be,
 * or a blank at one end of it. */
static bool take_part(struct slice *rest, struct slice *ret_name, struct slice *ret_state)
{
    struct slice part = until(rest, '/');
    bool has_state = part.n && memchr(part.at, ':', part.n);
    *ret_name = until(&part, ':');
    *ret_state = part;
    return ret_name->n && (!has_state || part.n) && !has_outer_blanks(*ret_name) &&
           !has_outer_blanks(part);
}

/* "CYCLE", "CYCLE/TASK", "CYCLE/TASK/" or "CYCLE/TASK/JOB". */
static bool take_parts(struct slice rest, struct id *id)
{
    struct slice no_state = {0};
    bool slash_behind_cycle = rest.n && memchr(rest.at, '/', rest.n);
    if (!take_part(&rest, &id->cycle, &id->cycle_state))
        return false;
    if (slash_behind_cycle && !take_part(&rest, &id->task, &id->task_state))
        return false;
    if (rest.n && !take_part(&rest, &id->job, &no_state))
        return false;
    return !rest.n && !no_state.n;
}

int id_parse_relative(struct slice text, struct id *ret_id, struct error *error)
{
    struct slice rest = slice_trim(text);
    if (rest.n >= 2 && rest.at[0] == '/' && rest.at[1] == '/') {
        rest.at += 2;
        rest.n -= 2;
    }
    struct id id = {.user = ret_id->user, .workflow = ret_id->workflow};
    if (!take_parts(rest, &id))
        return error_set(error, -EINVAL,
                         "\"%.*s\" is no task id: expected CYCLE, CYCLE/TASK or CYCLE/TASK/JOB",
                         (int)(text.n < 200 ? text.n : 200), text.at ? text.at : "");
    *ret_id = id;
    return 0;
}

static const char *find_double_slash(struct slice text)
{
    for (size_t i = 0; i + 1 < text.n; i++)
        if (text.at[i] == '/' && text.at[i + 1] == '/')
            return text.at + i;
    return NULL;
}

int id_parse(const char *text, struct id *ret_id, struct error *error)
{
    struct id id = {0};
    struct slice rest = slice_trim(slice_of(text));
    if (rest.n && rest.at[0] == '~') {
        rest.at++;
        rest.n--;
        id.user = until(&rest, '/');
        if (!id.user.n)
            return error_set(error, -EINVAL, "\"%.200s\" is no id: a user name must follow \"~\"",
                             text);
    }
    const char *split = find_double_slash(rest);
    id.workflow = (struct slice){rest.at, split ? (size_t)(split - rest.at) : rest.n};
    while (id.workflow.n && id.workflow.at[id.workflow.n - 1] == '/')
        id.workflow.n--;
    if (!id.workflow.n || has_outer_blanks(id.workflow))
        return error_set(error, -EINVAL,
                         "\"%.200s\" is no id: expected WORKFLOW or WORKFLOW//CYCLE/TASK", text);
    if (split) {
        struct slice below = {split + 2, (size_t)(rest.at + rest.n - split - 2)};
        if (below.n) {
            int result = id_parse_relative(below, &id, error);
            if (result < 0)
                return result;
        }
    }
    *ret_id = id;
    return 0;
}
