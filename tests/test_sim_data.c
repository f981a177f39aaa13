/* The simulator's data: what training starts with, a million rows, one file for several processes.
 */
#include "support_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BASE_MS INT64_C(1795356000000) /* 2026-11-22 14:00 UTC */
#define LINK_BODY                                                                                  \
    "{\"webcode\":\"HOTEL9\",\"amount\":{\"value\":25000,\"currency\":\"EUR\"},"                   \
    "\"urlOk\":\"https://a/ok\",\"urlKo\":\"https://a/ko\",\"customReference\":\"NEW\"}"

static char folder[64], data_file[96];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/test-sim-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(data_file, sizeof(data_file), "%s/data.db", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(data_file);
    return rmdir(folder);
}

static struct reply *get(struct sim_lab *lab, const char *base, const char *rest)
{
    char path[512];
    snprintf(path, sizeof(path), "%s%s", base, rest);
    return lab_get(lab, path);
}

static long total(struct sim_lab *lab, const char *base, const char *rest)
{
    return strtol(field_of(get(lab, base, rest)->body, "total"), NULL, 10);
}

/* Every row of a list, page after page, into one text. */
static char *read_all(struct sim_lab *lab, const char *base, const char *list)
{
    struct buf all;
    buf_init(&all, 64u << 20);
    long pages = 1;
    for (long page = 1; page <= pages; page++) {
        char path[256];
        snprintf(path, sizeof(path), "%s%s?webcode=HOTEL9&limit=100&page=%ld", base, list, page);
        struct reply *reply = lab_get(lab, path);
        assert_int_equal(reply->status, 200);
        buf_puts(&all, reply->body);
        pages = strtol(field_of(reply->body, "totalPages"), NULL, 10);
    }
    return all.data;
}

static struct sim_settings frozen_settings(void)
{
    struct sim_settings settings = lab_settings();
    settings.base_utc_ms = BASE_MS;
    return settings;
}

static void test_training_has_everything(void **state)
{
    (void)state;
    static const char *const lists[] = {"/payment/sessions", "/pos/payments", "/modifications"};
    static const char *const words[] = {"pending",
                                        "completed",
                                        "expired",
                                        "cancelled",
                                        "failed",
                                        "refused",
                                        "authorised",
                                        "EUR",
                                        "GBP",
                                        "USD",
                                        "JPY",
                                        "KWD",
                                        "Depósito hab.",
                                        "Cancelación",
                                        "Excursión",
                                        "RES-2026-",
                                        "hab-",
                                        "GRP/26-",
                                        "BKG",
                                        "\"isPreAuth\":true",
                                        "\"type\":\"refund\"",
                                        "\"type\":\"capture\"",
                                        "\"type\":\"cancel\"",
                                        "\"type\":\"extend\"",
                                        "failureReason",
                                        "\"status\":\"success\"",
                                        "\"status\":\"received\"",
                                        "DUPLICATE", "FRAUD",
                                        "Terraza"};
    struct sim_settings settings = frozen_settings();
    clock_freeze_utc(BASE_MS); /* what is open then has long ended today */
    struct sim_lab *lab = lab_open(&settings);
    static const char *const bases[] = {LIVE, TEST};
    for (size_t b = 0; b < COUNT_OF(bases); b++) {
        struct buf all;
        buf_init(&all, 64u << 20);
        for (size_t i = 0; i < COUNT_OF(lists); i++) {
            char *rows = read_all(lab, bases[b], lists[i]);
            buf_puts(&all, rows);
            free(rows);
        }
        for (size_t i = 0; i < COUNT_OF(words) - 1; i++) {
            if (!strstr(all.data, words[i]))
                fail_msg("%s lacks %s", bases[b], words[i]);
        }
        assert_int_equal(count_of(all.data, "\"createdAt\":\"2026-11-23"), 0);
        buf_done(&all);
        assert_int_equal(total(lab, bases[b], "/payment/sessions?webcode=HOTEL9"), 400);
        assert_int_equal(total(lab, bases[b], "/pos/payments?webcode=HOTEL9"), 250);
        assert_true(total(lab, bases[b], "/modifications?webcode=HOTEL9") > 60);
        assert_true(total(lab, bases[b], "/modifications?webcode=HOTEL9&status=pending") >= 2);
        assert_true(total(lab, bases[b], "/modifications?webcode=HOTEL9&status=failed") >= 2);
    }
    lab_close(lab);
    clock_freeze_utc(0);
}

/* Each list falls in time, has no row twice, and its filters add up to the whole. */
static void check_list(struct sim_lab *lab, const char *list, const char *id, const char *states)
{
    char *rows = read_all(lab, LIVE, list), path[256], word[32];
    long whole = strtol(field_of(rows, "total"), NULL, 10), sum = 0;
    char last[32] = "9999";
    const char *at = rows;
    long count = 0;
    for (; (at = strstr(at, id)); at++, count++) {
        char time[32];
        snprintf(time, sizeof(time), "%s", field_of(at, "createdAt"));
        assert_true(strcmp(time, last) <= 0);
        snprintf(last, sizeof(last), "%s", time);
        char mine[256];
        snprintf(mine, sizeof(mine), "%.70s", at);
        assert_null(strstr(at + 1, mine));
    }
    assert_int_equal(count, whole);
    static const char *const days[] = {"2026-11-22", "2026-11-21", "2026-11-05", "2026-10-10"};
    for (size_t i = 0; i < COUNT_OF(days); i++) {
        char made[64];
        snprintf(path, sizeof(path), "%s?webcode=HOTEL9&limit=100&dateFrom=%s&dateTo=%s", list,
                 days[i], days[i]);
        snprintf(made, sizeof(made), "%s", days[i]);
        count = 0;
        for (at = rows; (at = strstr(at, id)); at++)
            count += strncmp(field_of(at, "createdAt"), made, 10) == 0;
        const char *day = get(lab, LIVE, path)->body;
        assert_int_equal(count, strtol(field_of(day, "total"), NULL, 10));
        for (at = day; (at = strstr(at, id)); at++)
            assert_int_equal(strncmp(field_of(at, "createdAt"), made, 10), 0);
    }
    free(rows);
    for (; sscanf(states, "%31s", word) == 1;
         states += strlen(word) + (states[strlen(word)] == ' ')) {
        snprintf(path, sizeof(path), "%s?webcode=HOTEL9&status=%s", list, word);
        sum += total(lab, LIVE, path);
    }
    assert_int_equal(sum, whole);
    sum = 0;
    snprintf(path, sizeof(path), "%s?webcode=HOTEL9&dateTo=2026-11-05", list);
    sum += total(lab, LIVE, path);
    snprintf(path, sizeof(path), "%s?webcode=HOTEL9&dateFrom=2026-11-06", list);
    sum += total(lab, LIVE, path);
    assert_int_equal(sum, whole);
}

static void test_lists_are_consistent(void **state)
{
    (void)state;
    struct sim_settings settings = frozen_settings();
    struct sim_lab *lab = lab_open(&settings);
    check_list(lab, "/payment/sessions",
               "{\"sessionId\":", "pending completed expired cancelled failed");
    check_list(lab, "/pos/payments", "{\"posPaymentId\":", "success refused cancelled");
    check_list(lab, "/modifications",
               "{\"modificationReference\":", "pending received success failed");
    long sum = total(lab, LIVE, "/pos/payments?webcode=HOTEL9&poiId=V400m-TEST-000001") +
               total(lab, LIVE, "/pos/payments?webcode=HOTEL9&poiId=S1F2-TEST-000002") +
               total(lab, LIVE, "/pos/payments?webcode=HOTEL9&poiId=P400Plus-TEST-000003");
    assert_int_equal(sum, 250);
    lab_close(lab);
}

static void test_seeded_rows_can_be_found(void **state)
{
    (void)state;
    struct sim_settings settings = frozen_settings();
    struct sim_lab *lab = lab_open(&settings);
    char *rows = read_all(lab, LIVE, "/payment/sessions"), path[256];
    size_t bare = 0, held = 0;
    for (const char *at = rows; (at = strstr(at, "{\"sessionId\":")); at++) {
        char id[128], reference[128], payment[128];
        snprintf(id, sizeof(id), "%s", field_of(at, "sessionId"));
        snprintf(path, sizeof(path), LIVE "/payment/session/%s?webcode=HOTEL9", id);
        struct reply *one = lab_get(lab, path);
        assert_int_equal(one->status, 200);
        assert_non_null(strstr(one->body, id));
        snprintf(reference, sizeof(reference), "%s", field_of(one->body, "customReference"));
        snprintf(payment, sizeof(payment), "%s", field_of(one->body, "paymentReference"));
        if (reference[0]) {
            snprintf(path, sizeof(path),
                     LIVE "/payment/sessions?webcode=HOTEL9&limit=100&customReference=%s",
                     reference);
            assert_non_null(strstr(lab_get(lab, path)->body, id));
        }
        bare += payment[0] && !strchr(payment, '-');
        held += strstr(one->body, "\"isPreAuth\":true") != NULL;
        snprintf(path, sizeof(path), LIVE "/payment/session/%s/modifications?webcode=HOTEL9", id);
        one = lab_get(lab, path);
        assert_int_equal(one->status, 200);
        assert_int_equal(payment[0] ? count_of(one->body, payment) : 0,
                         count_of(one->body, "modificationReference"));
    }
    free(rows);
    assert_true(bare > 5 && held > 20);
    lab_close(lab);
}

/* A seeded payment obeys the same limits as a new one. */
static void test_seeded_refund(void **state)
{
    (void)state;
    struct sim_settings settings = frozen_settings();
    struct sim_lab *lab = lab_open(&settings);
    char *rows = read_all(lab, LIVE, "/pos/payments");
    size_t tried = 0, taken = 0;
    for (const char *at = rows; tried < 20 && (at = strstr(at, "{\"posPaymentId\":")); at++) {
        char body[512];
        snprintf(body, sizeof(body),
                 "{\"webcode\":\"HOTEL9\",\"paymentReference\":\"%s\",\"amount\":{\"value\":%s,"
                 "\"currency\":\"%s\"},\"reason\":\"DUPLICATE\"}",
                 field_of(at, "posPaymentId"), field_of(at, "value"), field_of(at, "currency"));
        tried++;
        lab_new_key(lab);
        int status = lab_post(lab, LIVE "/payment/refund", body)->status;
        assert_true(status == 202 || status == 400);
        taken += status == 202;
        lab_new_key(lab); /* a second full refund never fits */
        assert_int_equal(lab_post(lab, LIVE "/payment/refund", body)->status, 400);
    }
    assert_true(taken > 8);
    free(rows);
    lab_close(lab);
}

static void test_a_million(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "/payment/sessions?webcode=HOTEL9&limit=100",
        "/payment/sessions?webcode=HOTEL9&limit=100&page=10000",
        "/payment/sessions?webcode=HOTEL9&limit=100&page=40&status=pending",
        "/payment/sessions?webcode=HOTEL9&limit=100&customReference=RES-2026-01234",
        "/payment/sessions?webcode=HOTEL9&limit=100&dateFrom=2025-01-01&dateTo=2025-01-31",
        "/payment/sessions?webcode=HOTEL9&dateTo=2026-01-31&status=failed&page=200",
        "/modifications?webcode=HOTEL9&limit=100&page=20&status=failed"};
    struct sim_settings settings = frozen_settings();
    settings.sessions = 1000000;
    int64_t begin = clock_boot_ms();
    struct sim_lab *lab = lab_open(&settings);
    assert_int_equal(total(lab, LIVE, queries[0]), 1000000);
    assert_true(clock_boot_ms() - begin < 3000);
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        begin = clock_boot_ms();
        get(lab, LIVE, queries[i]);
        int64_t cold = clock_boot_ms() - begin, warm = INT64_MAX;
        for (int run = 0; run < 3; run++) {
            begin = clock_boot_ms();
            struct reply *reply = get(lab, LIVE, queries[i]);
            int64_t took = clock_boot_ms() - begin;
            assert_true(count_of(reply->body, "\"createdAt\"") > 0);
            warm = took < warm ? took : warm;
        }
        print_message("%4d ms cold, %3d ms warm: %s\n", (int)cold, (int)warm, queries[i]);
        assert_true(warm < 100); /* measured: under 20, without the sanitizers' weight */
    }
    lab_close(lab);
}

static void test_restart_keeps_everything(void **state)
{
    (void)state;
    struct sim_settings settings = frozen_settings();
    settings.data_path = data_file;
    struct sim_lab *lab = lab_open(&settings);
    char first[4096], key[64], before[4096];
    snprintf(key, sizeof(key), "%s", lab->key);
    snprintf(first, sizeof(first), "%s", lab_post(lab, TEST "/payment/session", LINK_BODY)->body);
    snprintf(before, sizeof(before), "%s",
             get(lab, LIVE, "/payment/sessions?webcode=HOTEL9&limit=3")->body);
    lab_close(lab);

    struct stat info;
    assert_int_equal(stat(data_file, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    settings.base_utc_ms = 0; /* the file knows its own base, seed and counts */
    settings.seed = 99;
    settings.sessions = 7;
    lab = lab_open(&settings);
    assert_string_equal(get(lab, LIVE, "/payment/sessions?webcode=HOTEL9&limit=3")->body, before);
    snprintf(lab->key, sizeof(lab->key), "%s", key);
    struct reply *again = lab_post(lab, TEST "/payment/session", LINK_BODY);
    assert_string_equal(again->body, first);
    assert_int_equal(sim_executions_of_key(lab->sim, key), 1);
    assert_int_equal(sim_requests_of_key(lab->sim, key), 2);
    assert_int_equal(total(lab, TEST, "/payment/sessions?webcode=HOTEL9&customReference=NEW"), 1);
    lab_close(lab);
    unlink(data_file);
}

static void test_two_on_one_file(void **state)
{
    (void)state;
    struct sim_settings settings = frozen_settings();
    settings.data_path = data_file;
    struct sim_lab *one = lab_open(&settings), *two = lab_open(&settings);
    assert_int_not_equal(sim_port(one->sim), sim_port(two->sim));
    snprintf(two->key, sizeof(two->key), "%s", one->key);
    char made[4096];
    snprintf(made, sizeof(made), "%s", lab_post(one, LIVE "/payment/session", LINK_BODY)->body);
    assert_string_equal(lab_post(two, LIVE "/payment/session", LINK_BODY)->body, made);
    assert_int_equal(sim_executions_of_key(two->sim, one->key), 1);
    for (int i = 0; i < 20; i++) {
        struct sim_lab *lab = i % 2 ? one : two;
        lab_new_key(lab);
        assert_int_equal(lab_post(lab, LIVE "/payment/session", LINK_BODY)->status, 201);
    }
    assert_int_equal(total(two, LIVE, "/payment/sessions?webcode=HOTEL9&customReference=NEW"), 21);
    lab_close(one);
    lab_close(two);
    unlink(data_file);
}

/* A process that is killed while the card is on the terminal: the charge goes on. */
static void test_killed_in_a_charge(void **state)
{
    (void)state;
    static const char charge[] =
        "{\"webcode\":\"HOTEL9\",\"poiId\":\"S1F2-TEST-000002\",\"amount\":{\"value\":500,"
        "\"currency\":\"EUR\"},\"customReference\":\"KILLED\"}";
    static const char list[] = "/pos/payments?webcode=HOTEL9&customReference=KILLED"
                               "&poiId=S1F2-TEST-000002&dateFrom=2000-01-01";
    struct sim_settings settings = lab_settings();
    settings.data_path = data_file;
    settings.charge_delay_ms = 300;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sim_lab *lab = lab_open(&settings);
        snprintf(lab->key, sizeof(lab->key), "killed");
        lab_begin(lab, "POST", LIVE "/pos/payment", charge);
        while (sim_requests_of_key(lab->sim, "killed") == 0)
            loop_turn(lab->loop, 10);
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    struct sim_lab *lab = lab_open(&settings);
    assert_int_equal(sim_requests_of_key(lab->sim, "killed"), 1);
    while (sim_executions_of_key(lab->sim, "killed") == 0)
        loop_turn(lab->loop, 10);
    assert_int_equal(total(lab, LIVE, list), 1);
    assert_int_equal(total(lab, LIVE,
                           "/pos/payments?webcode=HOTEL9&customReference=KILLED"
                           "&poiId=V400m-TEST-000001"),
                     0);
    assert_int_equal(total(lab, LIVE,
                           "/pos/payments?webcode=HOTEL9&customReference=KILLED"
                           "&dateTo=2000-01-01"),
                     0);
    snprintf(lab->key, sizeof(lab->key), "killed");
    struct reply *again = lab_post(lab, LIVE "/pos/payment", charge);
    assert_string_equal(field_of(again->body, "status"), "success");
    assert_int_equal(sim_executions_of_reference(lab->sim, "KILLED"), 1);
    lab_close(lab);
    unlink(data_file);
}

static void test_foreign_file(void **state)
{
    (void)state;
    struct sim_settings settings = frozen_settings();
    struct loop *loop = loop_new();
    struct err err = {0};
    FILE *file = fopen(data_file, "we");
    assert_non_null(file);
    fputs("this is nobody's database, and it is long enough to be looked at as one", file);
    fclose(file);
    settings.data_path = data_file;
    assert_null(sim_start(loop, &settings, &err));
    assert_int_equal(err.code, ERR_STORAGE);
    settings.data_path = "/nowhere/at/all.db";
    assert_null(sim_start(loop, &settings, &err));
    settings.data_path = NULL;
    settings.faults = "nonsense";
    assert_null(sim_start(loop, &settings, &err));
    assert_int_equal(err.code, ERR_INVALID);
    settings.faults = NULL;
    struct sim *first = sim_start(loop, &settings, &err);
    assert_non_null(first);
    settings.port = sim_port(first);
    assert_null(sim_start(loop, &settings, &err)); /* the port is taken */
    assert_int_equal(err.code, ERR_SYSTEM);
    sim_stop(first);
    loop_free(loop);
    unlink(data_file);
}

/* With a UTC clock that stands still, what is shown stands still and what is open resolves. */
static void test_frozen_clock(void **state)
{
    (void)state;
    clock_freeze_utc(BASE_MS);
    struct sim_settings settings = lab_settings();
    struct sim_lab *lab = lab_open(&settings);
    struct reply *reply = lab_post(lab, LIVE "/payment/session", LINK_BODY);
    assert_string_equal(field_of(reply->body, "createdAt"), "2026-11-22 15:00:00");
    char path[256];
    snprintf(path, sizeof(path), "/payment/session/%s?webcode=HOTEL9",
             field_of(reply->body, "sessionId"));
    while (strcmp(field_of(get(lab, LIVE, path)->body, "status"), "completed") != 0)
        loop_turn(lab->loop, 5);
    assert_string_equal(field_of(get(lab, LIVE, path)->body, "completedAt"), "2026-11-22 15:00:00");
    lab_close(lab);
    clock_freeze_utc(0);
}

static void test_stop_with_waiting_requests(void **state)
{
    (void)state;
    struct sim_settings settings = lab_settings();
    settings.faults = "*:silent";
    struct sim_lab *lab = lab_open(&settings);
    struct talk *talks[5];
    for (size_t i = 0; i < COUNT_OF(talks); i++)
        talks[i] = lab_begin(lab, "GET", LIVE "/pos/terminals?webcode=HOTEL9", NULL);
    while (sim_requests_seen(lab->sim, NULL) < COUNT_OF(talks))
        loop_turn(lab->loop, 10);
    sim_stop(lab->sim);
    lab->sim = NULL;
    for (size_t i = 0; i < COUNT_OF(talks); i++) {
        struct reply *reply = lab_finish(talks[i], 10000);
        assert_true(reply->closed);
        assert_int_equal(reply->raw.len, 0);
        lab_forget(talks[i]);
    }
    lab_close(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_training_has_everything),
        cmocka_unit_test(test_lists_are_consistent),
        cmocka_unit_test(test_seeded_rows_can_be_found),
        cmocka_unit_test(test_seeded_refund),
        cmocka_unit_test(test_a_million),
        cmocka_unit_test(test_restart_keeps_everything),
        cmocka_unit_test(test_two_on_one_file),
        cmocka_unit_test(test_killed_in_a_charge),
        cmocka_unit_test(test_foreign_file),
        cmocka_unit_test(test_frozen_clock),
        cmocka_unit_test(test_stop_with_waiting_requests),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
