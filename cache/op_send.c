/* From PREPARED to what the answer says: the look right before sending, the send, the judgement.

   The point of no return is run_leave(), called when the connection is up and libcurl is about to
   write the first byte: there SENT is committed. If the commit does not succeed nothing leaves.
   What ends before is VOID, what happens after is judged, and silence is UNKNOWN. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops_internal.h"

#define BODY_MAX ((size_t)64 * 1024)

static const enum endpoint endpoint_of[] = {
    [OP_CHARGE] = EP_POS_CHARGE, [OP_REFUND] = EP_REFUND, [OP_CAPTURE] = EP_CAPTURE,
    [OP_CANCEL] = EP_CANCEL,     [OP_EXTEND] = EP_EXTEND, [OP_LINK] = EP_SESSION_CREATE,
};
enum endpoint op_endpoint(enum op_kind kind)
{
    return endpoint_of[kind];
}

/* --- runs ------------------------------------------------------------------------------------ */

struct run *run_new(struct ops *ops, const struct intent *intent)
{
    struct run *run = mem_alloc(sizeof *run);

    run->ops = ops;
    memcpy(run->id, intent->id, sizeof run->id);
    run->rev = intent->rev;
    run->confirmed_boot_ms = clock_boot_ms();
    run->intent = (struct judge_intent){
        .kind = intent->kind,
        .attempt = intent->attempt + 1,
        .env = ops->journal->env,
        .webcode = ops->journal->webcode,
        .target = arena_strdup(&run->arena, intent->target),
        .tag = arena_strdup(&run->arena, intent->tag),
        .amount = intent->amount,
    };
    buf_init(&run->baseline, (size_t)256 * 1024);
    run->next = ops->runs;
    ops->runs = run;
    return run;
}

void run_free(struct run *run)
{
    struct run **at = &run->ops->runs;

    while (*at != run)
        at = &(*at)->next;
    *at = run->next;
    loop_timer_stop(run->ops->loop, run->look);
    buf_done(&run->baseline);
    arena_done(&run->arena);
    free(run);
}

struct run *run_find(struct ops *ops, const char *id)
{
    struct run *run = ops->runs;

    while (run != NULL && strcmp(run->id, id) != 0)
        run = run->next;
    return run;
}

/* --- what could not be written down ---------------------------------------------------------- */

static void plan_writing(struct ops *ops);

static void write_again(void *ctx)
{
    struct ops *ops = ctx;
    char id[INTENT_ID_SIZE];

    ops->writer = NULL;
    while (journal_write_unwritten(ops->journal, id))
        reconcile_follow(ops, id, true);
    if (ops->journal->unwritten != NULL)
        plan_writing(ops);
}

static void plan_writing(struct ops *ops)
{
    static const int waits_s[] = {1, 2, 5};
    unsigned last = COUNT_OF(waits_s) - 1;

    if (ops->writer != NULL || !journal_usable(ops->journal, NULL))
        return;
    unsigned step = ops->writes < last ? ops->writes++ : last;
    ops->writer = loop_timer_start(ops->loop, waits_s[step] * INT64_C(1000), write_again, ops);
}

void run_stop_writing(struct ops *ops)
{
    loop_timer_stop(ops->loop, ops->writer);
    ops->writer = NULL;
}

/* It is told to the person all the same. */
static void note_unwritten(struct run *run, const struct intent_move *move)
{
    struct intent end = {.kind = run->intent.kind,
                         .state = move->to,
                         .target = run->intent.target,
                         .amount = run->intent.amount,
                         .attempt = run->sent ? run->intent.attempt : run->intent.attempt - 1,
                         .http_status = move->http_status,
                         .code = move->code,
                         .message = move->message,
                         .trace_id = move->trace_id,
                         .server_reference = move->server_reference,
                         .server_status = move->server_status,
                         .payment_url = move->payment_url,
                         .why = move->why};

    memcpy(end.id, run->id, sizeof end.id);
    journal_note_unwritten(run->ops->journal, &end);
    run->ops->writes = 0;
    plan_writing(run->ops);
}

/* Whether the row still reads as if it were on its way, or cannot be read. */
static bool is_open_still(struct run *run)
{
    struct arena arena = {0};
    struct intent intent;
    bool open = !journal_get(run->ops->journal, run->id, &arena, &intent, NULL) ||
                intent.state == INTENT_PREPARED || intent.state == INTENT_SENT;

    arena_done(&arena);
    return open;
}

/* The end of a run that sent nothing: VOID, or the replay's row as it was. why begins with a word
   that stays the same (journal.h). */
void run_end_unsent(struct run *run, const char *why)
{
    struct ops *ops = run->ops;
    struct intent_move move = {.to = INTENT_VOID, .rev = run->rev, .why = why};
    char id[INTENT_ID_SIZE];

    assert(!run->sent);
    memcpy(id, run->id, sizeof id);
    /* The row may have been voided already (backed out), or found by a reading: then this is no
     * news. */
    if (run->replay)
        journal_remark(ops->journal, id, "not sent again", why, NULL);
    else if (!journal_move(ops->journal, id, &move, NULL) && is_open_still(run))
        note_unwritten(run, &move);
    bool replay = run->replay;
    run_free(run);
    if (replay)
        reconcile_follow(ops, id, false);
}

static void end_unsent_because(struct run *run, const char *word, const struct err *err)
{
    char why[320];

    snprintf(why, sizeof why, "%s: %s", word, err->detail);
    run_end_unsent(run, why);
}

/* --- the look -------------------------------------------------------------------------------- */

/* Whether what can be done is still what the person saw. An open refund that has succeeded
   meanwhile changes nothing: it counted as spent before. */
static bool same_facts(const struct payment_facts *a, const struct payment_facts *b)
{
    return money_equal(&a->authorised, &b->authorised) && /* unknown is never the same */
           a->captured == b->captured && a->left == b->left && a->capturing == b->capturing &&
           a->is_preauth == b->is_preauth && a->captured_any == b->captured_any &&
           a->capture_open == b->capture_open && a->cancelled == b->cancelled &&
           a->cancelling == b->cancelling && a->extending == b->extending;
}

/* The payment's own modifications have just been stored in the cache: what do they add up to now? A
   completed payment's own record never changes, so the list is the whole look. */
static void modifications_seen(void *ctx, const struct list_result *result)
{
    struct run *run = ctx;
    struct payment_facts now;
    struct err err = result->err;

    if (!result->complete || !result->stored) { /* the facts come from the cache */
        end_unsent_because(run, "look", &err);
        return;
    }
    for (size_t i = 0; i < result->count; i++)
        if (match_is_of_payment(&result->rows[i], run->intent.target))
            match_baseline(&run->baseline, &result->rows[i], 1);
    if (!cache_payment_facts(run->ops->cache, run->intent.target, &now, &err))
        end_unsent_because(run, "look", &err);
    else if (run->has_seen && !same_facts(&run->seen, &now))
        run_end_unsent(run, "changed: the payment is not what it was when it was confirmed");
    else if (!op_check_facts(run->intent.kind, &run->intent.amount, &now, &err))
        end_unsent_because(run, "changed", &err);
    else if (run->baseline.over)
        run_end_unsent(run, "look: too many modifications");
    else
        run_send(run);
}

static void terminals_seen(void *ctx, const struct api_answer *answer)
{
    struct run *run = ctx;
    bool known = false;

    if (answer->body != BODY_DATA) {
        struct err err;
        bool said = answer->body == BODY_ERROR && answer->error.message != NULL;
        err_set(&err, ERR_API, "%s", said ? answer->error.message : answer->trouble);
        end_unsent_because(run, "look", &err);
        return;
    }
    ops_note_date(run->ops, answer->server_utc_ms);
    cache_store_terminals(run->ops->cache, answer->terminals, answer->count, false, NULL);
    for (size_t i = 0; i < answer->count && !known; i++)
        known = strcmp(answer->terminals[i].poi_id, run->intent.target) == 0;
    if (known)
        run_send(run);
    else
        run_end_unsent(run, "terminal: not among those of this business any more");
}

void ops_modifications_ask(struct ops *ops, const char *target, struct arena *arena,
                           struct list_ask *ask)
{
    enum record_kind home;
    const char *id = NULL;

    *ask =
        (struct list_ask){.endpoint = EP_MODIFICATIONS}; /* if the cache was dropped: all of them */
    if (!cache_find_payment_home(ops->cache, target, &home, arena, &id))
        return;
    ask->endpoint = home == REC_SESSION ? EP_SESSION_MODIFICATIONS : EP_PAYMENT_MODIFICATIONS;
    ask->id = id;
    ask->payment_reference = target;
}

void run_look(struct run *run)
{
    struct err err = {0};
    struct list_ask ask;

    if (run->intent.kind == OP_LINK) {
        run_send(run);
        return;
    }
    if (run->intent.kind == OP_CHARGE) {
        struct api_request request = {.endpoint = EP_TERMINALS, .done = terminals_seen, .ctx = run};
        if (api_call(run->ops->client, &request, &err) == NULL)
            end_unsent_because(run, "look", &err);
        return;
    }
    ops_modifications_ask(run->ops, run->intent.target, &run->arena, &ask);
    ask.patient = true;
    if (list_read_start(run->ops, &ask, modifications_seen, run, &err) == NULL)
        end_unsent_because(run, "look", &err);
}

/* --- the send -------------------------------------------------------------------------------- */

static void look_beside(void *ctx)
{
    struct run *run = ctx;

    run->look = NULL;
    reconcile_plan(run->ops);
}

/* The point of no return. */
static bool run_leave(void *ctx)
{
    struct run *run = ctx;
    bool modifies = run->intent.kind != OP_CHARGE && run->intent.kind != OP_LINK;
    struct intent_move move = {.to = INTENT_SENT,
                               .rev = run->rev,
                               .why = run->replay ? "sent again, same request" : "sent",
                               .baseline = modifies && !run->replay ? run->baseline.data : NULL};

    assert(!run->sent);
    if (clock_boot_ms() - run->confirmed_boot_ms > CONFIRM_MAX_MS)
        return err_set(&run->refusal, ERR_STALE,
                       "expired: more than a minute since the confirmation");
    struct err err = {0};
    run->sent = journal_move(run->ops->journal, run->id, &move, &err);
    if (!run->sent)
        err_set(&run->refusal, err.code, "journal: %s", err.detail);
    if (run->sent && run->intent.kind == OP_CHARGE)
        run->look = loop_timer_start(run->ops->loop, LOOK_BESIDE_MS, look_beside, run);
    return run->sent;
}

static void fill_move(struct intent_move *move, const struct verdict *verdict,
                      const struct api_answer *answer, char *why, size_t size)
{
    bool object = verdict->next == INTENT_CONFIRMED || verdict->next == INTENT_DECLINED ||
                  verdict->next == INTENT_ACCEPTED;

    snprintf(why, size, "%s%s%s%s", verdict->alarm ? "alarm: " : "", verdict->why,
             answer->trouble[0] == '\0' ? "" : ": ", answer->trouble);
    *move = (struct intent_move){.to = verdict->next,
                                 .http_status = answer->http_status,
                                 .code = answer->error.code,
                                 .message = answer->error.message,
                                 .trace_id = answer->error.trace_id,
                                 .why = why};
    if (object) {
        move->server_reference = answer->record.id;
        move->server_status = answer->record.status;
        move->payment_url = answer->record.payment_url;
    }
}

/* Lists show at once what has just been done. */
static void store_record(struct run *run, const struct record *from)
{
    static const enum record_kind kinds[] = {
        [OP_CHARGE] = REC_PAYMENT,       [OP_REFUND] = REC_MODIFICATION,
        [OP_CAPTURE] = REC_MODIFICATION, [OP_CANCEL] = REC_MODIFICATION,
        [OP_EXTEND] = REC_MODIFICATION,  [OP_LINK] = REC_SESSION,
    };
    enum record_kind kind = kinds[run->intent.kind];
    struct record record = *from;

    if (kind == REC_MODIFICATION && record.payment_reference == NULL)
        record.payment_reference = run->intent.target;
    record.kind = kind;
    cache_store(run->ops->cache, &record, 1, SOURCE_LIST, NULL, NULL);
    if (run->ops->sync != NULL)
        sync_refresh(run->ops->sync, kind);
}

static void run_answered(void *ctx, const struct api_answer *answer)
{
    struct run *run = ctx;
    struct ops *ops = run->ops;
    struct intent_move move;
    char why[320], id[INTENT_ID_SIZE];

    run->call = NULL;
    if (!run->sent) {
        if (run->refusal.code == ERR_NONE)
            err_set(&run->refusal, ERR_NETWORK, "unsent: %s", answer->trouble);
        run_end_unsent(run, run->refusal.detail);
        return;
    }
    /* on_leave ran and said yes, so whatever the client says, bytes may have left. */
    struct api_answer left = *answer;
    left.left = true;
    struct verdict verdict = judge_answer(&run->intent, &left);
    fill_move(&move, &verdict, answer, why, sizeof why);
    if (move.server_reference != NULL)
        store_record(run, &answer->record);
    /* If this fails the row stays SENT on disk, until the file is free or the next start takes it
       for what it is. */
    if (!journal_learn(ops->journal, run->id, &move, NULL))
        note_unwritten(run, &move);
    memcpy(id, run->id, sizeof id);
    run_free(run);
    reconcile_follow(ops, id, verdict.read_now);
}

void run_send(struct run *run)
{
    struct buf body;
    struct err err = {0};

    buf_init(&body, BODY_MAX);
    if (journal_usable(run->ops->journal, &err) &&
        journal_get_body(run->ops->journal, run->id, &body, &err)) {
        struct api_request request = {.endpoint = op_endpoint(run->intent.kind),
                                      .body = body.data,
                                      .body_len = body.len,
                                      .idempotency_key = run->id,
                                      .on_leave = run_leave,
                                      .done = run_answered,
                                      .ctx = run};
        run->call = api_call(run->ops->client, &request, &err);
    }
    buf_done(&body);
    if (run->call == NULL)
        end_unsent_because(
            run, err.code == ERR_STORAGE || err.code == ERR_DATA ? "journal" : "unsent", &err);
}
