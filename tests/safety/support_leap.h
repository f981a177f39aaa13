/* One clock for the driver, its simulator and the consoles under shim.so: it leaps over waits. */
#ifndef TESTS_SAFETY_SUPPORT_LEAP_H
#define TESTS_SAFETY_SUPPORT_LEAP_H

#include <stdbool.h>
#include <stdint.h>

/* From now on both clocks of base.h run ahead by what stands in that file (SHIM_CLOCK), made here;
   false: it cannot be made. */
bool leap_share(const char *path);
void leap_end(void);            /* the real clocks again */
void leap_by(int64_t ms);
int64_t leap_so_far(void);      /* ms */
void leap_back_to(int64_t ms);  /* as leap_so_far() was */
int64_t leap_real_ms(void);     /* the real clock, for limits of waiting */

#endif
