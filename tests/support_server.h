/* A raw HTTP/1.1 server for tests, on the loop of the test itself: it answers canned bytes, or
   fails in a chosen way, and remembers every request byte for byte. */
#ifndef TESTS_SUPPORT_SERVER_H
#define TESTS_SUPPORT_SERVER_H

#include "../api/loop.h"

enum server_act {
    SERVER_ANSWER,       /* send the bytes, keep the connection */
    SERVER_ANSWER_CLOSE, /* send the bytes, then close */
    SERVER_DROP,         /* read the request, close without a byte */
    SERVER_SILENT,       /* read the request, never answer */
    SERVER_ENDLESS,      /* send the bytes, then what follows their first line over and over */
    SERVER_REFUSE        /* close as soon as the connection is accepted, unread */
};

struct server;
struct server *server_new(struct loop *loop);
void server_free(struct server *server);
/* "http://127.0.0.1:PORT/external/v1/" */
const char *server_base(const struct server *server);
int server_port(const struct server *server);

/* Queues what the next request gets; the last one queued serves all further ones. bytes (copied)
   may be NULL where the act sends none. */
void server_plan(struct server *server, enum server_act act, const char *bytes);
/* The same with a status line and a Content-Length before body; "extra" are header lines. */
void server_plan_json(struct server *server, int status, const char *extra, const char *body);

size_t server_requests(const struct server *server);                   /* whole requests read */
size_t server_connections(const struct server *server);                /* accepted */
const char *server_request(const struct server *server, size_t index); /* head and body */

#endif
