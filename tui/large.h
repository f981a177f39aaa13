/* Amounts as large as a terminal gets: digits of half blocks, three lines high. */
#ifndef TUI_LARGE_H
#define TUI_LARGE_H

#include "draw.h"

enum { LARGE_ROWS = 3 };
/* Whether ▀▄█ can be shown; ascii: the configuration asks for ASCII borders. */
bool large_has_blocks(bool ascii);
/* Cells that the text takes; what is no digit or mark (the currency) stays as it is. */
int large_width(struct text amount, bool utf8);
/* Where there are no half blocks, or not enough room, the letters are spaced out on the middle
   line. Returns the row after it. */
int large_draw(struct area area, int row, int col, enum style style, struct text amount, bool utf8);

#endif
