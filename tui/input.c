#include "input.h"

#include "input_keys.h"
#include "term.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define PASTE_BEGIN   "\033[200~"
#define PASTE_END     "\033[201~"
#define PASTE_END_LEN (sizeof PASTE_END - 1)

enum { SEQUENCES = 64, SEQUENCE_MAX = 16, CHUNK = 4096, UNFINISHED_MAX = 64 };

/* Whether what comes may belong to a paste: one has just been, or one stopped without its end. */
enum doubt { NO_DOUBT, AFTER_PASTE, ENDLESS_PASTE };

struct sequence {
    char bytes[SEQUENCE_MAX];
    size_t len;
    uint32_t key;
};
struct input {
    struct input_sink sink;
    const uint32_t *charset; /* NULL: UTF-8 */
    struct sequence sequences[SEQUENCES];
    size_t sequence_count;
    char pending[CHUNK + UNFINISHED_MAX]; /* not yet understood */
    size_t pending_len;
    uint32_t queue[CHUNK + UNFINISHED_MAX]; /* keys of the chunk being read */
    size_t queued;
    enum skip { SKIP_NONE, SKIP_CSI, SKIP_STRING } skip; /* in the rest of one too long to keep */
    bool pasting;
    bool ended;    /* an end mark came that no beginning is known of */
    bool dropping; /* keys lead nowhere, the marks of pastes count */
    bool stale;    /* the key that `pending` is the beginning of was typed before a drop */
    enum doubt doubt;
    int64_t heard_ms; /* last time that bytes came */
    struct buf paste;
    int64_t window_ms; /* when the keys counted in `window` began to come */
    size_t window;
    size_t cut_len; /* so much of the mark of a paste was given out as Esc, as nothing followed */
    int64_t cut_ms;
};

struct input *input_new(const uint32_t *charset, const struct input_sink *sink)
{
    struct input *input = mem_alloc(sizeof *input);
    input->sink = *sink;
    input->charset = charset;
    input->window_ms = input->heard_ms = INT64_MIN / 2;
    buf_init(&input->paste, INPUT_PASTE_MAX);
    /* The Linux console's own F1-F5 look like an unfinished CSI to everybody else. */
    static const char linux_keys[][5] = {"\033[[A", "\033[[B", "\033[[C", "\033[[D", "\033[[E"};
    for (uint32_t i = 0; i < COUNT_OF(linux_keys); i++)
        input_add_key(input, linux_keys[i], KEY_FN + 1 + i);
    return input;
}

void input_free(struct input *input)
{
    if (!input)
        return;
    buf_done(&input->paste);
    free(input);
}

void input_add_key(struct input *input, const char *sequence, uint32_t key)
{
    size_t len = sequence ? strlen(sequence) : 0;
    if (len == 0 || len > SEQUENCE_MAX || input->sequence_count == SEQUENCES)
        return;
    struct sequence *row = &input->sequences[input->sequence_count++];
    memcpy(row->bytes, sequence, len);
    row->len = len;
    row->key = key;
}

/* --- handing out -------------------------------------------------------------------------- */

static bool is_text(uint32_t key)
{
    return key == KEY_RETURN || key == KEY_TAB || (key >= 0x20 && key < KEY_BASE && key != 127);
}

/* What only moves, takes back or says no. All others are pasted where many come in one lump. */
static bool is_harmless(uint32_t key)
{
    return key == KEY_ESC || key == KEY_ERASE || (key >= KEY_ARROW_UP && key <= KEY_DELETE);
}

static void add_point(struct buf *out, uint32_t point)
{
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t len = utf8proc_encode_char((utf8proc_int32_t)point, bytes);
    buf_add(out, bytes, (size_t)len);
}

static void send_paste(struct input *input, const char *bytes, size_t len)
{
    struct buf text;
    input->doubt = AFTER_PASTE;
    if (input->dropping)
        return;
    buf_init(&text, 4 * (size_t)INPUT_PASTE_MAX);
    for (size_t i = 0; input->charset && i < len; i++)
        add_point(&text, input->charset[(unsigned char)bytes[i]]);
    if (!input->charset)
        buf_add(&text, bytes, len);
    input->sink.paste(input->sink.ctx, text.data ? text.data : "", text.len);
    buf_done(&text);
}

/* The text of a burst; already code points, so it is encoded here whatever the locale. */
static void send_burst(struct input *input, const uint32_t *keys, size_t count)
{
    struct buf text;
    buf_init(&text, 4 * (size_t)INPUT_PASTE_MAX);
    for (size_t i = 0; i < count; i++) {
        if (is_text(keys[i]))
            add_point(&text, keys[i]);
    }
    input->sink.paste(input->sink.ctx, text.data ? text.data : "", text.len);
    buf_done(&text);
}

/* A key held down on a slow line also comes in lumps. Only what does no harm gets that benefit: a
   lump of anything else, a y above all, may be the rest of a paste. */
static bool is_held_key(const uint32_t *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (keys[i] != keys[0])
            return false;
    }
    return is_harmless(keys[0]) || keys[0] == 'j' || keys[0] == 'k';
}

/* After a paste a key counts as typed after a pause; after one without an end, a longer pause, and
   only when it comes alone. */
static bool belongs_to_paste(struct input *input, size_t count, int64_t now_ms)
{
    bool endless = input->doubt == ENDLESS_PASTE;
    int64_t pause = now_ms - input->heard_ms;
    if (endless ? count > 0 && count <= 2 && pause >= INPUT_ALONE_MS : pause >= INPUT_AFTER_MS)
        input->doubt = NO_DOUBT;
    bool belongs = count > 0 && (input->ended || input->doubt != NO_DOUBT);
    if (input->ended)
        input->doubt = AFTER_PASTE;
    input->ended = false;
    return belongs;
}

static void send_keys(struct input *input, int64_t now_ms)
{
    size_t count = input->queued, counted = 0, text = 0;
    input->queued = 0;
    for (size_t i = 0; i < count; i++) {
        counted += !is_harmless(input->queue[i]);
        text += is_text(input->queue[i]);
    }
    bool belongs = belongs_to_paste(input, counted, now_ms);
    if (count == 0)
        return;
    if (now_ms - input->window_ms > INPUT_BURST_MS) {
        input->window_ms = now_ms;
        input->window = 0;
    }
    input->window += text;
    bool many = input->window > INPUT_BURST || counted > INPUT_BURST;
    bool burst = many && !is_held_key(input->queue, count);
    if (burst && input->doubt == NO_DOUBT)
        input->doubt = AFTER_PASTE;
    if (input->dropping)
        return;
    if (belongs || burst) {
        send_burst(input, input->queue, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        input->sink.key(input->sink.ctx, input->queue[i]);
}

static void push_key(struct input *input, uint32_t key)
{
    assert(input->queued < COUNT_OF(input->queue));
    if (!input->stale)
        input->queue[input->queued++] = key;
}

/* --- understanding ------------------------------------------------------------------------ */

enum { UNFINISHED = 0 }; /* bytes used: more must come first */

/* A mouse report: the wheel moves by rows, buttons mean nothing. */
static void push_wheel(struct input *input, int button, char final)
{
    enum { WHEEL_UP = 64, WHEEL_DOWN = 65, ROWS = 3 };

    if (final == 'M' && (button == WHEEL_UP || button == WHEEL_DOWN))
        for (int i = 0; i < ROWS; i++)
            push_key(input, button == WHEEL_UP ? KEY_ARROW_UP : KEY_ARROW_DOWN);
}

static void begin_paste(struct input *input)
{
    input->pasting = true;
    buf_clear(&input->paste);
}

/* What ends a sequence is part of it, but for a control character: that begins something new. */
static bool is_final(char byte)
{
    return byte >= 0x40 && byte < 0x7F;
}

/* What a sequence longer than is kept would mean nobody knows, but its bytes are no keys. */
static size_t keep_or_skip(struct input *input, enum skip skip, size_t len)
{
    if (len < UNFINISHED_MAX)
        return UNFINISHED;
    input->skip = skip;
    return len;
}

/* ESC [ parameters final; modifiers (second parameter) are dropped, unknown ones swallowed. */
static size_t read_csi(struct input *input, const char *bytes, size_t len)
{
    size_t at = 2;
    int number = 0;
    bool first = true;
    for (; at < len && bytes[at] >= 0x20 && bytes[at] < 0x40; at++) {
        if (bytes[at] == ';')
            first = false;
        else if (first && bytes[at] >= '0' && bytes[at] <= '9' && number < 1000)
            number = number * 10 + (bytes[at] - '0');
    }
    if (at == len || at >= UNFINISHED_MAX)
        return keep_or_skip(input, SKIP_CSI, at);
    if (!is_final(bytes[at]))
        return at;
    if (bytes[at] == '~' && number == 200) {
        begin_paste(input);
    } else if (bytes[at] == '~' && number == 201) {
        input->ended = true; /* what stands before it in this lump is still paste */
    } else if (bytes[2] == '<') {
        push_wheel(input, number, bytes[at]);
    } else {
        uint32_t key =
            bytes[at] == '~' ? input_key_of_number(number) : input_key_of_letter(bytes[at]);
        if (key != KEY_NONE)
            push_key(input, key);
    }
    return at + 1;
}

/* ESC ] … and the like: answers of a terminal to questions we never ask. Swallowed whole. */
static size_t read_string(struct input *input, const char *bytes, size_t len)
{
    size_t at = 2;
    while (at < len && bytes[at] != '\a' && bytes[at] != '\033')
        at++;
    if (at == len || at + (bytes[at] == '\033') == len) /* an Esc may end it or begin another */
        return keep_or_skip(input, SKIP_STRING, at);
    if (bytes[at] == '\a')
        return at + 1;
    return at + (bytes[at + 1] == '\\' ? 2 : 0);
}

static size_t read_escape(struct input *input, const char *bytes, size_t len)
{
    bool could_be = len == 1;
    for (size_t i = 0; i < input->sequence_count; i++) {
        const struct sequence *row = &input->sequences[i];
        if (len >= row->len && !memcmp(bytes, row->bytes, row->len)) {
            push_key(input, row->key);
            return row->len;
        }
        could_be |= len < row->len && !memcmp(bytes, row->bytes, len);
    }
    if (could_be)
        return UNFINISHED;
    switch (bytes[1]) {
    case '[':
        return read_csi(input, bytes, len);
    case 'O':
        if (len < 3)
            return UNFINISHED;
        if (input_key_of_letter(bytes[2]) != KEY_NONE)
            push_key(input, input_key_of_letter(bytes[2]));
        return is_final(bytes[2]) ? 3 : 2;
    case ']':
    case 'P':
    case '^':
    case '_':
    case 'X':
        return read_string(input, bytes, len);
    default:
        push_key(input, KEY_ESC);
        return 1;
    }
}

static size_t read_character(struct input *input, const char *bytes, size_t len)
{
    unsigned char first = (unsigned char)bytes[0];
    if (first < 0x80) {
        uint32_t key = first == '\n' ? KEY_RETURN : first == '\b' ? KEY_ERASE : first;
        if (key != KEY_NONE)
            push_key(input, key);
        return 1;
    }
    if (input->charset) {
        push_key(input, input->charset[first]);
        return 1;
    }
    size_t need = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    size_t have = 1;
    while (have < need && have < len && ((unsigned char)bytes[have] & 0xC0) == 0x80)
        have++;
    if (have < need && have == len)
        return UNFINISHED;
    utf8proc_int32_t point;
    utf8proc_ssize_t used =
        utf8proc_iterate((const utf8proc_uint8_t *)bytes, (utf8proc_ssize_t)len, &point);
    if (used <= 0)
        return 1;
    push_key(input, (uint32_t)point);
    return (size_t)used;
}

static size_t read_fresh(struct input *input, const char *bytes, size_t len)
{
    return bytes[0] == '\033' ? read_escape(input, bytes, len)
                              : read_character(input, bytes, len);
}

/* Of a sequence too long to keep, to its end or to what begins something else. */
static size_t read_rest(struct input *input, const char *bytes, size_t len)
{
    bool string = input->skip == SKIP_STRING;
    size_t at = 0;
    while (at < len && (string ? bytes[at] != '\a' && bytes[at] != '\033'
                               : bytes[at] >= 0x20 && bytes[at] < 0x40))
        at++;
    if (at == len || (string && bytes[at] == '\033' && at + 1 == len))
        return at;
    input->skip = SKIP_NONE;
    if (string ? bytes[at] == '\a' : is_final(bytes[at]))
        return at + 1;
    if (string && bytes[at + 1] == '\\')
        return at + 2;
    return at > 0 ? at : read_fresh(input, bytes, len);
}

/* Collects up to the end mark. What may be the beginning of the mark waits. */
static size_t read_paste(struct input *input, const char *bytes, size_t len, int64_t now_ms)
{
    const char *end = memmem(bytes, len, PASTE_END, PASTE_END_LEN);
    size_t take = end ? (size_t)(end - bytes) : len;
    if (!end) {
        size_t tail = len < PASTE_END_LEN - 1 ? len : PASTE_END_LEN - 1;
        while (tail > 0 && memcmp(bytes + len - tail, PASTE_END, tail) != 0)
            tail--;
        take = len - tail;
    }
    size_t room = INPUT_PASTE_MAX - 1 - input->paste.len;
    buf_add(&input->paste, bytes, take < room ? take : room);
    if (!end)
        return take;
    input->pasting = false;
    send_keys(input, now_ms);
    send_paste(input, input->paste.data ? input->paste.data : "", input->paste.len);
    return take + PASTE_END_LEN;
}

/* Whether this is how the mark goes on whose beginning was taken for the Esc key. */
static bool goes_on_with_mark(struct input *input, const char *bytes, size_t len, int64_t now_ms)
{
    const char *rest = &PASTE_BEGIN[input->cut_len];
    size_t known = len < strlen(rest) ? len : strlen(rest);
    if (input->cut_len > 0 && now_ms - input->cut_ms <= INPUT_PASTE_MS &&
        !memcmp(bytes, rest, known))
        return true;
    input->cut_len = 0;
    return false;
}

static size_t read_rest_of_mark(struct input *input, size_t len)
{
    size_t rest = strlen(PASTE_BEGIN) - input->cut_len;
    if (len < rest)
        return UNFINISHED;
    input->cut_len = 0;
    begin_paste(input);
    return rest;
}

static size_t read_one(struct input *input, const char *bytes, size_t len, int64_t now_ms)
{
    if (input->pasting)
        return read_paste(input, bytes, len, now_ms);
    if (goes_on_with_mark(input, bytes, len, now_ms))
        return read_rest_of_mark(input, len);
    return input->skip != SKIP_NONE ? read_rest(input, bytes, len) : read_fresh(input, bytes, len);
}

static void read_pending(struct input *input, int64_t now_ms)
{
    size_t at = 0, used;
    do {
        const char *bytes = input->pending + at;
        size_t len = input->pending_len - at;
        if (len == 0)
            break;
        used = read_one(input, bytes, len, now_ms);
        input->stale &= used == UNFINISHED;
        at += used;
    } while (used != UNFINISHED);
    assert(at <= input->pending_len);
    input->pending_len -= at;
    memmove(input->pending, input->pending + at, input->pending_len);
    send_keys(input, now_ms);
}

void input_feed(struct input *input, const char *bytes, size_t len, int64_t now_ms)
{
    while (len > 0) {
        size_t part = len < CHUNK ? len : CHUNK;
        assert(input->pending_len <= UNFINISHED_MAX);
        memcpy(input->pending + input->pending_len, bytes, part);
        input->pending_len += part;
        read_pending(input, now_ms);
        input->heard_ms = now_ms;
        bytes += part;
        len -= part;
    }
}

/* More of a sequence than a hand can type: a slow line brings the rest, which may be a paste. */
static bool is_cut_sequence(const struct input *input)
{
    size_t len = input->pending_len;
    return input->cut_len > 0 ? len >= 2 : len >= 3 && !memcmp(input->pending, "\033[", 2);
}

int input_wait_ms(const struct input *input)
{
    if (input->pasting || input->skip != SKIP_NONE || is_cut_sequence(input))
        return INPUT_PASTE_MS;
    return input->pending_len > 0 ? INPUT_ESC_MS : -1;
}

/* Nothing has followed what is pending. ESC alone is the key; with the beginning of a sequence
   behind it, only as long as it may be the two characters that Alt with a key sends. */
static void give_up_pending(struct input *input, int64_t now_ms)
{
    size_t len = input->pending_len;
    if (is_cut_sequence(input)) {
        input->doubt = ENDLESS_PASTE;
    } else if (len > 0 && len <= 2 && input->pending[0] == '\033') {
        push_key(input, KEY_ESC);
        input->cut_len = !memcmp(input->pending, PASTE_BEGIN, len) ? len : 0;
        input->cut_ms = now_ms;
    }
    input->pending_len = 0;
    input->stale = false;
}

void input_idle(struct input *input, int64_t now_ms)
{
    input->skip = SKIP_NONE;
    if (input->pasting) {
        input->pasting = false;
        input->pending_len = 0;
        send_paste(input, input->paste.data ? input->paste.data : "", input->paste.len);
        input->doubt = ENDLESS_PASTE;
        return;
    }
    give_up_pending(input, now_ms);
    send_keys(input, now_ms);
}

void input_drop(struct input *input, const char *bytes, size_t len, int64_t now_ms)
{
    input->dropping = true;
    input_feed(input, bytes, len, now_ms);
    input->dropping = false;
    input->stale = input->pending_len > 0;
}
