/* What an answer said goes into the cache: merged by id, forward only, and no row that says what it
   said before is written again. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_internal.h"

/* Texts of a record that are merged: what an answer leaves out stays. */
static const size_t merged_texts[] = {
    offsetof(struct record, payment_reference),
    offsetof(struct record, status),
    offsetof(struct record, type),
    offsetof(struct record, description),
    offsetof(struct record, custom_reference),
    offsetof(struct record, poi_id),
    offsetof(struct record, reason),
    offsetof(struct record, failure_reason),
    offsetof(struct record, payment_status),
};
static const size_t merged_stamps[] = {offsetof(struct record, created),
                                       offsetof(struct record, completed),
                                       offsetof(struct record, updated)};
/* Of those, what the search index is made of. */
static const size_t searched_texts[] = {offsetof(struct record, payment_reference),
                                        offsetof(struct record, custom_reference),
                                        offsetof(struct record, description)};

static const char **text_at(struct record *record, size_t offset)
{
    return (const char **)(void *)((char *)record + offset);
}

static const char *text_of(const struct record *record, size_t offset)
{
    return *(const char *const *)(const void *)((const char *)record + offset);
}

static struct stamp *stamp_at(struct record *record, size_t offset)
{
    return (struct stamp *)(void *)((char *)record + offset);
}

static const char *blank(const char *text)
{
    return text == NULL ? "" : text;
}

/* --- merging ------------------------------------------------------------------------------ */

static bool same_text(const char *a, const char *b)
{
    return strcmp(blank(a), blank(b)) == 0;
}

/* Lays said over had; true when anything differs from had. */
static bool merge(const struct record *had, const struct record *said, struct record *out)
{
    bool differs = false;

    *out = *had;
    for (size_t i = 0; i < COUNT_OF(merged_texts); i++) {
        const char *text = text_of(said, merged_texts[i]);
        if (text != NULL && !same_text(text, text_of(had, merged_texts[i]))) {
            *text_at(out, merged_texts[i]) = text;
            differs = true;
        }
    }
    for (size_t i = 0; i < COUNT_OF(merged_stamps); i++) {
        const struct stamp *stamp =
            (const struct stamp *)(const void *)((const char *)said + merged_stamps[i]);
        if (stamp->text[0] != '\0' && strcmp(stamp->text, stamp_at(out, merged_stamps[i])->text)) {
            *stamp_at(out, merged_stamps[i]) = *stamp;
            differs = true;
        }
    }
    if (said->amount.known && !money_equal(&said->amount, &had->amount)) {
        out->amount = said->amount;
        differs = true;
    }
    if (said->is_preauth >= 0 && said->is_preauth != had->is_preauth) {
        out->is_preauth = said->is_preauth;
        differs = true;
    }
    return differs;
}

/* Worth asking about again, and free to change. Of a session only "completed" is documented to be
   the end (contract 3): another closing word is believed once it has stood for a day. */
static bool is_open(enum record_kind kind, const char *status, int64_t age_ms)
{
    enum status_class class = status_classify(kind, status);

    return class == STATUS_OPEN || class == STATUS_OTHER ||
           (class == STATUS_BAD && kind == REC_SESSION && age_ms < STATUS_SETTLES_MS);
}

/* The clerk's own part of a custom reference: without the "~tag" that the journal puts behind it.
   Returns a copy in arena. */
static const char *reference_of(const char *custom_reference, struct arena *arena)
{
    static const char tag_letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
    size_t len = strlen(custom_reference);

    if (len >= 9 && custom_reference[len - 9] == '~' &&
        strspn(custom_reference + len - 8, tag_letters) == 8)
        len -= 9;
    return arena_strndup(arena, custom_reference, len);
}

/* --- writing ------------------------------------------------------------------------------ */

struct store {
    struct cache *cache;
    enum record_kind kind;
    enum record_source source;
    int64_t now_ms;
    struct store_result result;
    struct arena arena; /* emptied after each row */
    struct err *err;
};

static const char *sql_for(struct store *store, const char *format)
{
    size_t size = strlen(format) + 64;
    char *sql = arena_alloc(&store->arena, size);
    struct buf text;

    /* The formats are constants below, each with one %s for the table's name. */
    buf_init(&text, size);
    const char *mark = strstr(format, "%s");
    buf_add(&text, format, (size_t)(mark - format));
    buf_puts(&text, kind_tables[store->kind]);
    buf_puts(&text, mark + 2);
    memcpy(sql, text.data, text.len + 1);
    buf_done(&text);
    return sql;
}

static bool number_is_free(struct store *store, int64_t n, bool *taken)
{
    sqlite3_stmt *stmt = db_query(store->cache->db, store->err,
                                  sql_for(store, "SELECT 1 FROM %s WHERE n = ?"), "i", n);
    if (stmt == NULL)
        return false;
    enum db_step step = db_step(store->cache->db, stmt, store->err);
    *taken = step == DB_ROW;
    db_end(stmt);
    return step != DB_FAILED;
}

/* A free row number for a record of that id and time: the id's own slot of the millisecond or one
   soon after it, else (thousands of one millisecond, as when the API sends no times) the first
   after all those. */
static bool choose_number(struct store *store, const char *id, int64_t ms, int64_t *out)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    int64_t first = row_first_of_ms(ms), last = first;
    bool taken = true;

    for (const char *at = id; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    hash ^= hash >> 32;
    for (int64_t i = 0; i < 16 && taken; i++) {
        *out = first + ((int64_t)(hash % (uint64_t)ROW_SLOTS) + i) % ROW_SLOTS;
        if (!number_is_free(store, *out, &taken))
            return false;
    }
    if (!taken)
        return true;
    sqlite3_stmt *stmt = db_query(store->cache->db, store->err,
                                  sql_for(store, "SELECT max(n) FROM %s WHERE n >= ? AND n < ?"),
                                  "ii", first, row_first_of_ms(ms + 86400000));
    if (stmt == NULL)
        return false;
    if (db_step(store->cache->db, stmt, store->err) == DB_ROW)
        last = sqlite3_column_int64(stmt, 0);
    db_end(stmt);
    *out = last + 1;
    return true;
}

/* Inserts the row, or replaces the one with the same number. */
static bool write_row(struct store *store, int64_t n, const struct record *r, int64_t changed_ms)
{
    static const char upsert[] =
        "INSERT INTO %s(n, id, status, type, minor, currency, scaled, description,"
        " custom_reference, reference, payment_reference, poi_id, reason, failure_reason,"
        " payment_status, is_preauth, created, completed, updated, seen_ms, changed_ms, open)"
        " VALUES(?,?,?,?,CASE WHEN ? THEN ? END,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT(n) DO UPDATE SET status = excluded.status, type = excluded.type,"
        " minor = excluded.minor, currency = excluded.currency, scaled = excluded.scaled,"
        " description = excluded.description, custom_reference = excluded.custom_reference,"
        " reference = excluded.reference, payment_reference = excluded.payment_reference,"
        " poi_id = excluded.poi_id, reason = excluded.reason,"
        " failure_reason = excluded.failure_reason, payment_status = excluded.payment_status,"
        " is_preauth = excluded.is_preauth, created = excluded.created,"
        " completed = excluded.completed, updated = excluded.updated,"
        " seen_ms = excluded.seen_ms, changed_ms = excluded.changed_ms, open = excluded.open";
    int64_t open = is_open(store->kind, r->status, store->now_ms - changed_ms);
    const char *reference = reference_of(blank(r->custom_reference), &store->arena);

    return db_run(store->cache->db, store->err, sql_for(store, upsert),
                  "ittt"
                  "ii"
                  "ti"
                  "tttttttt"
                  "i"
                  "ttt"
                  "iii",
                  n, r->id, blank(r->status), blank(r->type), (int64_t)r->amount.known,
                  r->amount.minor, r->amount.currency, amount_scaled(&r->amount),
                  blank(r->description), blank(r->custom_reference), reference,
                  blank(r->payment_reference), blank(r->poi_id), blank(r->reason),
                  blank(r->failure_reason), blank(r->payment_status), (int64_t)r->is_preauth,
                  r->created.text, r->completed.text, r->updated.text, store->now_ms, changed_ms,
                  open);
}

static bool write_raw(struct store *store, int64_t n, const char *raw)
{
    const char *format = store->source == SOURCE_DETAIL
                             ? "INSERT INTO raw_%s(minus_n, detail) VALUES(?, ?)"
                               " ON CONFLICT(minus_n) DO UPDATE SET detail = excluded.detail"
                             : "INSERT INTO raw_%s(minus_n, raw) VALUES(?, ?)"
                               " ON CONFLICT(minus_n) DO UPDATE SET raw = excluded.raw";

    return raw == NULL ||
           db_run(store->cache->db, store->err, sql_for(store, format), "it", -n, raw);
}

/* --- one record --------------------------------------------------------------------------- */

struct old_row {
    struct row row;
    int64_t changed_ms;
    bool open, raw_same;
};

/* *found false: not known yet. */
static bool look_up(struct store *store, const struct record *said, struct old_row *old,
                    bool *found)
{
    struct buf sql;
    const char *table = kind_tables[store->kind];

    buf_init(&sql, 2048);
    buf_printf(&sql,
               "SELECT %s" ROW_NO_MORE ", s.changed_ms, s.open, r.%s IS ? FROM %s s"
               " LEFT JOIN raw_%s r ON r.minus_n = -s.n WHERE s.id = ?",
               row_columns, store->source == SOURCE_DETAIL ? "detail" : "raw", table, table);
    sqlite3_stmt *stmt =
        db_query(store->cache->db, store->err, sql.data, "tt", said->raw, said->id);
    buf_done(&sql);
    if (stmt == NULL)
        return false;
    enum db_step step = db_step(store->cache->db, stmt, store->err);
    *found = step == DB_ROW;
    if (*found) {
        int behind = sqlite3_column_count(stmt) - 3;
        row_read(stmt, store->kind, &store->arena, &old->row);
        old->changed_ms = sqlite3_column_int64(stmt, behind);
        old->open = sqlite3_column_int(stmt, behind + 1) != 0;
        old->raw_same = said->raw == NULL || sqlite3_column_int(stmt, behind + 2) != 0;
    }
    db_end(stmt);
    return step != DB_FAILED;
}

static bool note_contradiction(struct store *store, const char *id, const char *had,
                               const char *said)
{
    bool good = db_run(store->cache->db, store->err,
                       "INSERT OR IGNORE INTO contradictions VALUES(?, ?, ?, ?, ?, 0)", "ittti",
                       (int64_t)store->kind, id, had, said, store->now_ms);

    store->result.refused += good && db_changes(store->cache->db) > 0; /* told once */
    return good;
}

static bool add_row(struct store *store, const struct record *said)
{
    struct record record = *said;
    int64_t n = 0;

    store->result.added++;
    if (store->kind == REC_PAYMENT && record.payment_reference == NULL &&
        status_classify(store->kind, record.status) == STATUS_GOOD)
        record.payment_reference = record.id;
    /* How long its status has stood is not said: at most since it was created. */
    int64_t since = record.created.ms > 0 && record.created.ms < store->now_ms ? record.created.ms
                                                                               : store->now_ms;
    return choose_number(store, record.id, record.created.ms, &n) &&
           write_row(store, n, &record, since) && write_raw(store, n, record.raw) &&
           search_put_off(store->cache->db, store->kind, n, store->err);
}

/* The creation time is another: the row gets a new number, and all that hangs on it too. */
static bool move_row(struct store *store, const struct old_row *old, int64_t *n)
{
    struct db *db = store->cache->db;
    int64_t from = old->row.rowid;

    return search_forget(db, store->kind, &old->row, store->err) &&
           choose_number(store, old->row.record.id, *n, n) &&
           db_run(db, store->err, sql_for(store, "UPDATE %s SET n = ? WHERE n = ?"), "ii", *n,
                  from) &&
           db_run(db, store->err, sql_for(store, "UPDATE raw_%s SET minus_n = ? WHERE minus_n = ?"),
                  "ii", -*n, -from) &&
           search_put_off(db, store->kind, *n, store->err);
}

static bool change_row(struct store *store, const struct old_row *old, const struct record *merged)
{
    const struct record *had = &old->row.record;
    struct db *db = store->cache->db;
    int64_t n = old->row.rowid;
    bool text_same = true;

    store->result.changed++;
    for (size_t i = 0; i < COUNT_OF(searched_texts); i++)
        text_same &= same_text(text_of(had, searched_texts[i]), text_of(merged, searched_texts[i]));
    if (strcmp(had->created.text, merged->created.text) != 0) {
        n = merged->created.ms;
        if (!move_row(store, old, &n))
            return false;
    } else if (!text_same && !(search_forget(db, store->kind, &old->row, store->err) &&
                               search_put_off(db, store->kind, n, store->err))) {
        return false;
    }
    bool moved_on = !same_text(had->status, merged->status);
    return write_row(store, n, merged, moved_on ? store->now_ms : old->changed_ms) &&
           (old->raw_same || write_raw(store, n, merged->raw));
}

/* Nothing new in the columns; an open row notes when it was last heard of. */
static bool keep_row(struct store *store, const struct old_row *old, const char *raw)
{
    store->result.same++;
    return (!old->open || store->now_ms - old->row.seen_ms < 1000 ||
            db_run(store->cache->db, store->err,
                   sql_for(store, "UPDATE %s SET seen_ms = ? WHERE n = ?"), "ii", store->now_ms,
                   old->row.rowid)) &&
           (old->raw_same || write_raw(store, old->row.rowid, raw));
}

static bool store_one(struct store *store, const struct record *said)
{
    struct old_row old = {0};
    struct record now = *said, merged;
    bool found = false;

    if (said->id == NULL || said->id[0] == '\0')
        return true;
    if (!look_up(store, said, &old, &found))
        return false;
    if (!found)
        return add_row(store, said);
    const char *had = old.row.record.status;
    if (had != NULL && said->status != NULL &&
        !is_open(store->kind, had, store->now_ms - old.changed_ms) &&
        status_classify(store->kind, said->status) == STATUS_OPEN) {
        if (!note_contradiction(store, said->id, had, said->status))
            return false;
        now.status = NULL;
    }
    if (store->kind == REC_PAYMENT && now.payment_reference == NULL &&
        status_classify(store->kind, now.status) == STATUS_GOOD)
        now.payment_reference = now.id;
    bool differs = merge(&old.row.record, &now, &merged);
    merged.raw = said->raw;
    return differs ? change_row(store, &old, &merged) : keep_row(store, &old, said->raw);
}

/* What another console has stored meanwhile is no news when it comes here, and yet nobody here has
   seen it. */
static bool others_have_stored(struct cache *cache)
{
    int64_t before = cache->version;

    return db_get_int(cache->db, NULL, &cache->version, before, "PRAGMA data_version") &&
           cache->version != before;
}

bool store_records(struct cache *cache, const struct record *records, size_t count,
                   enum record_source source, struct store_result *out, struct err *err)
{
    struct store store = {.cache = cache,
                          .kind = count > 0 ? records[0].kind : REC_SESSION,
                          .source = source,
                          .now_ms = clock_utc_ms(),
                          .err = err};

    if (out != NULL)
        *out = store.result;
    if (cache->building) /* waiting for the lock would keep keys waiting too */
        return err_set(err, ERR_STORAGE, "indexes are being built");
    bool good = db_begin(cache->db, err);
    for (size_t i = 0; i < count && good; i++) {
        assert(records[i].kind == store.kind);
        good = store_one(&store, &records[i]);
        arena_done(&store.arena);
    }
    if (good)
        good = db_commit(cache->db, err);
    else
        db_rollback(cache->db);
    if (good && store.result.added + store.result.changed + store.result.refused > 0)
        changes_raise(cache->changes, CHANGED_RECORDS(store.kind));
    if (good && others_have_stored(cache))
        changes_raise(cache->changes,
                      CHANGED_SESSIONS | CHANGED_PAYMENTS | CHANGED_MODIFICATIONS);
    if (out != NULL)
        *out = store.result;
    return good;
}

bool cache_store(struct cache *cache, const struct record *records, size_t count,
                 enum record_source source, struct store_result *out, struct err *err)
{
    bool good = store_records(cache, records, count, source, out, err);

    if (good && cache->lists != NULL)
        store_list_note_newer(cache, records, count);
    return good;
}
