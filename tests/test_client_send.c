/* What we send: bodies byte for byte, queries, and the table of endpoints. */
#include "../api/wire.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static struct buf sent;

static void sent_is(const char *expected)
{
    assert_string_equal(sent.data, expected);
    struct json_doc doc;
    assert_true(json_open(&doc, sent.data, sent.len, NULL));
    json_close(&doc);
    buf_done(&sent);
    buf_init(&sent, 10000);
}

static void bodies_are_exact(void **state)
{
    (void)state;
    buf_init(&sent, 10000);
    struct session_draft session = {.amount = money_make(5000, "EUR"),
                                    .url_ok = "https://h/ok",
                                    .url_ko = "https://h/ko",
                                    .description = ""};
    body_session(&sent, "HOTEL1", &session);
    sent_is("{\"webcode\":\"HOTEL1\",\"amount\":{\"value\":5000,\"currency\":\"EUR\"},"
            "\"urlOk\":\"https://h/ok\",\"urlKo\":\"https://h/ko\"}");
    session.country = "ES";
    session.locale = "es-ES";
    session.description = "a\"b\\c\n\x01 ñ";
    session.custom_reference = "BK-1";
    session.deliver_at = "2026-06-29T08:00:00Z";
    session.is_preauth = true;
    body_session(&sent, "HOTEL1", &session);
    sent_is("{\"webcode\":\"HOTEL1\",\"amount\":{\"value\":5000,\"currency\":\"EUR\"},"
            "\"urlOk\":\"https://h/ok\",\"urlKo\":\"https://h/ko\",\"countryCode\":\"ES\","
            "\"shopperLocale\":\"es-ES\",\"description\":\"a\\\"b\\\\c\\u000a\\u0001 ñ\","
            "\"customReference\":\"BK-1\",\"isPreAuth\":true,"
            "\"deliverAt\":\"2026-06-29T08:00:00Z\"}");
    struct charge_draft charge = {
        .poi_id = "V400m-1", .amount = money_make(MONEY_MAX, "JPY"), .custom_reference = "T-1"};
    body_charge(&sent, "HOTEL1", &charge);
    sent_is("{\"webcode\":\"HOTEL1\",\"poiId\":\"V400m-1\",\"amount\":{\"value\":1000000000000,"
            "\"currency\":\"JPY\"},\"customReference\":\"T-1\"}");
    struct modification_draft draft = {.payment_reference = "HOTEL1-PXT-1",
                                       .amount = money_make(1, "KWD"),
                                       .reason = refund_reasons[1]};
    body_modification(&sent, "HOTEL1", EP_REFUND, &draft);
    sent_is("{\"webcode\":\"HOTEL1\",\"paymentReference\":\"HOTEL1-PXT-1\",\"amount\":{\"value\":1,"
            "\"currency\":\"KWD\"},\"reason\":\"CUSTOMER REQUEST\"}");
    body_modification(&sent, "HOTEL1", EP_CAPTURE, &draft);
    sent_is("{\"webcode\":\"HOTEL1\",\"paymentReference\":\"HOTEL1-PXT-1\",\"amount\":{\"value\":1,"
            "\"currency\":\"KWD\"}}");
    static const enum endpoint bare[] = {EP_CANCEL, EP_EXTEND};
    for (size_t i = 0; i < COUNT_OF(bare); i++) {
        body_modification(&sent, "HOTEL1", bare[i], &draft);
        sent_is("{\"webcode\":\"HOTEL1\",\"paymentReference\":\"HOTEL1-PXT-1\"}");
    }
    buf_done(&sent);
}

static void query_is(enum endpoint endpoint, const struct list_query *query, const char *expected)
{
    struct buf out;
    buf_init(&out, 1000);
    wire_query(&out, endpoint_row(endpoint), "H 1&", query);
    assert_string_equal(out.data, expected);
    buf_done(&out);
}

static void queries_hold_what_the_endpoint_takes(void **state)
{
    (void)state;
    struct list_query query = {.page = 2,
                               .limit = 100,
                               .status = "pending",
                               .date_from = "2026-06-01",
                               .date_to = "2026-06-30",
                               .custom_reference = "a=b&c/ñ\r\n",
                               .poi_id = "V400m-1",
                               .cursor = "x+y",
                               .sync_from_provider = true};
    query_is(EP_SESSIONS, &query,
             "webcode=H%201%26&page=2&limit=100&cursor=x%2By&status=pending&dateFrom=2026-06-01"
             "&dateTo=2026-06-30&customReference=a%3Db%26c%2F%C3%B1%0D%0A");
    query_is(EP_PAYMENTS, &query,
             "webcode=H%201%26&page=2&limit=100&cursor=x%2By&status=pending&dateFrom=2026-06-01"
             "&dateTo=2026-06-30&customReference=a%3Db%26c%2F%C3%B1%0D%0A&poiId=V400m-1");
    query_is(EP_MODIFICATIONS, &query,
             "webcode=H%201%26&page=2&limit=100&cursor=x%2By&status=pending&dateFrom=2026-06-01"
             "&dateTo=2026-06-30");
    query_is(EP_TERMINALS, &query, "webcode=H%201%26&syncFromProvider=true");
    query_is(EP_SESSION_GET, &query, "webcode=H%201%26");
    query_is(EP_SESSIONS, &(struct list_query){0}, "webcode=H%201%26");
}

static void the_table_has_every_endpoint(void **state)
{
    (void)state;
    size_t posts = 0, money = 0;
    for (int endpoint = 0; endpoint < EP_COUNT; endpoint++) {
        const struct endpoint_row *row = endpoint_row((enum endpoint)endpoint);
        assert_non_null(row->path);
        posts += row->post;
        money += endpoint_moves_money((enum endpoint)endpoint);
        assert_true(row->post || !row->money);
        for (int other = 0; other < endpoint; other++)
            assert_string_not_equal(row->path, endpoint_row((enum endpoint)other)->path);
    }
    assert_int_equal(EP_COUNT, 13);
    assert_int_equal(posts, 6);
    assert_int_equal(money, 5);
    assert_false(endpoint_moves_money(EP_SESSION_CREATE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_exact),
        cmocka_unit_test(queries_hold_what_the_endpoint_takes),
        cmocka_unit_test(the_table_has_every_endpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
