/* How each style looks: the one table of colours and attributes. Part of the terminal (term.c). */
#ifndef TUI_TERM_LOOKS_H
#define TUI_TERM_LOOKS_H

#include "draw.h"

#include <ncurses.h>

/* Finds out what the terminal can do, and the wish for none (NO_COLOR). After newterm(). */
void term_looks_start(void);
/* The sign (ended by 0) in that style, ready to be drawn. */
void term_look(cchar_t *out, const wchar_t *sign, enum style style);

#endif
