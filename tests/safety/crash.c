/* Kills the real console at every call by which the outside sees it, for each of the six operations
   and each fault of the server, recovers by the command line, and asks the server's ledger.

   With a healthy server: before, after and (where it has bytes) in the middle of every call.
   "After" is "before" the next, for all that the outside sees is counted: run for the last alone.
   With a fault what cannot differ from a healthy server is left out:
   - calls of the cache: between two others they change neither the server nor the journal;
   - what comes before the fault can show: a fault of the request that moves money strikes only once
     that request is sent whole, for until then the server does what a healthy one does, and a
     console that is dead by then does not see how the answer is bent; a fault of connections from
     the first on; a fault of reading from the connection for that request on, for whatever is
     killed before has sent nothing, which recovery knows without asking;
   - writes and syncs inside a transaction: a kill leaves what was written, and the next start takes
     the transaction back before it asks anybody anything. So only where one ends (the sync of the
     journal, the cut of its side file), and one write, drawn, in its middle. That each write can be
     taken back is what the healthy server shows;
   - of the reads of one long answer all but the first, one in the middle and the last;
   - every second call of a capture, a cancel and an extension, other ones with another fault: they
     are a refund with another body.
   A kill that never strikes, for the run was shorter that time, is tried again and then counts as
   not done; all calls and nearly all kills must be done.

   --short: each call by its number in one of the operations in one way, and each fault with each
   operation once.

   usage: crash [--short|--full] [--seed N] [-p CONSOLE] [--only OPERATION:RULE:KILL[:fresh]]
   RULE as the server takes it, - for none; KILL as SHIM_KILL. --only runs that one scenario. */
#include "support_crash.h"

#include <signal.h>
#include <string.h>

#define CALLS_MAX 1024

static const struct operation {
    const char *name;
    const char *words[12]; /* PAYMENT and HOLD stand for references */
    bool like_refund;      /* all but the body */
} operations[] = {
    {"charge",
     {"charge", "--terminal", "V400m-TEST-000001", "--amount", "12.50", "--reference", "RES-7",
      "--yes"},
     false},
    {"refund", {"refund", "PAYMENT", "--amount", "1.00", "--reason", "return", "--yes"}, false},
    {"capture", {"capture", "HOLD", "--amount", "50.00", "--yes"}, true},
    {"cancel", {"cancel", "HOLD", "--yes"}, true},
    {"extend", {"extend", "HOLD", "--yes"}, true},
    {"link", {"link", "--amount", "20.00", "--reference", "RES-8"}, false},
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

static bool is_write(const struct call *call)
{
    return strcmp(call->name, "pwrite") == 0 || strcmp(call->name, "write") == 0;
}

static bool has_bytes(const struct call *call)
{
    return is_write(call) || strcmp(call->name, "send") == 0;
}

/* What is worth a kill under a fault, see the head of this file; reads of one answer aside. */
static bool is_worth_it(const struct call *call)
{
    bool side_sync = strcmp(call->name, "fdatasync") == 0 && strstr(call->file, "-journal") != NULL;

    return call->class != 'c' && !is_write(call) && !side_sync;
}

/* A read that is neither the first nor the last of an answer nor in its middle. */
static bool is_inner_read(const struct call *calls, size_t count, size_t at)
{
    size_t first = at, end = at;

    while (end < count && strcmp(calls[end].name, "recv") == 0)
        end++;
    while (first > 0 && strcmp(calls[first - 1].name, "recv") == 0)
        first--;
    return end > at && at != first && at != first + (end - first) / 2 && at != end - 1;
}

struct span {
    size_t connect, answer; /* of the request that moves money; answer: what follows its sends */
};

/* That request is the one whose bytes wait for the journal. */
static struct span find_leaving(const struct call *calls, size_t count)
{
    struct span span = {0, 0};
    bool written = false;

    for (size_t i = 0; i < count; i++) {
        if (calls[i].class == 'n' && strcmp(calls[i].name, "send") == 0 && written) {
            for (span.answer = i; span.answer < count; span.answer++)
                if (strcmp(calls[span.answer].name, "send") != 0)
                    break;
            return span;
        }
        if (calls[i].class == 'n') {
            span.connect = i;
            written = false;
        }
        written |= calls[i].class == 'j';
    }
    return (struct span){0, 0};
}

/* Where a plan with a fault begins, see the head of this file. */
static size_t first_call(const struct plan *plan, const struct call *calls, size_t count)
{
    struct span span = find_leaving(calls, count);

    if (strncmp(plan->fault->rule, "POST", 4) == 0)
        return span.answer;
    if (plan->fault->when == FAULT_READING)
        return span.connect;
    for (size_t i = 0; i < count; i++)
        if (calls[i].class == 'n')
            return i;
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
    atomic_fetch_add(&scene->totals->scenarios, 1);
    atomic_fetch_add(&scene->totals->missed, !struck);
    if (!struck)
        printf("the kill never struck: %s\n", scene->label);
    return struck;
}

/* Healthy server: every call in every way, or (sample) each in one way of one operation. */
static void strike_all(struct crash_scene *scene, const struct plan *plan, const struct call *calls,
                       size_t count)
{
    enum { BEFORE, AFTER, TORN, WAYS };
    static const char *const ways[WAYS] = {"", "+", "~"};
    uint64_t state = crash_options.seed;
    size_t number = (size_t)(plan->operation - operations);

    for (size_t i = 0; i < count && !crash_interrupted(); i++) {
        size_t usable = has_bytes(&calls[i]) ? WAYS : TORN, only = crash_draw(&state, usable);
        bool struck = false;
        if (!crash_options.full && (i + crash_options.seed) % COUNT_OF(operations) != number)
            continue;
        for (size_t way = 0; way < usable; way++)
            if (crash_options.full ? way != AFTER || i == count - 1 : way == only)
                struck |= strike_at(scene, plan, i, ways[way]);
        atomic_fetch_add(&scene->totals->covered, struck);
        atomic_fetch_add(&scene->totals->calls, 1);
    }
}

static void strike_thinned(struct crash_scene *scene, const struct plan *plan,
                           const struct call *calls, size_t count)
{
    uint64_t state = crash_options.seed;
    size_t drawn = 0, writes = 0, first = first_call(plan, calls, count);

    for (size_t i = first; i < count && !crash_interrupted(); i++) {
        if (calls[i].class == 'j' && is_write(&calls[i]) && crash_draw(&state, ++writes) == 0)
            drawn = i;
        if (!is_worth_it(&calls[i]) || is_inner_read(calls, count, i) ||
            (plan->operation->like_refund && (i + plan->fault->kind) % 2 == 1))
            continue;
        strike_at(scene, plan, i, "");
        if (has_bytes(&calls[i]))
            strike_at(scene, plan, i, "~");
    }
    if (writes > 0)
        strike_at(scene, plan, drawn, "~");
}

/* One call drawn from those that are not the cache's. Until the answer an operation makes the same
   calls whatever the request or a list will meet, so that those of a healthy server are enough. */
static void strike_one(struct crash_scene *scene, const struct plan *plan)
{
    static struct call kept[COUNT_OF(operations)][CALLS_MAX], own[CALLS_MAX];
    static size_t counts[COUNT_OF(operations)];
    size_t number = (size_t)(plan->operation - operations), count;
    bool same = strncmp(plan->fault->rule, "POST", 4) == 0 || plan->fault->when == FAULT_READING;
    uint64_t state = crash_options.seed + plan->fault->kind * 8 + number;
    const struct plan healthy = {.operation = plan->operation};
    struct call *calls = same ? kept[number] : own;

    if (!same)
        count = read_calls(scene, plan, own);
    else if (counts[number] == 0)
        count = counts[number] = read_calls(scene, &healthy, kept[number]);
    else
        count = counts[number];
    size_t first = first_call(plan, calls, count), end = count;
    if (same) /* by then the answer has begun, whatever it is */
        end = find_leaving(calls, count).answer + 3;
    for (int tries = 0; tries < 100 && end > first && end <= count; tries++) {
        size_t at = first + crash_draw(&state, end - first);
        if (calls[at].class == 'c')
            continue;
        strike_at(scene, plan, at, has_bytes(&calls[at]) && crash_draw(&state, 2) == 0 ? "~" : "");
        return;
    }
    crash_violation(scene, "nothing to strike: %s, %s", plan->operation->name, plan->fault->rule);
}

static void strike_plan(struct crash_scene *scene, const struct plan *plan)
{
    static struct call calls[CALLS_MAX];

    if (plan->fault != NULL && !crash_options.full) {
        strike_one(scene, plan);
        return;
    }
    size_t count = read_calls(scene, plan, calls);
    if (plan->fault == NULL)
        strike_all(scene, plan, calls, count);
    else
        strike_thinned(scene, plan, calls, count);
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
    atomic_fetch_add(&scene->totals->scenarios, 1);
    return true;
}

/* What would make the claim of this run too large; NULL: nothing. */
static const char *find_lacking(const struct crash_totals *totals)
{
    if (totals->scenarios < (crash_options.full ? 6000 : 400))
        return "too few scenarios";
    if (totals->missed > totals->scenarios / 200)
        return "too many kills that never struck";
    return totals->covered < totals->calls ? "not every call was covered" : NULL;
}

static void print_figures(const struct crash_totals *totals)
{
    printf("= single-crash scenarios: %llu\n", totals->scenarios);
    printf("= single-crash kills: %llu\n", totals->kills);
    printf("= single-crash kills that never struck: %llu\n", totals->missed);
    printf("= single-crash violations: %llu\n", totals->violations);
    printf("= calls covered: %llu of %llu\n", totals->covered, totals->calls);
    printf("= single crashes left to a person by a lying server: %llu\n", totals->by_person);
}

int main(int argc, char **argv)
{
    static const struct crash_play play = {"crash", "--only", take_plans, take_one,
                                           find_lacking, print_figures};

    return crash_main(argc, argv, &play);
}
