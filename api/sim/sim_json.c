/* JSON of the simulator: a writer that places its own commas, the shapes of the objects, and a
   reader of request bodies. Deliberately nothing of this is shared with the client: a field
   misspelt on one side must not be misspelt on the other. */
#include "sim_internal.h"

#include <cjson/cJSON.h>

#include <stdlib.h>
#include <string.h>

static void comma(struct buf *out)
{
    char last = out->len ? out->data[out->len - 1] : '[';
    if (last != '{' && last != '[' && last != ':')
        buf_puts(out, ",");
}

void sim_json_open(struct buf *out, char bracket)
{
    comma(out);
    buf_add(out, &bracket, 1);
}

void sim_json_close(struct buf *out, char bracket)
{
    buf_add(out, &bracket, 1);
}

static void quote(struct buf *out, const char *text)
{
    buf_puts(out, "\"");
    for (const char *at = text; *at; at++) {
        if (*at == '"' || *at == '\\')
            buf_printf(out, "\\%c", *at);
        else if ((unsigned char)*at < ' ')
            buf_printf(out, "\\u%04x", (unsigned)(unsigned char)*at);
        else
            buf_add(out, at, 1);
    }
    buf_puts(out, "\"");
}

void sim_json_key(struct buf *out, const char *name)
{
    comma(out);
    quote(out, name);
    buf_puts(out, ":");
}

void sim_json_text(struct buf *out, const char *text)
{
    comma(out);
    if (text)
        quote(out, text);
    else
        buf_puts(out, "null");
}

void sim_json_number(struct buf *out, int64_t number)
{
    comma(out);
    buf_printf(out, "%lld", (long long)number);
}

void sim_json_bool(struct buf *out, bool value)
{
    comma(out);
    buf_puts(out, value ? "true" : "false");
}

void sim_json_pair(struct buf *out, const char *name, const char *text)
{
    if (!text || !text[0])
        return;
    sim_json_key(out, name);
    sim_json_text(out, text);
}

void sim_json_time(struct buf *out, const char *name, int64_t ms, bool zoned)
{
    if (ms == 0)
        return;
    struct civil at = time_to_civil(zoned ? ms : ms + SIM_ZONE_MS);
    sim_json_key(out, name);
    buf_printf(out,
               zoned ? "\"%04d-%02d-%02dT%02d:%02d:%02dZ\"" : "\"%04d-%02d-%02d %02d:%02d:%02d\"",
               at.year, at.month, at.day, at.hour, at.minute, at.second);
}

static void amount(struct buf *out, int64_t value, const char *currency)
{
    if (value == 0)
        return;
    sim_json_key(out, "amount");
    sim_json_open(out, '{');
    sim_json_key(out, "value");
    sim_json_number(out, value);
    sim_json_pair(out, "currency", currency);
    sim_json_close(out, '}');
}

static void nullable(struct buf *out, const char *name, const char *text, unsigned style)
{
    if (!text && !(style & JSON_LEAN))
        return;
    sim_json_key(out, name);
    sim_json_text(out, text);
}

static void attempts(struct buf *out, const struct sim_row *row)
{
    sim_json_key(out, "attempts");
    sim_json_open(out, '[');
    for (size_t i = 0; i < row->attempt_count; i++) {
        sim_json_open(out, '{');
        sim_json_pair(out, "paymentReference", row->attempts[i].reference);
        sim_json_pair(out, "status", row->attempts[i].status);
        sim_json_time(out, "createdAt", row->attempts[i].created_ms, false);
        sim_json_close(out, '}');
    }
    sim_json_close(out, ']');
}

static void session(struct buf *out, const struct sim_row *row, unsigned style)
{
    sim_json_pair(out, "sessionId", row->reference);
    sim_json_pair(out, "status", row->status);
    amount(out, row->amount, row->currency);
    nullable(out, "countryCode", row->country, style);
    nullable(out, "shopperLocale", row->locale, style);
    nullable(out, "deliverAt", row->deliver_at, style);
    nullable(out, "description", row->description, style);
    nullable(out, "customReference", row->custom_reference, style);
    sim_json_key(out, "isPreAuth");
    sim_json_bool(out, row->preauth);
    sim_json_pair(out, "urlOk", row->url_ok);
    sim_json_pair(out, "urlKo", row->url_ko);
    sim_json_time(out, "createdAt", row->created_ms, false);
    if (row->payment_reference[0] && !(style & JSON_LEAN)) {
        sim_json_pair(out, "paymentReference", row->payment_reference);
        sim_json_time(out, "completedAt", row->completed_ms, false);
        sim_json_pair(out, "paymentStatus", "AUTHORISED");
    }
    if (!(style & JSON_LEAN))
        attempts(out, row);
}

static void payment(struct buf *out, const struct sim_row *row, unsigned style)
{
    sim_json_pair(out, "posPaymentId", row->reference);
    sim_json_pair(out, "paymentReference", row->payment_reference);
    sim_json_pair(out, "poiId", row->poi_id);
    sim_json_pair(out, "status", row->status);
    amount(out, row->amount, row->currency);
    nullable(out, "description", row->description, style);
    nullable(out, "customReference", row->custom_reference, style);
    sim_json_key(out, "isPreAuth");
    sim_json_bool(out, row->preauth);
    sim_json_time(out, "createdAt", row->created_ms, style & JSON_LEAN);
    sim_json_time(out, "completedAt", row->completed_ms, style & JSON_LEAN);
}

static void modification(struct buf *out, const struct sim_row *row, unsigned style)
{
    sim_json_pair(out, "modificationReference", row->reference);
    sim_json_pair(out, "type", row->type);
    sim_json_pair(out, "paymentReference", row->payment_reference);
    sim_json_pair(out, "status", row->status);
    amount(out, row->amount, row->currency);
    nullable(out, "reason", row->reason, style);
    nullable(out, "failureReason", row->failure_reason, style);
    sim_json_time(out, "createdAt", row->created_ms, style & JSON_LEAN);
    sim_json_time(out, "updatedAt", row->updated_ms, style & JSON_LEAN);
}

void sim_json_row(struct buf *out, const struct sim_row *row, unsigned style)
{
    static void (*const shapes[SIM_KINDS])(struct buf *, const struct sim_row *, unsigned) = {
        [SIM_SESSION] = session, [SIM_PAYMENT] = payment, [SIM_MODIFICATION] = modification};
    sim_json_open(out, '{');
    shapes[row->kind](out, row, style);
    sim_json_close(out, '}');
}

void sim_json_session_created(struct buf *out, const struct sim_row *row, const char *url)
{
    sim_json_open(out, '{');
    sim_json_pair(out, "sessionId", row->reference);
    sim_json_pair(out, "paymentUrl", url);
    sim_json_pair(out, "status", row->status);
    amount(out, row->amount, row->currency);
    nullable(out, "description", row->description, JSON_LEAN);
    nullable(out, "customReference", row->custom_reference, JSON_LEAN);
    sim_json_key(out, "isPreAuth");
    sim_json_bool(out, row->preauth);
    sim_json_time(out, "createdAt", row->created_ms, false);
    sim_json_close(out, '}');
}

void sim_json_execution(struct buf *out, const struct sim_execution *execution)
{
    sim_json_open(out, '{');
    sim_json_pair(out, "key", execution->key);
    sim_json_pair(out, "environment", execution->live ? "live" : "test");
    sim_json_pair(out, "kind", execution->kind);
    sim_json_pair(out, "reference", execution->reference);
    sim_json_pair(out, "paymentReference", execution->payment_reference);
    sim_json_pair(out, "customReference", execution->custom_reference);
    amount(out, execution->amount, execution->currency);
    sim_json_pair(out, "status", execution->status);
    sim_json_key(out, "executed");
    sim_json_bool(out, execution->executed);
    sim_json_close(out, '}');
}

/* --- reading ------------------------------------------------------------------------------------
 */

/* A whole number of minor units. Its digits are read from its text: no rounding can hide in it. */
static bool read_whole(const cJSON *item, int64_t *out)
{
    if (!cJSON_IsNumber(item))
        return false;
    char *text = cJSON_PrintUnformatted(item);
    bool good = text && text[0] && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 15;
    *out = good ? strtoll(text, NULL, 10) : 0;
    cJSON_free(text);
    return good;
}

static bool read_amount(const cJSON *item, struct sim_json_value *value)
{
    if (!cJSON_IsObject(item) || cJSON_GetArraySize(item) != 2)
        return false;
    const char *currency = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "currency"));
    if (!read_whole(cJSON_GetObjectItemCaseSensitive(item, "value"), &value->amount) || !currency)
        return false;
    if (value->amount < 1 || value->amount > SIM_AMOUNT_MAX || strlen(currency) != 3 ||
        strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
        return false;
    memcpy(value->currency, currency, sizeof(value->currency));
    return true;
}

static bool read_value(const cJSON *item, enum sim_json_want want, struct sim_json_value *value,
                       struct arena *arena)
{
    switch (want) {
    case WANT_TEXT:
        value->text = arena_strdup(arena, cJSON_GetStringValue(item));
        return value->text != NULL;
    case WANT_BOOL:
        value->truth = cJSON_IsTrue(item);
        return cJSON_IsBool(item);
    case WANT_AMOUNT:
        return read_amount(item, value);
    }
    return false;
}

static bool complain(struct buf *trouble, const char *what, const char *name)
{
    buf_printf(trouble, "%s: %.80s", what, name);
    return false;
}

static bool read_object(const cJSON *root, const struct sim_json_field *fields, size_t count,
                        struct sim_json_value *values, struct arena *arena, struct buf *trouble)
{
    for (const cJSON *item = root->child; item; item = item->next) {
        size_t i = 0;
        while (i < count && strcmp(fields[i].name, item->string) != 0)
            i++;
        if (i == count)
            return complain(trouble, "Unknown parameter", item->string);
        if (values[i].given)
            return complain(trouble, "Parameter given twice", item->string);
        values[i].given = true;
        if (!read_value(item, fields[i].want, &values[i], arena))
            return complain(trouble, "Wrong format of parameter", item->string);
    }
    for (size_t i = 0; i < count; i++) {
        bool empty = fields[i].want == WANT_TEXT && values[i].text && !values[i].text[0];
        if (fields[i].required && (!values[i].given || empty))
            return complain(trouble, "Missing parameter", fields[i].name);
    }
    return true;
}

bool sim_json_read(const struct buf *body, const struct sim_json_field *fields, size_t count,
                   struct sim_json_value *values, struct arena *arena, struct buf *trouble)
{
    const char *end = NULL;
    cJSON *root =
        body->len ? cJSON_ParseWithLengthOpts(body->data, body->len + 1, &end, true) : NULL;
    memset(values, 0, count * sizeof(*values));
    bool good = false;
    if (cJSON_IsObject(root))
        good = read_object(root, fields, count, values, arena, trouble);
    else
        buf_puts(trouble, "The body is no JSON object");
    cJSON_Delete(root);
    return good;
}
