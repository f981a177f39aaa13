#include "lines.h"

#include <string.h>

void lines_add(struct lines *lines, struct text when, struct text what, enum style style)
{
    if (lines->count == lines->room) {
        struct line *old = lines->items;
        lines->room = lines->room ? lines->room * 2 : 64;
        lines->items = arena_alloc(&lines->arena, lines->room * sizeof *old);
        if (lines->count > 0)
            memcpy(lines->items, old, lines->count * sizeof *old);
    }
    lines->items[lines->count++] = (struct line){when, what, style};
}

void lines_clear(struct lines *lines)
{
    arena_done(&lines->arena);
    lines->items = NULL;
    lines->count = lines->room = 0;
}

void lines_done(struct lines *lines)
{
    lines_clear(lines);
    *lines = (struct lines){0};
}

/* Draws all from row on, which may lie above the area. */
static void draw_all(const struct lines *lines, struct area area, int row, int col)
{
    for (size_t i = 0; i < lines->count && row < area.rows; i++) {
        const struct line *line = &lines->items[i];
        if (*line->when.bytes) /* of a server that has its own idea of a time it may be long */
            draw_field(area_cell(area, row, 0, col - 1), ALIGN_LEFT, STYLE_DIM, line->when);
        int next = draw_wrapped(area, row, col, line->style, line->what);
        row = next > row ? next : row + 1;
    }
}

/* Rows they take where so many cells are left for what is not a time; each takes one at least. */
static int measure(const struct lines *lines, int cols)
{
    int rows = 0;
    for (size_t i = 0; i < lines->count; i++) {
        int taken = draw_wrapped_rows(cols, lines->items[i].what);
        rows += taken > 1 ? taken : 1;
    }
    return rows;
}

void lines_paint(struct lines *lines, struct area area, int col)
{
    int most = measure(lines, area.cols - col) - area.rows;
    lines->height = area.rows;
    if (lines->top > most)
        lines->top = most;
    if (lines->top < 0)
        lines->top = 0;
    draw_all(lines, area, -lines->top, col);
    if (lines->top > 0)
        draw_text(area, 0, area.cols - 1, STYLE_KEY, text_ours("↑"));
    if (lines->top < most)
        draw_text(area, area.rows - 1, area.cols - 1, STYLE_KEY, text_ours("↓"));
}
