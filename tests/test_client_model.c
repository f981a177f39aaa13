/* What words mean: environments, statuses, reference tags, times. */
#include "../api/api.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void environments_have_names(void **state)
{
    (void)state;
    for (int env = 0; env < ENV_COUNT; env++) {
        enum env back;
        assert_true(env_from_name(env_name((enum env)env), &back));
        assert_int_equal(back, env);
    }
    enum env untouched = ENV_LIVE;
    assert_false(env_from_name("Live", &untouched));
    assert_false(env_from_name("", &untouched));
    assert_int_equal(untouched, ENV_LIVE);
}

static void statuses_have_classes(void **state)
{
    (void)state;
    assert_int_equal(status_classify(REC_SESSION, "pending"), STATUS_OPEN);
    assert_int_equal(status_classify(REC_SESSION, "completed"), STATUS_GOOD);
    assert_int_equal(status_classify(REC_SESSION, "expired"), STATUS_BAD);
    assert_int_equal(status_classify(REC_PAYMENT, "success"), STATUS_GOOD);
    assert_int_equal(status_classify(REC_PAYMENT, "refused"), STATUS_BAD);
    assert_int_equal(status_classify(REC_PAYMENT, "cancelled"), STATUS_BAD);
    assert_int_equal(status_classify(REC_PAYMENT, "failed"), STATUS_BAD);
    assert_int_equal(status_classify(REC_MODIFICATION, "pending"), STATUS_OPEN);
    assert_int_equal(status_classify(REC_MODIFICATION, "received"), STATUS_OPEN);
    assert_int_equal(status_classify(REC_MODIFICATION, "success"), STATUS_GOOD);
    assert_int_equal(status_classify(REC_MODIFICATION, "failed"), STATUS_BAD);
    /* A word of another kind, in other letters, new, or missing is not guessed at. */
    assert_int_equal(status_classify(REC_SESSION, "success"), STATUS_OTHER);
    assert_int_equal(status_classify(REC_PAYMENT, "completed"), STATUS_OTHER);
    assert_int_equal(status_classify(REC_PAYMENT, "SUCCESS"), STATUS_OTHER);
    assert_int_equal(status_classify(REC_MODIFICATION, "settling"), STATUS_OTHER);
    assert_int_equal(status_classify(REC_MODIFICATION, ""), STATUS_OTHER);
    assert_int_equal(status_classify(REC_MODIFICATION, NULL), STATUS_OTHER);
}

static void references_tell_their_environment(void **state)
{
    (void)state;
    static const struct {
        const char *reference;
        enum ref_home home;
    } cases[] = {{"HOTEL1-EXT-9F3", REF_LIVE},
                 {"HOTEL1-PXT-9F3", REF_LIVE},
                 {"HOTEL1-POSX-9F3", REF_LIVE},
                 {"HOTEL1-RFX-9F3", REF_LIVE},
                 {"HOTEL1-CTX-9F3", REF_LIVE},
                 {"HOTEL1-EXTT-9F3", REF_TEST},
                 {"HOTEL1-PXTT-9F3", REF_TEST},
                 {"HOTEL1-POSXT-9F3", REF_TEST},
                 {"HOTEL1-RFXT-9F3", REF_TEST},
                 {"HOTEL1-CTXT-9F3", REF_TEST},
                 {"KVGQSN3K2SKFNVNS", REF_ANY},
                 {"HOTEL1-CNX-9F3", REF_ANY},
                 {"HOTEL1-EXTTT-9F3", REF_ANY},
                 {"HOTEL1-EX-9F3", REF_ANY},
                 {"HOTEL1-ext-9F3", REF_ANY},
                 {"HOTEL1-EXT", REF_ANY},
                 {"HOTEL1-", REF_ANY},
                 {"-", REF_ANY},
                 {"", REF_ANY},
                 {"HOTEL1-A-EXT-9F3", REF_ANY},
                 {"HOTEL2-PXTT-9F3", REF_TEST},
                 {"EXT-9F3", REF_LIVE}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (reference_home(cases[i].reference, "HOTEL1") != cases[i].home)
            fail_msg("%s", cases[i].reference);
    assert_int_equal(reference_home("MY-HOTEL-PXT-1", "MY-HOTEL"), REF_LIVE);
    assert_int_equal(reference_home("MY-HOTEL-PXTT-1", "MY-HOTEL"), REF_TEST);
    assert_int_equal(reference_home("PXT-HOTEL-CNX-1", "PXT-HOTEL"), REF_ANY);
    assert_int_equal(reference_home(NULL, "H"), REF_ANY);
    assert_int_equal(reference_home("H-PXT-1", NULL), REF_LIVE);
}

static void references_of_the_other_environment_are_barred(void **state)
{
    (void)state;
    assert_true(reference_allowed("H-PXT-1", "H", ENV_LIVE));
    assert_false(reference_allowed("H-PXTT-1", "H", ENV_LIVE));
    assert_false(reference_allowed("H-PXT-1", "H", ENV_TEST));
    assert_true(reference_allowed("H-PXTT-1", "H", ENV_TEST));
    assert_false(reference_allowed("H-PXT-1", "H", ENV_TRAINING));
    assert_true(reference_allowed("H-PXTT-1", "H", ENV_TRAINING));
    for (int env = 0; env < ENV_COUNT; env++) {
        assert_true(reference_allowed("KVGQSN3K2SKFNVNS", "H", (enum env)env));
        assert_false(reference_allowed("", "H", (enum env)env));
        assert_false(reference_allowed(NULL, "H", (enum env)env));
    }
}

static void both_forms_of_times_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool zoned;
        int64_t ms;
    } fine[] = {{"2026-06-28 10:30:00", false, INT64_C(1782642600000)},
                {"2026-06-28T10:30:00", false, INT64_C(1782642600000)},
                {"2026-06-28T10:30:00Z", true, INT64_C(1782642600000)},
                {"2026-06-28t10:30:00z", true, INT64_C(1782642600000)},
                {"2026-06-28 10:30:00Z", true, INT64_C(1782642600000)},
                {"2026-06-28T10:30:00.5Z", true, INT64_C(1782642600500)},
                {"2026-06-28T10:30:00.123456789Z", true, INT64_C(1782642600123)},
                {"2026-06-28 10:30:00.001", false, INT64_C(1782642600001)},
                {"2026-06-28T12:30:00+02:00", true, INT64_C(1782642600000)},
                {"2026-06-28T12:30:00+0200", true, INT64_C(1782642600000)},
                {"2026-06-28T12:30:00+02", true, INT64_C(1782642600000)},
                {"2026-06-28T05:00:00-05:30", true, INT64_C(1782642600000)},
                {"2024-02-29T23:59:60Z", true, INT64_C(1709251200000)},
                {"1970-01-01T00:00:00Z", true, 0}};
    for (size_t i = 0; i < COUNT_OF(fine); i++) {
        struct stamp stamp;
        if (!stamp_parse(fine[i].text, &stamp))
            fail_msg("%s", fine[i].text);
        assert_string_equal(stamp.text, fine[i].text);
        assert_int_equal(stamp.zoned, fine[i].zoned);
        assert_int_equal(stamp.ms, fine[i].ms);
    }
}

static void other_times_are_kept_as_text(void **state)
{
    (void)state;
    static const char *const wrong[] = {"yesterday",
                                        "2026-06-28",
                                        "2026-06-28 10:30",
                                        "2026-13-01 00:00:00",
                                        "2026-00-01 00:00:00",
                                        "2026-02-29 00:00:00",
                                        "2100-02-29 00:00:00",
                                        "2026-04-31 00:00:00",
                                        "2026-06-28 24:00:00",
                                        "2026-06-28 10:60:00",
                                        "2026-06-28 10:30:61",
                                        "2026-06-28 10:30:00 ",
                                        "2026-06-28 10:30:00.",
                                        "2026-06-28T10:30:00+15:00",
                                        "2026-06-28T10:30:00+2",
                                        "2026-06-28T10:30:00+02:60",
                                        "2026-06-28T10:30:00ZZ",
                                        "26-06-28 10:30:00",
                                        "2026/06/28 10:30:00",
                                        " 2026-06-28 10:30:00"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct stamp stamp;
        if (stamp_parse(wrong[i], &stamp))
            fail_msg("%s", wrong[i]);
        assert_string_equal(stamp.text, wrong[i]);
        assert_int_equal(stamp.ms, 0);
        assert_false(stamp.zoned);
    }
    struct stamp stamp;
    assert_false(stamp_parse(NULL, &stamp));
    assert_string_equal(stamp.text, "");
    assert_false(stamp_parse("", &stamp));
    assert_false(stamp_parse("0123456789012345678901234567890123456789012345", &stamp));
    assert_int_equal(strlen(stamp.text), STAMP_SIZE - 1);
    /* Cut between characters: half of one would be no UTF-8 any more. */
    assert_false(stamp_parse("01234567890123456789012345678901234567ñ", &stamp));
    assert_string_equal(stamp.text, "01234567890123456789012345678901234567");
    assert_false(stamp_parse("012345678901234567890123456789012345😀", &stamp));
    assert_string_equal(stamp.text, "012345678901234567890123456789012345");
    assert_false(stamp_parse("0123456789012345678901234567890123456ñx", &stamp));
    assert_string_equal(stamp.text, "0123456789012345678901234567890123456ñ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(environments_have_names),
        cmocka_unit_test(statuses_have_classes),
        cmocka_unit_test(references_tell_their_environment),
        cmocka_unit_test(references_of_the_other_environment_are_barred),
        cmocka_unit_test(both_forms_of_times_are_read),
        cmocka_unit_test(other_times_are_kept_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
