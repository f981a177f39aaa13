/* One property in one environment, wired up: configuration, client, cache, journal, scheduler,
   operations, and in training the bundled simulator. main.c, the screens and the command line share
   it. */
#ifndef TUI_DESK_H
#define TUI_DESK_H

#include "config.h"
#include "../cache/journal.h"

struct desk {
    const struct config *config;
    enum env env;
    char *webcode;
    bool read_only;           /* --read-only, the configuration, or a viewer's role */
    bool overridden;          /* environment variables win over the file: the top line says so */
    char *base_url;
    struct loop *loop;
    struct changes changes;   /* set fn/ctx to listen */
    struct api_client *client;
    struct cache *cache;
    struct journal *journal;
    struct journal_news *news; /* of other consoles on this journal */
    struct sync *sync;
    struct ops *ops;
    struct sim *simulator;    /* training only */
};

/* Opens everything for env (files are made as needed); automatic: start polling (the screen). With
   offline set neither client nor simulator is made: only cache and journal. False and err: nothing
   is left open. The loop stays the caller's. *desk is zeroed, or was closed; changes is kept. */
struct desk_options {
    enum env env;
    bool automatic, offline, read_only;
};
bool desk_open(struct desk *desk, struct loop *loop, const struct config *config,
               const struct desk_options *options, struct err *err);
void desk_close(struct desk *desk);

/* AVIRATO_CLOCK, in milliseconds UTC, stops the wall clock for tests and pictures: heeded only
   where nothing but this machine is spoken to. desk_open() calls it. */
void desk_set_clock(bool loopback);

#endif
