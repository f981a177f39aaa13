/* Keys that come too early and pasted text never confirm money: random bursts around the opening of
   the question, and pastes into it, in the real console. The journal is the referee. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "support_console.h"

enum { BURSTS = 40, PASTES = 15, BURST_MS = 80, DEAF_MS = 400, BIG_PASTE = 1 << 20 };

static uint32_t random_state = 4;

/* The same numbers in each run. */
static int below(int bound)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (int)((random_state >> 8) % (uint32_t)bound);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Keys that would confirm, if anything did; never Esc or n, which answer no. */
static size_t some_keys(char *out, size_t most)
{
    static const char keys[] = "yyyYY\r\r12.4 ";
    size_t len = (size_t)below((int)most + 1);
    for (size_t i = 0; i < len; i++)
        out[i] = keys[below((int)sizeof keys - 1)];
    return len;
}

/* F2 and whatever a nervous hand types until shortly after. False: that took longer than meant, so
   that a key may rightly have confirmed. */
static bool burst(struct console *console)
{
    static const char f2[] = "\033OQ";
    char bytes[64];
    int64_t begun = now_ms();
    memcpy(bytes, f2, sizeof f2 - 1);
    size_t len = sizeof f2 - 1 + some_keys(bytes + sizeof f2 - 1, 6);
    pty_write(console->pty, bytes, len);
    pty_pump(console->pty, 25); /* else it all comes in one lump, and is a paste, F2 and all */
    for (int64_t until = begun + below(BURST_MS); now_ms() < until;) {
        len = some_keys(bytes, below(4) ? 3 : 20);
        pty_write(console->pty, bytes, len);
        pty_pump(console->pty, below(10));
    }
    return now_ms() - begun < 3 * BURST_MS;
}

static void fill_in(struct console *console)
{
    console_review(console, "12.34");
    console_insist(console, "n", "Confirm   n Back");
}

static void nothing_was_asked_for(struct console *console)
{
    char command[800], line[256], all[4096] = "";
    pty_signal(console->pty, SIGTERM);
    console_ends(console, 0);
    snprintf(command, sizeof command,
             "HOME=%s LC_ALL=C.UTF-8 '%s' --env training --language en journal 2>&1",
             console->home, console_program());
    FILE *out = popen(command, "r");
    assert_non_null(out);
    for (size_t at = 0; fgets(line, sizeof line, out) && at + sizeof line < sizeof all;)
        at += (size_t)snprintf(all + at, sizeof all - at, "%s", line);
    assert_int_equal(pclose(out), 0);
    assert_non_null(strstr(all, "audit trail holds"));
    if (strstr(all, "12.34"))
        fail_msg("something was confirmed:\n%s", all);
}

static void keys_typed_before_it_is_seen_confirm_nothing(void **state)
{
    struct console console;
    int counted = 0;

    (void)state;
    console_begin(&console);
    fill_in(&console);
    for (int i = 0; i < 4 * BURSTS && counted < BURSTS; i++) {
        bool in_time = burst(&console);
        if (pty_wait_text(console.pty, "Confirm   n Back", 500)) {
            counted += in_time;
            console_insist(&console, "n", "Confirm   n Back");
        } else { /* F2 went with the rest for a paste: the form has it all */
            console_insist(&console, "<Esc>", "Terminal Test 1");
            fill_in(&console);
        }
    }
    assert_int_equal(counted, BURSTS);
    nothing_was_asked_for(&console);
    console_end(&console);
}

/* After its deaf moment it answers a key that means nothing. */
static void console_listens(struct console *console)
{
    for (int i = 0; i < PTY_LIMIT_MS / 100; i++) {
        console_keys(console, "x");
        if (pty_wait_text(console->pty, "Only y confirms.", 100))
            return;
    }
    fail_msg("it does not listen");
}

/* Typed within the deaf moment of a console that is kept from reading until that is over. */
static void keys_read_late_confirm_nothing(void **state)
{
    struct console console;

    (void)state;
    console_begin(&console);
    fill_in(&console);
    for (int i = 0; i < 5; i++) {
        console_keys(&console, "<F2>");
        console_wait(&console, "Confirm   n Back");
        pty_signal(console.pty, SIGSTOP);
        console_keys(&console, "y");
        assert_false(pty_wait_text(console.pty, "nothing comes", DEAF_MS + 100));
        pty_signal(console.pty, SIGCONT);
        console_listens(&console);
        console_insist(&console, "n", "Confirm   n Back");
    }
    nothing_was_asked_for(&console);
    console_end(&console);
}

/* With brackets, without, one of the two, one in another, over several writes. */
static void paste_something(struct console *console, int how)
{
    static const char on[] = "\033[200~", off[] = "\033[201~", text[] = "y\ny\rY\n12.34\n";
    if (how % 5 != 1 && how % 5 != 3)
        pty_write(console->pty, on, sizeof on - 1);
    if (how % 5 == 2)
        pty_write(console->pty, on, sizeof on - 1);
    pty_write(console->pty, text, sizeof text - 1);
    if (how % 5 != 1 && how % 5 != 4)
        pty_write(console->pty, off, sizeof off - 1);
}

static void pasted_text_confirms_nothing(void **state)
{
    struct console console;
    char *big = malloc(BIG_PASTE);

    (void)state;
    assert_non_null(big);
    memset(big, 'y', BIG_PASTE);
    console_begin(&console);
    fill_in(&console);
    for (int i = 0; i < PASTES; i++) {
        console_keys(&console, "<F2>");
        console_wait(&console, "Confirm   n Back");
        console_listens(&console);
        paste_something(&console, i);
        console_wait(&console, "Pasted text confirms nothing.");
        console_insist(&console, "n", "Confirm   n Back");
    }
    console_keys(&console, "<F2>");
    console_wait(&console, "Confirm   n Back");
    pty_write(console.pty, "\033[200~", 6);
    pty_write(console.pty, big, BIG_PASTE);
    pty_write(console.pty, "\033[201~", 6);
    console_wait(&console, "Pasted text confirms nothing.");
    console_insist(&console, "n", "Confirm   n Back");
    nothing_was_asked_for(&console);
    console_end(&console);
    free(big);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_typed_before_it_is_seen_confirm_nothing),
        cmocka_unit_test(keys_read_late_confirm_nothing),
        cmocka_unit_test(pasted_text_confirms_nothing),
    };
    console_find(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
