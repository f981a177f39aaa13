#include "tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { WAITS = 10, WAIT_MS = 50, SIDE_MAX = 1000 };

/* Those that would end the program are read as well, so that it leaves in its own order. */
static const int read_signals[] = {SIGWINCH, SIGTERM, SIGINT,    SIGHUP,  SIGTSTP, SIGCONT, SIGQUIT,
                                   SIGALRM,  SIGUSR1, SIGUSR2,   SIGPROF, SIGPWR,  SIGIO,
                                   SIGVTALRM};
static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL,  SIGFPE, SIGABRT,
                                    SIGTRAP, SIGSYS, SIGXCPU, SIGXFSZ};

static struct {
    struct termios saved;
    volatile sig_atomic_t open, raw;
    atomic_bool given_back, writing; /* no frame after the farewell, whichever thread says it */
    int output; /* a description of its own, so that O_NONBLOCK is not shared with the shell */
    int signals;
    char farewell[256], last_words[512];
    size_t farewell_len, last_words_len;
    char crash_stack[64 << 10]; /* for the handler, where it was the stack that ran out */
    struct sigaction before[COUNT_OF(crash_signals)], stop_before;
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

/* A line whose other end no longer reads must not keep the program. */
static void send_all(const char *bytes, size_t len)
{
    struct pollfd line = {.fd = tty.output, .events = POLLOUT};
    for (int waits = 0; len > 0 && waits < WAITS;) {
        ssize_t done = poll(&line, 1, WAIT_MS) > 0 ? write(tty.output, bytes, len) : 0;
        if (done < 0 && errno != EAGAIN && errno != EINTR)
            return;
        waits += done <= 0;
        bytes += done > 0 ? done : 0;
        len -= done > 0 ? (size_t)done : 0;
    }
}

void tty_say(const char *bytes, size_t len)
{
    struct termios any;
    if (tty.output >= 0 && tcgetattr(STDERR_FILENO, &any) == 0)
        send_all(bytes, len);
    else if (write(STDERR_FILENO, bytes, len) < 0)
        errno = 0; /* nobody is left to tell */
}

void tty_restore(void)
{
    if (!tty.raw)
        return;
    atomic_store(&tty.given_back, true);
    for (int waits = 0; waits < WAITS && atomic_load(&tty.writing); waits++)
        poll(NULL, 0, 1);
    send_all(tty.farewell, tty.farewell_len);
    tcsetattr(STDIN_FILENO, TCSANOW, &tty.saved);
    tty.raw = 0; /* last: another thread that ends as well must not take it for done */
}

/* Restores the line, then lets the signal do what it would have done without us. A fault happens
   again when this returns; a signal that was sent has to be raised once more. */
static void on_crash(int number, siginfo_t *info, void *context)
{
    (void)context;
    int saved_errno = errno;
    tty_restore();
    tty_say(tty.last_words, tty.last_words_len);
    for (size_t i = 0; i < COUNT_OF(crash_signals); i++) {
        if (crash_signals[i] == number)
            sigaction(number, &tty.before[i], NULL);
    }
    if (info->si_code <= 0)
        raise(number);
    errno = saved_errno;
}

/* The terminal's own name may be hidden (a container) or another's (after su): /dev/tty is nearly
   always the same line. */
static void open_output(void)
{
    char name[64];
    tty.output = -1;
    if (ttyname_r(STDOUT_FILENO, name, sizeof name) == 0)
        tty.output = open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (tty.output < 0)
        tty.output = open("/dev/tty", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (tty.output < 0)
        tty.output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* Never called, as the signal is read. Where there is none, ncurses takes SIGTSTP for itself, and
   what comes while it draws is forgotten. */
static void on_stop(int number)
{
    (void)number;
}

/* A sanitizer brings a stack of its own. */
static void give_crash_stack(void)
{
    stack_t now, own = {.ss_sp = tty.crash_stack, .ss_size = sizeof tty.crash_stack};
    if (sigaltstack(NULL, &now) == 0 && now.ss_flags & SS_DISABLE)
        sigaltstack(&own, NULL);
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
    give_crash_stack();
    struct sigaction crash = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&crash.sa_mask);
    for (size_t i = 0; i < COUNT_OF(crash_signals); i++)
        sigaction(crash_signals[i], &crash, &tty.before[i]);
    sigaction(SIGTSTP, &(struct sigaction){.sa_handler = on_stop}, &tty.stop_before);
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
    sigaction(SIGTSTP, &tty.stop_before, NULL);
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
    atomic_store(&tty.given_back, false);
    tty.raw = 1; /* before it is true: a crash between the two restores what needs no restoring */
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void tty_set_farewell(const char *bytes, size_t len)
{
    tty.farewell_len = len < sizeof tty.farewell ? len : sizeof tty.farewell;
    memcpy(tty.farewell, bytes, tty.farewell_len);
}

void tty_set_last_words(const char *bytes, size_t len)
{
    tty.last_words_len = len < sizeof tty.last_words ? len : sizeof tty.last_words;
    memcpy(tty.last_words, bytes, tty.last_words_len);
}

ssize_t tty_write(const void *bytes, size_t len)
{
    ssize_t done;
    bool gone;
    atomic_store(&tty.writing, true);
    do {
        gone = atomic_load(&tty.given_back);
        done = gone ? -1 : write(tty.output, bytes, len);
    } while (!gone && done < 0 && errno == EINTR);
    atomic_store(&tty.writing, false);
    if (gone)
        errno = EIO;
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
    if (number > 0 && number <= SIDE_MAX && !*end)
        *value = (int)number;
}

void tty_size(int *rows, int *cols)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
        *rows = size.ws_row < SIDE_MAX ? size.ws_row : SIDE_MAX;
        *cols = size.ws_col < SIDE_MAX ? size.ws_col : SIDE_MAX;
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
    sigset_t on; /* this is what it said */
    sigemptyset(&on);
    sigaddset(&on, SIGCONT);
    sigtimedwait(&on, NULL, &(struct timespec){0});
}
