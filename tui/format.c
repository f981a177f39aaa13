/* Languages, amounts, dates. The C library's own number and time formats are never used: the
   language is the operator's choice, and the locale for it is often not installed on a front-desk
   machine. */
#include "format.h"

#include <langinfo.h>
#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define DOMAIN     "avirato-console"
#define MS_PER_DAY INT64_C(86400000)

static enum language language = LANGUAGE_ENGLISH;
static bool utf8;

const char *format_translate(const char *message)
{
    return message[0] ? gettext(message) : message;
}

const char *format_plural(const char *one, const char *many, int64_t n)
{
    return ngettext(one, many, (unsigned long)n);
}

/* The first of the three variables that decides, as POSIX orders them. */
static const char *locale_wish(const char *category)
{
    const char *names[] = {"LC_ALL", category, "LANG"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *value = getenv(names[i]);
        if (value && value[0])
            return value;
    }
    return "C";
}

static bool names_utf8(const char *locale)
{
    const char *dot = strchr(locale, '.');
    return dot && (strncasecmp(dot, ".utf-8", 6) == 0 || strncasecmp(dot, ".utf8", 5) == 0);
}

static void choose_charset(void)
{
    const char *set = setlocale(LC_CTYPE, "");
    if ((!set || strcmp(set, "C") == 0) && names_utf8(locale_wish("LC_CTYPE")))
        set = setlocale(LC_CTYPE, "C.UTF-8");
    utf8 = set && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Where the catalogues are: beside the executable in a build tree, else where they are installed.
 */
static void bind_catalogues(void)
{
    char path[PATH_MAX + sizeof "locale/"];
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
    char *slash = NULL;
    if (len > 0) {
        path[len] = '\0';
        slash = strrchr(path, '/');
    }
    if (slash)
        memcpy(slash + 1, "locale/", sizeof "locale/"); /* a folder: there is a program locale */
    bindtextdomain(DOMAIN, slash && access(path, R_OK | X_OK) == 0 ? path : LOCALEDIR);
    bind_textdomain_codeset(DOMAIN, "UTF-8");
    textdomain(DOMAIN);
}

/* gettext reads LANGUAGE only when the message locale is not plain C; any other one will do. */
static void choose_catalogue(const char *name)
{
    static const char *const carriers[] = {"es_ES.UTF-8", "es_ES.utf8", "en_US.UTF-8", "C.UTF-8"};
    for (size_t i = 0; i < COUNT_OF(carriers); i++)
        if (setlocale(LC_MESSAGES, carriers[i]))
            break;
    setenv("LANGUAGE", name, 1);
}

void format_init(const char *name)
{
    choose_charset();
    bool spanish = strncmp(name ? name : locale_wish("LC_MESSAGES"), "es", 2) == 0;
    language = spanish ? LANGUAGE_SPANISH : LANGUAGE_ENGLISH;
    bind_catalogues();
    if (spanish)
        choose_catalogue("es");
    else
        setlocale(LC_MESSAGES, "C");
}

enum language format_language(void)
{
    return language;
}

enum money_style format_money_style(void)
{
    return language == LANGUAGE_SPANISH ? MONEY_COMMA : MONEY_POINT;
}

bool format_utf8(void)
{
    return utf8;
}

void format_set_zone(const char *zone)
{
    static char *own; /* what TZ said at the start, "" if nothing */

    if (!own)
        own = mem_strdup(getenv("TZ") ? getenv("TZ") : "");
    const char *wanted = zone ? zone : own;
    if (wanted[0] == '\0')
        unsetenv("TZ");
    else if (setenv("TZ", wanted, 1) != 0)
        mem_exhausted(); /* or every time would be shown in another zone */
    tzset();
}

int64_t format_wall_ms(int64_t utc_ms)
{
    time_t seconds = (time_t)(utc_ms / 1000);
    struct tm tm;
    if (!localtime_r(&seconds, &tm))
        return utc_ms;
    return utc_ms + (int64_t)tm.tm_gmtoff * 1000;
}

struct text format_money(struct arena *arena, const struct money *money)
{
    char amount[MONEY_TEXT_SIZE];
    if (!money->known)
        return text_ours("?");
    money_format(money, format_money_style(), true, amount);
    return text_oursf(arena, "%s %s", amount, text_clean(arena, money->currency).bytes);
}

struct text format_minor(struct arena *arena, int64_t minor, const char *currency)
{
    struct money money = money_make(minor, currency);
    return format_money(arena, &money);
}

static const char *month_name(int month)
{
    static const char *const names[] = {N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"),
                                        N_("May"), N_("Jun"), N_("Jul"), N_("Aug"),
                                        N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec")};
    return _(names[month - 1]);
}

/* Wall clock of a stamp, as if UTC. A zone-less time is shown as it came, never shifted. */
static int64_t stamp_wall(const struct stamp *stamp)
{
    return stamp->zoned ? format_wall_ms(stamp->ms) : stamp->ms;
}

/* "22 Nov 13:58"; in another year the year takes the place of the time, at the same width. */
static struct text when(struct arena *arena, int64_t wall_ms)
{
    struct civil at = time_to_civil(wall_ms);
    struct civil now = time_to_civil(format_wall_ms(clock_utc_ms()));
    if (at.year != now.year)
        return text_oursf(arena, "%2d %s %5d", at.day, month_name(at.month), at.year);
    return text_oursf(arena, "%2d %s %02d:%02d", at.day, month_name(at.month), at.hour, at.minute);
}

struct text format_when(struct arena *arena, const struct stamp *stamp)
{
    if (stamp->ms == 0)
        return text_clean(arena, stamp->text);
    return when(arena, stamp_wall(stamp));
}

struct text format_when_full(struct arena *arena, const struct stamp *stamp)
{
    if (stamp->ms == 0)
        return text_clean(arena, stamp->text);
    struct civil at = time_to_civil(stamp_wall(stamp));
    return text_oursf(arena, "%d %s %d %02d:%02d:%02d", at.day, month_name(at.month), at.year,
                      at.hour, at.minute, at.second);
}

struct text format_clock(struct arena *arena, int64_t utc_ms)
{
    struct civil at = time_to_civil(format_wall_ms(utc_ms));
    return text_oursf(arena, "%02d:%02d:%02d", at.hour, at.minute, at.second);
}

struct text format_when_utc(struct arena *arena, int64_t utc_ms)
{
    return when(arena, format_wall_ms(utc_ms));
}

struct text format_ago(struct arena *arena, int64_t ms)
{
    int64_t seconds = ms > 0 ? ms / 1000 : 0;
    if (seconds < 60)
        return text_oursf(arena, _("%d s"), (int)seconds);
    if (seconds < 3600)
        return text_oursf(arena, _("%d min"), (int)(seconds / 60));
    if (seconds < 48 * 3600)
        return text_oursf(arena, _("%d h"), (int)(seconds / 3600));
    return text_oursf(arena, _("%d d"), (int)(seconds * 1000 / MS_PER_DAY));
}

struct text format_elapsed(struct arena *arena, int64_t ms)
{
    int64_t seconds = ms > 0 ? ms / 1000 : 0;
    if (seconds < 3600)
        return text_oursf(arena, "%d:%02d", (int)(seconds / 60), (int)(seconds % 60));
    return text_oursf(arena, "%d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60),
                      (int)(seconds % 60));
}

struct text format_count(struct arena *arena, int64_t n)
{
    char digits[24], grouped[32];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)n);
    size_t out = 0;
    for (int i = 0; i < len; i++) {
        grouped[out++] = digits[i];
        if ((len - 1 - i) % 3 == 0 && i < len - 1 && digits[i] != '-')
            grouped[out++] = language == LANGUAGE_SPANISH ? '.' : ',';
    }
    grouped[out] = '\0';
    return text_oursf(arena, "%s", grouped);
}

struct filter_context format_filter_context(void)
{
    return (struct filter_context){.now_wall_ms = format_wall_ms(clock_utc_ms()),
                                   .style = format_money_style()};
}
