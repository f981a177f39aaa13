/* Reads one list of the API to its end. A list shows that something is absent only when every page
   came, the server honoured page and filter, there were as many rows as it says it has, and a
   second pass saw the same rows (rows move between pages while a list is read). */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops_internal.h"

#define PASSES_MAX     5
#define OFFSET_LIFE_MS (INT64_C(600) * 1000)
#define DAY_MS         (INT64_C(24) * 3600 * 1000)

struct list_read {
    struct list_read *next;
    struct ops *ops;
    struct arena arena;
    struct list_ask ask;
    char *id, *cursor, *payment_reference;
    char from[12], to[12];
    list_read_fn done;
    void *ctx;
    struct list_result result;
    struct record *rows;
    size_t room;
    int page, passes;
    uint64_t digest, last_digest;    /* of the ids of a pass, whatever their order */
    uint64_t firsts[LIST_PAGES_MAX]; /* hashed id of each page's first row, 0: it had none */
    int64_t total;                   /* rows that the list is said to have, -1: not said */
    bool disobeyed;
    bool ended;                      /* the page that is being stored is the last of its pass */
};

static void ask_page(struct list_read *read);

static void write_day(char out[12], int64_t ms)
{
    struct civil day = time_to_civil(ms);

    snprintf(out, 12, "%04u-%02u-%02u", (unsigned)day.year % 10000, (unsigned)day.month % 100,
             (unsigned)day.day % 100);
}

static void unlink_read(struct list_read *read)
{
    struct list_read **at = &read->ops->reads;

    while (*at != read)
        at = &(*at)->next;
    *at = read->next;
}

void list_read_free(struct list_read *read)
{
    unlink_read(read);
    cache_store_list_forget(read->ops->cache, read);
    arena_done(&read->arena);
    free(read->rows);
    free(read->id);
    free(read->cursor);
    free(read->payment_reference);
    free(read);
}

static void finish(struct list_read *read)
{
    read->result.rows = read->rows;
    read->done(read->ctx, &read->result);
    list_read_free(read);
}

static void fail(struct list_read *read, enum err_code code, const char *why)
{
    err_set(&read->result.err, code, "%s", why);
    finish(read);
}

/* --- rows ------------------------------------------------------------------------------------ */

static void keep_row(struct list_read *read, const struct record *row)
{
    struct arena *arena = &read->arena;
    struct record *copy;

    if (read->result.count == read->room) {
        read->room = read->room == 0 ? 32 : read->room * 2;
        read->rows = mem_resize(read->rows, read->room, sizeof *read->rows);
    }
    copy = &read->rows[read->result.count++];
    *copy = *row;
    copy->id = arena_strdup(arena, row->id);
    copy->payment_reference = arena_strdup(arena, row->payment_reference);
    copy->status = arena_strdup(arena, row->status);
    copy->type = arena_strdup(arena, row->type);
    copy->custom_reference = arena_strdup(arena, row->custom_reference);
    copy->poi_id = arena_strdup(arena, row->poi_id);
    copy->failure_reason = arena_strdup(arena, row->failure_reason);
    copy->payment_url = arena_strdup(arena, row->payment_url);
    copy->description = copy->reason = copy->payment_status = copy->raw = NULL;
    copy->attempts = NULL;
    copy->attempt_count = 0;
}

/* Mixed at the end: these are added up, and ids that differ in their last digits only would
   otherwise give sums that are alike. */
static uint64_t hash_id(const char *id)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *id != '\0'; id++)
        hash = (hash ^ (unsigned char)*id) * UINT64_C(1099511628211);
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ hash >> 33;
}

static void take_rows(struct list_read *read, const struct api_answer *answer)
{
    /* A day was added to the window on both sides; another is granted for the server's zone. */
    int64_t low = read->ask.from_ms - 3 * DAY_MS, high = read->ask.to_ms + 3 * DAY_MS;
    /* The rows may outlive this reading. */
    const char *payment_reference = arena_strdup(answer->strings, read->payment_reference);

    for (size_t i = 0; i < answer->count; i++) {
        struct record *row = &answer->records[i];
        if (row->payment_reference == NULL)
            row->payment_reference = payment_reference;
        assert(row->id != NULL); /* the decoder keeps no row without one */
        if (read->ask.from_ms != 0 && row->created.ms != 0 &&
            (row->created.ms < low || row->created.ms > high))
            read->disobeyed = true;
        keep_row(read, row);
        read->digest += hash_id(row->id);
    }
    if (answer->skipped > 0)
        read->disobeyed = true; /* rows that nobody can read may be the one looked for */
}

void ops_note_date(struct ops *ops, int64_t server_utc_ms)
{
    int64_t offset = server_utc_ms - clock_boot_ms();

    if (server_utc_ms == 0)
        return;
    /* The largest is the least delayed; it is forgotten after a while, should the server's clock
       ever be set back. */
    if (!ops->offset_known || offset > ops->offset_ms ||
        clock_boot_ms() - ops->offset_boot_ms > OFFSET_LIFE_MS) {
        ops->offset_ms = offset;
        ops->offset_boot_ms = clock_boot_ms();
    }
    ops->offset_known = true;
}

/* How far the server's clock is from ours, as this page shows it. */
static void take_date(struct list_read *read, const struct api_answer *answer)
{
    int64_t offset = answer->server_utc_ms - clock_boot_ms();

    if (answer->server_utc_ms == 0)
        read->result.dated = false;
    else if (read->result.offset_ms == 0 || offset < read->result.offset_ms)
        read->result.offset_ms = offset;
    ops_note_date(read->ops, answer->server_utc_ms);
}

/* --- pages ----------------------------------------------------------------------------------- */

enum end { LIST_ENDS, LIST_GOES_ON };

/* Without a word about pages only an empty page is the end: the server's own limit may be lower
   than the one asked for. With one, an empty page may have others behind it. */
static enum end page_end(const struct list_read *read, const struct api_answer *answer)
{
    const struct page_info *info = &answer->page;

    if (info->has_more == 0)
        return LIST_ENDS;
    if (info->has_more == 1 || info->next_cursor != NULL) /* the decoder keeps no empty one */
        return LIST_GOES_ON;
    if (info->total_pages >= 0)
        return read->page >= info->total_pages ? LIST_ENDS : LIST_GOES_ON;
    if (answer->count == 0)
        return LIST_ENDS;
    /* A total that is no more than this page may count this page only: another page is asked for,
       unless this one has room left. */
    bool full = info->per_page < 0 || answer->count >= (size_t)info->per_page;
    if (info->total > (int64_t)answer->count || (info->total >= 0 && !full))
        return (int64_t)read->result.count >= info->total ? LIST_ENDS : LIST_GOES_ON;
    return LIST_GOES_ON;
}

static void begin_pass(struct list_read *read)
{
    read->page = 1;
    read->passes++;
    read->last_digest = read->digest;
    read->digest = 0;
    read->total = -1;
    free(read->cursor);
    read->cursor = NULL;
    read->result.count = 0;
    read->result.dated = read->result.stored = true;
    read->result.offset_ms = 0;
    read->result.begun_boot_ms = clock_boot_ms();
    read->result.begun_utc_ms = clock_utc_ms();
    arena_done(&read->arena);
}

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* As many different rows have come as the list is said to have: a row that comes twice counts
   once. */
static bool is_whole(const struct list_read *read)
{
    size_t count = read->result.count, different = 0;
    uint64_t *hashes = mem_alloc((count + 1) * sizeof *hashes);

    for (size_t i = 0; i < count; i++)
        hashes[i] = hash_id(read->rows[i].id);
    qsort(hashes, count, sizeof *hashes, compare_hashes);
    for (size_t i = 0; i < count; i++)
        different += i == 0 || hashes[i] != hashes[i - 1];
    free(hashes);
    return (int64_t)different >= read->total;
}

static void end_pass(struct list_read *read)
{
    bool same = read->passes > 1 && read->digest == read->last_digest, whole = is_whole(read);

    read->result.pages = read->page;
    if (read->disobeyed) {
        fail(read, ERR_DATA, "the list ignores its filter or holds rows nobody can read");
    } else if (whole && (same || read->page == 1)) {
        read->result.complete = true;
        finish(read);
    } else if (same) {
        fail(read, ERR_DATA, "the list has fewer rows than it says");
    } else if (read->passes >= PASSES_MAX) {
        fail(read, ERR_DATA, "the list changes with every reading");
    } else {
        begin_pass(read);
        ask_page(read);
    }
}

/* A page that begins as an earlier one of the pass: the server does not turn pages. */
static bool page_repeats(struct list_read *read, const struct api_answer *answer)
{
    uint64_t first = answer->count > 0 ? hash_id(answer->records[0].id) : 0;

    read->firsts[read->page - 1] = first;
    for (int i = 0; i < read->page - 1; i++)
        if (first != 0 && read->firsts[i] == first)
            return true;
    return false;
}

/* What a list proves does not depend on the cache; what the cache adds up from it does. */
static void page_stored(void *ctx, const struct store_result *result, const struct err *err)
{
    struct list_read *read = ctx;

    if (result == NULL) {
        read->result.stored = false;
        read->result.err = *err;
    }
    if (read->ended) {
        end_pass(read);
    } else if (read->page >= LIST_PAGES_MAX) {
        fail(read, ERR_DATA, "the list has too many pages");
    } else {
        read->page++;
        ask_page(read);
    }
}

static void page_came(void *ctx, const struct api_answer *answer)
{
    struct list_read *read = ctx;

    if (answer->body != BODY_DATA) {
        read->result.retry_after_s = answer->retry_after_s;
        fail(read, answer->http_status == 0 ? ERR_NETWORK : ERR_API,
             answer->body == BODY_ERROR && answer->error.message != NULL ? answer->error.message
                                                                         : answer->trouble);
        return;
    }
    if (page_repeats(read, answer)) {
        fail(read, ERR_DATA, "the server ignores the page asked for");
        return;
    }
    if (answer->page.total >= 0)
        read->total = answer->page.total;
    take_date(read, answer);
    take_rows(read, answer);
    read->ended = page_end(read, answer) == LIST_ENDS;
    free(read->cursor);
    read->cursor = mem_strdup(answer->page.next_cursor);
    cache_store_list(read->ops->cache, read->ops->loop, answer, page_stored, read);
}

static struct api_call *start_call(struct list_read *read, struct err *err)
{
    struct api_request request = {
        .endpoint = read->ask.endpoint,
        .id = read->id,
        .query = {.page = read->page, .limit = LIST_LIMIT, .cursor = read->cursor},
        .done = page_came,
        .ctx = read,
        .no_retry = !read->ask.patient,
    };

    if (read->ask.from_ms != 0) {
        request.query.date_from = read->from;
        request.query.date_to = read->to;
    }
    return api_call(read->ops->client, &request, err);
}

static void ask_page(struct list_read *read)
{
    struct err err = {0};

    if (start_call(read, &err) == NULL)
        fail(read, err.code, err.detail);
}

struct list_read *list_read_start(struct ops *ops, const struct list_ask *ask, list_read_fn done,
                                  void *ctx, struct err *err)
{
    struct list_read *read = mem_alloc(sizeof *read);

    read->ops = ops;
    read->ask = *ask;
    read->id = mem_strdup(ask->id);
    read->payment_reference = mem_strdup(ask->payment_reference);
    read->done = done;
    read->ctx = ctx;
    read->result.retry_after_s = -1;
    read->result.from_ms = ask->from_ms;
    read->result.to_ms = ask->to_ms;
    if (ask->from_ms != 0) {
        write_day(read->from, ask->from_ms - DAY_MS);
        write_day(read->to, ask->to_ms + DAY_MS);
    }
    read->next = ops->reads;
    ops->reads = read;
    begin_pass(read);
    if (start_call(read, err) != NULL)
        return read;
    list_read_free(read);
    return NULL;
}
