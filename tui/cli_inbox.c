/* inbox: everything that needs a person, one recommended step each. */
#include "cli_money.h"
#include "inbox.h"

struct item {
    const char *kind; /* for scripts: unknown, failed, hold, … */
    int64_t when_ms;  /* wall clock */
    struct text what, next;
    struct money amount;
    const char *target;
    const struct intent *intent; /* NULL: not of our journal */
};

struct view {
    struct cli *cli;
    struct cli_table *table; /* NULL with --json */
    bool any;
    bool answered; /* the cache has looked through all payments */
    bool found;
    struct attention attention;
};

/* Wall clock of the property; for scripts without the shape of a language. */
static struct text wall_text(struct arena *arena, int64_t wall_ms, bool data)
{
    struct stamp stamp = {.text = "", .ms = wall_ms, .zoned = false};
    struct civil at = time_to_civil(wall_ms);
    if (!data)
        return format_when(arena, &stamp);
    return text_oursf(arena, "%04d-%02d-%02d %02d:%02d:%02d", at.year, at.month, at.day, at.hour,
                      at.minute, at.second);
}

static void print_json(const struct item *item)
{
    struct intent none = {0};
    struct buf line;
    buf_init(&line, 1 << 20);
    cli_money_json(&line, item->intent ? item->intent : &none);
    buf_puts(&line, ",\"kind\":");
    cli_json_string(&line, item->kind);
    buf_puts(&line, ",\"target\":");
    cli_json_string(&line, item->target);
    buf_puts(&line, ",\"value\":");
    cli_json_number(&line, item->amount.minor, item->amount.known);
    buf_puts(&line, ",\"currency\":");
    cli_json_string(&line, item->amount.known ? item->amount.currency : NULL);
    buf_puts(&line, "}");
    cli_print_line(&line);
    buf_done(&line);
}

static void put_item(struct view *view, const struct item *item)
{
    struct arena *arena = &view->cli->arena;
    view->any = true;
    if (!view->table) {
        print_json(item);
        return;
    }
    struct text cells[] = {
        wall_text(arena, item->when_ms, cli_is_data(view->cli)),
        text_ours(item->kind),
        item->amount.known ? (cli_is_data(view->cli) ? cli_amount(arena, &item->amount)
                                                     : format_money(arena, &item->amount))
                           : text_ours(""),
        text_clean(arena, item->amount.known ? item->amount.currency : ""),
        text_clean(arena, item->target),
        item->what,
        item->next,
    };
    cli_table_row(view->table, cells);
}

/* --- items ---------------------------------------------------------------------------------- */

static void put_intent(struct view *view, const struct intent *intent)
{
    struct advice advice = cli_money_advice(view->cli, intent);
    struct item item = {.kind = intent_state_name(intent->state),
                        .when_ms = format_wall_ms(intent->created_ms),
                        .what = advice.what,
                        .next = advice.next,
                        .amount = intent->amount,
                        .target = intent->target,
                        .intent = intent};
    if (intent->state == INTENT_SENT) /* by another process, which may have died */
        item.next = text_ours(_("Wait; if its program has ended, run avirato-console recover."));
    put_item(view, &item);
}

static bool put_ours(struct view *view, const struct inbox_item *found, struct err *err)
{
    struct arena arena = {0};
    struct intent intent;
    bool ok = journal_get(view->cli->desk.journal, found->intent_id, &arena, &intent, err);
    if (ok)
        put_intent(view, &intent);
    arena_done(&arena);
    return ok;
}

static void put_other(struct view *view, const struct inbox_item *found)
{
    static const struct {
        const char *kind, *next;
    } kinds[] = {
        [INBOX_OPEN] = {"slow", N_("Ask the provider, with the reference.")},
        [INBOX_HOLD] = {"hold", N_("Capture, extend or cancel it.")},
        [INBOX_CONTRADICTION] = {"contradiction", N_("Ask the provider, with the reference.")},
    };
    struct item item = {.kind = kinds[found->kind].kind,
                        .when_ms = format_wall_ms(clock_utc_ms()) - found->age_ms,
                        .what = found->what,
                        .next = text_ours(_(kinds[found->kind].next)),
                        .amount = found->amount,
                        .target = found->kind == INBOX_HOLD ? found->payment_reference
                                                            : found->record_id};
    put_item(view, &item);
}

static void on_attention(void *ctx, struct attention *attention)
{
    struct view *view = ctx;
    view->answered = true;
    view->found = attention != NULL;
    if (attention) /* ours to keep from here on */
        view->attention = *attention;
}

static bool is_answered(void *ctx)
{
    return ((struct view *)ctx)->answered;
}

static bool put_items(struct view *view, struct err *err)
{
    struct cli *cli = view->cli;
    struct inbox inbox = {0};
    int64_t holds_from, open_until;
    inbox_span(&holds_from, &open_until);
    cache_attention(cli->desk.cache, cli->loop, holds_from, open_until, on_attention, view);
    cli_wait(cli, is_answered, view, -1, NULL);
    bool ok = view->found || err_set(err, ERR_STORAGE, "cache");
    ok = ok && inbox_read(&inbox, &cli->desk, &view->attention, err);
    for (size_t i = 0; ok && i < inbox.count; i++) {
        if (inbox.items[i].intent_id)
            ok = put_ours(view, &inbox.items[i], err);
        else
            put_other(view, &inbox.items[i]);
    }
    inbox_done(&inbox);
    attention_done(&view->attention);
    return ok;
}

int cli_inbox(struct cli *cli)
{
    static const struct cli_column columns[] = {
        {N_("Since"), "since", false, 0, CLI_BOTH},
        {N_("Kind"), "kind", false, 0, CLI_AS_DATA},
        {N_("Amount"), "amount", true, 0, CLI_BOTH},
        {N_("Currency"), "currency", false, 0, CLI_AS_DATA},
        {N_("On"), "target", false, 0, CLI_BOTH},
        {N_("What"), "what", false, 0, CLI_BOTH},
        {N_("Next"), "next", false, 0, CLI_BOTH},
    };
    struct view view = {.cli = cli};
    struct err err = {0};
    if (!cli_has(cli, OPTION_JSON))
        view.table = cli_table_new(cli, columns, COUNT_OF(columns));
    bool ok = put_items(&view, &err);
    if (ok && !view.any)
        cli_say(text_ours(_("Nothing needs a person.")));
    if (view.table)
        cli_table_end(view.table);
    return ok ? CLI_DONE : cli_fail(cli, &err, NULL);
}
