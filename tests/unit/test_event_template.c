/* Templates of handlers and footers. */
#include "base/text.h"
#include "scheduler/config/event_template.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/banned.h"

static const struct event_value values[] = {
    {"event", "failed"}, {"message", "it's gone wrong"}, {"empty", ""}, {"event", "second"}};

static void expect_fill(const char *template, bool quote, const char *expected, bool filled)
{
    struct text out = {0};
    struct error error = {0};
    bool was_filled;
    text_add(&out, "> ");
    int result = event_template_fill(template, quote, values, 4, &out, &was_filled, &error);
    if (expected) {
        assert_int_equal(result, 0);
        assert_string_equal(text_string(&out) + 2, expected);
        assert_int_equal(was_filled, filled);
    } else {
        assert_int_equal(result, -EINVAL);
        assert_string_equal(text_string(&out), "> ");
        assert_true(error.text[0]);
    }
    text_release(&out);
}

static void values_are_words_of_a_shell(void **state)
{
    (void)state;
    expect_fill("tell %(event)s %(message)s.", true, "tell failed 'it'\"'\"'s gone wrong'.", true);
    expect_fill("tell %(empty)s", true, "tell ''", true);
    expect_fill("%(event)s: %(message)s", false, "failed: it's gone wrong", true);
}

static void a_template_without_templates_says_so(void **state)
{
    (void)state;
    expect_fill("tell everybody", true, "tell everybody", false);
    expect_fill("", true, "", false);
    expect_fill("100 %%", true, "100 %", true);
}

static void what_is_no_template_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "%(nothing)s", "%(event)d", "%(event", "50%", "% s", "%s", "fine %(event)s, bad %(x)s",
        "%()s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_fill(bad[i], true, NULL, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_words_of_a_shell),
        cmocka_unit_test(a_template_without_templates_says_so),
        cmocka_unit_test(what_is_no_template_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
