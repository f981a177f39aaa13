/* A running simulator and a plain HTTP client on raw sockets, both in one loop. */
#ifndef TESTS_SUPPORT_SIM_H
#define TESTS_SUPPORT_SIM_H

#include "../api/sim/sim.h"

#define LIVE "/external/v1"
#define TEST "/external/v1/test"

struct sim_lab {
    struct loop *loop;
    struct sim *sim;
    char key[64];        /* the Idempotency-Key of the next POST, "" for none; kept until changed */
    const char *api_key; /* of the next requests; NULL: the one that fits the path */
    const char *fault;   /* X-Sim-Fault of the next requests; NULL: none */
    bool keep_alive;     /* the next requests ask for it, so that a reply may have no end */
};
/* Delays short enough for tests: charges 20 ms, modifications 40 ms. */
struct sim_settings lab_settings(void);
struct sim_lab *lab_open(const struct sim_settings *settings);
void lab_close(struct sim_lab *lab);

struct reply {
    int status; /* 0: the connection closed without a status line */
    struct buf raw;
    const char *head, *body; /* inside raw */
    size_t body_len;
    bool closed;  /* by the server; else the deadline came first */
    bool refused; /* there was no connection at all */
};
/* One request on a connection of its own, until the server closes it. The reply is valid until the
   third call after it. */
struct reply *lab_get(struct sim_lab *lab, const char *path);
struct reply *lab_post(struct sim_lab *lab, const char *path, const char *body);
struct reply *lab_post_within(struct sim_lab *lab, const char *path, const char *body,
                              int64_t deadline_ms);
/* Sends and does not wait; lab_finish() waits. Free with lab_forget(). */
struct talk;
struct talk *lab_begin(struct sim_lab *lab, const char *method, const char *path, const char *body);
struct reply *lab_finish(struct talk *talk, int64_t deadline_ms);
void lab_forget(struct talk *talk);
bool lab_finished(const struct talk *talk);
const struct reply *lab_so_far(struct talk *talk); /* only raw of it */
/* From now on both clocks run ahead by so much more; 0: the real ones again. */
void lab_skip(int64_t ms);
void lab_new_key(struct sim_lab *lab);

/* The text of "name":"…" or the digits of "name":n in body, the nth one from 0; "" when there is
   none. The result is valid until the eighth call after it. */
const char *field_at(const char *body, const char *name, size_t nth);
const char *field_of(const char *body, const char *name);
size_t count_of(const char *body, const char *text);

#define assert_error(answer, http, number)                                                         \
    do {                                                                                           \
        const struct reply *given = (answer);                                                      \
        assert_int_equal(given->status, http);                                                     \
        assert_string_equal(field_of(given->body, "code"), number);                                \
        assert_string_equal(field_of(given->body, "statusCode"), #http);                           \
        assert_int_equal(strlen(field_of(given->body, "traceId")), 36);                            \
    } while (0)

#endif
