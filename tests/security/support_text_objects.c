/* The answers of the hostile server: every text of every object is a payload, but for the words
   without which a screen cannot be reached at all, which stand in the first rows only. */
#include "support_text.h"

#include "../../tui/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ID_MAX = 90 };

/* Every text of every answer. */
enum field {
    S_ID,
    S_PAYMENT,
    S_STATUS,
    S_DESCRIPTION,
    S_REFERENCE,
    S_PAY_STATUS,
    S_URL,
    S_CREATED,
    S_COMPLETED,
    S_COUNTRY,
    S_LOCALE,
    S_DELIVER,
    S_OK,
    S_KO,
    A_PAYMENT,
    A_STATUS,
    A_CREATED,
    P_ID,
    P_STATUS,
    P_POI,
    P_DESCRIPTION,
    P_REFERENCE,
    P_FAILURE,
    P_CREATED,
    M_ID,
    M_PAYMENT,
    M_STATUS,
    M_TYPE,
    M_REASON,
    M_FAILURE,
    M_REFERENCE,
    M_CREATED,
    M_UPDATED,
    T_POI,
    T_STATUS,
    T_NAME,
    T_MODEL,
    T_CREATED,
    E_MESSAGE,
    E_TRACE,
    CURRENCY,
    NAME,
    VALUE,
    CURSOR,
    FIELDS
};

static unsigned char
    *sent; /* by field and payload: 1, an answer carried it; a cursor: it came back */

/* --- texts ------------------------------------------------------------------------------------ */

/* Every second one in \u escapes throughout, as a server may write them. */
static void quote(struct buf *out, const char *text, bool escaped, bool raw)
{
    size_t len = strlen(text);
    int32_t point;

    buf_puts(out, "\"");
    for (size_t at = 0, step; at < len; at += step) {
        step = text_decode(text + at, len - at, &point);
        if (raw || point < 0)
            buf_add(out, text + at, step);
        else if (point == '"' || point == '\\')
            buf_printf(out, "\\%c", (int)point);
        else if (point < 0x20 || (escaped && point < 0x10000))
            buf_printf(out, "\\u%04x", (unsigned)point);
        else if (escaped)
            buf_printf(out, "\\u%04x\\u%04x", 0xD7C0u + ((unsigned)point >> 10),
                       0xDC00u + ((unsigned)point & 0x3FF));
        else
            buf_add(out, text + at, step);
    }
    buf_puts(out, "\"");
}

static size_t payload_index(const struct hostile *hostile, enum field field, int row)
{
    const struct payloads *all = hostile->payloads;
    size_t count = hostile->broken ? all->count - all->json : all->json;

    return (hostile->from + (size_t)row + (size_t)field * 37) % count +
           (hostile->broken ? all->json : 0);
}

static void note_sent(const struct hostile *hostile, enum field field, size_t index)
{
    if (!hostile->benign)
        sent[(size_t)field * hostile->payloads->count + index] = 1;
}

static char *payload_for(struct hostile *hostile, enum field field, int row, size_t max)
{
    const struct payloads *all = hostile->payloads;
    size_t index = payload_index(hostile, field, row);

    hostile->texts++;
    if (field != CURSOR)
        note_sent(hostile, field, index);
    char *bytes = payload_cut(all->all[index].bytes, max);
    if (field == T_NAME) { /* which follows a number: no mark may stand on that */
        char *behind = bytes;
        bytes = mem_alloc(strlen(behind) + 2);
        bytes[0] = 'x';
        memcpy(bytes + 1, behind, strlen(behind));
        free(behind);
    }
    if (!hostile->benign)
        return bytes;
    char *twin = payload_twin(bytes);
    free(bytes);
    return twin;
}

/* "name":"payload" and, where ids must differ, a number behind it. */
static void put(struct hostile *hostile, struct buf *out, const char *name, enum field field,
                int row, int number)
{
    char *text = payload_for(hostile, field, row, number >= 0 ? ID_MAX : 0);
    struct buf whole;

    buf_init(&whole, 1 << 20);
    if (field == T_NAME) /* terminals stand in the order of their names */
        buf_printf(&whole, "%02d ", row);
    buf_puts(&whole, text);
    if (number >= 0)
        buf_printf(&whole, "-%03d", number);
    if (out->data[out->len - 1] != '{')
        buf_puts(out, ",");
    buf_printf(out, "\"%s\":", name);
    quote(out, whole.data, (row + (int)field) % 2, hostile->broken);
    buf_done(&whole);
    free(text);
}

static void put_word(struct buf *out, const char *name, const char *word)
{
    if (out->data[out->len - 1] != '{')
        buf_puts(out, ",");
    buf_printf(out, "\"%s\":\"%s\"", name, word);
}

/* The API's word in the first rows, a payload after them. */
static void put_either(struct hostile *hostile, struct buf *out, const char *name, enum field field,
                       int row, const char *const words[])
{
    int count = 0;

    while (words[count])
        count++;
    if (row < count)
        put_word(out, name, words[row]);
    else
        put(hostile, out, name, field, row, -1);
}

/* Lists have one order in both worlds: rows either have a time that can be read, and payloads as
   ids, or the other way round. */
static bool has_plain_ids(int row)
{
    return row >= HOSTILE_DATED;
}

static void put_time(struct hostile *hostile, struct buf *out, const char *name, enum field field,
                     int row)
{
    char when[32];

    snprintf(when, sizeof when, "2026-03-%02d 10:%02d:00", 28 - row % HOSTILE_DATED, row);
    if (has_plain_ids(row))
        put(hostile, out, name, field, row, -1);
    else
        put_word(out, name, when);
}

/* Of ids: how a plain one begins; what is added to the row's number behind a payload, so that a
   payment is not taken for another object's; how many of the first rows have a plain one as well:
   those can be paid back, extended, charged. */
static const struct {
    const char *prefix;
    int added, plain;
} ids[] = {
    [S_ID] = {"HOTEL9-SXT-ROW", 0, 0},          [S_PAYMENT] = {"HOTEL9-PXTT-ROW", 100, 2},
    [P_ID] = {"HOTEL9-POSXT-ROW", 0, 2},        [M_ID] = {"HOTEL9-MXT-ROW", 0, 0},
    [M_PAYMENT] = {"HOTEL9-POSXT-ROW", 200, 2}, [T_POI] = {"V400m-TEST-000", 0, 2},
};

static void put_id(struct hostile *hostile, struct buf *out, const char *name, enum field field,
                   int row)
{
    char id[40];

    snprintf(id, sizeof id, "%s%03d", ids[field].prefix, row);
    if (row < ids[field].plain || has_plain_ids(row))
        put_word(out, name, id);
    else
        put(hostile, out, name, field, row, ids[field].added + row);
}

static void put_amount(struct hostile *hostile, struct buf *out, int row)
{
    if (row % 7 == 6 || has_plain_ids(row)) {
        buf_printf(out, ",\"amount\":{\"value\":%d", 1000 + row);
        put(hostile, out, "currency", CURRENCY, row, -1);
        buf_puts(out, "}");
    } else {
        buf_printf(out, ",\"amount\":{\"value\":%d,\"currency\":\"EUR\"}", 20000 + row * 100);
    }
}

/* A field that no version of the API has yet. */
static void put_unknown(struct hostile *hostile, struct buf *out, int row)
{
    char *name = payload_for(hostile, NAME, row, ID_MAX);

    buf_puts(out, ",");
    quote(out, name, row % 2, hostile->broken);
    buf_puts(out, ":{");
    put(hostile, out, "v", VALUE, row, -1);
    buf_puts(out, "}");
    free(name);
}

/* --- objects ---------------------------------------------------------------------------------- */

static void put_attempts(struct hostile *hostile, struct buf *out, int row)
{
    buf_puts(out, ",\"attempts\":[");
    for (int i = 0; i < 2; i++) {
        buf_puts(out, i ? ",{" : "{");
        put(hostile, out, "paymentReference", A_PAYMENT, row * 2 + i, 400 + row);
        put(hostile, out, "status", A_STATUS, row * 2 + i, -1);
        put_time(hostile, out, "createdAt", A_CREATED, row);
        buf_puts(out, "}");
    }
    buf_puts(out, "]");
}

static void put_session(struct hostile *hostile, struct buf *out, int row)
{
    static const char *const statuses[] = {"completed", "completed", "pending", "expired", NULL};

    buf_puts(out, "{");
    put_id(hostile, out, "sessionId", S_ID, row);
    put_id(hostile, out, "paymentReference", S_PAYMENT, row);
    put_either(hostile, out, "status", S_STATUS, row, statuses);
    put_amount(hostile, out, row);
    put(hostile, out, "description", S_DESCRIPTION, row, -1);
    put(hostile, out, "customReference", S_REFERENCE, row, -1);
    put(hostile, out, "paymentStatus", S_PAY_STATUS, row, -1);
    put(hostile, out, "paymentUrl", S_URL, row, -1);
    put(hostile, out, "countryCode", S_COUNTRY, row, -1);
    put(hostile, out, "shopperLocale", S_LOCALE, row, -1);
    put(hostile, out, "deliverAt", S_DELIVER, row, -1);
    put(hostile, out, "urlOk", S_OK, row, -1);
    put(hostile, out, "urlKo", S_KO, row, -1);
    buf_printf(out, ",\"isPreAuth\":%s", row == 1 ? "true" : "false");
    put_time(hostile, out, "createdAt", S_CREATED, row);
    put_time(hostile, out, "completedAt", S_COMPLETED, row);
    put_attempts(hostile, out, row);
    put_unknown(hostile, out, row);
    buf_puts(out, "}");
}

static void put_payment(struct hostile *hostile, struct buf *out, int row)
{
    static const char *const statuses[] = {"success", "success", "refused", NULL};

    buf_puts(out, "{");
    put_id(hostile, out, "posPaymentId", P_ID, row);
    put_either(hostile, out, "status", P_STATUS, row, statuses);
    put_amount(hostile, out, row);
    put(hostile, out, "poiId", P_POI, row, 300 + row);
    put(hostile, out, "description", P_DESCRIPTION, row, -1);
    put(hostile, out, "customReference", P_REFERENCE, row, -1);
    put(hostile, out, "failureReason", P_FAILURE, row, -1);
    buf_printf(out, ",\"isPreAuth\":%s", row == 1 ? "true" : "false");
    put_time(hostile, out, "createdAt", P_CREATED, row);
    put_unknown(hostile, out, row);
    buf_puts(out, "}");
}

static void put_modification(struct hostile *hostile, struct buf *out, int row)
{
    static const char *const statuses[] = {"failed", "failed", "pending", "failed", NULL};
    static const char *const types[] = {"refund", "extend", "refund", "capture", NULL};

    buf_puts(out, "{");
    put_id(hostile, out, "modificationReference", M_ID, row);
    put_id(hostile, out, "paymentReference", M_PAYMENT, row);
    put_either(hostile, out, "status", M_STATUS, row, statuses);
    put_either(hostile, out, "type", M_TYPE, row, types);
    put_amount(hostile, out, row);
    put(hostile, out, "reason", M_REASON, row, -1);
    put(hostile, out, "failureReason", M_FAILURE, row, -1);
    put(hostile, out, "customReference", M_REFERENCE, row, -1);
    put_time(hostile, out, "createdAt", M_CREATED, row);
    put_time(hostile, out, "updatedAt", M_UPDATED, row);
    put_unknown(hostile, out, row);
    buf_puts(out, "}");
}

static void put_terminal(struct hostile *hostile, struct buf *out, int row)
{
    buf_puts(out, "{");
    /* On what holds signs of other kinds nothing can be charged. */
    put_id(hostile, out, "poiId", T_POI, row);
    put(hostile, out, "status", T_STATUS, row, -1);
    put(hostile, out, "name", T_NAME, row, -1);
    put(hostile, out, "model", T_MODEL, row, -1);
    put(hostile, out, "createdAt", T_CREATED, row, -1);
    put_unknown(hostile, out, row);
    buf_puts(out, "}");
}

static void (*const rows[])(struct hostile *hostile, struct buf *out, int row) = {
    [HOSTILE_SESSION] = put_session,
    [HOSTILE_PAYMENT] = put_payment,
    [HOSTILE_MODIFICATION] = put_modification,
    [HOSTILE_TERMINAL] = put_terminal,
};

void hostile_list(struct hostile *hostile, struct buf *out, enum hostile_kind kind, int from,
                  int count)
{
    int total = count;

    if (hostile->page > 1)
        count = 0;
    buf_puts(out, "{\"success\":true,\"data\":{\"items\":[");
    for (int i = from; i < from + count; i++) {
        buf_puts(out, i > from ? "," : "");
        rows[kind](hostile, out, i);
    }
    buf_printf(out, "],\"pagination\":{\"page\":%d,\"limit\":100,\"total\":%d,\"totalPages\":1",
               hostile->page, total);
    if (hostile->page == 1) {
        put(hostile, out, "nextCursor", CURSOR, hostile->cursors, hostile->cursors);
        hostile->cursors++;
    }
    buf_puts(out, "}}}");
}

void hostile_one(struct hostile *hostile, struct buf *out, enum hostile_kind kind, int which)
{
    buf_puts(out, "{\"success\":true,\"data\":");
    rows[kind](hostile, out, which);
    put(hostile, out, "traceId", E_TRACE, which, -1);
    buf_puts(out, "}");
}

void hostile_error(struct hostile *hostile, struct buf *out, int which)
{
    buf_puts(out, "{\"success\":false,\"error\":{\"code\":12001,\"statusCode\":400");
    put(hostile, out, "message", E_MESSAGE, which, -1);
    put(hostile, out, "traceId", E_TRACE, which, -1);
    buf_puts(out, "}}");
}

/* A cursor ends in the number of its answer. */
void hostile_cursor_came(struct hostile *hostile, const char *query)
{
    const char *at = strstr(query, "cursor=");
    struct buf came;
    unsigned byte;

    if (!at)
        return;
    buf_init(&came, 1 << 16);
    buf_puts(&came, "");
    for (at += strlen("cursor="); *at && *at != '&'; at++) {
        bool escaped = *at == '%' && sscanf(at + 1, "%2x", &byte) == 1;
        buf_add(&came, escaped ? (char[]){(char)byte} : at, 1);
        at += escaped ? 2 : 0;
    }
    const char *dash = strrchr(came.data, '-');
    int row = dash ? (int)strtol(dash + 1, NULL, 10) : 0;
    char *text = payload_for(hostile, CURSOR, row, ID_MAX);
    bool same = dash && (size_t)(dash - came.data) == strlen(text) &&
                memcmp(text, came.data, strlen(text)) == 0;
    if (same)
        note_sent(hostile, CURSOR, payload_index(hostile, CURSOR, row));
    hostile->strange += !same;
    free(text);
    buf_done(&came);
}

/* --- answers to what was asked for ------------------------------------------------------------ */

long hostile_value(const char *body)
{
    const char *at = strstr(body, "\"value\":");

    return at ? strtol(at + 8, NULL, 10) : 0;
}

/* What the request said comes back as it was: else the answer would not be one to this request. */
static void echo(struct buf *out, const char *body, const char *name)
{
    char key[40];
    int len = snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(body, key);
    size_t value = 0;

    if (!at)
        return;
    at += len;
    if (*at == '"')
        for (value = 1; at[value] && at[value] != '"'; value++)
            value += at[value] == '\\';
    value = *at == '{' ? strcspn(at, "}") + 1 : *at == '"' ? value + 1 : strcspn(at, ",}");
    buf_printf(out, ",\"%s\":%.*s", name, (int)value, at);
}

void hostile_outcome(struct hostile *hostile, struct buf *out, const char *path, const char *body)
{
    bool charge = strncmp(path, "pos/payment", 11) == 0;
    bool link = strncmp(path, "payment/session", 15) == 0;
    int row = (int)(hostile_value(body) / 100) % HOSTILE_DATED;
    char type[16];

    snprintf(type, sizeof type, "%.10s", strchr(path, '/') + 1);
    buf_puts(out, "{\"success\":true,\"data\":{");
    put_word(out, "status", charge ? "success" : "pending");
    put(hostile, out,
        charge ? "posPaymentId"
        : link ? "sessionId"
               : "modificationReference",
        charge ? P_ID
        : link ? S_ID
               : M_ID,
        row, 900 + row);
    static const char *const echoed[] = {"amount", "poiId", "customReference", "isPreAuth"};
    for (size_t i = 0; i < COUNT_OF(echoed); i++)
        echo(out, body, echoed[i]);
    if (!charge && !link) {
        echo(out, body, "paymentReference");
        put_word(out, "type", type);
        put(hostile, out, "reason", M_REASON, row, -1);
    }
    put(hostile, out, "description", charge ? P_DESCRIPTION : S_DESCRIPTION, row, -1);
    if (link)
        put(hostile, out, "paymentUrl", S_URL, row, -1);
    put_word(out, "createdAt", "2026-03-28 12:00:00");
    put_unknown(hostile, out, row);
    put(hostile, out, "traceId", E_TRACE, row, -1);
    buf_puts(out, "}}");
}

/* --- figures ---------------------------------------------------------------------------------- */

void hostile_count(const struct payloads *payloads)
{
    sent = mmap(NULL, FIELDS * payloads->count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                -1, 0);
    if (sent == MAP_FAILED)
        abort();
}

struct hostile_sums hostile_sums(const struct payloads *payloads)
{
    struct hostile_sums sums = {.fields = FIELDS};

    for (int i = 0; i < FIELDS; i++) {
        uint64_t in_field = 0;
        for (size_t k = 0; k < payloads->json; k++)
            in_field += sent[(size_t)i * payloads->count + k];
        sums.pairs += in_field;
        sums.full += in_field >= HOSTILE_MANY;
    }
    return sums;
}
