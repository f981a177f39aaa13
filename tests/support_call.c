/* See support_call.h. */
#include "support_call.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct loop *loop;
struct server *server;
struct api_client *client;
struct call_seen seen;

void call_remember(void *ctx, const struct api_answer *answer)
{
    (void)ctx;
    seen.calls++;
    seen.answer = *answer;
    snprintf(seen.id, sizeof(seen.id), "%s", answer->record.id ? answer->record.id : "");
    snprintf(seen.message, sizeof(seen.message), "%s",
             answer->error.message ? answer->error.message : "");
    snprintf(seen.trace, sizeof(seen.trace), "%s",
             answer->error.trace_id ? answer->error.trace_id : "");
}

static bool leaves(void *ctx)
{
    (void)ctx;
    seen.leaves++;
    if (seen.cancel_on_leave)
        api_call_cancel(seen.call);
    return !seen.refuse;
}

bool call_is_over(void *ctx)
{
    (void)ctx;
    return seen.calls > 0;
}

bool call_request_arrived(void *ctx)
{
    (void)ctx;
    return server_requests(server) > 0;
}

struct api_settings call_settings(void)
{
    return (struct api_settings){.env = ENV_TEST,
                                 .base_url = server_base(server),
                                 .webcode = "HOTEL1",
                                 .api_key = "key-canary"};
}

int call_begin(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    loop = loop_new();
    server = server_new(loop);
    struct api_settings settings = call_settings();
    client = api_client_new(loop, &settings, NULL);
    return client ? 0 : -1;
}

int call_end(void **state)
{
    (void)state;
    api_client_free(client);
    server_free(server);
    loop_free(loop);
    clock_replace(NULL, NULL);
    return 0;
}

struct api_request charge_make(void)
{
    return (struct api_request){.endpoint = EP_POS_CHARGE,
                                .body = CHARGE_BODY,
                                .body_len = strlen(CHARGE_BODY),
                                .idempotency_key = "11111111-2222-4333-8444-555555555555",
                                .on_leave = leaves,
                                .done = call_remember};
}

void start(const struct api_request *request)
{
    struct err err = {0};
    seen.calls = 0;
    seen.call = api_call(client, request, &err);
    if (!seen.call)
        fail_msg("%s", err.detail);
    assert_int_equal(seen.calls, 0); /* never from api_call() itself */
}

void finish(void)
{
    assert_true(loop_run_until(loop, call_is_over, NULL, TEST_DEADLINE_MS));
    assert_int_equal(seen.calls, 1);
    assert_int_equal(api_client_in_flight(client), 0);
}

void charge(void)
{
    struct api_request request = charge_make();
    start(&request);
    finish();
}

void get(enum endpoint endpoint, bool no_retry)
{
    struct api_request request = {
        .endpoint = endpoint, .id = "s1", .done = call_remember, .no_retry = no_retry};
    start(&request);
    finish();
}
