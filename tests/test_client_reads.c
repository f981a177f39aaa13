/* Reads over real sockets: tried again where that helps, never astray; and which settings, URLs and
   arguments are taken at all. */
#include "../api/api_internal.h"
#include "support_call.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void redirects_are_answers_not_directions(void **state)
{
    (void)state;
    static const int statuses[] = {301, 302, 303, 307, 308};
    struct server *other = server_new(loop);
    server_plan_json(other, 200, "", EMPTY_LIST);
    char location[128];
    snprintf(location, sizeof(location), "Location: %ssteal\r\n", server_base(other));
    for (size_t i = 0; i < COUNT_OF(statuses) * 2; i++)
        server_plan_json(server, statuses[i / 2], location, "<html>moved</html>");
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        charge();
        assert_int_equal(seen.answer.http_status, statuses[i]);
        assert_int_equal(seen.answer.body, BODY_ALIEN);
        get(EP_SESSIONS, false);
        assert_int_equal(seen.answer.http_status, statuses[i]);
    }
    assert_int_equal(server_connections(other), 0);
    server_free(other);
}

static void variables_of_the_environment_change_nothing(void **state)
{
    (void)state;
    server_plan_json(server, 200, "", EMPTY_LIST);
    static const char *const names[] = {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        setenv(names[i], "http://127.0.0.1:1/", 1);
    get(EP_SESSIONS, true);
    assert_int_equal(seen.answer.body, BODY_DATA);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unsetenv(names[i]);
}

/* --- reads are tried again ---------------------------------------------------------------- */

static void reads_are_tried_three_times(void **state)
{
    (void)state;
    server_plan(server, SERVER_DROP, NULL);
    server_plan_json(server, 503, "", "<html>");
    server_plan_json(server, 200, "", EMPTY_LIST);
    get(EP_SESSIONS, false);
    assert_int_equal(seen.answer.body, BODY_DATA);
    assert_int_equal(server_requests(server), 3);
}

static void reads_give_up_after_three_tries(void **state)
{
    (void)state;
    server_plan_json(server, 429, "",
                     "{\"success\":false,\"error\":{\"message\":\"slow\",\"traceId\":\"t2\"}}");
    get(EP_SESSION_GET, false);
    assert_int_equal(seen.answer.http_status, 429);
    assert_int_equal(seen.answer.body, BODY_ERROR);
    assert_string_equal(seen.message, "slow");
    assert_int_equal(server_requests(server), 3);
    get(EP_SESSION_GET, true);
    assert_int_equal(server_requests(server), 4);
}

static void refusals_are_not_tried_again(void **state)
{
    (void)state;
    server_plan_json(server, 404, "",
                     "{\"success\":false,\"error\":{\"message\":\"no\",\"code\":10404}}");
    get(EP_SESSION_GET, false);
    assert_int_equal(seen.answer.error.code, 10404);
    assert_int_equal(server_requests(server), 1);
}

static void retry_after_is_obeyed_or_handed_up(void **state)
{
    (void)state;
    server_plan_json(server, 429, "Retry-After: 1\r\n", "{}");
    server_plan_json(server, 429, "Retry-After: 61\r\n", "{}");
    int64_t before = clock_boot_ms();
    struct api_request patient = {
        .endpoint = EP_SESSIONS, .done = call_remember, .deadline_ms = 3600000};
    start(&patient);
    finish();
    assert_true(clock_boot_ms() - before >= 1000);
    assert_int_equal(server_requests(server), 2); /* over a minute is the scheduler's business */
    assert_int_equal(seen.answer.retry_after_s, 61);
    server_plan_json(server, 429,
                     "Date: Sun, 28 Jun 2026 10:30:00 GMT\r\n"
                     "Retry-After: Sun, 28 Jun 2026 10:35:00 GMT\r\n",
                     "{}");
    get(EP_SESSIONS, false); /* still the second plan: it stays until another follows */
    get(EP_SESSIONS, false);
    assert_int_equal(seen.answer.retry_after_s, 300);
}

static void a_wait_between_tries_can_be_cancelled(void **state)
{
    (void)state;
    server_plan(server, SERVER_DROP, NULL);
    struct api_request request = {.endpoint = EP_SESSIONS, .done = call_remember};
    start(&request);
    assert_true(loop_run_until(loop, call_request_arrived, NULL, TEST_DEADLINE_MS));
    for (int i = 0; i < 5; i++)
        loop_turn(loop, 10);
    api_call_cancel(seen.call);
    finish();
    assert_true(seen.answer.aborted);
    assert_int_equal(server_requests(server), 1);
}

static void cancel_inside(void *ctx, const struct api_answer *answer)
{
    call_remember(ctx, answer);
    api_call_cancel(seen.call); /* as a screen does that lets go of all it holds */
}

static void a_call_cancelled_in_its_own_callback_is_over(void **state)
{
    (void)state;
    server_plan_json(server, 200, "", EMPTY_LIST);
    struct api_request request = {.endpoint = EP_SESSIONS, .done = cancel_inside};
    start(&request);
    finish();
    for (int i = 0; i < 3; i++)
        loop_turn(loop, 1);
    assert_int_equal(seen.calls, 1);
    assert_false(seen.answer.aborted);
    assert_int_equal(seen.answer.body, BODY_DATA);
}

static void reads_share_one_connection(void **state)
{
    (void)state;
    server_plan_json(server, 200, "", EMPTY_LIST);
    for (int i = 0; i < 5; i++)
        get(EP_SESSIONS, false);
    assert_int_equal(server_requests(server), 5);
    assert_int_equal(server_connections(server), 1);
}

static size_t answered;

static void count_answer(void *ctx, const struct api_answer *answer)
{
    (void)ctx;
    answered += answer->body == BODY_DATA;
    seen.calls++;
}

static bool six_are_over(void *ctx)
{
    (void)ctx;
    return seen.calls == 6;
}

static void calls_run_side_by_side(void **state)
{
    (void)state;
    server_plan_json(server, 200, "", EMPTY_LIST);
    struct api_request request = {.endpoint = EP_SESSIONS, .done = count_answer};
    for (int i = 0; i < 6; i++)
        assert_non_null(api_call(client, &request, NULL));
    assert_int_equal(api_client_in_flight(client), 6);
    assert_true(loop_run_until(loop, six_are_over, NULL, TEST_DEADLINE_MS));
    assert_int_equal(answered, 6);
}

/* --- long answers ------------------------------------------------------------------------- */

enum { LONG_ROWS = 6000 };

static void plan_long_list(void)
{
    struct buf body;
    buf_init(&body, 1000000);
    buf_puts(&body, "{\"success\":true,\"data\":{\"items\":[");
    for (int i = 0; i < LONG_ROWS; i++)
        buf_printf(&body,
                   "%s{\"sessionId\":\"S%d\",\"status\":\"completed\",\"description\":\"row\"}",
                   i ? "," : "", i);
    buf_puts(&body, "]}}");
    assert_true(body.len > LONG_BODY && !body.over);
    server_plan_json(server, 200, "", body.data);
    buf_done(&body);
}

static bool is_being_read(void *ctx)
{
    (void)ctx;
    return client->calls && client->calls->decoding;
}

static void start_long_list(void)
{
    struct api_request request = {.endpoint = EP_SESSIONS, .done = call_remember};
    plan_long_list();
    start(&request);
    assert_true(loop_run_until(loop, is_being_read, NULL, TEST_DEADLINE_MS));
    assert_int_equal(seen.calls, 0);
}

static void long_answers_are_read_beside_the_loop(void **state)
{
    (void)state;
    start_long_list();
    finish();
    assert_int_equal(seen.answer.body, BODY_DATA);
    assert_int_equal(seen.answer.count, LONG_ROWS);
}

static bool both_wait_or_are_read(void *ctx)
{
    (void)ctx;
    return client->calls && client->calls->decoding && client->calls->next &&
           client->calls->next->decoding;
}

/* Until both have come, or the first has been read before the second came. */
static void start_two_long_lists(void)
{
    struct api_request request = {.endpoint = EP_SESSIONS, .done = call_remember};

    plan_long_list();
    plan_long_list();
    start(&request);
    start(&request);
    loop_run_until(loop, both_wait_or_are_read, NULL, 1000);
}

static bool both_are_over(void *ctx)
{
    (void)ctx;
    return seen.calls == 2;
}

/* Which would take the memory of two. */
static void long_answers_are_read_one_after_the_other(void **state)
{
    (void)state;
    start_two_long_lists();
    assert_true(loop_run_until(loop, both_are_over, NULL, TEST_DEADLINE_MS));
    assert_null(client->decodings);
    assert_int_equal(seen.answer.body, BODY_DATA);
    assert_int_equal(seen.answer.count, LONG_ROWS);
}

static void a_client_goes_while_answers_wait_to_be_read(void **state)
{
    struct api_settings settings = call_settings();

    (void)state;
    start_two_long_lists();
    api_client_free(client);
    client = api_client_new(loop, &settings, NULL);
    assert_null(client->decodings);
}

static void a_cancel_comes_too_late_for_what_is_being_read(void **state)
{
    (void)state;
    start_long_list();
    api_call_cancel(seen.call);
    finish();
    assert_int_equal(seen.answer.body, BODY_DATA);
    assert_false(seen.answer.aborted);
}

static void a_client_goes_while_an_answer_is_read(void **state)
{
    (void)state;
    struct api_settings settings = call_settings();
    start_long_list();
    api_client_free(client);
    assert_int_equal(seen.calls, 0);
    client = api_client_new(loop, &settings, NULL);
    get(EP_SESSIONS, true);
    assert_int_equal(seen.answer.count, LONG_ROWS);
}

/* --- URLs and arguments ------------------------------------------------------------------- */

static void ids_are_one_segment_of_the_path(void **state)
{
    (void)state;
    server_plan_json(server, 404, "", "{}");
    struct api_request request = {.endpoint = EP_SESSION_MODIFICATIONS,
                                  .done = call_remember,
                                  .id = "../a/b?c#d e\r\nX: y%2e",
                                  .query = {.page = 1}};
    start(&request);
    finish();
    const char *line = "GET /external/v1/test/payment/session/"
                       "..%2Fa%2Fb%3Fc%23d%20e%0D%0AX%3A%20y%252e/modifications"
                       "?webcode=HOTEL1&page=1 HTTP/1.1\r\n";
    assert_memory_equal(server_request(server, 0), line, strlen(line));
    static const char *const wrong[] = {NULL, "", ".", ".."};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct err err = {0};
        request.id = wrong[i];
        assert_null(api_call(client, &request, &err));
        assert_int_equal(err.code, ERR_INVALID);
    }
}

static void unusable_requests_are_refused(void **state)
{
    (void)state;
    struct api_request good = charge_make(), bad[6] = {good, good, good, good, good, good};
    bad[0].idempotency_key = NULL;
    bad[1].idempotency_key = "a\r\nX-Evil: 1";
    bad[2].idempotency_key = "";
    bad[3].body = NULL;
    bad[4].on_leave = NULL;
    bad[5].done = NULL;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = {0};
        assert_null(api_call(client, &bad[i], &err));
        assert_int_equal(err.code, ERR_INVALID);
    }
    assert_int_equal(api_client_in_flight(client), 0);
}

static void a_read_only_client_sends_no_post(void **state)
{
    (void)state;
    api_client_free(client);
    struct api_settings settings = call_settings();
    settings.read_only = true;
    client = api_client_new(loop, &settings, NULL);
    struct api_request request = charge_make();
    struct err err = {0};
    assert_null(api_call(client, &request, &err));
    assert_int_equal(err.code, ERR_DENIED);
    server_plan_json(server, 200, "", EMPTY_LIST);
    get(EP_SESSIONS, true);
    assert_int_equal(seen.answer.body, BODY_DATA);
}

static bool settings_work(enum env env, const char *url, const char *key, const char *webcode)
{
    struct api_settings settings = {
        .env = env, .base_url = url, .api_key = key, .webcode = webcode};
    struct err err = {0};
    struct api_client *made = api_client_new(loop, &settings, &err);
    assert_int_equal(made == NULL, err.code == ERR_INVALID);
    api_client_free(made);
    return made != NULL;
}

static void only_safe_call_settings_a_client(void **state)
{
    (void)state;
    static const char *const fine[] = {"https://aviratopayments.com/external/v1/",
                                       "https://aviratopayments.com/external/v1",
                                       "http://127.0.0.1:8080/external/v1/",
                                       "http://127.9.9.9/",
                                       "http://[::1]:80/x/",
                                       "http://localhost:1/"};
    for (size_t i = 0; i < COUNT_OF(fine); i++)
        if (!settings_work(ENV_LIVE, fine[i], "k", "W"))
            fail_msg("%s", fine[i]);
    static const char *const wrong[] = {"http://aviratopayments.com/external/v1/",
                                        "http://128.0.0.1/",
                                        "http://127.0.0.1.evil.example/",
                                        "http://localhost.evil.example/",
                                        "http://[::2]/",
                                        "ftp://127.0.0.1/",
                                        "file:///etc/passwd",
                                        "https://user@host/",
                                        "https://user:pw@host/",
                                        "https://host/?a=b",
                                        "https://host/#x",
                                        "https://",
                                        "host/",
                                        "https://host/external/v1/test/",
                                        "https://ho st/",
                                        ""};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        if (settings_work(ENV_LIVE, wrong[i], "k", "W"))
            fail_msg("%s", wrong[i]);
    assert_false(settings_work(ENV_LIVE, NULL, "k", "W"));
    assert_false(settings_work(ENV_LIVE, fine[0], "", "W"));
    assert_false(settings_work(ENV_LIVE, fine[0], NULL, "W"));
    assert_false(settings_work(ENV_LIVE, fine[0], "a\r\nX: y", "W"));
    assert_false(settings_work(ENV_LIVE, fine[0], "ñ", "W"));
    assert_false(settings_work(ENV_LIVE, fine[0], "k", ""));
    assert_false(settings_work(ENV_TRAINING, fine[0], "k", "W")); /* never leaves this machine */
    assert_true(settings_work(ENV_TRAINING, fine[2], "k", "W"));
    assert_true(settings_work(ENV_TEST, fine[0], "k", "W"));
}

static void only_whole_pins_are_taken(void **state)
{
    (void)state;
#define PIN_1 "sha256//a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s="
#define PIN_2 "sha256//1HNeOiZeFu7gP1lxi5tdAwGcB9i2xR+Q2jpmbuwTqzU="
    static const char *const wrong[] = {
        "",
        "sha256//",
        ";",
        PIN_1 ";",
        ";" PIN_1,
        PIN_1 ";" PIN_1, /* a spare that is none */
        PIN_1 " " PIN_2,
        PIN_1 ";" PIN_2 ";" PIN_2,
        PIN_1 "\n",
        "/etc/ssl/key.pem", /* libcurl would read a file */
        "sha1//a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s=",
        "sha256//a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0==", /* 31 bytes */
        "sha256//a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0t=", /* bits behind the end */
        "sha256//a4ayc-80-OGda4BO-1o-V0etpOqiLx1JwB5S3beHW0s=",
    };
    struct api_settings settings = call_settings();
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct err err = {0};
        settings.pins = wrong[i];
        if (api_pins_usable(wrong[i]) || api_client_new(loop, &settings, &err))
            fail_msg("taken: %s", wrong[i]);
        assert_int_equal(err.code, ERR_INVALID);
    }
    static const char *const fine[] = {PIN_1, PIN_2 ";" PIN_1};
    for (size_t i = 0; i < COUNT_OF(fine); i++) {
        settings.pins = fine[i];
        struct api_client *made = api_client_new(loop, &settings, NULL);
        assert_non_null(made);
        api_client_free(made);
    }
}

static void urls_follow_the_environment(void **state)
{
    (void)state;
    struct api_settings settings = {.env = ENV_LIVE,
                                    .api_key = "k",
                                    .webcode = "W",
                                    .base_url = "https://aviratopayments.com/external/v1"};
    char url[200];
    struct api_client *live = api_client_new(loop, &settings, NULL);
    assert_string_equal(api_client_url(live, EP_REFUND, url, sizeof(url)),
                        "https://aviratopayments.com/external/v1/payment/refund");
    assert_int_equal(api_client_env(live), ENV_LIVE);
    assert_string_equal(api_client_webcode(live), "W");
    api_client_free(live);
    settings.env = ENV_TEST;
    struct api_client *test = api_client_new(loop, &settings, NULL);
    assert_string_equal(api_client_url(test, EP_POS_CHARGE, url, sizeof(url)),
                        "https://aviratopayments.com/external/v1/test/pos/payment");
    api_client_free(test);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, call_begin, call_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(redirects_are_answers_not_directions),
        TEST(variables_of_the_environment_change_nothing),
        TEST(reads_are_tried_three_times),
        TEST(reads_give_up_after_three_tries),
        TEST(refusals_are_not_tried_again),
        TEST(retry_after_is_obeyed_or_handed_up),
        TEST(a_wait_between_tries_can_be_cancelled),
        TEST(a_call_cancelled_in_its_own_callback_is_over),
        TEST(reads_share_one_connection),
        TEST(calls_run_side_by_side),
        TEST(long_answers_are_read_beside_the_loop),
        TEST(a_cancel_comes_too_late_for_what_is_being_read),
        TEST(a_client_goes_while_an_answer_is_read),
        TEST(long_answers_are_read_one_after_the_other),
        TEST(a_client_goes_while_answers_wait_to_be_read),
        TEST(ids_are_one_segment_of_the_path),
        TEST(unusable_requests_are_refused),
        TEST(a_read_only_client_sends_no_post),
        TEST(only_safe_call_settings_a_client),
        TEST(only_whole_pins_are_taken),
        TEST(urls_follow_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
