/* Amounts, dates and durations by language, and languages whose locale is not installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../tui/format.h"

#include <libintl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct arena arena;

/* The catalogues lie beside the program, one folder above the tests. */
static void find_catalogues(void)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 20);
    assert_true(len > 0);
    path[len] = '\0';
    for (int i = 0; i < 2; i++)
        *strrchr(path, '/') = '\0';
    snprintf(path + strlen(path), 20, "/locale");
    bindtextdomain("avirato-console", path);
}

static void speak(const char *name)
{
    setenv("LC_ALL", "C.UTF-8", 1);
    format_init(name);
    find_catalogues();
    format_set_zone("UTC");
    /* 22 Nov 2026 14:02:10 */
    clock_freeze_utc(time_from_civil(2026, 11, 22, 14, 2, 10));
}

static int end(void **state)
{
    (void)state;
    arena_done(&arena);
    clock_freeze_utc(0);
    return 0;
}

static struct stamp stamp_of(const char *text)
{
    struct stamp stamp;
    stamp_parse(text, &stamp);
    return stamp;
}

static void amounts_follow_the_language(void **state)
{
    static const struct {
        int64_t minor;
        const char *currency, *english, *spanish;
    } amounts[] = {
        {123450, "EUR", "1,234.50 EUR", "1.234,50 EUR"},
        {5, "EUR", "0.05 EUR", "0,05 EUR"},
        {1500000, "JPY", "1,500,000 JPY", "1.500.000 JPY"},
        {1234, "KWD", "1.234 KWD", "1,234 KWD"},
        {100000000000, "EUR", "1,000,000,000.00 EUR", "1.000.000.000,00 EUR"},
    };
    (void)state;
    for (int spanish = 0; spanish < 2; spanish++) {
        speak(spanish ? "es" : "en");
        for (size_t i = 0; i < COUNT_OF(amounts); i++)
            assert_string_equal(format_minor(&arena, amounts[i].minor, amounts[i].currency).bytes,
                                spanish ? amounts[i].spanish : amounts[i].english);
    }
    struct money unknown = {.known = false};
    assert_string_equal(format_money(&arena, &unknown).bytes, "?");
}

static void dates_follow_the_language(void **state)
{
    struct stamp plain = stamp_of("2026-08-05 09:07:03"), zoned = stamp_of("2026-08-05T09:07:03Z");
    struct stamp old = stamp_of("2025-01-31 10:00:00"), strange = stamp_of("some day");
    (void)state;
    speak("en");
    assert_string_equal(format_when(&arena, &plain).bytes, " 5 Aug 09:07");
    assert_string_equal(format_when_full(&arena, &plain).bytes, "5 Aug 2026 09:07:03");
    assert_string_equal(format_when(&arena, &old).bytes, "31 Jan  2025");
    assert_string_equal(format_when(&arena, &strange).bytes, "some day");
    speak("es");
    assert_string_equal(format_when(&arena, &plain).bytes, " 5 ago 09:07");
    assert_string_equal(format_when_full(&arena, &old).bytes, "31 ene 2025 10:00:00");
    /* A zone shifts what names one, never what came without. */
    format_set_zone("Europe/Madrid");
    assert_string_equal(format_when(&arena, &zoned).bytes, " 5 ago 11:07");
    assert_string_equal(format_when(&arena, &plain).bytes, " 5 ago 09:07");
    assert_string_equal(format_clock(&arena, clock_utc_ms()).bytes, "15:02:10");
    assert_int_equal(format_wall_ms(clock_utc_ms()), time_from_civil(2026, 11, 22, 15, 2, 10));
    assert_int_equal(format_filter_context().now_wall_ms, format_wall_ms(clock_utc_ms()));
    assert_int_equal(format_filter_context().style, MONEY_COMMA);
}

static void durations_and_counts(void **state)
{
    (void)state;
    speak("en");
    assert_string_equal(format_ago(&arena, -5).bytes, "0 s");
    assert_string_equal(format_ago(&arena, 59999).bytes, "59 s");
    assert_string_equal(format_ago(&arena, 60000).bytes, "1 min");
    assert_string_equal(format_ago(&arena, INT64_C(47) * 3600000).bytes, "47 h");
    assert_string_equal(format_ago(&arena, INT64_C(49) * 3600000).bytes, "2 d");
    assert_string_equal(format_elapsed(&arena, 41000).bytes, "0:41");
    assert_string_equal(format_elapsed(&arena, 3723000).bytes, "1:02:03");
    assert_string_equal(format_count(&arena, 1204).bytes, "1,204");
    assert_string_equal(format_count(&arena, -1204567).bytes, "-1,204,567");
    assert_string_equal(format_count(&arena, 999).bytes, "999");
    speak("es");
    assert_string_equal(format_count(&arena, 1000000).bytes, "1.000.000");
}

static void language_by_environment(void **state)
{
    static const struct {
        const char *all, *messages, *lang;
        enum language expected;
    } cases[] = {
        {"es_ES.UTF-8", NULL, "en_US.UTF-8", LANGUAGE_SPANISH},
        {NULL, "es_MX.UTF-8", "en_US.UTF-8", LANGUAGE_SPANISH},
        {NULL, NULL, "es_AR", LANGUAGE_SPANISH},
        {"C.UTF-8", "es_ES", "es_ES", LANGUAGE_ENGLISH},
        {NULL, NULL, "de_DE.UTF-8", LANGUAGE_ENGLISH},
        {NULL, NULL, NULL, LANGUAGE_ENGLISH},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
        const char *values[] = {cases[i].all, cases[i].messages, cases[i].lang};
        unsetenv("LANGUAGE");
        for (size_t k = 0; k < COUNT_OF(names); k++) {
            if (values[k])
                setenv(names[k], values[k], 1);
            else
                unsetenv(names[k]);
        }
        format_init(NULL);
        find_catalogues();
        assert_int_equal(format_language(), cases[i].expected);
        assert_string_equal(_("Refund"), cases[i].expected ? "Devolver" : "Refund");
    }
}

static void charset_by_environment(void **state)
{
    (void)state;
    setenv("LC_ALL", "es_ES.UTF-8", 1); /* whether installed or not */
    format_init(NULL);
    assert_true(format_utf8());
    setenv("LC_ALL", "C", 1);
    format_init(NULL);
    assert_false(format_utf8());
    find_catalogues();
    format_init("es");
    find_catalogues();
    assert_string_equal(_("Description"), "Concepto");
    assert_string_equal(_("yes"), "s\xc3\xad"); /* UTF-8 whatever the locale */
}

static void nothing_stays_nothing(void **state)
{
    (void)state;
    speak("es");
    assert_string_equal(_(""), "");
    assert_string_equal(format_plural("%d time", "%d times", 1), "%d vez");
    assert_string_equal(format_plural("%d time", "%d times", 2), "%d veces");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_teardown(name, end)
        T(amounts_follow_the_language), T(dates_follow_the_language), T(durations_and_counts),
        T(language_by_environment),     T(charset_by_environment),    T(nothing_stays_nothing),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
