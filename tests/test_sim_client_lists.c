/* Lists through the real client: every dialect of the simulator read page by page to its end, and
   every filter held against the same filter applied here. */
#include "support_simc.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BASE_MS  INT64_C(1782642600000) /* 2026-06-28 10:30:00 UTC: the seeded objects end here */
#define ZONE_MS  INT64_C(3600000)       /* of the simulator's wall clock */
#define ROWS_MAX 600

/* What of a row is compared; "" is absent. */
struct seen_row {
    char id[96], payment[96], status[16], custom[96], poi[32];
    struct stamp created;
};
struct walk {
    struct seen_row rows[ROWS_MAX];
    size_t count;
    bool stuck; /* the same first row twice: the server ignores page */
};
enum { SESSIONS, PAYMENTS, CHANGES, LISTS };
static const enum endpoint lists[LISTS] = {EP_SESSIONS, EP_PAYMENTS, EP_MODIFICATIONS};
static struct walk canonical[LISTS], found;

static void opens(enum sim_dialect dialect)
{
    struct sim_settings settings = lab_settings();
    settings.sessions = 137;
    settings.payments = 101;
    settings.base_utc_ms = BASE_MS;
    settings.dialect = dialect;
    simc_open(&settings, ENV_TEST);
}

#define COPY(to, text) snprintf(to, sizeof(to), "%s", (text) ? (text) : "")

static void walk_add(struct walk *walk, const struct record *record)
{
    assert_true(walk->count < ROWS_MAX);
    struct seen_row *row = &walk->rows[walk->count++];
    COPY(row->id, record->id);
    COPY(row->payment, record->payment_reference);
    COPY(row->status, record->status);
    COPY(row->custom, record->custom_reference);
    COPY(row->poi, record->poi_id);
    row->created = record->created;
}

/* Reads to the end, whichever way the answer speaks of pages. */
static void walk_list(enum endpoint endpoint, const char *id, struct list_query query,
                      struct walk *walk)
{
    char first[96] = "";
    *walk = (struct walk){0};
    for (query.page = 1; query.page < 100; query.page++) {
        struct simc_got *got = simc_get(endpoint, id, query);
        const struct api_answer *answer = &got->answer;
        const struct page_info *page = &answer->page;
        assert_int_equal(answer->body, BODY_DATA);
        assert_int_equal(answer->skipped, 0);
        assert_true(answer->count <= (size_t)query.limit);
        if (answer->count && strcmp(answer->records[0].id, first) == 0) {
            walk->stuck = true;
            return;
        }
        if (answer->count)
            COPY(first, answer->records[0].id);
        for (size_t i = 0; i < answer->count; i++)
            walk_add(walk, &answer->records[i]);
        query.cursor = page->next_cursor;
        if (page->has_more == 0 || (page->total_pages >= 0 && query.page >= page->total_pages) ||
            answer->count < (size_t)query.limit)
            return;
    }
}

static void is_walk_of(const struct walk *walk, const struct walk *all, size_t count)
{
    assert_int_equal(walk->count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(walk->rows[i].id, all->rows[i].id);
}

/* --- dialects ----------------------------------------------------------------------------- */

static void canonical_lists_are_whole(void)
{
    opens(SIM_CANONICAL);
    for (int list = 0; list < LISTS; list++) {
        struct walk *all = &canonical[list];
        walk_list(lists[list], NULL, (struct list_query){.limit = 100}, all);
        for (size_t i = 0; i < all->count; i++) {
            assert_true(simc_is_home(all->rows[i].id));
            assert_true(i == 0 || all->rows[i].created.ms <= all->rows[i - 1].created.ms);
            for (size_t j = 0; j < i; j++)
                assert_string_not_equal(all->rows[i].id, all->rows[j].id);
        }
    }
    assert_int_equal(canonical[SESSIONS].count, 137);
    assert_int_equal(canonical[PAYMENTS].count, 101);
    assert_true(canonical[CHANGES].count > 30);
    simc_close(NULL);
}

static void page_facts_are_as_spoken(enum sim_dialect dialect, enum endpoint endpoint, size_t total)
{
    struct simc_got *got = simc_get(endpoint, NULL, (struct list_query){.page = 2, .limit = 10});
    const struct page_info *page = &got->answer.page;
    bool silent = dialect == SIM_BARE || dialect == SIM_NAMED_CURSOR;
    assert_int_equal(page->page, silent ? -1 : dialect == SIM_IGNORES_PAGE ? 1 : 2);
    assert_int_equal(page->per_page, silent ? -1 : 10);
    assert_int_equal(page->total, silent ? -1 : (int64_t)total);
    assert_int_equal(page->total_pages, silent ? -1 : (int)(total + 9) / 10);
    assert_int_equal(page->has_more, dialect == SIM_NAMED_CURSOR ? 1 : -1);
    if (dialect == SIM_NAMED_CURSOR)
        assert_string_equal(page->next_cursor, "c3");
    else
        assert_null(page->next_cursor);
}

static void every_dialect_is_read_to_its_end(void **state)
{
    (void)state;
    static const int limits[] = {100, 10, 7};
    canonical_lists_are_whole();
    for (int dialect = 0; dialect < SIM_DIALECTS; dialect++) {
        opens((enum sim_dialect)dialect);
        for (int list = 0; list < LISTS; list++) {
            const struct walk *all = &canonical[list];
            for (size_t k = 0; k < COUNT_OF(limits); k++) {
                walk_list(lists[list], NULL, (struct list_query){.limit = limits[k]}, &found);
                bool stuck = dialect == SIM_IGNORES_PAGE && all->count > (size_t)limits[k];
                assert_int_equal(found.stuck, stuck);
                is_walk_of(&found, all, stuck ? (size_t)limits[k] : all->count);
            }
            page_facts_are_as_spoken((enum sim_dialect)dialect, lists[list], all->count);
        }
        simc_close(NULL);
    }
}

static void a_page_beyond_the_end_is_empty(void **state)
{
    (void)state;
    for (int dialect = 0; dialect < SIM_DIALECTS; dialect++) {
        opens((enum sim_dialect)dialect);
        for (int list = 0; list < LISTS; list++) {
            struct simc_got *got =
                simc_get(lists[list], NULL, (struct list_query){.page = 900, .limit = 100});
            assert_int_equal(got->answer.body, BODY_DATA);
            assert_int_equal(got->answer.count == 0, dialect != SIM_IGNORES_PAGE);
        }
        simc_close(NULL);
    }
}

/* A lean row leaves out what the detail call tells, and has its times in the other form. */
static void lean_rows_say_less_of_the_same(void **state)
{
    (void)state;
    canonical_lists_are_whole();
    opens(SIM_LEAN);
    for (int list = 0; list < LISTS; list++) {
        walk_list(lists[list], NULL, (struct list_query){.limit = 100}, &found);
        is_walk_of(&found, &canonical[list], canonical[list].count);
        for (size_t i = 0; i < found.count; i++) {
            const struct seen_row *lean = &found.rows[i], *full = &canonical[list].rows[i];
            assert_string_equal(lean->status, full->status);
            assert_string_equal(lean->custom, full->custom);
            assert_string_equal(lean->payment, list == SESSIONS ? "" : full->payment);
            assert_int_equal(lean->created.zoned, list != SESSIONS);
            assert_false(full->created.zoned);
            assert_int_equal(lean->created.ms + (list == SESSIONS ? 0 : ZONE_MS), full->created.ms);
        }
    }
    for (size_t i = 0; i < 20; i++) { /* the detail call has it */
        const struct seen_row *full = &canonical[SESSIONS].rows[i];
        struct simc_got *got = simc_get(EP_SESSION_GET, full->id, (struct list_query){0});
        const char *payment = simc_record(got)->payment_reference;
        assert_string_equal(payment ? payment : "", full->payment);
    }
}

/* --- lists of one payment ----------------------------------------------------------------- */

static void modifications_of_one_payment_are_paged_too(void **state)
{
    (void)state;
    for (int dialect = 0; dialect < SIM_DIALECTS; dialect++) {
        opens((enum sim_dialect)dialect);
        struct charge_draft draft = {.poi_id = DEMO_POI, .amount = money_make(50000, "EUR")};
        const char *payment = simc_record(simc_charge(&draft))->id;
        const char *made[5];
        for (int i = 0; i < 5; i++)
            made[i] = simc_record(simc_modify(EP_REFUND, payment, 1000 + i, "EUR"))->id;
        walk_list(EP_PAYMENT_MODIFICATIONS, payment, (struct list_query){.limit = 2}, &found);
        assert_int_equal(found.stuck, dialect == SIM_IGNORES_PAGE);
        assert_int_equal(found.count, dialect == SIM_IGNORES_PAGE ? 2 : 5);
        for (size_t i = 0; i < found.count; i++) {
            assert_string_equal(found.rows[i].id, made[4 - i]);
            assert_string_equal(found.rows[i].payment, payment);
        }
        simc_close(NULL);
    }
}

static size_t changes_of(const char *payment)
{
    size_t count = 0;
    for (size_t i = 0; i < canonical[CHANGES].count; i++)
        count += strcmp(canonical[CHANGES].rows[i].payment, payment) == 0;
    return count;
}

static void both_ways_to_modifications_agree(void **state)
{
    (void)state;
    static const enum endpoint of[] = {EP_SESSION_MODIFICATIONS, EP_PAYMENT_MODIFICATIONS};
    canonical_lists_are_whole();
    opens(SIM_CANONICAL);
    size_t seen = 0;
    for (int list = SESSIONS; list <= PAYMENTS; list++) {
        for (size_t i = 0; i < canonical[list].count; i++) {
            const struct seen_row *row = &canonical[list].rows[i];
            size_t expected = row->payment[0] ? changes_of(row->payment) : 0;
            if (!expected && i % 10)
                continue; /* a sample of those without */
            walk_list(of[list], row->id, (struct list_query){.limit = 100}, &found);
            assert_int_equal(found.count, expected);
            for (size_t k = 0; k < found.count; k++)
                assert_string_equal(found.rows[k].payment, row->payment);
            seen += expected;
        }
    }
    assert_int_equal(seen, canonical[CHANGES].count); /* each change belongs to one of them */
}

/* --- filters ------------------------------------------------------------------------------ */

static bool passes(const struct seen_row *row, const struct list_query *query)
{
    char day[11];
    snprintf(day, sizeof(day), "%.10s", row->created.text);
    return (!query->status || strcmp(query->status, row->status) == 0) &&
           (!query->date_from || strcmp(day, query->date_from) >= 0) &&
           (!query->date_to || strcmp(day, query->date_to) <= 0) &&
           (!query->custom_reference || strcmp(query->custom_reference, row->custom) == 0) &&
           (!query->poi_id || strcmp(query->poi_id, row->poi) == 0);
}

/* The filter gives what the same filter gives here; returns how many. */
static size_t filters(int list, struct list_query query)
{
    static struct walk expected;
    expected = (struct walk){0};
    for (size_t i = 0; i < canonical[list].count; i++)
        if (passes(&canonical[list].rows[i], &query))
            expected.rows[expected.count++] = canonical[list].rows[i];
    query.limit = 10;
    walk_list(lists[list], NULL, query, &found);
    is_walk_of(&found, &expected, expected.count);
    return expected.count;
}

static void filters_keep_what_they_say(void **state)
{
    (void)state;
    static const char *const words[] = {"pending", "completed", "expired", "cancelled",
                                        "failed",  "success",   "refused", "received"};
    canonical_lists_are_whole();
    opens(SIM_CANONICAL);
    for (int list = 0; list < LISTS; list++) {
        size_t sum = 0, count = canonical[list].count;
        for (size_t i = 0; i < COUNT_OF(words); i++)
            sum += filters(list, (struct list_query){.status = words[i]});
        assert_int_equal(sum, count);
        assert_int_equal(filters(list, (struct list_query){.status = "no such word"}), 0);
        size_t before = filters(list, (struct list_query){.date_to = "2026-05-31"});
        size_t after = filters(list, (struct list_query){.date_from = "2026-06-01"});
        assert_int_equal(before + after, count);
        assert_true(before > 0 && after > 0);
        filters(list, (struct list_query){.date_from = "2026-06-10", .date_to = "2026-06-10"});
        filters(list, (struct list_query){.status = "success", .date_from = "2026-06-10"});
        assert_int_equal(filters(list, (struct list_query){.date_from = "2026-07-15"}), 0);
    }
    for (int list = SESSIONS; list <= PAYMENTS; list++)
        for (size_t i = 0; i < canonical[list].count; i += 7)
            if (canonical[list].rows[i].custom[0])
                assert_true(filters(
                    list, (struct list_query){.custom_reference = canonical[list].rows[i].custom}));
    assert_int_equal(filters(SESSIONS, (struct list_query){.custom_reference = "RES"}), 0);
    size_t sum = filters(PAYMENTS, (struct list_query){.poi_id = DEMO_POI}) +
                 filters(PAYMENTS, (struct list_query){.poi_id = DEMO_POI2}) +
                 filters(PAYMENTS, (struct list_query){.poi_id = DEMO_OFF});
    assert_int_equal(sum, canonical[PAYMENTS].count);
}

static void a_server_may_ignore_filters(void **state)
{
    (void)state;
    canonical_lists_are_whole();
    opens(SIM_IGNORES_FILTER);
    for (int list = 0; list < LISTS; list++) {
        walk_list(lists[list], NULL,
                  (struct list_query){.limit = 100, .status = "pending", .date_from = "2026-06-28"},
                  &found);
        is_walk_of(&found, &canonical[list], canonical[list].count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_dialect_is_read_to_its_end), CASE(a_page_beyond_the_end_is_empty),
        CASE(lean_rows_say_less_of_the_same),   CASE(modifications_of_one_payment_are_paged_too),
        CASE(both_ways_to_modifications_agree), CASE(filters_keep_what_they_say),
        CASE(a_server_may_ignore_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
