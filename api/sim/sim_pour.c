/* Answers without end, and one that is small on the wire only. They are written to the socket by
   the loop, a piece each time it takes more, so that a client in the same loop gets its turns. */
#include "server_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PIECE     65536u
#define MIB       (INT64_C(1) << 20)
#define BLOCK_LEN 1038 /* of the wire for a MiB of blanks */

struct pour {
    struct loop_watch *watch;
    struct buf now, then; /* what is being sent; what comes again and again */
    size_t sent;
    int64_t left; /* times that then comes; SIM_FOREVER */
    bool ended;   /* the trailer of a bomb is written */
    uint32_t crc;
};

/* --- the bomb -----------------------------------------------------------------------------------
 */

/* A deflate block of a MiB of blanks that ends on a byte: Huffman codes of one bit for "258 more of
   the same" make all of its middle zeros. */
static void bomb_block(struct buf *out)
{
    static const unsigned char first[] = {0xec, 0xc1, 0x31, 0x01, 0,    0,    0,    0xc2, 0xa0,
                                          0x2a, 0xeb, 0x9f, 0xd2, 0x10, 0xbe, 0x40, 0x01};
    static const unsigned char last[] = {0x7c, 0x06, 0, 0, 0xff, 0xff};
    static const unsigned char zeros[BLOCK_LEN - sizeof(first) - sizeof(last)];
    buf_add(out, first, sizeof(first));
    buf_add(out, zeros, sizeof(zeros));
    buf_add(out, last, sizeof(last));
}

/* CRC-32 of a MiB of blanks more. */
static uint32_t bomb_crc(uint32_t crc)
{
    uint32_t table[256];
    for (uint32_t i = 0; i < COUNT_OF(table); i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
    }
    crc = ~crc;
    for (int64_t i = 0; i < MIB; i++)
        crc = table[(crc ^ ' ') & 0xff] ^ crc >> 8;
    return ~crc;
}

static void bomb_number(struct buf *out, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        buf_add(out, &(unsigned char){(unsigned char)(number >> 8 * i)}, 1);
}

/* The block that ends it, CRC and length. */
static void bomb_end(struct pour *pour, int64_t mib)
{
    buf_add(&pour->now, "\x03", 2);
    bomb_number(&pour->now, pour->crc);
    bomb_number(&pour->now, (uint32_t)((uint64_t)mib << 20));
}

/* --- pouring ------------------------------------------------------------------------------------
 */

static void pour_prepare(struct pour *pour, const struct sim_answer *answer)
{
    buf_init(&pour->now, 2 * PIECE);
    buf_init(&pour->then, 2 * PIECE);
    pour->left = SIM_FOREVER;
    buf_printf(&pour->now,
               "HTTP/1.1 %d Answer\r\nContent-Type: application/json\r\nConnection: close\r\n",
               answer->status);
    if (answer->pour == POUR_BOMB) {
        static const unsigned char gzip[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
        pour->left = answer->pour_mib;
        buf_puts(&pour->now, "Content-Encoding: gzip\r\n\r\n");
        buf_add(&pour->now, gzip, sizeof(gzip));
        bomb_block(&pour->then);
        return;
    }
    if (answer->pour == POUR_BODY)
        buf_puts(&pour->now, "\r\n{\"success\":true,\"data\":[");
    while (pour->then.len < PIECE)
        buf_puts(&pour->then,
                 answer->pour == POUR_BODY ? "{\"status\":\"success\"}," : "X-More: x\r\n");
}

/* Makes the next piece ready; false: that was all. */
static bool pour_next(struct pour *pour, const struct sim_answer *answer)
{
    pour->sent = 0;
    buf_clear(&pour->now);
    if (pour->left > 0) {
        buf_add(&pour->now, pour->then.data, pour->then.len);
        if (pour->left != SIM_FOREVER) {
            pour->left--;
            pour->crc = bomb_crc(pour->crc);
        }
        return true;
    }
    if (pour->ended)
        return false;
    bomb_end(pour, answer->pour_mib);
    pour->ended = true;
    return true;
}

static void pour_turn(void *ctx, short revents)
{
    (void)revents;
    struct exchange *exchange = ctx;
    struct pour *pour = exchange->pour;
    ssize_t n = send(exchange_fd(exchange), pour->now.data + pour->sent, pour->now.len - pour->sent,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
    bool gone = n < 0 && errno != EAGAIN && errno != EINTR;
    if (n > 0)
        pour->sent += (size_t)n;
    if (gone || (pour->sent == pour->now.len && !pour_next(pour, &exchange->answer))) {
        loop_unwatch(exchange->sim->loop, pour->watch);
        pour->watch = NULL;
        exchange_resume(exchange);
    }
}

void pour_start(struct exchange *exchange)
{
    struct pour *pour = mem_alloc(sizeof(*pour));
    exchange->pour = pour;
    pour_prepare(pour, &exchange->answer);
    exchange_suspend(exchange, SIM_FOREVER);
    pour->watch =
        loop_watch_fd(exchange->sim->loop, exchange_fd(exchange), POLLOUT, pour_turn, exchange);
}

void pour_free(struct exchange *exchange)
{
    struct pour *pour = exchange->pour;
    if (!pour)
        return;
    loop_unwatch(exchange->sim->loop, pour->watch);
    buf_done(&pour->now);
    buf_done(&pour->then);
    free(pour);
}
