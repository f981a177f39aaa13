/* Lists: filters, pages, and the dialects that a real server might answer in. */
#include "sim_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 20
#define LIMIT_MAX     100
#define PAGE_MAX      1000000000
#define DAY_MS        INT64_C(86400000)

struct page {
    int64_t number, limit, total;
    enum sim_kind kind;
};
struct dialect {
    const char *name;
    const char *rows; /* NULL: a bare array */
    void (*facts)(struct buf *out, const struct page *page);
    bool ignores_page, ignores_filter, named_rows;
    unsigned style;
};

static int64_t pages_of(const struct page *page)
{
    return (page->total + page->limit - 1) / page->limit;
}

static void number_pair(struct buf *out, const char *name, int64_t number)
{
    sim_json_key(out, name);
    sim_json_number(out, number);
}

static void text_pair(struct buf *out, const char *name, int64_t number)
{
    sim_json_key(out, name);
    buf_printf(out, "\"%lld\"", (long long)number);
}

static void facts_canonical(struct buf *out, const struct page *page)
{
    sim_json_key(out, "pagination");
    sim_json_open(out, '{');
    number_pair(out, "page", page->number);
    number_pair(out, "limit", page->limit);
    number_pair(out, "total", page->total);
    number_pair(out, "totalPages", pages_of(page));
    sim_json_close(out, '}');
}

static void facts_meta(struct buf *out, const struct page *page)
{
    sim_json_key(out, "meta");
    sim_json_open(out, '{');
    text_pair(out, "currentPage", page->number);
    text_pair(out, "perPage", page->limit);
    text_pair(out, "totalItems", page->total);
    text_pair(out, "lastPage", pages_of(page));
    sim_json_close(out, '}');
}

static void facts_cursor(struct buf *out, const struct page *page)
{
    bool more = page->number < pages_of(page);
    sim_json_key(out, "hasMore");
    sim_json_bool(out, more);
    sim_json_key(out, "nextCursor");
    if (more)
        buf_printf(out, "\"c%lld\"", (long long)page->number + 1);
    else
        sim_json_text(out, NULL);
}

static const struct dialect dialects[SIM_DIALECTS] = {
    [SIM_CANONICAL] = {"canonical", "items", facts_canonical, false, false, false, 0},
    [SIM_BARE] = {"bare", NULL, NULL, false, false, false, 0},
    [SIM_RESULTS_META] = {"results-meta", "results", facts_meta, false, false, false, 0},
    [SIM_NAMED_CURSOR] = {"named-cursor", "", facts_cursor, false, false, true, 0},
    [SIM_IGNORES_PAGE] = {"ignores-page", "items", facts_canonical, true, false, false, 0},
    [SIM_IGNORES_FILTER] = {"ignores-filter", "items", facts_canonical, false, true, false, 0},
    [SIM_LEAN] = {"lean", "items", facts_canonical, false, false, false, JSON_LEAN},
};

const char *sim_dialect_name(enum sim_dialect dialect)
{
    return dialects[dialect].name;
}

bool sim_dialect_from_name(const char *name, enum sim_dialect *out)
{
    for (int i = 0; i < SIM_DIALECTS; i++) {
        if (strcmp(dialects[i].name, name) == 0) {
            *out = (enum sim_dialect)i;
            return true;
        }
    }
    return false;
}

/* --- parameters ---------------------------------------------------------------------------------
 */

static bool read_count(struct sim_request *request, struct sim_answer *answer, const char *name,
                       int64_t max, int64_t *value)
{
    const char *text = request_query(request, name);
    if (!text)
        return true;
    size_t len = strlen(text);
    bool digits = len > 0 && len < 12 && strspn(text, "0123456789") == len;
    int64_t number = digits ? strtoll(text, NULL, 10) : 0;
    if (number >= 1 && number <= max) {
        *value = number;
        return true;
    }
    struct buf message;
    buf_init(&message, 128);
    buf_printf(&message, "Wrong format of parameter: %s", name);
    answer_error(answer, 400, 12001, message.data);
    buf_done(&message);
    return false;
}

bool date_read(const char *text, int64_t *utc_ms)
{
    int parts[3] = {0};
    static const char shape[] = "dddd-dd-dd";
    for (size_t i = 0, part = 0; i < sizeof(shape) - 1; i++) {
        if (shape[i] == '-' ? text[i] != '-' : !isdigit((unsigned char)text[i]))
            return false;
        if (shape[i] == '-')
            part++;
        else
            parts[part] = parts[part] * 10 + (text[i] - '0');
    }
    if (parts[1] < 1 || parts[1] > 12 || parts[2] < 1 || parts[2] > 31)
        return false;
    int64_t ms = time_from_civil(parts[0], parts[1], parts[2], 0, 0, 0);
    if (time_to_civil(ms).day != parts[2]) /* 30 February */
        return false;
    *utc_ms = ms - SIM_ZONE_MS;
    return text[10] == '\0' || text[10] == 'T' || text[10] == ' ';
}

static bool read_date(struct sim_request *request, struct sim_answer *answer, const char *name,
                      int64_t extra_ms, int64_t *out)
{
    const char *text = request_query(request, name);
    if (!text)
        return true;
    if (!date_read(text, out))
        return answer_error(answer, 400, 12002, "Wrong date format, ISO 8601 is expected");
    *out += extra_ms;
    return true;
}

static bool read_filter(struct sim_request *request, struct sim_answer *answer,
                        struct sim_filter *filter)
{
    filter->from_ms = INT64_MIN;
    filter->to_ms = INT64_MAX;
    filter->env = request->env;
    filter->now_ms = request_now_ms(request) - request->twist.stale_ms;
    filter->past = request->twist.stale_ms > 0;
    if (!read_date(request, answer, "dateFrom", 0, &filter->from_ms) ||
        !read_date(request, answer, "dateTo", DAY_MS, &filter->to_ms))
        return false;
    filter->status = request_query(request, "status");
    if (filter->kind != SIM_MODIFICATION)
        filter->custom_reference = request_query(request, "customReference");
    if (filter->kind == SIM_PAYMENT)
        filter->poi_id = request_query(request, "poiId");
    return true;
}

static bool read_page(struct sim_request *request, struct sim_answer *answer, struct page *page)
{
    const char *cursor = request_query(request, "cursor");
    page->number = 1;
    page->limit = LIMIT_DEFAULT;
    if (!read_count(request, answer, "page", PAGE_MAX, &page->number) ||
        !read_count(request, answer, "limit", LIMIT_MAX, &page->limit))
        return false;
    if (cursor && request->sim->settings.dialect == SIM_NAMED_CURSOR) {
        size_t len = strlen(cursor);
        if (len < 2 || len > 10 || cursor[0] != 'c' || strspn(cursor + 1, "0123456789") != len - 1)
            return answer_error(answer, 400, 12001, "Wrong format of parameter: cursor");
        page->number = strtoll(cursor + 1, NULL, 10);
        page->number = page->number > 0 ? page->number : 1;
    }
    return true;
}

/* --- the answer ---------------------------------------------------------------------------------
 */

struct rows {
    struct buf *out;
    unsigned style;
    int64_t copies;
};

static void add_row(void *ctx, const struct sim_row *row)
{
    struct rows *rows = ctx;
    for (int64_t i = 0; i <= rows->copies; i++)
        sim_json_row(rows->out, row, rows->style);
}

static void write_list(struct sim_request *request, struct sim_answer *answer,
                       struct sim_filter *filter, struct page *page)
{
    static const char *const names[SIM_KINDS] = {"sessions", "payments", "modifications"};
    const struct dialect *dialect = &dialects[request->sim->settings.dialect];
    const struct sim_twist *twist = &request->twist;
    if (dialect->ignores_page || twist->same_page)
        page->number = 1;
    if (dialect->ignores_filter || twist->no_filter) {
        filter->status = filter->custom_reference = filter->poi_id = NULL;
        filter->from_ms = INT64_MIN;
        filter->to_ms = INT64_MAX;
    }
    answer_data_open(answer, 200);
    struct buf *out = &answer->body;
    if (dialect->rows) {
        sim_json_open(out, '{');
        sim_json_key(out, dialect->named_rows ? names[filter->kind] : dialect->rows);
    }
    sim_json_open(out, '[');
    struct rows rows = {out, dialect->style, twist->copies};
    int64_t skip = (page->number - 1) * page->limit;
    if (skip > 0) /* the first page is where it is */
        skip = skip + twist->page_shift > 0 ? skip + twist->page_shift : 0;
    struct sim_sink sink = {skip, page->limit, &request->arena, add_row, &rows};
    page->total = store_list(request->sim, filter, &sink);
    sim_json_close(out, ']');
    if (dialect->facts)
        dialect->facts(out, page);
    if (dialect->rows)
        sim_json_close(out, '}');
    answer_data_close(answer);
}

static void list(struct sim_request *request, struct sim_answer *answer, enum sim_kind kind,
                 const char *payment_reference)
{
    struct sim_filter filter = {.kind = kind};
    struct page page = {.kind = kind};
    if (!read_page(request, answer, &page) || !read_filter(request, answer, &filter))
        return;
    filter.payment_reference = payment_reference;
    write_list(request, answer, &filter, &page);
}

void handle_list(struct sim_request *request, struct sim_answer *answer)
{
    list(request, answer, (enum sim_kind)request->route->what, NULL);
}

static void list_of(struct sim_request *request, struct sim_answer *answer, enum sim_kind kind,
                    const char *missing)
{
    struct sim_row owner;
    if (answer_verdict(
            answer,
            store_find(request->sim, request->env, kind, request->id, &request->arena, &owner),
            missing))
        list(request, answer, SIM_MODIFICATION,
             owner.payment_reference[0] ? owner.payment_reference : owner.reference);
}

void handle_list_of_session(struct sim_request *request, struct sim_answer *answer)
{
    list_of(request, answer, SIM_SESSION, "No such session");
}

void handle_list_of_payment(struct sim_request *request, struct sim_answer *answer)
{
    list_of(request, answer, SIM_PAYMENT, "No such payment");
}
