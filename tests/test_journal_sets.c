/* Which intents are in which set: what is open, and what a person is to look at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "support_journal.h"

static void sets(void **state)
{
    struct jbox *box = *state;
    char id[6][INTENT_ID_SIZE];
    struct intent_page page;

    for (int i = 0; i < 6; i++)
        jbox_prepare(box, NULL, id[i]);
    jbox_move(box, id[1], INTENT_VOID, NULL);
    for (int i = 2; i < 6; i++)
        jbox_move(box, id[i], INTENT_SENT, NULL);
    jbox_move(box, id[3], INTENT_UNKNOWN, NULL);
    jbox_move(box, id[4], INTENT_ACCEPTED, "HOTEL9-RFXT-8");
    jbox_move(box, id[4], INTENT_FAILED, NULL);
    jbox_move(box, id[5], INTENT_CONFIRMED, "HOTEL9-POSXT-8");
    static const size_t counts[] = {
        [INTENTS_ALL] = 6,
        [INTENTS_OPEN] = 3,
        [INTENTS_UNRESOLVED] = 2,
        [INTENTS_ATTENTION] = 3};
    for (int set = INTENTS_ALL; set <= INTENTS_ATTENTION; set++) {
        assert_true(journal_list(box->journal, (enum intent_set)set, 0, &page, NULL));
        assert_int_equal(page.count, counts[set]);
        intent_page_done(&page);
    }
    assert_true(journal_acknowledge(box->journal, id[4], "guest was told", NULL));
    assert_true(journal_acknowledge(box->journal, id[5], NULL, NULL));
    assert_true(journal_list(box->journal, INTENTS_ATTENTION, 0, &page, NULL));
    assert_int_equal(page.count, 1);
    assert_string_equal(page.rows[0].id, id[3]);
    assert_true(page.rows[0].quiet_until_ms > 0);
    intent_page_done(&page);
    assert_true(journal_list(box->journal, INTENTS_ALL, 2, &page, NULL));
    assert_int_equal(page.count, 2);
    intent_page_done(&page);
}

/* How a charge ended, and what was once UNKNOWN, is to be seen until somebody has seen it. */
static void ends_stay_until_seen(void **state)
{
    static const struct {
        enum op_kind kind;
        enum intent_state by, end; /* by way of, INTENT_SENT: straight */
        bool stays;
    } cases[] = {
        {OP_CHARGE, INTENT_SENT, INTENT_CONFIRMED, true},
        {OP_CHARGE, INTENT_SENT, INTENT_DECLINED, true},
        {OP_CHARGE, INTENT_SENT, INTENT_REJECTED, true},
        {OP_CHARGE, INTENT_UNKNOWN, INTENT_CONFIRMED, true},
        {OP_CHARGE, INTENT_UNKNOWN, INTENT_NOT_EXECUTED, true},
        {OP_REFUND, INTENT_UNKNOWN, INTENT_NOT_EXECUTED, true},
        {OP_REFUND, INTENT_SENT, INTENT_REJECTED, false},
        {OP_LINK, INTENT_UNKNOWN, INTENT_NOT_EXECUTED, false},
    };
    struct jbox *box = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char id[INTENT_ID_SIZE], reference[32];
        struct intent_draft draft = jbox_charge(NULL);
        draft.kind = cases[i].kind;
        if (draft.kind == OP_LINK)
            draft.target = NULL;
        assert_true(journal_prepare(box->journal, &draft, NULL));
        snprintf(id, sizeof id, "%s", draft.id);
        snprintf(reference, sizeof reference, "HOTEL9-POSXT-%zu", i);
        jbox_move(box, id, INTENT_SENT, NULL);
        if (cases[i].by == INTENT_UNKNOWN)
            jbox_move(box, id, INTENT_UNKNOWN, NULL);
        jbox_check_count(box, INTENTS_ATTENTION, cases[i].by == INTENT_UNKNOWN);
        jbox_move(box, id, cases[i].end, reference);
        jbox_check_count(box, INTENTS_ATTENTION, cases[i].stays);
        assert_true(journal_acknowledge(box->journal, id, NULL, NULL));
        jbox_check_count(box, INTENTS_ATTENTION, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sets, jbox_setup, jbox_teardown),
        cmocka_unit_test_setup_teardown(ends_stay_until_seen, jbox_setup, jbox_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
