/* Changes of the journal that come neither from an answer nor from a reading: recovery of what dead
   processes left, what people do by hand, ticks. The protocol is at the head of journal.c. */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "money_internal.h"

/* --- changes that keep the state ------------------------------------------------------------- */

static const char event_reconciled[] = "reconciled";
static const char event_acknowledged[] = "acknowledged";
static const char event_quiet[] = "quiet restarted";

/* Inside the open transaction. An event other than the three above is a remark, kept in why. */
static bool touch(struct journal *journal, const char *id, const char *event, const char *detail,
                  struct err *err)
{
    struct place place;

    if (!journal_read_place(journal, id, &place, err))
        return false;
    if (!db_run(journal->db, err,
                "UPDATE intent SET rev = rev + 1,"
                " quiet_utc = iif(?1 = 'quiet restarted', ?2, quiet_utc),"
                " quiet_boot_id = iif(?1 = 'quiet restarted', ?3, quiet_boot_id),"
                " quiet_boot_ms = iif(?1 = 'quiet restarted', ?4, quiet_boot_ms),"
                " reconciled_utc = iif(?1 = 'reconciled', ?2, reconciled_utc),"
                " acknowledged_utc = iif(?1 = 'acknowledged', ?2, acknowledged_utc),"
                " why = iif(?1 IN ('quiet restarted', 'reconciled', 'acknowledged'), why, ?5)"
                " WHERE intent_id = ?6 AND rev = ?7",
                "titi"
                "tti",
                event, clock_utc_ms(), clock_boot_id(), clock_boot_ms(), detail, id, place.rev))
        return false;
    struct audit_fact fact = {.intent_id = id,
                              .event = event,
                              .state = intent_state_name(place.state),
                              .detail = detail,
                              .rev = place.rev + 1};
    return audit_append(journal, &fact, err);
}

static bool touch_alone(struct journal *journal, const char *id, const char *event,
                        const char *detail, struct err *err)
{
    struct err local = {0};

    if (err == NULL)
        err = &local;
    if (!journal_write_begin(journal, err))
        return false;
    return journal_write_end(journal, touch(journal, id, event, detail, err), err);
}

bool journal_quiet_anew(struct journal *journal, const char *id, const char *detail,
                        struct err *err)
{
    return touch(journal, id, event_quiet, detail, err);
}

bool journal_remark(struct journal *journal, const char *id, const char *event, const char *why,
                    struct err *err)
{
    return touch_alone(journal, id, event, why, err);
}

bool journal_reconciled(struct journal *journal, const char *id, struct err *err)
{
    return touch_alone(journal, id, event_reconciled, NULL, err);
}

bool journal_acknowledge(struct journal *journal, const char *id, const char *note, struct err *err)
{
    if (note != NULL && op_holds_card_number(note))
        return err_set(err, ERR_INVALID, "note: looks like a card number");
    return touch_alone(journal, id, event_acknowledged, note, err);
}

/* --- by hand --------------------------------------------------------------------------------- */

bool journal_resolve(struct journal *journal, const char *id, bool charged, const char *evidence,
                     struct err *err)
{
    struct intent_move move = {.to = INTENT_RESOLVED,
                               .why = charged ? "by hand: charged" : "by hand: not charged",
                               .evidence = evidence,
                               .charged = charged ? 1 : 2};

    if (evidence == NULL || strspn(evidence, " \t\r\n") == strlen(evidence))
        return err_set(err, ERR_INVALID, "evidence: says nothing");
    if (op_holds_card_number(evidence))
        return err_set(err, ERR_INVALID, "evidence: looks like a card number");
    return journal_move(journal, id, &move, err);
}

/* --- recovery -------------------------------------------------------------------------------- */

struct left_behind {
    char id[INTENT_ID_SIZE];
    enum intent_state state;
};

/* A row that its process will not carry on with, or whose quiet period was counted in another boot.
 */
static bool is_left_behind(struct journal *journal, sqlite3_stmt *stmt, enum intent_state state)
{
    const char *quiet_boot = db_column(stmt, 4);

    if (state == INTENT_UNKNOWN)
        return quiet_boot == NULL || strcmp(quiet_boot, clock_boot_id()) != 0;
    return !owner_is_alive(journal->owner, db_column(stmt, 2), db_column(stmt, 3));
}

/* Copied before anything is changed: no statement stays open across writes. */
static bool find_left_behind(struct journal *journal, struct left_behind **rows, size_t *count,
                             struct err *err)
{
    sqlite3_stmt *stmt =
        db_query(journal->db, err,
                 "SELECT intent_id, state, owner, owner_boot_id, quiet_boot_id FROM intent"
                 " WHERE state IN ('prepared','sent','unknown') ORDER BY created_utc",
                 "");
    enum db_step step = DB_FAILED;

    while (stmt != NULL && (step = db_step(journal->db, stmt, err)) == DB_ROW) {
        struct left_behind row = {0};
        snprintf(row.id, sizeof row.id, "%s", db_column(stmt, 0));
        bool known = intent_state_from_name(db_column(stmt, 1), &row.state);
        assert(known); /* one of those asked for */
        if (!is_left_behind(journal, stmt, row.state))
            continue;
        *rows = mem_resize(*rows, *count + 1, sizeof **rows);
        (*rows)[(*count)++] = row;
    }
    db_end(stmt);
    return step == DB_DONE;
}

static bool recover_row(struct journal *journal, const struct left_behind *row, struct err *err)
{
    struct intent_move move = {.to = INTENT_VOID, .why = "never sent: its process ended before"};
    struct place place;

    if (row->state == INTENT_UNKNOWN)
        return touch(journal, row->id, event_quiet, "the machine was started anew", err);
    if (row->state == INTENT_SENT)
        move = (struct intent_move){.to = INTENT_UNKNOWN,
                                    .why = "its process ended before an answer came"};
    return journal_read_place(journal, row->id, &place, err) &&
           journal_change(journal, row->id, &place, &move, err);
}

/* Before the lock is taken: others would wait for it as well. */
static bool verify_if_needed(struct journal *journal, struct err *err)
{
    struct left_behind *rows = NULL;
    size_t count = 0;
    bool needed = find_left_behind(journal, &rows, &count, NULL) && count > 0;

    free(rows);
    return !needed || journal_verify_ahead(journal, err);
}

bool journal_recover(struct journal *journal, int *taken, struct err *err)
{
    struct left_behind *rows = NULL;
    size_t count = 0;
    struct err local = {0};

    if (err == NULL)
        err = &local;
    *taken = 0;
    if (!verify_if_needed(journal, err) || !journal_write_lock(journal, err))
        return false;
    bool good = find_left_behind(journal, &rows, &count, err);
    if (good && count > 0 && !journal_write_trust(journal, err)) {
        free(rows);
        return false;
    }
    for (size_t i = 0; good && i < count; i++) {
        good = recover_row(journal, &rows[i], err);
        *taken += rows[i].state != INTENT_UNKNOWN;
    }
    free(rows);
    if (good && count == 0) {
        db_rollback(journal->db); /* nothing to say: listeners stay asleep */
        return true;
    }
    return journal_write_end(journal, good, err);
}

/* --- the request as kept --------------------------------------------------------------------- */

bool journal_get_body(struct journal *journal, const char *id, struct buf *body, struct err *err)
{
    unsigned char hash[HASH_SIZE];
    sqlite3_stmt *stmt = db_query(
        journal->db, err, "SELECT body, body_sha256 FROM intent WHERE intent_id = ?", "t", id);

    if (stmt == NULL)
        return false;
    enum db_step step = db_step(journal->db, stmt, err);
    bool good = step == DB_ROW;
    if (step == DB_DONE)
        err_set(err, ERR_NOT_FOUND, "intent %s", id);
    if (good) {
        const void *bytes = sqlite3_column_blob(stmt, 0);
        size_t len = (size_t)sqlite3_column_bytes(stmt, 0);
        crypto_hash_sha256(hash, bytes, len);
        assert(sqlite3_column_bytes(stmt, 1) == HASH_SIZE);
        good =
            memcmp(hash, sqlite3_column_blob(stmt, 1), HASH_SIZE) == 0 && buf_add(body, bytes, len);
        if (!good)
            err_set(err, ERR_DATA, "the body of %s is not what was confirmed", id);
    }
    db_end(stmt);
    return good;
}
