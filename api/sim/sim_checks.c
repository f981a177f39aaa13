/* Formats and lists that requests are checked against, each with the code of its own. */
#include "sim_internal.h"

#include <ctype.h>
#include <string.h>

static const char currencies[] =
    "AED ARS AUD BGN BHD BRL CAD CHF CLP CNY COP CZK DKK DOP EGP EUR GBP "
    "HKD HUF IDR ILS INR ISK JOD JPY KRW KWD MAD MXN MYR NOK NZD OMR "
    "PEN PHP PLN QAR RON SAR SEK SGD THB TND TRY TWD UAH USD UYU VND ZAR ";
static const char countries[] =
    "AD AE AR AT AU BE BG BR CA CH CL CN CO CY CZ DE DK EE ES FI FR GB GI GR "
    "HR HU IE IL IN IS IT JP KR KW LI LT LU LV MA MC MT MX NL NO NZ PE PL "
    "PT RO SA SE SG SI SK SM TR UA US UY ZA ";

/* Whether text is one of the blank-separated words, all of its length. */
static bool listed(const char *words, const char *text)
{
    size_t len = strlen(text);
    for (; *words; words += len + 1) {
        if (memcmp(words, text, len) == 0)
            return true;
    }
    return false;
}

/* a: small letter, A: capital, d: digit, anything else itself. */
static bool shaped(const char *text, const char *shape)
{
    for (; *shape; shape++, text++) {
        unsigned char c = (unsigned char)*text;
        bool good = *shape == 'a'   ? c >= 'a' && c <= 'z'
                    : *shape == 'A' ? c >= 'A' && c <= 'Z'
                    : *shape == 'd' ? isdigit(c) != 0
                                    : c == (unsigned char)*shape;
        if (!good)
            return false;
    }
    return *text == '\0';
}

bool check_currency(struct sim_answer *answer, const char *currency)
{
    return listed(currencies, currency) ||
           answer_error(answer, 400, 12001, "Currency is not supported");
}

bool check_country(struct sim_answer *answer, const char *country)
{
    if (!country)
        return true;
    if (!shaped(country, "AA"))
        return answer_error(answer, 400, 12006,
                            "Wrong country format, ISO 3166-1 alpha-2 expected");
    return listed(countries, country) ||
           answer_error(answer, 400, 12009, "Country is not supported");
}

bool check_locale(struct sim_answer *answer, const char *locale)
{
    return !locale || shaped(locale, "aa-AA") ||
           answer_error(answer, 400, 12001, "Wrong format of parameter: shopperLocale");
}

bool check_moment(struct sim_answer *answer, const char *text)
{
    int64_t day;
    if (!text)
        return true;
    if (date_read(text, &day) && text[10] == 'T' && strlen(text) >= 20) {
        char clock[9] = "";
        memcpy(clock, text + 11, 8);
        const char *zone = text + 19 + strspn(text + 19, ".0123456789");
        if (shaped(clock, "dd:dd:dd") && strcmp(clock, "24") < 0 &&
            (shaped(zone, "Z") || shaped(zone, "+dd:dd") || shaped(zone, "-dd:dd")))
            return true;
    }
    return answer_error(answer, 400, 12002, "Wrong date format, ISO 8601 is expected");
}
