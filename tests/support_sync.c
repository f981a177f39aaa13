#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_sync.h"

#define LIMIT_MS 60000

void bench_start(struct bench *bench, bool automatic)
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

void bench_stop(struct bench *bench)
{
    sync_free(bench->sync);
    api_client_free(bench->client);
}

struct sim_settings bench_settings(uint32_t sessions, enum sim_dialect dialect)
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

void bench_open(struct bench *bench, const struct sim_settings *settings, bool automatic)
{
    struct err err = {0};

    *bench = (struct bench){0};
    box_open(&bench->box);
    bench->box.changes.ctx = &bench->box;
    bench->loop = loop_new();
    bench->sim = sim_start(bench->loop, settings, &err);
    if (bench->sim == NULL)
        fail_msg("sim: %s", err.detail);
    bench_start(bench, automatic);
}

void bench_close(struct bench *bench)
{
    bench_stop(bench);
    sim_stop(bench->sim);
    box_close(&bench->box);
    loop_free(bench->loop);
    arena_done(&bench->arena);
}

int64_t bench_count(struct bench *bench, enum record_kind kind)
{
    struct list_totals totals;
    struct err err = {0};

    assert_true(
        cache_totals_now(bench->box.cache, &(struct list_spec){.kind = kind}, &totals, &err));
    return totals.count;
}

struct sync_progress bench_progress(struct bench *bench, enum record_kind kind)
{
    struct sync_progress progress;

    sync_get_progress(bench->sync, kind, &progress);
    return progress;
}

void bench_wait(struct bench *bench, bool (*done)(void *ctx))
{
    if (!loop_run_until(bench->loop, done, bench, LIMIT_MS))
        fail_msg("nothing came: %s", bench_progress(bench, REC_SESSION).last_error.detail);
}

bool bench_is_complete(void *ctx)
{
    return bench_progress(ctx, REC_SESSION).complete && bench_progress(ctx, REC_PAYMENT).complete &&
           bench_progress(ctx, REC_MODIFICATION).complete;
}

bool bench_is_idle(void *ctx)
{
    return sync_is_idle(((struct bench *)ctx)->sync);
}

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

void bench_post(struct bench *bench, enum endpoint endpoint, const struct buf *body)
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
    bench_wait(bench, has_id);
}
