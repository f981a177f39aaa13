/* Amounts: reading what people type, writing it, currencies. The exhaustive test compares with an
   oracle that knows nothing of the parser: it writes every amount in every accepted spelling of its
   own reading of the rules, by patterns instead of cutting. */
#include "../api/api.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void parse_is(const char *text, const char *currency, enum money_style style,
                     int64_t expected)
{
    struct money money;
    int64_t readings[2];
    struct err err = {0};
    bool fine = money_parse(text, currency, style, &money, readings, &err);
    if (fine != (expected > 0) || (fine && money.minor != expected))
        fail_msg("\"%s\" %s style %d: got %s %lld", text, currency, (int)style,
                 fine ? "amount" : err.detail, (long long)money.minor);
    assert_int_equal(money.known, fine);
}

static void parse_is_ambiguous(const char *text, const char *currency, enum money_style style,
                               int64_t grouped, int64_t decimal)
{
    struct money money;
    int64_t readings[2];
    struct err err = {0};
    assert_false(money_parse(text, currency, style, &money, readings, &err));
    assert_int_equal(err.code, ERR_AMBIGUOUS);
    assert_int_equal(readings[0], grouped);
    assert_int_equal(readings[1], decimal);
}

static void typed_amounts_are_read(void **state)
{
    (void)state;
    for (int s = 0; s < 2; s++) {
        enum money_style style = (enum money_style)s;
        parse_is("12,50", "EUR", style, 1250);
        parse_is("12.50", "EUR", style, 1250);
        parse_is("12.5", "EUR", style, 1250);
        parse_is("12", "EUR", style, 1200);
        parse_is("0,01", "EUR", style, 1);
        parse_is("1.234,50", "EUR", style, 123450);
        parse_is("1,234.50", "EUR", style, 123450);
        parse_is("1.234.567", "EUR", style, 123456700);
        parse_is("1.234.567,8", "EUR", style, 123456780);
        parse_is("1234567,89", "EUR", style, 123456789);
        parse_is("10000000000,00", "EUR", style, MONEY_MAX);
        parse_is("1234", "JPY", style, 1234);
        parse_is("1,234,567", "JPY", style, 1234567);
        parse_is("1.5", "KWD", style, 1500);
        parse_is("0.125", "KWD", style, 125);
        parse_is("1234.125", "KWD", style, 1234125);
        parse_is("1.234,125", "KWD", style, 1234125);
    }
    parse_is("1,234", "KWD", MONEY_COMMA, 1234);
    parse_is("1.234", "KWD", MONEY_POINT, 1234);
}

static void two_readings_are_refused_with_both(void **state)
{
    (void)state;
    for (int s = 0; s < 2; s++) {
        parse_is_ambiguous("1.234", "EUR", (enum money_style)s, 123400, 123);
        parse_is_ambiguous("1,000", "EUR", (enum money_style)s, 100000, 100);
        parse_is_ambiguous("999,999", "JPY", (enum money_style)s, 999999, 999);
    }
    parse_is_ambiguous("1.234", "KWD", MONEY_COMMA, 1234000, 1234);
    parse_is_ambiguous("1,234", "KWD", MONEY_POINT, 1234000, 1234);
}

static void what_is_no_amount_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        " ",
                                        "0",
                                        "0,00",
                                        "-1",
                                        "+1",
                                        "1e3",
                                        "1 000",
                                        "1'000",
                                        ",5",
                                        "5,",
                                        "1..2",
                                        "1.,2",
                                        "007",
                                        "01,50",
                                        "12,505",
                                        "1.23.456",
                                        "1,2,3",
                                        "12.34,56",
                                        "1.234.56",
                                        "0.123.456",
                                        "1,234,56",
                                        "١٢",
                                        "12€",
                                        "12\n",
                                        "1.234,567",
                                        "0,123",
                                        "1234.567",
                                        "10000000000,01",
                                        "99999999999999999999",
                                        "9223372036854775807",
                                        "9223372036854775808",
                                        "1.111.111.111.111.111.111.111,11"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        for (int s = 0; s < 2; s++)
            parse_is(wrong[i], "EUR", (enum money_style)s, 0);
    parse_is("1,5", "JPY", MONEY_COMMA, 0);
    parse_is("1,2345", "KWD", MONEY_COMMA, 0);
    parse_is("5", "CLP", MONEY_COMMA, 0); /* blocked until the vendor confirms its decimals */
    parse_is("5", "ZZZ", MONEY_COMMA, 0);
    parse_is("5", "", MONEY_COMMA, 0);
}

/* --- the oracle: patterns over the string, reading from the right ----------------------------- */

/* pattern: d = one digit, D = one or more digits, everything else itself; G = 1-3 digits not
   starting with 0, T = any number (at least one) of "mark + 3 digits" of the mark given in group.
 */
static bool oracle_match(const char *text, const char *pattern, char group)
{
    if (!*pattern)
        return !*text;
    switch (*pattern) {
    case 'd':
        return isdigit((unsigned char)*text) && oracle_match(text + 1, pattern + 1, group);
    case 'D':
        if (!isdigit((unsigned char)*text))
            return false;
        return oracle_match(text + 1, pattern + 1, group) || oracle_match(text + 1, pattern, group);
    case 'G':
        for (size_t n = 1; n <= 3; n++)
            if (*text != '0' && strspn(text, "0123456789") >= n &&
                oracle_match(text + n, pattern + 1, group))
                return true;
        return false;
    case 'T':
        if (*text != group || strspn(text + 1, "0123456789") < 3)
            return false;
        return oracle_match(text + 4, pattern + 1, group) || oracle_match(text + 4, pattern, group);
    default:
        return *text == *pattern && oracle_match(text + 1, pattern + 1, group);
    }
}

/* A reading with the given decimal and group marks: its value in thousandths of a unit when it has
   at most exponent decimals, -2 when it has more, -1 when it is none. */
static long long oracle_reading(const char *text, char decimal, char group, int exponent)
{
    char whole[16] = "", fraction[16] = "";
    const char *mark = strrchr(text, decimal);
    if (mark && strchr(text, decimal) != mark)
        return -1;
    snprintf(whole, sizeof(whole), "%.*s", (int)(mark ? mark - text : (long)strlen(text)), text);
    snprintf(fraction, sizeof(fraction), "%s", mark ? mark + 1 : "");
    bool plain = oracle_match(whole, "D", 0) && (whole[0] != '0' || !whole[1]);
    if (!plain && !oracle_match(whole, "GT", group))
        return -1;
    if (mark && !oracle_match(fraction, "D", 0))
        return -1;
    if (strlen(fraction) > (size_t)exponent)
        return -2;
    long long thousandths = 0;
    for (const char *at = whole; *at; at++)
        if (isdigit((unsigned char)*at))
            thousandths = thousandths * 10 + *at - '0';
    for (size_t i = 0; i < 3; i++)
        thousandths = thousandths * 10 + (i < strlen(fraction) ? fraction[i] - '0' : 0);
    return thousandths;
}

/* What money_parse() must say: minor units, 0 for refused, -1 for ambiguous. */
static long long oracle(const char *text, int exponent, enum money_style style)
{
    static const int unit[] = {1000, 100, 10, 1};
    long long point = oracle_reading(text, '.', ',', exponent);
    long long comma = oracle_reading(text, ',', '.', exponent);
    if (point == -1 && comma == -1)
        return 0;
    /* Two readings that differ: one mark, three digits after it. */
    if (point != -1 && comma != -1 && point != comma) {
        long long own = style == MONEY_COMMA ? comma : point;
        char mark = style == MONEY_COMMA ? ',' : '.';
        if (exponent != 3 || !strchr(text, mark))
            return -1;
        return own > 0 && own <= MONEY_MAX ? own : 0;
    }
    long long value = point != -1 ? point : comma;
    return value > 0 && value / unit[exponent] <= MONEY_MAX ? value / unit[exponent] : 0;
}

static size_t try_all(char *text, size_t len, size_t max)
{
    static const char *const by_exponent[] = {"JPY", NULL, "EUR", "KWD"};
    size_t tried = 0;
    text[len] = '\0';
    for (int exponent = 0; exponent <= 3; exponent++) {
        for (int s = 0; s < 2 && by_exponent[exponent]; s++) {
            struct money money;
            int64_t readings[2];
            struct err err = {0};
            long long expected = oracle(text, exponent, (enum money_style)s);
            long long got = 0;
            if (money_parse(text, by_exponent[exponent], (enum money_style)s, &money, readings,
                            &err))
                got = money.minor;
            else if (err.code == ERR_AMBIGUOUS)
                got = -1;
            if (got != expected)
                fail_msg("\"%s\" exponent %d style %d: %lld, the oracle says %lld", text, exponent,
                         s, got, expected);
            tried++;
        }
    }
    static const char alphabet[] = "019.,' -+e";
    for (const char *at = alphabet; len < max && *at; at++) {
        text[len] = *at;
        tried += try_all(text, len + 1, max);
    }
    return tried;
}

static void every_short_text_agrees_with_the_oracle(void **state)
{
    (void)state;
    char text[16];
    assert_int_equal(try_all(text, 0, 5), 6 * 111111);
}

/* Longer ones that only hold digits and marks: grouping in threes twice over. */
static void digits_and_marks_agree_with_the_oracle(void **state)
{
    (void)state;
    char text[16];
    srand(1);
    for (int i = 0; i < 200000; i++) {
        int len = 6 + rand() % 6;
        for (int k = 0; k < len; k++)
            text[k] = "0123456789.,.,"[rand() % 14];
        try_all(text, (size_t)len, 0);
    }
}

static void format_is(int64_t minor, const char *currency, enum money_style style, bool group,
                      const char *expected)
{
    char out[MONEY_TEXT_SIZE];
    struct money money = money_make(minor, currency);
    assert_string_equal(money_format(&money, style, group, out), expected);
}

static void amounts_are_written(void **state)
{
    (void)state;
    format_is(123450, "EUR", MONEY_COMMA, true, "1.234,50");
    format_is(123450, "EUR", MONEY_POINT, true, "1,234.50");
    format_is(123450, "EUR", MONEY_COMMA, false, "1234,50");
    format_is(5, "EUR", MONEY_COMMA, true, "0,05");
    format_is(0, "EUR", MONEY_POINT, true, "0.00");
    format_is(0, "JPY", MONEY_POINT, true, "0");
    format_is(1234567, "JPY", MONEY_COMMA, true, "1.234.567");
    format_is(999, "JPY", MONEY_COMMA, true, "999");
    format_is(1234567, "KWD", MONEY_COMMA, true, "1.234,567");
    format_is(-5, "EUR", MONEY_COMMA, true, "-0,05");
    format_is(-123456, "EUR", MONEY_POINT, true, "-1,234.56");
    format_is(INT64_MIN, "JPY", MONEY_POINT, true, "-9,223,372,036,854,775,808");
    format_is(INT64_MAX, "KWD", MONEY_POINT, true, "9,223,372,036,854,775.807");
    format_is(5, "XYZ", MONEY_POINT, true, "?");
    char out[MONEY_TEXT_SIZE];
    struct money absent = {.currency = "EUR"};
    assert_string_equal(money_format(&absent, MONEY_POINT, true, out), "?");
}

/* What is written is read again as the same amount. An ambiguous text must offer it as a reading.
 */
static void written_amounts_are_read_again(void **state)
{
    (void)state;
    static const char *const codes[] = {"EUR", "JPY", "KWD"};
    for (int i = 0; i < 200000; i++) {
        uint64_t bits;
        random_bytes(&bits, sizeof(bits));
        int64_t minor = (int64_t)(bits % (uint64_t)MONEY_MAX >> (bits >> 58)) + 1;
        struct money money = money_make(minor, codes[i % 3]), back;
        enum money_style style = i / 3 % 2 ? MONEY_COMMA : MONEY_POINT;
        char out[MONEY_TEXT_SIZE];
        int64_t readings[2];
        struct err err = {0};
        money_format(&money, style, i / 6 % 2, out);
        if (money_parse(out, money.currency, style, &back, readings, &err)) {
            assert_true(money_equal(&money, &back));
        } else {
            assert_int_equal(err.code, ERR_AMBIGUOUS);
            assert_int_equal(readings[0], minor);
        }
    }
}

static void currencies_have_their_decimals(void **state)
{
    (void)state;
    assert_int_equal(currency_exponent("EUR"), 2);
    assert_int_equal(currency_exponent("AED"), 2);
    assert_int_equal(currency_exponent("ZWG"), 2);
    assert_int_equal(currency_exponent("JPY"), 0);
    assert_int_equal(currency_exponent("KWD"), 3);
    assert_int_equal(currency_exponent("CLP"), -1);
    assert_int_equal(currency_exponent("CVE"), -1);
    assert_int_equal(currency_exponent("ISK"), -1);
    assert_int_equal(currency_exponent("eur"), -1);
    assert_int_equal(currency_exponent("EURO"), -1);
    assert_int_equal(currency_exponent("UR "), -1);
    assert_int_equal(currency_exponent("R A"), -1); /* across two codes of the table */
    assert_int_equal(currency_exponent(""), -1);
    assert_int_equal(currency_exponent(NULL), -1);
}

static void sums_and_equality(void **state)
{
    (void)state;
    int64_t sum;
    assert_true(money_add(2, 3, &sum));
    assert_int_equal(sum, 5);
    assert_false(money_add(INT64_MAX, 1, &sum));
    assert_false(money_add(INT64_MIN, -1, &sum));
    struct money a = money_make(5, "EUR"), b = a;
    assert_true(money_equal(&a, &b));
    b.known = false;
    assert_false(money_equal(&a, &b));
    assert_false(money_equal(&b, &b)); /* two absent amounts are not equal */
    b = money_make(5, "USD");
    assert_false(money_equal(&a, &b));
    b = money_make(6, "EUR");
    assert_false(money_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed_amounts_are_read),
        cmocka_unit_test(two_readings_are_refused_with_both),
        cmocka_unit_test(what_is_no_amount_is_refused),
        cmocka_unit_test(every_short_text_agrees_with_the_oracle),
        cmocka_unit_test(digits_and_marks_agree_with_the_oracle),
        cmocka_unit_test(amounts_are_written),
        cmocka_unit_test(written_amounts_are_read_again),
        cmocka_unit_test(currencies_have_their_decimals),
        cmocka_unit_test(sums_and_equality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
