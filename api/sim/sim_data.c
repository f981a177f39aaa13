/* Everything that was created or changed, in SQLite: objects, the first answer of every idempotency
   key, what the referee counts. One table holds all three kinds; a status is worked out from due_ms
   when a row is read. Several processes may use one file: a POST holds the write lock from the look
   at its key to its commit. */
#include "data_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MS        5000
#define APPLICATION_ID 0x41565349 /* "AVSI": another program's file is never touched */

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS object(id INTEGER PRIMARY KEY AUTOINCREMENT, env INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, key TEXT, tag INTEGER NOT NULL, type TEXT, payment_reference TEXT,"
    " amount INTEGER NOT NULL, currency TEXT NOT NULL, preauth INTEGER NOT NULL, description TEXT,"
    " custom_reference TEXT, poi_id TEXT, reason TEXT, failure_reason TEXT, country TEXT,"
    " locale TEXT, deliver_at TEXT, url_ok TEXT, url_ko TEXT, created_ms INTEGER NOT NULL,"
    " started_ms INTEGER NOT NULL, refused_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,"
    " outcome TEXT NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS object_list ON object(env, kind, id);"
    "CREATE INDEX IF NOT EXISTS object_payment ON object(payment_reference);"
    "CREATE INDEX IF NOT EXISTS object_key ON object(key);"
    "CREATE INDEX IF NOT EXISTS object_reference ON object(custom_reference);"
    "CREATE TABLE IF NOT EXISTS answer(env INTEGER, key TEXT, endpoint TEXT NOT NULL,"
    " body BLOB NOT NULL, status INTEGER NOT NULL, answer BLOB NOT NULL, ready_ms INTEGER NOT NULL,"
    " PRIMARY KEY(env, key)) STRICT;"
    "CREATE TABLE IF NOT EXISTS seen(key TEXT PRIMARY KEY, requests INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS tried(env INTEGER, poi_id TEXT, amount INTEGER,"
    " PRIMARY KEY(env, poi_id, amount)) STRICT;"
    /* What faults add, apart from the rest so that older files know it too. */
    "CREATE TABLE IF NOT EXISTS twist(id INTEGER PRIMARY KEY, shown_ms INTEGER NOT NULL,"
    " flip_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS forgotten(env INTEGER, key TEXT, from_ms INTEGER NOT NULL,"
    " PRIMARY KEY(env, key)) STRICT;"
    "CREATE TABLE IF NOT EXISTS late(id INTEGER PRIMARY KEY, due_ms INTEGER NOT NULL,"
    " env INTEGER NOT NULL, path TEXT NOT NULL, key TEXT, body BLOB NOT NULL) STRICT;";

sqlite3_stmt *data_query(struct sim_data *data, const char *sql, const char *types, ...)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(data->db, sql, -1, &stmt, NULL) != SQLITE_OK)
        return NULL;
    va_list args;
    va_start(args, types);
    for (int i = 1; types[i - 1]; i++) {
        if (types[i - 1] == 'i') {
            sqlite3_bind_int64(stmt, i, va_arg(args, int64_t));
        } else if (types[i - 1] == 't') {
            sqlite3_bind_text(stmt, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
        } else {
            const void *bytes = va_arg(args, const void *);
            sqlite3_bind_blob64(stmt, i, bytes ? bytes : "", va_arg(args, size_t),
                                SQLITE_TRANSIENT);
        }
    }
    va_end(args);
    return stmt;
}

bool data_run(sqlite3_stmt *stmt)
{
    bool done = stmt && sqlite3_step(stmt) == SQLITE_DONE;
    return sqlite3_finalize(stmt) == SQLITE_OK && done;
}

int64_t data_number(sqlite3_stmt *stmt, int64_t otherwise)
{
    int64_t number = otherwise;
    if (stmt && sqlite3_step(stmt) == SQLITE_ROW)
        number = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return number;
}

static bool fail(struct sim_data *data, struct err *err)
{
    return err_set(err, ERR_STORAGE, "simulator data: %s", sqlite3_errmsg(data->db));
}

static bool execute(struct sim_data *data, const char *sql, struct err *err)
{
    return sqlite3_exec(data->db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(data, err);
}

static int64_t meta(struct sim_data *data, const char *name, int64_t value)
{
    data_run(data_query(data, "INSERT OR IGNORE INTO meta VALUES(?1, ?2)", "ti", name, value));
    return data_number(data_query(data, "SELECT value FROM meta WHERE name = ?1", "t", name),
                       value);
}

static bool prepare(struct sim_data *data, struct sim_seed *seed, struct err *err)
{
    int64_t id = data_number(data_query(data, "PRAGMA application_id", ""), -1);
    int64_t tables = data_number(data_query(data, "SELECT count(*) FROM sqlite_schema", ""), -1);
    if (id < 0 || tables < 0)
        return fail(data, err);
    if (id != APPLICATION_ID && (id != 0 || tables > 0))
        return err_set(err, ERR_STORAGE, "simulator data: the file belongs to another program");
    char mark[64];
    snprintf(mark, sizeof(mark), "PRAGMA application_id = %d", APPLICATION_ID);
    /* A write-ahead log is not needed: one writer at a time, and what counts is that a killed
       process loses nothing. */
    if (!execute(data, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = NORMAL", err) ||
        !data_begin(data, err))
        return false;
    if (!execute(data, mark, err) || !execute(data, schema, err)) {
        data_rollback(data);
        return false;
    }
    seed->seed = (uint64_t)meta(data, "seed", (int64_t)seed->seed);
    seed->base_ms = meta(data, "base_ms", seed->base_ms);
    seed->counts[SIM_SESSION] = (uint32_t)meta(data, "sessions", seed->counts[SIM_SESSION]);
    seed->counts[SIM_PAYMENT] = (uint32_t)meta(data, "payments", seed->counts[SIM_PAYMENT]);
    return data_commit(data, err);
}

struct sim_data *data_open(const char *path, struct sim_seed *seed, struct err *err)
{
    struct sim_data *data = mem_alloc(sizeof(*data));
    if (path) { /* SQLite would make it readable for everybody */
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0)
            close(fd);
    }
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int opened = sqlite3_open_v2(path ? path : ":memory:", &data->db, flags, NULL);
    if (data->db) /* not even that when memory is out */
        sqlite3_busy_timeout(data->db, BUSY_MS);
    if ((opened != SQLITE_OK && !fail(data, err)) || !prepare(data, seed, err)) {
        data_close(data);
        return NULL;
    }
    return data;
}

void data_close(struct sim_data *data)
{
    if (!data)
        return;
    sqlite3_close(data->db);
    free(data);
}

bool data_begin(struct sim_data *data, struct err *err)
{
    return execute(data, "BEGIN IMMEDIATE", err);
}

bool data_commit(struct sim_data *data, struct err *err)
{
    if (execute(data, "COMMIT", err))
        return true;
    data_rollback(data);
    return false;
}

void data_rollback(struct sim_data *data)
{
    if (!sqlite3_get_autocommit(data->db))
        execute(data, "ROLLBACK", NULL);
}

int64_t data_insert(struct sim_data *data, const struct sim_new *fresh)
{
    const struct sim_row *row = &fresh->row;
    const char *target = row->kind == SIM_MODIFICATION ? row->payment_reference : NULL;
    sqlite3_stmt *stmt = data_query(
        data,
        "INSERT INTO object VALUES(NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
        " ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)",
        "iititt"
        "iti"
        "tttttttttt"
        "iiii"
        "t",
        (int64_t)fresh->env, (int64_t)row->kind, fresh->key, (int64_t)fresh->tag, row->type, target,
        row->amount, row->currency, (int64_t)row->preauth, row->description, row->custom_reference,
        row->poi_id, row->reason, row->failure_reason, row->country, row->locale, row->deliver_at,
        row->url_ok, row->url_ko, row->created_ms, fresh->started_ms, fresh->refused_ms,
        fresh->due_ms, fresh->outcome);
    int64_t id = data_run(stmt) ? sqlite3_last_insert_rowid(data->db) : 0;
    if (id && (fresh->shown_ms || fresh->flip_ms) &&
        !data_run(data_query(data, "INSERT INTO twist VALUES(?1, ?2, ?3)", "iii", id,
                             fresh->shown_ms, fresh->flip_ms)))
        return 0;
    return id;
}

static const char *text_at(sqlite3_stmt *stmt, int column, struct arena *arena)
{
    bool is_null = sqlite3_column_type(stmt, column) == SQLITE_NULL;
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    if (!text && !is_null)
        mem_exhausted();
    return arena_strdup(arena, text);
}

static const char *bytes_at(sqlite3_stmt *stmt, int column, struct arena *arena, size_t *len)
{
    const char *bytes = sqlite3_column_blob(stmt, column); /* NULL when it has none */
    *len = (size_t)sqlite3_column_bytes(stmt, column);
    return bytes ? arena_strndup(arena, bytes, *len) : "";
}

/* A link that got paid: its attempts are worked out from the two moments that are stored. */
static void add_attempts(sqlite3_stmt *stmt, const struct sim_codes *codes, enum sim_env env,
                         int64_t now_ms, struct sim_row *row)
{
    int64_t started = sqlite3_column_int64(stmt, 20);
    int64_t moments[2] = {sqlite3_column_int64(stmt, 21), sqlite3_column_int64(stmt, 22)};
    for (int i = 0; i < 2; i++) {
        if (moments[i] == 0 || moments[i] > now_ms)
            continue;
        struct sim_attempt *attempt = &row->attempts[row->attempt_count++];
        reference_write(codes, env, TAG_ONLINE, row->number, i, attempt->reference);
        attempt->status = i == 0 ? "refused" : "authorised";
        attempt->created_ms = row->created_ms + moments[i] - started;
        if (i == 1) {
            memcpy(row->payment_reference, attempt->reference, sizeof(attempt->reference));
            row->completed_ms = attempt->created_ms;
        }
    }
}

void data_read_row(sqlite3_stmt *stmt, const struct sim_codes *codes, enum sim_env env,
                   int64_t now_ms, struct arena *arena, struct sim_row *row)
{
    *row = (struct sim_row){.kind = (enum sim_kind)sqlite3_column_int(stmt, 1),
                            .number = SIM_STORED + sqlite3_column_int64(stmt, 0),
                            .status = text_at(stmt, 3, arena),
                            .type = text_at(stmt, 4, arena),
                            .amount = sqlite3_column_int64(stmt, 6),
                            .preauth = sqlite3_column_int(stmt, 8) != 0,
                            .description = text_at(stmt, 9, arena),
                            .custom_reference = text_at(stmt, 10, arena),
                            .poi_id = text_at(stmt, 11, arena),
                            .reason = text_at(stmt, 12, arena),
                            .country = text_at(stmt, 14, arena),
                            .locale = text_at(stmt, 15, arena),
                            .deliver_at = text_at(stmt, 16, arena),
                            .url_ok = text_at(stmt, 17, arena),
                            .url_ko = text_at(stmt, 18, arena),
                            .created_ms = sqlite3_column_int64(stmt, 19)};
    snprintf(row->currency, sizeof(row->currency), "%s",
             (const char *)sqlite3_column_text(stmt, 7));
    reference_write(codes, env, (enum sim_tag)sqlite3_column_int(stmt, 2), row->number, 0,
                    row->reference);
    bool done = sqlite3_column_int(stmt, 23) != 0;
    int64_t took = sqlite3_column_int64(stmt, COLUMN_MOVED) - sqlite3_column_int64(stmt, 20);
    row->updated_ms = row->created_ms + (done ? took : 0);
    if (row->kind == SIM_SESSION) {
        add_attempts(stmt, codes, env, now_ms, row);
    } else if (row->kind == SIM_PAYMENT) {
        memcpy(row->payment_reference, row->reference, sizeof(row->reference));
        row->completed_ms = row->updated_ms;
    } else {
        snprintf(row->payment_reference, sizeof(row->payment_reference), "%s",
                 (const char *)sqlite3_column_text(stmt, 5));
        if (done && strcmp(row->status, "failed") == 0)
            row->failure_reason = text_at(stmt, 13, arena);
    }
}

#define LIST_WHERE                                                                                 \
    " FROM (SELECT " COLUMNS ", outcome FROM " OBJECTS " WHERE env = ?2 AND kind = ?3"             \
    " AND shown_ms <= ?10 AND started_ms <= ?11)"                                                  \
    " WHERE (kind <> 1 OR (done AND outcome <> 'none')) AND (?4 IS NULL OR status = ?4)"           \
    " AND (?5 IS NULL OR custom_reference = ?5) AND (?6 IS NULL OR poi_id = ?6)"                   \
    " AND (?7 IS NULL OR payment_reference = ?7) AND created_ms >= ?8 AND created_ms < ?9"

int64_t data_list(struct sim_data *data, const struct sim_filter *filter,
                  const struct sim_codes *codes, const struct sim_sink *sink)
{
#define LIST_VALUES                                                                                \
    filter->now_ms, (int64_t)filter->env, (int64_t)filter->kind, filter->status,                   \
        filter->custom_reference, filter->poi_id, filter->payment_reference, filter->from_ms,      \
        filter->to_ms, filter->hidden_too ? INT64_MAX : filter->now_ms,                            \
        filter->past ? filter->now_ms : INT64_MAX
    int64_t total =
        data_number(data_query(data, "SELECT count(*)" LIST_WHERE, "iiittttiiii", LIST_VALUES), 0);
    if (sink->skip >= total || sink->want <= 0)
        return total;
    sqlite3_stmt *stmt =
        data_query(data, "SELECT *" LIST_WHERE " ORDER BY id DESC LIMIT ?12 OFFSET ?13",
                   "iiittttiiiiii", LIST_VALUES, sink->want, sink->skip);
    while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
        struct sim_row found;
        data_read_row(stmt, codes, filter->env, filter->now_ms, sink->arena, &found);
        sink->row(sink->ctx, &found);
    }
    sqlite3_finalize(stmt);
    return total;
}

bool data_row(struct sim_data *data, const struct sim_codes *codes, const struct sim_place *place,
              struct arena *arena, struct sim_row *out, bool *done)
{
    sqlite3_stmt *stmt = data_query(data,
                                    "SELECT " COLUMNS " FROM " OBJECTS " WHERE id = ?2 AND env = ?3"
                                    " AND kind = ?4 AND outcome <> 'none'",
                                    "iiii", place->now_ms, place->number - SIM_STORED,
                                    (int64_t)place->env, (int64_t)place->kind);
    bool found = stmt && sqlite3_step(stmt) == SQLITE_ROW;
    if (found) {
        data_read_row(stmt, codes, place->env, place->now_ms, arena, out);
        *done = sqlite3_column_int(stmt, 23) != 0;
    }
    sqlite3_finalize(stmt);
    return found;
}

bool data_terminal_busy(struct sim_data *data, enum sim_env env, const char *poi_id, int64_t now_ms)
{
    return data_number(data_query(data,
                                  "SELECT count(*) FROM object WHERE env = ?1 AND kind = 1"
                                  " AND poi_id = ?2 AND due_ms > ?3",
                                  "iti", (int64_t)env, poi_id, now_ms),
                       0) > 0;
}

bool data_find_answer(struct sim_data *data, const struct sim_key *key, int64_t now_ms,
                      struct arena *arena, struct sim_stored_answer *out)
{
    sqlite3_stmt *stmt =
        data_query(data,
                   "SELECT endpoint, body, status, answer, ready_ms FROM answer"
                   " WHERE env = ?1 AND key = ?2 AND NOT EXISTS (SELECT 1 FROM forgotten"
                   " WHERE forgotten.env = ?1 AND forgotten.key = ?2 AND from_ms <= ?3)",
                   "iti", (int64_t)key->env, key->text, now_ms);
    bool found = stmt && sqlite3_step(stmt) == SQLITE_ROW;
    if (found) {
        out->endpoint = arena_strdup(arena, (const char *)sqlite3_column_text(stmt, 0));
        out->body = bytes_at(stmt, 1, arena, &out->body_len);
        out->status = sqlite3_column_int(stmt, 2);
        out->answer = bytes_at(stmt, 3, arena, &out->answer_len);
        out->ready_ms = sqlite3_column_int64(stmt, 4);
    }
    sqlite3_finalize(stmt);
    return found;
}

bool data_keep_answer(struct sim_data *data, const struct sim_key *key,
                      const struct sim_stored_answer *answer)
{
    if (!data_run(data_query(data, "DELETE FROM forgotten WHERE env = ?1 AND key = ?2", "it",
                             (int64_t)key->env, key->text)) ||
        (answer->forget_ms &&
         !data_run(data_query(data, "INSERT INTO forgotten VALUES(?1, ?2, ?3)", "iti",
                              (int64_t)key->env, key->text, answer->forget_ms))))
        return false;
    return data_run(data_query(
        data, "INSERT OR REPLACE INTO answer VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)", "ittbibi",
        (int64_t)key->env, key->text, answer->endpoint, answer->body, answer->body_len,
        (int64_t)answer->status, answer->answer, answer->answer_len, answer->ready_ms));
}

bool data_late_keep(struct sim_data *data, const struct sim_late *late)
{
    return data_run(data_query(data, "INSERT INTO late VALUES(NULL, ?1, ?2, ?3, ?4, ?5)", "iittb",
                               late->due_ms, (int64_t)late->key.env, late->path, late->key.text,
                               late->body, late->body_len));
}

bool data_late_waits(struct sim_data *data, int64_t now_ms)
{
    return data_number(data_query(data, "SELECT EXISTS (SELECT 1 FROM late WHERE due_ms <= ?1)",
                                  "i", now_ms),
                       0) > 0;
}

bool data_late_take(struct sim_data *data, int64_t now_ms, struct arena *arena,
                    struct sim_late *out)
{
    sqlite3_stmt *stmt = data_query(data,
                                    "SELECT id, due_ms, env, path, key, body FROM late"
                                    " WHERE due_ms <= ?1 ORDER BY due_ms, id LIMIT 1",
                                    "i", now_ms);
    int64_t id = 0;
    if (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
        id = sqlite3_column_int64(stmt, 0);
        out->due_ms = sqlite3_column_int64(stmt, 1);
        out->key.env = (enum sim_env)sqlite3_column_int(stmt, 2);
        out->path = text_at(stmt, 3, arena);
        out->key.text = text_at(stmt, 4, arena);
        out->body = bytes_at(stmt, 5, arena, &out->body_len);
    }
    sqlite3_finalize(stmt);
    return id && data_run(data_query(data, "DELETE FROM late WHERE id = ?1", "i", id));
}

void data_note_key(struct sim_data *data, const char *key)
{
    data_run(data_query(data,
                        "INSERT INTO seen VALUES(?1, 1) ON CONFLICT DO UPDATE"
                        " SET requests = requests + 1",
                        "t", key));
}

bool data_first_try(struct sim_data *data, enum sim_env env, const char *poi_id, int64_t amount)
{
    data_run(data_query(data, "DELETE FROM tried WHERE env = ?1 AND poi_id = ?2 AND amount = ?3",
                        "iti", (int64_t)env, poi_id, amount));
    if (sqlite3_changes(data->db) > 0)
        return false;
    return data_run(data_query(data, "INSERT INTO tried VALUES(?1, ?2, ?3)", "iti", (int64_t)env,
                               poi_id, amount));
}
