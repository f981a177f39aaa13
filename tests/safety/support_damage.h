/* What tests/safety/damage.c works with: a simulator in this process, a home folder with a journal
   in it, and the real program run there under a time limit. */
#ifndef TESTS_SAFETY_SUPPORT_DAMAGE_H
#define TESTS_SAFETY_SUPPORT_DAMAGE_H

#include <signal.h>

#include "../../api/sim/sim.h"

struct blob {
    char *bytes;
    size_t len;
};
void blob_read(struct blob *blob, const char *path);
void blob_write(const struct blob *blob, const char *path); /* mode 0600 */
void blob_copy(struct blob *to, const struct blob *from);
bool blob_equal(const struct blob *a, const struct blob *b);
void blob_done(struct blob *blob);

struct damage {
    const char *program, *shim;
    uint64_t seed, state, violations, same;
    bool full;
    volatile sig_atomic_t stopped;
    struct loop *loop;
    struct sim *sim;
    char home[64], journal[160], side[176], elsewhere[96];
    struct blob base;            /* as operations left it */
    struct blob half, half_side; /* a process died while it wrote a change */
    char content[65];            /* of base */
    bool mount_read_only;        /* the next run sees its journal's folder so */
    struct {
        int status; /* 128 and more: ended by a signal, or by the time limit */
        char said[1000];
    } ran;
};

/* Makes the home, starts the simulator, lets the program charge, refund and lose an answer. */
bool damage_open(struct damage *all);
void damage_close(struct damage *all);
void damage_clear(struct damage *all); /* no journal any more */
/* Runs "journal", "recover" or "charge"; what it did is in all->ran. */
void damage_run(struct damage *all, const char *command, int64_t limit_ms);
uint64_t damage_posts(const struct damage *all);
/* Whether what the journal's tables hold, once SQLite has put it in order, is what base holds. */
bool damage_same_content(struct damage *all);
int64_t damage_number(const char *path, const char *sql); /* -1: none */
const char *damage_folder_of(const char *path);

#endif
