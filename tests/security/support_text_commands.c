/* What commands print: into pipes, as CSV and JSON, as tables on terminals of several sets of
   characters, and what they say on stderr. Then names that come from no answer. */
#include "support_text.h"

#include "../../tui/text.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COLS = 80, WORDS_MAX = 12, LIMIT_MS = 20000, SAID_MAX = 16 << 20 };

struct said {
    struct buf out, err; /* on a terminal all is in out */
    int status;          /* 128 + signal; -1: it did not end */
};

/* --- running ---------------------------------------------------------------------------------- */

static void fill_argv(struct proof *proof, const char *const words[], char *argv[])
{
    int i = 0;

    argv[0] = proof->program;
    for (; words[i] && i < WORDS_MAX; i++)
        argv[i + 1] = (char *)(uintptr_t)words[i];
    argv[i + 1] = NULL;
}

static void take_file(int fd, struct buf *out)
{
    char bytes[65536];
    ssize_t got;

    lseek(fd, 0, SEEK_SET);
    buf_puts(out, "");
    while ((got = read(fd, bytes, sizeof bytes)) > 0)
        buf_add(out, bytes, (size_t)got);
    close(fd);
}

static void run_into_files(struct proof *proof, char *argv[], char *env[], struct said *said)
{
    int fds[2], status = 0, null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int64_t end = proof_now_ms() + LIMIT_MS;

    for (int i = 0; i < 2; i++)
        fds[i] = open(proof->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(null, STDIN_FILENO);
        dup2(fds[0], STDOUT_FILENO);
        dup2(fds[1], STDERR_FILENO);
        execve(argv[0], argv, env);
        _exit(127);
    }
    pid_t ended = 0;
    while ((ended = waitpid(pid, &status, WNOHANG)) == 0 && proof_now_ms() < end)
        loop_turn(proof->loop, 1);
    if (ended == 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    close(null);
    said->status = ended == 0          ? -1
                   : WIFEXITED(status) ? WEXITSTATUS(status)
                                       : 128 + WTERMSIG(status);
    take_file(fds[0], &said->out);
    take_file(fds[1], &said->err);
}

static void run_on_terminal(struct proof *proof, char *argv[], char *env[], struct said *said)
{
    struct pty *pty = pty_open(argv, env, 24, COLS);
    int64_t end = proof_now_ms() + LIMIT_MS;
    size_t len;

    while (pty && pty_running(pty) && proof_now_ms() < end) {
        loop_turn(proof->loop, 1);
        pty_pump(pty, 1);
    }
    said->status = pty ? pty_exit_status(pty) : -1;
    const char *log = pty ? pty_log(pty, &len) : NULL;
    buf_puts(&said->out, "");
    buf_puts(&said->err, "");
    for (size_t i = 0; log && i < len; i++) /* the line's own returns */
        if (log[i] != '\r' || i + 1 >= len || log[i + 1] != '\n')
            buf_add(&said->out, log + i, 1);
    pty_close(pty);
}

static void run(struct proof *proof, char *env[], bool tty, const char *const words[],
                struct said *said)
{
    char *argv[WORDS_MAX + 2];

    buf_init(&said->out, SAID_MAX);
    buf_init(&said->err, SAID_MAX);
    fill_argv(proof, words, argv);
    if (tty)
        run_on_terminal(proof, argv, env, said);
    else
        run_into_files(proof, argv, env, said);
    proof->commands++;
    proof->bytes += said->out.len + said->err.len;
}

static void said_done(struct said *said)
{
    buf_done(&said->out);
    buf_done(&said->err);
}

/* --- judging ---------------------------------------------------------------------------------- */

enum form { PLAIN, DATA, CSV, JSON, TABLE, TABLE_8BIT, JSON_8BIT, FORMS };

static bool has_c1(const struct buf *out)
{
    for (size_t i = 0; i < out->len; i++) {
        unsigned char c = (unsigned char)out->data[i];
        if ((c < 0x20 && c != '\n') || c == 0x7F || (c >= 0x80 && c < 0xA0))
            return true;
    }
    return false;
}

/* A row is one line, and no longer than the terminal is wide. */
static bool is_table(const struct buf *out, size_t lines, char wrong[200])
{
    struct arena arena = {0};
    size_t count = 0;
    bool ok = true;

    for (const char *at = out->data; *at && ok; count++) {
        size_t len = strcspn(at, "\n");
        struct text line = {arena_strndup(&arena, at, len)};
        ok = text_width(line) <= COLS;
        if (!ok)
            snprintf(wrong, 200, "a line of %d cells: %.150s", text_width(line), line.bytes);
        at += len + (at[len] == '\n');
    }
    if (ok && count != lines)
        snprintf(wrong, 200, "%zu lines instead of %zu", count, lines);
    arena_done(&arena);
    return ok && count == lines;
}

static size_t count_columns(const struct buf *out)
{
    size_t columns = 1;

    for (const char *p = out->data; *p && *p != '\n'; p++)
        columns += *p == ',';
    return columns;
}

static bool passes(const struct said *said, enum form form, size_t rows, char wrong[200])
{
    const struct buf *out = &said->out;

    snprintf(wrong, 200, "ended with %d", said->status);
    if (said->status < 0 || said->status > 6)
        return false;
    if (!gate_plain(said->err.data, said->err.len, false, wrong))
        return false;
    switch (form) {
    case CSV:
        return gate_csv(out->data, out->len, count_columns(out), wrong);
    case JSON:
        return gate_json(out->data, out->len, wrong);
    case TABLE:
        return gate_plain(out->data, out->len, false, wrong) && is_table(out, rows + 1, wrong);
    case TABLE_8BIT:
    case JSON_8BIT:
        snprintf(wrong, 200, "a control character of a set of single bytes");
        return !has_c1(out);
    default:
        return gate_plain(out->data, out->len, form == DATA, wrong);
    }
}

static void judge(struct proof *proof, long number, const char *const words[], enum form form,
                  const struct said *said)
{
    char wrong[200], command[400] = "";
    bool terminals = words[0] && strcmp(words[0], "terminals") == 0;
    size_t rows = terminals ? HOSTILE_DATED : HOSTILE_ROWS;

    if (passes(said, form, rows, wrong))
        return;
    for (int i = 0; words[i]; i++)
        snprintf(command + strlen(command), sizeof command - strlen(command), " %.80s", words[i]);
    for (char *p = command; *p; p++)
        *p = (unsigned char)*p < 0x20 || (unsigned char)*p > 0x7E ? '?' : *p;
    proof_violation(proof, "--part commands --session %ld:%s (form %d): %s", number, command,
                    (int)form, wrong);
}

/* --- commands --------------------------------------------------------------------------------- */

struct shop {
    struct proof *proof;
    struct hostile server;
    struct proof_home home;
    long number;
};

static void do_command(struct shop *shop, enum form form, const char *locale,
                       const char *const words[])
{
    struct said said;
    char set[60];
    char *env[16];
    int n = 0;

    for (; shop->home.env[n]; n++)
        env[n] = shop->home.env[n];
    snprintf(set, sizeof set, "LC_ALL=%s", locale);
    for (int i = 0; i < n; i++)
        if (strncmp(env[i], "LC_ALL=", 7) == 0)
            env[i] = set;
    env[n] = NULL;
    run(shop->proof, env, form >= TABLE, words, &said);
    judge(shop->proof, shop->number, words, form, &said);
    said_done(&said);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void do_lists(struct shop *shop)
{
    static const char *const lists[] = {"sessions", "payments", "modifications"};

    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const char *list = lists[i];
        do_command(shop, DATA, "C.UTF-8", WORDS(list, "--limit", "0"));
        do_command(shop, CSV, "C.UTF-8", WORDS(list, "--csv", "--offline"));
        do_command(shop, JSON, "C.UTF-8", WORDS(list, "--json", "--offline"));
        do_command(shop, TABLE, "C.UTF-8", WORDS(list, "--offline"));
        do_command(shop, TABLE_8BIT, "C", WORDS(list, "--offline"));
        do_command(shop, TABLE_8BIT, "es_ES.ISO-8859-1", WORDS(list, "--csv", "--offline"));
        do_command(shop, JSON_8BIT, "es_ES.ISO-8859-1", WORDS(list, "--json", "--offline"));
    }
}

static void do_others(struct shop *shop)
{
    do_command(shop, DATA, "C.UTF-8", WORDS("terminals"));
    do_command(shop, TABLE, "C.UTF-8", WORDS("terminals"));
    do_command(shop, JSON, "C.UTF-8", WORDS("terminals", "--json"));
    do_command(shop, PLAIN, "C.UTF-8", WORDS("session", "HOTEL9-PXTT-ROW000"));
    do_command(shop, JSON, "C.UTF-8", WORDS("session", "HOTEL9-PXTT-ROW000", "--json"));
    do_command(shop, PLAIN, "C.UTF-8", WORDS("session", "HOTEL9-POSXT-ROW001"));
    do_command(shop, PLAIN, "C.UTF-8", WORDS("sessions", "status:nothing"));
    do_command(shop, PLAIN, "C.UTF-8", WORDS("doctor"));
    do_command(shop, JSON, "C.UTF-8", WORDS("doctor", "--json"));
    do_command(
        shop, PLAIN, "C.UTF-8",
        WORDS("refund", "HOTEL9-POSXT-ROW000", "--amount", "1.51", "--reason", "other", "--yes"));
    do_command(shop, JSON, "C.UTF-8",
               WORDS("refund", "HOTEL9-POSXT-ROW000", "--amount", "2", "--reason", "other", "--yes",
                     "--json"));
    do_command(shop, PLAIN, "C.UTF-8", WORDS("link", "--amount", "9.51"));
    do_command(shop, PLAIN, "C.UTF-8", WORDS("link", "--amount", "9", "--qr"));
    do_command(shop, JSON, "C.UTF-8", WORDS("link", "--amount", "9", "--json"));
}

/* Charges on the first terminal that the console knows, whose id is a payload as well. */
static void do_charges(struct shop *shop, int count)
{
    struct said said;
    char amount[24], poi[300];

    run(shop->proof, shop->home.env, false, WORDS("terminals"), &said);
    const char *line = strchr(said.out.data, '\n');
    snprintf(poi, sizeof poi, "%.*s", line ? (int)strcspn(said.out.data, "\t\n") : 0,
             said.out.data);
    said_done(&said);
    for (int i = 0; i < count; i++) {
        snprintf(amount, sizeof amount, "%d.51", 10 + i);
        do_command(shop, i % 2 ? JSON : PLAIN, "C.UTF-8",
                   WORDS("charge", "--terminal", poi, "--amount", amount, "--yes", "--again",
                         i % 2 ? "--json" : "--language", i % 2 ? NULL : "en"));
    }
    do_command(shop, DATA, "C.UTF-8", WORDS("inbox"));
    do_command(shop, JSON, "C.UTF-8", WORDS("inbox", "--json"));
    do_command(shop, DATA, "C.UTF-8", WORDS("journal"));
    do_command(shop, CSV, "C.UTF-8", WORDS("journal", "--csv"));
    do_command(shop, JSON, "C.UTF-8", WORDS("journal", "--json"));
}

static void visit(struct proof *proof, long number)
{
    struct shop *shop = mem_alloc(sizeof *shop);
    char config[400], *plain = proof_plain(proof, (uint64_t)number);

    shop->proof = proof;
    shop->number = number;
    shop->server = (struct hostile){
        .loop = proof->loop, .payloads = &proof->payloads, .from = (size_t)number * HOSTILE_DATED};
    snprintf(config, sizeof config, "operator = %s\n", plain);
    free(plain);
    if (hostile_start(&shop->server)) {
        proof_home(proof, &shop->home, "shop", config, &shop->server, "xterm");
        do_lists(shop);
        do_others(shop);
        do_charges(shop, proof->full ? HOSTILE_DATED : 2);
        if (shop->server.strange > 0)
            proof_violation(proof, "--part commands --session %ld: a cursor came back otherwise",
                            number);
        proof->texts += shop->server.texts;
        hostile_stop(&shop->server);
    }
    free(shop);
}

void proof_commands(struct proof *proof)
{
    long all = (long)(proof->payloads.json / HOSTILE_DATED) + 1;

    if (proof->session >= 0) {
        if (proof->slice == 0)
            visit(proof, proof->session);
        return;
    }
    for (long i = proof->slice; i < (proof->full ? all : 1); i += proof->slices)
        visit(proof, proof->full ? i : (long)(proof->seed % (uint64_t)all));
}

/* --- names ------------------------------------------------------------------------------------ */

/* Where a payload stands, and the command that comes across it. */
static const struct {
    const char *variable; /* set to the payload; NULL: it is a word */
    const char *words[5]; /* "@" stands for it */
} places[] = {
    {"TERM", {NULL}},
    {"TERM", {"doctor"}},
    {"LC_ALL", {"doctor"}},
    {"AVIRATO_ENV", {"sessions"}},
    {"AVIRATO_WEBCODE", {"sessions"}},
    {"AVIRATO_BASE_URL", {"sessions"}},
    {"AVIRATO_API_KEY", {"sessions"}},
    {"XDG_STATE_HOME", {"journal"}},
    {"XDG_CONFIG_HOME", {"doctor"}},
    {"TZ", {"sessions"}},
    {NULL, {"@"}},
    {NULL, {"--@"}},
    {NULL, {"--env", "@"}},
    {NULL, {"--config", "@", "sessions"}},
    {NULL, {"sessions", "@", "--offline"}},
    {NULL, {"sessions", "status:@", "--offline"}},
    {NULL, {"sessions", "--limit", "@"}},
    {NULL, {"session", "@", "--offline"}},
    {NULL, {"charge", "--terminal", "@", "--amount", "x"}},
    {NULL, {"charge", "--amount", "@", "--terminal", "x"}},
    {NULL, {"refund", "@", "--all", "--reason", "x"}},
};

static void name_in_place(struct shop *shop, size_t place, const char *payload)
{
    char variable[5000], word[5000], *env[16];
    const char *words[6] = {NULL};
    struct said said;
    int n = 0;

    snprintf(variable, sizeof variable, "%s=%s",
             places[place].variable ? places[place].variable : "", payload);
    for (; shop->home.env[n]; n++) {
        size_t len = strcspn(variable, "=") + 1;
        bool own = len > 1 && strncmp(shop->home.env[n], variable, len) == 0;
        env[n] = own ? (char[]){"X="} : shop->home.env[n];
    }
    if (places[place].variable)
        env[n++] = variable;
    env[n] = NULL;
    for (int i = 0; i < 5 && places[place].words[i]; i++) {
        const char *at = strchr(places[place].words[i], '@');
        words[i] = places[place].words[i];
        if (!at)
            continue;
        snprintf(word, sizeof word, "%.*s%s", (int)(at - words[i]), words[i], payload);
        words[i] = word;
    }
    run(shop->proof, env, true, words, &said);
    judge(shop->proof, shop->number, words, PLAIN, &said);
    said_done(&said);
}

/* A configuration file with the payload as section, key and value. */
static void name_in_config(struct shop *shop, int which, const char *payload)
{
    static const char *const shapes[] = {"[console]\noperator = x\n%s = y\n", "[%s]\nx = y\n",
                                         "[console]\ntimezone = %s\n", "[console]\nstart = %s\n"};
    char path[400];
    struct said said;

    snprintf(path, sizeof path, "%s/hostile.ini", shop->home.path);
    FILE *out = fopen(path, "w");
    if (!out)
        return;
    const char *hole = strchr(shapes[which], '%');
    fprintf(out, "%.*s%s%s", (int)(hole - shapes[which]), shapes[which], payload, hole + 2);
    fclose(out);
    chmod(path, 0600);
    run(shop->proof, shop->home.env, true, WORDS("--config", path, "sessions"), &said);
    judge(shop->proof, shop->number, WORDS("--config", path, "sessions"), PLAIN, &said);
    said_done(&said);
}

/* Answers that are no JSON because of what stands in their texts. */
static void broken_answers(struct shop *shop)
{
    shop->server.broken = true;
    do_command(shop, PLAIN, "C.UTF-8", WORDS("sessions"));
    do_command(shop, PLAIN, "C.UTF-8", WORDS("doctor"));
    do_command(shop, PLAIN, "C.UTF-8", WORDS("link", "--amount", "9.51"));
    shop->server.broken = false;
}

void proof_names(struct proof *proof)
{
    struct shop *shop = mem_alloc(sizeof *shop);
    size_t step = (proof->full ? 1 : 29) * (size_t)proof->slices, ways = COUNT_OF(places) + 4;
    size_t each = proof->full ? 3 : 2;

    shop->proof = proof;
    shop->server = (struct hostile){.loop = proof->loop, .payloads = &proof->payloads};
    if (hostile_start(&shop->server)) {
        proof_home(proof, &shop->home, "names", "", &shop->server, "xterm");
        for (size_t i = (size_t)proof->slice + (size_t)proof->seed % 29; i < proof->payloads.count;
             i += step) {
            const char *payload = proof->payloads.all[i].bytes;
            shop->number = (long)i;
            for (size_t k = 0; k < each; k++) {
                size_t way = (i / step * each + k) % ways;
                if (way < COUNT_OF(places))
                    name_in_place(shop, way, payload);
                else
                    name_in_config(shop, (int)(way - COUNT_OF(places)), payload);
            }
        }
        shop->server.from = (size_t)proof->seed;
        broken_answers(shop);
        proof->texts += shop->server.texts;
        hostile_stop(&shop->server);
    }
    free(shop);
}
