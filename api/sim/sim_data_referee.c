/* What the referee counts: keys, references, executions, in the data file that processes share. */
#include "data_internal.h"

#include <string.h>

int64_t data_executions(struct sim_data *data, enum sim_count_by by, const char *value,
                        int64_t now_ms)
{
    static const char *const sql[] = {
        [BY_KEY] = "SELECT count(*) FROM object WHERE key = ?2 AND " EXECUTED,
        [BY_REFERENCE] = "SELECT count(*) FROM object WHERE custom_reference = ?2 AND " EXECUTED};
    return data_number(data_query(data, sql[by], "it", now_ms, value), 0);
}

int64_t data_key_requests(struct sim_data *data, const char *key)
{
    return data_number(data_query(data, "SELECT requests FROM seen WHERE key = ?1", "t", key), 0);
}

static void ledger_counts(sqlite3_stmt *stmt, struct buf *out, bool requests)
{
    sim_json_open(out, '{');
    while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
        sim_json_key(out, (const char *)sqlite3_column_text(stmt, 0));
        if (requests) {
            sim_json_open(out, '{');
            sim_json_key(out, "requests");
            sim_json_number(out, sqlite3_column_int64(stmt, 2));
            sim_json_key(out, "executions");
        }
        sim_json_number(out, sqlite3_column_int64(stmt, 1));
        if (requests)
            sim_json_close(out, '}');
    }
    sim_json_close(out, '}');
    sqlite3_finalize(stmt);
}

void data_ledger(struct sim_data *data, int64_t now_ms, struct buf *out)
{
    sim_json_key(out, "keys");
    ledger_counts(data_query(data,
                             "SELECT key, (SELECT count(*) FROM object WHERE object.key = seen.key"
                             " AND " EXECUTED "), requests FROM seen ORDER BY key",
                             "i", now_ms),
                  out, true);
    sim_json_key(out, "references");
    ledger_counts(data_query(data,
                             "SELECT custom_reference, count(*) FROM object WHERE"
                             " custom_reference IS NOT NULL AND " EXECUTED " GROUP BY 1",
                             "i", now_ms),
                  out, false);
}

/* One row, its texts never NULL. */
static void tell(sqlite3_stmt *stmt, const struct sim_row *row,
                 void (*fn)(void *, const struct sim_execution *), void *ctx)
{
    static const char *const kinds[SIM_KINDS] = {"session", "payment", "modification"};
    const char *key = (const char *)sqlite3_column_text(stmt, COLUMN_COUNT + 1);
    struct sim_execution execution = {
        .key = key ? key : "",
        .kind = row->kind == SIM_MODIFICATION ? row->type : kinds[row->kind],
        .reference = row->reference,
        .payment_reference = row->payment_reference,
        .custom_reference = row->custom_reference ? row->custom_reference : "",
        .status = row->status,
        .currency = row->currency,
        .amount = row->amount,
        .live = sqlite3_column_int(stmt, COLUMN_COUNT) == SIM_LIVE,
        .executed = sqlite3_column_int(stmt, COLUMN_COUNT + 2) != 0};
    fn(ctx, &execution);
}

void data_each_execution(struct sim_data *data, const struct sim_codes *codes, int64_t now_ms,
                         void (*fn)(void *, const struct sim_execution *), void *ctx)
{
    sqlite3_stmt *stmt = data_query(data,
                                    "SELECT " COLUMNS ", env, key, " EXECUTED " FROM " OBJECTS
                                    " WHERE outcome <> 'none' ORDER BY id",
                                    "i", now_ms);
    while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
        struct arena arena = {0};
        struct sim_row row;
        enum sim_env env = (enum sim_env)sqlite3_column_int(stmt, COLUMN_COUNT);
        data_read_row(stmt, codes, env, now_ms, &arena, &row);
        tell(stmt, &row, fn, ctx);
        arena_done(&arena);
    }
    sqlite3_finalize(stmt);
}

void data_each_payment(struct sim_data *data, void (*fn)(void *, const char *), void *ctx)
{
    sqlite3_stmt *stmt = data_query(
        data, "SELECT DISTINCT payment_reference FROM object WHERE kind = 2 ORDER BY 1", "");
    while (stmt && sqlite3_step(stmt) == SQLITE_ROW)
        fn(ctx, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
}
