/* Eight consoles on one journal, each with the charge form open: what one does the others show
   though nobody presses a key, and what a dead one has left is followed to its end. */
#include "support_company_parts.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORM "Mostrador   online" /* the open charge form tells of the terminals */

enum { SCREENS = 8, SOON_MS = 3000, TAKEN_OVER_MS = 20000 };

struct room {
    struct company *company;
    struct company_env envs[SCREENS];
    struct pty *screens[SCREENS];
    int64_t longest_ms; /* until all of them showed something */
    int events;
};

/* All but one (-1: all) come to show it, or to show it no more. */
static void all(struct room *room, int but, const char *text, bool there, int limit_ms)
{
    int64_t begun = company_now_ms();

    for (int i = 0; i < SCREENS; i++) {
        int left = limit_ms - (int)(company_now_ms() - begun);
        if (i == but || company_interrupted())
            continue;
        bool good = there ? company_sees(room->company, room->screens[i], text, left)
                          : company_loses(room->company, room->screens[i], text, left);
        if (good)
            continue;
        char *screen = pty_screen_text(room->screens[i]);
        company_violation(room->company, "consoles: screen %d %s \"%s\":\n%s", i,
                          there ? "does not show" : "still shows", text, screen);
        free(screen);
        return;
    }
    int64_t took = company_now_ms() - begun;
    if (there && took > room->longest_ms)
        room->longest_ms = took;
    room->events++;
}

static void press(struct room *room, int i, const char *keys, const char *text)
{
    for (int tries = 0; tries < 200 && !company_interrupted(); tries++) {
        pty_send(room->screens[i], keys);
        if (company_sees(room->company, room->screens[i], text, tries ? 100 : 1000))
            return;
    }
    company_violation(room->company, "consoles: screen %d never shows \"%s\"", i, text);
}

static void spawn_charge(struct room *room, int person, const char *amount,
                         struct company_run *run)
{
    company_spawn(room->company, run, &room->envs[person], NULL,
                  (const char *[]){"charge", "--terminal", COMPANY_TERMINAL_1, "--amount", amount,
                                   "--yes", NULL});
}

/* Somebody charges by command, and is told apart by name. */
static void by_command(struct room *room, int person, const char *amount)
{
    struct company_run run;
    char name[40];

    snprintf(name, sizeof name, "Ana%d", person + 1);
    spawn_charge(room, person, amount, &run);
    all(room, -1, "in use ", true, SOON_MS);
    all(room, -1, name, true, SOON_MS);
    company_wait(room->company, &run, 1);
    if (run.status != 0 && !company_interrupted())
        company_violation(room->company, "consoles: the charge failed: %s", run.err);
    all(room, -1, "in use ", false, SOON_MS);
}

/* The one that charges is killed: the others say UNKNOWN, and once lists tell what it came to. */
static void by_the_dead(struct room *room)
{
    struct company_run run;

    company_faults(room->company, "GET/pos/payments:stale=20000");
    spawn_charge(room, 0, "31.05", &run);
    all(room, -1, "in use ", true, SOON_MS);
    kill(run.pid, SIGKILL);
    company_wait(room->company, &run, 1);
    all(room, -1, "1 UNKNOWN", true, TAKEN_OVER_MS);
    company_faults(room->company, "");
    all(room, -1, "1 UNKNOWN", false, TAKEN_OVER_MS);
}

static void by_screen(struct room *room, int i, const char *amount)
{
    char keys[40];

    press(room, i, "1", "[1 Terminal");
    snprintf(keys, sizeof keys, "<Enter>%s", amount);
    pty_send(room->screens[i], keys);
    company_sees(room->company, room->screens[i], "= ", SOON_MS);
    press(room, i, "<F2>", "y Confirm");
    press(room, i, "y", "Waiting for");
    all(room, i, "in use ", true, SOON_MS);
    all(room, i, "in use ", false, SOON_MS);
    press(room, i, "<Enter>", "r Refund");
    press(room, i, "p", FORM);
}

/* Lists tick what was charged: a console that never looked would miss a contradiction as well. */
static void ticked(struct room *room)
{
    static const char open[] = "SELECT count(*) FROM intent WHERE state = 'confirmed'"
                               " AND reconciled_utc IS NULL";
    int64_t end = company_now_ms() + TAKEN_OVER_MS, left;

    press(room, 0, "<Esc>", "r Refund");
    press(room, 0, "2", "[2 POS]");
    while ((left = company_number(room->company, "eight", open)) > 0 && !company_interrupted() &&
           company_now_ms() < end)
        company_sees(room->company, room->screens[0], "never on a screen", 50);
    if (left != 0 && !company_interrupted())
        company_violation(room->company, "consoles: %lld charges were never held against the lists",
                          (long long)left);
}

void company_consoles(struct company *company)
{
    struct room *room = mem_alloc(sizeof *room);

    room->company = company;
    for (int i = 0; i < SCREENS; i++) {
        char person[16];
        snprintf(person, sizeof person, "Ana%d", i + 1);
        company_env(company, &room->envs[i], "eight", person, "quiet_period = 20\n");
        room->screens[i] = company_screen(company, &room->envs[i], NULL);
    }
    all(room, -1, "of 30", true, COMPANY_LIMIT_MS);
    for (int i = 0; i < SCREENS; i++)
        press(room, i, "p", FORM);
    by_command(room, 1, "30.05");
    by_screen(room, 2, "32.05");
    if (company->full) {
        by_the_dead(room);
        for (int i = 0; i < 6 && !company_interrupted(); i++) {
            char amount[16];
            snprintf(amount, sizeof amount, "%d.05", 40 + i);
            by_command(room, i, amount);
        }
    }
    ticked(room);
    for (int i = 0; i < SCREENS; i++)
        pty_close(room->screens[i]);
    company_referee(company, "consoles");
    printf("= events shown by 8 idle consoles: %d\n", room->events);
    printf("= longest until all 8 showed it, ms: %lld\n", (long long)room->longest_ms);
    free(room);
}
