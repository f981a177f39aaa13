/* Times as the API writes them and days as people type them, against the C library's calendar.
   Input: text. */
#include "fuzz.h"

#include "../../cache/cache_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_MS INT64_C(86400000)

/* The moment its first six numbers name, by timegm(); false where they are not there. */
static bool fields_of(const char *text, struct tm *tm, int64_t *ms)
{
    int used = 0;
    *tm = (struct tm){0};
    if (sscanf(text, "%4d-%2d-%2d%*1[ Tt]%2d:%2d:%2d%n", &tm->tm_year, &tm->tm_mon, &tm->tm_mday,
               &tm->tm_hour, &tm->tm_min, &tm->tm_sec, &used) != 6 ||
        used != 19)
        return false;
    struct tm copy = *tm;
    copy.tm_year -= 1900;
    copy.tm_mon -= 1;
    *ms = (int64_t)timegm(&copy) * 1000;
    return true;
}

static void check_stamp(const char *text)
{
    struct stamp stamp;
    struct tm tm;
    int64_t wall;
    bool read = stamp_parse(text, &stamp);

    assert(strlen(stamp.text) < STAMP_SIZE && strncmp(text, stamp.text, strlen(stamp.text)) == 0);
    if (!read) {
        assert(stamp.ms == 0 && !stamp.zoned);
        return;
    }
    bool there = fields_of(text, &tm, &wall);
    assert(there);
    assert(tm.tm_mon >= 1 && tm.tm_mon <= 12 && tm.tm_mday >= 1 && tm.tm_mday <= 31);
    assert(tm.tm_hour <= 23 && tm.tm_min <= 59 && tm.tm_sec <= 60);
    if (!stamp.zoned) /* the wall clock that it shows, less than a second later for its fraction */
        assert(stamp.ms >= wall && stamp.ms < wall + 1000);
    else /* no place is further from it than fourteen hours and 59 minutes */
        assert(stamp.ms > wall - 15 * 3600000 && stamp.ms < wall + 15 * 3600000);
    struct civil civil = time_to_civil(wall);
    assert(time_from_civil(civil.year, civil.month, civil.day, civil.hour, civil.minute,
                           civil.second) == wall);
    /* A day that is none is not taken for the next. */
    assert(civil.day == tm.tm_mday || tm.tm_sec == 60);
}

static void check_days(const char *text)
{
    const int64_t now = INT64_C(1795356000000); /* 2026-11-22 14:00:00 */
    int64_t low, high;

    if (!filter_read_days(text, now, &low, &high))
        return;
    assert(low % DAY_MS == 0 && (high + 1) % DAY_MS == 0);
    assert(high > low && high - low < 31 * DAY_MS);
    assert(low >= time_from_civil(1900, 1, 1, 0, 0, 0));
    assert(time_to_civil(low).month == time_to_civil(high).month);
    /* Written out as a day and read again. */
    struct civil day = time_to_civil(low);
    char out[32];
    int64_t low_again, high_again;
    snprintf(out, sizeof out, "%04d-%02d-%02d", day.year, day.month, day.day);
    if (day.year >= 1970) {
        assert(filter_read_days(out, now, &low_again, &high_again));
        assert(low_again == low && high_again == low + DAY_MS - 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    check_stamp(text);
    check_days(text);
    free(text);
    return 0;
}
