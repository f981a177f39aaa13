/* Kills the real console at every call by which the outside sees it, for each of the six operations
   and each fault of the server, recovers by the command line, and asks the server's ledger.

   With a healthy server: before, after and (where it has bytes) in the middle of every call. With a
   fault: calls of the cache are left out, for between two others they change neither the server nor
   the journal; "after" is "before" the next; a fault of the request that moves money cannot be told
   from a healthy server before its connection is made, so it begins there; of writes to one file
   between two syncs the first, one in the middle (before and torn) and the last. A fault of reading
   strikes the recovery, which finds either what was before a transaction or what was after it: only
   syncs of the journal itself, cuts of its side file, lock files and sockets.

   usage: crash [--short|--full] [--seed N] [-p CONSOLE] [--only OPERATION:RULE:KILL[:fresh]]
   RULE as the server takes it, - for none; KILL as SHIM_KILL. --only runs that one scenario. */
#include "support_crash.h"

#include <signal.h>
#include <string.h>

#define CALLS_MAX 1024

static const struct operation {
    const char *name;
    const char *words[12]; /* PAYMENT and HOLD stand for references */
} operations[] = {
    {"charge",
     {"charge", "--terminal", "V400m-TEST-000001", "--amount", "12.50", "--reference", "RES-7",
      "--yes"}},
    {"refund", {"refund", "PAYMENT", "--amount", "1.00", "--reason", "return", "--yes"}},
    {"capture", {"capture", "HOLD", "--amount", "50.00", "--yes"}},
    {"cancel", {"cancel", "HOLD", "--yes"}},
    {"extend", {"extend", "HOLD", "--yes"}},
    {"link", {"link", "--amount", "20.00", "--reference", "RES-8"}},
};

/* One operation with one fault (or none), struck at every call. */
struct plan {
    const struct operation *operation;
    const struct crash_fault *fault; /* NULL: none */
    bool fresh;
};

struct call {
    char class, name[12], file[40];
};

/* --- one scenario ---------------------------------------------------------------------------- */

static void set_words(const struct crash_scene *scene, const struct plan *plan,
                      struct crash_run *run)
{
    for (size_t i = 0; plan->operation->words[i] != NULL; i++) {
        const char *word = plan->operation->words[i];
        run->words[i] = strcmp(word, "PAYMENT") == 0 ? scene->payment
                        : strcmp(word, "HOLD") == 0  ? scene->hold
                                                     : word;
    }
}

static void set_label(struct crash_scene *scene, const struct plan *plan, const char *kill)
{
    snprintf(scene->label, sizeof scene->label, "--seed %llu --only %s:%s:%s%s",
             (unsigned long long)crash_options.seed, plan->operation->name,
             plan->fault == NULL ? "-" : plan->fault->rule, kill, plan->fresh ? ":fresh" : "");
}

static void begin(struct crash_scene *scene, const struct plan *plan, const char *kill)
{
    crash_reset(scene, plan->fresh);
    set_label(scene, plan, kill);
    scene->ambiguous = plan->fault != NULL && plan->fault->ambiguous;
    if (plan->fault != NULL && plan->fault->when == FAULT_SENDING)
        crash_fault(scene, plan->fault->rule, plan->fault->kind);
}

/* An operation that was not killed must have told the truth by its status: 0 done or accepted,
   1 and 4 not done, 3 not known. */
static void check_status(struct crash_scene *scene, const struct crash_run *run)
{
    bool yes = run->status == 0, no = run->status == 1 || run->status == 4;

    if (!run->killed && ((yes && scene->executed == 0) || (no && scene->executed > 0) ||
                         (!yes && !no && run->status != 3)))
        crash_violation(scene, "ended with %d, %d executed: %.300s", run->status,
                        (int)scene->executed, run->err);
}

static void recover_in_trouble(struct crash_scene *scene, const struct crash_fault *fault)
{
    struct crash_run run = {.words = {"recover", "--wait", "3"}};

    crash_fault(scene, fault->rule, fault->kind);
    crash_do(scene, &run);
    if (run.status != 0 && run.status != 3)
        crash_violation(scene, "recover with %s ended with %d: %.300s", fault->rule, run.status,
                        run.err);
}

/* True when it was really killed there. */
static bool strike(struct crash_scene *scene, const struct plan *plan, const char *kill)
{
    struct crash_run run = {.kill = kill, .patient = plan->fault == NULL};

    begin(scene, plan, kill);
    set_words(scene, plan, &run);
    crash_do(scene, &run);
    if (plan->fault != NULL && plan->fault->when == FAULT_READING)
        recover_in_trouble(scene, plan->fault);
    crash_fault(scene, NULL, 0);
    crash_settle(scene);
    crash_judge(scene);
    check_status(scene, &run);
    atomic_fetch_add(&scene->totals->scenarios, 1);
    atomic_fetch_add(&scene->totals->kills, run.killed);
    return run.killed;
}

/* --- the calls of an operation --------------------------------------------------------------- */

/* Runs it unharmed and reads what it called. */
static size_t read_calls(struct crash_scene *scene, const struct plan *plan, struct call *calls)
{
    char path[100], line[600];
    struct crash_run run = {.log = path, .patient = plan->fault == NULL};
    size_t count = 0;

    snprintf(path, sizeof path, "%s/log", scene->folder);
    unlink(path);
    begin(scene, plan, "0");
    set_words(scene, plan, &run);
    crash_do(scene, &run);
    crash_fault(scene, NULL, 0);
    FILE *log = fopen(path, "re");
    while (log != NULL && count < CALLS_MAX && fgets(line, sizeof line, log) != NULL) {
        struct call *call = &calls[count];
        char file[500];
        unsigned n;
        if (sscanf(line, "%u %c %11s %499s", &n, &call->class, call->name, file) != 4)
            continue;
        const char *slash = strrchr(file, '/');
        snprintf(call->file, sizeof call->file, "%.39s", slash == NULL ? file : slash + 1);
        count++;
    }
    if (log != NULL)
        fclose(log);
    if (count == 0)
        crash_violation(scene, "no calls were counted: is the shim there? %.200s", run.err);
    return count;
}

static bool has_bytes(const struct call *call)
{
    return strcmp(call->name, "pwrite") == 0 || strcmp(call->name, "write") == 0 ||
           strcmp(call->name, "send") == 0;
}

/* Number of writes to the same file that begin at a call; 0 inside such a run. */
static size_t run_length(const struct call *calls, size_t count, size_t at)
{
    size_t length = 0;

    if (strcmp(calls[at].name, "pwrite") != 0 ||
        (at > 0 && strcmp(calls[at - 1].name, "pwrite") == 0 &&
         strcmp(calls[at - 1].file, calls[at].file) == 0))
        return 0;
    while (at + length < count && strcmp(calls[at + length].name, "pwrite") == 0 &&
           strcmp(calls[at + length].file, calls[at].file) == 0)
        length++;
    return length;
}

/* The connect before the request that moves money: the one whose bytes wait for the journal. */
static size_t find_leaving(const struct call *calls, size_t count)
{
    size_t connected = 0;
    bool written = false;

    for (size_t i = 0; i < count; i++) {
        if (calls[i].class == 'n' && strcmp(calls[i].name, "send") == 0 && written)
            return connected;
        if (calls[i].class == 'n') {
            connected = i;
            written = false;
        }
        written |= calls[i].class == 'j';
    }
    return 0;
}

/* --- all scenarios of a plan ----------------------------------------------------------------- */

/* how: as behind the number in SHIM_KILL. A read that came in one piece more or less moves what
   follows: then once more. */
static bool strike_at(struct crash_scene *scene, const struct plan *plan, size_t call,
                      const char *how)
{
    char kill[32];
    bool struck = false;

    snprintf(kill, sizeof kill, "%zu%s", call + 1, how);
    for (int i = 0; i < 3 && !struck && !crash_interrupted(); i++)
        struck = strike(scene, plan, kill);
    return struck;
}

/* Healthy server: every call in every way, or (sample) each in one way. */
static void strike_all(struct crash_scene *scene, const struct plan *plan, const struct call *calls,
                       size_t count)
{
    static const char *const ways[] = {"", "+", "~"};
    uint64_t state = crash_options.seed;

    for (size_t i = 0; i < count && !crash_interrupted(); i++) {
        size_t usable = has_bytes(&calls[i]) ? 3 : 2, only = crash_draw(&state, usable);
        bool struck = false;
        for (size_t way = 0; way < usable; way++)
            if (crash_options.full || way == only)
                struck |= strike_at(scene, plan, i, ways[way]);
        atomic_fetch_add(&scene->totals->covered, struck);
    }
    atomic_fetch_add(&scene->totals->calls, count);
}

/* Where a plan with a fault begins, see the head of this file. */
static size_t first_call(const struct plan *plan, const struct call *calls, size_t count)
{
    return strncmp(plan->fault->rule, "POST", 4) == 0 ? find_leaving(calls, count) : 0;
}

static bool is_worth_it(const struct plan *plan, const struct call *call, bool run_edge)
{
    bool write = strcmp(call->name, "pwrite") == 0;
    bool side_sync = strcmp(call->name, "fdatasync") == 0 && strstr(call->file, "-journal") != NULL;

    if (call->class == 'c')
        return false;
    return plan->fault->when == FAULT_READING ? !write && !side_sync : !write || run_edge;
}

static void strike_thinned(struct crash_scene *scene, const struct plan *plan,
                           const struct call *calls, size_t count)
{
    size_t run = 0, begun = 0;

    for (size_t i = first_call(plan, calls, count); i < count && !crash_interrupted(); i++) {
        size_t length = run_length(calls, count, i);
        if (length > 0) {
            run = length;
            begun = i;
        }
        bool middle = i == begun + run / 2;
        if (!is_worth_it(plan, &calls[i], i == begun || middle || i == begun + run - 1))
            continue;
        strike_at(scene, plan, i, "");
        if (has_bytes(&calls[i]) && (middle || calls[i].class == 'n'))
            strike_at(scene, plan, i, "~");
    }
}

/* One call drawn from those that are not the cache's. */
static void strike_one(struct crash_scene *scene, const struct plan *plan, const struct call *calls,
                       size_t count)
{
    uint64_t state =
        crash_options.seed + plan->fault->kind * 8 + (size_t)(plan->operation - operations);
    size_t first = first_call(plan, calls, count);

    for (int tries = 0; tries < 100 && count > first; tries++) {
        size_t at = first + crash_draw(&state, count - first);
        if (calls[at].class == 'c')
            continue;
        strike_at(scene, plan, at, has_bytes(&calls[at]) && crash_draw(&state, 2) == 0 ? "~" : "");
        return;
    }
}

static void strike_plan(struct crash_scene *scene, const struct plan *plan)
{
    static struct call calls[CALLS_MAX];
    size_t count = read_calls(scene, plan, calls);

    if (plan->fault == NULL)
        strike_all(scene, plan, calls, count);
    else if (crash_options.full)
        strike_thinned(scene, plan, calls, count);
    else
        strike_one(scene, plan, calls, count);
}

/* --- the run --------------------------------------------------------------------------------- */

/* Plan number n: the healthy ones first, for they are the longest. False: no such. */
static bool get_plan(size_t n, struct plan *plan)
{
    size_t healthy = COUNT_OF(operations) + (crash_options.full ? 1 : 0);

    *plan = (struct plan){.operation = &operations[n % COUNT_OF(operations)]};
    if (n >= COUNT_OF(operations) && n < healthy)
        *plan = (struct plan){.operation = &operations[0], .fresh = true};
    if (n < healthy)
        return true;
    n -= healthy;
    plan->operation = &operations[n % COUNT_OF(operations)];
    plan->fault = &crash_fault_table[n / COUNT_OF(operations)];
    return n / COUNT_OF(operations) < crash_fault_count;
}

static bool take_plans(struct crash_scene *scene)
{
    struct plan plan;

    while (!crash_interrupted() && get_plan(atomic_fetch_add(&scene->totals->next, 1), &plan)) {
        strike_plan(scene, &plan);
        if (plan.operation == &operations[COUNT_OF(operations) - 1]) {
            printf("%s done, %llu scenarios so far\n",
                   plan.fault == NULL ? "healthy server" : plan.fault->rule,
                   (unsigned long long)atomic_load(&scene->totals->scenarios));
            fflush(stdout);
        }
    }
    return true;
}

/* OPERATION:RULE:KILL[:fresh]; a RULE holds a colon of its own. */
static bool take_one(struct crash_scene *scene, const char *which)
{
    struct plan plan = {.fresh = false};
    char text[160];

    snprintf(text, sizeof text, "%s", which);
    char *end = strrchr(text, ':');

    if (end != NULL && strcmp(end, ":fresh") == 0) {
        plan.fresh = true;
        *end = '\0';
        end = strrchr(text, ':');
    }
    char *rule = strchr(text, ':');
    if (rule == NULL || rule == end)
        return false;
    *rule++ = *end++ = '\0';
    for (size_t i = 0; i < COUNT_OF(operations); i++)
        if (strcmp(operations[i].name, text) == 0)
            plan.operation = &operations[i];
    for (size_t i = 0; i < crash_fault_count; i++)
        if (strcmp(crash_fault_table[i].rule, rule) == 0)
            plan.fault = &crash_fault_table[i];
    if (plan.operation == NULL || (plan.fault == NULL && strcmp(rule, "-") != 0))
        return false;
    strike(scene, &plan, end);
    return true;
}

static void print_figures(const struct crash_totals *totals)
{
    printf("= single-crash scenarios: %llu\n", totals->scenarios);
    printf("= single-crash kills: %llu\n", totals->kills);
    printf("= single-crash violations: %llu\n", totals->violations);
    printf("= calls covered: %llu of %llu\n", totals->covered, totals->calls);
    printf("= single crashes left to a person by a lying server: %llu\n", totals->by_person);
}

int main(int argc, char **argv)
{
    static const struct crash_play play = {"crash", "--only", take_plans, take_one, print_figures};

    return crash_main(argc, argv, &play);
}
