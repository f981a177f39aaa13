/* Holds that nothing has been done with, and modifications that do not become final: what a person
   should look at, found on the reader thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_internal.h"

enum { ROWS_MAX = 1000 };
#define ATTENTION_SLOT (-3) /* of the reader thread; later.c has -1, -2 and those from 0 on */

struct attention_job {
    struct worker_job job; /* first: the worker knows this part only */
    int64_t holds_from, open_until;
    struct attention found;
    size_t room;
    attention_fn done;
    void *ctx;
};

/* --- holds -------------------------------------------------------------------------------- */

enum hold_column {
    COL_ID, COL_STATUS, COL_PAYMENT, COL_REFERENCE, COL_MINOR, COL_CURRENCY, COL_CREATED,
    COL_COMPLETED, COL_TYPE, COL_DONE, COL_ASKED, COL_UPDATED
};

static const char *text_at(sqlite3_stmt *stmt, enum hold_column column)
{
    const char *text = db_column(stmt, (int)column);

    return text == NULL ? "" : text;
}

/* The later of two stamps in a row, as parsed; an absent one is the earlier. */
static struct stamp later_stamp(sqlite3_stmt *stmt, enum hold_column early, enum hold_column late)
{
    struct stamp stamp = {0};

    if (!stamp_parse(text_at(stmt, late), &stamp))
        stamp_parse(text_at(stmt, early), &stamp);
    return stamp;
}

static void add_hold(struct attention_job *job, sqlite3_stmt *stmt, enum record_kind kind)
{
    struct arena *arena = &job->found.arena;
    struct hold hold = {.kind = kind,
                        .id = db_text(stmt, COL_ID, arena),
                        .payment_reference = db_text(stmt, COL_PAYMENT, arena),
                        .reference = db_text(stmt, COL_REFERENCE, arena),
                        .began = later_stamp(stmt, COL_CREATED, COL_COMPLETED)};

    if (sqlite3_column_type(stmt, COL_MINOR) != SQLITE_NULL)
        hold.amount = money_make(sqlite3_column_int64(stmt, COL_MINOR),
                                 text_at(stmt, COL_CURRENCY));
    if (job->found.hold_count == job->room) {
        struct hold *old = job->found.holds;
        job->room = job->room == 0 ? 64 : job->room * 2;
        job->found.holds = arena_alloc(arena, job->room * sizeof *old);
        if (job->found.hold_count > 0)
            memcpy(job->found.holds, old, job->found.hold_count * sizeof *old);
    }
    job->found.holds[job->found.hold_count++] = hold;
}

/* One modification of the hold that was added last. False: it is a hold no more. */
static bool still_held(struct hold *hold, sqlite3_stmt *stmt)
{
    enum status_class class = status_classify(REC_MODIFICATION, text_at(stmt, COL_DONE));

    if (strcasecmp(text_at(stmt, COL_TYPE), "extend") != 0)
        return class == STATUS_BAD;
    struct stamp extended = later_stamp(stmt, COL_ASKED, COL_UPDATED);
    if (class == STATUS_GOOD && extended.ms > hold->began.ms)
        hold->began = extended;
    return true;
}

/* A row a modification, or one without: joined rows of one payment come together. */
static bool find_holds(struct attention_job *job, struct db *db, enum record_kind kind)
{
    char sql[1024];

    snprintf(sql, sizeof sql,
             "SELECT s.id, s.status, s.payment_reference, s.reference, s.minor, s.currency,"
             " s.created, s.completed, m.type, m.status, m.created, m.updated"
             " FROM %s s LEFT JOIN modifications m ON m.payment_reference = s.payment_reference"
             " AND m.type IN ('capture', 'cancel', 'extend')"
             " WHERE s.is_preauth = 1 AND s.n >= ? AND s.payment_reference <> ''"
             " ORDER BY s.n, m.n",
             kind_tables[kind]);
    sqlite3_stmt *stmt = db_query(db, NULL, sql, "i", row_first_of_ms(job->holds_from));
    enum db_step step = DB_FAILED;
    struct buf last;
    bool held = false;

    buf_init(&last, 4096);
    buf_puts(&last, "");
    while (stmt != NULL && (step = db_step(db, stmt, NULL)) == DB_ROW) {
        const char *id = text_at(stmt, COL_ID);
        if (strcmp(last.data, id) != 0) {
            buf_clear(&last);
            buf_puts(&last, id);
            held = status_classify(kind, text_at(stmt, COL_STATUS)) == STATUS_GOOD;
            if (held)
                add_hold(job, stmt, kind);
        }
        if (held && sqlite3_column_type(stmt, COL_TYPE) != SQLITE_NULL &&
            !still_held(&job->found.holds[job->found.hold_count - 1], stmt)) {
            held = false;
            job->found.hold_count--;
        }
    }
    db_end(stmt);
    buf_done(&last);
    return step == DB_DONE;
}

static int by_begin(const void *a, const void *b)
{
    int64_t first = ((const struct hold *)a)->began.ms, second = ((const struct hold *)b)->began.ms;

    return (first > second) - (first < second);
}

/* --- open modifications ------------------------------------------------------------------- */

static bool find_open(struct attention_job *job, struct db *db)
{
    char sql[1024];

    snprintf(sql, sizeof sql,
             "SELECT %s" ROW_NO_MORE " FROM modifications s WHERE s.open = 1 AND s.n < ?"
             " ORDER BY s.n LIMIT ?",
             row_columns);
    sqlite3_stmt *stmt = db_query(db, NULL, sql, "ii", row_first_of_ms(job->open_until),
                                  (int64_t)ROWS_MAX);
    enum db_step step = DB_FAILED;

    job->found.open = arena_alloc(&job->found.arena, ROWS_MAX * sizeof *job->found.open);
    while (stmt != NULL && (step = db_step(db, stmt, NULL)) == DB_ROW)
        row_read(stmt, REC_MODIFICATION, &job->found.arena,
                 &job->found.open[job->found.open_count++]);
    db_end(stmt);
    return step == DB_DONE;
}

/* --- the job ------------------------------------------------------------------------------ */

static bool attention_run(struct worker_job *job, struct db *db)
{
    struct attention_job *mine = (struct attention_job *)job;

    attention_done(&mine->found); /* of a run that was stopped */
    mine->room = 0;
    bool good = find_holds(mine, db, REC_SESSION) && find_holds(mine, db, REC_PAYMENT) &&
                find_open(mine, db);

    if (good && mine->found.hold_count > 0)
        qsort(mine->found.holds, mine->found.hold_count, sizeof *mine->found.holds, by_begin);
    return good;
}

static void attention_deliver(struct worker_job *job)
{
    struct attention_job *mine = (struct attention_job *)job;
    struct attention *result = arena_alloc(&mine->found.arena, sizeof *result);

    *result = mine->found;
    mine->found = (struct attention){0};
    if (!job->ok)
        attention_done(result);
    mine->done(mine->ctx, job->ok ? result : NULL);
}

static void attention_free(struct worker_job *job)
{
    struct attention_job *mine = (struct attention_job *)job;

    attention_done(&mine->found);
    free(mine);
}

void cache_attention(struct cache *cache, struct loop *loop, int64_t holds_from,
                     int64_t open_until, attention_fn done, void *ctx)
{
    struct attention_job *job = mem_alloc(sizeof *job);

    job->job = (struct worker_job){.slot = ATTENTION_SLOT,
                                   .yields = true,
                                   .run = attention_run,
                                   .done = attention_deliver,
                                   .free = attention_free};
    job->holds_from = holds_from;
    job->open_until = open_until;
    job->done = done;
    job->ctx = ctx;
    worker_submit(cache, loop, &job->job);
}

void cache_attention_forget(struct cache *cache)
{
    worker_forget(cache, ATTENTION_SLOT);
}

void attention_done(struct attention *attention)
{
    struct arena arena = attention->arena; /* it may live in there itself */

    *attention = (struct attention){0};
    arena_done(&arena);
}
