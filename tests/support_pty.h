/* Runs a command in a pseudo-terminal whose output is fed to libvterm, so that a test sees what a
   person would see and presses keys as a terminal sends them. Every wait is for a condition with a
   generous limit; none is for a time. */
#ifndef TESTS_SUPPORT_PTY_H
#define TESTS_SUPPORT_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PTY_LIMIT_MS 20000 /* of a wait where the test names none */

struct pty;

/* Starts argv[0] (searched in PATH of this process) with exactly env, in its own session. NULL when
   there is no pseudo-terminal to be had; a command that cannot run exits with 127. */
struct pty *pty_open(char *const argv[], char *const env[], int rows, int cols);
void pty_close(struct pty *pty); /* NULL is fine; kills what still runs */

/* --- in ------------------------------------------------------------------------------------ */

/* Literal UTF-8 text and keys by name: <Enter> <Esc> <Tab> <BS> <Space> <Lt> <Up> <Down> <Left>
   <Right> <Home> <End> <Ins> <Del> <PageUp> <PageDown> <F1>..<F12>, with C- A- S- in front
   (<C-z>), and <Paste>...</Paste>, bracketed if the program asked for that. Written as the modes
   the program has set want it. False: a name that is not known, nothing was sent. */
bool pty_send(struct pty *pty, const char *keys); /* with one write */
bool pty_type(struct pty *pty, const char *keys); /* one after the other, as a person */
/* The program has read all that was sent, or is gone. Keys that pile up while it is held up would
   reach it as one lump, which it may take for a paste. */
bool pty_has_read(struct pty *pty);
void pty_write(struct pty *pty, const void *bytes, size_t len); /* as they are */
void pty_resize(struct pty *pty, int rows, int cols);
void pty_signal(struct pty *pty, int signal);

/* --- waits: false when the limit passed first ------------------------------------------------ */

bool pty_wait_text(struct pty *pty, const char *text, int limit_ms); /* somewhere on one line */
bool pty_wait_gone(struct pty *pty, const char *text, int limit_ms);
bool pty_wait_quiet(struct pty *pty, int quiet_ms, int limit_ms); /* no output for quiet_ms */
bool pty_wait_exit(struct pty *pty, int limit_ms);                   /* and all output read */
bool pty_wait(struct pty *pty, bool (*done)(struct pty *pty, void *ctx), void *ctx, int limit_ms);
/* Takes in what came, waiting for it at most wait_ms. */
void pty_pump(struct pty *pty, int wait_ms);

/* --- what is on the screen ------------------------------------------------------------------- */

/* One colour: PTY_DEFAULT, 0-255 of the palette, or PTY_RGB | 0xRRGGBB. */
#define PTY_DEFAULT (-1)
#define PTY_RGB 0x1000000
struct pty_cell {
    char text[40];        /* UTF-8 of the cell; " " when empty, "" right of a wide character */
    int fg, bg;
    uint32_t fg_rgb, bg_rgb; /* the same as a picture shows them */
    bool bold, underline, reverse, blink;
};
struct pty_cell pty_cell(struct pty *pty, int row, int col);
void pty_size(struct pty *pty, int *rows, int *cols);
void pty_cursor(struct pty *pty, int *row, int *col);
/* Lines with trailing blanks cut, each ended by a newline; free() it. */
char *pty_screen_text(struct pty *pty);
/* The text, then how it looks: one line for each row that is not plain ("3: 0-16 bold fg=15"),
   and where the cursor is. What a golden file holds; free() it. */
char *pty_screen_golden(struct pty *pty);
/* The screen as a picture. */
void pty_write_svg(struct pty *pty, FILE *out);

/* Modes that a program must leave as it found them. */
struct pty_modes {
    bool alternate_screen, cursor_hidden, mouse, bracketed_paste, app_cursor_keys;
};
struct pty_modes pty_modes(struct pty *pty);
bool pty_termios_restored(struct pty *pty); /* equal to what they were before the start */
/* NULL when the terminal is as it was before the start, else what is not, in words. */
const char *pty_left_behind(struct pty *pty);

/* --- the process ----------------------------------------------------------------------------- */

bool pty_running(struct pty *pty);
int pty_pid(const struct pty *pty);
int pty_exit_status(const struct pty *pty); /* 128 + signal if killed; -1 while it runs */
/* Every byte the program wrote since the start. */
const char *pty_log(const struct pty *pty, size_t *len);

#endif
