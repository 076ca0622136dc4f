/* What lint finds in lines. */
#include "scheduler/command/lint_rules.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

/* "S001:1 S006:2" for a file. */
static void found(const char *file, struct text *out)
{
    struct lint_reader reader = {0};
    for (const char *at = file; *at;) {
        size_t n = strcspn(at, "\n");
        struct lint_line line;
        lint_read(&reader, (struct slice){at, n}, &line);
        for (const struct lint_rule *rule = lint_rules; rule->code; rule++)
            if (rule->finds && rule->finds(&line))
                text_addf(out, "%s%s:%d", out->n ? " " : "", rule->code, reader.lines);
        at += n + (at[n] == '\n');
    }
}

static void assert_found(const char *file, const char *expected)
{
    struct text out = {0};
    found(file, &out);
    assert_string_equal(text_string(&out), expected);
    text_release(&out);
}

static void style_is_checked(void **state)
{
    (void)state;
    assert_found("[a]\n    b = c\n    [[d]]\n        [[[e]]]\n            f = g # h\n", "");
    assert_found("[a]\n\tb = c\n", "S001:2 S013:2");
    assert_found("b = c\n", "S002:1");
    assert_found("# b = c\n{% set b = c %}\n", "S008:2");
    assert_found("#!Jinja2\n{% set b = c %}\n  {{ x }}\n", "");
    assert_found(" [a]\n  [[b]]\n    [[[c]]]\n", "S003:1 S004:2 S005:3");
    assert_found("[a]  \n", "S006:1");
    assert_found("    inherit = FAM, fam\n", "S007:1");
    assert_found("    inherit = None, FAM<param>, FAM_2\n    inherit = root\n", "");
    assert_found("    platform = $(rose host-select x)\n", "S009:1");
    assert_found("     a = b\n", "S013:1");
}

static void blocks_have_their_own_indentation(void **state)
{
    (void)state;
    assert_found("    script = \"\"\"\na = b\n [x]\n  inherit = low\n    \"\"\"\nb = c\n",
                 "S002:6");
    assert_found("    script = \'\'\'\"\"\"\na = b\n\'\'\'\nb = c\n", "S002:4");
    assert_found("    # \"\"\"\nb = c\n", "S002:2");
    assert_found("    s = \"\"\"one line\"\"\"\nb = c\n", "S002:2");
}

static void lines_that_go_on_need_no_backslash(void **state)
{
    (void)state;
    assert_found("    R1 = \"\"\"\n a => \\\n b & \\\n c | \\\n d\n\"\"\"\n",
                 "S015:2 U017:3 U017:4");
    assert_found("    s = a \\\n        b\n", "");
}

static void a_directive_that_limits_time_is_found(void **state)
{
    (void)state;
    assert_found("        [[[directives]]]\n            --time = 3\n            -W = 10:00\n",
                 "S014:2 S014:3");
    assert_found("        [[[directives]]]\n            -W = x=1\n            --mem = 3\n", "");
    assert_found("        [[[environment]]]\n            --time = 3\n", "");
}

static void what_cylc_7_wrote_is_found(void **state)
{
    (void)state;
    assert_found("    [[dependencies]]\n        [[[P1]]]\n            graph = a\n",
                 "U001:1 U002:3");
    assert_found("    script = echo $CYLC_SUITE_NAME\n", "R006:1");
    assert_found("    script = cylc reset x\n    script = mycylc reset x; cylc release x\n",
                 "R007:1");
}

static void long_lines_are_counted_in_characters(void **state)
{
    (void)state;
    struct text text = {0};
    text_add(&text, "    a = ");
    while (text.n < LINT_LINE_MAX)
        text_add(&text, "b");
    assert_found(text_string(&text), "");
    text_add(&text, "b");
    assert_found(text_string(&text), "S012:1");
    text_clear(&text);
    for (int i = 0; i < LINT_LINE_MAX - 4; i++)
        text_add(&text, i ? "\xc3\xa9" : "    a = ");
    assert_found(text_string(&text), "S012:1");
    text_release(&text);
}

static void codes_are_sorted_and_known(void **state)
{
    (void)state;
    for (const struct lint_rule *rule = lint_rules; rule->code; rule++) {
        assert_ptr_equal(lint_rule_find(rule->code), rule);
        assert_true(!rule[1].code || strcmp(rule->code, rule[1].code) < 0);
    }
    assert_null(lint_rule_find("X001"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(style_is_checked),
        cmocka_unit_test(blocks_have_their_own_indentation),
        cmocka_unit_test(lines_that_go_on_need_no_backslash),
        cmocka_unit_test(a_directive_that_limits_time_is_found),
        cmocka_unit_test(what_cylc_7_wrote_is_found),
        cmocka_unit_test(long_lines_are_counted_in_characters),
        cmocka_unit_test(codes_are_sorted_and_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
