/* Every error of the API that the simulator can give, through the real client: code, HTTP status,
   trace, what it means, and that nothing was executed. 11002 (source IP) it cannot give. */
#include "support_simc.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *charged; /* a plain payment of 500.00 EUR */

static void opens(enum env env)
{
    struct sim_settings settings = lab_settings();
    settings.sessions = settings.payments = 0;
    simc_open(&settings, env);
    struct charge_draft draft = {.poi_id = DEMO_POI2, .amount = money_make(50000, "EUR")};
    charged = simc_record(simc_charge(&draft))->id;
}

static void refused(const struct simc_got *got, int status, int code, enum api_trouble trouble)
{
    const struct api_answer *answer = &got->answer;
    if (answer->body != BODY_ERROR || answer->error.code != code)
        fail_msg("not %d but body %d, HTTP %d, code %d", code, (int)answer->body,
                 answer->http_status, answer->error.code);
    assert_int_equal(answer->http_status, status);
    assert_int_equal(answer->error.http_status, status);
    assert_int_equal(strlen(answer->error.trace_id), 36);
    assert_true(strlen(answer->error.message) > 0);
    assert_true(answer->left);
    assert_false(answer->aborted);
    assert_int_equal(api_trouble_of(code, status), trouble);
    assert_int_equal(api_code_precedes_execution(code), code != 0 && code < 13000);
    assert_int_equal(simc_executions(got), 0);
}

/* --- access ------------------------------------------------------------------------------- */

static void every_call_is_refused(int status, int code, enum api_trouble trouble)
{
    for (int endpoint = 0; endpoint < EP_COUNT; endpoint++) {
        const struct api_request request = {
            .endpoint = (enum endpoint)endpoint, .id = charged, .body = "{}", .body_len = 2};
        refused(simc_wait(simc_begin(&request)), status, code, trouble);
    }
}

static void keys_are_of_one_environment(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {{"test-key", "live-key"}, {"live-key", "test-key"}};
    for (int live = 0; live < 2; live++) {
        opens(live ? ENV_LIVE : ENV_TEST);
        const char *const keys[] = {wrong[live][1], "nonsense", "TEST-KEY", "test-ke"};
        for (size_t i = 0; i < COUNT_OF(keys); i++) {
            simc.access.api_key = keys[i];
            simc_connect();
            every_call_is_refused(403, 11001, TROUBLE_KEY);
        }
        simc.access.api_key = "";
        struct err err = {0};
        assert_null(api_client_new(simc.lab->loop, &simc.access, &err)); /* never even asked */
        simc.lab->api_key = "";
        struct reply *reply = lab_get(simc.lab, TEST "/pos/terminals?webcode=HOTEL9");
        assert_error(reply, 403, "11001");
        simc_close(NULL);
    }
}

static void webcodes_go_with_their_key(void **state)
{
    (void)state;
    opens(ENV_TEST);
    simc.access.webcode = "OTHER";
    simc_connect();
    static const enum endpoint reads[] = {EP_SESSION_GET,   EP_SESSIONS,
                                          EP_TERMINALS,     EP_SESSION_MODIFICATIONS,
                                          EP_MODIFICATIONS, EP_PAYMENT_MODIFICATIONS,
                                          EP_PAYMENTS};
    for (size_t i = 0; i < COUNT_OF(reads); i++)
        refused(simc_get(reads[i], charged, (struct list_query){0}), 403, 11008, TROUBLE_ACCESS);
    struct charge_draft charge = {.poi_id = DEMO_POI, .amount = money_make(1000, "EUR")};
    struct session_draft session = {
        .amount = charge.amount, .url_ok = "https://a/", .url_ko = "https://b/"};
    refused(simc_charge(&charge), 403, 11008, TROUBLE_ACCESS);
    refused(simc_session(&session), 403, 11008, TROUBLE_ACCESS);
    for (enum endpoint endpoint = EP_REFUND; endpoint <= EP_EXTEND; endpoint++)
        refused(simc_modify(endpoint, charged, 100, "EUR"), 403, 11008, TROUBLE_ACCESS);
}

static void the_other_environments_objects_are_denied(void **state)
{
    (void)state;
    opens(ENV_LIVE);
    char payment[128], session[128];
    struct session_draft draft = {
        .amount = money_make(1000, "EUR"), .url_ok = "https://a/", .url_ko = "https://b/"};
    snprintf(payment, sizeof(payment), "%s", charged);
    snprintf(session, sizeof(session), "%s", simc_record(simc_session(&draft))->id);
    simc.access.env = simc.env = ENV_TEST;
    simc.access.api_key = "test-key";
    simc_connect();
    assert_false(simc_is_home(payment));
    struct list_query all = {0};
    for (enum endpoint endpoint = EP_REFUND; endpoint <= EP_EXTEND; endpoint++)
        refused(simc_modify(endpoint, payment, 100, "EUR"), 403, 11008, TROUBLE_ACCESS);
    refused(simc_get(EP_SESSION_GET, session, all), 403, 11008, TROUBLE_ACCESS);
    refused(simc_get(EP_SESSION_MODIFICATIONS, session, all), 403, 11008, TROUBLE_ACCESS);
    refused(simc_get(EP_PAYMENT_MODIFICATIONS, payment, all), 403, 11008, TROUBLE_ACCESS);
}

/* --- parameters --------------------------------------------------------------------------- */

#define WEBCODE  "\"webcode\":\"HOTEL9\""
#define AMOUNT   "\"amount\":{\"value\":1000,\"currency\":\"EUR\"}"
#define POI      "\"poiId\":\"" DEMO_POI "\""
#define URLS     "\"urlOk\":\"https://a/\",\"urlKo\":\"https://b/\""
#define NO_SUCH  "\"paymentReference\":\"HOTEL9-POSXT-AAAAAAAAAAAAAAAA\""
#define WITH(x)  WEBCODE "," AMOUNT "," URLS "," x
#define VALUE(x) WEBCODE "," POI ",\"amount\":{\"value\":" x ",\"currency\":\"EUR\"}"

/* clang-format off */
static const struct {
    enum endpoint endpoint;
    const char *members;
    int code;
} bodies[] = {
    {EP_SESSION_CREATE, AMOUNT "," URLS, 12001},
    {EP_SESSION_CREATE, WEBCODE "," URLS, 12001},
    {EP_SESSION_CREATE, WEBCODE "," AMOUNT ",\"urlOk\":\"https://a/\"", 12001},
    {EP_SESSION_CREATE, WEBCODE "," AMOUNT ",\"urlKo\":\"https://a/\"", 12001},
    {EP_SESSION_CREATE, WITH("\"shopperLocale\":\"spanish\""), 12001},
    {EP_SESSION_CREATE, WITH("\"isPreAuth\":\"yes\""), 12001},
    {EP_SESSION_CREATE, WITH("\"unheardOf\":1"), 12001},
    {EP_SESSION_CREATE, WITH("\"deliverAt\":\"29/06/2026\""), 12002},
    {EP_SESSION_CREATE, WITH("\"deliverAt\":\"2026-06-29\""), 12002},
    {EP_SESSION_CREATE, WITH("\"deliverAt\":\"2026-02-30T10:00:00Z\""), 12002},
    {EP_SESSION_CREATE, WITH("\"countryCode\":\"ESP\""), 12006},
    {EP_SESSION_CREATE, WITH("\"countryCode\":\"es\""), 12006},
    {EP_SESSION_CREATE, WITH("\"countryCode\":\"\""), 12006},
    {EP_SESSION_CREATE, WITH("\"countryCode\":\"KP\""), 12009},
    {EP_POS_CHARGE, POI "," AMOUNT, 12001},
    {EP_POS_CHARGE, WEBCODE "," AMOUNT, 12001},
    {EP_POS_CHARGE, WEBCODE "," POI, 12001},
    {EP_POS_CHARGE, WEBCODE ",\"poiId\":\"\"," AMOUNT, 12001},
    {EP_POS_CHARGE, WEBCODE "," POI ",\"amount\":1000", 12001},
    {EP_POS_CHARGE, WEBCODE "," POI ",\"amount\":{\"value\":1000}", 12001},
    {EP_POS_CHARGE, WEBCODE "," POI ",\"amount\":{\"currency\":\"EUR\"}", 12001},
    {EP_POS_CHARGE, WEBCODE "," POI ",\"amount\":{\"value\":1000,\"currency\":\"eur\"}", 12001},
    {EP_POS_CHARGE, WEBCODE "," POI ",\"amount\":{\"value\":1000,\"currency\":\"ZZZ\"}", 12001},
    {EP_POS_CHARGE, VALUE("0"), 12001},
    {EP_POS_CHARGE, VALUE("-1000"), 12001},
    {EP_POS_CHARGE, VALUE("10.5"), 12001},
    {EP_POS_CHARGE, VALUE("\"1000\""), 12001},
    {EP_POS_CHARGE, VALUE("1000000000001"), 12001},
    {EP_POS_CHARGE, WEBCODE ",\"poiId\":\"V400m-000\"," AMOUNT, 10404},
    {EP_REFUND, WEBCODE "," AMOUNT ",\"reason\":\"RETURN\"", 12001},
    {EP_REFUND, WEBCODE "," NO_SUCH ",\"reason\":\"RETURN\"", 12001},
    {EP_REFUND, WEBCODE "," NO_SUCH "," AMOUNT, 12001},
    {EP_REFUND, WEBCODE "," NO_SUCH "," AMOUNT ",\"reason\":\"because\"", 12001},
    {EP_REFUND, WEBCODE "," NO_SUCH "," AMOUNT ",\"reason\":\"RETURN\"", 10404},
    {EP_CAPTURE, WEBCODE "," NO_SUCH, 12001},
    {EP_CAPTURE, WEBCODE "," AMOUNT, 12001},
    {EP_CAPTURE, WEBCODE "," NO_SUCH "," AMOUNT, 10404},
    {EP_CANCEL, WEBCODE, 12001},
    {EP_CANCEL, WEBCODE "," NO_SUCH "," AMOUNT, 12001},
    {EP_CANCEL, WEBCODE "," NO_SUCH, 10404},
    {EP_EXTEND, WEBCODE, 12001},
    {EP_EXTEND, WEBCODE "," NO_SUCH, 10404},
};
/* clang-format on */

static void bad_bodies_are_refused(void **state)
{
    (void)state;
    opens(ENV_TEST);
    static const struct {
        int code, status;
        enum api_trouble trouble;
    } meanings[] = {{12001, 400, TROUBLE_PARAMETER},
                    {12002, 400, TROUBLE_DATE},
                    {12006, 400, TROUBLE_COUNTRY_FORMAT},
                    {12009, 400, TROUBLE_COUNTRY},
                    {10404, 404, TROUBLE_NOT_FOUND}};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        char body[512];
        snprintf(body, sizeof(body), "{%s}", bodies[i].members);
        size_t m = 0;
        while (meanings[m].code != bodies[i].code)
            m++;
        struct simc_got *got = simc_post(bodies[i].endpoint, body, NULL);
        if (got->answer.error.code != bodies[i].code)
            fail_msg("%s: %d, not %d", body, got->answer.error.code, bodies[i].code);
        refused(got, meanings[m].status, meanings[m].code, meanings[m].trouble);
    }
    refused(simc_post(EP_CANCEL, "no JSON", NULL), 400, 12001, TROUBLE_PARAMETER);
    refused(simc_post(EP_CANCEL, "[]", NULL), 400, 12001, TROUBLE_PARAMETER);
}

static void bad_queries_are_refused(void **state)
{
    (void)state;
    opens(ENV_TEST);
    static const enum endpoint lists[] = {EP_SESSIONS, EP_PAYMENTS, EP_MODIFICATIONS};
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        refused(simc_get(lists[i], NULL, (struct list_query){.limit = 101}), 400, 12001,
                TROUBLE_PARAMETER);
        refused(simc_get(lists[i], NULL, (struct list_query){.date_from = "28/06/2026"}), 400,
                12002, TROUBLE_DATE);
        refused(simc_get(lists[i], NULL, (struct list_query){.date_to = "2026-02-30"}), 400, 12002,
                TROUBLE_DATE);
    }
    struct list_query all = {0};
    refused(simc_get(EP_SESSION_GET, "HOTEL9-EXTT-AAAAAAAAAAAAAAAA", all), 404, 10404,
            TROUBLE_NOT_FOUND);
    refused(simc_get(EP_SESSION_GET, "no such thing?&%25 ñ", all), 404, 10404, TROUBLE_NOT_FOUND);
    refused(simc_get(EP_SESSION_MODIFICATIONS, "x", all), 404, 10404, TROUBLE_NOT_FOUND);
    refused(simc_get(EP_PAYMENT_MODIFICATIONS, "x", all), 404, 10404, TROUBLE_NOT_FOUND);
    refused(simc_get(EP_PAYMENT_MODIFICATIONS, "KVGQSN3K2SKFNVNS", all), 404, 10404,
            TROUBLE_NOT_FOUND);
}

/* --- limits of modifications -------------------------------------------------------------- */

static void not_allowed(enum endpoint endpoint, const char *payment, int64_t minor,
                        const char *currency)
{
    refused(simc_modify(endpoint, payment, minor, currency), 400, 12001, TROUBLE_PARAMETER);
}

static void limits_of_modifications_hold(void **state)
{
    (void)state;
    opens(ENV_TEST);
    not_allowed(EP_REFUND, charged, 50001, "EUR");
    not_allowed(EP_REFUND, charged, 1000, "USD");
    not_allowed(EP_REFUND, charged, 113, "EUR");   /* refused by its magic amount */
    not_allowed(EP_CAPTURE, charged, 1000, "EUR"); /* no pre-authorisation */
    not_allowed(EP_CANCEL, charged, 0, "EUR");
    not_allowed(EP_EXTEND, charged, 0, "EUR");
    simc_record(simc_modify(EP_REFUND, charged, 30000, "EUR"));
    not_allowed(EP_REFUND, charged, 20001, "EUR"); /* a pending refund counts already */
    simc_record(simc_modify(EP_REFUND, charged, 20000, "EUR"));
    not_allowed(EP_REFUND, charged, 1, "EUR");

    struct charge_draft draft = {
        .poi_id = DEMO_POI, .amount = money_make(40000, "EUR"), .is_preauth = true};
    const char *hold = simc_record(simc_charge(&draft))->id;
    not_allowed(EP_REFUND, hold, 1000, "EUR"); /* nothing is captured */
    not_allowed(EP_CAPTURE, hold, 40001, "EUR");
    not_allowed(EP_CAPTURE, hold, 1000, "JPY");
    simc_record(simc_modify(EP_CAPTURE, hold, 15000, "EUR"));
    not_allowed(EP_CAPTURE, hold, 1000, "EUR"); /* one capture, even while it is pending */
    not_allowed(EP_CANCEL, hold, 0, "EUR");
    simc_until(EP_PAYMENT_MODIFICATIONS, hold, "success");
    not_allowed(EP_REFUND, hold, 15001, "EUR"); /* of what was captured, not of the hold */
    simc_record(simc_modify(EP_REFUND, hold, 15000, "EUR"));
}

/* --- provider, terminal, idempotency, rate ------------------------------------------------ */

static struct simc_got *charge_of(const char *poi, int64_t minor)
{
    struct charge_draft draft = {.poi_id = poi, .amount = money_make(minor, "EUR")};
    return simc_charge(&draft);
}

static void provider_errors_say_little(void **state)
{
    (void)state;
    opens(ENV_TEST);
    refused(charge_of(DEMO_POI, 1003), 500, 13001, TROUBLE_PROVIDER);
    const char *body = "{" WEBCODE "," POI ",\"amount\":{\"value\":1004,\"currency\":\"EUR\"}}";
    struct simc_got *got = simc_post(EP_POS_CHARGE, body, NULL);
    assert_int_equal(got->answer.error.code, 13001);
    assert_int_equal(got->answer.http_status, 500);
    assert_int_equal(simc_executions(got), 1); /* charged all the same */
    struct simc_got *again = simc_post(EP_POS_CHARGE, body, got->key);
    assert_string_equal(simc_record(again)->status, "success");
    assert_int_equal(simc_executions(got), 1);
    assert_int_equal(sim_requests_of_key(simc.lab->sim, got->key), 2);
}

static void terminals_may_be_off_or_busy(void **state)
{
    (void)state;
    opens(ENV_TEST);
    refused(charge_of(DEMO_OFF, 1000), 502, 13004, TROUBLE_TERMINAL);
    struct api_request slow = {.endpoint = EP_POS_CHARGE,
                               .body = "{" VALUE("1005") "}",
                               .body_len = strlen("{" VALUE("1005") "}")};
    struct simc_got *first = simc_begin(&slow);
    while (sim_requests_of_key(simc.lab->sim, first->key) == 0)
        loop_turn(simc.lab->loop, 10);
    refused(charge_of(DEMO_POI, 1000), 502, 13004, TROUBLE_TERMINAL);
    assert_string_equal(simc_record(simc_wait(first))->status, "success");
    simc_record(charge_of(DEMO_POI, 1000));
}

static void keys_are_for_one_body(void **state)
{
    (void)state;
    opens(ENV_TEST);
    const char *body = "{" VALUE("1000") "}";
    struct simc_got *first = simc_post(EP_POS_CHARGE, body, NULL);
    simc_record(first);
    struct simc_got *other[] = {
        simc_post(EP_POS_CHARGE, "{" VALUE("1100") "}", first->key),
        simc_post(EP_POS_CHARGE, "{" VALUE("1000") " }", first->key), /* same words, other bytes */
        simc_post(EP_SESSION_CREATE, body, first->key), simc_post(EP_CANCEL, body, first->key)};
    for (size_t i = 0; i < COUNT_OF(other); i++) {
        assert_int_equal(other[i]->answer.http_status, 409);
        assert_int_equal(other[i]->answer.body, BODY_ERROR);
        assert_int_equal(other[i]->answer.error.code, 0);
        assert_int_equal(api_trouble_of(0, 409), TROUBLE_CONFLICT);
    }
    struct simc_got *same = simc_post(EP_POS_CHARGE, body, first->key);
    assert_string_equal(simc_record(same)->id, simc_record(first)->id);
    assert_int_equal(simc_executions(first), 1);

    struct api_request slow = {.endpoint = EP_POS_CHARGE,
                               .body = "{" VALUE("1005") "}",
                               .body_len = strlen("{" VALUE("1005") "}")};
    struct simc_got *running = simc_begin(&slow);
    while (sim_requests_of_key(simc.lab->sim, running->key) == 0)
        loop_turn(simc.lab->loop, 10);
    struct simc_got *twice = simc_post(EP_POS_CHARGE, slow.body, running->key);
    assert_int_equal(twice->answer.http_status, 409); /* while the first is on the terminal */
    simc_record(simc_wait(running));
    assert_int_equal(simc_executions(running), 1);
}

static void refusals_are_replayed_too(void **state)
{
    (void)state;
    opens(ENV_TEST);
    const char *body = "{" WEBCODE ",\"poiId\":\"" DEMO_OFF "\"," AMOUNT "}";
    struct simc_got *first = simc_post(EP_POS_CHARGE, body, NULL);
    refused(first, 502, 13004, TROUBLE_TERMINAL);
    refused(simc_post(EP_POS_CHARGE, body, first->key), 502, 13004, TROUBLE_TERMINAL);
}

static void a_busy_api_says_when_to_come_back(void **state)
{
    (void)state;
    opens(ENV_TEST);
    const char *body = "{" VALUE("1009") "}";
    struct simc_got *got = simc_post(EP_POS_CHARGE, body, NULL);
    refused(got, 429, 0, TROUBLE_RATE);
    assert_int_equal(got->answer.retry_after_s, 2);
    assert_int_equal(sim_requests_of_key(simc.lab->sim, got->key), 1); /* not tried by itself */
    simc_record(simc_post(EP_POS_CHARGE, body, got->key));
    assert_int_equal(simc_executions(got), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(keys_are_of_one_environment),
        CASE(webcodes_go_with_their_key),
        CASE(the_other_environments_objects_are_denied),
        CASE(bad_bodies_are_refused),
        CASE(bad_queries_are_refused),
        CASE(limits_of_modifications_hold),
        CASE(provider_errors_say_little),
        CASE(terminals_may_be_off_or_busy),
        CASE(keys_are_for_one_body),
        CASE(refusals_are_replayed_too),
        CASE(a_busy_api_says_when_to_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
