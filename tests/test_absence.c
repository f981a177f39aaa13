/* What must not be taken for "not charged": readings that a wrong clock has aimed elsewhere, rows
   that bear no name but could be the one looked for, a refusal that may be somebody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "support_clock.h"
#include "support_money.h"
#include "support_server.h"

#define DAY_MS INT64_C(86400000)

struct waiting {
    struct till *till;
    const char *id;
};

static bool has_ended(void *ctx)
{
    struct waiting *waiting = ctx;
    enum intent_state state = till_get(waiting->till, waiting->id)->state;

    return intent_state_is_final(state) || state == INTENT_MANUAL;
}

static bool is_unknown(void *ctx)
{
    struct waiting *waiting = ctx;

    return till_get(waiting->till, waiting->id)->state == INTENT_UNKNOWN;
}

/* One charge by a process whose wall clock is off by "sending" when it sends, by "reading" when it
   reads; the server's is right. How it ended. */
static enum intent_state charge_by_clock(struct till *till, int64_t minor, int64_t sending,
                                         int64_t reading)
{
    int status = 0;
    pid_t child;

    till_close(till);
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char id[INTENT_ID_SIZE];
        struct op_request request = till_charge(TERMINAL_1, minor);
        struct waiting waiting = {till, id};
        clocks_set_off(sending, 0);
        till->loop = loop_new();
        till_open(till);
        till_start(till, &request, id);
        if (!loop_run_until(till->loop, is_unknown, &waiting, 10000))
            _exit(100);
        clocks_set_off(reading, 0);
        bool ended = loop_run_until(till->loop, has_ended, &waiting, 12000);
        _exit(ended ? (int)till_get(till, id)->state : 101);
    }
    while (waitpid(child, &status, WNOHANG) == 0)
        loop_turn(till->loop, 2);
    till_open(till);
    assert_true(WIFEXITED(status));
    return (enum intent_state)WEXITSTATUS(status);
}

static void wrong_clocks(void **state)
{
    static const int64_t days[][2] = {{0, 0},         {3, 3},    {-3, -3}, {3650, 3650},
                                      {-3650, -3650}, {3, 0},    {0, 3},   {-3, 0},
                                      {0, -3},        {3650, 0}, {0, 3650}};
    struct till *till = *state;

    for (size_t i = 0; i < COUNT_OF(days); i++) {
        int64_t sending = days[i][0] * DAY_MS, reading = days[i][1] * DAY_MS;
        enum intent_state charged = charge_by_clock(till, 1206, sending, reading);
        enum intent_state not_charged = charge_by_clock(till, 1207, sending, reading);
        if (charged != INTENT_CONFIRMED || not_charged != INTENT_NOT_EXECUTED)
            fail_msg("%d, then %d days off: charged is %d, not charged is %d", (int)days[i][0],
                     (int)days[i][1], (int)charged, (int)not_charged);
    }
}

/* --- a server of canned lists ---------------------------------------------------------------- */

struct desk {
    struct till *till;
    struct server *server;
    char id[INTENT_ID_SIZE];
};

static int64_t sent_at;

/* The time of now as in the API's rows, and as in a Date header. */
static void now_as_text(char stamp[40], char date[40])
{
    time_t now = (time_t)(clock_utc_ms() / 1000);
    struct tm parts;

    gmtime_r(&now, &parts);
    strftime(stamp, 40, "%Y-%m-%dT%H:%M:%SZ", &parts);
    strftime(date, 40, "%a, %d %b %Y %H:%M:%S GMT", &parts);
}

/* A charge that gets no answer; from then on the list of payments is these rows. "@" in rows
   becomes the time of now. */
static struct desk charge_unanswered(struct till *till, const char *rows)
{
    static const char terminals[] =
        "{\"success\":true,\"data\":[{\"poiId\":\"" TERMINAL_1 "\",\"status\":\"boarded\"}]}";
    struct desk desk = {.till = till};
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char created[40], date[40], header[80];
    struct buf list;

    till_close(till);
    desk.server = server_new(till->loop);
    snprintf(till->base_url, sizeof till->base_url, "%s", server_base(desk.server));
    now_as_text(created, date);
    snprintf(header, sizeof header, "Date: %s\r\n", date);
    buf_init(&list, 8000);
    buf_puts(&list, "{\"success\":true,\"data\":{\"items\":[");
    for (const char *at = rows; *at != '\0'; at++)
        *at == '@' ? buf_puts(&list, created) : buf_add(&list, at, 1);
    buf_puts(&list, "],\"pagination\":{\"page\":1,\"limit\":100,\"totalPages\":1}}}");
    server_plan_json(desk.server, 200, header, terminals);
    server_plan(desk.server, SERVER_DROP, NULL);
    server_plan_json(desk.server, 200, header, list.data);
    buf_done(&list);
    till_open(till);
    till_start(till, &request, desk.id);
    till_wait(till, desk.id, INTENT_UNKNOWN);
    sent_at = clock_boot_ms();
    return desk;
}

static void close_desk(struct desk *desk)
{
    till_close(desk->till);
    server_free(desk->server);
    till_open(desk->till);
}

static bool is_looked(void *ctx)
{
    struct desk *desk = ctx;

    return ops_has_looked(desk->till->ops, desk->id);
}

/* Reads once, well before the quiet period is over: the state after that. */
static enum intent_state look_early(struct desk *desk)
{
    ops_look_now(desk->till->ops, desk->id);
    assert_true(loop_run_until(desk->till->loop, is_looked, desk, 5000));
    assert_true(clock_boot_ms() - sent_at < 400);
    return till_get(desk->till, desk->id)->state;
}

static enum intent_state end_of(struct desk *desk)
{
    struct waiting waiting = {desk->till, desk->id};

    assert_true(loop_run_until(desk->till->loop, has_ended, &waiting, 12000));
    return till_get(desk->till, desk->id)->state;
}

#define ROW(id, more)                                                                              \
    "{\"posPaymentId\":\"HOTEL9-POSXT-" id "\",\"paymentReference\":\"HOTEL9-POSXT-" id            \
    "\",\"createdAt\":\"@\"" more "}"
#define OTHER_NAMED                                                                                \
    ROW("1", ",\"status\":\"success\",\"poiId\":\"S1F2-TEST-000002\",\"customReference\":\"A\","   \
             "\"amount\":{\"value\":700,\"currency\":\"EUR\"}")
#define AMOUNT   ",\"amount\":{\"value\":1250,\"currency\":\"EUR\"}"
#define TERMINAL ",\"poiId\":\"" TERMINAL_1 "\""
#define GOOD     ",\"status\":\"success\""

/* A name cut short, an amount or a terminal left out: such a row is no proof of absence. */
static void nameless_rows(void **state)
{
    static const struct {
        const char *rows;
        enum intent_state end;
    } cases[] = {
        {OTHER_NAMED, INTENT_NOT_EXECUTED},
        {OTHER_NAMED "," ROW("2", GOOD TERMINAL AMOUNT ",\"customReference\":\"RES-20\""),
         INTENT_MANUAL},
        {OTHER_NAMED "," ROW("2", GOOD TERMINAL AMOUNT), INTENT_MANUAL},
        {OTHER_NAMED "," ROW("2", GOOD AMOUNT), INTENT_MANUAL},
        {ROW("2", GOOD TERMINAL), INTENT_MANUAL},
        {ROW("2", ",\"status\":\"refused\"" AMOUNT), INTENT_MANUAL},
        {OTHER_NAMED "," ROW("2", GOOD TERMINAL AMOUNT ",\"customReference\":\"B~0123abcd\""),
         INTENT_NOT_EXECUTED},
        {ROW("2", GOOD TERMINAL ",\"amount\":{\"value\":1251,\"currency\":\"EUR\"}"),
         INTENT_NOT_EXECUTED},
        {ROW("2", GOOD TERMINAL AMOUNT), INTENT_MANUAL}, /* others' may never bear a name */
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct desk desk = charge_unanswered(*state, cases[i].rows);
        enum intent_state end = end_of(&desk);
        if (end != cases[i].end)
            fail_msg("%s: %s, not %s", cases[i].rows, intent_state_name(end),
                     intent_state_name(cases[i].end));
        close_desk(&desk);
    }
}

/* Without names a refusal may be of the try before: ours may still be on the terminal. */
static void nameless_refusal(void **state)
{
    struct desk desk =
        charge_unanswered(*state, ROW("2", ",\"status\":\"refused\"" TERMINAL AMOUNT));

    assert_int_equal(look_early(&desk), INTENT_UNKNOWN);
    assert_int_equal(end_of(&desk), INTENT_MANUAL);
    close_desk(&desk);
}

/* --- a long wait at the terminal ------------------------------------------------------------- */

static bool is_confirmed(void *ctx)
{
    struct waiting *waiting = ctx;

    return till_get(waiting->till, waiting->id)->state == INTENT_CONFIRMED;
}

/* After 160 s without an answer the list is looked at beside the wait. */
static void looks_beside_the_wait(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];
    struct waiting waiting = {till, id};

    till_faults(till, "POST/pos/payment:silent-after");
    till_start(till, &request, id);
    till_wait(till, id, INTENT_SENT);
    while (sim_executions_of_key(till->sim, id) == 0)
        loop_turn(till->loop, 5);
    clocks_put_on(0, 155000);
    loop_run_until(till->loop, is_confirmed, &waiting, 200);
    assert_int_equal(till_get(till, id)->state, INTENT_SENT);
    clocks_put_on(0, 6000);
    assert_true(loop_run_until(till->loop, is_confirmed, &waiting, 5000));
    assert_int_equal(ops_in_flight(till->ops), 1);
    till_referee(till, till_get(till, id), 1);
}

/* What is not there yet may come: absence beside the wait ends nothing. */
static void absence_beside_the_wait(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1250);
    char id[INTENT_ID_SIZE];
    struct waiting waiting = {till, id};

    till_faults(till, "POST/pos/payment:silent");
    till_start(till, &request, id);
    till_wait(till, id, INTENT_SENT);
    uint64_t before = sim_requests_seen(till->sim, "GET/pos/payments");
    for (int i = 0; i < 6; i++) {
        clocks_put_on(0, 161000);
        loop_run_until(till->loop, has_ended, &waiting, 100);
    }
    assert_int_equal(till_get(till, id)->state, INTENT_SENT);
    assert_true(sim_requests_seen(till->sim, "GET/pos/payments") > before + 2);
}

/* Taken for dead while its transfer went on: quiet counts from the end of that. */
static void quiet_from_the_last_end(void **state)
{
    struct till *till = *state;
    struct op_request request = till_charge(TERMINAL_1, 1207);
    struct intent_move late = {.to = INTENT_UNKNOWN, .why = "no answer came"};
    char id[INTENT_ID_SIZE];

    till_start(till, &request, id);
    till_wait(till, id, INTENT_UNKNOWN);
    int64_t before = till_get(till, id)->quiet_until_ms;
    clocks_put_on(100, 100);
    assert_true(journal_learn(till->journal, id, &late, NULL));
    assert_true(till_get(till, id)->quiet_until_ms >= before + 100);
    till_wait(till, id, INTENT_NOT_EXECUTED);
    assert_true(journal_verify(till->journal, &(int64_t){0}, NULL));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, till_setup, till_teardown)
    const struct CMUnitTest tests[] = {
        TEST(wrong_clocks),          TEST(nameless_rows),           TEST(nameless_refusal),
        TEST(looks_beside_the_wait), TEST(absence_beside_the_wait), TEST(quiet_from_the_last_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
