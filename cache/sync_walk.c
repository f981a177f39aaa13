/* Going through the pages of a list. Rows may move between pages meanwhile: new ones push others to
   later pages, where they are met again, so nothing is missed and everything is stored by id. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync_internal.h"

#define REST_MS    INT64_C(60000) /* after a refusal that trying again at once cannot mend */
#define SAVE_OK_MS INT64_C(300000)
#define TRIES_MAX  3

static const enum endpoint list_endpoints[RECORD_KINDS] = {[REC_SESSION] = EP_SESSIONS,
                                                           [REC_PAYMENT] = EP_PAYMENTS,
                                                           [REC_MODIFICATION] = EP_MODIFICATIONS};

void walk_begin(struct walk *walk, bool asked)
{
    const struct sync_mark *mark = &walk->feed->mark;
    bool resumed = walk->kind == WALK_FIRST;

    if (walk->active && walk->kind != WALK_FETCH) {
        walk->asked |= asked;
        walk->again |= asked && walk->kind == WALK_HEAD;
        return;
    }
    *walk = (struct walk){.feed = walk->feed,
                          .kind = walk->kind,
                          .active = true,
                          .asked = asked,
                          .in_flight = walk->in_flight,
                          .outdated = walk->in_flight,
                          .page = resumed ? mark->next_page : 1,
                          .newest_ms = INT64_MIN,
                          .begun_utc_ms = clock_utc_ms(),
                          .max_rows = walk->max_rows,
                          .query = walk->query};
    if (resumed)
        memcpy(walk->cursor, mark->cursor, sizeof walk->cursor);
    if (walk->kind != WALK_HEAD)
        walk->feed->stuck_page = false;
}

static void walk_end(struct walk *walk)
{
    bool again = walk->again;

    walk->active = walk->asked = walk->again = false;
    if (walk->kind == WALK_FIRST)
        walk->feed->rate_begun = walk->feed->rate_rows = 0;
    if (again)
        walk_begin(walk, true);
}

/* --- a good page -------------------------------------------------------------------------- */

/* Without a word about pages only an empty one is the last: the server may give fewer rows a page
   than it was asked for. */
static bool is_last_page(const struct walk *walk, const struct api_answer *answer)
{
    const struct page_info *info = &answer->page;
    int64_t per_page = info->per_page > 0 ? info->per_page : PAGE_ROWS;

    if (answer->count + answer->skipped == 0 || info->has_more == 0)
        return true;
    if (info->has_more == 1 || (info->next_cursor != NULL && info->next_cursor[0] != '\0'))
        return false;
    if (info->total_pages >= 0)
        return walk->page >= info->total_pages;
    return info->total >= 0 && walk->page * per_page >= info->total;
}

/* The first row of a page as a number; of a page without a usable row always the same one. */
static uint64_t first_of(const struct api_answer *answer)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (const char *at = answer->count > 0 ? answer->records[0].id : ""; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    return hash;
}

/* The same first row as on the page before, or as on an earlier one (servers that take turns and
   ignore the page), or the same cursor again: pages are not turned. */
static bool is_stuck(const struct walk *walk, const struct api_answer *answer)
{
    const char *next = answer->page.next_cursor;
    uint64_t first = first_of(answer);

    if (walk->cursor[0] != '\0' && next != NULL && strcmp(next, walk->cursor) == 0)
        return true;
    return answer->count + answer->skipped > 0 && walk->turns > 0 &&
           (first == walk->first || first == walk->far_first);
}

static int64_t note_times(struct walk *walk, const struct api_answer *answer)
{
    int64_t oldest = INT64_MAX;

    for (size_t i = 0; i < answer->count; i++) {
        int64_t ms = answer->records[i].created.ms;
        oldest = ms < oldest ? ms : oldest;
        walk->newest_ms = ms > walk->newest_ms ? ms : walk->newest_ms;
    }
    return oldest;
}

static void turn_page(struct walk *walk, const struct api_answer *answer)
{
    const char *next = answer->page.next_cursor;

    walk->first = first_of(answer);
    if ((walk->turns & (walk->turns + 1)) == 0) /* kept ever longer: no cycle is too long */
        walk->far_first = walk->first;
    walk->turns++;
    walk->page++;
    walk->tries = 0;
    walk->rows += (int64_t)(answer->count + answer->skipped);
    snprintf(walk->cursor, sizeof walk->cursor, "%s",
             next != NULL && strlen(next) < sizeof walk->cursor ? next : "");
}

static void save_mark(struct feed *feed)
{
    struct err err = {0};

    if (!cache_put_mark(feed->sync->cache, feed->kind, &feed->mark, &err))
        sync_note_error(feed, &err);
    feed->saved_ok_ms = feed->mark.last_ok_ms;
}

static void first_page_came(struct walk *walk, const struct api_answer *answer, bool last)
{
    struct feed *feed = walk->feed;
    struct sync_mark *mark = &feed->mark;

    if (walk->page == 2 && walk->newest_ms > mark->anchor_ms && mark->anchor_ms == INT64_MIN)
        mark->anchor_ms = walk->newest_ms;
    mark->rows += (int64_t)answer->count;
    mark->next_page = walk->page;
    snprintf(mark->cursor, sizeof mark->cursor, "%s", walk->cursor);
    mark->complete = last;
    if (feed->rate_begun == 0)
        feed->rate_begun = clock_boot_ms();
    else
        feed->rate_rows += (int64_t)answer->count;
    if (last)
        walk_end(walk);
    save_mark(feed);
}

/* The newest pages: done when a page brings no news and reaches down to where there is no gap.
   Before the first sync has begun, the rest is its affair. */
static void head_page_came(struct walk *walk, int64_t oldest, bool news, bool last)
{
    struct feed *feed = walk->feed;
    bool whole = oldest <= feed->mark.anchor_ms;

    if (!last && feed->mark.anchor_ms != INT64_MIN && (news || !whole))
        return;
    bool moved = feed->mark.anchor_ms != INT64_MIN && walk->newest_ms > feed->mark.anchor_ms;
    if (moved)
        feed->mark.anchor_ms = walk->newest_ms;
    walk_end(walk);
    if (moved || feed->mark.last_ok_ms - feed->saved_ok_ms > SAVE_OK_MS)
        save_mark(feed);
    clock_walk_done(walk, news);
}

/* Only what came is known. Asked again, it starts from the top. */
static void stop_stuck(struct walk *walk)
{
    struct feed *feed = walk->feed;

    feed->stuck_page = true;
    walk->again = false;
    walk_end(walk);
    if (walk->kind != WALK_FIRST)
        return;
    feed->mark.next_page = 1;
    feed->mark.rows = 0;
    feed->mark.cursor[0] = '\0';
    save_mark(feed);
}

static void page_went_in(struct walk *walk, const struct store_result *result)
{
    struct feed *feed = walk->feed;
    const struct api_answer *answer = &feed->page;
    bool last = is_last_page(walk, answer);
    int64_t oldest = note_times(walk, answer);
    bool news = result->added + result->changed > 0;

    turn_page(walk, answer);
    if (walk->kind != WALK_FETCH) {
        feed->mark.total = answer->page.total;
        feed->pages = answer->page.total_pages;
    }
    if (walk->kind != WALK_FIRST && feed->mark.complete)
        feed->mark.rows += (int64_t)result->added;
    if (walk->kind == WALK_FIRST)
        first_page_came(walk, answer, last);
    else if (walk->kind == WALK_HEAD)
        head_page_came(walk, oldest, news, last);
    else if (last || (walk->max_rows > 0 && walk->rows >= (int64_t)walk->max_rows))
        walk_end(walk);
}

/* The end of every page: what waited for it goes on. */
static void walk_goes_on(struct walk *walk)
{
    walk->in_flight = walk->outdated = false;
    changes_raise(walk->feed->sync->cache->changes, CHANGED_SYNC);
    sync_wake(walk->feed->sync);
}

static void page_stored(void *ctx, const struct store_result *result, const struct err *err)
{
    struct walk *walk = ctx;
    bool mine = walk->active && !walk->outdated;

    if (result != NULL)
        sync_note_stored(walk->feed, result);
    else
        sync_note_error(walk->feed, err);
    if (mine && result != NULL)
        page_went_in(walk, result);
    else if (mine)
        walk_end(walk);
    walk_goes_on(walk);
}

static void page_came(struct walk *walk, const struct api_answer *answer)
{
    struct sync *sync = walk->feed->sync;

    if (is_stuck(walk, answer)) {
        stop_stuck(walk);
        walk_goes_on(walk);
        return;
    }
    walk->feed->page = *answer;
    sync->one_page = false;
    if (!cache_store_list(sync->cache, sync->loop, answer, page_stored, walk))
        sync->one_page = true;
}

/* --- anything else ------------------------------------------------------------------------ */

static void page_failed(struct walk *walk, const struct api_answer *answer)
{
    struct feed *feed = walk->feed;
    bool refused =
        answer->http_status >= 400 && answer->http_status < 500 && answer->http_status != 429;

    walk->tries++;
    if (refused && walk->kind == WALK_FIRST && walk->cursor[0] != '\0' &&
        (feed->sync->automatic || !walk->restarted)) {
        walk->cursor[0] = '\0'; /* a cursor of days ago may be gone */
        walk->page = 1;
        walk->turns = 0;
        walk->restarted = true;
    } else if (!feed->sync->automatic || (walk->asked && (refused || walk->tries >= TRIES_MAX))) {
        walk->asked = walk->again = false;
        walk->active = walk->kind == WALK_FIRST && feed->sync->automatic;
    } else if (walk->kind == WALK_HEAD && !walk->asked) {
        walk_end(walk); /* the next one comes by itself */
    }
    if (refused)
        feed->rest_until = clock_boot_ms() + REST_MS;
}

static void walk_answered(void *ctx, const struct api_answer *answer)
{
    struct walk *walk = ctx;
    struct feed *feed = walk->feed;

    bool good = sync_judge(feed->sync, feed, answer), mine = walk->active && !walk->outdated;
    if (good && mine) {
        page_came(walk, answer);
        return;
    }
    if (mine)
        page_failed(walk, answer);
    walk_goes_on(walk);
}

/* --- asking ------------------------------------------------------------------------------- */

static const char *unless_empty(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

static void ask_page(struct walk *walk)
{
    struct feed *feed = walk->feed;
    struct api_request request = {.endpoint = list_endpoints[feed->kind],
                                  .done = walk_answered,
                                  .ctx = walk,
                                  .no_retry = feed->sync->automatic};
    struct err err = {0};

    request.query = (struct list_query){.page = walk->cursor[0] == '\0' ? walk->page : 0,
                                        .limit = PAGE_ROWS,
                                        .cursor = unless_empty(walk->cursor)};
    if (walk->kind == WALK_FETCH) {
        request.query.status = unless_empty(walk->query.status);
        request.query.date_from = unless_empty(walk->query.date_from);
        request.query.date_to = unless_empty(walk->query.date_to);
        request.query.poi_id = unless_empty(walk->query.poi_id);
        request.query.custom_reference = unless_empty(walk->query.custom_reference);
    }
    walk->in_flight = api_call(feed->sync->client, &request, &err) != NULL;
    if (!walk->in_flight) {
        sync_note_error(feed, &err);
        walk_end(walk);
    }
}

static bool feed_is_busy(const struct feed *feed)
{
    for (int i = 0; i < WALK_KINDS; i++)
        if (feed->walks[i].in_flight)
            return true;
    return false;
}

/* Long pages of several lists would be in memory together. */
static bool page_may_start(const struct sync *sync)
{
    for (int i = 0; i < RECORD_KINDS; i++)
        if (sync->one_page && feed_is_busy(&sync->feeds[i]))
            return false;
    return true;
}

static bool walk_may_ask(const struct walk *walk)
{
    return walk->active && !feed_is_busy(walk->feed) && page_may_start(walk->feed->sync) &&
           (walk->asked || clock_boot_ms() >= walk->feed->rest_until);
}

/* First syncs take turns, one page at a time for all lists: a page is stored at once when it comes,
   and two in one turn would make a key wait twice as long. */
void walks_start(struct sync *sync)
{
    bool first_in_flight = false;

    for (int i = 0; i < RECORD_KINDS; i++) {
        struct feed *feed = &sync->feeds[(sync->list_turn + i) % RECORD_KINDS];
        for (int kind = WALK_HEAD; kind <= WALK_FETCH; kind++)
            if (walk_may_ask(&feed->walks[kind]))
                ask_page(&feed->walks[kind]);
        first_in_flight |= feed->walks[WALK_FIRST].in_flight;
    }
    sync->list_turn = (sync->list_turn + 1) % RECORD_KINDS;
    if (cache_tidy(sync->cache, sync->loop, sync_tidied, sync))
        return;
    for (int i = 1; i <= RECORD_KINDS && !first_in_flight; i++) {
        int turn = (sync->first_turn + i) % RECORD_KINDS;
        struct walk *walk = &sync->feeds[turn].walks[WALK_FIRST];
        if (!walk_may_ask(walk))
            continue;
        sync->first_turn = turn;
        ask_page(walk);
        first_in_flight = true;
    }
}

bool walks_waiting(const struct sync *sync)
{
    for (int i = 0; i < RECORD_KINDS; i++)
        for (int kind = 0; kind < WALK_KINDS; kind++)
            if (sync->feeds[i].walks[kind].active && sync->feeds[i].walks[kind].asked)
                return true;
    return false;
}

void walks_forget(struct sync *sync)
{
    for (int i = 0; i < RECORD_KINDS; i++)
        for (int kind = 0; kind < WALK_KINDS; kind++)
            cache_store_list_forget(sync->cache, &sync->feeds[i].walks[kind]);
}
