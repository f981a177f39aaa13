/* Stands between the console and the bundled server, which speaks no TLS, and cuts connections at a
   chosen moment. What has become of the money is in the server's books. */
#ifndef TESTS_SECURITY_SUPPORT_GATEWAY_H
#define TESTS_SECURITY_SUPPORT_GATEWAY_H

#include "support_peer.h"

enum gateway_cut {
    GATEWAY_OPEN,  /* hands everything on */
    GATEWAY_HELLO, /* closes when the client's hello is there, or answers it with noise */
    GATEWAY_TLS,   /* lacks the last byte of its own part of the handshake, then closes */
    GATEWAY_FIRST, /* hands the request on, closes before the first byte of the answer */
    GATEWAY_BODY,  /* half of the answer's body, then closes */
    GATEWAY_CUTS
};
struct gateway {
    SSL_CTX *tls;            /* its own, beside the door's: gateway_part() does the handshake */
    int port;                /* of the bundled server, on 127.0.0.1 */
    enum gateway_cut cut;
    bool only_second;        /* the cut strikes no connection but the second */
    bool shut_after_first;   /* the door is closed once a first request has come */
    unsigned long struck;    /* connections that were cut */
};
/* A peer_part for a server without TLS of its own; ctx is the struct gateway. */
void gateway_part(struct peer *peer);

#endif
