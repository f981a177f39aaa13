/* The line itself, in a pseudo-terminal of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <pty.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../tui/tty.h"

/* A thread that ends the program gives the terminal back while another one is about to draw. */
static void draw_too_late(void)
{
    struct err err;
    int signals;

    if (!tty_open(&signals, &err))
        _exit(1);
    tty_set_farewell("farewell", 8);
    tty_raw();
    if (tty_write("first", 5) != 5)
        _exit(2);
    tty_restore();
    if (tty_write("second", 6) >= 0)
        _exit(3);
    tty_raw(); /* as after a stop */
    if (tty_write("third", 5) != 5)
        _exit(4);
    tty_close();
    _exit(0);
}

static void nothing_is_drawn_after_the_farewell(void **state)
{
    char all[200] = "";
    size_t len = 0;
    ssize_t got;
    int master, status;
    pid_t pid = forkpty(&master, NULL, NULL, NULL);

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0)
        draw_too_late();
    while ((got = read(master, all + len, sizeof all - 1 - len)) > 0)
        len += (size_t)got;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_string_equal(all, "firstfarewellthirdfarewell");
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_drawn_after_the_farewell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
