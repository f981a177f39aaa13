/* The one wait of the program. Until the first transfer exists it is poll(2), so that libcurl's
   some thirty libraries are not initialised for a first screen; afterwards curl_multi_poll() with
   our descriptors as extra ones. */
#include "loop.h"
#include "api_internal.h"

#include <assert.h>
#include <curl/curl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Removing is marking: memory goes when no callback is on the stack (loop_sweep). */
struct loop_watch {
    int fd;
    short events;
    loop_fd_fn fn;
    void *ctx;
    bool dead;
};

struct loop_hook {
    struct loop_hook *next;
    loop_fn fn;
    void *ctx;
    bool dead;
};

struct loop_timer {
    struct loop_timer *next;
    int64_t due; /* clock_boot_ms() */
    uint64_t serial;
    loop_fn fn;
    void *ctx;
};

struct deferred {
    loop_fn fn;
    void *ctx;
};

struct transfer {
    struct transfer *next;
    void *easy;
    loop_transfer_fn done;
    void *ctx;
};

struct loop {
    struct loop_watch **watches; /* owned; the array that poll() sees is polled[], same order */
    struct pollfd *polled;
    struct curl_waitfd *curl_polled;
    size_t watch_count, watch_cap;
    struct loop_timer *timers; /* sorted by due, then by age */
    uint64_t timer_serial;
    struct deferred *queue;
    size_t queue_count, queue_cap;
    struct loop_hook *hooks;
    struct transfer *transfers;
    CURLM *multi; /* NULL until the first transfer */
    int wake_fd;
    bool stopped, turning, sweep;
};

/* --- descriptors -------------------------------------------------------------------------- */

static void loop_woken(void *ctx, short revents)
{
    (void)revents;
    const struct loop *loop = ctx;
    uint64_t count;
    ssize_t got = read(loop->wake_fd, &count, sizeof(count));
    (void)got; /* nothing to read is fine: another turn took it */
}

void loop_wake(struct loop *loop)
{
    uint64_t one = 1;
    ssize_t put = write(loop->wake_fd, &one, sizeof(one));
    (void)put; /* only a full counter fails, and that wakes as well */
}

struct loop *loop_new(void)
{
    struct loop *loop = mem_alloc(sizeof(*loop));
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert(loop->wake_fd >= 0);
    loop_watch_fd(loop, loop->wake_fd, POLLIN, loop_woken, loop);
    return loop;
}

struct loop_watch *loop_watch_fd(struct loop *loop, int fd, short events, loop_fd_fn fn, void *ctx)
{
    if (loop->watch_count == loop->watch_cap) {
        loop->watch_cap = loop->watch_cap ? loop->watch_cap * 2 : 8;
        loop->watches = mem_resize(loop->watches, loop->watch_cap, sizeof(*loop->watches));
        loop->polled = mem_resize(loop->polled, loop->watch_cap, sizeof(*loop->polled));
        loop->curl_polled =
            mem_resize(loop->curl_polled, loop->watch_cap, sizeof(*loop->curl_polled));
    }
    struct loop_watch *watch = mem_alloc(sizeof(*watch));
    *watch = (struct loop_watch){.fd = fd, .events = events, .fn = fn, .ctx = ctx};
    loop->watches[loop->watch_count++] = watch;
    return watch;
}

void loop_unwatch(struct loop *loop, struct loop_watch *watch)
{
    if (!watch)
        return;
    assert(!watch->dead);
    watch->dead = true;
    loop->sweep = true;
}

/* --- timers, deferred calls, hooks -------------------------------------------------------- */

struct loop_timer *loop_timer_start(struct loop *loop, int64_t delay_ms, loop_fn fn, void *ctx)
{
    struct loop_timer *timer = mem_alloc(sizeof(*timer));
    *timer = (struct loop_timer){.due = clock_boot_ms() + (delay_ms > 0 ? delay_ms : 0),
                                 .serial = loop->timer_serial++,
                                 .fn = fn,
                                 .ctx = ctx};
    struct loop_timer **at = &loop->timers;
    while (*at && (*at)->due <= timer->due)
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
    return timer;
}

void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
    if (!timer)
        return;
    struct loop_timer **at = &loop->timers;
    while (*at && *at != timer)
        at = &(*at)->next;
    assert(*at); /* a handle is dead once its timer has run */
    *at = timer->next;
    free(timer);
}

/* A timer that starts another one due at once must not hold the turn: only older ones run. */
static void loop_run_timers(struct loop *loop)
{
    int64_t now = clock_boot_ms();
    uint64_t newer = loop->timer_serial;
    while (loop->timers && loop->timers->due <= now && loop->timers->serial < newer) {
        struct loop_timer timer = *loop->timers;
        free(loop->timers);
        loop->timers = timer.next;
        timer.fn(timer.ctx);
    }
}

void loop_defer(struct loop *loop, loop_fn fn, void *ctx)
{
    if (loop->queue_count == loop->queue_cap) {
        loop->queue_cap = loop->queue_cap ? loop->queue_cap * 2 : 8;
        loop->queue = mem_resize(loop->queue, loop->queue_cap, sizeof(*loop->queue));
    }
    loop->queue[loop->queue_count++] = (struct deferred){fn, ctx};
}

/* What a deferred call defers runs in the next turn, which then does not wait. */
static void loop_run_deferred(struct loop *loop)
{
    size_t count = loop->queue_count;
    for (size_t i = 0; i < count; i++) {
        struct deferred call = loop->queue[i]; /* the queue may move while it runs */
        call.fn(call.ctx);
    }
    loop->queue_count -= count;
    if (loop->queue_count)
        memmove(loop->queue, loop->queue + count, loop->queue_count * sizeof(*loop->queue));
}

struct loop_hook *loop_hook_before_wait(struct loop *loop, loop_fn fn, void *ctx)
{
    struct loop_hook **at = &loop->hooks;
    while (*at)
        at = &(*at)->next;
    *at = mem_alloc(sizeof(**at));
    **at = (struct loop_hook){.fn = fn, .ctx = ctx};
    return *at;
}

void loop_unhook(struct loop *loop, struct loop_hook *hook)
{
    if (!hook)
        return;
    hook->dead = true;
    loop->sweep = true;
}

static void loop_run_hooks(struct loop *loop)
{
    for (struct loop_hook *hook = loop->hooks; hook; hook = hook->next)
        if (!hook->dead)
            hook->fn(hook->ctx);
}

static void loop_sweep(struct loop *loop)
{
    size_t kept = 0;
    for (size_t i = 0; i < loop->watch_count; i++) {
        if (loop->watches[i]->dead)
            free(loop->watches[i]);
        else
            loop->watches[kept++] = loop->watches[i];
    }
    loop->watch_count = kept;
    for (struct loop_hook **at = &loop->hooks; *at;) {
        struct loop_hook *hook = *at;
        if (!hook->dead) {
            at = &hook->next;
            continue;
        }
        *at = hook->next;
        free(hook);
    }
    loop->sweep = false;
}

/* --- transfers ---------------------------------------------------------------------------- */

/* Variables by which libcurl and its TLS library, when they start, would write the session keys
   into a file, load code, or take other settings and other authorities. */
static const char *const meddlers[] = {"SSLKEYLOGFILE",   "OPENSSL_CONF",    "OPENSSL_CONF_INCLUDE",
                                       "OPENSSL_ENGINES", "OPENSSL_MODULES", "SSL_CERT_FILE",
                                       "SSL_CERT_DIR",    "CURL_CA_BUNDLE"};

bool loop_transfers_ready(struct loop *loop)
{
    if (loop->multi)
        return true;
    static bool global;
    if (!global) {
        signal(SIGPIPE, SIG_IGN); /* CURLOPT_NOSIGNAL leaves this to us */
        for (size_t i = 0; i < COUNT_OF(meddlers); i++)
            unsetenv(meddlers[i]);
        if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc, strdup,
                                 calloc) != CURLE_OK)
            return false;
        /* A resolver that blocks would ignore time-outs and freeze the screen. */
        if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS))
            return false;
        global = true;
    }
    loop->multi = curl_multi_init();
    return loop->multi != NULL;
}

bool loop_transfer_add(struct loop *loop, void *easy, loop_transfer_fn done, void *ctx)
{
    if (!loop_transfers_ready(loop))
        return false;
    if (curl_multi_add_handle(loop->multi, easy) != CURLM_OK)
        return false;
    struct transfer *transfer = mem_alloc(sizeof(*transfer));
    *transfer = (struct transfer){loop->transfers, easy, done, ctx};
    loop->transfers = transfer;
    return true;
}

/* Takes the transfer off both lists and gives a copy; easy is NULL when it was not there. */
static struct transfer loop_transfer_take(struct loop *loop, void *easy)
{
    for (struct transfer **at = &loop->transfers; *at; at = &(*at)->next) {
        if ((*at)->easy != easy)
            continue;
        struct transfer *found = *at, copy = *found;
        *at = found->next;
        free(found);
        curl_multi_remove_handle(loop->multi, easy);
        return copy;
    }
    return (struct transfer){0};
}

void loop_transfer_remove(struct loop *loop, void *easy)
{
    loop_transfer_take(loop, easy);
}

static void loop_run_transfers(struct loop *loop)
{
    if (!loop->multi)
        return;
    int running, left;
    curl_multi_perform(loop->multi, &running);
    CURLMsg *message;
    while ((message = curl_multi_info_read(loop->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        int code = (int)message->data.result; /* the message dies with the removal */
        struct transfer transfer = loop_transfer_take(loop, message->easy_handle);
        if (transfer.easy)
            transfer.done(transfer.ctx, code);
    }
}

/* --- a turn ------------------------------------------------------------------------------- */

static int loop_wait_ms(const struct loop *loop, int max_wait_ms)
{
    if (loop->stopped || loop->queue_count)
        return 0;
    int64_t wait = max_wait_ms < 0 ? INT_MAX : max_wait_ms;
    if (loop->timers) {
        int64_t until = loop->timers->due - clock_boot_ms();
        if (until < wait)
            wait = until > 0 ? until : 0;
    }
    return wait == INT_MAX ? -1 : (int)wait;
}

/* Leaves in polled[].revents what is ready. */
static void loop_wait(struct loop *loop, int timeout_ms)
{
    for (size_t i = 0; i < loop->watch_count; i++) {
        const struct loop_watch *watch = loop->watches[i];
        loop->polled[i] = (struct pollfd){.fd = watch->fd, .events = watch->events};
        short events = (short)((watch->events & POLLIN ? CURL_WAIT_POLLIN : 0) |
                               (watch->events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
        loop->curl_polled[i] = (struct curl_waitfd){.fd = watch->fd, .events = events};
    }
    if (loop->multi) {
        curl_multi_poll(loop->multi, loop->curl_polled, (unsigned)loop->watch_count,
                        timeout_ms < 0 ? INT_MAX : timeout_ms, NULL);
        timeout_ms = 0; /* curl hides hang-ups from us: ask once more, without waiting */
    }
    if (poll(loop->polled, loop->watch_count, timeout_ms) < 0)
        for (size_t i = 0; i < loop->watch_count; i++)
            loop->polled[i].revents = 0; /* interrupted: signals come as data, so just turn */
}

static void loop_run_watches(struct loop *loop)
{
    size_t count = loop->watch_count; /* callbacks may add watches: those have no revents yet */
    for (size_t i = 0; i < count; i++) {
        struct loop_watch *watch = loop->watches[i];
        short revents = loop->polled[i].revents;
        if (revents && !watch->dead)
            watch->fn(watch->ctx, revents);
    }
}

void loop_turn(struct loop *loop, int max_wait_ms)
{
    assert(!loop->turning); /* a loop inside a callback would be a second wait */
    loop->turning = true;
    loop_run_hooks(loop);
    if (loop->sweep)
        loop_sweep(loop);
    loop_wait(loop, loop_wait_ms(loop, max_wait_ms));
    loop_run_watches(loop);
    loop_run_timers(loop);
    loop_run_transfers(loop);
    loop_run_deferred(loop);
    if (loop->sweep)
        loop_sweep(loop);
    loop->turning = false;
}

void loop_run(struct loop *loop)
{
    while (!loop->stopped)
        loop_turn(loop, -1);
    loop->stopped = false;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}

static void loop_run_expired(void *ctx)
{
    bool *expired = ctx;
    *expired = true;
}

bool loop_run_until(struct loop *loop, bool (*done)(void *ctx), void *ctx, int64_t deadline_ms)
{
    bool expired = false;
    struct loop_timer *timer =
        deadline_ms < 0 ? NULL : loop_timer_start(loop, deadline_ms, loop_run_expired, &expired);
    bool met;
    while (!(met = done(ctx)) && !expired && !loop->stopped)
        loop_turn(loop, -1);
    loop->stopped = false;
    if (!expired)
        loop_timer_stop(loop, timer);
    return met;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    assert(!loop->turning);
    while (loop->transfers)
        loop_transfer_take(loop, loop->transfers->easy); /* easy handles are their maker's */
    if (loop->multi)
        curl_multi_cleanup(loop->multi);
    for (size_t i = 0; i < loop->watch_count; i++)
        loop->watches[i]->dead = true;
    for (struct loop_hook *hook = loop->hooks; hook; hook = hook->next)
        hook->dead = true;
    loop_sweep(loop);
    while (loop->timers)
        loop_timer_stop(loop, loop->timers);
    close(loop->wake_fd);
    free(loop->watches);
    free(loop->polled);
    free(loop->curl_polled);
    free(loop->queue);
    free(loop);
}
