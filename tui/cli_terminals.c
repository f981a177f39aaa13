/* terminals: the boarded ones, and with --online which of them are connected now. */
#include "cli.h"

static struct text online_word(int online, bool data)
{
    static const char *const words[] = {N_("not known"), N_("offline"), N_("online")};
    static const char *const values[] = {"", "false", "true"};
    return text_ours(data ? values[online + 1] : _(words[online + 1]));
}

static void print_json(const struct terminal_row *row)
{
    static const char *const online[] = {"null", "false", "true"};
    const struct terminal *terminal = &row->terminal;
    const struct {
        const char *name, *value;
    } fields[] = {
        {"{\"poiId\":", terminal->poi_id},
        {",\"status\":", terminal->status},
        {",\"name\":", terminal->name},
        {",\"model\":", terminal->model},
        {",\"createdAt\":", terminal->created.text[0] ? terminal->created.text : NULL},
        {",\"updatedAt\":", terminal->updated.text[0] ? terminal->updated.text : NULL},
    };
    struct buf line;
    buf_init(&line, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        buf_puts(&line, fields[i].name);
        cli_json_string(&line, fields[i].value);
    }
    buf_printf(&line, ",\"online\":%s}", online[row->online + 1]);
    cli_print_line(&line);
    buf_done(&line);
}

static void print_table(struct cli *cli, const struct terminal_page *page)
{
    static const struct cli_column columns[] = {
        {N_("Terminal"), "poiId", false, 24, CLI_BOTH},
        {N_("Name"), "name", false, 30, CLI_BOTH},
        {N_("Model"), "model", false, 12, CLI_BOTH},
        {N_("Status"), "status", false, 12, CLI_BOTH},
        {N_("Connection"), "online", false, 0, CLI_BOTH},
    };
    struct cli_table *table = cli_table_new(cli, columns, COUNT_OF(columns));
    for (size_t i = 0; i < page->count; i++) {
        const struct terminal_row *row = &page->rows[i];
        struct text cells[] = {
            text_clean(&cli->arena, row->terminal.poi_id),
            text_clean(&cli->arena, row->terminal.name),
            text_clean(&cli->arena, row->terminal.model),
            text_clean(&cli->arena, row->terminal.status),
            online_word(row->online, cli_is_data(cli)),
        };
        cli_table_row(table, cells);
    }
    cli_table_end(table);
}

int cli_terminals(struct cli *cli)
{
    struct terminal_page page;
    struct err err = {0};
    if (!cli_has(cli, OPTION_OFFLINE)) {
        int status = cli_fetch_terminals(cli, cli_has(cli, OPTION_ONLINE));
        if (status != CLI_DONE)
            return status;
    }
    if (!cache_terminals(cli->desk.cache, &page, &err))
        return cli_fail(cli, &err, NULL);
    for (size_t i = 0; i < page.count && cli_has(cli, OPTION_JSON); i++)
        print_json(&page.rows[i]);
    if (!cli_has(cli, OPTION_JSON))
        print_table(cli, &page);
    terminal_page_done(&page);
    return CLI_DONE;
}
