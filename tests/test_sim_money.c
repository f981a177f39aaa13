/* Magic amounts of charges, the life and the limits of modifications. */
#include "support_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>

#define TERMINAL "V400m-TEST-000001"

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

static struct reply *charge(int amount, const char *reference, bool hold, int64_t deadline_ms)
{
    char body[512];
    snprintf(body, sizeof(body),
             "{\"webcode\":\"HOTEL9\",\"poiId\":\"" TERMINAL
             "\",\"amount\":{\"value\":%d,\"currency\":"
             "\"EUR\"},\"customReference\":\"%s\",\"isPreAuth\":%s}",
             amount, reference, hold ? "true" : "false");
    return lab_post_within(lab, TEST "/pos/payment", body, deadline_ms);
}

static struct reply *charge_new(int amount, const char *reference)
{
    lab_new_key(lab);
    return charge(amount, reference, false, 20000);
}

static struct reply *find(const char *reference)
{
    char path[256];
    snprintf(path, sizeof(path), TEST "/pos/payments?webcode=HOTEL9&customReference=%s", reference);
    return lab_get(lab, path);
}

static bool listed(const char *reference)
{
    return strcmp(field_of(find(reference)->body, "total"), "1") == 0;
}

static void wait_until_free(void)
{
    static int n;
    char reference[32];
    snprintf(reference, sizeof(reference), "free-%d", n++);
    while (charge_new(1000, reference)->status == 502)
        loop_turn(lab->loop, 5);
}

static void test_plain_charge(void **state)
{
    (void)state;
    struct reply *reply = charge_new(1250, "plain");
    assert_int_equal(reply->status, 200);
    assert_string_equal(field_of(reply->body, "status"), "success");
    assert_string_equal(field_of(reply->body, "posPaymentId"),
                        field_of(reply->body, "paymentReference"));
    assert_int_equal(strncmp(field_of(reply->body, "posPaymentId"), "HOTEL9-POSXT-", 13), 0);
    assert_string_equal(field_of(reply->body, "poiId"), TERMINAL);
    assert_int_equal(strlen(field_of(reply->body, "createdAt")), 19);
    assert_int_equal(sim_executions_of_key(lab->sim, lab->key), 1);
    struct reply *list = find("plain");
    assert_string_equal(field_of(list->body, "posPaymentId"),
                        field_of(reply->body, "posPaymentId"));
    assert_string_equal(field_of(list->body, "value"), "1250");
    assert_non_null(
        strstr(lab_get(lab, LIVE "/pos/payments?webcode=HOTEL9&customReference=plain")->body,
               "\"total\":0"));
}

static void test_refused_and_cancelled(void **state)
{
    (void)state;
    assert_string_equal(field_of(charge_new(1201, "refused")->body, "status"), "refused");
    assert_int_equal(sim_executions_of_key(lab->sim, lab->key), 0);
    assert_string_equal(field_of(charge_new(1202, "cancelled")->body, "status"), "cancelled");
    assert_int_equal(sim_executions_of_reference(lab->sim, "cancelled"), 0);
    assert_string_equal(field_of(find("refused")->body, "status"), "refused");
}

static void test_error_before(void **state)
{
    (void)state;
    assert_error(charge_new(1203, "three"), 500, "13001");
    assert_false(listed("three"));
    assert_error(charge(1203, "three", false, 20000), 500, "13001"); /* replayed */
    assert_int_equal(sim_executions_of_key(lab->sim, lab->key), 0);
}

static void test_error_after(void **state)
{
    (void)state;
    assert_error(charge_new(1204, "four"), 500, "13001");
    assert_true(listed("four"));
    struct reply *again = charge(1204, "four", false, 20000);
    assert_int_equal(again->status, 200);
    assert_string_equal(field_of(again->body, "status"), "success");
    assert_int_equal(sim_executions_of_key(lab->sim, lab->key), 1);
}

static void test_slow(void **state)
{
    (void)state;
    lab_new_key(lab);
    int64_t begin = clock_boot_ms();
    struct reply *reply = charge(1205, "five", false, 20000);
    assert_true(clock_boot_ms() - begin >= 145);
    assert_string_equal(field_of(reply->body, "status"), "success");
}

static void test_drops(void **state)
{
    (void)state;
    struct reply *reply = charge_new(1206, "six");
    assert_int_equal(reply->status, 0);
    assert_true(reply->closed);
    assert_int_equal(reply->raw.len, 0);
    assert_true(listed("six"));
    assert_int_equal(charge(1206, "six", false, 20000)->status, 200);
    assert_int_equal(sim_executions_of_key(lab->sim, lab->key), 1);

    reply = charge_new(1207, "seven");
    assert_true(reply->closed && reply->status == 0);
    assert_false(listed("seven"));
    assert_int_equal(sim_executions_of_key(lab->sim, lab->key), 0);
    assert_int_equal(sim_requests_of_key(lab->sim, lab->key), 1);
}

static void test_silence(void **state)
{
    (void)state;
    lab_new_key(lab);
    char body[256];
    snprintf(body, sizeof(body),
             "{\"webcode\":\"HOTEL9\",\"poiId\":\"" TERMINAL "\",\"amount\":"
             "{\"value\":1208,\"currency\":\"EUR\"},\"customReference\":\"eight\"}");
    struct talk *talk = lab_begin(lab, "POST", TEST "/pos/payment", body);
    while (sim_requests_of_key(lab->sim, lab->key) == 0)
        loop_turn(lab->loop, 5);
    assert_false(listed("eight")); /* not in the list while it is on the terminal */
    while (!listed("eight"))
        loop_turn(lab->loop, 5);
    assert_false(lab_finished(talk)); /* charged, and still no answer */
    assert_int_equal(sim_executions_of_key(lab->sim, lab->key), 1);
    lab_finish(talk, 10000);
    lab_forget(talk);
}

static void test_too_many(void **state)
{
    (void)state;
    struct reply *reply = charge_new(1209, "nine");
    assert_error(reply, 429, "");
    assert_non_null(strstr(reply->head, "Retry-After: 2"));
    assert_false(listed("nine"));
    assert_int_equal(charge(1209, "nine", false, 20000)->status, 200);
    assert_int_equal(charge_new(1209, "nine-2")->status, 429); /* a first try again */
}

/* --- modifications ------------------------------------------------------------------------------
 */

static char payment[128];

static void make_payment(int amount, bool hold)
{
    static int n;
    char reference[32];
    snprintf(reference, sizeof(reference), "pay-%d", n++);
    wait_until_free();
    lab_new_key(lab);
    struct reply *reply = charge(amount, reference, hold, 20000);
    assert_int_equal(reply->status, 200);
    snprintf(payment, sizeof(payment), "%s", field_of(reply->body, "paymentReference"));
}

static struct reply *modify(const char *what, int amount, const char *more)
{
    char path[64], body[512], money[96] = "";
    snprintf(path, sizeof(path), TEST "/payment/%s", what);
    if (amount)
        snprintf(money, sizeof(money), ",\"amount\":{\"value\":%d,\"currency\":\"EUR\"}", amount);
    snprintf(body, sizeof(body), "{\"webcode\":\"HOTEL9\",\"paymentReference\":\"%s\"%s%s}",
             payment, money, more);
    lab_new_key(lab);
    return lab_post(lab, path, body);
}

static struct reply *refund(int amount)
{
    return modify("refund", amount, ",\"reason\":\"CUSTOMER REQUEST\"");
}

static struct reply *modifications(void)
{
    char path[256];
    snprintf(path, sizeof(path), TEST "/pos/payment/%s/modifications?webcode=HOTEL9", payment);
    return lab_get(lab, path);
}

/* The newest modification's status once it is final. */
static const char *settled(void)
{
    for (;;) {
        const char *status = field_of(modifications()->body, "status");
        if (strcmp(status, "pending") != 0 && strcmp(status, "received") != 0)
            return status;
        loop_turn(lab->loop, 5);
    }
}

static void test_refunds(void **state)
{
    (void)state;
    make_payment(10000, false);
    struct reply *reply = refund(4000);
    assert_int_equal(reply->status, 202);
    assert_string_equal(field_of(reply->body, "status"), "pending");
    assert_string_equal(field_of(reply->body, "type"), "refund");
    assert_string_equal(field_of(reply->body, "reason"), "CUSTOMER REQUEST");
    assert_string_equal(field_of(reply->body, "paymentReference"), payment);
    assert_int_equal(strncmp(field_of(reply->body, "modificationReference"), "HOTEL9-RFXT-", 12),
                     0);
    assert_error(refund(6050), 400, "12001"); /* a pending one counts */
    assert_string_equal(settled(), "success");
    assert_error(refund(6050), 400, "12001");
    assert_int_equal(refund(6000)->status, 202);
    assert_string_equal(settled(), "success");
    assert_error(refund(1), 400, "12001");
    assert_int_equal(count_of(modifications()->body, "\"success\",\"amount\""), 2);
    char body[512];
    snprintf(body, sizeof(body),
             "{\"webcode\":\"HOTEL9\",\"paymentReference\":\"%s\",\"amount\":"
             "{\"value\":100,\"currency\":\"USD\"},\"reason\":\"OTHER\"}",
             payment);
    lab_new_key(lab);
    assert_error(lab_post(lab, TEST "/payment/refund", body), 400, "12001");
    assert_error(modify("capture", 100, ""), 400, "12001");
    assert_error(modify("cancel", 0, ""), 400, "12001");
}

static void test_magic_refunds(void **state)
{
    (void)state;
    make_payment(10000, false);
    assert_error(refund(2013), 400, "12001");
    assert_int_equal(refund(2011)->status, 202);
    assert_string_equal(settled(), "failed");
    assert_true(field_of(modifications()->body, "failureReason")[0] != '\0');
    assert_int_equal(refund(10000)->status, 202); /* what failed is left again */
    assert_string_equal(settled(), "success");
    make_payment(10000, false);
    assert_int_equal(refund(2012)->status, 202); /* stays open */
    assert_string_equal(field_of(modifications()->body, "status"), "pending");
}

static void test_holds(void **state)
{
    (void)state;
    make_payment(20000, true);
    assert_error(refund(100), 400, "12001"); /* nothing captured yet */
    struct reply *reply = modify("extend", 0, "");
    assert_int_equal(reply->status, 202);
    assert_string_equal(field_of(reply->body, "status"), "received");
    assert_string_equal(field_of(reply->body, "value"), "");
    assert_string_equal(settled(), "success");
    assert_error(modify("capture", 20050, ""), 400, "12001");
    assert_int_equal(modify("capture", 15000, "")->status, 202);
    assert_error(refund(100), 400, "12001"); /* a pending capture does not count yet */
    assert_error(modify("capture", 1000, ""), 400, "12001");
    assert_error(modify("cancel", 0, ""), 400, "12001");
    assert_string_equal(settled(), "success");
    assert_error(refund(15050), 400, "12001");
    assert_int_equal(refund(15000)->status, 202);
    make_payment(20000, true);
    assert_int_equal(modify("cancel", 0, "")->status, 202);
    assert_error(modify("capture", 100, ""), 400, "12001");
    assert_string_equal(settled(), "success");
    assert_error(modify("extend", 0, ""), 400, "12001");
    make_payment(20011, true); /* the payment's own amount decides a cancel */
    assert_int_equal(modify("cancel", 0, "")->status, 202);
    assert_string_equal(settled(), "failed");
    assert_int_equal(modify("capture", 100, "")->status, 202);
    assert_int_equal(sim_executions_of_key(lab->sim, lab->key), 1);
}

static void test_unpaid(void **state)
{
    (void)state;
    wait_until_free();
    struct reply *reply = charge_new(1201, "unpaid");
    snprintf(payment, sizeof(payment), "%s", field_of(reply->body, "paymentReference"));
    assert_error(refund(100), 400, "12001");
    char *dash = strrchr(payment, '-');
    dash[1] = dash[1] == 'A' ? 'B' : 'A';
    assert_error(refund(100), 404, "10404");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_charge), cmocka_unit_test(test_refused_and_cancelled),
        cmocka_unit_test(test_error_before), cmocka_unit_test(test_error_after),
        cmocka_unit_test(test_slow),         cmocka_unit_test(test_drops),
        cmocka_unit_test(test_silence),      cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_refunds),      cmocka_unit_test(test_magic_refunds),
        cmocka_unit_test(test_holds),        cmocka_unit_test(test_unpaid),
    };
    return cmocka_run_group_tests(tests, open_lab, close_lab);
}
