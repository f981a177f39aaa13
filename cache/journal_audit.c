/* The audit trail: who did what, when, from where, chained by SHA-256 so that an edit, removal,
   reordering or insertion shows. The limit: whoever owns the file can rewrite all of it. */
#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

#include "money_internal.h"

/* --- the hash of a row: previous hash, then each field with its length ----------------------- */

static void hash_text(crypto_hash_sha256_state *state, const char *text)
{
    uint32_t len = text == NULL ? UINT32_MAX : (uint32_t)strlen(text);
    unsigned char prefix[4] = {(unsigned char)(len >> 24), (unsigned char)(len >> 16),
                               (unsigned char)(len >> 8), (unsigned char)len};

    crypto_hash_sha256_update(state, prefix, sizeof prefix);
    if (text != NULL)
        crypto_hash_sha256_update(state, (const unsigned char *)text, len);
}

static void hash_int(crypto_hash_sha256_state *state, int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, value);
    hash_text(state, text);
}

/* Columns in the order of the select below, which is the canonical one. */
#define AUDIT_COLUMNS                                                                              \
    "seq, utc, clock, intent_id, event, state, rev, person, os_user, tty, origin, host,"           \
    " trace_id, detail, hash"
enum {
    COL_SEQ,
    COL_UTC,
    COL_CLOCK,
    COL_INTENT,
    COL_EVENT,
    COL_STATE,
    COL_REV,
    COL_PERSON,
    COL_USER,
    COL_TTY,
    COL_ORIGIN,
    COL_HOST,
    COL_TRACE,
    COL_DETAIL,
    COL_HASH
};

static const char *column(sqlite3_stmt *stmt, int index)
{
    return (const char *)sqlite3_column_text(stmt, index);
}

static void hash_row(sqlite3_stmt *stmt, const unsigned char previous[HASH_SIZE],
                     unsigned char out[HASH_SIZE])
{
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, previous, HASH_SIZE);
    for (int i = COL_SEQ; i < COL_HASH; i++)
        if (i == COL_SEQ || i == COL_UTC || i == COL_REV)
            hash_int(&state, sqlite3_column_int64(stmt, i));
        else
            hash_text(&state, column(stmt, i));
    crypto_hash_sha256_final(&state, out);
}

/* --- appending ------------------------------------------------------------------------------- */

static const char *clock_state(void)
{
    struct timex now = {0};
    int rc = adjtimex(&now);

    return rc < 0 ? "unknown" : (now.status & STA_UNSYNC) != 0 ? "unsynchronised" : "synchronised";
}

static bool read_head(struct journal *journal, int64_t *seq, unsigned char hash[HASH_SIZE],
                      struct err *err)
{
    sqlite3_stmt *stmt =
        db_query(journal->db, err, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", "");

    *seq = 0;
    memset(hash, 0, HASH_SIZE);
    if (stmt == NULL)
        return false;
    enum db_step step = db_step(journal->db, stmt, err);
    if (step == DB_ROW) {
        *seq = sqlite3_column_int64(stmt, 0);
        assert(sqlite3_column_bytes(stmt, 1) == HASH_SIZE);
        memcpy(hash, sqlite3_column_blob(stmt, 1), HASH_SIZE);
    }
    db_end(stmt);
    return step != DB_FAILED;
}

static const char *or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

bool audit_append(struct journal *journal, const struct audit_fact *fact, struct err *err)
{
    unsigned char hash[HASH_SIZE];
    int64_t seq, utc = clock_utc_ms();
    const char *clock = clock_state();
    crypto_hash_sha256_state state;

    assert(db_in_transaction(journal->db));
    if (!read_head(journal, &seq, hash, err))
        return false;
    const char *texts[] = {
        journal->person, journal->os_user, or_null(journal->tty), or_null(journal->origin),
        journal->host,   fact->trace_id,   fact->detail};
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, hash, HASH_SIZE);
    hash_int(&state, ++seq);
    hash_int(&state, utc);
    hash_text(&state, clock);
    hash_text(&state, fact->intent_id);
    hash_text(&state, fact->event);
    hash_text(&state, fact->state);
    hash_int(&state, fact->rev);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        hash_text(&state, texts[i]);
    crypto_hash_sha256_final(&state, hash);
    return db_run(journal->db, err,
                  "INSERT INTO audit(" AUDIT_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                  "iittttitttttttb", seq, utc, clock, fact->intent_id, fact->event, fact->state,
                  fact->rev, texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6],
                  (const void *)hash, sizeof hash);
}

/* --- reading and checking -------------------------------------------------------------------- */

bool journal_audit(struct journal *journal, bool (*fn)(void *ctx, const struct audit_entry *entry),
                   void *ctx, struct err *err)
{
    sqlite3_stmt *stmt =
        db_query(journal->db, err, "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY seq", "");
    enum db_step step = DB_FAILED;

    while (stmt != NULL && (step = db_step(journal->db, stmt, err)) == DB_ROW) {
        char hex[2 * HASH_SIZE + 1];
        sodium_bin2hex(hex, sizeof hex, sqlite3_column_blob(stmt, COL_HASH), HASH_SIZE);
        struct audit_entry entry = {.seq = sqlite3_column_int64(stmt, COL_SEQ),
                                    .utc_ms = sqlite3_column_int64(stmt, COL_UTC),
                                    .intent_id = column(stmt, COL_INTENT),
                                    .event = column(stmt, COL_EVENT),
                                    .person = column(stmt, COL_PERSON),
                                    .os_user = column(stmt, COL_USER),
                                    .tty = column(stmt, COL_TTY),
                                    .origin = column(stmt, COL_ORIGIN),
                                    .trace_id = column(stmt, COL_TRACE),
                                    .detail = column(stmt, COL_DETAIL),
                                    .hash = hex};
        if (!fn(ctx, &entry)) {
            step = DB_DONE;
            break;
        }
    }
    db_end(stmt);
    return step == DB_DONE;
}

static bool verify_chain(struct journal *journal, int64_t *entries, struct err *err)
{
    unsigned char hash[HASH_SIZE] = {0}, expected[HASH_SIZE];
    sqlite3_stmt *stmt =
        db_query(journal->db, err, "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY seq", "");
    enum db_step step = DB_FAILED;
    bool good = true;

    while (good && stmt != NULL && (step = db_step(journal->db, stmt, err)) == DB_ROW) {
        hash_row(stmt, hash, expected);
        good = sqlite3_column_int64(stmt, COL_SEQ) == *entries + 1 &&
               sqlite3_column_bytes(stmt, COL_HASH) == HASH_SIZE &&
               memcmp(sqlite3_column_blob(stmt, COL_HASH), expected, HASH_SIZE) == 0;
        if (!good)
            err_set(err, ERR_DATA, "audit entry %" PRId64 " is missing or was changed",
                    *entries + 1);
        memcpy(hash, expected, HASH_SIZE);
        *entries += good;
    }
    db_end(stmt);
    return good && step == DB_DONE;
}

/* Each intent must be where its last audit row says it is: shows rows changed without a trace and a
   trail whose end was cut off. */
static bool verify_rows(struct journal *journal, struct err *err)
{
    sqlite3_stmt *stmt = db_query(
        journal->db, err,
        "SELECT i.intent_id, i.body, i.body_sha256, (SELECT a.rev = i.rev AND a.state = i.state"
        " FROM audit a WHERE a.intent_id = i.intent_id ORDER BY a.seq DESC LIMIT 1) FROM intent i",
        "");
    enum db_step step = DB_FAILED;
    bool good = true;

    while (good && stmt != NULL && (step = db_step(journal->db, stmt, err)) == DB_ROW) {
        unsigned char hash[HASH_SIZE];
        crypto_hash_sha256(hash, sqlite3_column_blob(stmt, 1),
                           (unsigned long long)sqlite3_column_bytes(stmt, 1));
        good = sqlite3_column_int(stmt, 3) == 1 &&
               memcmp(hash, sqlite3_column_blob(stmt, 2), HASH_SIZE) == 0;
        if (!good)
            err_set(err, ERR_DATA, "intent %s differs from the audit trail", column(stmt, 0));
    }
    db_end(stmt);
    return good && step == DB_DONE;
}

bool journal_verify(struct journal *journal, int64_t *entries, struct err *err)
{
    *entries = 0;
    return verify_chain(journal, entries, err) && verify_rows(journal, err);
}
