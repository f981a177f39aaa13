/* The console itself, played by this very program when CONSOLE_PACE stands in its environment: time
   then goes that many times as fast for it. Its clock and its wait stand here, before those of the
   C library: to be included by the file that has main(), and by no other. */
#ifndef TESTS_SAFETY_SUPPORT_FAST_CONSOLE_H
#define TESTS_SAFETY_SUPPORT_FAST_CONSOLE_H

#include "support_forms.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t pace = 1, pace_from;
static void (*before_wait)(void); /* runs in the console before each of its waits */

int console_main(int argc, char **argv);
#define main console_main
#include "../../tui/main.c"
#undef main

/* Only the clock that the console counts its own times by is bent, and the waits that follow. */
int clock_gettime(clockid_t id, struct timespec *out)
{
    long rc = syscall(SYS_clock_gettime, id, out);

    if (rc == 0 && pace > 1 && id == CLOCK_BOOTTIME) {
        int64_t now = out->tv_sec * INT64_C(1000000000) + out->tv_nsec;
        now = pace_from + (now - pace_from) * pace;
        out->tv_sec = now / 1000000000;
        out->tv_nsec = now % 1000000000;
    }
    return (int)rc;
}

struct pollfd;
int poll(struct pollfd *fds, unsigned long count, int timeout_ms);
int poll(struct pollfd *fds, unsigned long count, int timeout_ms)
{
    struct timespec wait = {0};
    int64_t nanoseconds = timeout_ms * INT64_C(1000000) / pace;

    if (before_wait)
        before_wait();
    wait.tv_sec = nanoseconds / 1000000000;
    wait.tv_nsec = nanoseconds % 1000000000;
    return (int)syscall(SYS_ppoll, fds, count, timeout_ms < 0 ? NULL : &wait, NULL, 0);
}

/* True: this process is a console, and has ended with that status. */
static bool played_console(int argc, char **argv, int *status)
{
    const char *times = getenv("CONSOLE_PACE");
    struct timespec now;

    if (!times)
        return false;
    clock_gettime(CLOCK_BOOTTIME, &now);
    pace_from = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    pace = strtoll(times, NULL, 10);
    *status = console_main(argc, argv);
    return true;
}

#endif
