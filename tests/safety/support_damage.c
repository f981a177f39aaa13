#include "support_damage.h"
#include "../support_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- blobs ----------------------------------------------------------------------------------- */

void blob_read(struct blob *blob, const char *path)
{
    struct stat info;
    FILE *file = fopen(path, "r");

    blob->len = 0;
    if (file == NULL || fstat(fileno(file), &info) != 0)
        return;
    blob->bytes = mem_resize(blob->bytes, (size_t)info.st_size + 1, 1);
    blob->len = fread(blob->bytes, 1, (size_t)info.st_size, file);
    fclose(file);
}

void blob_write(const struct blob *blob, const char *path)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, blob->bytes, blob->len) != (ssize_t)blob->len)
        perror(path);
    if (fd >= 0)
        close(fd);
}

void blob_copy(struct blob *to, const struct blob *from)
{
    to->bytes = mem_resize(to->bytes, from->len + 1, 1);
    memcpy(to->bytes, from->bytes, from->len);
    to->len = from->len;
}

bool blob_equal(const struct blob *a, const struct blob *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

void blob_done(struct blob *blob)
{
    free(blob->bytes);
    *blob = (struct blob){0};
}

const char *damage_folder_of(const char *path)
{
    static char folder[2000];
    const char *slash = strrchr(path, '/');

    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path),
             slash == NULL ? "." : path);
    return folder;
}

/* --- content --------------------------------------------------------------------------------- */

static bool hash_table(sqlite3 *raw, const char *table, crypto_hash_sha256_state *state)
{
    char sql[100];
    sqlite3_stmt *stmt = NULL;
    int rc = SQLITE_ERROR;

    snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY 1, 2", table);
    if (sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL) != SQLITE_OK)
        return false;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            int head[2] = {sqlite3_column_type(stmt, i), 0};
            const void *bytes = sqlite3_column_blob(stmt, i);
            head[1] = sqlite3_column_bytes(stmt, i);
            crypto_hash_sha256_update(state, (const unsigned char *)head, sizeof head);
            if (head[1] > 0)
                crypto_hash_sha256_update(state, bytes, (unsigned long long)head[1]);
        }
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE;
}

/* "" when it cannot be read to its end. */
static void hash_content(const char *path, char hex[65])
{
    static const char *const tables[] = {"identity", "transition", "intent", "audit"};
    crypto_hash_sha256_state state;
    unsigned char hash[32];
    sqlite3 *raw = NULL;
    bool good = sqlite3_open(path, &raw) == SQLITE_OK;

    crypto_hash_sha256_init(&state);
    for (size_t i = 0; good && i < COUNT_OF(tables); i++)
        good = hash_table(raw, tables[i], &state);
    crypto_hash_sha256_final(&state, hash);
    sodium_bin2hex(hex, 65, hash, sizeof hash);
    if (!good)
        hex[0] = '\0';
    sqlite3_close(raw);
}

int64_t damage_number(const char *path, const char *sql)
{
    sqlite3 *raw = NULL;
    sqlite3_stmt *stmt = NULL;
    int64_t number = -1;

    if (sqlite3_open_v2(path, &raw, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        number = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(raw);
    return number;
}

bool damage_same_content(struct damage *all)
{
    char hex[65];

    hash_content(all->journal, hex);
    return strcmp(hex, all->content) == 0;
}

/* --- running --------------------------------------------------------------------------------- */

uint64_t damage_posts(const struct damage *all)
{
    return sim_requests_seen(all->sim, "POST/pos/payment");
}

static void become(struct damage *all, const char *const *words, int out)
{
    const char *folder = damage_folder_of(all->journal);

    if (all->mount_read_only &&
        (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
         mount(folder, folder, NULL, MS_BIND, NULL) != 0 ||
         mount("none", folder, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) != 0)) {
        perror("read-only mount");
        _exit(126);
    }
    int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execv(all->program, (char *const *)(uintptr_t)words);
    _exit(127);
}

static void run_words(struct damage *all, const char *const *words, int64_t limit_ms)
{
    char path[96];
    int status = 0;
    int64_t end = clock_boot_ms() + limit_ms;

    snprintf(path, sizeof path, "%s/said", all->home);
    int out = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        become(all, words, out);
    bool late = false;
    while (waitpid(child, &status, WNOHANG) == 0) {
        loop_turn(all->loop, 2);
        if (!late && clock_boot_ms() > end) {
            late = true;
            kill(child, SIGKILL);
        }
    }
    all->ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    ssize_t got = pread(out, all->ran.said, sizeof all->ran.said - 1, 0);
    all->ran.said[got < 0 ? 0 : got] = '\0';
    for (char *at = all->ran.said; *at != '\0'; at++)
        if (*at == '\n')
            *at = ' ';
    close(out);
}

#define CHARGE(amount)                                                                             \
    "charge", "--terminal", "V400m-TEST-000001", "--amount", amount, "--yes", "--json"

void damage_run(struct damage *all, const char *command, int64_t limit_ms)
{
    const char *plain[] = {all->program, command, NULL};
    const char *charge[] = {all->program, CHARGE("8,00"), NULL};

    run_words(all, strcmp(command, "charge") == 0 ? charge : plain, limit_ms);
}

/* --- the journal that is damaged ------------------------------------------------------------- */

/* A process that dies while pages of a change are in the file already: SQLite has to undo them. */
static void make_half(struct damage *all)
{
    pid_t child = fork();

    if (child == 0) {
        sqlite3 *raw = NULL;
        sqlite3_open(all->journal, &raw);
        sqlite3_exec(raw,
                     "PRAGMA journal_mode = TRUNCATE; BEGIN IMMEDIATE;"
                     "UPDATE intent SET rev = rev + 1, why = 'half', message = hex(zeroblob(900))",
                     NULL, NULL, NULL);
        sqlite3_db_cacheflush(raw);
        raise(SIGKILL);
    }
    waitpid(child, NULL, 0);
    blob_read(&all->half, all->journal);
    blob_read(&all->half_side, all->side);
}

static bool make_base(struct damage *all)
{
    static const char *const amounts[] = {"12,50", "7,01", "40,00", "9,06", "3,00"};

    for (size_t i = 0; i < COUNT_OF(amounts); i++) {
        const char *words[] = {all->program, CHARGE(amounts[i]), NULL};
        run_words(all, words, 20000);
    }
    blob_read(&all->base, all->journal);
    hash_content(all->journal, all->content);
    if (all->base.len == 0 || all->content[0] == '\0') {
        fprintf(stderr, "damage: %s made no journal: %s\n", all->program, all->ran.said);
        return false;
    }
    make_half(all);
    return all->half_side.len > 0;
}

static void set_environment(const struct damage *all)
{
    static const char *const places[] = {"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME",
                                         "XDG_CACHE_HOME"};

    for (size_t i = 0; i < COUNT_OF(places); i++)
        setenv(places[i], all->home, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("AVIRATO_ENV", "test", 1);
    setenv("AVIRATO_WEBCODE", "HOTEL9", 1);
    setenv("AVIRATO_API_KEY", "test-key", 1);
    setenv("AVIRATO_BASE_URL", sim_base_url(all->sim), 1);
}

bool damage_open(struct damage *all)
{
    struct sim_settings settings = sim_settings_default();
    struct err err = {0};

    snprintf(all->home, sizeof all->home, "/dev/shm/damage-XXXXXX");
    if (sodium_init() < 0 || mkdtemp(all->home) == NULL)
        return false;
    snprintf(all->journal, sizeof all->journal, "%s/avirato-console/HOTEL9-test/journal.db",
             all->home);
    snprintf(all->side, sizeof all->side, "%s-journal", all->journal);
    snprintf(all->elsewhere, sizeof all->elsewhere, "%s/elsewhere.db", all->home);
    settings.charge_delay_ms = 1;
    settings.sessions = settings.payments = 0;
    all->loop = loop_new();
    all->sim = sim_start(all->loop, &settings, &err);
    if (all->sim == NULL) {
        fprintf(stderr, "damage: %s\n", err.detail);
        return false;
    }
    set_environment(all);
    return make_base(all);
}

void damage_clear(struct damage *all)
{
    if (remove(all->journal) != 0 && errno != ENOENT)
        perror(all->journal);
    unlink(all->side);
    unlink(all->elsewhere);
}

void damage_close(struct damage *all)
{
    sim_stop(all->sim);
    if (all->loop != NULL)
        loop_free(all->loop);
    blob_done(&all->base);
    blob_done(&all->half);
    blob_done(&all->half_side);
    if (strncmp(all->home, "/dev/shm/damage-", 16) == 0)
        folder_remove(all->home);
}
