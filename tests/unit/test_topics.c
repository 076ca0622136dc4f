/* The messages: every topic survives encoding, garbage is refused, and the documentation's table is
 * the program's. */
#include "base/memory.h"
#include "coroutines/topics.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct message sample(enum topic topic)
{
    struct message m = {.topic = topic, .seq = 7, .topic_seq = 3};
    while (!(topics[topic].says & MEMBER_BIT(m.sender)))
        m.sender++;
    m.point = -42;
    m.task = 17;
    m.number = 23;
    m.submit = 2;
    m.try_ = 1;
    m.status = STATUS_RUNNING;
    m.flags = 0x55;
    m.when = 1234567890123;
    m.id = UINT64_C(1) << 60;
    m.value = -1;
    m.flows = (struct flow_list){2, {1, 4000000000u}};
    m.text = slice_of("a text");
    m.detail = slice_of("");
    m.settings = slice_of("[]");
    return m;
}

static void every_topic_survives_encoding(void **state)
{
    (void)state;
    for (int topic = 0; topic < TOPICS_N; topic++) {
        struct message m = sample((enum topic)topic), back;
        struct text bytes = {0}, again = {0};
        struct error error = {0};
        message_encode(&m, &bytes);
        assert_int_equal(message_decode(bytes.at, bytes.n, &back, &error), 0);
        assert_int_equal(back.topic, topic);
        assert_int_equal(back.sender, m.sender);
        if (topics[topic].fields & FIELD_POINT)
            assert_true(back.point == -42);
        if (topics[topic].fields & FIELD_TEXT)
            assert_true(slice_equal(back.text, "a text"));
        if (topics[topic].fields & FIELD_SETTINGS)
            assert_true(slice_equal(back.settings, "[]"));
        if (topics[topic].fields & FIELD_FLOWS)
            assert_int_equal(back.flows.at[1], 4000000000u);
        message_encode(&back, &again);
        assert_int_equal(again.n, bytes.n);
        assert_memory_equal(again.at, bytes.at, bytes.n);
        text_release(&bytes);
        text_release(&again);
    }
}

static void a_message_cut_short_is_refused(void **state)
{
    (void)state;
    for (int topic = 0; topic < TOPICS_N; topic++) {
        struct message m = sample((enum topic)topic), back;
        struct text bytes = {0};
        message_encode(&m, &bytes);
        for (size_t n = 0; n < bytes.n; n++) {
            struct error error = {0};
            char *part = mem_copy(bytes.at, n);
            assert_int_equal(message_decode(part, n, &back, &error), -EBADMSG);
            assert_true(*error.text);
            free(part);
        }
        text_add_char(&bytes, 'x');
        struct error error = {0};
        assert_int_equal(message_decode(bytes.at, bytes.n, &back, &error), -EBADMSG);
        text_release(&bytes);
    }
}

static void changed_bytes_never_do_harm(void **state)
{
    (void)state;
    struct message m = sample(TOPIC_TASK_STATE), back;
    struct text bytes = {0};
    message_encode(&m, &bytes);
    for (size_t i = 0; i < bytes.n; i++)
        for (int value = 0; value < 256; value += 5) {
            struct error error = {0};
            char *copy = mem_copy(bytes.at, bytes.n);
            copy[i] = (char)value;
            (void)message_decode(copy, bytes.n, &back, &error);
            free(copy);
        }
    text_release(&bytes);
}

static void somebody_who_does_not_say_a_topic_is_refused(void **state)
{
    (void)state;
    struct message m = sample(TOPIC_RECORDED), back;
    struct text bytes = {0};
    struct error error = {0};
    message_encode(&m, &bytes);
    bytes.at[strlen("recorded") + 1 + 2] = (char)JOBS;
    assert_int_equal(message_decode(bytes.at, bytes.n, &back, &error), -EBADMSG);
    assert_non_null(strstr(error.text, "does not say"));
    text_release(&bytes);
}

static void members_hear_what_the_table_says(void **state)
{
    (void)state;
    assert_true(member_hears(JOBS, TASK_POOL));
    assert_true(member_hears(TRIGGERS, TASK_POOL));
    assert_false(member_hears(TRIGGERS, JOBS));
    assert_false(member_hears(JOBS, JOBS));
}

static void add_members(struct text *row, unsigned members)
{
    if (members == EVERY_MEMBER) {
        text_add(row, "everybody");
        return;
    }
    if (members == (EVERY_MEMBER & ~MEMBER_BIT(TASK_POOL))) {
        text_add(row, "everybody else");
        return;
    }
    const char *comma = "";
    for (int member = 0; member < MEMBERS; member++)
        if (members & MEMBER_BIT(member)) {
            text_addf(row, "%s%s", comma, member_names[member]);
            comma = ", ";
        }
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    struct text text = {0};
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, file)) > 0;)
        text_add_n(&text, buffer, n);
    fclose(file);
    return text_take(&text);
}

static void the_documented_table_is_the_programs(void **state)
{
    (void)state;
    char *page = read_file(ROUSE_SOURCE_DIR "/docs/architecture.md");
    for (int topic = 0; topic < TOPICS_N; topic++) {
        struct text row = {0};
        text_addf(&row, "| `%s` | ", topics[topic].name);
        add_members(&row, topics[topic].says);
        text_add(&row, " | ");
        add_members(&row, topics[topic].hears);
        text_add(&row, " |");
        if (!strstr(page, text_string(&row)))
            fail_msg("docs/architecture.md lacks the row\n%s", text_string(&row));
        text_release(&row);
    }
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_topic_survives_encoding),
        cmocka_unit_test(a_message_cut_short_is_refused),
        cmocka_unit_test(changed_bytes_never_do_harm),
        cmocka_unit_test(somebody_who_does_not_say_a_topic_is_refused),
        cmocka_unit_test(members_hear_what_the_table_says),
        cmocka_unit_test(the_documented_table_is_the_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
