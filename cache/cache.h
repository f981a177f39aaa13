/* Public face of cache/: what this machine knows. Two files, two promises:
   cache.db   what the API said, plus when; delete at will        (struct cache, struct sync)
   journal.db what was asked of the API with money; never delete   (journal.h)
   Screens and the command line read only these; the network writes them and raises change bits. */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include "../api/api.h"

/* --- change bits -------------------------------------------------------------------------- */

enum change {
    CHANGED_SESSIONS = 1 << 0,
    CHANGED_PAYMENTS = 1 << 1,
    CHANGED_MODIFICATIONS = 1 << 2,
    CHANGED_TERMINALS = 1 << 3,
    CHANGED_JOURNAL = 1 << 4,
    CHANGED_SYNC = 1 << 5,     /* progress, last success, last error */
    CHANGED_COUNTS = 1 << 6    /* a count asked for is ready */
};
#define CHANGED_RECORDS(kind) (1u << (kind))

/* One listener (the application); it collects bits and reloads before the next paint. */
struct changes {
    void (*fn)(void *ctx, unsigned bits);
    void *ctx;
};
void changes_raise(struct changes *changes, unsigned bits);

/* --- opening ------------------------------------------------------------------------------ */

struct cache;

/* path: .../WEBCODE-ENV/cache.db, its folder exists. A damaged or foreign-schema cache is dropped
   and made anew; one that records another webcode or environment is refused (ERR_DENIED). */
struct cache *cache_open(const char *path, const char *webcode, enum env env,
                         struct changes *changes, struct err *err);
void cache_close(struct cache *cache); /* before the loop that its requests named is freed */

/* --- filters (product 6) ------------------------------------------------------------------ */

struct filter; /* a checked expression */

/* What relative dates and amounts of a filter mean. */
struct filter_context {
    int64_t now_wall_ms;     /* the property's wall clock now, as if UTC */
    enum money_style style;
};
/* Where a filter is wrong: bytes [start, end) of the text, and why. */
struct filter_error {
    size_t start, end;
    enum { FILTER_UNKNOWN_KEY, FILTER_BAD_VALUE, FILTER_BAD_DATE, FILTER_BAD_AMOUNT,
           FILTER_OPEN_QUOTE, FILTER_TOO_LONG, FILTER_NOT_HERE /* key unknown to this list */
    } why;
};
/* NULL and *error for a wrong token. Empty text is a filter that takes all. */
struct filter *filter_parse(const char *text, enum record_kind kind,
                            const struct filter_context *context, struct filter_error *error);
void filter_free(struct filter *filter);
bool filter_is_empty(const struct filter *filter);
/* What of it the API can filter itself (status, dates widened by a day on both sides, poiId).
   Strings live in the filter. */
void filter_to_query(const struct filter *filter, struct list_query *query);

/* --- lists, paged by key in both directions ----------------------------------------------- */

enum sort_by { SORT_CREATED, SORT_STATUS, SORT_AMOUNT, SORT_REFERENCE, SORT_DESCRIPTION,
               SORT_TERMINAL, SORT_TYPE };

/* A row of a list as the cache keeps it. Strings live in the page's arena. */
struct row {
    struct record record;     /* raw is NULL in lists; attempts empty: see cache_get_record() */
    const char *reference;    /* custom_reference without our own "~tag", NULL if none */
    int64_t rowid;
    int64_t sort_ms;          /* created, as ordered */
    int64_t seen_ms;          /* UTC when the API last said so; a final row that did not change is
                                 not written again, so there it is when it became what it is */
    bool modified;            /* has modifications (mark in the list) */
    enum hold_state {         /* of an authorised pre-authorisation, else HOLD_NONE */
        HOLD_NONE, HOLD_HELD, HOLD_CANCELLED, HOLD_CAPTURED
    } hold;
    const char *terminal;     /* name of poi_id's terminal, NULL: not known; of lists only */
};
struct row_page {
    struct arena arena;
    struct row *rows;
    size_t count;
    bool more;                /* there are rows beyond, in the direction asked for */
};
struct list_spec {
    enum record_kind kind;
    const struct filter *filter; /* NULL: all */
    enum sort_by sort;
    bool ascending;              /* default: descending, newest first */
};
enum page_from { FROM_FIRST, FROM_LAST, FROM_AFTER, FROM_BEFORE };
/* Up to limit rows, in list order always (FROM_BEFORE and FROM_LAST too). anchor: the row to go on
   from, as a page brought it, for FROM_AFTER and FROM_BEFORE; else NULL. */
struct page_request {
    const struct list_spec *spec;
    enum page_from from;
    const struct row *anchor;
    size_t limit;
};
/* page is filled; row_page_done() it. */
bool cache_list(struct cache *cache, const struct page_request *request, struct row_page *page,
                struct err *err);
void row_page_done(struct row_page *page);
/* What a kind holds at all, for a filter that nothing fits: how many rows, and which status words
   in arena, each once (at most max of them; returns how many). */
int64_t cache_count(struct cache *cache, enum record_kind kind);
size_t cache_statuses(struct cache *cache, enum record_kind kind, struct arena *arena,
                      const char **words, size_t max);
/* The filter asks for a status that is none of these. */
bool filter_asks_other_status(const struct filter *filter, const char *const *words, size_t count);

/* The same for screens, where no key may wait: the page is tried for some milliseconds, else
   fetched by the reader thread (one or two letters searched, a rare amount). done gets the page to
   keep (row_page_done() it), or NULL and err. Returns true when done was called before returning. A
   newer request of the same slot replaces the older, whose done is then never called. */
typedef void (*page_fn)(void *ctx, struct row_page *page, const struct err *err);
bool cache_list_soon(struct cache *cache, struct loop *loop, int slot,
                     const struct page_request *request, page_fn done, void *ctx);
void cache_list_forget(struct cache *cache, int slot); /* Esc, or the asker goes away */

/* One record with raw and attempts; false ERR_NOT_FOUND. */
bool cache_get_record(struct cache *cache, enum record_kind kind, const char *id,
                      struct arena *arena, struct row *out, struct err *err);
/* The session or POS payment whose paymentReference this is. */
bool cache_get_payment(struct cache *cache, const char *payment_reference, struct arena *arena,
                       struct row *out, struct err *err);
/* Modifications of one payment, oldest first. */
bool cache_modifications_of(struct cache *cache, const char *payment_reference,
                            struct row_page *page, struct err *err);

/* Counts and sums of a filter, exact, computed on the reader thread. done is called from the loop;
   a newer request with the same slot replaces the older (its done is never called). */
struct currency_sum {
    char currency[CURRENCY_SIZE];
    int64_t count, minor;
};
struct list_totals {
    int64_t count;
    struct currency_sum sums[8];
    size_t sum_count;
    bool ok;
};
typedef void (*totals_fn)(void *ctx, const struct list_totals *totals);
void cache_totals(struct cache *cache, struct loop *loop, int slot, const struct list_spec *spec,
                  totals_fn done, void *ctx);
void cache_totals_forget(struct cache *cache, int slot);
/* The same, at once: for the command line, which may wait. */
bool cache_totals_now(struct cache *cache, const struct list_spec *spec, struct list_totals *out,
                      struct err *err);

/* --- contradictions: a final row that the API later called open; the row stayed final ----- */

struct contradiction {
    enum record_kind kind;
    const char *id, *had, *said;
    int64_t utc_ms;           /* when it was noticed */
};
/* Newest first; fn returns false to stop. */
bool cache_contradictions(struct cache *cache,
                          bool (*fn)(void *ctx, const struct contradiction *item), void *ctx,
                          struct err *err);
/* A person has seen it: gone from the list. */
bool cache_forget_contradiction(struct cache *cache, enum record_kind kind, const char *id,
                                struct err *err);

/* --- what may need a person, of all payments (attention.c) --------------------------------- */

/* An authorisation that holds money and that nothing has been done with. */
struct hold {
    enum record_kind kind;
    const char *id, *payment_reference, *reference;
    struct money amount;
    struct stamp began; /* authorised, or extended successfully */
};
struct attention {
    struct arena arena;
    struct hold *holds; /* oldest first */
    size_t hold_count;
    struct row *open; /* modifications not final yet, oldest first */
    size_t open_count;
};
/* Holds created since holds_from and modifications created before open_until (wall ms), from the
   reader thread. done gets what it keeps, struct and all, until attention_done(); or NULL. A newer
   request replaces the older, whose done is then never called. */
typedef void (*attention_fn)(void *ctx, struct attention *attention);
void cache_attention(struct cache *cache, struct loop *loop, int64_t holds_from, int64_t open_until,
                     attention_fn done, void *ctx);
void cache_attention_forget(struct cache *cache);
void attention_done(struct attention *attention);

/* --- terminals ---------------------------------------------------------------------------- */

struct terminal_row {
    struct terminal terminal;
    int online;               /* 1, 0, -1 not known */
    int64_t online_ms;        /* when that was learned, UTC */
};
struct terminal_page {
    struct arena arena;
    struct terminal_row *rows; /* by name, the order of the number keys */
    size_t count;
};
bool cache_terminals(struct cache *cache, struct terminal_page *page, struct err *err);
void terminal_page_done(struct terminal_page *page);

/* --- money facts of one payment, from the cache alone ------------------------------------- */

struct payment_facts {
    struct money authorised;   /* unknown when the API gave none */
    int64_t captured, refunded, refunding, left; /* minor units of that currency */
    int64_t capturing;         /* amount of an open capture */
    bool is_preauth, captured_any, capture_open, cancelled, cancelling, extending;
    int64_t authorised_ms;     /* wall clock of the authorisation, 0: not known */
    int64_t extended_ms;       /* … of the last good extension, 0: none */
    bool final_enough;         /* the payment's own status lets money actions be offered */
};
bool cache_payment_facts(struct cache *cache, const char *payment_reference,
                         struct payment_facts *out, struct err *err);

enum op_kind { OP_CHARGE, OP_REFUND, OP_CAPTURE, OP_CANCEL, OP_EXTEND, OP_LINK };
#define OP_KINDS 6
const char *op_name(enum op_kind kind); /* "charge", "refund", … as in the command line */

/* Why an action is not possible on a payment; only tui/ words it. */
enum why_not {
    WHY_POSSIBLE,
    WHY_NO_PAYMENT,        /* session not completed: nothing to act on */
    WHY_NOT_CAPTURED,      /* refund of a hold: cancel it instead */
    WHY_NOT_PREAUTH,       /* capture, cancel, extend of an ordinary payment */
    WHY_ALREADY_CAPTURED, WHY_ALREADY_CANCELLED,
    WHY_NOTHING_LEFT,
    WHY_IN_PROGRESS,       /* another modification of it is open here or at the API */
    WHY_STATUS,            /* refused, failed, or a status we do not know */
    WHY_OTHER_ENVIRONMENT, WHY_UNKNOWN_AMOUNT, WHY_BLOCKED_CURRENCY, WHY_READ_ONLY
};
enum why_not payment_action_possible(const struct payment_facts *facts, enum op_kind kind);

/* --- keeping up to date (design 4) -------------------------------------------------------- */

struct sync;
struct sync_settings {
    bool automatic; /* start polling by itself (the screen); false: only when asked (CLI) */
};
struct sync *sync_new(struct loop *loop, struct api_client *client, struct cache *cache,
                      const struct sync_settings *settings);
/* Calls under way are left alone: api_client_free() comes next, before the loop turns again. */
void sync_free(struct sync *sync);
/* Newest pages now; the first sync goes on, or (not automatic) is done to its end if it never was.
   */
void sync_refresh(struct sync *sync, enum record_kind kind);
/* For the command line: pages of that list, newest first, with what of a filter the API can filter
   itself (strings are copied; page and limit are not used), until max_rows rows (0: all) have come
   into the cache. Asks nothing but this; wait for sync_is_idle(). */
void sync_fetch(struct sync *sync, enum record_kind kind, const struct list_query *query,
                size_t max_rows);
void sync_terminals(struct sync *sync, bool ask_online);      /* syncFromProvider as well */
/* Fetches that one and its modifications now. */
void sync_record(struct sync *sync, enum record_kind kind, const char *id);
/* The record on the screen is polled first; NULL: none. */
void sync_focus(struct sync *sync, enum record_kind kind, const char *id);
/* Nothing asked for is under way or waiting (polls of open rows on their clock do not count). */
bool sync_is_idle(const struct sync *sync);

struct sync_progress {
    bool running, complete;   /* complete: the first sync has reached the oldest page once */
    bool stuck_page;          /* the server ignores `page`: stopped, only what came is shown */
    int64_t rows, total;      /* total -1: the API did not say */
    int page, pages;          /* pages -1: not said */
    double rows_per_s;
    int64_t left_ms;          /* -1: not known */
    int64_t last_ok_ms;       /* UTC of the last good answer, 0: never */
    int64_t retry_at_ms;      /* UTC, 0: not slowed down */
    struct err last_error;    /* ERR_NONE after a good answer */
    struct api_error last_api_error; /* strings live in the sync until the next error */
};
void sync_get_progress(const struct sync *sync, enum record_kind kind, struct sync_progress *out);

#endif
