/* The terminal and nothing but the terminal: every kind people have, windows that change size all
   the time, and every way to end. The real console in a pseudo-terminal. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_console.h"

static uint32_t random_state = 20261122;

/* The same numbers in each run. */
static int below(int bound)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (int)((random_state >> 8) % (uint32_t)bound);
}

static void storm(struct console *console, int count)
{
    for (int i = 0; i < count; i++) {
        pty_resize(console->pty, 1 + below(200), 1 + below(500));
        pty_pump(console->pty, below(3) == 0);
    }
    pty_resize(console->pty, 10, 39);
    console_wait(console, "Window 39x10");
    pty_resize(console->pty, 24, 80);
    console_gone(console, "Window 39x10"); /* what stood there before proves no new frame */
}

/* --- sizes -------------------------------------------------------------------------------- */

static void every_screen_survives_a_storm_of_sizes(void **state)
{
    static const struct {
        const char *keys, *text, *back;
    } screens[] = {
        {"1", "[1 Sessions]", ""},
        {"2", "[2 POS]", ""},
        {"3", "[3 Modifications]", ""},
        {"4", "[4 Terminals]", ""},
        {"5", "[5 Inbox", ""},
        {"1/status:pending", "status:pending", "<Esc>"},
        {"?", "Charge", "<Esc>"},
        {"t", "LIVE", "<Esc>"},
        {"n", "Amount", "<Esc>"},
        {"2<Enter>", "Timeline", "<Esc>"},
        {"p", "Terminal Test 1", "<Esc>"},
    };
    struct console console;

    (void)state;
    console_begin(&console);
    for (size_t i = 0; i < sizeof screens / sizeof *screens; i++) {
        assert_true(pty_type(console.pty, screens[i].keys));
        console_wait(&console, screens[i].text);
        storm(&console, 90);
        console_wait(&console, screens[i].text);
        console_keys(&console, screens[i].back);
        if (*screens[i].back)
            pty_wait_quiet(console.pty, 60, PTY_LIMIT_MS); /* Esc alone ends before the next key */
    }
    console_keys(&console, "1q");
    console_ends(&console, 0);
    console_end(&console);
}

/* The last such sequence: rows that scroll, from 1 on. */
static int scroll_region(const struct console *console)
{
    size_t len;
    const char *log = pty_log(console->pty, &len);
    int rows = 0, found, used;

    for (size_t i = 0; i + 4 < len; i++) {
        char text[8] = "";
        memcpy(text, log + i, len - i < sizeof text ? len - i : sizeof text - 1);
        used = 0;
        if (sscanf(text, "\033[1;%dr%n", &found, &used) == 1 && used > 0)
            rows = found;
    }
    return rows;
}

/* Outside of it some terminals delete no characters: what stood in a line's place would stay. */
static void the_whole_window_scrolls(void **state)
{
    struct console console;

    (void)state;
    console_home(&console);
    console.rows = 44;
    console_start(&console, "xterm-256color", "C.UTF-8", NULL);
    console_wait(&console, "1-38 of 400");
    assert_int_equal(scroll_region(&console), 44);
    pty_resize(console.pty, 30, 80);
    console_wait(&console, "1-24 of 400");
    assert_int_equal(scroll_region(&console), 30);
    console_keys(&console, "q");
    console_ends(&console, 0);
    console_end(&console);
}

static void the_variables_of_a_size_win(void **state)
{
    struct console console;

    (void)state;
    console_home(&console);
    console.rows = 44;
    console.variables[0] = "LINES=20";
    console.variables[1] = "COLUMNS=70";
    console_start(&console, "xterm-256color", "C.UTF-8", NULL);
    console_wait(&console, "1-14 of 400");
    assert_int_equal(scroll_region(&console), 20);
    console_keys(&console, "q");
    console_ends(&console, 0);
    console_end(&console);
}

/* A question about money that no longer fits is answered with no. */
static void a_review_too_small_to_read_is_not_confirmed(void **state)
{
    struct console console;

    (void)state;
    console_begin(&console);
    for (int round = 0; round < 2; round++) {
        console_review(&console, "12.34");
        if (round == 1)
            storm(&console, 60);
        pty_resize(console.pty, 10, 40);
        console_wait(&console, "needs 60x18");
        pty_resize(console.pty, 24, 80);
        console_gone(&console, "Confirm   n Back");
        console_wait(&console, "12.34");
        console_keys(&console, "<Esc>");
        console_gone(&console, "12.34");
    }
    console_keys(&console, "2");
    console_wait(&console, "[2 POS]");
    assert_false(pty_wait_text(console.pty, "12.34", 300));
    console_keys(&console, "q");
    console_ends(&console, 0);
    console_end(&console);
}

static void a_storm_does_not_disturb_a_charge(void **state)
{
    struct console console;

    (void)state;
    console_begin(&console);
    console_review(&console, "23.45");
    console_insist(&console, "y", "Confirm   n Back");
    storm(&console, 150);
    console_wait(&console, "Approved: 23.45 EUR.");
    console_insist(&console, "<Enter>", "Approved");
    console_keys(&console, "2");
    console_wait(&console, "23.45 EUR");
    pty_signal(console.pty, SIGTERM);
    console_ends(&console, 0);
    console_end(&console);
}

/* --- ends --------------------------------------------------------------------------------- */

static void every_end_leaves_the_terminal_as_it_was(void **state)
{
    enum { ASKED_TO = 3 }; /* the others are crashes */
    static const int ends[] = {SIGTERM, SIGHUP, SIGINT, SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE};
    struct console console;

    (void)state;
    console_home(&console);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        console_start(&console, "xterm-256color", "C.UTF-8", NULL);
        console_wait(&console, "of 400");
        struct pty_modes modes = pty_modes(console.pty);
        assert_true(modes.alternate_screen && modes.bracketed_paste && modes.cursor_hidden);
        pty_signal(console.pty, ends[i]);
        console_ends(&console, i < ASKED_TO ? 0 : 128 + ends[i]);
        pty_close(console.pty);
    }
    console.pty = NULL;
    console_end(&console);
}

/* --- kinds of terminals and locales --------------------------------------------------------- */

static void every_terminal_shows_the_list(void **state)
{
    static const char *const terms[] = {"xterm-256color", "xterm", "screen", "screen-256color",
                                        "tmux-256color",  "linux", "vt100",  "vt220"};
    static const char *const locales[] = {"C.UTF-8", "C", "es_ES.ISO-8859-1", "tr_TR"};
    struct console console;

    (void)state;
    console_home(&console);
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        console_start(&console, terms[i], locales[i % (sizeof locales / sizeof *locales)], NULL);
        console_wait(&console, "1-18 of 400");
        console_wait(&console, "579.00 EUR");
        console_keys(&console, "<Down><PageDown>");
        console_wait(&console, "19-36 of 400");
        console_keys(&console, "q");
        console_ends(&console, 0);
        pty_close(console.pty);
    }
    console.pty = NULL;
    console_end(&console);
}

static void what_is_no_terminal_is_told_in_one_sentence(void **state)
{
    static const char *const terms[] = {NULL, "", "dumb", "no-such-terminal"};
    struct console console;

    (void)state;
    console_home(&console);
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        console_start(&console, terms[i], "C", NULL);
        console_ends(&console, 2);
        console_wait(&console, "names no terminal with a screen");
        pty_close(console.pty);
    }
    console.pty = NULL;
    console_end(&console);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_screen_survives_a_storm_of_sizes),
        cmocka_unit_test(the_whole_window_scrolls),
        cmocka_unit_test(the_variables_of_a_size_win),
        cmocka_unit_test(a_review_too_small_to_read_is_not_confirmed),
        cmocka_unit_test(a_storm_does_not_disturb_a_charge),
        cmocka_unit_test(every_end_leaves_the_terminal_as_it_was),
        cmocka_unit_test(every_terminal_shows_the_list),
        cmocka_unit_test(what_is_no_terminal_is_told_in_one_sentence),
    };
    console_find(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
