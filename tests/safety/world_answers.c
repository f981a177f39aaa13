/* Answers of the model server: refusals, and honest text bent by a fault. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world_server.h"

static void set_text(struct exchange *exchange, const char *text, size_t len)
{
    char *copy = mem_alloc(len + 1);

    memcpy(copy, text, len);
    free(exchange->answer.text);
    exchange->answer.text = copy;
    exchange->answer.len = exchange->answer.cut_at = len;
}

void answer_text(struct exchange *exchange, const char *text)
{
    set_text(exchange, text, strlen(text));
}

void answer_error(struct exchange *exchange, int status, int code, const char *message)
{
    struct buf text;

    buf_init(&text, 1024);
    buf_printf(&text, "{\"success\":false,\"error\":{\"message\":\"%s\",", message);
    if (code != 0)
        buf_printf(&text, "\"code\":%d,", code);
    buf_printf(&text, "\"statusCode\":%d,\"traceId\":\"t-%d\"}}", status, ++server.serial);
    exchange->answer.status = status;
    answer_text(exchange, text.data);
    buf_done(&text);
}

static void answer_html(struct exchange *exchange)
{
    exchange->answer.status = (int)dice_between(&world.fate, 502, 504);
    answer_text(exchange, "<html><body><h1>Bad gateway</h1></body></html>");
}

static void refuse(struct exchange *exchange)
{
    static const struct {
        int status, code;
    } refusals[] = {{400, 12001}, {403, 11001}, {403, 11002}, {404, 10404}, {401, 11001}};
    int64_t i = dice_below(&world.fate, COUNT_OF(refusals));

    answer_error(exchange, refusals[i].status, refusals[i].code, "refused before execution");
}

bool answer_refusal(struct exchange *exchange)
{
    switch (exchange->fault) {
    case FAULT_SILENCE_BEFORE:
        return true;
    case FAULT_DROP_BEFORE:
        exchange->answer.status = 0;
        return true;
    case FAULT_ERROR_BEFORE:
        answer_error(exchange, 500, 0, "internal error");
        return true;
    case FAULT_HTML_BEFORE:
        answer_html(exchange);
        return true;
    case FAULT_PROVIDER_BEFORE:
        answer_error(exchange, 500, 13001, "payment provider error");
        return true;
    case FAULT_TERMINAL_BEFORE:
        answer_error(exchange, 502, 13004, "terminal offline");
        return true;
    case FAULT_BUSY_AFTER_TIME:
        exchange->answer.retry_after_s = (int)dice_between(&world.fate, 1, 90);
        answer_error(exchange, 429, 0, "too many requests");
        return true;
    case FAULT_BUSY:
        answer_error(exchange, 429, 0, "too many requests");
        return true;
    case FAULT_CONFLICT_BEFORE:
        answer_error(exchange, 409, 0, "conflict");
        return true;
    case FAULT_REJECT:
        refuse(exchange);
        return true;
    default:
        return false;
    }
}

/* --- bending -------------------------------------------------------------------------------- */

/* Every from becomes to. */
static void replace(struct exchange *exchange, const char *from, const char *to)
{
    struct buf out;
    const char *at = exchange->answer.text, *hit;

    if (at == NULL || strstr(at, from) == NULL)
        return;
    buf_init(&out, (size_t)1024 * 1024);
    for (; (hit = strstr(at, from)) != NULL; at = hit + strlen(from)) {
        buf_add(&out, at, (size_t)(hit - at));
        buf_puts(&out, to);
    }
    buf_puts(&out, at);
    set_text(exchange, out.data, out.len);
    buf_done(&out);
}

static void bend_deep(struct exchange *exchange)
{
    char nest[80] = "{\"nest\":";

    memset(nest + 8, '[', 35);
    memset(nest + 43, ']', 35);
    nest[78] = ',';
    if (exchange->answer.text != NULL && exchange->answer.text[0] == '{') {
        struct buf out;
        buf_init(&out, (size_t)1024 * 1024);
        buf_add(&out, nest, 79);
        buf_puts(&out, exchange->answer.text + 1);
        set_text(exchange, out.data, out.len);
        buf_done(&out);
    }
}

static void bend_target(struct exchange *exchange)
{
    for (size_t i = 0; i < COUNT_OF(srv_terminals); i++)
        if (exchange->answer.text != NULL && strstr(exchange->answer.text, srv_terminals[i])) {
            replace(exchange, srv_terminals[i], srv_terminals[(i + 1) % 3]);
            return;
        }
    if (!exchange->charge)
        replace(exchange, "\"paymentReference\":\"" WEBCODE "-",
                "\"paymentReference\":\"" WEBCODE "-POSXT-9");
}

static void bend_names(struct exchange *exchange)
{
    replace(exchange, "\"posPaymentId\"", "\"x1\"");
    replace(exchange, "\"paymentReference\"", "\"x2\"");
    replace(exchange, "\"modificationReference\"", "\"x3\"");
    replace(exchange, "\"sessionId\"", "\"x4\"");
}

static void bend_code(struct exchange *exchange)
{
    static const int codes[] = {203, 204, 206, 207, 208, 226, 299};

    if (exchange->answer.status >= 200 && exchange->answer.status <= 299)
        exchange->answer.status = codes[dice_below(&world.fate, COUNT_OF(codes))];
}

static void bend_env(struct exchange *exchange)
{
    replace(exchange, "XTT-", "XT-");
    replace(exchange, "SXT-", "SX-");
    replace(exchange, "FXT-", "FX-");
}

static void bend_text(struct exchange *exchange)
{
    switch (exchange->fault) {
    case FAULT_NOT_JSON:
        answer_text(exchange, dice_chance(&world.fate, 500) ? "OK" : "{\"success\":true,\"data\":");
        break;
    case FAULT_NOT_UTF8:
        replace(exchange, "\"status\":\"", "\"status\":\"\xff");
        break;
    case FAULT_TOO_DEEP:
        bend_deep(exchange);
        break;
    case FAULT_TWICE_NAMED:
        replace(exchange, "\"success\":", "\"success\":false,\"success\":");
        break;
    case FAULT_EMPTY:
        answer_text(exchange, "");
        break;
    case FAULT_WRONG_AMOUNT:
        replace(exchange, "\"value\":", "\"value\":1");
        break;
    case FAULT_WRONG_CURRENCY:
        replace(exchange, "\"EUR\"", "\"USD\"");
        break;
    case FAULT_WRONG_TARGET:
        bend_target(exchange);
        break;
    case FAULT_WRONG_ENV:
        bend_env(exchange);
        break;
    case FAULT_WRONG_STATUS:
        replace(exchange, "\"status\":\"", "\"status\":\"half-");
        break;
    case FAULT_NO_REFERENCE:
        bend_names(exchange);
        break;
    case FAULT_WRONG_CODE:
        bend_code(exchange);
        break;
    default:
        break;
    }
}

void answer_bent(struct exchange *exchange)
{
    struct answer *answer = &exchange->answer;

    switch (exchange->fault) {
    case FAULT_DROP_AFTER:
        answer->status = 0;
        break;
    case FAULT_ERROR_AFTER:
        answer_error(exchange, 500, 0, "internal error");
        break;
    case FAULT_HTML_AFTER:
        answer_html(exchange);
        break;
    case FAULT_PROVIDER_AFTER:
        answer_error(exchange, 500, 13001, "payment provider error");
        break;
    case FAULT_TERMINAL_AFTER:
        answer_error(exchange, 502, 13004, "terminal offline");
        break;
    case FAULT_CONFLICT_AFTER:
        answer_error(exchange, 409, 0, "conflict");
        break;
    default:
        if (answer->status >= 200 && answer->status <= 299)
            bend_text(exchange);
        if (exchange->fault == FAULT_CUT)
            answer->cut_at = (size_t)dice_below(&world.fate, (int64_t)answer->len);
    }
    if (answer->date == 0 && exchange->fault != FAULT_NO_DATE && !quirk_now(FAULT_NO_DATE))
        answer->date = server_utc(world.now) / 1000 * 1000;
    transfer_answered(exchange);
}
