#include "clipboard.h"

#include <string.h>

enum { REFERENCE_MAX = 128 };
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static void add_base64(struct buf *out, const char *text, size_t len)
{
    for (size_t at = 0; at < len; at += 3) {
        uint32_t bits = 0;
        for (size_t i = 0; i < 3; i++)
            bits = bits << 8 | (at + i < len ? (unsigned char)text[at + i] : 0);
        for (size_t i = 0; i < 4; i++) {
            uint32_t digit = bits >> (18 - 6 * i) & 63;
            buf_printf(out, "%c", at + i > len ? '=' : (PLAIN "+/")[digit]);
        }
    }
}

bool clipboard_sequence(const char *reference, bool in_screen, struct buf *out)
{
    size_t len = reference ? strlen(reference) : 0;
    if (len == 0 || len > REFERENCE_MAX || strspn(reference, PLAIN "-_.") != len)
        return false;
    buf_puts(out, in_screen ? "\033P\033]52;c;" : "\033]52;c;");
    add_base64(out, reference, len);
    buf_puts(out, in_screen ? "\a\033\\" : "\a");
    return true;
}
