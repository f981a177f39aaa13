/* Payment terminals, and whether they are connected. */
#include <stdlib.h>
#include <string.h>

#include "cache_internal.h"

/* listed marks what the list under way has named. */
static bool put_terminal(struct cache *cache, const struct terminal *terminal, int64_t online,
                         struct err *err)
{
    return db_run(cache->db, err,
                  "INSERT INTO terminals VALUES(?, ?, ?, ?, ?, ?, ?, ?, 1)"
                  " ON CONFLICT(poi_id) DO UPDATE SET status = coalesce(excluded.status, status),"
                  " name = coalesce(excluded.name, name),"
                  " model = coalesce(excluded.model, model), created = excluded.created,"
                  " updated = excluded.updated, listed = 1,"
                  " online_ms = iif(excluded.online = 1, excluded.online_ms, online_ms),"
                  " online = iif(excluded.online = 1, 1, online)",
                  "ttttttii", terminal->poi_id, terminal->status, terminal->name, terminal->model,
                  terminal->created.text, terminal->updated.text, online,
                  online == 1 ? clock_utc_ms() : (int64_t)0);
}

bool cache_store_terminals(struct cache *cache, const struct terminal *terminals, size_t count,
                           bool online, struct err *err)
{
    bool good =
        db_begin(cache->db, err) && db_run(cache->db, err, "UPDATE terminals SET listed = 0", "");

    for (size_t i = 0; i < count && good; i++)
        good =
            terminals[i].poi_id == NULL || put_terminal(cache, &terminals[i], online ? 1 : -1, err);
    if (good && online)
        good = db_run(cache->db, err,
                      "UPDATE terminals SET online = 0, online_ms = ? WHERE listed = 0", "i",
                      clock_utc_ms());
    if (good && !online)
        good = db_run(cache->db, err, "DELETE FROM terminals WHERE listed = 0", "");
    if (good)
        good = db_commit(cache->db, err);
    else
        db_rollback(cache->db);
    if (good)
        changes_raise(cache->changes, CHANGED_TERMINALS);
    return good;
}

bool cache_terminals(struct cache *cache, struct terminal_page *page, struct err *err)
{
    int64_t room = 0;
    enum db_step step = DB_DONE;

    *page = (struct terminal_page){0};
    if (!db_get_int(cache->db, err, &room, 0, "SELECT count(*) FROM terminals"))
        return false;
    sqlite3_stmt *stmt = db_query(cache->db, err,
                                  "SELECT poi_id, status, name, model, created, updated, online,"
                                  " online_ms FROM terminals"
                                  " ORDER BY coalesce(name, poi_id), poi_id LIMIT ?",
                                  "i", room);
    if (stmt == NULL)
        return false;
    page->rows = arena_alloc(&page->arena, (size_t)(room + 1) * sizeof *page->rows);
    while ((step = db_step(cache->db, stmt, err)) == DB_ROW) {
        struct terminal_row *row = &page->rows[page->count++];
        row->terminal.poi_id = db_text(stmt, 0, &page->arena);
        row->terminal.status = db_text(stmt, 1, &page->arena);
        row->terminal.name = db_text(stmt, 2, &page->arena);
        row->terminal.model = db_text(stmt, 3, &page->arena);
        stamp_parse(db_column(stmt, 4), &row->terminal.created);
        stamp_parse(db_column(stmt, 5), &row->terminal.updated);
        row->online = sqlite3_column_int(stmt, 6);
        row->online_ms = sqlite3_column_int64(stmt, 7);
    }
    db_end(stmt);
    if (step == DB_FAILED)
        terminal_page_done(page);
    return step == DB_DONE;
}

void terminal_page_done(struct terminal_page *page)
{
    arena_done(&page->arena);
    *page = (struct terminal_page){0};
}
