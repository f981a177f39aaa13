/* Text from strangers: none of it drives a terminal, leaves its field, forges a line or is run by a
   spreadsheet. Payloads stand in every text of every answer, in names, words and files; real
   consoles show them on terminals, and commands print them in every form. */
#include "support_text.h"

#include "../support_folder.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PLAIN_MAX = 90, SLICES_MAX = 6 };

void proof_violation(struct proof *proof, const char *format, ...)
{
    va_list values;

    proof->violations++;
    va_start(values, format);
    printf("VIOLATION --seed %llu %s", (unsigned long long)proof->seed,
           proof->full ? "--full " : "");
    vprintf(format, values);
    printf("\n");
    va_end(values);
}

int64_t proof_now_ms(void)
{
    return clock_boot_ms();
}

/* --- homes ------------------------------------------------------------------------------------ */

/* What a line of the configuration cannot hold, or a folder's name. */
static bool is_plain(const char *bytes)
{
    size_t len = strlen(bytes);

    return len > 0 && len <= PLAIN_MAX && !strpbrk(bytes, "\n\r/;#\"'=") && bytes[0] != ' ' &&
           bytes[0] != '\t' && bytes[len - 1] != ' ' && bytes[0] != '[';
}

char *proof_plain(const struct proof *proof, uint64_t number)
{
    size_t count = proof->payloads.count;

    for (size_t i = 0; i < count; i++) {
        const char *bytes = proof->payloads.all[(number * 31 + i) % count].bytes;
        if (is_plain(bytes))
            return mem_strdup(bytes);
    }
    return mem_strdup("x");
}

static void write_config(const char *path, const char *config)
{
    FILE *out = fopen(path, "w");
    char key[450];

    if (!out) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(2);
    }
    fprintf(out, "[console]\n%s[test]\nwebcode = HOTEL9\napi_key_file = %s.key\n", config, path);
    fclose(out);
    chmod(path, 0600);
    snprintf(key, sizeof key, "%s.key", path);
    out = fopen(key, "w");
    if (out) {
        fputs("test-key\n", out);
        fclose(out);
    }
    chmod(key, 0600);
}

void proof_home(struct proof *proof, struct proof_home *home, const char *name, const char *config,
                const struct hostile *hostile, const char *term)
{
    static unsigned serial;
    char path[400];
    int n = 0;
    /* The operator's name is that of the folder one stands in as well. */
    const char *value = strstr(config, "operator = ");
    value = value ? value + strlen("operator = ") : "place";

    snprintf(home->path, sizeof home->path, "%s/%s-%ld-%04u", proof->folder, name, proof->slice,
             serial++);
    mkdir(home->path, 0700);
    snprintf(path, sizeof path, "%s/avirato-console", home->path);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/avirato-console/config.ini", home->path);
    write_config(path, config);
#define SET(...) snprintf(home->room[n++], sizeof home->room[0], __VA_ARGS__)
    SET("PLACE=%s/w%ld/%.*s", proof->folder, proof->slice, (int)strcspn(value, "\n"), value);
    SET("HOME=%s", home->path);
    SET("XDG_CONFIG_HOME=%s", home->path);
    SET("AVIRATO_BASE_URL=%s", hostile->base);
    SET("AVIRATO_ENV=test");
    SET("PATH=/usr/bin:/bin");
    SET("TERM=%s", term);
    SET("LC_ALL=C.UTF-8");
#undef SET
    for (int i = 0; i < n; i++)
        home->env[i] = home->room[i];
    home->env[n] = NULL;
    snprintf(path, sizeof path, "%s/w%ld", proof->folder, proof->slice);
    mkdir(path, 0700);
    mkdir(home->room[0] + strlen("PLACE="), 0700);
}

/* --- the program ------------------------------------------------------------------------------ */

static bool read_options(struct proof *proof, int argc, char **argv)
{
    char path[PATH_MAX];
    const char *slash = strrchr(argv[0], '/');

    proof->seed = 1;
    proof->session = -1;
    snprintf(path, sizeof path, "%.*s/../../avirato-console", slash ? (int)(slash - argv[0]) : 1,
             slash ? argv[0] : ".");
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--full") == 0 || strcmp(argv[i], "--short") == 0) {
            proof->full = argv[i][2] == 'f';
            continue;
        }
        if (!value)
            return false;
        if (strcmp(argv[i], "--seed") == 0)
            proof->seed = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--part") == 0)
            proof->only = value;
        else if (strcmp(argv[i], "--session") == 0)
            proof->session = strtol(value, NULL, 10);
        else if (strcmp(argv[i], "-p") == 0)
            snprintf(path, sizeof path, "%s", value);
        else
            return false;
        i++;
    }
    return realpath(path, proof->program) && access(proof->program, X_OK) == 0;
}

static void tell(const struct proof *proof)
{
    struct hostile_sums sums = hostile_sums(&proof->payloads);

    printf("= hostile payloads: %zu\n", proof->payloads.count);
    printf("= payloads that an answer can carry: %zu\n", proof->payloads.json);
    printf("= hostile texts sent: %llu\n", (unsigned long long)proof->texts);
    printf("= payloads in fields of answers: %llu of %llu\n", (unsigned long long)sums.pairs,
           (unsigned long long)(sums.fields * proof->payloads.json));
    printf("= fields of answers with %d payloads and more: %llu of %llu\n", HOSTILE_MANY,
           (unsigned long long)sums.full, (unsigned long long)sums.fields);
    printf("= sessions at the screen: %llu\n", (unsigned long long)proof->sessions);
    printf("= screens compared: %llu\n", (unsigned long long)proof->screens);
    printf("= cells compared: %llu\n", (unsigned long long)proof->cells);
    printf("= cells of hostile text: %llu\n", (unsigned long long)proof->covered);
    printf("= escape sequences checked: %llu\n", (unsigned long long)proof->sequences);
    printf("= commands with hostile text: %llu\n", (unsigned long long)proof->commands);
    printf("= bytes through the gate: %llu\n", (unsigned long long)proof->bytes);
    printf("= hostile text violations: %llu\n", (unsigned long long)proof->violations);
}

/* --- at once ---------------------------------------------------------------------------------- */

typedef void (*part)(struct proof *proof);

/* Sessions wait more than they work: several at once, each process with a loop of its own. */
static pid_t fork_slice(struct proof *slot, part run)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    slot->loop = loop_new();
    run(slot);
    loop_free(slot->loop);
    fflush(NULL);
    _exit(0);
}

static void add_up(struct proof *proof, const struct proof *slot)
{
    proof->violations += slot->violations;
    proof->bytes += slot->bytes;
    proof->sequences += slot->sequences;
    proof->copies += slot->copies;
    proof->screens += slot->screens;
    proof->cells += slot->cells;
    proof->covered += slot->covered;
    proof->sessions += slot->sessions;
    proof->commands += slot->commands;
    proof->texts += slot->texts;
}

static void run_part(struct proof *proof, part run, long slices)
{
    pid_t pids[SLICES_MAX];
    struct proof *slots = mmap(NULL, (size_t)slices * sizeof *slots, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (slots == MAP_FAILED)
        exit(2);
    for (long i = 0; i < slices; i++) {
        slots[i].full = proof->full; /* what is counted begins at 0 */
        slots[i].seed = proof->seed;
        slots[i].session = proof->session;
        slots[i].payloads = proof->payloads;
        memcpy(slots[i].program, proof->program, sizeof proof->program);
        memcpy(slots[i].folder, proof->folder, sizeof proof->folder);
        slots[i].slice = i;
        slots[i].slices = slices;
        pids[i] = fork_slice(&slots[i], run);
    }
    for (long i = 0; i < slices; i++) {
        int status = 0;
        if (pids[i] < 0 || waitpid(pids[i], &status, 0) != pids[i] || status != 0)
            proof_violation(proof, "slice %ld of a part did not end well: %d", i, status);
    }
    for (long i = 0; i < slices; i++)
        add_up(proof, &slots[i]);
    munmap(slots, (size_t)slices * sizeof *slots);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        part run;
        long slices;
    } parts[] = {
        {"screens", proof_screens, 6}, {"commands", proof_commands, 2}, {"names", proof_names, 2}};
    struct proof *proof = mem_alloc(sizeof *proof);
    const char *temp = getenv("TMPDIR");

    if (!read_options(proof, argc, argv)) {
        fputs("usage: text [--short | --full] [--seed N] [--part screens|commands|names]"
              " [--session N] [-p PROGRAM]\n",
              stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    snprintf(proof->folder, sizeof proof->folder, "%.40s/text-XXXXXX",
             temp && *temp ? temp : "/tmp");
    if (!mkdtemp(proof->folder)) {
        fprintf(stderr, "%s: %s\n", proof->folder, strerror(errno));
        return 2;
    }
    payloads_make(&proof->payloads);
    hostile_count(&proof->payloads);
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (!proof->only || strcmp(proof->only, parts[i].name) == 0)
            run_part(proof, parts[i].run, parts[i].slices);
    tell(proof);
    int status = proof->violations > 0;
    payloads_free(&proof->payloads);
    folder_remove(proof->folder);
    free(proof);
    return status;
}
