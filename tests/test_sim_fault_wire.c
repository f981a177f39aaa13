/* Faults of connections and of the bytes on them, seen over raw sockets. */
#include "support_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>

#define LINK_BODY                                                                                  \
    "{\"webcode\":\"HOTEL9\",\"amount\":{\"value\":25000,\"currency\":\"EUR\"},"                   \
    "\"urlOk\":\"https://a/ok\",\"urlKo\":\"https://a/ko\"}"
#define TERMINALS LIVE "/pos/terminals?webcode=HOTEL9"
#define SESSIONS  LIVE "/payment/sessions?webcode=HOTEL9"
#define LONG_MS   INT64_C(60000)

static struct sim_lab *lab;

static int open_lab(void **state)
{
    (void)state;
    struct sim_settings settings = lab_settings();
    settings.sessions = 40;
    lab = lab_open(&settings);
    return 0;
}

static int close_lab(void **state)
{
    (void)state;
    lab_close(lab);
    lab_skip(0);
    return 0;
}

static void set(const char *spec)
{
    struct err err = {0};
    if (!sim_faults_set(lab->sim, spec, &err))
        fail_msg("%s", err.detail);
}

static struct reply *link_new(void)
{
    lab_new_key(lab);
    return lab_post(lab, LIVE "/payment/session", LINK_BODY);
}

/* Turns until the reply that is under way has at least so many bytes. */
static const struct reply *read_bytes(struct talk *talk, size_t len)
{
    while (lab_so_far(talk)->raw.len < len && !lab_finished(talk))
        loop_turn(lab->loop, 10);
    return lab_so_far(talk);
}

static void test_refuse(void **state)
{
    (void)state;
    set("*:refuse=60000");
    for (int i = 0; i < 3; i++)
        assert_true(lab_get(lab, TERMINALS)->refused);
    lab_skip(LONG_MS);
    while (lab_get(lab, TERMINALS)->refused)
        loop_turn(lab->loop, 5);
    assert_int_equal(lab_get(lab, TERMINALS)->status, 200);
    set("CONNECT:refuse");
    lab_skip(LONG_MS * 100);
    assert_true(lab_get(lab, TERMINALS)->refused);
    set("");
    assert_int_equal(lab_get(lab, TERMINALS)->status, 200);
    assert_int_equal(sim_fault_applied(lab->sim, "refuse"), 2);
}

static void test_refuse_after(void **state)
{
    (void)state;
    set("POST*:refuse-after=60000x1");
    struct reply *reply = link_new();
    assert_int_equal(reply->status, 201);
    assert_non_null(strstr(reply->head, "Connection: close"));
    assert_int_equal(sim_executions_of_key(lab->sim, lab->key), 1);
    assert_true(lab_get(lab, TERMINALS)->refused);
    lab_skip(LONG_MS);
    while (lab_get(lab, TERMINALS)->refused)
        loop_turn(lab->loop, 5);
}

/* A refusal that is taken back leaves nothing behind that would strike when its time is over, be it
   after the server's end. */
static void test_refuse_taken_back(void **state)
{
    (void)state;
    struct sim_settings settings = lab_settings();
    struct sim_lab *own = lab_open(&settings);
    struct err err = {0};
    assert_true(sim_faults_set(own->sim, "GET*:refuse-after=60000", &err));
    assert_int_equal(lab_get(own, TERMINALS)->status, 200);
    assert_true(sim_faults_set(own->sim, "", &err));
    sim_stop(own->sim);
    own->sim = NULL;
    lab_skip(LONG_MS);
    loop_turn(own->loop, 0);
    lab_close(own);
}

/* A server that starts with it refuses from the first connection on. */
static void test_refuse_at_start(void **state)
{
    (void)state;
    struct sim_settings settings = lab_settings();
    settings.faults = "*:refuse=60000";
    struct sim_lab *own = lab_open(&settings);
    assert_true(lab_get(own, TERMINALS)->refused);
    lab_close(own);
}

static void test_hangup(void **state)
{
    (void)state;
    uint64_t seen = sim_requests_seen(lab->sim, NULL);
    set("CONNECT:hangupx2");
    for (int i = 0; i < 2; i++) {
        struct reply *reply = link_new();
        assert_true(reply->closed && !reply->refused);
        assert_int_equal(reply->raw.len, 0);
        assert_int_equal(sim_requests_of_key(lab->sim, lab->key), 0);
    }
    assert_int_equal(sim_requests_seen(lab->sim, NULL), seen);
    assert_int_equal(link_new()->status, 201);
    uint64_t matched, applied;
    assert_true(sim_faults_count(lab->sim, 0, &matched, &applied));
    assert_int_equal(matched, 3);
    assert_int_equal(applied, 2);
}

/* Nothing is read for a minute; by then the client has long gone, yet it is executed. */
static void test_deaf(void **state)
{
    (void)state;
    char key[64];
    set("*:deaf=60000x1");
    lab_new_key(lab);
    memcpy(key, lab->key, sizeof(key));
    struct talk *talk = lab_begin(lab, "POST", LIVE "/payment/session", LINK_BODY);
    while (sim_fault_applied(lab->sim, "deaf") == 0)
        loop_turn(lab->loop, 10);
    assert_int_equal(link_new()->status, 201); /* another connection is read */
    assert_int_equal(lab_so_far(talk)->raw.len, 0);
    assert_int_equal(sim_requests_of_key(lab->sim, key), 0);
    lab_forget(talk);
    lab_skip(LONG_MS);
    while (sim_requests_of_key(lab->sim, key) == 0)
        loop_turn(lab->loop, 10);
    assert_int_equal(sim_executions_of_key(lab->sim, key), 1);
}

static void test_deaf_for_good(void **state)
{
    (void)state;
    set("*:deaf");
    lab_new_key(lab);
    struct talk *talk = lab_begin(lab, "POST", LIVE "/payment/session", LINK_BODY);
    while (sim_fault_applied(lab->sim, "deaf") == 0)
        loop_turn(lab->loop, 10);
    lab_skip(LONG_MS * 1000);
    loop_turn(lab->loop, 0);
    assert_false(lab_finished(talk));
    set("");
    struct reply *reply = lab_finish(talk, LONG_MS);
    assert_true(reply->closed);
    assert_int_equal(reply->raw.len, 0);
    assert_int_equal(sim_requests_of_key(lab->sim, lab->key), 0);
    lab_forget(talk);
}

/* The answer announces nothing, and yet the connection that was to be kept is closed. */
static void test_close(void **state)
{
    (void)state;
    lab->keep_alive = true;
    set("GET*:closex1");
    struct reply *reply = lab_get(lab, TERMINALS);
    assert_int_equal(reply->status, 200);
    assert_true(reply->closed);
    assert_null(strstr(reply->head, "Connection: close"));
    assert_non_null(strstr(reply->body, "poiId"));
    struct talk *talk = lab_begin(lab, "GET", TERMINALS, NULL);
    struct talk *later = lab_begin(lab, "GET", SESSIONS, NULL);
    read_bytes(talk, 200);
    read_bytes(later, 200);
    assert_false(lab_finished(talk));
    lab_forget(talk);
    lab_forget(later);
    lab->keep_alive = false;
}

static void test_endless(void **state)
{
    (void)state;
    static const char *const specs[] = {"*:endless-head", "*:endless-body"};
    for (size_t i = 0; i < COUNT_OF(specs); i++) {
        set(specs[i]);
        lab_new_key(lab);
        struct talk *talk = lab_begin(lab, "POST", LIVE "/payment/session", LINK_BODY);
        const struct reply *reply = read_bytes(talk, 3u << 20);
        assert_true(reply->raw.len >= 3u << 20 && !lab_finished(talk));
        assert_int_equal(strncmp(reply->raw.data, "HTTP/1.1 201 Answer\r\n", 21), 0);
        assert_int_equal(strstr(reply->raw.data, "\r\n\r\n") != NULL, i == 1);
        lab_forget(talk); /* the server notices, and serves others */
        assert_int_equal(sim_executions_of_key(lab->sim, lab->key), 1);
        set("");
        assert_int_equal(lab_get(lab, TERMINALS)->status, 200);
    }
}

static void test_bomb(void **state)
{
    (void)state;
    set("GET*:bomb=1");
    struct reply *small = lab_get(lab, TERMINALS);
    set("GET*:bomb=8");
    struct reply *large = lab_get(lab, TERMINALS);
    assert_non_null(strstr(large->head, "Content-Encoding: gzip"));
    assert_true(large->closed);
    assert_int_equal(memcmp(large->body, "\x1f\x8b\x08", 3), 0);
    /* a MiB more, 1038 bytes more */
    assert_int_equal(large->body_len - small->body_len, 7 * 1038);
    assert_true(large->body_len < 8 * 1100);
    /* the CRC of a MiB of blanks, and the length */
    static const unsigned char ends[] = {0, 0, 0xff, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0x10, 0};
    const char *tail = small->body + small->body_len - sizeof(ends);
    assert_memory_equal(tail, ends, 6);
    assert_memory_equal(tail + 10, ends + 10, 4);
}

static void test_date(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        int day;
    } skews[] = {{"", 22}, {"*:clock-ahead=86400", 23}, {"*:clock-behind=86400", 21}};
    struct sim_settings settings = lab_settings();
    clock_freeze_utc(INT64_C(1795356000000)); /* 2026-11-22 14:00 UTC */
    struct sim_lab *own = lab_open(&settings);
    for (size_t i = 0; i < COUNT_OF(skews); i++) {
        char day[32];
        assert_true(sim_faults_set(own->sim, skews[i].spec, NULL));
        snprintf(day, sizeof(day), ", %d Nov 2026 14:00:", skews[i].day);
        const char *date = strstr(lab_get(own, TERMINALS)->head, "Date: ");
        assert_non_null(date);
        assert_non_null(strstr(date, day));
    }
    assert_true(sim_faults_set(own->sim, "*:no-date", NULL));
    assert_null(strstr(lab_get(own, TERMINALS)->head, "Date: "));
    lab_close(own);
    clock_freeze_utc(0);
}

/* --- lists ------------------------------------------------------------------------------------ */

/* How many rows of page 2 are not those that belong there. */
static size_t moved_rows(const char *truth)
{
    struct reply *reply = lab_get(lab, SESSIONS "&limit=5&page=2");
    size_t moved = 0;
    for (size_t i = 0; i < 5; i++)
        moved += strstr(truth, field_at(reply->body, "sessionId", i)) == NULL;
    return moved;
}

static void test_unstable(void **state)
{
    (void)state;
    char truth[8192], runs[2][16];
    set("");
    struct reply *reply = lab_get(lab, SESSIONS "&limit=5&page=2");
    assert_true(reply->body_len < sizeof(truth));
    memcpy(truth, reply->body, reply->body_len + 1);
    for (int run = 0; run < 2; run++) {
        set("GET/payment/sessions:unstable=3");
        for (size_t i = 0; i < sizeof(runs[0]); i++)
            runs[run][i] = (char)moved_rows(truth);
    }
    assert_memory_equal(runs[0], runs[1], sizeof(runs[0])); /* from the seed */
    char most = 0, least = 5;
    for (size_t i = 0; i < sizeof(runs[0]); i++) {
        most = runs[0][i] > most ? runs[0][i] : most;
        least = runs[0][i] < least ? runs[0][i] : least;
    }
    assert_int_equal(most, 3);
    assert_int_equal(least, 0);
    set("");
    char first[64];
    snprintf(first, sizeof(first), "%s", field_of(lab_get(lab, SESSIONS)->body, "sessionId"));
    set("GET*:unstable=3");
    for (int i = 0; i < 5; i++)
        assert_string_equal(field_of(lab_get(lab, SESSIONS)->body, "sessionId"), first);
}

static void test_list_shapes(void **state)
{
    (void)state;
    char first[64];
    set("");
    snprintf(first, sizeof(first), "%s", field_of(lab_get(lab, SESSIONS)->body, "sessionId"));
    assert_null(strstr(lab_get(lab, SESSIONS "&limit=5&page=2")->body, first));
    set("*:same-page");
    assert_non_null(strstr(lab_get(lab, SESSIONS "&limit=5&page=2")->body, first));
    set("*:twins");
    struct reply *reply = lab_get(lab, SESSIONS "&limit=5&page=1");
    assert_int_equal(count_of(reply->body, "\"sessionId\""), 10);
    assert_string_equal(field_at(reply->body, "sessionId", 1), first);
    assert_string_equal(field_of(reply->body, "total"), "40");
    set("*:twins=3");
    assert_int_equal(count_of(lab_get(lab, SESSIONS "&limit=5&page=1")->body, "\"sessionId\""), 20);
    set("");
    assert_int_equal(count_of(lab_get(lab, SESSIONS "&status=none")->body, "\"sessionId\""), 0);
    set("*:no-filter");
    assert_int_equal(count_of(lab_get(lab, SESSIONS "&limit=5&status=none")->body, "\"sessionId\""),
                     5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refuse, open_lab, close_lab),
        cmocka_unit_test_setup_teardown(test_refuse_after, open_lab, close_lab),
        cmocka_unit_test_setup_teardown(test_refuse_taken_back, open_lab, close_lab),
        cmocka_unit_test_setup_teardown(test_refuse_at_start, open_lab, close_lab),
        cmocka_unit_test_setup_teardown(test_hangup, open_lab, close_lab),
        cmocka_unit_test_setup_teardown(test_deaf, open_lab, close_lab),
        cmocka_unit_test_setup_teardown(test_deaf_for_good, open_lab, close_lab),
        cmocka_unit_test_setup_teardown(test_close, open_lab, close_lab),
        cmocka_unit_test_setup_teardown(test_endless, open_lab, close_lab),
        cmocka_unit_test_setup_teardown(test_bomb, open_lab, close_lab),
        cmocka_unit_test_setup_teardown(test_date, open_lab, close_lab),
        cmocka_unit_test_setup_teardown(test_unstable, open_lab, close_lab),
        cmocka_unit_test_setup_teardown(test_list_shapes, open_lab, close_lab),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
