/* What the cache keeps of an answer: merging, forward only, nothing written twice, facts, totals,
   slow pages, terminals, and files that are damaged or somebody else's. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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
    assert_int_equal(store(&box, &list, SOURCE_LIST).settled, 1);
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
    assert_int_equal(result.settled, 1);
    assert_int_equal(rows_written(&box), before);
    assert_int_equal(box.bits, 0);
    /* a column that is not searched leaves the search index alone */
    record.amount = money_make(6000, "EUR");
    assert_int_equal(store(&box, &record, SOURCE_LIST).changed, 1);
    int64_t put_off;
    assert_true(db_get_int(box.cache->db, NULL, &put_off, -1, "SELECT count(*) FROM todo_sessions"));
    assert_int_equal(put_off, 0);
    record.description = "Cena";
    store(&box, &record, SOURCE_LIST);
    assert_true(db_get_int(box.cache->db, NULL, &put_off, -1, "SELECT count(*) FROM todo_sessions"));
    assert_int_equal(put_off, 1);
    box_close(&box);
}

static size_t found(struct box *box, const char *text)
{
    struct filter *filter = test_filter(text, REC_SESSION);
    struct list_spec spec = {.kind = REC_SESSION, .filter = filter};
    struct row_page page;

    assert_true(cache_list(box->cache, &(struct page_request){.spec = &spec, .limit = 10}, &page, NULL));
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

/* --- facts -------------------------------------------------------------------------------- */

struct change_row {
    const char *type, *status;
    int64_t minor; /* -1: the API gave no amount */
};

static void facts_follow_the_table(void **state)
{
    static const struct {
        int preauth;
        const char *status;
        struct change_row changes[4];
        int64_t captured, refunded, refunding, left;
        enum why_not refund, capture, cancel, extend;
    } cases[] = {
        {0, "success", {{0}}, 5000, 0, 0, 5000,
         WHY_POSSIBLE, WHY_NOT_PREAUTH, WHY_NOT_PREAUTH, WHY_NOT_PREAUTH},
        {0, "refused", {{0}}, 0, 0, 0, 0, WHY_STATUS, WHY_STATUS, WHY_STATUS, WHY_STATUS},
        {0, "new-word", {{0}}, 0, 0, 0, 0, WHY_STATUS, WHY_STATUS, WHY_STATUS, WHY_STATUS},
        {0, "success", {{"refund", "success", 2000}, {"refund", "pending", 1000}},
         5000, 2000, 1000, 2000, WHY_POSSIBLE, WHY_NOT_PREAUTH, WHY_NOT_PREAUTH, WHY_NOT_PREAUTH},
        {0, "success", {{"refund", "success", 2000}, {"refund", "odd", 3000}},
         5000, 2000, 3000, 0, WHY_NOTHING_LEFT, WHY_NOT_PREAUTH, WHY_NOT_PREAUTH, WHY_NOT_PREAUTH},
        {0, "success", {{"refund", "failed", 5000}}, 5000, 0, 0, 5000,
         WHY_POSSIBLE, WHY_NOT_PREAUTH, WHY_NOT_PREAUTH, WHY_NOT_PREAUTH},
        {0, "success", {{"refund", "success", -1}}, 0, 0, 0, 0,
         WHY_UNKNOWN_AMOUNT, WHY_UNKNOWN_AMOUNT, WHY_NOT_PREAUTH, WHY_NOT_PREAUTH},
        {1, "success", {{0}}, 0, 0, 0, 0,
         WHY_NOT_CAPTURED, WHY_POSSIBLE, WHY_POSSIBLE, WHY_POSSIBLE},
        {1, "success", {{"capture", "received", 4000}}, 0, 0, 0, 0,
         WHY_IN_PROGRESS, WHY_IN_PROGRESS, WHY_IN_PROGRESS, WHY_IN_PROGRESS},
        {1, "success", {{"capture", "received", -1}}, 0, 0, 0, 0,
         WHY_UNKNOWN_AMOUNT, WHY_UNKNOWN_AMOUNT, WHY_IN_PROGRESS, WHY_IN_PROGRESS},
        {1, "success", {{"capture", "success", 4000}, {"refund", "pending", 1500}},
         4000, 0, 1500, 2500, WHY_POSSIBLE, WHY_ALREADY_CAPTURED, WHY_ALREADY_CAPTURED,
         WHY_ALREADY_CAPTURED},
        {1, "success", {{"capture", "failed", 4000}}, 0, 0, 0, 0,
         WHY_NOT_CAPTURED, WHY_POSSIBLE, WHY_POSSIBLE, WHY_POSSIBLE},
        {1, "success", {{"cancel", "received", -1}}, 0, 0, 0, 0,
         WHY_IN_PROGRESS, WHY_IN_PROGRESS, WHY_IN_PROGRESS, WHY_IN_PROGRESS},
        {1, "success", {{"cancel", "success", -1}}, 0, 0, 0, 0, WHY_ALREADY_CANCELLED,
         WHY_ALREADY_CANCELLED, WHY_ALREADY_CANCELLED, WHY_ALREADY_CANCELLED},
        {1, "success", {{"extend", "received", -1}}, 0, 0, 0, 0,
         WHY_NOT_CAPTURED, WHY_IN_PROGRESS, WHY_IN_PROGRESS, WHY_IN_PROGRESS},
        {1, "success", {{"extend", "success", -1}}, 0, 0, 0, 0,
         WHY_NOT_CAPTURED, WHY_POSSIBLE, WHY_POSSIBLE, WHY_POSSIBLE},
        {-1, "success", {{"capture", "success", 5000}}, 5000, 0, 0, 5000,
         WHY_POSSIBLE, WHY_ALREADY_CAPTURED, WHY_ALREADY_CAPTURED, WHY_ALREADY_CAPTURED},
    };
    struct box box;

    (void)state;
    box_open(&box);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct payment_facts facts;
        char id[32], change_id[32];
        snprintf(id, sizeof id, "HOTEL9-POSXT-%zu", i);
        struct record payment = {.kind = REC_PAYMENT, .id = id, .status = cases[i].status,
                                 .amount = money_make(5000, "EUR"),
                                 .is_preauth = cases[i].preauth};
        stamp_parse("2026-11-20 10:00:00", &payment.created);
        store(&box, &payment, SOURCE_LIST);
        for (size_t j = 0; j < 4 && cases[i].changes[j].type != NULL; j++) {
            const struct change_row *change = &cases[i].changes[j];
            snprintf(change_id, sizeof change_id, "HOTEL9-RFXT-%zu-%zu", i, j);
            struct record record = {.kind = REC_MODIFICATION, .id = change_id, .is_preauth = -1,
                                    .payment_reference = id, .type = change->type,
                                    .status = change->status};
            if (change->minor >= 0)
                record.amount = money_make(change->minor, "EUR");
            stamp_parse("2026-11-21 10:00:00", &record.created);
            store(&box, &record, SOURCE_LIST);
        }
        assert_true(cache_payment_facts(box.cache, id, &facts, NULL));
        if (facts.captured != cases[i].captured || facts.refunded != cases[i].refunded ||
            facts.refunding != cases[i].refunding || facts.left != cases[i].left)
            fail_msg("case %zu: captured %ld refunded %ld refunding %ld left %ld", i,
                     (long)facts.captured, (long)facts.refunded, (long)facts.refunding,
                     (long)facts.left);
        assert_int_equal(payment_action_possible(&facts, OP_REFUND), cases[i].refund);
        assert_int_equal(payment_action_possible(&facts, OP_CAPTURE), cases[i].capture);
        assert_int_equal(payment_action_possible(&facts, OP_CANCEL), cases[i].cancel);
        assert_int_equal(payment_action_possible(&facts, OP_EXTEND), cases[i].extend);
        assert_int_equal(payment_action_possible(&facts, OP_CHARGE), WHY_POSSIBLE);
    }
    struct payment_facts facts;
    struct err err = {0};
    assert_false(cache_payment_facts(box.cache, "nothing", &facts, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    box_close(&box);
}

/* --- totals and slow pages ---------------------------------------------------------------- */

struct waiting {
    struct list_totals totals;
    struct row_page page;
    int totals_done, pages_done, dropped;
};

static void take_totals(void *ctx, const struct list_totals *totals)
{
    struct waiting *waiting = ctx;

    waiting->totals = *totals;
    waiting->totals_done++;
}

static void must_not_come(void *ctx, const struct list_totals *totals)
{
    (void)totals;
    ((struct waiting *)ctx)->dropped++;
}

static void take_page(void *ctx, struct row_page *page, const struct err *err)
{
    struct waiting *waiting = ctx;

    if (page == NULL)
        fail_msg("page: %s", err->detail);
    waiting->page = *page;
    waiting->pages_done++;
}

static bool totals_came(void *ctx)
{
    return ((struct waiting *)ctx)->totals_done > 0;
}

static void totals_come_from_the_reader(void **state)
{
    struct box box;
    struct waiting waiting = {0};
    struct list_spec all = {.kind = REC_SESSION};
    struct list_totals now;
    struct loop *loop = loop_new();

    (void)state;
    box_open(&box);
    test_store(box.cache, REC_SESSION, 0, 500);
    struct filter *filter = test_filter("status:pending", REC_SESSION);
    cache_totals(box.cache, loop, 1, &all, must_not_come, &waiting);
    struct list_spec some = {.kind = REC_SESSION, .filter = filter};
    cache_totals(box.cache, loop, 2, &all, must_not_come, &waiting);
    cache_totals(box.cache, loop, 1, &some, take_totals, &waiting);
    cache_totals_forget(box.cache, 2);
    assert_int_equal(waiting.totals_done, 0);
    assert_true(loop_run_until(loop, totals_came, &waiting, 20000));
    assert_int_equal(waiting.dropped, 0);
    assert_true(waiting.totals.ok);
    assert_true(cache_totals_now(box.cache, &some, &now, NULL));
    assert_int_equal(waiting.totals.count, now.count);
    assert_int_equal(waiting.totals.sum_count, 3);
    int64_t counted = 0;
    for (size_t i = 0; i < now.sum_count; i++) {
        assert_int_equal(waiting.totals.sums[i].minor, now.sums[i].minor);
        counted += now.sums[i].count;
    }
    assert_true(counted < now.count); /* rows without an amount */
    filter_free(filter);
    cache_close(box.cache);
    box.cache = NULL;
    loop_free(loop);
    box_close(&box);
}

/* --- files -------------------------------------------------------------------------------- */

static void other_property_or_environment_is_refused(void **state)
{
    struct box box;
    struct err err = {0};

    (void)state;
    box_open(&box);
    test_store(box.cache, REC_SESSION, 0, 10);
    assert_null(cache_open(box.path, "HOTEL8", ENV_TEST, NULL, &err));
    assert_int_equal(err.code, ERR_DENIED);
    assert_null(cache_open(box.path, "HOTEL9", ENV_LIVE, NULL, &err));
    assert_int_equal(err.code, ERR_DENIED);
    box_reopen(&box);
    assert_int_equal(found(&box, "hotel9"), 10);
    box_close(&box);
}

static void damage(const char *path, off_t at, const void *bytes, size_t len)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, at), len);
    close(fd);
}

static void damaged_or_foreign_cache_is_made_anew(void **state)
{
    static const struct {
        off_t at;
        char bytes[4];
    } cases[] = {{0, "junk"}, {60, "\0\0\0\7"}, {68, "zzzz"}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct box box;
        box_open(&box);
        test_store(box.cache, REC_SESSION, 0, 10);
        cache_close(box.cache);
        box.cache = NULL;
        damage(box.path, cases[i].at, cases[i].bytes, 4);
        box_reopen(&box);
        assert_int_equal(found(&box, "hotel9"), 0);
        test_store(box.cache, REC_SESSION, 0, 10);
        assert_int_equal(found(&box, "hotel9"), 10);
        box_close(&box);
    }
}

static void unsafe_files_are_refused(void **state)
{
    struct box box;
    struct err err = {0};
    char other[128];

    (void)state;
    box_open(&box);
    cache_close(box.cache);
    box.cache = NULL;
    struct stat info;
    assert_int_equal(stat(box.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(chmod(box.path, 0640), 0);
    assert_null(cache_open(box.path, "HOTEL9", ENV_TEST, NULL, &err));
    assert_int_equal(err.code, ERR_DENIED);
    assert_int_equal(chmod(box.path, 0600), 0);
    snprintf(other, sizeof other, "%s/other.db", box.folder);
    assert_int_equal(link(box.path, other), 0);
    assert_null(cache_open(box.path, "HOTEL9", ENV_TEST, NULL, &err));
    assert_int_equal(unlink(other), 0);
    assert_int_equal(symlink(box.path, other), 0);
    assert_null(cache_open(other, "HOTEL9", ENV_TEST, NULL, &err));
    assert_int_equal(unlink(other), 0);
    assert_int_equal(chmod(box.folder, 0755), 0);
    assert_null(cache_open(box.path, "HOTEL9", ENV_TEST, NULL, &err));
    assert_int_equal(err.code, ERR_DENIED);
    assert_int_equal(chmod(box.folder, 0700), 0);
    box_reopen(&box);
    assert_true(db_check(box.cache->db, true, NULL));
    assert_true(db_check(box.cache->db, false, NULL));
    box_close(&box);
}

/* --- how long it takes, for the eye ------------------------------------------------------- */

static double spent_us(struct timespec since)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - since.tv_sec) * 1e6 +
           (double)(now.tv_nsec - since.tv_nsec) / 1e3;
}

static void print_list(struct box *box, const char *text, enum sort_by sort)
{
    struct filter *filter = test_filter(text, REC_SESSION);
    struct list_spec spec = {.kind = REC_SESSION, .filter = filter, .sort = sort};
    struct row_page page;
    struct timespec since;
    double best = 1e9;

    for (int i = 0; i < 5; i++) {
        clock_gettime(CLOCK_MONOTONIC, &since);
        assert_true(cache_list(box->cache, &(struct page_request){.spec = &spec, .limit = 50}, &page,
                               NULL));
        double took = spent_us(since);
        best = took < best ? took : best;
        row_page_done(&page);
    }
    print_message("%-28s sort %d: %8.0f us\n", text, (int)sort, best);
    filter_free(filter);
}

static void nothing(void *ctx)
{
    (void)ctx;
}

static void timing_is_printed(void **state)
{
    static const char *const filters[] = {"", "status:weird", "status:pending,weird", "from:-2000d",
                                          "amount:12", "currency:KWD", "nandu", "102345", "zz"};
    struct box box;
    struct waiting waiting = {0};
    struct loop *loop = loop_new();
    struct timespec since;
    double worst = 0, sum = 0;
    const char *rows = getenv("CACHE_TEST_ROWS");
    int count = rows == NULL ? 20000 : (int)strtol(rows, NULL, 10);
    bool left = true;

    (void)state;
    box_open(&box);
    for (int i = 0; i < count; i += 100) {
        clock_gettime(CLOCK_MONOTONIC, &since);
        test_store(box.cache, REC_SESSION, i, 100);
        double took = spent_us(since);
        while (cache_tidy(box.cache, loop, nothing, NULL))
            loop_turn(loop, 1);
        worst = took > worst ? took : worst;
        sum += took;
    }
    print_message("page of 100 new rows: mean %.0f us, worst %.0f us\n", sum * 100 / count, worst);
    worst = sum = 0;
    int slices = 0;
    for (; left; slices++) {
        clock_gettime(CLOCK_MONOTONIC, &since);
        assert_true(cache_index_slice(box.cache, 3, &left, NULL));
        double took = spent_us(since);
        while (cache_tidy(box.cache, loop, nothing, NULL))
            loop_turn(loop, 1);
        worst = took > worst ? took : worst;
        sum += took;
    }
    print_message("search index: %.0f ms in %d slices, worst %.0f us\n", sum / 1000, slices, worst);
    clock_gettime(CLOCK_MONOTONIC, &since);
    for (int i = 0; i < 2000; i += 100)
        test_store(box.cache, REC_SESSION, i, 100);
    print_message("page of 100 known rows: %.0f us\n", spent_us(since) / 20);
    for (int sort = SORT_CREATED; sort <= SORT_DESCRIPTION; sort++)
        print_list(&box, "", (enum sort_by)sort);
    for (size_t i = 0; i < COUNT_OF(filters); i++)
        print_list(&box, filters[i], SORT_CREATED);
    struct filter *filter = test_filter("zz", REC_SESSION);
    struct list_spec spec = {.kind = REC_SESSION, .filter = filter};
    struct page_request request = {.spec = &spec, .limit = 50};
    cache_list_soon(box.cache, loop, 1, &request, take_page, &waiting);
    cache_list_soon(box.cache, loop, 1, &request, take_page, &waiting);
    cache_totals(box.cache, loop, 1, &(struct list_spec){.kind = REC_SESSION}, take_totals,
                 &waiting);
    clock_gettime(CLOCK_MONOTONIC, &since);
    assert_true(loop_run_until(loop, totals_came, &waiting, 20000));
    print_message("totals: %.0f us\n", spent_us(since));
    assert_int_equal(waiting.totals.count, count);
    assert_true(waiting.pages_done == 1 || waiting.pages_done == 2);
    row_page_done(&waiting.page);
    filter_free(filter);
    cache_close(box.cache);
    box.cache = NULL;
    loop_free(loop);
    box_close(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_do_not_erase_what_a_detail_brought),
        cmocka_unit_test(unchanged_rows_are_not_written_again),
        cmocka_unit_test(search_follows_a_changed_text),
        cmocka_unit_test(final_rows_do_not_open_again),
        cmocka_unit_test(own_tag_is_cut_from_the_reference),
        cmocka_unit_test(facts_follow_the_table),
        cmocka_unit_test(totals_come_from_the_reader),
        cmocka_unit_test(other_property_or_environment_is_refused),
        cmocka_unit_test(damaged_or_foreign_cache_is_made_anew),
        cmocka_unit_test(unsafe_files_are_refused),
        cmocka_unit_test(timing_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
