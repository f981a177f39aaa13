/* sessions, payments, modifications, terminals: fetched as far as asked for, then always printed
   from the cache with the whole filter, so that a server that ignores a filter shows nothing wrong.
 */
#include "cli.h"
#include "nothing.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_ROWS 200

/* --- columns -------------------------------------------------------------------------------- */

struct field {
    struct cli_column column;
    struct text (*get)(struct arena *arena, const struct row *row, bool data);
};

static struct text get_id(struct arena *arena, const struct row *row, bool data)
{
    (void)data;
    return text_clean(arena, row->record.id);
}

static struct text get_created(struct arena *arena, const struct row *row, bool data)
{
    return data ? text_clean(arena, row->record.created.text)
                : format_when(arena, &row->record.created);
}

static struct text get_status(struct arena *arena, const struct row *row, bool data)
{
    return data ? text_clean(arena, row->record.status)
                : words_status(arena, row->record.kind, row->record.status);
}

static struct text get_amount(struct arena *arena, const struct row *row, bool data)
{
    return data ? cli_amount(arena, &row->record.amount) : format_money(arena, &row->record.amount);
}

static struct text get_currency(struct arena *arena, const struct row *row, bool data)
{
    (void)data;
    return text_clean(arena, row->record.amount.known ? row->record.amount.currency : "");
}

static struct text get_reference(struct arena *arena, const struct row *row, bool data)
{
    return text_clean(arena, data ? row->record.custom_reference : row->reference);
}

static struct text get_description(struct arena *arena, const struct row *row, bool data)
{
    (void)data;
    return text_clean(arena, row->record.description);
}

static struct text get_payment(struct arena *arena, const struct row *row, bool data)
{
    (void)data;
    return text_clean(arena, row->record.payment_reference);
}

static struct text get_terminal(struct arena *arena, const struct row *row, bool data)
{
    (void)data;
    return text_clean(arena, row->record.poi_id);
}

static struct text get_type(struct arena *arena, const struct row *row, bool data)
{
    return data ? text_clean(arena, row->record.type) : words_type(arena, row->record.type);
}

static struct text get_reason(struct arena *arena, const struct row *row, bool data)
{
    return data ? text_clean(arena, row->record.reason) : words_reason(arena, row->record.reason);
}

static struct text get_failure(struct arena *arena, const struct row *row, bool data)
{
    (void)data;
    return text_clean(arena, row->record.failure_reason);
}

static struct text get_preauth(struct arena *arena, const struct row *row, bool data)
{
    (void)arena;
    if (data)
        return text_ours(row->record.is_preauth < 0 ? ""
                         : row->record.is_preauth   ? "true"
                                                    : "false");
    return text_ours(row->record.is_preauth > 0 ? _("yes") : "");
}

/* A field that several lists have is written once. */
#define CREATED     {{N_("Created"), "createdAt", false, 20, CLI_BOTH}, get_created}
#define STATUS      {{N_("Status"), "status", false, 12, CLI_BOTH}, get_status}
#define AMOUNT      {{N_("Amount"), "amount", true, 0, CLI_BOTH}, get_amount}
#define CURRENCY    {{N_("Currency"), "currency", false, 0, CLI_AS_DATA}, get_currency}
#define REFERENCE   {{N_("Reference"), "customReference", false, 20, CLI_BOTH}, get_reference}
#define DESCRIPTION {{N_("Description"), "description", false, 0, CLI_BOTH}, get_description}
#define PREAUTH     {{N_("Hold"), "isPreAuth", false, 0, CLI_AS_DATA}, get_preauth}

static const struct field session_fields[] = {
    CREATED,
    STATUS,
    AMOUNT,
    CURRENCY,
    {{N_("Session"), "sessionId", false, 40, CLI_BOTH}, get_id},
    REFERENCE,
    {{N_("Payment"), "paymentReference", false, 0, CLI_AS_DATA}, get_payment},
    PREAUTH,
    DESCRIPTION,
};
static const struct field payment_fields[] = {
    CREATED,
    STATUS,
    AMOUNT,
    CURRENCY,
    {{N_("Payment"), "posPaymentId", false, 40, CLI_BOTH}, get_id},
    REFERENCE,
    {{N_("Terminal"), "poiId", false, 20, CLI_BOTH}, get_terminal},
    PREAUTH,
    DESCRIPTION,
};
static const struct field modification_fields[] = {
    CREATED,
    {{N_("Type"), "type", false, 12, CLI_BOTH}, get_type},
    STATUS,
    AMOUNT,
    CURRENCY,
    {{N_("Payment"), "paymentReference", false, 40, CLI_BOTH}, get_payment},
    {{N_("Reason"), "reason", false, 20, CLI_BOTH}, get_reason},
    {{N_("Failure"), "failureReason", false, 0, CLI_BOTH}, get_failure},
    {{N_("Modification"), "modificationReference", false, 0, CLI_AS_DATA}, get_id},
};
static const struct {
    const struct field *fields;
    size_t count;
} lists[RECORD_KINDS] = {
    [REC_SESSION] = {session_fields, COUNT_OF(session_fields)},
    [REC_PAYMENT] = {payment_fields, COUNT_OF(payment_fields)},
    [REC_MODIFICATION] = {modification_fields, COUNT_OF(modification_fields)},
};
#define FIELDS_MAX 12

/* --- printing ------------------------------------------------------------------------------- */

static bool print_raw(struct cli *cli, const struct row *row, struct err *err)
{
    struct arena arena = {0};
    struct row full;
    struct buf line;
    buf_init(&line, 1 << 20);
    bool ok =
        cache_get_record(cli->desk.cache, row->record.kind, row->record.id, &arena, &full, err);
    if (ok) {
        cli_json_raw(&line, full.record.raw);
        cli_print_line(&line);
    }
    buf_done(&line);
    arena_done(&arena);
    return ok;
}

/* One page: rows of the table, or (table NULL) the API's own objects. */
static bool print_page(struct cli *cli, struct cli_table *table, const struct row_page *page,
                       struct err *err)
{
    bool data = cli_is_data(cli), ok = true;
    for (size_t i = 0; i < page->count && ok; i++) {
        const struct row *row = &page->rows[i];
        struct arena arena = {0};
        struct text cells[FIELDS_MAX];
        for (size_t k = 0; k < lists[row->record.kind].count && table; k++)
            cells[k] = lists[row->record.kind].fields[k].get(&arena, row, data);
        if (table)
            cli_table_row(table, cells);
        else
            ok = print_raw(cli, row, err);
        arena_done(&arena);
    }
    return ok && !ferror(stdout);
}

/* A script learns from this only what it can do something about: a status word that nothing has. */
static void say_nothing(struct cli *cli, const struct list_spec *spec)
{
    struct text known = nothing_known(&cli->arena, cli->desk.cache, spec->kind, spec->filter);
    if (cli->tty || *known.bytes)
        cli_say(text_oursf(&cli->arena, "%s%s%s", _("Nothing matches."), *known.bytes ? " " : "",
                           known.bytes));
}

static bool print_rows(struct cli *cli, const struct list_spec *spec, int64_t limit,
                       struct err *err)
{
    struct cli_column columns[FIELDS_MAX];
    size_t count = lists[spec->kind].count;
    for (size_t i = 0; i < count; i++)
        columns[i] = lists[spec->kind].fields[i].column;
    struct cli_table *table = cli_has(cli, OPTION_JSON) ? NULL : cli_table_new(cli, columns, count);
    struct row_page page = {0}, next;
    bool ok = true, more = true, any = false;
    for (int64_t left = limit; ok && more && left > 0; left -= (int64_t)page.count) {
        const struct row *anchor = page.count ? &page.rows[page.count - 1] : NULL;
        size_t rows = left < PAGE_ROWS ? (size_t)left : PAGE_ROWS;
        struct page_request request = {spec, anchor ? FROM_AFTER : FROM_FIRST, anchor, rows};
        ok = cache_list(cli->desk.cache, &request, &next, err);
        row_page_done(&page);
        page = ok ? next : (struct row_page){0};
        more = page.more;
        any = any || page.count > 0;
        ok = ok && print_page(cli, table, &page, err);
    }
    row_page_done(&page);
    if (table)
        cli_table_end(table);
    if (ok && !any)
        say_nothing(cli, spec);
    return ok || err->code == ERR_NONE; /* a closed pipe is no trouble of ours */
}

static bool print_sums(struct cli *cli, const struct list_spec *spec, struct err *err)
{
    static const struct cli_column columns[] = {
        {N_("Currency"), "currency", false, 0, CLI_BOTH},
        {N_("Count"), "count", true, 0, CLI_BOTH},
        {N_("Total"), "total", true, 0, CLI_BOTH},
    };
    struct list_totals totals;
    if (!cache_totals_now(cli->desk.cache, spec, &totals, err))
        return false;
    struct cli_table *table =
        cli_has(cli, OPTION_JSON) ? NULL : cli_table_new(cli, columns, COUNT_OF(columns));
    struct buf line;
    buf_init(&line, 4096);
    for (size_t i = 0; i < totals.sum_count; i++) {
        const struct currency_sum *sum = &totals.sums[i];
        struct money money = money_make(sum->minor, sum->currency);
        struct text amount =
            cli_is_data(cli) ? cli_amount(&cli->arena, &money) : format_money(&cli->arena, &money);
        struct text cells[] = {text_clean(&cli->arena, sum->currency),
                               text_oursf(&cli->arena, "%lld", (long long)sum->count), amount};
        if (table) {
            cli_table_row(table, cells);
            continue;
        }
        buf_puts(&line, "{\"currency\":");
        cli_json_string(&line, sum->currency);
        buf_printf(&line, ",\"count\":%lld,\"value\":%lld}", (long long)sum->count,
                   (long long)sum->minor);
        cli_print_line(&line);
    }
    buf_done(&line);
    if (table)
        cli_table_end(table);
    return true;
}

/* --- commands ------------------------------------------------------------------------------- */

/* The words of the command line as one filter. A word that the shell had quoted keeps its blanks.
 */
static char *join_filter(struct cli *cli)
{
    struct buf text;
    buf_init(&text, 64 << 10);
    for (size_t i = 0; i < cli->args.word_count; i++) {
        const char *word = cli->args.words[i];
        const char *colon = strchr(word, ':');
        bool quote = strchr(word, ' ') && !strchr(word, '"');
        int key = quote && colon ? (int)(colon + 1 - word) : 0;
        buf_printf(&text, "%s%.*s%s%s%s", i ? " " : "", key, word, quote ? "\"" : "", word + key,
                   quote ? "\"" : "");
    }
    char *joined = arena_strdup(&cli->arena, text.data ? text.data : "");
    buf_done(&text);
    return joined;
}

static int list(struct cli *cli, enum record_kind kind)
{
    struct filter_context context = format_filter_context();
    struct filter_error wrong;
    struct err err = {0};
    int64_t limit = 50;
    if (!cli_number(cli, OPTION_LIMIT, INT64_C(1000000000), &limit))
        return CLI_USAGE;
    char *text = join_filter(cli);
    struct filter *filter = filter_parse(text, kind, &context, &wrong);
    if (!filter)
        return cli_usage(cli, words_filter_error(&cli->arena, text, &wrong));
    if (cli_has(cli, OPTION_SUM) || limit == 0)
        limit = INT64_MAX;
    struct list_spec spec = {.kind = kind, .filter = filter};
    int64_t begun_ms = clock_utc_ms();
    int status = cli_fetch_list(cli, kind, filter, limit);
    if (status == CLI_DONE)
        status = cli_fetch_stale(cli, &spec, limit, begun_ms);
    if (status == CLI_DONE) {
        bool ok = cli_has(cli, OPTION_SUM) ? print_sums(cli, &spec, &err)
                                           : print_rows(cli, &spec, limit, &err);
        status = ok ? CLI_DONE : cli_fail(cli, &err, NULL);
    }
    filter_free(filter);
    return status;
}

int cli_sessions(struct cli *cli)
{
    return list(cli, REC_SESSION);
}

int cli_payments(struct cli *cli)
{
    return list(cli, REC_PAYMENT);
}

int cli_modifications(struct cli *cli)
{
    return list(cli, REC_MODIFICATION);
}
