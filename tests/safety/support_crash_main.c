/* What crash and multicrash share: options, workers, figures. */
#include "support_crash.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct crash_options crash_options = {.seed = 1};
struct crash_fault crash_fault_table[CRASH_FAULTS_MAX];
size_t crash_fault_count;
static volatile sig_atomic_t interrupted;

bool crash_interrupted(void)
{
    return interrupted;
}

uint64_t crash_draw(uint64_t *state, uint64_t below)
{
    uint64_t x = (*state += UINT64_C(0x9e3779b97f4a7c15));

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (x ^ x >> 31) % below;
}

static void on_interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

static bool read_options(int argc, char **argv, const struct crash_play *play)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--full") == 0 || strcmp(argv[i], "--short") == 0) {
            crash_options.full = argv[i][2] == 'f';
            continue;
        }
        if (value == NULL)
            return false;
        if (strcmp(argv[i], "--seed") == 0)
            crash_options.seed = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "-p") == 0)
            crash_options.program = value;
        else if (strcmp(argv[i], play->one) == 0)
            crash_options.one = value;
        else
            return false;
        i++;
    }
    return true;
}

static int work(struct crash_scene *scene, const struct crash_play *play)
{
    bool good = crash_open(scene, crash_options.seed);

    if (!good)
        fprintf(stderr, "%s: the desk could not be set up\n", play->name);
    else if (crash_options.one == NULL)
        good = play->play_all(scene);
    else if (!(good = play->play_one(scene, crash_options.one)))
        fprintf(stderr, "%s: %s: no such scenario\n", play->name, crash_options.one);
    crash_close(scene);
    return good && !interrupted ? 0 : 2;
}

static void print_kinds(const struct crash_totals *totals)
{
    const char *help, *name;

    if (totals->faults == 0)
        return;
    printf("= faults injected: %llu\n", totals->faults);
    for (size_t i = 0; i < CRASH_KINDS_MAX && (name = sim_fault_kind(i, &help)) != NULL; i++)
        printf("= fault %s: %llu\n", name, totals->of_kind[i]);
}

/* Of a run that came to its end: a claim that rests on too little is no claim. */
static void judge_run(struct crash_totals *totals, const struct crash_play *play)
{
    const char *lacks = crash_options.one == NULL ? play->lacks(totals) : NULL;

    if (lacks == NULL)
        return;
    printf("VIOLATION --seed %llu: %s\n", (unsigned long long)crash_options.seed, lacks);
    totals->violations++;
}

int crash_main(int argc, char **argv, const struct crash_play *play)
{
    struct crash_scene scene = {.totals = crash_totals_new()};
    struct sigaction action = {.sa_handler = on_interrupt};
    int worst = 0, status;

    if (!read_options(argc, argv, play) || scene.totals == NULL ||
        !crash_find(&scene, argv[0], crash_options.program)) {
        fprintf(stderr, "usage: %s [--short|--full] [--seed N] [-p CONSOLE] [%s WHICH]\n",
                play->name, play->one);
        return 2;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    crash_fault_count = crash_faults(crash_fault_table, CRASH_FAULTS_MAX);
    for (int i = 0; i < (crash_options.one != NULL ? 1 : CRASH_WORKERS); i++) {
        scene.worker = i;
        if (fork() == 0)
            exit(work(&scene, play));
    }
    for (pid_t pid; (pid = wait(&status)) > 0 || errno == EINTR;) {
        if (pid > 0 && WIFSIGNALED(status))
            fprintf(stderr, "%s: a worker was ended by signal %d\n", play->name, WTERMSIG(status));
        if (pid > 0 && (WIFEXITED(status) ? WEXITSTATUS(status) : 2) > worst)
            worst = WIFEXITED(status) ? WEXITSTATUS(status) : 2;
    }
    crash_sweep(scene.totals);
    if (interrupted)
        fprintf(stderr, "%s: interrupted, so nothing is proved\n", play->name);
    else if (worst == 0)
        judge_run(scene.totals, play);
    play->print(scene.totals);
    print_kinds(scene.totals);
    return interrupted ? 2 : worst > 0 ? worst : scene.totals->violations > 0;
}
