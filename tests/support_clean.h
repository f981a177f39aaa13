/* What clean text may hold, judged apart from the cleaner of the program. */
#ifndef TESTS_SUPPORT_CLEAN_H
#define TESTS_SUPPORT_CLEAN_H

#include <stdbool.h>
#include <stdint.h>

bool clean_bans(int32_t point);    /* it drives a terminal, hides text, or takes unsteady cells */
bool clean_is_mark(int32_t point); /* it stands on the sign before it */

#endif
