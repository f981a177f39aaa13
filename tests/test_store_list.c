/* Pages that are too large to be stored while a key waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_cache.h"

#define ROWS 950

struct desk {
    struct box box;
    struct loop *loop;
    struct arena strings;
    struct api_answer answer;
    int turns;      /* the loop was free so often before the list was stored */
    int ends;       /* times that done was called */
    bool good;
    struct store_result result;
};

/* count rows, each with a text of so many bytes in what came. */
static void desk_open(struct desk *desk, size_t count, size_t bytes)
{
    *desk = (struct desk){0};
    box_open(&desk->box);
    desk->loop = loop_new();
    struct record *records = arena_alloc(&desk->strings, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        char *raw = arena_alloc(&desk->strings, bytes + 1);
        test_record(&desk->strings, REC_SESSION, (int)i, &records[i]);
        records[i].status = "pending";
        records[i].raw = memset(raw, 'x', bytes);
    }
    desk->answer = (struct api_answer){
        .endpoint = EP_SESSIONS, .records = records, .count = count, .strings = &desk->strings};
}

static void desk_close(struct desk *desk)
{
    box_close(&desk->box);
    loop_free(desk->loop);
    arena_done(&desk->strings);
}

static void note_end(void *ctx, const struct store_result *result, const struct err *err)
{
    struct desk *desk = ctx;

    (void)err;
    desk->ends++;
    desk->good = result != NULL;
    if (result != NULL)
        desk->result = *result;
    loop_stop(desk->loop);
}

/* What a key would be. */
static void take_turn(void *ctx)
{
    struct desk *desk = ctx;

    desk->turns++;
    loop_timer_start(desk->loop, 0, take_turn, desk);
}

static size_t stored(struct desk *desk)
{
    int64_t count = 0;

    assert_true(db_get_int(desk->box.cache->db, NULL, &count, -1, "SELECT count(*) FROM sessions"));
    return (size_t)count;
}

static void keys_get_their_turn_between_slices(void **state)
{
    static const struct {
        size_t count, bytes;
        int turns;
    } pages[] = {{ROWS, 100, 9}, {20, 60000, 3}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        struct desk desk;
        desk_open(&desk, pages[i].count, pages[i].bytes);
        cache_store_list(desk.box.cache, desk.loop, &desk.answer, note_end, &desk);
        assert_int_equal(desk.ends, 0);
        assert_null(desk.strings.blocks); /* they are the cache's now */
        take_turn(&desk);
        loop_run(desk.loop);
        assert_int_equal(desk.ends, 1);
        assert_true(desk.good);
        assert_true(desk.turns >= pages[i].turns);
        assert_int_equal(desk.result.added, pages[i].count);
        assert_int_equal(stored(&desk), pages[i].count);
        desk_close(&desk);
    }
}

static void a_common_page_is_stored_at_once(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk, 100, 500);
    cache_store_list(desk.box.cache, desk.loop, &desk.answer, note_end, &desk);
    assert_int_equal(desk.ends, 1);
    assert_int_equal(stored(&desk), 100);
    assert_non_null(desk.strings.blocks);
    desk_close(&desk);
}

static void what_is_lent_is_stored_at_once(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk, ROWS, 100);
    desk.answer.strings = NULL;
    cache_store_list(desk.box.cache, desk.loop, &desk.answer, NULL, NULL);
    assert_int_equal(stored(&desk), ROWS);
    desk_close(&desk);
}

/* One of the list's rows, which outlives the list. */
static struct record middle_row(const struct desk *desk, struct arena *arena)
{
    struct record row = desk->answer.records[ROWS / 2];

    row.id = arena_strdup(arena, row.id);
    return row;
}

static void assert_status(struct desk *desk, const char *id, const char *status)
{
    struct arena arena = {0};
    struct row row;
    struct err err = {0};

    assert_true(cache_get_record(desk->box.cache, REC_SESSION, id, &arena, &row, &err));
    assert_string_equal(row.record.status, status);
    arena_done(&arena);
}

/* Told of between two slices, it must neither go back nor pass for a contradiction. */
static void what_is_told_of_meanwhile_stays(void **state)
{
    struct desk desk;
    struct arena arena = {0};
    struct err err = {0};

    (void)state;
    desk_open(&desk, ROWS, 100);
    struct record paid = middle_row(&desk, &arena);
    paid.status = "completed";
    cache_store_list(desk.box.cache, desk.loop, &desk.answer, note_end, &desk);
    assert_true(cache_store(desk.box.cache, &paid, 1, SOURCE_DETAIL, NULL, &err));
    loop_run(desk.loop);
    assert_true(desk.good);
    assert_int_equal(desk.result.refused, 0);
    assert_int_equal(desk.result.added, ROWS - 1);
    assert_int_equal(stored(&desk), ROWS);
    assert_status(&desk, paid.id, "completed");
    arena_done(&arena);
    desk_close(&desk);
}

/* What was told of before a list came, while an older one was being stored, is older than it. */
static void a_later_list_knows_better(void **state)
{
    struct desk desk;
    struct arena arena = {0}, strings = {0};
    struct record *records = arena_alloc(&strings, ROWS * sizeof *records);
    struct api_answer later = {.endpoint = EP_SESSIONS, .strings = &strings, .count = ROWS};
    struct err err = {0};

    (void)state;
    desk_open(&desk, ROWS, 100);
    for (int i = 0; i < ROWS; i++) {
        test_record(&strings, REC_SESSION, i, &records[i]);
        records[i].status = "completed";
    }
    later.records = records;
    struct record known = middle_row(&desk, &arena);
    cache_store_list(desk.box.cache, desk.loop, &desk.answer, note_end, &desk);
    assert_true(cache_store(desk.box.cache, &known, 1, SOURCE_DETAIL, NULL, &err));
    cache_store_list(desk.box.cache, desk.loop, &later, note_end, &desk);
    loop_run(desk.loop);
    loop_run(desk.loop);
    assert_int_equal(desk.ends, 2);
    assert_status(&desk, known.id, "completed");
    arena_done(&arena);
    arena_done(&strings);
    desk_close(&desk);
}

/* A row that could not be stored is none that the list must leave alone. */
static void what_could_not_be_stored_is_not_told_of(void **state)
{
    struct desk desk;
    struct arena arena = {0};
    struct err err = {0};

    (void)state;
    desk_open(&desk, ROWS, 100);
    struct record known = middle_row(&desk, &arena);
    known.status = "completed";
    cache_store_list(desk.box.cache, desk.loop, &desk.answer, note_end, &desk);
    desk.box.cache->building = true; /* nothing can be stored now */
    assert_false(cache_store(desk.box.cache, &known, 1, SOURCE_DETAIL, NULL, &err));
    desk.box.cache->building = false;
    loop_run(desk.loop);
    assert_true(desk.good);
    assert_int_equal(desk.result.added, ROWS);
    assert_status(&desk, known.id, "pending");
    arena_done(&arena);
    desk_close(&desk);
}

static void lists_are_stored_one_after_the_other(void **state)
{
    struct desk desk;
    struct arena strings = {0};
    struct record *records = arena_alloc(&strings, ROWS * sizeof *records);
    struct api_answer second = {.endpoint = EP_SESSIONS, .strings = &strings, .count = ROWS};

    (void)state;
    desk_open(&desk, ROWS, 100);
    for (int i = 0; i < ROWS; i++)
        test_record(&strings, REC_SESSION, ROWS + i, &records[i]);
    second.records = records;
    cache_store_list(desk.box.cache, desk.loop, &desk.answer, note_end, &desk);
    cache_store_list(desk.box.cache, desk.loop, &second, note_end, &desk);
    loop_run(desk.loop);
    assert_int_equal(stored(&desk), ROWS);
    loop_run(desk.loop);
    assert_int_equal(desk.ends, 2);
    assert_int_equal(stored(&desk), 2 * ROWS);
    desk_close(&desk);
    arena_done(&strings);
}

static void trouble_ends_it(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk, ROWS, 100);
    cache_store_list(desk.box.cache, desk.loop, &desk.answer, note_end, &desk);
    desk.box.cache->building = true; /* nothing can be stored now */
    loop_run(desk.loop);
    assert_int_equal(desk.ends, 1);
    assert_false(desk.good);
    desk_close(&desk);
}

static void a_close_in_between_frees_all(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk, ROWS, 100);
    cache_store_list(desk.box.cache, desk.loop, &desk.answer, note_end, &desk);
    desk_close(&desk);
    assert_int_equal(desk.ends, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_get_their_turn_between_slices),
        cmocka_unit_test(a_common_page_is_stored_at_once),
        cmocka_unit_test(what_is_lent_is_stored_at_once),
        cmocka_unit_test(what_is_told_of_meanwhile_stays),
        cmocka_unit_test(a_later_list_knows_better),
        cmocka_unit_test(what_could_not_be_stored_is_not_told_of),
        cmocka_unit_test(lists_are_stored_one_after_the_other),
        cmocka_unit_test(trouble_ends_it),
        cmocka_unit_test(a_close_in_between_frees_all),
    };
    return cmocka_run_group_tests_name("store_list", tests, NULL, NULL);
}
