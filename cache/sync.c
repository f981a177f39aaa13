/* The scheduler: what may start now starts, and one timer waits for what is due next. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync_internal.h"

#define SLOW_LEVELS    6 /* 2, 4, 8, 16, 32, 60 s */
#define SLOW_MAX_MS    INT64_C(60000)
#define INDEX_WORK_MS  1  /* of the loop's time at once … */
#define INDEX_PAUSE_MS 6 /* … and the pause that follows */

int64_t sync_delay(int64_t ms)
{
    int64_t tenth = ms / 10;

    return ms - tenth + random_below((uint32_t)(tenth * 2) + 1);
}

int64_t sync_step_delay(int step)
{
    static const int64_t delays[] = {2000, 5000, 15000, 60000, 300000};

    return delays[step];
}

/* --- the search index --------------------------------------------------------------------- */

static bool first_syncs_run(const struct sync *sync)
{
    for (int i = 0; i < RECORD_KINDS; i++)
        if (sync->feeds[i].walks[WALK_FIRST].active)
            return true;
    return false;
}

static void index_some(void *ctx)
{
    struct sync *sync = ctx;
    struct err err = {0};
    bool left = false;

    sync->index_timer = NULL;
    if (sync->cache->building || cache_tidy(sync->cache, sync->loop, sync_tidied, sync))
        left = true; /* that first */
    else if (!cache_index_slice(sync->cache, INDEX_WORK_MS, &left, &err))
        sync_note_error(&sync->feeds[REC_SESSION], &err);
    if (left)
        sync->index_timer = loop_timer_start(sync->loop, INDEX_PAUSE_MS, index_some, sync);
}

static void index_soon(struct sync *sync)
{
    if (!sync->automatic || !sync->index_stale || sync->index_timer != NULL ||
        first_syncs_run(sync))
        return;
    sync->index_stale = false;
    sync->index_timer = loop_timer_start(sync->loop, INDEX_PAUSE_MS, index_some, sync);
}

/* --- the pump ----------------------------------------------------------------------------- */

static void pump(void *ctx);

/* Anything else than now keeps an earlier appointment. */
static void set_timer(struct sync *sync, int64_t due, int64_t now)
{
    loop_timer_stop(sync->loop, sync->timer);
    sync->timer =
        due == NEVER ? NULL : loop_timer_start(sync->loop, due > now ? due - now : 0, pump, sync);
}

void sync_wake(struct sync *sync)
{
    set_timer(sync, 0, 0);
}

void sync_tidied(void *ctx)
{
    sync_wake(ctx);
}

/* When a list that rests may be asked again. */
static int64_t rests_end(const struct sync *sync, int64_t now)
{
    int64_t next = NEVER;

    for (int i = 0; i < RECORD_KINDS; i++) {
        const struct feed *feed = &sync->feeds[i];
        for (int kind = 0; kind < WALK_KINDS; kind++)
            if (feed->walks[kind].active && !feed->walks[kind].asked && feed->rest_until > now &&
                feed->rest_until < next)
                next = feed->rest_until;
    }
    return next;
}

static bool is_asking(const struct sync *sync)
{
    bool asking = sync->terminals_in_flight || sync->online_in_flight;

    for (int i = 0; i < RECORD_KINDS; i++)
        for (int kind = 0; kind < WALK_KINDS; kind++)
            asking |= sync->feeds[i].walks[kind].in_flight;
    for (size_t i = 0; i < JOBS_MAX; i++)
        asking |= sync->jobs[i].in_flight;
    return asking;
}

/* Once the first syncs are over: when no answer can come that could not be stored. False: nothing
   else may start before. */
static bool build_indexes_first(struct sync *sync)
{
    if (sync->cache->building)
        return false;
    if (!sync->automatic || sync->build_tried || first_syncs_run(sync) ||
        !cache_lacks_indexes(sync->cache))
        return true;
    if (is_asking(sync))
        return false;
    sync->build_tried = true;
    cache_build_indexes(sync->cache, sync->loop, sync_tidied, sync);
    return !sync->cache->building;
}

static void pump(void *ctx)
{
    struct sync *sync = ctx;
    int64_t now = clock_boot_ms();

    sync->timer = NULL;
    if (now < sync->slow_until) {
        set_timer(sync, sync->slow_until, now);
        return;
    }
    if (!build_indexes_first(sync))
        return;
    clocks_run(sync, now);
    terminals_start(sync);
    jobs_start(sync);
    walks_start(sync);
    int64_t next = clocks_next(sync), rest = rests_end(sync, now);
    if (sync->timer == NULL)
        set_timer(sync, rest < next ? rest : next, now);
    index_soon(sync);
}

/* --- answers ------------------------------------------------------------------------------ */

void sync_note_stored(struct feed *feed, const struct store_result *result)
{
    struct sync *sync = feed->sync;

    if (result->added + result->changed == 0)
        return;
    sync->index_stale = true;
    if (feed->kind == REC_SESSION) {
        sync->polls_stale = true;
        if (sync->trickle_due == NEVER)
            sync->trickle_due = clock_boot_ms();
    } else if (feed->open_due == NEVER && sync->automatic) {
        feed->open_step = 0;
        feed->open_due = clock_boot_ms() + sync_delay(sync_step_delay(0));
    }
}

void sync_note_error(struct feed *feed, const struct err *err)
{
    feed->last_error = *err;
    feed->last_api_error = (struct api_error){0};
    arena_done(&feed->error_strings);
    changes_raise(feed->sync->cache->changes, CHANGED_SYNC);
}

static void note_answer_error(struct feed *feed, const struct api_answer *answer)
{
    static const enum err_code codes[] = {[BODY_NONE] = ERR_NETWORK,
                                          [BODY_DATA] = ERR_DATA,
                                          [BODY_ERROR] = ERR_API,
                                          [BODY_ALIEN] = ERR_DATA};
    struct err err = {0};

    err_set(&err, answer->http_status >= 400 ? ERR_API : codes[answer->body], "%s",
            answer->body == BODY_ERROR && answer->error.message != NULL ? answer->error.message
                                                                        : answer->trouble);
    sync_note_error(feed, &err);
    feed->last_api_error = answer->error;
    feed->last_api_error.http_status = answer->http_status;
    feed->last_api_error.message = arena_strdup(&feed->error_strings, answer->error.message);
    feed->last_api_error.trace_id = arena_strdup(&feed->error_strings, answer->error.trace_id);
}

static void slow_down(struct sync *sync, int retry_after_s)
{
    int64_t wait = INT64_C(2000) << sync->slow_level;

    if (wait > SLOW_MAX_MS)
        wait = SLOW_MAX_MS;
    wait = sync_delay(wait);
    if ((int64_t)retry_after_s * 1000 > wait)
        wait = (int64_t)retry_after_s * 1000;
    if (sync->slow_level < SLOW_LEVELS)
        sync->slow_level++;
    sync->slow_until = clock_boot_ms() + wait;
}

bool sync_judge(struct sync *sync, struct feed *feed, const struct api_answer *answer)
{
    bool good = answer->body == BODY_DATA && !answer->aborted;
    bool refused =
        answer->http_status >= 400 && answer->http_status < 500 && answer->http_status != 429;

    if (good) {
        sync->slow_level = 0;
        sync->slow_until = 0;
        feed->mark.last_ok_ms = clock_utc_ms();
        feed->last_error = (struct err){0};
        feed->rest_until = 0;
        return true;
    }
    note_answer_error(feed, answer);
    if (!refused && sync->automatic)
        slow_down(sync, answer->retry_after_s);
    return false;
}

/* --- public ------------------------------------------------------------------------------- */

static void feed_init(struct sync *sync, enum record_kind kind)
{
    struct feed *feed = &sync->feeds[kind];
    struct err err = {0};

    *feed = (struct feed){.sync = sync, .kind = kind, .pages = -1, .open_due = NEVER};
    for (int i = 0; i < WALK_KINDS; i++)
        feed->walks[i] = (struct walk){.feed = feed, .kind = (enum walk_kind)i};
    if (!cache_get_mark(sync->cache, kind, &feed->mark, &err))
        sync_note_error(feed, &err);
    feed->saved_ok_ms = feed->mark.last_ok_ms;
    if (!sync->automatic)
        return;
    if (!feed->mark.complete)
        walk_begin(&feed->walks[WALK_FIRST], false);
    if (feed->mark.anchor_ms != INT64_MIN)
        walk_begin(&feed->walks[WALK_HEAD], false);
}

struct sync *sync_new(struct loop *loop, struct api_client *client, struct cache *cache,
                      const struct sync_settings *settings)
{
    struct sync *sync = mem_alloc(sizeof *sync);

    *sync = (struct sync){.loop = loop,
                          .client = client,
                          .cache = cache,
                          .automatic = settings->automatic,
                          .polls_stale = true,
                          .one_page = true,
                          .index_stale = true,
                          .want_terminals = settings->automatic,
                          .first_turn = RECORD_KINDS - 1,
                          .head_due = clock_boot_ms() + sync_delay(30000)};
    for (int kind = 0; kind < RECORD_KINDS; kind++)
        feed_init(sync, (enum record_kind)kind);
    if (sync->automatic)
        sync_wake(sync);
    return sync;
}

void sync_free(struct sync *sync)
{
    if (sync == NULL)
        return;
    loop_timer_stop(sync->loop, sync->timer);
    loop_timer_stop(sync->loop, sync->index_timer);
    cache_tidy_forget(sync->cache);
    walks_forget(sync);
    jobs_forget(sync);
    for (int kind = 0; kind < RECORD_KINDS; kind++)
        arena_done(&sync->feeds[kind].error_strings);
    free(sync);
}

void sync_refresh(struct sync *sync, enum record_kind kind)
{
    struct feed *feed = &sync->feeds[kind];

    if (feed->mark.anchor_ms != INT64_MIN || sync->automatic)
        walk_begin(&feed->walks[WALK_HEAD], true);
    if (!feed->mark.complete)
        walk_begin(&feed->walks[WALK_FIRST], !sync->automatic);
    sync_wake(sync);
}

static void copy_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text == NULL || strlen(text) >= size ? "" : text);
}

void sync_fetch(struct sync *sync, enum record_kind kind, const struct list_query *query,
                size_t max_rows)
{
    struct walk *walk = &sync->feeds[kind].walks[WALK_FETCH];
    struct walk_query *own = &walk->query;

    copy_text(own->status, sizeof own->status, query->status);
    copy_text(own->date_from, sizeof own->date_from, query->date_from);
    copy_text(own->date_to, sizeof own->date_to, query->date_to);
    copy_text(own->poi_id, sizeof own->poi_id, query->poi_id);
    copy_text(own->custom_reference, sizeof own->custom_reference, query->custom_reference);
    walk->max_rows = max_rows;
    walk_begin(walk, true);
    sync_wake(sync);
}

void sync_terminals(struct sync *sync, bool ask_online)
{
    sync->want_terminals = true;
    sync->want_online |= ask_online;
    sync_wake(sync);
}

void sync_record(struct sync *sync, enum record_kind kind, const char *id)
{
    struct arena arena = {0};
    struct row row = {0};

    if (kind == REC_SESSION) {
        job_add(sync, JOB_SESSION, id, true);
        job_add(sync, JOB_SESSION_CHANGES, id, true);
    } else if (kind == REC_PAYMENT) {
        walk_begin(&sync->feeds[REC_PAYMENT].walks[WALK_HEAD], true);
        job_add(sync, JOB_PAYMENT_CHANGES, id, true);
    } else {
        if (cache_get_record(sync->cache, kind, id, &arena, &row, NULL))
            job_add_changes(sync, row.record.payment_reference, true);
        walk_begin(&sync->feeds[REC_MODIFICATION].walks[WALK_HEAD], true);
    }
    arena_done(&arena);
    sync_wake(sync);
}

void sync_focus(struct sync *sync, enum record_kind kind, const char *id)
{
    focus_set(sync, kind, id);
    if (id != NULL)
        sync_record(sync, kind, id);
}

bool sync_is_idle(const struct sync *sync)
{
    return !walks_waiting(sync) && !jobs_waiting(sync, true);
}

void sync_get_progress(const struct sync *sync, enum record_kind kind, struct sync_progress *out)
{
    const struct feed *feed = &sync->feeds[kind];
    const struct walk *first = &feed->walks[WALK_FIRST];
    int64_t now = clock_boot_ms(), spent = feed->rate_begun == 0 ? 0 : now - feed->rate_begun;

    *out = (struct sync_progress){.running = first->active || feed->walks[WALK_HEAD].active ||
                                             feed->walks[WALK_FETCH].active,
                                  .complete = feed->mark.complete,
                                  .stuck_page = feed->stuck_page,
                                  .rows = feed->mark.rows,
                                  .total = feed->mark.total,
                                  .page = feed->mark.next_page,
                                  .pages = feed->pages,
                                  .left_ms = -1,
                                  .last_ok_ms = feed->mark.last_ok_ms,
                                  .last_error = feed->last_error,
                                  .last_api_error = feed->last_api_error};
    if (spent > 0)
        out->rows_per_s = (double)feed->rate_rows * 1000.0 / (double)spent;
    if (feed->rate_rows > 0 && out->total >= out->rows)
        out->left_ms = (out->total - out->rows) * spent / feed->rate_rows;
    if (sync->slow_until > now)
        out->retry_at_ms = clock_utc_ms() + sync->slow_until - now;
}
