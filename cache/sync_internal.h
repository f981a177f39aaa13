/* Shared among sync*.c. One scheduler owns every read of the cache's own:
   a walk  goes through the pages of a list (the newest ones, all of them once, or a filter's)
   a job   asks for one session, or for the modifications of one payment
   Everything that waits is in struct sync; sync_pump() starts what may start now and sets the one
   timer to when something is due next. */
#ifndef CACHE_SYNC_INTERNAL_H
#define CACHE_SYNC_INTERNAL_H

#include "cache_internal.h"

#define PAGE_ROWS 100
#define ID_ROOM 128
#define NEVER INT64_MAX /* a due time, boot clock */

enum walk_kind { WALK_HEAD, WALK_FETCH, WALK_FIRST };
#define WALK_KINDS 3

struct feed;
struct walk {
    struct feed *feed;
    enum walk_kind kind;
    bool active;
    bool in_flight;         /* a page is asked for or being stored */
    bool asked;             /* somebody waits for it: sync_is_idle() */
    bool again;             /* asked for once more while under way */
    bool restarted;         /* from the top, as its cursor was refused: who waits has it but once */
    bool outdated;          /* the page in flight belongs to what was asked before */
    int page;               /* asked for next */
    int tries;              /* failures since the last good page */
    int64_t rows;           /* seen in this walk */
    int64_t newest_ms;      /* largest creation time seen in it */
    int64_t begun_utc_ms;
    size_t max_rows;        /* WALK_FETCH; 0: all */
    char cursor[256];       /* "" : by page number */
    uint64_t turns;         /* pages that have come; the next two mean something after the first */
    uint64_t first;         /* first row of the page before, hashed … */
    uint64_t far_first;     /* … and of the 1st, 2nd, 4th, 8th … page of this walk, the last such */
    struct walk_query {     /* WALK_FETCH: what the API is to filter, "" leaves it out */
        char status[64], date_from[16], date_to[16], poi_id[64], custom_reference[128];
    } query;
};

/* One list. */
struct feed {
    struct sync *sync;
    enum record_kind kind;
    struct sync_mark mark;
    struct walk walks[WALK_KINDS];
    bool stuck_page;
    int pages;              /* as the API said, -1 */
    int64_t rest_until;     /* boot ms: refused (403, …), so ask no more until then */
    int64_t rate_begun, rate_rows; /* first sync: since when (boot ms, 0: not running), how many */
    int64_t saved_ok_ms;    /* mark.last_ok_ms as it is on disk */
    int open_step;          /* clock of open rows that only a list can tell about */
    int64_t open_due;
    struct api_answer page;        /* the page that is being stored */
    struct err last_error;
    struct api_error last_api_error;
    struct arena error_strings;
};

enum job_kind { JOB_SESSION, JOB_SESSION_CHANGES, JOB_PAYMENT_CHANGES };
struct job {
    struct sync *sync;
    enum job_kind kind;
    char id[ID_ROOM];       /* "" : free */
    bool asked;
    bool in_flight;         /* asked for, or what came is being stored */
    bool more;              /* there are further pages than the one being stored */
    int tries, page;
};
#define JOBS_MAX 64

/* An open session on its own clock. */
struct poll_clock {
    char id[ID_ROOM];
    int step;
    int64_t due;
    bool kept;              /* while the list is renewed */
};
#define POLLS_MAX 32

struct sync {
    struct loop *loop;
    struct api_client *client;
    struct cache *cache;
    bool automatic;
    struct feed feeds[RECORD_KINDS];
    struct job jobs[JOBS_MAX];
    struct poll_clock polls[POLLS_MAX];
    size_t poll_count;
    bool polls_stale;       /* sessions have changed since polls was made */
    struct poll_clock focus; /* the session on the screen; id "" none */
    bool want_terminals, want_online, terminals_in_flight, online_in_flight;
    bool one_page;          /* ask for one page at a time: a list's pages are long, or not known */
    int list_turn;          /* which list may ask first */
    int first_turn;         /* whose first sync gets the next page */
    int slow_level;
    int64_t slow_until, head_due, trickle_due;
    bool build_tried;       /* the late indexes: once a start is enough */
    bool index_stale;       /* there may be rows that the search index does not have */
    struct loop_timer *timer, *index_timer;
};

/* --- sync.c ------------------------------------------------------------------------------- */

void sync_wake(struct sync *sync);       /* look what is to be done, in the next turn */
void sync_tidied(void *ctx);             /* the same, of cache_tidy(); ctx is the sync */
int64_t sync_delay(int64_t ms);          /* with 20 % jitter */
/* Delay of a clock at that step: 2, 5, 15, 60, 300 s. */
int64_t sync_step_delay(int step);
#define SYNC_LAST_STEP 4
/* What an answer means for everything: true when it is a good one. feed NULL: none in particular.
   */
bool sync_judge(struct sync *sync, struct feed *feed, const struct api_answer *answer);
/* The call could not even be tried, or its answer not be stored. */
void sync_note_error(struct feed *feed, const struct err *err);
/* Something was stored: clocks and search index may have work. */
void sync_note_stored(struct feed *feed, const struct store_result *result);

/* --- sync_walk.c -------------------------------------------------------------------------- */

void walk_begin(struct walk *walk, bool asked);
void walks_start(struct sync *sync);     /* every walk that may have a page now */
void walks_forget(struct sync *sync);    /* no page that is being stored comes back to them */
bool walks_waiting(const struct sync *sync);

/* --- sync_jobs.c -------------------------------------------------------------------------- */

/* Queued unless it is already; with all places taken, only what was not asked for is turned away.
   */
void job_add(struct sync *sync, enum job_kind kind, const char *id, bool asked);
void job_add_changes(struct sync *sync, const char *payment_reference, bool asked);
void jobs_start(struct sync *sync);
void terminals_start(struct sync *sync);
void jobs_forget(struct sync *sync);
bool jobs_waiting(const struct sync *sync, bool asked_only);

/* --- sync_clocks.c ------------------------------------------------------------------------ */

void clocks_run(struct sync *sync, int64_t now); /* starts what is due */
int64_t clocks_next(const struct sync *sync);    /* when the next is, NEVER */
void clock_answered(struct sync *sync, const char *session_id, bool changed);
void clock_walk_done(struct walk *walk, bool news); /* a head walk has ended */
void focus_set(struct sync *sync, enum record_kind kind, const char *id);

#endif
