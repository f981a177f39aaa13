/* The simulator's endpoints and errors, asked over real sockets. */
#include "support_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>

#define LINK_BODY                                                                                  \
    "{\"webcode\":\"HOTEL9\",\"amount\":{\"value\":25000,\"currency\":\"EUR\"},"                   \
    "\"urlOk\":\"https://a/ok\",\"urlKo\":\"https://a/ko\""
#define CHARGE_BODY                                                                                \
    "{\"webcode\":\"HOTEL9\",\"poiId\":\"V400m-TEST-000001\",\"amount\":{\"value\":1250,"          \
    "\"currency\":\"EUR\"}"

static struct sim_lab *lab;

static int open_lab(void **state)
{
    (void)state;
    struct sim_settings settings = lab_settings();
    lab = lab_open(&settings);
    return 0;
}

static int close_lab(void **state)
{
    (void)state;
    lab_close(lab);
    return 0;
}

static void assert_fields(const char *object, const char *names)
{
    char name[64];
    for (; sscanf(names, "%63s", name) == 1;
         names += strspn(names + strlen(name), " ") + strlen(name))
        assert_true(field_of(object, name)[0] != '\0');
}

static void test_session_life(void **state)
{
    (void)state;
    struct reply *made = lab_post(lab, TEST "/payment/session",
                                  LINK_BODY ",\"countryCode\":\"ES\",\"shopperLocale\":\"es-ES\","
                                            "\"description\":\"Dep\u00f3sito \\\"214\\\"\","
                                            "\"customReference\":\"RES-1\",\"isPreAuth\":true,"
                                            "\"deliverAt\":\"2026-12-01T10:00:00Z\"}");
    assert_int_equal(made->status, 201);
    assert_non_null(strstr(made->body, "{\"success\":true,\"data\":{"));
    assert_fields(made->body,
                  "sessionId paymentUrl status value currency createdAt customReference");
    assert_non_null(strstr(made->body, "\"Dep\u00f3sito \\\"214\\\"\""));
    assert_string_equal(field_of(made->body, "status"), "pending");
    assert_int_equal(strncmp(field_of(made->body, "sessionId"), "HOTEL9-EXTT-", 12), 0);

    char path[256], url[256];
    snprintf(url, sizeof(url), "/pay/%s", field_of(made->body, "sessionId"));
    assert_non_null(strstr(field_of(made->body, "paymentUrl"), url));
    snprintf(path, sizeof(path), TEST "/payment/session/%s?webcode=HOTEL9",
             field_of(made->body, "sessionId"));
    struct reply *seen = lab_get(lab, path);
    assert_string_equal(field_of(seen->body, "deliverAt"), "2026-12-01T10:00:00Z");
    while (strcmp(field_of(seen->body, "status"), "pending") == 0)
        seen = lab_get(lab, path);
    assert_int_equal(seen->status, 200);
    assert_string_equal(field_of(seen->body, "status"), "completed");
    assert_fields(seen->body, "paymentReference completedAt paymentStatus urlOk urlKo countryCode");
    assert_string_equal(field_of(seen->body, "paymentStatus"), "AUTHORISED");
    assert_int_equal(strncmp(field_of(seen->body, "paymentReference"), "HOTEL9-PXTT-", 12), 0);
    assert_int_equal(count_of(seen->body, "\"authorised\""), 1);
    assert_int_equal(lab_get(lab, url)->status, 200);
}

static void test_refused_first(void **state)
{
    (void)state;
    lab_new_key(lab);
    struct reply *made = lab_post(lab, LIVE "/payment/session",
                                  "{\"webcode\":\"HOTEL9\",\"amount\":{\"value\":1501,\"currency\":"
                                  "\"EUR\"},\"urlOk\":\"o\",\"urlKo\":\"k\"}");
    char path[256];
    snprintf(path, sizeof(path), LIVE "/payment/session/%s?webcode=HOTEL9",
             field_of(made->body, "sessionId"));
    struct reply *seen = lab_get(lab, path);
    while (strcmp(field_of(seen->body, "status"), "pending") == 0)
        seen = lab_get(lab, path);
    assert_int_equal(count_of(seen->body, "\"refused\""), 1);
    assert_int_equal(count_of(seen->body, "\"authorised\""), 1);
    assert_true(
        strcmp(field_at(seen->body, "createdAt", 1), field_at(seen->body, "createdAt", 2)) <= 0);
}

static void test_keys_and_webcodes(void **state)
{
    (void)state;
    static const char path[] = "/payment/sessions?webcode=HOTEL9";
    lab->api_key = "live-key";
    assert_error(lab_get(lab, TEST "/payment/sessions?webcode=HOTEL9"), 403, "11001");
    lab->api_key = "test-key";
    char live[128];
    snprintf(live, sizeof(live), LIVE "%s", path);
    assert_error(lab_get(lab, live), 403, "11001");
    lab->api_key = "";
    assert_error(lab_get(lab, live), 403, "11001");
    lab->api_key = NULL;
    assert_int_equal(lab_get(lab, live)->status, 200);
    assert_error(lab_get(lab, LIVE "/payment/sessions?webcode=OTHER"), 403, "11008");
    assert_error(lab_get(lab, LIVE "/payment/sessions"), 400, "12001");
    lab_new_key(lab);
    assert_error(
        lab_post(lab, LIVE "/payment/cancel", "{\"webcode\":\"OTHER\",\"paymentReference\":\"X\"}"),
        403, "11008");
}

struct bad {
    const char *path, *body;
    int http;
    const char *code;
};

static void test_bad_requests(void **state)
{
    (void)state;
#define LINK   "/payment/session"
#define CHARGE "/pos/payment"
    static const struct bad bads[] = {
        {LINK, "", 400, "12001"},
        {LINK, "[]", 400, "12001"},
        {LINK, LINK_BODY "", 400, "12001"},
        {LINK, LINK_BODY ",\"surprise\":1}", 400, "12001"},
        {LINK, LINK_BODY ",\"urlOk\":\"twice\"}", 400, "12001"},
        {LINK, LINK_BODY ",\"isPreAuth\":\"yes\"}", 400, "12001"},
        {LINK, LINK_BODY ",\"countryCode\":\"es\"}", 400, "12006"},
        {LINK, LINK_BODY ",\"countryCode\":\"ESP\"}", 400, "12006"},
        {LINK, LINK_BODY ",\"countryCode\":\"XX\"}", 400, "12009"},
        {LINK, LINK_BODY ",\"shopperLocale\":\"spanish\"}", 400, "12001"},
        {LINK, LINK_BODY ",\"deliverAt\":\"tomorrow\"}", 400, "12002"},
        {LINK, LINK_BODY ",\"deliverAt\":\"2026-02-30T10:00:00Z\"}", 400, "12002"},
        {LINK, LINK_BODY ",\"deliverAt\":\"2026-02-03T10:00\"}", 400, "12002"},
        {LINK, "{\"webcode\":\"HOTEL9\",\"urlOk\":\"o\",\"urlKo\":\"k\"}", 400, "12001"},
        {CHARGE, CHARGE_BODY ",\"poi\":1}", 400, "12001"},
        {CHARGE,
         "{\"webcode\":\"HOTEL9\",\"poiId\":\"NONE\",\"amount\":{\"value\":1,\"currency\":"
         "\"EUR\"}}",
         404, "10404"},
        {CHARGE,
         "{\"webcode\":\"HOTEL9\",\"poiId\":\"P400Plus-TEST-000003\",\"amount\":{\"value\":1,"
         "\"currency\":\"EUR\"}}",
         502, "13004"},
        {"/payment/refund",
         "{\"webcode\":\"HOTEL9\",\"paymentReference\":\"HOTEL9-PXT-AAAA\","
         "\"amount\":{\"value\":1,\"currency\":\"EUR\"},\"reason\":\"RETURN\"}",
         404, "10404"},
        {"/payment/refund",
         "{\"webcode\":\"HOTEL9\",\"paymentReference\":\"HOTEL9-PXT-AAAA\","
         "\"amount\":{\"value\":1,\"currency\":\"EUR\"},\"reason\":\"MOOD\"}",
         400, "12001"},
        {"/payment/cancel", "{\"webcode\":\"HOTEL9\",\"paymentReference\":\"HOTEL9-PXTT-AAAA\"}",
         403, "11008"},
        {"/payment/extend", "{\"webcode\":\"HOTEL9\",\"paymentReference\":\"HOTEL8-PXT-AAAA\"}",
         403, "11008"},
    };
    for (size_t i = 0; i < COUNT_OF(bads); i++) {
        char path[128];
        snprintf(path, sizeof(path), LIVE "%s", bads[i].path);
        lab_new_key(lab);
        struct reply *reply = lab_post(lab, path, bads[i].body);
        if (reply->status != bads[i].http)
            print_message("row %zu: %s\n", i, reply->body);
        assert_int_equal(reply->status, bads[i].http);
        assert_string_equal(field_of(reply->body, "code"), bads[i].code);
        assert_int_equal(sim_executions_of_key(lab->sim, lab->key), 0);
    }
}

static void test_bad_amounts(void **state)
{
    (void)state;
    static const char *const amounts[] = {"1250",
                                          "{\"value\":0,\"currency\":\"EUR\"}",
                                          "{\"value\":-5,\"currency\":\"EUR\"}",
                                          "{\"value\":12.5,\"currency\":\"EUR\"}",
                                          "{\"value\":\"12\",\"currency\":\"EUR\"}",
                                          "{\"value\":1000000000001,\"currency\":\"EUR\"}",
                                          "{\"value\":12,\"currency\":\"eur\"}",
                                          "{\"value\":12,\"currency\":\"EURO\"}",
                                          "{\"value\":12,\"currency\":\"ZZZ\"}",
                                          "{\"value\":12}",
                                          "{\"value\":1e3,\"currency\":\"EUR\",\"x\":1}",
                                          "null"};
    for (size_t i = 0; i < COUNT_OF(amounts); i++) {
        char body[256];
        snprintf(body, sizeof(body),
                 "{\"webcode\":\"HOTEL9\",\"poiId\":\"V400m-TEST-000001\","
                 "\"amount\":%s}",
                 amounts[i]);
        lab_new_key(lab);
        assert_error(lab_post(lab, LIVE "/pos/payment", body), 400, "12001");
    }
}

static void test_bad_queries(void **state)
{
    (void)state;
    static const struct bad bads[] = {
        {"/payment/sessions?webcode=HOTEL9&page=0", NULL, 400, "12001"},
        {"/payment/sessions?webcode=HOTEL9&limit=101", NULL, 400, "12001"},
        {"/payment/sessions?webcode=HOTEL9&limit=ten", NULL, 400, "12001"},
        {"/pos/payments?webcode=HOTEL9&dateFrom=2026-13-01", NULL, 400, "12002"},
        {"/modifications?webcode=HOTEL9&dateTo=yesterday", NULL, 400, "12002"},
        {"/pos/terminals?webcode=HOTEL9&syncFromProvider=maybe", NULL, 400, "12001"},
        {"/payment/session/HOTEL9-EXT-AAAABBBBCCCCDDDD?webcode=HOTEL9", NULL, 404, "10404"},
        {"/payment/session/HOTEL9-EXTT-AAAABBBBCCCCDDDD?webcode=HOTEL9", NULL, 403, "11008"},
        {"/pos/payment/NOTHING/modifications?webcode=HOTEL9", NULL, 404, "10404"},
        {"/no/such/path?webcode=HOTEL9", NULL, 404, ""},
        {"/payment/refund?webcode=HOTEL9", NULL, 405, ""},
    };
    for (size_t i = 0; i < COUNT_OF(bads); i++) {
        char path[160];
        snprintf(path, sizeof(path), LIVE "%s", bads[i].path);
        struct reply *reply = lab_get(lab, path);
        if (reply->status != bads[i].http)
            print_message("row %zu: %s\n", i, reply->body);
        assert_int_equal(reply->status, bads[i].http);
        assert_string_equal(field_of(reply->body, "code"), bads[i].code);
    }
}

static void test_terminals(void **state)
{
    (void)state;
    struct reply *all = lab_get(lab, TEST "/pos/terminals?webcode=HOTEL9");
    assert_int_equal(all->status, 200);
    assert_int_equal(count_of(all->body, "\"poiId\""), 3);
    assert_int_equal(count_of(all->body, "\"boarded\""), 3);
    assert_non_null(strstr(all->body, "\"Terminal Test 1 - Mostrador\""));
    assert_non_null(strstr(all->body, "\"Terminal Test 2 - Terraza\""));
    assert_non_null(strstr(all->body, "\"Terminal Test 3 - Almacen\""));
    assert_fields(all->body, "poiId status name model createdAt updatedAt");
    struct reply *online = lab_get(lab, TEST "/pos/terminals?webcode=HOTEL9&syncFromProvider=true");
    assert_int_equal(count_of(online->body, "\"poiId\""), 2);
    assert_null(strstr(online->body, "P400Plus"));
}

static void test_idempotency(void **state)
{
    (void)state;
    char first[4096], other[64];
    lab_new_key(lab);
    struct reply *reply = lab_post(lab, LIVE "/payment/session", LINK_BODY "}");
    snprintf(first, sizeof(first), "%s", reply->body);
    reply = lab_post(lab, LIVE "/payment/session", LINK_BODY "}");
    assert_int_equal(reply->status, 201);
    assert_string_equal(reply->body, first);
    assert_non_null(strstr(reply->head, "Idempotent-Replayed: true"));
    assert_int_equal(lab_post(lab, LIVE "/payment/session", LINK_BODY " }")->status, 409);
    reply = lab_post(lab, LIVE "/pos/payment", LINK_BODY "}");
    assert_error(reply, 409, "");
    assert_int_equal(sim_executions_of_key(lab->sim, lab->key), 1);
    assert_int_equal(sim_requests_of_key(lab->sim, lab->key), 4);
    /* the other environment has keys of its own */
    assert_int_equal(lab_post(lab, TEST "/payment/session", LINK_BODY "}")->status, 201);

    lab_new_key(lab); /* while the first one runs, the same is a conflict */
    struct talk *running = lab_begin(lab, "POST", LIVE "/pos/payment", CHARGE_BODY "}");
    while (sim_requests_of_key(lab->sim, lab->key) == 0)
        loop_turn(lab->loop, 10);
    reply = lab_post(lab, LIVE "/pos/payment", CHARGE_BODY "}");
    assert_false(lab_finished(running));
    assert_error(reply, 409, "");
    snprintf(other, sizeof(other), "%s", lab->key);
    lab_new_key(lab); /* and another one finds the terminal busy */
    assert_error(lab_post(lab, LIVE "/pos/payment", CHARGE_BODY "}"), 502, "13004");
    assert_int_equal(lab_finish(running, 10000)->status, 200);
    snprintf(lab->key, sizeof(lab->key), "%s", other);
    reply = lab_post(lab, LIVE "/pos/payment", CHARGE_BODY "}");
    assert_string_equal(reply->body, lab_finish(running, 0)->body);
    assert_int_equal(sim_executions_of_key(lab->sim, other), 1);
    lab_forget(running);
    /* refusals are replayed as well, and no key means no memory */
    lab_new_key(lab);
    snprintf(first, sizeof(first), "%s", lab_post(lab, LIVE "/payment/session", "{}")->body);
    assert_string_equal(lab_post(lab, LIVE "/payment/session", "{}")->body, first);
    lab->key[0] = '\0';
    snprintf(first, sizeof(first), "%s",
             lab_post(lab, LIVE "/payment/session", LINK_BODY "}")->body);
    assert_string_not_equal(lab_post(lab, LIVE "/payment/session", LINK_BODY "}")->body, first);
}

static void test_big_body(void **state)
{
    (void)state;
    static char body[100000];
    memset(body, ' ', sizeof(body) - 1);
    lab_new_key(lab);
    assert_int_equal(lab_post(lab, LIVE "/payment/session", body)->status, 413);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_life),      cmocka_unit_test(test_refused_first),
        cmocka_unit_test(test_keys_and_webcodes), cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_bad_amounts),       cmocka_unit_test(test_bad_queries),
        cmocka_unit_test(test_terminals),         cmocka_unit_test(test_idempotency),
        cmocka_unit_test(test_big_body),
    };
    return cmocka_run_group_tests(tests, open_lab, close_lab);
}
