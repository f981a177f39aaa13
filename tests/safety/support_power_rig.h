/* The real program through its command line, in a home folder of its own, against a simulator that
   runs in this process: for the programs that take its disk away. */
#ifndef TESTS_SAFETY_SUPPORT_POWER_RIG_H
#define TESTS_SAFETY_SUPPORT_POWER_RIG_H

#include "../support_folder.h"
#include "../support_money.h"

#define RIG_WORDS 12
#define RIG_HANGS 254 /* exit status of a run that had to be ended */

struct rig {
    char root[128];  /* temp folder, canonical; goes with rig_close() */
    char build[512]; /* where this program was built: build/tests/safety */
    char program[600], shim[600], clock[160];
    struct loop *loop;
    struct sim_settings settings;
    struct sim *sim;
    uint64_t posts; /* charges seen, for who waits for one more */
    int runs;       /* so far */
};
/* False: said why. under: where the temp folder is made, NULL: $TMPDIR or /tmp. */
bool rig_open(struct rig *rig, const char *self, const char *under);
void rig_close(struct rig *rig);
/* A home folder with a configuration and nothing else, made or made anew. */
void rig_home(struct rig *rig, const char *name, char *path, size_t size);
void rig_configure(const char *home);
/* What was at to before goes, with all that is in it. */
void rig_copy(const char *from, const char *to);

struct rig_run {
    const char *home;
    const char *program;          /* NULL: the real one */
    const char *words[RIG_WORDS]; /* behind its name, up to NULL */
    struct {
        const char *name, *value;
    } env[8];                     /* further ones */
    bool leaps;                   /* over waits in which nothing comes, see SHIM_SKIP */
    bool (*stop)(void *ctx);      /* may be NULL: true kills it */
    void *ctx;
    int64_t file_limit;           /* largest file it may write, bytes; 0: any */
    /* How it ended. */
    int status; /* 128 + signal when killed */
    char out[4096], err[4096];
};
/* Serves the simulator until the run has ended. */
void rig_run(struct rig *rig, struct rig_run *run);

/* Rows of the journal of a home, newest first; NULL: there is none, or (err) it does not open. */
struct journal *rig_journal(const char *home, struct err *err);
/* Whether a row of it after recovery says what is so, by how often the server executed its key. */
bool rig_is_right(const struct intent *row, int64_t executed);
#define RIG_STATE "/.local/state/avirato-console/HOTEL9-test"
#define RIG_CACHE "/.cache/avirato-console/HOTEL9-test"

/* The rest of the convention of these programs. */
struct rig_options {
    bool full;
    uint64_t seed;
    const char *only; /* --only N, as the program defines it, or NULL */
};
bool rig_read_options(struct rig_options *options, int argc, char **argv);
uint64_t rig_random(uint64_t *state);
/* True once SIGINT or SIGTERM has come: wind up. */
bool rig_interrupted(void);

#endif
