#include "support_house.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { QUIET_MS = 60, SETTLE_MS = 5000, RUN_MS = 60000 };

const char *house_source_name(enum source source)
{
    static const char *const names[] = {"credential", "command", "file", "variable", "any"};
    return names[source];
}

void house_found(void *ctx, const char *where, const char *dress)
{
    struct house *house = ctx;
    company_violation(&house->company, "%s, key by %s: %s: the key stands there, %s (%s)",
                      house->part, house_source_name(house->source), where, dress, house->said);
}

/* --- setting up ------------------------------------------------------------------------------- */

const char *house_put(struct house *house, const char *name, const char *text, unsigned mode)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", house->vault, name);
    FILE *out = fopen(path, "we");
    if (!out || fputs(text, out) < 0 || fclose(out) != 0 || chmod(path, (mode_t)mode) != 0)
        abort();
    return path;
}

void house_set(struct house *house, enum source source, const char *name, const char *value)
{
    struct company_env *env = &house->envs[source];
    size_t len = strlen(name), i = 0;
    while (env->list[i] && (strncmp(env->list[i], name, len) != 0 || env->list[i][len] != '='))
        i++;
    if (i == COMPANY_ENV_MAX)
        abort();
    env->list[i] = env->room[i];
    snprintf(env->room[i], sizeof env->room[i], "%s=%s", name, value);
}

static void make_folder(struct house *house, const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", house->company.folder, name);
    if (mkdir(path, 0700) != 0)
        abort();
}

/* What the key's program saw is kept for the search. */
static const char *key_program(struct house *house)
{
    char text[700];
    snprintf(text, sizeof text,
             "#!/bin/sh\n"
             "{ env; tr '\\0' ' ' </proc/$$/cmdline; tr '\\0' '\\n' </proc/$PPID/cmdline; "
             "ls -l /proc/$$/fd; } >%s/child/$$ 2>&1\n"
             "echo nothing to say here >&2\ncat %s/key\n",
             house->company.folder, house->vault);
    return house_put(house, "program", text, 0700);
}

static void set_up(struct house *house, enum source source)
{
    char more[800], line[300] = "", path[160];
    if (source == BY_COMMAND)
        snprintf(line, sizeof line, "api_key_command = %s\n", key_program(house));
    if (source == BY_FILE)
        snprintf(line, sizeof line, "api_key_file = %s/key\n", house->vault);
    snprintf(more, sizeof more,
             "quiet_period = 1\ntimezone = UTC\n[test]\nwebcode = HOTEL9\n%s[live]\nwebcode = "
             "HOTEL9\n%s", line, line);
    company_env(&house->company, &house->envs[source], house_source_name(source), "Ana", more);
    house_set(house, source, "AVIRATO_API_KEY", source == BY_VARIABLE ? house->canary.key : "");
    snprintf(path, sizeof path, "%s/temp", house->company.folder);
    house_set(house, source, "TMPDIR", path);
    if (source == BY_CREDENTIAL)
        house_set(house, source, "CREDENTIALS_DIRECTORY", house->vault);
}

bool house_open(struct house *house, int argc, char **argv, const char *usage)
{
    static const char *const folders[] = {HOUSE_VAULT, "child", "temp", "here", "said"};
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    char path[PATH_MAX];
    *house = (struct house){.part = "start"};
    canary_make(&house->canary, 1);
    house->company.settings = sim_settings_default();
    house->company.settings.test_key = house->canary.key;
    house->company.settings.live_key = "another-key-altogether";
    house->company.settings.charge_delay_ms = 50;
    house->company.settings.modification_delay_ms = 200;
    if (!company_open(&house->company, argc, argv, usage))
        return false;
    house->watch = (struct process_watch){
        .canary = &house->canary, .found = house_found, .ctx = house};
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        make_folder(house, folders[i]);
    snprintf(house->vault, sizeof house->vault, "%s/%s", house->company.folder, HOUSE_VAULT);
    snprintf(path, sizeof path, "%s/temp", house->company.folder);
    house->temp_watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    inotify_add_watch(house->temp_watch, path, IN_CREATE | IN_MOVED_TO);
    house_put(house, "key", house->canary.key, 0600);
    house_put(house, "avirato-test-key", house->canary.key, 0400);
    house_put(house, "avirato-live-key", house->canary.key, 0400);
    for (enum source source = 0; source < SOURCES; source++)
        set_up(house, source);
    setrlimit(RLIMIT_CORE, &all); /* the consoles have to refuse what we would allow */
    if (!realpath(house->company.program, path) || strlen(path) >= sizeof house->company.program)
        return false;
    memcpy(house->company.program, path, strlen(path) + 1);
    snprintf(path, sizeof path, "%s/here", house->company.folder);
    return chdir(path) == 0;
}

void house_close(struct house *house)
{
    close(house->temp_watch);
    company_close(&house->company);
}

/* --- commands --------------------------------------------------------------------------------- */

static void said_path(const struct house *house, char *path, size_t size)
{
    snprintf(path, size, "%s/said/%llu", house->company.folder, (unsigned long long)house->runs);
}

static void run_child(struct house *house, const char *const words[])
{
    char path[160];
    char *argv[40] = {house->company.program};
    said_path(house, path, sizeof path);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    for (int i = 0; words[i] && i < 38; i++)
        argv[i + 1] = (char *)(uintptr_t)words[i];
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(null, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execve(house->company.program, argv, house->envs[house->source].list);
    _exit(127);
}

static void note_words(struct house *house, const char *const words[])
{
    size_t len = 0;
    house->said[0] = '\0';
    for (int i = 0; words[i] && len < sizeof house->said - 1; i++)
        len += (size_t)snprintf(house->said + len, sizeof house->said - len, "%s%s", i ? " " : "",
                                words[i]);
    /* What is wrong on purpose is not to be found in our own words. */
    if (canary_in(&house->canary, house->said, strlen(house->said)))
        snprintf(house->said, sizeof house->said, "%s with a key", words[0]);
}

int house_run(struct house *house, const char *const words[])
{
    char path[160];
    int status = -1;
    int64_t end = company_now_ms() + RUN_MS;
    bool own = house->source != BY_VARIABLE; /* until it has begun to run it is in there */
    house->runs++;
    note_words(house, words);
    bool by_mistake = strstr(house->said, "with a key") != NULL;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        run_child(house, words);
    while (waitpid(pid, &status, WNOHANG) == 0) {
        company_turn(&house->company, 2);
        if (!by_mistake)
            process_sample(&house->watch, pid, own);
        if (company_now_ms() > end)
            kill(pid, SIGKILL);
    }
    said_path(house, path, sizeof path);
    const char *dress = canary_in_file(&house->canary, path, NULL);
    if (dress)
        house_found(house, "what it said", dress);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool house_member(struct house *house, const char *name, char *out, size_t size)
{
    char path[160], word[64], text[8192];
    said_path(house, path, sizeof path);
    snprintf(word, sizeof word, "\"%s\":\"", name);
    FILE *in = fopen(path, "re");
    size_t len = in ? fread(text, 1, sizeof text - 1, in) : 0;
    text[len] = '\0';
    if (in)
        fclose(in);
    const char *at = strstr(text, word), *end = at ? strchr(at + strlen(word), '"') : NULL;
    if (!end || (size_t)(end - at) - strlen(word) >= size)
        return false;
    snprintf(out, size, "%.*s", (int)((size_t)(end - at) - strlen(word)), at + strlen(word));
    return true;
}

/* --- screens ---------------------------------------------------------------------------------- */

void house_settle(struct house *house, struct pty *pty)
{
    size_t before = 0, len;
    int64_t now = company_now_ms(), end = now + SETTLE_MS, quiet_since = now;
    while (pty_running(pty) && now < end && now - quiet_since < QUIET_MS) {
        company_turn(&house->company, 2);
        pty_pump(pty, 2);
        pty_log(pty, &len);
        now = company_now_ms();
        if (len != before)
            quiet_since = now;
        before = len;
    }
    char *screen = pty_screen_text(pty);
    const char *dress = canary_in(&house->canary, screen, strlen(screen));
    if (dress)
        house_found(house, "the screen", dress);
    free(screen);
}

bool house_insist(struct house *house, struct pty *pty, const char *keys, const char *text)
{
    for (int tries = 0; tries < 60 && pty_running(pty); tries++) {
        pty_type(pty, keys);
        if (company_sees(&house->company, pty, text, 250))
            return true;
    }
    char *screen = pty_screen_text(pty);
    company_violation(&house->company, "%s: never shows \"%s\":\n%s", house->part, text, screen);
    free(screen);
    return false;
}

/* --- the search ------------------------------------------------------------------------------- */

uint64_t house_search(struct house *house)
{
    _Alignas(struct inotify_event) char events[4096];
    uint64_t temporary = 0;
    snprintf(house->said, sizeof house->said, "afterwards");
    canary_in_tree(&house->canary, house->company.folder, HOUSE_VAULT, house_found, house);
    for (ssize_t len; (len = read(house->temp_watch, events, sizeof events)) > 0;) {
        for (ssize_t at = 0; at < len;) {
            const struct inotify_event *event = (const void *)(events + at);
            company_violation(&house->company, "%s: a file in the folder for temporary ones: %s",
                              house->part, event->len ? event->name : "?");
            at += (ssize_t)(sizeof *event + event->len);
            temporary++;
        }
    }
    return temporary;
}
