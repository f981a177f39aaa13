/* The terminal itself: windows of every size in every place, ten kinds of terminals in five
   locales, and every way to end, after which all is as it was.
     terminals [--short|--full] [--seed N] [--part sizes1…sizes3|kinds|exits] [-p CONSOLE] */
#include "../safety/support_fast_console.h"
#include "../support_pty_internal.h"
#include "support_places.h"
#include "support_terminals.h"

#include <assert.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

enum { KINDS = SIZE_LANES, EXITS, LANES, END_MS = 2000 };

static struct terminal_sums *all_sums;

/* --- exits ------------------------------------------------------------------------------------ */

/* In a console that this program plays: the file that ENDS_WHEN names says that it is time. */
static void *volatile nowhere;
static volatile int zero;

static int run_out_of_stack(volatile char *above)
{
    volatile char room[4096];

    room[0] = above[0];
    if (zero == 2) /* never; the compiler must not know */
        return 0;
    room[1] = (char)run_out_of_stack(room);
    return room[0] + room[1];
}

static void end_in_some_way(void)
{
    const char *how = getenv("ENDS_BY"), *when = getenv("ENDS_WHEN");
    char byte = 0;

    if (!how || !when || access(when, F_OK) != 0)
        return;
    before_wait = NULL; /* once: what restores the terminal waits as well */
    if (strcmp(how, "assertion") == 0)
        assert(zero == 1);
    else if (strcmp(how, "abort") == 0)
        abort();
    else if (strcmp(how, "null pointer") == 0)
        *(volatile int *)nowhere = 1;
    else if (strcmp(how, "stack") == 0)
        zero = run_out_of_stack(&byte);
    else if (strcmp(how, "memory") == 0)
        nowhere = mem_alloc(SIZE_MAX / 4);
}

static const struct exit_way {
    const char *name;
    int signal;       /* 0: another way */
    const char *keys; /* typed at the list */
    bool played;      /* by the console in this program */
    int status;
} exit_ways[] = {
    {"q", 0, "q", false, 0},
    {"F10", 0, "<F10>", false, 0},
    {"SIGTERM", SIGTERM, NULL, false, 0},
    {"SIGHUP", SIGHUP, NULL, false, 0},
    {"SIGINT", SIGINT, NULL, false, 0},
    {"SIGQUIT", SIGQUIT, NULL, false, 0},
    {"SIGALRM", SIGALRM, NULL, false, 0},
    {"SIGUSR1", SIGUSR1, NULL, false, 0},
    {"SIGUSR2", SIGUSR2, NULL, false, 0},
    {"SIGPROF", SIGPROF, NULL, false, 0},
    {"SIGVTALRM", SIGVTALRM, NULL, false, 0},
    {"SIGIO", SIGIO, NULL, false, 0},
    {"SIGPWR", SIGPWR, NULL, false, 0},
    {"SIGSEGV", SIGSEGV, NULL, false, 128 + SIGSEGV},
    {"SIGABRT", SIGABRT, NULL, false, 128 + SIGABRT},
    {"SIGBUS", SIGBUS, NULL, false, 128 + SIGBUS},
    {"SIGILL", SIGILL, NULL, false, 128 + SIGILL},
    {"SIGFPE", SIGFPE, NULL, false, 128 + SIGFPE},
    {"SIGTRAP", SIGTRAP, NULL, false, 128 + SIGTRAP},
    {"SIGSYS", SIGSYS, NULL, false, 128 + SIGSYS},
    {"SIGXCPU", SIGXCPU, NULL, false, 128 + SIGXCPU},
    {"SIGXFSZ", SIGXFSZ, NULL, false, 128 + SIGXFSZ},
    {"assertion", 0, NULL, true, 128 + SIGABRT},
    {"abort", 0, NULL, true, 128 + SIGABRT},
    {"null pointer", 0, NULL, true, 128 + SIGSEGV},
    {"stack", 0, NULL, true, 128 + SIGSEGV},
    {"memory", 0, NULL, true, 5},
};

static void make_file(const char *path)
{
    FILE *out = fopen(path, "we");

    if (out)
        fclose(out);
}

static void start_played(struct lane *lane, const struct exit_way *way, char *when, size_t size)
{
    struct company_env env;
    char self[512];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

    self[len > 0 ? len : 0] = '\0';
    company_env_copy(&env, &lane->env);
    snprintf(when, size, "%s/now", lane->company.folder);
    unlink(when);
    company_env_set(&env, "CONSOLE_PACE", "1");
    company_env_set(&env, "ENDS_BY", way->name);
    company_env_set(&env, "ENDS_WHEN", when);
    lane->pty = company_screen(&lane->company, &env, self);
}

static void end_it(struct lane *lane, const struct exit_way *way, const char *when)
{
    if (way->played) {
        make_file(when);
        pty_send(lane->pty, "<Down>"); /* so that it turns */
    } else if (way->keys) {
        lane_go_home(lane);
        pty_send(lane->pty, way->keys);
    } else {
        pty_signal(lane->pty, way->signal);
    }
}

static void one_exit(struct lane *lane, struct terminal_sums *sums, const struct exit_way *way,
                     const struct place *place)
{
    char when[200];

    if (way->played)
        start_played(lane, way, when, sizeof when);
    else
        lane->pty = company_screen(&lane->company, &lane->env, NULL);
    lane_sees(lane, "of 30");
    if (place)
        place_go(lane, place);
    struct pty_modes modes = pty_modes(lane->pty);
    if (!modes.alternate_screen || !modes.bracketed_paste || pty_termios_restored(lane->pty))
        terminal_violation(lane, "exits", way->name, "it never had the terminal");
    end_it(lane, way, when);
    int64_t end = company_now_ms() + END_MS;
    while (pty_running(lane->pty) && company_now_ms() < end)
        lane_pause(lane, 2);
    if (pty_exit_status(lane->pty) != way->status)
        terminal_violation(lane, "exits", way->name, "it does not end, or with another status");
    else if (pty_left_behind(lane->pty))
        terminal_violation(lane, "exits", way->name, pty_left_behind(lane->pty));
    else if (way->status > 128 && !company_sees(&lane->company, lane->pty, "do not charge", 0))
        terminal_violation(lane, "exits", way->name, "it says nothing of payments");
    sums->exits++;
    pty_close(lane->pty);
}

/* Whoever reads the other end has stopped reading, and the line is full. */
static void end_with_a_full_line(struct lane *lane, struct terminal_sums *sums, int signal)
{
    int64_t end = company_now_ms() + 1000;
    int status;

    lane->pty = company_screen(&lane->company, &lane->env, NULL);
    lane_sees(lane, "of 30");
    for (int i = 0; company_now_ms() < end; i++) { /* frames that nobody takes */
        struct winsize size = {.ws_row = (unsigned short)(100 + i % 2), .ws_col = 300};
        ioctl(lane->pty->master, TIOCSWINSZ, &size);
        company_turn(&lane->company, 20);
    }
    pty_signal(lane->pty, signal);
    end = company_now_ms() + END_MS;
    pid_t ended = 0;
    while ((ended = waitpid(lane->pty->pid, &status, WNOHANG)) == 0 && company_now_ms() < end)
        company_turn(&lane->company, 5);
    if (ended == 0)
        terminal_violation(lane, "exits", "full line", "it does not end");
    else
        lane->pty->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (!pty_termios_restored(lane->pty))
        terminal_violation(lane, "exits", "full line", "the terminal's settings differ");
    sums->exits++;
    pty_close(lane->pty);
}

static void play_exits(struct lane *lane, struct terminal_sums *sums)
{
    const struct place *const from[] = {NULL, &places[9], &places[15]};
    size_t rounds = lane->company.full ? COUNT_OF(from) : 1;

    lane_env(lane, "");
    for (size_t i = 0;
         i < rounds * COUNT_OF(exit_ways) && !company_interrupted() && lane->company.violations < 3;
         i++, lane->round++) {
        const struct exit_way *way = &exit_ways[i % COUNT_OF(exit_ways)];
        size_t place = lane->company.full ? i / COUNT_OF(exit_ways) : i % 6 == 5 ? i % 3 : 0;
        one_exit(lane, sums, way, way->keys ? NULL : from[place]);
    }
    end_with_a_full_line(lane, sums, SIGTERM);
    end_with_a_full_line(lane, sums, SIGSEGV);
    company_referee(&lane->company, "exits");
}

/* --- all of it -------------------------------------------------------------------------------- */

static void play_part(struct lane *lane, struct terminal_sums *sums, int which, const char *part)
{
    if (which == KINDS)
        terminal_kinds(lane, sums);
    else if (which == EXITS)
        play_exits(lane, sums);
    else
        terminal_sizes(lane, sums, which, part);
}

static int play_lane(int which, int argc, char **argv)
{
    struct lane *lane = mem_alloc(sizeof *lane);
    struct terminal_sums *sums = &all_sums[which];
    char part[16];

    snprintf(part, sizeof part, "sizes%d", which + 1);
    if (which >= KINDS)
        snprintf(part, sizeof part, "%s", which == KINDS ? "kinds" : "exits");
    lane->form = &money_forms[0];
    lane_settings(lane);
    lane->company.settings.charge_slow_ms = 3000;
    if (!company_open(&lane->company, argc, argv,
                      "terminals [--short|--full] [--seed N] [--part sizes1…sizes3|kinds|exits]"
                      " [-p CONSOLE]"))
        return 2;
    lane->company.state += (uint64_t)which;
    if (company_wants(&lane->company, part))
        play_part(lane, sums, which, part);
    sums->violations = lane->company.violations;
    company_close(&lane->company);
    return company_interrupted() ? 2 : sums->status;
}

static const struct lane_figure figures[] = {
    {"resizes", offsetof(struct terminal_sums, resizes), false},
    {"places they were made in", offsetof(struct terminal_sums, places), false},
    {"money questions that no longer fitted, closed as no", offsetof(struct terminal_sums, closed),
     false},
    {"charges under resizes", offsetof(struct terminal_sums, charges), false},
    {"kinds of terminals and locales", offsetof(struct terminal_sums, kinds), false},
    {"of those started", offsetof(struct terminal_sums, started), false},
    {"of those refused in one sentence", offsetof(struct terminal_sums, refused), false},
    {"exits", offsetof(struct terminal_sums, exits), false},
    {"terminals violations", offsetof(struct terminal_sums, violations), false},
};

int main(int argc, char **argv)
{
    int status;

    before_wait = end_in_some_way;
    if (played_console(argc, argv, &status))
        return status;
    all_sums = lanes_shared(LANES * sizeof *all_sums);
    status = lanes_play(LANES, argc, argv, play_lane);
    return lanes_tell(all_sums, LANES, sizeof *all_sums, figures, COUNT_OF(figures), status);
}
