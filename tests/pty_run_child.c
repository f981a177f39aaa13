/* Processes beside the one on the screen: the bundled API server, and the command line. */
#include "pty_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

static void redirect(int fd, const char *path, int flags)
{
    int opened = path ? open(path, flags, 0600) : -1;
    if (opened >= 0)
        dup2(opened, fd);
}

/* The child ends with this process, however that ends. NULL leaves a descriptor as it is. */
bool run_quietly(char *const argv[], const char *in, const char *out, const char *err,
                 pid_t *child)
{
    fflush(NULL);
    *child = fork();
    if (*child != 0)
        return *child > 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    redirect(STDIN_FILENO, in, O_RDONLY);
    redirect(STDOUT_FILENO, out, O_WRONLY | O_CREAT | O_TRUNC);
    redirect(STDERR_FILENO, err, O_WRONLY | O_CREAT | O_TRUNC);
    close_range(3, ~0U, 0);
    execvp(argv[0], argv);
    _exit(127);
}

/* The screen's program goes on being read meanwhile, or it would stand still on a full line. */
int run_wait(struct script *script, pid_t child, int limit_ms)
{
    int status;
    for (int waited = 0; waited < limit_ms; waited += 10) {
        pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (script->pty)
            pty_pump(script->pty, 10);
        else
            poll(NULL, 0, 10);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return -1;
}

/* argv of the program with these words behind it; wordfree() takes it back. */
static bool split(struct script *script, const char *first, const char *arg, wordexp_t *words)
{
    char *line = NULL;
    if (asprintf(&line, "\"%s\" %s", first, arg) < 0)
        return false;
    bool ok = wordexp(line, words, WRDE_NOCMD) == 0;
    free(line);
    return ok || script_fail(script, "cannot split into words: %s", arg);
}

static void temp_path(const struct script *script, const char *name, char out[SCRIPT_PATH_SIZE])
{
    snprintf(out, SCRIPT_PATH_SIZE, "%.400s/%s", script->temp, name);
}

/* All of a file of this run; free() it. "" when it is not there. */
static char *read_temp(const struct script *script, const char *name)
{
    char path[SCRIPT_PATH_SIZE], bytes[4096], *text = NULL;
    size_t len, n;
    temp_path(script, name, path);
    FILE *out = open_memstream(&text, &len), *in = fopen(path, "re");
    while (in && (n = fread(bytes, 1, sizeof bytes, in)) > 0)
        fwrite(bytes, 1, n, out);
    if (in)
        fclose(in);
    fclose(out);
    return text;
}

/* --- the API server ------------------------------------------------------------------------- */

static bool export_url(char *line)
{
    char *url = strstr(line, "http://"), *port = url ? strchr(url + 7, ':') : NULL;
    if (!port)
        return false;
    url[strcspn(url, " \r\n")] = '\0';
    setenv("SIM_URL", url, 1);
    port[1 + strspn(port + 1, "0123456789")] = '\0';
    setenv("SIM_PORT", port + 1, 1);
    return true;
}

bool run_simulator(struct script *script, char *arg)
{
    wordexp_t words;
    char out[SCRIPT_PATH_SIZE], err[SCRIPT_PATH_SIZE], *line = NULL, *with;
    bool ready = false;
    if (script->simulator)
        return script_fail(script, "there is one already");
    if (asprintf(&with, "simulator %s", arg) < 0)
        return false;
    bool ok = split(script, script->program, with, &words);
    free(with);
    if (!ok)
        return false;
    temp_path(script, "sim.out", out);
    temp_path(script, "sim.err", err);
    ok = run_quietly(words.we_wordv, "/dev/null", out, err, &script->simulator);
    wordfree(&words);
    for (int waited = 0; ok && !ready && waited < script->limit_ms; waited += 10) {
        if (waitpid(script->simulator, NULL, WNOHANG) != 0) {
            script->simulator = 0;
            break;
        }
        poll(NULL, 0, 10);
        free(line);
        line = read_temp(script, "sim.out");
        ready = strchr(line, '\n') && export_url(line);
    }
    free(line);
    if (ready)
        return true;
    line = read_temp(script, "sim.err");
    script_fail(script, "the API server does not come up: %s", line);
    free(line);
    return false;
}

bool run_simulator_stop(struct script *script, char *arg)
{
    (void)arg;
    if (script->simulator) {
        kill(script->simulator, SIGTERM);
        run_wait(script, script->simulator, script->limit_ms);
    }
    script->simulator = 0;
    return true;
}

/* --- the command line ----------------------------------------------------------------------- */

static bool show_output(const struct script *script)
{
    char *out = read_temp(script, "out"), *err = read_temp(script, "err");
    printf("---- standard output\n%.4000s---- standard error\n%.4000s----\n", out, err);
    free(out);
    free(err);
    return false;
}

bool run_cli(struct script *script, char *arg)
{
    wordexp_t words;
    pid_t child;
    char out[SCRIPT_PATH_SIZE], err[SCRIPT_PATH_SIZE], *arrow = strstr(arg, " => ");
    long expected = arrow ? strtol(arrow + 4, NULL, 10) : 0;
    if (arrow)
        *arrow = '\0';
    if (!split(script, script->program, arg, &words))
        return false;
    temp_path(script, "out", out);
    temp_path(script, "err", err);
    bool ok = run_quietly(words.we_wordv, "/dev/null", out, err, &child);
    int status = ok ? run_wait(script, child, script->limit_ms) : -1;
    wordfree(&words);
    if (status == expected)
        return true;
    script_fail(script, status < 0 ? "it does not end (%d)" : "exit status %d, expected %ld",
                status, expected);
    return show_output(script);
}

static bool holds(struct script *script, const char *file, const char *text)
{
    char *all = read_temp(script, file);
    bool found = strstr(all, text) != NULL;
    free(all);
    if (found)
        return true;
    script_fail(script, "standard %sput does not hold: %s", file, text);
    return show_output(script);
}

bool run_cli_out(struct script *script, char *arg)
{
    return holds(script, "out", arg);
}

bool run_cli_err(struct script *script, char *arg)
{
    return holds(script, "err", arg);
}

bool run_cli_jq(struct script *script, char *arg)
{
    wordexp_t words;
    pid_t child;
    char out[SCRIPT_PATH_SIZE], said[SCRIPT_PATH_SIZE];
    if (!split(script, "jq", arg, &words))
        return false;
    temp_path(script, "out", out);
    temp_path(script, "jq.out", said);
    bool ok = run_quietly(words.we_wordv, out, said, NULL, &child);
    int status = ok ? run_wait(script, child, script->limit_ms) : -1;
    wordfree(&words);
    if (status == 0)
        return true;
    script_fail(script, "jq says no (%d): %s", status, arg);
    return show_output(script);
}
