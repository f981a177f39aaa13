/* Every operation from form to result against the bundled simulator over real sockets; its ledger is the
   referee. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_money.h"

/* --- charges ---------------------------------------------------------------------------------- */

static void magic_amounts(void **state)
{
    struct till *till = *state;
    static const struct {
        int64_t minor;
        const char *terminal;
        enum intent_state first, last;
        int executions;
    } rows[] = {
        {1250, TERMINAL_1, INTENT_CONFIRMED, INTENT_CONFIRMED, 1},
        {1201, TERMINAL_1, INTENT_DECLINED, INTENT_DECLINED, 0},
        {1202, TERMINAL_1, INTENT_DECLINED, INTENT_DECLINED, 0},
        {1203, TERMINAL_1, INTENT_UNKNOWN, INTENT_NOT_EXECUTED, 0},
        {1204, TERMINAL_2, INTENT_UNKNOWN, INTENT_CONFIRMED, 1},
        {1205, TERMINAL_2, INTENT_CONFIRMED, INTENT_CONFIRMED, 1},
        {1206, TERMINAL_1, INTENT_UNKNOWN, INTENT_CONFIRMED, 1},
        {1207, TERMINAL_1, INTENT_UNKNOWN, INTENT_NOT_EXECUTED, 0},
        {1208, TERMINAL_2, INTENT_UNKNOWN, INTENT_CONFIRMED, 1},
        {1209, TERMINAL_1, INTENT_UNKNOWN, INTENT_NOT_EXECUTED, 0},
        {1250, TERMINAL_OFFLINE, INTENT_UNKNOWN, INTENT_NOT_EXECUTED, 0},
    };

    till_close(till);
    till->charge_timeout_ms = 150; /* shorter than the silence of ..08 */
    till_open(till);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct op_request request = till_charge(rows[i].terminal, rows[i].minor);
        char id[INTENT_ID_SIZE];
        till_start(till, &request, id);
        till_wait(till, id, rows[i].first);
        const struct intent *intent = till_wait(till, id, rows[i].last);
        assert_int_equal(intent->attempt, 1);
        assert_int_equal(sim_requests_of_key(till->sim, id), 1);
        till_referee(till, intent, rows[i].executions);
        assert_int_equal(ops_in_flight(till->ops), 0);
        bool object = rows[i].last == INTENT_CONFIRMED || rows[i].last == INTENT_DECLINED;
        assert_true((intent->server_reference != NULL) == object);
        if (object) { /* the list shows it at once */
            struct arena arena = {0};
            struct row row;
            assert_true(cache_get_record(till->cache, REC_PAYMENT, intent->server_reference, &arena,
                                         &row, NULL));
            assert_string_equal(row.reference, "RES-2026");
            arena_done(&arena);
        }
    }
    int64_t entries;
    assert_true(journal_verify(till->journal, &entries, NULL));
}

/* Absence proves nothing before the quiet period is over, and then only twice. */
static void not_executed_takes_time(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1207);
    char id[INTENT_ID_SIZE];

    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    int64_t began = clock_boot_ms();
    ops_look_now(till->ops, id);
    const struct intent *intent = till_wait(till, id, INTENT_NOT_EXECUTED);
    assert_true(clock_boot_ms() - began >= 400 + 60 - 20);
    struct arena arena = {0};
    struct intent_extra extra;
    assert_true(journal_get_extra(till->journal, intent->id, &arena, &extra, NULL));
    assert_non_null(strstr(extra.evidence, "absent from"));
    arena_done(&arena);
}

static void declined_says_why(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1201);
    const struct intent *intent = till_run(till, &request, INTENT_DECLINED);

    assert_string_equal(intent->server_status, "refused");
    assert_string_equal(intent->reference, "RES-2026");
    assert_string_equal(intent->person, "Ana");
}

/* The whole answer table over the wire, for faults the simulator can play. */
static void charge_faults(void **state)
{
    struct till *till = *state;
    static const struct {
        const char *faults;
        enum intent_state first, last;
        int executions;
    } rows[] = {
        {"POST/pos/payment:drop-before", INTENT_UNKNOWN, INTENT_NOT_EXECUTED, 0},
        {"POST/pos/payment:drop-after", INTENT_UNKNOWN, INTENT_CONFIRMED, 1},
        {"POST/pos/payment:500-after", INTENT_UNKNOWN, INTENT_CONFIRMED, 1},
        {"POST/pos/payment:500-before", INTENT_UNKNOWN, INTENT_NOT_EXECUTED, 0},
        {"POST/pos/payment:409", INTENT_UNKNOWN, INTENT_NOT_EXECUTED, 0},
        {"POST/pos/payment:429=0", INTENT_UNKNOWN, INTENT_NOT_EXECUTED, 0},
        {"POST/pos/payment:garbage", INTENT_UNKNOWN, INTENT_CONFIRMED, 1},
        {"POST/pos/payment:empty", INTENT_UNKNOWN, INTENT_CONFIRMED, 1},
        {"POST/pos/payment:cut=40", INTENT_UNKNOWN, INTENT_CONFIRMED, 1},
        {"POST/pos/payment:502-html-after", INTENT_UNKNOWN, INTENT_CONFIRMED, 1},
        {"POST/pos/payment:502-html=403", INTENT_UNKNOWN, INTENT_NOT_EXECUTED, 0},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char id[INTENT_ID_SIZE];
        struct op_request request = till_charge(TERMINAL_1, 2050);
        till_faults(till, rows[i].faults);
        till_start(till, &request, id);
        till_wait(till, id, rows[i].first);
        const struct intent *intent = till_wait(till, id, rows[i].last);
        till_referee(till, intent, rows[i].executions);
        assert_int_equal(sim_requests_of_key(till->sim, id), 1);
    }
}

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

static void one_charge_a_terminal(void **state)
{
    struct till *till = *state;
    struct op_request first = till_charge(TERMINAL_1, 1205), second = till_charge(TERMINAL_1, 990),
                      other = till_charge(TERMINAL_2, 990), again = first;
    char id[INTENT_ID_SIZE], id2[INTENT_ID_SIZE];
    struct err err = {0};

    till_start(till, &first, id);
    assert_false(op_start(till->ops, &second, id2, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.detail, id));
    till_start(till, &other, id2);
    till_wait(till, id, INTENT_CONFIRMED);
    till_wait(till, id2, INTENT_CONFIRMED);
    assert_false(op_start(till->ops, &again, id2, &err)); /* the form has been used */
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_int_equal(sim_requests_seen(till->sim, "POST/pos/payment"), 2);
}

static void duplicates_are_found(void **state)
{
    struct till *till = *state;
    struct arena arena = {0};
    struct intent earlier;
    struct op_request request = till_charge(TERMINAL_1, 1250);

    request.reference = NULL;
    assert_false(op_find_duplicate(till->ops, &request, &arena, &earlier));
    till_run(till, &request, INTENT_CONFIRMED);
    assert_true(op_find_duplicate(till->ops, &request, &arena, &earlier));
    assert_int_equal(earlier.state, INTENT_CONFIRMED);
    request.amount = money_make(1251, "EUR");
    assert_false(op_find_duplicate(till->ops, &request, &arena, &earlier));
    request.reference = "RES-X";
    random_uuid(request.form_id);
    till_run(till, &request, INTENT_CONFIRMED);
    request.target = TERMINAL_2;
    request.amount = money_make(1, "USD");
    assert_true(op_find_duplicate(till->ops, &request, &arena, &earlier)); /* same reference */
    arena_done(&arena);
}

/* --- nothing is sent ---------------------------------------------------------------------------- */

static void not_sent(struct till *till, const char *id, const char *why)
{
    const struct intent *intent = till_wait(till, id, INTENT_VOID);

    if (strncmp(intent->why, why, strlen(why)) != 0)
        fail_msg("why: %s", intent->why);
    assert_int_equal(sim_requests_of_key(till->sim, id), 0);
    assert_int_equal(ops_in_flight(till->ops), 0);
}

static void backed_out(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];
    struct err err = {0};

    till_start(till, &request, id);
    assert_int_equal(ops_in_flight(till->ops), 1);
    assert_true(op_back_out(till->ops, id, &err));
    loop_turn(till->loop, 0);
    while (ops_in_flight(till->ops) > 0)
        loop_turn(till->loop, 100);
    not_sent(till, id, "backed out");
    random_uuid(request.form_id);
    till_start(till, &request, id);
    till_wait(till, id, INTENT_SENT);
    assert_false(op_back_out(till->ops, id, &err));
    till_wait(till, id, INTENT_CONFIRMED);
}

static void unknown_terminal(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge("V400m-GONE", 1250);
    char id[INTENT_ID_SIZE];

    till_start(till, &request, id);
    not_sent(till, id, "terminal:");
}

static void look_fails(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];

    till_faults(till, "GET/pos/terminals:502-html=404");
    till_start(till, &request, id);
    not_sent(till, id, "look:");
}

/* A minute after the yes it is no yes any more: tried at the last moment, when libcurl would write. */
static void expired(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];

    till_start(till, &request, id);
    run_find(till->ops, id)->confirmed_boot_ms -= 60001;
    not_sent(till, id, "expired:");
}

/* The server is gone when the look has been taken: certain, nothing has left. */
static void no_connection(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    struct api_settings nowhere = {.env = ENV_TEST,
                                   .base_url = "http://127.0.0.1:1/external/v1/",
                                   .webcode = "HOTEL9",
                                   .api_key = "test-key"};
    char id[INTENT_ID_SIZE];
    struct err err = {0};

    till_start(till, &request, id);
    struct run *run = run_find(till->ops, id);
    loop_timer_stop(till->loop, run->look);
    run->look = NULL;
    struct api_client *client = till->ops->client;
    till->ops->client = api_client_new(till->loop, &nowhere, &err);
    run_send(run);
    not_sent(till, id, "unsent:");
    api_client_free(till->ops->client);
    till->ops->client = client;
}

static void disk_trouble(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];
    struct err err = {0};

    till_start(till, &request, id);
    assert_int_equal(sqlite3_exec(db_handle(till->journal->db), "PRAGMA query_only = ON", NULL, NULL,
                                  NULL),
                     SQLITE_OK);
    while (ops_in_flight(till->ops) > 0)
        loop_turn(till->loop, 100);
    assert_int_equal(sim_requests_of_key(till->sim, id), 0);
    assert_int_equal(till_get(till, id)->state, INTENT_PREPARED);
    struct op_request next = till_charge(TERMINAL_2, 1250);
    assert_false(op_start(till->ops, &next, id, &err));
    assert_int_equal(err.code, ERR_STORAGE);
}

static void read_only(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];
    struct err err = {0};

    till_close(till);
    till->settings.read_only = true;
    till_open(till);
    assert_false(op_start(till->ops, &request, id, &err));
    assert_int_equal(err.code, ERR_DENIED);
}

/* --- modifications --------------------------------------------------------------------------------- */

static const char *charged(struct till *till, int64_t minor, bool is_preauth)
{
    static char reference[64];
    struct op_request request = till_charge(TERMINAL_1, minor);

    request.is_preauth = is_preauth;
    snprintf(reference, sizeof reference, "%s",
             till_run(till, &request, INTENT_CONFIRMED)->server_reference);
    return reference;
}

static void refunds(void **state)
{
    struct till *till = *state;
    const char *payment = charged(till, 5000, false);
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

    snprintf(payment, sizeof payment, "%s", charged(till, 5000, true));
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
    snprintf(payment, sizeof payment, "%s", charged(till, 6000, true));
    request = till_modify(till, OP_CANCEL, payment, 0);
    till_run(till, &request, INTENT_SUCCEEDED);
}

/* Another desk refunds between the form and the send. */
static void stale_facts(void **state)
{
    struct till *till = *state;
    const char *payment = charged(till, 5000, false);
    struct op_request first = till_modify(till, OP_REFUND, payment, 1000);
    struct op_request second = till_modify(till, OP_REFUND, payment, 2000);
    char id[INTENT_ID_SIZE];

    till_run(till, &first, INTENT_SUCCEEDED);
    till_start(till, &second, id); /* seen before the first was made */
    not_sent(till, id, "changed:");
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

    snprintf(payment, sizeof payment, "%s", charged(till, 9000, false));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct op_request request = till_modify(till, OP_REFUND, payment, 500);
        till_faults(till, rows[i].faults);
        till_start(till, &request, id);
        till_wait(till, id, INTENT_UNKNOWN);
        const struct intent *intent = till_wait(till, id, rows[i].last);
        till_referee(till, intent, rows[i].executions);
    }
}

/* --- links ------------------------------------------------------------------------------------------ */

static struct op_request link_request(int64_t minor)
{
    struct op_request request = {
        .kind = OP_LINK, .amount = money_make(minor, "EUR"), .description = "Depósito"};

    random_uuid(request.form_id);
    return request;
}

static void links(void **state)
{
    struct till *till = *state;
    struct op_request request = link_request(25000);
    const struct intent *intent = till_run(till, &request, INTENT_CONFIRMED);

    assert_non_null(intent->payment_url);
    assert_non_null(intent->server_reference);
    till_referee(till, intent, 1);
}

/* A link moves no money: it is sent again by itself, with the same key, three times at most. */
static void link_again(void **state)
{
    struct till *till = *state;
    struct op_request request = link_request(25000);
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
    request = link_request(25000);
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    while (till_get(till, id)->state != INTENT_NOT_EXECUTED) {
        ops_look_now(till->ops, id);
        loop_turn(till->loop, 20);
    }
    assert_int_equal(sim_requests_of_key(till->sim, id), 3);
}

/* --- sending again by hand ---------------------------------------------------------------------------- */

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

/* A refused replay says nothing about the first try; a third try is the last; old ones are not sent. */
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

/* --- contradiction and lists -------------------------------------------------------------------------- */

struct reading {
    bool ended, complete;
    size_t count;
};

static void list_done(void *ctx, const struct list_result *result)
{
    *(struct reading *)ctx = (struct reading){true, result->complete, result->count};
}

static bool list_is_done(void *ctx)
{
    return ((struct reading *)ctx)->ended;
}

/* As a refresh of the lists would. */
static struct reading read_payments(struct till *till, bool window)
{
    struct list_ask ask = {.endpoint = EP_PAYMENTS};
    struct reading reading = {0};

    if (window)
        ask.from_ms = ask.to_ms = clock_utc_ms();
    assert_non_null(list_read_start(till->ops, &ask, list_done, &reading, NULL));
    assert_true(loop_run_until(till->loop, list_is_done, &reading, 10000));
    return reading;
}

/* Executed after the quiet period: the list tells, loudly. */
static void late_execution(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1208);
    char id[INTENT_ID_SIZE];

    till_close(till);
    till->charge_timeout_ms = 100;
    till->settings.quiet_charge_ms = 50;
    till->settings.second_read_ms = 20;
    till_open(till);
    till_start(till, &request, id);
    till_wait(till, id, INTENT_NOT_EXECUTED);
    while (sim_executions_of_key(till->sim, id) == 0)
        loop_turn(till->loop, 20);
    while (till_get(till, id)->state != INTENT_MANUAL) {
        assert_true(read_payments(till, true).complete);
        ops_hold_against_lists(till->ops, till->bits);
    }
    assert_non_null(strstr(till_get(till, id)->why, "not_executed"));
}

/* A list whose pages or filter cannot be trusted is never complete, so it never proves absence; what it
   shows counts all the same. */
static void list_dialects(void **state)
{
    struct till *till = *state;

    till->sim_settings.payments = 230; /* over months: three pages */
    for (int dialect = 0; dialect < SIM_DIALECTS; dialect++) {
        struct op_request request = till_charge(TERMINAL_1, 1206);
        till_close(till);
        till->sim_settings.dialect = (enum sim_dialect)dialect;
        till_restart_sim(till, NULL);
        till_open(till);
        till_run(till, &request, INTENT_CONFIRMED);
        struct reading all = read_payments(till, false), few = read_payments(till, true);
        assert_int_equal(all.complete, dialect != SIM_IGNORES_PAGE);
        assert_int_equal(few.complete, dialect != SIM_IGNORES_FILTER);
        if (all.complete)
            assert_int_equal(all.count, 231);
        if (few.complete)
            assert_in_range(few.count, 1, 100);
    }
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, till_setup, till_teardown)
    const struct CMUnitTest tests[] = {
        TEST(magic_amounts), TEST(not_executed_takes_time), TEST(declined_says_why),
        TEST(charge_faults), TEST(rejected), TEST(one_charge_a_terminal), TEST(duplicates_are_found),
        TEST(backed_out), TEST(unknown_terminal), TEST(look_fails), TEST(expired),
        TEST(no_connection), TEST(disk_trouble), TEST(read_only), TEST(refunds), TEST(holds),
        TEST(stale_facts), TEST(modification_faults), TEST(links), TEST(link_again), TEST(replay),
        TEST(replay_limits), TEST(late_execution), TEST(list_dialects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
