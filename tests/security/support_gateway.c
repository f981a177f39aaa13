/* See support_gateway.h. */
#include "support_gateway.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SILENT_MS   5000 /* whoever is patient for longer ends the wait */
#define SILENT_EACH 20   /* of so many connections one is not cut but left without a word */

/* --- the bundled server ----------------------------------------------------------------------- */

static bool is_whole(const struct buf *answer)
{
    const char *end = answer->len ? strstr(answer->data, "\r\n\r\n") : NULL;
    const char *length = end ? strcasestr(answer->data, "\r\ncontent-length:") : NULL;
    return length && length < end &&
           answer->len - (size_t)(end + 4 - answer->data) >= strtoul(length + 17, NULL, 10);
}

/* One request on a connection of its own; false: no whole answer came. */
static bool ask_server(const struct gateway *gateway, const struct buf *request, struct buf *answer)
{
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)gateway->port)};
    char bytes[16384];
    ssize_t got = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    buf_done(answer);
    buf_init(answer, (size_t)1 << 26);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&there, sizeof there) == 0 &&
        send(fd, request->data, request->len, MSG_NOSIGNAL) == (ssize_t)request->len)
        while (!is_whole(answer) && (got = recv(fd, bytes, sizeof bytes, 0)) > 0)
            buf_add(answer, bytes, (size_t)got);
    if (fd >= 0)
        close(fd);
    return is_whole(answer);
}

/* --- handshakes that fail --------------------------------------------------------------------- */

static void cut_at_hello(struct peer *peer)
{
    static const char *const noise[] = {"", "HTTP/1.1 400 Bad Request\r\n\r\n",
                                        "\x15\x03\x03\x00\x02\x02\x28", "\x16\x03\x03\x00"};
    char hello[4096];
    if (recv(peer->fd, hello, sizeof hello, 0) <= 0)
        return;
    if (peer->number % SILENT_EACH == SILENT_EACH - 1)
        peer_await_end(peer, SILENT_MS);
    else
        peer_put(peer, noise[peer->number % COUNT_OF(noise)]);
}

/* The handshake runs through memory, so that what is to be sent can be held back. */
static void cut_at_tls(struct peer *peer, SSL_CTX *context)
{
    SSL *tls = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    char bytes[16384];
    SSL_set_bio(tls, in, out);
    SSL_set_accept_state(tls);
    for (int pending = 0; pending == 0;) {
        ssize_t got = recv(peer->fd, bytes, sizeof bytes, 0);
        if (got <= 0)
            break;
        BIO_write(in, bytes, (int)got);
        SSL_do_handshake(tls);
        pending = BIO_read(out, bytes, sizeof bytes);
        if (pending <= 0)
            pending = 0;
        else
            peer_say(peer, bytes, (size_t)pending - 1);
    }
    shutdown(peer->fd, SHUT_WR);
    peer_await_end(peer, 2000); /* so that no reset overtakes what was sent */
    SSL_free(tls);
}

/* --- the part --------------------------------------------------------------------------------- */

/* By a close, a reset, or not at all until the client loses patience. */
static void end_silently(struct peer *peer)
{
    const struct linger at_once = {.l_onoff = 1};
    if (peer->number % SILENT_EACH == SILENT_EACH - 1)
        peer_await_end(peer, SILENT_MS);
    else if (peer->number % 2 == 1)
        setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static bool hand_on(struct peer *peer, struct gateway *gateway, bool strike)
{
    struct buf request = {0}, answer = {0};
    bool there = peer_hear(peer, &request);
    if (there && gateway->shut_after_first)
        peer_close_door(peer->server);
    there = there && ask_server(gateway, &request, &answer);
    if (there && strike && gateway->cut == GATEWAY_FIRST) {
        end_silently(peer);
        there = false;
    }
    if (there && strike && gateway->cut == GATEWAY_BODY) {
        const char *body = strstr(answer.data, "\r\n\r\n") + 4;
        size_t head = (size_t)(body - answer.data);
        peer_say(peer, answer.data, head + (answer.len - head) / 2);
        there = false;
    }
    there = there && peer_say(peer, answer.data, answer.len);
    buf_done(&request);
    buf_done(&answer);
    return there;
}

void gateway_part(struct peer *peer)
{
    struct gateway *gateway = peer->ctx;
    bool strike = gateway->cut != GATEWAY_OPEN && (!gateway->only_second || peer->number == 1);
    if (strike)
        __atomic_fetch_add(&gateway->struck, 1, __ATOMIC_RELAXED);
    if (strike && gateway->cut == GATEWAY_HELLO) {
        cut_at_hello(peer);
        return;
    }
    if (strike && gateway->cut == GATEWAY_TLS) {
        cut_at_tls(peer, gateway->tls);
        return;
    }
    peer->tls = SSL_new(gateway->tls); /* freed with the connection */
    if (SSL_set_fd(peer->tls, peer->fd) && SSL_accept(peer->tls) == 1)
        while (hand_on(peer, gateway, strike))
            ;
}
