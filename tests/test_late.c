/* What comes to light after an intent has ended: it contradicts what it can, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_clock.h"
#include "support_money.h"

#define DAY_MS INT64_C(86400000)

/* --- clocks ---------------------------------------------------------------------------------- */

static const char *boot = "boot-1";

static const char *this_boot(void)
{
    return boot;
}

/* --- rows ------------------------------------------------------------------------------------ */

struct shown_row {
    const char *id, *status, *custom;
    const char *payment; /* a refund of it; NULL: a payment on the first terminal */
    int64_t minor, created_ms;
};

/* created_ms 0: it bears no time. */
static struct record record_of(const struct shown_row *row)
{
    bool refund = row->payment != NULL;
    struct record record = {.kind = refund ? REC_MODIFICATION : REC_PAYMENT,
                            .id = row->id,
                            .payment_reference = refund ? row->payment : row->id,
                            .type = refund ? "refund" : NULL,
                            .status = row->status,
                            .poi_id = refund ? NULL : TERMINAL_1,
                            .custom_reference = row->custom,
                            .amount = money_make(row->minor, "EUR"),
                            .is_preauth = -1,
                            .raw = "{}"};
    struct civil at = time_to_civil(row->created_ms);
    char text[40];

    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", at.year % 10000, at.month, at.day,
             at.hour, at.minute, at.second);
    if (row->created_ms != 0)
        stamp_parse(text, &record.created);
    return record;
}

static void show(struct till *till, const struct shown_row *row)
{
    struct record record = record_of(row);
    struct err err = {0};

    if (!cache_store(till->cache, &record, 1, SOURCE_LIST, NULL, &err))
        fail_msg("store: %s", err.detail);
    ops_hold_against_lists(till->ops, CHANGED_PAYMENTS | CHANGED_MODIFICATIONS);
}

static void show_payment(struct till *till, const char *id, const char *custom, int64_t minor)
{
    show(till, &(struct shown_row){.id = id,
                                   .status = "success",
                                   .custom = custom,
                                   .minor = minor,
                                   .created_ms = clock_utc_ms()});
}

static void name_of(struct till *till, const char *id, char custom[64])
{
    snprintf(custom, 64, "RES-2026~%s", till_get(till, id)->tag);
}

/* --- "not charged", and the charge comes to light --------------------------------------------- */

/* A charge whose answer is lost, and that then ends by this. */
static void end_lost(struct till *till, char id[INTENT_ID_SIZE], const struct intent_move *move)
{
    struct op_request request = till_charge(TERMINAL_1, 1250);
    struct err err = {0};

    till_faults(till, "POST/pos/payment:drop-before,GET/pos/payments:502-html=404");
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    if (!journal_learn(till->journal, id, move, &err))
        fail_msg("learn: %s", err.detail);
    assert_int_equal(till_get(till, id)->state, move->to);
}

static void charged_after_all(void **state)
{
    static const struct intent_move ends[] = {
        {.to = INTENT_REJECTED},
        {.to = INTENT_NOT_EXECUTED},
        {.to = INTENT_DECLINED, .server_reference = "HOTEL9-POSXT-900000", .evidence = "like it"}};
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1400);
    char id[INTENT_ID_SIZE], custom[64], object[32];

    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        end_lost(till, id, &ends[i]);
        name_of(till, id, custom);
        snprintf(object, sizeof object, "HOTEL9-POSXT-90010%zu", i);
        show_payment(till, object, custom, 1250);
        assert_int_equal(till_get(till, id)->state, INTENT_MANUAL);
    }
    till_start(till, &request, id);
    assert_true(op_back_out(till->ops, id, NULL));
    name_of(till, id, custom);
    show_payment(till, "HOTEL9-POSXT-900003", custom, 1400);
    assert_int_equal(till_get(till, id)->state, INTENT_MANUAL);
}

/* Rows bear no names: what was adopted was only like ours. What an answer said stands. */
static void adopted_refusal(void **state)
{
    static const struct intent_move told = {.to = INTENT_DECLINED,
                                            .server_reference = "HOTEL9-POSXT-800001"};
    static const struct intent_move like = {.to = INTENT_DECLINED,
                                            .server_reference = "HOTEL9-POSXT-800002",
                                            .evidence = "found in the list"};
    struct till *till = *state;
    char first[INTENT_ID_SIZE], second[INTENT_ID_SIZE];

    end_lost(till, first, &told);
    end_lost(till, second, &like);
    show_payment(till, "HOTEL9-POSXT-800003", NULL, 1251);
    assert_int_equal(till_get(till, second)->state, INTENT_DECLINED);
    show_payment(till, "HOTEL9-POSXT-800004", NULL, 1250);
    assert_int_equal(till_get(till, first)->state, INTENT_DECLINED);
    assert_int_equal(till_get(till, second)->state, INTENT_MANUAL);
    assert_non_null(strstr(till_get(till, second)->why, "taken for declined"));
}

/* --- modifications ---------------------------------------------------------------------------- */

static void lose_refund(struct till *till, char payment[64], char id[INTENT_ID_SIZE])
{
    struct op_request request = till_charge(TERMINAL_1, 5000);

    snprintf(payment, 64, "%s", till_run(till, &request, INTENT_CONFIRMED)->server_reference);
    till_faults(till, "POST/payment/*:drop-before");
    request = till_modify(till, OP_REFUND, payment, 2000);
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
}

/* Another host's refund failed and was taken for ours, which comes later. */
static void adopted_failure(void **state)
{
    struct till *till = *state;
    char payment[64], id[INTENT_ID_SIZE];
    struct intent_move accepted = {.to = INTENT_ACCEPTED,
                                   .server_reference = "HOTEL9-TEST-700001",
                                   .evidence = "found in the list"};
    struct intent_move failed = {.to = INTENT_FAILED, .why = "failed"};

    lose_refund(till, payment, id);
    assert_true(journal_learn(till->journal, id, &accepted, NULL));
    assert_true(journal_learn(till->journal, id, &failed, NULL));
    show(till, &(struct shown_row){.id = "HOTEL9-TEST-700002",
                                   .status = "success",
                                   .payment = payment,
                                   .minor = 2000,
                                   .created_ms = clock_utc_ms()});
    assert_int_equal(till_get(till, id)->state, INTENT_MANUAL);
}

/* The same amount again a month later is another one; a day later it may be ours. */
static void refund_of_a_month_later(void **state)
{
    struct till *till = *state;
    char payment[64], id[INTENT_ID_SIZE];
    struct shown_row row = {.id = "HOTEL9-TEST-600001", .status = "success", .minor = 2000};

    lose_refund(till, payment, id);
    till_wait(till, id, INTENT_NOT_EXECUTED);
    row.payment = payment;
    row.created_ms = clock_utc_ms() + 30 * DAY_MS;
    show(till, &row);
    assert_int_equal(till_get(till, id)->state, INTENT_NOT_EXECUTED);
    row.id = "HOTEL9-TEST-600002";
    row.created_ms = clock_utc_ms() + DAY_MS;
    show(till, &row);
    assert_int_equal(till_get(till, id)->state, INTENT_MANUAL);
}

static void charge_of_a_month_later(void **state)
{
    static const struct intent_move absent = {.to = INTENT_NOT_EXECUTED, .why = "absent"};
    struct till *till = *state;
    char id[INTENT_ID_SIZE];
    struct shown_row row = {.id = "HOTEL9-POSXT-500001", .status = "success", .minor = 1250};

    boot = "5f0e1c52-1111-4e9c-8d0e-000000000001";
    clock_replace_boot_id(this_boot);
    end_lost(till, id, &absent);
    till_close(till);
    boot = "5f0e1c52-1111-4e9c-8d0e-000000000002";
    till_open(till);
    row.created_ms = clock_utc_ms() + 30 * DAY_MS;
    show(till, &row);
    assert_int_equal(till_get(till, id)->state, INTENT_NOT_EXECUTED);
    row.id = "HOTEL9-POSXT-500002";
    row.created_ms = clock_utc_ms() + DAY_MS;
    show(till, &row);
    assert_int_equal(till_get(till, id)->state, INTENT_MANUAL);
    clock_replace_boot_id(NULL);
}

/* --- a person's word -------------------------------------------------------------------------- */

/* Two objects of one name: once a person has closed it, only a third one opens it again. */
static void closed_by_hand(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE], custom[64];

    till_start(till, &request, id);
    till_wait(till, id, INTENT_CONFIRMED);
    name_of(till, id, custom);
    for (int third = 0; third < 2; third++) {
        show_payment(till, third ? "HOTEL9-POSXT-400002" : "HOTEL9-POSXT-400001", custom, 1250);
        assert_int_equal(till_get(till, id)->state, INTENT_MANUAL);
        assert_true(journal_resolve(till->journal, id, true, "one was refunded", NULL));
        ops_hold_against_lists(till->ops, CHANGED_PAYMENTS);
        assert_int_equal(till_get(till, id)->state, INTENT_RESOLVED);
    }
}

/* --- not of ours ------------------------------------------------------------------------------ */

/* A name of ours on something else than was asked for tells nothing of how that has ended. */
static void name_on_something_else(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    struct op_request link = {.kind = OP_LINK, .amount = money_make(1250, "EUR")};
    char id[INTENT_ID_SIZE], custom[64];

    till_start(till, &request, id);
    till_wait(till, id, INTENT_CONFIRMED);
    name_of(till, id, custom);
    show_payment(till, "HOTEL9-POSXT-300001", custom, 9900);
    assert_int_equal(till_get(till, id)->state, INTENT_CONFIRMED);
    random_uuid(link.form_id);
    till_start(till, &link, id);
    till_wait(till, id, INTENT_CONFIRMED);
    name_of(till, id, custom);
    show_payment(till, "HOTEL9-POSXT-300002", custom, 1250);
    assert_int_equal(till_get(till, id)->state, INTENT_CONFIRMED);
}

/* Neither an empty name nor one of others is one of ours. No time excludes nothing. */
static void no_name_and_no_time(void **state)
{
    static const struct intent_move absent = {.to = INTENT_NOT_EXECUTED, .why = "absent"};
    struct till *till = *state;
    struct shown_row row = {
        .id = "HOTEL9-POSXT-310001", .status = "success", .custom = "", .minor = 1250};
    struct intent stranger;
    struct record record = record_of(&row);
    char id[INTENT_ID_SIZE];

    end_lost(till, id, &absent);
    stranger = *till_get(till, id);
    stranger.id[0] = 'x';
    reconcile_late(till->ops, &stranger, &record); /* is in no journal */
    assert_int_equal(till_get(till, id)->state, INTENT_NOT_EXECUTED);
    show(till, &row);
    assert_int_equal(till_get(till, id)->state, INTENT_MANUAL);
}

/* Found by its name while its answer was awaited: a row without one says nothing against it. */
static void never_unknown(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    struct intent_move declined = {.to = INTENT_DECLINED,
                                   .server_reference = "HOTEL9-POSXT-350001",
                                   .evidence = "found in the list"};
    struct shown_row row = {.id = "HOTEL9-POSXT-350002", .status = "success", .minor = 1250};
    char id[INTENT_ID_SIZE];

    till_faults(till, "POST/pos/payment:silent");
    till_start(till, &request, id);
    till_wait(till, id, INTENT_SENT);
    assert_true(journal_learn(till->journal, id, &declined, NULL));
    row.created_ms = clock_utc_ms() + 30 * DAY_MS;
    show(till, &row);
    row.id = "HOTEL9-POSXT-350003";
    row.created_ms = clock_utc_ms();
    show(till, &row);
    assert_int_equal(till_get(till, id)->state, INTENT_DECLINED);
}

/* --- refunds of others ------------------------------------------------------------------------ */

static void refunds_by_others(void **state)
{
    static const struct {
        const char *status; /* of the payment, NULL: not in the lists */
        int preauth;
        int64_t refunded;
        enum intent_state end;
    } cases[] = {
        {NULL, 0, 0, INTENT_UNKNOWN},           /* nothing is known of it */
        {"success", 1, 5001, INTENT_UNKNOWN},   /* its capture has not been read */
        {"success", 0, 5000, INTENT_UNKNOWN},   /* not too much */
        {"success", 0, 5001, INTENT_MANUAL},
        {"pending", 0, 1, INTENT_MANUAL},
    };
    struct till *till = *state;
    char payment[64], id[INTENT_ID_SIZE];

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char object[2][32];
        snprintf(object[0], sizeof object[0], "HOTEL9-POSXT-36000%zu", i);
        snprintf(object[1], sizeof object[1], "HOTEL9-TEST-36000%zu", i);
        lose_refund(till, payment, id);
        struct intent intent = *till_get(till, id);
        struct record rows[] = {
            record_of(&(struct shown_row){object[0], cases[i].status, NULL, NULL, 5000, 1}),
            record_of(&(struct shown_row){object[1], "success", NULL, object[0],
                                          cases[i].refunded, 1}),
        };
        rows[0].is_preauth = cases[i].preauth;
        if (cases[i].status != NULL) {
            assert_true(cache_store(till->cache, &rows[0], 1, SOURCE_LIST, NULL, NULL));
            assert_true(cache_store(till->cache, &rows[1], 1, SOURCE_LIST, NULL, NULL));
        }
        intent.target = object[0];
        reconcile_check_refunds(till->ops, &intent);
        assert_int_equal(till_get(till, id)->state, cases[i].end);
    }
}

/* --- a second reading that never comes whole ------------------------------------------------- */

static void look(struct till *till, const char *id)
{
    uint64_t before = sim_requests_seen(till->sim, "GET/pos/payments");

    ops_look_now(till->ops, id);
    while (sim_requests_seen(till->sim, "GET/pos/payments") == before)
        loop_turn(till->loop, 10);
    for (int i = 0; i < 20; i++)
        loop_turn(till->loop, 10);
}

static void absent_once(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];

    till_close(till);
    till->settings.second_read_ms = 60000;
    till_open(till);
    till_faults(till, "POST/pos/payment:drop-before");
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    clocks_put_on(1000, 1000); /* the quiet period is over */
    look(till, id);
    assert_int_equal(till_get(till, id)->state, INTENT_UNKNOWN);
    till_faults(till, "GET/pos/payments:502-html=404,GET/pos/payments:502-html=404,"
                      "GET/pos/payments:502-html=404,GET/pos/payments:502-html=404");
    clocks_put_on(2 * DAY_MS, 2 * DAY_MS);
    look(till, id);
    assert_non_null(strstr(till_wait(till, id, INTENT_MANUAL)->why, "within a day"));
}

/* Its transfer went on after all: quiet begins anew, and what was absent before is to be read twice
   again. */
static void absence_outdated(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    struct intent_move late = {.to = INTENT_UNKNOWN, .why = "no answer came"};
    char id[INTENT_ID_SIZE];

    till_close(till);
    till->settings.second_read_ms = 60000;
    till_open(till);
    till_faults(till, "POST/pos/payment:drop-before");
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    clocks_put_on(1000, 1000);
    look(till, id); /* absent once */
    clocks_put_on(100, 100);
    assert_true(journal_learn(till->journal, id, &late, NULL));
    look(till, id);
    clocks_put_on(61000, 61000);
    look(till, id); /* absent once in this quiet period */
    assert_int_equal(till_get(till, id)->state, INTENT_UNKNOWN);
    clocks_put_on(61000, 61000);
    look(till, id);
    till_wait(till, id, INTENT_NOT_EXECUTED);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, till_setup, till_teardown)
    const struct CMUnitTest tests[] = {
        TEST(charged_after_all),
        TEST(adopted_refusal),
        TEST(adopted_failure),
        TEST(refund_of_a_month_later),
        TEST(charge_of_a_month_later),
        TEST(closed_by_hand),
        TEST(name_on_something_else),
        TEST(no_name_and_no_time),
        TEST(never_unknown),
        TEST(refunds_by_others),
        TEST(absent_once),
        TEST(absence_outdated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
