/* A server for proofs of the network. Each connection has a thread of its own that plays its part
   in plain blocking calls, bare or over TLS, and is closed when the part is over. */
#ifndef TESTS_SECURITY_SUPPORT_PEER_H
#define TESTS_SECURITY_SUPPORT_PEER_H

#include "../../api/base.h"

#include <openssl/ssl.h>

struct peer_server;
struct peer {
    struct peer_server *server;
    void *ctx;       /* of the server */
    unsigned number; /* of the connection, from 0 */
    int fd;
    SSL *tls;        /* NULL: bare */
};
typedef void (*peer_part)(struct peer *peer);

/* Listens on that address of this machine, at a port of the system's choice. tls NULL: bare; else
   it is freed with the server. Ends the program with 2 when it cannot. */
struct peer_server *peer_start(const char *address, SSL_CTX *tls, peer_part part, void *ctx);
void peer_stop(struct peer_server *server); /* cuts what is open; NULL is fine */
int peer_port(const struct peer_server *server);
void peer_close_door(struct peer_server *server); /* from now on connections are refused */

/* Counted since the start. */
unsigned peer_connections(struct peer_server *server);
unsigned peer_requests(struct peer_server *server); /* whole ones, heard by peer_hear() */
uint64_t peer_bytes(struct peer_server *server);    /* of what clients said, inside TLS if any */
unsigned peer_offered_h2(struct peer_server *server); /* hellos that offered HTTP/2 */

/* --- parts ------------------------------------------------------------------------------------ */

/* One whole request, head and body; false: the client has gone. */
bool peer_hear(struct peer *peer, struct buf *request);
bool peer_say(struct peer *peer, const void *bytes, size_t len); /* false: the client has gone */
bool peer_put(struct peer *peer, const char *text);
/* Status line, Content-Type and Content-Length; extra are header lines. */
bool peer_answer(struct peer *peer, int status, const char *extra, const char *body);
/* Waits until the client has gone, at most so long; false: it is still there. */
bool peer_await_end(struct peer *peer, int limit_ms);
bool peer_pace(struct peer *peer, int ms); /* lets it pass; true at once when the client has gone */
/* Answers every request with an empty list. */
void peer_part_empty_lists(struct peer *peer);

#endif
