/* Eight processes move the rows of one journal as fast as they can, some rows all of them. */
#include "support_company_parts.h"

#include "../../cache/money_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 8, SHARED = 40, LONGEST_MS = 5000 };

/* In shared memory. */
struct tally {
    int64_t made, longest_ms; /* transitions that were acknowledged */
    int won[SHARED];          /* moves of the shared rows */
    bool failed;
    char why[200];
};
struct side {
    struct journal *journal;
    struct tally *tally;
    int64_t wanted;
};

static void failed(struct side *side, const char *what, const struct err *err)
{
    side->tally->failed = true;
    snprintf(side->tally->why, sizeof side->tally->why, "%s: %.150s", what, err->detail);
}

static void clock_one(struct side *side, int64_t begun)
{
    int64_t took = company_now_ms() - begun;

    if (took > side->tally->longest_ms)
        side->tally->longest_ms = took;
    side->tally->made++;
}

static bool prepare(struct side *side, char id[INTENT_ID_SIZE])
{
    char form[UUID_SIZE], terminal[UUID_SIZE];
    struct intent_draft draft = {.kind = OP_CHARGE,
                                 .form_id = form,
                                 .target = terminal,
                                 .amount = money_make(1250, "EUR"),
                                 .url = "http://127.0.0.1/pos/payment",
                                 .body = "{\"a\":1}",
                                 .body_len = 7};
    struct err err = {0};
    int64_t begun = company_now_ms();

    random_uuid(form);
    random_uuid(terminal);
    random_uuid(draft.id);
    snprintf(draft.tag, sizeof draft.tag, "%.8s", draft.id);
    if (!journal_prepare(side->journal, &draft, &err)) {
        failed(side, "prepare", &err);
        return false;
    }
    memcpy(id, draft.id, INTENT_ID_SIZE);
    clock_one(side, begun);
    return true;
}

/* not_ours: another one may have been faster. */
static bool move(struct side *side, const char *id, enum intent_state to, bool not_ours)
{
    struct intent_move step = {.to = to, .rev = not_ours ? 1 : 0, .why = "side by side"};
    struct err err = {0};
    int64_t begun = company_now_ms();

    if (journal_move(side->journal, id, &step, &err)) {
        clock_one(side, begun);
        return true;
    }
    if (!not_ours || err.code != ERR_STALE)
        failed(side, intent_state_name(to), &err);
    return false;
}

static void work(struct side *side, char shared[SHARED][INTENT_ID_SIZE])
{
    char id[INTENT_ID_SIZE];

    for (int i = 0; i < SHARED && !side->tally->failed; i++)
        side->tally->won[i] = move(side, shared[i], INTENT_SENT, true);
    while (side->tally->made < side->wanted && !side->tally->failed)
        if (prepare(side, id) && side->tally->made < side->wanted &&
            move(side, id, INTENT_SENT, false) && side->tally->made < side->wanted)
            move(side, id, INTENT_UNKNOWN, false);
}

static struct journal *open_side(const char *path)
{
    struct journal_settings settings = {.person = "Ana", .version = "0"};
    struct err err = {0};
    struct journal *journal = journal_open(path, "HOTEL9", ENV_TEST, &settings, NULL, &err);

    if (!journal)
        fprintf(stderr, "journal: %s\n", err.detail);
    return journal;
}

static void run_sides(struct tally *tallies, int64_t wanted, const char *path,
                      char shared[SHARED][INTENT_ID_SIZE])
{
    fflush(NULL);
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            struct side side = {open_side(path), &tallies[i], wanted};
            if (!side.journal)
                _exit(1);
            work(&side, shared);
            journal_close(side.journal);
            _exit(0);
        }
    for (int i = 0, status; i < PROCESSES; i++)
        if (wait(&status) > 0 && status != 0)
            tallies[0].failed = true;
}

/* The journal against what the processes were told. Returns how many are missing. */
static int64_t check(struct company *company, const struct tally *tallies, const char *path)
{
    struct journal *journal = open_side(path);
    int64_t made = SHARED, entries = -1;
    struct err err = {0};

    for (int i = 0; i < PROCESSES; i++) {
        made += tallies[i].made;
        if (tallies[i].failed)
            company_violation(company, "transitions: process %d: %s", i, tallies[i].why);
        if (company->full && tallies[i].longest_ms > LONGEST_MS)
            company_violation(company, "transitions: process %d waited %lld ms", i,
                              (long long)tallies[i].longest_ms);
    }
    for (int row = 0; row < SHARED; row++) {
        int won = 0;
        for (int i = 0; i < PROCESSES; i++)
            won += tallies[i].won[row];
        if (won != 1)
            company_violation(company, "transitions: shared row %d was moved by %d", row, won);
    }
    if (!journal || !journal_verify(journal, &entries, &err))
        company_violation(company, "transitions: the chain breaks: %s", err.detail);
    if (entries != made)
        company_violation(company, "transitions: %lld acknowledged, %lld in the journal",
                          (long long)made, (long long)entries);
    journal_close(journal);
    return made - entries;
}

/* --- births ----------------------------------------------------------------------------------- */

static void open_both(const char *folder)
{
    char journal_path[120], cache_path[120];
    struct err err = {0};

    snprintf(journal_path, sizeof journal_path, "%s/journal.db", folder);
    snprintf(cache_path, sizeof cache_path, "%s/cache.db", folder);
    struct journal *journal = open_side(journal_path);
    struct cache *cache = cache_open(cache_path, "HOTEL9", ENV_TEST, NULL, &err);
    if (!cache)
        fprintf(stderr, "cache: %s\n", err.detail);
    _exit(journal && cache ? 0 : 1);
}

void company_births(struct company *company)
{
    int rounds = company->full ? 100 : 12, good = 0;

    for (int round = 0; round < rounds && !company_interrupted(); round++) {
        struct company_start start;
        char folder[100], byte;
        int failures = 0;
        snprintf(folder, sizeof folder, "%s/born%d", company->folder, round);
        mkdir(folder, 0700);
        company_ready(&start);
        fflush(NULL);
        for (int i = 0; i < PROCESSES; i++)
            if (fork() == 0) {
                close(start.hold[1]);
                while (read(start.hold[0], &byte, 1) < 0)
                    ;
                open_both(folder);
            }
        company_go(&start);
        for (int i = 0, status; i < PROCESSES; i++)
            failures += wait(&status) < 0 || status != 0;
        if (failures > 0)
            company_violation(company, "births round %d: %d of 8 could not open a new journal",
                              round, failures);
        good += failures == 0;
    }
    printf("= journals born before eight consoles: %d of %d\n", good, rounds);
}

void company_transitions(struct company *company)
{
    static char shared[SHARED][INTENT_ID_SIZE];
    int64_t wanted = company->full ? 1000 : 100, sum = 0, longest = 0;
    size_t size = PROCESSES * sizeof(struct tally);
    struct tally own = {0};
    struct tally *tallies =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char path[120];

    snprintf(path, sizeof path, "%s/side", company->folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/side/journal.db", company->folder);
    struct side first = {open_side(path), &own, SHARED};
    for (int i = 0; first.journal && i < SHARED; i++)
        prepare(&first, shared[i]);
    journal_close(first.journal);
    run_sides(tallies, wanted, path, shared);
    int64_t lost = check(company, tallies, path);
    for (int i = 0; i < PROCESSES; i++) {
        sum += tallies[i].made;
        longest = tallies[i].longest_ms > longest ? tallies[i].longest_ms : longest;
    }
    munmap(tallies, size);
    printf("= transitions by 8 processes: %lld\n", (long long)sum);
    printf("= transitions by 8 processes lost: %lld\n", (long long)lost);
    printf("= longest wait of a transition, ms: %lld\n", (long long)longest);
}
