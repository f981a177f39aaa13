#include "support_places.h"
#include "support_terminals.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

void terminal_violation(struct lane *lane, const char *part, const char *where, const char *what)
{
    char *screen = pty_screen_text(lane->pty);

    company_violation(&lane->company, "--part %s: %s: %s\n%s", part, where, what, screen);
    free(screen);
}

static void storm(struct lane *lane, struct terminal_sums *sums, int count)
{
    static const int rows[] = {3, 24, 60, 200}, cols[] = {5, 80, 150, 500};

    for (int i = 0; i < count; i++) {
        uint32_t limit = company_below(&lane->company, COUNT_OF(rows));
        pty_resize(lane->pty, 1 + (int)company_below(&lane->company, (uint32_t)rows[limit]),
                   1 + (int)company_below(&lane->company, (uint32_t)cols[limit]));
        if (company_below(&lane->company, 3))
            lane_pause(lane, (int64_t)company_below(&lane->company, 8));
        sums->resizes++;
    }
    pty_resize(lane->pty, 24, 80);
}

/* What is on the glass, but for figures that go on by themselves. */
static char *text_without_figures(struct lane *lane)
{
    char *text = pty_screen_text(lane->pty);

    for (char *at = text; *at; at++)
        if (isdigit((unsigned char)*at))
            *at = '#';
    return text;
}

/* The screen is what painting all of it anew makes of it. */
static bool is_whole(struct lane *lane)
{
    int64_t end = company_now_ms() + SOON_MS;
    bool same;

    do {
        char *before = text_without_figures(lane);
        pty_send(lane->pty, "<C-l>");
        lane_pause(lane, 60);
        char *after = text_without_figures(lane);
        same = strcmp(before, after) == 0;
        free(before);
        free(after);
    } while (!same && company_now_ms() < end && pty_running(lane->pty));
    return same;
}

/* Too small for any screen at all, then as before. */
static void shrink(struct lane *lane)
{
    pty_resize(lane->pty, 10, 40);
    lane_sees(lane, "needs 60x18");
    pty_resize(lane->pty, 24, 80);
    company_loses(&lane->company, lane->pty, "needs 60x18", SOON_MS);
}

static void one_place(struct lane *lane, struct terminal_sums *sums, const struct place *place,
                      const char *part)
{
    int count = lane->company.full ? 1000 : 25;
    int64_t rows = lane_rows(lane);

    if (!place_go(lane, place) && !place_go(lane, place)) {
        terminal_violation(lane, part, place->name, "it never came about");
        return;
    }
    int64_t before = lane_rows(lane);
    storm(lane, sums, count);
    if (place->asking) {
        shrink(lane);
        pty_write(lane->pty, "yY", 2);
        if (!company_loses(&lane->company, lane->pty, place_mark(lane, place), SOON_MS))
            terminal_violation(lane, part, place->name, "a question that did not fit is there");
        else
            sums->closed++;
    } else if (!company_sees(&lane->company, lane->pty, place_mark(lane, place), SOON_MS)) {
        terminal_violation(lane, part, place->name, "it is not where it was");
    }
    if (!pty_running(lane->pty))
        terminal_violation(lane, part, place->name, "the console has ended");
    else if (!is_whole(lane))
        terminal_violation(lane, part, place->name, "the screen is not whole again");
    if (lane_rows(lane) != before || before < rows)
        terminal_violation(lane, part, place->name, "something was asked for");
    sums->places++;
}

static void storm_a_charge(struct lane *lane, struct terminal_sums *sums, const char *part)
{
    lane->form = &money_forms[0];
    lane->cents = "05";
    lane_open_form(lane);
    lane_nap(lane);
    pty_send(lane->pty, "<F2>");
    lane_press(lane, "k", "Only y confirms.");
    lane_nap(lane);
    pty_write(lane->pty, "y", 1);
    lane_sees(lane, "Waiting for");
    storm(lane, sums, lane->company.full ? 1000 : 60);
    if (!lane_sees(lane, "Approved"))
        terminal_violation(lane, part, "charge", "it did not come to its end");
    lane_press(lane, "<Enter>", "/ Filter");
    sums->charges++;
}

void terminal_sizes(struct lane *lane, struct terminal_sums *sums, int which, const char *part)
{
    lane_env(lane, "");
    lane_start(lane);
    for (int i = which; i < PLACES && !company_interrupted() && lane->company.violations < 3 &&
                        pty_running(lane->pty);
         i += SIZE_LANES, lane->round++)
        one_place(lane, sums, &places[i], part);
    if (which == 0 && !company_interrupted() && pty_running(lane->pty))
        storm_a_charge(lane, sums, part);
    pty_signal(lane->pty, SIGTERM);
    pty_wait_exit(lane->pty, SOON_MS);
    if (pty_left_behind(lane->pty))
        terminal_violation(lane, part, "end", pty_left_behind(lane->pty));
    pty_close(lane->pty);
    company_referee(&lane->company, part);
}
