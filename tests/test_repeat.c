/* The same charge again: what counts as the same and for how long, and that a second one which came
   while the person was asked is never taken for the one they were asked about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support_clock.h"
#include "support_money.h"

#define TEN_MINUTES_MS (INT64_C(10) * 60 * 1000)

static bool is_repeat(struct till *till, const struct op_request *request)
{
    struct arena arena = {0};
    struct intent earlier;
    bool found = op_find_duplicate(till->ops, request, &arena, &earlier);

    arena_done(&arena);
    return found;
}

static struct op_request charge(const char *terminal, int64_t minor, const char *reference)
{
    struct op_request request = till_charge(terminal, minor);

    request.reference = reference;
    return request;
}

/* --- what counts ------------------------------------------------------------------------------ */

static void ten_minutes_and_no_longer(void **state)
{
    struct till *till = *state;
    static const struct {
        int64_t after_ms;
        bool asked;
    } rows[] = {{0, true},
                {TEN_MINUTES_MS - 1000, true},
                {TEN_MINUTES_MS + 1000, false},
                {-TEN_MINUTES_MS, true}}; /* the clock has been set back: better asked */
    struct op_request request = charge(TERMINAL_1, 1250, "RES-1");

    int64_t begun = clock_utc_ms();
    const struct intent *first = till_run(till, &request, INTENT_CONFIRMED);
    int64_t since = first->created_ms;
    assert_in_range(since, begun, clock_utc_ms());
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct op_request same = charge(TERMINAL_1, 1250, NULL);
        struct op_request named = charge(TERMINAL_2, 990, "RES-1");
        clocks_set_right();
        clocks_set_off(since + rows[i].after_ms - clock_utc_ms(), 0);
        assert_int_equal(is_repeat(till, &same), rows[i].asked);
        assert_true(is_repeat(till, &named)); /* a reference is charged once, ever */
    }
    clocks_set_right();
}

static void another_charge_is_no_repeat(void **state)
{
    struct till *till = *state;
    struct op_request first = charge(TERMINAL_1, 1250, "RES-1");
    struct op_request others[] = {charge(TERMINAL_2, 1250, NULL), charge(TERMINAL_1, 1251, NULL),
                                  charge(TERMINAL_1, 1250, "RES-2"),
                                  charge(TERMINAL_1, 1250, NULL)};

    till_run(till, &first, INTENT_CONFIRMED);
    others[3].amount = money_make(1250, "USD");
    assert_false(is_repeat(till, &others[0]));
    assert_false(is_repeat(till, &others[1]));
    assert_true(is_repeat(till, &others[2])); /* same terminal and amount */
    assert_false(is_repeat(till, &others[3]));
}

/* What is known to have taken no money is no reason to ask; everything else is. */
static void every_state_of_the_earlier_one(void **state)
{
    struct till *till = *state;
    static const struct {
        int64_t minor; /* its last digits choose the answer */
        enum intent_state is;
        bool asked;
    } rows[] = {{1205, INTENT_SENT, true},
                {1206, INTENT_UNKNOWN, true},
                {1250, INTENT_CONFIRMED, true},
                {1201, INTENT_DECLINED, false},
                {1202, INTENT_DECLINED, false},
                {1207, INTENT_NOT_EXECUTED, false}};

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct op_request request = charge(TERMINAL_1, rows[i].minor, "RES-1");
        struct op_request again = charge(TERMINAL_1, rows[i].minor, NULL);
        char id[INTENT_ID_SIZE];
        if (rows[i].is == INTENT_NOT_EXECUTED)
            till->sim_settings.charge_late_ms = 1;
        till_start(till, &request, id);
        till_wait(till, id, rows[i].is);
        assert_int_equal(is_repeat(till, &again), rows[i].asked);
        while (!intent_state_is_final(till_get(till, id)->state))
            loop_turn(till->loop, 20);
    }
}

/* --- what comes while the person is asked ----------------------------------------------------- */

static void refuse(struct till *till, struct op_request *request)
{
    char id[INTENT_ID_SIZE];
    struct err err = {0};
    struct intent_page before, after;

    assert_true(journal_list(till->journal, INTENTS_ALL, 0, &before, NULL));
    random_uuid(request->form_id);
    assert_false(op_start(till->ops, request, id, &err));
    assert_int_equal(err.code, ERR_STALE);
    assert_true(journal_list(till->journal, INTENTS_ALL, 0, &after, NULL));
    assert_int_equal(before.count, after.count);
    assert_int_equal(ops_in_flight(till->ops), 0);
    intent_page_done(&before);
    intent_page_done(&after);
}

static void a_second_one_meanwhile_is_refused(void **state)
{
    struct till *till = *state;
    char first[INTENT_ID_SIZE], second[INTENT_ID_SIZE];
    struct op_request request = charge(TERMINAL_1, 1250, "RES-1");
    struct op_request named = charge(TERMINAL_2, 990, "RES-1");

    request.has_asked = named.has_asked = true; /* and nothing like it was found */
    till_start(till, &request, first);
    till_wait(till, first, INTENT_CONFIRMED);
    refuse(till, &request);
    refuse(till, &named);
    memcpy(request.repeats, first, sizeof first); /* asked about that one */
    random_uuid(request.form_id);
    clocks_set_off(-60000, 0); /* the newest is the one written last, not that of the latest time */
    till_start(till, &request, second);
    till_wait(till, second, INTENT_CONFIRMED);
    refuse(till, &request); /* by now there are two */
    memcpy(request.repeats, second, sizeof second);
    random_uuid(request.form_id);
    till_run(till, &request, INTENT_CONFIRMED);
    assert_int_equal(sim_requests_seen(till->sim, "POST/pos/payment"), 3);
    clocks_set_right();
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, till_setup, till_teardown)
    const struct CMUnitTest tests[] = {
        TEST(ten_minutes_and_no_longer),
        TEST(another_charge_is_no_repeat),
        TEST(every_state_of_the_earlier_one),
        TEST(a_second_one_meanwhile_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
