/* Parameters: their values, their templates, and the names they make. */
#include "base/memory.h"
#include "scheduler/graph/params.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static int setup(void **state)
{
    *state = params_create();
    return 0;
}

static int teardown(void **state)
{
    params_destroy(*state);
    return 0;
}

static void define(struct params *params, const char *name, const char *values)
{
    struct error error = {0};
    assert_int_equal(params_define(params, name, values, &error), 0);
}

static void set_template(struct params *params, const char *name, const char *text)
{
    struct error error = {0};
    assert_int_equal(params_template(params, name, text, &error), 0);
}

/* "name(m=1,n=cat) name2()" */
static int note_name(void *context, const char *name, const struct param_value *values,
                     size_t n_values, struct error *error)
{
    (void)error;
    struct text *out = context;
    text_addf(out, "%s%s", out->n ? " " : "", name);
    for (size_t i = 0; i < n_values; i++)
        text_addf(out, "%s%s=%s", i ? "," : "(", values[i].name, values[i].value);
    text_add(out, n_values ? ")" : "");
    return 0;
}

static void check_names(const struct params *params, const char *text, const char *expected)
{
    struct text out = {0};
    struct error error = {0};
    int code = params_expand_name(params, slice_of(text), note_name, &out, &error);
    if (code < 0)
        print_error("%s: %s\n", text, error.text);
    assert_int_equal(code, 0);
    assert_string_equal(text_string(&out), expected);
    text_release(&out);
}

static void check_refused(const struct params *params, const char *text, const char *word)
{
    struct text out = {0};
    struct error error = {0};
    assert_int_equal(params_expand_name(params, slice_of(text), note_name, &out, &error), -EINVAL);
    if (!strstr(error.text, word))
        print_error("'%s' is missing in: %s\n", word, error.text);
    assert_non_null(strstr(error.text, word));
    text_release(&out);
}

static void words_follow_an_underscore(void **state)
{
    define(*state, "m", "cat, \"dog\"");
    check_names(*state, "foo<m>", "foo_cat(m=cat) foo_dog(m=dog)");
    check_names(*state, "  foo ", "foo");
    check_names(NULL, "foo", "foo");
}

static void integers_are_padded_to_the_widest(void **state)
{
    define(*state, "m", "8..11");
    define(*state, "n", "2, 005");
    define(*state, "k", "-1..1");
    define(*state, "s", "1..10..4");
    check_names(*state, "a<m>", "a_m08(m=8) a_m09(m=9) a_m10(m=10) a_m11(m=11)");
    check_names(*state, "a<n>", "a_n2(n=2) a_n5(n=5)");
    check_names(*state, "a<k>", "a_k-1(k=-1) a_k+0(k=0) a_k+1(k=1)");
    check_names(*state, "a<s>", "a_s1(s=1) a_s5(s=5) a_s9(s=9)");
}

static void several_parameters_make_a_product(void **state)
{
    define(*state, "m", "1..2");
    define(*state, "n", "x, y");
    check_names(*state, "a<m,n>",
                "a_m1_x(m=1,n=x) a_m1_y(m=1,n=y) a_m2_x(m=2,n=x) a_m2_y(m=2,n=y)");
    check_names(*state, "a<n>b<m = 2>", "a_xb_m2(n=x,m=2) a_yb_m2(n=y,m=2)");
    check_names(*state, "<m>b<m>", "_m1b_m1(m=1) _m2b_m2(m=2)");
}

static void a_template_is_filled_in(void **state)
{
    define(*state, "m", "7, 11");
    define(*state, "n", "x");
    set_template(*state, "m", "-mem%(m)03d%%");
    set_template(*state, "n", "+%(n)s+%(n)s");
    check_names(*state, "a<m,n>", "a-mem007%+x+x(m=7,n=x) a-mem011%+x+x(m=11,n=x)");
    set_template(*state, "m", "%(n)s%(m)-3d%(m)+4i");
    set_template(*state, "n", "");
    check_refused(*state, "a<m,n>", "' ' is not allowed");
    set_template(*state, "m", "%(m)+d_%(n)s");
    check_names(*state, "a<m,n>", "a+7_x(m=7,n=x) a+11_x(m=11,n=x)");
    check_refused(*state, "a<m>", "parameter 'n' in template");
}

static void bad_templates_are_refused(void **state)
{
    static const char *const bad[] = {"_%d", "_%(m", "_%(m)", "_%(m)q", "_%(m)999999999999d", "%"};
    define(*state, "m", "1..2");
    define(*state, "n", "x");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        set_template(*state, "m", bad[i]);
        check_refused(*state, "a<m>", "template");
    }
    set_template(*state, "n", "%(n)d");
    check_refused(*state, "a<n>", "integers only");
    set_template(*state, "n", ".%(n)s");
    check_refused(*state, "a<n>", "becomes 'a.x', where '.' is not allowed");
}

static void bad_values_are_refused_and_leave_the_parameter_undefined(void **state)
{
    static const char *const bad[] = {"1..3, cat",
                                      "cat, 1..3",
                                      "a b",
                                      "a,,b",
                                      "a,",
                                      "1..x",
                                      "1..9..0",
                                      "..",
                                      "a.b",
                                      "1..2..3..4",
                                      "1..99999999999999999999",
                                      "0..99999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error error = {0};
        if (params_define(*state, "m", bad[i], &error) != -EINVAL)
            print_error("'%s' is not refused\n", bad[i]);
        assert_int_equal(error.code, -EINVAL);
        assert_non_null(strstr(error.text, "'m'"));
        check_refused(*state, "a<m>", "'m' in 'a<m>' is not defined");
    }
    struct error error = {0};
    assert_int_equal(params_define(*state, "m-n", "1", &error), -EINVAL);
    assert_int_equal(params_define(*state, "", "1", &error), -EINVAL);
}

static void bad_references_are_refused(void **state)
{
    define(*state, "m", "1..2");
    define(*state, "empty", "");
    check_refused(*state, "a<n>", "'n' in 'a<n>' is not defined");
    check_refused(*state, "a<empty>", "'empty'");
    check_refused(*state, "a<m=3>", "m=3");
    check_refused(*state, "a<m-1>", "offsets can stand in the graph only");
    check_refused(*state, "a<m-x>", "bad parameter offset");
    check_refused(*state, "a<m-->", "bad parameter offset");
    check_refused(*state, "a<,>", "not defined");
    check_refused(*state, "a<m", "'<' is not allowed");
    check_refused(NULL, "a<m>", "'m'");
}

static void too_many_combinations_are_refused(void **state)
{
    define(*state, "m", "1..2000");
    define(*state, "n", "1..2000");
    check_refused(*state, "a<m,n>", "PARAMS_COMBINATIONS_MAX");
}

static int refuse(void *context, const char *name, const struct param_value *values,
                  size_t n_values, struct error *error)
{
    (void)name;
    (void)values;
    (void)n_values;
    return ++*(int *)context == 2 ? error_set(error, -EINVAL, "enough") : 0;
}

static void a_handler_that_refuses_ends_the_expansion(void **state)
{
    int calls = 0;
    struct error error = {0};
    define(*state, "m", "1..5");
    assert_int_equal(params_expand_name(*state, slice_of("a<m>"), refuse, &calls, &error), -EINVAL);
    assert_int_equal(calls, 2);
    assert_string_equal(error.text, "enough");
}

static void a_parents_name_is_filled_with_its_childs_values(void **state)
{
    const struct param_value values[] = {{"m", "2"}, {"n", "x"}};
    struct text name = {0};
    struct error error = {0};
    define(*state, "m", "1..10");
    define(*state, "n", "x, y");
    define(*state, "k", "1..2");
    assert_int_equal(params_fill(*state, slice_of("FAM<n>_<m>"), values, 2, &name, &error), 0);
    assert_string_equal(text_string(&name), "FAM_x__m02");
    text_clear(&name);
    assert_int_equal(params_fill(*state, slice_of("FAM<n=y>"), values, 2, &name, &error), 0);
    assert_string_equal(text_string(&name), "FAM_y");
    text_clear(&name);
    assert_int_equal(params_fill(*state, slice_of("FAM"), values, 2, &name, &error), 0);
    assert_string_equal(text_string(&name), "FAM");
    text_clear(&name);
    assert_int_equal(params_fill(*state, slice_of("FAM<k>"), values, 2, &name, &error), -EINVAL);
    assert_non_null(strstr(error.text, "'k'"));
    assert_int_equal(name.n, 0);
    text_release(&name);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(words_follow_an_underscore),
        TEST(integers_are_padded_to_the_widest),
        TEST(several_parameters_make_a_product),
        TEST(a_template_is_filled_in),
        TEST(bad_templates_are_refused),
        TEST(bad_values_are_refused_and_leave_the_parameter_undefined),
        TEST(bad_references_are_refused),
        TEST(too_many_combinations_are_refused),
        TEST(a_handler_that_refuses_ends_the_expansion),
        TEST(a_parents_name_is_filled_with_its_childs_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
