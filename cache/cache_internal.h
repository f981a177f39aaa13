/* Shared among cache/ and its tests only. */
#ifndef CACHE_INTERNAL_H
#define CACHE_INTERNAL_H

#include "cache.h"
#include "db.h"

struct worker;
struct cache {
    struct db *db;
    struct db_spec spec;
    char *path, *webcode;     /* what spec borrows */
    struct changes *changes;
    int64_t patience_ms;      /* how long a page is tried before the reader thread gets it */
    struct worker *worker;    /* started by the first request that needs it */
    int wal_pages;            /* frames in the write-ahead log after the last commit */
    bool tidying;             /* the reader thread moves them into the file */
    bool building, has_indexes; /* see cache_build_indexes() */
    int64_t version;          /* SQLite's count of what other consoles have stored, last seen */
    struct slow_lists *lists; /* of which a part is not yet stored; NULL: none. store_list.c */
};

/* Table of a kind: sessions, payments, modifications. Its raw objects are in raw_X, rows not yet in
   the search index in todo_X, the index is search_X. */
extern const char *const kind_tables[RECORD_KINDS];

/* A closing word that is not documented to be the end is believed after a day (contract 3). */
#define STATUS_SETTLES_MS INT64_C(86400000)

/* --- row numbers -------------------------------------------------------------------------- */

/* A row's number orders it by creation: milliseconds, then 12 bits that depend on the id alone. So
   the table itself is the index by date, the search index answers newest first, and rows of one
   second keep one order on every machine. */
#define ROW_SLOTS INT64_C(4096)
#define ROW_MS(n) ((n) >> 12)
int64_t row_first_of_ms(int64_t ms); /* smallest row number of that millisecond; clamps */

/* Amounts of all currencies on one scale of 4 decimals, for sorting and filtering only. -1: none.
   */
#define SCALED_DECIMALS 4
int64_t amount_scaled(const struct money *amount);

/* --- reading rows (rows.c) ---------------------------------------------------------------- */

extern const char row_columns[];             /* of a table or subquery named s */
const char *row_more_sql(enum record_kind kind); /* the columns behind row_columns … */
#define ROW_NO_MORE "0, NULL"                   /* … or these, where they do not matter */
void row_read(sqlite3_stmt *stmt, enum record_kind kind, struct arena *arena, struct row *out);

/* --- storing (store.c) -------------------------------------------------------------------- */

enum record_source {
    SOURCE_LIST,   /* a list's row or a POST's answer: may lack parts, never erases any */
    SOURCE_DETAIL  /* the one object asked for by id */
};
struct store_result {
    size_t added, changed, same;
    size_t refused;  /* rows that would have gone from a final status back to an open one */
};
/* Records of one kind, in one transaction; raises the kind's change bit when anything differs. out
   may be NULL. */
bool cache_store(struct cache *cache, const struct record *records, size_t count,
                 enum record_source source, struct store_result *out, struct err *err);

/* --- storing a page of a list (store_list.c) ---------------------------------------------- */

/* result: NULL when it could not be stored, then err says why; part of it may have been. */
typedef void (*store_list_fn)(void *ctx, const struct store_result *result, const struct err *err);
/* The records of an answer: at once when they are few, else a slice in each turn of the loop, so
   that keys do not wait; then the answer's strings become the cache's, and answer's records and
   texts live until done() has returned. done (may be NULL) is called before this returns or from
   the loop. What another answer tells meanwhile about the same rows is newer and stays. False: it
   is a long one, stored in slices. */
bool cache_store_list(struct cache *cache, struct loop *loop, const struct api_answer *answer,
                      store_list_fn done, void *ctx);
/* What is under way goes on, but for done(), whose ctx is about to go. */
void cache_store_list_forget(struct cache *cache, const void *ctx);
void store_list_drop(struct cache *cache); /* ends it; of cache_close() */
/* For store.c, while there are lists: rows that were told of later than those lists. */
void store_list_note_newer(struct cache *cache, const struct record *records, size_t count);
/* cache_store() without that. */
bool store_records(struct cache *cache, const struct record *records, size_t count,
                   enum record_source source, struct store_result *out, struct err *err);

/* --- terminals (terminals.c) -------------------------------------------------------------- */

/* online: the list came with syncFromProvider, so it says who is connected, and only that. Without,
   it is all there are: others are forgotten. */
bool cache_store_terminals(struct cache *cache, const struct terminal *terminals, size_t count,
                           bool online, struct err *err);

/* --- what sync remembers (sync_state.c) --------------------------------------------------- */

struct sync_mark {
    int next_page;            /* first sync: page to ask for next */
    bool complete;            /* it has reached the oldest page once */
    int64_t rows, total;      /* rows it has seen; total as the API said, -1: it did not */
    int64_t last_ok_ms;
    int64_t anchor_ms;        /* no gap between rows created up to then and what was found first;
                                 INT64_MIN: nothing yet */
    char cursor[256];         /* nextCursor, "" if the API gives none */
};
bool cache_get_mark(struct cache *cache, enum record_kind kind, struct sync_mark *out,
                    struct err *err);
bool cache_put_mark(struct cache *cache, enum record_kind kind, const struct sync_mark *mark,
                    struct err *err);

/* --- what is worth asking for (open_rows.c) ----------------------------------------------- */

struct open_row {
    const char *id, *payment_reference;
    int64_t created_ms, seen_ms;
};
/* Not final, newest first, at most limit, in arena. A status word we do not know counts as open
   until it has been the same for a day. */
bool cache_open_rows(struct cache *cache, enum record_kind kind, size_t limit,
                     struct arena *arena, struct open_row **rows, size_t *count);
/* The newest completed session that lacks its payment reference and was not asked for by id yet;
   false: none. */
bool cache_incomplete_session(struct cache *cache, struct arena *arena, const char **id);
/* What serves a payment's own modification list: a session (its id) or a POS payment (its id). */
bool cache_find_payment_home(struct cache *cache, const char *payment_reference,
                             enum record_kind *kind, struct arena *arena, const char **id);

/* --- text folding (fold.c) ---------------------------------------------------------------- */

/* Case and accents folded; invalid UTF-8 is taken byte by byte. Appends. */
void fold_add(struct buf *out, const char *text);
/* needle is folded already. */
bool fold_contains(const char *text, const char *needle);
size_t fold_letters(const char *folded); /* code points */
/* SQL function has(needle, text…): 1 when the folded needle is in one of the texts. */
int fold_register(sqlite3 *handle);

/* --- search index (search.c) -------------------------------------------------------------- */

/* What the index holds of a record: ids, references, description, folded. */
void search_text(struct buf *out, const struct record *record);
/* The row's searched text has changed or is new: index it later. */
bool search_put_off(struct db *db, enum record_kind kind, int64_t rowid, struct err *err);
/* Takes the row out, given its text as it was when put off or indexed. */
bool search_forget(struct db *db, enum record_kind kind, const struct row *row, struct err *err);
/* Indexes put-off rows for about budget_ms; *left: there are more. */
bool cache_index_slice(struct cache *cache, int64_t budget_ms, bool *left, struct err *err);

/* --- filters as data and as SQL (filter.c, filter_value.c, filter_sql.c) ------------------ */

enum term_type { TERM_WORD, TERM_REF, TERM_STATUS, TERM_TYPE, TERM_CURRENCY, TERM_TERMINAL,
                 TERM_DATE, TERM_AMOUNT, TERM_PREAUTH };
#define TERM_VALUES 8
struct term {
    enum term_type type;
    bool negated;
    size_t value_count;
    const char *values[TERM_VALUES]; /* any of them; folded where text is searched in */
    int64_t low, high;               /* inclusive: wall ms, scaled amount, or 0/1 of preauth */
};
struct filter {
    enum record_kind kind;
    struct arena arena;
    struct term *terms;
    size_t count;
    char date_from[12], date_to[12]; /* of filter_to_query() */
};
/* Range of days a text names, [low, high] in wall ms. */
bool filter_read_days(const char *text, int64_t now_wall_ms, int64_t *low, int64_t *high);
bool filter_read_amounts(const char *text, enum money_style style, int64_t *low, int64_t *high);
/* What the API, or the filter language, calls a word as the screens show it in any language; a word
   that has no other name is returned as it is. text is folded. */
enum filter_word { FILTER_KEY, FILTER_STATUS, FILTER_TYPE };
const char *filter_plain_word(enum filter_word what, const char *text);

/* A statement under construction: text and the values of its marks, in order. */
struct sql {
    struct buf text;
    struct sql_value {
        const char *text;   /* NULL: number; lives in arena */
        int64_t number;
    } values[96];
    size_t count;
    struct arena arena;
};
void sql_init(struct sql *sql);
void sql_done(struct sql *sql);
void sql_add_text(struct sql *sql, const char *text, const char *value);   /* one ? in text */
void sql_add_number(struct sql *sql, const char *text, int64_t value);
sqlite3_stmt *sql_begin(struct db *db, const struct sql *sql, struct err *err); /* db_end() it */

/* Appends " AND …" for each term over the row s; number names the column with the row number,
   sorted says that the order asked for is another column's (then no other index must be taken). */
void filter_add_where(struct sql *sql, const struct filter *filter, const char *number,
                      bool sorted);
/* The MATCH expression for what the search index can answer; false: nothing. */
bool filter_match(const struct filter *filter, struct buf *out);

/* --- lists (list.c) ----------------------------------------------------------------------- */

/* A page's query, free of everything that its asker may free. */
struct list_job {
    enum record_kind kind;
    struct sql sql[2];
    size_t sql_count;
    bool one_after_other;   /* rows of sql[1] come behind those of sql[0]; else they are mixed */
    size_t limit;
    bool upwards, backwards; /* row numbers rise as fetched; fetched from the far end */
};
void list_job_init(struct list_job *job, const struct page_request *request);
void list_job_done(struct list_job *job);
bool list_job_run(const struct list_job *job, struct db *db, struct row_page *page,
                  struct err *err);

/* --- the reader thread (worker.c) --------------------------------------------------------- */

/* A piece of reading. run() on the thread; then done() on the loop's, unless it was replaced or
   forgotten meanwhile; free() always, on the loop's. */
struct worker_job {
    int slot;               /* a newer job of the same slot replaces the older; see later.c */
    bool (*run)(struct worker_job *job, struct db *db);
    void (*done)(struct worker_job *job);
    void (*free)(struct worker_job *job);
    bool ok;
    bool urgent;            /* a page that somebody looks for: before all others … */
    bool yields;            /* … and this is stopped for it, to be run again from the beginning */
    struct worker_job *next;
};
/* Takes the job over. loop: where done() is called; the same for every job of a cache. */
void worker_submit(struct cache *cache, struct loop *loop, struct worker_job *job);
void worker_forget(struct cache *cache, int slot);
void worker_free(struct worker *worker);
/* Has a grown write-ahead log moved into the file, off the loop's thread. True while that goes on:
   whoever writes page after page waits for done() then. sync_free() calls cache_tidy_forget(). */
bool cache_tidy(struct cache *cache, struct loop *loop, void (*done)(void *ctx), void *ctx);
void cache_tidy_forget(struct cache *cache);
/* Has the reader thread make the indexes of the other orders, once the first sync is over (some
   seconds on a million rows). The file is locked meanwhile: cache_store() refuses at once until
   done(). */
void cache_build_indexes(struct cache *cache, struct loop *loop, void (*done)(void *ctx),
                         void *ctx);
bool cache_lacks_indexes(struct cache *cache);
bool schema_build_indexes(struct db *db); /* on the reader's connection */

#endif
