/* base: heap, text, error, id, trace. */
#include "base/bits.h"
#include "base/check.h"
#include "base/error.h"
#include "base/heap.h"
#include "base/id.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/trace.h"
#include "base/vec.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

/* What `run` writes to stderr in a child; the child must abort. */
static char *dying_words(void (*run)(void))
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL); /* cmocka's would report a failure */
        struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(ends[1], STDERR_FILENO);
        run();
        _exit(0);
    }
    close(ends[1]);
    struct text words = {0};
    char buffer[4096];
    for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
        text_add_n(&words, buffer, (size_t)n);
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    return text_take(&words);
}

/* --- heap --- */

struct item {
    int key;
    size_t place;
};

static bool item_before(const void *a, const void *b)
{
    return ((const struct item *)a)->key < ((const struct item *)b)->key;
}

static size_t *item_place(void *item)
{
    return &((struct item *)item)->place;
}

static const struct heap_type item_heap = {item_before, item_place};

static void check_heap(const struct heap *heap)
{
    for (size_t i = 1; i <= heap->n; i++) {
        assert_int_equal(((struct item *)heap->at[i])->place, i);
        assert_false(i > 1 && item_before(heap->at[i], heap->at[i / 2]));
    }
}

static void a_heap_gives_the_least_first_whatever_is_removed(void **state)
{
    (void)state;
    enum { N = 500 };
    struct heap heap = {.type = &item_heap};
    struct item items[N] = {0};
    unsigned random = 1;
    for (int round = 0; round < 20000; round++) {
        random = random * 1103515245u + 12345u;
        struct item *item = &items[random / 65536 % N];
        if (item->place) {
            heap_remove(&heap, item);
            assert_int_equal(item->place, 0);
        } else {
            item->key = (int)(random / 7 % 100);
            heap_add(&heap, item);
        }
        if (round % 100 == 0)
            check_heap(&heap);
    }
    check_heap(&heap);
    int last = -1;
    for (struct item *first; (first = heap_first(&heap));) {
        assert_true(first->key >= last);
        last = first->key;
        heap_remove(&heap, first);
    }
    for (int i = 0; i < N; i++)
        assert_int_equal(items[i].place, 0);
    heap_release(&heap);
}

static void removing_what_is_in_no_heap_changes_nothing(void **state)
{
    (void)state;
    struct heap heap = {.type = &item_heap};
    struct item in = {.key = 1}, out = {.key = 0};
    assert_null(heap_first(&heap));
    heap_add(&heap, &in);
    heap_remove(&heap, &out);
    assert_ptr_equal(heap_first(&heap), &in);
    heap_release(&heap);
    assert_int_equal(heap.n, 0);
    assert_ptr_equal(heap.type, &item_heap);
}

static void add_twice(void)
{
    struct heap heap = {.type = &item_heap};
    struct item item = {0};
    heap_add(&heap, &item);
    heap_add(&heap, &item);
}

static void adding_to_a_heap_twice_aborts(void **state)
{
    (void)state;
    char *words = dying_words(add_twice);
    assert_non_null(strstr(words, "precondition failed"));
    free(words);
}

/* --- text --- */

static void a_text_grows_and_stays_ended(void **state)
{
    (void)state;
    struct text text = {0};
    assert_string_equal(text_string(&text), "");
    for (int i = 0; i < 1000; i++) {
        text_addf(&text, "%d,", i);
        assert_int_equal(strlen(text.at), text.n);
    }
    text_add_n(&text, NULL, 0);
    text_add_char(&text, '!');
    assert_int_equal(text.n, 10 * 2 + 90 * 3 + 900 * 4 + 1);
    text_clear(&text);
    assert_string_equal(text_string(&text), "");
    text_add_n(&text, "a\0b", 3);
    assert_int_equal(text.n, 3);
    text_cut(&text, 2);
    assert_string_equal(text_string(&text), "b");
    text_cut(&text, 1);
    text_cut(&text, 0);
    assert_string_equal(text_string(&text), "");
    text_add_n(&text, "a\0b", 3);
    char *taken = text_take(&text);
    assert_memory_equal(taken, "a\0b", 4);
    assert_null(text.at);
    free(taken);
    taken = text_take(&text);
    assert_string_equal(taken, "");
    free(taken);
    text_release(&text);
}

static void a_slice_is_trimmed_compared_and_copied(void **state)
{
    (void)state;
    assert_true(slice_equal(slice_trim(slice_of(" \t a b \r\n")), "a b"));
    assert_true(slice_equal(slice_trim(slice_of("  ")), ""));
    assert_true(slice_equal((struct slice){0}, ""));
    assert_false(slice_equal(slice_of("ab"), "abc"));
    assert_false(slice_equal(slice_of("abc"), "ab"));
    assert_int_equal(slice_of(NULL).n, 0);
    char *copy = slice_copy((struct slice){0});
    assert_string_equal(copy, "");
    free(copy);
    copy = slice_copy((struct slice){"abcdef", 3});
    assert_string_equal(copy, "abc");
    free(copy);
}

static void new_elements_of_a_vec_are_zero(void **state)
{
    (void)state;
    VEC(int) numbers = {0};
    VEC_EACH (int, number, &numbers)
        fail_msg("%d in an empty vec", *number);
    for (int i = 0; i < 100; i++) {
        int *number = vec_push(&numbers);
        assert_int_equal(*number, 0);
        *number = i;
    }
    vec_clear(&numbers);
    assert_int_equal(*vec_push(&numbers), 0);
    assert_ptr_equal(vec_last(&numbers), numbers.at);
    vec_release(&numbers);
}

static void resize_beyond_memory(void)
{
    free(mem_resize_array(NULL, SIZE_MAX / 2, 16));
}

static void sizes_that_overflow_abort(void **state)
{
    (void)state;
    char *words = dying_words(resize_beyond_memory);
    assert_string_equal(words, "rouse: out of memory\n");
    free(words);
}

/* --- error --- */

static void an_error_says_where_as_far_as_is_known(void **state)
{
    (void)state;
    char buffer[64];
    struct error error = {0};
    assert_int_equal(error_set(&error, -EINVAL, "bad %s", "thing"), -EINVAL);
    assert_string_equal(error_format(&error, buffer, sizeof buffer), "bad thing");
    assert_int_equal(error_where(&error, NULL, 0, "[a]b"), -EINVAL);
    assert_string_equal(error_format(&error, buffer, sizeof buffer), "[a]b: bad thing");
    error_where(&error, "flow.cylc", 0, NULL);
    assert_string_equal(error_format(&error, buffer, sizeof buffer), "flow.cylc: [a]b: bad thing");
    error_where(&error, NULL, 12, NULL);
    assert_string_equal(error_format(&error, buffer, sizeof buffer),
                        "flow.cylc:12: [a]b: bad thing");
    assert_string_equal(error_format(&error, buffer, 8), "flow.cy");
}

static void an_error_too_long_is_cut(void **state)
{
    (void)state;
    char *text = mem_new(5000);
    memset(text, 'x', 4999);
    struct error error = {0};
    error_set(&error, -1, "%s", text);
    error_where(&error, text, 1, text);
    assert_int_equal(strlen(error.text), ERROR_TEXT_MAX - 1);
    assert_int_equal(strlen(error.file), ERROR_FILE_MAX - 1);
    assert_int_equal(strlen(error.item), ERROR_ITEM_MAX - 1);
    free(text);
}

static void an_error_is_one_line_of_printable_text(void **state)
{
    (void)state;
    struct error error = {0};
    error_set(&error, -1, "a\tb\nc\r\x1b[31m \xc3\xa4 %s", "\x7f");
    error_where(&error, "dir\n/x", 1, "[\x01]");
    assert_string_equal(error.text, "a b c ?[31m \xc3\xa4 ?");
    assert_string_equal(error.file, "dir /x");
    assert_string_equal(error.item, "[?]");
}

/* --- id --- */

static void expect_id(const char *text, const char *expected)
{
    struct id id;
    struct error error = {0};
    int result = id_parse(text, &id, &error);
    if (result < 0) {
        assert_int_equal(error.code, result);
        fail_msg("%s: %s", text, error.text);
    }
    struct text out = {0};
    const struct slice *parts[] = {&id.user, &id.workflow,   &id.cycle, &id.cycle_state,
                                   &id.task, &id.task_state, &id.job};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        text_addf(&out, "%s%.*s", i ? "|" : "", (int)parts[i]->n, parts[i]->at ? parts[i]->at : "");
    assert_string_equal(text_string(&out), expected);
    text_release(&out);
}

static void ids_are_taken_apart(void **state)
{
    (void)state;
    expect_id("flow", "|flow|||||");
    expect_id(" flow/run1 ", "|flow/run1|||||");
    expect_id("flow/run1/", "|flow/run1|||||");
    expect_id("flow//", "|flow|||||");
    expect_id("~me/flow/run1//1/a/01", "me|flow/run1|1||a||01");
    expect_id("flow//20260101T00Z", "|flow|20260101T00Z||||");
    expect_id("flow//1:waiting", "|flow|1|waiting|||");
    expect_id("flow//1/a:failed", "|flow|1||a|failed|");
    expect_id("flow//1/a/", "|flow|1||a||");
    expect_id("flow//*/FAM*", "|flow|*||FAM*||");
}

static void what_is_no_id_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "~",
        "~me",
        "~/flow",
        "//1/a",
        "/",
        "flow///a",
        "flow//1//",
        "flow//1//01",
        "flow//1/a/01/x",
        "flow//1/",
        "flow//:failed/a",
        "flow//1/:failed",
        "flow//1/a//",
        "flow//1/:x/01",
        "flow//1/a:",
        "flow//1:/a",
        "flow //1",
        "flow /",
        "flow//1 /a",
        "flow//1/a :failed/01",
        "flow//1/a: failed/01",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct id id = {.job = {"kept", 4}};
        struct error error = {0};
        if (id_parse(bad[i], &id, &error) == 0)
            fail_msg("\"%s\" is taken for an id", bad[i]);
        assert_int_equal(error.code, -EINVAL);
        assert_true(*error.text);
        assert_true(slice_equal(id.job, "kept"));
    }
}

static void relative_ids_may_begin_with_slashes(void **state)
{
    (void)state;
    struct id id = {0};
    struct error error = {0};
    assert_int_equal(id_parse_relative(slice_of("//1/a"), &id, &error), 0);
    assert_true(slice_equal(id.cycle, "1") && slice_equal(id.task, "a"));
    assert_int_equal(id_parse_relative((struct slice){0}, &id, &error), -EINVAL);
    assert_int_equal(id_parse_relative(slice_of("//"), &id, &error), -EINVAL);
}

/* --- trace --- */

static void the_ring_keeps_the_last_events(void **state)
{
    (void)state;
    trace_reset();
    for (int i = 0; i < TRACE_SIZE + 3; i++)
        trace("event", i, -i);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    trace_dump(ends[1]);
    close(ends[1]);
    static char all[TRACE_SIZE * 64];
    size_t n = 0;
    for (ssize_t got; (got = read(ends[0], all + n, sizeof all - 1 - n)) > 0;)
        n += (size_t)got;
    close(ends[0]);
    assert_null(strstr(all, "event 2 -2\n"));
    assert_int_equal(strncmp(all, "  3 event 3 -3\n", 15), 0);
    char last[64];
    snprintf(last, sizeof last, " event %d %d\n", TRACE_SIZE + 2, -TRACE_SIZE - 2);
    assert_non_null(strstr(all, last));
}

static void the_hash_tells_runs_apart(void **state)
{
    (void)state;
    static const struct {
        const char *event;
        int64_t a, b;
    } runs[] = {{"x", 1, 2}, {"x", 2, 1}, {"y", 1, 2}, {"x", 1, INT64_MIN}, {"xx", 1, 2}};
    uint64_t hashes[5];
    for (size_t i = 0; i < 5; i++) {
        trace_reset();
        trace(runs[i].event, runs[i].a, runs[i].b);
        hashes[i] = trace_hash();
        trace_reset();
        trace(runs[i].event, runs[i].a, runs[i].b);
        assert_true(trace_hash() == hashes[i]);
        for (size_t j = 0; j < i; j++)
            assert_true(hashes[i] != hashes[j]);
    }
}

static void break_a_rule(void)
{
    trace_reset();
    trace("the last event", 7, 8);
    INVARIANT(1 + 1 == 3);
}

static void a_failed_check_says_what_where_and_what_went_before(void **state)
{
    (void)state;
    char *words = dying_words(break_a_rule);
    assert_non_null(strstr(words, "test_base.c:"));
    assert_non_null(strstr(words, "invariant failed: 1 + 1 == 3\n"));
    assert_non_null(strstr(words, "0 the last event 7 8\n"));
    free(words);
}

/* --- sets --- */

static void a_name_without_a_set_has_none(void **state)
{
    (void)state;
    struct marks *list = NULL;
    assert_null(marks_of(list, 7));
    assert_false(marks_get(list, 7, 0));
    assert_true(marks_set(&list, 7, 64, 65));
    assert_false(marks_set(&list, 7, 64, 65));
    assert_null(marks_of(list, 6));
    assert_false(marks_get(list, 7, 63));
    assert_true(marks_get(list, 7, 64));
    marks_free(list);
}

static void a_copy_of_sets_is_its_own(void **state)
{
    (void)state;
    struct marks *list = NULL;
    marks_set(&list, 1, 3, 10);
    marks_set(&list, 2, 99, 100);
    struct marks *copy = marks_copy(list);
    marks_set(&list, 1, 4, 10);
    marks_free(list);
    assert_true(marks_get(copy, 1, 3) && marks_get(copy, 2, 99));
    assert_false(marks_get(copy, 1, 4));
    marks_free(copy);
    assert_null(marks_copy(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_without_a_set_has_none),
        cmocka_unit_test(a_copy_of_sets_is_its_own),
        cmocka_unit_test(a_heap_gives_the_least_first_whatever_is_removed),
        cmocka_unit_test(removing_what_is_in_no_heap_changes_nothing),
        cmocka_unit_test(adding_to_a_heap_twice_aborts),
        cmocka_unit_test(a_text_grows_and_stays_ended),
        cmocka_unit_test(a_slice_is_trimmed_compared_and_copied),
        cmocka_unit_test(new_elements_of_a_vec_are_zero),
        cmocka_unit_test(sizes_that_overflow_abort),
        cmocka_unit_test(an_error_says_where_as_far_as_is_known),
        cmocka_unit_test(an_error_too_long_is_cut),
        cmocka_unit_test(an_error_is_one_line_of_printable_text),
        cmocka_unit_test(ids_are_taken_apart),
        cmocka_unit_test(what_is_no_id_is_refused),
        cmocka_unit_test(relative_ids_may_begin_with_slashes),
        cmocka_unit_test(the_ring_keeps_the_last_events),
        cmocka_unit_test(the_hash_tells_runs_apart),
        cmocka_unit_test(a_failed_check_says_what_where_and_what_went_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
