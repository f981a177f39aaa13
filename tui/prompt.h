/* One line that one types into: the part that forms, filters and questions share. */
#ifndef TUI_PROMPT_H
#define TUI_PROMPT_H

#include "app.h"

enum { PROMPT_MAX = 512 };
struct prompt {
    char text[PROMPT_MAX]; /* UTF-8, clean: only what text_clean() leaves */
    size_t len, at;        /* bytes; the cursor stands before byte `at` */
    size_t max;            /* bytes, < PROMPT_MAX */
    int shift;             /* first cell shown when it is longer than its place */
};
void prompt_init(struct prompt *prompt, const char *text, size_t max); /* cursor at the end */
/* Editing keys and characters; false: not a key for a line (Enter, Esc, Tab, up, down, F-keys). */
bool prompt_key(struct prompt *prompt, uint32_t key);
void prompt_paste(struct prompt *prompt, struct text text); /* what does not fit is left out */
/* Fills the first row of place; shows the cursor when active. */
void prompt_paint(struct prompt *prompt, struct area place, bool active);

#endif
