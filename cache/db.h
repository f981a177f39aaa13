/* One way to open and use an SQLite file, shared by the cache and the journal: checked and hardened
   opening, identity, migrations, a small statement cache, transactions, one error translation.
   Private to cache/. A struct db belongs to one thread.

   Errors: ERR_DATA     the file is damaged, not ours, or of a newer program
           ERR_DENIED   another property or environment, or owner, mode, links, file system
           ERR_CONFLICT a constraint or trigger refused the change
           ERR_STORAGE  anything else (disk full, I/O, busy for too long) */
#ifndef CACHE_DB_H
#define CACHE_DB_H

#include <sqlite3.h>

#include "../api/api.h"

enum db_flavour {
    DB_JOURNAL,     /* TRUNCATE + synchronous=EXTRA: what is committed survives a power cut */
    DB_CACHE,       /* WAL + NORMAL: derived data */
    DB_CACHE_READER /* a second connection to an existing cache that only reads and checkpoints */
};

struct db;
struct db_spec {
    const char *path;         /* its folder exists; the file is made (0600) if missing */
    enum db_flavour flavour;
    int32_t application_id;
    const char *webcode;      /* recorded in a new file, compared in an old one */
    enum env env;
    int version;              /* user_version wanted */
    /* steps[i] leads from user_version i to i+1, one transaction each (journal: version of them, a
       copy is made first at "<path>.v<i>"). A cache has one step that makes everything; any other
       user_version is ERR_DATA. */
    const char *const *steps;
    /* Journal: checks and completes what a file of another version held, inside the transaction of
       the last step; false and err: the file stays of its old version. May be NULL. */
    bool (*carry)(void *ctx, struct db *db, struct err *err);
    void *ctx;
};

struct db *db_open(const struct db_spec *spec, struct err *err);
void db_close(struct db *db); /* NULL is fine */

sqlite3 *db_handle(struct db *db);
/* An I/O error, full disk, corruption or want of memory was seen on this connection: it is to be
   trusted no more. */
bool db_is_broken(const struct db *db);
/* Something failed since the last db_begin() only because others were at the file for too long. */
bool db_was_busy(const struct db *db);
/* Journal: from now on it does not wait until others are done, or waits again. */
void db_hurry(struct db *db, bool hurried);

/* --- statements --------------------------------------------------------------------------- */

/* Prepared once by text, kept for later. types has a letter for each bound value, in order:
   't' const char * (NULL binds NULL) · 'i' int64_t · 'b' const void *, size_t · 'n' nothing (NULL).
   Texts and blobs must stay until the statement is ended. NULL and err on failure.
   End it with db_end(). The same text may not be begun again before it was ended. */
sqlite3_stmt *db_query(struct db *db, struct err *err, const char *sql, const char *types, ...);
/* The same without values: for texts made at run time, whose caller binds them. */
sqlite3_stmt *db_statement(struct db *db, struct err *err, const char *sql);
enum db_step { DB_FAILED, DB_ROW, DB_DONE };
enum db_step db_step(struct db *db, sqlite3_stmt *stmt, struct err *err);
void db_end(sqlite3_stmt *stmt); /* NULL is fine */

/* A statement without rows, begun, run and ended. db_changes() afterwards: rows it touched. */
bool db_run(struct db *db, struct err *err, const char *sql, const char *types, ...);
int db_changes(struct db *db);
/* A single integer; fallback when there is no row or it is NULL. False on failure. */
bool db_get_int(struct db *db, struct err *err, int64_t *out, int64_t fallback, const char *sql);
/* Several statements without values: schema steps, pragmas. Not kept. */
bool db_script(struct db *db, const char *sql, struct err *err);

/* Columns: NULL for SQL NULL and nothing else. db_column() as sqlite3_column_text(), until the next
   step; the copy of db_text() lives in arena. */
const char *db_column(sqlite3_stmt *stmt, int column);
const char *db_text(sqlite3_stmt *stmt, int column, struct arena *arena);

/* --- transactions ------------------------------------------------------------------------- */

bool db_begin(struct db *db, struct err *err);    /* BEGIN IMMEDIATE; no nesting */
bool db_commit(struct db *db, struct err *err);   /* false: nothing was kept, it is rolled back */
void db_rollback(struct db *db);                  /* also when none is open */
bool db_in_transaction(struct db *db);

/* Fills err from the connection's last error (or rc) and returns false. */
bool db_fail(struct db *db, int rc, const char *doing, struct err *err);

/* Whole check, for `doctor`: ERR_DATA names the first trouble. quick: quick_check. */
bool db_check(struct db *db, bool quick, struct err *err);
/* One table and its indexes against each other, which a quick check does not look at. */
bool db_check_table(struct db *db, const char *table, struct err *err);
/* Whether tables, indexes and triggers are those that the steps make, and the rows of that table
   too: ERR_DATA names what differs. */
bool db_check_schema(struct db *db, const char *const *steps, int version, const char *table,
                     struct err *err);
/* A consistent copy through the backup API, 0600, refused when the file exists. Whole or not there,
   whenever it is stopped (then a file PATH-part-… may be left). */
bool db_backup(struct db *db, const char *path, struct err *err);

#endif
