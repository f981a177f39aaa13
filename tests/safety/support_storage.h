/* What the parts of the program "storage" share. */
#ifndef TESTS_SAFETY_SUPPORT_STORAGE_H
#define TESTS_SAFETY_SUPPORT_STORAGE_H

#include "support_power_disk.h"

struct storage {
    struct rig rig;
    struct rig_options options;
    struct till *till;       /* makes the payments and holds that the cases work on */
    char payment[64];        /* with much left to refund */
    char home[160];          /* of the case */
    char warm[160];          /* a home that has been used: copied for most cases */
    char left[160];          /* another, with a charge that was sent and left */
    char hold[64];
    const char *program;     /* NULL: the real one */
    bool quiet;              /* violations are wanted: they are only counted */
    int faults, posts_after, violations;
    int cases;
};
bool storage_open(struct storage *storage, const char *self);
void storage_close(struct storage *storage);
void storage_violation(struct storage *storage, const char *label, const char *what,
                       const struct rig_run *run);

/* Each operation, and one more: recovery of a charge that was sent and left. */
#define STORAGE_RECOVER OP_KINDS
/* Fills in the words of an operation on something of its own; for recovery leaves a row behind. */
void storage_prepare(struct storage *storage, int operation, bool fresh, struct rig_run *run);
/* After the case: a new process recovers, and the referee compares. */
void storage_settle(struct storage *storage, const char *label);

/* What a trace of shim.so tells. */
struct storage_story {
    bool struck;
    char call[32];               /* at which it struck */
    int sent_before, sent_after; /* requests that move money, by the strike */
    int writes_before_send;      /* calls that touched the journal */
};
struct storage_story storage_read_story(const char *path);
/* Whether one of the sentences that tell of such trouble is there. */
bool storage_said_plainly(const char *said);

/* That call of the journal fails, and all later ones. */
void storage_fault(struct storage *storage, int operation, int call);
void storage_faults(struct storage *storage); /* each call fails in turn */
void storage_screens(struct storage *storage);
void storage_screen_latches(struct storage *storage); /* one of them */
void storage_disks(struct storage *storage);  /* full and read-only disks as they are */

#endif
