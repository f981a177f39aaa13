/* Where connections come from: a listening socket of our own, so that a connection can be refused,
   closed or left unread before libmicrohttpd hears of it. */
#include "faults_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_MS 20

struct deaf { /* a connection that nobody reads yet */
    struct deaf *next, **link;
    struct sim *sim;
    int fd;
    struct loop_timer *timer; /* NULL: nobody ever will */
};
struct sim_listener {
    int holder; /* bound but not listening: keeps the port ours while connections are refused */
    int fd;     /* -1: refusing */
    struct loop_watch *watch;
    struct loop_timer *timer; /* until it listens again */
    struct deaf *deaf;
};

static int bound_socket(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == 0 &&
        bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* --- deaf connections ---------------------------------------------------------------------------
 */

static int deaf_end(struct deaf *deaf)
{
    int fd = deaf->fd;
    loop_timer_stop(deaf->sim->loop, deaf->timer);
    *deaf->link = deaf->next;
    if (deaf->next)
        deaf->next->link = deaf->link;
    free(deaf);
    return fd;
}

static void deaf_hears(void *ctx)
{
    struct deaf *deaf = ctx;
    struct sim *sim = deaf->sim;
    deaf->timer = NULL;
    server_take(sim, deaf_end(deaf));
}

static void deaf_start(struct sim *sim, int fd, int64_t ms)
{
    struct deaf *deaf = mem_alloc(sizeof(*deaf));
    *deaf = (struct deaf){
        .next = sim->listener->deaf, .link = &sim->listener->deaf, .sim = sim, .fd = fd};
    if (deaf->next)
        deaf->next->link = &deaf->next;
    sim->listener->deaf = deaf;
    if (ms != SIM_FOREVER)
        deaf->timer = loop_timer_start(sim->loop, ms, deaf_hears, deaf);
}

/* --- listening ----------------------------------------------------------------------------------
 */

static void welcome(struct sim *sim, int fd)
{
    struct sim_welcome meets = {.refuse_ms = -1};
    faults_connect(sim->faults, &meets);
    if (meets.hang_up)
        close(fd);
    else if (meets.deaf_ms > 0)
        deaf_start(sim, fd, meets.deaf_ms);
    else
        server_take(sim, fd);
}

static void accept_all(void *ctx, short revents)
{
    (void)revents;
    struct sim *sim = ctx;
    int fd;
    while (sim->listener->fd >= 0 &&
           (fd = accept4(sim->listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        welcome(sim, fd);
}

static bool open_up(struct sim *sim)
{
    struct sim_listener *listener = sim->listener;
    listener->fd = bound_socket(sim->port);
    if (listener->fd >= 0 && listen(listener->fd, SOMAXCONN) != 0) {
        close(listener->fd);
        listener->fd = -1;
    }
    if (listener->fd < 0)
        return false;
    listener->watch = loop_watch_fd(sim->loop, listener->fd, POLLIN, accept_all, sim);
    return true;
}

static void shut(struct sim *sim)
{
    struct sim_listener *listener = sim->listener;
    loop_unwatch(sim->loop, listener->watch);
    loop_timer_stop(sim->loop, listener->timer);
    listener->watch = NULL;
    listener->timer = NULL;
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}

static void reopen(void *ctx)
{
    struct sim *sim = ctx;
    struct sim_listener *listener = sim->listener;
    listener->timer = NULL;
    if (listener->fd < 0 && !open_up(sim))
        listener->timer = loop_timer_start(sim->loop, RETRY_MS, reopen, sim);
}

void listen_refuse(struct sim *sim, int64_t ms)
{
    shut(sim);
    if (ms > 0)
        sim->listener->timer = loop_timer_start(sim->loop, ms, reopen, sim);
}

bool listen_refuses(const struct sim *sim)
{
    return sim->listener->fd < 0;
}

void listen_meet_faults(struct sim *sim)
{
    struct sim_welcome meets = {.refuse_ms = -1};
    for (struct deaf *deaf = sim->listener->deaf, *next; deaf; deaf = next) {
        next = deaf->next;
        if (!deaf->timer)
            close(deaf_end(deaf));
    }
    faults_fresh(sim->faults, &meets);
    if (meets.refuse_ms >= 0)
        listen_refuse(sim, meets.refuse_ms);
    else {
        loop_timer_stop(sim->loop, sim->listener->timer); /* of a refusal that ends now */
        reopen(sim);
    }
}

bool listen_start(struct sim *sim, struct err *err)
{
    struct sim_listener *listener = mem_alloc(sizeof(*listener));
    struct sockaddr_in address = {0};
    socklen_t len = sizeof(address);
    sim->listener = listener;
    listener->fd = -1;
    listener->holder = bound_socket(sim->settings.port);
    if (listener->holder >= 0 &&
        getsockname(listener->holder, (struct sockaddr *)&address, &len) == 0) {
        sim->port = ntohs(address.sin_port);
        if (open_up(sim)) {
            listen_meet_faults(sim);
            return true;
        }
    }
    return err_set(err, ERR_SYSTEM, "simulator: cannot listen on 127.0.0.1:%u: %s",
                   sim->settings.port, strerror(errno));
}

void listen_stop(struct sim *sim)
{
    struct sim_listener *listener = sim->listener;
    if (!listener)
        return;
    shut(sim);
    while (listener->deaf)
        close(deaf_end(listener->deaf));
    if (listener->holder >= 0)
        close(listener->holder);
    free(listener);
    sim->listener = NULL;
}
