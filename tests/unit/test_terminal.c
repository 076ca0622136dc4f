/* The lines at the end of a terminal, on a pseudo terminal. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/text.h"
#include "coroutines/terminal.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

struct screen {
    int master;
    struct terminal terminal;
};

static struct screen screen;

static int open_screen(void **state)
{
    (void)state;
    screen.master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(screen.master >= 0);
    assert_int_equal(grantpt(screen.master), 0);
    assert_int_equal(unlockpt(screen.master), 0);
    int fd = open(ptsname(screen.master), O_RDWR | O_NOCTTY);
    assert_true(fd >= 0);
    struct termios raw;
    tcgetattr(fd, &raw);
    cfmakeraw(&raw);
    tcsetattr(fd, TCSANOW, &raw);
    const struct winsize size = {.ws_row = 24, .ws_col = 11};
    assert_int_equal(ioctl(screen.master, TIOCSWINSZ, &size), 0);
    setenv("TERM", "xterm", 1);
    screen.terminal = (struct terminal){.fd = fd, .live = terminal_is_capable(fd)};
    assert_true(screen.terminal.live);
    return 0;
}

static int close_screen(void **state)
{
    (void)state;
    terminal_release(&screen.terminal);
    close(screen.terminal.fd);
    close(screen.master);
    return 0;
}

static void expect(const char *bytes)
{
    char got[512];
    ssize_t n = read(screen.master, got, sizeof got - 1);
    assert_true(n >= 0);
    got[n] = '\0';
    assert_string_equal(got, bytes);
}

static void lines_go_above_what_stands_at_the_end(void **state)
{
    (void)state;
    terminal_write(&screen.terminal, "one\n", 4);
    expect("one\n");
    terminal_show(&screen.terminal, "a\nb\n");
    expect("a\nb\n");
    terminal_write(&screen.terminal, "two\n", 4);
    expect("\r\x1b[2A\x1b[Jtwo\na\nb\n");
    terminal_show(&screen.terminal, "c\n");
    expect("\r\x1b[2A\x1b[Jc\n");
    terminal_show(&screen.terminal, "");
    expect("\r\x1b[1A\x1b[J");
}

static void they_are_cut_to_the_width(void **state)
{
    (void)state;
    terminal_show(&screen.terminal, "0123456789abc\n\xc3\xa9\xc3\xa9\n");
    expect("0123456789\n\xc3\xa9\xc3\xa9\n");
}

static void there_are_only_so_many(void **state)
{
    (void)state;
    terminal_show(&screen.terminal, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
    expect("1\n2\n3\n4\n5\n6\n7\n8\n");
}

static void what_is_no_terminal_gets_plain_lines(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_false(terminal_is_capable(ends[1]));
    struct terminal terminal = {.fd = ends[1]};
    terminal_show(&terminal, "nothing of this\n");
    terminal_write(&terminal, "plain\n", 6);
    char got[64];
    assert_int_equal(read(ends[0], got, sizeof got), 6);
    assert_memory_equal(got, "plain\n", 6);
    terminal_release(&terminal);
    close(ends[0]);
    close(ends[1]);
    setenv("TERM", "dumb", 1);
    assert_false(terminal_is_capable(screen.terminal.fd));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_go_above_what_stands_at_the_end, open_screen,
                                        close_screen),
        cmocka_unit_test_setup_teardown(they_are_cut_to_the_width, open_screen, close_screen),
        cmocka_unit_test_setup_teardown(there_are_only_so_many, open_screen, close_screen),
        cmocka_unit_test_setup_teardown(what_is_no_terminal_gets_plain_lines, open_screen,
                                        close_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
