/* Standard input as a source of keys and pastes on the loop. Knows no ncurses. */
#ifndef TUI_KEYBOARD_H
#define TUI_KEYBOARD_H

#include "term.h"

/* Events go to the settings' on_key, on_paste and, when input has ended, on_end. */
void keyboard_start(struct loop *loop, const struct term_settings *settings);
void keyboard_stop(void);
void keyboard_add_key(const char *sequence, uint32_t key);
void keyboard_drop(void); /* what was typed and not handed out yet */

#endif
