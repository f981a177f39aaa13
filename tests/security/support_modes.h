/* Which files a key or a configuration is taken from: the whole table of modes, owners, kinds and
   folders against a second reading of the rules. */
#ifndef TESTS_SECURITY_SUPPORT_MODES_H
#define TESTS_SECURITY_SUPPORT_MODES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct modes_result {
    uint64_t cases, taken, refused, violations;
};
/* As that user: root can be any, others only themselves. Violations are printed. False: it could
   not run. */
bool modes_run(uid_t user, struct modes_result *result);

#endif
