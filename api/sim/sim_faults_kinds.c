/* The kinds of faults. Each is one row of the table: when it strikes, what its value means, and
   what it does to the connection, the execution or the answer. */
#include "faults_internal.h"

#include <string.h>

static void strike_delay(const struct fault_hit *hit)
{
    if (hit->answer->wait_ms != SIM_FOREVER)
        hit->answer->wait_ms += hit->value;
}

static void strike_drop(const struct fault_hit *hit)
{
    hit->answer->drop = true;
}

static void strike_silent(const struct fault_hit *hit)
{
    hit->answer->wait_ms = SIM_FOREVER;
}

static void strike_500(const struct fault_hit *hit)
{
    answer_error(hit->answer, 500, 13001, "Payment provider error");
}

static void strike_13004(const struct fault_hit *hit)
{
    answer_error(hit->answer, 502, 13004, "Terminal error");
}

static void strike_html(const struct fault_hit *hit)
{
    buf_clear(&hit->answer->body);
    buf_printf(&hit->answer->body,
               "<html>\r\n<head><title>%d Bad Gateway</title></head>\r\n<body>\r\n"
               "<center><h1>%d Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n",
               (int)hit->value, (int)hit->value);
    hit->answer->status = (int)hit->value;
    hit->answer->content_type = "text/html";
}

static void strike_429(const struct fault_hit *hit)
{
    answer_error(hit->answer, 429, 0, "Too many requests");
    hit->answer->retry_after_s = hit->value > 0 ? (int)hit->value : -1;
}

static void strike_409(const struct fault_hit *hit)
{
    answer_error(hit->answer, 409, 0, "Idempotency conflict");
}

static void strike_garbage(const struct fault_hit *hit)
{
    static const char noise[] = "{\"success\":tru\x1b[2J\xff\xfe]}\0{";
    buf_clear(&hit->answer->body);
    buf_add(&hit->answer->body, noise, sizeof(noise) - 1);
}

static void strike_empty(const struct fault_hit *hit)
{
    buf_clear(&hit->answer->body);
}

static void strike_cut(const struct fault_hit *hit)
{
    hit->answer->cut_at = hit->value;
}

static void strike_slow(const struct fault_hit *hit)
{
    hit->answer->trickle_ms = hit->value;
}

static void strike_409_running(const struct fault_hit *hit)
{
    answer_error(hit->answer, 409, 0, "The first request is still running");
}

static void strike_late(const struct fault_hit *hit)
{
    routes_delay(hit->request, hit->value);
    hit->answer->drop = true;
}

static void strike_late_silent(const struct fault_hit *hit)
{
    routes_delay(hit->request, hit->value);
    hit->answer->wait_ms = SIM_FOREVER;
}

static void strike_refuse(const struct fault_hit *hit)
{
    hit->welcome->refuse_ms = hit->value;
}

static void strike_refuse_after(const struct fault_hit *hit)
{
    hit->answer->refuse_ms = hit->value;
}

static void strike_hangup(const struct fault_hit *hit)
{
    hit->welcome->hang_up = true;
}

static void strike_deaf(const struct fault_hit *hit)
{
    hit->welcome->deaf_ms = hit->value > 0 ? hit->value : SIM_FOREVER;
}

static void strike_close(const struct fault_hit *hit)
{
    hit->answer->hang_up = true;
}

static void strike_endless_head(const struct fault_hit *hit)
{
    hit->answer->pour = POUR_HEADERS;
}

static void strike_endless_body(const struct fault_hit *hit)
{
    hit->answer->pour = POUR_BODY;
}

static void strike_bomb(const struct fault_hit *hit)
{
    hit->answer->pour = POUR_BOMB;
    hit->answer->pour_mib = hit->value;
}

static void strike_ahead(const struct fault_hit *hit)
{
    hit->answer->skew_ms = hit->value * 1000;
}

static void strike_behind(const struct fault_hit *hit)
{
    hit->answer->skew_ms = -hit->value * 1000;
}

static void strike_no_date(const struct fault_hit *hit)
{
    hit->answer->no_date = true;
}

static void strike_unstable(const struct fault_hit *hit)
{
    int64_t span = 2 * hit->value + 1;
    hit->request->twist.page_shift = (int64_t)((hit->roll >> 1) % (uint64_t)span) - hit->value;
}

static void strike_twist(const struct fault_hit *hit)
{
    memcpy((char *)&hit->request->twist + hit->kind->place, &hit->value, sizeof(hit->value));
}

#define DOES(strike)   strike, 0, NULL
#define LIES(bend)     strike_lie, 0, bend
#define TWISTS(member) strike_twist, offsetof(struct sim_twist, member), NULL
const struct fault_kind fault_kinds[] = {
    {"refuse", FAULT_FRESH, "ms", 0, DOES(strike_refuse),
     "new connections are refused for that long (0: until told)"},
    {"refuse-after", FAULT_AFTER, "ms", 0, DOES(strike_refuse_after),
     "executed and answered, then connections are refused so long"},
    {"hangup", FAULT_CONNECT, NULL, 0, DOES(strike_hangup),
     "the connection is closed before a byte of it is read"},
    {"deaf", FAULT_CONNECT, "ms", 0, DOES(strike_deaf),
     "nothing is read for that long (0: ever), then served"},
    {"close", FAULT_AFTER, NULL, 0, DOES(strike_close),
     "answered, then the connection closes unannounced"},
    {"delay", FAULT_AFTER, "ms", 2000, DOES(strike_delay),
     "executed at once, answered that much later"},
    {"drop-before", FAULT_BEFORE, NULL, 0, DOES(strike_drop),
     "the connection closes, nothing is executed"},
    {"drop-after", FAULT_AFTER, NULL, 0, DOES(strike_drop),
     "executed, then the connection closes unanswered"},
    {"silent", FAULT_BEFORE, NULL, 0, DOES(strike_silent),
     "accepted, never executed, never answered"},
    {"silent-after", FAULT_AFTER, NULL, 0, DOES(strike_silent), "executed, never answered"},
    {"late", FAULT_BEFORE, "ms", 1000, DOES(strike_late),
     "the connection closes, executed that much later"},
    {"late-silent", FAULT_BEFORE, "ms", 1000, DOES(strike_late_silent),
     "never answered, executed that much later"},
    {"500-before", FAULT_BEFORE, NULL, 0, DOES(strike_500), "500 / 13001, nothing is executed"},
    {"500-after", FAULT_AFTER, NULL, 0, DOES(strike_500), "executed, then 500 / 13001"},
    {"13004", FAULT_BEFORE, NULL, 0, DOES(strike_13004), "502 / 13004, nothing is executed"},
    {"13004-after", FAULT_AFTER, NULL, 0, DOES(strike_13004), "executed, then 502 / 13004"},
    {"502-html", FAULT_BEFORE, "status", 502, DOES(strike_html),
     "a proxy's HTML page, nothing is executed"},
    {"502-html-after", FAULT_AFTER, "status", 502, DOES(strike_html),
     "executed, then a proxy's HTML page"},
    {"429", FAULT_BEFORE, "s", 2, DOES(strike_429),
     "429 with Retry-After (0: without), nothing is executed"},
    {"409", FAULT_BEFORE, NULL, 0, DOES(strike_409), "409 without code, nothing is executed"},
    {"409-running", FAULT_AFTER, NULL, 0, DOES(strike_409_running),
     "executed, then 409 as if it were still running"},
    {"slow", FAULT_AFTER, "ms", 20, DOES(strike_slow),
     "executed, the body comes a byte each that many ms"},
    {"cut", FAULT_AFTER, "bytes", 200, DOES(strike_cut),
     "executed, the whole answer cut after that many bytes"},
    {"empty", FAULT_AFTER, NULL, 0, DOES(strike_empty),
     "executed, then the status with an empty body"},
    {"garbage", FAULT_AFTER, NULL, 0, DOES(strike_garbage),
     "executed, then bytes that are no JSON"},
    {"not-utf8", FAULT_AFTER, NULL, 0, DOES(strike_not_utf8),
     "executed, then JSON with bytes that are no UTF-8"},
    {"too-deep", FAULT_AFTER, "levels", 2000, DOES(strike_too_deep),
     "executed, then JSON nested so deep"},
    {"twice-named", FAULT_AFTER, NULL, 0, DOES(strike_twice_named),
     "executed, then JSON with success and data twice"},
    {"endless-head", FAULT_AFTER, NULL, 0, DOES(strike_endless_head),
     "executed, then headers without end"},
    {"endless-body", FAULT_AFTER, NULL, 0, DOES(strike_endless_body),
     "executed, then a body without end"},
    {"bomb", FAULT_AFTER, "MiB", 64, DOES(strike_bomb),
     "executed, then gzip that unpacks to that much, 1:1000"},
    {"clock-ahead", FAULT_AFTER, "s", 3600, DOES(strike_ahead), "Date is that far in the future"},
    {"clock-behind", FAULT_AFTER, "s", 3600, DOES(strike_behind), "Date is that far in the past"},
    {"no-date", FAULT_AFTER, NULL, 0, DOES(strike_no_date), "answered without Date"},
    {"wrong-amount", FAULT_AFTER, "minor units", 100, LIES(bend_amount),
     "executed, answered with so much more"},
    {"wrong-currency", FAULT_AFTER, NULL, 0, LIES(bend_currency),
     "executed, answered with another currency"},
    {"wrong-terminal", FAULT_AFTER, NULL, 0, LIES(bend_terminal),
     "executed, answered with another terminal"},
    {"other-environment", FAULT_AFTER, NULL, 0, LIES(bend_environment),
     "references with the other environment's tag"},
    {"odd-status", FAULT_AFTER, NULL, 0, LIES(bend_status),
     "executed, answered with a status nobody lists"},
    {"no-reference", FAULT_AFTER, NULL, 0, LIES(bend_no_reference),
     "executed, answered without references"},
    {"no-echo", FAULT_AFTER, NULL, 0, LIES(bend_no_echo), "answered without customReference"},
    {"lag", FAULT_WITHIN, "ms", 2000, TWISTS(lag_ms), "executed, in no list for that long"},
    {"stale", FAULT_WITHIN, "ms", 2000, TWISTS(stale_ms), "a list as it was that long ago"},
    {"unstable", FAULT_WITHIN, "rows", 3, DOES(strike_unstable),
     "pages but the first move by up to so many rows"},
    {"no-filter", FAULT_WITHIN, NULL, 1, TWISTS(no_filter), "a list with every filter ignored"},
    {"same-page", FAULT_WITHIN, NULL, 1, TWISTS(same_page),
     "the first page, whichever was asked for"},
    {"twins", FAULT_WITHIN, "copies", 1, TWISTS(copies), "each row of a list so many times more"},
    {"flip", FAULT_WITHIN, "ms", 1000, TWISTS(flip_ms),
     "a modification: success, then failed that much later"},
    {"forget-key", FAULT_WITHIN, "ms", 1000, TWISTS(forget_ms),
     "executed, its key forgotten after that long"},
    {"no-idempotency", FAULT_WITHIN, NULL, 1, TWISTS(no_idempotency),
     "executed anew, whatever its key did before"},
    {"no-limit", FAULT_WITHIN, NULL, 1, TWISTS(no_limit),
     "a modification beyond every limit is taken"},
};
const size_t fault_kind_count = COUNT_OF(fault_kinds);
