/* A filter as typed -> terms -> SQL over rows. An error points into the text; a filter that is
   taken runs, in every order, and lists only rows that fit. Input: list, order, text. */
#include "fuzz.h"

#include "../support_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ROWS = 60 };

static struct cache *filled_cache(void)
{
    static struct changes changes;
    static struct cache *cache;
    if (!cache) {
        char path[96];
        snprintf(path, sizeof path, "%s/cache.db", fuzz_folder());
        cache = cache_open(path, "HOTEL9", ENV_TEST, &changes, NULL);
        assert(cache);
        for (int kind = 0; kind < RECORD_KINDS; kind++)
            test_store(cache, (enum record_kind)kind, 0, ROWS);
    }
    return cache;
}

/* --- terms against a row, without SQL ------------------------------------------------------- */

static bool is_any_of(const struct term *term, const char *value)
{
    for (size_t i = 0; i < term->value_count; i++)
        if (value && strcasecmp(value, term->values[i]) == 0)
            return true;
    return false;
}

static bool is_within(const struct term *term, int64_t value)
{
    return value >= term->low && value <= term->high;
}

static bool holds(const struct term *term, const struct row *row)
{
    const struct record *record = &row->record;
    switch (term->type) {
    case TERM_STATUS:
        return is_any_of(term, record->status);
    case TERM_TYPE:
        return is_any_of(term, record->type);
    case TERM_CURRENCY:
        return is_any_of(term, record->amount.known ? record->amount.currency : NULL);
    case TERM_DATE:
        return is_within(term, row->sort_ms);
    case TERM_AMOUNT:
        return record->amount.known && is_within(term, amount_scaled(&record->amount));
    case TERM_PREAUTH:
        return (record->is_preauth == 1) == (term->low == 1);
    default: /* searched in folded text, which this does not do */
        return !term->negated;
    }
}

/* What is looked for only in the fields that holds() knows. */
static bool is_plain(const struct filter *filter)
{
    for (size_t i = 0; i < filter->count; i++) {
        enum term_type type = filter->terms[i].type;
        if (type == TERM_WORD || type == TERM_REF || type == TERM_TERMINAL || type == TERM_CURRENCY)
            return false;
    }
    return true;
}

/* How many of all rows fit. */
static size_t fitting(const struct filter *filter, enum record_kind kind)
{
    static struct row_page all[RECORD_KINDS];
    struct list_spec spec = {.kind = kind};
    struct page_request request = {.spec = &spec, .from = FROM_FIRST, .limit = ROWS};
    size_t count = 0;

    bool there = all[kind].count > 0 || cache_list(filled_cache(), &request, &all[kind], NULL);
    assert(there && all[kind].count == ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        bool fits = true;
        for (size_t k = 0; k < filter->count; k++)
            fits &= holds(&filter->terms[k], &all[kind].rows[i]) != filter->terms[k].negated;
        count += fits;
    }
    return count;
}

static bool is_without_amount(const struct term *term, const struct row *row)
{
    return (term->type == TERM_AMOUNT || term->type == TERM_CURRENCY) && !row->record.amount.known;
}

static void check_rows(const struct filter *filter, const struct row_page *page)
{
    for (size_t i = 0; i < page->count; i++)
        for (size_t k = 0; k < filter->count; k++)
            assert(holds(&filter->terms[k], &page->rows[i]) != filter->terms[k].negated ||
                   is_without_amount(&filter->terms[k], &page->rows[i]));
}

static void check_list(const struct filter *filter, enum record_kind kind, uint8_t order)
{
    struct list_spec spec = {
        .kind = kind, .filter = filter, .sort = (enum sort_by)(order % 5), .ascending = order & 8};
    struct page_request request = {.spec = &spec, .from = FROM_FIRST, .limit = ROWS};
    struct row_page page = {0}, rest = {0};
    struct list_totals totals;
    struct err err = {0};

    assert(cache_list(filled_cache(), &request, &page, &err));
    check_rows(filter, &page);
    assert(!is_plain(filter) || page.count == fitting(filter, kind));
    assert(cache_totals_now(filled_cache(), &spec, &totals, &err));
    assert(totals.ok && totals.count == (int64_t)page.count);
    if (page.count > 0) { /* going on from the first row: all but that one */
        request.from = FROM_AFTER;
        request.anchor = &page.rows[0];
        assert(cache_list(filled_cache(), &request, &rest, &err));
        assert(rest.count == page.count - 1);
        row_page_done(&rest);
    }
    row_page_done(&page);
}

/* --- the filter itself ---------------------------------------------------------------------- */

static void check_filter(const struct filter *filter)
{
    struct list_query query = {0};

    filter_to_query(filter, &query);
    for (size_t i = 0; i < filter->count; i++) {
        const struct term *term = &filter->terms[i];
        assert(term->value_count <= TERM_VALUES);
        for (size_t k = 0; k < term->value_count; k++)
            assert(term->values[k] && term->values[k][0]);
    }
    const char *dates[] = {query.date_from, query.date_to};
    for (size_t i = 0; i < COUNT_OF(dates); i++)
        assert(!dates[i] || (strlen(dates[i]) == 10 && dates[i][4] == '-' && dates[i][7] == '-'));
    /* Asked of the API is never less than what is looked for: a day more on each side. */
    for (size_t i = 0; i < filter->count; i++) {
        const struct term *term = &filter->terms[i];
        struct civil from = time_to_civil(term->low), to = time_to_civil(term->high);
        if (term->type != TERM_DATE || term->negated || filter->count > 1)
            continue;
        char low[64], high[64];
        snprintf(low, sizeof low, "%04d-%02d-%02d", from.year, from.month, from.day);
        snprintf(high, sizeof high, "%04d-%02d-%02d", to.year, to.month, to.day);
        assert(term->low == INT64_MIN || (query.date_from && strcmp(query.date_from, low) < 0));
        assert(term->high == INT64_MAX || !query.date_to || strcmp(query.date_to, high) > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    enum record_kind kind = (enum record_kind)(data[0] % RECORD_KINDS);
    char *text = fuzz_text(data + 2, size - 2);
    struct filter_error error = {0};
    struct filter *filter = filter_parse(text, kind, &test_context, &error);

    if (filter) {
        check_filter(filter);
        check_list(filter, kind, data[1]);
        filter_free(filter);
    } else {
        assert(error.start < error.end && error.end <= strlen(text));
    }
    free(text);
    return 0;
}
