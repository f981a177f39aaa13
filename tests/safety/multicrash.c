/* Many consoles on one journal, killed at random again and again: while they work, while they
   recover, while they make their files; some in a pseudo-terminal, with a person's keys. The server
   has a fault drawn for each round. Then recovery by the command line, and the server's ledger.

   A screen counts only once its person has confirmed the charge, and enough of them must come that
   far; alone with a healthy server each must that is not killed before. A round that does not come
   to its end is a violation: a console that waits for ever would show in no other way.

   usage: multicrash [--short|--full] [--seed N] [-p CONSOLE] [--round N]
   --round N runs that one round of the seed: the same draw, though never quite the same timing. */
#include "support_crash.h"

#include "../support_pty.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONSOLES_MAX 4
#define SHORT_ROUNDS 60
#define FULL_ROUNDS  2500
#define SCREEN_EVERY 10  /* of this many rounds one has a screen */
#define CALLS_COLD   400 /* about as many calls as a console makes when all is new */
#define CALLS_WARM   220
#define ROUND_MS     45000 /* real time; none takes a tenth of it */
#define PATIENCE_MS  4000  /* real time; after this without a step a person gives a screen up */
#define FULL_SCREENS 100   /* at least so many must come to the charge */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- one console on the command line --------------------------------------------------------- */

struct console {
    struct crash_run run;
    int runs, kills_left;
    char amount[16], kill[32];
    int64_t signal_ms; /* of the next signal; 0: none is planned */
    int64_t wake_ms;   /* it is stopped until then */
    bool stop;         /* the signal is SIGSTOP */
};

struct round {
    struct crash_scene *scene;
    uint64_t random;
    bool fresh;
    struct console consoles[CONSOLES_MAX];
    size_t count;
    struct pty *pty; /* NULL: no screen in this round */
    int step;
    bool pressed; /* the keys of this step, at least once */
    bool healthy; /* the server, all the time */
    int64_t key_ms, step_ms, pty_kill_ms;
    int pty_kill_step;
};

static void choose_words(struct round *round, struct console *console)
{
    struct crash_scene *scene = round->scene;
    const char **words = console->run.words;
    const char *const terminals[] = {"V400m-TEST-000001", "S1F2-TEST-000002"};
    const char *const recover[] = {"recover", "--wait", "3", NULL};
    const char *const charge[] = {
        "charge",   "--terminal",    terminals[crash_draw(&round->random, 2)],
        "--amount", console->amount, "--yes",
        NULL};
    const char *const refund[] = {"refund",   scene->payment, "--amount", "0.50",
                                  "--reason", "return",       "--yes",    NULL};
    const char *const capture[] = {"capture", scene->hold, "--amount", "50.00", "--yes", NULL};
    const char *const cancel[] = {"cancel", scene->hold, "--yes", NULL};
    const char *const extend[] = {"extend", scene->hold, "--yes", NULL};
    const char *const link[] = {"link", "--amount", console->amount, NULL};
    const char *const *const all[] = {charge, charge,  refund, extend, link,   charge,
                                      refund, capture, cancel, extend, recover};

    /* Whoever comes after a kill looks first, more often than not. */
    bool recovers = console->runs > 0 && crash_draw(&round->random, 3) > 0;
    snprintf(console->amount, sizeof console->amount, "%d.%02d",
             (int)crash_draw(&round->random, 800) + 10, 20 + (int)crash_draw(&round->random, 70));
    const char *const *chosen = all[crash_draw(&round->random, COUNT_OF(all))];
    chosen = recovers ? recover : chosen;
    memset(words, 0, sizeof console->run.words);
    for (size_t i = 0; chosen[i] != NULL; i++)
        words[i] = chosen[i];
}

/* By the number of a call, by a moment, or (once its kills are used up) not at all. */
static void choose_end(struct round *round, struct console *console)
{
    static const char *const ways[] = {"", "+", "~"};

    console->run.kill = NULL;
    console->signal_ms = 0;
    if (crash_draw(&round->random, 6) == 0) {
        console->stop = true;
        console->signal_ms = now_ms() + (int64_t)crash_draw(&round->random, 25);
    }
    if (console->kills_left == 0)
        return;
    if (crash_draw(&round->random, 4) > 0) {
        uint64_t calls = round->fresh ? CALLS_COLD : CALLS_WARM;
        snprintf(console->kill, sizeof console->kill, "%d%s",
                 1 + (int)crash_draw(&round->random, calls), ways[crash_draw(&round->random, 3)]);
        console->run.kill = console->kill;
    } else if (console->signal_ms == 0) {
        console->stop = false;
        console->signal_ms = now_ms() + (int64_t)crash_draw(&round->random, 40);
    }
}

static void start_console(struct round *round, struct console *console)
{
    choose_words(round, console);
    choose_end(round, console);
    console->wake_ms = 0;
    console->runs++;
    crash_start(round->scene, &console->run);
}

static void signal_console(struct console *console)
{
    int64_t now = now_ms();

    if (console->wake_ms != 0 && now >= console->wake_ms) {
        kill(console->run.pid, SIGCONT);
        console->wake_ms = 0;
    }
    if (console->signal_ms == 0 || now < console->signal_ms)
        return;
    console->signal_ms = 0;
    kill(console->run.pid, console->stop ? SIGSTOP : SIGKILL);
    if (console->stop)
        console->wake_ms = now + 10;
}

/* False when it has had all its runs. */
static bool serve_console(struct round *round, struct console *console)
{
    struct crash_scene *scene = round->scene;

    if (console->run.pid == 0)
        return false;
    if (!crash_ended(scene, &console->run)) {
        signal_console(console);
        return true;
    }
    if (console->run.killed) {
        atomic_fetch_add(&scene->totals->kills, 1);
        console->kills_left -= console->kills_left > 0;
    } else if (console->run.status > 6 || console->run.status == 2 || console->run.status == 5) {
        crash_violation(scene, "%s ended with %d: %.300s", console->run.words[0],
                        console->run.status, console->run.err);
    }
    if (console->kills_left == 0 || console->runs >= 4)
        return false;
    start_console(round, console);
    return true;
}

/* --- one on a screen ------------------------------------------------------------------------- */

/* What a person waits for, and the keys then pressed; again: until the text is gone. */
static const struct {
    const char *wait, *keys;
    bool again;
} steps[] = {
    {"p Charge", "p", false},     {"online", "1", false}, {"[1 Terminal", "<Enter>", false},
    {"Amount", "12.50", false},   {"= ", "<F2>", false},  {"Confirm   n Back", "y", true},
    {"Approved", "<Esc>", false},
};
#define CONFIRMED 6 /* the step at which the charge is confirmed */

static void open_screen(struct round *round)
{
    struct crash_scene *scene = round->scene;
    static char kill[32];
    struct crash_run run = {.kill = NULL};
    char *argv[] = {(char *)(uintptr_t)scene->program, "--language", "en", NULL};

    snprintf(kill, sizeof kill, "%d", 1 + (int)crash_draw(&round->random, 900));
    if (crash_draw(&round->random, 2) == 0)
        run.kill = kill;
    /* Most live until the charge is on its way. */
    round->pty_kill_step = (int)crash_draw(&round->random, COUNT_OF(steps) + 1);
    if (crash_draw(&round->random, 4) > 0)
        round->pty_kill_step = CONFIRMED + (int)crash_draw(&round->random, 2);
    round->step_ms = now_ms();
    round->pty = pty_open(argv, crash_env(scene, &run, "xterm-256color"), 24, 80);
    if (round->pty == NULL)
        crash_violation(scene, "no pseudo-terminal");
}

static bool is_shown(struct pty *pty, const char *text)
{
    char *screen = pty_screen_text(pty);
    bool shown = strstr(screen, text) != NULL;

    free(screen);
    return shown;
}

static void press(struct round *round)
{
    int64_t now = now_ms();

    if ((size_t)round->step >= COUNT_OF(steps) || now < round->key_ms)
        return;
    bool shown = is_shown(round->pty, steps[round->step].wait);
    round->key_ms = now + 20;
    if (shown) {
        pty_send(round->pty, steps[round->step].keys);
        crash_leap(round->scene, 100); /* what tells of money is deaf for a moment */
        round->pressed = true;
    }
    if (!round->pressed || shown == steps[round->step].again)
        return;
    round->step++;
    round->step_ms = now;
    round->pressed = false;
    if (round->step == CONFIRMED)
        atomic_fetch_add(&round->scene->totals->screens, 1);
}

/* Nothing more comes. A server with a fault, or a terminal that another console keeps in use, may
   well be the cause; alone with a healthy server and before the charge nothing may. */
static void give_up(struct round *round)
{
    if (round->healthy && round->count == 0 && round->step < CONFIRMED)
        crash_violation(round->scene, "the screen never shows \"%s\"", steps[round->step].wait);
    round->step_ms = INT64_MAX - PATIENCE_MS; /* once is enough */
    pty_signal(round->pty, SIGKILL);
}

/* False when it is dead. */
static bool serve_screen(struct round *round)
{
    int64_t now = now_ms();

    if (round->pty == NULL)
        return false;
    pty_pump(round->pty, 0);
    if (!pty_running(round->pty)) {
        int status = pty_exit_status(round->pty);
        if (status != 128 + SIGKILL)
            crash_violation(round->scene, "the screen ended with %d", status);
        atomic_fetch_add(&round->scene->totals->kills, status == 128 + SIGKILL);
        pty_close(round->pty);
        round->pty = NULL;
        return false;
    }
    if (round->pty_kill_ms != 0 && now >= round->pty_kill_ms)
        pty_signal(round->pty, SIGKILL);
    press(round);
    if (now > round->step_ms + PATIENCE_MS)
        give_up(round);
    if (round->pty_kill_ms == 0 && round->step >= round->pty_kill_step)
        round->pty_kill_ms = now + (int64_t)crash_draw(&round->random, 60);
    return true;
}

/* --- a round --------------------------------------------------------------------------------- */

static void kill_all(struct round *round)
{
    for (size_t i = 0; i < round->count; i++) {
        round->consoles[i].kills_left = 0;
        if (round->consoles[i].run.pid != 0)
            kill(round->consoles[i].run.pid, SIGKILL);
    }
    if (round->pty != NULL)
        pty_signal(round->pty, SIGKILL);
}

static void serve_all(struct round *round)
{
    int64_t limit = now_ms() + ROUND_MS;
    bool ended = false;

    for (bool busy = true; busy;) {
        crash_turn(round->scene, 1);
        busy = serve_screen(round);
        for (size_t i = 0; i < round->count; i++)
            busy |= serve_console(round, &round->consoles[i]);
        bool late = now_ms() > limit;
        if (late && !ended)
            crash_violation(round->scene, "does not come to its end");
        ended |= late;
        if (late || crash_interrupted())
            kill_all(round);
    }
}

static const struct crash_fault *draw_fault(struct round *round)
{
    uint64_t all = 0;

    for (size_t i = 0; i < crash_fault_count; i++)
        all += crash_fault_table[i].weight;
    const struct crash_fault *fault = crash_fault_table;
    for (uint64_t at = crash_draw(&round->random, all); at >= fault->weight; fault++)
        at -= fault->weight;
    return fault;
}

static void set_scene(struct round *round, uint64_t n)
{
    struct crash_scene *scene = round->scene;
    const struct crash_fault *fault = draw_fault(round);
    bool screen = n % SCREEN_EVERY == 0;

    round->fresh = !screen && crash_draw(&round->random, 5) == 0;
    crash_reset(scene, round->fresh);
    bool healthy = round->healthy = crash_draw(&round->random, 4) == 0;
    snprintf(scene->label, sizeof scene->label, "--seed %" PRIu64 " --round %" PRIu64 " (%s%s%s)",
             crash_options.seed, n, healthy ? "-" : fault->rule, round->fresh ? ", new files" : "",
             screen ? ", screen" : "");
    scene->ambiguous = !healthy && fault->ambiguous;
    if (!healthy)
        crash_fault(scene, fault->rule, fault->kind);
    round->count = crash_draw(&round->random, CONSOLES_MAX - screen) + !screen;
    for (size_t i = 0; i < round->count; i++) {
        struct console *console = &round->consoles[i];
        *console = (struct console){.run.number = (int)i,
                                    .kills_left = 1 + (int)crash_draw(&round->random, 3)};
        start_console(round, console);
    }
    if (screen) {
        open_screen(round);
        atomic_fetch_add(&scene->totals->screens_opened, 1);
    }
}

static void play_round(struct crash_scene *scene, uint64_t n)
{
    struct round round = {.scene = scene, .random = crash_options.seed * UINT64_C(1000003) + n};

    set_scene(&round, n);
    serve_all(&round);
    crash_fault(scene, NULL, 0);
    crash_settle(scene);
    crash_judge(scene);
    atomic_fetch_add(&scene->totals->scenarios, 1);
}

/* --- the run --------------------------------------------------------------------------------- */

static bool play_all(struct crash_scene *scene)
{
    uint64_t rounds = crash_options.full ? FULL_ROUNDS : SHORT_ROUNDS, n;

    while (!crash_interrupted() && (n = atomic_fetch_add(&scene->totals->next, 1) + 1) <= rounds) {
        play_round(scene, n);
        if (n % 200 == 0) {
            printf("round %" PRIu64 "\n", n);
            fflush(stdout);
        }
    }
    return true;
}

static bool play_one(struct crash_scene *scene, const char *which)
{
    uint64_t n = strtoull(which, NULL, 10);

    if (n > 0)
        play_round(scene, n);
    return n > 0;
}

/* Enough of what makes the run worth something? */
static const char *find_lacking(const struct crash_totals *totals)
{
    if (totals->screens < (crash_options.full ? FULL_SCREENS : 1))
        return "too few screens came to the charge";
    return totals->kills < totals->scenarios ? "less than one kill a round" : NULL;
}

static void print_figures(const struct crash_totals *totals)
{
    printf("= multi-crash rounds: %llu\n", totals->scenarios);
    printf("= multi-crash kills: %llu\n", totals->kills);
    printf("= screens opened: %llu\n", totals->screens_opened);
    printf("= rounds through a pseudo-terminal: %llu\n", totals->screens);
    printf("= multi-crash violations: %llu\n", totals->violations);
    printf("= multi-crashes left to a person by a lying server: %llu\n", totals->by_person);
}

int main(int argc, char **argv)
{
    static const struct crash_play play = {"multicrash", "--round", play_all, play_one,
                                           find_lacking, print_figures};

    return crash_main(argc, argv, &play);
}
