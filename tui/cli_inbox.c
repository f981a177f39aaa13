/* inbox: everything that needs a person, one recommended step each, from what this machine knows.
 */
#include "cli_money.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS        (INT64_C(24) * 3600 * 1000)
#define LAPSE_WARN_MS (3 * DAY_MS)
#define HOLD_MAX_MS   (35 * DAY_MS) /* no hold lasts longer */

struct item {
    const char *kind; /* for scripts: unknown, failed, hold, … */
    int64_t when_ms;  /* wall clock */
    struct text what, next;
    struct money amount;
    const char *target;
    const struct intent *intent; /* NULL: not of our journal */
};

struct inbox {
    struct cli *cli;
    bool any;
    bool answered, failed;   /* what the cache found */
    struct cli_table *table; /* NULL with --json */
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

static void print_json(struct inbox *inbox, const struct item *item)
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
    (void)inbox;
}

static void put_item(struct inbox *inbox, const struct item *item)
{
    struct arena *arena = &inbox->cli->arena;
    inbox->any = true;
    if (!inbox->table) {
        print_json(inbox, item);
        return;
    }
    struct text cells[] = {
        wall_text(arena, item->when_ms, cli_is_data(inbox->cli)),
        text_ours(item->kind),
        item->amount.known ? (cli_is_data(inbox->cli) ? cli_amount(arena, &item->amount)
                                                      : format_money(arena, &item->amount))
                           : text_ours(""),
        text_clean(arena, item->amount.known ? item->amount.currency : ""),
        text_clean(arena, item->target),
        item->what,
        item->next,
    };
    cli_table_row(inbox->table, cells);
}

/* --- intents -------------------------------------------------------------------------------- */

static bool put_intents(struct inbox *inbox, enum intent_set set, bool only_sent, struct err *err)
{
    struct intent_page page;
    if (!journal_list(inbox->cli->desk.journal, set, 0, &page, err))
        return false;
    for (size_t i = 0; i < page.count; i++) {
        const struct intent *intent = &page.rows[i];
        struct advice advice = words_of_intent(&inbox->cli->arena, intent);
        struct item item = {.kind = intent_state_name(intent->state),
                            .when_ms = format_wall_ms(intent->created_ms),
                            .what = advice.what,
                            .next = advice.next,
                            .amount = intent->amount,
                            .target = intent->target,
                            .intent = intent};
        /* Another process may be at work on it, or may have died. */
        if (only_sent)
            item.next =
                text_ours(_("Wait; if its program has ended, run avirato-console recover."));
        if (!only_sent || intent->state == INTENT_SENT)
            put_item(inbox, &item);
    }
    intent_page_done(&page);
    return true;
}

/* --- what the cache knows ------------------------------------------------------------------- */

static void put_slow_modification(struct inbox *inbox, const struct row *row)
{
    struct arena *arena = &inbox->cli->arena;
    struct item item = {.kind = "slow",
                        .when_ms = row->sort_ms,
                        .what = text_oursf(arena, _("%s: open for longer than usual."),
                                           words_type(arena, row->record.type).bytes),
                        .next = text_ours(_("Ask the provider, with the reference.")),
                        .amount = row->record.amount,
                        .target = row->record.id};
    put_item(inbox, &item);
}

static void put_hold(struct inbox *inbox, const struct hold *hold)
{
    struct cli *cli = inbox->cli;
    int64_t began = hold->began.zoned ? format_wall_ms(hold->began.ms) : hold->began.ms;
    int64_t left = began + cli->config.hold_days * DAY_MS - format_wall_ms(clock_utc_ms());
    if (began == 0 || left > LAPSE_WARN_MS)
        return;
    struct item item = {
        .kind = "hold",
        .when_ms = began,
        .what = left > 0 ? text_oursf(&cli->arena, _("The hold lapses in about %s (estimated)."),
                                      format_ago(&cli->arena, left).bytes)
                         : text_ours(_("The hold may have lapsed already (estimated).")),
        .next = text_ours(_("Capture, extend or cancel it.")),
        .amount = hold->amount,
        .target = hold->payment_reference};
    put_item(inbox, &item);
}

static void on_attention(void *ctx, struct attention *attention)
{
    struct inbox *inbox = ctx;
    inbox->answered = true;
    inbox->failed = attention == NULL;
    for (size_t i = 0; attention && i < attention->open_count; i++)
        put_slow_modification(inbox, &attention->open[i]);
    for (size_t i = 0; attention && i < attention->hold_count; i++)
        put_hold(inbox, &attention->holds[i]);
    if (attention)
        attention_done(attention);
}

static bool is_answered(void *ctx)
{
    return ((struct inbox *)ctx)->answered;
}

static bool put_attention(struct inbox *inbox, struct err *err)
{
    struct cli *cli = inbox->cli;
    int64_t now = format_wall_ms(clock_utc_ms());
    cache_attention(cli->desk.cache, cli->loop, now - HOLD_MAX_MS, now - DAY_MS, on_attention,
                    inbox);
    if (cli_wait(cli, is_answered, inbox, -1, NULL) == CLI_WAIT_DONE && !inbox->failed)
        return true;
    cache_attention_forget(cli->desk.cache);
    return err_set(err, ERR_STORAGE, "cache");
}

static bool put_contradiction(void *ctx, const struct contradiction *found)
{
    struct inbox *inbox = ctx;
    struct arena *arena = &inbox->cli->arena;
    struct item item = {.kind = "contradiction",
                        .when_ms = format_wall_ms(found->utc_ms),
                        .what = text_oursf(arena, _("The API called it %s, and later %s."),
                                           words_status(arena, found->kind, found->had).bytes,
                                           words_status(arena, found->kind, found->said).bytes),
                        .next = text_ours(_("Ask the provider, with the reference.")),
                        .target = found->id};
    put_item(inbox, &item);
    return true;
}

int cli_inbox(struct cli *cli)
{
    static const struct cli_column columns[] = {
        {N_("Since"), "since", false, 0, CLI_BOTH},
        {N_("Kind"), "kind", false, 0, CLI_AS_DATA},
        {N_("Amount"), "amount", true, 0, CLI_BOTH},
        {N_("Currency"), "currency", false, 0, CLI_AS_DATA},
        {N_("On"), "target", false, 26, CLI_BOTH},
        {N_("What"), "what", false, 0, CLI_BOTH},
        {N_("Next"), "next", false, 0, CLI_BOTH},
    };
    struct inbox inbox = {.cli = cli};
    struct err err = {0};
    if (!cli_has(cli, OPTION_JSON))
        inbox.table = cli_table_new(cli, columns, COUNT_OF(columns));
    bool ok = put_intents(&inbox, INTENTS_UNRESOLVED, true, &err) &&
              put_intents(&inbox, INTENTS_ATTENTION, false, &err) &&
              cache_contradictions(cli->desk.cache, put_contradiction, &inbox, &err) &&
              put_attention(&inbox, &err);
    if (ok && !inbox.any)
        cli_say(text_ours(_("Nothing needs a person.")));
    if (inbox.table)
        cli_table_end(inbox.table);
    return ok ? CLI_DONE : cli_fail(cli, &err, NULL);
}
