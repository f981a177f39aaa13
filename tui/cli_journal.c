/* journal: what was done here, and whether the audit trail holds. recover: what a crash left
 * behind. */
#include "cli_money.h"

/* --- journal -------------------------------------------------------------------------------- */

/* Says why it does not. */
static bool holds(struct cli *cli, int64_t *entries, char head[JOURNAL_HEAD_SIZE])
{
    struct err err = {0};
    if (journal_verify(cli->desk.journal, entries, &err) &&
        journal_head(cli->desk.journal, head, &err))
        return true;
    cli_say(text_oursf(&cli->arena, _("The audit trail does NOT hold: %s"),
                       text_clean(&cli->arena, err.detail).bytes));
    return false;
}

static int verify(struct cli *cli)
{
    int64_t entries = 0;
    char head[JOURNAL_HEAD_SIZE];
    if (!holds(cli, &entries, head))
        return CLI_STORAGE;
    cli_say(text_oursf(&cli->arena, _("The audit trail holds: %s entries."),
                       format_count(&cli->arena, entries).bytes));
    if (cli_has(cli, OPTION_VERIFY))
        cli_say(text_oursf(&cli->arena,
                           _("Its head is %s: note it elsewhere; the file alone cannot show that "
                             "its end was cut off."),
                           head));
    return CLI_DONE;
}

static void print_intent_json(const struct intent *intent)
{
    const struct {
        const char *name, *value;
    } texts[] = {
        {",\"kind\":", op_name(intent->kind)},
        {",\"target\":", intent->target},
        {",\"customReference\":", intent->reference},
        {",\"description\":", intent->description},
        {",\"reason\":", intent->reason},
        {",\"operator\":", intent->person},
        {",\"currency\":", intent->amount.known ? intent->amount.currency : NULL},
    };
    struct buf line;
    buf_init(&line, 1 << 20);
    cli_money_json(&line, intent);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        buf_puts(&line, texts[i].name);
        cli_json_string(&line, texts[i].value);
    }
    buf_puts(&line, ",\"value\":");
    cli_json_number(&line, intent->amount.minor, intent->amount.known);
    buf_printf(&line, ",\"createdMs\":%lld,\"changedMs\":%lld}", (long long)intent->created_ms,
               (long long)intent->changed_ms);
    cli_print_line(&line);
    buf_done(&line);
}

/* "2026-11-22T13:58:07Z": for scripts. */
static struct text utc_text(struct arena *arena, int64_t utc_ms)
{
    struct civil at = time_to_civil(utc_ms);
    return text_oursf(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", at.year, at.month, at.day, at.hour,
                      at.minute, at.second);
}

static void print_intent_row(struct cli *cli, struct cli_table *table, const struct intent *intent)
{
    struct arena *arena = &cli->arena;
    bool data = cli_is_data(cli);
    struct text amount =
        data ? cli_amount(arena, &intent->amount) : format_money(arena, &intent->amount);
    struct text cells[] = {
        data ? utc_text(arena, intent->created_ms) : format_when_utc(arena, intent->created_ms),
        data ? text_ours(op_name(intent->kind)) : words_op(intent->kind),
        data ? text_ours(intent_state_name(intent->state)) : words_outcome(intent),
        intent->amount.known ? amount : text_ours(""),
        text_clean(arena, intent->amount.known ? intent->amount.currency : ""),
        text_clean(arena, intent->target),
        text_clean(arena, intent->reference),
        text_clean(arena, intent->server_reference),
        text_clean(arena, intent->person),
        text_clean(arena, intent->trace_id),
        text_clean(arena, intent->id),
    };
    cli_table_row(table, cells);
}

int cli_journal(struct cli *cli)
{
    static const struct cli_column columns[] = {
        {N_("When"), "created", false, 0, CLI_BOTH},
        {N_("What"), "kind", false, 0, CLI_BOTH},
        {N_("State"), "state", false, 0, CLI_BOTH},
        {N_("Amount"), "amount", true, 0, CLI_BOTH},
        {N_("Currency"), "currency", false, 0, CLI_AS_DATA},
        {N_("On"), "target", false, 26, CLI_BOTH},
        {N_("Reference"), "customReference", false, 20, CLI_BOTH},
        {N_("Result"), "reference", false, 0, CLI_BOTH},
        {N_("By"), "operator", false, 16, CLI_BOTH},
        {N_("traceId"), "traceId", false, 0, CLI_AS_DATA},
        {N_("Intent"), "intent", false, 0, CLI_AS_DATA},
    };
    struct intent_page page;
    struct err err = {0};
    int64_t limit = 50;
    if (cli_has(cli, OPTION_VERIFY))
        return verify(cli);
    if (!cli_number(cli, OPTION_LIMIT, 1000000000, &limit))
        return CLI_USAGE;
    if (!journal_list(cli->desk.journal, INTENTS_ALL, limit ? (int)limit : 0, &page, &err))
        return cli_fail(cli, &err, NULL);
    bool json = cli_has(cli, OPTION_JSON);
    struct cli_table *table = json ? NULL : cli_table_new(cli, columns, COUNT_OF(columns));
    for (size_t i = 0; i < page.count; i++) {
        if (json)
            print_intent_json(&page.rows[i]);
        else
            print_intent_row(cli, table, &page.rows[i]);
    }
    if (table)
        cli_table_end(table);
    intent_page_done(&page);
    return verify(cli);
}

/* --- recover -------------------------------------------------------------------------------- */

#define FIRST_READ_MS INT64_C(120000)

struct recovery {
    struct cli *cli;
    struct intent_page open; /* as it was found */
    bool settle;             /* wait until all have ended, not only for a first reading */
};

/* Whether this one needs no more waiting. Each reading plans the next, later one: by that a
   reading, even one that failed, is known to be over. */
static bool is_seen_to(struct recovery *recovery, const struct intent *found)
{
    struct cli *cli = recovery->cli;
    struct arena arena = {0};
    struct intent now;
    struct err err = {0};
    bool over = true;
    if (journal_get(cli->desk.journal, found->id, &arena, &now, &err)) {
        bool reads = now.state == INTENT_UNKNOWN || now.state == INTENT_ACCEPTED;
        over = now.state != INTENT_SENT &&
               (!reads || (!recovery->settle && now.next_look_ms != found->next_look_ms));
    }
    arena_done(&arena);
    return over;
}

static bool is_recovered(void *ctx)
{
    struct recovery *recovery = ctx;
    if (!journal_usable(recovery->cli->desk.journal, NULL))
        return true; /* nothing is read any more */
    for (size_t i = 0; i < recovery->open.count; i++)
        if (!is_seen_to(recovery, &recovery->open.rows[i]))
            return false;
    return true;
}

/* Asks for a reading of each, and notes for when it was planned. */
static void look_at_all(struct recovery *recovery)
{
    struct cli *cli = recovery->cli;
    for (size_t i = 0; i < recovery->open.count; i++) {
        struct intent *found = &recovery->open.rows[i];
        struct arena arena = {0};
        struct intent now;
        struct err err = {0};
        ops_look_now(cli->desk.ops, found->id);
        if (journal_get(cli->desk.journal, found->id, &arena, &now, &err))
            found->next_look_ms = now.next_look_ms;
        arena_done(&arena);
    }
}

/* Says what became of each; true when all are settled. What the API has accepted is, unless its end
   was waited for. */
static bool report(struct recovery *recovery, bool waited)
{
    struct cli *cli = recovery->cli;
    bool settled = true, late = false;
    for (size_t i = 0; i < recovery->open.count; i++) {
        struct intent now;
        struct err err = {0};
        if (!journal_get(cli->desk.journal, recovery->open.rows[i].id, &cli->arena, &now, &err)) {
            cli_fail(cli, &err, NULL);
            settled = false;
            continue;
        }
        settled = settled && (intent_state_is_final(now.state) || now.state == INTENT_ACCEPTED);
        late = late || (waited && now.state == INTENT_ACCEPTED);
        cli_say_advice(cli_money_advice(cli, &now));
        struct buf line;
        buf_init(&line, 1 << 20);
        if (cli_has(cli, OPTION_JSON)) {
            cli_money_json(&line, &now);
            buf_puts(&line, "}");
        } else {
            buf_printf(&line, "%s\t%s\t%s\t%s", now.id, op_name(now.kind),
                       intent_state_name(now.state),
                       text_clean(&cli->arena, now.server_reference).bytes);
        }
        cli_print_line(&line);
        buf_done(&line);
    }
    if (late)
        cli_say(text_ours(_("It was not final yet when the time to wait was over.")));
    return settled && !late;
}

int cli_recover(struct cli *cli)
{
    struct recovery recovery = {.cli = cli};
    struct err err = {0};
    int taken = 0;
    int64_t wait_s = 0, entries;
    char head[JOURNAL_HEAD_SIZE];
    if (!cli_number(cli, OPTION_WAIT, 1000000, &wait_s))
        return CLI_USAGE;
    if (!holds(cli, &entries, head)) /* what is open could not be told */
        return CLI_STORAGE;
    if (!journal_list(cli->desk.journal, INTENTS_OPEN, 0, &recovery.open, &err) ||
        !ops_recover(cli->desk.ops, &taken, &err)) {
        intent_page_done(&recovery.open);
        return cli_fail(cli, &err, NULL);
    }
    look_at_all(&recovery);
    cli_wait(cli, is_recovered, &recovery, FIRST_READ_MS, NULL);
    recovery.settle = true;
    if (wait_s > 0)
        cli_wait(cli, is_recovered, &recovery, wait_s * 1000, NULL);
    if (recovery.open.count == 0)
        cli_say(text_ours(_("Nothing is open: there is nothing to settle.")));
    bool settled = report(&recovery, wait_s > 0);
    intent_page_done(&recovery.open);
    if (!settled) /* says why, where the API is out of reach */
        cli_fetch_terminals(cli, false);
    if (!journal_usable(cli->desk.journal, &err))
        return cli_fail(cli, &err, NULL);
    return settled ? CLI_DONE : CLI_UNKNOWN;
}
