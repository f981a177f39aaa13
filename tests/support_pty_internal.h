/* Shared only among support_pty*.c. */
#ifndef TESTS_SUPPORT_PTY_INTERNAL_H
#define TESTS_SUPPORT_PTY_INTERNAL_H

#include "support_pty.h"

#include <sys/types.h>
#include <termios.h>
#include <vterm.h>

struct pty {
    int master, slave, pidfd;
    pid_t pid;
    int status;            /* -1: running */
    int rows, cols;
    struct termios before; /* as the program found them */
    VTerm *vt;
    VTermScreen *screen;
    struct pty_modes modes;
    char *input;           /* what libvterm wants sent to the program; leaves with one write */
    size_t input_len;
    int64_t output_ms;     /* of CLOCK_MONOTONIC, last output */
    char tail[4];          /* of a character that has not come whole */
    size_t tail_len;
    char *log;
    size_t log_len, log_cap;
};

void pty_flush_input(struct pty *pty);
void pty_idle(struct pty *pty, int ms); /* lets so much time pass, taking in output */

#endif
