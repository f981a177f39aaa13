/* Everything that can go wrong in the world, by name. */
#ifndef SAFETY_WORLD_FAULTS_H
#define SAFETY_WORLD_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/* Those that the bundled server shows too bear its names: they are counted together. */
#define FAULTS(X)                                                                                \
    X(NONE, "none") X(REFUSED, "refuse") X(TLS, "TLS failed")                                    \
    X(CONNECT_SLOW, "connect time-out") X(SILENCE_BEFORE, "silent")                              \
    X(SILENCE_AFTER, "silent-after") X(DROP_BEFORE, "drop-before") X(DROP_AFTER, "drop-after")   \
    X(CUT, "cut") X(ERROR_BEFORE, "500 without a code, before")                                  \
    X(ERROR_AFTER, "500 without a code, after") X(HTML_BEFORE, "502-html")                       \
    X(HTML_AFTER, "502-html-after") X(PROVIDER_BEFORE, "500-before")                             \
    X(PROVIDER_AFTER, "500-after") X(TERMINAL_BEFORE, "13004") X(TERMINAL_AFTER, "13004-after")  \
    X(BUSY, "429 without Retry-After") X(BUSY_AFTER_TIME, "429") X(CONFLICT_BEFORE, "409")       \
    X(CONFLICT_AFTER, "409-running") X(NOT_JSON, "garbage") X(NOT_UTF8, "not-utf8")              \
    X(TOO_DEEP, "too-deep") X(TWICE_NAMED, "twice-named") X(EMPTY, "empty")                      \
    X(WRONG_AMOUNT, "wrong-amount") X(WRONG_CURRENCY, "wrong-currency")                          \
    X(WRONG_TARGET, "wrong-terminal") X(WRONG_ENV, "other-environment")                          \
    X(WRONG_STATUS, "odd-status") X(NO_REFERENCE, "no-reference")                                \
    X(WRONG_CODE, "undocumented 2xx") X(REJECT, "refused before execution")                      \
    X(LATE, "late-silent") X(LATE_BEYOND, "execution beyond the quiet period") X(SLOW, "delay")  \
    X(TOO_LATE, "answer beyond the limit") X(LIST_LAG, "lag") X(NO_ECHO, "no-echo")              \
    X(UNSTABLE, "unstable") X(NO_FILTER, "no-filter") X(SAME_PAGE, "same-page")                  \
    X(DUPLICATES, "twins") X(STALE, "stale") X(NO_DATE, "no-date")                               \
    X(SKEWED, "skewed server clock") X(NO_HOME, "rows without paymentReference")                 \
    X(SPARSE, "rows without amount or terminal") X(BROKEN_ROW, "a row nobody can read")          \
    X(PAGE_TOTAL, "total of the page only") X(FLIP, "flip") X(FORGOTTEN, "forget-key")           \
    X(DISHONOURED, "no-idempotency") X(NO_LIMIT, "no-limit")                                     \
    X(FOREIGN, "another system's look-alike") X(KILL, "process killed")                          \
    X(KILL_WRITE, "killed at a write") X(POWER, "power cut") X(DISK_ERROR, "disk error")         \
    X(DISK_FULL, "disk full") X(READ_ERROR, "disk read error") X(REBOOT, "reboot")               \
    X(JUMP, "wall clock jumps") X(SLEEP, "host suspended") X(STOP, "process stopped")            \
    X(CACHE_GONE, "cache dropped") X(TAKEN_DEAD, "taken for dead")
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
