/* Virtual time: one queue for timers of all loops and for events of the world. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

struct world world;
bool world_tracing;

/* --- chance --------------------------------------------------------------------------------- */

/* splitmix64: any seed gives a good sequence at once. */
uint64_t dice_next(struct dice *dice)
{
    uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

int64_t dice_below(struct dice *dice, int64_t bound)
{
    return bound <= 1 ? 0 : (int64_t)(dice_next(dice) % (uint64_t)bound);
}

int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
    return low + dice_below(dice, high - low + 1);
}

bool dice_chance(struct dice *dice, int per_mille)
{
    return dice_below(dice, 1000) < per_mille;
}

/* --- the trace ------------------------------------------------------------------------------ */

void world_trace(const char *format, ...)
{
    char line[600];
    va_list args;
    int head = snprintf(line, sizeof line, "%8lld.%03d %c ", (long long)(world.now / 1000),
                        (int)(world.now % 1000),
                        world.running == NULL ? '-' : (char)('A' + world.running->index));

    va_start(args, format);
    vsnprintf(line + head, sizeof line - (size_t)head, format, args);
    va_end(args);
    for (const char *at = line; *at != '\0'; at++)
        world.hash = (world.hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    if (world_tracing)
        puts(line);
}

void world_violation(const char *format, ...)
{
    char what[300];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    world_trace("VIOLATION %s", what);
    if (world.violations++ == 0)
        snprintf(world.first_violation, sizeof world.first_violation, "%s", what);
}

/* --- clocks --------------------------------------------------------------------------------- */

static const struct host *clock_host(void)
{
    return world.running == NULL ? &world.hosts[0] : world.running->host;
}

static int64_t read_utc(void)
{
    return world.now + clock_host()->utc_offset;
}

static int64_t read_boot(void)
{
    const struct host *host = clock_host();

    return host->boot_base + world.now - host->booted_at;
}

static const char *read_boot_id(void)
{
    return clock_host()->boot_id;
}

static void read_random(void *out, size_t len)
{
    unsigned char *at = out;

    for (size_t i = 0; i < len; i++)
        at[i] = (unsigned char)dice_next(&world.ids);
}

void host_boot(struct host *host, int64_t base)
{
    random_uuid(host->boot_id);
    host->booted_at = world.now;
    host->boot_base = base;
    host->asleep_until = 0;
    host->cut = host->off = false;
}

/* --- the queue ------------------------------------------------------------------------------ */

struct loop {
    struct proc *proc; /* NULL: the world's own */
};

struct loop_timer {
    struct loop_timer *next;
    struct loop *loop;
    int64_t due;
    uint64_t serial;
    loop_fn fn;
    void *ctx;
};

static struct loop_timer *queue;
static uint64_t serial;
static struct loop world_loop;

static struct loop_timer *queue_add(struct loop *loop, int64_t due, loop_fn fn, void *ctx)
{
    struct loop_timer *timer = mem_alloc(sizeof *timer);

    *timer = (struct loop_timer){queue, loop, due, serial++, fn, ctx};
    queue = timer;
    return timer;
}

static void queue_drop(struct loop_timer *timer)
{
    struct loop_timer **at = &queue;

    while (*at != timer)
        at = &(*at)->next;
    *at = timer->next;
    free(timer);
}

/* When it can run: not while its process is stopped or its host sleeps. */
static int64_t effective(const struct loop_timer *timer)
{
    const struct proc *proc = timer->loop->proc;
    int64_t due = timer->due;

    if (proc != NULL && proc->stopped_until > due)
        due = proc->stopped_until;
    if (proc != NULL && proc->host->asleep_until > due)
        due = proc->host->asleep_until;
    return due;
}

static struct loop_timer *queue_first(void)
{
    struct loop_timer *first = NULL;
    int64_t best = INT64_MAX;

    for (struct loop_timer *timer = queue; timer != NULL; timer = timer->next) {
        int64_t due = effective(timer);
        if (first != NULL &&
            (due > best || (due == best && (timer->due > first->due ||
                                            (timer->due == first->due &&
                                             timer->serial > first->serial)))))
            continue;
        first = timer;
        best = due;
    }
    return first;
}

int64_t time_next(void)
{
    const struct loop_timer *first = queue_first();

    return first == NULL ? INT64_MAX : effective(first);
}

void proc_enter(struct proc *proc, loop_fn fn, void *ctx)
{
    struct proc *before = world.running;

    world.running = proc;
    fn(ctx);
    world.running = before;
}

bool time_step(void)
{
    struct loop_timer *first = queue_first();

    if (first == NULL)
        return false;
    struct loop_timer timer = *first;
    int64_t due = effective(first);
    if (due > world.now)
        world.now = due;
    queue_drop(first);
    proc_enter(timer.loop->proc, timer.fn, timer.ctx);
    console_bury_dead();
    return true;
}

void time_at(int64_t when, event_fn fn, void *ctx)
{
    queue_add(&world_loop, when, fn, ctx);
}

void time_begin(void)
{
    serial = 0;
    clock_replace(read_utc, read_boot);
    clock_replace_boot_id(read_boot_id);
    random_replace(read_random);
}

void time_end(void)
{
    while (queue != NULL)
        queue_drop(queue);
}

/* --- loop.h --------------------------------------------------------------------------------- */

struct loop *loop_new(void)
{
    struct loop *loop = mem_alloc(sizeof *loop);

    loop->proc = world.running;
    return loop;
}

void loop_free(struct loop *loop)
{
    for (struct loop_timer **at = &queue; *at != NULL;) {
        struct loop_timer *timer = *at;
        if (timer->loop != loop) {
            at = &timer->next;
            continue;
        }
        *at = timer->next;
        free(timer);
    }
    free(loop);
}

struct loop_timer *loop_timer_start(struct loop *loop, int64_t delay_ms, loop_fn fn, void *ctx)
{
    return queue_add(loop, world.now + (delay_ms > 0 ? delay_ms : 0), fn, ctx);
}

void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
    assert(timer == NULL || timer->loop == loop);
    if (timer != NULL)
        queue_drop(timer);
}

void loop_defer(struct loop *loop, loop_fn fn, void *ctx)
{
    queue_add(loop, world.now, fn, ctx);
}

/* The rest of loop.h has no use here: nothing waits but the world itself. */
static void never(void)
{
    fputs("the world has no such thing\n", stderr);
    abort();
}

struct loop_watch *loop_watch_fd(struct loop *loop, int fd, short events, loop_fd_fn fn, void *ctx)
{
    (void)loop, (void)fd, (void)events, (void)fn, (void)ctx;
    never();
    return NULL;
}

void loop_unwatch(struct loop *loop, struct loop_watch *watch)
{
    (void)loop;
    if (watch != NULL)
        never();
}

struct loop_hook *loop_hook_before_wait(struct loop *loop, loop_fn fn, void *ctx)
{
    (void)loop, (void)fn, (void)ctx;
    never();
    return NULL;
}

void loop_unhook(struct loop *loop, struct loop_hook *hook)
{
    (void)loop;
    if (hook != NULL)
        never();
}

void loop_turn(struct loop *loop, int max_wait_ms)
{
    (void)loop, (void)max_wait_ms;
    never();
}

void loop_run(struct loop *loop)
{
    (void)loop;
    never();
}

void loop_stop(struct loop *loop)
{
    (void)loop;
    never();
}

bool loop_run_until(struct loop *loop, bool (*done)(void *ctx), void *ctx, int64_t deadline_ms)
{
    (void)loop, (void)done, (void)ctx, (void)deadline_ms;
    never();
    return false;
}

void loop_wake(struct loop *loop)
{
    (void)loop;
    never();
}

bool loop_transfers_ready(struct loop *loop)
{
    (void)loop;
    never();
    return false;
}

bool loop_transfer_add(struct loop *loop, void *easy, loop_transfer_fn done, void *ctx)
{
    (void)loop, (void)easy, (void)done, (void)ctx;
    never();
    return false;
}

void loop_transfer_remove(struct loop *loop, void *easy)
{
    (void)loop, (void)easy;
    never();
}
