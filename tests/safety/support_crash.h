/* A server, a desk and a clock for programs that kill the real console: the bundled server runs in
   this process and its loop, the console in others, all by one clock that leaps over idle waits.
   What happened is judged by the server's ledger. */
#ifndef TESTS_SAFETY_SUPPORT_CRASH_H
#define TESTS_SAFETY_SUPPORT_CRASH_H

#include "../../api/sim/sim.h"
#include "../../cache/journal.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/types.h>

#define CRASH_KINDS_MAX 64 /* of faults */
#define CRASH_WORKERS   2

/* What all workers of a run add up, in shared memory. */
struct crash_totals {
    atomic_ullong scenarios, kills, violations, faults, by_person, screens, calls, covered;
    atomic_ullong screens_opened, missed; /* missed: where no kill struck, tried often enough */
    atomic_ullong of_kind[CRASH_KINDS_MAX];
    atomic_ullong next;              /* work not taken yet */
    char folders[CRASH_WORKERS][64]; /* of each, "" once it is removed */
};

/* Files that a scenario starts from, and how far the clock was when they were kept. */
struct crash_kept {
    const char *folder;
    int64_t ahead;
};

struct crash_scene {
    const char *program, *shim;
    struct crash_kept kept;
    struct crash_totals *totals;
    int worker;
    char folder[64];
    struct loop *loop;
    struct sim *sim; /* NULL between scenarios */
    struct sim_settings settings;
    char rule[96];              /* the fault of this scenario, "" if none */
    size_t kind;                /* its number */
    char payment[64], hold[64]; /* an ordinary payment and a hold that the desk knows */
    char label[256];            /* what is needed to run this scenario again */
    char known[256];            /* keys of what the desk did before, for a desk without files */
    int64_t executed;           /* of the other keys, as the referee found */
    bool ambiguous;             /* a person may have to decide: the server lies */
};

/* Where the console and the shim are: beside the test program, or what -p named. */
bool crash_find(struct crash_scene *scene, const char *argv0, const char *program);
struct crash_totals *crash_totals_new(void);
/* Makes the folder and, by running the console, what every scenario starts from. */
bool crash_open(struct crash_scene *scene, uint64_t seed);
void crash_close(struct crash_scene *scene);
void crash_sweep(
    struct crash_totals *totals); /* what workers left that did not come to their end */
/* Everything as at first; fresh: the desk has no files and folders yet. */
void crash_reset(struct crash_scene *scene, bool fresh);
/* Keeps the files as they are now, in that folder of the scene; each reset goes back to them, until
   scene->kept is what it was before. Stops the server. */
void crash_keep(struct crash_scene *scene, const char *folder);
/* The server's fault from now on; NULL: it is healthy. Counts what the last one did. */
void crash_fault(struct crash_scene *scene, const char *rule, size_t kind);
void crash_turn(struct crash_scene *scene, int wait_ms); /* serves */
void crash_leap(struct crash_scene *scene, int64_t ms);  /* all clocks */

/* --- processes ------------------------------------------------------------------------------- */

struct crash_run {
    const char *words[16]; /* of the command line, NULL at the end */
    const char *kill;      /* SHIM_KILL or NULL */
    const char *log;       /* SHIM_LOG or NULL */
    const char *const *more; /* further NAME=VALUE, NULL at the end; NULL: none */
    bool judged;           /* by the caller, if it is ended by a signal that nobody sent */
    bool patient;          /* sits its waits out: a busy machine changes nothing */
    int number;            /* of its output files: those that run together differ */
    pid_t pid;
    bool killed, hung;
    int status; /* its exit status when it was not killed */
    char out[2048], err[4096];
};
/* Its environment; at most count strings, NULL at the end, valid until the next call. */
char **crash_env(struct crash_scene *scene, const struct crash_run *run, const char *term);
void crash_start(struct crash_scene *scene, struct crash_run *run);
bool crash_ended(struct crash_scene *scene, struct crash_run *run); /* takes it in when it has */
void crash_wait(struct crash_scene *scene, struct crash_run *run);
void crash_do(struct crash_scene *scene, struct crash_run *run); /* both */

/* --- judging --------------------------------------------------------------------------------- */

void crash_violation(struct crash_scene *scene, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Recovers by the command line until nothing is open, the server being healthy; checks after each
   that what it says is so. */
void crash_settle(struct crash_scene *scene);
/* Holds journal, ledger and folder against each other. */
void crash_judge(struct crash_scene *scene);

/* --- faults ---------------------------------------------------------------------------------- */

enum crash_when { FAULT_SENDING, FAULT_READING };
struct crash_fault {
    const char *name;
    char rule[96];
    enum crash_when when;
    bool ambiguous; /* a person may have to decide: the server itself lies */
    size_t kind;
    unsigned weight; /* how often it is drawn, 1 as a rule */
};
/* All that the server knows, some in both ways. */
size_t crash_faults(struct crash_fault *out, size_t max);

/* --- the program around it (support_crash_main.c) --------------------------------------------- */

#define CRASH_FAULTS_MAX 96

struct crash_play {
    const char *name, *one; /* of the program; of the option that runs one scenario */
    bool (*play_all)(struct crash_scene *scene);
    bool (*play_one)(struct crash_scene *scene, const char *which); /* false: what is that? */
    const char *(*lacks)(const struct crash_totals *totals); /* of a whole run; NULL: nothing */
    void (*print)(const struct crash_totals *totals);
};
extern struct crash_options {
    bool full;
    uint64_t seed;
    const char *program, *one;
} crash_options;
extern struct crash_fault crash_fault_table[CRASH_FAULTS_MAX];
extern size_t crash_fault_count;

/* Options, two workers with a scene each, figures, exit status. */
int crash_main(int argc, char **argv, const struct crash_play *play);
bool crash_interrupted(void);
uint64_t crash_draw(uint64_t *state, uint64_t below); /* any state is a fine seed */

#endif
