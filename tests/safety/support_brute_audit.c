/* The audit trail: one full entry for each change, in one transaction with it whenever the process
   dies; and any edit made past the program is found. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support_money.h"
#include "support_brute.h"

#define TAMPERINGS 1000

struct trail {
    char folder[64], path[96], base[96]; /* base: what real operations left */
    char *bytes;                         /* of base */
    size_t len;
};

/* --- files and raw SQL ----------------------------------------------------------------------- */

static void read_whole(const char *path, char **bytes, size_t *len)
{
    FILE *file = fopen(path, "r");
    struct stat info;

    *len = 0;
    if (file == NULL || fstat(fileno(file), &info) != 0)
        return;
    *bytes = mem_resize(*bytes, (size_t)info.st_size, 1);
    *len = fread(*bytes, 1, (size_t)info.st_size, file);
    fclose(file);
}

static void write_base(const struct trail *trail)
{
    FILE *file = fopen(trail->path, "w");

    if (file != NULL) {
        fwrite(trail->bytes, 1, trail->len, file);
        fclose(file);
    }
    chmod(trail->path, 0600);
}

static int64_t raw_int(sqlite3 *raw, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t value = -1;

    if (sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

/* All first columns, joined. */
static void raw_texts(sqlite3 *raw, const char *sql, const char *join, struct buf *out)
{
    sqlite3_stmt *stmt = NULL;

    buf_clear(out);
    if (sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL) == SQLITE_OK)
        while (sqlite3_step(stmt) == SQLITE_ROW)
            buf_printf(out, "%s%s", (const char *)sqlite3_column_text(stmt, 0), join);
    sqlite3_finalize(stmt);
}

static struct journal *open_trail(const char *path, struct err *err)
{
    struct journal_settings who = {.person = "Ana", .version = "0"};

    return journal_open(path, "HOTEL9", ENV_TEST, &who, NULL, err);
}

static bool holds(const char *path)
{
    struct err err = {0};
    int64_t entries;
    struct journal *journal = open_trail(path, &err);
    bool good = journal != NULL && journal_verify(journal, &entries, &err);

    journal_close(journal);
    return good;
}

/* --- one entry a change ---------------------------------------------------------------------- */

static void operate(struct till *till)
{
    static const struct {
        int64_t minor;
        enum intent_state end;
    } charges[] = {{1250, INTENT_CONFIRMED},
                   {1301, INTENT_DECLINED},
                   {1402, INTENT_DECLINED},
                   {1506, INTENT_CONFIRMED},
                   {1604, INTENT_CONFIRMED}};
    char paid[128] = "", id[INTENT_ID_SIZE];

    for (size_t i = 0; i < COUNT_OF(charges); i++) {
        struct op_request request = till_charge(TERMINAL_1, charges[i].minor);
        const struct intent *intent = till_run(till, &request, charges[i].end);
        if (i == 0)
            snprintf(paid, sizeof paid, "%s", intent->server_reference);
        snprintf(id, sizeof id, "%s", intent->id);
        journal_acknowledge(till->journal, id, i % 2 == 0 ? NULL : "told the guest", NULL);
    }
    struct op_request refund = till_modify(till, OP_REFUND, paid, 300);
    till_run(till, &refund, INTENT_SUCCEEDED);
    refund = till_modify(till, OP_REFUND, paid, 111); /* fails */
    till_run(till, &refund, INTENT_FAILED);
    struct op_request offline = till_charge(TERMINAL_OFFLINE, 1700);
    till_start(till, &offline, id);
    till_wait(till, id, INTENT_UNKNOWN);
    journal_resolve(till->journal, id, false, "the terminal was off", NULL);
}

/* Entries that lack something, and changes without exactly one entry. */
static const struct {
    const char *what, *sql;
} complete[] = {
    {"changes without one entry each",
     "SELECT count(*) FROM intent i WHERE i.rev <> (SELECT count(*) FROM audit a"
     " WHERE a.intent_id = i.intent_id) OR i.rev <> (SELECT count(DISTINCT rev) FROM audit a"
     " WHERE a.intent_id = i.intent_id AND a.rev BETWEEN 1 AND i.rev)"},
    {"entries without operator, user, place or time",
     "SELECT count(*) FROM audit WHERE person <> 'Ana' OR length(os_user) = 0"
     " OR length(host) = 0 OR origin IS NOT '192.0.2.7 50122 192.0.2.1 22'"
     " OR utc < 1700000000000 OR content IS NULL"
     " OR clock NOT IN ('synchronised', 'unsynchronised', 'unknown')"},
    {"entries out of step with their state",
     "SELECT count(*) FROM audit WHERE event IN ('prepared','sent','unknown','accepted','void',"
     " 'rejected','declined','confirmed','succeeded','failed','not_executed','manual','resolved')"
     " AND event <> state"},
    {"traceIds of an answer that are not in the trail",
     "SELECT count(*) FROM intent i WHERE trace_id IS NOT NULL AND NOT EXISTS"
     " (SELECT 1 FROM audit a WHERE a.intent_id = i.intent_id AND a.trace_id = i.trace_id)"},
};

static bool make_base(struct brute *brute, struct trail *trail)
{
    void *state = NULL;
    sqlite3 *raw = NULL;

    setenv("SSH_CONNECTION", "192.0.2.7 50122 192.0.2.1 22", 1);
    till_setup(&state);
    struct till *till = state;
    operate(till);
    till_close(till);
    snprintf(trail->base, sizeof trail->base, "%s/journal.db", till->folder);
    read_whole(trail->base, &trail->bytes, &trail->len);
    sqlite3_open(trail->base, &raw);
    for (size_t i = 0; i < COUNT_OF(complete); i++) {
        int64_t bad = raw_int(raw, complete[i].sql);
        if (bad != 0)
            brute_violation(brute, "audit: %" PRId64 " %s", bad, complete[i].what);
    }
    printf("= audit entries complete: %" PRId64 " of %" PRId64 " changes\n",
           raw_int(raw, "SELECT count(*) FROM audit"), raw_int(raw, "SELECT sum(rev) FROM intent"));
    sqlite3_close(raw);
    till_open(till); /* as the teardown expects it */
    till_teardown(&state);
    return trail->len > 0;
}

/* --- the process dies between ---------------------------------------------------------------- */

static int countdown;

static void die_at_row(void *ctx, int what, const char *database, const char *table,
                       sqlite3_int64 rowid)
{
    (void)ctx, (void)what, (void)database, (void)table, (void)rowid;
    if (--countdown == 0)
        raise(SIGKILL);
}

static int die_at_commit(void *ctx)
{
    (void)ctx;
    if (--countdown == 0)
        raise(SIGKILL);
    return 0;
}

static void work(const char *path, bool at_rows, int after)
{
    struct err err = {0};
    struct journal *journal = open_trail(path, &err);
    struct intent_draft draft = {.kind = OP_CHARGE,
                                 .amount = money_make(1250, "EUR"),
                                 .target = TERMINAL_2,
                                 .url = "http://127.0.0.1/pos/payment",
                                 .body = "{}",
                                 .body_len = 2};
    char form[UUID_SIZE];

    countdown = after;
    if (journal == NULL)
        _exit(1);
    if (at_rows)
        sqlite3_update_hook(db_handle(journal->db), die_at_row, NULL);
    else
        sqlite3_commit_hook(db_handle(journal->db), die_at_commit, NULL);
    random_uuid(draft.id);
    random_uuid(form);
    snprintf(draft.tag, sizeof draft.tag, "%.8s", draft.id);
    draft.form_id = form;
    static const struct intent_move moves[] = {
        {.to = INTENT_SENT}, {.to = INTENT_UNKNOWN}, {.to = INTENT_NOT_EXECUTED}};
    bool good = journal_prepare(journal, &draft, &err);
    for (size_t i = 0; good && i < COUNT_OF(moves); i++)
        good = journal_move(journal, draft.id, &moves[i], &err);
    good = good && journal_acknowledge(journal, draft.id, "seen", &err);
    _exit(good ? 0 : 1);
}

/* False: it came to its end, so there is no later place to die at. */
static bool die_once(struct brute *brute, const struct trail *trail, bool at_rows, int after)
{
    int status = 0;

    write_base(trail);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        work(trail->path, at_rows, after);
    waitpid(child, &status, 0);
    bool ended = WIFEXITED(status);
    if ((ended && WEXITSTATUS(status) != 0) || !holds(trail->path))
        brute_violation(brute, "audit: killed at %s %d: the trail does not hold",
                        at_rows ? "row" : "commit", after);
    return !ended;
}

static void die_everywhere(struct brute *brute, const struct trail *trail)
{
    int deaths = 0;

    for (int at_rows = 0; at_rows < 2; at_rows++)
        for (int after = 1; die_once(brute, trail, at_rows != 0, after); after++)
            deaths++;
    printf("= audit deaths inside a change: %d\n", deaths);
}

/* --- edits past the program ------------------------------------------------------------------ */

/* ?R a row number of the table, ?C a column of it. */
static void print_column_edit(struct brute *brute, uint64_t *state, sqlite3 *raw, struct buf *sql)
{
    const char *table = brute_draw(state) % 2 == 0 ? "intent" : "audit";
    char ask[160], column[64];
    struct buf name;

    (void)brute;
    buf_init(&name, 100);
    snprintf(ask, sizeof ask, "SELECT count(*) FROM pragma_table_info('%s')", table);
    uint64_t columns = (uint64_t)raw_int(raw, ask);
    snprintf(ask, sizeof ask, "SELECT name FROM pragma_table_info('%s') LIMIT 1 OFFSET %" PRIu64,
             table, brute_draw(state) % columns);
    raw_texts(raw, ask, "", &name);
    snprintf(column, sizeof column, "%s", name.data);
    snprintf(ask, sizeof ask, "SELECT count(*) FROM %s", table);
    uint64_t rows = (uint64_t)raw_int(raw, ask);
    buf_printf(sql,
               "UPDATE %s SET %s = CASE typeof(%s) WHEN 'integer' THEN %s + %d"
               " WHEN 'text' THEN %s || 'x' WHEN 'blob' THEN %s"
               " ELSE (SELECT iif(type = 'INTEGER', 7, iif(type = 'TEXT', 'x', x'00'))"
               " FROM pragma_table_info('%s') WHERE name = '%s') END"
               " WHERE rowid = (SELECT rowid FROM %s LIMIT 1 OFFSET %" PRIu64 ")",
               table, column, column, column, brute_draw(state) % 2 == 0 ? 1 : 1000, column,
               brute_draw(state) % 2 == 0 ? "zeroblob(32)" : "NULL", table, column, table,
               brute_draw(state) % rows);
    buf_done(&name);
}

/* A whole edit; true: triggers stay as the tool left them. */
static bool print_edit(struct brute *brute, uint64_t *state, sqlite3 *raw, struct buf *sql)
{
    static const char columns[] = "utc, clock, intent_id, event, state, rev, person, os_user, tty,"
                                  " origin, host, trace_id, detail, content, hash";
    uint64_t kind = brute_draw(state) % 10;
    int64_t rows = raw_int(raw, "SELECT max(seq) FROM audit");
    int64_t at = 1 + (int64_t)(brute_draw(state) % (uint64_t)rows);
    int64_t other = 1 + (at + (int64_t)(brute_draw(state) % (uint64_t)(rows - 1))) % rows;

    buf_clear(sql);
    if (kind == 0)
        buf_printf(sql, "DELETE FROM audit WHERE seq = %" PRId64, at);
    else if (kind == 1) /* and the gap is closed */
        buf_printf(sql,
                   "DELETE FROM audit WHERE seq = %" PRId64 ";"
                   "UPDATE audit SET seq = -seq WHERE seq > %" PRId64 ";"
                   "UPDATE audit SET seq = -seq - 1 WHERE seq < 0",
                   at, at);
    else if (kind == 2)
        buf_printf(sql, "DELETE FROM audit WHERE seq >= %" PRId64, at);
    else if (kind == 3)
        buf_printf(sql,
                   "UPDATE audit SET seq = -seq WHERE seq > %" PRId64 ";"
                   "INSERT INTO audit(seq, %s) SELECT %" PRId64
                   ", %s FROM audit WHERE seq = %" PRId64
                   ";UPDATE audit SET seq = 1 - seq WHERE seq < 0",
                   at, columns, at + 1, columns, at);
    else if (kind == 4 && at != other)
        buf_printf(sql,
                   "UPDATE audit SET seq = -1 WHERE seq = %" PRId64 ";"
                   "UPDATE audit SET seq = %" PRId64 " WHERE seq = %" PRId64 ";"
                   "UPDATE audit SET seq = %" PRId64 " WHERE seq = -1",
                   at, at, other, other);
    else if (kind == 5)
        buf_printf(sql,
                   "DELETE FROM intent WHERE intent_id ="
                   " (SELECT intent_id FROM audit WHERE seq = %" PRId64 ")",
                   at);
    else
        print_column_edit(brute, state, raw, sql);
    return brute_draw(state) % 4 == 0;
}

static bool tamper_once(struct brute *brute, const struct trail *trail, uint64_t *state)
{
    struct buf triggers, drops, sql;
    sqlite3 *raw = NULL;

    write_base(trail);
    buf_init(&triggers, 100000);
    buf_init(&drops, 10000);
    buf_init(&sql, 10000);
    sqlite3_open(trail->path, &raw);
    sqlite3_exec(raw, "PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF", NULL, NULL,
                 NULL);
    raw_texts(raw, "SELECT sql FROM sqlite_schema WHERE type = 'trigger'", ";", &triggers);
    raw_texts(raw, "SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'", ";",
              &drops);
    sqlite3_exec(raw, drops.data, NULL, NULL, NULL);
    bool leave = print_edit(brute, state, raw, &sql);
    /* what a constraint of SQL refuses is no edit: another one is tried */
    bool done = sqlite3_exec(raw, sql.data, NULL, NULL, NULL) == SQLITE_OK &&
                sqlite3_total_changes(raw) > 0;
    if (!leave)
        sqlite3_exec(raw, triggers.data, NULL, NULL, NULL);
    sqlite3_close(raw);
    if (done && holds(trail->path))
        brute_violation(brute, "audit: not found: %s", sql.data);
    buf_done(&triggers);
    buf_done(&drops);
    buf_done(&sql);
    return done;
}

bool brute_audit(struct brute *brute)
{
    struct trail trail = {0};
    uint64_t state = brute->seed, before;
    int wanted = brute->full ? 10 * TAMPERINGS : TAMPERINGS, done = 0;

    snprintf(trail.folder, sizeof trail.folder, "/dev/shm/brute-XXXXXX");
    if (mkdtemp(trail.folder) == NULL || !make_base(brute, &trail))
        return false;
    snprintf(trail.path, sizeof trail.path, "%s/journal.db", trail.folder);
    write_base(&trail);
    if (!holds(trail.path))
        brute_violation(brute, "audit: the journal does not hold before it is edited");
    die_everywhere(brute, &trail);
    before = brute->violations;
    while (done < wanted)
        done += tamper_once(brute, &trail, &state);
    printf("= audit tamperings found: %" PRIu64 " of %d\n",
           (uint64_t)done - (brute->violations - before), wanted);
    unlink(trail.path);
    rmdir(trail.folder);
    free(trail.bytes);
    return true;
}
