/* Out of memory: the real console in scripted flows, from an empty home over each operation to a
   screen with a person's keys, and of its requests for memory each in turn gets nothing, once or
   from then on. That is every malloc, calloc, realloc, aligned block and mapping of the program and
   all its libraries (memory_shim.c).

   What must hold: it is never ended by a signal and never hangs; it says why when it stops; what it
   prints without an error is what an unharmed run prints; it gives back as much as an unharmed run;
   the terminal is as it was; and with the money all is as after a kill: recovery by the command
   line, then the journal against the server's ledger.

   Counted apart, not as crashes of ours: those inside a library that does not look whether it was
   given memory, of the few that are known (is_foreign() in support_memory.c). They are kills like
   any other for the money, and on a screen the terminal must be as it was.

   Requests are told apart by the calls that led to them, up to eighteen ("paths"); a path that an
   earlier flow has too is that one's. In full every path of a command is tried, in both ways, of a
   screen every sixteenth, and a few of the other requests of each flow; another seed takes others.
   --short thins the paths evenly to what a flow is given, and tries each in one way.

   usage: memory [--short|--full] [--seed N] [-p CONSOLE] [--only FLOW:N[+]] */
#include "support_memory.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>

#define TERMINAL "V400m-TEST-000001"

static const struct memory_step charge_steps[] = {
    {"p Charge", "p", false},
    {"online", "1", false},
    {"[1 Terminal", "<Enter>", false},
    {"Amount", "12.50", false},
    {"= ", "<F2>", false},
    {"Confirm   n Back", "y", true},
    {"Approved", "=30x100", false},
    {"Approved", "<Esc>", true},
    {"p Charge", "q", true},
    {NULL, NULL, false},
};
static const struct memory_step export_steps[] = {
    {"p Charge", "2", false},
    {"2 of 2", "w", false},
    {WROTE, "<F10>", true},
    {NULL, NULL, false},
};

static const struct memory_flow flows[] = {
    {"first", {"terminals"}, .fresh = true, .same = true, .short_cases = 30},
    {"list", {"payments", "--csv"}, .same = true, .short_cases = 20},
    {"charge",
     {"charge", "--terminal", TERMINAL, "--amount", "12.50", "--reference", "RES-7", "--yes"},
     .money = true,
     .short_cases = 50},
    {"refund",
     {"refund", "PAYMENT", "--amount", "1.00", "--reason", "return", "--yes"},
     .money = true,
     .short_cases = 20},
    {"capture",
     {"capture", "HOLD", "--amount", "50.00", "--yes"},
     .money = true,
     .short_cases = 12},
    {"cancel", {"cancel", "HOLD", "--yes"}, .money = true, .short_cases = 12},
    {"link",
     {"link", "--amount", "20.00", "--reference", "RES-8", "--qr"},
     .money = true,
     .short_cases = 12},
    {"recover", {"recover", "--wait", "3"}, .left = true, .money = true, .short_cases = 30},
    {"training",
     {"--env", "training", "--language", "es", "sessions", "--limit", "3"},
     .training = true,
     .short_cases = 8},
    {"screen", {"--language", "en"}, .steps = charge_steps, .money = true, .short_cases = 8},
    {"export", {"--language", "en"}, .steps = export_steps, .same = true, .short_cases = 4},
};
#define FLOWS COUNT_OF(flows)
_Static_assert(FLOWS <= MEMORY_FLOWS_MAX, "a plan for each");

enum { FULL_SHARE = 1, FULL_SHARE_SCREEN = 16 }; /* a screen is waited for */

static struct memory_totals *totals; /* shared by the workers */

/* --- what to strike -------------------------------------------------------------------------- */

struct request {
    uint64_t path;
    uint32_t at;
    bool new; /* the first of its path */
};

/* Paths of the flows so far; comparable, for all consoles stand at the same addresses. */
static uint64_t known[1 << 18];

/* True the first time. */
static bool is_news(uint64_t path)
{
    size_t at = path % COUNT_OF(known);

    while (known[at] != 0 && known[at] != path)
        at = (at + 1) % COUNT_OF(known);
    bool news = known[at] == 0;
    known[at] = path;
    return news;
}

/* The first of each path to the front, in the order they came. */
static int by_worth(const void *a, const void *b)
{
    const struct request *one = a, *other = b;

    if (one->new != other->new)
        return one->new ? -1 : 1;
    return one->at < other->at ? -1 : one->at > other->at;
}

static struct request *read_requests(struct crash_scene *scene, struct memory_plan *plan)
{
    struct request *requests = mem_resize(NULL, MEMORY_REQUESTS_MAX, sizeof *requests);
    FILE *file = fopen(memory_log_path(scene), "re");
    uint64_t path;

    plan->requests = plan->paths = 0;
    while (file != NULL && plan->requests < MEMORY_REQUESTS_MAX &&
           fread(&path, sizeof path, 1, file) == 1) {
        struct request *request = &requests[plan->requests++];
        *request = (struct request){path, (uint32_t)plan->requests, is_news(path)};
        plan->paths += request->new;
    }
    if (file != NULL)
        fclose(file);
    qsort(requests, plan->requests, sizeof *requests, by_worth);
    return requests;
}

static void add_case(struct memory_plan *plan, uint32_t at, size_t number)
{
    uint64_t turn = number + crash_options.seed;

    assert(plan->count + 2 <= MEMORY_CASES_MAX);
    if (crash_options.full || turn % 2 == 0)
        plan->cases[plan->count++] = (struct memory_case){at, false};
    if (crash_options.full || turn % 2 == 1)
        plan->cases[plan->count++] = (struct memory_case){at, true};
}

/* Takes of the requests from..end so many that there are wanted, spread evenly. */
static void spread(struct memory_plan *plan, const struct request *requests, size_t end,
                   size_t wanted)
{
    uint64_t state = crash_options.seed;

    for (size_t i = 0; i < wanted && i < end; i++) {
        size_t low = i * end / (wanted < end ? wanted : end);
        size_t high = (i + 1) * end / (wanted < end ? wanted : end);
        size_t at = low + crash_draw(&state, high - low);
        plan->covered += requests[at].new;
        add_case(plan, requests[at].at, i);
    }
}

static void choose(struct memory_plan *plan, const struct request *requests,
                   const struct memory_flow *flow)
{
    size_t share = flow->steps ? FULL_SHARE_SCREEN : FULL_SHARE;
    size_t wanted = flow->short_cases + (crash_options.full ? plan->paths / share : 0);
    size_t of_paths = wanted < plan->paths ? wanted : plan->paths;

    spread(plan, requests, plan->paths, of_paths);
    spread(plan, requests + plan->paths, plan->requests - plan->paths, wanted - of_paths);
}

/* Plays the flow unharmed and chooses its cases. */
static bool make_plan(struct crash_scene *scene, const struct memory_flow *flow,
                      struct memory_plan *plan)
{
    struct memory_run run = {.flow = flow, .plan = plan, .totals = totals};

    snprintf(scene->label, sizeof scene->label, "--only %s:0", flow->name);
    if (!memory_reset(scene, flow))
        return false;
    memory_prepare(scene, &run, (struct memory_case){0, false}, true);
    memory_play(scene, &run);
    plan->left = run.left;
    struct request *requests = read_requests(scene, plan);
    choose(plan, requests, flow);
    free(requests);
    bool good = run.crash.status == 0 && run.left != LONG_MIN && plan->count > 0;
    if (!good)
        crash_violation(scene, "unharmed: status %d, %zu requests: %.500s %.500s", run.crash.status,
                        plan->requests, run.crash.out, run.crash.err);
    return good;
}

/* --- the run --------------------------------------------------------------------------------- */

static void play_case(struct crash_scene *scene, size_t flow, struct memory_case what)
{
    struct memory_run run = {.flow = &flows[flow], .plan = &totals->plans[flow], .totals = totals};

    snprintf(scene->label, sizeof scene->label, "--seed %" PRIu64 " --only %s:%u%s",
             crash_options.seed, flows[flow].name, what.at, what.on ? "+" : "");
    if (!memory_reset(scene, &flows[flow]))
        return;
    memory_prepare(scene, &run, what, false);
    memory_play(scene, &run);
    memory_judge(scene, &run);
    atomic_fetch_add(&scene->totals->scenarios, 1);
    atomic_fetch_add(!run.struck ? &totals->missed : what.on ? &totals->on : &totals->once, 1);
}

/* The first worker plans; then all take cases until there are none. */
static bool play_all(struct crash_scene *scene)
{
    bool good = memory_open(scene, program_invocation_name);

    for (size_t i = 0; good && i < FLOWS && scene->worker == 0; i++)
        good = make_plan(scene, &flows[i], &totals->plans[i]);
    atomic_store(&totals->planned, totals->planned || scene->worker == 0);
    while (!atomic_load(&totals->planned) && !crash_interrupted())
        crash_turn(scene, 20);
    while (good && !crash_interrupted()) {
        size_t n = atomic_fetch_add(&scene->totals->next, 1), flow = 0;
        while (flow < FLOWS && n >= totals->plans[flow].count)
            n -= totals->plans[flow++].count;
        if (flow == FLOWS)
            break;
        play_case(scene, flow, totals->plans[flow].cases[n]);
    }
    return good;
}

/* FLOW:N[+]; 0 is the unharmed run. */
static bool play_one(struct crash_scene *scene, const char *which)
{
    const char *colon = strchr(which, ':');
    char *end;

    if (colon == NULL || !memory_open(scene, program_invocation_name))
        return false;
    struct memory_case what = {.at = (uint32_t)strtoul(colon + 1, &end, 10)};
    what.on = *end == '+';
    for (size_t i = 0; i < FLOWS; i++) {
        if (strlen(flows[i].name) != (size_t)(colon - which) ||
            strncmp(flows[i].name, which, (size_t)(colon - which)) != 0)
            continue;
        if (make_plan(scene, &flows[i], &totals->plans[i]) && what.at > 0)
            play_case(scene, i, what);
        return true;
    }
    return false;
}

/* --- figures --------------------------------------------------------------------------------- */

static const char *find_lacking(const struct crash_totals *run)
{
    if (totals->missed > run->scenarios / 50)
        return "too many requests that never came";
    if (totals->once == 0 || totals->on == 0 || totals->ended == 0 || totals->told == 0)
        return "nothing was out of memory";
    return crash_options.full && totals->screens == 0 ? "no screen was played to its end" : NULL;
}

static void print_figures(const struct crash_totals *run)
{
    size_t requests = 0, paths = 0, covered = 0, of_commands = 0, covered_of_commands = 0;

    for (size_t i = 0; i < FLOWS; i++) {
        const struct memory_plan *plan = &totals->plans[i];
        printf("%s: %zu requests by %zu paths, %zu paths in %zu cases\n", flows[i].name,
               plan->requests, plan->paths, plan->covered, plan->count);
        requests += plan->requests;
        paths += plan->paths;
        covered += plan->covered;
        of_commands += flows[i].steps ? 0 : plan->paths;
        covered_of_commands += flows[i].steps ? 0 : plan->covered;
    }
    printf("= out-of-memory flows: %zu\n", FLOWS);
    printf("= requests for memory in them: %zu\n", requests);
    printf("= paths to a request made to fail: %zu of %zu\n", covered, paths);
    printf("= commands' paths to a request made to fail: %zu of %zu\n", covered_of_commands,
           of_commands);
    printf("= out-of-memory scenarios: %llu\n", run->scenarios);
    printf("= requests refused once: %llu\n", totals->once);
    printf("= requests refused from then on: %llu\n", totals->on);
    printf("= requests that never came: %llu\n", totals->missed);
    printf("= runs that ended at once for want of memory: %llu\n", totals->ended);
    printf("= runs that told an error: %llu\n", totals->told);
    printf("= runs that went on unharmed: %llu\n", totals->done);
    printf("= screens played to their end though a request failed: %llu\n", totals->screens);
    printf("= runs that crashed inside a library: %llu\n", totals->foreign);
    printf("= bytes not given back, at most: %lld\n", totals->most_left);
    printf("= out-of-memory violations: %llu\n", run->violations);
}

int main(int argc, char **argv)
{
    static const struct crash_play play = {"memory", "--only",     play_all,
                                           play_one, find_lacking, print_figures};

    personality(ADDR_NO_RANDOMIZE); /* of the consoles as well */
    totals = mmap(NULL, sizeof *totals, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return totals == MAP_FAILED ? 2 : crash_main(argc, argv, &play);
}
