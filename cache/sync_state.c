/* Where the first sync of each list stands, across restarts. */
#include <stdio.h>

#include "cache_internal.h"

bool cache_get_mark(struct cache *cache, enum record_kind kind, struct sync_mark *out,
                    struct err *err)
{
    sqlite3_stmt *stmt = db_query(cache->db, err,
                                  "SELECT next_page, complete, rows, total, last_ok_ms, anchor_ms,"
                                  " cursor FROM marks WHERE kind = ?",
                                  "i", (int64_t)kind);

    *out = (struct sync_mark){.next_page = 1, .total = -1, .anchor_ms = INT64_MIN};
    if (stmt == NULL)
        return false;
    enum db_step step = db_step(cache->db, stmt, err);
    if (step == DB_ROW) {
        out->next_page = sqlite3_column_int(stmt, 0);
        out->complete = sqlite3_column_int(stmt, 1) != 0;
        out->rows = sqlite3_column_int64(stmt, 2);
        out->total = sqlite3_column_int64(stmt, 3);
        out->last_ok_ms = sqlite3_column_int64(stmt, 4);
        out->anchor_ms = sqlite3_column_int64(stmt, 5);
        snprintf(out->cursor, sizeof out->cursor, "%s", db_column(stmt, 6));
    }
    db_end(stmt);
    return step != DB_FAILED;
}

bool cache_put_mark(struct cache *cache, enum record_kind kind, const struct sync_mark *mark,
                    struct err *err)
{
    return db_run(cache->db, err,
                  "INSERT OR REPLACE INTO marks(kind, next_page, complete, rows, total, last_ok_ms,"
                  " anchor_ms, cursor) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                  "iiiiiiit", (int64_t)kind, (int64_t)mark->next_page, (int64_t)mark->complete,
                  mark->rows, mark->total, mark->last_ok_ms, mark->anchor_ms, mark->cursor);
}
