/* Stands between a program and the C library (LD_PRELOAD): counts what asks for memory from the
   beginning of main() on, in the program and in every library under it, and refuses it. Mappings
   count too: locked pages and the shared index of a cache are made of them. What the libraries do
   before main() is left alone: the program has not begun, so nothing can be on its way.

   MEMORY_FAIL=N    request N gets nothing; N+ it and all later ones
   MEMORY_LOG=FILE  eight bytes for each request: a hash of the calls that led to it
   MEMORY_MARK=FILE a line when the failure strikes, "struck BYTES" and the calls that led to it as
                    MODULE+OFFSET or MODULE:FUNCTION; one like it when the program crashes,
                    "crashed SIGNAL"; and one at an orderly end, "left BYTES", not given back
   */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>
#include <unwind.h>

#define FRAMES   20 /* of the calls that led to a request */
#define OURS     2  /* of those this file's own */
#define LOG_ROOM 4096

/* The C library's own, which are there before any symbol can be looked up. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *block);

static struct {
    long at;       /* 0: never */
    bool on;       /* the later ones fail too */
    int log, mark; /* descriptors, -1: none */
} set = {.log = -1, .mark = -1};

static atomic_bool counting;
static atomic_long requests, bytes_left;
static _Thread_local bool inside __attribute__((tls_model("initial-exec")));
static pthread_mutex_t logging = PTHREAD_MUTEX_INITIALIZER;
static uint64_t log_room[LOG_ROOM];
static size_t log_used;

/* --- who asks -------------------------------------------------------------------------------- */

struct trail {
    uintptr_t frames[FRAMES];
    int count;
};

static _Unwind_Reason_Code add_frame(struct _Unwind_Context *context, void *ctx)
{
    struct trail *trail = ctx;

    if (trail->count == FRAMES)
        return _URC_END_OF_STACK;
    trail->frames[trail->count++] = _Unwind_GetIP(context);
    return _URC_NO_REASON;
}

static void flush_log(void)
{
    if (write(set.log, log_room, log_used * sizeof log_room[0]) < 0)
        abort();
    log_used = 0;
}

static void log_request(void)
{
    struct trail trail = {.count = 0};
    uint64_t hash = UINT64_C(14695981039346656037);

    _Unwind_Backtrace(add_frame, &trail);
    for (int i = OURS; i < trail.count; i++)
        hash = (hash ^ trail.frames[i]) * UINT64_C(1099511628211);
    pthread_mutex_lock(&logging);
    log_room[log_used++] = hash;
    if (log_used == LOG_ROOM)
        flush_log();
    pthread_mutex_unlock(&logging);
}

static void leave_mark(const char *what, size_t size)
{
    struct trail trail = {.count = 0};
    char line[1600];
    int used = snprintf(line, sizeof line, "%s %zu", what, size);

    if (set.mark < 0)
        return;
    _Unwind_Backtrace(add_frame, &trail);
    for (int i = OURS; i < trail.count && used < (int)sizeof line - 80; i++) {
        Dl_info info = {.dli_fname = "?"};
        dladdr((void *)trail.frames[i], &info);
        const char *slash = strrchr(info.dli_fname, '/');
        const char *module = slash == NULL ? info.dli_fname : slash + 1;
        if (info.dli_sname != NULL)
            used += snprintf(line + used, sizeof line - (size_t)used, " %.30s:%.40s", module,
                             info.dli_sname);
        else
            used += snprintf(line + used, sizeof line - (size_t)used, " %.30s+%lx", module,
                             (unsigned long)(trail.frames[i] - (uintptr_t)info.dli_fbase));
    }
    line[used++] = '\n';
    if (write(set.mark, line, (size_t)used) < 0)
        abort();
}

/* Counts a request; true: it gets nothing. */
static bool refuses(size_t size)
{
    if (!atomic_load_explicit(&counting, memory_order_relaxed) || inside)
        return false;
    inside = true;
    long n = atomic_fetch_add(&requests, 1) + 1;
    bool refused = set.at != 0 && (n == set.at || (set.on && n > set.at));
    if (set.log >= 0)
        log_request();
    if (n == set.at)
        leave_mark("struck", size);
    inside = false;
    if (refused)
        errno = ENOMEM;
    return refused;
}

static long size_of(void *block)
{
    return block == NULL ? 0 : (long)malloc_usable_size(block);
}

static void *given(void *block)
{
    atomic_fetch_add_explicit(&bytes_left, size_of(block), memory_order_relaxed);
    return block;
}

/* --- in the place of the C library ----------------------------------------------------------- */

void *malloc(size_t size)
{
    return refuses(size) ? NULL : given(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return refuses(count * size) ? NULL : given(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
    if (refuses(size))
        return NULL;
    long before = size_of(old);
    void *block = __libc_realloc(old, size);
    if (block != NULL || size == 0)
        atomic_fetch_sub_explicit(&bytes_left, before, memory_order_relaxed);
    return given(block);
}

void *reallocarray(void *old, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(old, bytes);
}

void *memalign(size_t align, size_t size);
void *memalign(size_t align, size_t size)
{
    return refuses(size) ? NULL : given(__libc_memalign(align, size));
}

void *aligned_alloc(size_t align, size_t size)
{
    return memalign(align, size);
}

int posix_memalign(void **out, size_t align, size_t size)
{
    void *block = memalign(align, size);

    if (block != NULL)
        *out = block;
    return block == NULL ? ENOMEM : 0;
}

void free(void *block)
{
    atomic_fetch_sub_explicit(&bytes_left, size_of(block), memory_order_relaxed);
    __libc_free(block);
}

/* The C library's own function of that name. */
#define NEXT(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return refuses(size) ? MAP_FAILED : NEXT(mmap)(at, size, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset)
{
    return mmap(at, size, protection, flags, fd, offset);
}

/* --- from main() to the end ------------------------------------------------------------------ */

static int open_file(const char *name)
{
    int fd = name == NULL ? -1 : open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 1000); /* out of the program's way */

    if (fd >= 0)
        close(fd);
    return high;
}

/* The program's own handlers come first and then let the signal do as without them: this. */
static void on_crash(int number)
{
    const struct sigaction usual = {.sa_handler = SIG_DFL};

    atomic_store(&counting, false);
    leave_mark("crashed", (size_t)number);
    sigaction(number, &usual, NULL);
    raise(number);
}

static void watch_crashes(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    const struct sigaction watch = {.sa_handler = on_crash};

    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &watch, NULL);
}

typedef int main_fn(int argc, char **argv, char **env);
static main_fn *program;

static int begin(int argc, char **argv, char **env)
{
    const char *fail = getenv("MEMORY_FAIL");
    char *end = NULL;

    set.log = open_file(getenv("MEMORY_LOG"));
    set.mark = open_file(getenv("MEMORY_MARK"));
    if (fail != NULL) {
        set.at = strtol(fail, &end, 10);
        set.on = *end == '+';
    }
    watch_crashes();
    atomic_store(&bytes_left, 0);
    atomic_store(&counting, true);
    return program(argc, argv, env);
}

/* Not in a header, and as the C library wants it. */
#define START                                                                                      \
    main_fn *main, int argc, char **argv, void (*init)(void), void (*fini)(void),                  \
        void (*rtld_fini)(void), void *stack_end
int __libc_start_main(START);
int __libc_start_main(START)
{
    program = main;
    return NEXT(__libc_start_main)(begin, argc, argv, init, fini, rtld_fini, stack_end);
}

__attribute__((destructor)) static void end(void)
{
    char line[40];

    atomic_store(&counting, false);
    if (set.log >= 0)
        flush_log();
    int used = snprintf(line, sizeof line, "left %ld\n", atomic_load(&bytes_left));
    if (set.mark >= 0 && write(set.mark, line, (size_t)used) < 0)
        abort();
}
