/* Amounts, dates and durations as people read them, by language; never used for --json. */
#ifndef TUI_FORMAT_H
#define TUI_FORMAT_H

#include "text.h"
#include "../cache/cache.h"

/* The compiler checks arguments against formats that went through the catalogue as well. */
#define FORMAT_ARG(n) __attribute__((format_arg(n)))
#define _(message) format_translate(message)
#define N_(message) message /* marked for translation, translated where it is drawn */
/* gettext, UTF-8 whatever the locale; "" stays "". */
const char *format_translate(const char *message) FORMAT_ARG(1);
/* ngettext */
const char *format_plural(const char *one, const char *many, int64_t n) FORMAT_ARG(1) FORMAT_ARG(2);

enum language { LANGUAGE_ENGLISH, LANGUAGE_SPANISH };
/* Chooses the catalogue (folder "locale" beside the executable, else LOCALEDIR) and sets the
   process's locale so that it works without that locale being installed. name: "es", "en" or NULL:
   by LC_ALL, LC_MESSAGES, LANG (Spanish for es*). Call once, before any thread or screen. */
void format_init(const char *name);
enum language format_language(void);
enum money_style format_money_style(void);
bool format_utf8(void); /* the terminal's character set is UTF-8 */

/* The property's zone for zoned stamps and for "today": minutes are found by the C library from a
   zone name ("Europe/Madrid"), NULL: the system's. */
void format_set_zone(const char *zone);
int64_t format_wall_ms(int64_t utc_ms);                /* UTC -> wall clock as if UTC */

struct text format_money(struct arena *arena, const struct money *money);      /* "1.234,50 EUR" */
struct text format_minor(struct arena *arena, int64_t minor, const char *currency); /* same */
struct text format_when(struct arena *arena, const struct stamp *stamp);       /* "22 Nov 13:58" */
/* With year and seconds. */
struct text format_when_full(struct arena *arena, const struct stamp *stamp);
struct text format_clock(struct arena *arena, int64_t utc_ms);                 /* "14:02:10" */
struct text format_when_utc(struct arena *arena, int64_t utc_ms); /* "22 Nov 14:02" local */
struct text format_ago(struct arena *arena, int64_t ms);                       /* "3 min" */
struct text format_elapsed(struct arena *arena, int64_t ms);                   /* "0:41" */
struct text format_count(struct arena *arena, int64_t n);                      /* "1.204" */
/* A filter_context of now in the property's zone and the language's decimal mark. */
struct filter_context format_filter_context(void);

#endif
