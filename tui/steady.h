/* Terminals disagree about the cells of many signs: emoji, marks of many scripts, what is new in
   Unicode. One such sign would shift all that stands behind it in its row. So ncurses gets
   stand-ins of one cell each (code points of the private plane 15), and where one comes out the
   sign itself is sent, with the cursor put right behind it. */
#ifndef TUI_STEADY_H
#define TUI_STEADY_H

#include "../api/base.h"

/* All terminals take as many cells for it as we do. */
bool steady_sign(const uint32_t points[3]);
/* The stand-in for a sign at this place of the screen, for its right half that plus one; always the
   same for the same sign at the same place. 0: there are too many. */
uint32_t steady_stand_in(const uint32_t points[3], int row, int col, int cells);
/* Before a frame; where there are too many places all is painted anew, and then none is kept. */
void steady_begin(bool *paint_all);
/* The bytes of a frame with the signs in place of the stand-ins. move adds what puts the cursor. */
void steady_restore(const char *bytes, size_t len,
                    void (*move)(struct buf *out, int row, int col), struct buf *out);

#endif
