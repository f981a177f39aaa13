/* What a person types as an amount: never another amount than what stands there, no fraction lost,
   and what is accepted comes back the same. Input: currency, style, text. */
#include "fuzz.h"

#include "../../api/api.h"

#include <stdlib.h>
#include <string.h>

static const char *const currencies[] = {"EUR", "JPY", "KWD", "USD", "CLP", "XXX"};

/* All digits as one number, its zeros behind it; -1 where it does not fit. */
static int64_t digits_of(const char *text, int zeros)
{
    int64_t sum = 0;
    for (; *text; text++)
        if (*text >= '0' && *text <= '9' &&
            (__builtin_mul_overflow(sum, 10, &sum) ||
             __builtin_add_overflow(sum, *text - '0', &sum)))
            return -1;
    for (; zeros > 0; zeros--)
        if (__builtin_mul_overflow(sum, 10, &sum))
            return -1;
    return sum;
}

static size_t marks_in(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '.' || *text == ',';
    return count;
}

/* Thousands only: every group behind a mark is three digits, all marks are one and the same. */
static bool is_grouped(const char *text)
{
    const char *mark = strpbrk(text, ".,");
    if (!mark || mark == text || mark - text > 3 || text[0] == '0')
        return false;
    for (const char *at = mark; *at; at += 4)
        if (*at != *mark || strspn(at + 1, "0123456789") < 3)
            return false;
    return true;
}

static void check_taken(const char *text, int exponent, enum money_style style, int64_t minor)
{
    const char *last = strpbrk(text, ".,");
    while (last && strpbrk(last + 1, ".,"))
        last = strpbrk(last + 1, ".,");
    int decimals = last ? (int)strlen(last + 1) : 0;
    int64_t whole = digits_of(text, exponent), cut = digits_of(text, exponent - decimals);
    bool grouped = is_grouped(text), decimal = last && decimals <= exponent;

    assert(strspn(text, "0123456789.,") == strlen(text));
    assert(minor > 0 && minor <= MONEY_MAX);
    if (!last) {
        assert(minor == whole);
    } else if (grouped && decimals == 3 && marks_in(text) == 1) {
        /* Two readings, unless three decimals are what the currency has and the mark is ours. */
        assert(exponent == 3 && *last == (style == MONEY_COMMA ? ',' : '.') && minor == cut);
    } else if (grouped) {
        assert(minor == whole);
    } else {
        assert(decimal && minor == cut);
    }
}

/* Written out and read again: the same, or (grouped without decimals) said to be unclear. */
static void check_return(const struct money *money, enum money_style style)
{
    char text[MONEY_TEXT_SIZE];
    struct money again;
    int64_t readings[2];

    money_format(money, style, false, text);
    assert(money_parse(text, money->currency, style, &again, readings, NULL));
    assert(money_equal(money, &again));
    struct err err = {0};
    money_format(money, style, true, text);
    if (money_parse(text, money->currency, style, &again, readings, &err))
        assert(money_equal(money, &again));
    else
        assert(err.code == ERR_AMBIGUOUS && readings[0] == money->minor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const char *currency = currencies[data[0] % COUNT_OF(currencies)];
    enum money_style style = data[1] % 2 ? MONEY_COMMA : MONEY_POINT;
    int exponent = currency_exponent(currency);
    char *text = fuzz_text(data + 2, size - 2);
    struct money money;
    struct err err = {0};
    int64_t readings[2];

    if (money_parse(text, currency, style, &money, readings, &err)) {
        assert(exponent >= 0 && money.known && strcmp(money.currency, currency) == 0);
        check_taken(text, exponent, style, money.minor);
        check_return(&money, style);
    } else {
        assert(!money.known && money.minor == 0);
        assert(err.code == ERR_INVALID || err.code == ERR_AMBIGUOUS);
        assert(err.code != ERR_AMBIGUOUS || readings[0] == digits_of(text, exponent));
    }
    free(text);
    return 0;
}
