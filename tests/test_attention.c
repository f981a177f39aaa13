/* What may need a person: holds that nothing was done with, and modifications that stay open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_cache.h"

struct hold_case {
    const char *payment, *status, *created;
    int is_preauth;
};

static void put_payment(struct box *box, const struct hold_case *wanted)
{
    struct err err = {0};
    struct record record = {.kind = REC_PAYMENT,
                            .id = wanted->payment,
                            .payment_reference = wanted->payment,
                            .status = wanted->status,
                            .is_preauth = wanted->is_preauth,
                            .amount = money_make(5000, "EUR"),
                            .raw = "{}"};
    stamp_parse(wanted->created, &record.created);
    if (!cache_store(box->cache, &record, 1, SOURCE_LIST, NULL, &err))
        fail_msg("cache_store: %s", err.detail);
}

static void put_change(struct box *box, const char *id, const char *type, const char *status,
                       const char *payment)
{
    struct err err = {0};
    struct record record = {.kind = REC_MODIFICATION,
                            .id = id,
                            .payment_reference = payment,
                            .type = type,
                            .status = status,
                            .is_preauth = -1,
                            .raw = "{}"};
    stamp_parse("2026-11-21 09:00:00", &record.created);
    stamp_parse("2026-11-21 09:30:00", &record.updated);
    if (!cache_store(box->cache, &record, 1, SOURCE_LIST, NULL, &err))
        fail_msg("cache_store: %s", err.detail);
}

/* --- asking ----------------------------------------------------------------------------------- */

struct answer {
    struct attention *attention;
    int count;
};

static void take(void *ctx, struct attention *attention)
{
    struct answer *answer = ctx;
    answer->attention = attention;
    answer->count++;
}

static bool is_answered(void *ctx)
{
    return ((struct answer *)ctx)->count > 0;
}

static int64_t wall(const char *text)
{
    struct stamp stamp;
    assert_true(stamp_parse(text, &stamp));
    return stamp.ms;
}

static struct attention *ask(struct box *box, struct loop *loop, const char *from)
{
    struct answer answer = {0};
    cache_attention(box->cache, loop, wall(from), wall("2026-11-22 00:00:00"), take, &answer);
    assert_true(loop_run_until(loop, is_answered, &answer, 20000));
    assert_int_equal(answer.count, 1);
    assert_non_null(answer.attention);
    return answer.attention;
}

/* --- holds ------------------------------------------------------------------------------------ */

static void only_untouched_holds_are_found(void **state)
{
    static const struct hold_case payments[] = {
        {"P-OLD", "success", "2026-10-01 10:00:00", 1},
        {"P-PLAIN", "success", "2026-11-10 10:00:00", 0},
        {"P-REFUSED", "refused", "2026-11-11 10:00:00", 1},
        {"P-CAPTURED", "success", "2026-11-12 10:00:00", 1},
        {"P-CAPTURING", "success", "2026-11-13 10:00:00", 1},
        {"P-CANCELLED", "success", "2026-11-14 10:00:00", 1},
        {"P-EXTENDED", "success", "2026-11-15 10:00:00", 1},
        {"P-FAILED", "success", "2026-11-16 10:00:00", 1},
        {"P-NEW", "success", "2026-11-17 10:00:00", 1},
    };
    static const char *const found[] = {"P-FAILED", "P-NEW", "P-EXTENDED"};
    struct box box;
    struct loop *loop = loop_new();

    (void)state;
    box_open(&box);
    for (size_t i = 0; i < COUNT_OF(payments); i++)
        put_payment(&box, &payments[i]);
    put_change(&box, "M1", "capture", "success", "P-CAPTURED");
    put_change(&box, "M2", "capture", "received", "P-CAPTURING");
    put_change(&box, "M3", "extend", "success", "P-CANCELLED");
    put_change(&box, "M4", "cancel", "success", "P-CANCELLED");
    put_change(&box, "M5", "extend", "success", "P-EXTENDED");
    put_change(&box, "M6", "capture", "failed", "P-FAILED");
    put_change(&box, "M7", "extend", "failed", "P-NEW");
    struct attention *attention = ask(&box, loop, "2026-11-01 00:00:00");
    assert_int_equal(attention->hold_count, COUNT_OF(found));
    for (size_t i = 0; i < COUNT_OF(found); i++)
        assert_string_equal(attention->holds[i].payment_reference, found[i]);
    assert_true(attention->holds[1].began.ms == wall("2026-11-17 10:00:00"));
    assert_true(attention->holds[2].began.ms == wall("2026-11-21 09:30:00"));
    assert_int_equal(attention->holds[0].amount.minor, 5000);
    attention_done(attention);
    box_close(&box);
    loop_free(loop);
}

/* A hold's own modification may come in any number: each row of it is the same hold. */
static void many_changes_are_one_hold(void **state)
{
    struct box box;
    struct loop *loop = loop_new();

    (void)state;
    box_open(&box);
    put_payment(&box, &(struct hold_case){"P1", "success", "2026-11-12 10:00:00", 1});
    put_change(&box, "M1", "extend", "failed", "P1");
    put_change(&box, "M2", "extend", "success", "P1");
    put_change(&box, "M3", "extend", "received", "P1");
    struct attention *attention = ask(&box, loop, "2026-11-01 00:00:00");
    assert_int_equal(attention->hold_count, 1);
    attention_done(attention);
    box_close(&box);
    loop_free(loop);
}

/* --- open modifications ----------------------------------------------------------------------- */

static void open_modifications_are_found(void **state)
{
    struct box box;
    struct loop *loop = loop_new();

    (void)state;
    box_open(&box);
    put_change(&box, "M1", "refund", "success", "P1");
    put_change(&box, "M2", "refund", "pending", "P1");
    put_change(&box, "M3", "refund", "failed", "P1");
    struct attention *attention = ask(&box, loop, "2026-11-01 00:00:00");
    assert_int_equal(attention->open_count, 1);
    assert_string_equal(attention->open[0].record.id, "M2");
    attention_done(attention);
    box_close(&box);
    loop_free(loop);
}

static void a_newer_question_replaces_the_older(void **state)
{
    struct box box;
    struct loop *loop = loop_new();
    struct answer first = {0}, second = {0};

    (void)state;
    box_open(&box);
    cache_attention(box.cache, loop, 0, 0, take, &first);
    cache_attention(box.cache, loop, 0, 0, take, &second);
    assert_true(loop_run_until(loop, is_answered, &second, 20000));
    assert_int_equal(first.count, 0);
    attention_done(second.attention);
    box_close(&box);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_untouched_holds_are_found),
        cmocka_unit_test(many_changes_are_one_hold),
        cmocka_unit_test(open_modifications_are_found),
        cmocka_unit_test(a_newer_question_replaces_the_older),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
