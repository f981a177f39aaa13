/* See support_server.h. */
#include "support_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PLANS_MAX       64
#define REQUESTS_MAX    64
#define CONNECTIONS_MAX 64

struct connection {
    struct server *server;
    int fd; /* -1: over */
    struct loop_watch *watch;
    struct buf in;
    const char *endless;
};

struct server {
    struct loop *loop;
    int fd, port;
    char base[64];
    struct loop_watch *watch;
    struct {
        enum server_act act;
        char *bytes;
    } plans[PLANS_MAX];
    size_t plan_count, plan_next;
    char *requests[REQUESTS_MAX];
    size_t request_count;
    struct connection connections[CONNECTIONS_MAX];
    size_t connection_count;
};

static void connection_close(struct connection *connection)
{
    if (connection->fd < 0)
        return;
    loop_unwatch(connection->server->loop, connection->watch);
    close(connection->fd);
    connection->fd = -1;
    buf_done(&connection->in);
}

/* Answers fit the socket's buffer, except endless ones, which stop when it is full. */
static void connection_send(const struct connection *connection, const char *bytes)
{
    ssize_t sent = send(connection->fd, bytes, strlen(bytes), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent;
}

static void connection_floods(void *ctx, short revents)
{
    struct connection *connection = ctx;
    if (revents & (POLLERR | POLLHUP))
        connection_close(connection);
    else
        connection_send(connection, connection->endless);
}

static void connection_serve(struct connection *connection)
{
    struct server *server = connection->server;
    assert(server->request_count < REQUESTS_MAX && server->plan_count > 0);
    server->requests[server->request_count++] = mem_strdup(connection->in.data);
    buf_clear(&connection->in);
    size_t plan = server->plan_next;
    if (plan + 1 < server->plan_count)
        server->plan_next++;
    const char *bytes = server->plans[plan].bytes;
    switch (server->plans[plan].act) {
    case SERVER_ANSWER:
        connection_send(connection, bytes);
        break;
    case SERVER_ANSWER_CLOSE:
        connection_send(connection, bytes);
        connection_close(connection);
        break;
    case SERVER_DROP:
    case SERVER_REFUSE:
        connection_close(connection);
        break;
    case SERVER_SILENT:
        break;
    case SERVER_ENDLESS:
        connection_send(connection, bytes);
        connection->endless = strchr(bytes, '\n') + 1;
        loop_unwatch(server->loop, connection->watch);
        connection->watch =
            loop_watch_fd(server->loop, connection->fd, POLLOUT, connection_floods, connection);
        break;
    }
}

/* The request is whole when the head and as many bytes as it announces are there. */
static bool connection_whole(const struct connection *connection)
{
    const char *end = strstr(connection->in.data, "\r\n\r\n");
    if (!end)
        return false;
    const char *length = strcasestr(connection->in.data, "\r\ncontent-length:");
    size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
    return strlen(end + 4) >= body;
}

static void connection_reads(void *ctx, short revents)
{
    (void)revents;
    struct connection *connection = ctx;
    char bytes[4096];
    ssize_t got = recv(connection->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (got <= 0) {
        connection_close(connection);
        return;
    }
    buf_add(&connection->in, bytes, (size_t)got);
    if (connection_whole(connection))
        connection_serve(connection);
}

static void server_accepts(void *ctx, short revents)
{
    (void)revents;
    struct server *server = ctx;
    int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    assert(server->connection_count < CONNECTIONS_MAX);
    struct connection *connection = &server->connections[server->connection_count++];
    *connection = (struct connection){.server = server, .fd = fd};
    buf_init(&connection->in, 1 << 20);
    connection->watch = loop_watch_fd(server->loop, fd, POLLIN, connection_reads, connection);
    if (server->plan_count && server->plans[server->plan_next].act == SERVER_REFUSE) {
        if (server->plan_next + 1 < server->plan_count)
            server->plan_next++;
        connection_close(connection);
    }
}

struct server *server_new(struct loop *loop)
{
    struct server *server = mem_alloc(sizeof(*server));
    server->loop = loop;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(here);
    if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&here, size) != 0 ||
        listen(server->fd, 16) != 0 ||
        getsockname(server->fd, (struct sockaddr *)&here, &size) != 0)
        abort();
    server->port = ntohs(here.sin_port);
    snprintf(server->base, sizeof(server->base), "http://127.0.0.1:%d/external/v1/", server->port);
    server->watch = loop_watch_fd(loop, server->fd, POLLIN, server_accepts, server);
    return server;
}

void server_free(struct server *server)
{
    for (size_t i = 0; i < server->connection_count; i++)
        connection_close(&server->connections[i]);
    loop_unwatch(server->loop, server->watch);
    close(server->fd);
    for (size_t i = 0; i < server->plan_count; i++)
        free(server->plans[i].bytes);
    for (size_t i = 0; i < server->request_count; i++)
        free(server->requests[i]);
    free(server);
}

const char *server_base(const struct server *server)
{
    return server->base;
}

int server_port(const struct server *server)
{
    return server->port;
}

void server_plan(struct server *server, enum server_act act, const char *bytes)
{
    assert(server->plan_count < PLANS_MAX);
    server->plans[server->plan_count].act = act;
    server->plans[server->plan_count++].bytes = mem_strdup(bytes ? bytes : "");
}

void server_plan_json(struct server *server, int status, const char *extra, const char *body)
{
    struct buf answer;
    buf_init(&answer, 1 << 20);
    buf_printf(&answer, "HTTP/1.1 %d Word\r\nContent-Type: application/json\r\n%s", status, extra);
    buf_printf(&answer, "Content-Length: %zu\r\n\r\n", strlen(body));
    buf_puts(&answer, body);
    server_plan(server, SERVER_ANSWER, answer.data);
    buf_done(&answer);
}

size_t server_requests(const struct server *server)
{
    return server->request_count;
}

size_t server_connections(const struct server *server)
{
    return server->connection_count;
}

const char *server_request(const struct server *server, size_t index)
{
    assert(index < server->request_count);
    return server->requests[index];
}
