/* A start's database: what an earlier run was given and left, and that this one has begun. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/memory.h"
#include "coroutines/placement.h"
#include "scheduler/command/start_state.h"
#include "scheduler/command/version_check.h"
#include "scheduler/net/contact.h"
#include "scheduler/run/process.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- what an earlier run was given --- */

int start_take_private(struct start *s, struct error *error)
{
    char *private = str_format("%s/.service/db", s->place->run_dir);
    int code = db_take_private(private, s->db_path, error);
    s->was_private = code > 0;
    free(private);
    return code < 0 ? code : 0;
}

static int check_version(struct start *s, struct error *error)
{
    const char *last = s->earlier.version;
    if (s->was_private)
        start_say(s, "INFO", "The database of Cylc %s is taken over: .service/db is log/db now",
                  last ? last : "");
    s->failure_class = "ServiceFileError";
    int code = version_check(last, CONTACT_CYLC_VERSION, s->options->upgrade, s->options->downgrade,
                             error);
    if (!code && last && strcmp(last, CONTACT_CYLC_VERSION))
        start_say(s, "WARNING", "This workflow was last run with Cylc %s", last);
    return code;
}

static int check_mode(struct start *s, const char *wanted, struct error *error)
{
    if (!s->earlier.mode || !strcmp(s->earlier.mode, wanted))
        return 0;
    s->failure_class = "InputError";
    return error_set(error, -EINVAL,
                     "This workflow was originally run in %s mode: You can't restart it in %s "
                     "mode.",
                     s->earlier.mode, wanted);
}

int start_read_earlier(struct start *s, struct error *error)
{
    if (!s->files.is_restart)
        return 0;
    start_say(s, "INFO", "LOADING workflow parameters");
    s->failure_class = "DatabaseError";
    s->db = db_open(s->db_path, NULL, error);
    if (!s->db)
        return error->code;
    if (given_read(s->db, &s->earlier, error) < 0)
        return error->code;
    int code = check_version(s, error);
    return code ? code : check_mode(s, start_mode(s), error);
}

/* `text` as a point in normal form, into buffer; NULL if there is none. */
static const char *normal(const struct start *s, cycle_point point, bool given, char *buffer)
{
    return given && point != POINT_NONE && point != POINT_MAX
               ? point_format(s->workflow->cycling, point, buffer)
               : NULL;
}

static int describe_start(struct start *s, struct error *error)
{
    const struct workflow *w = s->workflow;
    const struct workflow_options *o = &s->workflow_options;
    char icp[POINT_TEXT_MAX], fcp[POINT_TEXT_MAX], startcp[POINT_TEXT_MAX], stopcp[POINT_TEXT_MAX],
        holdcp[POINT_TEXT_MAX];
    bool paused = s->options->paused || (s->restart && s->restart->paused);
    const struct key_value params[] = {
        {"uuid_str", s->uuid},
        {"cylc_version", CONTACT_CYLC_VERSION},
        {"UTC_mode", w->utc_mode ? "1" : "0"},
        {"cycle_point_format", w->cycle_point_format},
        {"cycle_point_tz", w->cycle_point_time_zone ? w->cycle_point_time_zone : "Z"},
        {"run_mode", start_mode(s)},
        {"icp", normal(s, w->initial, true, icp)},
        {"fcp", normal(s, w->final, o->final != NULL, fcp)},
        {"startcp", normal(s, w->start, o->start != NULL, startcp)},
        {"stopcp", normal(s, w->stop, o->stop != NULL, stopcp)},
        {"stop_clock_time", s->restart ? s->restart->stop_clock_time : NULL},
        {"stop_task", s->restart ? s->restart->stop_task : NULL},
        {"is_paused", paused ? "1" : "0"},
        {"holdcp", normal(s, w->hold_after, o->hold_after != NULL, holdcp)},
    };
    size_t n = sizeof params / sizeof *params;
    int code = db_start(s->db, params, o->hold_after ? n : n - 1, error);
    if (!code)
        db_put_template_variables(s->db, w->template_variables, w->n_template_variables);
    if (!code && !s->restart && s->start_tasks.n)
        db_put_no_cursors(s->db);
    return code;
}

/* The recorder in a process of its own opens the database itself. */
static int hand_over_database(struct start *s, struct error *error)
{
    struct placement placement;
    int code = placement_parse(s->placement, &placement, error);
    if (code || placement.of[RECORDER] != PLACE_PROCESS)
        return code;
    code = db_commit(s->db, error);
    db_close(s->db);
    s->db = NULL;
    return code;
}

int start_open_database(struct start *s, struct error *error)
{
    s->failure_class = "DatabaseError";
    if (!s->db)
        s->db = db_open(s->db_path, NULL, error);
    if (!s->db)
        return error->code;
    db_set_workflow(s->db, s->workflow);
    if (start_clock_jumps(s))
        db_simulated(s->db);
    s->restart = db_load(s->db, s->workflow, error);
    if (!s->restart && error->code)
        return error->code;
    s->uuid = s->restart && s->restart->uuid && *s->restart->uuid ? str_copy(s->restart->uuid)
                                                                  : process_uuid();
    int code = describe_start(s, error);
    return code ? code : hand_over_database(s, error);
}
