#include "input_keys.h"

#include "term.h"

uint32_t input_key_of_letter(char final)
{
    switch (final) {
    case 'A':
        return KEY_ARROW_UP;
    case 'B':
        return KEY_ARROW_DOWN;
    case 'C':
        return KEY_ARROW_RIGHT;
    case 'D':
        return KEY_ARROW_LEFT;
    case 'H':
        return KEY_TO_HOME;
    case 'F':
        return KEY_TO_END;
    case 'Z':
        return KEY_BACKTAB;
    case 'P':
    case 'Q':
    case 'R':
    case 'S':
        return KEY_FN + 1 + (uint32_t)(final - 'P');
    default:
        return KEY_NONE;
    }
}

uint32_t input_key_of_number(int number)
{
    static const uint32_t keys[] = {
        [1] = KEY_TO_HOME, [2] = KEY_INSERT,    [3] = KEY_DELETE,   [4] = KEY_TO_END,
        [5] = KEY_PAGE_UP, [6] = KEY_PAGE_DOWN, [7] = KEY_TO_HOME,  [8] = KEY_TO_END,
        [11] = KEY_FN + 1, [12] = KEY_FN + 2,   [13] = KEY_FN + 3,  [14] = KEY_FN + 4,
        [15] = KEY_FN + 5, [17] = KEY_FN + 6,   [18] = KEY_FN + 7,  [19] = KEY_FN + 8,
        [20] = KEY_FN + 9, [21] = KEY_FN + 10,  [23] = KEY_FN + 11, [24] = KEY_FN + 12,
    };
    return number >= 0 && (size_t)number < COUNT_OF(keys) ? keys[number] : KEY_NONE;
}
