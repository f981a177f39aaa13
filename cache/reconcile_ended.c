/* Holds what the lists say against the journal: confirms rows that have ended, raises those that
   the lists contradict, and ends open ones early when the lists happen to know. */
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
    else if (status == STATUS_BAD && !(charged_before && record->status != NULL &&
                                       strncmp(record->status, "cancel", 6) == 0))
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
    /* A modification is known here by its claim, so UNKNOWN ones are not concerned. */
    journal_learn(ops->journal, intent->id, &move, NULL);
}

/* A row that bears no name of ours and that nobody claims: may it be what was taken for absent? A
   charge only where no row is named, and nothing while somebody still looks for one like it. */
static void hold_against_absent(struct ops *ops, const struct record *record)
{
    bool charge = record->kind == REC_PAYMENT;
    bool undone = status_classify(record->kind, record->status) == STATUS_BAD;
    const char *target = charge ? record->poi_id : record->payment_reference;
    struct intent_page page;
    struct arena arena = {0};
    struct intent holder;

    if (target != NULL && !undone &&
        !journal_holder(ops->journal, charge ? OP_CHARGE : OP_REFUND, target, &arena, &holder,
                        NULL) &&
        journal_about(ops->journal, NULL, target, &page, NULL)) {
        for (size_t i = 0; i < page.count; i++)
            if (page.rows[i].state == INTENT_NOT_EXECUTED && page.rows[i].kind != OP_LINK)
                reconcile_late(ops, &page.rows[i], record);
        intent_page_done(&page);
    }
    arena_done(&arena);
}

static void check_list(struct ops *ops, enum record_kind kind)
{
    struct list_spec spec = {.kind = kind};
    struct row_page page;
    bool named = false;

    if (!cache_list(ops->cache, &(struct page_request){.spec = &spec, .limit = ROWS_BACK}, &page,
                    NULL))
        return;
    for (size_t i = 0; i < page.count && !named; i++)
        named = page.rows[i].record.custom_reference != NULL &&
                page.rows[i].record.custom_reference[0] != '\0';
    for (size_t i = 0; i < page.count; i++) {
        const struct record *record = &page.rows[i].record;
        const char *tag = judge_tag_in(record->custom_reference);
        struct arena arena = {0};
        struct intent intent;
        if ((tag != NULL && journal_find_tag(ops->journal, tag, &arena, &intent, NULL)) ||
            journal_find_claim(ops->journal, record->id, &arena, &intent, NULL))
            hold_against(ops, &intent, record);
        else if (tag == NULL && (kind == REC_MODIFICATION || !named))
            hold_against_absent(ops, record);
        arena_done(&arena);
    }
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
