/* A list goes into the cache slice by slice: a page may bring thousands of rows, or megabytes of
   text, and a key waits for one slice at most. What a well-behaved server sends is one slice and
   stored at once. */
#include <stdlib.h>
#include <string.h>

#include "cache_internal.h"

#define SLICE_ROWS  ((size_t)100)
#define SLICE_BYTES ((size_t)256 * 1024) /* of objects as they came */

struct slow_list {
    struct slow_list *next;
    struct arena strings; /* what the records are made of */
    const struct record *records;
    size_t count, stored;
    size_t older; /* so many of the ids in newer were told of before this list came */
    struct store_result result;
    store_list_fn done;
    void *ctx;
};
struct slow_lists {
    struct loop *loop;
    struct loop_timer *timer;
    struct slow_list *first;
    struct arena strings;
    char **newer; /* ids that were told of since the lists came */
    size_t newer_count, newer_room;
};

void store_list_note_newer(struct cache *cache, const struct record *records, size_t count)
{
    struct slow_lists *lists = cache->lists;

    for (size_t i = 0; i < count && records[i].id != NULL; i++) {
        if (lists->newer_count == lists->newer_room) {
            lists->newer_room = lists->newer_room * 2 + 64;
            lists->newer = mem_resize(lists->newer, lists->newer_room, sizeof *lists->newer);
        }
        lists->newer[lists->newer_count++] = arena_strdup(&lists->strings, records[i].id);
    }
}

static bool is_told_of(const struct slow_lists *lists, size_t older, const char *id)
{
    for (size_t i = older; i < lists->newer_count; i++)
        if (strcmp(lists->newer[i], id) == 0)
            return true;
    return false;
}

/* How many of the records make one slice. */
static size_t slice_of(const struct record *records, size_t count)
{
    size_t bytes = 0, rows = 0;

    for (; rows < count && rows < SLICE_ROWS && bytes < SLICE_BYTES; rows++)
        bytes += records[rows].raw == NULL ? 0 : strlen(records[rows].raw);
    return rows;
}

/* How many come before one that is told of. */
static size_t untold(const struct slow_lists *lists, const struct slow_list *list, size_t count)
{
    size_t rows = 0;

    while (rows < count && !is_told_of(lists, list->older, list->records[list->stored + rows].id))
        rows++;
    return rows;
}

static void list_free(struct slow_list *list)
{
    arena_done(&list->strings);
    free(list);
}

static void lists_free(struct cache *cache)
{
    arena_done(&cache->lists->strings);
    free(cache->lists->newer);
    free(cache->lists);
    cache->lists = NULL;
}

static void store_slice(void *ctx);

static void list_end(struct cache *cache, bool good, const struct err *err)
{
    struct slow_lists *lists = cache->lists;
    struct slow_list *list = lists->first;

    lists->first = list->next;
    if (lists->first != NULL)
        lists->timer = loop_timer_start(lists->loop, 0, store_slice, cache);
    else
        lists_free(cache);
    if (list->done != NULL)
        list->done(list->ctx, good ? &list->result : NULL, err);
    list_free(list);
}

static void store_slice(void *ctx)
{
    struct cache *cache = ctx;
    struct slow_lists *lists = cache->lists;
    struct slow_list *list = lists->first;
    struct store_result result = {0};
    struct err err = {0};

    lists->timer = NULL;
    while (list->stored < list->count &&
           is_told_of(lists, list->older, list->records[list->stored].id))
        list->stored++;
    const struct record *from = list->records + list->stored;
    size_t rows = untold(lists, list, slice_of(from, list->count - list->stored));
    bool good = store_records(cache, from, rows, SOURCE_LIST, &result, &err);
    list->stored += rows;
    list->result.added += result.added;
    list->result.changed += result.changed;
    list->result.same += result.same;
    list->result.refused += result.refused;
    if (good && list->stored < list->count)
        lists->timer = loop_timer_start(lists->loop, 0, store_slice, cache);
    else
        list_end(cache, good, &err);
}

static void append(struct cache *cache, struct loop *loop, struct slow_list *list)
{
    if (cache->lists == NULL) {
        cache->lists = mem_alloc(sizeof *cache->lists);
        *cache->lists = (struct slow_lists){.loop = loop};
        cache->lists->timer = loop_timer_start(loop, 0, store_slice, cache);
    }
    list->older = cache->lists->newer_count;
    struct slow_list **last = &cache->lists->first;
    while (*last != NULL)
        last = &(*last)->next;
    *last = list;
}

bool cache_store_list(struct cache *cache, struct loop *loop, const struct api_answer *answer,
                      store_list_fn done, void *ctx)
{
    struct store_result result = {0};
    struct err err = {0};

    bool lent = answer->strings == NULL;
    if (lent || slice_of(answer->records, answer->count) == answer->count) {
        bool good = cache_store(cache, answer->records, answer->count, SOURCE_LIST, &result, &err);
        if (done != NULL)
            done(ctx, good ? &result : NULL, &err);
        return true;
    }
    struct slow_list *list = mem_alloc(sizeof *list);
    *list = (struct slow_list){.strings = *answer->strings,
                               .records = answer->records,
                               .count = answer->count,
                               .done = done,
                               .ctx = ctx};
    *answer->strings = (struct arena){0};
    append(cache, loop, list);
    return false;
}

void cache_store_list_forget(struct cache *cache, const void *ctx)
{
    if (cache->lists == NULL)
        return;
    for (struct slow_list *list = cache->lists->first; list != NULL; list = list->next)
        if (list->ctx == ctx)
            list->done = NULL;
}

void store_list_drop(struct cache *cache)
{
    struct slow_lists *lists = cache->lists;

    if (lists == NULL)
        return;
    loop_timer_stop(lists->loop, lists->timer);
    while (lists->first != NULL) {
        struct slow_list *list = lists->first;
        lists->first = list->next;
        list_free(list);
    }
    lists_free(cache);
}
