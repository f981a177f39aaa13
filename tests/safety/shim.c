/* Stands between the program and the C library (LD_PRELOAD): counts the calls through which the
   outside sees the program, and at one of them kills it, fails it, or only writes down what it did.

   Classes of what a call touches, one letter each:
     j  the journal and its side files        k  lock files of owners
     c  the cache and its side files          n  sockets
     f  folders that come into being
   Everything else (terminal descriptions, locales, the loop's own pipes) is never counted.

   SHIM_ONLY=jn      letters that count (default: all)
   SHIM_LOG=FILE     appends a line a counted call, "N CLASS CALL NAME", and "total N" at the end
   SHIM_KILL=N       SIGKILL before call N; N+ after it; N~ in the middle: half of its bytes are
                     written or sent (a call that writes none: as N)
   SHIM_FAIL=N:ERRNO call N fails with that errno number; N+:ERRNO it and every later one
   SHIM_MARK=FILE    made when the kill or the failure strikes, so that a run can be told from one
                     that ended before
   SHIM_TRACE=FILE   every call of classes j, k, f and n with its bytes, to make disk images of:
                     struct shim_record of shim.h, then the name, then the bytes
   SHIM_CLOCK=FILE   eight bytes shared by all who name it: milliseconds (int64_t) by which the
                     clocks are ahead
   SHIM_SKIP=1       with SHIM_CLOCK: does not sit out a wait in which nothing comes, but puts the
                     shared clock forward, by a quarter of a second at first */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

#define FDS_MAX  1024
#define IDLE_MS  2   /* so long nothing came: nobody else is busy for us */
#define LEAP_MS  250 /* of the shared clock at once; the double each time nothing comes again */
#define LEAP_MAX 4000

/* --- settings -------------------------------------------------------------------------------- */

static struct {
    const char *only;
    int log, trace; /* descriptors, -1: none */
    const char *mark;
    long at, fail_at; /* 0: never */
    char how;         /* of the kill: 'b'efore, 'a'fter, 't'orn */
    bool fail_on;     /* the later calls fail too */
    int fail_errno;
    _Atomic(int64_t) *ahead; /* ms, shared; NULL: the clocks are as they are */
    bool skip;
} set = {.log = -1, .trace = -1};

static atomic_long calls;
static pthread_mutex_t tracing = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char class; /* 0: does not count */
    char name[128];
} fds[FDS_MAX];

/* The C library's own function of that name. */
#define NEXT(name) ((__typeof__(&name))(uintptr_t)next(#name))
static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL)
        abort();
    return found;
}

static int open_beside(const char *path)
{
    int fd = NEXT(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FDS_MAX); /* out of the program's way */

    if (fd >= 0)
        (void)NEXT(close)(fd);
    return high;
}

static void open_clock(const char *path)
{
    int fd = NEXT(open)(path, O_RDWR | O_CLOEXEC);
    void *shared = mmap(NULL, sizeof *set.ahead, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (fd < 0 || shared == MAP_FAILED)
        abort();
    (void)NEXT(close)(fd);
    set.ahead = shared;
}

__attribute__((constructor)) static void begin(void)
{
    const char *kill_at = getenv("SHIM_KILL"), *fail = getenv("SHIM_FAIL");
    char *end;

    set.only = getenv("SHIM_ONLY");
    set.mark = getenv("SHIM_MARK");
    if (getenv("SHIM_LOG") != NULL)
        set.log = open_beside(getenv("SHIM_LOG"));
    if (getenv("SHIM_TRACE") != NULL)
        set.trace = open_beside(getenv("SHIM_TRACE"));
    if (kill_at != NULL) {
        set.at = strtol(kill_at, &end, 10);
        set.how = *end == '+' ? 'a' : *end == '~' ? 't' : 'b';
    }
    if (fail != NULL) {
        set.fail_at = strtol(fail, &end, 10);
        set.fail_on = *end == '+';
        end += set.fail_on;
        set.fail_errno = *end == ':' ? (int)strtol(end + 1, NULL, 10) : EIO;
    }
    if (getenv("SHIM_CLOCK") != NULL)
        open_clock(getenv("SHIM_CLOCK"));
    set.skip = set.ahead != NULL && getenv("SHIM_SKIP") != NULL;
    unsetenv("LD_PRELOAD"); /* key commands are not what is tested */
}

__attribute__((destructor)) static void end(void)
{
    if (set.log >= 0)
        dprintf(set.log, "total %ld\n", atomic_load(&calls));
}

/* --- what a call touches --------------------------------------------------------------------- */

static char class_of_path(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;

    if (strncmp(name, "journal", 7) == 0)
        return 'j';
    if (strncmp(name, "cache", 5) == 0)
        return 'c';
    return strncmp(name, "owner-", 6) == 0 ? 'k' : 0;
}

static void note_fd(int fd, char class, const char *name)
{
    if (fd < 0 || fd >= FDS_MAX)
        return;
    fds[fd].class = class;
    snprintf(fds[fd].name, sizeof fds[fd].name, "%s", name);
}

static bool is_known(int fd)
{
    return fd >= 0 && fd < FDS_MAX && fds[fd].class != 0;
}

/* --- the strike ------------------------------------------------------------------------------ */

enum fate { LIVES, FAILS, DIES_AFTER, DIES_TORN };

static void trace(enum shim_op op, const char *name, int64_t offset, const void *bytes, size_t size)
{
    struct shim_record record = {.op = op,
                                 .name_size = (uint32_t)strlen(name) + 1,
                                 .offset = offset,
                                 .size = (uint32_t)(bytes == NULL ? 0 : size)};
    struct iovec parts[] = {{&record, sizeof record},
                            {(void *)(uintptr_t)name, record.name_size},
                            {(void *)(uintptr_t)bytes, record.size}};

    if (set.trace < 0)
        return;
    pthread_mutex_lock(&tracing);
    if (NEXT(writev)(set.trace, parts, 3) < 0)
        abort();
    pthread_mutex_unlock(&tracing);
}

static void leave_mark(const char *call)
{
    trace(SHIM_STRIKE, call, 0, NULL, 0);
    if (set.mark != NULL) {
        int fd = open_beside(set.mark);
        if (fd >= 0)
            (void)NEXT(close)(fd);
    }
}

static _Noreturn void die(void)
{
    leave_mark("kill");
    raise(SIGKILL);
    abort();
}

/* Counts one call and says what becomes of it; dies here when the kill stands before it. */
static enum fate strike(char class, const char *call, const char *name)
{
    if (class == 0 || (set.only != NULL && strchr(set.only, class) == NULL))
        return LIVES;
    long n = atomic_fetch_add(&calls, 1) + 1;
    if (set.log >= 0)
        dprintf(set.log, "%ld %c %s %s\n", n, class, call, name);
    if (set.fail_at != 0 && (n == set.fail_at || (set.fail_on && n > set.fail_at))) {
        if (n == set.fail_at)
            leave_mark(call);
        return FAILS;
    }
    if (n != set.at)
        return LIVES;
    if (set.how == 'b')
        die();
    return set.how == 'a' ? DIES_AFTER : DIES_TORN;
}

static enum fate strike_fd(int fd, const char *call)
{
    return is_known(fd) ? strike(fds[fd].class, call, fds[fd].name) : LIVES;
}

static void trace_fd(enum shim_op op, int fd, int64_t offset, const void *bytes, size_t size)
{
    if (is_known(fd) && strchr("jkfn", fds[fd].class) != NULL)
        trace(op, fds[fd].name, offset, bytes, size);
}

/* After the call: dies when its fate was to. */
#define FAIL_OR(fate, failed)                                                                      \
    do {                                                                                           \
        if ((fate) == FAILS) {                                                                     \
            errno = set.fail_errno;                                                                \
            return failed;                                                                         \
        }                                                                                          \
    } while (0)
#define DIE_IF(fate)                                                                               \
    do {                                                                                           \
        if ((fate) >= DIES_AFTER)                                                                  \
            die();                                                                                 \
    } while (0)

/* --- opening --------------------------------------------------------------------------------- */

/* A file that comes into being counts; opening one that is there changes nothing. */
static int open_counted(int folder, const char *path, int flags, mode_t mode)
{
    char class = class_of_path(path);
    struct stat info;
    bool makes = class != 0 && (flags & O_CREAT) != 0 && fstatat(folder, path, &info, 0) != 0;
    enum fate fate = makes ? strike(class, "create", path) : LIVES;

    FAIL_OR(fate, -1);
    int fd = NEXT(openat)(folder, path, flags, mode);
    if (fd >= 0) {
        note_fd(fd, class, path);
        if (class == 0 && fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
            note_fd(fd, 'f', path); /* its fsync makes names last */
        if (makes)
            trace_fd(SHIM_CREATE, fd, 0, NULL, 0);
    }
    DIE_IF(fate);
    return fd;
}

#define MODE_OF(flags, mode)                                                                       \
    mode_t mode = 0;                                                                               \
    if (((flags) & (O_CREAT | __O_TMPFILE)) != 0) {                                                \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode = va_arg(args, mode_t);                                                               \
        va_end(args);                                                                              \
    }

int open(const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_counted(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_counted(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_counted(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_counted(folder, path, flags | O_LARGEFILE, mode);
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS_MAX)
        fds[fd].class = 0;
    return NEXT(close)(fd);
}

int socket(int domain, int type, int protocol)
{
    int fd = NEXT(socket)(domain, type, protocol);

    if (domain == AF_INET || domain == AF_INET6)
        note_fd(fd, 'n', "socket");
    return fd;
}

/* --- writing --------------------------------------------------------------------------------- */

ssize_t write(int fd, const void *bytes, size_t size)
{
    enum fate fate = strike_fd(fd, "write");

    FAIL_OR(fate, -1);
    int64_t offset = set.trace >= 0 && is_known(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t done = NEXT(write)(fd, bytes, fate == DIES_TORN ? size / 2 : size);
    if (done > 0)
        trace_fd(SHIM_WRITE, fd, offset, bytes, (size_t)done);
    DIE_IF(fate);
    return done;
}

static ssize_t write_at(int fd, const void *bytes, size_t size, off64_t offset)
{
    enum fate fate = strike_fd(fd, "pwrite");

    FAIL_OR(fate, -1);
    ssize_t done = NEXT(pwrite64)(fd, bytes, fate == DIES_TORN ? size / 2 : size, offset);
    if (done > 0)
        trace_fd(SHIM_WRITE, fd, offset, bytes, (size_t)done);
    DIE_IF(fate);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return write_at(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    return write_at(fd, bytes, size, offset);
}

/* What changes a file without carrying bytes. */
#define CALL(type, name, parameters, arguments, op, offset)                                        \
    type name parameters                                                                           \
    {                                                                                              \
        enum fate fate = strike_fd(fd, #name);                                                     \
        FAIL_OR(fate, -1);                                                                         \
        type done = NEXT(name) arguments;                                                          \
        if (done == 0)                                                                             \
            trace_fd(op, fd, offset, NULL, 0);                                                     \
        DIE_IF(fate);                                                                              \
        return done;                                                                               \
    }
CALL(int, ftruncate, (int fd, off_t size), (fd, size), SHIM_TRUNCATE, size)
CALL(int, ftruncate64, (int fd, off64_t size), (fd, size), SHIM_TRUNCATE, size)
CALL(int, fsync, (int fd), (fd), SHIM_SYNC, 0)
CALL(int, fdatasync, (int fd), (fd), SHIM_SYNC, 0)

int unlinkat(int folder, const char *path, int flags)
{
    enum fate fate = strike(class_of_path(path), "unlink", path);

    FAIL_OR(fate, -1);
    int done = NEXT(unlinkat)(folder, path, flags);
    if (done == 0 && class_of_path(path) != 0)
        trace(SHIM_UNLINK, path, 0, NULL, 0);
    DIE_IF(fate);
    return done;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int mkdir(const char *path, mode_t mode)
{
    struct stat info;
    enum fate fate = stat(path, &info) == 0 ? LIVES : strike('f', "mkdir", path);

    FAIL_OR(fate, -1);
    int done = NEXT(mkdir)(path, mode);
    if (done == 0)
        trace(SHIM_MKDIR, path, 0, NULL, 0);
    DIE_IF(fate);
    return done;
}

/* --- sockets --------------------------------------------------------------------------------- */

int connect(int fd, const struct sockaddr *to, socklen_t size)
{
    enum fate fate = strike_fd(fd, "connect");

    FAIL_OR(fate, -1);
    int done = NEXT(connect)(fd, to, size);
    DIE_IF(fate);
    return done;
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    enum fate fate = strike_fd(fd, "send");

    FAIL_OR(fate, -1);
    trace_fd(SHIM_SEND, fd, 0, bytes, size);
    ssize_t done = NEXT(send)(fd, bytes, fate == DIES_TORN ? size / 2 : size, flags);
    DIE_IF(fate);
    return done;
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    enum fate fate = strike_fd(fd, "recv");

    FAIL_OR(fate, -1);
    ssize_t done = NEXT(recv)(fd, bytes, size, flags);
    DIE_IF(fate);
    return done;
}

/* --- time ------------------------------------------------------------------------------------ */

int clock_gettime(clockid_t id, struct timespec *now)
{
    int done = NEXT(clock_gettime)(id, now);

    if (done != 0 || set.ahead == NULL ||
        (id != CLOCK_REALTIME && id != CLOCK_BOOTTIME && id != CLOCK_MONOTONIC))
        return done;
    int64_t ahead = atomic_load(set.ahead);
    now->tv_sec += ahead / 1000;
    now->tv_nsec += ahead % 1000 * 1000000;
    if (now->tv_nsec >= 1000000000) {
        now->tv_sec++;
        now->tv_nsec -= 1000000000;
    }
    return done;
}

/* Ends early, as any wait may: the caller looks at its clock and waits again. */
int poll(struct pollfd *polled, nfds_t count, int timeout_ms)
{
    if (!set.skip || (timeout_ms >= 0 && timeout_ms <= IDLE_MS))
        return NEXT(poll)(polled, count, timeout_ms);
    static atomic_int leap = LEAP_MS;
    int ready = NEXT(poll)(polled, count, IDLE_MS);
    int left = timeout_ms - IDLE_MS, most = atomic_load(&leap);
    if (ready == 0 && left > 0)
        atomic_fetch_add(set.ahead, left < most ? left : most);
    atomic_store(&leap, ready != 0 ? LEAP_MS : most < LEAP_MAX ? most * 2 : most);
    return ready;
}

int __poll_chk(struct pollfd *polled, nfds_t count, int timeout_ms, size_t size);
int __poll_chk(struct pollfd *polled, nfds_t count, int timeout_ms, size_t size)
{
    if (size / sizeof *polled < count)
        abort();
    return poll(polled, count, timeout_ms);
}
