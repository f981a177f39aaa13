/* Damaged journals: copies of one that real operations made, with bytes flipped, ends cut off,
   pages zeroed and swapped, side files torn, and files that are something else altogether. The real
   program must neither crash nor hang, must say a sentence, must send no charge unless the content
   is what it was, and must leave the file as it found it.
   usage: damage [--short | --full] [--seed N] [--count N] [--at N] [--program FILE] */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support_damage.h"

#define LIMIT_MS 5000

static struct damage all; /* one a process: signal handlers and helpers share it */

static void violation(const char *what, uint64_t n, const char *name)
{
    all.violations++;
    printf("VIOLATION --seed %" PRIu64 " --at %" PRIu64 " %s: %s (status %d, said: %.200s)\n",
           all.seed, n, name, what, all.ran.status, all.ran.said);
}

static uint64_t draw(void)
{
    uint64_t z = all.state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static size_t draw_below(size_t end)
{
    return (size_t)(draw() % (end == 0 ? 1 : end));
}

/* --- damage ---------------------------------------------------------------------------------- */

#define PAGE 4096

static void flip(struct blob *blob)
{
    for (uint64_t count = 1 + draw() % 8; count > 0; count--)
        blob->bytes[draw_below(blob->len)] ^= (char)(1u << draw() % 8);
}

static void flip_header(struct blob *blob)
{
    blob->bytes[draw_below(blob->len < 100 ? blob->len : 100)] ^= (char)(1u << draw() % 8);
}

static void cut(struct blob *blob)
{
    blob->len = 1 + draw_below(blob->len - 1);
}

static void zero_page(struct blob *blob)
{
    size_t page = draw_below(blob->len / PAGE);

    memset(blob->bytes + page * PAGE, 0, blob->len < PAGE ? blob->len : PAGE);
}

static void swap_pages(struct blob *blob)
{
    char keep[PAGE];
    size_t pages = blob->len / PAGE;

    if (pages < 2)
        return;
    char *a = blob->bytes + draw_below(pages) * PAGE, *b = blob->bytes + draw_below(pages) * PAGE;
    memcpy(keep, a, PAGE);
    memcpy(a, b, PAGE);
    memcpy(b, keep, PAGE);
}

static void junk_run(struct blob *blob)
{
    size_t at = draw_below(blob->len), count = 1 + draw_below(600);

    for (size_t i = at; i < blob->len && i < at + count; i++)
        blob->bytes[i] = (char)draw();
}

static const struct {
    const char *name;
    void (*damage)(struct blob *blob);
    bool side; /* of the side file, beside a file with half a change in it */
} kinds[] = {
    {"bytes flipped", flip, false},
    {"header flipped", flip_header, false},
    {"cut", cut, false},
    {"page zeroed", zero_page, false},
    {"pages swapped", swap_pages, false},
    {"junk", junk_run, false},
    {"side file flipped", flip, true},
    {"side file header flipped", flip_header, true},
    {"side file cut", cut, true},
    {"side file junk", junk_run, true},
};

/* --- one damaged copy ------------------------------------------------------------------------ */

static const char *const commands[] = {"journal", "recover", "charge"};

/* What is laid out before each run. */
struct layout {
    struct blob file, side; /* side.len 0: none */
};

static void lay_out(const struct layout *layout)
{
    damage_clear(&all);
    blob_write(&layout->file, all.journal);
    if (layout->side.len > 0)
        blob_write(&layout->side, all.side);
}

/* With a sentence, as trouble of this machine or as not allowed. */
static bool refused(void)
{
    return (all.ran.status == 5 || all.ran.status == 6) && all.ran.said[0] != '\0';
}

static void try_copy(const struct layout *layout, uint64_t n, const char *name)
{
    struct blob now = {0};

    lay_out(layout);
    bool same =
        damage_same_content(&all); /* opens it as SQLite does, on a copy that is thrown away */
    all.same += same;
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        lay_out(layout);
        uint64_t before = damage_posts(&all);
        damage_run(&all, commands[i], LIMIT_MS);
        uint64_t sent = damage_posts(&all) - before;
        if (all.stopped) /* the same signal may have ended the program */
            break;
        if (all.ran.status >= 128)
            violation("it crashed or took too long", n, name);
        if (sent > (i == 2 && same))
            violation("a charge was sent", n, name);
        if (same)
            continue;
        if ((i > 0 || all.ran.status != 0) && !refused())
            violation("it did not refuse with a sentence", n, name);
        blob_read(&now, all.journal);
        if (layout->side.len == 0 && !blob_equal(&now, &layout->file))
            violation("the file was changed", n, name);
    }
    blob_done(&now);
}

static void try_damage(uint64_t n)
{
    struct layout layout = {0};

    all.state = all.seed * UINT64_C(1000003) + n;
    size_t kind = (size_t)(n % COUNT_OF(kinds));
    blob_copy(&layout.file, kinds[kind].side ? &all.half : &all.base);
    if (kinds[kind].side)
        blob_copy(&layout.side, &all.half_side);
    kinds[kind].damage(kinds[kind].side ? &layout.side : &layout.file);
    try_copy(&layout, n, kinds[kind].name);
    blob_done(&layout.file);
    blob_done(&layout.side);
}

/* --- what is no journal of ours -------------------------------------------------------------- */

static void sql(const char *text)
{
    sqlite3 *raw = NULL;

    sqlite3_open(all.journal, &raw);
    sqlite3_exec(raw, text, NULL, NULL, NULL);
    sqlite3_close(raw);
}

static void newer(void)
{
    sql("PRAGMA user_version = 99");
}

static void other_program(void)
{
    sql("PRAGMA application_id = 7");
}

static void other_property(void)
{
    sql("UPDATE identity SET webcode = 'HOTEL8'");
}

static void other_environment(void)
{
    sql("UPDATE identity SET env = 'live'");
}

static void no_database(void)
{
    struct blob text = {.bytes = (char *)"This is a letter, not a journal.\n", .len = 33};

    blob_write(&text, all.journal);
}

static void folder(void)
{
    unlink(all.journal);
    mkdir(all.journal, 0700);
}

static void symbolic_link(void)
{
    rename(all.journal, all.elsewhere);
    if (symlink(all.elsewhere, all.journal) != 0)
        perror("symlink");
}

static void hard_link(void)
{
    if (link(all.journal, all.elsewhere) != 0)
        perror("link");
}

static void readable_by_all(void)
{
    chmod(all.journal, 0644);
}

static void of_another_user(void)
{
    if (chown(all.journal, 12345, 12345) != 0)
        perror("chown");
}

static void read_only(void)
{
    all.mount_read_only = true;
}

static const struct {
    const char *name;
    void (*make)(void);
} others[] = {
    {"newer schema", newer},
    {"file of another program", other_program},
    {"of another property", other_property},
    {"of another environment", other_environment},
    {"not a database", no_database},
    {"a folder", folder},
    {"symbolic link", symbolic_link},
    {"hard link", hard_link},
    {"readable by all", readable_by_all},
    {"of another user", of_another_user},
    {"on a read-only file system", read_only},
};

/* False: not all could be tried. */
static bool try_others(void)
{
    size_t good_ones = 0;
    bool all_tried = true;

    for (size_t i = 0; i < COUNT_OF(others) && !all.stopped; i++) {
        if (geteuid() != 0 && (others[i].make == of_another_user || others[i].make == read_only)) {
            printf("only root can try: %s\n", others[i].name);
            all_tried = false;
            continue;
        }
        struct layout layout = {0};
        blob_copy(&layout.file, &all.base);
        lay_out(&layout);
        others[i].make();
        uint64_t before = damage_posts(&all);
        damage_run(&all, "charge", LIMIT_MS);
        all.mount_read_only = false;
        bool good = damage_posts(&all) == before && refused();
        if (!good && !all.stopped)
            violation("it did not refuse with a sentence", i, others[i].name);
        printf("%s: status %d, %.150s\n", others[i].name, all.ran.status, all.ran.said);
        good_ones += good;
        blob_done(&layout.file);
    }
    printf("= foreign files refused: %zu of %zu\n", good_ones, COUNT_OF(others));
    return all_tried;
}

/* --- a file of the first version, and the program killed while it carries it over ------------ */

static bool load_old(struct blob *old)
{
    struct blob text = {0};
    sqlite3 *raw = NULL;

    blob_read(&text, "tests/fixtures/journal_v1.sql");
    damage_clear(&all);
    sqlite3_open(all.journal, &raw);
    if (text.len > 0) {
        text.bytes[text.len] = '\0';
        sqlite3_exec(raw, text.bytes, NULL, NULL, NULL);
    }
    sqlite3_close(raw);
    blob_read(old, all.journal);
    bool good = text.len > 0 && old->len > 0;
    blob_done(&text);
    return good;
}

/* False: it came to its end. It is all old, with a copy made or not, or all new with a whole copy;
   and the next start brings it to its end. */
static bool kill_once(const struct blob *old, const char *when, uint64_t n)
{
    char copy[200];

    snprintf(copy, sizeof copy, "%s.v1", all.journal);
    unlink(copy);
    damage_clear(&all);
    blob_write(old, all.journal);
    setenv("LD_PRELOAD", all.shim, 1);
    setenv("SHIM_ONLY", "j", 1);
    setenv("SHIM_KILL", when, 1);
    damage_run(&all, "journal", LIMIT_MS);
    unsetenv("LD_PRELOAD");
    bool killed = all.ran.status == 128 + SIGKILL;
    int64_t version = damage_number(all.journal, "PRAGMA user_version");
    int64_t entries = damage_number(all.journal, "SELECT count(*) FROM audit");
    int64_t content = damage_number(
        all.journal, "SELECT count(*) FROM pragma_table_info('audit') WHERE name = 'content'");
    if (!(version == 1 && entries == 33 && content == 0) &&
        !(version == 2 && entries == 40 && content == 1))
        violation("neither old nor new", n, when);
    damage_run(&all, "journal", LIMIT_MS);
    if (all.ran.status != 0 || damage_number(all.journal, "PRAGMA user_version") != 2)
        violation("the next start does not carry it over", n, when);
    if (damage_number(copy, "PRAGMA user_version") != 1 ||
        damage_number(copy, "SELECT count(*) FROM audit") != 33)
        violation("the copy of the old file is not whole", n, when);
    unlink(copy);
    return killed;
}

/* False: it could not be tried. */
static bool try_migration(void)
{
    static const char *const moments[] = {"", "+", "~"};
    struct blob old = {0};
    uint64_t kills = 0;

    if (access(all.shim, R_OK) != 0 || !load_old(&old)) {
        printf("not tried, %s or tests/fixtures/journal_v1.sql is not there: migration\n",
               all.shim);
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(moments); i++)
        for (uint64_t n = 1; !all.stopped; n += all.full ? 1 : 7, kills++) {
            char when[32];
            snprintf(when, sizeof when, "%" PRIu64 "%s", n, moments[i]);
            if (!kill_once(&old, when, n))
                break;
        }
    blob_done(&old);
    printf("= migrations killed: %" PRIu64 "\n", kills);
    if (kills < (all.full ? 100 : 10) && !all.stopped)
        violation("too few migrations were killed", kills, "migration");
    return true;
}

/* --- main ------------------------------------------------------------------------------------ */

static void stop(int signal)
{
    (void)signal;
    all.stopped = 1;
}

static bool parse(char **words, uint64_t *count, int64_t *at)
{
    for (; *words != NULL; words++) {
        bool value = words[1] != NULL;
        if (strcmp(*words, "--full") == 0 || strcmp(*words, "--short") == 0) {
            all.full = words[0][2] == 'f';
            *count = all.full ? 2000 : 60;
        } else if (strcmp(*words, "--seed") == 0 && value)
            all.seed = strtoull(*++words, NULL, 10);
        else if (strcmp(*words, "--count") == 0 && value)
            *count = strtoull(*++words, NULL, 10);
        else if (strcmp(*words, "--at") == 0 && value)
            *at = strtoll(*++words, NULL, 10);
        else if (strcmp(*words, "--program") == 0 && value)
            all.program = *++words;
        else
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    uint64_t count = 60, done = 0;
    int64_t at = -1;
    bool whole = true;
    char beside[4096], shim[4096];

    snprintf(beside, sizeof beside, "%s/../../avirato-console", damage_folder_of(argv[0]));
    all.program = beside;
    snprintf(shim, sizeof shim, "%s/shim.so", damage_folder_of(argv[0]));
    all.shim = shim;
    all.seed = 1;
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    if (argc < 1 || !parse(argv + 1, &count, &at) || !damage_open(&all)) {
        fprintf(stderr, "usage: damage [--short | --full] [--seed N] [--count N] [--at N]"
                        " [--program FILE]\n");
        damage_close(&all);
        return 2;
    }
    if (at >= 0)
        try_damage((uint64_t)at);
    for (uint64_t n = 0; at < 0 && n < count && !all.stopped; n++) {
        try_damage(n);
        done++;
        if (n % 200 == 199)
            printf("%" PRIu64 " damaged copies\n", n + 1);
        fflush(stdout);
    }
    if (at < 0 && !all.stopped) {
        whole = try_others() || !all.full; /* the rest needs no root */
        whole = try_migration() && whole;
        if (all.same == done)
            violation("no copy was really damaged", done, "damage");
    }
    printf("= damaged journals: %" PRIu64 ", of them with their content whole: %" PRIu64 "\n",
           at < 0 ? done : 1, all.same);
    printf("= damage violations: %" PRIu64 "\n", all.violations);
    damage_close(&all);
    if (all.stopped || !whole)
        fprintf(stderr, "damage: %s\n", all.stopped ? "interrupted" : "not all could be tried");
    return all.stopped ? 2 : all.violations > 0 ? 1 : whole ? 0 : 2;
}
