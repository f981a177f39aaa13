/* What a reading says about an open intent, and how absence is proven. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "ops_internal.h"

/* The Date header counts whole seconds and an answer travels: within this, two readings of the
   server's clock agree. A copy from a cache on the way is older. */
#define DATE_SLACK_MS (INT64_C(5) * 1000)
/* A window of days holds a time if it does so with this to spare: a day was added on both sides, of
   which the server's zone may take fourteen hours. */
#define WINDOW_SLACK_MS (INT64_C(8) * 3600 * 1000)
/* How far from its sending and its quiet period an execution may come to light, the errors of
   clocks and the zones of times without one included. */
#define LATE_MS (INT64_C(3) * 24 * 3600 * 1000)

/* --- the server's clock ---------------------------------------------------------------------- */

/* Our wall clock may be days off, or set right between sending and reading. The boot clock is set
   by nobody, and the server's Date tells what the server calls that time. Only across a boot our
   wall clock is all there is. */
static int64_t server_time(const struct ops *ops, bool same_boot, int64_t boot_ms, int64_t utc_ms)
{
    if (!ops->offset_known)
        return utc_ms;
    if (same_boot)
        return ops->offset_ms + boot_ms;
    return utc_ms + ops->offset_ms - (clock_utc_ms() - clock_boot_ms());
}

static int64_t server_now(const struct ops *ops)
{
    return server_time(ops, true, clock_boot_ms(), clock_utc_ms());
}

static int64_t server_sent(const struct ops *ops, const struct intent *intent,
                           const struct intent_extra *extra)
{
    return server_time(ops, extra->same_boot, extra->sent_boot_ms, intent->sent_ms);
}

/* --- reading --------------------------------------------------------------------------------- */

bool reconcile_read(struct ops *ops, const struct intent *intent, list_read_fn done, void *ctx,
                    struct err *err)
{
    struct arena arena = {0};
    struct list_ask ask = {.endpoint = intent->kind == OP_LINK ? EP_SESSIONS : EP_PAYMENTS};
    struct intent_extra extra = {0};

    if (!journal_get_extra(ops->journal, intent->id, &arena, &extra, err)) {
        arena_done(&arena);
        return false;
    }
    if (intent->kind != OP_CHARGE && intent->kind != OP_LINK)
        ops_modifications_ask(ops, intent->target, &arena, &ask);
    if (ask.id == NULL) {
        int64_t sent = server_sent(ops, intent, &extra);
        ask.to_ms = server_now(ops);
        ask.from_ms = sent < ask.to_ms ? sent : ask.to_ms;
    }
    bool started = list_read_start(ops, &ask, done, ctx, err) != NULL;
    arena_done(&arena);
    return started;
}

/* --- a match --------------------------------------------------------------------------------- */

/* By another: an intent that is still looked for has claimed nothing. */
struct claim_ask {
    struct journal *journal;
    const char *intent; /* who asks: its own claim, which another console may just have written */
};

static bool is_claimed(void *ctx, const char *id)
{
    const struct claim_ask *ask = ctx;
    struct arena arena = {0};
    struct intent claimer;
    bool claimed = journal_find_claim(ask->journal, id, &arena, &claimer, NULL) &&
                   strcmp(claimer.id, ask->intent) != 0;

    arena_done(&arena);
    return claimed;
}

static struct match find(struct ops *ops, const struct intent *intent,
                         const struct intent_extra *extra, const struct list_result *result)
{
    int64_t ended = server_time(ops, extra->quiet_known, extra->quiet_boot_ms, extra->quiet_utc_ms);
    struct claim_ask claim = {ops->journal, intent->id};
    struct match_ask ask = {
        .intent = {.kind = intent->kind,
                   .attempt = intent->attempt,
                   .env = ops->journal->env,
                   .webcode = ops->journal->webcode,
                   .target = intent->target,
                   .tag = intent->tag,
                   .amount = intent->amount},
        .baseline = extra->baseline,
        .sent_ms = server_sent(ops, intent, extra),
        .time_lost = !extra->same_boot,
        .ended_ms = ended + journal_quiet_ms(ops->journal, intent->kind),
        .is_claimed = is_claimed,
        .ctx = &claim,
    };
    return match_find(&ask, result->rows, result->count);
}

/* rev: of the row as it was when this was found, or 0 where it holds of any. */
static void needs_person(struct ops *ops, const char *id, int64_t rev, const char *evidence)
{
    struct intent_move move = {
        .to = INTENT_MANUAL, .rev = rev, .why = evidence, .evidence = evidence};

    journal_move(ops->journal, id, &move, NULL);
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

/* A row that is like ours but does not bear its name means something only if all rows were seen and
   the answer is not on its way. That the card was refused may be said of the try before ours: until
   the quiet period is over, ours may still be on the terminal. */
static bool is_believed(const struct ops *ops, const struct intent *intent,
                        const struct intent_extra *extra, const struct list_result *result,
                        const struct match *match)
{
    bool is_quiet = extra->quiet_known &&
                    result->begun_boot_ms >=
                        extra->quiet_boot_ms + journal_quiet_ms(ops->journal, intent->kind);
    bool good = status_classify(REC_PAYMENT, match->record->status) == STATUS_GOOD;

    return match->named || (result->complete && intent->state == INTENT_UNKNOWN &&
                            (intent->kind != OP_CHARGE || good || is_quiet));
}

struct match reconcile_apply(struct ops *ops, const struct intent *intent,
                             const struct list_result *result)
{
    struct arena arena = {0};
    struct intent_extra extra;
    char evidence[400];
    struct match match = {MATCH_NONE, NULL, false};

    if ((intent->state == INTENT_UNKNOWN || intent->state == INTENT_SENT) &&
        journal_get_extra(ops->journal, intent->id, &arena, &extra, NULL))
        match = find(ops, intent, &extra, result);
    bool fits = match.found != MATCH_NONE && match.found != MATCH_DOUBT;
    if (fits && !is_believed(ops, intent, &extra, result, &match))
        match.found = MATCH_OPEN;
    if (fits && match.found != MATCH_OPEN) {
        const struct record *record = match.record;
        snprintf(evidence, sizeof evidence, "%s%s, status %s, created %s, %d pages read",
                 match.found == MATCH_MANY        ? "several could be it, one is "
                 : match.found == MATCH_DIFFERENT ? "its name is on something else: "
                                                  : "",
                 record->id, record->status == NULL ? "?" : record->status, record->created.text,
                 result->pages);
        if (match.found == MATCH_ONE)
            adopt(ops, intent, record, evidence);
        else
            needs_person(ops, intent->id, intent->rev, evidence);
    }
    arena_done(&arena);
    return match;
}

/* Whether our wall clock of now can be believed within days. */
static bool clock_agrees(const struct ops *ops)
{
    int64_t ahead = clock_utc_ms() - server_now(ops);

    return ahead < LATE_MS && ahead > -LATE_MS;
}

int64_t reconcile_since(const struct ops *ops, int64_t created_ms)
{
    if (!clock_agrees(ops))
        return 0;
    return (created_ms == INT64_MAX ? clock_utc_ms() : created_ms) - 2 * LATE_MS;
}

/* Lists show things late and clocks are set, but not by more than days. Across a boot that is all
   that tells the time of a sending; a modification is never told by its time otherwise. */
static bool is_in_time(const struct ops *ops, const struct intent *intent,
                       const struct intent_extra *extra, const struct record *record)
{
    int64_t sent = server_sent(ops, intent, extra), last = sent, at = record->created.ms;

    if (extra->quiet_utc_ms != 0)
        last = server_time(ops, extra->quiet_known, extra->quiet_boot_ms, extra->quiet_utc_ms) +
               journal_quiet_ms(ops->journal, intent->kind);
    int64_t low = sent < last ? sent : last, high = sent < last ? last : sent;
    bool by_wall = !extra->same_boot || !extra->quiet_known;
    if (at == 0 || (by_wall && (!clock_agrees(ops) || high > server_now(ops) + LATE_MS)))
        return true; /* nobody knows */
    return at >= low - LATE_MS && at <= high + LATE_MS;
}

void reconcile_late(struct ops *ops, const struct intent *intent, const struct record *record)
{
    struct list_result one = {.rows = record, .count = 1};
    struct arena arena = {0};
    struct intent_extra extra;
    char evidence[300];

    /* When the intent ended no other row of the list could be it, so this one is new. */
    if (journal_get_extra(ops->journal, intent->id, &arena, &extra, NULL) &&
        is_in_time(ops, intent, &extra, record) &&
        find(ops, intent, &extra, &one).found != MATCH_NONE) {
        snprintf(evidence, sizeof evidence,
                 "alarm: taken for %s, but %.128s, created %s, could be it",
                 intent_state_name(intent->state), record->id, record->created.text);
        needs_person(ops, intent->id, 0, evidence);
    }
    arena_done(&arena);
}

/* --- accepted modifications ------------------------------------------------------------------ */

/* Another host may have refunded at the same time: the server's own limit is not to be relied on.
   Before a capture is known the list has not been read that far. */
void reconcile_check_refunds(struct ops *ops, const struct intent *intent)
{
    struct payment_facts facts;

    if (intent->kind == OP_REFUND &&
        cache_payment_facts(ops->cache, intent->target, &facts, NULL) &&
        (facts.captured_any || !facts.is_preauth) &&
        facts.captured < facts.refunded + facts.refunding)
        needs_person(ops, intent->id, 0,
                     "alarm: the refunds of this payment exceed what was captured");
}

void reconcile_apply_accepted(struct ops *ops, const struct intent *intent,
                              const struct record *rows, size_t count)
{
    assert(intent->server_reference != NULL); /* the schema's CHECK: accepted is claimed */
    for (size_t i = 0; i < count; i++) {
        const struct record *row = &rows[i];
        if (strcmp(row->id, intent->server_reference) != 0)
            continue;
        enum status_class status = status_classify(REC_MODIFICATION, row->status);
        struct intent_move move = {.to = status == STATUS_GOOD ? INTENT_SUCCEEDED : INTENT_FAILED,
                                   .server_status = row->status,
                                   .why = status == STATUS_GOOD || row->failure_reason == NULL
                                              ? row->status
                                              : row->failure_reason};
        if (status == STATUS_GOOD || status == STATUS_BAD)
            journal_learn(ops->journal, intent->id, &move, NULL);
        reconcile_check_refunds(ops, intent);
        return;
    }
}

/* --- absence --------------------------------------------------------------------------------- */

static bool is_fresh(const struct ops *ops, int64_t offset_ms)
{
    return offset_ms >= ops->offset_ms - DATE_SLACK_MS;
}

/* The list cannot show what it was not asked for. */
static bool holds_sending(const struct ops *ops, const struct intent *intent,
                          const struct intent_extra *extra, const struct list_result *result)
{
    int64_t sent = server_sent(ops, intent, extra), now = server_now(ops);

    return result->from_ms == 0 || (sent <= now && sent >= result->from_ms - WINDOW_SLACK_MS &&
                                    now <= result->to_ms + WINDOW_SLACK_MS);
}

static void end_absent(struct ops *ops, const struct intent *intent, const char *evidence,
                       const struct record *doubtful)
{
    char both[480];
    struct intent_move move = {.to = INTENT_NOT_EXECUTED,
                               .rev = intent->rev,
                               .why = "absent after the quiet period",
                               .evidence = evidence};

    if (doubtful == NULL) {
        journal_move(ops->journal, intent->id, &move, NULL);
        return;
    }
    snprintf(both, sizeof both, "nothing bears its name, but %.128s, created %s, could be it: %s",
             doubtful->id, doubtful->created.text, evidence);
    needs_person(ops, intent->id, intent->rev, both);
}

void reconcile_absent(struct watch *watch, const struct intent *intent,
                      const struct list_result *result, const struct record *doubtful)
{
    struct ops *ops = watch->ops;
    struct absence *first = &watch->absence;
    struct arena arena = {0};
    struct intent_extra extra;
    bool known = intent->state == INTENT_UNKNOWN &&
                 journal_get_extra(ops->journal, intent->id, &arena, &extra, NULL);
    int64_t quiet_end =
        known ? extra.quiet_boot_ms + journal_quiet_ms(ops->journal, intent->kind) : 0;

    arena_done(&arena);
    if (!known || !extra.quiet_known || result->begun_boot_ms < quiet_end || !result->dated ||
        !is_fresh(ops, result->offset_ms) || !holds_sending(ops, intent, &extra, result))
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
    end_absent(ops, intent, evidence, doubtful);
}
