/* Every public function of the journal with each of its calls into SQLite failing in turn. It says
   no, or the change is whole and on disk; an error of the file ends all moving of money. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../cache/ops_internal.h"
#include "support_core.h"
#include "support_journal.h"

#define OTHERS_CLAIM "HOTEL9-POSXT-2"
#define OWN_CLAIM    "HOTEL9-POSXT-1"
#define TARGET       "V400m-1"

static char form[UUID_SIZE]; /* of the draft */
static struct err said;

static const char *other_boot(void)
{
    return "22222222-2222-4222-8222-222222222222";
}

/* --- what is done ---------------------------------------------------------------------------- */

static struct intent_draft draft(void)
{
    struct intent_draft draft = jbox_charge(TARGET);

    snprintf(draft.id, sizeof draft.id, "11111111-1111-4111-8111-111111111111");
    snprintf(draft.tag, sizeof draft.tag, "11111111");
    draft.form_id = form;
    return draft;
}

static bool do_prepare(struct journal *journal, const char *id, struct err *err)
{
    struct intent_draft charge = draft();

    (void)id;
    return journal_prepare(journal, &charge, err);
}

/* One that the person was asked about: nothing is to be repeated. */
static bool do_prepare_asked(struct journal *journal, const char *id, struct err *err)
{
    struct intent_draft charge = draft();

    (void)id;
    charge.repeats = "";
    return journal_prepare(journal, &charge, err);
}

static bool do_send(struct journal *journal, const char *id, struct err *err)
{
    return journal_move(journal, id, &(struct intent_move){.to = INTENT_SENT}, err);
}

static bool do_void(struct journal *journal, const char *id, struct err *err)
{
    struct intent_move move = {.to = INTENT_VOID, .rev = 1, .why = "backed out"};

    return journal_move(journal, id, &move, err);
}

static bool learn(struct journal *journal, const char *id, enum intent_state to, const char *claim,
                  struct err *err)
{
    struct intent_move move = {
        .to = to, .server_reference = claim, .why = "answered", .http_status = 200};

    return journal_learn(journal, id, &move, err);
}

static bool learn_confirmed(struct journal *journal, const char *id, struct err *err)
{
    return learn(journal, id, INTENT_CONFIRMED, OWN_CLAIM, err);
}

static bool learn_unknown(struct journal *journal, const char *id, struct err *err)
{
    return learn(journal, id, INTENT_UNKNOWN, NULL, err);
}

static bool learn_rejected(struct journal *journal, const char *id, struct err *err)
{
    return learn(journal, id, INTENT_REJECTED, NULL, err);
}

static bool learn_of_other(struct journal *journal, const char *id, struct err *err)
{
    return learn(journal, id, INTENT_CONFIRMED, OTHERS_CLAIM, err);
}

static bool learn_failed(struct journal *journal, const char *id, struct err *err)
{
    return learn(journal, id, INTENT_FAILED, NULL, err);
}

static bool learn_done(struct journal *journal, const char *id, struct err *err)
{
    return learn(journal, id, INTENT_SUCCEEDED, OWN_CLAIM, err);
}

static bool learn_declined(struct journal *journal, const char *id, struct err *err)
{
    return learn(journal, id, INTENT_DECLINED, OWN_CLAIM, err);
}

static bool do_remark(struct journal *journal, const char *id, struct err *err)
{
    return journal_remark(journal, id, "not sent again", "look: nothing", err);
}

static bool do_acknowledge(struct journal *journal, const char *id, struct err *err)
{
    return journal_acknowledge(journal, id, "seen", err);
}

static bool do_resolve(struct journal *journal, const char *id, struct err *err)
{
    return journal_resolve(journal, id, true, "slip 4711", err);
}

static bool do_recover(struct journal *journal, const char *id, struct err *err)
{
    int taken;

    (void)id;
    return journal_recover(journal, &taken, err);
}

/* --- what is asked --------------------------------------------------------------------------- */

static struct arena arena;
static struct intent intent;

static bool ask_get(struct journal *journal, const char *id, struct err *err)
{
    return journal_get(journal, id, &arena, &intent, err);
}

static bool ask_holder(struct journal *journal, const char *id, struct err *err)
{
    (void)id;
    return journal_holder(journal, OP_CHARGE, TARGET, &arena, &intent, err);
}

static bool ask_tag(struct journal *journal, const char *id, struct err *err)
{
    char tag[INTENT_TAG_SIZE];

    snprintf(tag, sizeof tag, "%.8s", id);
    return journal_find_tag(journal, tag, &arena, &intent, err);
}

static bool ask_claim(struct journal *journal, const char *id, struct err *err)
{
    (void)id;
    return journal_find_claim(journal, OTHERS_CLAIM, &arena, &intent, err);
}

static bool ask_extra(struct journal *journal, const char *id, struct err *err)
{
    struct intent_extra extra;

    return journal_get_extra(journal, id, &arena, &extra, err);
}

static bool ask_body(struct journal *journal, const char *id, struct err *err)
{
    struct buf body;

    buf_init(&body, 1000);
    bool good = journal_get_body(journal, id, &body, err);
    assert_true(!good || strcmp(body.data, "{\"a\":1}") == 0);
    buf_done(&body);
    return good;
}

static bool ask_list(struct journal *journal, const char *id, struct err *err)
{
    struct intent_page page;
    bool good = journal_list(journal, INTENTS_ALL, 1, &page, err);

    (void)id;
    assert_int_equal(page.count, good);
    intent_page_done(&page);
    return good;
}

static bool ask_about(struct journal *journal, const char *id, struct err *err)
{
    struct intent_page page;
    bool good = journal_about(journal, id, OTHERS_CLAIM, &page, err);

    assert_int_equal(page.count, good);
    intent_page_done(&page);
    return good;
}

static bool ask_verify(struct journal *journal, const char *id, struct err *err)
{
    int64_t entries;

    (void)id;
    return journal_verify(journal, &entries, err);
}

static bool ask_head(struct journal *journal, const char *id, struct err *err)
{
    char head[JOURNAL_HEAD_SIZE];

    (void)id;
    return journal_head(journal, head, err);
}

static bool count_entry(void *ctx, const struct audit_entry *entry)
{
    assert_int_equal(entry->seq, ++*(int64_t *)ctx);
    return true;
}

static bool ask_audit(struct journal *journal, const char *id, struct err *err)
{
    int64_t seen = 0;

    (void)id;
    return journal_audit(journal, count_entry, &seen, err) && seen > 0;
}

/* --- each with each of its calls failing ----------------------------------------------------- */

enum {
    WRITES = 1,     /* it changes the file */
    NO_ROW = 2,     /* in an empty journal */
    OLD_BOOT = 4,   /* its rows are of another boot */
    UNVERIFIED = 8, /* the first change of its process: the whole file is verified before it */
    LONG = 16
};
static const struct scene {
    const char *name;
    bool (*act)(struct journal *journal, const char *id, struct err *err);
    unsigned flags;
    enum intent_state path[4]; /* of the row from PREPARED on; PREPARED: its end */
} scenes[] = {
    {"first of all", do_send, WRITES | UNVERIFIED | LONG, {0}},
    {"recover first", do_recover, WRITES | UNVERIFIED | LONG, {INTENT_SENT}},
    {"prepare", do_prepare, WRITES | NO_ROW, {0}},
    {"prepare, asked", do_prepare_asked, WRITES | NO_ROW, {0}},
    {"send", do_send, WRITES, {0}},
    {"void", do_void, WRITES, {0}},
    {"answer", learn_confirmed, WRITES, {INTENT_SENT}},
    {"silence", learn_unknown, WRITES, {INTENT_SENT}},
    {"silence again", learn_unknown, WRITES, {INTENT_SENT, INTENT_UNKNOWN}},
    {"refusal", learn_rejected, WRITES, {INTENT_SENT}},
    {"replay refused", learn_rejected, 0, {INTENT_SENT, INTENT_UNKNOWN, INTENT_SENT}},
    {"found", learn_confirmed, WRITES, {INTENT_SENT, INTENT_UNKNOWN}},
    {"another's", learn_of_other, WRITES, {INTENT_SENT}},
    {"another's, found", learn_of_other, WRITES, {INTENT_SENT, INTENT_UNKNOWN}},
    {"contradicted", learn_confirmed, WRITES, {INTENT_SENT, INTENT_UNKNOWN, INTENT_NOT_EXECUTED}},
    {"another's contradicts", learn_of_other, WRITES, {INTENT_SENT, INTENT_DECLINED}},
    {"known", learn_confirmed, 0, {INTENT_SENT, INTENT_CONFIRMED}},
    {"failed after all", learn_failed, WRITES, {INTENT_SENT, INTENT_ACCEPTED, INTENT_SUCCEEDED}},
    {"done after all", learn_done, WRITES, {INTENT_SENT, INTENT_ACCEPTED, INTENT_FAILED}},
    {"failed still", learn_failed, 0, {INTENT_SENT, INTENT_ACCEPTED, INTENT_FAILED}},
    {"declined after all", learn_declined, 0, {INTENT_SENT, INTENT_UNKNOWN, INTENT_NOT_EXECUTED}},
    {"remark", do_remark, WRITES, {INTENT_SENT, INTENT_UNKNOWN}},
    {"tick", journal_reconciled, WRITES, {INTENT_SENT, INTENT_CONFIRMED}},
    {"acknowledge", do_acknowledge, WRITES, {INTENT_SENT, INTENT_CONFIRMED}},
    {"resolve", do_resolve, WRITES, {INTENT_SENT, INTENT_UNKNOWN, INTENT_MANUAL}},
    {"recover prepared", do_recover, WRITES, {0}},
    {"recover sent", do_recover, WRITES, {INTENT_SENT}},
    {"recover unknown", do_recover, WRITES | OLD_BOOT, {INTENT_SENT, INTENT_UNKNOWN}},
    {"recover nothing", do_recover, 0, {INTENT_SENT, INTENT_DECLINED}},
    {"get", ask_get, 0, {0}},
    {"holder", ask_holder, 0, {0}},
    {"tag", ask_tag, 0, {0}},
    {"claim", ask_claim, 0, {0}},
    {"extra", ask_extra, 0, {0}},
    {"body", ask_body, 0, {0}},
    {"list", ask_list, 0, {0}},
    {"about", ask_about, 0, {0}},
    {"verify", ask_verify, LONG, {0}},
    {"head", ask_head, 0, {0}},
    {"audit", ask_audit, 0, {0}},
};

/* All that is in the file. */
static void dump(const struct jbox *box, char out[4000])
{
    static const char sql[] =
        "SELECT group_concat(line, '\n') FROM (SELECT tag || state || rev || attempt ||"
        " coalesce(server_reference, '-') || coalesce(why, '-') || coalesce(charged, '-') ||"
        " (acknowledged_utc IS NULL) AS line FROM intent ORDER BY rowid) UNION ALL"
        " SELECT group_concat(line, '\n') FROM (SELECT seq || event || state || rev AS line"
        " FROM audit ORDER BY seq)";
    sqlite3 *raw = NULL;
    sqlite3_stmt *stmt = NULL;
    size_t used = 0;

    assert_int_equal(sqlite3_open(box->path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        used += (size_t)snprintf(out + used, 4000 - used, "%s\n",
                                 (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    sqlite3_close(raw);
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[1 << 20];
    FILE *in = fopen(from, "re"), *out = fopen(to, "we");

    assert_non_null(in);
    assert_non_null(out);
    size_t len = fread(bytes, 1, sizeof bytes, in);
    assert_true(len > 0 && len < sizeof bytes);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    fclose(in);
    fclose(out);
}

/* The rows of a scene, in box->copy. */
static void place(struct jbox *box, const struct scene *scene, char id[INTENT_ID_SIZE])
{
    char other[INTENT_ID_SIZE];

    unlink(box->path);
    box->journal = jbox_open(box);
    clock_replace_boot_id((scene->flags & OLD_BOOT) != 0 ? other_boot : NULL);
    snprintf(id, INTENT_ID_SIZE, "none");
    if ((scene->flags & NO_ROW) == 0) {
        jbox_prepare(box, NULL, other); /* another one, that has ended */
        jbox_move(box, other, INTENT_SENT, NULL);
        jbox_move(box, other, INTENT_CONFIRMED, OTHERS_CLAIM);
        jbox_prepare(box, TARGET, id);
    }
    for (size_t i = 0; scene->path[i] != INTENT_PREPARED; i++)
        jbox_move(box, id, scene->path[i], OWN_CLAIM);
    journal_close(box->journal);
    clock_replace_boot_id(NULL);
    copy_file(box->path, box->copy);
    random_uuid(form);
}

/* What was said and what is on disk, when the call failed or none did (at is 0). */
static void check(const struct scene *scene, bool good, const char *before, const char *after,
                  const char *now)
{
    int at = core_fault.at, rc = core_fault.rc;

    if (strcmp(now, good ? after : before) != 0)
        fail_msg("%s, call %d, %d: %s, but it is\n%swas\n%s", scene->name, at, rc,
                 good ? "done" : "not done", now, before);
    if (!good && (core_fault.seen < at || said.code == ERR_NONE))
        fail_msg("%s, call %d, %d: %s", scene->name, at, rc, said.detail);
}

/* The act with the at-th call failing. False: it has no such call. */
static bool play(struct jbox *box, const struct scene *scene, const char *id, int at, int rc,
                 char after[4000])
{
    char before[4000], now[4000];

    copy_file(box->copy, box->path);
    dump(box, before);
    box->journal = jbox_open(box);
    box->journal->verified = (scene->flags & UNVERIFIED) == 0;
    said = (struct err){0};
    core_fail(db_handle(box->journal->db), at, rc);
    core_fault.for_ever = rc == SQLITE_FULL;
    core_fault.ends = rc == SQLITE_IOERR_SHORT_READ;
    bool good = scene->act(box->journal, id, &said);
    bool struck = core_fault.seen >= at && at > 0;
    core_fault.only = NULL;
    core_fault.at = 0;
    arena_done(&arena);
    dump(box, at == 0 ? after : now);
    core_fault.at = at;
    check(scene, good, before, after, at == 0 ? after : now);
    core_fault.at = 0;
    if (struck && journal_usable(box->journal, NULL))
        fail_msg("%s, call %d, %d: money is still moved", scene->name, at, rc);
    if (good && struck) { /* as the next process finds it */
        jbox_again(box);
        assert_true(journal_verify(box->journal, &(int64_t){0}, NULL));
    }
    journal_close(box->journal);
    return struck;
}

static void every_call_fails(void **state)
{
    static const int results[] = {SQLITE_IOERR_READ, SQLITE_FULL, SQLITE_CORRUPT,
                                  SQLITE_IOERR_SHORT_READ, SQLITE_NOMEM};
    char after[4000], before[4000], id[INTENT_ID_SIZE];
    struct jbox *box = *state;

    for (size_t i = 0; i < COUNT_OF(scenes); i++) {
        place(box, &scenes[i], id);
        dump(box, before);
        play(box, &scenes[i], id, 0, 0, after);
        assert_int_equal(strcmp(before, after) != 0, (scenes[i].flags & WRITES) != 0);
        /* the many reads of a verification fail in one way only */
        size_t ways = (scenes[i].flags & LONG) != 0 ? 1 : COUNT_OF(results);
        for (size_t j = 0; j < ways; j++)
            for (int at = 1; play(box, &scenes[i], id, at, results[j], after); at++)
                assert_true(at < 500);
    }
}

/* In memory where there is such a folder: nothing here is about what a disk keeps. */
static int box_setup(void **state)
{
    struct jbox *box = mem_alloc(sizeof *box);
    bool memory = access("/dev/shm", W_OK) == 0;

    snprintf(box->folder, sizeof box->folder, "%s/core-XXXXXX", memory ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(box->folder));
    snprintf(box->path, sizeof box->path, "%s/journal.db", box->folder);
    snprintf(box->copy, sizeof box->copy, "%s/copy.db", box->folder);
    *state = box;
    return 0;
}

static int box_teardown(void **state)
{
    struct jbox *box = *state;

    box->journal = NULL;
    return jbox_teardown(state);
}

/* A number of the row as text, SQLite having no memory for it: no NULL, but the end. The audit
   trail is made of such texts. */
static void text_without_memory_is_no_null(void **state)
{
    struct jbox *box = *state;
    struct db *db = box->journal->db;
    int status;

    pid_t pid = fork();
    if (pid == 0) {
        sqlite3_stmt *stmt = db_query(db, NULL, "SELECT 12345 + one FROM identity", "");
        if (stmt == NULL || db_step(db, stmt, NULL) != DB_ROW)
            _exit(1);
        sqlite3_hard_heap_limit64(1); /* any request is too much now */
        _exit(db_column(stmt, 0) == NULL ? 2 : 3);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), MEM_EXIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_without_memory_is_no_null, jbox_setup, jbox_teardown),
        cmocka_unit_test_setup_teardown(every_call_fails, box_setup, box_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
