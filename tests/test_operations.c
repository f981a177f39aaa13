/* Charges from form to result against the bundled simulator over real sockets; its ledger is the
   referee. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_clock.h"
#include "support_money.h"

/* --- charges --------------------------------------------------------------------------------- */

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
    ops_look_now(till->ops, id);
    const struct intent *intent = till_wait(till, id, INTENT_NOT_EXECUTED);
    struct arena arena = {0};
    struct intent_extra extra;
    assert_true(journal_get_extra(till->journal, intent->id, &arena, &extra, NULL));
    assert_true(extra.quiet_known && clock_boot_ms() - extra.quiet_boot_ms >= 400 + 60);
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

/* --- nothing is sent ------------------------------------------------------------------------- */

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
    till_check_unsent(till, id, "backed out");
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
    till_check_unsent(till, id, "terminal:");
}

static void look_fails(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];

    till_faults(till, "GET/pos/terminals:502-html=404");
    till_start(till, &request, id);
    till_check_unsent(till, id, "look:");
}

/* A minute after the yes it is no yes any more: tried at the last moment, when libcurl would write.
 */
static void expired(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];

    till_start(till, &request, id);
    run_find(till->ops, id)->confirmed_boot_ms -= 60001;
    till_check_unsent(till, id, "expired:");
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
    till_check_unsent(till, id, "unsent:");
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
    assert_int_equal(
        sqlite3_exec(db_handle(till->journal->db), "PRAGMA query_only = ON", NULL, NULL, NULL),
        SQLITE_OK);
    while (ops_in_flight(till->ops) > 0)
        loop_turn(till->loop, 100);
    assert_int_equal(sim_requests_of_key(till->sim, id), 0);
    assert_int_equal(till_get(till, id)->state, INTENT_VOID); /* as the person is told */
    assert_true(till_get(till, id)->unwritten);
    struct op_request next = till_charge(TERMINAL_2, 1250);
    assert_false(op_start(till->ops, &next, id, &err));
    assert_int_equal(err.code, ERR_STORAGE);
    till_close(till);
    till_open(till);
    assert_int_equal(till_get(till, id)->state, INTENT_PREPARED); /* as the file has it */
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

/* --- contradiction and lists ----------------------------------------------------------------- */

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
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];

    till_close(till);
    till->settings.quiet_charge_ms = 50;
    till->settings.second_read_ms = 20;
    till_open(till);
    till_faults(till, "POST/pos/payment:late=3600000");
    till_start(till, &request, id);
    till_wait(till, id, INTENT_NOT_EXECUTED);
    assert_int_equal(sim_executions_of_key(till->sim, id), 0);
    clocks_put_on(3600000, 3600000); /* till_teardown() puts it back */
    while (till_get(till, id)->state != INTENT_MANUAL) {
        assert_true(read_payments(till, true).complete);
        ops_hold_against_lists(till->ops, till->bits);
    }
    assert_int_equal(sim_executions_of_key(till->sim, id), 1);
    assert_non_null(strstr(till_get(till, id)->why, "not_executed"));
}

/* A list whose pages or filter cannot be trusted is never complete, so it never proves absence;
   what it shows counts all the same. */
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
        TEST(charge_faults), TEST(one_charge_a_terminal),   TEST(duplicates_are_found),
        TEST(backed_out),    TEST(unknown_terminal),        TEST(look_fails),
        TEST(expired),       TEST(no_connection),           TEST(disk_trouble),
        TEST(read_only),     TEST(late_execution),          TEST(list_dialects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
