/* The daemon: libmicrohttpd without a thread, its descriptor in the caller's loop. Connections
   come from sim_listen.c, answers leave by sim_send.c. A request is served when it is whole; an
   answer that must wait suspends its connection until a timer of the loop resumes it. */
#include "faults_internal.h"
#include "server_internal.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RUNS_A_TURN 64 /* the console's own keys come first */

static const char base_path[] = "/external/v1", test_path[] = "/test";

/* --- waiting ------------------------------------------------------------------------------------
 */

static void run(void *ctx, short revents)
{
    (void)revents;
    struct sim *sim = ctx;
    MHD_UNSIGNED_LONG_LONG timeout = 0;
    int runs = 0;
    do {
        MHD_run(sim->server->daemon);
    } while (++runs < RUNS_A_TURN && MHD_get_timeout(sim->server->daemon, &timeout) == MHD_YES &&
             timeout == 0);
}

void exchange_resume(void *ctx)
{
    struct exchange *exchange = ctx;
    struct sim *sim = exchange->sim; /* the exchange may end in here */
    exchange->timer = NULL;
    exchange->suspended = false;
    exchange->due = true;
    MHD_resume_connection(exchange->connection);
    run(sim, 0); /* the epoll descriptor does not announce a resumed connection */
}

void exchange_suspend(struct exchange *exchange, int64_t delay_ms)
{
    exchange->suspended = true;
    exchange->due = false;
    MHD_suspend_connection(exchange->connection);
    if (delay_ms != SIM_FOREVER)
        exchange->timer =
            loop_timer_start(exchange->sim->loop, delay_ms, exchange_resume, exchange);
}

/* --- receiving ----------------------------------------------------------------------------------
 */

static enum MHD_Result add_query(void *ctx, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    (void)kind;
    struct sim_request *request = ctx;
    if (request->query_count == SIM_QUERY_MAX)
        return MHD_NO;
    request->query[request->query_count++] = (struct sim_pair){
        arena_strdup(&request->arena, name), arena_strdup(&request->arena, value ? value : "")};
    return MHD_YES;
}

static const char *header(struct exchange *exchange, const char *name)
{
    const char *value = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
    return arena_strdup(&exchange->request.arena, value);
}

static struct exchange *exchange_new(struct sim *sim, struct MHD_Connection *connection,
                                     const char *url, const char *method)
{
    struct exchange *exchange = mem_alloc(sizeof(*exchange));
    struct sim_request *request = &exchange->request;
    exchange->sim = request->sim = sim;
    exchange->connection = connection;
    exchange->next = sim->server->open;
    exchange->link = &sim->server->open;
    if (exchange->next)
        exchange->next->link = &exchange->next;
    sim->server->open = exchange;
    buf_init(&request->body, BODY_MAX);
    buf_puts(&request->body, "");
    request->url = arena_strdup(&request->arena, url);
    request->method = arena_strdup(&request->arena, method);
    if (strncmp(request->url, base_path, sizeof(base_path) - 1) == 0) {
        const char *path = request->url + sizeof(base_path) - 1;
        bool test = strncmp(path, test_path, sizeof(test_path) - 1) == 0 &&
                    strchr("/", path[sizeof(test_path) - 1]) != NULL;
        request->env = test ? SIM_TEST : SIM_LIVE;
        request->path = test ? path + sizeof(test_path) - 1 : path;
    }
    return exchange;
}

static void exchange_free(struct exchange *exchange)
{
    loop_timer_stop(exchange->sim->loop, exchange->timer);
    pour_free(exchange);
    *exchange->link = exchange->next;
    if (exchange->next)
        exchange->next->link = exchange->link;
    buf_done(&exchange->request.body);
    buf_done(&exchange->answer.body);
    arena_done(&exchange->request.arena);
    free(exchange);
}

static enum MHD_Result receive(void *ctx, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *len, void **slot)
{
    (void)version;
    struct exchange *exchange = *slot;
    if (!exchange) {
        if (listen_refuses(ctx))
            return MHD_NO; /* a connection that was kept alive */
        *slot = exchange_new(ctx, connection, url, method);
        return MHD_YES;
    }
    struct sim_request *request = &exchange->request;
    if (*len > 0) {
        buf_add(&request->body, data, *len);
        *len = 0;
        return MHD_YES;
    }
    if (!exchange->served) {
        exchange->served = true;
        request->api_key = header(exchange, "X-API-KEY");
        request->idempotency_key = header(exchange, "Idempotency-Key");
        request->content_type = header(exchange, "Content-Type");
        request->faults = header(exchange, "X-Sim-Fault");
        MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_query, request);
        routes_serve(request, &exchange->answer);
        if (exchange->answer.wait_ms > 0) {
            exchange_suspend(exchange, exchange->answer.wait_ms);
            return MHD_YES;
        }
    }
    return exchange_send(exchange);
}

static void completed(void *ctx, struct MHD_Connection *connection, void **slot,
                      enum MHD_RequestTerminationCode why)
{
    (void)ctx;
    (void)connection;
    struct exchange *exchange = *slot;
    if (!exchange)
        return;
    if (exchange->answer.hang_up && why == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        shutdown(exchange_fd(exchange), SHUT_RDWR);
    exchange_free(exchange);
    *slot = NULL;
}

/* --- in the loop --------------------------------------------------------------------------------
 */

/* Work that was left when a turn had done its share. No time-outs are set, so any other answer of
   the library means to wait for its descriptor. */
static void before_wait(void *ctx)
{
    struct sim *sim = ctx;
    MHD_UNSIGNED_LONG_LONG timeout = 0;
    if (MHD_get_timeout(sim->server->daemon, &timeout) == MHD_YES && timeout == 0)
        run(sim, 0);
}

void server_take(struct sim *sim, int fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    MHD_add_connection(sim->server->daemon, fd, (struct sockaddr *)&address, sizeof(address));
    run(sim, 0);
}

static bool start_server(struct sim *sim, struct err *err)
{
    struct sim_server *server = mem_alloc(sizeof(*server));
    sim->server = server;
    errno = 0;
    server->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
                                          MHD_USE_SUPPRESS_DATE_NO_CLOCK | MHD_USE_NO_LISTEN_SOCKET,
                                      0, NULL, NULL, receive, sim, MHD_OPTION_NOTIFY_COMPLETED,
                                      completed, sim, MHD_OPTION_END);
    if (!server->daemon)
        return err_set(err, ERR_SYSTEM, "simulator: cannot start: %s", strerror(errno));
    int fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    server->watch = loop_watch_fd(sim->loop, fd, POLLIN, run, sim);
    server->hook = loop_hook_before_wait(sim->loop, before_wait, sim);
    if (!listen_start(sim, err))
        return false;
    snprintf(sim->base_url, sizeof(sim->base_url), "http://127.0.0.1:%u%s/", sim->port, base_path);
    return true;
}

static void stop_server(struct sim *sim)
{
    struct sim_server *server = sim->server;
    if (!server)
        return;
    if (server->daemon) {
        loop_unwatch(sim->loop, server->watch);
        loop_unhook(sim->loop, server->hook);
        for (struct exchange *exchange = server->open; exchange; exchange = exchange->next) {
            if (exchange->suspended)
                MHD_resume_connection(exchange->connection);
        }
        MHD_stop_daemon(server->daemon);
    }
    free(server);
}

/* --- start and stop -----------------------------------------------------------------------------
 */

struct sim_settings sim_settings_default(void)
{
    return (struct sim_settings){.webcode = "HOTEL9",
                                 .test_key = "test-key",
                                 .live_key = "live-key",
                                 .sessions = 400,
                                 .payments = 250,
                                 .seed = 1,
                                 .charge_delay_ms = 1000,
                                 .charge_slow_ms = 20000,
                                 .charge_late_ms = 30000,
                                 .charge_silent_ms = 600000,
                                 .terminal_offline_ms = 1500,
                                 .modification_delay_ms = 2000,
                                 .modification_long_ms = 60000,
                                 .pay_after_ms = 20000};
}

static bool start(struct sim *sim, struct err *err)
{
    struct sim_settings *settings = &sim->settings;
    sim->anchor_utc_ms = clock_utc_ms();
    sim->anchor_boot_ms = clock_boot_ms();
    sim->seed.seed = settings->seed;
    sim->seed.base_ms = settings->base_utc_ms ? settings->base_utc_ms : sim->anchor_utc_ms;
    sim->seed.counts[SIM_SESSION] = settings->sessions;
    sim->seed.counts[SIM_PAYMENT] = settings->payments;
    sim->seed.codes.webcode = settings->webcode;
    sim->faults = faults_new(settings->faults, settings->seed, sim->fault_applied, err);
    if (!sim->faults)
        return false;
    sim->data = data_open(settings->data_path, &sim->seed, err);
    if (!sim->data)
        return false;
    seed_init(&sim->seed);
    return start_server(sim, err);
}

struct sim *sim_start(struct loop *loop, const struct sim_settings *settings, struct err *err)
{
    assert(loop && settings->webcode && settings->test_key && settings->live_key);
    struct sim *sim = mem_alloc(sizeof(*sim));
    sim->loop = loop;
    sim->settings = *settings;
    sim->settings.data_path = mem_strdup(settings->data_path);
    sim->settings.webcode = mem_strdup(settings->webcode);
    sim->settings.test_key = mem_strdup(settings->test_key);
    sim->settings.live_key = mem_strdup(settings->live_key);
    sim->settings.faults = mem_strdup(settings->faults);
    sim->seen = mem_alloc((routes_count() + 1) * sizeof(*sim->seen));
    sim->fault_applied = mem_alloc(faults_kinds() * sizeof(*sim->fault_applied));
    if (!start(sim, err)) {
        sim_stop(sim);
        return NULL;
    }
    return sim;
}

void sim_stop(struct sim *sim)
{
    if (!sim)
        return;
    listen_stop(sim);
    stop_server(sim);
    data_close(sim->data);
    faults_free(sim->faults);
    seed_done(&sim->seed);
    free(sim->seen);
    free(sim->fault_applied);
    free((void *)(uintptr_t)sim->settings.data_path);
    free((void *)(uintptr_t)sim->settings.webcode);
    free((void *)(uintptr_t)sim->settings.test_key);
    free((void *)(uintptr_t)sim->settings.live_key);
    free((void *)(uintptr_t)sim->settings.faults);
    free(sim);
}

uint16_t sim_port(const struct sim *sim)
{
    return sim->port;
}

const char *sim_base_url(const struct sim *sim)
{
    return sim->base_url;
}
