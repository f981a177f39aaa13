/* What lists may say, and when they are given up: odd pages, rows that contradict a row that has
   ended, and what stays open for days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_core.h"
#include "support_clock.h"
#include "support_money.h"
#include "support_server.h"

/* --- pages ----------------------------------------------------------------------------------- */

struct reading {
    bool ended, complete;
    size_t count;
    struct err err;
};

static void list_done(void *ctx, const struct list_result *result)
{
    *(struct reading *)ctx = (struct reading){true, result->complete, result->count, result->err};
}

static bool is_done(void *ctx)
{
    return ((struct reading *)ctx)->ended;
}

#define NEW_ID          '@' /* stands for an id that no row had before */
#define ROW(id)         "{\"posPaymentId\":\"HOTEL9-POSXT-" id "\"}"
#define AT(id, created) "{\"posPaymentId\":\"HOTEL9-POSXT-" id "\",\"createdAt\":\"" created "\"}"

/* Reads payments from a server that answers each page so, the last one for ever. */
static struct reading read_pages(struct till *till, const char *const *pages, size_t count,
                                 int status, bool window)
{
    struct list_ask ask = {.endpoint = EP_PAYMENTS};
    struct reading reading = {0};
    struct server *server = server_new(till->loop);
    static int fresh;

    for (size_t i = 0; i < count; i++) {
        const char *hole = strchr(pages[i], NEW_ID);
        char page[600];
        snprintf(page, sizeof page, "%.*s%d%s", hole == NULL ? 0 : (int)(hole - pages[i]), pages[i],
                 ++fresh, hole == NULL ? "" : hole + 1);
        server_plan_json(server, status, "", hole == NULL ? pages[i] : page);
    }
    till_close(till);
    snprintf(till->base_url, sizeof till->base_url, "%s", server_base(server));
    till_open(till);
    if (window)
        ask.from_ms = ask.to_ms = time_from_civil(2026, 6, 15, 12, 0, 0);
    if (list_read_start(till->ops, &ask, list_done, &reading, &reading.err) != NULL)
        assert_true(loop_run_until(till->loop, is_done, &reading, 20000));
    till_close(till);
    server_free(server);
    till_open(till);
    return reading;
}

static const struct {
    const char *pages[3];
    int status;
    bool window, complete;
    const char *why;
} page_cases[] = {
    {{"{\"success\":true,\"data\":[]}"}, 200, false, true, ""},
    {{"{\"success\":true,\"data\":{\"items\":[" ROW("1") "],\"nextCursor\":\"\"}}",
      "{\"success\":true,\"data\":[]}"},
     200,
     false,
     true,
     ""},
    {{"{\"success\":true,\"data\":{\"items\":[" ROW("@") "],\"hasMore\":true}}"},
     200,
     false,
     false,
     "ignores the page"},
    {{"{\"success\":true,\"data\":{\"items\":[" ROW("1") "],\"pagination\":{\"limit\":9,"
                                                         "\"total\":1}}}"},
     200,
     false,
     true,
     ""},
    {{"{\"success\":true,\"data\":{\"items\":[" ROW("1") "],\"pagination\":{\"limit\":1,"
                                                         "\"total\":1}}}"},
     200,
     false,
     false,
     "ignores the page"},
    {{"{\"success\":true,\"data\":{\"items\":[" ROW("1") "],\"pagination\":{\"total\":1}}}"},
     200,
     false,
     false,
     "ignores the page"},
    {{"{\"success\":true,\"data\":{\"items\":[" ROW("1") "],\"pagination\":{\"total\":2}}}"},
     200,
     false,
     false,
     "ignores the page"},
    {{"{\"success\":false,\"error\":{\"code\":10400}}"}, 400, false, false, ""},
    {{"{\"success\":false,\"error\":{\"code\":10400,\"message\":\"no\"}}"},
     400,
     false,
     false,
     "no"},
    {{"<html>"}, 200, false, false, ""},
    /* Others may be behind an empty page that says so; these say so for ever. */
    {{"{\"success\":true,\"data\":{\"items\":[" ROW("1") "],\"hasMore\":true}}",
      "{\"success\":true,\"data\":{\"items\":[],\"hasMore\":true}}"},
     200,
     false,
     false,
     "too many pages"},
    /* Fewer rows than the list is said to have. */
    {{"{\"success\":true,\"data\":{\"items\":[" ROW("1") "],\"hasMore\":false,\"total\":2}}"},
     200,
     false,
     false,
     "fewer rows"},
    {{"{\"success\":true,\"data\":{\"items\":[],\"hasMore\":false,\"total\":250}}"},
     200,
     false,
     false,
     "fewer rows"},
    {{"{\"success\":true,\"data\":{\"items\":[" ROW("1") "," ROW(
          "1") "],\"hasMore\":false,\"total\":2}}"},
     200,
     false,
     false,
     "fewer rows"},
    /* Two servers that take turns, neither of which turns pages. */
    {{"{\"success\":true,\"data\":{\"items\":[" ROW("1") "],\"total\":3}}",
      "{\"success\":true,\"data\":{\"items\":[" ROW("2") "],\"total\":3}}",
      "{\"success\":true,\"data\":{\"items\":[" ROW("1") "],\"total\":3}}"},
     200,
     false,
     false,
     "ignores the page"},
    {{"{\"success\":true,\"data\":{\"items\":[{}],\"hasMore\":false}}"},
     200,
     false,
     false,
     "rows nobody can read"},
    {{"{\"success\":true,\"data\":{\"items\":[" ROW("1") "],\"hasMore\":false}}"},
     200,
     true,
     true,
     ""},
    {{"{\"success\":true,\"data\":{\"items\":[" AT("1",
                                                   "2026-06-15T10:00:00Z") "],\"hasMore\":false}}"},
     200,
     true,
     true,
     ""},
    {{"{\"success\":true,\"data\":{\"items\":[" AT("1",
                                                   "2026-06-11T10:00:00Z") "],\"hasMore\":false}}"},
     200,
     true,
     false,
     "filter"},
    {{"{\"success\":true,\"data\":{\"items\":[" AT("1",
                                                   "2026-06-19T14:00:00Z") "],\"hasMore\":false}}"},
     200,
     true,
     false,
     "filter"},
};

static void odd_pages(void **state)
{
    for (size_t i = 0; i < COUNT_OF(page_cases); i++) {
        size_t count = 1;
        while (count < COUNT_OF(page_cases[i].pages) && page_cases[i].pages[count] != NULL)
            count++;
        struct reading reading = read_pages(*state, page_cases[i].pages, count,
                                            page_cases[i].status, page_cases[i].window);
        if (reading.complete != page_cases[i].complete ||
            strstr(reading.err.detail, page_cases[i].why) == NULL)
            fail_msg("%s: %d, %s", page_cases[i].pages[0], reading.complete, reading.err.detail);
    }
}

/* A list that never shows the same twice, and one that never ends. */
static void endless_lists(void **state)
{
    static const char more[] =
        "{\"success\":true,\"data\":{\"items\":[" ROW("@") "],\"hasMore\":true}}";
    static const char last[] =
        "{\"success\":true,\"data\":{\"items\":[" ROW("@") "],\"hasMore\":false}}";
    const char *pages[LIST_PAGES_MAX + 1];

    for (size_t i = 0; i < COUNT_OF(pages); i++)
        pages[i] = i % 2 == 0 ? more : last;
    struct reading reading = read_pages(*state, pages, 12, 200, false);
    assert_false(reading.complete);
    assert_non_null(strstr(reading.err.detail, "changes with every reading"));
    for (size_t i = 0; i < COUNT_OF(pages); i++)
        pages[i] = more;
    reading = read_pages(*state, pages, COUNT_OF(pages), 200, false);
    assert_false(reading.complete);
    assert_non_null(strstr(reading.err.detail, "too many pages"));
    for (int at = 1; at <= 2; at++) { /* no memory for a request */
        core_fail_call("curl_easy_init", at, 0);
        reading = read_pages(*state, pages, 3, 200, false);
        assert_true(core_has_struck());
        assert_false(reading.complete);
        assert_int_equal(reading.err.code, ERR_SYSTEM);
    }
}

/* --- what contradicts ------------------------------------------------------------------------ */

static void store(struct till *till, const char *id, const char *status, const char *custom)
{
    struct record record = {.kind = REC_PAYMENT,
                            .id = id,
                            .payment_reference = id,
                            .status = status,
                            .poi_id = TERMINAL_1,
                            .custom_reference = custom,
                            .amount = money_make(1250, "EUR"),
                            .is_preauth = -1,
                            .raw = "{}"};
    struct err err = {0};

    if (!cache_store(till->cache, &record, 1, SOURCE_LIST, NULL, &err))
        fail_msg("store: %s", err.detail);
    ops_hold_against_lists(till->ops, CHANGED_PAYMENTS | CHANGED_MODIFICATIONS);
}

/* A charge that went well, then this in the list of payments: what becomes of it. */
static void later_words(void **state)
{
    static const struct {
        const char *status;
        enum intent_state end;
    } cases[] = {
        {"success", INTENT_CONFIRMED},    {"pending", INTENT_CONFIRMED},
        {"a new word", INTENT_CONFIRMED}, {"cancelled", INTENT_CONFIRMED},
        {"refused", INTENT_MANUAL},
    };
    struct till *till = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct op_request request = till_charge(TERMINAL_1, 1250);
        char id[INTENT_ID_SIZE], object[64], custom[64];
        till_start(till, &request, id);
        const struct intent *intent = till_wait(till, id, INTENT_CONFIRMED);
        snprintf(object, sizeof object, "%s", intent->server_reference);
        snprintf(custom, sizeof custom, "RES-2026~%s", intent->tag);
        store(till, object, cases[i].status, custom);
        store(till, object, cases[i].status, custom); /* ticked once */
        if (till_get(till, id)->state != cases[i].end)
            fail_msg("%s: %s", cases[i].status, intent_state_name(till_get(till, id)->state));
    }
}

/* Two objects with one name: one of them was not asked for. */
static void second_of_that_name(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE], custom[64];

    till_start(till, &request, id);
    snprintf(custom, sizeof custom, "RES-2026~%s", till_wait(till, id, INTENT_CONFIRMED)->tag);
    store(till, "HOTEL9-POSXT-778899", "success", custom);
    assert_int_equal(till_get(till, id)->state, INTENT_MANUAL);
    assert_non_null(strstr(till_get(till, id)->why, "second one"));
}

/* What is being sent is told by its own answer; a refused charge may come to light as done. */
static void words_out_of_turn(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1205);
    char id[INTENT_ID_SIZE], custom[64];

    till_start(till, &request, id);
    snprintf(custom, sizeof custom, "RES-2026~%s", till_get(till, id)->tag);
    store(till, "HOTEL9-POSXT-778800", "success", custom); /* another amount as well */
    assert_int_equal(till_get(till, id)->state, INTENT_PREPARED);
    till_wait(till, id, INTENT_SENT);
    ops_hold_against_lists(till->ops, CHANGED_PAYMENTS);
    assert_int_equal(till_get(till, id)->state, INTENT_SENT);
    till_wait(till, id, INTENT_CONFIRMED);
    request = till_charge(TERMINAL_1, 1201);
    request.amount = money_make(120001, "EUR");
    till_start(till, &request, id);
    snprintf(custom, sizeof custom, "~%s", till_wait(till, id, INTENT_DECLINED)->tag);
    store(till, till_get(till, id)->server_reference, "cancelled", custom);
    assert_int_equal(till_get(till, id)->state, INTENT_DECLINED);
    ops_hold_against_lists(till->ops, 0);
    assert_true(ops_has_looked(till->ops, "no such intent"));
    ops_look_now(till->ops, "no such intent");
}

/* --- days ------------------------------------------------------------------------------------ */

#define DAY_MS INT64_C(86400000)

/* A person's: what is not done after a week, and what is not found out after a day. */
static void open_for_days(void **state)
{
    struct till *till = *state;
    char payment[64], id[INTENT_ID_SIZE];
    struct op_request request = till_charge(TERMINAL_1, 5000);

    till->sim_settings.modification_long_ms = 100 * DAY_MS;
    till_close(till);
    till_restart_sim(till, NULL);
    till_open(till);
    snprintf(payment, sizeof payment, "%s",
             till_run(till, &request, INTENT_CONFIRMED)->server_reference);
    request = till_modify(till, OP_REFUND, payment, 12); /* stays open */
    till_start(till, &request, id);
    till_wait(till, id, INTENT_ACCEPTED);
    clocks_put_on(6 * DAY_MS, 6 * DAY_MS);
    ops_look_now(till->ops, id);
    while (!ops_has_looked(till->ops, id))
        loop_turn(till->loop, 20);
    assert_int_equal(till_get(till, id)->state, INTENT_ACCEPTED);
    clocks_put_on(2 * DAY_MS, 2 * DAY_MS);
    assert_non_null(strstr(till_wait(till, id, INTENT_MANUAL)->why, "seven days"));

    till_faults(till, "POST/pos/payment:drop-before,GET/pos/payments:502-html=404");
    request = till_charge(TERMINAL_1, 1250);
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    clocks_put_on(DAY_MS / 2, DAY_MS / 2);
    ops_look_now(till->ops, id);
    while (!ops_has_looked(till->ops, id))
        loop_turn(till->loop, 20);
    assert_int_equal(till_get(till, id)->state, INTENT_UNKNOWN);
    clocks_put_on(DAY_MS, DAY_MS);
    ops_look_now(till->ops, id);
    assert_non_null(strstr(till_wait(till, id, INTENT_MANUAL)->why, "within a day"));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, till_setup, till_teardown)
    const struct CMUnitTest tests[] = {
        TEST(odd_pages),           TEST(endless_lists),     TEST(later_words),
        TEST(second_of_that_name), TEST(words_out_of_turn), TEST(open_for_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
