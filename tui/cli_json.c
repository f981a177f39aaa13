/* JSON lines. What could drive a terminal or hide text is written as \u escapes, which mean the
   same; so is all but ASCII where the terminal's characters are single bytes, for among the bytes
   of UTF-8 are those of its controls. */
#include "cli.h"

#include <string.h>

static void put_escaped(struct buf *out, int32_t point)
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
    int32_t point;
    size_t len = text_decode(at, strnlen(at, 4), &point);
    if (point < 0)
        buf_puts(out, "\\ufffd");
    else if (text_is_allowed(point) && (point < 0x80 || format_utf8()))
        buf_add(out, at, len);
    else
        put_escaped(out, point);
    return len;
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
