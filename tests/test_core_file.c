/* The journal's file and what lies beside it, with the system failing: the lock file of a process,
   who is written down, what others write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cmocka.h>

#include "../cache/money_internal.h"
#include "support_core.h"
#include "support_journal.h"

/* --- lock files ------------------------------------------------------------------------------ */

static size_t count_entries(const char *folder, const char *begin)
{
    DIR *dir = opendir(folder);
    size_t count = 0;

    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += strncmp(entry->d_name, begin, strlen(begin)) == 0;
    closedir(dir);
    return count;
}

static void make_dead_owner(const struct jbox *box)
{
    char path[128];

    snprintf(path, sizeof path, "%s/owner-dead.lock", box->folder);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

/* One call of the system fails: no owner, and why; or one that the others see alive. */
static bool try_owner(struct jbox *box, const struct owner *other, const char *call, int at)
{
    struct err err = {0};
    size_t open_before = count_entries("/proc/self/fd", "");

    make_dead_owner(box);
    core_fail_call(call, at, EACCES);
    struct owner *owner = owner_new(box->path, &err);
    bool struck = core_has_struck();
    if (owner == NULL) {
        assert_int_equal(err.code, ERR_STORAGE);
        assert_true(struck);
    } else {
        assert_true(owner_is_alive(other, owner_name(owner), clock_boot_id()));
        assert_true(owner_is_alive(owner, owner_name(other), clock_boot_id()));
    }
    owner_free(owner);
    assert_int_equal(count_entries("/proc/self/fd", ""), open_before);
    return struck;
}

static void every_system_call_fails(void **state)
{
    static const char *const calls[] = {"open", "openat", "fcntl", "fstat", "fdopendir"};
    struct jbox *box = *state;
    struct owner *other = owner_new(box->path, NULL);

    assert_non_null(other);
    for (size_t i = 0; i < COUNT_OF(calls); i++)
        for (int at = 1; try_owner(box, other, calls[i], at); at++)
            assert_true(at < 20);
    struct err err = {0};
    core_fail_call("openat", 1, EMFILE);
    core_fault.for_ever = true;
    assert_null(owner_new(box->path, &err));
    assert_true(core_has_struck());
    assert_non_null(strstr(err.detail, strerror(EMFILE)));
    assert_null(owner_new("/no such folder/journal.db", &err));
    try_owner(box, other, "open", 0); /* sweeps what the failures have left */
    assert_int_equal(count_entries(box->folder, "owner-"), 2); /* the journal's and this one */
    owner_free(other);
    owner_free(NULL);
}

static const char *swept_folder;

/* Another process sweeps between the making of the file and its lock. */
static void sweep_it(void)
{
    DIR *dir = opendir(swept_folder);
    char path[600];

    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (strncmp(entry->d_name, "owner-", 6) == 0) {
            snprintf(path, sizeof path, "%s/%s", swept_folder, entry->d_name);
            unlink(path);
        }
    closedir(dir);
}

static void swept_before_it_is_locked(void **state)
{
    struct jbox *box = *state;

    journal_close(box->journal);
    box->journal = NULL;
    swept_folder = box->folder;
    core_fail_call("fcntl", 1, 0);
    core_fault.instead = sweep_it;
    struct owner *owner = owner_new(box->path, NULL);
    assert_true(core_has_struck() && owner != NULL);
    assert_int_equal(count_entries(box->folder, "owner-"), 1);
    char path[128];
    snprintf(path, sizeof path, "%s/%s", box->folder, owner_name(owner));
    assert_int_equal(access(path, F_OK), 0);
    owner_free(owner);
}

static void who_is_alive(void **state)
{
    struct jbox *box = *state;
    struct owner *self = owner_new(box->path, NULL);

    assert_true(owner_is_alive(self, owner_name(self), clock_boot_id()));
    assert_false(owner_is_alive(self, owner_name(self), "another boot"));
    assert_false(owner_is_alive(self, "owner-00.lock", clock_boot_id())); /* no such file */
    assert_false(owner_is_alive(self, "journal.db", clock_boot_id()));
    assert_false(owner_is_alive(self, "owner-/../journal.db", clock_boot_id()));
    make_dead_owner(box);
    assert_false(owner_is_alive(self, "owner-dead.lock", clock_boot_id()));
    assert_int_equal(count_entries(box->folder, "owner-dead"), 0);
    make_dead_owner(box);
    core_fail_call("openat", 1, EACCES); /* cannot tell: taken as alive, which is the safe side */
    assert_true(owner_is_alive(self, "owner-dead.lock", clock_boot_id()));
    assert_true(core_has_struck());
    assert_false(owner_is_alive(self, "owner-dead.lock", clock_boot_id()));
    owner_free(self);
}

static void beside_a_relative_path(void **state)
{
    struct jbox *box = *state;
    char before[4096];

    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(box->folder), 0);
    struct owner *owner = owner_new("journal.db", NULL);
    assert_true(chdir(before) == 0 && owner != NULL);
    assert_int_equal(count_entries(box->folder, owner_name(owner)), 1);
    owner_free(owner);
}

/* --- who is written down --------------------------------------------------------------------- */

struct trail {
    char person[64], os_user[64], tty[64], origin[128];
    int entries;
};

static bool take_first(void *ctx, const struct audit_entry *entry)
{
    struct trail *trail = ctx;

    snprintf(trail->person, sizeof trail->person, "%s", entry->person);
    snprintf(trail->os_user, sizeof trail->os_user, "%s", entry->os_user);
    snprintf(trail->tty, sizeof trail->tty, "%s", entry->tty == NULL ? "-" : entry->tty);
    snprintf(trail->origin, sizeof trail->origin, "%s",
             entry->origin == NULL ? "-" : entry->origin);
    trail->entries++;
    return false;
}

/* What one charge by this person leaves in a new journal, a call of the system behaving so. */
static struct trail trail_of(struct jbox *box, const char *person, const char *call, int rc)
{
    struct journal_settings who = {.person = person};
    struct intent_draft draft = jbox_charge("T1");
    struct trail trail = {.entries = 0};

    journal_close(box->journal);
    unlink(box->path);
    core_fail_call(call, 1, rc);
    core_fault.for_ever = true;
    box->journal = journal_open(box->path, "HOTEL9", ENV_TEST, &who, NULL, NULL);
    assert_non_null(box->journal);
    assert_true(journal_prepare(box->journal, &draft, NULL));
    assert_true(core_has_struck());
    jbox_move(box, draft.id, INTENT_VOID, NULL);
    assert_true(journal_audit(box->journal, take_first, &trail, NULL));
    assert_int_equal(trail.entries, 1);
    assert_true(journal_verify(box->journal, &(int64_t){0}, NULL));
    return trail;
}

static void who_it_was(void **state)
{
    struct jbox *box = *state;
    char uid[40];

    snprintf(uid, sizeof uid, "uid %u", (unsigned)geteuid());
    struct trail trail = trail_of(box, NULL, "getpwuid_r", 0); /* no such user */
    assert_string_equal(trail.os_user, uid);
    assert_string_equal(trail.person, uid);
    trail = trail_of(box, "", "getpwuid_r", EIO);
    assert_string_equal(trail.person, uid);
    trail = trail_of(box, "Ana", "ttyname_r", 0);
    assert_string_equal(trail.person, "Ana");
    assert_string_equal(trail.tty, "/dev/pts/7");
    assert_int_equal(setenv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 22", 1), 0);
    trail = trail_of(box, "Ana", "gethostname", EPERM);
    assert_string_equal(trail.origin, "192.0.2.7 50000 192.0.2.1 22");
    assert_int_equal(unsetenv("SSH_CONNECTION"), 0);
    assert_string_equal(trail_of(box, "Ana", "ttyname_r", ENOTTY).tty, "-");
}

/* How far the clock could be trusted is in every entry. */
static void state_of_the_clock(void **state)
{
    static const struct {
        int status;
        const char *word;
    } clocks[] = {{-1, "unknown"}, {STA_UNSYNC, "unsynchronised"}, {0, "synchronised"}};
    struct jbox *box = *state;

    for (size_t i = 0; i < COUNT_OF(clocks); i++) {
        trail_of(box, "Ana", "adjtimex", clocks[i].status);
        sqlite3_stmt *stmt =
            db_query(box->journal->db, NULL, "SELECT clock FROM audit WHERE seq = 1", "");
        assert_int_equal(db_step(box->journal->db, stmt, NULL), DB_ROW);
        assert_string_equal((const char *)sqlite3_column_text(stmt, 0), clocks[i].word);
        db_end(stmt);
    }
}

/* Without its library there is no chain, so no journal. */
static void no_library(void **state)
{
    struct jbox *box = *state;
    struct journal_settings who = {.person = "Ana", .version = "0"};
    struct err err = {0};

    core_fail_call("sodium_init", 1, 0);
    assert_null(journal_open(box->path, "HOTEL9", ENV_TEST, &who, NULL, &err));
    assert_true(core_has_struck());
    assert_int_equal(err.code, ERR_SYSTEM);
    journal_close(NULL);
}

/* A journal that cannot be opened is none, whichever call fails, and leaves nothing behind. */
static void opening_fails(void **state)
{
    struct jbox *box = *state;
    struct journal_settings who = {.person = "Ana", .version = "0"};
    size_t files = count_entries(box->folder, ""), open_before = count_entries("/proc/self/fd", "");

    for (int at = 1;; at++) {
        struct err err = {0};
        assert_true(at < 500);
        core_fail(NULL, at, SQLITE_IOERR_READ);
        struct journal *journal = journal_open(box->path, "HOTEL9", ENV_TEST, &who, NULL, &err);
        bool struck = core_has_struck();
        assert_true((journal == NULL) == (err.code != ERR_NONE));
        assert_true(journal == NULL || !struck || !journal_usable(journal, NULL));
        journal_close(journal);
        assert_int_equal(count_entries(box->folder, ""), files);
        assert_int_equal(count_entries("/proc/self/fd", ""), open_before);
        if (!struck)
            break;
    }
}

static int raw_version(sqlite3 *raw)
{
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_prepare_v2(raw, "PRAGMA user_version", -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int version = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return version;
}

/* A journal of the first version is carried over whole, or stays what it was. */
static void carrying_over_fails(void **state)
{
    struct jbox *box = *state;
    struct journal_settings who = {.person = "Ana", .version = "0"};
    char *sql = mem_alloc(200000), copy[128];
    FILE *file = fopen("tests/fixtures/journal_v1.sql", "re");
    struct journal *journal = NULL;

    assert_non_null(file);
    sql[fread(sql, 1, 199999, file)] = '\0';
    fclose(file);
    snprintf(copy, sizeof copy, "%s.v1", box->path);
    journal_close(box->journal);
    box->journal = NULL;
    for (int at = 1; journal == NULL; at++) {
        struct err err = {0};
        sqlite3 *raw = NULL;
        assert_true(at < 1000);
        unlink(box->path);
        unlink(copy);
        assert_int_equal(sqlite3_open(box->path, &raw), SQLITE_OK);
        assert_int_equal(chmod(box->path, 0600), 0);
        raw_run(raw, "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY");
        raw_run(raw, sql);
        core_fail(NULL, at, SQLITE_IOERR_READ);
        journal = journal_open(box->path, "HOTEL9", ENV_TEST, &who, NULL, &err);
        bool struck = core_has_struck();
        int version = raw_version(raw);
        sqlite3_close(raw);
        assert_true((journal == NULL) == (err.code != ERR_NONE));
        if (journal == NULL)
            assert_true(struck && (version == 1 || version == JOURNAL_VERSION));
        else if (struck) {
            assert_false(journal_usable(journal, NULL));
            journal_close(journal);
            journal = NULL;
        }
    }
    assert_true(journal_verify(journal, &(int64_t){0}, NULL));
    journal_close(journal);
    unlink(copy);
    free(sql);
}

/* --- what a hand has left -------------------------------------------------------------------- */

/* A row or an entry as this program never writes it, behind the back of every check. */
static void spoil(struct jbox *box, const char *sql)
{
    sqlite3 *raw = raw_open(box);

    raw_drop_triggers(raw);
    raw_run(raw, "PRAGMA ignore_check_constraints = ON");
    raw_run(raw, sql);
    sqlite3_close(raw);
    box->journal->verified = true; /* the edit came after that */
}

static void odd_rows(void **state)
{
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE];
    struct intent_move move = {.to = INTENT_VOID};
    enum intent_state unused;
    struct err err = {0};
    struct buf body;

    assert_false(intent_state_from_name(NULL, &unused) || intent_state_from_name("odd", &unused));
    jbox_prepare(box, NULL, id);
    assert_false(journal_move(box->journal, "no such intent", &move, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(journal_get_extra(box->journal, "no such intent", NULL, NULL, NULL));
    buf_init(&body, 3); /* too small for it */
    assert_false(journal_get_body(box->journal, id, &body, &err));
    assert_false(journal_get_body(box->journal, "no such intent", &body, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    buf_done(&body);
    spoil(box, "UPDATE intent SET state = 'odd'");
    assert_false(journal_move(box->journal, id, &move, &err));
    assert_int_equal(err.code, ERR_DATA);
    assert_false(journal_usable(box->journal, NULL));
    jbox_restore(box);
    jbox_check_state(box, id, INTENT_PREPARED);
}

static void odd_entries(void **state)
{
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE], head[JOURNAL_HEAD_SIZE];
    struct trail trail = {.entries = 0};
    struct intent_move move = {.to = INTENT_VOID};
    struct err err = {0};

    jbox_prepare(box, NULL, id);
    spoil(box, "UPDATE audit SET hash = x'00'");
    assert_false(journal_head(box->journal, head, &err));
    assert_int_equal(err.code, ERR_DATA);
    assert_true(journal_audit(box->journal, take_first, &trail, NULL)); /* shown all the same */
    assert_false(journal_verify(box->journal, &(int64_t){0}, &err));
    assert_false(journal_move(box->journal, id, &move, &err));
    assert_int_equal(err.code, ERR_DATA);
    jbox_check_state(box, id, INTENT_PREPARED);
}

/* An unknown row whose quiet period nobody counts: it begins anew. */
static void uncounted_quiet(void **state)
{
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE];
    struct arena arena = {0};
    struct intent_extra extra;
    int taken;

    jbox_prepare(box, NULL, id);
    jbox_move(box, id, INTENT_SENT, NULL);
    jbox_move(box, id, INTENT_UNKNOWN, NULL);
    spoil(box, "UPDATE intent SET quiet_boot_id = NULL");
    assert_true(journal_recover(box->journal, &taken, NULL));
    assert_true(journal_get_extra(box->journal, id, &arena, &extra, NULL));
    assert_true(extra.quiet_known);
    arena_done(&arena);
    assert_false(journal_resolve(box->journal, id, true, NULL, NULL));
    journal_note_look(box->journal, id, 5); /* nobody listens */
}

/* --- what others write ----------------------------------------------------------------------- */

static void no_means_to_tell(void **state)
{
    static const char *const calls[] = {"inotify_init1", "inotify_add_watch"};
    struct jbox *box = *state;
    struct loop *loop = loop_new();
    size_t open_before = count_entries("/proc/self/fd", "");

    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        core_fail_call(calls[i], 1, EMFILE);
        assert_null(journal_news_start(box->journal, loop));
        assert_true(core_has_struck());
        assert_int_equal(count_entries("/proc/self/fd", ""), open_before);
    }
    loop_free(loop);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, jbox_setup, jbox_teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_system_call_fails),
        TEST(swept_before_it_is_locked),
        TEST(who_is_alive),
        TEST(beside_a_relative_path),
        TEST(who_it_was),
        TEST(state_of_the_clock),
        TEST(no_library),
        TEST(opening_fails),
        TEST(carrying_over_fails),
        TEST(odd_rows),
        TEST(odd_entries),
        TEST(uncounted_quiet),
        TEST(no_means_to_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
