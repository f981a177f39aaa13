/* Bytes of a terminal -> keys and pastes. The same bytes say the same however they are cut, and
   nothing that was pasted between its marks is ever a key.
   Input: two bytes of where to cut, then the bytes. */
#include "fuzz.h"

#include "../../tui/input.h"
#include "../../tui/term.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { APART_MS = 200 }; /* longer than any pause that tells a hand from a paste */

struct heard {
    uint32_t keys[8192];
    size_t key_count;
    struct buf text; /* what would stand in a field, typed or pasted */
    size_t pastes;
};

static void on_key(void *ctx, uint32_t key)
{
    struct heard *heard = ctx;
    utf8proc_uint8_t bytes[4];

    assert(key != KEY_NONE && key <= KEY_FN + 12 && heard->key_count < COUNT_OF(heard->keys));
    heard->keys[heard->key_count++] = key;
    if (key == KEY_RETURN || key == KEY_TAB || (key >= 0x20 && key < KEY_BASE && key != KEY_ERASE))
        buf_add(&heard->text, bytes, (size_t)utf8proc_encode_char((utf8proc_int32_t)key, bytes));
}

static void on_paste(void *ctx, const char *bytes, size_t len)
{
    struct heard *heard = ctx;
    heard->pastes++;
    buf_add(&heard->text, bytes, len);
}

/* Feeds all of it, in pieces of 1 to most bytes by the bits of seed. */
static void hear(struct heard *heard, const uint8_t *data, size_t size, size_t most, uint32_t seed)
{
    struct input *input = input_new(NULL, &(struct input_sink){on_key, on_paste, heard});
    int64_t now = 0;

    heard->key_count = heard->pastes = 0;
    buf_init(&heard->text, 1 << 20);
    input_add_key(input, "\033OA", KEY_ARROW_UP);
    input_add_key(input, "\033[3~", KEY_DELETE);
    input_add_key(input, "\033OP", KEY_FN + 1);
    for (size_t at = 0; at < size;) {
        seed = seed * 1664525 + 1013904223;
        size_t len = most == size ? size : (seed >> 16) % most + 1;
        len = len < size - at ? len : size - at;
        input_feed(input, (const char *)data + at, len, now += APART_MS);
        at += len;
    }
    for (int i = 0; i < 3 && input_wait_ms(input) >= 0; i++)
        input_idle(input, now += input_wait_ms(input));
    assert(input_wait_ms(input) == -1);
    input_free(input);
}

static bool is_part_of(const struct heard *few, const struct heard *all)
{
    size_t at = 0;
    for (size_t i = 0; i < all->key_count && at < few->key_count; i++)
        at += all->keys[i] == few->keys[at];
    return at == few->key_count;
}

static bool same_text(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* There may be a mark of a paste in it, however written. */
static bool may_paste(const uint8_t *data, size_t size)
{
    return memchr(data, '~', size) && memchr(data, '2', size) && memchr(data, '0', size);
}

static size_t count_of(const struct heard *heard, uint32_t key)
{
    size_t count = 0;
    for (size_t i = 0; i < heard->key_count; i++)
        count += heard->keys[i] == key;
    return count;
}

/* Whatever was left unfinished before it, a paste is a paste. */
static void check_paste_behind(const struct heard *before, const uint8_t *data, size_t size)
{
    static const char paste[] = "\033[200~y\ry\033[201~";
    static struct heard heard;
    uint8_t both[4096 + sizeof paste];

    memcpy(both, data, size);
    memcpy(both + size, paste, sizeof paste - 1);
    hear(&heard, both, size + sizeof paste - 1, 1, 0);
    assert(heard.pastes == 1 && count_of(&heard, 'y') == count_of(before, 'y'));
    assert(count_of(&heard, KEY_RETURN) == count_of(before, KEY_RETURN));
    buf_done(&heard.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { HEAD = 2 };
    static struct heard one, cut, whole;
    if (size <= HEAD || size > 4096)
        return 0;
    uint32_t seed = (uint32_t)data[0] << 8 | data[1];
    data += HEAD;
    size -= HEAD;
    hear(&one, data, size, 1, seed);
    hear(&cut, data, size, INPUT_BURST - 1, seed); /* with an Esc that waited, no burst yet */
    hear(&whole, data, size, size, seed);
    if (!may_paste(data, size)) {
        assert(one.pastes == 0 && cut.pastes == 0 && cut.key_count == one.key_count);
        assert(memcmp(cut.keys, one.keys, one.key_count * sizeof one.keys[0]) == 0);
        assert(same_text(&one.text, &whole.text));
        check_paste_behind(&one, data, size);
    }
    /* Behind a paste keys may be taken for more of it: fewer, never others. */
    assert(is_part_of(&cut, &one) && is_part_of(&whole, &one));
    buf_done(&one.text);
    buf_done(&cut.text);
    buf_done(&whole.text);
    return 0;
}
