/* Runs seeds of the deterministic simulation (world.h) and says what was seen.

   simulate [--short | --full] [--seeds N] [--from S] [--seed N [--trace]] [--jobs J]

   Seeds that have failed once (seeds.txt beside this file) always run first. Every failing seed and
   100 passing ones run twice, and must leave the same trace. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "world.h"
#include "../support_folder.h"

#define SHORT_SEEDS  1500
#define FULL_SEEDS   20000
#define TWICE        100  /* passing seeds that are run again */
#define FULL_KIND    200  /* of each kind of fault, in a full run */
#define FULL_FAULTS  20000
#define OLD_MAX      500

struct options {
    uint64_t from, count, one;
    bool only_one, full, counted;
    int jobs;
};
struct figures { /* of one worker */
    int64_t seeds, violations, twice, different, faults[FAULT_COUNT], numbers[6];
};

static char folder[64];
static uint64_t old_seeds[OLD_MAX];
static size_t old_count;

/* --- the folder ----------------------------------------------------------------------------- */

static void clean_up(void)
{
    folder_remove(folder);
}

static void on_signal(int signal)
{
    clean_up(); /* nothing but this program uses the folder */
    _exit(128 + signal);
}

static bool make_folder(void)
{
    struct stat info;

    snprintf(folder, sizeof folder, "%s/avirato-world-XXXXXX",
             stat("/dev/shm", &info) == 0 ? "/dev/shm" : "/tmp");
    return mkdtemp(folder) != NULL;
}

/* Thousands of databases are opened and closed, all in one thread: saves a quarter of the time. */
static void work_fast(void)
{
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 512, 600);
}

/* --- seeds ---------------------------------------------------------------------------------- */

static void read_old_seeds(void)
{
    FILE *file = fopen("tests/safety/seeds.txt", "re");
    char line[200];

    while (file != NULL && fgets(line, sizeof line, file) != NULL && old_count < OLD_MAX)
        if (line[0] >= '0' && line[0] <= '9')
            old_seeds[old_count++] = strtoull(line, NULL, 10);
    if (file != NULL)
        fclose(file);
}

static void run_seed(uint64_t seed, struct figures *figures, bool twice)
{
    uint64_t first = 0, second = 0;
    char what[sizeof world.first_violation];
    bool good = world_run(seed, &first);

    figures->seeds++;
    if (!good) {
        figures->violations++;
        snprintf(what, sizeof what, "%s", world.first_violation);
        printf("VIOLATION seed %" PRIu64 ": %s\n", seed, what);
        fflush(stdout);
    }
    if (world_tracing || (good && !twice))
        return;
    int64_t kept[FAULT_COUNT];
    memcpy(kept, fault_counts, sizeof kept);
    world_run(seed, &second);
    memcpy(fault_counts, kept, sizeof kept);
    figures->twice++;
    if (first != second) {
        figures->different++;
        printf("VIOLATION seed %" PRIu64 ": its second run differs from the first\n", seed);
    }
}

static void run_share(const struct options *options, int worker, struct figures *figures)
{
    uint64_t jobs = (uint64_t)options->jobs;

    for (size_t i = (size_t)worker; i < old_count; i += jobs)
        run_seed(old_seeds[i], figures, false);
    for (uint64_t i = (uint64_t)worker; i < options->count; i += jobs) {
        run_seed(options->from + i, figures, i < TWICE);
        if (worker == 0 && i > 0 && i / jobs % 1000 == 0) {
            printf("%" PRIu64 " of %" PRIu64 " seeds\n", i, options->count);
            fflush(stdout);
        }
    }
    memcpy(figures->faults, fault_counts, sizeof fault_counts);
    const int64_t numbers[] = {figure_intents, figure_posts, figure_executions,
                               figure_kills,   figure_manual, figure_ambiguous};
    memcpy(figures->numbers, numbers, sizeof numbers);
}

/* --- workers -------------------------------------------------------------------------------- */

static bool read_all(int fd, void *out, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t now = read(fd, (char *)out + got, size - got);
        if (now <= 0 && errno != EINTR)
            return false;
        got += now > 0 ? (size_t)now : 0;
    }
    return true;
}

static void work(const struct options *options, int worker, int fd)
{
    static struct figures figures;
    char own[80];

    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    snprintf(own, sizeof own, "%s/%d", folder, worker);
    mkdir(own, 0700);
    world_prepare(own);
    run_share(options, worker, &figures);
    fflush(stdout);
    _exit(write(fd, &figures, sizeof figures) == (ssize_t)sizeof figures ? 0 : 2);
}

/* Deals the seeds out; false when a worker did not come to its end. */
static bool run_all(const struct options *options, struct figures *sum)
{
    int pipes[8][2];
    pid_t workers[8];
    bool whole = true;

    for (int i = 0; i < options->jobs; i++) {
        if (pipe(pipes[i]) != 0 || (workers[i] = fork()) < 0)
            return false;
        if (workers[i] == 0)
            work(options, i, pipes[i][1]);
        close(pipes[i][1]);
    }
    for (int i = 0; i < options->jobs; i++) {
        struct figures figures;
        int status = 0;
        bool good = read_all(pipes[i][0], &figures, sizeof figures);
        waitpid(workers[i], &status, 0);
        if (!good || status != 0) {
            printf("VIOLATION worker %d ended with status %d\n", i, status);
            whole = false;
            continue;
        }
        for (size_t j = 0; j < sizeof figures / sizeof(int64_t); j++)
            ((int64_t *)sum)[j] += ((int64_t *)&figures)[j];
    }
    return whole;
}

/* --- the end -------------------------------------------------------------------------------- */

static bool print_figures(const struct options *options, const struct figures *sum)
{
    static const char *const names[] = {"intents", "POSTs", "executions", "processes ended badly",
                                        "ended with a person", "of these ambiguous"};
    int64_t total = 0;
    bool good = sum->violations == 0 && sum->different == 0;

    if (sum->numbers[0] < 2 * sum->seeds) {
        printf("VIOLATION simulation: %" PRId64 " intents are too few\n", sum->numbers[0]);
        good = false;
    }

    printf("= simulation seeds: %" PRId64 "\n", sum->seeds);
    printf("= simulation violations: %" PRId64 "\n", sum->violations);
    printf("= simulation seeds run twice: %" PRId64 ", different: %" PRId64 "\n", sum->twice,
           sum->different);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        printf("= simulation %s: %" PRId64 "\n", names[i], sum->numbers[i]);
    for (int i = FAULT_NONE + 1; i < FAULT_COUNT; i++) {
        total += sum->faults[i];
        printf("= fault %s: %" PRId64 "\n", fault_names[i], sum->faults[i]);
        if (options->counted && sum->faults[i] < FULL_KIND) {
            printf("VIOLATION fault %s: below %d\n", fault_names[i], FULL_KIND);
            good = false;
        }
    }
    printf("= faults injected: %" PRId64 "\n", total);
    return good && (!options->counted || total >= FULL_FAULTS);
}

static bool read_options(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--full") == 0) {
            options->full = true;
        } else if (strcmp(argv[i], "--trace") == 0) {
            world_tracing = true;
        } else if (strcmp(argv[i], "--seed") == 0 && *value != '\0') {
            options->only_one = true;
            options->one = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--seeds") == 0 && *value != '\0') {
            options->count = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--from") == 0 && *value != '\0') {
            options->from = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--jobs") == 0 && *value != '\0') {
            options->jobs = (int)strtol(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--short") != 0) {
            return false;
        }
    }
    options->counted = options->full && options->count == 0;
    if (options->count == 0)
        options->count = options->full ? FULL_SEEDS : SHORT_SEEDS;
    return options->jobs >= 1 && options->jobs <= 8;
}

int main(int argc, char **argv)
{
    struct options options = {.from = 1, .jobs = 2};
    static struct figures sum;
    bool good = true;

    if (!read_options(argc, argv, &options)) {
        fputs("simulate [--short|--full] [--seeds N] [--from S] [--seed N [--trace]] [--jobs J]\n",
              stderr);
        return 2;
    }
    work_fast();
    if (!make_folder())
        return 2;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (options.only_one) {
        world_prepare(folder);
        run_seed(options.one, &sum, !world_tracing);
        good = sum.violations == 0 && sum.different == 0;
        printf("= simulation violations: %" PRId64 "\n", sum.violations);
    } else {
        read_old_seeds();
        fflush(stdout);
        good = run_all(&options, &sum);
        good = print_figures(&options, &sum) && good;
    }
    clean_up();
    return good ? 0 : 1;
}
