/* The exit status that a script decides by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../tui/cli_money.h"

/* Only what moved money, or was closed by hand as having moved it, is a success. */
static void statuses(void **state)
{
    static const struct {
        enum intent_state state;
        const char *why;
        int status;
    } rows[] = {{INTENT_CONFIRMED, NULL, CLI_DONE},
                {INTENT_ACCEPTED, NULL, CLI_DONE},
                {INTENT_RESOLVED, "by hand: charged", CLI_DONE},
                {INTENT_RESOLVED, "by hand: not charged", CLI_FAILED},
                {INTENT_RESOLVED, NULL, CLI_FAILED},
                {INTENT_DECLINED, NULL, CLI_FAILED},
                {INTENT_NOT_EXECUTED, NULL, CLI_FAILED},
                {INTENT_VOID, "unsent: no connection", CLI_UNREACHED},
                {INTENT_VOID, "backed out", CLI_FAILED},
                {INTENT_PREPARED, NULL, CLI_UNKNOWN},
                {INTENT_SENT, NULL, CLI_UNKNOWN},
                {INTENT_UNKNOWN, NULL, CLI_UNKNOWN},
                {INTENT_VOID, "journal: disk I/O error", CLI_STORAGE},
                {INTENT_MANUAL, NULL, CLI_UNKNOWN}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct intent intent = {.state = rows[i].state, .why = rows[i].why};
        if (cli_money_exit(&intent) != rows[i].status)
            fail_msg("%s, %s: %d", intent_state_name(rows[i].state), rows[i].why,
                     cli_money_exit(&intent));
    }
}

/* What could not be written down may be told otherwise by a later start: no script may rely on it,
   nor take it for a charge that was not made. */
static void unwritten(void **state)
{
    (void)state;
    for (int i = 0; i < INTENT_STATE_COUNT; i++) {
        struct intent intent = {.state = (enum intent_state)i, .unwritten = true};
        assert_int_equal(cli_money_exit(&intent), i == INTENT_VOID ? CLI_STORAGE : CLI_UNKNOWN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(statuses), cmocka_unit_test(unwritten)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
