#include "support_storage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- open and close -------------------------------------------------------------------------- */

static bool has_arrived(void *ctx)
{
    const struct rig *rig = ctx;

    return sim_requests_seen(rig->sim, "POST/pos/payment") > rig->posts;
}

/* A home in which a charge was sent, and its program killed before the answer came. */
static void make_left(struct storage *storage)
{
    struct rig_run run = {.home = storage->left,
                          .words = {"charge", "--terminal", TERMINAL_1, "--amount", "13,07",
                                    "--again", "--yes"},
                          .stop = has_arrived,
                          .ctx = &storage->rig};

    rig_copy(storage->warm, storage->left);
    storage->rig.posts = sim_requests_seen(storage->rig.sim, "POST/pos/payment");
    rig_run(&storage->rig, &run);
}

static bool make_warm(struct storage *storage)
{
    struct rig_run run = {.home = storage->warm,
                          .words = {"charge", "--terminal", TERMINAL_1, "--amount", "12,50",
                                    "--again", "--yes"}};

    rig_home(&storage->rig, "warm", storage->warm, sizeof storage->warm);
    rig_home(&storage->rig, "left", storage->left, sizeof storage->left);
    rig_home(&storage->rig, "home", storage->home, sizeof storage->home);
    rig_run(&storage->rig, &run);
    if (run.status != 0)
        fprintf(stderr, "the first charge ends with %d: %s\n", run.status, run.err);
    make_left(storage);
    return run.status == 0;
}

bool storage_open(struct storage *storage, const char *self)
{
    if (!rig_open(&storage->rig, self, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NULL))
        return false;
    struct till *till = mem_alloc(sizeof *till);
    till->loop = storage->rig.loop;
    snprintf(till->folder, sizeof till->folder, "%.40s/till", storage->rig.root);
    snprintf(till->base_url, sizeof till->base_url, "%s", sim_base_url(storage->rig.sim));
    mkdir(till->folder, 0700);
    till_open(till);
    storage->till = till;
    struct op_request charge = till_charge(TERMINAL_2, 9000000);
    const struct intent *done = till_run(till, &charge, INTENT_CONFIRMED);
    snprintf(storage->payment, sizeof storage->payment, "%s", done->server_reference);
    return make_warm(storage);
}

void storage_close(struct storage *storage)
{
    till_close(storage->till);
    free(storage->till);
    rig_close(&storage->rig);
}

/* --- one case -------------------------------------------------------------------------------- */

void storage_violation(struct storage *storage, const char *label, const char *what,
                       const struct rig_run *run)
{
    if (++storage->violations > 40 || storage->quiet)
        return;
    printf("VIOLATION storage --only %s: %s", label, what);
    if (run != NULL)
        printf("; it ended with %d and said: %.300s", run->status, run->err);
    putchar('\n');
}

/* A hold that nobody has touched. */
static const char *make_hold(struct storage *storage)
{
    struct op_request charge = till_charge(TERMINAL_2, 2050);

    charge.is_preauth = true;
    charge.reference = NULL;
    const struct intent *done = till_run(storage->till, &charge, INTENT_CONFIRMED);
    snprintf(storage->hold, sizeof storage->hold, "%s", done->server_reference);
    return storage->hold;
}

/* "$P" stands for the payment, "$H" for a hold. */
static const char *const operations[][10] = {
    [OP_CHARGE] = {"charge", "--terminal", TERMINAL_1, "--amount", "12,50", "--again", "--yes"},
    [OP_REFUND] = {"refund", "$P", "--amount", "1,00", "--reason", "other", "--yes"},
    [OP_CAPTURE] = {"capture", "$H", "--all", "--yes"},
    [OP_CANCEL] = {"cancel", "$H", "--yes"},
    [OP_EXTEND] = {"extend", "$H", "--yes"},
    [OP_LINK] = {"link", "--amount", "50,00"},
    [STORAGE_RECOVER] = {"recover"},
};

void storage_prepare(struct storage *storage, int operation, bool fresh, struct rig_run *run)
{
    const char *const *words = operations[operation];

    storage->cases++;
    if (fresh)
        rig_home(&storage->rig, "home", storage->home, sizeof storage->home);
    else
        rig_copy(operation == STORAGE_RECOVER ? storage->left : storage->warm, storage->home);
    run->home = storage->home;
    for (size_t i = 0; words[i] != NULL; i++)
        run->words[i] = strcmp(words[i], "$P") == 0   ? storage->payment
                        : strcmp(words[i], "$H") == 0 ? make_hold(storage)
                                                      : words[i];
}

/* --- afterwards ------------------------------------------------------------------------------ */

static void check_rows(struct storage *storage, const char *label, struct journal *journal)
{
    struct intent_page page = {0};
    struct err err = {0};
    int64_t entries;
    char what[200];

    if (!db_check(journal->db, false, &err) || !journal_verify(journal, &entries, &err) ||
        !journal_list(journal, INTENTS_ALL, 0, &page, &err))
        storage_violation(storage, label, err.detail, NULL);
    for (size_t i = 0; i < page.count; i++) {
        const struct intent *row = &page.rows[i];
        int64_t executed = sim_executions_of_key(storage->rig.sim, row->id);
        if (rig_is_right(row, executed) &&
            sim_requests_of_key(storage->rig.sim, row->id) <= row->attempt)
            continue;
        snprintf(what, sizeof what, "%s is %s after recovery (%.80s), executed %d times",
                 op_name(row->kind), intent_state_name(row->state), row->why, (int)executed);
        storage_violation(storage, label, what, NULL);
    }
    intent_page_done(&page);
}

void storage_settle(struct storage *storage, const char *label)
{
    struct rig_run recover = {
        .home = storage->home, .words = {"recover", "--wait", "600"}, .leaps = true};
    struct err err;

    rig_run(&storage->rig, &recover);
    if (recover.status != 0 && recover.status != 3)
        storage_violation(storage, label, "recover fails", &recover);
    struct journal *journal = rig_journal(storage->home, &err);
    if (journal == NULL) {
        storage_violation(storage, label, err.detail, &recover);
        return;
    }
    check_rows(storage, label, journal);
    journal_close(journal);
}
