/* Pages by key against a brute-force order, for every list, order and direction, with ties. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "support_cache.h"

#define ROWS 700
#define PAGE 7

static struct list_spec compare_spec;

static const char *blank(const char *text)
{
    return text == NULL ? "" : text;
}

static int compare_column(const struct row *a, const struct row *b)
{
    const struct record *x = &a->record, *y = &b->record;
    bool change = compare_spec.kind == REC_MODIFICATION;
    int64_t left = amount_scaled(&x->amount), right = amount_scaled(&y->amount);

    switch (compare_spec.sort) {
    case SORT_STATUS:
        return strcasecmp(blank(x->status), blank(y->status));
    case SORT_AMOUNT:
        return (left > right) - (left < right);
    case SORT_REFERENCE:
        return change ? strcmp(blank(x->payment_reference), blank(y->payment_reference))
                      : strcasecmp(blank(a->reference), blank(b->reference));
    case SORT_DESCRIPTION:
        return change ? 0 : strcasecmp(blank(x->description), blank(y->description));
    case SORT_TERMINAL:
        return strcasecmp(blank(x->poi_id), blank(y->poi_id));
    case SORT_TYPE:
        return strcasecmp(blank(x->type), blank(y->type));
    default:
        return 0;
    }
}

static int compare_rows(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    int order = compare_column(a, b);

    if (order == 0)
        order = (a->sort_ms > b->sort_ms) - (a->sort_ms < b->sort_ms);
    if (order == 0)
        order = (a->rowid > b->rowid) - (a->rowid < b->rowid);
    return compare_spec.ascending ? order : -order;
}

static struct row_page get(struct box *box, const struct list_spec *spec, enum page_from from,
                           const struct row *anchor, size_t limit)
{
    struct row_page page;
    struct err err = {0};

    if (!cache_list(box->cache, &(struct page_request){spec, from, anchor, limit}, &page, &err))
        fail_msg("cache_list: %s", err.detail);
    return page;
}

/* Walks the list page by page and compares each row with the whole list sorted by hand. */
static void walk(struct box *box, const struct list_spec *spec, const struct row_page *all,
                 bool forward)
{
    struct row_page page = get(box, spec, forward ? FROM_FIRST : FROM_LAST, NULL, PAGE);
    size_t seen = 0;

    for (;;) {
        size_t first = forward ? seen : all->count - seen - page.count;
        for (size_t i = 0; i < page.count; i++)
            assert_string_equal(page.rows[i].record.id, all->rows[first + i].record.id);
        seen += page.count;
        assert_int_equal(page.more, seen < all->count);
        if (!page.more)
            break;
        struct row_page next = get(box, spec, forward ? FROM_AFTER : FROM_BEFORE,
                                   forward ? &page.rows[page.count - 1] : &page.rows[0], PAGE);
        row_page_done(&page);
        page = next;
    }
    row_page_done(&page);
    assert_int_equal(seen, all->count);
}

static void check_order(struct box *box, const struct list_spec *spec)
{
    struct list_spec by_date = {.kind = spec->kind, .filter = spec->filter};
    struct row_page all = get(box, &by_date, FROM_FIRST, NULL, 10000);

    compare_spec = *spec;
    qsort(all.rows, all.count, sizeof all.rows[0], compare_rows);
    walk(box, spec, &all, true);
    walk(box, spec, &all, false);
    row_page_done(&all);
}

static void pages_follow_every_order(void **state)
{
    struct box box;

    (void)state;
    box_open(&box);
    for (int kind = 0; kind < RECORD_KINDS; kind++) {
        test_store(box.cache, (enum record_kind)kind, 0, ROWS);
        struct filter *filter = test_filter("-status:expired res", (enum record_kind)kind);
        for (int sort = SORT_CREATED; sort <= SORT_TYPE; sort++) {
            for (int ascending = 0; ascending < 2; ascending++) {
                struct list_spec spec = {(enum record_kind)kind, NULL, (enum sort_by)sort,
                                         ascending == 1};
                check_order(&box, &spec);
                spec.filter = filter;
                check_order(&box, &spec);
            }
        }
        filter_free(filter);
    }
    box_close(&box);
}

/* Half of the rows in the search index, half not yet: one list all the same. */
static void search_merges_indexed_and_put_off(void **state)
{
    struct box box;
    bool left = true;
    struct err err = {0};

    (void)state;
    box_open(&box);
    test_store(box.cache, REC_SESSION, 0, 300);
    struct filter *filter = test_filter("nandu", REC_SESSION);
    struct list_spec spec = {.kind = REC_SESSION, .filter = filter};
    struct row_page before = get(&box, &spec, FROM_FIRST, NULL, 1000);
    assert_true(before.count > 10);
    while (left)
        assert_true(cache_index_slice(box.cache, 1, &left, &err));
    struct row_page after = get(&box, &spec, FROM_FIRST, NULL, 1000);
    assert_int_equal(after.count, before.count);
    test_store(box.cache, REC_SESSION, 300, 300);
    for (int ascending = 0; ascending < 2; ascending++) {
        spec.ascending = ascending == 1;
        check_order(&box, &spec);
    }
    struct row_page both = get(&box, &spec, FROM_FIRST, NULL, 1000);
    assert_true(both.count > before.count);
    for (size_t i = 0; i < both.count; i++)
        assert_true(fold_contains(both.rows[i].record.description, "nandu"));
    row_page_done(&before);
    row_page_done(&after);
    row_page_done(&both);
    filter_free(filter);
    box_close(&box);
}

/* No times at all: thousands of rows of one millisecond still each have a place. */
static void rows_without_times_keep_apart(void **state)
{
    struct box box;
    struct record records[6000];
    struct arena arena = {0};
    struct err err = {0};

    (void)state;
    box_open(&box);
    for (int i = 0; i < 6000; i++) {
        test_record(&arena, REC_PAYMENT, i, &records[i]);
        records[i].created = (struct stamp){0};
    }
    assert_true(cache_store(box.cache, records, 6000, SOURCE_LIST, NULL, &err));
    struct list_spec spec = {.kind = REC_PAYMENT};
    struct row_page page = get(&box, &spec, FROM_FIRST, NULL, 10000);
    assert_int_equal(page.count, 6000);
    walk(&box, &spec, &page, true);
    row_page_done(&page);
    arena_done(&arena);
    box_close(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_follow_every_order),
        cmocka_unit_test(search_merges_indexed_and_put_off),
        cmocka_unit_test(rows_without_times_keep_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
