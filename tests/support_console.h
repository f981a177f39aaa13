/* The real console in training, in a pseudo-terminal, with a home folder of its own. */
#ifndef TESTS_SUPPORT_CONSOLE_H
#define TESTS_SUPPORT_CONSOLE_H

#include "support_pty.h"

struct console {
    struct pty *pty;
    char home[64];
    int rows;           /* of its window at the start; 0: 24 */
    char *variables[3]; /* NAME=VALUE, of its environment besides the usual ones */
};

/* What main() was given: the program to test is argv[1], or stands beside the tests. */
void console_find(int argc, char **argv);
const char *console_program(void);

void console_home(struct console *console); /* a new folder, nothing in it */
/* Starts it there, with extra words for its command line or NULL. term NULL: no TERM at all. */
void console_start(struct console *console, const char *term, const char *locale,
                   char *const words[]);
void console_begin(struct console *console); /* both, xterm-256color, and its list is there */
void console_end(struct console *console);   /* kills what still runs; the folder goes too */

/* Fail with the screen when they do not come true. */
void console_wait(struct console *console, const char *text);
void console_gone(struct console *console, const char *text);
void console_keys(struct console *console, const char *keys);
/* Presses a key again and again until the text is gone: what tells of money is deaf for a moment
   after it was painted. */
void console_insist(struct console *console, const char *key, const char *text);
/* It ends by itself with that status and leaves the terminal as it was. */
void console_ends(struct console *console, int status);
/* Up to the review of a charge on the first terminal: "y Confirm" is on the screen. */
void console_review(struct console *console, const char *amount);

#endif
