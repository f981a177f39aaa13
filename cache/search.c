/* The search index: trigrams of the folded ids, references and description of each row, built
   afterwards in slices, because a first sync that kept it up to date would be four times slower.
   Rows that are not in it yet stand in todo_X and are searched by looking at each. The index holds
   neither the text nor positions (it would double the file): a hit is a row that has all the
   trigrams, and the query looks at the row's own text again. */
#include <stdio.h>
#include <string.h>

#include "cache_internal.h"

#define SEARCH_TEXT_MAX 8192
#define MERGE_PAGES     16

void search_text(struct buf *out, const struct record *record)
{
    const char *const parts[] = {record->id, record->payment_reference, record->custom_reference,
                                 record->description};

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (parts[i] != NULL)
            fold_add(out, parts[i]);
        buf_puts(out, "\n");
    }
}

bool search_put_off(struct db *db, enum record_kind kind, int64_t rowid, struct err *err)
{
    char sql[128];

    snprintf(sql, sizeof sql, "INSERT OR IGNORE INTO todo_%s VALUES(?)", kind_tables[kind]);
    return db_run(db, err, sql, "i", rowid);
}

bool search_forget(struct db *db, enum record_kind kind, const struct row *row, struct err *err)
{
    char sql[160];
    struct buf text;

    snprintf(sql, sizeof sql, "DELETE FROM todo_%s WHERE n = ?", kind_tables[kind]);
    if (!db_run(db, err, sql, "i", row->rowid))
        return false;
    if (db_changes(db) > 0)
        return true; /* was put off: the index does not know it */
    buf_init(&text, SEARCH_TEXT_MAX);
    search_text(&text, &row->record);
    snprintf(sql, sizeof sql,
             "INSERT INTO search_%s(search_%s, rowid, text) VALUES('delete', ?, ?)",
             kind_tables[kind], kind_tables[kind]);
    bool good = db_run(db, err, sql, "it", row->rowid, text.data);
    buf_done(&text);
    return good;
}

/* --- building ----------------------------------------------------------------------------- */

/* Adds up to max put-off rows to the index; *count: how many there were. Oldest first: FTS5 writes
   a segment of its own whenever row numbers do not rise. */
static bool index_some(struct cache *cache, enum record_kind kind, int max, int64_t numbers[],
                       int *count, struct err *err)
{
    char select[1024], insert[128];
    const char *table = kind_tables[kind];
    struct buf text;
    enum db_step step;
    bool good = true;

    snprintf(select, sizeof select,
             "SELECT %s" ROW_NO_MORE " FROM todo_%s t JOIN %s s ON s.n = t.n ORDER BY t.n LIMIT ?",
             row_columns, table, table);
    snprintf(insert, sizeof insert, "INSERT INTO search_%s(rowid, text) VALUES(?, ?)", table);
    sqlite3_stmt *stmt = db_query(cache->db, err, select, "i", (int64_t)max);
    if (stmt == NULL)
        return false;
    buf_init(&text, SEARCH_TEXT_MAX);
    while (good && (step = db_step(cache->db, stmt, err)) != DB_DONE) {
        struct arena arena = {0};
        struct row row;
        good = step == DB_ROW;
        if (!good)
            break;
        row_read(stmt, kind, &arena, &row);
        buf_clear(&text);
        search_text(&text, &row.record);
        good = db_run(cache->db, err, insert, "it", row.rowid, text.data);
        numbers[(*count)++] = row.rowid;
        arena_done(&arena);
    }
    db_end(stmt);
    buf_done(&text);
    return good;
}

/* FTS5 would merge its segments whenever it thinks fit, for tens of milliseconds; here it is told
   to do little and often. *more: there is still something to merge. */
static bool merge_some(struct cache *cache, enum record_kind kind, bool *more, struct err *err)
{
    char sql[128];
    int before = sqlite3_total_changes(db_handle(cache->db));

    snprintf(sql, sizeof sql, "INSERT INTO search_%s(search_%s, rank) VALUES('merge', %d)",
             kind_tables[kind], kind_tables[kind], MERGE_PAGES);
    bool good = db_run(cache->db, err, sql, "");
    /* Documented sign of nothing left to do: fewer than two rows changed. */
    *more = good && sqlite3_total_changes(db_handle(cache->db)) - before >= 2;
    return good;
}

#define INDEX_STEP 16

static bool index_step(struct cache *cache, enum record_kind kind, int *count, struct err *err)
{
    int64_t numbers[INDEX_STEP];
    char sql[128];

    *count = 0;
    snprintf(sql, sizeof sql, "DELETE FROM todo_%s WHERE n = ?", kind_tables[kind]);
    bool good = index_some(cache, kind, INDEX_STEP, numbers, count, err);
    for (int i = 0; i < *count && good; i++)
        good = db_run(cache->db, err, sql, "i", numbers[i]);
    return good;
}

/* Index first; merge when nothing is put off, and a little after each step so that the number of
   segments stays small. */
static bool index_kind(struct cache *cache, enum record_kind kind, int64_t end, bool *left,
                       struct err *err)
{
    int count = INDEX_STEP;
    bool good = true, more = false;

    while (good && count == INDEX_STEP && !*left) {
        good = index_step(cache, kind, &count, err);
        *left = count == INDEX_STEP && clock_boot_ms() >= end;
    }
    if (good)
        good = merge_some(cache, kind, &more, err);
    *left |= more;
    return good;
}

bool cache_index_slice(struct cache *cache, int64_t budget_ms, bool *left, struct err *err)
{
    int64_t end = clock_boot_ms() + budget_ms;
    bool good = db_begin(cache->db, err);

    *left = false;
    for (int kind = 0; kind < RECORD_KINDS && good && !*left; kind++)
        good = index_kind(cache, (enum record_kind)kind, end, left, err);
    if (good)
        return db_commit(cache->db, err);
    db_rollback(cache->db);
    return false;
}
