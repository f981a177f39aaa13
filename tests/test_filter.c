/* The filter language: every token, every place of an error, and its SQL against a matcher written
   anew here, over random rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "support_cache.h"

#define DAY   INT64_C(86400000)
#define TODAY INT64_C(1795305600000) /* 2026-11-22 00:00 */

/* --- values ------------------------------------------------------------------------------- */

static void days_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t first, last; /* days from today */
    } good[] = {
        {"today", 0, 0},
        {"HOY", 0, 0},
        {"yesterday", -1, -1},
        {"ayer", -1, -1},
        {"-7d", -7, -7},
        {"-0d", 0, 0},
        {"2026-11-22", 0, 0},
        {"2026-11-01", -21, -21},
        {"2026-11", -21, 8},
        {"2024-02", -1025, -997},
        {"2024-02-29", -997, -997},
        {"22/11/2026", 0, 0},
        {"22-11-2026", 0, 0},
        {"1/11/2026", -21, -21},
        {"22/11", 0, 0},
        {"30/11", 8, 8},
        {"1/1", -325, -325},
    };
    static const char *const bad[] = {
        "",          "tomorrow",   "2026", "2026-13",     "2026-11-31", "-7",      "-d",
        "2026-11-1", "2026-02-29", "7d",   "2026-11-01x", "-7dd",       "-99999d", "11/22/2026",
        "31/11",     "22-11",      "0/1",  "22/11-2026",  "22/11/",     "22/11/26"};
    int64_t low, high;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_true(filter_read_days(good[i].text, test_context.now_wall_ms, &low, &high));
        assert_int_equal((low - TODAY) / DAY, good[i].first);
        assert_int_equal((high + 1 - TODAY) / DAY, good[i].last + 1);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (filter_read_days(bad[i], test_context.now_wall_ms, &low, &high))
            fail_msg("taken as a day: %s", bad[i]);
}

static void amounts_are_read(void **state)
{
    static const struct {
        const char *text;
        enum money_style style;
        int64_t low, high;
    } good[] = {
        {"100", MONEY_COMMA, 1000000, 1000000},
        {"12,50", MONEY_COMMA, 125000, 125000},
        {"12.50", MONEY_COMMA, 125000, 125000},
        {"12.50", MONEY_POINT, 125000, 125000},
        {"12,50", MONEY_POINT, 125000, 125000},
        {"1.234", MONEY_COMMA, 12340000, 12340000},
        {"1,234", MONEY_COMMA, 12340, 12340},
        {"1,234", MONEY_POINT, 12340000, 12340000},
        {"1.234", MONEY_POINT, 12340, 12340},
        {"1.234,5", MONEY_COMMA, 12345000, 12345000},
        {"1.234.567,8901", MONEY_COMMA, 12345678901, 12345678901},
        {">100", MONEY_COMMA, 1000001, INT64_MAX},
        {">=100", MONEY_COMMA, 1000000, INT64_MAX},
        {"<50", MONEY_COMMA, 0, 499999},
        {"<=50", MONEY_COMMA, 0, 500000},
        {"50..200", MONEY_COMMA, 500000, 2000000},
        {"0,5..0,5", MONEY_COMMA, 5000, 5000},
    };
    static const char *const bad[] = {
        "",        "x",       "-5", "1,2,3", "1.23.4",     ">",     "5..", "..5",
        "200..50", "1,23456", ",5", "5,",    "1234.567,8", "12 50", "€5",  "9999999999999999",
        ">=>5"};
    int64_t low, high;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (!filter_read_amounts(good[i].text, good[i].style, &low, &high))
            fail_msg("not taken: %s", good[i].text);
        assert_int_equal(low, good[i].low);
        assert_int_equal(high, good[i].high);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (filter_read_amounts(bad[i], MONEY_COMMA, &low, &high))
            fail_msg("taken as an amount: %s", bad[i]);
}

/* --- errors ------------------------------------------------------------------------------- */

static void errors_point_at_their_place(void **state)
{
    static const struct {
        const char *text;
        enum record_kind kind;
        size_t start, end;
        int why;
    } cases[] = {
        {"statu:pending", REC_SESSION, 0, 5, FILTER_UNKNOWN_KEY},
        {"a -foo:b", REC_SESSION, 3, 6, FILTER_UNKNOWN_KEY},
        {"cena from:nunca hab", REC_SESSION, 10, 15, FILTER_BAD_DATE},
        {"to:", REC_SESSION, 0, 3, FILTER_BAD_DATE},
        {"on:2026-02-30", REC_SESSION, 3, 13, FILTER_BAD_DATE},
        {"amount:x", REC_SESSION, 7, 8, FILTER_BAD_AMOUNT},
        {"  amount:50..20", REC_SESSION, 9, 15, FILTER_BAD_AMOUNT},
        {"status:", REC_SESSION, 0, 7, FILTER_BAD_VALUE},
        {"status:a,,b", REC_SESSION, 7, 11, FILTER_BAD_VALUE},
        {"status:a;b", REC_SESSION, 7, 10, FILTER_BAD_VALUE},
        {"currency:EURO", REC_SESSION, 9, 13, FILTER_BAD_VALUE},
        {"currency:E1R", REC_SESSION, 9, 12, FILTER_BAD_VALUE},
        {"preauth:maybe", REC_SESSION, 8, 13, FILTER_BAD_VALUE},
        {"ref:", REC_SESSION, 0, 4, FILTER_BAD_VALUE},
        {"ref:\"a b", REC_SESSION, 4, 8, FILTER_OPEN_QUOTE},
        {"\"", REC_SESSION, 0, 1, FILTER_OPEN_QUOTE},
        {"x \"y", REC_SESSION, 2, 4, FILTER_OPEN_QUOTE},
        {"type:refund", REC_SESSION, 0, 4, FILTER_NOT_HERE},
        {"x -terminal:V400m", REC_MODIFICATION, 3, 11, FILTER_NOT_HERE},
        {"preauth:yes", REC_MODIFICATION, 0, 7, FILTER_NOT_HERE},
        {"\"\"", REC_SESSION, 0, 2, FILTER_BAD_VALUE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct filter_error error = {0};
        struct filter *filter = filter_parse(cases[i].text, cases[i].kind, &test_context, &error);
        if (filter != NULL || (int)error.why != cases[i].why || error.start != cases[i].start ||
            error.end != cases[i].end)
            fail_msg("%s: %d at %zu-%zu", cases[i].text, (int)error.why, error.start, error.end);
    }
}

/* As the lists show it, in either language, with or without accents. */
static void shown_words_are_understood(void **state)
{
    static const struct {
        const char *shown, *plain;
        enum record_kind kind;
    } cases[] = {
        {"status:approved", "status:success", REC_PAYMENT},
        {"estado:Aprobado,RECHAZADO", "status:success,refused", REC_PAYMENT},
        {"estado:pendiente,completada", "status:pending,completed", REC_SESSION},
        {"-estado:fallida", "-status:failed", REC_MODIFICATION},
        {"tipo:devolución", "type:refund", REC_MODIFICATION},
        {"tipo:DEVOLUCIÓN,prorroga", "type:refund,extend", REC_MODIFICATION},
        {"desde:1/11/2026 hasta:ayer", "from:2026-11-01 to:yesterday", REC_SESSION},
        {"día:22/11", "on:2026-11-22", REC_SESSION},
        {"el:hoy importe:>5 moneda:eur", "on:today amount:>5 currency:EUR", REC_SESSION},
        {"preaut:sí referencia:RES", "preauth:yes ref:RES", REC_SESSION},
        {"status:Brand_New", "status:brand_new", REC_SESSION},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct filter *shown = test_filter(cases[i].shown, cases[i].kind);
        struct filter *plain = test_filter(cases[i].plain, cases[i].kind);
        assert_int_equal(shown->count, plain->count);
        for (size_t k = 0; k < shown->count; k++) {
            const struct term *a = &shown->terms[k], *b = &plain->terms[k];
            assert_true(a->type == b->type && a->negated == b->negated && a->low == b->low &&
                        a->high == b->high);
            assert_int_equal(a->value_count, b->value_count);
            for (size_t v = 0; v < a->value_count; v++)
                assert_string_equal(a->values[v], b->values[v]);
        }
        filter_free(shown);
        filter_free(plain);
    }
}

static void too_long_is_said(void **state)
{
    struct filter_error error = {0};
    char text[1024];

    (void)state;
    memset(text, 'a', 600);
    text[600] = '\0';
    assert_null(filter_parse(text, REC_SESSION, &test_context, &error));
    assert_int_equal(error.why, FILTER_TOO_LONG);
    assert_int_equal(error.start, 512);
    for (int i = 0; i < 30; i++)
        memcpy(text + i * 2, "a ", 3);
    assert_null(filter_parse(text, REC_SESSION, &test_context, &error));
    assert_int_equal(error.why, FILTER_TOO_LONG);
    assert_int_equal(error.start, 48);
}

/* A statement has room for so many values: more are too long, not a crash. */
static void too_many_values_are_said(void **state)
{
    static const char part[] = "terminal:a,b,c,d,e,f,g,h ";
    const size_t len = sizeof part - 1;
    struct filter_error error = {0};
    char text[512];

    (void)state;
    for (size_t times = 1; times <= 20; times++) {
        memcpy(text + len * (times - 1), part, sizeof part);
        struct filter *filter = filter_parse(text, REC_PAYMENT, &test_context, &error);
        assert_int_equal(filter != NULL, times <= 5);
        assert_int_equal(error.start, times <= 5 ? 0 : 5 * len);
        filter_free(filter);
    }
    assert_int_equal(error.why, FILTER_TOO_LONG);
}

static void odd_texts_never_crash(void **state)
{
    static const char letters[] = "ab:\"-, .<>=5é\xff\t7dfromstatus";
    char text[64];

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct filter_error error = {0};
        size_t len = test_random(sizeof text - 1);
        for (size_t i = 0; i < len; i++)
            text[i] = letters[test_random(sizeof letters - 1)];
        text[len] = '\0';
        struct filter *filter = filter_parse(text, REC_SESSION, &test_context, &error);
        if (filter == NULL)
            assert_true(error.start < error.end && error.end <= len);
        filter_free(filter);
    }
}

static void api_gets_what_it_can_filter(void **state)
{
    struct list_query query = {0};
    struct filter *filter = test_filter(
        "status:pending from:2026-11-10 to:2026-11-12 -on:2026-11-11 cena", REC_SESSION);

    (void)state;
    filter_to_query(filter, &query);
    assert_string_equal(query.status, "pending");
    assert_string_equal(query.date_from, "2026-11-09");
    assert_string_equal(query.date_to, "2026-11-13");
    filter_free(filter);
    query = (struct list_query){0};
    filter = test_filter("-status:pending status:a,b terminal:V400m", REC_PAYMENT);
    filter_to_query(filter, &query);
    assert_null(query.status);
    assert_null(query.date_from);
    assert_null(query.poi_id);
    filter_free(filter);
    filter = test_filter("  \t ", REC_SESSION);
    assert_true(filter_is_empty(filter));
    filter_free(filter);
}

/* --- SQL against a matcher ---------------------------------------------------------------- */

static bool in_text(const char *text, const char *needle)
{
    struct buf folded;

    buf_init(&folded, 4096);
    if (text != NULL)
        fold_add(&folded, text);
    bool found = folded.data != NULL && strstr(folded.data, needle) != NULL;
    buf_done(&folded);
    return found;
}

static bool any_value(const struct term *term, const char *text)
{
    for (size_t i = 0; i < term->value_count; i++)
        if (strcasecmp(term->values[i], text == NULL ? "" : text) == 0)
            return true;
    return false;
}

/* What the row's amount is in major units, against the term's, without the cache's own scaling. */
static bool amount_within(const struct term *term, const struct money *amount)
{
    int64_t unit = 10000;

    if (!amount->known)
        return false;
    for (int i = 0; i < currency_exponent(amount->currency); i++)
        unit /= 10;
    return amount->minor * unit >= term->low && amount->minor * unit <= term->high;
}

static bool term_holds(const struct term *term, const struct record *r)
{
    const char *needle = term->values[0];

    switch (term->type) {
    case TERM_WORD:
        return in_text(r->id, needle) || in_text(r->payment_reference, needle) ||
               in_text(r->custom_reference, needle) || in_text(r->description, needle);
    case TERM_REF:
        return in_text(r->id, needle) || in_text(r->payment_reference, needle) ||
               in_text(r->custom_reference, needle);
    case TERM_STATUS:
        return any_value(term, r->status);
    case TERM_TYPE:
        return any_value(term, r->type);
    case TERM_CURRENCY:
        return any_value(term, r->amount.currency);
    case TERM_TERMINAL:
        for (size_t i = 0; i < term->value_count; i++)
            if (in_text(r->poi_id, term->values[i]))
                return true;
        return false;
    case TERM_DATE:
        return r->created.ms >= term->low && r->created.ms <= term->high;
    case TERM_AMOUNT:
        return amount_within(term, &r->amount);
    case TERM_PREAUTH:
        return (r->is_preauth == 1) == (term->low == 1);
    }
    return false;
}

static bool row_holds(const struct filter *filter, const struct record *record)
{
    for (size_t i = 0; i < filter->count; i++)
        if (term_holds(&filter->terms[i], record) == filter->terms[i].negated)
            return false;
    return true;
}

#define ROWS 600

static void compare(struct box *box, enum record_kind kind, const char *text, enum sort_by sort)
{
    struct arena arena = {0};
    struct filter *filter = test_filter(text, kind);
    struct list_spec spec = {.kind = kind, .filter = filter, .sort = sort};
    struct row_page page;
    struct list_totals totals;
    struct err err = {0};
    size_t expected = 0;

    if (!cache_list(box->cache, &(struct page_request){.spec = &spec, .limit = 2000}, &page, &err))
        fail_msg("%s: %s", text, err.detail);
    for (size_t i = 0; i < page.count; i++)
        if (!row_holds(filter, &page.rows[i].record))
            fail_msg("%s: wrong row %s", text, page.rows[i].record.id);
    for (int i = 0; i < ROWS; i++) {
        struct record record;
        test_record(&arena, kind, i, &record);
        expected += row_holds(filter, &record);
    }
    if (expected != page.count)
        fail_msg("%s: %zu rows, not %zu", text, page.count, expected);
    assert_true(cache_totals_now(box->cache, &spec, &totals, &err));
    assert_int_equal(totals.count, expected);
    row_page_done(&page);
    filter_free(filter);
    arena_done(&arena);
}

static const char *const common[] = {
    "status:pending",
    "-status:success",
    "STATUS:Completed,pending",
    "from:-3d",
    "to:yesterday",
    "on:-2d",
    "on:2026-11",
    "-on:2026-11-20",
    "from:-4d to:-2d",
    "amount:12",
    "amount:>10",
    "amount:<=3,5",
    "amount:10..20000",
    "-amount:>5",
    "amount:0",
    "currency:jpy",
    "currency:EUR,KWD",
    "-currency:EUR",
    "ref:res-2026-1",
    "-ref:1",
    "ref:xtt-1000",
    "hotel9",
    "100012",
    "cena",
    "Ñandú",
    "NANDU",
    "\"spa \"",
    "deposito hab",
    "ó",
    "a",
    "-cena",
    "-minibar -spa",
    "\"hab. 2\"",
    "azul",
    "\"l\"",
    "zzz",
    "1 2 3",
    "habitación status:pending amount:>1",
    "---",
};
static const struct {
    enum record_kind kind;
    const char *text;
} special[] = {
    {REC_SESSION, "preauth:yes"},
    {REC_SESSION, "preauth:no"},
    {REC_SESSION, "-preauth:sí"},
    {REC_PAYMENT, "terminal:test-1"},
    {REC_PAYMENT, "-terminal:V400m-TEST-2"},
    {REC_PAYMENT, "terminal:test-0,TEST-1 cena"},
    {REC_MODIFICATION, "type:refund"},
    {REC_MODIFICATION, "-type:refund,capture"},
};

static void sql_agrees_with_a_matcher(void **state)
{
    struct box box;
    bool left;

    (void)state;
    box_open(&box);
    for (int kind = 0; kind < RECORD_KINDS; kind++) {
        /* a third of the rows indexed, the rest not */
        test_store(box.cache, (enum record_kind)kind, 0, ROWS / 3);
        assert_true(cache_index_slice(box.cache, 60000, &left, NULL));
        test_store(box.cache, (enum record_kind)kind, ROWS / 3, ROWS - ROWS / 3);
        for (size_t i = 0; i < COUNT_OF(common); i++) {
            compare(&box, (enum record_kind)kind, common[i], SORT_CREATED);
            compare(&box, (enum record_kind)kind, common[i], SORT_AMOUNT);
        }
    }
    for (size_t i = 0; i < COUNT_OF(special); i++)
        compare(&box, special[i].kind, special[i].text, SORT_CREATED);
    for (int round = 0; round < 300; round++) {
        char text[256] = "";
        for (uint32_t i = test_random(4) + 1; i > 0; i--) {
            const char *token = common[test_random(COUNT_OF(common))];
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s ",
                     token[0] != '-' && test_random(3) == 0 ? "-" : "", token);
        }
        compare(&box, (enum record_kind)test_random(RECORD_KINDS), text,
                (enum sort_by)test_random(SORT_TYPE + 1));
    }
    box_close(&box);
}

/* The property's name of a terminal finds its payments as well. */
static void terminal_is_found_by_name(void **state)
{
    struct terminal terminals[] = {{.poi_id = "V400m-TEST-1", .name = "Recepción 1"},
                                   {.poi_id = "V400m-TEST-2", .name = "Terraza"}};
    struct box box;
    struct row_page page;

    (void)state;
    box_open(&box);
    test_store(box.cache, REC_PAYMENT, 0, 60);
    assert_true(cache_store_terminals(box.cache, terminals, 2, false, NULL));
    struct filter *filter = test_filter("terminal:recepcion", REC_PAYMENT);
    struct list_spec spec = {.kind = REC_PAYMENT, .filter = filter};
    assert_true(
        cache_list(box.cache, &(struct page_request){.spec = &spec, .limit = 100}, &page, NULL));
    assert_true(page.count > 5);
    for (size_t i = 0; i < page.count; i++)
        assert_string_equal(page.rows[i].record.poi_id, "V400m-TEST-1");
    row_page_done(&page);
    filter_free(filter);
    box_close(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_read),
        cmocka_unit_test(amounts_are_read),
        cmocka_unit_test(errors_point_at_their_place),
        cmocka_unit_test(shown_words_are_understood),
        cmocka_unit_test(too_long_is_said),
        cmocka_unit_test(too_many_values_are_said),
        cmocka_unit_test(odd_texts_never_crash),
        cmocka_unit_test(api_gets_what_it_can_filter),
        cmocka_unit_test(sql_agrees_with_a_matcher),
        cmocka_unit_test(terminal_is_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
