/* A journal that others keep busy, and file systems that cannot do all: what was begun is ended as
   soon as that is possible. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "support_core.h"
#include "support_journal.h"

static void note_bits(void *ctx, unsigned bits)
{
    *(unsigned *)ctx |= bits;
}

static bool is_noted(void *ctx)
{
    return *(unsigned *)ctx == CHANGED_JOURNAL;
}

static bool was_refused(void *ctx)
{
    struct jbox *box = ctx;

    return db_was_busy(box->journal->db);
}

/* What is written while nobody may read is told of once the file can be read. */
static void news_of_a_busy_file(void **state)
{
    struct jbox *box = *state;
    struct loop *loop = loop_new();
    unsigned bits = 0;
    struct changes changes = {note_bits, &bits};
    struct journal_news *news = journal_news_start(box->journal, loop);
    struct journal *other = jbox_open(box);
    char id[INTENT_ID_SIZE];
    struct intent_draft draft = jbox_charge(NULL);

    assert_non_null(news);
    jbox_prepare(box, NULL, id);
    assert_true(journal_prepare(other, &draft, NULL));
    raw_run(db_handle(other->db), "BEGIN EXCLUSIVE");
    box->journal->changes = &changes;
    assert_true(loop_run_until(loop, was_refused, box, 5000));
    assert_int_equal(bits, 0);
    raw_run(db_handle(other->db), "ROLLBACK");
    assert_true(loop_run_until(loop, is_noted, &bits, 5000));
    assert_true(journal_usable(box->journal, NULL));
    journal_news_stop(news);
    box->journal->changes = NULL;
    journal_close(other);
    loop_free(loop);
}

/* Copies come to be all the same where there are no hard links, and never replace another. */
static void no_hard_links(void **state)
{
    static const int refusals[] = {EPERM, EOPNOTSUPP};
    struct jbox *box = *state;
    char copy[128];
    struct err err = {0};

    snprintf(copy, sizeof copy, "%s.copy", box->path);
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        core_fail_call("link", 1, refusals[i]);
        assert_true(db_backup(box->journal->db, copy, &err));
        assert_true(core_has_struck());
        assert_int_equal(access(copy, F_OK), 0);
        core_fail_call("link", 1, refusals[i]);
        assert_false(db_backup(box->journal->db, copy, &err));
        assert_true(core_has_struck());
        assert_int_equal(unlink(copy), 0);
    }
    core_fail_call("link", 1, EIO);
    assert_false(db_backup(box->journal->db, copy, &err));
    assert_true(core_has_struck());
    assert_int_equal(access(copy, F_OK), -1);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, jbox_setup, jbox_teardown)
    const struct CMUnitTest tests[] = {
        TEST(news_of_a_busy_file),
        TEST(no_hard_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
