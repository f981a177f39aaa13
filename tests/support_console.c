#include "support_console.h"
#include "support_folder.h"

#include "../api/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { ENV_SIZE = 160, WORDS_MAX = 12 };

static char program[512];

void console_find(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    if (argc > 1)
        snprintf(program, sizeof program, "%s", argv[1]);
    else
        snprintf(program, sizeof program, "%.*s/../avirato-console",
                 slash ? (int)(slash - argv[0]) : 1, slash ? argv[0] : ".");
}

const char *console_program(void)
{
    return program;
}

void console_home(struct console *console)
{
    *console = (struct console){.home = "/tmp/console-XXXXXX"};
    assert_non_null(mkdtemp(console->home));
}

void console_start(struct console *console, const char *term, const char *locale,
                   char *const words[])
{
    char home[ENV_SIZE], type[ENV_SIZE], language[ENV_SIZE];
    char *env[9] = {home, language, "PATH=/usr/bin:/bin", "PS1=$ "};
    int count = 4;
    char *argv[WORDS_MAX] = {program, "--env", "training", "--language", "en"};
    snprintf(home, sizeof home, "HOME=%s", console->home);
    snprintf(type, sizeof type, "TERM=%s", term ? term : "");
    snprintf(language, sizeof language, "LC_ALL=%s", locale);
    if (term)
        env[count++] = type;
    for (size_t i = 0; i < COUNT_OF(console->variables) && console->variables[i]; i++)
        env[count++] = console->variables[i];
    for (int i = 0; words && words[i]; i++)
        argv[5 + i] = words[i];
    console->pty = pty_open(argv, env, console->rows ? console->rows : 24, 80);
    assert_non_null(console->pty);
}

void console_begin(struct console *console)
{
    console_home(console);
    console_start(console, "xterm-256color", "C.UTF-8", NULL);
    console_wait(console, "of 400");
}

void console_end(struct console *console)
{
    pty_close(console->pty);
    folder_remove(console->home);
}

static void fail_with_screen(struct console *console, const char *what, const char *text)
{
    char *screen = pty_screen_text(console->pty);
    print_error("%s %s; exit status %d; the screen:\n%s\n", what, text,
                pty_exit_status(console->pty), screen);
    free(screen);
    fail();
}

void console_wait(struct console *console, const char *text)
{
    if (!pty_wait_text(console->pty, text, PTY_LIMIT_MS))
        fail_with_screen(console, "never saw", text);
}

void console_gone(struct console *console, const char *text)
{
    if (!pty_wait_gone(console->pty, text, PTY_LIMIT_MS))
        fail_with_screen(console, "still there:", text);
}

void console_keys(struct console *console, const char *keys)
{
    assert_true(pty_send(console->pty, keys));
}

void console_insist(struct console *console, const char *key, const char *text)
{
    for (int i = 0; i < PTY_LIMIT_MS / 50; i++) {
        console_keys(console, key);
        if (pty_wait_gone(console->pty, text, 50))
            return;
    }
    fail_with_screen(console, "does not go away:", text);
}

void console_ends(struct console *console, int status)
{
    if (!pty_wait_exit(console->pty, PTY_LIMIT_MS))
        fail_with_screen(console, "does not end", "");
    const char *left = pty_left_behind(console->pty);
    if (left)
        fail_with_screen(console, "left behind:", left);
    int is = pty_exit_status(console->pty);
#ifdef __SANITIZE_ADDRESS__
    if (status > 128)
        is = is == 0 ? 0 : status; /* the sanitizer reports a crash, then exits in its own way */
#endif
    if (is != status)
        fail_with_screen(console, "ended with another", "status");
}

void console_review(struct console *console, const char *amount)
{
    char keys[80];
    console_keys(console, "p");
    console_wait(console, "online");
    console_keys(console, "1");
    console_wait(console, "[1 Terminal");
    snprintf(keys, sizeof keys, "<Enter>%s", amount);
    console_keys(console, keys);
    console_wait(console, "= ");
    console_keys(console, "<F2>");
    console_wait(console, "Confirm   n Back");
}
