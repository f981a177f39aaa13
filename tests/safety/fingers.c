/* Impatient fingers: bursts of Enter, y, Y and the amount, 1 to 50 keys with 0 to 500 ms between,
   over each form that moves money, in the real console. A form charges once at most, and what was
   typed before the question was on the glass, or within its deaf moment, charges nothing.
     fingers [--short|--full] [--seed N] [--part FORM[:fast]] [-p CONSOLE]
   Half of the consoles run by the time of the world and in live, with its gestures; for the others
   time goes FAST_PACE times as fast. */
#include "support_fast_console.h"

#include <string.h>

enum { LANES = 2 * FORMS, KEYS_MAX = 50, GAP_MAX_MS = 500, DEAF_MS = 400 };

struct sums { /* in shared memory */
    uint64_t bursts, early, confirmed, doubles, before_seen, violations;
};
static struct sums *all_sums;

/* --- bursts ----------------------------------------------------------------------------------- */

static void write_key(struct lane *lane)
{
    static const char *const keys[] = {"\r", "\r", "\r", "y", "y", "Y", "Y"};
    uint32_t which = company_below(&lane->company, COUNT_OF(keys) + 1);

    if (which < COUNT_OF(keys)) {
        pty_write(lane->pty, keys[which], 1);
    } else if (company_sees(&lane->company, lane->pty, "Type the amount", 0)) {
        pty_write(lane->pty, lane->amount, strlen(lane->amount));
        pty_write(lane->pty, "\r", 1);
    }
}

/* From the key that opens the review on. True: all of it was typed before anything may count. */
static bool type_burst(struct lane *lane, bool early)
{
    static const uint32_t gaps[] = {1, 10, 40, 150, GAP_MAX_MS};
    uint32_t most = gaps[company_below(&lane->company, COUNT_OF(gaps))];
    uint32_t count = 1 + company_below(&lane->company, KEYS_MAX);
    int64_t limit = lane_scaled(lane, DEAF_MS), begun = company_now_ms();
    bool in_time = true;

    pty_send(lane->pty, lane->form->opens);
    for (uint32_t i = 0; i < count && !company_interrupted(); i++) {
        lane_pause(lane, company_below(&lane->company, most + 1));
        if (early && company_now_ms() - begun >= limit - 2)
            break;
        write_key(lane);
        in_time = company_now_ms() - begun < limit - 1;
    }
    return in_time;
}

static void one_burst(struct lane *lane, struct sums *sums)
{
    bool early = company_below(&lane->company, 2) == 0;
    int stuck = lane->stuck;

    lane_open_form(lane);
    if (lane->stuck > stuck) { /* begin anew, with the filter closed and the list in sight */
        lane_go_home(lane);
        lane->round--;
        return;
    }
    int64_t before = lane_rows(lane);
    bool in_time = type_burst(lane, early);
    lane_pause(lane, 100);
    lane_go_home(lane);
    int64_t more = lane_rows(lane) - (before < 0 ? 0 : before);
    sums->bursts++;
    sums->early += in_time;
    sums->confirmed += more > 0;
    if (more > 1)
        company_violation(&lane->company, "%s%s burst %d: %lld rows of one form", lane->form->name,
                          lane->fast ? ":fast" : "", lane->round, (long long)more);
    if (in_time && more > 0)
        company_violation(&lane->company,
                          "%s%s burst %d: confirmed by keys typed before it could"
                          " be read",
                          lane->form->name, lane->fast ? ":fast" : "", lane->round);
    sums->doubles += more > 1;
    sums->before_seen += in_time && more > 0;
    lane_settle(lane);
    if (more > 0 && (lane->form->key[0] == 'c' || lane->form->key[0] == 'x'))
        lane->object[0] = '\0'; /* a hold is captured or cancelled once */
}

static void run_lane(struct lane *lane, struct sums *sums, int bursts)
{
    lane_env(lane, "confirm_limit = 100.00\n");
    lane_start(lane);
    for (; lane->round < bursts && !company_interrupted() && lane->company.violations < 3;
         lane->round++)
        one_burst(lane, sums);
    pty_close(lane->pty);
    company_referee(&lane->company, lane->form->name);
    sums->violations = lane->company.violations;
}

/* --- all of it -------------------------------------------------------------------------------- */

static int play_lane(int which, int argc, char **argv)
{
    struct lane *lane = mem_alloc(sizeof *lane);
    struct sums *sums = &all_sums[which];
    bool fast = which % 2 == 1;
    char name[24];

    lane->form = &money_forms[which / 2];
    lane->fast = fast;
    lane->company.live = !fast;
    lane_settings(lane);
    if (!company_open(&lane->company, argc, argv,
                      "fingers [--short|--full] [--seed N] [--part FORM[:fast]] [-p CONSOLE]"))
        return 2;
    lane->company.state += (uint64_t)which;
    snprintf(name, sizeof name, "%s%s", lane->form->name, fast ? ":fast" : "");
    int bursts = lane->company.full ? (fast ? 950 : 50) : (fast ? 7 : 3);
    if (company_wants(&lane->company, name))
        run_lane(lane, sums, bursts);
    company_close(&lane->company);
    return company_interrupted() ? 2 : 0;
}

static const struct lane_figure figures[] = {
    {"bursts", offsetof(struct sums, bursts), false},
    {"bursts that confirmed", offsetof(struct sums, confirmed), false},
    {"bursts with more than one charge", offsetof(struct sums, doubles), false},
    {"bursts over before the question could be read", offsetof(struct sums, early), false},
    {"of those confirmed", offsetof(struct sums, before_seen), false},
    {"fingers violations", offsetof(struct sums, violations), false},
};

int main(int argc, char **argv)
{
    int status;

    if (played_console(argc, argv, &status))
        return status;
    all_sums = lanes_shared(LANES * sizeof *all_sums);
    status = lanes_play(LANES, argc, argv, play_lane);
    uint64_t bursts = lanes_sum(all_sums, LANES, sizeof *all_sums, &figures[0]);
    uint64_t confirmed = lanes_sum(all_sums, LANES, sizeof *all_sums, &figures[1]);
    if (status == 0 && confirmed * 10 < bursts) {
        printf("VIOLATION too few bursts came to a charge at all to say that none makes two\n");
        all_sums->violations++;
    }
    if (status > 0)
        fprintf(stderr, "fingers: interrupted, or a console could not be run\n");
    return lanes_tell(all_sums, LANES, sizeof *all_sums, figures, COUNT_OF(figures), status);
}
