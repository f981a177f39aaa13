/* The one wait of the program (design: "One thread, one wait"). Everything that can make the
   console act - keys, signals, timers, sockets, the bundled simulator - is registered here and is
   called from loop_turn(); nothing else blocks. Single-threaded: only loop_wake() may be called
   from another thread. */
#ifndef API_LOOP_H
#define API_LOOP_H

#include "base.h"

struct loop;
struct loop_watch;
struct loop_timer;

struct loop *loop_new(void);
void loop_free(struct loop *loop); /* watches and timers still there are freed, not called */

/* Calls fn(ctx, revents) when fd is ready; events are POLLIN/POLLOUT of <poll.h>. The watch may be
   removed inside any callback, its own included. fd stays the caller's. */
typedef void (*loop_fd_fn)(void *ctx, short revents);
struct loop_watch *loop_watch_fd(struct loop *loop, int fd, short events, loop_fd_fn fn, void *ctx);
void loop_unwatch(struct loop *loop, struct loop_watch *watch); /* NULL is fine */

/* One-shot timer, delay in ms of CLOCK_BOOTTIME. After fn was called or loop_timer_stop() the
   handle is dead; keep it in one place and set that to NULL in fn. */
typedef void (*loop_fn)(void *ctx);
struct loop_timer *loop_timer_start(struct loop *loop, int64_t delay_ms, loop_fn fn, void *ctx);
void loop_timer_stop(struct loop *loop, struct loop_timer *timer); /* NULL is fine */

/* Runs fn once in this turn, after the callback that asks for it has returned. */
void loop_defer(struct loop *loop, loop_fn fn, void *ctx);

/* Runs fn in every turn, right before the wait (paint, service the simulator). Hooks run
   in the order they were added; returns a handle for loop_unhook(). */
struct loop_hook *loop_hook_before_wait(struct loop *loop, loop_fn fn, void *ctx);
void loop_unhook(struct loop *loop, struct loop_hook *hook);

/* One turn: hooks, a wait of at most max_wait_ms (-1: until something happens), then what is ready:
   descriptors, due timers, transfers, deferred calls. Not to be called from a callback. */
void loop_turn(struct loop *loop, int max_wait_ms);

/* Turns until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Turns until done(ctx) says true, deadline_ms have passed (-1: no limit) or loop_stop(). True when
   done. */
bool loop_run_until(struct loop *loop, bool (*done)(void *ctx), void *ctx, int64_t deadline_ms);

/* Ends the wait of a running loop_turn() from another thread. */
void loop_wake(struct loop *loop);

#endif
