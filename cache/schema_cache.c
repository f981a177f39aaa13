/* The cache's file: its tables, and opening it. What is damaged or of another schema is dropped and
   fetched again: nothing in it is more than a copy. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache_internal.h"

#define CACHE_APPLICATION_ID 0x41564361 /* "AVCa" */
#define CACHE_SCHEMA 2                  /* raise it with any change below: old files are dropped */

const char *const kind_tables[RECORD_KINDS] = {
    [REC_SESSION] = "sessions", [REC_PAYMENT] = "payments", [REC_MODIFICATION] = "modifications"};

/* raw_X is keyed by -n: a first sync comes newest first and so only appends, which leaves no page
   half empty. Absent texts are '' so that they sort and page like others. n orders by creation: see
   cache_internal.h. open: not final, so still polled. changed_ms: when the status last changed. */
#define RECORD_TABLE(name)                                                                        \
    "CREATE TABLE " name "("                                                                      \
    " n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, status TEXT NOT NULL COLLATE NOCASE,"       \
    " type TEXT NOT NULL COLLATE NOCASE, minor INTEGER, currency TEXT NOT NULL,"                  \
    " scaled INTEGER NOT NULL, description TEXT NOT NULL COLLATE NOCASE,"                         \
    " custom_reference TEXT NOT NULL, reference TEXT NOT NULL COLLATE NOCASE,"                    \
    " payment_reference TEXT NOT NULL, poi_id TEXT NOT NULL COLLATE NOCASE,"                      \
    " reason TEXT NOT NULL, failure_reason TEXT NOT NULL, payment_status TEXT NOT NULL,"          \
    " is_preauth INTEGER NOT NULL, created TEXT NOT NULL, completed TEXT NOT NULL,"               \
    " updated TEXT NOT NULL, seen_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,"              \
    " open INTEGER NOT NULL) STRICT;"                                                             \
    "CREATE INDEX " name "_status ON " name "(status);"                                           \
    "CREATE INDEX " name "_payment ON " name "(payment_reference);"                               \
    "CREATE INDEX " name "_open ON " name "(open) WHERE open = 1;"                                \
    "CREATE INDEX " name "_hold ON " name "(n) WHERE is_preauth = 1;"                             \
    "CREATE TABLE raw_" name "(minus_n INTEGER PRIMARY KEY, raw TEXT, detail TEXT) STRICT;"       \
    "CREATE TABLE todo_" name "(n INTEGER PRIMARY KEY) STRICT;"                                   \
    "CREATE VIRTUAL TABLE search_" name " USING fts5(text, content='', detail=none,"              \
    " columnsize=0, tokenize='trigram case_sensitive 1');"                                        \
    "INSERT INTO search_" name "(search_" name ", rank) VALUES('automerge', 0);"                  \
    "INSERT INTO search_" name "(search_" name ", rank) VALUES('crisismerge', 1000);"

static const char schema[] =
    RECORD_TABLE("sessions")
    "CREATE INDEX sessions_unpaid ON sessions(n) WHERE status = 'completed' AND"
    " payment_reference = '';"
    RECORD_TABLE("payments")
    "CREATE INDEX payments_poi_id ON payments(poi_id);"
    RECORD_TABLE("modifications")
    "CREATE INDEX modifications_type ON modifications(type);"
    "CREATE TABLE terminals(poi_id TEXT PRIMARY KEY, status TEXT, name TEXT, model TEXT,"
    " created TEXT NOT NULL, updated TEXT NOT NULL, online INTEGER NOT NULL,"
    " online_ms INTEGER NOT NULL, listed INTEGER NOT NULL) STRICT;"
    /* Final rows that a later answer called open again; the row kept its final status. */
    "CREATE TABLE contradictions(kind INTEGER NOT NULL, id TEXT NOT NULL, had TEXT NOT NULL,"
    " said TEXT NOT NULL, utc_ms INTEGER NOT NULL, forgotten INTEGER NOT NULL,"
    " PRIMARY KEY(kind, id, said)) STRICT;"
    "CREATE TABLE marks(kind INTEGER PRIMARY KEY, next_page INTEGER NOT NULL,"
    " rows INTEGER NOT NULL, total INTEGER NOT NULL, complete INTEGER NOT NULL,"
    " last_ok_ms INTEGER NOT NULL, anchor_ms INTEGER NOT NULL, cursor TEXT NOT NULL) STRICT;";
static const char *const steps[] = {schema};

/* Indexes that only an order by their column needs, and whose leaves a first sync would hit at
   random: it is several times faster without them. See cache_build_indexes(). */
static const char late_indexes[] =
    "CREATE INDEX IF NOT EXISTS sessions_scaled ON sessions(scaled);"
    "CREATE INDEX IF NOT EXISTS payments_scaled ON payments(scaled);"
    "CREATE INDEX IF NOT EXISTS modifications_scaled ON modifications(scaled);"
    "CREATE INDEX IF NOT EXISTS sessions_reference ON sessions(reference);"
    "CREATE INDEX IF NOT EXISTS payments_reference ON payments(reference);"
    "CREATE INDEX IF NOT EXISTS payments_description ON payments(description);"
    "CREATE INDEX IF NOT EXISTS sessions_description ON sessions(description);";

/* One statement, one transaction: the file is locked against writers for one index at a time.
   Sorting a million texts goes to a temporary file, not to memory. */
bool schema_build_indexes(struct db *db)
{
    return db_script(db, "PRAGMA query_only=OFF; PRAGMA temp_store=FILE", NULL) &&
           db_script(db, late_indexes, NULL) &&
           db_script(db, "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY", NULL);
}

bool cache_lacks_indexes(struct cache *cache)
{
    int64_t last = 0;

    if (!cache->has_indexes &&
        db_get_int(cache->db, NULL, &last, 0,
                   "SELECT count(*) FROM sqlite_schema WHERE name = 'sessions_description'"))
        cache->has_indexes = last > 0;
    return !cache->has_indexes;
}

/* Called after each commit. Moving the log into the file costs fsync(), so the reader thread does
   it where there is one; see worker.c. */
static int note_wal(void *ctx, sqlite3 *handle, const char *name, int pages)
{
    struct cache *cache = ctx;

    (void)handle;
    (void)name;
    cache->wal_pages = pages;
    return SQLITE_OK;
}

static bool open_once(struct cache *cache, struct err *err)
{
    cache->db = db_open(&cache->spec, err);
    if (cache->db == NULL)
        return false;
    int rc = fold_register(db_handle(cache->db));
    if (rc != SQLITE_OK)
        return db_fail(cache->db, rc, "register", err);
    sqlite3_wal_hook(db_handle(cache->db), note_wal, cache);
    return true;
}

/* Another process may have the damaged file open: it keeps its own copy until it ends. */
static void drop_files(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    struct buf name;

    buf_init(&name, 8192);
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        buf_clear(&name);
        buf_printf(&name, "%s%s", path, endings[i]);
        unlink(name.data);
    }
    buf_done(&name);
}

struct cache *cache_open(const char *path, const char *webcode, enum env env,
                         struct changes *changes, struct err *err)
{
    struct err local = {0};
    struct cache *cache = mem_alloc(sizeof *cache);

    if (err == NULL)
        err = &local;
    cache->path = mem_strdup(path);
    cache->webcode = mem_strdup(webcode);
    cache->changes = changes;
    cache->patience_ms = 8; /* a key press may cost this much */
    cache->spec = (struct db_spec){.path = cache->path,
                                   .flavour = DB_CACHE,
                                   .application_id = CACHE_APPLICATION_ID,
                                   .webcode = cache->webcode,
                                   .env = env,
                                   .version = CACHE_SCHEMA,
                                   .steps = steps};
    bool good = open_once(cache, err);
    if (!good && err->code == ERR_DATA) {
        db_close(cache->db);
        drop_files(path);
        *err = (struct err){0};
        good = open_once(cache, err);
    }
    if (good)
        return cache;
    cache_close(cache);
    return NULL;
}

void cache_close(struct cache *cache)
{
    if (cache == NULL)
        return;
    store_list_drop(cache);
    worker_free(cache->worker);
    db_close(cache->db);
    free(cache->path);
    free(cache->webcode);
    free(cache);
}
