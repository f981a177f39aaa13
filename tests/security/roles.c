/* Who may move money: every operation, by every kind of person, below, at and above the limit, with
   every kind of approval, by the real program against the bundled server. What a role forbids makes
   no POST, says so, and ends with status 6; what it allows makes one, under the right names.
     roles [--short|--full] [--seed N] [--part NAME] [-p CONSOLE]
   --part: "commands", "screens" or "live". The oracle below is written from the rules, not from
   the code. */
#include "../safety/support_company.h"
#include "../../tui/pin.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIN_MARTA "2718"

/* --- people ----------------------------------------------------------------------------------- */

enum may { MAY_NOTHING, MAY_LIMITED, MAY_EVERYTHING };
static const struct person {
    const char *what, *name;
    enum may may;
    const char *role;   /* lines of the person's section; NULL: no roles are set up at all */
    const char *option; /* of the command line, or NULL */
    bool read_only;     /* by the configuration */
} people[] = {
    {"no roles", "Ana", MAY_EVERYTHING, NULL, NULL, false},
    {"--read-only", "Ana", MAY_NOTHING, NULL, "--read-only", false},
    {"read_only = yes", "Ana", MAY_NOTHING, NULL, NULL, true},
    {"viewer", "Eva", MAY_NOTHING, "role = viewer\n", NULL, false},
    {"desk", "Ana", MAY_LIMITED, "role = desk\ncharge_limit = 20,50\nrefund_limit = 10,50\n", NULL,
     false},
    {"desk without limits", "Ana", MAY_EVERYTHING, "role = desk\n", NULL, false},
    {"supervisor", "Marta", MAY_EVERYTHING, "", NULL, false},
    {"supervisor, --read-only", "Marta", MAY_NOTHING, "", "--read-only", false},
    {"not named", "Iker", MAY_NOTHING, "", NULL, false},
};
enum { CHARGE_LIMIT = 2050, REFUND_LIMIT = 1050, PEOPLE = COUNT_OF(people) };

static const struct approval {
    const char *what, *name; /* NULL: no --supervisor */
    const char *typed;       /* the PIN; NULL: no terminal to type on */
    bool good;
} approvals[] = {
    {"nobody", NULL, NULL, false},
    {"a supervisor", "Marta", PIN_MARTA, true},
    {"a wrong PIN", "Marta", "2719", false},
    {"no terminal", "Marta", NULL, false},
    {"oneself", "Ana", PIN_MARTA, false},
    {"another of the desk", "Olga", PIN_MARTA, false},
    {"a supervisor without PIN", "Luis", PIN_MARTA, false},
    {"nobody known", "marta", PIN_MARTA, false},
};

/* --- operations ------------------------------------------------------------------------------- */

static const struct deed {
    const char *name, *endpoint;
    int limit;    /* what it counts against; 0: nothing */
    bool on_hold; /* acts on a hold, which it uses up */
    bool by_hold; /* the amount at stake is that of the hold */
} deeds[] = {
    {"charge", "POST/pos/payment", CHARGE_LIMIT, false, false},
    {"link", "POST/payment/session", CHARGE_LIMIT, false, false},
    {"capture", "POST/payment/capture", CHARGE_LIMIT, true, false},
    {"refund", "POST/payment/refund", REFUND_LIMIT, false, false},
    {"cancel", "POST/payment/cancel", REFUND_LIMIT, true, true},
    {"extend", "POST/payment/extend", 0, true, true},
};

struct office {
    struct company company;
    struct company_env own; /* nobody's roles: makes what the others act on */
    struct company_env envs[PEOPLE];
    char payment[80];
    char pin_line[PIN_STORED_SIZE];
    uint64_t cases, forbidden, posts_forbidden, allowed, approved, wrong_status, wrong_names;
};

static uint64_t count_posts(const struct office *office)
{
    uint64_t count = 0;

    for (size_t i = 0; i < COUNT_OF(deeds); i++)
        count += sim_requests_seen(office->company.sim, deeds[i].endpoint);
    return count;
}

/* --- making what is acted on ------------------------------------------------------------------ */

static const char *euros(int64_t minor)
{
    static char texts[4][24];
    static unsigned at;
    char *text = texts[at++ % COUNT_OF(texts)];

    snprintf(text, sizeof texts[0], "%lld.%02lld", (long long)(minor / 100),
             (long long)(minor % 100));
    return text;
}

/* A charge on the second terminal, of nobody's roles; its reference. */
static void make_payment(struct office *office, int64_t minor, bool hold, char reference[80])
{
    struct company_run run = {0};

    company_must(&office->company, &run, &office->own, 0,
                 (const char *[]){"charge", "--terminal", COMPANY_TERMINAL_2, "--amount",
                                  euros(minor), "--again", "--yes", hold ? "--pre-auth" : NULL,
                                  NULL});
    snprintf(reference, 80, "%.*s", (int)strcspn(run.out, "\n"), run.out);
}

/* What the house has set up, and that this person works here. */
static void write_config(struct office *office, const struct person *person, const char *folder)
{
    char path[300];

    snprintf(path, sizeof path, "%s/desk/%s/avirato-console/config.ini", office->company.folder,
             folder);
    FILE *file = fopen(path, "w");
    if (!file)
        abort();
    fprintf(file, "[console]\noperator = %s\ncharge_timeout = 5\n", person->name);
    if (person->role)
        fprintf(file,
                "[operator Marta]\nrole = supervisor\npin = %s\n[operator Luis]\n"
                "role = supervisor\n[operator Olga]\nrole = desk\npin = %s\n",
                office->pin_line, office->pin_line);
    if (person->role && *person->role)
        fprintf(file, "[operator %s]\n%s", person->name, person->role);
    if (person->read_only)
        fprintf(file, "[test]\nread_only = yes\n[live]\nread_only = yes\n");
    fclose(file);
}

/* In the environment of the company, which has journals and keys of its own. */
static void make_people(struct office *office)
{
    char folder[16]; /* not the name: several of them share one */

    company_env(&office->company, &office->own, "desk", "Maker", "");
    for (size_t i = 0; i < PEOPLE; i++) {
        snprintf(folder, sizeof folder, "p%zu", i);
        company_env(&office->company, &office->envs[i], "desk", folder, "");
        write_config(office, &people[i], folder);
    }
}

/* --- one command ------------------------------------------------------------------------------ */

struct attempt {
    const struct person *person;
    const struct deed *deed;
    const struct approval *approval;
    int64_t minor;
    char reference[80];
    const char *words[20];
};

static void make_words(struct office *office, struct attempt *attempt)
{
    const struct deed *deed = attempt->deed;
    size_t n = 0;
    bool modifies = strcmp(deed->name, "charge") != 0 && strcmp(deed->name, "link") != 0;

    if (attempt->person->option)
        attempt->words[n++] = attempt->person->option;
    attempt->words[n++] = deed->name;
    if (modifies)
        attempt->words[n++] = deed->on_hold ? attempt->reference : office->payment;
    if (!deed->by_hold) {
        attempt->words[n++] = "--amount";
        attempt->words[n++] = euros(attempt->minor);
    }
    if (strcmp(deed->name, "charge") == 0) {
        attempt->words[n++] = "--terminal";
        attempt->words[n++] = COMPANY_TERMINAL_1;
        attempt->words[n++] = "--again";
    }
    if (strcmp(deed->name, "refund") == 0) {
        attempt->words[n++] = "--reason";
        attempt->words[n++] = "other";
    }
    if (attempt->approval->name) {
        attempt->words[n++] = "--supervisor";
        attempt->words[n++] = attempt->approval->name;
    }
    if (strcmp(deed->name, "link") != 0)
        attempt->words[n++] = "--yes";
    attempt->words[n] = NULL;
}

/* On a terminal: the PIN is typed when it is asked for, a second time never. */
static int run_on_terminal(struct office *office, const struct company_env *env,
                           const struct attempt *attempt, char said[4096])
{
    char *argv[24] = {office->company.program};
    bool typed = false, left = false;
    int64_t end = company_now_ms() + COMPANY_LIMIT_MS;

    for (size_t i = 0; attempt->words[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)attempt->words[i];
    struct pty *pty = pty_open(argv, (char *const *)env->list, 24, 100);
    while (pty_running(pty) && company_now_ms() < end && !company_interrupted()) {
        company_turn(&office->company, 1);
        pty_pump(pty, 1);
        char *screen = pty_screen_text(pty);
        const char *asked = strstr(screen, "PIN of");
        if (!typed && asked && strchr(asked, '>')) { /* from here on what is typed counts */
            pty_send(pty, attempt->approval->typed);
            pty_send(pty, "<Enter>");
            typed = true;
        } else if (typed && !left && strstr(screen, "Not that PIN")) {
            pty_send(pty, "<C-c>");
            left = true;
        }
        free(screen);
    }
    char *screen = pty_screen_text(pty);
    snprintf(said, 4096, "%s", screen);
    free(screen);
    int status = pty_running(pty) ? -1 : pty_exit_status(pty);
    if (strstr(said, attempt->approval->typed))
        company_violation(&office->company, "commands: the PIN is shown: %s", said);
    pty_close(pty);
    return status;
}

/* --- the oracle ------------------------------------------------------------------------------- */

static bool is_within(const struct attempt *attempt)
{
    return attempt->person->may == MAY_EVERYTHING ||
           (attempt->person->may == MAY_LIMITED &&
            (attempt->deed->limit == 0 || attempt->minor <= attempt->deed->limit));
}

static bool is_allowed(const struct attempt *attempt)
{
    return is_within(attempt) || (attempt->person->may == MAY_LIMITED && attempt->approval->good);
}

static void judge(struct office *office, const struct attempt *attempt, int status, uint64_t posts,
                  const char *said)
{
    struct company *company = &office->company;
    bool allowed = is_allowed(attempt);
    char name[400];

    snprintf(name, sizeof name, "%s: %s, %s %s, approved by %s",
             office->company.live ? "live" : "commands", attempt->person->what, attempt->deed->name,
             euros(attempt->minor), attempt->approval->what);
    office->cases++;
    office->forbidden += !allowed;
    office->allowed += allowed;
    office->approved += allowed && !is_within(attempt);
    if (!allowed && posts > 0) {
        office->posts_forbidden += posts;
        company_violation(company, "%s: %llu POSTs", name, (unsigned long long)posts);
    }
    if (allowed && posts != 1)
        company_violation(company, "%s: %llu POSTs: %s", name, (unsigned long long)posts, said);
    if (status != (allowed ? 0 : 6) ||
        (!allowed && !strstr(said, "Nothing was sent") && !strstr(said, "moves"))) {
        office->wrong_status++;
        company_violation(company, "%s: status %d: %s", name, status, said);
    }
    if (!allowed)
        return;
    char wanted[64], sql[160];
    snprintf(wanted, sizeof wanted, "%s%s", attempt->person->name,
             is_within(attempt) ? "" : " + Marta");
    snprintf(sql, sizeof sql,
             "SELECT person = '%s' FROM intent ORDER BY created_utc DESC, rowid DESC LIMIT 1",
             wanted);
    if (company_number(company, "desk", sql) != 1) {
        office->wrong_names++;
        company_violation(company, "%s: the journal does not name %s", name, wanted);
    }
}

/* Without its configuration nobody has a role: that would be no finding. */
static void check_folder(struct office *office, size_t who)
{
    char path[300];

    snprintf(path, sizeof path, "%s/desk/p%zu/avirato-console/config.ini", office->company.folder,
             who);
    if (access(path, R_OK) == 0)
        return;
    fprintf(stderr, "cannot run: %s is gone\n", path);
    company_close(&office->company);
    exit(2);
}

static void try_once(struct office *office, size_t who, const struct deed *deed, int64_t minor,
                     const struct approval *approval)
{
    struct attempt attempt = {
        .person = &people[who], .deed = deed, .approval = approval, .minor = minor};
    struct company_run run = {0};
    char said[4096];

    if (company_interrupted())
        return;
    check_folder(office, who);
    if (deed->on_hold)
        make_payment(office, deed->by_hold ? minor : 9000, true, attempt.reference);
    make_words(office, &attempt);
    uint64_t before = count_posts(office);
    int status;
    if (approval->typed) {
        status = run_on_terminal(office, &office->envs[who], &attempt, said);
    } else {
        status = company_do(&office->company, &run, &office->envs[who], attempt.words);
        snprintf(said, sizeof said, "%.4000s", run.err);
    }
    judge(office, &attempt, status, count_posts(office) - before, said);
}

/* --- all of them ------------------------------------------------------------------------------ */

/* Everybody and everything once; the limits' edges where there are limits; all kinds of approval
   above them. Fewer of what says the same twice when it has to be short. */
static void try_commands(struct office *office)
{
    bool full = office->company.full;

    for (size_t who = 0; who < PEOPLE; who++) {
        for (size_t d = 0; d < COUNT_OF(deeds); d++) {
            const struct deed *deed = &deeds[d];
            int64_t limit = deed->limit ? deed->limit : CHARGE_LIMIT;
            bool limited = people[who].may == MAY_LIMITED;
            if (limited || full) {
                try_once(office, who, deed, limit - 10, &approvals[0]);
                try_once(office, who, deed, limit, &approvals[0]);
            }
            size_t count = limited && (full || d == 0 || d == 3) ? COUNT_OF(approvals) : 1;
            for (size_t a = 0; a < count; a++)
                try_once(office, who, deed, limit + 1, &approvals[a]);
            if (limited && count == 1)
                try_once(office, who, deed, limit + 1, &approvals[1]);
        }
    }
    for (int i = 0; full && i < 200 && !company_interrupted(); i++) {
        const struct deed *deed = &deeds[company_below(&office->company, COUNT_OF(deeds))];
        int64_t minor = 20 + company_below(&office->company, 40) * 100;
        try_once(office, company_below(&office->company, PEOPLE), deed, minor,
                 &approvals[company_below(&office->company, COUNT_OF(approvals))]);
    }
}

/* The same rules in live: everybody charges and refunds, with and without a second person. */
static void try_live(struct office *office)
{
    office->company.live = true;
    make_people(office);
    make_payment(office, 9000000, false, office->payment);
    for (size_t who = 0; who < PEOPLE; who++) {
        if (people[who].may == MAY_EVERYTHING && !office->company.full)
            continue;
        for (size_t d = 0; d < COUNT_OF(deeds); d += 3) {
            try_once(office, who, &deeds[d], deeds[d].limit, &approvals[0]);
            try_once(office, who, &deeds[d], deeds[d].limit + 1, &approvals[0]);
        }
        if (people[who].may == MAY_LIMITED)
            try_once(office, who, &deeds[3], deeds[3].limit + 1, &approvals[1]);
    }
    office->company.live = false;
}

/* Whoever only looks presses every key that moves money, in each list, and confirms blindly. */
static void try_screens(struct office *office)
{
    static const char *const keys[] = {"p", "<F2>", "n", "<F3>", "r", "c", "x",
                                       "e", "1",    "2", "5",    "h", "S", "a"};

    for (size_t who = 0; who < PEOPLE; who++) {
        if (people[who].may != MAY_NOTHING || people[who].option)
            continue;
        uint64_t before = count_posts(office);
        struct pty *pty = company_screen(&office->company, &office->envs[who], NULL);
        if (!company_sees(&office->company, pty, "read-only", COMPANY_LIMIT_MS) ||
            !company_sees(&office->company, pty, "synced", COMPANY_LIMIT_MS))
            company_violation(&office->company, "screens: %s: it does not say read-only",
                              people[who].what);
        int rounds = office->company.full ? 200 : 20;
        for (int i = 0; i < rounds && !company_interrupted(); i++) {
            pty_send(pty, keys[company_below(&office->company, COUNT_OF(keys))]);
            company_turn(&office->company, 5);
            pty_pump(pty, 1);
            pty_send(pty, i % 3 ? "y" : "<Esc>");
        }
        company_turn(&office->company, 50);
        uint64_t posts = count_posts(office) - before;
        office->cases++;
        office->forbidden++;
        office->posts_forbidden += posts;
        if (posts > 0)
            company_violation(&office->company, "screens: %s: %llu POSTs", people[who].what,
                              (unsigned long long)posts);
        pty_close(pty);
    }
}

static void figures(const struct office *office)
{
    printf("= role, operation, amount and approval combined: %llu\n",
           (unsigned long long)office->cases);
    printf("= of them forbidden: %llu\n", (unsigned long long)office->forbidden);
    printf("= POSTs that a role forbids: %llu\n", (unsigned long long)office->posts_forbidden);
    printf("= allowed: %llu\n", (unsigned long long)office->allowed);
    printf("= of them by a second person's PIN: %llu\n", (unsigned long long)office->approved);
    printf("= wrong exit statuses or messages: %llu\n", (unsigned long long)office->wrong_status);
    printf("= wrong names in the journal: %llu\n", (unsigned long long)office->wrong_names);
}

int main(int argc, char **argv)
{
    struct office *office = mem_alloc(sizeof *office);

    office->company.settings = sim_settings_default();
    office->company.settings.sessions = office->company.settings.payments = 20;
    office->company.settings.charge_delay_ms = office->company.settings.modification_delay_ms = 5;
    if (!pin_store(PIN_MARTA, office->pin_line) ||
        !company_open(
            &office->company, argc, argv,
            "roles [--short|--full] [--seed N] [--part commands|screens|live] [-p CONSOLE]"))
        return 2;
    make_people(office);
    make_payment(office, 9000000, false, office->payment);
    if (company_wants(&office->company, "commands"))
        try_commands(office);
    if (company_wants(&office->company, "screens"))
        try_screens(office);
    if (company_wants(&office->company, "live"))
        try_live(office);
    figures(office);
    int status = company_interrupted() ? 2 : office->company.violations > 0;
    company_close(&office->company);
    free(office);
    return status;
}
