/* Keys and pastes that were not meant: bursts of keys from the moment the question about money is
   asked for until it may be answered, and pastes of every kind into every form, question and list.
   None of them confirms, submits or runs anything.
     keys [--short|--full] [--seed N] [--part FORM[:fast]|paste|paste:live] [-p CONSOLE]
   Of the bursts some lanes run by the time of the world and in live, with its gestures; for the
   others time goes FAST_PACE times as fast. */
#include "../safety/support_fast_console.h"
#include "support_paste.h"

#include <signal.h>
#include <string.h>

enum { BURST_LANES = 2 * FORMS, LANES = BURST_LANES + 2, LUMP_MAX = 5 };
enum { DEAF_MS = 400, MARGIN_MS = 12 }; /* what a busy kernel may take to hand a key over */

struct sums { /* in shared memory */
    uint64_t bursts, frozen, late, pastes, confirmed, ran, hung, violations;
};
static struct sums *all_sums;

/* --- bursts ----------------------------------------------------------------------------------- */

static bool asks(struct lane *lane, int limit_ms)
{
    int64_t end = company_now_ms() + lane_scaled(lane, limit_ms) + 100;

    do {
        if (company_sees(&lane->company, lane->pty, "Confirm   n Back", 0) ||
            company_sees(&lane->company, lane->pty, "Type the amount,", 0))
            return true;
    } while (company_now_ms() < end && !company_interrupted());
    return false;
}

/* Whatever would confirm, if anything did; never what answers no. */
static size_t some_keys(struct lane *lane, char *out, size_t most)
{
    static const char keys[] = "yyyYY\r\r";
    size_t count = 1 + company_below(&lane->company, (uint32_t)most), len = 0;

    if (company_below(&lane->company, 4) == 0) {
        len = strlen(lane->amount);
        memcpy(out, lane->amount, len);
        out[len++] = '\r';
        return len;
    }
    for (; len < count; len++)
        out[len] = keys[company_below(&lane->company, sizeof keys - 1)];
    return len;
}

/* The key that opens the question, more in the same write, and on as long as nothing may count.
   False: that took longer than meant. */
static bool type_early(struct lane *lane)
{
    static const uint32_t gaps[] = {1, 5, 20, 60, 200};
    uint32_t most = gaps[company_below(&lane->company, COUNT_OF(gaps))];
    int64_t limit = lane_scaled(lane, DEAF_MS) - MARGIN_MS, begun = company_now_ms();
    const char *opens = strcmp(lane->form->opens, "<F2>") == 0 ? "\033OQ" : "\r";
    char bytes[64];
    size_t len = strlen(opens);

    memcpy(bytes, opens, len);
    if (company_below(&lane->company, 2))
        len += some_keys(lane, bytes + len, LUMP_MAX);
    pty_write(lane->pty, bytes, len);
    for (;;) {
        lane_pause(lane, 1 + company_below(&lane->company, most));
        if (company_now_ms() - begun >= limit)
            return true;
        len = some_keys(lane, bytes, company_below(&lane->company, 8) ? 3 : 20);
        pty_write(lane->pty, bytes, len);
        if (company_now_ms() - begun > limit + 2)
            return false;
    }
}

/* Typed at a console that is stopped with the question open: not meant for what comes after. */
static void type_frozen(struct lane *lane)
{
    char bytes[64];

    pty_send(lane->pty, lane->form->opens);
    if (!asks(lane, 2000))
        return;
    lane_pause(lane, company_below(&lane->company, 600));
    pty_signal(lane->pty, SIGSTOP);
    lane_pause(lane, 5);
    pty_write(lane->pty, bytes, some_keys(lane, bytes, 6));
    lane_pause(lane, company_below(&lane->company, 600));
    pty_signal(lane->pty, SIGCONT);
    lane_pause(lane, 50);
}

/* Says no, until the form is what is there. */
static void take_back(struct lane *lane)
{
    const char *no = company_sees(&lane->company, lane->pty, "Type the amount,", 0) ? "<Esc>" : "n";

    for (int i = 0; i < 100 && asks(lane, 0) && !company_interrupted(); i++) {
        pty_send(lane->pty, no);
        company_loses(&lane->company, lane->pty, no[0] == 'n' ? "Confirm   n" : "Type the amount,",
                      lane->fast ? 20 : 100);
    }
}

static void one_burst(struct lane *lane, struct sums *sums)
{
    bool frozen = !lane->fast && company_below(&lane->company, 6) == 0, in_time = true;

    if (!company_sees(&lane->company, lane->pty, lane->form->title, 0))
        lane_open_form(lane);
    lane_nap(lane);
    int64_t before = lane_rows(lane);
    if (frozen)
        type_frozen(lane);
    else
        in_time = type_early(lane);
    bool asked = asks(lane, 300);
    lane_pause(lane, DEAF_MS);
    int64_t more = lane_rows(lane) - (before < 0 ? 0 : before);
    sums->bursts += asked && in_time;
    sums->frozen += asked && frozen;
    sums->late += !asked || !in_time;
    sums->confirmed += in_time && more > 0;
    if (in_time && more > 0)
        company_violation(&lane->company, "--part %s%s: burst %d: confirmed by keys typed %s",
                          lane->form->name, lane->fast ? ":fast" : "", lane->round,
                          frozen ? "while it was stopped" : "before it could be read");
    if (asked && more == 0) {
        take_back(lane);
        return;
    }
    lane_go_home(lane); /* the keys went into the form as a paste, or a late one counted */
    lane_settle(lane);
    if (more > 0)
        lane->object[0] = '\0';
}

static void play_bursts(struct lane *lane, struct sums *sums)
{
    uint64_t wanted = lane->company.full ? (lane->fast ? 950 : 50) : (lane->fast ? 25 : 4);

    lane_env(lane, "confirm_limit = 100.00\n");
    lane_start(lane);
    for (; sums->bursts < wanted && sums->late < 4 * wanted + 20 && !company_interrupted() &&
           lane->company.violations < 3;
         lane->round++)
        one_burst(lane, sums);
    pty_close(lane->pty);
    company_referee(&lane->company, lane->form->name);
    if (sums->bursts < wanted && !company_interrupted())
        company_violation(&lane->company, "--part %s%s: only %llu bursts came about in time",
                          lane->form->name, lane->fast ? ":fast" : "",
                          (unsigned long long)sums->bursts);
}

/* --- pastes ----------------------------------------------------------------------------------- */

static void play_pastes(struct lane *lane, struct sums *sums)
{
    struct paste_sums pastes = {.wanted = lane->company.full ? 100 : 10};

    lane_env(lane, "");
    lane_start(lane);
    paste_everywhere(lane, &pastes);
    sums->pastes = pastes.pastes;
    sums->confirmed = pastes.confirmed;
    sums->ran = pastes.ran;
    sums->hung = pastes.hung;
    pty_close(lane->pty);
    company_referee(&lane->company, "paste");
}

/* --- all of it -------------------------------------------------------------------------------- */

static void name_lane(char *out, size_t size, int which)
{
    bool odd = which % 2 == 1;

    if (which >= BURST_LANES)
        snprintf(out, size, "paste%s", odd ? ":live" : "");
    else
        snprintf(out, size, "%s%s", money_forms[which / 2].name, odd ? ":fast" : "");
}

static int play_lane(int which, int argc, char **argv)
{
    struct lane *lane = mem_alloc(sizeof *lane);
    struct sums *sums = &all_sums[which];
    bool odd = which % 2 == 1, pastes = which >= BURST_LANES;
    char name[24];

    lane->form = &money_forms[pastes ? 0 : which / 2];
    lane->fast = odd && !pastes;
    lane->company.live = odd == pastes;
    lane_settings(lane);
    if (!company_open(&lane->company, argc, argv,
                      "keys [--short|--full] [--seed N] [--part FORM[:fast]|paste|paste:live]"
                      " [-p CONSOLE]"))
        return 2;
    lane->company.state += (uint64_t)which;
    name_lane(name, sizeof name, which);
    if (company_wants(&lane->company, name)) {
        if (pastes)
            play_pastes(lane, sums);
        else
            play_bursts(lane, sums);
    }
    sums->violations = lane->company.violations;
    company_close(&lane->company);
    return company_interrupted() ? 2 : 0;
}

static const struct lane_figure figures[] = {
    {"bursts around the opening of a money question", offsetof(struct sums, bursts), false},
    {"of those into a stopped console", offsetof(struct sums, frozen), false},
    {"bursts that did not come about in time", offsetof(struct sums, late), false},
    {"pastes", offsetof(struct sums, pastes), false},
    {"confirmed or submitted by a burst or a paste", offsetof(struct sums, confirmed), false},
    {"commands run by a paste", offsetof(struct sums, ran), false},
    {"hangs by a paste", offsetof(struct sums, hung), false},
    {"keys violations", offsetof(struct sums, violations), false},
};

int main(int argc, char **argv)
{
    int status;

    if (played_console(argc, argv, &status))
        return status;
    all_sums = lanes_shared(LANES * sizeof *all_sums);
    status = lanes_play(LANES, argc, argv, play_lane);
    return lanes_tell(all_sums, LANES, sizeof *all_sums, figures, COUNT_OF(figures), status);
}
