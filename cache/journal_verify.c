/* Whether the journal still is what this program wrote: its pages, its tables and triggers, the
   chain of the audit trail, and each intent's row. */
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "money_internal.h"

/* Each piece takes a few milliseconds; only SQLite's check of a table is one of its own. */
#define ENTRIES_A_PIECE 1000
#define ROWS_A_PIECE    100

/* The next entries behind those known to hold, at most limit; *more: there may be others. */
static bool verify_chain(struct journal *journal, struct known *known, int64_t limit, bool *more,
                         struct err *err)
{
    unsigned char expected[HASH_SIZE];
    int64_t last = known->entries == 0 ? INT64_MIN : known->entries, count = 0;
    sqlite3_stmt *stmt = db_query(
        journal->db, err, "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq > ? ORDER BY seq LIMIT ?",
        "ii", last, limit);
    enum db_step step = DB_FAILED;
    bool good = true;

    while (good && stmt != NULL && (step = db_step(journal->db, stmt, err)) == DB_ROW) {
        audit_hash_row(stmt, known->hash, expected);
        good = sqlite3_column_int64(stmt, AUDIT_SEQ) == known->entries + 1 &&
               audit_is_hash(stmt, AUDIT_HASH, expected);
        if (!good)
            err_set(err, ERR_DATA, "audit entry %" PRId64 " is missing or was changed",
                    known->entries + 1);
        memcpy(known->hash, expected, HASH_SIZE);
        known->entries += good;
        count++;
    }
    db_end(stmt);
    *more = count == limit;
    return good && step == DB_DONE;
}

enum { ROW_PLACE, ROW_CONTENT, ROW_BODY, ROW_BODY_HASH, ROW_ID, ROW_NUMBER, ROW_FIRST };

/* A row as its last audit entry has it. One from before content was kept shows only its place. */
static bool row_holds(sqlite3_stmt *stmt, bool sealed)
{
    unsigned char hash[HASH_SIZE];

    if (sqlite3_column_int(stmt, ROW_PLACE) != 1)
        return false;
    if (sqlite3_column_type(stmt, ROW_CONTENT) != SQLITE_NULL) {
        audit_hash_content(stmt, ROW_FIRST, hash);
        return audit_is_hash(stmt, ROW_CONTENT, hash);
    }
    crypto_hash_sha256(hash, sqlite3_column_blob(stmt, ROW_BODY),
                       (unsigned long long)sqlite3_column_bytes(stmt, ROW_BODY));
    return !sealed && audit_is_hash(stmt, ROW_BODY_HASH, hash);
}

#define ROWS                                                                                       \
    "SELECT a.rev = i.rev AND a.state = i.state, a.content, i.body, i.body_sha256, i.intent_id,"   \
    " i.rowid, i.* FROM intent i LEFT JOIN audit a"                                                \
    " ON a.seq = (SELECT max(seq) FROM audit WHERE intent_id = i.intent_id) "

/* Each intent must be what its last audit entry says it is: shows rows changed without a trace and
   a trail whose end was cut off. Ends the statement. */
static bool verify_rows(struct journal *journal, sqlite3_stmt *stmt, bool sealed, int64_t *last,
                        int64_t *count, struct err *err)
{
    enum db_step step = DB_FAILED;
    bool good = true;

    *count = 0;
    while (good && stmt != NULL && (step = db_step(journal->db, stmt, err)) == DB_ROW) {
        good = row_holds(stmt, sealed);
        if (!good)
            err_set(err, ERR_DATA, "intent %s differs from the audit trail",
                    db_column(stmt, ROW_ID));
        *last = sqlite3_column_int64(stmt, ROW_NUMBER);
        ++*count;
    }
    db_end(stmt);
    return good && step == DB_DONE;
}

static bool verify_all_rows(struct journal *journal, bool sealed, struct err *err)
{
    int64_t last, count;

    return verify_rows(journal, db_query(journal->db, err, ROWS, ""), sealed, &last, &count, err);
}

/* The trail speaks, behind one entry up to another, of no intent that is not there. */
static bool verify_all_there(struct journal *journal, int64_t behind, int64_t upto, struct err *err)
{
    sqlite3_stmt *stmt =
        db_query(journal->db, err,
                 "SELECT intent_id, seq FROM audit WHERE seq > ? AND seq <= ?"
                 " AND intent_id NOT IN (SELECT intent_id FROM intent) LIMIT 1",
                 "ii", behind, upto);
    enum db_step step = stmt == NULL ? DB_FAILED : db_step(journal->db, stmt, err);

    if (step == DB_ROW)
        err_set(err, ERR_DATA, "intent %s of audit entry %" PRId64 " is missing",
                db_column(stmt, 0), (int64_t)sqlite3_column_int64(stmt, 1));
    db_end(stmt);
    return step == DB_DONE;
}

bool journal_verify(struct journal *journal, int64_t *entries, struct err *err)
{
    struct known known = {.row = INT64_MIN};
    bool more;
    bool good = db_check(journal->db, false, err) &&
                db_check_schema(journal->db, journal_steps, JOURNAL_VERSION, "transition", err) &&
                verify_chain(journal, &known, INT64_MAX, &more, err) &&
                verify_all_rows(journal, true, err) && verify_all_there(journal, 0, INT64_MAX, err);

    *entries = known.entries;
    return good;
}

/* --- in pieces ------------------------------------------------------------------------------- */

/* The file as a whole has had its quick check when it was opened. */
static bool all_indexes(struct journal *journal, struct known *known, bool *more, struct err *err)
{
    *more = false;
    return db_check_table(journal->db, known->part == 0 ? "intent" : "audit", err);
}

static bool some_entries(struct journal *journal, struct known *known, bool *more, struct err *err)
{
    int64_t behind = known->entries;

    return verify_chain(journal, known, ENTRIES_A_PIECE, more, err) &&
           verify_all_there(journal, behind, known->entries, err);
}

static bool some_rows(struct journal *journal, struct known *known, bool *more, struct err *err)
{
    int64_t last = known->row, count;
    sqlite3_stmt *stmt =
        db_query(journal->db, err, ROWS "WHERE i.rowid >= ? ORDER BY i.rowid LIMIT ?", "ii",
                 known->row, (int64_t)ROWS_A_PIECE);
    bool good = verify_rows(journal, stmt, true, &last, &count, err);

    *more = count == ROWS_A_PIECE;
    if (good && count > 0)
        known->row = last + (last < INT64_MAX);
    return good;
}

typedef bool piece_fn(struct journal *journal, struct known *known, bool *more, struct err *err);

bool journal_verify_some(struct journal *journal, bool *more, struct err *err)
{
    static piece_fn *const parts[] = {all_indexes, all_indexes, some_entries, some_rows};
    struct known *known = &journal->known;

    *more = known->part < COUNT_OF(parts);
    if (!*more)
        return true;
    bool good = parts[known->part](journal, known, more, err);
    if (good && !*more)
        *more = ++known->part < COUNT_OF(parts);
    return good;
}

bool journal_verify_rest(struct journal *journal, struct err *err)
{
    bool more = true;
    int64_t last, count;

    while (more)
        if (!journal_verify_some(journal, &more, err))
            return false;
    int64_t behind = journal->known.entries;
    return db_check_schema(journal->db, journal_steps, JOURNAL_VERSION, "transition", err) &&
           verify_chain(journal, &journal->known, INT64_MAX, &more, err) &&
           verify_all_there(journal, behind, INT64_MAX, err) &&
           verify_rows(journal,
                       db_query(journal->db, err,
                                ROWS "WHERE i.intent_id IN"
                                     " (SELECT intent_id FROM audit WHERE seq > ?)",
                                "i", behind),
                       true, &last, &count, err);
}

/* --- from an older version ------------------------------------------------------------------- */

/* An entry for each intent that keeps it where it is: from then on its content is in the chain. */
static bool seal_rows(struct journal *journal, struct err *err)
{
    char id[INTENT_ID_SIZE] = "";
    bool more = true;

    while (more) {
        struct place place;
        sqlite3_stmt *stmt = db_query(
            journal->db, err,
            "SELECT intent_id FROM intent WHERE intent_id > ? ORDER BY intent_id LIMIT 1", "t", id);
        enum db_step step = stmt == NULL ? DB_FAILED : db_step(journal->db, stmt, err);
        more = step == DB_ROW;
        if (more)
            memcpy(id, db_column(stmt, 0), sizeof id); /* 36 letters: the schema's CHECK */
        db_end(stmt);
        if (step == DB_FAILED || (more && !journal_read_place(journal, id, &place, err)))
            return false;
        struct audit_fact fact = {.intent_id = id,
                                  .event = "sealed",
                                  .state = more ? intent_state_name(place.state) : "",
                                  .rev = more ? place.rev : 0};
        if (more && !audit_append(journal, &fact, err))
            return false;
    }
    return true;
}

bool journal_carry(void *ctx, struct db *db, struct err *err)
{
    struct journal *journal = ctx;
    struct known known = {.row = INT64_MIN};
    bool more;

    journal->db = db;
    bool good = db_check(db, false, err) &&
                verify_chain(journal, &known, INT64_MAX, &more, err) &&
                verify_all_rows(journal, false, err) &&
                verify_all_there(journal, 0, INT64_MAX, err) &&
                seal_rows(journal, err);
    journal->db = NULL; /* it is the journal's once it is open */
    return good;
}
