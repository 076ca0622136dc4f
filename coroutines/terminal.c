/* See terminal.h. The lines at the end are taken away before anything else is written, and put
 * back behind it, all in one write. */
#define ROUSE_TOUCHES_THE_WORLD
#include "coroutines/terminal.h"
#include "base/memory.h"
#include "base/text.h"
#include "coroutines/files.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/banned.h"

enum { COLUMNS_UNKNOWN = 80 };

bool terminal_is_capable(int fd)
{
    const char *kind = getenv("TERM");
    return fd > 0 && isatty(fd) && kind && *kind && strcmp(kind, "dumb") != 0;
}

static size_t columns(const struct terminal *terminal)
{
    struct winsize size;
    bool known = ioctl(terminal->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return known ? size.ws_col : COLUMNS_UNKNOWN;
}

static void add_erasing(struct terminal *terminal, struct text *out)
{
    if (terminal->shown)
        text_addf(out, "\r\x1b[%uA\x1b[J", terminal->shown);
    terminal->shown = 0;
}

/* One row, cut at the width, which counts characters of UTF-8 as one column each. */
static void add_row(struct text *out, const char *row, size_t n, size_t width)
{
    size_t taken = 0, column = 0;
    while (taken < n && column < width) {
        taken++;
        while (taken < n && ((unsigned char)row[taken] & 0xC0) == 0x80)
            taken++;
        column++;
    }
    text_add_n(out, row, taken);
    text_add_char(out, '\n');
}

static void add_block(struct terminal *terminal, struct text *out)
{
    size_t width = columns(terminal) - 1;
    for (const char *at = terminal->block; at && *at && terminal->shown < TERMINAL_ROWS_MAX;) {
        size_t n = strcspn(at, "\n");
        add_row(out, at, n, width);
        at += n + (at[n] == '\n');
        terminal->shown++;
    }
}

void terminal_write(struct terminal *terminal, const char *bytes, size_t n)
{
    if (terminal->fd <= 0)
        return;
    struct text out = {0};
    add_erasing(terminal, &out);
    text_add_n(&out, bytes, n);
    add_block(terminal, &out);
    (void)files_write_all(terminal->fd, out.at, out.n);
    text_release(&out);
}

void terminal_show(struct terminal *terminal, const char *lines)
{
    if (!terminal->live)
        return;
    free(terminal->block);
    terminal->block = *lines ? str_copy(lines) : NULL;
    terminal_write(terminal, "", 0);
}

void terminal_release(struct terminal *terminal)
{
    terminal_show(terminal, "");
}
