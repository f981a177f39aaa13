/* Power cuts. The real program runs a day's operations from its very first start on, while what it
   writes, syncs and sends is traced. From the trace every disk is made that a power cut at any
   moment may leave behind, or as many of them as there is time for, and each is opened: every
   request that had left must be in the journal as sent, every outcome that had been told must still
   be there, and the file must be whole. The same for programs built with other settings of the
   file, which must be seen to lose: else this check sees nothing. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support_power_disk.h"

/* What must be found in every image from an event on. */
struct promise {
    char id[INTENT_ID_SIZE];
    size_t from;             /* event */
    bool told;               /* the row as its program left it; else only: it was sent */
    enum intent_state state;
    int64_t rev;
};

struct proof {
    struct rig *rig;
    const struct rig_options *options;
    const char *program; /* NULL: the real one */
    const char *name;
    char home[160], image[160]; /* below the rig's root */
    uint8_t *trace;
    size_t trace_size, events;
    size_t *ends; /* events so far at the end of each run */
    struct promise *promises;
    size_t promise_count;
    uint64_t *seen; /* hashes of images */
    size_t seen_room;
    int images, lost, corrupt, recovered, violations;
};

static void add_promise(struct proof *proof, struct promise promise)
{
    proof->promises =
        mem_resize(proof->promises, proof->promise_count + 1, sizeof *proof->promises);
    proof->promises[proof->promise_count++] = promise;
}

/* --- the day --------------------------------------------------------------------------------- */

#define T1 TERMINAL_1
#define T2 TERMINAL_2

/* "$0" stands for the reference that step 0 printed. */
static const struct step {
    const char *words[10];
    int status;
    bool killed; /* when its request has arrived */
} steps[] = {
    {{"charge", "--terminal", T1, "--amount", "12,50", "--json", "--yes"}, 0, false},
    {{"charge", "--terminal", T2, "--amount", "12,01", "--json", "--yes"}, 1, false},
    {{"link", "--amount", "50,00", "--json"}, 0, false},
    {{"refund", "$0", "--amount", "1,00", "--reason", "other", "--json", "--yes"}, 0, false},
    {{"charge", "--terminal", T1, "--amount", "20,00", "--pre-auth", "--json", "--yes"}, 0, false},
    {{"capture", "$4", "--all", "--json", "--yes"}, 0, false},
    {{"charge", "--terminal", T2, "--amount", "21,00", "--pre-auth", "--json", "--yes"}, 0, false},
    {{"extend", "$6", "--json", "--yes"}, 0, false},
    {{"cancel", "$6", "--json", "--yes"}, 0, false},
    {{"charge", "--terminal", T1, "--amount", "12,06", "--json", "--yes"}, 3, false},
    {{"recover", "--json"}, 0, false},
    {{"charge", "--terminal", T2, "--amount", "12,07", "--json", "--yes"}, 3, false},
    {{"recover", "--json", "--wait", "10"}, 0, false},
    {{"charge", "--terminal", T1, "--amount", "12,53", "--json", "--yes"}, 128 + 9, true},
    {{"recover", "--json", "--wait", "10"}, 0, false},
};

/* The value of "reference" in the object that a run printed. */
static void read_reference(const char *json, char *out, size_t size)
{
    static const char label[] = "\"reference\":\"";
    const char *at = strstr(json, label);

    at = at == NULL ? "" : at + strlen(label);
    snprintf(out, size, "%.*s", (int)strcspn(at, "\""), at);
}

struct arrival {
    struct sim *sim;
    uint64_t before;
};

static bool has_arrived(void *ctx)
{
    struct arrival *arrival = ctx;

    return sim_requests_seen(arrival->sim, "POST/pos/payment") > arrival->before;
}

static bool read_trace(struct proof *proof, const char *path)
{
    FILE *file = fopen(path, "r");
    struct stat info;

    if (file == NULL)
        return false;
    fstat(fileno(file), &info);
    proof->trace_size = (size_t)info.st_size;
    proof->trace = mem_resize(proof->trace, proof->trace_size + 1, 1);
    bool good = fread(proof->trace, 1, proof->trace_size, file) == proof->trace_size;
    fclose(file);
    size_t at = 0;
    struct disk_event event;
    for (proof->events = 0; disk_next(proof->trace, proof->trace_size, &at, &event);)
        proof->events++;
    return good && at == proof->trace_size;
}

/* Whoever ran the program has been told what is in the journal now. Read from a copy: the settings
   of a control's file are not to be touched. */
static void promise_what_was_told(struct proof *proof)
{
    char from[PATH_MAX], to[PATH_MAX];
    struct err err;
    struct intent_page page;

    snprintf(from, sizeof from, "%s/.local", proof->home);
    snprintf(to, sizeof to, "%s/.local", proof->image);
    folder_remove(proof->image);
    mkdir(proof->image, 0700);
    rig_copy(from, to);
    struct journal *journal = rig_journal(proof->image, &err);
    if (journal == NULL || !journal_list(journal, INTENTS_ALL, 0, &page, &err))
        abort();
    for (size_t i = 0; i < page.count; i++) {
        struct promise promise = {.from = proof->events,
                                  .told = true,
                                  .state = page.rows[i].state,
                                  .rev = page.rows[i].rev};
        memcpy(promise.id, page.rows[i].id, sizeof promise.id);
        add_promise(proof, promise);
    }
    intent_page_done(&page);
    journal_close(journal);
}

static bool run_step(struct proof *proof, size_t number, char references[][64], const char *trace)
{
    const struct step *step = &steps[number];
    struct arrival arrival = {proof->rig->sim,
                              sim_requests_seen(proof->rig->sim, "POST/pos/payment")};
    struct rig_run run = {.home = proof->home,
                          .program = proof->program,
                          .env = {{"SHIM_TRACE", trace}},
                          .stop = step->killed ? has_arrived : NULL,
                          .ctx = &arrival};

    for (size_t i = 0; step->words[i] != NULL; i++)
        run.words[i] =
            step->words[i][0] == '$' ? references[step->words[i][1] - '0'] : step->words[i];
    rig_run(proof->rig, &run);
    read_reference(run.out, references[number], 64);
    if (run.status == step->status)
        return read_trace(proof, trace);
    fprintf(stderr, "%s, step %zu (%s): ended with %d\n%s%s", proof->name, number, run.words[0],
            run.status, run.out, run.err);
    return false;
}

/* Runs the day and keeps its trace. */
static bool run_day(struct proof *proof)
{
    char trace[PATH_MAX], references[COUNT_OF(steps)][64];

    snprintf(trace, sizeof trace, "%s/trace-%s", proof->rig->root, proof->name);
    rig_home(proof->rig, proof->name, proof->home, sizeof proof->home);
    proof->ends = mem_alloc(COUNT_OF(steps) * sizeof *proof->ends);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        if (!run_step(proof, i, references, trace))
            return false;
        promise_what_was_told(proof);
        proof->ends[i] = proof->events;
    }
    return true;
}

/* --- what has left --------------------------------------------------------------------------- */

/* A POST's first bytes hold its key. */
static void promise_what_left(struct proof *proof)
{
    static const char label[] = "Idempotency-Key: ";
    struct disk_event event;
    size_t at = 0;

    for (size_t i = 1; disk_next(proof->trace, proof->trace_size, &at, &event); i++) {
        if (event.record.op != SHIM_SEND || event.record.size < 5 ||
            memcmp(event.bytes, "POST ", 5) != 0)
            continue;
        const uint8_t *key = memmem(event.bytes, event.record.size, label, strlen(label));
        if (key == NULL)
            abort();
        struct promise promise = {.from = i};
        memcpy(promise.id, key + strlen(label), INTENT_ID_SIZE - 1);
        add_promise(proof, promise);
    }
}

/* --- one image ------------------------------------------------------------------------------- */

static const char *const lucks[] = {"nothing", "all", "in order", "any"};

static bool is_kept(const struct promise *promise, const struct intent_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct intent *row = &page->rows[i];
        if (strcmp(row->id, promise->id) != 0)
            continue;
        if (promise->told)
            return row->rev > promise->rev ||
                   (row->rev == promise->rev && row->state == promise->state);
        return row->state != INTENT_PREPARED && row->state != INTENT_VOID;
    }
    return false;
}

/* NULL: all that had been promised by that event is there. */
static const struct promise *find_broken(const struct proof *proof, size_t event,
                                         const struct intent_page *page)
{
    for (size_t i = 0; i < proof->promise_count; i++)
        if (proof->promises[i].from <= event && !is_kept(&proof->promises[i], page))
            return &proof->promises[i];
    return NULL;
}

static void tell(struct proof *proof, size_t event, enum disk_luck luck, const char *what,
                 const char *detail)
{
    proof->violations++;
    if (proof->program == NULL && proof->violations <= 20)
        printf("VIOLATION power --seed %llu, image %d: cut after event %zu, reached the disk: %s; "
               "%s %s\n",
               (unsigned long long)proof->options->seed, proof->images, event, lucks[luck], what,
               detail);
}

static void check_image(struct proof *proof, size_t event, enum disk_luck luck)
{
    struct err err;
    struct intent_page page = {0};
    int64_t entries;
    struct journal *journal = rig_journal(proof->image, &err);

    if (err.code != ERR_NONE ||
        (journal != NULL && (!db_check(journal->db, false, &err) ||
                             !journal_verify(journal, &entries, &err) ||
                             !journal_list(journal, INTENTS_ALL, 0, &page, &err)))) {
        proof->corrupt++;
        tell(proof, event, luck, "corrupt:", err.detail);
    } else {
        const struct promise *broken = find_broken(proof, event, &page);
        proof->lost += broken != NULL;
        if (broken != NULL)
            tell(proof, event, luck, broken->told ? "lost an outcome:" : "lost a request:",
                 broken->id);
    }
    intent_page_done(&page);
    journal_close(journal);
}

/* --- the real program on an image ------------------------------------------------------------ */

static bool had_left(const struct proof *proof, size_t event, const char *id)
{
    for (size_t i = 0; i < proof->promise_count; i++)
        if (!proof->promises[i].told && proof->promises[i].from <= event &&
            strcmp(proof->promises[i].id, id) == 0)
            return true;
    return false;
}

/* Recovers with the real program and asks the referee about all that had left before the cut. */
static void recover_image(struct proof *proof, size_t event, enum disk_luck luck)
{
    struct rig_run recover = {
        .home = proof->image, .words = {"recover", "--wait", "600"}, .leaps = true};
    struct rig_run verify = {.home = proof->image, .words = {"journal", "--verify"}};
    struct err err;
    struct intent_page page = {0};

    proof->recovered++;
    rig_configure(proof->image);
    rig_run(proof->rig, &recover);
    rig_run(proof->rig, &verify);
    if ((recover.status != 0 && recover.status != 3) || verify.status != 0)
        tell(proof, event, luck, "recover says:", recover.err);
    struct journal *journal = rig_journal(proof->image, &err);
    if (journal != NULL && journal_list(journal, INTENTS_ALL, 0, &page, &err))
        for (size_t i = 0; i < page.count; i++)
            if (had_left(proof, event, page.rows[i].id) &&
                !rig_is_right(&page.rows[i],
                              sim_executions_of_key(proof->rig->sim, page.rows[i].id)))
                tell(proof, event, luck, "after recovery it is",
                     intent_state_name(page.rows[i].state));
    intent_page_done(&page);
    journal_close(journal);
}

/* --- all images ------------------------------------------------------------------------------ */

/* True when there has been none like it, with the same promises. */
static bool is_new(struct proof *proof, uint64_t hash)
{
    size_t at = (size_t)hash & (proof->seen_room - 1);

    hash |= hash == 0;
    for (; proof->seen[at] != 0; at = (at + 1) & (proof->seen_room - 1))
        if (proof->seen[at] == hash)
            return false;
    proof->seen[at] = hash;
    return true;
}

static size_t promises_until(const struct proof *proof, size_t event)
{
    size_t count = 0;

    for (size_t i = 0; i < proof->promise_count; i++)
        count += proof->promises[i].from <= event;
    return count;
}

/* One image for each event; false: the trace does not fit the model. */
static bool walk(struct proof *proof, int pass, int wanted, uint64_t *random)
{
    enum disk_luck luck = pass < (int)DISK_ANY ? (enum disk_luck)pass
                          : pass % 4 == 0      ? DISK_IN_ORDER
                                               : DISK_ANY;
    struct disk *disk = disk_new(proof->home);
    struct disk_event event;
    size_t at = 0;
    bool good = true;
    int stride = proof->options->full ? 300 : 600; /* of images that are recovered for real */

    for (size_t i = 1; good && proof->images < wanted && !rig_interrupted() &&
                       disk_next(proof->trace, proof->trace_size, &at, &event);
         i++) {
        uint64_t hash;
        good = disk_apply(disk, &event);
        if (luck > DISK_ALL && disk_pending(disk) == 0)
            continue;
        disk_image(disk, luck, random, proof->image, &hash);
        if (!is_new(proof, hash + promises_until(proof, i) * UINT64_C(0x9e3779b97f4a7c15)))
            continue;
        proof->images++;
        check_image(proof, i, luck);
        if (proof->program == NULL && proof->images % stride == 0)
            recover_image(proof, i, luck);
    }
    disk_free(disk);
    return good;
}

static bool prove(struct proof *proof, int wanted)
{
    uint64_t random = proof->options->seed;

    snprintf(proof->image, sizeof proof->image, "%s/image", proof->rig->root);
    proof->seen_room = (size_t)1 << 17;
    proof->seen = mem_alloc(proof->seen_room * sizeof *proof->seen);
    if (!run_day(proof))
        return false;
    promise_what_left(proof);
    for (int pass = 0; proof->images < wanted && pass < 1000 && !rig_interrupted(); pass++)
        if (!walk(proof, pass, wanted, &random)) {
            fprintf(stderr, "%s: the trace tells of a file that it did not make\n", proof->name);
            return false;
        }
    printf("%s: %d images of %zu events, %d lost, %d corrupt, %d recovered\n", proof->name,
           proof->images, proof->events, proof->lost, proof->corrupt, proof->recovered);
    return true;
}

static void proof_done(struct proof *proof)
{
    free(proof->trace);
    free(proof->ends);
    free(proof->promises);
    free(proof->seen);
}

/* --- controls -------------------------------------------------------------------------------- */

static const struct {
    const char *program, *name;
} controls[] = {{"control-wal-normal", "WAL+NORMAL"}, {"control-delete-full", "DELETE+FULL"}};

/* -1: it could not be run; else how many images have lost something. */
static int run_control(struct rig *rig, const struct rig_options *options, size_t number)
{
    char program[PATH_MAX];
    struct proof proof = {.rig = rig,
                          .options = options,
                          .program = program,
                          .name = controls[number].program};

    snprintf(program, sizeof program, "%s/%s", rig->build, controls[number].program);
    bool good = prove(&proof, options->full ? 2000 : 300);
    proof_done(&proof);
    return good ? proof.lost : -1;
}

int main(int argc, char **argv)
{
    struct rig rig;
    struct rig_options options;
    int status = 0;

    setlinebuf(stdout);
    if (!rig_read_options(&options, argc, argv))
        return 2;
    if (!rig_open(&rig, argv[0], access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NULL))
        return 2;
    struct proof proof = {.rig = &rig, .options = &options, .name = "power"};
    if (!prove(&proof, options.full ? 10000 : 1500))
        status = 2;
    if (status == 0 && !rig_interrupted() && proof.recovered < (options.full ? 20 : 1)) {
        printf("VIOLATION power: only %d images were recovered by the program\n", proof.recovered);
        proof.violations++;
    }
    int losses[COUNT_OF(controls)] = {0};
    size_t count = options.full ? COUNT_OF(controls) : 1;
    for (size_t i = 0; status == 0 && i < count; i++) {
        losses[i] = run_control(&rig, &options, i);
        status = losses[i] < 0 ? 2 : 0;
        if (losses[i] == 0)
            printf("VIOLATION power: %s lost nothing, so that this check proves nothing\n",
                   controls[i].name);
    }
    printf("= power-loss images: %d\n= power-loss lost: %d\n= power-loss corrupt: %d\n"
           "= power-loss images recovered: %d\n= power-loss violations: %d\n",
           proof.images, proof.lost, proof.corrupt, proof.recovered, proof.violations);
    for (size_t i = 0; i < count; i++) {
        printf("= control %s lost: %d\n", controls[i].name, losses[i]);
        status = status == 0 && losses[i] == 0 ? 1 : status;
    }
    status = status == 0 && proof.violations > 0 ? 1 : status;
    proof_done(&proof);
    rig_close(&rig);
    if (rig_interrupted())
        fprintf(stderr, "power: interrupted\n");
    return rig_interrupted() ? 2 : status;
}
