/* The shim lets each call fail in turn, once or from then on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support_storage.h"

#define CALLS_MAX 600

/* --- what a trace tells of one run ----------------------------------------------------------- */

struct storage_story storage_read_story(const char *path)
{
    struct storage_story story = {0};
    struct disk_event event;
    struct stat info;
    FILE *file = fopen(path, "r");
    size_t at = 0;

    if (file == NULL) /* ended before it did anything */
        return story;
    if (fstat(fileno(file), &info) != 0)
        abort();
    size_t size = (size_t)info.st_size;
    uint8_t *trace = mem_alloc(size + 1);
    if (fread(trace, 1, size, file) != size)
        abort();
    fclose(file);
    while (disk_next(trace, size, &at, &event)) {
        bool sent = event.record.op == SHIM_SEND && event.record.size >= 5 &&
                    memcmp(event.bytes, "POST ", 5) == 0;
        if (event.record.op == SHIM_STRIKE) {
            story.struck = true;
            snprintf(story.call, sizeof story.call, "%s", event.name);
        }
        story.sent_before += sent && !story.struck;
        story.sent_after += sent && story.struck;
        story.writes_before_send += !sent && story.sent_before + story.sent_after == 0 &&
                                    strstr(event.name, "/journal.db") != NULL;
    }
    free(trace);
    return story;
}

/* --- one fault ------------------------------------------------------------------------------- */

struct fault {
    int operation;
    bool fresh; /* the first start ever */
    char class;
    int number;
    bool on; /* from then on */
    int error;
};

/* SQLite does not look at the result of its sync of a folder (the program has its own), a folder is
   asked for twice, an owner takes another lock file, and one left behind is swept away later. */
static bool is_harmless(const struct fault *fault, const struct storage_story *story)
{
    if (fault->class == 'c')
        return true;
    return (fault->class == 'f' && strcmp(story->call, "fdatasync") == 0) ||
           (fault->class == 'f' && !fault->on && strcmp(story->call, "mkdir") == 0) ||
           (fault->class == 'k' && (!fault->on || strcmp(story->call, "unlink") == 0));
}

bool storage_said_plainly(const char *said)
{
    static const char *const sentences[] = {"cannot store its data safely", "could not be written",
                                            "could not write it down",
                                            "operating system refused something"};

    for (size_t i = 0; i < COUNT_OF(sentences); i++)
        if (strstr(said, sentences[i]) != NULL)
            return true;
    return false;
}

/* What the run may say, by what had been sent; NULL: it is right. */
static const char *judge(const struct fault *fault, const struct storage_story *story,
                         const struct rig_run *run)
{
    int sent = story->sent_before + story->sent_after;

    if (run->status == RIG_HANGS || run->status > 128)
        return "it hangs or crashes";
    if (is_harmless(fault, story)) {
        if (sent == 1)
            return run->status == 0 ? NULL : "sent and answered, but not recorded";
        return fault->operation == STORAGE_RECOVER || storage_said_plainly(run->err) ||
                       run->status != 0
                   ? NULL
                   : "neither sent nor said";
    }
    if (story->sent_after > 0)
        return "it sent after the fault";
    if (sent == 0 && fault->operation != STORAGE_RECOVER && run->status != 5)
        return "not sent, but the status is not 5";
    if (sent == 1 && run->status != 0 && run->status != 3)
        return "sent, but the status is neither 0 nor 3";
    if (run->status != 0 && !storage_said_plainly(run->err))
        return "it does not say plainly what happened";
    return NULL;
}

/* False: the run had ended before that many calls. */
static bool try_fault(struct storage *storage, const struct fault *fault)
{
    char label[80], trace[200], fail[40], class[2] = {fault->class, '\0'};
    struct rig_run run = {.program = storage->program,
                          .env = {{"SHIM_ONLY", class},
                                  {"SHIM_FAIL", fail},
                                  {"SHIM_TRACE", trace}}};

    snprintf(label, sizeof label, "%d%s%c%d%s:%d", fault->operation, fault->fresh ? "f" : "w",
             fault->class, fault->number, fault->on ? "+" : "", fault->error);
    snprintf(fail, sizeof fail, "%d%s:%d", fault->number, fault->on ? "+" : "", fault->error);
    snprintf(trace, sizeof trace, "%s/trace", storage->rig.root);
    unlink(trace);
    storage_prepare(storage, fault->operation, fault->fresh, &run);
    rig_run(&storage->rig, &run);
    struct storage_story story = storage_read_story(trace);
    if (!story.struck)
        return rig_interrupted();
    storage->faults++;
    const char *wrong = judge(fault, &story, &run);
    if (!is_harmless(fault, &story))
        storage->posts_after += story.sent_after;
    if (wrong != NULL && !rig_interrupted())
        storage_violation(storage, label, wrong, &run);
    storage_settle(storage, label);
    return true;
}

/* --- all of them ----------------------------------------------------------------------------- */

static const int errors[] = {EIO, ENOSPC, EROFS, EDQUOT, EACCES};

static const struct sweep {
    char class;
    bool fresh;
    int stride_short, stride_full;
} sweeps[] = {
    {'j', false, 3, 1}, {'j', true, 12, 1},  {'f', true, 3, 1},
    {'k', true, 1, 1},  {'c', false, 15, 5}, {'c', true, 20, 5},
};

/* Short: one operation and one error a call, in turn. Full: all of them. The seed chooses where the
   strides begin. */
static void sweep_calls(struct storage *storage, const struct sweep *sweep, int operation)
{
    int stride = storage->options.full ? sweep->stride_full : sweep->stride_short;
    int start = 1 + (int)((storage->options.seed + (uint64_t)(operation + 1)) % (uint64_t)stride);
    int misses = 0; /* one after the other: the operations differ in length */

    for (int n = start; misses < OP_KINDS && !rig_interrupted(); n += stride) {
        int turn = n + operation + 1;
        struct fault fault = {.operation = operation >= 0 ? operation : n % (OP_KINDS + 1),
                              .fresh = sweep->fresh,
                              .class = sweep->class,
                              .number = n,
                              .on = turn / (OP_KINDS + 1) % 2 == 1,
                              .error = errors[turn % (int)COUNT_OF(errors)]};
        if (sweep->fresh)
            fault.operation = n % 2 == 0 ? OP_CHARGE : OP_LINK;
        misses = try_fault(storage, &fault) && n < CALLS_MAX ? 0 : misses + 1;
    }
}

void storage_fault(struct storage *storage, int operation, int call)
{
    struct fault fault = {
        .operation = operation, .class = 'j', .number = call, .on = true, .error = EIO};

    try_fault(storage, &fault);
}

/* A label as a violation names it. */
static void one_again(struct storage *storage, const char *label)
{
    struct fault fault = {0};
    char home = 'w', rest[16] = "";

    if (sscanf(label, "%d%c%c%d%15s", &fault.operation, &home, &fault.class, &fault.number, rest) <
        4)
        return;
    fault.fresh = home == 'f';
    fault.on = rest[0] == '+';
    fault.error = (int)strtol(strchr(rest, ':') == NULL ? "5" : strchr(rest, ':') + 1, NULL, 10);
    if (!try_fault(storage, &fault))
        printf("storage: %s does not strike\n", label);
}

void storage_faults(struct storage *storage)
{
    if (storage->options.only != NULL) {
        one_again(storage, storage->options.only);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(sweeps); i++) {
        bool each = storage->options.full && sweeps[i].class == 'j' && !sweeps[i].fresh;
        for (int operation = each ? 0 : -1; operation <= (each ? (int)STORAGE_RECOVER : -1);
             operation++)
            sweep_calls(storage, &sweeps[i], operation);
        if (!rig_interrupted())
            printf("storage: calls of class %c%s: %d faults so far, %d violations\n",
                   sweeps[i].class, sweeps[i].fresh ? " in a first start" : "", storage->faults,
                   storage->violations);
    }
}
