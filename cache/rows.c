/* Rows of the three record tables, read. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cache_internal.h"

int64_t row_first_of_ms(int64_t ms)
{
    const int64_t farthest = INT64_MAX / ROW_SLOTS - 1;

    if (ms > farthest)
        ms = farthest;
    if (ms < -farthest)
        ms = -farthest;
    return ms * ROW_SLOTS;
}

int64_t amount_scaled(const struct money *amount)
{
    int decimals = currency_exponent(amount->currency);
    int64_t minor = amount->minor;

    if (!amount->known || minor < 0)
        return -1;
    /* Where the exponent is open, two decimals are as good as any: nothing is paid by this figure.
     */
    for (int i = decimals < 0 ? 2 : decimals; i < SCALED_DECIMALS; i++) {
        if (minor > INT64_MAX / 10)
            return INT64_MAX;
        minor *= 10;
    }
    return minor;
}

/* --- reading ------------------------------------------------------------------------------ */

enum row_column {
    COL_N,
    COL_ID,
    COL_STATUS,
    COL_TYPE,
    COL_MINOR,
    COL_CURRENCY,
    COL_DESCRIPTION,
    COL_CUSTOM_REFERENCE,
    COL_REFERENCE,
    COL_PAYMENT_REFERENCE,
    COL_POI_ID,
    COL_REASON,
    COL_FAILURE_REASON,
    COL_PAYMENT_STATUS,
    COL_IS_PREAUTH,
    COL_CREATED,
    COL_COMPLETED,
    COL_UPDATED,
    COL_SEEN_MS,
    COL_MODIFIED, /* 0, 1, or what became of a hold */
    COL_TERMINAL
};
const char row_columns[] =
    "s.n, s.id, s.status, s.type, s.minor, s.currency, s.description, s.custom_reference,"
    " s.reference, s.payment_reference, s.poi_id, s.reason, s.failure_reason, s.payment_status,"
    " s.is_preauth, s.created, s.completed, s.updated, s.seen_ms, ";

/* Modified at all, and the farthest that a hold has come: the numbers of enum hold_state. */
#define MODIFIED(reference)                                                                        \
    "CASE WHEN " reference " = '' THEN 0 WHEN s.is_preauth <> 1 THEN"                              \
    " EXISTS(SELECT 1 FROM modifications m WHERE m.payment_reference = " reference ")"             \
    " ELSE (SELECT coalesce(max(CASE WHEN m.status <> 'success' THEN 1 WHEN m.type = 'capture'"    \
    " THEN 3 WHEN m.type = 'cancel' THEN 2 ELSE 1 END), 0) FROM modifications m"                   \
    " WHERE m.payment_reference = " reference ") END"
/* A terminal's payment may have no other name than its own. */
#define POS_REFERENCE "iif(s.payment_reference = '', s.id, s.payment_reference)"

const char *row_more_sql(enum record_kind kind)
{
    static const char *const columns[RECORD_KINDS] = {
        [REC_SESSION] = MODIFIED("s.payment_reference") ", NULL",
        [REC_PAYMENT] =
            MODIFIED(POS_REFERENCE) ", (SELECT t.name FROM terminals t WHERE t.poi_id = s.poi_id)",
        [REC_MODIFICATION] = ROW_NO_MORE,
    };
    return columns[kind];
}

/* '' is how the table says absent. */
static const char *present(sqlite3_stmt *stmt, enum row_column column, struct arena *arena)
{
    int bytes = sqlite3_column_bytes(stmt, (int)column);

    return bytes == 0 ? NULL : db_text(stmt, (int)column, arena);
}

static void read_stamp(sqlite3_stmt *stmt, enum row_column column, struct stamp *out)
{
    const char *text = db_column(stmt, (int)column);

    if (text != NULL && text[0] != '\0')
        stamp_parse(text, out);
}

static void read_more(sqlite3_stmt *stmt, struct arena *arena, struct row *out)
{
    const struct record *record = &out->record;
    int modified = sqlite3_column_int(stmt, COL_MODIFIED);

    out->modified = modified != 0;
    if (record->is_preauth == 1 && status_classify(record->kind, record->status) == STATUS_GOOD)
        out->hold = modified > 1 ? (enum hold_state)modified : HOLD_HELD;
    out->terminal = present(stmt, COL_TERMINAL, arena);
}

void row_read(sqlite3_stmt *stmt, enum record_kind kind, struct arena *arena, struct row *out)
{
    struct record *record = &out->record;
    const char *currency = db_column(stmt, COL_CURRENCY);

    *out = (struct row){.rowid = sqlite3_column_int64(stmt, COL_N)};
    record->kind = kind;
    record->id = db_text(stmt, COL_ID, arena);
    record->status = present(stmt, COL_STATUS, arena);
    record->type = present(stmt, COL_TYPE, arena);
    record->amount.known = sqlite3_column_type(stmt, COL_MINOR) != SQLITE_NULL;
    record->amount.minor = sqlite3_column_int64(stmt, COL_MINOR);
    snprintf(record->amount.currency, sizeof record->amount.currency, "%s",
             currency == NULL ? "" : currency);
    record->description = present(stmt, COL_DESCRIPTION, arena);
    record->custom_reference = present(stmt, COL_CUSTOM_REFERENCE, arena);
    out->reference = present(stmt, COL_REFERENCE, arena);
    record->payment_reference = present(stmt, COL_PAYMENT_REFERENCE, arena);
    record->poi_id = present(stmt, COL_POI_ID, arena);
    record->reason = present(stmt, COL_REASON, arena);
    record->failure_reason = present(stmt, COL_FAILURE_REASON, arena);
    record->payment_status = present(stmt, COL_PAYMENT_STATUS, arena);
    record->is_preauth = sqlite3_column_int(stmt, COL_IS_PREAUTH);
    read_stamp(stmt, COL_CREATED, &record->created);
    read_stamp(stmt, COL_COMPLETED, &record->completed);
    read_stamp(stmt, COL_UPDATED, &record->updated);
    out->sort_ms = record->created.ms;
    out->seen_ms = sqlite3_column_int64(stmt, COL_SEEN_MS);
    read_more(stmt, arena, out);
}

void row_page_done(struct row_page *page)
{
    arena_done(&page->arena);
    *page = (struct row_page){0};
}

/* --- one record --------------------------------------------------------------------------- */

/* The detail call's object says more, unless the list has brought another status since. */
static void read_raw(sqlite3_stmt *stmt, int first, struct arena *arena, struct record *record)
{
    const char *raw = db_text(stmt, first, arena);
    const char *detail = db_text(stmt, first + 1, arena);
    struct record said;

    record->raw = raw == NULL ? detail : raw;
    if (detail != NULL && record_from_json(arena, record->kind, detail, &said, NULL)) {
        record->attempts = said.attempts;
        record->attempt_count = said.attempt_count;
        if (said.status != NULL && record->status != NULL &&
            strcmp(said.status, record->status) == 0)
            record->raw = detail;
    } else if (raw != NULL && record_from_json(arena, record->kind, raw, &said, NULL)) {
        record->attempts = said.attempts;
        record->attempt_count = said.attempt_count;
    }
}

/* What a row is found by: a condition over s with one mark. */
struct wanted {
    enum record_kind kind;
    const char *where, *value;
};

static bool read_one(struct cache *cache, const struct wanted *wanted, struct arena *arena,
                     struct row *out, struct err *err)
{
    char sql[2048];
    enum record_kind kind = wanted->kind;
    const char *table = kind_tables[kind];

    snprintf(sql, sizeof sql,
             "SELECT %s%s, r.raw, r.detail FROM %s s LEFT JOIN raw_%s r ON r.minus_n = -s.n"
             " WHERE %s ORDER BY s.n LIMIT 1",
             row_columns, row_more_sql(kind), table, table, wanted->where);
    sqlite3_stmt *stmt = db_query(cache->db, err, sql, "t", wanted->value);
    if (stmt == NULL)
        return false;
    enum db_step step = db_step(cache->db, stmt, err);
    if (step == DB_ROW) {
        row_read(stmt, kind, arena, out);
        read_raw(stmt, COL_TERMINAL + 1, arena, &out->record);
    }
    db_end(stmt);
    if (step == DB_DONE)
        err_set(err, ERR_NOT_FOUND, "%s %s", table, wanted->value);
    return step == DB_ROW;
}

bool cache_get_record(struct cache *cache, enum record_kind kind, const char *id,
                      struct arena *arena, struct row *out, struct err *err)
{
    return read_one(cache, &(struct wanted){kind, "s.id = ?", id}, arena, out, err);
}

bool cache_get_payment(struct cache *cache, const char *payment_reference, struct arena *arena,
                       struct row *out, struct err *err)
{
    const struct wanted homes[] = {{REC_SESSION, "s.payment_reference = ?", payment_reference},
                                   {REC_PAYMENT, "s.payment_reference = ?", payment_reference},
                                   {REC_PAYMENT, "s.id = ?", payment_reference}};
    struct err local = {0};

    if (err == NULL)
        err = &local;
    if (payment_reference == NULL || payment_reference[0] == '\0')
        return err_set(err, ERR_NOT_FOUND, "no payment reference");
    for (size_t i = 0; i < COUNT_OF(homes); i++) {
        *err = (struct err){0};
        if (read_one(cache, &homes[i], arena, out, err))
            return true;
        if (err->code != ERR_NOT_FOUND)
            return false;
    }
    return false;
}

bool cache_modifications_of(struct cache *cache, const char *payment_reference,
                            struct row_page *page, struct err *err)
{
    char sql[1024];
    size_t room = 0;
    enum db_step step;

    *page = (struct row_page){0};
    snprintf(sql, sizeof sql,
             "SELECT %s" ROW_NO_MORE " FROM modifications s WHERE s.payment_reference = ?"
             " ORDER BY s.n",
             row_columns);
    sqlite3_stmt *stmt = db_query(cache->db, err, sql, "t", payment_reference);
    if (stmt == NULL)
        return false;
    struct row *rows = NULL;
    while ((step = db_step(cache->db, stmt, err)) == DB_ROW) {
        if (page->count == room) {
            struct row *more = arena_alloc(&page->arena, (room * 2 + 8) * sizeof *rows);
            if (page->count > 0)
                memcpy(more, rows, page->count * sizeof *rows);
            rows = more;
            room = room * 2 + 8;
        }
        row_read(stmt, REC_MODIFICATION, &page->arena, &rows[page->count++]);
    }
    db_end(stmt);
    page->rows = rows;
    if (step == DB_FAILED)
        row_page_done(page);
    return step == DB_DONE;
}
