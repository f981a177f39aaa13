/* What may be written. To a terminal: text without anything that drives or deceives, and sequences
   that its terminfo entry has, or that stand in the list below. */
#include "support_text.h"

#include "../../tui/text.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEQUENCE_MAX = 96, SEEN_MAX = 4096 };

/* The console's own: bracketed paste, the wheel, the farewell of a terminal with one screen. */
static const char *const constants[] = {
    "\033[?2004h", "\033[?2004l", "\033[?1000h", "\033[?1006h",
    "\033[?1006l", "\033[?1000l", "\033[r",      "\033[999;1H",
};

struct gate {
    regex_t *allowed;
    size_t count, room;
    char *seen[SEEN_MAX]; /* sequences that were found to be allowed: a set by their hash */
};

/* --- terminfo --------------------------------------------------------------------------------- */

struct reader {
    const char *at;
    struct buf out;
};

static void put_literal(struct buf *out, int c)
{
    if (c == 0 || c == 0200) /* terminfo writes a NUL so */
        return;
    if (strchr(".[]()*+?{}|^$\\", c))
        buf_puts(out, "\\");
    buf_printf(out, "%c", c);
}

/* "\E", "\n", "\033", "\,", "\^" */
static void read_escape(struct reader *reader)
{
    static const char names[] = "Eenrtbfs^\\,:", codes[] = "\033\033\n\r\t\b\f ^\\,:";
    const char *found = strchr(names, *reader->at);
    int value = 0, digits = 0;

    for (; digits < 3 && reader->at[digits] >= '0' && reader->at[digits] <= '7'; digits++)
        value = value * 8 + (reader->at[digits] - '0');
    if (digits > 0)
        put_literal(&reader->out, value);
    else if (*reader->at && found)
        put_literal(&reader->out, codes[found - names]);
    reader->at += digits > 0 ? digits : *reader->at != '\0';
}

/* An operator of the parameter language, behind its '%'. Which branch is taken depends on the
   parameters: all are allowed. */
static void read_operator(struct reader *reader)
{
    struct buf *out = &reader->out;
    char c = *reader->at++;

    switch (c) {
    case '%':
        put_literal(out, '%');
        break;
    case '?':
        buf_puts(out, "(");
        break;
    case 'e':
        buf_puts(out, "|");
        break;
    case ';':
        buf_puts(out, "|)");
        break;
    case 'p':
    case 'P':
    case 'g':
        reader->at++;
        break;
    case '{':
        reader->at += strcspn(reader->at, "}") + 1;
        break;
    case '\'':
        reader->at += 2;
        break;
    case 'c':
    case 's':
        buf_puts(out, ".");
        break;
    default:
        if (strchr(":0123456789 ", c))
            reader->at += strcspn(reader->at, "dxXos") + 1;
        if (c == 'd' || strchr(":0123456789 ", c))
            buf_puts(out, "[0-9]+");
    }
}

/* A capability's source as a regular expression; padding is not sent. */
static void read_string(struct reader *reader)
{
    buf_puts(&reader->out, "^(");
    while (*reader->at) {
        char c = *reader->at++;
        if (c == '\\')
            read_escape(reader);
        else if (c == '^' && *reader->at)
            put_literal(&reader->out, *reader->at == '?' ? 127 : *reader->at & 31), reader->at++;
        else if (c == '%')
            read_operator(reader);
        else if (c == '$' && *reader->at == '<')
            reader->at += strcspn(reader->at, ">") + 1;
        else
            put_literal(&reader->out, c);
    }
    buf_puts(&reader->out, ")");
}

static void allow(struct gate *gate, const char *source, bool plain)
{
    struct reader reader = {.at = source};

    buf_init(&reader.out, 8192);
    if (plain) {
        buf_puts(&reader.out, "^(");
        for (const char *p = source; *p; p++)
            put_literal(&reader.out, *p);
        buf_puts(&reader.out, ")");
    } else {
        read_string(&reader);
    }
    if (gate->count == gate->room) {
        gate->room = gate->room ? gate->room * 2 : 128;
        gate->allowed = mem_resize(gate->allowed, gate->room, sizeof *gate->allowed);
    }
    gate->count += regcomp(&gate->allowed[gate->count], reader.out.data, REG_EXTENDED) == 0;
    buf_done(&reader.out);
}

/* Strings that the terminal sends, or that say no sequence of their own. */
static bool is_output(const char *name)
{
    static const char *const not [] = {
        "acsc", "tsl", "fsl", "dsl",  "initc", "initp", "oc",  "pfx",  "pfkey", "pfloc",
        "mc0",  "mc4", "mc5", "mc5p", "u6",    "u7",    "u8",  "u9",   "rs1",   "rs2",
        "rs3",  "is1", "is2", "is3",  "rf",    "if",    "rep", "cwin", "wingo"};
    for (size_t i = 0; i < COUNT_OF(not ); i++)
        if (strcmp(name, not [i]) == 0)
            return false;
    return name[0] != 'k' || strcmp(name, "kbs") == 0;
}

static bool read_terminfo(struct gate *gate, const char *term)
{
    char command[100], line[2000];
    bool any = false;

    snprintf(command, sizeof command, "infocmp -1 '%.60s' 2>/dev/null", term);
    FILE *in = popen(command, "re");
    while (in && fgets(line, sizeof line, in)) {
        char *equals = strchr(line, '='), *end = strrchr(line, ',');
        if (line[0] != '\t' || !equals || !end || end < equals)
            continue;
        *equals = *end = '\0';
        any = true;
        if (is_output(line + 1))
            allow(gate, equals + 1, false);
    }
    if (in)
        pclose(in);
    return any;
}

struct gate *gate_open(const char *term)
{
    struct gate *gate = mem_alloc(sizeof *gate);

    if (!read_terminfo(gate, term)) {
        gate_close(gate);
        return NULL;
    }
    /* A character again and again: what stands behind the character itself. */
    allow(gate, "\\E[%p2%db", false);
    for (size_t i = 0; i < COUNT_OF(constants); i++)
        allow(gate, constants[i], true);
    return gate;
}

void gate_close(struct gate *gate)
{
    for (size_t i = 0; i < gate->count; i++)
        regfree(&gate->allowed[i]);
    for (size_t i = 0; i < SEEN_MAX; i++)
        free(gate->seen[i]);
    free(gate->allowed);
    free(gate);
}

/* --- sequences -------------------------------------------------------------------------------- */

/* As far as one reaches by the rules of ECMA-48, whether it is allowed or not. */
static size_t sequence_length(const char *at, size_t len)
{
    size_t end = 1;

    if (at[0] != '\033' || len < 2)
        return 1;
    if (at[1] != '[') {
        while (end < len && at[end] >= 0x20 && at[end] < 0x30)
            end++;
        return end < len ? end + 1 : len;
    }
    for (end = 2; end < len && (at[end] < 0x40 || at[end] > 0x7E);)
        end++;
    return end < len ? end + 1 : len;
}

static char **place_of(struct gate *gate, const char *sequence)
{
    uint32_t hash = 2166136261u;

    for (const char *p = sequence; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    for (size_t i = 0; i < 8; i++) {
        char **place = &gate->seen[(hash + i) % SEEN_MAX];
        if (!*place || strcmp(*place, sequence) == 0)
            return place;
    }
    return &gate->seen[hash % SEEN_MAX];
}

/* Bytes of the allowed sequence that begins here; 0: none does. */
static size_t match(struct gate *gate, const char *at, size_t len)
{
    char copy[SEQUENCE_MAX + 1];
    size_t own = sequence_length(at, len), best = 0;
    regmatch_t found[1];

    if (own > SEQUENCE_MAX)
        return 0;
    memcpy(copy, at, own);
    copy[own] = '\0';
    char **place = place_of(gate, copy);
    if (*place && strcmp(*place, copy) == 0)
        return own;
    len = len < SEQUENCE_MAX ? len : SEQUENCE_MAX;
    memcpy(copy, at, len);
    copy[len] = '\0';
    for (size_t i = 0; i < gate->count; i++)
        if (regexec(&gate->allowed[i], copy, 1, found, 0) == 0 && (size_t)found[0].rm_eo > best)
            best = (size_t)found[0].rm_eo;
    if (best == own) {
        copy[own] = '\0';
        free(*place);
        *place = mem_strdup(copy);
    }
    return best;
}

/* OSC 52 with the BASE64 of a reference; 0: it is none. */
static size_t match_copy(const char *at, size_t len)
{
    static const char begin[] = "\033]52;c;";
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    int have = 0;
    size_t from = sizeof begin - 1, end = from;

    if (len < from || memcmp(at, begin, from) != 0)
        return 0;
    for (; end < len && at[end] != '\a' && at[end] != '='; end++) {
        const char *digit = strchr(digits, at[end]);
        if (!at[end] || !digit)
            return 0;
        bits = bits << 6 | (uint32_t)(digit - digits);
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        uint32_t c = bits >> have & 0xFF;
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || c == '.';
        if (!plain)
            return 0;
    }
    while (end < len && at[end] == '=')
        end++;
    return end < len && at[end] == '\a' && end > from ? end + 1 : 0;
}

static void say(char wrong[200], const char *what, const char *bytes, size_t at, size_t len)
{
    size_t used = (size_t)snprintf(wrong, 200, "%s at byte %zu:", what, at);

    for (size_t i = at; i < len && i < at + 24 && used < 190; i++) {
        unsigned char c = (unsigned char)bytes[i];
        used +=
            (size_t)snprintf(wrong + used, 200 - used, c < 0x20 || c > 0x7E ? "\\x%02x" : "%c", c);
    }
}

void gate_terminal(struct gate *gate, const char *bytes, size_t len, bool single_bytes,
                   struct gate_found *found)
{
    found->bytes += len;
    for (size_t at = 0, step; at < len && !found->wrong[0]; at += step) {
        unsigned char c = (unsigned char)bytes[at];
        int32_t point = c;
        step = 1;
        if (c < 0x20 || c == 0x7F) {
            step = match(gate, bytes + at, len - at);
            size_t copy = step ? 0 : match_copy(bytes + at, len - at);
            found->sequences += step > 0;
            found->copies += copy > 0;
            step += copy;
            if (!step)
                say(found->wrong, "no sequence of this terminal", bytes, at, len);
            continue;
        }
        if (single_bytes ? c >= 0x80 && c < 0xA0 : false)
            say(found->wrong, "a C1 control", bytes, at, len);
        if (!single_bytes)
            step = text_decode(bytes + at, len - at, &point);
        if (!single_bytes && !text_is_allowed(point))
            say(found->wrong, "text that may not be written", bytes, at, len);
    }
}

/* --- what is no terminal's -------------------------------------------------------------------- */

bool gate_plain(const char *bytes, size_t len, bool tabs, char wrong[200])
{
    size_t step;

    for (size_t at = 0; at < len; at += step) {
        int32_t point;
        step = text_decode(bytes + at, len - at, &point);
        if (!text_is_allowed(point) && point != '\n' && !(tabs && point == '\t')) {
            say(wrong, "text that may not be written", bytes, at, len);
            return false;
        }
    }
    return true;
}

/* One cell from *at on, in `cell` without its quotes. False: no CSV. */
static bool read_cell(const char *bytes, size_t len, size_t *at, struct buf *cell)
{
    buf_clear(cell);
    buf_puts(cell, "");
    if (*at < len && bytes[*at] == '"') {
        for (++*at; *at < len; ++*at) {
            if (bytes[*at] == '"' && (*at + 1 >= len || bytes[*at + 1] != '"'))
                break;
            *at += bytes[*at] == '"';
            buf_add(cell, bytes + *at, 1);
        }
        if (*at >= len)
            return false;
        ++*at;
        return *at >= len || strchr(",\r\n", bytes[*at]);
    }
    for (; *at < len && !strchr(",\r\n", bytes[*at]); ++*at) {
        if (bytes[*at] == '"')
            return false;
        buf_add(cell, bytes + *at, 1);
    }
    return true;
}

static bool is_run(const char *cell)
{
    static const char *const begins[] = {"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"};
    char *end;

    strtod(cell, &end);
    if (*cell == '-' && cell[1] >= '0' && cell[1] <= '9' && *end == '\0')
        return false; /* a negative number */
    for (size_t i = 0; i < COUNT_OF(begins); i++)
        if (strncmp(cell, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

bool gate_csv(const char *bytes, size_t len, size_t columns, char wrong[200])
{
    struct buf cell;
    size_t cells = 0, at = 0, from;
    bool ok = true;

    buf_init(&cell, 1 << 20);
    while (ok && at < len) {
        from = at;
        ok = read_cell(bytes, len, &at, &cell) && gate_plain(cell.data, cell.len, false, wrong);
        cells++;
        bool ends = at >= len || bytes[at] != ',';
        const char *semicolon = cell.data;
        while (ok && (ok = !is_run(semicolon)) && (semicolon = strchr(semicolon, ';')))
            semicolon++;
        ok = ok && (!ends || cells == columns);
        if (!ok)
            say(wrong, "no harmless cell", bytes, from, len);
        if (ends) {
            cells = 0;
            at += at < len && bytes[at] == '\r';
        }
        at++;
    }
    buf_done(&cell);
    return ok;
}

bool gate_json(const char *bytes, size_t len, char wrong[200])
{
    int depth = 0;
    bool in_string = false;

    if (!gate_plain(bytes, len, false, wrong))
        return false;
    for (size_t at = 0; at < len; at++) {
        char c = bytes[at];
        if (in_string && c == '\\')
            at++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string)
            depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (c == '\n' && (depth != 0 || in_string)) {
            say(wrong, "a line that is no whole value", bytes, at, len);
            return false;
        }
    }
    return true;
}
