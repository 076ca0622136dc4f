/* From flow.cylc to struct workflow: points, the graph, queues, special tasks, xtriggers; damaged
 * files. */
#include "base/memory.h"
#include "tests/lib/flow.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

static void assert_point(const struct workflow *workflow, cycle_point point, const char *expected)
{
    char text[POINT_TEXT_MAX];
    assert_string_equal(point_format(workflow->cycling, point, text), expected);
}

static void a_graph_of_r1_alone_does_not_cycle(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(R1("a => b", "[runtime]\n[[a, b]]\n"));
    assert_int_equal(cycling_mode(workflow->cycling), CYCLING_INTEGER);
    assert_int_equal(workflow->initial, 1);
    assert_int_equal(workflow->final, 1);
    assert_int_equal(workflow->start, 1);
    assert_int_equal(workflow->stop, POINT_NONE);
    assert_int_equal(workflow->hold_after, POINT_NONE);
    assert_int_equal(workflow->n_tasks, 2);
    assert_int_equal(workflow->graph->n_tasks, 2);
    workflow_destroy(workflow);
}

static void sequential_is_what_a_function_says_unless_the_definition_does(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(
        "[scheduling]\n    sequential xtriggers = True\n    [[xtriggers]]\n        a = f(1)\n"
        "        aa = f(2, sequential=False)\n        b = f(3, sequential=True)\n        c = f(4)\n"
        "    [[graph]]\n        R1 = @a & @aa & @b & @c => t\n[runtime]\n    [[t]]\n");
    workflow_make_sequential(workflow, NULL);
    workflow_make_sequential(workflow, "");
    assert_true(workflow->xtriggers[0].sequential);
    workflow_make_sequential(workflow, "aa=True a=False b=False ");
    assert_false(workflow->xtriggers[0].sequential);
    assert_false(workflow->xtriggers[1].sequential);
    assert_true(workflow->xtriggers[2].sequential);
    assert_true(workflow->xtriggers[3].sequential);
    workflow_destroy(workflow);
}

static void what_is_not_set_has_the_defaults_of_cylc(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(R1("a", "[runtime]\n[[a]]\n"));
    assert_int_equal(workflow->version, 1);
    assert_string_equal(workflow->source, "flow.cylc");
    assert_string_equal(workflow->title, "");
    assert_true(workflow->runahead.by_count);
    assert_int_equal(workflow->runahead.count, 4);
    assert_float_equal(workflow->stall_timeout.seconds, 3600, 0);
    assert_true(workflow->stall_timeout.abort);
    assert_true(workflow->inactivity_timeout.seconds < 0);
    assert_false(workflow->inactivity_timeout.abort);
    assert_true(workflow->workflow_timeout.seconds < 0);
    assert_float_equal(workflow->restart_timeout.seconds, 120, 0);
    assert_false(workflow->utc_mode);
    assert_int_equal(workflow->n_queues, 1);
    assert_string_equal(workflow->queues[0].name, "default");
    assert_int_equal(workflow->queues[0].limit, 100);
    const struct runtime *runtime = &flow_task(workflow, "a")->runtime;
    assert_string_equal(runtime->script, "");
    assert_string_equal(runtime->platform, "localhost");
    assert_string_equal(runtime->completion, "");
    assert_float_equal(runtime->simulation_run_length, 10, 0);
    assert_int_equal(runtime->n_environment, 0);
    assert_true(interval_is_null(&workflow->future_offset_max));
    workflow_destroy(workflow);
}

static void points_come_from_the_file(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load("[scheduling]\ninitial cycle point = 2030\nfinal cycle point = +P1D\n"
                  "stop after cycle point = 20300101T12\nhold after cycle point = 20300101T06\n"
                  "runahead limit = PT36H\n[[graph]]\nPT6H = a\n[runtime]\n[[a]]\n");
    assert_int_equal(cycling_mode(workflow->cycling), CYCLING_DATETIME);
    assert_point(workflow, workflow->initial, "20300101T0000Z");
    assert_point(workflow, workflow->final, "20300102T0000Z");
    assert_point(workflow, workflow->stop, "20300101T1200Z");
    assert_point(workflow, workflow->hold_after, "20300101T0600Z");
    assert_false(workflow->runahead.by_count);
    assert_int_equal(workflow->runahead.duration.hours, 36);
    workflow_destroy(workflow);
}

static void options_overrule_points(void **state)
{
    (void)state;
    struct workflow_options options = {
        .initial = "3", .final = "9", .start = "5", .stop = "8", .hold_after = "7"};
    const char *text = "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n"
                       "final cycle point = 2\n[[graph]]\nP1 = a\n[runtime]\n[[a]]\n";
    struct workflow *workflow = flow_load_with(text, &options);
    assert_int_equal(workflow->initial, 3);
    assert_int_equal(workflow->final, 9);
    assert_int_equal(workflow->start, 5);
    assert_int_equal(workflow->stop, 8);
    assert_int_equal(workflow->hold_after, 7);
    workflow_destroy(workflow);
    options.start = "x";
    assert_refused_with(text, &options, 0, "--start-cycle-point", "'x'");
    options.start = NULL;
    options.initial = "x";
    assert_refused_with(text, &options, 0, "--initial-cycle-point", "'x'");
}

/* As in Cylc: the one is a start at the initial point, the other a run without tasks. */
static void a_start_outside_of_the_workflow_is_allowed(void **state)
{
    (void)state;
    const char *text = "[scheduling]\ncycling mode = integer\ninitial cycle point = 2\n"
                       "final cycle point = 3\n[[graph]]\nP1 = a\n[runtime]\n[[a]]\n";
    struct workflow_options options = {.start = "1"};
    struct workflow *workflow = flow_load_with(text, &options);
    assert_int_equal(workflow->start, 1);
    workflow_destroy(workflow);
    options.start = "5";
    workflow = flow_load_with(text, &options);
    assert_int_equal(workflow->start, 5);
    workflow_destroy(workflow);
}

static void the_format_of_points_is_kept(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load("[scheduler]\ncycle point format = CCYYMMDDThh+0530\n"
                  "cycle point time zone = +0530\n[scheduling]\ninitial cycle point = 2030\n"
                  "[[graph]]\nP1D = a\n[runtime]\n[[a]]\n");
    assert_string_equal(workflow->cycle_point_format, "CCYYMMDDThh+0530");
    assert_string_equal(workflow->cycle_point_time_zone, "+0530");
    workflow_destroy(workflow);
    workflow = flow_load("[scheduling]\ninitial cycle point = 2030\n[[graph]]\nP1D = a\n"
                         "[runtime]\n[[a]]\n");
    assert_null(workflow->cycle_point_format);
    assert_null(workflow->cycle_point_time_zone);
    workflow_destroy(workflow);
}

static void bad_points_are_refused_with_their_item(void **state)
{
    (void)state;
    assert_refused("", 0, "[scheduling][graph]", "missing");
    assert_refused("[scheduling]\n[[graph]]\n[runtime]\n", 2, "[scheduling][graph]", "missing");
    assert_refused("[scheduling]\n[[graph]]\nP1 = a\n[runtime]\n[[a]]\n", 1,
                   "[scheduling]initial cycle point", "requires an initial cycle point");
    assert_refused("[scheduling]\ninitial cycle point = tomorrow\n[[graph]]\nP1D = a\n", 2,
                   "[scheduling]initial cycle point", "tomorrow");
    assert_refused("[scheduling]\ninitial cycle point = 2031\nfinal cycle point = 2030\n"
                   "[[graph]]\nP1D = a\n",
                   3, "[scheduling]final cycle point", "20310101T0000Z is after the final");
    assert_refused("[scheduling]\ninitial cycle point = 2030\nfinal cycle point = soon\n"
                   "[[graph]]\nP1D = a\n",
                   3, "[scheduling]final cycle point", "soon");
    assert_refused("[scheduling]\ninitial cycle point = 2030\nhold after cycle point = x\n"
                   "[[graph]]\nP1D = a\n",
                   3, "[scheduling]hold after cycle point", "'x'");
    assert_refused("[scheduling]\ninitial cycle point = 2030\nstop after cycle point = x\n"
                   "[[graph]]\nP1D = a\n",
                   3, "[scheduling]stop after cycle point", "'x'");
    assert_refused("[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n"
                   "runahead limit = PT6H\n[[graph]]\nP1 = a\n",
                   4, "[scheduling]runahead limit", "PT6H");
    assert_refused("[scheduling]\ninitial cycle point = 2030\nrunahead limit = many\n[[graph]]\n"
                   "P1D = a\n",
                   3, "[scheduling]runahead limit", "many");
    assert_refused("[scheduling]\ninitial cycle point = 20300102\n"
                   "initial cycle point constraints = 01T00, 15T00\n[[graph]]\nP1D = a\n",
                   3, "[scheduling]initial cycle point constraints", "20300102T0000Z meets none");
    assert_refused("[scheduler]\ncycle point time zone = GMT\n[scheduling]\n"
                   "initial cycle point = 2030\n[[graph]]\nP1D = a\n",
                   2, "[scheduler]cycle point time zone", "GMT");
    assert_refused("[scheduler]\ncycle point format = CCYY-MM-DDThh:mm\n[scheduling]\n"
                   "initial cycle point = 2030\n[[graph]]\nP1D = a\n",
                   2, "[scheduler]cycle point format", ":");
    assert_refused("[scheduler]\ncycle point num expanded year digits = 9\n[scheduling]\n"
                   "initial cycle point = 2030\n[[graph]]\nP1D = a\n",
                   2, "[scheduler]cycle point num expanded year digits", "0 to 6");
}

static void a_stop_point_after_the_end_is_dropped_with_a_warning(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load("[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n"
                  "final cycle point = 3\nstop after cycle point = 4\n[[graph]]\nP1 = a\n"
                  "[runtime]\n[[a]]\n");
    assert_int_equal(workflow->stop, POINT_NONE);
    assert_non_null(strstr(text_string(&flow_warnings), "Stop cycle point '4'"));
    workflow_destroy(workflow);
}

static void calendars_formats_and_zones_reach_the_points(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(
        "[scheduler]\ncycle point format = CCYYMMDD\n[scheduling]\ncycling mode = 360_day\n"
        "initial cycle point = 20300230\n[[graph]]\nP1M = a\n[runtime]\n[[a]]\n");
    assert_point(workflow, workflow->initial, "20300230");
    workflow_destroy(workflow);
    workflow = flow_load("[scheduler]\ncycle point time zone = +05:30\n[scheduling]\n"
                         "initial cycle point = 2030\n[[graph]]\nP1M = a\n[runtime]\n[[a]]\n");
    assert_point(workflow, workflow->initial, "20300101T0000+05:30");
    workflow_destroy(workflow);
}

static void scheduler_settings_are_read(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(
        "[meta]\ntitle = the title\nmine = x\n[scheduler]\nUTC mode = True\n[[events]]\n"
        "stall timeout = PT0S\nabort on stall timeout = False\ninactivity timeout = PT1M\n"
        "abort on inactivity timeout = True\nhandlers = h1, h2\nhandler events = stall, abort\n"
        "startup handlers = up\nstall timeout handlers = a, b\n" R1("a", "[runtime]\n[[a]]\n"));
    assert_string_equal(workflow->title, "the title");
    assert_int_equal(workflow->n_meta, 2);
    assert_string_equal(workflow->meta[1].key, "mine");
    assert_true(workflow->utc_mode);
    assert_float_equal(workflow->stall_timeout.seconds, 0, 0);
    assert_false(workflow->stall_timeout.abort);
    assert_float_equal(workflow->inactivity_timeout.seconds, 60, 0);
    assert_true(workflow->inactivity_timeout.abort);
    assert_int_equal(workflow->n_handlers, 2);
    assert_string_equal(workflow->handler_events[1], "abort");
    assert_int_equal(workflow->n_event_handlers, 2);
    assert_string_equal(workflow->event_handlers[1].event, "stall timeout");
    assert_int_equal(workflow->event_handlers[1].n_commands, 2);
    assert_string_equal(workflow->event_handlers[1].commands[1], "b");
    workflow_destroy(workflow);
    assert_refused("[scheduler]\ninstall = ok/, too/deep/\n" R1("a", ""), 2, "[scheduler]install",
                   "too/deep/");
    assert_refused("[meta]\nURL = http://%(bogus)s\n" R1("a", ""), 2, "[meta]URL", "bogus");
    assert_refused(R1("a", "[runtime]\n[[a]]\n[[[meta]]]\nURL = %(x)s\n"), 7,
                   "[runtime][a][meta]URL", "invalid template");
}

static void implicit_tasks_are_refused_unless_allowed(void **state)
{
    (void)state;
    assert_refused(R1("a => b", "[runtime]\n[[a]]\n"), 3, "[scheduling][graph]R1",
                   "implicit task \"b\"");
    assert_refused(R1("a", "[[special tasks]]\nsequential = ghost\n[runtime]\n[[a]]\n"), 5,
                   "[scheduling][special tasks]sequential", "ghost");
    struct workflow *workflow = flow_load("[scheduler]\nallow implicit tasks = True\n" R1(
        "b => a => c", "[runtime]\n[[root]]\nscript = x\n[[a]]\n"));
    assert_int_equal(workflow->n_tasks, 3);
    assert_int_equal(flow_task(workflow, "a")->index, 0);
    assert_int_equal(flow_task(workflow, "b")->index, 1);
    assert_string_equal(flow_task(workflow, "c")->runtime.script, "x");
    assert_int_equal(flow_task(workflow, "c")->n_ancestors, 2);
    workflow_destroy(workflow);
    assert_refused(R1("root => a", "[runtime]\n[[a]]\n"), 3, "[scheduling][graph]R1", "root");
}

static void graph_items_add_up(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(R1("a => b", "[scheduling]\n[[graph]]\nR1 = b => c\n"
                                                       "[runtime]\n[[a, b, c]]\n"));
    assert_int_equal(workflow->graph->tasks[0].edges[OUTPUT_SUCCEEDED].n, 1);
    assert_int_equal(workflow->graph->tasks[1].edges[OUTPUT_SUCCEEDED].n, 1);
    workflow_destroy(workflow);
}

static void graph_errors_name_their_line_in_the_file(void **state)
{
    (void)state;
    assert_refused("[scheduling]\n[[graph]]\nR1 = \"\"\"\na => \\\n  b\n\na & => b\n\"\"\"\n"
                   "[runtime]\n[[a, b]]\n",
                   7, "[scheduling][graph]R1", "expected a task");
    assert_refused(R1("a => b", "[[graph]]\nR1 = \"\"\"\n b\n b:x => c\n\"\"\"\n[runtime]\n"
                                "[[a, b, c]]\n"),
                   7, "[scheduling][graph]R1", "no output 'x'");
    assert_refused(R1("a =>", "[[graph]]\nR1 = b\n[runtime]\n[[a, b]]\n"), 3,
                   "[scheduling][graph]R1", "a =>");
    assert_refused(R1("a => \"b\"", "[runtime]\n[[a, b]]\n"), 3, "[scheduling][graph]R1", "");
    assert_refused("[scheduling]\ninitial cycle point = 2030\n[[graph]]\nevery day = a\n"
                   "[runtime]\n[[a]]\n",
                   4, "[scheduling][graph]every day", "every day");
    assert_refused("[scheduling]\n[[graph]]\nR1 = \"a\" \"b\"\n", 3, "[scheduling][graph]R1",
                   "closing quote");
}

static void a_workflow_needs_a_graph(void **state)
{
    (void)state;
    assert_refused("[runtime]\n[[a]]\n", 0, "[scheduling][graph]", "missing");
    assert_refused("", 0, "[scheduling][graph]", "missing");
    assert_refused("[scheduling]\ninitial cycle point = 2030\n", 0, "[scheduling][graph]",
                   "missing");
    assert_refused(R1("", "[runtime]\n[[a]]\n"), 2, "[scheduling][graph]",
                   "no workflow dependency graph");
    assert_refused(R1("\"\"\"\n# nothing\n\"\"\"", "[runtime]\n[[a]]\n"), 2, "[scheduling][graph]",
                   "no workflow dependency graph");
}

/* Cylc 8.4: of several queues the last that names a task has it, be it through a family. */
static void a_task_is_in_the_last_queue_that_names_it(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load("[scheduling]\n[[queues]]\n[[[q]]]\nmembers = a, m1\n[[[r]]]\nmembers = FAM, a\n"
                  "[[[s]]]\nmembers = m2\n" R1(
                      "FAM & a", "[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n[[a]]\n"));
    assert_int_equal(flow_task(workflow, "a")->queue, 2);
    assert_int_equal(flow_task(workflow, "m1")->queue, 2);
    assert_int_equal(flow_task(workflow, "m2")->queue, 3);
    workflow_destroy(workflow);
}

static void queues_take_tasks_and_families(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load("[scheduling]\n[[queues]]\n[[[default]]]\nlimit = 7\n[[[q]]]\nlimit = 2\n"
                  "members = FAM, x, nobody\n[[[r]]]\nmembers = m2\n" R1(
                      "FAM & x & y", "[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n[[x, y]]\n"));
    assert_int_equal(workflow->n_queues, 3);
    assert_int_equal(workflow->queues[0].limit, 7);
    assert_string_equal(workflow->queues[1].name, "q");
    assert_int_equal(workflow->queues[1].limit, 2);
    assert_int_equal(workflow->queues[2].limit, 0);
    assert_int_equal(flow_task(workflow, "m1")->queue, 1);
    assert_int_equal(flow_task(workflow, "x")->queue, 1);
    assert_int_equal(flow_task(workflow, "m2")->queue, 2);
    assert_int_equal(flow_task(workflow, "y")->queue, 0);
    assert_non_null(strstr(text_string(&flow_warnings), "task 'nobody' in queue 'q'"));
    workflow_destroy(workflow);
    assert_refused("[scheduling]\n[[queues]]\n[[[q]]]\nlimit = -1\n" R1("a", "[runtime]\n[[a]]\n"),
                   4, "[scheduling][queues][q]limit", "expected a number of tasks");
    assert_refused(
        "[scheduling]\n[[queues]]\n[[[q]]]\nmembers = t<m>\n" R1("a", "[runtime]\n[[a]]\n"), 4,
        "[scheduling][queues][q]members", "parameter 'm' in 't<m>' is not defined");
}

static const struct xtrigger_def *xtrigger(const struct workflow *workflow, const char *label)
{
    for (uint32_t i = 0; i < workflow->n_xtriggers; i++)
        if (strcmp(workflow->xtriggers[i].label, label) == 0)
            return &workflow->xtriggers[i];
    fail_msg("no xtrigger %s", label);
    return NULL;
}

static void xtriggers_are_taken_apart(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(
        DAYS("[[xtriggers]]\nx1 = echo(succeed=True)\n"
             "x2 = echo(1, 'a, b', (1,sequential=2), key=%(point)s, sequential = True):PT30S\n"
             "x3 = wall_clock(offset=P1D, sequential=False)\nx4 = wall_clock(PT1H):PT1M\n"
             "x5 = my.check\nx6 = other:PT5S\n",
             "@x1 & @x2 & @x3 & @x4 & @x5 & @x6 => a"));
    assert_string_equal(xtrigger(workflow, "x1")->function, "echo");
    assert_string_equal(xtrigger(workflow, "x1")->args, "succeed=True");
    assert_float_equal(xtrigger(workflow, "x1")->interval, 10, 0);
    assert_false(xtrigger(workflow, "x1")->sequential);
    assert_string_equal(xtrigger(workflow, "x2")->args,
                        "1, 'a, b', (1,sequential=2), key=%(point)s");
    assert_float_equal(xtrigger(workflow, "x2")->interval, 30, 0);
    assert_true(xtrigger(workflow, "x2")->sequential);
    assert_string_equal(xtrigger(workflow, "x3")->args, "offset=P1D");
    assert_false(xtrigger(workflow, "x3")->sequential);
    assert_string_equal(xtrigger(workflow, "x4")->args, "PT1H");
    assert_true(xtrigger(workflow, "x4")->sequential);
    assert_string_equal(xtrigger(workflow, "x5")->function, "my.check");
    assert_string_equal(xtrigger(workflow, "x6")->function, "other");
    assert_float_equal(xtrigger(workflow, "x6")->interval, 5, 0);
    assert_int_equal(workflow->graph->tasks[flow_task(workflow, "a")->index].n_xtriggers, 6);
    workflow_destroy(workflow);
}

static void sequential_xtriggers_can_be_the_default(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load(DAYS("sequential xtriggers = True\n[[xtriggers]]\nx = echo(1)\n"
                       "y = echo(1, sequential=False)\n",
                       "@x & @y => a"));
    assert_true(xtrigger(workflow, "x")->sequential);
    assert_false(xtrigger(workflow, "y")->sequential);
    workflow_destroy(workflow);
}

static void bad_xtriggers_are_refused(void **state)
{
    (void)state;
    assert_refused(DAYS("[[xtriggers]]\nx = echo(1):5min\n", "@x => a"), 4,
                   "[scheduling][xtriggers]x", "5min");
    assert_refused(DAYS("[[xtriggers]]\nx = echo(1) PT1M\n", "@x => a"), 4,
                   "[scheduling][xtriggers]x", "function(arguments):interval");
    assert_refused(DAYS("[[xtriggers]]\nx = echo(1\n", "@x => a"), 4, "[scheduling][xtriggers]x",
                   "function(arguments):interval");
    assert_refused(DAYS("[[xtriggers]]\nx = (1)\n", "@x => a"), 4, "[scheduling][xtriggers]x",
                   "function(arguments):interval");
    assert_refused(DAYS("[[xtriggers]]\nmy-x = echo(1)\n", "a"), 4, "[scheduling][xtriggers]my-x",
                   "my-x");
    assert_refused(DAYS("[[xtriggers]]\nx = echo(sequential=maybe)\n", "a"), 4,
                   "[scheduling][xtriggers]x", "maybe");
    assert_refused(DAYS("[[xtriggers]]\nx = wall_clock(offset=soon)\n", "a"), 4,
                   "[scheduling][xtriggers]x", "soon");
    assert_refused(DAYS("[[xtriggers]]\nx = wall_clock(when=PT1H)\n", "a"), 4,
                   "[scheduling][xtriggers]x", "when");
    assert_refused(DAYS("", "@nope => a"), 5, "[scheduling][graph]P1D", "nope");
    assert_refused(R1("@wall_clock => a", "[runtime]\n[[a]]\n"), 3, "[scheduling][graph]R1",
                   "wall_clock");
    assert_refused(R1("a", "[[xtriggers]]\nc = wall_clock(offset=PT1H)\n"), 5,
                   "[scheduling][xtriggers]c", "date-time cycling");
}

static void the_furthest_future_offset_is_known(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(
        "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n"
        "final cycle point = 9\n[[graph]]\nP1 = \"\"\"\na\na[+P3] & a[+P1] & a[-P5] => b\n"
        "\"\"\"\n[runtime]\n[[a, b]]\n");
    assert_int_equal(workflow->future_offset_max.count, 3);
    workflow_destroy(workflow);
}

#define PARAMETERS "[task parameters]\nm = 1..2\nw = cat, dog\n[[templates]]\nm = -%(m)02d\n"

static void a_task_knows_its_parameters(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load(PARAMETERS R1("a<m,w>", "[runtime]\n[[a<m,w>]]\ninherit = F<w>\n[[F<w>]]\n"
                                          "[[a<m=2,w>]]\nscript = two\n"));
    assert_int_equal(workflow->n_tasks, 4);
    const struct task_def *task = flow_task(workflow, "a-02_dog");
    assert_int_equal(task->n_parameters, 2);
    assert_string_equal(task->parameters[0].key, "m");
    assert_string_equal(task->parameters[0].value, "2");
    assert_string_equal(task->parameters[1].value, "dog");
    assert_string_equal(task->runtime.script, "two");
    assert_true(workflow_task_is_a(workflow, task->index, "F_dog"));
    assert_false(workflow_task_is_a(workflow, task->index, "F_cat"));
    workflow_destroy(workflow);
}

static void queues_and_special_tasks_take_parameters(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load(PARAMETERS "[scheduling]\ninitial cycle point = 2030\n[[queues]]\n[[[q]]]\n"
                             "limit = 1\nmembers = a<m>\n[[special tasks]]\n"
                             "sequential = a<m=1>\nclock-trigger = a<m>(PT1H)\n[[graph]]\n"
                             "P1D = a<m>\n[runtime]\n[[a<m>]]\n");
    const struct task_def *one = flow_task(workflow, "a-01"), *two = flow_task(workflow, "a-02");
    assert_int_equal(one->queue, 1);
    assert_int_equal(two->queue, 1);
    assert_true(one->sequential);
    assert_false(two->sequential);
    assert_int_equal(workflow->graph->tasks[two->index].n_xtriggers, 1);
    workflow_destroy(workflow);
}

static void bad_parameters_are_refused_with_their_place(void **state)
{
    (void)state;
    assert_refused("[task parameters]\nm = 1..x\n" R1("a", ""), 2, "[task parameters]m",
                   "bad range");
    assert_refused(PARAMETERS R1("a<m>", "[runtime]\n[[a<m-1>]]\n"), 10, "[runtime][a<m-1>]",
                   "m-1");
    assert_refused(PARAMETERS R1("a", "[runtime]\n[[F<m>]]\n[[a]]\ninherit = F<m=7>\n"), 12,
                   "[runtime][a]inherit", "m=7");
    assert_refused(PARAMETERS "[scheduling]\n[[special tasks]]\nsequential = a<x>\n" R1("a", ""), 8,
                   "[scheduling][special tasks]sequential", "parameter 'x'");
}

static void a_circle_of_tasks_is_refused(void **state)
{
    (void)state;
    assert_refused("[scheduler]\nallow implicit tasks = True\n[scheduling]\n"
                   "initial cycle point = 1\ncycling mode = integer\n[[graph]]\n"
                   "P1 = a => b => a\n",
                   6, "[scheduling][graph]", "1/a");
}

static void other_templates_are_refused_clearly(void **state)
{
    (void)state;
    assert_refused("#!empy\n", 1, "", "not implemented");
    struct workflow *workflow = flow_load("#!/bin/true\n" R1("a", "[runtime]\n[[a]]\n"));
    workflow_destroy(workflow);
}

static const char sample[] =
    "# a workflow with something of everything\n"
    "[meta]\n    title = \"sample # 1\"\n"
    "[scheduler]\n    allow implicit tasks = True\n    cycle point format = CCYYMMDDThhZ\n"
    "    [[events]]\n        stall timeout = PT1M\n        handlers = \"a, b\", c\n"
    "[scheduling]\n    initial cycle point = 2030\n    final cycle point = +P2D\n"
    "    runahead limit = P2\n    [[queues]]\n        [[[q]]]\n            limit = 2\n"
    "            members = FAM, \\\n                      x\n"
    "    [[special tasks]]\n        clock-trigger = x(PT1H)\n        sequential = y\n"
    "    [[xtriggers]]\n        e = echo(1, 'two', sequential=True):PT30S\n"
    "    [[graph]]\n        R1 = start => FAM\n        P1D = \"\"\"\n"
    "            FAM:succeed-all => x # comment\n            x[-P1D] & @e => y?\n"
    "            y:out? | y:fail? => \\\n                z\n        \"\"\"\n        T00, T12 = w\n"
    "[runtime]\n    [[root]]\n        pre-script = '''\n            echo one\n"
    "              echo two\n        '''\n        [[[environment]]]\n            A = 1\n"
    "    [[FAM]]\n        execution retry delays = 3*PT1M, PT1H\n    [[m1, m2]]\n"
    "        inherit = FAM\n    [[x, y]]\n        script = true\n        [[[outputs]]]\n"
    "            out = an output\n    [[y]]\n        completion = succeeded or failed\n"
    "        [[[environment filter]]]\n            exclude = A\n        [[[meta]]]\n"
    "            URL = http://example.org/%(workflow)s/%(task)s\n";

/* Success or a complete error; the sanitizers watch the rest. */
static void try_text(const char *text, size_t size)
{
    struct error error;
    struct workflow *workflow = workflow_parse("flow.cylc", text, size, NULL, NULL, NULL, &error);
    if (workflow) {
        assert_true(workflow->n_tasks > 0);
        workflow_destroy(workflow);
        return;
    }
    assert_true(error.code < 0);
    assert_true(*error.text);
    assert_true(*error.file || *error.item);
}

static void every_prefix_of_a_file_is_read_or_refused(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(sample);
    assert_int_equal(workflow->n_tasks, 7);
    workflow_destroy(workflow);
    for (size_t n = 0; n < sizeof sample; n++) {
        char *text = mem_copy(sample, n + 1); /* its own memory, so that reading past is seen */
        text[n] = '#';
        try_text(text, n);
        free(text);
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static void mutate(struct text *text, uint64_t *seed)
{
    static const char bytes[] = "[]=\"'#\\\n,:()<>@&|!?+-P1 \t\0\xc3\xa9xT{%";
    size_t at = next_random(seed) % text->n, length = next_random(seed) % 12;
    switch (next_random(seed) % 4) {
    case 0:
        text->at[at] = bytes[next_random(seed) % (sizeof bytes - 1)];
        break;
    case 1: /* cut a piece */
        length = length < text->n - at ? length : text->n - at - 1;
        memmove(text->at + at, text->at + at + length, text->n - at - length);
        text->n -= length;
        break;
    case 2: /* another piece over it */
        for (size_t i = 0; i < length && at + i < text->n; i++)
            text->at[at + i] = sample[(next_random(seed) + i) % (sizeof sample - 1)];
        break;
    default: /* say the end again */
        text_add_n(text, sample + at % (sizeof sample - 1),
                   sizeof sample - 1 - at % (sizeof sample - 1));
        break;
    }
}

static void a_thousand_damaged_files_are_read_or_refused(void **state)
{
    (void)state;
    uint64_t seed = 20260101;
    for (int round = 0; round < 1500; round++) {
        struct text text = {0};
        text_add_n(&text, sample, sizeof sample - 1);
        for (uint64_t n = next_random(&seed) % 6 + 1; n > 0; n--)
            mutate(&text, &seed);
        char *copy = mem_copy(text.at, text.n);
        try_text(copy, text.n);
        free(copy);
        text_release(&text);
    }
}

static void a_text_without_an_end_is_not_read_past(void **state)
{
    (void)state;
    const char text[] = {'[', 'm', 'e', 't', 'a', ']', '\n', 'x', '=', '"', '"', '"'};
    for (size_t n = 0; n <= sizeof text; n++) {
        char *copy = mem_copy(text, n);
        try_text(copy, n);
        free(copy);
    }
}

static void put_file(const char *directory, const char *name, const char *text)
{
    char *path = str_format("%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    free(path);
}

static void a_file_is_read_with_its_include_files(void **state)
{
    (void)state;
    char directory[] = "/tmp/rouse-test-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char *sub = str_format("%s/etc", directory), *flow = str_format("%s/flow.cylc", directory);
    char *inner = str_format("%s/etc/rt.cylc", directory);
    struct error error;
    assert_int_equal(mkdir(sub, 0700), 0);
    put_file(directory, "flow.cylc", R1("a", "[runtime]\n%include etc/rt.cylc\n"));
    assert_null(workflow_load(flow, NULL, NULL, NULL, &error));
    assert_int_equal(error.code, -ENOENT);
    assert_int_equal(error.line, 5);
    put_file(directory, "etc/rt.cylc", "[[a]]\nscript = included\n");
    struct workflow *workflow = workflow_load(flow, NULL, NULL, NULL, &error);
    assert_non_null(workflow);
    assert_string_equal(flow_task(workflow, "a")->runtime.script, "included");
    assert_string_equal(workflow->source, flow);
    workflow_destroy(workflow);
    put_file(directory, "etc/rt.cylc", "[[a]]\n\nscirpt = x\n");
    assert_null(workflow_load(flow, NULL, NULL, NULL, &error));
    assert_string_equal(error.file, "etc/rt.cylc");
    assert_int_equal(error.line, 3);
    unlink(inner);
    unlink(flow);
    rmdir(sub);
    assert_null(workflow_load(flow, NULL, NULL, NULL, &error));
    assert_int_equal(error.code, -ENOENT);
    assert_null(workflow_load(directory, NULL, NULL, NULL, &error));
    assert_int_equal(error.code, -EISDIR);
    rmdir(directory);
    free(inner);
    free(flow);
    free(sub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_graph_of_r1_alone_does_not_cycle),
        cmocka_unit_test(sequential_is_what_a_function_says_unless_the_definition_does),
        cmocka_unit_test(what_is_not_set_has_the_defaults_of_cylc),
        cmocka_unit_test(points_come_from_the_file),
        cmocka_unit_test(options_overrule_points),
        cmocka_unit_test(bad_points_are_refused_with_their_item),
        cmocka_unit_test(a_stop_point_after_the_end_is_dropped_with_a_warning),
        cmocka_unit_test(calendars_formats_and_zones_reach_the_points),
        cmocka_unit_test(scheduler_settings_are_read),
        cmocka_unit_test(implicit_tasks_are_refused_unless_allowed),
        cmocka_unit_test(graph_items_add_up),
        cmocka_unit_test(graph_errors_name_their_line_in_the_file),
        cmocka_unit_test(a_workflow_needs_a_graph),
        cmocka_unit_test(queues_take_tasks_and_families),
        cmocka_unit_test(a_task_is_in_the_last_queue_that_names_it),
        cmocka_unit_test(xtriggers_are_taken_apart),
        cmocka_unit_test(sequential_xtriggers_can_be_the_default),
        cmocka_unit_test(bad_xtriggers_are_refused),
        cmocka_unit_test(the_furthest_future_offset_is_known),
        cmocka_unit_test(a_start_outside_of_the_workflow_is_allowed),
        cmocka_unit_test(the_format_of_points_is_kept),
        cmocka_unit_test(a_task_knows_its_parameters),
        cmocka_unit_test(queues_and_special_tasks_take_parameters),
        cmocka_unit_test(bad_parameters_are_refused_with_their_place),
        cmocka_unit_test(a_circle_of_tasks_is_refused),
        cmocka_unit_test(other_templates_are_refused_clearly),
        cmocka_unit_test(every_prefix_of_a_file_is_read_or_refused),
        cmocka_unit_test(a_thousand_damaged_files_are_read_or_refused),
        cmocka_unit_test(a_text_without_an_end_is_not_read_past),
        cmocka_unit_test(a_file_is_read_with_its_include_files),
    };
    return cmocka_run_group_tests(tests, NULL, flow_release);
}
