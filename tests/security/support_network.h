/* The parts of tests/security/network.c that have files of their own. */
#ifndef TESTS_SECURITY_SUPPORT_NETWORK_H
#define TESTS_SECURITY_SUPPORT_NETWORK_H

#include "../safety/support_company.h"
#include "support_peer.h"

/* --- floods: answers without end or measure --------------------------------------------------- */

#define FLOODS 16
struct flood {
    const char *name;
    peer_part part;   /* ctx: struct flood_seen; NULL: a fault of the bundled server */
    bool slow;        /* only a time-out ends it; else a limit of size does, at once */
};
extern const struct flood floods[FLOODS];
struct flood_seen {
    int64_t longest_ms; /* from a whole request, or from a slow one's first byte, to its end */
    unsigned over;      /* connections that the client has left */
};

/* Each flood against the client alone: ended in time, with little memory. */
void network_limits(struct company *company);
/* Each flood against a console with a person at it. */
void network_keys(struct company *company);

/* An api_client of the test environment; ends the program with 2 when there is none. */
struct api_client *network_client(struct company *company, const char *base);
/* Runs a call to its end (at most a minute) and gives what came; lists and texts are gone then. */
struct network_got {
    bool over;
    int status, body; /* body: enum api_body */
    size_t leaves;
    int64_t took_ms;
    char trouble[160];
};
struct api_request;
struct network_got network_ask(struct company *company, struct api_client *client,
                               struct api_request *request);

#endif
