/* A scheduler, its cache, a client and the bundled server in one loop. */
#ifndef TESTS_SUPPORT_SYNC_H
#define TESTS_SUPPORT_SYNC_H

#include "../api/sim/sim.h"
#include "support_cache.h"

struct bench {
    struct box box;
    struct loop *loop;
    struct sim *sim;
    struct api_client *client;
    struct sync *sync;
    int64_t want; /* what a condition compares with */
    const char *id;
    struct arena arena;
};

/* Canonical or another dialect, so many sessions, 250 payments, everything quick. */
struct sim_settings bench_settings(uint32_t sessions, enum sim_dialect dialect);
void bench_open(struct bench *bench, const struct sim_settings *settings, bool automatic);
void bench_close(struct bench *bench);
void bench_start(struct bench *bench, bool automatic); /* client and scheduler, anew */
void bench_stop(struct bench *bench);

int64_t bench_count(struct bench *bench, enum record_kind kind);
struct sync_progress bench_progress(struct bench *bench, enum record_kind kind);
void bench_wait(struct bench *bench, bool (*done)(void *ctx)); /* ctx is the bench; fails late */
bool bench_is_complete(void *ctx); /* all three first syncs */
bool bench_is_idle(void *ctx);
/* Sends it and waits for a good answer; bench->id is what it made. */
void bench_post(struct bench *bench, enum endpoint endpoint, const struct buf *body);

#endif
