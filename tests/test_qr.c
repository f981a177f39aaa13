/* QR codes are read back by a decoder that shares nothing with the encoder: from the modules, from
   a drawn grid and from printed text, in half blocks and in ASCII. */
#include "../tui/qr.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zbar.h>

#include <cmocka.h>

enum { SCALE = 4, CANVAS = 200 };

/* Dark modules, with a light border of its own: paper on a grey table. */
struct canvas {
    bool dark[CANVAS][CANVAS];
    int rows, cols;
};

static void assert_decodes(const struct canvas *canvas, const char *expected)
{
    unsigned width = (unsigned)(canvas->cols * SCALE), height = (unsigned)(canvas->rows * SCALE);
    unsigned char *pixels = mem_alloc((size_t)width * height);
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++)
            pixels[y * width + x] = canvas->dark[y / SCALE][x / SCALE] ? 0 : 255;
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
    zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
    zbar_image_t *image = zbar_image_create();
    zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
    zbar_image_set_size(image, width, height);
    zbar_image_set_data(image, pixels, (unsigned long)width * height, NULL);
    assert_int_equal(zbar_scan_image(scanner, image), 1);
    assert_string_equal(zbar_symbol_get_data(zbar_image_first_symbol(image)), expected);
    zbar_image_destroy(image);
    zbar_image_scanner_destroy(scanner);
    free(pixels);
}

/* One line of printed text or of a grid, back into modules. Anything but the marks of a QR code is
   a failure. */
static void add_line(struct canvas *canvas, const char *line, bool utf8)
{
    static const char *const marks[2][4] = {{"  ", "##", "", ""}, {" ", "▀", "▄", "█"}};
    int top = utf8 ? 2 * canvas->rows : canvas->rows, col = 0;
    while (*line) {
        int mark = 0;
        while (mark < 4 && (!*marks[utf8][mark] ||
                            strncmp(line, marks[utf8][mark], strlen(marks[utf8][mark])) != 0))
            mark++;
        assert_in_range(mark, 0, 3);
        assert_in_range(top + 1, 0, CANVAS - 1);
        canvas->dark[top][col] = mark & 1;
        if (utf8)
            canvas->dark[top + 1][col] = mark & 2;
        line += strlen(marks[utf8][mark]);
        col++;
    }
    canvas->rows++;
    canvas->cols = col > canvas->cols ? col : canvas->cols;
}

static void finish_lines(struct canvas *canvas, bool utf8)
{
    if (utf8)
        canvas->rows *= 2;
}

/* --- cases -------------------------------------------------------------------------------- */

static const char *const urls[] = {
    "a",
    "https://pay.example/1",
    "http://127.0.0.1:8080/pay/HOTEL9-EXTT-7b2f0c3a9d",
    "https://aviratopayments.com/pay/0d4f1c9e-5b1a-4d1c-9a57-2f6f5a0c1b7e",
    "https://aviratopayments.com/pay/session?id=HOTEL9-EXT-9f8e7d6c&locale=es-ES&x=%20%C3%B1",
    "https://checkout.example/pay?a=1&b=2#Fragment-with-UPPER_lower.1234567890~end",
};

static void each_url(void (*check)(const char *url))
{
    for (size_t i = 0; i < COUNT_OF(urls); i++)
        check(urls[i]);
    /* Every length up to far beyond a real one: every version up to 12 and each of its borders. */
    char url[301] = "https://pay.example/";
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (size_t len = strlen(url); len < sizeof url - 1; len++) {
        url[len] = letters[random_below(sizeof letters - 1)];
        url[len + 1] = '\0';
        if (len % 7 == 0)
            check(url);
    }
}

static void check_modules(const char *url)
{
    struct qr *qr = qr_new(url);
    assert_non_null(qr);
    struct canvas canvas = {.rows = qr_side(qr), .cols = qr_side(qr)};
    assert_in_range(qr_side(qr), 21 + 2 * QR_QUIET, CANVAS);
    for (int row = 0; row < canvas.rows; row++)
        for (int col = 0; col < canvas.cols; col++)
            canvas.dark[row][col] = qr_is_dark(qr, row, col);
    assert_decodes(&canvas, url);
    for (int i = 0; i < canvas.rows; i++) /* the quiet zone is whole on every side */
        for (int j = 0; j < QR_QUIET; j++) {
            assert_false(canvas.dark[i][j] || canvas.dark[j][i]);
            assert_false(canvas.dark[i][canvas.rows - 1 - j] ||
                         canvas.dark[canvas.rows - 1 - j][i]);
        }
    qr_free(qr);
}

static void test_modules_decode(void **state)
{
    (void)state;
    each_url(check_modules);
}

static void check_print(const char *url, bool utf8, bool ansi)
{
    static const char on[] = "\033[30;47;107m", off[] = "\033[0m";
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_true(qr_print(&out, url, utf8, ansi));
    assert_false(out.over);
    struct canvas canvas = {0};
    char *rest = out.data, *line;
    while ((line = strsep(&rest, "\n")) && rest) {
        size_t len = strlen(line);
        if (ansi) { /* every line says its own colours: a log that cuts lines keeps them */
            assert_true(len > strlen(on) + strlen(off));
            assert_memory_equal(line, on, strlen(on));
            assert_string_equal(line + len - strlen(off), off);
            line[len - strlen(off)] = '\0';
            line += strlen(on);
        }
        add_line(&canvas, line, utf8);
    }
    finish_lines(&canvas, utf8);
    assert_decodes(&canvas, url);
    buf_done(&out);
}

static void check_prints(const char *url)
{
    for (int i = 0; i < 4; i++)
        check_print(url, i & 1, i & 2);
}

static void test_printed_text_decodes(void **state)
{
    (void)state;
    each_url(check_prints);
}

static void check_drawn_as(const char *url, bool utf8)
{
    struct grid grid;
    grid_init(&grid, 130, 260);
    draw_fill(grid_area(&grid), STYLE_NORMAL);
    struct qr *qr = qr_new(url);
    int rows = qr_rows(qr, utf8), cols = qr_cols(qr, utf8);
    struct area exact = {&grid, 3, 5, rows, cols}, narrow = exact, low = exact;
    narrow.cols--, low.rows--;
    assert_false(qr_draw(qr, narrow, utf8));
    assert_false(qr_draw(qr, low, utf8));
    assert_true(qr_draw(qr, exact, utf8));
    struct canvas canvas = {0};
    struct buf line;
    buf_init(&line, 4096);
    for (int row = 0; row < rows; row++) {
        buf_clear(&line);
        for (int col = 0; col < cols; col++) {
            const struct cell *cell = &grid.cells[(3 + row) * grid.cols + 5 + col];
            static const struct {
                uint32_t point;
                const char *text;
            } marks[] = {{' ', " "}, {'#', "#"}, {0x2580, "▀"}, {0x2584, "▄"}, {0x2588, "█"}};
            assert_int_equal(cell->style, cell->points[0] == '#' ? STYLE_INK : STYLE_PAPER);
            for (size_t i = 0; i < COUNT_OF(marks); i++)
                if (marks[i].point == cell->points[0])
                    buf_puts(&line, marks[i].text);
        }
        add_line(&canvas, line.data, utf8);
    }
    finish_lines(&canvas, utf8);
    assert_decodes(&canvas, url);
    buf_done(&line);
    qr_free(qr);
    grid_done(&grid);
}

static void check_drawn(const char *url)
{
    check_drawn_as(url, true);
    check_drawn_as(url, false);
}

static void test_drawn_grid_decodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++)
        check_drawn(urls[i]);
}

/* A real link must fit the norm of 80x24 beside its text: 21 lines, half the width. */
static void test_usual_link_fits_the_norm(void **state)
{
    (void)state;
    struct qr *qr = qr_new("https://aviratopayments.com/pay/0d4f1c9e-5b1a-4d1c-9a57-2f6f5a0c1b7e");
    assert_in_range(qr_rows(qr, true), 1, 21);
    assert_in_range(qr_cols(qr, true), 1, 41);
    qr_free(qr);
}

static void test_what_is_no_code_is_refused(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_null(qr_new(""));
    char *endless = mem_alloc(4001);
    memset(endless, 'x', 4000);
    assert_null(qr_new(endless));
    assert_false(qr_print(&out, endless, true, true));
    assert_int_equal(out.len, 0);
    free(endless);
    buf_done(&out);
    qr_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modules_decode),
        cmocka_unit_test(test_printed_text_decodes),
        cmocka_unit_test(test_drawn_grid_decodes),
        cmocka_unit_test(test_usual_link_fits_the_norm),
        cmocka_unit_test(test_what_is_no_code_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
