/* The clocks of base.h, put wrong in this process. */
#ifndef TESTS_SUPPORT_CLOCK_H
#define TESTS_SUPPORT_CLOCK_H

#include <stdint.h>

/* They go on that far off the real ones (ms): the time of day, and the time since the start. */
void clocks_set_off(int64_t utc_ms, int64_t boot_ms);
void clocks_put_on(int64_t utc_ms, int64_t boot_ms); /* further than they are already */
void clocks_set_right(void);                         /* the real ones again */

#endif
