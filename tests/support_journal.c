#include "support_journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void failed(const struct jbox *box, const char *what, const struct err *err)
{
    if (!box->child)
        fail_msg("%s: %s", what, err->detail);
    fprintf(stderr, "child: %s: %s\n", what, err->detail);
    _exit(1);
}

struct journal *jbox_open(const struct jbox *box)
{
    struct journal_settings settings = {.person = "Ana", .version = "0"};
    struct err err = {0};
    struct journal *journal = journal_open(box->path, "HOTEL9", ENV_TEST, &settings, NULL, &err);

    if (journal == NULL)
        failed(box, "journal", &err);
    return journal;
}

int jbox_setup(void **state)
{
    struct jbox *box = mem_alloc(sizeof *box);

    snprintf(box->folder, sizeof box->folder, "/tmp/journal-XXXXXX");
    assert_non_null(mkdtemp(box->folder));
    snprintf(box->path, sizeof box->path, "%s/journal.db", box->folder);
    snprintf(box->copy, sizeof box->copy, "%s/copy.db", box->folder);
    box->journal = jbox_open(box);
    *state = box;
    return 0;
}

/* Nothing else may be left in the folder: a clean end removes the lock file. */
int jbox_teardown(void **state)
{
    struct jbox *box = *state;

    journal_close(box->journal);
    unlink(box->copy);
    unlink(box->path);
    char side[112];
    snprintf(side, sizeof side, "%s-journal", box->path);
    unlink(side);
    assert_int_equal(rmdir(box->folder), 0);
    free(box);
    return 0;
}

void jbox_again(struct jbox *box)
{
    journal_close(box->journal);
    box->journal = jbox_open(box);
}

void jbox_restore(struct jbox *box)
{
    journal_close(box->journal);
    assert_int_equal(rename(box->copy, box->path), 0);
    box->journal = jbox_open(box);
}

struct intent_draft jbox_charge(const char *target)
{
    static char forms[2][UUID_SIZE], terminals[2][UUID_SIZE];
    static unsigned turn;
    struct intent_draft draft = {.kind = OP_CHARGE,
                                 .amount = money_make(1250, "EUR"),
                                 .reference = "RES-1",
                                 .url = "http://127.0.0.1/pos/payment",
                                 .body = "{\"a\":1}",
                                 .body_len = 7};

    turn ^= 1;
    random_uuid(draft.id);
    snprintf(draft.tag, sizeof draft.tag, "%.8s", draft.id);
    random_uuid(forms[turn]);
    random_uuid(terminals[turn]);
    draft.form_id = forms[turn];
    draft.target = target == NULL ? terminals[turn] : target;
    return draft;
}

void jbox_prepare(struct jbox *box, const char *target, char id[INTENT_ID_SIZE])
{
    struct intent_draft draft = jbox_charge(target);
    struct err err = {0};

    if (!journal_prepare(box->journal, &draft, &err))
        failed(box, "prepare", &err);
    memcpy(id, draft.id, INTENT_ID_SIZE);
}

void jbox_move(struct jbox *box, const char *id, enum intent_state to, const char *server_reference)
{
    bool object = to == INTENT_CONFIRMED || to == INTENT_ACCEPTED || to == INTENT_DECLINED;
    struct intent_move move = {.to = to, .server_reference = object ? server_reference : NULL};
    struct err err = {0};

    if (!journal_move(box->journal, id, &move, &err))
        failed(box, intent_state_name(to), &err);
}

void jbox_check_state(struct jbox *box, const char *id, enum intent_state state)
{
    struct arena arena = {0};
    struct intent intent;

    assert_true(journal_get(box->journal, id, &arena, &intent, NULL));
    assert_string_equal(intent_state_name(intent.state), intent_state_name(state));
    arena_done(&arena);
}

void jbox_check_count(struct jbox *box, enum intent_set set, size_t count)
{
    struct intent_page page;

    assert_true(journal_list(box->journal, set, 0, &page, NULL));
    assert_int_equal(page.count, count);
    intent_page_done(&page);
}

/* --- raw SQL --------------------------------------------------------------------------------- */

sqlite3 *raw_open(struct jbox *box)
{
    sqlite3 *raw = NULL, *copy = NULL;

    assert_int_equal(sqlite3_open(box->path, &raw), SQLITE_OK);
    unlink(box->copy);
    assert_int_equal(sqlite3_open(box->copy, &copy), SQLITE_OK);
    sqlite3_backup *backup = sqlite3_backup_init(copy, "main", raw, "main");
    assert_non_null(backup);
    assert_int_equal(sqlite3_backup_step(backup, -1), SQLITE_DONE);
    sqlite3_backup_finish(backup);
    sqlite3_close(copy);
    assert_int_equal(chmod(box->copy, 0600), 0);
    return raw;
}

void raw_run(sqlite3 *raw, const char *sql)
{
    if (sqlite3_exec(raw, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(raw));
}

void raw_drop_triggers(sqlite3 *raw)
{
    char drop[4000] = "";
    size_t used = 0;
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_prepare_v2(raw,
                                        "SELECT name FROM sqlite_schema WHERE type = 'trigger'", -1,
                                        &stmt, NULL),
                     SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        used += (size_t)snprintf(drop + used, sizeof drop - used, "DROP TRIGGER %s;",
                                 (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    raw_run(raw, drop);
}

int raw_move(sqlite3 *raw, const char *id, const char *state)
{
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(
        sqlite3_prepare_v2(raw,
                           "UPDATE intent SET state = ?1, rev = rev + 1,"
                           " attempt = attempt + (?1 = 'sent'),"
                           " sent_utc = iif(?1 = 'sent', 1, sent_utc), quiet_utc = 1, charged = 1,"
                           " evidence = 'e', server_reference = coalesce(server_reference,"
                           "  iif(?1 IN ('confirmed','accepted'), intent_id, NULL))"
                           " WHERE intent_id = ?2",
                           -1, &stmt, NULL),
        SQLITE_OK);
    sqlite3_bind_text(stmt, 1, state, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int raw_copy_prepared(sqlite3 *raw, const char *id)
{
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(
        sqlite3_prepare_v2(
            raw,
            "INSERT INTO intent(intent_id, tag, form_id, env, webcode, kind, target, amount_minor,"
            " currency, is_preauth, method, url, body, body_sha256, person, os_user, host, version,"
            " created_utc, created_boot_id, created_boot_ms, state, rev, attempt, changed_utc, "
            "owner,"
            " owner_boot_id) SELECT '00000000-0000-4000-8000-000000000000', 'zzzzzzzz',"
            " '00000000-0000-4000-8000-000000000001', env, webcode, kind, target, amount_minor,"
            " currency, is_preauth, method, url, body, body_sha256, person, os_user, host, version,"
            " created_utc, created_boot_id, created_boot_ms, 'prepared', 1, 0, changed_utc, owner,"
            " owner_boot_id FROM intent WHERE intent_id = ?",
            -1, &stmt, NULL),
        SQLITE_OK);
    sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}
