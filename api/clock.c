/* The clocks and calendar arithmetic of base.h. */
#include "base.h"

#include <assert.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static int64_t (*utc_source)(void);
static int64_t (*boot_source)(void);
static int64_t frozen_utc;
static const char *(*boot_id_source)(void);

static int64_t clock_read(clockid_t id)
{
    struct timespec now;
    int rc = clock_gettime(id, &now);
    assert(rc == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_utc_ms(void)
{
    if (frozen_utc)
        return frozen_utc;
    return utc_source ? utc_source() : clock_read(CLOCK_REALTIME);
}

int64_t clock_boot_ms(void)
{
    return boot_source ? boot_source() : clock_read(CLOCK_BOOTTIME);
}

void clock_freeze_utc(int64_t utc_ms)
{
    frozen_utc = utc_ms;
}

void clock_replace(int64_t (*utc_ms)(void), int64_t (*boot_ms)(void))
{
    utc_source = utc_ms;
    boot_source = boot_ms;
}

void clock_replace_boot_id(const char *(*boot_id)(void))
{
    boot_id_source = boot_id;
}

const char *clock_boot_id(void)
{
    static char id[UUID_SIZE];
    if (boot_id_source)
        return boot_id_source();
    if (id[0])
        return id;
    /* Not by stdio, which fails for want of memory: another id would make this another boot. */
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, id, sizeof(id) - 1);
    if (fd >= 0)
        close(fd);
    if (got != sizeof(id) - 1)
        random_uuid(id); /* no /proc: every process counts as its own boot, the safe side */
    return id;
}

/* --- calendar: proleptic Gregorian; years start in March so that leap days come last ---------- */

#define DAYS_400_YEARS 146097
#define DAYS_TO_1970   719468 /* from 0000-03-01 */
#define MS_A_DAY       INT64_C(86400000)

int64_t time_from_civil(int year, int month, int day, int hour, int minute, int second)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    int64_t days = era * DAYS_400_YEARS + day_of_era - DAYS_TO_1970;
    return days * MS_A_DAY + ((int64_t)hour * 3600 + minute * 60 + second) * 1000;
}

struct civil time_to_civil(int64_t ms)
{
    int64_t days = ms / MS_A_DAY - (ms % MS_A_DAY < 0);
    int64_t seconds = (ms - days * MS_A_DAY) / 1000;
    int64_t z = days + DAYS_TO_1970;
    int64_t era = (z >= 0 ? z : z - (DAYS_400_YEARS - 1)) / DAYS_400_YEARS;
    int64_t doe = z - era * DAYS_400_YEARS;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t march_month = (5 * doy + 2) / 153;
    int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    return (struct civil){
        .year = (int)(yoe + era * 400 + (month <= 2)),
        .month = (int)month,
        .day = (int)(doy - (153 * march_month + 2) / 5 + 1),
        .hour = (int)(seconds / 3600),
        .minute = (int)(seconds / 60 % 60),
        .second = (int)(seconds % 60),
        .weekday = (int)(((days + 4) % 7 + 7) % 7), /* 1970-01-01 was a Thursday */
    };
}
