#include "pager.h"

#include "fuzz.h"

#include <stdio.h>
#include <string.h>

struct pager_call pager_call;

struct api_call *__wrap_api_call(struct api_client *client, const struct api_request *request,
                                 struct err *err);
bool __wrap_cache_store(struct cache *cache, const struct record *records, size_t count,
                        enum record_source source, struct store_result *out, struct err *err);
bool __wrap_cache_get_mark(struct cache *cache, enum record_kind kind, struct sync_mark *out,
                           struct err *err);
bool __wrap_cache_put_mark(struct cache *cache, enum record_kind kind, const struct sync_mark *mark,
                           struct err *err);
bool __wrap_cache_tidy(struct cache *cache, struct loop *loop, void (*done)(void *ctx), void *ctx);
void __wrap_cache_tidy_forget(struct cache *cache);

struct api_call *__wrap_api_call(struct api_client *client, const struct api_request *request,
                                 struct err *err)
{
    static char handle; /* callers only see whether there is one */
    (void)client, (void)err;
    assert(!pager_call.asked);
    pager_call.asked = true;
    pager_call.count++;
    pager_call.page = request->query.page;
    snprintf(pager_call.cursor, sizeof pager_call.cursor, "%s",
             request->query.cursor ? request->query.cursor : "");
    pager_call.done = request->done;
    pager_call.ctx = request->ctx;
    return (struct api_call *)&handle;
}

/* All rows are news: nothing ends a walk but its pages. */
bool __wrap_cache_store(struct cache *cache, const struct record *records, size_t count,
                        enum record_source source, struct store_result *out, struct err *err)
{
    (void)cache, (void)records, (void)source, (void)err;
    if (out)
        *out = (struct store_result){.added = count};
    return true;
}

bool __wrap_cache_get_mark(struct cache *cache, enum record_kind kind, struct sync_mark *out,
                           struct err *err)
{
    (void)cache, (void)kind, (void)err;
    *out = (struct sync_mark){.next_page = 1, .total = -1, .anchor_ms = INT64_MIN};
    return true;
}

bool __wrap_cache_put_mark(struct cache *cache, enum record_kind kind, const struct sync_mark *mark,
                           struct err *err)
{
    (void)cache, (void)kind, (void)err;
    assert(mark->next_page >= 1);
    return true;
}

bool __wrap_cache_tidy(struct cache *cache, struct loop *loop, void (*done)(void *ctx), void *ctx)
{
    (void)cache, (void)loop, (void)done, (void)ctx;
    return false;
}

void __wrap_cache_tidy_forget(struct cache *cache)
{
    (void)cache;
}

static void answer_call(pager_serve_fn serve, void *ctx)
{
    struct api_answer answer = {.endpoint = EP_PAYMENTS,
                                .left = true,
                                .http_status = 200,
                                .retry_after_s = -1,
                                .server_utc_ms = clock_utc_ms(),
                                .page = {-1, -1, -1, -1, -1, NULL}};
    serve(ctx, &answer);
    pager_call.asked = false;
    pager_call.done(pager_call.ctx, &answer);
}

/* --- list_read.c -------------------------------------------------------------------------- */

struct reading {
    struct pager_result result;
    void *ctx;
    void (*seen)(void *ctx, const struct list_result *result);
};

static void list_done(void *ctx, const struct list_result *result)
{
    struct reading *reading = ctx;
    reading->result.ended++;
    reading->result.complete = result->complete;
    reading->result.count = result->count;
    reading->result.pages = result->pages;
    reading->result.err = result->err;
    reading->seen(reading->ctx, result);
}

struct pager_result pager_read_list(pager_serve_fn serve, void *ctx,
                                    void (*seen)(void *ctx, const struct list_result *result))
{
    struct cache cache = {0};
    struct ops ops = {.cache = &cache};
    struct list_ask ask = {.endpoint = EP_PAYMENTS};
    struct reading reading = {.ctx = ctx, .seen = seen};
    struct err err = {0};

    pager_call = (struct pager_call){0};
    bool started = list_read_start(&ops, &ask, list_done, &reading, &err) != NULL;
    assert(started);
    while (pager_call.asked)
        answer_call(serve, ctx);
    assert(!ops.reads);
    return reading.result;
}

/* --- sync_walk.c -------------------------------------------------------------------------- */

size_t pager_walk_list(pager_serve_fn serve, void *ctx, bool first, size_t calls)
{
    struct cache cache = {0};
    struct changes changes = {0};
    struct loop *loop = loop_new();

    cache.changes = &changes;
    pager_call = (struct pager_call){0};
    struct sync *sync = sync_new(loop, NULL, &cache, &(struct sync_settings){.automatic = false});
    if (first)
        sync_refresh(sync, REC_PAYMENT);
    else
        sync_fetch(sync, REC_PAYMENT, &(struct list_query){0}, 0);
    while (!sync_is_idle(sync) && pager_call.count <= calls) {
        loop_turn(loop, 0);
        if (pager_call.asked)
            answer_call(serve, ctx);
    }
    sync_free(sync);
    loop_free(loop);
    return pager_call.count;
}
