#include "support_memory.h"
#include "../support_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEAK_MAX 16384 /* bytes */

static char shims[1200];         /* for LD_PRELOAD: both, and the one */
static const char *only_shim;
static struct crash_kept first, left; /* the two sets of files that flows start from */

/* --- the scene ------------------------------------------------------------------------------- */

bool memory_open(struct crash_scene *scene, const char *self)
{
    const char *slash = strrchr(self, '/');
    char path[600], folder[160];

    snprintf(path, sizeof path, "%.*s/memory_shim.so", slash == NULL ? 1 : (int)(slash - self),
             slash == NULL ? "." : self);
    char *whole = realpath(path, NULL);
    if (whole == NULL) {
        fprintf(stderr, "memory: %s is missing\n", path);
        return false;
    }
    only_shim = scene->shim;
    snprintf(shims, sizeof shims, "%s:%s", scene->shim, whole);
    free(whole);
    first = scene->kept;
    /* An export is written where the console was started. */
    snprintf(folder, sizeof folder, "%s/work", scene->folder);
    return mkdir(folder, 0700) == 0 && chdir(folder) == 0;
}

/* The call at which a charge has left and its answer is there to be read, 0: none such. */
static int find_answer(const char *log_path)
{
    FILE *log = fopen(log_path, "re");
    char line[600], class, name[12];
    bool written = false, sent = false;
    int at = 0, number;

    while (log != NULL && at == 0 && fgets(line, sizeof line, log) != NULL) {
        if (sscanf(line, "%d %c %11s", &number, &class, name) != 3)
            continue;
        if (sent && strcmp(name, "recv") == 0)
            at = number;
        sent |= written && strcmp(name, "send") == 0; /* bytes that waited for the journal */
        written = class == 'j' || (written && class != 'n');
    }
    if (log != NULL)
        fclose(log);
    return at;
}

/* Keeps the files of a desk whose console was killed while a charge was on its way. */
static bool leave_charge(struct crash_scene *scene)
{
    char log[160], kill[16];
    struct crash_run run = {.words = {"charge", "--terminal", "V400m-TEST-000001", "--amount",
                                      "31.00", "--yes"},
                            .log = log,
                            .patient = true};

    scene->kept = first;
    scene->shim = only_shim;
    snprintf(log, sizeof log, "%s/calls", scene->folder);
    crash_reset(scene, false);
    crash_do(scene, &run);
    snprintf(kill, sizeof kill, "%d", find_answer(log));
    unlink(log);
    run.log = NULL;
    run.kill = kill;
    crash_reset(scene, false);
    crash_do(scene, &run);
    if (!run.killed)
        crash_violation(scene, "no charge could be left on its way: %s, %.200s", kill, run.err);
    crash_keep(scene, "left");
    left = scene->kept;
    return run.killed;
}

static void empty_folder(void)
{
    DIR *dir = opendir(".");

    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.')
            unlink(entry->d_name);
    if (dir != NULL)
        closedir(dir);
}

bool memory_reset(struct crash_scene *scene, const struct memory_flow *flow)
{
    if (flow->left && left.folder == NULL && !leave_charge(scene))
        return false;
    scene->kept = flow->left ? left : first;
    crash_reset(scene, flow->fresh);
    empty_folder();
    return true;
}

/* --- a run ----------------------------------------------------------------------------------- */

const char *memory_log_path(const struct crash_scene *scene)
{
    static char path[160];

    snprintf(path, sizeof path, "%s/requests", scene->folder);
    return path;
}

static void set_words(const struct crash_scene *scene, struct memory_run *run)
{
    for (size_t i = 0; run->flow->words[i] != NULL; i++) {
        const char *word = run->flow->words[i];
        run->crash.words[i] = strcmp(word, "PAYMENT") == 0 ? scene->payment
                              : strcmp(word, "HOLD") == 0  ? scene->hold
                                                           : word;
    }
}

void memory_prepare(struct crash_scene *scene, struct memory_run *run, struct memory_case what,
                    bool with_log)
{
    size_t n = 0;

    scene->shim = shims;
    set_words(scene, run);
    run->crash.patient = what.at == 0;
    run->crash.judged = true;
    run->crash.more = run->more;
    snprintf(run->mark, sizeof run->mark, "MEMORY_MARK=%s/mark", scene->folder);
    unlink(strchr(run->mark, '=') + 1);
    run->more[n++] = run->mark;
    if (what.at != 0) {
        snprintf(run->fail, sizeof run->fail, "MEMORY_FAIL=%u%s", what.at, what.on ? "+" : "");
        run->more[n++] = run->fail;
    }
    if (with_log) {
        unlink(memory_log_path(scene));
        snprintf(run->log, sizeof run->log, "MEMORY_LOG=%s", memory_log_path(scene));
        run->more[n++] = run->log;
    }
    run->more[n] = NULL;
}

/* What the shim wrote down: where it struck, and what was left at an orderly end. */
static void read_mark(struct memory_run *run)
{
    FILE *file = fopen(strchr(run->mark, '=') + 1, "re");
    char line[1700];

    run->left = LONG_MIN;
    run->struck = false;
    run->trail[0] = run->crash_trail[0] = '\0';
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "struck", 6) == 0) {
            run->struck = true;
            memcpy(run->trail, line, sizeof line);
        }
        if (strncmp(line, "crashed", 7) == 0)
            memcpy(run->crash_trail, line, sizeof line);
        sscanf(line, "left %ld", &run->left);
    }
    if (file != NULL)
        fclose(file);
}

/* What an export has written, into out. */
static void read_export(char *out, size_t size)
{
    DIR *dir = opendir(".");

    out[0] = '\0';
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        int fd = entry->d_name[0] == '.' ? -1 : open(entry->d_name, O_RDONLY | O_CLOEXEC);
        ssize_t got = fd < 0 ? -1 : read(fd, out, size - 1);
        if (got >= 0)
            out[got] = '\0';
        if (fd >= 0)
            close(fd);
    }
    if (dir != NULL)
        closedir(dir);
}

const char *memory_calm_output(struct crash_scene *scene, const struct memory_flow *flow)
{
    static struct {
        const struct memory_flow *flow;
        char out[4096];
    } calm[MEMORY_FLOWS_MAX];
    static struct memory_totals none; /* of no interest */
    struct memory_run run = {.flow = flow, .totals = &none};
    size_t i = 0;

    if (!flow->same)
        return NULL;
    while (calm[i].flow != NULL && calm[i].flow != flow)
        i++;
    if (calm[i].flow == NULL) {
        calm[i].flow = flow;
        memory_reset(scene, flow);
        memory_prepare(scene, &run, (struct memory_case){0, false}, false);
        memory_play(scene, &run);
        snprintf(calm[i].out, sizeof calm[i].out, "%s", run.crash.out);
        if (calm[i].out[0] == '\0')
            crash_violation(scene, "%s: nothing to compare with", flow->name);
    }
    return calm[i].out;
}

void memory_play(struct crash_scene *scene, struct memory_run *run)
{
    if (run->flow->steps == NULL) {
        crash_do(scene, &run->crash);
    } else {
        memory_play_screen(scene, run);
        if (run->flow->same)
            read_export(run->crash.out, sizeof run->crash.out);
    }
    scene->shim = only_shim;
    read_mark(run);
}

/* --- what must hold -------------------------------------------------------------------------- */

static bool said(const struct memory_run *run, const char *text)
{
    return strstr(run->crash.err, text) != NULL;
}

/* Where libraries take memory for granted and crash by themselves: the C library (2.36) in looking
   for the name of a user and in opening a catalogue, ncurses (6.4) in starting a screen and in
   writing to it. All but the last come before anything can be on its way. */
static bool is_foreign(const struct memory_run *run)
{
    static const char *const places[] = {
        "libc.so.6:getpwuid_r", "libc.so.6:__gconv_open", "libncursesw.so.6:newterm",
        "libtinfo.so.6:_nc_find_type_entry", "libtinfo.so.6:_nc_tiparm"};

    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (strstr(run->crash_trail, places[i]) != NULL)
            return true;
    return false;
}

/* The status sums up what was said, and says no more than is true. */
static void check_status(struct crash_scene *scene, const struct memory_run *run)
{
    const struct crash_run *crash = &run->crash;
    int status = crash->status;
    bool at_once = status == MEM_EXIT && said(run, "out of memory; what was on its way");
    bool asked = run->flow->money && !run->flow->left && run->flow->steps == NULL;
    bool not_done = status == 1 || status == 4 || (status == MEM_EXIT && !at_once);

    if (crash->killed || crash->hung) /* of which something has been said already */
        return;
    if (status > 128 && is_foreign(run)) {
        atomic_fetch_add(&run->totals->foreign, 1);
        return;
    }
    if (status > 128)
        crash_violation(scene, "ended by signal %d: %.300s", status - 128, crash->err);
    else if (status < 0 || status > 5 || status == 2)
        crash_violation(scene, "ended with %d: %.300s", status, crash->err);
    else if (status != 0 && crash->err[0] == '\0')
        crash_violation(scene, "ended with %d without a word", status);
    else if (asked && ((status == 0 && scene->executed == 0) || (not_done && scene->executed > 0)))
        crash_violation(scene, "ended with %d, %d executed: %.300s", status, (int)scene->executed,
                        crash->err);
    atomic_fetch_add(at_once       ? &run->totals->ended
                     : status == 0 ? &run->totals->done
                                   : &run->totals->told,
                     1);
}

/* Not told as an error, so it must be what an unharmed run says. */
static void check_output(struct crash_scene *scene, const struct memory_run *run)
{
    bool finished = run->flow->steps == NULL ? run->crash.status == 0 : said(run, WROTE);
    const char *calm = memory_calm_output(scene, run->flow);

    if (finished && calm != NULL && strcmp(run->crash.out, calm) != 0)
        crash_violation(scene, "printed or wrote something else:\n%.600s\ninstead of\n%.600s",
                        run->crash.out, calm);
}

/* Of a process that went on as if nothing were; one that is about to end need not tidy up. */
static void check_leaks(struct crash_scene *scene, const struct memory_run *run)
{
    bool went_on = run->crash.status == 0 && run->left != LONG_MIN;
    long more = went_on ? run->left - run->plan->left : 0;
    long long most = run->totals->most_left;

    while (more > most && !atomic_compare_exchange_weak(&run->totals->most_left, &most, more))
        ;
    if (more > LEAK_MAX)
        crash_violation(scene, "%ld bytes were not given back", more);
}

void memory_judge(struct crash_scene *scene, struct memory_run *run)
{
    unsigned long long before = scene->totals->violations;

    if (run->flow->money) {
        crash_settle(scene);
        crash_judge(scene);
    }
    if (!run->struck)
        return;
    check_status(scene, run);
    check_output(scene, run);
    check_leaks(scene, run);
    if (scene->totals->violations > before)
        printf("    %s\n    %s\n", run->trail, run->crash_trail);
}
