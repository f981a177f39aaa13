#include "support_crash.h"
#include "../support_folder.h"
#include "support_leap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 30 /* real time; nothing takes a tenth of it */
#define DESK       "avirato-console/HOTEL9-test"

void crash_turn(struct crash_scene *scene, int wait_ms)
{
    loop_turn(scene->loop, wait_ms);
}

void crash_leap(struct crash_scene *scene, int64_t ms)
{
    leap_by(ms);
    crash_turn(scene, 0);
}

/* --- files ----------------------------------------------------------------------------------- */

static const char *path_in(const struct crash_scene *scene, const char *name)
{
    static char paths[4][160];
    static int next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", scene->folder, name);
    return path;
}

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t got;

    while (out >= 0 && (got = read(in, bytes, sizeof bytes)) > 0)
        if (write(out, bytes, (size_t)got) != got)
            abort();
    if (out >= 0)
        close(out);
    if (in >= 0)
        close(in);
}

static void make_folders(const struct crash_scene *scene)
{
    static const char *const folders[] = {"state", "state/avirato-console", "state/" DESK,
                                          "cache", "cache/avirato-console", "cache/" DESK};

    for (size_t i = 0; i < COUNT_OF(folders); i++)
        mkdir(path_in(scene, folders[i]), 0700);
}

static const struct {
    const char *name, *used;
} kept_files[] = {{"server.db", "server.db"},
                  {"journal.db", "state/" DESK "/journal.db"},
                  {"cache.db", "cache/" DESK "/cache.db"}};

static const char *kept_path(const struct crash_scene *scene, size_t file)
{
    char name[64];

    snprintf(name, sizeof name, "%s/%s", scene->kept.folder, kept_files[file].name);
    return path_in(scene, name);
}

void crash_keep(struct crash_scene *scene, const char *folder)
{
    sim_stop(scene->sim);
    scene->sim = NULL;
    scene->kept = (struct crash_kept){folder, leap_so_far()};
    mkdir(path_in(scene, folder), 0700);
    for (size_t i = 0; i < COUNT_OF(kept_files); i++)
        copy_file(path_in(scene, kept_files[i].used), kept_path(scene, i));
}

static void read_text(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, out, size - 1);

    out[got < 0 ? 0 : got] = '\0';
    if (fd >= 0)
        close(fd);
}

/* --- processes ------------------------------------------------------------------------------- */

char **crash_env(struct crash_scene *scene, const struct crash_run *run, const char *term)
{
    static char texts[24][600];
    static char *env[25];
    size_t n = 0;
    const char *const desk[][2] = {
        {"HOME=", scene->folder},
        {"XDG_CONFIG_HOME=", path_in(scene, "config")},
        {"XDG_STATE_HOME=", path_in(scene, "state")},
        {"XDG_CACHE_HOME=", path_in(scene, "cache")},
        {"SHIM_CLOCK=", path_in(scene, "clock")},
        {"AVIRATO_BASE_URL=", sim_base_url(scene->sim)},
        {"LD_PRELOAD=", scene->shim},
        {"AVIRATO_ENV=", "test"},
        {"AVIRATO_WEBCODE=", "HOTEL9"},
        {"AVIRATO_API_KEY=", "test-key"},
        {"LC_ALL=", "C.UTF-8"},
        {"PATH=", "/usr/bin:/bin"},
        {"SHIM_KILL=", run->kill},
        {"SHIM_LOG=", run->log},
        {"TERM=", term},
        {"SHIM_SKIP=", term == NULL && !run->patient ? "1" : NULL}, /* a screen goes by real time */
    };

    for (size_t i = 0; i < COUNT_OF(desk); i++) {
        if (desk[i][1] == NULL)
            continue;
        snprintf(texts[n], sizeof texts[n], "%s%s", desk[i][0], desk[i][1]);
        env[n] = texts[n];
        n++;
    }
    for (size_t i = 0; run->more != NULL && run->more[i] != NULL && n < COUNT_OF(texts); i++)
        env[n++] = (char *)(uintptr_t)run->more[i];
    env[n] = NULL;
    return env;
}

static void output_path(const struct crash_scene *scene, const struct crash_run *run,
                        const char *what, char path[160])
{
    snprintf(path, 160, "%s/%s%d", scene->folder, what, run->number);
}

static _Noreturn void become(struct crash_scene *scene, struct crash_run *run, pid_t parent)
{
    char *argv[18] = {(char *)(uintptr_t)scene->program};
    char path[160];
    const char *const names[] = {NULL, "out", "err"};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    for (int fd = 0; fd < 3; fd++) {
        if (fd > 0)
            output_path(scene, run, names[fd], path);
        int file = open(fd == 0 ? "/dev/null" : path, O_RDWR | O_CREAT | O_TRUNC, 0600);
        dup2(file, fd);
        if (file > 2)
            close(file);
    }
    for (size_t i = 0; run->words[i] != NULL; i++)
        argv[i + 1] = (char *)(uintptr_t)run->words[i];
    execve(scene->program, argv, crash_env(scene, run, NULL));
    _exit(127);
}

void crash_start(struct crash_scene *scene, struct crash_run *run)
{
    pid_t parent = getpid();

    run->killed = run->hung = false;
    run->status = -1;
    run->pid = fork();
    if (run->pid == 0)
        become(scene, run, parent);
    if (run->pid < 0)
        abort();
}

bool crash_ended(struct crash_scene *scene, struct crash_run *run)
{
    char path[160];
    int status;

    if (run->pid == 0)
        return true;
    if (waitpid(run->pid, &status, WNOHANG) != run->pid)
        return false;
    run->pid = 0;
    run->killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    run->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    output_path(scene, run, "out", path);
    read_text(path, run->out, sizeof run->out);
    output_path(scene, run, "err", path);
    read_text(path, run->err, sizeof run->err);
    if (WIFSIGNALED(status) && !run->killed && !run->judged)
        crash_violation(scene, "ended by signal %d: %.200s", WTERMSIG(status), run->err);
    return true;
}

static void note_end(void *ctx, short revents)
{
    (void)ctx, (void)revents; /* it ends the turn, that is all */
}

void crash_wait(struct crash_scene *scene, struct crash_run *run)
{
    int fd = (int)syscall(SYS_pidfd_open, run->pid, 0);
    struct loop_watch *watch =
        fd < 0 ? NULL : loop_watch_fd(scene->loop, fd, POLLIN, note_end, NULL);
    time_t limit = time(NULL) + PATIENCE_S;

    while (!crash_ended(scene, run)) {
        crash_turn(scene, 1); /* no longer: another process may put the clock forward */
        if (time(NULL) > limit && !run->hung) {
            run->hung = true;
            crash_violation(scene, "hangs");
            kill(run->pid, SIGKILL);
        }
    }
    loop_unwatch(scene->loop, watch);
    if (fd >= 0)
        close(fd);
    crash_turn(scene, 0); /* its connections are gone */
}

void crash_do(struct crash_scene *scene, struct crash_run *run)
{
    crash_start(scene, run);
    crash_wait(scene, run);
}

/* --- the scene ------------------------------------------------------------------------------- */

bool crash_find(struct crash_scene *scene, const char *argv0, const char *program)
{
    const char *slash = strrchr(argv0, '/');
    int length = slash == NULL ? 1 : (int)(slash - argv0);
    char path[512];

    snprintf(path, sizeof path, "%.*s/../../avirato-console", length, slash == NULL ? "." : argv0);
    scene->program = realpath(program == NULL ? path : program, NULL);
    snprintf(path, sizeof path, "%.*s/../safety/shim.so", length, slash == NULL ? "." : argv0);
    scene->shim = realpath(path, NULL);
    return scene->program != NULL && scene->shim != NULL;
}

struct crash_totals *crash_totals_new(void)
{
    void *shared = mmap(NULL, sizeof(struct crash_totals), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return shared == MAP_FAILED ? NULL : shared;
}

void crash_fault(struct crash_scene *scene, const char *rule, size_t kind)
{
    struct err err = {0};
    uint64_t matched, applied = 0;

    if (scene->rule[0] != '\0' && sim_faults_count(scene->sim, 0, &matched, &applied)) {
        atomic_fetch_add(&scene->totals->faults, applied);
        atomic_fetch_add(&scene->totals->of_kind[scene->kind], applied);
    }
    snprintf(scene->rule, sizeof scene->rule, "%s", rule == NULL ? "" : rule);
    scene->kind = kind;
    if (!sim_faults_set(scene->sim, scene->rule, &err))
        crash_violation(scene, "fault %s: %s", scene->rule, err.detail);
}

static bool start_server(struct crash_scene *scene)
{
    struct err err = {0};

    scene->sim = sim_start(scene->loop, &scene->settings, &err);
    if (scene->sim == NULL)
        fprintf(stderr, "server: %s\n", err.detail);
    return scene->sim != NULL;
}

void crash_reset(struct crash_scene *scene, bool fresh)
{
    if (scene->sim != NULL)
        crash_fault(scene, NULL, 0);
    sim_stop(scene->sim);
    scene->sim = NULL;
    scene->ambiguous = false;
    folder_remove(path_in(scene, "state"));
    folder_remove(path_in(scene, "cache"));
    unlink(path_in(scene, "server.db-journal"));
    unlink(path_in(scene, "server.db-wal"));
    unlink(path_in(scene, "server.db-shm"));
    if (!fresh)
        make_folders(scene);
    for (size_t i = 0; i < (fresh ? 1 : COUNT_OF(kept_files)); i++)
        copy_file(kept_path(scene, i), path_in(scene, kept_files[i].used));
    leap_back_to(scene->kept.ahead);
    if (!start_server(scene))
        abort();
}

/* The text of "name":"…" in a line of JSON. */
static bool read_field(const char *line, const char *name, char *out, size_t size)
{
    char start[32];

    snprintf(start, sizeof start, "\"%s\":\"", name);
    const char *at = strstr(line, start);
    if (at == NULL)
        return false;
    at += strlen(start);
    snprintf(out, size, "%.*s", (int)strcspn(at, "\""), at);
    return true;
}

/* A charge that works. */
static bool charge_once(struct crash_scene *scene, const char *terminal, const char *hold,
                        char reference[64])
{
    struct crash_run run = {
        .words = {"charge", "--terminal", terminal, "--amount", "90.00", "--yes", "--json", hold},
        .patient = true};
    size_t length = strlen(scene->known);

    crash_do(scene, &run);
    if (run.status != 0)
        fprintf(stderr, "%s", run.err);
    return run.status == 0 && read_field(run.out, "reference", reference, 64) &&
           read_field(run.out, "intent", scene->known + length, sizeof scene->known - length);
}

static bool write_config(const struct crash_scene *scene)
{
    mkdir(path_in(scene, "config"), 0700);
    mkdir(path_in(scene, "config/avirato-console"), 0700);
    FILE *file = fopen(path_in(scene, "config/avirato-console/config.ini"), "we");
    if (file == NULL)
        return false;
    fchmod(fileno(file), 0600);
    fputs("[console]\noperator = Ana\nquiet_period = 1\ncharge_timeout = 2\n", file);
    return fclose(file) == 0;
}

bool crash_open(struct crash_scene *scene, uint64_t seed)
{
    const char *place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");

    snprintf(scene->folder, sizeof scene->folder, "%.40s/crash-XXXXXX",
             place == NULL ? "/tmp" : place);
    bool made = mkdtemp(scene->folder) != NULL;
    memcpy(scene->totals->folders[scene->worker], scene->folder, sizeof scene->folder);
    if (!made || !leap_share(path_in(scene, "clock")) || !write_config(scene))
        return false;
    scene->loop = loop_new();
    scene->settings = sim_settings_default();
    static char data[96];
    snprintf(data, sizeof data, "%s/server.db", scene->folder);
    scene->settings.data_path = data;
    scene->settings.sessions = scene->settings.payments = 0;
    scene->settings.seed = seed;
    scene->settings.charge_delay_ms = 1;
    scene->settings.modification_delay_ms = 100;
    scene->settings.pay_after_ms = 0;
    make_folders(scene);
    if (!start_server(scene) || !charge_once(scene, "V400m-TEST-000001", NULL, scene->payment) ||
        !charge_once(scene, "S1F2-TEST-000002", "--pre-auth", scene->hold))
        return false;
    crash_keep(scene, "kept");
    return true;
}

void crash_close(struct crash_scene *scene)
{
    if (scene->sim != NULL)
        crash_fault(scene, NULL, 0);
    sim_stop(scene->sim);
    loop_free(scene->loop);
    leap_end();
    folder_remove(scene->folder);
    scene->totals->folders[scene->worker][0] = '\0';
}

void crash_sweep(struct crash_totals *totals)
{
    for (size_t i = 0; i < CRASH_WORKERS; i++)
        if (totals->folders[i][0] != '\0')
            folder_remove(totals->folders[i]);
}
