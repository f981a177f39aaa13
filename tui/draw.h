/* A grid of cells that screens draw into; the terminal is only told about it by term_show(). Takes
   only cleaned text (text.h), clips everything to its area, counts in cells. */
#ifndef TUI_DRAW_H
#define TUI_DRAW_H

#include "text.h"
#include "../api/api.h"

/* What something means, not what colour it has; term.c holds the one table of looks. */
enum style {
    STYLE_NORMAL,
    STYLE_DIM, /* secondary, old, or an action that is not possible now */
    STYLE_TITLE,
    STYLE_STRONG, /* the one thing to read: an amount about to move */
    STYLE_KEY,    /* a key in the footer or in a hint */
    STYLE_GOOD,
    STYLE_BAD,
    STYLE_WARN,
    STYLE_FIELD,    /* where one types */
    STYLE_SELECTED, /* the mark of the selected row */
    STYLE_TRAINING, /* the word of the environment, in this order: see style_of_env() */
    STYLE_TEST,
    STYLE_LIVE,
    STYLE_PAPER, /* black on white whatever the terminal's colours: QR codes */
    STYLE_INK,   /* a dark module of one where there are no half blocks */
    STYLE_COUNT
};
enum style style_of_env(enum env env);

struct cell {
    uint32_t points[3]; /* base and up to two marks; points[0] 0: right half of a wide one */
    enum style style;   /* no padding: rows are compared as memory */
};
struct grid {
    int rows, cols;
    struct cell *cells;
    int cursor_row, cursor_col; /* where one types; -1: no cursor shown */
};
void grid_init(struct grid *grid, int rows, int cols);
void grid_done(struct grid *grid);
void grid_clear(struct grid *grid); /* blanks, no cursor */
/* The row as UTF-8 without the blanks at its end; for tests and pictures. */
void grid_row_text(const struct grid *grid, int row, struct buf *out);

/* A rectangle of a grid. Positions given to draw_* are relative to it; nothing leaves it. */
struct area {
    struct grid *grid;
    int row, col, rows, cols;
};
struct area grid_area(struct grid *grid);
struct area area_rows(struct area area, int from, int rows);  /* clipped part, full width */
struct area area_inset(struct area area, int rows, int cols); /* that much off every side */
/* width cells of one row; empty when it lies outside. */
struct area area_cell(struct area area, int row, int col, int width);
struct area area_center(struct area area, int rows, int cols);

enum align { ALIGN_LEFT, ALIGN_RIGHT };

/* Text from (row, col) to the area's right edge at most. Returns the column after it. */
int draw_text(struct area area, int row, int col, enum style style, struct text text);
/* Exactly the place's first row: padded with blanks, or cut with a mark at the end. */
void draw_field(struct area place, enum align align, enum style style, struct text text);
/* Wrapped at blanks into the area from row on; returns the row after it. */
int draw_wrapped(struct area area, int row, int col, enum style style, struct text text);
int draw_wrapped_rows(int cols, struct text text); /* how many it takes there */
void draw_fill(struct area area, enum style style); /* blanks */
/* Blanks the area and draws the environment's own border: readable without colour. */
void draw_box(struct area area, enum env env, struct text title);
void draw_cursor(struct area area, int row, int col);

#endif
