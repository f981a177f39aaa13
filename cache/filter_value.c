/* Days and amounts as people type them into a filter. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cache_internal.h"

#define DAY_MS INT64_C(86400000)

/* --- words -------------------------------------------------------------------------------- */

/* Folded words of the screens, and what the API or the filter language says for them. */
static const struct {
    enum filter_word what;
    const char *shown, *plain;
} aliases[] = {
    {FILTER_KEY, "estado", "status"},
    {FILTER_KEY, "tipo", "type"},
    {FILTER_KEY, "desde", "from"},
    {FILTER_KEY, "hasta", "to"},
    {FILTER_KEY, "el", "on"},
    {FILTER_KEY, "dia", "on"},
    {FILTER_KEY, "importe", "amount"},
    {FILTER_KEY, "moneda", "currency"},
    {FILTER_KEY, "reference", "ref"},
    {FILTER_KEY, "referencia", "ref"},
    {FILTER_KEY, "preaut", "preauth"},
    {FILTER_STATUS, "pendiente", "pending"},
    {FILTER_STATUS, "completada", "completed"},
    {FILTER_STATUS, "completado", "completed"},
    {FILTER_STATUS, "caducada", "expired"},
    {FILTER_STATUS, "caducado", "expired"},
    {FILTER_STATUS, "canceled", "cancelled"},
    {FILTER_STATUS, "anulada", "cancelled"},
    {FILTER_STATUS, "anulado", "cancelled"},
    {FILTER_STATUS, "cancelada", "cancelled"},
    {FILTER_STATUS, "cancelado", "cancelled"},
    {FILTER_STATUS, "fallida", "failed"},
    {FILTER_STATUS, "fallido", "failed"},
    {FILTER_STATUS, "approved", "success"},
    {FILTER_STATUS, "aprobado", "success"},
    {FILTER_STATUS, "aprobada", "success"},
    {FILTER_STATUS, "hecha", "success"},
    {FILTER_STATUS, "hecho", "success"},
    {FILTER_STATUS, "rechazada", "refused"},
    {FILTER_STATUS, "rechazado", "refused"},
    {FILTER_STATUS, "recibida", "received"},
    {FILTER_STATUS, "recibido", "received"},
    {FILTER_STATUS, "autorizada", "authorised"},
    {FILTER_STATUS, "autorizado", "authorised"},
    {FILTER_STATUS, "authorized", "authorised"},
    {FILTER_TYPE, "devolucion", "refund"},
    {FILTER_TYPE, "captura", "capture"},
    {FILTER_TYPE, "anulacion", "cancel"},
    {FILTER_TYPE, "prorroga", "extend"},
};

const char *filter_plain_word(enum filter_word what, const char *text)
{
    for (size_t i = 0; i < COUNT_OF(aliases); i++)
        if (aliases[i].what == what && strcmp(aliases[i].shown, text) == 0)
            return aliases[i].plain;
    return text;
}

/* --- days --------------------------------------------------------------------------------- */

/* Reads exactly count digits; -1 where there are others. Moves *at behind them. */
static int read_digits(const char **at, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return -1;
        value = value * 10 + (**at - '0');
    }
    return value;
}

/* One digit or two. */
static int read_short(const char **at)
{
    return read_digits(at,
                       isdigit((unsigned char)**at) && isdigit((unsigned char)(*at)[1]) ? 2 : 1);
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* 22/11/2026, 22-11-2026, 22/11: the day comes first. Without a year it is this one, or the last
   where that is more than half a year ahead: what is looked for has mostly happened. */
static bool read_day_first(const char *text, int64_t today, int64_t *low, int64_t *high)
{
    const char *at = text;
    int year = time_to_civil(today).year;
    int day = read_short(&at);
    char mark = *at;

    if (day < 1 || (mark != '/' && mark != '-'))
        return false;
    at++;
    int month = read_short(&at);
    bool has_year = *at == mark;
    if (has_year) {
        at++;
        year = read_digits(&at, 4);
    }
    if (month < 1 || month > 12 || year < 1970 || *at != '\0' || (!has_year && mark == '-'))
        return false;
    if (!has_year && time_from_civil(year, month, 1, 0, 0, 0) - today > 183 * DAY_MS)
        year--;
    *low = time_from_civil(year, month, day, 0, 0, 0);
    *high = *low + DAY_MS - 1;
    return day <= days_in_month(year, month);
}

/* 2026-11-01, 2026-11 */
static bool read_calendar(const char *text, int64_t *low, int64_t *high)
{
    const char *at = text;
    int year = read_digits(&at, 4), first = 1, last = 0;

    if (year < 1970 || *at++ != '-')
        return false;
    int month = read_digits(&at, 2);
    if (month < 1 || month > 12)
        return false;
    last = days_in_month(year, month);
    if (*at == '-') {
        at++;
        first = read_digits(&at, 2);
        if (first < 1 || first > last)
            return false;
        last = first;
    }
    *low = time_from_civil(year, month, first, 0, 0, 0);
    *high = time_from_civil(year, month, last, 0, 0, 0) + DAY_MS - 1;
    return *at == '\0';
}

bool filter_read_days(const char *text, int64_t now_wall_ms, int64_t *low, int64_t *high)
{
    static const struct {
        const char *word;
        int days_ago;
    } words[] = {{"today", 0}, {"hoy", 0}, {"yesterday", 1}, {"ayer", 1}};
    int64_t today = now_wall_ms - (now_wall_ms % DAY_MS + DAY_MS) % DAY_MS;
    int64_t days = -1;

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcasecmp(text, words[i].word) == 0)
            days = words[i].days_ago;
    if (text[0] == '-' && isdigit((unsigned char)text[1])) {
        char *end = NULL;
        days = strtol(text + 1, &end, 10);
        if (strcasecmp(end, "d") != 0 || days > 36500)
            return false;
    }
    if (days < 0)
        return read_calendar(text, low, high) || read_day_first(text, today, low, high);
    *low = today - days * DAY_MS;
    *high = *low + DAY_MS - 1;
    return true;
}

/* --- amounts ------------------------------------------------------------------------------ */

/* The whole part's marks must stand before each group of three: 1.234.567 */
static bool groups_are_right(const char *text, size_t len, char group)
{
    const char *first = memchr(text, group, len);

    if (first == NULL)
        return true;
    if (first == text || first - text > 3)
        return false;
    for (const char *at = first; at < text + len; at += 4)
        if (*at != group || text + len - at < 4)
            return false;
    return (text + len - first) % 4 == 0;
}

/* Where the decimals begin: at the language's mark; else at the other one when it cannot part
   thousands (12.50 in Spanish). len when there are none. */
static size_t decimals_at(const char *text, size_t len, char mark, char group)
{
    const char *at = memchr(text, mark, len);

    if (at == NULL) {
        at = memchr(text, group, len);
        if (at != NULL && (memchr(at + 1, group, len - (size_t)(at - text) - 1) != NULL ||
                           len - (size_t)(at - text) - 1 == 3))
            at = NULL;
    }
    return at == NULL ? len : (size_t)(at - text);
}

/* One figure on the scale of amount_scaled(). */
static bool read_figure(const char *text, size_t len, enum money_style style, int64_t *out)
{
    char mark = style == MONEY_COMMA ? ',' : '.', group = style == MONEY_COMMA ? '.' : ',';
    size_t whole = decimals_at(text, len, mark, group);
    size_t decimals = whole == len ? 0 : len - whole - 1;
    int64_t value = 0;
    int digits = 0;

    if (whole == 0 || (whole < len && decimals == 0) || decimals > SCALED_DECIMALS ||
        !groups_are_right(text, whole, group))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] >= '0' && text[i] <= '9') {
            value = value * 10 + (text[i] - '0');
            if (++digits > 15)
                return false;
        } else if (i != whole && (i > whole || text[i] != group)) {
            return false;
        }
    }
    for (size_t i = decimals; i < SCALED_DECIMALS && value <= INT64_MAX / 10; i++)
        value *= 10;
    *out = value;
    return true;
}

bool filter_read_amounts(const char *text, enum money_style style, int64_t *low, int64_t *high)
{
    /* Sign, what it makes of the figure's lower and upper end. Longer signs first. */
    static const struct {
        const char *sign;
        bool has_low, has_high;
        int step;
    } signs[] = {{">=", true, false, 0},
                 {"<=", false, true, 0},
                 {">", true, false, 1},
                 {"<", false, true, -1},
                 {"", true, true, 0}};
    const char *range = strstr(text, "..");
    int64_t figure = 0;

    if (range != NULL)
        return read_figure(text, (size_t)(range - text), style, low) &&
               read_figure(range + 2, strlen(range + 2), style, high) && *low <= *high;
    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        size_t len = strlen(signs[i].sign);
        if (strncmp(text, signs[i].sign, len) != 0)
            continue;
        if (!read_figure(text + len, strlen(text + len), style, &figure))
            return false;
        *low = signs[i].has_low ? figure + signs[i].step : 0;
        *high = signs[i].has_high ? figure + signs[i].step : INT64_MAX;
        return true;
    }
    return false;
}
