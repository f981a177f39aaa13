/* The harness itself: a wrong harness would make every screen test worthless. */
#include "support_pty.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char *const plain_env[] = {"TERM=xterm-256color", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8",
                                  "PS1=$ ", NULL};

static struct pty *open_shell(const char *script)
{
    char *argv[] = {"sh", "-c", strdup(script), NULL};
    struct pty *pty = pty_open(argv, plain_env, 24, 80);
    assert_non_null(pty);
    free(argv[2]);
    return pty;
}

static void test_echo_of_cat(void **state)
{
    (void)state;
    char *argv[] = {"/bin/cat", NULL};
    struct pty *pty = pty_open(argv, plain_env, 24, 80);
    assert_true(pty_send(pty, "hola ñandú<Enter>"));
    assert_true(pty_wait_text(pty, "hola ñandú\nhola ñandú\n", PTY_LIMIT_MS));
    assert_true(pty_send(pty, "<C-d>"));
    assert_true(pty_wait_exit(pty, PTY_LIMIT_MS));
    assert_int_equal(pty_exit_status(pty), 0);
    assert_null(pty_left_behind(pty));
    pty_close(pty);
}

static void test_text_gone_and_limit(void **state)
{
    (void)state;
    struct pty *pty = open_shell("printf 'one two'; read x; printf '\\033[2J\\033[Hnext'; read x");
    assert_true(pty_wait_text(pty, "one two", PTY_LIMIT_MS));
    assert_false(pty_wait_text(pty, "three", 50));
    assert_false(pty_wait_gone(pty, "one", 50));
    assert_true(pty_send(pty, "<Enter>"));
    assert_true(pty_wait_gone(pty, "one two", PTY_LIMIT_MS));
    assert_true(pty_wait_text(pty, "next", PTY_LIMIT_MS));
    pty_close(pty);
}

static void test_cells(void **state)
{
    (void)state;
    struct pty *pty = open_shell("printf 'a\\033[1;7;33;44mB\\033[0m日\\033[38;5;200mx'; read x");
    assert_true(pty_wait_text(pty, "aB日x", PTY_LIMIT_MS));
    struct pty_cell plain = pty_cell(pty, 0, 0), loud = pty_cell(pty, 0, 1);
    assert_string_equal(plain.text, "a");
    assert_int_equal(plain.fg, PTY_DEFAULT);
    assert_false(plain.bold || plain.reverse);
    assert_int_equal(loud.fg, 3);
    assert_int_equal(loud.bg, 4);
    assert_true(loud.bold && loud.reverse);
    assert_string_equal(pty_cell(pty, 0, 2).text, "日");
    assert_string_equal(pty_cell(pty, 0, 3).text, "");
    assert_int_equal(pty_cell(pty, 0, 4).fg, 200);
    assert_string_equal(pty_cell(pty, 9, 9).text, " ");
    pty_close(pty);
}

static void test_golden_and_svg(void **state)
{
    (void)state;
    char *svg = NULL;
    size_t len;
    struct pty *pty = open_shell("printf 'a<b \\033[7mrev\\033[0m\\r\\n█'; read x");
    assert_true(pty_wait_text(pty, "█", PTY_LIMIT_MS));
    pty_resize(pty, 2, 20);
    char *golden = pty_screen_golden(pty);
    assert_string_equal(golden, "a<b rev\n█\n-- 20x2, row: columns and how they look --\n"
                                "0: 4-6 reverse\ncursor 1,1\n");
    FILE *out = open_memstream(&svg, &len);
    pty_write_svg(pty, out);
    fclose(out);
    assert_non_null(strstr(svg, ">a&lt;b </text>"));
    assert_non_null(strstr(svg, ">rev</text>"));
    assert_null(strstr(svg, "█"));
    free(golden);
    free(svg);
    pty_close(pty);
}

/* What a key sends is read back in the notation of cat -v. */
static void assert_sends(struct pty *pty, const char *keys, const char *shown)
{
    assert_true(pty_send(pty, keys));
    if (!pty_wait_text(pty, shown, PTY_LIMIT_MS)) {
        char *text = pty_screen_text(pty);
        print_error("%s should send %s; the screen:\n%s", keys, shown, text);
        free(text);
        fail();
    }
}

static void test_keys(void **state)
{
    (void)state;
    struct pty *pty = open_shell("stty raw -echo; printf ready; cat -v");
    assert_true(pty_wait_text(pty, "ready", PTY_LIMIT_MS));
    assert_sends(pty, "1<Up>", "1^[[A");
    assert_sends(pty, "2<F2>", "2^[OQ");
    assert_sends(pty, "3<F10>", "3^[[21~");
    assert_sends(pty, "4<C-z><C-k><C-[>", "4^Z^K^[");
    assert_sends(pty, "5<A-x>", "5^[x");
    assert_sends(pty, "6<PageDown><BS><Lt><Space>7", "6^[[6~^?< 7");
    assert_sends(pty, "8<Paste>off</Paste>", "8off");
    assert_sends(pty, "9<Enter>", "9^M");
    assert_false(pty_send(pty, "x<Nokey>"));
    assert_false(pty_send(pty, "x<F13>"));
    assert_false(pty_send(pty, "x<unclosed"));
    assert_sends(pty, "A", "9^MA"); /* nothing of the refused ones was sent */
    assert_true(pty_type(pty, "B<Esc>c<F1><Paste>d</Paste>"));
    assert_true(pty_wait_text(pty, "AB^[c^[OPd", PTY_LIMIT_MS));
    assert_false(pty_type(pty, "x<Nokey>"));
    pty_close(pty);
}

/* A program that is held up gets each key by itself all the same. */
static void test_keys_of_a_typist(void **state)
{
    (void)state;
    struct pty *pty = open_shell("stty raw -echo; printf ready; while :; do sleep 0.05;"
                                 " printf '[%s]' $(dd bs=64 count=1 2>/dev/null); done");
    assert_true(pty_wait_text(pty, "ready", PTY_LIMIT_MS));
    assert_true(pty_type(pty, "abcdef"));
    assert_true(pty_wait_text(pty, "ready[a][b][c][d][e][f]", PTY_LIMIT_MS));
    pty_close(pty);
}

static void test_keys_follow_modes(void **state)
{
    (void)state;
    struct pty *pty = open_shell("stty raw -echo; printf '\\033[?1h\\033[?2004hready'; cat -v");
    assert_true(pty_wait_text(pty, "ready", PTY_LIMIT_MS));
    assert_sends(pty, "1<Up>", "1^[OA");
    assert_sends(pty, "2<Paste>in</Paste>", "2^[[200~in^[[201~");
    pty_close(pty);
}

static void test_left_behind(void **state)
{
    static const struct {
        const char *script, *words;
    } cases[] = {
        {"true", NULL},
        {"stty raw", "termios"},
        {"tput smcup", "alternate screen"},
        {"tput civis", "cursor is still hidden"},
        {"printf '\\033[?2004h'", "paste"},
        {"printf '\\033[?1000h'", "mouse"},
        {"tput smkx", "application mode"},
        {"tput civis; tput smcup; tput cnorm; tput rmcup", NULL},
        {"was=$(stty -g); tput smcup; tput smkx; tput civis; stty raw; printf '\\033[?2004h';"
         "printf '\\033[?2004l'; tput cnorm; tput rmkx; tput rmcup; stty $was",
         NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pty *pty = open_shell(cases[i].script);
        assert_true(pty_wait_exit(pty, PTY_LIMIT_MS));
        const char *left = pty_left_behind(pty);
        if (cases[i].words)
            assert_true(left && strstr(left, cases[i].words));
        else if (left)
            fail_msg("%s: %s", cases[i].script, left);
        pty_close(pty);
    }
}

static void test_resize(void **state)
{
    (void)state;
    struct pty *pty = open_shell("trap 'stty size' WINCH; echo ready; while :; do read x; done");
    assert_true(pty_wait_text(pty, "ready", PTY_LIMIT_MS));
    pty_resize(pty, 18, 60);
    assert_true(pty_wait_text(pty, "18 60", PTY_LIMIT_MS));
    pty_close(pty);
}

static void test_ends(void **state)
{
    (void)state;
    struct pty *pty = open_shell("exit 7");
    assert_true(pty_wait_exit(pty, PTY_LIMIT_MS));
    assert_int_equal(pty_exit_status(pty), 7);
    pty_close(pty);

    pty = open_shell("echo up; read x");
    assert_true(pty_wait_text(pty, "up", PTY_LIMIT_MS));
    assert_false(pty_wait_exit(pty, 50));
    assert_int_equal(pty_exit_status(pty), -1);
    pty_signal(pty, SIGKILL);
    assert_true(pty_wait_exit(pty, PTY_LIMIT_MS));
    assert_int_equal(pty_exit_status(pty), 128 + SIGKILL);
    pty_close(pty);

    char *missing[] = {"/nonexistent", NULL};
    pty = pty_open(missing, plain_env, 24, 80);
    assert_true(pty_wait_exit(pty, PTY_LIMIT_MS));
    assert_int_equal(pty_exit_status(pty), 127);
    pty_close(pty);
}

/* Output that fills the pseudo-terminal many times over, none of it lost. */
static void test_flood(void **state)
{
    (void)state;
    size_t len;
    struct pty *pty = open_shell("seq 1 100000; printf end");
    assert_true(pty_wait_exit(pty, PTY_LIMIT_MS));
    const char *log = pty_log(pty, &len);
    assert_true(len > 688000 && memcmp(log + len - 3, "end", 3) == 0);
    assert_non_null(memmem(log, len, "\r\n99999\r\n", 9));
    assert_true(pty_wait_text(pty, "100000\nend\n", PTY_LIMIT_MS));
    pty_close(pty);
}

static void test_job_control(void **state)
{
    (void)state;
    char *argv[] = {"sh", "-i", NULL};
    struct pty *pty = pty_open(argv, plain_env, 24, 80);
    assert_true(pty_wait_text(pty, "$", PTY_LIMIT_MS));
    assert_true(pty_send(pty, "cat<Enter>here<Enter>"));
    assert_true(pty_wait_text(pty, "here\nhere", PTY_LIMIT_MS));
    assert_true(pty_send(pty, "<C-z>"));
    assert_true(pty_wait_text(pty, "Stopped", PTY_LIMIT_MS));
    assert_true(pty_wait_text(pty, "cat\n$\n", PTY_LIMIT_MS)); /* the shell listens again */
    assert_true(pty_send(pty, "fg<Enter>"));
    assert_true(pty_wait_text(pty, "fg\ncat", PTY_LIMIT_MS));
    assert_true(pty_send(pty, "again<Enter>"));
    assert_true(pty_wait_text(pty, "again\nagain", PTY_LIMIT_MS));
    pty_close(pty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo_of_cat),
        cmocka_unit_test(test_text_gone_and_limit),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_golden_and_svg),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_keys_follow_modes),
        cmocka_unit_test(test_keys_of_a_typist),
        cmocka_unit_test(test_left_behind),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_job_control),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
