/* Shared among api/ files only. */
#ifndef API_INTERNAL_H
#define API_INTERNAL_H

#include "api.h"

/* --- loop.c: transfers. An easy handle of libcurl ("CURL *", void here so that only loop.c and
   client.c include curl) is run until done(ctx, CURLcode) is called from loop_turn(); the handle
   has been taken off the loop before that. The first call loads libcurl: a first screen does not
   pay. */
typedef void (*loop_transfer_fn)(void *ctx, int curl_code);
bool loop_transfers_ready(struct loop *loop); /* false: libcurl does not start */
bool loop_transfer_add(struct loop *loop, void *easy, loop_transfer_fn done, void *ctx);
void loop_transfer_remove(struct loop *loop, void *easy); /* done will not be called */

#endif
