/* The scheduler against the bundled server over real HTTP: first sync in every list dialect, its
   resumption, news on top, open rows until they are final, a busy server, and what a command asks.
   */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../api/sim/sim.h"
#include "support_cache.h"

#define LIMIT_MS 60000

struct bench {
    struct box box;
    struct loop *loop;
    struct sim *sim;
    struct api_client *client;
    struct sync *sync;
    int64_t want; /* what a condition compares with */
    const char *id;
    struct arena arena;
};

static void start_sync(struct bench *bench, bool automatic)
{
    struct api_settings settings = {.env = ENV_TEST,
                                    .base_url = sim_base_url(bench->sim),
                                    .webcode = "HOTEL9",
                                    .api_key = "test-key"};
    struct err err = {0};

    bench->client = api_client_new(bench->loop, &settings, &err);
    if (bench->client == NULL)
        fail_msg("client: %s", err.detail);
    bench->sync = sync_new(bench->loop, bench->client, bench->box.cache,
                           &(struct sync_settings){.automatic = automatic});
}

static void stop_sync(struct bench *bench)
{
    sync_free(bench->sync);
    api_client_free(bench->client);
}

static struct sim_settings small(uint32_t sessions, enum sim_dialect dialect)
{
    struct sim_settings settings = sim_settings_default();

    settings.sessions = sessions;
    settings.payments = 250;
    settings.dialect = dialect;
    settings.modification_delay_ms = 300;
    settings.charge_delay_ms = 50;
    settings.pay_after_ms = 1500;
    return settings;
}

static void bench_open(struct bench *bench, const struct sim_settings *settings, bool automatic)
{
    struct err err = {0};

    *bench = (struct bench){0};
    box_open(&bench->box);
    bench->box.changes.ctx = &bench->box;
    bench->loop = loop_new();
    bench->sim = sim_start(bench->loop, settings, &err);
    if (bench->sim == NULL)
        fail_msg("sim: %s", err.detail);
    start_sync(bench, automatic);
}

static void bench_close(struct bench *bench)
{
    stop_sync(bench);
    sim_stop(bench->sim);
    box_close(&bench->box);
    loop_free(bench->loop);
    arena_done(&bench->arena);
}

static int64_t count_rows(struct bench *bench, enum record_kind kind)
{
    struct list_totals totals;
    struct err err = {0};

    assert_true(
        cache_totals_now(bench->box.cache, &(struct list_spec){.kind = kind}, &totals, &err));
    return totals.count;
}

static struct sync_progress progress_of(struct bench *bench, enum record_kind kind)
{
    struct sync_progress progress;

    sync_get_progress(bench->sync, kind, &progress);
    return progress;
}

static void wait_until(struct bench *bench, bool (*done)(void *ctx))
{
    if (!loop_run_until(bench->loop, done, bench, LIMIT_MS))
        fail_msg("nothing came: %s", progress_of(bench, REC_SESSION).last_error.detail);
}

static bool all_complete(void *ctx)
{
    return progress_of(ctx, REC_SESSION).complete && progress_of(ctx, REC_PAYMENT).complete &&
           progress_of(ctx, REC_MODIFICATION).complete;
}

static bool is_stuck(void *ctx)
{
    return progress_of(ctx, REC_SESSION).stuck_page && progress_of(ctx, REC_PAYMENT).stuck_page;
}

static bool has_some(void *ctx)
{
    return progress_of(ctx, REC_SESSION).rows >= ((struct bench *)ctx)->want;
}

static bool is_idle(void *ctx)
{
    return sync_is_idle(((struct bench *)ctx)->sync);
}

static void first_sync_in_every_dialect(void **state)
{
    (void)state;
    for (int dialect = 0; dialect < SIM_DIALECTS; dialect++) {
        struct bench bench;
        struct sim_settings settings = small(350, (enum sim_dialect)dialect);
        bench_open(&bench, &settings, true);
        if (dialect == SIM_IGNORES_PAGE) {
            wait_until(&bench, is_stuck);
            assert_int_equal(count_rows(&bench, REC_SESSION), 100);
            assert_false(progress_of(&bench, REC_SESSION).complete);
        } else {
            wait_until(&bench, all_complete);
            assert_int_equal(count_rows(&bench, REC_SESSION), 350);
            assert_int_equal(count_rows(&bench, REC_PAYMENT), 250);
            assert_true(count_rows(&bench, REC_MODIFICATION) > 0);
            assert_true(progress_of(&bench, REC_SESSION).last_ok_ms > 0);
        }
        bench_close(&bench);
    }
}

static void first_sync_goes_on_after_a_restart(void **state)
{
    struct bench bench;
    struct sim_settings settings = small(1500, SIM_CANONICAL);

    (void)state;
    bench_open(&bench, &settings, true);
    bench.want = 500;
    wait_until(&bench, has_some);
    assert_false(progress_of(&bench, REC_SESSION).complete);
    stop_sync(&bench);
    box_reopen(&bench.box);
    uint64_t before = sim_requests_seen(bench.sim, "GET/payment/sessions");
    start_sync(&bench, true);
    assert_true(progress_of(&bench, REC_SESSION).rows >= 500);
    wait_until(&bench, all_complete);
    assert_int_equal(count_rows(&bench, REC_SESSION), 1500);
    /* ten pages were left, and a few newest ones */
    assert_true(sim_requests_seen(bench.sim, "GET/payment/sessions") - before <= 15);
    bench_close(&bench);
}

/* --- news --------------------------------------------------------------------------------- */

static void keep_id(void *ctx, const struct api_answer *answer)
{
    struct bench *bench = ctx;

    assert_int_equal(answer->body, BODY_DATA);
    bench->id = arena_strdup(&bench->arena, answer->record.id);
}

static bool allow(void *ctx)
{
    (void)ctx;
    return true;
}

static bool has_id(void *ctx)
{
    return ((struct bench *)ctx)->id != NULL;
}

static void post(struct bench *bench, enum endpoint endpoint, const struct buf *body)
{
    char key[UUID_SIZE];
    struct err err = {0};

    random_uuid(key);
    bench->id = NULL;
    struct api_request request = {.endpoint = endpoint,
                                  .body = body->data,
                                  .body_len = body->len,
                                  .idempotency_key = key,
                                  .on_leave = allow,
                                  .done = keep_id,
                                  .ctx = bench};
    if (api_call(bench->client, &request, &err) == NULL)
        fail_msg("api_call: %s", err.detail);
    wait_until(bench, has_id);
}

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
    struct sim_settings settings = small(120, SIM_LEAN);
    struct session_draft draft = {.amount = money_make(4500, "EUR"),
                                  .url_ok = "https://hotel.example/ok",
                                  .url_ko = "https://hotel.example/ko",
                                  .description = "Depósito hab. 214",
                                  .custom_reference = "RES-1~0123abcd"};
    struct row row;

    (void)state;
    bench_open(&bench, &settings, true);
    wait_until(&bench, all_complete);
    buf_init(&body, 4096);
    body_session(&body, "HOTEL9", &draft);
    post(&bench, EP_SESSION_CREATE, &body);
    buf_done(&body);
    sync_refresh(bench.sync, REC_SESSION);
    wait_until(&bench, is_pending);
    wait_until(&bench, is_paid); /* nobody asks for it again but its own clock */
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
    struct sim_settings settings = small(60, SIM_CANONICAL);
    struct charge_draft charge = {.poi_id = "V400m-TEST-000001", .amount = money_make(5000, "EUR")};
    struct payment_facts facts;

    (void)state;
    bench_open(&bench, &settings, true);
    wait_until(&bench, all_complete);
    buf_init(&body, 4096);
    body_charge(&body, "HOTEL9", &charge);
    post(&bench, EP_POS_CHARGE, &body);
    const char *payment = bench.id;
    struct modification_draft refund = {payment, money_make(2000, "EUR"), refund_reasons[0]};
    buf_clear(&body);
    body_modification(&body, "HOTEL9", EP_REFUND, &refund);
    post(&bench, EP_REFUND, &body);
    buf_done(&body);
    sync_refresh(bench.sync, REC_PAYMENT);
    sync_refresh(bench.sync, REC_MODIFICATION);
    wait_until(&bench, is_refunded);
    assert_true(cache_payment_facts(bench.box.cache, payment, &facts, NULL));
    assert_int_equal(facts.captured, 5000);
    assert_int_equal(facts.refunded, 2000);
    assert_int_equal(facts.left, 3000);
    bench_close(&bench);
}

/* --- trouble ------------------------------------------------------------------------------ */

static bool slowed_down(void *ctx)
{
    return progress_of(ctx, REC_SESSION).retry_at_ms > 0;
}

static void busy_server_slows_everything_down_once(void **state)
{
    struct bench bench;
    struct sim_settings settings = small(150, SIM_CANONICAL);

    (void)state;
    settings.faults = "GET/payment/sessions:429=1x1";
    bench_open(&bench, &settings, true);
    wait_until(&bench, slowed_down);
    assert_int_equal(progress_of(&bench, REC_SESSION).last_error.code, ERR_API);
    assert_int_equal(progress_of(&bench, REC_SESSION).last_api_error.http_status, 429);
    wait_until(&bench, all_complete);
    assert_int_equal(progress_of(&bench, REC_SESSION).last_error.code, ERR_NONE);
    assert_int_equal(progress_of(&bench, REC_SESSION).retry_at_ms, 0);
    bench_close(&bench);
}

/* --- a command ---------------------------------------------------------------------------- */

static void command_asks_only_for_what_it_needs(void **state)
{
    struct bench bench;
    struct sim_settings settings = small(700, SIM_CANONICAL);
    struct row_page page;
    struct terminal_page terminals;
    struct row row;

    (void)state;
    bench_open(&bench, &settings, false);
    assert_true(sync_is_idle(bench.sync));
    sync_fetch(bench.sync, REC_SESSION, &(struct list_query){0}, 150);
    assert_false(sync_is_idle(bench.sync));
    wait_until(&bench, is_idle);
    assert_int_equal(count_rows(&bench, REC_SESSION), 200);
    assert_int_equal(sim_requests_seen(bench.sim, NULL), 2);

    struct list_spec spec = {.kind = REC_SESSION};
    assert_true(cache_list(bench.box.cache, &(struct page_request){.spec = &spec, .limit = 1},
                           &page, NULL));
    sync_record(bench.sync, REC_SESSION, page.rows[0].record.id);
    wait_until(&bench, is_idle);
    assert_true(cache_get_record(bench.box.cache, REC_SESSION, page.rows[0].record.id, &bench.arena,
                                 &row, NULL));
    assert_non_null(strstr(row.record.raw, "urlOk"));
    row_page_done(&page);

    sync_terminals(bench.sync, true);
    wait_until(&bench, is_idle);
    assert_true(cache_terminals(bench.box.cache, &terminals, NULL));
    assert_int_equal(terminals.count, 3);
    assert_string_equal(terminals.rows[2].terminal.poi_id, "P400Plus-TEST-000003");
    assert_int_equal(terminals.rows[0].online, 1);
    assert_int_equal(terminals.rows[2].online, 0);
    terminal_page_done(&terminals);

    sync_fetch(bench.sync, REC_SESSION, &(struct list_query){.status = "pending"}, 0);
    wait_until(&bench, is_idle);
    sync_refresh(bench.sync, REC_SESSION);
    wait_until(&bench, is_idle);
    assert_true(progress_of(&bench, REC_SESSION).complete);
    assert_int_equal(count_rows(&bench, REC_SESSION), 700);
    uint64_t before = sim_requests_seen(bench.sim, NULL);
    sync_refresh(bench.sync, REC_SESSION);
    wait_until(&bench, is_idle);
    assert_int_equal(sim_requests_seen(bench.sim, NULL) - before, 1); /* no news: one page */
    bench_close(&bench);
}

static void command_is_told_when_the_api_refuses(void **state)
{
    struct bench bench;
    struct sim_settings settings = small(10, SIM_CANONICAL);

    (void)state;
    settings.test_key = "another-key";
    bench_open(&bench, &settings, false);
    sync_refresh(bench.sync, REC_SESSION);
    wait_until(&bench, is_idle);
    struct sync_progress progress = progress_of(&bench, REC_SESSION);
    assert_int_equal(progress.last_error.code, ERR_API);
    assert_int_equal(progress.last_api_error.code, 11001);
    assert_non_null(progress.last_api_error.trace_id);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_sync_in_every_dialect),
        cmocka_unit_test(first_sync_goes_on_after_a_restart),
        cmocka_unit_test(link_is_found_and_followed_until_paid),
        cmocka_unit_test(refund_is_followed_until_it_succeeds),
        cmocka_unit_test(busy_server_slows_everything_down_once),
        cmocka_unit_test(command_asks_only_for_what_it_needs),
        cmocka_unit_test(command_is_told_when_the_api_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
