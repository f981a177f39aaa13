/* Names and shapes of the wire, as tables: fields of each object, dialects of lists, queries,
   bodies. Where the API turns out to differ, this is the file to edit. Unknown fields are not lost:
   every record carries its object as it came (raw). */
#include "wire.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* --- fields of objects -------------------------------------------------------------------- */

enum {
    SESSION = 1 << REC_SESSION,
    PAYMENT = 1 << REC_PAYMENT,
    MODIFICATION = 1 << REC_MODIFICATION
};
enum { ANY_KIND = SESSION | PAYMENT | MODIFICATION };

/* FIELD_NAME is a text that tells which thing the object is, or is about; FIELD_PROSE one that
   only people read: longer than PROSE_MAX bytes it is cut, and whole in raw. */
enum field_type {
    FIELD_TEXT,
    FIELD_NAME,
    FIELD_PROSE,
    FIELD_STAMP,
    FIELD_MONEY,
    FIELD_TRUTH,
    FIELD_ATTEMPTS
};
#define PROSE_MAX ((size_t)4096)

struct field {
    const char *name;
    unsigned kinds;
    enum field_type type;
    size_t at; /* in the struct */
};

#define RECORD(member) offsetof(struct record, member)
/* Of two names for one place the first that is there counts: a POS payment's id and its payment
   reference are the same thing. An empty text is absent: "" is no payment to act on. */
static const struct field record_fields[] = {
    {"sessionId", SESSION, FIELD_NAME, RECORD(id)},
    {"posPaymentId", PAYMENT, FIELD_NAME, RECORD(id)},
    {"paymentReference", PAYMENT, FIELD_NAME, RECORD(id)},
    {"modificationReference", MODIFICATION, FIELD_NAME, RECORD(id)},
    {"paymentReference", ANY_KIND, FIELD_NAME, RECORD(payment_reference)},
    {"posPaymentId", PAYMENT, FIELD_NAME, RECORD(payment_reference)},
    {"status", ANY_KIND, FIELD_TEXT, RECORD(status)},
    {"type", MODIFICATION, FIELD_NAME, RECORD(type)},
    {"amount", ANY_KIND, FIELD_MONEY, RECORD(amount)},
    {"description", SESSION | PAYMENT, FIELD_PROSE, RECORD(description)},
    {"customReference", ANY_KIND, FIELD_NAME, RECORD(custom_reference)},
    {"poiId", PAYMENT, FIELD_NAME, RECORD(poi_id)},
    {"reason", MODIFICATION, FIELD_PROSE, RECORD(reason)},
    {"failureReason", PAYMENT | MODIFICATION, FIELD_PROSE, RECORD(failure_reason)},
    {"paymentStatus", SESSION, FIELD_TEXT, RECORD(payment_status)},
    {"paymentUrl", SESSION, FIELD_TEXT, RECORD(payment_url)},
    {"isPreAuth", SESSION | PAYMENT, FIELD_TRUTH, RECORD(is_preauth)},
    {"createdAt", ANY_KIND, FIELD_STAMP, RECORD(created)},
    {"completedAt", ANY_KIND, FIELD_STAMP, RECORD(completed)},
    {"updatedAt", ANY_KIND, FIELD_STAMP, RECORD(updated)},
    {"attempts", SESSION, FIELD_ATTEMPTS, RECORD(attempts)},
};

static const struct field attempt_fields[] = {
    {"paymentReference", ANY_KIND, FIELD_TEXT, offsetof(struct attempt, payment_reference)},
    {"status", ANY_KIND, FIELD_TEXT, offsetof(struct attempt, status)},
    {"createdAt", ANY_KIND, FIELD_STAMP, offsetof(struct attempt, created)},
};

static const struct field terminal_fields[] = {
    {"poiId", ANY_KIND, FIELD_TEXT, offsetof(struct terminal, poi_id)},
    {"status", ANY_KIND, FIELD_TEXT, offsetof(struct terminal, status)},
    {"name", ANY_KIND, FIELD_TEXT, offsetof(struct terminal, name)},
    {"model", ANY_KIND, FIELD_TEXT, offsetof(struct terminal, model)},
    {"createdAt", ANY_KIND, FIELD_STAMP, offsetof(struct terminal, created)},
    {"updatedAt", ANY_KIND, FIELD_STAMP, offsetof(struct terminal, updated)},
};

static struct money wire_money(const struct cJSON *value)
{
    struct money money = {0};
    const char *currency = json_text(json_member(value, "currency"));
    if (!currency || strlen(currency) != 3 || strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
        return money;
    memcpy(money.currency, currency, CURRENCY_SIZE);
    int64_t minor;
    if (!json_integer(json_member(value, "value"), &minor) || minor < 0 || minor > MONEY_MAX)
        return money; /* an amount we cannot trust is unknown, never zero */
    money.minor = minor;
    money.known = true;
    return money;
}

/* A copy, cut between two characters where it is too long. */
static const char *wire_prose(struct arena *arena, const char *text)
{
    static const char cut[] = "…";
    size_t len = strlen(text);
    if (len <= PROSE_MAX)
        return arena_strdup(arena, text);
    for (len = PROSE_MAX - strlen(cut); ((unsigned char)text[len] & 0xc0) == 0x80;)
        len--;
    char *copy = arena_alloc(arena, PROSE_MAX + 1);
    memcpy(copy, text, len);
    memcpy(copy + len, cut, sizeof(cut));
    return copy;
}

static void wire_attempts(struct arena *arena, const struct cJSON *array, struct record *out);

static void wire_field(struct arena *arena, const struct field *field, const struct cJSON *value,
                       void *out)
{
    void *place = (char *)out + field->at;
    const char *text = json_text(value);
    if (field->type == FIELD_NAME && value && !text)
        ((struct record *)out)->unclear = true;
    switch (field->type) {
    case FIELD_NAME:
    case FIELD_TEXT:
        if (text && *text && !*(const char **)place)
            *(const char **)place = arena_strdup(arena, text);
        break;
    case FIELD_PROSE:
        if (text && *text && !*(const char **)place)
            *(const char **)place = wire_prose(arena, text);
        break;
    case FIELD_STAMP:
        stamp_parse(text, place);
        break;
    case FIELD_MONEY:
        *(struct money *)place = wire_money(value);
        ((struct record *)out)->unclear |= value && !((struct money *)place)->known;
        break;
    case FIELD_TRUTH:
        *(int *)place = json_truth(value);
        break;
    case FIELD_ATTEMPTS:
        wire_attempts(arena, value, out);
        break;
    }
}

static void wire_object(struct arena *arena, const struct field *fields, size_t count,
                        unsigned kinds, const struct cJSON *object, void *out)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i].kinds & kinds)
            wire_field(arena, &fields[i], json_member(object, fields[i].name), out);
}

static size_t wire_count(const struct cJSON *array)
{
    size_t count = 0;
    for (const struct cJSON *row = json_first(array); row; row = json_next(row))
        count++;
    return count;
}

static void wire_attempts(struct arena *arena, const struct cJSON *array, struct record *out)
{
    size_t count = wire_count(array);
    if (!count)
        return;
    struct attempt *attempts = arena_alloc(arena, count * sizeof(*attempts));
    for (const struct cJSON *row = json_first(array); row; row = json_next(row))
        if (json_is_object(row))
            wire_object(arena, attempt_fields, COUNT_OF(attempt_fields), ANY_KIND, row,
                        &attempts[out->attempt_count++]);
    out->attempts = attempts;
}

/* False: no object, or one without an id, which nothing can be done with. */
static bool wire_record(struct arena *arena, const struct json_doc *doc, enum record_kind kind,
                        const struct cJSON *object, struct record *out)
{
    if (!json_is_object(object))
        return false;
    *out = (struct record){.kind = kind, .is_preauth = -1};
    wire_object(arena, record_fields, COUNT_OF(record_fields), 1u << kind, object, out);
    if (!out->id)
        return false;
    size_t len;
    const char *raw = json_raw(doc, object, &len);
    out->raw = arena_strndup(arena, raw, len);
    return true;
}

bool record_from_json(struct arena *arena, enum record_kind kind, const char *json,
                      struct record *out, struct err *err)
{
    struct json_doc doc;
    if (!json_open(&doc, json, strlen(json), err))
        return false;
    bool usable = wire_record(arena, &doc, kind, doc.root, out);
    json_close(&doc);
    return usable || err_set(err, ERR_DATA, "the object has no id");
}

/* --- lists: the dialects ------------------------------------------------------------------ */

static const char *const row_names[] = {"items",   "sessions", "payments", "modifications",
                                        "results", "rows",     "data",     "terminals"};
static const char *const page_holders[] = {"pagination", "meta", "paging"};

enum page_type { PAGE_INT, PAGE_INT64, PAGE_TRUTH, PAGE_TEXT };
static const struct {
    const char *name;
    enum page_type type;
    size_t at;
} page_fields[] = {
    {"page", PAGE_INT, offsetof(struct page_info, page)},
    {"currentPage", PAGE_INT, offsetof(struct page_info, page)},
    {"limit", PAGE_INT, offsetof(struct page_info, per_page)},
    {"perPage", PAGE_INT, offsetof(struct page_info, per_page)},
    {"pageSize", PAGE_INT, offsetof(struct page_info, per_page)},
    {"total", PAGE_INT64, offsetof(struct page_info, total)},
    {"totalCount", PAGE_INT64, offsetof(struct page_info, total)},
    {"totalItems", PAGE_INT64, offsetof(struct page_info, total)},
    {"totalPages", PAGE_INT, offsetof(struct page_info, total_pages)},
    {"lastPage", PAGE_INT, offsetof(struct page_info, total_pages)},
    {"hasMore", PAGE_TRUTH, offsetof(struct page_info, has_more)},
    {"hasNext", PAGE_TRUTH, offsetof(struct page_info, has_more)},
    {"nextCursor", PAGE_TEXT, offsetof(struct page_info, next_cursor)},
};

/* Takes what holder says and nobody said before. */
static void wire_page_facts(struct arena *arena, const struct cJSON *holder, struct page_info *page)
{
    for (size_t i = 0; i < COUNT_OF(page_fields); i++) {
        const struct cJSON *value = json_member(holder, page_fields[i].name);
        void *place = (char *)page + page_fields[i].at;
        int64_t number = -1;
        bool counts = json_integer(value, &number) && number >= 0;
        switch (page_fields[i].type) {
        case PAGE_INT:
            if (counts && number <= INT_MAX && *(int *)place < 0)
                *(int *)place = (int)number;
            break;
        case PAGE_INT64:
            if (counts && *(int64_t *)place < 0)
                *(int64_t *)place = number;
            break;
        case PAGE_TRUTH:
            if (*(int *)place < 0)
                *(int *)place = json_truth(value);
            break;
        case PAGE_TEXT:
            if (json_text(value) && *json_text(value) && !*(const char **)place)
                *(const char **)place = arena_strdup(arena, json_text(value));
            break;
        }
    }
}

static void wire_page(struct arena *arena, const struct cJSON *root, const struct cJSON *data,
                      struct page_info *page)
{
    const struct cJSON *levels[] = {data, root};
    for (size_t level = 0; level < COUNT_OF(levels); level++) {
        for (size_t i = 0; i < COUNT_OF(page_holders); i++)
            wire_page_facts(arena, json_member(levels[level], page_holders[i]), page);
        wire_page_facts(arena, levels[level], page);
    }
}

static const struct cJSON *wire_rows(const struct cJSON *data)
{
    if (json_is_array(data))
        return data;
    for (size_t i = 0; i < COUNT_OF(row_names); i++) {
        const struct cJSON *rows = json_member(data, row_names[i]);
        if (json_is_array(rows))
            return rows;
    }
    return NULL;
}

static bool wire_list(struct api_answer *answer, struct arena *arena, const struct json_doc *doc,
                      const struct cJSON *data)
{
    const struct endpoint_row *row = endpoint_row(answer->endpoint);
    const struct cJSON *rows = wire_rows(data);
    if (!rows)
        return false; /* no rows is not the same as an empty list: absence is evidence here */
    size_t count = wire_count(rows);
    if (row->shape == SHAPE_TERMINALS)
        answer->terminals = arena_alloc(arena, count * sizeof(*answer->terminals));
    else
        answer->records = arena_alloc(arena, count * sizeof(*answer->records));
    /* What has been read is let go: a long page would be in memory once more. */
    for (const struct cJSON *item; (item = json_first(rows)); json_drop_first(rows)) {
        bool usable;
        if (row->shape == SHAPE_TERMINALS) {
            struct terminal *terminal = &answer->terminals[answer->count];
            wire_object(arena, terminal_fields, COUNT_OF(terminal_fields), ANY_KIND, item,
                        terminal);
            usable = terminal->poi_id != NULL;
            if (!usable)
                *terminal = (struct terminal){0};
        } else {
            usable = wire_record(arena, doc, row->kind, item, &answer->records[answer->count]);
        }
        if (usable)
            answer->count++;
        else
            answer->skipped++;
    }
    wire_page(arena, doc->root, data, &answer->page);
    return true;
}

/* --- envelopes ---------------------------------------------------------------------------- */

/* Whether the answer says "success": true, or false; nothing that is only like it counts. */
static int wire_success(const struct cJSON *root)
{
    const struct cJSON *success = json_member(root, "success");
    return json_text(success) ? -1 : json_truth(success);
}

static bool wire_error(struct api_answer *answer, struct arena *arena, const struct cJSON *error)
{
    if (!json_is_object(error))
        return false;
    const char *message = json_text(json_member(error, "message"));
    const char *trace = json_text(json_member(error, "traceId"));
    int64_t code = 0, status = 0;
    bool coded = json_integer(json_member(error, "code"), &code) && code > 0 && code <= INT_MAX;
    if (!message && !coded)
        return false;
    if (json_integer(json_member(error, "statusCode"), &status) && status >= 100 && status <= 599)
        answer->error.http_status = (int)status;
    answer->error.code = coded ? (int)code : 0;
    answer->error.message = arena_strdup(arena, message);
    if (trace && *trace)
        answer->error.trace_id = arena_strdup(arena, trace);
    return true;
}

static bool wire_data(struct api_answer *answer, struct arena *arena, const struct json_doc *doc,
                      const struct cJSON *data)
{
    const struct endpoint_row *row = endpoint_row(answer->endpoint);
    if (row->shape != SHAPE_RECORD)
        return wire_list(answer, arena, doc, data);
    return wire_record(arena, doc, row->kind, data, &answer->record);
}

static enum api_body wire_alien(struct api_answer *answer, const char *why)
{
    snprintf(answer->trouble, sizeof(answer->trouble), "%.*s", (int)sizeof(answer->trouble) - 1,
             why);
    return BODY_ALIEN;
}

static enum api_body wire_envelope(struct api_answer *answer, struct arena *arena,
                                   const struct json_doc *doc)
{
    const struct cJSON *data = json_member(doc->root, "data");
    int success = wire_success(doc->root);
    if (success == 0 && wire_error(answer, arena, json_member(doc->root, "error")))
        return BODY_ERROR;
    if (success != 1)
        return wire_alien(answer, "no envelope of the API");
    if (answer->http_status < 200 || answer->http_status > 299)
        return wire_alien(answer, "says success under a status that is none");
    const char *trace = json_text(json_member(doc->root, "traceId"));
    if (!trace)
        trace = json_text(json_member(data, "traceId"));
    if (trace && *trace)
        answer->error.trace_id = arena_strdup(arena, trace);
    if (!wire_data(answer, arena, doc, data))
        return wire_alien(answer, "data of another shape");
    return BODY_DATA;
}

void wire_decode(struct api_answer *answer, struct arena *arena, const char *body, size_t len)
{
    answer->page = (struct page_info){-1, -1, -1, -1, -1, NULL};
    answer->error = (struct api_error){.http_status = answer->http_status};
    answer->body = BODY_NONE;
    if (!len)
        return;
    struct json_doc doc;
    struct err err;
    if (!json_open(&doc, body, len, &err)) {
        answer->body = wire_alien(answer, err.detail);
        return;
    }
    answer->body = wire_envelope(answer, arena, &doc);
    json_close(&doc);
}
