/* Whether the journal still is what this program wrote: its pages, its tables and triggers, the
   chain of the audit trail, and each intent's row. */
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "money_internal.h"

static bool verify_chain(struct journal *journal, int64_t *entries, struct err *err)
{
    unsigned char hash[HASH_SIZE] = {0}, expected[HASH_SIZE];
    sqlite3_stmt *stmt =
        db_query(journal->db, err, "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY seq", "");
    enum db_step step = DB_FAILED;
    bool good = true;

    while (good && stmt != NULL && (step = db_step(journal->db, stmt, err)) == DB_ROW) {
        audit_hash_row(stmt, hash, expected);
        good = sqlite3_column_int64(stmt, AUDIT_SEQ) == *entries + 1 &&
               audit_is_hash(stmt, AUDIT_HASH, expected);
        if (!good)
            err_set(err, ERR_DATA, "audit entry %" PRId64 " is missing or was changed",
                    *entries + 1);
        memcpy(hash, expected, HASH_SIZE);
        *entries += good;
    }
    db_end(stmt);
    return good && step == DB_DONE;
}

enum { ROW_PLACE, ROW_CONTENT, ROW_BODY, ROW_BODY_HASH, ROW_ID, ROW_FIRST };

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

/* Each intent must be what its last audit entry says it is: shows rows changed without a trace and
   a trail whose end was cut off. */
static bool verify_rows(struct journal *journal, bool sealed, struct err *err)
{
    sqlite3_stmt *stmt =
        db_query(journal->db, err,
                 "SELECT a.rev = i.rev AND a.state = i.state, a.content, i.body, i.body_sha256,"
                 " i.intent_id, i.* FROM intent i LEFT JOIN audit a"
                 " ON a.seq = (SELECT max(seq) FROM audit WHERE intent_id = i.intent_id)",
                 "");
    enum db_step step = DB_FAILED;
    bool good = true;

    while (good && stmt != NULL && (step = db_step(journal->db, stmt, err)) == DB_ROW) {
        good = row_holds(stmt, sealed);
        if (!good)
            err_set(err, ERR_DATA, "intent %s differs from the audit trail",
                    (const char *)sqlite3_column_text(stmt, ROW_ID));
    }
    db_end(stmt);
    return good && step == DB_DONE;
}

/* The trail speaks of no intent that is not there. */
static bool verify_all_there(struct journal *journal, struct err *err)
{
    sqlite3_stmt *stmt = db_query(journal->db, err,
                                  "SELECT intent_id, seq FROM audit WHERE intent_id NOT IN"
                                  " (SELECT intent_id FROM intent) LIMIT 1",
                                  "");
    enum db_step step = stmt == NULL ? DB_FAILED : db_step(journal->db, stmt, err);

    if (step == DB_ROW)
        err_set(err, ERR_DATA, "intent %s of audit entry %" PRId64 " is missing",
                (const char *)sqlite3_column_text(stmt, 0), (int64_t)sqlite3_column_int64(stmt, 1));
    db_end(stmt);
    return step == DB_DONE;
}

bool journal_verify(struct journal *journal, int64_t *entries, struct err *err)
{
    *entries = 0;
    return db_check(journal->db, false, err) &&
           db_check_schema(journal->db, journal_steps, JOURNAL_VERSION, "transition", err) &&
           verify_chain(journal, entries, err) && verify_rows(journal, true, err) &&
           verify_all_there(journal, err);
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
            memcpy(id, sqlite3_column_text(stmt, 0),
                   sizeof id); /* 36 letters: the schema's CHECK */
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
    int64_t entries = 0;

    journal->db = db;
    bool good = db_check(db, false, err) && verify_chain(journal, &entries, err) &&
                verify_rows(journal, false, err) && verify_all_there(journal, err) &&
                seal_rows(journal, err);
    journal->db = NULL; /* it is the journal's once it is open */
    return good;
}
