/* From bytes to keys and pastes: sequences cut anywhere, pastes with and without brackets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../tui/input.h"
#include "../tui/term.h"

#include <stdlib.h>
#include <string.h>

/* What came out: keys, and pastes with their bytes. */
struct heard {
    uint32_t keys[4096];
    size_t key_count;
    struct buf pasted;
    int pastes;
};
static struct heard seen;

static void on_key(void *ctx, uint32_t key)
{
    (void)ctx;
    assert_true(seen.key_count < COUNT_OF(seen.keys));
    seen.keys[seen.key_count++] = key;
}

static void on_paste(void *ctx, const char *bytes, size_t len)
{
    (void)ctx;
    seen.pastes++;
    buf_add(&seen.pasted, bytes, len);
}

static int setup(void **state)
{
    memset(&seen, 0, sizeof seen);
    buf_init(&seen.pasted, 1 << 22);
    *state = input_new(NULL, &(struct input_sink){on_key, on_paste, NULL});
    return 0;
}

static int teardown(void **state)
{
    input_free(*state);
    buf_done(&seen.pasted);
    return 0;
}

static void feed(struct input *input, const char *bytes, int64_t now_ms)
{
    input_feed(input, bytes, strlen(bytes), now_ms);
}

static void drop(struct input *input, const char *bytes, int64_t now_ms)
{
    input_drop(input, bytes, strlen(bytes), now_ms);
}

static void assert_keys(const uint32_t *keys, size_t count)
{
    assert_int_equal(seen.key_count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(seen.keys[i], keys[i]);
}
#define ASSERT_KEYS(...)                                                                           \
    assert_keys((const uint32_t[]){__VA_ARGS__},                                                   \
                sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void test_plain_keys(void **state)
{
    feed(*state, "p", 0);
    feed(*state, "\r", 100);
    feed(*state, "\n", 200);
    feed(*state, "\x7F\b", 300);
    feed(*state, "ñ€", 400);
    ASSERT_KEYS('p', KEY_RETURN, KEY_RETURN, KEY_ERASE, KEY_ERASE, 0xF1, 0x20AC);
}

static void test_sequences(void **state)
{
    input_add_key(*state, "\033Op", KEY_DELETE);
    static const struct {
        const char *bytes;
        uint32_t key;
    } rows[] = {
        {"\033[A", KEY_ARROW_UP},   {"\033OB", KEY_ARROW_DOWN}, {"\033[5~", KEY_PAGE_UP},
        {"\033[6~", KEY_PAGE_DOWN}, {"\033[1~", KEY_TO_HOME},   {"\033[F", KEY_TO_END},
        {"\033OP", KEY_FN + 1},     {"\033[15~", KEY_FN + 5},   {"\033[21~", KEY_FN + 10},
        {"\033[[E", KEY_FN + 5},    {"\033[Z", KEY_BACKTAB},    {"\033[1;5A", KEY_ARROW_UP},
        {"\033[3;2~", KEY_DELETE},  {"\033Op", KEY_DELETE},     {"\033[24~", KEY_FN + 12},
    };
    int64_t now = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t len = strlen(rows[i].bytes);
        for (size_t cut = 0; cut <= len; cut++) { /* whole, and cut at each byte */
            seen.key_count = 0;
            now += 100;
            input_feed(*state, rows[i].bytes, cut, now);
            input_feed(*state, rows[i].bytes + cut, len - cut, now + 1);
            ASSERT_KEYS(rows[i].key);
            assert_int_equal(input_wait_ms(*state), -1);
        }
    }
}

static void test_unknown_sequences_are_swallowed(void **state)
{
    feed(*state, "\033[?1;2c", 0); /* an answer to a question */
    feed(*state, "\033[>0;276;0c", 100);
    feed(*state, "\033]11;rgb:0000/0000/0000\a", 200);
    feed(*state, "\033P1+r\033\\", 300);
    feed(*state, "\033[99~", 400);
    assert_int_equal(seen.key_count, 0);
    assert_int_equal(input_wait_ms(*state), -1);
}

static void test_mouse_wheel_moves_by_three_rows(void **state)
{
    feed(*state, "\033[<65;10;5M", 0);
    ASSERT_KEYS(KEY_ARROW_DOWN, KEY_ARROW_DOWN, KEY_ARROW_DOWN);
    feed(*state, "\033[<0;10;5M\033[<0;10;5m", 100); /* a click means nothing */
    assert_int_equal(seen.key_count, 3);
}

static void test_escape_alone_waits(void **state)
{
    feed(*state, "\033", 0);
    assert_int_equal(seen.key_count, 0);
    assert_int_equal(input_wait_ms(*state), INPUT_ESC_MS);
    input_idle(*state, INPUT_ESC_MS);
    ASSERT_KEYS(KEY_ESC);
    feed(*state, "\033q", 100);
    ASSERT_KEYS(KEY_ESC, KEY_ESC, 'q');
}

static void test_half_a_character_waits(void **state)
{
    feed(*state, "\xC3", 0);
    assert_int_equal(seen.key_count, 0);
    feed(*state, "\xB1", 1);
    ASSERT_KEYS(0xF1);
    feed(*state, "\xFFz", 100);
    ASSERT_KEYS(0xF1, 'z');
}

static void test_single_byte_charset(void **state)
{
    (void)state;
    uint32_t latin[256];
    for (uint32_t i = 0; i < 256; i++)
        latin[i] = i;
    struct input *input = input_new(latin, &(struct input_sink){on_key, on_paste, NULL});
    feed(input, "\xF1", 0);
    feed(input, "\033[200~caf\xE9\033[201~", 100);
    ASSERT_KEYS(0xF1);
    assert_string_equal(seen.pasted.data, "café");
    input_free(input);
}

static void test_bracketed_paste(void **state)
{
    const char *bytes = "\033[200~y\rY\r12,50\033[A\r\033[201~";
    size_t len = strlen(bytes);
    for (size_t cut = 0; cut <= len; cut++) {
        buf_clear(&seen.pasted);
        seen.pastes = 0;
        input_feed(*state, bytes, cut, 0);
        input_feed(*state, bytes + cut, len - cut, 1);
        assert_int_equal(seen.pastes, 1);
        assert_string_equal(seen.pasted.data, "y\rY\r12,50\033[A\r");
    }
    assert_int_equal(seen.key_count, 0);
    feed(*state, "k", 1000);
    ASSERT_KEYS('k');
}

static void test_paste_without_end(void **state)
{
    feed(*state, "\033[200~yyyy\r", 0);
    assert_int_equal(input_wait_ms(*state), INPUT_PASTE_MS);
    input_idle(*state, INPUT_PASTE_MS);
    assert_int_equal(seen.pastes, 1);
    feed(*state, "k", 5000);
    ASSERT_KEYS('k');
}

static void test_nested_brackets_are_text(void **state)
{
    feed(*state, "\033[200~a\033[200~b\033[201~", 0);
    assert_int_equal(seen.pastes, 1);
    assert_string_equal(seen.pasted.data, "a\033[200~b");
    assert_int_equal(seen.key_count, 0);
}

static void test_huge_paste_is_bounded(void **state)
{
    size_t len = 1 << 20;
    char *bytes = mem_alloc(len + 1);
    memset(bytes, 'y', len);
    feed(*state, "\033[200~", 0);
    input_feed(*state, bytes, len, 1);
    feed(*state, "\033[201~", 2);
    free(bytes);
    assert_int_equal(seen.pastes, 1);
    assert_true(seen.pasted.len < INPUT_PASTE_MAX);
    assert_int_equal(seen.key_count, 0);
}

static void test_burst_is_a_paste(void **state)
{
    feed(*state, "123456789", 0); /* nine text keys at once */
    assert_int_equal(seen.key_count, 0);
    assert_string_equal(seen.pasted.data, "123456789");
    feed(*state, "y\r", 10); /* what follows within the window belongs to it */
    assert_int_equal(seen.key_count, 0);
    feed(*state, "y", 100);
    ASSERT_KEYS('y');
}

static void test_fast_fingers_are_no_paste(void **state)
{
    feed(*state, "12345678", 0);
    assert_int_equal(seen.key_count, 8);
    feed(*state, "jjjjjjjjjjjjjjjjjjjj", 1000); /* a held key on a slow line */
    assert_int_equal(seen.key_count, 28);
    for (int i = 0; i < 20; i++)
        feed(*state, "\033[B", 2000);
    assert_int_equal(seen.key_count, 48);
    assert_int_equal(seen.pastes, 0);
    feed(*state, "\r\r\r\r\r\r\r\r\r\r", 3000); /* but Enter is never given the benefit */
    assert_int_equal(seen.key_count, 48);
}

static void test_lump_of_a_confirming_key_is_a_paste(void **state)
{
    feed(*state, "yyyyyyyyyyyy", 0);
    assert_int_equal(seen.key_count, 0);
    assert_int_equal(seen.pastes, 1);
}

/* The rest of a paste that stopped half way never becomes keys; a hand's next key does. */
static void test_paste_that_stalls_stays_a_paste(void **state)
{
    feed(*state, "\033[200~yyyy", 0);
    input_idle(*state, INPUT_PASTE_MS);
    feed(*state, "yyyy", 5000);
    feed(*state, "y", 5050);
    assert_int_equal(seen.key_count, 0);
    feed(*state, "n", 5050 + INPUT_ALONE_MS);
    ASSERT_KEYS('n');
    feed(*state, "y", 5050 + INPUT_ALONE_MS + 10);
    ASSERT_KEYS('n', 'y');
}

static void test_late_end_of_a_paste_ends_the_doubt(void **state)
{
    feed(*state, "\033[200~yyyy", 0);
    input_idle(*state, INPUT_PASTE_MS);
    feed(*state, "yyyy\033[201~", 5000);
    feed(*state, "n", 5100);
    ASSERT_KEYS('n');
}

static void test_drop_forgets(void **state)
{
    feed(*state, "\033[", 0);
    drop(*state, "", 0);
    feed(*state, "A", 1); /* the rest of what was dropped */
    assert_int_equal(seen.key_count, 0);
    feed(*state, "A", 100);
    ASSERT_KEYS('A');
    drop(*state, "yyy", 200);
    feed(*state, "n", 300);
    ASSERT_KEYS('A', 'n');
}

/* Esc says no, so it is believed at once. */
static void test_escape_ends_what_a_stalled_paste_left(void **state)
{
    feed(*state, "\033[200~yyyy", 0);
    input_idle(*state, INPUT_PASTE_MS);
    feed(*state, "yyyy", 5000);
    feed(*state, "\033", 5010);
    input_idle(*state, 5010 + INPUT_ESC_MS);
    ASSERT_KEYS(KEY_ESC);
}

/* A paste that begins in what is dropped is still one: its rest is no keys. */
static void test_drop_knows_a_paste(void **state)
{
    static const char paste[] = "\033[200~y\ry\033[201~";
    for (size_t cut = 1; cut < sizeof paste - 1; cut++) {
        int64_t now = (int64_t)cut * 10000;
        input_drop(*state, paste, cut, now);
        feed(*state, paste + cut, now + 100);
        assert_int_equal(seen.key_count, 0);
        assert_int_equal(input_wait_ms(*state), -1);
    }
    drop(*state, "yyyyyyyyy", 1000000); /* without marks */
    feed(*state, "y", 1000000 + INPUT_AFTER_MS - 1);
    assert_int_equal(seen.key_count, 0);
    feed(*state, "n", 1000100 + INPUT_AFTER_MS);
    ASSERT_KEYS('n');
}

/* A slow line tears the mark apart, and the beginning of it is taken for the Esc key. */
static void test_torn_mark_still_begins_a_paste(void **state)
{
    static const char paste[] = "\033[200~y\r2\033[201~";
    for (size_t cut = 1; cut < 6; cut++) {
        int64_t now = (int64_t)cut * 10000;
        seen.key_count = 0;
        input_feed(*state, paste, cut, now);
        int wait = input_wait_ms(*state);
        assert_int_equal(wait, cut > 2 ? INPUT_PASTE_MS : INPUT_ESC_MS);
        input_idle(*state, now + wait);
        feed(*state, paste + cut, now + wait + 200);
        for (size_t i = 0; i < seen.key_count; i++)
            assert_int_equal(seen.keys[i], KEY_ESC);
        assert_true(seen.key_count == (cut > 2 ? 0 : 1));
    }
}

static void test_text_before_an_unknown_end_is_pasted(void **state)
{
    feed(*state, "y\r\033[201~", 0);
    assert_int_equal(seen.key_count, 0);
    feed(*state, "y", INPUT_AFTER_MS - 1); /* behind an end that was pasted itself */
    assert_int_equal(seen.key_count, 0);
    feed(*state, "n", 2 * INPUT_AFTER_MS);
    ASSERT_KEYS('n');
}

static void test_lump_of_function_keys_is_a_paste(void **state)
{
    feed(*state, "\033OQ\033OQ\033OQ\033OQ\033OQ\033OQ\033OQ\033OQ\033OQ", 0);
    feed(*state, "\033[21~", 10);
    assert_int_equal(seen.key_count, 0);
    feed(*state, "\033[21~", 100);
    ASSERT_KEYS(KEY_FN + 10);
}

/* Any bytes, cut anywhere: no crash, no key without bytes for it, always an end to the waiting. */
static void test_random_bytes(void **state)
{
    uint32_t random_state = 7;
    for (int round = 0; round < 20000; round++) {
        char bytes[64];
        size_t len = 0;
        while (len < sizeof bytes) {
            random_state = random_state * 1664525u + 1013904223u;
            static const char hot[] = "\033[O~;02001?]P\\\a\rABy";
            uint32_t roll = random_state >> 8;
            bytes[len++] = roll % 3 ? hot[roll / 3 % (sizeof hot - 1)] : (char)(roll / 3);
        }
        seen.key_count = 0;
        buf_clear(&seen.pasted);
        input_feed(*state, bytes, len, round * 1000);
        assert_true(seen.key_count <= len);
        input_idle(*state, round * 1000 + 500);
        assert_int_equal(input_wait_ms(*state), -1);
    }
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_plain_keys),
        TEST(test_sequences),
        TEST(test_unknown_sequences_are_swallowed),
        TEST(test_mouse_wheel_moves_by_three_rows),
        TEST(test_escape_alone_waits),
        TEST(test_half_a_character_waits),
        TEST(test_single_byte_charset),
        TEST(test_bracketed_paste),
        TEST(test_paste_without_end),
        TEST(test_nested_brackets_are_text),
        TEST(test_huge_paste_is_bounded),
        TEST(test_burst_is_a_paste),
        TEST(test_fast_fingers_are_no_paste),
        TEST(test_lump_of_a_confirming_key_is_a_paste),
        TEST(test_paste_that_stalls_stays_a_paste),
        TEST(test_late_end_of_a_paste_ends_the_doubt),
        TEST(test_drop_forgets),
        TEST(test_drop_knows_a_paste),
        TEST(test_escape_ends_what_a_stalled_paste_left),
        TEST(test_torn_mark_still_begins_a_paste),
        TEST(test_text_before_an_unknown_end_is_pasted),
        TEST(test_lump_of_function_keys_is_a_paste),
        TEST(test_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
