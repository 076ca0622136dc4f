/* The definition of a workflow: everything flow.cylc says, ready to use. Immutable after
 * workflow_load, versioned, shared by pointer on one loop; another process loads the processed file
 * again and gets the same indices.
 *
 * A reload makes the next version. A task's index means the same task in all versions: what was
 * there keeps its place, what is new comes behind, what is gone leaves its place to its name
 * (task_def.removed). So an event that is under way while versions change names the right task. */
#ifndef ROUSE_WORKFLOW_H
#define ROUSE_WORKFLOW_H

#include "base/text.h"
#include "scheduler/graph/graph.h"

struct key_value {
    const char *key, *value;
};

struct output_def {
    const char *name;    /* as in the graph: "x" */
    const char *message; /* what the job sends; standard outputs: the name */
};

struct delays { /* seconds, one a retry */
    const double *at;
    uint32_t n;
};

/* "failed handlers", "stall handlers" and the like: commands for one event. */
struct event_handlers {
    const char *event; /* "failed", "submission timeout" */
    const char *const *commands;
    uint32_t n_commands;
};

/* How a job is run. As a task's `run mode`: RUN_AS_WORKFLOW, live or skip. */
enum run_mode { RUN_AS_WORKFLOW, RUN_LIVE, RUN_SKIP, RUN_SIMULATION, RUN_DUMMY, RUN_MODES };
extern const char *const run_mode_names[RUN_MODES];

/* [[[simulation]]]fail cycle points: where a job in simulation or dummy mode fails. */
struct simulated_failures {
    bool everywhere; /* "all" */
    const cycle_point *points;
    uint32_t n_points;
    bool every_try; /* fail try 1 only = False */
};

/* [runtime][NAME], inheritance resolved. Texts are never NULL unless said; empty = not set. */
struct runtime {
    const char *init_script, *env_script, *pre_script, *script, *post_script, *exit_script,
        *err_script;
    const struct key_value *environment; /* order of definition kept */
    uint32_t n_environment;
    const struct key_value *directives;
    uint32_t n_directives;
    const struct key_value *meta; /* title, description, URL, custom */
    uint32_t n_meta;
    const char *platform;           /* "localhost" if not set */
    const char *work_sub_directory; /* empty = CYCLE/TASK */
    struct delays execution_retries, submission_retries;
    double priority;             /* in its queue: the higher goes first; 0 if not set */
    double execution_time_limit; /* seconds; 0 = none */
    struct delays execution_polling, submission_polling; /* none: the platform's */
    const char *completion; /* the user's completion expression; empty = default */
    double
        simulation_run_length; /* seconds: the time limit by the speedup factor, or the default */
    double simulation_default, simulation_speedup; /* default run length; 0: no speedup factor */
    double time_limit_buffer; /* of a dummy job, beyond its simulated run length */
    struct simulated_failures simulated_failures;
    bool simulation_handlers; /* [[[simulation]]]disable task event handlers = False */
    enum run_mode run_mode;
    bool skip_handlers;          /* [[[skip]]]disable task event handlers = False */
    const char *const *handlers; /* [[[events]]]handlers */
    uint32_t n_handlers;
    const char *const *handler_events;
    uint32_t n_handler_events;
    const struct event_handlers *event_handlers; /* each event once */
    uint32_t n_event_handlers;
    struct delays handler_retries; /* the first is before the first try */
    const char *const *mail_events;
    uint32_t n_mail_events;
    const char *mail_from, *mail_to;              /* [[[mail]]]; empty = the workflow's */
    double execution_timeout, submission_timeout; /* [[[events]]], seconds; 0 = none */
    bool may_be_late;                             /* [[[events]]]late offset is set */
    double late_offset;                           /* seconds from its cycle point */
};

/* A namespace: a task or a family. */
struct task_def {
    const char *name;
    uint32_t index;
    const char *const *ancestors; /* linearised: itself first, root last */
    uint32_t n_ancestors;
    const char *const *parents; /* as `inherit` names them, root if it names none; root has none */
    uint32_t n_parents;
    const char *first_parent; /* in the tree: root after `inherit = None, ...`; NULL for root */
    const struct output_def *outputs; /* standard ones first, see enum standard_output */
    uint32_t n_outputs;
    const struct key_value *parameters; /* of "[[a<m>]]": m and its value */
    uint32_t n_parameters;
    uint32_t queue;
    bool sequential; /* [special tasks]sequential */
    bool expires;    /* [special tasks]clock-expire: at its cycle point + expire_offset */
    struct interval expire_offset;
    uint64_t skip_outputs; /* [[[skip]]]outputs: a bit for each output index; 0: not set */
    /* 0, or the last version that defined it: it is no longer in the file, and on no sequence. Its
     * settings and outputs are that version's, which must outlive this one. */
    uint64_t removed;
    struct runtime runtime;
};

/* How a finished task is judged complete, in postfix order over its output indices. */
struct completion {
    const struct term *terms; /* TERM_ATOM: atom is an output index */
    uint32_t n_terms;
    const char *text;
};

struct queue_def {
    const char *name;
    uint32_t limit; /* 0 = none */
};

/* When a window opens or closes. */
enum window_base {
    WINDOW_NEVER,      /* not set */
    WINDOW_AT,         /* a time */
    WINDOW_FROM_POINT, /* so long after the cycle point */
    WINDOW_FROM_WAIT   /* so long after the instance began to wait: with integer cycling */
};
struct window_edge {
    enum window_base base;
    int64_t seconds; /* WINDOW_AT: since 1970-01-01T00Z; WINDOW_FROM_WAIT */
    struct interval interval;
};

/* [scheduling][xtrigger windows][LABEL]: the xtrigger is asked from `start` to `until`. Both are
 * xtriggers, too, "LABEL:start" and "LABEL:timeout": clocks. */
struct xtrigger_window {
    uint32_t xtrigger;       /* whose it is */
    uint32_t start, timeout; /* its clocks; NO_INDEX: not set */
    bool timeout_named;      /* in the graph */
    struct window_edge opens, closes;
};

struct xtrigger_def {
    const char *label;    /* as in the graph: @label */
    const char *function; /* "wall_clock" */
    const char *args;     /* text between the brackets, templates not yet filled: "offset=PT1H" */
    double interval;      /* seconds between calls; 10 if not given */
    bool sequential;
    bool sequential_said; /* among its arguments: what the function says does not count */
    /* [special tasks]external-trigger, or ext_trigger("message"): the message which the ext-trigger
     * command brings, for each task that waits for it. NULL: it is a function. */
    const char *external;
    const struct xtrigger_window *window; /* that it has or is a clock of; NULL: none */
    const char *file; /* where it is defined; NULL: it is made by the scheduler */
    int line;
};

enum workflow_event {
    EVENT_STARTUP,
    EVENT_SHUTDOWN,
    EVENT_ABORT,
    EVENT_WORKFLOW_TIMEOUT,
    EVENT_STALL,
    EVENT_STALL_TIMEOUT,
    EVENT_INACTIVITY_TIMEOUT,
    EVENT_RESTART_TIMEOUT,
    WORKFLOW_EVENTS
};

/* [scheduler][events] timeouts in seconds; negative = not set. */
struct timeout_def {
    double seconds;
    bool abort;
};

struct runahead_def {
    bool by_count;
    uint32_t count;           /* P4 */
    struct interval duration; /* PT12H */
};

struct workflow {
    uint64_t version;      /* 1, one more at each reload */
    const char *source;    /* path of flow.cylc */
    const char *processed; /* the lines that came of a template; NULL: the file is none */
    size_t processed_size;
    const struct key_value *template_variables; /* value as Python writes it */
    uint32_t n_template_variables;
    const char *title;
    const struct key_value *meta; /* [meta], with the title */
    struct cycling *cycling;
    cycle_point initial, final;   /* final: POINT_MAX if none */
    cycle_point start;            /* initial, unless --startcp */
    cycle_point stop, hold_after; /* POINT_NONE if not set */
    struct runahead_def runahead;
    struct interval
        future_offset_max; /* largest positive graph offset ([+P1]); null interval if none */
    bool utc_mode;
    const char *cycle_point_format;    /* [scheduler]cycle point format; NULL = not set */
    const char *cycle_point_time_zone; /* [scheduler]cycle point time zone; NULL = not set, Z */
    bool allow_implicit_tasks;
    double process_pool_timeout; /* seconds */
    unsigned process_pool_size;  /* of each kind of process so many at a time; at least 1 */
    struct timeout_def stall_timeout, inactivity_timeout, workflow_timeout, restart_timeout;
    const char *const *handlers; /* [scheduler][events]handlers */
    const char *const *handler_events;
    const struct event_handlers *event_handlers;
    const char *const *mail_events;
    const char *const *expected_failures; /* "CYCLE/TASK": see pool_options.abort_on_failure */
    uint32_t n_meta, n_handlers, n_handler_events, n_event_handlers, n_mail_events,
        n_expected_failures;
    struct {
        const char *from, *to, *footer, *smtp; /* NULL = not set */
        double batch_interval;                 /* seconds, of mail on task events */
    } mail;                                    /* [scheduler][mail] */
    const struct task_def *tasks;
    const struct completion *completions; /* by task */
    uint32_t n_tasks;
    const struct task_def *families; /* what others inherit, root first; their index is NO_INDEX */
    uint32_t n_families;
    const struct queue_def *queues; /* queues[0] is `default` */
    uint32_t n_queues;
    const struct xtrigger_def *xtriggers;
    uint32_t n_xtriggers;
    const char *const *xtrigger_programs; /* functions that programs serve over the network */
    uint32_t n_xtrigger_programs;
    const struct graph *graph;
};

/* Template variables as the command line gives them. A set wins over a list, a list over a file;
 * the later over the earlier. */
struct template_options {
    const char *const *sets;  /* "NAME=VALUE", the value a literal of Python's */
    const char *const *lists; /* "NAME=a,b,c" */
    const char *const *files; /* with lines like the sets */
    size_t n_sets, n_lists, n_files;
    const struct key_value *earlier; /* of an earlier run: anything wins over them */
    size_t n_earlier;
    const char *directory; /* where the files' names begin; NULL: here */
};

struct global_config;

/* Options of the command line that change the definition; NULL = not given. */
struct workflow_options {
    const char *initial, *final, *start, *stop, *hold_after;
    const char *sequential; /* what functions of xtriggers say, see workflow_make_sequential */
    int64_t now;            /* seconds since 1970-01-01T00Z, for `now` */
    bool keep_tree;         /* for workflow_tree */
    /* Defaults of the site and the user, which are copied; NULL: none. */
    const struct global_config *global;
    struct template_options templates;
    /* A reload: the version that this one is to follow, with the same indices; NULL: the first. It
     * and the versions it uses must outlive the new one as long as workflow_uses says so. */
    const struct workflow *previous;
    uint64_t version; /* 0: one more than previous, or 1 */
};

/* Read and check `path` (a flow.cylc). NULL and an error with file, line and item if it is refused.
 * Warnings (deprecated items) go to `warn` if it is not NULL. */
struct workflow *workflow_load(const char *path, const struct workflow_options *options,
                               void (*warn)(void *context, const char *text), void *context,
                               struct error *error);
/* The same from text in memory; `name` stands for the file in messages. */
struct workflow *workflow_parse(const char *name, const char *text, size_t size,
                                const struct workflow_options *options,
                                void (*warn)(void *context, const char *text), void *context,
                                struct error *error);
void workflow_destroy(struct workflow *workflow);
/* Whether removed tasks of `workflow` have their settings from `version`. */
bool workflow_uses(const struct workflow *workflow, uint64_t version);
/* Tasks that the graph of `after` has and that of `before` has not, the other way round, and those
 * of both whose settings are others, one a line: "+ name", "- name", "~ name". False if there are
 * none. PRE: `after` follows `before`. */
bool workflow_compare(const struct workflow *before, const struct workflow *after,
                      struct text *out);

struct item_tree;
/* The whole configuration after inheritance (merged.h), if options->keep_tree was set; else NULL.
 * With `defaults` every item that is not set is put in, with its default. */
const struct item_tree *workflow_tree(struct workflow *workflow, bool defaults);
/* Give back the memory of the tree. */
void workflow_forget_tree(struct workflow *workflow);

/* Whether the xtrigger is the clock of another one's window. */
static inline bool xtrigger_is_clock(const struct workflow *workflow, uint32_t xtrigger)
{
    const struct xtrigger_window *window = workflow->xtriggers[xtrigger].window;
    return window && window->xtrigger != xtrigger;
}

/* What the functions of xtriggers say of `sequential` where they are defined: "LABEL=True " or
 * "LABEL=False " for each that says something. It holds unless the definition of the xtrigger says
 * something else. PRE: nobody uses the workflow yet. */
void workflow_make_sequential(struct workflow *workflow, const char *said);

/* Task index of a name, or NO_INDEX. O(1). */
uint32_t workflow_task(const struct workflow *workflow, const char *name);
/* Whether [scheduling]xtrigger programs names this function. */
bool workflow_has_xtrigger_program(const struct workflow *workflow, const char *function);
/* The cycle point of an id: `^`, the initial one; `$`, the final one; or as point_parse reads it.
 */
int workflow_point(const struct workflow *workflow, const char *text, cycle_point *ret_point,
                   struct error *error);
/* Whether the task has `name` among its ancestors (itself included). */
bool workflow_task_is_a(const struct workflow *workflow, uint32_t task, const char *name);
/* Output index whose message is `message`, or NO_INDEX. */
uint32_t task_output_by_message(const struct task_def *task, const char *message, size_t n);
/* How a task's jobs run, its runtime and the mode of the whole workflow put together: simulation
 * and dummy are for all tasks. */
enum run_mode task_run_mode(const struct runtime *runtime, enum run_mode of_workflow);
/* The outputs a job in skip mode completes, by index: those of [[[skip]]]outputs, or all that are
 * required; success unless failure is asked for. */
uint64_t task_skip_outputs(const struct workflow *workflow, const struct task_def *task);
/* Whether the job of that try (1, 2, ...) fails at point. */
bool simulated_job_fails(const struct simulated_failures *failures, cycle_point point,
                         unsigned try_number);

#endif
