/* Which rows are worth asking the API about again. */
#include <stdio.h>

#include "cache_internal.h"

bool cache_open_rows(struct cache *cache, enum record_kind kind, size_t limit, struct arena *arena,
                     struct open_row **rows, size_t *count)
{
    char sql[320];
    enum db_step step = DB_FAILED;

    *count = 0;
    *rows = arena_alloc(arena, (limit + 1) * sizeof **rows);
    snprintf(sql, sizeof sql,
             "SELECT id, payment_reference, n, seen_ms, status, changed_ms FROM %s"
             " WHERE open = 1 ORDER BY n DESC",
             kind_tables[kind]);
    sqlite3_stmt *stmt = db_query(cache->db, NULL, sql, "");
    while (stmt != NULL && *count < limit && (step = db_step(cache->db, stmt, NULL)) == DB_ROW) {
        const char *status = db_column(stmt, 4);
        if (status_classify(kind, status) != STATUS_OPEN &&
            clock_utc_ms() - sqlite3_column_int64(stmt, 5) > STATUS_SETTLES_MS)
            continue;
        struct open_row *row = &(*rows)[(*count)++];
        row->id = db_text(stmt, 0, arena);
        row->payment_reference = db_text(stmt, 1, arena);
        row->created_ms = ROW_MS(sqlite3_column_int64(stmt, 2));
        row->seen_ms = sqlite3_column_int64(stmt, 3);
    }
    db_end(stmt);
    return stmt != NULL && step != DB_FAILED;
}

static bool read_id(struct cache *cache, sqlite3_stmt *stmt, struct arena *arena, const char **id)
{
    bool found = stmt != NULL && db_step(cache->db, stmt, NULL) == DB_ROW;

    if (found)
        *id = db_text(stmt, 0, arena);
    db_end(stmt);
    return found;
}

bool cache_incomplete_session(struct cache *cache, struct arena *arena, const char **id)
{
    return read_id(cache,
                   db_query(cache->db, NULL,
                            "SELECT s.id FROM sessions s INDEXED BY sessions_unpaid"
                            " LEFT JOIN raw_sessions r ON r.minus_n = -s.n"
                            " WHERE s.status = 'completed' AND s.payment_reference = ''"
                            " AND r.detail IS NULL ORDER BY s.n DESC LIMIT 1",
                            ""),
                   arena, id);
}

bool cache_find_payment_home(struct cache *cache, const char *payment_reference,
                             enum record_kind *kind, struct arena *arena, const char **id)
{
    *kind = REC_SESSION;
    if (read_id(cache,
                db_query(cache->db, NULL,
                         "SELECT id FROM sessions WHERE payment_reference = ? LIMIT 1", "t",
                         payment_reference),
                arena, id))
        return true;
    *kind = REC_PAYMENT;
    return read_id(cache,
                   db_query(cache->db, NULL,
                            "SELECT id FROM payments WHERE payment_reference = ?1 OR id = ?1"
                            " LIMIT 1",
                            "t", payment_reference),
                   arena, id);
}
