/* Bytes -> the strict scanner -> what every endpoint makes of them. */
#include "fuzz.h"

#include "../../api/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what is accepted ----------------------------------------------------------------------- */

/* The code unit of \uXXXX at at, -1 where there is none. */
static int unit_at(const char *at)
{
    unsigned unit;
    return at[0] == '\\' && at[1] == 'u' && sscanf(at + 2, "%4x", &unit) == 1 ? (int)unit : -1;
}

/* Our own limits, which SQLite does not have, counted byte by byte. */
static void check_accepted(const char *text)
{
    int depth = 0, strings = 0;
    size_t begin = 0;
    bool in_string = false;

    assert(fuzz_is_utf8(text) && fuzz_json_valid(text));
    assert(strchr(text, '\\') || !fuzz_json_repeats(text));
    for (const char *at = text; *at; at++) {
        int unit = in_string ? unit_at(at) : -1;
        assert(unit != 0 && (unit < 0xdc00 || unit > 0xdfff));
        if (unit >= 0xd800 && unit <= 0xdbff) {
            int low = unit_at(at + 6);
            assert(low >= 0xdc00 && low <= 0xdfff);
            at += 11;
        } else if (in_string && *at == '\\') {
            at++;
        } else if (*at == '"') {
            assert(!in_string || (size_t)(at - text) - begin <= JSON_STRING_MAX);
            in_string = !in_string;
            begin = (size_t)(at - text) + 1;
            strings++;
        } else if (!in_string) {
            depth += (*at == '[' || *at == '{') - (*at == ']' || *at == '}');
            assert(depth >= 0 && depth <= JSON_DEPTH_MAX);
        }
    }
    assert(depth == 0 && strings % 2 == 0);
}

/* --- what is made of it ---------------------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void check_texts(const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert(!texts[i] || (texts[i][0] && fuzz_is_utf8(texts[i])));
}

static void check_stamp(const struct stamp *stamp)
{
    assert(strlen(stamp->text) < STAMP_SIZE && fuzz_is_utf8(stamp->text));
    assert(stamp->text[0] || (stamp->ms == 0 && !stamp->zoned));
}

/* An amount is the integer that stands there, and nothing else makes one. */
static void check_money(const struct record *record)
{
    const struct money *money = &record->amount;
    if (!money->known)
        return;
    assert(money->minor >= 0 && money->minor <= MONEY_MAX);
    assert(strlen(money->currency) == 3 &&
           strspn(money->currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3);
    if (strchr(record->raw, '\\'))
        return;
    const char *type = fuzz_json_type(record->raw, "$.amount.value");
    assert(type && (strcmp(type, "integer") == 0 || strcmp(type, "text") == 0));
    assert(fuzz_json_integer(record->raw, "$.amount.value") == money->minor);
    assert(fuzz_json_is(record->raw, "$.amount.currency", money->currency));
}

static void check_same(const struct record *a, const struct record *b)
{
    assert(same(a->id, b->id) && same(a->payment_reference, b->payment_reference));
    assert(same(a->status, b->status) && same(a->type, b->type) && same(a->raw, b->raw));
    assert(same(a->description, b->description) && same(a->poi_id, b->poi_id));
    assert(same(a->custom_reference, b->custom_reference));
    assert(a->amount.known == b->amount.known && a->amount.minor == b->amount.minor);
    assert(a->created.ms == b->created.ms && a->attempt_count == b->attempt_count);
    assert(a->is_preauth == b->is_preauth && a->unclear == b->unclear);
}

static void check_record(struct arena *arena, const struct record *record)
{
    const char *texts[] = {
        record->id,          record->payment_reference, record->status,     record->type,
        record->description, record->custom_reference,  record->poi_id,     record->reason,
        record->raw,         record->failure_reason,    record->payment_url};
    struct record again;

    assert(record->id && record->raw && fuzz_json_valid(record->raw));
    check_texts(texts, COUNT_OF(texts));
    check_stamp(&record->created);
    check_stamp(&record->completed);
    check_stamp(&record->updated);
    check_money(record);
    assert(record->is_preauth >= -1 && record->is_preauth <= 1);
    for (size_t i = 0; i < record->attempt_count; i++) {
        const char *of[] = {record->attempts[i].payment_reference, record->attempts[i].status};
        check_texts(of, COUNT_OF(of));
        check_stamp(&record->attempts[i].created);
    }
    /* What is kept of it, read again, says the same. */
    assert(record_from_json(arena, record->kind, record->raw, &again, NULL));
    check_same(record, &again);
}

static void check_page(const struct page_info *page)
{
    assert(page->page >= -1 && page->per_page >= -1 && page->total_pages >= -1);
    assert(page->total >= -1 && page->has_more >= -1 && page->has_more <= 1);
    check_texts(&page->next_cursor, 1);
}

static void check_data(struct arena *arena, const struct api_answer *answer)
{
    const struct endpoint_row *row = endpoint_row(answer->endpoint);

    assert(answer->http_status >= 200 && answer->http_status <= 299);
    if (row->shape == SHAPE_RECORD)
        check_record(arena, &answer->record);
    for (size_t i = 0; row->shape == SHAPE_RECORDS && i < answer->count; i++)
        check_record(arena, &answer->records[i]);
    for (size_t i = 0; row->shape == SHAPE_TERMINALS && i < answer->count; i++) {
        const struct terminal *terminal = &answer->terminals[i];
        const char *texts[] = {terminal->poi_id, terminal->status, terminal->name, terminal->model};
        assert(terminal->poi_id);
        check_texts(texts, COUNT_OF(texts));
        check_stamp(&terminal->created);
    }
    check_page(&answer->page);
}

static void decode(enum endpoint endpoint, int status, const char *body, size_t len)
{
    struct arena arena = {0};
    struct api_answer answer = {.endpoint = endpoint, .http_status = status, .left = true};

    wire_decode(&answer, &arena, body, len);
    assert((answer.body == BODY_NONE) == (len == 0));
    assert(fuzz_is_utf8(answer.trouble));
    assert((answer.body == BODY_ALIEN) == (answer.trouble[0] != '\0'));
    if (answer.body == BODY_DATA)
        check_data(&arena, &answer);
    if (answer.body == BODY_ERROR)
        assert(answer.error.code > 0 || answer.error.message);
    assert(!answer.error.message || fuzz_is_utf8(answer.error.message));
    check_texts(&answer.error.trace_id, 1);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        enum endpoint endpoint;
        int status;
    } ways[] = {{EP_SESSION_GET, 200}, {EP_SESSIONS, 200},  {EP_PAYMENTS, 200},
                {EP_POS_CHARGE, 200},  {EP_REFUND, 202},    {EP_MODIFICATIONS, 200},
                {EP_TERMINALS, 200},   {EP_POS_CHARGE, 404}};
    char *body = fuzz_copy(data, size), *text = fuzz_text(data, size);
    struct json_doc doc;
    struct err err = {0};

    if (json_open(&doc, body, size, &err)) {
        assert(strlen(text) == size);
        check_accepted(text);
        json_close(&doc);
    } else {
        assert(err.code == ERR_DATA && err.detail[0]);
    }
    for (size_t i = 0; i < COUNT_OF(ways); i++)
        decode(ways[i].endpoint, ways[i].status, body, size);
    free(text);
    free(body);
    return 0;
}
