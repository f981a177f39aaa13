/* The journal's file: what SQL refuses, what survives, who may hold what. A second connection
   stands for a hand with a database tool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../cache/money_internal.h"
#include "support_journal.h"

static const char *const all_states[] = {
#define X(id, name) name,
    INTENT_STATES(X)
#undef X
};

/* --- the protocol in SQL --------------------------------------------------------------------- */

/* The legal pairs once more, as the diagram of journal.c draws them. */
static bool is_drawn(const char *from, const char *to)
{
    static const char *const arrows[] = {
        "prepared sent void",
        "sent confirmed declined rejected accepted unknown",
        "unknown confirmed declined rejected accepted not_executed sent manual resolved",
        "accepted succeeded failed manual",
        "manual resolved",
        "void manual",
        "rejected manual",
        "declined manual",
        "confirmed manual",
        "succeeded manual",
        "failed manual",
        "not_executed manual",
        "resolved manual"};
    char want[32];

    for (size_t i = 0; i < COUNT_OF(arrows); i++) {
        size_t len = strcspn(arrows[i], " ");
        if (strlen(from) != len || strncmp(arrows[i], from, len) != 0)
            continue;
        for (const char *at = arrows[i] + len; *at != '\0';) {
            size_t word = strcspn(++at, " ");
            snprintf(want, sizeof want, "%.*s", (int)word, at);
            if (strcmp(want, to) == 0)
                return true;
            at += word;
        }
    }
    return false;
}

/* Moves the row by legal steps to a state, in raw SQL. */
static void walk(sqlite3 *raw, const char *id, const char *state)
{
    static const struct {
        const char *state, *path;
    } paths[] = {{"prepared", ""},
                 {"sent", "sent"},
                 {"unknown", "sent unknown"},
                 {"accepted", "sent accepted"},
                 {"void", "void"},
                 {"rejected", "sent rejected"},
                 {"declined", "sent declined"},
                 {"confirmed", "sent confirmed"},
                 {"succeeded", "sent accepted succeeded"},
                 {"failed", "sent accepted failed"},
                 {"not_executed", "sent unknown not_executed"},
                 {"manual", "sent unknown manual"},
                 {"resolved", "sent unknown resolved"}};
    char step[32];

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        if (strcmp(paths[i].state, state) != 0)
            continue;
        for (const char *at = paths[i].path; *at != '\0'; at += strspn(at, " ")) {
            size_t len = strcspn(at, " ");
            snprintf(step, sizeof step, "%.*s", (int)len, at);
            assert_int_equal(raw_move(raw, id, step), SQLITE_OK);
            at += len;
        }
        return;
    }
    fail_msg("no path to %s", state);
}

static void all_state_pairs(void **state)
{
    struct jbox *box = *state;
    sqlite3 *raw = raw_open(box);
    int legal = 0;

    for (int from = 0; from < INTENT_STATE_COUNT; from++)
        for (int to = 0; to < INTENT_STATE_COUNT; to++) {
            char id[INTENT_ID_SIZE];
            jbox_prepare(box, NULL, id);
            walk(raw, id, all_states[from]);
            int rc = raw_move(raw, id, all_states[to]);
            bool drawn = is_drawn(all_states[from], all_states[to]);
            if ((rc == SQLITE_OK) != drawn)
                fail_msg("%s -> %s: SQL says %s", all_states[from], all_states[to],
                         sqlite3_errmsg(raw));
            legal += rc == SQLITE_OK;
            if (!drawn)
                assert_int_equal(rc & 0xff, SQLITE_CONSTRAINT);
        }
    assert_int_equal(legal, 27);
    sqlite3_close(raw);
}

static const char insert_audit[] =
    "INSERT INTO audit(seq, utc, clock, event, rev, person, os_user, host, hash)"
    " VALUES(99, 1, '', '', 1, '', '', '', zeroblob(32))";

static void fixed_columns(void **state)
{
    struct jbox *box = *state;
    static const char *const refused[] = {
        "UPDATE intent SET rev = rev + 1, intent_id = 'x'",
        "UPDATE intent SET rev = rev + 1, tag = 'abcdefgh'",
        "UPDATE intent SET rev = rev + 1, amount_minor = 1",
        "UPDATE intent SET rev = rev + 1, currency = 'USD'",
        "UPDATE intent SET rev = rev + 1, target = 'T'",
        "UPDATE intent SET rev = rev + 1, body = x'00'",
        "UPDATE intent SET rev = rev + 1, body_sha256 = zeroblob(32)",
        "UPDATE intent SET rev = rev + 1, env = 'live'",
        "UPDATE intent SET rev = rev + 1, kind = 'refund'",
        "UPDATE intent SET rev = rev + 1, url = 'u'",
        "UPDATE intent SET rev = rev + 1, person = 'p'",
        "UPDATE intent SET rev = rev + 1, created_utc = 1",
        "UPDATE intent SET rev = rev + 1, form_id = 'f'",
        "UPDATE intent SET rev = rev + 1, method = 'GET'",
        "UPDATE intent SET why = 'no count'",
        "UPDATE intent SET rev = rev + 2",
        "UPDATE intent SET rev = rev + 1, attempt = attempt + 1",
        "DELETE FROM intent",
        "UPDATE audit SET detail = 'x'",
        "DELETE FROM audit",
        insert_audit,
        "INSERT INTO transition VALUES('void', 'sent')",
        "DELETE FROM transition",
        "UPDATE transition SET to_state = 'x'",
        "UPDATE intent SET rev = rev + 1, attempt = 'many'",
        "UPDATE intent SET state = 'sent', rev = rev + 1" /* without a time, without an attempt */};
    char id[INTENT_ID_SIZE];
    sqlite3 *raw = raw_open(box);

    jbox_prepare(box, NULL, id);
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        if (sqlite3_exec(raw, refused[i], NULL, NULL, NULL) == SQLITE_OK)
            fail_msg("accepted: %s", refused[i]);
    sqlite3_close(raw);
    jbox_check_state(box, id, INTENT_PREPARED);
}

static void begins_prepared(void **state)
{
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE];
    sqlite3 *raw = raw_open(box);

    jbox_prepare(box, NULL, id);
    assert_int_not_equal(
        sqlite3_exec(raw,
                     "INSERT INTO intent SELECT '00000000-0000-4000-8000-000000000000', 'zzzzzzzz',"
                     " '00000000-0000-4000-8000-000000000001', env, webcode, kind, 'other',"
                     " amount_minor, currency, reference, description, reason, is_preauth, method,"
                     " url, body, body_sha256, person, os_user, tty, origin, host, version,"
                     " created_utc, created_boot_id, created_boot_ms, 'void', rev, attempt,"
                     " changed_utc, sent_utc, sent_boot_id, sent_boot_ms, quiet_utc, quiet_boot_id,"
                     " quiet_boot_ms, baseline, http_status, code, message, trace_id,"
                     " server_reference, server_status, payment_url, why, evidence, charged, owner,"
                     " owner_boot_id, acknowledged_utc, reconciled_utc FROM intent",
                     NULL, NULL, NULL),
        SQLITE_OK);
    assert_non_null(strstr(sqlite3_errmsg(raw), "begins as prepared"));
    sqlite3_close(raw);
}

/* A refused replay proves nothing about the first try: SQL knows. */
static void rejected_only_first(void **state)
{
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE];
    sqlite3 *raw = raw_open(box);

    jbox_prepare(box, NULL, id);
    walk(raw, id, "unknown");
    assert_int_equal(raw_move(raw, id, "sent"), SQLITE_OK);
    assert_int_not_equal(raw_move(raw, id, "rejected"), SQLITE_OK);
    assert_int_equal(raw_move(raw, id, "unknown"), SQLITE_OK);
    assert_int_equal(raw_move(raw, id, "sent"), SQLITE_OK);
    assert_int_equal(raw_move(raw, id, "unknown"), SQLITE_OK);
    assert_int_not_equal(raw_move(raw, id, "sent"), SQLITE_OK); /* a fourth attempt */
    sqlite3_close(raw);
}

/* --- moving ---------------------------------------------------------------------------------- */

static void compare_and_set(void **state)
{
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE];
    struct err err = {0};
    struct intent_move sent = {.to = INTENT_SENT, .rev = 1}, again = {.to = INTENT_VOID, .rev = 1};

    jbox_prepare(box, NULL, id);
    assert_true(journal_move(box->journal, id, &sent, &err));
    assert_false(journal_move(box->journal, id, &again, &err));
    assert_int_equal(err.code, ERR_STALE);
    again.rev = 0;
    assert_false(journal_move(box->journal, id, &again, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    jbox_check_state(box, id, INTENT_SENT);
    assert_true(journal_usable(box->journal, NULL));
}

static void one_holder(void **state)
{
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE], second[INTENT_ID_SIZE];
    struct err err = {0};
    struct arena arena = {0};
    struct intent holder;
    struct intent_draft draft = jbox_charge("T1");

    assert_true(journal_prepare(box->journal, &draft, &err));
    memcpy(id, draft.id, sizeof id);
    draft = jbox_charge("T1");
    assert_false(journal_prepare(box->journal, &draft, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.detail, id));
    assert_true(journal_holder(box->journal, OP_CHARGE, "T1", &arena, &holder, &err));
    assert_string_equal(holder.id, id);
    jbox_prepare(box, "T2", second); /* another terminal is free */
    jbox_move(box, id, INTENT_SENT, NULL);
    jbox_move(box, id, INTENT_UNKNOWN, NULL);
    draft = jbox_charge("T1");
    assert_false(journal_prepare(box->journal, &draft, &err)); /* unknown still holds it */
    jbox_move(box, id, INTENT_NOT_EXECUTED, NULL);
    draft = jbox_charge("T1");
    assert_true(journal_prepare(box->journal, &draft, &err));

    /* a payment: any kind of modification holds it until it has ended */
    draft = jbox_charge("HOTEL9-POSXT-1");
    draft.kind = OP_REFUND;
    assert_true(journal_prepare(box->journal, &draft, &err));
    memcpy(id, draft.id, sizeof id);
    jbox_move(box, id, INTENT_SENT, NULL);
    jbox_move(box, id, INTENT_ACCEPTED, "HOTEL9-RFXT-1");
    draft = jbox_charge("HOTEL9-POSXT-1");
    draft.kind = OP_EXTEND;
    assert_false(journal_prepare(box->journal, &draft, &err));
    jbox_move(box, id, INTENT_SUCCEEDED, NULL);
    draft.kind = OP_EXTEND;
    assert_true(journal_prepare(box->journal, &draft, &err));
    arena_done(&arena);
}

/* The index refuses it as well, should the friendly check ever miss it. */
static void index_refuses(void **state)
{
    struct jbox *box = *state;
    sqlite3 *raw = raw_open(box);
    char id[INTENT_ID_SIZE];

    jbox_prepare(box, "T1", id);
    assert_int_not_equal(raw_copy_prepared(raw, id), SQLITE_OK);
    assert_non_null(strstr(sqlite3_errmsg(raw), "UNIQUE"));
    jbox_move(box, id, INTENT_VOID, NULL);
    assert_int_equal(raw_copy_prepared(raw, id), SQLITE_OK);
    sqlite3_close(raw);
}

static void one_form(void **state)
{
    struct jbox *box = *state;
    struct intent_draft draft = jbox_charge("T1");
    struct err err = {0};

    assert_true(journal_prepare(box->journal, &draft, &err));
    struct intent_draft again = jbox_charge("T2");
    again.form_id = draft.form_id;
    assert_false(journal_prepare(box->journal, &again, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_true(journal_usable(box->journal, NULL));
}

static void one_claim(void **state)
{
    struct jbox *box = *state;
    char first[INTENT_ID_SIZE], second[INTENT_ID_SIZE];
    struct intent_move move = {.to = INTENT_CONFIRMED, .server_reference = "HOTEL9-POSXT-5"};
    struct err err = {0};

    jbox_prepare(box, "T1", first);
    jbox_prepare(box, "T2", second);
    jbox_move(box, first, INTENT_SENT, NULL);
    jbox_move(box, second, INTENT_SENT, NULL);
    assert_true(journal_learn(box->journal, first, &move, &err));
    assert_false(journal_move(box->journal, second, &move, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    /* learnt for a second intent it proves nothing: a person must tell the two apart */
    assert_true(journal_learn(box->journal, second, &move, &err));
    jbox_check_state(box, first, INTENT_CONFIRMED);
    jbox_check_state(box, second, INTENT_MANUAL);
}

/* What is learnt is fitted to where the row is. */
static void learning(void **state)
{
    struct jbox *box = *state;
    static const struct {
        enum intent_state path[3], learned, end;
    } rows[] = {
        {{INTENT_SENT}, INTENT_CONFIRMED, INTENT_CONFIRMED},
        {{INTENT_SENT}, INTENT_UNKNOWN, INTENT_UNKNOWN},
        {{INTENT_SENT, INTENT_UNKNOWN}, INTENT_UNKNOWN, INTENT_UNKNOWN},
        {{INTENT_SENT, INTENT_UNKNOWN}, INTENT_CONFIRMED, INTENT_CONFIRMED},
        {{INTENT_SENT, INTENT_UNKNOWN}, INTENT_REJECTED, INTENT_REJECTED},
        {{INTENT_SENT, INTENT_CONFIRMED}, INTENT_CONFIRMED, INTENT_CONFIRMED},
        {{INTENT_SENT, INTENT_CONFIRMED}, INTENT_UNKNOWN, INTENT_CONFIRMED},
        {{INTENT_SENT, INTENT_CONFIRMED}, INTENT_DECLINED, INTENT_MANUAL},
        {{INTENT_SENT, INTENT_DECLINED}, INTENT_CONFIRMED, INTENT_MANUAL},
        {{INTENT_SENT, INTENT_UNKNOWN, INTENT_NOT_EXECUTED}, INTENT_CONFIRMED, INTENT_MANUAL},
        {{INTENT_SENT, INTENT_UNKNOWN, INTENT_NOT_EXECUTED}, INTENT_DECLINED, INTENT_NOT_EXECUTED},
        {{INTENT_SENT, INTENT_UNKNOWN, INTENT_MANUAL}, INTENT_CONFIRMED, INTENT_MANUAL},
        {{INTENT_VOID}, INTENT_CONFIRMED, INTENT_MANUAL},
        {{INTENT_SENT, INTENT_REJECTED}, INTENT_CONFIRMED, INTENT_MANUAL},
        {{INTENT_SENT, INTENT_ACCEPTED, INTENT_SUCCEEDED}, INTENT_ACCEPTED, INTENT_SUCCEEDED},
        {{INTENT_SENT, INTENT_ACCEPTED, INTENT_SUCCEEDED}, INTENT_FAILED, INTENT_MANUAL},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char id[INTENT_ID_SIZE], claim[40];
        struct err err = {0};
        jbox_prepare(box, NULL, id);
        snprintf(claim, sizeof claim, "HOTEL9-POSXT-L%zu", i);
        for (size_t step = 0; step < 3 && (step == 0 || rows[i].path[step] != INTENT_PREPARED);
             step++)
            jbox_move(box, id, rows[i].path[step], claim);
        bool object = rows[i].learned != INTENT_UNKNOWN && rows[i].learned != INTENT_REJECTED;
        struct intent_move move = {.to = rows[i].learned,
                                   .server_reference = object ? claim : NULL};
        if (!journal_learn(box->journal, id, &move, &err))
            fail_msg("row %zu: %s", i, err.detail);
        jbox_check_state(box, id, rows[i].end);
    }
    /* the same end with another object of the server contradicts too */
    char id[INTENT_ID_SIZE];
    jbox_prepare(box, NULL, id);
    jbox_move(box, id, INTENT_SENT, NULL);
    jbox_move(box, id, INTENT_CONFIRMED, "HOTEL9-POSXT-A");
    struct intent_move move = {.to = INTENT_CONFIRMED, .server_reference = "HOTEL9-POSXT-B"};
    assert_true(journal_learn(box->journal, id, &move, NULL));
    jbox_check_state(box, id, INTENT_MANUAL);
    /* done, but nobody says by what: refused, and nothing is amiss */
    jbox_prepare(box, NULL, id);
    jbox_move(box, id, INTENT_SENT, NULL);
    move.server_reference = NULL;
    assert_false(journal_learn(box->journal, id, &move, NULL));
    assert_true(journal_usable(box->journal, NULL));
    jbox_check_state(box, id, INTENT_SENT);
}

static void resolving(void **state)
{
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE];
    struct err err = {0};

    jbox_prepare(box, NULL, id);
    jbox_move(box, id, INTENT_SENT, NULL);
    assert_false(journal_resolve(box->journal, id, true, "slip says approved", &err));
    jbox_move(box, id, INTENT_UNKNOWN, NULL);
    assert_false(journal_resolve(box->journal, id, false, " \n", &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(journal_resolve(box->journal, id, false, "slip 4111 1111 1111 1111", &err));
    assert_false(journal_acknowledge(box->journal, id, "4111-1111-1111-1111", &err));
    assert_true(journal_resolve(box->journal, id, false, "the slip says refused", &err));
    jbox_check_state(box, id, INTENT_RESOLVED);
    /* late truth wins */
    struct intent_move move = {.to = INTENT_CONFIRMED, .server_reference = "HOTEL9-POSXT-R"};
    assert_true(journal_learn(box->journal, id, &move, &err));
    jbox_check_state(box, id, INTENT_MANUAL);
}

/* --- trouble --------------------------------------------------------------------------------- */

/* A full disk: nothing is written, and this process moves no more money. */
static void full_disk(void **state)
{
    struct jbox *box = *state;
    struct intent_draft draft = jbox_charge("T1");
    struct err err = {0};
    char id[INTENT_ID_SIZE];

    jbox_prepare(box, "T2", id);
    assert_int_equal(
        sqlite3_exec(db_handle(box->journal->db), "PRAGMA max_page_count = 1", NULL, NULL, NULL),
        SQLITE_OK);
    char *long_text = mem_alloc(60001);
    memset(long_text, 'a', 60000);
    draft.body = long_text;
    draft.body_len = 60000;
    assert_false(journal_prepare(box->journal, &draft, &err));
    assert_int_equal(err.code, ERR_STORAGE);
    assert_false(journal_usable(box->journal, &err));
    struct intent_move sent = {.to = INTENT_SENT};
    assert_false(journal_move(box->journal, id, &sent, &err));
    free(long_text);
    jbox_again(box);
    jbox_check_state(box, id, INTENT_PREPARED);
    assert_true(journal_usable(box->journal, NULL));
    jbox_move(box, id, INTENT_SENT, NULL);
}

static void body_is_checked(void **state)
{
    struct jbox *box = *state;
    char id[INTENT_ID_SIZE];
    struct buf body;
    struct err err = {0};

    buf_init(&body, 1000);
    jbox_prepare(box, NULL, id);
    assert_true(journal_get_body(box->journal, id, &body, &err));
    assert_string_equal(body.data, "{\"a\":1}");
    sqlite3 *raw = raw_open(box);
    raw_drop_triggers(raw);
    raw_run(raw, "UPDATE intent SET body = x'7b7d'");
    sqlite3_close(raw);
    buf_clear(&body);
    jbox_again(box);
    assert_false(journal_get_body(box->journal, id, &body, &err));
    assert_int_equal(err.code, ERR_DATA);
    buf_done(&body);
}

static void other_property(void **state)
{
    struct jbox *box = *state;
    struct journal_settings settings = {.person = "Ana"};
    struct err err = {0};

    assert_null(journal_open(box->path, "HOTEL8", ENV_TEST, &settings, NULL, &err));
    assert_int_equal(err.code, ERR_DENIED);
    assert_null(journal_open(box->path, "HOTEL9", ENV_LIVE, &settings, NULL, &err));
    assert_int_equal(err.code, ERR_DENIED);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, jbox_setup, jbox_teardown)
    const struct CMUnitTest tests[] = {
        TEST(all_state_pairs), TEST(fixed_columns),
        TEST(begins_prepared), TEST(rejected_only_first),
        TEST(compare_and_set), TEST(one_holder),
        TEST(index_refuses),   TEST(one_form),
        TEST(one_claim),       TEST(learning),
        TEST(resolving),
        TEST(full_disk),       TEST(body_is_checked),
        TEST(other_property),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
