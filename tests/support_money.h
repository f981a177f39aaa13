/* A whole desk for money tests: simulator, client, cache, journal and operations in one loop, in a
   folder of their own. Quiet periods are short. */
#ifndef TESTS_SUPPORT_MONEY_H
#define TESTS_SUPPORT_MONEY_H

#include "../api/sim/sim.h"
#include "../cache/ops_internal.h"

#define TERMINAL_1 "V400m-TEST-000001"
#define TERMINAL_2 "S1F2-TEST-000002"
#define TERMINAL_OFFLINE "P400Plus-TEST-000003"

struct till {
    char folder[64];
    struct loop *loop;
    struct sim_settings sim_settings;
    struct sim *sim;             /* NULL: another process has it, see base_url */
    char base_url[64];
    int64_t charge_timeout_ms;   /* 0: the default */
    struct ops_settings settings;
    struct changes changes;
    unsigned bits;
    struct api_client *client;
    struct cache *cache;
    struct journal *journal;
    struct ops *ops;
};
int till_setup(void **state);    /* a till that is open */
int till_teardown(void **state);
void till_open(struct till *till);  /* a start of the program (the simulator runs already) */
void till_close(struct till *till); /* its end */
void till_restart_sim(struct till *till, const char *faults);

struct op_request till_charge(const char *terminal, int64_t minor);
struct op_request till_link(int64_t minor);
/* A modification of a payment, as a person would confirm it: with what the cache says now. */
struct op_request till_modify(struct till *till, enum op_kind kind, const char *payment,
                              int64_t minor);
void till_start(struct till *till, const struct op_request *request, char id[INTENT_ID_SIZE]);
/* Turns the loop until the intent is in that state; the row is valid until the next call. */
const struct intent *till_wait(struct till *till, const char *id, enum intent_state state);
const struct intent *till_get(struct till *till, const char *id);
/* Starts it and waits. */
const struct intent *till_run(struct till *till, const struct op_request *request,
                              enum intent_state state);
/* A confirmed charge on the first terminal: its reference, valid until the next call. */
const char *till_charged(struct till *till, int64_t minor, bool is_preauth);
/* The referee: no key may ever be executed twice, one POST an attempt. */
void till_referee(struct till *till, const struct intent *intent, int64_t executions);
/* Waits for VOID; why begins so, and the server has seen nothing. */
void till_check_unsent(struct till *till, const char *id, const char *why);
void till_faults(struct till *till, const char *spec);

#endif
