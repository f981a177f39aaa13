/* The process behind the pseudo-terminal, and the waits. The slave side stays open here: its
   settings can be read after the program has gone, and the screen outlives it. */
#include "support_pty_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- output of the program ------------------------------------------------------------------ */

static void log_add(struct pty *pty, const char *bytes, size_t len)
{
    if (pty->log_len + len >= pty->log_cap) {
        pty->log_cap = (pty->log_len + len) * 2 + 1;
        pty->log = realloc(pty->log, pty->log_cap);
        assert(pty->log);
    }
    memcpy(pty->log + pty->log_len, bytes, len);
    pty->log_len += len;
    pty->log[pty->log_len] = '\0'; /* so that it may be searched as text */
}

/* Bytes of a character at the end that has not come whole: libvterm takes it for a broken one. */
static size_t unfinished(const char *bytes, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = (unsigned char)bytes[len - back];
        size_t needs = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
        if (c < 0x80 || c >= 0xC0)
            return needs > back ? back : 0;
    }
    return 0;
}

/* One read; false when there was nothing to read. */
static bool take_output(struct pty *pty)
{
    char bytes[65536];
    size_t kept = pty->tail_len;
    memcpy(bytes, pty->tail, kept);
    ssize_t n = read(pty->master, bytes + kept, sizeof bytes - kept);
    if (n <= 0)
        return false;
    log_add(pty, bytes + kept, (size_t)n);
    size_t len = kept + (size_t)n;
    pty->tail_len = unfinished(bytes, len);
    len -= pty->tail_len;
    memcpy(pty->tail, bytes + len, pty->tail_len);
    vterm_input_write(pty->vt, bytes, len);
    pty_flush_input(pty); /* answers to what the program asked the terminal */
    pty->output_ms = now_ms();
    return true;
}

static void collect_exit(struct pty *pty)
{
    int status;
    if (!pty_running(pty) || waitpid(pty->pid, &status, WNOHANG) != pty->pid)
        return;
    while (take_output(pty))
        continue;
    pty->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void pty_pump(struct pty *pty, int wait_ms)
{
    struct pollfd fds[] = {
        {.fd = pty->master, .events = POLLIN},
        {.fd = pty_running(pty) ? pty->pidfd : -1, .events = POLLIN},
    };
    if (poll(fds, 2, wait_ms) <= 0)
        return;
    take_output(pty);
    if (fds[1].revents)
        collect_exit(pty);
}

void pty_idle(struct pty *pty, int ms)
{
    int64_t end = now_ms() + ms;
    for (int64_t left = ms; left > 0 && pty_running(pty); left = end - now_ms())
        pty_pump(pty, (int)left);
}

/* --- waits ---------------------------------------------------------------------------------- */

bool pty_wait(struct pty *pty, bool (*done)(struct pty *pty, void *ctx), void *ctx, int limit_ms)
{
    int64_t end = now_ms() + limit_ms;
    while (!done(pty, ctx)) {
        int64_t left = end - now_ms();
        if (left <= 0)
            return false;
        pty_pump(pty, left < 100 ? (int)left : 100);
    }
    return true;
}

static bool shows(struct pty *pty, void *text)
{
    char *screen = pty_screen_text(pty);
    bool found = strstr(screen, text) != NULL;
    free(screen);
    return found;
}

static bool shows_not(struct pty *pty, void *text)
{
    return !shows(pty, text);
}

static bool is_quiet(struct pty *pty, void *quiet_ms)
{
    return now_ms() - pty->output_ms >= *(int *)quiet_ms;
}

static bool has_ended(struct pty *pty, void *unused)
{
    (void)unused;
    return !pty_running(pty);
}

bool pty_wait_text(struct pty *pty, const char *text, int limit_ms)
{
    return pty_wait(pty, shows, (void *)(uintptr_t)text, limit_ms);
}

bool pty_wait_gone(struct pty *pty, const char *text, int limit_ms)
{
    return pty_wait(pty, shows_not, (void *)(uintptr_t)text, limit_ms);
}

bool pty_wait_quiet(struct pty *pty, int quiet_ms, int limit_ms)
{
    pty->output_ms = now_ms(); /* counted from the call: what was asked for may not have begun */
    return pty_wait(pty, is_quiet, &quiet_ms, limit_ms);
}

bool pty_wait_exit(struct pty *pty, int limit_ms)
{
    return pty_wait(pty, has_ended, NULL, limit_ms);
}

/* --- input ---------------------------------------------------------------------------------- */

/* The program may be busy writing: its output is read while ours does not fit. */
void pty_write(struct pty *pty, const void *bytes, size_t len)
{
    const char *at = bytes;
    int64_t end = now_ms() + PTY_LIMIT_MS;
    while (len && pty_running(pty) && now_ms() < end) {
        ssize_t n = write(pty->master, at, len);
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN || errno == EINTR) {
            pty_pump(pty, 10);
        } else {
            return;
        }
    }
}

void pty_flush_input(struct pty *pty)
{
    char *bytes = pty->input;
    size_t len = pty->input_len;
    pty->input = NULL;
    pty->input_len = 0;
    if (len)
        pty_write(pty, bytes, len);
    free(bytes);
}

void pty_resize(struct pty *pty, int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    vterm_set_size(pty->vt, rows, cols);
    pty->rows = rows;
    pty->cols = cols;
    ioctl(pty->master, TIOCSWINSZ, &size);
}

void pty_signal(struct pty *pty, int signal)
{
    if (pty_running(pty))
        kill(pty->pid, signal);
}

/* --- life ----------------------------------------------------------------------------------- */

static void collect_input(const char *bytes, size_t len, void *ctx)
{
    struct pty *pty = ctx;
    pty->input = realloc(pty->input, pty->input_len + len);
    assert(pty->input);
    memcpy(pty->input + pty->input_len, bytes, len);
    pty->input_len += len;
}

static int note_property(VTermProp prop, VTermValue *value, void *ctx)
{
    struct pty *pty = ctx;
    if (prop == VTERM_PROP_ALTSCREEN)
        pty->modes.alternate_screen = value->boolean;
    if (prop == VTERM_PROP_MOUSE)
        pty->modes.mouse = value->number != VTERM_PROP_MOUSE_NONE;
    return 1;
}

static void start_screen(struct pty *pty, int rows, int cols)
{
    static const VTermScreenCallbacks callbacks = {.settermprop = note_property};
    pty->vt = vterm_new(rows, cols);
    vterm_set_utf8(pty->vt, 1);
    vterm_output_set_callback(pty->vt, collect_input, pty);
    pty->screen = vterm_obtain_screen(pty->vt);
    vterm_screen_set_callbacks(pty->screen, &callbacks, pty);
    vterm_screen_enable_altscreen(pty->screen, 1);
    vterm_screen_reset(pty->screen, 1);
    pty->rows = rows;
    pty->cols = cols;
}

static void run_child(int slave, char *const argv[], char *const env[])
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    login_tty(slave);
    close_range(3, ~0U, 0);
    execvpe(argv[0], argv, env);
    _exit(127);
}

struct pty *pty_open(char *const argv[], char *const env[], int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    struct pty *pty = calloc(1, sizeof *pty);
    assert(pty);
    if (openpty(&pty->master, &pty->slave, NULL, NULL, &size) < 0) {
        free(pty);
        return NULL;
    }
    fcntl(pty->master, F_SETFD, FD_CLOEXEC);
    fcntl(pty->slave, F_SETFD, FD_CLOEXEC);
    fcntl(pty->master, F_SETFL, O_NONBLOCK);
    tcgetattr(pty->slave, &pty->before);
    start_screen(pty, rows, cols);
    pty->status = -1;
    pty->output_ms = now_ms();
    fflush(NULL);
    pty->pid = fork();
    if (pty->pid == 0)
        run_child(pty->slave, argv, env);
    pty->pidfd = pidfd_open(pty->pid, 0);
    assert(pty->pid > 0 && pty->pidfd >= 0);
    return pty;
}

void pty_close(struct pty *pty)
{
    if (!pty)
        return;
    if (pty_running(pty)) {
        kill(-pty->pid, SIGKILL); /* the session's first group: the program and its helpers */
        kill(pty->pid, SIGKILL);  /* it may not have come so far as to have a group */
        waitpid(pty->pid, NULL, 0);
    }
    close(pty->pidfd);
    close(pty->slave);
    close(pty->master);
    vterm_free(pty->vt);
    free(pty->input);
    free(pty->log);
    free(pty);
}

bool pty_running(struct pty *pty)
{
    return pty->status < 0;
}

int pty_pid(const struct pty *pty)
{
    return pty->pid;
}

int pty_exit_status(const struct pty *pty)
{
    return pty->status;
}

const char *pty_log(const struct pty *pty, size_t *len)
{
    *len = pty->log_len;
    return pty->log;
}
