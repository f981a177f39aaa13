/* What the console says, what its journal holds and what the server did, side by side. */
#include "support_crash.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECOVERIES_MAX 8
#define DAY_MS         (INT64_C(24) * 3600 * 1000)
#define DESK           "avirato-console/HOTEL9-test"

void crash_violation(struct crash_scene *scene, const char *format, ...)
{
    char what[600];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    for (char *at = what; *at != '\0'; at++)
        if (*at == '\n')
            *at = '|';
    atomic_fetch_add(&scene->totals->violations, 1);
    printf("VIOLATION %s: %s\n", scene->label, what);
    fflush(stdout);
}

/* --- the journal after everybody has ended --------------------------------------------------- */

struct rows {
    struct intent_page page;
    struct journal *journal;
    bool exists; /* a console that was killed early may not even have made the file */
};

static bool rows_open(struct crash_scene *scene, struct rows *rows)
{
    struct journal_settings who = {.person = "Referee", .version = "0"};
    struct err err = {0};
    char path[160];

    *rows = (struct rows){.exists = false};
    snprintf(path, sizeof path, "%s/state/%s/journal.db", scene->folder, DESK);
    if (access(path, F_OK) != 0)
        return true;
    rows->journal = journal_open(path, "HOTEL9", ENV_TEST, &who, NULL, &err);
    rows->exists =
        rows->journal != NULL && journal_list(rows->journal, INTENTS_ALL, 0, &rows->page, &err);
    if (!rows->exists)
        crash_violation(scene, "the journal cannot be read: %s", err.detail);
    return rows->exists;
}

static void rows_close(struct rows *rows)
{
    if (rows->exists)
        intent_page_done(&rows->page);
    journal_close(rows->journal);
}

static const struct intent *find_row(const struct rows *rows, const char *id)
{
    for (size_t i = 0; i < rows->page.count; i++)
        if (strcmp(rows->page.rows[i].id, id) == 0)
            return &rows->page.rows[i];
    return NULL;
}

static bool is_open(const struct intent *intent)
{
    return !intent_state_is_final(intent->state) && intent->state != INTENT_MANUAL;
}

/* --- what the console says ------------------------------------------------------------------- */

/* What must be read in plain words where a row is in that state; NULL: the state does not occur. */
static const char *sentence_of(const struct intent *intent)
{
    static const char *const charges[INTENT_STATE_COUNT] = {
        [INTENT_UNKNOWN] = "Nobody can say yet whether the card was charged.",
        [INTENT_SENT] = "The card may be charged at any moment.",
        [INTENT_VOID] = "Nothing has been charged.",
        [INTENT_REJECTED] = "Nothing has been charged.",
        [INTENT_DECLINED] = "Nothing has been charged.",
        [INTENT_NOT_EXECUTED] = "Nothing has been charged.",
        [INTENT_CONFIRMED] = "The card has been charged.",
        [INTENT_MANUAL] = "must be checked by a person."};
    static const char *const modifications[INTENT_STATE_COUNT] = {
        [INTENT_UNKNOWN] = "It may have been carried out.",
        [INTENT_SENT] = "has been sent; waiting for the answer.",
        [INTENT_VOID] = "Nothing has changed.",
        [INTENT_REJECTED] = "Nothing has changed.",
        [INTENT_NOT_EXECUTED] = "Nothing has changed.",
        [INTENT_ACCEPTED] = "requested.",
        [INTENT_FAILED] = "Failed:",
        [INTENT_MANUAL] = "must be checked by a person."};
    static const char *const links[INTENT_STATE_COUNT] = {
        [INTENT_UNKNOWN] = "It is not known whether the payment link",
        [INTENT_SENT] = "has been asked for.",
        [INTENT_VOID] = "was not asked for",
        [INTENT_REJECTED] = "rejected the payment link",
        [INTENT_NOT_EXECUTED] = "was not created",
        [INTENT_CONFIRMED] = "is ready.",
        [INTENT_MANUAL] = "does not fit together"};
    static const char *const done[OP_KINDS] = {[OP_REFUND] = "Refunded:",
                                               [OP_CAPTURE] = "Captured:",
                                               [OP_CANCEL] = "is cancelled.",
                                               [OP_EXTEND] = "is extended."};

    if (intent->kind == OP_LINK)
        return links[intent->state];
    if (intent->kind != OP_CHARGE)
        return intent->state == INTENT_SUCCEEDED ? done[intent->kind]
                                                 : modifications[intent->state];
    return intent->is_preauth && intent->state == INTENT_CONFIRMED ? "is held on the card."
                                                                   : charges[intent->state];
}

/* Whether that state was true when it was told: a reading may end between telling and leaving. */
static bool was_true(const struct intent *told, const struct intent *now)
{
    bool reads = told->state == INTENT_UNKNOWN || told->state == INTENT_ACCEPTED;

    return told->state == now->state || (reads && !is_open(now));
}

/* Each line names a row as the journal has it, with its sentence; the status sums up. */
static void check_report(struct crash_scene *scene, struct crash_run *run, const struct rows *rows)
{
    bool settled = true;
    size_t told = 0;

    for (char *line = run->out, *next; *line != '\0'; line = next) {
        char id[40], kind[16], state[16];
        next = line + strcspn(line, "\n");
        next += *next != '\0';
        if (sscanf(line, "%36s %15s %15s", id, kind, state) != 3)
            continue;
        const struct intent *now = find_row(rows, id);
        struct intent said = now == NULL ? (struct intent){.kind = OP_CHARGE} : *now;
        if (now == NULL || !intent_state_from_name(state, &said.state) || !was_true(&said, now)) {
            crash_violation(scene, "recover said %.80s, the journal %s", line,
                            now == NULL ? "nothing" : intent_state_name(now->state));
            return;
        }
        const char *sentence = sentence_of(&said);
        if (sentence == NULL || strstr(run->err, sentence) == NULL)
            crash_violation(scene, "recover: %s of a %s is told as: %.300s", state, kind, run->err);
        settled &= intent_state_is_final(said.state) || said.state == INTENT_ACCEPTED;
        told++;
    }
    if (told == 0 && strstr(run->err, "Nothing is open") == NULL)
        crash_violation(scene, "recover, status %d, says: %.300s", run->status, run->err);
    bool ended = run->status == (settled ? 0 : 3);
    /* Asked to wait, it may say that it has not seen the end. */
    if (!ended && !(run->words[1] != NULL && run->status == 3 && strstr(run->err, "not final")))
        crash_violation(scene, "recover ended with %d: %.200s %.200s", run->status, run->out,
                        run->err);
}

/* --- until nothing is open ------------------------------------------------------------------- */

/* What the clock must do before another recovery can find out more; 0: all is found out. A day
   only when nothing else is open, for after a day nobody looks for a charge any more. */
static int64_t leap_for(const struct rows *rows)
{
    int64_t leap = 0;

    for (size_t i = 0; rows->exists && i < rows->page.count; i++) {
        const struct intent *intent = &rows->page.rows[i];
        bool modifies = intent->kind != OP_CHARGE && intent->kind != OP_LINK;
        if (!is_open(intent))
            continue;
        if (intent->state != INTENT_UNKNOWN || !modifies)
            return 2000;
        leap = DAY_MS + 2000;
    }
    return leap;
}

/* Three in four scenarios, by their labels, wait from the first recovery on. */
static bool waits_at_once(const struct crash_scene *scene)
{
    unsigned sum = 0;

    for (const char *at = scene->label; *at != '\0'; at++)
        sum += (unsigned char)*at;
    return sum % 4 != 0;
}

void crash_settle(struct crash_scene *scene)
{
    int64_t leap = 0;
    bool has_leapt = false;

    for (int i = 0; i < RECOVERIES_MAX; i++) {
        struct crash_run run = {.words = {"recover"}};
        struct rows rows;
        if (i > 0 || waits_at_once(scene)) {
            run.words[1] = "--wait";
            run.words[2] = "60";
        }
        crash_leap(scene, leap);
        crash_do(scene, &run);
        bool read = rows_open(scene, &rows);
        if (read && rows.exists)
            check_report(scene, &run, &rows);
        else if (read)
            crash_violation(scene, "recover left no journal: %.200s", run.err);
        leap = read ? leap_for(&rows) : 0;
        rows_close(&rows);
        if (!read || leap == 0)
            return;
        /* A day is over but once: longer than that nobody looks. */
        if (leap > DAY_MS && has_leapt)
            leap = 2000;
        has_leapt |= leap > DAY_MS;
    }
}

/* --- the referee ----------------------------------------------------------------------------- */

static void judge_row(struct crash_scene *scene, const struct intent *intent)
{
    int64_t executed = sim_executions_of_key(scene->sim, intent->id);
    int64_t requests = sim_requests_of_key(scene->sim, intent->id);
    bool yes = intent->state == INTENT_CONFIRMED || intent->state == INTENT_SUCCEEDED;
    bool no = intent->state == INTENT_VOID || intent->state == INTENT_REJECTED ||
              intent->state == INTENT_DECLINED || intent->state == INTENT_NOT_EXECUTED;
    bool person = intent->state == INTENT_MANUAL || intent->state == INTENT_FAILED;
    const char *wrong = NULL;

    if (executed > 1)
        wrong = "executed more than once";
    else if (requests > intent->attempt)
        wrong = "more requests than attempts";
    else if (intent->attempt > 1 && intent->kind != OP_LINK)
        wrong = "sent again though nobody asked for it";
    else if (intent->state == INTENT_VOID && requests > 0)
        wrong = "never sent, but the server has seen it";
    else if (yes && executed == 0)
        wrong = "told as done, but the server has not done it";
    else if (no && executed > 0)
        wrong = "told as not done, but the server has done it";
    else if (person && !scene->ambiguous)
        wrong = "left to a person without need";
    else if (!yes && !no && !person)
        wrong = "still open though the server answers";
    atomic_fetch_add(&scene->totals->by_person, person && wrong == NULL);
    if (wrong != NULL)
        crash_violation(scene,
                        "%s: %s %s is %s, %" PRId64 " executed, %" PRId64
                        " requests, %d attempts, why: %.120s",
                        wrong, op_name(intent->kind), intent->id, intent_state_name(intent->state),
                        executed, requests, intent->attempt, intent->why);
}

/* Nothing may be known to the server that the journal does not know. Adds up what was done. */
static void judge_keys(struct crash_scene *scene, const struct rows *rows)
{
    struct buf ledger;

    buf_init(&ledger, (size_t)16 << 20);
    sim_ledger_json(scene->sim, &ledger);
    cJSON *root = cJSON_ParseWithLength(ledger.data, ledger.len);
    cJSON *keys = cJSON_GetObjectItemCaseSensitive(root, "keys");
    if (keys == NULL)
        crash_violation(scene, "the ledger cannot be read");
    scene->executed = 0;
    for (cJSON *key = keys == NULL ? NULL : keys->child; key != NULL; key = key->next) {
        if (strstr(scene->known, key->string) != NULL)
            continue;
        scene->executed += cJSON_GetObjectItemCaseSensitive(key, "executions")->valueint;
        if (!rows->exists || find_row(rows, key->string) == NULL)
            crash_violation(scene, "the server knows %s, the journal does not", key->string);
    }
    cJSON_Delete(root);
    buf_done(&ledger);
}

/* What a kill before the first sync leaves of a rollback journal begins with a zero: it is none,
   and the next write cuts it off. */
static bool is_no_rollback(int folder, const char *name)
{
    char first = 0;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    bool none = fd >= 0 && (read(fd, &first, 1) == 0 || first == 0);

    if (fd >= 0)
        close(fd);
    return none;
}

static void judge_folder(struct crash_scene *scene, const char *folder, const char *allowed)
{
    char path[200];

    snprintf(path, sizeof path, "%s/%s/" DESK, scene->folder, folder);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        size_t length = strlen(allowed);
        bool ours = strncmp(entry->d_name, allowed, length) == 0;
        bool whole = ours && strcmp(entry->d_name + length, "") == 0;
        bool side = ours && strcmp(entry->d_name + length, "-journal") == 0;
        bool copy = ours && strncmp(entry->d_name + length, ".v", 2) == 0; /* of a migration */
        if (whole || copy || entry->d_name[0] == '.')
            continue;
        if (!side || !is_no_rollback(dirfd(dir), entry->d_name))
            crash_violation(scene, "left behind: %s", entry->d_name);
    }
    if (dir != NULL)
        closedir(dir);
}

static int take_answer(void *ctx, int count, char **values, char **names)
{
    (void)names;
    if (count == 1 && values[0] != NULL)
        snprintf(ctx, 200, "%s", values[0]);
    return 0;
}

static void judge_file(struct crash_scene *scene)
{
    char path[160], answer[200] = "";
    sqlite3 *db = NULL;

    snprintf(path, sizeof path, "%s/state/%s/journal.db", scene->folder, DESK);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA integrity_check", take_answer, answer, NULL) != SQLITE_OK ||
        strcmp(answer, "ok") != 0)
        crash_violation(scene, "integrity: %s %s", answer, db == NULL ? "" : sqlite3_errmsg(db));
    sqlite3_close(db);
}

void crash_judge(struct crash_scene *scene)
{
    struct rows rows;
    struct err err = {0};
    int64_t entries;

    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
        crash_violation(scene, "a process is left");
    judge_folder(scene, "state", "journal.db");
    judge_folder(scene, "cache", "cache.db");
    if (!rows_open(scene, &rows)) {
        rows_close(&rows);
        return;
    }
    for (size_t i = 0; rows.exists && i < rows.page.count; i++)
        judge_row(scene, &rows.page.rows[i]);
    judge_keys(scene, &rows);
    if (rows.exists && !journal_verify(rows.journal, &entries, &err))
        crash_violation(scene, "the audit trail does not hold: %s", err.detail);
    rows_close(&rows);
    judge_file(scene);
}
