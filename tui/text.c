#include "text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define ELLIPSIS    "\xE2\x80\xA6" /* U+2026 */
enum { MAX_MARKS = 2 };

struct text text_ours(const char *trusted)
{
    return (struct text){trusted ? trusted : ""};
}

struct text text_oursf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    char *bytes = arena_alloc(arena, (size_t)len + 1);
    vsnprintf(bytes, (size_t)len + 1, format, again);
    va_end(again);
    return (struct text){bytes};
}

size_t text_decode(const char *text, size_t len, int32_t *point)
{
    unsigned char first = (unsigned char)text[0];
    if (first < 0x80) {
        *point = first;
        return 1;
    }
    utf8proc_int32_t value;
    utf8proc_ssize_t used =
        utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)len, &value);
    *point = used > 0 ? value : -1;
    return used > 0 ? (size_t)used : 1;
}

static int width_of(int32_t point)
{
    return point < 0x7F ? 1 : utf8proc_charwidth(point);
}

/* Terminals disagree on the cells that these take: a variation selector makes some draw the sign
   before it twice as wide, a skin tone is drawn into the sign before it or not. And what Unicode
   lets a display ignore takes cells here and there as well. */
static bool is_unsteady(int32_t point)
{
    return utf8proc_get_property(point)->ignorable || (point >= 0x1F3FB && point <= 0x1F3FF);
}

bool text_is_allowed(int32_t point)
{
    if (point >= 0x20 && point < 0x7F)
        return true;
    if (point < 0xA0 || is_unsteady(point))
        return false;
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return false;
    default:
        return true;
    }
}

/* Stands on the base before it: by what it is, and by how it is drawn. */
static bool is_mark(int32_t point)
{
    if (point < 0x300)
        return false;
    utf8proc_category_t category = utf8proc_category(point);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
           category == UTF8PROC_CATEGORY_ME || width_of(point) == 0;
}

/* The length of the beginning that needs no work: most text is printable ASCII as a whole. */
static size_t plain_length(const char *text)
{
    size_t len = 0;
    while ((unsigned char)text[len] >= 0x20 && (unsigned char)text[len] < 0x7F)
        len++;
    return len;
}

struct text text_clean(struct arena *arena, const char *outside)
{
    if (!outside)
        return text_ours("");
    size_t len = strlen(outside), at = plain_length(outside), out = at;
    if (at == len)
        return (struct text){arena_strndup(arena, outside, len)};
    /* A removed byte grows to the three of U+FFFD at most. */
    char *clean = arena_alloc(arena, at + (len - at) * (sizeof REPLACEMENT - 1) + 1);
    memcpy(clean, outside, at);
    /* The base in front of `at`, if any, is ASCII and may carry marks. */
    int marks = at > 0 ? 0 : MAX_MARKS;
    bool removing = false; /* a run of removed code points leaves one mark */
    while (at < len) {
        int32_t point;
        size_t step = text_decode(outside + at, len - at, &point);
        bool mark = is_mark(point);
        if (text_is_allowed(point) && !(mark && marks >= MAX_MARKS)) {
            memcpy(clean + out, outside + at, step);
            out += step;
            marks = mark ? marks + 1 : 0;
            removing = false;
        } else if (!removing) {
            memcpy(clean + out, REPLACEMENT, sizeof REPLACEMENT - 1);
            out += sizeof REPLACEMENT - 1;
            marks = MAX_MARKS; /* what stood on it goes with it */
            removing = true;
        }
        at += step;
    }
    clean[out] = '\0';
    return (struct text){clean};
}

bool text_next(struct text text, size_t *at, uint32_t points[3], int *count, int *cells)
{
    const char *bytes = text.bytes + *at;
    if (!*bytes)
        return false;
    int32_t point;
    size_t used = text_decode(bytes, strnlen(bytes, 4), &point);
    /* A second gate: what was never cleaned by mistake is not drawn either. */
    points[0] = text_is_allowed(point) ? (uint32_t)point : 0xFFFD;
    points[1] = points[2] = 0;
    int width = width_of((int32_t)points[0]);
    *cells = width > 0 ? width : 1;
    *count = 1;
    while ((unsigned char)bytes[used] >= 0x80) {
        size_t step = text_decode(bytes + used, strnlen(bytes + used, 4), &point);
        if (!text_is_allowed(point) || width_of(point) > 0)
            break;
        if (*count < 1 + MAX_MARKS)
            points[(*count)++] = (uint32_t)point;
        used += step;
    }
    *at += used;
    return true;
}

static bool is_blank(uint32_t point)
{
    enum { BRAILLE_BLANK = 0x2800 };
    return point == ' ' || point == BRAILLE_BLANK ||
           utf8proc_category((utf8proc_int32_t)point) == UTF8PROC_CATEGORY_ZS;
}

struct text text_brief(struct arena *arena, const char *outside, int cells)
{
    struct text clean = text_clean(arena, outside);
    char *brief = arena_alloc(arena, strlen(clean.bytes) + sizeof ELLIPSIS);
    size_t at = 0, from = 0, len = 0;
    uint32_t points[3];
    int count, width;
    bool after_blank = false;
    for (; text_next(clean, &at, points, &count, &width); from = at) {
        bool blank = is_blank(points[0]);
        if (!blank || !after_blank) {
            memcpy(brief + len, clean.bytes + from, at - from);
            len += at - from;
        }
        after_blank = blank;
    }
    brief[len] = '\0';
    struct text text = {brief};
    if (text_width(text) > cells)
        memcpy(brief + text_fit(text, cells - 1, NULL), ELLIPSIS, sizeof ELLIPSIS);
    return text;
}

size_t text_fit(struct text text, int cells, int *used)
{
    size_t at = 0, fits = 0;
    uint32_t points[3];
    int count, width, total = 0;
    while (text_next(text, &at, points, &count, &width) && total + width <= cells) {
        total += width;
        fits = at;
    }
    if (used)
        *used = total;
    return fits;
}

int text_width(struct text text)
{
    size_t plain = plain_length(text.bytes);
    if (!text.bytes[plain])
        return (int)plain;
    int used;
    text_fit(text, INT32_MAX, &used);
    return used;
}
