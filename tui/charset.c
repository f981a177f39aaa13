#include "charset.h"

#include "format.h"

#include <iconv.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static struct {
    bool ascii, single_byte;
    uint32_t points[256];
} charset;

/* Symbols this program draws, and what stands for them. Letters of text from outside go without
   their marks; what is no letter of this set then is shown as ?. */
static const struct {
    uint32_t point;
    char ascii;
} symbols[] = {
    {0x2500, '-'}, {0x2502, '|'}, {0x250C, '+'}, {0x2510, '+'}, {0x2514, '+'},  {0x2518, '+'},
    {0x2504, '.'}, {0x2506, ':'}, {0x256D, '.'}, {0x256E, '.'}, {0x2570, '.'},  {0x256F, '.'},
    {0x2550, '='}, {0x2551, '#'}, {0x2554, '#'}, {0x2557, '#'}, {0x255A, '#'},  {0x255D, '#'},
    {0x2588, '#'}, {0x258C, '|'}, {0x2590, '|'}, {0x25CF, '*'}, {0x25CB, 'o'},  {0x25D0, '~'},
    {0x2026, '~'}, {0x2191, '^'}, {0x2193, 'v'}, {0x2192, '>'}, {0x2190, '<'},  {0x2713, '+'},
    {0x2717, 'x'}, {0x00B7, '-'}, {0x2013, '-'}, {0x2014, '-'}, {0x2019, '\''}, {0x201C, '"'},
    {0x201D, '"'}, {0xFFFD, '?'}, {0x00A0, ' '}, {0x25B8, '>'}, {0x2022, '*'},
    {0x00A1, '!'}, {0x00BF, '?'}, {0x00AB, '"'}, {0x00BB, '"'},
};
enum { FIRST_BORDER = 0x2500, LAST_BORDER = 0x25FF }; /* drawn in ASCII where that is asked for */

/* "es_ES.ISO-8859-15", "es_ES@euro": the name says it though the locale is not installed. */
static const char *name_of_wish(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *wish = getenv(names[i]);
        if (!wish || !wish[0])
            continue;
        if (strchr(wish, '.'))
            return strchr(wish, '.') + 1;
        if (strstr(wish, "@euro"))
            return "ISO-8859-15";
        return strcmp(wish, "C") == 0 || strcmp(wish, "POSIX") == 0 ? "US-ASCII" : "ISO-8859-1";
    }
    return "US-ASCII";
}

static uint32_t point_of_byte(iconv_t converter, unsigned char byte)
{
    char in[1] = {(char)byte}, out[4];
    char *from = in, *to = out;
    size_t from_len = 1, to_len = sizeof out;
    if (iconv(converter, &from, &from_len, &to, &to_len) == (size_t)-1 || to_len != 0) {
        iconv(converter, NULL, NULL, NULL, NULL);
        return 0xFFFD;
    }
    const unsigned char *bytes = (const unsigned char *)out;
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

void charset_open(bool ascii)
{
    charset.ascii = ascii;
    charset.single_byte = !format_utf8();
    if (!charset.single_byte)
        return;
    const char *name = nl_langinfo(CODESET);
    iconv_t converter = iconv_open("UTF-32LE", strncmp(name, "ANSI", 4) ? name : name_of_wish());
    for (unsigned i = 0; i < 256; i++) {
        charset.points[i] = i < 0x80 ? i : 0xFFFD;
        if (i >= 0xA0 && converter != (iconv_t)-1)
            charset.points[i] = point_of_byte(converter, (unsigned char)i);
    }
    if (converter != (iconv_t)-1)
        iconv_close(converter);
}

void charset_close(void)
{
    memset(&charset, 0, sizeof charset);
}

const uint32_t *charset_points(void)
{
    return charset.single_byte ? charset.points : NULL;
}

/* The byte of a code point in a single-byte set, -1 if it has none. */
static int byte_of_point(uint32_t point)
{
    if (point < 0x80)
        return (int)point;
    for (int i = 0xA0; i < 256; i++) {
        if (charset.points[i] == point && point != 0xFFFD)
            return i;
    }
    return -1;
}

/* "Ó" as "O": what is left of a letter without its marks, 0 if that is not one character. */
static uint32_t bare_letter(uint32_t point)
{
    utf8proc_int32_t letters[8];
    int last_class = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(
        (utf8proc_int32_t)point, letters, COUNT_OF(letters),
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK, &last_class);
    return count == 1 ? (uint32_t)letters[0] : 0;
}

uint32_t charset_show(uint32_t point)
{
    if (point < 0x80)
        return point;
    bool as_symbol = charset.ascii && point >= FIRST_BORDER && point <= LAST_BORDER;
    if (!as_symbol && (!charset.single_byte || byte_of_point(point) >= 0))
        return point;
    for (size_t i = 0; i < COUNT_OF(symbols); i++) {
        if (symbols[i].point == point)
            return (unsigned char)symbols[i].ascii;
    }
    uint32_t bare = bare_letter(point);
    return bare >= 0x20 && byte_of_point(bare) >= 0 ? bare : '?';
}

void charset_encode(const char *utf8, size_t len, struct buf *out)
{
    if (!charset.single_byte) {
        buf_add(out, utf8, len);
        return;
    }
    for (size_t at = 0; at < len;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)utf8 + at,
                                                 (utf8proc_ssize_t)(len - at), &point);
        char one = (char)(used > 0 ? byte_of_point(charset_show((uint32_t)point)) : '?');
        buf_add(out, &one, 1);
        at += used > 0 ? (size_t)used : 1;
    }
}
