/* Rows of cells: an aligned table on a terminal, tab-separated text into a pipe, or CSV. */
#include "cli.h"

#include "csv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define COLUMNS_MAX 12
#define HELD_ROWS   200 /* widths are those of the first rows; a list may have millions */
#define GAP         2

struct cli_table {
    const struct cli_column *columns;
    size_t count;
    bool data, csv, tty, titled;
    int width;               /* of the terminal */
    int widths[COLUMNS_MAX]; /* 0 until known */
    struct arena arena;
    struct text *held; /* rows waiting until the widths are known */
    size_t held_rows;
};

int cli_terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    long asked = columns ? strtol(columns, NULL, 10) : 0;
    if (asked >= 20 && asked <= 1000)
        return (int)asked;
    return ioctl(fileno(stdout), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 80;
}

struct cli_table *cli_table_new(struct cli *cli, const struct cli_column *columns, size_t count)
{
    struct cli_table *table = mem_alloc(sizeof *table);
    assert(count <= COLUMNS_MAX);
    *table = (struct cli_table){.columns = columns,
                                .count = count,
                                .data = cli_is_data(cli),
                                .csv = cli_has(cli, OPTION_CSV),
                                .tty = cli->tty};
    if (!table->data) {
        table->width = cli_terminal_width();
        table->held = mem_alloc(HELD_ROWS * count * sizeof *table->held);
    }
    return table;
}

/* Without cells: the fields' names. To a pipe it goes as UTF-8, whatever the terminal's set is. */
static void put_data_row(struct cli_table *table, const struct text *cells)
{
    struct buf line;
    bool first = true;
    buf_init(&line, 8 << 20);
    for (size_t i = 0; i < table->count; i++) {
        if (!(table->columns[i].shown & CLI_AS_DATA))
            continue;
        if (!first)
            buf_puts(&line, table->csv ? "," : "\t");
        struct text cell = cells ? cells[i] : text_ours(table->columns[i].field);
        if (table->csv)
            csv_put(&line, cell);
        else
            buf_puts(&line, cell.bytes);
        first = false;
    }
    buf_puts(&line, "\n");
    if (table->tty)
        cli_put(stdout, (struct text){line.data});
    else
        fwrite(line.data, 1, line.len, stdout);
    buf_done(&line);
}

/* One cell, cut to its room with an ellipsis; returns the cells used. */
static int put_cell(struct text cell, int room, bool right, int blanks)
{
    int used = text_width(cell);
    char *cut = NULL;
    if (used > room) {
        size_t bytes = text_fit(cell, room - 1, &used);
        const char *mark = format_utf8() ? "…" : "~";
        cut = mem_alloc(bytes + strlen(mark) + 1);
        memcpy(cut, cell.bytes, bytes);
        memcpy(cut + bytes, mark, strlen(mark));
        used++;
    }
    int before = blanks + (right ? room - used : 0);
    for (int i = 0; i < before; i++)
        fputc(' ', stdout);
    cli_put(stdout, cut ? text_ours(cut) : cell);
    free(cut);
    return before + used;
}

/* One line, cut at the terminal's edge; it does not end in blanks. */
static void put_line(struct cli_table *table, const struct text *cells)
{
    int at = 0, blanks = 0;
    for (size_t i = 0; i < table->count && at + blanks < table->width; i++) {
        const struct cli_column *column = &table->columns[i];
        if (!(column->shown & CLI_ON_TERMINAL))
            continue;
        struct text cell = cells ? cells[i] : text_ours(_(column->title));
        int room = table->width - at - blanks;
        if (table->widths[i] < room)
            room = table->widths[i];
        int end = at + blanks + room;
        if (cell.bytes[0])
            at += put_cell(cell, room, column->right, blanks);
        blanks = GAP + end - at;
    }
    fputc('\n', stdout);
}

static void measure(struct cli_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct cli_column *column = &table->columns[i];
        int widest = text_width(text_ours(_(column->title)));
        for (size_t row = 0; row < table->held_rows; row++) {
            int width = text_width(table->held[row * table->count + i]);
            widest = width > widest ? width : widest;
        }
        table->widths[i] = column->cap && widest > column->cap ? column->cap : widest;
    }
}

static void release_held(struct cli_table *table)
{
    if (!table->titled && table->held_rows > 0) {
        measure(table);
        put_line(table, NULL);
        table->titled = true;
    }
    for (size_t row = 0; row < table->held_rows; row++)
        put_line(table, table->held + row * table->count);
    table->held_rows = 0;
    arena_done(&table->arena);
}

void cli_table_row(struct cli_table *table, const struct text *cells)
{
    if (table->data) {
        if (table->csv && !table->titled)
            put_data_row(table, NULL);
        table->titled = true;
        put_data_row(table, cells);
        return;
    }
    struct text *held = table->held + table->held_rows * table->count;
    for (size_t i = 0; i < table->count; i++)
        held[i] = text_ours(arena_strdup(&table->arena, cells[i].bytes));
    if (++table->held_rows == HELD_ROWS)
        release_held(table);
}

void cli_table_end(struct cli_table *table)
{
    if (!table->data)
        release_held(table);
    else if (table->csv && !table->titled)
        put_data_row(table, NULL);
    free(table->held);
    arena_done(&table->arena);
    free(table);
}
