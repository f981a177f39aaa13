/* The runner of key scripts, tried on a small shell script in the console's place: what should pass
   passes, and each kind of failure is seen and told. */
#include <libgen.h>
#include <limits.h>
#include <qrencode.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "support_folder.h"

static const char console[] =
    "#!/bin/sh\n"
    "case $1 in\n"
    "simulator) echo http://127.0.0.1:4711/external/v1/; trap 'exit 0' TERM\n"
    "    tail -f /dev/null & wait $! ;;\n"
    "sessions) echo '{\"sessionId\":\"S1\"}'; echo 'a word' >&2; exit $2 ;;\n"
    "esac\n"
    "trap 'stty size' WINCH\n"
    "cat $HOME/.config/avirato-console/config.ini 2>/dev/null\n"
    "printf 'ready %s \\033[7m%s\\033[0m\\n' \"$*\" \"$GREETING\"\n"
    "while :; do\n"
    "    read -r line || continue\n"
    "    case $line in\n"
    "    quit) exit 3 ;;\n"
    "    hide) printf '\\033[?25l' ;;\n"
    "    clear) printf '\\033[2J\\033[H' ;;\n"
    "    *) echo \"got $line\" ;;\n"
    "    esac\n"
    "done\n";

static char folder[] = "/tmp/test_pty_run.XXXXXX";
static char runner[PATH_MAX + 10], said[65536];

static void write_file(const char *name, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fchmod(fileno(out), 0700);
    fclose(out);
}

/* Plays a script; what the runner said is in said. */
static bool play(const char *script, bool update)
{
    char command[PATH_MAX * 3];
    write_file("x.keys", script);
    snprintf(command, sizeof command, "UPDATE=%d '%s' -p %s/console %s/x.keys 2>&1", update, runner,
             folder, folder);
    FILE *in = popen(command, "r");
    assert_non_null(in);
    size_t len = fread(said, 1, sizeof said - 1, in);
    said[len] = '\0';
    int status = pclose(in);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void assert_passes(const char *script)
{
    if (!play(script, false))
        fail_msg("should pass:\n%s\nbut:\n%s", script, said);
    assert_non_null(strstr(said, "1 passed, 0 failed\n"));
}

static void assert_fails(const char *script, const char *why)
{
    if (play(script, false))
        fail_msg("should fail:\n%s", script);
    if (!strstr(said, why))
        fail_msg("should say \"%s\":\n%s", why, said);
    assert_non_null(strstr(said, "0 passed, 1 failed\n"));
}

static void test_screen(void **state)
{
    (void)state;
    assert_passes("# a comment\nsize 60x10\nenv GREETING=hola\narg --language es\n"
                  "wait ready --language es hola\nkeys uno<Enter>\nwait got uno\n"
                  "keys clear<Enter>\ngone got uno\nabsent ready\nraw \\e[7mhola\n"
                  "keys quit<Enter>\nexit 3\ntty-restored\n");
    assert_passes("config <<END\n[console]\nhome = ${HOME}\nEND\nwait home = /tmp/pty_run.\n");
    assert_passes("file .config/a/b <<X\nin ${TZ}\nX\nrun cat .config/a/b $HOME/.config/a/b\n"
                  "wait in Europe/Madrid\n");
    assert_passes("wait ready\nresize 61x17\nwait 17 61\nsignal KILL\nexit 137\nrestart\n"
                  "wait ready\nabsent 17 61\n");
    assert_passes("run exec sh -i\nkeys $CONSOLE one two<Enter>\nwait ready one two\n");
}

static void test_failures(void **state)
{
    (void)state;
    assert_fails("limit 1\nwait nothing\n", "x.keys:2: never saw: nothing\n---- the screen\nready");
    assert_fails("wait ready\nkeys quit<Enter>\nwait nothing\n", "(the program has ended)");
    assert_fails("limit 1\nwait ready\ngone ready\n", "still there: ready");
    assert_fails("wait ready\nabsent ready\n", "is there: ready");
    assert_fails("keys quit<Enter>\nexit 0\n", "exit status 3, expected 0");
    assert_fails("limit 1\nexit 0\n", "it does not end");
    assert_fails("wait ready\nkeys hide<Enter>quit<Enter>\nexit 3\ntty-restored\n", "still hidden");
    assert_fails("wait ready\nkeys <Nokey>\n", "no such key");
    assert_fails("wait ready\nrestart\n", "nothing has ended");
    assert_fails("limit 1\nqr\n", "no QR code");
    assert_fails("press x\n", "no such directive: press");
    assert_fails("size 80\n", "a size is");
    assert_fails("config <<END\nx\n", "no line END");
    assert_fails("signal NONE\n", "no signal NONE");
}

static void test_golden(void **state)
{
    static const char script[] = "limit 1\nsize 40x4\nenv GREETING=hi\nmask id-[0-9]+\nwait ready\n"
                                 "keys id-%d<Enter>\nwait got id\ngolden first\n";
    char text[256];
    (void)state;
    snprintf(text, sizeof text, script, 123);
    assert_fails(text, "make screens writes it");
    assert_true(play(text, true));
    assert_passes(text);
    snprintf(text, sizeof text, script, 987);
    assert_passes(text); /* what is masked may differ */
    snprintf(text, sizeof text, script, 98);
    assert_fails(text, "-got ######");
    write_file("first.golden", "ready hi\n");
    assert_fails(text, "+0: 7-8 reverse");
}

static void test_command_line(void **state)
{
    (void)state;
    assert_passes("cli sessions 0\nout \"sessionId\":\nerr a word\n"
                  "jq -e '.sessionId == \"S1\"'\ncli sessions 3 => 3\n");
    assert_fails("cli sessions 3\n", "exit status 3, expected 0");
    assert_fails("cli sessions 0\nout S2\n", "does not hold: S2");
    assert_fails("cli sessions 0\nerr S1\n", "does not hold: S1");
    assert_fails("cli sessions 0\njq -e '.sessionId == \"S2\"'\n", "jq says no");
    assert_fails("limit 1\ncli stays => 0\n", "it does not end");
}

static void test_simulator(void **state)
{
    (void)state;
    assert_passes("sim --seed 1\nenv GREETING=${SIM_URL}=${SIM_PORT}\n"
                  "wait http://127.0.0.1:4711/external/v1/=4711\nsim-stop\nsim --seed 2\n");
    assert_fails("sim\nsim\n", "there is one already");
    write_file("console", "#!/bin/sh\necho no port left >&2\nexit 1\n");
    assert_fails("sim\n", "does not come up: no port left");
    write_file("console", console);
}

/* A code drawn with half blocks, light on the terminal's dark ground, four dots of light around. */
static void draw_qr(const char *text, FILE *out)
{
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    static const char *const halves[] = {" ", "▀", "▄", "█"};
    for (int y = -4; y < code->width + 4; y += 2) {
        for (int x = -4; x < code->width + 4; x++) {
            int light = 0;
            for (int half = 0; half < 2; half++) {
                bool inside = x >= 0 && x < code->width && y + half >= 0 && y + half < code->width;
                if (!inside || !(code->data[(y + half) * code->width + x] & 1))
                    light |= 1 << half;
            }
            fputs(halves[light], out);
        }
        fputc('\n', out);
    }
    QRcode_free(code);
}

static void test_qr(void **state)
{
    char path[PATH_MAX], script[PATH_MAX + 200];
    (void)state;
    snprintf(path, sizeof path, "%s/qr", folder);
    FILE *out = fopen(path, "w");
    draw_qr("https://pay.example/s/1?x=2", out);
    fputs("https://pay.example/s/1?x=2\n", out);
    fclose(out);
    snprintf(script, sizeof script, "size 80x40\nrun cat %s\nwait https\nqr\n", path);
    assert_passes(script);
    snprintf(script, sizeof script, "size 80x40\nrun cat %s\nqr https://pay.example/s/2\n", path);
    assert_fails(script, "the QR code says https://pay.example/s/1?x=2");
    snprintf(script, sizeof script, "size 80x40\nrun sed 's/pay/pray/' %s\nwait https\nqr\n", path);
    assert_fails(script, "the QR code says https://pay.example");
}

static void test_variants(void **state)
{
    static const char script[] = "variants en-60x10 es-live\nlimit 2\n"
                                 "wait ready --language en | --language es --env live\n"
                                 "golden many\n";
    char path[PATH_MAX];
    (void)state;
    assert_true(play(script, true));
    assert_non_null(strstr(said, "2 passed, 0 failed\n"));
    snprintf(path, sizeof path, "%s/many.en-60x10.golden", folder);
    assert_int_equal(access(path, R_OK), 0);
    write_file("many.es-live.golden", "other\n");
    assert_false(play(script, false));
    assert_non_null(strstr(said, "x.keys:4: es-live the screen is not"));
    assert_non_null(strstr(said, "base_url = http://127.0.0.1:4711/external/v1/"));
    assert_non_null(strstr(said, "1 passed, 1 failed\n"));
    assert_fails("variants en-blue\nwait ready\n", "no such variant: blue");
}

static void test_two_at_once(void **state)
{
    (void)state;
    char command[PATH_MAX * 4];
    write_file("a.keys", "wait ready\nkeys a<Enter>\nwait got a\n");
    write_file("b.keys", "limit 1\nwait never\n");
    write_file("c.keys", "wait ready\n");
    snprintf(command, sizeof command, "'%s' -j 2 -p %s/console %s/a.keys %s/b.keys %s/c.keys",
             runner, folder, folder, folder, folder);
    FILE *in = popen(command, "r");
    said[fread(said, 1, sizeof said - 1, in)] = '\0';
    assert_int_equal(WEXITSTATUS(pclose(in)), 1);
    assert_non_null(strstr(said, "2 passed, 1 failed\n"));
}

static int set_up(void **state)
{
    (void)state;
    char self[PATH_MAX] = "";
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0 || !mkdtemp(folder))
        return -1;
    snprintf(runner, sizeof runner, "%s/pty_run", dirname(self));
    write_file("console", console);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_screen),       cmocka_unit_test(test_failures),
        cmocka_unit_test(test_golden),       cmocka_unit_test(test_command_line),
        cmocka_unit_test(test_simulator),    cmocka_unit_test(test_qr),
        cmocka_unit_test(test_variants),     cmocka_unit_test(test_two_at_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
