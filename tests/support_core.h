/* Lets any one call that the core makes into SQLite or the system fail. Linked only with
   test_core_*, whose calls come here first (see WRAPPED in the Makefile). */
#ifndef TESTS_SUPPORT_CORE_H
#define TESTS_SUPPORT_CORE_H

#include <sqlite3.h>
#include <stdbool.h>

struct core_fault {
    const char *call;      /* only calls of this name; NULL: every call into SQLite */
    sqlite3 *only;         /* only calls into SQLite on this connection; NULL: any */
    int at;                /* this one fails, counted from 1; 0: none */
    int rc;                /* with this result */
    bool for_ever;         /* and all after it */
    bool late;             /* COMMIT is carried out, and only then said to have failed */
    bool ends;             /* a failing step ends the transaction as well, as SQLite may */
    int seen;              /* calls so far */
    void (*instead)(void); /* run before the call, which then goes on; NULL: it fails */
};
extern struct core_fault core_fault;

/* From now on the at-th call fails; counting begins anew. core_fault.at = 0 ends it. */
void core_fail(sqlite3 *only, int at, int rc);
void core_fail_call(const char *call, int at, int rc);
bool core_has_struck(void); /* ends it; whether a call has failed */

#endif
