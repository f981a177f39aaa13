/* Statements, transactions and errors of one SQLite connection. Opening is in db_open.c. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "db_internal.h"

/* --- errors ------------------------------------------------------------------------------- */

static enum err_code code_of(int primary)
{
    switch (primary) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_DATA;
    case SQLITE_CONSTRAINT:
        return ERR_CONFLICT;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return ERR_DENIED;
    default:
        return ERR_STORAGE;
    }
}

bool db_fail(struct db *db, int rc, const char *doing, struct err *err)
{
    int primary = rc & 0xff;

    if (primary == SQLITE_IOERR || primary == SQLITE_FULL || primary == SQLITE_CORRUPT ||
        primary == SQLITE_NOTADB || primary == SQLITE_NOMEM)
        db->broken = true;
    if (primary == SQLITE_BUSY)
        db->busy = true;
    return err_set(
        err, code_of(primary), "%s: %s (SQLite %d)", doing,
        sqlite3_errcode(db->handle) == rc ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc), rc);
}

sqlite3 *db_handle(struct db *db)
{
    return db->handle;
}

bool db_is_broken(const struct db *db)
{
    return db->broken;
}

bool db_was_busy(const struct db *db)
{
    return db->busy;
}

void db_hurry(struct db *db, bool hurried)
{
    db->hurried = hurried;
}

/* --- statements --------------------------------------------------------------------------- */

static uint64_t hash_text(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

static void slot_clear(struct db_slot *slot)
{
    sqlite3_finalize(slot->stmt);
    free(slot->sql);
    memset(slot, 0, sizeof *slot);
}

/* The slot that holds this text, else the one to replace: an empty or the longest unused one. */
static struct db_slot *slot_find(struct db *db, const char *sql, uint64_t hash)
{
    struct db_slot *victim = NULL;

    for (size_t i = 0; i < COUNT_OF(db->slots); i++) {
        struct db_slot *slot = &db->slots[i];
        if (slot->stmt != NULL && slot->hash == hash && strcmp(slot->sql, sql) == 0)
            return slot;
        if (slot->stmt != NULL && (sqlite3_stmt_busy(slot->stmt) || slot->begun == db->begun))
            continue;
        if (victim == NULL || slot->begun < victim->begun)
            victim = slot;
    }
    assert(victim != NULL); /* more statements under way at once than slots: a leak of db_end() */
    slot_clear(victim);
    return victim;
}

sqlite3_stmt *db_statement(struct db *db, struct err *err, const char *sql)
{
    uint64_t hash = hash_text(sql);
    struct db_slot *slot = slot_find(db, sql, hash);

    if (slot->stmt == NULL) {
        int rc =
            sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &slot->stmt, NULL);
        if (rc != SQLITE_OK) {
            slot->stmt = NULL;
            db_fail(db, rc, "prepare", err);
            return NULL;
        }
        slot->sql = mem_strdup(sql);
        slot->hash = hash;
    }
    assert(!sqlite3_stmt_busy(slot->stmt));
    slot->begun = ++db->begun;
    return slot->stmt;
}

static int bind_all(sqlite3_stmt *stmt, const char *types, va_list values)
{
    int rc = SQLITE_OK;

    for (int i = 1; types[i - 1] != '\0' && rc == SQLITE_OK; i++) {
        switch (types[i - 1]) {
        case 't':
            rc = sqlite3_bind_text(stmt, i, va_arg(values, const char *), -1, SQLITE_STATIC);
            break;
        case 'i':
            rc = sqlite3_bind_int64(stmt, i, va_arg(values, int64_t));
            break;
        case 'b': {
            const void *bytes = va_arg(values, const void *);
            rc = sqlite3_bind_blob64(stmt, i, bytes, va_arg(values, size_t), SQLITE_STATIC);
            break;
        }
        default:
            assert(types[i - 1] == 'n');
            rc = sqlite3_bind_null(stmt, i);
        }
    }
    return rc;
}

static sqlite3_stmt *query_begin(struct db *db, struct err *err, const char *sql, const char *types,
                                 va_list values)
{
    sqlite3_stmt *stmt = db_statement(db, err, sql);

    if (stmt == NULL)
        return NULL;
    assert((size_t)sqlite3_bind_parameter_count(stmt) == strlen(types));
    int rc = bind_all(stmt, types, values);
    if (rc == SQLITE_OK)
        return stmt;
    db_fail(db, rc, "bind", err);
    db_end(stmt);
    return NULL;
}

sqlite3_stmt *db_query(struct db *db, struct err *err, const char *sql, const char *types, ...)
{
    va_list values;

    va_start(values, types);
    sqlite3_stmt *stmt = query_begin(db, err, sql, types, values);
    va_end(values);
    return stmt;
}

enum db_step db_step(struct db *db, sqlite3_stmt *stmt, struct err *err)
{
    int rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW)
        return DB_ROW;
    if (rc == SQLITE_DONE)
        return DB_DONE;
    db_fail(db, rc, "run", err);
    return DB_FAILED;
}

void db_end(sqlite3_stmt *stmt)
{
    if (stmt == NULL)
        return;
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
}

bool db_run(struct db *db, struct err *err, const char *sql, const char *types, ...)
{
    va_list values;

    va_start(values, types);
    sqlite3_stmt *stmt = query_begin(db, err, sql, types, values);
    va_end(values);
    if (stmt == NULL)
        return false;
    enum db_step step;
    while ((step = db_step(db, stmt, err)) == DB_ROW)
        ;
    db_end(stmt);
    return step == DB_DONE;
}

int db_changes(struct db *db)
{
    return sqlite3_changes(db->handle);
}

bool db_get_int(struct db *db, struct err *err, int64_t *out, int64_t fallback, const char *sql)
{
    sqlite3_stmt *stmt = db_query(db, err, sql, "");

    *out = fallback;
    if (stmt == NULL)
        return false;
    enum db_step step = db_step(db, stmt, err);
    if (step == DB_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
        *out = sqlite3_column_int64(stmt, 0);
    db_end(stmt);
    return step != DB_FAILED;
}

bool db_script(struct db *db, const char *sql, struct err *err)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK || db_fail(db, rc, "script", err);
}

/* The type is asked first: SQLite's NULL for want of memory makes the value a NULL as well. */
const char *db_column(sqlite3_stmt *stmt, int column)
{
    bool is_null = sqlite3_column_type(stmt, column) == SQLITE_NULL;
    const char *text = (const char *)sqlite3_column_text(stmt, column);

    if (text == NULL && !is_null)
        mem_exhausted();
    return text;
}

const char *db_text(sqlite3_stmt *stmt, int column, struct arena *arena)
{
    const char *text = db_column(stmt, column);

    return text == NULL ? NULL
                        : arena_strndup(arena, text, (size_t)sqlite3_column_bytes(stmt, column));
}

/* --- transactions ------------------------------------------------------------------------- */

bool db_begin(struct db *db, struct err *err)
{
    assert(!db_in_transaction(db));
    db->busy = false;
    return db_run(db, err, "BEGIN IMMEDIATE", "");
}

bool db_commit(struct db *db, struct err *err)
{
    int rc = SQLITE_BUSY;

    /* A commit that found the file busy has decided nothing yet: ask again, then give up whole. */
    for (int tries = 0; tries < 3 && (rc & 0xff) == SQLITE_BUSY; tries++)
        rc = sqlite3_exec(db->handle, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return true;
    db_fail(db, rc, "commit", err);
    db_rollback(db);
    return false;
}

void db_rollback(struct db *db)
{
    if (db_in_transaction(db))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    if (db_in_transaction(db))
        mem_exhausted(); /* nothing else hinders it, and only the end of the process undoes it */
}

bool db_in_transaction(struct db *db)
{
    return sqlite3_get_autocommit(db->handle) == 0;
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    for (size_t i = 0; i < COUNT_OF(db->slots); i++)
        slot_clear(&db->slots[i]);
    if (db->handle != NULL) {
        int rc = sqlite3_close(db->handle);
        assert(rc == SQLITE_OK);
        (void)rc;
    }
    free(db);
}
