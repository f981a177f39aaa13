/* Totals and slow pages from the reader thread, files that are damaged or somebody else's, and how
   long things take. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "support_cache.h"

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

static bool page_came(void *ctx)
{
    return ((struct waiting *)ctx)->pages_done > 0;
}

/* Two letters that no row has: every row must be looked at, and nobody waits for that. */
static void slow_page_comes_from_the_reader(void **state)
{
    struct box box;
    struct waiting waiting = {0};
    struct loop *loop = loop_new();
    struct filter *filter = test_filter("zz", REC_SESSION);
    struct list_spec spec = {.kind = REC_SESSION, .filter = filter};
    struct page_request request = {.spec = &spec, .limit = 50};

    (void)state;
    box_open(&box);
    test_store(box.cache, REC_SESSION, 0, 5000);
    box.cache->patience_ms = 0;
    assert_false(cache_list_soon(box.cache, loop, 1, &request, take_page, &waiting));
    assert_false(cache_list_soon(box.cache, loop, 1, &request, take_page, &waiting));
    assert_int_equal(waiting.pages_done, 0);
    assert_true(loop_run_until(loop, page_came, &waiting, 20000));
    assert_int_equal(waiting.pages_done, 1);
    assert_int_equal(waiting.page.count, 0);
    row_page_done(&waiting.page);
    /* what an index serves comes at once, and takes the place of what was asked before */
    assert_false(cache_list_soon(box.cache, loop, 1, &request, take_page, &waiting));
    spec.filter = NULL;
    box.cache->patience_ms = 20000;
    assert_true(cache_list_soon(box.cache, loop, 1, &request, take_page, &waiting));
    assert_int_equal(waiting.pages_done, 2);
    assert_int_equal(waiting.page.count, 50);
    row_page_done(&waiting.page);
    filter_free(filter);
    cache_close(box.cache);
    box.cache = NULL;
    loop_free(loop);
    box_close(&box);
}

/* --- the reader thread ------------------------------------------------------------------- */

/* A job that tells when it runs, and ends when it may. */
struct test_job {
    struct worker_job job;
    atomic_bool running, may_end, ended;
    int done;
};

static bool test_job_run(struct worker_job *job, struct db *db)
{
    struct test_job *test = (struct test_job *)job;

    (void)db;
    atomic_store(&test->running, true);
    while (!atomic_load(&test->may_end))
        sched_yield();
    atomic_store(&test->ended, true);
    return true;
}

static void test_job_done(struct worker_job *job)
{
    ((struct test_job *)job)->done++;
}

static void test_job_free(struct worker_job *job)
{
    (void)job;
}

static struct test_job test_job(int slot)
{
    return (struct test_job){
        .job = {.slot = slot, .run = test_job_run, .done = test_job_done, .free = test_job_free}};
}

static bool test_job_is_done(void *ctx)
{
    return ((struct test_job *)ctx)->done > 0;
}

static void replaced_jobs_are_not_delivered(void **state)
{
    struct box box;
    struct loop *loop = loop_new();
    struct test_job running = test_job(7), waiting = test_job(7), last = test_job(7),
                    ended = test_job(8), other = test_job(9);

    (void)state;
    box_open(&box);
    worker_submit(box.cache, loop, &running.job);
    while (!atomic_load(&running.running))
        sched_yield();
    worker_submit(box.cache, loop, &waiting.job);
    worker_submit(box.cache, loop, &last.job);
    atomic_store(&last.may_end, true);
    atomic_store(&running.may_end, true);
    assert_true(loop_run_until(loop, test_job_is_done, &last, 20000));
    assert_int_equal(running.done + waiting.done, 0);
    assert_false(atomic_load(&waiting.running));
    /* ended on the thread, but forgotten before the loop heard of it */
    atomic_store(&ended.may_end, true);
    atomic_store(&other.may_end, true);
    worker_submit(box.cache, loop, &ended.job);
    worker_submit(box.cache, loop, &other.job);
    while (!atomic_load(&other.ended))
        sched_yield();
    worker_forget(box.cache, 8);
    assert_true(loop_run_until(loop, test_job_is_done, &other, 20000));
    assert_int_equal(ended.done, 0);
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
    return (double)(now.tv_sec - since.tv_sec) * 1e6 + (double)(now.tv_nsec - since.tv_nsec) / 1e3;
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
        assert_true(cache_list(box->cache, &(struct page_request){.spec = &spec, .limit = 50},
                               &page, NULL));
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

static void print_storing(struct box *box, struct loop *loop, int count)
{
    struct timespec since;
    double worst = 0, sum = 0;

    for (int i = 0; i < count; i += 100) {
        clock_gettime(CLOCK_MONOTONIC, &since);
        test_store(box->cache, REC_SESSION, i, 100);
        double took = spent_us(since);
        while (cache_tidy(box->cache, loop, nothing, NULL))
            loop_turn(loop, 1);
        worst = took > worst ? took : worst;
        sum += took;
    }
    print_message("page of 100 new rows: mean %.0f us, worst %.0f us\n", sum * 100 / count, worst);
    clock_gettime(CLOCK_MONOTONIC, &since);
    for (int i = 0; i < 2000; i += 100)
        test_store(box->cache, REC_SESSION, i, 100);
    print_message("page of 100 known rows: %.0f us\n", spent_us(since) / 20);
}

static void print_indexing(struct box *box, struct loop *loop)
{
    struct timespec since;
    double worst = 0, sum = 0;
    int slices = 0;

    for (bool left = true; left; slices++) {
        clock_gettime(CLOCK_MONOTONIC, &since);
        assert_true(cache_index_slice(box->cache, 3, &left, NULL));
        double took = spent_us(since);
        while (cache_tidy(box->cache, loop, nothing, NULL))
            loop_turn(loop, 1);
        worst = took > worst ? took : worst;
        sum += took;
    }
    print_message("search index: %.0f ms in %d slices, worst %.0f us\n", sum / 1000, slices, worst);
}

/* Set CACHE_TEST_ROWS for more rows. */
static void timing_is_printed(void **state)
{
    static const char *const filters[] = {"",
                                          "status:weird",
                                          "status:pending,weird",
                                          "from:-2000d",
                                          "amount:12",
                                          "currency:KWD",
                                          "nandu",
                                          "102345",
                                          "zz"};
    struct box box;
    struct loop *loop = loop_new();
    const char *rows = getenv("CACHE_TEST_ROWS");
    int count = rows == NULL ? 20000 : (int)strtol(rows, NULL, 10);

    (void)state;
    box_open(&box);
    print_storing(&box, loop, count);
    print_indexing(&box, loop);
    for (int sort = SORT_CREATED; sort <= SORT_DESCRIPTION; sort++)
        print_list(&box, "", (enum sort_by)sort);
    for (size_t i = 0; i < COUNT_OF(filters); i++)
        print_list(&box, filters[i], SORT_CREATED);
    cache_close(box.cache);
    box.cache = NULL;
    loop_free(loop);
    box_close(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_come_from_the_reader),
        cmocka_unit_test(slow_page_comes_from_the_reader),
        cmocka_unit_test(replaced_jobs_are_not_delivered),
        cmocka_unit_test(other_property_or_environment_is_refused),
        cmocka_unit_test(damaged_or_foreign_cache_is_made_anew),
        cmocka_unit_test(unsafe_files_are_refused),
        cmocka_unit_test(timing_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
