/* What strangers write. Every kind of it that ever moved, hid or forged something on a terminal, in
   a log or in a spreadsheet; each stands among plain letters, as it would in a description. */
#include "support_text.h"

#include "../../tui/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { LONGEST = 4000 };

static void add_bytes(struct payloads *payloads, const char *kind, const char *bytes)
{
    if (payloads->count == payloads->room) {
        payloads->room = payloads->room ? payloads->room * 2 : 512;
        payloads->all = mem_resize(payloads->all, payloads->room, sizeof *payloads->all);
    }
    bool valid = true;
    for (size_t at = 0, len = strlen(bytes); at < len && valid;) {
        int32_t point;
        at += text_decode(bytes + at, len - at, &point);
        valid = point >= 0;
    }
    payloads->all[payloads->count++] =
        (struct payload){.kind = kind, .bytes = mem_strdup(bytes), .in_json = valid};
}

static void add(struct payloads *payloads, const char *kind, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void add(struct payloads *payloads, const char *kind, const char *format, ...)
{
    char bytes[600];
    va_list values;

    va_start(values, format);
    int len = vsnprintf(bytes, sizeof bytes, format, values);
    va_end(values);
    assert(len > 0 && (size_t)len < sizeof bytes);
    add_bytes(payloads, kind, bytes);
}

static const char *utf8(int32_t point, char out[5])
{
    utf8proc_ssize_t len = utf8proc_encode_char(point, (utf8proc_uint8_t *)out);
    out[len > 0 ? len : 0] = '\0';
    return out;
}

static void add_points(struct payloads *payloads, const char *kind, int32_t from, int32_t to)
{
    char bytes[5];

    for (int32_t point = from; point <= to; point++)
        add(payloads, kind, "ab%scd", utf8(point, bytes));
}

/* --- sequences -------------------------------------------------------------------------------- */

/* What follows ESC; where a C1 control says the same, it is tried in both its forms as well. */
static const char *const tails[] = {
    "[31m", "[0;1;5;7;8m", "[38;2;1;2;3m", "[58;5;1m", "[2J", "[3J", "[H", "[1;1HLIVE",
    "[999;999H",
    "[5A", "[5B", "[200C", "[200D", "[1G", "[1d", "[s", "[u", "[2K", "[1P", "[1L", "[1M", "[4h",
    "[5S", "[5T", "[1;5r", "[r", "[?1049l", "[?1049h", "[?47h", "[?25h", "[?7l", "[?1000h",
    "[?2004l", "[?2026h", "[?3h", "[?5h", "[6n", "[5n", "[c", "[>c", "[=c", "[18t", "[21t", "[20t",
    "[8;50;50t", "[3;0;0t", "[22;2t", "[5i", "[4i", "[!p", "[=5u", "[>1u", "[ q", "[1$r", "[5b",
    "]0;title\a", "]2;title\033\\", "]1;icon\a", "]l", "]52;c;QUFBQQ==\a", "]52;c;?\a",
    "]52;p;QQ==\033\\", "]8;;http://evil.example/\a", "]8;;\a", "]4;1;rgb:ff/00/00\a", "]10;?\a",
    "]11;?\a", "]12;red\a", "]50;#1\a", "]104\a", "]110\a", "]133;A\a",
    "]1337;File=inline=1:QQ==\a",
    "]777;notify;a;b\a", "]9;hello\a", "]7;file://h/\a", "]P1ff0000", "]R", "P$qm\033\\",
    "P+q544e\033\\", "P1$r0m\033\\", "P0;1|17/41\033\\", "Pq#0~\033\\",
    "Ptmux;\033\033]52;c;QUE=\a\033\\", "_Gf=100;AAAA\033\\", "_text\033\\", "^private\033\\",
    "Xstring\033\\", "k title\033\\", "c", "7", "8", "D", "M", "E", "H", "=", ">", "Z", "n", "o",
    "~", "}", "|", "N", "O", "(0", "(B", ")0", "#8", "#3", "%G", "%@", " F", " G", "l", "m",
    "\033[31m", "[\033[31m", "[31", "[", "]0;never ended", "P never ended", "",
};

static void add_sequences(struct payloads *payloads)
{
    char bytes[5];

    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        const char *tail = tails[i];
        add(payloads, "escape", "ab\033%scd", tail);
        if (!*tail || !strchr("[]P_^XDMEHNO", *tail))
            continue;
        add(payloads, "c1", "ab%s%scd", utf8(*tail + 0x40, bytes), tail + 1);
        add(payloads, "c1 raw", "ab%c%scd", *tail + 0x40, tail + 1);
    }
    for (int c = 0x20; c < 0x7F; c++)
        add(payloads, "escape", "ab\033%ccd", c);
    add_points(payloads, "c1", 0x80, 0x9F);
    for (int c = 0x80; c < 0xA0; c++)
        add(payloads, "c1 raw", "ab%ccd", c);
    for (int c = 1; c < 0x20; c++)
        add(payloads, "c0", "ab%ccd", c);
    add(payloads, "c0", "ab\177cd");
}

/* --- what moves, hides, deceives -------------------------------------------------------------- */

static void add_moves(struct payloads *payloads)
{
    static const char *const moves[] = {
        "ab\r\ncd", "\rApproved", "ab\n2026-11-22 12:00:00 INFO charge approved", "\n\n\n\n\nlow",
        "ab\b\b\b\b\b\b\b\bLIVE", "\t\t\t\t\t\t\t\tfar", "ab\v\v\vcd", "ab\f\fcd", "\a\a\a\a\a\a",
        "ab\016cd\017ef", "ab\023cd\021", "\032\032", "\033\033\033\033", "ab\r\033[2Kcd",
        "$<5000>", "$<100/>*", "ab\\033[31mcd", "ab\\u001b[31mcd", "^[[31m", "ab\\x9b31m",
    };
    for (size_t i = 0; i < COUNT_OF(moves); i++)
        add_bytes(payloads, "moves", moves[i]);
}

static void add_hidden(struct payloads *payloads)
{
    static const int32_t points[] = {
        0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180E, 0x180F,
        0x2800, 0x3000, 0x3164, 0xA0, 0xFEFF, 0xFFA0, 0xFFF9, 0xFFFA, 0xFFFB, 0xFFFC, 0xFFFD,
        0x1BCA0, 0x1D173, 0x1D17A, 0xE0001, 0xE0020, 0xE007F, 0xE0100, 0xE01EF, 0x110BD, 0x600,
        0x6DD, 0x70F, 0x8E2,
    };
    char bytes[5];
    for (size_t i = 0; i < COUNT_OF(points); i++)
        add(payloads, "hidden", "ab%scd", utf8(points[i], bytes));
    add_points(payloads, "hidden", 0x2000, 0x200F);
    add_points(payloads, "lines", 0x2028, 0x2029);
    add_points(payloads, "bidi", 0x202A, 0x202E);
    add_points(payloads, "hidden", 0x2060, 0x206F);
    add_points(payloads, "selector", 0xFE00, 0xFE0F);
    add(payloads, "bidi", "\u202E00.21 RUE\u202C");
    add(payloads, "bidi", "\u2067\u2066\u2068abc");
    add(payloads, "bidi", "עברית 12 abc العربية");
    add(payloads, "bidi", "\u202A\u202A\u202A\u202A\u202A\u202A\u202A\u202Adeep");
    add(payloads, "tags", "ab\U000E0041\U000E0042\U000E007Fcd");
    add(payloads, "tags", "\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E007F");
}

static void add_nowhere(struct payloads *payloads)
{
    static const int32_t points[] = {
        0x378, 0x530, 0x2FE0, 0xA4D0 + 0x4000, 0xE000, 0xE0B0, 0xF8FF, 0xFDD0, 0xFDEF, 0xFFFE,
        0xFFFF, 0x1FFFE, 0x2FFFF, 0x3FFFF, 0xE0080, 0xF0000, 0xFFFFD, 0x10FFFD, 0x10FFFF,
    };
    char bytes[5];
    for (size_t i = 0; i < COUNT_OF(points); i++)
        add(payloads, "nowhere", "ab%scd", utf8(points[i], bytes));
}

/* --- widths ----------------------------------------------------------------------------------- */

static void add_flood(struct payloads *payloads, const char *base, const char *mark, int times)
{
    static char bytes[LONGEST + 1];
    size_t len = strlen(base);

    memcpy(bytes, base, len);
    for (int i = 0; i < times && len + strlen(mark) + 2 <= LONGEST; i++) {
        memcpy(bytes + len, mark, strlen(mark));
        len += strlen(mark);
    }
    memcpy(bytes + len, "cd", 3);
    add_bytes(payloads, "flood", bytes);
}

static const char *const words[] = {
    "漢字かな交じり文", "ＦＵＬＬ　ＷＩＤＴＨ", "ﾊﾝｶｸ", "한글 가나다", "각각", "각", "㈱①Ⅷ",
    "Ελληνικά Кириллица", "±×÷°µ¶", "═══╣LIVE╠═══", "║ 12.50 EUR ║", "█▓▒░", "●○◐✓✗", "…………",
    "a\u0301e\u0308n\u0303", "x\u0301\u0302", "\u0301on nothing", "हिन्दी क्षि", "ไทยน้ำ",
    "မြန်မာ",
    "\u0628\u064E\u0651\u064B", "𝕱𝖗𝖆𝖐𝖙𝖚𝖗", "𒐫﷽", "꧅⸻", "Z\u0335\u0321\u0358",
    "👩\u200D👩\u200D👧\u200D👦", "👍🏽", "🏽", "🇪🇸🇪", "1\uFE0F\u20E3", "❤\uFE0F", "☺\uFE0E",
    "🏴\u200D☠\uFE0F",
    "🧑🏿\u200D🤝\u200D🧑🏻", "😀😀😀😀", "⚠⚡☎✈", "\U0001FAE8", "\u1100\u1161\u11A8", "\u1100\u1100\u1100",
    "\uD7B0\uD7CB", "A\u20DD\u20E0", "\u0489\u0488", "q\u0E33\u0EB3", "\u302A\u3099か\u3099",
};

static void add_widths(struct payloads *payloads)
{
    static const struct {
        const char *base, *mark;
    } floods[] = {{"e", "\u0301"}, {"x", "\u0488"}, {"漢", "\u3099"}, {"क", "\u093E"},
                  {"a", "\u200D"}, {"y", "\u20DD"}, {"", "\u0300\u0316"}, {"o", "\u0F90"}};
    static const int times[] = {2, 3, 9, 100, 1500};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        add_bytes(payloads, "width", words[i]);
    for (size_t i = 0; i < COUNT_OF(floods); i++)
        for (size_t k = 0; k < COUNT_OF(times); k++)
            add_flood(payloads, floods[i].base, floods[i].mark, times[k]);
    add_flood(payloads, "", "A", 79);
    add_flood(payloads, "", "A", 3000);
    add_flood(payloads, "", "漢", 1200);
    add_flood(payloads, "", "w ", 1500);
    add_flood(payloads, "ab", " ", 500);
}

/* --- what other programs take for orders ------------------------------------------------------ */

static const char *const formulas[] = {
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|'/C calc'!A0", "=HYPERLINK(\"http://x\")", " =1+1",
    "\"=1+1", "'=1+1", "\t=1+1", "\r=1+1", "\n=1+1", "x;=1+1", "x;\"=1+1\";y", "x,=1+1,y",
    "＝1+1", "＋1", "－1", "＠A1", "-12.50", "--12.50", "=\"a\"", "DDE(\"cmd\")", ";@A1;",
    "\",\"=1+1", "\"\n=1+1,\"", "x;\u00A0=1+1", "-", "=",
};

static const char *const others[] = {
    "%s%s%s%s%n", "%1$s%2$n", "%999999d", "%p %x", "%%", "%", "{amount}", "{target}{why}", "{",
    "}{", "\\", "\"", "\\\"", "</script>", "<b>", "&lt;", "$(reboot)", "`reboot`", "../../etc/x",
    "/dev/tty", "%2e%2e%2f", "?a=b&c=d#e", "\\u0041", "null", "true", "12.50 EUR", "LIVE", "y",
    "x   y", "a  ·  b", "Approved: 500.00 EUR.", "1'); DROP TABLE x;--", "a\u00A0\u00A0\u00A0b",
    "Nothing has been charged. You can charge again.                                     OK",
};

static void add_orders(struct payloads *payloads)
{
    for (size_t i = 0; i < COUNT_OF(formulas); i++)
        add_bytes(payloads, "formula", formulas[i]);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        add_bytes(payloads, "orders", others[i]);
}

/* None of these is UTF-8. */
static void add_broken(struct payloads *payloads)
{
    static const char *const broken[] = {
        "ab\xC3", "ab\xC3(cd", "ab\xA0\xA1", "ab\xE2\x82", "ab\xE2\x28\xA1", "ab\xE2\x82\x28",
        "ab\xF0\x9F\x98", "ab\xF0\x28\x8C\xBC", "ab\xF0\x90\x28\xBC", "ab\xFE", "ab\xFF\xFE",
        "ab\xC0\x80", "ab\xC0\xAF", "ab\xC1\x9B", "ab\xE0\x80\x9B", "ab\xE0\x9F\xBF",
        "ab\xF0\x80\x80\x9B", "ab\xF0\x8F\xBF\xBF", "ab\xED\xA0\x80", "ab\xED\xBF\xBF",
        "ab\xED\xA0\xBD\xED\xB8\x80", "ab\xF4\x90\x80\x80", "ab\xF5\x80\x80\x80",
        "ab\xF8\x88\x80\x80\x80", "ab\xFC\x84\x80\x80\x80\x80", ("\x9B" "31m"), "\x80\x80\x80\x80",
    };
    for (size_t i = 0; i < COUNT_OF(broken); i++)
        add_bytes(payloads, "broken", broken[i]);
}

/* --- all -------------------------------------------------------------------------------------- */

static int by_json(const void *a, const void *b)
{
    const struct payload *first = a, *second = b;

    if (first->in_json != second->in_json)
        return first->in_json ? -1 : 1;
    int kinds = strcmp(first->kind, second->kind);
    return kinds ? kinds : strcmp(first->bytes, second->bytes);
}

void payloads_make(struct payloads *payloads)
{
    *payloads = (struct payloads){0};
    add_sequences(payloads);
    add_moves(payloads);
    add_hidden(payloads);
    add_nowhere(payloads);
    add_widths(payloads);
    add_orders(payloads);
    add_broken(payloads);
    qsort(payloads->all, payloads->count, sizeof *payloads->all, by_json);
    while (payloads->json < payloads->count && payloads->all[payloads->json].in_json)
        payloads->json++;
}

void payloads_free(struct payloads *payloads)
{
    for (size_t i = 0; i < payloads->count; i++)
        free(payloads->all[i].bytes);
    free(payloads->all);
    *payloads = (struct payloads){0};
}

char *payload_twin(const char *bytes)
{
    struct arena arena = {0};
    struct text clean = text_clean(&arena, bytes);
    struct buf twin;
    size_t at = 0, from = 0;
    uint32_t points[3];
    int count, cells;

    buf_init(&twin, 1 << 20);
    buf_puts(&twin, "");
    for (; text_next(clean, &at, points, &count, &cells); from = at) {
        bool blank = points[0] == 0x2800 || utf8proc_category((utf8proc_int32_t)points[0]) ==
                                                UTF8PROC_CATEGORY_ZS;
        if (blank)
            buf_add(&twin, clean.bytes + from, at - from);
        else
            buf_puts(&twin, cells == 2 ? TWIN_WIDE : TWIN_NARROW);
    }
    arena_done(&arena);
    return twin.data;
}

char *payload_cut(const char *bytes, size_t max)
{
    size_t len = strlen(bytes);

    if (max && len > max)
        for (len = max; len > 0 && ((unsigned char)bytes[len] & 0xC0) == 0x80;)
            len--;
    char *cut = mem_alloc(len + 1);
    memcpy(cut, bytes, len);
    return cut;
}
