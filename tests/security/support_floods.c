/* Answers without end or measure, and others that come byte by byte or not at all. */
#include "support_network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define OK_LINE "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define HUGE    ((size_t)8 * 1024 * 1024 - 4096) /* right below the limit of a list */

static void note_end(struct peer *peer, int64_t begun)
{
    struct flood_seen *seen = peer->ctx;
    int64_t took = company_now_ms() - begun;
    if (took > __atomic_load_n(&seen->longest_ms, __ATOMIC_RELAXED))
        __atomic_store_n(&seen->longest_ms, took, __ATOMIC_RELAXED);
    __atomic_fetch_add(&seen->over, 1, __ATOMIC_RELAXED);
}

/* first, then what is to come over and over until the client has gone. */
static void pour(struct peer *peer, const char *first, const char *again)
{
    struct buf request = {0}, block;
    if (peer_hear(peer, &request)) {
        int64_t begun = company_now_ms();
        buf_init(&block, (size_t)1 << 17);
        while (block.len < 65000)
            buf_puts(&block, again);
        bool there = peer_put(peer, first);
        while (there)
            there = peer_say(peer, block.data, block.len);
        buf_done(&block);
        note_end(peer, begun);
    }
    buf_done(&request);
}

static void endless_body(struct peer *peer)
{
    pour(peer, OK_LINE "\r\n{\"success\":true,\"data\":[", "{\"sessionId\":\"x\"},");
}

static void endless_head(struct peer *peer)
{
    pour(peer, OK_LINE, "X-More: more\r\n");
}

static void endless_line(struct peer *peer)
{
    pour(peer, OK_LINE "X-Long: ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

static void endless_continue(struct peer *peer)
{
    pour(peer, "", "HTTP/1.1 100 Continue\r\n\r\n");
}

static void endless_extension(struct peer *peer)
{
    pour(peer, OK_LINE "Transfer-Encoding: chunked\r\n\r\n5;", "x=aaaaaaaaaaaaaaaaaaaa;");
}

static void endless_trailer(struct peer *peer)
{
    pour(peer, OK_LINE "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", "X-Trailer: more\r\n");
}

static void endless_chunks(struct peer *peer)
{
    pour(peer, OK_LINE "Transfer-Encoding: chunked\r\n\r\n", "1\r\n[\r\n");
}

/* --- large, but with an end ------------------------------------------------------------------- */

/* Every request is answered with that body. */
static void give(struct peer *peer, const char *body)
{
    struct buf request = {0};
    while (peer_hear(peer, &request)) {
        int64_t begun = company_now_ms();
        bool there = peer_answer(peer, 200, "", body);
        note_end(peer, begun);
        if (!there)
            break;
    }
    buf_done(&request);
}

static void deep(struct peer *peer)
{
    struct buf body;
    buf_init(&body, HUGE + 1);
    buf_puts(&body, "{\"success\":true,\"data\":");
    while (body.len < HUGE - 64)
        buf_puts(&body, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[");
    give(peer, body.data);
    buf_done(&body);
}

static void many_values(struct peer *peer)
{
    struct buf body;
    buf_init(&body, HUGE + 1);
    buf_puts(&body, "{\"success\":true,\"data\":[0");
    while (body.len < HUGE - 64)
        buf_puts(&body, ",0,0,0,0,0,0,0,0,0,0,0,0");
    buf_puts(&body, "]}");
    give(peer, body.data);
    buf_done(&body);
}

/* Rows that are as good as any, each with a text of so many bytes; no page ever is the last. */
static void rows(struct peer *peer, size_t text, int most)
{
    static const char *const ids[] = {"sessionId", "posPaymentId", "modificationReference"};
    struct buf body, filling;
    buf_init(&body, HUGE + 1);
    buf_init(&filling, (size_t)1 << 17);
    while (filling.len < text)
        buf_puts(&filling, "a room with a view, ");
    buf_puts(&body, "{\"success\":true,\"data\":{\"items\":[");
    for (int i = 0; i < most && body.len < HUGE - text - 1000; i++) {
        buf_printf(&body, "%s{", i ? "," : "");
        for (size_t k = 0; k < COUNT_OF(ids); k++)
            buf_printf(&body, "\"%s\":\"HOTEL9-XT-%u-%d\",", ids[k], peer->number, i);
        buf_printf(&body,
                   "\"status\":\"completed\",\"amount\":{\"value\":%d,\"currency\":\"EUR\"},"
                   "\"createdAt\":\"2026-11-%02dT10:%02d:00Z\",\"description\":\"%s\"}",
                   i + 1, i % 28 + 1, i % 60, filling.data);
    }
    buf_puts(&body, "],\"hasMore\":true}}");
    give(peer, body.data);
    buf_done(&filling);
    buf_done(&body);
}

static void many_rows(struct peer *peer)
{
    rows(peer, 380, 9000); /* eleven values a row: right below the limit of values */
}

static void long_texts(struct peer *peer)
{
    rows(peer, 60000, 1000);
}

static void announced_too_big(struct peer *peer)
{
    pour(peer, OK_LINE "Content-Length: 9000000000\r\n\r\n", "                                ");
}

/* --- slow ------------------------------------------------------------------------------------- */

static void one_byte_a_second(struct peer *peer)
{
    static const char answer[] = OK_LINE "Content-Length: 1000\r\n\r\n{\"success\":true,\"data\":[";
    struct buf request = {0};
    if (peer_hear(peer, &request)) {
        int64_t begun = company_now_ms();
        for (size_t i = 0; i < sizeof answer; i++)
            if (!peer_say(peer, answer + i, 1) || peer_await_end(peer, 1000))
                break;
        note_end(peer, begun);
    }
    buf_done(&request);
}

static void hears_one_byte_a_second(struct peer *peer)
{
    char byte;
    int small = 1;
    setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (recv(peer->fd, &byte, 1, 0) == 1) {
        int64_t begun = company_now_ms();
        while (!peer_pace(peer, 1000) && recv(peer->fd, &byte, 1, 0) == 1 &&
               company_now_ms() - begun < COMPANY_LIMIT_MS)
            continue;
        note_end(peer, begun);
    }
}

static void says_nothing(struct peer *peer)
{
    struct buf request = {0};
    if (peer_hear(peer, &request)) {
        int64_t begun = company_now_ms();
        peer_await_end(peer, COMPANY_LIMIT_MS);
        note_end(peer, begun);
    }
    buf_done(&request);
}

const struct flood floods[FLOODS] = {
    {"endless body", endless_body, false},
    {"endless headers", endless_head, false},
    {"endless header line", endless_line, false},
    {"endless 100 Continue", endless_continue, false},
    {"endless chunks", endless_chunks, false},
    {"endless trailer", endless_trailer, false},
    {"gzip bomb", NULL, false}, /* of the bundled server */
    {"deep JSON", deep, false},
    {"JSON of many values", many_values, false},
    {"a page of many rows", many_rows, false},
    {"a page of long texts", long_texts, false},
    {"announced too big", announced_too_big, false},
    {"endless chunk extension", endless_extension, true},
    {"one byte a second", one_byte_a_second, true},
    {"reads one byte a second", hears_one_byte_a_second, true},
    {"says nothing", says_nothing, true},
};
