/* QR codes in a terminal: half blocks where the character set has them, else two characters a
   module. Always dark on light with a quiet zone of four modules around, or a phone does not see
   it. */
#ifndef TUI_QR_H
#define TUI_QR_H

#include "draw.h"

enum { QR_QUIET = 4 };

struct qr;
/* Level L, the smallest version that holds the text. NULL: it is empty or too long for any. */
struct qr *qr_new(const char *text);
void qr_free(struct qr *qr);
/* Modules on a side with both quiet zones, as drawn and printed. */
int qr_side(const struct qr *qr);
/* Positions count from the corner of the quiet zone; outside of everything is light. */
bool qr_is_dark(const struct qr *qr, int row, int col);

/* Cells it takes: half blocks pack two rows into one line, ASCII spends two columns a module. */
int qr_rows(const struct qr *qr, bool utf8);
int qr_cols(const struct qr *qr, bool utf8);
/* At the area's top left corner, in STYLE_PAPER and STYLE_INK. False, and nothing drawn: it does
 * not fit. */
bool qr_draw(const struct qr *qr, struct area area, bool utf8);

/* Lines of text for the command line. ansi: black on white whatever the terminal's colours; without
   it, a dark module is ink, as on paper. False: the text fits no QR code. */
bool qr_print(struct buf *out, const char *url, bool utf8, bool ansi);

#endif
