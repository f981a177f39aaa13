/* The line goes, the system ends it, somebody stops it: at random moments of a charge. The money is
   judged by the server's books and the journal; the process ends in its time and never spins.
     signals [--short|--full] [--seed N] [--part ends1…ends6|stops|freezes] [-p CONSOLE] */
#include "../safety/support_forms.h"
#include "../support_pty_internal.h"
#include "support_job.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    END_LANES = 6,
    STOPS = END_LANES,
    FREEZES,
    LANES,
    CHARGE_MS = 150,   /* of an ordinary one */
    MOMENTS_MS = 260,  /* after the key that confirms */
    TIMEOUT_MS = 5000, /* charge_timeout of a company's consoles */
    GRACE_MS = 2000,
    SPIN_MS = 500, /* of processor time after the end was asked for: more is a loop */
};

struct sums { /* in shared memory */
    uint64_t ends, in_flight, unknown, recovered, stops, refused, freezes, violations;
    int64_t longest_ms, busiest_ms;
};
static struct sums *all_sums;

static const char open_rows[] =
    "SELECT count(*) FROM intent WHERE state IN ('prepared','sent','unknown','accepted')";

/* The last two digits tell the server how to answer (sim.h): mostly approved after CHARGE_MS. */
static const char *draw_cents(struct lane *lane)
{
    static const char *const cents[] = {"10", "20", "30", "40", "50", "60", "70",
                                        "80", "01", "02", "04", "05", "06", "08"};

    return cents[company_below(&lane->company, COUNT_OF(cents))];
}

/* Up to the question, and to the moment at which it listens. */
static void ask(struct lane *lane)
{
    lane_open_form(lane);
    lane_nap(lane);
    pty_send(lane->pty, "<F2>");
    lane_press(lane, "k", "Only y confirms.");
    lane_nap(lane);
}

static void violation(struct lane *lane, const char *part, const char *what, const char *why)
{
    char *screen = pty_screen_text(lane->pty);

    company_violation(&lane->company, "--part %s: round %d (%s), %s: %s\n%s", part, lane->round,
                      lane->amount, why, what, screen);
    free(screen);
}

/* --- ends ------------------------------------------------------------------------------------- */

/* Standard input ends though the line stays: somebody makes it a line of text and types Ctrl-D. */
static void end_of_input(struct pty *pty)
{
    struct termios settings;

    tcgetattr(pty->slave, &settings);
    settings.c_lflag |= ICANON;
    settings.c_cc[VEOF] = 4;
    tcsetattr(pty->slave, TCSANOW, &settings);
    pty_write(pty, "\004\004", 2); /* the first only ends a line in which the last key may stand */
}

/* The terminal is gone: every read and write fails, and the kernel says hang-up. */
static void close_line(struct pty *pty)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (nothing < 0 || dup3(nothing, pty->master, O_CLOEXEC) < 0)
        abort();
    close(nothing);
}

static void send_end(struct pty *pty, uint32_t which)
{
    static const int signals[] = {SIGHUP, SIGTERM, SIGINT, SIGQUIT};

    if (which < COUNT_OF(signals))
        pty_signal(pty, signals[which]);
    else if (which == COUNT_OF(signals))
        end_of_input(pty);
    else
        close_line(pty);
}
static const char *const end_names[] = {"SIGHUP",  "SIGTERM",      "SIGINT",
                                        "SIGQUIT", "end of input", "closed line"};

static int64_t cpu_ms(const struct rusage *usage)
{
    return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * INT64_C(1000) +
           (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1000;
}

/* Of the running console. */
static int64_t cpu_so_far(const struct pty *pty)
{
    char path[40], line[400] = "";
    long long user = 0, system = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", pty_pid(pty));
    FILE *in = fopen(path, "re");
    if (in && fgets(line, sizeof line, in) && strrchr(line, ')'))
        sscanf(strrchr(line, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld", &user,
               &system);
    if (in)
        fclose(in);
    return (user + system) * 1000 / sysconf(_SC_CLK_TCK);
}

/* True when it ended by itself. */
static bool wait_for_end(struct lane *lane)
{
    int64_t end = company_now_ms() + TIMEOUT_MS + GRACE_MS;

    while (pty_running(lane->pty) && company_now_ms() < end) {
        company_turn(&lane->company, 2);
        pty_pump(lane->pty, 1);
    }
    return !pty_running(lane->pty);
}

/* What is open afterwards is found out by the command that is there for it. */
static void recover(struct lane *lane, struct sums *sums, const char *part)
{
    struct company_run run;
    int64_t end = company_now_ms() + COMPANY_LIMIT_MS;

    if (company_number(&lane->company, "desk", open_rows) <= 0)
        return;
    sums->unknown++;
    while (company_number(&lane->company, "desk", open_rows) > 0 && company_now_ms() < end &&
           !company_interrupted())
        company_do(&lane->company, &run, &lane->env, (const char *[]){"recover", NULL});
    if (company_number(&lane->company, "desk", open_rows) > 0)
        company_violation(&lane->company, "--part %s: round %d (%s): never found out: %s", part,
                          lane->round, lane->amount, run.out);
    else
        sums->recovered++;
}

static void one_end(struct lane *lane, struct sums *sums, const char *part)
{
    uint32_t how = company_below(&lane->company, COUNT_OF(end_names));
    struct rusage before, after;
    const char *wrong = NULL;

    getrusage(RUSAGE_CHILDREN, &before);
    lane->cents = draw_cents(lane);
    lane_start(lane);
    ask(lane);
    int64_t rows = lane_rows(lane);
    pty_write(lane->pty, "y", 1);
    lane_pause(lane, company_below(&lane->company, MOMENTS_MS));
    int64_t cpu = cpu_so_far(lane->pty), begun = company_now_ms();
    sums->in_flight += company_number(&lane->company, "desk", open_rows) > 0;
    send_end(lane->pty, how);
    bool ended = wait_for_end(lane);
    getrusage(RUSAGE_CHILDREN, &after);
    int64_t took = company_now_ms() - begun, busy = cpu_ms(&after) - cpu_ms(&before) - cpu;
    sums->ends++;
    sums->longest_ms = took > sums->longest_ms ? took : sums->longest_ms;
    sums->busiest_ms = ended && busy > sums->busiest_ms ? busy : sums->busiest_ms;
    if (!ended)
        wrong = "it does not end";
    else if (pty_exit_status(lane->pty) != 0)
        wrong = "it ended with another status than 0";
    else if (busy > SPIN_MS)
        wrong = "it was busy while it waited";
    else if (how < 4 && pty_left_behind(lane->pty))
        wrong = pty_left_behind(lane->pty);
    if (wrong)
        violation(lane, part, wrong, end_names[how]);
    if (lane_rows(lane) > rows + 1)
        violation(lane, part, "one key, two charges", end_names[how]);
    pty_close(lane->pty);
    recover(lane, sums, part);
}

static void play_ends(struct lane *lane, struct sums *sums, const char *part)
{
    int rounds = lane->company.full ? 84 : 3;

    lane_env(lane, "quiet_period = 20\n");
    for (; lane->round < rounds && !company_interrupted() && lane->company.violations < 3;
         lane->round++)
        one_end(lane, sums, part);
    company_referee(&lane->company, part);
}

/* --- stop and continue ------------------------------------------------------------------------ */

static int says(struct lane *lane, const char *word)
{
    size_t len;
    int times = 0;

    for (const char *at = pty_log(lane->pty, &len); at && (at = strstr(at, word)); at++)
        times++;
    return times;
}

static bool wait_says(struct lane *lane, const char *word, int times)
{
    int64_t end = company_now_ms() + 10000;

    while (says(lane, word) < times && company_now_ms() < end && pty_running(lane->pty))
        lane_pause(lane, 2);
    return says(lane, word) >= times;
}

static int job_of(struct lane *lane)
{
    size_t len;
    const char *at = strstr(pty_log(lane->pty, &len), JOB_SAYS_STARTED);

    return at ? (int)strtol(at + strlen(JOB_SAYS_STARTED), NULL, 10) : 0;
}

/* The terminal is the shell's again, and then the console's, whole; what was typed ahead of the
   question that comes back with it does not answer it. */
static void one_stop(struct lane *lane, struct sums *sums, int job, const char *mark)
{
    int64_t rows = lane_rows(lane);
    int times = says(lane, JOB_SAYS_STOPPED) + 1;

    lane_nap(lane);
    if (company_below(&lane->company, 2))
        pty_send(lane->pty, "<C-z>");
    else
        kill(job, SIGTSTP);
    if (!wait_says(lane, JOB_SAYS_STOPPED, times)) {
        violation(lane, "stops",
                  says(lane, JOB_SAYS_RAW) ? "it left the terminal raw" : "it does not stop",
                  "stop");
        return;
    }
    if (pty_left_behind(lane->pty))
        violation(lane, "stops", pty_left_behind(lane->pty), "stop");
    pty_write(lane->pty, "g\ryyY\r", 6);
    if (!company_sees(&lane->company, lane->pty, mark, 10000))
        violation(lane, "stops", "it does not come back", "stop");
    lane_pause(lane, 60);
    struct pty_modes modes = pty_modes(lane->pty);
    if (!modes.alternate_screen || !modes.bracketed_paste || pty_termios_restored(lane->pty))
        violation(lane, "stops", "it came back without its modes", "stop");
    if (lane_rows(lane) != rows)
        violation(lane, "stops", "what was typed ahead has confirmed", "stop");
    sums->stops++;
}

/* While a charge is being sent it stays. */
static void one_refusal(struct lane *lane, struct sums *sums, int job)
{
    int times = says(lane, JOB_SAYS_STOPPED) + says(lane, JOB_SAYS_RAW);

    lane->cents = "05";
    ask(lane);
    pty_write(lane->pty, "y", 1);
    lane_sees(lane, "Waiting for");
    if (company_below(&lane->company, 2))
        pty_send(lane->pty, "<C-z>");
    else
        kill(job, SIGTSTP);
    if (!lane_sees(lane, "Not now: a payment is on its way."))
        violation(lane, "stops", "it does not refuse to stop", "stop");
    if (!lane_sees(lane, "Approved"))
        violation(lane, "stops", "the charge came to nothing", "stop");
    if (says(lane, JOB_SAYS_STOPPED) + says(lane, JOB_SAYS_RAW) != times)
        violation(lane, "stops", "it stopped in the middle of a charge", "stop");
    lane_press(lane, "<Enter>", "/ Filter");
    lane->cents = NULL; /* the same amount once more would be asked about first */
    sums->refused++;
}

static void play_stops(struct lane *lane, struct sums *sums)
{
    int cycles = lane->company.full ? 100 : 8;
    char self[512], *argv[] = {self, (char[]){"--language"}, (char[]){"en"}, NULL};
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

    self[len > 0 ? len : 0] = '\0';
    lane_env(lane, "");
    company_env_set(&lane->env, "JOB_OF", lane->company.program);
    lane->pty = pty_open(argv, lane->env.list, 24, 80);
    lane_sees(lane, "of 30");
    int job = job_of(lane);
    for (; lane->round < cycles && !company_interrupted() && lane->company.violations < 3;
         lane->round++) {
        if (lane->round % 10 == 5)
            one_refusal(lane, sums, job);
        if (lane->round % 4 == 1)
            ask(lane);
        else if (lane->round % 4 == 2)
            lane_open_form(lane);
        else
            lane_go_home(lane);
        const char *const marks[] = {"/ Filter", "Confirm   n Back", "Pre-authorise", "/ Filter"};
        one_stop(lane, sums, job, marks[lane->round % 4]);
    }
    kill(job, SIGTERM);
    pty_wait_exit(lane->pty, 5000);
    pty_close(lane->pty);
    company_referee(&lane->company, "stops");
}

/* Stopped from outside in the middle of a charge, for a moment or for longer than it may take. */
static void one_freeze(struct lane *lane, struct sums *sums)
{
    int64_t end = company_now_ms() + COMPANY_LIMIT_MS;
    bool longer = lane->company.full && lane->round % 8 == 7;

    lane->cents = draw_cents(lane);
    ask(lane);
    pty_write(lane->pty, "y", 1);
    lane_pause(lane, company_below(&lane->company, MOMENTS_MS));
    pty_signal(lane->pty, SIGSTOP);
    lane_pause(lane, longer ? TIMEOUT_MS + 1000 : 10 + company_below(&lane->company, 800));
    pty_signal(lane->pty, SIGCONT);
    while (company_number(&lane->company, "desk", open_rows) > 0 && company_now_ms() < end &&
           !company_interrupted())
        lane_pause(lane, 20);
    if (company_number(&lane->company, "desk", open_rows) > 0)
        violation(lane, "freezes", "it never finds out what became of it", "freeze");
    lane_press(lane, "<Esc>", "/ Filter");
    sums->freezes++;
}

static void play_freezes(struct lane *lane, struct sums *sums)
{
    int rounds = lane->company.full ? 40 : 3;

    lane_env(lane, "quiet_period = 20\n");
    lane_start(lane);
    for (; lane->round < rounds && !company_interrupted() && lane->company.violations < 3;
         lane->round++)
        one_freeze(lane, sums);
    pty_close(lane->pty);
    company_referee(&lane->company, "freezes");
}

/* --- all of it -------------------------------------------------------------------------------- */

static void play_part(struct lane *lane, struct sums *sums, int which, const char *part)
{
    if (which == STOPS)
        play_stops(lane, sums);
    else if (which == FREEZES)
        play_freezes(lane, sums);
    else
        play_ends(lane, sums, part);
}

static int play_lane(int which, int argc, char **argv)
{
    struct lane *lane = mem_alloc(sizeof *lane);
    struct sums *sums = &all_sums[which];
    char part[16];

    snprintf(part, sizeof part, "ends%d", which + 1);
    if (which >= STOPS)
        snprintf(part, sizeof part, "%s", which == STOPS ? "stops" : "freezes");
    lane->form = &money_forms[0];
    lane_settings(lane);
    lane->company.settings.charge_delay_ms = CHARGE_MS;
    lane->company.settings.charge_slow_ms = 1500;
    lane->company.settings.charge_late_ms = 1000;
    lane->company.settings.charge_silent_ms = 20000;
    if (!company_open(&lane->company, argc, argv,
                      "signals [--short|--full] [--seed N] [--part ends1…ends6|stops|freezes]"
                      " [-p CONSOLE]"))
        return 2;
    lane->company.state += (uint64_t)which;
    if (company_wants(&lane->company, part))
        play_part(lane, sums, which, part);
    sums->violations = lane->company.violations;
    company_close(&lane->company);
    return company_interrupted() ? 2 : 0;
}

static const struct lane_figure figures[] = {
    {"ends at random moments of a charge", offsetof(struct sums, ends), false},
    {"of those with the charge on its way", offsetof(struct sums, in_flight), false},
    {"of those left unknown", offsetof(struct sums, unknown), false},
    {"of those found out by recover", offsetof(struct sums, recovered), false},
    {"longest until it had ended, ms", offsetof(struct sums, longest_ms), true},
    {"most processor time after the end was asked for, ms", offsetof(struct sums, busiest_ms),
     true},
    {"stops and continuations", offsetof(struct sums, stops), false},
    {"stops refused in a charge", offsetof(struct sums, refused), false},
    {"freezes in a charge", offsetof(struct sums, freezes), false},
    {"signals violations", offsetof(struct sums, violations), false},
};

int main(int argc, char **argv)
{
    int status;

    if (job_played(argv, &status))
        return status;
    all_sums = lanes_shared(LANES * sizeof *all_sums);
    status = lanes_play(LANES, argc, argv, play_lane);
    return lanes_tell(all_sums, LANES, sizeof *all_sums, figures, COUNT_OF(figures), status);
}
