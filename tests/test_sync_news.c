/* What is new or changes later is found by itself: links, refunds, news that were left half read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_sync.h"

static const char *status_of(struct bench *bench, enum record_kind kind, const char *id)
{
    struct row row;

    if (!cache_get_record(bench->box.cache, kind, id, &bench->arena, &row, NULL))
        return "";
    return row.record.status;
}

static bool is_pending(void *ctx)
{
    struct bench *bench = ctx;
    return strcmp(status_of(bench, REC_SESSION, bench->id), "pending") == 0;
}

static bool is_paid(void *ctx)
{
    struct bench *bench = ctx;
    return strcmp(status_of(bench, REC_SESSION, bench->id), "completed") == 0;
}

static bool is_refunded(void *ctx)
{
    struct bench *bench = ctx;
    return strcmp(status_of(bench, REC_MODIFICATION, bench->id), "success") == 0;
}

static void link_is_found_and_followed_until_paid(void **state)
{
    struct bench bench;
    struct buf body;
    struct sim_settings settings = bench_settings(120, SIM_LEAN);
    struct session_draft draft = {.amount = money_make(4500, "EUR"),
                                  .url_ok = "https://hotel.example/ok",
                                  .url_ko = "https://hotel.example/ko",
                                  .description = "Depósito hab. 214",
                                  .custom_reference = "RES-1~0123abcd"};
    struct row row;

    (void)state;
    bench_open(&bench, &settings, true);
    bench_wait(&bench, bench_is_complete);
    buf_init(&body, 4096);
    body_session(&body, "HOTEL9", &draft);
    bench_post(&bench, EP_SESSION_CREATE, &body);
    buf_done(&body);
    sync_refresh(bench.sync, REC_SESSION);
    bench_wait(&bench, is_pending);
    bench_wait(&bench, is_paid); /* nobody asks for it again but its own clock */
    assert_true(cache_get_record(bench.box.cache, REC_SESSION, bench.id, &bench.arena, &row, NULL));
    assert_string_equal(row.reference, "RES-1");
    assert_non_null(row.record.payment_reference);
    assert_true(row.record.attempt_count > 0);
    bench_close(&bench);
}

static void refund_is_followed_until_it_succeeds(void **state)
{
    struct bench bench;
    struct buf body;
    struct sim_settings settings = bench_settings(60, SIM_CANONICAL);
    struct charge_draft charge = {.poi_id = "V400m-TEST-000001", .amount = money_make(5000, "EUR")};
    struct payment_facts facts;

    (void)state;
    bench_open(&bench, &settings, true);
    bench_wait(&bench, bench_is_complete);
    buf_init(&body, 4096);
    body_charge(&body, "HOTEL9", &charge);
    bench_post(&bench, EP_POS_CHARGE, &body);
    const char *payment = bench.id;
    struct modification_draft refund = {payment, money_make(2000, "EUR"), refund_reasons[0]};
    buf_clear(&body);
    body_modification(&body, "HOTEL9", EP_REFUND, &refund);
    bench_post(&bench, EP_REFUND, &body);
    buf_done(&body);
    sync_refresh(bench.sync, REC_PAYMENT);
    sync_refresh(bench.sync, REC_MODIFICATION);
    bench_wait(&bench, is_refunded);
    assert_true(cache_payment_facts(bench.box.cache, payment, &facts, NULL));
    assert_int_equal(facts.captured, 5000);
    assert_int_equal(facts.refunded, 2000);
    assert_int_equal(facts.left, 3000);
    bench_close(&bench);
}

static void create_links(struct bench *bench, int count)
{
    struct session_draft draft = {.amount = money_make(4500, "EUR"),
                                  .url_ok = "https://hotel.example/ok",
                                  .url_ko = "https://hotel.example/ko"};
    struct buf body;

    buf_init(&body, 4096);
    body_session(&body, "HOTEL9", &draft);
    for (int i = 0; i < count; i++)
        bench_post(bench, EP_SESSION_CREATE, &body);
    buf_done(&body);
}

static bool has_count(void *ctx)
{
    struct bench *bench = ctx;
    return bench_count(bench, REC_SESSION) >= bench->want;
}

/* Left in the middle of 250 news, the next start must not take the first page without news for the
   end of them. */
static void interrupted_news_leave_no_gap(void **state)
{
    struct bench bench;
    struct sim_settings settings = bench_settings(120, SIM_CANONICAL);

    (void)state;
    settings.pay_after_ms = 0;
    bench_open(&bench, &settings, true);
    bench_wait(&bench, bench_is_complete);
    bench_stop(&bench);
    bench_start(&bench, false);
    create_links(&bench, 250);
    bench_stop(&bench);
    bench_start(&bench, true);
    bench.want = 220;
    bench_wait(&bench, has_count);
    assert_true(bench_count(&bench, REC_SESSION) < 370);
    bench_stop(&bench);
    bench_start(&bench, true);
    bench.want = 370;
    bench_wait(&bench, has_count);
    bench_close(&bench);
}

/* One page serves the newest hundred; an older one is asked of its payment. */
static void old_open_refund_is_followed_too(void **state)
{
    struct bench bench;
    struct buf body;
    struct sim_settings settings = bench_settings(60, SIM_CANONICAL);
    struct charge_draft charge = {.poi_id = "V400m-TEST-000001", .amount = money_make(9900, "EUR")};

    (void)state;
    settings.modification_delay_ms = 1;
    settings.modification_long_ms = 4000;
    bench_open(&bench, &settings, false);
    buf_init(&body, 4096);
    body_charge(&body, "HOTEL9", &charge);
    bench_post(&bench, EP_POS_CHARGE, &body);
    struct modification_draft refund = {bench.id, money_make(112, "EUR"), refund_reasons[0]};
    buf_clear(&body);
    body_modification(&body, "HOTEL9", EP_REFUND, &refund);
    bench_post(&bench, EP_REFUND, &body);
    const char *old = bench.id;
    refund.amount = money_make(1, "EUR");
    buf_clear(&body);
    body_modification(&body, "HOTEL9", EP_REFUND, &refund);
    for (int i = 0; i < 110; i++)
        bench_post(&bench, EP_REFUND, &body);
    buf_done(&body);
    bench_stop(&bench);
    bench_start(&bench, true);
    bench_wait(&bench, bench_is_complete);
    assert_string_equal(status_of(&bench, REC_MODIFICATION, old), "pending");
    bench.id = old;
    bench_wait(&bench, is_refunded);
    assert_true(sim_requests_seen(bench.sim, "GET/pos/payment/{id}/modifications") > 0);
    bench_close(&bench);
}

static bool has_indexes(void *ctx)
{
    return !cache_lacks_indexes(((struct bench *)ctx)->box.cache);
}

static bool is_searchable(void *ctx)
{
    int64_t left = -1;
    struct bench *bench = ctx;
    return db_get_int(bench->box.cache->db, NULL, &left, -1,
                      "SELECT (SELECT count(*) FROM todo_sessions) +"
                      " (SELECT count(*) FROM todo_payments)") &&
           left == 0;
}

static void indexes_come_behind_the_first_sync(void **state)
{
    struct bench bench;
    struct sim_settings settings = bench_settings(350, SIM_CANONICAL);

    (void)state;
    bench_open(&bench, &settings, true);
    assert_true(cache_lacks_indexes(bench.box.cache));
    bench_wait(&bench, bench_is_complete);
    bench_wait(&bench, has_indexes);
    bench_wait(&bench, is_searchable);
    create_links(&bench, 1);
    sync_refresh(bench.sync, REC_SESSION);
    bench_wait(&bench, is_pending);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(link_is_found_and_followed_until_paid),
        cmocka_unit_test(refund_is_followed_until_it_succeeds),
        cmocka_unit_test(interrupted_news_leave_no_gap),
        cmocka_unit_test(old_open_refund_is_followed_too),
        cmocka_unit_test(indexes_come_behind_the_first_sync),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
