/* When to ask again about what is not final: each open session on its own clock of 2, 5, 15, 60,
   300 s; open payments and modifications through the newest pages of their list, since one page
   tells about many, and through a payment's own list where those pages do not reach. */
#include <stdio.h>
#include <string.h>

#include "sync_internal.h"

#define HEAD_MS         INT64_C(30000)
#define TRICKLE_MS      INT64_C(2000)     /* between sessions fetched only to complete them */
#define FRESH_MS        INT64_C(50400000) /* 14 h: as far as a zone-less time may be off */
#define UNCOVERED_MAX   50                /* open modifications looked at after a walk */
#define UNCOVERED_ASKED 4                 /* payments asked for them, each time */

/* --- open sessions ------------------------------------------------------------------------ */

static struct poll_clock *find_poll(struct sync *sync, const char *id)
{
    for (size_t i = 0; i < sync->poll_count; i++)
        if (strcmp(sync->polls[i].id, id) == 0)
            return &sync->polls[i];
    return NULL;
}

/* An old one starts at its slowest, anywhere in the interval, so that a start does not ask about
   all of them at once. */
static void start_poll(struct poll_clock *poll, const struct open_row *row, int64_t now)
{
    bool fresh = clock_utc_ms() - row->created_ms < FRESH_MS;

    *poll = (struct poll_clock){.step = fresh ? 0 : SYNC_LAST_STEP};
    snprintf(poll->id, sizeof poll->id, "%s", row->id);
    poll->due = now + (fresh ? sync_delay(sync_step_delay(0))
                             : random_below((uint32_t)sync_step_delay(SYNC_LAST_STEP)));
}

/* The newest open sessions, those known keeping their clocks. */
static void renew_polls(struct sync *sync, int64_t now)
{
    struct poll_clock renewed[POLLS_MAX];
    struct arena arena = {0};
    struct open_row *rows = NULL;
    size_t count = 0, used = 0;

    sync->polls_stale = false;
    if (!cache_open_rows(sync->cache, REC_SESSION, POLLS_MAX, &arena, &rows, &count))
        count = 0;
    for (size_t i = 0; i < count; i++) {
        if (strlen(rows[i].id) >= ID_ROOM)
            continue;
        struct poll_clock *known = find_poll(sync, rows[i].id);
        if (known != NULL)
            renewed[used++] = *known;
        else
            start_poll(&renewed[used++], &rows[i], now);
    }
    memcpy(sync->polls, renewed, used * sizeof renewed[0]);
    sync->poll_count = used;
    arena_done(&arena);
}

static void advance(struct poll_clock *poll, bool changed, int last_step)
{
    poll->step = changed ? 0 : poll->step < last_step ? poll->step + 1 : last_step;
    poll->due = clock_boot_ms() + sync_delay(sync_step_delay(poll->step));
}

void clock_answered(struct sync *sync, const char *session_id, bool changed)
{
    struct poll_clock *poll = find_poll(sync, session_id);

    if (poll != NULL)
        advance(poll, changed, SYNC_LAST_STEP);
    if (strcmp(sync->focus.id, session_id) == 0)
        advance(&sync->focus, changed, 2); /* somebody looks at it: every 15 s at least */
}

/* --- the row on the screen ---------------------------------------------------------------- */

static bool session_is_open(struct sync *sync, const char *id)
{
    struct arena arena = {0};
    struct row row;
    bool open = true; /* not known yet is worth asking too */

    if (cache_get_record(sync->cache, REC_SESSION, id, &arena, &row, NULL)) {
        enum status_class class = status_classify(REC_SESSION, row.record.status);
        open = class == STATUS_OPEN || class == STATUS_OTHER;
    }
    arena_done(&arena);
    return open;
}

void focus_set(struct sync *sync, enum record_kind kind, const char *id)
{
    sync->focus = (struct poll_clock){0};
    if (id == NULL || kind != REC_SESSION || strlen(id) >= ID_ROOM)
        return;
    snprintf(sync->focus.id, sizeof sync->focus.id, "%s", id);
    sync->focus.due = clock_boot_ms() + sync_delay(sync_step_delay(0));
}

static void run_focus(struct sync *sync, int64_t now)
{
    if (sync->focus.id[0] == '\0' || sync->focus.due > now)
        return;
    if (session_is_open(sync, sync->focus.id)) {
        job_add(sync, JOB_SESSION, sync->focus.id, false);
        sync->focus.due = now + sync_step_delay(SYNC_LAST_STEP); /* the answer sets it anew */
    } else {
        sync->focus.id[0] = '\0';
    }
}

/* --- lists -------------------------------------------------------------------------------- */

static bool has_open_rows(struct sync *sync, enum record_kind kind)
{
    struct arena arena = {0};
    struct open_row *rows;
    size_t count = 0;

    cache_open_rows(sync->cache, kind, 1, &arena, &rows, &count);
    arena_done(&arena);
    return count > 0;
}

/* Open modifications that the walk's pages did not name: their payments are asked, those longest
   unheard of first. */
static void ask_uncovered(struct walk *walk)
{
    struct sync *sync = walk->feed->sync;
    struct arena arena = {0};
    struct open_row *rows = NULL;
    size_t count = 0;

    cache_open_rows(sync->cache, REC_MODIFICATION, UNCOVERED_MAX, &arena, &rows, &count);
    for (int asked = 0; asked < UNCOVERED_ASKED; asked++) {
        struct open_row *oldest = NULL;
        for (size_t i = 0; i < count; i++)
            if (rows[i].seen_ms < walk->begun_utc_ms - 1000 &&
                (oldest == NULL || rows[i].seen_ms < oldest->seen_ms))
                oldest = &rows[i];
        if (oldest == NULL)
            break;
        job_add_changes(sync, oldest->payment_reference, false);
        oldest->seen_ms = INT64_MAX;
    }
    arena_done(&arena);
}

void clock_walk_done(struct walk *walk, bool news)
{
    struct feed *feed = walk->feed;

    if (!feed->sync->automatic || feed->kind == REC_SESSION)
        return;
    if (feed->kind == REC_MODIFICATION)
        ask_uncovered(walk);
    feed->open_step = news                               ? 0
                      : feed->open_step < SYNC_LAST_STEP ? feed->open_step + 1
                                                         : SYNC_LAST_STEP;
    feed->open_due = has_open_rows(feed->sync, feed->kind)
                         ? clock_boot_ms() + sync_delay(sync_step_delay(feed->open_step))
                         : NEVER;
}

/* --- all of them -------------------------------------------------------------------------- */

static void run_lists(struct sync *sync, int64_t now)
{
    bool all = now >= sync->head_due;

    for (int i = 0; i < RECORD_KINDS; i++) {
        struct feed *feed = &sync->feeds[i];
        if (all || now >= feed->open_due) {
            walk_begin(&feed->walks[WALK_HEAD], false);
            feed->open_due = NEVER; /* set anew when the walk ends */
        }
    }
    if (all)
        sync->head_due = now + sync_delay(HEAD_MS);
}

static void run_trickle(struct sync *sync, int64_t now)
{
    struct arena arena = {0};
    const char *id = NULL;

    if (now < sync->trickle_due)
        return;
    sync->trickle_due = NEVER;
    if (cache_incomplete_session(sync->cache, &arena, &id)) {
        job_add(sync, JOB_SESSION, id, false);
        sync->trickle_due = now + TRICKLE_MS;
    }
    arena_done(&arena);
}

void clocks_run(struct sync *sync, int64_t now)
{
    run_focus(sync, now);
    if (!sync->automatic)
        return;
    if (sync->polls_stale)
        renew_polls(sync, now);
    for (size_t i = 0; i < sync->poll_count; i++) {
        if (sync->polls[i].due > now)
            continue;
        job_add(sync, JOB_SESSION, sync->polls[i].id, false);
        sync->polls[i].due = now + sync_step_delay(SYNC_LAST_STEP); /* the answer sets it anew */
    }
    run_lists(sync, now);
    run_trickle(sync, now);
}

int64_t clocks_next(const struct sync *sync)
{
    int64_t next = sync->focus.id[0] != '\0' ? sync->focus.due : NEVER;

    if (!sync->automatic)
        return next;
    for (size_t i = 0; i < sync->poll_count; i++)
        next = sync->polls[i].due < next ? sync->polls[i].due : next;
    for (int i = 0; i < RECORD_KINDS; i++)
        next = sync->feeds[i].open_due < next ? sync->feeds[i].open_due : next;
    next = sync->head_due < next ? sync->head_due : next;
    return sync->trickle_due < next ? sync->trickle_due : next;
}
