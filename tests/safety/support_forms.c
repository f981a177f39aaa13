#include "support_forms.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAYMENTS = 30 };

const struct form_row money_forms[FORMS] = {
    {"charge", "p", NULL, "<F2>", "Pre-authorise", WANTS_NOTHING},
    {"link", "n", NULL, "<F2>", "Pre-authorise", WANTS_NOTHING},
    {"refund", "r", "0.10<Enter>2", "<F2>", "Left to refund", WANTS_PAYMENT},
    {"capture", "c", "0.10", "<F2>", "Held on the card", WANTS_HOLD},
    {"cancel", "x", "", "<Enter>", "The hold is given up", WANTS_HOLD},
    {"extend", "e", "", "<Enter>", "The hold gets more time", WANTS_HOLD},
};

void lane_settings(struct lane *lane)
{
    lane->company.settings = sim_settings_default();
    lane->company.settings.sessions = lane->company.settings.payments = PAYMENTS;
    lane->company.settings.charge_delay_ms = 5;
    lane->company.settings.modification_delay_ms = 20;
}

void lane_env(struct lane *lane, const char *more)
{
    char pace[16];

    company_env(&lane->company, &lane->env, "desk", "Ana", more);
    snprintf(pace, sizeof pace, "%d", FAST_PACE);
    if (lane->fast)
        company_env_set(&lane->env, "CONSOLE_PACE", pace);
}

void lane_start(struct lane *lane)
{
    char self[512];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

    self[len > 0 ? len : 0] = '\0';
    lane->pty = company_screen(&lane->company, &lane->env, lane->fast ? self : NULL);
    lane_sees(lane, "of 30");
}

int64_t lane_scaled(const struct lane *lane, int64_t ms)
{
    return lane->fast ? ms / FAST_PACE : ms;
}

bool lane_sees(struct lane *lane, const char *text)
{
    return company_sees(&lane->company, lane->pty, text, 20000);
}

void lane_press(struct lane *lane, const char *keys, const char *text)
{
    for (int i = 0; i < 60 && !company_interrupted(); i++) {
        pty_send(lane->pty, keys);
        if (company_sees(&lane->company, lane->pty, text, lane->fast ? 60 : 150))
            return;
    }
    if (++lane->stuck <= STUCK_MAX)
        return;
    char *screen = pty_screen_text(lane->pty);
    company_violation(&lane->company, "%s round %d: \"%s\" never came:\n%s", lane->form->name,
                      lane->round, text, screen);
    free(screen);
}

void lane_nap(struct lane *lane)
{
    company_sees(&lane->company, lane->pty, "never on a screen", lane->fast ? 5 : 70);
}

void lane_go_home(struct lane *lane)
{
    if (company_sees(&lane->company, lane->pty, "preauth:", 1)) {
        pty_send(lane->pty, "<Esc>");
        company_loses(&lane->company, lane->pty, "preauth:", 2000);
    }
    if (!company_sees(&lane->company, lane->pty, "/ Filter", 1))
        lane_press(lane, "<Esc>", "/ Filter");
    lane_nap(lane);
}

int64_t lane_rows(struct lane *lane)
{
    return company_number(&lane->company, "desk", "SELECT count(*) FROM intent");
}

void lane_settle(struct lane *lane)
{
    static const char open[] = "SELECT count(*) FROM intent WHERE state IN"
                               " ('prepared','sent','unknown','accepted')";
    int64_t end = company_now_ms() + 30000;

    while (company_number(&lane->company, "desk", open) > 0 && !company_interrupted()) {
        company_sees(&lane->company, lane->pty, "never on a screen", 10);
        if (company_now_ms() > end) {
            company_violation(&lane->company, "%s round %d: it does not come to an end",
                              lane->form->name, lane->round);
            return;
        }
    }
}

/* --- what is acted on ------------------------------------------------------------------------- */

static void make_object(struct lane *lane)
{
    bool hold = lane->form->wants == WANTS_HOLD;
    struct company_run run;
    char reference[40];

    snprintf(lane->object, sizeof lane->object, "NR%dN", ++lane->made);
    snprintf(reference, sizeof reference, "OBJ-%s", lane->object);
    company_must(&lane->company, &run, &lane->env, 0,
                 (const char *[]){"charge", "--terminal", COMPANY_TERMINAL_2, "--amount", "900",
                                  "--reference", reference, "--yes", "--again",
                                  hold ? "--pre-auth" : NULL, NULL});
}

/* The cursor onto it: keys of the last burst may have led anywhere. */
static void select_object(struct lane *lane)
{
    char filter[40], reference[40];

    snprintf(filter, sizeof filter, "ref:%s", lane->object);
    snprintf(reference, sizeof reference, "OBJ-%s", lane->object);
    lane_press(lane, "2", "[2 POS]");
    lane_press(lane, "/", "preauth:");
    pty_write(lane->pty, "\025", 1); /* Ctrl-U */
    company_loses(&lane->company, lane->pty, "ref:N", 20000);
    lane_nap(lane);
    pty_send(lane->pty, filter);
    lane_sees(lane, filter);
    lane_nap(lane);
    pty_send(lane->pty, "<Enter>");
    if (!company_loses(&lane->company, lane->pty, "preauth:", lane->fast ? 200 : 1000))
        lane_press(lane, "<Enter>", "[2 POS]"); /* it went with the rest for a paste */
    company_loses(&lane->company, lane->pty, "preauth:", 20000);
    lane_sees(lane, reference);
}

static void fill_new(struct lane *lane)
{
    char keys[64];

    if (lane->cents)
        snprintf(lane->amount, sizeof lane->amount, "%d.%s", 10 + lane->round, lane->cents);
    else
        snprintf(lane->amount, sizeof lane->amount, "%d.%d0", 10 + lane->round / 10,
                 lane->round % 10);
    if (lane->form->key[0] == 'p') {
        lane_sees(lane, "online");
        lane_press(lane, "1", "[1 Terminal");
        pty_send(lane->pty, "<Enter>");
        lane_nap(lane);
    }
    snprintf(keys, sizeof keys, "%s", lane->amount);
    pty_send(lane->pty, keys);
    snprintf(keys, sizeof keys, "= %s", lane->amount);
    lane_sees(lane, keys);
}

void lane_open_form(struct lane *lane)
{
    lane_go_home(lane);
    if (lane->form->wants != WANTS_NOTHING && !lane->object[0])
        make_object(lane);
    if (lane->form->wants != WANTS_NOTHING)
        select_object(lane);
    lane_press(lane, lane->form->key, lane->form->title);
    snprintf(lane->amount, sizeof lane->amount, "%s", lane->form->key[0] == 'x' ? "900" : "0.10");
    if (!lane->form->filled)
        fill_new(lane);
    else if (*lane->form->filled) {
        pty_send(lane->pty, lane->form->filled);
        lane_sees(lane, "= 0.10");
    }
}

void lane_pause(struct lane *lane, int64_t ms)
{
    int64_t end = company_now_ms() + lane_scaled(lane, ms);

    do {
        company_turn(&lane->company, 0);
        pty_pump(lane->pty, 1);
    } while (company_now_ms() < end);
}

/* --- many of them ----------------------------------------------------------------------------- */

void *lanes_shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        abort();
    return memory;
}

int lanes_play(int count, int argc, char **argv, int (*play)(int which, int argc, char **argv))
{
    int status, worst = 0;

    fflush(NULL);
    signal(SIGINT, SIG_IGN); /* the lanes end by themselves */
    for (int i = 0; i < count; i++)
        if (fork() == 0)
            exit(play(i, argc, argv));
    while (wait(&status) > 0)
        if (status != 0)
            worst = 2;
    return worst;
}

uint64_t lanes_sum(const void *sums, int lanes, size_t size, const struct lane_figure *figure)
{
    const char *at = (const char *)sums + figure->at;
    uint64_t sum = 0;

    for (int i = 0; i < lanes; i++, at += size) {
        uint64_t value;
        memcpy(&value, at, sizeof value);
        sum = !figure->most ? sum + value : value > sum ? value : sum;
    }
    return sum;
}

int lanes_tell(const void *sums, int lanes, size_t size, const struct lane_figure *figures,
               size_t count, int status)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum = lanes_sum(sums, lanes, size, &figures[i]);
        printf("= %s: %llu\n", figures[i].name, (unsigned long long)sum);
    }
    return status > 0 ? status : sum > 0;
}
