/* What other consoles write into the journal is told of here, together, a while after the last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../cache/money_internal.h"
#include "support_journal.h"

static void note_bits(void *ctx, unsigned bits)
{
    *(unsigned *)ctx |= bits;
}

static bool is_noted(void *ctx)
{
    return *(unsigned *)ctx == CHANGED_JOURNAL;
}

static int64_t standing_boot_ms;

static int64_t standing_still(void)
{
    return standing_boot_ms;
}

static void news_of_others(void **state)
{
    struct jbox *box = *state;
    struct loop *loop = loop_new();
    struct journal *other = jbox_open(box);
    unsigned bits = 0;
    struct changes changes = {note_bits, &bits};
    struct journal_news *news = journal_news_start(box->journal, loop);
    char id[INTENT_ID_SIZE];

    assert_non_null(news);
    box->journal->changes = &changes;
    standing_boot_ms = clock_boot_ms();
    clock_replace(NULL, standing_still);
    for (int i = 0; i < 3; i++) { /* several writes are told of together, a while after the last */
        struct intent_draft draft = jbox_charge(NULL);
        assert_true(journal_prepare(other, &draft, NULL));
        loop_turn(loop, 0);
    }
    assert_int_equal(bits, 0);
    clock_replace(NULL, NULL);
    assert_true(loop_run_until(loop, is_noted, &bits, 60000));
    jbox_prepare(box, NULL, id); /* tells of itself, at once and once */
    assert_int_equal(bits, CHANGED_JOURNAL);
    bits = 0;
    loop_run_until(loop, is_noted, &bits, 200);
    assert_int_equal(bits, 0);
    box->journal->changes = NULL; /* nobody listens */
    struct intent_draft draft = jbox_charge(NULL);
    assert_true(journal_prepare(other, &draft, NULL));
    loop_run_until(loop, is_noted, &bits, 200);
    assert_int_equal(bits, 0);
    journal_news_stop(news);
    journal_news_stop(NULL);
    journal_close(other);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(news_of_others, jbox_setup, jbox_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
