/* The difference of two listings, as `diff -u` writes it. Pure. */
#ifndef ROUSE_TEXT_DIFF_H
#define ROUSE_TEXT_DIFF_H

#include "base/text.h"

/* Append the difference of the lines of a and b to out. In each no line is there twice, and lines
 * that both have stand in the same order, as in sorted listings. False: there is none. */
bool text_diff(const struct text *a, const struct text *b, const char *name_a, const char *name_b,
               struct text *out);

#endif
