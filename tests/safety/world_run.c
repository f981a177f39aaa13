/* One seed: draws a world, lets trouble happen, then heals it and waits until all has ended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "world.h"

int64_t figure_manual, figure_ambiguous, figure_intents, figure_posts, figure_executions,
    figure_kills, figure_runs;

static char folders[WORLD_HOSTS][64];

/* --- drawing a world ------------------------------------------------------------------------ */

static void draw_settings(void)
{
    static const int troubles[] = {50, 200, 400, 600, 850};
    static const int64_t quiets[] = {300, 300, 300, 180, 600};
    static const int64_t modification_quiets[] = {120, 300, 900, 1800};
    static const int64_t thinks[] = {2, 20, 60, 240};
    struct dice *plan = &world.plan;
    struct settings *set = &world.settings;

    *set = (struct settings){.acts = (int)dice_between(plan, 1, 5)};
    set->consoles[0] = dice_chance(plan, 600)   ? 1
                       : dice_chance(plan, 600) ? 2
                                                : (int)dice_between(plan, 3, HOST_PROCS);
    set->consoles[1] = dice_chance(plan, 120);
    set->trouble = troubles[dice_below(plan, COUNT_OF(troubles))];
    set->quiet_charge = quiets[dice_below(plan, COUNT_OF(quiets))] * SECOND;
    set->quiet_modification =
        modification_quiets[dice_below(plan, COUNT_OF(modification_quiets))] * SECOND;
    if (dice_chance(plan, 3))
        set->quiet_modification = DAY;
    set->think = thinks[dice_below(plan, COUNT_OF(thinks))] * SECOND;
    set->crashes = dice_chance(plan, 450);
    set->cuts = dice_chance(plan, 250);
    set->storage = dice_chance(plan, 200);
    set->clocks = dice_chance(plan, 250);
    set->sleeps = dice_chance(plan, 150);
    set->cache_drops = dice_chance(plan, 150);
    set->foreign = dice_chance(plan, 150);
    set->late_beyond = dice_chance(plan, 50);
}

static void begin_hosts(void)
{
    for (int i = 0; i < WORLD_HOSTS; i++) {
        struct host *host = &world.hosts[i];
        char path[96], cache[96];
        host->index = i;
        snprintf(host->folder, sizeof host->folder, "%s", folders[i]);
        host->utc_offset = SOME_TIME + dice_between(&world.plan, -2 * SECOND, 2 * SECOND);
        host_boot(host, dice_between(&world.plan, MINUTE, 10 * DAY));
        snprintf(path, sizeof path, "%s/journal.db", folders[0]);
        snprintf(cache, sizeof cache, "%s/journal.db", host->folder);
        disk_put_template(path, cache);
        snprintf(path, sizeof path, "%s/cache.db", folders[0]);
        snprintf(cache, sizeof cache, "%s/cache.db", host->folder);
        disk_put_template(path, cache);
    }
    for (int i = 0; i < WORLD_PROCS; i++) {
        world.procs[i].index = i;
        world.procs[i].host = &world.hosts[i / HOST_PROCS];
        world.procs[i].acts_left = world.settings.acts;
    }
}

/* --- troubles ------------------------------------------------------------------------------- */

static struct proc *some_proc(void)
{
    int live = 0;

    for (int i = 0; i < WORLD_PROCS; i++)
        live += world.procs[i].alive;
    int64_t at = dice_below(&world.fate, live);
    for (int i = 0; i < WORLD_PROCS; i++)
        if (world.procs[i].alive && at-- == 0)
            return &world.procs[i];
    return NULL;
}

static void trouble_kill(struct proc *proc)
{
    fault_note(FAULT_KILL);
    world_trace("console %d is killed", proc->index);
    console_kill(proc);
}

static void trouble_write(struct proc *proc)
{
    static const enum disk_fault kinds[] = {DISK_KILL_BEFORE, DISK_KILL_AFTER, DISK_KILL_TORN};

    disk_plan(proc->host, kinds[dice_below(&world.fate, COUNT_OF(kinds))],
              (int)dice_between(&world.fate, 1, 60), false);
}

static void trouble_cut(struct proc *proc)
{
    disk_plan(proc->host, DISK_CUT, (int)dice_between(&world.fate, 1, 60), false);
}

static void trouble_reboot(struct proc *proc)
{
    fault_note(FAULT_REBOOT);
    proc->host->cut = true;
}

static void trouble_disk(struct proc *proc)
{
    static const enum disk_fault kinds[] = {DISK_EIO, DISK_FULL, DISK_EIO_READ};
    enum disk_fault kind = kinds[dice_below(&world.fate, COUNT_OF(kinds))];
    int most = kind == DISK_EIO_READ ? 10 : 40;

    disk_plan(proc->host, kind, (int)dice_between(&world.fate, 1, most),
              dice_chance(&world.fate, 400));
}

static void trouble_clock(struct proc *proc)
{
    static const int64_t jumps[] = {SECOND, HOUR, DAY, 3652 * DAY};
    int64_t jump = jumps[dice_below(&world.fate, COUNT_OF(jumps))];

    fault_note(FAULT_JUMP);
    proc->host->utc_offset += dice_chance(&world.fate, 500) ? jump : -jump;
}

static void trouble_sleep(struct proc *proc)
{
    bool long_one = dice_chance(&world.fate, 200);
    int64_t most = long_one ? 8 * HOUR : 10 * MINUTE;

    fault_note(FAULT_SLEEP);
    proc->host->asleep_until = world.now + dice_between(&world.fate, SECOND, most);
}

static void trouble_stop(struct proc *proc)
{
    fault_note(FAULT_STOP);
    proc->stopped_until = world.now + dice_between(&world.fate, 100, 8 * MINUTE);
}

/* The cache is derived data: it may go whenever nobody has it open. */
static void trouble_cache(struct proc *proc)
{
    char path[96];

    fault_note(FAULT_CACHE_GONE);
    world_trace("the cache of host %d goes", proc->host->index);
    for (int i = 0; i < WORLD_PROCS; i++)
        if (world.procs[i].alive && world.procs[i].host == proc->host)
            console_kill(&world.procs[i]);
    console_bury_dead();
    snprintf(path, sizeof path, "%s/cache.db", proc->host->folder);
    disk_forget(path);
    char from[96];
    snprintf(from, sizeof from, "%s/cache.db", folders[0]);
    disk_put_template(from, path);
}

static void on_trouble(void *ctx)
{
    void (*const *trouble)(struct proc *proc) = ctx;
    struct proc *proc = some_proc();

    if (proc != NULL && !world.healthy)
        (*trouble)(proc);
}

static void plan_troubles(int64_t span)
{
    static void (*const kinds[])(struct proc *proc) = {
        trouble_kill,  trouble_write, trouble_cut,  trouble_reboot, trouble_disk,
        trouble_clock, trouble_sleep, trouble_stop, trouble_cache};
    const struct settings *set = &world.settings;
    const int counts[] = {set->crashes,     set->crashes * 3, set->cuts * 2,
                          set->cuts,        set->storage * 3, set->clocks * 2,
                          set->sleeps,      set->sleeps,      set->cache_drops};

    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        for (int j = 0; j < counts[i]; j++)
            time_at(dice_below(&world.plan, span), on_trouble, (void *)&kinds[i]);
    for (int i = 0; set->foreign && i < 3; i++)
        time_at(dice_below(&world.plan, span), server_foreign, NULL);
    for (int i = 0; i < 2; i++)
        time_at(dice_below(&world.plan, span), server_guest, NULL);
}

/* A process whose disk gave trouble is started anew by its person, after a while. */
static void restart_troubled(void)
{
    for (int i = 0; i < WORLD_PROCS; i++) {
        struct proc *proc = &world.procs[i];
        if (proc->alive && !proc->dying && proc->storage_failed &&
            (world.healthy || dice_chance(&world.fate, 100)))
            console_kill(proc);
    }
    console_bury_dead();
}

/* --- the run -------------------------------------------------------------------------------- */

static void heal(void)
{
    world.healthy = true;
    world.healthy_at = world.now;
    world_trace("the world is healed");
    for (int i = 0; i < WORLD_HOSTS; i++) {
        disk_plan(&world.hosts[i], DISK_NONE, 0, false);
        if (world.hosts[i].asleep_until > world.now)
            world.hosts[i].asleep_until = world.now;
    }
    for (int i = 0; i < WORLD_PROCS; i++)
        world.procs[i].stopped_until = 0;
    restart_troubled();
    for (int i = 0; i < WORLD_HOSTS; i++)
        power_returns(&world.hosts[i]);
    for (int i = 0; i < WORLD_HOSTS; i++)
        if (world.settings.consoles[i] > 0 && !world.procs[i * HOST_PROCS].alive)
            console_open(&world.procs[i * HOST_PROCS]);
}

/* The last moment at which something new may still happen at the server by itself. */
static int64_t server_settles(void)
{
    int64_t last = world.now;

    for (int i = 0; i < server.key_count; i++)
        if (server.keys[i].running)
            return INT64_MAX;
    for (int i = 0; i < server.modification_count; i++) {
        const struct srv_modification *row = &server.modifications[i];
        last = row->ends_at > last ? row->ends_at : last;
        last = row->flips_at > last ? row->flips_at : last;
    }
    for (int i = 0; i < server.payment_count; i++)
        if (server.payments[i].flips_at > last)
            last = server.payments[i].flips_at;
    return last;
}

static bool has_settled(void)
{
    return server_settles() <= world.now && referee_all_ended();
}

static void recover(void)
{
    int64_t most = world.now + 2 * DAY, quiet_since = INT64_MAX, next_look = 0;

    while (world.now < most && world.violations == 0 && time_step()) {
        if (world.now < next_look)
            continue;
        next_look = world.now + 10 * SECOND;
        restart_troubled();
        referee_check_patience();
        if (!has_settled())
            quiet_since = INT64_MAX;
        else if (quiet_since == INT64_MAX)
            quiet_since = world.now;
        else if (world.now - quiet_since > 12 * MINUTE ||
                 (world.now - world.healthy_at < 30 * MINUTE &&
                  world.now - quiet_since > 100 * SECOND))
            return;
    }
    if (world.violations == 0)
        world_violation("it never ends");
}

static void begin(uint64_t seed)
{
    memset(&world, 0, sizeof world);
    world.seed = seed;
    world.hash = UINT64_C(14695981039346656037);
    world.plan.state = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    world.fate.state = dice_next(&world.plan);
    world.ids.state = dice_next(&world.plan);
    world.person.state = dice_next(&world.plan);
    memcpy(world.hosts[0].folder, folders[0], sizeof folders[0]);
    memcpy(world.hosts[1].folder, folders[1], sizeof folders[1]);
    time_begin();
    disk_begin();
    transfer_begin();
    draw_settings();
    faults_begin();
    server_begin();
    begin_hosts();
}

bool world_run(uint64_t seed, uint64_t *hash)
{
    begin(seed);
    int64_t span = world.settings.think * world.settings.acts / 2 + 4 * MINUTE;
    /* In some worlds the verdicts fall while trouble goes on. */
    if (dice_chance(&world.plan, 350))
        span += world.settings.quiet_charge + 5 * MINUTE;
    plan_troubles(span);
    for (int i = 0; i < WORLD_PROCS; i++)
        if (i % HOST_PROCS < world.settings.consoles[i / HOST_PROCS])
            console_open(&world.procs[i]);
    while (world.violations == 0 && time_next() <= span && time_step())
        restart_troubled();
    if (world.now < span)
        world.now = span;
    heal();
    recover();
    if (world.violations == 0)
        referee_final();
    for (int i = 0; i < WORLD_PROCS; i++)
        console_close(&world.procs[i]);
    time_end();
    transfer_end();
    server_end();
    figure_runs++;
    *hash = world.hash;
    return world.violations == 0;
}

/* --- templates ------------------------------------------------------------------------------ */

/* One journal and one cache, made by the program itself; every seed begins with copies of them. */
void world_prepare(const char *folder)
{
    char path[96];

    disk_register();
    memset(&world, 0, sizeof world);
    for (int i = 0; i < WORLD_HOSTS; i++) {
        snprintf(folders[i], sizeof folders[i], "%s/%d", folder, i);
        mkdir(folders[i], 0700);
        memcpy(world.hosts[i].folder, folders[i], sizeof folders[i]);
    }
    time_begin();
    disk_begin();
    host_boot(&world.hosts[0], MINUTE);
    world.procs[0].host = &world.hosts[0];
    world.settings.quiet_charge = world.settings.quiet_modification = MINUTE;
    console_open(&world.procs[0]);
    console_close(&world.procs[0]);
    snprintf(path, sizeof path, "%s/journal.db", folders[0]);
    disk_keep_template(path);
    snprintf(path, sizeof path, "%s/cache.db", folders[0]);
    disk_keep_template(path);
    time_end();
}
