#include "table.h"

#include "csv.h"

#include <assert.h>
#include <string.h>

enum { MARK_COLS = 3, GAP = 1, COLUMNS_MAX = 16 };

/* --- columns ------------------------------------------------------------------------------ */

static int shown_width(const struct column *columns, size_t count, int keep)
{
    int width = MARK_COLS;
    for (size_t i = 0; i < count; i++) {
        if (columns[i].width > 0 && columns[i].keep <= keep)
            width += columns[i].width + GAP;
    }
    return width - GAP;
}

/* The highest `keep` that still fits: a narrow screen drops columns, it does not squeeze them. */
static int choose_keep(const struct column *columns, size_t count, int cols)
{
    int keep = 0, highest = 0;
    for (size_t i = 0; i < count; i++) {
        if (columns[i].keep > highest)
            highest = columns[i].keep;
    }
    while (keep < highest && shown_width(columns, count, keep + 1) <= cols)
        keep++;
    return keep;
}

/* --- painting ----------------------------------------------------------------------------- */

struct layout {
    const struct table *table;
    int keep;
    size_t last; /* the column that takes what is left */
};

static struct layout lay_out(const struct table *table, int cols)
{
    struct layout layout = {table, choose_keep(table->columns, table->column_count, cols), 0};
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].width > 0 && table->columns[i].keep <= layout.keep)
            layout.last = i;
    }
    return layout;
}

static void paint_heading(const struct layout *layout, struct area area,
                          const struct table_rows *rows)
{
    struct arena arena = {0};
    int col = MARK_COLS;
    for (size_t i = 0; i <= layout->last; i++) {
        const struct column *column = &layout->table->columns[i];
        if (column->width == 0 || column->keep > layout->keep)
            continue;
        bool sorted = column->sort != NO_SORT && column->sort == rows->sort;
        struct text title = text_oursf(&arena, "%s%s", _(column->title),
                                       !sorted           ? ""
                                       : rows->ascending ? "↑"
                                                         : "↓");
        int width = i == layout->last ? area.cols - col : column->width;
        draw_field(area_cell(area, 0, col, width), column->align, STYLE_DIM, title);
        col += width + GAP;
    }
    arena_done(&arena);
}

static void paint_row(const struct layout *layout, struct app *app, struct area area, bool dim,
                      const void *item)
{
    int col = MARK_COLS;
    for (size_t i = 0; i <= layout->last; i++) {
        const struct column *column = &layout->table->columns[i];
        if (column->width == 0 || column->keep > layout->keep)
            continue;
        int width = i == layout->last ? area.cols - col : column->width;
        enum style style = dim             ? STYLE_DIM
                           : column->style ? column->style(item)
                                           : STYLE_NORMAL;
        draw_field(area_cell(area, 0, col, width), column->align, style,
                   column->get(app_arena(app), item));
        col += width + GAP;
    }
}

static int clamp(int value, int low, int high)
{
    return value > high ? (high > low ? high : low) : value < low ? low : value;
}

/* The cursor exists and is on the screen, and no place is wasted below the last row. */
static void settle(struct table *table, int count)
{
    int page = table->height > 0 ? table->height : 1;
    table->cursor = clamp(table->cursor, 0, count - 1);
    if (table->cursor < table->top)
        table->top = table->cursor;
    if (table->cursor >= table->top + page)
        table->top = table->cursor - page + 1;
    table->top = clamp(table->top, 0, count - page);
}

void table_paint(struct table *table, struct app *app, struct area area,
                 const struct table_rows *rows)
{
    struct layout layout = lay_out(table, area.cols);
    table->height = area.rows - 1;
    settle(table, rows->count);
    paint_heading(&layout, area, rows);
    for (int i = 0; i < table->height && table->top + i < rows->count; i++) {
        int index = table->top + i;
        if (index == table->cursor)
            draw_text(area, i + 1, 0, STYLE_SELECTED, text_ours(">"));
        const char *mark = rows->mark ? rows->mark(rows->ctx, index) : "";
        if (*mark && *mark != ' ')
            draw_text(area, i + 1, 1, STYLE_KEY, text_ours(mark));
        bool dim = rows->dim && rows->dim(rows->ctx, index);
        paint_row(&layout, app, area_rows(area, i + 1, 1), dim, rows->row(rows->ctx, index));
    }
}

bool table_move(struct table *table, enum command command, int count)
{
    int page = table->height > 0 ? table->height : 1;
    int by = command == COMMAND_UP          ? -1
             : command == COMMAND_DOWN      ? 1
             : command == COMMAND_PAGE_UP   ? -page
             : command == COMMAND_PAGE_DOWN ? page
             : command == COMMAND_FIRST     ? -count
             : command == COMMAND_LAST      ? count
                                            : 0;
    if (by == 0)
        return command == COMMAND_FIRST || command == COMMAND_LAST;
    if (by == page || by == -page)
        table->top += by;
    table->cursor += by;
    settle(table, count);
    return true;
}

/* --- CSV ---------------------------------------------------------------------------------- */

void table_csv_titles(const struct column *columns, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        buf_puts(out, i ? "," : "");
        csv_put(out, text_ours(_(columns[i].title)));
    }
    buf_puts(out, "\r\n");
}

void table_csv_row(const struct column *columns, size_t count, const void *row, struct buf *out)
{
    struct arena arena = {0};
    for (size_t i = 0; i < count; i++) {
        buf_puts(out, i ? "," : "");
        csv_put(out, (columns[i].csv ? columns[i].csv : columns[i].get)(&arena, row));
    }
    buf_puts(out, "\r\n");
    arena_done(&arena);
}
