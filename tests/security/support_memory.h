/* What the parts of the program "memory" share: the real console in a scripted flow, one of its
   requests for memory refused, and what must hold then. */
#ifndef TESTS_SECURITY_SUPPORT_MEMORY_H
#define TESTS_SECURITY_SUPPORT_MEMORY_H

#include "../safety/support_crash.h"

#define MEMORY_REQUESTS_MAX ((size_t)1 << 20)
#define MEMORY_CASES_MAX    16384
#define MEMORY_FLOWS_MAX    16

/* What a person waits for on a screen, and the keys then pressed ("=30x100": the window gets that
   size); again: until the text is gone. */
struct memory_step {
    const char *wait, *keys;
    bool again;
};

#define WROTE "Wrote " /* what is said when an export is done */

struct memory_flow {
    const char *name;
    const char *words[12];           /* command line; PAYMENT, HOLD stand for references */
    const struct memory_step *steps; /* on a screen; NULL: none. The last one has no wait */
    bool fresh;                      /* from an empty home */
    bool left;                       /* from a charge that was sent and whose console was killed */
    bool money;                      /* moves some, or finds out about it */
    bool same;                       /* prints (or writes to a file) the same each time */
    bool training;                   /* the bundled server inside, and so no ledger to ask */
    size_t short_cases;              /* each case is one request refused, in one way */
};

struct memory_case {
    uint32_t at;
    bool on; /* all later ones too */
};

/* Of one flow, shared by the workers. */
struct memory_plan {
    size_t requests, paths; /* in an unharmed run; paths: of its own, none of an earlier flow */
    long left;              /* bytes that an unharmed run does not give back */
    size_t covered;         /* paths among the cases */
    size_t count;
    struct memory_case cases[MEMORY_CASES_MAX];
};

struct memory_totals {
    atomic_bool planned;
    atomic_ullong once, on;           /* cases that struck */
    atomic_ullong missed;             /* where it was shorter that time */
    atomic_ullong ended, told, done;  /* at once, with an error that was told, as if nothing were */
    atomic_ullong foreign;            /* crashed inside a library that is known for it */
    atomic_ullong screens;            /* played to their end though memory failed */
    atomic_llong most_left;           /* bytes more than in an unharmed run, the worst case */
    struct memory_plan plans[MEMORY_FLOWS_MAX];
};

/* One run of a flow. */
struct memory_run {
    struct crash_run crash;
    const struct memory_flow *flow;
    struct memory_plan *plan;
    struct memory_totals *totals;
    char fail[40], log[200], mark[200]; /* NAME=VALUE */
    const char *more[4];
    bool struck;
    char trail[1700], crash_trail[1700]; /* where it struck and crashed, as the shim says */
    long left;        /* LONG_MIN: it did not end in the orderly way */
};

/* Where shim and memory shim are; a copy of the scene's own is kept. */
bool memory_open(struct crash_scene *scene, const char *self);
/* at 0: unharmed, and with_log what asked is written to memory_log_path(). */
void memory_prepare(struct crash_scene *scene, struct memory_run *run, struct memory_case what,
                    bool with_log);
const char *memory_log_path(const struct crash_scene *scene);
/* Files as the flow wants to find them. */
bool memory_reset(struct crash_scene *scene, const struct memory_flow *flow);
/* Plays the flow to its end; run->crash and what the shim said are filled in. */
void memory_play(struct crash_scene *scene, struct memory_run *run);
void memory_play_screen(struct crash_scene *scene, struct memory_run *run);
/* What an unharmed run of it prints or writes, on this worker's desk; NULL: nothing that stays. */
const char *memory_calm_output(struct crash_scene *scene, const struct memory_flow *flow);
/* What must hold after a case. */
void memory_judge(struct crash_scene *scene, struct memory_run *run);

#endif
