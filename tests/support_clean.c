#include "support_clean.h"

#include <stddef.h>
#include <utf8proc.h>

/* What Unicode calls default ignorable, of letters and marks; skin tones. */
static bool is_ignorable(int32_t point)
{
    static const struct {
        int32_t first, last;
    } ranges[] = {{0x34F, 0x34F},   {0x115F, 0x1160}, {0x17B4, 0x17B5},   {0x180B, 0x180F},
                  {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFFA0, 0xFFA0},   {0xE0100, 0xE01EF},
                  {0x1F3FB, 0x1F3FF}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    return false;
}

bool clean_bans(int32_t point)
{
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return true;
    default:
        return point < 0x20 || (point >= 0x7F && point < 0xA0) || is_ignorable(point);
    }
}

bool clean_is_mark(int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
           category == UTF8PROC_CATEGORY_ME || utf8proc_charwidth(point) == 0;
}
