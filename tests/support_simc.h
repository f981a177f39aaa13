/* The real client against the bundled simulator, both in one loop over real sockets; the
   simulator's ledger is the referee. */
#ifndef TESTS_SUPPORT_SIMC_H
#define TESTS_SUPPORT_SIMC_H

#include "../api/api_internal.h"
#include "support_sim.h"

struct simc {
    struct sim_lab *lab;
    struct api_client *client;
    struct api_settings access; /* of client; change it and call simc_connect() */
    enum env env;
};
extern struct simc simc; /* one a test */

void simc_open(const struct sim_settings *settings, enum env env);
void simc_connect(void);      /* makes the client anew from simc.access */
int simc_close(void **state); /* teardown */
/* Whether a reference belongs where simc.client talks to. */
bool simc_is_home(const char *reference);

/* What a call brought back, copied: valid until the teardown. */
struct simc_got {
    bool over;
    size_t leaves;
    struct api_answer answer;
    char key[UUID_SIZE]; /* of a POST */
};
/* Starts request (done, ctx, on_leave and the key are filled in where absent); simc_wait() turns
   the loop until it is over. */
struct simc_got *simc_begin(const struct api_request *request);
struct simc_got *simc_wait(struct simc_got *got);
struct simc_got *simc_get(enum endpoint endpoint, const char *id, struct list_query query);
/* key NULL: a fresh one. */
struct simc_got *simc_post(enum endpoint endpoint, const char *body, const char *key);
struct simc_got *simc_charge(const struct charge_draft *draft);
struct simc_got *simc_session(const struct session_draft *draft);
struct simc_got *simc_modify(enum endpoint endpoint, const char *payment, int64_t minor,
                             const char *currency);
/* Reads until record(s) say status; the last answer. For a list: the first row. */
struct simc_got *simc_until(enum endpoint endpoint, const char *id, const char *status);
const struct record *simc_record(const struct simc_got *got); /* the single one, or the first row */

/* An execution of the ledger by its key; "" where a field is missing. */
struct simc_entry {
    char kind[16], reference[96], payment_reference[96], custom_reference[64], status[16];
    char currency[8], environment[8];
    int64_t minor; /* -1: no amount */
    bool executed;
};
bool simc_ledger(const char *key, struct simc_entry *out);
/* Fails unless the record is what the ledger says was done for got's key. */
void simc_agrees_with_ledger(const struct simc_got *got, const char *kind);
int64_t simc_executions(const struct simc_got *got);

#define DEMO_POI   "V400m-TEST-000001"
#define DEMO_POI2  "S1F2-TEST-000002"
#define DEMO_OFF   "P400Plus-TEST-000003"
#define CASE(name) cmocka_unit_test_teardown(name, simc_close)

#endif
