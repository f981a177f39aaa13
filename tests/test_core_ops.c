/* Each step of an operation with the journal failing under it, and the answers and lists that occur
   once in a year. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_core.h"
#include "support_money.h"
#include "support_server.h"

static void reopen(struct till *till)
{
    till_close(till);
    till_open(till);
}

static void finish_runs(struct till *till)
{
    while (ops_in_flight(till->ops) > 0)
        loop_turn(till->loop, 100);
}

/* --- the journal fails ----------------------------------------------------------------------- */

static bool has_ended(void *ctx)
{
    struct till *till = ctx;
    struct intent_page page;

    assert_true(journal_list(till->journal, INTENTS_OPEN, 0, &page, NULL));
    bool ended = page.count == 0;
    intent_page_done(&page);
    return ended;
}

enum how {
    FOR_EVER,  /* all calls after it fail as well */
    LATE,      /* the same, but a commit is carried out */
    LATE_ONCE, /* a commit is carried out, and the file can be read again at once */
    WAYS
};

/* One operation with the at-th call of the journal failing; then the next start finds out. False:
   it has no such call. */
static bool fail_once(struct till *till, struct op_request *request, int at, enum how how)
{
    char id[INTENT_ID_SIZE] = "";
    struct err err = {0};

    till->journal->verified = true;
    random_uuid(request->form_id);
    core_fail(db_handle(till->journal->db), at, SQLITE_IOERR_WRITE);
    core_fault.for_ever = how != LATE_ONCE;
    core_fault.late = how != FOR_EVER;
    bool started = op_start(till->ops, request, id, &err);
    if (started)
        finish_runs(till);
    bool struck = core_has_struck();
    if (!started && (!struck || err.code == ERR_NONE))
        fail_msg("call %d: %s", at, err.detail);
    if (struck && journal_usable(till->journal, NULL))
        fail_msg("call %d: money is still moved", at);
    reopen(till);
    assert_true(ops_recover(till->ops, NULL, &err));
    if (!loop_run_until(till->loop, has_ended, till, 20000))
        fail_msg("call %d: it has no end", at);
    if (!started)
        return struck;
    const struct intent *intent = till_get(till, id);
    bool done = intent->state == INTENT_CONFIRMED || intent->state == INTENT_SUCCEEDED;
    if (intent->state != INTENT_VOID && intent->state != INTENT_NOT_EXECUTED && !done)
        fail_msg("call %d: %s", at, intent_state_name(intent->state));
    till_referee(till, intent, done);
    return struck;
}

static void short_waits(struct till *till)
{
    till->settings.quiet_charge_ms = till->settings.quiet_modification_ms = 30;
    till->settings.second_read_ms = 5;
    reopen(till);
}

static void charges_on_a_failing_journal(void **state)
{
    struct op_request request = till_charge(TERMINAL_1, 1250);

    short_waits(*state);
    for (enum how how = FOR_EVER; how < WAYS; how++)
        for (int at = 1; fail_once(*state, &request, at, how); at++)
            assert_true(at < 200);
}

static void refunds_on_a_failing_journal(void **state)
{
    struct till *till = *state;

    short_waits(till);
    const char *payment = till_charged(till, 900000, false);
    for (int at = 1;; at++) {
        struct op_request request = till_modify(till, OP_REFUND, payment, 100);
        assert_true(at < 200);
        if (!fail_once(till, &request, at, FOR_EVER))
            break;
    }
}

/* A repetition that a person asks for and another approves: sent or not, it is never more than the
   journal counts. */
static void replays_on_a_failing_journal(void **state)
{
    struct till *till = *state;
    bool struck = true;

    short_waits(till);
    for (int at = 1; struck; at++) {
        struct op_request request =
            till_charge(TERMINAL_1, 1250 + at * 100); /* unlike those before */
        char id[INTENT_ID_SIZE];
        struct err err = {0};
        assert_true(at < 200);
        till_faults(till, "POST/pos/payment:drop-beforex1");
        till_start(till, &request, id);
        till_wait(till, id, INTENT_UNKNOWN);
        core_fail(db_handle(till->journal->db), at, SQLITE_IOERR_READ);
        core_fault.for_ever = true;
        bool started = op_replay_approved(till->ops, id, "Marta", &err);
        finish_runs(till);
        struck = core_has_struck();
        assert_true(started || (struck && err.code != ERR_NONE));
        reopen(till);
        assert_true(ops_recover(till->ops, NULL, &err));
        assert_true(loop_run_until(till->loop, has_ended, till, 20000));
        const struct intent *intent = till_get(till, id);
        till_referee(till, intent, intent->state == INTENT_CONFIRMED);
        assert_true(intent->attempt <= 2);
    }
}

/* The same of what follows by itself: reading, and sending a pay link again. */
static void links_on_a_failing_journal(void **state)
{
    struct till *till = *state;
    bool struck = true;

    short_waits(till);
    for (int at = 1; struck; at++) {
        struct op_request request = till_link(25000);
        char id[INTENT_ID_SIZE];
        assert_true(at < 300);
        till_faults(till, "POST/payment/session:drop-beforex1");
        till_start(till, &request, id);
        till_wait(till, id, INTENT_UNKNOWN);
        core_fail(db_handle(till->journal->db), at, SQLITE_IOERR_READ);
        core_fault.for_ever = true;
        ops_look_now(till->ops, id);
        while (core_fault.seen < at && till->ops->watches != NULL)
            loop_turn(till->loop, 5);
        finish_runs(till);
        struck = core_has_struck();
        reopen(till);
        assert_true(ops_recover(till->ops, NULL, NULL));
        assert_true(loop_run_until(till->loop, has_ended, till, 20000));
        const struct intent *intent = till_get(till, id);
        till_referee(till, intent, intent->state == INTENT_CONFIRMED);
    }
}

/* --- asking for what is not there ------------------------------------------------------------ */

static void refused_requests(void **state)
{
    struct till *till = *state;
    struct op_request link = till_link(25000), charge = till_charge(TERMINAL_1, 1250),
                      cancel = {.kind = OP_CANCEL, .target = "HOTEL9-POSXT-999"};
    char *long_url = mem_alloc(70001), id[INTENT_ID_SIZE];
    struct arena arena = {0};
    struct intent earlier;
    struct err err = {0};

    struct ops *plain = ops_new(till->loop, till->client, till->cache, till->journal, NULL,
                                &(struct ops_settings){0});
    assert_int_equal(plain->settings.second_read_ms, 60000);
    assert_int_equal(till->journal->quiet_charge_ms, 400); /* as it was */
    assert_false(op_start(plain, &link, id, &err));
    assert_non_null(strstr(err.detail, "url:"));
    plain->settings.url_ok = mem_strdup("https://hotel.example/ok");
    assert_false(op_start(plain, &link, id, &err));
    memset(long_url, 'x', 70000);
    plain->settings.url_ko = long_url;
    assert_false(op_start(plain, &link, id, &err));
    assert_non_null(strstr(err.detail, "too long"));
    ops_free(plain);
    ops_free(NULL);
    random_uuid(cancel.form_id);
    assert_false(op_start(till->ops, &cancel, id, &err)); /* no such payment here */
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(op_find_duplicate(till->ops, &link, &arena, &earlier));
    charge.target = NULL;
    assert_false(op_find_duplicate(till->ops, &charge, &arena, &earlier));
    assert_false(op_replay(till->ops, "no such intent", &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    arena_done(&arena);
    assert_int_equal(sim_requests_seen(till->sim, "POST/payment/session"), 0);
}

/* A reader's console follows what others have sent, and sends nothing itself. */
static void read_only_replay(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];
    struct err err = {0};

    till->settings.quiet_charge_ms = 60000;
    reopen(till);
    till_faults(till, "POST/pos/payment:drop-beforex1");
    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    till->settings.read_only = true;
    reopen(till);
    assert_false(op_replay(till->ops, id, &err));
    assert_int_equal(err.code, ERR_DENIED);
    assert_int_equal(sim_requests_of_key(till->sim, id), 1);
}

static void back_out_later(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];
    struct err err = {0};

    /* the call is on its way to the server, nothing has been written to it yet */
    till_start(till, &request, id);
    while (run_find(till->ops, id)->call == NULL)
        loop_turn(till->loop, 0);
    assert_int_equal(till_get(till, id)->state, INTENT_PREPARED);
    assert_true(op_back_out(till->ops, id, &err));
    finish_runs(till);
    till_check_unsent(till, id, "backed out");
    /* a row of another process: what that one does next finds it void */
    request = till_charge(TERMINAL_2, 1250);
    till_start(till, &request, id);
    struct run *run = till->ops->runs;
    till->ops->runs = NULL;
    assert_true(op_back_out(till->ops, id, &err));
    till->ops->runs = run;
    finish_runs(till);
    till_check_unsent(till, id, "backed out");
}

/* --- the look right before sending ----------------------------------------------------------- */

static void terminals_answer(void **state)
{
    static const struct {
        int status;
        const char *body, *why;
    } cases[] = {
        {400, "{\"success\":false,\"error\":{\"code\":10400}}", "look:"},
        {400, "{\"success\":false,\"error\":{\"code\":10400,\"message\":\"no\"}}", "look: no"},
        {302, "{\"success\":true,\"data\":[]}", "look:"},
        {200, "{\"success\":true,\"data\":[{\"status\":\"boarded\"}]}", "terminal:"},
    };
    struct till *till = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct op_request request = till_charge(TERMINAL_1, 1250);
        char id[INTENT_ID_SIZE];
        struct server *server = server_new(till->loop);
        server_plan_json(server, cases[i].status, "", cases[i].body);
        till_close(till);
        snprintf(till->base_url, sizeof till->base_url, "%s", server_base(server));
        till_open(till);
        till_start(till, &request, id);
        till_check_unsent(till, id, cases[i].why);
        till_close(till);
        server_free(server);
        till_open(till);
    }
}

/* Whatever the person saw of a payment must still be so. */
static void every_fact_counts(void **state)
{
    struct till *till = *state;
    char payment[64];

    snprintf(payment, sizeof payment, "%s", till_charged(till, 5000, false));
    for (int i = 0;; i++) {
        struct op_request request = till_modify(till, OP_REFUND, payment, 100);
        char id[INTENT_ID_SIZE];
        till_start(till, &request, id);
        struct payment_facts *seen = &run_find(till->ops, id)->seen;
        bool *truths[] = {&seen->authorised.known, &seen->is_preauth, &seen->captured_any,
                          &seen->capture_open,     &seen->cancelled,  &seen->cancelling,
                          &seen->extending};
        int64_t *sums[] = {&seen->captured, &seen->left, &seen->capturing, &seen->authorised.minor};
        if (i < (int)COUNT_OF(truths))
            *truths[i] = !*truths[i];
        else if (i < (int)(COUNT_OF(truths) + COUNT_OF(sums)))
            ++*sums[i - (int)COUNT_OF(truths)];
        else
            break;
        till_check_unsent(till, id, "changed:");
    }
}

/* A hold of an amount that nobody knows is not acted on, not even where the request names none. */
static void unknown_amount_blocks(void **state)
{
    struct till *till = *state;
    char payment[64];

    snprintf(payment, sizeof payment, "%s", till_charged(till, 5000, true));
    struct record foreign = {.kind = REC_MODIFICATION,
                             .id = "HOTEL9-RFXT-778899",
                             .payment_reference = payment,
                             .type = "refund",
                             .status = "success",
                             .amount = money_make(100, "USD"),
                             .is_preauth = -1,
                             .raw = "{}"};
    assert_true(cache_store(till->cache, &foreign, 1, SOURCE_LIST, NULL, NULL));
    struct op_request request = till_modify(till, OP_CANCEL, payment, 0);
    assert_false(request.seen.authorised.known);
    assert_int_equal(payment_action_possible(&request.seen, OP_CANCEL), WHY_UNKNOWN_AMOUNT);
    char id[INTENT_ID_SIZE];
    assert_false(op_start(till->ops, &request, id, NULL));
}

/* Too many modifications to tell a new one from those that were there before. */
static void endless_baseline(void **state)
{
    struct till *till = *state;
    char payment[64], id[INTENT_ID_SIZE];

    snprintf(payment, sizeof payment, "%s", till_charged(till, 5000, false));
    struct op_request request = till_modify(till, OP_REFUND, payment, 100);
    till_run(till, &request, INTENT_SUCCEEDED);
    request = till_modify(till, OP_REFUND, payment, 100);
    till_start(till, &request, id);
    run_find(till->ops, id)->baseline.max = 8;
    till_check_unsent(till, id, "look: too many");
}

/* The cache was dropped between the form and the send: nobody knows the payment any more. */
static void cache_dropped(void **state)
{
    struct till *till = *state;
    char payment[64], id[INTENT_ID_SIZE];

    snprintf(payment, sizeof payment, "%s", till_charged(till, 5000, false));
    struct op_request request = till_modify(till, OP_REFUND, payment, 100);
    till_run(till, &request, INTENT_SUCCEEDED);
    snprintf(payment, sizeof payment, "%s", till_charged(till, 6000, false));
    request = till_modify(till, OP_REFUND, payment, 100);
    till_start(till, &request, id);
    char path[96];
    snprintf(path, sizeof path, "%s/cache.db", till->folder);
    cache_close(till->cache);
    assert_int_equal(remove(path), 0);
    till->cache = till->ops->cache = cache_open(path, "HOTEL9", ENV_TEST, &till->changes, NULL);
    assert_non_null(till->cache);
    till_check_unsent(till, id, "look:");
}

/* The request on disk is not what was confirmed: it is not sent. */
static void body_changed_on_disk(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];
    struct err err = {0};

    till_start(till, &request, id);
    if (!db_script(till->journal->db,
                   "DROP TRIGGER intent_is_fixed;"
                   "UPDATE intent SET rev = rev + 1, body = x'7b7d'",
                   &err))
        fail_msg("%s", err.detail);
    finish_runs(till);
    assert_int_equal(sim_requests_of_key(till->sim, id), 0);
    assert_int_equal(sim_requests_seen(till->sim, "POST/pos/payment"), 0);
}

/* What was done is at once in the lists, which ask for the newest themselves. */
static void lists_are_refreshed(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    struct sync *sync = sync_new(till->loop, till->client, till->cache, &(struct sync_settings){0});

    till->ops->sync = sync;
    till_run(till, &request, INTENT_CONFIRMED);
    while (sim_requests_seen(till->sim, "GET/pos/payments") == 0)
        loop_turn(till->loop, 20);
    till->ops->sync = NULL;
    sync_free(sync);
}

/* libcurl has no memory left, at whatever request. */
static void no_request_can_start(void **state)
{
    static const enum op_kind kinds[] = {OP_CHARGE, OP_REFUND, OP_LINK};
    struct till *till = *state;
    char payment[64], id[INTENT_ID_SIZE];

    snprintf(payment, sizeof payment, "%s", till_charged(till, 5000, false));
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        for (int at = 1; at < 10; at++) {
            struct op_request request = kinds[i] == OP_CHARGE ? till_charge(TERMINAL_1, 1250)
                                        : kinds[i] == OP_LINK
                                            ? till_link(25000)
                                            : till_modify(till, OP_REFUND, payment, 100);
            core_fail_call("curl_easy_init", at, 0);
            till_start(till, &request, id);
            finish_runs(till);
            if (!core_has_struck())
                break;
            const struct intent *intent = till_get(till, id);
            if (intent->state == INTENT_VOID)
                assert_int_equal(sim_requests_of_key(till->sim, id), 0);
            else
                till_referee(till, intent, 1);
        }
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, till_setup, till_teardown)
    const struct CMUnitTest tests[] = {
        TEST(charges_on_a_failing_journal),
        TEST(refunds_on_a_failing_journal),
        TEST(replays_on_a_failing_journal),
        TEST(links_on_a_failing_journal),
        TEST(refused_requests),
        TEST(read_only_replay),
        TEST(back_out_later),
        TEST(terminals_answer),
        TEST(every_fact_counts),
        TEST(unknown_amount_blocks),
        TEST(endless_baseline),
        TEST(cache_dropped),
        TEST(body_changed_on_disk),
        TEST(lists_are_refreshed),
        TEST(no_request_can_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
