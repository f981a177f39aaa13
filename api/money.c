/* Money: integer minor units, decimals from ISO 4217. No floating point in this file or any other
   that touches amounts. */
#include "api.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ISO 4217 list one as published 2025-05 (XCG in; funds, metals and test codes left out). ANG and
   BGN stay for payments made while they were current. Codes with one blank after each. */
static const struct {
    int exponent;
    const char *codes;
} currencies[] = {
    {2,
     "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD "
     "CAD CDF CHF CNY COP CRC CUP CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ "
     "GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL "
     "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
     "PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT "
     "TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG "},
    {0, "BIF DJF GNF JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF "},
    {3, "BHD IQD JOD KWD LYD OMR TND "},
    /* Processors differ from ISO 4217 here: blocked until the vendor says which they mean. */
    {-1, "CLP CVE ISK "},
};

int currency_exponent(const char *currency)
{
    if (!currency || strlen(currency) != 3)
        return -1;
    for (size_t i = 0; i < COUNT_OF(currencies); i++)
        for (const char *code = currencies[i].codes; *code; code += 4)
            if (memcmp(code, currency, 3) == 0)
                return currencies[i].exponent;
    return -1;
}

struct money money_make(int64_t minor, const char *currency)
{
    struct money money = {.minor = minor, .known = true};
    assert(currency && strlen(currency) == 3);
    memcpy(money.currency, currency, CURRENCY_SIZE);
    return money;
}

bool money_equal(const struct money *a, const struct money *b)
{
    return a->known && b->known && a->minor == b->minor && strcmp(a->currency, b->currency) == 0;
}

bool money_add(int64_t a, int64_t b, int64_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

/* --- reading what a person typed ---------------------------------------------------------- */

#define TYPED_MAX 24 /* characters: more than the largest amount with all its marks */

/* The text cut at its marks: groups[i] are the digits between marks[i-1] and marks[i]. */
struct typed {
    struct {
        const char *digits;
        size_t len;
    } groups[TYPED_MAX];
    char marks[TYPED_MAX];
    size_t count; /* of marks; there is one group more */
};

static bool typed_split(const char *text, struct typed *typed)
{
    *typed = (struct typed){0};
    if (strlen(text) > TYPED_MAX - 1)
        return false;
    for (const char *at = text;; at++) {
        size_t len = strspn(at, "0123456789");
        if (!len)
            return false; /* an empty part, or something that is neither digit nor mark */
        typed->groups[typed->count].digits = at;
        typed->groups[typed->count].len = len;
        at += len;
        if (!*at)
            return true;
        if (*at != '.' && *at != ',')
            return false;
        typed->marks[typed->count++] = *at;
    }
}

/* Groups 0 to last as one whole number: 1 to 3 digits, then threes. A single group is as long as it
   likes. A zero leads only alone. */
static bool typed_whole_fine(const struct typed *typed, size_t last)
{
    bool zero = typed->groups[0].digits[0] == '0';
    if (last == 0)
        return !zero || typed->groups[0].len == 1;
    for (size_t i = 1; i <= last; i++)
        if (typed->groups[i].len != 3 || typed->marks[i - 1] != typed->marks[0])
            return false;
    return !zero && typed->groups[0].len <= 3;
}

static bool typed_append(int64_t *sum, const char *digits, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (__builtin_mul_overflow(*sum, 10, sum) ||
            __builtin_add_overflow(*sum, digits[i] - '0', sum))
            return false;
    return true;
}

/* Minor units of groups 0 to last as whole units and up to exponent digits of the group after it as
   decimals, cut off, not rounded, where there are more. -1 on overflow. */
static int64_t typed_value(const struct typed *typed, size_t last, int exponent)
{
    int64_t sum = 0;
    for (size_t i = 0; i <= last; i++)
        if (!typed_append(&sum, typed->groups[i].digits, typed->groups[i].len))
            return -1;
    size_t have = last < typed->count ? typed->groups[last + 1].len : 0;
    for (int i = 0; i < exponent; i++) {
        const char *digit = (size_t)i < have ? typed->groups[last + 1].digits + i : "0";
        if (!typed_append(&sum, digit, 1))
            return -1;
    }
    return sum;
}

/* The number of whole groups less one when the last mark is the decimal mark. False: it has no
   reading that way. */
static bool typed_reads_decimal(const struct typed *typed)
{
    size_t last = typed->count - 1; /* the group before the last mark */
    for (size_t i = 0; i < last; i++)
        if (typed->marks[i] == typed->marks[last])
            return false; /* two decimal marks */
    return typed_whole_fine(typed, last);
}

static bool money_accept(int64_t minor, const char *currency, struct money *out, struct err *err)
{
    if (minor < 0 || minor > MONEY_MAX)
        return err_set(err, ERR_INVALID, "larger than any amount taken");
    if (minor == 0)
        return err_set(err, ERR_INVALID, "not above zero");
    *out = money_make(minor, currency);
    return true;
}

bool money_parse(const char *text, const char *currency, enum money_style style, struct money *out,
                 int64_t readings[2], struct err *err)
{
    int exponent = currency_exponent(currency);
    *out = (struct money){0};
    readings[0] = readings[1] = 0;
    if (exponent < 0)
        return err_set(err, ERR_INVALID, "no amounts in this currency");
    struct typed typed;
    if (!typed_split(text, &typed))
        return err_set(err, ERR_INVALID, "not an amount");
    size_t count = typed.count;
    bool grouped = typed_whole_fine(&typed, count);
    if (count == 0)
        return grouped ? money_accept(typed_value(&typed, 0, exponent), currency, out, err)
                       : err_set(err, ERR_INVALID, "not an amount");

    bool decimal = typed_reads_decimal(&typed);
    char decimal_mark = style == MONEY_COMMA ? ',' : '.';
    if (grouped && decimal) {
        /* One mark before three digits. Only a currency of three decimals with the language's own
           decimal mark is beyond doubt; the readings are shown, so extra decimals are cut. */
        if (exponent != 3 || typed.marks[0] != decimal_mark) {
            readings[0] = typed_value(&typed, count, exponent);
            readings[1] = typed_value(&typed, count - 1, exponent);
            return err_set(err, ERR_AMBIGUOUS, "can be read in two ways");
        }
        grouped = false;
    }
    if (!grouped && !decimal)
        return err_set(err, ERR_INVALID, "not an amount");
    if (!grouped && typed.groups[count].len > (size_t)exponent)
        return err_set(err, ERR_INVALID, "more decimals than the currency has");
    return money_accept(typed_value(&typed, grouped ? count : count - 1, exponent), currency, out,
                        err);
}

/* --- writing ------------------------------------------------------------------------------ */

const char *money_format(const struct money *money, enum money_style style, bool group,
                         char out[MONEY_TEXT_SIZE])
{
    int exponent = currency_exponent(money->currency);
    if (!money->known || exponent < 0) {
        memcpy(out, "?", 2);
        return out;
    }
    uint64_t left = money->minor < 0 ? 0 - (uint64_t)money->minor : (uint64_t)money->minor;
    char reversed[MONEY_TEXT_SIZE];
    size_t len = 0;
    for (int digit = 0; left || digit <= exponent; digit++, left /= 10) {
        int whole = digit - exponent; /* place before the decimal mark */
        if (whole == 0 && exponent > 0)
            reversed[len++] = style == MONEY_COMMA ? ',' : '.';
        else if (group && whole > 0 && whole % 3 == 0)
            reversed[len++] = style == MONEY_COMMA ? '.' : ',';
        reversed[len++] = (char)('0' + left % 10);
    }
    if (money->minor < 0)
        reversed[len++] = '-';
    assert(len < MONEY_TEXT_SIZE);
    for (size_t i = 0; i < len; i++)
        out[i] = reversed[len - 1 - i];
    out[len] = '\0';
    return out;
}
