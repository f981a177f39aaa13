/* The list pager without a network: api_call() is caught by the linker (--wrap) and answered by the
   target, storing costs nothing. */
#ifndef TESTS_FUZZ_PAGER_H
#define TESTS_FUZZ_PAGER_H

#include "../../cache/ops_internal.h"
#include "../../cache/sync_internal.h"

/* The call under way. */
struct pager_call {
    bool asked;
    int page;        /* asked for; 0: by cursor */
    char cursor[64]; /* "" : by page */
    api_done_fn done;
    void *ctx;
    size_t count; /* calls so far */
};
extern struct pager_call pager_call;

/* Reads a list to the end that list_read_start() finds; serve() answers each call. Gives back what
   the reading said, whose rows are gone. */
struct pager_result {
    int ended; /* times that done was called */
    bool complete;
    size_t count;
    int pages;
    struct err err;
};
typedef void (*pager_serve_fn)(void *ctx, struct api_answer *answer);
/* seen is called with the result while its rows are there. */
struct pager_result pager_read_list(pager_serve_fn serve, void *ctx,
                                    void (*seen)(void *ctx, const struct list_result *result));
/* Has the scheduler go through all of a list until it wants no more, or calls have been made. Gives
   back how many were. */
size_t pager_walk_list(pager_serve_fn serve, void *ctx, bool first, size_t calls);

#endif
