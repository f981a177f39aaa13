/* Lines that are scrolled, and the API's JSON as such lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../tui/fields.h"

static void check_fields(const char *json, const char *const *wanted, size_t count)
{
    struct lines lines = {0};
    fields_make(&lines, json);
    assert_int_equal(lines.count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(lines.items[i].what.bytes, wanted[i]);
    lines_done(&lines);
}

static void every_field_has_a_line(void **state)
{
    static const char *const wanted[] = {"{",
                                         "  \"id\": \"A, {b}: \\\"c\\\"\",",
                                         "  \"amount\": {",
                                         "    \"value\": -1.5e3,",
                                         "    \"x\": null",
                                         "  },",
                                         "  \"none\": [],",
                                         "  \"list\": [",
                                         "    true,",
                                         "    {}",
                                         "  ]",
                                         "}"};
    (void)state;
    check_fields("{\"id\":\"A, {b}: \\\"c\\\"\",\"amount\":{ \"value\" : -1.5e3 ,\"x\":null},"
                 "\"none\":[ ],\"list\":[true,{}]}",
                 wanted, COUNT_OF(wanted));
}

/* What is no JSON is shown as far as it goes, and ends. */
static void broken_text_does_no_harm(void **state)
{
    static const char *const broken[] = {"",     "{",       "}",      "]]]]", "\"",  "\"\\",
                                         "{\"a", "{\"a\":", ",,,:::", "[[[[", "abc", "{]"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        struct lines lines = {0};
        fields_make(&lines, broken[i]);
        lines_done(&lines);
    }
    check_fields(NULL, NULL, 0);
}

static void text_from_outside_is_cleaned(void **state)
{
    struct lines lines = {0};
    (void)state;
    fields_make(&lines, "{\"a\":\"x\033[31my\"}");
    assert_int_equal(lines.count, 3);
    assert_null(strchr(lines.items[1].what.bytes, '\033'));
    lines_done(&lines);
}

/* --- scrolling -------------------------------------------------------------------------------- */

static void check_row(const struct grid *grid, int row, const char *wanted)
{
    struct buf text;
    buf_init(&text, 1000);
    buf_puts(&text, "");
    grid_row_text(grid, row, &text);
    assert_string_equal(text.data, wanted);
    buf_done(&text);
}

static void scrolling_ends_where_the_lines_end(void **state)
{
    struct lines lines = {0};
    struct grid grid;
    (void)state;
    grid_init(&grid, 3, 12);
    lines_add(&lines, text_ours("10:00"), text_ours("one"), STYLE_NORMAL);
    lines_add(&lines, text_ours("11:00"), text_ours("two three"), STYLE_NORMAL);
    lines_add(&lines, text_ours("12:00"), text_ours("four"), STYLE_NORMAL);
    lines_paint(&lines, grid_area(&grid), 6);
    check_row(&grid, 0, "10:00 one");
    check_row(&grid, 1, "11:00 two");
    check_row(&grid, 2, "      three↓");
    lines.top = 1000;
    grid_clear(&grid);
    lines_paint(&lines, grid_area(&grid), 6);
    assert_int_equal(lines.top, 1);
    check_row(&grid, 0, "11:00 two  ↑");
    check_row(&grid, 2, "12:00 four");
    lines.top = -5;
    lines_paint(&lines, grid_area(&grid), 6);
    assert_int_equal(lines.top, 0);
    lines_done(&lines);
    grid_done(&grid);
}

/* A server may send anything as a time; it shows as it came, and leaves its neighbour alone. */
static void a_long_time_stays_in_its_column(void **state)
{
    struct lines lines = {0};
    struct grid grid;
    (void)state;
    grid_init(&grid, 1, 12);
    lines_add(&lines, text_ours("no time at all"), text_ours("one"), STYLE_NORMAL);
    lines_paint(&lines, grid_area(&grid), 6);
    check_row(&grid, 0, "no t… one");
    lines_done(&lines);
    grid_done(&grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_has_a_line),
        cmocka_unit_test(broken_text_does_no_harm),
        cmocka_unit_test(text_from_outside_is_cleaned),
        cmocka_unit_test(scrolling_ends_where_the_lines_end),
        cmocka_unit_test(a_long_time_stays_in_its_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
