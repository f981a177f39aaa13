/* What must hold. Compares the journals with what the server knows to be true. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "world_truth.h"

#define PATIENCE_MS (2 * MINUTE) /* beyond the quiet period, with the network healthy */

static sqlite3_stmt *ask(struct proc *proc, const char *sql, const char *value)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(db_handle(proc->journal->db), sql, -1, &stmt, NULL) != SQLITE_OK)
        return NULL;
    if (value != NULL)
        sqlite3_bind_text(stmt, 1, value, -1, SQLITE_STATIC);
    return stmt;
}

static int64_t number(struct proc *proc, const char *sql, const char *value)
{
    sqlite3_stmt *stmt = ask(proc, sql, value);
    int64_t found = -1;

    world.judging = true;
    if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW)
        found = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    world.judging = false;
    return found;
}

/* A reading that breaks off has judged nothing. */
static void end_reading(sqlite3_stmt *stmt, int step)
{
    world.judging = false;
    sqlite3_finalize(stmt);
    if (step != SQLITE_DONE)
        world_violation("the journal cannot be judged: %d", step);
}

/* --- while it runs -------------------------------------------------------------------------- */

void referee_leaves(struct proc *proc, const char *key)
{
    struct form *form = form_of(key);

    figure_posts++;
    if (form == NULL) {
        world_violation("POST %s leaves, which nobody asked for", key);
        return;
    }
    if (form->leaves++ == 0)
        form->first_left = world.now;
    form->last_left = world.now;
    if (proc->storage_failed)
        world_violation("POST %s leaves after trouble with the disk", key);
    if (!disk_is_synced(proc->host))
        world_violation("POST %s leaves before the disk has it", key);
    int64_t attempt = number(proc,
                             "SELECT attempt FROM intent WHERE intent_id = ? AND state = 'sent'",
                             key);
    if (attempt < form->leaves)
        world_violation("POST %s leaves %d times, the journal says %d", key, form->leaves,
                        (int)attempt);
    if (form->kind == OP_LINK ? form->leaves > 3 : form->leaves > 1 + form->replays)
        world_violation("POST %s leaves %d times, asked for %d times", key, form->leaves,
                        1 + form->replays);
    static const char others[] =
        "SELECT count(*) FROM intent a JOIN intent b ON a.target = b.target AND"
        " (a.kind = 'charge') = (b.kind = 'charge') AND (b.state IN ('prepared','sent','unknown')"
        " OR (b.kind <> 'charge' AND b.state = 'accepted')) WHERE a.intent_id = ?";
    if (form->kind != OP_LINK && number(proc, others, key) != 1)
        world_violation("POST %s leaves beside another one on its target", key);
}

/* New audit rows go into the trace. */
void referee_moved(struct proc *proc)
{
    struct host *host = proc->host;
    sqlite3_stmt *stmt = proc->journal == NULL || proc->dying
                             ? NULL
                             : ask(proc, "SELECT seq, intent_id, event, detail FROM audit"
                                         " WHERE seq > ?", NULL);

    world.judging = true;
    sqlite3_bind_int64(stmt, 1, host->audit_seen);
    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        host->audit_seen = sqlite3_column_int64(stmt, 0);
        world_trace("%.8s %s (%.90s)", (const char *)sqlite3_column_text(stmt, 1),
                    (const char *)sqlite3_column_text(stmt, 2),
                    sqlite3_column_type(stmt, 3) == SQLITE_NULL
                        ? "-"
                        : (const char *)sqlite3_column_text(stmt, 3));
    }
    sqlite3_finalize(stmt);
    world.judging = false;
}

/* --- has it ended, and in time? --------------------------------------------------------------- */

static struct proc *witness(int host)
{
    struct proc *proc = &world.procs[host * HOST_PROCS];

    for (int i = 0; i < HOST_PROCS; i++, proc++)
        if (proc->alive && !proc->dying)
            return proc;
    return NULL;
}

static void count_open(void *ctx)
{
    int64_t *open = ctx;

    *open += number(world.running,
                    "SELECT count(*) FROM intent WHERE state IN"
                    " ('prepared','sent','unknown','accepted')",
                    NULL) != 0;
}

bool referee_all_ended(void)
{
    int64_t open = 0;

    for (int i = 0; i < WORLD_HOSTS; i++) {
        struct proc *proc = witness(i);
        if (world.settings.consoles[i] > 0 && proc == NULL)
            return false;
        if (proc != NULL)
            proc_enter(proc, count_open, &open);
    }
    return open == 0;
}

/* The journal itself says since when nothing is known; a row of another boot must not stay so. */
static void check_patience(void *ctx)
{
    (void)ctx;
    struct proc *proc = world.running;
    int64_t quiets[] = {world.settings.quiet_modification, world.settings.quiet_charge};
    int64_t healed = world.now - world.healthy_at;
    int step = SQLITE_ERROR;
    sqlite3_stmt *stmt = ask(proc,
                             "SELECT intent_id, kind IN ('charge','link'), quiet_boot_id = ?1,"
                             " quiet_boot_ms, state, sent_boot_id IS NOT ?1 FROM intent WHERE"
                             " state IN ('unknown','prepared')",
                             clock_boot_id());

    world.judging = true;
    while (stmt != NULL && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        bool unknown = sqlite3_column_bytes(stmt, 4) == 7;
        int64_t quiet = quiets[sqlite3_column_int(stmt, 1)], age = healed;
        if (world.settings.clocks && sqlite3_column_int(stmt, 5) && age < DAY + 2 * HOUR)
            continue; /* when it was sent is not known: a day's wait ends it */
        if (unknown && sqlite3_column_int(stmt, 2) &&
            clock_boot_ms() - sqlite3_column_int64(stmt, 3) < age)
            age = clock_boot_ms() - sqlite3_column_int64(stmt, 3);
        if (age > (unknown ? quiet : MINUTE) + PATIENCE_MS)
            world_violation("%s is still %s, %lld s after it could be known",
                            (const char *)sqlite3_column_text(stmt, 0),
                            (const char *)sqlite3_column_text(stmt, 4), (long long)(age / 1000));
    }
    end_reading(stmt, step);
}

void referee_check_patience(void)
{
    for (int i = 0; i < WORLD_HOSTS; i++)
        if (witness(i) != NULL)
            proc_enter(witness(i), check_patience, NULL);
}

/* --- the verdict ---------------------------------------------------------------------------- */

static bool is(const struct truth *truth, const char *state)
{
    return strcmp(truth->state, state) == 0;
}

static bool says_no(const struct truth *truth)
{
    return is(truth, "void") || is(truth, "rejected") || is(truth, "declined") ||
           is(truth, "not_executed") || is(truth, "failed");
}

static bool refunds_exceed(const char *payment)
{
    for (int i = 0; i < server.payment_count; i++)
        if (strcmp(server.payments[i].ref, payment) == 0)
            return server_refunded(i) > server_captured(i);
    return false;
}

/* The whole list of what excuses a row that needs a person. */
static const char *excuse(const struct truth *truth)
{
    if (truth->key != NULL && truth->key->beyond)
        return "executed beyond the quiet period";
    if (truth->came_late)
        return "executed when absence could have been shown already";
    if (truth->flipped || truth->target_failed)
        return "the server changed its mind";
    if (truth->objects > 1)
        return "the server ran one key twice";
    if (truth->likes > 0)
        return "another system did the same";
    if (truth->form != NULL && truth->form->resolved &&
        truth->form->charged != (truth->good + truth->open > 0))
        return "a person closed it wrongly";
    if (truth->sparse)
        return "rows left out what would tell";
    bool by_name = truth->kind == OP_CHARGE || truth->kind == OP_LINK;
    if (by_name && !server.echoes && (truth->objects > 0 || truth->kind == OP_LINK))
        return "rows have no names";
    if (truth->clock_lost)
        return "nobody knows when it was sent";
    return NULL;
}

static void complain(const struct truth *truth, const char *what)
{
    world_violation("%s %s is %s: %s (%d made, %d good, %d open, claim %s)", op_name(truth->kind),
                    truth->id, truth->state, what, truth->objects, truth->good, truth->open,
                    truth->claim == NULL ? "-" : truth->claim);
}

/* Late links, and rows that do not say whose they are, late or behind another host's like one. */
static bool is_hidden(const struct truth *truth)
{
    bool beyond = truth->key != NULL && truth->key->beyond;

    return truth->kind == OP_LINK ? beyond
                                  : truth->kind != OP_CHARGE && quirk(FAULT_NO_HOME) &&
                                        (beyond || truth->claims_like);
}

static void judge_manual(const struct truth *truth)
{
    figure_manual++;
    if (excuse(truth) == NULL)
        complain(truth, "nothing about it is ambiguous");
    else
        figure_ambiguous++;
}

static void judge_end(const struct truth *truth)
{
    bool done = truth->good + truth->open > 0, hand = is(truth, "resolved");

    if (truth->claims_other && !truth->claims_like)
        complain(truth, "it claims what another one did");
    if (is(truth, "manual")) {
        judge_manual(truth);
        return;
    }
    if (hand && (truth->form == NULL || !truth->form->closing))
        complain(truth, "closed by nobody");
    if (hand || (truth->claims_like && !(says_no(truth) && done)))
        return; /* a person's word; or what nobody can tell apart */
    if (is(truth, "prepared") || is(truth, "sent") || is(truth, "unknown"))
        complain(truth, "it has not ended");
    else if (is(truth, "accepted"))
        complain(truth, "the API has ended it");
    else if (says_no(truth) && done && !is_hidden(truth))
        complain(truth, "but it was done");
    else if (!says_no(truth) && !done)
        complain(truth, "but it was not done");
    else if (!says_no(truth) && !truth->claims_own)
        complain(truth, "it claims nothing of its own");
    else if (truth->kind == OP_CHARGE && truth->good > 1)
        complain(truth, "charged twice, and nobody is told");
}

static void check_counts(const struct truth *truth)
{
    int most = quirk(FAULT_DISHONOURED) ? (int)truth->attempt : 1;

    if (truth->key == NULL)
        return;
    figure_executions += truth->key->executions;
    if (truth->key->executions > most)
        complain(truth, "the server ran it more often than it was asked to");
    if (truth->key->posts > truth->attempt)
        complain(truth, "more POSTs than attempts");
}

static enum op_kind kind_of(const char *name)
{
    int kind = 0;

    while (kind < OP_KINDS - 1 && strcmp(op_name((enum op_kind)kind), name) != 0)
        kind++;
    return (enum op_kind)kind;
}

static void check_rows(struct proc *proc)
{
    sqlite3_stmt *stmt = ask(proc,
                             "SELECT intent_id, state, server_reference, target, kind, attempt,"
                             " coalesce(charged, 0), coalesce(amount_minor, 0), form_id, rev,"
                             " (SELECT count(*) FROM audit a WHERE a.intent_id = i.intent_id),"
                             " (SELECT count(DISTINCT rev) FROM audit a"
                             "  WHERE a.intent_id = i.intent_id), sent_boot_id IS NOT ?1,"
                             " coalesce(why IN ('not found out within a day',"
                             "  'not finished within seven days'), 0)"
                             " FROM intent i",
                             clock_boot_id());
    int step = SQLITE_ERROR;

    world.judging = true;
    while (stmt != NULL && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct truth truth = {.id = (const char *)sqlite3_column_text(stmt, 0),
                              .state = (const char *)sqlite3_column_text(stmt, 1),
                              .claim = (const char *)sqlite3_column_text(stmt, 2),
                              .target = (const char *)sqlite3_column_text(stmt, 3),
                              .kind = kind_of((const char *)sqlite3_column_text(stmt, 4)),
                              .attempt = sqlite3_column_int64(stmt, 5),
                              .charged = sqlite3_column_int64(stmt, 6),
                              .minor = sqlite3_column_int64(stmt, 7)};
        figure_intents++;
        truth.other_boot = sqlite3_column_int(stmt, 12) != 0;
        truth.clock_lost =
            world.settings.clocks && truth.other_boot && sqlite3_column_int(stmt, 13) != 0;
        truth.form = form_by_form_id((const char *)sqlite3_column_text(stmt, 8));
        if (truth.form == NULL)
            world_violation("%s was asked for by nobody", truth.id);
        int64_t rev = sqlite3_column_int64(stmt, 9);
        if (sqlite3_column_int64(stmt, 10) != rev || sqlite3_column_int64(stmt, 11) != rev)
            world_violation("%s has %lld changes and %lld audit rows", truth.id, (long long)rev,
                            (long long)sqlite3_column_int64(stmt, 10));
        truth_look(&truth);
        world_trace("row %.8s %s %s: made %d good %d open %d", truth.id, op_name(truth.kind),
                    truth.state, truth.objects, truth.good, truth.open);
        check_counts(&truth);
        judge_end(&truth);
    }
    end_reading(stmt, step);
}

/* --- the whole ------------------------------------------------------------------------------ */

static void check_journal(void *ctx)
{
    struct proc *proc = world.running;
    struct err err = {0};
    int64_t entries;

    (void)ctx;
    check_rows(proc);
    if (!db_check(proc->journal->db, false, &err))
        world_violation("integrity_check: %s", err.detail);
    if (!journal_verify(proc->journal, &entries, &err))
        world_violation("the audit chain: %s", err.detail);
}

/* Every key that the server saw stands in a journal. */
static void check_key(void *ctx)
{
    struct srv_key *key = ctx;

    if (number(world.running, "SELECT count(*) FROM intent WHERE intent_id = ?", key->key) == 1)
        key->host = 1;
}

static void check_limits(void *ctx)
{
    const char *payment = ctx;

    if (number(world.running, "SELECT count(*) FROM intent WHERE target = ? AND kind = 'refund'"
                              " AND state IN ('succeeded','accepted')", payment) > 0 &&
        number(world.running, "SELECT count(*) FROM intent WHERE target = ? AND kind = 'refund'"
                              " AND state = 'manual'", payment) == 0)
        world_violation("the refunds of %s exceed it, and nobody is told", payment);
}

void referee_final(void)
{
    for (int i = 0; i < WORLD_HOSTS; i++) {
        struct proc *proc = witness(i);
        if (proc == NULL)
            continue;
        proc_enter(proc, check_journal, NULL);
        for (int j = 0; j < server.key_count; j++)
            proc_enter(proc, check_key, &server.keys[j]);
    }
    for (int j = 0; j < server.key_count; j++)
        if (!server.keys[j].host)
            world_violation("the server saw key %s, no journal has it", server.keys[j].key);
    for (int j = 0; witness(0) != NULL && world.settings.consoles[1] == 0 &&
                    !world.settings.foreign && j < server.payment_count; j++)
        if (refunds_exceed(server.payments[j].ref))
            proc_enter(witness(0), check_limits, server.payments[j].ref);
}
