/* Any bytes -> text_clean(): what a terminal may be given, checked code point by code
   point with a decoder of its own. */
#include "fuzz.h"

#include "../../tui/text.h"
#include "../support_clean.h"

#include <stdlib.h>
#include <string.h>

static int32_t next_point(const unsigned char **at)
{
    int len = **at < 0x80 ? 1 : **at < 0xe0 ? 2 : **at < 0xf0 ? 3 : 4;
    int32_t point = len == 1 ? **at : **at & (0x7f >> len);
    for (int i = 1; i < len; i++)
        point = point << 6 | ((*at)[i] & 0x3f);
    *at += len;
    return point;
}

static void check_points(const char *clean)
{
    const unsigned char *at = (const unsigned char *)clean;
    int marks = 3; /* a mark at the beginning stands on nothing */
    while (*at) {
        int32_t point = next_point(&at);
        assert(!clean_bans(point));
        marks = clean_is_mark(point) ? marks + 1 : 0;
        assert(marks <= 2);
    }
}

/* Drawn step by step it is as wide as it says, and no beginning is wider than asked for. */
static void check_width(struct text text)
{
    size_t at = 0, begin = 0;
    uint32_t points[3];
    int count, cells, total = 0, used;

    assert(text_fit(text, 0, &used) == 0 && used == 0);
    while (text_next(text, &at, points, &count, &cells)) {
        assert(count >= 1 && count <= 3 && cells >= 1 && cells <= 2 && at > begin);
        for (int i = 0; i < count; i++)
            assert(!clean_bans((int32_t)points[i]));
        size_t narrower = text_fit(text, total + cells - 1, &used);
        assert(narrower == begin && used == total);
        total += cells;
        assert(text_fit(text, total, &used) >= at && used == total);
        begin = at;
        if (total > 60)
            return; /* quadratic; what follows is not different */
    }
    assert(at == strlen(text.bytes) && text_width(text) == total);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *outside = fuzz_text(data, size);
    struct arena arena = {0};
    struct text clean = text_clean(&arena, outside);

    assert(fuzz_is_utf8(clean.bytes));
    check_points(clean.bytes);
    check_width(clean);
    assert(strcmp(text_clean(&arena, clean.bytes).bytes, clean.bytes) == 0);
    /* What was taken away has left a mark. */
    assert(strcmp(clean.bytes, outside) == 0 || strstr(clean.bytes, "\xEF\xBF\xBD"));
    int cells = size > 0 ? data[size - 1] % 40 + 1 : 1;
    struct text brief = text_brief(&arena, outside, cells);
    assert(fuzz_is_utf8(brief.bytes) && text_width(brief) <= cells);
    check_points(brief.bytes);
    arena_done(&arena);
    free(outside);
    return 0;
}
