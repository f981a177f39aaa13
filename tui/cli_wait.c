/* Waiting and asking, both inside the loop: an answer that is on its way is never kept waiting by a
   question, and an interrupt never cuts a charge off without a word. */
#include "cli.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

void cli_take_signals(struct cli *cli)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    cli->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* --- waiting -------------------------------------------------------------------------------- */

struct wait {
    struct cli *cli;
    bool (*done)(void *ctx);
    void (*interrupted)(void *ctx);
    void *ctx;
    int signals;
    bool left;
};

static void on_signal(void *ctx, short revents)
{
    struct wait *wait = ctx;
    struct signalfd_siginfo info;
    (void)revents;
    if (read(wait->cli->signals, &info, sizeof info) != sizeof info)
        return;
    wait->signals++;
    if (!wait->interrupted || wait->signals > 1)
        wait->left = true;
    else
        wait->interrupted(wait->ctx);
}

static bool wait_is_over(void *ctx)
{
    const struct wait *wait = ctx;
    return wait->left || wait->done(wait->ctx);
}

enum cli_wait cli_wait(struct cli *cli, bool (*done)(void *ctx), void *ctx, int64_t deadline_ms,
                       void (*interrupted)(void *ctx))
{
    struct wait wait = {.cli = cli, .done = done, .interrupted = interrupted, .ctx = ctx};
    struct loop_watch *watch = NULL;
    if (cli->signals >= 0)
        watch = loop_watch_fd(cli->loop, cli->signals, POLLIN, on_signal, &wait);
    bool over = loop_run_until(cli->loop, wait_is_over, &wait, deadline_ms);
    loop_unwatch(cli->loop, watch);
    if (wait.left)
        return CLI_WAIT_LEFT;
    return over ? CLI_WAIT_DONE : CLI_WAIT_TIMEOUT;
}

/* --- asking --------------------------------------------------------------------------------- */

struct question {
    char line[128];
    size_t len;
    bool over;
};

static void on_typed(void *ctx, short revents)
{
    struct question *question = ctx;
    (void)revents;
    ssize_t got = read(STDIN_FILENO, question->line + question->len,
                       sizeof question->line - 1 - question->len);
    if (got > 0)
        question->len += (size_t)got;
    question->over = got <= 0 || memchr(question->line, '\n', question->len) ||
                     question->len == sizeof question->line - 1;
}

static bool is_answered(void *ctx)
{
    return ((struct question *)ctx)->over;
}

bool cli_can_ask(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static bool is_amount(const char *typed, const struct money *amount)
{
    struct money money;
    int64_t readings[2];
    return money_parse(typed, amount->currency, format_money_style(), &money, readings, NULL) &&
           money_equal(&money, amount);
}

/* A line that was ended by Enter; the end of the input is none. */
static bool read_line(struct cli *cli, struct text question, struct question *state)
{
    cli_put(stderr, question);
    fflush(stderr);
    tcflush(STDIN_FILENO, TCIFLUSH);
    fputs(" > ", stderr); /* from here on what is typed counts */
    fflush(stderr);
    struct loop_watch *watch = loop_watch_fd(cli->loop, STDIN_FILENO, POLLIN, on_typed, state);
    enum cli_wait end = cli_wait(cli, is_answered, state, -1, NULL);
    loop_unwatch(cli->loop, watch);
    if (end != CLI_WAIT_DONE)
        fputc('\n', stderr);
    size_t len = strcspn(state->line, "\r\n");
    bool entered = state->line[len] != '\0';
    state->line[len] = '\0';
    return end == CLI_WAIT_DONE && entered;
}

/* Neither shown nor left by Ctrl-Z, which would take a terminal without echo to the shell. */
bool cli_ask_secret(struct cli *cli, struct text question, char *out, size_t size)
{
    struct question state = {0};
    struct termios before, unseen;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return false;
    unseen = before;
    unseen.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    unseen.c_cc[VSUSP] = _POSIX_VDISABLE;
    tcsetattr(STDIN_FILENO, TCSANOW, &unseen);
    bool entered = read_line(cli, question, &state);
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    if (entered)
        fputc('\n', stderr); /* the Enter was not shown either */
    bool fits = entered && strlen(state.line) < size;
    if (fits)
        memcpy(out, state.line, strlen(state.line) + 1);
    explicit_bzero(&state, sizeof state);
    return fits;
}

bool cli_ask(struct cli *cli, struct text question, const char *expected,
             const struct money *amount)
{
    struct question state = {0};
    return read_line(cli, question, &state) &&
           (strcmp(state.line, expected) == 0 ||
            (amount && amount->known && is_amount(state.line, amount)));
}
