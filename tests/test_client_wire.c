/* Names and shapes of the wire: every endpoint's answer, every list dialect, every error. The
   fixtures are written from the contract and referee client and simulator. */
#include "../api/wire.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct api_answer answer;

static int end(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static void decode_text(enum endpoint endpoint, int http_status, const char *text)
{
    answer = (struct api_answer){.endpoint = endpoint, .http_status = http_status};
    char *exact = malloc(strlen(text) + 1); /* gone before the checks: nothing may point into it */
    memcpy(exact, text, strlen(text));
    wire_decode(&answer, &arena, exact, strlen(text));
    free(exact);
}

static void decode(enum endpoint endpoint, int http_status, const char *fixture)
{
    char path[128], text[8192];
    snprintf(path, sizeof(path), "tests/fixtures/%s", fixture);
    FILE *file = fopen(path, "re");
    if (!file)
        fail_msg("%s is missing", path);
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = '\0';
    decode_text(endpoint, http_status, text);
}

static void amount_is(const struct record *record, int64_t minor, const char *currency)
{
    assert_true(record->amount.known);
    assert_int_equal(record->amount.minor, minor);
    assert_string_equal(record->amount.currency, currency);
}

/* --- long texts --------------------------------------------------------------------------- */

/* What only people read is cut between two characters, and whole in raw; a reference never is. */
static void long_prose_is_cut_references_are_not(void **state)
{
    (void)state;
    static const size_t lengths[] = {4096, 4098, 60000};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct buf body;
        char *text = malloc(lengths[i] + 1);
        for (size_t k = 0; k < lengths[i]; k += 2)
            memcpy(text + k, "\xc3\xb1", 2);
        text[lengths[i]] = '\0';
        buf_init(&body, 200000);
        buf_printf(&body,
                   "{\"success\":true,\"data\":{\"sessionId\":\"S1\",\"description\":\"%s\","
                   "\"customReference\":\"%s\"}}",
                   text, text);
        decode_text(EP_SESSION_GET, 200, body.data);
        const struct record *record = &answer.record;
        assert_int_equal(answer.body, BODY_DATA);
        assert_string_equal(record->custom_reference, text);
        assert_non_null(strstr(record->raw, text));
        if (lengths[i] <= 4096) {
            assert_string_equal(record->description, text);
        } else {
            size_t len = strlen(record->description);
            assert_true(len <= 4096 && len > 4090);
            assert_memory_equal(record->description, text, len - 3);
            assert_string_equal(record->description + len - 3, "…");
        }
        buf_done(&body);
        free(text);
    }
}

/* --- single objects ----------------------------------------------------------------------- */

static void a_new_session_is_read(void **state)
{
    (void)state;
    decode(EP_SESSION_CREATE, 201, "session_create.json");
    const struct record *record = &answer.record;
    assert_int_equal(answer.body, BODY_DATA);
    assert_int_equal(record->kind, REC_SESSION);
    assert_string_equal(record->id, "HOTEL1-EXT-9F3K2");
    assert_string_equal(record->payment_url, "https://pay.example/s/9F3K2?t=abc");
    assert_string_equal(record->status, "pending");
    assert_string_equal(record->description, "Habitación 12");
    assert_string_equal(record->custom_reference, "BK-1");
    assert_int_equal(record->is_preauth, 0);
    amount_is(record, 5000, "EUR");
    assert_string_equal(record->created.text, "2026-06-28 10:30:00");
    assert_false(record->created.zoned);
    assert_null(record->payment_reference);
}

static void a_completed_session_is_read_with_its_attempts(void **state)
{
    (void)state;
    decode(EP_SESSION_GET, 200, "session_get.json");
    const struct record *record = &answer.record;
    assert_int_equal(answer.body, BODY_DATA);
    assert_string_equal(record->payment_reference, "HOTEL1-PXT-77A");
    assert_string_equal(record->payment_status, "AUTHORISED");
    assert_string_equal(record->completed.text, "2026-06-28 10:34:10");
    assert_int_equal(record->is_preauth, 1);
    assert_null(record->custom_reference);
    assert_int_equal(record->attempt_count, 2);
    assert_string_equal(record->attempts[0].payment_reference, "HOTEL1-PXT-76Z");
    assert_string_equal(record->attempts[0].status, "refused");
    assert_string_equal(record->attempts[1].created.text, "2026-06-28 10:34:00");
    /* An unknown field is kept as it came. */
    assert_non_null(strstr(record->raw, "\"loyalty\":{\"points\":[1,2.5e3]}}"));
    assert_int_equal(record->raw[0], '{');

    struct record again;
    assert_true(record_from_json(&arena, REC_SESSION, record->raw, &again, NULL));
    assert_string_equal(again.id, record->id);
    assert_string_equal(again.raw, record->raw);
    assert_int_equal(again.attempt_count, 2);
    struct err err;
    assert_false(record_from_json(&arena, REC_PAYMENT, "{\"sessionId\":\"x\"}", &again, &err));
    assert_int_equal(err.code, ERR_DATA);
    assert_false(record_from_json(&arena, REC_SESSION, "{", &again, &err));
}

static void a_charge_is_read(void **state)
{
    (void)state;
    decode(EP_POS_CHARGE, 200, "charge.json");
    const struct record *record = &answer.record;
    assert_int_equal(answer.body, BODY_DATA);
    assert_int_equal(record->kind, REC_PAYMENT);
    assert_string_equal(record->id, "HOTEL1-POSX-5");
    assert_string_equal(record->payment_reference, "HOTEL1-POSX-5");
    assert_string_equal(record->poi_id, "V400m-123456789");
    assert_string_equal(record->custom_reference, "AC-7Q2");
    amount_is(record, 1250, "EUR");
}

static void modifications_are_read(void **state)
{
    (void)state;
    decode(EP_REFUND, 202, "modification_refund.json");
    assert_int_equal(answer.body, BODY_DATA);
    assert_int_equal(answer.record.kind, REC_MODIFICATION);
    assert_string_equal(answer.record.id, "HOTEL1-RFX-1");
    assert_string_equal(answer.record.payment_reference, "HOTEL1-PXT-77A");
    assert_string_equal(answer.record.reason, "CUSTOMER REQUEST");
    assert_true(answer.record.created.zoned);
    decode(EP_CANCEL, 202, "modification_cancel.json");
    assert_int_equal(answer.body, BODY_DATA);
    assert_string_equal(answer.record.type, "cancel");
    assert_false(answer.record.amount.known); /* absent is not zero */
    assert_string_equal(answer.record.amount.currency, "");
    assert_int_equal(answer.record.is_preauth, -1);

    static const enum endpoint lists[] = {EP_MODIFICATIONS, EP_SESSION_MODIFICATIONS,
                                          EP_PAYMENT_MODIFICATIONS};
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        decode(lists[i], 200, "modifications.json");
        assert_int_equal(answer.body, BODY_DATA);
        assert_int_equal(answer.count, 2);
        assert_string_equal(answer.records[0].failure_reason, "Insufficient balance");
        assert_string_equal(answer.records[1].type, "partial-capture"); /* an unknown word stays */
        assert_string_equal(answer.records[1].status, "settling");
        amount_is(&answer.records[1], 900, "KWD");
    }
}

static void terminals_are_read(void **state)
{
    (void)state;
    decode(EP_TERMINALS, 200, "terminals.json");
    assert_int_equal(answer.body, BODY_DATA);
    assert_int_equal(answer.count, 2);
    assert_int_equal(answer.skipped, 1);
    assert_string_equal(answer.terminals[0].poi_id, "V400m-TEST-000001");
    assert_string_equal(answer.terminals[0].name, "Terminal Test 1 - Mostrador");
    assert_string_equal(answer.terminals[0].model, "V400m");
    assert_true(answer.terminals[0].updated.zoned);
    assert_string_equal(answer.terminals[1].updated.text, "");
}

static void payments_have_one_id_under_two_names(void **state)
{
    (void)state;
    decode(EP_PAYMENTS, 200, "payments.json");
    assert_int_equal(answer.count, 2);
    for (size_t i = 0; i < answer.count; i++)
        assert_string_equal(answer.records[i].id, answer.records[i].payment_reference);
    assert_false(answer.records[1].amount.known);
    assert_int_equal(answer.page.total_pages, 1);
}

/* An API may say "" where it means nothing: that must not look like a payment to act on. */
static void an_empty_text_is_absent(void **state)
{
    (void)state;
    struct record record;
    assert_true(record_from_json(&arena, REC_SESSION,
                                 "{\"sessionId\":\"s\",\"paymentReference\":\"\","
                                 "\"status\":\"\",\"customReference\":\"\"}",
                                 &record, NULL));
    assert_null(record.payment_reference);
    assert_null(record.status);
    assert_null(record.custom_reference);
    assert_true(record_from_json(
        &arena, REC_PAYMENT, "{\"posPaymentId\":\"\",\"paymentReference\":\"p\"}", &record, NULL));
    assert_string_equal(record.id, "p");
    assert_string_equal(record.payment_reference, "p");
    assert_false(record_from_json(&arena, REC_SESSION, "{\"sessionId\":\"\"}", &record, NULL));
}

/* --- dialects of lists -------------------------------------------------------------------- */

static void both_rows_are_there(const char *fixture)
{
    decode(EP_SESSIONS, 200, fixture);
    if (answer.body != BODY_DATA || answer.count != 2)
        fail_msg("%s: body %d, %zu rows, %s", fixture, (int)answer.body, answer.count,
                 answer.trouble);
    assert_int_equal(answer.skipped, 0);
    assert_string_equal(answer.records[0].id, "HOTEL1-EXT-A");
    assert_string_equal(answer.records[1].id, "HOTEL1-EXT-B");
    amount_is(&answer.records[1], 2000, "JPY"); /* an integer sent as a string */
    assert_non_null(strstr(answer.records[1].raw, "\"extra\":{\"deep\":[1,{\"x\":null}]}"));
}

static void pages_are(int page, int per_page, int64_t total, int total_pages)
{
    assert_int_equal(answer.page.page, page);
    assert_int_equal(answer.page.per_page, per_page);
    assert_int_equal(answer.page.total, total);
    assert_int_equal(answer.page.total_pages, total_pages);
}

static void every_dialect_gives_the_same_rows(void **state)
{
    (void)state;
    both_rows_are_there("sessions.json");
    pages_are(2, 20, 137, 7);
    assert_int_equal(answer.page.has_more, -1);
    both_rows_are_there("sessions_bare.json");
    pages_are(-1, -1, -1, -1);
    both_rows_are_there("sessions_bare_beside.json");
    pages_are(2, 20, 137, 7);
    assert_int_equal(answer.page.has_more, 1);
    static const char *const under[] = {"sessions", "payments", "modifications",
                                        "results",  "rows",     "data"};
    for (size_t i = 0; i < COUNT_OF(under); i++) {
        char fixture[64];
        snprintf(fixture, sizeof(fixture), "sessions_under_%s.json", under[i]);
        both_rows_are_there(fixture);
        pages_are(2, 20, 137, 7);
    }
    both_rows_are_there("sessions_paging.json");
    pages_are(2, 20, 137, -1);
    assert_int_equal(answer.page.has_more, 0);
    assert_string_equal(answer.page.next_cursor, "c3VyZQ==");
    both_rows_are_there("sessions_facts_beside.json");
    pages_are(2, 20, 137, -1);
    assert_int_equal(answer.page.has_more, 1);
    assert_null(answer.page.next_cursor);
    both_rows_are_there("sessions_facts_odd.json"); /* what makes no sense was not said */
    pages_are(-1, -1, -1, -1);
    assert_int_equal(answer.page.has_more, -1);
    assert_string_equal(answer.page.next_cursor, "7");
}

static void empty_lists_and_missing_rows_differ(void **state)
{
    (void)state;
    decode(EP_SESSIONS, 200, "sessions_empty.json");
    assert_int_equal(answer.body, BODY_DATA);
    assert_int_equal(answer.count, 0);
    assert_int_equal(answer.page.total, 0);
    decode_text(EP_SESSIONS, 200, "{\"success\":true,\"data\":{\"items\":null}}");
    assert_int_equal(answer.body, BODY_ALIEN);
    decode_text(EP_SESSIONS, 200, "{\"success\":true,\"data\":null}");
    assert_int_equal(answer.body, BODY_ALIEN);
    decode_text(EP_SESSIONS, 200, "{\"success\":true}");
    assert_int_equal(answer.body, BODY_ALIEN);
}

static void spoilt_rows_are_counted_not_fatal(void **state)
{
    (void)state;
    decode(EP_SESSIONS, 200, "sessions_spoilt_rows.json");
    assert_int_equal(answer.body, BODY_DATA);
    assert_int_equal(answer.count, 2);
    assert_int_equal(answer.skipped, 7);
    assert_string_equal(answer.records[1].id, "HOTEL1-EXT-B");
    assert_non_null(strstr(answer.records[1].raw, "\"extra\""));
}

/* --- amounts ------------------------------------------------------------------------------ */

static void only_whole_minor_units_are_money(void **state)
{
    (void)state;
    static const char *const unknown[] = {"{\"value\":12.5,\"currency\":\"EUR\"}",
                                          "{\"value\":1e3,\"currency\":\"EUR\"}",
                                          "{\"value\":-5,\"currency\":\"EUR\"}",
                                          "{\"value\":1000000000001,\"currency\":\"EUR\"}",
                                          "{\"value\":null,\"currency\":\"EUR\"}",
                                          "{\"currency\":\"EUR\"}",
                                          "{\"value\":5}",
                                          "{\"value\":5,\"currency\":\"eur\"}",
                                          "{\"value\":5,\"currency\":\"EURO\"}",
                                          "{\"value\":5,\"currency\":null}",
                                          "{\"value\":\"12,50\",\"currency\":\"EUR\"}",
                                          "{\"value\":true,\"currency\":\"EUR\"}",
                                          "5",
                                          "\"5 EUR\"",
                                          "null",
                                          "[]"};
    char text[256];
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        struct record record;
        snprintf(text, sizeof(text), "{\"sessionId\":\"s\",\"amount\":%s}", unknown[i]);
        assert_true(record_from_json(&arena, REC_SESSION, text, &record, NULL));
        if (record.amount.known)
            fail_msg("%s was taken as %lld", unknown[i], (long long)record.amount.minor);
    }
    struct record record;
    assert_true(record_from_json(&arena, REC_SESSION,
                                 "{\"sessionId\":5,\"amount\":{\"value\":0,\"currency\":\"EUR\"}}",
                                 &record, NULL));
    amount_is(&record, 0, "EUR");
    assert_string_equal(record.id, "5"); /* a number is taken as its text */
}

/* --- errors ------------------------------------------------------------------------------- */

static void every_error_keeps_code_message_and_trace(void **state)
{
    (void)state;
    static const struct {
        int code, status;
        enum api_trouble trouble;
        bool before;
    } errors[] = {{11001, 403, TROUBLE_KEY, true},       {11002, 403, TROUBLE_IP, true},
                  {11008, 403, TROUBLE_ACCESS, true},    {12001, 400, TROUBLE_PARAMETER, true},
                  {12002, 400, TROUBLE_DATE, true},      {12006, 400, TROUBLE_COUNTRY_FORMAT, true},
                  {12009, 400, TROUBLE_COUNTRY, true},   {10404, 404, TROUBLE_NOT_FOUND, true},
                  {13001, 500, TROUBLE_PROVIDER, false}, {13004, 502, TROUBLE_TERMINAL, false}};
    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        char fixture[64], trace[32];
        snprintf(fixture, sizeof(fixture), "error_%d.json", errors[i].code);
        snprintf(trace, sizeof(trace), "trace-%d", errors[i].code);
        for (int endpoint = 0; endpoint < EP_COUNT; endpoint++) {
            decode((enum endpoint)endpoint, errors[i].status, fixture);
            assert_int_equal(answer.body, BODY_ERROR);
            assert_int_equal(answer.error.code, errors[i].code);
            assert_int_equal(answer.error.http_status, errors[i].status);
            assert_string_equal(answer.error.trace_id, trace);
            assert_true(strlen(answer.error.message) > 0);
        }
        assert_int_equal(api_trouble_of(errors[i].code, errors[i].status), errors[i].trouble);
        assert_int_equal(api_code_precedes_execution(errors[i].code), errors[i].before);
    }
    decode(EP_REFUND, 409, "error_409.json");
    assert_int_equal(answer.body, BODY_ERROR);
    assert_int_equal(answer.error.code, 0);
    assert_int_equal(api_trouble_of(0, 409), TROUBLE_CONFLICT);
    decode(EP_REFUND, 429, "error_429.json");
    assert_null(answer.error.trace_id);
    assert_int_equal(api_trouble_of(0, 429), TROUBLE_RATE);
    decode(EP_REFUND, 403, "error_code_text.json");
    assert_int_equal(answer.error.code, 11001);
    assert_null(answer.error.trace_id);
    assert_int_equal(api_trouble_of(19999, 400), TROUBLE_OTHER);
    assert_false(api_code_precedes_execution(0));
    assert_false(api_code_precedes_execution(10999));
    assert_false(api_code_precedes_execution(13000));
    assert_true(api_code_precedes_execution(12999));
}

static void anything_else_is_alien(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *text;
    } aliens[] = {{502, "<html><body>Bad gateway</body></html>"},
                  {200, "<html>log in to the hotel's network</html>"},
                  {200, "{\"success\":true,\"data\":{\"status\":\"success\"}}"}, /* no id */
                  {200, "{\"success\":true,\"data\":[]}"},
                  {200, "{\"success\":false}"},
                  {403, "{\"success\":false,\"error\":\"no\"}"},
                  {403, "{\"success\":false,\"error\":{}}"},
                  {403, "{\"error\":{\"message\":\"m\",\"code\":11001}}"},
                  {500, "{\"success\":true,\"data\":{\"posPaymentId\":\"x\"}}"},
                  {302, "{\"success\":true,\"data\":{\"posPaymentId\":\"x\"}}"},
                  {200, "[]"},
                  {200, "{\"success\":true,\"success\":true,\"data\":{\"posPaymentId\":\"x\"}}"},
                  {200, "{\"success\":true,\"data\":{\"posPaymentId\":\"x\"}} {}"}};
    for (size_t i = 0; i < COUNT_OF(aliens); i++) {
        decode_text(EP_POS_CHARGE, aliens[i].status, aliens[i].text);
        if (answer.body != BODY_ALIEN)
            fail_msg("case %zu was taken", i);
        assert_true(answer.trouble[0]);
    }
    decode_text(EP_POS_CHARGE, 200, "");
    assert_int_equal(answer.body, BODY_NONE);
    decode_text(EP_POS_CHARGE, 200,
                "{\"success\":true,\"traceId\":\"t9\",\"data\":{\"posPaymentId\":\"x\"}}");
    assert_int_equal(answer.body, BODY_DATA);
    assert_string_equal(answer.error.trace_id, "t9");
    decode_text(EP_POS_CHARGE, 200,
                "{\"success\":false,\"error\":{\"message\":\"odd\",\"code\":12001}}");
    assert_int_equal(answer.body, BODY_ERROR);
    assert_int_equal(answer.http_status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(long_prose_is_cut_references_are_not, end),
        cmocka_unit_test_teardown(a_new_session_is_read, end),
        cmocka_unit_test_teardown(a_completed_session_is_read_with_its_attempts, end),
        cmocka_unit_test_teardown(a_charge_is_read, end),
        cmocka_unit_test_teardown(modifications_are_read, end),
        cmocka_unit_test_teardown(terminals_are_read, end),
        cmocka_unit_test_teardown(payments_have_one_id_under_two_names, end),
        cmocka_unit_test_teardown(an_empty_text_is_absent, end),
        cmocka_unit_test_teardown(every_dialect_gives_the_same_rows, end),
        cmocka_unit_test_teardown(empty_lists_and_missing_rows_differ, end),
        cmocka_unit_test_teardown(spoilt_rows_are_counted_not_fatal, end),
        cmocka_unit_test_teardown(only_whole_minor_units_are_money, end),
        cmocka_unit_test_teardown(every_error_keeps_code_message_and_trace, end),
        cmocka_unit_test_teardown(anything_else_is_alien, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
