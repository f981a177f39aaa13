#include "qr.h"

#include <qrencode.h>
#include <stdlib.h>

struct qr {
    QRcode *code;
};

struct qr *qr_new(const char *text)
{
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    if (!code)
        return NULL;
    struct qr *qr = mem_alloc(sizeof *qr);
    qr->code = code;
    return qr;
}

void qr_free(struct qr *qr)
{
    if (!qr)
        return;
    QRcode_free(qr->code);
    free(qr);
}

int qr_side(const struct qr *qr)
{
    return qr->code->width + 2 * QR_QUIET;
}

bool qr_is_dark(const struct qr *qr, int row, int col)
{
    int width = qr->code->width;
    row -= QR_QUIET, col -= QR_QUIET;
    if (row < 0 || col < 0 || row >= width || col >= width)
        return false;
    return (qr->code->data[row * width + col] & 1) != 0;
}

int qr_rows(const struct qr *qr, bool utf8)
{
    return utf8 ? (qr_side(qr) + 1) / 2 : qr_side(qr);
}

int qr_cols(const struct qr *qr, bool utf8)
{
    return utf8 ? qr_side(qr) : 2 * qr_side(qr);
}

/* What stands at one position of a line: one cell of two modules, or two cells of one. */
static const char *cell_text(const struct qr *qr, int line, int col, bool utf8)
{
    static const char *const halves[] = {" ", "▀", "▄", "█"};
    if (!utf8)
        return qr_is_dark(qr, line, col) ? "##" : "  ";
    int top = qr_is_dark(qr, 2 * line, col), bottom = qr_is_dark(qr, 2 * line + 1, col);
    return halves[top + 2 * bottom];
}

/* Half blocks show both colours of paper; "##" is solid where there are colours. */
static void draw_cell(const struct qr *qr, struct area area, int row, int col, bool utf8)
{
    enum style style = !utf8 && qr_is_dark(qr, row, col) ? STYLE_INK : STYLE_PAPER;
    draw_text(area, row, utf8 ? col : 2 * col, style, text_ours(cell_text(qr, row, col, utf8)));
}

bool qr_draw(const struct qr *qr, struct area area, bool utf8)
{
    int rows = qr_rows(qr, utf8), cols = qr_cols(qr, utf8);
    if (area.rows < rows || area.cols < cols)
        return false;
    for (int row = 0; row < rows; row++)
        for (int col = 0; col < qr_side(qr); col++)
            draw_cell(qr, area, row, col, utf8);
    return true;
}

bool qr_print(struct buf *out, const char *url, bool utf8, bool ansi)
{
    struct qr *qr = qr_new(url);
    if (!qr)
        return false;
    int rows = qr_rows(qr, utf8);
    for (int row = 0; row < rows; row++) {
        /* Terminals that do not know bright white (107) keep the plain white before it. */
        buf_puts(out, ansi ? "\033[30;47;107m" : "");
        for (int col = 0; col < qr_side(qr); col++)
            buf_puts(out, cell_text(qr, row, col, utf8));
        buf_puts(out, ansi ? "\033[0m\n" : "\n");
    }
    qr_free(qr);
    return true;
}
