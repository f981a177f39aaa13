/* Amounts three lines high: every digit can be told from every other, nothing leaves its place, and
   where there are no half blocks the letters stand apart. */
#include "../tui/large.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The grid's rows, one below the other. */
static void draw(const char *amount, int cols, bool utf8, struct buf *out)
{
    struct grid grid;
    grid_init(&grid, LARGE_ROWS + 1, cols);
    struct area area = grid_area(&grid);
    assert_int_equal(large_draw(area, 0, 0, STYLE_STRONG, text_ours(amount), utf8), LARGE_ROWS);
    buf_clear(out);
    for (int row = 0; row < grid.rows; row++) {
        grid_row_text(&grid, row, out);
        buf_puts(out, "\n");
    }
    grid_done(&grid);
}

static void test_reads_as_drawn(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    draw("12,50 EUR", 40, true, &out);
    assert_string_equal(out.data, "▄█  ▀▀█   █▀▀ █▀█\n"
                                  " █  █▀▀   ▀▀█ █ █\n"
                                  "▀▀▀ ▀▀▀ █ ▀▀▀ ▀▀▀  EUR\n\n");
    draw("7.9", 40, true, &out);
    assert_string_equal(out.data, "▀▀█   █▀█\n  █   ▀▀█\n  ▀ ▀ ▀▀▀\n\n");
    buf_done(&out);
}

static void test_no_digit_looks_like_another(void **state)
{
    (void)state;
    struct buf drawn[12];
    static const char letters[] = "0123456789.,";
    for (size_t i = 0; i < COUNT_OF(drawn); i++) {
        char text[2] = {letters[i]};
        buf_init(&drawn[i], 4096);
        draw(text, 8, true, &drawn[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(drawn[i].data, drawn[j].data);
    }
    for (size_t i = 0; i < COUNT_OF(drawn); i++)
        buf_done(&drawn[i]);
}

static void test_falls_back_to_letters(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    draw("12.50 EUR", 40, false, &out);
    assert_string_equal(out.data, "\n1 2 . 5 0   E U R\n\n\n");
    draw("12.50 EUR", 20, true, &out); /* no room for the large ones */
    assert_string_equal(out.data, "\n1 2 . 5 0   E U R\n\n\n");
    assert_int_equal(large_width(text_ours("12.50 EUR"), false), 17);
    buf_done(&out);
}

/* What large_width() says is what large_draw() takes, for every amount that fits a screen. */
static void test_width_is_what_is_drawn(void **state)
{
    (void)state;
    static const char *const amounts[] = {"0 JPY", "1.234.567,89 EUR", "0,001 KWD", "9.99 USD"};
    struct grid grid;
    for (size_t i = 0; i < COUNT_OF(amounts); i++) {
        struct text amount = text_ours(amounts[i]);
        int width = large_width(amount, true), last = 0;
        grid_init(&grid, LARGE_ROWS, width + 10);
        large_draw(grid_area(&grid), 0, 0, STYLE_STRONG, amount, true);
        for (int cell = 0; cell < grid.rows * grid.cols; cell++)
            if (grid.cells[cell].points[0] != ' ' && cell % grid.cols > last)
                last = cell % grid.cols;
        assert_int_equal(last + 1, width);
        grid_done(&grid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_as_drawn),
        cmocka_unit_test(test_no_digit_looks_like_another),
        cmocka_unit_test(test_falls_back_to_letters),
        cmocka_unit_test(test_width_is_what_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
