/* Faults of what is stored, over two servers on one file and after a kill; the referee's sums;
   lies, which are never stored. Times are skipped, not waited for. */
#include "support_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MINUTE INT64_C(60000)
#define MARGIN 50 /* ms that the clocks of two servers may be apart */

static char folder[64], data_file[96];
static struct sim_lab *one, *two; /* servers on one file */
static char payment[96];          /* the last that was made */

static int open_both(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/test-sim-fault-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(data_file, sizeof(data_file), "%s/data.db", folder);
    struct sim_settings settings = lab_settings();
    settings.data_path = data_file;
    settings.sessions = settings.payments = 3;
    settings.charge_delay_ms = 0;
    settings.modification_delay_ms = 1000;
    one = lab_open(&settings);
    two = lab_open(&settings);
    return 0;
}

static int close_both(void **state)
{
    (void)state;
    lab_close(one);
    lab_close(two);
    lab_skip(0);
    unlink(data_file);
    return rmdir(folder);
}

static void set(struct sim_lab *lab, const char *spec)
{
    struct err err = {0};
    if (!sim_faults_set(lab->sim, spec, &err))
        fail_msg("%s", err.detail);
}

static struct reply *charge(struct sim_lab *lab, int amount, const char *reference)
{
    char body[256];
    snprintf(body, sizeof(body),
             "{\"webcode\":\"HOTEL9\",\"poiId\":\"V400m-TEST-000001\",\"amount\":{\"value\":%d,"
             "\"currency\":\"EUR\"},\"customReference\":\"%s\"}",
             amount, reference);
    return lab_post_within(lab, TEST "/pos/payment", body, 500);
}

static struct reply *charge_new(struct sim_lab *lab, int amount, const char *reference)
{
    lab_new_key(lab);
    lab_skip(MARGIN); /* the terminal is done with the one before */
    return charge(lab, amount, reference);
}

static void make_payment(int amount, const char *reference)
{
    set(one, "");
    struct reply *reply = charge_new(one, amount, reference);
    assert_int_equal(reply->status, 200);
    snprintf(payment, sizeof(payment), "%s", field_of(reply->body, "paymentReference"));
    lab_skip(MARGIN);
}

static struct reply *refund(struct sim_lab *lab, int amount)
{
    char body[256];
    snprintf(body, sizeof(body),
             "{\"webcode\":\"HOTEL9\",\"paymentReference\":\"%s\",\"amount\":{\"value\":%d,"
             "\"currency\":\"EUR\"},\"reason\":\"RETURN\"}",
             payment, amount);
    return lab_post(lab, TEST "/payment/refund", body);
}

static struct reply *payments(struct sim_lab *lab, const char *reference)
{
    char path[128];
    snprintf(path, sizeof(path), TEST "/pos/payments?webcode=HOTEL9&customReference=%s", reference);
    return lab_get(lab, path);
}

static bool listed(struct sim_lab *lab, const char *reference)
{
    return count_of(payments(lab, reference)->body, "posPaymentId") > 0;
}

static struct reply *modifications(struct sim_lab *lab)
{
    return lab_get(lab, TEST "/modifications?webcode=HOTEL9&limit=1");
}

static struct sim_sums sums_of(struct sim_lab *lab)
{
    struct sim_sums sums;
    assert_true(sim_payment_sums(lab->sim, payment, &sums));
    return sums;
}

/* --- late ------------------------------------------------------------------------------------- */

static void test_late(void **state)
{
    (void)state;
    static const char *const kinds[] = {"POST*:late=60000", "POST*:late-silent=60000"};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        char name[16];
        snprintf(name, sizeof(name), "late-%zu", i);
        set(one, kinds[i]);
        struct reply *reply = charge_new(one, 1000, name);
        assert_int_equal(reply->raw.len, 0);
        assert_int_equal(reply->closed, i == 0);
        assert_int_equal(sim_requests_of_key(one->sim, one->key), 1);
        lab_skip(MINUTE - 10000);
        assert_int_equal(sim_executions_of_reference(two->sim, name), 0);
        assert_false(listed(two, name));
        lab_skip(10000 + MARGIN);
        assert_true(listed(two, name)); /* the other server does it */
        assert_int_equal(sim_executions_of_key(one->sim, one->key), 1);
        assert_int_equal(sim_executions_of_key(two->sim, one->key), 1);
        set(one, "");
        reply = charge(one, 1000, name); /* its answer was kept for the key */
        assert_non_null(strstr(reply->head, "Idempotent-Replayed"));
        assert_int_equal(sim_executions_of_key(one->sim, one->key), 1);
    }
}

/* It is executed as of when it was due, however late somebody looks, and in the order due. */
static void test_late_moment(void **state)
{
    (void)state;
    const int64_t start = INT64_C(1795356000500); /* 2026-11-22 14:00:00.5 UTC */
    clock_freeze_utc(start);
    set(one, "POST*:late=120000x1,POST*:late=60000");
    charge_new(one, 1000, "second");
    charge_new(one, 1000, "first");
    clock_freeze_utc(start + 10 * MINUTE);
    lab_skip(10 * MINUTE);
    struct reply *reply = lab_get(two, TEST "/pos/payments?webcode=HOTEL9&limit=2");
    clock_freeze_utc(0);
    assert_string_equal(field_at(reply->body, "customReference", 0), "second");
    assert_string_equal(field_at(reply->body, "customReference", 1), "first");
    assert_string_equal(field_at(reply->body, "createdAt", 0), "2026-11-22 15:02:00");
    assert_string_equal(field_at(reply->body, "createdAt", 1), "2026-11-22 15:01:00");
}

/* The key was used again before the late one arrived: once. What would be refused is not kept. */
static void test_late_and_again(void **state)
{
    (void)state;
    set(one, "POST*:late=60000x1");
    charge_new(one, 1000, "again");
    memcpy(two->key, one->key, sizeof(two->key));
    assert_int_equal(charge(two, 1000, "again")->status, 200);
    lab_skip(2 * MINUTE);
    assert_int_equal(sim_executions_of_reference(one->sim, "again"), 1);
    assert_int_equal(sim_requests_of_key(one->sim, one->key), 2);
    set(one, "*:late=0");
    one->api_key = "wrong";
    charge_new(one, 1000, "denied");
    one->api_key = NULL;
    assert_int_equal(lab_get(one, TEST "/pos/terminals?webcode=HOTEL9")->raw.len, 0);
    lab_skip(MINUTE + MARGIN);
    assert_int_equal(sim_executions_of_reference(one->sim, "denied"), 0);
}

static void test_late_after_a_kill(void **state)
{
    (void)state;
    struct sim_settings settings = lab_settings();
    settings.data_path = data_file;
    settings.faults = "POST*:late=60000";
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sim_lab *lab = lab_open(&settings);
        charge_new(lab, 1000, "killed");
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(sim_executions_of_reference(two->sim, "killed"), 0);
    lab_skip(2 * MINUTE);
    assert_int_equal(sim_executions_of_reference(two->sim, "killed"), 1);
    assert_int_equal(sim_executions_of_reference(one->sim, "killed"), 1);
}

/* --- lists ------------------------------------------------------------------------------------ */

static void test_lag(void **state)
{
    (void)state;
    set(one, "POST*:lag=60000");
    assert_int_equal(charge_new(one, 1000, "lag")->status, 200);
    assert_int_equal(sim_executions_of_key(one->sim, one->key), 1);
    lab_skip(MINUTE - 10000);
    assert_false(listed(one, "lag"));
    assert_false(listed(two, "lag"));
    lab_skip(10000 + MARGIN);
    assert_true(listed(two, "lag"));
    /* a refund that no list shows counts for the limit all the same */
    make_payment(1000, "refunded");
    set(one, "POST*:lag=60000");
    lab_new_key(one);
    assert_int_equal(refund(one, 900)->status, 202);
    assert_int_equal(count_of(modifications(two)->body, payment), 0);
    lab_new_key(two);
    assert_error(refund(two, 200), 400, "12001");
    assert_int_equal(sums_of(two).refunding, 900);
    lab_skip(MINUTE + MARGIN);
    assert_int_equal(count_of(modifications(two)->body, payment), 1);
}

static void test_stale(void **state)
{
    (void)state;
    make_payment(1000, "fresh");
    set(one, "GET*:stale=60000");
    assert_false(listed(one, "fresh"));
    assert_true(listed(two, "fresh"));
    lab_skip(MINUTE + MARGIN);
    assert_true(listed(one, "fresh"));
    lab_new_key(one);
    assert_int_equal(refund(one, 500)->status, 202);
    lab_skip(30000);
    assert_string_equal(field_of(modifications(two)->body, "status"), "success");
    assert_int_equal(count_of(modifications(one)->body, payment), 0);
    lab_skip(30500);
    assert_string_equal(field_of(modifications(one)->body, "status"), "pending");
    lab_skip(1000 + MARGIN);
    assert_string_equal(field_of(modifications(one)->body, "status"), "success");
}

/* --- the server ------------------------------------------------------------------------------- */

static void test_flip(void **state)
{
    (void)state;
    make_payment(1000, "flip");
    set(one, "POST/payment/refund:flip=60000x1");
    lab_new_key(one);
    assert_int_equal(refund(one, 700)->status, 202);
    assert_string_equal(field_of(modifications(two)->body, "status"), "pending");
    lab_skip(1000 + MARGIN);
    struct reply *reply = modifications(two);
    assert_string_equal(field_of(reply->body, "status"), "success");
    assert_null(strstr(reply->body, "failureReason"));
    char updated[32];
    snprintf(updated, sizeof(updated), "%s", field_of(reply->body, "updatedAt"));
    assert_int_equal(sums_of(two).refunded, 700);
    lab_skip(MINUTE + MARGIN);
    reply = modifications(two);
    assert_string_equal(field_of(reply->body, "status"), "failed");
    assert_non_null(strstr(reply->body, "failureReason"));
    assert_true(strcmp(field_of(reply->body, "updatedAt"), updated) > 0);
    assert_int_equal(sums_of(one).refunded, 0);
    assert_int_equal(sums_of(one).refunds, 1);
    lab_new_key(one);
    assert_int_equal(refund(one, 1000)->status, 202);
}

static void test_forgotten_key(void **state)
{
    (void)state;
    set(one, "POST*:forget-key=60000x1");
    assert_int_equal(charge_new(one, 1000, "forget")->status, 200);
    memcpy(two->key, one->key, sizeof(two->key));
    lab_skip(MINUTE - 10000);
    assert_non_null(strstr(charge(two, 1000, "forget")->head, "Idempotent-Replayed"));
    lab_skip(10000 + MARGIN);
    assert_null(strstr(charge(two, 1000, "forget")->head, "Idempotent-Replayed"));
    lab_skip(MARGIN);
    assert_int_equal(sim_executions_of_key(one->sim, one->key), 2);
    lab_skip(100 * MINUTE); /* known again, and from now on */
    assert_non_null(strstr(charge(one, 1000, "forget")->head, "Idempotent-Replayed"));
    assert_int_equal(sim_executions_of_key(two->sim, one->key), 2);
}

static void test_no_idempotency(void **state)
{
    (void)state;
    lab_new_key(one);
    set(one, "POST*:no-idempotency");
    for (int i = 1; i <= 3; i++) {
        lab_skip(MARGIN);
        struct reply *reply = charge(one, 1010 + i, "anew"); /* other bodies as well */
        assert_int_equal(reply->status, 200);
        assert_null(strstr(reply->head, "Idempotent-Replayed"));
        lab_skip(MARGIN);
        assert_int_equal(sim_executions_of_key(two->sim, one->key), i);
    }
    set(one, "");
    assert_int_equal(charge(one, 1011, "anew")->status, 409);
    assert_non_null(strstr(charge(one, 1013, "anew")->head, "Idempotent-Replayed"));
    assert_int_equal(sim_executions_of_key(two->sim, one->key), 3);
}

static void test_no_limit(void **state)
{
    (void)state;
    make_payment(1000, "limit");
    for (int i = 0; i < 2; i++) {
        struct sim_lab *lab = i ? two : one;
        set(lab, "POST/payment/refund:no-limit");
        lab_new_key(lab);
        assert_int_equal(refund(lab, 900)->status, 202);
    }
    struct sim_sums sums = sums_of(one);
    assert_int_equal(sums.captured, 1000);
    assert_int_equal(sums.refunding, 1800);
    assert_int_equal(sums.refunded, 0);
    lab_skip(1000 + MARGIN);
    sums = sums_of(one);
    assert_int_equal(sums.refunding, 0);
    assert_int_equal(sums.refunded, 1800);
    assert_int_equal(sums.refunds, 2);
    set(one, "");
    lab_new_key(one);
    assert_error(refund(one, 100), 400, "12001");
}

/* --- lies ------------------------------------------------------------------------------------- */

static void test_lies_are_not_stored(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *field, *lie;
    } lies[] = {{"wrong-amount=5", "value", "1005"},
                {"wrong-currency", "currency", "USD"},
                {"wrong-terminal", "poiId", "S1F2-TEST-000002"},
                {"odd-status", "status", "quarantined"},
                {"no-reference", "posPaymentId", ""},
                {"no-echo", "customReference", ""}};
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        char truth[64], replayed[64], post[64], get[64];
        snprintf(post, sizeof(post), "POST*:%s", lies[i].kind);
        snprintf(get, sizeof(get), "GET*:%s", lies[i].kind);
        set(one, post);
        struct reply *reply = charge_new(one, 1000, lies[i].kind);
        assert_int_equal(reply->status, 200);
        assert_string_equal(field_of(reply->body, lies[i].field), lies[i].lie);
        set(one, "");
        reply = charge(one, 1000, lies[i].kind);
        snprintf(replayed, sizeof(replayed), "%s", field_of(reply->body, lies[i].field));
        lab_skip(MARGIN);
        reply = payments(two, lies[i].kind);
        snprintf(truth, sizeof(truth), "%s", field_of(reply->body, lies[i].field));
        assert_string_equal(replayed, truth);
        assert_string_not_equal(truth, lies[i].lie);
        set(two, get);
        assert_string_equal(field_of(payments(two, lies[i].kind)->body, lies[i].field),
                            lies[i].lie);
        set(two, "");
    }
}

static void test_other_environment(void **state)
{
    (void)state;
    static const struct {
        const char *path, *field, *truth, *lie;
    } lies[] = {
        {TEST "/pos/payments?webcode=HOTEL9", "posPaymentId", "HOTEL9-POSXT-", "HOTEL9-POSX-"},
        {LIVE "/pos/payments?webcode=HOTEL9", "posPaymentId", "HOTEL9-POSX-", "HOTEL9-POSXT-"},
        {TEST "/payment/sessions?webcode=HOTEL9", "sessionId", "HOTEL9-EXTT-", "HOTEL9-EXT-"},
        {LIVE "/payment/sessions?webcode=HOTEL9", "sessionId", "HOTEL9-EXT-", "HOTEL9-EXTT-"}};
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        set(one, "");
        const char *truth = field_of(lab_get(one, lies[i].path)->body, lies[i].field);
        assert_int_equal(strncmp(truth, lies[i].truth, strlen(lies[i].truth)), 0);
        set(one, "*:other-environment");
        const char *lie = field_of(lab_get(one, lies[i].path)->body, lies[i].field);
        assert_int_equal(strncmp(lie, lies[i].lie, strlen(lies[i].lie)), 0);
        assert_string_equal(strrchr(lie, '-'), strrchr(truth, '-'));
    }
}

/* --- the referee ------------------------------------------------------------------------------ */

struct tally {
    int refunds, payments, sessions;
    int64_t amount;
    char last_key[64];
};

static void count(void *ctx, const struct sim_execution *execution)
{
    struct tally *tally = ctx;
    tally->refunds += strcmp(execution->kind, "refund") == 0;
    tally->payments += strcmp(execution->kind, "payment") == 0;
    tally->sessions += strcmp(execution->kind, "session") == 0;
    if (strcmp(execution->kind, "refund") == 0) {
        assert_string_equal(execution->payment_reference, payment);
        assert_string_equal(execution->status, "success");
        assert_string_equal(execution->currency, "EUR");
        assert_true(execution->executed && !execution->live);
        tally->amount += execution->amount;
    }
    snprintf(tally->last_key, sizeof(tally->last_key), "%s", execution->key);
}

static void test_referee(void **state)
{
    (void)state;
    make_payment(1000, "sums");
    lab_new_key(one);
    assert_int_equal(refund(one, 300)->status, 202);
    lab_new_key(two);
    assert_int_equal(refund(two, 200)->status, 202);
    lab_skip(1000 + MARGIN);
    struct tally tally = {0};
    sim_each_execution(one->sim, count, &tally);
    assert_int_equal(tally.refunds, 2);
    assert_int_equal(tally.payments, 1);
    assert_int_equal(tally.sessions, 0);
    assert_int_equal(tally.amount, 500);
    assert_string_equal(tally.last_key, two->key);
    lab_new_key(one);
    assert_int_equal(refund(one, 100)->status, 202);
    char sums[384];
    snprintf(sums, sizeof(sums),
             "\"payments\":{\"%s\":{\"currency\":\"EUR\",\"authorised\":1000,\"captured\":1000,"
             "\"capturing\":0,\"refunded\":500,\"refunding\":100,\"refunds\":3,\"captures\":0,"
             "\"cancels\":0,\"extends\":0}}",
             payment);
    struct reply *reply = lab_get(two, "/__sim/ledger");
    if (!strstr(reply->body, sums))
        print_message("%s\n", reply->body);
    assert_non_null(strstr(reply->body, sums));
    struct sim_sums none;
    assert_false(sim_payment_sums(one->sim, "HOTEL9-POSXT-AAAAAAAAAAAAAAAA", &none));
    assert_false(sim_payment_sums(one->sim, "", &none));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_both, close_both)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_late),
        CASE(test_late_moment),
        CASE(test_late_and_again),
        CASE(test_late_after_a_kill),
        CASE(test_lag),
        CASE(test_stale),
        CASE(test_flip),
        CASE(test_forgotten_key),
        CASE(test_no_idempotency),
        CASE(test_no_limit),
        CASE(test_lies_are_not_stored),
        CASE(test_other_environment),
        CASE(test_referee),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
