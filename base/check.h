/* Assertions, on in every build. They state what the program must have made true: they abort, and
 * are never used for input. Before aborting they print the ring of recent trace events. */
#ifndef ROUSE_BASE_CHECK_H
#define ROUSE_BASE_CHECK_H

_Noreturn void check_failed(const char *kind, const char *text, const char *file, int line);

#define CHECK_(kind, condition)                                                                    \
    ((condition) ? (void)0 : check_failed((kind), #condition, __FILE__, __LINE__))

/* What the caller must have done. */
#define PRE(condition) CHECK_("precondition", condition)
/* What this function promises. */
#define POST(condition) CHECK_("postcondition", condition)
/* What always holds here. */
#define INVARIANT(condition) CHECK_("invariant", condition)
/* Code that cannot be reached; `why` says so. */
#define IMPOSSIBLE(why) check_failed("impossible", (why), __FILE__, __LINE__)

#endif
