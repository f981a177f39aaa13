/* Modifications, pay links and sending again by hand, against the bundled simulator; its ledger is
   the referee. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_money.h"

/* --- modifications --------------------------------------------------------------------------- */

static void rejected(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char payment[64];

    snprintf(payment, sizeof payment, "%s",
             till_run(till, &request, INTENT_CONFIRMED)->server_reference);
    request = till_modify(till, OP_REFUND, payment, 13);
    const struct intent *intent = till_run(till, &request, INTENT_REJECTED);
    assert_int_equal(intent->code, 12001);
    assert_int_equal(intent->http_status, 400);
    assert_non_null(intent->trace_id);
    till_referee(till, intent, 0);
}

static void refunds(void **state)
{
    struct till *till = *state;
    const char *payment = till_charged(till, 5000, false);
    struct op_request request = till_modify(till, OP_REFUND, payment, 2000);
    char id[INTENT_ID_SIZE];
    struct err err = {0};

    till_start(till, &request, id);
    const struct intent *intent = till_wait(till, id, INTENT_ACCEPTED);
    assert_non_null(intent->server_reference);
    struct op_request second = till_modify(till, OP_REFUND, payment, 1000);
    char unused[INTENT_ID_SIZE];
    assert_false(op_start(till->ops, &second, unused, &err)); /* one at a time */
    assert_int_equal(err.code, ERR_CONFLICT);
    till_wait(till, id, INTENT_SUCCEEDED);
    till_referee(till, till_get(till, id), 1);

    request = till_modify(till, OP_REFUND, payment, 3001);
    assert_int_equal(request.seen.left, 3000);
    assert_false(op_start(till->ops, &request, id, &err));
    assert_int_equal(err.code, ERR_INVALID);
    request = till_modify(till, OP_REFUND, payment, 11); /* fails after a while */
    intent = till_run(till, &request, INTENT_FAILED);
    assert_non_null(intent->why);
    assert_false(intent->acknowledged);
    request = till_modify(till, OP_REFUND, payment, 3000);
    till_run(till, &request, INTENT_SUCCEEDED);
    request = till_modify(till, OP_REFUND, payment, 1);
    assert_false(op_start(till->ops, &request, id, &err));
}

static void holds(void **state)
{
    struct till *till = *state;
    struct err err = {0};
    char id[INTENT_ID_SIZE], payment[64];

    snprintf(payment, sizeof payment, "%s", till_charged(till, 5000, true));
    struct op_request request = till_modify(till, OP_REFUND, payment, 100);
    assert_false(op_start(till->ops, &request, id, &err));
    request = till_modify(till, OP_EXTEND, payment, 0);
    till_run(till, &request, INTENT_SUCCEEDED);
    request = till_modify(till, OP_CAPTURE, payment, 5001);
    assert_false(op_start(till->ops, &request, id, &err));
    request = till_modify(till, OP_CAPTURE, payment, 4000);
    till_run(till, &request, INTENT_SUCCEEDED);
    request = till_modify(till, OP_CANCEL, payment, 0);
    assert_false(op_start(till->ops, &request, id, &err));
    snprintf(payment, sizeof payment, "%s", till_charged(till, 6000, true));
    request = till_modify(till, OP_CANCEL, payment, 0);
    till_run(till, &request, INTENT_SUCCEEDED);
}

/* Another desk refunds between the form and the send. */
static void stale_facts(void **state)
{
    struct till *till = *state;
    const char *payment = till_charged(till, 5000, false);
    struct op_request first = till_modify(till, OP_REFUND, payment, 1000);
    struct op_request second = till_modify(till, OP_REFUND, payment, 2000);
    char id[INTENT_ID_SIZE];

    till_run(till, &first, INTENT_SUCCEEDED);
    till_start(till, &second, id); /* seen before the first was made */
    till_check_unsent(till, id, "changed:");
}

/* The same where the look brings more rows than are stored in one go. */
static void stale_facts_of_a_long_list(void **state)
{
    struct till *till = *state;
    const char *payment = till_charged(till, 5000, false);
    struct op_request first = till_modify(till, OP_REFUND, payment, 1000);
    struct op_request second = till_modify(till, OP_REFUND, payment, 2000);
    char id[INTENT_ID_SIZE];

    till_run(till, &first, INTENT_SUCCEEDED);
    assert_true(db_run(till->cache->db, NULL, "DELETE FROM modifications", ""));
    till_faults(till, "GET*:twins=150");
    till_start(till, &second, id);
    till_check_unsent(till, id, "changed:");
}

/* What the cache could not take in, it does not add up. */
static void a_look_that_is_not_stored(void **state)
{
    struct till *till = *state;
    struct op_request request =
        till_modify(till, OP_REFUND, till_charged(till, 5000, false), 1000);
    char id[INTENT_ID_SIZE];

    till_start(till, &request, id);
    till->cache->building = true;
    till_check_unsent(till, id, "look: indexes are being built");
    till->cache->building = false;
}

/* Found again by what is new on the payment's list. */
static void modification_faults(void **state)
{
    struct till *till = *state;
    static const struct {
        const char *faults;
        enum intent_state last;
        int executions;
    } rows[] = {
        {"POST/payment/refund:drop-after", INTENT_SUCCEEDED, 1},
        {"POST/payment/refund:drop-before", INTENT_NOT_EXECUTED, 0},
        {"POST/payment/refund:500-after", INTENT_SUCCEEDED, 1},
        {"POST/payment/refund:garbage", INTENT_SUCCEEDED, 1},
        {"POST/payment/refund:409", INTENT_NOT_EXECUTED, 0},
    };
    char payment[64], id[INTENT_ID_SIZE];

    snprintf(payment, sizeof payment, "%s", till_charged(till, 9000, false));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct op_request request = till_modify(till, OP_REFUND, payment, 500);
        till_faults(till, rows[i].faults);
        till_start(till, &request, id);
        till_wait(till, id, INTENT_UNKNOWN);
        const struct intent *intent = till_wait(till, id, rows[i].last);
        till_referee(till, intent, rows[i].executions);
    }
}

/* --- links ----------------------------------------------------------------------------------- */

static void links(void **state)
{
    struct till *till = *state;
    struct op_request request = till_link(25000);
    const struct intent *intent = till_run(till, &request, INTENT_CONFIRMED);

    assert_non_null(intent->payment_url);
    assert_non_null(intent->server_reference);
    till_referee(till, intent, 1);
}

/* A link moves no money: it is sent again by itself, with the same key, three times at most. */
static void link_again(void **state)
{
    struct till *till = *state;
    struct op_request request = till_link(25000);
    char id[INTENT_ID_SIZE];

    till_faults(till, "POST/payment/session:drop-afterx1");
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    ops_look_now(till->ops, id);
    const struct intent *intent = till_wait(till, id, INTENT_CONFIRMED);
    assert_int_equal(intent->attempt, 2);
    assert_non_null(intent->payment_url);
    assert_int_equal(sim_requests_of_key(till->sim, id), 2);
    till_referee(till, intent, 1);

    till_faults(till, "POST/payment/session:drop-before");
    request = till_link(25000);
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    while (till_get(till, id)->state != INTENT_NOT_EXECUTED) {
        ops_look_now(till->ops, id);
        loop_turn(till->loop, 20);
    }
    assert_int_equal(sim_requests_of_key(till->sim, id), 3);
}

/* --- sending again by hand ------------------------------------------------------------------- */

static void replay(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];
    struct err err = {0};

    till->settings.quiet_charge_ms = 60000;
    till_close(till);
    till_open(till);
    till_faults(till, "POST/pos/payment:drop-beforex1");
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    assert_true(op_replay(till->ops, id, &err));
    assert_false(op_replay(till->ops, id, &err)); /* one at a time */
    const struct intent *intent = till_wait(till, id, INTENT_CONFIRMED);
    assert_int_equal(intent->attempt, 2);
    till_referee(till, intent, 1);
    assert_false(op_replay(till->ops, id, &err)); /* it has ended */

    /* a list that cannot be read shows nothing, but proves nothing either: not sent */
    till_faults(till, "POST/pos/payment:drop-beforex1,GET/pos/payments:502-html=404");
    request = till_charge(TERMINAL_2, 1450);
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    assert_true(op_replay(till->ops, id, &err));
    while (ops_in_flight(till->ops) > 0)
        loop_turn(till->loop, 100);
    assert_int_equal(till_get(till, id)->state, INTENT_UNKNOWN);
    assert_int_equal(sim_requests_of_key(till->sim, id), 1);

    /* executed after all: the look finds it, nothing is sent */
    till_faults(till, "POST/pos/payment:drop-afterx1");
    request = till_charge(TERMINAL_1, 1350);
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    assert_true(op_replay(till->ops, id, &err));
    intent = till_wait(till, id, INTENT_CONFIRMED);
    assert_int_equal(intent->attempt, 1);
    till_referee(till, intent, 1);
}

/* A refused replay says nothing about the first try; a third try is the last; old ones are not
 * sent. */
static void replay_limits(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];
    struct err err = {0};

    till->settings.quiet_charge_ms = 60000;
    till_close(till);
    till_open(till);
    till_faults(till, "POST/pos/payment:drop-before");
    till_start(till, &request, id);
    for (int attempt = 1; attempt < JUDGE_MAX_ATTEMPTS; attempt++) {
        till_wait(till, id, INTENT_UNKNOWN);
        assert_true(op_replay(till->ops, id, &err));
        while (till_get(till, id)->attempt == attempt || ops_in_flight(till->ops) > 0)
            loop_turn(till->loop, 100);
    }
    till_wait(till, id, INTENT_UNKNOWN);
    assert_false(op_replay(till->ops, id, &err));
    assert_int_equal(sim_requests_of_key(till->sim, id), JUDGE_MAX_ATTEMPTS);

    request = till_charge(TERMINAL_2, 1250);
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    assert_true(db_run(till->journal->db, &err,
                       "UPDATE intent SET rev = rev + 1, sent_boot_ms = sent_boot_ms - 1200000"
                       " WHERE intent_id = ?",
                       "t", id));
    assert_false(op_replay(till->ops, id, &err));
    assert_non_null(strstr(err.detail, "too old"));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, till_setup, till_teardown)
    const struct CMUnitTest tests[] = {
        TEST(rejected),
        TEST(refunds),
        TEST(holds),
        TEST(stale_facts),
        TEST(stale_facts_of_a_long_list),
        TEST(a_look_that_is_not_stored),
        TEST(modification_faults),
        TEST(links),
        TEST(link_again),
        TEST(replay),
        TEST(replay_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
