/* Everything that can go wrong on the way, through the real client: what it reports of each fault,
   and against the ledger whether money moved. A POST is never sent twice, a GET may be. */
#include "support_simc.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void opens(enum env env)
{
    struct sim_settings settings = lab_settings();
    settings.sessions = settings.payments = 30;
    simc_open(&settings, env);
}

static void faults(const char *spec)
{
    struct err err = {0};
    if (!sim_faults_set(simc.lab->sim, spec, &err))
        fail_msg("%s", err.detail);
}

static const char *charge_body(int64_t minor)
{
    static char body[256];
    snprintf(body, sizeof(body),
             "{\"webcode\":\"HOTEL9\",\"poiId\":\"" DEMO_POI "\",\"amount\":{\"value\":%lld,"
             "\"currency\":\"EUR\"}}",
             (long long)minor);
    return body;
}

/* --- POSTs -------------------------------------------------------------------------------- */

/* What a fault on a money POST must look like. */
struct outcome {
    const char *kind; /* of the fault */
    int status, code;
    enum api_body body;
    int executed;
};
static const struct outcome outcomes[] = {
    {"drop-before", 0, 0, BODY_NONE, 0},
    {"drop-after", 0, 0, BODY_NONE, 1},
    {"500-before", 500, 13001, BODY_ERROR, 0},
    {"500-after", 500, 13001, BODY_ERROR, 1},
    {"13004", 502, 13004, BODY_ERROR, 0},
    {"409", 409, 0, BODY_ERROR, 0},
    {"429=7", 429, 0, BODY_ERROR, 0},
    {"429=0", 429, 0, BODY_ERROR, 0},
    {"502-html", 502, 0, BODY_ALIEN, 0},
    {"502-html=403", 403, 0, BODY_ALIEN, 0},
    {"502-html=200", 200, 0, BODY_ALIEN, 0},
    {"502-html-after", 502, 0, BODY_ALIEN, 1},
    {"502-html-after=504", 504, 0, BODY_ALIEN, 1},
    {"garbage", 200, 0, BODY_ALIEN, 1},
    {"empty", 200, 0, BODY_NONE, 1},
    {"cut=0", 0, 0, BODY_NONE, 1},
    {"13004-after", 502, 13004, BODY_ERROR, 1},
    {"409-running", 409, 0, BODY_ERROR, 1},
    {"not-utf8", 200, 0, BODY_ALIEN, 1},
    {"too-deep", 200, 0, BODY_ALIEN, 1},
    {"twice-named", 200, 0, BODY_ALIEN, 1},
    {"endless-head", 200, 0, BODY_ALIEN, 1},
    {"endless-body", 200, 0, BODY_ALIEN, 1},
    {"bomb", 200, 0, BODY_ALIEN, 1},
    {"close", 200, 0, BODY_DATA, 1},
    {"delay=50", 200, 0, BODY_DATA, 1},
    {"slow=1", 200, 0, BODY_DATA, 1},
};

static void shows(const struct simc_got *got, const struct outcome *expected, int status)
{
    const struct api_answer *answer = &got->answer;
    if (answer->body != expected->body || answer->http_status != status ||
        answer->error.code != expected->code ||
        simc_executions(got) != (expected->executed ? 1 : 0))
        fail_msg("%s: body %d, HTTP %d, code %d, executed %lld", expected->kind, (int)answer->body,
                 answer->http_status, answer->error.code, (long long)simc_executions(got));
    assert_true(answer->left);
    assert_false(answer->aborted);
    assert_int_equal(answer->trouble[0] != 0, answer->body == BODY_ALIEN || status == 0);
    assert_int_equal(sim_requests_of_key(simc.lab->sim, got->key), 1);
    if (strncmp(expected->kind, "429", 3) == 0)
        assert_int_equal(answer->retry_after_s, expected->kind[4] == '7' ? 7 : -1);
}

static void every_fault_of_a_charge_is_seen_as_it_is(void **state)
{
    (void)state;
    opens(ENV_TEST);
    for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
        char spec[64];
        snprintf(spec, sizeof(spec), "POST/pos/payment:%sx1", outcomes[i].kind);
        faults(spec);
        struct simc_got *got = simc_post(EP_POS_CHARGE, charge_body(1000 + 100 * (int)i), NULL);
        assert_int_equal(got->leaves, 1);
        shows(got, &outcomes[i], outcomes[i].status);
    }
}

/* The other POSTs, whose good status differs. */
static void every_fault_of_other_posts_is_seen_as_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
        opens(ENV_LIVE);
        simc_record(simc_post(EP_POS_CHARGE, charge_body(90000), NULL));
        const char *plain = simc_record(simc_get(EP_PAYMENTS, NULL, (struct list_query){0}))->id;
        struct charge_draft draft = {
            .poi_id = DEMO_POI2, .amount = money_make(40000, "EUR"), .is_preauth = true};
        const char *hold = simc_record(simc_charge(&draft))->id;
        const char *second = simc_record(simc_charge(&draft))->id;
        char spec[64];
        snprintf(spec, sizeof(spec), "POST/payment/*:%s", outcomes[i].kind);
        faults(spec);
        struct session_draft link = {
            .amount = money_make(1000, "EUR"), .url_ok = "https://a/", .url_ko = "https://b/"};
        struct simc_got *all[] = {simc_session(&link), simc_modify(EP_REFUND, plain, 1000, "EUR"),
                                  simc_modify(EP_EXTEND, hold, 0, "EUR"),
                                  simc_modify(EP_CAPTURE, hold, 1000, "EUR"),
                                  simc_modify(EP_CANCEL, second, 0, "EUR")};
        for (size_t k = 0; k < COUNT_OF(all); k++) {
            int good = k == 0 ? 201 : 202;
            bool own = strcmp(outcomes[i].kind, "502-html=200") != 0 && outcomes[i].status == 200;
            assert_int_equal(all[k]->leaves, 1);
            shows(all[k], &outcomes[i], own ? good : outcomes[i].status);
        }
        simc_close(NULL);
    }
}

/* An answer cut after each of its bytes is no answer, whatever it said so far. */
static void an_answer_cut_anywhere_is_none(void **state)
{
    (void)state;
    opens(ENV_TEST);
    bool whole = false;
    for (int bytes = 0; !whole && bytes < 2000; bytes += 5) {
        char spec[64];
        snprintf(spec, sizeof(spec), "POST/pos/payment:cut=%d", bytes);
        faults(spec);
        struct simc_got *got = simc_post(EP_POS_CHARGE, charge_body(100000), NULL);
        assert_int_equal(simc_executions(got), 1);
        assert_int_equal(sim_requests_of_key(simc.lab->sim, got->key), 1);
        whole = got->answer.body == BODY_DATA;
        if (!whole) {
            assert_int_equal(got->answer.body, BODY_NONE);
            assert_null(got->answer.record.id);
            assert_true(got->answer.left);
        }
        assert_true(!whole || bytes > 300); /* the answer is some 400 bytes long */
    }
    assert_true(whole);
}

static struct simc_got *charge_within(int64_t deadline_ms, int64_t minor)
{
    const char *body = charge_body(minor);
    struct api_request request = {.endpoint = EP_POS_CHARGE,
                                  .body = body,
                                  .body_len = strlen(body),
                                  .deadline_ms = deadline_ms};
    int64_t before = clock_boot_ms();
    struct simc_got *got = simc_wait(simc_begin(&request));
    assert_true(clock_boot_ms() - before >= deadline_ms - 10); /* two clocks, two roundings */
    assert_int_equal(got->answer.body, BODY_NONE);
    assert_true(got->answer.left);
    assert_true(got->answer.trouble[0]);
    assert_int_equal(sim_requests_of_key(simc.lab->sim, got->key), 1);
    return got;
}

static void silence_ends_at_the_deadline(void **state)
{
    (void)state;
    opens(ENV_TEST);
    faults("POST/pos/payment:silent");
    assert_int_equal(simc_executions(charge_within(300, 1000)), 0);
    faults("POST/pos/payment:silent-after");
    assert_int_equal(simc_executions(charge_within(300, 1000)), 1);
    faults("POST/pos/payment:slow=40"); /* a byte each 40 ms: the status comes, the end does not */
    struct simc_got *slow = charge_within(300, 1000);
    assert_int_equal(slow->answer.http_status, 200);
    assert_int_equal(simc_executions(slow), 1);
    faults("POST/pos/payment:delay=60000");
    assert_int_equal(simc_executions(charge_within(300, 1000)), 1);
}

static bool charge_is_executed(void *ctx)
{
    return simc_executions(ctx) == 1;
}

/* The terminal goes on after we have given up. */
static void a_charge_may_come_true_after_the_deadline(void **state)
{
    (void)state;
    struct sim_settings settings = lab_settings();
    settings.charge_late_ms = 800;
    settings.charge_silent_ms = 60000;
    simc_open(&settings, ENV_TEST);
    struct simc_got *got = charge_within(400, 1008);
    assert_int_equal(simc_executions(got), 0);
    while (!charge_is_executed(got)) /* nothing wakes the loop when the moment has come */
        loop_turn(simc.lab->loop, 20);
    struct simc_got *list =
        simc_get(EP_PAYMENTS, NULL, (struct list_query){.poi_id = DEMO_POI, .limit = 1});
    struct simc_entry entry;
    assert_true(simc_ledger(got->key, &entry));
    assert_string_equal(simc_record(list)->id, entry.reference);
}

static void magic_amounts_drop_the_line(void **state)
{
    (void)state;
    opens(ENV_TEST);
    static const struct outcome cases[] = {{"06", 0, 0, BODY_NONE, 1}, {"07", 0, 0, BODY_NONE, 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        shows(simc_post(EP_POS_CHARGE, charge_body(1006 + (int)i), NULL), &cases[i], 0);
}

static void a_closed_server_is_never_reached(void **state)
{
    (void)state;
    opens(ENV_TEST);
    struct sim *sim = simc.lab->sim;
    const char *body = charge_body(1000);
    char base[64];
    snprintf(base, sizeof(base), "%s", sim_base_url(sim));
    simc.access.base_url = base;
    simc_connect();
    sim_stop(sim);
    simc.lab->sim = NULL;
    struct simc_got *got = simc_post(EP_POS_CHARGE, body, NULL);
    assert_int_equal(got->leaves, 0);
    assert_false(got->answer.left);
    assert_int_equal(got->answer.http_status, 0);
    assert_int_equal(got->answer.body, BODY_NONE);
}

/* --- GETs --------------------------------------------------------------------------------- */

#define READS 7

/* Every read at once, each with a fault of its own: one back-off is waited for, not seven. */
static void read_all(const char *const kinds[READS], struct simc_got *got[READS])
{
    static const struct {
        enum endpoint endpoint;
        const char *before, *after; /* of the id in the path */
    } reads[READS] = {{EP_SESSIONS, "payment/sessions", NULL},
                      {EP_PAYMENTS, "pos/payments", NULL},
                      {EP_MODIFICATIONS, "modifications", NULL},
                      {EP_TERMINALS, "pos/terminals", NULL},
                      {EP_SESSION_GET, "payment/session/", ""},
                      {EP_SESSION_MODIFICATIONS, "payment/session/", "/modifications"},
                      {EP_PAYMENT_MODIFICATIONS, "pos/payment/", "/modifications"}};
    faults("");
    struct list_query one = {.limit = 1};
    const char *session = simc_record(simc_get(EP_SESSIONS, NULL, one))->id;
    const char *payment = simc_record(simc_get(EP_PAYMENTS, NULL, one))->id;
    struct buf spec;
    buf_init(&spec, 4096);
    for (size_t i = 0; i < READS; i++) {
        const char *id = reads[i].endpoint == EP_PAYMENT_MODIFICATIONS ? payment : session;
        buf_printf(&spec, "%sGET/%s%s%s:%s", i ? "," : "", reads[i].before,
                   reads[i].after ? id : "", reads[i].after ? reads[i].after : "", kinds[i]);
    }
    faults(spec.data);
    buf_done(&spec);
    for (size_t i = 0; i < READS; i++) {
        bool pos = reads[i].endpoint == EP_PAYMENT_MODIFICATIONS;
        struct api_request request = {.endpoint = reads[i].endpoint, .id = pos ? payment : session};
        got[i] = simc_begin(&request);
    }
    for (size_t i = 0; i < READS; i++)
        simc_wait(got[i]);
}

static void reads_survive_two_faults(void **state)
{
    (void)state;
    static const char *const kinds[][READS] = {{"drop-beforex2", "drop-afterx2", "500-beforex2",
                                                "500-afterx2", "13004x2", "502-htmlx2", "429=0x2"},
                                               {"cut=100x2", "cut=300x2", "502-html-afterx2",
                                                "429=1x1", "cut=150x2", "drop-afterx2", "cut=0x2"}};
    struct simc_got *got[READS];
    opens(ENV_TEST);
    for (size_t round = 0; round < COUNT_OF(kinds); round++) {
        read_all(kinds[round], got);
        for (size_t i = 0; i < READS; i++) {
            uint64_t matched, applied, planned = strstr(kinds[round][i], "x1") ? 1 : 2;
            if (got[i]->answer.body != BODY_DATA)
                fail_msg("%s: body %d", kinds[round][i], (int)got[i]->answer.body);
            assert_true(sim_faults_count(simc.lab->sim, i, &matched, &applied));
            assert_int_equal(applied, planned);
            assert_int_equal(matched, planned + 1);
        }
    }
}

static void reads_give_up_and_say_why(void **state)
{
    (void)state;
    static const struct outcome cases[READS] = {
        {"drop-before", 0, 0, BODY_NONE, 3},     {"500-before", 500, 13001, BODY_ERROR, 3},
        {"502-html=503", 503, 0, BODY_ALIEN, 3}, {"garbage", 200, 0, BODY_ALIEN, 1},
        {"empty", 200, 0, BODY_NONE, 1},         {"409", 409, 0, BODY_ERROR, 1},
        {"429=61", 429, 0, BODY_ERROR, 1}};
    const char *kinds[READS];
    struct simc_got *got[READS];
    for (size_t i = 0; i < READS; i++)
        kinds[i] = cases[i].kind;
    opens(ENV_TEST);
    read_all(kinds, got);
    for (size_t i = 0; i < READS; i++) {
        const struct api_answer *answer = &got[i]->answer;
        uint64_t matched, applied;
        if (answer->body != cases[i].body || answer->http_status != cases[i].status ||
            answer->error.code != cases[i].code)
            fail_msg("%s: body %d, HTTP %d", cases[i].kind, (int)answer->body, answer->http_status);
        assert_int_equal(answer->count, 0);
        assert_int_equal(answer->retry_after_s, cases[i].status == 429 ? 61 : -1);
        assert_true(sim_faults_count(simc.lab->sim, i, &matched, &applied));
        /* How often it was asked: on a kept connection that closes libcurl itself asks once more.
         */
        if (cases[i].status)
            assert_int_equal(matched, cases[i].executed);
        else
            assert_true(matched >= 3);
    }
}

static void a_silent_read_ends_at_its_deadline(void **state)
{
    (void)state;
    opens(ENV_TEST);
    static const char *const kinds[] = {"silent", "silent-after", "slow=50"};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        char spec[64];
        snprintf(spec, sizeof(spec), "GET*:%s", kinds[i]);
        faults(spec);
        struct api_request request = {.endpoint = EP_SESSIONS, .deadline_ms = 200};
        struct simc_got *got = simc_wait(simc_begin(&request));
        assert_int_equal(got->answer.body, BODY_NONE);
        assert_int_equal(got->answer.count, 0);
        assert_true(got->answer.trouble[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_fault_of_a_charge_is_seen_as_it_is),
        CASE(every_fault_of_other_posts_is_seen_as_it_is),
        CASE(an_answer_cut_anywhere_is_none),
        CASE(silence_ends_at_the_deadline),
        CASE(a_charge_may_come_true_after_the_deadline),
        CASE(magic_amounts_drop_the_line),
        CASE(a_closed_server_is_never_reached),
        CASE(reads_survive_two_faults),
        CASE(reads_give_up_and_say_why),
        CASE(a_silent_read_ends_at_its_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
