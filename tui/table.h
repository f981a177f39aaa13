/* Lists from column rows: one row of a column array drives drawing, sorting and CSV export. */
#ifndef TUI_TABLE_H
#define TUI_TABLE_H

#include "app.h"

enum { NO_SORT = -1 };
struct column {
    const char *title; /* N_() */
    int width;         /* cells; 0: CSV only. The last one shown also takes what is left */
    enum align align;
    int keep; /* 0: always shown; the higher, the earlier it goes when it is narrow */
    int sort; /* enum sort_by, or NO_SORT */
    struct text (*get)(struct arena *arena, const void *row);
    enum style (*style)(const void *row);                     /* NULL: normal */
    struct text (*csv)(struct arena *arena, const void *row); /* NULL: as get */
};
/* A window on rows that are in memory. */
struct table {
    const struct column *columns;
    size_t column_count;
    int top, cursor; /* row indexes */
    int height;      /* rows the last paint had place for */
};
/* How a caller tells what row is where. */
struct table_rows {
    int count;
    const void *(*row)(void *ctx, int index);
    const char *(*mark)(void *ctx, int index); /* one cell behind the '>'; NULL: none */
    bool (*dim)(void *ctx, int index); /* NULL: none */
    void *ctx;
    int sort; /* shown by an arrow at its column; NO_SORT */
    bool ascending;
};
/* Heading and rows; the selected one has '>' in column 0. Fixes top and cursor to what exists. */
void table_paint(struct table *table, struct app *app, struct area area,
                 const struct table_rows *rows);
/* UP, DOWN, PAGE_UP, PAGE_DOWN, FIRST, LAST within count rows. False: another command. */
bool table_move(struct table *table, enum command command, int count);
/* Titles or one row as a CSV line (RFC 4180; cells that a spreadsheet would run are defused). */
void table_csv_titles(const struct column *columns, size_t count, struct buf *out);
void table_csv_row(const struct column *columns, size_t count, const void *row, struct buf *out);

#endif
