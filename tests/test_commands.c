/* The command table: no key means two things, every row can be found and is documented. Also what
   is made of column rows: CSV, and what is typed into forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../tui/form.h"
#include "../tui/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_every_key_means_one_thing(void **state)
{
    (void)state;
    uint32_t keys[256];
    size_t count = 0;
    for (uint32_t key = 1; key < 127; key++)
        keys[count++] = key;
    for (uint32_t key = KEY_BASE; key < KEY_FN + 13; key++)
        keys[count++] = key;
    for (unsigned scope = 1; scope <= SCOPE_TEXT; scope <<= 1) {
        for (size_t i = 0; i < count; i++) {
            enum command found = command_of_key(keys[i], (enum scope)scope);
            if (found == COMMAND_NONE)
                continue;
            assert_true(command_row(found)->scopes & scope);
        }
    }
    assert_int_equal(command_of_key('r', SCOPE_LIST), COMMAND_REFUND);
    assert_int_equal(command_of_key('R', SCOPE_LIST), COMMAND_REFRESH);
    assert_int_equal(command_of_key(KEY_FN + 5, SCOPE_LIST), COMMAND_REFRESH);
    assert_int_equal(command_of_key(KEY_FN + 10, SCOPE_DETAIL), COMMAND_BACK);
    assert_int_equal(command_of_key(' ', SCOPE_LIST), COMMAND_MARK);
    assert_int_equal(command_of_key('y', SCOPE_TEXT), COMMAND_NONE);
    assert_int_equal(command_of_key(KEY_NONE, SCOPE_LIST), COMMAND_NONE);
}

/* Whether one of the blank-separated names is in both lists. */
static bool share_a_key(const char *a, const char *b)
{
    char list[64], name[16];
    snprintf(list, sizeof list, " %s ", b);
    while (*a) {
        int len = (int)strcspn(a, " ");
        snprintf(name, sizeof name, " %.*s ", len, a);
        if (strstr(list, name))
            return true;
        a += len + (a[len] == ' ');
    }
    return false;
}

/* Of two rows of one scope that share a key the second could never be reached. */
static void test_no_key_is_taken_twice(void **state)
{
    (void)state;
    assert_true(share_a_key("q F10", "a F10"));
    assert_false(share_a_key("F1", "F10"));
    for (int a = 1; a < COMMAND_COUNT; a++) {
        for (int b = a + 1; b < COMMAND_COUNT; b++) {
            const struct command_row *one = command_row((enum command)a);
            const struct command_row *other = command_row((enum command)b);
            if (one->scopes & other->scopes)
                assert_false(share_a_key(one->keys, other->keys));
        }
    }
}

static void test_footer_fits(void **state)
{
    (void)state;
    struct arena arena = {0};
    int width = 1;
    for (int i = 1; i < COMMAND_COUNT; i++) {
        const struct command_row *row = command_row((enum command)i);
        if (row->label && (row->scopes & SCOPE_LIST))
            width += text_width(command_key_name(&arena, (enum command)i)) + 1 +
                     text_width(text_ours(row->label)) + 2;
    }
    assert_true(width - 2 <= 80);
    arena_done(&arena);
}

static void test_search(void **state)
{
    (void)state;
    assert_true(command_matches(COMMAND_REFUND, text_ours("")));
    assert_true(command_matches(COMMAND_REFUND, text_ours("refund")));
    assert_true(command_matches(COMMAND_REFUND, text_ours("RFD")));
    assert_true(command_matches(COMMAND_REFUND, text_ours("réfund pay")));
    assert_false(command_matches(COMMAND_REFUND, text_ours("refundx")));
    assert_true(command_matches(COMMAND_CHARGE, text_ours("f2")));
}

static void test_man_section(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1 << 16);
    commands_write_man(&out);
    assert_int_equal(strncmp(out.data, ".SH KEYS\n.TP\n", 13), 0);
    assert_non_null(strstr(out.data, ".B \"p or F2\"\nCharge on a terminal.\n"));
    assert_non_null(strstr(out.data, "Capture a pre\\-authorisation.\n"));
    size_t rows = 0;
    for (const char *at = out.data; (at = strstr(at, ".TP\n")); at++)
        rows++;
    assert_int_equal(rows, COMMAND_COUNT - 1);
    buf_done(&out);
}

/* --- CSV ---------------------------------------------------------------------------------- */

static struct text get_as_is(struct arena *arena, const void *row)
{
    (void)arena;
    return text_ours(row);
}

static void test_csv_is_safe(void **state)
{
    (void)state;
    static const struct column columns[] = {
        {"Text", 5, ALIGN_LEFT, 0, NO_SORT, get_as_is, NULL, NULL},
        {"Again", 0, ALIGN_LEFT, 0, NO_SORT, get_as_is, NULL, NULL},
    };
    static const char *const rows[][2] = {
        {"plain", "plain,plain\r\n"},
        {"a,b", "\"a,b\",\"a,b\"\r\n"},
        {"a\"b", "\"a\"\"b\",\"a\"\"b\"\r\n"},
        {"=1+1", "'=1+1,'=1+1\r\n"},
        {"@x", "'@x,'@x\r\n"},
        {"-5", "-5,-5\r\n"},
        {"-5+1", "'-5+1,'-5+1\r\n"},
        {"", ",\r\n"},
    };
    struct buf out;
    buf_init(&out, 4096);
    table_csv_titles(columns, COUNT_OF(columns), &out);
    assert_string_equal(out.data, "Text,Again\r\n");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        buf_clear(&out);
        table_csv_row(columns, COUNT_OF(columns), rows[i][0], &out);
        assert_string_equal(out.data, rows[i][1]);
    }
    buf_done(&out);
}

/* --- forms -------------------------------------------------------------------------------- */

enum { F_AMOUNT, F_TEXT, F_CHOICE, F_YES };
static const struct field fields[] = {
    [F_AMOUNT] = {FIELD_AMOUNT, "Amount", NULL, 0, .required = true},
    [F_TEXT] = {FIELD_TEXT, "Text", NULL, 20, .required = false},
    [F_CHOICE] = {FIELD_CHOICE, "Choice", NULL, 0, .required = true},
    [F_YES] = {FIELD_YESNO, "Hold", NULL, 0, .required = false},
};

static void type(struct form *form, const char *keys)
{
    for (; *keys; keys++)
        form_key(form, (unsigned char)*keys);
}

static void test_form(void **state)
{
    (void)state;
    struct form form;
    struct money money;
    static const struct option options[] = {{{"one"}, {NULL}, STYLE_NORMAL},
                                            {{"two"}, {NULL}, STYLE_NORMAL}};
    form_init(&form, fields, COUNT_OF(fields), "EUR");
    form_set_options(&form, F_CHOICE, options, COUNT_OF(options));
    assert_int_equal(form_key(&form, KEY_FN + 2), FORM_TAKEN); /* amount is missing */
    assert_int_equal(form.active, F_AMOUNT);
    type(&form, "12.50");
    assert_true(form_amount(&form, F_AMOUNT, &money));
    assert_int_equal(money.minor, 1250);
    assert_int_equal(form_key(&form, KEY_RETURN), FORM_TAKEN);
    assert_int_equal(form.active, F_TEXT);
    type(&form, "cena y copa 123");
    form_paste(&form, text_ours("456789"));
    assert_string_equal(form_text(&form, F_TEXT), "cena y copa 12345678"); /* 20 bytes */
    assert_int_equal(form_key(&form, KEY_FN + 2), FORM_TAKEN);             /* no choice yet */
    assert_int_equal(form.active, F_CHOICE);
    type(&form, "2");
    assert_int_equal(form_choice(&form, F_CHOICE), 1);
    type(&form, "7");
    assert_int_equal(form_choice(&form, F_CHOICE), 1);
    form_key(&form, KEY_TAB);
    type(&form, " ");
    assert_true(form_yes(&form, F_YES));
    assert_int_equal(form_key(&form, KEY_RETURN), FORM_SUBMIT);
    assert_int_equal(form_key(&form, KEY_ESC), FORM_CANCEL);
    form_done(&form);
}

static void test_form_refuses_what_is_no_amount(void **state)
{
    (void)state;
    static const char *const wrong[] = {"1.234", "1,000", "12.505", "-5", "0", "1 2", "1e3"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct form form;
        struct money money;
        form_init(&form, fields, 1, "EUR");
        form_paste(&form, text_ours(wrong[i]));
        assert_int_equal(form_key(&form, KEY_RETURN), FORM_TAKEN);
        assert_false(form_amount(&form, F_AMOUNT, &money));
        form_done(&form);
    }
}

static void test_form_refuses_card_numbers(void **state)
{
    (void)state;
    static const struct field text[] = {{FIELD_TEXT, "Text", NULL, 60, .required = false}};
    static const struct {
        const char *typed;
        bool taken;
    } rows[] = {
        {"4111111111111111", false},    {"4111 1111 1111 1111", false},
        {"5500-0000-0000-0004", false}, {"hab. 4111111111111111 x", false},
        {"RES-2026-01234", true},       {"4111111111111112", true}, /* wrong check digit */
        {"llamar al 600123456", true},  {"378282246310005", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct form form;
        form_init(&form, text, 1, "EUR");
        form_paste(&form, text_ours(rows[i].typed));
        assert_int_equal(form_key(&form, KEY_RETURN), rows[i].taken ? FORM_SUBMIT : FORM_TAKEN);
        form_done(&form);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key_means_one_thing),
        cmocka_unit_test(test_no_key_is_taken_twice),
        cmocka_unit_test(test_footer_fits),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_man_section),
        cmocka_unit_test(test_csv_is_safe),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_form_refuses_what_is_no_amount),
        cmocka_unit_test(test_form_refuses_card_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
