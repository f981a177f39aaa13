#include "tty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

static const int read_signals[] = {SIGWINCH, SIGTERM, SIGINT, SIGHUP, SIGTSTP, SIGCONT};
static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

static struct {
    struct termios saved;
    volatile sig_atomic_t open, raw;
    int output; /* a description of its own, so that O_NONBLOCK is not shared with the shell */
    int signals;
    char farewell[256];
    size_t farewell_len;
    struct sigaction before[COUNT_OF(crash_signals)];
} tty = {.output = -1, .signals = -1};

static void read_mask(sigset_t *mask)
{
    sigemptyset(mask);
    for (size_t i = 0; i < COUNT_OF(read_signals); i++)
        sigaddset(mask, read_signals[i]);
}

void tty_block_signals(void)
{
    sigset_t mask;
    read_mask(&mask);
    sigprocmask(SIG_BLOCK, &mask, NULL);
}

void tty_restore(void)
{
    if (!tty.raw)
        return;
    tty.raw = 0;
    size_t done = 0;
    while (done < tty.farewell_len) {
        ssize_t len = write(STDOUT_FILENO, tty.farewell + done, tty.farewell_len - done);
        if (len <= 0)
            break;
        done += (size_t)len;
    }
    tcsetattr(STDIN_FILENO, TCSADRAIN, &tty.saved);
}

/* Restores the line, then lets the signal do what it would have done without us. A fault happens
   again when this returns; a signal that was sent has to be raised once more. */
static void on_crash(int number, siginfo_t *info, void *context)
{
    (void)context;
    int saved_errno = errno;
    tty_restore();
    for (size_t i = 0; i < COUNT_OF(crash_signals); i++) {
        if (crash_signals[i] == number)
            sigaction(number, &tty.before[i], NULL);
    }
    if (info->si_code <= 0)
        raise(number);
    errno = saved_errno;
}

static void open_output(void)
{
    char name[64];
    tty.output = -1;
    if (ttyname_r(STDOUT_FILENO, name, sizeof name) == 0)
        tty.output = open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (tty.output < 0)
        tty.output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

bool tty_open(int *signals, struct err *err)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &tty.saved) != 0)
        return err_set(err, ERR_SYSTEM, "The screen needs a terminal for input and output.");
    tty_block_signals();
    sigset_t mask;
    read_mask(&mask);
    tty.signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
    if (tty.signals < 0)
        return err_set(err, ERR_SYSTEM, "signalfd: %s", strerror(errno));
    open_output();
    struct sigaction crash = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&crash.sa_mask);
    for (size_t i = 0; i < COUNT_OF(crash_signals); i++)
        sigaction(crash_signals[i], &crash, &tty.before[i]);
    tty.open = 1;
    *signals = tty.signals;
    return true;
}

void tty_close(void)
{
    if (!tty.open)
        return;
    tty_restore();
    tty.open = 0;
    for (size_t i = 0; i < COUNT_OF(crash_signals); i++)
        sigaction(crash_signals[i], &tty.before[i], NULL);
    close(tty.output);
    close(tty.signals);
    tty.output = tty.signals = -1;
}

void tty_raw(void)
{
    struct termios raw = tty.saved;
    raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | ISTRIP | BRKINT | PARMRK);
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_cflag = (raw.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tty.raw = 1; /* before it is true: a crash between the two restores what needs no restoring */
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

void tty_set_farewell(const char *bytes, size_t len)
{
    tty.farewell_len = len < sizeof tty.farewell ? len : sizeof tty.farewell;
    memcpy(tty.farewell, bytes, tty.farewell_len);
}

ssize_t tty_write(const void *bytes, size_t len)
{
    ssize_t done;
    do
        done = write(tty.output, bytes, len);
    while (done < 0 && errno == EINTR);
    return done;
}

int tty_output(void)
{
    return tty.output;
}

static void size_from_variable(const char *name, int *value)
{
    const char *text = getenv(name);
    char *end;
    long number = text ? strtol(text, &end, 10) : 0;
    if (number > 0 && number <= 1000 && !*end)
        *value = (int)number;
}

void tty_size(int *rows, int *cols)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
        *rows = size.ws_row;
        *cols = size.ws_col;
    }
    size_from_variable("LINES", rows);
    size_from_variable("COLUMNS", cols);
}

void tty_stop(void)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    struct sigaction usual = {.sa_handler = SIG_DFL}, before;
    sigemptyset(&usual.sa_mask);
    sigaction(SIGTSTP, &usual, &before);
    /* With the default action and no shell to continue us (an orphaned group), the kernel ignores
       it; SIGSTOP would leave the console stopped for ever. */
    kill(0, SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop, NULL);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    sigaction(SIGTSTP, &before, NULL);
}
