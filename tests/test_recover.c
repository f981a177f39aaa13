/* Crashes: a child process is killed before and after every commit of an operation, or when the
   server has its request; another process then finds out by reading. The simulator runs here,
   outlives the child, and its ledger is the referee. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support_money.h"

/* --- the victim ------------------------------------------------------------------------------ */

struct crash {
    int commit; /* the how-many-th of the journal, from 1; 0: none */
    bool after; /* it is on disk already */
    int seen;
};

static int on_statement(unsigned event, void *ctx, void *stmt, void *detail)
{
    struct crash *crash = ctx;
    const char *sql = sqlite3_sql(stmt);

    (void)detail;
    if (sql == NULL || strncmp(sql, "COMMIT", 6) != 0)
        return 0;
    if (event == SQLITE_TRACE_STMT)
        crash->seen++;
    if (crash->seen == crash->commit && (event == SQLITE_TRACE_PROFILE) == crash->after)
        raise(SIGKILL);
    return 0;
}

static bool is_idle(void *ctx)
{
    struct till *till = ctx;

    return ops_in_flight(till->ops) == 0;
}

/* In a child: one operation, killed at the crash; exits with 0 when it was not. */
static pid_t start_victim(struct till *till, const struct op_request *request, struct crash crash)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child > 0)
        return child;
    char id[INTENT_ID_SIZE];
    struct err err = {0};
    till->loop = loop_new();
    till_open(till);
    sqlite3_trace_v2(db_handle(till->journal->db), SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE,
                     on_statement, &crash);
    if (request == NULL) {
        ops_recover(till->ops, NULL, &err);
        for (;;)
            loop_turn(till->loop, 100);
    }
    if (!op_start(till->ops, request, id, &err)) {
        fprintf(stderr, "victim: %s\n", err.detail);
        _exit(2);
    }
    _exit(loop_run_until(till->loop, is_idle, till, 20000) ? 0 : 3);
}

/* Serves the simulator until the child has ended; true when it was killed. */
static bool end_of(struct till *till, pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, WNOHANG) == 0)
        loop_turn(till->loop, 2);
    if (WIFEXITED(status) && WEXITSTATUS(status) > 1)
        fail_msg("the victim ended with %d", WEXITSTATUS(status));
    return WIFSIGNALED(status);
}

/* --- afterwards ------------------------------------------------------------------------------ */

static bool nothing_open(void *ctx)
{
    struct till *till = ctx;
    struct intent_page page;

    assert_true(journal_list(till->journal, INTENTS_OPEN, 0, &page, NULL));
    for (size_t i = 0; i < page.count; i++)
        ops_look_now(till->ops, page.rows[i].id);
    bool none = page.count == 0;
    intent_page_done(&page);
    return none;
}

/* A new start: recover until nothing is open, then ask the referee. known: rows from before. */
static void settle(struct till *till, size_t known, const char *what)
{
    struct intent_page page;
    struct err err = {0};
    int64_t entries;

    till_open(till);
    assert_true(ops_recover(till->ops, NULL, &err));
    if (!loop_run_until(till->loop, nothing_open, till, 20000)) {
        assert_true(journal_list(till->journal, INTENTS_OPEN, 0, &page, NULL));
        fail_msg("%s: still %s (%s)", what, intent_state_name(page.rows[0].state),
                 page.rows[0].why);
    }
    assert_true(journal_list(till->journal, INTENTS_ALL, 0, &page, NULL));
    assert_true(page.count <= known + 1);
    for (size_t i = 0; i < page.count; i++) {
        const struct intent *intent = &page.rows[i];
        int64_t executed = sim_executions_of_key(till->sim, intent->id);
        bool yes = intent->state == INTENT_CONFIRMED || intent->state == INTENT_SUCCEEDED;
        bool no = intent->state == INTENT_VOID || intent->state == INTENT_DECLINED ||
                  intent->state == INTENT_NOT_EXECUTED || intent->state == INTENT_REJECTED;
        if (executed > 1 || (executed == 1 && !yes) || (executed == 0 && !no) ||
            sim_requests_of_key(till->sim, intent->id) > intent->attempt)
            fail_msg("%s: %s, executed %d times (%s)", what, intent_state_name(intent->state),
                     (int)executed, intent->why);
    }
    intent_page_done(&page);
    assert_true(journal_verify(till->journal, &entries, &err));
    till_close(till);
}

static size_t rows_so_far(struct till *till)
{
    struct intent_page page;

    till_open(till);
    assert_true(journal_list(till->journal, INTENTS_ALL, 0, &page, NULL));
    size_t count = page.count;
    intent_page_done(&page);
    till_close(till);
    return count;
}

/* Kills before and after commit 1, 2, 3, … until the operation gets through unharmed. */
static void crash_everywhere(struct till *till, struct op_request *request, const char *what)
{
    int kills = 0;

    for (int commit = 1; commit < 20; commit++)
        for (int after = 0; after <= 1; after++) {
            char label[80];
            size_t known = rows_so_far(till);
            snprintf(label, sizeof label, "%s, %s commit %d", what, after ? "after" : "before",
                     commit);
            random_uuid(request->form_id);
            request->has_seen = false;
            bool killed =
                end_of(till, start_victim(till, request, (struct crash){commit, after, 0}));
            kills += killed;
            settle(till, known, label);
            if (!killed) {
                assert_true(kills >= 5);
                return;
            }
        }
    fail_msg("%s never ends", what);
}

static int setup(void **state)
{
    till_setup(state);
    struct till *till = *state;

    till_close(till);
    till->settings.quiet_charge_ms = till->settings.quiet_modification_ms = 120;
    till->settings.second_read_ms = 10;
    return 0;
}

static int teardown(void **state)
{
    till_open(*state);
    return till_teardown(state);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void charges(void **state)
{
    static const int64_t amounts[] = {1250, 1201, 1204, 1206, 1207};

    for (size_t i = 0; i < COUNT_OF(amounts); i++) {
        struct op_request request = till_charge(TERMINAL_1, amounts[i]);
        char what[40];
        snprintf(what, sizeof what, "charge of %" PRId64, amounts[i]);
        crash_everywhere(*state, &request, what);
    }
}

static void refunds(void **state)
{
    struct till *till = *state;
    char payment[64];
    struct op_request charge = till_charge(TERMINAL_1, 90000);

    till_open(till);
    snprintf(payment, sizeof payment, "%s",
             till_run(till, &charge, INTENT_CONFIRMED)->server_reference);
    struct op_request request = till_modify(till, OP_REFUND, payment, 100);
    till_close(till);
    crash_everywhere(till, &request, "refund");
}

static void links(void **state)
{
    struct op_request request = {.kind = OP_LINK, .amount = money_make(5000, "EUR")};

    crash_everywhere(*state, &request, "link");
}

/* Killed while the server has the request: before the charge is done, and after. */
static void killed_by_the_server(void **state)
{
    struct till *till = *state;

    for (int done = 0; done <= 1; done++) {
        struct op_request request = till_charge(TERMINAL_2, 1250);
        uint64_t before = sim_requests_seen(till->sim, "POST/pos/payment");
        char reference[] = "RES-2026";
        (void)reference;
        till->sim_settings.charge_delay_ms = 60;
        size_t known = rows_so_far(till);
        pid_t child = start_victim(till, &request, (struct crash){0});
        while (sim_requests_seen(till->sim, "POST/pos/payment") == before)
            loop_turn(till->loop, 2);
        if (!done)
            kill(child, SIGKILL);
        end_of(till, child);
        settle(till, known, done ? "answered" : "killed while it ran");
    }
}

/* Killed, and killed again while recovering: any number of times. */
static void killed_again(void **state)
{
    struct till *till = *state;

    for (int commit = 1; commit <= 3; commit++)
        for (int after = 0; after <= 1; after++) {
            struct op_request request = till_charge(TERMINAL_1, commit == 2 ? 1206 : 1250);
            size_t known = rows_so_far(till);
            assert_true(end_of(till, start_victim(till, &request, (struct crash){2, true, 0})));
            for (int again = 1; again <= commit; again++) {
                pid_t child = start_victim(till, NULL, (struct crash){again, after, 0});
                int status;
                /* A recovery that has no further commit to be killed at is ended here. */
                for (int turn = 0; turn < 100 && waitpid(child, &status, WNOHANG) == 0; turn++)
                    loop_turn(till->loop, 5);
                kill(child, SIGKILL);
                waitpid(child, &status, 0);
            }
            settle(till, known, "killed while recovering");
        }
}

/* The first thing a start sees is what was on its way. */
static void shown_first(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    struct intent_page page;
    int taken = 0;

    assert_true(end_of(till, start_victim(till, &request, (struct crash){2, true, 0})));
    till_open(till);
    assert_true(ops_recover(till->ops, &taken, NULL));
    assert_int_equal(taken, 1);
    assert_true(journal_list(till->journal, INTENTS_UNRESOLVED, 0, &page, NULL));
    assert_int_equal(page.count, 1);
    assert_int_equal(page.rows[0].state, INTENT_UNKNOWN);
    assert_string_equal(page.rows[0].target, TERMINAL_1);
    assert_true(page.rows[0].next_look_ms > 0);
    assert_true(page.rows[0].quiet_until_ms > 0);
    intent_page_done(&page);
    assert_true(ops_recover(till->ops, &taken, NULL));
    assert_int_equal(taken, 0);
    till_close(till);
    settle(till, 0, "shown first");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(charges),      TEST(refunds),     TEST(links), TEST(killed_by_the_server),
        TEST(killed_again), TEST(shown_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
