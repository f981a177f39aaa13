/* One attempt of a call, as api/client_transfer.c makes it with libcurl, here through the world's
   network. What must be the same: on_leave is called once, right before the request leaves, and
   stops it when it says no; a time-out is counted over connecting, waiting and the answer; status
   and Date of an answer that is cut are known; a dropped attempt calls nobody. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"
#include "../../api/wire.h"

struct flight {
    struct api_call *call;
    struct proc *proc;
    struct loop_timer *timer;   /* connecting, or the answer that has arrived */
    struct loop_timer *limit;
    struct exchange *exchange;  /* NULL: still connecting */
    char *body, *key;
    enum fault fault;
    struct answer answer;
};

static struct exchange *exchanges;

static const char *path_of(const struct api_call *call)
{
    return call->url + strlen(call->client->base);
}

char *client_base_url(const char *base_url, enum env env, const char **scheme, struct err *err)
{
    (void)env, (void)err;
    *scheme = "https";
    return mem_strdup(base_url);
}

/* --- the end of an attempt -------------------------------------------------------------------- */

static void flight_free(struct flight *flight)
{
    loop_timer_stop(flight->call->client->loop, flight->timer);
    loop_timer_stop(flight->call->client->loop, flight->limit);
    if (flight->exchange != NULL) {
        flight->exchange->flight = NULL;
        server_cut_off(flight->exchange);
    }
    free(flight->body);
    free(flight->key);
    free(flight->answer.text);
    flight->call->easy = NULL;
    free(flight);
}

static void flight_over(struct flight *flight, const struct attempt_result *result)
{
    struct api_call *call = flight->call;

    world_trace("%s ends: %d%s %s", flight->call->url, result->http_status,
                result->whole ? "" : " (broken)", result->trouble);
    flight_free(flight);
    client_attempt_done(call, result);
}

static void flight_fails(struct flight *flight, const char *trouble)
{
    struct attempt_result result = {.retry_after_s = -1};

    snprintf(result.trouble, sizeof result.trouble, "%s", trouble);
    flight_over(flight, &result);
}

static void on_limit(void *ctx)
{
    struct flight *flight = ctx;

    flight->limit = NULL;
    flight_fails(flight, "Timeout was reached");
}

/* The answer is there: all of it, or what came before the connection dropped. */
static void on_answer(void *ctx)
{
    struct flight *flight = ctx;
    const struct answer *answer = &flight->answer;
    struct attempt_result result = {.http_status = answer->status,
                                    .retry_after_s = answer->retry_after_s,
                                    .server_utc_ms = answer->date};

    flight->timer = NULL;
    result.whole = answer->status != 0 && answer->cut_at >= answer->len;
    if (answer->len > 0 && !buf_add(&flight->call->body, answer->text,
                                    answer->cut_at < answer->len ? answer->cut_at : answer->len))
        result.too_big = true;
    result.whole = result.whole && !result.too_big;
    if (!result.whole)
        snprintf(result.trouble, sizeof result.trouble, "%s",
                 answer->status == 0 ? "Empty reply from server" : "the answer was cut");
    flight_over(flight, &result);
}

void transfer_answered(struct exchange *exchange)
{
    struct flight *flight = exchange->flight;

    exchange->done = true;
    if (flight == NULL)
        return;
    int64_t travel = dice_between(&world.fate, 5, 150);
    flight->exchange = NULL;
    exchange->flight = NULL;
    flight->answer = exchange->answer;
    exchange->answer.text = NULL;
    flight->timer = loop_timer_start(flight->call->client->loop, travel, on_answer, flight);
}

/* --- the request leaves ----------------------------------------------------------------------- */

static void exchange_free(struct exchange *exchange)
{
    free(exchange->path);
    free(exchange->query);
    free(exchange->body);
    free(exchange->key);
    free(exchange->answer.text);
    free(exchange);
}

static void arrives(void *ctx)
{
    struct exchange *exchange = ctx;

    exchange->arrived_at = world.now;
    server_receive(exchange);
}

static struct exchange *exchange_new(struct flight *flight)
{
    const struct api_call *call = flight->call;
    const char *path = path_of(call), *query = strchr(path, '?');
    struct exchange *exchange = mem_alloc(sizeof *exchange);

    *exchange = (struct exchange){.next = exchanges,
                                  .flight = flight,
                                  .post = call->post,
                                  .charge = call->endpoint == EP_POS_CHARGE,
                                  .query = mem_strdup(query == NULL ? "" : query + 1),
                                  .body = mem_strdup(flight->body),
                                  .key = mem_strdup(flight->key),
                                  .fault = flight->fault,
                                  .gives_up_at = world.now + call->deadline - clock_boot_ms(),
                                  .answer = {.retry_after_s = -1}};
    exchange->path = mem_alloc(strlen(path) + 1);
    memcpy(exchange->path, path, query == NULL ? strlen(path) : (size_t)(query - path));
    exchanges = exchange;
    return exchange;
}

/* As transfer_leaves() of the real client: false ends the attempt, nothing has left. */
static bool may_leave(struct flight *flight)
{
    struct api_call *call = flight->call;

    if (call->aborted)
        return false;
    if (call->post && call->left) {
        call->aborted = true;
        return false;
    }
    if (call->on_leave != NULL && !call->on_leave(call->ctx)) {
        call->aborted = true;
        return false;
    }
    return !flight->proc->dying; /* killed on the way: nothing of it runs any more */
}

static void on_connected(void *ctx)
{
    struct flight *flight = ctx;
    struct api_call *call = flight->call;

    flight->timer = NULL;
    if (!may_leave(flight)) {
        if (flight->proc->dying)
            return;
        flight_fails(flight, "Operation was aborted by an application callback");
        return;
    }
    call->left = true;
    if (call->post)
        referee_leaves(flight->proc, flight->key);
    flight->exchange = exchange_new(flight);
    time_at(world.now + dice_between(&world.fate, 5, 150), arrives, flight->exchange);
    /* The moment right after a request has left is the worst one to die in. */
    if (call->post && world.settings.crashes && !world.healthy && dice_chance(&world.fate, 30)) {
        fault_note(FAULT_KILL);
        world_trace("killed right after sending");
        console_kill(flight->proc);
    }
}

static void on_refused(void *ctx)
{
    struct flight *flight = ctx;

    flight->timer = NULL;
    flight_fails(flight, flight->fault == FAULT_REFUSED ? "Connection refused"
                         : flight->fault == FAULT_TLS   ? "SSL connect error"
                                                        : "Connection timed out");
}

/* --- starting and dropping -------------------------------------------------------------------- */

bool client_attempt_start(struct api_call *call, const void *body, size_t body_len,
                          const char *idempotency_key)
{
    struct loop *loop = call->client->loop;
    struct flight *flight;
    bool list = !call->post && strstr(call->url, "page=") != NULL;
    int64_t left = call->deadline - clock_boot_ms();

    assert(call->easy == NULL);
    if (world.running == NULL || world.running->dying)
        return false;
    buf_clear(&call->body);
    flight = mem_alloc(sizeof *flight);
    flight->call = call;
    flight->proc = world.running;
    flight->fault = fault_draw(call->post, call->endpoint == EP_POS_CHARGE, list);
    if (body != NULL) {
        flight->body = mem_alloc(body_len + 1);
        memcpy(flight->body, body, body_len);
    }
    flight->key = mem_strdup(idempotency_key);
    call->easy = flight;
    world_trace("%s %s key %.8s: %s", call->post ? "POST" : "GET", path_of(call),
                idempotency_key == NULL ? "-" : idempotency_key, fault_names[flight->fault]);
    flight->limit = loop_timer_start(loop, left > 1 ? left : 1, on_limit, flight);
    bool fails = flight->fault == FAULT_REFUSED || flight->fault == FAULT_TLS ||
                 flight->fault == FAULT_CONNECT_SLOW;
    int64_t wait = flight->fault == FAULT_CONNECT_SLOW
                       ? call->client->connect_timeout_ms
                       : dice_between(&world.fate, 1, flight->fault == FAULT_TLS ? 3000 : 200);
    if (fails)
        fault_note(flight->fault);
    flight->timer = loop_timer_start(loop, wait, fails ? on_refused : on_connected, flight);
    return true;
}

void client_attempt_drop(struct api_call *call)
{
    if (call->easy != NULL)
        flight_free(call->easy);
}

void transfer_begin(void)
{
    exchanges = NULL;
}

void transfer_end(void)
{
    while (exchanges != NULL) {
        struct exchange *exchange = exchanges;
        exchanges = exchange->next;
        exchange_free(exchange);
    }
}
