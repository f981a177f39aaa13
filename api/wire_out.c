/* The other direction of the wire: queries of GETs and bodies of POSTs. Bodies come from our own
   encoder: the journal keeps their exact bytes, and a number in them is always an integer. */
#include "wire.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* --- queries ------------------------------------------------------------------------------ */

void wire_percent(struct buf *out, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    for (; *text; text++) {
        if (strchr(plain, *text))
            buf_add(out, text, 1);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

static void wire_query_text(struct buf *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    buf_printf(out, "%s%s=", out->len ? "&" : "", name);
    wire_percent(out, value);
}

static void wire_query_number(struct buf *out, const char *name, int value)
{
    if (value > 0)
        buf_printf(out, "%s%s=%d", out->len ? "&" : "", name, value);
}

void wire_query(struct buf *out, const struct endpoint_row *row, const char *webcode,
                const struct list_query *query)
{
    wire_query_text(out, "webcode", webcode);
    if (row->query & QUERY_PAGES) {
        wire_query_number(out, "page", query->page);
        wire_query_number(out, "limit", query->limit);
        wire_query_text(out, "cursor", query->cursor);
    }
    if (row->query & QUERY_FILTERS) {
        wire_query_text(out, "status", query->status);
        wire_query_text(out, "dateFrom", query->date_from);
        wire_query_text(out, "dateTo", query->date_to);
    }
    if (row->query & QUERY_CUSTOM)
        wire_query_text(out, "customReference", query->custom_reference);
    if (row->query & QUERY_TERMINAL)
        wire_query_text(out, "poiId", query->poi_id);
    if (row->query & QUERY_SYNC && query->sync_from_provider)
        wire_query_text(out, "syncFromProvider", "true");
}

/* --- bodies ------------------------------------------------------------------------------- */

const char *const refund_reasons[] = {"FRAUD", "CUSTOMER REQUEST", "RETURN", "DUPLICATE", "OTHER",
                                      NULL};

static void body_text(struct buf *out, const char *text)
{
    buf_puts(out, "\"");
    for (const char *at = text; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\')
            buf_printf(out, "\\%c", byte);
        else if (byte < 0x20)
            buf_printf(out, "\\u%04x", byte);
        else
            buf_add(out, at, 1);
    }
    buf_puts(out, "\"");
}

/* Adds a member; the object's brace must be there. A part that is NULL or "" is left out. */
static void body_member(struct buf *out, const char *name, const char *text)
{
    if (!text || !*text)
        return;
    if (out->data[out->len - 1] != '{')
        buf_puts(out, ",");
    buf_printf(out, "\"%s\":", name);
    body_text(out, text);
}

static void body_amount(struct buf *out, const struct money *amount)
{
    assert(amount->known && amount->minor > 0 && amount->minor <= MONEY_MAX);
    assert(strlen(amount->currency) == 3);
    buf_printf(out, ",\"amount\":{\"value\":%" PRId64 ",\"currency\":\"%s\"}", amount->minor,
               amount->currency);
}

static void body_preauth(struct buf *out, bool is_preauth)
{
    if (is_preauth) /* false is the API's default */
        buf_puts(out, ",\"isPreAuth\":true");
}

static void body_open(struct buf *out, const char *webcode)
{
    assert(webcode && *webcode);
    buf_puts(out, "{");
    body_member(out, "webcode", webcode);
}

void body_session(struct buf *out, const char *webcode, const struct session_draft *draft)
{
    body_open(out, webcode);
    body_amount(out, &draft->amount);
    body_member(out, "urlOk", draft->url_ok);
    body_member(out, "urlKo", draft->url_ko);
    body_member(out, "countryCode", draft->country);
    body_member(out, "shopperLocale", draft->locale);
    body_member(out, "description", draft->description);
    body_member(out, "customReference", draft->custom_reference);
    body_preauth(out, draft->is_preauth);
    body_member(out, "deliverAt", draft->deliver_at);
    buf_puts(out, "}");
}

void body_charge(struct buf *out, const char *webcode, const struct charge_draft *draft)
{
    body_open(out, webcode);
    body_member(out, "poiId", draft->poi_id);
    body_amount(out, &draft->amount);
    body_member(out, "description", draft->description);
    body_member(out, "customReference", draft->custom_reference);
    body_preauth(out, draft->is_preauth);
    buf_puts(out, "}");
}

void body_modification(struct buf *out, const char *webcode, enum endpoint endpoint,
                       const struct modification_draft *draft)
{
    body_open(out, webcode);
    body_member(out, "paymentReference", draft->payment_reference);
    if (endpoint == EP_REFUND || endpoint == EP_CAPTURE)
        body_amount(out, &draft->amount);
    if (endpoint == EP_REFUND)
        body_member(out, "reason", draft->reason);
    buf_puts(out, "}");
}
