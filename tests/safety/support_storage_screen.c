/* The same on the screen: the journal fails while a form is open, and while a charge is on the
   terminal. The screen has to say so, show the answer that comes, and refuse further money. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support_pty.h"
#include "support_storage.h"

#define PATIENCE 4000 /* turns of 5 ms */

struct desk_screen {
    struct storage *storage;
    struct pty *pty;
    const char *label;
    bool failed;
};

static uint64_t posts(const struct storage *storage)
{
    return sim_requests_seen(storage->rig.sim, "POST/pos/payment");
}

static void open_screen(struct desk_screen *screen, const char *name, const char *value)
{
    struct storage *storage = screen->storage;
    char home[200], base[100], preload[700], clock[200], setting[240];
    const char *program = storage->program == NULL ? storage->rig.program : storage->program;
    char *argv[] = {(char *)(uintptr_t)program, "--env", "test", "--language", "en", NULL};
    char *env[] = {home,  base, preload, clock, setting, "SHIM_ONLY=j", "AVIRATO_WEBCODE=HOTEL9",
                   "AVIRATO_API_KEY=test-key", "LC_ALL=C.UTF-8", "TERM=xterm-256color",
                   "PATH=/usr/bin:/bin", NULL};

    rig_copy(storage->warm, storage->home);
    snprintf(home, sizeof home, "HOME=%s", storage->home);
    snprintf(base, sizeof base, "AVIRATO_BASE_URL=%s", sim_base_url(storage->rig.sim));
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", storage->rig.shim);
    snprintf(clock, sizeof clock, "SHIM_CLOCK=%s", storage->rig.clock);
    snprintf(setting, sizeof setting, "%s=%s", name, value);
    screen->pty = pty_open(argv, env, 24, 80);
}

static bool shows(struct desk_screen *screen, const char *text)
{
    char *now = pty_screen_text(screen->pty);
    for (char *at = strchr(now, '\n'); at != NULL; at = strchr(at, '\n'))
        *at = ' '; /* sentences run over several lines */
    bool there = strstr(now, text) != NULL;

    free(now);
    return there;
}

static void turn(struct desk_screen *screen)
{
    pty_pump(screen->pty, 4);
    loop_turn(screen->storage->rig.loop, 1);
}

static void see(struct desk_screen *screen, const char *text)
{
    int patience = screen->storage->quiet ? PATIENCE / 10 : PATIENCE;

    for (int i = 0; i < patience && !screen->failed && !rig_interrupted(); i++) {
        turn(screen);
        if (shows(screen, text))
            return;
    }
    if (screen->failed || rig_interrupted())
        return;
    char *now = pty_screen_text(screen->pty), what[3000];
    snprintf(what, sizeof what, "the screen never says \"%s\", but:\n%s", text, now);
    free(now);
    storage_violation(screen->storage, screen->label, what, NULL);
    screen->failed = true;
}

/* Presses it until the text is gone: what tells of money is deaf for a moment after it appeared. */
static void insist(struct desk_screen *screen, const char *key, const char *text)
{
    for (int i = 0; i < PATIENCE && !screen->failed && shows(screen, text); i++) {
        if (i % 20 == 0)
            pty_send(screen->pty, key);
        turn(screen);
    }
}

static void charge(struct desk_screen *screen, const char *terminal, const char *amount)
{
    char keys[40], chosen[40];

    snprintf(keys, sizeof keys, "<Enter>%s", amount);
    pty_send(screen->pty, "p");
    see(screen, "online");
    pty_send(screen->pty, terminal);
    snprintf(chosen, sizeof chosen, "[%s Terminal", terminal);
    see(screen, chosen);
    pty_send(screen->pty, keys);
    see(screen, "= ");
    pty_send(screen->pty, "<F2>");
    see(screen, "Confirm   n Back");
    insist(screen, "y", "Confirm   n Back");
}

static void form_open(struct storage *storage)
{
    struct desk_screen screen = {.storage = storage, .label = "form"};
    uint64_t before = posts(storage);

    storage->faults++;
    open_screen(&screen, "SHIM_FAIL", "1+:28");
    see(&screen, "Sessions");
    charge(&screen, "1", "14,50");
    see(&screen, "cannot store its data safely");
    pty_close(screen.pty);
    if (posts(storage) != before)
        storage_violation(storage, screen.label, "a charge was sent", NULL);
    storage_settle(storage, screen.label);
}

/* How many calls touch the journal until a charge leaves. */
static int count_calls(struct storage *storage)
{
    struct desk_screen screen = {.storage = storage, .label = "terminal, unharmed"};
    char trace[200];

    snprintf(trace, sizeof trace, "%s/screen-trace", storage->rig.root);
    open_screen(&screen, "SHIM_TRACE", trace);
    see(&screen, "Sessions");
    charge(&screen, "1", "14,51");
    see(&screen, "Approved: 14.51 EUR");
    pty_close(screen.pty);
    return storage_read_story(trace).writes_before_send;
}

void storage_screen_latches(struct storage *storage)
{
    struct desk_screen screen = {.storage = storage, .label = "terminal"};
    char fail[40];

    /* Once only: what keeps the second charge from leaving is the memory of the first trouble. */
    snprintf(fail, sizeof fail, "%d:5", count_calls(storage) + 1);
    uint64_t before = posts(storage);
    storage->faults++;
    open_screen(&screen, "SHIM_FAIL", fail);
    see(&screen, "Sessions");
    charge(&screen, "1", "14,52");
    see(&screen, "Approved: 14.52 EUR");
    see(&screen, "could not be written down");
    insist(&screen, "<Esc>", "could not be written down");
    charge(&screen, "2", "14,53");
    see(&screen, "cannot store its data safely");
    pty_close(screen.pty);
    if (!screen.failed && posts(storage) != before + 1)
        storage_violation(storage, screen.label, "not exactly one charge was sent", NULL);
    storage_settle(storage, screen.label);
}

void storage_screens(struct storage *storage)
{
    form_open(storage);
    storage_screen_latches(storage);
    printf("storage: on the screen: %d faults so far, %d violations\n", storage->faults,
           storage->violations);
}
