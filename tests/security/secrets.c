/* Where the key goes. A canary for a key is taken from each source through every command and
   screen, refused keys, servers that repeat it, mistakes and crashes; then all that was said,
   drawn and written, all arguments and environments are searched for it. And the table of files
   that a key or a configuration is taken from.
     secrets [--short|--full] [--seed N] [--part commands|screens|echo|mistakes|crash|modes]
             [-p CONSOLE] */
#include "support_house.h"
#include "support_modes.h"
#include "../support_server.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define ONE "V400m-TEST-000001"

enum { SOON_MS = 20000 };

static bool wants(struct house *house, const char *part)
{
    house->part = part;
    return company_wants(&house->company, part);
}

/* The run must have ended so, else the part has not shown what it is there for. */
static void expect(struct house *house, int status, const char *const words[])
{
    int got = house_run(house, words);
    if (got == status || company_interrupted())
        return;
    company_violation(&house->company, "%s, key by %s: %s: ended with %d, not %d", house->part,
                      house_source_name(house->source), house->said, got, status);
}

/* --- every command ---------------------------------------------------------------------------- */

static void run_reads(struct house *house)
{
    bool all = house->company.full || house->source == BY_COMMAND || house->source == BY_VARIABLE;
    expect(house, 0, WORDS("sessions", "--limit", "20"));
    house_run(house, WORDS("doctor"));
    expect(house, 1, WORDS("--env", "live", "payments")); /* the key is of test only */
    if (!all)
        return;
    expect(house, 0, WORDS("payments", "--csv"));
    expect(house, 0, WORDS("modifications", "--json"));
    expect(house, 0, WORDS("terminals", "--online"));
    expect(house, 1, WORDS("session", "HOTEL9-EXTT-NOTHERE"));
    expect(house, 0, WORDS("inbox"));
    expect(house, 0, WORDS("recover", "--wait", "1"));
    expect(house, 0, WORDS("journal", "--verify"));
    house_run(house, WORDS("doctor", "--json"));
    expect(house, 4, WORDS("--env", "live", "--json", "charge", "--terminal", ONE, "--amount", "3",
                           "--yes"));
}

static void run_money(struct house *house)
{
    char reference[80] = "";
    expect(house, 0, WORDS("charge", "--terminal", ONE, "--amount", "12,50", "--yes", "--json"));
    house_member(house, "reference", reference, sizeof reference);
    expect(house, 0, WORDS("refund", reference, "--amount", "1", "--reason", "other", "--yes",
                           "--wait", "20"));
    expect(house, 0, WORDS("session", reference, "--json"));
    expect(house, 0, WORDS("charge", "--terminal", ONE, "--amount", "60", "--pre-auth", "--yes",
                           "--json"));
    house_member(house, "reference", reference, sizeof reference);
    if (house->company.full)
        expect(house, 0, WORDS("extend", reference, "--yes", "--wait", "20"));
    expect(house, 0, WORDS("capture", reference, "--amount", "50", "--yes"));
    expect(house, 1, WORDS("cancel", reference, "--yes"));
    expect(house, 0, WORDS("link", "--amount", "33,30", "--qr"));
    expect(house, 1, WORDS("charge", "--terminal", ONE, "--amount", "10,01", "--yes", "--json"));
    expect(house, 3, WORDS("charge", "--terminal", ONE, "--amount", "10,04", "--yes"));
    expect(house, 0, WORDS("recover", "--wait", "20", "--json"));
    expect(house, 6, WORDS("--read-only", "charge", "--terminal", ONE, "--amount", "5", "--yes"));
}

static void run_helps(struct house *house)
{
    static const char *const commands[] = {
        "sessions", "payments", "modifications", "session", "terminals", "charge", "link",
        "refund", "capture", "cancel", "extend", "inbox", "recover", "journal", "doctor"};
    expect(house, 0, WORDS("--help"));
    expect(house, 0, WORDS("--version"));
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        expect(house, 0, WORDS(commands[i], "--help"));
}

static void part_commands(struct house *house)
{
    for (house->source = 0; house->source < SOURCES; house->source++) {
        run_reads(house);
        if (house->company.full || house->source == BY_COMMAND)
            run_money(house);
        if (house->company.full || house->source == BY_VARIABLE)
            run_helps(house);
    }
}

/* --- screens ---------------------------------------------------------------------------------- */

/* Up, and with what the server says: the key has been used. */
static struct pty *open_screen(struct house *house)
{
    struct pty *pty = company_screen(&house->company, &house->envs[house->source], NULL);
    snprintf(house->said, sizeof house->said, "screen");
    if (!company_sees(&house->company, pty, "synced", SOON_MS))
        company_violation(&house->company, "%s, key by %s: no screen comes up", house->part,
                          house_source_name(house->source));
    return pty;
}

static void search_log(struct house *house, struct pty *pty)
{
    size_t len;
    const char *bytes = pty_log(pty, &len);
    const char *dress = canary_in(&house->canary, bytes, len);
    if (dress)
        house_found(house, "what the terminal was sent", dress);
}

/* Every screen, form and list of keys once; one charge from beginning to end. */
static void walk(struct house *house, struct pty *pty)
{
    static const char *const steps[] = {
        "2", "3", "4", "5", "6", "1", "<Enter>", "v", "<Esc>", "<Esc>", "?", "<Esc>",
        "/", "status:pending<Enter>", "<Esc>", "s", "<Space>", "y", "w", "R",
        "n", "<Esc>", "2", "r", "<Esc>", "c", "<Esc>", "x", "<Esc>", "e", "<Esc>", "1",
        "t", "<Esc>"};
    for (size_t i = 0; i < COUNT_OF(steps) && pty_running(pty); i++) {
        pty_type(pty, steps[i]);
        house_settle(house, pty);
    }
    house_insist(house, pty, "1", "[1 Sessions]");
    pty_type(pty, "p");
    company_sees(&house->company, pty, "online", SOON_MS);
    pty_type(pty, "1<Enter>13,5<Enter><Enter>RES-13<F2>");
    if (company_sees(&house->company, pty, "y Confirm", SOON_MS))
        house_insist(house, pty, "y", "Approved");
    house_settle(house, pty);
    house_insist(house, pty, "<Esc>", "/ Filter");
}

/* Whole copies of the key once requests under way are over; no more than wanted, if that comes. */
static int copies_at_rest(struct house *house, struct pty *pty, int wanted)
{
    int64_t end = company_now_ms() + 5000;
    int copies;
    do {
        house_settle(house, pty);
        copies = process_copies(&house->canary, pty_pid(pty));
    } while (copies > wanted && company_now_ms() < end);
    return copies;
}

/* What the system says of a console at rest: nothing of the key but one locked page. */
static void inspect(struct house *house, struct pty *pty, uint64_t *most_copies)
{
    pid_t pid = pty_pid(pty);
    process_sample(&house->watch, pid, true);
    int wanted = 1 + (house->source == BY_VARIABLE); /* which is kept for another environment */
    int copies = copies_at_rest(house, pty, wanted);
    if (copies > wanted)
        company_violation(&house->company, "screens, key by %s: %d copies in its memory",
                          house_source_name(house->source), copies);
    if (copies > 0 && (uint64_t)copies > *most_copies)
        *most_copies = (uint64_t)copies;
    if (process_number(pid, "status", "VmLck:") <= 0)
        company_violation(&house->company, "screens: no memory is locked");
    if (process_number(pid, "limits", "Max core file size") != 0)
        company_violation(&house->company, "screens: it may leave a core file");
}

/* In training the key is of no more use: it is gone. One from the variable waits for a return. */
static void leave_for_training(struct house *house, struct pty *pty)
{
    int wanted = house->source == BY_VARIABLE;
    pty_type(pty, "t1<Enter>");
    if (!company_sees(&house->company, pty, "(TRAINING)", SOON_MS)) {
        char *screen = pty_screen_text(pty);
        company_violation(&house->company, "screens: never goes to training:\n%s", screen);
        free(screen);
    }
    int copies = copies_at_rest(house, pty, wanted);
    if (copies > wanted)
        company_violation(&house->company, "screens, key by %s: %d copies left in training",
                          house_source_name(house->source), copies);
}

static void part_screens(struct house *house)
{
    uint64_t most_copies = 0;
    for (house->source = 0; house->source < SOURCES; house->source++) {
        struct pty *pty = open_screen(house);
        if (house->company.full || house->source == BY_VARIABLE)
            walk(house, pty);
        inspect(house, pty, &most_copies);
        leave_for_training(house, pty);
        house_insist(house, pty, "q", "");
        pty_type(pty, "q");
        search_log(house, pty);
        pty_close(pty);
    }
    printf("= copies of the key in a console's memory: %llu\n", (unsigned long long)most_copies);
}

/* --- a server that repeats it ----------------------------------------------------------------- */

static const char *const echoes[] = {
    "{\"success\":false,\"error\":{\"code\":11001,\"statusCode\":401,\"message\":\"no such key: "
    "X-API-KEY: %s\",\"traceId\":\"t-%s\"}}",
    "{\"success\":false,\"error\":{\"code\":12001,\"message\":\"%s\"},\"traceId\":\"%s\"}",
    "<html><h1>Bad request</h1><pre>X-API-KEY: %s %s</pre></html>",
    "{\"success\":true,\"data\":{\"items\":[{\"sessionId\":\"HOTEL9-EXTT-A\",\"status\":"
    "\"pending\",\"description\":\"%s\",\"customReference\":\"%s\",\"createdAt\":"
    "\"2026-01-02T10:00:00Z\",\"amount\":{\"value\":100,\"currency\":\"EUR\"}}]}}",
    "{\"success\":true,\"data\":{\"posPaymentId\":\"%s\",\"status\":\"%s\"}}",
    "%s%s",
};

/* slashes: as JSON may write them. */
static void echo_of(const struct house *house, size_t which, bool slashes, char *out, size_t size)
{
    char key[2 * CANARY_KEY_MAX] = "", *to = key;
    for (const char *from = house->canary.key; *from; from++) {
        if (slashes && *from == '/')
            *to++ = '\\';
        *to++ = *from;
    }
    size_t len = 0;
    for (const char *from = echoes[which]; *from && len < size - 1; from++) {
        if (from[0] == '%' && from[1] == 's') {
            len += (size_t)snprintf(out + len, size - len, "%s", key);
            from++;
        } else {
            out[len++] = *from;
        }
    }
    out[len] = '\0';
}

/* A command of a server that answers just so, whatever it is asked. */
static void hear(struct house *house, int status, const char *body, const char *const words[])
{
    char header[300];
    struct server *server = server_new(house->company.loop);
    house_set(house, BY_FILE, "AVIRATO_BASE_URL", server_base(server));
    snprintf(header, sizeof header,
             "X-Key: %s\r\nLocation: /%s\r\nRetry-After: %s\r\nConnection: close\r\n",
             house->canary.key, house->canary.key, house->canary.key);
    server_plan_json(server, status, header, body);
    house_run(house, words);
    server_free(server);
}

/* All that reads and one of each that moves. */
static void hear_all(struct house *house, int status, const char *body)
{
    hear(house, status, body, WORDS("sessions", "--limit", "5"));
    hear(house, status, body, WORDS("sessions", "--json"));
    hear(house, status, body, WORDS("session", "HOTEL9-EXTT-A", "--json"));
    hear(house, status, body, WORDS("terminals", "--online"));
    hear(house, status, body, WORDS("doctor"));
    hear(house, status, body, WORDS("charge", "--terminal", ONE, "--amount", "7", "--again",
                                    "--yes", "--json"));
    hear(house, status, body, WORDS("link", "--amount", "7", "--json"));
}

static void part_echo(struct house *house)
{
    static const int statuses[] = {200, 401, 404};
    char body[1000];
    house->source = BY_FILE;
    for (size_t i = 0; i < 2 * COUNT_OF(echoes); i++) {
        echo_of(house, i / 2, i % 2, body, sizeof body);
        for (size_t k = 0; k < COUNT_OF(statuses); k++)
            if (house->company.full || k == i % COUNT_OF(statuses))
                hear_all(house, statuses[k], body);
    }
    house_set(house, BY_FILE, "AVIRATO_BASE_URL", sim_base_url(house->company.sim));
    house_run(house, WORDS("inbox"));
    house_run(house, WORDS("journal", "--json"));
    house_run(house, WORDS("sessions", "--offline", "--json"));
}

/* --- mistakes of people ----------------------------------------------------------------------- */

static void part_mistakes(struct house *house)
{
    static const char *const lines[] = {
        "[test]\nwebcode = HOTEL9\napi_key = %s\n", "[test]\n%s\n", "%s\n", "[%s]\n",
        "[test]\nwebcode = %s\n", "[test]\nwebcode = HOTEL9\napi_key_command = %s\n",
        "[console]\nstart = %s\n",
        "[test]\nwebcode = HOTEL9\napi_key_file = %s\n", "[test]\nbase_url = https://%s@h/\n"};
    const char *key = house->canary.key;
    char word[80];
    house->source = BY_CREDENTIAL;
    house_set(house, BY_CREDENTIAL, "CREDENTIALS_DIRECTORY", "");
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        char text[400];
        const char *hole = strstr(lines[i], "%s");
        snprintf(text, sizeof text, "%.*s%s%s", (int)(hole - lines[i]), lines[i], key, hole + 2);
        const char *path = house_put(house, "wrong.ini", text, 0600);
        if (house_run(house, WORDS("--config", path, "sessions")) == 0)
            company_violation(&house->company, "mistakes: line %zu is taken", i);
        house_run(house, WORDS("--config", path, "doctor"));
    }
    snprintf(word, sizeof word, "--api-key=%s", key);
    expect(house, 2, WORDS(word, "sessions"));
    expect(house, 2, WORDS("--api-key", key, "sessions"));
    snprintf(word, sizeof word, "--json=%s", key);
    expect(house, 2, WORDS("sessions", word));
    house_set(house, BY_CREDENTIAL, "CREDENTIALS_DIRECTORY", house->vault);
    house_put(house, "avirato-test-key", key, 0644);
    house_run(house, WORDS("sessions"));
    snprintf(word, sizeof word, "%s %s", key, key);
    house_put(house, "avirato-test-key", word, 0600);
    house_run(house, WORDS("sessions"));
    house_run(house, WORDS("doctor", "--json"));
    house_put(house, "avirato-test-key", key, 0400);
}

/* --- crashes ---------------------------------------------------------------------------------- */

/* A process that does not defend itself must leave a core here, or its absence proves nothing. */
static bool cores_possible(struct house *house)
{
    char folder[160];
    bool found = false;
    snprintf(folder, sizeof folder, "%s/" HOUSE_VAULT "/core", house->company.folder);
    mkdir(folder, 0700);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (chdir(folder) == 0)
            abort();
        _exit(1);
    }
    int status;
    waitpid(pid, &status, 0);
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)
        found = found || entry->d_type == DT_REG;
    if (dir)
        closedir(dir);
    return found && WIFSIGNALED(status) && WCOREDUMP(status);
}

static uint64_t files_here(void)
{
    uint64_t count = 0;
    DIR *dir = opendir(".");
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)
        count += entry->d_type == DT_REG && strncmp(entry->d_name, "core", 4) == 0;
    if (dir)
        closedir(dir);
    return count;
}

static void part_crash(struct house *house)
{
    static const int signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSYS};
    uint64_t crashes = 0;
    for (size_t i = 0; i < (house->company.full ? COUNT_OF(signals) : 2); i++) {
        for (house->source = 0; house->source < SOURCES; house->source++) {
            if (!house->company.full && house->source % 2 != i)
                continue;
            struct pty *pty = open_screen(house);
            pty_signal(pty, signals[i]);
            if (!pty_wait_exit(pty, SOON_MS))
                company_violation(&house->company, "crash: signal %d does not end it", signals[i]);
            search_log(house, pty);
            pty_close(pty);
            crashes++;
        }
    }
    if (files_here() > 0)
        company_violation(&house->company, "crash: a core file was left");
    printf("= crashes: %llu\n", (unsigned long long)crashes);
    printf("= core files of the program: %llu\n", (unsigned long long)files_here());
    printf("= core files possible here: %d\n", cores_possible(house));
}

/* --- files ------------------------------------------------------------------------------------ */

static void part_modes(struct house *house)
{
    enum { NOBODY = 65534 };
    struct modes_result result = {0};
    uid_t users[] = {geteuid(), NOBODY};
    for (size_t i = 0; i < (users[0] == 0 ? COUNT_OF(users) : 1); i++)
        if (!modes_run(users[i], &result))
            company_violation(&house->company, "modes: cannot run as user %d", (int)users[i]);
    house->company.violations += result.violations;
    printf("= files tried as key or configuration: %llu\n", (unsigned long long)result.cases);
    printf("= files taken: %llu\n", (unsigned long long)result.taken);
    printf("= files refused: %llu\n", (unsigned long long)result.refused);
    printf("= files judged wrongly: %llu\n", (unsigned long long)result.violations);
}

/* --- all of it -------------------------------------------------------------------------------- */

/* The search finds each dress where it was put. */
static void check_search(struct house *house)
{
    struct canary *canary = &house->canary;
    for (size_t i = 0; i < canary->count; i++) {
        char text[4 * CANARY_HALF + 20] = "some text ";
        memcpy(text + 10, canary->needles[i].bytes, canary->needles[i].len);
        if (!canary_in(canary, text, sizeof text))
            company_violation(&house->company, "search: %s is not found", canary->needles[i].dress);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct house *house);
    } parts[] = {{"commands", part_commands}, {"screens", part_screens}, {"echo", part_echo},
                 {"mistakes", part_mistakes}, {"crash", part_crash},     {"modes", part_modes}};
    struct house house;
    if (!house_open(&house, argc, argv,
                    "secrets [--short|--full] [--seed N] [--part NAME] [-p CONSOLE]"))
        return 2;
    check_search(&house);
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (wants(&house, parts[i].name))
            parts[i].run(&house);
    house.part = "search";
    house.source = SOURCES;
    uint64_t temporary = house_search(&house);
    printf("= commands run with the key: %llu\n", (unsigned long long)house.runs);
    printf("= looks at arguments: %llu\n", (unsigned long long)house.watch.samples);
    printf("= looks at environments: %llu\n", (unsigned long long)house.watch.environments);
    printf("= looks at children: %llu\n", (unsigned long long)house.watch.children);
    printf("= files searched for the key: %llu\n",
           (unsigned long long)house.canary.searched_files);
    printf("= bytes searched for the key: %llu\n",
           (unsigned long long)house.canary.searched_bytes);
    printf("= files made in the folder for temporary ones: %llu\n", (unsigned long long)temporary);
    printf("= places where the key or its traces were found: %llu\n",
           (unsigned long long)house.company.violations);
    house_close(&house);
    return house.company.violations > 0;
}
