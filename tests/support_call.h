/* One client, one raw server and one call at a time, for tests of the client over real sockets. */
#ifndef TESTS_SUPPORT_CALL_H
#define TESTS_SUPPORT_CALL_H

#include "../api/api.h"
#include "support_server.h"

#define CHARGE_BODY "{\"webcode\":\"HOTEL1\",\"poiId\":\"V400m-1\"}"
#define CHARGE_DONE                                                                                \
    "{\"success\":true,\"data\":{\"posPaymentId\":\"HOTEL1-POSX-5\",\"status\":\"success\"}}"
#define EMPTY_LIST       "{\"success\":true,\"data\":{\"items\":[]}}"
#define TEST_DEADLINE_MS 60000 /* nothing waits for it unless something is broken */

extern struct loop *loop;
extern struct server *server;
extern struct api_client *client; /* of ENV_TEST, against server; freed by call_end() */

/* What the last call brought back; the strings are copies. */
struct call_seen {
    size_t calls, leaves;
    struct api_answer answer;
    char id[64], message[64], trace[64];
    bool refuse, cancel_on_leave; /* what on_leave is to do */
    struct api_call *call;
};
extern struct call_seen seen;

int call_begin(void **state); /* setup and teardown of every test */
int call_end(void **state);
struct api_settings call_settings(void);
void call_remember(void *ctx, const struct api_answer *answer); /* an api_done_fn */
bool call_is_over(void *ctx); /* conditions for loop_run_until() */
bool call_request_arrived(void *ctx);

struct api_request charge_make(void);
void start(const struct api_request *request); /* api_call() that must work */
void finish(void);                             /* turns until its answer is there */
void charge(void);                             /* charge_make(), start(), finish() */
void get(enum endpoint endpoint, bool no_retry);

#endif
