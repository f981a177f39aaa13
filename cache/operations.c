/* Operations as people start them: checked, written down, then handed to op_send.c. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops_internal.h"

#define BODY_MAX ((size_t)64 * 1024)

/* Between two pieces others have their turn. */
static void verify_more(void *ctx)
{
    enum { PAUSE_MS = 5 };
    struct ops *ops = ctx;

    ops->verifier = journal_verify_idle(ops->journal)
                        ? loop_timer_start(ops->loop, PAUSE_MS, verify_more, ops)
                        : NULL;
}

struct ops *ops_new(struct loop *loop, struct api_client *client, struct cache *cache,
                    struct journal *journal, struct sync *sync, const struct ops_settings *settings)
{
    struct ops *ops = mem_alloc(sizeof *ops);

    ops->loop = loop;
    ops->client = client;
    ops->cache = cache;
    ops->journal = journal;
    ops->sync = sync;
    ops->settings = *settings;
    ops->settings.url_ok = mem_strdup(settings->url_ok);
    ops->settings.url_ko = mem_strdup(settings->url_ko);
    ops->settings.locale = mem_strdup(settings->locale);
    if (ops->settings.second_read_ms <= 0)
        ops->settings.second_read_ms = INT64_C(60) * 1000;
    if (settings->quiet_charge_ms > 0)
        journal->quiet_charge_ms = settings->quiet_charge_ms;
    if (settings->quiet_modification_ms > 0)
        journal->quiet_modification_ms = settings->quiet_modification_ms;
    ops->verifier = loop_timer_start(loop, 0, verify_more, ops);
    return ops;
}

void ops_free(struct ops *ops)
{
    if (ops == NULL)
        return;
    reconcile_stop(ops);
    run_stop_writing(ops);
    loop_timer_stop(ops->loop, ops->verifier);
    while (ops->runs != NULL) {
        struct run *run = ops->runs;
        struct intent_move move = {
            .to = INTENT_VOID, .rev = run->rev, .why = "shutdown: the program ended"};
        /* What was sent stays SENT: the next start finds out. */
        if (!run->sent && !run->replay)
            journal_move(ops->journal, run->id, &move, NULL);
        run_free(run);
    }
    while (ops->reads != NULL)
        list_read_free(ops->reads);
    free((char *)ops->settings.url_ok);
    free((char *)ops->settings.url_ko);
    free((char *)ops->settings.locale);
    free(ops);
}

size_t ops_in_flight(const struct ops *ops)
{
    size_t count = 0;

    for (const struct run *run = ops->runs; run != NULL; run = run->next)
        count++;
    return count;
}

/* --- names ----------------------------------------------------------------------------------- */

/* The key's first 40 bits in Crockford's base 32: short enough for a customReference, and the
   journal's UNIQUE column sees to it that no two intents share one. */
static void make_tag(const char *uuid, char tag[INTENT_TAG_SIZE])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint64_t bits = 0;
    int nibbles = 0;

    for (const char *at = uuid; nibbles < 10; at++) {
        if (*at == '-')
            continue;
        bits = bits << 4 | (uint64_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
        nibbles++;
    }
    for (int i = INTENT_TAG_SIZE - 2; i >= 0; i--, bits >>= 5)
        tag[i] = digits[bits & 31];
    tag[INTENT_TAG_SIZE - 1] = '\0';
}

static void build_body(struct ops *ops, const struct op_request *request, const char *tag,
                       struct buf *body)
{
    const char *webcode = ops->journal->webcode;
    struct buf reference;

    buf_init(&reference, 512);
    buf_printf(&reference, "%s~%s", request->reference == NULL ? "" : request->reference, tag);
    if (request->kind == OP_CHARGE) {
        struct charge_draft draft = {.poi_id = request->target,
                                     .amount = request->amount,
                                     .description = request->description,
                                     .custom_reference = reference.data,
                                     .is_preauth = request->is_preauth};
        body_charge(body, webcode, &draft);
    } else if (request->kind == OP_LINK) {
        struct session_draft draft = {.amount = request->amount,
                                      .url_ok = ops->settings.url_ok,
                                      .url_ko = ops->settings.url_ko,
                                      .locale = ops->settings.locale,
                                      .description = request->description,
                                      .custom_reference = reference.data,
                                      .is_preauth = request->is_preauth};
        body_session(body, webcode, &draft);
    } else {
        struct modification_draft draft = {.payment_reference = request->target,
                                           .amount = request->amount,
                                           .reason = request->reason};
        body_modification(body, webcode, op_endpoint(request->kind), &draft);
    }
    buf_done(&reference);
}

/* --- starting -------------------------------------------------------------------------------- */

static bool may_start(struct ops *ops, const struct op_request *request, struct err *err)
{
    struct payment_facts facts;
    struct money amount = request->amount;
    bool modifies = request->kind != OP_CHARGE && request->kind != OP_LINK;

    if (ops->settings.read_only)
        return err_set(err, ERR_DENIED, "read-only");
    if (!op_check(request, ops->journal->env, ops->journal->webcode, err))
        return false;
    if (request->kind == OP_LINK && (ops->settings.url_ok == NULL || ops->settings.url_ko == NULL))
        return err_set(err, ERR_INVALID, "url: pay links need url_ok and url_ko");
    if (!journal_usable(ops->journal, err))
        return false;
    if (modifies && !cache_payment_facts(ops->cache, request->target, &facts, err))
        return false;
    if (request->kind == OP_CANCEL) /* the hold that is given up */
        amount = facts.authorised;
    return op_permitted(&ops->settings.permit, request->kind, &amount, request->approved_by, err);
}

static void look_soon(void *ctx)
{
    struct run *run = ctx;

    run->look = NULL;
    run_look(run);
}

static void begin_run(struct ops *ops, const struct intent_draft *draft,
                      const struct op_request *request)
{
    struct intent intent = {
        .kind = draft->kind, .target = draft->target, .amount = draft->amount, .rev = 1};

    memcpy(intent.id, draft->id, sizeof intent.id);
    memcpy(intent.tag, draft->tag, sizeof intent.tag);
    struct run *run = run_new(ops, &intent);
    run->seen = request->seen;
    run->has_seen = request->has_seen;
    run->look = loop_timer_start(ops->loop, 0, look_soon, run);
}

bool op_start(struct ops *ops, const struct op_request *request, char id[INTENT_ID_SIZE],
              struct err *err)
{
    struct intent_draft draft = {.form_id = request->form_id,
                                 .kind = request->kind,
                                 .target = request->target,
                                 .amount = request->amount,
                                 .reference = request->reference,
                                 .description = request->description,
                                 .reason = request->reason,
                                 .is_preauth = request->is_preauth,
                                 .approved_by = request->approved_by,
                                 .repeats = request->has_asked ? request->repeats : NULL};
    char url[2048];
    struct buf body;

    if (!may_start(ops, request, err))
        return false;
    random_uuid(draft.id);
    make_tag(draft.id, draft.tag);
    buf_init(&body, BODY_MAX);
    build_body(ops, request, draft.tag, &body);
    draft.url = api_client_url(ops->client, op_endpoint(request->kind), url, sizeof url);
    draft.body = body.data;
    draft.body_len = body.len;
    bool good = body.over ? err_set(err, ERR_INVALID, "the request is too long")
                          : journal_prepare(ops->journal, &draft, err);
    buf_done(&body);
    if (!good)
        return false;
    begin_run(ops, &draft, request);
    memcpy(id, draft.id, INTENT_ID_SIZE);
    return true;
}

bool op_find_duplicate(struct ops *ops, const struct op_request *request, struct arena *arena,
                       struct intent *earlier)
{
    return request->kind == OP_CHARGE && request->target != NULL &&
           journal_find_repeat(ops->journal, request, arena, earlier, NULL);
}

bool op_back_out(struct ops *ops, const char *id, struct err *err)
{
    struct run *run = run_find(ops, id);
    struct intent_move move = {.to = INTENT_VOID, .why = "backed out"};

    if (!journal_move(ops->journal, id, &move, err))
        return false;
    /* run_leave() would find the row VOID and refuse; this only spares the wait. */
    if (run != NULL && run->call != NULL)
        api_call_cancel(run->call);
    return true;
}

/* --- sending again, asked for by a person ---------------------------------------------------- */

static bool may_replay(struct ops *ops, const struct intent *intent,
                       const struct intent_extra *extra, struct err *err)
{
    if (ops->settings.read_only)
        return err_set(err, ERR_DENIED, "read-only");
    if (intent->state != INTENT_UNKNOWN)
        return err_set(err, ERR_STALE, "it is %s", intent_state_name(intent->state));
    if (intent->attempt >= JUDGE_MAX_ATTEMPTS)
        return err_set(err, ERR_DENIED, "it has been sent %d times", intent->attempt);
    if (!extra->same_boot || clock_boot_ms() - extra->sent_boot_ms >= REPLAY_WINDOW_MS)
        return err_set(err, ERR_DENIED, "too old: its key may have been forgotten");
    if (run_find(ops, intent->id) != NULL)
        return err_set(err, ERR_CONFLICT, "it is being sent already");
    return journal_usable(ops->journal, err);
}

/* The list read just now must show nothing, completely; else what it shows is taken instead. */
static void replay_looked(void *ctx, const struct list_result *result)
{
    struct run *run = ctx;
    struct arena arena = {0};
    struct intent intent;
    enum match_found found = MATCH_DIFFERENT;

    if (journal_get(run->ops->journal, run->id, &arena, &intent, NULL))
        found = reconcile_apply(run->ops, &intent, result).found;
    arena_done(&arena);
    if (found == MATCH_NONE && result->complete)
        run_send(run);
    else
        run_end_unsent(run, found == MATCH_NONE ? "look: the list could not be read to its end"
                                                : "look: the list shows something");
}

/* Who approved it is in the trail before it is sent. */
static bool note_approval(struct ops *ops, struct intent *intent, const char *approved_by,
                          struct arena *arena, struct err *err)
{
    char why[200];

    if (approved_by == NULL)
        return true;
    snprintf(why, sizeof why, "approved by %s", approved_by);
    return journal_remark(ops->journal, intent->id, "approved", why, err) &&
           journal_get(ops->journal, intent->id, arena, intent, err);
}

bool op_replay(struct ops *ops, const char *id, struct err *err)
{
    return op_replay_approved(ops, id, NULL, err);
}

bool op_replay_approved(struct ops *ops, const char *id, const char *approved_by, struct err *err)
{
    struct arena arena = {0};
    struct intent intent;
    struct intent_extra extra;
    bool good = journal_get(ops->journal, id, &arena, &intent, err) &&
                journal_get_extra(ops->journal, id, &arena, &extra, err) &&
                may_replay(ops, &intent, &extra, err) &&
                op_permitted(&ops->settings.permit, intent.kind, &intent.amount, approved_by,
                             err) &&
                note_approval(ops, &intent, approved_by, &arena, err);

    if (good) {
        struct run *run = run_new(ops, &intent);
        run->replay = true;
        good = reconcile_read(ops, &intent, replay_looked, run, err);
        if (!good)
            run_free(run);
    }
    arena_done(&arena);
    return good;
}

bool ops_replay_link(struct ops *ops, const struct intent *intent)
{
    struct arena arena = {0};
    struct intent_extra extra;
    bool good = intent->kind == OP_LINK &&
                journal_get_extra(ops->journal, intent->id, &arena, &extra, NULL) &&
                may_replay(ops, intent, &extra, NULL);

    if (good) {
        struct run *run = run_new(ops, intent);
        run->replay = true;
        run_send(run);
    }
    arena_done(&arena);
    return good;
}
