/* A server of the API, as little of it as a session at the screen needs, that puts a payload into
   every text of every answer. What must be a known word so that a screen can be reached at all (a
   status that allows a refund) is one in the first rows only. Amounts of a charge decide, by their
   last two digits: 51 an error, 52 a line that drops, else success. */
#include "support_text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINES_MAX = 64 };

struct hostile_line {
    struct hostile *hostile;
    int fd;
    struct loop_watch *watch;
    struct buf in;
};

/* --- requests --------------------------------------------------------------------------------- */

/* The row number stands behind an id's last dash, which percent encoding leaves as it is. */
static int row_of(const char *path)
{
    size_t len = strcspn(path, "?"), tail = strlen("/modifications");

    if (len > tail && strncmp(path + len - tail, "/modifications", tail) == 0)
        len -= tail;
    long row = len > 3 ? strtol(path + len - 3, NULL, 10) : 0;
    return row >= 0 && row < HOSTILE_ROWS ? (int)row : 0;
}

/* 0: the line drops. */
static int answer_post(struct hostile *hostile, struct buf *out, const char *path, const char *body)
{
    long value = hostile_value(body);

    if (value % 100 == 52)
        return 0;
    if (value % 100 == 51) {
        hostile_error(hostile, out, (int)(value / 100) % HOSTILE_DATED);
        return 400;
    }
    hostile_outcome(hostile, out, path, body);
    return strncmp(path, "pos/", 4) == 0 ? 200 : strstr(path, "session") ? 201 : 202;
}

static int answer_get(struct hostile *hostile, struct buf *out, const char *path)
{
    static const struct {
        const char *path;
        enum hostile_kind kind;
    } lists[] = {{"payment/sessions", HOSTILE_SESSION},
                 {"pos/payments", HOSTILE_PAYMENT},
                 {"modifications", HOSTILE_MODIFICATION},
                 {"pos/terminals", HOSTILE_TERMINAL}};

    const char *page = strstr(path, "page=");
    hostile_cursor_came(hostile, path);
    hostile->page = strstr(path, "cursor=") ? 2 : page ? (int)strtol(page + 5, NULL, 10) : 1;
    if (strstr(path, "/modifications")) {
        int row = row_of(path);
        hostile_list(hostile, out, HOSTILE_MODIFICATION, row, row < 2 ? 1 : 0);
        return 200;
    }
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        if (strncmp(path, lists[i].path, strlen(lists[i].path)) == 0) {
            hostile_list(hostile, out, lists[i].kind, 0,
                         lists[i].kind == HOSTILE_TERMINAL ? HOSTILE_DATED : HOSTILE_ROWS);
            return 200;
        }
    }
    if (strncmp(path, "payment/session/", 16) == 0) {
        hostile_one(hostile, out, HOSTILE_SESSION, row_of(path));
        return 200;
    }
    hostile_error(hostile, out, row_of(path));
    return 404;
}

static void line_close(struct hostile_line *line)
{
    loop_unwatch(line->hostile->loop, line->watch);
    close(line->fd);
    line->fd = -1;
    buf_done(&line->in);
}

/* The console reads as fast as it can: waiting for it here is safe. */
static void send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        ssize_t done = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (done < 0 && errno != EAGAIN)
            return;
        if (done < 0 && poll(&ready, 1, 5000) <= 0)
            return;
        bytes += done > 0 ? done : 0;
        len -= done > 0 ? (size_t)done : 0;
    }
}

static void serve(struct hostile_line *line)
{
    const char *path = strstr(line->in.data, "/external/v1/test/");
    const char *body = strstr(line->in.data, "\r\n\r\n");
    bool post = strncmp(line->in.data, "POST", 4) == 0;
    struct buf out, head;
    int status = 404;

    buf_init(&out, 16 << 20);
    buf_init(&head, 1 << 10);
    buf_puts(&out, "");
    if (path) {
        path += strlen("/external/v1/test/");
        char *only = mem_strdup(path);
        only[strcspn(only, " \r\n")] = '\0';
        status = post ? answer_post(line->hostile, &out, only, body)
                      : answer_get(line->hostile, &out, only);
        free(only);
    }
    buf_printf(&head,
               "HTTP/1.1 %d Word\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
               status, out.len);
    if (status > 0) {
        send_all(line->fd, head.data, head.len);
        send_all(line->fd, out.data, out.len);
        buf_clear(&line->in);
    } else {
        line_close(line);
    }
    buf_done(&head);
    buf_done(&out);
}

static bool is_whole(const struct buf *in)
{
    const char *end = strstr(in->data, "\r\n\r\n");
    const char *length = end ? strcasestr(in->data, "\r\ncontent-length:") : NULL;

    return end && strlen(end + 4) >= (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
}

static void on_bytes(void *ctx, short events)
{
    struct hostile_line *line = ctx;
    char bytes[8192];
    ssize_t got = recv(line->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    (void)events;
    if (got <= 0) {
        line_close(line);
        return;
    }
    buf_add(&line->in, bytes, (size_t)got);
    if (is_whole(&line->in))
        serve(line);
}

static void on_line(void *ctx, short events)
{
    struct hostile *hostile = ctx;
    int fd = accept4(hostile->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    for (int i = 0; fd >= 0 && i < LINES_MAX; i++) {
        struct hostile_line *line = &hostile->lines[i];
        if (line->fd >= 0)
            continue;
        *line = (struct hostile_line){.hostile = hostile, .fd = fd};
        buf_init(&line->in, 1 << 20);
        line->watch = loop_watch_fd(hostile->loop, fd, POLLIN, on_bytes, line);
        return;
    }
    if (fd >= 0)
        close(fd);
}

/* --- life ------------------------------------------------------------------------------------- */

bool hostile_start(struct hostile *hostile)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;

    hostile->lines = mem_resize(NULL, LINES_MAX, sizeof *hostile->lines);
    for (int i = 0; i < LINES_MAX; i++)
        hostile->lines[i].fd = -1;
    hostile->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (hostile->fd < 0 || bind(hostile->fd, (struct sockaddr *)&here, size) != 0 ||
        listen(hostile->fd, 64) != 0 ||
        getsockname(hostile->fd, (struct sockaddr *)&here, &size) != 0)
        return false;
    snprintf(hostile->base, sizeof hostile->base, "http://127.0.0.1:%d/external/v1/",
             ntohs(here.sin_port));
    hostile->watch = loop_watch_fd(hostile->loop, hostile->fd, POLLIN, on_line, hostile);
    return true;
}

void hostile_stop(struct hostile *hostile)
{
    for (int i = 0; i < LINES_MAX; i++)
        if (hostile->lines[i].fd >= 0)
            line_close(&hostile->lines[i]);
    free(hostile->lines);
    loop_unwatch(hostile->loop, hostile->watch);
    close(hostile->fd);
}
