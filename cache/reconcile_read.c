/* What a reading says about an open intent, and how absence is proven. */
#include <stdio.h>
#include <string.h>

#include "ops_internal.h"

/* The Date header counts whole seconds and an answer travels: within this, two readings of the
   server's clock agree. A copy from a cache on the way is older. */
#define DATE_SLACK_MS (INT64_C(5) * 1000)

/* --- reading --------------------------------------------------------------------------------- */

bool reconcile_read(struct ops *ops, const struct intent *intent, list_read_fn done, void *ctx,
                    struct err *err)
{
    struct arena arena = {0};
    struct list_ask ask = {.endpoint = intent->kind == OP_LINK ? EP_SESSIONS : EP_PAYMENTS};

    if (intent->kind != OP_CHARGE && intent->kind != OP_LINK)
        ops_modifications_ask(ops, intent->target, &arena, &ask);
    if (ask.id == NULL) {
        ask.from_ms = intent->sent_ms;
        ask.to_ms = clock_utc_ms();
    }
    bool started = list_read_start(ops, &ask, done, ctx, err) != NULL;
    arena_done(&arena);
    return started;
}

/* --- a match --------------------------------------------------------------------------------- */

struct claim_ask {
    struct ops *ops;
    const char *own_id;
};

static bool is_claimed(void *ctx, const char *id)
{
    const struct claim_ask *ask = ctx;
    struct arena arena = {0};
    struct intent claimer;
    bool claimed = journal_find_claim(ask->ops->journal, id, &arena, &claimer, NULL) &&
                   strcmp(claimer.id, ask->own_id) != 0;

    arena_done(&arena);
    return claimed;
}

static struct match find(struct ops *ops, const struct intent *intent,
                         const struct intent_extra *extra, const struct list_result *result)
{
    struct claim_ask claim = {ops, intent->id};
    /* Our times as the server's clock shows them, where its Date told the difference. */
    int64_t shift = ops->offset_known ? ops->offset_ms - (clock_utc_ms() - clock_boot_ms()) : 0;
    struct match_ask ask = {
        .intent = {.kind = intent->kind,
                   .attempt = intent->attempt,
                   .env = ops->journal->env,
                   .webcode = ops->journal->webcode,
                   .target = intent->target,
                   .tag = intent->tag,
                   .amount = intent->amount},
        .baseline = extra->baseline,
        .sent_ms = intent->sent_ms + shift,
        .ended_ms = extra->quiet_utc_ms + journal_quiet_ms(ops->journal, intent->kind) + shift,
        .is_claimed = is_claimed,
        .ctx = &claim,
    };
    return match_find(&ask, result->rows, result->count);
}

static void needs_person(struct ops *ops, const struct intent *intent, const char *evidence)
{
    struct intent_move move = {.to = INTENT_MANUAL, .why = evidence, .evidence = evidence};

    journal_move(ops->journal, intent->id, &move, NULL);
}

static void adopt(struct ops *ops, const struct intent *intent, const struct record *record,
                  const char *evidence)
{
    struct intent_move move = {.to = INTENT_ACCEPTED,
                               .server_reference = record->id,
                               .server_status = record->status,
                               .payment_url = record->payment_url,
                               .why = "found in the list",
                               .evidence = evidence};

    if (intent->kind == OP_LINK)
        move.to = INTENT_CONFIRMED;
    else if (intent->kind == OP_CHARGE)
        move.to = status_classify(REC_PAYMENT, record->status) == STATUS_GOOD ? INTENT_CONFIRMED
                                                                              : INTENT_DECLINED;
    if (!journal_learn(ops->journal, intent->id, &move, NULL) || move.to != INTENT_ACCEPTED)
        return;
    struct arena arena = {0};
    struct intent accepted;
    if (journal_get(ops->journal, intent->id, &arena, &accepted, NULL) &&
        accepted.state == INTENT_ACCEPTED)
        reconcile_apply_accepted(ops, &accepted, record, 1);
    arena_done(&arena);
}

enum match_found reconcile_apply(struct ops *ops, const struct intent *intent,
                                 const struct list_result *result)
{
    struct arena arena = {0};
    struct intent_extra extra;
    char evidence[400];
    struct match match = {MATCH_NONE, NULL};

    if (intent->state == INTENT_UNKNOWN &&
        journal_get_extra(ops->journal, intent->id, &arena, &extra, NULL))
        match = find(ops, intent, &extra, result);
    /* Without the name we gave it, one fitting row means something only if all rows were seen. */
    const char *tag = match.record == NULL ? NULL : judge_tag_in(match.record->custom_reference);
    if (!result->complete && (tag == NULL || strcmp(tag, intent->tag) != 0))
        match.found = MATCH_NONE;
    if (match.found != MATCH_NONE) {
        const struct record *record = match.record;
        snprintf(evidence, sizeof evidence, "%s%s, status %s, created %s, %d pages read",
                 match.found == MATCH_MANY        ? "several could be it, one is "
                 : match.found == MATCH_DIFFERENT ? "its name is on something else: "
                                                  : "",
                 record->id, record->status == NULL ? "?" : record->status, record->created.text,
                 result->pages);
        if (match.found == MATCH_ONE)
            adopt(ops, intent, record, evidence);
        else if (match.found != MATCH_OPEN)
            needs_person(ops, intent, evidence);
    }
    arena_done(&arena);
    return match.found;
}

/* --- accepted modifications ------------------------------------------------------------------ */

/* Another host may have refunded at the same time: the server's own limit is not to be relied on.
 */
static void check_refunds(struct ops *ops, const struct intent *intent)
{
    struct payment_facts facts;

    if (intent->kind == OP_REFUND &&
        cache_payment_facts(ops->cache, intent->target, &facts, NULL) &&
        facts.captured < facts.refunded + facts.refunding)
        needs_person(ops, intent, "alarm: the refunds of this payment exceed what was captured");
}

void reconcile_apply_accepted(struct ops *ops, const struct intent *intent,
                              const struct record *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct record *row = &rows[i];
        if (intent->server_reference == NULL || strcmp(row->id, intent->server_reference) != 0)
            continue;
        enum status_class status = status_classify(REC_MODIFICATION, row->status);
        struct intent_move move = {.to = status == STATUS_GOOD ? INTENT_SUCCEEDED : INTENT_FAILED,
                                   .server_status = row->status,
                                   .why = status == STATUS_GOOD || row->failure_reason == NULL
                                              ? row->status
                                              : row->failure_reason};
        if (status == STATUS_GOOD || status == STATUS_BAD)
            journal_learn(ops->journal, intent->id, &move, NULL);
        check_refunds(ops, intent);
        return;
    }
}

/* --- absence --------------------------------------------------------------------------------- */

static bool is_fresh(const struct ops *ops, int64_t offset_ms)
{
    return offset_ms >= ops->offset_ms - DATE_SLACK_MS;
}

void reconcile_absent(struct watch *watch, const struct intent *intent,
                      const struct list_result *result)
{
    struct ops *ops = watch->ops;
    struct absence *first = &watch->absence;
    struct arena arena = {0};
    struct intent_extra extra;
    bool known = journal_get_extra(ops->journal, intent->id, &arena, &extra, NULL);
    int64_t quiet_end = extra.quiet_boot_ms + journal_quiet_ms(ops->journal, intent->kind);

    arena_done(&arena);
    if (!known || !extra.quiet_known || result->begun_boot_ms < quiet_end || !result->dated ||
        !is_fresh(ops, result->offset_ms))
        return;
    if (first->seen && result->begun_boot_ms - first->boot_ms < ops->settings.second_read_ms)
        return;
    /* A first reading from before this quiet period does not count; nor one that has turned out to
       be a stale copy, now that the server's clock is known better. */
    if (!first->seen || first->boot_ms < quiet_end || !is_fresh(ops, first->offset_ms)) {
        *first = (struct absence){true, result->begun_boot_ms, result->begun_utc_ms,
                                  result->offset_ms, result->pages};
        return;
    }
    char evidence[200];
    struct civil a = time_to_civil(first->utc_ms), b = time_to_civil(result->begun_utc_ms);
    snprintf(evidence, sizeof evidence,
             "absent from %d pages at %02d:%02d:%02dZ and from %d pages at %02d:%02d:%02dZ",
             first->pages, a.hour, a.minute, a.second, result->pages, b.hour, b.minute, b.second);
    struct intent_move move = {.to = INTENT_NOT_EXECUTED,
                               .rev = intent->rev,
                               .why = "absent after the quiet period",
                               .evidence = evidence};
    journal_move(ops->journal, intent->id, &move, NULL);
}
