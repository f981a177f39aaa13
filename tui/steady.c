#include "steady.h"

#include <string.h>
#include <utf8proc.h>

enum { FIRST = 0xF0000, PLACES = 8192, LEAD = 0xF3 }; /* LEAD: of all from U+C0000 to U+FFFFF */

static struct place {
    uint32_t points[3];
    int row, col, cells;
} places[PLACES];
static size_t count;

bool steady_sign(const uint32_t points[3])
{
    static const struct {
        uint32_t first, last;
    } agreed[] = {
        {0x20, 0x2FF},    {0x370, 0x482},   {0x48A, 0x52F},   {0x1E00, 0x1FFF}, {0x2010, 0x2027},
        {0x2030, 0x205E}, {0x20A0, 0x20BF}, {0x2190, 0x2193}, {0x2500, 0x25FC}, {0x2713, 0x2713},
        {0x2717, 0x2717}, {0x3001, 0x3029}, {0x3041, 0x3096}, {0x30A1, 0x30FF}, {0x4E00, 0x9FEF},
        {0xAC00, 0xD7A3}, {0xFF01, 0xFF5E}, {0xFFFD, 0xFFFD},
    };
    for (size_t i = 0; i < COUNT_OF(agreed) && !points[1]; i++)
        if (points[0] >= agreed[i].first && points[0] <= agreed[i].last)
            return true;
    return false;
}

uint32_t steady_stand_in(const uint32_t points[3], int row, int col, int cells)
{
    const struct place place = {{points[0], points[1], points[2]}, row, col, cells};
    size_t at = 0;
    while (at < count && memcmp(&places[at], &place, sizeof place) != 0)
        at++;
    if (at == PLACES)
        return 0;
    if (at == count)
        places[count++] = place;
    return FIRST + 2 * (uint32_t)at;
}

void steady_begin(bool *paint_all)
{
    *paint_all |= count > PLACES / 2;
    if (*paint_all)
        count = 0;
}

/* Marks that stand on their base everywhere; others are left out, for some terminals give them
   cells of their own, over what stands to the right. */
static bool is_agreed_mark(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } agreed[] = {{0x300, 0x36F}, {0x591, 0x5BD}, {0x64B, 0x652}, {0x941, 0x948},  {0x94D, 0x94D},
                  {0xE31, 0xE31}, {0xE34, 0xE3A}, {0xE47, 0xE4E}, {0x20D0, 0x20EA}};
    for (size_t i = 0; i < COUNT_OF(agreed); i++)
        if (point >= agreed[i].first && point <= agreed[i].last)
            return true;
    return false;
}

/* Blanks first: a terminal that takes fewer cells for it would leave what stood there. */
static void put_sign(const struct place *place, void (*move)(struct buf *out, int row, int col),
                     struct buf *out)
{
    for (int i = 0; i < place->cells; i++)
        buf_puts(out, " ");
    move(out, place->row, place->col);
    for (int i = 0; i < 3 && place->points[i]; i++) {
        if (i > 0 && !is_agreed_mark(place->points[i]))
            continue;
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t len = utf8proc_encode_char((utf8proc_int32_t)place->points[i], bytes);
        buf_add(out, bytes, (size_t)len);
    }
    move(out, place->row, place->col + 1);
}

void steady_restore(const char *bytes, size_t len, void (*move)(struct buf *out, int row, int col),
                    struct buf *out)
{
    for (size_t at = 0, step; at < len; at += step) {
        const char *next = memchr(bytes + at, LEAD, len - at);
        step = next ? (size_t)(next - bytes) - at : len - at;
        buf_add(out, bytes + at, step);
        if (!next)
            break;
        utf8proc_int32_t point;
        utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)next,
                                                 (utf8proc_ssize_t)(len - at - step), &point);
        size_t index = used == 4 && point >= FIRST ? (size_t)(point - FIRST) / 2 : count;
        if (index >= count)
            buf_puts(out, "?"), used = used > 0 ? used : 1;
        else if ((point - FIRST) % 2 == 0)
            put_sign(&places[index], move, out);
        else
            move(out, places[index].row, places[index].col + 2);
        step += (size_t)used;
    }
}
