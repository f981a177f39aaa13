/* See support_peer.h. */
#include "support_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX ((size_t)1 << 20)

struct line {
    struct line *next;
    struct peer peer;
    pthread_t thread;
    bool over; /* fd is closed; under the server's lock */
};

struct peer_server {
    int fd, port;
    SSL_CTX *tls;
    peer_part part;
    void *ctx;
    pthread_t door;
    pthread_mutex_t lock;
    struct line *lines;
    bool stopping;
    atomic_uint connections, requests, offered_h2;
    atomic_ullong bytes;
};

/* --- a connection ----------------------------------------------------------------------------- */

static void *line_run(void *ctx)
{
    struct line *line = ctx;
    struct peer *peer = &line->peer;
    struct peer_server *server = peer->server;
    bool up = true;

    if (server->tls) {
        peer->tls = SSL_new(server->tls);
        up = peer->tls && SSL_set_fd(peer->tls, peer->fd) && SSL_accept(peer->tls) == 1;
    }
    if (up)
        server->part(peer);
    SSL_free(peer->tls);
    pthread_mutex_lock(&server->lock);
    close(peer->fd);
    line->over = true;
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

static void line_start(struct peer_server *server, int fd)
{
    struct line *line = mem_alloc(sizeof *line);
    line->peer = (struct peer){.server = server, .ctx = server->ctx, .fd = fd};
    pthread_mutex_lock(&server->lock);
    line->peer.number = atomic_fetch_add(&server->connections, 1);
    if (server->stopping || pthread_create(&line->thread, NULL, line_run, line) != 0) {
        close(fd);
        free(line);
    } else {
        line->next = server->lines;
        server->lines = line;
    }
    pthread_mutex_unlock(&server->lock);
}

/* Threads that are over are joined as new ones come, so that thousands may come one by one. */
static void sweep(struct peer_server *server)
{
    pthread_mutex_lock(&server->lock);
    for (struct line **at = &server->lines; *at;) {
        struct line *line = *at;
        if (!line->over) {
            at = &line->next;
            continue;
        }
        *at = line->next;
        pthread_join(line->thread, NULL); /* it has given the lock back for the last time */
        free(line);
    }
    pthread_mutex_unlock(&server->lock);
}

/* --- the server ------------------------------------------------------------------------------- */

static void *door_run(void *ctx)
{
    struct peer_server *server = ctx;
    for (;;) {
        int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (fd < 0)
            return NULL;
        sweep(server);
        line_start(server, fd);
    }
}

static int choose_protocol(SSL *tls, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *in, unsigned in_len, void *ctx)
{
    static const unsigned char http1[] = "http/1.1";
    struct peer_server *server = ctx;
    (void)tls;
    for (unsigned at = 0; at < in_len; at += in[at] + 1u)
        if (in[at] == 2 && memcmp(in + at + 1, "h2", 2) == 0)
            atomic_fetch_add(&server->offered_h2, 1);
    *out = http1;
    *out_len = sizeof http1 - 1;
    return SSL_TLSEXT_ERR_OK;
}

struct peer_server *peer_start(const char *address, SSL_CTX *tls, peer_part part, void *ctx)
{
    struct peer_server *server = mem_alloc(sizeof *server);
    struct sockaddr_in here = {.sin_family = AF_INET};
    socklen_t size = sizeof here;
    inet_pton(AF_INET, address, &here.sin_addr);
    server->tls = tls;
    server->part = part;
    server->ctx = ctx;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pthread_mutex_init(&server->lock, NULL);
    if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&here, size) != 0 ||
        listen(server->fd, 64) != 0 ||
        getsockname(server->fd, (struct sockaddr *)&here, &size) != 0 ||
        pthread_create(&server->door, NULL, door_run, server) != 0) {
        fprintf(stderr, "cannot run: a server on %s: %s\n", address, strerror(errno));
        exit(2);
    }
    server->port = ntohs(here.sin_port);
    if (tls)
        SSL_CTX_set_alpn_select_cb(tls, choose_protocol, server);
    return server;
}

void peer_close_door(struct peer_server *server)
{
    shutdown(server->fd, SHUT_RDWR); /* accept4() returns, and the port refuses */
}

void peer_stop(struct peer_server *server)
{
    if (!server)
        return;
    peer_close_door(server);
    pthread_join(server->door, NULL);
    pthread_mutex_lock(&server->lock);
    server->stopping = true;
    for (struct line *line = server->lines; line; line = line->next)
        if (!line->over)
            shutdown(line->peer.fd, SHUT_RDWR);
    pthread_mutex_unlock(&server->lock);
    while (server->lines) {
        struct line *line = server->lines;
        pthread_join(line->thread, NULL);
        server->lines = line->next;
        free(line);
    }
    close(server->fd);
    SSL_CTX_free(server->tls);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

int peer_port(const struct peer_server *server)
{
    return server->port;
}

unsigned peer_connections(struct peer_server *server)
{
    return atomic_load(&server->connections);
}

unsigned peer_requests(struct peer_server *server)
{
    return atomic_load(&server->requests);
}

uint64_t peer_bytes(struct peer_server *server)
{
    return atomic_load(&server->bytes);
}

unsigned peer_offered_h2(struct peer_server *server)
{
    return atomic_load(&server->offered_h2);
}

/* --- parts ------------------------------------------------------------------------------------ */

static int hear_some(struct peer *peer, char *bytes, int size)
{
    int got = peer->tls ? SSL_read(peer->tls, bytes, size)
                        : (int)recv(peer->fd, bytes, (size_t)size, 0);
    if (got > 0)
        atomic_fetch_add(&peer->server->bytes, (unsigned long long)got);
    return got;
}

static bool is_whole(const struct buf *request)
{
    const char *end = request->len ? strstr(request->data, "\r\n\r\n") : NULL;
    if (!end)
        return false;
    const char *length = strcasestr(request->data, "\r\ncontent-length:");
    size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
    return request->len - (size_t)(end + 4 - request->data) >= body;
}

bool peer_hear(struct peer *peer, struct buf *request)
{
    char bytes[16384];
    buf_done(request);
    buf_init(request, REQUEST_MAX);
    while (!is_whole(request)) {
        int got = hear_some(peer, bytes, sizeof bytes);
        if (got <= 0 || !buf_add(request, bytes, (size_t)got))
            return false;
    }
    atomic_fetch_add(&peer->server->requests, 1);
    return true;
}

bool peer_say(struct peer *peer, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        int piece = len > 65536 ? 65536 : (int)len;
        int put = peer->tls ? SSL_write(peer->tls, at, piece)
                            : (int)send(peer->fd, at, (size_t)piece, MSG_NOSIGNAL);
        if (put <= 0)
            return false;
        at += put;
        len -= (size_t)put;
    }
    return true;
}

bool peer_put(struct peer *peer, const char *text)
{
    return peer_say(peer, text, strlen(text));
}

bool peer_answer(struct peer *peer, int status, const char *extra, const char *body)
{
    struct buf answer;
    buf_init(&answer, (size_t)1 << 26);
    buf_printf(&answer, "HTTP/1.1 %d Word\r\nContent-Type: application/json\r\n%s", status, extra);
    buf_printf(&answer, "Content-Length: %zu\r\n\r\n", strlen(body));
    buf_puts(&answer, body);
    bool there = peer_say(peer, answer.data, answer.len);
    buf_done(&answer);
    return there;
}

bool peer_await_end(struct peer *peer, int limit_ms)
{
    char bytes[4096];
    struct pollfd wait = {.fd = peer->fd, .events = POLLIN};
    struct timespec begun, now;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (int64_t left = limit_ms; left > 0;) {
        if (poll(&wait, 1, (int)left) > 0 && hear_some(peer, bytes, sizeof bytes) <= 0)
            return true;
        clock_gettime(CLOCK_MONOTONIC, &now);
        left = limit_ms - ((now.tv_sec - begun.tv_sec) * 1000 +
                           (now.tv_nsec - begun.tv_nsec) / 1000000);
    }
    return false;
}

bool peer_pace(struct peer *peer, int ms)
{
    struct pollfd wait = {.fd = peer->fd, .events = POLLRDHUP}; /* whatever is still unread */
    return poll(&wait, 1, ms) > 0;
}

void peer_part_empty_lists(struct peer *peer)
{
    struct buf request = {0};
    while (peer_hear(peer, &request) &&
           peer_answer(peer, 200, "", "{\"success\":true,\"data\":{\"items\":[]}}"))
        ;
    buf_done(&request);
}
