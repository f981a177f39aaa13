#include "large.h"

#include "format.h"

#include <string.h>

/* Six half lines of up to three dots each, top to bottom; bit 2 is the left one. */
static const struct {
    char letter;
    int width;
    unsigned char dots[6];
} glyphs[] = {
    {'0', 3, {7, 5, 5, 5, 7, 0}}, {'1', 3, {2, 6, 2, 2, 7, 0}}, {'2', 3, {7, 1, 7, 4, 7, 0}},
    {'3', 3, {7, 1, 7, 1, 7, 0}}, {'4', 3, {5, 5, 7, 1, 1, 0}}, {'5', 3, {7, 4, 7, 1, 7, 0}},
    {'6', 3, {7, 4, 7, 5, 7, 0}}, {'7', 3, {7, 1, 1, 1, 1, 0}}, {'8', 3, {7, 5, 7, 5, 7, 0}},
    {'9', 3, {7, 5, 7, 1, 7, 0}}, {'.', 1, {0, 0, 0, 0, 4, 0}}, {',', 1, {0, 0, 0, 0, 4, 4}},
};

bool large_has_blocks(bool ascii)
{
    return !ascii && format_utf8();
}

static int glyph_of(char letter)
{
    for (size_t i = 0; i < COUNT_OF(glyphs); i++)
        if (glyphs[i].letter == letter)
            return (int)i;
    return -1;
}

int large_width(struct text amount, bool utf8)
{
    if (!utf8)
        return 2 * text_width(amount) - 1;
    int width = 0;
    for (const char *at = amount.bytes; *at; at++) {
        int glyph = glyph_of(*at);
        if (glyph < 0)
            return width + text_width((struct text){at});
        width += glyphs[glyph].width + 1;
    }
    return width;
}

static void draw_glyph(struct area area, int row, int col, enum style style, int glyph)
{
    static const char *const halves[] = {" ", "▀", "▄", "█"};
    for (int line = 0; line < LARGE_ROWS; line++)
        for (int x = 0; x < glyphs[glyph].width; x++) {
            int top = glyphs[glyph].dots[2 * line] >> (2 - x) & 1;
            int bottom = glyphs[glyph].dots[2 * line + 1] >> (2 - x) & 1;
            draw_text(area, row + line, col + x, style, text_ours(halves[top + 2 * bottom]));
        }
}

static void draw_spaced(struct area area, int row, int col, enum style style, struct text amount)
{
    struct arena arena = {0};
    for (size_t at = 0, from = 0; amount.bytes[at]; from = at) {
        uint32_t points[3];
        int count, cells;
        text_next(amount, &at, points, &count, &cells);
        const char *cluster = arena_strndup(&arena, amount.bytes + from, at - from);
        col = draw_text(area, row, col, style, (struct text){cluster}) + 1;
    }
    arena_done(&arena);
}

int large_draw(struct area area, int row, int col, enum style style, struct text amount, bool utf8)
{
    if (!utf8 || col + large_width(amount, utf8) > area.cols) {
        draw_spaced(area, row + 1, col, style, amount);
        return row + LARGE_ROWS;
    }
    const char *at = amount.bytes;
    for (int glyph; *at && (glyph = glyph_of(*at)) >= 0; at++) {
        draw_glyph(area, row, col, style, glyph);
        col += glyphs[glyph].width + 1;
    }
    draw_text(area, row + 2, col, style, (struct text){at});
    return row + LARGE_ROWS;
}
