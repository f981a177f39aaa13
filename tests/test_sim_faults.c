/* Faults on demand, and the dialects of lists. */
#include "support_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>

#define LINK_BODY                                                                                  \
    "{\"webcode\":\"HOTEL9\",\"amount\":{\"value\":25000,\"currency\":\"EUR\"},"                   \
    "\"urlOk\":\"https://a/ok\",\"urlKo\":\"https://a/ko\"}"
#define SESSIONS LIVE "/payment/sessions?webcode=HOTEL9"

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

static void test_spec(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "*:drop-after",
                                       "POST/pos/payment:drop-after=0.5",
                                       "GET*:delay=2000",
                                       "POST/pos/payment:500-afterx3",
                                       "/pos/*:429=5@0.25x2,GET*:cut=17",
                                       "*:502-html=503@1",
                                       "*:refuse=100,CONNECT:hangupx3,CON*:deaf@0.5"};
    static const char *const bad[] = {"x",
                                      "*:",
                                      "*:nonsense",
                                      ":delay",
                                      "*:delay=soon",
                                      "*:delay=999999999999",
                                      "*:drop-after=2",
                                      "*:drop-after=0.5@",
                                      "*:delay=5x",
                                      "*:delay=5 ",
                                      "*:409,",
                                      "*:drop-after=1.5",
                                      ",*:409",
                                      "GET*:hangup",
                                      "/pos/payment:refuse=5",
                                      "*:lag=-5"};
    struct err err;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(sim_faults_check(good[i], &err));
    assert_true(sim_faults_check(NULL, &err));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        err.code = ERR_NONE;
        if (sim_faults_check(bad[i], &err))
            print_message("taken: %s\n", bad[i]);
        assert_int_equal(err.code, ERR_INVALID);
        assert_true(err.detail[0] != '\0');
    }
    const char *help = NULL;
    size_t kinds = 0;
    while (sim_fault_kind(kinds, &help)) {
        assert_non_null(help);
        kinds++;
    }
    assert_int_equal(kinds, 51);
}

struct strike {
    const char *rule;
    int status; /* 0: no status line */
    bool executed;
    const char *body; /* must occur in it */
};

/* Each hits a POST that makes a link. */
static const struct strike strikes[] = {
    {"drop-before", 0, false, ""},
    {"drop-after", 0, true, ""},
    {"500-before", 500, false, "13001"},
    {"500-after", 500, true, "13001"},
    {"13004", 502, false, "13004"},
    {"502-html", 502, false, "<html>"},
    {"502-html=504", 504, false, "504 Bad"},
    {"502-html-after", 502, true, "<html>"},
    {"429=7", 429, false, "Too many"},
    {"409", 409, false, "conflict"},
    {"13004-after", 502, true, "13004"},
    {"409-running", 409, true, "still running"},
    {"429=0", 429, false, "Too many"},
    {"502-html=503", 503, false, "503 Bad"},
    {"not-utf8", 201, true, "{\"note\":\"\xff\xfe\xc3(\",\"success\":true"},
    {"too-deep=50", 201, true, "{\"deep\":[[[["},
    {"twice-named", 201, true, "{\"status\":\"failed\"},\"success\":true,\"data\":{\"sessionId\""},
    {"wrong-amount", 201, true, "{\"value\":25100,\"currency\":\"EUR\"}"},
    {"wrong-amount=7", 201, true, "{\"value\":25007,"},
    {"wrong-currency", 201, true, "{\"value\":25000,\"currency\":\"USD\"}"},
    {"odd-status", 201, true, "\"status\":\"quarantined\""},
    {"other-environment", 201, true, "{\"sessionId\":\"HOTEL9-EXTT-"},
    {"no-reference", 201, true, "\"data\":{\"paymentUrl\""},
    {"garbage", 201, true, "{\"success\":tru\x1b"},
    {"empty", 201, true, ""},
    {"slow=1", 201, true, "\"sessionId\""},
    {"delay=30", 201, true, "\"sessionId\""},
};

static void test_each_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(strikes); i++) {
        char spec[128];
        struct err err = {0};
        snprintf(spec, sizeof(spec), "POST/payment/session:%sx1", strikes[i].rule);
        assert_true(sim_faults_set(lab->sim, spec, &err));
        lab_new_key(lab);
        struct reply *reply = lab_post(lab, LIVE "/payment/session", LINK_BODY);
        if (reply->status != strikes[i].status)
            print_message("%s: %d %s\n", spec, reply->status, reply->body);
        assert_true(reply->closed);
        assert_int_equal(reply->status, strikes[i].status);
        assert_non_null(strstr(reply->body, strikes[i].body));
        assert_int_equal(sim_executions_of_key(lab->sim, lab->key), strikes[i].executed);
        if (reply->status == 429)
            assert_int_equal(strstr(reply->head, "Retry-After: 7") != NULL,
                             strcmp(strikes[i].rule, "429=7") == 0);
        /* only once, as x1 says; what was executed is replayed, what was not is executed now */
        reply = lab_post(lab, LIVE "/payment/session", LINK_BODY);
        assert_int_equal(reply->status, 201);
        assert_int_equal(strstr(reply->head, "Idempotent-Replayed") != NULL, strikes[i].executed);
        assert_int_equal(sim_executions_of_key(lab->sim, lab->key), 1);
        uint64_t matched, applied;
        assert_true(sim_faults_count(lab->sim, 0, &matched, &applied));
        assert_int_equal(matched, 2);
        assert_int_equal(applied, 1);
        assert_false(sim_faults_count(lab->sim, 1, &matched, &applied));
    }
}

/* What one kind does to one request by its header, and that it was counted. */
static void test_header(void **state)
{
    (void)state;
    static const char *const of_connections[] = {"refuse", "hangup", "deaf"};
    const char *kind;
    assert_true(sim_faults_set(lab->sim, "", NULL));
    for (size_t i = 0; (kind = sim_fault_kind(i, NULL)) != NULL; i++) {
        bool connection = false;
        for (size_t j = 0; j < COUNT_OF(of_connections); j++)
            connection |= strcmp(kind, of_connections[j]) == 0;
        uint64_t before = sim_fault_applied(lab->sim, kind);
        lab->fault = kind;
        lab_new_key(lab);
        struct talk *talk = lab_begin(lab, "POST", LIVE "/payment/session", LINK_BODY);
        while (sim_fault_applied(lab->sim, kind) == before && !lab_finished(talk))
            loop_turn(lab->loop, 10);
        assert_int_equal(sim_fault_applied(lab->sim, kind) - before, connection ? 0 : 1);
        if (connection)
            assert_int_equal(lab_finish(talk, 2000)->status, 400);
        lab_forget(talk);
        assert_true(sim_faults_set(lab->sim, "", NULL)); /* what was refused is not */
    }
    lab->fault = "409@0, 502-html=504";
    assert_int_equal(lab_get(lab, SESSIONS)->status, 504);
    lab->fault = "409@2";
    assert_int_equal(lab_get(lab, SESSIONS)->status, 400);
    lab->fault = NULL;
    assert_int_equal(lab_get(lab, SESSIONS)->status, 200);
    assert_int_equal(sim_fault_applied(lab->sim, "nonsense"), 0);
}

static void test_cut_everywhere(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 400; k += 23) {
        char spec[64];
        snprintf(spec, sizeof(spec), "GET*:cut=%u", k);
        assert_true(sim_faults_set(lab->sim, spec, NULL));
        struct reply *reply = lab_get(lab, SESSIONS);
        assert_true(reply->closed);
        assert_int_equal(reply->raw.len, k);
    }
}

static void test_silence(void **state)
{
    (void)state;
    assert_true(sim_faults_set(lab->sim, "POST*:silentx1,POST*:silent-afterx1", NULL));
    for (int executed = 0; executed < 2; executed++) {
        lab_new_key(lab);
        struct reply *reply = lab_post_within(lab, LIVE "/payment/session", LINK_BODY, 60);
        assert_false(reply->closed);
        assert_int_equal(reply->raw.len, 0);
        assert_int_equal(sim_executions_of_key(lab->sim, lab->key), executed);
    }
}

static void test_chance(void **state)
{
    (void)state;
    uint64_t matched, applied, again;
    for (int run = 0; run < 2; run++) {
        assert_true(sim_faults_set(lab->sim, "GET/pos/terminals:409@0.3", NULL));
        int refused = 0;
        for (int i = 0; i < 200; i++)
            refused += lab_get(lab, LIVE "/pos/terminals?webcode=HOTEL9")->status == 409;
        assert_true(sim_faults_count(lab->sim, 0, &matched, run ? &again : &applied));
        assert_int_equal(matched, 200);
        assert_int_equal(refused, applied);
    }
    assert_true(applied > 30 && applied < 90);
    assert_int_equal(applied, again);
}

static void test_control(void **state)
{
    (void)state;
    struct reply *reply = lab_post(lab, "/__sim/faults", "GET/modifications:409");
    assert_int_equal(reply->status, 200);
    assert_int_equal(lab_get(lab, TEST "/modifications?webcode=HOTEL9")->status, 409);
    assert_int_equal(lab_post(lab, "/__sim/faults", "what")->status, 400);
    uint64_t refused = sim_fault_applied(lab->sim, "409");
    lab_new_key(lab);
    lab_post(lab, TEST "/payment/session", LINK_BODY);
    reply = lab_get(lab, "/__sim/ledger");
    assert_int_equal(reply->status, 200);
    char key[128];
    snprintf(key, sizeof(key), "\"%s\":{\"requests\":1,\"executions\":1}", lab->key);
    assert_non_null(strstr(reply->body, key));
    assert_non_null(strstr(reply->body, "\"rule\":\"GET/modifications:409\",\"matched\":1"));
    assert_string_equal(field_of(reply->body, "GET/modifications"), "1");
    const char *counts = strstr(reply->body, "\"kinds\":{");
    assert_non_null(counts);
    snprintf(key, sizeof(key), "%llu", (unsigned long long)refused);
    assert_string_equal(field_of(counts, "409"), key);
    assert_int_equal(sim_requests_seen(lab->sim, "GET/modifications"), 1);
    assert_true(sim_requests_seen(lab->sim, NULL) > 200);
    assert_int_equal(lab_post(lab, "/__sim/faults", "")->status, 200);
    assert_int_equal(lab_get(lab, TEST "/modifications?webcode=HOTEL9")->status, 200);
    assert_int_equal(lab_get(lab, "/elsewhere")->status, 404);
}

struct shape {
    enum sim_dialect dialect;
    const char *first, *second; /* must occur on page 1 and page 2 of 2 rows each */
};

static void test_dialects(void **state)
{
    (void)state;
    static const struct shape shapes[] = {
        {SIM_CANONICAL, "\"pagination\":{\"page\":1,\"limit\":2,\"total\":5,\"totalPages\":3}",
         "\"page\":2"},
        {SIM_BARE, "\"data\":[{\"sessionId\"", "\"data\":[{\"sessionId\""},
        {SIM_RESULTS_META,
         "\"meta\":{\"currentPage\":\"1\",\"perPage\":\"2\",\"totalItems\":\"5\","
         "\"lastPage\":\"3\"}",
         "\"currentPage\":\"2\""},
        {SIM_NAMED_CURSOR, "\"hasMore\":true,\"nextCursor\":\"c2\"", "\"nextCursor\":\"c3\""},
        {SIM_IGNORES_PAGE, "\"page\":1", "\"page\":1"},
        {SIM_IGNORES_FILTER, "\"page\":1", "\"page\":2"},
        {SIM_LEAN, "\"deliverAt\":null", "\"page\":2"},
    };
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct sim_settings settings = lab_settings();
        settings.sessions = 5;
        settings.dialect = shapes[i].dialect;
        struct sim_lab *own = lab_open(&settings);
        struct reply *one = lab_get(own, SESSIONS "&limit=2&page=1");
        bool cursor = settings.dialect == SIM_NAMED_CURSOR;
        struct reply *two =
            lab_get(own, cursor ? SESSIONS "&limit=2&cursor=c2" : SESSIONS "&limit=2&page=2");
        assert_non_null(strstr(one->body, shapes[i].first));
        assert_non_null(strstr(two->body, shapes[i].second));
        assert_int_equal(count_of(one->body, "\"sessionId\""), 2);
        bool same = strcmp(field_of(one->body, "sessionId"), field_of(two->body, "sessionId")) == 0;
        assert_int_equal(same, settings.dialect == SIM_IGNORES_PAGE);
        if (settings.dialect == SIM_LEAN)
            assert_null(strstr(one->body, "attempts"));
        two = lab_get(own, SESSIONS "&limit=100&status=nothing");
        assert_int_equal(count_of(two->body, "\"sessionId\""),
                         settings.dialect == SIM_IGNORES_FILTER ? 5 : 0);
        enum sim_dialect named;
        assert_true(sim_dialect_from_name(sim_dialect_name(settings.dialect), &named));
        assert_int_equal(named, settings.dialect);
        lab_close(own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spec),    cmocka_unit_test(test_each_kind),
        cmocka_unit_test(test_silence), cmocka_unit_test(test_cut_everywhere),
        cmocka_unit_test(test_header),  cmocka_unit_test(test_chance),
        cmocka_unit_test(test_control), cmocka_unit_test(test_dialects),
    };
    return cmocka_run_group_tests(tests, open_lab, close_lab);
}
