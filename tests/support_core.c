#include "support_core.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

struct core_fault core_fault;

void core_fail(sqlite3 *only, int at, int rc)
{
    core_fault = (struct core_fault){.only = only, .at = at, .rc = rc};
}

void core_fail_call(const char *call, int at, int rc)
{
    core_fault = (struct core_fault){.call = call, .at = at, .rc = rc};
}

bool core_has_struck(void)
{
    bool struck = core_fault.at > 0 && core_fault.seen >= core_fault.at;

    core_fault.at = 0;
    return struck;
}

static bool is_time(void)
{
    bool now = ++core_fault.seen == core_fault.at ||
               (core_fault.for_ever && core_fault.seen > core_fault.at);

    if (now && core_fault.instead != NULL) {
        core_fault.instead();
        return false;
    }
    return now;
}

/* Of a call into SQLite. */
static bool fails_at(sqlite3 *handle, const char *call)
{
    return core_fault.at != 0 && (core_fault.only == NULL || core_fault.only == handle) &&
           (core_fault.call == NULL || strcmp(core_fault.call, call) == 0) && is_time();
}

/* Of a call of the system: only where it is meant by name. */
static bool fails(const char *call)
{
    return core_fault.at != 0 && core_fault.call != NULL && strcmp(core_fault.call, call) == 0 &&
           is_time();
}

static bool fails_with_errno(const char *call)
{
    bool now = fails(call);

    if (now)
        errno = core_fault.rc;
    return now;
}

/* --- SQLite ---------------------------------------------------------------------------------- */

#define WRAP(type, name, params)                                                                   \
    type __real_##name params;                                                                     \
    type __wrap_##name params;                                                                     \
    type __wrap_##name params

typedef int prepare_fn(sqlite3 *db, const char *sql, int len, unsigned flags, sqlite3_stmt **stmt,
                       const char **tail);
prepare_fn __real_sqlite3_prepare_v3, __wrap_sqlite3_prepare_v3;

int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int len, unsigned flags,
                              sqlite3_stmt **stmt, const char **tail)
{
    if (!fails_at(db, "sqlite3_prepare_v3"))
        return __real_sqlite3_prepare_v3(db, sql, len, flags, stmt, tail);
    *stmt = NULL;
    return core_fault.rc;
}

/* A rollback always ends the transaction, whatever it answers. */
WRAP(int, sqlite3_exec,
     (sqlite3 * db, const char *sql, int (*fn)(void *, int, char **, char **), void *ctx,
      char **message))
{
    if (strcmp(sql, "ROLLBACK") == 0 || !fails_at(db, "sqlite3_exec"))
        return __real_sqlite3_exec(db, sql, fn, ctx, message);
    if (core_fault.late)
        __real_sqlite3_exec(db, sql, fn, ctx, message);
    return core_fault.rc;
}

WRAP(int, sqlite3_step, (sqlite3_stmt * stmt))
{
    sqlite3 *db = sqlite3_db_handle(stmt);

    if (!fails_at(db, "sqlite3_step"))
        return __real_sqlite3_step(stmt);
    if (core_fault.ends)
        __real_sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return core_fault.rc;
}

/* --- the system ------------------------------------------------------------------------------ */

WRAP(int, openat, (int folder, const char *path, int flags, ...))
{
    va_list args;

    va_start(args, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return fails_with_errno("openat") ? -1 : __real_openat(folder, path, flags, mode);
}

WRAP(int, open, (const char *path, int flags, ...))
{
    va_list args;

    va_start(args, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return fails_with_errno("open") ? -1 : __real_open(path, flags, mode);
}

/* The core asks for locks only. */
WRAP(int, fcntl, (int fd, int command, ...))
{
    va_list args;

    va_start(args, command);
    void *arg = va_arg(args, void *);
    va_end(args);
    return fails_with_errno("fcntl") ? -1 : __real_fcntl(fd, command, arg);
}

WRAP(int, fstat, (int fd, struct stat *info))
{
    return fails_with_errno("fstat") ? -1 : __real_fstat(fd, info);
}

WRAP(DIR *, fdopendir, (int fd))
{
    return fails_with_errno("fdopendir") ? NULL : __real_fdopendir(fd);
}

WRAP(int, getpwuid_r,
     (uid_t uid, struct passwd *entry, char *room, size_t size, struct passwd **found))
{
    if (!fails("getpwuid_r"))
        return __real_getpwuid_r(uid, entry, room, size, found);
    *found = NULL; /* rc 0: there is no such user */
    return core_fault.rc;
}

WRAP(int, ttyname_r, (int fd, char *name, size_t size))
{
    if (!fails("ttyname_r"))
        return __real_ttyname_r(fd, name, size);
    strncpy(name, "/dev/pts/7", size); /* rc 0: it is one */
    return core_fault.rc;
}

WRAP(int, gethostname, (char *name, size_t size))
{
    return fails_with_errno("gethostname") ? -1 : __real_gethostname(name, size);
}

WRAP(int, adjtimex, (struct timex * now))
{
    if (!fails("adjtimex"))
        return __real_adjtimex(now);
    now->status = core_fault.rc; /* rc < 0: cannot tell */
    return core_fault.rc < 0 ? -1 : 0;
}

WRAP(int, sodium_init, (void))
{
    return fails("sodium_init") ? -1 : __real_sodium_init();
}

WRAP(CURL *, curl_easy_init, (void))
{
    return fails("curl_easy_init") ? NULL : __real_curl_easy_init();
}

WRAP(int, link, (const char *from, const char *to))
{
    return fails_with_errno("link") ? -1 : __real_link(from, to);
}

WRAP(int, inotify_init1, (int flags))
{
    return fails_with_errno("inotify_init1") ? -1 : __real_inotify_init1(flags);
}

WRAP(int, inotify_add_watch, (int fd, const char *path, uint32_t mask))
{
    return fails_with_errno("inotify_add_watch") ? -1 : __real_inotify_add_watch(fd, path, mask);
}
