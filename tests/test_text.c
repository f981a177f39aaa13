/* The cleaner of text from outside: what it must leave, what it must never leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../tui/csv.h"
#include "../tui/text.h"
#include "support_clean.h"

#include <string.h>
#include <utf8proc.h>

enum { RANDOM_INPUTS = 1000000, INPUT_MAX = 48 };

static uint32_t random_state = 20261122;

static uint32_t roll(uint32_t bound)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % bound;
}

/* Valid UTF-8, nothing banned, no mark without a base, at most two marks on one. */
static void assert_clean(const char *bytes)
{
    size_t len = strlen(bytes);
    int marks = 3;
    for (size_t at = 0; at < len;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)bytes + at,
                                                 (utf8proc_ssize_t)(len - at), &point);
        assert_true(used > 0);
        assert_false(clean_bans(point));
        marks = clean_is_mark(point) ? marks + 1 : 0;
        assert_true(marks <= 2);
        at += (size_t)used;
    }
}

static void assert_cleans_to(const char *outside, const char *expected)
{
    struct arena arena = {0};
    assert_string_equal(text_clean(&arena, outside).bytes, expected);
    arena_done(&arena);
}

static void test_ordinary_text_stays(void **state)
{
    (void)state;
    assert_cleans_to(NULL, "");
    assert_cleans_to("", "");
    assert_cleans_to("Cena para dos", "Cena para dos");
    assert_cleans_to("Ñandú · 12,50 € – 日本語", "Ñandú · 12,50 € – 日本語");
    assert_cleans_to("e\xCC\x81tage", "e\xCC\x81tage");
    assert_cleans_to("\xEF\xBF\xBD", "\xEF\xBF\xBD");
}

static void test_what_drives_a_terminal_goes(void **state)
{
    (void)state;
    assert_cleans_to("a\033[31mb", "a\xEF\xBF\xBD[31mb");
    assert_cleans_to("a\rX", "a\xEF\xBF\xBDX");
    assert_cleans_to("a\b\b\t\nb", "a\xEF\xBF\xBD"
                                   "b");
    assert_cleans_to("\033]52;c;AAAA\a", "\xEF\xBF\xBD]52;c;AAAA\xEF\xBF\xBD");
    assert_cleans_to("x\xC2\x9B"
                     "31m",
                     "x\xEF\xBF\xBD"
                     "31m"); /* C1 CSI */
    assert_cleans_to("x\x7Fy", "x\xEF\xBF\xBDy");
}

static void test_what_deceives_goes(void **state)
{
    (void)state;
    assert_cleans_to("a\xE2\x80\xAE"
                     "b",
                     "a\xEF\xBF\xBD"
                     "b");                                  /* U+202E */
    assert_cleans_to("a\xE2\x81\xA6z", "a\xEF\xBF\xBDz");   /* U+2066 */
    assert_cleans_to("a\xE2\x80\x8Bz", "a\xEF\xBF\xBDz");   /* zero width space */
    assert_cleans_to("\xEF\xBB\xBFz", "\xEF\xBF\xBDz");     /* BOM */
    assert_cleans_to("z\xF3\xA0\x81\x81", "z\xEF\xBF\xBD"); /* tag letter */
    assert_cleans_to("a\xE2\x80\xA8z", "a\xEF\xBF\xBDz");   /* line separator */
    assert_cleans_to("a\xEE\x80\x80z", "a\xEF\xBF\xBDz");   /* private use */
    assert_cleans_to("a\xCC\x81\xCC\x82\xCC\x83\xCC\x84z", "a\xCC\x81\xCC\x82\xEF\xBF\xBDz");
    assert_cleans_to("\xCC\x81z", "\xEF\xBF\xBDz"); /* a mark on nothing */
    assert_cleans_to("क\xE0\xA4\xBE\xE0\xA4\xBE\xE0\xA4\xBEz",
                     "क\xE0\xA4\xBE\xE0\xA4\xBE\xEF\xBF\xBDz"); /* marks that take a cell */
    assert_cleans_to("\xE2\x9D\xA4\xEF\xB8\x8Fz",
                     "\xE2\x9D\xA4\xEF\xBF\xBDz");     /* a selector that widens */
    assert_cleans_to("\xE3\x85\xA4z", "\xEF\xBF\xBDz"); /* a letter that is not drawn */
}

static void test_broken_utf8_is_replaced(void **state)
{
    (void)state;
    assert_cleans_to("a\xFFz", "a\xEF\xBF\xBDz");
    assert_cleans_to("a\xC3", "a\xEF\xBF\xBD");
    assert_cleans_to("\xED\xA0\x80z", "\xEF\xBF\xBDz"); /* surrogate */
    assert_cleans_to("\xC0\xAFz", "\xEF\xBF\xBDz");     /* overlong */
    assert_cleans_to("\xF4\x90\x80\x80z", "\xEF\xBF\xBDz");
}

/* Mostly well-formed code points from the interesting planes, some plain garbage. */
static void random_input(char *out)
{
    size_t len = 0, wanted = roll(INPUT_MAX - 4);
    while (len < wanted) {
        static const uint32_t limits[] = {0x80, 0x100, 0x370, 0x3000, 0x11000, 0x110000};
        uint32_t kind = roll(8);
        if (kind >= 6) {
            out[len++] = (char)(1 + roll(255));
            continue;
        }
        uint32_t point = 1 + roll(limits[kind] - 1);
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t used = utf8proc_encode_char((utf8proc_int32_t)point, bytes);
        memcpy(out + len, bytes, (size_t)used);
        len += (size_t)used;
    }
    out[len] = '\0';
}

static void test_properties_hold(void **state)
{
    (void)state;
    char input[INPUT_MAX + 4];
    for (int i = 0; i < RANDOM_INPUTS; i++) {
        struct arena arena = {0};
        random_input(input);
        struct text once = text_clean(&arena, input);
        assert_clean(once.bytes);
        assert_string_equal(text_clean(&arena, once.bytes).bytes, once.bytes);
        if (strcmp(once.bytes, input) != 0)
            assert_non_null(strstr(once.bytes, "\xEF\xBF\xBD"));
        int width = text_width(once), used;
        int cells = (int)roll(20);
        size_t fits = text_fit(once, cells, &used);
        assert_true(used <= cells && fits <= strlen(once.bytes));
        if (width <= cells)
            assert_int_equal(fits, strlen(once.bytes));
        arena_done(&arena);
    }
}

/* All there are, alone behind a letter: kept, or one visible mark in their place. */
static void test_every_code_point(void **state)
{
    (void)state;
    for (utf8proc_int32_t point = 1; point <= 0x10FFFF; point++) {
        struct arena arena = {0};
        char text[8] = "a";
        utf8proc_ssize_t used = utf8proc_encode_char(point, (utf8proc_uint8_t *)text + 1);
        bool surrogate = point >= 0xD800 && point <= 0xDFFF;
        if (surrogate) /* which no encoder writes */
            continue;
        text[1 + used] = '\0';
        const char *clean = text_clean(&arena, text).bytes;
        if (strcmp(clean, clean_bans(point) ? "a\xEF\xBF\xBD" : text) != 0)
            fail_msg("U+%04X became %s", (unsigned)point, clean);
        struct text shown = {clean};
        int width = text_width(shown);
        assert_in_range(width, 1, 3);
        arena_done(&arena);
    }
}

/* By mistake a text was never cleaned: it is not drawn either. */
static void test_drawing_has_a_gate_of_its_own(void **state)
{
    (void)state;
    struct text raw = text_ours("a\xE2\x80\xAE\033\xFF");
    size_t at = 0;
    uint32_t points[3];
    int count, cells;
    assert_true(text_next(raw, &at, points, &count, &cells));
    assert_int_equal(points[0], 'a');
    assert_int_equal(count, 1); /* U+202E is no mark of it */
    for (int i = 0; i < 3; i++) {
        assert_true(text_next(raw, &at, points, &count, &cells));
        assert_int_equal(points[0], 0xFFFD);
        assert_int_equal(cells, 1);
    }
    assert_false(text_next(raw, &at, points, &count, &cells));
}

static void test_a_place_in_a_sentence_stays_small(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_string_equal(text_brief(&arena, "short", 10).bytes, "short");
    assert_string_equal(text_brief(&arena, "exactly 10", 10).bytes, "exactly 10");
    assert_string_equal(text_brief(&arena, "eleven long", 10).bytes, "eleven lo…");
    assert_string_equal(text_brief(&arena, "日本語日本", 6).bytes, "日本…");
    assert_string_equal(text_brief(&arena, "a     b\xC2\xA0\xC2\xA0\xE3\x80\x80"
                                           "c",
                                   10)
                            .bytes,
                        "a b\xC2\xA0"
                        "c");
    assert_string_equal(text_brief(&arena, "a\033b", 10).bytes, "a\xEF\xBF\xBD"
                                                               "b");
    assert_string_equal(text_brief(&arena, NULL, 10).bytes, "");
    arena_done(&arena);
}

static void test_spreadsheets_run_nothing(void **state)
{
    static const char *const cells[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"-12.50", "-12.50"},
        {"-12", "-12"},
        {"12.50", "12.50"},
        {"-", "'-"},
        {"-12.50+1", "'-12.50+1"},
        {"-12.", "'-12."},
        {"+34 600", "'+34 600"},
        {"=1+1", "'=1+1"},
        {"@A1", "'@A1"},
        {"\t=1", "\"'\t=1\""},
        {"\r=1", "\"'\r=1\""},
        {"  =1", "'  =1"},
        {"\"=1", "\"'\"\"=1\""},
        {"＝1", "'＝1"},
        {"a,b", "\"a,b\""},
        {"a;b", "\"a;b\""},
        {"a;=1;b", "\"a;'=1;b\""},
        {"a; \"@b", "\"a;' \"\"@b\""},
        {"he said \"no\"", "\"he said \"\"no\"\"\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        struct buf out;
        buf_init(&out, 1024);
        buf_puts(&out, "");
        csv_put(&out, text_ours(cells[i][0]));
        assert_string_equal(out.data, cells[i][1]);
        buf_done(&out);
    }
}

static void test_width_counts_cells(void **state)
{
    (void)state;
    assert_int_equal(text_width(text_ours("abc")), 3);
    assert_int_equal(text_width(text_ours("Ñandú")), 5);
    assert_int_equal(text_width(text_ours("e\xCC\x81")), 1);
    assert_int_equal(text_width(text_ours("日本")), 4);
    int used;
    assert_int_equal(text_fit(text_ours("日本"), 3, &used), 3);
    assert_int_equal(used, 2);
    size_t at = 0;
    uint32_t points[3];
    int count, cells;
    assert_true(text_next(text_ours("e\xCC\x81x"), &at, points, &count, &cells));
    assert_int_equal(count, 2);
    assert_int_equal(points[1], 0x301);
    assert_int_equal(cells, 1);
    assert_int_equal(at, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordinary_text_stays),
        cmocka_unit_test(test_what_drives_a_terminal_goes),
        cmocka_unit_test(test_what_deceives_goes),
        cmocka_unit_test(test_broken_utf8_is_replaced),
        cmocka_unit_test(test_properties_hold),
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_drawing_has_a_gate_of_its_own),
        cmocka_unit_test(test_a_place_in_a_sentence_stays_small),
        cmocka_unit_test(test_spreadsheets_run_nothing),
        cmocka_unit_test(test_width_counts_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
