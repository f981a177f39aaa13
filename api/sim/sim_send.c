/* How an answer leaves: whole, cut, a byte at a time, or not at all. */
#include "server_internal.h"

#include <assert.h>
#include <stdio.h>
#include <sys/socket.h>

#define HEAD_MAX 1024

int exchange_fd(const struct exchange *exchange)
{
    return MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD)
        ->connect_fd;
}

/* The server's clock, so that a client can tell answers apart in time even when a test froze it. */
static void write_date(const struct exchange *exchange, char out[40])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct civil at = time_to_civil(sim_now_ms(exchange->sim) + exchange->answer.skew_ms);
    snprintf(out, 40, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * at.weekday,
             at.day % 100, months + 3 * (at.month - 1), at.year % 10000, at.hour % 100,
             at.minute % 100, at.second % 100);
}

/* The first cut_at bytes of the answer, head included, straight to the socket. */
static void send_cut(struct exchange *exchange)
{
    const struct sim_answer *answer = &exchange->answer;
    struct buf whole;
    buf_init(&whole, answer->body.len + HEAD_MAX);
    buf_printf(&whole, "HTTP/1.1 %d Answer\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
               answer->status, answer->content_type, answer->body.len);
    buf_add(&whole, answer->body.data, answer->body.len);
    size_t len = (size_t)answer->cut_at < whole.len ? (size_t)answer->cut_at : whole.len;
    /* What does not fit into the socket's buffer is cut as well. */
    if (len > 0)
        (void)!send(exchange_fd(exchange), whole.data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    buf_done(&whole);
}

static ssize_t trickle(void *ctx, uint64_t position, char *out, size_t max)
{
    struct exchange *exchange = ctx;
    const struct buf *body = &exchange->answer.body;
    if (position >= body->len)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (!exchange->due) {
        exchange_suspend(exchange, exchange->answer.trickle_ms);
        return 0;
    }
    exchange->due = false;
    assert(max > 0);
    out[0] = body->data[position];
    return 1;
}

static void add_headers(struct exchange *exchange, struct MHD_Response *response)
{
    const struct sim_answer *answer = &exchange->answer;
    char text[40];
    write_date(exchange, text);
    if (!answer->no_date)
        MHD_add_response_header(response, "Date", text);
    MHD_add_response_header(response, "Content-Type", answer->content_type);
    if (answer->replayed)
        MHD_add_response_header(response, "Idempotent-Replayed", "true");
    if (answer->retry_after_s >= 0) {
        snprintf(text, sizeof(text), "%d", answer->retry_after_s);
        MHD_add_response_header(response, "Retry-After", text);
    }
    if (listen_refuses(exchange->sim))
        MHD_add_response_header(response, "Connection", "close");
}

enum MHD_Result exchange_send(struct exchange *exchange)
{
    struct sim_answer *answer = &exchange->answer;
    if (answer->refuse_ms >= 0)
        listen_refuse(exchange->sim, answer->refuse_ms);
    if (exchange->pour)
        return MHD_NO; /* it is over */
    if (answer->pour) {
        pour_start(exchange);
        return MHD_YES;
    }
    if (answer->cut_at >= 0) {
        send_cut(exchange);
        return MHD_NO;
    }
    if (answer->drop)
        return MHD_NO; /* closes the connection */
    struct MHD_Response *response =
        answer->trickle_ms > 0
            ? MHD_create_response_from_callback(answer->body.len, HEAD_MAX, trickle, exchange, NULL)
            : MHD_create_response_from_buffer(answer->body.len, answer->body.data,
                                              MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    add_headers(exchange, response);
    exchange->due = false;
    enum MHD_Result result =
        MHD_queue_response(exchange->connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return result;
}
