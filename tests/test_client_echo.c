/* A server that repeats the key in its answers: nobody reads it there. */
#include "support_call.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../api/api_internal.h"

static void check_hidden(const char *text, const char *key, const char *expected)
{
    struct buf body;
    buf_init(&body, 1000);
    buf_puts(&body, text);
    client_hide_key(&body, key);
    assert_string_equal(body.len ? body.data : "", expected);
    buf_done(&body);
}

static void the_key_is_struck_out(void **state)
{
    (void)state;
    check_hidden("", "sk_12/45", "");
    check_hidden("sk_12/45", "sk_12/45", "********");
    check_hidden("a sk_12/45sk_12/45 b sk_12/4", "sk_12/45", "a **************** b sk_12/4");
    check_hidden("ssk_12/45", "sk_12/45", "s********");
    check_hidden("{\"m\":\"sk_12\\/45\"}", "sk_12/45", "{\"m\":\"*********\"}");
    check_hidden("\\u0073k\\u005f12\\u002F45.", "sk_12/45", "***********************.");
    check_hidden("a\\\\b\\\"cdef", "a\\b\"cdef", "**********");
    check_hidden("sk", "sk", "sk"); /* too short to be told from a word */
}

static void an_error_does_not_repeat_the_key(void **state)
{
    (void)state;
    server_plan_json(server, 403, "",
                     "{\"success\":false,\"error\":{\"code\":11001,\"statusCode\":403,"
                     "\"message\":\"key-canary is no key\",\"traceId\":\"t-key\\u002dcanary\"}}");
    get(EP_SESSIONS, false);
    assert_int_equal(seen.answer.body, BODY_ERROR);
    assert_string_equal(seen.message, "********** is no key");
    assert_string_equal(seen.trace, "t-***************");
    assert_non_null(strstr(server_request(server, 0), "X-API-KEY: key-canary"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_is_struck_out),
        cmocka_unit_test_setup_teardown(an_error_does_not_repeat_the_key, call_begin, call_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
