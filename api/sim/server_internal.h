/* One request on its connection, among the files that speak HTTP (sim.c, sim_send.c,
   sim_pour.c). */
#ifndef API_SIM_SERVER_INTERNAL_H
#define API_SIM_SERVER_INTERNAL_H

#include "sim_internal.h"

#include <microhttpd.h>

struct exchange { /* one request on its connection */
    struct exchange *next, **link;
    struct sim *sim;
    struct MHD_Connection *connection;
    struct sim_request request;
    struct sim_answer answer;
    struct loop_timer *timer;
    bool served, suspended, due;
    struct pour *pour; /* NULL: an answer as others */
};
struct sim_server {
    struct MHD_Daemon *daemon;
    struct loop_watch *watch;
    struct loop_hook *hook;
    struct exchange *open;
};

void exchange_suspend(struct exchange *exchange, int64_t delay_ms);
void exchange_resume(void *exchange);
int exchange_fd(const struct exchange *exchange);
/* Answers, or says MHD_NO to have the connection closed (sim_send.c). */
enum MHD_Result exchange_send(struct exchange *exchange);

/* Writes without libmicrohttpd what it could not, until it is over or the client has gone; the
   exchange is suspended meanwhile and resumed then (sim_pour.c). */
void pour_start(struct exchange *exchange);
void pour_free(struct exchange *exchange);

#endif
