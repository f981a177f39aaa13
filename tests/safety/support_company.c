#include "support_company.h"
#include "../support_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

bool company_interrupted(void)
{
    return interrupted != 0;
}

int64_t company_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* --- options, folder, server ------------------------------------------------------------------ */

static bool read_options(struct company *company, int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');

    company->seed = 1;
    snprintf(company->program, sizeof company->program, "%.*s/../../avirato-console",
             slash ? (int)(slash - argv[0]) : 1, slash ? argv[0] : ".");
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--full") == 0 || strcmp(argv[i], "--short") == 0) {
            company->full = argv[i][2] == 'f';
            continue;
        }
        if (!value)
            return false;
        if (strcmp(argv[i], "--seed") == 0)
            company->seed = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--part") == 0)
            company->only = value;
        else if (strcmp(argv[i], "-p") == 0)
            snprintf(company->program, sizeof company->program, "%s", value);
        else
            return false;
        i++;
    }
    company->state = company->seed;
    return access(company->program, X_OK) == 0;
}

bool company_open(struct company *company, int argc, char **argv, const char *usage)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    const char *temp = getenv("TMPDIR");
    struct err err = {0};

    if (!read_options(company, argc, argv)) {
        fprintf(stderr, "usage: %s\n", usage);
        return false;
    }
    snprintf(company->folder, sizeof company->folder, "%.40s/company-XXXXXX",
             temp && *temp ? temp : "/tmp");
    if (!mkdtemp(company->folder)) {
        fprintf(stderr, "%s: %s\n", company->folder, strerror(errno));
        return false;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    company->loop = loop_new();
    company->sim = sim_start(company->loop, &company->settings, &err);
    if (!company->sim)
        fprintf(stderr, "server: %s\n", err.detail);
    return company->sim != NULL;
}

void company_close(struct company *company)
{
    sim_stop(company->sim);
    loop_free(company->loop);
    folder_remove(company->folder);
}

/* It cannot go on: nothing is left behind. */
static void give_up(struct company *company, const char *what, const char *why)
{
    fprintf(stderr, "cannot run: %s: %s\n", what, why);
    company_close(company);
    exit(2);
}

bool company_wants(const struct company *company, const char *part)
{
    return !interrupted && (!company->only || strcmp(company->only, part) == 0);
}

void company_violation(struct company *company, const char *format, ...)
{
    va_list values;

    company->violations++;
    va_start(values, format);
    printf("VIOLATION --seed %llu: ", (unsigned long long)company->seed);
    vprintf(format, values);
    printf("\n");
    va_end(values);
}

uint32_t company_below(struct company *company, uint32_t bound)
{
    uint64_t z = company->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ (z >> 31)) % bound);
}

void company_faults(struct company *company, const char *spec)
{
    struct err err = {0};

    if (!sim_faults_set(company->sim, spec, &err))
        give_up(company, spec, err.detail);
}

void company_turn(struct company *company, int ms)
{
    loop_turn(company->loop, ms);
}

/* --- consoles --------------------------------------------------------------------------------- */

static void make_folders(struct company *company, char *path)
{
    for (char *at = strchr(path + strlen(company->folder) + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        mkdir(path, 0700);
        *at = '/';
    }
}

static void note_host(struct company *company, const char *host)
{
    for (size_t i = 0; i < company->host_count; i++)
        if (strcmp(company->hosts[i], host) == 0)
            return;
    if (company->host_count == COUNT_OF(company->hosts))
        give_up(company, host, "one host too many");
    snprintf(company->hosts[company->host_count++], sizeof company->hosts[0], "%s", host);
}

void company_env(struct company *company, struct company_env *env, const char *host,
                 const char *person, const char *more)
{
    char path[300];
    int n = 0;

    note_host(company, host);

    snprintf(path, sizeof path, "%s/%s/%s/avirato-console/config.ini", company->folder, host,
             person);
    make_folders(company, path);
    FILE *out = fopen(path, "w");
    if (!out)
        give_up(company, path, strerror(errno));
    fprintf(out, "[console]\noperator = %s\ncharge_timeout = 5\n%s", person, more);
    fclose(out);
    chmod(path, 0600);
#define ENV(...) snprintf(env->room[n++], sizeof env->room[0], __VA_ARGS__)
    ENV("HOME=%s/%s", company->folder, host);
    ENV("XDG_CONFIG_HOME=%s/%s/%s", company->folder, host, person);
    ENV("XDG_STATE_HOME=%s/%s/state", company->folder, host);
    ENV("XDG_CACHE_HOME=%s/%s/cache", company->folder, host);
    ENV("AVIRATO_BASE_URL=%s", sim_base_url(company->sim));
    ENV("AVIRATO_ENV=%s", company->live ? "live" : "test");
    ENV("AVIRATO_WEBCODE=HOTEL9");
    ENV("AVIRATO_API_KEY=%s", company->live ? "live-key" : "test-key");
    ENV("PATH=/usr/bin:/bin");
    ENV("LC_ALL=C.UTF-8");
    ENV("TERM=xterm-256color");
#undef ENV
    for (int i = 0; i < n; i++)
        env->list[i] = env->room[i];
    env->list[n] = NULL;
}

static size_t env_count(const struct company_env *env)
{
    size_t count = 0;

    while (env->list[count])
        count++;
    return count;
}

static void env_list(struct company_env *env, size_t count)
{
    for (size_t i = 0; i < count; i++)
        env->list[i] = env->room[i];
    env->list[count] = NULL;
}

void company_env_set(struct company_env *env, const char *name, const char *value)
{
    size_t len = strlen(name), count = env_count(env), i = 0;

    while (i < count && (strncmp(env->room[i], name, len) != 0 || env->room[i][len] != '='))
        i++;
    if (i < count) {
        memmove(env->room[i], env->room[i + 1], (count - i - 1) * sizeof env->room[0]);
        count--;
    }
    if (value && count < COMPANY_ENV_MAX)
        snprintf(env->room[count++], sizeof env->room[0], "%s=%s", name, value);
    env_list(env, count);
}

void company_env_copy(struct company_env *to, const struct company_env *from)
{
    memcpy(to->room, from->room, sizeof to->room);
    env_list(to, env_count(from));
}

void company_ready(struct company_start *start)
{
    if (pipe2(start->hold, O_CLOEXEC) != 0)
        abort();
}

void company_go(struct company_start *start)
{
    close(start->hold[0]);
    close(start->hold[1]);
}

static void put_into(const struct company *company, const char *name, const char *suffix, int fd)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s.%s", company->folder, name, suffix);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || dup2(file, fd) < 0)
        _exit(126);
}

static void run_child(const struct company *company, struct company_run *run,
                      const struct company_env *env, const struct company_start *start,
                      const char *const words[])
{
    char *argv[40] = {(char *)(uintptr_t)company->program};
    char byte;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0); /* what interrupts the test ends it in its own order */
    for (int i = 0; words[i] && i < 38; i++)
        argv[i + 1] = (char *)(uintptr_t)words[i];
    dup2(null, STDIN_FILENO);
    put_into(company, run->name, "out", STDOUT_FILENO);
    put_into(company, run->name, "err", STDERR_FILENO);
    if (start) {
        close(start->hold[1]);
        while (read(start->hold[0], &byte, 1) < 0)
            ;
    }
    execve(company->program, argv, (char *const *)env->list);
    _exit(127);
}

void company_spawn(struct company *company, struct company_run *run, const struct company_env *env,
                   const struct company_start *start, const char *const words[])
{
    static unsigned serial;

    run->status = -1;
    snprintf(run->name, sizeof run->name, "run%u", serial++ % 64);
    fflush(NULL);
    run->pid = fork();
    if (run->pid == 0)
        run_child(company, run, env, start, words);
    if (run->pid < 0)
        give_up(company, "fork", strerror(errno));
}

static void read_back(const struct company *company, const struct company_run *run,
                      const char *suffix, char *to, size_t size)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s.%s", company->folder, run->name, suffix);
    FILE *in = fopen(path, "re");
    size_t len = in ? fread(to, 1, size - 1, in) : 0;
    to[len] = '\0';
    if (in)
        fclose(in);
    unlink(path);
}

static void collect(struct company *company, struct company_run *run, int options)
{
    int status;

    if (run->status >= 0 || waitpid(run->pid, &status, options) != run->pid)
        return;
    run->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    read_back(company, run, "out", run->out, sizeof run->out);
    read_back(company, run, "err", run->err, sizeof run->err);
}

void company_wait(struct company *company, struct company_run *runs, size_t count)
{
    int64_t end = company_now_ms() + COMPANY_LIMIT_MS;

    for (size_t left = count; left > 0 && !interrupted && company_now_ms() < end;) {
        company_turn(company, 2);
        left = 0;
        for (size_t i = 0; i < count; i++) {
            collect(company, &runs[i], WNOHANG);
            left += runs[i].status < 0;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (runs[i].status >= 0)
            continue;
        if (!interrupted)
            company_violation(company, "a command does not end: process %d", (int)runs[i].pid);
        kill(runs[i].pid, SIGKILL);
        collect(company, &runs[i], 0);
    }
}

int company_do(struct company *company, struct company_run *run, const struct company_env *env,
               const char *const words[])
{
    company_spawn(company, run, env, NULL, words);
    company_wait(company, run, 1);
    return run->status;
}

void company_must(struct company *company, struct company_run *run, const struct company_env *env,
                  int wanted, const char *const words[])
{
    if (company_do(company, run, env, words) != wanted && !interrupted)
        give_up(company, words[0], run->err);
}

/* --- screens ---------------------------------------------------------------------------------- */

struct pty *company_screen(struct company *company, const struct company_env *env,
                           const char *program)
{
    char *argv[] = {(char *)(uintptr_t)(program ? program : company->program),
                    (char[]){"--language"}, (char[]){"en"}, NULL};
    struct pty *pty = pty_open(argv, (char *const *)env->list, 24, 80);

    if (!pty)
        give_up(company, "pseudo-terminal", strerror(errno));
    return pty;
}

static bool watch(struct company *company, struct pty *pty, const char *text, bool wanted,
                  int limit_ms)
{
    int64_t end = company_now_ms() + limit_ms;
    size_t seen = SIZE_MAX, now;

    do {
        pty_log(pty, &now);
        if (now != seen) { /* else the screen is as it was */
            char *screen = pty_screen_text(pty);
            bool is = strstr(screen, text) != NULL;
            free(screen);
            if (is == wanted)
                return true;
            seen = now;
        }
        company_turn(company, 2);
        pty_pump(pty, 2);
    } while (!interrupted && pty_running(pty) && company_now_ms() < end);
    return false;
}

bool company_sees(struct company *company, struct pty *pty, const char *text, int limit_ms)
{
    return watch(company, pty, text, true, limit_ms);
}

bool company_loses(struct company *company, struct pty *pty, const char *text, int limit_ms)
{
    return watch(company, pty, text, false, limit_ms);
}
