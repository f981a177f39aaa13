#include "support_leap.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../../api/base.h"

static _Atomic(int64_t) *ahead; /* ms */

static int64_t read_clock(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t utc_now(void)
{
    return read_clock(CLOCK_REALTIME) + atomic_load(ahead);
}

static int64_t boot_now(void)
{
    return read_clock(CLOCK_BOOTTIME) + atomic_load(ahead);
}

bool leap_share(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return false;
    void *shared = MAP_FAILED;
    if (ftruncate(fd, sizeof *ahead) == 0)
        shared = mmap(NULL, sizeof *ahead, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared == MAP_FAILED)
        return false;
    ahead = shared;
    clock_replace(utc_now, boot_now);
    return true;
}

void leap_end(void)
{
    clock_replace(NULL, NULL);
    if (ahead != NULL)
        munmap(ahead, sizeof *ahead);
    ahead = NULL;
}

void leap_by(int64_t ms)
{
    atomic_fetch_add(ahead, ms);
}

int64_t leap_so_far(void)
{
    return atomic_load(ahead);
}

void leap_back_to(int64_t ms)
{
    atomic_store(ahead, ms);
}

int64_t leap_real_ms(void)
{
    return read_clock(CLOCK_BOOTTIME);
}
