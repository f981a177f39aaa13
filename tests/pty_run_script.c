/* The language of key scripts: one directive a line, '#' comments, ${NAME} from the environment.

   before the start     size 80x24 · env NAME=VALUE · unset NAME · arg WORDS · limit SECONDS
                        file PATH <<END … END (under HOME, mode 600) · config <<END … END
                        run COMMAND (instead of the console, by sh; it is $CONSOLE there)
                        sim OPTIONS (the bundled API server; ${SIM_URL}, ${SIM_PORT}) · sim-stop
   keys and the window  keys KEYS (notation: support_pty.h) · burst KEYS (all with one write)
                        resize 60x18 · signal KILL
                        start · restart (after its end) · exit STATUS (waits for the end)
                        insist KEYS => TEXT (again and again until TEXT is seen)
   what must be seen    wait TEXT | OTHER TEXT · gone TEXT · absent TEXT (now) · mask REGEX
                        golden NAME
                        raw TEXT (bytes written, \e is Esc) · qr · svg FILE · tty-restored
   the command line     cli WORDS => STATUS · out TEXT · err TEXT · jq WORDS

   The program starts by itself at the first directive that needs it. A first line
   "variants en es-live en-120x40" plays the script once for each word (pty_run_variant.c). */
#include "pty_run.h"
#include "support_folder.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wordexp.h>

/* Sunday 22 November 2026, 14:02:10 in Madrid. */
#define FIXED_CLOCK_MS "1795352530000"

bool script_fail(const struct script *script, const char *format, ...)
{
    va_list args;
    printf("%s:%d:%s%s ", script->path, script->line, *script->variant ? " " : "",
           script->variant);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    if (script->pty) {
        char *text = pty_screen_text(script->pty);
        int status = pty_exit_status(script->pty);
        size_t len = strlen(text);
        while (len > 0 && text[len - 1] == '\n')
            text[--len] = '\0';
        printf("---- the screen%s\n%s\n----\n",
               status < 0 ? "" : " (the program has ended)", text);
        if (status >= 0)
            printf("exit status %d\n", status);
        free(text);
    }
    return false;
}

/* --- before the start ----------------------------------------------------------------------- */

static bool read_size(struct script *script, const char *arg, int *rows, int *cols)
{
    if (sscanf(arg, "%dx%d", cols, rows) == 2 && *cols > 0 && *rows > 0)
        return true;
    return script_fail(script, "a size is COLUMNSxROWS, not %s", arg);
}

bool script_set_size(struct script *script, char *arg)
{
    return read_size(script, arg, &script->rows, &script->cols);
}

static bool do_env(struct script *script, char *arg)
{
    char *equals = strchr(arg, '=');
    if (!equals)
        return script_fail(script, "env NAME=VALUE");
    *equals = '\0';
    return setenv(arg, equals + 1, 1) == 0;
}

static bool do_unset(struct script *script, char *arg)
{
    (void)script;
    return unsetenv(arg) == 0;
}

bool script_add_words(struct script *script, char *arg)
{
    wordexp_t words;
    if (wordexp(arg, &words, WRDE_NOCMD) != 0)
        return script_fail(script, "cannot split into words: %s", arg);
    for (size_t i = 0; i < words.we_wordc; i++) {
        if (script->word_count + 1 >= SCRIPT_WORDS)
            return script_fail(script, "too many words");
        script->words[script->word_count++] = strdup(words.we_wordv[i]);
    }
    wordfree(&words);
    return true;
}

static bool do_limit(struct script *script, char *arg)
{
    script->limit_ms = (int)strtol(arg, NULL, 10) * 1000;
    return script->limit_ms > 0 || script_fail(script, "limit SECONDS");
}

static bool do_run(struct script *script, char *arg)
{
    free(script->command);
    script->command = strdup(arg);
    return script->command != NULL;
}

static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = mkdir(path, 0700) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

static char *expand(const char *text);

FILE *script_open_home(struct script *script, const char *name)
{
    char path[SCRIPT_PATH_SIZE + 256];
    snprintf(path, sizeof path, "%s/%s", getenv("HOME"), name);
    FILE *out = make_folders(path) ? fopen(path, "w") : NULL;
    if (out)
        fchmod(fileno(out), 0600);
    else
        script_fail(script, "cannot write %s", path);
    return out;
}

/* Takes the script's next lines up to the one that is word. */
static bool write_here(struct script *script, const char *name, const char *word)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    FILE *out = script_open_home(script, name);
    if (!out)
        return false;
    while ((len = getline(&line, &size, script->in)) >= 0) {
        script->line++;
        if (len && line[len - 1] == '\n')
            line[len - 1] = '\0';
        if (strcmp(line, word) == 0)
            break;
        char *text = expand(line);
        fprintf(out, "%s\n", text);
        free(text);
    }
    free(line);
    fclose(out);
    return len >= 0 || script_fail(script, "no line %s", word);
}

static bool do_file(struct script *script, char *arg)
{
    char *here = strstr(arg, " <<");
    if (!here)
        return script_fail(script, "file PATH <<END");
    *here = '\0';
    return write_here(script, arg, here + 3);
}

static bool do_config(struct script *script, char *arg)
{
    if (strncmp(arg, "<<", 2) != 0)
        return script_fail(script, "config <<END");
    return write_here(script, SCRIPT_CONFIG, arg + 2);
}

/* --- keys and the window -------------------------------------------------------------------- */

bool script_is_started(struct script *script)
{
    char *shell[] = {"sh", "-c", script->command, NULL};
    if (script->pty)
        return true;
    script->words[0] = strdup(script->program);
    script->words[script->word_count] = NULL;
    script->pty = pty_open(script->command ? shell : script->words, environ, script->rows,
                           script->cols);
    return script->pty || script_fail(script, "no pseudo-terminal to be had");
}

static bool do_start(struct script *script, char *arg)
{
    (void)arg;
    return script_is_started(script);
}

static bool do_restart(struct script *script, char *arg)
{
    (void)arg;
    if (!script->pty || pty_running(script->pty))
        return script_fail(script, "nothing has ended that could be started again");
    pty_close(script->pty);
    script->pty = NULL;
    return script_is_started(script);
}

bool run_keys(struct script *script, char *arg)
{
    return pty_type(script->pty, arg) || script_fail(script, "no such key in %s", arg);
}

static bool do_burst(struct script *script, char *arg)
{
    return pty_send(script->pty, arg) || script_fail(script, "no such key in %s", arg);
}

static bool do_resize(struct script *script, char *arg)
{
    int rows, cols;
    if (!read_size(script, arg, &rows, &cols))
        return false;
    pty_resize(script->pty, rows, cols);
    return true;
}

static bool do_signal(struct script *script, char *arg)
{
    for (int number = 1; number < NSIG; number++) {
        const char *name = sigabbrev_np(number);
        if (name && strcmp(name, arg) == 0) {
            pty_signal(script->pty, number);
            return true;
        }
    }
    return script_fail(script, "no signal %s", arg);
}

static bool do_exit(struct script *script, char *arg)
{
    long expected = strtol(arg, NULL, 10);
    if (!pty_wait_exit(script->pty, script->limit_ms))
        return script_fail(script, "it does not end");
    return pty_exit_status(script->pty) == expected ||
           script_fail(script, "exit status %d, expected %ld", pty_exit_status(script->pty),
                       expected);
}

/* --- playing -------------------------------------------------------------------------------- */

static const struct directive {
    const char *name;
    bool (*fn)(struct script *script, char *arg);
    bool on_screen; /* starts the program first */
} directives[] = {
    {"size", script_set_size, false}, {"env", do_env, false}, {"unset", do_unset, false},
    {"arg", script_add_words, false}, {"limit", do_limit, false}, {"file", do_file, false},
    {"config", do_config, false}, {"run", do_run, false}, {"sim", run_simulator, false},
    {"sim-stop", run_simulator_stop, false}, {"start", do_start, false},
    {"restart", do_restart, false}, {"keys", run_keys, true}, {"burst", do_burst, true},
    {"resize", do_resize, true}, {"signal", do_signal, true}, {"exit", do_exit, true},
    {"wait", run_wait_text, true}, {"insist", run_insist, true}, {"gone", run_gone, true},
    {"absent", run_absent, true}, {"golden", run_golden, true}, {"mask", run_mask, false},
    {"raw", run_raw, true}, {"qr", run_qr, true}, {"svg", run_svg, true},
    {"tty-restored", run_tty_restored, true}, {"cli", run_cli, false}, {"out", run_cli_out, false},
    {"err", run_cli_err, false}, {"jq", run_cli_jq, false},
};

/* Puts the values of ${NAME} in; an unknown name gives nothing. free() the result. */
static char *expand(const char *text)
{
    char *out = NULL, name[64];
    size_t len;
    FILE *to = open_memstream(&out, &len);
    while (*text) {
        const char *end = strncmp(text, "${", 2) == 0 ? strchr(text, '}') : NULL;
        if (end && (size_t)(end - text - 2) < sizeof name) {
            snprintf(name, sizeof name, "%.*s", (int)(end - text - 2), text + 2);
            const char *value = getenv(name);
            fputs(value ? value : "", to);
            text = end + 1;
        } else {
            fputc(*text++, to);
        }
    }
    fclose(to);
    return out;
}

/* Text in double quotes keeps the blanks at its ends. */
static char *unquote(char *arg)
{
    size_t len = strlen(arg);
    while (len > 0 && isspace((unsigned char)arg[len - 1]))
        arg[--len] = '\0';
    if (len >= 2 && arg[0] == '"' && arg[len - 1] == '"' && !memchr(arg + 1, '"', len - 2)) {
        arg[len - 1] = '\0';
        return arg + 1;
    }
    return arg;
}

static bool play_line(struct script *script, const char *line)
{
    line += strspn(line, " \t");
    if (!*line || *line == '#' || *line == '\n' || strncmp(line, "variants ", 9) == 0)
        return true;
    size_t len = strcspn(line, " \t\n");
    for (size_t i = 0; i < sizeof directives / sizeof *directives; i++) {
        const struct directive *directive = &directives[i];
        if (strlen(directive->name) != len || strncmp(line, directive->name, len) != 0)
            continue;
        if (directive->on_screen && !script_is_started(script))
            return false;
        char *arg = expand(line + len + strspn(line + len, " \t\n"));
        bool ok = directive->fn(script, unquote(arg));
        free(arg);
        return ok;
    }
    return script_fail(script, "no such directive: %.*s", (int)len, line);
}

/* The environment of a script is made from nothing, but for what sanitizers and PATH need. */
static void set_environment(const struct script *script)
{
    static const char *const kept[] = {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
    char *values[sizeof kept / sizeof *kept], home[SCRIPT_PATH_SIZE + 8];
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const char *value = getenv(kept[i]);
        values[i] = value ? strdup(value) : NULL;
    }
    clearenv();
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (values[i])
            setenv(kept[i], values[i], 1);
        free(values[i]);
    }
    snprintf(home, sizeof home, "%s/home", script->temp);
    mkdir(home, 0700);
    setenv("HOME", home, 1);
    setenv("TMPDIR", script->temp, 1);
    setenv("TERM", "xterm-256color", 1);
    setenv("LANG", "C.UTF-8", 1);
    setenv("TZ", "Europe/Madrid", 1);
    setenv("PS1", "$ ", 1);
    setenv("CONSOLE", script->program, 1);
    setenv("AVIRATO_CLOCK", FIXED_CLOCK_MS, 1);
}

static void clean_up(struct script *script)
{
    run_simulator_stop(script, NULL);
    pty_close(script->pty);
    fclose(script->in);
    free(script->command);
    for (size_t i = 0; i < script->word_count; i++)
        free(script->words[i]);
    for (size_t i = 0; i < script->mask_count; i++)
        regfree(&script->masks[i]);
    folder_remove(script->temp);
}

bool script_play(struct script *script)
{
    char *line = NULL;
    size_t size = 0;
    bool ok = true;
    script->rows = 24;
    script->cols = 80;
    script->limit_ms = PTY_LIMIT_MS;
    script->word_count = 1; /* the program itself */
    script->in = fopen(script->path, "re");
    snprintf(script->temp, sizeof script->temp, "/tmp/pty_run.XXXXXX");
    if (!script->in || !mkdtemp(script->temp)) {
        printf("%s: %s\n", script->path, strerror(errno));
        return false;
    }
    set_environment(script);
    ok = variant_apply(script);
    while (ok && getline(&line, &size, script->in) >= 0) {
        script->line++;
        ok = play_line(script, line);
    }
    free(line);
    clean_up(script);
    return ok;
}
