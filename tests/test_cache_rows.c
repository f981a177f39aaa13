/* What the cache keeps of an answer: merged, forward only, and nothing written twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_cache.h"

static struct store_result store(struct box *box, const struct record *record,
                                 enum record_source source)
{
    struct store_result result;
    struct err err = {0};

    box->bits = 0;
    if (!cache_store(box->cache, record, 1, source, &result, &err))
        fail_msg("cache_store: %s", err.detail);
    return result;
}

static struct row get(struct box *box, enum record_kind kind, const char *id, struct arena *arena)
{
    struct row row;
    struct err err = {0};

    if (!cache_get_record(box->cache, kind, id, arena, &row, &err))
        fail_msg("cache_get_record: %s", err.detail);
    return row;
}

static struct record session(const char *id, const char *status)
{
    struct record record = {.kind = REC_SESSION, .id = id, .status = status, .is_preauth = -1};

    record.amount = money_make(5000, "EUR");
    stamp_parse("2026-11-20 10:00:00", &record.created);
    record.raw = "{\"sessionId\":\"S1\",\"status\":\"pending\"}";
    return record;
}

/* --- merging ------------------------------------------------------------------------------ */

static void lists_do_not_erase_what_a_detail_brought(void **state)
{
    struct box box;
    struct arena arena = {0};
    struct record list = session("S1", "completed"), detail = list;

    (void)state;
    box_open(&box);
    list.raw = "{\"sessionId\":\"S1\",\"status\":\"completed\"}";
    detail.raw = "{\"sessionId\":\"S1\",\"status\":\"completed\",\"paymentReference\":\"P1\","
                 "\"attempts\":[{\"paymentReference\":\"P1\",\"status\":\"authorised\"}]}";
    detail.payment_reference = "P1";
    detail.payment_status = "AUTHORISED";
    detail.is_preauth = 1;
    stamp_parse("2026-11-20 10:05:00", &detail.completed);
    assert_int_equal(store(&box, &list, SOURCE_LIST).added, 1);
    assert_int_equal(store(&box, &detail, SOURCE_DETAIL).changed, 1);
    assert_int_equal(store(&box, &list, SOURCE_LIST).same, 1);
    struct row row = get(&box, REC_SESSION, "S1", &arena);
    assert_string_equal(row.record.payment_reference, "P1");
    assert_string_equal(row.record.payment_status, "AUTHORISED");
    assert_int_equal(row.record.is_preauth, 1);
    assert_string_equal(row.record.completed.text, "2026-11-20 10:05:00");
    assert_string_equal(row.record.raw, detail.raw);
    assert_int_equal(row.record.attempt_count, 1);
    assert_string_equal(row.record.attempts[0].status, "authorised");
    assert_true(cache_get_payment(box.cache, "P1", &arena, &row, NULL));
    assert_string_equal(row.record.id, "S1");
    arena_done(&arena);
    box_close(&box);
}

static int64_t rows_written(struct box *box)
{
    return sqlite3_total_changes(db_handle(box->cache->db));
}

static void unchanged_rows_are_not_written_again(void **state)
{
    struct box box;
    struct record record = session("S1", "completed");
    bool left;

    (void)state;
    box_open(&box);
    store(&box, &record, SOURCE_LIST);
    assert_true(box.bits & CHANGED_SESSIONS);
    assert_true(cache_index_slice(box.cache, 1000, &left, NULL));
    int64_t before = rows_written(&box);
    struct store_result result = store(&box, &record, SOURCE_LIST);
    assert_int_equal(result.same, 1);
    assert_int_equal(rows_written(&box), before);
    assert_int_equal(box.bits, 0);
    /* a column that is not searched leaves the search index alone */
    record.amount = money_make(6000, "EUR");
    assert_int_equal(store(&box, &record, SOURCE_LIST).changed, 1);
    int64_t put_off;
    assert_true(
        db_get_int(box.cache->db, NULL, &put_off, -1, "SELECT count(*) FROM todo_sessions"));
    assert_int_equal(put_off, 0);
    record.description = "Cena";
    store(&box, &record, SOURCE_LIST);
    assert_true(
        db_get_int(box.cache->db, NULL, &put_off, -1, "SELECT count(*) FROM todo_sessions"));
    assert_int_equal(put_off, 1);
    box_close(&box);
}

static size_t found(struct box *box, const char *text)
{
    struct filter *filter = test_filter(text, REC_SESSION);
    struct list_spec spec = {.kind = REC_SESSION, .filter = filter};
    struct row_page page;

    assert_true(
        cache_list(box->cache, &(struct page_request){.spec = &spec, .limit = 10}, &page, NULL));
    size_t count = page.count;
    row_page_done(&page);
    filter_free(filter);
    return count;
}

static void search_follows_a_changed_text(void **state)
{
    struct box box;
    struct record record = session("S1", "pending");
    bool left;

    (void)state;
    box_open(&box);
    record.description = "Depósito";
    store(&box, &record, SOURCE_LIST);
    assert_true(cache_index_slice(box.cache, 1000, &left, NULL));
    assert_int_equal(found(&box, "deposito"), 1);
    record.description = "Cena";
    store(&box, &record, SOURCE_LIST);
    assert_int_equal(found(&box, "deposito"), 0);
    assert_int_equal(found(&box, "cena"), 1);
    assert_true(cache_index_slice(box.cache, 1000, &left, NULL));
    assert_int_equal(found(&box, "deposito"), 0);
    assert_int_equal(found(&box, "cena"), 1);
    /* another creation time moves the row in the list and in the index */
    stamp_parse("2026-11-21T10:00:00Z", &record.created);
    assert_int_equal(store(&box, &record, SOURCE_LIST).changed, 1);
    assert_int_equal(found(&box, "cena"), 1);
    assert_int_equal(found(&box, "cena from:2026-11-21"), 1);
    assert_true(cache_index_slice(box.cache, 1000, &left, NULL));
    assert_int_equal(found(&box, "cena"), 1);
    box_close(&box);
}

static bool count_one(void *ctx, const struct contradiction *item)
{
    assert_int_equal(item->kind, REC_SESSION);
    assert_string_equal(item->id, "S1");
    assert_string_equal(item->had, "completed");
    assert_string_equal(item->said, "pending");
    (*(int *)ctx)++;
    return true;
}

static int contradictions(struct box *box)
{
    int count = 0;

    assert_true(cache_contradictions(box->cache, count_one, &count, NULL));
    return count;
}

static void final_rows_do_not_open_again(void **state)
{
    struct box box;
    struct arena arena = {0};
    struct record record = session("S1", "completed");

    (void)state;
    box_open(&box);
    store(&box, &record, SOURCE_LIST);
    record.status = "pending";
    assert_int_equal(store(&box, &record, SOURCE_LIST).refused, 1);
    assert_true(box.bits & CHANGED_SESSIONS);
    assert_int_equal(store(&box, &record, SOURCE_LIST).refused, 0); /* told once */
    assert_string_equal(get(&box, REC_SESSION, "S1", &arena).record.status, "completed");
    assert_int_equal(contradictions(&box), 1);
    assert_true(cache_forget_contradiction(box.cache, REC_SESSION, "S1", NULL));
    store(&box, &record, SOURCE_LIST);
    assert_int_equal(contradictions(&box), 0);
    arena_done(&arena);
    box_close(&box);
}

/* A session called expired a moment ago may still be paid; after a day it stays expired. */
static void closing_words_of_sessions_settle_after_a_day(void **state)
{
    struct box box;
    struct arena arena = {0};
    struct record record = session("S1", "expired");
    int64_t now = record.created.ms + 3600000;

    (void)state;
    clock_freeze_utc(now);
    box_open(&box);
    store(&box, &record, SOURCE_LIST);
    record.status = "completed";
    store(&box, &record, SOURCE_LIST);
    assert_string_equal(get(&box, REC_SESSION, "S1", &arena).record.status, "completed");

    record.id = "S2";
    record.status = "expired";
    store(&box, &record, SOURCE_LIST);
    record.status = "pending";
    assert_int_equal(store(&box, &record, SOURCE_LIST).refused, 0);
    assert_string_equal(get(&box, REC_SESSION, "S2", &arena).record.status, "pending");

    record.id = "S3";
    record.status = "expired";
    store(&box, &record, SOURCE_LIST);
    clock_freeze_utc(now + 2 * INT64_C(86400000));
    record.status = "pending";
    assert_int_equal(store(&box, &record, SOURCE_LIST).refused, 1);
    assert_string_equal(get(&box, REC_SESSION, "S3", &arena).record.status, "expired");
    clock_freeze_utc(0);
    arena_done(&arena);
    box_close(&box);
}

static void own_tag_is_cut_from_the_reference(void **state)
{
    static const char *const cases[][2] = {
        {"RES-1~0123abcd", "RES-1"}, {"~0123abcd", NULL},          {"RES-1", "RES-1"},
        {"RES~1", "RES~1"},          {"a~0123abci", "a~0123abci"}, {"a~0123ABCD", "a~0123ABCD"},
        {"a~b~zzzzzzzz", "a~b"},
    };
    struct box box;
    struct arena arena = {0};

    (void)state;
    box_open(&box);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char id[8];
        snprintf(id, sizeof id, "S%zu", i);
        struct record record = session(id, "pending");
        record.custom_reference = cases[i][0];
        store(&box, &record, SOURCE_LIST);
        struct row row = get(&box, REC_SESSION, id, &arena);
        assert_string_equal(row.record.custom_reference, cases[i][0]);
        if (cases[i][1] == NULL)
            assert_null(row.reference);
        else
            assert_string_equal(row.reference, cases[i][1]);
    }
    arena_done(&arena);
    box_close(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_do_not_erase_what_a_detail_brought),
        cmocka_unit_test(unchanged_rows_are_not_written_again),
        cmocka_unit_test(search_follows_a_changed_text),
        cmocka_unit_test(final_rows_do_not_open_again),
        cmocka_unit_test(closing_words_of_sessions_settle_after_a_day),
        cmocka_unit_test(own_tag_is_cut_from_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
