/* What the model server shows: lists with filters and pages, in several dialects, honest or not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world_server.h"

struct view { /* of one list */
    enum { VIEW_PAYMENTS, VIEW_SESSIONS, VIEW_MODIFICATIONS } what;
    int payment;          /* of a payment's own list; -1: all */
    int64_t as_of;
    int rows[SRV_ROWS], count;
    int64_t from, to;     /* server's UTC; 0: no filter */
    int page, limit;
};

/* --- the query ------------------------------------------------------------------------------ */

static bool query_part(const char *query, const char *name, char *out, size_t size)
{
    size_t len = strlen(name);

    for (const char *at = query; at != NULL && *at != '\0'; at = strchr(at, '&')) {
        at += *at == '&';
        if (strncmp(at, name, len) == 0 && at[len] == '=') {
            snprintf(out, size, "%.*s", (int)strcspn(at + len + 1, "&"), at + len + 1);
            return true;
        }
    }
    return false;
}

static int64_t query_day(const char *query, const char *name)
{
    char text[32];
    int year, month, day;

    if (!query_part(query, name, text, sizeof text) ||
        sscanf(text, "%4d-%2d-%2d", &year, &month, &day) != 3)
        return 0;
    return time_from_civil(year, month, day, 0, 0, 0) - server.zone;
}

static void read_query(struct view *view, const struct exchange *exchange)
{
    char text[32];
    bool filters = exchange->fault != FAULT_NO_FILTER && !quirk_now(FAULT_NO_FILTER);

    view->page = query_part(exchange->query, "page", text, sizeof text)
                     ? (int)strtol(text, NULL, 10)
                     : 1;
    view->limit = query_part(exchange->query, "limit", text, sizeof text)
                      ? (int)strtol(text, NULL, 10)
                      : 20;
    if (view->page < 1)
        view->page = 1;
    if (view->limit > server.page_cap)
        view->limit = server.page_cap;
    if (filters) {
        view->from = query_day(exchange->query, "dateFrom");
        view->to = query_day(exchange->query, "dateTo");
        if (view->to != 0)
            view->to += DAY;
    }
}

/* --- rows ----------------------------------------------------------------------------------- */

static bool shows(const struct view *view, int i, int64_t *made)
{
    int64_t seen;

    if (view->what == VIEW_PAYMENTS) {
        const struct srv_payment *row = &server.payments[i];
        if (row->session[0] != '\0')
            return false;
        *made = row->made_at;
        seen = row->seen_at;
    } else if (view->what == VIEW_SESSIONS) {
        *made = server.sessions[i].made_at;
        seen = server.sessions[i].seen_at;
    } else {
        const struct srv_modification *row = &server.modifications[i];
        if (view->payment >= 0 && row->payment != view->payment)
            return false;
        *made = row->made_at;
        seen = row->seen_at;
    }
    int64_t utc = server_utc(*made);
    return seen <= view->as_of && (view->from == 0 || utc >= view->from) &&
           (view->to == 0 || utc < view->to);
}

/* Newest first. */
static void collect(struct view *view)
{
    int total = view->what == VIEW_PAYMENTS   ? server.payment_count
                : view->what == VIEW_SESSIONS ? server.session_count
                                              : server.modification_count;
    int64_t made[SRV_ROWS], at;

    view->count = 0;
    for (int i = 0; i < total; i++) {
        if (!shows(view, i, &at))
            continue;
        int j = view->count++;
        for (; j > 0 && made[j - 1] <= at; j--) {
            made[j] = made[j - 1];
            view->rows[j] = view->rows[j - 1];
        }
        made[j] = at;
        view->rows[j] = i;
    }
}

static void write_row(struct buf *out, const struct view *view, int row)
{
    if (view->what == VIEW_PAYMENTS)
        words_payment(out, &server.payments[row], view->as_of);
    else if (view->what == VIEW_SESSIONS)
        words_session(out, &server.sessions[row], false);
    else
        words_modification(out, &server.modifications[row], view->as_of);
}

static int write_rows(struct buf *out, struct view *view, enum fault fault)
{
    int start = (view->page - 1) * view->limit, written = 0;

    if (view->page > 1 && (fault == FAULT_SAME_PAGE || quirk_now(FAULT_SAME_PAGE))) {
        start = 0;
        fault_note(FAULT_SAME_PAGE);
    }
    if (view->page > 1 && (fault == FAULT_UNSTABLE || quirk_now(FAULT_UNSTABLE))) {
        start += (int)dice_between(&world.fate, -1, 1);
        fault_note(FAULT_UNSTABLE);
    }
    for (int i = start; i < view->count && i < start + view->limit; i++, written++) {
        buf_puts(out, written == 0 ? "" : ",");
        write_row(out, view, view->rows[i]);
        if (fault == FAULT_SPARSE && view->what == VIEW_PAYMENTS)
            server.payments[view->rows[i]].sparse = true;
        if (fault == FAULT_SPARSE && view->what == VIEW_MODIFICATIONS)
            server.modifications[view->rows[i]].sparse = true;
        if (fault == FAULT_DUPLICATES && dice_chance(&world.fate, 300)) {
            buf_puts(out, ",");
            write_row(out, view, view->rows[i]);
        }
    }
    if (fault == FAULT_BROKEN_ROW)
        buf_puts(out, written == 0 ? "17" : ",{\"status\":\"success\"}");
    return written;
}

static void write_list(struct buf *out, struct view *view, enum fault fault)
{
    static const char *const opens[] = {"{\"items\":[", "[", "{\"rows\":[", "{\"results\":[",
                                        "{\"data\":["};
    int pages = (view->count + view->limit - 1) / view->limit;
    bool more = view->page * view->limit < view->count;

    buf_printf(out, "{\"success\":true,\"data\":%s", opens[server.dialect]);
    int written = write_rows(out, view, fault);
    switch (server.dialect) {
    case 0:
        buf_printf(out, "],\"pagination\":{\"page\":%d,\"limit\":%d,\"total\":%d,", view->page,
                   view->limit, view->count);
        buf_printf(out, "\"totalPages\":%d}}", pages);
        break;
    case 1:
        buf_puts(out, "]");
        break;
    case 2:
        if (quirk_now(FAULT_PAGE_TOTAL))
            fault_note(FAULT_PAGE_TOTAL);
        buf_printf(out, "],\"meta\":{\"currentPage\":%d,\"totalCount\":\"%d\"}}", view->page,
                   quirk_now(FAULT_PAGE_TOTAL) ? written : view->count);
        break;
    case 3:
        buf_printf(out, "],\"hasMore\":%s}", more ? "true" : "false");
        break;
    default:
        if (more)
            buf_printf(out, "],\"nextCursor\":\"%d\"}", view->page + 1);
        else
            buf_puts(out, "],\"nextCursor\":null,\"hasMore\":false}");
    }
    buf_puts(out, "}");
}

static void write_terminals(struct buf *out)
{
    buf_puts(out, "{\"success\":true,\"data\":[");
    for (size_t i = 0; i < COUNT_OF(srv_terminals); i++)
        buf_printf(out, "%s{\"poiId\":\"%s\",\"status\":\"boarded\",\"name\":\"T%zu\"}",
                   i == 0 ? "" : ",", srv_terminals[i], i);
    buf_puts(out, "]}");
}

/* --- answering ------------------------------------------------------------------------------ */

/* Of ".../{id}/modifications"; -2: no such thing. */
static int payment_of_path(const char *path)
{
    char id[64];
    const char *at = strrchr(path, '/');
    const char *from = at == NULL ? NULL : strstr(path, "payment/");

    if (strncmp(path, "payment/session/", 16) == 0)
        from = path + 8;
    if (from == NULL || at <= from + 8)
        return -2;
    snprintf(id, sizeof id, "%.*s", (int)(at - from - 8), from + 8);
    for (int i = 0; i < server.payment_count; i++)
        if (strcmp(server.payments[i].ref, id) == 0 || strcmp(server.payments[i].session, id) == 0)
            return i;
    return -2;
}

static bool answer_view(struct exchange *exchange, struct buf *out, int64_t as_of)
{
    struct view view = {.payment = -1, .as_of = as_of};

    if (strcmp(exchange->path, "pos/terminals") == 0) {
        write_terminals(out);
        return true;
    }
    if (strcmp(exchange->path, "payment/sessions") == 0)
        view.what = VIEW_SESSIONS;
    else if (strcmp(exchange->path, "pos/payments") != 0)
        view.what = VIEW_MODIFICATIONS;
    if (view.what == VIEW_MODIFICATIONS && strcmp(exchange->path, "modifications") != 0 &&
        (view.payment = payment_of_path(exchange->path)) == -2)
        return false;
    read_query(&view, exchange);
    collect(&view);
    write_list(out, &view, exchange->fault);
    if (!server.echoes && view.what == VIEW_PAYMENTS)
        fault_note(FAULT_NO_ECHO);
    return true;
}

void lists_on_time(void *ctx)
{
    struct exchange *exchange = ctx;
    struct buf text;
    int64_t as_of = world.now;

    if (exchange->done || exchange->flight == NULL)
        return;
    switch (exchange->fault) {
    case FAULT_NONE:
    case FAULT_SAME_PAGE:
    case FAULT_UNSTABLE:
        break;
    default:
        fault_note(exchange->fault);
    }
    if (exchange->fault == FAULT_STALE)
        as_of -= dice_between(&world.fate, 10 * SECOND, 15 * MINUTE);
    if (answer_refusal(exchange)) {
        answer_bent(exchange);
        return;
    }
    buf_init(&text, (size_t)1024 * 1024);
    exchange->answer.status = 200;
    if (exchange->fault == FAULT_STALE)
        exchange->answer.date = server_utc(as_of) / 1000 * 1000;
    if (answer_view(exchange, &text, as_of))
        answer_text(exchange, text.data);
    else
        answer_error(exchange, 404, 10404, "no such payment");
    if (exchange->fault == FAULT_SPARSE) {
        char *at = exchange->answer.text;
        while ((at = strstr(at, "\"amount\"")) != NULL)
            memcpy(at, "\"xmount\"", 8);
    }
    buf_done(&text);
    answer_bent(exchange);
}
