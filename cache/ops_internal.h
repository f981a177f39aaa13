/* What the operation files share: one running operation, one complete reading of a list, the search
   for an intent's object in it, and the reader that follows open intents. */
#ifndef CACHE_OPS_INTERNAL_H
#define CACHE_OPS_INTERNAL_H

#include "cache_internal.h"
#include "money_internal.h"

#define REPLAY_WINDOW_MS  (INT64_C(20) * 60 * 1000) /* shorter than any published life of a key */
#define CONFIRM_MAX_MS    (INT64_C(60) * 1000)      /* from the person's yes to the first byte */
#define LOOK_BESIDE_MS    (INT64_C(160) * 1000)     /* longer than a terminal takes */

struct ops {
    struct loop *loop;
    struct api_client *client;
    struct cache *cache;
    struct journal *journal;
    struct sync *sync;           /* may be NULL */
    struct ops_settings settings; /* its texts are owned */
    struct run *runs;
    struct list_read *reads;
    struct watch *watches;
    struct loop_timer *timer;
    struct loop_timer *writer;   /* tries again to write down how operations have ended */
    unsigned writes;             /* tries so far */
    struct loop_timer *verifier; /* looks through the journal before its first write */
    bool foreign;                /* another process has rows PREPARED or SENT */
    bool offset_known;
    int64_t offset_boot_ms;      /* when that was seen */
    int64_t offset_ms;           /* server UTC - clock_boot_ms(), the largest seen: the freshest */
};

/* --- list_read.c: one list, whole ------------------------------------------------------------ */

#define LIST_LIMIT 100     /* rows a page */
#define LIST_PAGES_MAX 32

struct list_result {
    const struct record *rows; /* of the last pass; raw and attempts are left out */
    size_t count;
    /* All pages to a clean end, the filter obeyed, and more than one page read twice with the same
       rows: what is not in it was not there. */
    bool complete;
    int pages;
    int64_t begun_boot_ms, begun_utc_ms;
    int64_t from_ms, to_ms;    /* as asked for */
    int64_t offset_ms;         /* server UTC - clock_boot_ms() when the oldest page came */
    bool dated;                /* every page said its Date */
    bool stored;               /* the cache holds its rows */
    int retry_after_s;         /* of a refusal, -1: none */
    struct err err;            /* why it is not complete, or not stored */
};
struct list_ask {
    enum endpoint endpoint;
    const char *id;            /* path parameter or NULL */
    const char *payment_reference; /* of a payment's own list: its rows may leave it out */
    int64_t from_ms, to_ms;    /* by the server's clock; asked for a day more on both sides. 0: no
                                  window */
    bool patient;              /* a person waits: let the client try again by itself */
};
typedef void (*list_read_fn)(void *ctx, const struct list_result *result);
struct list_read;
/* NULL and err when not even the first page can be asked for. Rows that come are stored in the
   cache. done is called once, from the loop. */
struct list_read *list_read_start(struct ops *ops, const struct list_ask *ask, list_read_fn done,
                                  void *ctx, struct err *err);
void list_read_free(struct list_read *read); /* its call must be gone already */
/* What an answer says the server's clock shows; 0: nothing. */
void ops_note_date(struct ops *ops, int64_t server_utc_ms);

/* --- match.c: an intent's object among the rows of a list. Pure. ----------------------------- */

struct match_ask {
    struct judge_intent intent;
    const char *baseline;      /* modifications: references listed before, newline-separated */
    /* By the server's clock: the first send, the latest time it can have executed. */
    int64_t sent_ms, ended_ms;
    bool time_lost; /* sent in another boot: our wall clock may have been moved since */
    bool (*is_claimed)(void *ctx, const char *id); /* by another intent */
    void *ctx;
};
enum match_found {
    MATCH_NONE,
    MATCH_DOUBT,     /* nothing fits in full, but this row could be it: no proof of absence */
    MATCH_ONE,       /* it is there, and finished */
    MATCH_OPEN,      /* it is there, its status is not final: neither proof nor absence */
    MATCH_MANY,      /* two or more could be it */
    MATCH_DIFFERENT  /* its tag is on something else */
};
struct match {
    enum match_found found;
    const struct record *record; /* the first one, NULL with MATCH_NONE */
    bool named;                  /* by our tag, not by likeness */
};
struct match match_find(const struct match_ask *ask, const struct record *rows, size_t count);
/* References of a list, one a line, as kept in a row's baseline. */
void match_baseline(struct buf *out, const struct record *rows, size_t count);
/* Rows of one payment in a list of modifications. */
bool match_is_of_payment(const struct record *row, const char *payment_reference);

/* --- op_check.c ------------------------------------------------------------------------------ */

/* The same limits against other facts than those the person saw. */
bool op_check_facts(enum op_kind kind, const struct money *amount,
                    const struct payment_facts *facts, struct err *err);

/* --- op_send.c: from PREPARED (or a replay's UNKNOWN) to what the answer says ---------------- */

struct run {
    struct run *next;
    struct ops *ops;
    struct arena arena;          /* texts of intent */
    char id[INTENT_ID_SIZE];
    struct judge_intent intent;
    int64_t confirmed_boot_ms;
    int64_t rev;                 /* of the row when the send was decided on */
    bool replay;
    bool sent;                   /* on_leave has committed SENT for this attempt */
    struct payment_facts seen;
    bool has_seen;
    struct buf baseline;
    struct api_call *call;
    struct loop_timer *look;     /* the look begins in the next turn; a charge's later one beside
                                    the wait for its answer */
    struct err refusal;          /* why on_leave said no */
};
struct run *run_new(struct ops *ops, const struct intent *intent);
void run_free(struct run *run); /* its calls must be gone */
/* Takes the look (unless it is a replay, whose look has been taken), then sends. */
void run_look(struct run *run);
void run_send(struct run *run);
/* Ends are no longer written down once the file is free: the journal is to be closed. */
void run_stop_writing(struct ops *ops);
/* Ends a run that sent nothing; why begins with one of the words of struct intent's `why`. */
void run_end_unsent(struct run *run, const char *why);
enum endpoint op_endpoint(enum op_kind kind);
/* operations.c: sends a link of unknown outcome again by itself; false: not possible any more. */
bool ops_replay_link(struct ops *ops, const struct intent *intent);
struct run *run_find(struct ops *ops, const char *id);
/* Which list shows the modifications of a payment. */
void ops_modifications_ask(struct ops *ops, const char *target, struct arena *arena,
                           struct list_ask *ask);

/* --- reconcile.c: who is looked for, and when ------------------------------------------------ */

struct watch {
    struct watch *next;
    struct ops *ops;
    char id[INTENT_ID_SIZE];
    int64_t due_boot_ms;
    unsigned step;               /* of the back-off */
    bool reading;
    bool looked;                 /* a reading has ended */
    int64_t begun_boot_ms;       /* its last pass began then */
    bool mine;                   /* sent by this process: a link may be sent again */
    struct absence {             /* the first of the two readings that show absence */
        bool seen;
        int64_t boot_ms, utc_ms, offset_ms;
        int pages;
    } absence;
};
/* An intent of ours has come to UNKNOWN or ACCEPTED, or has ended: follow it, at once when now. */
void reconcile_follow(struct ops *ops, const char *id, bool now);
/* Sets the timer for what is due next, taking in rows of other processes. */
void reconcile_plan(struct ops *ops);
void reconcile_stop(struct ops *ops);

/* --- reconcile_read.c: what a reading says --------------------------------------------------- */

/* Reads the list in which an open intent's object would be. */
bool reconcile_read(struct ops *ops, const struct intent *intent, list_read_fn done, void *ctx,
                    struct err *err);
/* What a list says about an UNKNOWN intent goes into the journal, and about a SENT one if it is
   named. MATCH_NONE: it says nothing. */
struct match reconcile_apply(struct ops *ops, const struct intent *intent,
                                 const struct list_result *result);
/* A row that nobody claims has come to light: an intent that the journal calls not done, and that
   this could be, becomes a person's. */
void reconcile_late(struct ops *ops, const struct intent *intent, const struct record *record);
/* Intents written down before that (our UTC) are too old for rows as old as created_ms (INT64_MAX:
   not known); 0: no clock tells. */
int64_t reconcile_since(const struct ops *ops, int64_t created_ms);
/* The same for an ACCEPTED one. */
void reconcile_apply_accepted(struct ops *ops, const struct intent *intent,
                              const struct record *rows, size_t count);
/* A refund of ours that was taken on: a person's, when all refunds of the payment, by whomever, are
   more than what was captured. */
void reconcile_check_refunds(struct ops *ops, const struct intent *intent);
/* A complete reading without a match: when it is the second fresh one after the quiet period
   NOT_EXECUTED, or a person's where a row is in doubt (may be NULL); else remembered. */
void reconcile_absent(struct watch *watch, const struct intent *intent,
                      const struct list_result *result, const struct record *doubtful);

#endif
