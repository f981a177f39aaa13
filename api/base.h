/* What every layer stands on: memory, bounded buffers, errors, the clock, random ids.
   Knows nothing of payments. */
#ifndef API_BASE_H
#define API_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* --- memory: never NULL -------------------------------------------------------------------
   Where none is left the process ends at once, as if it had been killed: nothing that was begun is
   carried on, no buffer is written. The money protocol survives that at any instruction
   (cache/journal.c); whatever else one might do now could want memory too. */

#define MEM_EXIT 5                  /* the exit status then */
_Noreturn void mem_exhausted(void); /* also for a library's failure that looks like an answer */
/* Called before that end: restores the terminal, says what happened. May not allocate. */
void mem_on_exhausted(void (*hook)(void));
void *mem_alloc(size_t size);                             /* zeroed; free() it */
void *mem_resize(void *old, size_t count, size_t size);   /* count*size checked for overflow */
char *mem_strdup(const char *text);                       /* NULL gives NULL */

/* A bump allocator for things that die together (a decoded answer, a page of rows). */
struct arena {
    struct arena_block *blocks;
};
void *arena_alloc(struct arena *arena, size_t size);      /* zeroed, aligned for any type */
char *arena_strdup(struct arena *arena, const char *text); /* NULL gives NULL */
char *arena_strndup(struct arena *arena, const char *text, size_t len);
void arena_done(struct arena *arena);                     /* frees all; the arena is empty again */

/* --- a growing buffer with a hard maximum, always NUL-terminated once written -------------- */

struct buf {
    char *data;
    size_t len, cap, max;
    bool over; /* something did not fit: what is in it is a prefix */
};
void buf_init(struct buf *buf, size_t max);
void buf_done(struct buf *buf);
void buf_clear(struct buf *buf);
bool buf_add(struct buf *buf, const void *bytes, size_t len); /* false: over the maximum */
bool buf_puts(struct buf *buf, const char *text);
bool buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

/* --- errors ------------------------------------------------------------------------------- */

/* What went wrong, for the layer above to word. detail is technical English, may hold text from
   outside (clean it before drawing), and is never the only thing a person is shown. */
enum err_code {
    ERR_NONE,
    ERR_INVALID,    /* bad input of a person or caller */
    ERR_AMBIGUOUS,  /* input with two readings */
    ERR_NOT_FOUND,
    ERR_CONFLICT,   /* somebody else holds it: open charge on the terminal, open modification */
    ERR_DENIED,     /* read-only, role, environment */
    ERR_STALE,      /* facts changed since the person looked */
    ERR_NETWORK,    /* API out of reach, not sent */
    ERR_API,        /* the API answered with an error */
    ERR_DATA,       /* an answer that is no valid answer */
    ERR_STORAGE,    /* local database trouble */
    ERR_SYSTEM      /* operating system */
};
struct err {
    enum err_code code;
    char detail[256];
};
/* Fills err (which may be NULL) and returns false, so that `return err_set(...)` reads well. */
bool err_set(struct err *err, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* --- time --------------------------------------------------------------------------------- */

int64_t clock_utc_ms(void);   /* wall clock, milliseconds since 1970 UTC; settable for tests */
int64_t clock_boot_ms(void);  /* CLOCK_BOOTTIME: counts suspend, for durations and deadlines */
const char *clock_boot_id(void); /* the kernel's boot id; durations across two ids mean nothing */
/* Tests and pictures: from now on clock_utc_ms() stands still at utc_ms (0: runs again). */
void clock_freeze_utc(int64_t utc_ms);
/* Tests: both clocks are read from these (NULL: the real ones). */
void clock_replace(int64_t (*utc_ms)(void), int64_t (*boot_ms)(void));
void clock_replace_boot_id(const char *(*boot_id)(void)); /* tests; NULL: the kernel's */

/* Broken-down UTC arithmetic without the C library's zone state. month 1-12, day 1-31. */
int64_t time_from_civil(int year, int month, int day, int hour, int minute, int second); /* ms */
struct civil {
    int year, month, day, hour, minute, second, weekday; /* weekday 0 = Sunday */
};
struct civil time_to_civil(int64_t ms);

/* --- random ------------------------------------------------------------------------------- */

#define UUID_SIZE 37
void random_bytes(void *out, size_t len);
/* Tests: random bytes come from there (NULL: the kernel), so that a run can be repeated. */
void random_replace(void (*bytes)(void *out, size_t len));
void random_uuid(char out[UUID_SIZE]); /* version 4, lower case, from the kernel */
uint32_t random_below(uint32_t bound);

#endif
