/* Everything that can go wrong in the world, by name. */
#ifndef SAFETY_WORLD_FAULTS_H
#define SAFETY_WORLD_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#define FAULTS(X)                                                                                \
    X(NONE, "none") X(REFUSED, "connect refused") X(TLS, "tls failed")                           \
    X(CONNECT_SLOW, "connect time-out") X(SILENCE_BEFORE, "silence, not executed")               \
    X(SILENCE_AFTER, "silence, executed") X(DROP_BEFORE, "drop before executing")                \
    X(DROP_AFTER, "drop after executing") X(CUT, "answer cut") X(ERROR_BEFORE, "500 before")     \
    X(ERROR_AFTER, "500 after") X(HTML_BEFORE, "proxy HTML before")                              \
    X(HTML_AFTER, "proxy HTML after") X(PROVIDER_BEFORE, "13001 before")                         \
    X(PROVIDER_AFTER, "13001 after") X(TERMINAL_BEFORE, "13004 before")                          \
    X(TERMINAL_AFTER, "13004 after") X(BUSY, "429") X(BUSY_AFTER_TIME, "429 with Retry-After")   \
    X(CONFLICT_BEFORE, "409 before") X(CONFLICT_AFTER, "409 after") X(NOT_JSON, "not JSON")      \
    X(NOT_UTF8, "not UTF-8") X(TOO_DEEP, "too deep") X(TWICE_NAMED, "duplicate names")           \
    X(EMPTY, "empty answer") X(WRONG_AMOUNT, "wrong amount") X(WRONG_CURRENCY, "wrong currency") \
    X(WRONG_TARGET, "wrong terminal or payment") X(WRONG_ENV, "tag of the other environment")    \
    X(WRONG_STATUS, "unlisted status") X(NO_REFERENCE, "missing reference")                      \
    X(WRONG_CODE, "undocumented 2xx") X(REJECT, "refused before execution")                      \
    X(LATE, "late execution") X(LATE_BEYOND, "execution beyond the quiet period")                \
    X(SLOW, "slow answer") X(TOO_LATE, "answer beyond the limit")                                \
    X(LIST_LAG, "list lag") X(NO_ECHO, "no echo of customReference")                             \
    X(UNSTABLE, "unstable paging") X(NO_FILTER, "ignored filter") X(SAME_PAGE, "repeated page")  \
    X(DUPLICATES, "duplicate rows") X(STALE, "stale copy of a list") X(NO_DATE, "no Date")       \
    X(SKEWED, "skewed server clock") X(NO_HOME, "rows without paymentReference")                 \
    X(SPARSE, "rows without amount or terminal") X(BROKEN_ROW, "a row nobody can read")          \
    X(PAGE_TOTAL, "total of the page only") X(FLIP, "success becomes failed")                    \
    X(FORGOTTEN, "key forgotten") X(DISHONOURED, "idempotency not honoured")                     \
    X(NO_LIMIT, "server without limits") X(FOREIGN, "another system's look-alike")               \
    X(KILL, "process killed") X(KILL_WRITE, "killed at a write") X(POWER, "power cut")           \
    X(DISK_ERROR, "disk error") X(DISK_FULL, "disk full") X(READ_ERROR, "disk read error")       \
    X(REBOOT, "reboot") X(JUMP, "wall clock jumps") X(SLEEP, "host suspended")                   \
    X(STOP, "process stopped") X(CACHE_GONE, "cache dropped") X(TAKEN_DEAD, "taken for dead")
enum fault {
#define X(id, name) FAULT_##id,
    FAULTS(X)
#undef X
    FAULT_COUNT
};
extern const char *const fault_names[];
extern int64_t fault_counts[FAULT_COUNT]; /* of all runs of this process */
void fault_note(enum fault fault);
void faults_begin(void);                  /* draws the quirks of this world's server */
bool quirk(enum fault fault);             /* this world's server has it, for the whole run */
bool quirk_now(enum fault fault);         /* the same, and not healed yet */
/* What meets a request; path tells its kind. */
enum fault fault_draw(bool post, bool charge, bool list);

#endif
