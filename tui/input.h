/* From bytes of a terminal to keys and pastes: escape sequences, bracketed paste, bursts. Knows no
   terminal: sequences are added by term.c, time is passed in. */
#ifndef TUI_INPUT_H
#define TUI_INPUT_H

#include "../api/base.h"

struct input_sink {
    void (*key)(void *ctx, uint32_t key);
    void (*paste)(void *ctx, const char *bytes, size_t len); /* UTF-8 as it came, not cleaned */
    void *ctx;
};
struct input;
/* charset: the 256 code points of a single-byte character set; NULL: UTF-8. Borrowed. */
struct input *input_new(const uint32_t *charset, const struct input_sink *sink);
void input_free(struct input *input);
void input_add_key(struct input *input, const char *sequence, uint32_t key); /* NULL, "" ignored */
/* All that one read brought. More than INPUT_BURST text keys within INPUT_BURST_MS are a paste, and
   so are as many of any kind in one lump, but for those that do no harm. */
enum {
    INPUT_BURST = 8,
    INPUT_BURST_MS = 20,
    INPUT_ESC_MS = 25,
    INPUT_PASTE_MS = 1000,
    INPUT_AFTER_MS = 40,  /* pause before a key that is believed after a paste */
    INPUT_ALONE_MS = 150, /* … after a paste without an end */
    INPUT_PASTE_MAX = 65536
};
void input_feed(struct input *input, const char *bytes, size_t len, int64_t now_ms);
/* After this many ms of silence call input_idle(); -1: nothing is waiting. */
int input_wait_ms(const struct input *input);
void input_idle(struct input *input, int64_t now_ms); /* a lone ESC, a paste whose end never came */
/* Forgets these bytes and what is not handed out yet; a paste that begins in them stays one. */
void input_drop(struct input *input, const char *bytes, size_t len, int64_t now_ms);

#endif
