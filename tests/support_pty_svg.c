/* The screen as a picture: text runs on coloured rectangles, blocks drawn so that no font leaves
   gaps between them. */
#include "support_pty.h"

#include <string.h>

enum { CELL_W = 9, CELL_H = 19, BASELINE = 14, FONT = 15, MARGIN = 12 };
#define PICTURE_BG 0x1b1f24U
#define PICTURE_FG 0xd8dee4U

struct look {
    uint32_t fg, bg;
    bool bold, underline;
};

static struct look look_of(const struct pty_cell *cell)
{
    struct look look = {
        .fg = cell->fg == PTY_DEFAULT ? PICTURE_FG : cell->fg_rgb,
        .bg = cell->bg == PTY_DEFAULT ? PICTURE_BG : cell->bg_rgb,
        .bold = cell->bold,
        .underline = cell->underline,
    };
    if (cell->reverse) {
        uint32_t fg = look.fg;
        look.fg = look.bg;
        look.bg = fg;
    }
    return look;
}

static bool look_equal(const struct look *a, const struct look *b)
{
    return a->fg == b->fg && a->bg == b->bg && a->bold == b->bold && a->underline == b->underline;
}

static void write_escaped(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else
            fputc(*text, out);
    }
}

/* Block elements as halves of a cell: x, y, width, height in half cells. */
static const struct block {
    const char *text;
    int x, y, w, h;
} blocks[] = {
    {"█", 0, 0, 2, 2}, {"▀", 0, 0, 2, 1}, {"▄", 0, 1, 2, 1}, {"▌", 0, 0, 1, 2}, {"▐", 1, 0, 1, 2},
};

static const struct block *block_of(const char *text)
{
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (strcmp(text, blocks[i].text) == 0)
            return &blocks[i];
    return NULL;
}

static void write_rect(FILE *out, double x, double y, double w, double h, uint32_t color)
{
    fprintf(out, "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"#%06x\"/>\n", x, y,
            w, h, color);
}

static void write_blocks(struct pty *pty, int row, int start, int end, FILE *out)
{
    for (int col = start; col < end; col++) {
        struct pty_cell cell = pty_cell(pty, row, col);
        const struct block *block = block_of(cell.text);
        struct look look = look_of(&cell);
        if (block)
            write_rect(out, MARGIN + col * CELL_W + block->x * CELL_W / 2.0,
                       MARGIN + row * CELL_H + block->y * CELL_H / 2.0, block->w * CELL_W / 2.0,
                       block->h * CELL_H / 2.0, look.fg);
    }
}

static void write_letters(struct pty *pty, int row, int start, int end, FILE *out)
{
    struct pty_cell cell = pty_cell(pty, row, start);
    struct look look = look_of(&cell);
    bool any = false;
    for (int col = start; col < end && !any; col++) {
        cell = pty_cell(pty, row, col);
        any = strcmp(cell.text, " ") != 0 && *cell.text && !block_of(cell.text);
    }
    if (!any)
        return;
    fprintf(out, "<text x=\"%d\" y=\"%d\" textLength=\"%d\" fill=\"#%06x\"%s%s>",
            MARGIN + start * CELL_W, MARGIN + row * CELL_H + BASELINE, (end - start) * CELL_W,
            look.fg, look.bold ? " style=\"font-weight:bold\"" : "",
            look.underline ? " text-decoration=\"underline\"" : "");
    for (int col = start; col < end; col++) {
        cell = pty_cell(pty, row, col);
        write_escaped(block_of(cell.text) ? " " : cell.text, out);
    }
    fputs("</text>\n", out);
}

static void write_run(struct pty *pty, int row, int start, int end, FILE *out)
{
    struct pty_cell cell = pty_cell(pty, row, start);
    struct look look = look_of(&cell);
    if (look.bg != PICTURE_BG)
        write_rect(out, MARGIN + start * CELL_W, MARGIN + row * CELL_H, (end - start) * CELL_W,
                   CELL_H, look.bg);
    write_letters(pty, row, start, end, out);
    write_blocks(pty, row, start, end, out);
}

void pty_write_svg(struct pty *pty, FILE *out)
{
    int rows, cols;
    pty_size(pty, &rows, &cols);
    int width = cols * CELL_W + 2 * MARGIN, height = rows * CELL_H + 2 * MARGIN;
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" "
                 "width=\"%d\" height=\"%d\" "
                 "viewBox=\"0 0 %d %d\">\n"
                 "<style>text{font:%dpx \"DejaVu Sans Mono\",Menlo,Consolas,monospace;"
                 "white-space:pre}</style>\n"
                 "<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#%06x\"/>\n",
            width, height, width, height, FONT, width, height, PICTURE_BG);
    for (int row = 0; row < rows; row++) {
        int start = 0;
        for (int col = 1; col <= cols; col++) {
            if (col < cols) {
                struct pty_cell a = pty_cell(pty, row, start), b = pty_cell(pty, row, col);
                struct look was = look_of(&a), is = look_of(&b);
                if (look_equal(&was, &is))
                    continue;
            }
            write_run(pty, row, start, col, out);
            start = col;
        }
    }
    fputs("</svg>\n", out);
}
