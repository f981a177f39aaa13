#include "draw.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum style style_of_env(enum env env)
{
    return (enum style)((int)STYLE_TRAINING + (int)env);
}

/* --- the grid ----------------------------------------------------------------------------- */

void grid_init(struct grid *grid, int rows, int cols)
{
    grid->rows = rows > 0 ? rows : 0;
    grid->cols = cols > 0 ? cols : 0;
    grid->cells =
        mem_resize(NULL, (size_t)grid->rows * (size_t)grid->cols + 1, sizeof *grid->cells);
    grid_clear(grid);
}

void grid_done(struct grid *grid)
{
    free(grid->cells);
    *grid = (struct grid){.cursor_row = -1, .cursor_col = -1};
}

void grid_clear(struct grid *grid)
{
    size_t count = (size_t)grid->rows * (size_t)grid->cols;
    for (size_t i = 0; i < count; i++)
        grid->cells[i] = (struct cell){.points = {' '}};
    grid->cursor_row = grid->cursor_col = -1;
}

void grid_row_text(const struct grid *grid, int row, struct buf *out)
{
    const struct cell *cells = grid->cells + (ptrdiff_t)row * grid->cols;
    int last = grid->cols;
    while (last > 0 && cells[last - 1].points[0] == ' ' && !cells[last - 1].points[1])
        last--;
    for (int col = 0; col < last; col++) {
        for (int i = 0; i < 3 && cells[col].points[i]; i++) {
            utf8proc_uint8_t bytes[4];
            utf8proc_ssize_t len =
                utf8proc_encode_char((utf8proc_int32_t)cells[col].points[i], bytes);
            buf_add(out, bytes, (size_t)len);
        }
    }
}

/* Writes one cluster; what it covers half of becomes a blank. */
static void put(struct area area, int row, int col, enum style style, const uint32_t points[3],
                int cells)
{
    struct grid *grid = area.grid;
    struct cell *line = grid->cells + (ptrdiff_t)(area.row + row) * grid->cols;
    int at = area.col + col, end = at + cells;
    if (line[at].points[0] == 0 && at > 0)
        line[at - 1].points[0] = ' ', line[at - 1].points[1] = 0;
    if (end < grid->cols && line[end].points[0] == 0)
        line[end].points[0] = ' ';
    memcpy(line[at].points, points, sizeof line[at].points);
    line[at].style = style;
    for (int i = at + 1; i < end; i++)
        line[i] = (struct cell){.style = style};
}

/* --- areas -------------------------------------------------------------------------------- */

struct area grid_area(struct grid *grid)
{
    return (struct area){grid, 0, 0, grid->rows, grid->cols};
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? (high > low ? high : low) : value;
}

struct area area_rows(struct area area, int from, int rows)
{
    from = clamp(from, 0, area.rows);
    area.row += from;
    area.rows = clamp(rows, 0, area.rows - from);
    return area;
}

struct area area_inset(struct area area, int rows, int cols)
{
    rows = clamp(rows, 0, area.rows / 2);
    cols = clamp(cols, 0, area.cols / 2);
    return (struct area){area.grid, area.row + rows, area.col + cols, area.rows - 2 * rows,
                         area.cols - 2 * cols};
}

struct area area_cell(struct area area, int row, int col, int width)
{
    struct area line = area_rows(area, row < 0 ? area.rows : row, 1);
    int from = clamp(col, 0, line.cols), to = clamp(col + width, from, line.cols);
    line.col += from;
    line.cols = to - from;
    return line;
}

struct area area_center(struct area area, int rows, int cols)
{
    rows = clamp(rows, 0, area.rows);
    cols = clamp(cols, 0, area.cols);
    return (struct area){area.grid, area.row + (area.rows - rows) / 2,
                         area.col + (area.cols - cols) / 2, rows, cols};
}

/* --- drawing ------------------------------------------------------------------------------ */

/* Draws text between columns col and end of a row; returns the column after it. */
static int put_text(struct area area, int row, int col, int end, enum style style, struct text text)
{
    size_t at = 0;
    uint32_t points[3];
    int count, cells;
    while (text_next(text, &at, points, &count, &cells)) {
        if (col + cells > end)
            break;
        if (col >= 0)
            put(area, row, col, style, points, cells);
        col += cells;
    }
    return col;
}

int draw_text(struct area area, int row, int col, enum style style, struct text text)
{
    if (row < 0 || row >= area.rows)
        return col;
    return put_text(area, row, col, area.cols, style, text);
}

static void put_blanks(struct area area, int row, int from, int end, enum style style)
{
    static const uint32_t blank[3] = {' '};
    for (int col = from < 0 ? 0 : from; col < end; col++)
        put(area, row, col, style, blank, 1);
}

void draw_field(struct area place, enum align align, enum style style, struct text text)
{
    int used = text_width(text), end = place.cols;
    if (place.rows < 1 || end < 1)
        return;
    if (used > end) {
        int after = put_text(place, 0, 0, end - 1, style, text);
        put_blanks(place, 0, after, end - 1, style);
        put_text(place, 0, end - 1, end, style, text_ours("…"));
    } else if (align == ALIGN_RIGHT) {
        put_blanks(place, 0, 0, end - used, style);
        put_text(place, 0, end - used, end, style, text);
    } else {
        put_blanks(place, 0, put_text(place, 0, 0, end, style, text), end, style);
    }
}

/* Bytes of the next line of text that fits into cells; *next: where the one after begins. */
static size_t wrap_line(const char *text, int cells, size_t *next)
{
    size_t fits = text_fit((struct text){text}, cells, NULL), cut = fits;
    if (text[fits] && text[fits] != ' ') {
        while (cut > 0 && text[cut] != ' ')
            cut--;
        if (cut == 0) /* one long word: broken where the line ends, one cluster at least */
            cut = fits > 0 ? fits : text_fit((struct text){text}, 2, NULL);
    }
    size_t newline = strcspn(text, "\n");
    if (newline < cut)
        cut = newline;
    *next = cut;
    while (text[*next] == ' ')
        ++*next;
    if (text[*next] == '\n')
        ++*next;
    return cut;
}

int draw_wrapped(struct area area, int row, int col, enum style style, struct text text)
{
    const char *rest = text.bytes;
    struct arena arena = {0};
    while (*rest && row < area.rows && col < area.cols) {
        size_t next, len = wrap_line(rest, area.cols - col, &next);
        draw_text(area, row++, col, style, (struct text){arena_strndup(&arena, rest, len)});
        if (next == 0)
            break;
        rest += next;
    }
    arena_done(&arena);
    return row;
}

int draw_wrapped_rows(int cols, struct text text)
{
    enum { FAR_ABOVE = 1 << 24 }; /* of everything that can be seen */
    return draw_wrapped((struct area){.cols = cols}, -FAR_ABOVE, 0, STYLE_NORMAL, text) + FAR_ABOVE;
}

void draw_fill(struct area area, enum style style)
{
    for (int row = 0; row < area.rows; row++)
        put_blanks(area, row, 0, area.cols, style);
}

/* Each environment has a border of its own: dashed, single, double. */
static const struct {
    uint32_t across, down, corners[4]; /* top left, top right, bottom left, bottom right */
} borders[ENV_COUNT] = {
    [ENV_TRAINING] = {0x2504, 0x2506, {0x256D, 0x256E, 0x2570, 0x256F}},
    [ENV_TEST] = {0x2500, 0x2502, {0x250C, 0x2510, 0x2514, 0x2518}},
    [ENV_LIVE] = {0x2550, 0x2551, {0x2554, 0x2557, 0x255A, 0x255D}},
};

void draw_box(struct area area, enum env env, struct text title)
{
    enum style style = style_of_env(env);
    draw_fill(area, STYLE_NORMAL);
    if (area.rows < 2 || area.cols < 2)
        return;
    const uint32_t across[3] = {borders[env].across}, down[3] = {borders[env].down};
    int right = area.cols - 1, bottom = area.rows - 1;
    for (int col = 1; col < right; col++) {
        put(area, 0, col, style, across, 1);
        put(area, bottom, col, style, across, 1);
    }
    for (int row = 1; row < bottom; row++) {
        put(area, row, 0, style, down, 1);
        put(area, row, right, style, down, 1);
    }
    for (int i = 0; i < 4; i++) {
        const uint32_t corner[3] = {borders[env].corners[i]};
        put(area, i < 2 ? 0 : bottom, i % 2 ? right : 0, style, corner, 1);
    }
    if (*title.bytes && area.cols > 6) {
        int width = clamp(text_width(title) + 2, 0, area.cols - 4);
        draw_field(area_cell(area, 0, 2, width), ALIGN_LEFT, STYLE_TITLE, text_ours(""));
        draw_field(area_cell(area, 0, 3, width - 2), ALIGN_LEFT, STYLE_TITLE, title);
    }
}

void draw_cursor(struct area area, int row, int col)
{
    if (row < 0 || row >= area.rows || col < 0 || col >= area.cols)
        return;
    area.grid->cursor_row = area.row + row;
    area.grid->cursor_col = area.col + col;
}
