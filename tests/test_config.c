/* Settings: every key, every mistake with its line, the environment on top, and where keys come
 * from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../tui/config.h"
#include "support_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIN_1 "sha256//a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s="
#define PIN_2 "sha256//1HNeOiZeFu7gP1lxi5tdAwGcB9i2xR+Q2jpmbuwTqzU="

static char folder[64];
static struct config config;
static struct err err;

static const char *const variables[] = {"AVIRATO_ENV",      "AVIRATO_WEBCODE", "AVIRATO_API_KEY",
                                        "AVIRATO_BASE_URL", "XDG_CONFIG_HOME", "XDG_STATE_HOME",
                                        "XDG_CACHE_HOME",   "CREDENTIALS_DIRECTORY"};

static int begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test-config-XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < COUNT_OF(variables); i++)
        unsetenv(variables[i]);
    setenv("HOME", folder, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    config_done(&config);
    config_forget_key_variable();
    return folder_remove(folder);
}

/* A file of the test's own folder; its path lives until the next call. */
static const char *write_file(const char *name, const char *text, mode_t mode)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static bool load(const char *text)
{
    config_done(&config);
    err = (struct err){0};
    return config_load(&config, write_file("config.ini", text, 0600), &err);
}

static void nothing_configured_is_training(void **state)
{
    (void)state;
    assert_true(config_load(&config, NULL, &err));
    assert_int_equal(config.start, ENV_TRAINING);
    assert_true(config.clipboard);
    assert_null(config.path);
    assert_int_equal(config.business_day_start_min, 240);
    assert_int_equal(config.charge_timeout_s, 180);
    assert_int_equal(config.quiet_period_s, 300);
    assert_string_equal(config.env[ENV_TRAINING].webcode, "HOTEL9");
}

static void every_key_arrives(void **state)
{
    (void)state;
    assert_true(load("[console]\nstart = test\nlanguage = es\noperator = Ana López ; note\n"
                     "terminal = V400m-1\ntimezone = UTC\nbusiness_day_start = 05:30\n"
                     "hold_days = 5\nborders = ascii\nmouse = yes\ncharge_timeout = 200\n"
                     "clipboard = no\nquiet_period = 400\nconfirm_limit = 300,50\n"
                     "[live]\nwebcode = REAL1\napi_key_command = pass show x\nread_only = yes\n"
                     "base_url = https://example.com/v1\nca_file = /etc/ca.pem\n"
                     "pins = " PIN_1 ";" PIN_2 "\n"
                     "url_ok = https://example.com/ok\nurl_ko = https://example.com/ko\n"
                     "[test]\nwebcode = TEST1\napi_key_file = ~/key\n"));
    assert_int_equal(config.start, ENV_TEST);
    assert_string_equal(config.language, "es");
    assert_string_equal(config.person, "Ana López");
    assert_string_equal(config.terminal, "V400m-1");
    assert_int_equal(config.business_day_start_min, 330);
    assert_int_equal(config.hold_days, 5);
    assert_true(config.ascii_borders);
    assert_true(config.mouse);
    assert_false(config.clipboard);
    assert_int_equal(config.charge_timeout_s, 200);
    assert_int_equal(config.quiet_period_s, 400);
    assert_int_equal(config.confirm_limit, 30050);
    const struct config_env *live = &config.env[ENV_LIVE];
    assert_string_equal(live->webcode, "REAL1");
    assert_string_equal(live->api_key_command, "pass show x");
    assert_true(live->read_only);
    assert_string_equal(live->base_url, "https://example.com/v1/");
    assert_string_equal(live->ca_file, "/etc/ca.pem");
    assert_string_equal(live->pins, PIN_1 ";" PIN_2);
    assert_string_equal(live->url_ok, "https://example.com/ok");
    assert_string_equal(live->url_ko, "https://example.com/ko");
    assert_false(config.env[ENV_TEST].read_only);
    char key[96];
    snprintf(key, sizeof key, "%s/key", folder);
    assert_string_equal(config.env[ENV_TEST].api_key_file, key);
}

static void mistakes_name_their_line(void **state)
{
    static const struct {
        const char *text, *where;
    } wrong[] = {
        {"[console]\n\nstrat = test\n", ":3: strat"},
        {"[console]\nstart = prod\n", ":2: start"},
        {"[console]\nlanguage = fr\n", ":2: language"},
        {"[console]\ntimezone = Mars/Base\n", ":2: timezone"},
        {"[console]\ntimezone = ../../etc/passwd\n", ":2: timezone"},
        {"[console]\nbusiness_day_start = 4:00\n", ":2: business_day_start"},
        {"[console]\nbusiness_day_start = 24:00\n", ":2: business_day_start"},
        {"[console]\nhold_days = 0\n", ":2: hold_days"},
        {"[console]\nhold_days = 29\n", ":2: hold_days"},
        {"[console]\nborders = double\n", ":2: borders"},
        {"[console]\nmouse = maybe\n", ":2: mouse"},
        {"[console]\ncharge_timeout = 901\n", ":2: charge_timeout"},
        {"[console]\ncharge_timeout = 1e2\n", ":2: charge_timeout"},
        {"[console]\ncharge_timeout = -5\n", ":2: charge_timeout"},
        {"[console]\nconfirm_limit = 1.000\n", ":2: confirm_limit"},
        {"[console]\nmouse = yes\nmouse = no\n", ":3: mouse: given twice"},
        {"[console]\nwebcode = X\n", ":2: webcode"},
        {"[live]\nstart = test\n", ":2: start"},
        {"[live]\nwebcode = ../x\n", ":2: webcode"},
        {"[live]\napi_key = secret\n", ":2: api_key"},
        {"[live]\nbase_url = http://example.com/\n", ":2: base_url"},
        {"[live]\nbase_url = http://127.0.0.1.example.com/\n", ":2: base_url"},
        {"[live]\nbase_url = http://127.0.0.1@example.com/\n", ":2: base_url"},
        {"[live]\nbase_url = https://example.com/?x=1\n", ":2: base_url"},
        {"[live]\nbase_url = ftp://example.com/\n", ":2: base_url"},
        {"[live]\nca_file = relative.pem\n", ":2: ca_file"},
        {"[live]\npins =\n", ":2: pins"},
        {"[live]\npins = sha256//short=\n", ":2: pins"},
        {"[live]\npins = " PIN_1 ";\n", ":2: pins"},
        {"[live]\npins = " PIN_1 ";" PIN_1 "\n", ":2: pins"},
        {"[live]\npins = " PIN_1 "," PIN_2 "\n", ":2: pins"},
        {"[live]\npins = " PIN_1 ";none\n", ":2: pins"},
        {"[console]\npins = " PIN_1 "\n", ":2: pins"},
        {"[prod]\nwebcode = X\n", ":2: prod: no such section"},
        {"webcode = X\n", ":1: "},
        {"[console]\nnonsense\n", ":2: line"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_false(load(wrong[i].text));
        if (!strstr(err.detail, wrong[i].where) || !strstr(err.detail, "config.ini"))
            fail_msg("%s gave: %s", wrong[i].text, err.detail);
        assert_null(strstr(err.detail, "secret"));
    }
}

/* Pasted into the wrong place, a key is not repeated to whoever sees the screen. */
static void a_pasted_key_is_not_shown(void **state)
{
    static const char *const texts[] = {
        "[live]\nsk_9Secret/abc==\n", "[live]\nsk_9Secret/abc\n", "[sk_9Secret/abc]\nx = 1\n",
        "[live]\nwebcode = sk_9Secret/abc==\n", "[live]\nkey_9Secret/abc==\n"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_false(load(texts[i]));
        assert_non_null(strstr(err.detail, "config.ini"));
        assert_null(strstr(err.detail, "Secret"));
    }
    assert_true(load("[test]\nwebcode = T\napi_key_command = sk_9Secret/abc==\n"));
    assert_null(config_read_key(&config, ENV_TEST, &err));
    assert_null(strstr(err.detail, "Secret"));
}

static void long_lines_are_not_cut(void **state)
{
    char text[400] = "[console]\noperator = ";
    (void)state;
    memset(text + strlen(text), 'x', 250);
    assert_false(load(text));
    assert_non_null(strstr(err.detail, ":2: line"));
}

static void one_key_source_only(void **state)
{
    (void)state;
    assert_false(load("[live]\napi_key_file = /a\napi_key_command = b\n"));
    assert_non_null(strstr(err.detail, "[live]"));
}

static void unsafe_files_are_refused(void **state)
{
    (void)state;
    static const mode_t open[] = {0622, 0602, 0640, 0604};
    for (size_t i = 0; i < COUNT_OF(open); i++) {
        const char *path = write_file("config.ini", "[console]\n", open[i]);
        bool roots_group = geteuid() == 0 && open[i] == 0640; /* root may share it with a group */
        err = (struct err){0};
        assert_int_equal(config_load(&config, path, &err), roots_group);
        assert_int_equal(roots_group ? ERR_DENIED : err.code, ERR_DENIED);
        config_done(&config);
    }
    assert_int_equal(chmod(folder, 0730), 0);
    assert_false(config_load(&config, write_file("config.ini", "[console]\n", 0600), &err));
    assert_non_null(strstr(err.detail, "chmod go-w"));
    assert_int_equal(chmod(folder, 0700), 0);
    config_done(&config);
    assert_false(config_load(&config, "/nonexistent/config.ini", &err));
    assert_int_equal(err.code, ERR_INVALID);
}

static void live_never_by_itself(void **state)
{
    (void)state;
    assert_true(load("[live]\nwebcode = REAL1\n"));
    assert_int_equal(config.start, ENV_TEST);
    assert_true(load("[console]\nstart = live\n[live]\nwebcode = REAL1\n"));
    assert_int_equal(config.start, ENV_LIVE);
}

static void environment_wins(void **state)
{
    (void)state;
    setenv("AVIRATO_ENV", "live", 1);
    setenv("AVIRATO_WEBCODE", "OTHER", 1);
    setenv("AVIRATO_BASE_URL", "http://127.0.0.1:8080/external/v1", 1);
    assert_true(load("[console]\nstart = test\n[live]\nwebcode = REAL1\n"));
    assert_int_equal(config.start, ENV_LIVE);
    assert_string_equal(config.env[ENV_LIVE].webcode, "OTHER");
    assert_string_equal(config.env[ENV_TEST].webcode, "OTHER");
    assert_string_equal(config.env[ENV_TRAINING].webcode, "HOTEL9");
    assert_string_equal(config.env[ENV_LIVE].base_url, "http://127.0.0.1:8080/external/v1/");
    assert_true(config.from_environment);
    setenv("AVIRATO_BASE_URL", "http://example.com/", 1);
    assert_false(load(""));
    assert_non_null(strstr(err.detail, "AVIRATO_BASE_URL"));
}

static void folders_are_private(void **state)
{
    struct stat st;
    char path[160];
    (void)state;
    umask(0);
    char *made = config_state_dir("HOTEL9", ENV_TEST, &err);
    snprintf(path, sizeof path, "%s/.local/state/avirato-console/HOTEL9-test/", folder);
    assert_string_equal(made, path);
    free(made);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    snprintf(path, sizeof path, "%s/cache", folder);
    setenv("XDG_CACHE_HOME", path, 1);
    made = config_cache_dir("HOTEL9", ENV_LIVE, &err);
    assert_non_null(strstr(made, "/cache/avirato-console/HOTEL9-live/"));
    free(made);
    setenv("XDG_STATE_HOME", "/proc/nowhere", 1);
    assert_null(config_state_dir("HOTEL9", ENV_TEST, &err));
    assert_int_equal(err.code, ERR_STORAGE);
}

/* --- keys ----------------------------------------------------------------------------------- */

static char *key_of(const char *line)
{
    char text[512];
    snprintf(text, sizeof text, "[test]\nwebcode = T\n%s\n", line);
    assert_true(load(text));
    err = (struct err){0};
    return config_read_key(&config, ENV_TEST, &err);
}

static void expect_key(const char *line, const char *expected)
{
    char *key = key_of(line);
    if (!key)
        fail_msg("%s: %s", line, err.detail);
    assert_string_equal(key, expected);
    config_free_key(key);
}

static void expect_no_key(const char *line, const char *why)
{
    assert_null(key_of(line));
    if (!strstr(err.detail, why))
        fail_msg("%s gave: %s", line, err.detail);
}

static void keys_from_files(void **state)
{
    char line[256], target[128];
    (void)state;
    snprintf(line, sizeof line, "api_key_file = %s/key", folder);
    expect_no_key(line, "No such file");
    write_file("key", "s3cret\n", 0600);
    expect_key(line, "s3cret");
    write_file("key", "s3cret\n", 0640);
    expect_no_key(line, "chmod 600");
    write_file("key", "two keys\n", 0600);
    expect_no_key(line, "more than one");
    assert_null(strstr(err.detail, "two"));
    write_file("key", "\n", 0600);
    expect_no_key(line, "no key");
    char *big = mem_alloc(6000);
    memset(big, 'k', 5000);
    write_file("key", big, 0600);
    free(big);
    expect_no_key(line, "4 KiB");
    snprintf(target, sizeof target, "%s", write_file("real", "s3cret", 0600));
    snprintf(line, sizeof line, "%s/link", folder);
    assert_int_equal(symlink(target, line), 0);
    snprintf(line, sizeof line, "api_key_file = %s/link", folder);
    expect_no_key(line, "symbolic link");
    snprintf(line, sizeof line, "api_key_file = %s", folder);
    expect_no_key(line, "not a regular file");
}

static void keys_from_programs(void **state)
{
    (void)state;
    expect_key("api_key_command = printf %s-%s a b", "a-b");
    expect_key("api_key_command = printf \"%s\" \"k#1\"", "k#1");
    expect_key("api_key_command = printf $HOME", "$HOME"); /* no shell */
    expect_no_key("api_key_command = false", "status 1");
    expect_no_key("api_key_command = /nonexistent/program", "/nonexistent/program");
    expect_no_key("api_key_command = true", "no key");
    expect_no_key("api_key_command = head -c 9000 /dev/zero", "4 KiB");
    expect_no_key("api_key_command = yes", "4 KiB"); /* at once, though it goes on */
    expect_no_key("api_key_command = cat", "no key"); /* its input is empty, it does not wait */
    expect_no_key("api_key_command = head -c 1 /dev/tty", "status 1"); /* no terminal to ask on */
}

static void program_does_not_inherit_the_variable(void **state)
{
    (void)state;
    assert_true(load("[test]\nwebcode = T\napi_key_command = printenv AVIRATO_API_KEY\n"));
    setenv("AVIRATO_API_KEY", "from-environment", 1);
    char *key = config_read_key(&config, ENV_TEST, &err);
    assert_string_equal(key, "from-environment"); /* it wins, and the program is not run */
    config_free_key(key);
    assert_null(getenv("AVIRATO_API_KEY"));
    setenv("AVIRATO_API_KEY", "", 1);
    assert_null(config_read_key(&config, ENV_TEST, &err));
}

static void the_variable_leaves_no_trace(void **state)
{
    char entry[] = "AVIRATO_API_KEY=from-environment";
    (void)state;
    assert_int_equal(putenv(entry), 0); /* this very memory, as the kernel's at the start */
    assert_true(config_take_key_variable());
    assert_null(getenv("AVIRATO_API_KEY"));
    assert_string_equal(entry, "AVIRATO_API_KEY=");
    assert_true(load("[test]\nwebcode = T\n"));
    assert_true(config.from_environment);
    for (int i = 0; i < 2; i++) { /* each opening of a desk asks again */
        char *key = config_read_key(&config, ENV_TEST, &err);
        assert_string_equal(key, "from-environment");
        config_free_key(key);
    }
    config_forget_key_variable();
    assert_int_equal(config_key_source(&config, ENV_TEST), KEY_MISSING);
}

static void credentials_come_first(void **state)
{
    (void)state;
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    expect_key("api_key_command = printf %s command", "command"); /* no such credential */
    write_file("avirato-live-key", "of live\n", 0600);
    expect_key("api_key_command = printf %s command", "command");
    write_file("avirato-test-key", "credential\n", 0600);
    expect_key("api_key_command = printf %s command", "credential");
    setenv("AVIRATO_API_KEY", "variable", 1);
    expect_key("api_key_command = printf %s command", "credential");
    write_file("avirato-test-key", "credential\n", 0644);
    expect_no_key("api_key_command = printf %s command", "chmod 6"); /* refused, not passed over */
    unsetenv("CREDENTIALS_DIRECTORY");
    expect_key("api_key_command = printf %s command", "variable");
}

static void training_needs_no_key(void **state)
{
    (void)state;
    assert_true(config_load(&config, NULL, &err));
    setenv("AVIRATO_API_KEY", "live-secret", 1);
    char *key = config_read_key(&config, ENV_TRAINING, &err);
    assert_string_equal(key, "test-key");
    config_free_key(key);
    unsetenv("AVIRATO_API_KEY");
    assert_null(config_read_key(&config, ENV_LIVE, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
        T(nothing_configured_is_training),
        T(every_key_arrives),
        T(mistakes_name_their_line),
        T(a_pasted_key_is_not_shown),
        T(long_lines_are_not_cut),
        T(one_key_source_only),
        T(unsafe_files_are_refused),
        T(live_never_by_itself),
        T(environment_wins),
        T(folders_are_private),
        T(keys_from_files),
        T(keys_from_programs),
        T(program_does_not_inherit_the_variable),
        T(the_variable_leaves_no_trace),
        T(credentials_come_first),
        T(training_needs_no_key),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
