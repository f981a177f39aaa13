#include "term_looks.h"

#include <stdlib.h>

/* colour and attribute where there are colours; attribute alone where there are none. */
static const struct {
    short fore, back;
    attr_t with_colour, without;
} looks[STYLE_COUNT] = {
    [STYLE_NORMAL] = {-1, -1, A_NORMAL, A_NORMAL},
    [STYLE_DIM] = {-1, -1, A_DIM, A_DIM},
    [STYLE_TITLE] = {-1, -1, A_BOLD, A_BOLD},
    [STYLE_STRONG] = {-1, -1, A_BOLD, A_BOLD},
    [STYLE_KEY] = {COLOR_CYAN, -1, A_NORMAL, A_BOLD},
    [STYLE_GOOD] = {COLOR_GREEN, -1, A_NORMAL, A_NORMAL},
    [STYLE_BAD] = {COLOR_RED, -1, A_BOLD, A_BOLD},
    [STYLE_WARN] = {COLOR_YELLOW, -1, A_NORMAL, A_BOLD},
    [STYLE_FIELD] = {-1, -1, A_UNDERLINE, A_UNDERLINE},
    [STYLE_SELECTED] = {COLOR_CYAN, -1, A_NORMAL, A_BOLD},
    [STYLE_TRAINING] = {COLOR_CYAN, -1, A_BOLD, A_BOLD},
    [STYLE_TEST] = {COLOR_BLACK, COLOR_YELLOW, A_NORMAL, A_REVERSE},
    [STYLE_LIVE] = {COLOR_WHITE, COLOR_RED, A_BOLD, A_REVERSE | A_BOLD},
    [STYLE_PAPER] = {COLOR_BLACK, COLOR_WHITE, A_NORMAL, A_REVERSE},
    [STYLE_INK] = {COLOR_BLACK, COLOR_BLACK, A_NORMAL, A_NORMAL},
};

/* What this terminal can do of it. */
static struct {
    attr_t attributes;
    short pair;
} used[STYLE_COUNT];

void term_looks_start(void)
{
    const char *no_color = getenv("NO_COLOR");
    bool colours = !(no_color && *no_color) && has_colors() && start_color() == OK &&
                   use_default_colors() == OK;
    for (int i = 0; i < STYLE_COUNT; i++) {
        used[i].attributes = colours ? looks[i].with_colour : looks[i].without;
        used[i].pair = 0;
        if (colours && (looks[i].fore >= 0 || looks[i].back >= 0) && i < COLOR_PAIRS &&
            init_pair((short)i, looks[i].fore, looks[i].back) == OK)
            used[i].pair = (short)i;
    }
}

void term_look(cchar_t *out, const wchar_t *sign, enum style style)
{
    setcchar(out, sign, used[style].attributes, used[style].pair, NULL);
}
