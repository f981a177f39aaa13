/* The model server: what a POST does, when, and what of it is told. It keeps the truth by which the
   referee judges. Knows nothing of api/sim. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world_server.h"

struct server server;
const char *const srv_terminals[3] = {"V400m-TEST-000001", "S1F2-TEST-000002",
                                      "P400Plus-TEST-000003"};
static struct work *works;

/* --- objects -------------------------------------------------------------------------------- */

static void make_reference(char out[48], const char *tag)
{
    char text[48];

    snprintf(text, sizeof text, WEBCODE "-%s-%06d", tag, ++server.serial);
    memcpy(out, text, sizeof text);
}

static int64_t lag(void)
{
    if (!quirk_now(FAULT_LIST_LAG) || !dice_chance(&world.fate, 600))
        return 0;
    fault_note(FAULT_LIST_LAG);
    return dice_below(&world.fate, server.lag);
}

static int64_t flip_time(int64_t from)
{
    if (!quirk_now(FAULT_FLIP) || !dice_chance(&world.fate, 400))
        return 0;
    fault_note(FAULT_FLIP);
    return from + dice_between(&world.fate, 5 * SECOND, 10 * MINUTE);
}

struct srv_payment *server_add_payment(const struct srv_payment *like, const char *tag)
{
    struct srv_payment *payment = &server.payments[server.payment_count];
    struct srv_payment row = *like;

    if (server.payment_count == SRV_ROWS - 1)
        return payment;
    server.payment_count++;
    make_reference(row.ref, tag);
    *payment = row;
    return payment;
}

/* Minor units that the open and good modifications of a type have taken. */
static int64_t taken(int payment, const char *type, bool only_good)
{
    int64_t sum = 0;

    for (int i = 0; i < server.modification_count; i++) {
        const struct srv_modification *row = &server.modifications[i];
        bool ended = world.now >= row->ends_at;
        if (row->payment == payment && strcmp(row->type, type) == 0 &&
            (ended ? row->good : !only_good))
            sum += row->minor > 0 ? row->minor : 1;
    }
    return sum;
}

int64_t server_captured(int payment)
{
    const struct srv_payment *row = &server.payments[payment];

    if (row->outcome != OUTCOME_GOOD)
        return 0;
    return row->preauth ? taken(payment, "capture", true) : row->minor;
}

int64_t server_refunded(int payment)
{
    return taken(payment, "refund", false);
}

static bool modification_allowed(int payment, const char *type, int64_t minor)
{
    const struct srv_payment *row = &server.payments[payment];
    bool hold = row->preauth && taken(payment, "capture", false) == 0 &&
                taken(payment, "cancel", false) == 0;

    if (row->outcome != OUTCOME_GOOD)
        return false;
    if (strcmp(type, "refund") != 0)
        return hold && minor <= row->minor;
    if (quirk(FAULT_NO_LIMIT) && minor <= row->minor) {
        fault_note(FAULT_NO_LIMIT);
        return true;
    }
    return minor <= server_captured(payment) - server_refunded(payment);
}

static int find_payment(const char *ref)
{
    for (int i = 0; i < server.payment_count; i++)
        if (strcmp(server.payments[i].ref, ref) == 0)
            return i;
    return -1;
}

struct srv_modification *server_add_modification(int payment, const char *type, int64_t minor,
                                                 int key)
{
    struct srv_modification *row = &server.modifications[server.modification_count];
    bool refund = strcmp(type, "refund") == 0, capture = strcmp(type, "capture") == 0;

    if (server.modification_count == SRV_ROWS - 1)
        return row;
    server.modification_count++;
    *row = (struct srv_modification){.payment = payment, .minor = minor, .key = key};
    snprintf(row->type, sizeof row->type, "%s", type);
    make_reference(row->ref, refund ? "RFXT" : capture ? "CTXT" : "MXT");
    row->made_at = world.now;
    row->seen_at = world.now + lag();
    row->good = dice_chance(&world.fate, 850);
    row->ends_at = world.now + (dice_chance(&world.fate, 50)
                                    ? dice_between(&world.fate, MINUTE, 20 * MINUTE)
                                    : dice_between(&world.fate, 200, 40 * SECOND));
    if (row->good)
        row->flips_at = flip_time(row->ends_at);
    return row;
}

/* --- keys ----------------------------------------------------------------------------------- */

struct srv_key *server_key(const char *key)
{
    for (int i = 0; i < server.key_count; i++)
        if (strcmp(server.keys[i].key, key) == 0)
            return &server.keys[i];
    return NULL;
}

static struct srv_key *key_of(const struct exchange *exchange)
{
    struct srv_key *key = server_key(exchange->key);

    if (key == NULL) {
        key = &server.keys[server.key_count++];
        *key = (struct srv_key){.first_at = world.now};
        snprintf(key->key, sizeof key->key, "%s", exchange->key);
        memcpy(key->path, exchange->path, strnlen(exchange->path, sizeof key->path - 1));
        key->body = mem_strdup(exchange->body);
    }
    return key;
}

/* What the key says about this request; true: it must not run. */
static bool key_decides(struct srv_key *key, struct exchange *exchange)
{
    bool same = strcmp(key->body, exchange->body) == 0 && strcmp(key->path, exchange->path) == 0;
    bool forgotten = quirk(FAULT_FORGOTTEN) && world.now - key->first_at > KEY_LIFE;

    if (!same)
        world_violation("key %s came with another body or path", key->key);
    if (key->posts == 1 || forgotten)
        return false;
    if (quirk(FAULT_DISHONOURED) && same) {
        if (key->running || key->answered)
            fault_note(FAULT_DISHONOURED);
        return false;
    }
    if (key->running || !same) {
        answer_error(exchange, 409, 0, "the key is in use");
    } else if (key->answered) {
        exchange->answer.status = key->status;
        answer_text(exchange, key->answer);
    } else {
        return false;
    }
    return true;
}

/* --- execution ------------------------------------------------------------------------------ */

static const char *charge(struct exchange *exchange, struct srv_key *key, struct buf *out)
{
    struct srv_payment like = {.key = (int)(key - server.keys)};
    int64_t luck = dice_below(&world.fate, 100);

    words_field(exchange->body, "poiId", like.poi, sizeof like.poi);
    words_field(exchange->body, "currency", like.currency, sizeof like.currency);
    words_field(exchange->body, "customReference", like.custom, sizeof like.custom);
    like.minor = words_number(exchange->body, "value");
    like.preauth = strstr(exchange->body, "\"isPreAuth\":true") != NULL;
    like.outcome = luck < 78 ? OUTCOME_GOOD : luck < 90 ? OUTCOME_REFUSED : OUTCOME_CANCELLED;
    like.made_at = world.now;
    like.seen_at = world.now + lag();
    if (like.outcome == OUTCOME_GOOD)
        like.flips_at = flip_time(world.now);
    else if (!server.lists_refused)
        like.seen_at = INT64_MAX;
    const struct srv_payment *payment = server_add_payment(&like, "POSXT");
    key->executions += like.outcome == OUTCOME_GOOD;
    words_payment(out, payment, world.now);
    return payment->ref;
}

static const char *modify(struct exchange *exchange, struct srv_key *key, struct buf *out)
{
    char ref[64];
    int64_t minor = words_number(exchange->body, "value");
    const char *type = strchr(exchange->path, '/') + 1;

    words_field(exchange->body, "paymentReference", ref, sizeof ref);
    int payment = find_payment(ref);
    if (payment < 0 || !modification_allowed(payment, type, minor < 0 ? 0 : minor))
        return NULL;
    const struct srv_modification *row = server_add_modification(
        payment, type, minor < 0 ? 0 : minor, (int)(key - server.keys));
    key->executions++;
    words_modification(out, row, world.now);
    return row->ref;
}

static const char *make_link(struct exchange *exchange, struct srv_key *key, struct buf *out)
{
    struct srv_session *session = &server.sessions[server.session_count];

    if (server.session_count < SRV_ROWS - 1)
        server.session_count++;
    *session = (struct srv_session){.payment = -1, .key = (int)(key - server.keys)};
    make_reference(session->ref, "EXTT");
    words_field(exchange->body, "currency", session->currency, sizeof session->currency);
    words_field(exchange->body, "customReference", session->custom, sizeof session->custom);
    session->minor = words_number(exchange->body, "value");
    session->preauth = strstr(exchange->body, "\"isPreAuth\":true") != NULL;
    session->made_at = world.now;
    session->seen_at = world.now + lag();
    char url[sizeof session->url];
    snprintf(url, sizeof url, "https://pay.example/%d", server.serial);
    memcpy(session->url, url, sizeof url);
    key->executions++;
    words_session(out, session, true);
    return session->ref;
}

static void execute(struct work *work)
{
    struct exchange *exchange = work->exchange;
    struct srv_key *key = &server.keys[work->key];
    struct buf text;
    bool link = strcmp(exchange->path, "payment/session") == 0;

    work->done = true;
    buf_init(&text, 8192);
    buf_puts(&text, "{\"success\":true,\"data\":");
    const char *made = exchange->charge ? charge(exchange, key, &text)
                       : link           ? make_link(exchange, key, &text)
                                        : modify(exchange, key, &text);
    buf_puts(&text, "}");
    key->running = false;
    key->last_end = world.now;
    key->objects += made != NULL;
    world_trace("server: %.8s %s -> %s", key->key, exchange->path, made == NULL ? "no" : made);
    if (made != NULL && !key->answered) {
        key->answered = true;
        key->status = exchange->charge ? 200 : link ? 201 : 202;
        key->answer = mem_strdup(text.data);
    }
    exchange->answer.status = exchange->charge ? 200 : link ? 201 : 202;
    if (made == NULL)
        answer_error(exchange, 400, 12001, "above what is left");
    else
        answer_text(exchange, text.data);
    buf_done(&text);
    if (work->tells)
        answer_bent(exchange);
}

static void on_work(void *ctx)
{
    struct work *work = ctx;

    if (!work->done && world.now >= work->due)
        execute(work);
}

static void work_at(struct work *work, int64_t when)
{
    work->due = when;
    time_at(when, on_work, work);
}

void server_cut_off(struct exchange *exchange)
{
    for (struct work *work = works; work != NULL; work = work->next) {
        int64_t last = world.now + work->quiet - SECOND - server.lag;
        if (work->exchange == exchange && !work->done && !work->beyond && work->due > last)
            work_at(work, last);
    }
}

/* --- what a fault makes of a POST ----------------------------------------------------------- */

/* The connection drops at when, if somebody still waits. */
static void on_drop(void *ctx)
{
    struct exchange *exchange = ctx;

    if (!exchange->done) {
        exchange->answer.status = 0;
        transfer_answered(exchange);
    }
}

static int64_t plan_late(struct exchange *exchange, int64_t quiet, bool beyond)
{
    bool silent = dice_chance(&world.fate, 500);
    int64_t end = silent ? exchange->gives_up_at : world.now + dice_below(&world.fate, 20 * SECOND);

    if (!silent)
        time_at(end, on_drop, exchange);
    if (beyond)
        return end + quiet + dice_between(&world.fate, 3 * MINUTE, 20 * MINUTE);
    int64_t most = quiet - 2 * SECOND - server.lag;
    /* The last seconds are where a reader that is too early goes wrong. */
    return end + (dice_chance(&world.fate, 400) ? most - dice_below(&world.fate, 5 * SECOND)
                                                : dice_below(&world.fate, most));
}

static void begin_work(struct exchange *exchange, struct srv_key *key)
{
    struct work *work = mem_alloc(sizeof *work);
    bool modifies = !exchange->charge && strcmp(exchange->path, "payment/session") != 0;
    enum fault fault = exchange->fault;
    int64_t normal = exchange->charge ? dice_between(&world.fate, SECOND, 40 * SECOND)
                                      : dice_between(&world.fate, 20, 2 * SECOND);

    *work = (struct work){.next = works, .exchange = exchange, .key = (int)(key - server.keys)};
    works = work;
    work->quiet =
        modifies ? world.settings.quiet_modification : world.settings.quiet_charge;
    work->tells = true;
    key->running = true;
    if (fault == FAULT_LATE || fault == FAULT_LATE_BEYOND) {
        work->tells = false;
        work->beyond = key->beyond = fault == FAULT_LATE_BEYOND;
        work_at(work, plan_late(exchange, work->quiet, work->beyond));
    } else if (fault == FAULT_SLOW && exchange->gives_up_at - world.now > 2 * SECOND) {
        work_at(work, world.now + dice_between(&world.fate, SECOND,
                                               exchange->gives_up_at - world.now - SECOND));
    } else if (fault == FAULT_TOO_LATE) {
        work_at(work, exchange->gives_up_at + dice_between(&world.fate, 1, 20 * SECOND));
    } else {
        work->tells = fault != FAULT_SILENCE_AFTER;
        work_at(work, world.now + normal);
    }
}

static void on_reply(void *ctx)
{
    struct exchange *exchange = ctx;

    if (!exchange->done)
        answer_bent(exchange);
}

static void receive_post(struct exchange *exchange)
{
    struct srv_key *key = key_of(exchange);

    key->posts++;
    world_trace("server: POST %s key %.8s arrives (%d)", exchange->path, key->key, key->posts);
    if (exchange->fault != FAULT_NONE)
        fault_note(exchange->fault);
    if (answer_refusal(exchange)) {
        if (exchange->fault != FAULT_SILENCE_BEFORE)
            time_at(world.now + dice_between(&world.fate, 1, 3 * SECOND), on_reply, exchange);
    } else if (key_decides(key, exchange)) {
        time_at(world.now + dice_between(&world.fate, 1, SECOND), on_reply, exchange);
    } else {
        begin_work(exchange, key);
    }
}

void server_receive(struct exchange *exchange)
{
    if (exchange->post) {
        receive_post(exchange);
        return;
    }
    if (exchange->fault == FAULT_SILENCE_BEFORE || exchange->fault == FAULT_TOO_LATE) {
        fault_note(exchange->fault);
        return;
    }
    int64_t work = dice_between(&world.fate, 5, 300);
    if (exchange->fault == FAULT_SLOW && exchange->gives_up_at - world.now > 2 * SECOND)
        work = dice_between(&world.fate, SECOND, exchange->gives_up_at - world.now - SECOND);
    time_at(world.now + work, lists_on_time, exchange);
}

void server_end(void)
{
    for (int i = 0; i < server.key_count; i++) {
        if (quirk(FAULT_FORGOTTEN) && world.now - server.keys[i].first_at > KEY_LIFE)
            fault_note(FAULT_FORGOTTEN);
        free(server.keys[i].body);
        free(server.keys[i].answer);
    }
    while (works != NULL) {
        struct work *work = works;
        works = work->next;
        free(work);
    }
    server.key_count = 0;
}
