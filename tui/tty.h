/* The line itself: its settings, the bytes that leave it clean, signals. No ncurses here, and what
   restores is safe in a signal handler. */
#ifndef TUI_TTY_H
#define TUI_TTY_H

#include "../api/base.h"

#include <sys/types.h>

void tty_block_signals(void);
/* Saves the settings of standard input; false and err when input or output is no terminal. Crash
   handlers stand from here to tty_close(). *signals: a descriptor of struct signalfd_siginfo. */
bool tty_open(int *signals, struct err *err);
void tty_close(void);
void tty_raw(void);
/* Sends the farewell, then puts the saved settings back. Async-signal-safe; any number of times;
   takes half a second at most. */
void tty_restore(void);
/* What tty_restore() sends: leaves the alternate screen, shows the cursor, ends paste mode. */
void tty_set_farewell(const char *bytes, size_t len);
/* Tells it on standard error; async-signal-safe, and takes half a second at most on a terminal. */
void tty_say(const char *bytes, size_t len);
/* What a crash says there once the line is restored. */
void tty_set_last_words(const char *bytes, size_t len);
/* As write(2) but never waits where the system lets us; EAGAIN then. */
ssize_t tty_write(const void *bytes, size_t len);
int tty_output(void);                /* to wait for POLLOUT */
void tty_size(int *rows, int *cols); /* at most 1000; left alone where nothing is known */
/* Stops the process group as Ctrl-Z does; returns when it goes on. */
void tty_stop(void);

#endif
