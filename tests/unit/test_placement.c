/* Placements: who lives where. */
#include "coroutines/placement.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void without_a_text_all_live_on_one_loop(void **state)
{
    (void)state;
    static const char *const texts[] = {NULL, "", "  "};
    for (size_t i = 0; i < 3; i++) {
        struct placement placement;
        struct error error = {0};
        assert_int_equal(placement_parse(texts[i], &placement, &error), 0);
        assert_int_equal(placement_members(&placement, PLACE_LOOP), EVERY_MEMBER);
        assert_int_equal(placement_members(&placement, PLACE_THREAD), 0);
        assert_int_equal(placement_members(&placement, PLACE_PROCESS), 0);
    }
}

static void members_are_placed_one_by_one(void **state)
{
    (void)state;
    struct placement placement;
    struct error error = {0};
    assert_int_equal(placement_parse(" recorder = thread,xtriggers=process , viewer=thread,"
                                     "health=loop,server=thread,viewer=loop",
                                     &placement, &error),
                     0);
    assert_int_equal(placement_members(&placement, PLACE_THREAD),
                     MEMBER_BIT(RECORDER) | MEMBER_BIT(SERVER));
    assert_int_equal(placement_members(&placement, PLACE_PROCESS), MEMBER_BIT(XTRIGGERS));
}

static void bad_texts_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"cook=thread", "\"cook\" is no part of the scheduler"},
        {"recorder=cellar", "\"cellar\" is no place for recorder"},
        {"recorder", "\"\" is no place for recorder"},
        {"recorder=", "\"\" is no place for recorder"},
        {"=thread", "\"\" is no part"},
        {"recorder=thread,,viewer=thread", "\"\" is no part"},
        {"recorder=thread;viewer=thread", "\"thread;viewer=thread\" is no place"},
        {"recorder==thread", "\"=thread\" is no place"},
        {"RECORDER=thread", "\"RECORDER\" is no part"},
        {"server=process", "the server holds the bound port"},
        {"health=thread", "health watches over the others"},
        {"health=process", "health watches over the others"},
        {"recorder=thread,viewer=", "is no place for viewer"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct placement placement = {.of = {PLACES}};
        struct error error = {0};
        assert_int_equal(placement_parse(bad[i].text, &placement, &error), -EINVAL);
        if (!strstr(error.text, bad[i].says))
            fail_msg("%s: %s", bad[i].text, error.text);
        assert_int_equal(placement.of[0], PLACES); /* untouched */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_text_all_live_on_one_loop),
        cmocka_unit_test(members_are_placed_one_by_one),
        cmocka_unit_test(bad_texts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
