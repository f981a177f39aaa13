/* Pastes of every kind into every place where a console can be. */
#ifndef TESTS_SECURITY_SUPPORT_PASTE_H
#define TESTS_SECURITY_SUPPORT_PASTE_H

#include "../safety/support_forms.h"

struct paste_sums {
    uint64_t wanted; /* given */
    uint64_t pastes, confirmed, ran, hung;
};
/* The console of the lane is at its list; violations are told. */
void paste_everywhere(struct lane *lane, struct paste_sums *sums);

#endif
