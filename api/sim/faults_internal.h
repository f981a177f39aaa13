/* Faults: what the rules offer to the rest (sim_faults.c), and among the files that know them the
   kinds (sim_faults_kinds.c) and the answers that lie or are broken (sim_faults_lie.c). */
#ifndef API_SIM_FAULTS_INTERNAL_H
#define API_SIM_FAULTS_INTERNAL_H

#include "sim_internal.h"

/* --- faults (sim_faults.c) ---------------------------------------------------------------------
 */

/* applied counts each kind, over all sets of rules; NULL: nobody counts. */
struct sim_faults *faults_new(const char *spec, uint64_t seed, uint64_t *applied, struct err *err);
/* The rules of one request's header; NULL and err when they are wrong. */
struct sim_faults *faults_of_header(struct sim *sim, const char *text, struct err *err);
void faults_free(struct sim_faults *faults);
size_t faults_kinds(void);
uint64_t faults_applied(const struct sim *sim, const char *kind);
void faults_kinds_ledger(const struct sim *sim, struct buf *out); /* {KIND:n} of those applied */
/* The rules that hit before a request is executed. True: answer is complete and nothing may be
   executed. faults NULL: none. */
bool faults_before(struct sim_faults *faults, const char *target, struct sim_request *request,
                   struct sim_answer *answer);
void faults_after(struct sim_faults *faults, const char *target, struct sim_request *request,
                  struct sim_answer *answer);
/* What a new connection meets. */
struct sim_welcome {
    bool hang_up;
    int64_t deaf_ms;   /* nothing is read for so long; 0: at once, SIM_FOREVER: ever */
    int64_t refuse_ms; /* of fresh rules; -1: not */
};
void faults_connect(struct sim_faults *faults, struct sim_welcome *welcome);
void faults_fresh(struct sim_faults *faults, struct sim_welcome *welcome);
bool faults_count(const struct sim_faults *faults, size_t rule, uint64_t *matched,
                  uint64_t *applied);
void faults_ledger(const struct sim_faults *faults, struct buf *out);

/* --- kinds ----------------------------------------------------------------------------------- */

enum fault_stage {
    FAULT_FRESH,   /* when the rules are set */
    FAULT_CONNECT, /* at a new connection, before a byte is read */
    FAULT_BEFORE,  /* instead of the execution */
    FAULT_WITHIN,  /* bends the execution */
    FAULT_AFTER    /* executed; does something to the answer */
};
/* What a fault strikes; which members are set depends on the stage. */
struct fault_kind;
struct fault_hit {
    struct sim_request *request;
    struct sim_answer *answer;
    struct sim_welcome *welcome;
    int64_t value;
    uint64_t roll; /* of the seed */
    const struct fault_kind *kind;
};
struct cJSON;
typedef void (*fault_bend)(struct cJSON *object, int64_t value);
struct fault_kind {
    const char *name;
    enum fault_stage stage;
    const char *unit;  /* of the value; NULL: takes none */
    int64_t otherwise; /* the value when the rule gives none */
    void (*strike)(const struct fault_hit *hit);
    size_t place;    /* strike_twist: where in struct sim_twist the value goes */
    fault_bend bend; /* strike_lie: what it does to each object of the answer */
    const char *help;
};
extern const struct fault_kind fault_kinds[];
extern const size_t fault_kind_count;

/* Of finished answers (sim_faults_lie.c). */
void strike_not_utf8(const struct fault_hit *hit);
void strike_too_deep(const struct fault_hit *hit);
void strike_twice_named(const struct fault_hit *hit);
void strike_lie(const struct fault_hit *hit);
void bend_amount(struct cJSON *object, int64_t value);
void bend_currency(struct cJSON *object, int64_t value);
void bend_terminal(struct cJSON *object, int64_t value);
void bend_environment(struct cJSON *object, int64_t value);
void bend_status(struct cJSON *object, int64_t value);
void bend_no_reference(struct cJSON *object, int64_t value);
void bend_no_echo(struct cJSON *object, int64_t value);

#endif
