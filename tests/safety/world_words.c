/* What the model server writes and reads: its objects as JSON text, times, fields of bodies. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

int64_t server_utc(int64_t when)
{
    return SOME_TIME + when + server.skew;
}

void words_time(char out[32], int64_t when, bool zoned)
{
    int64_t ms = server_utc(when) + (zoned ? 0 : server.zone);
    struct civil at = time_to_civil(ms);

    snprintf(out, 32, zoned ? "%04d-%02d-%02dT%02d:%02d:%02dZ" : "%04d-%02d-%02d %02d:%02d:%02d",
             at.year % 10000, at.month, at.day, at.hour, at.minute, at.second);
}

/* The first "name": of a body of ours; its text, or its number as text. */
bool words_field(const char *text, const char *name, char *out, size_t size)
{
    char mark[40];
    size_t len = 0;

    snprintf(mark, sizeof mark, "\"%s\":", name);
    const char *at = strstr(text, mark);
    out[0] = '\0';
    if (at == NULL)
        return false;
    at += strlen(mark);
    bool quoted = *at == '"';
    for (at += quoted; *at != '\0' && len + 1 < size; at++) {
        if (quoted ? *at == '"' : *at == ',' || *at == '}')
            break;
        if (quoted && *at == '\\')
            at++;
        out[len++] = *at;
    }
    out[len] = '\0';
    return true;
}

int64_t words_number(const char *text, const char *name)
{
    char digits[32];

    return words_field(text, name, digits, sizeof digits) ? strtoll(digits, NULL, 10) : -1;
}

const char *srv_payment_status(const struct srv_payment *payment, int64_t as_of)
{
    if (payment->flips_at != 0 && as_of >= payment->flips_at)
        return "failed";
    return payment->outcome == OUTCOME_GOOD      ? "success"
           : payment->outcome == OUTCOME_REFUSED ? "refused"
                                                 : "cancelled";
}

const char *srv_modification_status(const struct srv_modification *row, int64_t as_of)
{
    if (row->flips_at != 0 && as_of >= row->flips_at)
        return "failed";
    if (as_of >= row->ends_at)
        return row->good ? "success" : "failed";
    return strcmp(row->type, "refund") == 0 ? "pending" : "received";
}

static void words_amount(struct buf *out, int64_t minor, const char *currency)
{
    buf_printf(out, ",\"amount\":{\"value\":%" PRId64 ",\"currency\":\"%s\"}", minor, currency);
}

static void words_created(struct buf *out, int64_t when, bool zoned)
{
    char text[32];

    words_time(text, when, zoned);
    buf_printf(out, ",\"createdAt\":\"%s\"", text);
}

void words_payment(struct buf *out, const struct srv_payment *payment, int64_t as_of)
{
    buf_printf(out, "{\"posPaymentId\":\"%s\",\"paymentReference\":\"%s\",\"status\":\"%s\"",
               payment->ref, payment->ref, srv_payment_status(payment, as_of));
    buf_printf(out, ",\"poiId\":\"%s\"", payment->poi);
    words_amount(out, payment->minor, payment->currency);
    if (server.echoes && payment->custom[0] != '\0')
        buf_printf(out, ",\"customReference\":\"%s\"", payment->custom);
    buf_printf(out, ",\"isPreAuth\":%s", payment->preauth ? "true" : "false");
    words_created(out, payment->made_at, server.zoned);
    buf_puts(out, "}");
}

void words_modification(struct buf *out, const struct srv_modification *row, int64_t as_of)
{
    const struct srv_payment *payment = &server.payments[row->payment];

    buf_printf(out, "{\"modificationReference\":\"%s\",\"type\":\"%s\",\"status\":\"%s\"", row->ref,
               row->type, srv_modification_status(row, as_of));
    if (!quirk(FAULT_NO_HOME))
        buf_printf(out, ",\"paymentReference\":\"%s\"", payment->ref);
    else
        fault_note(FAULT_NO_HOME);
    if (row->minor > 0)
        words_amount(out, row->minor, payment->currency);
    words_created(out, row->made_at, server.zoned);
    buf_puts(out, "}");
}

void words_session(struct buf *out, const struct srv_session *session, bool with_url)
{
    buf_printf(out, "{\"sessionId\":\"%s\",\"status\":\"%s\"", session->ref,
               session->payment < 0 ? "pending" : "completed");
    words_amount(out, session->minor, session->currency);
    if (server.echoes && session->custom[0] != '\0')
        buf_printf(out, ",\"customReference\":\"%s\"", session->custom);
    if (with_url)
        buf_printf(out, ",\"paymentUrl\":\"%s\"", session->url);
    if (session->payment >= 0)
        buf_printf(out, ",\"paymentReference\":\"%s\",\"paymentStatus\":\"AUTHORISED\"",
                   server.payments[session->payment].ref);
    buf_printf(out, ",\"isPreAuth\":%s", session->preauth ? "true" : "false");
    words_created(out, session->made_at, false);
    buf_puts(out, "}");
}
