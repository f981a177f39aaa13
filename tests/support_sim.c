#include "support_sim.h"
#include "support_clock.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_MAX   (8u << 20)
#define REPLIES     3
#define DEADLINE_MS 20000

struct talk {
    struct sim_lab *lab;
    int fd;
    struct loop_watch *watch;
    struct buf request;
    size_t sent;
    struct reply reply;
    bool done;
};
static struct talk *recent[REPLIES];

struct sim_settings lab_settings(void)
{
    struct sim_settings settings = sim_settings_default();
    settings.charge_delay_ms = 20;
    settings.charge_slow_ms = 150;
    settings.charge_late_ms = 60;
    settings.charge_silent_ms = 400;
    settings.terminal_offline_ms = 20;
    settings.modification_delay_ms = 40;
    settings.modification_long_ms = 600000;
    settings.pay_after_ms = 60;
    return settings;
}

struct sim_lab *lab_open(const struct sim_settings *settings)
{
    struct sim_lab *lab = mem_alloc(sizeof(*lab));
    struct err err = {0};
    lab->loop = loop_new();
    lab->sim = sim_start(lab->loop, settings, &err);
    if (!lab->sim)
        fprintf(stderr, "simulator: %s\n", err.detail);
    assert(lab->sim);
    lab_new_key(lab);
    return lab;
}

void lab_close(struct sim_lab *lab)
{
    for (size_t i = 0; i < REPLIES; i++) {
        lab_forget(recent[i]);
        recent[i] = NULL;
    }
    sim_stop(lab->sim);
    loop_free(lab->loop);
    free(lab);
}

void lab_skip(int64_t ms)
{
    if (ms == 0)
        clocks_set_right();
    else
        clocks_put_on(ms, ms);
}

void lab_new_key(struct sim_lab *lab)
{
    random_uuid(lab->key);
}

static void talk_end(struct talk *talk)
{
    struct reply *reply = &talk->reply;
    loop_unwatch(talk->lab->loop, talk->watch);
    talk->watch = NULL;
    talk->done = true;
    buf_puts(&reply->raw, "");
    reply->head = reply->raw.data;
    char *gap = strstr(reply->raw.data, "\r\n\r\n");
    reply->body = gap ? gap + 4 : reply->raw.data + reply->raw.len;
    reply->body_len = (size_t)(reply->raw.data + reply->raw.len - reply->body);
    if (gap)
        *gap = '\0';
    if (strncmp(reply->head, "HTTP/1.1 ", 9) == 0)
        reply->status = (int)strtol(reply->head + 9, NULL, 10);
}

static void talk_closed(struct talk *talk, int why)
{
    talk->reply.closed = true;
    talk->reply.refused |= why == ECONNREFUSED;
    talk_end(talk);
}

static void talk_turn(void *ctx, short revents)
{
    struct talk *talk = ctx;
    if (talk->sent < talk->request.len && (revents & POLLOUT)) {
        ssize_t n = send(talk->fd, talk->request.data + talk->sent, talk->request.len - talk->sent,
                         MSG_NOSIGNAL);
        if (n > 0)
            talk->sent += (size_t)n;
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            talk_closed(talk, errno);
            return;
        }
        if (talk->sent == talk->request.len) {
            loop_unwatch(talk->lab->loop, talk->watch);
            talk->watch = loop_watch_fd(talk->lab->loop, talk->fd, POLLIN, talk_turn, talk);
        }
        return;
    }
    char bytes[16384];
    ssize_t n = recv(talk->fd, bytes, sizeof(bytes), 0);
    if (n > 0) {
        buf_add(&talk->reply.raw, bytes, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        talk_closed(talk, n == 0 ? 0 : errno);
    }
}

struct talk *lab_begin(struct sim_lab *lab, const char *method, const char *path, const char *body)
{
    struct talk *talk = mem_alloc(sizeof(*talk));
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(sim_port(lab->sim)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const char *access = lab->api_key;
    if (!access)
        access = strncmp(path, TEST "/", sizeof(TEST)) == 0 ? "test-key" : "live-key";
    talk->lab = lab;
    buf_init(&talk->request, 1u << 20);
    buf_init(&talk->reply.raw, REPLY_MAX);
    buf_printf(&talk->request,
               "%s %s HTTP/1.1\r\nHost: x\r\nConnection: %s\r\nX-API-KEY: %s\r\n", method, path,
               lab->keep_alive ? "keep-alive" : "close", access);
    if (lab->fault)
        buf_printf(&talk->request, "X-Sim-Fault: %s\r\n", lab->fault);
    if (body) {
        buf_printf(&talk->request, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                   strlen(body));
        if (lab->key[0])
            buf_printf(&talk->request, "Idempotency-Key: %s\r\n", lab->key);
    }
    buf_printf(&talk->request, "\r\n%s", body ? body : "");
    talk->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert(talk->fd >= 0);
    int connected = connect(talk->fd, (struct sockaddr *)&address, sizeof(address));
    talk->reply.refused = connected != 0 && errno == ECONNREFUSED;
    assert(connected == 0 || errno == EINPROGRESS || talk->reply.refused);
    talk->watch = loop_watch_fd(lab->loop, talk->fd, POLLOUT, talk_turn, talk);
    return talk;
}

static bool is_done(void *ctx)
{
    return ((struct talk *)ctx)->done;
}

bool lab_finished(const struct talk *talk)
{
    return talk->done;
}

const struct reply *lab_so_far(struct talk *talk)
{
    return &talk->reply;
}

struct reply *lab_finish(struct talk *talk, int64_t deadline_ms)
{
    if (!loop_run_until(talk->lab->loop, is_done, talk, deadline_ms))
        talk_end(talk);
    return &talk->reply;
}

void lab_forget(struct talk *talk)
{
    if (!talk)
        return;
    if (talk->watch)
        loop_unwatch(talk->lab->loop, talk->watch);
    close(talk->fd);
    buf_done(&talk->request);
    buf_done(&talk->reply.raw);
    free(talk);
}

static struct reply *call(struct sim_lab *lab, const char *method, const char *path,
                          const char *body, int64_t deadline_ms)
{
    struct talk *talk = lab_begin(lab, method, path, body);
    lab_forget(recent[REPLIES - 1]);
    for (size_t i = REPLIES - 1; i > 0; i--)
        recent[i] = recent[i - 1];
    recent[0] = talk;
    return lab_finish(talk, deadline_ms);
}

struct reply *lab_get(struct sim_lab *lab, const char *path)
{
    return call(lab, "GET", path, NULL, DEADLINE_MS);
}

struct reply *lab_post(struct sim_lab *lab, const char *path, const char *body)
{
    return call(lab, "POST", path, body, DEADLINE_MS);
}

struct reply *lab_post_within(struct sim_lab *lab, const char *path, const char *body,
                              int64_t deadline_ms)
{
    return call(lab, "POST", path, body, deadline_ms);
}

const char *field_at(const char *body, const char *name, size_t nth)
{
    static char found[8][512];
    static size_t turn;
    char *out = found[turn++ % COUNT_OF(found)], mark[64];
    snprintf(mark, sizeof(mark), "\"%s\":", name);
    out[0] = '\0';
    const char *at = strstr(body, mark);
    while (at && nth-- > 0)
        at = strstr(at + 1, mark);
    if (!at)
        return out;
    at += strlen(mark);
    size_t len = *at == '"' ? strcspn(++at, "\"") : strcspn(at, ",}]");
    snprintf(out, sizeof(found[0]), "%.*s", (int)len, at);
    return out;
}

const char *field_of(const char *body, const char *name)
{
    return field_at(body, name, 0);
}

size_t count_of(const char *body, const char *text)
{
    size_t count = 0;
    for (const char *at = strstr(body, text); at; at = strstr(at + 1, text))
        count++;
    return count;
}
