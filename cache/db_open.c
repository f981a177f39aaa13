/* Opening an SQLite file that is trusted with payments: the file is checked before SQLite touches
   it, every setting is read back, the file must say that it is ours and whose it is. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "db_internal.h"

/* --- the file ----------------------------------------------------------------------------- */

/* Local file systems whose locks and fsync do what SQLite needs. No network or user-space ones. */
static const unsigned long good_file_systems[] = {
    EXT4_SUPER_MAGIC,      XFS_SUPER_MAGIC,      BTRFS_SUPER_MAGIC,
    F2FS_SUPER_MAGIC,      TMPFS_MAGIC,          RAMFS_MAGIC,
    OVERLAYFS_SUPER_MAGIC, 0x2fc12fc1 /* ZFS */, 0xca451a4e /* bcachefs */,
};

static bool check_folder(const char *folder, struct err *err)
{
    struct stat info;
    struct statfs system;

    if (stat(folder, &info) != 0 || statfs(folder, &system) != 0)
        return err_set(err, ERR_STORAGE, "%s: %s", folder, strerror(errno));
    if (info.st_uid != geteuid() || (info.st_mode & 077) != 0)
        return err_set(err, ERR_DENIED, "%s must belong to this user with mode 0700", folder);
    for (size_t i = 0; i < COUNT_OF(good_file_systems); i++)
        if ((unsigned long)system.f_type == good_file_systems[i])
            return true;
    return err_set(err, ERR_DENIED, "%s is on a file system that is not known to be safe (0x%lx)",
                   folder, (unsigned long)system.f_type);
}

static bool check_file(const char *path, struct err *err)
{
    struct stat info;

    if (lstat(path, &info) != 0)
        return err_set(err, ERR_STORAGE, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode) || info.st_nlink != 1)
        return err_set(err, ERR_DENIED, "%s must be a plain file with one name", path);
    if (info.st_uid != geteuid() || (info.st_mode & 077) != 0)
        return err_set(err, ERR_DENIED, "%s must belong to this user with mode 0600", path);
    return true;
}

/* The canonical path of a checked file, made empty with mode 0600 where there was none (SQLite's
   side files take its mode). free() it; NULL and err. */
static char *prepare_file(const char *path, bool may_create, struct err *err)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    struct buf full;

    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
             slash == NULL ? "." : path);
    char *real = realpath(folder, NULL);
    if (real == NULL) {
        err_set(err, ERR_STORAGE, "%s: %s", folder, strerror(errno));
        return NULL;
    }
    buf_init(&full, PATH_MAX);
    buf_printf(&full, "%s/%s", real, slash == NULL ? path : slash + 1);
    bool good = !full.over && check_folder(real, err);
    free(real);
    if (good && may_create) {
        int fd = open(full.data, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0)
            close(fd);
        else if (errno != EEXIST)
            good = err_set(err, ERR_STORAGE, "%s: %s", full.data, strerror(errno));
    }
    if (good && check_file(full.data, err))
        return full.data;
    buf_done(&full);
    return NULL;
}

/* --- settings ----------------------------------------------------------------------------- */

struct setting {
    const char *set, *get, *value;
};
static const struct setting common_settings[] = {
    {"PRAGMA foreign_keys=ON", "PRAGMA foreign_keys", "1"},
    {"PRAGMA trusted_schema=OFF", "PRAGMA trusted_schema", "0"},
    {"PRAGMA cell_size_check=ON", "PRAGMA cell_size_check", "1"},
    {"PRAGMA temp_store=MEMORY", "PRAGMA temp_store", "2"},
    {"PRAGMA mmap_size=0", "PRAGMA mmap_size", "0"},
};
static const struct setting journal_settings[] = {
    {"PRAGMA busy_timeout=10000", "PRAGMA busy_timeout", "10000"},
    {"PRAGMA journal_mode=TRUNCATE", "PRAGMA journal_mode", "truncate"},
    {"PRAGMA synchronous=EXTRA", "PRAGMA synchronous", "3"},
};
static const struct setting cache_settings[] = {
    {"PRAGMA busy_timeout=2000", "PRAGMA busy_timeout", "2000"},
    {"PRAGMA journal_mode=WAL", "PRAGMA journal_mode", "wal"},
    {"PRAGMA synchronous=NORMAL", "PRAGMA synchronous", "1"},
    {"PRAGMA secure_delete=ON", "PRAGMA secure_delete", "1"},
    {"PRAGMA cache_size=-4096", "PRAGMA cache_size", "-4096"},
};
static const struct setting reader_settings[] = {
    {"PRAGMA busy_timeout=2000", "PRAGMA busy_timeout", "2000"},
    {"PRAGMA synchronous=NORMAL", "PRAGMA synchronous", "1"},
    {"PRAGMA query_only=ON", "PRAGMA query_only", "1"},
};
static const struct {
    const struct setting *rows;
    size_t count;
} flavours[] = {
    [DB_JOURNAL] = {journal_settings, COUNT_OF(journal_settings)},
    [DB_CACHE] = {cache_settings, COUNT_OF(cache_settings)},
    [DB_CACHE_READER] = {reader_settings, COUNT_OF(reader_settings)},
};

static const struct {
    int option, value;
} switches[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    {SQLITE_DBCONFIG_ENABLE_VIEW, 0}, {SQLITE_DBCONFIG_DQS_DML, 0},
    {SQLITE_DBCONFIG_DQS_DDL, 0},     {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
};
static const struct {
    int id, value;
} limits[] = {
    {SQLITE_LIMIT_LENGTH, 20000000}, /* above the largest answer taken from the wire */
    {SQLITE_LIMIT_SQL_LENGTH, 100000},
    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_VARIABLE_NUMBER, 100},
};

/* Where others open the file at the same moment SQLite refuses some settings at once, without the
   wait that it has for writes. */
static bool set(struct db *db, const char *setting, struct err *err)
{
    enum { TRIES = 500, PAUSE_MS = 20 };

    for (int tries = 1;; tries++) {
        if (db_script(db, setting, err))
            return true;
        if ((sqlite3_errcode(db->handle) & 0xff) != SQLITE_BUSY || tries == TRIES)
            return false;
        sqlite3_sleep(PAUSE_MS);
    }
}

static bool apply(struct db *db, const struct setting *rows, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        sqlite3_stmt *stmt = NULL;
        if (!set(db, rows[i].set, err))
            return false;
        int rc = sqlite3_prepare_v2(db->handle, rows[i].get, -1, &stmt, NULL);
        if (rc != SQLITE_OK)
            return db_fail(db, rc, rows[i].get, err);
        rc = sqlite3_step(stmt);
        const char *value = rc == SQLITE_ROW ? db_column(stmt, 0) : NULL;
        bool same = value != NULL && strcmp(value, rows[i].value) == 0;
        if (!same && rc == SQLITE_ROW)
            err_set(err, ERR_STORAGE, "%s says %s", rows[i].get, value == NULL ? "" : value);
        else if (!same)
            db_fail(db, rc, rows[i].get, err);
        sqlite3_finalize(stmt);
        if (!same)
            return false;
    }
    return true;
}

static bool harden(struct db *db, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(switches); i++) {
        int now = -1;
        int rc = sqlite3_db_config(db->handle, switches[i].option, switches[i].value, &now);
        if (rc != SQLITE_OK || now != switches[i].value)
            return err_set(err, ERR_STORAGE, "SQLite refuses switch %d", switches[i].option);
    }
    for (size_t i = 0; i < COUNT_OF(limits); i++)
        sqlite3_limit(db->handle, limits[i].id, limits[i].value);
    return true;
}

/* --- whose file it is --------------------------------------------------------------------- */

static bool check_identity(struct db *db, const struct db_spec *spec, struct err *err)
{
    sqlite3_stmt *stmt = db_query(db, err, "SELECT webcode, env FROM identity", "");

    if (stmt == NULL) {
        if (err != NULL && err->code == ERR_STORAGE && !db->broken)
            err->code = ERR_DATA; /* no such table: not a file of ours */
        return false;
    }
    struct arena arena = {0};
    const char *webcode = "?", *env = "?";
    enum db_step step = db_step(db, stmt, err);
    if (step == DB_ROW) {
        webcode = db_text(stmt, 0, &arena);
        env = db_text(stmt, 1, &arena);
    }
    db_end(stmt);
    bool same = step == DB_ROW && strcmp(webcode, spec->webcode) == 0 &&
                strcmp(env, env_name(spec->env)) == 0;
    if (!same && step == DB_ROW)
        err_set(err, ERR_DENIED, "%s is the file of %s %s, not of %s %s", spec->path, webcode, env,
                spec->webcode, env_name(spec->env));
    else if (step == DB_DONE)
        err_set(err, ERR_DATA, "%s does not say whose it is", spec->path);
    arena_done(&arena);
    return same;
}

const char db_identity_sql[] = "CREATE TABLE identity(one INTEGER PRIMARY KEY CHECK(one = 1),"
                                   " webcode TEXT NOT NULL, env TEXT NOT NULL) STRICT";

/* Runs one schema step and sets the new user_version in one transaction. Another process may have
   been quicker: then there is nothing left to do. */
static bool run_step(struct db *db, const struct db_spec *spec, const char *sql, int version,
                     struct err *err)
{
    bool last = version == spec->version && spec->carry != NULL;
    char set_version[48];
    int64_t have = 0;

    snprintf(set_version, sizeof set_version, "PRAGMA user_version=%d", version);
    if (!db_begin(db, err))
        return false;
    bool good = db_get_int(db, err, &have, 0, "PRAGMA user_version") &&
                (have >= version ||
                 (db_script(db, sql, err) && (!last || spec->carry(spec->ctx, db, err)) &&
                  db_script(db, set_version, err)));
    if (!good)
        db_rollback(db);
    return good && db_commit(db, err);
}

/* Gives an empty file its mark and identity. Another process may do the same: the second finds the
   table there and goes on to compare. */
static bool found_file(struct db *db, const struct db_spec *spec, struct err *err)
{
    char mark[48];
    int64_t tables = 0;

    snprintf(mark, sizeof mark, "PRAGMA application_id=%d", (int)spec->application_id);
    if (!db_begin(db, err))
        return false;
    bool good = db_get_int(db, err, &tables, 0, "SELECT count(*) FROM sqlite_schema");
    if (good && tables == 0)
        good = db_script(db, mark, err) && db_script(db, db_identity_sql, err) &&
               db_run(db, err, "INSERT INTO identity VALUES(1, ?, ?)", "tt", spec->webcode,
                      env_name(spec->env));
    if (!good)
        db_rollback(db);
    return good && db_commit(db, err);
}

static bool migrate(struct db *db, const struct db_spec *spec, struct err *err)
{
    int64_t have = 0;
    char copy[PATH_MAX];

    if (!db_get_int(db, err, &have, 0, "PRAGMA user_version"))
        return false;
    if (have == spec->version)
        return true;
    if (have > spec->version || have < 0 || (spec->flavour != DB_JOURNAL && have != 0))
        return err_set(err, ERR_DATA, "%s has schema %lld, this program knows %d", spec->path,
                       (long long)have, spec->version);
    if (spec->flavour == DB_CACHE)
        return run_step(db, spec, spec->steps[0], spec->version, err);
    if (have > 0) {
        int len = snprintf(copy, sizeof copy, "%s.v%d", spec->path, (int)have);
        if (len < 0 || (size_t)len >= sizeof copy)
            return err_set(err, ERR_STORAGE, "%s: the path is too long", spec->path);
        /* Another process may make the same copy: one of them is enough. */
        if (access(copy, F_OK) != 0 && !db_backup(db, copy, err) && access(copy, F_OK) != 0)
            return false;
    }
    for (int i = (int)have; i < spec->version; i++)
        if (!run_step(db, spec, spec->steps[i], i + 1, err))
            return false;
    return true;
}

/* Makes the names of the file and its side files last, and of all folders above. Without this a
   power cut may take a folder away that was made just now, with all that had been synced inside. */
static bool sync_folders(struct db *db, bool all, struct err *err)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s", sqlite3_db_filename(db->handle, "main"));
    for (char *slash = strrchr(path, '/'); slash != NULL; slash = strrchr(path, '/')) {
        slash[slash == path] = '\0';
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && errno == EACCES)
            return true; /* what may not be read here was not made here */
        bool good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
        if (!good)
            err_set(err, ERR_STORAGE, "sync of %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        if (!good || !all || slash == path)
            return good;
    }
    return true;
}

/* SQLite's own wait looks every 100 ms after a while. A process that writes without a pause leaves
   the file free for less than one, and so keeps others out until they give up. Ten seconds or
   more, as the machine has time. */
static int wait_for_turn(void *ctx, int looks)
{
    enum { LOOKS = 9000, PAUSE_MS = 1 };
    const struct db *db = ctx;

    if (db->hurried || looks >= LOOKS)
        return 0;
    sqlite3_sleep(PAUSE_MS);
    return 1;
}

static bool take_over(struct db *db, const struct db_spec *spec, struct err *err)
{
    int64_t mark = 0, tables = 0;

    if (!harden(db, err) || !apply(db, common_settings, COUNT_OF(common_settings), err) ||
        !db_get_int(db, err, &tables, 0, "SELECT count(*) FROM sqlite_schema") ||
        !db_get_int(db, err, &mark, 0, "PRAGMA application_id")) /* another may be making both */
        return false;
    if (mark != spec->application_id && (mark != 0 || tables != 0))
        return err_set(err, ERR_DATA, "%s is not a file of this program", spec->path);
    if (!apply(db, flavours[spec->flavour].rows, flavours[spec->flavour].count, err))
        return false;
    if (spec->flavour == DB_JOURNAL)
        sqlite3_busy_handler(db->handle, wait_for_turn, db);
    if (spec->flavour == DB_JOURNAL && tables == 0 && !sync_folders(db, true, err))
        return false;
    if (spec->flavour != DB_CACHE_READER && tables == 0 && !found_file(db, spec, err))
        return false;
    /* SQLite syncs the folder too, when it makes its side file, but does not look at the result. */
    return check_identity(db, spec, err) && migrate(db, spec, err) &&
           (spec->flavour != DB_JOURNAL || sync_folders(db, false, err));
}

struct db *db_open(const struct db_spec *spec, struct err *err)
{
    struct err local = {0};
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE |
                SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;

    if (err == NULL)
        err = &local;
    char *path = prepare_file(spec->path, spec->flavour != DB_CACHE_READER, err);
    if (path == NULL)
        return NULL;
    struct db *db = mem_alloc(sizeof *db);
    int rc = sqlite3_open_v2(path, &db->handle, flags, NULL);
    free(path);
    /* From the first statement on: another process may be writing while the settings are applied.
     */
    if (db->handle != NULL) /* not even that when memory is out */
        sqlite3_busy_timeout(db->handle, 10000);
    if (rc == SQLITE_OK ? take_over(db, spec, err) : db_fail(db, rc, "open", err))
        return db;
    db_close(db);
    return NULL;
}
