/* Lines that are read and scrolled through: a time or nothing on the left, text that wraps. */
#ifndef TUI_LINES_H
#define TUI_LINES_H

#include "draw.h"

struct line {
    struct text when, what; /* live in the arena of the lines */
    enum style style;
};
struct lines {
    struct arena arena;
    struct line *items;
    size_t count, room;
    int top, height; /* rows scrolled away; rows the last paint had place for */
};
void lines_add(struct lines *lines, struct text when, struct text what, enum style style);
void lines_clear(struct lines *lines); /* keeps where it was scrolled to */
void lines_done(struct lines *lines);
/* Fixes top to what exists; an arrow where more lies above or below. col: where `what` begins. */
void lines_paint(struct lines *lines, struct area area, int col);

#endif
