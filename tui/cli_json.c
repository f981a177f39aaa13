/* JSON lines. What could drive a terminal or hide text is written as \u escapes, which mean the
 * same. */
#include "cli.h"

#include <utf8proc.h>

static bool must_escape(utf8proc_int32_t point)
{
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return true;
    default:
        return false;
    }
}

static void put_escaped(struct buf *out, utf8proc_int32_t point)
{
    uint32_t rest = (uint32_t)point - 0x10000;
    if (point < 0x10000)
        buf_printf(out, "\\u%04x", (unsigned)point);
    else
        buf_printf(out, "\\u%04x\\u%04x", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
}

/* One code point of a string or of JSON text; returns the bytes used. */
static size_t put_point(struct buf *out, const char *at)
{
    utf8proc_int32_t point;
    utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)at, -1, &point);
    if (len <= 0) {
        buf_puts(out, "\\ufffd");
        return 1;
    }
    if (must_escape(point))
        put_escaped(out, point);
    else
        buf_add(out, at, (size_t)len);
    return (size_t)len;
}

void cli_json_string(struct buf *out, const char *text)
{
    if (!text) {
        buf_puts(out, "null");
        return;
    }
    buf_puts(out, "\"");
    for (const char *p = text; *p;) {
        if (*p == '"' || *p == '\\') {
            buf_puts(out, "\\");
            buf_add(out, p++, 1);
        } else {
            p += put_point(out, p);
        }
    }
    buf_puts(out, "\"");
}

void cli_json_number(struct buf *out, int64_t number, bool present)
{
    if (present)
        buf_printf(out, "%lld", (long long)number);
    else
        buf_puts(out, "null");
}

void cli_json_raw(struct buf *out, const char *json)
{
    for (const char *p = json; *p;) {
        if (*p == '\n' || *p == '\r' || *p == '\t') { /* blanks between tokens: strings have none */
            buf_puts(out, " ");
            p++;
        } else {
            p += put_point(out, p);
        }
    }
}
