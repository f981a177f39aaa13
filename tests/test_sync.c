/* The scheduler against the bundled server over real HTTP: first sync in every list dialect, its
   resumption, a busy server, and what a command asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../cache/sync_internal.h"
#include "support_sync.h"

static bool is_stuck(void *ctx)
{
    return bench_progress(ctx, REC_SESSION).stuck_page &&
           bench_progress(ctx, REC_PAYMENT).stuck_page;
}

static bool has_some(void *ctx)
{
    return bench_progress(ctx, REC_SESSION).rows >= ((struct bench *)ctx)->want;
}

static void first_sync_in_every_dialect(void **state)
{
    (void)state;
    for (int dialect = 0; dialect < SIM_DIALECTS; dialect++) {
        struct bench bench;
        struct sim_settings settings = bench_settings(350, (enum sim_dialect)dialect);
        bench_open(&bench, &settings, true);
        if (dialect == SIM_IGNORES_PAGE) {
            bench_wait(&bench, is_stuck);
            assert_int_equal(bench_count(&bench, REC_SESSION), 100);
            assert_false(bench_progress(&bench, REC_SESSION).complete);
        } else {
            bench_wait(&bench, bench_is_complete);
            assert_int_equal(bench_count(&bench, REC_SESSION), 350);
            assert_int_equal(bench_count(&bench, REC_PAYMENT), 250);
            assert_true(bench_count(&bench, REC_MODIFICATION) > 0);
            assert_true(bench_progress(&bench, REC_SESSION).last_ok_ms > 0);
        }
        bench_close(&bench);
    }
}

static void first_sync_goes_on_after_a_restart(void **state)
{
    struct bench bench;
    struct sim_settings settings = bench_settings(1500, SIM_CANONICAL);

    (void)state;
    bench_open(&bench, &settings, true);
    bench.want = 500;
    bench_wait(&bench, has_some);
    assert_false(bench_progress(&bench, REC_SESSION).complete);
    bench_stop(&bench);
    box_reopen(&bench.box);
    uint64_t before = sim_requests_seen(bench.sim, "GET/payment/sessions");
    bench_start(&bench, true);
    assert_true(bench_progress(&bench, REC_SESSION).rows >= 500);
    bench_wait(&bench, bench_is_complete);
    assert_int_equal(bench_count(&bench, REC_SESSION), 1500);
    /* ten pages were left, and a few newest ones */
    assert_true(sim_requests_seen(bench.sim, "GET/payment/sessions") - before <= 15);
    bench_close(&bench);
}

/* --- long pages --------------------------------------------------------------------------- */

static int64_t most_pages; /* that were asked for or being stored at once */

static bool counts_pages_until_idle(void *ctx)
{
    struct bench *bench = ctx;
    int64_t pages = 0;

    for (int i = 0; i < RECORD_KINDS; i++)
        for (int kind = 0; kind < WALK_KINDS; kind++)
            pages += bench->sync->feeds[i].walks[kind].in_flight;
    most_pages = pages > most_pages ? pages : most_pages;
    return bench_is_idle(bench);
}

static int64_t refresh_all(struct bench *bench)
{
    most_pages = 0;
    for (int i = 0; i < RECORD_KINDS; i++)
        sync_refresh(bench->sync, (enum record_kind)i);
    bench_wait(bench, counts_pages_until_idle);
    return most_pages;
}

/* Pages of several lists would be in memory together. */
static void long_pages_come_one_at_a_time(void **state)
{
    struct bench bench;
    struct sim_settings settings = bench_settings(150, SIM_CANONICAL);
    struct err err = {0};

    (void)state;
    bench_open(&bench, &settings, true);
    bench_wait(&bench, bench_is_complete);
    assert_int_equal(refresh_all(&bench), RECORD_KINDS);
    assert_true(sim_faults_set(bench.sim, "GET*:twins=3", &err));
    refresh_all(&bench);
    assert_int_equal(refresh_all(&bench), 1);
    bench_close(&bench);
}

/* --- trouble ------------------------------------------------------------------------------ */

static bool slowed_down(void *ctx)
{
    return bench_progress(ctx, REC_SESSION).retry_at_ms > 0;
}

static void busy_server_slows_everything_down_once(void **state)
{
    struct bench bench;
    struct sim_settings settings = bench_settings(150, SIM_CANONICAL);

    (void)state;
    settings.faults = "GET/payment/sessions:429=1x1";
    bench_open(&bench, &settings, true);
    bench_wait(&bench, slowed_down);
    assert_int_equal(bench_progress(&bench, REC_SESSION).last_error.code, ERR_API);
    assert_int_equal(bench_progress(&bench, REC_SESSION).last_api_error.http_status, 429);
    bench_wait(&bench, bench_is_complete);
    assert_int_equal(bench_progress(&bench, REC_SESSION).last_error.code, ERR_NONE);
    assert_int_equal(bench_progress(&bench, REC_SESSION).retry_at_ms, 0);
    bench_close(&bench);
}

/* --- a command ---------------------------------------------------------------------------- */

static void command_asks_only_for_what_it_needs(void **state)
{
    struct bench bench;
    struct sim_settings settings = bench_settings(700, SIM_CANONICAL);
    struct row_page page;
    struct terminal_page terminals;
    struct row row;

    (void)state;
    bench_open(&bench, &settings, false);
    assert_true(sync_is_idle(bench.sync));
    sync_fetch(bench.sync, REC_SESSION, &(struct list_query){0}, 150);
    assert_false(sync_is_idle(bench.sync));
    bench_wait(&bench, bench_is_idle);
    assert_int_equal(bench_count(&bench, REC_SESSION), 200);
    assert_int_equal(sim_requests_seen(bench.sim, NULL), 2);

    struct list_spec spec = {.kind = REC_SESSION};
    assert_true(cache_list(bench.box.cache, &(struct page_request){.spec = &spec, .limit = 1},
                           &page, NULL));
    sync_record(bench.sync, REC_SESSION, page.rows[0].record.id);
    bench_wait(&bench, bench_is_idle);
    assert_true(cache_get_record(bench.box.cache, REC_SESSION, page.rows[0].record.id, &bench.arena,
                                 &row, NULL));
    assert_non_null(strstr(row.record.raw, "urlOk"));
    row_page_done(&page);

    sync_terminals(bench.sync, true);
    bench_wait(&bench, bench_is_idle);
    assert_true(cache_terminals(bench.box.cache, &terminals, NULL));
    assert_int_equal(terminals.count, 3);
    assert_string_equal(terminals.rows[2].terminal.poi_id, "P400Plus-TEST-000003");
    assert_int_equal(terminals.rows[0].online, 1);
    assert_int_equal(terminals.rows[2].online, 0);
    terminal_page_done(&terminals);

    sync_fetch(bench.sync, REC_SESSION, &(struct list_query){.status = "pending"}, 0);
    bench_wait(&bench, bench_is_idle);
    sync_refresh(bench.sync, REC_SESSION);
    bench_wait(&bench, bench_is_idle);
    assert_true(bench_progress(&bench, REC_SESSION).complete);
    assert_int_equal(bench_count(&bench, REC_SESSION), 700);
    uint64_t before = sim_requests_seen(bench.sim, NULL);
    sync_refresh(bench.sync, REC_SESSION);
    bench_wait(&bench, bench_is_idle);
    assert_int_equal(sim_requests_seen(bench.sim, NULL) - before, 1); /* no news: one page */
    bench_close(&bench);
}

static void command_is_told_when_the_api_refuses(void **state)
{
    struct bench bench;
    struct sim_settings settings = bench_settings(10, SIM_CANONICAL);

    (void)state;
    settings.test_key = "another-key";
    bench_open(&bench, &settings, false);
    sync_refresh(bench.sync, REC_SESSION);
    bench_wait(&bench, bench_is_idle);
    struct sync_progress progress = bench_progress(&bench, REC_SESSION);
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
        cmocka_unit_test(long_pages_come_one_at_a_time),
        cmocka_unit_test(busy_server_slows_everything_down_once),
        cmocka_unit_test(command_asks_only_for_what_it_needs),
        cmocka_unit_test(command_is_told_when_the_api_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
