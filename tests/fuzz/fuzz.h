/* What every fuzz target shares. A target is one file with LLVMFuzzerTestOneInput; linked with
 * libFuzzer it is a fuzzer (build-fuzz, see `run`), linked with replay.c it is a test that plays
 * the kept inputs. */
#ifndef ROUSE_TESTS_FUZZ_H
#define ROUSE_TESTS_FUZZ_H

#include "base/check.h"
#include "base/text.h"
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold whatever the input: aborts if it does not. */
#define HOLDS(condition) PRE(condition)

/* The next line of `rest` without its newline, which is skipped. Empty at the end. */
static inline struct slice fuzz_line(struct slice *rest)
{
    size_t n = 0;
    while (n < rest->n && rest->at[n] != '\n')
        n++;
    const struct slice line = {rest->at, n};
    const size_t skip = n < rest->n ? n + 1 : n;
    *rest = (struct slice){rest->at + skip, rest->n - skip};
    return line;
}

#endif
