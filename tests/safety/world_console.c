/* A console process: the real client, cache, journal and operations, opened as the program opens
   them, and its end: orderly, or killed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define POLL_MS    MINUTE
#define POLL_PAGES 12
#define NEWS_MS    50

/* --- lists on the screen: what holds ended rows against the API ------------------------------ */

static void on_hold(void *ctx)
{
    struct proc *proc = ctx;
    unsigned bits = proc->bits;

    proc->hold = NULL;
    proc->bits = 0;
    ops_hold_against_lists(proc->ops, bits);
}

static void hold_soon(struct proc *proc, unsigned bits, int64_t delay_ms)
{
    proc->bits |= bits;
    if (proc->hold == NULL)
        proc->hold = loop_timer_start(proc->loop, delay_ms, on_hold, proc);
}

/* The kernel tells the other consoles of the host that the journal was written to. */
static void tell_others(const struct proc *proc)
{
    for (int i = 0; i < WORLD_PROCS; i++) {
        struct proc *other = &world.procs[i];
        if (other != proc && other->host == proc->host && other->alive && !other->dying &&
            other->ops != NULL)
            hold_soon(other, CHANGED_JOURNAL, NEWS_MS);
    }
}

static void on_change(void *ctx, unsigned bits)
{
    struct proc *proc = ctx;

    if (bits & CHANGED_JOURNAL) {
        referee_moved(proc);
        tell_others(proc);
    }
    if ((bits & (CHANGED_PAYMENTS | CHANGED_MODIFICATIONS)) != 0 && proc->ops != NULL)
        hold_soon(proc, bits, 0);
}

struct poll { /* one list on its way into the cache */
    struct proc *proc;
    enum endpoint list;
    int page;
};

static void on_polled(void *ctx, const struct api_answer *answer);

static void ask(struct poll *poll, const char *cursor)
{
    struct api_request request = {.endpoint = poll->list,
                                  .query = {.page = poll->page, .limit = 100, .cursor = cursor},
                                  .done = on_polled,
                                  .ctx = poll};

    if (api_call(poll->proc->client, &request, NULL) == NULL)
        poll->page = 0;
}

static bool goes_on(const struct poll *poll, const struct api_answer *answer)
{
    const struct page_info *info = &answer->page;

    if (answer->count == 0 || poll->page >= POLL_PAGES || info->has_more == 0)
        return false;
    return info->total_pages < 0 || poll->page < info->total_pages;
}

static void on_polled(void *ctx, const struct api_answer *answer)
{
    struct poll *poll = ctx;

    if (answer->body != BODY_DATA || answer->http_status < 200 || answer->http_status > 299) {
        poll->page = 0;
        return;
    }
    cache_store(poll->proc->cache, answer->records, answer->count, SOURCE_LIST, NULL, NULL);
    bool more = goes_on(poll, answer);
    poll->page = more ? poll->page + 1 : 0;
    if (more)
        ask(poll, answer->page.next_cursor);
}

static struct poll polls[WORLD_PROCS][3];

void console_poll(void *ctx)
{
    static const enum endpoint lists[] = {EP_PAYMENTS, EP_MODIFICATIONS, EP_SESSIONS};
    struct proc *proc = ctx;
    bool patient = world.healthy && world.now - world.healthy_at > 30 * MINUTE;

    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct poll *poll = &polls[proc->index][i];
        if (poll->page != 0)
            continue; /* still under way */
        *poll = (struct poll){proc, lists[i], 1};
        ask(poll, NULL);
    }
    proc->poll = loop_timer_start(proc->loop, patient ? 10 * MINUTE : POLL_MS, console_poll, proc);
}

/* --- opening -------------------------------------------------------------------------------- */

static bool open_files(struct proc *proc, struct err *err)
{
    struct journal_settings who = {.person = "Ana", .version = "0"};
    char cache[96], journal[96];

    snprintf(cache, sizeof cache, "%s/cache.db", proc->host->folder);
    snprintf(journal, sizeof journal, "%s/journal.db", proc->host->folder);
    proc->journal = journal_open(journal, WEBCODE, ENV_TEST, &who, &proc->changes, err);
    if (proc->journal != NULL)
        proc->cache = cache_open(cache, WEBCODE, ENV_TEST, &proc->changes, err);
    return proc->cache != NULL;
}

static void open_inside(void *ctx)
{
    struct proc *proc = ctx;
    struct api_settings api = {.env = ENV_TEST,
                               .base_url = "https://api.example/external/v1/test/",
                               .webcode = WEBCODE,
                               .api_key = "test-key"};
    struct ops_settings ops = {.quiet_charge_ms = world.settings.quiet_charge,
                               .quiet_modification_ms = world.settings.quiet_modification,
                               .url_ok = "https://hotel.example/ok",
                               .url_ko = "https://hotel.example/ko"};
    struct err err = {0};

    memset(polls[proc->index], 0, sizeof polls[proc->index]);
    proc->changes = (struct changes){on_change, proc};
    proc->loop = loop_new();
    proc->client = api_client_new(proc->loop, &api, &err);
    if (!open_files(proc, &err)) {
        world_trace("cannot open: %s", err.detail);
        proc->dying = true;
        return;
    }
    proc->ops = ops_new(proc->loop, proc->client, proc->cache, proc->journal, NULL, &ops);
    ops_recover(proc->ops, NULL, NULL);
    proc->poll = loop_timer_start(proc->loop, SECOND, console_poll, proc);
    person_begin(proc);
    world_trace("console %d is open", proc->index);
}

bool console_open(struct proc *proc)
{
    proc->alive = true;
    proc->dying = proc->storage_failed = false;
    proc->stopped_until = 0;
    proc_enter(proc, open_inside, proc);
    console_bury_dead();
    return proc->alive;
}

/* --- the end -------------------------------------------------------------------------------- */

static void take_down(void *ctx)
{
    struct proc *proc = ctx;

    proc->changes.fn = NULL;
    ops_free(proc->ops);
    if (proc->client != NULL)
        api_client_free(proc->client);
    cache_close(proc->cache);
    journal_close(proc->journal);
    loop_free(proc->loop);
    proc->ops = NULL;
    proc->client = NULL;
    proc->cache = NULL;
    proc->journal = NULL;
    proc->loop = NULL;
    proc->poll = proc->act = proc->hold = proc->regret = NULL;
    proc->bits = 0;
    proc->alive = proc->dying = false;
}

void console_kill(struct proc *proc)
{
    proc->dying = true;
    disk_drop_process(proc);
}

void console_close(struct proc *proc)
{
    if (proc->alive)
        proc_enter(proc, take_down, proc);
}

static void reopen(void *ctx)
{
    struct proc *proc = ctx;

    if (!proc->alive && !proc->host->off && proc->host->asleep_until <= world.now)
        console_open(proc);
}

void power_returns(void *ctx)
{
    struct host *host = ctx;

    if (!host->off)
        return; /* it is on already */
    host_boot(host, dice_between(&world.fate, 10 * SECOND, MINUTE));
    world_trace("host %d boots", host->index);
    for (int i = 0; i < WORLD_PROCS; i++)
        if (world.procs[i].host == host && i % HOST_PROCS < world.settings.consoles[host->index] &&
            (i % HOST_PROCS == 0 || dice_chance(&world.fate, 600)))
            time_at(world.now + dice_between(&world.fate, SECOND, 2 * MINUTE), reopen,
                    &world.procs[i]);
}

static void lose_power(struct host *host)
{
    for (int i = 0; i < WORLD_PROCS; i++)
        if (world.procs[i].alive && world.procs[i].host == host) {
            console_kill(&world.procs[i]);
            proc_enter(&world.procs[i], take_down, &world.procs[i]);
        }
    disk_power_cut(host);
    host->cut = false;
    host->off = true;
    int64_t dark = world.healthy ? SECOND : dice_between(&world.fate, 10 * SECOND, 6 * MINUTE);
    time_at(world.now + dark, power_returns, host);
}

void console_bury_dead(void)
{
    for (int i = 0; i < WORLD_HOSTS; i++)
        if (world.hosts[i].cut)
            lose_power(&world.hosts[i]);
    for (int i = 0; i < WORLD_PROCS; i++) {
        struct proc *proc = &world.procs[i];
        if (!proc->alive || !proc->dying)
            continue;
        disk_drop_process(proc);
        proc_enter(proc, take_down, proc);
        figure_kills++;
        world_trace("console %d is buried", proc->index);
        time_at(world.now + (world.healthy ? SECOND
                                           : dice_between(&world.fate, 100, 4 * MINUTE)),
                reopen, proc);
    }
}
