/* What the terminal can show when it does not speak UTF-8, and how symbols look in ASCII. ncurses
   always draws in UTF-8; a finished frame is turned into the terminal's own bytes as a whole. */
#ifndef TUI_CHARSET_H
#define TUI_CHARSET_H

#include "../api/base.h"

/* Finds the terminal's character set (even of a locale that is not installed). ascii: symbols and
   borders are drawn in ASCII in any case. */
void charset_open(bool ascii);
void charset_close(void);
/* The code points of its 256 bytes for input_new(); NULL: UTF-8. */
const uint32_t *charset_points(void);
/* What to draw for a code point: itself, an ASCII stand-in, or '?'. */
uint32_t charset_show(uint32_t point);
/* UTF-8 (with escape sequences) into the terminal's bytes, appended to out. */
void charset_encode(const char *utf8, size_t len, struct buf *out);

#endif
