/* Every endpoint of the API through the real client against the bundled simulator, in all three
   environments, and what the simulator's ledger says really happened. */
#include "support_simc.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void opens(enum env env)
{
    struct sim_settings settings = lab_settings();
    settings.sessions = settings.payments = 0;
    simc_open(&settings, env);
}

/* The tag that a reference must have in simc.env: tag of Live, with a T behind it elsewhere. */
static void tag_is(const char *reference, const char *tag)
{
    char start[64];
    snprintf(start, sizeof(start), "%s-%s%s-", simc.access.webcode, tag,
             simc.env == ENV_LIVE ? "" : "T");
    if (strncmp(reference, start, strlen(start)) != 0)
        fail_msg("%s does not start with %s", reference, start);
}

static void http_is(const struct simc_got *got, int status)
{
    simc_record(got);
    assert_int_equal(got->answer.http_status, status);
    assert_int_equal(got->answer.skipped, 0);
    assert_true(got->answer.left);
    assert_false(got->answer.aborted);
    assert_true(got->answer.server_utc_ms > 0);
    assert_string_equal(got->answer.trouble, "");
}

static void same_text(const char *a, const char *b)
{
    assert_string_equal(a ? a : "(absent)", b ? b : "(absent)");
}

static void same_record(const struct record *a, const struct record *b)
{
    assert_int_equal(a->kind, b->kind);
    same_text(a->id, b->id);
    same_text(a->payment_reference, b->payment_reference);
    same_text(a->status, b->status);
    same_text(a->type, b->type);
    same_text(a->description, b->description);
    same_text(a->custom_reference, b->custom_reference);
    same_text(a->poi_id, b->poi_id);
    same_text(a->reason, b->reason);
    same_text(a->failure_reason, b->failure_reason);
    same_text(a->payment_status, b->payment_status);
    same_text(a->created.text, b->created.text);
    same_text(a->completed.text, b->completed.text);
    same_text(a->updated.text, b->updated.text);
    assert_int_equal(a->is_preauth, b->is_preauth);
    assert_int_equal(a->amount.known, b->amount.known);
    assert_int_equal(a->amount.minor, b->amount.minor);
    assert_string_equal(a->amount.currency, b->amount.currency);
    assert_int_equal(a->attempt_count, b->attempt_count);
}

/* --- sessions ----------------------------------------------------------------------------- */

static const char *paid_session(int64_t minor)
{
    struct session_draft draft = {.amount = money_make(minor, "EUR"),
                                  .url_ok = "https://hotel.example/ok?a=1&b=ñ",
                                  .url_ko = "https://hotel.example/ko",
                                  .country = "ES",
                                  .locale = "es-ES",
                                  .description = "Habitación \"12\" \\ 50 % \xf0\x9f\x98\x80",
                                  .custom_reference = "BK/1 & co",
                                  .deliver_at = "2026-06-29T08:00:00Z"};
    struct simc_got *made = simc_session(&draft);
    http_is(made, 201);
    simc_agrees_with_ledger(made, "session");
    const struct record *record = &made->answer.record;
    tag_is(record->id, "EXT");
    assert_non_null(strstr(record->payment_url, record->id));
    assert_string_equal(record->status, "pending");
    assert_string_equal(record->description, draft.description);
    assert_int_equal(record->is_preauth, 0);
    assert_null(record->payment_reference);
    assert_true(record->created.ms > 0);

    struct simc_got *read = simc_get(EP_SESSION_GET, record->id, (struct list_query){0});
    http_is(read, 200);
    same_record(&read->answer.record, record);
    assert_null(read->answer.record.payment_url);

    struct simc_got *paid = simc_until(EP_SESSION_GET, record->id, "completed");
    tag_is(paid->answer.record.payment_reference, "PXT");
    assert_string_equal(paid->answer.record.payment_status, "AUTHORISED");
    assert_true(paid->answer.record.completed.text[0]);
    struct simc_entry entry;
    assert_true(simc_ledger(made->key, &entry));
    assert_string_equal(entry.payment_reference, paid->answer.record.payment_reference);
    assert_string_equal(entry.status, "completed");

    struct simc_got *list =
        simc_get(EP_SESSIONS, NULL, (struct list_query){.custom_reference = "BK/1 & co"});
    http_is(list, 200);
    assert_int_equal(list->answer.count, 1);
    same_record(&list->answer.records[0], &paid->answer.record);
    return paid->answer.record.id;
}

static void session_is_refunded(const char *session)
{
    const struct record *paid =
        simc_record(simc_get(EP_SESSION_GET, session, (struct list_query){0}));
    struct simc_got *refund = simc_modify(EP_REFUND, paid->payment_reference, 1250, "EUR");
    http_is(refund, 202);
    simc_agrees_with_ledger(refund, "refund");
    tag_is(refund->answer.record.id, "RFX");
    assert_string_equal(refund->answer.record.status, "pending");
    assert_string_equal(refund->answer.record.reason, "CUSTOMER REQUEST");
    assert_string_equal(refund->answer.record.type, "refund");
    assert_int_equal(refund->answer.record.amount.minor, 1250);
    struct simc_got *list = simc_until(EP_SESSION_MODIFICATIONS, session, "success");
    http_is(list, 200);
    assert_int_equal(list->answer.count, 1);
    assert_string_equal(list->answer.records[0].id, refund->answer.record.id);
    assert_string_equal(list->answer.records[0].payment_reference, paid->payment_reference);
}

/* --- charges ------------------------------------------------------------------------------ */

static const char *held(int64_t minor, const char *custom)
{
    struct charge_draft draft = {.poi_id = DEMO_POI,
                                 .amount = money_make(minor, "EUR"),
                                 .description = "Fianza",
                                 .custom_reference = custom,
                                 .is_preauth = true};
    struct simc_got *got = simc_charge(&draft);
    http_is(got, 200);
    simc_agrees_with_ledger(got, "payment");
    const struct record *record = &got->answer.record;
    tag_is(record->id, "POSX");
    assert_string_equal(record->payment_reference, record->id);
    assert_string_equal(record->poi_id, DEMO_POI);
    assert_string_equal(record->status, "success");
    assert_string_equal(record->description, "Fianza");
    assert_int_equal(record->is_preauth, 1);
    struct simc_got *list =
        simc_get(EP_PAYMENTS, NULL, (struct list_query){.custom_reference = custom});
    http_is(list, 200);
    assert_int_equal(list->answer.count, 1);
    same_record(&list->answer.records[0], record);
    return record->id;
}

static void changed(enum endpoint endpoint, const char *payment, int64_t minor, const char *type)
{
    struct simc_got *got = simc_modify(endpoint, payment, minor, "EUR");
    http_is(got, 202);
    simc_agrees_with_ledger(got, type);
    assert_string_equal(got->answer.record.type, type);
    assert_string_equal(got->answer.record.status, "received");
    assert_string_equal(got->answer.record.payment_reference, payment);
    if (endpoint == EP_CAPTURE)
        tag_is(got->answer.record.id, "CTX");
    struct simc_got *list = simc_until(EP_PAYMENT_MODIFICATIONS, payment, "success");
    assert_string_equal(list->answer.records[0].id, got->answer.record.id);
    assert_true(list->answer.records[0].updated.text[0]);
}

static void terminals_are_listed(void)
{
    struct simc_got *all = simc_get(EP_TERMINALS, NULL, (struct list_query){0});
    struct simc_got *online =
        simc_get(EP_TERMINALS, NULL, (struct list_query){.sync_from_provider = true});
    static const char *const known[][3] = {{DEMO_POI, "Terminal Test 1 - Mostrador", "V400m"},
                                           {DEMO_POI2, "Terminal Test 2 - Terraza", "S1F2"},
                                           {DEMO_OFF, "Terminal Test 3 - Almacen", "P400Plus"}};
    assert_int_equal(all->answer.body, BODY_DATA);
    assert_int_equal(all->answer.count, 3);
    assert_int_equal(online->answer.count, 2);
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        const struct terminal *terminal = &all->answer.terminals[i];
        assert_string_equal(terminal->poi_id, known[i][0]);
        assert_string_equal(terminal->name, known[i][1]);
        assert_string_equal(terminal->model, known[i][2]);
        assert_string_equal(terminal->status, "boarded");
        assert_true(terminal->created.zoned && terminal->created.ms > 0);
        assert_true(i == 2 || strcmp(online->answer.terminals[i].poi_id, known[i][0]) == 0);
    }
}

static void every_endpoint_works_in(enum env env)
{
    opens(env);
    session_is_refunded(paid_session(5000));
    const char *first = held(30000, "A-1"), *second = held(10000, "A-2");
    changed(EP_EXTEND, first, 1, "extend");
    changed(EP_CAPTURE, first, 20000, "capture");
    changed(EP_CANCEL, second, 1, "cancel");
    struct simc_got *list = simc_get(EP_MODIFICATIONS, NULL, (struct list_query){0});
    http_is(list, 200);
    assert_int_equal(list->answer.count, 4);
    assert_int_equal(list->answer.page.total, 4);
    assert_string_equal(list->answer.records[0].type, "cancel"); /* newest first */
    assert_false(list->answer.records[0].amount.known);
    terminals_are_listed();
}

static void every_endpoint_works_in_test(void **state)
{
    (void)state;
    every_endpoint_works_in(ENV_TEST);
}

static void every_endpoint_works_in_live(void **state)
{
    (void)state;
    every_endpoint_works_in(ENV_LIVE);
}

static void every_endpoint_works_in_training(void **state)
{
    (void)state;
    every_endpoint_works_in(ENV_TRAINING);
}

/* Both environments live side by side and know nothing of each other. */
static void environments_share_nothing(void **state)
{
    (void)state;
    opens(ENV_TEST);
    held(10000, "T-1");
    simc.access.env = simc.env = ENV_LIVE;
    simc.access.api_key = "live-key";
    simc_connect();
    struct simc_got *list = simc_get(EP_PAYMENTS, NULL, (struct list_query){0});
    assert_int_equal(list->answer.body, BODY_DATA);
    assert_int_equal(list->answer.count, 0);
    assert_int_equal(list->answer.page.total, 0);
    held(20000, "L-1");
    simc.access.env = simc.env = ENV_TEST;
    simc.access.api_key = "test-key";
    simc_connect();
    list = simc_get(EP_PAYMENTS, NULL, (struct list_query){0});
    assert_int_equal(list->answer.count, 1);
    assert_string_equal(list->answer.records[0].custom_reference, "T-1");
}

/* Outcomes that are decided on the terminal, decoded as they are in the ledger. */
static void refusals_of_the_card_are_read(void **state)
{
    (void)state;
    opens(ENV_TEST);
    static const struct {
        int64_t minor;
        const char *currency, *status;
        int64_t executed;
    } cases[] = {{1201, "EUR", "refused", 0}, {1202, "KWD", "cancelled", 0},
                 {1205, "JPY", "success", 1}, {1, "EUR", "refused", 0},
                 {100, "JPY", "success", 1},  {MONEY_MAX, "KWD", "success", 1}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct charge_draft draft = {.poi_id = DEMO_POI,
                                     .amount = money_make(cases[i].minor, cases[i].currency)};
        struct simc_got *got = simc_charge(&draft);
        http_is(got, 200);
        assert_string_equal(got->answer.record.status, cases[i].status);
        assert_int_equal(got->answer.record.amount.minor, cases[i].minor);
        assert_string_equal(got->answer.record.amount.currency, cases[i].currency);
        assert_int_equal(simc_executions(got), cases[i].executed);
    }
}

/* Magic amounts of modifications: fails after a while, stays open. */
static void failed_modifications_say_why(void **state)
{
    (void)state;
    opens(ENV_TEST);
    struct charge_draft draft = {.poi_id = DEMO_POI, .amount = money_make(50000, "EUR")};
    const char *payment = simc_record(simc_charge(&draft))->id;
    struct simc_got *fails = simc_modify(EP_REFUND, payment, 111, "EUR");
    http_is(fails, 202);
    struct simc_got *list = simc_until(EP_PAYMENT_MODIFICATIONS, payment, "failed");
    assert_string_equal(list->answer.records[0].id, fails->answer.record.id);
    assert_non_null(list->answer.records[0].failure_reason);
    assert_int_equal(simc_executions(fails), 1); /* accepted, which is all that 202 says */
    struct simc_got *stays = simc_modify(EP_REFUND, payment, 112, "EUR");
    http_is(stays, 202);
    list = simc_get(EP_PAYMENT_MODIFICATIONS, payment, (struct list_query){0});
    assert_int_equal(list->answer.count, 2);
    assert_string_equal(list->answer.records[0].status, "pending");
    assert_null(list->answer.records[0].failure_reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_endpoint_works_in_test),     CASE(every_endpoint_works_in_live),
        CASE(every_endpoint_works_in_training), CASE(environments_share_nothing),
        CASE(refusals_of_the_card_are_read),    CASE(failed_modifications_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
