/* The parts of terminals.c that have files of their own. */
#ifndef TESTS_SECURITY_SUPPORT_TERMINALS_H
#define TESTS_SECURITY_SUPPORT_TERMINALS_H

#include "../safety/support_forms.h"

enum { SIZE_LANES = 3, SOON_MS = 5000 };

struct terminal_sums { /* in shared memory */
    uint64_t resizes, places, closed, charges, kinds, started, refused, exits, violations;
    int status;
};
/* With the screen. */
void terminal_violation(struct lane *lane, const char *part, const char *where, const char *what);
/* Windows of every size, in every place that is this lane's, and in the middle of a charge. */
void terminal_sizes(struct lane *lane, struct terminal_sums *sums, int which, const char *part);
/* Kinds of terminals in locales: all pairs in full, else each kind and each locale once. */
void terminal_kinds(struct lane *lane, struct terminal_sums *sums);

#endif
