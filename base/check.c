/* Failing assertions: say what, print the trace ring, abort. */
#include "base/check.h"
#include "base/trace.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

void check_failed(const char *kind, const char *text, const char *file, int line)
{
    char message[512];
    int n = snprintf(message, sizeof message, "rouse: %s:%d: %s failed: %s\nrecent events:\n", file,
                     line, kind, text);
    if (n > 0) {
        size_t size = (size_t)n < sizeof message ? (size_t)n : sizeof message - 1;
        (void)!write(STDERR_FILENO, message, size);
    }
    trace_dump(STDERR_FILENO);
    abort();
}
