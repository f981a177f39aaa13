/* The one gate for text from outside, and the one width function. Drawing and printing take only
   `struct text`, so that the compiler notices what was never cleaned.
   After cleaning: valid UTF-8; no control, format, private, surrogate or unassigned code point, no
   line or paragraph separator, nothing that a terminal may hide or draw at a width of its own; at
   most two combining marks on a base. What was removed leaves a visible mark (U+FFFD, or ? where
   the terminal is not UTF-8). */
#ifndef TUI_TEXT_H
#define TUI_TEXT_H

#include "../api/base.h"

struct text {
    const char *bytes; /* UTF-8, NUL-terminated, owned by whoever made it (an arena, a literal) */
};

/* Text born in this program (literals, gettext, formatted numbers): taken as it is. */
struct text text_ours(const char *trusted);
struct text text_oursf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
/* Text from anywhere else; NULL gives "". The result lives in arena. */
struct text text_clean(struct arena *arena, const char *outside);
/* The same for a place in a sentence of ours: at most so many cells (an ellipsis is the last), and
   blanks never in a run, so that it can neither push our words away nor lay out lines like ours. */
struct text text_brief(struct arena *arena, const char *outside, int cells);

/* Bytes of the code point at bytes (of len); 1 for a byte that is no valid UTF-8: *point < 0. */
size_t text_decode(const char *bytes, size_t len, int32_t *point);
/* It neither drives a terminal nor hides text; false for what is no code point (< 0). */
bool text_is_allowed(int32_t point);
int text_width(struct text text);                     /* cells */
/* Bytes of the longest beginning that fits in cells; *used: the cells it takes. */
size_t text_fit(struct text text, int cells, int *used);
/* One step of drawing: the next cluster (base + marks) of text at *at; its code points (<= 3),
   their number and cells. False at the end. */
bool text_next(struct text text, size_t *at, uint32_t points[3], int *count, int *cells);

#endif
