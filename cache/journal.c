/* The journal of intents: the only writer of journal.db, and the money protocol.

   A client can never know that a charge did not happen just because it heard nothing. So an intent
   is written down before it is sent, silence is a state of its own (UNKNOWN), the truth is found by
   reading, and only a person may send again.

   Invariants, and who keeps them: SQL itself (journal_schema.c), or the code named.
     1  A key is on the wire only if its row is durable, SENT or later.      op_send.c, run_leave()
     2  Key, body, kind, amount, target and environment never change after the insert; the body's
        hash is checked again before each send.                            SQL; journal_get_body()
     3  One attempt puts at most one POST on the wire.                   op_send.c; the api client
     4  No automatic send follows a first send, but of a pay link, which moves no money: same key,
        at most 3 times, inside the replay window.                               ops_replay_link()
     5  A final state is left only towards MANUAL, by contradicting evidence.                  SQL
     6  Nothing is called "not charged" but VOID, REJECTED, DECLINED, NOT_EXECUTED.        judge.c
     7  One object of the server is claimed by at most one intent.                             SQL
     8  At most one open charge a terminal, one open modification a payment.                   SQL
     9  With the server in reach each row ends, or is MANUAL, in bounded time.         reconcile.c
    10  Each change and its audit row are one transaction.                    journal_write_end()

   States, what may be trusted in each, and where it may go:
     PREPARED      nothing has been sent                        SENT, VOID
     SENT          at most `attempt` POSTs have left            CONFIRMED, DECLINED, REJECTED,
                                                                ACCEPTED, UNKNOWN
     UNKNOWN       it may have happened or not                  as SENT; NOT_EXECUTED, MANUAL,
                                                                RESOLVED; SENT: a person's replay
     ACCEPTED      the API took it on, it is not done yet       SUCCEEDED, FAILED, MANUAL
     VOID          never sent                                   (this and all below: MANUAL, when
     REJECTED      refused before execution                     the API contradicts it later)
     DECLINED      not charged: the card was refused
     CONFIRMED     charged, the server's object is claimed
     SUCCEEDED     the modification is done
     FAILED        the modification was not done
     NOT_EXECUTED  absent after the quiet period, twice
     RESOLVED      a named person has said, with evidence
     MANUAL        a person must look                           RESOLVED

   The functions that move a row:
     journal_prepare   -> PREPARED
     journal_move      one given transition; from PREPARED and to SENT in op_send.c
     journal_learn     answers and readings, fitted to where the row is by now
     journal_recover   rows of dead owners: PREPARED -> VOID, SENT -> UNKNOWN
     journal_resolve   MANUAL, UNKNOWN -> RESOLVED, by a named person with evidence

   Every change is one BEGIN IMMEDIATE and counts `rev` (compare-and-set). The effect begins after
   COMMIT has said OK. After any trouble with the file this process moves no more money: what is on
   disk is known again only to a process that opens it anew. */
#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "money_internal.h"

/* --- PREPARED -------------------------------------------------------------------------------- */

/* Names who is in the way, for the person who is refused. The unique indexes refuse it anyway. */
static bool check_free(struct journal *journal, const struct intent_draft *draft, struct err *err)
{
    struct arena arena = {0};
    struct intent holder;

    if (draft->target == NULL ||
        !journal_holder(journal, draft->kind, draft->target, &arena, &holder, NULL)) {
        arena_done(&arena);
        return true;
    }
    struct civil at = time_to_civil(holder.created_ms);
    err_set(err, ERR_CONFLICT,
            "%s is held by %s of %s since %04d-%02d-%02d %02d:%02d:%02dZ (%s, %s)", draft->target,
            op_name(holder.kind), holder.person, at.year, at.month, at.day, at.hour, at.minute,
            at.second, intent_state_name(holder.state), holder.id);
    arena_done(&arena);
    return false;
}

/* Asked inside the transaction, so that of two consoles which charge the same at the same moment
   one is told about the other. */
static bool check_repeat(struct journal *journal, const struct intent_draft *draft, struct err *err)
{
    struct op_request like = {
        .target = draft->target, .amount = draft->amount, .reference = draft->reference};
    struct arena arena = {0};
    struct intent earlier;
    struct err none = {0};

    if (draft->kind != OP_CHARGE || draft->repeats == NULL)
        return true;
    bool found = journal_find_repeat(journal, &like, &arena, &earlier, &none);
    bool good = found ? strcmp(earlier.id, draft->repeats) == 0 : none.code == ERR_NOT_FOUND;
    if (!found && !good)
        *err = none;
    else if (!good)
        err_set(err, ERR_STALE, "it repeats %s, which came meanwhile", earlier.id);
    arena_done(&arena);
    return good;
}

/* Trouble with reading may have ended the transaction: what came now would stand alone. */
static bool still_inside(struct journal *journal, struct err *err)
{
    if (!db_in_transaction(journal->db))
        return err_set(err, ERR_STORAGE, "trouble with reading ended the transaction");
    return true;
}

static bool insert(struct journal *journal, const struct intent_draft *draft, struct err *err)
{
    unsigned char hash[HASH_SIZE];
    char both[400]; /* two people stand behind what was approved */
    struct money amount = draft->amount;

    if (!still_inside(journal, err))
        return false;
    snprintf(both, sizeof both, "%s + %s", journal->person,
             draft->approved_by == NULL ? "" : draft->approved_by);
    crypto_hash_sha256(hash, draft->body, draft->body_len);
    return db_run(
        journal->db, err,
        "INSERT INTO intent(intent_id, tag, form_id, env, webcode, kind, target, amount_minor,"
        " currency, reference, description, reason, is_preauth, method, url, body, body_sha256,"
        " person, os_user, tty, origin, host, version, created_utc, created_boot_id,"
        " created_boot_ms, state, rev, attempt, changed_utc, owner, owner_boot_id)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7,nullif(?8,0),?9,?10,?11,?12,?13,'POST',?14,?15,?16,?17,?18,"
        " nullif(?19,''),nullif(?20,''),?21,?22,?23,?24,?25,'prepared',1,0,?23,?26,?24)",
        "tttttttitttt"
        "i"
        "tbb"
        "tttttt"
        "iti"
        "t",
        draft->id, draft->tag, draft->form_id, env_name(journal->env), journal->webcode,
        op_name(draft->kind), draft->target, amount.known ? amount.minor : INT64_C(0),
        amount.known ? amount.currency : NULL, draft->reference, draft->description, draft->reason,
        (int64_t)draft->is_preauth, draft->url, draft->body, draft->body_len, (const void *)hash,
        sizeof hash, draft->approved_by == NULL ? journal->person : both, journal->os_user,
        journal->tty, journal->origin, journal->host, journal->version, clock_utc_ms(),
        clock_boot_id(), clock_boot_ms(), owner_name(journal->owner));
}

bool journal_prepare(struct journal *journal, const struct intent_draft *draft, struct err *err)
{
    char detail[320];
    bool approved = draft->approved_by != NULL;
    struct err local = {0};

    if (err == NULL)
        err = &local;

    assert(draft->body != NULL && draft->body_len > 0);
    assert((draft->target == NULL) == (draft->kind == OP_LINK));
    snprintf(detail, sizeof detail, "%s %s %" PRId64 " %s%s%s", op_name(draft->kind),
             draft->target == NULL ? "-" : draft->target,
             draft->amount.known ? draft->amount.minor : 0,
             draft->amount.known ? draft->amount.currency : "-", approved ? ", approved by " : "",
             approved ? draft->approved_by : "");
    struct audit_fact fact = {.intent_id = draft->id,
                              .event = "prepared",
                              .state = "prepared",
                              .detail = detail,
                              .rev = 1};
    if (!journal_write_begin(journal, err))
        return false;
    return journal_write_end(journal,
                             check_free(journal, draft, err) && check_repeat(journal, draft, err) &&
                                 insert(journal, draft, err) && audit_append(journal, &fact, err),
                             err);
}

/* --- one transition -------------------------------------------------------------------------- */

bool journal_read_place(struct journal *journal, const char *id, struct place *place,
                        struct err *err)
{
    sqlite3_stmt *stmt = db_query(
        journal->db, err,
        "SELECT state, rev, attempt, charged, server_reference FROM intent WHERE intent_id = ?",
        "t", id);
    if (stmt == NULL)
        return false;
    enum db_step step = db_step(journal->db, stmt, err);
    const char *claim = step == DB_ROW ? db_column(stmt, 4) : NULL;
    bool good = step == DB_ROW &&
                intent_state_from_name(db_column(stmt, 0), &place->state);
    if (good) {
        place->rev = sqlite3_column_int64(stmt, 1);
        place->attempt = sqlite3_column_int(stmt, 2);
        place->charged = sqlite3_column_int(stmt, 3);
        snprintf(place->claim, sizeof place->claim, "%s", claim == NULL ? "" : claim);
    } else if (step != DB_FAILED) {
        err_set(err, step == DB_ROW ? ERR_DATA : ERR_NOT_FOUND, "intent %s", id);
    }
    db_end(stmt);
    return good;
}

/* SQL knows which pairs are legal; asking it keeps one table of them. False: it does not answer. */
static bool ask_legal(struct journal *journal, enum intent_state from, enum intent_state to,
                      bool *legal, struct err *err)
{
    sqlite3_stmt *stmt =
        db_query(journal->db, err, "SELECT 1 FROM transition WHERE from_state = ? AND to_state = ?",
                 "tt", intent_state_name(from), intent_state_name(to));
    enum db_step step = stmt == NULL ? DB_FAILED : db_step(journal->db, stmt, err);

    db_end(stmt);
    *legal = step == DB_ROW;
    return step != DB_FAILED;
}

static bool check_claim(struct journal *journal, const char *id, const char *server_reference,
                        struct err *err)
{
    struct arena arena = {0};
    struct intent claimer;
    bool free_or_ours = server_reference == NULL ||
                        !journal_find_claim(journal, server_reference, &arena, &claimer, NULL) ||
                        strcmp(claimer.id, id) == 0;

    if (!free_or_ours)
        err_set(err, ERR_CONFLICT, "%s is already claimed by %s", server_reference, claimer.id);
    arena_done(&arena);
    return free_or_ours;
}

/* Inside the open transaction: the change and its audit row. */
bool journal_change(struct journal *journal, const char *id, const struct place *place,
                    const struct intent_move *move, struct err *err)
{
    const char *to = intent_state_name(move->to);

    if (!check_claim(journal, id, move->server_reference, err) || !still_inside(journal, err))
        return false;
    if (!db_run(journal->db, err,
                "UPDATE intent SET state = ?1, rev = rev + 1, changed_utc = ?2,"
                " attempt = attempt + (?1 = 'sent'),"
                " sent_utc = iif(?1 = 'sent' AND attempt = 0, ?2, sent_utc),"
                " sent_boot_id = iif(?1 = 'sent' AND attempt = 0, ?3, sent_boot_id),"
                " sent_boot_ms = iif(?1 = 'sent' AND attempt = 0, ?4, sent_boot_ms),"
                " quiet_utc = iif(?1 = 'unknown', ?2, quiet_utc),"
                " quiet_boot_id = iif(?1 = 'unknown', ?3, quiet_boot_id),"
                " quiet_boot_ms = iif(?1 = 'unknown', ?4, quiet_boot_ms),"
                " http_status = coalesce(nullif(?5, 0), http_status),"
                " code = coalesce(nullif(?6, 0), code), message = coalesce(?7, message),"
                " trace_id = coalesce(?8, trace_id),"
                " server_reference = coalesce(server_reference, ?9),"
                " server_status = coalesce(?10, server_status),"
                " payment_url = coalesce(?11, payment_url), why = coalesce(?12, why),"
                " evidence = coalesce(?13, evidence), baseline = coalesce(baseline, ?14),"
                " charged = coalesce(nullif(?15, 0), charged),"
                " owner = iif(?1 = 'sent', ?16, owner),"
                " owner_boot_id = iif(?1 = 'sent', ?3, owner_boot_id)"
                " WHERE intent_id = ?17 AND rev = ?18",
                "titi"
                "ii"
                "ttttttttit"
                "ti",
                to, clock_utc_ms(), clock_boot_id(), clock_boot_ms(), (int64_t)move->http_status,
                (int64_t)move->code, move->message, move->trace_id, move->server_reference,
                move->server_status, move->payment_url, move->why, move->evidence, move->baseline,
                (int64_t)move->charged, owner_name(journal->owner), id, place->rev))
        return false;
    assert(db_changes(journal->db) == 1); /* its place was read in this very transaction */
    struct audit_fact fact = {.intent_id = id,
                              .event = to,
                              .state = to,
                              .trace_id = move->trace_id,
                              .detail = move->evidence != NULL ? move->evidence : move->why,
                              .rev = place->rev + 1};
    return audit_append(journal, &fact, err);
}

static bool move_inside(struct journal *journal, const char *id, const struct intent_move *move,
                        struct err *err)
{
    struct place place;
    bool legal;

    if (!journal_read_place(journal, id, &place, err))
        return false;
    if (move->rev != 0 && move->rev != place.rev)
        return err_set(err, ERR_STALE, "intent %s has changed: it is %s", id,
                       intent_state_name(place.state));
    if (!ask_legal(journal, place.state, move->to, &legal, err))
        return false;
    if (!legal)
        return err_set(err, ERR_CONFLICT, "intent %s is %s and cannot become %s", id,
                       intent_state_name(place.state), intent_state_name(move->to));
    return journal_change(journal, id, &place, move, err);
}

bool journal_move(struct journal *journal, const char *id, const struct intent_move *move,
                  struct err *err)
{
    struct err local = {0};

    if (err == NULL)
        err = &local;
    if (!journal_write_begin(journal, err))
        return false;
    return journal_write_end(journal, move_inside(journal, id, move, err), err);
}

/* --- answers and readings -------------------------------------------------------------------- */

/* Whether a state says that the API took the order on (money moved, or will unless it fails). */
static bool says_executed(const struct place *place)
{
    switch (place->state) {
    case INTENT_CONFIRMED:
    case INTENT_ACCEPTED:
    case INTENT_SUCCEEDED:
    case INTENT_FAILED:
        return true;
    case INTENT_RESOLVED:
        return place->charged == 1;
    default:
        return false;
    }
}

/* Two ends of one row that cannot both be true. */
static bool contradicts(const struct place *now, const struct intent_move *learned)
{
    struct place other = {.state = learned->to};

    if (!intent_state_is_final(now->state) || learned->to == INTENT_UNKNOWN)
        return false;
    return says_executed(now) != says_executed(&other) ||
           (now->state == INTENT_SUCCEEDED && learned->to == INTENT_FAILED) ||
           (now->state == INTENT_FAILED && learned->to == INTENT_SUCCEEDED) ||
           (learned->server_reference != NULL && now->claim[0] != '\0' &&
            strcmp(now->claim, learned->server_reference) != 0);
}

/* Its object belongs to another intent already: what happened to this one is not known, and only a
   person can tell the two apart. */
static bool learn_claimed(struct journal *journal, const char *id, const struct intent_move *move,
                          struct err *err)
{
    struct intent_move unknown = *move, manual;
    struct place place;
    struct err claim = *err;

    unknown.to = INTENT_UNKNOWN;
    unknown.server_reference = NULL;
    unknown.why = claim.detail;
    manual = (struct intent_move){.to = INTENT_MANUAL, .why = claim.detail};
    if (!journal_read_place(journal, id, &place, err))
        return false;
    if (place.state == INTENT_SENT && (!journal_change(journal, id, &place, &unknown, err) ||
                                       !journal_read_place(journal, id, &place, err)))
        return false;
    return journal_change(journal, id, &place, &manual, err);
}

static bool learn_inside(struct journal *journal, const char *id, const struct intent_move *move,
                         struct err *err)
{
    struct place place;
    bool legal;

    if (!journal_read_place(journal, id, &place, err) ||
        !ask_legal(journal, place.state, move->to, &legal, err))
        return false;
    /* Another process took its owner for dead, but the transfer went on until now. */
    if (place.state == INTENT_UNKNOWN && move->to == INTENT_UNKNOWN)
        return journal_quiet_anew(journal, id, move->why, err);
    /* A first refusal that comes while another process sends again proves nothing about that. */
    if (legal && (move->to != INTENT_REJECTED || place.attempt == 1)) {
        if (journal_change(journal, id, &place, move, err))
            return true;
        bool claimed = err->code == ERR_CONFLICT && move->server_reference != NULL &&
                       !check_claim(journal, id, move->server_reference, err);
        return claimed && learn_claimed(journal, id, move, err);
    }
    if (!contradicts(&place, move))
        return true;
    struct intent_move manual = *move;
    char why[200];
    snprintf(why, sizeof why, "was %s, now the API shows %s: %s", intent_state_name(place.state),
             intent_state_name(move->to), move->why == NULL ? "" : move->why);
    manual.to = INTENT_MANUAL;
    manual.why = why;
    if (!check_claim(journal, id, move->server_reference, err))
        manual.server_reference = NULL;
    return journal_change(journal, id, &place, &manual, err);
}

bool journal_learn(struct journal *journal, const char *id, const struct intent_move *move,
                   struct err *err)
{
    struct err local = {0};

    if (err == NULL)
        err = &local;
    assert(move->to != INTENT_SENT && move->to != INTENT_PREPARED);
    if (!journal_write_begin(journal, err))
        return false;
    return journal_write_end(journal, learn_inside(journal, id, move, err), err);
}
