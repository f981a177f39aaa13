/* POSTs over real sockets: what leaves, how often, what the answer says about it, and that nothing
   grows or hangs. */
#include "support_call.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- money leaves once -------------------------------------------------------------------- */

static void a_charge_is_sent_as_it_was_written_down(void **state)
{
    (void)state;
    server_plan_json(server, 200, "Date: Sun, 28 Jun 2026 10:30:00 GMT\r\n", CHARGE_DONE);
    charge();
    assert_int_equal(seen.leaves, 1);
    assert_true(seen.answer.left);
    assert_false(seen.answer.aborted);
    assert_int_equal(seen.answer.body, BODY_DATA);
    assert_int_equal(seen.answer.http_status, 200);
    assert_string_equal(seen.id, "HOTEL1-POSX-5");
    assert_int_equal(seen.answer.server_utc_ms, INT64_C(1782642600000));
    assert_int_equal(seen.answer.retry_after_s, -1);
    assert_int_equal(server_requests(server), 1);
    const char *sent = server_request(server, 0);
    assert_ptr_equal(strstr(sent, "POST /external/v1/test/pos/payment HTTP/1.1\r\n"), sent);
    assert_non_null(strstr(sent, "\r\nX-API-KEY: key-canary\r\n"));
    assert_non_null(strstr(sent, "\r\nIdempotency-Key: 11111111-2222-4333-8444-555555555555\r\n"));
    assert_non_null(strstr(sent, "\r\nContent-Type: application/json\r\n"));
    assert_null(strcasestr(sent, "\r\nExpect:"));
    assert_null(strcasestr(sent, "\r\nAccept-Encoding:"));
    assert_string_equal(strstr(sent, "\r\n\r\n") + 4, CHARGE_BODY);
}

/* libcurl alone would send the second charge twice: the kept connection is closed on it unanswered.
 */
static void a_dropped_charge_is_not_sent_again(void **state)
{
    (void)state;
    server_plan_json(server, 200, "", EMPTY_LIST);
    server_plan_json(server, 200, "", CHARGE_DONE);
    server_plan(server, SERVER_DROP, NULL);
    get(EP_PAYMENTS, true); /* leaves a warm connection behind */
    charge();
    assert_int_equal(seen.answer.body, BODY_DATA);
    charge();
    assert_int_equal(server_requests(server), 3);
    assert_int_equal(server_connections(server), 3); /* each charge on its own */
    assert_int_equal(seen.leaves, 2);
    assert_true(seen.answer.left);
    assert_int_equal(seen.answer.http_status, 0);
    assert_int_equal(seen.answer.body, BODY_NONE);
    assert_true(seen.answer.trouble[0]);
}

static void every_kind_of_post_is_sent_once(void **state)
{
    (void)state;
    server_plan(server, SERVER_DROP, NULL);
    static const enum endpoint posts[] = {EP_SESSION_CREATE, EP_REFUND, EP_CAPTURE,
                                          EP_CANCEL,         EP_EXTEND, EP_POS_CHARGE};
    for (size_t i = 0; i < COUNT_OF(posts); i++) {
        struct api_request request = charge_make();
        request.endpoint = posts[i];
        start(&request);
        finish();
        assert_true(seen.answer.left);
        assert_int_equal(server_requests(server), i + 1);
    }
}

static void statuses_that_invite_a_retry_are_not_retried(void **state)
{
    (void)state;
    static const int statuses[] = {409, 429, 500, 502, 503};
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
        server_plan_json(server, statuses[i], "Retry-After: 0\r\n",
                         "{\"success\":false,\"error\":{\"message\":\"busy\",\"traceId\":\"t1\"}}");
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        charge();
        assert_int_equal(seen.answer.http_status, statuses[i]);
        assert_int_equal(seen.answer.body, BODY_ERROR);
        assert_int_equal(seen.answer.retry_after_s, 0);
        assert_string_equal(seen.trace, "t1");
        assert_int_equal(server_requests(server), i + 1);
    }
}

/* --- what did not leave ------------------------------------------------------------------- */

static void a_refusal_of_on_leave_keeps_everything_home(void **state)
{
    (void)state;
    server_plan_json(server, 200, "", CHARGE_DONE);
    seen.refuse = true;
    charge();
    assert_int_equal(seen.leaves, 1);
    assert_false(seen.answer.left);
    assert_true(seen.answer.aborted);
    assert_int_equal(seen.answer.body, BODY_NONE);
    /* The connection is up, so wait until the server has seen it close: no request came with it. */
    seen.refuse = false;
    charge();
    assert_int_equal(server_connections(server), 2);
    assert_int_equal(server_requests(server), 1);
}

static void nothing_leaves_without_a_connection(void **state)
{
    (void)state;
    api_client_free(client);
    struct api_settings settings = call_settings();
    char url[64];
    /* A port that was just given up: refused. */
    struct server *gone = server_new(loop);
    snprintf(url, sizeof(url), "%s", server_base(gone));
    server_free(gone);
    settings.base_url = url;
    client = api_client_new(loop, &settings, NULL);
    charge();
    assert_int_equal(seen.leaves, 0);
    assert_false(seen.answer.left);
    assert_false(seen.answer.aborted);
    assert_true(seen.answer.trouble[0]);

    /* TLS with somebody who does not speak it. */
    server_plan(server, SERVER_REFUSE, NULL);
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/external/v1", server_port(server));
    api_client_free(client);
    client = api_client_new(loop, &settings, NULL);
    charge();
    assert_int_equal(seen.leaves, 0);
    assert_false(seen.answer.left);
    assert_int_equal(server_connections(server), 1);
}

static void a_server_that_closes_unread_counts_as_left(void **state)
{
    (void)state;
    server_plan(server, SERVER_REFUSE, NULL);
    charge();
    assert_int_equal(server_connections(server), 1);
    assert_int_equal(server_requests(server), 0);
    assert_true(seen.answer.left); /* we cannot know that it was not read */
    assert_int_equal(seen.answer.body, BODY_NONE);
}

/* --- ends that come early ----------------------------------------------------------------- */

static void a_cancelled_call_reports_that_it_left(void **state)
{
    (void)state;
    server_plan(server, SERVER_SILENT, NULL);
    struct api_request request = charge_make();
    start(&request);
    assert_true(loop_run_until(loop, call_request_arrived, NULL, TEST_DEADLINE_MS));
    assert_int_equal(api_client_in_flight(client), 1);
    api_call_cancel(seen.call);
    api_call_cancel(seen.call);
    assert_int_equal(seen.calls, 0);
    finish();
    assert_true(seen.answer.left);
    assert_true(seen.answer.aborted);
    assert_int_equal(seen.answer.body, BODY_NONE);
}

static void a_call_cancelled_at_once_never_leaves(void **state)
{
    (void)state;
    server_plan_json(server, 200, "", CHARGE_DONE);
    struct api_request request = charge_make();
    start(&request);
    api_call_cancel(seen.call);
    finish();
    assert_int_equal(seen.leaves, 0);
    assert_false(seen.answer.left);
    assert_true(seen.answer.aborted);
    assert_int_equal(server_requests(server), 0);
}

static void a_call_can_be_cancelled_inside_on_leave(void **state)
{
    (void)state;
    server_plan(server, SERVER_SILENT, NULL);
    seen.cancel_on_leave = true;
    charge();
    assert_int_equal(seen.leaves, 1);
    assert_true(seen.answer.aborted);
    seen.cancel_on_leave = false;
}

static void a_silent_server_ends_at_the_deadline(void **state)
{
    (void)state;
    server_plan(server, SERVER_SILENT, NULL);
    struct api_request request = charge_make();
    request.deadline_ms = 60;
    start(&request);
    finish();
    assert_true(seen.answer.left);
    assert_int_equal(seen.answer.body, BODY_NONE);
    assert_int_equal(server_requests(server), 1);
    /* A read has one deadline for all its tries. */
    request =
        (struct api_request){.endpoint = EP_SESSIONS, .done = call_remember, .deadline_ms = 60};
    start(&request);
    finish();
    assert_int_equal(server_requests(server), 2);
}

static void a_freed_client_calls_nobody(void **state)
{
    (void)state;
    server_plan(server, SERVER_SILENT, NULL);
    struct api_request request = charge_make();
    start(&request);
    assert_true(loop_run_until(loop, call_request_arrived, NULL, TEST_DEADLINE_MS));
    request = (struct api_request){.endpoint = EP_SESSIONS, .done = call_remember};
    start(&request);
    api_call_cancel(seen.call);
    api_client_free(client);
    client = NULL;
    loop_turn(loop, 0);
    loop_turn(loop, 0);
    assert_int_equal(seen.calls, 0);
}

static void free_client_inside(void *ctx, const struct api_answer *answer)
{
    call_remember(ctx, answer);
    api_client_free(client);
    client = NULL;
}

static void a_client_can_be_freed_inside_a_callback(void **state)
{
    (void)state;
    server_plan_json(server, 200, "", EMPTY_LIST);
    struct api_request request = {.endpoint = EP_SESSIONS, .done = free_client_inside};
    start(&request);
    assert_true(loop_run_until(loop, call_is_over, NULL, TEST_DEADLINE_MS));
    assert_int_equal(seen.answer.body, BODY_DATA);
}

/* --- sizes, shapes, redirects ------------------------------------------------------------- */

static void answers_cut_short_are_no_answers(void **state)
{
    (void)state;
    server_plan(server, SERVER_ANSWER_CLOSE,
                "HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" CHARGE_DONE);
    server_plan(server, SERVER_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Le");
    server_plan(server, SERVER_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    server_plan(server, SERVER_ANSWER_CLOSE, "garbage\r\n\r\n");
    for (int i = 0; i < 4; i++) {
        charge();
        assert_true(seen.answer.left);
        assert_int_equal(seen.answer.body, BODY_NONE);
    }
    assert_int_equal(server_requests(server), 4);
}

static void endless_answers_are_cut_off(void **state)
{
    (void)state;
    server_plan(server, SERVER_ENDLESS, "HTTP/1.1 200 OK\r\n\r\n                      ");
    server_plan(
        server, SERVER_ENDLESS,
        "HTTP/1.1 200 OK\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
    server_plan(server, SERVER_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n{");
    for (int i = 0; i < 3; i++) {
        charge();
        assert_true(seen.answer.left);
        assert_int_equal(seen.answer.body, BODY_ALIEN);
        assert_string_equal(seen.answer.trouble, "the answer is too long");
    }
    server_plan(server, SERVER_ENDLESS, "HTTP/1.1 200 OK\r\n\r\n                      ");
    get(EP_SESSIONS, false);
    assert_int_equal(seen.answer.body, BODY_ALIEN);
    assert_int_equal(server_requests(server), 4); /* and not tried again */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, call_begin, call_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_charge_is_sent_as_it_was_written_down),
        TEST(a_dropped_charge_is_not_sent_again),
        TEST(every_kind_of_post_is_sent_once),
        TEST(statuses_that_invite_a_retry_are_not_retried),
        TEST(a_refusal_of_on_leave_keeps_everything_home),
        TEST(nothing_leaves_without_a_connection),
        TEST(a_server_that_closes_unread_counts_as_left),
        TEST(a_cancelled_call_reports_that_it_left),
        TEST(a_call_cancelled_at_once_never_leaves),
        TEST(a_call_can_be_cancelled_inside_on_leave),
        TEST(a_silent_server_ends_at_the_deadline),
        TEST(a_freed_client_calls_nobody),
        TEST(a_client_can_be_freed_inside_a_callback),
        TEST(answers_cut_short_are_no_answers),
        TEST(endless_answers_are_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
