/* The audit trail: who did what, when, from where, chained by SHA-256 so that an edit, removal,
   reordering or insertion shows. Each entry also holds the hash of the intent's row after the
   change, so that the trail speaks for the rows as well. The limit: whoever owns the file can
   rewrite all of it, or cut its end off with all that this tells of; only a head kept elsewhere
   shows that. */
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

static const char *column(sqlite3_stmt *stmt, int index)
{
    return db_column(stmt, index);
}

bool audit_is_hash(sqlite3_stmt *stmt, int column, const unsigned char hash[HASH_SIZE])
{
    return sqlite3_column_bytes(stmt, column) == HASH_SIZE &&
           memcmp(sqlite3_column_blob(stmt, column), hash, HASH_SIZE) == 0;
}

/* The content comes last and not at all where there is none, as in entries of the first version. */
void audit_hash_row(sqlite3_stmt *stmt, const unsigned char previous[HASH_SIZE],
                    unsigned char out[HASH_SIZE])
{
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, previous, HASH_SIZE);
    for (int i = AUDIT_SEQ; i < AUDIT_CONTENT; i++)
        if (i == AUDIT_SEQ || i == AUDIT_UTC || i == AUDIT_REV)
            hash_int(&state, sqlite3_column_int64(stmt, i));
        else
            hash_text(&state, column(stmt, i));
    if (sqlite3_column_type(stmt, AUDIT_CONTENT) != SQLITE_NULL)
        crypto_hash_sha256_update(&state, sqlite3_column_blob(stmt, AUDIT_CONTENT),
                                  (unsigned long long)sqlite3_column_bytes(stmt, AUDIT_CONTENT));
    crypto_hash_sha256_final(&state, out);
}

/* Each value with its type and length: no two different rows are the same bytes. */
void audit_hash_content(sqlite3_stmt *stmt, int first, unsigned char out[HASH_SIZE])
{
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    for (int i = first; i < sqlite3_column_count(stmt); i++) {
        int type = sqlite3_column_type(stmt, i);
        const void *bytes = type == SQLITE_BLOB ? sqlite3_column_blob(stmt, i)
                                                : (const void *)db_column(stmt, i);
        int len = sqlite3_column_bytes(stmt, i);
        hash_int(&state, type);
        hash_int(&state, len);
        if (len > 0)
            crypto_hash_sha256_update(&state, bytes, (unsigned long long)len);
    }
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
    bool good = step != DB_FAILED;
    if (step == DB_ROW) {
        *seq = sqlite3_column_int64(stmt, 0);
        if (sqlite3_column_bytes(stmt, 1) == HASH_SIZE)
            memcpy(hash, sqlite3_column_blob(stmt, 1), HASH_SIZE);
        else
            good = err_set(err, ERR_DATA, "audit entry %" PRId64 " has no hash", *seq);
    }
    db_end(stmt);
    return good;
}

bool journal_head(struct journal *journal, char head[JOURNAL_HEAD_SIZE], struct err *err)
{
    unsigned char hash[HASH_SIZE];
    int64_t seq;
    bool good = read_head(journal, &seq, hash, err);

    sodium_bin2hex(head, JOURNAL_HEAD_SIZE, hash, HASH_SIZE);
    return good;
}

static bool read_content(struct journal *journal, const char *id, unsigned char hash[HASH_SIZE],
                         struct err *err)
{
    sqlite3_stmt *stmt =
        db_query(journal->db, err, "SELECT * FROM intent WHERE intent_id = ?", "t", id);

    if (stmt == NULL)
        return false;
    enum db_step step = db_step(journal->db, stmt, err);
    if (step == DB_ROW)
        audit_hash_content(stmt, 0, hash);
    assert(step != DB_DONE); /* its row was changed in this very transaction */
    db_end(stmt);
    return step == DB_ROW;
}

static const char *or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

bool audit_append(struct journal *journal, const struct audit_fact *fact, struct err *err)
{
    unsigned char hash[HASH_SIZE], content[HASH_SIZE];
    int64_t seq, utc = clock_utc_ms();
    const char *clock = clock_state();
    crypto_hash_sha256_state state;

    assert(db_in_transaction(journal->db));
    if (!read_head(journal, &seq, hash, err) ||
        !read_content(journal, fact->intent_id, content, err))
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
    crypto_hash_sha256_update(&state, content, HASH_SIZE);
    crypto_hash_sha256_final(&state, hash);
    return db_run(journal->db, err,
                  "INSERT INTO audit(" AUDIT_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                  "iittttitttttttbb", seq, utc, clock, fact->intent_id, fact->event, fact->state,
                  fact->rev, texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6],
                  (const void *)content, sizeof content, (const void *)hash, sizeof hash);
}

/* --- reading --------------------------------------------------------------------------------- */

bool journal_audit(struct journal *journal, bool (*fn)(void *ctx, const struct audit_entry *entry),
                   void *ctx, struct err *err)
{
    sqlite3_stmt *stmt =
        db_query(journal->db, err, "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY seq", "");
    enum db_step step = DB_FAILED;

    while (stmt != NULL && (step = db_step(journal->db, stmt, err)) == DB_ROW) {
        char hex[2 * HASH_SIZE + 1] = "";
        if (sqlite3_column_bytes(stmt, AUDIT_HASH) == HASH_SIZE)
            sodium_bin2hex(hex, sizeof hex, sqlite3_column_blob(stmt, AUDIT_HASH), HASH_SIZE);
        struct audit_entry entry = {.seq = sqlite3_column_int64(stmt, AUDIT_SEQ),
                                    .utc_ms = sqlite3_column_int64(stmt, AUDIT_UTC),
                                    .intent_id = column(stmt, AUDIT_INTENT),
                                    .event = column(stmt, AUDIT_EVENT),
                                    .person = column(stmt, AUDIT_PERSON),
                                    .os_user = column(stmt, AUDIT_USER),
                                    .tty = column(stmt, AUDIT_TTY),
                                    .origin = column(stmt, AUDIT_ORIGIN),
                                    .trace_id = column(stmt, AUDIT_TRACE),
                                    .detail = column(stmt, AUDIT_DETAIL),
                                    .hash = hex};
        if (!fn(ctx, &entry)) {
            step = DB_DONE;
            break;
        }
    }
    db_end(stmt);
    return step == DB_DONE;
}
