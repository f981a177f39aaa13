/* Questions whose answer may take long: totals, and pages that no index serves. Both are asked of
   the reader thread; a page is first tried at once, for as long as nobody would notice. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_internal.h"

/* --- totals ------------------------------------------------------------------------------- */

static void totals_sql(struct sql *sql, const struct list_spec *spec)
{
    const char *table = kind_tables[spec->kind];
    struct buf match;

    sql_init(sql);
    buf_init(&match, 16384);
    buf_printf(&sql->text, "SELECT s.currency, count(*), sum(s.minor) FROM %s s WHERE ", table);
    if (filter_match(spec->filter, &match)) {
        buf_printf(&sql->text, "s.n IN (SELECT rowid FROM search_%s WHERE search_%s", table, table);
        sql_add_text(sql, " MATCH ?", match.data);
        buf_printf(&sql->text, " UNION ALL SELECT n FROM todo_%s)", table);
    } else {
        buf_puts(&sql->text, "1");
    }
    buf_done(&match);
    filter_add_where(sql, spec->filter, "s.n", false);
    buf_puts(&sql->text, " GROUP BY s.currency ORDER BY 2 DESC, 1");
}

/* Rows without an amount count, and add to no sum. */
static bool totals_run(struct db *db, const struct sql *sql, struct list_totals *out,
                       struct err *err)
{
    sqlite3_stmt *stmt = sql_begin(db, sql, err);
    enum db_step step = DB_FAILED;

    *out = (struct list_totals){0};
    while (stmt != NULL && (step = db_step(db, stmt, err)) == DB_ROW) {
        const char *currency = db_column(stmt, 0);
        int64_t count = sqlite3_column_int64(stmt, 1);
        out->count += count;
        if (currency[0] == '\0' || out->sum_count == COUNT_OF(out->sums))
            continue;
        struct currency_sum *sum = &out->sums[out->sum_count++];
        snprintf(sum->currency, sizeof sum->currency, "%s", currency);
        sum->count = count;
        sum->minor = sqlite3_column_int64(stmt, 2);
    }
    db_end(stmt);
    out->ok = step == DB_DONE;
    return out->ok;
}

bool cache_totals_now(struct cache *cache, const struct list_spec *spec, struct list_totals *out,
                      struct err *err)
{
    struct sql sql;

    totals_sql(&sql, spec);
    bool good = totals_run(cache->db, &sql, out, err);
    sql_done(&sql);
    return good;
}

struct totals_job {
    struct worker_job job; /* first: the worker knows this part only */
    struct sql sql;
    struct list_totals totals;
    totals_fn done;
    void *ctx;
};

static bool totals_job_run(struct worker_job *job, struct db *db)
{
    struct totals_job *totals = (struct totals_job *)job;

    return totals_run(db, &totals->sql, &totals->totals, NULL);
}

static void totals_job_done(struct worker_job *job)
{
    struct totals_job *totals = (struct totals_job *)job;

    totals->totals.ok = job->ok;
    totals->done(totals->ctx, &totals->totals);
}

static void totals_job_free(struct worker_job *job)
{
    struct totals_job *totals = (struct totals_job *)job;

    sql_done(&totals->sql);
    free(totals);
}

/* The caller's slots, and the same numbers for lists and totals, do not meet. */
#define TOTALS_SLOT(slot) ((slot)*2)
#define LIST_SLOT(slot)   ((slot)*2 + 1)
#define CHECKPOINT_SLOT  (-1)
#define BUILD_SLOT       (-2)

void cache_totals(struct cache *cache, struct loop *loop, int slot, const struct list_spec *spec,
                  totals_fn done, void *ctx)
{
    struct totals_job *job = mem_alloc(sizeof *job);

    assert(slot >= 0);
    job->job = (struct worker_job){.slot = TOTALS_SLOT(slot),
                                   .yields = true,
                                   .run = totals_job_run,
                                   .done = totals_job_done,
                                   .free = totals_job_free};
    totals_sql(&job->sql, spec);
    job->done = done;
    job->ctx = ctx;
    worker_submit(cache, loop, &job->job);
}

void cache_totals_forget(struct cache *cache, int slot)
{
    worker_forget(cache, TOTALS_SLOT(slot));
}

/* --- pages -------------------------------------------------------------------------------- */

struct page_job {
    struct worker_job job;
    struct list_job list;
    struct row_page page;
    struct err err;
    page_fn done;
    void *ctx;
};

static bool page_job_run(struct worker_job *job, struct db *db)
{
    struct page_job *page = (struct page_job *)job;

    return list_job_run(&page->list, db, &page->page, &page->err);
}

/* The page becomes the asker's. */
static void page_job_done(struct worker_job *job)
{
    struct page_job *page = (struct page_job *)job;
    struct row_page result = page->page;

    page->page = (struct row_page){0};
    page->done(page->ctx, job->ok ? &result : NULL, &page->err);
}

static void page_job_free(struct worker_job *job)
{
    struct page_job *page = (struct page_job *)job;

    list_job_done(&page->list);
    row_page_done(&page->page);
    free(page);
}

static int out_of_time(void *ctx)
{
    return clock_boot_ms() >= *(const int64_t *)ctx;
}

/* Tries it here; false: it takes too long. */
static bool page_run_now(struct cache *cache, struct page_job *job)
{
    int64_t end = clock_boot_ms() + cache->patience_ms;

    sqlite3_progress_handler(db_handle(cache->db), 1000, out_of_time, &end);
    bool good = list_job_run(&job->list, cache->db, &job->page, &job->err);
    sqlite3_progress_handler(db_handle(cache->db), 0, NULL, NULL);
    job->job.ok = good;
    return good || sqlite3_errcode(db_handle(cache->db)) != SQLITE_INTERRUPT;
}

bool cache_list_soon(struct cache *cache, struct loop *loop, int slot,
                     const struct page_request *request, page_fn done, void *ctx)
{
    struct page_job *job = mem_alloc(sizeof *job);

    assert(slot >= 0);
    job->job = (struct worker_job){.slot = LIST_SLOT(slot),
                                   .urgent = true,
                                   .run = page_job_run,
                                   .done = page_job_done,
                                   .free = page_job_free};
    job->done = done;
    job->ctx = ctx;
    list_job_init(&job->list, request);
    if (page_run_now(cache, job)) {
        worker_forget(cache, job->job.slot);
        page_job_done(&job->job);
        page_job_free(&job->job);
        return true;
    }
    job->err = (struct err){0};
    worker_submit(cache, loop, &job->job);
    return false;
}

void cache_list_forget(struct cache *cache, int slot)
{
    worker_forget(cache, LIST_SLOT(slot));
}

/* --- the write-ahead log ------------------------------------------------------------------ */

/* Passive checkpoints never end a log that is written to all the while, so that it would grow
   without bound: whoever writes much waits until cache_is_tidying() is over. Each restart of the
   log costs the next commit an fsync(), hence not too often. */
#define WAL_PAGES_MAX 4000 /* 16 MB */

struct upkeep_job {
    struct worker_job job;
    struct cache *cache;
    void (*done)(void *ctx);
    void *ctx;
};

static bool tidy_run(struct worker_job *job, struct db *db)
{
    (void)job;
    return sqlite3_wal_checkpoint_v2(db_handle(db), NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
           SQLITE_OK;
}

static bool build_run(struct worker_job *job, struct db *db)
{
    (void)job;
    return schema_build_indexes(db);
}

static void upkeep_done(struct worker_job *job)
{
    struct upkeep_job *upkeep = (struct upkeep_job *)job;

    if (job->slot == CHECKPOINT_SLOT)
        upkeep->cache->tidying = false;
    else
        upkeep->cache->building = false;
    upkeep->done(upkeep->ctx);
}

static void upkeep_free(struct worker_job *job)
{
    free(job);
}

static void upkeep_submit(struct cache *cache, struct loop *loop, const struct upkeep_job *what)
{
    struct upkeep_job *job = mem_alloc(sizeof *job);

    *job = *what;
    job->job.done = upkeep_done;
    job->job.free = upkeep_free;
    job->cache = cache;
    worker_submit(cache, loop, &job->job);
}

bool cache_tidy(struct cache *cache, struct loop *loop, void (*done)(void *ctx), void *ctx)
{
    if (cache->tidying || cache->wal_pages < WAL_PAGES_MAX)
        return cache->tidying;
    cache->tidying = true;
    cache->wal_pages = 0;
    upkeep_submit(cache, loop,
                  &(struct upkeep_job){
                      .job = {.slot = CHECKPOINT_SLOT, .run = tidy_run}, .done = done, .ctx = ctx});
    return cache->tidying;
}

void cache_build_indexes(struct cache *cache, struct loop *loop, void (*done)(void *ctx), void *ctx)
{
    if (cache->building)
        return;
    cache->building = true;
    upkeep_submit(cache, loop,
                  &(struct upkeep_job){
                      .job = {.slot = BUILD_SLOT, .run = build_run}, .done = done, .ctx = ctx});
}

void cache_tidy_forget(struct cache *cache)
{
    cache->tidying = cache->building = false;
    worker_forget(cache, CHECKPOINT_SLOT);
    worker_forget(cache, BUILD_SLOT);
}
