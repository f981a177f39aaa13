#include "keyboard.h"

#include "charset.h"
#include "input.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 4096, READ_LIMIT = 65536 };

static struct {
    const struct term_settings *settings;
    struct loop *loop;
    struct loop_watch *watch;
    struct loop_timer *idle;
    struct input *input;
    char bytes[READ_LIMIT];
} keyboard;

static void on_key(void *ctx, uint32_t key)
{
    (void)ctx;
    keyboard.settings->on_key(keyboard.settings->ctx, key);
}

static void on_paste(void *ctx, const char *bytes, size_t len)
{
    (void)ctx;
    struct arena arena = {0};
    char *copy = arena_strndup(&arena, bytes, len);
    for (char *at = copy; *at; at++) {
        if (*at == '\r' || *at == '\n' || *at == '\t')
            *at = ' ';
    }
    keyboard.settings->on_paste(keyboard.settings->ctx, text_clean(&arena, copy));
    arena_done(&arena);
}

static void on_idle(void *ctx);
static void on_readable(void *ctx, short events);

static void wait_for_rest(void)
{
    loop_timer_stop(keyboard.loop, keyboard.idle);
    int wait = input_wait_ms(keyboard.input);
    keyboard.idle = wait < 0 ? NULL : loop_timer_start(keyboard.loop, wait, on_idle, NULL);
}

/* A read that would wait would hold everything up: it is asked for each time, as what was there may
   have been taken since. The end of input counts as something. */
static bool more_to_read(void)
{
    struct pollfd poller = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&poller, 1, 0) > 0;
}

static void on_idle(void *ctx)
{
    (void)ctx;
    keyboard.idle = NULL;
    if (more_to_read()) { /* it was this program that was slow, not the hand */
        on_readable(NULL, POLLIN);
        return;
    }
    input_idle(keyboard.input, clock_boot_ms());
    wait_for_rest();
}

/* False when input has ended. */
static bool read_some(size_t *len)
{
    ssize_t got = read(STDIN_FILENO, keyboard.bytes + *len, READ_SIZE);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN;
    *len += (size_t)got;
    return got > 0;
}

/* Takes all there is, so that a paste is seen whole and no wait begins on bytes already read. */
static void on_readable(void *ctx, short events)
{
    (void)ctx, (void)events;
    size_t len = 0;
    bool open = true;
    while (open && len + READ_SIZE <= READ_LIMIT && more_to_read())
        open = read_some(&len);
    if (len > 0)
        input_feed(keyboard.input, keyboard.bytes, len, clock_boot_ms());
    wait_for_rest();
    if (!open) {
        loop_unwatch(keyboard.loop, keyboard.watch);
        keyboard.watch = NULL;
        keyboard.settings->on_end(keyboard.settings->ctx);
    }
}

void keyboard_start(struct loop *loop, const struct term_settings *settings)
{
    memset(&keyboard, 0, sizeof keyboard);
    keyboard.loop = loop;
    keyboard.settings = settings;
    keyboard.input = input_new(charset_points(), &(struct input_sink){on_key, on_paste, NULL});
    keyboard.watch = loop_watch_fd(loop, STDIN_FILENO, POLLIN, on_readable, NULL);
}

void keyboard_stop(void)
{
    loop_unwatch(keyboard.loop, keyboard.watch);
    loop_timer_stop(keyboard.loop, keyboard.idle);
    input_free(keyboard.input);
    keyboard.watch = NULL;
    keyboard.idle = NULL;
    keyboard.input = NULL;
}

void keyboard_add_key(const char *sequence, uint32_t key)
{
    input_add_key(keyboard.input, sequence, key);
}

/* What comes without end is not waited for: the rest is read as it comes. */
void keyboard_drop(void)
{
    size_t len = 0;
    for (size_t all = 0; all < READ_LIMIT && more_to_read() && read_some(&len); len = 0) {
        input_drop(keyboard.input, keyboard.bytes, len, clock_boot_ms());
        all += READ_SIZE;
    }
    input_drop(keyboard.input, keyboard.bytes, len, clock_boot_ms());
    wait_for_rest();
}
