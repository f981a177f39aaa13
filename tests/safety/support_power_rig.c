#include "support_power_rig.h"

#include "support_leap.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANGS_MS 30000

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
    (void)signal;
    interrupted = 1;
}

bool rig_interrupted(void)
{
    return interrupted != 0;
}

/* --- folders --------------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

void rig_configure(const char *home)
{
    static const char *const folders[] = {"/.config", "/.config/avirato-console"};
    char path[PATH_MAX];

    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        snprintf(path, sizeof path, "%s%s", home, folders[i]);
        mkdir(path, 0700);
    }
    snprintf(path, sizeof path, "%s/.config/avirato-console/config.ini", home);
    write_file(path, "[console]\noperator = Ana\nquiet_period = 1\ncharge_timeout = 2\n");
    chmod(path, 0600);
}

void rig_home(struct rig *rig, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", rig->root, name);
    folder_remove(path);
    mkdir(path, 0700);
    rig_configure(path);
}

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    FILE *in = fopen(from, "r"), *out = fopen(to, "w");
    size_t len;

    if (in == NULL || out == NULL)
        abort();
    while ((len = fread(bytes, 1, sizeof bytes, in)) > 0)
        if (fwrite(bytes, 1, len, out) != len)
            abort();
    fclose(in);
    fclose(out);
    chmod(to, 0600);
}

static const char *copy_from, *copy_to;

static int copy_one(const char *path, const struct stat *info, int type, struct FTW *at)
{
    char to[PATH_MAX];

    (void)info, (void)at;
    snprintf(to, sizeof to, "%s%s", copy_to, path + strlen(copy_from));
    if (type == FTW_D)
        mkdir(to, 0700);
    else
        copy_file(path, to);
    return 0;
}

void rig_copy(const char *from, const char *to)
{
    folder_remove(to);
    copy_from = from;
    copy_to = to;
    nftw(from, copy_one, 16, FTW_PHYS);
}

/* --- open and close -------------------------------------------------------------------------- */

static bool find_parts(struct rig *rig, const char *self)
{
    char full[PATH_MAX];

    if (realpath(self, full) == NULL)
        return false;
    *strrchr(full, '/') = '\0';
    int len = snprintf(rig->build, sizeof rig->build, "%s", full);
    if (len < (int)strlen("/tests/safety") || (size_t)len >= sizeof rig->build)
        return false;
    snprintf(rig->shim, sizeof rig->shim, "%s/shim.so", rig->build);
    snprintf(rig->program, sizeof rig->program, "%.*s/avirato-console",
             (int)(strlen(rig->build) - strlen("/tests/safety")), rig->build);
    return access(rig->shim, R_OK) == 0 && access(rig->program, X_OK) == 0;
}

static bool make_root(struct rig *rig, const char *under)
{
    char template[PATH_MAX], full[PATH_MAX];
    const char *tmp = getenv("TMPDIR");

    snprintf(template, sizeof template, "%s/power-XXXXXX",
             under != NULL ? under : tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(template) == NULL || realpath(template, full) == NULL)
        return false;
    int len = snprintf(rig->root, sizeof rig->root, "%s", full);
    return len > 0 && (size_t)len < sizeof rig->root;
}

bool rig_open(struct rig *rig, const char *self, const char *under)
{
    struct sigaction act = {.sa_handler = on_signal};
    struct err err = {0};

    *rig = (struct rig){.settings = sim_settings_default()};
    if (!find_parts(rig, self)) {
        fprintf(stderr, "%s or %s is missing\n", rig->program, rig->shim);
        return false;
    }
    if (!make_root(rig, under))
        return false;
    snprintf(rig->clock, sizeof rig->clock, "%s/clock", rig->root);
    if (!leap_share(rig->clock))
        return false;
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    rig->loop = loop_new();
    rig->settings.sessions = rig->settings.payments = 0;
    rig->settings.charge_delay_ms = 5;
    rig->settings.charge_slow_ms = 400;
    rig->settings.terminal_offline_ms = 10;
    rig->settings.modification_delay_ms = 20;
    rig->settings.pay_after_ms = 0;
    rig->sim = sim_start(rig->loop, &rig->settings, &err);
    if (rig->sim == NULL)
        fprintf(stderr, "simulator: %s\n", err.detail);
    return rig->sim != NULL;
}

void rig_close(struct rig *rig)
{
    sim_stop(rig->sim);
    loop_free(rig->loop);
    leap_end();
    folder_remove(rig->root);
}

/* --- one run --------------------------------------------------------------------------------- */

static void give(char **env, size_t *count, const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 2;

    env[*count] = mem_alloc(size);
    snprintf(env[(*count)++], size, "%s=%s", name, value);
}

/* In the child. */
static _Noreturn void become(const struct rig *rig, const struct rig_run *run, const char *out,
                             const char *err)
{
    const char *program = run->program == NULL ? rig->program : run->program;
    char *argv[RIG_WORDS + 2] = {(char *)(uintptr_t)program};
    char *env[24] = {0};
    size_t count = 0;

    give(env, &count, "HOME", run->home);
    give(env, &count, "AVIRATO_BASE_URL", sim_base_url(rig->sim));
    give(env, &count, "AVIRATO_ENV", "test");
    give(env, &count, "AVIRATO_WEBCODE", "HOTEL9");
    give(env, &count, "AVIRATO_API_KEY", "test-key");
    give(env, &count, "LC_ALL", "C.UTF-8");
    give(env, &count, "PATH", "/usr/bin:/bin");
    for (size_t i = 0; run->env[i].name != NULL; i++)
        give(env, &count, run->env[i].name, run->env[i].value);
    give(env, &count, "LD_PRELOAD", rig->shim);
    give(env, &count, "SHIM_CLOCK", rig->clock);
    if (run->leaps)
        give(env, &count, "SHIM_SKIP", "1");
    for (size_t i = 0; run->words[i] != NULL; i++)
        argv[i + 1] = (char *)(uintptr_t)run->words[i];
    if (freopen("/dev/null", "r", stdin) == NULL || freopen(out, "w", stdout) == NULL ||
        freopen(err, "w", stderr) == NULL)
        _exit(126);
    if (run->file_limit > 0) {
        struct rlimit limit = {(rlim_t)run->file_limit, (rlim_t)run->file_limit};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    execve(program, argv, env);
    _exit(127);
}

static void read_back(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "r");
    size_t len = file == NULL ? 0 : fread(out, 1, size - 1, file);

    out[len] = '\0';
    if (file != NULL)
        fclose(file);
}

void rig_run(struct rig *rig, struct rig_run *run)
{
    char out[PATH_MAX], err[PATH_MAX];
    int status = 0;
    int64_t end = leap_real_ms() + HANGS_MS;

    snprintf(out, sizeof out, "%s/out", rig->root);
    snprintf(err, sizeof err, "%s/err", rig->root);
    rig->runs++;
    pid_t child = fork();
    if (child < 0)
        abort();
    if (child == 0)
        become(rig, run, out, err);
    bool hangs = false;
    while (waitpid(child, &status, WNOHANG) == 0) {
        loop_turn(rig->loop, 1);
        hangs = hangs || leap_real_ms() > end;
        if (hangs || interrupted || (run->stop != NULL && run->stop(run->ctx)))
            kill(child, SIGKILL);
    }
    run->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (hangs)
        run->status = RIG_HANGS;
    read_back(out, run->out, sizeof run->out);
    read_back(err, run->err, sizeof run->err);
}

struct journal *rig_journal(const char *home, struct err *err)
{
    struct journal_settings who = {.person = "Ana", .version = "0"};
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s" RIG_STATE "/journal.db", home);
    *err = (struct err){0};
    if (access(path, F_OK) != 0)
        return NULL;
    return journal_open(path, "HOTEL9", ENV_TEST, &who, NULL, err);
}

/* --- options and chance ---------------------------------------------------------------------- */

bool rig_read_options(struct rig_options *options, int argc, char **argv)
{
    *options = (struct rig_options){.seed = 1};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--full") == 0)
            options->full = true;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            options->seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            options->only = argv[++i];
        else if (strcmp(argv[i], "--short") != 0) {
            fprintf(stderr, "usage: %s [--short|--full] [--seed N] [--only WHICH]\n", argv[0]);
            return false;
        }
    }
    return true;
}

/* splitmix64 */
uint64_t rig_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

bool rig_is_right(const struct intent *row, int64_t executed)
{
    switch (row->state) {
    case INTENT_CONFIRMED:
    case INTENT_ACCEPTED:
    case INTENT_SUCCEEDED:
    case INTENT_FAILED:
        return executed == 1;
    case INTENT_UNKNOWN: /* whether a modification is absent is known after a day */
        return executed == 0 && row->kind != OP_CHARGE && row->kind != OP_LINK;
    case INTENT_MANUAL:
        return false;
    default:
        return executed == 0 && intent_state_is_final(row->state);
    }
}
