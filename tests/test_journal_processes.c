/* What the journal shows afterwards: edits of the audit chain, and rows of other processes, dead,
   alive or of another boot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../cache/money_internal.h"
#include "support_journal.h"

/* --- the audit chain ------------------------------------------------------------------------- */

static bool verify(struct jbox *box, int64_t *entries)
{
    struct err err = {0};
    bool good = journal_verify(box->journal, entries, &err);

    assert_true(good || err.code == ERR_DATA);
    return good;
}

static const char swap_rows[] = "UPDATE audit SET seq = -seq WHERE seq IN (2, 3);"
                                "UPDATE audit SET seq = 5 + seq WHERE seq < 0";

static void chain_shows_edits(void **state)
{
    struct jbox *box = *state;
    static const char *const edits[] = {
        "UPDATE audit SET detail = 'nothing' WHERE seq = 3",
        "UPDATE audit SET utc = utc + 1 WHERE seq = 1",
        "UPDATE audit SET person = 'somebody else' WHERE seq = 5",
        "UPDATE audit SET tty = '/dev/null' WHERE seq = 2",
        "UPDATE audit SET hash = zeroblob(32) WHERE seq = 4",
        "DELETE FROM audit WHERE seq = 1",
        "DELETE FROM audit WHERE seq = 4",
        "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
        swap_rows,
        "UPDATE intent SET state = 'void', attempt = 0, sent_utc = NULL",
        "UPDATE intent SET body = x'7b7d'",
    };
    char id[INTENT_ID_SIZE];
    int64_t entries = 0;

    for (int i = 0; i < 2; i++) {
        jbox_prepare(box, NULL, id);
        jbox_move(box, id, INTENT_SENT, NULL);
        jbox_move(box, id, INTENT_UNKNOWN, NULL);
    }
    assert_true(verify(box, &entries));
    assert_int_equal(entries, 6);
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        sqlite3 *raw = raw_open(box);
        raw_run(raw, "SAVEPOINT edit");
        raw_drop_triggers(raw);
        raw_run(raw, edits[i]);
        raw_run(raw, "RELEASE edit");
        sqlite3_close(raw);
        jbox_again(box);
        if (verify(box, &entries))
            fail_msg("not seen: %s", edits[i]);
        jbox_restore(box);
        assert_true(verify(box, &entries));
    }
}

static bool count_entries(void *ctx, const struct audit_entry *entry)
{
    int *count = ctx;

    assert_int_equal(entry->seq, ++*count);
    assert_string_equal(entry->person, "Ana");
    assert_int_equal(strlen(entry->hash), 64);
    return true;
}

static void audit_walk(void **state)
{
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE];
    int count = 0;

    jbox_prepare(box, NULL, id);
    jbox_move(box, id, INTENT_SENT, NULL);
    assert_true(journal_acknowledge(box->journal, id, "seen", NULL));
    assert_true(journal_audit(box->journal, count_entries, &count, NULL));
    assert_int_equal(count, 3);
}

/* --- several processes ----------------------------------------------------------------------- */

/* A child prepares and sends, then vanishes or stays: only the vanished one's rows are taken. */
static void dead_owner(void **state)
{
    struct jbox *box = *state;
    int taken = 0, ready[2], hold[2];
    char byte;

    journal_close(box->journal);
    box->journal = NULL;
    for (int dies = 1; dies >= 0; dies--) {
        assert_int_equal(pipe(ready), 0);
        assert_int_equal(pipe(hold), 0);
        pid_t child = fork();
        if (child == 0) {
            char id[INTENT_ID_SIZE];
            close(hold[1]);
            box->child = true;
            box->journal = jbox_open(box);
            jbox_prepare(box, dies ? "T1" : "T3", id);
            jbox_prepare(box, dies ? "T2" : "T4", id);
            jbox_move(box, id, INTENT_SENT, NULL);
            if (write(ready[1], "x", 1) != 1 || (!dies && read(hold[0], &byte, 1) < 0))
                _exit(1);
            raise(SIGKILL);
        }
        close(hold[0]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        if (dies)
            waitpid(child, NULL, 0);
        box->journal = jbox_open(box);
        assert_true(journal_recover(box->journal, &taken, NULL));
        assert_int_equal(taken, dies ? 2 : 0);
        assert_true(journal_recover(box->journal, &taken, NULL));
        assert_int_equal(taken, 0);
        jbox_check_count(box, INTENTS_UNRESOLVED,
                         dies ? 1 : 2); /* the dead one's UNKNOWN, a live SENT */
        if (!dies) {
            close(hold[1]);
            waitpid(child, NULL, 0);
            assert_true(journal_recover(box->journal, &taken, NULL));
            assert_int_equal(taken, 2);
            close(ready[0]), close(ready[1]);
            break;
        }
        journal_close(box->journal);
        box->journal = NULL;
        close(ready[0]), close(ready[1]), close(hold[1]);
    }
    int64_t entries;
    assert_true(verify(box, &entries));
}

/* Rows of another boot: dead whatever the lock says; the quiet count starts over. */
static void other_boot(void **state)
{
    struct jbox *box = *state;
    char sent[INTENT_ID_SIZE], unknown[INTENT_ID_SIZE];
    struct arena arena = {0};
    struct intent intent;
    struct intent_extra extra;
    int taken;

    jbox_prepare(box, NULL, sent);
    jbox_prepare(box, NULL, unknown);
    jbox_move(box, sent, INTENT_SENT, NULL);
    jbox_move(box, unknown, INTENT_SENT, NULL);
    jbox_move(box, unknown, INTENT_UNKNOWN, NULL);
    sqlite3 *raw = raw_open(box);
    raw_run(raw, "UPDATE intent SET rev = rev + 1, owner_boot_id = 'b', sent_boot_id = 'b',"
                 " quiet_boot_id = iif(quiet_boot_id IS NULL, NULL, 'b'), quiet_boot_ms = 5");
    sqlite3_close(raw);
    assert_true(journal_get(box->journal, unknown, &arena, &intent, NULL));
    assert_int_equal(intent.quiet_until_ms, 0);
    assert_true(journal_recover(box->journal, &taken, NULL));
    assert_int_equal(taken, 1);
    jbox_check_state(box, sent, INTENT_UNKNOWN);
    assert_true(journal_get(box->journal, unknown, &arena, &intent, NULL));
    assert_true(intent.quiet_until_ms > clock_utc_ms());
    assert_true(journal_get_extra(box->journal, unknown, &arena, &extra, NULL));
    assert_false(extra.same_boot); /* never to be sent again */
    assert_true(extra.quiet_known);
    arena_done(&arena);
}

/* Four processes move rows side by side: nothing is lost, nothing is done twice, the chain holds.
 */
static void side_by_side(void **state)
{
    struct jbox *box = *state;
    enum { PROCESSES = 4, ROWS = 25 };
    int64_t entries;

    journal_close(box->journal);
    box->journal = NULL;
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            box->child = true;
            box->journal = jbox_open(box);
            for (int row = 0; row < ROWS; row++) {
                char id[INTENT_ID_SIZE];
                jbox_prepare(box, NULL, id);
                jbox_move(box, id, INTENT_SENT, NULL);
                jbox_move(box, id, INTENT_UNKNOWN, NULL);
            }
            journal_close(box->journal);
            _exit(0);
        }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        wait(&status);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    box->journal = jbox_open(box);
    assert_true(verify(box, &entries));
    assert_int_equal(entries, PROCESSES * ROWS * 3);
    jbox_check_count(box, INTENTS_UNRESOLVED, PROCESSES * ROWS);
}

/* Another console that writes for long is no damage: refused this once, and nothing more. */
static void busy_file(void **state)
{
    struct jbox *box = *state;
    struct intent_draft draft = jbox_charge("T1");
    struct intent_move move = {.to = INTENT_SENT};
    char id[INTENT_ID_SIZE];
    struct err err = {0};

    jbox_prepare(box, NULL, id);
    struct journal *other = jbox_open(box);
    sqlite3_busy_timeout(db_handle(box->journal->db), 20);
    assert_true(journal_write_begin(other, &err));
    assert_false(journal_prepare(box->journal, &draft, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(journal_move(box->journal, id, &move, &err));
    assert_true(journal_usable(box->journal, NULL));
    journal_write_end(other, false, &err);
    journal_close(other);
    assert_true(journal_prepare(box->journal, &draft, &err));
    jbox_move(box, id, INTENT_SENT, NULL);
}

/* What the file did not take is told all the same, over the row and without it. */
static void unwritten_end(void **state)
{
    struct jbox *box = *state;
    struct arena arena = {0};
    struct intent intent, end = {.state = INTENT_CONFIRMED, .server_reference = "R", .attempt = 1};

    jbox_prepare(box, "T1", end.id);
    jbox_move(box, end.id, INTENT_SENT, NULL);
    journal_note_unwritten(box->journal, &end);
    assert_false(journal_usable(box->journal, NULL));
    assert_true(journal_get(box->journal, end.id, &arena, &intent, NULL));
    assert_true(intent.unwritten && intent.state == INTENT_CONFIRMED);
    assert_string_equal(intent.target, "T1");
    assert_string_equal(intent.server_reference, "R");
    memset(end.id, 'x', sizeof end.id - 1);
    journal_note_unwritten(box->journal, &end);
    assert_true(journal_get(box->journal, end.id, &arena, &intent, NULL));
    assert_true(intent.unwritten && intent.state == INTENT_CONFIRMED);
    jbox_again(box);
    jbox_check_count(box, INTENTS_UNRESOLVED, 1); /* the disk has it as sent */
    arena_done(&arena);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, jbox_setup, jbox_teardown)
    const struct CMUnitTest tests[] = {
        TEST(chain_shows_edits), TEST(audit_walk),   TEST(dead_owner),
        TEST(other_boot),        TEST(side_by_side), TEST(busy_file),
        TEST(unwritten_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
