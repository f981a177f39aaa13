/* What the command line asks before it moves money, on a real terminal: y in test, Y or the amount
   in live, and nothing that was typed before the question stood there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_pty.h"
#include "support_folder.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64], program[PATH_MAX];
static char home[96], base[128];
static struct pty *server, *pty;

/* The program lies one folder above the tests. */
static void find_program(void)
{
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 32);
    assert_true(len > 0);
    program[len] = '\0';
    for (int i = 0; i < 2; i++)
        *strrchr(program, '/') = '\0';
    snprintf(program + strlen(program), 32, "/avirato-console");
    assert_int_equal(access(program, X_OK), 0);
}

static int begin(void **state)
{
    char *env[] = {"TERM=xterm", "LC_ALL=C.UTF-8", NULL};
    char *argv[] = {program,      "simulator", "--sessions", "0",
                    "--payments", "0",         "--delays",   "charge=20,modification=20",
                    NULL};
    size_t len;
    (void)state;
    find_program();
    snprintf(folder, sizeof folder, "/tmp/test-ask-XXXXXX");
    assert_non_null(mkdtemp(folder));
    server = pty_open(argv, env, 24, 120);
    assert_non_null(server);
    assert_true(pty_wait_text(server, "/external/v1/", PTY_LIMIT_MS));
    snprintf(base, sizeof base, "AVIRATO_BASE_URL=%.*s",
             (int)strcspn(pty_log(server, &len), "\r\n"), pty_log(server, &len));
    snprintf(home, sizeof home, "HOME=%s", folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    pty_close(pty);
    pty_close(server);
    pty = server = NULL;
    return folder_remove(folder);
}

#define WORDS_MAX 12
static void start(const char *env_name, const char *const *words)
{
    bool live = strcmp(env_name, "live") == 0;
    char *env[] = {"TERM=xterm",
                   "LC_ALL=C.UTF-8",
                   "AVIRATO_WEBCODE=HOTEL9",
                   home,
                   base,
                   live ? "AVIRATO_API_KEY=live-key" : "AVIRATO_API_KEY=test-key",
                   NULL};
    char *argv[WORDS_MAX + 4] = {program, "--env", (char *)env_name};
    for (size_t i = 0; i < WORDS_MAX && words[i]; i++)
        argv[3 + i] = (char *)words[i];
    pty_close(pty);
    pty = pty_open(argv, env, 24, 120);
    assert_non_null(pty);
}

static void answer(const char *keys, int status)
{
    assert_true(pty_wait_text(pty, "anything else stops: >", PTY_LIMIT_MS));
    pty_send(pty, keys);
    assert_true(pty_wait_exit(pty, PTY_LIMIT_MS));
    if (pty_exit_status(pty) != status)
        fail_msg("%s ended with %d:\n%s", keys, pty_exit_status(pty), pty_screen_text(pty));
}

static const char *const charge[] = {"charge",   "--terminal", "V400m-TEST-000001",
                                     "--amount", "12.50",      NULL};
static const char *const hold[] = {
    "charge", "--terminal", "V400m-TEST-000001", "--amount", "80", "--pre-auth", "--yes", NULL};

static void test_takes_y(void **state)
{
    static const char *const wrong[] = {"<Enter>", "n<Enter>", "yes<Enter>",   "Y<Enter>",
                                        "<C-c>",   "<C-d>",    "12.50<Enter>", "y<C-d><C-d>"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        start("test", charge);
        answer(wrong[i], 1);
    }
    start("test", charge);
    answer("y<Enter>", 0);
}

static void live_takes_a_capital(void **state)
{
    (void)state;
    start("live", charge);
    assert_true(pty_wait_text(pty, "LIVE: Charge 12.50 EUR", PTY_LIMIT_MS));
    answer("y<Enter>", 1);
    start("live", charge);
    answer("Y<Enter>", 0);
}

static void early_keys_confirm_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        start("test", charge);
        pty_send(pty, "y<Enter>y<Enter>y<Enter>"); /* before the question can stand there */
        answer("<Enter>", 1);
    }
}

/* The reference that the last program printed on its own line. */
static void read_reference(char out[64])
{
    char *text = pty_screen_text(pty);
    char *at = strstr(text, "\nHOTEL9-");
    assert_non_null(at);
    snprintf(out, 64, "%.*s", (int)strcspn(at + 1, "\n "), at + 1);
    free(text);
}

static void live_captures_by_amount(void **state)
{
    char reference[64];
    (void)state;
    start("live", hold);
    assert_true(pty_wait_exit(pty, PTY_LIMIT_MS));
    read_reference(reference);
    const char *const capture[] = {"capture", reference, "--amount", "60", NULL};
    const char *const wrong[] = {"Y<Enter>", "80<Enter>", "<Enter>"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        start("live", capture);
        answer(wrong[i], 1);
    }
    start("live", capture);
    answer("60.00<Enter>", 0);
}

static void a_repeat_asks_twice(void **state)
{
    (void)state;
    start("test", charge);
    answer("y<Enter>", 0);
    start("test", charge);
    answer("y<Enter>", 1); /* the first question wants its own word */
    start("test", charge);
    assert_true(pty_wait_text(pty, "a second time, anything else stops: >", PTY_LIMIT_MS));
    pty_send(pty, "AGAIN<Enter>");
    assert_true(pty_wait_text(pty, "Type y to go on, anything else stops: >", PTY_LIMIT_MS));
    pty_send(pty, "y<Enter>");
    assert_true(pty_wait_exit(pty, PTY_LIMIT_MS));
    assert_int_equal(pty_exit_status(pty), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
        T(test_takes_y),
        T(live_takes_a_capital),
        T(early_keys_confirm_nothing),
        T(live_captures_by_amount),
        T(a_repeat_asks_twice),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
