/* Kills the real console at every call by which the outside sees it, for each of the six operations
   and each fault of the server, recovers by the command line, and asks the server's ledger.

   With a healthy server: before, after and (where it has bytes) in the middle of every call. With a
   fault: calls of the cache are left out, for between two others they change neither the server nor
   the journal; "after" is "before" the next; a fault that strikes sending has not struck before the
   request leaves, so up to there only syncs, cuts and sockets are struck; of writes to one file
   between two syncs the first, one in the middle (before and torn) and the last.

   usage: crash [--short|--full] [--seed N] [-p CONSOLE] [--only OPERATION:RULE:KILL[:fresh]]
   RULE as the server takes it, - for none; KILL as SHIM_KILL. --only runs that one scenario. */
#include "support_crash.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS    2
#define CALLS_MAX  1024
#define FAULTS_MAX 96

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

static struct crash_fault faults[FAULTS_MAX];
static size_t fault_count;
static struct {
    bool full;
    uint64_t seed;
    const char *program, *only;
} options = {.seed = 1};
static volatile sig_atomic_t interrupted;

static uint64_t draw(uint64_t *state)
{
    uint64_t x = (*state += UINT64_C(0x9e3779b97f4a7c15));

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

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
             (unsigned long long)options.seed, plan->operation->name,
             plan->fault == NULL ? "-" : plan->fault->rule, kill, plan->fresh ? ":fresh" : "");
}

static void begin(struct crash_scene *scene, const struct plan *plan, const char *kill)
{
    crash_reset(scene, plan->fresh);
    set_label(scene, plan, kill);
    if (plan->fault != NULL && plan->fault->when == FAULT_SENDING)
        crash_fault(scene, plan->fault->rule, plan->fault->kind);
}

/* An operation that was not killed must have told the truth by its status: 0 done or accepted, 1 and
   4 not done, 3 not known. */
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
    struct crash_run run = {.kill = kill};
    bool ambiguous = plan->fault != NULL && plan->fault->ambiguous;

    begin(scene, plan, kill);
    set_words(scene, plan, &run);
    crash_do(scene, &run);
    if (plan->fault != NULL && plan->fault->when == FAULT_READING)
        recover_in_trouble(scene, plan->fault);
    crash_fault(scene, NULL, 0);
    crash_settle(scene);
    crash_judge(scene, ambiguous);
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
    struct crash_run run = {.log = path};
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

/* The last send carries the request that moves money. */
static size_t find_leaving(const struct call *calls, size_t count)
{
    while (count > 0 && strcmp(calls[count - 1].name, "send") != 0)
        count--;
    return count;
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
    for (int i = 0; i < 3 && !struck && !interrupted; i++)
        struck = strike(scene, plan, kill);
    return struck;
}

/* Healthy server: every call in every way, or (sample) each in one way. */
static void strike_all(struct crash_scene *scene, const struct plan *plan, const struct call *calls,
                       size_t count)
{
    static const char *const ways[] = {"", "+", "~"};
    uint64_t state = options.seed;

    for (size_t i = 0; i < count && !interrupted; i++) {
        size_t usable = has_bytes(&calls[i]) ? 3 : 2, only = draw(&state) % usable;
        bool struck = false;
        for (size_t way = 0; way < usable; way++)
            if (options.full || way == only)
                struck |= strike_at(scene, plan, i, ways[way]);
        atomic_fetch_add(&scene->totals->covered, struck);
    }
    atomic_fetch_add(&scene->totals->calls, count);
}

/* See the head of this file. */
static void strike_thinned(struct crash_scene *scene, const struct plan *plan,
                           const struct call *calls, size_t count)
{
    size_t leaving = plan->fault->when == FAULT_SENDING ? find_leaving(calls, count) : 0;
    size_t run = 0, begun = 0;

    for (size_t i = 0; i < count && !interrupted; i++) {
        size_t length = run_length(calls, count, i);
        bool write = strcmp(calls[i].name, "pwrite") == 0;
        if (length > 0) {
            run = length;
            begun = i;
        }
        bool middle = i == begun + run / 2;
        if (calls[i].class == 'c' || (write && i + 1 < leaving) ||
            (write && i != begun && !middle && i != begun + run - 1))
            continue;
        strike_at(scene, plan, i, "");
        if (has_bytes(&calls[i]) && (!write || middle))
            strike_at(scene, plan, i, "~");
    }
}

/* One call drawn from those that are not the cache's. */
static void strike_one(struct crash_scene *scene, const struct plan *plan, const struct call *calls,
                       size_t count)
{
    uint64_t state = options.seed + plan->fault->kind * 8 + (size_t)(plan->operation - operations);

    for (int tries = 0; tries < 100 && count > 0; tries++) {
        size_t at = draw(&state) % count;
        if (calls[at].class == 'c')
            continue;
        strike_at(scene, plan, at, has_bytes(&calls[at]) && draw(&state) % 2 == 0 ? "~" : "");
        return;
    }
}

static void strike_plan(struct crash_scene *scene, const struct plan *plan)
{
    static struct call calls[CALLS_MAX];
    size_t count = read_calls(scene, plan, calls);

    if (plan->fault == NULL)
        strike_all(scene, plan, calls, count);
    else if (options.full)
        strike_thinned(scene, plan, calls, count);
    else
        strike_one(scene, plan, calls, count);
}

/* --- the run --------------------------------------------------------------------------------- */

/* Plan number n: the healthy ones first, for they are the longest. False: no such. */
static bool get_plan(size_t n, struct plan *plan)
{
    size_t healthy = COUNT_OF(operations) + (options.full ? 1 : 0);

    *plan = (struct plan){.operation = &operations[n % COUNT_OF(operations)]};
    if (n >= COUNT_OF(operations) && n < healthy)
        *plan = (struct plan){.operation = &operations[0], .fresh = true};
    if (n < healthy)
        return true;
    n -= healthy;
    plan->operation = &operations[n % COUNT_OF(operations)];
    plan->fault = &faults[n / COUNT_OF(operations)];
    return n / COUNT_OF(operations) < fault_count;
}

static void take_plans(struct crash_scene *scene)
{
    struct plan plan;

    while (!interrupted && get_plan(atomic_fetch_add(&scene->totals->next, 1), &plan)) {
        strike_plan(scene, &plan);
        if (plan.operation == &operations[COUNT_OF(operations) - 1]) {
            printf("%s done, %llu scenarios so far\n",
                   plan.fault == NULL ? "healthy server" : plan.fault->rule,
                   (unsigned long long)atomic_load(&scene->totals->scenarios));
            fflush(stdout);
        }
    }
}

/* OPERATION:RULE:KILL[:fresh]; a RULE holds a colon of its own. */
static bool take_one(struct crash_scene *scene, char *text)
{
    struct plan plan = {.fresh = false};
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
    for (size_t i = 0; i < fault_count; i++)
        if (strcmp(faults[i].rule, rule) == 0)
            plan.fault = &faults[i];
    if (plan.operation == NULL || (plan.fault == NULL && strcmp(rule, "-") != 0))
        return false;
    strike(scene, &plan, end);
    return true;
}

static int work(struct crash_scene *scene)
{
    int status = 2;

    if (!crash_open(scene, options.seed))
        fprintf(stderr, "crash: the desk could not be set up\n");
    else if (options.only != NULL)
        status = take_one(scene, mem_strdup(options.only)) ? 0 : 2;
    else {
        take_plans(scene);
        status = 0;
    }
    crash_close(scene);
    return interrupted ? 2 : status;
}

static void print_figures(const struct crash_totals *totals)
{
    const char *help, *name;

    printf("= single-crash scenarios: %llu\n", totals->scenarios);
    printf("= single-crash kills: %llu\n", totals->kills);
    printf("= single-crash violations: %llu\n", totals->violations);
    printf("= calls covered: %llu of %llu\n", totals->covered, totals->calls);
    printf("= left to a person by a lying server: %llu\n", totals->by_person);
    printf("= faults injected: %llu\n", totals->faults);
    for (size_t i = 0; (name = sim_fault_kind(i, &help)) != NULL; i++)
        printf("= fault %s: %llu\n", name, totals->of_kind[i]);
}

static void on_interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

static bool read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--full") == 0 || strcmp(argv[i], "--short") == 0) {
            options.full = argv[i][2] == 'f';
            continue;
        }
        if (value == NULL)
            return false;
        if (strcmp(argv[i], "--seed") == 0)
            options.seed = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "-p") == 0)
            options.program = value;
        else if (strcmp(argv[i], "--only") == 0)
            options.only = value;
        else
            return false;
        i++;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct crash_scene scene = {.totals = crash_totals_new()};
    struct sigaction action = {.sa_handler = on_interrupt};
    int worst = 0, status;

    if (!read_options(argc, argv) || scene.totals == NULL ||
        !crash_find(&scene, argv[0], options.program)) {
        fprintf(stderr, "usage: crash [--short|--full] [--seed N] [-p CONSOLE] "
                        "[--only OPERATION:RULE:KILL[:fresh]]\n");
        return 2;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    fault_count = crash_faults(faults, FAULTS_MAX);
    fflush(stdout);
    for (int i = 0; i < (options.only != NULL ? 1 : WORKERS); i++)
        if (fork() == 0)
            exit(work(&scene));
    while (wait(&status) > 0 || errno == EINTR)
        if (WIFEXITED(status) && WEXITSTATUS(status) > worst)
            worst = WEXITSTATUS(status);
    print_figures(scene.totals);
    return worst > 0 ? worst : scene.totals->violations > 0;
}
