/* What is known of a payment's money, and what may be done with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_cache.h"

static void store(struct box *box, const struct record *record)
{
    struct err err = {0};

    if (!cache_store(box->cache, record, 1, SOURCE_LIST, NULL, &err))
        fail_msg("cache_store: %s", err.detail);
}

struct change_row {
    const char *type, *status;
    int64_t minor; /* -1: the API gave no amount */
};

struct facts_case {
    int preauth;
    const char *status;
    struct change_row changes[4];
    int64_t captured, refunded, refunding, left;
    enum why_not refund, capture, cancel, extend;
};
static const struct facts_case cases[] = {
    {0,
     "success",
     {{0}},
     5000,
     0,
     0,
     5000,
     WHY_POSSIBLE,
     WHY_NOT_PREAUTH,
     WHY_NOT_PREAUTH,
     WHY_NOT_PREAUTH},
    {0, "refused", {{0}}, 0, 0, 0, 0, WHY_STATUS, WHY_STATUS, WHY_STATUS, WHY_STATUS},
    {0, "new-word", {{0}}, 0, 0, 0, 0, WHY_STATUS, WHY_STATUS, WHY_STATUS, WHY_STATUS},
    {0,
     "success",
     {{"refund", "success", 2000}, {"refund", "pending", 1000}},
     5000,
     2000,
     1000,
     2000,
     WHY_POSSIBLE,
     WHY_NOT_PREAUTH,
     WHY_NOT_PREAUTH,
     WHY_NOT_PREAUTH},
    {0,
     "success",
     {{"refund", "success", 2000}, {"refund", "odd", 3000}},
     5000,
     2000,
     3000,
     0,
     WHY_NOTHING_LEFT,
     WHY_NOT_PREAUTH,
     WHY_NOT_PREAUTH,
     WHY_NOT_PREAUTH},
    {0,
     "success",
     {{"refund", "failed", 5000}},
     5000,
     0,
     0,
     5000,
     WHY_POSSIBLE,
     WHY_NOT_PREAUTH,
     WHY_NOT_PREAUTH,
     WHY_NOT_PREAUTH},
    {0,
     "success",
     {{"refund", "success", -1}},
     0,
     0,
     0,
     0,
     WHY_UNKNOWN_AMOUNT,
     WHY_UNKNOWN_AMOUNT,
     WHY_NOT_PREAUTH,
     WHY_NOT_PREAUTH},
    {1, "success", {{0}}, 0, 0, 0, 0, WHY_NOT_CAPTURED, WHY_POSSIBLE, WHY_POSSIBLE, WHY_POSSIBLE},
    {1,
     "success",
     {{"refund", "success", -1}},
     0,
     0,
     0,
     0,
     WHY_UNKNOWN_AMOUNT,
     WHY_UNKNOWN_AMOUNT,
     WHY_UNKNOWN_AMOUNT,
     WHY_UNKNOWN_AMOUNT},
    {1,
     "success",
     {{"capture", "received", 4000}},
     0,
     0,
     0,
     0,
     WHY_IN_PROGRESS,
     WHY_IN_PROGRESS,
     WHY_IN_PROGRESS,
     WHY_IN_PROGRESS},
    {1,
     "success",
     {{"capture", "received", -1}},
     0,
     0,
     0,
     0,
     WHY_UNKNOWN_AMOUNT,
     WHY_UNKNOWN_AMOUNT,
     WHY_IN_PROGRESS,
     WHY_IN_PROGRESS},
    {1,
     "success",
     {{"capture", "success", 4000}, {"refund", "pending", 1500}},
     4000,
     0,
     1500,
     2500,
     WHY_POSSIBLE,
     WHY_ALREADY_CAPTURED,
     WHY_ALREADY_CAPTURED,
     WHY_ALREADY_CAPTURED},
    {1,
     "success",
     {{"capture", "failed", 4000}},
     0,
     0,
     0,
     0,
     WHY_NOT_CAPTURED,
     WHY_POSSIBLE,
     WHY_POSSIBLE,
     WHY_POSSIBLE},
    {1,
     "success",
     {{"cancel", "received", -1}},
     0,
     0,
     0,
     0,
     WHY_IN_PROGRESS,
     WHY_IN_PROGRESS,
     WHY_IN_PROGRESS,
     WHY_IN_PROGRESS},
    {1,
     "success",
     {{"cancel", "success", -1}},
     0,
     0,
     0,
     0,
     WHY_ALREADY_CANCELLED,
     WHY_ALREADY_CANCELLED,
     WHY_ALREADY_CANCELLED,
     WHY_ALREADY_CANCELLED},
    {1,
     "success",
     {{"extend", "received", -1}},
     0,
     0,
     0,
     0,
     WHY_NOT_CAPTURED,
     WHY_IN_PROGRESS,
     WHY_IN_PROGRESS,
     WHY_IN_PROGRESS},
    {1,
     "success",
     {{"extend", "success", -1}},
     0,
     0,
     0,
     0,
     WHY_NOT_CAPTURED,
     WHY_POSSIBLE,
     WHY_POSSIBLE,
     WHY_POSSIBLE},
    {-1,
     "success",
     {{"capture", "success", 5000}},
     5000,
     0,
     0,
     5000,
     WHY_POSSIBLE,
     WHY_ALREADY_CAPTURED,
     WHY_ALREADY_CAPTURED,
     WHY_ALREADY_CAPTURED},
};

static void store_case(struct box *box, const char *id, const struct facts_case *row)
{
    char change_id[64];
    struct record payment = {.kind = REC_PAYMENT,
                             .id = id,
                             .status = row->status,
                             .amount = money_make(5000, "EUR"),
                             .is_preauth = row->preauth};

    stamp_parse("2026-11-20 10:00:00", &payment.created);
    store(box, &payment);
    for (size_t i = 0; i < COUNT_OF(row->changes) && row->changes[i].type != NULL; i++) {
        const struct change_row *change = &row->changes[i];
        snprintf(change_id, sizeof change_id, "%s-%zu", id, i);
        struct record record = {.kind = REC_MODIFICATION,
                                .id = change_id,
                                .is_preauth = -1,
                                .payment_reference = id,
                                .type = change->type,
                                .status = change->status};
        if (change->minor >= 0)
            record.amount = money_make(change->minor, "EUR");
        stamp_parse("2026-11-21 10:00:00", &record.created);
        store(box, &record);
    }
}

static void facts_follow_the_table(void **state)
{
    struct box box;

    (void)state;
    box_open(&box);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct payment_facts facts;
        char id[32];
        snprintf(id, sizeof id, "HOTEL9-POSXT-%zu", i);
        store_case(&box, id, &cases[i]);
        assert_true(cache_payment_facts(box.cache, id, &facts, NULL));
        if (facts.captured != cases[i].captured || facts.refunded != cases[i].refunded ||
            facts.refunding != cases[i].refunding || facts.left != cases[i].left)
            fail_msg("case %zu: captured %ld refunded %ld refunding %ld left %ld", i,
                     (long)facts.captured, (long)facts.refunded, (long)facts.refunding,
                     (long)facts.left);
        assert_int_equal(payment_action_possible(&facts, OP_REFUND), cases[i].refund);
        assert_int_equal(payment_action_possible(&facts, OP_CAPTURE), cases[i].capture);
        assert_int_equal(payment_action_possible(&facts, OP_CANCEL), cases[i].cancel);
        assert_int_equal(payment_action_possible(&facts, OP_EXTEND), cases[i].extend);
        assert_int_equal(payment_action_possible(&facts, OP_CHARGE), WHY_POSSIBLE);
    }
    box_close(&box);
}

/* In a list: what the facts say of the hold, in one word. */
static void lists_say_what_became_of_a_hold(void **state)
{
    struct list_spec spec = {.kind = REC_PAYMENT};
    struct row_page page;
    struct box box;

    (void)state;
    box_open(&box);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char id[32];
        snprintf(id, sizeof id, "HOTEL9-POSXT-%zu", i);
        store_case(&box, id, &cases[i]);
    }
    assert_true(
        cache_list(box.cache, &(struct page_request){.spec = &spec, .limit = 100}, &page, NULL));
    assert_int_equal(page.count, COUNT_OF(cases));
    for (size_t i = 0; i < page.count; i++) {
        const struct row *row = &page.rows[i];
        struct payment_facts facts;
        assert_true(cache_payment_facts(box.cache, row->record.id, &facts, NULL));
        enum hold_state expected = row->record.is_preauth != 1 || !facts.final_enough ? HOLD_NONE
                                   : facts.captured_any ? HOLD_CAPTURED
                                   : facts.cancelled    ? HOLD_CANCELLED
                                                        : HOLD_HELD;
        if (row->hold != expected)
            fail_msg("%s: %d, not %d", row->record.id, (int)row->hold, (int)expected);
    }
    row_page_done(&page);
    box_close(&box);
}

static void a_kind_tells_its_status_words(void **state)
{
    struct arena arena = {0};
    const char *words[16];
    struct box box;

    (void)state;
    box_open(&box);
    assert_int_equal(cache_statuses(box.cache, REC_PAYMENT, &arena, words, 16), 0);
    for (size_t i = 0; i < 3; i++) {
        char id[32];
        snprintf(id, sizeof id, "HOTEL9-POSXT-%zu", i);
        store_case(&box, id, &cases[i]);
    }
    assert_int_equal(cache_count(box.cache, REC_PAYMENT), 3);
    assert_int_equal(cache_statuses(box.cache, REC_PAYMENT, &arena, words, 16), 3);
    assert_string_equal(words[0], "new-word");
    assert_string_equal(words[1], "refused");
    assert_string_equal(words[2], "success");
    assert_int_equal(cache_statuses(box.cache, REC_PAYMENT, &arena, words, 2), 2);
    struct filter *known = test_filter("status:approved,Refused -status:odd", REC_PAYMENT);
    struct filter *other = test_filter("x status:odd", REC_PAYMENT);
    assert_false(filter_asks_other_status(NULL, words, 3));
    assert_false(filter_asks_other_status(known, words, 3));
    assert_true(filter_asks_other_status(other, words, 3));
    filter_free(known);
    filter_free(other);
    arena_done(&arena);
    box_close(&box);
}

static void unknown_payment_is_not_found(void **state)
{
    struct payment_facts facts;
    struct box box;
    struct err err = {0};

    (void)state;
    box_open(&box);
    assert_false(cache_payment_facts(box.cache, "nothing", &facts, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    box_close(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_follow_the_table),
        cmocka_unit_test(lists_say_what_became_of_a_hold),
        cmocka_unit_test(a_kind_tells_its_status_words),
        cmocka_unit_test(unknown_payment_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
