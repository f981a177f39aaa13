/* The terminal: the only file that knows ncurses. One console has one terminal, so this is a
   singleton. Keys, pastes, resizes and signals come out of the loop as events; a frame goes in as a
   grid and leaves with one write(2). */
#ifndef TUI_TERM_H
#define TUI_TERM_H

#include "draw.h"
#include "../api/loop.h"

/* A key is a Unicode code point, a control character (1-31, 127), or one of these. */
enum {
    KEY_NONE = 0,
    KEY_TAB = 9,
    KEY_RETURN = 13, /* Enter, also where the terminal sends a line feed */
    KEY_ESC = 27,
    KEY_ERASE = 127, /* Backspace, also Ctrl-H */
    KEY_BASE = 0x110000,
    KEY_ARROW_UP,
    KEY_ARROW_DOWN,
    KEY_ARROW_LEFT,
    KEY_ARROW_RIGHT,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_TO_HOME,
    KEY_TO_END,
    KEY_DELETE,
    KEY_INSERT,
    KEY_BACKTAB,
    KEY_FN /* KEY_FN + 1 is F1 … KEY_FN + 12 is F12 */
};

struct term_settings {
    bool mouse; /* the wheel moves; the terminal then no longer selects text by itself */
    bool clipboard; /* false: term_copy() writes nothing */
    bool ascii; /* borders and symbols in ASCII whatever the character set */
    void (*on_key)(void *ctx, uint32_t key);
    /* A whole paste, cleaned, line ends turned into blanks. Never a key. */
    void (*on_paste)(void *ctx, struct text text);
    void (*on_resize)(void *ctx); /* also after coming back from Ctrl-Z: everything is repainted */
    bool (*may_suspend)(void *ctx); /* Ctrl-Z; false: refused, the application says why */
    void (*on_end)(void *ctx);      /* hang-up, SIGTERM, SIGINT, end of input: leave now */
    void *ctx;
};

/* Blocks the signals that term_start() reads from a descriptor. Call before any thread is made. */
void term_block_signals(void);
/* False and err (ERR_SYSTEM; detail is one plain English sentence) where there is no usable
   terminal; nothing was changed then. */
bool term_start(struct loop *loop, const struct term_settings *settings, struct err *err);
void term_stop(void); /* restores everything; any number of times */

void term_size(int *rows, int *cols);
/* Sends what differs from the last frame. False: the line is still busy with the last one and this
   frame was not taken; paint again when term_is_busy() says no. */
bool term_show(const struct grid *grid);
/* Bytes of an earlier frame still wait for a slow line. */
bool term_is_busy(void);
/* Forgets what was typed and not yet handed out. */
void term_drop_input(void);
void term_bell(void);
/* The next frame repaints everything (Ctrl-L, a line that garbled). */
void term_repaint(void);
/* As if Ctrl-Z had come as a signal: keys are raw, so the application gets it as a key. */
void term_suspend(void);
/* Puts a reference on the clipboard (OSC 52). False, and nothing sent, when it holds anything but
   A-Z a-z 0-9 - _ . or is empty or too long, or when the settings forbid it. */
bool term_copy(const char *reference);

#endif
