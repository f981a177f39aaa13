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

#include "support_clock.h"
#include "support_core.h"
#include "support_journal.h"
#include "support_money.h"

/* --- a clock that a test may put on --------------------------------------------------------- */

/* All that is due within that time comes now. */
static void pass(struct loop *loop, int64_t ms)
{
    clocks_put_on(0, ms);
    loop_turn(loop, 0);
}

/* --- news of others -------------------------------------------------------------------------- */

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

static bool has_struck(void *ctx)
{
    (void)ctx;
    return core_fault.seen >= core_fault.at;
}

/* A file that gives trouble is not asked again. */
static void news_of_a_broken_file(void **state)
{
    struct jbox *box = *state;
    struct loop *loop = loop_new();
    struct journal_news *news = journal_news_start(box->journal, loop);
    struct journal *other = jbox_open(box);
    struct intent_draft draft = jbox_charge(NULL);

    assert_non_null(news);
    assert_true(journal_prepare(other, &draft, NULL));
    core_fail(db_handle(box->journal->db), 1, SQLITE_IOERR_READ);
    core_fault.for_ever = true;
    assert_true(loop_run_until(loop, has_struck, NULL, 5000));
    assert_false(journal_usable(box->journal, NULL));
    int seen = core_fault.seen;
    for (int i = 0; i < 3; i++)
        pass(loop, 5000);
    assert_int_equal(core_fault.seen, seen);
    core_has_struck();
    journal_news_stop(news);
    journal_close(other);
    loop_free(loop);
    clocks_set_right();
}

/* --- ends of operations ---------------------------------------------------------------------- */

struct busy_till {
    struct till *till;
    sqlite3 *other;
    char id[INTENT_ID_SIZE];
};

static bool has_been_sent(void *ctx)
{
    struct busy_till *busy = ctx;

    return run_find(busy->till->ops, busy->id)->sent;
}

static bool is_kept(void *ctx)
{
    struct busy_till *busy = ctx;

    return till_get(busy->till, busy->id)->waits;
}

static bool is_written(void *ctx)
{
    struct busy_till *busy = ctx;

    return !till_get(busy->till, busy->id)->unwritten;
}

static void begin_charge(struct busy_till *busy, const char *hold)
{
    struct till *till = busy->till;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    const char *path = sqlite3_db_filename(db_handle(till->journal->db), "main");

    assert_int_equal(sqlite3_open(path, &busy->other), SQLITE_OK);
    sqlite3_busy_timeout(db_handle(till->journal->db), 20);
    till_start(till, &request, busy->id);
    assert_true(loop_run_until(till->loop, has_been_sent, busy, 5000));
    raw_run(busy->other, hold);
}

/* Another console holds the file when the answer comes: it is written down once that lets go, and
   money goes on being moved. */
static void answer_to_a_busy_file(void **state)
{
    static const char *const holds[] = {"BEGIN IMMEDIATE", "BEGIN; SELECT count(*) FROM intent"};

    for (size_t i = 0; i < COUNT_OF(holds); i++) {
        struct busy_till busy = {.till = *state};
        struct till *till = busy.till;
        begin_charge(&busy, holds[i]);
        assert_true(loop_run_until(till->loop, is_kept, &busy, 10000));
        assert_int_equal(till_get(till, busy.id)->state, INTENT_CONFIRMED);
        assert_true(journal_usable(till->journal, NULL));
        raw_run(busy.other, "ROLLBACK");
        sqlite3_close(busy.other);
        assert_true(loop_run_until(till->loop, is_written, &busy, 10000));
        assert_int_equal(till_get(till, busy.id)->state, INTENT_CONFIRMED);
        assert_null(till->journal->unwritten);
        till_referee(till, till_get(till, busy.id), 1);
    }
}

/* The same where nothing has been sent, and the console ends before the file is free. */
static void unsent_to_a_busy_file(void **state)
{
    struct busy_till busy = {.till = *state};
    struct till *till = busy.till;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    const char *path = sqlite3_db_filename(db_handle(till->journal->db), "main");

    assert_int_equal(sqlite3_open(path, &busy.other), SQLITE_OK);
    sqlite3_busy_timeout(db_handle(till->journal->db), 20);
    till_start(till, &request, busy.id);
    raw_run(busy.other, "BEGIN IMMEDIATE");
    assert_true(loop_run_until(till->loop, is_kept, &busy, 10000));
    assert_int_equal(till_get(till, busy.id)->state, INTENT_VOID);
    assert_int_equal(sim_requests_of_key(till->sim, busy.id), 0);
    till_close(till);
    raw_run(busy.other, "ROLLBACK");
    sqlite3_close(busy.other);
    till_open(till);
    assert_int_equal(till_get(till, busy.id)->state, INTENT_PREPARED);
}

/* What a free file refuses is trouble after all. */
static void refused_later(void **state)
{
    struct busy_till busy = {.till = *state};
    struct till *till = busy.till;
    char id[INTENT_ID_SIZE];

    begin_charge(&busy, "BEGIN IMMEDIATE");
    assert_true(loop_run_until(till->loop, is_kept, &busy, 10000));
    raw_run(busy.other, "ROLLBACK");
    sqlite3_close(busy.other);
    raw_run(db_handle(till->journal->db), "PRAGMA query_only = ON");
    assert_false(journal_write_unwritten(till->journal, id));
    assert_false(journal_usable(till->journal, NULL));
    assert_true(till_get(till, busy.id)->unwritten && !till_get(till, busy.id)->waits);
    assert_false(journal_write_unwritten(till->journal, id));
}

static bool has_arrived(void *ctx)
{
    struct busy_till *busy = ctx;

    return sim_requests_of_key(busy->till->sim, busy->id) == 1;
}

/* The console waits longer from try to try, but does not give up. */
static void two_ends_to_a_busy_file(void **state)
{
    static const unsigned writes[] = {1, 2, 2, 2};
    struct busy_till first = {.till = *state}, second = {.till = *state};
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_2, 1250);
    char id[INTENT_ID_SIZE];

    till_close(till);
    till->sim_settings.charge_delay_ms = 20000;
    till_restart_sim(till, NULL);
    till_open(till);
    till_start(till, &request, second.id);
    assert_true(loop_run_until(till->loop, has_arrived, &second, 5000));
    begin_charge(&first, "BEGIN IMMEDIATE");
    assert_true(loop_run_until(till->loop, has_arrived, &first, 5000));
    pass(till->loop, 20000);
    assert_true(loop_run_until(till->loop, is_kept, &first, 10000));
    assert_true(loop_run_until(till->loop, is_kept, &second, 10000));
    assert_int_equal(till_get(till, second.id)->amount.minor, 1250);
    for (size_t i = 0; i < COUNT_OF(writes); i++) {
        pass(till->loop, 5000);
        assert_int_equal(till->ops->writes, writes[i]);
        assert_true(till->ops->writer != NULL && journal_usable(till->journal, NULL));
    }
    raw_run(first.other, "ROLLBACK");
    sqlite3_close(first.other);
    till->journal->changes = NULL; /* nobody listens */
    assert_true(journal_write_unwritten(till->journal, id));
    till->journal->changes = &till->changes;
    assert_int_equal(is_written(&first) + is_written(&second), 1);
    pass(till->loop, 5000);
    assert_true(is_written(&first) && is_written(&second));
    assert_null(till->ops->writer);
    till_referee(till, till_get(till, first.id), 1);
    till_referee(till, till_get(till, second.id), 1);
}

/* Trouble while it waits ends the tries. */
static void refused_at_the_next_try(void **state)
{
    struct busy_till busy = {.till = *state};
    struct till *till = busy.till;

    begin_charge(&busy, "BEGIN IMMEDIATE");
    assert_true(loop_run_until(till->loop, is_kept, &busy, 10000));
    raw_run(busy.other, "ROLLBACK");
    sqlite3_close(busy.other);
    raw_run(db_handle(till->journal->db), "PRAGMA query_only = ON");
    pass(till->loop, 5000);
    assert_false(journal_usable(till->journal, NULL));
    assert_null(till->ops->writer);
    assert_true(till_get(till, busy.id)->unwritten && !till_get(till, busy.id)->waits);
}

/* --- held against the lists ------------------------------------------------------------------ */

/* What cannot be asked now is asked when the lists come again. */
static void undone_are_not_known(void **state)
{
    static const struct intent_move absent = {.to = INTENT_NOT_EXECUTED, .why = "absent"};
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    struct record row = {.kind = REC_PAYMENT,
                         .id = "HOTEL9-POSXT-900001",
                         .payment_reference = "HOTEL9-POSXT-900001",
                         .status = "success",
                         .poi_id = TERMINAL_1,
                         .amount = money_make(1250, "EUR"),
                         .is_preauth = -1,
                         .raw = "{}"};
    char id[INTENT_ID_SIZE];

    till_faults(till, "POST/pos/payment:drop-before,GET/pos/payments:502-html=404");
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    assert_true(journal_learn(till->journal, id, &absent, NULL));
    assert_true(cache_store(till->cache, &row, 1, SOURCE_LIST, NULL, NULL));
    core_fail(db_handle(till->journal->db), 1, SQLITE_INTERRUPT);
    ops_hold_against_lists(till->ops, CHANGED_PAYMENTS);
    assert_true(core_has_struck());
    assert_int_equal(till_get(till, id)->state, INTENT_NOT_EXECUTED);
    ops_hold_against_lists(till->ops, CHANGED_PAYMENTS);
    assert_int_equal(till_get(till, id)->state, INTENT_MANUAL);
}

/* --- looked through ahead -------------------------------------------------------------------- */

static bool is_unusable(void *ctx)
{
    struct till *till = ctx;

    return !journal_usable(till->journal, NULL);
}

static bool is_looked_through(void *ctx)
{
    struct till *till = ctx;

    return till->ops->verifier == NULL;
}

/* Damage is seen when there is time, before anybody writes, and while another one writes. */
static void damage_is_seen_ahead(void **state)
{
    struct till *till = *state;
    sqlite3 *other = NULL;
    char id[INTENT_ID_SIZE];
    struct op_request request = till_charge(TERMINAL_1, 1250);

    till_start(till, &request, id);
    const char *path = sqlite3_db_filename(db_handle(till->journal->db), "main");
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    till_close(till);
    till_open(till);
    assert_true(loop_run_until(till->loop, is_looked_through, till, 5000));
    assert_true(journal_usable(till->journal, NULL));
    till_close(till);
    raw_run(other, "UPDATE intent SET rev = rev + 1");
    till_open(till);
    raw_run(other, "BEGIN IMMEDIATE");
    assert_true(loop_run_until(till->loop, is_unusable, till, 5000));
    sqlite3_close(other);
}

/* What was written after that is looked at under the lock. */
static void what_came_since_is_seen(void **state)
{
    static const char forged[] =
        "INSERT INTO audit SELECT seq + 1, utc, clock, intent_id, event, state, rev, person,"
        " os_user, tty, origin, host, trace_id, detail, hash, content FROM audit"
        " ORDER BY seq DESC LIMIT 1";
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE];
    struct err err = {0};

    jbox_prepare(box, NULL, id);
    for (int i = 0; i < 2; i++) {
        struct journal *other = jbox_open(box);
        assert_true(journal_verify_ahead(other, &err));
        jbox_prepare(box, NULL, id); /* by one that means well */
        if (i == 1)
            raw_run(db_handle(box->journal->db), forged);
        struct intent_draft draft = jbox_charge(NULL);
        assert_int_equal(journal_prepare(other, &draft, &err), i == 0);
        assert_int_equal(journal_usable(other, NULL), i == 0);
        journal_close(other);
    }
}

/* A file that is only busy is looked through later; one that gives trouble never. */
static void busy_while_looked_through(void **state)
{
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE];

    jbox_prepare(box, NULL, id);
    for (int i = 0; i < 8; i++) {
        bool idle = (i & 1) != 0, busy = (i & 2) != 0, broken = (i & 4) != 0;
        struct journal *other = jbox_open(box), *journal;
        struct err err = {0};
        jbox_again(box);
        journal = box->journal;
        sqlite3_busy_timeout(db_handle(journal->db), 5);
        if (busy) {
            raw_run(db_handle(other->db), "BEGIN EXCLUSIVE");
            assert_true(idle ? journal_verify_idle(journal) : !journal_write_begin(journal, &err));
            assert_true(idle || err.code == ERR_CONFLICT);
            raw_run(db_handle(other->db), "ROLLBACK");
        }
        assert_true(journal_usable(journal, NULL));
        if (broken) {
            core_fail(db_handle(journal->db), 1, SQLITE_IOERR_READ);
            assert_false(idle ? journal_verify_idle(journal) : journal_verify_ahead(journal, &err));
            assert_true(core_has_struck());
            assert_false(journal_verify_idle(journal));
        }
        assert_int_equal(journal_usable(journal, NULL), !broken);
        assert_int_equal(journal_write_begin(journal, &err), !broken);
        assert_int_equal(broken || journal_write_end(journal, true, &err), true);
        journal_close(other);
    }
}

/* Rows are looked through a hundred at a time, and those of the last piece as well. */
static void looked_through_in_pieces(void **state)
{
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE];

    raw_run(db_handle(box->journal->db), "PRAGMA synchronous = OFF");
    for (int i = 0; i < 101; i++)
        jbox_prepare(box, NULL, id);
    for (int damaged = 0; damaged < 2; damaged++) {
        int pieces = 0;
        jbox_again(box);
        while (journal_verify_idle(box->journal))
            pieces++;
        assert_int_equal(pieces, 4); /* two tables, the entries, the first rows; then the last */
        assert_int_equal(journal_usable(box->journal, NULL), !damaged);
        raw_run(db_handle(box->journal->db),
                "UPDATE intent SET rev = rev + 1 WHERE rowid = (SELECT max(rowid) FROM intent)");
    }
}

/* Without a look before, all of it is looked through under the lock. */
static void looked_through_under_the_lock(void **state)
{
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE];

    jbox_prepare(box, NULL, id);
    for (int damaged = 0; damaged < 2; damaged++) {
        struct err err = {0};
        jbox_again(box);
        assert_true(journal_write_lock(box->journal, &err));
        assert_int_equal(journal_write_trust(box->journal, &err), !damaged);
        assert_int_equal(journal_usable(box->journal, NULL), !damaged);
        assert_true(damaged || journal_write_end(box->journal, true, &err));
        raw_run(db_handle(box->journal->db), "UPDATE intent SET rev = rev + 1");
    }
}

/* --- file systems ---------------------------------------------------------------------------- */

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
#define DESK(fn) cmocka_unit_test_setup_teardown(fn, till_setup, till_teardown)
    const struct CMUnitTest tests[] = {
        TEST(news_of_a_busy_file),
        TEST(news_of_a_broken_file),
        TEST(no_hard_links),
        DESK(answer_to_a_busy_file),
        DESK(unsent_to_a_busy_file),
        DESK(refused_later),
        DESK(two_ends_to_a_busy_file),
        DESK(refused_at_the_next_try),
        DESK(undone_are_not_known),
        DESK(damage_is_seen_ahead),
        TEST(what_came_since_is_seen),
        TEST(busy_while_looked_through),
        TEST(looked_through_in_pieces),
        TEST(looked_through_under_the_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
