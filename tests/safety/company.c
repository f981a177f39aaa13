/* Many consoles at once. Eight on one journal refund one payment, charge the same twice, write side
   by side; two hosts refund what the server should not allow; the cache goes away at any moment;
   consoles at which nobody presses a key show what the others do.
     company [--short|--full] [--seed N] [--part NAME] [-p CONSOLE] */
#include "support_company_parts.h"

#include <dirent.h>
#include <regex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONSOLES = 8, ABREAST = 4 };

static struct company_env desks[CONSOLES]; /* one host, eight people */

static void open_desks(struct company *company, const char *host)
{
    for (int i = 0; i < CONSOLES; i++) {
        char person[16];
        snprintf(person, sizeof person, "Ana%d", i + 1);
        company_env(company, &desks[i], host, person, "");
    }
}

static bool says(const char *text, const char *pattern)
{
    regex_t regex;
    bool found = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) == 0 &&
                 regexec(&regex, text, 0, NULL, 0) == 0;

    regfree(&regex);
    return found;
}

/* A payment to act on; its reference in run->out. */
static void pay(struct company *company, struct company_run *run, const struct company_env *env,
                int64_t minor)
{
    char amount[32];

    snprintf(amount, sizeof amount, "%lld.%02lld", (long long)minor / 100, (long long)minor % 100);
    company_must(company, run, env, 0,
                 (const char *[]){"charge", "--terminal", COMPANY_TERMINAL_1, "--amount", amount,
                                  "--yes", "--again", NULL});
    run->out[strcspn(run->out, "\n")] = '\0';
}

static void spawn_refund(struct company *company, struct company_run *run,
                         const struct company_env *env, const struct company_start *start,
                         const char *payment, int64_t minor)
{
    char amount[32];

    snprintf(amount, sizeof amount, "%lld.%02lld", (long long)minor / 100, (long long)minor % 100);
    company_spawn(company, run, env, start,
                  (const char *[]){"refund", payment, "--amount", amount, "--reason", "other",
                                   "--yes", NULL});
}

/* --- eight consoles refund one payment -------------------------------------------------------- */

/* Who was turned away is told who holds the payment, or what is left of it. */
static void check_words(struct company *company, const struct company_run *run, int round,
                        uint64_t *held)
{
    static const char holder[] = "by Ana[1-8] since [0-2][0-9]:[0-5][0-9]:[0-5][0-9]";
    static const char others[] = "has changed since|not any more what you saw|Not possible:|"
                                 "is more than is left|nothing is left|not known";
    bool names = says(run->err, holder);

    *held += names;
    if (run->status != 0 && !names && !says(run->err, others))
        company_violation(company, "refunds round %d: turned away (%d) without a reason: %s", round,
                          run->status, run->err);
    if (run->status > 4)
        company_violation(company, "refunds round %d: exit status %d: %s", round, run->status,
                          run->err);
}

static void check_sums(struct company *company, const char *payment, int round, uint64_t *over)
{
    struct sim_sums sums;

    if (!sim_payment_sums(company->sim, payment, &sums))
        company_violation(company, "refunds round %d: %s is no payment", round, payment);
    else if (sums.refunded + sums.refunding > sums.captured) {
        ++*over;
        company_violation(company, "refunds round %d: %lld of %lld refunded", round,
                          (long long)(sums.refunded + sums.refunding), (long long)sums.captured);
    }
}

/* Several rounds side by side: each has a payment of its own. */
static void refund_rounds(struct company *company, int round, int count, uint64_t *held,
                          uint64_t *over)
{
    struct company_run *runs = mem_alloc((size_t)count * CONSOLES * sizeof *runs), first;
    struct company_start start;
    char payments[ABREAST][80];

    company_faults(company, "POST*:no-limit");
    company_ready(&start);
    for (int at = 0; at < count; at++) {
        int64_t captured = 10000 + 10 * company_below(company, 1000);
        pay(company, &first, &desks[0], captured);
        snprintf(payments[at], sizeof payments[at], "%.79s", first.out);
        for (int i = 0; i < CONSOLES; i++)
            spawn_refund(company, &runs[at * CONSOLES + i], &desks[i], &start, payments[at],
                         captured / 40 * (4 + company_below(company, 36)) / 10 * 10);
    }
    if (round / ABREAST % 3 == 2) /* answers get lost: what was asked for is open, and holds */
        company_faults(company, "POST*:no-limit,POST/payment/refund:drop-after=0.3");
    company_go(&start);
    company_wait(company, runs, (size_t)(count * CONSOLES));
    for (int at = 0; at < count && !company_interrupted(); at++) {
        check_sums(company, payments[at], round + at, over);
        for (int i = 0; i < CONSOLES; i++)
            check_words(company, &runs[at * CONSOLES + i], round + at, held);
    }
    free(runs);
}

static void refunds(struct company *company)
{
    int rounds = company->full ? 200 : 6, done = 0;
    uint64_t over = 0, held = 0;
    struct company_run run;

    open_desks(company, "one");
    while (done < rounds && !company_interrupted()) {
        int count = rounds - done < ABREAST ? rounds - done : ABREAST;
        refund_rounds(company, done, count, &held, &over);
        done += count;
        if (done % 40 == 0)
            printf("refunds: %d rounds of %d\n", done, rounds);
    }
    company_faults(company, "");
    company_must(company, &run, &desks[0], 0,
                 (const char *[]){"recover", "--wait", "20", NULL});
    company_referee(company, "refunds");
    if (held == 0)
        company_violation(company, "refunds: nobody was ever told who holds the payment");
    printf("= company rounds: %d\n", done);
    printf("= consoles told who holds the payment: %llu\n", (unsigned long long)held);
    printf("= over-refunds with one journal: %llu\n", (unsigned long long)over);
}

/* --- the same charge from eight consoles ------------------------------------------------------ */

/* One reference, two terminals, no --again: one of them charges, the others are told. */
static void twice(struct company *company)
{
    int rounds = company->full ? 50 : 3, done = 0;
    uint64_t before = company->violations;

    open_desks(company, "twice");
    for (; done < rounds && !company_interrupted(); done++) {
        struct company_run runs[CONSOLES];
        struct company_start start;
        char reference[24], amount[24];
        int charged = 0;
        snprintf(reference, sizeof reference, "RES-%d", done);
        snprintf(amount, sizeof amount, "%d.50", 20 + done);
        company_ready(&start);
        for (int i = 0; i < CONSOLES; i++)
            company_spawn(company, &runs[i], &desks[i], &start,
                          (const char *[]){"charge", "--terminal",
                                           i % 2 ? COMPANY_TERMINAL_2 : COMPANY_TERMINAL_1,
                                           "--amount", amount, "--reference", reference, "--yes",
                                           NULL});
        company_go(&start);
        company_wait(company, runs, CONSOLES);
        for (int i = 0; i < CONSOLES; i++) {
            charged += runs[i].status == 0;
            if (runs[i].status != 0 && !says(runs[i].err, "There is a charge like this already|"
                                                          "by Ana[1-8] since"))
                company_violation(company, "twice round %d: not told why (%d): %s", done,
                                  runs[i].status, runs[i].err);
        }
        if (charged != 1 && !company_interrupted())
            company_violation(company, "twice round %d: charged %d times", done, charged);
    }
    company_referee(company, "twice");
    printf("= same charge from eight consoles, rounds: %d\n", done);
    printf("= same charge from eight consoles, charged twice: %llu\n",
           (unsigned long long)(company->violations - before));
}

/* --- two hosts -------------------------------------------------------------------------------- */

static bool is_alarmed(struct company *company, const char *host)
{
    return company_number(company, host,
                          "SELECT count(*) FROM intent WHERE state = 'manual' AND kind = 'refund'"
                          " AND why LIKE 'alarm: %' AND rowid = (SELECT max(rowid) FROM intent"
                          " WHERE kind = 'refund')") == 1;
}

/* Neither sees the other's refund when it looks; the server lets both pass. Even rounds: both still
   open when the lists tell; odd ones: the first has long ended well. */
static bool host_round(struct company *company, const struct company_env hosts[2], int round)
{
    static const char *const names[] = {"left", "right"};
    struct company_run runs[2], run;
    struct sim_sums sums;
    char payment[80];

    company_faults(company, "");
    pay(company, &run, &hosts[0], 20000 + 10 * round);
    snprintf(payment, sizeof payment, "%.79s", run.out);
    company_must(company, &run, &hosts[1], 0,
                 (const char *[]){"payments", "--limit", "5", NULL});
    company_faults(company, "POST*:no-limit,GET*modifications*:stale=20000");
    for (int i = 0; i < 2; i++) {
        spawn_refund(company, &runs[i], &hosts[i], NULL, payment, 12000);
        if (round % 2) {
            company_wait(company, &runs[i], 1);
            company_faults(company, "POST*:no-limit,GET*modifications*:stale=20000");
        }
        if (round % 2 && i == 0) {
            company_faults(company, "POST*:no-limit");
            company_do(company, &run, &hosts[0],
                       (const char *[]){"recover", "--wait", "10", NULL});
            company_faults(company, "POST*:no-limit,GET*modifications*:stale=20000");
        }
    }
    company_wait(company, runs, 2);
    company_faults(company, "");
    if (!sim_payment_sums(company->sim, payment, &sums) ||
        sums.refunded + sums.refunding <= sums.captured)
        return false;
    for (int i = 0; i < 2; i++) { /* one poll: of what is open, and of the list */
        company_do(company, &run, &hosts[i], (const char *[]){"recover", "--wait", "3", NULL});
        company_do(company, &run, &hosts[i],
                   (const char *[]){"modifications", "--limit", "20", NULL});
        if (!is_alarmed(company, names[i]))
            company_violation(company, "hosts round %d: %s has not noticed that %lld of %lld were"
                              " refunded", round, names[i],
                              (long long)(sums.refunded + sums.refunding),
                              (long long)sums.captured);
    }
    return true;
}

static void hosts(struct company *company)
{
    int rounds = company->full ? 100 : 4, over = 0, noticed = 0;
    struct company_env both[2];

    company_env(company, &both[0], "left", "Ana", "");
    company_env(company, &both[1], "right", "Berta", "");
    for (int i = 0; over < rounds && i < 2 * rounds && !company_interrupted(); i++) {
        uint64_t before = company->violations;
        bool was_over = host_round(company, both, i);
        over += was_over;
        noticed += was_over && company->violations == before;
    }
    if (over < rounds && !company_interrupted())
        company_violation(company, "hosts: only %d rounds refunded too much", over);
    printf("= over-refunds of two hosts noticed: %d of %d\n", noticed, over);
}

/* --- the cache goes away ---------------------------------------------------------------------- */

static void delete_cache(struct company *company, const char *host)
{
    char folder[300], path[600];

    snprintf(folder, sizeof folder, "%s/%s/cache/avirato-console/HOTEL9-test", company->folder,
             host);
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    if (dir)
        closedir(dir);
}

static bool cache_round(struct company *company, const struct company_env *env, int round)
{
    uint64_t before = company->violations;
    struct company_run run, look;
    char amount[24];
    int64_t at = company_now_ms() + company_below(company, 120);

    pay(company, &run, env, 5000 + 10 * round);
    if (round % 2) {
        char payment[80];
        snprintf(payment, sizeof payment, "%.79s", run.out);
        at = company_now_ms() + company_below(company, 120);
        spawn_refund(company, &run, env, NULL, payment, 1000);
    } else {
        snprintf(amount, sizeof amount, "%d.20", 60 + round);
        company_spawn(company, &run, env, NULL,
                      (const char *[]){"charge", "--terminal", COMPANY_TERMINAL_2, "--amount",
                                       amount, "--yes", "--wait", "10", NULL});
    }
    while (company_now_ms() < at)
        company_turn(company, 1);
    delete_cache(company, "bare");
    company_wait(company, &run, 1);
    if (run.status != 0 && !says(run.err, "Nothing was sent|Nothing has been|has not been"))
        company_violation(company, "cache round %d: exit status %d: %s", round, run.status,
                          run.err);
    if (round % 10 == 9) {
        company_do(company, &look, env, (const char *[]){"recover", "--wait", "10", NULL});
        company_do(company, &look, env, (const char *[]){"journal", "--verify", NULL});
        if (look.status != 0)
            company_violation(company, "cache round %d: the journal does not hold", round);
    }
    return company->violations == before;
}

static void cache(struct company *company)
{
    int rounds = company->full ? 100 : 8, done = 0, survived = 0;
    struct company_env env;
    struct company_run run;

    company_env(company, &env, "bare", "Ana", "");
    for (; done < rounds && !company_interrupted(); done++)
        survived += cache_round(company, &env, done);
    company_do(company, &run, &env, (const char *[]){"recover", "--wait", "10", NULL});
    uint64_t before = company->violations;
    company_referee(company, "cache");
    if (company->violations != before)
        survived = 0;
    printf("= cache deletions survived: %d of %d\n", survived, done);
}

/* --- all of it -------------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct company *company);
    } parts[] = {{"births", company_births}, {"refunds", refunds},
                 {"twice", twice},           {"hosts", hosts},
                 {"cache", cache},           {"transitions", company_transitions},
                 {"consoles", company_consoles}};
    struct company company = {.settings = sim_settings_default()};

    company.settings.sessions = 30;
    company.settings.payments = 30;
    company.settings.charge_delay_ms = 5;
    company.settings.charge_slow_ms = 1500;
    company.settings.modification_delay_ms = 60;
    if (!company_open(&company, argc, argv,
                      "company [--short|--full] [--seed N] [--part NAME] [-p CONSOLE]"))
        return 2;
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (company_wants(&company, parts[i].name)) {
            int64_t begun = company_now_ms();
            parts[i].run(&company);
            printf("%s: %lld ms\n", parts[i].name, (long long)(company_now_ms() - begun));
        }
    printf("= company violations: %llu\n", (unsigned long long)company.violations);
    company_close(&company);
    if (company_interrupted())
        fprintf(stderr, "company: interrupted\n");
    return company_interrupted() ? 2 : company.violations > 0;
}
