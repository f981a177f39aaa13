/* When a list proves that nothing was charged: each condition alone, on the brink. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_core.h"
#include "support_money.h"

#define QUIET_MS  400
#define SECOND_MS 60
#define HOUR_MS   INT64_C(3600000)

struct bench {
    struct till *till;
    char id[INTENT_ID_SIZE];
    int64_t quiet_end; /* by the boot clock */
    struct watch watch;
};

/* A charge that got no answer; nobody reads but the test. */
static struct bench unknown_charge(struct till *till, int64_t minor)
{
    struct bench bench = {.till = till};
    struct op_request request = till_charge(TERMINAL_1, minor);
    struct arena arena = {0};
    struct intent_extra extra;

    till->settings.quiet_charge_ms = QUIET_MS;
    till->settings.second_read_ms = SECOND_MS;
    till_close(till);
    till_open(till);
    till_start(till, &request, bench.id);
    till_wait(till, bench.id, INTENT_UNKNOWN);
    reconcile_stop(till->ops);
    assert_true(journal_get_extra(till->journal, bench.id, &arena, &extra, NULL));
    bench.quiet_end = extra.quiet_boot_ms + QUIET_MS;
    arena_done(&arena);
    return bench;
}

/* A complete reading without a match that began so long after the end of the quiet period. */
static struct list_result reading(const struct bench *bench, int64_t after_ms)
{
    int64_t begun = bench->quiet_end + after_ms;

    return (struct list_result){.complete = true,
                                .pages = 1,
                                .begun_boot_ms = begun,
                                .begun_utc_ms = clock_utc_ms() + begun - clock_boot_ms(),
                                .offset_ms = bench->till->ops->offset_ms,
                                .dated = true,
                                .retry_after_s = -1};
}

static enum intent_state after(struct bench *bench, const struct list_result *first,
                               const struct list_result *second)
{
    const struct list_result *both[] = {first, second};

    bench->watch = (struct watch){.ops = bench->till->ops};
    memcpy(bench->watch.id, bench->id, sizeof bench->id);
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        struct intent intent = *till_get(bench->till, bench->id);
        reconcile_absent(&bench->watch, &intent, both[i], NULL);
    }
    return till_get(bench->till, bench->id)->state;
}

static const char *other_boot(void)
{
    return "22222222-2222-4222-8222-222222222222";
}

static void each_condition(void **state)
{
    struct bench bench = unknown_charge(*state, 1207);
    struct list_result good = reading(&bench, 0), again = reading(&bench, SECOND_MS), bad;
    struct ops *ops = bench.till->ops;

    assert_true(ops->offset_known);
    bad = reading(&bench, -1); /* within the quiet period */
    assert_int_equal(after(&bench, &bad, &again), INTENT_UNKNOWN);
    bad = reading(&bench, SECOND_MS - 1); /* too soon after the first */
    assert_int_equal(after(&bench, &good, &bad), INTENT_UNKNOWN);
    bad = again;
    bad.dated = false; /* nobody knows of when it is */
    assert_int_equal(after(&bench, &good, &bad), INTENT_UNKNOWN);
    bad = again;
    bad.offset_ms -= 5001; /* a copy that is older than the server's clock */
    assert_int_equal(after(&bench, &good, &bad), INTENT_UNKNOWN);
    bad = good;
    bad.offset_ms -= 5001;
    assert_int_equal(after(&bench, &bad, &again), INTENT_UNKNOWN);
    bad = again; /* asked for days on which it was not sent */
    bad.from_ms = bad.to_ms = clock_utc_ms() - 9 * HOUR_MS;
    assert_int_equal(after(&bench, &good, &bad), INTENT_UNKNOWN);
    bad.from_ms = bad.to_ms = clock_utc_ms() + 9 * HOUR_MS;
    assert_int_equal(after(&bench, &good, &bad), INTENT_UNKNOWN);
    clock_replace_boot_id(other_boot); /* the quiet period was counted in another boot */
    enum intent_state elsewhere = after(&bench, &good, &again);
    clock_replace_boot_id(NULL);
    assert_int_equal(elsewhere, INTENT_UNKNOWN);
    assert_int_equal(after(&bench, &good, &good), INTENT_UNKNOWN); /* one reading told twice */
    bad = again;
    bad.from_ms = bad.to_ms = clock_utc_ms();
    assert_int_equal(after(&bench, &good, &bad), INTENT_NOT_EXECUTED);
}

/* The first reading turns out to be a stale copy once the server's clock is known better. */
static void stale_in_hindsight(void **state)
{
    struct bench bench = unknown_charge(*state, 1207);
    struct list_result good = reading(&bench, 0), again = reading(&bench, SECOND_MS);

    bench.watch = (struct watch){.ops = bench.till->ops};
    struct intent intent = *till_get(bench.till, bench.id);
    reconcile_absent(&bench.watch, &intent, &good, NULL);
    assert_true(bench.watch.absence.seen);
    bench.till->ops->offset_ms += 6000;
    again.offset_ms += 6000;
    reconcile_absent(&bench.watch, &intent, &again, NULL);
    assert_int_equal(till_get(bench.till, bench.id)->state, INTENT_UNKNOWN);
    again.begun_boot_ms += SECOND_MS;
    reconcile_absent(&bench.watch, &intent, &again, NULL);
    assert_int_equal(till_get(bench.till, bench.id)->state, INTENT_NOT_EXECUTED);
}

/* A list that was not read to its end shows no absence, however often it is read. */
static void broken_readings(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1207);
    char id[INTENT_ID_SIZE];

    till->sim_settings.payments = 230;
    till->sim_settings.dialect = SIM_IGNORES_FILTER;
    till_close(till);
    till_restart_sim(till, NULL);
    till->settings.quiet_charge_ms = till->settings.second_read_ms = 10;
    till_open(till);
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    uint64_t before = sim_requests_seen(till->sim, "GET/pos/payments");
    while (sim_requests_seen(till->sim, "GET/pos/payments") < before + 20) {
        ops_look_now(till->ops, id);
        loop_turn(till->loop, 20);
    }
    assert_int_equal(till_get(till, id)->state, INTENT_UNKNOWN);
}

static enum match_found apply(const struct bench *bench, const struct list_result *result)
{
    return reconcile_apply(bench->till->ops, till_get(bench->till, bench->id), result).found;
}

/* A row that is another intent's already is not this one's as well, however like it is. */
static void claimed_rows(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char claimed[64];

    snprintf(claimed, sizeof claimed, "%s",
             till_run(till, &request, INTENT_CONFIRMED)->server_reference);
    till_faults(till, "POST/pos/payment:drop-before");
    struct bench bench = unknown_charge(till, 1250);
    struct list_result result = reading(&bench, 0);
    struct record row = {.kind = REC_PAYMENT,
                         .id = claimed,
                         .status = "success",
                         .poi_id = TERMINAL_1,
                         .amount = money_make(1250, "EUR")};
    row.created = (struct stamp){.ms = till->ops->offset_ms + clock_boot_ms(), .zoned = true};
    snprintf(row.created.text, sizeof row.created.text, "now");
    result.rows = &row;
    result.count = 1;
    assert_int_equal(apply(&bench, &result), MATCH_NONE);
    assert_int_equal(till_get(till, bench.id)->state, INTENT_UNKNOWN);
    row.id = "HOTEL9-POSXT-987654"; /* nobody's: it could be ours */
    assert_int_equal(apply(&bench, &result), MATCH_DOUBT);
}

/* --- a refund that is found ------------------------------------------------------------------ */

struct found_refund {
    struct bench bench;
    struct record row;
    struct list_result result;
    char payment[64], object[64];
};

/* One that got no answer, and a list that has it. */
static void find_refund(struct till *till, struct found_refund *found)
{
    static int objects;
    struct op_request request = till_charge(TERMINAL_1, 5000);

    till_faults(till, "");
    snprintf(found->payment, sizeof found->payment, "%s",
             till_run(till, &request, INTENT_CONFIRMED)->server_reference);
    till_faults(till, "POST/payment/*:drop-before");
    request = till_modify(till, OP_REFUND, found->payment, 2000);
    found->bench = (struct bench){.till = till};
    till_start(till, &request, found->bench.id);
    till_wait(till, found->bench.id, INTENT_UNKNOWN);
    reconcile_stop(till->ops);
    snprintf(found->object, sizeof found->object, "HOTEL9-RFXT-%d", 880000 + ++objects);
    found->row = (struct record){.kind = REC_MODIFICATION,
                                 .id = found->object,
                                 .payment_reference = found->payment,
                                 .type = "refund",
                                 .status = "success",
                                 .amount = money_make(2000, "EUR")};
    found->result = reading(&found->bench, 0);
    found->result.rows = &found->row;
    found->result.count = 1;
}

/* Another console has given it to a person since it was read here. */
static void given_away_meanwhile(void **state)
{
    struct till *till = *state;
    struct found_refund found;
    struct intent_move move = {.to = INTENT_MANUAL, .why = "elsewhere"};

    find_refund(till, &found);
    struct intent stale = *till_get(till, found.bench.id);
    assert_true(journal_move(till->journal, found.bench.id, &move, NULL));
    assert_int_equal(reconcile_apply(till->ops, &stale, &found.result).found, MATCH_ONE);
    assert_int_equal(till_get(till, found.bench.id)->state, INTENT_MANUAL);
}

/* The journal can be asked no more once it has been written down: its end is found out later. */
static void found_on_a_failing_journal(void **state)
{
    struct till *till = *state;
    struct found_refund found;
    int calls = 100000, accepted = 0;
    enum intent_state end = INTENT_SUCCEEDED;

    for (int back = -1; end != INTENT_UNKNOWN; back++) { /* until it was not written down */
        find_refund(till, &found);
        struct intent intent = *till_get(till, found.bench.id);
        core_fail(db_handle(till->journal->db), calls - (back < 0 ? 0 : back), SQLITE_IOERR_READ);
        reconcile_apply(till->ops, &intent, &found.result);
        if (back < 0)
            calls = core_fault.seen;
        assert_int_equal(core_has_struck(), back >= 0);
        till_close(till);
        till_open(till);
        reconcile_stop(till->ops);
        end = till_get(till, found.bench.id)->state;
        assert_true(end == INTENT_SUCCEEDED || (back >= 0 && end == INTENT_ACCEPTED) ||
                    (accepted > 0 && end == INTENT_UNKNOWN));
        accepted += end == INTENT_ACCEPTED;
    }
    assert_true(accepted > 0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, till_setup, till_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_condition),
        TEST(stale_in_hindsight),
        TEST(broken_readings),
        TEST(claimed_rows),
        TEST(given_away_meanwhile),
        TEST(found_on_a_failing_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
