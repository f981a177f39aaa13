/* The parts of tests/safety/brute.c: each tries every case there is, or very many drawn from a
   seed, against a second opinion that shares no code with the program. */
#ifndef TESTS_SAFETY_SUPPORT_BRUTE_H
#define TESTS_SAFETY_SUPPORT_BRUTE_H

#include "../../cache/money_internal.h"

struct brute {
    bool full;
    uint64_t seed;
    const char *oracle;       /* the Python program that judges typed amounts */
    uint64_t violations;
};

/* One line that says all that is needed to see it again; only the first few of a part are shown. */
void brute_violation(struct brute *brute, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
uint64_t brute_draw(uint64_t *state); /* splitmix64: any state is a fine seed */

/* False: could not run, said why. What does not hold is counted by brute_violation(). */
bool brute_judge(struct brute *brute);
bool brute_typed(struct brute *brute);
bool brute_round_trips(struct brute *brute);
bool brute_currencies(struct brute *brute);
bool brute_audit(struct brute *brute);

#endif
