/* What one reading says of a charge whose outcome is unknown, and which clock tells whether a row
   that comes to light later may be it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support_clock.h"
#include "support_money.h"

#define DAY_MS INT64_C(86400000)

/* --- rows ------------------------------------------------------------------------------------ */

/* A payment on the first terminal. */
static struct record payment(const char *id, const char *status, const char *custom, int64_t minor,
                             int64_t created_ms)
{
    struct record record = {.kind = REC_PAYMENT,
                            .id = id,
                            .payment_reference = id,
                            .status = status,
                            .poi_id = TERMINAL_1,
                            .custom_reference = custom,
                            .amount = money_make(minor, "EUR"),
                            .is_preauth = -1,
                            .raw = "{}"};
    struct civil at = time_to_civil(created_ms);
    char text[40];

    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", at.year % 10000, at.month, at.day,
             at.hour, at.minute, at.second);
    stamp_parse(text, &record.created);
    return record;
}

/* A charge that is confirmed, and shows that its row bears no name. */
static void confirm_one(struct till *till, char ours[64])
{
    struct op_request request = till_charge(TERMINAL_1, 1400);

    snprintf(ours, 64, "%s", till_run(till, &request, INTENT_CONFIRMED)->server_reference);
}

static void lose_one(struct till *till, char id[INTENT_ID_SIZE])
{
    struct op_request request = till_charge(TERMINAL_1, 1250);

    till_faults(till, "POST/pos/payment:drop-before,GET/pos/payments:502-html=404");
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
}

/* --- what one reading is worth ---------------------------------------------------------------- */

static struct match apply(struct till *till, const char *id, enum intent_state state,
                          const struct list_result *result)
{
    struct intent intent = *till_get(till, id);

    intent.state = state;
    return reconcile_apply(till->ops, &intent, result);
}

/* Rows bear no names, as a row of ours shows; one or two others are like what is looked for. */
static void likeness(void **state)
{
    struct till *till = *state;
    char ours[64], id[INTENT_ID_SIZE];
    int64_t now = clock_utc_ms();

    confirm_one(till, ours);
    lose_one(till, id);
    struct record rows[] = {
        payment(ours, "success", NULL, 1400, now),
        payment("HOTEL9-POSXT-320001", "success", NULL, 1250, now),
        payment("HOTEL9-POSXT-320002", "success", NULL, 1250, now),
    };
    struct list_result result = {.rows = rows, .count = 2, .pages = 1};
    assert_int_equal(apply(till, id, INTENT_UNKNOWN, &result).found, MATCH_OPEN);
    result.complete = true;
    assert_int_equal(apply(till, id, INTENT_SENT, &result).found, MATCH_OPEN);
    assert_int_equal(apply(till, id, INTENT_CONFIRMED, &result).found, MATCH_NONE);
    rows[1].status = "refused"; /* may be of the try before */
    assert_int_equal(apply(till, id, INTENT_UNKNOWN, &result).found, MATCH_OPEN);
    assert_int_equal(till_get(till, id)->state, INTENT_UNKNOWN);
    rows[1].status = NULL;
    result.count = 3;
    result.begun_boot_ms = clock_boot_ms() + till->settings.quiet_charge_ms;
    assert_int_equal(apply(till, id, INTENT_UNKNOWN, &result).found, MATCH_MANY);
    assert_int_equal(till_get(till, id)->state, INTENT_MANUAL);
    assert_non_null(strstr(till_get(till, id)->why, "several could be it, one is HOTEL9-"
                                                    "POSXT-320001, status ?"));
}

/* That it was charged is said of ours at once. */
static void charged_like_ours(void **state)
{
    struct till *till = *state;
    char ours[64], id[INTENT_ID_SIZE];
    int64_t now = clock_utc_ms();

    confirm_one(till, ours);
    lose_one(till, id);
    struct record rows[] = {
        payment(ours, "success", NULL, 1400, now),
        payment("HOTEL9-POSXT-325001", "success", NULL, 1250, now),
    };
    struct list_result result = {.rows = rows, .count = 2, .pages = 1, .complete = true};
    assert_int_equal(apply(till, id, INTENT_UNKNOWN, &result).found, MATCH_ONE);
    assert_int_equal(till_get(till, id)->state, INTENT_CONFIRMED);
}

/* The quiet period is over: that the card was refused is said of ours. */
static void refused_like_ours(void **state)
{
    struct till *till = *state;
    char ours[64], id[INTENT_ID_SIZE], custom[64];
    int64_t now = clock_utc_ms();

    confirm_one(till, ours);
    for (int named = 0; named < 2; named++) {
        lose_one(till, id);
        snprintf(custom, sizeof custom, "RES-2026~%s", till_get(till, id)->tag);
        struct record rows[] = {
            payment(ours, "success", NULL, 1400, now),
            payment(named ? "HOTEL9-POSXT-330001" : "HOTEL9-POSXT-330002", "refused",
                    named ? custom : NULL, named ? 1251 : 1250, now),
        };
        struct list_result result = {.rows = rows, .count = 2, .pages = 1, .complete = !named};
        result.begun_boot_ms = clock_boot_ms() + till->settings.quiet_charge_ms;
        apply(till, id, INTENT_UNKNOWN, &result);
        assert_int_equal(till_get(till, id)->state, named ? INTENT_MANUAL : INTENT_DECLINED);
    }
    assert_non_null(strstr(till_get(till, id)->why, "its name is on something else"));
}

/* While the list was read another console wrote down what it shows: that is no claim of another. */
static void answered_meanwhile(void **state)
{
    struct till *till = *state;
    char id[INTENT_ID_SIZE], name[64];
    struct intent_move answer = {.to = INTENT_CONFIRMED,
                                 .server_reference = "HOTEL9-POSXT-330001",
                                 .why = "answered"};

    lose_one(till, id);
    struct intent stale = *till_get(till, id);
    stale.target = TERMINAL_1; /* outlives the row that was read */
    snprintf(name, sizeof name, "RES-1~%s", stale.tag);
    struct record rows[] = {
        payment("HOTEL9-POSXT-330001", "success", name, 1250, clock_utc_ms()),
        payment("HOTEL9-POSXT-330002", "success", name, 1250, clock_utc_ms()),
    };
    struct list_result result = {.rows = rows, .count = 1, .pages = 1, .complete = true};
    assert_true(journal_learn(till->journal, id, &answer, NULL));
    assert_int_equal(reconcile_apply(till->ops, &stale, &result).found, MATCH_ONE);
    assert_int_equal(till_get(till, id)->state, INTENT_CONFIRMED);
    result.count = 2; /* too many for what it was, not for what it is: that is held against lists */
    assert_int_equal(reconcile_apply(till->ops, &stale, &result).found, MATCH_MANY);
    assert_int_equal(till_get(till, id)->state, INTENT_CONFIRMED);
}

/* --- clocks that disagree --------------------------------------------------------------------- */

static const char *boot;

static const char *this_boot(void)
{
    return boot;
}

/* Sent in one boot by a wall clock that is so wrong, found unknown in the next by one that is
   right, and taken for absent. */
static void sent_wrongly_dated(struct till *till, int64_t wrong_ms, char id[INTENT_ID_SIZE])
{
    static const struct intent_move absent = {.to = INTENT_NOT_EXECUTED, .why = "absent"};
    struct op_request request = till_charge(TERMINAL_1, 1250);
    int taken;

    boot = "5f0e1c52-1111-4e9c-8d0e-000000000001";
    clock_replace_boot_id(this_boot);
    till_close(till);
    till_open(till);
    clocks_set_off(wrong_ms, 0);
    till_faults(till, "POST/pos/payment:silent");
    till_start(till, &request, id);
    till_wait(till, id, INTENT_SENT);
    till_close(till);
    clocks_set_right();
    boot = "5f0e1c52-1111-4e9c-8d0e-000000000002";
    till_open(till);
    assert_true(ops_recover(till->ops, &taken, NULL));
    assert_true(journal_learn(till->journal, id, &absent, NULL));
}

static void wall_clocks(void **state)
{
    static const struct {
        int64_t sent_wrong, server_ahead, created; /* all in days */
        enum intent_state end;
    } cases[] = {
        {0, 0, -30, INTENT_NOT_EXECUTED}, {0, 0, 2, INTENT_MANUAL},
        {0, 0, 30, INTENT_NOT_EXECUTED},  {0, 10, 30, INTENT_MANUAL}, /* no clock tells */
        {0, -10, 30, INTENT_MANUAL},      {10, 0, -5, INTENT_MANUAL}, /* sent in times to come */
        {2, 0, -2, INTENT_MANUAL},                                   /* found before it was sent */
        {2, 0, -4, INTENT_NOT_EXECUTED},  {-2, 0, 4, INTENT_NOT_EXECUTED},
    };
    struct till *till = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char id[INTENT_ID_SIZE], object[32];
        sent_wrongly_dated(till, cases[i].sent_wrong * DAY_MS, id);
        if (cases[i].server_ahead != 0)
            ops_note_date(till->ops, clock_utc_ms() + cases[i].server_ahead * DAY_MS);
        snprintf(object, sizeof object, "HOTEL9-POSXT-34000%zu", i);
        struct record record = payment(object, "success", NULL, 1250,
                                       clock_utc_ms() + cases[i].created * DAY_MS);
        reconcile_late(till->ops, till_get(till, id), &record);
        assert_int_equal(till_get(till, id)->state, cases[i].end);
        assert_int_equal(reconcile_since(till->ops, INT64_MAX) == 0, cases[i].server_ahead != 0);
        if (cases[i].server_ahead == 0)
            assert_true(reconcile_since(till->ops, record.created.ms) < record.created.ms);
    }
    clock_replace_boot_id(NULL);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, till_setup, till_teardown)
    const struct CMUnitTest tests[] = {
        TEST(likeness),
        TEST(answered_meanwhile),
        TEST(charged_like_ours),
        TEST(refused_like_ours),
        TEST(wall_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
