/* Final rows that the API later called open again. */
#include "cache_internal.h"

bool cache_contradictions(struct cache *cache,
                          bool (*fn)(void *ctx, const struct contradiction *item), void *ctx,
                          struct err *err)
{
    sqlite3_stmt *stmt = db_query(cache->db, err,
                                  "SELECT kind, id, had, said, utc_ms FROM contradictions"
                                  " WHERE NOT forgotten ORDER BY utc_ms DESC, id",
                                  "");
    enum db_step step = DB_FAILED;
    bool go_on = stmt != NULL;

    while (go_on && (step = db_step(cache->db, stmt, err)) == DB_ROW) {
        struct arena arena = {0};
        struct contradiction item = {.kind = (enum record_kind)sqlite3_column_int(stmt, 0),
                                     .id = db_text(stmt, 1, &arena),
                                     .had = db_text(stmt, 2, &arena),
                                     .said = db_text(stmt, 3, &arena),
                                     .utc_ms = sqlite3_column_int64(stmt, 4)};
        go_on = fn(ctx, &item);
        arena_done(&arena);
    }
    db_end(stmt);
    return stmt != NULL && step != DB_FAILED;
}

bool cache_forget_contradiction(struct cache *cache, enum record_kind kind, const char *id,
                                struct err *err)
{
    if (!db_run(cache->db, err, "UPDATE contradictions SET forgotten = 1 WHERE kind = ? AND id = ?",
                "it", (int64_t)kind, id))
        return false;
    changes_raise(cache->changes, CHANGED_RECORDS(kind));
    return true;
}
