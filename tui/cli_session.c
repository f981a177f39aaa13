/* session ID: one session with its attempts and modifications. */
#include "cli.h"
#include "records.h"

#include <limits.h>
#include <string.h>

enum { INDENT = 6 }; /* of what a line goes on with */

struct line {
    const char *label; /* N_() */
    struct text value;
};

/* On a terminal a long value goes on below itself: its end is not taken for another line. */
static void put_value(struct cli *cli, int indent, struct text value)
{
    int room = cli->tty ? cli_terminal_width() - indent : INT_MAX;
    const char *at = value.bytes;
    size_t len;
    for (; (len = text_fit((struct text){at}, room, NULL)) > 0; at += len)
        cli_put(stdout, text_oursf(&cli->arena, "%*s%.*s\n", at == value.bytes ? 0 : indent, "",
                                   (int)len, at));
}

static void print_lines(struct cli *cli, const struct line *lines, size_t count)
{
    int widest = 0;
    for (size_t i = 0; i < count; i++) {
        int width = text_width(text_ours(_(lines[i].label)));
        widest = width > widest ? width : widest;
    }
    for (size_t i = 0; i < count; i++) {
        struct text label = text_ours(_(lines[i].label));
        if (!lines[i].value.bytes[0])
            continue;
        cli_put(stdout, text_oursf(&cli->arena, "%s%*s  ", label.bytes,
                                   widest - text_width(label), ""));
        put_value(cli, widest + 2, lines[i].value);
    }
}

static void print_record(struct cli *cli, const struct row *row)
{
    struct arena *arena = &cli->arena;
    const struct record *record = &row->record;
    const struct line lines[] = {
        {record->kind == REC_SESSION ? N_("Session") : N_("POS payment"),
         text_clean(arena, record->id)},
        {N_("Status"), words_status(arena, record->kind, record->status)},
        {N_("Amount"), format_money(arena, &record->amount)},
        {N_("Reference"), text_clean(arena, row->reference)},
        {N_("Description"), text_clean(arena, record->description)},
        {N_("Hold"), text_ours(record->is_preauth > 0 ? _("yes") : "")},
        {N_("Terminal"), text_clean(arena, record->poi_id)},
        {N_("Created"), format_when_full(arena, &record->created)},
        {N_("Completed"), format_when_full(arena, &record->completed)},
        {N_("Payment"), text_clean(arena, record->payment_reference)},
        {N_("Payment status"), words_status(arena, record->kind, record->payment_status)},
    };
    print_lines(cli, lines, COUNT_OF(lines));
}

static void print_facts(struct cli *cli, const char *payment_reference)
{
    struct payment_facts facts;
    struct err err = {0};
    if (!payment_reference ||
        !cache_payment_facts(cli->desk.cache, payment_reference, &facts, &err) ||
        !facts.authorised.known)
        return;
    const char *currency = facts.authorised.currency;
    const struct line lines[] = {
        {N_("Authorised"), format_money(&cli->arena, &facts.authorised)},
        {N_("Captured"), format_minor(&cli->arena, facts.captured, currency)},
        {N_("Refunded"), format_minor(&cli->arena, facts.refunded, currency)},
        {N_("In progress"), format_minor(&cli->arena, facts.refunding + facts.capturing, currency)},
        {N_("Still left"), format_minor(&cli->arena, facts.left, currency)},
    };
    fputc('\n', stdout);
    print_lines(cli, lines, COUNT_OF(lines));
}

static void print_attempts(struct cli *cli, const struct record *record)
{
    for (size_t i = 0; i < record->attempt_count; i++) {
        const struct attempt *attempt = &record->attempts[i];
        if (i == 0)
            cli_put(stdout, text_oursf(&cli->arena, "\n%s\n", _("Attempts")));
        struct text line =
            text_oursf(&cli->arena, "%s  %s  %s",
                       format_when_full(&cli->arena, &attempt->created).bytes,
                       words_status(&cli->arena, REC_SESSION, attempt->status).bytes,
                       text_clean(&cli->arena, attempt->payment_reference).bytes);
        cli_put(stdout, text_ours("  "));
        put_value(cli, INDENT, line);
    }
}

static void print_modifications(struct cli *cli, const struct row_page *page)
{
    struct arena *arena = &cli->arena;
    for (size_t i = 0; i < page->count; i++) {
        const struct record *record = &page->rows[i].record;
        if (i == 0)
            cli_put(stdout, text_oursf(arena, "\n%s\n", _("Modifications")));
        const char *amount = record_amount_text(arena, record).bytes;
        struct text line =
            text_oursf(arena, "%s  %s  %s%s%s  %s  %s",
                       format_when_full(arena, &record->created).bytes,
                       words_type(arena, record->type).bytes,
                       words_status(arena, record->kind, record->status).bytes,
                       amount[0] ? "  " : "", amount, text_clean(arena, record->id).bytes,
                       text_clean(arena, record->failure_reason).bytes);
        cli_put(stdout, text_ours("  "));
        put_value(cli, INDENT, line);
    }
}

/* The API's own object, with the modifications' own objects as one more array in it. */
static bool print_json(struct cli *cli, const struct row *row, const struct row_page *page,
                       struct err *err)
{
    struct buf line;
    size_t end = strlen(row->record.raw);
    buf_init(&line, 16 << 20);
    while (end > 0 && row->record.raw[end - 1] != '}')
        end--;
    cli_json_raw(&line, arena_strndup(&cli->arena, row->record.raw, end ? end - 1 : 0));
    buf_puts(&line, ",\"modifications\":[");
    bool ok = true;
    for (size_t i = 0; i < page->count && ok; i++) {
        struct row full;
        ok = cache_get_record(cli->desk.cache, REC_MODIFICATION, page->rows[i].record.id,
                              &cli->arena, &full, err);
        if (i > 0)
            buf_puts(&line, ",");
        if (ok)
            cli_json_raw(&line, full.record.raw);
    }
    buf_puts(&line, "]}");
    if (ok)
        cli_print_line(&line);
    buf_done(&line);
    return ok;
}

/* By session id; a payment reference finds its session or POS payment as well. */
static bool find(struct cli *cli, const char *id, struct row *row, struct err *err)
{
    return cache_get_record(cli->desk.cache, REC_SESSION, id, &cli->arena, row, err) ||
           (err->code == ERR_NOT_FOUND &&
            cache_get_payment(cli->desk.cache, id, &cli->arena, row, err) &&
            cache_get_record(cli->desk.cache, row->record.kind, row->record.id, &cli->arena, row,
                             err));
}

int cli_session(struct cli *cli)
{
    const char *id = cli->args.words[0];
    struct row row;
    struct row_page page = {0};
    struct err err = {0};
    bool found = find(cli, id, &row, &err);
    if (!cli_has(cli, OPTION_OFFLINE)) {
        int status = cli_fetch_record(cli, found ? row.record.kind : REC_SESSION,
                                      found ? row.record.id : id);
        if (status != CLI_DONE)
            return status;
        found = find(cli, id, &row, &err);
    }
    if (!found)
        return cli_fail(cli, &err, NULL);
    if (row.record.payment_reference &&
        !cache_modifications_of(cli->desk.cache, row.record.payment_reference, &page, &err))
        return cli_fail(cli, &err, NULL);
    bool ok = true;
    if (cli_has(cli, OPTION_JSON)) {
        ok = print_json(cli, &row, &page, &err);
    } else {
        print_record(cli, &row);
        print_facts(cli, row.record.payment_reference);
        print_attempts(cli, &row.record);
        print_modifications(cli, &page);
    }
    row_page_done(&page);
    return ok ? CLI_DONE : cli_fail(cli, &err, NULL);
}
