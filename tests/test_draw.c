/* The grid: clipping by cells, wide characters cut in half, boxes, wrapping, symbols in ASCII. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../tui/charset.h"
#include "../tui/clipboard.h"
#include "../tui/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 6, COLS = 12 };

static int setup(void **state)
{
    struct grid *grid = mem_alloc(sizeof *grid);
    grid_init(grid, ROWS, COLS);
    *state = grid;
    return 0;
}

static int teardown(void **state)
{
    grid_done(*state);
    free(*state);
    return 0;
}

static void assert_row(const struct grid *grid, int row, const char *expected)
{
    struct buf text;
    buf_init(&text, 1024);
    grid_row_text(grid, row, &text);
    assert_string_equal(text.data ? text.data : "", expected);
    buf_done(&text);
}

static void test_text_is_clipped(void **state)
{
    struct area area = grid_area(*state);
    assert_int_equal(draw_text(area, 0, 1, STYLE_NORMAL, text_ours("abc")), 4);
    draw_text(area, 1, 8, STYLE_NORMAL, text_ours("abcdefgh"));
    draw_text(area, -1, 0, STYLE_NORMAL, text_ours("no"));
    draw_text(area, ROWS, 0, STYLE_NORMAL, text_ours("no"));
    draw_text(area, 2, -2, STYLE_NORMAL, text_ours("abc"));
    assert_row(*state, 0, " abc");
    assert_row(*state, 1, "        abcd");
    assert_row(*state, 2, "c");
    struct area inner = area_inset(area, 1, 3);
    draw_text(inner, 2, 4, STYLE_NORMAL, text_ours("xyz"));
    assert_row(*state, 3, "       xy");
}

static void test_wide_characters(void **state)
{
    struct area area = grid_area(*state);
    draw_text(area, 0, 0, STYLE_NORMAL, text_ours("日本語"));
    assert_row(*state, 0, "日本語");
    draw_text(area, 0, 1, STYLE_NORMAL, text_ours("x")); /* right half of the first */
    assert_row(*state, 0, " x本語");
    draw_text(area, 0, 4, STYLE_NORMAL, text_ours("y")); /* left half of the last */
    assert_row(*state, 0, " x本y");
    draw_text(area, 1, 11, STYLE_NORMAL, text_ours("日")); /* no room for both halves */
    assert_row(*state, 1, "");
    draw_text(area, 2, 0, STYLE_NORMAL, text_ours("e\xCC\x81x"));
    assert_row(*state, 2, "e\xCC\x81x");
}

static void test_fields(void **state)
{
    struct area area = grid_area(*state);
    draw_field(area_cell(area, 0, 2, 5), ALIGN_LEFT, STYLE_NORMAL, text_ours("abcdefgh"));
    assert_row(*state, 0, "  abcd…");
    draw_field(area_cell(area, 1, 2, 5), ALIGN_RIGHT, STYLE_NORMAL, text_ours("12"));
    assert_row(*state, 1, "     12");
    draw_field(area_cell(area, 2, 0, 4), ALIGN_LEFT, STYLE_NORMAL, text_ours("日本語"));
    assert_row(*state, 2, "日 …");
    draw_field(area_cell(area, 3, 10, 9), ALIGN_LEFT, STYLE_NORMAL, text_ours("abc"));
    assert_row(*state, 3, "          a…");
    draw_field(area_cell(area, 9, 0, 4), ALIGN_LEFT, STYLE_NORMAL, text_ours("no"));
    draw_field(area_cell(area, 4, 20, 4), ALIGN_LEFT, STYLE_NORMAL, text_ours("no"));
    assert_row(*state, 4, "");
}

static void test_wrapping(void **state)
{
    struct area area = area_inset(grid_area(*state), 0, 1);
    int row = draw_wrapped(area, 0, 0, STYLE_NORMAL, text_ours("one two three\nabcdefghijklm z"));
    assert_int_equal(row, 4);
    assert_row(*state, 0, " one two");
    assert_row(*state, 1, " three");
    assert_row(*state, 2, " abcdefghij");
    assert_row(*state, 3, " klm z");
    assert_int_equal(draw_wrapped(area, 5, 0, STYLE_NORMAL, text_ours("a b c d e f g h")), 6);
    struct area narrow = {area.grid, 0, 0, 2, 1}; /* a wide character that fits nowhere: no hang */
    draw_wrapped(narrow, 0, 0, STYLE_NORMAL, text_ours("日本"));
}

static void test_each_environment_has_its_border(void **state)
{
    struct area area = area_rows(grid_area(*state), 0, 3);
    static const char *const tops[] = {"╭┄ Hi ┄┄┄┄┄╮", "┌─ Hi ─────┐", "╔═ Hi ═════╗"};
    for (int env = 0; env < ENV_COUNT; env++) {
        draw_box(area, (enum env)env, text_ours("Hi"));
        assert_row(*state, 0, tops[env]);
    }
    assert_row(*state, 1, "║          ║");
    draw_box(area_cell(area, 0, 0, 1), ENV_LIVE, text_ours("Hi")); /* too small: nothing breaks */
}

static void test_areas_never_leave_the_grid(void **state)
{
    struct grid *grid = *state;
    for (int rows = -2; rows < ROWS + 3; rows++) {
        for (int cols = -2; cols < COLS + 3; cols++) {
            struct area all = grid_area(grid);
            struct area areas[] = {area_rows(all, rows, cols), area_inset(all, rows, cols),
                                   area_center(all, rows, cols), area_cell(all, rows, cols, 5)};
            for (size_t i = 0; i < COUNT_OF(areas); i++) {
                assert_true(areas[i].row >= 0 && areas[i].col >= 0);
                assert_true(areas[i].rows >= 0 && areas[i].cols >= 0);
                assert_true(areas[i].row + areas[i].rows <= ROWS);
                assert_true(areas[i].col + areas[i].cols <= COLS);
                draw_box(areas[i], ENV_TEST, text_ours("a title that is long"));
                draw_wrapped(areas[i], 0, 0, STYLE_NORMAL, text_ours("日本語 and more text"));
            }
        }
    }
}

static void test_symbols_in_ascii(void **state)
{
    (void)state;
    charset_open(true); /* the C locale of a test: ASCII only */
    assert_int_equal(charset_show(0x2500), '-');
    assert_int_equal(charset_show(0x25CF), '*');
    assert_int_equal(charset_show('a'), 'a');
    assert_int_equal(charset_show(0x65E5), '?');
    assert_int_equal(charset_show(0xD3), 'O');   /* Ó */
    assert_int_equal(charset_show(0xBA), 'o');   /* º */
    assert_int_equal(charset_show(0x301), '?');  /* an accent alone */
    assert_int_equal(charset_show(0xFB01), '?'); /* fi in one: two letters have no room */
    struct buf out;
    buf_init(&out, 64);
    charset_encode("a\033[1mñ", 7, &out);
    assert_string_equal(out.data, "a\033[1mn");
    buf_done(&out);
    charset_close();
}

static void test_latin1(void **state)
{
    (void)state;
    setenv("LC_ALL", "es_ES.ISO-8859-15", 1); /* not installed: its name says enough */
    charset_open(false);
    assert_int_equal(charset_show(0xE9), 0xE9);
    assert_int_equal(charset_show(0x20AC), 0x20AC);
    assert_int_equal(charset_show(0x2500), '-');
    struct buf out;
    buf_init(&out, 64);
    charset_encode("é€日", strlen("é€日"), &out);
    assert_string_equal(out.data, "\xE9\xA4?");
    assert_int_equal(charset_points()[0xF1], 0xF1);
    buf_done(&out);
    charset_close();
}

static void test_only_references_reach_the_clipboard(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1024);
    static const char *const refused[] = {NULL, "", "a b", "a\033", "ñ", "a;b", "a/b", "a\n"};
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_false(clipboard_sequence(refused[i], false, &out));
    assert_int_equal(out.len, 0);
    assert_true(clipboard_sequence("RES-2026_1.2", false, &out));
    assert_string_equal(out.data, "\033]52;c;UkVTLTIwMjZfMS4y\a");
    buf_clear(&out);
    assert_true(clipboard_sequence("RES-1", true, &out));
    assert_string_equal(out.data, "\033P\033]52;c;UkVTLTE=\a\033\\");
    buf_done(&out);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_text_is_clipped),
        TEST(test_wide_characters),
        TEST(test_fields),
        TEST(test_wrapping),
        TEST(test_each_environment_has_its_border),
        TEST(test_areas_never_leave_the_grid),
        TEST(test_symbols_in_ascii),
        TEST(test_latin1),
        TEST(test_only_references_reach_the_clipboard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
