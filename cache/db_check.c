/* Whether an SQLite file is whole and as it was made, and copies of it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "db_internal.h"

/* --- checks and copies -------------------------------------------------------------------- */

static bool says_ok(struct db *db, const char *pragma, struct err *err)
{
    sqlite3_stmt *stmt = db_query(db, err, pragma, "");

    if (stmt == NULL)
        return false;
    enum db_step step = db_step(db, stmt, err);
    const char *said = step == DB_ROW ? db_column(stmt, 0) : NULL;
    bool good = said != NULL && strcmp(said, "ok") == 0;
    if (!good && said != NULL)
        err_set(err, ERR_DATA, "%s", said);
    db_end(stmt);
    return good;
}

bool db_check(struct db *db, bool quick, struct err *err)
{
    return says_ok(db, quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)", err);
}

bool db_check_table(struct db *db, const char *table, struct err *err)
{
    char pragma[80];

    snprintf(pragma, sizeof pragma, "PRAGMA integrity_check('%s')", table);
    return says_ok(db, pragma, err);
}

/* Runs through what both say to the same question; ERR_DATA names the first that differs. */
static bool says_same(struct db *db, sqlite3 *model, const char *sql, struct err *err)
{
    sqlite3_stmt *ours = db_statement(db, err, sql), *theirs = NULL;
    int rc = sqlite3_prepare_v2(model, sql, -1, &theirs, NULL);
    bool same = ours != NULL && rc == SQLITE_OK;
    enum db_step step = DB_ROW;

    if (ours != NULL && !same)
        err_set(err, ERR_STORAGE, "SQLite %d", rc);
    while (same && step == DB_ROW) {
        step = db_step(db, ours, err);
        rc = sqlite3_step(theirs);
        same = (step == DB_ROW && rc == SQLITE_ROW) || (step == DB_DONE && rc == SQLITE_DONE);
        for (int i = 0; same && step == DB_ROW && i < sqlite3_column_count(ours); i++) {
            const char *our = db_column(ours, i);
            const char *their = db_column(theirs, i);
            same = our != NULL && their != NULL && strcmp(our, their) == 0;
        }
        if (!same && rc != SQLITE_ROW && rc != SQLITE_DONE)
            err_set(err, ERR_STORAGE, "SQLite %d", rc); /* the model's trouble, not the file's */
        else if (!same && step != DB_FAILED)
            err_set(err, ERR_DATA, "the tables are not those that this program made: %s",
                    rc == SQLITE_ROW ? db_column(theirs, 0) : "too many");
    }
    db_end(ours);
    sqlite3_finalize(theirs);
    return same;
}

bool db_check_schema(struct db *db, const char *const *steps, int version, const char *table,
                     struct err *err)
{
    static const char schema[] = "SELECT name, type, tbl_name, coalesce(sql, '-')"
                                 " FROM sqlite_schema ORDER BY 1, 2";
    sqlite3 *model = NULL;
    char rows[64];
    int rc = sqlite3_open(":memory:", &model);

    snprintf(rows, sizeof rows, "SELECT * FROM %s ORDER BY 1, 2", table);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(model, db_identity_sql, NULL, NULL, NULL);
    for (int i = 0; i < version && rc == SQLITE_OK; i++)
        rc = sqlite3_exec(model, steps[i], NULL, NULL, NULL);
    bool same = rc == SQLITE_OK
                    ? says_same(db, model, schema, err) && says_same(db, model, rows, err)
                    : err_set(err, ERR_STORAGE, "SQLite %d", rc);
    sqlite3_close(model);
    return same;
}

/* Not every file system has hard links. Where it has none, two that make the same copy at once may
   replace one of them by the other: both are whole. */
static bool give_name(const char *part, const char *path)
{
    if (link(part, path) == 0) {
        unlink(part);
        return true;
    }
    if (errno != EPERM && errno != EOPNOTSUPP)
        return false;
    if (access(path, F_OK) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(part, path) == 0;
}

/* Gives a finished file its name; false when there is one of that name. */
static bool put_in_place(const char *part, const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (!give_name(part, path))
        return false;
    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
             slash == NULL ? "." : path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

static int copy_pages(struct db *db, const char *path)
{
    sqlite3 *target = NULL;
    int rc = sqlite3_open_v2(path, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL);
    sqlite3_backup *backup =
        rc == SQLITE_OK ? sqlite3_backup_init(target, "main", db->handle, "main") : NULL;

    if (backup != NULL) {
        rc = sqlite3_backup_step(backup, -1);
        sqlite3_backup_finish(backup);
    }
    sqlite3_close(target);
    return backup == NULL && rc == SQLITE_OK ? SQLITE_ERROR : rc;
}

bool db_backup(struct db *db, const char *path, struct err *err)
{
    char part[PATH_MAX], uuid[UUID_SIZE];

    random_uuid(uuid);
    int len = snprintf(part, sizeof part, "%s-part-%s", path, uuid);
    int fd = len < 0 || (size_t)len >= sizeof part
                 ? -1
                 : open(part, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, ERR_STORAGE, "copy to %s: %s", path, strerror(errno));
    close(fd);
    int rc = copy_pages(db, part);
    bool good = rc == SQLITE_DONE;
    if (!good)
        err_set(err, ERR_STORAGE, "copy to %s: SQLite %d", path, rc);
    else if (!put_in_place(part, path))
        good = err_set(err, ERR_STORAGE, "copy to %s: %s", path, strerror(errno));
    if (!good)
        unlink(part);
    return good;
}
