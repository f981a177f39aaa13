/* Impatient fingers: bursts of Enter, y, Y and the amount, 1 to 50 keys with 0 to 500 ms between,
   over each form that moves money, in the real console. A form charges once at most, and what was
   typed before the question was on the glass, or within its deaf moment, charges nothing.
     fingers [--short|--full] [--seed N] [--part FORM[:fast]] [-p CONSOLE]
   Half of the consoles run by the time of the world and in live, with its gestures; for the others
   time goes PACE times as fast: this very program then plays the console, by clocks of its own. */
#include "support_company.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PACE = 20, KEYS_MAX = 50, GAP_MAX_MS = 500, DEAF_MS = 400, FORMS = 6, STUCK_MAX = 20 };

/* --- the console by a faster clock ------------------------------------------------------------ */

static int64_t pace = 1, pace_from;

int console_main(int argc, char **argv);
#define main console_main
#include "../../tui/main.c"
#undef main

/* These stand before those of the C library. Only the clock that the console counts its own times
   by is bent, and the waits that follow from it. */
int clock_gettime(clockid_t id, struct timespec *out)
{
    long rc = syscall(SYS_clock_gettime, id, out);

    if (rc == 0 && pace > 1 && id == CLOCK_BOOTTIME) {
        int64_t now = out->tv_sec * INT64_C(1000000000) + out->tv_nsec;
        now = pace_from + (now - pace_from) * pace;
        out->tv_sec = now / 1000000000;
        out->tv_nsec = now % 1000000000;
    }
    return (int)rc;
}

struct pollfd;
int poll(struct pollfd *fds, unsigned long count, int timeout_ms);
int poll(struct pollfd *fds, unsigned long count, int timeout_ms)
{
    struct timespec wait = {0};
    int64_t nanoseconds = timeout_ms * INT64_C(1000000) / pace;

    wait.tv_sec = nanoseconds / 1000000000;
    wait.tv_nsec = nanoseconds % 1000000000;
    return (int)syscall(SYS_ppoll, fds, count, timeout_ms < 0 ? NULL : &wait, NULL, 0);
}

static void run_fast(int64_t times)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    pace_from = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    pace = times;
}

/* --- forms ------------------------------------------------------------------------------------ */

static const struct form_row {
    const char *name, *key;
    const char *filled; /* keys from the open form until one before the review */
    const char *opens;  /* the key that opens the review */
    const char *title;  /* on the screen once the form is there */
    enum { WANTS_NOTHING, WANTS_PAYMENT, WANTS_HOLD } wants;
} forms[FORMS] = {
    {"charge", "p", NULL, "<F2>", "Pre-authorise", WANTS_NOTHING},
    {"link", "n", NULL, "<F2>", "Pre-authorise", WANTS_NOTHING},
    {"refund", "r", "0.10<Enter>2", "<F2>", "Left to refund", WANTS_PAYMENT},
    {"capture", "c", "0.10", "<F2>", "Held on the card", WANTS_HOLD},
    {"cancel", "x", "", "<Enter>", "The hold is given up", WANTS_HOLD},
    {"extend", "e", "", "<Enter>", "The hold gets more time", WANTS_HOLD},
};

struct sums { /* in shared memory */
    uint64_t bursts, early, confirmed, doubles, before_seen, violations;
    int status;
};
struct lane {
    struct company company;
    const struct form_row *form;
    bool fast;
    char self[512];
    struct company_env env;
    struct pty *pty;
    char object[24];  /* reference of the payment acted on, "" none yet */
    char amount[16];  /* of the form */
    int made, burst, stuck; /* stuck: bursts that did not come about, the machine being busy */
    struct sums *sums;
};

static int64_t scaled(const struct lane *lane, int64_t ms)
{
    return lane->fast ? ms / PACE : ms;
}

static bool sees(struct lane *lane, const char *text)
{
    return company_sees(&lane->company, lane->pty, text, 20000);
}

/* Presses until the text is there: what tells of money is deaf for a moment. */
static void press(struct lane *lane, const char *keys, const char *text)
{
    for (int i = 0; i < 60 && !company_interrupted(); i++) {
        pty_send(lane->pty, keys);
        if (company_sees(&lane->company, lane->pty, text, lane->fast ? 60 : 150))
            return;
    }
    if (++lane->stuck <= STUCK_MAX)
        return;
    char *screen = pty_screen_text(lane->pty);
    company_violation(&lane->company, "%s burst %d: \"%s\" never came:\n%s", lane->form->name,
                      lane->burst, text, screen);
    free(screen);
}

/* So long that what comes next is no part of the same lump of keys. */
static void nap(struct lane *lane)
{
    company_sees(&lane->company, lane->pty, "never on a screen", lane->fast ? 4 : 40);
}

static void go_home(struct lane *lane)
{
    if (company_sees(&lane->company, lane->pty, "preauth:", 1)) {
        pty_send(lane->pty, "<Esc>");
        company_loses(&lane->company, lane->pty, "preauth:", 2000);
    }
    if (!company_sees(&lane->company, lane->pty, "/ Filter", 1))
        press(lane, "<Esc>", "/ Filter");
    nap(lane);
}

static int64_t rows(struct lane *lane)
{
    return company_number(&lane->company, "desk", "SELECT count(*) FROM intent");
}

static void settle(struct lane *lane)
{
    static const char open[] = "SELECT count(*) FROM intent WHERE state IN"
                               " ('prepared','sent','unknown','accepted')";
    int64_t end = company_now_ms() + 30000;

    while (company_number(&lane->company, "desk", open) > 0 && !company_interrupted()) {
        company_sees(&lane->company, lane->pty, "never on a screen", 10);
        if (company_now_ms() > end) {
            company_violation(&lane->company, "%s burst %d: it does not come to an end",
                              lane->form->name, lane->burst);
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
    press(lane, "2", "[2 POS]");
    press(lane, "/", "preauth:");
    pty_write(lane->pty, "\025", 1); /* Ctrl-U */
    company_loses(&lane->company, lane->pty, "ref:N", 20000);
    nap(lane);
    pty_send(lane->pty, filter);
    sees(lane, filter);
    nap(lane);
    pty_send(lane->pty, "<Enter>");
    if (!company_loses(&lane->company, lane->pty, "preauth:", lane->fast ? 200 : 1000))
        press(lane, "<Enter>", "[2 POS]"); /* it went with the rest for a paste */
    company_loses(&lane->company, lane->pty, "preauth:", 20000);
    sees(lane, reference);
}

static void fill_new(struct lane *lane)
{
    char keys[64];

    snprintf(lane->amount, sizeof lane->amount, "%d.%d0", 10 + lane->burst / 10, lane->burst % 10);
    if (lane->form->key[0] == 'p') {
        sees(lane, "online");
        press(lane, "1", "[1 Terminal");
        pty_send(lane->pty, "<Enter>");
    }
    snprintf(keys, sizeof keys, "%s", lane->amount);
    pty_send(lane->pty, keys);
    snprintf(keys, sizeof keys, "= %s", lane->amount);
    sees(lane, keys);
}

static void open_form(struct lane *lane)
{
    go_home(lane);
    if (lane->form->wants != WANTS_NOTHING && !lane->object[0])
        make_object(lane);
    if (lane->form->wants != WANTS_NOTHING)
        select_object(lane);
    press(lane, lane->form->key, lane->form->title);
    snprintf(lane->amount, sizeof lane->amount, "%s",
             lane->form->key[0] == 'x' ? "900" : "0.10");
    if (!lane->form->filled)
        fill_new(lane);
    else if (*lane->form->filled) {
        pty_send(lane->pty, lane->form->filled);
        sees(lane, "= 0.10");
    }
}

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

static void pause_ms(struct lane *lane, int64_t ms)
{
    int64_t end = company_now_ms() + scaled(lane, ms);

    do {
        company_turn(&lane->company, 0);
        pty_pump(lane->pty, 1);
    } while (company_now_ms() < end);
}

/* From the key that opens the review on. True: all of it was typed before anything may count. */
static bool type_burst(struct lane *lane, bool early)
{
    static const uint32_t gaps[] = {1, 10, 40, 150, GAP_MAX_MS};
    uint32_t most = gaps[company_below(&lane->company, COUNT_OF(gaps))];
    uint32_t count = 1 + company_below(&lane->company, KEYS_MAX);
    int64_t limit = scaled(lane, DEAF_MS), begun = company_now_ms();
    bool in_time = true;

    pty_send(lane->pty, lane->form->opens);
    for (uint32_t i = 0; i < count && !company_interrupted(); i++) {
        pause_ms(lane, company_below(&lane->company, most + 1));
        if (early && company_now_ms() - begun >= limit - 2)
            break;
        write_key(lane);
        in_time = company_now_ms() - begun < limit - 1;
    }
    return in_time;
}

static void one_burst(struct lane *lane)
{
    bool early = company_below(&lane->company, 2) == 0;
    struct sums *sums = lane->sums;
    int stuck = lane->stuck;

    open_form(lane);
    if (lane->stuck > stuck) { /* begin anew, with the filter closed and the list in sight */
        go_home(lane);
        lane->burst--;
        return;
    }
    int64_t before = rows(lane);
    bool in_time = type_burst(lane, early);
    pause_ms(lane, 100);
    go_home(lane);
    int64_t more = rows(lane) - (before < 0 ? 0 : before);
    sums->bursts++;
    sums->early += in_time;
    sums->confirmed += more > 0;
    if (more > 1)
        company_violation(&lane->company, "%s%s burst %d: %lld rows of one form",
                          lane->form->name, lane->fast ? ":fast" : "", lane->burst,
                          (long long)more);
    if (in_time && more > 0)
        company_violation(&lane->company, "%s%s burst %d: confirmed by keys typed before it could"
                          " be read", lane->form->name, lane->fast ? ":fast" : "", lane->burst);
    sums->doubles += more > 1;
    sums->before_seen += in_time && more > 0;
    settle(lane);
    if (more > 0 && (lane->form->key[0] == 'c' || lane->form->key[0] == 'x'))
        lane->object[0] = '\0'; /* a hold is captured or cancelled once */
}

static int run_lane(struct lane *lane, int bursts)
{
    company_env(&lane->company, &lane->env, "desk", "Ana", "confirm_limit = 100.00\n");
    struct company_env env = lane->env;
    int n = 0;
    while (env.list[n])
        n++;
    for (int i = 0; i < n; i++)
        env.list[i] = env.room[i];
    if (lane->fast) {
        snprintf(env.room[n], sizeof env.room[n], "FINGERS_PACE=%d", PACE);
        env.list[n] = env.room[n];
        env.list[n + 1] = NULL;
    }
    lane->pty = company_screen(&lane->company, &env, lane->fast ? lane->self : NULL);
    sees(lane, "of 30");
    for (; lane->burst < bursts && !company_interrupted() && lane->company.violations < 3;
         lane->burst++)
        one_burst(lane);
    pty_close(lane->pty);
    company_referee(&lane->company, lane->form->name);
    lane->sums->violations = lane->company.violations;
    return company_interrupted() ? 2 : 0;
}

/* --- all of it -------------------------------------------------------------------------------- */

static bool is_wanted(const char *only, const struct form_row *form, bool fast)
{
    char name[24];

    snprintf(name, sizeof name, "%s%s", form->name, fast ? ":fast" : "");
    return !only || strcmp(only, name) == 0;
}

/* One console and its server, in a process of their own. */
static void play_lane(int argc, char **argv, const struct form_row *form, bool fast,
                      struct sums *sums)
{
    struct lane *lane = mem_alloc(sizeof *lane);

    lane->form = form;
    lane->fast = fast;
    lane->sums = sums;
    lane->company.settings = sim_settings_default();
    lane->company.settings.sessions = lane->company.settings.payments = 30;
    lane->company.settings.charge_delay_ms = 5;
    lane->company.settings.modification_delay_ms = 20;
    lane->company.live = !fast;
    ssize_t len = readlink("/proc/self/exe", lane->self, sizeof lane->self - 1);
    sums->status = 2;
    if (len <= 0 || !company_open(&lane->company, argc, argv, "fingers [--short|--full] [--seed N]"
                                                              " [--part FORM[:fast]] [-p CONSOLE]"))
        _exit(2);
    lane->company.state += (uint64_t)(form - forms) * 2 + fast;
    int bursts = lane->company.full ? (fast ? 950 : 50) : (fast ? 7 : 3);
    if (is_wanted(lane->company.only, form, fast))
        sums->status = run_lane(lane, bursts);
    else
        sums->status = 0;
    company_close(&lane->company);
    exit(sums->status);
}

int main(int argc, char **argv)
{
    const char *times = getenv("FINGERS_PACE");
    struct sums all = {0};

    if (times) {
        run_fast(strtoll(times, NULL, 10));
        return console_main(argc, argv);
    }
    struct sums *sums = mmap(NULL, 2 * FORMS * sizeof *sums, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fflush(NULL);
    signal(SIGINT, SIG_IGN); /* the lanes end by themselves */
    for (int i = 0; i < 2 * FORMS; i++)
        if (fork() == 0)
            play_lane(argc, argv, &forms[i / 2], i % 2 == 1, &sums[i]);
    while (wait(NULL) > 0)
        ;
    for (int i = 0; i < 2 * FORMS; i++) {
        all.bursts += sums[i].bursts;
        all.early += sums[i].early;
        all.confirmed += sums[i].confirmed;
        all.doubles += sums[i].doubles;
        all.before_seen += sums[i].before_seen;
        all.violations += sums[i].violations;
        all.status = sums[i].status > all.status ? sums[i].status : all.status;
    }
    if (all.status == 0 && all.confirmed * 10 < all.bursts) {
        printf("VIOLATION too few bursts came to a charge at all to say that none makes two\n");
        all.violations++;
    }
    if (all.status > 0)
        fprintf(stderr, "fingers: interrupted, or a console could not be run\n");
    printf("= bursts: %llu\n", (unsigned long long)all.bursts);
    printf("= bursts that confirmed: %llu\n", (unsigned long long)all.confirmed);
    printf("= bursts with more than one charge: %llu\n", (unsigned long long)all.doubles);
    printf("= bursts over before the question could be read: %llu\n",
           (unsigned long long)all.early);
    printf("= of those confirmed: %llu\n", (unsigned long long)all.before_seen);
    printf("= fingers violations: %llu\n", (unsigned long long)all.violations);
    return all.status > 0 ? all.status : all.violations > 0;
}
