/* Loading workflows from text in tests, and asserting how they are refused. */
#ifndef ROUSE_TESTS_FLOW_H
#define ROUSE_TESTS_FLOW_H

#include "base/text.h"
#include "scheduler/config/workflow.h"

/* [scheduling] with one graph item on line 3, then more lines from line 4 on. */
#define R1(graph, more) "[scheduling]\n[[graph]]\nR1 = " graph "\n" more

/* Daily cycling with lines for [scheduling] from line 3 on, a family FAM of m1 and m2, tasks a, b.
 */
#define DAYS(special, graph)                                                                       \
    "[scheduling]\ninitial cycle point = 2030\n" special "[[graph]]\nP1D = \"\"\"\n" graph         \
    "\n\"\"\"\n[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n[[a, b]]\n"

/* What the last load warned about, one a line. */
extern struct text flow_warnings;

/* The workflow; the test fails if it is refused. */
struct workflow *flow_load(const char *text);
struct workflow *flow_load_with(const char *text, const struct workflow_options *options);
/* The text is refused with that line (0 = none) and item, and the message holds `says`. */
void assert_refused(const char *text, int line, const char *item, const char *says);
void assert_refused_with(const char *text, const struct workflow_options *options, int line,
                         const char *item, const char *says);
/* The task of that name; it must be there. */
const struct task_def *flow_task(const struct workflow *workflow, const char *name);
/* Tear-down of a group of tests. */
int flow_release(void **state);

#endif
