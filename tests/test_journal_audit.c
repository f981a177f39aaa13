/* The audit trail speaks for the whole journal: every column of every row, every table and trigger.
   A journal that does not hold takes no change; one of the first version is carried over whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support_journal.h"

/* --- tools ----------------------------------------------------------------------------------- */

static void fill(struct jbox *box)
{
    char id[INTENT_ID_SIZE];

    for (int i = 0; i < 2; i++) {
        jbox_prepare(box, NULL, id);
        jbox_move(box, id, INTENT_SENT, NULL);
        jbox_move(box, id, i == 0 ? INTENT_CONFIRMED : INTENT_UNKNOWN, "HOTEL9-POSXT-1");
    }
}

static void edit(struct jbox *box, const char *sql)
{
    sqlite3 *raw = raw_open(box);

    raw_run(raw, "PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON");
    raw_run(raw, sql);
    sqlite3_close(raw);
}

static void edit_without_triggers(struct jbox *box, const char *sql)
{
    sqlite3 *raw = raw_open(box);
    struct buf again;
    sqlite3_stmt *stmt = NULL;

    buf_init(&again, 100000);
    assert_int_equal(sqlite3_prepare_v2(raw, "SELECT sql FROM sqlite_schema WHERE type = 'trigger'",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        buf_printf(&again, "%s;", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    raw_run(raw, "PRAGMA ignore_check_constraints = ON");
    raw_drop_triggers(raw);
    raw_run(raw, sql);
    raw_run(raw, again.data); /* no trace of the tool but what it wrote */
    buf_done(&again);
    sqlite3_close(raw);
}

/* The edited file is not held for whole, and takes no change; then it is put back. */
static void check_seen(struct jbox *box, const char *what)
{
    struct journal_settings settings = {.person = "Ana", .version = "0"};
    struct intent_draft draft = jbox_charge(NULL);
    struct err err = {0};
    int64_t entries;

    struct journal *journal = journal_open(box->path, "HOTEL9", ENV_TEST, &settings, NULL, &err);
    if (journal != NULL) {
        if (journal_verify(journal, &entries, &err))
            fail_msg("not seen: %s", what);
        assert_int_equal(err.code, ERR_DATA);
        assert_false(journal_prepare(journal, &draft, &err));
        assert_false(journal_usable(journal, &err));
        journal_close(journal);
    }
    jbox_restore(box);
    assert_true(journal_verify(box->journal, &entries, &err));
}

/* --- what is seen ---------------------------------------------------------------------------- */

static void check_columns(struct jbox *box, const char *table)
{
    char names[80][32], sql[400];
    size_t count = 0;
    sqlite3_stmt *stmt = NULL;

    snprintf(sql, sizeof sql, "SELECT name FROM pragma_table_info('%s')", table);
    assert_int_equal(sqlite3_prepare_v2(db_handle(box->journal->db), sql, -1, &stmt, NULL),
                     SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        snprintf(names[count++], sizeof names[0], "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    assert_true(count > 10);
    for (size_t i = 0; i < count; i++) {
        snprintf(sql, sizeof sql,
                 "UPDATE %s SET %s = CASE typeof(%s) WHEN 'integer' THEN %s + 100"
                 " WHEN 'text' THEN %s || 'x' WHEN 'blob' THEN zeroblob(32)"
                 " ELSE (SELECT iif(type = 'INTEGER', 7, iif(type = 'TEXT', 'x', x'00'))"
                 " FROM pragma_table_info('%s') WHERE name = '%s') END"
                 " WHERE rowid = (SELECT max(rowid) FROM %s)",
                 table, names[i], names[i], names[i], names[i], table, names[i], table);
        edit_without_triggers(box, sql);
        check_seen(box, names[i]);
    }
}

static void every_column(void **state)
{
    fill(*state);
    check_columns(*state, "intent");
    check_columns(*state, "audit");
}

static void every_structure(void **state)
{
    static const char *const edits[] = {
        "DROP TRIGGER audit_stays",
        "DROP TRIGGER intent_is_fixed",
        "DROP TRIGGER transition_is_fixed_1;"
        "INSERT INTO transition VALUES('confirmed', 'void')",
        "DROP INDEX one_open_charge",
        "DROP INDEX by_reference",
        "CREATE TABLE more(a)",
        "CREATE TRIGGER late AFTER INSERT ON audit BEGIN DELETE FROM audit; END",
        "UPDATE sqlite_schema SET sql = replace(sql, 'INSERT ON audit', 'INSERT ON  audit')",
        "UPDATE sqlite_schema SET sql = replace(sql, 'BETWEEN 1 AND 1000000000000', 'BETWEEN 1 AND"
        " 9000000000000')",
    };
    static const char again[] =
        "INSERT INTO audit SELECT 7, utc, clock, intent_id, event, state, rev, person, os_user,"
        " tty, origin, host, trace_id, detail, hash, content FROM audit WHERE seq = 6";
    static const char *const hidden[] = {
        "DELETE FROM intent",
        "DELETE FROM intent WHERE state = 'unknown'",
        "DELETE FROM intent; DELETE FROM audit WHERE seq > 3",
        "DELETE FROM transition WHERE to_state = 'manual'",
        "INSERT INTO transition VALUES('confirmed', 'void')",
        "UPDATE intent SET rev = rev + 1",
        "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
        "DELETE FROM audit",
        again,
    };

    fill(*state);
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        edit(*state, edits[i]);
        check_seen(*state, edits[i]);
    }
    for (size_t i = 0; i < COUNT_OF(hidden); i++) {
        edit_without_triggers(*state, hidden[i]);
        check_seen(*state, hidden[i]);
    }
}

/* Nothing of it is lost by being recovered: it stays as it was found. */
static void damaged_is_not_recovered(void **state)
{
    struct jbox *box = *state;
    struct journal_settings settings = {.person = "Ana", .version = "0"};
    char id[INTENT_ID_SIZE];
    struct err err = {0};
    int taken;

    fill(box);
    jbox_prepare(box, NULL, id);
    edit_without_triggers(box, "UPDATE intent SET amount_minor = 7, owner = 'owner-gone.lock'"
                               " WHERE state = 'prepared'");
    struct journal *journal = journal_open(box->path, "HOTEL9", ENV_TEST, &settings, NULL, &err);
    assert_non_null(journal);
    assert_false(journal_recover(journal, &taken, &err));
    assert_int_equal(err.code, ERR_STORAGE);
    journal_close(journal);
    jbox_check_state(box, id, INTENT_PREPARED);
}

static void heads(void **state)
{
    struct jbox *box = *state;
    char none[JOURNAL_HEAD_SIZE], first[JOURNAL_HEAD_SIZE], second[JOURNAL_HEAD_SIZE];
    char id[INTENT_ID_SIZE];

    assert_true(journal_head(box->journal, none, NULL));
    assert_int_equal(strspn(none, "0"), 64);
    jbox_prepare(box, NULL, id);
    assert_true(journal_head(box->journal, first, NULL));
    jbox_move(box, id, INTENT_VOID, NULL);
    assert_true(journal_head(box->journal, second, NULL));
    assert_string_not_equal(first, second);
    assert_string_not_equal(first, none);
}

/* --- a journal of the first version ---------------------------------------------------------- */

static void load_old(struct jbox *box, const char *edit_sql)
{
    FILE *file = fopen("tests/fixtures/journal_v1.sql", "r");
    sqlite3 *raw = NULL;

    assert_non_null(file);
    char *sql = mem_alloc(200000);
    size_t len = fread(sql, 1, 199999, file);
    fclose(file);
    sql[len] = '\0';
    journal_close(box->journal);
    box->journal = NULL;
    unlink(box->path);
    assert_int_equal(sqlite3_open(box->path, &raw), SQLITE_OK);
    assert_int_equal(chmod(box->path, 0600), 0);
    raw_run(raw, sql);
    if (edit_sql != NULL) {
        raw_drop_triggers(raw);
        raw_run(raw, edit_sql);
    }
    sqlite3_close(raw);
    free(sql);
}

static int64_t raw_number(const char *path, const char *sql)
{
    sqlite3 *raw = NULL;
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(raw);
    return number;
}

static void old_is_carried_over(void **state)
{
    struct jbox *box = *state;
    struct err err = {0};
    int64_t entries;
    char copy[128];

    snprintf(copy, sizeof copy, "%s.v1", box->path);
    load_old(box, NULL);
    jbox_again(box);
    assert_true(journal_verify(box->journal, &entries, &err));
    assert_int_equal(entries, 33 + 7);
    assert_int_equal(raw_number(box->path, "PRAGMA user_version"), 2);
    assert_int_equal(raw_number(copy, "PRAGMA user_version"), 1);
    assert_int_equal(raw_number(copy, "SELECT count(*) FROM audit"), 33);
    fill(box); /* it goes on */
    assert_true(journal_verify(box->journal, &entries, &err));
    assert_int_equal(entries, 40 + 6);
    journal_close(box->journal);
    box->journal = NULL;
    jbox_again(box);
    assert_true(journal_verify(box->journal, &entries, &err));
    assert_int_equal(entries, 40 + 6);
    assert_int_equal(unlink(copy), 0);
}

/* Writes as a program of the first version does, which knows of no content. */
static int write_as_old(sqlite3 *old)
{
    static const char sql[] =
        "UPDATE intent SET state = 'sent', rev = rev + 1, attempt = 1, sent_utc = 1"
        " WHERE state = 'prepared';"
        "INSERT INTO audit(seq, utc, clock, intent_id, event, state, rev, person, os_user, host,"
        " hash) SELECT max(a.seq) + 1, 1, 'unknown', i.intent_id, 'sent', i.state, i.rev, 'Ana',"
        " 'ana', 'desk', zeroblob(32) FROM intent i, audit a WHERE i.state = 'sent'"
        " GROUP BY i.intent_id LIMIT 1;";

    raw_run(old, "BEGIN IMMEDIATE");
    int rc = sqlite3_exec(old, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        assert_string_equal(sqlite3_errmsg(old),
                            "this journal is of a newer version: start the program anew");
    raw_run(old, rc == SQLITE_OK ? "COMMIT" : "ROLLBACK");
    return rc;
}

/* A console of the first version was left open: it is told to start anew, before it sends. */
static void old_console_writes_no_more(void **state)
{
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE], copy[128];
    sqlite3 *old = NULL;
    int64_t entries;

    snprintf(copy, sizeof copy, "%s.v1", box->path);
    load_old(box, NULL);
    assert_int_equal(sqlite3_open(box->path, &old), SQLITE_OK);
    raw_run(old, "SELECT count(*) FROM audit");
    jbox_again(box);
    jbox_prepare(box, NULL, id);
    assert_int_equal(write_as_old(old), SQLITE_CONSTRAINT);
    sqlite3_close(old);
    jbox_again(box);
    assert_true(journal_verify(box->journal, &entries, NULL));
    jbox_check_state(box, id, INTENT_PREPARED);
    jbox_move(box, id, INTENT_SENT, NULL); /* the new ones go on */
    assert_int_equal(unlink(copy), 0);
}

/* What an edit did to it before is not sealed as the truth. */
static void old_that_does_not_hold_stays(void **state)
{
    static const char *const edits[] = {
        "UPDATE audit SET detail = 'nothing' WHERE seq = 3",
        "UPDATE intent SET body = x'7b7d' WHERE kind = 'link'",
        "UPDATE intent SET state = 'manual' WHERE kind = 'link'",
        "DELETE FROM audit WHERE seq = 33",
        "DELETE FROM intent WHERE kind = 'link'",
        /* tables without their rules */
        "PRAGMA writable_schema = ON; PRAGMA ignore_check_constraints = ON;"
        "UPDATE sqlite_schema SET sql = replace(sql, 'CHECK(length(hash) = 32)', '');"
        "UPDATE audit SET hash = x'00' WHERE seq = 33",
    };
    struct jbox *box = *state;
    struct journal_settings settings = {.person = "Ana", .version = "0"};
    char copy[128];

    snprintf(copy, sizeof copy, "%s.v1", box->path);
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        struct err err = {0};
        load_old(box, edits[i]);
        assert_null(journal_open(box->path, "HOTEL9", ENV_TEST, &settings, NULL, &err));
        assert_int_equal(err.code, ERR_DATA);
        assert_int_equal(raw_number(box->path, "PRAGMA user_version"), 1);
        assert_int_equal(unlink(copy), 0);
    }
}

/* The chain holds, but its last entry says nothing of the row: as the first version wrote it. */
static void entry_without_content(void **state)
{
    static const char read[] =
        "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq >= 5 ORDER BY seq LIMIT 2";
    struct jbox *box = *state;
    unsigned char previous[HASH_SIZE], hash[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1], sql[200];
    sqlite3_stmt *stmt = NULL;

    fill(box);
    sqlite3 *raw = raw_open(box);
    raw_run(raw, "BEGIN");
    raw_drop_triggers(raw);
    raw_run(raw, "UPDATE audit SET content = NULL WHERE seq = 6");
    assert_int_equal(sqlite3_prepare_v2(raw, read, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    memcpy(previous, sqlite3_column_blob(stmt, AUDIT_HASH), HASH_SIZE);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    audit_hash_row(stmt, previous, hash);
    sqlite3_finalize(stmt);
    raw_run(raw, "ROLLBACK");
    sqlite3_close(raw);
    sodium_bin2hex(hex, sizeof hex, hash, HASH_SIZE);
    snprintf(sql, sizeof sql, "UPDATE audit SET content = NULL, hash = x'%s' WHERE seq = 6", hex);
    edit_without_triggers(box, sql);
    check_seen(box, "an entry without content");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, jbox_setup, jbox_teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_column), TEST(every_structure),     TEST(damaged_is_not_recovered),
        TEST(heads),        TEST(old_is_carried_over), TEST(old_that_does_not_hold_stays),
        TEST(old_console_writes_no_more), TEST(entry_without_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
