/* Holds what the lists say against the journal: confirms rows that have ended, raises those that
   the lists contradict, and ends open ones early when the lists happen to know. */
#include <stdio.h>
#include <string.h>

#include "ops_internal.h"

#define ROWS_BACK 100 /* newest rows of a list that are held against the journal */

/* A status word that ends a charge for good. "cancelled" may also mean a hold released later. */
static bool learned_charge(const struct intent *intent, const struct record *record,
                           enum intent_state *out)
{
    enum status_class status = status_classify(REC_PAYMENT, record->status);
    bool charged_before = intent->state == INTENT_CONFIRMED || intent->state == INTENT_RESOLVED;

    if (status == STATUS_GOOD)
        *out = INTENT_CONFIRMED;
    else if (status == STATUS_BAD &&
             !(charged_before && strncmp(record->status, "cancel", 6) == 0))
        *out = INTENT_DECLINED;
    else
        return false;
    return true;
}

static bool learned_modification(const struct record *record, enum intent_state *out)
{
    enum status_class status = status_classify(REC_MODIFICATION, record->status);

    *out = status == STATUS_GOOD ? INTENT_SUCCEEDED : INTENT_FAILED;
    return status == STATUS_GOOD || status == STATUS_BAD;
}

static bool is_ticked(struct ops *ops, const struct intent *intent)
{
    struct arena arena = {0};
    struct intent_extra extra = {0};
    bool known = journal_get_extra(ops->journal, intent->id, &arena, &extra, NULL);

    arena_done(&arena);
    return !known || extra.reconciled;
}

/* A person has been shown this very thing, and has closed the row since. */
static bool was_shown(struct ops *ops, const struct intent *intent, const char *evidence)
{
    struct db *db = ops->journal->db;
    sqlite3_stmt *stmt = intent->state != INTENT_RESOLVED
                             ? NULL
                             : db_query(db, NULL,
                                        "SELECT 1 FROM audit WHERE intent_id = ?"
                                        " AND event = 'manual' AND detail = ?",
                                        "tt", intent->id, evidence);
    bool shown = stmt != NULL && db_step(db, stmt, NULL) == DB_ROW;

    db_end(stmt);
    return shown;
}

static void hold_against(struct ops *ops, const struct intent *intent, const struct record *record)
{
    struct judge_intent asked = {.kind = intent->kind,
                                 .env = ops->journal->env,
                                 .webcode = ops->journal->webcode,
                                 .target = intent->target,
                                 .tag = intent->tag,
                                 .amount = intent->amount};
    struct intent_move move = {
        .server_reference = record->id, .server_status = record->status, .why = "seen in the list"};
    bool charge = intent->kind == OP_CHARGE;

    /* What is being sent is told by its own answer; a link's later life is no outcome of ours. */
    if (intent->state == INTENT_PREPARED || intent->state == INTENT_SENT ||
        intent->kind == OP_LINK || judge_difference(&asked, record) != NULL ||
        !(charge ? learned_charge(intent, record, &move.to)
                 : learned_modification(record, &move.to)))
        return;
    bool other = intent->server_reference != NULL &&
                 strcmp(intent->server_reference, record->id) != 0;
    if (other)
        move.why = "seen in the list: a second one bears its name";
    if (move.to == intent->state && !other) {
        if (!is_ticked(ops, intent))
            journal_reconciled(ops->journal, intent->id, NULL);
        if (intent->state == INTENT_SUCCEEDED)
            reconcile_check_refunds(ops, intent); /* another host's may have come later */
        return;
    }
    char evidence[300];
    snprintf(evidence, sizeof evidence, "%s is %.128s, status %s, created %s",
             other ? "a second one" : "the one", record->id, record->status, record->created.text);
    if (intent->state != INTENT_UNKNOWN && intent->state != INTENT_ACCEPTED)
        move.evidence = evidence;
    /* A modification is known here by its claim, so UNKNOWN ones are not concerned. */
    if (!was_shown(ops, intent, evidence))
        journal_learn(ops->journal, intent->id, &move, NULL);
}

/* Intents that the journal calls not done, though no answer said so of them: taken for absent, or
   ended by an object that is only like theirs. Only of those written down since then. */
static void find_undone(struct ops *ops, bool charges, int64_t since_utc, struct intent_page *out)
{
    struct db *db = ops->journal->db;
    struct buf ids;
    sqlite3_stmt *stmt = db_query(
        db, NULL,
        "SELECT intent_id FROM intent WHERE state IN ('not_executed','declined','failed')"
        " AND created_utc >= ?1 AND (state = 'not_executed' OR evidence IS NOT NULL)"
        " AND kind <> 'link' AND (kind = 'charge') = ?2",
        "ii", since_utc, (int64_t)charges);

    *out = (struct intent_page){0};
    buf_init(&ids, (size_t)16 * 1024 * 1024);
    while (stmt != NULL && db_step(db, stmt, NULL) == DB_ROW)
        buf_add(&ids, db_column(stmt, 0), INTENT_ID_SIZE);
    db_end(stmt); /* no statement stays open across writes */
    size_t count = ids.len / INTENT_ID_SIZE;
    if (count > 0)
        out->rows = arena_alloc(&out->arena, count * sizeof *out->rows);
    for (size_t i = 0; i < count; i++)
        out->count += journal_get(ops->journal, ids.data + i * INTENT_ID_SIZE, &out->arena,
                                  &out->rows[out->count], NULL);
    buf_done(&ids);
}

/* A row that bears no name of ours and that nobody claims: may it be what is called not done?
   Nothing while somebody still looks for one like it. */
static void hold_against_undone(struct ops *ops, const struct intent_page *undone,
                                const struct record *record)
{
    bool charge = record->kind == REC_PAYMENT;
    const char *target = charge ? record->poi_id : record->payment_reference;
    struct arena arena = {0};
    struct intent holder;

    if (target != NULL && status_classify(record->kind, record->status) != STATUS_BAD &&
        !journal_holder(ops->journal, charge ? OP_CHARGE : OP_REFUND, target, &arena, &holder,
                        NULL))
        for (size_t i = 0; i < undone->count; i++)
            if (strcmp(undone->rows[i].target, target) == 0)
                reconcile_late(ops, &undone->rows[i], record);
    arena_done(&arena);
}

static void check_rows(struct ops *ops, const struct row_page *page,
                       const struct intent_page *undone)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct record *record = &page->rows[i].record;
        const char *tag = judge_tag_in(record->custom_reference);
        struct arena arena = {0};
        struct intent intent;
        if ((tag != NULL && journal_find_tag(ops->journal, tag, &arena, &intent, NULL)) ||
            journal_find_claim(ops->journal, record->id, &arena, &intent, NULL))
            hold_against(ops, &intent, record);
        else if (tag == NULL && undone->count > 0)
            hold_against_undone(ops, undone, record);
        arena_done(&arena);
    }
}

static void check_list(struct ops *ops, enum record_kind kind)
{
    struct list_spec spec = {.kind = kind};
    struct intent_page undone = {0};
    struct row_page page;
    bool named = false;

    if (!cache_list(ops->cache, &(struct page_request){.spec = &spec, .limit = ROWS_BACK}, &page,
                    NULL))
        return;
    int64_t oldest = INT64_MAX;
    for (size_t i = 0; i < page.count; i++) {
        const struct record *record = &page.rows[i].record;
        named |= kind == REC_PAYMENT && record->custom_reference != NULL; /* never empty */
        if (record->created.ms != 0 && record->created.ms < oldest)
            oldest = record->created.ms;
    }
    if (!named && page.count > 0) /* where charges are named, a nameless one is not of ours */
        find_undone(ops, kind == REC_PAYMENT, reconcile_since(ops, oldest), &undone);
    check_rows(ops, &page, &undone);
    intent_page_done(&undone);
    row_page_done(&page);
}

void ops_hold_against_lists(struct ops *ops, unsigned bits)
{
    if (!journal_usable(ops->journal, NULL))
        return;
    if ((bits & CHANGED_PAYMENTS) != 0)
        check_list(ops, REC_PAYMENT);
    if ((bits & CHANGED_MODIFICATIONS) != 0)
        check_list(ops, REC_MODIFICATION);
    reconcile_plan(ops); /* other consoles on this journal may have left something to follow */
}
