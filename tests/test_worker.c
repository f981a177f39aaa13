/* The reader thread: what somebody looks for comes first, what was stopped for it is run again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_cache.h"

enum { LIMIT_MS = 20000 };

struct piece {
    struct worker_job job; /* first: the worker knows this part only */
    const char *name;
    char *log;             /* names in the order in which they were done */
    atomic_int *runs;
};

static bool quick_run(struct worker_job *job, struct db *db)
{
    (void)job, (void)db;
    return true;
}

/* Goes on for ever the first time, unless it is stopped. */
static bool endless_run(struct worker_job *job, struct db *db)
{
    struct piece *piece = (struct piece *)job;
    const char *sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                      " LIMIT 500000000) SELECT count(*) FROM n";

    if (atomic_fetch_add(piece->runs, 1) > 0)
        return true;
    return sqlite3_exec(db_handle(db), sql, NULL, NULL, NULL) == SQLITE_OK;
}

static void note_done(struct worker_job *job)
{
    struct piece *piece = (struct piece *)job;

    assert_true(job->ok);
    size_t len = strlen(piece->log);
    piece->log[len] = piece->name[0];
    piece->log[len + 1] = 0;
}

static void piece_free(struct worker_job *job)
{
    free(job);
}

static struct piece *piece_new(int slot, const char *name, char *log)
{
    struct piece *piece = mem_alloc(sizeof *piece);

    piece->job = (struct worker_job){
        .slot = slot, .run = quick_run, .done = note_done, .free = piece_free};
    piece->name = name;
    piece->log = log;
    return piece;
}

static bool all_done(void *ctx)
{
    return strlen(ctx) == 3;
}

static void urgent_comes_first_and_the_stopped_one_again(void **state)
{
    struct box box;
    struct loop *loop = loop_new();
    char log[8] = "";
    atomic_int runs = 0;

    (void)state;
    box_open(&box);
    struct piece *stopped = piece_new(1, "s", log);
    stopped->job.yields = true;
    stopped->job.run = endless_run;
    stopped->runs = &runs;
    worker_submit(box.cache, loop, &stopped->job);
    while (atomic_load(&runs) == 0)
        loop_turn(loop, 1);
    worker_submit(box.cache, loop, &piece_new(2, "w", log)->job);
    struct piece *urgent = piece_new(3, "u", log);
    urgent->job.urgent = true;
    worker_submit(box.cache, loop, &urgent->job);
    assert_true(loop_run_until(loop, all_done, log, LIMIT_MS));
    assert_string_equal(log, "uws");
    assert_int_equal(atomic_load(&runs), 2);
    box_close(&box);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urgent_comes_first_and_the_stopped_one_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
