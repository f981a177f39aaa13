/* What the words of the API mean: environments, statuses, reference tags, times. */
#include "api.h"

#include <string.h>

/* --- environments ------------------------------------------------------------------------- */

static const char *const env_names[ENV_COUNT] = {
    [ENV_TRAINING] = "training", [ENV_TEST] = "test", [ENV_LIVE] = "live"};

const char *env_name(enum env env)
{
    return env_names[env];
}

bool env_from_name(const char *name, enum env *out)
{
    for (int env = 0; env < ENV_COUNT; env++) {
        if (strcmp(name, env_names[env]) == 0) {
            *out = (enum env)env;
            return true;
        }
    }
    return false;
}

/* --- statuses ----------------------------------------------------------------------------- */

enum {
    SESSION = 1 << REC_SESSION,
    PAYMENT = 1 << REC_PAYMENT,
    MODIFICATION = 1 << REC_MODIFICATION
};

/* Compared as written: a word in other letters is another word. Sessions also know the words of
   their attempts and of paymentStatus. */
static const struct {
    const char *word;
    unsigned kinds;
    enum status_class class;
} statuses[] = {
    {"pending", SESSION | PAYMENT | MODIFICATION, STATUS_OPEN},
    {"received", MODIFICATION, STATUS_OPEN},
    {"completed", SESSION, STATUS_GOOD},
    {"success", PAYMENT | MODIFICATION, STATUS_GOOD},
    {"authorised", SESSION | PAYMENT, STATUS_GOOD},
    {"AUTHORISED", SESSION, STATUS_GOOD},
    {"refused", SESSION | PAYMENT, STATUS_BAD},
    {"cancelled", SESSION | PAYMENT, STATUS_BAD},
    {"failed", SESSION | PAYMENT | MODIFICATION, STATUS_BAD},
    {"expired", SESSION, STATUS_BAD},
};

enum status_class status_classify(enum record_kind kind, const char *status)
{
    for (size_t i = 0; status && i < COUNT_OF(statuses); i++)
        if (statuses[i].kinds >> kind & 1 && strcmp(statuses[i].word, status) == 0)
            return statuses[i].class;
    return STATUS_OTHER;
}

/* --- references --------------------------------------------------------------------------- */

/* Test puts a T on the end, but EXT and PXT end in one themselves: tags are compared whole. */
static const struct {
    const char *tag;
    enum ref_home home;
} tags[] = {{"EXT", REF_LIVE},  {"PXT", REF_LIVE},  {"POSX", REF_LIVE}, {"RFX", REF_LIVE},
            {"CTX", REF_LIVE},  {"EXTT", REF_TEST}, {"PXTT", REF_TEST}, {"POSXT", REF_TEST},
            {"RFXT", REF_TEST}, {"CTXT", REF_TEST}};

enum ref_home reference_home(const char *reference, const char *webcode)
{
    const char *last = reference ? strrchr(reference, '-') : NULL;
    if (!last)
        return REF_ANY;
    size_t own = webcode ? strlen(webcode) : 0;
    const char *from = reference;
    if (own && strncmp(reference, webcode, own) == 0 && reference[own] == '-') {
        from = reference + own + 1;
    } else {
        /* Another business's reference still tells its environment. */
        for (const char *at = reference; at < last; at++)
            if (*at == '-')
                from = at + 1;
    }
    for (size_t i = 0; from < last && i < COUNT_OF(tags); i++)
        if (strlen(tags[i].tag) == (size_t)(last - from) &&
            memcmp(tags[i].tag, from, (size_t)(last - from)) == 0)
            return tags[i].home;
    return REF_ANY;
}

bool reference_allowed(const char *reference, const char *webcode, enum env env)
{
    if (!reference || !*reference)
        return false;
    return reference_home(reference, webcode) != (env == ENV_LIVE ? REF_TEST : REF_LIVE);
}

/* --- times -------------------------------------------------------------------------------- */

/* Takes exactly count digits off *at; -1 when they are not there. */
static int stamp_digits(const char **at, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++, ++*at) {
        if (**at < '0' || **at > '9')
            return -1;
        value = value * 10 + (**at - '0');
    }
    return value;
}

static bool stamp_mark(const char **at, const char *marks)
{
    if (!**at || !strchr(marks, **at))
        return false;
    ++*at;
    return true;
}

/* Reads a fraction of a second, cut to milliseconds. */
static bool stamp_fraction(const char **at, int *ms)
{
    int digits = 0;
    for (int unit = 100; **at >= '0' && **at <= '9'; ++*at, digits++, unit /= 10)
        *ms += (**at - '0') * unit;
    return digits > 0;
}

/* "", "Z", "+02:00", "+0200" or "+02"; minutes east of UTC. */
static bool stamp_zone(const char **at, struct stamp *out, int *east)
{
    if (!**at || stamp_mark(at, "Zz")) {
        out->zoned = (*at)[-1] == 'Z' || (*at)[-1] == 'z';
        return true;
    }
    bool west = **at == '-';
    if (!stamp_mark(at, "+-"))
        return false;
    int hours = stamp_digits(at, 2), minutes = 0;
    if (**at) {
        stamp_mark(at, ":");
        minutes = stamp_digits(at, 2);
    }
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
        return false;
    *east = (hours * 60 + minutes) * (west ? -1 : 1);
    out->zoned = true;
    return true;
}

static bool stamp_read(const char *at, struct stamp *out)
{
    static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = stamp_digits(&at, 4);
    if (year < 0 || !stamp_mark(&at, "-"))
        return false;
    int month = stamp_digits(&at, 2);
    if (month < 1 || month > 12 || !stamp_mark(&at, "-"))
        return false;
    int day = stamp_digits(&at, 2);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day < 1 || day > month_days[month - 1] - (month == 2 && !leap) || !stamp_mark(&at, " Tt"))
        return false;
    int hour = stamp_digits(&at, 2);
    if (hour < 0 || hour > 23 || !stamp_mark(&at, ":"))
        return false;
    int minute = stamp_digits(&at, 2);
    if (minute < 0 || minute > 59 || !stamp_mark(&at, ":"))
        return false;
    int second = stamp_digits(&at, 2), ms = 0, east = 0;
    if (second < 0 || second > 60) /* 60: a leap second, which counts as the next minute's 0 */
        return false;
    if (stamp_mark(&at, ".,") && !stamp_fraction(&at, &ms))
        return false;
    if (!stamp_zone(&at, out, &east) || *at)
        return false;
    out->ms =
        time_from_civil(year, month, day, hour, minute, second) + ms - (int64_t)east * 60 * 1000;
    return true;
}

bool stamp_parse(const char *text, struct stamp *out)
{
    *out = (struct stamp){0};
    if (!text)
        return false;
    size_t len = strnlen(text, STAMP_SIZE - 1);
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--; /* never half a character */
    memcpy(out->text, text, len);
    struct stamp parsed = *out;
    if (!stamp_read(text, &parsed))
        return false;
    *out = parsed;
    return true;
}
