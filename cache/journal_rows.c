/* Reading the journal: intents one by one and in sets. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "money_internal.h"

/* How long an accepted modification usually stays open; after that it needs an eye. */
#define OLD_ACCEPTED_MS (INT64_C(3600) * 1000)
/* So long after a charge the same one is more likely a mistake than a second guest. */
#define REPEAT_MS (INT64_C(10) * 60 * 1000)

/* --- names ----------------------------------------------------------------------------------- */

static const char *const state_names[] = {
#define X(id, name) [INTENT_##id] = name,
    INTENT_STATES(X)
#undef X
};

const char *intent_state_name(enum intent_state state)
{
    assert(state < INTENT_STATE_COUNT);
    return state_names[state];
}

bool intent_state_from_name(const char *name, enum intent_state *out)
{
    for (int i = 0; name != NULL && i < INTENT_STATE_COUNT; i++)
        if (strcmp(name, state_names[i]) == 0) {
            *out = (enum intent_state)i;
            return true;
        }
    return false;
}

bool intent_state_is_final(enum intent_state state)
{
    switch (state) {
    case INTENT_PREPARED:
    case INTENT_SENT:
    case INTENT_UNKNOWN:
    case INTENT_ACCEPTED:
    case INTENT_MANUAL:
        return false;
    default:
        return true;
    }
}

static enum op_kind kind_from_name(const char *name)
{
    int kind = 0;

    while (kind < OP_KINDS - 1 && strcmp(name, op_name((enum op_kind)kind)) != 0)
        kind++;
    return (enum op_kind)kind; /* the schema's CHECK lets no other word in */
}

/* --- a row ----------------------------------------------------------------------------------- */

#define INTENT_COLUMNS                                                                             \
    "intent_id, tag, kind, state, rev, target, amount_minor, currency, reference, description,"    \
    " reason, is_preauth, person, created_utc, sent_utc, changed_utc, sent_boot_id, sent_boot_ms," \
    " owner, attempt, http_status, code, message, trace_id, server_reference, server_status,"      \
    " payment_url, why, acknowledged_utc, quiet_boot_id, quiet_boot_ms"
enum {
    COL_ID,
    COL_TAG,
    COL_KIND,
    COL_STATE,
    COL_REV,
    COL_TARGET,
    COL_AMOUNT,
    COL_CURRENCY,
    COL_REFERENCE,
    COL_DESCRIPTION,
    COL_REASON,
    COL_PREAUTH,
    COL_PERSON,
    COL_CREATED,
    COL_SENT,
    COL_CHANGED,
    COL_SENT_BOOT,
    COL_SENT_BOOT_MS,
    COL_OWNER,
    COL_ATTEMPT,
    COL_HTTP,
    COL_CODE,
    COL_MESSAGE,
    COL_TRACE,
    COL_SERVER_REFERENCE,
    COL_SERVER_STATUS,
    COL_URL,
    COL_WHY,
    COL_ACK,
    COL_QUIET_BOOT,
    COL_QUIET_BOOT_MS
};

static bool same_boot(sqlite3_stmt *stmt, int column)
{
    const char *boot = db_column(stmt, column);

    return boot != NULL && strcmp(boot, clock_boot_id()) == 0;
}

int64_t journal_quiet_ms(const struct journal *journal, enum op_kind kind)
{
    return kind == OP_CHARGE || kind == OP_LINK ? journal->quiet_charge_ms
                                                : journal->quiet_modification_ms;
}

/* Times derived from clocks and from what this process plans. */
static void fill_times(const struct journal *journal, sqlite3_stmt *stmt, struct intent *out)
{
    int64_t boot = clock_boot_ms(), utc = clock_utc_ms();

    out->created_ms = sqlite3_column_int64(stmt, COL_CREATED);
    out->sent_ms = sqlite3_column_int64(stmt, COL_SENT);
    out->changed_ms = sqlite3_column_int64(stmt, COL_CHANGED);
    if (out->sent_ms != 0)
        out->age_ms = same_boot(stmt, COL_SENT_BOOT)
                          ? boot - sqlite3_column_int64(stmt, COL_SENT_BOOT_MS)
                          : utc - out->sent_ms;
    if (out->age_ms < 0)
        out->age_ms = 0;
    if (out->state == INTENT_UNKNOWN && same_boot(stmt, COL_QUIET_BOOT))
        out->quiet_until_ms = utc - boot + sqlite3_column_int64(stmt, COL_QUIET_BOOT_MS) +
                              journal_quiet_ms(journal, out->kind);
    for (size_t i = 0; i < journal->note_count; i++)
        if (strcmp(journal->notes[i].id, out->id) == 0)
            out->next_look_ms = journal->notes[i].at_ms;
}

static void fill(struct journal *journal, sqlite3_stmt *stmt, struct arena *arena,
                 struct intent *out)
{
    *out =
        (struct intent){.kind = kind_from_name(db_column(stmt, COL_KIND)),
                        .rev = sqlite3_column_int64(stmt, COL_REV),
                        .target = db_text(stmt, COL_TARGET, arena),
                        .reference = db_text(stmt, COL_REFERENCE, arena),
                        .description = db_text(stmt, COL_DESCRIPTION, arena),
                        .reason = db_text(stmt, COL_REASON, arena),
                        .is_preauth = sqlite3_column_int(stmt, COL_PREAUTH) != 0,
                        .person = db_text(stmt, COL_PERSON, arena),
                        .attempt = sqlite3_column_int(stmt, COL_ATTEMPT),
                        .http_status = sqlite3_column_int(stmt, COL_HTTP),
                        .code = sqlite3_column_int(stmt, COL_CODE),
                        .message = db_text(stmt, COL_MESSAGE, arena),
                        .trace_id = db_text(stmt, COL_TRACE, arena),
                        .server_reference = db_text(stmt, COL_SERVER_REFERENCE, arena),
                        .server_status = db_text(stmt, COL_SERVER_STATUS, arena),
                        .payment_url = db_text(stmt, COL_URL, arena),
                        .why = db_text(stmt, COL_WHY, arena),
                        .acknowledged = sqlite3_column_type(stmt, COL_ACK) != SQLITE_NULL};
    snprintf(out->id, sizeof out->id, "%s", db_column(stmt, COL_ID));
    snprintf(out->tag, sizeof out->tag, "%s", db_column(stmt, COL_TAG));
    bool known = intent_state_from_name(db_column(stmt, COL_STATE), &out->state);
    assert(known);
    if (sqlite3_column_type(stmt, COL_AMOUNT) != SQLITE_NULL)
        out->amount = money_make(sqlite3_column_int64(stmt, COL_AMOUNT),
                                 db_column(stmt, COL_CURRENCY));
    out->own = (out->state == INTENT_PREPARED || out->state == INTENT_SENT) &&
               strcmp(db_column(stmt, COL_OWNER), owner_name(journal->owner)) == 0;
    fill_times(journal, stmt, out);
    journal_lay_unwritten(journal, out->id, arena, out, true);
}

/* The first row of a begun statement; ends it. */
static bool take_one(struct journal *journal, sqlite3_stmt *stmt, struct arena *arena,
                     struct intent *out, struct err *err)
{
    if (stmt == NULL)
        return false;
    enum db_step step = db_step(journal->db, stmt, err);
    if (step == DB_ROW)
        fill(journal, stmt, arena, out);
    db_end(stmt);
    if (step == DB_DONE)
        err_set(err, ERR_NOT_FOUND, "no such intent");
    return step == DB_ROW;
}

bool journal_get(struct journal *journal, const char *id, struct arena *arena, struct intent *out,
                 struct err *err)
{
    return take_one(journal,
                    db_query(journal->db, err,
                             "SELECT " INTENT_COLUMNS " FROM intent WHERE intent_id = ?", "t", id),
                    arena, out, err) ||
           journal_lay_unwritten(journal, id, arena, out, false);
}

bool journal_find_tag(struct journal *journal, const char *tag, struct arena *arena,
                      struct intent *out, struct err *err)
{
    return take_one(journal,
                    db_query(journal->db, err,
                             "SELECT " INTENT_COLUMNS " FROM intent WHERE tag = lower(?)", "t",
                             tag),
                    arena, out, err);
}

bool journal_find_claim(struct journal *journal, const char *server_reference, struct arena *arena,
                        struct intent *out, struct err *err)
{
    return take_one(journal,
                    db_query(journal->db, err,
                             "SELECT " INTENT_COLUMNS " FROM intent WHERE server_reference = ?",
                             "t", server_reference),
                    arena, out, err);
}

bool journal_holder(struct journal *journal, enum op_kind kind, const char *target,
                    struct arena *arena, struct intent *out, struct err *err)
{
    static const char *const sql[] = {
        "SELECT " INTENT_COLUMNS " FROM intent WHERE target = ? AND kind = 'charge'"
        " AND state IN ('prepared','sent','unknown')",
        "SELECT " INTENT_COLUMNS " FROM intent WHERE target = ?"
        " AND kind IN ('refund','capture','cancel','extend')"
        " AND state IN ('prepared','sent','unknown','accepted')",
    };

    assert(kind != OP_LINK);
    return take_one(journal, db_query(journal->db, err, sql[kind != OP_CHARGE], "t", target), arena,
                    out, err);
}

bool journal_find_repeat(struct journal *journal, const struct op_request *request,
                         struct arena *arena, struct intent *out, struct err *err)
{
    return take_one(
        journal,
        db_query(journal->db, err,
                 "SELECT " INTENT_COLUMNS " FROM intent WHERE kind = 'charge'"
                 " AND state NOT IN ('void','rejected','declined','not_executed')"
                 " AND (reference = ?1 OR"
                 "  (target = ?2 AND amount_minor = ?3 AND currency = ?4 AND created_utc >= ?5))"
                 " ORDER BY rowid DESC LIMIT 1", /* as written down, whatever the clock said */
                 "ttiti", request->reference, request->target, request->amount.minor,
                 request->amount.currency, clock_utc_ms() - REPEAT_MS),
        arena, out, err);
}

bool journal_get_extra(struct journal *journal, const char *id, struct arena *arena,
                       struct intent_extra *out, struct err *err)
{
    sqlite3_stmt *stmt =
        db_query(journal->db, err,
                 "SELECT baseline, evidence, sent_boot_id, sent_boot_ms, quiet_boot_id,"
                 " quiet_boot_ms, quiet_utc, charged, reconciled_utc"
                 " FROM intent WHERE intent_id = ?",
                 "t", id);
    if (stmt == NULL)
        return false;
    enum db_step step = db_step(journal->db, stmt, err);
    if (step == DB_ROW)
        *out = (struct intent_extra){.baseline = db_text(stmt, 0, arena),
                                     .evidence = db_text(stmt, 1, arena),
                                     .same_boot = same_boot(stmt, 2),
                                     .sent_boot_ms = sqlite3_column_int64(stmt, 3),
                                     .quiet_known = same_boot(stmt, 4),
                                     .quiet_boot_ms = sqlite3_column_int64(stmt, 5),
                                     .quiet_utc_ms = sqlite3_column_int64(stmt, 6),
                                     .charged = sqlite3_column_int(stmt, 7),
                                     .reconciled = sqlite3_column_type(stmt, 8) != SQLITE_NULL};
    db_end(stmt);
    if (step == DB_DONE)
        err_set(err, ERR_NOT_FOUND, "no such intent");
    return step == DB_ROW;
}

/* --- sets ------------------------------------------------------------------------------------ */

/* All rows of a begun statement, or of NULL none; ends it. */
static bool take_all(struct journal *journal, sqlite3_stmt *stmt, struct intent_page *page,
                     struct err *err)
{
    size_t room = 0;
    enum db_step step = DB_FAILED;

    *page = (struct intent_page){0};
    while (stmt != NULL && (step = db_step(journal->db, stmt, err)) == DB_ROW) {
        if (page->count == room) {
            struct intent *old = page->rows;
            room = room == 0 ? 32 : room * 2;
            page->rows = arena_alloc(&page->arena, room * sizeof *page->rows);
            if (page->count > 0)
                memcpy(page->rows, old, page->count * sizeof *old);
        }
        fill(journal, stmt, &page->arena, &page->rows[page->count++]);
    }
    db_end(stmt);
    if (step == DB_DONE)
        return true;
    intent_page_done(page);
    return false;
}

bool journal_list(struct journal *journal, enum intent_set set, int limit, struct intent_page *page,
                  struct err *err)
{
    /* ?1 is the UTC before which an accepted modification counts as old */
    static const char *const sql[] = {
        [INTENTS_ALL] = "SELECT " INTENT_COLUMNS " FROM intent WHERE ?1 IS NOT NULL"
                        " ORDER BY created_utc DESC, intent_id LIMIT ?2",
        [INTENTS_OPEN] = "SELECT " INTENT_COLUMNS " FROM intent WHERE ?1 IS NOT NULL AND"
                         " state IN ('prepared','sent','unknown','accepted','manual')"
                         " ORDER BY created_utc DESC, intent_id LIMIT ?2",
        [INTENTS_UNRESOLVED] = "SELECT " INTENT_COLUMNS " FROM intent WHERE ?1 IS NOT NULL AND"
                               " state IN ('sent','unknown','manual')"
                               " ORDER BY created_utc DESC, intent_id LIMIT ?2",
        [INTENTS_ATTENTION] = "SELECT " INTENT_COLUMNS " FROM intent WHERE"
                              " state IN ('unknown','manual')"
                              " OR (state = 'failed' AND acknowledged_utc IS NULL)"
                              " OR (state = 'accepted' AND changed_utc < ?1)"
                              " OR (acknowledged_utc IS NULL AND kind <> 'link'"
                              "  AND (kind = 'charge' OR quiet_utc IS NOT NULL)"
                              "  AND state IN ('confirmed','declined','rejected','not_executed',"
                              "   'succeeded'))"
                              " ORDER BY state <> 'manual', state <> 'unknown',"
                              " state IN ('failed','accepted'), created_utc DESC,"
                              " intent_id LIMIT ?2",
    };
    sqlite3_stmt *stmt =
        db_query(journal->db, err, sql[set], "ii", clock_utc_ms() - OLD_ACCEPTED_MS,
                 limit <= 0 ? INT64_C(-1) : (int64_t)limit);
    return take_all(journal, stmt, page, err);
}

bool journal_about(struct journal *journal, const char *id, const char *payment_reference,
                   struct intent_page *page, struct err *err)
{
    return take_all(journal,
                    db_query(journal->db, err,
                             "SELECT " INTENT_COLUMNS " FROM intent WHERE target = ?1"
                             " OR server_reference = ?1 OR server_reference = ?2"
                             " ORDER BY created_utc, intent_id",
                             "tt", payment_reference, id),
                    page, err);
}

void intent_page_done(struct intent_page *page)
{
    arena_done(&page->arena);
    *page = (struct intent_page){0};
}
