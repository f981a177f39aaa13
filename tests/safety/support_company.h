/* Many consoles and one server: the bundled server runs in this process and its loop, the real
   console in others, each on a host (a folder with its journal and cache) and of a person. What
   happened to the money is judged by the server's books and by the journals as SQLite has them. */
#ifndef TESTS_SAFETY_SUPPORT_COMPANY_H
#define TESTS_SAFETY_SUPPORT_COMPANY_H

#include "../../api/sim/sim.h"
#include "../support_pty.h"

#include <sys/types.h>

#define COMPANY_TERMINAL_1 "V400m-TEST-000001"
#define COMPANY_TERMINAL_2 "S1F2-TEST-000002"
#define COMPANY_LIMIT_MS   60000 /* of a wait where nothing else is said */

struct company {
    char program[512], folder[64];
    bool full;
    bool live;                /* the consoles run in live, whose gestures differ */
    uint64_t seed;            /* as given; state is what is drawn from */
    uint64_t state;
    const char *only;         /* --part NAME: just that one; NULL: all */
    uint64_t violations;
    char hosts[16][16];       /* all that there have been */
    size_t host_count;
    struct sim_settings settings;
    struct loop *loop;
    struct sim *sim;
};

/* Options, folder, server. False: said why. sim_settings may be set before. */
bool company_open(struct company *company, int argc, char **argv, const char *usage);
void company_close(struct company *company);
bool company_wants(const struct company *company, const char *part);
bool company_interrupted(void);
void company_violation(struct company *company, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
uint32_t company_below(struct company *company, uint32_t bound);
/* Ends the program with status 2 when the rules are wrong. */
void company_faults(struct company *company, const char *spec);
int64_t company_now_ms(void);
/* Lets the server work for a moment. */
void company_turn(struct company *company, int ms);

/* --- consoles --------------------------------------------------------------------------------- */

#define COMPANY_ENV_MAX 16
struct company_env {
    char room[COMPANY_ENV_MAX][700];
    char *list[COMPANY_ENV_MAX + 1];
};
/* The environment of a console of that person on that host; writes the configuration. more: lines
   of [console], or "". */
void company_env(struct company *company, struct company_env *env, const char *host,
                 const char *person, const char *more);
/* NULL: it is not in there at all. */
void company_env_set(struct company_env *env, const char *name, const char *value);
void company_env_copy(struct company_env *to, const struct company_env *from);

/* A command: what it said, and how it ended. */
struct company_run {
    pid_t pid;
    int status;               /* exit status, 128 + signal; -1: still running */
    char name[24];            /* of its two files */
    char out[4096], err[4096];
};
struct company_start {
    int hold[2];              /* a pipe: commands wait until its writing end is closed */
};
void company_ready(struct company_start *start);
/* words ends with NULL. start NULL: it runs at once. */
void company_spawn(struct company *company, struct company_run *run, const struct company_env *env,
                   const struct company_start *start, const char *const words[]);
void company_go(struct company_start *start);
/* Serves until all have ended; those that do not in time are killed, and that is a violation. */
void company_wait(struct company *company, struct company_run *runs, size_t count);
/* One command, to its end; its exit status. */
int company_do(struct company *company, struct company_run *run, const struct company_env *env,
               const char *const words[]);
/* The same, again: with an exit status that is not wanted the program ends with 2. */
void company_must(struct company *company, struct company_run *run, const struct company_env *env,
                  int wanted, const char *const words[]);

/* --- screens ---------------------------------------------------------------------------------- */

struct pty *company_screen(struct company *company, const struct company_env *env,
                           const char *program);
/* Serves until the text is there (or gone); false: it did not come. */
bool company_sees(struct company *company, struct pty *pty, const char *text, int limit_ms);
bool company_loses(struct company *company, struct pty *pty, const char *text, int limit_ms);

/* --- the referee ------------------------------------------------------------------------------ */

struct company_row {
    char id[40], kind[12], state[16], why[200], person[40], claim[80];
    int64_t minor, reconciled;
};
/* Rows of a host's journal, oldest first, at most max; -1: it cannot be read. */
int company_rows(struct company *company, const char *host, struct company_row *rows, int max);
/* A single number by SQL; -1 when there is none. */
int64_t company_number(struct company *company, const char *host, const char *sql);
/* Every key at the server against the journals of all hosts: in one of them, executed at most once,
   and what the row says. Violations name part. */
void company_referee(struct company *company, const char *part);

#endif
