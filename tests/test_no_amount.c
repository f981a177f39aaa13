/* An amount that the API left out, or that is no integer, is never zero: it is shown as "?" and
   blocks whatever needs it, from the bytes of the answer to the screens and the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../api/wire.h"
#include "../cache/judge.h"
#include "../tui/records.h"
#include "../tui/cli.h"
#include "support_cache.h"

static struct arena arena;

static struct api_answer decode(enum endpoint endpoint, int status, const char *body)
{
    struct api_answer answer = {.endpoint = endpoint, .http_status = status, .left = true};
    wire_decode(&answer, &arena, body, strlen(body));
    return answer;
}

/* What may stand where the amount should: none of it is one. */
static const char *const no_amounts[] = {
    "",
    ",\"amount\":null",
    ",\"amount\":{}",
    ",\"amount\":5000",
    ",\"amount\":\"5000\"",
    ",\"amount\":[5000]",
    ",\"amount\":{\"currency\":\"EUR\"}",
    ",\"amount\":{\"value\":5000}",
    ",\"amount\":{\"value\":null,\"currency\":\"EUR\"}",
    ",\"amount\":{\"value\":50.00,\"currency\":\"EUR\"}",
    ",\"amount\":{\"value\":5000.0,\"currency\":\"EUR\"}",
    ",\"amount\":{\"value\":5e3,\"currency\":\"EUR\"}",
    ",\"amount\":{\"value\":-5000,\"currency\":\"EUR\"}",
    ",\"amount\":{\"value\":\"50,00\",\"currency\":\"EUR\"}",
    ",\"amount\":{\"value\":\"\",\"currency\":\"EUR\"}",
    ",\"amount\":{\"value\":true,\"currency\":\"EUR\"}",
    ",\"amount\":{\"value\":1000000000001,\"currency\":\"EUR\"}",
    ",\"amount\":{\"value\":5000,\"currency\":\"eur\"}",
    ",\"amount\":{\"value\":5000,\"currency\":\"EURO\"}",
    ",\"amount\":{\"value\":5000,\"currency\":978}",
    ",\"amount\":{\"Value\":5000,\"Currency\":\"EUR\"}",
    ",\"Amount\":{\"value\":5000,\"currency\":\"EUR\"}",
};

static void hold_without(const char *amount, char out[512])
{
    snprintf(out, 512,
             "{\"success\":true,\"data\":{\"items\":[{\"posPaymentId\":\"HOTEL9-POSXT-1\","
             "\"status\":\"success\",\"isPreAuth\":true,\"poiId\":\"V1\"%s}]}}",
             amount);
}

static void missing_is_shown_and_blocks(void **state)
{
    struct box box;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(no_amounts); i++) {
        char body[512];
        hold_without(no_amounts[i], body);
        struct api_answer answer = decode(EP_PAYMENTS, 200, body);
        assert_int_equal(answer.body, BODY_DATA);
        assert_int_equal(answer.count, 1);
        assert_false(answer.records[0].amount.known);
        box_open(&box);
        assert_true(cache_store(box.cache, answer.records, 1, SOURCE_LIST, NULL, NULL));
        struct row row;
        assert_true(cache_get_payment(box.cache, "HOTEL9-POSXT-1", &arena, &row, NULL));
        assert_false(row.record.amount.known);
        assert_string_equal(record_amount(&arena, &row).bytes, "?");
        assert_string_equal(record_amount_csv(&arena, &row).bytes, "");
        assert_string_equal(cli_amount(&arena, &row.record.amount).bytes, "");
        struct payment_facts facts;
        assert_true(cache_payment_facts(box.cache, "HOTEL9-POSXT-1", &facts, NULL));
        for (enum op_kind kind = OP_REFUND; kind <= OP_EXTEND; kind++)
            assert_int_equal(payment_action_possible(&facts, kind), WHY_UNKNOWN_AMOUNT);
        box_close(&box);
    }
}

/* Only what has an amount misses one. */
static void a_cancel_misses_none(void **state)
{
    static const struct {
        const char *type, *shown;
    } cases[] = {{"refund", "?"}, {"capture", "?"}, {"cancel", ""},
                 {"Extend", ""},  {"odd", "?"},     {NULL, "?"}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct record record = {.kind = REC_MODIFICATION, .type = cases[i].type};
        assert_string_equal(record_amount_text(&arena, &record).bytes, cases[i].shown);
    }
}

/* A charge whose answer bears an amount that cannot be read is not known to be this charge; one
   without any is told by its other parts. */
static void unreadable_approves_nothing(void **state)
{
    const struct judge_intent intent = {.kind = OP_CHARGE,
                                        .attempt = 1,
                                        .env = ENV_TEST,
                                        .webcode = "HOTEL9",
                                        .target = "V1",
                                        .tag = "0123abcd",
                                        .amount = money_make(5000, "EUR")};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(no_amounts); i++) {
        char body[512];
        snprintf(body, sizeof body,
                 "{\"success\":true,\"data\":{\"posPaymentId\":\"HOTEL9-POSXT-1\","
                 "\"status\":\"success\"%s}}",
                 no_amounts[i]);
        struct api_answer answer = decode(EP_POS_CHARGE, 200, body);
        bool absent = i < 2 || i + 1 == COUNT_OF(no_amounts);
        assert_int_equal(judge_answer(&intent, &answer).next,
                         absent ? INTENT_CONFIRMED : INTENT_UNKNOWN);
    }
}

/* Of success and of what a name stands for there is one way to say it. */
static void likenesses_approve_nothing(void **state)
{
    static const char *const wrong[] = {
        "{\"success\":\"true\",\"data\":{\"posPaymentId\":\"p\",\"status\":\"success\"}}",
        "{\"success\":1,\"data\":{\"posPaymentId\":\"p\",\"status\":\"success\"}}",
        "{\"Success\":true,\"data\":{\"posPaymentId\":\"p\",\"status\":\"success\"}}",
        "{\"success\":true,\"data\":{\"posPaymentId\":\"p\",\"status\":\"success\",\"poiId\":{}}}",
        ("{\"success\":true,\"data\":{\"posPaymentId\":\"p\",\"status\":\"success\","
         "\"customReference\":[\"x~99999999\"]}}"),
        "{\"success\":true,\"data\":{\"posPaymentId\":\"p\",\"status\":\"Success\"}}",
        "{\"success\":\"false\",\"error\":{\"code\":12001,\"message\":\"no\"}}",
    };
    struct judge_intent intent = {.kind = OP_CHARGE,
                                  .attempt = 1,
                                  .env = ENV_TEST,
                                  .webcode = "HOTEL9",
                                  .target = "V1",
                                  .tag = "0123abcd"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct api_answer answer = decode(EP_POS_CHARGE, i == 6 ? 400 : 200, wrong[i]);
        assert_int_equal(judge_answer(&intent, &answer).next, INTENT_UNKNOWN);
    }
}

static int forget(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_is_shown_and_blocks),
        cmocka_unit_test(a_cancel_misses_none),
        cmocka_unit_test(unreadable_approves_nothing),
        cmocka_unit_test(likenesses_approve_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
